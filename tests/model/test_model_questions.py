"""From parameters to the question they ask: every row, and every refusal."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_references import TextReference

from beacon.model.annotation import AnnotationPattern
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.errors import InvalidRequest, UnknownContig
from beacon.model.genes import (
    ALIAS,
    PREVIOUS,
    Gene,
    GeneName,
    GeneTable,
    name_texts,
    place_texts,
)
from beacon.model.genome import Interval
from beacon.model.pattern import Bounds, VariantPattern, identity_of
from beacon.model.questions import (
    QUERY_TYPES,
    VariantParameters,
    canonical_type,
    identity_pattern,
    pattern_of,
    variant_pattern,
)
from beacon.model.similarity import Event, Mate, Similar
from beacon.model.variant import Allele, sequence_allele

CHR22 = ASSEMBLIES["GRCh37"].contigs[21]
CHR8 = ASSEMBLIES["GRCh37"].contigs[7]
AT_22 = VariantParameters(reference_name="22")
STRUCTURAL = [
    *("<DEL>", "<DUP:TANDEM>", "<CN0>", "<INS:ME:ALU>", "<INS=9>", "<INS=10>"),
    *("N[8:9[", "]8:9]N", "N]8:9]", "[8:9[N", "N?8:9?", "N.", ".N"),
    *("N[HLA-A*01:9[", "N[HLA-A_01:9[", "<DEL:ME/X>"),
]
SNV = replace(AT_22, start=(9,), reference_bases="A", alternate_bases="T")
DELETION = replace(AT_22, start=(9,), end=(20,), variant_type="DEL", similarity=0.7)


GENES = GeneTable(
    place_texts(
        [Gene(symbol="AAA1", interval=Interval(contig=CHR22, start=10, end=20))]
    )
)


ALIASED = GeneTable(
    place_texts([Gene(symbol="SKI", interval=Interval(contig=CHR22, start=10, end=20))])
    | name_texts(
        [
            GeneName("ski", ALIAS, "HGNC:2", "HHAT"),
            GeneName("both", ALIAS, "HGNC:2", "HHAT"),
            GeneName("both", PREVIOUS, "HGNC:3", "KMT2D"),
        ]
    )
)


def _ask(parameters: VariantParameters) -> VariantPattern | None:
    return pattern_of(parameters, loaded=("GRCh37",), references={}, genes=GENES)


def _row(parameters: VariantParameters) -> str:
    return next(row.name for row in QUERY_TYPES if row.asks(parameters))


EVERY_ROW = [
    ("everything", VariantParameters(), None),
    ("everything", VariantParameters(assembly_id="hg19"), None),
    (
        "short form",
        VariantParameters(genomic_allele_short_form="NC_000022.10:g.10A>T"),
        VariantPattern(contig=CHR22, spellings=((9, "A", "T"),)),
    ),
    (
        "short form",
        VariantParameters(
            genomic_allele_short_form="NM_004006.2(DMD):c.4375C>T (p.Arg1459Ter)"
        ),
        VariantPattern(
            contig=None,
            genome="GRCh37",
            annotated=AnnotationPattern(hgvs="NM_004006.2:c.4375C>T"),
        ),
    ),
    (
        "annotation",
        VariantParameters(aminoacid_change="p.(Val600Glu)", gene_id="BRAF"),
        VariantPattern(
            contig=None,
            genome="GRCh37",
            annotated=AnnotationPattern(genes=("BRAF",), protein_change="V600E"),
        ),
    ),
    (
        "range",
        replace(AT_22, start=(9,), end=(20,), effects=(("SO:0001583",),)),
        VariantPattern(
            contig=CHR22,
            overlap=Bounds(low=9, high=20),
            annotated=AnnotationPattern(effects=(("SO:0001583",),)),
        ),
    ),
    (
        "short form",
        VariantParameters(genomic_allele_short_form="rs334"),
        VariantPattern(
            contig=None,
            genome="GRCh37",
            annotated=AnnotationPattern(identifier="rs334"),
        ),
    ),
    (
        "gene",
        VariantParameters(gene_id="aaa1"),
        VariantPattern(contig=CHR22, overlap=Bounds(low=10, high=20)),
    ),
    (
        "gene",
        replace(AT_22, gene_id="AAA1", variant_type="SNV", variant_max_length=5),
        VariantPattern(
            contig=CHR22,
            overlap=Bounds(low=10, high=20),
            variant_type="SNP",
            max_length=5,
        ),
    ),
    (
        "gene",
        VariantParameters(gene_id="AAA1", reference_bases="A", alternate_bases="T"),
        VariantPattern(
            contig=CHR22,
            overlap=Bounds(low=10, high=20),
            reference="A",
            alternate="T",
        ),
    ),
    (
        "bracket",
        replace(AT_22, start=(10, 15), end=(20, 25)),
        VariantPattern(
            contig=CHR22, start=Bounds(low=10, high=15), end=Bounds(low=20, high=25)
        ),
    ),
    (
        "allele",
        replace(AT_22, start=(9,), reference_bases="a", alternate_bases="t"),
        VariantPattern(contig=CHR22, spellings=((9, "A", "T"),)),
    ),
    (
        "allele",
        replace(AT_22, start=(9,), end=(10,), reference_bases="A", alternate_bases="T"),
        VariantPattern(contig=CHR22, spellings=((9, "A", "T"),)),
    ),
    (
        "allele",
        replace(AT_22, start=(9,), reference_bases="NA", alternate_bases="N"),
        VariantPattern(
            contig=CHR22, start=Bounds(low=9, high=10), reference="NA", alternate="N"
        ),
    ),
    (
        "sequence",
        replace(AT_22, start=(9,), alternate_bases=""),
        VariantPattern(contig=CHR22, start=Bounds(low=9, high=10), alternate=""),
    ),
    (
        "range",
        replace(AT_22, start=(9,), end=(20,), alternate_bases="T"),
        VariantPattern(contig=CHR22, overlap=Bounds(low=9, high=20), alternate="T"),
    ),
    (
        "range",
        replace(AT_22, start=(9,), end=(20,), variant_type="SNV", variant_max_length=1),
        VariantPattern(
            contig=CHR22,
            overlap=Bounds(low=9, high=20),
            variant_type="SNP",
            max_length=1,
        ),
    ),
    (
        "range",
        replace(AT_22, start=(9,), end=(20,), variant_type="bnd", mate_name="chr8"),
        VariantPattern(
            contig=CHR22,
            overlap=Bounds(low=9, high=20),
            variant_type="BND",
            mate=CHR8,
        ),
    ),
    (
        "similar",
        DELETION,
        VariantPattern(
            contig=CHR22,
            similar=Similar(event=Event("DEL", "22", 9, 20, 11), overlap=0.7),
        ),
    ),
    (
        "similar",
        replace(
            AT_22, start=(9,), variant_type="INS", variant_length=300, similarity=0.7
        ),
        VariantPattern(
            contig=CHR22,
            similar=Similar(event=Event("INS", "22", 9, 9, 300), overlap=0.7),
        ),
    ),
    (
        "similar",
        replace(
            AT_22,
            start=(9,),
            variant_type="TRA",
            mate_name="8",
            mate_start=5,
            breakpoint_distance=7,
        ),
        VariantPattern(
            contig=CHR22,
            similar=Similar(
                event=Event("BND", "22", 9, 9, None, mate=Mate("8", 5)), distance=7
            ),
        ),
    ),
    (
        "whole sequence",
        replace(AT_22, variant_type="<DEL>", variant_min_length=0),
        VariantPattern(contig=CHR22, variant_type="DEL", min_length=0),
    ),
]
REFUSED = [
    ("whole sequence", VariantParameters(mate_name="NC_000022.10"), "referenceName"),
    ("range", replace(AT_22, start=(9,), end=(20,), mate_start=3), "mateStart"),
    ("range", replace(AT_22, start=(9,), end=(20,), variant_length=3), "variantLength"),
    ("allele", replace(SNV, mate_name="8"), "mateName"),
    ("similar", replace(AT_22, start=(9,), end=(20,), similarity=0.5), "variantType"),
    ("similar", replace(DELETION, end=()), "end"),
    ("similar", replace(DELETION, start=(9, 10)), "start"),
    ("similar", replace(DELETION, similarity=0.01), "similarity"),
    ("similar", replace(DELETION, breakpoint_distance=10**6), "breakpointDistance"),
    ("similar", replace(DELETION, variant_type="SNP"), "variantType"),
    ("similar", replace(DELETION, reference_bases="A"), "referenceBases"),
    ("similar", replace(DELETION, variant_min_length=5), "variantMinLength"),
    (
        "similar",
        replace(DELETION, end=(), variant_type="BND", mate_start=5),
        "mateStart",
    ),
    ("similar", replace(DELETION, end=(60_000_000,)), "start"),
    ("annotation", VariantParameters(aminoacid_change="600"), "aminoacidChange"),
    (
        "gene",
        replace(
            AT_22,
            start=(9,),
            reference_bases="A",
            alternate_bases="T",
            gene_id="BRCA2",
        ),
        "geneId",
    ),
    (
        "short form",
        VariantParameters(
            genomic_allele_short_form="NM_004006.2:c.4375C>T", aminoacid_change="V1E"
        ),
        "aminoacidChange",
    ),
    ("gene", VariantParameters(gene_id="AAA1", reference_name="21"), "geneId"),
    (
        "gene",
        VariantParameters(
            gene_id="AAA1", genomic_allele_short_form="NC_000022.10:g.10A>T"
        ),
        "geneId",
    ),
    ("gene", replace(AT_22, start=(9,), gene_id="AAA1"), "geneId"),
    ("everything", VariantParameters(assembly_id="hg18"), "assemblyId"),
    ("start without end", replace(AT_22, start=(9,)), "alternateBases"),
    ("end without start", replace(AT_22, end=(9,)), "start"),
    ("bracket", replace(AT_22, start=(9, 10), end=(9,)), "end"),
    ("bracket", replace(AT_22, start=(9,), end=(9, 10)), "start"),
    ("bracket", replace(AT_22, start=(9, 9), end=(9, 10)), "start"),
    ("bracket", replace(AT_22, start=(9, 10), end=(10, 9)), "end"),
    ("bracket", replace(AT_22, start=(1, 2, 3)), "start"),
    ("range", replace(AT_22, start=(9,), end=(8,)), "end"),
    ("range", replace(AT_22, start=(60_000_000,), end=(60_000_001,)), "start"),
    ("range", replace(AT_22, start=(-1,), end=(8,)), "start"),
    ("range", VariantParameters(start=(9,), end=(20,)), "referenceName"),
    ("whole sequence", VariantParameters(variant_type="DEL"), "referenceName"),
    ("whole sequence", replace(AT_22, variant_type=" "), "variantType"),
    ("whole sequence", replace(AT_22, variant_min_length=-1), "variantMinLength"),
    ("whole sequence", replace(AT_22, variant_max_length=-1), "variantMaxLength"),
    (
        "whole sequence",
        replace(AT_22, variant_min_length=5, variant_max_length=4),
        "variantMaxLength",
    ),
    ("sequence", replace(AT_22, start=(9,), alternate_bases="A*"), "alternateBases"),
    ("sequence", replace(AT_22, start=(60_000_000,), alternate_bases="A"), "start"),
    (
        "allele",
        replace(AT_22, start=(9,), reference_bases="A-", alternate_bases="C"),
        "referenceBases",
    ),
    (
        "allele",
        replace(AT_22, start=(9,), reference_bases="a", alternate_bases="A"),
        "alternateBases",
    ),
    (
        "allele",
        replace(AT_22, start=(9,), end=(8,), reference_bases="A", alternate_bases="C"),
        "end",
    ),
    (
        "short form",
        VariantParameters(genomic_allele_short_form="c.4375C>T"),
        "genomicAlleleShortForm",
    ),
    (
        "short form",
        VariantParameters(genomic_allele_short_form="BRCA2"),
        "genomicAlleleShortForm",
    ),
    (
        "short form",
        replace(AT_22, genomic_allele_short_form="NC_000022.10:g.10A>T"),
        "genomicAlleleShortForm",
    ),
]


@pytest.mark.parametrize(("row", "parameters", "expected"), EVERY_ROW)
def test_each_kind_of_question(
    row: str, parameters: VariantParameters, expected: VariantPattern | None
) -> None:
    """The parameters that are given choose the row, and it builds the pattern."""
    assert row == _row(parameters)
    assert expected == _ask(parameters)


@pytest.mark.parametrize(("row", "parameters", "expected"), REFUSED)
def test_what_is_refused_names_its_parameter(
    row: str, parameters: VariantParameters, expected: str
) -> None:
    """Nothing malformed or contradictory is answered, and the reason is named."""
    with pytest.raises(InvalidRequest) as caught:
        _ask(parameters)

    assert row == _row(parameters)
    assert expected == caught.value.parameter


@pytest.mark.parametrize(
    ("given", "places"),
    [
        ({}, ["X", "Y"]),
        ({"reference_name": "chrX"}, ["X"]),
        ({"reference_name": "Y"}, ["Y"]),
    ],
)
def test_a_pseudo_autosomal_gene_is_asked_on_both(
    given: dict[str, str], places: list[str]
) -> None:
    """Unless a sequence is named, and then on that one; what else is asked holds."""
    par = Interval(contig=ASSEMBLIES["GRCh37"].contigs[22], start=585078, end=620146)
    table = GeneTable(place_texts([Gene(symbol="SHOX", interval=par)]))
    asked = VariantParameters(
        **given,  # type: ignore[arg-type]
        gene_id="SHOX",
        assembly_id="GRCh37",
        variant_type="DEL",
    )
    pattern = pattern_of(asked, loaded=(), references={}, genes=table)
    assert pattern is not None
    on_y = sequence_allele(ASSEMBLIES["GRCh37"].contigs[23], 540_000, "AC", "A")

    assert [p.sequence.name for p in pattern.places] == places
    assert {p.variant_type for p in pattern.places} == {"DEL"}
    assert pattern.matches(on_y) == ("Y" in places)


@pytest.mark.parametrize(
    ("name", "assembly", "genes", "note"),
    [
        ("BRAF", "GRCh37", ("BRAF",), "'BRAF' is no gene of the table"),
        ("AAA1", "T2T-CHM13", ("AAA1",), "no place on T2T-CHM13 is loaded for AAA1"),
    ],
)
def test_annotations_are_asked_where_the_table_does_not_know(
    name: str, assembly: str, genes: tuple[str, ...], note: str
) -> None:
    """A table of other genes, or of another assembly, hides no annotation."""
    pattern = _ask(VariantParameters(gene_id=name, assembly_id=assembly))

    assert pattern == VariantPattern(
        contig=None, genome=assembly, annotated=AnnotationPattern(genes=genes)
    )
    assert note in pattern.notes[0]


@pytest.mark.parametrize("assembly", ["GRCh37", "T2T-CHM13"])
def test_an_ambiguous_gene_is_refused_everywhere(assembly: str) -> None:
    """With or without genes of the assembly, the reader gets the choice."""
    asked = VariantParameters(gene_id="both", assembly_id=assembly)

    with pytest.raises(InvalidRequest, match=r"HHAT .*KMT2D .*ask for one of them"):
        pattern_of(asked, loaded=(), references={}, genes=ALIASED)


def test_a_gene_is_the_same_beside_a_change() -> None:
    """An approved symbol is no other gene's alias; an ambiguous name is refused."""
    asked = [
        pattern_of(
            VariantParameters(gene_id=name, aminoacid_change="R38H"),
            loaded=("GRCh37",),
            references={},
            genes=ALIASED,
        )
        for name in ("SKI", "ski")
    ]
    said = AnnotationPattern(genes=("SKI",), protein_change="R38H")

    assert [a and a.annotated for a in asked] == [said, said]
    with pytest.raises(InvalidRequest, match=r"HHAT .*KMT2D .*ask for one of them"):
        pattern_of(
            VariantParameters(gene_id="both", aminoacid_change="Q97H"),
            loaded=("GRCh37",),
            references={},
            genes=ALIASED,
        )


