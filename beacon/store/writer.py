"""Writing one release: batches in, one pointer flipped at the end.

Rows are packed in the loader's thread and written by one of ours, so that the
server and the packing overlap.  Every write is journaled and idempotent, hence
a server that is restarted in the middle costs a retry, not the load.  Nothing
written here is visible before ``publish``.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from queue import Empty, Queue
from typing import TYPE_CHECKING, Protocol, Self

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from beacon.model.errors import BeaconError, LoadRejected
from beacon.model.pattern import side_of_mate
from beacon.model.variant import is_symbolic
from beacon.store.annotation_documents import annotation_document, kinds_of
from beacon.store.annotation_writer import AnnotationWriter
from beacon.store.bins import added, keep_bins, read_bins
from beacon.store.carrier_documents import CarrierWriter
from beacon.store.chunks import ChunkMarks, Mark
from beacon.store.driver import (
    JOURNALED,
    Document,
    coverage_collection,
    driver_errors,
    duplicates,
    is_long,
    long_collection,
    variants_collection,
    while_away,
)
from beacon.store.keys import SALTS, decode, encode, length_class, long_key
from beacon.store.lease import Lease
from beacon.store.packing import pack
from beacon.store.reach_documents import ReachWriter
from beacon.store.release_documents import Touched, read_rows
from beacon.store.runs import Binner
from beacon.store.summaries import covered_windows, keep_summary, read_summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType

    from pymongo.collection import Collection
    from pymongo.database import Database

    from beacon.model.counts import CoverageRun, VariantRecord
    from beacon.model.dataset import CoverageKind, Input, Release
    from beacon.model.people import Reached
    from beacon.model.summary import Summary
    from beacon.store.bins import Added, Begins
    from beacon.store.lease import Ticket

_BATCH = 5000
_BINS = 1000
_QUEUED = 3
_HEARTBEAT = 5.0
_MOSTLY_KNOWN = 0.9
_RARELY_KNOWN = 0.1
_WIDEST_LOOK = 4
"""A batch's key range is read when it holds at most so many keys per row."""


class _Sink(Protocol):
    """Whatever takes documents of one kind."""

    def write(self, documents: list[Document]) -> None:
        """Write documents, or raise ``StoreUnavailable``."""


_Batch = dict[_Sink, list[Document]]
"""Documents to be written together."""


