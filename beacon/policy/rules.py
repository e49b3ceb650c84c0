"""Disclosure rules: functions that take something out of a statement, or nothing.

A rule receives what would be said of one dataset and returns what is left.  It
never adds: no number appears, grows or becomes more exact (tests hold it).  Counts
stay as they are or go, whatever they are: what is said of thousands of alleles
differs in them alone, so rules are asked once for all (``policy.counting``).
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
    variants = said.variants if level >= Granularity.RECORD else ()
    total, counts = (said.total, said.counts) if counted else (None, None)
    is_all = variants is said.variants and total is said.total
    if is_all and counts is said.counts and level is said.granularity:
        return said
    return replace(
        said, granularity=level, variants=variants, total=total, counts=counts
    )


def keep_individuals(said: DatasetDisclosure, permit: Permit) -> DatasetDisclosure:
    """Return nothing of people by what is told of them, unless that is granted.

    Their counts are as exact as any: ``boolean`` shows none of them, either.
    """
    if permit.individuals and said.granularity >= Granularity.COUNT:
        return said
    return replace(said, groups=()) if said.groups else said


RULES: Mapping[str, Rule] = MappingProxyType(
    {"granularity": keep_granularity, "individuals": keep_individuals}
)
"""Every rule by name, in the order they apply."""
