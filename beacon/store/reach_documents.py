"""Runs of copies by person ↔ documents of ``reach_<assembly>``.

    {_id: part (4) | contig (4) | person (4) | bin (4) | chunk (4) | counter (4),
     b: packed runs}

Whom the reference blocks of a part cover, so that somebody can be left out of
where it looked.  All documents of a bin together say what holds there: at each
base the most copies.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from struct import Struct
from typing import TYPE_CHECKING, cast

import numpy as np
from pymongo import ReplaceOne

from beacon.store.driver import (
    JOURNALED,
    Document,
    driver_errors,
    reach_collection,
    while_away,
)
from beacon.store.reach import (
    BIN_BITS,
    Runs,
    how_many_bins,
    in_bins,
    pack_reach,
    united,
    unpack_reach,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from motor.motor_asyncio import AsyncIOMotorCollection, AsyncIOMotorDatabase
    from numpy.typing import NDArray
    from pymongo.database import Database

    from beacon.model.people import Reached

_ID = Struct(">IIIIII")
_PERSON, _BIN = 2, 3
_FULL = 1 << 18
"""Runs that wait to be packed."""
_PIECES = 1 << 16
"""Runs that are packed at once, cut where bins begin."""
_BATCH = 5000
_AT_ONCE = 500
"""People who are read of at once."""
_NOTHING = np.zeros(0, dtype=np.int64)


class ReachWriter:
    """Collects what blocks call of people, and writes it by person and bin.

    Its documents depend only on the runs and their order: writing them again
    changes nothing.
    """

    def __init__(self, database: Database[Document], assembly: str, part: int) -> None:
        self._collection = database.get_collection(
            reach_collection(assembly), write_concern=JOURNALED
        )
        self._part = part
        self._chunk = 0
        self._counter = 0
        self._rank = 0
        self._held: list[Reached] = []
        self._size = 0

    def enter(self, chunk: int) -> None:
        """Begin a chunk; what the last one collected was taken by ``close``."""
        self._chunk, self._counter = chunk, 0

    def collect(self, reached: Reached) -> Iterator[list[Document]]:
        """Take runs; yield documents, some at a time, where enough runs wait."""
        if reached.rank != self._rank:
            yield from self.close()
        self._rank = reached.rank
        self._held.append(reached)
        self._size += len(reached.people)
        if self._size >= _FULL:
            yield from self.close()

    def close(self) -> Iterator[list[Document]]:
        """Yield the documents that are left."""
        if not self._held:
            return
        people, *runs = (
            np.concatenate([np.asarray(one[n], dtype=np.int64) for one in self._held])
            for n in range(1, 5)
        )
        self._held, self._size = [], 0
        order = people.argsort(kind="stable")
        people, ordered = people[order], Runs(*(values[order] for values in runs))
        part = np.cumsum(how_many_bins(ordered)) // _PIECES
        edges = [0, *(part[1:] != part[:-1]).nonzero()[0] + 1, len(part)]
        for low, high in pairwise(edges):
            mine = Runs(*(values[low:high] for values in ordered))
            yield self._documents(people[low:high], mine)

    def _documents(self, people: NDArray[np.int64], runs: Runs) -> list[Document]:
        which, bins, pieces = in_bins(runs)
        people = people[which]
        order = np.lexsort((bins, people))
        people, bins = people[order], bins[order]
        pieces = Runs(*(values[order] for values in pieces))
        is_first = np.ones(len(order), dtype=np.bool_)
        is_first[1:] = (people[1:] != people[:-1]) | (bins[1:] != bins[:-1])
        firsts = is_first.nonzero()[0]
        names = zip(people[firsts].tolist(), bins[firsts].tolist(), strict=True)
        edges = pairwise([*firsts.tolist(), len(order)])
        return [
            self._document(name, Runs(*(values[low:high] for values in pieces)))
            for name, (low, high) in zip(names, edges, strict=True)
        ]

    def _document(self, name: tuple[int, int], runs: Runs) -> Document:
        number = _ID.pack(self._part, self._rank, *name, self._chunk, self._counter)
        self._counter += 1
        return {"_id": number, "b": pack_reach(united(runs))}

    def write(self, documents: list[Document]) -> None:
        """Write documents, again while the server is away for a short time.

        Raises:
            StoreUnavailable: when it stays away.
        """
        for first in range(0, len(documents), _BATCH):
            batch = documents[first : first + _BATCH]
            changes = [ReplaceOne({"_id": d["_id"]}, d, upsert=True) for d in batch]
            while_away(partial(self._collection.bulk_write, changes, ordered=False))


def _bounds(part: int, rank: int, person: int, bins: range | None = None) -> Document:
    """Return the condition on ids of a person's documents on a contig."""
    if bins is None:
        low = _ID.pack(part, rank, person, 0, 0, 0)
        high = _ID.pack(part, rank, person + 1, 0, 0, 0)
    else:
        low = _ID.pack(part, rank, person, bins.start, 0, 0)
        high = _ID.pack(part, rank, person, bins.stop, 0, 0)
    return {"_id": {"$gte": low, "$lt": high}}


