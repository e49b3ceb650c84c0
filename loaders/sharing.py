"""Counted calls → the shares of people, as few of them named as can be.

The usual share is the commonest among those who do not carry the allele: that of
people called on both copies in a cohort called together, none in one of many
single files.  So carriers are always named.  The law, tested: the shares of all
people sum up to the tally, ``tally_of(shares, column_of) == tally``.
"""

from __future__ import annotations

from array import array
from functools import lru_cache
from itertools import product
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from beacon.model.people import FULL, UNCALLED, Share, Shares

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from loaders.roster import Roster

    Ints = NDArray[np.int64]
    Kinds = NDArray[np.uint8]
    Truths = NDArray[np.bool_]

_FEW = 12
_SHARE = itemgetter(0)
_NOBODY: array[int] = array("I")
_NUMBERS = "I"
"""People are numbered in 32 bits, here and in the store."""

Named = dict[Share, "array[int]"]
"""People by their share, ascending, each at most once."""


@lru_cache(maxsize=4096)
def share_of(copies: int, called: int, an: int, ploidy: int) -> Share:
    """Return the share of one person.

    A half call, whose only known copy is the allele, is none of the three.

    Args:
        copies: of the allele.
        called: copies called in the record that counts.
        an: most copies called in any of the allele's records.
        ploidy: copies in all, called or not; only 1 and more are told apart.
    """
    if not copies:
        return Share(0, an)
    if ploidy == 1:
        return Share(copies, an, hemi=1)
    if called > copies:
        return Share(copies, an, het=1)
    return Share(copies, an, hom=int(copies > 1))


SHARES = tuple(
    share_of(copies, called, called, ploidy)
    for ploidy, called, copies in product((2, 1), range(3), range(3))
)
"""The share of each kind of call up to ploidy 2: ``haploid * 9 + called * 3 + copies``.

Some never occur.
"""
KINDS = len(SHARES)


def packed(named: Mapping[Share, Iterable[int]]) -> Named:
    """Return people by their share, in order, 4 bytes each."""
    return {share: array(_NUMBERS, sorted(who)) for share, who in named.items()}


