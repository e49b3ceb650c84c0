"""What a country says where a dataset may not: a sum of several, never of one."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import DatasetDisclosure, Permit
from beacon.model.findings import DatasetFindings, Findings
from beacon.model.profile import LedgerTerms, Profile
from beacon.model.query import Granularity, Query
from beacon.model.status import Status
from beacon.policy.asking import asked_of
from beacon.policy.policy import disclose
from tests.policy.test_policy_disclose import ONE_ALLELE, dataset

POOLED = Profile(name="pooled", cohort_named_from=5)


def told(
    *acs: int | None,
    profile: Profile = POOLED,
    alone: bool = False,
    level: Granularity = Granularity.COUNT,
) -> dict[str, DatasetDisclosure]:
    """Return what is said of an allele that datasets carry so many copies of."""
    found = [
        DatasetFindings(
            dataset=dataset(f"d{n}"),
            total=int(bool(ac)),
            counts=AlleleCounts(ac=ac, an=100, hom=0, het=ac, hemi=0) if ac else None,
            is_contig_loaded=ac is not None,
        )
        for n, ac in enumerate(acs)
    ]
    permits = {
        f.dataset.id: Permit(
            dataset=f.dataset.id,
            granularity=level,
            profile=profile,
            queries=frozenset({"allele"}),
            country="SE",
            pools_alone=alone,
        )
        for f in found
    }
    query = Query(pattern=ONE_ALLELE, granularity=level)
    said = disclose(Findings(datasets=tuple(found)), permits, query)
    return {part.dataset: part for part in said.datasets}


def words(said: dict[str, DatasetDisclosure]) -> list[tuple[str, int | None]]:
    """Return the word and the count of each."""
    return [(p.status.value, p.counts and p.counts.ac) for p in said.values()]


@pytest.mark.parametrize(
    ("acs", "expected"),
    [
        ((5, 6), [("seen", 5), ("seen", 6)]),
        ((1, 3), [("withheld", None), ("withheld", None), ("seen", 4)]),
        ((0, 3), [("withheld", None), ("withheld", None), ("seen", 3)]),
        ((9, 3), [("withheld", None), ("withheld", None), ("seen", 12)]),
        ((9, 0), [("withheld", None), ("withheld", None), ("seen", 9)]),
        ((9, 7, 1), [("seen", 9), ("withheld", None), ("withheld", None), ("seen", 8)]),
        ((4,), [("withheld", None)]),
        ((0,), [("withheld", None)]),
        ((5,), [("seen", 5)]),
        ((4, None), [("withheld", None), ("not_covered", None)]),
    ],
)
def test_a_pool_is_of_two_at_least(
    acs: tuple[int | None, ...], expected: list[tuple[str, int | None]]
) -> None:
    """The next smallest goes unnamed where one alone is too small."""
    assert words(told(*acs)) == expected


def test_a_declared_pool_may_hold_one() -> None:
    """The operator answers for it."""
    said = told(9, 3, alone=True)

    assert words(said) == [("seen", 9), ("withheld", None), ("seen", 3)]
    assert said["pooled:SE"].pool == ("d1",)


def test_a_pool_of_nobody_is_withheld() -> None:
    """As one is in which every dataset must have as many as it may have unnamed."""
    nobody, full = told(0, 0, 0), told(4, 4, 4)

    assert {p.status for p in nobody.values()} == {Status.WITHHELD}
    assert seen_by_others(nobody) == seen_by_others(full)


def test_a_ledger_takes_nothing_from_a_sum() -> None:
    """What is charged is pooled all the same."""
    profile = Profile(name="p", cohort_named_from=5, ledger=LedgerTerms())

    assert told(1, 2, profile=profile)["pooled:SE"].status is Status.SEEN


def test_a_threshold_holds_for_a_sum() -> None:
    """It may be reached together."""
    profile = Profile(name="p", cohort_named_from=5, min_count=3)

    assert told(1, 1, profile=profile)["pooled:SE"].status is Status.WITHHELD
    assert told(1, 2, profile=profile)["pooled:SE"].status is Status.SEEN


def test_a_stretch_names_nobody_whom_a_pool_does_not() -> None:
    """So it is not asked, but where a pool takes in nobody who has enough."""
    granted = Permit(
        dataset="d0",
        granularity=Granularity.COUNT,
        profile=POOLED,
        queries=frozenset({"allele", "range"}),
        country="SE",
    )

    assert asked_of(granted) == {"allele"}
    assert asked_of(replace(granted, pools_alone=True)) == {"allele", "range"}
    assert asked_of(replace(granted, country=None)) == {"allele", "range"}


def test_a_word_needs_no_count() -> None:
    """At boolean granularity the pool says yes, and no number."""
    pool = told(1, 1, level=Granularity.BOOLEAN)["pooled:SE"]

    assert (pool.status, pool.exists, pool.total, pool.counts) == (
        Status.SEEN,
        True,
        None,
        None,
    )


def seen_by_others(said: dict[str, DatasetDisclosure]) -> object:
    """Return all that can be told from an answer."""
    return tuple(
        (p.dataset, p.status, p.total, p.counts, p.pool) for p in said.values()
    )


@pytest.mark.parametrize("datasets", [2, 3])
def test_nothing_can_be_taken_away_from_a_sum(datasets: int) -> None:
    """Every answer that has a pool is that of several truths.

    And of each dataset in the pool they have several counts.
    """
    truths = {acs: told(*acs) for acs in product(range(12), repeat=datasets)}
    by_answer: dict[object, list[tuple[int, ...]]] = {}
    for acs, said in truths.items():
        by_answer.setdefault(seen_by_others(said), []).append(acs)
    for acs, said in truths.items():
        pool = said.get("pooled:SE")
        same = by_answer[seen_by_others(said)]
        if pool is None or any(ac == 11 for ac in acs):  # more would be drawn, too
            continue
        for name in pool.pool:
            assert len({each[int(name[1])] for each in same}) > 1, (acs, same)
