"""Who has the same genotypes as who: pairs of people by equal copies.  Pure.

Two people are compared over alleles where both are called on two copies and at
least one carries the rarer form: the share of those where both carry as many
copies.  It is 1 of one person twice, about a half of a parent and a child, a
third of strangers.  Matrix products of a few people at a time do it for all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from beacon.model.people import Shares

    Dosages = NDArray[np.int8]
    Places = NDArray[np.int64]

MISSING = -1
"""Stands for the copies of who is not called on two."""

SAME = 0.9
"""From this share of equal copies on, two are one person (or identical twins)."""

FEWEST = 20
"""So many alleles must tell something of a pair, at least."""

_KIN = 0.5
"""A share that hardly any relatives reach but by chance."""

_RISK = 1e-3
"""How probable it may be that any pair is called the same by chance."""

_LIKELY = 0.8
"""From this share on a pair is looked at more closely."""

_BLOCK = 1_000
"""People whose pairs are counted at once: some matrices of 4 MB."""

_LINKED = 0.2
"""Alleles correlated more (r2) are inherited together and count once."""

_REACH = 1_000_000
_NEAREST = 50
_CORRELATED = 2_000
"""So many people are enough to tell which alleles are inherited together ..."""

_FEW_PEOPLE = 50
"""... and of fewer nobody could tell."""


class Crowd(NamedTuple):
    """The people of a dataset, by number."""

    dataset: str
    names: tuple[str, ...]


class Person(NamedTuple):
    """An individual of a dataset."""

    dataset: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} of {self.dataset}"


class Pair(NamedTuple):
    """Two people, how many alleles tell of them, and how many equally."""

    one: Person
    other: Person
    equal: int
    informative: int

    @property
    def concordance(self) -> float:
        """The share of equal copies."""
        return self.equal / self.informative if self.informative else 0.0

    @property
    def figures(self) -> str:
        """What it rests on, in words."""
        return f"{self.concordance:.1%} of {self.informative:,} alleles are equal"


class Kind(StrEnum):
    """What a finding is of."""

    SAME = "same"
    SWAPPED = "swapped"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """One thing an operator should know; a swap has two pairs."""

    kind: Kind
    pairs: tuple[Pair, ...]

    @property
    def sentence(self) -> str:
        """What it is, in one sentence."""
        pair, (one, other) = self.pairs[0], self.pairs[0][:2]
        if self.kind is Kind.DIFFERENT:
            return (
                f"{one.name} is in {one.dataset} and in {other.dataset} with different"
                f" genotypes (swapped, or two people of one name?): {pair.figures}."
            )
        if self.kind is Kind.SWAPPED:
            return (
                f"{one.name} and {other.name} look swapped between {one.dataset} and"
                f" {other.dataset}: each has the genotypes of the other"
                f" ({pair.figures})."
            )
        if one.name == other.name:
            where = f"in {one.dataset} and in {other.dataset}"
            return f"{one.name} is {where}: {pair.figures}."
        named = f"{one} and {other}"
        if one.dataset == other.dataset:
            named = f"{one.name} and {other}"
        return f"{named} have the same genotypes: {pair.figures}."

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {
            "kind": self.kind.value,
            "individuals": [
                {"dataset": person.dataset, "individual": person.name}
                for pair in self.pairs
                for person in pair[:2]
            ],
            "concordance": round(self.pairs[0].concordance, 4),
            "informative": self.pairs[0].informative,
            "sentence": self.sentence,
        }


def is_certain(pair: Pair, among: int) -> bool:
    """Whether a pair that looks the same does not by chance, among so many pairs.

    Chernoff's bound on as many of its alleles being equal where ``_KIN`` of them
    are expected to be: that it happens to any pair stays below ``_RISK``.
    """
    share = pair.concordance
    if share < SAME or pair.informative < FEWEST:
        return False
    gap = _divergence(share, _KIN)
    return pair.informative * gap >= math.log(max(among, 1) / _RISK)


def _divergence(share: float, expected: float) -> float:
    """Return the relative entropy of two chances of being equal."""
    gap = share * math.log(share / expected)
    if share < 1:
        gap += (1 - share) * math.log((1 - share) / (1 - expected))
    return gap


def dosages(shares: Shares, people: int) -> Dosages:
    """Return each person's copies of an allele, ``MISSING`` without two calls."""
    copies = np.full(people, _copies(*shares.usual[:2]), dtype=np.int8)
    for share, numbers in shares.others:
        copies[np.asarray(numbers, dtype=np.int64)] = _copies(*share[:2])
    return copies


def _copies(ac: int, an: int) -> int:
    return ac if an == 2 else MISSING


def is_common(carried: int, called: int) -> bool:
    """Whether 5 to 95 % of the copies called of an allele are its own."""
    return 0 < 0.05 * called <= carried <= 0.95 * called


