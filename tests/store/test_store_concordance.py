"""Who has the same genotypes: one person twice, relatives, strangers, swaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from beacon.model.people import FULL, UNCALLED, Share, Shares
from beacon.store.concordance import (
    Crowd,
    Kind,
    Pair,
    Person,
    dosages,
    is_certain,
    judged,
    likely,
    named_alike,
    of_pairs,
    turned,
    unlinked,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Dosages = NDArray[np.int8]

COPIES = st_numpy.arrays(
    np.int8, st.tuples(st.integers(1, 6), st.just(9)), elements=st.integers(-1, 2)
)


def slow(one: Dosages, other: Dosages) -> tuple[int, int]:
    """Count equal and informative alleles of two people, one by one."""
    told = [(a, b) for a, b in zip(one, other, strict=True) if min(a, b) >= 0]
    told = [(a, b) for a, b in told if a or b]
    return sum(a == b for a, b in told), len(told)


@given(COPIES, COPIES)
def test_products_find_what_counting_finds(one: Dosages, other: Dosages) -> None:
    """Pairs found by matrix products are those that counting one by one finds."""
    counted = {
        (a, b): slow(one[a], other[b])
        for a in range(len(one))
        for b in range(len(other))
    }
    alike = [pair for pair, (e, n) in counted.items() if n >= 3 and e >= 0.8 * n]

    assert sorted(likely(one, other, 3)) == sorted(alike)
    assert of_pairs(one, other, list(counted)) == list(counted.values())


def cohort(people: int, alleles: int = 600, seed: int = 1) -> Dosages:
    """Return copies of unrelated people, alleles of all frequencies."""
    chance = np.random.default_rng(seed)
    frequency = chance.uniform(0.05, 0.95, alleles)
    haplotypes = chance.random((2, people, alleles)) < frequency
    return haplotypes.sum(axis=0).astype(np.int8)


def child_of(one: Dosages, other: Dosages, seed: int = 2) -> Dosages:
    """Return the copies of a child of two people."""
    chance = np.random.default_rng(seed)
    given_on = (chance.random(len(p)) < p / 2 for p in (one, other))
    return sum(g.astype(np.int8) for g in given_on)  # type: ignore[return-value]


def figures(one: Dosages, other: Dosages) -> Pair:
    """Return how two people compare."""
    both = turned(one[None], other[None])
    equal, informative = of_pairs(*both, [(0, 0)])[0]
    return Pair(Person("a", "P"), Person("b", "Q"), equal, informative)


def test_one_person_with_errors_and_gaps_is_found() -> None:
    """A person read twice, 2 % of calls wrong and half of them missing, is one."""
    person = cohort(2)[0]
    again, chance = person.copy(), np.random.default_rng(3)
    wrong = chance.random(len(again)) < 0.02
    again[wrong] = (again[wrong] + 1) % 3
    again[chance.random(len(again)) < 0.5] = -1

    assert is_certain(figures(person, again), 1_000_000)


def test_relatives_are_not_one_person() -> None:
    """A child and a parent, and two children of one couple, are different people."""
    mother, father = cohort(2)
    child, sibling = (child_of(mother, father, seed) for seed in (4, 5))

    assert not is_certain(figures(mother, child), 1)
    assert not is_certain(figures(child, sibling), 1)
    assert figures(mother, child).concordance < 0.7


@pytest.mark.parametrize(
    ("equal", "informative", "among", "certain"),
    [
        (19, 19, 1, False),
        (20, 20, 1, True),
        (20, 20, 100_000_000, False),
        (37, 37, 100_000_000, True),
        (54, 60, 100_000_000, False),
        (63, 70, 100_000_000, True),
        (8_900, 10_000, 1, False),
    ],
)
def test_more_pairs_need_more_alleles(
    equal: int, informative: int, among: int, *, certain: bool
) -> None:
    """What may happen by chance among many pairs is not said of one."""
    pair = Pair(Person("a", "P"), Person("b", "Q"), equal, informative)

    assert certain is is_certain(pair, among)


def test_alleles_most_people_carry_tell_by_their_absence() -> None:
    """Of an allele at 95 % copies of the other form are compared."""
    one = np.array([[2], [2], [1]], dtype=np.int8)
    first, second = turned(one, np.array([[2], [-1]], dtype=np.int8))

    assert [[0], [0], [1]] == first.tolist()
    assert [[0], [-1]] == second.tolist()


def test_alleles_inherited_together_count_once() -> None:
    """Copies of one allele beside it are left out, far away they are not."""
    alone = cohort(200, 3)
    copies = np.concatenate([alone, alone], axis=1)
    near = np.array([(1, 10 * n) for n in range(6)])
    far = np.array([(1 + n // 3, 10 * n) for n in range(6)])

    assert unlinked(copies, near) == [0, 1, 2]
    assert unlinked(copies, far) == [0, 1, 2, 3, 4, 5]


def test_copies_are_those_of_two_calls() -> None:
    """Haploid calls, half-calls and missing ones say nothing of a pair."""
    shares = Shares(
        FULL,
        (
            (Share(1, 2, het=1), (1,)),
            (Share(2, 2, hom=1), (2,)),
            (UNCALLED, (3,)),
            (Share(1, 1, hemi=1), (4,)),
        ),
    )

    assert dosages(shares, 6).tolist() == [0, 1, 2, -1, -1, 0]


def pair(one: str, other: str, equal: int = 100, of: int = 100) -> Pair:
    """Return a pair of two datasets."""
    return Pair(Person("a", one), Person("b", other), equal, of)


def test_a_swap_is_said_as_one() -> None:
    """Two people with each other's genotypes are one finding, not four."""
    pairs = [pair("X", "Y"), pair("Y", "X"), pair("X", "X", 30), pair("Y", "Y", 30)]
    found = judged(pairs, 100)

    assert [Kind.SWAPPED] == [likeness.kind for likeness in found]
    assert found[0].sentence == (
        "X and Y look swapped between a and b: each has the genotypes of the other"
        " (100.0% of 100 alleles are equal)."
    )


def test_namesakes_are_compared() -> None:
    """One name: the same person, or different genotypes; too little says nothing."""
    found = judged([pair("X", "X"), pair("Y", "Y", 40), pair("Z", "Z", 3, 10)], 9)

    assert [likeness.sentence for likeness in found] == [
        "X is in a and in b: 100.0% of 100 alleles are equal.",
        "Y is in a and in b with different genotypes (swapped, or two people of one"
        " name?): 40.0% of 100 alleles are equal.",
    ]
    assert found[1].as_dict()["individuals"] == [
        {"dataset": "a", "individual": "Y"},
        {"dataset": "b", "individual": "Y"},
    ]


def test_two_names_of_one_person() -> None:
    """Whoever has the same genotypes under two names is said with both datasets."""
    assert judged([pair("X", "Z")], 9)[0].sentence == (
        "X of a and Z of b have the same genotypes: 100.0% of 100 alleles are equal."
    )


def test_names_are_matched_by_number() -> None:
    """People of one name are found wherever they stand."""
    one, other = Crowd("a", ("X", "Y")), Crowd("b", ("Y", "Z", "X"))

    assert [(0, 2), (1, 0)] == named_alike(one, other)
