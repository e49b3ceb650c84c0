"""Calls → counts: AC, AN and people by column, each person once.

One record of one allele is counted straight from its exceptional cells.
Several records of one allele are merged person by person first: the record
with most copies counts, and nothing is summed over records.  Where people are
kept, what each adds (``shares``) comes with the counts; its law is ``sharing``'s.
"""

from __future__ import annotations

from functools import lru_cache, partial
from itertools import product
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

import numpy as np

from beacon.model.counts import Carriers, Tally
from beacon.model.people import Otherwise
from loaders.blocks import called_copies
from loaders.genotypes import ABSENT, MISSING, Calls
from loaders.sharing import KINDS, SHARES, Sharing, packed, share_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from beacon.model.annotation import Annotation
    from beacon.model.people import Share, Shares
    from beacon.model.structure import Structure
    from loaders.declared import Row, Shape
    from loaders.roster import Roster
    from loaders.sweep import Covered
    from loaders.vcf import Site

    Ints = NDArray[np.int64]
    Kinds = NDArray[np.uint8]

_LISTED = Tally(None, None)
_FEW = 12
_SEVERAL = 16
_KEPT = 16
"""How many records of several ALTs are kept grouped by allele."""


_COPIES = itemgetter(1)
_carriers_of = partial(tuple.__new__, Carriers)
"""A column's carriers of its five numbers, at the speed of a tuple."""


class Contribution(NamedTuple):
    """What one record says of one allele (``indexes`` empty: of its place).

    Attributes:
        indexes: the record's allele numbers that are this allele.
        annotation: what the record says of it.
        structure: how exactly the record knows it.
        is_lost: whether an ALT is left out of the record that may be it.
    """

    site: Site
    indexes: tuple[int, ...]
    annotation: Annotation | None = None
    structure: Structure | None = None
    is_lost: bool = False

    @property
    def is_sound(self) -> bool:
        """Whether it can be counted."""
        return not (self.is_lost or self.site.is_skipped)


Counted = tuple[Tally, "Shares | None"]
"""An allele's counts, and what each person adds; ``None`` where no people are kept."""


class Counting(Protocol):
    """How contributions to one allele become its counts."""

    def tally(self, contributions: Sequence[Contribution]) -> Counted:
        """Return the counts of one allele; contributions that were not skipped."""

    def nothing(self) -> Counted:
        """Return the counts of a place that only skipped records describe."""

    def with_covered(
        self,
        counted: Counted,
        contributions: Sequence[Contribution],
        there: Covered,
    ) -> Counted:
        """Return counts with the people who are covered and not called in them."""


