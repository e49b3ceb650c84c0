"""The people of test mode: ten invented ones, and what is told of them.

Every record of one of them leads to every other: one biosample, one run and one
analysis each.  Nothing in this file was measured, and nobody in it lives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from beacon.model.entry_types import ANALYSIS, BIOSAMPLE, INDIVIDUAL, RUN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.model.records import Json

DATASET_ID = "synthetic"
COHORT_ID = "synthetic-cohort"
ASSEMBLY = "GRCh38"
"""What the invented variant is on."""

_FEMALE = {"id": "NCIT:C16576", "label": "female"}
_MALE = {"id": "NCIT:C20197", "label": "male"}
_SEIZURE = {"id": "HP:0001250", "label": "Seizure"}
_HEARING = {"id": "HP:0000365", "label": "Hearing impairment"}
_EPILEPSY = {"id": "MONDO:0005027", "label": "epilepsy"}
_ETHNICITIES = (
    {"id": "NCIT:C41261", "label": "White"},
    {"id": "NCIT:C41260", "label": "Asian"},
)
_DAY = "2026-01-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedPerson:
    """One invented individual.

    Attributes:
        copies: of the invented variant, 0 to 2.
        records: by entry type, the one document about them.
    """

    copies: int
    records: Mapping[str, Json]


def _person(number: int, copies: int) -> InventedPerson:
    name = f"synthetic-{number}"
    individual, biosample = f"{name}-individual", f"{name}-biosample"
    run, analysis = f"{name}-run", f"{name}-analysis"
    links = {"individualId": individual, "biosampleId": biosample}
    records: dict[str, Json] = {
        INDIVIDUAL.id: _individual(individual, number),
        BIOSAMPLE.id: {
            "id": biosample,
            "individualId": individual,
            "biosampleStatus": {"id": "EFO:0009654", "label": "reference sample"},
            "sampleOriginType": {"id": "UBERON:0000178", "label": "blood"},
            "collectionDate": _DAY,
            "collectionMoment": f"P{20 + number}Y",
        },
        RUN.id: {
            "id": run,
            **links,
            "runDate": _DAY,
            "librarySource": {"id": "GENEPIO:0001966", "label": "genomic source"},
            "libraryStrategy": "WGS" if number % 2 else "WES",
            "libraryLayout": "PAIRED",
            "platform": "Illumina",
        },
        ANALYSIS.id: {
            "id": analysis,
            "runId": run,
            **links,
            "analysisDate": _DAY,
            "pipelineName": "synthetic pipeline",
            "aligner": "bwa",
            "variantCaller": "GATK",
        },
    }
    return InventedPerson(copies=copies, records=records)


def _individual(identity: str, number: int) -> Json:
    """Return an individual: the first three are ill, and one feature is excluded."""
    record: Json = {
        "id": identity,
        "sex": _FEMALE if number % 2 else _MALE,
        "ethnicity": _ETHNICITIES[number % len(_ETHNICITIES)],
        "phenotypicFeatures": [
            {"featureType": _SEIZURE, "excluded": number > 3},
            *([{"featureType": _HEARING}] if number == 1 else []),
        ],
    }
    if number <= 3:
        onset = {"iso8601duration": f"P{10 * number}Y"}
        record["diseases"] = [{"diseaseCode": _EPILEPSY, "ageOfOnset": onset}]
    return record


_COPIES = (2, 1, *[0] * 8)
PEOPLE: tuple[InventedPerson, ...] = tuple(
    _person(number, copies) for number, copies in enumerate(_COPIES, start=1)
)
"""All of them: one homozygous for the invented variant, and one heterozygous."""

COHORT_RECORD: Json = {
    "id": COHORT_ID,
    "name": "Synthetic cohort (invented, nobody's data)",
    "cohortType": "beacon-defined",
    "cohortSize": len(PEOPLE),
}
"""The cohort of all of them."""
