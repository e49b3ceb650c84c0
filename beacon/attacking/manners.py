"""What an answer is worth to somebody who knows the rules it was made by.

A ``Manner`` says how a true count becomes what is said, as a policy tells everybody
who reads it; from it follows how likely each answer is with the victim in the
dataset and without, and which of the victim's variants are worth asking.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import erf, lgamma, log, log1p, sqrt
from typing import TYPE_CHECKING

import numpy as np

from beacon.attacking.cohort import MISSED

if TYPE_CHECKING:
    import numpy.typing as npt

    Chances = npt.NDArray[np.float64]

_TINY = 1e-300
_SPREADS = 8
_NOISE_MOST = 3
"""Deviations that noise has at most."""
_TIMES = 4
"""Variants so much more frequent than a threshold tell less than those near it."""
_DECADE = 40
"""Frequencies are told apart in so many steps a decade, where tables are made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How exactly a dataset speaks.

    Attributes:
        is_boolean: whether it only says that an allele was seen.
        min_count: smaller counts are not said, and read as none.
        round_to: what is said is a multiple of it.
        noise_sd: of what is added before; it is the same whenever asked again.
        hides_by_truth: whether a count below ``min_count`` is hidden before noise is
            added, too; otherwise the noisy count alone decides.
    """

    is_boolean: bool = False
    min_count: int = 1
    round_to: int = 1
    noise_sd: float = 0.0
    hides_by_truth: bool = False

    def chances(self, counts: int) -> Chances:
        """Return how likely each answer is to each true count below ``counts``.

        Rows are true counts, columns what is said; column 0 is nothing.
        """
        true = np.arange(counts)
        said = np.zeros((counts, counts + int(_SPREADS * self.noise_sd) + 2))
        if self.noise_sd:
            self._blur(said)
        elif self.is_boolean:
            said[true, (true >= self.min_count).astype(int)] = 1
        else:
            steps = (true + self.round_to // 2) // self.round_to
            shown = np.maximum(steps, 1) * self.round_to
            is_said = (true >= self.min_count) & (shown < said.shape[1])
            said[true, np.where(is_said, shown, 0)] = 1
        return said

    def _blur(self, said: Chances) -> None:
        """Fill in how likely each rounded sum of a count and its noise is.

        Noise is a whole number; what is hidden follows from the sum.
        """
        counts, most = said.shape
        true = np.arange(counts, dtype=np.float64)
        for shown in range(self.round_to, most, self.round_to):
            low = shown - self.round_to // 2
            below = self._noise_below(low + self.round_to - true)
            said[:, shown] = below - self._noise_below(max(low, self.min_count) - true)
        said[: self.min_count if self.hides_by_truth else 1] = 0
        np.clip(said, 0, 1, out=said)
        said[:, 0] = np.clip(1 - said[:, 1:].sum(axis=1), 0, 1)

    def _noise_below(self, bounds: Chances) -> Chances:
        """Return how likely noise is to be below each of some whole numbers."""
        most = _NOISE_MOST * self.noise_sd
        below = _normal((bounds - 1 / 2) / self.noise_sd)
        return np.where(bounds > most, 1.0, np.where(bounds <= -most, 0.0, below))


def _normal(deviations: Chances) -> Chances:
    """Return the distribution function of the standard normal distribution."""
    return np.array([(1 + erf(each / sqrt(2))) / 2 for each in deviations.tolist()])


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """How likely each answer is, of one variant that the victim carries.

    Attributes:
        within: with the victim in the dataset, by what is said.
        without: with the victim elsewhere.
    """

    within: Chances
    without: Chances

    def evidence(self, said: int) -> float:
        """Return what an answer adds to the log of the odds (nats)."""
        if said >= len(self.within):
            return 0.0
        return log((self.within[said] + _TINY) / (self.without[said] + _TINY))

    @property
    def information(self) -> float:
        """How much an answer tells of a member on average (Kullback-Leibler, nats)."""
        is_possible = self.within > _TINY
        within, without = self.within[is_possible], self.without[is_possible] + _TINY
        return float((within * np.log(within / without)).sum())


def odds(manner: Manner, frequency: float, people: int) -> Odds:
    """Return what answers on a variant of some frequency are worth."""
    return _odds(manner, round(log(frequency) * _DECADE / log(10)), people)


@lru_cache(maxsize=4096)
def _odds(manner: Manner, step: int, people: int) -> Odds:
    frequency = 10 ** (step / _DECADE)
    mean = 2 * people * frequency
    # Tables of a few sizes are made once each.
    counts = 1 << int(mean + _SPREADS * sqrt(mean) + 12).bit_length()
    without = binomial(2 * people, frequency, counts)
    others = binomial(2 * people - 1, frequency, counts - 1)
    within = MISSED * without
    within[1:] += (1 - MISSED) * others
    chances = _chances(manner, counts)
    return Odds(within=within @ chances, without=without @ chances)


@lru_cache(maxsize=64)
def _chances(manner: Manner, counts: int) -> Chances:
    return manner.chances(counts)


def binomial(trials: int, chance: float, counts: int) -> Chances:
    """Return how likely each count below ``counts`` is."""
    whole = lgamma(trials + 1)
    logs = [
        whole
        - lgamma(k + 1)
        - lgamma(trials - k + 1)
        + k * log(chance)
        + (trials - k) * log1p(-chance)
        for k in range(min(counts, trials + 1))
    ]
    return np.asarray(np.exp(logs + [-np.inf] * (counts - len(logs))))


def most_telling(manner: Manner, people: int) -> float:
    """Return the frequency of variants whose answers tell most of a member."""
    highest = (_TIMES * manner.min_count + _TIMES) / (2 * people)
    steps = range(-6 * _DECADE, round(log(min(highest, 0.3)) * _DECADE / log(10)))
    best = max(steps, key=lambda step: _odds(manner, step, people).information)
    return float(10 ** (best / _DECADE))