class InfoCounting:
    """Counts of a sites-only source: what INFO says, or presence alone.

    Every group the source declares is a column of its own, for they may overlap
    and need not add up to Total.
    """

    def __init__(self, shape: Shape) -> None:
        self._size = len(shape.labels)
        self._people = [
            shape.kinds.index(kind) * self._size if kind in shape.kinds else None
            for kind in ("hom", "het", "hemi")
        ]
        self._columns = range(self._size)
        self._unknown: Row = [None] * self._size

    def tally(self, contributions: Sequence[Contribution]) -> Counted:
        """Return the counts of the record that declares most copies."""
        if not contributions[0].indexes:
            return self._place(contributions), None
        if len(contributions) == 1:
            one = contributions[0]
            row = one.site.told[one.indexes[0] - 1] if one.site.told else None
        else:
            told = ((c.site.told, c.indexes[0] - 1) for c in contributions)
            row = self._most([rows[number] for rows, number in told if rows])
        if row is None or row[0] is None:
            return Tally(None if row is None else self._an(row)[0], None), None
        an, untold = self._an(row)
        return Tally(an, self._carriers(row, untold), untold), None

    def _most(self, rows: list[Row]) -> Row | None:
        """Return the row with most copies of the allele, then most called copies."""
        return max(rows, key=lambda r: (r[0] or 0, r[self._size] or 0), default=None)

    def _carriers(self, row: Row, untold: tuple[int, ...]) -> tuple[Carriers, ...]:
        size = self._size
        if size == 1:
            return self._of_total(row)
        copies = row[:size]
        for column in untold:
            copies[column] = None
        hom, het, hemi = (
            self._unknown if at is None else row[at : at + size] for at in self._people
        )
        if hemi is not self._unknown and None in het:
            het = list(map(_heterozygous, copies, hom, het, hemi))
        counts = zip(self._columns, copies, hom, het, hemi, strict=True)
        return tuple(map(_carriers_of, filter(_COPIES, counts)))

    def _of_total(self, row: Row) -> tuple[Carriers, ...]:
        """Return the carriers where Total is the only column: of most sources."""
        ac = row[0]
        if not ac:
            return ()
        one, two, three = self._people
        hom = None if one is None else row[one]
        het = None if two is None else row[two]
        hemi = None if three is None else row[three]
        if het is None:
            het = _heterozygous(ac, hom, het, hemi)
        return (_carriers_of((0, ac, hom, het, hemi)),)

    def _an(self, row: Row) -> tuple[tuple[int, ...] | None, tuple[int, ...]]:
        """Return AN of every column, and the columns that are not told."""
        size = self._size
        told = row[: 2 * size]
        if None not in told:
            return cast("tuple[int, ...]", tuple(told[size:])), ()
        if told[size] is None:
            return None, ()
        untold = tuple(
            c for c in range(1, size) if told[c] is None or told[size + c] is None
        )
        known = (0 if c in untold else n for c, n in enumerate(told[size:]))
        return cast("tuple[int, ...]", tuple(known)), untold

    def _place(self, contributions: Sequence[Contribution]) -> Tally:
        """Return the AN of a place without an allele."""
        row = self._most([r for c in contributions for r in c.site.told or ()])
        if row is None:
            return Tally(None, ())
        called = row[self._size : 2 * self._size]
        nobody: Row = [None if n is None else 0 for n in called]
        an, untold = self._an(nobody + called)
        return Tally(an, (), untold)

    def nothing(self) -> Counted:
        """Return AN 0: the place says nothing."""
        return Tally((0,) * self._size, ()), None

    def with_covered(
        self,
        counted: Counted,
        contributions: Sequence[Contribution],
        there: Covered,
    ) -> Counted:
        """Return the counts: where nobody has a genotype, no block covers anybody."""
        return counted


def _heterozygous(
    ac: int | None, hom: int | None, het: int | None, hemi: int | None
) -> int | None:
    """Return heterozygotes: as told, else what the others leave of AC."""
    if het is not None or ac is None or hom is None or hemi is None:
        return het
    return ac - 2 * hom - hemi


