"""Every way of writing a variant, read and written, and what is not understood."""

from __future__ import annotations

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from model_references import TextReference, changes

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.errors import BeaconError, InvalidRequest, NotUnderstood
from beacon.model.genes import (
    NO_GENES,
    Gene,
    GeneName,
    Genes,
    GeneTable,
    name_texts,
    place_texts,
)
from beacon.model.genome import Interval
from beacon.model.notation import NOTATIONS, hgvs_g, is_hgvs, parse, spdi, vcf_style
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.similarity import Event, Mate
from beacon.model.structure import Structure
from beacon.model.variant import Allele, left_align, sequence_allele

CHR22 = ASSEMBLIES["GRCh37"].contigs[21]
TEXT = "ACGTTTGACACACACGGN"
REFERENCES = {"GRCh37": TextReference(TEXT * 10)}
LIKE_SOMETHING_ELSE = (
    *("CHRNA3", "RS1", "SS18", "IGHV7-4-1", "H3-3A-DT", "5_8S_rRNA", "CA1234"),
    *("MT-ND1", "HLA-DRB1", "7SK", "C1orf112", "AC012345.1", "XP1"),
)
GENES = GeneTable(
    {
        **place_texts(
            [
                Gene(
                    symbol=symbol,
                    interval=Interval(contig=CHR22, start=start, end=start + 10),
                    hgnc=hgnc,
                    ensembl=ensembl,
                )
                for symbol, start, hgnc, ensembl in (
                    ("AAA1", 10, "HGNC:1", "ENSG00000000001"),
                    ("V600E", 30, None, None),
                    *((name, 50, None, None) for name in LIKE_SOMETHING_ELSE),
                )
            ]
        ),
        **name_texts([GeneName("alpha", "alias", "HGNC:1", "AAA1")]),
    }
)


def _read(
    text: str,
    *,
    assembly: str | None = None,
    references: dict[str, TextReference] | None = None,
    genes: Genes | None = None,
) -> VariantPattern:
    return parse(
        text,
        assembly=assembly,
        loaded=("GRCh37",),
        references=references or {},
        genes=GENES if genes is None else genes,
    )


