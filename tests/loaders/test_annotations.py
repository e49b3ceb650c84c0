"""Annotations land on the ALT they name, or on none."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.annotation import Annotation, Unread
from beacon.model.assemblies import ASSEMBLIES
from loaders.annotation_layouts import read_annotated
from loaders.annotations import FileAnnotations
from loaders.report import FileReport, LoadReport
from loaders.vcf import Site

if TYPE_CHECKING:
    from collections.abc import Callable

VEP = (
    '##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations from'
    " Ensembl VEP. Format: Allele|Consequence|IMPACT|SYMBOL|Gene|Feature|HGVSc|HGVSp"
    '|Protein_position|Amino_acids|Existing_variation">'
)
NUMBERED = VEP.replace("Existing_variation", "Existing_variation|ALLELE_NUM")
ANN = (
    "##INFO=<ID=ANN,Number=.,Type=String,Description=\"Functional annotations: 'Allele"
    " | Annotation | Annotation_Impact | Gene_Name | Gene_ID | Feature_Type |"
    " Feature_ID | Transcript_BioType | Rank | HGVS.c | HGVS.p | cDNA.pos /"
    " cDNA.length | CDS.pos / CDS.length | AA.pos / AA.length | Distance | ERRORS /"
    " WARNINGS / INFO' \">"
)
EFF = (
    '##INFO=<ID=EFF,Number=.,Type=String,Description="Predicted effects for this'
    " variant.Format: 'Effect ( Effect_Impact | Functional_Class | Codon_Change |"
    " Amino_Acid_Change| Amino_Acid_length | Gene_Name | Transcript_BioType |"
    " Gene_Coding | Transcript_ID | Exon_Rank  | Genotype_Number [ | ERRORS |"
    " WARNINGS ] )' \">"
)
BCSQ = (
    '##INFO=<ID=BCSQ,Number=.,Type=String,Description="Local consequence annotation'
    " from BCFtools/csq. Format: '[*]consequence|gene|transcript|biotype[|strand|"
    "amino_acid_change|dna_change]' or, for consequences of variants split across"
    " multiple sites, a pointer to the record storing the consequences '@position'."
    '">'
)
CLINVAR = (
    "##source=ClinVar",
    '##INFO=<ID=CLNSIG,Number=.,Type=String,Description="Clinical significance">',
    '##INFO=<ID=CLNDN,Number=.,Type=String,Description="disease name">',
    '##INFO=<ID=GENEINFO,Number=1,Type=String,Description="Gene(s)">',
    '##INFO=<ID=MC,Number=.,Type=String,Description="consequence">',
    '##INFO=<ID=RS,Number=.,Type=String,Description="dbSNP ID (i.e. rs number)">',
)


def csq(allele: str, word: str = "missense_variant", gene: str = "G", **said) -> str:
    """Return one entry of the VEP layout above."""
    parts = [allele, word, "MODERATE", gene, said.get("id", ""), "ENST1"]
    parts += [said.get("c", ""), said.get("p", ""), said.get("at", "")]
    parts += [said.get("amino", ""), said.get("known", "")]
    return "|".join([*parts, *([said["number"]] if "number" in said else [])])


@pytest.fixture
def annotations(write_vcf: Callable, load: Callable) -> Callable:
    """Give a function that loads one record and returns its annotations by ALT."""

    def read(ref: str, alt: str, info: str, *header: str, identifier: str = "."):
        path = write_vcf([("22", 100, ref, alt, "PASS", info)], header=header)
        text = path.read_text().replace("\t100\t.\t", f"\t100\t{identifier}\t")
        path.write_text(text)
        cohort, records = load(path)
        found = {k: r.annotation for k, r in records.items() if r.annotation}
        return found, cohort.report

    return read


def genes(found: dict) -> dict[str, tuple[str, ...]]:
    """Return the genes of every annotated allele."""
    return {key: annotation.genes for key, annotation in found.items()}


def test_vep_is_read_field_by_field(annotations: Callable) -> None:
    """Gene, effects, protein change, HGVS and rs numbers come from their columns."""
    entry = csq(
        "T", "missense_variant&splice_region_variant", "BRAF",
        c="NM_004333.6:c.1799T>A", p="NP_004324.2:p.Val600Glu", known="rs1&COSV1",
    )  # fmt: skip
    found, report = annotations("A", "T", f"DP=1;CSQ={entry};X=1", VEP)

    one = found["22-100-A-T"]
    assert one.genes == ("BRAF",)
    assert one.effects == ("SO:0001583", "SO:0001630")
    assert one.protein_changes == ("V600E",)
    assert one.identifiers == ("rs1",)
    assert one.transcript_hgvs == ("NM_004333.6:c.1799T>A",)
    assert one.protein_hgvs == ("NP_004324.2:p.Val600Glu",)
    assert one.unread == ()
    assert report.stored["annotated"] == 1
    assert not report.annotations


def test_a_gene_has_its_symbol_and_its_id(annotations: Callable) -> None:
    """Symbols first; an id of Ensembl with and without its version."""
    known = csq("T", "intron_variant", "BRAF", id="ENSG00000157764.14")
    bare = csq("T", "intron_variant", "", id="ENSG2")
    other = csq("T", "intron_variant", "MYC", id="4609")
    found, _ = annotations("A", "T", f"CSQ={bare},{known},{other}", VEP)

    assert genes(found)["22-100-A-T"] == (
        *("BRAF", "MYC", "ENSG2", "ENSG00000157764.14", "ENSG00000157764", "4609"),
    )


def test_amino_acids_stand_in_for_a_missing_hgvs(annotations: Callable) -> None:
    """Without HGVSp the change comes from Amino_acids and Protein_position."""
    entries = ",".join(
        [
            csq("T", at="600", amino="V/E"),
            csq("T", at="90/200", amino="T"),
            csq("T", at="97", amino="R/*"),
        ]
    )
    found, _ = annotations("A", "T", f"CSQ={entries}", VEP)

    assert found["22-100-A-T"].protein_changes == ("V600E", "T90=", "R97*")


@pytest.mark.parametrize(
    ("ref", "alt", "names"),
    [
        ("CA", "C,CAA", {"-": "22-100-CA-C", "AA": "22-100-C-CA"}),
        ("CA", "C,T", {"C": "22-100-CA-C", "T": "22-100-CA-T"}),
        ("G", "A,C", {"A": "22-100-G-A", "C": "22-100-G-C"}),
        ("G", "C,GC", {"C": "22-100-G-C", "GC": "22-100-G-GC"}),
        ("CT", "*,C", {"-": "22-100-CT-C"}),
        ("A", "C,*", {"C": "22-100-A-C"}),
        ("GT", "GTT,G", {"TT": "22-100-G-GT", "-": "22-100-GT-G"}),
        ("C", "CAT", {"AT": "22-100-C-CAT"}),
        ("CTG", "CTA", {"CTA": "22-102-G-A"}),
        ("CTG", "C", {"-": "22-100-CTG-C"}),
    ],
)
def test_vep_trims_what_all_alleles_share(
    annotations: Callable, ref: str, alt: str, names: dict[str, str]
) -> None:
    """The first base is left out only where all alleles begin with it."""
    entries = [csq(name, gene=f"OF{i}") for i, name in enumerate(names)]
    entries.append(csq("*", gene="STAR"))
    found, report = annotations(ref, alt, f"CSQ={','.join(entries)}", VEP)

    wanted = {key: (f"OF{i}",) for i, key in enumerate(names.values())}
    assert genes(found) == wanted
    assert not report.annotations


@pytest.mark.parametrize(
    ("said", "changes"),
    [
        ({"p": "ENSP4:p.Met1?", "at": "1", "amino": "M/V"}, ("M1?", "M1V")),
        ({"p": "ENSP4:p.%3D", "at": "701", "amino": "V"}, ("V701=",)),
        ({"p": "T1:c.3G>A(p.%3D)", "at": "701/9", "amino": "V"}, ("V701=",)),
        ({"at": "800-801/900", "amino": "VK/EN"}, ("V800_K801delinsEN",)),
        ({"p": "ENSP4:p.Val6Glu", "at": "7", "amino": "V/E"}, ("V6E",)),
    ],
)
def test_amino_acids_tell_what_a_name_leaves_open(
    annotations: Callable, said: dict[str, str], changes: tuple[str, ...]
) -> None:
    """A lost start, no change and several amino acids."""
    found, report = annotations("A", "T", f"CSQ={csq('T', 'start_lost', **said)}", VEP)

    assert found["22-100-A-T"].protein_changes == changes
    assert not report.annotations


def test_bcftools_replaces_several_amino_acids(annotations: Callable) -> None:
    """As many by as many; what changes the length is marked as that."""
    entry = "missense|G|T1|protein_coding|+|{}|100A>T"
    many = ",".join(entry.format(t) for t in ("1M>1V", "8VK>8EN", "9V", "40VK>40V"))
    found, report = annotations("A", "T", f"BCSQ={many}", BCSQ)

    one = found["22-100-A-T"]
    assert one.protein_changes == ("M1V", "V8_K9delinsEN", "V9=")
    assert one.unread == (Unread.LENGTH,)
    assert report.annotations == {"protein change in another form": 1}


def test_an_allele_number_decides_between_two(annotations: Callable) -> None:
    """Trimmed to the least, two deletions have one name; their number tells them."""
    entries = [csq("-", gene="ONE", number="1"), csq("-", gene="TWO", number="2")]
    found, _ = annotations("CAA", "CA,C", f"CSQ={','.join(entries)}", NUMBERED)

    assert genes(found) == {"22-100-CA-C": ("ONE",), "22-100-CAA-C": ("TWO",)}


def test_without_a_number_one_name_for_two_is_nobodys(annotations: Callable) -> None:
    """A deletion that either ALT may be is put on neither, and counted."""
    found, report = annotations("CAA", "CA,C", f"CSQ={csq('-')}", VEP)

    assert set(genes(found).values()) == {()}
    assert {a.unread for a in found.values()} == {(Unread.WHOLE,)}
    assert report.annotations == {"names no ALT of its record": 1}


def test_a_split_record_takes_its_own_annotations_only(annotations: Callable) -> None:
    """Split after annotation, a record still names its neighbours' alleles."""
    both = f"CSQ={csq('T', gene='MINE')},{csq('G', gene='OTHER')}"
    numbers = f"CSQ={csq('T', gene='OTHER', number='1')},{csq('G', number='2')}"
    one, _ = annotations("C", "T", both, VEP)
    two, _ = annotations("C", "G", numbers, NUMBERED)

    assert genes(one) == {"22-100-C-T": ("MINE",)}
    assert Unread.MISSING not in one["22-100-C-T"].unread
    assert genes(two) == {"22-100-C-G": ("G",)}