class GenotypeCounting:
    """Counts of genotyped files over the columns of a roster.

    Args:
        roster: the people of the files.
        keeps_people: whether what each person adds is told, too.
    """

    def __init__(self, roster: Roster, *, keeps_people: bool = False) -> None:
        self._roster = roster
        self._sharing = Sharing(roster) if keeps_people else None
        self._size = len(roster.layout.baseline)
        columns = [roster.column_of[p] for p in roster.person_of]
        self._slots = [KINDS * c for c in columns]
        self._full = [
            2 * np.bincount(c, minlength=self._size).astype(np.int64) for c in columns
        ]
        self._full_lists = [f.tolist() for f in self._full]
        self._column_lists = [c.tolist() for c in columns]
        self._people = [p.tolist() for p in roster.person_of]
        self._none: Counted = (
            Tally((0,) * self._size, ()),
            None if self._sharing is None else self._sharing.nobody,
        )
        self._grouped: dict[tuple[int, int], _Grouped] = {}

    def nothing(self) -> Counted:
        """Return AN 0 in every column."""
        return self._none

    def tally(self, contributions: Sequence[Contribution]) -> Counted:
        """Return the counts of one allele over all records that declare it.

        A record without genotypes lists its alleles, and so does one that does not
        tell which of them a person carries: they are there, uncounted, where no
        other record counts a carrier.
        """
        called = [c for c in contributions if _is_told(c)]
        if len(called) == len(contributions):
            return self._called(called)
        tally, shares = self._called(called) if called else self._none
        if not contributions[0].indexes:
            return tally, shares
        if not tally.carriers:
            return _LISTED, None
        if shares is not None:
            shares = shares._replace(otherwise=Otherwise.LISTED)
        return tally, shares

    def _called(self, called: Sequence[Contribution]) -> Counted:
        site, indexes = called[0][:2]
        if len(called) > 1 or not self._roster.is_plain[site.file]:
            return self._merged(called)
        if site.calls is None:
            return self._none
        if max(len(site.calls.cells), len(site.calls.polyploid)) <= _FEW:
            return self._few(site.file, site.calls, indexes)
        if len(site.alternates) > _SEVERAL:
            return self._one_of_several(site.file, site.calls, indexes)
        kinds = _kinds(site.calls, indexes, 1 + len(site.alternates))
        return self._counted(site.file, site.calls, kinds, indexes)

    def _one_of_several(
        self, file: int, calls: Calls, indexes: tuple[int, ...]
    ) -> Counted:
        """Count one of many alleles from its own cells; AN is that of them all."""
        which = file, id(calls)  # files of one person each share remembered calls
        grouped = self._grouped.get(which)
        if grouped is None:
            if len(self._grouped) >= _KEPT:
                self._grouped.clear()
            called = self._counted(file, calls, _kinds_of_several(calls, ()), ())
            grouped = _Grouped(calls, called)
            self._grouped[which] = grouped
        mine = grouped.carrying(indexes)
        kinds = _kinds_of_several(mine, indexes)
        tally, poly = self._tallied(file, mine, kinds, indexes)
        shares = grouped.shares
        if self._sharing is not None and shares is not None and tally.carriers:
            named = self._sharing.by_kind(file, mine.cells, kinds, poly)
            shares = self._sharing.replaced(shares, named)
        return Tally(grouped.an, tally.carriers), shares

    def with_covered(
        self,
        counted: Counted,
        contributions: Sequence[Contribution],
        there: Covered,
    ) -> Counted:
        """Return counts with the people who are covered and not called in them."""
        tally, shares = counted
        if tally.an is None or not any(there.an):
            return counted
        is_called = np.zeros(self._roster.people, dtype=np.bool_)
        for site, *_ in contributions:
            if site.calls is not None:
                who = self._roster.person_of[site.file]
                is_called[who[called_copies(site.calls, len(who)) > 0]] = True
        called = is_called.nonzero()[0]
        columns = self._roster.column_of[called]
        twice = np.bincount(columns, there.called[called], minlength=self._size)
        sums = zip(tally.an, there.an, twice.tolist(), strict=True)
        if self._sharing is not None and shares is not None:
            more = np.where(is_called, 0, there.called)
            shares = self._sharing.with_called(shares, more)
        return Tally(tuple(a + b - int(c) for a, b, c in sums), tally.carriers), shares

    def _few(self, file: int, calls: Calls, indexes: tuple[int, ...]) -> Counted:
        columns, people = self._column_lists[file], self._people[file]
        an = self._full_lists[file].copy()
        found: dict[int, list[int]] = {}
        named: dict[Share, list[int]] = {}
        cells, first, second = (
            calls.cells.tolist(), calls.first.tolist(), calls.second.tolist(),
        )  # fmt: skip
        for cell, one, two in zip(cells, first, second, strict=True):
            call = (one,) if two == ABSENT else (one, two)
            share = _count(columns[cell], call, indexes, an, found)
            named.setdefault(share, []).append(people[cell])
        for cell, poly in calls.polyploid:
            share = _count(columns[cell], poly, indexes, an, found)
            named.setdefault(share, []).append(people[cell])
        tally = _tally(an, found)
        if self._sharing is None:
            return tally, None
        return tally, self._sharing.of_file(file, packed(named))

    def _counted(
        self, file: int, calls: Calls, kinds: Kinds, indexes: tuple[int, ...]
    ) -> Counted:
        tally, poly = self._tallied(file, calls, kinds, indexes)
        sharing = self._sharing
        if sharing is None:
            return tally, None
        named = sharing.by_kind(file, calls.cells, kinds, poly)
        return tally, sharing.of_file(file, named)

    def _tallied(
        self, file: int, calls: Calls, kinds: Kinds, indexes: tuple[int, ...]
    ) -> tuple[Tally, list[tuple[int, Share]]]:
        """Return the counts of calls, and the shares of those above ploidy 2."""
        slots = self._slots[file][calls.cells] + kinds
        bins = np.bincount(slots, minlength=self._size * KINDS)
        sums = bins.reshape(self._size, KINDS) @ _WEIGHTS
        an = (self._full[file] - sums[:, 0]).tolist()
        found = {c: sums[c, 1:].tolist() for c in sums[:, 1].nonzero()[0].tolist()}
        columns, people = self._column_lists[file], self._people[file]
        told = [
            (people[cell], _count(columns[cell], poly, indexes, an, found))
            for cell, poly in calls.polyploid
        ]
        return _tally(an, found), told

    def _merged(self, contributions: Sequence[Contribution]) -> Counted:
        """Merge person by person: most copies first, then most called copies."""
        people = self._roster.people
        best = np.full(people, -1, dtype=np.int64)
        most = np.zeros(people, dtype=np.int64)
        for one in contributions:
            who = self._roster.person_of[one.site.file]
            copies, called, ploidy = _dense(one, len(who))
            score = (copies << 16 | called) << 1 | (ploidy > 1)
            np.maximum.at(best, who, score)
            np.maximum.at(most, who, called)
        columns = self._roster.column_of
        an = np.bincount(columns, most, minlength=self._size).astype(np.int64)
        found: dict[int, list[int]] = {}
        named: dict[Share, list[int]] = {}
        carriers = (best >> 17 > 0).nonzero()[0]
        rows = zip(*(a[carriers].tolist() for a in (columns, best, most)), strict=True)
        for person, (column, points, called) in zip(
            carriers.tolist(), rows, strict=True
        ):
            share = share_of(
                points >> 17, (points >> 1) & 0xFFFF, called, 1 + (points & 1)
            )
            _add(found.setdefault(column, [0, 0, 0, 0]), share)
            named.setdefault(share, []).append(person)
        tally = _tally(an.tolist(), found)
        if self._sharing is None:
            return tally, None
        return tally, self._sharing.of_all(packed(named), most)


