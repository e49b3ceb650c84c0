"""How many alleles begin where: counts for ranges, ready before they are asked.

``bins_<assembly>`` holds, for each release and contig that rows stand on,

    {_id: release number << 8 | rank, w: bits, b: packed counts, n: packed counts}

``b`` are the short alleles that exist and begin in each 2**w bases, ``n`` the other
short rows there, or more: where it says none, there is none.  Both are varints, gap
and count by turns, empty bins left out.  A document of rank 0 says that the release
has them; one loaded without has none, and its rows are counted.  Earlier versions
kept bins of 131,072 bases, without ``w`` and ``n``.
"""

from __future__ import annotations

import time
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
from pymongo import ReplaceOne

from beacon.model.pattern import Bounds
from beacon.model.summary import Change
from beacon.store.driver import (
    JOURNALED,
    Document,
    driver_errors,
    long_collection,
    variants_collection,
)
from beacon.store.keys import contig_range, start_of
from beacon.store.packing import varint
from beacon.store.row_cells import row_cell, start_of_row
from beacon.store.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from motor.motor_asyncio import AsyncIOMotorDatabase
    from numpy.typing import NDArray
    from pymongo.database import Database

    from beacon.store.rows import Counts

EXISTING_BITS = 13
"""A bin is so many bits of a start."""

Bins = dict[tuple[int, int], int]
"""``(rank, start >> bits)`` → how many."""

_FORMER_BITS = 17
_RANK_BITS = 8
_FRESH = 10.0
_MOST_BYTES, _MOST_KNOWN = 32 << 20, 4096
_BEAT = 2.0


class Begins(NamedTuple):
    """What begins in the bins of a release.

    Attributes:
        existing: short alleles that exist.
        absent: other short rows, at least as many as there are; ``None``: not known.
        bits: how wide a bin is.
    """

    existing: Mapping[tuple[int, int], int]
    absent: Mapping[tuple[int, int], int] | None = None
    bits: int = EXISTING_BITS

    def plus(self, other: Begins) -> Begins:
        """Return what begins in both, in the wider bins of the two.

        Absent rows are known where both know them.
        """
        bits = max(self.bits, other.bits)
        mine, theirs = self._in_bins_of(bits), other._in_bins_of(bits)
        absent = None
        if mine.absent is not None and theirs.absent is not None:
            absent = Counter(mine.absent) + Counter(theirs.absent)
        return Begins(Counter(mine.existing) + Counter(theirs.existing), absent, bits)

    def less(self, vanished: Begins) -> Begins:
        """Return the same after alleles vanished: their rows are there, absent."""
        gone = vanished._in_bins_of(max(self.bits, vanished.bits)).existing
        absent = None
        if self.absent is not None:
            absent = Counter(self.absent) + Counter(gone)
        return Begins(Counter(self.existing) - Counter(gone), absent, self.bits)

    def _in_bins_of(self, bits: int) -> Begins:
        if bits == self.bits:
            return self
        step = bits - self.bits
        absent = None if self.absent is None else _widened(self.absent, step)
        return Begins(_widened(self.existing, step), absent, bits)


def _widened(counts: Mapping[tuple[int, int], int], step: int) -> Bins:
    wide: Bins = {}
    for (rank, place), count in counts.items():
        name = rank, place >> step
        wide[name] = wide.get(name, 0) + count
    return wide


def bins_collection(assembly: str) -> str:
    """Return the name of the collection of bins."""
    return f"bins_{assembly}"


def pack_counts(counts: Mapping[int, int]) -> bytes:
    """Return the bytes that keep counts by bin.

    Raises:
        ValueError: for a negative one.
    """
    parts: list[bytes] = []
    last = -1
    for place in sorted(counts):
        if counts[place]:
            parts += (varint(place - last - 1), varint(counts[place]))
            last = place
    return b"".join(parts)


