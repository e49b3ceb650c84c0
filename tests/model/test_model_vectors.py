"""The shared vectors: real alleles, in spellings computed by others."""

from __future__ import annotations

import csv
import json
from functools import cache
from typing import TypedDict

import pytest
from model_references import SHARED, SliceReference, shared_file

from beacon.model.assemblies import ASSEMBLIES, contig
from beacon.model.errors import NotUnderstood
from beacon.model.notation import hgvs_g, parse, spdi, vcf_style
from beacon.model.variant import Allele, left_align, sequence_allele

EQUIVALENT = SHARED / "data" / "vectors" / "selfmade" / "equivalent_alleles.json"
HGVS = ("data", "vectors", "hgvs", "clinvar_hgvs_37_38_pairs.tsv")


class Form(TypedDict):
    """One VCF form of an allele."""

    pos: int
    ref: str
    alt: str


class Vector(TypedDict):
    """One allele in several forms."""

    assembly: str
    chrom: str
    equivalent_vcf_forms: list[Form]
    left_aligned: Form


def _vectors() -> list[Vector]:
    if not EQUIVALENT.exists():
        return []
    vectors: list[Vector] = json.loads(EQUIVALENT.read_text(encoding="utf-8"))
    return vectors


VECTORS = _vectors()


@cache
def _reference(assembly: str) -> SliceReference:
    shared_file("data", "reference", f"{assembly}.slices.fa.gz")
    return SliceReference(assembly)


def _allele(vector: Vector, form: Form) -> Allele:
    where = contig(ASSEMBLIES[vector["assembly"]], vector["chrom"])
    return sequence_allele(where, form["pos"] - 1, form["ref"], form["alt"])


@pytest.mark.skipif(not VECTORS, reason="equivalent_alleles.json is not here")
def test_equivalent_forms_align_alike() -> None:
    """Every spelling of an allele has the left-aligned form bcftools gives it."""
    checked = [
        (
            _allele(v, v["left_aligned"]),
            left_align(_allele(v, form), _reference(v["assembly"])),
        )
        for v in VECTORS
        for form in v["equivalent_vcf_forms"]
    ]

    assert [pair[0] for pair in checked] == [pair[1] for pair in checked]


@pytest.mark.skipif(not VECTORS, reason="equivalent_alleles.json is not here")
def test_every_notation_of_a_real_allele_finds_it() -> None:
    """HGVS, SPDI and VCF style of every spelling ask for the same record."""
    references = {name: _reference(name) for name in ("GRCh37", "GRCh38")}
    lost = [
        text
        for v in VECTORS
        for form in v["equivalent_vcf_forms"]
        for allele in [_allele(v, form)]
        for text in (
            vcf_style(allele),
            spdi(allele),
            hgvs_g(allele, references[v["assembly"]]),
        )
        if not parse(
            text, assembly=v["assembly"], loaded=(), references=references
        ).matches(_allele(v, v["left_aligned"]))
    ]

    assert lost == []


def _rows() -> list[dict[str, str]]:
    with shared_file(*HGVS).open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.mark.parametrize("side", ["37", "38"])
def test_clinvar_substitutions_are_read(side: str) -> None:
    """The accession decides the assembly, and the place is the one ClinVar gives."""
    rows = [row for row in _rows() if row["kind"] == "sub" and row[f"pos_{side}"]]
    asked = [
        parse(row[f"hgvs_g_{side}"], assembly=None, loaded=(), references={})
        for row in rows
    ]

    expected = [
        (
            f"GRCh{side}",
            row[f"chrom_{side}"],
            ((int(row[f"pos_{side}"]) - 1, row[f"ref_{side}"], row[f"alt_{side}"]),),
        )
        for row in rows
    ]
    assert len(rows) > 200
    assert expected == [(p.contig.assembly, p.contig.name, p.spellings) for p in asked]


@pytest.mark.parametrize("side", ["37", "38"])
def test_clinvar_changes_of_length_are_read(side: str) -> None:
    """Every change of length is read, or says that it needs a reference."""
    kinds = {"del", "ins", "delins", "inv", "dup"}
    texts = [row[f"hgvs_g_{side}"] for row in _rows() if row["kind"] in kinds]
    refused = []
    for text in texts:
        try:
            parse(text, assembly=None, loaded=(), references={})
        except NotUnderstood as reason:
            refused.append(str(reason))

    duplications = sum("dup" in text for text in texts)
    assert len(refused) < duplications + len(texts) // 20
    assert [r for r in refused if "no reference sequence" not in r] == []
