"""The shape of a release in exact numbers, of a size that no release exceeds by much.

Only what reads and writes releases and what judges may import this module; what a
door may show of it is a ``Summarised``.  Laws: the cells sum up to the release's
alleles, and so do the windows; what people add and take away adds up.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from beacon.model.classes import WINDOW_BITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from beacon.model.counts import ColumnKind, Layout

Windows = Counter[tuple[int, int]]
"""``(rank, start >> WINDOW_BITS)`` → how many."""

K = TypeVar("K")

_COPIES = 2


@dataclass(slots=True, kw_only=True)
class Change:
    """By how much a summary changes; numbers may be below zero.

    Attributes:
        cells: alleles by class and step of their count.
        windows: where they begin.
    """

    cells: Counter[int] = field(default_factory=Counter)
    windows: Windows = field(default_factory=Counter)

    def move(
        self, rank: int, start: int, before: int | None, after: int | None
    ) -> None:
        """Note that an allele's cell is another one; ``None``: it is not there."""
        if before == after:
            return
        if before is not None:
            self.cells[before] -= 1
        if after is not None:
            self.cells[after] += 1
        there = (after is not None) - (before is not None)
        if there:
            self.windows[rank, start >> WINDOW_BITS] += there

    def add(self, other: Change) -> None:
        """Note another change, too."""
        self.cells.update(other.cells)
        self.windows.update(other.windows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a release holds.

    Attributes:
        cells: alleles that exist, by class and step of their count.
        windows: where they begin.
        covered: bases at which anybody was looked at, as it declares them; ``None``:
            it declares nothing.
        people: by what they have in common (``Layout.kinds``); ``None``: its counts
            are not of people.
    """

    cells: Mapping[int, int]
    windows: Mapping[tuple[int, int], int]
    covered: Mapping[tuple[int, int], int] | None = None
    people: Mapping[ColumnKind, int] | None = None

    @property
    def alleles(self) -> int:
        """How many alleles exist."""
        return sum(self.cells.values())

    def changed(self, change: Change) -> Summary:
        """Return the same after a change."""
        return Summary(
            cells=_sum(self.cells, change.cells),
            windows=_sum(self.windows, change.windows),
            covered=self.covered,
            people=self.people,
        )

    def without(self, leaving: Iterable[ColumnKind]) -> Summary:
        """Return the same after people left, each told by what they are."""
        people = None
        if self.people is not None:
            people = Counter(self.people) - Counter(leaving)
        return Summary(
            cells=self.cells,
            windows=self.windows,
            covered=self.covered,
            people=people,
        )


def _sum(one: Mapping[K, int], other: Mapping[K, int]) -> dict[K, int]:
    whole = Counter(one)
    whole.update(other)
    return {name: count for name, count in whole.items() if count}


def windows_of(bins: Mapping[tuple[int, int], int], bits: int) -> Windows:
    """Return counts by bins of so many bits as counts by windows."""
    step = WINDOW_BITS - bits
    windows: Windows = Counter()
    for (rank, place), count in bins.items():
        windows[rank, place >> step] += count
    return windows


def people_of(layout: Layout) -> dict[ColumnKind, int] | None:
    """Return the people of a layout of one load, by what they have in common."""
    if not layout.kinds:
        return None
    people: Counter[ColumnKind] = Counter()
    for kind, copies in zip(layout.kinds, layout.baseline, strict=True):
        people[kind] += copies // _COPIES
    return dict(+people)
