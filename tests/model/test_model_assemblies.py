"""Every name of every sequence, and what is none."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from model_references import shared_file

from beacon.model.assemblies import (
    ASSEMBLIES,
    Assembly,
    assembly,
    contig,
    contigs_by_accession,
    find_contig,
    is_accession,
)
from beacon.model.errors import InvalidRequest, UnknownContig

if TYPE_CHECKING:
    from beacon.model.genome import Contig

ALL = [(known, each) for known in ASSEMBLIES.values() for each in known.contigs]
NAMES = [*map(str, range(1, 23)), "X", "Y", "MT"]


@pytest.mark.parametrize("known", ASSEMBLIES.values(), ids=list(ASSEMBLIES))
def test_contigs_stand_in_rank_order(known: Assembly) -> None:
    """A contig of rank r is at index r - 1, and there are 25."""
    assert [each.name for each in known.contigs] == NAMES
    assert list(range(1, 26)) == [each.rank for each in known.contigs]


@pytest.mark.parametrize(
    ("known", "each"), ALL, ids=[f"{k.name}-{c.name}" for k, c in ALL]
)
def test_every_name_finds_its_contig(known: Assembly, each: Contig) -> None:
    """Plain, chr, RefSeq and GenBank names find it in any case."""
    more = {"X": ["23", "chr23"], "Y": ["24", "chr24"], "MT": ["M", "chrM"]}
    accessions = [each.refseq, each.genbank, f"refseq:{each.refseq}"]
    names = [each.name, f"chr{each.name}", *accessions, *more.get(each.name, [])]
    cased = [n for name in names for n in (name, name.lower(), name.upper())]

    assert {each} == {find_contig(known, name) for name in cased}


@pytest.mark.parametrize("known", ASSEMBLIES.values(), ids=list(ASSEMBLIES))
def test_every_alias_names_its_assembly(known: Assembly) -> None:
    """All aliases, in any case, name the one assembly."""
    names = [n for a in (known.name, *known.aliases) for n in (a, a.lower(), a.upper())]

    assert {known.name} == {assembly(name).name for name in names}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hg19", "GRCh37"),
        ("b37", "GRCh37"),
        ("GRCh37.p13", "GRCh37"),
        ("GCF_000001405.25", "GRCh37"),
        ("hg38", "GRCh38"),
        ("GRCh38.p14", "GRCh38"),
        ("GCF_000001405.26", "GRCh38"),
        ("GCF_000001405.40", "GRCh38"),
        ("hs1", "T2T-CHM13"),
        ("CHM13v2.0", "T2T-CHM13"),
        ("T2T-CHM13v2.0", "T2T-CHM13"),
        ("GCF_009914755.1", "T2T-CHM13"),
    ],
)
def test_usual_aliases_are_known(name: str, expected: str) -> None:
    """The names people really use are among the aliases."""
    assert expected == assembly(name).name


def test_an_unknown_assembly_is_named() -> None:
    """The refusal names the parameter and the assemblies there are."""
    with pytest.raises(InvalidRequest, match=r"hg18.*GRCh37.*GRCh38") as caught:
        assembly("hg18")

    assert caught.value.parameter == "assemblyId"


@pytest.mark.parametrize("name", ["chr", "chrUn_gl000220", "GL000191.1", "0", "26", ""])
def test_what_is_no_chromosome_is_unknown(name: str) -> None:
    """Scaffolds and other names are never guessed at."""
    with pytest.raises(UnknownContig, match="GRCh37") as caught:
        contig(ASSEMBLIES["GRCh37"], name)

    assert caught.value.parameter == "referenceName"


def test_an_accession_decides_the_assembly() -> None:
    """An accession belongs to one assembly; the mitochondrion's to two."""
    one = contigs_by_accession("refseq:NC_000022.11")
    two = contigs_by_accession("NC_012920.1")

    assert [(c.assembly, c.name) for c in one] == [("GRCh38", "22")]
    assert [c.assembly for c in two] == ["GRCh37", "GRCh38"]
    assert contigs_by_accession("chr22") == ()


def test_an_accession_of_another_version_is_explained() -> None:
    """The sentence names the versions there are."""
    with pytest.raises(UnknownContig, match=r"NC_000022\.10 in GRCh37"):
        contigs_by_accession("NC_000022.9")


def test_an_accession_of_another_assembly_is_explained() -> None:
    """The sentence says whose sequence it is."""
    with pytest.raises(UnknownContig, match="of GRCh38, not of GRCh37"):
        contig(ASSEMBLIES["GRCh37"], "NC_000022.11")


def test_names_are_no_accessions() -> None:
    """Only RefSeq and GenBank forms are accessions."""
    assert [
        is_accession(name) for name in ("NC_000022.10", "J01415.2", "chr22", "X")
    ] == [True, True, False, False]


@pytest.mark.parametrize("known", ASSEMBLIES.values(), ids=list(ASSEMBLIES))
def test_pseudo_autosomal_regions_lie_on_x_and_y(known: Assembly) -> None:
    """Two on each, inside the sequence."""
    assert [region.contig.name for region in known.par] == ["X", "X", "Y", "Y"]
    assert all(0 < len(region) <= region.contig.length for region in known.par)
    assert all(region.end <= region.contig.length for region in known.par)


def test_the_tables_agree_with_ncbi() -> None:
    """Lengths and accessions are those of the assembly reports."""
    path = shared_file("data", "reference", "sequences.tsv")
    with path.open(encoding="utf-8") as file:
        expected = {
            (r["assembly"], r["name"], int(r["length"]), r["refseq_accession"])
            for r in csv.DictReader(file, delimiter="\t")
            if r["assembly"] in ASSEMBLIES and r["role"] == "assembled-molecule"
        }

    assert expected == {
        (c.assembly, c.name, c.length, c.refseq)
        for _, c in ALL
        if c.assembly != "T2T-CHM13"
    }
