"""Disclosures as Beacon JSON, and errors as Beacon JSON.

One shape at every granularity: ``meta``, ``responseSummary``, ``response`` and
``info``; an absent value is left out, never null.  Nothing here knows more than
the disclosure says.  A result set always has ``resultsCount`` and ``results``,
because Beacon before v2.2 requires them; where a count may not be said,
``resultsCount`` repeats ``exists`` as 1 or 0 and is marked ``imprecise``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from beacon.model.entry_types import DATASET, GENOMIC_VARIANT
from beacon.model.errors import (
    BeaconError,
    InvalidRequest,
    NotPermitted,
    RequestTooLarge,
    StoreUnavailable,
)
from beacon.model.query import Granularity, Include, Query
from beacon.model.status import Status
from beacon.wire.info import API_VERSION, given, timestamp
from beacon.wire.variants import Source, genomic_variant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.model.counts import AlleleCounts
    from beacon.model.dataset import Dataset
    from beacon.model.disclosure import DatasetDisclosure, Disclosure
    from beacon.model.entry_types import EntryType
    from beacon.model.similarity import Similar
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
    said = _said(query, disclosure)
    document = _envelope(speaker, query, GENOMIC_VARIANT, said)
    document["responseSummary"] = _summary(disclosure, said)
    similar = None if query.pattern is None else query.pattern.similar
    document["response"] = {
        "resultSets": [
            _result_set(part, said, speaker, references or {}, similar)
            for part in disclosure.datasets
            if _is_included(query.include, part)
        ]
    }
    document["info"] = _info(disclosure.status, query, disclosure.warnings)
    return document


def _said(query: Query, disclosure: Disclosure) -> Granularity:
    """Return the granularity of the whole answer.

    Without result sets (``NONE``) nothing finer than a count is said; where no
    dataset may be counted, nothing finer than yes or no.
    """
    said = min(query.granularity, disclosure.granularity)
    if disclosure.total is None:
        return Granularity.BOOLEAN
    if query.include is Include.NONE:
        return min(said, Granularity.COUNT)
    return said


def _is_included(include: Include, part: DatasetDisclosure) -> bool:
    match include:
        case Include.HIT:
            return part.exists
        case Include.MISS:
            # Who gives no answer did not miss: it would read as a "no".
            return not part.exists and part.status is not Status.NO_ANSWER
        case Include.ALL:
            return True
        case Include.NONE:
            return False


def _summary(disclosure: Disclosure, said: Granularity) -> Document:
    if said is Granularity.BOOLEAN:
        return {"exists": disclosure.exists}
    uncounted = any(part.total is None for part in disclosure.datasets)
    return given(
        exists=disclosure.exists,
        numTotalResults=disclosure.total,
        countPrecision="imprecise" if uncounted else None,
    )


def _result_set(
    part: DatasetDisclosure,
    said: Granularity,
    speaker: Speaker,
    references: Mapping[str, Reference],
    similar: Similar | None,
) -> Document:
    level = min(said, part.granularity)
    counted = part.total if level >= Granularity.COUNT else None
    source = Source(
        name=part.name,
        address=f"{speaker.api}/{DATASET.path}/{quote(part.dataset, safe='')}",
        release=part.release,
    )
    shown = part.variants if level is Granularity.RECORD else ()
    return given(
        id=part.dataset,
        setType=DATASET.id,
        exists=part.exists,
        resultsCount=int(part.exists) if counted is None else counted,
        countPrecision="imprecise" if counted is None else None,
        results=[
            genomic_variant(variant, source, references, similar) for variant in shown
        ],
        info=_result_set_info(part, level),
    )


def _result_set_info(part: DatasetDisclosure, level: Granularity) -> Document:
    counts = part.counts if level >= Granularity.COUNT else None
    members = given(
        status=str(part.status),
        release=part.release,
        releaseDate=part.released.date().isoformat() if part.released else None,
        sampleCount=part.sample_count,
        coverage=part.coverage,
        filters=list(part.filters) or None,
    )
    return members if counts is None else members | count_members(counts)


def count_members(counts: AlleleCounts) -> Document:
    """Return the counts of one allele under their names on the wire."""
    return given(
        alleleCount=counts.ac,
        alleleNumber=counts.an,
        homozygous=counts.hom,
        heterozygous=counts.het,
        hemizygous=counts.hemi,
    )


def collections(
    query: Query, datasets: Sequence[Dataset], speaker: Speaker
) -> Document:
    """Return the answer to a question about datasets.

    Args:
        query: its page is taken over the list.
        datasets: every one that matches, before paging.
        speaker: the beacon that answers.
    """
    said = query.granularity
    if query.include is Include.NONE:
        said = min(said, Granularity.COUNT)
    page = query.page
    shown = datasets[page.offset : page.offset + page.limit]
    document = _envelope(speaker, query, DATASET, said)
    document["responseSummary"] = given(
        exists=bool(datasets),
        numTotalResults=len(datasets) if said >= Granularity.COUNT else None,
    )
    document["response"] = {
        "collections": [dataset_record(dataset) for dataset in shown]
        if said is Granularity.RECORD
        else []
    }
    if query.warnings:
        document["info"] = {"warnings": list(query.warnings)}
    return document


def dataset_record(dataset: Dataset) -> Document:
    """Return the dataset record of the default model."""
    release = dataset.release
    described = given(
        kind=dataset.kind, country=dataset.country, contact=dataset.contact
    )
    loaded = (
        {}
        if release is None
        else given(
            assembly=release.assembly,
            sampleCount=release.sample_count,
            variantCount=release.variants,
            releaseDate=release.published.date().isoformat(),
            genotyped=release.genotyped,
        )
    )
    return given(
        id=dataset.id,
        name=dataset.name,
        description=dataset.description,
        createDateTime=timestamp(dataset.created),
        updateDateTime=timestamp(dataset.updated),
        version=None if release is None else str(release.ordinal),
        info=described | loaded,
    )


def error_document(error: BeaconError, speaker: Speaker) -> Document:
    """Return the error document of a failure we can explain."""
    parameter = error.parameter if isinstance(error, InvalidRequest) else None
    return failure_document(
        error.status_hint,
        str(error),
        speaker,
        info=given(status=_status_of(error), parameter=parameter),
    )


def _status_of(error: BeaconError) -> str | None:
    """Return the status word a failed question has; a wrong path has none."""
    match error:
        case InvalidRequest() | RequestTooLarge() | StoreUnavailable():
            return Status.NO_ANSWER.value
        case NotPermitted():
            return Status.WITHHELD.value
    return None


def failure_document(
    code: int,
    sentence: str,
    speaker: Speaker,
    *,
    info: Mapping[str, object] | None = None,
) -> Document:
    """Return an error document with the full meta of a data answer."""
    nothing_asked = Query(requested=summary_of_nothing())
    document = _envelope(speaker, nothing_asked, GENOMIC_VARIANT, Granularity.BOOLEAN)
    document["error"] = {"errorCode": code, "errorMessage": sentence}
    if info:
        document["info"] = dict(info)
    return document


def summary_of_nothing() -> Document:
    """Return the ``receivedRequestSummary`` of a request that was not understood."""
    return {
        "apiVersion": API_VERSION,
        "requestedSchemas": [],
        "pagination": {"skip": 0, "limit": 10},
        "requestedGranularity": Granularity.BOOLEAN.word,
    }


def _envelope(
    speaker: Speaker, query: Query, returned: EntryType, said: Granularity
) -> Document:
    return {
        "meta": {
            "beaconId": speaker.identity.id,
            "apiVersion": API_VERSION,
            "returnedSchemas": [{"entityType": returned.id, "schema": returned.schema}],
            "returnedGranularity": said.word,
            "testMode": query.test_mode,
            "receivedRequestSummary": dict(query.requested),
        }
    }


def _info(status: Status, query: Query, warnings: Sequence[str]) -> Document:
    sentences = list(dict.fromkeys((*query.warnings, *warnings)))
    return given(status=status.value, warnings=sentences or None)
