"""What finds documents, as kept: bitmaps of ordinals, columns, keys.  Pure.

A set's documents are numbered 0, 1, 2 … as they came.  ``documents`` holds them,

    {_id: set << 32 | ordinal, i: id, j: JSON, l?: links that it does not hold}

and ``postings`` all that finds them, under numbers of its own,

    {_id: set << 32 | number, b: bytes}

A *posting* is the bitmap of the documents that make one statement; a *column* the
amounts of one field and kind; *keys* are digests of ids, by which documents of one
set are matched to those of another; the *vocabulary* lists all of them.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from array import array
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
from pyroaring import BitMap

from beacon.model.errors import LoadRejected
from beacon.model.facts import Amount, Said, Worded
from beacon.model.fields import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    Words = NDArray[np.uint64]
    Places = NDArray[np.int64]

FIRST = 32
ROWS_A_BLOB = 250_000
"""How many rows of a column, or keys, stand in one document."""
_TEXT_BYTES = 8 * 1024 * 1024
_REGION = 28
_CHUNKS = 12
_MOST_COLUMNS = 1 << (_REGION - _CHUNKS)
_KEY_BYTES = 8


class Region(IntEnum):
    """What the numbers of a set's postings stand for: the upper bits of them."""

    STATEMENT = 0
    COLUMN = 1
    KEYS = 2
    VOCABULARY = 3
    FIELD = 4


def row_id(set_number: int, ordinal: int) -> int:
    """Return the id of a document of a set."""
    return set_number << FIRST | ordinal


def number_of(region: Region, index: int, chunk: int = 0) -> int:
    """Return the number of a posting; all but statements and fields have chunks."""
    if region in (Region.STATEMENT, Region.FIELD):
        return region << _REGION | index
    return region << _REGION | index << _CHUNKS | chunk


def is_vocabulary(number: int) -> bool:
    """Whether a number stands for a blob of the vocabulary."""
    return number >> _REGION == Region.VOCABULARY


class Column(NamedTuple):
    """The amounts of one field and kind, one row each.

    Attributes:
        ordinals: the document of each row.
        low: the least it may be.
        high: the most it may be.
    """

    ordinals: NDArray[np.uint32]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


class Entry(NamedTuple):
    """One statement that documents of a set make, and how many make it."""

    statement: Said | Worded
    size: int


