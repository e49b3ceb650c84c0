"""Sample columns that are left out: a file is read as if they were cut out of it.

Whoever withdrew is not there for anything that comes after: not called, not
covered, not a carrier, and no reason for a record to be bad.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loaders.genotypes import Calls

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loaders.blocks import Reach

    Ints = NDArray[np.int64]

_FIXED = 9
_LEFT_OUT = -1
_NONE = np.zeros(0, dtype=np.int64)
NOBODY = Calls(_NONE, _NONE, _NONE)
"""The calls of a record without a sample column."""


class KeptColumns:
    """The sample columns of one file that are read.

    Args:
        columns: which, ascending.
        samples: how many the file has.
    """

    def __init__(self, columns: Ints, samples: int) -> None:
        self.number = len(columns)
        self._columns: list[int] = columns.tolist()
        self._place = np.full(samples, _LEFT_OUT, dtype=np.int64)
        self._place[columns] = np.arange(len(columns))
        self._places: list[int] = self._place.tolist()

    def calls(self, calls: Calls) -> Calls:
        """Return the calls of the columns that are read, numbered among those."""
        places = self._place[calls.cells]
        is_kept = places != _LEFT_OUT
        return Calls(
            places[is_kept],
            calls.first[is_kept],
            calls.second[is_kept],
            tuple(
                (self._places[cell], call)
                for cell, call in calls.polyploid
                if self._places[cell] != _LEFT_OUT
            ),
        )

    def line(self, line: bytes) -> bytes:
        """Return a data line without the other columns."""
        fields = line.split(b"\t")
        kept = [fields[_FIXED + column] for column in self._columns]
        return b"\t".join(fields[:_FIXED] + kept)

    def reach(self, reach: Reach) -> Reach:
        """Return how far the calls of these columns hold."""
        if reach.lengths is None:
            return reach
        lengths = tuple(reach.lengths[column] for column in self._columns)
        return reach._replace(lengths=lengths)
