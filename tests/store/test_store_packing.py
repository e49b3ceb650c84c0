"""Packing: what is read is what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.counts import Carriers, Group, Layout, Tally, group_counts
from beacon.model.structure import Structure
from beacon.store.packing import called, everybody, exists, pack, structure_of, unpack

if TYPE_CHECKING:
    from collections.abc import Callable

LARGE = 3_000_000


@st.composite
def rows(
    draw: Callable[[st.SearchStrategy], object],
) -> tuple[Tally, tuple[str, ...], Layout]:
    """Draw a layout, and a tally that fits it."""
    width = draw(st.integers(1, 40))
    numbers = st.integers(0, LARGE)
    baseline = tuple(draw(st.lists(numbers, min_size=width, max_size=width)))
    an = draw(
        st.none()
        | st.just(baseline)
        | st.lists(numbers, min_size=width, max_size=width).map(tuple)
    )
    some = draw(st.none() | st.sets(st.integers(0, width - 1), max_size=width))
    style = draw(st.sampled_from(["all", "none", "mixed"]))
    carriers = None
    if some is not None:
        carriers = tuple(
            draw(carrier(column, LARGE if an is None else an[column], style))
            for column in sorted(some)
            if an is None or an[column] > 0
        )
    filters = draw(st.lists(st.text(min_size=1), max_size=3).map(tuple))
    held = {c.column for c in carriers or ()}
    free = [column for column in range(width) if column not in held]
    untold = draw(st.sets(st.sampled_from(free))) if free else set()
    tally = Tally(an, carriers, tuple(sorted(untold)))
    return tally, filters, Layout(baseline=baseline, groups=())


@st.composite
def carrier(
    draw: Callable[[st.SearchStrategy], object], column: int, most: int, style: str
) -> Carriers:
    """Draw one column's carriers: no more copies than there are."""
    ac = draw(st.integers(1, most))
    hom = draw(st.integers(0, ac // 2))
    het = draw(st.integers(0, ac - 2 * hom))
    hemi = draw(st.integers(0, ac - 2 * hom - het))
    known = {
        "all": (True, True, True),
        "none": (False, False, False),
        "mixed": draw(st.tuples(st.booleans(), st.booleans(), st.booleans())),
    }[style]
    people = (n if k else None for n, k in zip((hom, het, hemi), known, strict=True))
    return Carriers(column, ac, *people)


MARGINS = st.tuples(st.integers(-LARGE, 0), st.integers(0, LARGE))
STRUCTURES = st.builds(Structure, MARGINS, MARGINS, MARGINS, st.booleans())


@given(rows(), st.none() | STRUCTURES)
def test_what_is_read_is_what_was_written(
    row: tuple[Tally, tuple[str, ...], Layout], structure: Structure | None
) -> None:
    """Unpacking gives the tally, the filters and the structure back."""
    tally, filters, layout = row
    blob = pack(tally, filters, layout, structure)

    assert (tally, filters) == unpack(blob, layout)
    assert structure == structure_of(blob)
    assert (tally.exists and not filters) == exists(blob)


ONE = Layout(baseline=(100,), groups=())


def test_the_usual_rows_are_small() -> None:
    """One heterozygote among people who are all called takes few bytes."""
    ten = Layout(baseline=(500,) * 10, groups=())
    rare = Tally(ten.baseline, (Carriers(7, 1, 0, 1, 0),))

    assert len(pack(rare, (), ten)) == 5
    assert len(pack(Tally((98,), ()), (), ONE)) == 4


@pytest.mark.parametrize(
    "tally",
    [
        Tally((100,), (Carriers(0, 101, 0, 101, 0),)),
        Tally((100,), (Carriers(0, 3, 2, 0, 0),)),
        Tally((100,), (Carriers(0, -1, None, None, None),)),
        Tally((-1,), ()),
        Tally((100, 100), ()),
    ],
)
def test_contradictions_are_refused(tally: Tally) -> None:
    """Counts that contradict themselves cannot be written."""
    with pytest.raises(ValueError, match=r"negative|exceeds|fit"):
        pack(tally, (), ONE)


@given(rows(), st.none() | STRUCTURES)
def test_everybody_is_counted_as_the_tally_is(
    row: tuple[Tally, tuple[str, ...], Layout], structure: Structure | None
) -> None:
    """All columns together are read without making a tally, and are the same."""
    tally, filters, layout = row
    blob = pack(tally, filters, layout, structure)
    every = Group(label="Total", columns=tuple(range(len(layout.baseline))))

    assert everybody(blob, layout) == group_counts(tally, every)
    assert called(blob, layout) == (None if tally.an is None else sum(tally.an))
