"""What answers are worth is what follows from how they are made."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.attacking.believing import Ledger, allowance, ledgered
from beacon.attacking.cohort import MISSED
from beacon.attacking.manners import Manner, binomial, most_telling, odds
from beacon.attacking.spectrum import private_variants, rarest
from beacon.attacking.verdict import posterior, power

MANNERS = st.builds(
    Manner,
    is_boolean=st.booleans(),
    min_count=st.integers(1, 30),
    round_to=st.integers(1, 10),
    noise_sd=st.sampled_from([0.0, 2.5, 5.0]),
)


def test_a_genome_has_as_many_private_variants_as_swedes_do() -> None:
    """7,199 of each genome are in no other of a thousand (SweGen)."""
    drawn = [len(rarest(np.random.default_rng(seed), 50)) for seed in range(3)]

    assert private_variants(1_000) == pytest.approx(7_199, rel=0.01)
    assert drawn == [50, 50, 50]


@given(MANNERS, st.floats(1e-5, 0.02), st.sampled_from([100, 1_000]))
def test_every_answer_has_its_chance(manner, frequency, people) -> None:
    """What may be said adds up to everything, and telling costs no less than zero."""
    told = odds(manner, frequency, people)

    assert told.within.sum() == pytest.approx(1, abs=1e-6)
    assert told.without.sum() == pytest.approx(1, abs=1e-6)
    assert told.information >= -1e-6


@pytest.mark.parametrize(
    ("manner", "queries", "powers"),
    [
        (Manner(is_boolean=True), (1,), (0.99,)),
        (Manner(is_boolean=True, min_count=2), (1, 10, 30), (0.22, 0.79, 0.99)),
        (Manner(is_boolean=True, min_count=10), (10, 100), (0.20, 0.83)),
        (Manner(min_count=10, round_to=10), (10, 100), (0.23, 0.85)),
        (
            Manner(min_count=20, round_to=10, noise_sd=5),
            (20, 50, 100, 200),
            (0.14, 0.24, 0.39, 0.58),
        ),
    ],
)
def test_power_is_that_of_the_literature(manner, queries, powers) -> None:
    """By the model alone, attackers of 10,000 people find as many as was published."""
    rng = np.random.default_rng(6)
    people = 10_000
    frequency = most_telling(manner, people)
    told = odds(manner, frequency, people)
    worth = np.array([told.evidence(said) for said in range(len(told.within))])

    def scores(chances, number):
        drawn = rng.multinomial(number, chances / chances.sum(), size=4_000)
        return drawn @ worth

    found = [
        power(
            scores(told.within, number),
            scores(told.without, number),
            scores(told.without, number),
            0.05,
        ).power.value
        for number in queries
    ]

    assert found == pytest.approx(powers, abs=0.04)


@pytest.mark.parametrize(
    ("first_hit_always", "highest"),
    [(False, 0.11), (True, 0.25)],
)
def test_a_ledger_bounds_what_is_believed(first_hit_always, highest) -> None:
    """After 300 answers that keep to a ledger no belief is above its bound.

    The ledger is kept here as the beacon would, with the victim as every rare
    allele's only carrier but for chance; a first hit on an allele of two carriers is
    worth more than the ledger holds, and is answered all the same where that is so.
    """
    people, population = 10_000, 6_000_000
    nats = allowance(0.10, population, people)
    ledger = Ledger(nats=nats, first_hit_always=first_hit_always)
    rng = np.random.default_rng(7)
    beliefs = []
    for _ in range(100):
        frequencies = rarest(rng, 300)
        said = _answers(ledger, frequencies, people, rng)
        gained = ledgered(ledger, frequencies, said, people, 1).sum()
        beliefs.append(posterior(np.array([gained]), people / population)[0])

    assert max(beliefs) <= highest
    assert 0.02 <= np.mean(beliefs) <= 0.12


def _answers(ledger, frequencies, people, rng):
    """Return what a beacon says of a member's variants that keeps the ledger."""
    spent, said = 0.0, []
    for frequency in frequencies:
        count = rng.binomial(2 * people - 1, frequency)
        if rng.random() >= MISSED:
            charge = ledger.charge(count + 1, frequency, people)
            if ledger.fits(spent, charge):
                spent, count = spent + charge, count + 1
        said.append(count)
    return np.array(said)


def test_binomial_chances_are_exact() -> None:
    """Three throws of a fair coin."""
    assert binomial(3, 0.5, 5) == pytest.approx([1 / 8, 3 / 8, 3 / 8, 1 / 8, 0])
