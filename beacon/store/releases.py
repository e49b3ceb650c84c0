"""Datasets and their releases: begin, publish, roll back, remove.

What a dataset serves is one field of one document, ``active``; changing it is
the only way anything becomes visible or stops being so.  The right to load is
``loading`` of the same document, so that publishing and losing the lease
cannot both happen.  Synchronous: for loaders and the command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, cast

from pymongo import MongoClient, ReturnDocument
from pymongo.errors import DuplicateKeyError, OperationFailure

from beacon.model.errors import BeingLoaded, LoadRejected, NotFound, UsageError
from beacon.store.document_sets import DocumentSets
from beacon.store.document_writer import DocumentWriter
from beacon.store.driver import (
    COUNTERS,
    DATASETS,
    GENES,
    HAS_MATE,
    JOURNALED,
    LONG_INDEX,
    MATE_INDEX,
    ONTOLOGIES,
    RELEASES,
    Document,
    carriers_collection,
    client_options,
    coverage_collection,
    driver_errors,
    long_collection,
    patience_options,
    reach_collection,
    server_time,
    variants_collection,
)
from beacon.store.duplicates import Comparer
from beacon.store.lease import Ticket
from beacon.store.naming import IdentifierWriter
from beacon.store.ownership import this_process
from beacon.store.people import keep_people, read_people
from beacon.store.release_documents import (
    LISTED,
    inherited,
    is_readable,
    new_document,
    part_document,
    read_dataset,
    read_release,
)
from beacon.store.set_documents import read_sets
from beacon.store.sweeping import Sweeper
from beacon.store.texts import keep_texts, text_names
from beacon.store.withdrawing import Withdrawer
from beacon.store.writer import ReleaseWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

    from beacon.model.counts import Layout
    from beacon.model.dataset import Dataset, Release
    from beacon.model.people import People
    from beacon.model.records import DocumentSet, Json, Record
    from beacon.store.connection import StoreAddress
    from beacon.store.release_documents import (
        Appended,
        DatasetDocument,
        ReleaseDocument,
        StoredRelease,
    )
    from beacon.store.set_documents import StoredSet

_DESCRIBABLE = frozenset(("name", "description", "kind", "country", "contact"))
_NAMESPACE_EXISTS = 48


class Catalogue:
    """The datasets of a store.  Every method raises ``StoreUnavailable``.

    A context manager: it closes its connections on leaving.
    """

    def __init__(self, address: StoreAddress) -> None:
        self.address = address
        with driver_errors():
            waits = patience_options(address.uri)
            options = client_options(address.uri, **waits)
            self._client: MongoClient[Document] = MongoClient(address.uri, **options)  # type: ignore[arg-type]
        self._database = self._client[address.database]
        self._datasets = self._database.get_collection(
            DATASETS, write_concern=JOURNALED
        )
        self._releases = self._database.get_collection(
            RELEASES, write_concern=JOURNALED
        )
        self._sweeper = Sweeper(self._database)
        self._sets = DocumentSets(self._database)
        self.withdrawals = Withdrawer(self._database)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def datasets(self) -> tuple[Dataset, ...]:
        """Return every dataset that serves a release or was described, by id."""
        with driver_errors():
            found = self._datasets.find(LISTED).sort("_id")
            return tuple(self._read(document) for document in found)

    def dataset(self, dataset: str) -> Dataset:
        """Return one dataset.

        Raises:
            NotFound: when there is none of that id.
        """
        with driver_errors():
            return self._read(self._document(dataset))

    def _document(self, dataset: str) -> DatasetDocument:
        found = self._datasets.find_one({**LISTED, "_id": dataset})
        if found is None:
            message = f"there is no dataset {dataset}"
            raise NotFound(message)
        return cast("DatasetDocument", found)

    def _read(self, document: Mapping[str, object]) -> Dataset:
        number = document.get("active")
        release = None
        if number is not None:
            found = self._releases.find_one({"_id": number})
            release = None if found is None else read_release(found).release
        return read_dataset(document, release, self._sets.cohorts_of(document))

    def describe(self, dataset: str, **changes: str | None) -> Dataset:
        """Set name, description, kind, country or contact; make it if it is new.

        Raises:
            UsageError: for anything else.
        """
        unknown = sorted(changes.keys() - _DESCRIBABLE)
        if unknown:
            message = f"a dataset has no {unknown[0]}"
            raise UsageError(message)
        with driver_errors():
            self._datasets.update_one(
                {"_id": dataset, "removing": {"$ne": True}},
                {
                    "$set": {**changes, "described": True},
                    "$setOnInsert": {"created": server_time(self._database)},
                    "$currentDate": {"updated": True},
                },
                upsert=True,
            )
        return self.dataset(dataset)

    def releases(self, dataset: str) -> tuple[Release, ...]:
        """Return the published releases of a dataset, oldest first.

        Raises:
            NotFound: when there is no such dataset.
        """
        with driver_errors():
            return tuple(self._published(self._document(dataset)))

    def _published(self, document: DatasetDocument) -> Iterator[Release]:
        where: Document = {
            "dataset": document["_id"],
            "_id": {"$nin": document.get("withdrawn", [])},
            "$or": [{"state": "ready"}, {"_id": document.get("active")}],
        }
        for found in self._releases.find(where).sort("ordinal"):
            yield read_release(found).release

    def served(self, dataset: str) -> StoredRelease | None:
        """Return the release a dataset serves; ``None``: it serves nothing.

        Raises:
            StoreUnavailable: when another version wrote it in another form.
        """
        with driver_errors():
            document = self._datasets.find_one({**LISTED, "_id": dataset}) or {}
            found = self._releases.find_one({"_id": document.get("active")})
        return None if found is None else read_release(found)

    def people_of(self, part: int) -> People | None:
        """Return who is behind the counts of a part; ``None`` where it is not kept."""
        return read_people(self._database, part)

    def unchanged(self, dataset: str, fingerprint: str) -> Release | None:
        """Return the served release if it has this fingerprint already.

        One that another version wrote in another form is not it.
        """
        with driver_errors():
            document = self._datasets.find_one({**LISTED, "_id": dataset}) or {}
            found = self._releases.find_one({"_id": document.get("active")})
        if found is None or not is_readable(found):
            return None
        release = read_release(found).release
        return release if release.fingerprint == fingerprint else None

    def begin(
        self,
        dataset: str,
        *,
        assembly: str,
        layout: Layout,
        appended_to: Appended | None = None,
        resume: str | None = None,
    ) -> ReleaseWriter:
        """Begin a new release of a dataset; dead loads are swept first.

        Args:
            dataset: its id.
            assembly: of all its rows.
            layout: the columns of what is written now.
            appended_to: the release whose parts the new one has, too.
            resume: a digest of all that decides the load.  One that was killed is
                gone on with where its digest is the same, and else discarded.

        Raises:
            LoadRejected: when the dataset is being loaded already, or does not serve
                any more what is to be appended to.
            UsageError: when somebody is being withdrawn from it.
        """
        with driver_errors():
            left = self._sweeper.left_behind(dataset)
            if left is not None and resume is not None and left["resume"] == resume:
                return self._adopt(left, layout)
            if left is not None:
                self._sweeper.give_up(left)
            self._sweeper.sweep()
            self.withdrawals.finish(dataset)
            self._make_collections(assembly)
            number = self._next_number()
            owner = this_process()
            base = self._base(appended_to)
            now = server_time(self._database)
            document = new_document(number, dataset, assembly, layout)
            document |= {"owner": owner, "resume": resume}
            document |= {"created": now, "heartbeat": now}
            document |= inherited(base, appended_to, part_document(number, layout))
            self._releases.insert_one(document)
            if not self._take_lease(dataset, number):
                self._releases.delete_one({"_id": number})
                raise BeingLoaded(self._who_loads(dataset))
        place = 0 if base is None else len(base["parts"])
        onto = None if appended_to is None else appended_to.number
        ticket = Ticket(number, dataset, owner["token"], assembly, layout, onto, place)
        writer = ReleaseWriter(self._database, ticket, is_resumable=resume is not None)
        if onto is not None:
            self._check_served(writer, dataset, onto)
        return writer

    def _adopt(self, left: ReleaseDocument, layout: Layout) -> ReleaseWriter:
        """Go on with a load that was killed, once its last process is gone.

        Raises:
            LoadRejected: when another process was faster.
        """
        self._sweeper.wait_for_workers(left)
        owner = this_process()
        taken = self._releases.update_one(
            {
                "_id": left["_id"],
                "state": "loading",
                "owner.token": left["owner"]["token"],
            },
            {
                "$set": {"owner": owner, "workers": []},
                "$currentDate": {"heartbeat": True},
            },
        )
        if not taken.matched_count:
            raise BeingLoaded(self._who_loads(left["dataset"]))
        ticket = Ticket(
            left["_id"],
            left["dataset"],
            owner["token"],
            left["assembly"],
            layout,
            left["base"],
            len(left["parts"]) - 1,
        )
        return ReleaseWriter(self._database, ticket, is_resumable=True)

    def join(self, ticket: Ticket) -> ReleaseWriter:
        """Return what writes, in this process, for the owner of a load.

        Raises:
            LoadRejected: when the load was given up.
        """
        writer = ReleaseWriter(self._database, ticket, is_worker=True)
        writer.work()
        return writer

    def _base(self, appended_to: Appended | None) -> ReleaseDocument | None:
        """Return the document of the release that is appended to."""
        if appended_to is None:
            return None
        found = self._releases.find_one({"_id": appended_to.number})
        if found is None:
            message = "the release to be appended to was removed; load all its files"
            raise LoadRejected(message)
        return cast("ReleaseDocument", found)

    def _check_served(self, writer: ReleaseWriter, dataset: str, number: int) -> None:
        """Give the lease back where a dataset does not serve a release any more.

        Asked when the new release holds the parts already: a release that is being
        removed leaves them alone from then on.
        """
        with driver_errors():
            found = self._datasets.find_one({"_id": dataset, "active": number})
        if found is None:
            writer.discard()
            message = f"dataset {dataset} was changed by somebody else; try again"
            raise LoadRejected(message)

    def _make_collections(self, assembly: str) -> None:
        names = (variants_collection, long_collection, coverage_collection)
        for name in (*names, carriers_collection, reach_collection):
            try:
                self._database.create_collection(
                    name(assembly),
                    check_exists=False,
                    storageEngine={
                        "wiredTiger": {"configString": "block_compressor=zstd"}
                    },
                )
            except OperationFailure as error:
                if error.code != _NAMESPACE_EXISTS:
                    raise
        long = self._database[long_collection(assembly)]
        long.create_index(LONG_INDEX)
        long.create_index(MATE_INDEX, partialFilterExpression=HAS_MATE)
        self._releases.create_index([("dataset", 1), ("ordinal", 1)])

    def _next_number(self) -> int:
        counter = self._database[COUNTERS].find_one_and_update(
            {"_id": RELEASES},
            {"$inc": {"last": 1}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return cast("int", (counter or {})["last"])

    def _take_lease(self, dataset: str, number: int) -> bool:
        try:
            self._datasets.update_one(
                {"_id": dataset, "loading": None, "removing": {"$ne": True}},
                {
                    "$set": {"loading": number},
                    "$setOnInsert": {
                        "created": server_time(self._database),
                        "updated": server_time(self._database),
                    },
                },
                upsert=True,
            )
        except DuplicateKeyError:
            return False
        return True

    def _who_loads(self, dataset: str) -> str:
        found = self._datasets.find_one({"_id": dataset}) or {}
        release = self._releases.find_one({"_id": found.get("loading")})
        if release is None:
            return f"dataset {dataset} is being removed or loaded by another process"
        owner = cast("ReleaseDocument", release)["owner"]
        host = owner["host"].split("/")[0]
        return f"dataset {dataset} is being loaded by process {owner['pid']} on {host}"

    def give_up_killed(self, dataset: str) -> bool:
        """Discard a load of a dataset that was killed; say whether there was one.

        Raises:
            LoadRejected: one of its processes still writes.
        """
        with driver_errors():
            left = self._sweeper.left_behind(dataset)
            if left is not None:
                self._sweeper.give_up(left)
                self._sweeper.sweep()
        return left is not None

    def rollback(self, dataset: str, to_ordinal: int | None = None) -> Release:
        """Serve an earlier release again: by default the one before.

        Raises:
            NotFound: when there is no such dataset or release.
            UsageError: when the dataset is changed by somebody else, or that release
                may count people who were withdrawn.
        """
        with driver_errors():
            self._sweeper.sweep()
            self.withdrawals.finish(dataset)
            document = self._document(dataset)
            active = document.get("active")
            known = list(self._published(document))
            current = next((r.ordinal for r in known if r.number == active), 0)
            if to_ordinal is None:
                wanted = [r for r in known if r.ordinal < current][-1:]
            else:
                wanted = [r for r in known if r.ordinal == to_ordinal]
            if wanted:
                self.withdrawals.check(wanted[0])
            if not wanted or not self._serve(dataset, wanted[0].number, active):
                which = to_ordinal or f"before release {current}"
                message = f"dataset {dataset} has no release {which}"
                raise NotFound(message)
        return wanted[0]

    def _serve(self, dataset: str, number: int, active: int | None) -> bool:
        """Point a dataset at a release, unless that is on its way out.

        Nor if it serves something else than ``active`` by now: a withdrawal that
        ended meanwhile may have to change that release first.
        """
        where: Document = {"_id": dataset, "active": active, "removing": None}
        changed = self._datasets.update_one(
            {**where, "withdrawn": {"$ne": number}},
            {"$set": {"active": number}, "$currentDate": {"updated": True}},
        )
        return changed.matched_count == 1

    def remove(self, dataset: str, ordinal: int | None = None) -> None:
        """Remove one release, or a whole dataset with all of them.

        A load of the dataset that was killed goes with it.

        Raises:
            NotFound: when there is no such dataset or release.
            UsageError: when the release is being served, or the dataset loaded.
        """
        with driver_errors():
            left = self._sweeper.left_behind(dataset) if ordinal is None else None
            if left is not None:
                self._sweeper.give_up(left)
                if self._datasets.find_one({**LISTED, "_id": dataset}) is None:
                    self._sweeper.sweep()
                    return
            document = self._document(dataset)
            if ordinal is not None:
                self._sweeper.sweep()
                self.withdrawals.finish(dataset)
            if ordinal is None:
                self._sets.sweep()
                self._withdraw_dataset(dataset)
                self._sets.sweep()
            else:
                self._withdraw_release(document, ordinal)
            self._sweeper.sweep()

    def _withdraw_dataset(self, dataset: str) -> None:
        changed = self._datasets.update_one(
            {"_id": dataset, "loading": None, "filing": {"$in": [None, {}]}},
            {
                "$set": {"removing": True, "active": None},
                "$currentDate": {"updated": True},
            },
        )
        if not changed.matched_count:
            raise UsageError(self._who_loads(dataset))

    def _withdraw_release(self, document: DatasetDocument, ordinal: int) -> None:
        dataset = document["_id"]
        numbers = [r.number for r in self._published(document) if r.ordinal == ordinal]
        if not numbers:
            message = f"dataset {dataset} has no release {ordinal}"
            raise NotFound(message)
        changed = self._datasets.update_one(
            {"_id": dataset, "active": {"$ne": numbers[0]}},
            {"$addToSet": {"withdrawn": numbers[0]}},
        )
        if not changed.matched_count:
            message = (
                f"release {ordinal} of dataset {dataset} is being served; "
                f"use rollback first, or remove the whole dataset"
            )
            raise UsageError(message)

    def comparer(self) -> Comparer:
        """Return what compares the people of datasets."""
        return Comparer(self._database)

    def identifiers(self, writer: ReleaseWriter, assembly: str) -> IdentifierWriter:
        """Return what keeps the VRS ids of a release that is being written."""
        return IdentifierWriter(self._database, assembly, writer.number, writer.chunk)

    def keep_people(self, part: int, people: People) -> None:
        """Keep who is behind the counts of a part that is being loaded."""
        keep_people(self._database, part, people)

    def begin_documents(self, dataset: str, entry_type: str) -> DocumentWriter:
        """Begin to load all documents of one entry type of a dataset.

        Raises:
            LoadRejected: when somebody does so already.
        """
        with driver_errors():
            ticket = self._sets.begin(dataset, entry_type)
        return DocumentWriter(self._database, self._sets, ticket)

    def documents_unchanged(
        self, dataset: str, entry_type: str, fingerprint: str
    ) -> DocumentSet | None:
        """Return the documents a dataset serves if they have this fingerprint."""
        stored = self._stored_sets(dataset).get(entry_type)
        if stored is None or stored.set.fingerprint != fingerprint:
            return None
        return stored.set

    def documents_of(self, dataset: str, entry_type: str) -> Iterator[Record]:
        """Yield the documents a dataset serves, in their order; there may be none."""
        stored = self._stored_sets(dataset).get(entry_type)
        return iter(()) if stored is None else self._sets.records_of(stored)

    def _stored_sets(self, dataset: str) -> Mapping[str, StoredSet]:
        with driver_errors():
            found = self._datasets.find_one({**LISTED, "_id": dataset})
        return {} if found is None else read_sets(found)

    def describe_dataset(self, dataset: str, record: Json) -> None:
        """Replace the record of a dataset, which need not serve anything.

        Raises:
            LoadRejected: when it is being removed.
        """
        self._sets.describe(dataset, record)

    def keep_cohorts(self, dataset: str, records: Sequence[Record]) -> None:
        """Replace the cohorts of a dataset, all at once.

        Raises:
            LoadRejected: when it is being removed, or others replace them, too.
        """
        self._sets.keep_cohorts(dataset, records)

    def keep_ontology(self, prefix: str, text: bytes) -> None:
        """Replace the hierarchy of an ontology (``model.ontology.text_of``)."""
        keep_texts(self._database, ONTOLOGIES, {prefix.upper(): text})

    def ontologies(self) -> frozenset[str]:
        """Return the prefixes of the ontologies whose hierarchies are kept."""
        return text_names(self._database, ONTOLOGIES)

    def keep_genes(self, texts: Mapping[str, bytes]) -> None:
        """Replace these texts of the table of genes, all at once."""
        keep_texts(self._database, GENES, texts)

    def sweep(self) -> int:
        """Remove what dead loads and half-removed releases left; say how many."""
        with driver_errors():
            return self._sets.sweep() + self._sweeper.sweep()
