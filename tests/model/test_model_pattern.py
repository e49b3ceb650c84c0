"""What a question means: edges, wildcards, kinds, ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_references import short_contig

from beacon.model.pattern import (
    Bounds,
    VariantPattern,
    affected_length,
    identity_of,
    type_of,
    types_of,
)
from beacon.model.variant import Allele, sequence_allele

CONTIG = short_contig(1000)
ALLELES = st.builds(
    sequence_allele,
    st.just(CONTIG),
    st.integers(0, 20),
    st.text(alphabet="AC", min_size=1, max_size=4),
    st.text(alphabet="AC", min_size=1, max_size=4),
)
BOUNDS = st.builds(
    lambda low, size: Bounds(low=low, high=low + size),
    st.integers(0, 22),
    st.integers(1, 6),
)
BASES = st.text(alphabet="ACN", max_size=3)
PATTERNS = st.builds(
    VariantPattern,
    contig=st.just(CONTIG),
    overlap=st.none() | BOUNDS,
    start=st.none() | BOUNDS,
    end=st.none() | BOUNDS,
    reference=st.none() | BASES,
    alternate=st.none() | BASES,
)


def _allele(start: int, reference: str, alternate: str = "T") -> Allele:
    return sequence_allele(CONTIG, start, reference, alternate)


def _symbolic(word: str, start: int = 9, end: int = 50) -> Allele:
    return Allele(
        contig=CONTIG, start=start, end=end, reference="N", alternate=f"<{word}>"
    )


@pytest.mark.parametrize(
    ("allele", "expected"),
    [
        (_allele(9, "A"), False),
        (_allele(8, "AC"), False),
        (_allele(8, "ACC"), True),
        (_allele(10, "A"), True),
        (_allele(19, "A"), True),
        (_allele(20, "A"), False),
        (_allele(5, "A" * 30), True),
        (_allele(9, "A", "AT"), False),
        (_symbolic("DEL", 0, 11), True),
        (_symbolic("DEL", 0, 10), False),
    ],
)
def test_a_range_is_half_open(allele: Allele, expected: bool) -> None:
    """A variant that ends at its start or begins at its end is outside (R87, R88)."""
    pattern = VariantPattern(contig=CONTIG, overlap=Bounds(low=10, high=20))

    assert expected == pattern.matches(allele)


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        *((10, 11, True), (9, 12, False), (14, 7, True), (15, 6, False)),
        *((12, 8, True), (12, 7, False), (12, 12, True), (12, 13, False)),
    ],
)
def test_a_bracket_is_half_open(start: int, length: int, expected: bool) -> None:
    """Both bounds include their first value and exclude their last (R89)."""
    pattern = VariantPattern(
        contig=CONTIG, start=Bounds(low=10, high=15), end=Bounds(low=20, high=25)
    )

    assert expected == pattern.matches(_allele(start, "A" * length))


def test_a_bracket_with_bases_keeps_its_end() -> None:
    """Bases narrow a bracket; they do not undo the bounds of its end."""
    pattern = VariantPattern(
        contig=CONTIG,
        start=Bounds(low=10, high=15),
        end=Bounds(low=20, high=25),
        alternate="T",
    )

    assert [
        pattern.matches(_allele(12, "A" * 10, "T")),
        pattern.matches(_allele(12, "A", "T")),
        pattern.matches(_allele(12, "A" * 10, "G")),
    ] == [True, False, False]


@pytest.mark.parametrize(
    ("reference", "alternate", "expected"),
    [
        ("AC", "A", True),
        ("C", "", True),
        ("NC", "N", True),
        ("N", "", True),
        ("NN", "", False),
        (None, "A", True),
        (None, "", True),
        (None, "G", False),
    ],
)
def test_bases_are_compared_in_both_forms(
    reference: str | None, alternate: str, expected: bool
) -> None:
    """The VCF form and the one without shared bases both answer, N is any base."""
    start = 10 if reference in ("AC", "NC") or alternate in ("A", "G") else 11
    pattern = VariantPattern(
        contig=CONTIG,
        start=Bounds(low=start, high=start + 1),
        reference=reference,
        alternate=alternate,
    )

    assert expected == pattern.matches(_allele(10, "AC", "A"))


@given(pattern=PATTERNS, allele=ALLELES)
def test_a_match_lies_within_reach(pattern: VariantPattern, allele: Allele) -> None:
    """A search over the reach of a question misses no match."""
    reach = pattern.reach()

    touches = (
        allele.start < reach.high and max(allele.end, allele.start + 1) > reach.low
    )
    assert touches or not pattern.matches(allele)


@pytest.mark.parametrize(
    ("allele", "expected"),
    [
        (_allele(9, "A"), "SNP"),
        (_allele(9, "AC", "TG"), "MNP"),
        (_allele(9, "A", "ACC"), "INS"),
        (_allele(9, "ACC", "A"), "DEL"),
        (_allele(9, "ACC", "GT"), "INDEL"),
        (_symbolic("DUP:TANDEM"), "DUP"),
        (_symbolic("CN0"), "CNV"),
    ],
)
def test_types(allele: Allele, expected: str) -> None:
    """Every allele has one type it is shown with, and is found by it."""
    assert expected == type_of(allele)
    assert expected in types_of(allele)


def test_a_symbolic_deletion_is_a_copy_number_variant() -> None:
    """CNV finds symbolic DEL and DUP, not small spelled ones."""
    assert "CNV" in types_of(_symbolic("DEL"))
    assert "CNV" not in types_of(_allele(9, "ACC", "A"))


LONG = "ACGTG" * 10


@pytest.mark.parametrize(
    ("reference", "alternate", "expected"),
    [
        (f"A{LONG}", "A", {"DEL", "CNV"}),
        (f"A{LONG[1:]}", "A", {"DEL"}),
        (f"A{LONG}", "TT", {"INDEL"}),
        (f"A{LONG}C", "TT", {"INDEL", "DEL", "CNV"}),
        ("A", f"A{LONG}", {"INS"}),
        ("A", f"T{LONG}", {"INDEL", "INS"}),
        ("A", f"T{LONG[1:]}", {"INDEL"}),
        (LONG, LONG[::-1], {"MNP"}),
    ],
)
def test_fifty_bases_are_a_structural_variant(
    reference: str, alternate: str, expected: set[str]
) -> None:
    """Spelled or named, a long deletion is found by the same words."""
    assert expected == types_of(_allele(9, reference, alternate))


@pytest.mark.parametrize(
    ("allele", "expected"),
    [
        (_allele(9, "A"), 1),
        (_allele(9, "A", "ACC"), 2),
        (_allele(9, "ACC", "A"), 2),
        (_symbolic("DEL", 9, 50), 40),
    ],
)
def test_lengths_leave_out_the_anchor(allele: Allele, expected: int) -> None:
    """The bases affected do not count the base shared for anchoring."""
    assert expected == affected_length(allele)


def test_ids_are_safe_in_a_url_and_short() -> None:
    """Bases beyond 100 are shown as a digest."""
    identity = identity_of(_allele(9, "A" * 500))

    assert identity_of(_allele(9, "A")) == "GRCh37-22-10-A-T"
    assert identity_of(_symbolic("DUP:TANDEM")) == "GRCh37-22-10-50-DUP.TANDEM"
    assert len(identity) < 100
    assert identity == "".join(c for c in identity if c.isalnum() or c in "-._~")
