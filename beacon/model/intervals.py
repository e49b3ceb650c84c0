"""What a count says of the frequency behind it: intervals, and bounds of one side.

All of it is of exact counts: of a count that was rounded or hidden there is no
interval.  Wilson (1927), https://doi.org/10.1080/01621459.1927.10502953; a filtering
allele frequency as in Whiffin et al. (2017), https://doi.org/10.1038/gim.2017.26.
"""

from __future__ import annotations

from math import exp, expm1, lgamma, log, sqrt
from statistics import NormalDist
from typing import Final, NamedTuple

_MISSED: Final = 0.05
"""How often a bound may miss: one time in twenty."""
_BOTH_SIDES: Final = NormalDist().inv_cdf(1 - _MISSED / 2)
_ONE_SIDE: Final = NormalDist().inv_cdf(_MISSED)
_CLOSE: Final = 1e-13
_MOST_STEPS: Final = 60
FEW_COPIES: Final = 2_000
"""An AN below which the frequency of a group says little of its population."""


class Interval(NamedTuple):
    """From where to where a frequency lies, 95 times of 100."""

    low: float
    high: float


def wilson(ac: int, an: int) -> Interval:
    """Return the 95 % interval of a frequency, two-sided, after Wilson.

    Args:
        ac: copies of the allele; 0 to ``an``.
        an: copies in all; above 0.
    """
    share, square = ac / an, _BOTH_SIDES**2
    middle = share + square / (2 * an)
    half = _BOTH_SIDES * sqrt(share * (1 - share) / an + square / (4 * an * an))
    whole = 1 + square / an
    # Rounding must not take the ends beyond what they hold.
    low = 0.0 if ac == 0 else max(0.0, (middle - half) / whole)
    high = 1.0 if ac == an else min(1.0, (middle + half) / whole)
    return Interval(low, high)


def highest_unseen(an: int) -> float:
    """Return below what a frequency lies, 95 times of 100, of an allele not seen.

    It is exact and one-sided: seen in none of ``an`` copies one time in twenty.

    Args:
        an: copies in which it was not; above 0.
    """
    return -expm1(log(_MISSED) / an)


def filtering_frequency(ac: int, an: int) -> float:
    """Return the FAF95: the highest frequency that so many copies speak against.

    At this frequency ``ac`` copies or more would be found one time in twenty (Poisson).

    Args:
        ac: copies of the allele; none of them gives 0.
        an: copies in all; above 0.
    """
    return 0.0 if ac == 0 else min(1.0, _expected(ac) / an)


def _expected(ac: int) -> float:
    """Return the mean of the Poisson variable that is ``ac`` or more so rarely."""
    rest = 1 / (9 * ac)
    mean = ac * max(1e-3, 1 - rest + _ONE_SIDE * sqrt(rest)) ** 3  # Wilson-Hilferty
    for _ in range(_MOST_STEPS):
        density = exp((ac - 1) * log(mean) - mean - lgamma(ac))
        off = _at_least(ac, mean, density) - _MISSED
        better = mean - off / density
        better = better if better > 0 else mean / 2
        if abs(better - mean) <= _CLOSE * mean:
            return better
        mean = better
    return mean


def _at_least(ac: int, mean: float, density: float) -> float:
    """Return how likely ``ac`` or more are; the series of the incomplete gamma.

    Args:
        ac: above 0.
        mean: of the Poisson variable.
        density: how likely ``ac - 1`` are.
    """
    term = density * mean / ac
    total, number = 0.0, ac
    while term > total * 1e-17:
        total += term
        number += 1
        term *= mean / number
    return total
