"""R82 to R104: questions about variants, and records of them."""

from __future__ import annotations

import re
from math import isclose

import pytest

from tests.rules.asking import (
    BUILD,
    ONE_OF,
    PLACE,
    SEEN,
    found,
    places,
    sets,
)
from tests.rules.society import CLINIC, MANY, OTHER, REGISTER

DELETION, DUPLICATION = (500, "DEL", ""), (2000, "DUP", "")
FIRST = {(100, "T", "C"), (100, "T", "G")}


def near(first: int, last: int, **more: object) -> dict:
    """Return the parameters of a range."""
    return {**PLACE, "start": [first], "end": [last], **more}


def test_r082_coordinates_are_zero_based(site):
    """Position 101 of a VCF answers to ``start=100``, not to 101."""
    assert places(site.variants(**SEEN)) == {(100, "T", "C")}
    assert places(site.variants(**SEEN | {"start": [101]})) == set()


def test_r083_a_sequence_question_is_about_one_allele(site):
    """Another allele at the same place does not match."""
    other = site.variants(**SEEN | {"alternateBases": "G"})

    assert places(site.variants(**SEEN)) == {(100, "T", "C")}
    assert places(other) == {(100, "T", "G")}
    assert places(site.variants(**SEEN | {"alternateBases": "A"})) == set()


def test_r084_a_start_alone_needs_bases(site):
    """Without an end it is refused."""
    assert site.refused("g_variants", **PLACE, start=100)


@pytest.mark.parametrize(
    ("start", "reference", "alternate", "expected"),
    [
        (100, "T", "N", FIRST),
        (100, "N", "C", {(100, "T", "C")}),
        (100, "T", "NN", set()),
        (8000, "AC", "GN", {(8000, "AC", "GT")}),
        (8000, "NN", "NN", {(8000, "AC", "GT")}),
        (8000, "AC", "NNN", set()),
    ],
)
def test_r085_n_is_any_one_base(site, start, reference, alternate, expected):
    """And the length must agree."""
    asked = {"start": [start], "referenceBases": reference, "alternateBases": alternate}

    assert places(site.variants(**PLACE, **asked)) == expected


def test_r086_empty_bases_are_a_value(site):
    """Nothing instead of something is a deletion; the reverse an insertion."""
    deleted = {"start": [301], "referenceBases": "CGT", "alternateBases": ""}
    inserted = {"start": [401], "referenceBases": "", "alternateBases": "TT"}

    assert places(site.variants(**PLACE, **deleted)) == {(300, "ACGT", "A")}
    assert places(site.variants(**PLACE, **inserted)) == {(400, "A", "ATT")}


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (302, 303, {(300, "ACGT", "A")}),
        (700, 710, {DELETION}),
        (6990, 7001, {(7000, "A", "G")}),
        (6990, 7010, {(7000, "A", "G"), (7001, "A", "T")}),
        (1400, 2100, {DELETION, DUPLICATION}),
    ],
)
def test_r087_a_range_finds_what_overlaps_it(site, first, last, expected):
    """Also in part, also what contains it."""
    assert places(site.variants(**near(first, last))) == expected


def test_r088_what_only_touches_does_not_overlap(site):
    """It ends where the range starts, or starts where it ends."""
    assert places(site.variants(**near(101, 150))) == set()
    assert places(site.variants(**near(90, 100))) == set()
    assert places(site.variants(**near(100, 101))) == FIRST


@pytest.mark.parametrize(
    ("start", "end", "is_found"),
    [
        ([500, 501], [1500, 1501], True),
        ([400, 600], [1400, 1600], True),
        ([501, 600], [1400, 1600], False),
        ([400, 500], [1400, 1600], False),
        ([400, 600], [1400, 1500], False),
    ],
)
def test_r089_brackets_are_half_open(site, start, end, is_found):
    """Start and end each lie within two bounds."""
    document = site.variants(**PLACE, start=start, end=end, variantType="DEL")

    assert (places(document) == {DELETION}) is is_found


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("DEL", {DELETION, (300, "ACGT", "A")}),
        ("DUP", {DUPLICATION}),
        ("INS", {(400, "A", "ATT")}),
    ],
)
def test_r090_a_type_narrows_a_range(site, kind, expected):
    """Deletions and duplications are told apart."""
    assert places(site.variants(**near(200, 3500, variantType=kind))) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("EFO:0030067", DELETION),
        ("EFO:0030070", DUPLICATION),
        ("SO:0001743", DELETION),
        ("SO:0001742", DUPLICATION),
    ],
)
def test_r091_terms_of_copy_number_find_their_kind(site, kind, expected):
    """As the words do."""
    found_there = places(site.variants(**near(499, 3500, variantType=kind)))

    assert expected in found_there
    assert {DELETION, DUPLICATION} - {expected} & found_there != {DELETION, DUPLICATION}


@pytest.mark.parametrize(
    ("least", "most", "expected"),
    [
        (999, 999, {DELETION, DUPLICATION}),
        (1000, 5000, set()),
        (2, 3, {(300, "ACGT", "A"), (400, "A", "ATT")}),
        (3, 3, {(300, "ACGT", "A")}),
    ],
)
def test_r092_lengths_narrow_sequences_and_copy_numbers(site, least, most, expected):
    """Both bounds belong to it."""
    asked = near(200, 3500, variantMinLength=least, variantMaxLength=most)

    assert places(site.variants(**asked)) == expected


