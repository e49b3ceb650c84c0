"""``beacon annotate``: a VCF in, the same VCF out, with what beacons say in INFO.

Of a patient's file nothing is stored, logged or sent but its alleles, and those
only to the beacons that are asked.  The new file appears whole or not at all.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import click

from beacon.annotating.columns import (
    Consulted,
    Provenance,
    annotated_header,
    columns_of,
    distinct,
)
from beacon.annotating.order import Order
from beacon.annotating.values import Tally
from beacon.cli.annotators import Crew, Plan
from beacon.cli.answers import filled
from beacon.cli.options import settings_of
from beacon.cli.reading import reading
from beacon.cli.remotes import addressed, peers_of, shown
from beacon.cli.tokens import token_for, token_option
from beacon.cli.withdraw import leave_out_forgotten
from beacon.model.assemblies import assembly as find_assembly
from beacon.model.errors import ReadError, StoreUnavailable, UsageError
from beacon.model.requester import OPERATOR
from beacon.model.status import Status
from beacon.opening import open_beacon
from beacon.store.connection import connect
from loaders.header import choose_assembly, header_of, left_out
from loaders.indexing import TabixIndex
from loaders.packed import packed
from loaders.reader import Stamp
from loaders.stream import Cutter
from loaders.stream_text import blocks_of, text_of
from loaders.writing import Form, NewFile, form_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from beacon.cli.annotators import Done
    from beacon.cli.listed import Target
    from beacon.settings import Settings
    from beacon.store.connection import StoreAddress
    from loaders.header import Header
    from loaders.stream import Block

_NO_ANSWER = 5
_TERMINATED = 143
_LINES, _BYTES = 4000, 1 << 22
"""A block: lines enough to be asked together, and not more bytes than this."""
_LARGE = 1 << 20
"""Bytes of a file, compressed or not."""
_USUAL_JOBS = 4
_HERE = "-"
_NO_HEADER = "there is no header"
_NO_STAMP = Stamp(0, 0, 0, 0)


def _usual_jobs() -> int:
    try:
        return min(_USUAL_JOBS, len(os.sched_getaffinity(0)))
    except AttributeError:  # not on every system
        return min(_USUAL_JOBS, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked of this command."""

    source: str
    out: str
    urls: tuple[str, ...]
    token: str | None
    is_local: bool
    of_network: bool
    assembly: str | None
    datasets: tuple[str, ...]


@click.command()
@click.argument("source", metavar="IN.vcf[.gz]|IN.bcf|-")
@click.option(
    "-o",
    "--output",
    "out",
    metavar="OUT",
    help="OUT.vcf.gz, OUT.bcf, OUT.vcf, or - [default: IN.beacon.vcf.gz].",
)
@click.option(
    "--url",
    "urls",
    multiple=True,
    metavar="URL",
    help="Ask the beacon at this address instead; may be given again.",
)
@token_option
@click.option(
    "--network",
    "of_network",
    is_flag=True,
    help="Ask our peers beside the local store; lists go to those that take them.",
)
@click.option("--local", is_flag=True, help="Ask the local store beside --url, too.")
@click.option(
    "--assembly", metavar="NAME", help="GRCh37, GRCh38 or T2T-CHM13; else the header."
)
@click.option(
    "--datasets",
    "chosen",
    multiple=True,
    metavar="ID[,ID…]",
    help="Only these datasets [default: all of the assembly].",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=_usual_jobs,
    metavar="N",
    help="Processes that ask [default: one a core, 4 at most].",
)
@click.pass_context
def annotate(
    context: click.Context,
    source: str,
    out: str | None,
    urls: tuple[str, ...],
    token_file: Path | None,
    of_network: bool,  # noqa: FBT001 - a flag of the command
    local: bool,  # noqa: FBT001 - likewise
    assembly: str | None,
    chosen: tuple[str, ...],
    jobs: int,
) -> None:
    """Write a VCF again with what beacons say of its alleles in INFO.

    Exit code: 0 annotated, 5 where a beacon failed to answer (no_answer), 1 not
    readable (nothing is written), 2 bad usage.
    """
    named = (name.strip() for word in chosen for name in word.split(","))
    wish = Wish(
        source=source,
        out=_target(source, out),
        urls=tuple(dict.fromkeys(urls)),
        token=token_for(tuple(dict.fromkeys(urls)), token_file),
        is_local=local or of_network or not urls,
        of_network=of_network,
        assembly=None if assembly is None else find_assembly(assembly).name,
        datasets=tuple(dict.fromkeys(filter(None, named))),
    )
    settings = settings_of(context)
    with _ended_by_term(), ExitStack() as opened:
        crew = opened.enter_context(Crew(jobs, is_whole=_is_large(source)))
        address = None
        if wish.is_local:
            address = opened.enter_context(
                connect(settings.store_uri, settings.data_dir)
            )
            leave_out_forgotten(address, settings)
        try:
            totals, consulted = _annotate(settings, address, wish, crew)
        except StoreUnavailable as failure:
            click.echo(f"beacon: {failure}", err=True)
            context.exit(_NO_ANSWER)
    _tell(totals, consulted, is_error=wish.out == _HERE)
    context.exit(_NO_ANSWER if totals.failed else 0)


