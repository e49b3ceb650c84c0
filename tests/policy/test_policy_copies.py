"""What an answer tells of somebody of X or Y is what they are charged, or less."""

from __future__ import annotations

from dataclasses import replace
from math import comb, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.counts import Layout
from beacon.model.findings import Carried
from beacon.model.notation import parse
from beacon.model.pattern import Bounds
from beacon.model.people import Share
from beacon.model.profile import LedgerTerms
from beacon.policy.copies import (
    Place,
    Sexes,
    expected_of,
    place_of,
    sexes_of,
    written_twice,
)
from beacon.policy.evidence import kinds_tell, nats, told_of

TERMS = LedgerTerms(population=6_000_000)
FREQUENCY = st.floats(0.01, 0.5)
FEW = st.integers(0, 4)
KINDS = ("two", "single", "alone")
SHARES = (Share(2, 2, hom=1), Share(1, 2, het=1), Share(1, 1, hemi=1))
NEAR = 1e-6

Counts = tuple[int, int, int]


def chance(people: int, counts: Counts, chances: tuple[float, ...]) -> float:
    """Return how likely so many of each kind are among people (a multinomial)."""
    left, found = people, 1.0
    for count, each in zip(counts, chances, strict=True):
        if not 0 <= count <= left:
            return 0.0
        found *= comb(left, count) * each**count
        left -= count
    return found * (1 - sum(chances)) ** left


def of_women(frequency: float) -> tuple[float, ...]:
    """Return how likely a woman is of each kind, on X."""
    return frequency**2, 2 * frequency * (1 - frequency), 0.0


def of_men(frequency: float) -> tuple[float, ...]:
    """Return the same of a man."""
    return 0.0, 0.0, frequency


def ratio_of_known(women: int, men: int, counts: Counts, at: int, f: float) -> float:
    """Return how likelier counts are where one of a kind is among these people."""

    def both(women: int, men: int, counts: Counts) -> float:
        two, single, alone = counts
        hers = chance(women, (two, single, 0), of_women(f))
        return hers * chance(men, (0, 0, alone), of_men(f))

    less = tuple(count - (kind == at) for kind, count in enumerate(counts))
    if KINDS[at] == "alone":
        return both(women, men - 1, less) / both(women, men, counts)
    return both(women - 1, men, less) / both(women, men, counts)


def charged(counts: Counts, place: Place, sexes: Sexes, copies: int | None, f: float):
    """Return what one of each kind is charged; ``None``: there is nobody."""
    carried = [
        Carried(f"{kind}{number}", 0, share)
        for kind, share, count in zip(KINDS, SHARES, counts, strict=True)
        for number in range(count)
    ]
    told = told_of(carried, expected_of(place, sexes, copies, f), TERMS)
    found = {each.individual: each.nats for each in told}
    return [
        found.get(f"{kind}0", 0.0) if count else None
        for kind, count in zip(KINDS, counts, strict=True)
    ]


@given(st.integers(4, 30), st.integers(4, 30), FEW, FEW, FEW, FREQUENCY)
def test_on_x_nobody_of_known_sex_is_charged_less_than_is_told(
    women: int, men: int, two: int, single: int, alone: int, frequency: float
) -> None:
    """However many of them are women; and no more where half are."""
    single = min(single, women - two)
    counts, sexes = (two, single, alone), Sexes(women, men)
    for copies in (None, 2 * women + men):
        told = charged(counts, Place.X, sexes, copies, frequency)
        for at, each in enumerate(told):
            if each is None:
                continue
            ratio = log(ratio_of_known(women, men, counts, at, frequency))
            assert each >= ratio - NEAR
            if women == men:
                own = expected_of(Place.X, sexes, copies, frequency)[at + 1]
                assert nats(counts[at], own) == pytest.approx(max(0, ratio), abs=NEAR)


