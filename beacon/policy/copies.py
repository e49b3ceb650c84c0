"""How many copies people have of a place, and how many of each kind to expect.  Pure.

Of a chromosome that men have once, fewer people are homozygous than elsewhere, and
others hemizygous; what an answer tells of one of them goes by their own kind.  How
many women and men a dataset has, a requester may know, may read off AN, or may take to
be half each: the fewest of these is what holds.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.assemblies import ASSEMBLIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from beacon.model.counts import Layout
    from beacon.model.pattern import VariantPattern

_FEWEST_CALLED = 1 / 8
"""Share of the copies there are, of which fewer are not taken to be called."""
_AT_LEAST = 1.0
"""Women, and men, who are taken to be in any dataset."""


class Place(Enum):
    """Who has how many copies of a place."""

    TWO = "two"
    """Everybody two: chromosomes 1 to 22, and what X and Y share (PAR)."""
    X = "X"
    """Women two, men one."""
    Y = "Y"
    """Women none, men one."""
    ONE = "one"
    """Everybody one, of their mitochondria."""


_SEXED = {"X": Place.X, "Y": Place.Y, "MT": Place.ONE}


class Sexes(NamedTuple):
    """The people of a dataset, by what is known of their sex."""

    women: float
    men: float
    unknown: float = 0.0

    @property
    def people(self) -> float:
        """All of them."""
        return self.women + self.men + self.unknown


class Expected(NamedTuple):
    """How many people are to be expected, by what they carry.

    Attributes:
        carriers: of an allele, whatever their copies.
        two: who have nothing else (homozygous).
        single: who have another allele, too (heterozygous).
        alone: who have one copy in all (hemizygous).
    """

    carriers: float
    two: float
    single: float
    alone: float

    def bounded_by(self, other: Expected) -> Expected:
        """Return the fewer of each kind."""
        return Expected(*map(min, self, other))

    def at_least(self, other: Expected) -> Expected:
        """Return the more of each kind."""
        return Expected(*map(max, self, other))


class Holders(NamedTuple):
    """How many people have two copies of a place, and how many one."""

    two: float
    one: float

    def expected(self, frequency: float) -> Expected:
        """Return how many of each kind are to be expected, by Hardy-Weinberg.

        Where parents are related more have two copies, and to see one tells less.
        """
        two = self.two * frequency**2
        single = self.two * 2 * frequency * (1 - frequency)
        alone = self.one * frequency
        return Expected(two + single + alone, two, single, alone)

    def called(self, copies: int | None) -> Holders:
        """Return those who were called, by the copies that were; ``None``: all."""
        if not copies:
            return self
        share = min(1.0, copies / (2 * self.two + self.one))
        return self.shared(share)

    def shared(self, share: float) -> Holders:
        """Return a share of them."""
        return Holders(self.two * share, self.one * share)


def place_of(pattern: VariantPattern) -> Place:
    """Return who has how many copies of the place of an allele that is asked for."""
    contig = pattern.sequence
    if pattern.spellings:
        start, reference, _ = pattern.spellings[0]
        end = start + max(len(reference), 1)
    else:
        start = 0 if pattern.start is None else pattern.start.low
        end = start + 1
    is_shared = any(
        region.contig == contig and region.start <= start and end <= region.end
        for region in ASSEMBLIES[contig.assembly].par
    )
    return Place.TWO if is_shared else _SEXED.get(contig.name, Place.TWO)


def sexes_of(layout: Layout, people: int) -> Sexes:
    """Return what is known of the sexes of so many people, by how they are counted."""
    copies = {"F": 0, "M": 0}
    for kind, number in zip(layout.kinds, layout.baseline, strict=False):
        if kind and kind[0] in copies:
            copies[kind[0]] += number
    every = sum(layout.baseline)
    if not every:
        return Sexes(0, 0, people)
    women, men = (people * copies[sex] / every for sex in ("F", "M"))
    return Sexes(women, men, max(people - women - men, 0.0))


def written_twice(layout: Layout, place: Place) -> frozenset[int]:
    """Return the columns of people who have one copy, also where two are written."""
    columns = range(len(layout.baseline))
    if place is Place.TWO:
        return frozenset()
    if place is not Place.X:
        return frozenset(columns)
    men = [c for c, kind in enumerate(layout.kinds) if kind and kind[0] == "M"]
    return frozenset(men)


def expected_of(
    place: Place, sexes: Sexes, copies: int | None, frequency: float
) -> Expected:
    """Return how many people of each kind are to be expected, at the fewest.

    Args:
        place: where the allele lies.
        sexes: the people of the dataset.
        copies: that were called there, as is told; ``None``: not known.
        frequency: of the allele.
    """
    splits = [*_splits(place, sexes), *_read_off(place, sexes, copies)]
    told = _fewest(each.called(copies).expected(frequency) for each in splits)
    return told.at_least(fewest_of(place, sexes, frequency))


def fewest_of(place: Place, sexes: Sexes, frequency: float) -> Expected:
    """Return the fewest that ``expected_of`` comes to.

    It does not depend on what was called, which where an allele is carried and where
    it is not may be known from other records: by it is judged whether anybody may
    have been left out, so that the word for nobody tells nothing of carriers.
    """
    splits = _splits(place, sexes)
    return _fewest(each.shared(_FEWEST_CALLED).expected(frequency) for each in splits)


def _fewest(some: Iterable[Expected]) -> Expected:
    first, *others = some
    for each in others:
        first = first.bounded_by(each)
    return first


def _splits(place: Place, sexes: Sexes) -> list[Holders]:
    """Return who may be thought to have how many copies, whatever was called."""
    people = max(sexes.people, _AT_LEAST)
    if place is Place.TWO:
        return [Holders(people, 0.0)]
    if place is Place.ONE:
        return [Holders(0.0, people)]
    women = sexes.women + sexes.unknown / 2
    return [_holders(place, people, each) for each in (women, people / 2)]


def _read_off(place: Place, sexes: Sexes, copies: int | None) -> list[Holders]:
    """Return who has how many copies if all were called, where sexes are not known."""
    if not copies or not sexes.unknown or place not in (Place.X, Place.Y):
        return []
    people = sexes.people
    women = copies - people if place is Place.X else people - copies
    women = min(max(women, sexes.women), sexes.women + sexes.unknown)
    return [_holders(place, people, women)]


def _holders(place: Place, people: float, women: float) -> Holders:
    men = max(people - women, _AT_LEAST)
    return Holders(max(women, _AT_LEAST) if place is Place.X else 0.0, men)
