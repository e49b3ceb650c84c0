"""Files for spreadsheets are read back as they were, and never act."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.page.delimited import csv_text, harmless, tsv_text

CELLS = st.one_of(
    st.none(), st.integers(), st.text(st.characters(exclude_categories=["Cs"]))
)
TABLES = st.integers(1, 5).flatmap(
    lambda width: st.lists(
        st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=5
    )
)


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet may take a cell for a formula; plain numbers are none."""
    return cell.lstrip()[:1] in tuple("=+-@") and not cell.lstrip("-").isdecimal()


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", " =1", '=HYPERLINK("x")'],
)
def test_a_formula_is_text(text: str) -> None:
    """What would act in a spreadsheet has a quotation mark before it."""
    assert harmless(text) == f"'{text}"


def test_csv_is_rfc_4180() -> None:
    """Cells with commas, quotes and ends of lines are quoted; lines end in CR LF."""
    written = csv_text([["a", 'b "c", d', None], [1, "e\nf", "å"]])

    assert written == 'a,"b ""c"", d",\r\n1,"e\nf",å\r\n'


@given(TABLES)
def test_csv_is_read_back(table: list[list[str | int | None]]) -> None:
    """Every cell comes back as it was, and none of them is a formula."""
    read = list(csv.reader(StringIO(csv_text(table), newline=""), strict=True))

    # A row of one empty cell is an empty line to this reader.
    assert [row or [""] for row in read] == [
        [harmless(cell) for cell in row] for row in table
    ]
    assert not [cell for row in read for cell in row if is_formula(cell)]


@given(TABLES)
def test_tsv_keeps_its_shape(table: list[list[str | int | None]]) -> None:
    """As many lines and cells come back as were written, none of them a formula."""
    lines = tsv_text(table).split("\n")[:-1]
    read = [line.split("\t") for line in lines]

    assert [len(row) for row in read] == [len(row) for row in table]
    assert not [cell for row in read for cell in row if is_formula(cell)]