def _is_told(one: Contribution) -> bool:
    """Whether a record's calls tell who carries the allele."""
    calls = one.site.calls
    if calls is None:
        return False
    return not calls.unclear or calls.counts(one.indexes)


class _Grouped:
    """The calls of one record, by the allele they carry.

    A record of a thousand ALTs is then counted in one pass, not in a thousand.

    Attributes:
        an: what was called in all, by column.
        shares: those of people who carry none of its alleles, of everybody.
    """

    def __init__(self, calls: Calls, called: Counted) -> None:
        self.an = called[0].an
        self.shares = called[1]
        self._calls = calls
        both = np.concatenate((calls.first, calls.second))
        self._order = np.argsort(both, kind="stable")
        self._alleles = both[self._order]
        self._polyploid: dict[int, list[int]] = {}
        for place, (_, call) in enumerate(calls.polyploid):
            for allele in set(call):
                self._polyploid.setdefault(allele, []).append(place)

    def carrying(self, indexes: tuple[int, ...]) -> Calls:
        """Return the calls of those who carry one of the record's alleles."""
        calls = self._calls
        wanted = np.array(indexes, dtype=np.int64)
        low = np.searchsorted(self._alleles, wanted, "left").tolist()
        high = np.searchsorted(self._alleles, wanted, "right").tolist()
        found = [self._order[a:b] for a, b in zip(low, high, strict=True)]
        rows = np.unique(np.concatenate(found) % max(1, len(calls.cells)))
        places = {p for i in indexes for p in self._polyploid.get(i, ())}
        return Calls(
            calls.cells[rows],
            calls.first[rows],
            calls.second[rows],
            tuple(calls.polyploid[p] for p in sorted(places)),
        )


def _kinds(calls: Calls, indexes: tuple[int, ...], alleles: int) -> Kinds:
    """Return the kind of each call, up to ploidy 2: see ``SHARES``."""
    ones, twos = _words(indexes, alleles)
    kinds: Kinds = _KIND[ones[calls.first] + twos[calls.second]]
    return kinds


