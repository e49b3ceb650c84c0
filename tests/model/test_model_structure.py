"""Canonical names of structural alleles: what is written is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.pattern import (
    Bounds,
    VariantPattern,
    affected_length,
    identity_of,
    mate_side,
    type_of,
    types_of,
)
from beacon.model.structure import Join, Named, Structure, described, united
from beacon.model.variant import Allele

CHR22, CHR8 = (ASSEMBLIES["GRCh37"].contigs[i] for i in (21, 7))
WORDS = st.from_regex(r"[A-Z][A-Z0-9_.]{0,5}(:[A-Z0-9]{1,4}){0,2}", fullmatch=True)
DESCRIPTIONS = st.one_of(
    st.builds(Named, WORDS, st.none() | st.integers(1, 10**9)),
    st.builds(Join, st.none(), st.none(), st.sampled_from("+-")),
    st.builds(
        Join,
        st.sampled_from(["8", "MT", "GL000192.1", "HLA-A*01:01", "<ctg>"]),
        st.integers(0, 10**9),
        st.sampled_from(["+-", "++", "-+", "--", "?"]),
    ),
)


def _allele(alternate: str, start: int = 99, end: int = 100) -> Allele:
    return Allele(
        contig=CHR22, start=start, end=end, reference="N", alternate=alternate
    )


@given(description=DESCRIPTIONS)
def test_a_name_is_read_as_it_was_written(description: Named | Join) -> None:
    """The text holds all of it."""
    assert description == described(description.text)


@pytest.mark.parametrize("text", ["A", "<>", "N[8:5]", "A[8:5[", "..", "<A=x>"])
def test_other_texts_are_no_names(text: str) -> None:
    """What is not canonical is refused, not guessed."""
    with pytest.raises(ValueError, match="no structural allele"):
        described(text)


@pytest.mark.parametrize(
    ("alternate", "shown", "found_as"),
    [
        ("<DEL>", "DEL", {"DEL", "CNV"}),
        ("<DUP:TANDEM>", "DUP", {"DUP", "DUP:TANDEM", "CNV"}),
        ("<INS:ME:ALU=280>", "INS", {"INS", "INS:ME", "INS:ME:ALU"}),
        ("<CN0>", "CNV", {"CNV", "CN0", "DEL"}),
        ("<CN1>", "CNV", {"CNV", "CN1"}),
        ("<CN3>", "CNV", {"CNV", "CN3", "DUP"}),
        ("<CNV:TR>", "CNV", {"CNV", "CNV:TR"}),
        ("N[8:5[", "BND", {"BND", "TRA"}),
        ("N[22:5[", "BND", {"BND"}),
        ("N.", "BND", {"BND", "TRA"}),
    ],
)
def test_types(alternate: str, shown: str, found_as: set[str]) -> None:
    """One word is shown; a question finds it by every word that is true of it."""
    assert shown == type_of(_allele(alternate))
    assert found_as == types_of(_allele(alternate))


@pytest.mark.parametrize(
    ("alternate", "length"),
    [("<DEL>", 900), ("<INS=280>", 280), ("<INS>", None), ("N[8:5[", 0)],
)
def test_lengths(alternate: str, length: int | None) -> None:
    """A span's bases, an insertion's own length, none of a breakend."""
    assert length == affected_length(_allele(alternate, 99, 1000))


def test_a_length_that_is_not_told_may_be_any() -> None:
    """An insertion of unknown length is never excluded by a length."""
    long = VariantPattern(contig=CHR22, min_length=500)

    assert long.matches(_allele("<INS>"))
    assert not long.matches(_allele("<INS=499>"))
    assert not long.matches(_allele("N[8:5["))


@pytest.mark.parametrize(
    ("alternate", "identity"),
    [
        ("<INS:ME:ALU=280>", "GRCh37-22-100-100-INS.ME.ALU~280"),
        ("N[8:5[", "GRCh37-22-100-100-BND.8.5.pm"),
        ("N?8:5?", "GRCh37-22-100-100-BND.8.5.x"),
        (".N", "GRCh37-22-100-100-BND.m"),
    ],
)
def test_ids_are_safe_in_a_url(alternate: str, identity: str) -> None:
    """They need no escaping and say what they stand for."""
    assert identity == identity_of(_allele(alternate))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("N[8:5[", 4, 5),
        ("N[8:0[", 0, 0),
        (f"N[8:{CHR8.length + 1}[", CHR8.length, CHR8.length),
    ],
)
def test_a_mate_has_a_place(text: str, start: int, end: int) -> None:
    """One base, or the edge of a telomere."""
    assert (CHR8, start, end) == mate_side(_allele(text))


def test_a_mate_outside_the_assembly_has_no_place() -> None:
    """Neither a scaffold nor a single breakend is found from the other side."""
    assert mate_side(_allele("N[GL000192.1:5[")) is None
    assert mate_side(_allele("N.")) is None


def test_a_breakend_is_met_from_both_sides() -> None:
    """Range, bracket and mate questions find it at its place and at its mate's."""
    allele = _allele("N[8:500[")
    own = VariantPattern(contig=CHR22, overlap=Bounds(low=99, high=100), mate=CHR8)
    other = VariantPattern(contig=CHR8, start=Bounds(low=499, high=500), mate=CHR22)

    assert own.place_of(allele) == 99
    assert other.place_of(allele) == 499
    assert other.matches(allele)
    assert not VariantPattern(contig=CHR8, mate=CHR8).matches(allele)
    assert not VariantPattern(contig=CHR22, overlap=Bounds(low=499, high=500)).matches(
        allele
    )


@given(
    margins=st.lists(
        st.none()
        | st.builds(
            Structure,
            *[st.tuples(st.integers(-9, 0), st.integers(0, 9))] * 3,
            st.booleans(),
        ),
        min_size=2,
        max_size=2,
    )
)
def test_the_widest_margins_are_kept(margins: list[Structure | None]) -> None:
    """In either order the same, and never narrower than one of both."""
    one, other = margins
    both = united(one, other)

    assert both == united(other, one)
    assert united(both, one) == both