@pytest.mark.parametrize("name", ["CAA", "CA"])
def test_a_split_and_trimmed_deletion_is_not_guessed(
    annotations: Callable, name: str
) -> None:
    """CAA to C,CA, split and trimmed: ``-`` may now be either deletion's."""
    both = f"CSQ={csq('-', gene='LONG')},{csq('A', gene='SHORT')}"
    found, report = annotations(name, "C", both, VEP)

    assert [a.genes for a in found.values()] == [()]
    assert report.annotations == {"names no ALT of its record": 2}


def test_an_allele_of_another_record_is_counted(annotations: Callable) -> None:
    """An annotation that names no ALT is told with its line."""
    found, report = annotations("A", "T", f"CSQ={csq('G')}", VEP)

    assert found == {"22-100-A-T": Annotation(unread=(Unread.MISSING,))}
    assert report.annotations == {"names no ALT of its record": 1}
    assert report.files[0].examples["annotation names no ALT of its record"] == [
        "x.vcf:4: allele 'G'"
    ]


@pytest.mark.parametrize("name", ["CT", "TT"])
def test_what_may_be_an_allele_s_own_is_doubted(
    annotations: Callable, name: str
) -> None:
    """A name that trimming may have changed, or that is of a moved indel."""
    base, _ = annotations("A", "T", f"CSQ={csq(name)}", VEP)
    indel, _ = annotations("AC", "A", f"CSQ={csq('G')}", VEP)

    assert base["22-100-A-T"].unread == (Unread.WHOLE,)
    assert indel["22-100-AC-A"].unread == (Unread.WHOLE,)