ANY_OTHER = {
    "reference_name": "8",
    "start": (5,),
    "end": (8,),
    "reference_bases": "CC",
    "alternate_bases": "G",
    "variant_type": "INV",
    "variant_min_length": 7,
    "variant_max_length": 90,
    "gene_id": "SKI",
    "aminoacid_change": "V600K",
    "genomic_allele_short_form": "rs5",
    "mate_name": "9",
    "mate_start": 6,
    "variant_length": 77,
    "similarity": 0.9,
    "breakpoint_distance": 33,
    "effects": (("SO:0001587",),),
}
"""A value for each parameter that is another one than the examples have."""


@pytest.mark.parametrize("parameter", ANY_OTHER)
@pytest.mark.parametrize(("row", "parameters", "expected"), EVERY_ROW)
def test_no_parameter_is_ignored(
    row: str,
    parameters: VariantParameters,
    expected: VariantPattern | None,
    parameter: str,
) -> None:
    """Whatever is given beside a question changes it, or is refused by a name."""
    more = replace(parameters, **{parameter: ANY_OTHER[parameter]})
    given = {
        _wire(name)
        for name in ("reference_name", *ANY_OTHER)
        if getattr(more, name) not in (None, ())
    }
    needs = {"referenceName", "start", "end", "variantType", "alternateBases"}

    assert _outcome(more) != expected, row
    assert _outcome(more) not in {"", *ALL_NAMES} - given - needs, row


