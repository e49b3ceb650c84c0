"""The people behind a part's counts, as a store keeps them: compressed texts.

``people`` holds, for each part of a release, documents of up to 50,000 people,

    {_id: part << 32 | first person, v: version, z: zlib of JSON}

written before the part's release is published and removed with its rows.  Somebody
who withdrew is erased in place: the number stays, and nothing else of the person.
"""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, cast

from beacon.model.people import People
from beacon.store.driver import (
    JOURNALED,
    LONGEST_MS,
    PEOPLE,
    RELEASES,
    Document,
    driver_errors,
    while_away,
)
from beacon.store.members import asked_for_many

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from motor.motor_asyncio import AsyncIOMotorDatabase
    from pymongo.collection import Collection as Table
    from pymongo.database import Database

_KEPT_OF = ("has_people", "has_reach")
"""What a load that keeps people keeps of them, beside their carriers."""
_CHUNK = 50_000
_LARGEST = 8 * 1024 * 1024
_FIRST = 32
_FRESH = 1.0
_KEPT = 64
"""How many parts' people a process remembers."""

_Versions = tuple[tuple[object, object], ...]
"""What tells whether documents were changed: their ids and versions."""


class _Chunk(TypedDict):
    """Some people of a part, as JSON."""

    names: list[str | None]
    samples: list[list[str]]
    columns: list[int]
    table: dict[str, list[str | None]]


def keep_people(database: Database[Document], part: int, people: People) -> None:
    """Keep who is behind the counts of a part, and say so in its release.

    It may be done again, as long as nobody was erased.

    Raises:
        StoreUnavailable: when the store fails.
    """
    documents = list(_documents(part, people))
    collection = database.get_collection(PEOPLE, write_concern=JOURNALED)
    for document in documents:
        where = {"_id": document["_id"]}

        def write(where: Document = where, document: Document = document) -> None:
            collection.replace_one(where, document, upsert=True)

        while_away(write)
    kept = {document["_id"] for document in documents}
    with driver_errors():
        collection.delete_many({"$and": [_of(part), {"_id": {"$nin": list(kept)}}]})
        database.get_collection(RELEASES, write_concern=JOURNALED).update_many(
            {"parts.number": part},
            {"$set": {f"parts.$[this].{name}": True for name in _KEPT_OF}},
            array_filters=[{"this.number": part}],
        )


def forget_people(database: Database[Document], part: int) -> None:
    """Remove all people of a part."""
    database.get_collection(PEOPLE, write_concern=JOURNALED).delete_many(_of(part))


def read_people(database: Database[Document], part: int) -> People | None:
    """Return the people of a part; ``None`` where none are kept.

    Raises:
        StoreUnavailable: when the store fails.
    """
    with driver_errors():
        found = list(database[PEOPLE].find(_of(part)).sort("_id"))
    return _joined(found)


def erase_people(
    database: Database[Document], part: int, people: Collection[int]
) -> None:
    """Erase the name of some people, their samples and all that is told of them.

    Their numbers and columns stay.  It may be done again.

    Raises:
        StoreUnavailable: when the store fails.
    """
    collection = database.get_collection(PEOPLE, write_concern=JOURNALED)
    with driver_errors():
        ids = [cast("int", d["_id"]) for d in collection.find(_of(part), {"_id": 1})]
        for number in sorted(ids):
            while not _erased(collection, number, people):
                pass


def _erased(collection: Table[Document], number: int, people: Collection[int]) -> bool:
    """Erase people of one document; whether nobody changed it meanwhile."""
    found = collection.find_one({"_id": number})
    if found is None:
        return True
    chunk, first = _unpacked(found), number & (1 << _FIRST) - 1
    mine = [p - first for p in people if 0 <= p - first < len(chunk["names"])]
    if not mine:
        return True
    for place in mine:
        chunk["names"][place] = None
        chunk["samples"][place] = []
        for values in chunk["table"].values():
            values[place] = None
    version = cast("int", found["v"])
    changed = collection.replace_one(
        {"_id": number, "v": version}, _document(number, chunk, version + 1)
    )
    return changed.matched_count == 1


