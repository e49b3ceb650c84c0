"""From a place or an allele to the pattern that asks for it."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from model_references import TextReference, changes, haplotype, short_contig

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.errors import InvalidRequest, UnknownContig
from beacon.model.genome import Contig, Interval
from beacon.model.pattern import Bounds, VariantPattern, identity_of
from beacon.model.spelling import (
    allele_pattern,
    region_pattern,
    resolve_contig,
    spellings,
)
from beacon.model.variant import Allele, left_align, right_align, sequence_allele

Change = tuple[TextReference, Allele]


class OwnBases:
    """A reference that has the bases an allele spells, and nothing else."""

    def __init__(self, allele: Allele) -> None:
        self.allele = allele

    def bases(self, contig: Contig, start: int, end: int) -> str:
        """Return the bases of a stretch, ``N`` where the allele spells none."""
        first, spelled = self.allele.start, self.allele.reference
        places = range(max(0, start), min(end, contig.length))
        return "".join(
            spelled[p - first] if 0 <= p - first < len(spelled) else "N" for p in places
        )


CHR22 = ASSEMBLIES["GRCh37"].contigs[21]


@given(changes())
def test_any_spelling_finds_what_a_dataset_keeps(change: Change) -> None:
    """As given, shifted or stripped: the aligned form is among the spellings."""
    reference, allele = change
    kept = left_align(allele, reference)
    assume(kept.is_anchored)

    shifted = sequence_allele(allele.contig, *right_align(allele, reference))
    assert allele_pattern(allele, reference).matches(kept)
    assert allele_pattern(shifted, reference).matches(kept)


@given(changes())
def test_without_a_reference_the_anchored_form_is_found(change: Change) -> None:
    """An empty side is asked for with every base that may stand before it."""
    reference, allele = change
    assume(not allele.is_anchored and allele.start > 0)
    before = reference.text[allele.start - 1]

    anchored = (
        allele.start - 1,
        before + allele.reference,
        before + allele.alternate,
    )
    assert anchored in spellings(allele, None)


@given(changes())
def test_without_a_reference_the_aligned_form_is_found_or_doubted(
    change: Change,
) -> None:
    """Either data keeps it as it is asked for, or not finding it says nothing."""
    reference, allele = change
    kept = left_align(allele, reference)
    pattern = allele_pattern(allele, None)

    assert pattern.is_provisional or pattern.matches(kept)


@given(changes())
def test_without_a_reference_an_allele_moves_as_far_as_its_own_bases(
    change: Change,
) -> None:
    """Asking for what it becomes by them asks for nothing new."""
    _, allele = change
    assume(allele.is_anchored)
    alone = left_align(allele, OwnBases(allele))

    form = (alone.start, alone.reference, alone.alternate)
    assert not alone.is_anchored or "N" in form[1] or form in spellings(allele, None)


@given(changes())
def test_without_a_reference_every_spelling_is_the_same_allele(change: Change) -> None:
    """Of the spellings asked for, those the reference bears out mean the allele."""
    reference, allele = change
    text, whole = reference.text, haplotype(reference, allele)

    borne_out = [
        text[:start] + alternate + text[start + len(bases) :]
        for start, bases, alternate in spellings(allele, None)
        if text[start : start + len(bases)] == bases
    ]
    assert {whole} >= set(borne_out)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ((99, "A", "AA"), (98, "C", "CA")),
        ((99, "AA", "A"), (98, "TA", "T")),
        ((99, "CAGCAG", "CAG"), (98, "TCAG", "T")),
        ((99, "GCAA", "GCA"), (100, "CA", "C")),
    ],
)
def test_the_bases_given_are_a_reference_too(
    form: tuple[int, str, str], expected: tuple[int, str, str]
) -> None:
    """Without a reference an allele is aligned as far as it spells its place."""
    assert expected in spellings(sequence_allele(CHR22, *form), None)


def test_at_the_first_base_the_one_after_anchors() -> None:
    """Nothing stands before the first base, so the next one is the anchor."""
    allele = sequence_allele(CHR22, 0, "", "GT")

    assert spellings(allele, None) == (
        (0, "A", "GTA"),
        (0, "C", "GTC"),
        (0, "G", "GTG"),
        (0, "T", "GTT"),
        (0, "N", "GTN"),
    )


def test_an_unknown_base_of_the_reference_is_any_base() -> None:
    """Where the reference has N before an insertion, every base may stand there."""
    asked = sequence_allele(short_contig(6), 2, "", "G")

    found = spellings(asked, TextReference("ANCACT"))
    assert (1, "T", "TG") in found
    assert (1, "N", "NG") in found


def test_an_unknown_ref_is_still_one_allele() -> None:
    """REF N is one base we do not know: each it may be is asked for."""
    found = spellings(sequence_allele(CHR22, 9, "N", "T"), None)

    assert {reference for _, reference, _ in found} == set("ACGTN")
    assert {alternate for _, _, alternate in found} == {"T"}


def test_a_wrong_ref_is_refused() -> None:
    """What the reference contradicts is never answered with a no."""
    allele = sequence_allele(CHR22, 2, "GT", "C")

    with pytest.raises(InvalidRequest, match="has A at GRCh37 22:4, not T") as caught:
        allele_pattern(allele, TextReference("ACGA"))

    assert caught.value.parameter == "referenceBases"


@pytest.mark.parametrize(
    ("start", "bases", "hinted"), [(2, "CG", True), (2, "TT", False), (0, "C", False)]
)
def test_bases_that_stand_one_base_earlier_are_hinted_at(
    start: int, bases: str, hinted: object
) -> None:
    """A client that sends 1-based positions is told so; nothing is moved for it."""
    allele = sequence_allele(CHR22, start, bases, "A")

    with pytest.raises(InvalidRequest) as caught:
        allele_pattern(allele, TextReference("ACGA"))

    assert ("1-based" in (caught.value.hint or "")) is hinted


def test_unknown_bases_contradict_nothing() -> None:
    """N in the reference, or in what was asked, is no contradiction."""
    allele = sequence_allele(CHR22, 0, "ANA", "C")

    assert allele_pattern(allele, TextReference("NCRT")).is_single_allele


def test_alt_equal_to_ref_is_no_variant() -> None:
    """An allele that changes nothing is refused."""
    with pytest.raises(InvalidRequest, match="not a variant"):
        allele_pattern(sequence_allele(CHR22, 5, "A", "A"), None)


@pytest.mark.parametrize("start", [CHR22.length, CHR22.length + 5])
def test_an_allele_beyond_its_contig_is_refused(start: int) -> None:
    """The sentence names the length of the sequence."""
    with pytest.raises(InvalidRequest, match="51304566 bases") as caught:
        allele_pattern(sequence_allele(CHR22, start, "A", "C"), None)

    assert caught.value.parameter == "start"


def test_an_insertion_after_the_last_base_is_inside() -> None:
    """The edge after the last base belongs to the sequence."""
    pattern = allele_pattern(sequence_allele(CHR22, CHR22.length, "", "A"), None)

    assert (CHR22.length - 1, "C", "CA") in pattern.spellings


def test_a_symbolic_allele_is_asked_by_its_id() -> None:
    """A named allele has no spellings; its id finds it, and no other."""
    allele = Allele(contig=CHR22, start=9, end=50, reference="N", alternate="<DEL>")
    other = Allele(contig=CHR22, start=9, end=60, reference="N", alternate="<DEL>")

    pattern = allele_pattern(allele, None)
    assert pattern.identity == identity_of(allele)
    assert (pattern.matches(allele), pattern.matches(other)) == (True, False)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (10, 20, Bounds(low=10, high=20)),
        (10, 10, Bounds(low=10, high=10)),
        (0, CHR22.length, Bounds(low=0, high=CHR22.length)),
        (10, CHR22.length + 9, Bounds(low=10, high=CHR22.length)),
        (CHR22.length,) * 2 + (Bounds(low=CHR22.length, high=CHR22.length),),
    ],
)
def test_a_region_is_clipped_to_its_contig(
    start: int, end: int, expected: Bounds
) -> None:
    """A range that begins inside the sequence is always answered."""
    interval = Interval(contig=CHR22, start=start, end=end)

    assert region_pattern(interval) == VariantPattern(contig=CHR22, overlap=expected)


@pytest.mark.parametrize(("beyond", "size"), [(0, 1), (1, 0), (5, 5)])
def test_a_region_beyond_its_contig_is_refused(beyond: int, size: int) -> None:
    """A range that begins after the last base is a mistake, not a no."""
    start = CHR22.length + beyond

    with pytest.raises(InvalidRequest, match="51304566 bases"):
        region_pattern(Interval(contig=CHR22, start=start, end=start + size))


@pytest.mark.parametrize(
    ("name", "assembly", "loaded", "expected"),
    [
        ("chr22", "hg19", (), "GRCh37"),
        ("22", None, ("GRCh38",), "GRCh38"),
        ("NC_000022.10", None, ("GRCh38",), "GRCh37"),
        ("refseq:NC_000022.11", "hg38", (), "GRCh38"),
        ("NC_012920.1", None, ("GRCh38", "T2T-CHM13"), "GRCh38"),
        ("NC_012920.1", "b37", ("GRCh38",), "GRCh37"),
    ],
)
def test_the_assembly_is_given_or_decided(
    name: str, assembly: str | None, loaded: tuple[str, ...], expected: str
) -> None:
    """By the question, by an accession, or because only one is loaded."""
    contig = resolve_contig(name, assembly=assembly, loaded=loaded)

    assert contig.assembly == expected


@pytest.mark.parametrize(
    ("name", "loaded"),
    [("22", ()), ("22", ("GRCh37", "GRCh38")), ("NC_012920.1", ("GRCh37", "GRCh38"))],
)
def test_an_undecided_assembly_is_asked_for(name: str, loaded: tuple[str, ...]) -> None:
    """A bare name is an error unless exactly one assembly is loaded (R97)."""
    with pytest.raises(InvalidRequest, match="assembly is needed") as caught:
        resolve_contig(name, assembly=None, loaded=loaded)

    assert caught.value.parameter == "assemblyId"


def test_an_accession_may_not_contradict_the_assembly() -> None:
    """Data of one assembly never answers a question on another (R96)."""
    with pytest.raises(UnknownContig, match="of GRCh38, not of GRCh37"):
        resolve_contig("NC_000022.11", assembly="GRCh37", loaded=())


@given(
    text=st.text(alphabet="ACG", min_size=6, max_size=14),
    place=st.integers(1, 5),
    unit=st.text(alphabet="ACG", min_size=1, max_size=3),
    is_insertion=st.booleans(),
)
def test_with_a_reference_every_place_it_reads_the_same_is_asked(
    text: str, place: int, unit: str, *, is_insertion: bool
) -> None:
    """Data that was never aligned is found, wherever in a repeat it was written."""
    contig = short_contig(len(text))
    inserted = unit if is_insertion else ""
    deleted = "" if is_insertion else text[place : place + len(unit)]
    if inserted == deleted:
        return
    changed = text[:place] + inserted + text[place + len(deleted) :]
    gone, come = 1 + len(deleted), 1 + len(inserted)
    forms = [
        (s, text[s : s + gone], changed[s : s + come])
        for s in range(len(text) - len(deleted))
    ]
    same = [
        form
        for form in forms
        if form[1][0] == form[2][0]
        and text[: form[0]] + form[2] + text[form[0] + gone :] == changed
    ]
    asked = sequence_allele(contig, place, deleted, inserted)

    assert set(same) <= set(spellings(asked, TextReference(text)))