def _is_large(source: str) -> bool:
    """Whether a file has more blocks than one, so that every process is of use."""
    try:
        return source != _HERE and Path(source).stat().st_size > _LARGE
    except OSError:
        return False  # what is wrong with it is told where it is opened


def _target(source: str, out: str | None) -> str:
    """Return where to write.

    Raises:
        UsageError: over the input, or in a form that is none.
    """
    if out is None:
        if source == _HERE:
            return _HERE
        path = Path(source)
        stem = path.name
        for ending in (".gz", ".bgz", ".vcf", ".bcf"):
            stem = stem.removesuffix(ending)
        return str(path.with_name(f"{stem}.beacon.vcf.gz"))
    if out == _HERE:
        return out
    form_of(Path(out))
    if source != _HERE and Path(out).exists() and Path(out).samefile(source):
        message = f"-o {out} is the input itself, which is never written over"
        raise UsageError(message)
    return out


@contextmanager
def _ended_by_term() -> Iterator[None]:
    """Let SIGTERM end the block as an exception does: what was begun is removed."""

    def end(number: int, _: object) -> None:
        del number
        sys.exit(_TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Input(NamedTuple):
    """A file that is being read: its name, its lines, and what its header says."""

    name: str
    lines: tuple[bytes, ...]
    ending: bytes
    header: Header
    blocks: Iterator[Block]


def _annotate(
    settings: Settings, address: StoreAddress | None, wish: Wish, crew: Crew
) -> tuple[Tally, tuple[Consulted, ...]]:
    with ExitStack() as opened:
        taken = _opened(wish.source, opened)
        genome = choose_assembly([taken.header], wish.assembly)
        consulted, targets = asyncio.run(
            _consulted(settings, address, wish, genome.name)
        )
        form = Form.TEXT if wish.out == _HERE else form_of(Path(wish.out))
        plan = Plan(
            settings=settings,
            address=address,
            targets=targets,
            jobs=crew.jobs,
            consulted=consulted,
            name=taken.name,
            assembly=genome.name,
            columns=taken.header.columns,
            other_sequences=left_out(taken.header, genome),
            datasets=wish.datasets or None,
            is_packed=form is Form.PACKED,
        )
        origin = Provenance(
            version=version("nordic-beacon"),
            moment=datetime.now(UTC),
            assembly=genome.name,
            is_aligned=genome.name in settings.references.paths(),
        )
        head = annotated_header(taken.lines, consulted, origin)
        done = crew.annotated(plan, taken.blocks)
        return _written(wish.out, form, taken, head, done), consulted


def _written(
    out: str, form: Form, taken: _Input, head: Sequence[bytes], blocks: Iterator[Done]
) -> Tally:
    """Write the file; return what was counted."""
    totals, order, index = Tally(), Order(), TabixIndex()
    text = b"".join(line + taken.ending for line in head)
    above = packed(text) if form is Form.PACKED else text

    def pour(write: Callable[[bytes], object]) -> None:
        write(above)
        written = len(above)
        for done in blocks:
            write(done.data)
            index.add(done.marks, written)
            written += len(done.data)
            totals.add(done.tally)
            order.add(done.runs)

    if out == _HERE:
        _pour_out(pour)
        return totals
    with NewFile(Path(out), form) as file:
        pour(file.write)
        longest = max(order.longest, *taken.header.lengths.values(), 0)
        made = file.publish(is_indexed=order.is_kept, longest=longest, index=index)
    if made is None and form is not Form.TEXT:
        click.echo(f"{out} is not sorted, so it has no index", err=True)
    return totals


def _pour_out(pour: Callable[[Callable[[bytes], object]], None]) -> None:
    out = sys.stdout.buffer
    try:
        pour(out.write)
        out.flush()
    except BrokenPipeError:
        # Whoever read has enough, as with ``| head``; nothing is left to be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _opened(source: str, opened: ExitStack) -> _Input:
    """Open a file, or standard input, and read its header."""
    name = "standard input" if source == _HERE else source
    paths = [] if source == _HERE else [Path(source)]
    file = sys.stdin.buffer if source == _HERE else _open(Path(source), opened)
    told = opened.enter_context(reading(paths))
    read = _telling(file, told)
    cutter = Cutter(name, lines=_LINES, size=_BYTES)
    blocks = blocks_of(text_of(read, name), cutter)
    first = next(blocks, None)
    if cutter.header is None:
        raise ReadError(_NO_HEADER, path=name)
    lines = [line.decode("utf-8", "replace") for line in cutter.header]
    header = header_of(lines, name, _NO_STAMP)
    return _Input(name, cutter.header, cutter.ending, header, _all(first, blocks))


def _all(first: Block | None, rest: Iterable[Block]) -> Iterator[Block]:
    if first is not None:
        yield first
    yield from rest


def _open(path: Path, opened: ExitStack) -> IO[bytes]:
    try:
        return opened.enter_context(path.open("rb"))
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
        raise ReadError(reason, path=str(path)) from error


def _telling(file: IO[bytes], told: Callable[[int], None]) -> Callable[[int], bytes]:
    """Return what reads a file and tells how far it is."""
    done = 0

    def read(size: int) -> bytes:
        nonlocal done
        data = file.read(size)
        done += len(data)
        told(done)
        return data

    return read


async def _consulted(
    settings: Settings, address: StoreAddress | None, wish: Wish, assembly: str
) -> tuple[tuple[Consulted, ...], tuple[Target, ...]]:
    """Return who is asked with the datasets that have a column, and how the others.

    Raises:
        UsageError: there is none, or one that was named is not there.
        StoreUnavailable: the store, or the beacon at an address, cannot be reached.
    """
    found: list[Consulted] = []
    if address is not None:
        async with open_beacon(settings, address) as beacon:
            columns = columns_of(await beacon.datasets(OPERATOR), assembly)
        found.append(Consulted(beacon=settings.beacon.id, columns=columns))
    targets = [await addressed(url, wish.token, assembly) for url in wish.urls]
    if wish.of_network:
        targets += await peers_of(settings, assembly)
    found += [target.consulted for target in targets]
    return distinct(_chosen(found, wish, assembly)), tuple(targets)


def _chosen(
    found: Sequence[Consulted], wish: Wish, assembly: str
) -> tuple[Consulted, ...]:
    held = {column.dataset for each in found for column in each.columns}
    for name in wish.datasets:
        if name not in held:
            known = ", ".join(sorted(held)) or "none"
            message = f"--datasets {name}: the datasets of {assembly} are {known}"
            raise UsageError(message)
    if not held:
        asked = (
            *(["the store"] if wish.is_local else []),
            *map(shown, wish.urls),
            *(["the peers"] if wish.of_network else []),
        )
        where = ", ".join(asked)
        message = f"no dataset of {assembly} is at {where}, so nothing can be asked"
        raise UsageError(message)
    if not wish.datasets:
        return tuple(found)
    return tuple(
        replace(
            each,
            columns=tuple(c for c in each.columns if c.dataset in wish.datasets),
        )
        for each in found
    )


def _tell(totals: Tally, consulted: Sequence[Consulted], *, is_error: bool) -> None:
    """Print what was asked and said; on standard error where the other is the file."""
    labels = [c.label for each in consulted for c in each.columns]
    click.echo(f"{totals.records:,} records, {totals.alleles:,} alleles", err=is_error)
    counted = totals.by_column(len(labels))
    words = [s.value for s in Status if any(c[s.value] for c in counted)]
    width = max(map(len, [*labels, "dataset"]))
    head = "".join(f"{word:>13}" for word in words)
    click.echo(f"  {'dataset':<{width}}{head}", err=is_error)
    for label, counter in zip(labels, counted, strict=True):
        row = "".join(f"{counter[word]:>13,}" for word in words)
        click.echo(f"  {label:<{width}}{row}", err=is_error)
    for sentence in _notes(totals):
        click.echo(filled(sentence), err=True)


def _notes(totals: Tally) -> Iterator[str]:
    if totals.unread:
        yield (
            f"{totals.unread:,} alleles could not be understood (an unknown contig, a"
            " wrong REF, no bases): their records say no_answer."
        )
    if totals.changed:
        named = ", ".join(sorted(totals.changed))
        yield (
            f"Another release was published meanwhile, so some records are of that one:"
            f" {named}."
        )
    if totals.failed:
        yield (
            f"A beacon failed to answer for {totals.failed:,} alleles: their records"
            " say no_answer, which is no 'no'."
        )
    if totals.partly:
        yield (
            f"A beacon answered for {totals.partly:,} alleles, but not for each of its"
            " datasets: those say no_answer, which is no 'no'."
        )