def test_r093_a_gene_finds_its_variants(site):
    """Together with a type and lengths."""
    gene = {**BUILD, "geneId": "GENEA"}

    assert places(site.variants(**gene)) == FIRST
    assert places(site.variants(**gene, variantType="SNP")) == FIRST
    assert places(site.variants(**gene, variantMaxLength=1)) == FIRST


def test_r094_a_change_of_an_amino_acid_narrows_a_gene(site):
    """One letter or three."""
    for change in ("V600A", "Val600Ala"):
        asked = {**BUILD, "geneId": "GENEA", "aminoacidChange": change}

        assert places(site.variants(**asked)) == {(100, "T", "C")}


@pytest.mark.parametrize(
    "name", ["22", "chr22", "NC_000022.10", "refseq:NC_000022.10", "CHR22"]
)
def test_r095_a_sequence_has_many_names(site, name):
    """All mean the same."""
    assert places(site.variants(**SEEN | {"referenceName": name})) == {(100, "T", "C")}


def test_r096_one_assembly_never_answers_for_another(site):
    """And the version of an accession decides which is meant."""
    ours = {"start": [100], "referenceBases": "T", "alternateBases": "C"}
    old = site.variants(referenceName="NC_000022.10", **ours)
    new = site.variants(referenceName="NC_000022.11", **ours)
    both = {"referenceName": "NC_000022.11", "assemblyId": "GRCh37"}

    assert {name for name, s in sets(old).items() if s["exists"]} == {CLINIC, REGISTER}
    assert {name for name, s in sets(new).items() if s["exists"]} == {OTHER}
    assert site.refused("g_variants", **both, **ours)


def test_r097_a_bare_name_needs_an_assembly(site):
    """As this beacon holds two of them."""
    asked = {n: v for n, v in SEEN.items() if n != "assemblyId"}
    error = site.refused("g_variants", **asked)["error"]

    assert "assemblyId" in error["errorMessage"]


def test_r098_the_internal_id_finds_the_record(site):
    """Put in a path, as it was given."""
    (record,) = sets(site.variants(**SEEN))[CLINIC]["results"]
    identity = record["variantInternalId"]
    again = site.records(f"g_variants/{identity}")

    assert identity == ONE_OF["genomicVariant"]
    assert sets(again)[CLINIC]["results"] == [record]


def test_r099_public_ids_are_identifiers(site):
    """HGVS and SPDI names of the allele."""
    (record,) = sets(site.variants(**SEEN))[CLINIC]["results"]
    said = record["identifiers"]

    assert said["genomicHGVSId"] == "NC_000022.10:g.101T>C"
    assert {"spdi:NC_000022.10:100:T:C"} <= {
        each["id"] for each in said["variantAlternativeIds"]
    }


def every(site) -> list[dict]:
    """Return every variant record of the site."""
    return found(site.records("g_variants"))


def test_r100_places_are_closed_objects_of_vrs(site):
    """The sequence is a CURIE, every object carries its type and no more."""
    locations = [each["variation"]["location"] for each in every(site)]

    assert {frozenset(each) for each in locations} == {
        frozenset({"type", "sequence_id", "interval"})
    }
    assert {each["type"] for each in locations} == {"SequenceLocation"}
    assert all(re.match(r"refseq:NC_\d+\.\d+$", x["sequence_id"]) for x in locations)
    ends = [x["interval"][end] for x in locations for end in ("start", "end")]
    assert {frozenset(each) for each in ends} == {frozenset({"type", "value"})}


def test_r101_alternate_bases_are_bases(site):
    """A symbolic allele has none, and a type."""
    variations = [each["variation"] for each in every(site)]
    bases = {each["alternateBases"] for each in variations}
    symbolic = [v for v in variations if v["alternateBases"] == ""]

    assert [b for b in bases if not re.fullmatch(r"[ACGTUNRYSWKMBDHV.-]*", b)] == []
    assert {v["variantType"] for v in symbolic} == {"DEL", "DUP"}


def frequencies(site) -> list[dict]:
    """Return every frequency of every variant."""
    return [
        each
        for record in every(site)
        for population in record["frequencyInPopulations"]
        for each in population["frequencies"]
    ]


def test_r102_frequencies_are_shares_of_named_populations(site):
    """None is empty, and each lies between 0 and 1."""
    told = frequencies(site)

    assert len(told) > MANY
    assert [f for f in told if not f["population"]] == []
    assert [f for f in told if not 0 <= f["alleleFrequency"] <= 1] == []


def test_r103_frequencies_are_of_their_counts(site):
    """AC by AN; heterozygous, homozygous and hemizygous copies are all there are."""
    told = frequencies(site)
    kinds = ("Heterozygous", "Homozygous", "Hemizygous")

    assert [
        f
        for f in told
        if not isclose(f["alleleFrequency"], f["alleleCount"] / f["alleleNumber"])
    ] == []
    assert [
        f
        for f in told
        if sum(f[f"alleleCount{kind}"] for kind in kinds) != f["alleleCount"]
    ] == []


def test_r104_single_people_are_not_told_of(site):
    """No record has data of cases; where one has, it names the biosample."""
    cases = [c for each in every(site) for c in each.get("caseLevelData", [])]

    assert [c for c in cases if not c.get("biosampleId")] == []
    assert cases == []
