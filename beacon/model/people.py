"""The people behind the counts: what each adds, so that some can be left out.

A *share* is what one person adds to the counts of one allele.  The shares of
all people of a release's part sum up to its tally, exactly; whoever is left out
takes theirs away, whichever files they came from.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.counts import SKIPPED, Carriers, Tally

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


class Share(NamedTuple):
    """What one person adds to an allele's counts.

    Attributes:
        ac: copies of the allele.
        an: called copies of any allele.
        hom, het, hemi: 1 where they are counted as such, else 0.
    """

    ac: int
    an: int
    hom: int = 0
    het: int = 0
    hemi: int = 0


FULL = Share(0, 2)
"""Somebody called on both copies who does not carry the allele."""

UNCALLED = Share(0, 0)
"""Somebody without a call there."""


class Otherwise(IntEnum):
    """What an allele is once nobody carries it any more, other than a "no".

    ``LISTED``: a record that counts nobody declares it, so it is there, uncounted.
    ``SKIPPED``: a record that cannot be used may declare it, so nobody knows.
    """

    LISTED = 1
    SKIPPED = 2


class Shares(NamedTuple):
    """The shares of all people of a part, as exceptions from the usual one.

    Attributes:
        usual: the share of everybody who is not named.
        others: each further share with the numbers of its people, ascending;
            every number is named at most once.
        otherwise: what the allele is without its carriers; ``None``: not there.
    """

    usual: Share
    others: tuple[tuple[Share, Sequence[int]], ...] = ()
    otherwise: Otherwise | None = None

    def of(self, person: int) -> Share:
        """Return one person's share."""
        for share, people in self.others:
            if person in people:
                return share
        return self.usual


class Reached(NamedTuple):
    """How many copies reference blocks call of people, run by run, on one contig.

    Runs are in any order, may overlap and may be told twice: at a base a person has
    the most copies that any run calls.

    Attributes:
        rank: the contig's rank in its assembly.
        people: whom each run is about.
        starts, ends: 0-based interbase.
        copies: at least one.
    """

    rank: int
    people: Sequence[int]
    starts: Sequence[int]
    ends: Sequence[int]
    copies: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The people of one part of a release, by number.

    Attributes:
        names: individual ids; ``None`` for somebody who was withdrawn.
        samples: the sample names of each, as the files write them.
        column_of: the column of the part in which each is counted.
        table: column of the samples table (its header in lower case; always
            ``sex``, ``population`` and ``status``) → each person's value,
            ``None`` where it is not known.  ``sex`` is ``M`` or ``F``,
            ``status`` ``affected`` or ``unaffected``.
    """

    names: tuple[str | None, ...]
    samples: tuple[tuple[str, ...], ...]
    column_of: tuple[int, ...]
    table: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)

    def numbers_of(self, individuals: Collection[str]) -> frozenset[int]:
        """Return the numbers of those of some individuals who are in this part."""
        wanted = frozenset(individuals)
        return frozenset(n for n, name in enumerate(self.names) if name in wanted)

    def groups(self, column: str) -> dict[str, frozenset[int]]:
        """Return the people by their value in a column of the table, sorted."""
        found: dict[str, set[int]] = defaultdict(set)
        for number, value in enumerate(self.table.get(column, ())):
            if value is not None:
                found[value].add(number)
        return {value: frozenset(found[value]) for value in sorted(found)}


def left_of(
    tally: Tally, filters: tuple[str, ...], otherwise: Otherwise | None
) -> tuple[Tally, tuple[str, ...]]:
    """Return the counts and filters of an allele that some people have left."""
    if tally.exists:
        return tally, filters
    if otherwise is Otherwise.LISTED:
        return Tally(None, None), filters
    if otherwise is Otherwise.SKIPPED or SKIPPED in filters:
        return tally, (SKIPPED,)
    return tally, filters


def tally_of(
    shares: Shares, column_of: Sequence[int], people: Collection[int] | None = None
) -> Tally:
    """Return the counts of some people, by column; ``None``: of all.

    The law: of all people it is the tally the loader counted.
    """
    who = range(len(column_of)) if people is None else people
    width = max(column_of, default=-1) + 1
    named = {n: share for share, numbers in shares.others for n in numbers}
    sums = [[0, 0, 0, 0, 0] for _ in range(width)]
    for number in who:
        total = sums[column_of[number]]
        for place, value in enumerate(named.get(number, shares.usual)):
            total[place] += value
    carriers = tuple(
        Carriers(column, ac, hom, het, hemi)
        for column, (ac, _, hom, het, hemi) in enumerate(sums)
        if ac
    )
    return Tally(tuple(an for _, an, *_ in sums), carriers)