def test_bcftools_names_others_at_its_place(annotations: Callable) -> None:
    """A record that holds only its neighbour's consequence is not annotated."""
    other = "BCSQ=missense|G|T1|protein_coding|+|600V>600E|100A>T"
    padded = "BCSQ=missense|G|T1|protein_coding|+|600V>600E|99CA>CC"
    moved = "BCSQ=frameshift|G|T1|protein_coding|+|600V>600E|90GC>G"
    found, report = annotations("A", "C", other, BCSQ)
    trimmed, _ = annotations("A", "C", padded, BCSQ)
    doubted, _ = annotations("AC", "A", moved, BCSQ)

    assert found == {}
    assert report.annotations == {"names no ALT of its record": 1}
    assert genes(trimmed) == {"22-100-A-C": ("G",)}
    assert doubted["22-100-AC-A"].unread == (Unread.WHOLE,)


def test_snpeff_names_alts_as_vcf_does(annotations: Callable) -> None:
    """ANN names the ALT; ``T-C`` is T against C; HGVS.c belongs to the feature."""

    def ann(allele: str, gene: str) -> str:
        return (
            f"{allele}|frameshift_variant&stop_gained|HIGH|{gene}||transcript|"
            "NM_1.2|protein_coding|1/2|c.661_662del|p.Glu221fs|1/9|1/9|1/9||"
        )

    info = f"ANN={ann('C', 'DEL')},{ann('CAA', 'INS')},{ann('C-CAA', 'TUMOUR')}"
    found, report = annotations("CA", "C,CAA", info, ANN)

    assert genes(found) == {
        "22-100-CA-C": ("DEL", "TUMOUR"),
        "22-100-C-CA": ("INS",),
    }
    one = found["22-100-CA-C"]
    assert one.effects == ("SO:0001589", "SO:0001587")
    assert one.protein_changes == ("E221fs",)
    assert one.transcript_hgvs == ("NM_1.2:c.661_662del",)
    assert not report.annotations


