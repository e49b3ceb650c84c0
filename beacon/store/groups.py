"""What the groups of a dataset's people must add up to, and what they rest on.  Pure.

A group's counts are told only where those of all groups together are the counts
that the dataset answers with.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from beacon.model.people import FULL, UNCALLED, Share, Shares

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from beacon.model.findings import DatasetFindings
    from beacon.model.grouped import PeopleGroup
    from beacon.model.people import People
    from beacon.model.variant import Allele
    from beacon.store.lookup import Shelf

_Row = tuple["Allele", "Mapping[str, bytes]"]
"""What a row is about, and what it holds."""


def basis_of(shelf: Shelf, found: DatasetFindings, rows: Sequence[_Row]) -> _Row | None:
    """Return the row that an answer rests on: the allele's, or one of its place."""
    for allele, counts in rows:
        read = shelf.rows.read(counts)
        if read is None:
            continue
        place = found.place
        if found.variants:
            is_it = _spelled(allele) == _spelled(found.variants[0].allele)
        elif place is None or not place.has_record or read[1]:
            is_it = False
        else:
            is_it = totals(shelf, counts)[1] == place.an
        if is_it:
            return allele, counts
    return None


def _spelled(allele: Allele) -> tuple[int, int, str, str]:
    return allele.start, allele.end, allele.reference, allele.alternate


def totals(shelf: Shelf, counts: Mapping[str, bytes]) -> tuple[int, int]:
    """Return AC and AN of everybody in a row."""
    read = shelf.rows.read(counts)
    if read is None:
        return 0, 0
    tally = read[0]
    return sum(c.ac for c in tally.carriers or ()), sum(tally.an or ())


def adding_up(
    groups: Sequence[PeopleGroup], expected: tuple[int, int]
) -> tuple[PeopleGroup, ...]:
    """Return groups with their counts where AC and AN add up to what is expected."""
    told = [group.counts for group in groups if group.counts is not None]
    sums = sum(c.ac or 0 for c in told), sum(c.an or 0 for c in told)
    if len(told) == len(groups) and sums == expected:
        return tuple(groups)
    return tuple(group._replace(counts=None) for group in groups)


def by_blocks(
    an: Sequence[int] | None, people: People, gone: Collection[int]
) -> Shares | None:
    """Return what blocks say of each person, but those left out of them.

    ``None`` where only some people of a column are covered: which is not read.
    """
    if an is None:
        return None
    here = [n for n, name in enumerate(people.names) if name and n not in gone]
    sizes = Counter(people.column_of[n] for n in here)
    if any(copies not in (0, FULL.an * sizes[c]) for c, copies in enumerate(an)):
        return None
    covered = [n for n in here if an[people.column_of[n]]]
    return Shares(UNCALLED, ((FULL, covered),))


def regional(an: Sequence[int] | None, people: People) -> Shares | None:
    """Return what coverage says of each person; ``None`` where it does not.

    The people of a column are of one sex, so each has as many copies there.
    """
    if an is None:
        return None
    here = [n for n, name in enumerate(people.names) if name is not None]
    sizes = Counter(people.column_of[n] for n in here)
    if any(copies % sizes.get(column, 1) for column, copies in enumerate(an)):
        return None
    others = tuple(
        (
            Share(0, an[column] // size),
            [n for n in here if people.column_of[n] == column],
        )
        for column, size in sorted(sizes.items())
    )
    return Shares(UNCALLED, others)
