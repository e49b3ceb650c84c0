"""Counts that cannot contradict themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.counts import AlleleCounts, Carriers, Group, Tally, group_counts


@given(an=st.integers(0, 1000), more=st.integers(1, 1000))
def test_ac_above_an_is_refused(an: int, more: int) -> None:
    """More copies of an allele than copies called are no counts."""
    with pytest.raises(ValueError, match="exceeds AN"):
        AlleleCounts(ac=an + more, an=an)


@given(ac=st.integers(0, 1000), more=st.integers(0, 1000))
def test_frequency_is_a_fraction(ac: int, more: int) -> None:
    """A frequency lies between 0 and 1, and is unknown for AN 0."""
    frequency = AlleleCounts(ac=ac, an=ac + more).frequency

    assert (frequency is None) == (ac + more == 0)
    assert frequency is None or 0 <= frequency <= 1


def test_people_cannot_carry_more_copies_than_there_are() -> None:
    """Two homozygotes need four copies."""
    with pytest.raises(ValueError, match="people carry"):
        AlleleCounts(ac=3, an=10, hom=2)


def test_a_negative_count_is_refused() -> None:
    """No count is below zero."""
    with pytest.raises(ValueError, match="negative"):
        AlleleCounts(ac=1, an=10, het=-1)


def test_a_group_is_the_sum_of_its_columns() -> None:
    """Only the group's own columns are counted."""
    carriers = (Carriers(0, 2, 1, 0, 0), Carriers(2, 1, 0, 1, 0))
    tally = Tally(an=(4, 6, 8), carriers=carriers)

    expected = AlleleCounts(ac=2, an=10, hom=1, het=0, hemi=0)
    assert expected == group_counts(tally, Group(label="A", columns=(0, 1)))


def test_unknown_counts_stay_unknown() -> None:
    """A source without counts gives no AC, and none is made up."""
    tally = Tally(an=None, carriers=None)

    expected = AlleleCounts(ac=None, an=None)
    assert expected == group_counts(tally, Group(label="Total", columns=(0,)))
