"""Who is in several datasets, or twice in one, and who was swapped between two.

What is found is said, and nothing is merged: only an operator knows which file is
right.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, cast

from beacon.model.errors import NotFound
from beacon.store.concordance import (
    FEWEST,
    Pair,
    Person,
    judged,
    likely,
    named_alike,
    of_pairs,
)
from beacon.store.driver import DATASETS, RELEASES, driver_errors
from beacon.store.individuals import gone_from, without_names
from beacon.store.markers import MarkerReader, PartPeople, Source
from beacon.store.people import read_people
from beacon.store.release_documents import LISTED, is_readable, read_release

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pymongo.database import Database

    from beacon.store.concordance import Likeness
    from beacon.store.driver import Document
    from beacon.store.release_documents import StoredRelease

_GoesOn = Callable[["Couple"], bool]
_MARKERS = 4_000
"""So many alleles a pair is judged by ..."""

_SCREENED = 1_500
"""... and by so many of them pairs are found."""

_MOST_PAIRS = 200_000_000
"""Pairs of people that are compared unasked, at the end of a load: a minute's work."""

Couple = tuple["Source", "Source | None"]
"""Two datasets, or one whose people are compared with each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What was found among some datasets.

    Attributes:
        compared: ids of the datasets.
        unknown: ids of those that keep no individuals.
        left: ids of those there was no time for.
    """

    found: tuple[Likeness, ...]
    compared: tuple[str, ...]
    unknown: tuple[str, ...]
    left: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What an operator should know."""
        said = [likeness.sentence for likeness in self.found]
        if self.left:
            said.append(
                f"Not compared in the time a load has: {', '.join(self.left)}"
                " (beacon datasets duplicates does it)."
            )
        return tuple(said)


class Comparer:
    """Compares the people of the datasets of a store."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._reader = MarkerReader(database)

    def among(self, datasets: Sequence[str]) -> Comparison:
        """Compare datasets with each other; one alone with all others; none: all.

        Raises:
            NotFound: when there is no such dataset.
            StoreUnavailable: when the database cannot be read.
        """
        known = self._served()
        for name in datasets:
            if name not in known:
                message = f"there is no dataset {name} that serves a release"
                raise NotFound(message)
        if len(datasets) == 1:
            return self._with(datasets[0], known, lambda _: True)
        chosen = {n: known[n] for n in dict.fromkeys(datasets or known)}
        sources = self._sources(chosen)
        return self._compared(_couples(sources), chosen, lambda _: True)

    def of_new(self, dataset: str, seconds: float) -> Comparison:
        """Compare what was just loaded with all others, within so much time.

        Raises:
            StoreUnavailable: when the database cannot be read.
        """
        due = time.monotonic() + seconds

        def goes_on(couple: Couple) -> bool:
            return _pairs(couple) <= _MOST_PAIRS and time.monotonic() < due

        return self._with(dataset, self._served(), goes_on)

    def _with(
        self, dataset: str, known: Mapping[str, StoredRelease], goes_on: _GoesOn
    ) -> Comparison:
        assembly = known[dataset].release.assembly
        alike = {n: r for n, r in known.items() if r.release.assembly == assembly}
        first = self._sources({dataset: alike.pop(dataset)})
        couples = (c for new in first for c in _couples_with(new, self._sources(alike)))
        return self._compared(couples, {dataset: known[dataset], **alike}, goes_on)

    def _served(self) -> dict[str, StoredRelease]:
        """Return what every dataset serves, by its id."""
        with driver_errors():
            served = {
                cast("int", d["active"]): cast("str", d["_id"])
                for d in self._database[DATASETS].find(LISTED).sort("_id", 1)
                if d.get("active")
            }
            where: Document = {"_id": {"$in": list(served)}}
            found = {
                cast("int", d["_id"]): read_release(d)
                for d in self._database[RELEASES].find(where)
                if is_readable(d)
            }
        return {name: found[n] for n, name in served.items() if n in found}

    def _sources(self, served: Mapping[str, StoredRelease]) -> Iterator[Source]:
        """Yield the datasets whose people are kept."""
        for name, stored in served.items():
            gone = gone_from([stored.rows])
            every = ((n, read_people(self._database, n)) for n in gone)
            parts = tuple(
                PartPeople(n, without_names(people, gone[n]))
                for n, people in every
                if people is not None
            )
            if parts:
                assembly = stored.release.assembly
                yield Source(dataset=name, assembly=assembly, parts=parts)

    def _compared(
        self,
        todo: Iterable[Couple],
        asked: Mapping[str, StoredRelease],
        goes_on: _GoesOn,
    ) -> Comparison:
        found: list[Likeness] = []
        compared: dict[str, None] = {}
        left: dict[str, None] = {}
        for one, other in todo:
            if goes_on((one, other)):
                found += compare(self._reader, one, other)
                compared |= {one.dataset: None, (other or one).dataset: None}
            else:
                left[(other or one).dataset] = None
        reached = compared | left
        return Comparison(
            found=tuple(found),
            compared=tuple(compared),
            unknown=tuple(n for n in asked if n not in reached),
            left=tuple(left),
        )


def _couples(sources: Iterable[Source]) -> Iterator[Couple]:
    """Yield what there is to compare among some datasets."""
    every = list(sources)
    for source in every:
        yield source, None
    for one, other in combinations(every, 2):
        if one.assembly == other.assembly:
            yield one, other


def _couples_with(new: Source, sources: Iterable[Source]) -> Iterator[Couple]:
    """Yield what one dataset is compared with, itself first."""
    yield new, None
    for other in sources:
        yield new, other


def _pairs(couple: Couple) -> int:
    """Return how many pairs of people there are."""
    one, other = couple
    size = len(one.crowd.names)
    return size * (size - 1) // 2 if other is None else size * len(other.crowd.names)


def compare(reader: MarkerReader, one: Source, other: Source | None) -> list[Likeness]:
    """Return what there is to say of the people of two datasets, or within one.

    Raises:
        StoreUnavailable: when the database cannot be read.
    """
    markers = reader.markers(one, other, _MARKERS)
    mine, theirs = one.crowd, (one if other is None else other).crowd
    step = max(1, -(-markers.one.shape[1] // _SCREENED))
    screen = [copies[:, ::step] for copies in markers]
    pairs = likely(screen[0], None if other is None else screen[1], FEWEST)
    if other is not None:
        pairs = list(dict.fromkeys([*pairs, *named_alike(mine, theirs)]))
    figures = of_pairs(markers.one, markers.other, pairs)
    known = [
        Pair(
            Person(mine.dataset, mine.names[a]),
            Person(theirs.dataset, theirs.names[b]),
            *figure,
        )
        for (a, b), figure in zip(pairs, figures, strict=True)
    ]
    return judged(known, _pairs((one, other)))