def _outcome(parameters: VariantParameters) -> VariantPattern | str | None:
    """Return the pattern asked for, or the parameter that is refused."""
    try:
        return _ask(parameters)
    except InvalidRequest as refused:
        return refused.parameter or ""


def _wire(name: str) -> str:
    if name == "effects":
        return "filters"
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


ALL_NAMES = {_wire(field.name) for field in fields(VariantParameters)}


def test_every_parameter_is_tried() -> None:
    """No parameter is without a value that every question is tried with."""
    others = {field.name for field in fields(VariantParameters)} - set(ANY_OTHER)

    assert others == {"assembly_id"}


@pytest.mark.parametrize(
    "parameter",
    ["similarity", "breakpoint_distance", "mate_start", "variant_length"],
)
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"gene_id": "AAA1"},
        {"gene_id": "AAA1", "aminoacid_change": "V600E"},
        {"effects": (("SO:0001583",),)},
        {"genomic_allele_short_form": "rs334"},
        {"genomic_allele_short_form": "NC_000022.10:g.10A>T"},
    ],
)
def test_only_events_are_compared(asked: dict[str, object], parameter: str) -> None:
    """What compares events is refused by its name where none are asked for."""
    more = {parameter: ANY_OTHER[parameter]}
    if not asked and parameter in ("similarity", "breakpoint_distance"):
        pytest.skip("alone these lack a place, which is what is said")

    with pytest.raises(InvalidRequest) as refused:
        _ask(VariantParameters(**asked, **more))  # type: ignore[arg-type]

    assert refused.value.parameter == _wire(parameter)