@pytest.mark.parametrize(
    "text",
    [
        "22-16050408-T-C",
        "chr22:16050408:T:C",
        "CHR22-16050408-t-c",
        "22:16050408T>C",
        "22:16050408 T>C",
        "22 16050408 T C",
        "22:16,050,408 T/C",
        "22:16050408 T->C",
        "22_16050408_T/C",
        "22\u201316050408\u2013T\u2013C",
        "chr22:16050408T\u2192C",
        "  '22-16050408-T-C' ",
        "GRCh37-22-16050408-T-C",
        "hg19 22:16050408 T>C",
        "[GRCh37] chr22-16050408-T-C",
        "22-16050408-T-C (hg19)",
        "NC_000022.10-16050408-T-C",
        "22\t16050408\trs1\tT\tC",
        "chr22\t16050408\t.\tT\tC\t50\tPASS\tAC=1;AN=2\tGT\t0/1",
        "22  16050408  30105  T   C  .  .",
        "chr22:g.16050408T>C",
        "22:g.16050408T>C",
        "chr22 : g. 16050408T>C",
        "NC_000022.10:g.16050408T>C",
        "NC_000022.10(BRCA2):g.16050408T>C",
        "CM000684.1:g.16050408T>C",
        "NC_000022.10:16050407:T:C",
        "https://gnomad.broadinstitute.org/variant/22-16050408-T-C?dataset=gnomad_r2_1",
        "gnomad.broadinstitute.org/variant/22-16050408-T-C?dataset=exac",
        "22-16050408 - T-C",
        "22-16050408-T-C-hg19",
        "22-16050408-T-C het",
        "chr22:16050408 T>C (heterozygous)",
        "chr22:16050408 T>C, GRCh37, 0/1",
        "chr22:16050408T&gt;C",
        "chr22:g.16050408T&#62;C",
        "22:16\u00a0050\u00a0408 T>C",
        "22:16\u202f050\u202f408 T>C",
        "22:16'050'408 T>C",
        '="22-16050408-T-C"',
        "\u201c22-16050408-T-C\u201d",
        "\u2019chr22:16050408:T:C",
        "22-16050408-T-C,",
        "22;16050408;T;C",
        '"22","16050408","T","C"',
        "22 16 050 408 T C",
        "22: 16 050 408 T>C",
        "22:16050408-16050408 T>C",
        "22 16050408 16050408 T/C +",
        "22:16050408 (T>C)",
        "variant: 22-16050408-T-C",
        "HGVSg: NC_000022.10:g.16050408T>C",
        "Chromosome 22: 16050408 T>C",
        "kromosom 22, position 16,050,408, T>C",
        "NC_000022.10:g.16050408T>C (BRCA2)",
        "chr22:g.16050408T>C, p.(Arg3Ter)",
        "/v/GRCh37/22-16050408-T-C?lang=da",
        "/beacon/v/hg19/22:g.16050408T%3EC",
        "#/search?pos=16050408&chrom=22&allele=C&ref=T&rs=GRCh37",
        "?pos=16050408&chrom=22&allele=C&ref=T&rs=GRCh37",
        "https://franklin.genoox.com/clinical-db/variant/snp/chr22-16050408-T-C-hg19",
        "https://franklin.genoox.com/clinical-db/variant/snp/chr22-16050408-T-C",
        "https://beacon-network.org/#/search?pos=16050408&chrom=22&allele=C&ref=T"
        "&rs=GRCh37",
        "https://beacon.example.org/?pos=16050408&chrom=22&allele=C&ref=T&rs=hg19",
        "https://beacon.example.org/v/GRCh37/22-16050408-T-C?lang=sv",
        "http://127.0.0.1:5050/api/g_variants?assemblyId=GRCh37&referenceName=22"
        "&start=16050407&referenceBases=T&alternateBases=C",
        "https://varsome.com/variant/hg19/22%3A16050408%3AT%3AC",
        "https://www.ncbi.nlm.nih.gov/clinvar/?term=NC_000022.10%3Ag.16050408T%3EC",
    ],
)
def test_one_allele_in_many_spellings(text: str) -> None:
    """However it is written, it is the same question."""
    expected = VariantPattern(contig=CHR22, spellings=((16050407, "T", "C"),))

    assert expected == _read(text)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("22:16050000-16060000", 16049999, 16060000),
        ("chr22:16,050,000-16,060,000", 16049999, 16060000),
        ("22-16050000-16060000", 16049999, 16060000),
        ("22:16050000..16060000", 16049999, 16060000),
        ("NC_000022.10:16050000-16060000", 16049999, 16060000),
        ("hg19 chr22:5-5", 4, 5),
        ("22:16050000", 16049999, 16050000),
        ("22-16050000", 16049999, 16050000),
        ("22:51304566-51304999", 51304565, 51304566),
        (
            "https://gnomad.broadinstitute.org/region/22-5-9?dataset=gnomad_r2_1",
            4,
            9,
        ),
        (
            "https://genome.ucsc.edu/cgi-bin/hgTracks?db=hg19&position=chr22%3A5%2D9",
            4,
            9,
        ),
        (
            "https://grch37.ensembl.org/Homo_sapiens/Location/View?db=core;r=22:5-9",
            4,
            9,
        ),
        ("http://x.org/g_variants?referenceName=22&start=4&end=9", 4, 9),
        ("AAA1", 10, 20),
        ("HGNC:1", 10, 20),
        ("ENSG00000000001.4", 10, 20),
        ("alpha", 10, 20),
        ("V600E", 30, 40),
        ("https://gnomad.broadinstitute.org/gene/ENSG00000000001?dataset=exac", 10, 20),
        ("https://franklin.genoox.com/clinical-db/gene/hg19/AAA1", 10, 20),
        (
            "https://grch37.ensembl.org/Homo_sapiens/Gene/Summary?g=ENSG00000000001",
            10,
            20,
        ),
    ],
)
def test_regions_are_closed_and_begin_at_one(text: str, low: int, high: int) -> None:
    """Both ends belong to a region, and a position is one base."""
    expected = VariantPattern(contig=CHR22, overlap=Bounds(low=low, high=high))

    assert expected == _read(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("22:g.4_6del", (2, "GTTT", "G")),
        ("22:g.4_6delTTT", (2, "GTTT", "G")),
        ("22:g.6del", (2, "GT", "G")),
        ("22:g.6del1", (2, "GT", "G")),
        ("22:g.5_6dup", (2, "G", "GTT")),
        ("22:g.6dupT", (2, "G", "GT")),
        ("22:g.6_7insT", (2, "G", "GT")),
        ("22:g.7_8insCC", (6, "G", "GCC")),
        ("22:g.4_6delinsA", (3, "TTT", "A")),
        ("22:g.4_6delTTTinsA", (3, "TTT", "A")),
        ("22:g.6_8inv", (5, "TGA", "TCA")),
        ("22:g.8_15AC[5]", (6, "G", "GAC")),
        ("22:g.8_9[3]", (6, "GAC", "G")),
        ("NC_000022.10:3:TTT:", (2, "GTTT", "G")),
        ("NC_000022.10:3:3:", (2, "GTTT", "G")),
        ("NC_000022.10:6::T", (2, "G", "GT")),
        ("22-6-T-TT", (2, "G", "GT")),
        ("22:4:T:-", (2, "GT", "G")),
    ],
)
def test_changes_of_length_are_left_aligned(
    text: str, expected: tuple[int, str, str]
) -> None:
    """HGVS, SPDI and VCF forms of a change ask for what a dataset keeps."""
    pattern = _read(text, references=REFERENCES)
    kept = left_align(sequence_allele(CHR22, *expected), REFERENCES["GRCh37"])

    assert pattern.is_single_allele
    assert pattern.matches(kept)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Nothing was given"),
        ("22-1-A-C\n22-2-A-C", "Several lines"),
        ("foo bar", "not a variant or region"),
        ("22-16050408-T", "One allele alone"),
        ("22-16050408-TTTG-", "One allele alone"),
        ("22-16050408-T-R", "stands for A or G"),
        ("22-16050408-T-C-A", "More than one allele"),
        ("22-16050408-T-C 22-16050409-A-G", "Several variants"),
        ("16050408 T>C", "chromosome is missing"),
        ("T>C 22:16050408", "comes before the alleles"),
        ("22:16050408-16050410 T>C", "holds 3 bases, but REF"),
        ("185delAG", "named before HGVS"),
        ("\u0394F508", "named before HGVS"),
        ("1q21.1 deletion", "cytogenetic band"),
        ("22q11.2(18912231_21465672)x1", "number of copies"),
        ("22:18912231-21465672 x3", "number of copies"),
        ("X_16050408_T", "One allele alone"),
        ("22-16050408-T-C,G", "several alternate alleles"),
        ("22\t10\t.\tT\tC,G\t.", "several alternate alleles"),
        ("22-10-T-<DEL>", "without END or SVLEN"),
        ("22 10 . T <DEL> . . END=60000000", "END of <DEL> is not inside"),
        ("22 10 . T <TRA> . . END=100", "without a mate"),
        ("22 10 . T <ODD> . . END=100", "other symbolic allele"),
        ("22-10-T-T[22:100]", "breakend cannot be read"),
        ("22-10-T-*", "not an allele"),
        ("22-10-T-<NON_REF>", "not an allele"),
        ("22:10:-:T", "needs the base before"),
        ("22-10-TX-C", "not a sequence of bases"),
        ("22-0-T-C", "begin at 1"),
        ("22:20-10", "ends before it begins"),
        ("22", "whole sequence"),
        ("chrX", "whole sequence"),
        ("22 9 10 A C", "0-based start"),
        ("#CHROM\tPOS\tID\tREF\tALT", "header line"),
        ("rs334, rs335", "Several rsIDs"),
        ("rs99999999999999999999", "no rs number"),
        ("dbSNP:rs 1234567890123456", "no rs number"),
        ("BRCA2", "'BRCA2' is no gene of the table"),
        ("HGNC:1101", "is no gene of the table"),
        ("NKX2-5", "is no gene of the table"),
        ("ENSG00000139618", "is no gene of the table"),
        ("msh2 c.277C>T", "map of transcripts"),
        ("MSH2 (NM_000251.3) c.277C>T", "map of transcripts"),
        ("T4413fs", "change of a protein without its gene"),
        ("Glu221AsnfsTer5", "change of a protein without its gene"),
        ("delF508", "change of a protein without its gene"),
        ("27886287", "number alone"),
        ("27,886,287", "number alone"),
        ("p.(Glu221AsnfsTer5)", "on a protein"),
        ("BRAF V600E", "beside a gene's name"),
        ("BRCA1 185delAG", "beside a gene's name"),
        ("NM_000088.3:c,589G>T", "not a comma"),
        ("NM_000314.6", "no variant of it"),
        ("ENST00000357654", "no variant of it"),
        ("NG_005905.2:g.93000A>T", "sequence of one gene"),
        ("g.43045711T>C", "needs its sequence"),
        ("NC_000022.10", "whole sequence"),
        ("17q21.31", "cytogenetic band"),
        ("arr[GRCh38] 17q21.31(43044295_43125364)x1", "ISCN"),
        ("46,XX,t(9;22)(q34;q11)", "ISCN"),
        ("RCV000031222", "accession of ClinVar"),
        ("VCV000017661.3", "accession of ClinVar"),
        ("COSV55497369", "another register"),
        ("CA123643", "another register"),
        ("ss1388", "submissions to dbSNP"),
        ("CYP2D6*4", "Star alleles"),
        ("HLA-A*01:01", "Star alleles"),
        ("IVS10+2T>C", "intron"),
        ("exon 5 deletion", "Exons"),
        ("ga4gh:VSL.j_6mIYta6uPDasV1uqfrcg5JUPfiiiSt", "VRS"),
        ("ga4gh:VA.short", "VRS"),
        ("del 22:18912231-", "is written as"),
        ("del 22:18912231", "needs a range"),
        ("22:20-10 DUP", "ends before it begins"),
        ("bnd 22:18912231-21465672", "as a VCF line"),
        ("c.4375C>T", "on a transcript"),
        ("DMD:c.4375C>T", "on a transcript"),
        ("https://franklin.genoox.com/x/chr22-1-A-C", "names no variant"),
        ("https://gnomad.broadinstitute.org/transcript/ENST0", "a gene are read"),
        ("http://[", "cannot be read"),
        ("https://example.org/variant/1", "Links to example.org are not read"),
        ("https://gnomad.broadinstitute.org/variant/DEL_22_1", "do not say where"),
        ("https://franklin.genoox.com/clinical-db/variant/sv/x", "cannot be read"),
        ("https://x.org/#/search?pos=1&chrom=22&allele=C&rs=GRCh37", "names no REF"),
        ("http://x.org/q?referenceName=22&start=4&alternateBases=A", "REF and ALT"),
        ("http://x.org/q?referenceName=22&start=4,5&end=7,8", "one range are read"),
        (f"https://scout.example.se/inst/case/{'0a' * 16}", "by a code"),
        ("https://www.ncbi.nlm.nih.gov/clinvar/variation/17661/", "by a number"),
        ("https://www.ncbi.nlm.nih.gov/gene/672", "Of NCBI's links"),
        ("https://genome.ucsc.edu/cgi-bin/hgGateway", "with a position"),
        ("https://genome.ucsc.edu/cgi-bin/hgTracks?db=mm39&position=chr1:1", "mm39"),
        ("https://www.ensembl.org/Mus_musculus/Gene?g=ENSMUSG1", "not the human"),
        ("https://www.ensembl.org/Homo_sapiens/Info/Index", "Of Ensembl's links"),
        ("https://www.deciphergenomics.org/patient/1", "Of DECIPHER's links"),
        ("https://varsome.com/variant/mm10/1-2-A-C", "Of VarSome's links"),
        ("22:g.10=", "not a variant"),
        ("22:g.10_12del", "no reference sequence"),
        ("22:g.10_12dup", "no reference sequence"),
        ("22:g.10_12dupACG", "no reference sequence"),
        ("22:g.10_12inv", "no reference sequence"),
        ("22:g.10_12[5]", "no reference sequence"),
        ("22:g.10_11delinsA", "no reference sequence"),
        ("22:g.12_10del", "ends before it begins"),
        ("22:g.10_12delA", "3 bases, but 1 are stated"),
        ("22:g.10insA", "two neighbouring positions"),
        ("22:g.10_14insA", "two neighbouring positions"),
        ("22:g.10_11ins12", "not spelled in bases"),
        ("22:g.10_11ins[A;T]", "not spelled in bases"),
        ("22:g.10_12AC[5]", "no multiple"),
        ("22:g.1_9000AC[900]", "too long"),
        ("22:g.1_200000del", "too long"),
        ("22:g.(10_20)_(30_40)del", "uncertain"),
        ("22:g.[10A>T;12A>C]", "several changes"),
        ("22:g.10con20", "none of"),
        ("22:g.,del", "none of"),
        ("22:g.10del" + "9" * 5000, "none of"),
        ("22 10 \u00b2 A <DEL>", "without END or SVLEN"),
    ],
)
def test_what_is_not_understood_gets_its_sentence(text: str, sentence: str) -> None:
    """Each way of writing that cannot be answered says why."""
    with pytest.raises(NotUnderstood, match=sentence) as caught:
        _read(text)

    assert caught.value.parameter == "variant"


