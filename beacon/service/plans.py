"""Who is asked a question, in how much detail, and who may not be asked.

A dataset that a requester does not see is not there: it is left out before
anything else is looked at.  What remains depends on the question without its
variants, on the standing of who asks, and on the datasets as they were read last;
it is worked out once for each, and forgotten when a dataset is another one.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from beacon.model.outline import Outline
from beacon.policy.asking import (
    ALLELE,
    can_be_charged,
    has_ledger,
    hides,
    is_levelled,
    kinds_of,
    width_of,
)
from beacon.policy.policy import (
    Gate,
    described_together,
    is_judged_whole,
    permit,
    standing,
)
from beacon.policy.pooling import is_pooled
from beacon.service.documents import asking, check_permitted, is_asked

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from beacon.model.dataset import Dataset
    from beacon.model.disclosure import Permit
    from beacon.model.query import Granularity, Query
    from beacon.model.requester import Requester
    from beacon.policy.policy import Policy

K = TypeVar("K")
V = TypeVar("V")

_MOST = 256
_LARGEST = 4096
"""So many plans are kept, of questions that name so many letters at most."""


class Sight(NamedTuple):
    """What a requester sees.

    Attributes:
        datasets: that there are, for it.
        described: the same, as they may be described.
        permits: of each of them.
        assemblies: that they serve.
        beyond: those that it is kept from, and that are in pools with what it sees.
    """

    datasets: tuple[Dataset, ...]
    described: tuple[Dataset, ...]
    permits: Mapping[str, Permit]
    assemblies: frozenset[str]
    beyond: Sequence[tuple[Dataset, Permit]] = ()


class Plan(NamedTuple):
    """How a question is asked.

    Attributes:
        permits: what may be said, of each dataset that the question concerns.
        granularities: the detail in which datasets are asked.
        unasked: the datasets that may not be asked.
        judged: ids of those of which every allele must be found to answer.
        is_apart: whether what any says follows from more than its own counts.
        charged: permits of those that are asked whose answers are charged for.
        silent: ids of those that are asked and never say why they lack an allele.
        beside: ids of those that are looked into only because what is asked is in a
            pool with them; nothing is said of them.
        tiers: by which those that are asked answer.
        is_levelled: whether the time of an answer must tell nothing.
    """

    permits: Mapping[str, Permit]
    granularities: Mapping[str, Granularity]
    unasked: Sequence[Dataset]
    judged: frozenset[str] = frozenset()
    is_apart: bool = False
    charged: Mapping[str, Permit] = MappingProxyType({})
    silent: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()
    tiers: frozenset[str] = frozenset()
    is_levelled: bool = False

    def check(self) -> None:
        """Refuse the question where no dataset may be asked it.

        Raises:
            NotPermitted: saying what may be asked instead.
        """
        if self.unasked:
            check_permitted(self.granularities, self.unasked, self.permits)


class Way(NamedTuple):
    """How all questions of an outline are asked, and what may be said to them.

    Attributes:
        plan: how each of them is asked.
        outline: by which the store is asked: their counts are needed to judge them.
        gate: says what may be said.
    """

    plan: Plan
    outline: Outline
    gate: Gate


class Plans:
    """The plans of the questions asked lately, of the datasets there are.

    Args:
        policy: what may be said to whom.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._datasets: tuple[Dataset, ...] = ()
        self._has_tiers = policy.tiers is not None
        self._standings: dict[int, tuple[Requester, Hashable]] = {}
        self._sights: dict[Hashable, Sight] = {}
        self._plans: dict[Hashable, Plan] = {}
        self._ways: dict[tuple[Outline, Hashable], Way] = {}

    def sight(self, requester: Requester, datasets: tuple[Dataset, ...]) -> Sight:
        """Return what a requester sees of the datasets there are now."""
        self._see(datasets)
        key = self._standing(requester)
        found = self._sights.get(key)
        if found is None:
            found = seen_by(self._policy, requester, datasets)
            _keep(self._sights, key, found)
        return found

    def permit(self, requester: Requester, dataset: Dataset) -> Permit | None:
        """Return what a requester may learn of a dataset as it is now."""
        return permit(self._policy, requester, dataset)

    def of(
        self, query: Query, requester: Requester, datasets: tuple[Dataset, ...]
    ) -> Plan:
        """Return how a question is asked of the datasets there are now."""
        self._see(datasets)
        key: tuple[Hashable, ...] = _key(query), self._standing(requester)
        if self._has_tiers:
            key += kinds_of(query), width_of(query.pattern)
        plan = self._plans.get(key)
        if plan is None:
            plan = planned(query, self.sight(requester, datasets))
            if _size(query) <= _LARGEST:
                _keep(self._plans, key, plan)
        return plan

    def way_of(
        self, outline: Outline, requester: Requester, datasets: tuple[Dataset, ...]
    ) -> Way:
        """Return how the questions of an outline are asked of the datasets."""
        self._see(datasets)
        key = outline, self._standing(requester)
        way = self._ways.get(key)
        if way is None:
            query = outline.query
            plan = self.of(query, requester, datasets)
            gate = Gate(plan.permits, query, plan.unasked)
            way = Way(plan, _deepened(outline, plan), gate)
            _keep(self._ways, key, way)
        return way

    def _standing(self, requester: Requester) -> Hashable:
        """Return how a requester stands; of the very same one it is kept."""
        if not self._has_tiers:
            return standing(self._policy, requester)
        known = self._standings.get(id(requester))
        if known is not None and known[0] is requester:
            return known[1]
        found = standing(self._policy, requester)
        _keep(self._standings, id(requester), (requester, found))
        return found

    def _see(self, datasets: tuple[Dataset, ...]) -> None:
        """Forget every plan when the datasets are others than before."""
        if datasets is not self._datasets:
            self._datasets = datasets
            self._sights, self._plans, self._ways = {}, {}, {}


