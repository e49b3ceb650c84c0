"""Rows of short variants as the server sends them, found in its message unread.

A reply is not decoded: rows are told by their keys, all of them at once, and only
what is wanted is cut out.  The driver makes an object of every row, whatever it is
asked for, unless the command is sent and the reply is taken as it is.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, NamedTuple, cast

import bson
import numpy as np
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.errors import AutoReconnect

from beacon.model.errors import StoreUnavailable
from beacon.store.driver import Document, driver_errors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from motor.motor_asyncio import AsyncIOMotorCollection
    from numpy.typing import NDArray

    from beacon.store.rows import Counts

Row = tuple[int, bytes]
"""The key of a row, and all that follows it in the document."""

_RAW = CodecOptions(document_class=RawBSONDocument)
_MOST = 5_000
"""Rows of one message: finding them holds nobody up; it also ends at 16 MiB."""
_SIZE, _KEY = Struct("<i"), Struct("<q")
_ARRAY, _DOCUMENT, _INT64, _TEXT = 0x04, 0x03, 0x12, 0x02
_MARK = b"\x12_id\0"
_TO_KEY, _TO_REST = 9, 17
ROW_BEGINS = b"\x03d\0"
"""What follows the key of a row that says no more than counts; then their size."""
_OFFSET, _ALLELE_BITS = 1 << 63, 31
_BEFORE_ALL = -(1 << 63) - 1
_DISORDER = "The database gave its rows in disorder."


_POWERS = 10 ** np.arange(1, 10)


class Rows(NamedTuple):
    """The rows of one message, in the order of their keys.

    Attributes:
        text: the message.
        keys: of the rows.
        begins, ends: where each row's document lies in the message.
    """

    text: bytes
    keys: NDArray[np.int64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.keys)

    def at(self, places: Sequence[int]) -> Iterator[tuple[int, Row]]:
        """Yield the rows that begin at some places, and where.

        Args:
            places: as ``keys.place_key`` gives them, in order; at least one.
        """
        mine = (self.keys.view(np.uint64) ^ np.uint64(_OFFSET)) >> np.uint64(
            _ALLELE_BITS
        )
        wanted = np.array(places, np.uint64)
        nearest = np.searchsorted(wanted, mine)
        nearest[nearest == len(wanted)] = 0
        kept = np.flatnonzero(wanted[nearest] == mine)
        text = self.text
        for place, key, begin, end in zip(
            mine[kept].tolist(),
            self.keys[kept].tolist(),
            self.begins[kept].tolist(),
            self.ends[kept].tolist(),
            strict=True,
        ):
            yield place, (key, text[begin + _TO_REST : end])

    def every(self) -> Iterator[Row]:
        """Yield all rows."""
        bounds = zip(self.begins.tolist(), self.ends.tolist(), strict=True)
        for key, (begin, end) in zip(self.keys.tolist(), bounds, strict=True):
            yield key, self.text[begin + _TO_REST : end]


def counts_of(rest: bytes) -> Counts:
    """Return what a row holds, by field."""
    if rest.startswith(ROW_BEGINS):
        (size,) = _SIZE.unpack_from(rest, len(ROW_BEGINS))
        return cast(
            "Counts", bson.decode(rest[len(ROW_BEGINS) : len(ROW_BEGINS) + size])
        )
    return cast("Counts", _decoded(rest)["d"])


def spelling_of(rest: bytes) -> tuple[object, object]:
    """Return REF and ALT of a row whose key is their hash."""
    row = _decoded(rest)
    return row.get("r"), row.get("a")


def _decoded(rest: bytes) -> Document:
    return cast("Document", bson.decode(_SIZE.pack(len(rest) + _SIZE.size) + rest))


async def find_raw(
    collection: AsyncIOMotorCollection[Document],
    where: Document,
    hint: str,
    max_ms: int,
) -> AsyncIterator[Rows]:
    """Yield the short rows that meet a condition, message by message, by their keys.

    Each message is a question of its own, so that no cursor is left behind.

    Args:
        collection: of short variants.
        where: the condition; one on ``_id``.
        hint: the index to use, by which rows come in the order of their keys.
        max_ms: milliseconds the server may take for a message.

    Raises:
        StoreUnavailable: when the database fails or is too slow, or its rows come in
            another order, in which some would be passed over.
    """
    asked, last = where, _BEFORE_ALL
    while True:
        command = {
            "find": collection.name,
            "filter": asked,
            "hint": hint,
            "sort": {"_id": 1},
            "limit": _MOST,
            "batchSize": _MOST,
            "maxTimeMS": max_ms,
        }
        with driver_errors():
            rows, cursor = rows_of(await _sent(collection, command))
            if cursor:
                await _end(collection, cursor)
        if len(rows):
            if not _ascends(rows.keys, last):
                raise StoreUnavailable(_DISORDER)
            yield rows
        if not cursor and len(rows) < _MOST:
            return
        last = int(rows.keys[-1])
        asked = {"$and": [where, {"_id": {"$gt": last}}]}


def _ascends(keys: NDArray[np.int64], last: int) -> bool:
    """Whether each key is above the one before it, and the first above the last."""
    return int(keys[0]) > last and bool((keys[1:] > keys[:-1]).all())


async def _sent(
    collection: AsyncIOMotorCollection[Document], command: Document
) -> bytes:
    """Return the reply to a read; it is asked once more where the server was away."""
    database = collection.database
    asked = command | {"readConcern": collection.read_concern.document}
    reads = collection.read_preference
    try:
        reply = await database.command(asked, read_preference=reads, codec_options=_RAW)
    except AutoReconnect:
        reply = await database.command(asked, read_preference=reads, codec_options=_RAW)
    return bytes(reply["cursor"].raw)


async def _end(collection: AsyncIOMotorCollection[Document], cursor: int) -> None:
    """Tell the server that nobody reads on from a cursor."""
    command = {"killCursors": collection.name, "cursors": [cursor]}
    await collection.database.command(
        command, read_preference=collection.read_preference
    )


def rows_of(cursor: bytes) -> tuple[Rows, int]:
    """Return the rows of a reply, and its cursor where there are more, or 0.

    Args:
        cursor: its member ``cursor``, a document of a batch and a number.
    """
    rows, number = _no_rows(cursor), 0
    at = _SIZE.size
    while cursor[at]:
        kind = cursor[at]
        end = cursor.index(0, at)
        name, at = cursor[at + 1 : end], end + 1
        if kind in (_ARRAY, _DOCUMENT):
            (size,) = _SIZE.unpack_from(cursor, at)
            if name == b"firstBatch":
                rows = _found(cursor, at, at + size)
        elif kind == _INT64:
            size = _KEY.size
            if name == b"id":
                (number,) = _KEY.unpack_from(cursor, at)
        elif kind == _TEXT:
            size = _SIZE.size + _SIZE.unpack_from(cursor, at)[0]
        else:
            size = 1  # a claim; there is nothing else
        at += size
    return rows, number


def _no_rows(text: bytes) -> Rows:
    none = np.zeros(0, np.int64)
    return Rows(text, none, none, none)


def _found(text: bytes, first: int, end: int) -> Rows:
    """Return the rows of an array that lies from one byte to another.

    Keys are looked for by what stands before them.  Their rows must follow each
    other without a gap from the first byte to the last, as no others would: counts
    that hold the same bytes by chance would break the chain.
    """
    whole = np.frombuffer(text, np.uint8)[first:end]
    at = np.flatnonzero(whole[: -_TO_REST or None] == _MARK[0])
    for n, byte in enumerate(_MARK[1:], 1):
        at = at[whole[at + n] == byte]
    begins = at - _SIZE.size
    if not len(begins) or begins[0] < 0:
        return _walked(text, first, end)
    sizes = _numbers(whole, begins, "<i4").astype(np.int64)
    ends = begins + sizes
    # Before each row stand its kind, its number in digits, and a zero.
    digits = np.searchsorted(_POWERS, np.arange(len(begins)), side="right") + 1
    starts = np.concatenate(([_SIZE.size], ends[:-1])) + digits + 2
    if not np.array_equal(starts, begins) or ends[-1] + 1 != end - first:
        return _walked(text, first, end)
    keys = _numbers(whole, begins + _TO_KEY, "<i8").astype(np.int64)
    return Rows(text, keys, begins + first, ends + first)


def _numbers(
    whole: NDArray[np.uint8], at: NDArray[np.int64], kind: str
) -> NDArray[np.int64]:
    """Return the numbers that begin at some bytes."""
    width = np.dtype(kind).itemsize
    taken = whole[at[:, None] + np.arange(width)]
    return cast("NDArray[np.int64]", taken.view(kind)[:, 0])


def _walked(text: bytes, first: int, end: int) -> Rows:
    """Return the same, row after row; a small key has 32 bits, and is spelled anew."""
    pieces: list[bytes] = []
    found: list[tuple[int, int, int]] = []
    at, length = first + _SIZE.size, 0
    while at < end - 1:
        begin = text.index(0, at + 1) + 1
        (size,) = _SIZE.unpack_from(text, begin)
        at = begin + size
        row = text[begin:at]
        if row[_SIZE.size : _SIZE.size + len(_MARK)] != _MARK:
            row = _with_long_key(row)
        (key,) = _KEY.unpack_from(row, _TO_KEY)
        found.append((key, length, length + len(row)))
        pieces.append(row)
        length += len(row)
    keys, begins, ends = np.array(found, np.int64).reshape(-1, 3).T
    return Rows(b"".join(pieces), keys, begins, ends)


def _with_long_key(row: bytes) -> bytes:
    """Return a row whose key has 64 bits."""
    document = cast("Document", bson.decode(row))
    key = bson.Int64(cast("int", document.pop("_id")))
    return bson.encode({"_id": key, **document})
