"""Calls → counts: AC, AN and people by column, each person once.

One record of one allele is counted straight from its exceptional cells.
Several records of one allele are merged person by person first: the record
with most copies counts, and nothing is summed over records.
"""

from __future__ import annotations

from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

import numpy as np

from beacon.model.counts import Carriers, Tally
from loaders.blocks import called_copies
from loaders.genotypes import ABSENT, Calls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from beacon.model.annotation import Annotation
    from beacon.model.structure import Structure
    from loaders.declared import Row, Shape
    from loaders.roster import Roster
    from loaders.sweep import Covered
    from loaders.vcf import Site

    Ints = NDArray[np.int64]

_LISTED = Tally(None, None)
_FEW = 12
_CLASSES = 18
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


class Counting(Protocol):
    """How contributions to one allele become its counts."""

    def tally(self, contributions: Sequence[Contribution]) -> Tally:
        """Return the counts of one allele; contributions that were not skipped."""

    def nothing(self) -> Tally:
        """Return the counts of a place that only skipped records describe."""

    def with_covered(
        self, tally: Tally, contributions: Sequence[Contribution], there: Covered
    ) -> Tally:
        """Return a tally with the people who are covered and not called in it."""


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

    def tally(self, contributions: Sequence[Contribution]) -> Tally:
        """Return the counts of the record that declares most copies."""
        if not contributions[0].indexes:
            return self._place(contributions)
        if len(contributions) == 1:
            one = contributions[0]
            row = one.site.told[one.indexes[0] - 1] if one.site.told else None
        else:
            told = ((c.site.told, c.indexes[0] - 1) for c in contributions)
            row = self._most([rows[number] for rows, number in told if rows])
        if row is None or row[0] is None:
            return Tally(None if row is None else self._an(row)[0], None)
        an, untold = self._an(row)
        return Tally(an, self._carriers(row, untold), untold)

    def _most(self, rows: list[Row]) -> Row | None:
        """Return the row with most copies of the allele, then most called copies."""
        return max(rows, key=lambda r: (r[0] or 0, r[self._size] or 0), default=None)

    def _carriers(self, row: Row, untold: tuple[int, ...]) -> tuple[Carriers, ...]:
        size = self._size
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

    def nothing(self) -> Tally:
        """Return AN 0: the place says nothing."""
        return Tally((0,) * self._size, ())

    def with_covered(
        self,
        tally: Tally,
        contributions: Sequence[Contribution],
        there: Covered,
    ) -> Tally:
        """Return the tally: where nobody has a genotype, no block covers anybody."""
        return tally


def _heterozygous(
    ac: int | None, hom: int | None, het: int | None, hemi: int | None
) -> int | None:
    """Return heterozygotes: as told, else what the others leave of AC."""
    if het is not None or ac is None or hom is None or hemi is None:
        return het
    return ac - 2 * hom - hemi


