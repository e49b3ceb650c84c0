"""Counts of some of the people: without a few, or by what is told of them.  Pure.

Both are sums of shares (``model.people``), so that they agree with the tally to
the last copy: the groups of a column, its unknown ones included, add up to the
tally, and the tally without somebody is what a load without them counts.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.counts import AlleleCounts, Carriers, Tally
from beacon.model.people import Share, Shares

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from beacon.model.people import People

UNKNOWN = "unknown"
"""The group of people whose value in a column is not known."""


class PeopleGroup(NamedTuple):
    """What the people of one group carry of an allele.

    Attributes:
        label: their values in the columns asked for, as ``affected_F``.
        people: how many they are, called or not.
        counts: their copies; ``None`` where nobody is told of one by one.
    """

    label: str
    people: int
    counts: AlleleCounts | None


def tally_without(
    tally: Tally, shares: Shares, column_of: Sequence[int], gone: Collection[int]
) -> Tally:
    """Return a tally of genotypes less what some people add to it.

    Raises:
        ValueError: when they would take more than is there.
    """
    an = list(tally.an or ())
    sums: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for carriers in tally.carriers or ():
        sums[carriers.column] = [number or 0 for number in carriers[1:]]
    for person in gone:
        share, column = shares.of(person), column_of[person]
        an[column] -= share.an
        if share.ac:
            taken = (share.ac, share.hom, share.het, share.hemi)
            left = zip(sums[column], taken, strict=True)
            sums[column] = [total - part for total, part in left]
    if any(n < 0 for numbers in (an, *sums.values()) for n in numbers):
        message = f"{len(gone)} people take more than there is from {tally}"
        raise ValueError(message)
    kept = tuple(Carriers(c, *sums[c]) for c in sorted(sums) if sums[c][0])
    return tally._replace(
        an=None if tally.an is None else tuple(an),
        carriers=None if tally.carriers is None else kept,
    )


def called_only(shares: Shares) -> Shares:
    """Return shares as a site has them: who is called there, and nobody carries."""
    others: dict[Share, list[int]] = defaultdict(list)
    for share, people in shares.others:
        others[Share(0, share.an)].extend(people)
    usual = Share(0, shares.usual.an)
    return Shares(usual, tuple((s, sorted(n)) for s, n in others.items()))


def counts_of(shares: Shares, people: Collection[int]) -> AlleleCounts:
    """Return the counts of some people together."""
    total, named = [0] * len(Share._fields), 0
    for share, numbers in shares.others:
        count = sum(number in people for number in numbers)
        named += count
        _add(total, share, count)
    _add(total, shares.usual, len(people) - named)
    ac, an, hom, het, hemi = total
    return AlleleCounts(ac=ac, an=an, hom=hom, het=het, hemi=hemi)


def _add(total: list[int], share: Share, times: int) -> None:
    for place, value in enumerate(share):
        total[place] += value * times


def members(people: People, columns: Sequence[str]) -> dict[str, frozenset[int]]:
    """Return the people by their values in some columns, without who is withdrawn.

    Who lacks a value, or whose table lacks the column, is of group ``unknown``.
    """
    found: dict[str, set[int]] = defaultdict(set)
    nobody = (None,) * len(people.names)
    told = [people.table.get(column, nobody) for column in columns]
    for number, name in enumerate(people.names):
        if name is not None:
            values = (column[number] for column in told)
            label = "_".join(UNKNOWN if value is None else value for value in values)
            found[label].add(number)
    return {label: frozenset(found[label]) for label in sorted(found)}


def summed(groups: Iterable[PeopleGroup]) -> tuple[PeopleGroup, ...]:
    """Return groups of several parts as one list, those of one label summed.

    Where one part tells nothing of its people, nothing is told of their group.
    """
    found: dict[str, list[PeopleGroup]] = defaultdict(list)
    for group in groups:
        found[group.label].append(group)
    return tuple(
        PeopleGroup(label, sum(g.people for g in same), _sum([g.counts for g in same]))
        for label, same in sorted(found.items())
    )


def _sum(counts: Sequence[AlleleCounts | None]) -> AlleleCounts | None:
    known = [c for c in counts if c is not None]
    if len(known) < len(counts):
        return None
    return AlleleCounts(
        ac=sum(c.ac or 0 for c in known),
        an=sum(c.an or 0 for c in known),
        hom=sum(c.hom or 0 for c in known),
        het=sum(c.het or 0 for c in known),
        hemi=sum(c.hemi or 0 for c in known),
    )


def column_name(text: str, known: Collection[str]) -> str | None:
    """Return the column that is meant, by its name in any case or its alias."""
    name = text.strip().lower()
    name = _ALIASES.get(name, name)
    return name if name in known else None


_ALIASES = {"gender": "sex", "pop": "population"}
