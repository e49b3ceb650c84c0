"""A variant record holds the counts of the disclosure, and nothing unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from beacon.model.assemblies import assembly, contig
from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import GroupDisclosure, VariantDisclosure
from beacon.model.similarity import Event, Similar
from beacon.model.structure import Structure
from beacon.model.variant import Allele, sequence_allele
from beacon.model.vrs import vrs_ids
from beacon.wire.variants import Source, genomic_variant
from schemas import validator

C22 = contig(assembly("GRCh37"), "22")
SNV = sequence_allele(C22, 100, "T", "C")
DELETION = Allele(contig=C22, start=99, end=5000, reference="G", alternate="<DEL>")
SOURCE = Source(name="The clinic", address="https://x.se/api/datasets/c", release=3)


class Bases:
    """A reference that has the same base everywhere."""

    def bases(self, contig, start, end):
        """Return so many of it."""
        return "A" * (min(end, contig.length) - start)


def record(allele=SNV, references=None, **groups):
    """Return the record of an allele with the counts of some groups."""
    shown = tuple(
        GroupDisclosure(label=label, counts=counts) for label, counts in groups.items()
    )
    variant = VariantDisclosure(allele=allele, groups=shown)
    return genomic_variant(variant, SOURCE, references or {})


def frequencies(**groups):
    """Return the frequencies of some groups."""
    return record(**groups)["frequencyInPopulations"][0]["frequencies"]


def test_an_allele_is_written_where_it_lies():
    """0-based interbase, on a sequence named by its accession."""
    written = record()["variation"]

    assert written == {
        "location": {
            "type": "SequenceLocation",
            "sequence_id": "refseq:NC_000022.10",
            "interval": {
                "type": "SequenceInterval",
                "start": {"type": "Number", "value": 100},
                "end": {"type": "Number", "value": 101},
            },
        },
        "variantType": "SNP",
        "referenceBases": "T",
        "alternateBases": "C",
    }


def test_the_id_is_given_under_both_names():
    """Clients fill the ``{id}`` of the map from one or the other."""
    written = record()

    assert written["id"] == written["variantInternalId"]


def test_public_names_are_given():
    """HGVS counts from 1, SPDI from 0."""
    written = record()

    assert (written["variantInternalId"], written["identifiers"]) == (
        "GRCh37-22-101-T-C",
        {
            "genomicHGVSId": "NC_000022.10:g.101T>C",
            "variantAlternativeIds": [
                {"id": "spdi:NC_000022.10:100:T:C", "notes": "SPDI"}
            ],
        },
    )


def test_a_symbolic_allele_has_a_type_and_no_bases():
    """Its alternate is empty, because the standard has no letters for it."""
    written = record(DELETION)

    assert (
        written["variation"]["variantType"],
        written["variation"]["alternateBases"],
        "referenceBases" in written["variation"],
        "identifiers" in written,
    ) == ("DEL", "", False, False)


STRUCTURAL = {
    "N[8:500[": {
        "name": "N[8:500[",
        "mateName": "8",
        "mateStart": 499,
        "strands": "+-",
    },
    "N?GL000192.1:7?": {
        "name": "N?GL000192.1:7?",
        "mateName": "GL000192.1",
        "mateStart": 6,
    },
    ".N": {"name": ".N", "strands": "-"},
    "<INS:ME:ALU=280>": {"name": "<INS:ME:ALU=280>", "length": 280},
    "<INS>": {"name": "<INS>"},
}


@pytest.mark.parametrize(("alternate", "info"), STRUCTURAL.items())
def test_a_structural_allele_says_the_rest_in_info(alternate, info):
    """Mate, strands and length have no place in the standard's variation."""
    allele = Allele(contig=C22, start=99, end=100, reference="N", alternate=alternate)
    written = record(allele)

    assert written["info"] == info
    assert list(validator("genomicVariant").iter_errors(written)) == []


def test_margins_are_shown():
    """How exactly a breakpoint is known is said, where it is not exact."""
    structure = Structure((-9, 4), (0, 7), is_imprecise=True)
    written = record(replace(DELETION, structure=structure))

    assert written["info"] == {
        "name": "<DEL>",
        "length": 4900,
        "startMargin": [-9, 4],
        "endMargin": [0, 7],
        "imprecise": True,
    }


def test_a_similar_variant_says_how_close_it_is():
    """Reciprocal overlap, and the bases between the further ends."""
    event = Event("DEL", "22", 1100, 5100, 4000)
    written = genomic_variant(
        VariantDisclosure(allele=DELETION, groups=()), SOURCE, {}, Similar(event=event)
    )

    assert written["info"]["similarity"] == {
        "overlap": 0.7959,
        "breakpointDistance": 1000,
    }


def test_counts_are_copies_and_people():
    """A homozygote is two copies and one person; the kinds of copies sum to AC."""
    written = frequencies(Total=AlleleCounts(ac=7, an=40, hom=2, het=1, hemi=1))

    assert written == [
        {
            "population": "Total",
            "alleleFrequency": 0.175,
            "alleleCount": 7,
            "alleleNumber": 40,
            "alleleCountHomozygous": 4,
            "alleleCountHeterozygous": 2,
            "alleleCountHemizygous": 1,
            "genotypeHomozygous": 2,
            "genotypeHeterozygous": 1,
            "genotypeHemizygous": 1,
        }
    ]


def test_unknown_counts_are_left_out():
    """A sites-only source may know AC and AN and nothing of people."""
    written = frequencies(Total=AlleleCounts(ac=1, an=4))

    assert written == [
        {
            "population": "Total",
            "alleleFrequency": 0.25,
            "alleleCount": 1,
            "alleleNumber": 4,
        }
    ]


def test_a_population_nobody_was_called_in_has_no_frequency():
    """0 of 0 is no frequency."""
    written = frequencies(Total=AlleleCounts(ac=1, an=4), SE=AlleleCounts(ac=0, an=0))

    assert [each["population"] for each in written] == ["Total"]


@pytest.mark.parametrize(
    "counts", [AlleleCounts(ac=None, an=None), AlleleCounts(ac=0, an=0)]
)
def test_without_any_frequency_there_is_no_list_of_them(counts):
    """The list may not be empty, so it is left out."""
    written = record(Total=counts)

    assert "frequencyInPopulations" not in written


@pytest.mark.parametrize("allele", [SNV, DELETION])
def test_every_record_is_valid(allele):
    """In our schema and, where it is at hand, in the official one."""
    written = record(allele, Total=AlleleCounts(ac=1, an=4, hom=0, het=1, hemi=0))
    found = [
        error.message for error in validator("genomicVariant").iter_errors(written)
    ]

    assert found == []


def test_vrs_ids_are_written_where_a_reference_is_at_hand():
    """Both versions, each with its note; without a reference there are none."""
    wanted = vrs_ids(SNV, Bases())
    with_reference = record(references={"GRCh37": Bases()})["identifiers"]
    without = record()["identifiers"]

    assert with_reference["variantAlternativeIds"] == [
        {"id": "spdi:NC_000022.10:100:T:C", "notes": "SPDI"},
        {"id": f"ga4gh:VA.{wanted.v2}", "notes": "VRS 2"},
        {"id": f"ga4gh:VA.{wanted.v1}", "notes": "VRS 1.3"},
    ]
    assert without["variantAlternativeIds"] == [
        {"id": "spdi:NC_000022.10:100:T:C", "notes": "SPDI"}
    ]