class ReleaseWriter:
    """Writes the rows of one release, then publishes or discards them.

    A context manager: leaving it without ``publish`` discards the release.  A
    resumable one is only discarded where its files are to blame; else it waits
    for the next load of the same.

    Args:
        ticket: that of the load.
        is_resumable: whether the load marks its chunks.
        is_worker: whether another process publishes or discards.

    Attributes:
        ticket: lets other processes write for this load.
        chunk: the chunk whose rows are being written.
    """

    def __init__(
        self,
        database: Database[Document],
        ticket: Ticket,
        *,
        is_resumable: bool = False,
        is_worker: bool = False,
    ) -> None:
        self._database = database
        self.ticket = ticket
        self.chunk = 0
        self._is_resumable = is_resumable
        self._is_worker = is_worker
        self._assembly = assembly = ticket.assembly
        self._layout = layout = ticket.layout
        self._lease = lease = Lease(database, ticket)
        self._marks = ChunkMarks(database, lease.number)
        self._field = str(lease.number)
        self._short = _Table(database[variants_collection(assembly)], self._field)
        self._long = _Table(database[long_collection(assembly)], self._field)
        coverage = database[coverage_collection(assembly)]
        self._coverage = _Table(coverage, self._field)
        self._binner = Binner(layout.baseline)
        self._bins: dict[int, Document] = {}
        self._annotations = AnnotationWriter(database, assembly)
        self._carriers = CarrierWriter(database, assembly, lease.number)
        self._reach = ReachWriter(database, assembly, lease.number)
        self._kinds: set[str] = set()
        self._is_annotated = False
        self._touched = Touched()
        self._queue: Queue[_Batch | None]
        self._queue = Queue(maxsize=_QUEUED)
        self._failure: BaseException | None = None
        self._renewed = 0.0
        self._is_open = True
        self._thread = threading.Thread(
            target=self._work, name=f"release-{lease.number}", daemon=True
        )
        self._thread.start()

    @property
    def number(self) -> int:
        """The number under which rows hold this release's counts."""
        return self._lease.number

    @property
    def done(self) -> frozenset[int]:
        """The chunks that are written whole."""
        return self._marks.done() if self._is_resumable else frozenset()

    def work(self) -> None:
        """Say that this process writes for the owner of the load, before it does.

        Raises:
            LoadRejected: when the load was given up.
        """
        self._lease.work()

    def enter(self, chunk: int) -> None:
        """Begin to write a chunk."""
        self.chunk = chunk
        self._send_people()
        self._carriers.enter(chunk)
        self._reach.enter(chunk)

    def leave(self, text: str) -> None:
        """Mark the chunk as whole, after all of it is written.

        Args:
            text: the loader's account of it.

        Raises:
            StoreUnavailable: when an earlier batch could not be written.
            LoadRejected: when this load lost its lease.
        """
        self._send_rest()
        kinds = frozenset(self._kinds) if self._is_annotated else None
        document = self._marks.document(Mark(self.chunk, text, kinds))
        self._kinds, self._is_annotated = set(), False  # the marks remember them
        self._queue.put({self._marks: [document]})
        self._raise_failure()

    def accounts(self) -> list[str]:
        """Return the accounts of the marked chunks, in order, when all are written.

        Raises:
            StoreUnavailable: when not everything could be written.
            LoadRejected: when this load lost its lease.
        """
        self._queue.join()
        self._raise_failure()
        marks = self._marks.all()
        self._is_annotated = any(mark.kinds is not None for mark in marks)
        self._kinds = {kind for mark in marks for kind in mark.kinds or ()}
        return [mark.text for mark in marks]

    def put(self, records: Sequence[VariantRecord]) -> None:
        """Write records, in any order; the same allele again replaces the former.

        Raises:
            StoreUnavailable: when an earlier batch could not be written.
            LoadRejected: when this load lost its lease.
            ValueError: for counts that contradict themselves.
        """
        for first in range(0, len(records), _BATCH):
            batch = self._documents(records[first : first + _BATCH])
            self._raise_failure()
            self._queue.put(batch)

    def cover(self, run: CoverageRun) -> None:
        """Write where the release looked, contig by contig, in order.

        A contig that is given again replaces what was given before.

        Raises:
            StoreUnavailable: when an earlier batch could not be written.
            LoadRejected: when this load lost its lease.
            ValueError: for AN of other columns.
        """
        if run.rank not in self._touched.ranks:
            self._touch(Touched(ranks={run.rank}))
        self._keep_bins(self._binner.add(run))

    def reach(self, reached: Reached) -> None:
        """Write what reference blocks call of people, in any order.

        Raises:
            StoreUnavailable: when an earlier batch could not be written.
            LoadRejected: when this load lost its lease.
        """
        for documents in self._reach.collect(reached):
            self._raise_failure()
            self._queue.put({self._reach: documents})

    def _keep_bins(self, bins: Iterable[tuple[int, bytes]]) -> None:
        for key, blob in bins:
            self._bins[key] = {"_id": key, "d": {self._field: blob}}
            if len(self._bins) == _BINS:
                self._send_bins()

    def _send_bins(self) -> None:
        self._raise_failure()
        self._queue.put({self._coverage: list(self._bins.values())})
        self._bins = {}

    def _documents(self, records: Sequence[VariantRecord]) -> _Batch:
        """Return the documents of short and of long alleles, each allele once."""
        short: dict[object, Document] = {}
        long: dict[object, Document] = {}
        annotated: dict[object, Document] = {}
        touched = Touched()
        field, layout = self._field, self._layout
        for record in records:
            rank, start, end, reference, alternate, tally, filters = record[:7]
            structure = record.structure
            if not alternate:
                tally = tally._replace(carriers=())  # a site says its AN only
            counts = {field: pack(tally, filters, layout, structure)}
            touched.ranks.add(rank)
            if is_long(start, end, alternate):
                document = _long_document(rank, start, end, reference, alternate)
                document |= self._mate(alternate)
                document["d"] = counts
                touched.take_long(length_class(start, end), structure)
                long[document["_id"]] = document
                if record.annotation is not None:
                    self._annotate(record, document["_id"], annotated)
                continue
            if end - start > touched.longest_short:
                touched.longest_short = end - start
            key = encode(rank, start, reference, alternate)
            if key & 1:
                allele = {"_id": key, "r": reference, "a": alternate, "d": counts}
                short[key, reference, alternate] = allele
            else:
                short[key] = {"_id": key, "d": counts}
            if alternate and record.annotation is not None:
                self._annotate(record, key, annotated)
        self._touch(touched)
        return {
            self._short: list(short.values()),
            self._long: list(long.values()),
            self._annotations: list(annotated.values()),
            self._carriers: self._carriers.collect(records),
        }

    def _annotate(
        self, record: VariantRecord, key: object, annotated: dict[object, Document]
    ) -> None:
        """Add the document of a record's annotation; note what it speaks of."""
        is_hashed = isinstance(key, int) and bool(key & 1)
        document = annotation_document(self.number, record, key, is_hashed=is_hashed)
        self._kinds |= kinds_of(document)
        self._is_annotated = True
        annotated[document["_id"]] = document

    def _mate(self, alternate: str) -> dict[str, object]:
        """Return the fields a breakend is found by from its mate's side."""
        if not is_symbolic(alternate):
            return {}
        side = side_of_mate(alternate, self._assembly)
        return {} if side is None else {"mc": side.contig.rank, "ms": side.start}

    def _touch(self, new: Touched) -> None:
        """Note where rows will be written, before they are: a sweep relies on it."""
        if not new <= self._touched:
            self._touched |= new
            self._lease.touch(self._touched)

    def added(self) -> Added:
        """Return what exists only in what was appended, when all is written.

        Raises:
            StoreUnavailable: when the store fails.
            LoadRejected: when this load lost its lease.
        """
        self.finish()
        parts = self._lease.document(self.number)["parts"]
        rows, ranks = read_rows(parts), parts[-1]["touched"]
        return added(self._database, self._assembly, rows, ranks, self._lease.renew)

    def begins_before(self) -> Begins | None:
        """Return the bins of the release that is appended to, where it has any."""
        if self.ticket.base is None:
            return None
        return read_bins(self._database, self._assembly, self.ticket.base)

    def summary_before(self) -> Summary | None:
        """Return the summary of the release that is appended to, where it has one."""
        if self.ticket.base is None:
            return None
        return read_summary(self._database, self.ticket.base)

    def _keep_summary(self, summary: Summary, coverage: CoverageKind | None) -> None:
        """Keep the summary, with where it was looked, when all is written."""
        if coverage is not None:
            document = self._lease.document(self.number)
            covered = covered_windows(
                self._database,
                self._assembly,
                read_rows(document["parts"]),
                document["touched"],
                self._lease.renew,
            )
            summary = replace(summary, covered=covered)
        keep_summary(self._database, self.number, summary)

    def publish(
        self,
        *,
        fingerprint: str,
        genotyped: bool,
        contigs: frozenset[str],
        variants: int,
        sample_count: int | None,
        inputs: tuple[Input, ...],
        tool: str,
        options: Mapping[str, object],
        report: Mapping[str, object],
        coverage: CoverageKind | None = None,
        begins: Begins | None = None,
        summary: Summary | None = None,
        depth: str | None = None,
    ) -> Release:
        """Finish writing, and make this the release its dataset serves.

        ``begins`` tell how many short rows begin in each 8,192 bases; without them
        ranges are counted row by row.  ``summary`` is its shape, without where it
        was looked.  ``depth`` is what the files'
        annotations tell of, in the loader's words; all else is the release's.

        Raises:
            StoreUnavailable: when not everything could be written.
            LoadRejected: when this load lost its lease.
        """
        self.finish()
        if begins is not None:
            keep_bins(self._database, self._assembly, self.number, begins)
        if summary is not None:
            self._keep_summary(summary, coverage)
        release = self._lease.publish(
            {
                "fingerprint": fingerprint,
                "annotated": self._annotated(),
                "genotyped": genotyped,
                "contigs": contigs,
                "variants": variants,
                "sample_count": sample_count,
                "inputs": inputs,
                "tool": tool,
                "options": options,
                "report": report,
                "coverage": coverage,
                "depth": depth,
            }
        )
        self._is_open = False
        self._marks.forget()
        return release

    def _annotated(self) -> list[str] | None:
        """Return what annotations of the release speak of; ``None`` without any."""
        before = None
        if self.ticket.base is not None:
            before = self._lease.document(self.ticket.base)["annotated"]
        if before is None and not self._is_annotated:
            return None
        return sorted(self._kinds.union(before or ()))

    def discard(self) -> None:
        """Remove everything this writer wrote; nobody ever saw it."""
        if self._is_open:
            self._finish()
            self._is_open = False
            self._lease.discard()

    def finish(self) -> None:
        """Write what is still held.

        Raises:
            StoreUnavailable: when not everything could be written.
            LoadRejected: when this load lost its lease.
        """
        if self._thread.is_alive():
            self._send_rest()
        self._finish()
        self._raise_failure()

    def _send_rest(self) -> None:
        """Send what waits for more of its bin."""
        self._keep_bins(self._binner.close())
        self._send_bins()
        self._send_people()

    def _send_people(self) -> None:
        """Send what is held of single people."""
        self._queue.put({self._carriers: self._carriers.close()})
        for documents in self._reach.close():
            self._queue.put({self._reach: documents})

    def _leave_behind(self) -> None:
        """Stop, and let the next load of the same go on from here."""
        self._finish()
        self._is_open = False
        self._lease.let_go()

    def _finish(self) -> None:
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        """Write batches until told to stop; after a failure only take them away."""
        self._renewed = time.monotonic()
        while True:
            try:
                batch = self._queue.get(timeout=_HEARTBEAT)
            except Empty:
                self._attempt({})
                continue
            if batch is not None:
                self._attempt(batch)
            self._queue.task_done()
            if batch is None:
                return

    def _attempt(self, batch: _Batch) -> None:
        """Write a batch, and now and then say that this load lives."""
        if self._failure is not None:
            return
        try:
            self._write(batch)
            if time.monotonic() - self._renewed > _HEARTBEAT:
                self._lease.renew()
                self._renewed = time.monotonic()
        except Exception as error:  # noqa: BLE001 (raised in the loader's thread)
            self._failure = error

    @staticmethod
    def _write(batch: _Batch) -> None:
        for sink, documents in batch.items():
            sink.write(documents)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        is_over = error is None or isinstance(error, LoadRejected)
        try:
            if self._is_worker:
                self._finish()
            elif self._is_resumable and not is_over and self._is_open:
                self._leave_behind()
            else:
                self.discard()
        except BeaconError:
            # The next load sweeps what is left; the first error says more.
            if error is None:
                raise