@pytest.mark.parametrize(
    ("name", "notes"),
    [("ski", ()), ("old", ("old is taken for SKI2.",)), ("NEW", ())],
)
def test_an_alias_beside_a_change_is_said(name: str, notes: tuple[str, ...]) -> None:
    """The answer says which gene annotations were asked for."""
    more = name_texts([GeneName("old", ALIAS, "HGNC:7", "SKI2")])
    places = [Gene(symbol="SKI", interval=Interval(contig=CHR22, start=1, end=2))]
    pattern = pattern_of(
        VariantParameters(gene_id=name, aminoacid_change="V600E"),
        loaded=("GRCh37",),
        references={},
        genes=GeneTable(place_texts(places) | more),
    )

    assert pattern is not None
    assert pattern.notes == notes


def test_a_mate_needs_a_sequence() -> None:
    """Without an allele the reader is not told to leave one out."""
    asked = VariantParameters(effects=(("SO:0001583",),), mate_name="8")

    with pytest.raises(InvalidRequest, match="it needs referenceName"):
        _ask(asked)
    with pytest.raises(InvalidRequest, match="leave out the allele"):
        _ask(VariantParameters(genomic_allele_short_form="rs5", mate_name="8"))


@pytest.mark.parametrize(
    ("kind", "given", "parameter"),
    [
        ("DEL", {"variant_length": 5}, "variantLength"),
        ("DEL", {"mate_name": "8"}, "mateName"),
        ("INS", {"mate_name": "8", "mate_start": 5, "end": ()}, "mateName"),
        ("BND", {"variant_length": 5, "end": ()}, "variantLength"),
        ("INS", {}, "end"),
        ("DEL", {"effects": (("SO:0001583",),)}, "filters"),
        ("DEL", {"aminoacid_change": "V600E"}, "aminoacidChange"),
    ],
)
def test_an_event_is_described_by_what_it_has(
    kind: str, given: dict[str, object], parameter: str
) -> None:
    """What says nothing of an event of that kind is refused, not dropped."""
    with pytest.raises(InvalidRequest) as refused:
        _ask(replace(DELETION, variant_type=kind, **given))  # type: ignore[arg-type]

    assert refused.value.parameter == parameter


