"""The rows of one assembly, as asked for: by key, by place, by stretch.

Everything here is reading through Motor; what rows mean is ``lookup``'s and
``scanning``'s business.  Reads go to any member that has come as far as the
pointers that are read by (``members``).
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from beacon.store.bins import BinTable
from beacon.store.coalescing import Coalescer
from beacon.store.driver import (
    Document,
    coverage_collection,
    driver_errors,
    long_collection,
    variants_collection,
)
from beacon.store.keys import (
    HIGHEST_START,
    PER_START,
    lowest_key,
    position_range,
    start_of,
)
from beacon.store.packing import EXISTS
from beacon.store.reading import Readers

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Hashable, Mapping, Sequence

    from motor.motor_asyncio import AsyncIOMotorCollection, AsyncIOMotorDatabase
    from pymongo.collection import Collection

    from beacon.model.pattern import Bounds
    from beacon.store.rows import Rows

PlaceKey = tuple[int, int]
"""``(rank, start)``."""

Row = tuple[int, Document]
"""``(start, document)``; a document with ``e`` is of the long collection, one with
``is_mate`` was found by where its mate begins."""

LONGER: Document = {
    "$or": [
        {"_id": {"$bitsAnySet": [0, 24, 25, 26, 28, 29, 30]}},
        {"_id": {"$bitsAnyClear": [23, 27]}},
    ]
}
"""The condition on keys that spell anything but one base in the place of one."""

FIRST_PAGE = 128
LARGEST_PAGE = 8192
_LONGEST_CLASS = 28
_BY_KEY = "_id_"
_EXISTS_BIT = EXISTS.bit_length() - 1
_READERS = 16


K = TypeVar("K", bound="Hashable")
V = TypeVar("V")


class LookUp(Protocol[K, V]):
    """Finds what stands under keys."""

    async def get(self, keys: Sequence[K]) -> dict[K, V]:
        """Return what is found, by key."""

    async def one(self, key: K, until: float) -> V | None:
        """Return what is found under one key, wanted until then."""


class Table:
    """The rows of one assembly; look-ups of concurrent questions are coalesced.

    Args:
        deadline: seconds any single operation may take on the server.
    """

    def __init__(
        self, database: AsyncIOMotorDatabase[Document], assembly: str, deadline: float
    ) -> None:
        self._short: AsyncIOMotorCollection[Document]
        self._short = database[variants_collection(assembly)]
        self._long: AsyncIOMotorCollection[Document]
        self._long = database[long_collection(assembly)]
        self._coverage: AsyncIOMotorCollection[Document]
        self._coverage = database[coverage_collection(assembly)]
        self._max_ms = int(deadline * 1000)
        self._readers = Readers(_READERS)
        rows = Coalescer(self._fetch_rows, deadline=deadline)
        long_rows = Coalescer(self._fetch_long_rows, deadline=deadline)
        places = Coalescer(self._fetch_places, deadline=deadline)
        long_places = Coalescer(self._fetch_long_places, deadline=deadline)
        bins = Coalescer(self._fetch_bins, deadline=deadline)
        self._closing = (rows, long_rows, places, long_places, bins)
        self.rows: LookUp[int, Document] = rows
        self.long_rows: LookUp[bytes, Document] = long_rows
        self.places: LookUp[PlaceKey, list[Document]] = places
        self.long_places: LookUp[PlaceKey, list[Document]] = long_places
        self.bins: LookUp[int, Document] = bins
        self.existing = BinTable(database, assembly, deadline)

    @property
    def is_of_all(self) -> bool:
        """Whether rows are of everybody, so that the server can count them."""
        return True

    async def close(self) -> None:
        """Stop every look-up."""
        for asked in self._closing:
            await asked.close()
        self._readers.close()

    async def _fetch_rows(self, keys: list[int]) -> Mapping[int, Document]:
        found = await self._find(self._short, {"_id": {"$in": keys}}, len(keys))
        return {cast("int", d["_id"]): d for d in found}

    async def _fetch_long_rows(self, keys: list[bytes]) -> Mapping[bytes, Document]:
        found = await self._find(self._long, {"_id": {"$in": keys}}, len(keys))
        return {cast("bytes", d["_id"]): d for d in found}

    async def _fetch_bins(self, keys: list[int]) -> Mapping[int, Document]:
        found = await self._find(self._coverage, {"_id": {"$in": keys}}, len(keys))
        return {cast("int", d["_id"]): d for d in found}

    async def _fetch_places(
        self, places: list[PlaceKey]
    ) -> Mapping[PlaceKey, list[Document]]:
        """Return every row that begins at one of the places."""
        by_low = {
            lowest_key(rank, start): (rank, start)
            for rank, start in places
            if 0 <= start <= HIGHEST_START
        }
        if not by_low:
            return {}
        ranges: list[Document]
        ranges = [{"_id": {"$gte": low, "$lt": low + PER_START}} for low in by_low]
        found = await self._find(self._short, {"$or": ranges}, LARGEST_PAGE, _BY_KEY)
        rows: dict[PlaceKey, list[Document]] = {}
        for document in found:
            key = cast("int", document["_id"])
            rows.setdefault(by_low[key - key % PER_START], []).append(document)
        return rows

    async def _fetch_long_places(
        self, places: list[PlaceKey]
    ) -> Mapping[PlaceKey, list[Document]]:
        """Return every long row that begins at one of the places."""
        classes = list(range(_LONGEST_CLASS + 1))
        where: list[Document]
        where = [{"c": r, "k": {"$in": classes}, "s": s} for r, s in places]
        found = await self._find(self._long, {"$or": where}, LARGEST_PAGE)
        rows: dict[PlaceKey, list[Document]] = defaultdict(list)
        for document in found:
            rows[cast("int", document["c"]), cast("int", document["s"])].append(
                document
            )
        return rows

    async def _find(
        self,
        collection: AsyncIOMotorCollection[Document],
        where: Document,
        most: int,
        index: str | None = None,
    ) -> list[Document]:
        """Return all documents; ``most`` is how many one message should carry.

        A branch of its own for each place is planned each time anew, unless the
        index is named.
        """
        read = partial(_read, collection.delegate, where, self._max_ms, most + 1, index)
        with driver_errors():
            return await self._readers.read(read)

    async def short_pages(
        self,
        rank: int,
        starts: Bounds,
        *,
        size: int = FIRST_PAGE,
        is_longer: bool = False,
    ) -> AsyncGenerator[list[Row], None]:
        """Yield the short rows that begin in ``starts``, in order, page by page.

        Every page is a question of its own from the last key on: no cursor is
        left open on the server when nobody wants the rest.

        Args:
            rank: of the contig.
            starts: where they begin.
            size: rows of the first page.
            is_longer: whether rows of one base in the place of one are left out.
        """
        besides = LONGER if is_longer else {}
        low, high = position_range(rank, starts.low, starts.high)
        while low < high:
            with driver_errors():
                where: Document = {"_id": {"$gte": low, "$lt": high}, **besides}
                cursor = self._short.find(where, max_time_ms=self._max_ms)
                cursor.sort("_id", 1).limit(size).batch_size(size)
                found = await cursor.to_list(None)
            keys = [cast("int", d["_id"]) for d in found]
            yield list(zip(map(start_of, keys), found, strict=True))
            if len(found) < size:
                return
            low = keys[-1] + 1
            size = min(4 * size, LARGEST_PAGE)

    async def count(self, rank: int, starts: Bounds, rows: Rows) -> int:
        """Return how many short alleles that exist in a release begin in ``starts``."""
        low, high = position_range(rank, starts.low, starts.high)
        where: Document = {"_id": {"$gte": low, "$lt": high}, **existing(rows)}
        with driver_errors():
            return await self._short.count_documents(where, maxTimeMS=self._max_ms)

    async def bin_pages(
        self, first: int, last: int, fields: Sequence[str]
    ) -> AsyncGenerator[list[Document], None]:
        """Yield the bins from key ``first`` to ``last``, of some releases, in order."""
        size = FIRST_PAGE
        wanted = {f"d.{field}": 1 for field in fields}
        where: Document = {"_id": {"$gte": first, "$lte": last}}
        while True:
            with driver_errors():
                cursor = self._coverage.find(where, wanted, max_time_ms=self._max_ms)
                cursor.sort("_id", 1).limit(size).batch_size(size)
                found = await cursor.to_list(None)
            yield found
            if len(found) < size:
                return
            where = {"_id": {"$gt": found[-1]["_id"], "$lte": last}}
            size = min(4 * size, LARGEST_PAGE)

    async def long_pages(
        self,
        rank: int,
        starts: Bounds,
        reach: Bounds | None,
        classes: Sequence[int],
        *,
        ends: Bounds | None = None,
        size: int = LARGEST_PAGE,
    ) -> AsyncGenerator[list[Row], None]:
        """Yield the long rows that begin in ``starts``, or reach into ``reach``.

        One branch for each length class: what is at most 2**k long and overlaps
        must begin at most 2**k before.  The index gives each branch in order,
        and the server merges them.

        Args:
            rank: of the contig.
            starts: where rows begin.
            reach: what they must reach, if anything.
            classes: length classes to be read.
            ends: where rows end, if that is known.
            size: rows of a page; few where the first row may be enough.
        """
        branches = [_branch(rank, k, starts, ends or reach) for k in classes]
        if ends is not None:
            for branch in branches:
                branch["e"] = {"$gte": ends.low, "$lt": ends.high}
        async with aclosing(self._sorted({"$or": branches}, "s", size)) as pages:
            async for page in pages:
                yield page

    async def mate_pages(
        self, rank: int, starts: Bounds
    ) -> AsyncGenerator[list[Row], None]:
        """Yield the breakends whose mate begins in ``starts``, by where it does."""
        where: Document
        where = {"mc": rank, "ms": {"$gte": starts.low, "$lt": starts.high}}
        async with aclosing(self._sorted(where, "ms", LARGEST_PAGE)) as pages:
            async for page in pages:
                for _, document in page:
                    document["is_mate"] = True
                yield page

    async def _sorted(
        self, where: Document, field: str, size: int
    ) -> AsyncGenerator[list[Row], None]:
        """Yield long rows in the order of a field."""
        with driver_errors():
            cursor = self._long.find(where, max_time_ms=self._max_ms)
            cursor.sort(field, 1).batch_size(size)
        try:
            while True:
                with driver_errors():
                    found = await cursor.to_list(size)
                if not found:
                    return
                yield [(cast("int", d[field]), d) for d in found]
        finally:
            with driver_errors():
                await cursor.close()


def _read(
    collection: Collection[Document],
    where: Document,
    max_ms: int,
    size: int,
    index: str | None,
) -> list[Document]:
    """Return all documents, by the client that Motor has inside."""
    cursor = collection.find(where, max_time_ms=max_ms, hint=index, batch_size=size)
    return list(cursor)


def existing(rows: Rows) -> Document:
    """Return the condition on rows whose alleles exist in a release.

    Of a part the first of its fields that a row has speaks.
    """
    said: list[Document] = []
    for part in rows.parts:
        for place, field in enumerate(part.fields):
            newer: Document
            newer = {f"d.{name}": {"$exists": False} for name in part.fields[:place]}
            said.append({**newer, f"d.{field}": {"$bitsAllSet": [_EXISTS_BIT]}})
    return said[0] if len(said) == 1 else {"$or": said}


def _branch(rank: int, k: int, starts: Bounds, reach: Bounds | None) -> Document:
    low, branch = starts.low, {"c": rank, "k": k}
    if reach is None:
        return {**branch, "s": {"$gte": low, "$lt": starts.high}}
    low = max(low, reach.low - (1 << k) - 1)
    return {
        **branch,
        "s": {"$gte": low, "$lt": starts.high},
        "e": {"$gte": reach.low},
    }
