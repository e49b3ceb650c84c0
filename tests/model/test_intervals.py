"""Intervals hold what they say, and the vectors that others computed."""

from __future__ import annotations

from math import exp, isclose, lgamma, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.intervals import filtering_frequency, highest_unseen, wilson

COUNTS = st.integers(1, 2_000_000).flatmap(
    lambda an: st.tuples(st.integers(0, an), st.just(an))
)


def close(value: float) -> object:
    """Return what four digits of a number of a table stand for."""
    return pytest.approx(value, rel=5e-4)


@pytest.mark.parametrize(
    ("ac", "an", "low", "high"),
    [
        (3, 24_198, 4.216e-05, 3.645e-04),
        (41, 180_044, 1.679e-04, 3.089e-04),
        (1, 2_000, 8.827e-05, 2.827e-03),
    ],
)
def test_wilson_is_as_published(ac: int, an: int, low: float, high: float) -> None:
    """The interval after Wilson has the digits that SciPy gives."""
    found = wilson(ac, an)

    assert close(low) == found.low
    assert close(high) == found.high


def test_a_no_is_bounded_from_one_side() -> None:
    """Of none in 31,120 copies the frequency is below 9.626e-05, or 0.05 ** (1/AN)."""
    assert close(9.626e-05) == highest_unseen(31_120)


@pytest.mark.parametrize(
    ("ac", "an", "faf"), [(3, 24_198, 3.379e-05), (41, 180_044, 1.725e-04)]
)
def test_filtering_frequency_is_as_published(ac: int, an: int, faf: float) -> None:
    """The FAF95 has the digits that SciPy's Poisson gives."""
    assert close(faf) == filtering_frequency(ac, an)


@given(COUNTS)
def test_intervals_hold_the_frequency(counts: tuple[int, int]) -> None:
    """Whatever is counted: 0 <= low <= AC/AN <= high <= 1."""
    ac, an = counts
    low, high = wilson(ac, an)

    assert 0 <= low <= ac / an <= high <= 1
    assert low < high


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_more_copies_bound_a_no_tighter(few: int, more: int) -> None:
    """A no in more copies is never worth less; it is true one time in twenty."""
    few, more = sorted((few, more))

    assert highest_unseen(more) <= highest_unseen(few) < 1
    assert isclose((1 - highest_unseen(few)) ** few, 0.05, rel_tol=1e-6)


@given(COUNTS.filter(lambda counts: counts[0] <= 300))
def test_filtering_frequency_is_of_poisson(counts: tuple[int, int]) -> None:
    """At the FAF so many copies or more are found one time in twenty."""
    ac, an = counts
    faf = filtering_frequency(ac, an)
    mean = faf * an
    fewer = sum(exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(ac) if mean)

    assert 0 <= faf <= ac / an
    assert ac == 0 or isclose(1 - fewer, 0.05, abs_tol=1e-9)


@given(st.integers(1, 2_000_000))
def test_filtering_frequency_grows_with_what_is_found(ac: int) -> None:
    """More copies of as many speak against a higher frequency, however many."""
    less, more = (filtering_frequency(each, 4_000_000) for each in (ac, ac + 1))

    assert less < more < (ac + 1) / 4_000_000