@pytest.mark.parametrize(
    ("gene", "identifier", "word", "names"),
    [
        ("SG&SH", "I&J", "gene_fusion", {"SG", "SH", "I", "J"}),
        ("SG&HLA-A", "", "gene_fusion", {"SG", "HLA-A"}),
        ("SG-SH", "I-J", "intergenic_region", {"SG-SH", "SG", "SH", "I-J", "I", "J"}),
        ("HLA-A", "I", "missense_variant", {"HLA-A", "I"}),
        ("TVP-CDRT4", "I", "missense_variant", {"TVP-CDRT4", "I"}),
        (
            *("HLA-A-HLA-B", "", "bidirectional_gene_fusion"),
            {"HLA-A-HLA-B", "HLA-A", "HLA-B"},
        ),
        (
            *("MT-ND1-TP53", "", "intergenic_region"),
            {"MT-ND1-TP53", "MT", "ND1-TP53", "MT-ND1", "TP53"},
        ),
        ("-" * 80, "", "intergenic_region", {"-" * 80}),
    ],
)
def test_snpeff_joins_genes(
    annotations: Callable, gene: str, identifier: str, word: str, names: set[str]
) -> None:
    """Each of them is a gene of the allele; a hyphen may belong to one."""
    entry = f"T|{word}|HIGH|{gene}|{identifier}|transcript|T1|x|1|c.1A>T||||||"
    found, _ = annotations("A", "T", f"ANN={entry}", ANN)

    assert set(genes(found)["22-100-A-T"]) == names


def test_vep_may_write_under_another_key(annotations: Callable) -> None:
    """The Description tells whose layout it is, not the key."""
    header = VEP.replace("ID=CSQ", "ID=vep")
    found, _ = annotations("A", "T", f"vep={csq('T')}", header)

    assert genes(found) == {"22-100-A-T": ("G",)}


