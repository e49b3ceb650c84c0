"""What an attacker concludes, and what a clinic loses, under the ledger.

Unit forms of criteria C4 and C5, without a server: the ledger is its naive twin, which
``test_store_ledger`` holds the real one to.  Frequencies and carriers are drawn; the
attacker knows every frequency, and the rules.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from beacon.model.profile import LedgerTerms
from beacon.policy.copies import Place, Sexes, expected_of
from beacon.policy.evidence import RAREST, most_nats, nats
from tests.store.ledger_twin import Twin

TERMS = LedgerTerms(population=5_960_000)
QUERIES = 500
RUNS = 40


def carriers(people: int, frequency: float) -> float:
    """Return how many are to be expected where everybody has two copies."""
    return expected_of(Place.TWO, Sexes(0, 0, people), None, frequency).carriers


def posterior(people: int, evidence: float) -> float:
    """Return what is believed after some evidence in nats."""
    odds = people / (TERMS.population - people) * math.exp(evidence)
    return odds / (1 + odds)


def attack(
    chance: np.random.Generator,
    people: int,
    known: np.ndarray,
    true: np.ndarray,
    terms: LedgerTerms = TERMS,
) -> float:
    """Return the most that is believed of a member in a run of questions.

    Args:
        chance: draws who else carries what.
        people: of the dataset, one of whom is the victim.
        known: frequencies that answers are charged by; the victim carries them all.
        true: those that the attacker goes by.
        terms: of the ledger.
    """
    twin = Twin(most_nats(terms, people), first_always=terms.first_hit_always)
    evidence, most = 0.0, 0.0
    for number, (charged, real) in enumerate(zip(known, true, strict=True)):
        chances = 1 - (1 - real) ** 2
        others = chance.choice(people - 1, chance.binomial(people - 1, chances))
        hits = {"victim", *(f"P{n}" for n in others)}
        each = nats(len(hits), carriers(people, charged))
        if len(hits) > TERMS.cap_carriers:
            each = 0.0
        out = twin.left_out(
            str(number), dict.fromkeys(sorted(hits), each) if each else {}
        )
        shown = len(hits - out)
        # Left out, the victim changes nothing that is seen.
        if "victim" not in out:
            evidence += math.log(shown / (people * chances))
        most = max(most, posterior(people, evidence))
    return most


def rarest_first(chance: np.random.Generator) -> np.ndarray:
    """Draw the frequencies of what a victim carries, in the order they are asked."""
    return np.sort(10 ** chance.uniform(-6, -2.5, QUERIES))


@pytest.mark.parametrize("people", [1_000, 10_000])
def test_known_frequencies_bring_belief_to_the_ppv_and_no_further(people: int) -> None:
    """Where a first answer must fit, too, that is no matter of chance (C4)."""
    chance = np.random.default_rng(people)
    strict = replace(TERMS, first_hit_always=False)
    found = [rarest_first(chance) for _ in range(RUNS)]
    beliefs = [attack(chance, people, each, each, strict) for each in found]

    assert max(beliefs) <= TERMS.ppv_max + 1e-9
    assert max(beliefs) > 0.05  # the attack is one


@pytest.mark.parametrize("people", [1_000, 10_000])
def test_a_first_answer_brings_it_further_only_where_it_tells_of_several(
    people: int,
) -> None:
    """Posterior at prior N / population, 500 questions: at most 0.12 (C4).

    A first answer about two people at once, of whom none were to be expected, tells
    more than one about one; that is rare.
    """
    chance = np.random.default_rng(people)
    found = [rarest_first(chance) for _ in range(RUNS)]
    beliefs = [attack(chance, people, each, each) for each in found]

    assert np.quantile(beliefs, 0.95) <= 0.12
    assert np.quantile(beliefs, 0.5) > 0.05


@pytest.mark.parametrize("people", [1_000, 10_000])
def test_alleles_that_no_reference_knows_bring_it_little_further(people: int) -> None:
    """At most 0.25, be they three times as rare as they are taken to be (C4)."""
    chance = np.random.default_rng(people)
    known = np.full(QUERIES, RAREST)
    beliefs = [attack(chance, people, known, known / 3) for _ in range(RUNS)]

    assert np.quantile(beliefs, 0.95) <= 0.25
    assert np.quantile(beliefs, 0.5) > 0.15


@pytest.mark.parametrize("people", [1_000, 10_000, 60_000])
def test_without_a_ledger_three_answers_prove_membership(people: int) -> None:
    """The control: what is bounded above is not bounded by itself."""
    each = nats(1, carriers(people, RAREST))

    assert posterior(people, 3 * each) > 0.85


@pytest.mark.parametrize("people", [1_000, 10_000, 60_000])
def test_two_accounts_of_an_organisation_are_over_its_most_by_the_second(
    people: int,
) -> None:
    """Whatever the dataset's size, so that an alarm is always raised (C4)."""
    each = nats(1, carriers(people, RAREST))

    assert 2 * each > most_nats(TERMS, people) + TERMS.org_extra_nats


@pytest.mark.parametrize(("people", "most"), [(10_000, 0.005), (60_000, 0.005)])
def test_a_clinic_loses_next_to_nothing(people: int, most: float) -> None:
    """Of 1,000 rare look-ups at most 0.5 % of "yes" become "withheld" (C5)."""
    chance = np.random.default_rng(7)
    yes, lost = 0, 0
    for _ in range(5):
        twin = Twin(most_nats(TERMS, people))
        for number in range(1_000):
            frequency = 10 ** chance.uniform(-6, -4)
            chances = 1 - (1 - frequency) ** 2
            count = chance.binomial(people, chances)
            carriers = [f"P{n}" for n in chance.choice(people, count, replace=False)]
            each = nats(count, people * chances)
            out = twin.left_out(
                str(number), dict.fromkeys(carriers, each) if each else {}
            )
            yes += count > 0
            lost += 0 < count == len(out)

    assert yes > 500
    assert lost / yes <= most
