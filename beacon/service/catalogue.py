"""Questions about datasets and cohorts: which of the few records are meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model.disclosure import Collected
from beacon.model.entry_types import COHORT
from beacon.model.filters import unknown_sentence
from beacon.service.documents import is_chosen
from beacon.wire.catalogue import cohort_records, dataset_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.model.dataset import Dataset
    from beacon.model.query import Query


def collected(query: Query, datasets: Sequence[Dataset]) -> Collected:
    """Return the datasets, or the cohorts, that a question is met by."""
    chosen = [dataset for dataset in datasets if is_chosen(dataset, query)]
    if query.about == COHORT.id:
        every = cohort_records(chosen)
        records = [r for r in every if query.cohort in (None, r["id"])]
    else:
        records = [dataset_record(dataset) for dataset in chosen]
    unknown = [each.text for clause in query.filters for each in clause]
    return Collected(
        records=() if unknown else tuple(records),
        warnings=tuple(map(unknown_sentence, unknown)),
    )