def test_old_snpeff_numbers_its_alts(annotations: Callable) -> None:
    """EFF has words of its own, one-letter changes, and a genotype number."""
    info = (
        "EFF=NON_SYNONYMOUS_CODING(MODERATE|MISSENSE|tTt/tGt|F113C|305|ONE|"
        "protein_coding|CODING|NM_1|1|1),SYNONYMOUS_CODING(LOW|SILENT|tcA/tcG|S60|"
        "305|TWO|protein_coding|CODING|NM_1|1|2),stop_gained+splice_region_variant("
        "HIGH|NONSENSE|Cga/Tga|p.Arg97*/c.289C>T|305|TWO|protein_coding|CODING|NM_2.1"
        "|1|2|WARNING_X)"
    )
    found, report = annotations("A", "C,G", info, EFF)

    one, two = found["22-100-A-C"], found["22-100-A-G"]
    assert (one.genes, one.effects) == (("ONE",), ("SO:0001583",))
    assert one.protein_changes == ("F113C",)
    assert two.effects == ("SO:0001819", "SO:0001587", "SO:0001630")
    assert two.protein_changes == ("S60=", "R97*")
    assert two.transcript_hgvs == ("NM_2.1:c.289C>T",)
    assert not report.annotations


def test_bcftools_names_its_change_of_dna(annotations: Callable) -> None:
    """BCSQ belongs to the ALT whose change it holds; a place's, to single bases."""
    info = (
        "BCSQ=missense|G|T1|protein_coding|+|600V>600E|100A>T,"
        "*stop_gained|G|T1|protein_coding|+|97R>97*|90C>T+100A>C,"
        "intron|H||lincRNA,@90"
    )
    found, report = annotations("A", "T,C", info, BCSQ)

    one, two = found["22-100-A-T"], found["22-100-A-C"]
    assert one.genes == ("G", "H")
    assert one.effects == ("SO:0001583", "SO:0001627")
    assert one.protein_changes == ("V600E",)
    assert two.effects == ("SO:0001587", "SO:0001627")
    assert two.protein_changes == ("R97*",)
    assert {a.unread for a in found.values()} == {(Unread.WHOLE,)}
    assert report.annotations == {"stands at another record": 1}


@pytest.mark.parametrize(
    ("header", "info", "unread"),
    [
        (VEP, ".", (Unread.MISSING,)),
        (ANN, "DP=1", (Unread.MISSING,)),
        (EFF, "DP=1", (Unread.MISSING,)),
        (BCSQ, "DP=1", None),
        (CLINVAR[1], "DP=1", None),
        (VEP, f"CSQ={csq('T', '')}", (Unread.EFFECT, Unread.PROTEIN)),
        (VEP, f"CSQ={csq('T')}", (Unread.PROTEIN,)),
        (VEP, f"CSQ={csq('T', 'stop_gained')}", (Unread.PROTEIN,)),
        (VEP, f"CSQ={csq('T', at='9', amino='V')}", (Unread.PROTEIN,)),
        (VEP, f"CSQ={csq('T', 'frameshift_variant')}", (Unread.LENGTH,)),
        (VEP, f"CSQ={csq('T', 'intron_variant')}", ()),
        (VEP, f"CSQ={csq('T', p='NP_1.1:p.Val600Glu')}", ()),
        (VEP.replace("HGVSp", "X").replace("Amino", "Y"), f"CSQ={csq('T')}", ()),
    ],
)
def test_what_is_not_told_is_marked(
    annotations: Callable, header: str, info: str, unread: tuple | None
) -> None:
    """An ALT that should be annotated, an effect, a change: no "no" rests on them."""
    found, report = annotations("A", "T", info, header)

    one = found.get("22-100-A-T")
    assert (None if one is None else one.unread) == unread
    assert report.stored["not annotated"] == int(unread == (Unread.MISSING,))
    assert report.stored["annotated"] == int(unread not in (None, (Unread.MISSING,)))