@given(st.integers(13, 60), FEW, FEW, FEW, FREQUENCY)
def test_on_x_nobody_of_unknown_sex_is_charged_less_than_is_told(
    people: int, two: int, single: int, alone: int, frequency: float
) -> None:
    """Exactly where nothing tells who is what: each is a woman as likely as a man."""
    counts = (two, single, alone)
    pairs = zip(of_women(frequency), of_men(frequency), strict=True)
    any_ = tuple((hers + his) / 2 for hers, his in pairs)
    own = expected_of(Place.X, Sexes(0, 0, people), None, frequency)
    told = charged(counts, Place.X, Sexes(0, 0, people), None, frequency)

    for at, each in enumerate(told):
        if each is None:
            continue
        less = tuple(count - (kind == at) for kind, count in enumerate(counts))
        # Of somebody whose own sex is known: half of those who might be them are.
        among = chance(people - 1, less, any_)
        ratio = log(among / chance(people, counts, any_))
        assert nats(counts[at], own[at + 1]) == pytest.approx(max(0, ratio), abs=NEAR)
        assert each >= ratio - NEAR


@given(st.integers(5, 40), st.integers(5, 40), FEW, FEW, FEW, FREQUENCY)
def test_on_x_the_copies_that_were_called_give_the_sexes_away(
    women: int, men: int, two: int, single: int, alone: int, frequency: float
) -> None:
    """Whoever takes all for called knows both from AN, and is charged for that."""
    single, counts = min(single, women - two), (two, min(single, women - two), alone)
    women, men = max(women, men // 4), max(men, women // 4)
    told = charged(
        counts, Place.X, Sexes(0, 0, women + men), 2 * women + men, frequency
    )

    for at, each in enumerate(told):
        if each is not None:
            ratio = ratio_of_known(women, men, counts, at, frequency)
            assert each >= log(ratio) - NEAR


@given(st.integers(1, 20), st.integers(2, 20), st.integers(1, 4), FREQUENCY)
def test_of_a_part_the_sexes_are_known(
    women: int, unknown: int, two: int, frequency: float
) -> None:
    """Those of unknown sex count by half, exactly, for a woman who may be any."""
    two = min(two, women)
    square = frequency**2

    def both(women: int, unknown: int, count: int) -> float:
        return sum(
            chance(women, (known,), (square,))
            * chance(unknown, (count - known,), (square / 2,))
            for known in range(count + 1)
        )

    likely = women + unknown / 2
    among = women / likely * both(women - 1, unknown, two - 1)
    among += unknown / 2 / likely * both(women, unknown - 1, two - 1)
    ratio = log(among / both(women, unknown, two))
    told = charged((two, 0, 0), Place.X, Sexes(women, 0, unknown), None, frequency)

    assert ratio == pytest.approx(log(two / (likely * square)), abs=NEAR)
    assert told[0] >= ratio - NEAR


@given(st.integers(1, 30), st.integers(5, 30), st.integers(1, 4), FREQUENCY)
def test_on_y_men_are_charged_among_men(
    women: int, men: int, alone: int, frequency: float
) -> None:
    """Also where it is not known who is one: AN says how many there are."""
    alone = min(alone, men)
    ratio = log(ratio_of_known(women, men, (0, 0, alone), 2, frequency))
    for sexes in (Sexes(women, men), Sexes(0, 0, women + men)):
        if sexes.unknown and men < sexes.people / 8:
            continue
        told = charged((0, 0, alone), Place.Y, sexes, men, frequency)
        assert told[2] >= ratio - NEAR


def test_half_of_a_thousand_are_women() -> None:
    """What was 0.4 nats too little for a woman, and 1.1 for a man."""
    sexes, frequency = Sexes(500, 500), 0.001
    told = expected_of(Place.X, sexes, 1500, frequency)
    autosomal = expected_of(Place.TWO, sexes, 1500, frequency)

    assert log(autosomal.two / told.two) == pytest.approx(log(1.5))
    assert log(autosomal.carriers / told.alone) == pytest.approx(log(3), abs=0.001)


@pytest.mark.parametrize("sexes", [Sexes(0, 100), Sexes(100, 0), Sexes(0, 0, 100)])
@pytest.mark.parametrize("place", Place)
def test_whatever_is_written_there_is_a_charge(place: Place, sexes: Sexes) -> None:
    """Also of a kind that nobody there should be of."""
    told = charged((1, 1, 1), place, sexes, 150, 1e-4)

    assert all(each > 1 for each in told)


def test_men_of_whom_two_copies_are_written_are_charged_as_men() -> None:
    """Some callers write 1/1 for a man's X; he is one of many, not of few."""
    layout = Layout(baseline=(100, 100), groups=(), kinds=(("F",), ("M",)))
    twice = written_twice(layout, Place.X)
    carried = [Carried(sex, at, SHARES[0]) for at, sex in enumerate("FM")]
    looked_for = expected_of(Place.X, Sexes(50, 50), 200, 0.001)
    told = {
        each.individual: each.nats
        for each in told_of(carried, looked_for, TERMS, twice=twice)
    }

    assert twice == {1}
    assert told["F"] == pytest.approx(log(2 / (50 * 0.001**2)), rel=0.1)
    assert told["M"] == pytest.approx(log(2 / (50 * 0.001)), rel=0.1)
    assert written_twice(layout, Place.TWO) == set()
    assert written_twice(layout, Place.Y) == {0, 1}


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("22-16050408-T-C", Place.TWO),
        ("X-60001-T-C", Place.TWO),
        ("X-2699520-T-C", Place.TWO),
        ("X-2699521-T-C", Place.X),
        ("X-2699520-TC-T", Place.X),
        ("X-60000-T-C", Place.X),
        ("X-154931044-T-C", Place.TWO),
        ("X-50000000-T-C", Place.X),
        ("Y-10001-T-C", Place.TWO),
        ("Y-2649521-T-C", Place.Y),
        ("MT-3243-A-G", Place.ONE),
    ],
)
def test_what_x_and_y_share_is_like_any_chromosome(typed: str, place: Place) -> None:
    """Within the pseudo-autosomal regions everybody has two copies."""
    pattern = parse(typed, assembly="GRCh37", loaded=(), references={})
    first = pattern.spellings[0][0]
    bare = replace(pattern, spellings=(), start=Bounds(low=first, high=first + 1))

    assert place_of(pattern) is place
    assert place_of(bare) in (place, Place.TWO)


