"""The beacon that answers in test mode: one invented dataset of ten people.

A question in test mode must be answered without touching anybody's data, so it
is answered from here whatever is loaded.  Nothing in this file was measured.
Beacon v2, framework/json/common/beaconCommonComponents.json (TestMode).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from beacon.model.assemblies import assembly, contig
from beacon.model.counts import AlleleCounts, Group, Layout
from beacon.model.dataset import Dataset, Release
from beacon.model.disclosure import (
    Collected,
    DatasetDisclosure,
    Disclosure,
    GroupDisclosure,
    RecordsDisclosure,
    RecordSetDisclosure,
    VariantDisclosure,
)
from beacon.model.entry_types import COHORT, DATASET, DOCUMENTED
from beacon.model.facts import facts_of
from beacon.model.filters import unknown_sentence
from beacon.model.judging import Judge
from beacon.model.listing import Listing
from beacon.model.query import Granularity, Query
from beacon.model.records import Record
from beacon.model.status import Status
from beacon.model.variant import Allele, sequence_allele
from beacon.wire.catalogue import dataset_record
from beacon.wire.invented import ASSEMBLY, COHORT_ID, COHORT_RECORD, DATASET_ID, PEOPLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.model.records import Json
    from beacon.model.terms import FilteringTerm
    from beacon.wire.invented import InventedPerson

_NAME = "Synthetic example (invented, no person's data)"
_MADE = datetime(2026, 1, 1, tzinfo=UTC)


def synthetic_allele() -> Allele:
    """Return the one invented variant: a change in the unsequenced end of 22."""
    where = contig(assembly(ASSEMBLY), "22")
    return sequence_allele(where, 1000, "A", "G")


def synthetic_dataset() -> Dataset:
    """Return the invented dataset."""
    release = Release(
        number=0,
        ordinal=1,
        dataset=DATASET_ID,
        assembly=synthetic_allele().contig.assembly,
        fingerprint="synthetic",
        created=_MADE,
        published=_MADE,
        genotyped=True,
        layout=Layout(
            baseline=(2 * len(PEOPLE),), groups=(Group(label="Total", columns=(0,)),)
        ),
        contigs=frozenset({synthetic_allele().contig.name}),
        variants=1,
        sample_count=len(PEOPLE),
        inputs=(),
        tool="synthetic",
    )
    return Dataset(
        id=DATASET_ID,
        name=_NAME,
        created=_MADE,
        updated=_MADE,
        release=release,
        cohorts=(Record(id=COHORT_ID, document=COHORT_RECORD),),
    )


def synthetic_answer(query: Query) -> Disclosure:
    """Return the invented dataset's answer to a question about variants."""
    allele, level = synthetic_allele(), query.granularity
    if not _is_asked(query, allele):
        return Disclosure(granularity=level, datasets=(), warnings=query.warnings)
    people, unknown = _people(query)
    counts = _counts_of(people)
    is_match = _matches(query, allele) and counts.ac != 0
    total = GroupDisclosure(label="Total", counts=counts)
    has_record = is_match and level is Granularity.RECORD and not query.page.skip
    part = DatasetDisclosure(
        dataset=DATASET_ID,
        name=_NAME,
        status=_status(query, allele, people, is_match=is_match),
        granularity=level,
        exists=is_match,
        total=int(is_match) if level >= Granularity.COUNT else None,
        variants=(VariantDisclosure(allele=allele, groups=(total,)),)
        if has_record
        else (),
        counts=_single_counts(query, counts, is_match=is_match),
        release=1,
        released=_MADE,
        sample_count=len(people),
    )
    warnings = (*query.warnings, *map(unknown_sentence, unknown))
    return Disclosure(granularity=level, datasets=(part,), warnings=warnings)


def synthetic_records(query: Query) -> RecordsDisclosure:
    """Return the invented dataset's answer to a question about documents."""
    allele, level = synthetic_allele(), query.granularity
    if not _is_asked(query, allele):
        nothing = RecordsDisclosure(granularity=level, datasets=())
        return replace(nothing, total=_count(query, 0), warnings=query.warnings)
    people, unknown = _people(query)
    if query.pattern is not None:
        is_carried = query.pattern.matches(allele)
        people = [each for each in people if is_carried and each.copies]
    records = [each.records[query.about] for each in people]
    found = [r for r in records if query.identity in (None, r["id"])]
    page = query.page
    shown = found[page.offset : page.offset + page.limit]
    part = RecordSetDisclosure(
        dataset=DATASET_ID,
        name=_NAME,
        status=_word(query, allele, is_match=bool(found), is_lost=bool(unknown)),
        granularity=level,
        exists=bool(found),
        total=_count(query, len(found)),
        records=tuple(shown) if level is Granularity.RECORD else (),
    )
    return RecordsDisclosure(
        granularity=level,
        datasets=(part,),
        total=part.total,
        warnings=(*query.warnings, *map(unknown_sentence, unknown)),
    )