def test_every_row_is_tried() -> None:
    """No row of the decision table is without an example here."""
    tried = {row for row, _, _ in EVERY_ROW} | {row for row, _, _ in REFUSED}

    assert tried == {row.name for row in QUERY_TYPES}


def test_a_pure_deletion_is_anchored() -> None:
    """An empty ALT is a value: the deletion, in the form a dataset keeps (R86)."""
    pattern = _ask(
        replace(AT_22, start=(10,), reference_bases="CG", alternate_bases="")
    )

    assert pattern is not None
    assert pattern.matches(sequence_allele(CHR22, 9, "TCG", "T"))
    assert not pattern.matches(sequence_allele(CHR22, 9, "TC", "T"))


def test_a_lone_gap_means_no_bases() -> None:
    """Some clients write ``-`` for nothing."""
    asked = replace(AT_22, start=(10,), reference_bases="-", alternate_bases="A")

    assert _ask(asked) == _ask(replace(asked, reference_bases=""))


def test_a_type_narrows_an_allele_question() -> None:
    """An allele asked for under a type it is not of does not match."""
    asked = replace(AT_22, start=(9,), reference_bases="A", alternate_bases="T")
    allele = sequence_allele(CHR22, 9, "A", "T")
    patterns = [_ask(replace(asked, variant_type=word)) for word in ("snv", "DEL")]

    assert [p is not None and p.matches(allele) for p in patterns] == [True, False]


