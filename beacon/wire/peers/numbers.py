"""Counts that a peer tells: believed only where they can all be true.

A frequency is never read, and nothing is computed out of counts that may mean
something else; what is not believed is left out and said in a warning.
"""

from __future__ import annotations

from typing import NamedTuple

from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import GroupDisclosure
from beacon.wire.peers.plain import Members, items, members, text, whole, word

TOTAL = "Total"
IMPOSSIBLE = "Its counts cannot all be true and are left out."
OF_PEOPLE = "Its numbers of people do not fit its allele count and are left out."
MAY_BE_CARRIERS = (
    "Its allele count may count carriers: it is the sum of its homozygous and"
    " heterozygous counts."
)
SEVERAL_SOURCES = "It names several sources of frequencies; only the first is shown."
_LONGEST_LABEL = 40
_MOST_GROUPS = 200


class People(NamedTuple):
    """How many people carry an allele how, as far as a peer's numbers tell."""

    hom: int | None = None
    het: int | None = None
    hemi: int | None = None
    warning: str | None = None


class Counted(NamedTuple):
    """Counts by group, ``Total`` first, and what is to be known of them."""

    groups: tuple[GroupDisclosure, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def total(self) -> AlleleCounts | None:
        """Everybody together; never a sum of groups, which may share people."""
        first = self.groups[0] if self.groups else None
        return first.counts if first is not None and first.label == TOTAL else None


def people_counts(said: Members) -> tuple[AlleleCounts | None, str | None]:
    """Return the counts a result set of ours tells in its ``info``, and a warning."""
    ac, an = whole(said.get("alleleCount")), whole(said.get("alleleNumber"))
    people = People(
        whole(said.get("homozygous")),
        whole(said.get("heterozygous")),
        whole(said.get("hemizygous")),
    )
    return _believed(ac, an, people)


def _believed(
    ac: int | None, an: int | None, people: People
) -> tuple[AlleleCounts | None, str | None]:
    if ac is None and an is None:
        return None, people.warning
    if ac is not None and an is not None and ac > an:
        return None, IMPOSSIBLE
    if an is not None and 2 * (people.hom or 0) > an:
        people = People(warning=OF_PEOPLE)
    try:
        counts = AlleleCounts(
            ac=ac, an=an, hom=people.hom, het=people.het, hemi=people.hemi
        )
    except ValueError:
        return AlleleCounts(ac=ac, an=an), OF_PEOPLE
    return counts, people.warning


def frequencies(record: Members) -> Counted:
    """Return the counts by population that one variant record tells."""
    sources = [
        rows
        for source in items(record.get("frequencyInPopulations"))
        if (rows := _rows(members(source)))
    ]
    if not sources:
        return Counted()
    warnings = [SEVERAL_SOURCES] if len(sources) > 1 else []
    found: dict[str, GroupDisclosure] = {}
    for row in sources[0][:_MOST_GROUPS]:
        label = _label(row)
        counts, warning = _row_counts(row)
        if warning is not None:
            warnings.append(warning)
        if label is not None and counts is not None:
            found.setdefault(label, GroupDisclosure(label=label, counts=counts))
    ordered = sorted(found.values(), key=lambda group: group.label != TOTAL)
    return Counted(tuple(ordered), tuple(dict.fromkeys(warnings)))


def _rows(source: Members) -> list[Members]:
    """Return a source's rows; one deployed node calls them ``populations``."""
    rows = items(source.get("frequencies")) or items(source.get("populations"))
    return [row for row in rows if isinstance(row, dict)]


def _label(row: Members) -> str | None:
    said = row.get("population")
    return TOTAL if word(said) == TOTAL.lower() else text(said, _LONGEST_LABEL)


def _row_counts(row: Members) -> tuple[AlleleCounts | None, str | None]:
    ac, an = whole(row.get("alleleCount")), whole(row.get("alleleNumber"))
    return _believed(ac, an, _people(row, ac))


def _people(row: Members, ac: int | None) -> People:
    """Return the people of a row: as told, or as its allele counts give them.

    ``alleleCountHomozygous`` is two for each homozygote where it is used as meant,
    and people where it is not.  Where both may be, neither is computed with.
    """
    told = _three(row, "genotype")
    if any(number is not None for number in told):
        return People(*told)
    copies, het, hemi = _three(row, "alleleCount")
    if not copies:
        return People(copies, het, hemi)
    if ac is None or het is None:
        return People(het=het, hemi=hemi)
    others = het + (hemi or 0)
    if ac == copies + others:
        return People(het=het, hemi=hemi, warning=MAY_BE_CARRIERS)
    if ac == 2 * copies + others:
        return People(copies, het, hemi)
    return People(warning=OF_PEOPLE)


def _three(row: Members, counted: str) -> tuple[int | None, int | None, int | None]:
    return (
        whole(row.get(f"{counted}Homozygous")),
        whole(row.get(f"{counted}Heterozygous")),
        whole(row.get(f"{counted}Hemizygous")),
    )
