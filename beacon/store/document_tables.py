"""Reads what is kept of sets of documents, and remembers it: a set never changes.

Every number that is asked for is known to be there.  Where one is missing, the set
was removed meanwhile, and that is an error and no answer.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar, cast

from beacon.model.errors import StoreUnavailable
from beacon.model.records import LINKS
from beacon.store.driver import DOCUMENTS, POSTINGS, Document, driver_errors
from beacon.store.linking import Keys, Linked
from beacon.store.members import asked_for_many
from beacon.store.postings import (
    Region,
    chunks_of,
    number_of,
    read_bitmap,
    read_column,
    read_contents,
    read_keys,
    row_id,
)
from beacon.store.remembered import Remembered
from beacon.store.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence

    from motor.motor_asyncio import AsyncIOMotorDatabase
    from pyroaring import BitMap

    from beacon.model.people import People
    from beacon.model.records import Record
    from beacon.store.postings import Column, Places, Words
    from beacon.store.set_documents import StoredSet

K = TypeVar("K", bound="Hashable")
T = TypeVar("T")

_AT_ONCE = 1000
_MEGABYTE = 1024 * 1024
_BITMAP_BYTES = 200


class DocumentTables:
    """The documents of all datasets, as they are kept.

    Args:
        deadline: seconds a read may take.
    """

    def __init__(
        self, database: AsyncIOMotorDatabase[Document], deadline: float
    ) -> None:
        self._documents = database[DOCUMENTS]
        self._postings = database[POSTINGS]
        self._max_ms = int(deadline * 1000)
        self._vocabularies: Remembered[int, Vocabulary] = Remembered(256 * _MEGABYTE)
        self._bitmaps: Remembered[int, BitMap] = Remembered(64 * _MEGABYTE)
        self._columns: Remembered[int, Column] = Remembered(128 * _MEGABYTE)
        self._linked: Remembered[tuple[int, ...], Linked] = Remembered(256 * _MEGABYTE)
        self._reading: dict[object, asyncio.Task[object]] = {}
        self.people: Remembered[
            tuple[int, ...], tuple[People, tuple[Places, Places]]
        ] = Remembered(64 * _MEGABYTE)
        """Who of a part is which individual, by the numbers of part and sets."""

        self.members: Remembered[tuple[int, str], tuple[Record, BitMap]] = Remembered(
            32 * _MEGABYTE
        )
        """The individuals of cohorts, by the number of the set and the cohort's id."""

    async def vocabulary(self, stored: StoredSet) -> Vocabulary:
        """Return what the documents of a set say.

        Raises:
            StoreUnavailable: when it cannot be read.
        """
        number = stored.set.number
        places = [number_of(Region.VOCABULARY, 0, n) for n in range(stored.vocabulary)]

        async def read() -> Vocabulary:
            blobs = await self._blobs(number, places)
            return await asyncio.to_thread(lambda: Vocabulary(read_contents(blobs)))

        return await self.once(
            self._vocabularies, number, read, lambda vocabulary: vocabulary.weight
        )

    async def bitmaps(self, number: int, places: Sequence[int]) -> list[BitMap]:
        """Return postings of a set, by their numbers; not to be changed.

        Raises:
            StoreUnavailable: when they cannot be read.
        """
        ids = [row_id(number, place) for place in places]
        found = {i: self._bitmaps.get(i) for i in ids}
        missing = [i for i, bitmap in found.items() if bitmap is None]
        for blob, i in zip(await self._read(missing), missing, strict=True):
            bitmap = found[i] = read_bitmap(blob)
            self._bitmaps.keep(i, bitmap, len(blob) + _BITMAP_BYTES)
        return [cast("BitMap", found[i]) for i in ids]

    async def column(self, number: int, index: int, rows: int) -> Column:
        """Return a column of a set.

        Raises:
            StoreUnavailable: when it cannot be read.
        """
        places = [number_of(Region.COLUMN, index, n) for n in range(chunks_of(rows))]

        async def read() -> Column:
            return read_column(await self._blobs(number, places))

        key = row_id(number, places[0])
        return await self.once(self._columns, key, read, lambda _: 20 * rows)

    async def linked(self, sets: Mapping[str, StoredSet]) -> Linked:
        """Return how the documents of a dataset's sets belong together.

        Raises:
            StoreUnavailable: when their keys cannot be read.
        """
        numbers = tuple(sorted(stored.set.number for stored in sets.values()))

        async def read() -> Linked:
            return Linked({name: await self._keys(s) for name, s in sets.items()})

        return await self.once(
            self._linked, numbers, read, lambda linked: linked.weight
        )

    async def _keys(self, stored: StoredSet) -> Keys:
        chunks = range(chunks_of(stored.set.count))
        names = LINKS[stored.set.entry_type]

        async def read(index: int) -> Words:
            places = [number_of(Region.KEYS, index, n) for n in chunks]
            return read_keys(await self._blobs(stored.set.number, places))

        links = {name: await read(n) for n, name in enumerate(names.values(), 1)}
        return Keys(ids=await read(0), links=links)

    async def rows(
        self, number: int, ordinals: Sequence[int], *, has_json: bool = True
    ) -> list[Document]:
        """Return documents of a set as they are kept, in the order asked for.

        Raises:
            StoreUnavailable: when they cannot be read.
        """
        ids = [row_id(number, ordinal) for ordinal in ordinals]
        fields = None if has_json else {"i": 1}
        found: dict[object, Document] = {}
        for first in range(0, len(ids), _AT_ONCE):
            some = ids[first : first + _AT_ONCE]

            async def read(some: list[int] = some) -> list[Document]:
                with driver_errors():
                    cursor = self._documents.find(
                        {"_id": {"$in": some}}, fields, max_time_ms=self._max_ms
                    )
                    return await cursor.to_list(None)

            found |= {row["_id"]: row for row in await asked_for_many(read)}
        _check_whole(len(ids), len(found))
        return [found[i] for i in ids]

    async def _blobs(self, number: int, places: Sequence[int]) -> list[bytes]:
        return await self._read([row_id(number, place) for place in places])

    async def _read(self, ids: Sequence[int]) -> list[bytes]:
        """Return blobs in the order asked for, all of them."""
        found: dict[object, bytes] = {}
        for first in range(0, len(ids), _AT_ONCE):
            some = list(ids[first : first + _AT_ONCE])

            async def read(some: list[int] = some) -> list[Document]:
                with driver_errors():
                    cursor = self._postings.find(
                        {"_id": {"$in": some}}, max_time_ms=self._max_ms
                    )
                    return await cursor.to_list(None)

            kept = await asked_for_many(read)
            found |= {row["_id"]: cast("bytes", row["b"]) for row in kept}
        _check_whole(len(ids), len(found))
        return [found[i] for i in ids]

    async def once(
        self,
        table: Remembered[K, T],
        key: K,
        read: Callable[[], Awaitable[T]],
        weight: Callable[[T], int],
    ) -> T:
        """Return what is remembered, or read it, once for all who want it.

        Who leaves does not stop the reading: whoever asks again finds it done.

        Raises:
            StoreUnavailable: as ``read`` does.
        """
        found = table.get(key)
        if found is not None:
            return found
        place = (id(table), key)
        reading = cast("asyncio.Task[T] | None", self._reading.get(place))
        if reading is None:

            async def keep() -> T:
                try:
                    found = await read()
                    table.keep(key, found, weight(found))
                    return found
                finally:
                    self._reading.pop(place, None)

            reading = asyncio.create_task(keep())
            reading.add_done_callback(_take_error)
            self._reading[place] = cast("asyncio.Task[object]", reading)
        return await asyncio.shield(reading)


def _take_error(reading: asyncio.Task[T]) -> None:
    """Take the error of a reading that nobody may wait for any more."""
    if not reading.cancelled():
        reading.exception()


def _check_whole(asked: int, found: int) -> None:
    if asked != found:
        message = "the documents were replaced while the question was being answered"
        raise StoreUnavailable(message)
