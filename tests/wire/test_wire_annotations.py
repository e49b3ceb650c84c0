"""What files say of a variant, as members that every schema takes."""

from __future__ import annotations

from beacon.model.annotation import Annotation
from beacon.model.assemblies import assembly, contig
from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import GroupDisclosure, VariantDisclosure
from beacon.model.variant import Allele, sequence_allele
from beacon.wire.variants import Source, genomic_variant
from schemas import validator

C22 = contig(assembly("GRCh37"), "22")
SNV = sequence_allele(C22, 100, "T", "C")
DELETION = Allele(contig=C22, start=99, end=5000, reference="G", alternate="<DEL>")
SOURCE = Source(name="The clinic", address="https://x.se/api/datasets/c", release=3)
SAID = Annotation(
    genes=("BRAF",),
    effects=("SO:0001583", "SO:9999999"),
    protein_changes=("V600E",),
    identifiers=("rs113488022",),
    transcript_hgvs=("NM_004333.6:c.1799T>A",),
    protein_hgvs=("NP_004324.2:p.Val600Glu",),
    clinvar="13961",
    significance=("Pathogenic/Likely_pathogenic", "drug_response"),
    conditions=("Melanoma",),
)


def record(said: Annotation | None, allele: Allele = SNV) -> dict[str, object]:
    """Return the record of an allele with an annotation."""
    total = GroupDisclosure(label="Total", counts=AlleleCounts(ac=1, an=4))
    variant = VariantDisclosure(allele=allele, groups=(total,), annotation=said)
    return genomic_variant(variant, SOURCE, {})


def test_genes_effects_and_changes_are_molecular_attributes() -> None:
    """Effects are terms with their names; a term we do not know is left out."""
    assert record(SAID)["molecularAttributes"] == {
        "geneIds": ["BRAF"],
        "aminoacidChanges": ["V600E"],
        "molecularEffects": [{"id": "SO:0001583", "label": "missense_variant"}],
    }


def test_names_are_identifiers() -> None:
    """ClinVar's, HGVS and rs numbers stand beside those its bases give."""
    assert record(SAID)["identifiers"] == {
        "genomicHGVSId": "NC_000022.10:g.101T>C",
        "clinvarVariantId": "clinvar:13961",
        "transcriptHGVSIds": ["NM_004333.6:c.1799T>A"],
        "proteinHGVSIds": ["NP_004324.2:p.Val600Glu"],
        "variantAlternativeIds": [
            {"id": "spdi:NC_000022.10:100:T:C", "notes": "SPDI"},
            {
                "id": "dbSNP:rs113488022",
                "reference": "https://identifiers.org/dbsnp:rs113488022",
                "notes": "dbSNP",
            },
        ],
    }


def test_clinvar_is_an_interpretation_of_each_condition() -> None:
    """Two classes in one word are at least the weaker; other words have no class."""
    assert record(SAID)["variantLevelData"] == {
        "clinicalInterpretations": [
            {
                "conditionId": "Melanoma",
                "effect": {
                    "id": "ClinVar:Pathogenic/Likely_pathogenic",
                    "label": "Pathogenic/Likely pathogenic",
                },
                "clinicalRelevance": "likely pathogenic",
            },
            {
                "conditionId": "Melanoma",
                "effect": {"id": "ClinVar:drug_response", "label": "drug response"},
            },
        ]
    }


def test_a_class_of_clinvar_is_a_term() -> None:
    """The five classes have terms; a condition that is not given says so."""
    said = Annotation(significance=("Benign",))

    assert record(said)["variantLevelData"]["clinicalInterpretations"] == [
        {
            "conditionId": "not provided",
            "effect": {"id": "LOINC:LA6675-8", "label": "Benign"},
            "clinicalRelevance": "benign",
        }
    ]


def test_what_is_not_said_is_left_out() -> None:
    """Without annotation, or with an empty one, no member is empty."""
    for said in (None, Annotation()):
        assert not record(said).keys() & {"molecularAttributes", "variantLevelData"}
    assert "identifiers" not in record(Annotation(), DELETION)


def test_an_annotated_record_is_valid() -> None:
    """In our schema; in the official ones see the answers of the API."""
    for allele in (SNV, DELETION):
        errors = validator("genomicVariant").iter_errors(record(SAID, allele))

        assert [error.message for error in errors] == []