class Sharing:
    """Makes the shares of the people of a roster."""

    def __init__(self, roster: Roster) -> None:
        self._people = roster.people
        self._files = [who.astype(np.uint32) for who in roster.person_of]
        self._is_ordered = [bool((w[1:] > w[:-1]).all()) for w in roster.person_of]
        self._outside: list[array[int] | None] = [None] * len(self._files)
        self.nobody = Shares(UNCALLED)

    def by_kind(
        self,
        file: int,
        cells: Ints,
        kinds: Kinds,
        polyploid: Sequence[tuple[int, Share]] = (),
    ) -> Named:
        """Return people of a file by their shares.

        Args:
            file: where they are.
            cells: their sample columns.
            kinds: what they are called, see ``SHARES``.
            polyploid: further people.
        """
        people = self._files[file][cells]
        if self._is_ordered[file]:
            order = kinds.argsort(kind="stable")
        else:
            order = np.lexsort((people, kinds))
        ordered = array(_NUMBERS, people[order].tobytes())
        named: Named = {}
        first = 0
        for share, number in zip(SHARES, np.bincount(kinds).tolist(), strict=False):
            if number:
                _name(named, share, ordered[first : first + number])
                first += number
        further: dict[Share, list[int]] = {}
        for person, share in polyploid:
            further.setdefault(share, []).append(person)
        for share, who in packed(further).items():
            _name(named, share, who)
        return named

    def of_file(self, file: int, named: Named) -> Shares:
        """Return the shares where one file tells of everybody in it.

        Args:
            file: whose people who are not named are called on both copies; others
                are not called.
            named: some of its people; is taken over.
        """
        named.pop(FULL, None)
        inside = len(self._files[file])
        if inside == self._people and 2 * sum(map(len, named.values())) <= inside:
            return _shares(FULL, named)
        lost = named.pop(UNCALLED, _NOBODY)
        full = inside - len(lost) - sum(map(len, named.values()))
        uncalled = self._people - inside + len(lost)
        usual = _commonest(named, full, uncalled)
        if uncalled and usual is not UNCALLED:
            named[UNCALLED] = lost
            if uncalled > len(lost):
                named[UNCALLED] = _sorted(self._those_outside(file) + lost)
        if usual is FULL:
            return _shares(FULL, named)
        if full:
            named[FULL] = self._rest(file, [*named.values(), lost])
        named.pop(usual, None)
        return _shares(usual, named)

    def _rest(self, file: int, others: Sequence[array[int]]) -> array[int]:
        """Return the people of a file without some."""
        mine = self._files[file]
        if len(mine) <= _FEW:
            known = {person for who in others for person in who}
            return array(_NUMBERS, sorted(set(mine.tolist()) - known))
        is_left = np.zeros(self._people, dtype=np.bool_)
        is_left[mine] = True
        for who in others:
            is_left[_numbers(who)] = False
        return _where(is_left)

    def _those_outside(self, file: int) -> array[int]:
        outside = self._outside[file]
        if outside is None:
            is_outside = np.ones(self._people, dtype=np.bool_)
            is_outside[self._files[file]] = False
            outside = self._outside[file] = _where(is_outside)
        return outside

    def of_all(self, named: Named, an: Ints) -> Shares:
        """Return the shares of all people.

        Args:
            named: whose share is not their AN alone; is taken over.
            an: called copies of everybody.
        """
        is_left = np.ones(self._people, dtype=np.bool_)
        for who in named.values():
            is_left[_numbers(who)] = False
        for copies in np.bincount(an[is_left]).nonzero()[0].tolist():
            named[Share(0, copies)] = _where(is_left & (an == copies))
        usual = _commonest(named, 0, 0)
        named.pop(usual, None)
        return _shares(usual, named)

    def with_called(self, shares: Shares, more: Ints) -> Shares:
        """Return shares with copies that were called of people without a call.

        Args:
            shares: of all people.
            more: called copies of everybody; none of those who were called.
        """
        an = np.full(self._people, shares.usual.an, dtype=np.int64)
        named: Named = {}
        for share, who in shares.others:
            people = array(_NUMBERS, who)
            an[_numbers(people)] = share.an
            if share.ac:
                named[share] = people
        told = self.of_all(named, an + more)
        return told._replace(otherwise=shares.otherwise)

    @staticmethod
    def replaced(shares: Shares, named: Named) -> Shares:
        """Return shares in which some called people, who are named, have others."""
        mine = np.concatenate([_numbers(who) for who in named.values()])
        for share, who in shares.others:
            people = array(_NUMBERS, who)
            if share.an:
                others = _numbers(people)
                people = array(_NUMBERS, others[~np.isin(others, mine)].tobytes())
            if people:
                named[share] = people
        return _shares(shares.usual, named)


def _commonest(named: Named, full: int, uncalled: int) -> Share:
    """Return the share that most people have of those who do not carry the allele.

    Args:
        named: some people.
        full: how many more have the share ``FULL``.
        uncalled: how many more have the share ``UNCALLED``.
    """
    usual, most = (FULL, full) if full >= uncalled else (UNCALLED, uncalled)
    for share, who in named.items():
        if not share.ac and len(who) > most:
            usual, most = share, len(who)
    return usual


def _shares(usual: Share, named: Named) -> Shares:
    """Return shares in one order, whatever they were found in."""
    return Shares(usual, tuple(sorted(named.items(), key=_SHARE)))


def _name(named: Named, share: Share, people: array[int]) -> None:
    """Add people to those of a share."""
    others = named.get(share)
    named[share] = people if others is None else _sorted(others + people)


def _numbers(people: array[int]) -> NDArray[np.uint32]:
    return np.frombuffer(people, dtype=np.uint32)


def _where(truths: Truths) -> array[int]:
    return array(_NUMBERS, truths.nonzero()[0].astype(np.uint32).tobytes())


def _sorted(people: array[int]) -> array[int]:
    return array(_NUMBERS, np.sort(_numbers(people)).tobytes())
