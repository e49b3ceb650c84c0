"""``beacon ask``: one question, one answer, one exit code.

On the local store the operator asks, through the same service that answers
HTTP; with ``--url`` another beacon is asked, and with ``--network`` the peers beside
the own store.  There the policy of whoever is asked holds.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import click

from beacon.app import open_network
from beacon.cli import elsewhere
from beacon.cli.answers import Answer, normalised, plain, print_answer
from beacon.cli.network_answers import NetworkReply, plain_network, print_network
from beacon.cli.options import settings_of
from beacon.cli.tokens import token_for, token_option
from beacon.cli.withdraw import leave_out_forgotten
from beacon.model.errors import InvalidRequest, StoreUnavailable, UsageError
from beacon.model.genes import ASKED_ELSEWHERE
from beacon.model.hints import suggestions
from beacon.model.notation import read_text
from beacon.model.query import Granularity, Include, Page, Query
from beacon.model.reading import Context
from beacon.model.requester import OPERATOR
from beacon.network.asking import Asking
from beacon.network.here import Here
from beacon.opening import lifting_of, open_beacon, references_of
from beacon.store.connection import connect

if TYPE_CHECKING:
    from pathlib import Path

    from beacon.model.pattern import VariantPattern
    from beacon.network.network import Network
    from beacon.service import LocalBeacon
    from beacon.settings import Settings

_NO_ANSWER = 5
_CLOSEST = 3
"""So many similar variants are shown of a dataset."""


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="VARIANT|REGION|GENE")
@click.option("--assembly", metavar="NAME", help="GRCh37, GRCh38 or T2T-CHM13.")
@click.option("--url", metavar="URL", help="Ask the beacon at this address instead.")
@token_option
@click.option(
    "--network", "of_network", is_flag=True, help="Ask our peers beside the own store."
)
@click.option(
    "--exclude-individual",
    "excluded",
    multiple=True,
    metavar="X",
    help="Leave an individual out of all counts; may be given again.",
)
@click.option(
    "--by",
    "columns",
    multiple=True,
    metavar="COLUMN",
    help="Count people by a column of the samples table; given again, crossed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def ask(
    context: click.Context,
    words: tuple[str, ...],
    assembly: str | None,
    url: str | None,
    token_file: Path | None,
    of_network: bool,  # noqa: FBT001 - click passes it by name
    excluded: tuple[str, ...],
    columns: tuple[str, ...],
    as_json: bool,  # noqa: FBT001 - likewise
) -> None:
    """Ask whether a variant has been seen, or what lies in a region.

    Exit code: 0 seen, 3 not_seen, 4 not_covered or withheld, 5 no_answer,
    refused or not_asked, 2 not understood.
    """
    settings, typed = settings_of(context), " ".join(words)
    token = token_for(() if url is None else (url,), token_file)
    if url is not None and of_network:
        message = "--url asks one beacon and --network our peers; give one of them"
        raise UsageError(message)
    if url is not None or of_network:
        _only_here("--exclude-individual", excluded)
        _only_here("--by", columns)
    try:
        if of_network:
            reply = _ask_network(settings, typed, assembly)
            _say_network(reply, as_json=as_json)
            context.exit(reply.exit_code)
        if url is not None:
            there = _ask_there(settings, typed, assembly, _Address(url, token))
            answer = asyncio.run(there)
        else:
            answer = _ask_here(settings, typed, assembly, People(excluded, columns))
    except StoreUnavailable as failure:
        click.echo(f"beacon: {failure}", err=True)
        context.exit(_NO_ANSWER)
    if as_json:
        click.echo(json.dumps(plain(answer), indent=2))
    else:
        print_answer(answer)
    context.exit(answer.exit_code)


def _say_network(reply: NetworkReply, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(plain_network(reply), indent=2))
    else:
        print_network(reply)


class _Address(NamedTuple):
    """Where another beacon is, and what it is shown."""

    url: str
    token: str | None


class People(NamedTuple):
    """Who is left out, and by what columns people are counted."""

    excluded: tuple[str, ...] = ()
    by: tuple[str, ...] = ()


_NO_PEOPLE = People()


def _only_here(option: str, given: tuple[str, ...]) -> None:
    """Refuse what cannot be asked of another beacon."""
    if given:
        message = (
            f"{option} is for the local store only: a Beacon request has no word for it"
        )
        raise UsageError(message)


def _ask_here(
    settings: Settings, typed: str, assembly: str | None, people: People
) -> Answer:
    async def run() -> Answer:
        async with open_beacon(settings, address) as beacon:
            return await ask_beacon(beacon, typed, assembly, people)

    with connect(settings.store_uri, settings.data_dir) as address:
        leave_out_forgotten(address, settings)
        return asyncio.run(run())


def _ask_network(settings: Settings, typed: str, assembly: str | None) -> NetworkReply:
    async def run() -> NetworkReply:
        lifting = lifting_of(settings)
        async with open_network(settings, lifting) as network:
            if network is None:
                message = "--network asks peers: name their file in network.peers"
                raise UsageError(message)
            with connect(settings.store_uri, settings.data_dir) as address:
                leave_out_forgotten(address, settings)
                async with open_beacon(settings, address, lifting) as beacon:
                    return await ask_network(network, beacon, typed, assembly)

    return asyncio.run(run())


async def ask_network(
    network: Network, beacon: LocalBeacon, typed: str, assembly: str | None
) -> NetworkReply:
    """Ask our peers, and this beacon as its operator.

    Raises:
        InvalidRequest: when the question is not understood.
        StoreUnavailable: when the store does not answer.
    """
    pattern = await _understood(beacon, typed, assembly)
    asking = Asking(
        query=_question(pattern), requester=OPERATOR, request_id=uuid4().hex
    )
    here = Here(network.federation.directory.here, beacon)
    return NetworkReply(
        typed=typed,
        pattern=pattern,
        shown=normalised(typed, pattern, beacon.references),
        answer=await network.federation.answer(asking, here),
    )


async def ask_beacon(
    beacon: LocalBeacon,
    typed: str,
    assembly: str | None,
    people: People = _NO_PEOPLE,
) -> Answer:
    """Ask this beacon as its operator.

    Raises:
        InvalidRequest: when the question is not understood.
        StoreUnavailable: when the store does not answer.
    """
    pattern = await _understood(beacon, typed, assembly)
    return Answer(
        typed=typed,
        pattern=pattern,
        shown=normalised(typed, pattern, beacon.references),
        disclosure=await beacon.answer(_question(pattern, people), OPERATOR),
    )


async def _understood(
    beacon: LocalBeacon, typed: str, assembly: str | None
) -> VariantPattern:
    context = Context(
        assembly=assembly,
        loaded=await beacon.loaded(OPERATOR),
        references=beacon.references,
        genes=await beacon.genes(),
    )
    return understood(typed, context)


def understood(typed: str, context: Context) -> VariantPattern:
    """Return what a text asks for; a refusal carries what may have been meant.

    Raises:
        InvalidRequest: when it is not understood.
    """
    try:
        return read_text(typed, context)
    except InvalidRequest as refusal:
        for offer in suggestions(typed, refusal, context):
            line = f"{offer.text} --assembly {offer.assembly}"
            refusal.add_note(f"  perhaps: {line} ({offer.sentence})")
        raise


def _question(pattern: VariantPattern, people: People = _NO_PEOPLE) -> Query:
    is_similar = pattern.similar is not None
    return Query(
        pattern=pattern,
        warnings=pattern.notes,
        granularity=Granularity.RECORD if is_similar else Granularity.COUNT,
        include=Include.ALL,
        page=Page(limit=_CLOSEST),
        excluded=tuple(dict.fromkeys(people.excluded)),
        by=tuple(dict.fromkeys(people.by)),
    )


async def _ask_there(
    settings: Settings, typed: str, assembly: str | None, there: _Address
) -> Answer:
    references = references_of(settings)
    context = Context(assembly=assembly, references=references, genes=ASKED_ELSEWHERE)
    pattern = understood(typed, context)
    seconds = settings.server.deadline
    async with elsewhere.opened(there.url, there.token, seconds) as beacon:
        disclosure = await beacon.ask(_question(pattern), references)
    return Answer(
        typed=typed,
        pattern=pattern,
        shown=normalised(typed, pattern, references),
        disclosure=disclosure,
    )
