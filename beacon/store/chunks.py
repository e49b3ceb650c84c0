"""Which chunks of a load are written whole, so that a killed load can go on.

    {_id: part << 32 | chunk, text: the loader's account of it, kinds?: [...]}

A document is written after the last row of its chunk is acknowledged, so what
it says is true whenever it is there; a chunk without one is loaded again, and
its rows are put in place of those that are there already.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, NamedTuple, cast

from pymongo import ReplaceOne

from beacon.store.driver import JOURNALED, Document, driver_errors, while_away

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.database import Database

CHUNKS = "chunks"
_BITS = 32


class Mark(NamedTuple):
    """A chunk that is written whole.

    Attributes:
        text: the loader's account of it.
        kinds: what its annotations speak of; ``None``: it has none.
    """

    chunk: int
    text: str
    kinds: frozenset[str] | None


class ChunkMarks:
    """The marks of one part."""

    def __init__(self, database: Database[Document], part: int) -> None:
        self._kept = database.get_collection(CHUNKS, write_concern=JOURNALED)
        self._first = part << _BITS

    def document(self, mark: Mark) -> Document:
        """Return the document that keeps a mark."""
        return {
            "_id": self._first | mark.chunk,
            "text": zlib.compress(mark.text.encode()),
            "kinds": None if mark.kinds is None else sorted(mark.kinds),
        }

    def write(self, documents: Sequence[Document]) -> None:
        """Keep marks, again while the server is away for a short time.

        Raises:
            StoreUnavailable: when it stays away.
        """
        changes = [ReplaceOne({"_id": d["_id"]}, d, upsert=True) for d in documents]
        if changes:
            while_away(lambda: self._kept.bulk_write(changes))

    def done(self) -> frozenset[int]:
        """Return the chunks that are marked."""
        with driver_errors():
            found = self._kept.find(self._mine(), {"_id": 1})
            return frozenset(cast("int", d["_id"]) - self._first for d in found)

    def all(self) -> list[Mark]:
        """Return the marks, by chunk."""
        with driver_errors():
            return [self._read(d) for d in self._kept.find(self._mine()).sort("_id")]

    def _read(self, document: Document) -> Mark:
        kinds = cast("list[str] | None", document["kinds"])
        return Mark(
            cast("int", document["_id"]) - self._first,
            zlib.decompress(cast("bytes", document["text"])).decode(),
            None if kinds is None else frozenset(kinds),
        )

    def forget(self) -> None:
        """Remove the marks."""
        with driver_errors():
            self._kept.delete_many(self._mine())

    def _mine(self) -> Document:
        return {"_id": {"$gte": self._first, "$lt": self._first + (1 << _BITS)}}