def _long_document(
    rank: int, start: int, end: int, reference: str, alternate: str
) -> dict[str, object]:
    return {
        "_id": long_key(rank, start, end, reference, alternate),
        "c": rank,
        "k": length_class(start, end),
        "s": start,
        "e": end,
        "r": reference,
        "a": alternate,
    }


class _Table:
    """One collection that takes rows of one release."""

    def __init__(self, collection: Collection[Document], field: str) -> None:
        self._collection = collection.with_options(write_concern=JOURNALED)
        self._field = field
        self._share_known = 0.0
        with driver_errors():
            self._was_empty = collection.find_one({}, {"_id": 1}) is None

    def write(self, documents: list[Document]) -> None:
        """Write documents, again while the server is away for a short time.

        Raises:
            StoreUnavailable: when it stays away.
        """
        if documents:
            while_away(lambda: self._write(documents))

    def _write(self, documents: list[Document]) -> None:
        """Insert what is new, merge the rest; where little is new, merge all."""
        if self._share_known > _MOSTLY_KNOWN:
            added = self._merge(documents)
            self._share_known = 1 - added / len(documents)
            return
        known = set() if self._was_empty else self._present(documents)
        new = [d for d in documents if d["_id"] not in known]
        again = [d for d in documents if d["_id"] in known] if known else []
        try:
            if new:
                self._collection.insert_many(new, ordered=False)
        except BulkWriteError as error:
            again += [new[index] for index in duplicates(error)]
        # Others fill the collection too: look before inserting from then on.
        self._share_known = len(again) / len(documents)
        self._was_empty = self._was_empty and self._share_known < _RARELY_KNOWN
        self._merge(again)

    def _present(self, documents: list[Document]) -> set[object]:
        """Return the keys that exist already, by range where rows lie close."""
        keys = [d["_id"] for d in documents]
        if isinstance(keys[0], int):
            most = _WIDEST_LOOK * len(keys)
            bounds = {"$gte": min(keys), "$lte": max(keys)}  # type: ignore[type-var]
            found = self._keys({"_id": bounds}, most + 1)
            if len(found) <= most:
                return found
        return self._keys({"_id": {"$in": keys}}, 0)

    def _keys(self, where: Document, limit: int) -> set[object]:
        cursor = self._collection.find(where, {"_id": 1}, limit=limit)
        return {d["_id"] for d in cursor.batch_size(20_000)}

    def _merge(self, documents: list[Document]) -> int:
        """Add our counts to documents; say how many were new.

        A key that another allele has is salted.

        Raises:
            LoadRejected: when an allele finds no free key.
        """
        added = 0
        for salt in range(SALTS if documents else 0):
            changes = [self._change(d, salt) for d in documents]
            try:
                done = self._collection.bulk_write(changes, ordered=False)
            except BulkWriteError as error:
                added += int(error.details["nUpserted"])
                documents = [documents[index] for index in duplicates(error)]
            else:
                return added + done.upserted_count
        if documents:
            message = f"{len(documents)} alleles share their keys with too many others"
            raise LoadRejected(message)
        return 0

    def _change(self, document: Document, salt: int) -> UpdateOne:
        """Return the upsert of one row.

        It is an upsert even where the document was just seen: a sweep may
        delete a document that holds no counts any more at any moment.
        """
        where = {k: v for k, v in document.items() if k != "d"}
        key = document["_id"]
        if salt and isinstance(key, int) and "r" in document:
            place = decode(key)
            reference, alternate = str(document["r"]), str(document["a"])
            where["_id"] = encode(place.rank, place.start, reference, alternate, salt)
        counts = document["d"]
        blob = counts[self._field] if isinstance(counts, dict) else None
        return UpdateOne(where, {"$set": {f"d.{self._field}": blob}}, upsert=True)