@pytest.mark.parametrize(
    ("words", "effects", "unread"),
    [
        ("Missense_Variant", ("SO:0001583",), ()),
        ("INTRON_VARIANT&intron", ("SO:0001627",), ()),
        ("structural_interaction_variant", ("SO:0002093",), ()),
        ("rearranged_at_DNA_level", ("SO:0000904",), ()),
        ("protein_protein_contact", ("SO:0001093",), ()),
        ("newfangled_variant&intron_variant", ("SO:0001627",), (Unread.EFFECT,)),
        ("newfangled_variant", (), (Unread.EFFECT,)),
    ],
)
def test_an_effect_word_is_known_or_marked(
    annotations: Callable, words: str, effects: tuple, unread: tuple
) -> None:
    """In any case of letters; what is no word anybody knows, no "no" rests on."""
    entry = csq("T", words, p="NP_1.1:p.Val600Glu")
    found, _ = annotations("A", "T", f"CSQ={entry}", VEP)

    assert found["22-100-A-T"].effects == effects
    assert found["22-100-A-T"].unread == unread


def test_a_file_without_what_others_have_is_marked(
    write_vcf: Callable, load: Callable
) -> None:
    """Not where another file annotates the same allele, or where no file does."""
    said = f"CSQ={csq('T', p='NP_1.1:p.Val600Glu')}"
    rows = [("22", 100, "A", "T", "PASS", said)]
    here = write_vcf(rows, name="a.vcf", header=(VEP,))
    bare = [("22", n, "A", "T", "PASS", ".") for n in (100, 200)]
    there = write_vcf(
        [*bare, ("22", 300, "A", "<DEL>", "PASS", "END=350")], name="b.vcf"
    )
    known = [("22", 400, "A", "T", "PASS", "GENEINFO=BRAF:1;MC=SO:0001583|x")]
    clinvar = write_vcf(known, name="c.vcf", header=CLINVAR[1:])
    cohort, both = load(here, there, clinvar)
    _, alone = load(there)

    marked = {k: r.annotation.unread for k, r in both.items() if r.reference}
    assert marked.pop("22-100-A-T") == ()
    assert set(marked.values()) == {(Unread.MISSING,)}
    assert len(marked) == 3, marked
    assert cohort.report.stored["not annotated"] == 3
    assert {r.annotation for r in alone.values()} == {None}


def test_bcftools_consequences_of_several_lengths_are_not_guessed(
    annotations: Callable,
) -> None:
    """A consequence without a change of DNA is nobody's beside an indel."""
    info = "BCSQ=splice_region|G|T1|protein_coding"
    found, report = annotations("AC", "A,TC", info, BCSQ)

    assert {a.unread for a in found.values()} == {(Unread.GENE, Unread.EFFECT)}
    assert report.annotations == {"names no ALT of its record": 1}


@pytest.mark.parametrize(
    ("header", "unread"), [(CLINVAR, (Unread.EFFECT,)), (CLINVAR[:4], ())]
)
def test_an_effect_that_clinvar_does_not_tell_is_not_none(
    annotations: Callable, header, unread
) -> None:
    """A record without MC may have any effect, in a file that tells effects."""
    found, _ = annotations("A", "T", "CLNSIG=Benign;GENEINFO=ATM:472", *header)

    assert found["22-100-A-T"].unread == unread


def test_clinvar_is_read(annotations: Callable) -> None:
    """The ID is the variation; genes, effects, significance and conditions follow."""
    info = (
        "ALLELEID=2;CLNDN=Ataxia|not_provided;CLNSIG=Pathogenic/Likely_pathogenic,"
        "_risk_factor;GENEINFO=ATM:472|C11orf65:160140;"
        "MC=SO:0001583|missense_variant,SO:0001619|non-coding_transcript_variant;RS=7"
    )
    found, report = annotations("A", "T", info, *CLINVAR, identifier="12345")

    one = found["22-100-A-T"]
    assert one.clinvar == "12345"
    assert one.genes == ("ATM", "C11orf65")
    assert one.effects == ("SO:0001583", "SO:0001619")
    assert one.significance == ("Pathogenic/Likely_pathogenic", "risk_factor")
    assert one.conditions == ("Ataxia", "not_provided")
    assert one.identifiers == ("rs7",)
    assert not report.annotations


def test_rs_numbers_of_the_id_column_are_every_alts(annotations: Callable) -> None:
    """Without any annotation, the ID column still tells rs numbers."""
    found, _ = annotations("A", "T,C", ".", identifier="rs1;esv9;RS22")

    assert {a.identifiers for a in found.values()} == {("rs1", "rs22")}
    assert annotations("A", "T", ".", identifier="esv1")[0] == {}


