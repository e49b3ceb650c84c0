"""VRS ids: GA4GH's own vectors, and one id for every spelling of an allele."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from model_references import (
    SliceReference,
    TextReference,
    changes,
    haplotype,
    shared_file,
)

from beacon.model.assemblies import ASSEMBLIES, contig
from beacon.model.spelling import spellings
from beacon.model.variant import left_align, sequence_allele
from beacon.model.vrs import Justified, justified, sha512t24u, vrs_ids

if TYPE_CHECKING:
    from beacon.model.variant import Allele

CHR19 = contig(ASSEMBLIES["GRCh38"], "19")
RS7412 = sequence_allele(CHR19, 44908821, "C", "T")
UNKNOWN = TextReference("", name="19")


@pytest.mark.parametrize(
    ("blob", "digest"),
    [
        (b"", "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXc"),
        (b"ACGT", "aKF498dAxcJAqme6QYQ7EZ07-fiw8Kw2"),
    ],
)
def test_digests_are_those_of_ga4gh(blob: bytes, digest: str) -> None:
    """The truncated digest equals the published one."""
    assert sha512t24u(blob) == digest


def test_both_versions_of_a_published_substitution() -> None:
    """rs7412 has the ids that VRS 2 and VRS 1.3 publish for it."""
    ids = vrs_ids(RS7412, UNKNOWN)

    assert ids is not None
    assert ids.v2 == "0AePZIWZUNsUlQTamyLrjm2HWUw2opLt"
    assert ids.v1 == "CxiA_hvYbkD8Vqwjhx5AYuyul4mtlkpD"


def test_every_known_sequence_has_its_digest() -> None:
    """GRCh37 and GRCh38 are whole; nothing is guessed for T2T-CHM13."""
    lacking = {
        name: [c.name for c in known.contigs if c.refget is None]
        for name, known in ASSEMBLIES.items()
    }

    assert lacking["GRCh37"] == lacking["GRCh38"] == []
    assert len(lacking["T2T-CHM13"]) == 25


@pytest.mark.parametrize(
    ("text", "change", "form"),
    [
        ("GGTTTTCC", (2, "T", "TT"), Justified(2, 6, "TTTTT", 1)),
        ("GGTTTTCC", (2, "TTT", "T"), Justified(2, 6, "TT", 2)),
        ("GGTTTTCC", (1, "G", "GA"), Justified(2, 2, "A")),
        ("GGTTTTCC", (3, "", "TT"), Justified(2, 6, "TTTTTT", 2)),
        ("GACACAGG", (1, "", "AC"), Justified(1, 6, "ACACACA", 2)),
        ("GGTCC", (2, "T", "TAT"), Justified(2, 3, "TAT")),
        ("GGTCC", (2, "TC", "TC"[::-1]), Justified(2, 4, "CT")),
        ("GGTCC", (0, "GGT", ""), Justified(0, 3, "", 3)),
        ("TTTTCC", (0, "T", ""), Justified(0, 4, "TTT", 1)),
    ],
)
def test_an_allele_is_stretched_over_its_repeat(
    text: str, change: tuple[int, str, str], form: Justified
) -> None:
    """The form reaches over every place where the change reads the same."""
    allele = sequence_allele(CHR19, *change)
    reference = TextReference(text + "G" * 400, name="19")

    assert justified(allele, reference) == form


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("GGTTNNCC", (2, "T", "TT")),
        ("NTTTTCC", (1, "T", "")),
        ("GGTT", (2, "T", "TT")),
        ("GGTTCC", (2, "T", "TN")),
    ],
)
def test_where_bases_are_not_known_there_is_no_id(
    text: str, change: tuple[int, str, str]
) -> None:
    """An id that might be another allele's is not made."""
    allele = sequence_allele(CHR19, *change)

    assert vrs_ids(allele, TextReference(text, name="19")) is None


def test_other_alleles_have_no_id() -> None:
    """Named alleles, and sequences without a digest, have none."""
    chm13 = contig(ASSEMBLIES["T2T-CHM13"], "19")

    assert vrs_ids(sequence_allele(CHR19, 9, "A", "<DEL>"), UNKNOWN) is None
    assert vrs_ids(sequence_allele(chm13, 9, "A", "C"), UNKNOWN) is None


@given(changes())
def test_every_spelling_has_one_form(change: tuple[TextReference, Allele]) -> None:
    """However an allele is written, it is justified alike, and stays the allele."""
    reference, allele = change
    form = justified(allele, reference)
    written = [sequence_allele(allele.contig, *s) for s in spellings(allele, reference)]

    assert form is not None
    assert {justified(other, reference) for other in written} == {form}
    assert justified(left_align(allele, reference), reference) == form
    again = sequence_allele(
        allele.contig,
        form.start,
        reference.text[form.start : form.end],
        form.sequence,
    )
    assert haplotype(reference, again) == haplotype(reference, allele)


def test_the_vectors_of_ga4gh_vrs() -> None:
    """Every spelling of 120 real alleles has the id and form ga4gh.vrs gives it."""
    path = shared_file("data", "vectors", "selfmade", "equivalent_alleles.json")
    references = {name: SliceReference(name) for name in ("GRCh37", "GRCh38")}
    wanted, got = [], []
    for vector in json.loads(path.read_text(encoding="utf-8")):
        where, said = (
            contig(ASSEMBLIES[vector["assembly"]], vector["chrom"]),
            vector["vrs"],
        )
        for form in (*vector["equivalent_vcf_forms"], vector["left_aligned"]):
            allele = sequence_allele(where, form["pos"] - 1, form["ref"], form["alt"])
            found = justified(allele, references[vector["assembly"]])
            ids = vrs_ids(allele, references[vector["assembly"]])
            assert found is not None
            assert ids is not None
            got.append((f"ga4gh:VA.{ids.v2}", f"SQ.{where.refget}", *found))
            wanted.append(
                (
                    *(said["id"], said["refget"], said["start"], said["end"]),
                    *(said["sequence"] or "", said["repeatSubunitLength"]),
                )
            )

    assert len(wanted) > 360
    assert wanted == got


def test_the_substitutions_of_an_annotated_vcf() -> None:
    """Substitutions annotated by ga4gh.vrs have the ids it wrote."""
    path = shared_file("data", "vectors", "vrs", "vrs_vcf_expected.GRCh38.vcf")
    wanted, got = [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        columns = line.split("\t")
        said = (
            dict(f.partition("=")[::2] for f in columns[7].split(";"))
            if columns[7:]
            else {}
        )
        ids = said.get("VRS_Allele_IDs", "").split(",")[1:]
        for alternate, wants in zip(
            columns[4].split(",") if ids else (), ids, strict=False
        ):
            if len(columns[3]) == len(alternate) == 1 and wants:
                place = contig(ASSEMBLIES["GRCh38"], columns[0])
                allele = sequence_allele(
                    place, int(columns[1]) - 1, columns[3], alternate
                )
                found = vrs_ids(allele, UNKNOWN)
                wanted.append(wants)
                got.append(found and f"ga4gh:VA.{found.v2}")

    assert wanted
    assert wanted == got