def test_wildcards_are_held_against_the_reference_too() -> None:
    """The spelled bases of a REF with wildcards must be the reference's."""
    asked = replace(AT_22, start=(1,), reference_bases="NG", alternate_bases="A")

    with pytest.raises(InvalidRequest, match="not G"):
        pattern_of(
            asked, loaded=("GRCh37",), references={"GRCh37": TextReference("ACT")}
        )


def test_an_unknown_sequence_is_an_error() -> None:
    """A name the assembly does not have never reads as a no."""
    with pytest.raises(UnknownContig, match="'99'"):
        _ask(VariantParameters(reference_name="99", start=(1,), end=(2,)))


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("SNV", "SNP"),
        ("snp", "SNP"),
        ("<DUP:TANDEM>", "DUP:TANDEM"),
        ("ins:me:alu", "INS:ME:ALU"),
        ("gain:x", "DUP:X"),
        ("breakend", "BND"),
        ("SO:0000199", "TRA"),
        ("EFO:0030067", "DEL"),
        ("so:0001742", "DUP"),
        ("EFO:0030072", "DUP"),
        ("delins", "INDEL"),
        ("CN0", "CNV"),
        ("<CPX>", "CPX"),
    ],
)
def test_types_have_synonyms(word: str, expected: str) -> None:
    """VCF words, SO and EFO terms mean our words."""
    assert expected == canonical_type(word)


