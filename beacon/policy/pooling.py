"""Counts too small for a dataset's own name, told for its country.  Pure.

A pool holds the datasets of one country that do not say a count of an allele under
their own name, and says their sum.  Never one dataset alone, unless its country's
pool was declared: where only one is too small, the next smallest are not named
either, so that nothing can be taken away from the sum.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import DatasetDisclosure
from beacon.model.query import Granularity
from beacon.model.status import Status
from beacon.policy.rules import withheld

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.model.disclosure import Permit
    from beacon.model.profile import Profile

PREFIX = "pooled:"
_FEWEST = 2


class Member(NamedTuple):
    """One dataset that may be pooled.

    Attributes:
        at: its place among the parts.
        granted: what may be learnt of it.
        counts: what is true of it, where anything is known.
    """

    at: int
    granted: Permit
    counts: AlleleCounts | None

    @property
    def ac(self) -> int:
        """Copies that are known to be there."""
        return (self.counts and self.counts.ac) or 0

    @property
    def profile(self) -> Profile:
        """How it speaks."""
        if self.granted.profile is None:
            message = f"{self.granted.dataset} speaks as it is, and is in no pool"
            raise ValueError(message)
        return self.granted.profile


def is_pooled(granted: Permit | None) -> bool:
    """Whether a dataset's small counts are told for its country."""
    if granted is None or granted.profile is None or granted.country is None:
        return False
    return granted.profile.cohort_named_from > 1


def pooled(
    members: Sequence[Member], parts: Sequence[DatasetDisclosure], asked: Granularity
) -> tuple[DatasetDisclosure, ...]:
    """Return what datasets say, and behind them what their pools say.

    Args:
        members: those that are pooled, with what is true of each.
        parts: what each dataset says under its own name.
        asked: the detail of the question.
    """
    said = list(parts)
    by_country: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        by_country[member.granted.country or ""].append(member)
    for country, mine in sorted(by_country.items()):
        unnamed = _unnamed(mine)
        for member in unnamed:
            said[member.at] = withheld(said[member.at])
        if unnamed:
            said.append(_pool(country, unnamed, parts, asked))
    return tuple(said)


def _unnamed(members: Sequence[Member]) -> list[Member]:
    """Return the datasets that a pool speaks for; none: there is no pool."""
    small = [m for m in members if m.ac < m.profile.named_from]
    if any(m.granted.pools_alone for m in members):
        return small
    if len(members) < _FEWEST or not small:
        return []
    if len(small) < _FEWEST:
        named = [m for m in members if m not in small]
        next_ = min(m.ac for m in named)
        small += (m for m in named if m.ac == next_)
    return sorted(small, key=lambda m: m.at)


def _pool(
    country: str,
    members: Sequence[Member],
    parts: Sequence[DatasetDisclosure],
    asked: Granularity,
) -> DatasetDisclosure:
    # No AN: it is known where the allele is, and often not where it is not, so that
    # it would tell who carries none.
    ac = sum(member.ac for member in members)
    level = min(asked, Granularity.COUNT, *(m.granted.granularity for m in members))
    is_told = _is_told(members, ac) or any(m.granted.pools_alone for m in members)
    is_seen = is_told and ac > 0
    is_counted = is_seen and level >= Granularity.COUNT
    people = [parts[m.at].sample_count for m in members]
    known = [number for number in people if number is not None]
    return DatasetDisclosure(
        dataset=f"{PREFIX}{country}",
        name=f"{country}, without saying which dataset",
        status=Status.SEEN if is_seen else Status.WITHHELD,
        granularity=level if is_seen else Granularity.BOOLEAN,
        exists=is_seen,
        total=1 if is_counted else None,
        counts=AlleleCounts(ac=ac, an=None) if is_counted else None,
        sample_count=sum(known) if len(known) == len(people) else None,
        pool=tuple(parts[m.at].dataset for m in members),
    )


def _is_told(members: Sequence[Member], ac: int) -> bool:
    """Whether a sum may be said.

    Not where it is nothing, nor where it is so much that each must be as large as
    it can be under no name: both look alike.
    """
    least = max(1, *(member.profile.min_count for member in members))
    most = sum(member.profile.named_from - 1 for member in members)
    are_small = all(m.ac < m.profile.named_from for m in members)
    return ac >= least and not (are_small and ac == most)


def members_of(
    permits: Mapping[str, Permit], names: Sequence[str]
) -> list[tuple[int, Permit]]:
    """Return which of some datasets may be pooled, by their places."""
    granted = ((at, permits.get(name)) for at, name in enumerate(names))
    return [(at, one) for at, one in granted if one is not None and is_pooled(one)]
