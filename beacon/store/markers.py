"""Alleles to compare people by, read from the carriers of two datasets.

Which ones follows from the data alone: bins that both have, in an order that has
nothing to do with their place, and in each the alleles that tell most, single
bases first.  So two datasets are read a little at a time until there is enough,
however large they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from beacon.store.carrier_documents import Bin, list_bins, read_bins
from beacon.store.concordance import (
    MISSING,
    Crowd,
    dosages,
    is_common,
    turned,
    unlinked,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray
    from pymongo.database import Database

    from beacon.model.people import People
    from beacon.store.carrier_documents import Stretch
    from beacon.store.carriers import Block, Identity
    from beacon.store.concordance import Dosages
    from beacon.store.driver import Document

_AUTOSOMES = 22
_AT_ONCE = 64
_LEAST_BINS = 2_000
"""Bins that are read in search of alleles that tell much, before others do."""

_MOST_BINS = 20_000
"""Bins that are read at all, of a pair of datasets."""

_TRIED = 50
"""Alleles of a bin that are looked at in search of one that tells much."""

_BASES = 32
_SINGLE_BASE, _COMMON, _RARE = range(3)
"""How much an allele tells, best first."""


class PartPeople(NamedTuple):
    """One part of a release, and its people."""

    part: int
    people: People


@dataclass(frozen=True, kw_only=True)
class Source:
    """A dataset whose people are compared.

    Somebody who is in several of its parts (of other contigs) is one of them.
    """

    dataset: str
    assembly: str
    parts: tuple[PartPeople, ...]

    @cached_property
    def crowd(self) -> Crowd:
        """Its people, each once, without those who are withdrawn."""
        names = (name for part in self.parts for name in part.people.names)
        known = dict.fromkeys(name for name in names if name is not None)
        return Crowd(self.dataset, tuple(known))

    @cached_property
    def rows(self) -> tuple[NDArray[np.int64], ...]:
        """By part, the number in ``crowd`` of each person; -1: withdrawn."""
        number = {name: n for n, name in enumerate(self.crowd.names)}
        return tuple(
            np.array([-1 if n is None else number[n] for n in part.people.names])
            for part in self.parts
        )


class Markers(NamedTuple):
    """Copies of the rarer form of alleles, shape ``(people, alleles)``."""

    one: Dosages
    other: Dosages


class _Marker(NamedTuple):
    """One allele of both: how much it tells, and the copies of all people."""

    tier: int
    order: bytes
    place: tuple[int, int]
    one: Dosages
    other: Dosages


@dataclass(slots=True)
class _Chosen:
    """Alleles that are used, and those that are when there are too few."""

    taken: list[_Marker] = field(default_factory=list)
    spare: list[_Marker] = field(default_factory=list)

    def is_enough(self, wanted: int, read: int) -> bool:
        """Whether nothing more need be read after so many bins."""
        if len(self.taken) >= wanted:
            return True
        return read >= _LEAST_BINS and len(self.taken) + len(self.spare) >= wanted

    def best(self, wanted: int) -> list[_Marker]:
        """Return the alleles to compare people by, in genome order."""
        found = self.taken[:wanted]
        found += sorted(self.spare, key=_worth)[: wanted - len(found)]
        return sorted(found, key=lambda marker: marker.place)


class MarkerReader:
    """Reads what two datasets (or one, with itself) can be compared by."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._bins: dict[tuple[str, int], NDArray[np.int64]] = {}

    def markers(self, one: Source, other: Source | None, wanted: int) -> Markers:
        """Return at most ``wanted`` alleles that both have, unlinked ones.

        Args:
            one: a dataset.
            other: another of the same assembly; ``None``: its people are compared
                with each other.
            wanted: how many are enough.

        Raises:
            StoreUnavailable: when the database cannot be read.
        """
        second = one if other is None else other
        places = np.intersect1d(self._places(one), self._places(second))
        found = self._chosen(one, second, _scattered(places), wanted).best(wanted)
        if not found:
            return Markers(_nothing(one), _nothing(second))
        copies = [np.stack([m[i] for m in found], axis=1) for i in (-2, -1)]
        first, last = turned(copies[0], copies[1])
        everybody = first if other is None else np.concatenate((first, last))
        kept = unlinked(everybody, np.array([m.place for m in found], dtype=np.int64))
        return Markers(first[:, kept], last[:, kept])

    def _places(self, source: Source) -> NDArray[np.int64]:
        """Return the bins on autosomes of a dataset, as ``contig << 32 | first``."""
        found = []
        for part in source.parts:
            key = source.assembly, part.part
            if key not in self._bins:
                bins = list_bins(self._database, *key)
                numbers = (
                    b.rank << _BASES | b.first for b in bins if b.rank <= _AUTOSOMES
                )
                self._bins[key] = np.fromiter(numbers, dtype=np.int64)
            found.append(self._bins[key])
        return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)

    def _chosen(
        self, one: Source, other: Source, places: NDArray[np.int64], wanted: int
    ) -> _Chosen:
        """Read bins until there is enough; of each, its share of what is wanted."""
        chosen = _Chosen()
        each = max(1, -(-wanted // max(len(places), 1)))
        for first in range(0, min(len(places), _MOST_BINS), _AT_ONCE):
            group = places[first : first + _AT_ONCE].tolist()
            for ranked in self._read(one, other, group, 2 * each):
                good = [m for m in ranked[:each] if m.tier < _RARE]
                chosen.taken += good
                chosen.spare += ranked[len(good) :]
            chosen.spare = sorted(chosen.spare, key=_worth)[:wanted]
            if chosen.is_enough(wanted, first + len(group)):
                break
        return chosen

    def _read(
        self, one: Source, other: Source, places: Sequence[int], most: int
    ) -> Iterator[list[_Marker]]:
        """Yield the best alleles of each bin that both datasets have."""
        first = self._held(one, places)
        second = first if other is one else self._held(other, places)
        for place in places:
            if place in first and place in second:
                yield _shared(first[place], second[place], place >> _BASES, most)

    def _held(self, source: Source, places: Sequence[int]) -> dict[int, _Held]:
        """Return what a dataset holds of some bins."""
        found: dict[int, _Held] = {}
        for number, part in enumerate(source.parts):
            bins = [_bin(part.part, place) for place in places]
            for stretch in read_bins(self._database, source.assembly, bins):
                place = stretch.rank << _BASES | stretch.first
                found.setdefault(place, _Held(source)).take(number, stretch)
        return found


def _bin(part: int, place: int) -> Bin:
    return Bin(part, place >> _BASES, place & ((1 << _BASES) - 1))


def _scattered(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return places in the order of a hash of theirs (splitmix64)."""
    mixed = places.astype(np.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return places[np.argsort(mixed ^ (mixed >> np.uint64(31)), kind="stable")]


def _worth(marker: _Marker) -> tuple[int, bytes]:
    return marker[:2]


def _nothing(source: Source) -> Dosages:
    return np.zeros((len(source.crowd.names), 0), dtype=np.int8)


class _Held:
    """The alleles of one bin of one dataset, part by part."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._where: dict[Identity, dict[int, tuple[Block, int]]] = {}

    @property
    def alleles(self) -> AbstractSet[Identity]:
        """What is held, sites among them."""
        return self._where.keys()

    def take(self, number: int, stretch: Stretch) -> None:
        """Take what a part holds."""
        for block, ordinals in stretch.latest():
            identities = block.identities
            for ordinal in range(len(block)) if ordinals is None else ordinals:
                held = self._where.setdefault(identities[ordinal], {})
                held[number] = block, ordinal

    def copies(self, identity: Identity) -> Dosages:
        """Return the copies of all people of the dataset."""
        found = np.full(len(self._source.crowd.names), MISSING, dtype=np.int8)
        for number, (block, ordinal) in self._where[identity].items():
            rows = self._source.rows[number]
            copies = dosages(block.shares(ordinal), len(rows))
            is_here = rows >= 0
            np.maximum.at(found, rows[is_here], copies[is_here])
        return found


def _shared(one: _Held, other: _Held, rank: int, most: int) -> list[_Marker]:
    """Return alleles of both that tell much, best first; some that tell less."""
    there = (i for i in one.alleles & other.alleles if i.alternate)
    named = sorted((not _is_single(i), _order(rank, i), i) for i in there)
    common: list[_Marker] = []
    rare: list[_Marker] = []
    for is_other, order, identity in named[: max(_TRIED, 4 * most)]:
        copies = one.copies(identity), other.copies(identity)
        carried, called = (sum(pair) for pair in zip(*map(_total, copies), strict=True))
        if not 0 < carried < called:
            continue
        is_rare = not is_common(carried, called)
        tier = _RARE if is_rare else _COMMON if is_other else _SINGLE_BASE
        marker = _Marker(tier, order, (rank, identity.start), *copies)
        (rare if is_rare else common).append(marker)
        if len(common) == most:
            break
    return (common + rare)[:most]


def _is_single(identity: Identity) -> bool:
    return len(identity.reference) == len(identity.alternate) == 1


def _total(copies: Dosages) -> tuple[int, int]:
    """Return the copies carried and called."""
    called = copies >= 0
    return int(copies[called].sum(dtype=np.int64)), 2 * int(called.sum())


def _order(rank: int, identity: Identity) -> bytes:
    """Return a hash of an allele, the same in every dataset."""
    return blake2b(repr((rank, *identity)).encode(), digest_size=8).digest()