@lru_cache(maxsize=1024)
def _words(indexes: tuple[int, ...], alleles: int) -> tuple[Kinds, Kinds]:
    """Return what each allele is as the first and as the second of a call.

    The last two stand for ``ABSENT`` and ``MISSING``, which are numbered so.
    """
    words = np.full(alleles + 2, _OTHER, dtype=np.uint8)
    words[list(indexes)] = _MINE
    words[ABSENT], words[MISSING] = _ABSENT, _MISSING
    return words * np.uint8(4), words


def _kind_of_words() -> Kinds:
    kinds = np.zeros(16, dtype=np.uint8)
    for first, second in product((_MISSING, _OTHER, _MINE), range(4)):
        pair = (first, second)
        called = sum(word >= _OTHER for word in pair)
        kinds[4 * first + second] = (
            9 * (second == _ABSENT) + 3 * called + pair.count(_MINE)
        )
    return kinds


_ABSENT, _MISSING, _OTHER, _MINE = range(4)
_KIND = _kind_of_words()


def _kinds_of_several(calls: Calls, indexes: tuple[int, ...]) -> Kinds:
    """Return the same, for a few calls of a record of many alleles."""
    first, second = calls.first, calls.second
    called = (first >= 0).astype(np.uint8) + (second >= 0)
    kinds = called * np.uint8(3) + _copies(first, second, indexes).astype(np.uint8)
    kinds[second == ABSENT] += 9
    return kinds


def _copies(first: Ints, second: Ints, indexes: tuple[int, ...]) -> Ints:
    """Return how many copies of the alleles each call has."""
    if len(indexes) > _SEVERAL:
        one, two = np.isin(first, indexes), np.isin(second, indexes)
        return one.astype(np.int64) + two
    copies = np.zeros(len(first), dtype=np.int64)
    for index in indexes:
        copies += (first == index).astype(np.int64) + (second == index)
    return copies


def _dense(one: Contribution, cells: int) -> tuple[Ints, Ints, Ints]:
    """Return copies, called copies and ploidy of every sample column."""
    copies = np.zeros(cells, dtype=np.int64)
    called = np.full(cells, 2, dtype=np.int64)
    ploidy = np.full(cells, 2, dtype=np.int64)
    calls = one.site.calls
    if calls is None:
        return copies, np.zeros(cells, dtype=np.int64), ploidy
    where, first, second = calls.cells, calls.first, calls.second
    copies[where] = _copies(first, second, one.indexes)
    called[where] = (first >= 0).astype(np.int64) + (second >= 0)
    ploidy[where] = 2 - (second == ABSENT)
    for cell, poly in calls.polyploid:
        copies[cell] = sum(a in one.indexes for a in poly)
        called[cell] = sum(a >= 0 for a in poly)
        ploidy[cell] = len(poly)
    return copies, called, ploidy


def _count(
    column: int,
    call: tuple[int, ...],
    indexes: tuple[int, ...],
    an: list[int],
    found: dict[int, list[int]],
) -> Share:
    """Count one call of somebody in a column; return their share."""
    called = sum(a >= 0 for a in call)
    an[column] += called - 2
    copies = sum(a in indexes for a in call)
    share = share_of(copies, called, called, len(call))
    if copies:
        _add(found.setdefault(column, [0, 0, 0, 0]), share)
    return share


def _add(sums: list[int], share: Share) -> None:
    """Add one person to AC, homozygous, heterozygous, hemizygous."""
    copies, _, hom, het, hemi = share
    sums[0] += copies
    sums[1] += hom
    sums[2] += het
    sums[3] += hemi


def _tally(an: list[int], found: dict[int, list[int]]) -> Tally:
    carriers = tuple(Carriers(c, *found[c]) for c in sorted(found))
    return Tally(tuple(an), carriers)


def _weights() -> Ints:
    """Return each kind's (AN lost, AC, hom, het, hemi), shape ``(18, 5)``."""
    rows = [[2 - an, ac, *people] for ac, an, *people in SHARES]
    return np.array(rows, dtype=np.int64)


_WEIGHTS = _weights()
