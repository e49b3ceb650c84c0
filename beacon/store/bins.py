"""How many alleles begin where: counts for wide ranges, ready before they are asked.

``bins_<assembly>`` holds, for each release and contig that rows stand on,

    {_id: release number << 8 | rank, b: packed counts}

the numbers of short alleles that exist and begin in each 131,072 bases: varints,
gap and count by turns, empty bins left out.  A document of rank 0 says that the
release has them; one loaded without has none, and its rows are counted.
"""

from __future__ import annotations

import time
from itertools import accumulate, chain
from typing import TYPE_CHECKING, NamedTuple, cast

from pymongo import ReplaceOne

from beacon.model.pattern import Bounds
from beacon.store.driver import (
    JOURNALED,
    Document,
    driver_errors,
    long_collection,
    variants_collection,
)
from beacon.store.keys import contig_range, start_of
from beacon.store.packing import read_varints, varint
from beacon.store.rows import Rows

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Mapping

    from motor.motor_asyncio import AsyncIOMotorDatabase
    from pymongo.database import Database

    from beacon.store.rows import Counts

EXISTING_BITS = 17
"""A bin is so many bits of a start."""

Bins = dict[tuple[int, int], int]
"""``(rank, start >> EXISTING_BITS)`` → how many alleles."""

_RANK_BITS = 8
_FRESH = 10.0
_KEPT = 256
_BEAT = 2.0


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


def unpack_counts(blob: bytes) -> dict[int, int]:
    """Return the counts that ``pack_counts`` was given, without empty bins."""
    counts, place = {}, -1
    numbers = read_varints(blob, 0)
    for gap in numbers:
        place += gap + 1
        counts[place] = next(numbers)
    return counts


def keep_bins(
    database: Database[Document],
    assembly: str,
    number: int,
    bins: Mapping[tuple[int, int], int],
) -> None:
    """Keep the bins of a release, all of them anew.

    Raises:
        StoreUnavailable: when they cannot be written.
    """
    by_rank: dict[int, dict[int, int]] = {0: {}}
    for (rank, place), count in bins.items():
        by_rank.setdefault(rank, {})[place] = count
    collection = database.get_collection(
        bins_collection(assembly), write_concern=JOURNALED
    )
    changes = []
    for rank, counts in sorted(by_rank.items(), reverse=True):
        name = number << _RANK_BITS | rank
        document: Document = {"_id": name, "b": pack_counts(counts)}
        changes.append(ReplaceOne({"_id": name}, document, upsert=True))
    with driver_errors():
        collection.delete_many(_of(number))
        collection.bulk_write(changes)  # in order: what says that they are there, last


def read_bins(database: Database[Document], assembly: str, number: int) -> Bins | None:
    """Return the bins of a release; ``None`` where it has none."""
    with driver_errors():
        found = list(database[bins_collection(assembly)].find(_of(number)))
    if number << _RANK_BITS not in {document["_id"] for document in found}:
        return None
    return {
        (rank, place): count
        for rank, counts in map(_read, found)
        for place, count in counts.items()
    }


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
    bins = read_bins(database, assembly, old)
    if bins is None:
        return
    for place, count in vanished.items():
        bins[place] = max(0, bins.get(place, 0) - count)
    keep_bins(database, assembly, new, bins)


def forget_bins(database: Database[Document], assembly: str, number: int) -> None:
    """Remove the bins of a release."""
    database[bins_collection(assembly)].delete_many(_of(number))


def _of(number: int) -> Document:
    low, high = number << _RANK_BITS, number + 1 << _RANK_BITS
    return {"_id": {"$gte": low, "$lt": high}}


def _read(document: Document) -> tuple[int, dict[int, int]]:
    rank = cast("int", document["_id"]) & (1 << _RANK_BITS) - 1
    return rank, unpack_counts(cast("bytes", document["b"]))


# --- what a part adds ---------------------------------------------------------------


class Added(NamedTuple):
    """What exists only in the last part of a release.

    Attributes:
        alleles: how many, short and long ones.
        bins: where the short ones begin.
    """

    alleles: int
    bins: Bins


def added(
    database: Database[Document],
    assembly: str,
    rows: Rows,
    ranks: Iterable[int],
    beat: Callable[[], None],
) -> Added:
    """Return what exists only in the last part of a release, in the order of keys.

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
    wanted = {f"d.{field}": 1 for field in rows.fields}
    bins: Bins = {}
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
                if is_new(rows, before, cast("Counts", document["d"])):
                    alleles += 1
                    _count(bins, rank, document["_id"])
                if time.monotonic() > due:
                    due = time.monotonic() + _BEAT
                    beat()
    return Added(alleles, bins)


def _count(bins: Bins, rank: int, key: object) -> None:
    """Count a short allele by where it begins."""
    if isinstance(key, int):
        place = rank, start_of(key) >> EXISTING_BITS
        bins[place] = bins.get(place, 0) + 1


def is_new(rows: Rows, before: Rows, counts: Counts) -> bool:
    """Whether an allele exists in a release, and not in the one before."""
    return rows.exists(counts) and not before.exists(counts)


# --- reading ------------------------------------------------------------------------


class _Known(NamedTuple):
    """A release's bins as they were read: sums up to each bin, by rank."""

    read_at: float
    rows: Rows
    sums: dict[int, list[int]] | None


class BinTable:
    """The bins of one assembly; those of a release are read once in a while."""

    def __init__(
        self, database: AsyncIOMotorDatabase[Document], assembly: str, deadline: float
    ) -> None:
        self._collection = database[bins_collection(assembly)]
        self._max_ms = int(deadline * 1000)
        self._known: dict[int, _Known] = {}

    async def has(self, number: int, rows: Rows) -> bool:
        """Whether a release has bins."""
        return (await self._sums(number, rows)) is not None

    async def count(
        self, number: int, rows: Rows, rank: int, whole: Bounds
    ) -> int | None:
        """Return how many alleles of a release begin in bins that are whole.

        ``None`` where it has no bins.
        """
        known = await self._sums(number, rows)
        if known is None:
            return None
        sums = known.get(rank)
        if sums is None:
            return 0
        low, high = (
            min(at >> EXISTING_BITS, len(sums) - 1) for at in (whole.low, whole.high)
        )
        return sums[high] - sums[low]

    async def _sums(self, number: int, rows: Rows) -> dict[int, list[int]] | None:
        """Return a release's sums, read anew where its rows say something else."""
        known = self._known.get(number)
        is_old = known is None or time.monotonic() - known.read_at > _FRESH
        if known is None or is_old or known.rows != rows:
            read_at = time.monotonic()
            with driver_errors():
                cursor = self._collection.find(_of(number), max_time_ms=self._max_ms)
                found = await cursor.to_list(None)
            known = _Known(read_at, rows, _sums_of(number, found))
            self._known.pop(number, None)
            self._known[number] = known
            while len(self._known) > _KEPT:
                del self._known[next(iter(self._known))]
        return known.sums


def _sums_of(number: int, found: list[Document]) -> dict[int, list[int]] | None:
    if number << _RANK_BITS not in {document["_id"] for document in found}:
        return None
    sums = {}
    for rank, counts in map(_read, found):
        width = max(counts, default=-1) + 1
        sums[rank] = [0, *accumulate(counts.get(place, 0) for place in range(width))]
    return sums


def whole_bins(bounds: Bounds) -> Bounds | None:
    """Return the whole bins within a stretch; ``None`` where there are none."""
    size = 1 << EXISTING_BITS
    low, high = -(-bounds.low // size) * size, bounds.high // size * size
    return Bounds(low=low, high=high) if low < high else None