def _event(kind: str, start: int, end: int, length: int | None) -> Event:
    return Event(kind, "22", start, end, length)


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("del 22:101-200", _event("DEL", 100, 200, 100)),
        ("DEL chr22 101 200", _event("DEL", 100, 200, 100)),
        ("loss chr22:101..200", _event("DEL", 100, 200, 100)),
        ("22:101-200 DUP", _event("DUP", 100, 200, 100)),
        ("chr22:1,101-2,200 gain", _event("DUP", 1100, 2200, 1100)),
        ("22-101-200-<INV>", _event("INV", 100, 200, 100)),
        ("cnv 22:101-200", _event("CNV", 100, 200, 100)),
        (
            "https://franklin.genoox.com/clinical-db/variant/sv/chr22-101-200-DEL-hg19",
            _event("DEL", 100, 200, 100),
        ),
        ("ins 22:100", _event("INS", 100, 100, None)),
        ("22\t100\t.\tN\t<DEL>\t.\tPASS\tEND=200", _event("DEL", 100, 200, 100)),
        ("22 100 . A <DUP:TANDEM> . . SVLEN=100", _event("DUP", 100, 200, 100)),
        ("22 100 . A <CN0> . . END=200 GT 0/1", _event("DEL", 100, 200, 100)),
        ("22 100 . A <CNV> . . END=200", _event("CNV", 100, 200, 100)),
        ("22 100 . A <CPX> . . END=200", _event("CPX", 100, 200, 100)),
        ("22 200 . A <INV> . . END=101", _event("INV", 101, 200, 99)),
        (
            "chrUn_gl000220 7 . N ]chr22:100]N . . CIPOS=-5,0;CIEND=-9,3",
            Event(
                *("BND", "22", 99, 99, None, Structure((-9, 3), (-5, 0))),
                *(Mate("chrUn_gl000220", 6), "+-"),
            ),
        ),
        ("22 100 . A <INS> . . SVLEN=280", _event("INS", 100, 100, 280)),
        ("22-100-A-<INS:ME:ALU>", _event("INS", 100, 100, None)),
    ],
)
def test_an_event_asks_for_what_is_similar(text: str, event: Event) -> None:
    """A copy number variant in any notation is asked by its kind and place."""
    pattern = _read(text)

    assert pattern.similar is not None
    assert pattern.similar.event == event


