"""What stands between a requester and an answer: its budget, and the ledger.

It decides nothing itself: tiers and permits say who has a budget and which datasets
keep a ledger; here both are written before anything is found.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from beacon.model.allowance import Allowance, Learnt
from beacon.policy.evidence import most_nats
from beacon.policy.tiers import highest
from beacon.service.allowances import Allowances, spelled, spelled_allele
from beacon.service.ledgered import Ledgered, who_is
from beacon.store.budgets import Budgets
from beacon.store.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.model.allowance import Room
    from beacon.model.dataset import Dataset
    from beacon.model.disclosure import Permit
    from beacon.model.errors import BudgetSpent
    from beacon.model.findings import DatasetFindings
    from beacon.model.outline import Outline, Spelled
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.policy.policy import Policy
    from beacon.policy.terms import Budget, Tier
    from beacon.store.accounts import Books
    from beacon.store.variants import VariantStore


class Guard:
    """Lets questions through once they are counted, and answers once they are charged.

    Args:
        policy: which tiers there are.
        books: where it is written; who opened them closes them.
        store: where the truth is.
    """

    def __init__(self, policy: Policy, books: Books, store: VariantStore) -> None:
        self._policy = policy
        self._books = books
        self._ledger = Ledger(books)
        self._allowances = Allowances(Budgets(books))
        self._ledgered = Ledgered(store, self._ledger)
        self._charging = frozenset(
            tier
            for terms in policy.datasets.values()
            for tier, profile in terms.access.items()
            if profile.ledger is not None
        )

    async def alive(self, requester: Requester) -> None:
        """See that what a requester may learn can be written down now.

        Raises:
            StoreUnavailable: when it cannot: a question would get no answer.
        """
        if self._charging and not requester.is_operator:
            tiers = self._policy.tiers or ()
            charged = [tier for tier in tiers if tier.name in self._charging]
            if highest(charged, requester) is not None:
                await self._books.alive()

    async def admit(self, query: Query, requester: Requester) -> None:
        """Count a question.

        Raises:
            BudgetSpent: where there is no room for it.
            StoreUnavailable: when it cannot be written: there is no answer then.
        """
        await self._admit(spelled(query), requester)

    async def admit_alike(
        self, outline: Outline, allele: Spelled, requester: Requester
    ) -> None:
        """Count the question of an outline for an allele, as ``admit`` does."""
        text = spelled_allele(outline.contig, allele.spellings)
        await self._admit(text, requester)

    async def admit_many(
        self, queries: Sequence[Query], requester: Requester
    ) -> dict[int, BudgetSpent]:
        """Count questions in one go; return those there is no room for, by place."""
        budget = self._budget_of(requester)
        if budget is None:
            return {}
        texts = [spelled(query) for query in queries]
        told = await self._allowances.take(
            budget, requester, [text for text in texts if text is not None]
        )
        refused = ((n, told.get(text or "")) for n, text in enumerate(texts))
        return {n: why for n, why in refused if why is not None}

    async def _admit(self, text: str | None, requester: Requester) -> None:
        budget = self._budget_of(requester)
        if budget is None or text is None:
            return
        told = await self._allowances.take(budget, requester, [text])
        why = told[text]
        if why is not None:
            raise why

    def _tier_of(self, requester: Requester) -> Tier | None:
        """Return the highest tier that a requester has; an operator needs none."""
        if requester.is_operator:
            return None
        return highest(self._policy.tiers or (), requester)

    def _budget_of(self, requester: Requester) -> Budget | None:
        """Return the budget of the highest tier, or of the highest that is charged.

        Who stands higher than a tier whose answers are charged for has its budget
        where it has none of its own.
        """
        if requester.is_operator:
            return None
        tiers = self._policy.tiers or ()
        charged = [tier for tier in tiers if tier.name in self._charging]
        found = (highest(tiers, requester), highest(charged, requester))
        budgets = (tier.budget for tier in found if tier is not None)
        return next((budget for budget in budgets if budget is not None), None)

    async def find(
        self,
        query: Query,
        requester: Requester,
        permits: Mapping[str, Permit],
        references: Sequence[str],
    ) -> list[DatasetFindings]:
        """Return what datasets with a ledger find; see ``Ledgered.find``."""
        return await self._ledgered.find(query, requester, permits, references)

    async def allowance(
        self, requester: Requester, seen: Sequence[tuple[Dataset, Permit]]
    ) -> Allowance:
        """Return what a requester has left.

        Args:
            requester: who asks.
            seen: the datasets that it sees.

        Raises:
            StoreUnavailable: when it cannot be read.
        """
        tier, budget = self._tier_of(requester), self._budget_of(requester)
        rooms: tuple[Room, ...] = ()
        if budget is not None:
            rooms = await self._allowances.rooms(budget, requester)
        ledgers = await asyncio.gather(
            *(self._learnt(requester, *each) for each in seen)
        )
        return Allowance(
            tier=None if tier is None else tier.name,
            rooms=rooms,
            ledgers=tuple(one for one in ledgers if one is not None),
        )

    async def _learnt(
        self, requester: Requester, dataset: Dataset, permit: Permit
    ) -> Learnt | None:
        terms = None if permit.profile is None else permit.profile.ledger
        if terms is None or dataset.release is None:
            return None
        page = await self._ledger.page(who_is(requester), dataset.id)
        most = most_nats(terms, dataset.release.sample_count or 0)
        return Learnt(dataset=dataset.id, most=most, shown=page.shown)

    async def close(self) -> None:
        """Let what is being written be written."""
        await self._ledgered.close()
        await self._allowances.close()
        await self._ledger.close()

    def counted(self) -> dict[str, float]:
        """Return what this process has counted of all this, by name."""
        return {
            "spent": self._allowances.refused,
            "alarms": self._ledgered.alarms_before_today,
        }


def is_guarded(policy: Policy) -> bool:
    """Whether a policy counts questions, or charges for answers."""
    profiles = policy.profiles.values()
    has_budgets = any(tier.budget is not None for tier in policy.tiers or ())
    return has_budgets or any(profile.ledger is not None for profile in profiles)
