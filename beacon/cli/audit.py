"""``beacon audit …``: whether the audit is whole, who asked for one allele, pruning.

What is asked for is spelled here and looked for by its code; nothing prints a
question, because none is kept.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from beacon.app import audit_key
from beacon.audit.canonical import CHAINS, QUERIES, allele_text, code, subkey
from beacon.audit.chain import segments_in
from beacon.audit.log import node_of
from beacon.audit.pruning import old_ones, prune
from beacon.audit.verifying import verify
from beacon.cli.options import settings_of
from beacon.model.errors import UsageError
from beacon.model.notation import parse
from beacon.opening import references_of
from beacon.store.anchors import AnchorBook
from beacon.store.connection import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from beacon.audit.chain import Fields
    from beacon.audit.verifying import Verdict
    from beacon.settings import Settings

_BROKEN = 1
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def audit() -> None:
    """Whether what was written of questions is whole, and who asked for an allele."""


@audit.command("verify")
@click.argument("folders", metavar="[FOLDER]…", nargs=-1, type=_FOLDER)
@click.option(
    "--partial",
    "is_partial",
    is_flag=True,
    help="There are folders on other machines, too: their chains are not missing.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what is found as JSON.")
@click.pass_context
def verify_chains(
    context: click.Context,
    folders: tuple[Path, ...],
    *,
    is_partial: bool,
    as_json: bool,
) -> None:
    """Hold every line to its seal, and every chain to the heads kept in the store.

    Exit code 0: all is as it was written; 1: it is not, or a folder is missing.
    """
    settings = settings_of(context)
    chosen = folders or (_folder(settings),)
    key = subkey(audit_key(settings), CHAINS)
    with connect(settings.store_uri, settings.data_dir) as address:
        with AnchorBook(address) as book:
            anchors = book.all()  # before the files, which only grow
        verdict = verify(chosen, key, anchors, whole=not is_partial)
    if as_json:
        click.echo(json.dumps(asdict(verdict), indent=2))
    else:
        _print(verdict)
    if verdict.faults:
        context.exit(_BROKEN)


@audit.command("prune")
@click.option(
    "--older-than",
    metavar="DAYS",
    type=click.IntRange(1),
    help="Days for which lines are left [audit.retention_days].",
)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.pass_context
def prune_chains(
    context: click.Context, older_than: int | None, *, dry_run: bool
) -> None:
    """Take away segments all of whose lines are old, and write down which.

    It takes a user of the store who may forget heads; before the store has agreed
    nothing is taken away.
    """
    settings = settings_of(context)
    folder, key = _folder(settings), subkey(audit_key(settings), CHAINS)
    now = datetime.now(UTC)
    days = older_than or settings.audit.retention_days
    with connect(settings.store_uri, settings.data_dir) as address:
        old = old_ones(folder, key, now - timedelta(days=days))
        for one in old:
            click.echo(f"{one.head.chain}: {len(one.files)} files until {one.until}")
        if not old:
            click.echo(f"Nothing is older than {days} days.")
        elif not dry_run:
            node = node_of(folder)
            with AnchorBook(address) as book:
                book.forget(old[0].head.chain, 0)  # nothing, but whether we may
                prune(folder, key, old, now, partial(book.put, node, is_last=True))
                for one in old:
                    book.forget(one.head.chain, one.head.number)


@audit.command("find")
@click.argument("variant")
@click.option("--assembly", metavar="NAME", help="GRCh38, GRCh37 …")
@click.option("--json", "as_json", is_flag=True, help="Print the lines as they are.")
@click.pass_context
def find(
    context: click.Context, variant: str, assembly: str | None, *, as_json: bool
) -> None:
    """Print the lines of requests that asked for one allele.

    A question that asked for more beside the allele has a code of its own.
    Lines are held to no seal here: whether they may be believed, ``verify`` says.
    """
    settings = settings_of(context)
    text, key = _text(settings, variant, assembly), audit_key(settings)
    wanted = code(subkey(key, QUERIES), text)
    found = 0
    for fields in _lines(_folder(settings)):
        asked = fields.get("queries")
        if isinstance(asked, list) and wanted in asked:
            found += 1
            click.echo(json.dumps(fields) if as_json else _shown(fields))
    if not as_json:
        click.echo(f"{found} lines.", err=True)


def _text(settings: Settings, variant: str, assembly: str | None) -> str:
    """Return the text of a question for one allele.

    Raises:
        UsageError: when it is no allele with an assembly.
    """
    pattern = parse(
        variant,
        assembly=assembly,
        loaded=frozenset(),
        references=references_of(settings),
    )
    if pattern.contig is None or not pattern.spellings:
        message = "the audit is searched for one allele: CHROMOSOME-POSITION-REF-ALT"
        raise UsageError(message)
    return allele_text(pattern.contig, pattern.spellings)


def _lines(folder: Path) -> Iterator[Fields]:
    """Yield the lines of a folder, chain by chain, as they are, sealed or not."""
    for segments in segments_in(folder).values():
        for _, path in segments:
            with path.open("rb") as file:
                for line in file:
                    with suppress(orjson.JSONDecodeError):
                        fields = orjson.loads(line)
                        if isinstance(fields, dict):
                            yield fields
                    # ``verify`` says what is wrong with all others


def _shown(fields: Fields) -> str:
    names = ("time", "request", "decision", "issuer", "organisation", "subject", "key")
    return "  ".join(str(fields[name]) for name in names if name in fields)


def _folder(settings: Settings) -> Path:
    """Return where the audit is.

    Raises:
        UsageError: when there is none.
    """
    folder = settings.audit_folder
    if folder is None:
        message = "there is no audit: neither audit.folder nor policy.file is set"
        raise UsageError(message)
    if not folder.is_dir():
        message = f"{folder}: there is no audit yet"
        raise UsageError(message)
    return folder


def _print(verdict: Verdict) -> None:
    for sentence in verdict.faults:
        click.echo(f"FAULT {sentence}")
    for sentence in verdict.notes:
        click.echo(f"note  {sentence}")
    word = "broken" if verdict.faults else "whole"
    pruned = f", {verdict.pruned:,} pruned" if verdict.pruned else ""
    click.echo(
        f"The audit is {word}: {verdict.lines:,} lines in {verdict.chains:,}"
        f" chains{pruned}."
    )
