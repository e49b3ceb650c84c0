"""One VCF → another of some of its samples, and of some stretches, and nothing else.

What is not asked for is not written: no other sample column, no header line that
may name people or places of a machine, no counts of who is not there.  The same
file and choice give the same bytes.
"""

from __future__ import annotations

import os
import re
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import pysam

from beacon.model.assemblies import find_contig
from beacon.model.counts import CoverageRun
from beacon.model.errors import LoadRejected
from loaders.header import header_of
from loaders.reader import VcfText

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from beacon.model.assemblies import Assembly
    from loaders.header import Header
    from loaders.regions import Regions

_TOLD = ("fileformat", "INFO", "FORMAT", "FILTER", "ALT", "contig", "reference")
_KEPT = re.compile(rf"##(?:{'|'.join(_TOLD)})=")
_FIXED = 9
_INFO = 7
_COUNTS = frozenset((b"AC", b"AN", b"AF", b"NS"))
"""Of INFO: what is told of everybody in the file."""
_END = re.compile(rb"(?:\A|;)END=(\d{1,10})(?:;|\Z)")
_SVLEN = re.compile(rb"(?:\A|;)SVLEN=-?(\d{1,10})(?:[,;]|\Z)")
_POS = re.compile(rb"[0-9]{1,10}")
_ABSENT = b"."
_SHOWN = 5


class Extract(NamedTuple):
    """What was written: of so many records so many."""

    read: int
    written: int


def samples_of(path: Path) -> tuple[str, ...]:
    """Return the sample names of a file's header.

    Raises:
        ReadError: a file that is no VCF, or cannot be read.
    """
    with closing(VcfText(path)) as text:
        return header_of(text.header, str(path), text.stamp).samples


def missing_from(path: Path, samples: Collection[str]) -> tuple[str, ...]:
    """Return which samples a file does not have.

    Raises:
        ReadError: as ``samples_of`` does.
    """
    there = frozenset(samples_of(path))
    return tuple(name for name in samples if name not in there)


def extract(
    source: Path,
    target: Path,
    samples: Collection[str],
    regions: Regions | None = None,
) -> Extract:
    """Write the records of some samples, as a BGZF file that appears whole.

    Args:
        source: VCF, packed or not, or BCF.
        target: where it is written; nobody else may read it.
        samples: whose columns are kept, in the order of the file.
        regions: what records have to touch; ``None``: all are kept.

    Raises:
        LoadRejected: a sample is not in the file.
        ReadError: a file that is truncated or corrupt, or no VCF.
    """
    being = target.with_name(f".{target.name}")
    with closing(VcfText(source)) as text:
        header = header_of(text.header, str(source), text.stamp)
        columns = _columns(header, samples)
        os.close(os.open(being, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        try:
            with pysam.BGZFile(str(being), "wb", None) as file:
                file.write(_head(text.header, [header.samples[c] for c in columns]))
                done = _copied(text, file, columns, regions)
            _keep(being, target)
        finally:
            being.unlink(missing_ok=True)
    return done


def _columns(header: Header, samples: Collection[str]) -> list[int]:
    missing = sorted(set(samples).difference(header.samples))
    if missing or not samples:
        named = ", ".join(missing[:_SHOWN])[:200]
        message = f"the file has no sample {named or 'that is asked for'}"
        raise LoadRejected(message)
    wanted = frozenset(samples)
    return [at for at, name in enumerate(header.samples) if name in wanted]


def _head(lines: Sequence[str], names: Sequence[str]) -> bytes:
    kept = [line for line in lines[:-1] if _KEPT.match(line)]
    fixed = lines[-1].split("\t")[:_FIXED]
    text = "".join(f"{line}\n" for line in (*kept, "\t".join((*fixed, *names))))
    return text.encode("utf-8", "surrogateescape")


def _copied(
    text: VcfText, file: pysam.BGZFile, columns: list[int], regions: Regions | None
) -> Extract:
    read = written = 0
    for read, line in enumerate(_lines(text), 1):  # noqa: B007 - how many there were
        fields = line.split(b"\t")
        if regions is not None and not _touches(fields, regions):
            continue
        written += 1
        file.write(_row(fields, columns) + b"\n")
    return Extract(read, written)


def _lines(text: VcfText) -> Iterator[bytes]:
    for _, line in text.body():
        yield line


def _row(fields: list[bytes], columns: list[int]) -> bytes:
    """Return a record of some columns; one that lacks them stays a bad one."""
    if len(fields) > _INFO:
        fields[_INFO] = _without_counts(fields[_INFO])
    last = len(fields) - _FIXED
    kept = [fields[_FIXED + column] for column in columns if column < last]
    return b"\t".join(fields[:_FIXED] + kept)


def _without_counts(info: bytes) -> bytes:
    entries = info.split(b";")
    kept = [e for e in entries if e.partition(b"=")[0] not in _COUNTS]
    return b";".join(kept) or _ABSENT


def _touches(fields: list[bytes], regions: Regions) -> bool:
    """Whether a record lies in the regions; one that says no place is kept, as bad."""
    if len(fields) <= _INFO or not _POS.fullmatch(fields[1]):
        return True
    contig = find_contig(regions.assembly, fields[0].decode("latin1"))
    if contig is None:
        return False
    start = max(0, int(fields[1]) - 1)
    end = max(start + len(fields[3]), _end(fields[_INFO], start))
    run = CoverageRun(contig.rank, start, end, None)
    return next(regions.within(run), None) is not None


def _end(info: bytes, start: int) -> int:
    """Return where INFO says that a record ends; 0: it does not."""
    if (found := _END.search(info)) is not None:
        return int(found[1])
    found = _SVLEN.search(info)
    return 0 if found is None else start + 1 + int(found[1])


def _keep(being: Path, target: Path) -> None:
    """Make the file last under its name."""
    _on_disk(being)
    being.replace(target)
    _on_disk(target.parent)


def _on_disk(path: Path) -> None:
    held = os.open(path, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def regions_bed(assembly: Assembly, regions: Regions) -> str:
    """Return regions as the text of a BED file."""
    return "".join(
        f"{assembly.contigs[rank - 1].name}\t{start}\t{end}\n"
        for rank, stretches in regions.stretches.items()
        for start, end in stretches
    )
