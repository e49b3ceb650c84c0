"""Values made in a mould are those that ``replace`` makes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.counts import AlleleCounts
from beacon.model.mould import Mould
from beacon.model.query import Granularity, Query

NAMES = st.lists(st.text(max_size=3), max_size=2).map(tuple)


@given(NAMES, NAMES, st.sampled_from(Granularity), st.text(max_size=3))
def test_a_cast_is_what_replace_gives(
    datasets: tuple[str, ...], warnings: tuple[str, ...], level: Granularity, text: str
) -> None:
    """Fields that vary are as given, all others are the model's."""
    model = Query(datasets=datasets, granularity=level)
    made = Mould(model, "warnings", "assembly").cast(warnings, text)

    assert made == replace(model, warnings=warnings, assembly=text)
    assert hash(made.datasets) == hash(model.datasets)
    assert made is not model


def test_a_cast_needs_every_value_that_varies() -> None:
    """Neither fewer values nor more are taken."""
    mould = Mould(Query(), "warnings", "assembly")

    with pytest.raises(ValueError, match="zip"):
        mould.cast(())


def test_what_checks_itself_is_not_cast() -> None:
    """A value that checks what it is made of would not be checked."""
    with pytest.raises(TypeError, match="AlleleCounts"):
        Mould(AlleleCounts(ac=1, an=2), "ac")