class PeopleTable:
    """Reads the people of parts; what was read is checked again after a second."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._database = database
        self._known: dict[int, _Known] = {}
        self._reading: dict[int, asyncio.Lock] = {}

    async def get(self, part: int) -> People | None:
        """Return the people of a part; ``None`` where none are kept.

        Raises:
            StoreUnavailable: when the store fails.
        """
        async with self._reading.setdefault(part, asyncio.Lock()):
            known = self._known.get(part)
            if known is None or time.monotonic() - known.read_at > _FRESH:
                known = await self._read(part, known)
            return known.people

    async def _read(self, part: int, known: _Known | None) -> _Known:
        read_at = time.monotonic()
        found = await asked_for_many(lambda: self._find(part, {"v": 1}))
        if known is not None and known.versions == _versions(found):
            people = known.people
        else:
            found = await asked_for_many(lambda: self._find(part, None))
            people = await asyncio.to_thread(_joined, found)
        versions = _versions(found)
        known = _Known(read_at=read_at, versions=versions, people=people)
        self._known.pop(part, None)
        self._known[part] = known
        while len(self._known) > _KEPT:
            del self._known[next(iter(self._known))]
        return known

    async def _find(self, part: int, fields: Document | None) -> list[Document]:
        with driver_errors():
            found = self._database[PEOPLE].find(
                _of(part), fields, max_time_ms=LONGEST_MS
            )
            return await found.sort("_id").to_list(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """People as they were read."""

    read_at: float
    versions: _Versions
    people: People | None


def _versions(
    found: Sequence[Mapping[str, object]],
) -> tuple[tuple[object, object], ...]:
    return tuple((document["_id"], document["v"]) for document in found)


def _of(part: int) -> Document:
    return {"_id": {"$gte": part << _FIRST, "$lt": (part + 1) << _FIRST}}


def _documents(part: int, people: People) -> Iterator[Document]:
    for first in range(0, len(people.names), _CHUNK):
        last = min(first + _CHUNK, len(people.names))
        yield from _cut(part, people, first, last)


def _cut(part: int, people: People, first: int, last: int) -> Iterator[Document]:
    """Yield the documents of people ``[first, last)``, none of them too large."""
    document = _document(part << _FIRST | first, _chunk(people, first, last), 0)
    if len(cast("bytes", document["z"])) <= _LARGEST or last - first == 1:
        yield document
        return
    middle = (first + last) // 2
    yield from _cut(part, people, first, middle)
    yield from _cut(part, people, middle, last)


def _chunk(people: People, first: int, last: int) -> _Chunk:
    return {
        "names": list(people.names[first:last]),
        "samples": [list(samples) for samples in people.samples[first:last]],
        "columns": list(people.column_of[first:last]),
        "table": {c: list(v[first:last]) for c, v in people.table.items()},
    }


def _document(number: int, chunk: _Chunk, version: int) -> Document:
    text = json.dumps(chunk, ensure_ascii=False, separators=(",", ":"))
    packed = zlib.compress(text.encode("utf-8", "surrogatepass"))
    return {"_id": number, "v": version, "z": packed}


def _unpacked(document: Mapping[str, object]) -> _Chunk:
    text = zlib.decompress(cast("bytes", document["z"]))
    return cast("_Chunk", json.loads(text.decode("utf-8", "surrogatepass")))


def _joined(documents: Sequence[Mapping[str, object]]) -> People | None:
    """Return the people that documents hold, in their order."""
    if not documents:
        return None
    chunks = [_unpacked(document) for document in documents]
    return People(
        names=tuple(n for chunk in chunks for n in chunk["names"]),
        samples=tuple(tuple(s) for chunk in chunks for s in chunk["samples"]),
        column_of=tuple(c for chunk in chunks for c in chunk["columns"]),
        table={
            column: tuple(v for chunk in chunks for v in chunk["table"][column])
            for column in chunks[0]["table"]
        },
    )