@pytest.mark.parametrize(
    ("identifier", "names"),
    [
        ("rs12,rs13", ("rs12", "rs13")),
        ("rs16|rs17", ("rs16", "rs17")),
        ("rs1&RS2", ("rs1", "rs2")),
        ("rs15:C:T", ("rs15",)),
        ("rs15_C_T", ("rs15",)),
        ("dbSNP:rs18", ("rs18",)),
        ("esv1;dbSNP|rs18;rs18", ("rs18",)),
        ("chr1:rs9", ("rs9",)),
        ("7-100-A-T", ()),
        ("mirs12", ()),
        ("rs12a", ()),
        ("rs1.5", ()),
        ("rs" + "1" * 13, ()),
    ],
)
def test_rs_numbers_are_read_however_they_are_joined(
    annotations: Callable, identifier: str, names: tuple[str, ...]
) -> None:
    """A name that only holds the letters is none."""
    found, _ = annotations("A", "T", ".", identifier=identifier)

    assert tuple(i for a in found.values() for i in a.identifiers) == names


@pytest.mark.parametrize(
    "text",
    [
        "T",
        "T|",
        "T|missense_variant",
        csq("T") + "|more",
        '"T|missense_variant|"|\'',
        "|" * 5,
        "T" * 1_000_000,
        "T|" * 500_000,
        "," * 100_000,
        csq("T", "x" * 5_000),
        csq("T", gene="G" * 500),
        csq("T", gene="a gene"),
        "\x00|\x01",
        "é|ü",
    ],
)
def test_hostile_text_is_counted_and_breaks_nothing(
    annotations: Callable, text: str
) -> None:
    """The record is loaded whatever its annotation holds; no "no" rests on it."""
    found, report = annotations("A", "T", f"CSQ={text}", VEP)

    assert report.files[0].loaded == 1
    assert report.stored["alleles"] == 1
    assert Unread.WHOLE in found["22-100-A-T"].unread
    assert sum(report.annotations.values()) > 0


def test_what_is_kept_of_an_allele_is_bounded(annotations: Callable) -> None:
    """Past the bound nothing is kept, and the allele says so."""
    entries = ",".join(csq("T", gene=f"G{i}") for i in range(120))
    found, _ = annotations("A", "T", f"CSQ={entries}", VEP)

    assert len(found["22-100-A-T"].genes) == 100
    assert Unread.WHOLE in found["22-100-A-T"].unread


def test_unknown_words_are_counted(annotations: Callable) -> None:
    """A word that is no term is left out and told; the known ones stay."""
    found, report = annotations("A", "T", f"CSQ={csq('T', 'odd&stop_lost')}", VEP)

    assert found["22-100-A-T"].effects == ("SO:0001578",)
    assert report.annotations == {"unknown effect word": 1}


def test_a_header_without_fields_is_told(annotations: Callable) -> None:
    """Annotations whose layout nobody names are not guessed."""
    header = '##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequences">'
    found, report = annotations("A", "T", f"CSQ={csq('T')}", header)

    assert found == {}
    assert report.notes == [
        "not loaded: annotations whose header names no fields (INFO CSQ)"
    ]


def test_records_of_one_allele_unite_their_annotations(
    write_vcf: Callable, load: Callable
) -> None:
    """Other spellings, other records and filtered ones add what they say."""
    rows = [
        ("22", 100, "CA", "C", "PASS", f"CSQ={csq('-', gene='ONE')}"),
        ("22", 100, "CAT", "CT", "q10", f"CSQ={csq('T', gene='TWO')}"),
        ("22", 200, "A", "T", "q10", f"CSQ={csq('T', gene='FAILED')}"),
    ]
    _, records = load(write_vcf(rows, header=[VEP]))

    assert records["22-100-CA-C"].annotation.genes == ("ONE", "TWO")
    assert records["22-200-A-T"].annotation.genes == ("FAILED",)
    assert records["22-200-A-T"].filters == ("q10",)


