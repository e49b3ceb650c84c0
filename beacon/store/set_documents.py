"""Sets of documents, and cohorts, ↔ what is kept of them.  Pure."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, NotRequired, TypedDict, cast

import orjson

from beacon.model.dataset import Input
from beacon.model.records import LINKS, DocumentSet, Record
from beacon.store.postings import row_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from beacon.model.records import Json
    from beacon.store.release_documents import InputDocument, OwnerDocument

_COHORT_BYTES = 8 * 1024 * 1024


class ServedDocument(TypedDict):
    """A set that a dataset serves, as its document keeps it."""

    number: int
    count: int
    fingerprint: str
    published: datetime
    inputs: list[InputDocument]
    vocabulary: int
    left_out: NotRequired[list[str]]


class SetDocument(TypedDict):
    """A set, as kept while it is loaded and until it is removed.

    ``state`` is ``loading``, ``ready`` or ``removing``.
    """

    _id: int
    dataset: str
    entry_type: str
    state: str
    owner: OwnerDocument
    heartbeat: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSet:
    """A set, and how its vocabulary is kept.

    Attributes:
        vocabulary: in how many blobs.
    """

    set: DocumentSet
    vocabulary: int


def read_sets(document: Mapping[str, object]) -> dict[str, StoredSet]:
    """Return the sets that a dataset serves, by entry type."""
    kept = cast("Mapping[str, ServedDocument]", document.get("documents") or {})
    return {
        entry_type: StoredSet(
            set=DocumentSet(
                number=served["number"],
                entry_type=entry_type,
                dataset=cast("str", document["_id"]),
                count=served["count"],
                fingerprint=served["fingerprint"],
                published=served["published"],
                inputs=tuple(Input(**i) for i in served["inputs"]),
                left_out=frozenset(served.get("left_out", ())),
            ),
            vocabulary=served["vocabulary"],
        )
        for entry_type, served in kept.items()
    }


class CohortPointer(NamedTuple):
    """Where the cohorts of a dataset are: under which number, in how many blobs."""

    number: int
    blobs: int

    @property
    def ids(self) -> list[int]:
        """The ids of the blobs."""
        return [row_id(self.number, n) for n in range(self.blobs)]


def cohort_pointer(document: Mapping[str, object]) -> CohortPointer | None:
    """Return where a dataset's cohorts are; ``None``: it has none."""
    kept = cast("Mapping[str, int] | None", document.get("cohorts"))
    return None if kept is None else CohortPointer(kept["number"], kept["blobs"])


def pack_cohorts(records: Sequence[Record]) -> list[bytes]:
    """Return the blobs of cohorts."""
    kept = [[r.id, r.document, r.members] for r in records]
    packed = zlib.compress(json.dumps(kept).encode())
    return [packed[i : i + _COHORT_BYTES] for i in range(0, len(packed), _COHORT_BYTES)]


def read_cohorts(blobs: Sequence[bytes]) -> tuple[Record, ...]:
    """Return the cohorts that blobs hold."""
    kept = json.loads(zlib.decompress(b"".join(blobs)))
    return tuple(
        Record(
            id=identity,
            document=document,
            members=None if members is None else tuple(members),
        )
        for identity, document, members in kept
    )


def pack_json(document: Json) -> bytes:
    """Return a document as bytes."""
    try:
        return orjson.dumps(document)
    except TypeError:  # an integer beyond 64 bits, or half a character
        return json.dumps(document, separators=(",", ":")).encode()


def read_json(packed: bytes) -> Json:
    """Return the document that bytes hold."""
    try:
        return cast("Json", orjson.loads(packed))
    except ValueError:
        return cast("Json", json.loads(packed))


def links_of(entry_type: str, document: Json) -> dict[str, str]:
    """Return the links that a document holds itself."""
    held = ((name, document.get(name)) for name in LINKS[entry_type])
    return {name: value for name, value in held if isinstance(value, str) and value}


def read_record(entry_type: str, kept: Mapping[str, object]) -> Record:
    """Return the record that a row of ``documents`` holds."""
    document = read_json(cast("bytes", kept["j"]))
    links = cast("dict[str, str] | None", kept.get("l"))
    return Record(
        id=cast("str", kept["i"]),
        document=document,
        links=links_of(entry_type, document) if links is None else links,
    )
