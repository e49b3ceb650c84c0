"""Disclosures as Beacon JSON: result sets of variants, and of documents.

Nothing here knows more than the disclosure says; the shape around the records is
that of ``envelopes``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from beacon.model.entry_types import DATASET, ENTRY_TYPES, GENOMIC_VARIANT
from beacon.model.lifting import Lift, NotLifted
from beacon.model.query import Granularity
from beacon.wire.envelopes import answer_document, result_set_document
from beacon.wire.info import given
from beacon.wire.variants import Source, genomic_variant
from beacon.wire.writing import ready

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.model.counts import AlleleCounts
    from beacon.model.disclosure import (
        DatasetDisclosure,
        Disclosure,
        RecordsDisclosure,
        RecordSetDisclosure,
    )
    from beacon.model.query import Query
    from beacon.model.variant import Reference
    from beacon.wire.info import Document, Speaker


def result_sets(
    query: Query,
    disclosure: Disclosure,
    speaker: Speaker,
    *,
    references: Mapping[str, Reference] | None = None,
) -> Document:
    """Return the answer to a question about variants.

    Args:
        query: the question as understood.
        disclosure: what may be said.
        speaker: the beacon that answers.
        references: genomes that HGVS names are moved 3' with, by assembly.
    """
    similar = None if query.pattern is None else query.pattern.similar

    def result_set(part: DatasetDisclosure, level: Granularity) -> object:
        kept = part.kept.get(level)
        if kept is not None:
            return kept
        if level < Granularity.RECORD or not part.variants:
            return result_set_below_records(part, level)
        source = Source(
            name=part.name,
            address=f"{speaker.api}/{DATASET.path}/{quote(part.dataset, safe='')}",
            release=part.release,
        )
        records = [
            genomic_variant(variant, source, references or {}, similar)
            for variant in part.variants
        ]
        return result_set_document(part, level, records, information(part, level))

    return answer_document(query, disclosure, speaker, GENOMIC_VARIANT, result_set)


def result_set_below_records(part: DatasetDisclosure, level: Granularity) -> object:
    """Return one result set as written; it says nothing but what its part says.

    So it is kept with the part, which many answers share.
    """
    kept = ready(result_set_document(part, level, (), information(part, level)))
    part.kept[level] = kept
    return kept


def record_sets(
    query: Query, disclosure: RecordsDisclosure, speaker: Speaker
) -> Document:
    """Return the answer to a question about documents, which are given as they are."""

    def result_set(part: RecordSetDisclosure, level: Granularity) -> Document:
        information = {"status": part.status.value}
        return result_set_document(part, level, part.records, information)

    returned = ENTRY_TYPES[query.about]
    return answer_document(query, disclosure, speaker, returned, result_set)


def information(part: DatasetDisclosure, level: Granularity) -> Document:
    """Return what is said of one dataset beside its records."""
    counts = part.counts if level >= Granularity.COUNT else None
    members = given(
        status=str(part.status),
        release=part.release,
        releaseDate=part.released.date().isoformat() if part.released else None,
        sampleCount=part.sample_count,
        coverage=part.coverage,
        filters=list(part.filters) or None,
        datasets=list(part.pool) or None,
        lifted=None if part.lifted is None else lift_members(part.lifted),
    )
    return members if counts is None else members | count_members(counts)


def lift_members(lift: Lift | NotLifted) -> Document:
    """Return how a question came to be asked on another assembly, or why it was not."""
    match lift:
        case NotLifted(why=why):
            return {"why": why}
        case Lift():
            return given(
                asked=lift.asked,
                lifted=lift.lifted,
                assemblyId=lift.assembly,
                isCertain=lift.is_certain,
                doubts=list(lift.doubts) or None,
                notes=list(lift.notes) or None,
            )


def count_members(counts: AlleleCounts) -> Document:
    """Return the counts of one allele under their names on the wire."""
    return given(
        alleleCount=counts.ac,
        alleleNumber=counts.an,
        homozygous=counts.hom,
        heterozygous=counts.het,
        hemizygous=counts.hemi,
    )
