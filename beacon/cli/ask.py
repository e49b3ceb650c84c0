"""``beacon ask``: one question, one answer, one exit code.

On the local store the operator asks, through the same service that answers
HTTP; with ``--url`` another beacon is asked, and its policy holds.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, NamedTuple

import click

from beacon.cli.answers import Answer, normalised, plain, print_answer
from beacon.cli.options import settings_of
from beacon.cli.remote import ask_remote
from beacon.cli.withdraw import leave_out_forgotten
from beacon.model.errors import StoreUnavailable, UsageError
from beacon.model.genes import ASKED_ELSEWHERE
from beacon.model.notation import parse
from beacon.model.query import Granularity, Include, Page, Query
from beacon.model.requester import OPERATOR
from beacon.opening import open_beacon, references_of
from beacon.store.connection import connect

if TYPE_CHECKING:
    from beacon.service import LocalBeacon
    from beacon.settings import Settings

_NO_ANSWER = 5
_CLOSEST = 3
"""So many similar variants are shown of a dataset."""


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="VARIANT|REGION|GENE")
@click.option("--assembly", metavar="NAME", help="GRCh37, GRCh38 or T2T-CHM13.")
@click.option("--url", metavar="URL", help="Ask the beacon at this address instead.")
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
    excluded: tuple[str, ...],
    columns: tuple[str, ...],
    as_json: bool,  # noqa: FBT001 - click passes it by name
) -> None:
    """Ask whether a variant has been seen, or what lies in a region.

    Exit code: 0 seen, 3 not_seen, 4 not_covered or withheld, 5 no_answer,
    refused or not_asked, 2 not understood.
    """
    settings, typed = settings_of(context), " ".join(words)
    try:
        if url is None:
            answer = _ask_here(settings, typed, assembly, People(excluded, columns))
        else:
            _only_here("--exclude-individual", excluded)
            _only_here("--by", columns)
            answer = asyncio.run(_ask_there(settings, typed, assembly, url))
    except StoreUnavailable as failure:
        click.echo(f"beacon: {failure}", err=True)
        context.exit(_NO_ANSWER)
    if as_json:
        click.echo(json.dumps(plain(answer), indent=2))
    else:
        print_answer(answer)
    context.exit(answer.exit_code)


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
    pattern = parse(
        typed,
        assembly=assembly,
        loaded=await beacon.loaded(OPERATOR),
        references=beacon.references,
        genes=await beacon.genes(),
    )
    is_similar = pattern.similar is not None
    query = Query(
        pattern=pattern,
        warnings=pattern.notes,
        granularity=Granularity.RECORD if is_similar else Granularity.COUNT,
        include=Include.ALL,
        page=Page(limit=_CLOSEST),
        excluded=tuple(dict.fromkeys(people.excluded)),
        by=tuple(dict.fromkeys(people.by)),
    )
    return Answer(
        typed=typed,
        pattern=pattern,
        shown=normalised(typed, pattern, beacon.references),
        disclosure=await beacon.answer(query, OPERATOR),
    )


async def _ask_there(
    settings: Settings, typed: str, assembly: str | None, url: str
) -> Answer:
    references = references_of(settings)
    pattern = parse(
        typed,
        assembly=assembly,
        loaded=(),
        references=references,
        genes=ASKED_ELSEWHERE,
    )
    return Answer(
        typed=typed,
        pattern=pattern,
        shown=normalised(typed, pattern, references),
        disclosure=await ask_remote(url, pattern, references, settings.server.deadline),
    )
