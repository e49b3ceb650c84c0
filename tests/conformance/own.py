"""Our own beacon with a little of everything in it, for the checker to walk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model.dataset import Input
from beacon.model.records import Record
from tests.service.people_samples import Record as Line
from tests.service.people_samples import load

if TYPE_CHECKING:
    from pathlib import Path

    from beacon.model.records import Json
    from beacon.store.releases import Catalogue

FEMALE = {"id": "NCIT:C16576", "label": "female"}
MALE = {"id": "NCIT:C20197", "label": "male"}
FEVER = {"id": "HP:0001945", "label": "Fever"}
SEIZURE = {"id": "HP:0001250", "label": "Seizure"}
BLOOD = {"id": "UBERON:0000178", "label": "blood"}
INPUT = Input(name="made.json", sha256="ab", size=1, path="/made.json")
LINES = (
    Line(
        chromosome="22",
        pos=20_000_101,
        reference="T",
        alternates="C",
        genotypes=("0/1", "1/1", "0/0", "0/0"),
    ),
    Line(
        chromosome="22",
        pos=20_000_201,
        reference="G",
        alternates="A",
        genotypes=("0/0", "0/1", "0/1", "./."),
    ),
    Line(
        chromosome="22",
        pos=20_000_301,
        reference="C",
        alternates="CTT",
        genotypes=("0/0", "0/0", "0/1", "0/0"),
    ),
)


def fill(catalogue: Catalogue, folder: Path) -> None:
    """Load two datasets of variants, and everything about the people of one."""
    load(catalogue, folder, "clinic", LINES)
    load(catalogue, folder, "sites", LINES[:1])
    for entry_type, documents in _documents().items():
        writer = catalogue.begin_documents("clinic", entry_type)
        writer.put([_record(each) for each in documents])
        writer.publish("made", (INPUT,))
    cohort = {"id": "all", "name": "Everybody", "cohortType": "study-defined"}
    catalogue.keep_cohorts("clinic", [_record(cohort)])


def _record(document: Json) -> Record:
    links = {
        name: str(document[name])
        for name in ("individualId", "biosampleId", "runId")
        if name in document
    }
    return Record(id=str(document["id"]), document=document, links=links)


def _documents() -> dict[str, list[Json]]:
    """Return the documents of four people, linked to each other."""
    numbers = range(1, 5)
    return {
        "individual": [_individual(number) for number in numbers],
        "biosample": [
            {
                "id": f"P{number}",
                "individualId": f"I{number}",
                "biosampleStatus": {"id": "EFO:0009654", "label": "reference sample"},
                "sampleOriginType": BLOOD,
                "collectionMoment": f"P{20 + number}Y",
            }
            for number in numbers
        ],
        "run": [
            {
                "id": f"R{number}",
                "biosampleId": f"P{number}",
                "individualId": f"I{number}",
                "runDate": "2026-01-02",
                "libraryStrategy": "WGS",
                "platform": "Illumina",
            }
            for number in numbers
        ],
        "analysis": [
            {
                "id": f"A{number}",
                "runId": f"R{number}",
                "biosampleId": f"P{number}",
                "individualId": f"I{number}",
                "analysisDate": "2026-01-03",
                "pipelineName": "calling",
            }
            for number in numbers
        ],
    }


def _individual(number: int) -> Json:
    """Return a person; the first had no fever, the second had."""
    fever = {"featureType": FEVER}
    features: list[Json] = [{"featureType": SEIZURE}]
    if number == 1:
        features.append({**fever, "excluded": True})
    if number == 2:
        features.append(fever)
    return {
        "id": f"I{number}",
        "sex": FEMALE if number in (2, 4) else MALE,
        "ethnicity": {"id": "NCIT:C43851", "label": "European"},
        "phenotypicFeatures": features,
        "diseases": [
            {
                "diseaseCode": {"id": "MONDO:0005027", "label": "epilepsy"},
                "ageOfOnset": {"iso8601duration": f"P{8 + number}Y"},
            }
        ],
    }
