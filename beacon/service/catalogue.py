"""Questions about datasets and cohorts: which of the few records are meant.

A filter is met by the record itself, or by a document in the dataset or of the
cohort: the store decides.  Here the records are chosen, and as they may be shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model.disclosure import Collected
from beacon.model.entry_types import DATASET
from beacon.model.filters import unknown_sentence
from beacon.model.status import Status
from beacon.wire.catalogue import cohort_records, dataset_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.model.dataset import Dataset
    from beacon.model.findings import FoundRecords
    from beacon.model.query import Query
    from beacon.model.records import Json


def collected(
    query: Query, datasets: Sequence[Dataset], found: FoundRecords | None
) -> Collected:
    """Return the datasets, or the cohorts, that a question is met by.

    Args:
        query: the question.
        datasets: those it chooses.
        found: what the store says to its filters; ``None``: it has none.
    """
    records: list[Json]
    if query.about == DATASET.id:
        records = [dataset_record(dataset) for dataset in datasets]
    else:
        every = cohort_records(datasets)
        records = [r for r in every if query.cohort in (None, r["id"])]
    if found is None:
        return Collected(records=tuple(records))
    met = _met(query, found)
    return Collected(
        records=tuple(record for record in records if record["id"] in met),
        warnings=tuple(map(unknown_sentence, found.unknown_filters)),
    )


def _met(query: Query, found: FoundRecords) -> set[object]:
    """Return the ids of the datasets, or of the cohorts, that were found."""
    if query.about == DATASET.id:
        seen = (part for part in found.datasets if part.status is Status.SEEN)
        return {part.dataset.id for part in seen}
    return {record["id"] for part in found.datasets for record in part.records}