def synthetic_collection(query: Query) -> Collected:
    """Return the invented dataset, or its cohort, where a question is met by it."""
    is_cohort = query.about == COHORT.id
    record = COHORT_RECORD if is_cohort else dataset_record(synthetic_dataset())
    people, unknown = _people(query)
    return Collected(
        records=(record,) if people and _is_chosen(query) else (),
        warnings=tuple(map(unknown_sentence, unknown)),
    )


def synthetic_terms(query: Query) -> tuple[FilteringTerm, ...]:
    """Return what the invented records that a question chooses can be filtered by."""
    if not _is_chosen(query):
        return ()
    listing = Listing()
    for name, records in _invented().items():
        if query.identity is None or name == query.about:
            shown = [r for r in records if query.identity in (None, r["id"])]
            said = (s for each in shown for s in facts_of(name, each))
            listing.add(name, ((s, 1) for s in said))
    return listing.terms()


def _count(query: Query, number: int) -> int | None:
    return number if query.granularity >= Granularity.COUNT else None


def _people(query: Query) -> tuple[list[InventedPerson], tuple[str, ...]]:
    """Return the people a question is about, and filters nothing answers to.

    Raises:
        UnknownFilters: where such filters are to be an error.
    """
    places, unknown = _judge().narrowed(query.filters)
    query.check_known(unknown)
    people = [PEOPLE[place] for place in sorted(places)]
    under = query.under
    if under is not None:
        name = under.entry_type
        people = [p for p in people if p.records[name]["id"] == under.identity]
    return people, unknown


@cache
def _judge() -> Judge:
    """Return what judges filters on all that is invented."""
    return Judge(_invented())


def _invented() -> dict[str, list[Json]]:
    """Return all that is invented; records of one person stand at one place."""
    records = {name: [p.records[name] for p in PEOPLE] for name in DOCUMENTED}
    own = dataset_record(synthetic_dataset())
    groups = {
        DATASET.id: [own] * len(PEOPLE),
        COHORT.id: [COHORT_RECORD] * len(PEOPLE),
    }
    return records | groups


def _counts_of(people: Sequence[InventedPerson]) -> AlleleCounts:
    """Return the counts of the invented variant among some people."""
    copies = [each.copies for each in people]
    return AlleleCounts(
        ac=sum(copies),
        an=2 * len(copies),
        hom=copies.count(2),
        het=copies.count(1),
        hemi=0,
    )


def _is_asked(query: Query, allele: Allele) -> bool:
    """Whether a question concerns the dataset, as it would one that is loaded."""
    return _is_chosen(query) and query.assembly in (None, allele.contig.assembly)


def _is_chosen(query: Query) -> bool:
    if query.unknown_filters or query.cohort not in (None, COHORT_ID):
        return False
    return query.datasets is None or DATASET_ID in query.datasets


def _matches(query: Query, allele: Allele) -> bool:
    return query.pattern is None or query.pattern.matches(allele)


def _is_covered(query: Query, allele: Allele) -> bool:
    return query.pattern is None or query.pattern.contig == allele.contig


def _status(
    query: Query, allele: Allele, people: Sequence[InventedPerson], *, is_match: bool
) -> Status:
    return _word(query, allele, is_match=is_match, is_lost=not people)


def _word(query: Query, allele: Allele, *, is_match: bool, is_lost: bool) -> Status:
    """Return the word for the dataset; of nobody asked for nothing is said."""
    if is_match:
        return Status.SEEN
    is_covered = _is_covered(query, allele) and not is_lost
    return Status.NOT_SEEN if is_covered else Status.NOT_COVERED


def _single_counts(
    query: Query, counts: AlleleCounts, *, is_match: bool
) -> AlleleCounts | None:
    """Return the counts of a single-allele question; of a "no", all zero."""
    is_counted = query.granularity >= Granularity.COUNT
    if not is_counted or query.pattern is None or not query.pattern.is_single_allele:
        return None
    if is_match:
        return counts
    if not counts.an or not _is_covered(query, synthetic_allele()):
        return None
    return AlleleCounts(ac=0, an=counts.an, hom=0, het=0, hemi=0)
