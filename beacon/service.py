"""LocalBeacon: this beacon's own answers, from question to what may be said.

Four steps and nothing else: which datasets are asked, what each may say
(``policy.permit``), what is true (``store.find``), what is said
(``policy.disclose``).  No HTTP, no JSON and no database query lives here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model.errors import StoreUnavailable
from beacon.model.findings import Findings
from beacon.policy.policy import disclose, permit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.model.dataset import Dataset
    from beacon.model.disclosure import Disclosure
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.model.variant import Reference
    from beacon.policy.policy import Policy
    from beacon.store.variants import VariantStore


class LocalBeacon:
    """Answers from the store of this beacon; shared by all requests.

    Args:
        store: the open store; who opened it closes it.
        policy: what may be said to whom.
        references: genomes that questions are normalised with, by assembly.
        deadline: seconds within which a ready store gives a sign of life.
    """

    def __init__(
        self,
        store: VariantStore,
        policy: Policy,
        *,
        references: Mapping[str, Reference],
        deadline: float,
    ) -> None:
        self._store = store
        self._policy = policy
        self._deadline = deadline
        self.references = references

    async def answer(self, query: Query, requester: Requester) -> Disclosure:
        """Return what may be said to ``requester``.

        Raises:
            StoreUnavailable: when the store fails or misses the deadline.
        """
        asked = [d for d in await self.datasets() if _is_asked(d, query)]
        permits = {d.id: permit(self._policy, requester, d) for d in asked}
        granularities = {
            name: min(query.granularity, granted.granularity)
            for name, granted in permits.items()
        }
        found = Findings(datasets=())
        if granularities:
            found = await self._store.find(query, granularities)
        return disclose(found, permits, query)

    async def datasets(self) -> tuple[Dataset, ...]:
        """Return every dataset, whether or not it serves a release yet."""
        return await self._store.datasets()

    async def loaded(self) -> frozenset[str]:
        """Return the assemblies that at least one dataset serves."""
        return frozenset(
            d.release.assembly for d in await self.datasets() if d.release is not None
        )

    async def ready(self) -> bool:
        """Whether the store answers."""
        try:
            await self._store.ping(self._deadline)
        except StoreUnavailable:
            return False
        return True


def _is_asked(dataset: Dataset, query: Query) -> bool:
    """Whether a question concerns a dataset: one with another genome is not asked.

    A filter that nothing here answers to matches nothing; ignoring it would
    answer a wider question than was asked.
    """
    release = dataset.release
    if release is None or query.unknown_filters:
        return False
    if query.datasets is not None and dataset.id not in query.datasets:
        return False
    if query.pattern is not None and query.pattern.assembly != release.assembly:
        return False
    return query.assembly is None or query.assembly == release.assembly
