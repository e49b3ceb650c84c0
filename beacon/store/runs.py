"""Where a release looked ↔ a few bytes for every bin of 16,384 bases.  Pure.

    whole? (gap | length | kind | changes?)*

All are varints.  The first is 1 where no base of the bin is left out.  ``gap``
counts from the end of the run before.  ``kind`` 0: the same AN as the run before
(before the first: the layout's baseline); 1: AN is not known; else one more than
the columns that change, each as its gap and its step (zigzag).  A bin that one
run fills with everybody is six bytes, a step of one person some five more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from beacon.store.keys import position_range
from beacon.store.packing import read_varints, unzigzag, varint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beacon.model.counts import CoverageRun

BIN_BITS = 14
BIN = 1 << BIN_BITS
"""Bases."""

_SAME, _UNKNOWN, _CHANGED = 0, 1, 1

_Columns = tuple[int, ...]


class Run(NamedTuple):
    """A stretch of a bin: offsets in it, and AN by column (``None``: unknown)."""

    start: int
    end: int
    an: _Columns | None


def pack_runs(runs: Sequence[Run], baseline: _Columns) -> bytes:
    """Return the bytes that keep the runs of one bin, in order.

    Raises:
        ValueError: for runs out of order, or AN of other columns.
    """
    covered = sum(end - start for start, end, _ in runs)
    parts = [varint(covered == BIN)]
    end, last = 0, baseline
    for run in runs:
        if not end <= run.start < run.end <= BIN:
            message = f"run {run.start}-{run.end} does not follow {end}"
            raise ValueError(message)
        parts += (varint(run.start - end), varint(run.end - run.start))
        end = run.end
        if run.an is None:
            parts.append(varint(_UNKNOWN))
        elif run.an == last:
            parts.append(varint(_SAME))
        else:
            parts += _changes(run.an, last)
            last = run.an
    return b"".join(parts)


def _changes(an: _Columns, last: _Columns) -> Iterator[bytes]:
    if len(an) != len(last) or min(an) < 0:
        message = f"AN {an} does not fit the columns {last}"
        raise ValueError(message)
    steps = [(c, a - b) for c, (a, b) in enumerate(zip(an, last, strict=True)) if a - b]
    yield varint(len(steps) + _CHANGED)
    before = -1
    for column, step in steps:
        yield varint(column - before - 1)
        yield varint(step << 1 if step >= 0 else ~(step << 1))
        before = column


def unpack_runs(blob: bytes, baseline: _Columns) -> Iterator[Run]:
    """Yield the runs that ``pack_runs`` was given."""
    numbers = read_varints(blob, 1)
    end = 0
    last: _Columns = baseline
    for gap in numbers:
        start = end + gap
        end = start + next(numbers)
        kind = next(numbers)
        if kind == _UNKNOWN:
            yield Run(start, end, None)
            continue
        if kind > _CHANGED:
            an, column = list(last), -1
            for _ in range(kind - _CHANGED):
                column += next(numbers) + 1
                an[column] += unzigzag(next(numbers))
            last = tuple(an)
        yield Run(start, end, last)


def is_whole(blob: bytes) -> bool:
    """Whether a bin leaves no base out."""
    return blob[0] == 1


def bin_key(rank: int, start: int) -> int:
    """Return the key of the bin that holds a base: that of its first base."""
    return position_range(rank, start >> BIN_BITS << BIN_BITS, start)[0]


def bin_keys(rank: int, start: int, end: int) -> list[int]:
    """Return the keys of the bins that hold ``[start, end)``, in order."""
    firsts = range(start >> BIN_BITS << BIN_BITS, end, BIN)
    return [bin_key(rank, first) for first in firsts]


class Binner:
    """Runs of contigs, in order → packed bins.

    A run that does not follow the one before begins its bin anew, and whoever
    keeps the bins replaces what it kept before.
    """

    def __init__(self, baseline: _Columns) -> None:
        self._baseline = baseline
        self._key: int | None = None
        self._runs: list[Run] = []

    def add(self, run: CoverageRun) -> Iterator[tuple[int, bytes]]:
        """Yield the bins that are whole, as key and bytes."""
        for first in range(run.start >> BIN_BITS << BIN_BITS, run.end, BIN):
            key = bin_key(run.rank, first)
            if key != self._key:
                yield from self.close()
                self._key = key
            start, end = max(run.start - first, 0), min(run.end - first, BIN)
            if self._runs and start < self._runs[-1].end:
                self._runs = []
            self._runs.append(Run(start, end, run.an))

    def close(self) -> Iterator[tuple[int, bytes]]:
        """Yield the bin that is open."""
        if self._key is not None and self._runs:
            yield self._key, pack_runs(self._runs, self._baseline)
        self._key, self._runs = None, []