def _keep(kept: dict[K, V], key: K, value: V) -> None:
    """Keep a value, and let the oldest go where there are too many."""
    while len(kept) >= _MOST:
        del kept[next(iter(kept))]
    kept[key] = value


def seen_by(
    policy: Policy, requester: Requester, datasets: tuple[Dataset, ...]
) -> Sight:
    """Return what a requester sees of some datasets."""
    granted = [(each, permit(policy, requester, each)) for each in datasets]
    permits = {each.id: one for each, one in granted if one is not None}
    seen = datasets
    if len(permits) < len(datasets):
        seen = tuple(each for each in datasets if each.id in permits)
    releases = (each.release for each in seen if each.release is not None)
    assemblies = frozenset(release.assembly for release in releases)
    told = described_together(permits, seen)
    beyond = _beyond(policy, requester, datasets)
    return Sight(seen, told, permits, assemblies, beyond)


def _beyond(
    policy: Policy, requester: Requester, datasets: Sequence[Dataset]
) -> list[tuple[Dataset, Permit]]:
    """Return the pooled datasets that its tier sees, and its key is kept from."""
    if requester.only is None:
        return []
    whole = replace(requester, only=None)
    others = [each for each in datasets if each.id not in requester.only]
    granted = [(each, permit(policy, whole, each)) for each in others]
    return [(d, one) for d, one in granted if one is not None and is_pooled(one)]


def planned(query: Query, sight: Sight) -> Plan:
    """Return how a question is asked of what is seen."""
    asked = [dataset for dataset in sight.datasets if is_asked(dataset, query)]
    permits = {dataset.id: sight.permits[dataset.id] for dataset in asked}
    granularities, unasked = asking(query, asked, permits)
    others = _beside(query, sight, [permits[name] for name in granularities])
    beside = {dataset.id: granted for dataset, granted in others}
    more, _ = asking(query, [dataset for dataset, _ in others], beside)
    permits, granularities = permits | beside, granularities | more
    answering = [permits[name] for name in granularities]
    return Plan(
        permits,
        granularities,
        unasked,
        frozenset(p.dataset for p in answering if is_judged_whole(p, query)),
        any(p.profile is not None and p.profile.needs_more for p in answering),
        {p.dataset: p for p in answering if has_ledger(p)},
        frozenset(p.dataset for p in answering if hides(p)),
        frozenset(beside),
        frozenset(p.tier for p in answering if p.tier is not None),
        any(map(is_levelled, answering)),
    )


def _beside(
    query: Query, sight: Sight, answering: Sequence[Permit]
) -> list[tuple[Dataset, Permit]]:
    """Return what is not asked, but is in a pool with what is.

    A pool is the same whichever of its datasets are asked: else one would be the
    difference of two answers.
    """
    countries = {granted.country for granted in answering if is_pooled(granted)}
    if not countries or ALLELE not in kinds_of(query):
        return []
    whole = replace(query, datasets=None)
    unasked = [
        (dataset, sight.permits[dataset.id])
        for dataset in sight.datasets
        if not query.chooses(dataset)
    ]
    return [
        (dataset, granted)
        for dataset, granted in (*unasked, *sight.beyond)
        if is_pooled(granted) and granted.country in countries
        if is_asked(dataset, whole)
    ]


def _deepened(outline: Outline, plan: Plan) -> Outline:
    """Return an outline with the detail in which the store must be asked."""
    deepest = max(plan.granularities.values(), default=outline.query.granularity)
    if deepest <= outline.query.granularity:
        return outline
    return Outline(replace(outline.query, granularity=deepest), outline.reference)


def _size(query: Query) -> int:
    """Return how many letters a question names datasets and a cohort with."""
    return len(query.cohort or "") + sum(len(d) + 1 for d in query.datasets or ())


def _key(query: Query) -> Hashable:
    """Return all of a question that ``planned`` depends on.

    Who is asked (``is_asked``), whether a person is named and an answer can be charged
    for (``may_ask``), and in what detail (``detail``): of a pattern its assembly alone.
    """
    pattern = query.pattern
    return (
        query.datasets,
        query.granularity,
        pattern is None,
        query.assembly if pattern is None else pattern.assembly,
        query.about,
        query.cohort,
        bool(query.unknown_filters),
        query.identity is not None or query.under is not None,
        bool(query.excluded),
        can_be_charged(query),
    )
