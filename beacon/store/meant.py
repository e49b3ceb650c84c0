"""Who is meant by a question: from filters, a record or a cohort to people.

Filters are judged on documents, wherever in a dataset they are; what they choose is
projected to individuals, and those are found among the people of each part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pyroaring import BitMap

from beacon.model.entry_types import BIOSAMPLE, DOCUMENTED, INDIVIDUAL
from beacon.model.findings import Silence

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from beacon.model.query import Query
    from beacon.model.records import Record, Under
    from beacon.store.cabinets import Cabinet
    from beacon.store.individuals import Crowd
    from beacon.store.lookup import Shelf


class Meant(NamedTuple):
    """The people of one dataset that a question is about.

    Attributes:
        people: by part.
        unknown: texts of filters that nothing in the dataset answers to; ``None``:
            they were not judged.
        silence: why it cannot say who is meant, or carries what.
    """

    people: Mapping[int, BitMap]
    unknown: frozenset[str] | None = None
    silence: Silence | None = None


_CANNOT_TELL = Meant({}, silence=Silence.NO_PEOPLE)


def is_of_people(query: Query) -> bool:
    """Whether a question is about some people only."""
    return bool(query.filters) or _is_below(query) or query.cohort is not None


def _is_below(query: Query) -> bool:
    """Whether a question is about what belongs to one document."""
    return query.under is not None and query.under.entry_type in DOCUMENTED


async def meant_by(
    query: Query, shelf: Shelf, cabinet: Cabinet, crowds: Mapping[int, Crowd]
) -> Meant:
    """Return whom of a dataset a question is about.

    Args:
        query: the question.
        shelf: the dataset with the release it serves.
        cabinet: its documents.
        crowds: the people of the release's parts.
    """
    parts = [part.number for part in shelf.rows.parts]
    if not shelf.release.can_be_lessened or not crowds.keys() >= set(parts):
        return _CANNOT_TELL
    cohort = _cohort(query, shelf)
    if query.cohort is not None and cohort is None:
        return _CANNOT_TELL
    chosen, unknown = await _individuals(query, cabinet)
    if chosen is None and (query.filters or _is_below(query)):
        return _CANNOT_TELL
    samples = await _samples(query.under, cabinet)
    people = {}
    for part in parts:
        crowd = crowds[part]
        mine = await _of_part(part, crowd, chosen, cohort, cabinet)
        if samples is not None:
            mine -= await cabinet.read_elsewhere(samples, crowd, part)
        people[part] = mine - BitMap(crowd.of(query.excluded))
    silence = None if any(people.values()) else Silence.NOBODY
    return Meant(people, unknown, silence)


def _cohort(query: Query, shelf: Shelf) -> Record | None:
    found = (c for c in shelf.dataset.cohorts if c.id == query.cohort)
    return next(found, None)


async def _individuals(
    query: Query, cabinet: Cabinet
) -> tuple[BitMap | None, frozenset[str]]:
    """Return the individuals that are meant; ``None``: documents do not tell."""
    chosen: BitMap | None = None
    unknown: frozenset[str] = frozenset()
    if query.filters:
        selection = await cabinet.select(query.filters, INDIVIDUAL.id)
        unknown = selection.unknown
        if not selection.is_covered or INDIVIDUAL.id not in cabinet.sets:
            return None, unknown
        chosen = selection.ordinals
    under = query.under
    if under is not None and under.entry_type in DOCUMENTED:
        if under.entry_type not in cabinet.sets or INDIVIDUAL.id not in cabinet.sets:
            return None, unknown
        there = await cabinet.ordinals_of(under.entry_type, (under.identity,))
        mine = await cabinet.project(there, under.entry_type, INDIVIDUAL.id)
        chosen = mine if chosen is None else chosen & mine
    return chosen, unknown


async def _samples(under: Under | None, cabinet: Cabinet) -> BitMap | None:
    """Return the biosamples of the record asked below; ``None``: all of somebody.

    What was read of another one of the same individual is not of this one.
    """
    if under is None or under.entry_type not in DOCUMENTED[1:]:
        return None
    there = await cabinet.ordinals_of(under.entry_type, (under.identity,))
    return await cabinet.project(there, under.entry_type, BIOSAMPLE.id)


async def _of_part(
    part: int,
    crowd: Crowd,
    chosen: BitMap | None,
    cohort: Record | None,
    cabinet: Cabinet,
) -> BitMap:
    """Return the people of a part who are meant."""
    found = crowd.roster.present
    if chosen is not None:
        found = found & await cabinet.people_of(chosen, crowd, part)
    if cohort is not None and cohort.members is not None:
        found = found & await _members(cohort.members, crowd, part, cabinet)
    return found


async def _members(
    members: Collection[str], crowd: Crowd, part: int, cabinet: Cabinet
) -> BitMap:
    """Return the people whose ids a cohort lists, documented or not."""
    named = BitMap(crowd.of(members))
    if INDIVIDUAL.id not in cabinet.sets:
        return named
    there = await cabinet.ordinals_of(INDIVIDUAL.id, members)
    return named | await cabinet.people_of(there, crowd, part)