def unpack_counts(blob: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the bins ``pack_counts`` was given, without empty ones, and counts."""
    numbers = _varints(blob)
    return np.cumsum(numbers[0::2] + 1) - 1, numbers[1::2]


def _varints(blob: bytes) -> NDArray[np.int64]:
    """Return all numbers of a blob at once."""
    raw = np.frombuffer(blob, np.uint8)
    last = np.flatnonzero(raw < 0x80)
    if len(last) == len(raw):
        return raw.astype(np.int64)
    first = np.concatenate(([0], last[:-1] + 1))
    at = np.arange(len(raw)) - np.repeat(first, last - first + 1)
    return np.add.reduceat((raw & 0x7F).astype(np.int64) << 7 * at, first)


def keep_bins(
    database: Database[Document], assembly: str, number: int, begins: Begins
) -> None:
    """Keep the bins of a release, all of them anew.

    Raises:
        StoreUnavailable: when they cannot be written.
    """
    existing, absent = _by_rank(begins.existing), _by_rank(begins.absent or {})
    collection = database.get_collection(
        bins_collection(assembly), write_concern=JOURNALED
    )
    changes = []
    for rank in sorted({0, *existing, *absent}, reverse=True):
        name = number << _RANK_BITS | rank
        document: Document = {"_id": name, "w": begins.bits}
        document["b"] = pack_counts(existing.get(rank, {}))
        if begins.absent is not None:
            document["n"] = pack_counts(absent.get(rank, {}))
        changes.append(ReplaceOne({"_id": name}, document, upsert=True))
    with driver_errors():
        collection.delete_many(_of(number))
        collection.bulk_write(changes)  # in order: what says that they are there, last


def _by_rank(counts: Mapping[tuple[int, int], int]) -> dict[int, dict[int, int]]:
    by_rank: dict[int, dict[int, int]] = {}
    for (rank, place), count in counts.items():
        by_rank.setdefault(rank, {})[place] = count
    return by_rank


def read_bins(
    database: Database[Document], assembly: str, number: int
) -> Begins | None:
    """Return the bins of a release; ``None`` where it has none."""
    with driver_errors():
        found = list(database[bins_collection(assembly)].find(_of(number)))
    by_rank = {_rank_of(document): document for document in found}
    said = by_rank.get(0)
    if said is None:
        return None
    absent = _counted(by_rank, "n") if "n" in said else None
    return Begins(_counted(by_rank, "b"), absent, _bits_of(said))


def _bits_of(said: Document) -> int:
    return cast("int", said.get("w", _FORMER_BITS))


def _counted(by_rank: Mapping[int, Document], field: str) -> Bins:
    """Return the counts under a field of the documents of a release."""
    counts: Bins = {}
    for rank, document in by_rank.items():
        places, numbers = unpack_counts(cast("bytes", document[field]))
        for place, number in zip(places.tolist(), numbers.tolist(), strict=True):
            counts[rank, place] = number
    return counts


def changed(
    database: Database[Document],
    assembly: str,
    old: int,
    new: int,
    vanished: Counter[tuple[int, int]],
) -> None:
    """Keep the bins of a release as another one's, less the alleles that vanished.

    Args:
        database: the store's.
        assembly: of both.
        old: the number of the release whose bins are known.
        new: that of the one they are kept for; it may be the same.
        vanished: short alleles that exist no more, by rank and bin.
    """
    begins = read_bins(database, assembly, old)
    if begins is not None:
        keep_bins(database, assembly, new, begins.less(Begins(vanished)))


def forget_bins(database: Database[Document], assembly: str, number: int) -> None:
    """Remove the bins of a release."""
    database[bins_collection(assembly)].delete_many(_of(number))


def _of(number: int) -> Document:
    low, high = number << _RANK_BITS, number + 1 << _RANK_BITS
    return {"_id": {"$gte": low, "$lt": high}}


def _rank_of(document: Document) -> int:
    return cast("int", document["_id"]) & (1 << _RANK_BITS) - 1


# --- what a part adds ---------------------------------------------------------------


class Added(NamedTuple):
    """What the last part of a release adds to it.

    Attributes:
        alleles: how many exist only there, short and long ones.
        begins: where the short ones begin, and rows of its own that are absent.
        change: of the summary: what exists only there, and what is counted otherwise.
    """

    alleles: int
    begins: Begins
    change: Change


def added(
    database: Database[Document],
    assembly: str,
    rows: Rows,
    ranks: Iterable[int],
    beat: Callable[[], None],
) -> Added:
    """Return what the last part of a release adds to it, in the order of keys.

    Args:
        database: the store's; everything of the part is written.
        assembly: of the release.
        rows: reads the release.
        ranks: the contigs that the part has rows on.
        beat: is called every few seconds.
    """
    part = rows.parts[-1]
    before = Rows(parts=rows.parts[:-1], width=part.first)
    own: Document = {f"d.{part.fields[0]}": {"$exists": True}}
    wanted = {f"d.{field}": 1 for field in rows.fields} | {"r": 1, "a": 1, "s": 1}
    change = Change()
    existing: Bins = {}
    absent: Bins = {}
    alleles = 0
    due = time.monotonic() + _BEAT
    for rank in sorted(ranks):
        low, high = contig_range(rank)
        short = database[variants_collection(assembly)]
        long = database[long_collection(assembly)]
        with driver_errors():
            found = chain(
                short.find({"_id": {"$gte": low, "$lt": high}, **own}, wanted),
                long.find({"c": rank, **own}, wanted),
            )
            for document in found:
                counts = cast("Counts", document["d"])
                cell, former = (row_cell(r, document, counts) for r in (rows, before))
                change.move(rank, start_of_row(document), former, cell)
                if cell is None:
                    _count(absent, rank, document["_id"])
                elif former is None:
                    alleles += 1
                    _count(existing, rank, document["_id"])
                if time.monotonic() > due:
                    due = time.monotonic() + _BEAT
                    beat()
    return Added(alleles, Begins(existing, absent), change)


def _count(bins: Bins, rank: int, key: object) -> None:
    """Count a short row by where it begins."""
    if isinstance(key, int):
        place = rank, start_of(key) >> EXISTING_BITS
        bins[place] = bins.get(place, 0) + 1


# --- reading ------------------------------------------------------------------------


class Sums:
    """The bins of one release on one contig, summed up to each bin.

    Args:
        bits: how wide a bin is.
        existing: packed counts of alleles that exist.
        absent: packed counts of other rows; ``None``: not known.
    """

    def __init__(self, bits: int, existing: bytes, absent: bytes | None) -> None:
        self.bits = bits
        self._existing = _summed(existing)
        self._absent = None if absent is None else _summed(absent)

    @property
    def size(self) -> int:
        """Bytes it takes."""
        absent = 0 if self._absent is None else self._absent.nbytes
        return self._existing.nbytes + absent

    def existing(self, whole: Bounds) -> int:
        """Return how many alleles exist that begin in whole bins."""
        return _within(self._existing, self.bits, whole)

    def next_existing(self, start: int) -> int | None:
        """Return where the first bin begins, from ``start`` on, that has an allele."""
        return _next(self._existing, self.bits, start)

    def next_absent(self, start: int) -> int | None:
        """Return where the first bin begins, from ``start`` on, that may have others.

        Where that is not known every bin may.
        """
        if self._absent is None:
            return start >> self.bits << self.bits
        return _next(self._absent, self.bits, start)


def _summed(blob: bytes) -> NDArray[np.uint32]:
    """Return how many begin before each bin; the last is all."""
    places, numbers = unpack_counts(blob)
    sums = np.zeros(int(places[-1]) + 2 if len(places) else 1, np.uint32)
    sums[places + 1] = numbers
    return np.cumsum(sums, dtype=np.uint32)


def _within(sums: NDArray[np.uint32], bits: int, whole: Bounds) -> int:
    low, high = (min(at >> bits, len(sums) - 1) for at in (whole.low, whole.high))
    return int(sums[high]) - int(sums[low])


def _next(sums: NDArray[np.uint32], bits: int, start: int) -> int | None:
    at = start >> bits
    if at >= len(sums):
        return None
    found = int(np.searchsorted(sums, sums[at], side="right"))
    return None if found == len(sums) else (found - 1) << bits


class _Known(NamedTuple):
    """A release's bins on one contig as they were read."""

    read_at: float
    rows: Rows
    sums: Sums | None


class BinTable:
    """The bins of one assembly; those of a release are read once in a while."""

    def __init__(
        self, database: AsyncIOMotorDatabase[Document], assembly: str, deadline: float
    ) -> None:
        self._collection = database[bins_collection(assembly)]
        self._max_ms = int(deadline * 1000)
        self._known: dict[int, _Known] = {}
        self._size = 0

    async def of(
        self, rank: int, releases: Sequence[tuple[int, Rows]]
    ) -> list[Sums | None]:
        """Return the bins of releases on a contig; ``None`` of one without.

        They are read anew, all at once, where they are old or rows say something
        else.

        Args:
            rank: of the contig.
            releases: their numbers, and how their rows are read.

        Raises:
            StoreUnavailable: when they cannot be read.
        """
        oldest = time.monotonic() - _FRESH
        known: dict[int, _Known] = {}
        wanted = []
        for number, rows in releases:
            one = self._known.get(number << _RANK_BITS | rank)
            if one is None or one.read_at < oldest or one.rows != rows:
                wanted.append((number, rows))
            else:
                known[number] = one
        if wanted:
            known |= await self._read(rank, wanted)
        return [known[number].sums for number, _ in releases]

    async def _read(
        self, rank: int, releases: Sequence[tuple[int, Rows]]
    ) -> dict[int, _Known]:
        """Read the bins of releases, and keep them; return them by release."""
        read_at = time.monotonic()
        firsts = [number << _RANK_BITS for number, _ in releases]
        where = {"_id": {"$in": [*firsts, *(first | rank for first in firsts)]}}
        with driver_errors():
            cursor = self._collection.find(where, max_time_ms=self._max_ms)
            found = {d["_id"]: d for d in await cursor.to_list(None)}
        known = {}
        for first, (number, rows) in zip(firsts, releases, strict=True):
            said = found.get(first)
            sums = None if said is None else _sums(said, found.get(first | rank, said))
            known[number] = _Known(read_at, rows, sums)
            self._keep(first | rank, known[number])
        while self._size > _MOST_BYTES or len(self._known) > _MOST_KNOWN:
            self._forget(next(iter(self._known)))
        return known

    def _keep(self, name: int, known: _Known) -> None:
        self._forget(name)
        self._known[name] = known
        self._size += 0 if known.sums is None else known.sums.size

    def _forget(self, name: int) -> None:
        before = self._known.pop(name, None)
        if before is not None and before.sums is not None:
            self._size -= before.sums.size


def _sums(said: Document, document: Document) -> Sums:
    """Return the sums of a contig; ``said`` is the document of rank 0."""
    absent = cast("bytes | None", document.get("n"))
    return Sums(_bits_of(said), cast("bytes", document["b"]), absent)


def whole_bins(bounds: Bounds, bits: int = EXISTING_BITS) -> Bounds | None:
    """Return the whole bins within a stretch; ``None`` where there are none."""
    low = -(-bounds.low >> bits) << bits
    high = bounds.high >> bits << bits
    return Bounds(low=low, high=high) if low < high else None
