"""Which counts of groups of people may stand beside each other.  Pure.

A row that is too small is hidden, and so is whatever it could be worked out from.
Shown is one division of all people at a time, each part of which is large enough
(or has no people), or every group where the finest division is: then whatever is
added or taken away, each sum is of large parts.  Otherwise only ``Total``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.counts import AlleleCounts, group_counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from beacon.model.counts import Group, Layout, Tally

_SEXES = frozenset({"F", "M", "FEMALE", "MALE", "XX", "XY"})


class Ploidy(NamedTuple):
    """Which people by zygosity cannot be, on a contig.

    Attributes:
        hom: that carry nothing else.
        het: that carry it beside another.
        hemi: of one copy.
    """

    hom: bool = False
    het: bool = False
    hemi: bool = False


ANY = Ploidy()
DIPLOID = Ploidy(hemi=True)
HAPLOID = Ploidy(hom=True, het=True)


def ploidy_of(contig: str | None) -> Ploidy:
    """Return what cannot be on a contig; ``None``: of several."""
    if contig == "Y":
        return HAPLOID
    return DIPLOID if contig is not None and contig.isdigit() else ANY


def without_few(counts: AlleleCounts, least: int, ploidy: Ploidy) -> AlleleCounts:
    """Return counts without people by zygosity, where any of them are too few.

    None are too few where there can be none; copies of nobody that is told of (half
    calls) are people, too, and may be none.
    """
    if least <= 1 or (counts.hom, counts.het, counts.hemi) == (None, None, None):
        return counts
    people = zip((counts.hom, counts.het, counts.hemi), ploidy, strict=True)
    is_large = all(
        number is None or number >= least or (number == 0 and cannot_be)
        for number, cannot_be in people
    )
    if is_large and _rest_is_large(counts, least):
        return counts
    return AlleleCounts(ac=counts.ac, an=counts.an)


def _rest_is_large(counts: AlleleCounts, least: int) -> bool:
    """Whether the copies of people not told of are many, or none at all."""
    told = 2 * (counts.hom or 0) + (counts.het or 0) + (counts.hemi or 0)
    rest = (counts.ac or 0) - told
    return rest >= least or (rest == 0 and None not in (counts.hom, counts.het))


def are_many(counts: AlleleCounts, least: int, ploidy: Ploidy) -> bool:
    """Whether nothing of a part's people by zygosity has to be left out."""
    return counts.an == 0 or without_few(counts, least, ploidy) == counts


class Shown(NamedTuple):
    """Groups that may be shown beside each other.

    Attributes:
        groups: ``Total`` first.
        parts: counts of the parts that all people were divided into for that.
    """

    groups: tuple[Group, ...]
    parts: tuple[AlleleCounts, ...] = ()


def shown_groups(layout: Layout, tally: Tally, least: int, *, of_people: bool) -> Shown:
    """Return the groups whose counts may be shown of an allele.

    Args:
        layout: the columns, and every group of them.
        tally: the allele's counts by column.
        least: copies of it that a part must have.
        of_people: whether columns are of people who do not overlap; otherwise each
            group is what a file says it is.
    """
    if least <= 1:
        return Shown(layout.groups)
    divide = _of_columns if of_people else _of_labels
    return divide(layout, tally, least)


def _is_large(counts: AlleleCounts, least: int) -> bool:
    """Whether a part has copies enough, or none that were called."""
    return counts.an == 0 or (counts.ac or 0) >= least


def _of_columns(layout: Layout, tally: Tally, least: int) -> Shown:
    total, *others = layout.groups

    def parts_of(division: Iterable[Iterable[int]]) -> tuple[AlleleCounts, ...]:
        return tuple(
            group_counts(tally, replace(total, columns=tuple(sorted(columns))))
            for columns in division
            if columns
        )

    finest = parts_of((column,) for column in total.columns)
    if all(_is_large(part, least) for part in finest):
        return Shown(layout.groups, finest)
    for family in _families(others):
        mine = [group.columns for group in family]
        rest = set(total.columns).difference(*mine)
        parts = parts_of((*mine, rest))
        if all(_is_large(part, least) for part in parts):
            return Shown((total, *family), parts)
    return Shown((total,))


def _families(groups: Sequence[Group]) -> list[list[Group]]:
    """Return groups in lists of such as share nobody, in their order."""
    families: list[list[Group]] = []
    for group in groups:
        mine = frozenset(group.columns)
        for family in families:
            if all(mine.isdisjoint(other.columns) for other in family):
                family.append(group)
                break
        else:
            families.append([group])
    return families


def _of_labels(layout: Layout, tally: Tally, least: int) -> Shown:
    """Return the groups of counts that a file declares, by what their labels say."""
    total, *others = layout.groups
    known = {group.label: group_counts(tally, group) for group in layout.groups}
    crossed = [g for g in others if _sex_of(g.label) and "_" in g.label]
    sexes = [g for g in others if _sex_of(g.label) and "_" not in g.label]
    rest = [g for g in others if not _sex_of(g.label)]

    def divided(family: Sequence[Group]) -> tuple[AlleleCounts, ...]:
        parts = [known[group.label] for group in family]
        left = _less(known[total.label], parts)
        if not parts or left is None:
            return ()
        every = (*parts, left)
        return every if all(_is_large(part, least) for part in every) else ()

    finest = divided(crossed)
    if finest and _adds_up(known, total, crossed, [*rest, *sexes]):
        return Shown(layout.groups, finest)
    for family in (rest, sexes, crossed):
        parts = divided(family)
        if parts:
            return Shown((total, *family), parts)
    return Shown((total,))


def _sex_of(label: str) -> str | None:
    """Return the sex at the end of a label, if there is one."""
    last = label.rpartition("_")[2]
    return last if last.upper() in _SEXES else None


def _less(whole: AlleleCounts, parts: Sequence[AlleleCounts]) -> AlleleCounts | None:
    """Return what parts leave of a whole; ``None``: they are no parts of it."""
    acs, ans = [p.ac for p in parts], [p.an for p in parts]
    if None in (*acs, *ans, whole.ac, whole.an):
        return None
    ac = (whole.ac or 0) - sum(n or 0 for n in acs)
    an = (whole.an or 0) - sum(n or 0 for n in ans)
    if not 0 <= ac <= an:
        return None
    # Nobody is told of one by one; that is as good as too few.
    return AlleleCounts(ac=ac, an=an, hom=0, het=0, hemi=0)


def _adds_up(
    known: dict[str, AlleleCounts],
    total: Group,
    crossed: Sequence[Group],
    others: Sequence[Group],
) -> bool:
    """Whether every group is a sum of the finest ones, to the last copy."""
    left = _less(known[total.label], [known[g.label] for g in crossed])
    if left is None or left.an != 0:
        return False
    for group in others:
        mine = [known[c.label] for c in crossed if _is_part(c.label, group.label)]
        rest = _less(known[group.label], mine)
        if not mine or rest is None or rest.an != 0:
            return False
    return True


def _is_part(crossed: str, label: str) -> bool:
    head, _, sex = crossed.rpartition("_")
    return label in (head, sex)