@pytest.mark.parametrize("alt", ["<DEL>", "T[chrUn_gl000221:9[", "<ODD>"])
def test_what_lies_on_scaffolds_alone_is_not_asked(alt: str) -> None:
    """Only a breakend has another side to be asked for."""
    with pytest.raises(InvalidRequest, match="no sequence named"):
        _read(f"chrUn_gl000220 10 . T {alt} . . END=100")


@pytest.mark.parametrize(
    ("text", "mate", "strands"),
    [
        ("22-100-T-T[8:500[", Mate("8", 499), "+-"),
        ("22 100 . T ]chr8:500]T . . SVTYPE=BND", Mate("8", 499), "-+"),
        ("22 100 . N <TRA> . . CHR2=chr8;END=500;CT=3to3", Mate("8", 499), "++"),
        ("22 0 . N .N . . .", None, "-"),
        ("22-100-G-GTTA.", None, "+"),
    ],
)
def test_a_breakend_asks_for_what_is_similar(
    text: str, mate: Mate | None, strands: str
) -> None:
    """Both notations of an adjacency ask the same; POS 0 is the telomere."""
    event = _read(text).similar.event

    assert (event.kind, event.mate, event.strands) == ("BND", mate, strands)


def test_margins_travel_with_the_question() -> None:
    """CIPOS and CIEND of a pasted line widen what is similar."""
    line = "22 100 . N <DEL> . . IMPRECISE;END=900;CIPOS=-5,7;CIEND=-1,0;SVTYPE=DEL"
    event = _read(line).similar.event

    assert event.structure == Structure((-5, 7), (-1, 0), (0, 0), is_imprecise=True)


