"""The beacon that answers in test mode: one invented dataset with one variant.

A question in test mode must be answered without touching anybody's data, so it
is answered from here whatever is loaded.  Nothing in this file was measured.
Beacon v2, framework/json/common/beaconCommonComponents.json (TestMode).
"""

from __future__ import annotations

from datetime import UTC, datetime

from beacon.model.assemblies import assembly, contig
from beacon.model.counts import AlleleCounts, Group, Layout
from beacon.model.dataset import Dataset, Release
from beacon.model.disclosure import (
    DatasetDisclosure,
    Disclosure,
    GroupDisclosure,
    VariantDisclosure,
)
from beacon.model.query import Granularity, Query
from beacon.model.status import Status
from beacon.model.variant import Allele, sequence_allele

_ID = "synthetic"
_NAME = "Synthetic example (invented, no person's data)"
_MADE = datetime(2026, 1, 1, tzinfo=UTC)
_PEOPLE = 10
_COUNTS = AlleleCounts(ac=3, an=2 * _PEOPLE, hom=1, het=1, hemi=0)


def synthetic_allele() -> Allele:
    """Return the one invented variant: a change in the unsequenced end of 22."""
    where = contig(assembly("GRCh38"), "22")
    return sequence_allele(where, 1000, "A", "G")


def synthetic_dataset() -> Dataset:
    """Return the invented dataset."""
    release = Release(
        number=0,
        ordinal=1,
        dataset=_ID,
        assembly=synthetic_allele().contig.assembly,
        fingerprint="synthetic",
        created=_MADE,
        published=_MADE,
        genotyped=True,
        layout=Layout(
            baseline=(2 * _PEOPLE,), groups=(Group(label="Total", columns=(0,)),)
        ),
        contigs=frozenset({synthetic_allele().contig.name}),
        variants=1,
        sample_count=_PEOPLE,
        inputs=(),
        tool="synthetic",
    )
    return Dataset(id=_ID, name=_NAME, created=_MADE, updated=_MADE, release=release)


def synthetic_answer(query: Query) -> Disclosure:
    """Return the invented dataset's answer to a question."""
    allele, level = synthetic_allele(), query.granularity
    if not _is_asked(query, allele):
        return Disclosure(granularity=level, datasets=(), warnings=query.warnings)
    is_match = query.pattern is None or query.pattern.matches(allele)
    counted = level >= Granularity.COUNT
    total = GroupDisclosure(label="Total", counts=_COUNTS)
    has_record = is_match and level is Granularity.RECORD and not query.page.skip
    part = DatasetDisclosure(
        dataset=_ID,
        name=_NAME,
        status=_status(query, allele, is_match=is_match),
        granularity=level,
        exists=is_match,
        total=int(is_match) if counted else None,
        variants=(VariantDisclosure(allele=allele, groups=(total,)),)
        if has_record
        else (),
        counts=_counts(query, is_match=is_match),
        release=1,
        released=_MADE,
        sample_count=_PEOPLE,
    )
    return Disclosure(granularity=level, datasets=(part,), warnings=query.warnings)


def _is_asked(query: Query, allele: Allele) -> bool:
    """Whether a question concerns the dataset, as it would one that is loaded."""
    if query.unknown_filters:
        return False
    if query.datasets is not None and _ID not in query.datasets:
        return False
    return query.assembly in (None, allele.contig.assembly)


def _is_covered(query: Query, allele: Allele) -> bool:
    return query.pattern is None or query.pattern.contig == allele.contig


def _status(query: Query, allele: Allele, *, is_match: bool) -> Status:
    if is_match:
        return Status.SEEN
    return Status.NOT_SEEN if _is_covered(query, allele) else Status.NOT_COVERED


def _counts(query: Query, *, is_match: bool) -> AlleleCounts | None:
    """Return the counts of a single-allele question; of a "no", all zero."""
    is_counted = query.granularity >= Granularity.COUNT
    if not is_counted or query.pattern is None or not query.pattern.is_single_allele:
        return None
    if is_match:
        return _COUNTS
    if not _is_covered(query, synthetic_allele()):
        return None
    return AlleleCounts(ac=0, an=_COUNTS.an, hom=0, het=0, hemi=0)
