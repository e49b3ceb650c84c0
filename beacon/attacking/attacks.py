"""Attackers: whom they ask about, what they ask first, and what they conclude.

Each holds the genome of one victim at a time, knows the frequencies of a reference
and the rules of the policy, and asks with an account of its own.  What it concludes
is a score: the higher, the more likely the victim is in the dataset.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from beacon.attacking.asking import ANYBODY, NO_WORD
from beacon.attacking.believing import Ledger, ledgered
from beacon.attacking.manners import odds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from beacon.attacking.asking import Account, Asker
    from beacon.attacking.cohort import Cohort
    from beacon.attacking.manners import Manner

    Numbers = npt.NDArray[np.int64]
    Scores = npt.NDArray[np.float64]

_AT_ONCE = 16

Choice = Callable[["Cohort", "Manner", "Numbers"], "Numbers"]
"""Gives the victim's sites in the order they are asked."""


def rarest_first(cohort: Cohort, manner: Manner, carried: Numbers) -> Numbers:
    """Ask the rarest first, whatever the policy (Raisaro 2017)."""
    del manner
    return carried[np.argsort(cohort.frequency[carried], kind="stable")]


def most_telling_first(cohort: Cohort, manner: Manner, carried: Numbers) -> Numbers:
    """Ask first what tells most under this policy (by Kullback-Leibler)."""
    worth = [
        odds(manner, frequency, cohort.plan.people).information
        for frequency in cohort.frequency[carried]
    ]
    return carried[np.argsort(-np.array(worth), kind="stable")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One way to find out who is in a dataset.

    Attributes:
        choose: what is asked first.
        manner: the rules that the attacker believes the answers are made by.
        weighs: whether answers are weighed by what they are worth; otherwise every
            "seen" counts the same (Shringarpure and Bustamante 2015).
        ledger: of each requester, as the attacker knows it.
        alone: so many questions are asked one after the other, and the rest together:
            a ledger has room for the first alone.
        inherited: how likely the victim has what the attacker holds: 1 of the own
            genome, 1/2 of a child's.
    """

    name: str
    choose: Choice
    manner: Manner
    weighs: bool = True
    ledger: Ledger | None = None
    alone: int = 0
    inherited: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Scores after so many questions, of members, strangers, calibrators."""

    members: Mapping[int, Scores]
    strangers: Mapping[int, Scores]
    calibrators: Mapping[int, Scores]


async def carry_out(
    attack: Attack,
    asker: Asker,
    cohort: Cohort,
    queries: Sequence[int],
    accounts: Callable[[], Sequence[Account]] = lambda: (ANYBODY,),
) -> Scored:
    """Attack every victim, each from accounts of its own.

    Args:
        attack: what to do.
        asker: of the dataset.
        cohort: that is in it.
        queries: after how many questions to conclude, ascending.
        accounts: gives those of one attack; questions are dealt out to them.
    """
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(carried: Numbers) -> list[float]:
        async with turns:
            return await _on(attack, asker, cohort, carried, queries, accounts())

    groups = []
    for people in (cohort.members, cohort.strangers, cohort.calibrators):
        rows = await asyncio.gather(*map(one, people))
        columns = np.array(rows, dtype=np.float64).reshape(len(people), len(queries)).T
        groups.append(dict(zip(queries, columns, strict=True)))
    members, strangers, calibrators = groups
    return Scored(members=members, strangers=strangers, calibrators=calibrators)


async def _on(
    attack: Attack,
    asker: Asker,
    cohort: Cohort,
    carried: Numbers,
    queries: Sequence[int],
    accounts: Sequence[Account],
) -> list[float]:
    """Return the score of one victim after each number of questions."""
    chosen = attack.choose(cohort, attack.manner, carried)[: max(queries)]
    spelled = [cohort.spelled(site) for site in chosen]
    said = await _deal(asker, spelled, accounts, attack.alone)
    frequencies = cohort.frequency[chosen]
    gained = evidence(attack, frequencies, said, cohort.plan.people, len(accounts))
    summed = np.concatenate([[0.0], np.cumsum(gained)])
    return [float(summed[min(number, len(gained))]) for number in queries]


async def _deal(
    asker: Asker, variants: Sequence[str], accounts: Sequence[Account], alone: int
) -> Numbers:
    """Ask in turns from several accounts; return what is said, in order."""
    number = len(accounts)
    parts = await asyncio.gather(
        *(
            asker.ask(variants[i::number], accounts[i], alone=alone)
            for i in range(number)
        )
    )
    said = np.full(len(variants), NO_WORD)
    for i, part in enumerate(parts):
        said[i::number] = part
    return said


def evidence(
    attack: Attack, frequencies: Scores, said: Numbers, people: int, accounts: int = 1
) -> Scores:
    """Return what each answer adds to the score."""
    if not attack.weighs:
        return np.where(said > 0, 1.0, 0.0)
    if attack.ledger is not None:
        return ledgered(attack.ledger, frequencies, said, people, accounts)
    gained = [
        0.0 if word == NO_WORD else odds(attack.manner, f, people).evidence(word)
        for f, word in zip(frequencies, said.tolist(), strict=True)
    ]
    return np.log(attack.inherited * np.exp(gained) + 1 - attack.inherited)