@pytest.mark.parametrize("sexes", [Sexes(500, 500), Sexes(0, 0, 1000), Sexes(1000, 0)])
def test_where_everybody_has_two_copies_sexes_are_nothing(sexes: Sexes) -> None:
    """Nor on a mitochondrion, of which everybody has one."""
    known = [expected_of(p, sexes, 1000, 0.01) for p in (Place.TWO, Place.ONE)]
    alike = [expected_of(p, Sexes(0, 1000), 1000, 0.01) for p in (Place.TWO, Place.ONE)]

    assert known == alike


def test_sexes_are_those_of_the_columns() -> None:
    """By the people of each; of a release that does not say, none are known."""
    kinds = (("F", "SE"), ("F", None), ("M", "SE"), (None, "SE"))
    layout = Layout(baseline=(20, 20, 40, 20), groups=(), kinds=kinds)

    assert sexes_of(layout, 50) == Sexes(20, 20, 10)
    assert sexes_of(Layout(baseline=(8,), groups=()), 4) == Sexes(0, 0, 4)
    assert sexes_of(Layout(baseline=(), groups=()), 4) == Sexes(0, 0, 4)


@pytest.mark.parametrize(
    ("place", "sexes", "ac", "tells"),
    [
        (Place.X, Sexes(5000, 5000), 100, True),
        (Place.TWO, Sexes(5000, 5000), 100, True),
        (Place.X, Sexes(5000, 5000), 210, True),
        (Place.TWO, Sexes(5000, 5000), 210, False),
        (Place.X, Sexes(5000, 5000), 400, False),
        (Place.X, Sexes(9999, 1), 1000, True),
        (Place.Y, Sexes(5000, 5000), 100, False),
    ],
)
def test_where_many_carry_it_few_of_a_kind_tell(
    place: Place, sexes: Sexes, ac: int, tells: bool
) -> None:
    """On X half as many have two copies as elsewhere, and one man is one of a kind."""
    copies = {
        Place.TWO: 2 * sexes.people,
        Place.X: 2 * sexes.women + sexes.men,
        Place.Y: sexes.men,
    }

    assert kinds_tell(place, sexes, ac, copies[place]) is tells
