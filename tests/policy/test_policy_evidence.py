"""What an answer tells of one person: the laws the ledger stands on."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import AlleleCounts, Carriers, Tally
from beacon.model.dataset import Dataset
from beacon.model.findings import Carried, DatasetFindings, FoundVariant
from beacon.model.people import Share
from beacon.model.profile import LedgerTerms
from beacon.model.variant import sequence_allele
from beacon.policy.copies import Expected, Place, Sexes, expected_of, fewest_of
from beacon.policy.evidence import (
    RAREST,
    frequency_of,
    may_have_left_out,
    most_nats,
    nats,
    told_of,
    without,
)

TERMS = LedgerTerms(population=6_000_000)
CONTIG = ASSEMBLIES["GRCh37"].contigs[21]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
COUNTS = st.integers(0, 60)


def expected(people: int, copies: int | None, frequency: float) -> Expected:
    """Return how many people are to be expected where everybody has two copies."""
    return expected_of(Place.TWO, Sexes(0, 0, people), copies, frequency)


def binomial(count: int, people: int, chance: float) -> float:
    """Return how likely so many of so many people are."""
    ways = math.comb(people, count)
    return ways * chance**count * (1 - chance) ** (people - count)


@given(
    people=st.integers(2, 200),
    count=st.integers(1, 20),
    chance=st.floats(0.001, 0.5),
)
def test_nats_are_the_logarithm_of_the_likelihood_ratio(
    people: int, count: int, chance: float
) -> None:
    """Exactly: of a carrier who is one of them, and one who is not."""
    count = min(count, people)
    member = binomial(count - 1, people - 1, chance)
    stranger = binomial(count, people, chance)

    expected = max(0.0, math.log(member / stranger))
    assert nats(count, people * chance) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("people", "most"), [(1_000, 6.5), (10_000, 4.2), (60_000, 2.4)]
)
def test_what_may_be_learnt_follows_from_prior_and_ppv(
    people: int, most: float
) -> None:
    """One rare answer on one person brings a requester there (§3.5)."""
    assert most_nats(TERMS, people) == pytest.approx(most, abs=0.1)
    one = nats(1, expected(people, None, RAREST).carriers)
    assert one <= most_nats(TERMS, people)
    assert 2 * one > most_nats(TERMS, people)


@given(st.integers(1, 100_000), st.floats(0.01, 0.5), st.integers(200_000, 10**8))
def test_the_most_brings_belief_to_the_ppv(
    people: int, ppv: float, population: int
) -> None:
    """The prior odds, times the evidence, are the odds that may be reached."""
    terms = LedgerTerms(ppv_max=ppv, population=population)
    odds = people / (population - people) * math.exp(most_nats(terms, people))

    assert odds / (1 + odds) == pytest.approx(ppv)


def test_a_dataset_of_everybody_leaves_nothing_to_learn() -> None:
    """Nor does one of more people than there are said to be."""
    assert most_nats(LedgerTerms(population=1000), 1000) < 0
    assert most_nats(LedgerTerms(population=1000), 5000) < 0


def reference(ac: int | None, an: int | None) -> AlleleCounts:
    """Return what a public dataset counts."""
    return AlleleCounts(ac=ac, an=an)


@pytest.mark.parametrize(
    ("told", "frequency"),
    [
        ([], RAREST),
        ([(None, 100), (5, None), (0, 0)], RAREST),
        ([(1, 5000)], RAREST),
        ([(3, 5000)], 0.0004),
        ([(3, 5000), (101, 10_000)], 0.01),
    ],
)
def test_a_frequency_is_the_highest_of_public_ones(
    told: list[tuple[int | None, int | None]], frequency: float
) -> None:
    """One copy makes nothing frequent, and nothing is rarer than the rarest."""
    assert frequency_of([reference(*each) for each in told]) == frequency


def test_fewer_copies_let_fewer_carriers_be_expected() -> None:
    """Of a contig that people have once, or where many are not called."""
    told = [expected(1000, copies, 0.001).carriers for copies in (2000, 500, None)]

    assert told == pytest.approx([1.999, 0.49975, 1.999])


@given(
    place=st.sampled_from(Place),
    sexes=st.builds(Sexes, *[st.integers(0, 50_000)] * 3),
    copies=st.none() | st.integers(0, 400_000),
    frequency=st.floats(1e-6, 0.5),
)
def test_nobody_is_charged_more_than_is_looked_for_where_nobody_is(
    place: Place, sexes: Sexes, copies: int | None, frequency: float
) -> None:
    """However few are called: else the word for nobody would tell of somebody."""
    fewest = fewest_of(place, sexes, frequency)
    told = expected_of(place, sexes, copies, frequency)

    assert fewest.carriers > 0
    assert all(least <= each for least, each in zip(fewest, told, strict=True))
    assert [not each for each in fewest] == [not each for each in told]


ONE = Share(1, 2, het=1)


def carrier(name: str, column: int = 0, share: Share = ONE) -> Carried:
    """Return who carries one copy."""
    return Carried(name, column, share)


def test_everybody_who_carries_it_is_told_of_alike() -> None:
    """Somebody with two samples once; of many carriers nobody."""
    few = [carrier("A"), carrier("B"), carrier("A", 1)]

    rare, more = (Expected(n, 0.1, n, 0.0) for n in (0.5, 2.0))
    told = told_of(few, rare, TERMS)
    assert [each.individual for each in told] == ["A", "B"]
    assert told[0].nats == told[1].nats == pytest.approx(math.log(2 / 0.5))
    assert told_of(few, more, TERMS) == ()
    assert told_of([carrier(str(n)) for n in range(51)], rare, TERMS) == ()


TWO = Share(2, 2, hom=1)


def test_who_has_two_copies_is_told_of_by_that() -> None:
    """Among twenty carriers where twenty were expected, of whom one has two."""
    carried = [carrier(str(n)) for n in range(19)] + [carrier("two", share=TWO)]
    looked_for = expected(10_000, 20_000, 0.001)
    told = told_of(carried, looked_for, TERMS)

    assert looked_for == pytest.approx((19.99, 0.01, 19.98, 0))
    assert {each.individual: each.nats for each in told if each.nats > 0.01} == {
        "two": pytest.approx(math.log(100))
    }


def test_two_copies_never_tell_less_than_one() -> None:
    """Where more of them were to be expected than of all."""
    looked_for = Expected(0.5, 5.0, 0.5, 0.0)
    told = told_of([carrier("A"), carrier("B", share=TWO)], looked_for, TERMS)

    assert told[0].nats == told[1].nats == pytest.approx(math.log(4))


@given(
    people=st.integers(2, 60),
    frequency=st.floats(0.01, 0.5),
    both=st.integers(1, 5),
    single=st.integers(0, 10),
)
def test_two_copies_are_worth_their_likelihood_ratio(
    people: int, frequency: float, both: int, single: int
) -> None:
    """Exactly, where it is told how many have two, and how many one."""
    both = min(both, people)
    single = min(single, people - both)
    chances = frequency**2, 2 * frequency * (1 - frequency)

    def chance(of: int, twice: int) -> float:
        ways = math.comb(of, twice) * math.comb(of - twice, single)
        neither = (1 - sum(chances)) ** (of - twice - single)
        return ways * chances[0] ** twice * chances[1] ** single * neither

    ratio = chance(people - 1, both - 1) / chance(people, both)
    told = nats(both, expected(people, None, frequency).two)
    assert told == pytest.approx(max(0.0, math.log(ratio)), abs=1e-6)


@given(
    answers=st.lists(
        st.tuples(st.integers(1, 5), st.floats(1e-6, 0.01), st.booleans()), max_size=6
    ),
    frequency=st.floats(1e-6, 0.01),
    hidden=st.integers(1, 5),
    has_two=st.booleans(),
    people=st.integers(500, 100_000),
)
def test_nobody_is_left_out_where_nobody_could_be(
    answers: list[tuple[int, float, bool]],
    frequency: float,
    hidden: int,
    has_two: bool,
    people: int,
) -> None:
    """Whoever is left out was shown before: earlier answers tell that it may be."""
    most, shown, learnt, mine = most_nats(TERMS, people), 0, 0.0, 0.0

    def charged(count: int, often: float, *, of_two: bool) -> tuple[int, float, float]:
        shares = [TWO if of_two and not n else ONE for n in range(count)]
        carried = [carrier(str(n), share=share) for n, share in enumerate(shares)]
        told = told_of(carried, expected(people, None, often), TERMS)
        own = (each.nats for each in told if each.individual == "0")
        fewest = min((each.expected for each in told), default=1.0)
        return len(told), next(own, 0.0), fewest

    for count, often, of_two in answers:
        hits, each, by = charged(count, often, of_two=of_two)
        if hits:
            shown += hits
            learnt += nats(min(TERMS.cap_carriers, shown), by)
            mine += each
    _, evidence, _ = charged(min(hidden, shown), frequency, of_two=has_two)
    is_left_out = evidence > 0 and mine > 0 and mine + evidence > most

    fewest = fewest_of(Place.TWO, Sexes(0, 0, people), frequency)
    could = may_have_left_out(shown, learnt, fewest, most, TERMS)
    assert could or not is_left_out


def test_where_a_first_answer_need_not_fit_anybody_may_be_left_out() -> None:
    """Also before the first answer, unless it tells too little of any number."""
    strict = replace(TERMS, first_hit_always=False)

    rare, frequent = Expected(0.01, 0.01, 0.01, 0.0), Expected(60, 60, 60, 0)
    assert may_have_left_out(0, 0.0, rare, 4.2, strict)
    assert not may_have_left_out(0, 0.0, rare, 4.2, TERMS)
    assert not may_have_left_out(0, 0.0, frequent, 4.2, strict)
    assert may_have_left_out(0, 0.0, frequent._replace(two=0.01), 4.2, strict)


SHARES = st.sampled_from(
    [Share(1, 2, het=1), Share(2, 2, hom=1), Share(1, 1, hemi=1), Share(1, 1)]
)


@given(
    st.lists(st.tuples(st.integers(0, 2), SHARES), min_size=1, max_size=8),
    st.sets(st.integers(0, 7)),
)
def test_leaving_out_takes_copies_and_nothing_else(
    people: list[tuple[int, Share]], gone: set[int]
) -> None:
    """Counts are those of the others; who was called, and how many, stays."""
    carried = [carrier(f"P{n}", *each) for n, each in enumerate(people)]
    found = findings(carried)

    left = without(found, carried, {f"P{n}" for n in gone})

    kept = [one for n, one in enumerate(carried) if n not in gone]
    if kept:
        assert left == findings(kept)
    else:
        assert (left.total, left.variants) == (0, ())
    assert left.left_out == found.left_out == 0


def findings(carried: list[Carried]) -> DatasetFindings:
    """Return what a dataset finds whose people carry something."""
    sums: dict[int, list[int]] = {}
    for one in carried:
        ac, _, hom, het, hemi = one.share
        held = sums.setdefault(one.column, [0, 0, 0, 0])
        for place, number in enumerate((ac, hom, het, hemi)):
            held[place] += number
    tally = Tally((20, 20, 20), tuple(Carriers(c, *sums[c]) for c in sorted(sums)))
    variant = FoundVariant(allele=sequence_allele(CONTIG, 100, "A", "G"), tally=tally)
    dataset = Dataset(id="d", name="d", created=NOW, updated=NOW)
    return DatasetFindings(dataset=dataset, total=1, variants=(variant,))
