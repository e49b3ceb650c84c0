"""What a policy costs those whom it is made for: answers that are lost to them.

Clinicians ask for rare alleles of patients who are in no dataset; their answers are
compared with the truth, which only who made the people knows.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from beacon.attacking.asking import NO_WORD
from beacon.attacking.cohort import Pool

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from beacon.attacking.asking import Account, Asker
    from beacon.attacking.cohort import Cohort
    from beacon.attacking.manners import Manner

    Numbers = npt.NDArray[np.int64]

_AT_ONCE = 8
_CLINIC = (1e-6, 3e-6, 1e-5, 3e-5, 1e-4)
"""Frequencies of what remains of a genome after filtering, as often each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What clinicians were told of alleles that are there.

    Attributes:
        sessions: clinicians.
        there: questions on alleles that somebody carries.
        lost: of these, answered as if nobody did.
        lowered: of these, answered with fewer carriers.
        refused: clinicians of whom any question was refused.
    """

    sessions: int
    there: int
    lost: int
    lowered: int
    refused: int


def clinic_pools(sites: int) -> tuple[Pool, ...]:
    """Return pools of the rare alleles that clinicians ask for."""
    share = sites // len(_CLINIC)
    return tuple(Pool(sites=share, frequency=each) for each in _CLINIC)


async def sessions(
    asker: Asker,
    cohort: Cohort,
    sites: Numbers,
    questions: int,
    accounts: Sequence[Account],
    seed: int = 1,
) -> Kept:
    """Let clinicians ask, each with one account and questions of its own.

    Args:
        asker: of the dataset.
        cohort: that is in it.
        sites: that are drawn from.
        questions: of each clinician, all different.
        accounts: one of each clinician.
        seed: of what is drawn.
    """
    rng = np.random.default_rng(seed)
    chosen = [rng.choice(sites, questions, replace=False) for _ in accounts]
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(own: Numbers, account: Account) -> Numbers:
        async with turns:
            return await asker.ask([cohort.spelled(site) for site in own], account)

    told = await asyncio.gather(*map(one, chosen, accounts))
    true, said = cohort.counts()[np.concatenate(chosen)], np.concatenate(told)
    is_there = (true > 0) & (said != NO_WORD)
    return Kept(
        sessions=len(accounts),
        there=int(is_there.sum()),
        lost=int((said[is_there] == 0).sum()),
        lowered=int(((said > 0) & (said < true) & is_there).sum()),
        refused=sum(bool((each == NO_WORD).any()) for each in told),
    )


def differing(manner: Manner, true: Numbers, said: Numbers) -> Numbers:
    """Return which answers no server of some manner gives to such counts.

    Where this finds any, the attacker does not know the rules, and what is measured
    with them says nothing.
    """
    chances = manner.chances(int(true.max()) + 1)
    is_known = (said >= 0) & (said < chances.shape[1])
    told = np.where(is_known, said, 0)
    is_possible = chances[true, told] > 0
    return np.flatnonzero((said != NO_WORD) & ~(is_known & is_possible))