class GenotypeCounting:
    """Counts of genotyped files over the columns of a roster."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._size = len(roster.layout.baseline)
        self._columns = [roster.column_of[p] for p in roster.person_of]
        self._full = [
            2 * np.bincount(c, minlength=self._size).astype(np.int64)
            for c in self._columns
        ]
        self._full_lists = [f.tolist() for f in self._full]
        self._people = [c.tolist() for c in self._columns]
        self._none = Tally((0,) * self._size, ())
        self._grouped: dict[int, _Grouped] = {}
        self._weights = _weights()

    def nothing(self) -> Tally:
        """Return AN 0 in every column."""
        return self._none

    def tally(self, contributions: Sequence[Contribution]) -> Tally:
        """Return the counts of one allele over all records that declare it.

        A record without genotypes lists its alleles, and so does one that does not
        tell which of them a person carries: they are there, uncounted, where no
        other record counts a carrier.
        """
        called = [c for c in contributions if _is_told(c)]
        if len(called) == len(contributions):
            return self._called(called)
        counted = self._called(called) if called else self._none
        if counted.carriers or not contributions[0].indexes:
            return counted
        return _LISTED

    def _called(self, called: Sequence[Contribution]) -> Tally:
        site, indexes = called[0][:2]
        if len(called) > 1 or not self._roster.is_plain[site.file]:
            return self._merged(called)
        if site.calls is None:
            return self._none
        if max(len(site.calls.cells), len(site.calls.polyploid)) <= _FEW:
            return self._few(site.file, site.calls, indexes)
        if len(site.alternates) > _SEVERAL:
            return self._one_of_several(site.file, site.calls, indexes)
        return self._many(site.file, site.calls, indexes)

    def _one_of_several(
        self, file: int, calls: Calls, indexes: tuple[int, ...]
    ) -> Tally:
        """Count one of many alleles from its own cells; AN is that of them all."""
        grouped = self._grouped.get(id(calls))
        if grouped is None:
            if len(self._grouped) >= _KEPT:
                self._grouped.clear()
            grouped = _Grouped(calls, self._many(file, calls, ()).an)
            self._grouped[id(calls)] = grouped
        mine = self._many(file, grouped.carrying(indexes), indexes)
        return Tally(grouped.an, mine.carriers)

    def with_covered(
        self, tally: Tally, contributions: Sequence[Contribution], there: Covered
    ) -> Tally:
        """Return a tally with the people who are covered and not called in it."""
        if tally.an is None or not any(there.an):
            return tally
        is_called = np.zeros(self._roster.people, dtype=np.bool_)
        for site, *_ in contributions:
            if site.calls is not None:
                who = self._roster.person_of[site.file]
                is_called[who[called_copies(site.calls, len(who)) > 0]] = True
        called = is_called.nonzero()[0]
        columns = self._roster.column_of[called]
        twice = np.bincount(columns, there.called[called], minlength=self._size)
        sums = zip(tally.an, there.an, twice.tolist(), strict=True)
        return Tally(tuple(a + b - int(c) for a, b, c in sums), tally.carriers)

    def _few(self, file: int, calls: Calls, indexes: tuple[int, ...]) -> Tally:
        people, an = self._people[file], self._full_lists[file].copy()
        found: dict[int, list[int]] = {}
        cells, first, second = (
            calls.cells.tolist(), calls.first.tolist(), calls.second.tolist(),
        )  # fmt: skip
        for cell, one, two in zip(cells, first, second, strict=True):
            call = (one,) if two == ABSENT else (one, two)
            _count(people[cell], call, indexes, an, found)
        for cell, poly in calls.polyploid:
            _count(people[cell], poly, indexes, an, found)
        return _tally(an, found)

    def _many(self, file: int, calls: Calls, indexes: tuple[int, ...]) -> Tally:
        first, second = calls.first, calls.second
        copies = _copies(first, second, indexes)
        called = (first >= 0).astype(np.int64) + (second >= 0)
        kind = (second == ABSENT) * 9 + called * 3 + copies
        slots = self._columns[file][calls.cells] * _CLASSES + kind
        bins = np.bincount(slots, minlength=self._size * _CLASSES)
        sums = bins.reshape(self._size, _CLASSES) @ self._weights
        an = (self._full[file] - sums[:, 0]).tolist()
        found = {c: sums[c, 1:].tolist() for c in sums[:, 1].nonzero()[0].tolist()}
        for cell, poly in calls.polyploid:
            _count(self._people[file][cell], poly, indexes, an, found)
        return _tally(an, found)

    def _merged(self, contributions: Sequence[Contribution]) -> Tally:
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
        an = [0] * self._size
        found: dict[int, list[int]] = {}
        columns = self._roster.column_of.tolist()
        for column, number in zip(columns, most.tolist(), strict=True):
            an[column] += number
        scores: list[int] = best.tolist()
        for person in (best >> 17 > 0).nonzero()[0].tolist():
            points = scores[person]
            _add(
                found.setdefault(columns[person], [0, 0, 0, 0]),
                points >> 17,
                (points >> 1) & 0xFFFF,
                is_haploid=not points & 1,
            )
        return _tally(an, found)


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
    """

    def __init__(self, calls: Calls, an: tuple[int, ...] | None) -> None:
        self.an = an
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
) -> None:
    called = sum(a >= 0 for a in call)
    an[column] += called - 2
    copies = sum(a in indexes for a in call)
    if copies:
        sums = found.setdefault(column, [0, 0, 0, 0])
        _add(sums, copies, called, is_haploid=len(call) == 1)


def _add(sums: list[int], copies: int, called: int, *, is_haploid: bool) -> None:
    """Add one person to AC, homozygous, heterozygous, hemizygous.

    A half call, whose only known copy is the allele, is none of the three.
    """
    sums[0] += copies
    if is_haploid:
        sums[3] += 1
    elif called > copies:
        sums[2] += 1
    elif copies > 1:
        sums[1] += 1


def _tally(an: list[int], found: dict[int, list[int]]) -> Tally:
    carriers = tuple(Carriers(c, *found[c]) for c in sorted(found))
    return Tally(tuple(an), carriers)


def _weights() -> Ints:
    """Return each class's (AN lost, AC, hom, het, hemi), shape ``(18, 5)``.

    The class of a call is ``haploid * 9 + called * 3 + copies``.
    """
    weights = np.zeros((_CLASSES, 5), dtype=np.int64)
    for haploid in (0, 1):
        for called in range(3):
            for copies in range(called + 1):
                sums = [0, 0, 0, 0]
                if copies:
                    _add(sums, copies, called, is_haploid=bool(haploid))
                weights[haploid * 9 + called * 3 + copies] = [2 - called, *sums]
    return weights
