"""What answers are worth that a ledger stands behind (section "the ledger" of docs).

The attacker reckons the ledger of the victim as the beacon would, were the victim in
the dataset, and so knows when a count would have left the victim out.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

import numpy as np

from beacon.attacking.asking import NO_WORD
from beacon.attacking.cohort import MISSED
from beacon.attacking.manners import binomial

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.int64]
    Scores = npt.NDArray[np.float64]

_TINY = 1e-300
_COUNTS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """How much one requester may learn of one person.

    Attributes:
        nats: of evidence, in all.
        floor: a rarer allele is charged as if it were so frequent.
        most: alleles of more carriers are not charged.
        first_hit_always: whether a first charge always fits.
    """

    nats: float
    floor: float = 1e-6
    most: int = 50
    first_hit_always: bool = True

    def charge(self, count: int, frequency: float, people: int) -> float:
        """Return what an answer is charged to each of its carriers, in nats."""
        if count == 0 or count > self.most:
            return 0.0
        carriers = people * (1 - (1 - max(frequency, self.floor)) ** 2)
        return max(0.0, log(count / carriers))

    def fits(self, spent: float, charge: float) -> bool:
        """Whether a charge may be made."""
        is_first = self.first_hit_always and spent == 0
        return is_first or spent + charge <= self.nats


def allowance(highest: float, population: int, people: int) -> float:
    """Return the nats after which a belief is as high as it may get.

    Args:
        highest: the most that may be believed of somebody (PPV).
        population: people of whom any might be in the dataset.
        people: in the dataset.
    """
    prior = people / population
    return log(highest / (1 - highest)) - log(prior / (1 - prior))


def ledgered(
    ledger: Ledger, frequencies: Scores, said: Numbers, people: int, accounts: int
) -> Scores:
    """Return what each answer adds, asked in turns from so many accounts."""
    spent = [0.0] * accounts
    gained = np.zeros(len(said))
    for number, (frequency, word) in enumerate(
        zip(frequencies.tolist(), said.tolist(), strict=True)
    ):
        if word == NO_WORD:
            continue
        mine = number % accounts
        gained[number], charged = _one(ledger, frequency, word, people, spent[mine])
        spent[mine] += charged
    return gained


def _one(
    ledger: Ledger, frequency: float, said: int, people: int, spent: float
) -> tuple[float, float]:
    """Return what one answer adds, and what it was charged were the victim within."""
    without = binomial(2 * people, frequency, said + _COUNTS)
    others = binomial(2 * people - 1, frequency, said + _COUNTS)

    def is_shown(count: int) -> bool:
        charge = ledger.charge(count, frequency, people)
        return ledger.fits(spent, charge)

    shown = others[said - 1] if said and is_shown(said) else 0.0
    hidden = 0.0 if is_shown(said + 1) else others[said]
    within = (1 - MISSED) * (shown + hidden) + MISSED * without[said]
    charged = ledger.charge(said, frequency, people) if shown > hidden else 0.0
    return log((within + _TINY) / (without[said] + _TINY)), charged
