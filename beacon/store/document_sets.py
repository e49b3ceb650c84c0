"""The sets of documents that datasets serve: begun, published, swept, removed.

What a dataset serves of an entry type is ``documents.<type>`` of its document, and
changing that is the only way anything becomes visible.  The right to load is
``filing.<type>`` of the same document.  A set that is neither served nor being
loaded is removed, a moment after readers can hold a pointer to it.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, NamedTuple, cast

from pymongo import ReturnDocument
from pymongo.errors import CollectionInvalid, DuplicateKeyError, OperationFailure

from beacon.model.errors import LoadRejected
from beacon.store.driver import (
    COHORTS,
    COUNTERS,
    DATASETS,
    DOCUMENT_SETS,
    DOCUMENTS,
    JOURNALED,
    POSTINGS,
    SETTLE,
    Document,
    driver_errors,
    server_time,
)
from beacon.store.ownership import is_alive, is_here, this_process
from beacon.store.postings import FIRST
from beacon.store.set_documents import (
    CohortPointer,
    cohort_pointer,
    pack_cohorts,
    read_cohorts,
    read_record,
)
from beacon.store.sweeping import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from pymongo.database import Database

    from beacon.model.records import Json, Record
    from beacon.store.set_documents import ServedDocument, SetDocument, StoredSet

_LEASE_SECONDS = 60
_NAMESPACE_EXISTS = 48


class SetTicket(NamedTuple):
    """The right to load one set."""

    number: int
    dataset: str
    entry_type: str
    token: str


class DocumentSets:
    """Begins, publishes and removes sets of documents; safe beside others."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._datasets = database.get_collection(DATASETS, write_concern=JOURNALED)
        self._sets = database.get_collection(DOCUMENT_SETS, write_concern=JOURNALED)

    def begin(self, dataset: str, entry_type: str) -> SetTicket:
        """Take the right to load a set; what dead loads left is swept first.

        Raises:
            LoadRejected: when somebody loads it already.
        """
        self.sweep()
        for name in (DOCUMENTS, POSTINGS):
            self._make(name)
        number = self._next_number()
        owner = this_process()
        self._sets.insert_one(
            {
                "_id": number,
                "dataset": dataset,
                "entry_type": entry_type,
                "state": "loading",
                "owner": owner,
                "heartbeat": server_time(self._database),
            }
        )
        ticket = SetTicket(number, dataset, entry_type, owner["token"])
        if not self._take_lease(ticket):
            self._sets.delete_one({"_id": number})
            message = (
                f"the {entry_type} documents of dataset {dataset} are being loaded by"
                " another process, or the dataset is being removed"
            )
            raise LoadRejected(message)
        return ticket

    def _make(self, name: str) -> None:
        zstd = {"wiredTiger": {"configString": "block_compressor=zstd"}}
        try:
            self._database.create_collection(
                name, check_exists=False, storageEngine=zstd
            )
        except CollectionInvalid:
            return
        except OperationFailure as error:
            if error.code != _NAMESPACE_EXISTS:
                raise

    def _next_number(self) -> int:
        counter = self._database[COUNTERS].find_one_and_update(
            {"_id": DOCUMENT_SETS},
            {"$inc": {"last": 1}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return cast("int", (counter or {})["last"])

    def _take_lease(self, ticket: SetTicket) -> bool:
        lease = f"filing.{ticket.entry_type}"
        now = server_time(self._database)
        try:
            self._datasets.update_one(
                {"_id": ticket.dataset, lease: None, "removing": {"$ne": True}},
                {
                    "$set": {lease: ticket.number},
                    "$setOnInsert": {"created": now, "updated": now},
                },
                upsert=True,
            )
        except DuplicateKeyError:
            return False
        return True

    def renew(self, ticket: SetTicket) -> None:
        """Say that a load lives.

        Raises:
            LoadRejected: when somebody took it for dead.
        """
        renewed = self._sets.update_one(
            {"_id": ticket.number, "state": "loading", "owner.token": ticket.token},
            {"$currentDate": {"heartbeat": True}},
        )
        if not renewed.matched_count:
            raise _lost(ticket)

    def flip(self, ticket: SetTicket, served: ServedDocument) -> None:
        """Serve a set from now on; it may be done again.

        Raises:
            LoadRejected: when the right to do so was lost.
        """
        name = ticket.entry_type
        flipped = self._datasets.update_one(
            {"_id": ticket.dataset, f"filing.{name}": ticket.number},
            {
                "$set": {f"documents.{name}": served},
                "$unset": {f"filing.{name}": ""},
                "$currentDate": {"updated": True},
            },
        )
        is_served = {"_id": ticket.dataset, f"documents.{name}.number": ticket.number}
        if not flipped.matched_count and self._datasets.find_one(is_served) is None:
            raise _lost(ticket)
        self._sets.update_one({"_id": ticket.number}, {"$set": {"state": "ready"}})

    def give_up(self, ticket: SetTicket) -> None:
        """Give the right to load back, and remove what was written.

        Without that right nobody can publish it any more; what was published before,
        though its loader never heard of it, stays.
        """
        number, dataset = ticket.number, ticket.dataset
        self._free(dataset, ticket.entry_type, number)
        if not self._is_kept(dataset, ticket.entry_type, number):
            self._remove(number, dataset)

    def _free(self, dataset: str, entry_type: str, number: int) -> None:
        """Take the right to load from a set."""
        lease = f"filing.{entry_type}"
        self._datasets.update_one(
            {"_id": dataset, lease: number}, {"$unset": {lease: ""}}
        )

    def _is_kept(self, dataset: str, entry_type: str, number: int) -> bool:
        """Whether a set that nobody loads is served; it is noted as such."""
        name = f"documents.{entry_type}.number"
        served = {"_id": dataset, name: number, "removing": None}
        if self._datasets.find_one(served) is None:
            return False
        self._sets.update_one({"_id": number}, {"$set": {"state": "ready"}})
        return True

    def _remove(self, number: int, dataset: str) -> None:
        self._sets.update_one({"_id": number}, {"$set": {"state": "removing"}})
        self.remove_rows(number)
        self._forget_empty_dataset(dataset)

    def sweep(self) -> int:
        """Remove the sets that nobody serves or loads; say how many."""
        removed = 0
        for found in list(self._sets.find({})):
            removed += self._swept(cast("SetDocument", found))
        return removed

    def _swept(self, kept: SetDocument) -> bool:
        """Remove a set unless it is served, or being loaded by somebody who lives.

        The set is read before its dataset: one that was published and is not served
        any more has been replaced.
        """
        number, dataset, name = kept["_id"], kept["dataset"], kept["entry_type"]
        if kept["state"] == "loading":
            if not self._is_dead(kept):
                return False
            self._free(dataset, name, number)
        if self._is_kept(dataset, name, number):
            return False
        if kept["state"] == "ready":
            self._let_readers_finish(dataset)
        self._remove(number, dataset)
        return True

    def _is_dead(self, kept: SetDocument) -> bool:
        owner = kept["owner"]
        if is_here(owner):
            return not is_alive(owner)
        limit = {"$subtract": ["$$NOW", 1000 * _LEASE_SECONDS]}
        silent: Document = {
            "_id": kept["_id"],
            "$expr": {"$lt": ["$heartbeat", limit]},
        }
        return self._sets.find_one(silent) is not None

    def _let_readers_finish(self, dataset: str) -> None:
        """Wait until nobody can still read by a pointer from before the change."""
        found = self._datasets.find_one({"_id": dataset}, {"updated": 1})
        if found is not None:
            changed = cast("datetime", found["updated"])
            age = (server_time(self._database) - changed).total_seconds()
            time.sleep(max(0.0, min(SETTLE, SETTLE - age)))

    def remove_rows(self, number: int) -> None:
        """Remove all that is kept of a set that is on its way out."""
        rows: Document = {
            "_id": {"$gte": number << FIRST, "$lt": (number + 1) << FIRST}
        }
        for name in (DOCUMENTS, POSTINGS):
            collection = self._database.get_collection(name, write_concern=JOURNALED)
            collection.delete_many(rows)
        self._sets.delete_one({"_id": number})

    def _forget_empty_dataset(self, dataset: str) -> None:
        """Delete a dataset that only ever saw a load of documents that failed."""
        self._datasets.delete_one({**NOTHING, "_id": dataset})

    def keep_cohorts(self, dataset: str, records: Sequence[Record]) -> None:
        """Replace the cohorts of a dataset, all at once; none: it has none any more."""
        with driver_errors():
            number = self._next_number()
            cohorts = self._database.get_collection(COHORTS, write_concern=JOURNALED)
            blobs = pack_cohorts(records)
            pointer = CohortPointer(number, len(blobs))
            cohorts.insert_many(
                [
                    {"_id": i, "d": dataset, "b": blob}
                    for i, blob in zip(pointer.ids, blobs, strict=True)
                ]
            )
            older: Document = {"cohorts.number": {"$not": {"$gt": number}}}
            self._describe(dataset, {"cohorts": pointer._asdict()}, older)
            cohorts.delete_many({"d": dataset, "_id": {"$lt": pointer.ids[0]}})

    def describe(self, dataset: str, record: Json) -> None:
        """Replace the record of a dataset."""
        with driver_errors():
            self._describe(dataset, {"record": json.dumps(record)})

    def _describe(
        self, dataset: str, changes: Document, where: Document | None = None
    ) -> None:
        now = server_time(self._database)
        try:
            self._datasets.update_one(
                {**(where or {}), "_id": dataset, "removing": {"$ne": True}},
                {
                    "$set": {**changes, "described": True},
                    "$setOnInsert": {"created": now},
                    "$currentDate": {"updated": True},
                },
                upsert=True,
            )
        except DuplicateKeyError as error:
            message = f"dataset {dataset} is being changed by somebody else; try again"
            raise LoadRejected(message) from error

    def cohorts_of(self, document: Mapping[str, object]) -> tuple[Record, ...]:
        """Return the cohorts of a dataset."""
        pointer = cohort_pointer(document)
        if pointer is None:
            return ()
        where: Document = {"_id": {"$in": pointer.ids}}
        found = list(self._database[COHORTS].find(where).sort("_id"))
        return read_cohorts([cast("bytes", kept["b"]) for kept in found])

    def records_of(self, stored: StoredSet) -> Iterator[Record]:
        """Yield the documents of a set, in their order."""
        number = stored.set.number
        rows: Document = {
            "_id": {"$gte": number << FIRST, "$lt": (number + 1) << FIRST}
        }
        with driver_errors():
            for kept in self._database[DOCUMENTS].find(rows).sort("_id"):
                yield read_record(stored.set.entry_type, kept)


def _lost(ticket: SetTicket) -> LoadRejected:
    message = (
        f"this load of {ticket.entry_type} documents of dataset {ticket.dataset} was"
        " given up as dead"
    )
    return LoadRejected(message)
