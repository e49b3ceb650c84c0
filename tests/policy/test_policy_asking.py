"""What may be asked: whether all of a dataset can be read off exact answers."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from beacon.model.disclosure import Permit
from beacon.model.profile import LedgerTerms, Profile
from beacon.model.query import Granularity
from beacon.policy.asking import KINDS, asked_of, tells_exactly, widest

EXACT = Permit(dataset="a", granularity=Granularity.COUNT)
PLAIN = Profile(name="plain")


def test_exact_counts_of_any_range_tell_all() -> None:
    """Counts as they are, of any allele, are all there is to know."""
    assert tells_exactly(EXACT)
    assert tells_exactly(replace(EXACT, profile=PLAIN, granularity=Granularity.RECORD))


@pytest.mark.parametrize(
    "profile",
    [
        Profile(name="few", min_count=5),
        Profile(name="round", round_to=5),
        Profile(name="rows", min_population_rows=5),
        Profile(name="pool", cohort_named_from=5),
        Profile(name="ledger", ledger=LedgerTerms()),
    ],
)
def test_nobody_is_chosen_where_some_are_hidden(profile: Profile) -> None:
    """Neither by filters nor by name: one sex by its filter is the row that is not."""
    granted = replace(EXACT, profile=profile, queries=frozenset(KINDS), country="SE")

    assert asked_of(granted) <= {"allele", "range"}


@pytest.mark.parametrize(
    "granted",
    [
        replace(EXACT, granularity=Granularity.BOOLEAN),
        replace(EXACT, frequency=False),
        replace(EXACT, queries=frozenset({"allele"})),
        *(
            replace(EXACT, profile=profile)
            for profile in (
                Profile(name="few", min_count=5),
                Profile(name="round", round_to=5),
                Profile(name="noise", noise_sd=1.0),
                Profile(name="rows", min_population_rows=5),
                Profile(name="pool", cohort_named_from=5),
                Profile(name="ledger", ledger=LedgerTerms()),
            )
        ),
    ],
)
def test_whatever_is_kept_back_keeps_the_whole_back(granted: Permit) -> None:
    """One thing that is hidden, rounded or charged is enough."""
    assert not tells_exactly(granted)


@pytest.mark.parametrize(
    ("width", "few", "told"),
    [
        (None, 1, math.inf),
        (1_000_000, 1, 1_000_000),
        (None, 5, 100_000),
        (1_000_000, 5, 100_000),
        (1_000, 5, 1_000),
    ],
)
def test_a_range_that_is_judged_is_no_wider_than_can_be(
    width: int | None, few: int, told: float
) -> None:
    """Whatever the tier says, where each allele in it must be looked at."""
    profile = Profile(name="few", min_count=few)

    assert told == widest(replace(EXACT, profile=profile, range_width=width))
