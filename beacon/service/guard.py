"""What stands between a requester and an answer: its budget, and the ledger.

It decides nothing itself: tiers and permits say who has a budget and which datasets
keep a ledger; here both are written before anything is found.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.allowance import Allowance, Learnt
from beacon.policy.evidence import most_nats
from beacon.policy.tiers import highest
from beacon.service.allowances import Allowances, spelled, spelled_allele
from beacon.service.ledgered import Ledgered
from beacon.store.budgets import BUDGETS, Budgets
from beacon.store.ledger import ALARMS, LEDGER, PAGES, Ledger

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from beacon.model.dataset import Dataset
    from beacon.model.disclosure import Permit
    from beacon.model.errors import BudgetSpent
    from beacon.model.findings import DatasetFindings
    from beacon.model.outline import Outline, Spelled
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.model.wording import Asked
    from beacon.policy.policy import Policy
    from beacon.policy.terms import Tier
    from beacon.store.accounts import Books
    from beacon.store.variants import VariantStore


_MOST = 4096
"""So many requesters are known at once."""


class _Standing(NamedTuple):
    """How a requester stands.

    Attributes:
        tier: the highest that it has; an operator needs none.
        is_charged: whether any of its tiers' answers are.
    """

    tier: Tier | None
    is_charged: bool


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
        self._standings: dict[int, tuple[Requester, _Standing]] = {}
        self._charging = frozenset(
            tier
            for terms in policy.datasets.values()
            for tier, profile in terms.access.items()
            if profile.ledger is not None
        )
        self._budgeted = frozenset(
            tier.name for tier in policy.tiers or () if tier.budget is not None
        )

    async def alive(self, requester: Requester) -> None:
        """See that what a requester may learn can be written down now.

        Raises:
            StoreUnavailable: when it cannot: a question would get no answer.
        """
        if self._standing(requester).is_charged:
            await self._books.alive()

    async def admit(
        self, query: Query, requester: Requester, tiers: frozenset[str]
    ) -> None:
        """Count a question.

        Args:
            query: the question.
            requester: who asks.
            tiers: that it is answered by; it is counted in the budget of each.

        Raises:
            BudgetSpent: where there is no room for it.
            StoreUnavailable: when it cannot be written: there is no answer then.
        """
        if not self._budgeted.isdisjoint(tiers):
            await self._admit(spelled(query), requester, tiers)

    async def admit_alike(
        self,
        outline: Outline,
        allele: Spelled,
        requester: Requester,
        tiers: frozenset[str],
    ) -> None:
        """Count the question of an outline for an allele, as ``admit`` does."""
        if not self._budgeted.isdisjoint(tiers):
            text = spelled_allele(outline.contig, allele.spellings)
            await self._admit(text, requester, tiers)

    async def admit_many(
        self, asked: Sequence[tuple[Query, frozenset[str]]], requester: Requester
    ) -> dict[int, BudgetSpent]:
        """Count questions in one go; return those there is no room for, by place.

        Args:
            asked: the questions, each with the tiers that it is answered by.
            requester: who asks.
        """
        texts = [(spelled(query), tiers) for query, tiers in asked]
        return await self._admit_texts(texts, requester)

    async def admit_alleles(
        self, asked: Sequence[tuple[Asked, frozenset[str]]], requester: Requester
    ) -> dict[int, BudgetSpent]:
        """Count the questions of outlines for alleles, as ``admit_many`` does."""
        texts = [
            (spelled_allele(outline.contig, allele.spellings), tiers)
            for (outline, allele), tiers in asked
        ]
        return await self._admit_texts(texts, requester)

    def tiers(self, requester: Requester, seen: Iterable[Permit]) -> frozenset[str]:
        """Return the tiers by which a requester is answered, of whatever it asks.

        Args:
            requester: who asks.
            seen: what it may learn of the datasets that it sees.
        """
        found = {permit.tier for permit in seen if permit.tier is not None}
        highest_ = self._standing(requester).tier
        if not found and highest_ is not None:
            found.add(highest_.name)
        return frozenset(found)

    async def _admit_texts(
        self, asked: Sequence[tuple[str | None, frozenset[str]]], requester: Requester
    ) -> dict[int, BudgetSpent]:
        refused: dict[int, BudgetSpent] = {}
        for tier in self._policy.tiers or ():
            if tier.name not in self._budgeted:
                continue
            mine = {
                n: text
                for n, (text, tiers) in enumerate(asked)
                if text is not None and tier.name in tiers and n not in refused
            }
            texts = list(dict.fromkeys(mine.values()))
            told = await self._allowances.take(tier, requester, texts)
            spent = ((n, told[text]) for n, text in mine.items())
            refused |= {n: why for n, why in spent if why is not None}
        return refused

    async def _admit(
        self, text: str | None, requester: Requester, tiers: frozenset[str]
    ) -> None:
        refused = await self._admit_texts([(text, tiers)], requester)
        if refused:
            raise refused[0]

    def _standing(self, requester: Requester) -> _Standing:
        """Return how a requester stands, worked out once for the very same one."""
        known = self._standings.get(id(requester))
        if known is not None and known[0] is requester:
            return known[1]
        if len(self._standings) >= _MOST:
            self._standings.clear()
        found = self._found(requester)
        self._standings[id(requester)] = requester, found
        return found

    def _found(self, requester: Requester) -> _Standing:
        if requester.is_operator:
            return _Standing(None, is_charged=False)
        tiers = self._policy.tiers or ()
        charged = [tier for tier in tiers if tier.name in self._charging]
        is_charged = highest(charged, requester) is not None
        return _Standing(highest(tiers, requester), is_charged=is_charged)

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
        tiers = {permit.tier for _, permit in seen}
        mine = [tier for tier in self._policy.tiers or () if tier.name in tiers]
        rooms = await asyncio.gather(
            *(self._allowances.rooms(tier, requester) for tier in mine)
        )
        tier = self._standing(requester).tier
        ledgers = (_learnt(*each) for each in seen)
        return Allowance(
            tier=None if tier is None else tier.name,
            rooms=tuple(room for some in rooms for room in some),
            ledgers=tuple(one for one in ledgers if one is not None),
        )

    async def open(self) -> None:
        """Make ready what questions would else wait for."""
        await self._books.prepare((BUDGETS, LEDGER, PAGES, ALARMS))

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


def _learnt(dataset: Dataset, permit: Permit) -> Learnt | None:
    """Return how much a dataset with a ledger tells of one person."""
    terms = None if permit.profile is None else permit.profile.ledger
    if terms is None or dataset.release is None:
        return None
    most = most_nats(terms, dataset.release.sample_count or 0)
    return Learnt(dataset=dataset.id, most=most)


def is_guarded(policy: Policy) -> bool:
    """Whether a policy counts questions, or charges for answers."""
    profiles = policy.profiles.values()
    has_budgets = any(tier.budget is not None for tier in policy.tiers or ())
    return has_budgets or any(profile.ledger is not None for profile in profiles)
