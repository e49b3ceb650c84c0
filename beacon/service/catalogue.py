"""Questions about datasets and cohorts: which of the few records are meant.

A filter is met by the record itself, or by any document in the dataset or of the
cohort: what is true of a document is true of what holds it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from beacon.model.disclosure import Collected
from beacon.model.entry_types import (
    COHORT,
    COLLECTIONS,
    DATASET,
    DOCUMENTED,
    GENOMIC_VARIANT,
)
from beacon.model.errors import UnknownFilters
from beacon.model.filters import unknown_sentence
from beacon.model.judging import Judge
from beacon.model.query import Granularity, Query
from beacon.service.documents import is_chosen
from beacon.wire.catalogue import cohort_records, dataset_record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beacon.model.dataset import Dataset
    from beacon.model.filters import Filter
    from beacon.model.ontology import Ontologies
    from beacon.model.records import Json
    from beacon.service.documents import Documents


@dataclass(frozen=True, slots=True)
class Groups:
    """The datasets, or the cohorts, that a question chooses.

    Attributes:
        about: the entry type.
        records: as they may be shown.
        members: the datasets that each is, or is of.
    """

    about: str
    records: Sequence[Json]
    members: Sequence[Sequence[Dataset]]


def chosen(query: Query, datasets: Sequence[Dataset]) -> Groups:
    """Return the datasets, or the cohorts, that a question chooses."""
    those = [dataset for dataset in datasets if is_chosen(dataset, query)]
    if query.about == DATASET.id:
        return Groups(
            DATASET.id, list(map(dataset_record, those)), [[d] for d in those]
        )
    every = cohort_records(those)
    records = [r for r in every if query.cohort in (None, r["id"])]
    members = [
        [d for d in those if any(c.id == r["id"] for c in d.cohorts)] for r in records
    ]
    return Groups(COHORT.id, records, members)


async def collected(
    query: Query, groups: Groups, documents: Documents, ontologies: Ontologies
) -> Collected:
    """Return those of some datasets, or cohorts, that meet a question's filters.

    Raises:
        UnknownFilters: where a filter nothing answers to is to be an error.
    """
    judge = Judge({groups.about: groups.records}, ontologies)
    kept = frozenset(range(len(groups.records)))
    unknown: dict[str, None] = {}
    for clause in query.filters:
        met: set[int] = set()
        for asked in clause:
            found, is_known = await _holding(asked, groups, documents)
            met |= judge.met_by(asked) | found
            if not (is_known or judge.is_known(asked)):
                unknown[asked.text] = None
        kept &= met
    if query.is_strict and unknown:
        raise UnknownFilters(unknown)
    return Collected(
        records=tuple(groups.records[place] for place in sorted(kept)),
        warnings=tuple(map(unknown_sentence, unknown)),
    )


async def _holding(
    asked: Filter, groups: Groups, documents: Documents
) -> tuple[set[int], bool]:
    """Return which hold a document that meets a filter, and whether any knows it."""
    found: set[int] = set()
    is_known = False
    for place, question, members in _questions(asked, groups):
        holds, knows = await documents.holds(question, members)
        is_known |= knows
        if holds:
            found.add(place)
    return found, is_known


def _questions(
    asked: Filter, groups: Groups
) -> Iterator[tuple[int, Query, Sequence[Dataset]]]:
    """Yield what is asked of the documents of each dataset, or cohort."""
    if asked.scope in (groups.about, GENOMIC_VARIANT.id):
        return
    types = DOCUMENTED if asked.scope in (None, *COLLECTIONS) else (asked.scope,)
    for place, members in enumerate(groups.members):
        for entry_type in types:
            holding = [d for d in members if entry_type in d.documents]
            query = Query(
                about=entry_type, granularity=Granularity.BOOLEAN, filters=((asked,),)
            )
            if groups.about == COHORT.id:
                query = replace(query, cohort=str(groups.records[place]["id"]))
            if holding:
                yield place, query, holding
