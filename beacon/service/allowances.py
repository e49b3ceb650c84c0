"""How many distinct variants requesters may ask about, and what they have left.

A variant counts once, however it is spelled, of however many datasets it is asked
and however often; a batch counts as its lines, a name as the alleles it names.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from beacon.model.allowance import Room
from beacon.model.entry_types import GENOMIC_VARIANT
from beacon.model.errors import BudgetSpent
from beacon.model.query import Granularity
from beacon.service.ledgered import organisation_key, who_is
from beacon.store.budgets import PERIOD, Account, begin_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beacon.model.genome import Contig
    from beacon.model.pattern import Spelling
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.policy.terms import Budget, Tier
    from beacon.store.budgets import Budgets, Spent

_NETWORK = "client_net"
_ORGANISATION = "organisation"
_DAY = 1
_WHOSE = {
    "user": "You have",
    _NETWORK: "Your network has",
    _ORGANISATION: "Your organisation has",
}


class Allowances:
    """Counts what requesters ask.

    Args:
        budgets: where it is counted.
    """

    def __init__(self, budgets: Budgets) -> None:
        self._budgets = budgets
        self.refused = 0
        """How many questions were not answered for it."""

    async def close(self) -> None:
        """Let what is being counted be written."""
        await self._budgets.close()

    async def take(
        self, tier: Tier, requester: Requester, texts: Sequence[str]
    ) -> dict[str, BudgetSpent | None]:
        """Count questions; return of each whether it may be asked, or why not.

        Args:
            tier: by whose budget.
            requester: who asks.
            texts: the questions, as ``spelled`` gives them.

        Raises:
            StoreUnavailable: when it cannot be counted: nothing is answered then.
        """
        told: dict[str, BudgetSpent | None] = dict.fromkeys(texts)
        for account in accounts(tier, requester):
            asked = [text for text, spent in told.items() if spent is None]
            taken = await self._budgets.take(account, asked)
            for text, spent in taken.items():
                if spent is not None:
                    told[text] = self._refusal(account, spent)
        self.refused += sum(spent is not None for spent in told.values())
        return told

    def _refusal(self, account: Account, spent: Spent) -> BudgetSpent:
        room = min(self._rooms(account, spent), key=lambda r: (r.left, -r.seconds))
        period = "today" if room.days == _DAY else f"in {room.days} days"
        message = (
            f"{_WHOSE[account.kind]} asked about {room.limit} different variants"
            f" {period}, which is all that may be asked; repeating one is free."
        )
        return BudgetSpent(message, limit=room.limit, seconds=room.seconds)

    async def rooms(self, tier: Tier, requester: Requester) -> tuple[Room, ...]:
        """Return what is left of the budget of a tier.

        Raises:
            StoreUnavailable: when it cannot be read.
        """
        every = accounts(tier, requester)
        spent = await asyncio.gather(*map(self._budgets.spent, every))
        pairs = zip(every, spent, strict=True)
        return tuple(room for pair in pairs for room in self._rooms(*pair))

    def _rooms(self, account: Account, spent: Spent) -> Iterator[Room]:
        now = self._budgets.now

        def room(days: int, limit: int, used: int, until: int) -> Room:
            seconds = int((begin_of(until) - now).total_seconds()) + 1
            left = max(0, limit - used)
            return Room(
                tier=account.tier,
                scope=account.kind,
                days=days,
                limit=limit,
                left=left,
                seconds=seconds,
            )

        if account.per_day is not None:
            yield room(_DAY, account.per_day, spent.today, spent.day + 1)
        if account.per_30d is not None:
            first = spent.day if spent.first is None else spent.first
            yield room(PERIOD, account.per_30d, spent.period, first + PERIOD)


def accounts(tier: Tier, requester: Requester) -> list[Account]:
    """Return what questions to a tier are counted in, the requester's own first."""
    budget = tier.budget
    if budget is None:
        return []
    own = Account(*_own(budget, requester), tier.name, budget.per_day, budget.per_30d)
    found = [own] if own.per_day is not None or own.per_30d is not None else []
    organisation = organisation_key(requester)
    if budget.org_per_day is not None and organisation is not None:
        most = budget.org_per_day
        found.append(Account(_ORGANISATION, organisation, tier.name, most))
    return found


def _own(budget: Budget, requester: Requester) -> tuple[str, str]:
    """Return the kind and the name of what a requester's questions are counted in.

    Whose network is not looked at, as who it is was proven, is one by itself.
    """
    who = who_is(requester)
    if budget.scope == _NETWORK or requester.subject is None:
        return _NETWORK, requester.network or who
    return "user", who


def spelled(query: Query) -> str | None:
    """Return the one text of a question about variants; ``None``: it is of none.

    An allele is named by the spelling that begins first, which all its spellings
    share where a reference is known; whatever else is asked is a question of its own,
    and so is each page of a list.
    """
    pattern = query.counted or query.pattern
    if pattern is None and query.about != GENOMIC_VARIANT.id:
        return None
    people = (
        *(query.filters, query.under, query.cohort),
        *(query.excluded, query.by, query.unknown_filters),
    )
    told = repr(people) if any(people) else ""
    if pattern is not None and pattern.asks_spelling_only:
        contig = pattern.sequence
        return spelled_allele(contig, pattern.spellings) + told
    if query.granularity is Granularity.RECORD:
        told += repr((query.datasets, query.page))
    if pattern is None:
        return repr(query.assembly) + told
    return repr(replace(pattern, notes=())) + told


def spelled_allele(contig: Contig, spellings: Sequence[Spelling]) -> str:
    """Return the one text of the question for an allele and no more."""
    start, reference, alternate = min(spellings)
    return f"{contig.assembly}:{contig.name}:{start}:{reference}>{alternate}"
