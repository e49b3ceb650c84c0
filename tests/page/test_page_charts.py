"""Charts are drawn to scale, well-formed, and say nothing by themselves."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from beacon.model.counts import AlleleCounts
from beacon.page.addresses import dataset_path
from beacon.page.charts import (
    Bar,
    Column,
    Track,
    bars_svg,
    decades,
    histogram_svg,
    track_svg,
)
from beacon.page.population_svg import decades_of, drawn_of, populations_svg
from beacon.page.verdict import Population, frequency_of
from beacon.page.words import fixed

DRAWN = {"svg", "rect", "path", "line", "text", "title", "circle"}
COUNTS = st.integers(0, 10_000_000)
SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=300)


def _elements(drawn: str) -> list[ET.Element]:
    return list(ET.fromstring(drawn).iter())  # noqa: S314 - our own


def _is_plain(drawn: str) -> bool:
    names = {each.tag for each in _elements(drawn)}
    return names <= DRAWN and "style=" not in drawn and "href" not in drawn


@given(st.lists(COUNTS, min_size=1, max_size=30), st.text("<&\"'aÅ", max_size=9))
def test_bars_are_as_long_as_their_numbers(values, name):
    """The largest fills the width; none is shorter than one with a smaller number."""
    drawn = bars_svg([Bar(name, value, str(value)) for value in values], name)
    bars = [e for e in _elements(drawn) if e.get("class") == "bar"]
    widths = [float(bar.get("width").rstrip("%")) for bar in bars]
    texts = [e.text or "" for e in _elements(drawn) if e.tag == "text"]

    assert _is_plain(drawn)
    assert max(widths) == (100 if any(values) else 0)
    assert all(
        (width > 0) == (value > 0) for width, value in zip(widths, values, strict=True)
    )
    assert sorted(zip(values, widths, strict=True)) == list(
        zip(sorted(values), sorted(widths), strict=True)
    )
    assert texts == [text for value in values for text in (name, str(value))]


@given(st.lists(COUNTS, min_size=1, max_size=20))
def test_a_histogram_has_a_column_for_each_number(values):
    """As high as it is large, side by side, within the picture."""
    columns = [
        Column(1 << at, 2 << at, value, str(value)) for at, value in enumerate(values)
    ]
    ticks = [(count, str(count)) for count in decades(1, 2 << len(values))]
    drawn = histogram_svg(columns, ticks, "most", "label")
    bars = [e for e in _elements(drawn) if e.get("class") == "bar"]
    places = [float(bar.get("x").rstrip("%")) for bar in bars]
    ends = [
        at + float(bar.get("width").rstrip("%"))
        for at, bar in zip(places, bars, strict=True)
    ]

    assert _is_plain(drawn)
    after = [*places[1:], 100.0][: len(ends)]
    assert [bar[0].text for bar in bars] == [str(v) for v in values if v]
    assert all(a <= b + 0.01 for a, b in zip(ends, after, strict=True))
    assert all(0 <= a < b <= 100.01 for a, b in zip(places, ends, strict=True))


@given(SHARES, st.booleans())
def test_a_track_stays_within_its_contig(values, is_covered):
    """A run of one height is one step; the last window ends where the contig does."""
    track = Track(
        share=0.5,
        windows=len(values) - 0.5,
        values=values,
        covered=values if is_covered else None,
    )
    drawn = track_svg(track, "label")
    outline = next(e for e in _elements(drawn) if e.get("class") == "bar").get("d")
    heights = [float(number) for number in re.findall(r"V([\d.]+)", outline)]
    widths = [float(number) for number in re.findall(r"H([\d.]+)", outline)]

    assert _is_plain(drawn)
    assert all(0 <= height <= 30 for height in heights)
    assert widths == sorted(widths)
    assert widths[-1] == len(values) - 0.5
    assert ('class="covered"' in drawn) is is_covered


def _population(at: int, ac: int, an: int, **more: bool) -> Population:
    counts = AlleleCounts(ac=min(ac, an), an=an)
    return Population(
        label=f"group-{at}",
        counts=counts,
        frequency=frequency_of(counts, is_exact=more.pop("is_exact", True)),
        faf=None,
        is_few=an < 2000,
        is_of_a_sex=more.pop("is_of_a_sex", False),
    )


@given(
    st.lists(
        st.tuples(st.integers(0, 5_000), st.integers(0, 100_000), st.booleans()),
        max_size=60,
    )
)
def test_populations_are_on_one_axis(told):
    """Each that can be compared has a row; no dot lies outside the picture."""
    populations = [
        _population(at, ac, an, is_exact=is_exact)
        for at, (ac, an, is_exact) in enumerate(told)
    ]
    shown = drawn_of(populations)
    drawn = populations_svg(populations, "label", fixed)
    if not shown:
        assert drawn == ""
        return
    elements = _elements(drawn)
    names = [e.text for e in elements if e.get("class") == "name"]
    dots = [e for e in elements if e.tag == "circle"]
    places = [float(e.get("cx").rstrip("%")) for e in dots]
    seen = [one for one in shown if one.frequency.share]

    assert _is_plain(drawn)
    assert names == [one.label for one in shown]
    assert len(dots) == len(seen)
    assert all(26 <= place <= 97 for place in places)
    assert 2 <= decades_of([one.frequency for one in shown]) <= 6


def test_groups_of_one_sex_are_left_to_the_table():
    """Their people are in the other groups, too."""
    both = [_population(0, 3, 100), _population(1, 2, 100)]
    women = [_population(2, 1, 50, is_of_a_sex=True)]

    assert drawn_of([*both, *women]) == both
    assert drawn_of([*both[:1], *women]) == []


def test_the_path_of_a_dataset_is_quoted():
    """Whatever its id is made of."""
    assert dataset_path("a b/ö") == "/d/a%20b%2F%C3%B6"
