"""Datasets and cohorts as Beacon JSON: collections of records that are few.

A record that was loaded for a dataset is given as it is; what only this beacon
knows (its id, and under ``info`` what it serves) is its own.
Beacon v2, framework/json/responses/beaconCollectionsResponse.json.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model.entry_types import ENTRY_TYPES
from beacon.model.query import Granularity, Include
from beacon.wire.envelopes import envelope
from beacon.wire.info import given, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from beacon.model.dataset import Dataset
    from beacon.model.disclosure import Collected
    from beacon.model.query import Query
    from beacon.wire.info import Document, Speaker


def collections(query: Query, said: Collected, speaker: Speaker) -> Document:
    """Return the answer to a question about datasets or cohorts.

    Args:
        query: its page is taken over the list.
        said: every record that matches, before paging.
        speaker: the beacon that answers.
    """
    records = said.records
    level = query.granularity
    if query.include is Include.NONE:
        level = min(level, Granularity.COUNT)
    page = query.page
    shown = records[page.offset : page.offset + page.limit]
    document = envelope(speaker, query, ENTRY_TYPES[query.about], level)
    document["responseSummary"] = given(
        exists=bool(records),
        numTotalResults=len(records) if level >= Granularity.COUNT else None,
    )
    document["response"] = {
        "collections": [dict(record) for record in shown]
        if level is Granularity.RECORD
        else []
    }
    sentences = list(dict.fromkeys((*query.warnings, *said.warnings)))
    if sentences:
        document["info"] = {"warnings": sentences}
    return document


def dataset_record(dataset: Dataset) -> Document:
    """Return the dataset record of the default model."""
    release = dataset.release
    described = given(
        kind=dataset.kind,
        country=dataset.country,
        contact=dataset.contact,
        documents={name: each.count for name, each in dataset.documents.items()}
        or None,
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
    known = given(
        id=dataset.id,
        name=dataset.name,
        description=dataset.description,
        createDateTime=timestamp(dataset.created),
        updateDateTime=timestamp(dataset.updated),
        version=None if release is None else str(release.ordinal),
    )
    record = dict(dataset.record or {})
    said = record.get("info")
    information = said if isinstance(said, dict) else {}
    own = {"id": dataset.id, "info": information | described | loaded}
    return known | record | own


def cohort_records(datasets: Iterable[Dataset]) -> list[Document]:
    """Return one record for each cohort, over the datasets it was loaded for."""
    records: dict[str, Document] = {}
    places: dict[str, list[str]] = {}
    for dataset in datasets:
        for cohort in dataset.cohorts:
            records.setdefault(cohort.id, cohort.document)
            places.setdefault(cohort.id, []).append(dataset.id)
    return [
        _cohort_record(cohort, records[cohort], places[cohort])
        for cohort in sorted(records)
    ]


def _cohort_record(
    cohort: str, record: Mapping[str, object], datasets: Sequence[str]
) -> Document:
    said = record.get("info")
    information = said if isinstance(said, dict) else {}
    own = {"id": cohort, "info": information | {"datasets": list(datasets)}}
    return dict(record) | own
