"""A question for records: which each dataset has, counted, paged, with its word.

Pages are in the order in which documents were loaded; it changes only when they are
loaded anew.  Nothing is said of a dataset that has no such documents, or none of a
filter's scope, and finds nothing: that is no "no".
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from pyroaring import BitMap

from beacon.model.entry_types import (
    BIOSAMPLE,
    COHORT,
    DATASET,
    DOCUMENTED,
    INDIVIDUAL,
)
from beacon.model.findings import FoundRecords, RecordFindings
from beacon.model.query import Granularity
from beacon.model.status import Status

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from beacon.model.query import Query
    from beacon.model.records import Json
    from beacon.store.cabinets import Cabinet

_COUNT, _RECORD = Granularity.COUNT, Granularity.RECORD


class Narrowed(NamedTuple):
    """The individuals of a dataset that a variant narrows a question to.

    Attributes:
        status: the word for it where nothing is found among them.
        samples: biosamples of theirs that are samples of the files.
    """

    individuals: BitMap
    status: Status
    samples: BitMap = BitMap()  # nobody changes it


NOBODY_KNOWN = Narrowed(BitMap(), Status.NOT_COVERED)
"""Of a dataset of which nobody knows what its individuals carry."""


class _Found(NamedTuple):
    """What one dataset has.

    Attributes:
        records: ordinals; of datasets and cohorts, places in ``listed``.
        unknown: filters that nothing here answers to; ``None``: not judged.
        otherwise: the word where nothing is found.
        listed: the records themselves, where they are few.
    """

    records: BitMap
    unknown: frozenset[str] | None
    otherwise: Status
    listed: Sequence[tuple[str, Json]] = ()


async def find_records(
    query: Query,
    granularities: Mapping[str, Granularity],
    cabinets: Sequence[Cabinet],
    narrow: Callable[[Cabinet], Awaitable[Narrowed]] | None = None,
) -> FoundRecords:
    """Return what datasets truly say to a question for records.

    Args:
        query: without regard to its variant pattern.
        granularities: by dataset, how much is wanted of it.
        cabinets: the datasets.
        narrow: the individuals of a dataset that a variant narrows it to.

    Raises:
        StoreUnavailable: when the database fails.
    """
    found = await asyncio.gather(*(_find(query, c, narrow) for c in cabinets))
    told = await asyncio.gather(
        *(
            _told(query, cabinet, one, granularities[cabinet.dataset.id])
            for cabinet, one in zip(cabinets, found, strict=True)
        )
    )
    counted = [
        (cabinet, one)
        for cabinet, one in zip(cabinets, found, strict=True)
        if granularities[cabinet.dataset.id] >= _COUNT
    ]
    return FoundRecords(
        datasets=tuple(told),
        distinct=await _distinct(query.about, counted) if counted else None,
        unknown_filters=query.unanswered(
            [one.unknown for one in found if one.unknown is not None]
        ),
    )


async def _find(
    query: Query,
    cabinet: Cabinet,
    narrow: Callable[[Cabinet], Awaitable[Narrowed]] | None,
) -> _Found:
    if query.about == DATASET.id:
        return await _find_dataset(query, cabinet)
    if query.about == COHORT.id:
        return await _find_cohorts(query, cabinet)
    if query.about not in cabinet.sets:
        return _Found(BitMap(), None, Status.NOT_COVERED)
    selection = await cabinet.select(query.filters, query.about)
    found, otherwise = selection.ordinals, Status.NOT_SEEN
    if query.identity is not None:
        found &= await cabinet.ordinals_of(query.about, [query.identity])
    below = await cabinet.belonging_to(query.under, query.cohort, [query.about])
    if below is not None:
        found &= below[query.about]
    if narrow is not None and found:
        narrowed = await narrow(cabinet)
        mine = await _of_carriers(narrowed, cabinet, query.about)
        found, otherwise = found & mine, narrowed.status
    is_lost = any(
        all(asked.text in selection.unknown for asked in clause)
        for clause in query.filters
    )
    if is_lost or not selection.is_covered or not _is_covered(query, cabinet):
        otherwise = Status.NOT_COVERED
    return _Found(found, selection.unknown, otherwise)


async def _of_carriers(narrowed: Narrowed, cabinet: Cabinet, about: str) -> BitMap:
    """Return the documents of carriers: of several biosamples those that were read.

    Runs and analyses are those of the same biosamples.  Of somebody none of whose
    biosamples is a sample of the files, all are.
    """
    found = await cabinet.project(narrowed.individuals, INDIVIDUAL.id, about)
    if about == INDIVIDUAL.id or not narrowed.samples:
        return found
    read = await cabinet.project(narrowed.samples, BIOSAMPLE.id, INDIVIDUAL.id)
    theirs = await cabinet.project(read, INDIVIDUAL.id, about)
    mine = await cabinet.project(narrowed.samples, BIOSAMPLE.id, about)
    return (found - theirs) | (found & mine)


def _is_covered(query: Query, cabinet: Cabinet) -> bool:
    """Whether a dataset knows of the record, and the cohort, that are asked below."""
    under = query.under
    has_type = under is None or under.entry_type not in DOCUMENTED
    has_type = has_type or (under is not None and under.entry_type in cabinet.sets)
    if query.cohort is None:
        return has_type
    cohort = cabinet.cohort(query.cohort)
    has_people = cohort is not None and (
        cohort.members is None or INDIVIDUAL.id in cabinet.sets
    )
    return has_type and has_people


async def _find_dataset(query: Query, cabinet: Cabinet) -> _Found:
    dataset = cabinet.dataset
    judged = await cabinet.meets(query.filters)
    is_it = judged.is_met and query.identity in (None, dataset.id)
    record = dataset.record or {"id": dataset.id, "name": dataset.name}
    return _Found(
        BitMap([0] if is_it else []),
        judged.unknown,
        Status.NOT_SEEN if judged.is_covered else Status.NOT_COVERED,
        [(dataset.id, record)],
    )


async def _find_cohorts(query: Query, cabinet: Cabinet) -> _Found:
    cohorts = cabinet.dataset.cohorts
    if not cohorts:
        return _Found(BitMap(), None, Status.NOT_COVERED)
    found, unknown = BitMap(), None
    is_covered = True
    for place, cohort in enumerate(cohorts):
        judged = await cabinet.meets(query.filters, cohort)
        is_covered &= judged.is_covered
        unknown = judged.unknown if unknown is None else unknown & judged.unknown
        is_asked = query.cohort in (None, cohort.id)
        if judged.is_met and is_asked and query.identity in (None, cohort.id):
            found.add(place)
    otherwise = Status.NOT_SEEN if is_covered else Status.NOT_COVERED
    return _Found(found, unknown, otherwise, [(c.id, c.document) for c in cohorts])


async def _told(
    query: Query, cabinet: Cabinet, found: _Found, granularity: Granularity
) -> RecordFindings:
    """Return what is told of one dataset, as much as is wanted."""
    total = len(found.records)
    records: Sequence[Json] = ()
    if granularity is _RECORD:
        first = query.page.offset
        page = list(found.records[first : first + query.page.limit])
        if found.listed:
            records = [found.listed[place][1] for place in page]
        elif page:
            records = await cabinet.read(query.about, page)
    return RecordFindings(
        dataset=cabinet.dataset,
        status=Status.SEEN if total else found.otherwise,
        total=total if granularity >= _COUNT else min(total, 1),
        records=tuple(records),
    )


async def _distinct(about: str, found: Sequence[tuple[Cabinet, _Found]]) -> int:
    """Return how many different ids were found."""
    some = [(cabinet, one) for cabinet, one in found if one.records]
    if len(some) <= 1:
        return sum(len(one.records) for _, one in some)
    if about in (DATASET.id, COHORT.id):
        return len({one.listed[place][0] for _, one in some for place in one.records})
    keys = [await cabinet.keys(about, one.records) for cabinet, one in some]
    return len(np.unique(np.concatenate(keys)))
