"""C6: no hidden cell follows from any linear combination of what is shown.

Exact rational arithmetic over 1,000 random cohorts; the check knows nothing of how
groups are chosen, only of what was shown and of who is in which column.
"""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import product

import pytest

from beacon.model.counts import AlleleCounts, Carriers, Group, Layout, Tally
from beacon.model.grouping import grouped
from beacon.policy.suppression import (
    ANY,
    DIPLOID,
    HAPLOID,
    Ploidy,
    ploidy_of,
    shown_groups,
    without_few,
)

COHORTS = 1000
LEAST = 10
Row = tuple[int, ...]


def spans(rows: list[Row], wanted: Row) -> bool:
    """Whether a row is a linear combination of others, exactly."""
    basis: list[list[Fraction]] = []

    def reduced(row: Row | list[Fraction]) -> list[Fraction]:
        left = [Fraction(x) for x in row]
        for known in basis:
            lead = next(i for i, x in enumerate(known) if x)
            factor = left[lead] / known[lead]
            left = [a - factor * b for a, b in zip(left, known, strict=True)]
        return left

    for row in rows:
        rest = reduced(row)
        if any(rest):
            basis.append(rest)
    return not any(reduced(wanted))


def cohort(rng: random.Random) -> tuple[Layout, Tally]:
    """Return a random cohort's columns and an allele's counts in them."""
    populations = rng.sample(["DK", "FI", "NO", "SE"], rng.randint(1, 4))
    kinds = [
        (sex, population)
        for sex, population in product(("F", "M", None), (*populations, None))
        if rng.random() < 0.7
    ] or [("F", populations[0])]
    people = [rng.choice([3, 30, 300, 3000]) for _ in kinds]
    layout = Layout(
        baseline=tuple(2 * n for n in people),
        groups=grouped(kinds, ()),
        kinds=tuple(kinds),
    )
    frequency = rng.choice([0.001, 0.02, 0.1, 0.4])
    an = tuple(0 if rng.random() < 0.05 else 2 * n for n in people)
    ac = [sum(rng.random() < frequency for _ in range(min(n, 200))) for n in an]
    carriers = tuple(Carriers(column, n, 0, n, 0) for column, n in enumerate(ac) if n)
    return layout, Tally(an=an, carriers=carriers)


def indicator(group: Group, layout: Layout) -> Row:
    """Return a group as a row over the columns."""
    return tuple(int(c in group.columns) for c in range(len(layout.baseline)))


def count(tally: Tally, row: Row) -> tuple[int, int]:
    """Return the AC and the AN of some columns."""
    acs = {c.column: c.ac for c in tally.carriers or ()}
    chosen = [c for c, is_in in enumerate(row) if is_in]
    return sum(acs.get(c, 0) for c in chosen), sum((tally.an or ())[c] for c in chosen)


def cells(layout: Layout) -> list[Row]:
    """Return all that must not follow: columns, groups, and who is in none of them."""
    size = len(layout.baseline)
    columns = [tuple(int(i == c) for i in range(size)) for c in range(size)]
    groups = [indicator(group, layout) for group in layout.groups]
    rests = [
        tuple(a - b for a, b in zip(one, other, strict=True))
        for one in groups
        for other in groups
        if all(a >= b for a, b in zip(one, other, strict=True)) and one != other
    ]
    return [*columns, *groups, *rests]


def test_no_hidden_cell_follows_from_what_is_shown() -> None:
    """C6: over 1,000 cohorts, whatever is derivable is large, or of nobody called."""
    rng = random.Random(7)  # noqa: S311 - cohorts are drawn again alike
    finer = 0
    for _ in range(COHORTS):
        layout, tally = cohort(rng)
        shown = shown_groups(layout, tally, LEAST, of_people=True)
        rows = [indicator(group, layout) for group in shown.groups]
        finer += len(rows) > 1
        if count(tally, rows[0])[0] < LEAST:
            continue  # not even all together are told
        for cell in cells(layout):
            ac, an = count(tally, cell)
            if an and ac < LEAST:
                assert not spans(rows, cell), (layout.groups, tally, shown)

    assert finer > COHORTS // 10


def test_the_check_finds_what_is_not_suppressed() -> None:
    """With every group shown, hidden cells do follow: the check is no formality."""
    rng = random.Random(7)  # noqa: S311 - cohorts are drawn again alike
    broken = 0
    for _ in range(50):
        layout, tally = cohort(rng)
        rows = [indicator(group, layout) for group in layout.groups]
        small = [c for c in cells(layout) if 0 <= count(tally, c)[0] < LEAST]
        broken += any(spans(rows, cell) for cell in small if count(tally, cell)[1])

    assert broken > 25


