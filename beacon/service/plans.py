"""Who is asked a question, in how much detail, and who may not be asked.

That depends on the question without its variants, on who asks, and on the
datasets as they were read last; it is worked out once for each such kind of
question, and forgotten when a dataset is another one than before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from beacon.policy.policy import Gate, permit
from beacon.service.documents import asking, is_asked

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from beacon.model.dataset import Dataset
    from beacon.model.disclosure import Permit
    from beacon.model.outline import Outline
    from beacon.model.query import Granularity, Query
    from beacon.model.requester import Requester
    from beacon.policy.policy import Policy

_MOST = 256
_LARGEST = 4096
"""So many plans are kept, of questions that name so many letters at most."""


class Plan(NamedTuple):
    """How a question is asked.

    Attributes:
        permits: what may be said, of each dataset that the question concerns.
        granularities: the detail in which datasets are asked.
        unasked: the datasets that may not be asked.
    """

    permits: Mapping[str, Permit]
    granularities: Mapping[str, Granularity]
    unasked: Sequence[Dataset]


class Way(NamedTuple):
    """How all questions of an outline are asked, and what may be said to them.

    Attributes:
        granularities: the detail in which datasets are asked.
        gate: says what may be said.
    """

    granularities: Mapping[str, Granularity]
    gate: Gate


class Plans:
    """The plans of the questions asked lately, of the datasets there are.

    Args:
        policy: what may be said to whom.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._datasets: tuple[Dataset, ...] = ()
        self._assemblies: frozenset[str] = frozenset()
        self._plans: dict[Hashable, Plan] = {}
        self._ways: dict[tuple[Outline, str | None, bool], Way] = {}

    def of(
        self, query: Query, requester: Requester, datasets: tuple[Dataset, ...]
    ) -> Plan:
        """Return how a question is asked of the datasets there are now."""
        self._see(datasets)
        key = _key(query, requester)
        plan = self._plans.get(key)
        if plan is None:
            plan = planned(self._policy, query, requester, datasets)
            if _size(query) <= _LARGEST:
                while len(self._plans) >= _MOST:
                    del self._plans[next(iter(self._plans))]
                self._plans[key] = plan
        return plan

    def way_of(
        self, outline: Outline, requester: Requester, datasets: tuple[Dataset, ...]
    ) -> Way:
        """Return how the questions of an outline are asked of the datasets."""
        self._see(datasets)
        key = outline, requester.subject, requester.is_operator
        way = self._ways.get(key)
        if way is None:
            query = outline.query
            plan = self.of(query, requester, datasets)
            way = Way(plan.granularities, Gate(plan.permits, query, plan.unasked))
            while len(self._ways) >= _MOST:
                del self._ways[next(iter(self._ways))]
            self._ways[key] = way
        return way

    def assemblies(self, datasets: tuple[Dataset, ...]) -> frozenset[str]:
        """Return the assemblies that datasets serve."""
        self._see(datasets)
        return self._assemblies

    def _see(self, datasets: tuple[Dataset, ...]) -> None:
        """Forget every plan when the datasets are others than before."""
        if datasets is self._datasets:
            return
        self._datasets, self._plans, self._ways = datasets, {}, {}
        served = (d.release for d in datasets if d.release is not None)
        self._assemblies = frozenset(release.assembly for release in served)


def planned(
    policy: Policy, query: Query, requester: Requester, datasets: Sequence[Dataset]
) -> Plan:
    """Return how a question is asked of datasets."""
    asked = [dataset for dataset in datasets if is_asked(dataset, query)]
    permits = {dataset.id: permit(policy, requester, dataset) for dataset in asked}
    return Plan(permits, *asking(query, asked, permits))


def _size(query: Query) -> int:
    """Return how many letters a question names datasets and a cohort with."""
    return len(query.cohort or "") + sum(len(d) + 1 for d in query.datasets or ())


def _key(query: Query, requester: Requester) -> Hashable:
    """Return all that ``planned`` depends on, beside the policy and the datasets.

    Who is asked (``is_asked``), whether a person is named (``may_ask``), and in
    what detail (``detail``): of a pattern that is its assembly alone.
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
        requester.subject,
        requester.is_operator,
    )
