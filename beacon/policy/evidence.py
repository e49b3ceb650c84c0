"""What an answer tells of one person, and how much of that may be told.  Pure.

A dataset of N people says that c of them carry an allele, of whom N p were to be
expected: to see that is c / (N p) times as likely where a carrier is one of them as
where they are not, exactly (both counts are binomial).  The logarithm, in nats, is
what the answer tells of each carrier; a requester's nats on one person add up.
Who has two copies is one of far fewer, N f squared, and answers may say how many they
are: such a carrier is told of by that.
Shringarpure and Bustamante 2015; Raisaro et al. 2017, whose budget this is in the
form of a likelihood ratio.
"""

from __future__ import annotations

from dataclasses import replace
from math import log
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.counts import Carriers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from beacon.model.counts import AlleleCounts, Tally
    from beacon.model.findings import Carried, DatasetFindings
    from beacon.model.profile import LedgerTerms

RAREST = 1e-6
"""No allele is taken to be rarer, whatever references lack it."""
_MOST_PRIOR = 0.999_999
_COPIES = 2
_FEWEST_CALLED = 0.25
"""Copies for each person of which fewer are not taken to be called (Y has as many)."""


class Told(NamedTuple):
    """What an answer tells of one individual, in nats."""

    individual: str
    nats: float


def most_nats(terms: LedgerTerms, people: int) -> float:
    """Return how many nats may be learnt of one person of a dataset of so many."""
    prior = min(max(people, 1) / terms.population, _MOST_PRIOR)
    return _logit(terms.ppv_max) - _logit(prior)


def _logit(probability: float) -> float:
    return log(probability / (1 - probability))


def frequency_of(references: Iterable[AlleleCounts]) -> float:
    """Return how frequent an allele is taken to be, by public references.

    What counts is its inverse, whose mean over what a reference of AN copies may
    have come from is AN / (AC - 1): one copy there makes nothing frequent.
    """
    told = ((c.ac - 1) / c.an for c in references if c.ac is not None and c.an)
    return max((RAREST, *told))


def expected_carriers(people: int, copies: int | None, frequency: float) -> float:
    """Return how many carriers are to be expected among people.

    Args:
        people: of the dataset.
        copies: that were called there: fewer than two each where some are not
            called, or have but one; ``None``: not known.
        frequency: of the allele.
    """
    by_people = people * (1 - (1 - frequency) ** 2)
    if not copies:
        return by_people
    by_copies = min(by_people, copies * frequency)
    return max(by_copies, fewest_expected(people, frequency))


def fewest_expected(people: int, frequency: float) -> float:
    """Return the fewest carriers that ``expected_carriers`` comes to.

    It does not depend on what was called, which where an allele is carried and where
    it is not may be known from other records: by it is judged whether anybody may
    have been left out, so that the word for nobody tells nothing of carriers.
    """
    by_people = people * (1 - (1 - frequency) ** 2)
    return min(by_people, people * _FEWEST_CALLED * frequency)


def expected_homozygotes(people: int, copies: int | None, frequency: float) -> float:
    """Return how many people with two copies are to be expected, by Hardy-Weinberg.

    Where parents are related there are more, and to see one tells less.

    Args:
        people: of the dataset.
        copies: that were called there, of which a person has two; ``None``: not known.
        frequency: of the allele.
    """
    by_people = people * frequency**2
    if not copies:
        return by_people
    by_copies = min(by_people, copies / 2 * frequency**2)
    return max(by_copies, fewest_homozygotes(people, frequency))


def fewest_homozygotes(people: int, frequency: float) -> float:
    """Return the fewest that ``expected_homozygotes`` comes to."""
    return people * _FEWEST_CALLED / 2 * frequency**2


def nats(count: int, expected: float) -> float:
    """Return what it tells of each of ``count`` people that so few were expected."""
    return max(0.0, log(count / expected)) if count else 0.0