def _read(documents: Iterable[Mapping[str, object]]) -> dict[int, Runs]:
    """Return what documents say, by person."""
    found: dict[int, list[Runs]] = {}
    for document in documents:
        name = _ID.unpack(cast("bytes", document["_id"]))
        starts, ends, copies = unpack_reach(cast("bytes", document["b"]))
        first = name[_BIN] << BIN_BITS
        runs = Runs(starts + first, ends + first, copies)
        found.setdefault(name[_PERSON], []).append(runs)
    return {
        person: united(Runs(*map(np.concatenate, zip(*runs, strict=True))))
        for person, runs in found.items()
    }


def _of(found: Mapping[int, Runs], people: Iterable[int]) -> list[Runs]:
    nothing = Runs(_NOTHING, _NOTHING, _NOTHING)
    return [found.get(person, nothing) for person in people]


def read_reach(
    database: Database[Document],
    assembly: str,
    part: int,
    rank: int,
    people: Sequence[int],
) -> list[Runs]:
    """Return what the blocks of a part call of each of some people on a contig.

    Raises:
        StoreUnavailable: when the database cannot be read.
    """
    collection = database[reach_collection(assembly)]
    found: dict[int, Runs] = {}
    with driver_errors():
        for person in people:
            found |= _read(collection.find(_bounds(part, rank, person)))
    return _of(found, people)


def erase_reach(
    database: Database[Document],
    assembly: str,
    part: int,
    ranks: Iterable[int],
    people: Sequence[int],
    alive: Callable[[], None],
) -> None:
    """Erase what is kept of some people of a part; it may be done again.

    Raises:
        StoreUnavailable: when the database fails.
    """
    collection = database.get_collection(
        reach_collection(assembly), write_concern=JOURNALED
    )
    for rank in ranks:
        for person in people:
            with driver_errors():
                collection.delete_many(_bounds(part, rank, person))
        alive()


def forget_reach(database: Database[Document], assembly: str, part: int) -> None:
    """Delete all that is kept of a part."""
    low, high = (_ID.pack(number, 0, 0, 0, 0, 0) for number in (part, part + 1))
    collection = database[reach_collection(assembly)]
    collection.delete_many({"_id": {"$gte": low, "$lt": high}})


class ReachTable:
    """What blocks call of people, for questions.

    Args:
        database: Motor's.
        assembly: its name.
        deadline: seconds any single operation may take on the server.
    """

    def __init__(
        self, database: AsyncIOMotorDatabase[Document], assembly: str, deadline: float
    ) -> None:
        self._collection: AsyncIOMotorCollection[Document]
        self._collection = database[reach_collection(assembly)]
        self._max_ms = int(deadline * 1000)

    async def get(
        self, part: int, rank: int, stretch: tuple[int, int], people: Sequence[int]
    ) -> list[Runs]:
        """Return what blocks call of each of some people along a stretch."""
        start, end = stretch
        bins = range(start >> BIN_BITS, ((end - 1) >> BIN_BITS) + 1)
        documents: list[Document] = []
        for first in range(0, len(people), _AT_ONCE):
            some = people[first : first + _AT_ONCE]
            where = [_bounds(part, rank, person, bins) for person in some]
            with driver_errors():
                cursor = self._collection.find({"$or": where}, max_time_ms=self._max_ms)
                documents += await cursor.to_list(None)
        return _of(_read(documents), people)
