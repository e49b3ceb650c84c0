"""One load of documents: files → records → a set, published as a whole.

Every record of every file is right, or nothing is stored.  What a set links to may
be loaded later: links to nothing are told, and refused where the other set is there
and lacks it.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from beacon.ingest.document_report import DocumentReport
from beacon.ingest.examining import Examiner, samples_in
from beacon.ingest.loading import read_input
from beacon.ingest.surroundings import Surroundings
from beacon.model.entry_types import (
    BIOSAMPLE,
    DOCUMENTED,
    ENTRY_TYPES,
    INDIVIDUAL,
    RUN,
)
from beacon.model.errors import LoadRejected, UsageError
from beacon.model.records import INDIVIDUAL_KEY
from loaders.documents import read_documents
from loaders.phenopackets import PacketReader
from loaders.tables import is_table, read_table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from beacon.model.dataset import Input
    from beacon.model.records import Record
    from beacon.store.document_writer import DocumentWriter
    from beacon.store.releases import Catalogue
    from loaders.documents import Found

    Source = Callable[[], Iterator[Found]]
    Progress = Callable[[int], None]

_MEANING = 1
"""Raised when the same files would mean other documents than before."""
PACKETS = "phenopacket"
"""The word for files of phenopackets: individuals and biosamples in one."""
_NAMES = {
    **{name: row.id for row in ENTRY_TYPES.values() for name in (row.id, row.path)},
    PACKETS: PACKETS,
    f"{PACKETS}s": PACKETS,
}


def kind_named(word: str) -> str:
    """Return the entry type a word stands for, singular or plural, or ``PACKETS``.

    Raises:
        UsageError: it is none that documents can be loaded of.
    """
    same = {name.lower(): kind for name, kind in _NAMES.items()}
    found = same.get(word.lower())
    if found is None:
        words = ", ".join(
            row.path for row in ENTRY_TYPES.values() if row.path[1] != "_"
        )
        message = f"--type {word[:100]!r} is none of {words}, phenopackets"
        raise UsageError(message)
    if found == "genomicVariant":
        message = f"--type {word}: variants are loaded with beacon load variants"
        raise UsageError(message)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRequest:
    """What is to be loaded into a dataset.

    Attributes:
        kind: id of the entry type, or ``PACKETS``.
        is_dry: whether nothing is to be stored.
    """

    paths: tuple[Path, ...]
    kind: str
    dataset: str
    is_dry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentOutcome:
    """What a load did.

    Attributes:
        reports: one for each entry type the files are about; none where the same
            files are served already.
        served: by entry type, how many records are served now; empty: nothing
            was stored.
        is_new: whether that changed anything.
    """

    dataset: str
    reports: tuple[DocumentReport, ...]
    served: Mapping[str, int] = field(default_factory=dict)
    is_new: bool = False

    @property
    def fault_count(self) -> int:
        """How much is wrong with the files; nothing is stored unless it is zero."""
        return sum(report.fault_count for report in self.reports)

    def as_dict(self) -> dict[str, object]:
        """Return the outcome as JSON values."""
        return {
            "dataset": self.dataset,
            "isNew": self.is_new,
            "served": dict(self.served),
            "reports": [report.as_dict() for report in self.reports],
        }


def load_documents(
    catalogue: Catalogue,
    request: DocumentRequest,
    progress: Progress = lambda _: None,
) -> DocumentOutcome:
    """Replace the documents of a dataset by those of the files.

    Args:
        catalogue: the store's.
        request: what to load.
        progress: is told the bytes read so far, over all files.

    Returns:
        The account; where it has faults nothing was stored.

    Raises:
        LoadRejected: a file cannot be read at all; nothing was stored.
        UsageError: somebody else loads these documents right now.
        StoreUnavailable: the database was lost; what was served stays.
    """
    return _Load(catalogue, request, progress).run()


def found_in(
    paths: Sequence[Path],
    inputs: Sequence[Input],
    entry_type: str,
    progress: Progress = lambda _: None,
) -> Iterator[Found]:
    """Yield the records of files, telling how many bytes are read."""
    before = 0
    for path, known in zip(paths, inputs, strict=True):
        records = (
            read_table(path, entry_type) if is_table(path) else read_documents(path)
        )
        for found in records:
            progress(before + min(found.read, known.size))
            yield found
        before += known.size
        progress(before)


class _Load:
    """One load of documents into one dataset."""

    def __init__(
        self, catalogue: Catalogue, request: DocumentRequest, progress: Progress
    ) -> None:
        self._catalogue = catalogue
        self._request = request
        self._progress = progress
        self._inputs = tuple(read_input(path) for path in request.paths)
        self._around = Surroundings(catalogue, request.dataset)
        self._reports: list[DocumentReport] = []
        self._left_out: Collection[str] = ()

    def run(self) -> DocumentOutcome:
        """Load, and give the account."""
        fingerprint = self._fingerprint()
        try:
            sources = self._sources()
        except LoadRejected as error:
            report = DocumentReport(entry_type=INDIVIDUAL.id)
            report.add_fault(str(error))
            return DocumentOutcome(dataset=self._request.dataset, reports=(report,))
        served = self._around.served
        is_served = all(
            t in served and served[t].fingerprint == fingerprint for t in sources
        )
        # Somebody who withdrew meanwhile may still have to leave what is served.
        if not is_served or self._around.is_any_left:
            return self._loaded(sources, fingerprint)
        counts = {name: served[name].count for name in sources}
        return DocumentOutcome(dataset=self._request.dataset, reports=(), served=counts)

    def _loaded(
        self, sources: Mapping[str, Source], fingerprint: str
    ) -> DocumentOutcome:
        """Examine and write all sets, then publish them, one after the other."""
        counts: dict[str, int] = {}
        writers: list[DocumentWriter] = []
        try:
            for entry_type, source in sources.items():
                writer = self._writer(entry_type)
                writers.extend(filter(None, [writer]))
                self._examine(entry_type, source, writer)
            is_right = not any(report.fault_count for report in self._reports)
            while is_right and writers:
                made = writers[0].publish(fingerprint, self._inputs, self._left_out)
                counts[made.entry_type] = made.count
                del writers[0]
            if is_right and not self._request.is_dry:
                self._around.keep(self._around.gone)
        finally:
            for writer in writers:
                writer.abandon()
        return DocumentOutcome(
            dataset=self._request.dataset,
            reports=tuple(self._reports),
            served=counts,
            is_new=bool(counts),
        )

    def _writer(self, entry_type: str) -> DocumentWriter | None:
        if self._request.is_dry:
            return None
        return self._catalogue.begin_documents(self._request.dataset, entry_type)

    def _sources(self) -> dict[str, Source]:
        """Return, by entry type, what reads its records."""
        request = self._request
        if request.kind in DOCUMENTED:
            return {
                request.kind: lambda: found_in(
                    request.paths, self._inputs, request.kind, self._progress
                )
            }
        packets = PacketReader(request.paths)
        sources: dict[str, Source] = {INDIVIDUAL.id: packets.individuals}
        if next(packets.biosamples(), None) is not None:
            sources[BIOSAMPLE.id] = packets.biosamples
        return sources

    def _examine(
        self, entry_type: str, source: Source, writer: DocumentWriter | None
    ) -> None:
        """Examine the records of one type; write them while all are right."""
        report = DocumentReport(entry_type=entry_type)
        self._reports.append(report)
        around = self._around
        around.gone = around.gone_with(_belonging(entry_type, source))
        examiner = Examiner(entry_type, report, around.ids, around.gone, around.runs)
        records = _right(source, examiner, report)
        if writer is None:
            for _ in records:
                pass
        else:
            writer.put(records)
        around.replace(entry_type, examiner.ids)
        if entry_type == RUN.id:
            self._left_out = examiner.left_out | (around.runs - set(examiner.ids))
        if not report.fault_count:
            report.dangling.extend(around.looking_back(entry_type, examiner.ids))

    def _fingerprint(self) -> str:
        """Return a digest of what decides the documents, whoever withdraws of them."""
        told = [
            _MEANING,
            self._request.kind,
            sorted(known.sha256 for known in self._inputs),
        ]
        return sha256(json.dumps(told).encode()).hexdigest()


def _right(
    source: Source, examiner: Examiner, report: DocumentReport
) -> Iterator[Record]:
    """Yield records while all are right; then only look for what else is wrong."""
    try:
        for found in source():
            record = examiner.record(found)
            if record is not None and not report.fault_count:
                yield record
    except LoadRejected as error:
        report.add_fault(str(error))


def _belonging(entry_type: str, source: Source) -> Iterator[tuple[str, str]]:
    """Yield the samples that records tell of, and whose each is.

    What is faulty is passed over; it is told later.
    """
    if entry_type not in (INDIVIDUAL.id, BIOSAMPLE.id):
        return
    with suppress(LoadRejected):
        for found in source():
            identity = found.document.get("id")
            if not isinstance(identity, str):
                continue
            if entry_type == INDIVIDUAL.id:
                yield from ((s, identity) for s in samples_in(found.document))
                continue
            whose = found.document.get(INDIVIDUAL_KEY)
            if isinstance(whose, str):
                yield identity, whose
