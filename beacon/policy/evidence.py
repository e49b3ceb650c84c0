"""What an answer tells of one person, and how much of that may be told.  Pure.

A dataset of N people says that c of them carry an allele, of whom N p were to be
expected: to see that is c / (N p) times as likely where a carrier is one of them as
where they are not, exactly (both counts are binomial).  The logarithm, in nats, is
what the answer tells of each carrier; a requester's nats on one person add up.
Answers may say how many people are homozygous, heterozygous and hemizygous, which are
far fewer: a carrier is told of by those of their own kind, too (a multinomial).
Shringarpure and Bustamante 2015; Raisaro et al. 2017, whose budget this is in the
form of a likelihood ratio.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from enum import IntEnum
from math import log
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.counts import Carriers
from beacon.policy.copies import Place, expected_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from beacon.model.counts import AlleleCounts, Tally
    from beacon.model.findings import Carried, DatasetFindings
    from beacon.model.profile import LedgerTerms
    from beacon.policy.copies import Expected, Sexes

RAREST = 1e-6
"""No allele is taken to be rarer, whatever references lack it."""
_MOST_PRIOR = 0.999_999
_COPIES = 2


class Told(NamedTuple):
    """What an answer tells of one individual, in nats.

    Attributes:
        expected: people like them, or carriers, that were to be expected: the fewer.
    """

    individual: str
    nats: float
    expected: float


class Kind(IntEnum):
    """What somebody who carries an allele is counted as."""

    HALF = 0
    """In none of the three: a half call."""
    SINGLE = 1
    ALONE = 2
    TWO = 3


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


def nats(count: int, expected: float) -> float:
    """Return what it tells of each of ``count`` people that so few were expected."""
    return max(0.0, log(count / expected)) if count else 0.0


def told_of(
    carried: Sequence[Carried],
    expected: Expected,
    terms: LedgerTerms,
    *,
    twice: Collection[int] = (),
) -> tuple[Told, ...]:
    """Return what an answer tells of everybody who carries an allele.

    Where many carry it, nobody is told of.

    Args:
        carried: what each carrier adds.
        expected: people who were to be expected, by what they carry.
        terms: of the ledger.
        twice: columns of people who have one copy, also where two are written.
    """
    people = kinds_of(carried)
    if len(people) > terms.cap_carriers:
        return ()
    alone = {one.individual for one in carried if one.column in twice}
    many = Counter(people.values())
    told = []
    for person in sorted(people):
        kind = people[person]
        own = _expected_of(kind, expected, has_one=person in alone)
        learnt = nats(len(people), expected.carriers)
        if own:
            learnt = max(learnt, nats(many[kind], own))
        fewest = min(own or expected.carriers, expected.carriers)
        told.append(Told(person, learnt, fewest))
    return tuple(each for each in told if each.nats)


def _expected_of(kind: Kind, expected: Expected, *, has_one: bool) -> float:
    """Return how many like somebody were to be expected; 0: it is not known."""
    match kind:
        case Kind.TWO:
            return expected.alone if has_one else expected.two
        case Kind.SINGLE:
            return expected.single
        case Kind.ALONE:
            return expected.alone
    return 0.0


def kinds_of(carried: Iterable[Carried]) -> dict[str, Kind]:
    """Return what each individual is counted as, who may have several samples."""
    found: dict[str, Kind] = {}
    for one in carried:
        kind = _kind_of(one)
        found[one.individual] = max(kind, found.get(one.individual, kind))
    return found


def _kind_of(one: Carried) -> Kind:
    if one.share.ac > 1:
        return Kind.TWO
    if one.share.hemi:
        return Kind.ALONE
    return Kind.SINGLE if one.share.het else Kind.HALF


def kinds_tell(place: Place, sexes: Sexes, ac: int, copies: int | None) -> bool:
    """Whether one person of a kind tells of themselves, though many carry an allele.

    Of an allele of so many carriers nobody is charged: that somebody is one of them
    tells little.  But where not even one of them was to have two copies, or one in
    all, whoever has is told of.  How many copies there are is told, so it is judged by
    that, without two.

    Args:
        place: where the allele lies.
        sexes: the people of the dataset.
        ac: copies of the allele.
        copies: that were called there; ``None``: not known.
    """
    frequency = (ac - _COPIES) / (copies or _COPIES * sexes.people)
    expected = expected_of(place, sexes, copies, frequency)
    if place is Place.X:
        return min(expected) < 1
    return place is Place.TWO and expected.two < 1


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
    fewest: Expected,
    most: float,
    terms: LedgerTerms,
) -> bool:
    """Whether somebody could be left out of an answer that shows nobody.

    It follows from earlier answers alone: those who are left out were shown in them
    (but where a first answer need not fit).

    Args:
        shown: people that earlier answers showed.
        learnt: nats that these told, as if all were of one person.
        fewest: people that may have been expected, of each kind that whoever is left
            out may be of.
        most: nats that may be learnt.
        terms: of the ledger.
    """
    people = min(shown, terms.cap_carriers)
    if not terms.first_hit_always:
        people = terms.cap_carriers
    told = max(nats(people, each) for each in fewest if each)
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
