"""Blocks in genome order → who is covered here, and runs of the same coverage.

The people covered change only where a block opens or closes; an allele between
two changes costs a sum by column, however many files there are.  A person under
several blocks counts once, with the most copies any of them calls.
"""

from __future__ import annotations

import heapq
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from beacon.model.counts import CoverageRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from loaders.blocks import Block
    from loaders.roster import Roster

    Ints = NDArray[np.int64]

_FEW_COPIES = 3


class Covered:
    """Who is covered at one place.

    Attributes:
        called: copies called by open blocks, by person.
        an: their sums by column.
    """

    def __init__(self, roster: Roster) -> None:
        self._column_of = roster.column_of
        self._columns: list[int] = roster.column_of.tolist()
        self.called = np.zeros(roster.people, dtype=np.int64)
        self.an = [0] * len(roster.layout.baseline)
        self._open = np.zeros((_FEW_COPIES, roster.people), dtype=np.int32)
        """How many open blocks call so many copies, by copies and person."""

    def open(self, block: Block) -> None:
        """Count a block's people."""
        people, copies = block.people, block.copies
        self._make_room(copies)
        self._open[copies, people] += 1
        if isinstance(people, int) and isinstance(copies, int):
            if copies > self.called[people]:
                self._set_one(people, copies)
        else:
            self._set(people, np.maximum(self.called[people], copies))

    def close(self, block: Block) -> None:
        """Count a block's people no longer, unless another covers them."""
        people, copies = block.people, block.copies
        self._open[copies, people] -= 1
        if isinstance(people, int) and isinstance(copies, int):
            if copies == self.called[people]:
                while copies and not self._open[copies, people]:
                    copies -= 1
                self._set_one(people, copies)
            return
        levels = self._open[:, people] > 0
        highest = len(levels) - 1 - np.argmax(levels[::-1], axis=0)
        self._set(people, np.where(levels.any(axis=0), highest, 0))

    def swap(self, old: Block, new: Block) -> None:
        """Close a block and open one of the same people: few of them change."""
        people, before, after = old.people, old.copies, new.copies
        if isinstance(people, int) or isinstance(before, int):
            self.open(new)
            self.close(old)
            return
        changed = (before != after).nonzero()[0]
        if len(changed):
            people = people[changed]
            self.open(new._replace(people=people, copies=np.take(after, changed)))
            self.close(old._replace(people=people, copies=before[changed]))

    def _make_room(self, copies: int | NDArray[np.uint8]) -> None:
        most = copies if isinstance(copies, int) else int(copies.max())
        missing = most + 1 - len(self._open)
        if missing > 0:
            more = np.zeros((missing, self._open.shape[1]), dtype=np.int32)
            self._open = np.concatenate([self._open, more])

    def _set_one(self, person: int, copies: int) -> None:
        self.an[self._columns[person]] += copies - int(self.called[person])
        self.called[person] = copies

    def _set(self, people: int | Ints, called: Ints) -> None:
        columns = self._column_of[people]
        steps = called - self.called[people]
        sums = np.bincount(columns, weights=steps, minlength=len(self.an))
        for column in sums.nonzero()[0].tolist():
            self.an[column] += int(sums[column])
        self.called[people] = called


class Sweep:
    """Walks along one contig; blocks are opened in the order of their starts.

    Args:
        told: is given every run of the same coverage, in order, once it is whole.
    """

    def __init__(
        self, roster: Roster, rank: int, told: Callable[[CoverageRun], None]
    ) -> None:
        self.here = Covered(roster)
        self._rank = rank
        self._told = told
        self._closing: list[tuple[int, int, Block]] = []
        self._number = count()
        self._at = 0
        self._is_changed = False
        self._run_start = 0
        self._run_an = list(self.here.an)

    @property
    def is_empty(self) -> bool:
        """Whether nobody is covered here."""
        return not self._closing

    def open(self, block: Block) -> None:
        """Go to where a block begins, and open it."""
        self._close_before(block.start)
        self._move(block.start)
        entry = (block.end, next(self._number), block)
        if self._is_followed_by(block):
            self.here.swap(heapq.heapreplace(self._closing, entry)[2], block)
        else:
            self._close_before(block.start + 1)
            self.here.open(block)
            heapq.heappush(self._closing, entry)
        self._is_changed = True

    def _is_followed_by(self, block: Block) -> bool:
        """Whether what ends next is a block of the same people that ends here."""
        if not self._closing or isinstance(block.people, int):
            return False
        end, _, last = self._closing[0]
        return end == block.start and last.people is block.people

    def go(self, start: int) -> None:
        """Go to ``start``; what ends before the base that begins there is closed."""
        self._close_before(start + 1)
        self._move(start)

    def _close_before(self, limit: int) -> None:
        """Close what ends before ``limit``."""
        closing = self._closing
        while closing and closing[0][0] < limit:
            self._move(closing[0][0])
            self.here.close(heapq.heappop(closing)[2])
            self._is_changed = True

    def finish(self) -> None:
        """Close everything and tell the last run."""
        if self._closing:
            self.go(max(self._closing)[0])
        self._move(self._at + 1)

    def _move(self, to: int) -> None:
        if to <= self._at:
            return
        if self._is_changed:
            self._is_changed = False
            if self.here.an != self._run_an:
                if any(self._run_an):
                    an = tuple(self._run_an)
                    self._told(CoverageRun(self._rank, self._run_start, self._at, an))
                self._run_start, self._run_an = self._at, list(self.here.an)
        self._at = to
