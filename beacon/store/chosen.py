"""The people of a release's part that a question is about, and their counts.  Pure.

What a row says of them alone is what it would say had nobody else been loaded;
everything that follows from counts then follows for them.
"""

from __future__ import annotations

from array import array
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from pyroaring import BitMap

from beacon.model.counts import SKIPPED, Carriers, Tally
from beacon.model.people import Share
from beacon.store.packing import (
    is_bare_of_details,
    is_filtered,
    is_listed,
    pack,
    structure_of,
    unpack,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from beacon.model.people import Otherwise, People
    from beacon.model.structure import Structure
    from beacon.store.carriers import Block, RowName
    from beacon.store.rows import Part

    Ints = NDArray[np.int64]

_LEFT_OUT = -1
_FEW_OF = 10
"""Of how many people one is few."""
_FIELDS = len(Share._fields)
_CARRYING = [n for n, name in enumerate(Share._fields) if name != "an"]


class Roster:
    """The people of one part, as arrays and bitmaps: made once, used by many.

    Args:
        people: without the names of those who left.
    """

    def __init__(self, people: People) -> None:
        self._people = people

    @cached_property
    def columns(self) -> Ints:
        """The column of everybody, also of those who left."""
        return np.asarray(self._people.column_of, dtype=np.int64)

    @cached_property
    def present(self) -> BitMap:
        """Everybody who has not left."""
        names = self._people.names
        return BitMap([n for n, name in enumerate(names) if name is not None])

    @cached_property
    def by_column(self) -> dict[int, BitMap]:
        """Those of them who are in each column that has any."""
        who = np.asarray(self.present.to_array(), dtype=np.int64)
        columns = self.columns[who]
        return {
            column: _bitmap(who[columns == column])
            for column in np.unique(columns).tolist()
        }


def _bitmap(numbers: Ints) -> BitMap:
    return BitMap(array("I", numbers.astype(np.uint32).tobytes()))


class Chosen:
    """Some people of one part.

    Args:
        people: their numbers; whoever left is not taken.
        roster: of the part.
        width: how many columns it has.
    """

    def __init__(self, people: BitMap, roster: Roster, width: int) -> None:
        self.people = people & roster.present
        self.width = width
        self._roster = roster

    @cached_property
    def column_of(self) -> Ints:
        """The column of everybody in the part, -1 for who is not meant."""
        found = np.full(len(self._roster.columns), _LEFT_OUT, dtype=np.int64)
        who = np.asarray(self.people.to_array(), dtype=np.int64)
        found[who] = self._roster.columns[who]
        return found

    @cached_property
    def mask(self) -> NDArray[np.bool_]:
        """Of everybody in the part whether they are meant."""
        return self.column_of >= 0

    @property
    def is_few(self) -> bool:
        """Whether they are few of all, so that most alleles are not theirs."""
        return _FEW_OF * len(self.people) <= len(self._roster.present)

    @cached_property
    def by_column(self) -> dict[int, BitMap]:
        """The people of each column that has any."""
        cut = ((c, who & self.people) for c, who in self._roster.by_column.items())
        return {column: who for column, who in cut if who}

    @cached_property
    def sizes(self) -> Ints:
        """How many people each column has."""
        found = np.zeros(self.width, dtype=np.int64)
        for column, who in self.by_column.items():
            found[column] = len(who)
        return found


class Added:
    """What chosen people add to the alleles of some blocks.

    Args:
        blocks: an allele that stands in several is what the last says.
        chosen: the people.
        is_for_many: whether most of the alleles are asked for.
    """

    def __init__(
        self, blocks: Sequence[Block], chosen: Chosen, *, is_for_many: bool
    ) -> None:
        self._blocks = blocks
        self._chosen = chosen
        self._summed: Ints | None = None
        self._firsts = [0, *accumulate(map(len, blocks))]
        if is_for_many and blocks:
            self._summed = summed(blocks, chosen)

    @cached_property
    def _places(self) -> dict[RowName, tuple[int, int]]:
        """The block and the ordinal of each row."""
        return {
            name: (number, ordinal)
            for number, block in enumerate(self._blocks)
            for name, ordinal in block.place_of_row.items()
        }

    def of(
        self, name: RowName, *, is_bare: bool
    ) -> tuple[Ints | None, Otherwise | None]:
        """Return what they add to a row, shape ``(width, 5)``; ``None``: not kept.

        Also what its allele is without its carriers.  Nobody carries a bare place.
        """
        at = self._places.get(name)
        if at is None:
            return None, None
        number, ordinal = at
        block = self._blocks[number]
        if self._summed is None:
            found = block.sums_at(ordinal, self._chosen)
        else:
            found = self._summed[self._firsts[number] + ordinal]
        if is_bare:
            found = found.copy()
            found[:, _CARRYING] = 0
        return found, block.otherwise.get(ordinal)


def summed(blocks: Sequence[Block], chosen: Chosen) -> Ints:
    """Return what chosen people add to all alleles of blocks, in one go.

    Shape ``(alleles, width, 5)``, those of the first block first.
    """
    width = chosen.width
    firsts = np.cumsum([0, *(len(block) for block in blocks)])
    shares = np.cumsum([0, *(len(block.values) for block in blocks)])
    values = np.concatenate([block.values for block in blocks])
    usual = np.concatenate(
        [block.usual.astype(np.int64) + n for block, n in _with(blocks, shares)]
    )
    ordinals = np.concatenate(
        [block.ordinals.astype(np.int64) + n for block, n in _with(blocks, firsts)]
    )
    named = np.concatenate(
        [b.shares_of_people.astype(np.int64) + n for b, n in _with(blocks, shares)]
    )
    people = np.concatenate([block.people for block in blocks])
    columns = chosen.column_of[people]
    is_one = columns >= 0
    ordinals, columns, named = ordinals[is_one], columns[is_one], named[is_one]
    common = values[usual]
    found: Ints = common[:, None, :] * chosen.sizes[None, :, None]
    steps = values[named] - common[ordinals]
    np.add.at(found.reshape(-1, _FIELDS), ordinals * width + columns, steps)
    for block, first in _with(blocks, firsts):
        block.add_many(found[first : first + len(block)], chosen)
    return found


def _with(blocks: Sequence[Block], offsets: Ints) -> Iterator[tuple[Block, int]]:
    """Yield blocks, each with its offset."""
    return zip(blocks, offsets.tolist(), strict=False)


class Lessener:
    """Rewrites what a part's rows hold to what its chosen people add to them."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._known: dict[object, bytes] = {}

    def blob(
        self, blob: bytes, added: Ints | None, otherwise: Otherwise | None
    ) -> bytes:
        """Return a row's counts of the chosen people.

        Of an allele that is listed without counts, or of which nobody knows who
        carries it once they do not, nothing is known of them.

        Args:
            blob: what the row holds of everybody.
            added: what the chosen add, shape ``(width, 5)``; ``None``: not kept.
            otherwise: what the allele is without its carriers.
        """
        if added is not None and otherwise is None and is_bare_of_details(blob):
            return self._known.get(added.tobytes()) or self._pack(added)
        filters: tuple[str, ...] = ()
        is_unknown = is_listed(blob)
        if is_filtered(blob) or added is None:
            tally, filters = unpack(blob, self._part.layout)
            is_unknown = is_unknown or (added is None and _counts_somebody(tally))
        if added is None or is_unknown:
            added = np.zeros((len(self._part.baseline), _FIELDS), dtype=np.int64)
        if is_unknown:
            filters = filters or (SKIPPED,)
        elif not added[:, 0].any() and (otherwise is not None or SKIPPED in filters):
            filters = (SKIPPED,)
        structure = structure_of(blob)
        return self._pack(added, filters, structure)

    def _pack(
        self,
        added: Ints,
        filters: tuple[str, ...] = (),
        structure: Structure | None = None,
    ) -> bytes:
        """Return packed counts, remembered: many rows are the same."""
        key: object = added.tobytes()
        if filters or structure is not None:
            key = key, filters, structure
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._packed(added, filters, structure)
        return known

    def _packed(
        self, added: Ints, filters: tuple[str, ...], structure: Structure | None
    ) -> bytes:
        carriers = tuple(
            Carriers(column, ac, hom, het, hemi)
            for column, (ac, _, hom, het, hemi) in enumerate(added.tolist())
            if ac
        )
        tally = Tally(tuple(added[:, 1].tolist()), carriers)
        return pack(tally, filters, self._part.layout, structure)


def _counts_somebody(tally: Tally) -> bool:
    return bool(tally.carriers) or any(tally.an or ())