@pytest.mark.parametrize(
    ("text", "assembly", "name"),
    [
        ("rs334", "GRCh37", "rs334"),
        ("RS 00334", "GRCh37", "rs334"),
        ("dbSNP:rs334", "GRCh37", "rs334"),
        ("rs334 GRCh38", "GRCh38", "rs334"),
        ("https://www.ncbi.nlm.nih.gov/snp/rs334", "GRCh37", "rs334"),
        ("https://gnomad.broadinstitute.org/variant/rs334", "GRCh38", "rs334"),
        (
            "https://www.ensembl.org/Homo_sapiens/Variation/Explore?r=22:1-9;v=rs334",
            "GRCh38",
            "rs334",
        ),
        (f"VA.{'j_6-' * 8}", "GRCh37", f"ga4gh:VA.{'j_6-' * 8}"),
        (f"ga4gh:VA.{'a' * 27}-hg38", "GRCh37", f"ga4gh:VA.{'a' * 27}-hg38"),
        (f"ga4gh:VA.{'j_6-' * 8}", "GRCh37", f"ga4gh:VA.{'j_6-' * 8}"),
    ],
)
def test_a_name_asks_for_what_the_data_calls_so(
    text: str, assembly: str, name: str
) -> None:
    """Rs numbers and VRS ids name no place; the assembly is the one asked."""
    pattern = _read(text)

    assert (pattern.name, pattern.assembly) == (name, assembly)
    assert pattern.contig is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("NM_004006.2:c.4375C>T", "NM_004006.2:c.4375C>T"),
        ("NM_004006.2(DMD):c.4375C>T (p.Arg1459Ter)", "NM_004006.2:c.4375C>T"),
        ("NP_003997.1:p.Trp24Cys", "NP_003997.1:p.Trp24Cys"),
        ("ENST00000357033.9:c.4375C>T", "ENST00000357033.9:c.4375C>T"),
    ],
)
def test_a_transcript_that_is_named_asks_the_annotations(text: str, name: str) -> None:
    """HGVS that names its transcript or protein is what annotations may know."""
    pattern = _read(text)

    assert pattern.annotated is not None
    assert (pattern.annotated.hgvs, pattern.contig) == (name, None)


