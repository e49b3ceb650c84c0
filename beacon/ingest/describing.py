"""Records about datasets and cohorts: few, and kept with the dataset they describe.

As with documents, all records of the files are right or nothing is stored.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from beacon.ingest.document_report import DocumentReport, dangling
from beacon.ingest.documents import DocumentOutcome, found_in
from beacon.ingest.examining import Examiner
from beacon.ingest.loading import read_input
from beacon.ingest.surroundings import Surroundings, dataset_if_known
from beacon.model.entry_types import COHORT, DATASET, INDIVIDUAL
from beacon.model.errors import LoadRejected
from beacon.model.records import MEMBERS, Record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from beacon.model.records import Json
    from beacon.store.releases import Catalogue
    from loaders.documents import Found

DATASET_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")
"""What a dataset can be called."""
_SOURCE = "sourceId"
_SHOWN = 60


def load_dataset_records(
    catalogue: Catalogue,
    paths: Sequence[Path],
    dataset: str | None,
    *,
    is_dry: bool = False,
) -> DocumentOutcome:
    """Describe datasets by the records of files.

    Args:
        catalogue: the store's.
        paths: the files.
        dataset: the one that is meant; ``None``: each record describes its own.
        is_dry: whether nothing is to be stored.

    Returns:
        The account; where it has faults nothing was stored.

    Raises:
        LoadRejected: a file cannot be read at all.
        StoreUnavailable: the database was lost.
    """
    report = DocumentReport(entry_type=DATASET.id)
    records = [record for _, record in _examined(paths, DATASET.id, report)]
    if not report.fault_count:
        records = _meant(records, dataset, paths, report)
    outcome = dataset or ", ".join(record.id for record in records)
    if report.fault_count or is_dry:
        return DocumentOutcome(dataset=outcome, reports=(report,))
    is_new = False
    for record in records:
        known = dataset_if_known(catalogue, record.id)
        if known is None or known.record != record.document:
            catalogue.describe_dataset(record.id, record.document)
            is_new = True
    return DocumentOutcome(
        dataset=outcome,
        reports=(report,),
        served={DATASET.id: len(records)},
        is_new=is_new,
    )


def load_cohorts(
    catalogue: Catalogue, paths: Sequence[Path], dataset: str, *, is_dry: bool = False
) -> DocumentOutcome:
    """Replace the cohorts of a dataset by the records of files.

    A cohort lists its people under ``individualIds``, or has all of the dataset.

    Args:
        catalogue: the store's.
        paths: the files.
        dataset: whose cohorts they are.
        is_dry: whether nothing is to be stored.

    Returns:
        The account; where it has faults nothing was stored.

    Raises:
        LoadRejected: a file cannot be read at all.
        StoreUnavailable: the database was lost.
    """
    report = DocumentReport(entry_type=COHORT.id)
    people = _People(Surroundings(catalogue, dataset), report)
    examined = list(_examined(paths, COHORT.id, report))
    records = tuple(people.cohort(found, record) for found, record in examined)
    if report.fault_count or is_dry:
        return DocumentOutcome(dataset=dataset, reports=(report,))
    known = dataset_if_known(catalogue, dataset)
    is_new = known is None or known.cohorts != records
    if is_new:
        catalogue.keep_cohorts(dataset, records)
    return DocumentOutcome(
        dataset=dataset,
        reports=(report,),
        served={COHORT.id: len(records)},
        is_new=is_new,
    )


def _examined(
    paths: Sequence[Path], entry_type: str, report: DocumentReport
) -> list[tuple[Found, Record]]:
    """Return the right records of files; what is wrong is told."""
    examiner = Examiner(entry_type, report, lambda _: None)
    inputs = [read_input(path) for path in paths]
    examined = []
    try:
        for found in found_in(paths, inputs, entry_type):
            record = examiner.record(found)
            if record is not None:
                examined.append((found, record))
    except LoadRejected as error:
        report.add_fault(str(error))
    return examined


def _meant(
    records: Sequence[Record],
    dataset: str | None,
    paths: Sequence[Path],
    report: DocumentReport,
) -> list[Record]:
    """Return the records that describe the datasets that are meant."""
    names = ", ".join(record.id[:_SHOWN] for record in records)
    if dataset is None:
        for record in records:
            if not DATASET_ID.match(record.id):
                report.add_fault(
                    f"{record.id[:_SHOWN]!r} is no id of a dataset (1 to 128 letters,"
                    " digits, '.', '_', '-'); give --dataset"
                )
        return list(records)
    own = [record for record in records if record.id == dataset]
    others = [record for record in records if record.id != dataset]
    report.kept = 1
    if own:
        if others:
            named = ", ".join(record.id[:_SHOWN] for record in others[:3])
            report.warnings.append(
                f"{len(others):,} records are not about {dataset}, and were left out,"
                f" e.g. {named}"
            )
        return own
    if len(others) == 1:
        return [_adopted(others[0], dataset, report)]
    files = ", ".join(path.name for path in paths[:3])
    report.add_fault(
        f"{files}: {len(records):,} records, none of which is about {dataset}"
        f" (they are about {names[:200]})"
    )
    return []


def _adopted(record: Record, dataset: str, report: DocumentReport) -> Record:
    """Return a record under the dataset's id, its own kept beside it."""
    report.warnings.append(
        f"the record calls its dataset {record.id[:_SHOWN]}; here it is {dataset}"
    )
    info = record.document.get("info")
    known: Json = info if isinstance(info, dict) else {}
    document = record.document | {"id": dataset, "info": {**known, _SOURCE: record.id}}
    return Record(id=dataset, document=document)


class _People:
    """The people of cohorts.

    Args:
        around: the dataset's individuals, and who withdrew.
        report: told what was found.
    """

    def __init__(self, around: Surroundings, report: DocumentReport) -> None:
        self._known = around.ids(INDIVIDUAL.id)
        self._gone = around.gone
        self._report = report
        self._waiting = dangling(COHORT.id, MEMBERS, INDIVIDUAL.id, is_loaded=False)
        report.dangling.append(self._waiting)

    def cohort(self, found: Found, record: Record) -> Record:
        """Return a cohort's record, its people apart from its document."""
        document = {k: v for k, v in record.document.items() if k != MEMBERS}
        if MEMBERS not in record.document:
            return Record(id=record.id, document=document)
        listed = record.document[MEMBERS]
        if not isinstance(listed, list):
            self._fault(found, "", "must be a list")
            return record
        told = enumerate(listed)
        members = [n for at, n in told if self._is_member(found, at, n)]
        return Record(
            id=record.id, document=document, members=tuple(dict.fromkeys(members))
        )

    def _is_member(self, found: Found, at: int, name: object) -> bool:
        """Whether a name is somebody's; what is none is told."""
        if not isinstance(name, str) or not name:
            self._fault(found, f"/{at}", "must be the id of an individual")
            return False
        if name in self._gone:
            self._report.made["members who withdrew, left out"] += 1
            return False
        if self._known is None:
            self._waiting.add(name)
        elif name not in self._known:
            reason = f"{name[:_SHOWN]!r} is none of the individuals of this dataset"
            self._fault(found, f"/{at}", reason)
        return True

    def _fault(self, found: Found, below: str, reason: str) -> None:
        self._report.add_fault(f"{found.place(f'/{MEMBERS}{below}')}: {reason}")
