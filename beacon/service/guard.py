"""What stands between a requester and an answer: its budget, and the ledger.

It decides nothing itself: tiers and permits say who has a budget and which datasets
keep a ledger; here both are written before anything is found.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from beacon.model.allowance import Allowance, Learnt
from beacon.policy.evidence import most_nats
from beacon.service.allowances import spelled, spelled_allele
from beacon.service.ledgered import who_is

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.model.dataset import Dataset
    from beacon.model.disclosure import Permit
    from beacon.model.errors import BudgetSpent
    from beacon.model.findings import DatasetFindings
    from beacon.model.outline import Outline, Spelled
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.policy.policy import Policy
    from beacon.policy.terms import Budget
    from beacon.service.allowances import Allowances
    from beacon.service.ledgered import Ledgered
    from beacon.store.accounts import Books
    from beacon.store.ledger import Ledger


class Guard:
    """Lets questions through once they are counted, and answers once they are charged.

    Args:
        policy: which tiers there are.
        books: where it is written; who opened them closes them.
        allowances: count questions.
        ledgered: charges for answers.
        ledger: what is charged.
    """

    def __init__(
        self,
        policy: Policy,
        books: Books,
        allowances: Allowances,
        ledgered: Ledgered,
        ledger: Ledger,
    ) -> None:
        self._policy = policy
        self._books = books
        self._allowances = allowances
        self._ledgered = ledgered
        self._ledger = ledger
        self._charging = charging_tiers(policy)

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
        if budget is None or requester.is_operator:
            return {}
        texts = [spelled(query) for query in queries]
        told = await self._allowances.take(
            budget, requester, [text for text in texts if text is not None]
        )
        refused = ((n, told.get(text or "")) for n, text in enumerate(texts))
        return {n: why for n, why in refused if why is not None}

    async def _admit(self, text: str | None, requester: Requester) -> None:
        if requester.is_operator:
            return
        tier = tier_of(self._policy, requester)
        if tier is None:
            return
        if tier.name in self._charging:
            await self._books.alive()
        if tier.budget is None or text is None:
            return
        told = await self._allowances.take(tier.budget, requester, [text])
        why = told[text]
        if why is not None:
            raise why

    def _budget_of(self, requester: Requester) -> Budget | None:
        tier = tier_of(self._policy, requester)
        return None if tier is None else tier.budget

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
        tier = tier_of(self._policy, requester)
        budget = None if tier is None else tier.budget
        rooms = ()
        if budget is not None and not requester.is_operator:
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

    def counted(self) -> dict[str, float]:
        """Return what this process has counted of all this, by name."""
        return {
            "spent": self._allowances.refused,
            "alarms": self._ledgered.alarms_before_today,
        }