@pytest.mark.parametrize("word", ["rearranged", "EFO:0030064", "", "ODD:ME", "DEL:"])
def test_types_not_held_here_are_no_answer(word: str) -> None:
    """A type that is unknown, or whose variants are not loaded, is never a no."""
    with pytest.raises(InvalidRequest) as caught:
        canonical_type(word)

    assert caught.value.parameter == "variantType"


BASES = st.text(alphabet="ACGT", min_size=1, max_size=120)
ALLELES = st.one_of(
    st.builds(
        sequence_allele,
        st.sampled_from([c for a in ASSEMBLIES.values() for c in a.contigs]),
        st.integers(0, 16_000),
        BASES,
        BASES,
    ),
    st.builds(
        lambda start, size, alternate: Allele(
            contig=CHR22,
            start=start,
            end=start + size,
            reference="N",
            alternate=alternate,
        ),
        st.integers(0, 16_000),
        st.integers(0, 9000),
        st.sampled_from(STRUCTURAL),
    ),
)


@given(allele=ALLELES, other=ALLELES)
def test_an_id_finds_its_allele_and_no_other(allele: Allele, other: Allele) -> None:
    """Reading an id gives the question only its own allele answers."""
    pattern = identity_pattern(identity_of(allele))

    assert pattern is not None
    assert pattern.matches(allele)
    assert pattern.matches(other) == (other == allele)
    assert pattern.is_single_allele


@pytest.mark.parametrize(
    "identity",
    ["GRCh37-22-20000001-AGTT-TGTT", "GRCh37-22-20000000-CA-CT"],
)
def test_an_id_of_another_spelling_finds_the_allele(identity: str) -> None:
    """An id that somebody wrote, or took from elsewhere, is no narrower question."""
    contig = ASSEMBLIES["GRCh37"].contigs[21]
    pattern = variant_pattern(identity, {})

    assert pattern is not None
    assert pattern.matches(sequence_allele(contig, 20_000_000, "A", "T"))


@pytest.mark.parametrize(
    "identity",
    [
        "",
        "x",
        "GRCh37-22-10",
        "GRCh37-22-10-A",
        "GRCh37-chr22-10-A-T",
        "GRCh37-22-010-A-T",
        "GRCh37-22-0-A-T",
        "GRCh37-22-99999999-A-T",
        "GRCh37-99-10-A-T",
        "hg19-22-10-A-T",
        "GRCh37-22-10-a-t",
        "GRCh37-22-10-ref.12-alt.34",
        "GRCh37-22-10-A-T\n",
    ],
)
def test_what_is_no_id_is_nothing(identity: str) -> None:
    """A text that cannot be an id of ours is no error; there is no such variant."""
    assert identity_pattern(identity) is None


def test_without_gene_places_annotations_say_what_is_in_a_gene():
    """A gene is asked by its symbols where no table says where it lies."""
    parameters = VariantParameters(
        gene_id="c1orf112", assembly_id="hg38", variant_type="DEL"
    )
    pattern = pattern_of(parameters, loaded=("GRCh37",), references={})

    assert pattern == VariantPattern(
        contig=None,
        genome="GRCh38",
        variant_type="DEL",
        annotated=AnnotationPattern(genes=("c1orf112", "C1ORF112", "C1orf112")),
    )


@pytest.mark.parametrize(
    ("parameters", "parameter"),
    [
        (VariantParameters(gene_id="two genes"), "geneId"),
        (replace(AT_22, start=(9,), gene_id="G"), "alternateBases"),
    ],
)
def test_without_gene_places_a_question_is_not_widened(parameters, parameter):
    """What cannot be a gene, and a place that is half given, are refused."""
    with pytest.raises(InvalidRequest) as refused:
        pattern_of(parameters, loaded=("GRCh37",), references={})

    assert refused.value.parameter == parameter


def test_a_gene_and_an_effect_are_asked_together():
    """Where a gene has a place, its annotations are asked for the rest only."""
    missense = (("SO:0001583",),)
    pattern = _ask(VariantParameters(gene_id="AAA1", effects=missense))

    assert pattern == VariantPattern(
        contig=CHR22,
        overlap=Bounds(low=10, high=20),
        annotated=AnnotationPattern(effects=missense),
    )
