"""Tables that are read whole, as a store keeps them: genes, and ontologies.

They are compressed texts behind one pointer, in a collection of their own.
The pointer names every text's version; changing it is the only way anything of a
new table becomes visible, and all of it at once.  A reader that finds a text gone
has an old pointer, and reads that again.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, TypedDict, cast

from pymongo import ReturnDocument

from beacon.model.errors import StoreUnavailable
from beacon.store.driver import (
    COUNTERS,
    JOURNALED,
    LONGEST_MS,
    Document,
    driver_errors,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from motor.motor_asyncio import AsyncIOMotorDatabase
    from pymongo.database import Database

POINTER = "pointer"
_PART = 8 * 1024 * 1024
_TRIES = 3


class _Kept(TypedDict):
    """Where a text is: the number of its version, and of its parts."""

    version: int
    parts: int


def keep_texts(
    database: Database[Document], table: str, texts: Mapping[str, bytes]
) -> None:
    """Replace the texts of these names, all at once; others stay.

    Raises:
        StoreUnavailable: when the store fails; what was there stays.
    """
    with driver_errors():
        kept = database.get_collection(table, write_concern=JOURNALED)
        counter = database[COUNTERS].find_one_and_update(
            {"_id": table},
            {"$inc": {"last": 1}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        version = cast("int", (counter or {})["last"])
        pointed: dict[str, object] = {"version": version}
        for name, text in texts.items():
            parts = _packed(text)
            kept.insert_many(
                [
                    {"_id": _part_id(name, version, number), "z": part}
                    for number, part in enumerate(parts)
                ]
            )
            pointed[f"texts.{name}"] = _Kept(version=version, parts=len(parts))
        before = kept.find_one_and_update(
            {"_id": POINTER}, {"$set": pointed}, upsert=True
        )
        old = _texts(before)
        gone = [i for name in old.keys() & texts.keys() for i in _ids(name, old[name])]
        kept.delete_many({"_id": {"$in": gone}})


def text_names(database: Database[Document], table: str) -> frozenset[str]:
    """Return the names of the texts that are kept.

    Raises:
        StoreUnavailable: when the store fails.
    """
    with driver_errors():
        return frozenset(_texts(database[table].find_one({"_id": POINTER})))


def _packed(text: bytes) -> list[bytes]:
    packed = zlib.compress(text)
    return [packed[at : at + _PART] for at in range(0, len(packed), _PART)]


def _part_id(name: str, version: int, number: int) -> str:
    return f"{name} {version} {number}"


def _ids(name: str, kept: _Kept) -> list[str]:
    return [_part_id(name, kept["version"], n) for n in range(kept["parts"])]


def _texts(pointer: Mapping[str, object] | None) -> dict[str, _Kept]:
    return cast("dict[str, _Kept]", (pointer or {}).get("texts", {}))


async def texts_version(database: AsyncIOMotorDatabase[Document], table: str) -> int:
    """Return the version of the table; 0: there is none."""
    found = await database[table].find_one(
        {"_id": POINTER}, {"version": 1}, max_time_ms=LONGEST_MS
    )
    return 0 if found is None else cast("int", found["version"])


async def read_texts(
    database: AsyncIOMotorDatabase[Document], table: str
) -> tuple[int, dict[str, bytes]]:
    """Return the version of the table and its texts.

    Raises:
        StoreUnavailable: when it changes faster than it can be read.
    """
    for _ in range(_TRIES):
        pointer = await database[table].find_one(
            {"_id": POINTER}, max_time_ms=LONGEST_MS
        )
        kept = _texts(pointer)
        wanted = [i for name, each in kept.items() for i in _ids(name, each)]
        where: Document = {"_id": {"$in": wanted}}
        cursor = database[table].find(where, max_time_ms=LONGEST_MS)
        found = await cursor.to_list(None)
        parts = {str(d["_id"]): cast("bytes", d["z"]) for d in found}
        if len(parts) == len(wanted):
            version = cast("int", (pointer or {}).get("version", 0))
            return version, {
                name: zlib.decompress(b"".join(parts[i] for i in _ids(name, each)))
                for name, each in kept.items()
            }
    message = f"the table of {table} changes faster than it can be read"
    raise StoreUnavailable(message)
