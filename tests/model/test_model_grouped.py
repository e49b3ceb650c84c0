"""Counts of some of the people: exact, whoever is left out or grouped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.counts import AlleleCounts, Carriers, Tally
from beacon.model.grouped import (
    PeopleGroup,
    column_name,
    counts_of,
    members,
    summed,
    tally_without,
)
from beacon.model.people import FULL, UNCALLED, People, Share, Shares, tally_of

if TYPE_CHECKING:
    from collections.abc import Sequence

KINDS = (
    FULL,
    UNCALLED,
    Share(1, 2, het=1),
    Share(2, 2, hom=1),
    Share(1, 1, hemi=1),
    Share(0, 1),
    Share(1, 1),
)


@st.composite
def crowds(draw: st.DrawFn) -> tuple[Shares, list[int], frozenset[int]]:
    """Draw shares, the column of each person, and some of the people."""
    each = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=12))
    column_of = [draw(st.integers(0, 2)) for _ in each]
    some = draw(st.frozensets(st.integers(0, len(each) - 1)))
    return shares_of(each), column_of, some


def shares_of(each: Sequence[Share]) -> Shares:
    """Return the shares of people, the first one's being the usual."""
    others = tuple(
        (kind, tuple(n for n, share in enumerate(each) if share == kind))
        for kind in dict.fromkeys(each)
        if kind != each[0]
    )
    return Shares(each[0], others)


@given(crowds())
def test_leaving_out_is_counting_the_others(
    crowd: tuple[Shares, list[int], frozenset[int]],
) -> None:
    """The tally without some people is the tally of all others."""
    shares, column_of, gone = crowd
    everybody = tally_of(shares, column_of)
    others = tally_of(shares, column_of, set(range(len(column_of))) - gone)

    assert others == tally_without(everybody, shares, column_of, gone)


@given(crowds())
def test_counts_of_people_are_their_tally(
    crowd: tuple[Shares, list[int], frozenset[int]],
) -> None:
    """Counts of some people are the sums of their tally."""
    shares, column_of, some = crowd
    tally = tally_of(shares, column_of, some)
    carriers = tally.carriers or ()

    assert counts_of(shares, some) == AlleleCounts(
        ac=sum(c.ac for c in carriers),
        an=sum(tally.an or ()),
        hom=sum(c.hom or 0 for c in carriers),
        het=sum(c.het or 0 for c in carriers),
        hemi=sum(c.hemi or 0 for c in carriers),
    )


def test_nobody_takes_more_than_there_is() -> None:
    """A tally that the shares do not fit is refused, never made negative."""
    shares = Shares(Share(2, 2, hom=1))

    with pytest.raises(ValueError, match="more than there is"):
        tally_without(Tally((2,), (Carriers(0, 1, 0, 1, 0),)), shares, [0], {0})


PEOPLE = People(
    names=("A", "B", None, "D"),
    samples=(("a",), ("b",), ("c",), ("d",)),
    column_of=(0, 0, 0, 0),
    table={
        "sex": ("F", "M", "F", None),
        "status": ("affected", "affected", "affected", "unaffected"),
    },
)


def test_columns_are_crossed() -> None:
    """Groups are named by their values; the withdrawn are in none."""
    assert members(PEOPLE, ["status", "sex"]) == {
        "affected_F": {0},
        "affected_M": {1},
        "unaffected_unknown": {3},
    }
    assert members(PEOPLE, ["city"]) == {"unknown": {0, 1, 3}}


def test_groups_of_parts_are_summed() -> None:
    """One group over parts; where one part tells nothing, nothing is told."""
    one = AlleleCounts(ac=1, an=2, hom=0, het=1, hemi=0)
    groups = [
        PeopleGroup("M", 1, one),
        PeopleGroup("F", 3, one),
        PeopleGroup("M", 2, AlleleCounts(ac=2, an=4, hom=1, het=0, hemi=0)),
        PeopleGroup("F", 3, None),
    ]

    assert summed(groups) == (
        PeopleGroup("F", 6, None),
        PeopleGroup("M", 3, AlleleCounts(ac=3, an=6, hom=1, het=1, hemi=0)),
    )


@pytest.mark.parametrize(
    ("text", "column"),
    [("Sex", "sex"), ("gender", "sex"), ("pop", "population"), ("city", None)],
)
def test_columns_by_any_name(text: str, column: str | None) -> None:
    """A column is found in any case and by its alias."""
    assert column_name(text, {"sex": 0, "population": 0}) == column
