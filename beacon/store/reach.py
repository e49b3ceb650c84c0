"""How many copies reference blocks call of one person ↔ bytes.  Pure.

    (gap 3 | length - 1 3 | copies 1)*, stored plane by plane: first all lowest bytes
    of the gaps, …, last all copies

Runs lie in a bin of 2**24 bases, in order, and do not overlap; ``gap`` counts
from the end of the run before.  In planes they compress well, which is left to
the store: a bin that somebody covers whole is seven bytes.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from beacon.store.runs import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

BIN_BITS = 24
BIN = 1 << BIN_BITS
"""Bases."""

_PLANES = 7
_SHIFTS = np.array([0, 8, 16], dtype=np.int64)


class Runs(NamedTuple):
    """Stretches, and how many copies are called in each; arrays."""

    starts: Ints
    ends: Ints
    copies: Ints


def united(runs: Runs) -> Runs:
    """Return runs in order that do not overlap, with the most copies at each base.

    Those that touch and call as many copies become one.
    """
    starts, ends, copies = runs
    if len(starts) < 2:
        return runs
    order = np.argsort(starts, kind="stable")
    starts, ends, copies = starts[order], ends[order], copies[order]
    if (starts[1:] < ends[:-1]).any():
        starts, ends, copies = _disjoint(starts, ends, copies)
    is_first = np.ones(len(starts), dtype=np.bool_)
    is_first[1:] = (starts[1:] != ends[:-1]) | (copies[1:] != copies[:-1])
    is_last = np.append(is_first[1:], True)
    return Runs(starts[is_first], ends[is_last], copies[is_first])


def _disjoint(starts: Ints, ends: Ints, copies: Ints) -> tuple[Ints, Ints, Ints]:
    """Return stretches between any two bounds, and the most copies in each."""
    bounds = np.unique(np.concatenate((starts, ends)))
    most = np.zeros(len(bounds), dtype=np.int64)
    for level in np.unique(copies).tolist():
        here = copies == level
        steps = np.zeros(len(bounds), dtype=np.int64)
        np.add.at(steps, np.searchsorted(bounds, starts[here]), 1)
        np.add.at(steps, np.searchsorted(bounds, ends[here]), -1)
        most[np.cumsum(steps) > 0] = level
    is_called = most[:-1] > 0
    return bounds[:-1][is_called], bounds[1:][is_called], most[:-1][is_called]


def pack_reach(runs: Runs) -> bytes:
    """Return the bytes that keep the runs of one bin; offsets in it, ``united``."""
    starts, ends, copies = runs
    gaps = starts - np.concatenate(([0], ends[:-1]))
    lengths = ends - starts - 1
    rows = (gaps[None, :] >> _SHIFTS[:, None], lengths[None, :] >> _SHIFTS[:, None])
    planes = np.concatenate((*rows, copies[None, :])) & 0xFF
    return planes.astype(np.uint8).tobytes()


def unpack_reach(blob: bytes) -> Runs:
    """Return the runs that ``pack_reach`` was given."""
    planes = np.frombuffer(blob, dtype=np.uint8).reshape(_PLANES, -1).astype(np.int64)
    gaps = (planes[:3] << _SHIFTS[:, None]).sum(axis=0)
    lengths = (planes[3:6] << _SHIFTS[:, None]).sum(axis=0) + 1
    ends = np.cumsum(gaps + lengths)
    return Runs(ends - lengths, ends, planes[6])


def how_many_bins(runs: Runs) -> Ints:
    """Return of each run how many bins hold it."""
    return ((runs.ends - 1) >> BIN_BITS) - (runs.starts >> BIN_BITS) + 1


def in_bins(runs: Runs) -> tuple[NDArray[np.intp], Ints, Runs]:
    """Return runs cut at the bins' bounds.

    Returns:
        Of each piece which run it is of, its bin, and the pieces as offsets in it.
    """
    starts, ends, copies = runs
    first, number = starts >> BIN_BITS, how_many_bins(runs)
    which = np.repeat(np.arange(len(starts)), number)
    before = np.repeat(np.cumsum(number) - number, number)
    bins = first[which] + np.arange(len(which)) - before
    low = bins << BIN_BITS
    begun = np.maximum(starts[which] - low, 0)
    ended = np.minimum(ends[which] - low, BIN)
    return which, bins, Runs(begun, ended, copies[which])


Called = tuple[int, ...]
"""Copies by column."""

_WINDOW_BITS = 20


class Leaving:
    """What some people add to the AN of blocks on a contig.

    It is summed up for a window of 2**20 bases at once.

    Args:
        columns: in which each of them is counted.
        runs: what blocks call of each, ``united``.
    """

    def __init__(self, columns: Sequence[int], runs: Sequence[Runs]) -> None:
        self._columns = sorted(set(columns))
        self._people = [
            (self._columns.index(column), one)
            for column, one in zip(columns, runs, strict=True)
        ]
        self._window = -1
        self._bounds: list[int] = []
        self._called: list[Called] = []

    def left(self, first: int, runs: Iterable[Run]) -> list[Run]:
        """Return runs of a bin that begins at ``first`` without these people.

        Where nobody is left nothing was looked at.

        Raises:
            ValueError: when they add more than there is.
        """
        if first >> _WINDOW_BITS != self._window:
            self._enter(first >> _WINDOW_BITS)
        return lessened(
            Run(low - first, high - first, self._less(run.an, gone))
            for run in runs
            for low, high, gone in self._along(first + run.start, first + run.end)
        )

    def _enter(self, window: int) -> None:
        """Sum up what they add in another window."""
        low, high = window << _WINDOW_BITS, (window + 1) << _WINDOW_BITS
        mine = [
            (place, starts[one], ends[one], copies[one])
            for place, (starts, ends, copies) in self._people
            for one in [
                slice(ends.searchsorted(low, "right"), starts.searchsorted(high))
            ]
        ]
        edges = [edges for _, starts, ends, _ in mine for edges in (starts, ends)]
        bounds = np.unique(np.concatenate([np.array([low]), *edges]))
        steps = np.zeros((len(bounds) + 1, len(self._columns)), dtype=np.int64)
        for place, starts, ends, copies in mine:
            steps[bounds.searchsorted(starts) + 1, place] += copies
            steps[bounds.searchsorted(ends) + 1, place] -= copies
        self._window, self._bounds = window, bounds.tolist()
        self._called = [tuple(row) for row in np.cumsum(steps, axis=0).tolist()]

    def _along(self, start: int, end: int) -> Iterator[tuple[int, int, Called]]:
        """Yield what they add along a stretch of the window, piece by piece."""
        place = bisect_right(self._bounds, start)
        while start < end:
            bound = self._bounds[place] if place < len(self._bounds) else end
            stop = min(bound, end)
            yield start, stop, self._called[place]
            start, place = stop, place + 1

    def _less(self, an: Called | None, gone: Called) -> Called | None:
        if an is None:
            return None
        left = list(an)
        for column, copies in zip(self._columns, gone, strict=True):
            left[column] -= copies
            if left[column] < 0:
                message = f"{copies} are more than {an[column]}"
                raise ValueError(message)
        return tuple(left)


class Staying(Leaving):
    """The AN of blocks on a contig of some people alone.

    Args:
        columns: in which each of them is counted.
        runs: what blocks call of each, ``united``.
    """

    def _less(self, an: Called | None, gone: Called) -> Called | None:
        left = [0] * len(an or ())
        if an is not None:
            for column, copies in zip(self._columns, gone, strict=True):
                left[column] = copies
        return tuple(left)


class Sharing:
    """The AN of regions of some people alone: all of a column have as many copies.

    Args:
        sizes: how many people each column has.
        chosen: how many of them are meant.
    """

    def __init__(self, sizes: Sequence[int], chosen: Sequence[int]) -> None:
        self._columns = tuple(zip(sizes, chosen, strict=True))

    def left(self, first: int, runs: Iterable[Run]) -> list[Run]:
        """Return runs with the copies of these people; none where that is unknown."""
        del first
        return lessened(run._replace(an=self._shared(run.an)) for run in runs)

    def _shared(self, an: Called | None) -> Called:
        if an is None:
            return ()
        pairs = [*zip(an, self._columns, strict=True)]
        if any(copies % max(size, 1) for copies, (size, _) in pairs):
            return ()
        return tuple(copies // max(size, 1) * some for copies, (size, some) in pairs)


class Lessens(Protocol):
    """Says what is left of where a part looked, for some of its people."""

    def left(self, first: int, runs: Iterable[Run]) -> list[Run]:
        """Return runs of a bin that begins at ``first`` of these people."""


def lessened(runs: Iterable[Run]) -> list[Run]:
    """Return runs joined where they are alike, and none in which nobody is called."""
    found: list[Run] = []
    for run in runs:
        if run.an is not None and not any(run.an):
            continue
        last = found[-1] if found else None
        if last is not None and last.end == run.start and last.an == run.an:
            found[-1] = last._replace(end=run.end)
        else:
            found.append(run)
    return found
