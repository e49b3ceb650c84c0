"""Scores of people → how well members are told from strangers, with intervals.

Thresholds are set by people who are not among those judged.  Where scores are equal
to a threshold the attacker throws a coin, so that a rate of false alarms is met
exactly and the power at it is the most there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Scores = npt.NDArray[np.float64]

ALPHAS = (0.05, 0.01, 0.001)
"""Rates of false alarms that power is told at."""
_TURNS = 400
_BOUNDS = (2.5, 97.5)
_SERIES = 100
_TOO_NEAR = 0.2
"""Below, the series converges slowly, and p is 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share, with the 95 % interval that drawing the people anew gives."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """How many members are found at one rate of false alarms.

    Attributes:
        alpha: the rate that the threshold was set for.
        power: share of members found.
        false_alarms: share of strangers taken for members, by the same threshold.
        is_resolved: whether enough people set the threshold.
    """

    alpha: float
    power: Rate
    false_alarms: Rate
    is_resolved: bool


@dataclass(frozen=True, slots=True)
class Threshold:
    """Scores above ``score`` are members, and a share of those equal to it."""

    score: float
    share: float

    def found(self, scores: Scores) -> float:
        """Return the share of people taken for members."""
        above = float((scores > self.score).mean())
        return above + self.share * float((scores == self.score).mean())


def threshold(strangers: Scores, alpha: float) -> Threshold:
    """Return the threshold that so many strangers are beyond."""
    values, numbers = np.unique(strangers, return_counts=True)
    beyond = np.cumsum(numbers[::-1])[::-1] / len(strangers)
    number = int(np.searchsorted(-beyond, -alpha, side="right")) - 1
    number = max(number, 0)
    above = float(beyond[number] - numbers[number] / len(strangers))
    share = (alpha - above) * len(strangers) / float(numbers[number])
    return Threshold(float(values[number]), min(max(share, 0.0), 1.0))


def power(
    members: Scores, strangers: Scores, calibrators: Scores, alpha: float
) -> Power:
    """Return how many members are found, and strangers taken for some."""
    rng = np.random.default_rng(len(members))
    members, strangers, calibrators = map(_rounded, (members, strangers, calibrators))
    at = threshold(calibrators, alpha)
    found, alarms = [], []
    for _ in range(_TURNS):
        other = threshold(rng.choice(calibrators, len(calibrators)), alpha)
        found.append(other.found(rng.choice(members, len(members))))
        alarms.append(other.found(rng.choice(strangers, len(strangers))))
    return Power(
        alpha=alpha,
        power=_rate(at.found(members), found),
        false_alarms=_rate(at.found(strangers), alarms),
        is_resolved=len(calibrators) * alpha >= 1,
    )


def share(outcomes: Scores) -> Rate:
    """Return the mean of some outcomes, with its interval."""
    rng = np.random.default_rng(len(outcomes))
    means = [float(rng.choice(outcomes, len(outcomes)).mean()) for _ in range(_TURNS)]
    return _rate(float(outcomes.mean()), means)


def _rounded(scores: Scores) -> Scores:
    """Return scores of which equal evidence is equal, however it was summed up."""
    return np.round(scores, 9)


def _rate(value: float, drawn: list[float]) -> Rate:
    low, high = np.percentile(drawn, _BOUNDS)
    return Rate(value=value, low=float(low), high=float(high))


def area(members: Scores, strangers: Scores) -> float:
    """Return how often a member scores above a stranger (AUC; equal counts half)."""
    difference = members[:, None] - strangers[None, :]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def posterior(evidence: Scores, prior: float) -> Scores:
    """Return what is to be believed of each, by Bayes, after so many nats."""
    logit = np.log(prior / (1 - prior)) + evidence
    return np.asarray(1 / (1 + np.exp(-np.clip(logit, -700, 700))))


def precision(at: Power, prior: float) -> float:
    """Return how many of those taken for members are some, at a prior (PPV)."""
    true = prior * at.power.value
    false = (1 - prior) * at.alpha
    return true / (true + false) if true + false else 0.0


def same_distribution(first: Scores, second: Scores) -> float:
    """Return the p of the two-sample Kolmogorov-Smirnov test (asymptotic)."""
    every = np.sort(np.concatenate([first, second]))
    here = np.searchsorted(np.sort(first), every, side="right") / len(first)
    there = np.searchsorted(np.sort(second), every, side="right") / len(second)
    distance = float(np.abs(here - there).max())
    pairs = len(first) * len(second) / (len(first) + len(second))
    # https://doi.org/10.18637/jss.v008.i18; Stephens' correction for small samples.
    scaled = distance * (np.sqrt(pairs) + 0.12 + 0.11 / np.sqrt(pairs))
    terms = np.arange(1, _SERIES + 1)
    signs = np.where(terms % 2 == 1, 1.0, -1.0)
    total = 2 * float((signs * np.exp(-2 * terms**2 * scaled**2)).sum())
    return min(max(total, 0.0), 1.0) if scaled > _TOO_NEAR else 1.0
