"""What a release declares of a place or a stretch: looked at, and by how many.

Asked only where a dataset has no row that answers.  A base in no run is outside;
a release that declares nothing is never asked.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from beacon.model.findings import Coverage, Place
from beacon.store.keys import start_of
from beacon.store.runs import BIN, bin_key, bin_keys, is_whole, unpack_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from beacon.model.pattern import Spelling, VariantPattern
    from beacon.store.driver import Document
    from beacon.store.lookup import Shelf
    from beacon.store.reach import Lessens
    from beacon.store.rows import Counts, Part
    from beacon.store.runs import Run
    from beacon.store.tables import Table

Stretch = tuple[int, int]
"""``[start, end)`` on the contig that is asked for."""


def asked_stretch(pattern: VariantPattern) -> Stretch:
    """Return the bases a "no" would have to have looked at; the first comes first.

    Of one allele those of its shortest spelling, the leftmost, or what its id
    says that it spans; of a range the
    range; of an event what it affects; of a bracket those where a variant may
    begin (or end).
    """
    length = pattern.sequence.length
    if pattern.spellings:
        return spelled_stretch(pattern.spellings, length)
    if pattern.identity is not None and pattern.start is not None:
        start = pattern.start.low
        end = start + 1 if pattern.end is None else pattern.end.low
        return _clipped(start, end, length)
    if pattern.overlap is not None or pattern.similar is not None:
        reach = pattern.reach()
        return _clipped(reach.low, reach.high, length)
    if pattern.start is not None:
        return _clipped(pattern.start.low, pattern.start.high, length)
    if pattern.end is not None:
        return _clipped(pattern.end.low - 1, pattern.end.high - 1, length)
    return 0, length


def spelled_stretch(spellings: Sequence[Spelling], length: int) -> Stretch:
    """Return the same of an allele that is spelled, on a contig of this length."""
    start, reference, _ = min(spellings, key=lambda s: (len(s[1]) + len(s[2]), s[0]))
    return _clipped(start, start + len(reference), length)


def _clipped(start: int, end: int, length: int) -> Stretch:
    """Return a stretch of at least one base of the contig."""
    low = min(max(0, start), length - 1)
    return low, max(low + 1, min(end, length))


class _PartLooked:
    """How much of a stretch one part of a release has looked at, in order."""

    def __init__(
        self,
        part: Part,
        total: Sequence[int],
        stretch: Stretch,
        leaving: Lessens | None,
    ) -> None:
        self.part = part
        self._leaving = leaving
        last = part.first + len(part.everybody)
        self._columns = [c - part.first for c in total if part.first <= c < last]
        self._first, self._end = stretch
        self._reached = self._first
        self.has_gap = False
        self.has_some = False
        self.an: int | None = None
        self.by_column: tuple[int, ...] | None = None
        self.is_first_in = False

    @property
    def is_whole(self) -> bool:
        """Whether all of the stretch was looked at."""
        return self.has_some and not self.has_gap and self._reached >= self._end

    def take(self, key: int, counts: Counts) -> None:
        """Take the bin that begins with ``key``."""
        blob = self.part.blob(counts)
        if blob is None:
            self.has_gap = True
            return
        first = start_of(key)
        if self._leaving is None and self._is_inside(first) and len(blob) > 1:
            self.has_gap = self.has_gap or not is_whole(blob)
            self._add(first, first + BIN, None)
            return
        runs: Iterable[Run] = unpack_runs(blob, self.part.everybody)
        if self._leaving is not None:
            runs = self._leaving.left(first, runs)
        for start, end, an in runs:
            if first + start >= self._end:
                return
            if first + end > self._first:
                self._add(first + start, first + end, an)

    def _is_inside(self, first: int) -> bool:
        """Whether a bin lies in the stretch, and not at its beginning."""
        return self._first < first and first + BIN <= self._end

    def _add(self, start: int, end: int, an: tuple[int, ...] | None) -> None:
        self.has_some = True
        self.has_gap = self.has_gap or start > self._reached
        if start <= self._first < end:
            self.is_first_in = True
            self.an = None if an is None else sum(an[c] for c in self._columns)
            self.by_column = an
        self._reached = max(self._reached, end)


class Looked:
    """How much of a stretch one release has looked at, run by run, in order.

    Its parts are of different people or contigs: the calls of all count, and
    what one of them has looked at was looked at.

    Args:
        shelf: the release's.
        stretch: what is asked.
        leaving: whom to leave out of blocks, by part.
    """

    def __init__(
        self,
        shelf: Shelf,
        stretch: Stretch,
        leaving: Mapping[int, Lessens] = MappingProxyType({}),
    ) -> None:
        total = shelf.release.layout.groups[0].columns
        self._parts = [
            _PartLooked(part, total, stretch, leaving.get(part.number))
            for part in shelf.rows.parts
        ]

    @property
    def is_decided(self) -> bool:
        """Whether no further run can change what is said of the whole stretch."""
        has_gaps = all(part.has_gap for part in self._parts)
        return has_gaps and any(part.has_some for part in self._parts)

    def take(self, key: int, document: Document) -> None:
        """Take the bin that begins with ``key``."""
        for part in self._parts:
            part.take(key, cast("Counts", document["d"]))

    def called(self) -> list[tuple[Part, tuple[int, ...] | None]]:
        """Return the copies called at the first base, by part that looked there."""
        there = [part for part in self._parts if part.is_first_in]
        return [(part.part, part.by_column) for part in there]

    def coverage(self) -> Coverage:
        """Return how much of the stretch was looked at."""
        if not any(part.has_some for part in self._parts):
            return Coverage.OUTSIDE
        is_whole = any(part.is_whole for part in self._parts)
        return Coverage.WHOLE if is_whole else Coverage.PARTIAL

    def place(self) -> Place:
        """Return what is said of the first base, and whether the rest was seen."""
        told = [part.an for part in self._parts if part.is_first_in]
        if not told:
            return Place(coverage=Coverage.OUTSIDE)
        known = [an for an in told if an is not None]
        an = sum(known) if len(known) == len(told) else None
        return Place(an=an, coverage=self.coverage())


async def look_at(
    shelves: Sequence[Shelf],
    rank: int,
    stretch: Stretch,
    table: Table,
    leaving: Mapping[int, Lessens] = MappingProxyType({}),
) -> dict[int, Looked]:
    """Return what releases looked at of a short stretch, by release number.

    ``leaving`` says whom to leave out of blocks, by part.
    """
    keys = bin_keys(rank, *stretch)
    bins = await table.bins.get(keys) if shelves else {}
    return looked_at(shelves, rank, stretch, bins, leaving)


def looked_at(
    shelves: Sequence[Shelf],
    rank: int,
    stretch: Stretch,
    bins: Mapping[int, Document],
    leaving: Mapping[int, Lessens] = MappingProxyType({}),
) -> dict[int, Looked]:
    """Return the same of bins that were read, by their keys."""
    keys = bin_keys(rank, *stretch)
    found = {}
    for shelf in shelves:
        looked = found[shelf.release.number] = Looked(shelf, stretch, leaving)
        for key in keys:
            if key in bins:
                looked.take(key, bins[key])
    return found


async def look_along(
    shelves: Sequence[Shelf],
    rank: int,
    stretch: Stretch,
    table: Table,
    leaving: Mapping[int, Lessens] = MappingProxyType({}),
) -> dict[int, Looked]:
    """Return what releases looked at of any stretch, reading no more than it takes.

    ``leaving`` says whom to leave out, by part.
    """
    found = {s.release.number: Looked(s, stretch, leaving) for s in shelves}
    open_ = list(found.values())
    low, high = bin_key(rank, stretch[0]), bin_key(rank, stretch[1] - 1)
    fields = [field for shelf in shelves for field in shelf.rows.fields]
    pages = table.bin_pages(low, high, fields)
    try:
        async for page in pages:
            for document in page:
                for looked in open_:
                    looked.take(cast("int", document["_id"]), document)
            open_ = [looked for looked in open_ if not looked.is_decided]
            if not open_:
                break
    finally:
        await pages.aclose()
    return found
