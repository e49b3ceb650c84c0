"""A BED file → where a dataset says it looked, and how many copies that means.

Sex, pseudo-autosomal and mitochondrial rules speak here alone: no genotype does.
UCSC, "BED format" (0-based, half-open; ``browser``, ``track`` and ``#`` lines).
"""

from __future__ import annotations

import gzip
import zlib
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from beacon.model.assemblies import find_contig
from beacon.model.counts import CoverageRun
from beacon.model.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from beacon.model.assemblies import Assembly
    from beacon.model.genome import Contig, Interval
    from loaders.roster import Roster

    Stretch = tuple[int, int]

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_DIGITS = 12
_MITOCHONDRION = "MT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Regions:
    """Where a dataset looked: merged stretches by the contig's rank, in order.

    Attributes:
        assembly: whose contigs they are on.
        left_out: sequence names of lines that are on no contig, with their number.
    """

    assembly: Assembly
    stretches: Mapping[int, tuple[Stretch, ...]]
    left_out: Mapping[str, int]

    @property
    def number(self) -> int:
        """How many stretches there are."""
        return sum(map(len, self.stretches.values()))

    @property
    def bases(self) -> int:
        """How many bases they hold."""
        every = (s for found in self.stretches.values() for s in found)
        return sum(end - start for start, end in every)

    @property
    def contigs(self) -> frozenset[str]:
        """Plain names of the contigs they are on."""
        return frozenset(self.assembly.contigs[r - 1].name for r in self.stretches)

    def within(self, run: CoverageRun) -> Iterator[CoverageRun]:
        """Yield the parts of a run that lie inside."""
        found = self.stretches.get(run.rank, ())
        first = max(0, bisect_right(found, (run.start, run.end)) - 1)
        for start, end in found[first:]:
            if start >= run.end:
                return
            low, high = max(start, run.start), min(end, run.end)
            if low < high:
                yield CoverageRun(run.rank, low, high, run.an)

    def runs(
        self, roster: Roster | None, an: tuple[int, ...] | None
    ) -> Iterator[CoverageRun]:
        """Yield every stretch with the copies that all people have there.

        Args:
            roster: ``None`` for a source that has no people, only ``an``.
            an: its AN by column, where it has the same one everywhere.
        """
        for rank, found in sorted(self.stretches.items()):
            contig = self.assembly.contigs[rank - 1]
            for start, end in found:
                if roster is None:
                    yield CoverageRun(rank, start, end, an)
                    continue
                for low, high, is_par in _parts(self.assembly, contig, start, end):
                    copies = _copies(contig, roster, is_par=is_par)
                    if copies is None or any(copies):
                        yield CoverageRun(rank, low, high, copies)


def _parts(
    assembly: Assembly, contig: Contig, start: int, end: int
) -> Iterator[tuple[int, int, bool]]:
    """Yield a stretch cut at the pseudo-autosomal regions, and what is inside one."""
    inside = [p for p in assembly.par if p.contig == contig]
    edges = {e for p in inside for e in (p.start, p.end) if start < e < end}
    cuts = [start, *sorted(edges), end]
    for low, high in pairwise(cuts):
        yield low, high, any(p.start <= low < p.end for p in inside)


def _copies(contig: Contig, roster: Roster, *, is_par: bool) -> tuple[int, ...] | None:
    """Return the copies all people have, by column; ``None``: a sex decides, unknown.

    On Y the pseudo-autosomal regions count like the rest: calls stand on X.
    """
    pairs = roster.layout.baseline
    if contig.name == _MITOCHONDRION:
        return tuple(pair // 2 for pair in pairs)
    if contig.name not in ("X", "Y") or (contig.name == "X" and is_par):
        return pairs
    if any(pair and sex is None for pair, sex in zip(pairs, roster.sexes, strict=True)):
        return None
    halves = {"X": {"M": 1, "F": 2}, "Y": {"M": 1, "F": 0}}[contig.name]
    return tuple(
        pair // 2 * halves.get(sex or "", 0)
        for pair, sex in zip(pairs, roster.sexes, strict=True)
    )


def read_regions(
    path: Path, assembly: Assembly, left_out: Collection[str] = ()
) -> Regions:
    """Return the regions of a BED file, plain or gzip.

    Args:
        path: the file.
        assembly: whose contigs its names mean.
        left_out: names of sequences that are other ones in the files of the load.

    Raises:
        ReadError: a line that is no region, or no region at all.
    """
    found: dict[int, list[Stretch]] = {}
    unknown: Counter[str] = Counter()
    for number, line in _lines(path):
        if not _is_region(line):
            continue
        name, start, end = _region(line, path, number)
        contig = None if name in left_out else find_contig(assembly, name)
        if contig is None or (contig.name == _MITOCHONDRION and end > contig.length):
            unknown[name[:40]] += 1
            continue
        if end > contig.length:
            reason = (
                f"the region ends at {end}, {assembly.name} {contig.name} has"
                f" {contig.length} bases"
            )
            raise ReadError(reason, path=str(path), line=number)
        if start < end:
            found.setdefault(contig.rank, []).append((start, end))
    if not found:
        reason = f"the file declares no region of {assembly.name}"
        raise ReadError(reason, path=str(path))
    merged = {rank: _merged(found[rank]) for rank in sorted(found)}
    return Regions(assembly=assembly, stretches=merged, left_out=dict(unknown))


def regions_of(assembly: Assembly, intervals: Iterable[Interval]) -> Regions:
    """Return intervals on the contigs of an assembly as regions."""
    found: dict[int, list[Stretch]] = {}
    for each in intervals:
        found.setdefault(each.contig.rank, []).append((each.start, each.end))
    merged = {rank: _merged(found[rank]) for rank in sorted(found)}
    return Regions(assembly=assembly, stretches=merged, left_out={})


def _merged(stretches: list[Stretch]) -> tuple[Stretch, ...]:
    """Return stretches in order, those that overlap or touch as one."""
    merged: list[Stretch] = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return tuple(merged)


def _is_region(line: bytes) -> bool:
    word = line.split(None, 1)[:1]
    return bool(word) and not (
        word[0].startswith(b"#") or word[0] in (b"browser", b"track")
    )


def _region(line: bytes, path: Path, number: int) -> tuple[str, int, int]:
    fields = line.split(None, 3)
    where = fields[1:3]
    if len(where) < 2 or not all(w.isdigit() and len(w) <= _DIGITS for w in where):
        shown = line.strip()[:60].decode("latin1")
        reason = f"a region is a name and two whole numbers, not {shown!r}"
        raise ReadError(reason, path=str(path), line=number)
    start, end = map(int, where)
    if start > end:
        reason = f"the region begins at {start} and ends before it, at {end}"
        raise ReadError(reason, path=str(path), line=number)
    return fields[0].decode("latin1"), start, end


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    number = 0
    try:
        with path.open("rb") as file:
            is_packed = file.read(2) == _GZIP
        with gzip.open(path) if is_packed else path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                yield number, line.removeprefix(_BOM) if number == 1 else line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        reason = "the file cannot be read on from here; it is truncated or corrupt"
        raise ReadError(reason, path=str(path), line=number + 1) from error
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
        raise ReadError(reason, path=str(path)) from error
