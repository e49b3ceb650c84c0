"""Genotype text is read exactly, however it is written."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.genotypes import ABSENT, MISSING, BadGenotype, exact, read_calls

ALLELES = 12
COMMON = st.sampled_from(["0|0", "0/0", "0|1", "1/1", "./.", ".", "0", "1", "./1"])
ODD = st.lists(
    st.one_of(st.just("."), st.integers(0, ALLELES - 1).map(str)),
    min_size=1,
    max_size=4,
).flatmap(
    lambda alleles: st.tuples(
        st.sampled_from(["", "/", "|"]),
        st.lists(
            st.sampled_from("|/"),
            min_size=len(alleles) - 1,
            max_size=len(alleles) - 1,
        ),
    ).map(lambda signs: _join(alleles, *signs))
)
MORE = st.sampled_from(["", ":30", ":.:12,3", ":0|1"])


def _join(alleles: list[str], lead: str, signs: list[str]) -> str:
    rest = "".join(s + a for s, a in zip(signs, alleles[1:], strict=True))
    return lead + alleles[0] + rest


def _line(cells: list[str]) -> tuple[bytes, int]:
    head = "1\t5\t.\tA\tC\t.\t.\t.\tGT"
    return "\t".join([head, *cells]).encode(), len(head)


def _as_exact(cells: list[str]) -> dict[int, tuple[int, ...]]:
    calls = {i: exact(c.split(":")[0].encode()) for i, c in enumerate(cells)}
    return {i: call for i, call in calls.items() if call != (0, 0)}


def _as_read(cells: list[str]) -> dict[int, tuple[int, ...]]:
    line, start = _line(cells)
    calls = read_calls(line, start, len(cells), ALLELES)
    read = {
        int(cell): (int(a),) if b == ABSENT else (int(a), int(b))
        for cell, a, b in zip(calls.cells, calls.first, calls.second, strict=True)
    }
    return read | dict(calls.polyploid)


@given(st.lists(st.one_of(COMMON, ODD), min_size=1, max_size=40))
def test_fast_and_exact_reading_agree(cells):
    """Reading a line at once gives what reading each cell alone gives."""
    assert _as_exact(cells) == _as_read(cells)


@given(st.lists(st.tuples(ODD, MORE).map("".join), min_size=1, max_size=20))
def test_further_fields_change_nothing(cells):
    """FORMAT fields behind GT do not change a call."""
    assert _as_exact(cells) == _as_read(cells)


@given(
    st.lists(
        st.sampled_from(["0|0", "0/0", "0|1", "1|0", "2/1", "./."]),
        min_size=1,
        max_size=60,
    )
)
def test_three_byte_cells_agree(cells):
    """The four-bytes-at-a-time way gives what reading each cell alone gives."""
    assert _as_exact(cells) == _as_read(cells)


@pytest.mark.parametrize("field", ["0/", "a", "0//1", "-1/0", "0|x", "1 "])
def test_no_genotype_is_refused(field):
    """Text that is no genotype is an error, not a missing call."""
    with pytest.raises(BadGenotype):
        exact(field.encode())


def test_undeclared_allele_is_refused():
    """A call of an allele the record does not declare is an error."""
    line, start = _line(["0/0", "0/3"])

    with pytest.raises(BadGenotype, match="allele 3"):
        read_calls(line, start, 2, 3)


@pytest.mark.parametrize("cells", [["0/0"], ["0/0", "0/1", "1/1"]])
def test_wrong_number_of_columns_is_refused(cells):
    """A line with more or fewer sample columns than the header is an error."""
    line, start = _line(cells)

    with pytest.raises(BadGenotype, match="columns"):
        read_calls(line, start, 2, 2)


def test_missing_words():
    """A missing allele and an absent one are told apart."""
    line, start = _line([".", "./.", "1", "./1"])
    calls = read_calls(line, start, 4, 2)

    assert [MISSING, MISSING, 1, MISSING] == calls.first.tolist()
    assert [ABSENT, MISSING, ABSENT, 1] == calls.second.tolist()
    assert np.array_equal(calls.cells, [0, 1, 2, 3])
