"""Blocks in any order → runs in which they call as many copies of one person.

Neighbouring blocks differ in quality, seldom in copies, so that a chromosome is
a handful of runs a person.  What overlaps or comes out of order is told as it
is: whoever reads the runs takes the most copies at each base.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from beacon.model.people import Reached

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from loaders.blocks import Block

    Ints = NDArray[np.int64]

_NUMBERS = "q"
_FULL = 1 << 16
"""Runs that are told together."""


@dataclass(slots=True)
class _Together:
    """What a file calls of its people now, and since where."""

    people: Ints
    starts: Ints
    begin: int
    end: int
    copies: NDArray[np.uint8]


class Reaching:
    """Joins the blocks of a contig to runs.

    Args:
        told: is given the runs, some at a time.
    """

    def __init__(self, told: Callable[[Reached], None]) -> None:
        self._told = told
        self._rank = 0
        self._alone: dict[int, list[int]] = {}
        self._together: dict[int, _Together] = {}
        self._begin()

    def _begin(self) -> None:
        self._people, self._starts = array(_NUMBERS), array(_NUMBERS)
        self._ends, self._copies = array(_NUMBERS), array(_NUMBERS)
        self._closed: list[tuple[Ints, Ints, int, NDArray[np.uint8]]] = []
        self._size = 0

    def enter(self, rank: int) -> None:
        """Go to another contig, after ``finish``."""
        self._rank = rank

    def take(self, file: int, block: Block) -> None:
        """Take a block of a file."""
        start, end, people, copies = block
        if not (isinstance(people, int) and isinstance(copies, int)):
            self._take_all(file, block)
            return
        run = self._alone.get(people)
        if run is None:
            self._alone[people] = [start, end, copies]
        elif copies == run[2] and run[0] <= start <= run[1]:
            if end > run[1]:
                run[1] = end
        else:
            self._close(people, run)
            run[:] = start, end, copies

    def _take_all(self, file: int, block: Block) -> None:
        """Take a block of many people: few of them change."""
        start, end, who, called = block
        people, copies = np.atleast_1d(who), np.atleast_1d(called)
        last = self._together.get(file)
        if last is None or not _goes_on(last, block, people):
            if last is not None:
                self._close_all(last, last.copies.nonzero()[0])
            starts = np.full(len(people), start, dtype=np.int64)
            self._together[file] = _Together(people, starts, start, end, copies)
            return
        changed = (last.copies != copies).nonzero()[0]
        if len(changed):
            self._close_all(last, changed)
            last.starts[changed] = start
        last.begin, last.end, last.copies = start, end, copies

    def finish(self) -> None:
        """Tell all that is left of the contig."""
        for person, run in self._alone.items():
            self._close(person, run)
        for last in self._together.values():
            self._close_all(last, last.copies.nonzero()[0])
        self._alone.clear()
        self._together.clear()
        self._tell()

    def _close(self, person: int, run: list[int]) -> None:
        self._people.append(person)
        self._starts.append(run[0])
        self._ends.append(run[1])
        self._copies.append(run[2])
        if len(self._people) >= _FULL:
            self._tell()

    def _close_all(self, last: _Together, which: NDArray[np.intp]) -> None:
        runs = last.people[which], last.starts[which], last.end, last.copies[which]
        self._closed.append(runs)
        self._size += len(which)
        if self._size >= _FULL:
            self._tell()

    def _tell(self) -> None:
        """Tell what is closed; who was not called is not told."""
        runs = self._people, self._starts, self._ends, self._copies
        closed = self._closed
        self._begin()
        if runs[0]:
            self._told(Reached(self._rank, *runs))
        if closed:
            people, starts, ends, copies = zip(*closed, strict=True)
            sizes = [len(one) for one in people]
            called = np.concatenate(copies)
            columns = (
                np.concatenate(people),
                np.concatenate(starts),
                np.repeat(np.array(ends, dtype=np.int64), sizes),
                called,
            )
            self._told(Reached(self._rank, *(_numbers(c[called > 0]) for c in columns)))


def _numbers(values: Ints | NDArray[np.uint8]) -> array[int]:
    return array(_NUMBERS, values.astype(np.int64).tobytes())


def _goes_on(last: _Together, block: Block, people: Ints) -> bool:
    """Whether a block goes on where the last one of its file ends."""
    if not last.begin <= block.start <= last.end <= block.end:
        return False
    return people is last.people or np.array_equal(people, last.people)