def told_of(
    carried: Sequence[Carried], expected: float, twofold: float, terms: LedgerTerms
) -> tuple[Told, ...]:
    """Return what an answer tells of everybody who carries an allele.

    Where many carry it, nobody is told of.

    Args:
        carried: what each carrier adds.
        expected: carriers that were to be expected.
        twofold: carriers of two copies that were.
        terms: of the ledger.
    """
    people = {one.individual for one in carried}
    if len(people) > terms.cap_carriers:
        return ()
    twice = homozygotes(carried)
    each = nats(len(people), expected)
    more = max(each, nats(len(twice), twofold))
    told = ((one, more if one in twice else each) for one in sorted(people))
    return tuple(Told(one, learnt) for one, learnt in told if learnt)


def homozygotes(carried: Iterable[Carried]) -> frozenset[str]:
    """Return who has two copies."""
    return frozenset(one.individual for one in carried if one.share.ac > 1)


def two_copies_tell(people: int, ac: int, copies: int | None) -> bool:
    """Whether one person with two copies tells of themselves, though many carry it.

    Of an allele of so many carriers nobody is charged: that somebody is one of them
    tells little.  But where not even one of them was to have two copies, whoever has
    them is told of.  How many copies there are is told, so it is judged by that,
    without these two.

    Args:
        people: of the dataset.
        ac: copies of the allele.
        copies: that were called there; ``None``: not known.
    """
    frequency = (ac - _COPIES) / (copies or _COPIES * people)
    return expected_homozygotes(people, copies, frequency) < 1


def without_two_copies(found: DatasetFindings) -> DatasetFindings:
    """Return findings that do not say how many copies who has."""
    variants = tuple(
        replace(variant, tally=_uncounted(variant.tally)) for variant in found.variants
    )
    return replace(found, variants=variants)


def _uncounted(tally: Tally) -> Tally:
    if tally.carriers is None:
        return tally
    kept = tuple(Carriers(c.column, c.ac, None, None, None) for c in tally.carriers)
    return tally._replace(carriers=kept)


def may_have_left_out(
    shown: int,
    learnt: float,
    fewest: tuple[float, float],
    most: float,
    terms: LedgerTerms,
) -> bool:
    """Whether somebody could be left out of an answer that shows nobody.

    It follows from earlier answers alone: those who are left out were shown in them
    (but where a first answer need not fit).

    Args:
        shown: people that earlier answers showed.
        learnt: nats that these told, as if all were of one person.
        fewest: the fewest carriers that may have been expected, and the fewest of two
            copies, which whoever is left out may have.
        most: nats that may be learnt.
        terms: of the ledger.
    """
    people = min(shown, terms.cap_carriers)
    if not terms.first_hit_always:
        people = terms.cap_carriers
    told = max(nats(people, each) for each in fewest)
    return told > 0 and learnt + told > most


def without(
    found: DatasetFindings, carried: Sequence[Carried], left_out: Collection[str]
) -> DatasetFindings:
    """Return findings as if some people did not carry what was found.

    They are still there, and called: nothing tells that anybody was left out.
    """
    gone = [one for one in carried if one.individual in left_out]
    if not gone:
        return found
    variants = tuple(
        replace(variant, tally=_lessened(variant.tally, gone))
        for variant in found.variants
    )
    total = sum(variant.exists for variant in variants)
    return replace(found, variants=variants if total else (), total=total)


def _lessened(tally: Tally, gone: Sequence[Carried]) -> Tally:
    sums = {c.column: [n or 0 for n in c[1:]] for c in tally.carriers or ()}
    for one in gone:
        ac, _, hom, het, hemi = one.share
        held = zip(sums[one.column], (ac, hom, het, hemi), strict=True)
        sums[one.column] = [before - taken for before, taken in held]
    kept = tuple(Carriers(c, *sums[c]) for c in sorted(sums) if sums[c][0])
    return tally._replace(carriers=kept)