def turned(one: Dosages, other: Dosages) -> tuple[Dosages, Dosages]:
    """Return copies of the rarer form of each allele, shape ``(people, alleles)``.

    Of an allele that most people carry twice, carrying it tells nothing.
    """
    both = (one, other)
    called = sum((d >= 0).sum(axis=0) * 2 for d in both)
    carried = sum(np.where(d > 0, d, 0).sum(axis=0, dtype=np.int64) for d in both)
    is_usual = 2 * carried > called
    first, second = (np.where((d >= 0) & is_usual, 2 - d, d) for d in both)
    return first.astype(np.int8), second.astype(np.int8)


def unlinked(copies: Dosages, places: Places) -> list[int]:
    """Return which alleles are not inherited together with one before them.

    Args:
        copies: of all people compared, shape ``(people, alleles)``.
        places: contig and position of each, shape ``(alleles, 2)``, ascending.
    """
    if len(copies) < _FEW_PEOPLE:
        return list(range(copies.shape[1]))
    step = -(-len(copies) // _CORRELATED)
    some = copies[::step].astype(np.float32)
    called = some >= 0
    mean = (some * called).sum(axis=0) / np.maximum(called.sum(axis=0), 1)
    some = (some - mean) * called
    some /= np.maximum(np.linalg.norm(some, axis=0), 1e-6)
    kept: list[int] = []
    for at in range(copies.shape[1]):
        near = kept[-_NEAREST:]
        gap = places[at] - places[near]
        close = [n for n, (c, d) in zip(near, gap, strict=True) if not c and d < _REACH]
        if not close or float((some[:, close].T @ some[:, at]).max() ** 2) <= _LINKED:
            kept.append(at)
    return kept


class Compared(NamedTuple):
    """Equal and informative alleles of pairs, shape ``(people, people)``."""

    equal: NDArray[np.float32]
    informative: NDArray[np.float32]


def compared(one: Dosages, other: Dosages) -> Compared:
    """Return how every one of some people compares with every one of others."""
    equal = _both(one == 1, other == 1) + _both(one == 2, other == 2)
    called, without = _both(one >= 0, other >= 0), _both(one == 0, other == 0)
    return Compared(equal, called - without)


def _both(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return of how many alleles something is true of two people, for each two."""
    return one.astype(np.float32) @ other.astype(np.float32).T


def likely(one: Dosages, other: Dosages | None, least: int) -> list[tuple[int, int]]:
    """Return the pairs that may be one person; without ``other``: within ``one``."""
    found: list[tuple[int, int]] = []
    second = one if other is None else other
    for row in range(0, len(one), _BLOCK):
        first_column = row if other is None else 0
        for column in range(first_column, len(second), _BLOCK):
            block = compared(one[row : row + _BLOCK], second[column : column + _BLOCK])
            alike = block.equal >= _LIKELY * block.informative
            rows, columns = np.nonzero(alike & (block.informative >= least))
            found += zip(
                (rows + row).tolist(), (columns + column).tolist(), strict=True
            )
    return [(a, b) for a, b in found if other is not None or a < b]


def of_pairs(
    one: Dosages, other: Dosages, pairs: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return equal and informative alleles of single pairs."""
    return [_of_pair(one[a], other[b]) for a, b in pairs]


def _of_pair(one: Dosages, other: Dosages) -> tuple[int, int]:
    told = (one >= 0) & (other >= 0) & ((one > 0) | (other > 0))
    return int(((one == other) & told).sum()), int(told.sum())


def named_alike(one: Crowd, other: Crowd) -> list[tuple[int, int]]:
    """Return the pairs of people of one name."""
    number = {name: n for n, name in enumerate(other.names)}
    return [(n, number[m]) for n, m in enumerate(one.names) if m in number]


def judged(pairs: Sequence[Pair], compared_pairs: int) -> list[Likeness]:
    """Return what pairs mean: the same, swapped, or of one name only.

    Args:
        pairs: whoever looks the same, and whoever is named alike.
        compared_pairs: among how many those were found.
    """
    alike = [p for p in pairs if p.one.name == p.other.name]
    among = {True: len(alike), False: compared_pairs}
    same = [p for p in pairs if is_certain(p, among[p.one.name == p.other.name])]
    swaps, swapped = _swaps(same)
    different = [
        p
        for p in alike
        if p.concordance < SAME and p.informative >= FEWEST and p[:2] not in swapped
    ]
    left = [p for p in same if not any(p in swap.pairs for swap in swaps)]
    return [
        *(Likeness(kind=Kind.SAME, pairs=(p,)) for p in left),
        *swaps,
        *(Likeness(kind=Kind.DIFFERENT, pairs=(p,)) for p in different),
    ]


def _swaps(same: Sequence[Pair]) -> tuple[list[Likeness], set[tuple[Person, Person]]]:
    """Return who has each other's genotypes, and the namesakes this explains."""
    known = {
        (p.one.name, p.other.name, p.one.dataset, p.other.dataset): p for p in same
    }
    swaps, explained = [], set()
    for (a, b, first, second), pair in known.items():
        back = known.get((b, a, first, second))
        if back is None or a >= b or first == second:
            continue
        swaps.append(Likeness(kind=Kind.SWAPPED, pairs=(pair, back)))
        explained |= {(Person(first, n), Person(second, n)) for n in (a, b)}
    return swaps, explained
