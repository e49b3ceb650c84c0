"""Verdicts are told from scores as statistics tells them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.attacking.verdict import (
    area,
    posterior,
    power,
    precision,
    same_distribution,
    threshold,
)

SCORES = st.lists(st.integers(-3, 3), min_size=1, max_size=60).map(
    lambda found: np.array(found, dtype=float)
)


@given(SCORES, st.sampled_from([0.001, 0.01, 0.05, 0.3, 1.0]))
def test_a_threshold_raises_exactly_the_false_alarms_it_was_set_for(
    strangers, alpha
) -> None:
    """Of those who set it the share taken for members is the rate, ties or not."""
    found = threshold(strangers, alpha).found(strangers)

    assert found == pytest.approx(alpha)


@given(SCORES, SCORES)
def test_a_lower_rate_never_finds_more(members, strangers) -> None:
    """Power falls with the rate of false alarms."""
    found = [threshold(strangers, a).found(members) for a in (0.01, 0.05, 0.2, 1.0)]

    assert min(np.diff(found)) >= -1e-9


def test_power_is_that_of_two_normal_distributions() -> None:
    """Two units apart it is 0.639 at 5 %, and the false alarms are 5 %."""
    rng = np.random.default_rng(3)
    members = rng.normal(2, 1, 4_000)
    strangers, calibrators = rng.normal(size=4_000), rng.normal(size=20_000)
    at = power(members, strangers, calibrators, 0.05)

    assert at.power.low < 0.639 < at.power.high
    assert at.false_alarms.low < 0.05 < at.false_alarms.high
    assert at.is_resolved
    assert area(members[:500], strangers[:500]) == pytest.approx(0.921, abs=0.02)


def test_whoever_knows_nothing_finds_as_many_as_false_alarms() -> None:
    """Equal scores of all give exactly the rate."""
    same = np.zeros(50)
    at = power(same, same, same, 0.05)

    assert at.power.value == pytest.approx(0.05)
    assert at.false_alarms.value == pytest.approx(0.05)
    assert precision(at, 0.1) == pytest.approx(0.1)


def test_a_rate_that_too_few_people_set_is_named() -> None:
    """One in a thousand needs a thousand people."""
    assert not power(np.ones(9), np.zeros(9), np.zeros(999), 0.001).is_resolved


def test_belief_follows_bayes() -> None:
    """A likelihood ratio of nine makes one in ten one in two."""
    assert posterior(np.array([np.log(9)]), 0.1) == pytest.approx([0.5])


def test_distributions_are_told_apart_as_by_the_tables() -> None:
    """The same distribution is not told apart, one shifted by a third is."""
    rng = np.random.default_rng(4)
    first, second = rng.exponential(size=1_000), rng.exponential(size=1_000)

    assert same_distribution(first, second) > 0.01
    assert same_distribution(first, second + 0.3) < 1e-6
    assert same_distribution(first, first) == 1


def test_the_test_of_distributions_is_calibrated() -> None:
    """Of two thousand comparisons of the same one in twenty has p below 0.05."""
    rng = np.random.default_rng(5)
    found = [
        same_distribution(rng.random(200), rng.random(200)) < 0.05 for _ in range(2_000)
    ]

    assert 0.03 < np.mean(found) < 0.06
