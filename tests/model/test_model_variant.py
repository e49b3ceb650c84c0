"""Normal forms of an allele: the laws of trimming and alignment."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from model_references import TextReference, changes, haplotype, short_contig

from beacon.model.variant import (
    Allele,
    left_align,
    right_align,
    sequence_allele,
    strip,
    trim,
)

_BASES = st.text(alphabet="AC", max_size=8)
Change = tuple[TextReference, Allele]


def _on(text: str, start: int, ref: str, alt: str) -> Allele:
    return sequence_allele(short_contig(len(text)), start, ref, alt)


@given(changes("ACGTN"))
def test_left_align_keeps_the_haplotype(change: Change) -> None:
    """The result, applied to the reference, gives the same sequence."""
    reference, allele = change

    aligned = left_align(allele, reference)
    assert haplotype(reference, allele) == haplotype(reference, aligned)
    assert aligned.reference == reference.text[aligned.start : aligned.end]


@given(changes("ACGTN"))
def test_left_align_is_idempotent(change: Change) -> None:
    """What is aligned stays as it is."""
    reference, allele = change

    aligned = left_align(allele, reference)
    assert aligned == left_align(aligned, reference)


@given(changes("ACGTN"))
def test_what_is_aligned_is_anchored_and_parsimonious(change: Change) -> None:
    """No side is empty, unless the whole sequence is gone, and no base too many."""
    reference, allele = change
    assume(haplotype(reference, allele) and reference.text)

    aligned = left_align(allele, reference)
    form = (aligned.start, aligned.reference, aligned.alternate)
    assert aligned.is_anchored
    assert form == trim(*form)


@given(changes())
def test_no_equivalent_form_begins_further_left(change: Change) -> None:
    """Of all ways to spell an insertion or deletion it is the leftmost."""
    reference, allele = change
    aligned = left_align(allele, reference)
    start, ref, alt = strip(aligned.start, aligned.reference, aligned.alternate)
    assume(not (ref and alt))
    whole = haplotype(reference, allele)

    sizes, text = (len(ref), len(alt)), reference.text
    same = [
        s
        for s in range(len(text) - sizes[0] + 1)
        if text[:s] + whole[s : s + sizes[1]] + text[s + sizes[0] :] == whole
    ]
    assert min(same) == start


@given(changes())
def test_every_shift_of_an_allele_aligns_alike(change: Change) -> None:
    """The form furthest right comes back to the same left-aligned one."""
    reference, allele = change

    right = sequence_allele(allele.contig, *right_align(allele, reference))
    assert haplotype(reference, allele) == haplotype(reference, right)
    assert left_align(allele, reference) == left_align(right, reference)


@given(changes(), st.integers(0, 200))
def test_who_looks_no_further_than_so_many_bases_goes_no_further(
    change: Change, furthest: int
) -> None:
    """An allele is moved as far as it goes, or as many bases as are looked at."""
    reference, allele = change
    start, _, _ = strip(allele.start, allele.reference, allele.alternate)
    last, _, _ = right_align(allele, reference)

    moved, ref, alt = right_align(allele, reference, furthest)
    right = sequence_allele(allele.contig, moved, ref, alt)
    assert min(last, start + furthest) == moved
    assert haplotype(reference, allele) == haplotype(reference, right)


@given(start=st.integers(0, 9), ref=_BASES, alt=_BASES)
def test_strip_leaves_no_shared_base(start: int, ref: str, alt: str) -> None:
    """Neither end base is shared, and trimming first makes no difference."""
    assume(ref != alt)
    begin, reference, alternate = strip(start, ref, alt)

    both = bool(reference and alternate)
    assert not (both and reference[0] == alternate[0])
    assert not (both and reference[-1] == alternate[-1])
    assert strip(*trim(start, ref, alt)) == (begin, reference, alternate)


@given(start=st.integers(0, 9), ref=_BASES, alt=_BASES)
def test_trim_is_idempotent_and_keeps_a_base(start: int, ref: str, alt: str) -> None:
    """A second trim changes nothing, and no side becomes empty."""
    trimmed = trim(start, ref, alt)

    assert trimmed == trim(*trimmed)
    assert (bool(ref), bool(alt)) == (bool(trimmed[1]), bool(trimmed[2]))


@pytest.mark.parametrize(
    ("text", "given_form", "expected"),
    [
        ("GCAAAT", (4, "A", ""), (1, "CA", "C")),
        ("GCAAAT", (3, "AA", "A"), (1, "CA", "C")),
        ("AAAT", (2, "A", ""), (0, "AA", "A")),
        ("AAAT", (0, "", "A"), (0, "A", "AA")),
        ("AAAA", (4, "", "A"), (0, "A", "AA")),
        ("GCACAT", (4, "", "AC"), (0, "G", "GCA")),
        ("NNAAT", (3, "A", ""), (1, "NA", "N")),
        ("NNAAT", (1, "CA", "C"), (1, "CA", "C")),
        ("GCTAG", (1, "CTA", "CGA"), (2, "T", "G")),
        ("GCTAG", (1, "CT", "AG"), (1, "CT", "AG")),
    ],
)
def test_known_forms(
    text: str, given_form: tuple[int, str, str], expected: tuple[int, str, str]
) -> None:
    """Repeats, edges, unknown bases and substitutions come out as worked by hand."""
    aligned = left_align(_on(text, *given_form), TextReference(text))

    assert expected == (aligned.start, aligned.reference, aligned.alternate)


def test_a_long_repeat_is_crossed() -> None:
    """A shift longer than one read of the reference ends at the right place."""
    text = "G" + "CA" * 1000 + "T"

    aligned = left_align(_on(text, 1999, "CA", ""), TextReference(text))
    assert aligned == _on(text, 0, "GCA", "G")


def test_a_substitution_reads_nothing() -> None:
    """The commonest allele is its own normal form, without a look at the reference."""
    reference, allele = TextReference("ACGT"), _on("ACGT", 1, "C", "T")

    assert left_align(allele, reference) is allele
    assert reference.reads == []


def test_a_short_shift_reads_once() -> None:
    """An indel with a small shift costs one read of the reference."""
    reference = TextReference("ACGTTTA")
    left_align(_on("ACGTTTA", 4, "TT", "T"), reference)

    assert len(reference.reads) == 1


def test_without_the_contig_an_allele_is_only_trimmed() -> None:
    """A reference that lacks the sequence moves nothing."""
    aligned = left_align(_on("GCAAAT", 3, "AAT", "AT"), TextReference("", name="1"))

    assert (aligned.start, aligned.reference, aligned.alternate) == (3, "AA", "A")


def test_a_reference_that_ends_early_moves_nothing() -> None:
    """Bases asked beyond the end of a reference are not mistaken for others."""
    allele = _on("A" * 50, 40, "AA", "A")

    assert allele == left_align(allele, TextReference("A" * 20))