def test_a_mitochondrial_change_names_its_sequence() -> None:
    """HGVS with m. has only one sequence to be on."""
    pattern = _read("m.3243A>G")

    assert (pattern.sequence.name, pattern.spellings) == ("MT", ((3242, "A", "G"),))


def test_other_sites_are_on_their_own_assembly() -> None:
    """A link of a page on GRCh38 asks GRCh38, whatever is loaded."""
    links = [
        "https://www.deciphergenomics.org/sequence-variant/22-16050408-T-C",
        "https://www.deciphergenomics.org/browser#q/X/location/22:16050408-16050408",
        "https://gnomad.broadinstitute.org/variant/22-16050408-T-C",
        "https://franklin.genoox.com/clinical-db/variant/snp/22-16050408-T-C-hg38",
        "https://www.ensembl.org/Homo_sapiens/Location/View?r=22:16050408-16050408",
    ]

    assert {_read(link).assembly for link in links} == {"GRCh38"}


def test_what_an_alias_was_taken_for_is_said() -> None:
    """The pattern of an alias carries the sentence the answer repeats."""
    assert _read("alpha").notes == ("alpha is an alias of AAA1 (HGNC:1).",)
    assert _read("AAA1").notes == ()


@pytest.mark.parametrize("symbol", LIKE_SOMETHING_ELSE)
def test_a_symbol_is_its_gene_whatever_it_looks_like(symbol: str) -> None:
    """Spelled letter by letter, a symbol is no rsID, region, band or sequence."""
    assert _read(symbol).overlap == Bounds(low=50, high=60)