class Spoken(NamedTuple):
    """In which postings a field's documents stand together.

    Attributes:
        terms: number of the documents that say any term there, if any does.
        texts: number of the documents that have any text there, if any has.
    """

    terms: int | None
    texts: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The vocabulary of a set, as kept.

    Attributes:
        entries: by their index, the postings of statements.
        columns: by their index, field, kind and rows of the columns.
        fields: what is said in each field, its denials aside.
        links: names of the links that have keys, after the ids.
        count: of the documents.
    """

    entries: tuple[Entry, ...]
    columns: tuple[tuple[str, Kind, int], ...]
    fields: Mapping[str, Spoken]
    links: tuple[str, ...]
    count: int


def pack_contents(contents: Contents) -> list[bytes]:
    """Return the blobs of a vocabulary."""
    said = [[*e.statement, e.size] for e in contents.entries]
    kept = {
        "entries": said,
        "columns": [[key, kind.value, rows] for key, kind, rows in contents.columns],
        "fields": contents.fields,
        "links": contents.links,
        "count": contents.count,
    }
    packed = zlib.compress(json.dumps(kept, separators=(",", ":")).encode(), 1)
    return [packed[i : i + _TEXT_BYTES] for i in range(0, len(packed), _TEXT_BYTES)]


def read_contents(blobs: Sequence[bytes]) -> Contents:
    """Return the vocabulary that blobs hold."""
    kept = json.loads(zlib.decompress(b"".join(blobs)))
    return Contents(
        entries=tuple(_entry(said) for said in kept["entries"]),
        columns=tuple((key, Kind(kind), rows) for key, kind, rows in kept["columns"]),
        fields={key: Spoken(*numbers) for key, numbers in kept["fields"].items()},
        links=tuple(kept["links"]),
        count=kept["count"],
    )


def _entry(said: Sequence[object]) -> Entry:
    *statement, size = said
    is_text = len(statement) == len(Worded._fields)
    made = (Worded if is_text else Said)._make(statement)
    return Entry(made, cast("int", size))


def chunks_of(rows: int) -> int:
    """Return in how many blobs so many rows are kept."""
    return -(-rows // ROWS_A_BLOB)


def pack_column(column: Column) -> Iterator[bytes]:
    """Yield the blobs of a column."""
    for first in range(0, len(column.ordinals), ROWS_A_BLOB):
        rows = slice(first, first + ROWS_A_BLOB)
        parts = (column.ordinals[rows], column.low[rows], column.high[rows])
        yield zlib.compress(b"".join(part.tobytes() for part in parts), 1)


def read_column(blobs: Sequence[bytes]) -> Column:
    """Return the column that blobs hold."""
    width = 4 + 8 + 8
    ordinals, low, high = [], [], []
    for blob in blobs:
        raw = zlib.decompress(blob)
        rows = len(raw) // width
        ordinals.append(np.frombuffer(raw, np.uint32, rows))
        low.append(np.frombuffer(raw, np.float64, rows, rows * 4))
        high.append(np.frombuffer(raw, np.float64, rows, rows * 12))
    return Column(np.concatenate(ordinals), np.concatenate(low), np.concatenate(high))


def pack_keys(keys: Words) -> Iterator[bytes]:
    """Yield the blobs of keys."""
    for first in range(0, len(keys), ROWS_A_BLOB):
        yield keys[first : first + ROWS_A_BLOB].tobytes()


def read_keys(blobs: Sequence[bytes]) -> Words:
    """Return the keys that blobs hold."""
    return np.frombuffer(b"".join(blobs), np.uint64)


def key_of(identity: str) -> int:
    """Return the digest of an id; 0 stands for no id.

    Of a million ids two share one with a probability of 1 to 37 million.
    """
    text = identity.encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(text, digest_size=_KEY_BYTES).digest()
    return int.from_bytes(digest, "little") or 1


def read_bitmap(blob: bytes) -> BitMap:
    """Return the bitmap that a blob holds."""
    return BitMap.deserialize(blob)


class Indexer:
    """Collects what finds the documents of a set, in memory, while they come.

    It takes some bytes a statement, whatever the size of the documents.
    """

    def __init__(self, links: Sequence[str]) -> None:
        self._links = tuple(links)
        self._statements: dict[Said | Worded, BitMap] = {}
        self._amounts: dict[tuple[str, Kind], tuple[array[int], array[float]]] = {}
        self._keys = [array("Q") for _ in range(1 + len(links))]
        self._ids: dict[int, int] = {}

    def ordinal_of(self, identity: str) -> int | None:
        """Return the document that has an id already."""
        return self._ids.get(key_of(identity))

    def add(
        self,
        identity: str,
        links: Mapping[str, str],
        facts: Sequence[Said | Worded | Amount],
    ) -> None:
        """Take the next document.

        Raises:
            LoadRejected: when there are more columns than can be numbered.
        """
        ordinal = len(self._ids)
        key = key_of(identity)
        self._ids[key] = ordinal
        self._keys[0].append(key)
        for row, name in enumerate(self._links, 1):
            linked = links.get(name)
            self._keys[row].append(0 if linked is None else key_of(linked))
        for fact in facts:
            if isinstance(fact, Amount):
                place = (fact.field, fact.kind)
                rows = self._amounts.get(place)
                if rows is None:
                    rows = self._amounts[place] = (array("I"), array("d"))
                    _check_columns(len(self._amounts))
                rows[0].append(ordinal)
                rows[1].extend((fact.low, fact.high))
            else:
                self._statements.setdefault(fact, BitMap()).add(ordinal)

    def blobs(self) -> Iterator[tuple[int, bytes]]:
        """Yield all that is to be kept, each under its number."""
        for index, found in enumerate(self._statements.values()):
            yield number_of(Region.STATEMENT, index), found.serialize()
        fields, together = self._fields()
        for index, found in enumerate(together):
            yield number_of(Region.FIELD, index), found.serialize()
        columns = []
        for index, ((name, kind), rows) in enumerate(self._amounts.items()):
            columns.append((name, kind, len(rows[0])))
            for chunk, blob in enumerate(pack_column(_column(*rows))):
                yield number_of(Region.COLUMN, index, chunk), blob
        for index, keys in enumerate(self._keys):
            for chunk, blob in enumerate(pack_keys(np.array(keys, np.uint64))):
                yield number_of(Region.KEYS, index, chunk), blob
        contents = Contents(
            entries=tuple(Entry(s, len(b)) for s, b in self._statements.items()),
            columns=tuple(columns),
            fields=fields,
            links=self._links,
            count=len(self._ids),
        )
        for chunk, blob in enumerate(pack_contents(contents)):
            yield number_of(Region.VOCABULARY, 0, chunk), blob

    def _fields(self) -> tuple[dict[str, Spoken], list[BitMap]]:
        """Return by field who says anything there, as numbers of bitmaps."""
        found: dict[tuple[str, bool], BitMap] = {}
        for statement, bitmap in self._statements.items():
            is_text = isinstance(statement, Worded)
            if not (isinstance(statement, Said) and statement.is_denied):
                key = (statement.field, is_text)
                found[key] = found.get(key, BitMap()) | bitmap
        numbers = {key: number for number, key in enumerate(found)}
        names = dict.fromkeys(name for name, _ in found)
        fields = {
            name: Spoken(numbers.get((name, False)), numbers.get((name, True)))
            for name in names
        }
        return fields, list(found.values())


def _check_columns(number: int) -> None:
    if number > _MOST_COLUMNS:
        message = (
            f"the documents have numbers, dates or ages under more than {_MOST_COLUMNS}"
            " names: what differs from record to record is a value, not a name in info"
        )
        raise LoadRejected(message)


def _column(ordinals: array[int], amounts: array[float]) -> Column:
    both = np.array(amounts, np.float64).reshape(-1, 2)
    return Column(
        np.array(ordinals, np.uint32),
        np.ascontiguousarray(both[:, 0]),
        np.ascontiguousarray(both[:, 1]),
    )
