"""Writing the documents of one entry type of a dataset: all of them, or none.

Rows go out while documents come; what finds them is collected in memory and written
at the end, before the one pointer is flipped.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from pymongo.errors import BulkWriteError

from beacon.model.errors import LoadRejected, StoreUnavailable
from beacon.model.facts import facts_of
from beacon.model.records import LINKS, DocumentSet
from beacon.store.driver import (
    DOCUMENTS,
    JOURNALED,
    POSTINGS,
    Document,
    driver_errors,
    duplicates,
    server_time,
    while_away,
)
from beacon.store.postings import Indexer, is_vocabulary, row_id
from beacon.store.set_documents import ServedDocument, links_of, pack_json, read_sets

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from pymongo.collection import Collection as Rows
    from pymongo.database import Database

    from beacon.model.dataset import Input
    from beacon.model.records import Record
    from beacon.store.document_sets import DocumentSets, SetTicket

_ROWS = 1000
_BYTES = 4 * 1024 * 1024
LARGEST = 15 * 1024 * 1024
"""Bytes of one document at most."""
_HEARTBEAT = 5.0


class DocumentWriter:
    """Takes the documents of one set; every method raises ``StoreUnavailable``.

    Exactly one of ``publish`` and ``abandon`` ends it.
    """

    def __init__(
        self, database: Database[Document], sets: DocumentSets, ticket: SetTicket
    ) -> None:
        self._database = database
        self._sets = sets
        self._ticket = ticket
        self._documents = database.get_collection(DOCUMENTS, write_concern=JOURNALED)
        self._postings = database.get_collection(POSTINGS, write_concern=JOURNALED)
        self._links = tuple(LINKS[ticket.entry_type])
        self._index = Indexer(self._links)
        self._renewed = time.monotonic()
        self.count = 0

    def put(self, records: Iterable[Record]) -> None:
        """Write documents; their order is that of pages.

        Raises:
            LoadRejected: when two have one id, one is too large, or the load was
                taken for dead.
        """
        self._write(self._documents, map(self._row, records))

    def _row(self, record: Record) -> Document:
        entry_type = self._ticket.entry_type
        if self._index.ordinal_of(record.id) is not None:
            message = f"two {entry_type} documents have the id {record.id}"
            raise LoadRejected(message)
        packed = pack_json(record.document)
        if len(packed) > LARGEST:
            message = f"the {entry_type} document {record.id} has more than 15 MiB"
            raise LoadRejected(message)
        links = dict(record.links)
        row: Document = {
            "_id": row_id(self._ticket.number, self.count),
            "i": record.id,
            "j": packed,
        }
        if links != links_of(entry_type, record.document):
            row["l"] = links
        self._index.add(record.id, links, facts_of(entry_type, record.document))
        self.count += 1
        return row

    def _write(self, collection: Rows[Document], rows: Iterable[Document]) -> None:
        for batch in _batches(rows):
            while_away(lambda batch=batch: _insert(collection, batch))  # type: ignore[misc]
            self._live()

    def _live(self) -> None:
        """Say now and then that this load lives."""
        if time.monotonic() - self._renewed > _HEARTBEAT:
            while_away(lambda: self._sets.renew(self._ticket))
            self._renewed = time.monotonic()

    def publish(
        self,
        fingerprint: str,
        inputs: Sequence[Input],
        left_out: Collection[str] = (),
    ) -> DocumentSet:
        """Serve these documents from now on, instead of those before.

        Args:
            fingerprint: as of ``DocumentSet``, like the others.
            inputs: the files.
            left_out: ids of records of people who withdrew.

        Raises:
            LoadRejected: when the load was taken for dead; nothing has changed then.
        """
        number, blobs = self._ticket.number, 0

        def rows() -> Iterator[Document]:
            nonlocal blobs
            for place, blob in self._index.blobs():
                blobs += is_vocabulary(place)
                yield {"_id": row_id(number, place), "b": blob}

        self._write(self._postings, rows())
        while_away(lambda: self._sets.renew(self._ticket))
        published = while_away(lambda: server_time(self._database))
        served: ServedDocument = {
            "number": number,
            "count": self.count,
            "fingerprint": fingerprint,
            "published": published,
            "inputs": [
                {"name": i.name, "sha256": i.sha256, "size": i.size, "path": i.path}
                for i in inputs
            ],
            "vocabulary": blobs,
        }
        if left_out:
            served["left_out"] = sorted(left_out)
        while_away(lambda: self._sets.flip(self._ticket, served))
        with suppress(StoreUnavailable), driver_errors():
            self._sets.sweep()  # else the next load does
        entry_type = self._ticket.entry_type
        kept = {"_id": self._ticket.dataset, "documents": {entry_type: served}}
        return read_sets(kept)[entry_type].set

    def abandon(self) -> None:
        """Remove what was written; what was served before stays."""
        with driver_errors():
            self._sets.give_up(self._ticket)


def _insert(collection: Rows[Document], batch: list[Document]) -> None:
    """Insert rows; those that an earlier try inserted are there already."""

    def insert() -> None:
        try:
            collection.insert_many(batch, ordered=False)
        except BulkWriteError as error:
            duplicates(error)

    while_away(insert)


def _batches(rows: Iterable[Document]) -> Iterator[list[Document]]:
    """Yield rows together, none of the batches long or large."""
    batch: list[Document] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row.get("j", b"") or row.get("b", b""))  # type: ignore[arg-type]
        if len(batch) >= _ROWS or size >= _BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
