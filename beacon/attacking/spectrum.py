"""How rare the variants of one genome are: the spectrum that cohorts are drawn from.

Two parts: neutral variants, as many in each stretch of frequency, and those of a
population that grew, as many in each decade below one in a thousand.  Together a
genome has the 7,199 variants that no other of a thousand Swedes has (SweGen,
https://doi.org/10.1038/ejhg.2017.130).  Frequencies are of alleles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Frequencies = npt.NDArray[np.float64]

RAREST = 1e-6
"""The rarest that a reference of a million genomes can tell from absent."""
_YOUNG = 6_426.0
_YOUNGEST_DECADES = np.log(1e3)
_NEUTRAL = 2 * 2.0e6
_GRID = np.concatenate(
    [np.geomspace(RAREST, 1e-3, 3_001), np.geomspace(1e-3, 0.5, 1_001)[1:]]
)


def variants_below(frequency: Frequencies) -> Frequencies:
    """Return how many variants of one genome are rarer than each frequency."""
    young = np.log(np.clip(frequency, RAREST, 1e-3) / RAREST) / _YOUNGEST_DECADES
    neutral = np.clip(frequency, RAREST, 1.0) - RAREST
    return np.asarray(_YOUNG * young + _NEUTRAL * neutral)


def rarest(rng: np.random.Generator, number: int) -> Frequencies:
    """Return the frequencies of the rarest variants of one genome, rarest first.

    They are the first arrivals of a Poisson process whose intensity is the
    spectrum, so that the rest of the genome need not be drawn.
    """
    arrivals = np.cumsum(rng.exponential(size=number))
    return np.asarray(np.interp(arrivals, variants_below(_GRID), _GRID))


def private_variants(people: int) -> float:
    """Return how many variants of one genome no other of so many people has."""
    middle = np.sqrt(_GRID[1:] * _GRID[:-1])
    expected = np.diff(variants_below(_GRID)) * (1 - middle) ** (2 * (people - 1))
    return float(expected.sum())
