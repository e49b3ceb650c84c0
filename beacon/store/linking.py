"""How the documents of a dataset's sets belong together.  Pure.

Individuals, biosamples, runs and analyses stand in this order: each of the later
ones belongs to at most one of each of the earlier.  A link is by id, its own or that
of what it belongs to; a document that names no nearer one belongs to all that is of
its individual.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pyroaring import BitMap

from beacon.model.entry_types import DOCUMENTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from beacon.store.postings import Places, Words

_UNNAMED = -2
_MISSING = -1
_INDIVIDUAL, _BIOSAMPLE = DOCUMENTED[:2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The digests of a set's ids and links, by ordinal; 0: it has none.

    Attributes:
        links: by the entry type they lead to.
    """

    ids: Words
    links: Mapping[str, Words]


class Finder:
    """Finds ordinals by the digests of ids."""

    def __init__(self, ids: Words) -> None:
        self._order = np.argsort(ids, kind="stable").astype(np.int64)
        self._sorted = ids[self._order]

    def find(self, keys: Words) -> Places:
        """Return the ordinal of each key, -1 where nothing has it."""
        if not len(self._sorted):
            return np.full(len(keys), _MISSING, np.int64)
        at = np.searchsorted(self._sorted, keys)
        at[at == len(self._sorted)] = 0
        return np.where(self._sorted[at] == keys, self._order[at], _MISSING)


class Linked:
    """The links among all sets of one dataset; what was found out is kept."""

    def __init__(self, keys: Mapping[str, Keys]) -> None:
        self._keys = keys
        self._finders: dict[str, Finder] = {}
        self._above: dict[tuple[str, str], Places] = {}
        self._people: dict[str, Words] = {}

    @property
    def weight(self) -> int:
        """About how many bytes it takes."""
        return sum(8 * 12 * len(keys.ids) for keys in self._keys.values()) + 1000

    def ordinals(self, entry_type: str, keys: Words) -> Places:
        """Return the documents that have ids of some digests; -1: none has."""
        finder = self._finders.get(entry_type)
        if finder is None:
            if entry_type not in self._keys:
                return np.full(len(keys), _MISSING, np.int64)
            finder = self._finders[entry_type] = Finder(self._keys[entry_type].ids)
        return finder.find(keys)

    def keys_of(self, entry_type: str) -> Words:
        """Return the digests of the ids of a type's documents, by ordinal."""
        return self._keys[entry_type].ids

    def individuals_of_biosamples(self, keys: Words) -> Places:
        """Return the individual of each biosample, by its id; -1: there is none."""
        found = self.ordinals(_BIOSAMPLE, keys)
        if _BIOSAMPLE not in self._keys or _INDIVIDUAL not in self._keys:
            return np.full(len(keys), _MISSING, np.int64)
        beyond = np.append(self.above(_BIOSAMPLE, _INDIVIDUAL), [_MISSING])
        return beyond[found]

    def project(self, chosen: BitMap, start: str, goal: str) -> BitMap:
        """Return the documents of one type that belong with those of another."""
        if start == goal or not chosen:
            return chosen.copy()
        if start not in self._keys or goal not in self._keys:
            return BitMap()
        is_up = DOCUMENTED.index(goal) < DOCUMENTED.index(start)
        return (
            self._up(chosen, start, goal) if is_up else self._down(chosen, start, goal)
        )

    def _up(self, chosen: BitMap, start: str, goal: str) -> BitMap:
        mine = places_of(chosen)
        above = self.above(start, goal)[mine]
        found = bitmap_of(above[above >= 0])
        loose = mine[above == _UNNAMED]
        if goal != _INDIVIDUAL and len(loose):
            found |= self._of_people(goal, self.people(start)[loose])
        return found

    def _down(self, chosen: BitMap, start: str, goal: str) -> BitMap:
        is_chosen = np.zeros(len(self._keys[start].ids) + 2, np.bool_)
        is_chosen[places_of(chosen)] = True
        above = self.above(goal, start)
        found = is_chosen[above]
        if start != _INDIVIDUAL:
            theirs = self.people(start)[places_of(chosen)]
            loose = above == _UNNAMED
            found |= loose & np.isin(self.people(goal), theirs[theirs != 0])
        return bitmap_of(np.flatnonzero(found))

    def _of_people(self, entry_type: str, people: Words) -> BitMap:
        """Return the documents of individuals by their digests."""
        theirs = people[people != 0]
        return bitmap_of(np.flatnonzero(np.isin(self.people(entry_type), theirs)))

    def above(self, start: str, goal: str) -> Places:
        """Return what each document belongs to, of an earlier type.

        -1 where what it names is not here, -2 where it names nothing.
        """
        known = self._above.get((start, goal))
        if known is None:
            known = self._above[start, goal] = self._find_above(start, goal)
        return known

    def _find_above(self, start: str, goal: str) -> Places:
        named = self._keys[start].links[goal]
        found = self.ordinals(goal, named)
        found[named == 0] = _UNNAMED
        for nearer in _between(start, goal):
            through = self.above(start, nearer)
            open_ = (found == _UNNAMED) & (through != _UNNAMED)
            if nearer in self._keys:
                beyond = np.append(self.above(nearer, goal), [_UNNAMED, _MISSING])
                found[open_] = beyond[through[open_]]
            else:
                found[open_] = _MISSING
        return found

    def people(self, entry_type: str) -> Words:
        """Return the digest of each document's individual; 0: it has none."""
        known = self._people.get(entry_type)
        if known is None:
            known = self._people[entry_type] = self._find_people(entry_type)
        return known

    def _find_people(self, entry_type: str) -> Words:
        keys = self._keys[entry_type]
        if entry_type == _INDIVIDUAL:
            return keys.ids
        found = keys.links[_INDIVIDUAL].copy()
        for nearer in _between(entry_type, _INDIVIDUAL):
            if nearer in self._keys:
                through = self.above(entry_type, nearer)
                open_ = (found == 0) & (through >= 0)
                found[open_] = self.people(nearer)[through[open_]]
        return found


def _between(start: str, goal: str) -> Sequence[str]:
    """Return the types between two, the nearer to the goal first."""
    first, last = DOCUMENTED.index(goal), DOCUMENTED.index(start)
    return DOCUMENTED[first + 1 : last]


def places_of(bitmap: BitMap) -> Places:
    """Return the members of a bitmap, ascending."""
    return np.frombuffer(bitmap.to_array(), np.uint32).astype(np.int64)


def bitmap_of(places: Places | NDArray[np.uint32]) -> BitMap:
    """Return a bitmap of some members."""
    return BitMap(array("I", places.astype(np.uint32).tobytes()))
