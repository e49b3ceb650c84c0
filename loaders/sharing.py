"""Counted calls → the shares of people, as few of them named as can be.

The usual share is the commonest among those who do not carry the allele: that of
people called on both copies in a cohort called together, none in one of many
single files.  So carriers are always named.  The law, tested: the shares of all
people sum up to the tally, ``tally_of(shares, column_of) == tally``.
"""

from __future__ import annotations

from array import array
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from beacon.model.people import FULL, UNCALLED, Share, Shares

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from loaders.roster import Roster

    Ints = NDArray[np.int64]
    Truths = NDArray[np.bool_]

_FEW = 12
_NUMBERS = "I"
"""People are numbered in 32 bits, here and in the store."""

Named = dict[Share, "Sequence[int] | Ints"]
"""People by their share; in any order, and each at most once."""


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


class Sharing:
    """Makes the shares of the people of a roster."""

    def __init__(self, roster: Roster) -> None:
        self._people = roster.people
        self._files = roster.person_of
        self._outside: list[Ints | None] = [None] * len(roster.person_of)
        self.nobody = Shares(UNCALLED)

    def of_file(self, file: int, named: Named) -> Shares:
        """Return the shares where one file tells of everybody in it.

        Args:
            file: whose people who are not named are called on both copies; others
                are not called.
            named: some of its people; is taken over.
        """
        named.pop(FULL, None)
        lost = named.pop(UNCALLED, ())
        inside = len(self._files[file])
        full = inside - len(lost) - sum(map(len, named.values()))
        uncalled = self._people - inside + len(lost)
        return _arranged(
            named,
            full,
            uncalled,
            lambda: self._rest(file, [*named.values(), lost]),
            lambda: self._uncalled(file, lost),
        )

    def _rest(self, file: int, others: Sequence[Sequence[int] | Ints]) -> Ints:
        """Return the people of a file without some."""
        mine = self._files[file]
        if len(mine) <= _FEW:
            known = {int(person) for who in others for person in who}
            return np.array([p for p in mine.tolist() if p not in known], np.int64)
        is_left = np.zeros(self._people, dtype=np.bool_)
        is_left[mine] = True
        for who in others:
            is_left[np.asarray(who, dtype=np.int64)] = False
        return is_left.nonzero()[0]

    def _uncalled(self, file: int, lost: Sequence[int] | Ints) -> Ints:
        """Return the people outside a file, and some inside."""
        outside = self._outside[file]
        if outside is None:
            is_outside = np.ones(self._people, dtype=np.bool_)
            is_outside[self._files[file]] = False
            outside = self._outside[file] = is_outside.nonzero()[0]
        return np.concatenate([outside, np.asarray(lost, dtype=np.int64)])

    def of_all(self, named: Named, an: Ints) -> Shares:
        """Return the shares of all people.

        Args:
            named: whose share is not their AN alone; is taken over.
            an: called copies of everybody.
        """
        is_left = np.ones(self._people, dtype=np.bool_)
        for who in named.values():
            is_left[np.asarray(who, dtype=np.int64)] = False
        is_full, is_uncalled = (an == FULL.an) & is_left, (an == 0) & is_left
        odd = (is_left & ~is_full & ~is_uncalled).nonzero()[0]
        for copies in np.unique(an[odd]).tolist():
            named[Share(0, copies)] = odd[an[odd] == copies]
        return _arranged(
            named,
            int(np.count_nonzero(is_full)),
            int(np.count_nonzero(is_uncalled)),
            lambda: is_full.nonzero()[0],
            lambda: is_uncalled.nonzero()[0],
        )

    def with_called(self, shares: Shares, more: Ints) -> Shares:
        """Return shares with copies that were called of people without a call.

        Args:
            shares: of all people.
            more: called copies of everybody; none of those who were called.
        """
        an = np.full(self._people, shares.usual.an, dtype=np.int64)
        named: Named = {}
        for share, who in shares.others:
            an[np.frombuffer(_packed(who), dtype=np.uint32)] = share.an
            if share.ac:
                named[share] = who
        return self.of_all(named, an + more)

    @staticmethod
    def replaced(shares: Shares, named: Named) -> Shares:
        """Return shares in which some called people, who are named, have others."""
        mine = np.concatenate([np.asarray(w, np.int64) for w in named.values()])
        for share, who in shares.others:
            numbers = np.frombuffer(_packed(who), dtype=np.uint32).astype(np.int64)
            if share.an:
                numbers = numbers[~np.isin(numbers, mine)]
            if len(numbers):
                named[share] = numbers
        return _shares(shares.usual, named)


def _arranged(
    named: Named,
    full: int,
    uncalled: int,
    who_full: Callable[[], Ints],
    who_uncalled: Callable[[], Ints],
) -> Shares:
    """Return shares of whoever is named and of how many are full and uncalled."""
    usual, most = (FULL, full) if full >= uncalled else (UNCALLED, uncalled)
    for share, who in named.items():
        if not share.ac and len(who) > most:
            usual, most = share, len(who)
    # Both are found before either is named: who is full is whoever is not named.
    found = who_full() if full and usual is not FULL else None
    if uncalled and usual is not UNCALLED:
        named[UNCALLED] = who_uncalled()
    if found is not None:
        named[FULL] = found
    named.pop(usual, None)
    return _shares(usual, named)


def _shares(usual: Share, named: Named) -> Shares:
    return Shares(
        usual, tuple((share, _packed(named[share])) for share in sorted(named))
    )


def _packed(people: Sequence[int] | Ints) -> array[int]:
    """Return people in order, 4 bytes each."""
    if isinstance(people, array):
        return people
    if isinstance(people, np.ndarray):
        numbers = people.astype(np.uint32)
        if len(numbers) > 1 and not (numbers[1:] > numbers[:-1]).all():
            numbers.sort()
        packed = array(_NUMBERS)
        packed.frombytes(numbers.tobytes())
        return packed
    return array(_NUMBERS, sorted(people))