def test_an_rsid_in_lower_case_is_no_gene() -> None:
    """rs1 is a variant, RS1 a gene."""
    assert _read("rs1").name == "rs1"
    assert _read("RS2").name == "rs2"


def test_a_gene_without_a_table_says_how_to_load_one() -> None:
    """Where no genes are loaded, the sentence says what would load them."""
    with pytest.raises(NotUnderstood, match="beacon load genes"):
        _read("BRCA2", genes=NO_GENES)


def test_a_deletion_where_the_reference_is_unknown_is_no_answer() -> None:
    """Bases left out where the reference has N cannot be filled in."""
    with pytest.raises(NotUnderstood, match="no known bases"):
        _read("22:g.18del", references=REFERENCES)


@pytest.mark.parametrize(
    ("text", "assembly", "sentence"),
    [
        ("99-10-T-C", None, "no sequence named '99'"),
        ("GL000191.1:g.10A>T", None, "not the accession"),
        ("22-99999999-T-C", None, "51304566 bases"),
        ("22:g.99999999T>C", None, "51304566 bases"),
        ("22:60000000-60000001", None, "51304566 bases"),
        ("NC_000022.11:g.10A>T", "GRCh37", "of GRCh38, not of GRCh37"),
        ("GRCh38-22-10-T-C", "hg19", "given on GRCh38"),
        ("22-10-T-C", "hg18", "not an assembly"),
        ("22-10-T-T", None, "not a variant"),
    ],
)
def test_impossible_questions_are_refused(
    text: str, assembly: str | None, sentence: str
) -> None:
    """What is understood but cannot be is never a no."""
    with pytest.raises(InvalidRequest, match=sentence):
        _read(text, assembly=assembly)


def test_a_wrong_ref_is_refused() -> None:
    """With a reference, a REF that is not there is a mistake."""
    with pytest.raises(InvalidRequest, match="has T at GRCh37 22:4, not G"):
        _read("22-4-G-C", references=REFERENCES)


def test_every_way_of_writing_is_tried_once() -> None:
    """No two rows read the same form."""
    forms = [notation.form.pattern for notation in NOTATIONS]

    assert len(set(forms)) == len(forms)


@pytest.mark.parametrize(
    "text",
    [
        " " * 50_000 + "x",
        "(" * 90_000,
        "22:10" + "," * 90_000,
        "22-10-" + "A" * 90_000,
        "chr" + "_1" * 45_000,
        "22:g." + "1_" * 45_000,
        "22:g.10del" + "ins" * 30_000,
        "22 10 A " + "<[" * 45_000 + " x",
        "gnomad.broadinstitute.org/variant/" * 2_500,
        "9" * 90_000,
        "del " * 20_000,
        "rs1," * 20_000,
        "9," * 40_000,
        "V6" + "fs" * 40_000,
        "IVS" * 30_000,
        "a." * 45_000 + "org/x",
        "https://x.org/" + "a/" * 40_000,
        "https://x.org/v/GRCh38/" * 4_000,
        "BRCA1 " + "c." * 45_000,
        "exon " * 19_000 + "\u00b2",
        "1\u00a0000" * 18_000,
        "&gt;" * 24_000,
        "het " * 24_000,
    ],
)
def test_hostile_texts_are_refused_quickly(text: str) -> None:
    """No text keeps a reader busy."""
    begun = time.perf_counter()

    with pytest.raises(InvalidRequest):
        _read(text)
    assert time.perf_counter() - begun < 2


