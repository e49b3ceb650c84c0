"""A beacon with everything: genotypes, documents, cohorts, sites, and what is shared.

``ward`` holds genotypes of four people and documents of five; ``register`` holds
documents only, of one of them and of somebody else; ``sites`` holds counts only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model.ontology import Concept, text_of
from beacon.model.records import Record
from tests.api.site import fill_sites
from tests.service.people_samples import Record as Line
from tests.service.people_samples import load
from tests.store.joint_samples import file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from beacon.model.records import Json
    from beacon.store.releases import Catalogue

CARRIED = "GRCh37-22-16050408-T-C"
"""Carried by I1 (twice) and I2."""
UNCARRIED = "GRCh37-22-16050608-C-G"
"""Declared, and carried by nobody."""

_WORDS = {
    "NCIT:C16576": "female",
    "NCIT:C20197": "male",
    "NCIT:C41261": "White",
    "NCIT:C41260": "Asian",
    "HP:0001250": "Seizure",
    "HP:0002197": "Generalized-onset seizure",
    "HP:0000365": "Hearing impairment",
    "MONDO:0005027": "epilepsy",
    "LOINC:35925-4": "BMI",
    "NCIT:C49671": "Kilogram per Square Meter",
    "EFO:0009654": "reference sample",
    "EFO:0009656": "neoplastic sample",
    "UBERON:0000178": "blood",
    "GENEPIO:0001966": "genomic source",
    "DUO:0000004": "no restriction",
}


def term(identity: str) -> Json:
    """Return a term with its label."""
    return {"id": identity, "label": _WORDS[identity]}


def _individual(
    identity: str,
    sex: str,
    *features: str,
    onset: str | None = None,
    bmi: float | None = None,
    ethnicity: str = "NCIT:C41261",
) -> Json:
    """Return an individual; a feature that begins with ``!`` is excluded."""
    found: Json = {"id": identity, "sex": term(sex), "ethnicity": term(ethnicity)}
    if features:
        found["phenotypicFeatures"] = [
            {
                "featureType": term(feature.removeprefix("!")),
                "excluded": feature.startswith("!"),
            }
            for feature in features
        ]
    if onset is not None:
        age = {"iso8601duration": onset}
        found["diseases"] = [{"diseaseCode": term("MONDO:0005027"), "ageOfOnset": age}]
    if bmi is not None:
        value = {"unit": term("NCIT:C49671"), "value": bmi}
        found["measures"] = [
            {"assayCode": term("LOINC:35925-4"), "measurementValue": value}
        ]
    return found


FEMALE, MALE, ASIAN = "NCIT:C16576", "NCIT:C20197", "NCIT:C41260"
I1 = _individual("I1", MALE, "HP:0002197", "HP:0000365", onset="P9Y", bmi=21.5)
INDIVIDUALS: Sequence[Json] = (
    I1,
    _individual("I2", FEMALE, "HP:0001250", onset="P70Y", bmi=31.0),
    _individual("I3", MALE, "!HP:0001250", ethnicity=ASIAN),
    _individual("I4", FEMALE),
    _individual("I5", FEMALE, "HP:0001250", onset="P30Y"),
)
BIOSAMPLES: Sequence[Json] = tuple(
    {
        "id": f"P{number}",
        "individualId": f"I{number}",
        "biosampleStatus": term("EFO:0009656" if number == 2 else "EFO:0009654"),
        "sampleOriginType": term("UBERON:0000178"),
        "collectionDate": f"2021-04-0{number}",
        "collectionMoment": f"P{10 * number}Y",
    }
    for number in range(1, 6)
)
RUNS: Sequence[Json] = tuple(
    {
        "id": f"R{number}",
        "biosampleId": f"P{number}",
        "individualId": f"I{number}",
        "runDate": "2021-05-01",
        "librarySource": term("GENEPIO:0001966"),
        "libraryStrategy": "WGS" if number < 3 else "WES",
        "libraryLayout": "PAIRED",
        "platform": "Illumina",
    }
    for number in range(1, 5)
)
ANALYSES: Sequence[Json] = tuple(
    {
        "id": f"A{number}",
        "runId": f"R{number}",
        "biosampleId": f"P{number}",
        "individualId": f"I{number}",
        "analysisDate": "2021-06-01",
        "pipelineName": "sarek",
        "aligner": "bwa",
        "variantCaller": "GATK" if number == 1 else "DeepVariant",
    }
    for number in range(1, 5)
)
WARD: Json = {
    "id": "ward",
    "name": "The ward",
    "description": "People of one ward.",
    "version": "2026.1",
    "externalUrl": "https://ward.example.se",
    "dataUseConditions": {
        "duoDataUse": [{**term("DUO:0000004"), "version": "2021-02-23"}]
    },
    "info": {"floor": "3"},
}
COHORT: Json = {
    "id": "epilepsy",
    "name": "Epilepsy cohort",
    "cohortType": "study-defined",
    "cohortSize": 2,
}


def fill_with_everything(catalogue: Catalogue, folder: Path) -> None:
    """Load all of it."""
    lines = [
        Line(
            chromosome="22",
            pos=16050408,
            reference="T",
            alternates="C",
            genotypes=("1/1", "0/1", "0/0", "./."),
            name="rs149201999",
        ),
        Line(
            chromosome="22",
            pos=16050608,
            reference="C",
            alternates="G",
            genotypes=("0/0", "0/0", "0/0", "0/0"),
        ),
        Line(
            chromosome="22",
            pos=16050678,
            reference="C",
            alternates="T",
            genotypes=("0/0", "0/0", "0/1", "1/1"),
        ),
    ]
    load(catalogue, folder, "ward", lines)
    for entry_type, documents in (
        ("individual", INDIVIDUALS),
        ("biosample", BIOSAMPLES),
        ("run", RUNS),
        ("analysis", ANALYSES),
    ):
        file(catalogue, "ward", entry_type, documents)
    catalogue.describe_dataset("ward", WARD)
    members = ("I1", "I2")
    catalogue.keep_cohorts(
        "ward", [Record(id="epilepsy", document=COHORT, members=members)]
    )
    elsewhere = _individual("I9", FEMALE, "HP:0001250", ethnicity=ASIAN)
    file(catalogue, "register", "individual", [I1, elsewhere])
    fill_sites(catalogue)
    catalogue.keep_ontology(
        "HP",
        text_of(
            [
                Concept(id="HP:0000118", label="Phenotypic abnormality"),
                Concept(id="HP:0001250", label="Seizure", parents=("HP:0000118",)),
                Concept(id="HP:0002197", parents=("HP:0001250",)),
                Concept(id="HP:0000365", parents=("HP:0000118",)),
            ]
        ),
    )
