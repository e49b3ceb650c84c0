"""Disclosure rules: functions that take something out of a statement, or nothing.

A rule receives what would be said of one dataset and returns what is left.  It
never adds: no number appears or becomes more exact, and no word but ``withheld``
comes for another (tests hold it).  Without a profile counts stay as they are or go,
whatever they are, and rules are asked once for thousands of alleles
(``policy.counting``).  A new rule is a function and a row in ``RULES``; rows apply
in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import DatasetDisclosure, Permit
from beacon.model.query import Granularity
from beacon.model.status import Status
from beacon.policy.rounding import rounded

Rule = Callable[[DatasetDisclosure, Permit], DatasetDisclosure]


def keep_shown(said: DatasetDisclosure, permit: Permit) -> DatasetDisclosure:
    """Return nothing of an allele whose count is too small to be said.

    Where anything may be hidden, what is not there is told like what is hidden: by
    the same statement.  Of several alleles those are left that alone are shown.
    """
    profile = permit.profile
    if profile is None or not profile.may_hide:
        return said
    if said.status is not Status.SEEN:
        return withheld(said)
    least = profile.named_from
    shown = tuple(v for v in said.variants if _count(v.groups[0].counts) >= least)
    if said.counts is None:
        return (
            replace(said, variants=shown, total=len(shown)) if shown else withheld(said)
        )
    if _count(said.counts) < least:
        return withheld(said)
    return replace(said, variants=shown, total=1)


def _count(counts: AlleleCounts) -> int:
    """Return how many copies are known to be there."""
    return counts.ac or 0


def withheld(said: DatasetDisclosure) -> DatasetDisclosure:
    """Return a statement with everything taken out that depends on the question."""
    return DatasetDisclosure(
        dataset=said.dataset,
        name=said.name,
        status=Status.WITHHELD,
        granularity=Granularity.BOOLEAN,
        exists=False,
        release=said.release,
        released=said.released,
        sample_count=said.sample_count,
    )


def keep_rows(said: DatasetDisclosure, permit: Permit) -> DatasetDisclosure:
    """Return nobody by what is told of them, where small groups are to be hidden.

    Groups that a question chooses have no complement that could be looked at.
    """
    profile = permit.profile
    if profile is None or profile.rows_from <= 1 or not said.groups:
        return said
    return replace(said, groups=())


def keep_frequency(said: DatasetDisclosure, permit: Permit) -> DatasetDisclosure:
    """Return no AN of a dataset whose AN says nothing of its people."""
    if permit.frequency:
        return said
    return _counted(said, lambda counts: replace(counts, an=None))


def keep_rounded(said: DatasetDisclosure, permit: Permit) -> DatasetDisclosure:
    """Return no count more exact than the profile says.

    Numbers of people by zygosity do not stay together when they are rounded, so
    there are none.
    """
    profile = permit.profile
    if profile is None or not profile.is_adjusted:
        return said
    step = profile.round_to

    def coarse(counts: AlleleCounts) -> AlleleCounts:
        ac, an = (
            None if n is None else rounded(n, step) for n in (counts.ac, counts.an)
        )
        return AlleleCounts(ac=ac, an=an)

    people = said.sample_count
    return replace(
        _counted(said, coarse),
        sample_count=None if people is None else rounded(people, step),
        adjusted_to=step,
    )


def _counted(
    said: DatasetDisclosure, change: Callable[[AlleleCounts], AlleleCounts]
) -> DatasetDisclosure:
    """Return a statement with every count of copies changed in one way."""
    variants = tuple(
        replace(
            variant,
            groups=tuple(replace(g, counts=change(g.counts)) for g in variant.groups),
        )
        for variant in said.variants
    )
    counts = None if said.counts is None else change(said.counts)
    return replace(said, counts=counts, variants=variants)


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
    {
        "shown": keep_shown,
        "rows": keep_rows,
        "frequency": keep_frequency,
        "rounded": keep_rounded,
        "granularity": keep_granularity,
        "individuals": keep_individuals,
    }
)
"""Every rule by name, in the order they apply."""