@given(st.text(max_size=40) | st.text(alphabet="2:g.-_ACGT>delinsup[]1 ,", max_size=25))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    """A reader gives a pattern or one of our errors, never another failure."""
    try:
        outcome: object = _read(text, references=REFERENCES)
    except BeaconError as refusal:
        outcome = refusal

    assert isinstance(outcome, VariantPattern | BeaconError)


BASES = st.text(alphabet="ACGT", min_size=1, max_size=6)
ALLELES = st.builds(
    sequence_allele,
    st.sampled_from([c for a in ASSEMBLIES.values() for c in a.contigs]),
    st.integers(0, 16_000),
    BASES,
    BASES,
).filter(lambda allele: allele.reference != allele.alternate)


@given(ALLELES)
def test_what_is_written_is_read_back(allele: Allele) -> None:
    """VCF style and SPDI ask for the allele they were written from."""
    assembly = allele.contig.assembly

    assert _read(vcf_style(allele), assembly=assembly).matches(allele)
    assert _read(spdi(allele), assembly=assembly).matches(allele)


@given(changes())
def test_hgvs_is_read_back(change: tuple[TextReference, Allele]) -> None:
    """With a reference, HGVS asks for the left-aligned form of its allele."""
    reference, given_allele = change
    allele = sequence_allele(
        CHR22, given_allele.start, given_allele.reference, given_allele.alternate
    )
    kept = left_align(allele, reference)
    assume(kept.is_anchored)

    text = hgvs_g(kept, reference)
    assert _read(text, references={"GRCh37": reference}).matches(kept)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ((3, "T", "C"), "NC_000022.10:g.4T>C"),
        ((2, "GT", "G"), "NC_000022.10:g.6del"),
        ((2, "GTT", "G"), "NC_000022.10:g.5_6del"),
        ((2, "G", "GT"), "NC_000022.10:g.6dup"),
        ((6, "G", "GAC"), "NC_000022.10:g.14_15dup"),
        ((6, "G", "GCC"), "NC_000022.10:g.7_8insCC"),
        ((3, "TT", "CA"), "NC_000022.10:g.4_5delinsCA"),
        ((0, "A", "TA"), "NC_000022.10:g.1delinsTA"),
    ],
)
def test_hgvs_follows_the_nomenclature(
    form: tuple[int, str, str], expected: str
) -> None:
    """Changes are named at their most 3' place, and duplications as such."""
    allele = sequence_allele(CHR22, *form)

    assert expected == hgvs_g(allele, REFERENCES["GRCh37"])


@pytest.mark.parametrize(
    ("contig", "expected"),
    [("22", "NC_000022.10:g.3_4insT"), ("MT", "NC_012920.1:m.3_4insT")],
)
def test_without_a_reference_hgvs_stays_in_place(contig: str, expected: str) -> None:
    """What is stored is written where it is stored; the mitochondrion's is m."""
    found = next(c for c in ASSEMBLIES["GRCh37"].contigs if c.name == contig)

    assert expected == hgvs_g(sequence_allele(found, 2, "G", "GT"))


def test_hgvs_is_recognised() -> None:
    """Transcript and protein forms are HGVS too; other notations are not."""
    texts = ["22:g.1A>C", "NM_1.2:c.1A>C", "p.V600E", "22-1-A-C", "rs1"]

    assert list(map(is_hgvs, texts)) == [True, True, True, False, False]


@given(
    contig=st.sampled_from(["1", "chr22", "X", "chrY", "19", "9"]),
    gap=st.sampled_from("-:"),
    pos=st.integers(1, 300_000_000),
    bases=st.tuples(*[st.text("ACGT", min_size=1, max_size=4)] * 2),
)
def test_what_programs_write_is_read_as_what_people_write(
    contig: str, gap: str, pos: int, bases: tuple[str, str]
) -> None:
    """The short way of reading gives what the long one gives, which tidies first."""
    text = gap.join((contig, str(pos), *bases))

    def said(spelled: str) -> object:
        try:
            return parse(spelled, assembly=None, loaded={"GRCh38"}, references={})
        except BeaconError as failure:
            return type(failure), str(failure)

    assert said(text) == said(f" {text} ")