def test_late_records_keep_their_annotations(
    write_vcf: Callable, load: Callable
) -> None:
    """An allele met again after its place was left is annotated by all its records."""
    rows = [
        ("22", 100, "A", "T", "PASS", f"CSQ={csq('T', gene='EARLY')}"),
        ("21", 100, "A", "T", "PASS", f"CSQ={csq('T', gene='ELSE')}"),
        ("22", 100, "A", "T", "PASS", f"CSQ={csq('T', gene='LATE')},odd"),
    ]
    cohort, records = load(write_vcf(rows, header=[VEP]))

    assert records["22-100-A-T"].annotation.genes == ("EARLY", "LATE")
    assert cohort.report.stored["annotated"] == 2
    assert cohort.report.annotations == {"cannot be read": 1}


@pytest.mark.parametrize(
    "text",
    [
        "Format:" * 7_000 + "|",
        "| " + "Format: '" * 5_000,
        "a" * 49_000 + "|",
        "Format: " + "|" * 40_000,
        "Format: a|b" * 10_000,
        "'" * 40_000,
        "Format: Allele|Consequence|" + "x|" * 10_000,
    ],
)
def test_a_hostile_header_costs_nothing(annotations: Callable, text: str) -> None:
    """A Description that names no fields, at length, is told or left, at once."""
    header = f'##INFO=<ID=CSQ,Number=.,Type=String,Description="{text}">'
    begun = time.monotonic()
    _, report = annotations("A", "T", f"CSQ={csq('T')}", header)

    assert time.monotonic() - begun < 2
    assert report.notes or report.annotations
    assert report.files[0].loaded == 1


@pytest.mark.parametrize(
    "text",
    [
        "Consequence annotations. Format: Allele|Consequence|SYMBOL",
        "Consequence annotations. Format: 'Allele|Consequence|SYMBOL'",
        "Consequences: Allele | Consequence | SYMBOL",
        "Allele|Consequence|SYMBOL",
        'said \\"so\\": Format: \\"Allele|Consequence|SYMBOL\\" and more',
    ],
)
def test_fields_are_found_in_any_description(annotations: Callable, text: str) -> None:
    """Behind ``Format:``, quoted or not, or bare."""
    header = f'##INFO=<ID=CSQ,Number=.,Type=String,Description="{text}">'
    found, _ = annotations("A", "T", "CSQ=T|stop_lost|G", header)

    assert genes(found) == {"22-100-A-T": ("G",)}


_BITS = st.sampled_from(
    [
        *("T", "A", "CAA", "-", "*", "<DEL>", "|", "||||", ",", "&", "(", ")", "@12"),
        *("missense_variant", "p.Val600Glu", "600", "V/E", "rs1", "1", "9" * 14),
        *("12R>12*", "100A>T", "+", "NON_SYNONYMOUS_CODING(", "%3D", "\x00", "é", '"'),
    ]
)
_TEXTS = st.lists(_BITS | st.text(max_size=3), max_size=40).map("".join)


@given(
    ref=st.text("ACGT", min_size=1, max_size=3),
    alternates=st.lists(
        st.sampled_from(["T", "A", "CAA", "*", "<DEL>", "N[2:3["]),
        unique=True,
        max_size=3,
    ),
    texts=st.fixed_dictionaries(
        dict.fromkeys(("CSQ", "ANN", "EFF", "BCSQ", "CLNSIG", "GENEINFO", "MC"), _TEXTS)
    ),
    identifier=st.binary(max_size=8),
)
def test_no_text_breaks_a_record(
    ref: str, alternates: list[str], texts: dict[str, str], identifier: bytes
) -> None:
    """Whatever INFO holds, only the record's own ALTs are annotated."""
    annotated = read_annotated([VEP, ANN, EFF, BCSQ, *CLINVAR])
    fields = ";".join(f"{key}={text}" for key, text in texts.items()).encode()
    contig = ASSEMBLIES["GRCh37"].contigs[21]
    site = Site(
        0, 1, contig, 99, None, ref, tuple(alternates), (), None, None,
        identifier=identifier, fields=fields,
    )  # fmt: skip
    report = LoadReport(files=[FileReport(name="x")])
    said = FileAnnotations(annotated).of(site, report)

    alleles = {n for n, alt in enumerate(alternates, 1) if alt != "*"}
    assert said.keys() <= alleles
