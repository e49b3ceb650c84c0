"""A policy is simulated as it is written, but for who must prove what."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from beacon.attacking.believing import allowance
from beacon.attacking.manners import Manner
from beacon.attacking.policies import DATASET, REFERENCE, defended, simulated
from beacon.policy_file import parsed

TEXT = files("beacon").joinpath("data", "policies", "simulated.toml").read_bytes()
POLICY = tomllib.loads(TEXT.decode())


def test_the_bundled_policy_is_one_that_a_server_keeps() -> None:
    """It is read without complaint, as an operator's is."""
    read = parsed(TEXT, "simulated.toml")

    assert set(read.policy.datasets) == {"reference", "patients"}


@pytest.mark.parametrize("dataset", ["reference", "patients"])
def test_what_is_simulated_is_a_policy_of_the_same_numbers(dataset) -> None:
    """Budgets and profiles are kept; visas and grants become a role."""
    text = simulated(POLICY, dataset, "http://127.0.0.1:1")
    read = parsed(text.encode(), "simulated")
    was = parsed(TEXT, "was")
    tiers = {tier.name: tier for tier in read.policy.tiers or ()}

    assert set(read.policy.datasets) == {DATASET, REFERENCE}
    assert read.policy.datasets[DATASET].access == was.policy.datasets[dataset].access
    for tier in was.policy.tiers or ():
        assert tiers[tier.name].budget == tier.budget
        assert tiers[tier.name].granularity == tier.granularity
        assert tiers[tier.name].queries == tier.queries
        assert tiers[tier.name].visas == frozenset()
    assert tiers["public"].is_public
    assert tiers["care"].roles == {"care"}


def test_the_attacker_reads_the_rules_from_the_policy() -> None:
    """Thresholds, noise, budgets and the ledger's nats are those of the file."""
    registered, care = defended(POLICY, "patients", 10_000)

    assert registered.manner == Manner(min_count=20, round_to=10, noise_sd=5)
    assert (registered.per_day, registered.per_30d) == (50, 200)
    assert registered.ledger is None
    assert care.ledger is not None
    assert care.ledger.nats == pytest.approx(allowance(0.10, 6_000_000, 10_000))
    assert care.ledger.nats == pytest.approx(4.2, abs=0.05)
    assert not care.is_anonymous
