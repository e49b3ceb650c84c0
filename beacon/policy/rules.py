"""Disclosure rules: functions that take something out of a statement, or nothing.

A rule receives what would be said of one dataset and returns what is left.  It
never adds: no number appears, grows or becomes more exact (tests hold it).
A new rule is a function and a row in ``RULES``; rows apply in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from beacon.model.disclosure import DatasetDisclosure, Permit
from beacon.model.query import Granularity

Rule = Callable[[DatasetDisclosure, Permit], DatasetDisclosure]


def keep_granularity(said: DatasetDisclosure, permit: Permit) -> DatasetDisclosure:
    """Return no more detail than the permit grants.

    ``count`` drops the variant records; ``boolean`` drops every number that
    depends on the question, as Beacon v2 asks of boolean answers.
    """
    level = min(said.granularity, permit.granularity)
    counted = level >= Granularity.COUNT
    left = {
        "granularity": level,
        "variants": said.variants if level >= Granularity.RECORD else (),
        "total": said.total if counted else None,
        "counts": said.counts if counted else None,
    }
    return _changed(said, left)


def keep_individuals(said: DatasetDisclosure, permit: Permit) -> DatasetDisclosure:
    """Return nothing of people by what is told of them, unless that is granted.

    Their counts are as exact as any: ``boolean`` shows none of them, either.
    """
    if permit.individuals and said.granularity >= Granularity.COUNT:
        return said
    return _changed(said, {"groups": ()})


def _changed(said: DatasetDisclosure, left: Mapping[str, object]) -> DatasetDisclosure:
    """Return what is left of a statement; the very same where that is all of it."""
    if all(getattr(said, name) is value for name, value in left.items()):
        return said
    return replace(said, **left)  # type: ignore[arg-type]


RULES: Mapping[str, Rule] = MappingProxyType(
    {"granularity": keep_granularity, "individuals": keep_individuals}
)
"""Every rule by name, in the order they apply."""
