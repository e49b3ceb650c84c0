"""Ages and dates are compared as what they are, not as texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.durations import Span, date_of, duration_of

YEAR, DAY = 31_557_600, 86_400
DURATIONS = {
    "P1Y": YEAR,
    "P12M": YEAR,
    "P1Y6M": 1.5 * YEAR,
    "P0.5Y": YEAR / 2,
    "P1,5D": 1.5 * DAY,
    "P3W": 21 * DAY,
    "PT36H": 1.5 * DAY,
    "P1DT30M1.5S": DAY + 1801.5,
    "P40Y1M1D": 40 * YEAR + YEAR / 12 + DAY,
    "P0D": 0,
}
NOT_DURATIONS = (
    "",
    "P",
    "PT",
    "P1",
    "1Y",
    "P-1Y",
    "-P1Y",
    "P1M1Y",
    "p1y",
    "P1DT",
    "P²Y",
)


@pytest.mark.parametrize("text", DURATIONS)
def test_a_duration_is_seconds(text: str) -> None:
    """Each unit has one length: a year is 365.25 days, a month a twelfth of it."""
    assert DURATIONS[text] == duration_of(text)


@pytest.mark.parametrize("text", NOT_DURATIONS)
def test_what_is_no_duration(text: str) -> None:
    """Anything else is none, and never 0."""
    assert duration_of(text) is None


@given(st.integers(0, 200), st.integers(0, 200))
def test_years_are_ordered(one: int, other: int) -> None:
    """P9Y is less than P70Y, whatever the texts look like."""
    assert (one < other) == (duration_of(f"P{one}Y") < duration_of(f"P{other}Y"))


@given(st.integers(0, 99), st.integers(0, 99))
def test_months_make_years(years: int, months: int) -> None:
    """A duration is the sum of its parts, exactly."""
    parts = duration_of(f"P{years}Y{months}M")

    assert duration_of(f"P{12 * years + months}M") == parts


DATES = {
    "1970": (0, 365 * DAY),
    "1970-02": (31 * DAY, 59 * DAY),
    "1970-12": (334 * DAY, 365 * DAY),
    "1970-01-02": (DAY, 2 * DAY),
    "1970-01-01T00:01Z": (60, 120),
    "1970-01-01T00:00:01": (1, 2),
    "1970-01-01T02:00:01+02:00": (1, 2),
}


@pytest.mark.parametrize("text", DATES)
def test_a_date_spans_what_it_names(text: str) -> None:
    """A year, a month, a day, a minute and a second are as long as they are."""
    first, after = DATES[text]

    assert Span(first, after - 0.001) == date_of(text)


@pytest.mark.parametrize(
    "text", ["", "23/4/21", "2021-13", "2021-02-30", "21", "0000", "2021-1-1", "x"]
)
def test_what_is_no_date(text: str) -> None:
    """Anything else is none."""
    assert date_of(text) is None


@pytest.mark.parametrize(
    "text", ["9999", "9999-12-31", "0001", "2021-01-01T00:00:00.5Z"]
)
def test_the_edges_of_the_calendar(text: str) -> None:
    """The first and the last date are dates, too, and moments may have fractions."""
    assert date_of(text) is not None