def test_only_small_rows_would_be_worked_out() -> None:
    """A row that alone is hidden follows from the total: all are hidden with it."""
    layout = Layout(
        baseline=(200, 200),
        groups=(
            Group(label="Total", columns=(0, 1)),
            Group(label="SE", columns=(0,)),
            Group(label="DK", columns=(1,)),
        ),
    )
    few = Tally(an=(200, 200), carriers=(Carriers(0, 40, 0, 40, 0),))
    many = Tally(
        an=(200, 200), carriers=(Carriers(0, 40, 0, 40, 0), Carriers(1, 10, 0, 10, 0))
    )

    assert labels(layout, few) == ["Total"]
    assert labels(layout, many) == ["Total", "SE", "DK"]


def labels(layout: Layout, tally: Tally, *, of_people: bool = True) -> list[str]:
    """Return the labels of the groups that are shown."""
    shown = shown_groups(layout, tally, LEAST, of_people=of_people)
    return [group.label for group in shown.groups]


def declared(**acs: int) -> tuple[Layout, Tally]:
    """Return counts that a file declares, with an AN of ten for each copy."""
    layout = Layout(
        baseline=(0,) * len(acs),
        groups=tuple(Group(label=n, columns=(i,)) for i, n in enumerate(acs)),
    )
    carriers = tuple(
        Carriers(i, n, None, None, None) for i, n in enumerate(acs.values())
    )
    an = tuple(10 * n for n in acs.values())
    return layout, Tally(an=an, carriers=tuple(c for c in carriers if c.ac))


@pytest.mark.parametrize(
    ("acs", "expected"),
    [
        ({"Total": 40, "SE": 20, "DK": 20}, ["Total", "SE", "DK"]),
        ({"Total": 40, "SE": 20, "DK": 15}, ["Total"]),
        ({"Total": 40, "SE": 35}, ["Total"]),
        ({"Total": 40, "SE": 25}, ["Total", "SE"]),
        ({"Total": 40, "SE": 30, "DK": 30}, ["Total"]),
        ({"Total": 40, "SE": 20, "DK": 20, "F": 20, "M": 20}, ["Total", "SE", "DK"]),
        (
            {"Total": 40, "SE": 40, "F": 20, "M": 20, "SE_F": 20, "SE_M": 20},
            ["Total", "SE", "F", "M", "SE_F", "SE_M"],
        ),
        ({"Total": 40, "SE": 40, "F": 20, "M": 20, "SE_F": 20}, ["Total", "SE"]),
    ],
)
def test_counts_that_a_file_declares_are_divided_by_their_labels(
    acs: dict[str, int], expected: list[str]
) -> None:
    """What does not add up is shown as a total alone."""
    layout, tally = declared(**acs)

    assert labels(layout, tally, of_people=False) == expected


def test_without_a_least_every_group_is_shown() -> None:
    """A profile that hides no rows hides none."""
    layout, tally = cohort(random.Random(1))  # noqa: S311 - likewise

    assert shown_groups(layout, tally, 1, of_people=True).groups == layout.groups


@pytest.mark.parametrize(
    ("hom", "het", "hemi", "rest", "ploidy", "is_told"),
    [
        (10, 10, 0, 0, DIPLOID, True),
        (10, 10, 0, 0, ANY, False),
        (9, 30, 0, 0, DIPLOID, False),
        (0, 30, 0, 0, DIPLOID, False),
        (10, 10, 1, 0, DIPLOID, False),
        (10, 10, 0, 3, DIPLOID, False),
        (10, 10, 0, 10, DIPLOID, True),
        (0, 0, 30, 0, HAPLOID, True),
        (10, 10, 10, 0, ANY, True),
        (15, None, None, 0, DIPLOID, False),
        (15, None, None, 5, DIPLOID, False),
        (15, None, None, 10, DIPLOID, True),
    ],
)
def test_people_by_zygosity_are_told_together_or_not_at_all(
    hom: int,
    het: int | None,
    hemi: int | None,
    rest: int,
    ploidy: Ploidy,
    is_told: bool,
) -> None:
    """Each is many or impossible, and so is what the others leave of the copies."""
    ac = 2 * hom + (het or 0) + (hemi or 0) + rest
    counts = AlleleCounts(ac=ac, an=1000, hom=hom, het=het, hemi=hemi)
    told = without_few(counts, LEAST, ploidy)

    assert (told == counts) == is_told
    assert (told.ac, told.an) == (ac, 1000)


@pytest.mark.parametrize(
    ("contig", "ploidy"),
    [
        ("1", DIPLOID),
        ("22", DIPLOID),
        ("X", ANY),
        ("Y", HAPLOID),
        ("MT", ANY),
        (None, ANY),
    ],
)
def test_what_cannot_be_follows_from_the_contig(
    contig: str | None, ploidy: Ploidy
) -> None:
    """Of several contigs anything can be."""
    assert ploidy_of(contig) == ploidy
