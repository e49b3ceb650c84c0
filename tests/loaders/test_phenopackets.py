"""Phenopackets: who has what, who was looked at and has it not, and who is who."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from beacon.model.errors import ReadError
from loaders.phenopackets import EXCLUDED, SHARED, PacketReader
from schemas import complaints
from tests.loaders.document_samples import shared, written

if TYPE_CHECKING:
    from pathlib import Path

P5Y = {"iso8601duration": "P5Y"}
TERM = {"id": "XY:1", "label": "x"}
KILO = {"id": "NCIT:C28252", "label": "Kilogram"}
RICH = {
    "id": "packet",
    "subject": {
        "id": "P1",
        "sex": "FEMALE",
        "karyotypicSex": "XX",
        "timeAtLastEncounter": {"age": P5Y},
        "vitalStatus": {"status": "ALIVE"},
    },
    "phenotypicFeatures": [
        {
            "type": TERM,
            "excluded": True,
            "onset": {"ontologyClass": TERM},
            "evidence": [
                {"evidenceCode": TERM, "reference": {"id": "P:1", "description": "d"}},
                {"evidenceCode": KILO},
            ],
        },
    ],
    "diseases": [
        {"term": TERM, "onset": {"age": P5Y}, "diseaseStage": [TERM]},
        {"term": KILO, "excluded": True},
    ],
    "measurements": [
        {
            "assay": TERM,
            "value": {"quantity": {"unit": KILO, "value": 3.5}},
            "timeObserved": {"timestamp": "2021-04-23T10:00:00Z"},
        },
        {"assay": TERM},
    ],
    "medicalActions": [
        {"procedure": {"code": TERM, "performed": {"age": P5Y}}},
        {"treatment": {"agent": KILO}, "treatmentIntent": TERM},
        {"radiationTherapy": {"modality": TERM}},
    ],
    "interpretations": [{"id": "i"}],
    "biosamples": [
        {
            "id": "S1",
            "individualId": "P1",
            "sampledTissue": TERM,
            "timeOfCollection": {"age": P5Y},
            "procedure": {"code": TERM},
            "files": [],
        }
    ],
    "metaData": {"phenopacketSchemaVersion": "2.0"},
}


def _read(folder: Path, *packets: object) -> tuple[list[dict], list[dict], Counter]:
    reader = PacketReader([written(folder, json.dumps(packets), "p.json")])
    people = list(reader.individuals())
    told = Counter(note for found in people for note in found.notes)
    samples = [found.document for found in reader.biosamples()]
    return [found.document for found in people], samples, told


def test_a_packet_becomes_an_individual(tmp_path: Path) -> None:
    """Each part has its place in the model; absence stays absence."""
    [person], _, told = _read(tmp_path, RICH)

    assert [] == list(complaints("individual", person))
    assert person == {
        "id": "P1",
        "sex": {"id": "NCIT:C16576", "label": "female"},
        "karyotypicSex": "XX",
        "phenotypicFeatures": [
            {
                "featureType": TERM,
                "excluded": True,
                "onset": TERM,
                "evidence": {
                    "evidenceCode": TERM,
                    "reference": {"id": "P:1", "notes": "d"},
                },
                "furtherEvidence": [{"evidenceCode": KILO}],
            }
        ],
        "diseases": [{"diseaseCode": TERM, "ageOfOnset": P5Y, "stage": TERM}],
        "measures": [
            {
                "assayCode": TERM,
                "measurementValue": {"unit": KILO, "value": 3.5},
                "observationMoment": {
                    "start": "2021-04-23T10:00:00Z",
                    "end": "2021-04-23T10:00:00Z",
                },
            }
        ],
        "interventionsOrProcedures": [{"procedureCode": TERM, "ageAtProcedure": P5Y}],
        "treatments": [{"treatmentCode": KILO, "treatmentIntent": TERM}],
        "info": {
            "age": "P5Y",
            "phenopacketId": "packet",
            "vitalStatus": {"status": "ALIVE"},
            "excludedDiseases": [{"term": KILO, "excluded": True}],
            "measurementsWithoutValue": [{"assay": TERM}],
            "medicalActions": [{"radiationTherapy": {"modality": TERM}}],
            "interpretations": [{"id": "i"}],
            "metaData": {"phenopacketSchemaVersion": "2.0"},
        },
    }
    assert 1 == told[EXCLUDED]


def test_its_samples_become_biosamples(tmp_path: Path) -> None:
    """They are linked to their individual, and claim no status that is not said."""
    _, [sample], _ = _read(tmp_path, RICH)

    assert [] == list(complaints("biosample", sample))
    assert ("S1", "P1", "P5Y") == (
        sample["id"],
        sample["individualId"],
        sample["collectionMoment"],
    )
    assert (TERM, {"procedureCode": TERM}) == (
        sample["sampleOriginType"],
        sample["obtentionProcedure"],
    )
    assert "NCIT:C17998" == sample["biosampleStatus"]["id"]


def test_two_people_of_one_name_are_two(tmp_path: Path) -> None:
    """Packets that share a subject's name are known by their own ids."""
    sample = {"id": "S", "sampledTissue": TERM}
    packets = [
        {"id": f"k{n}", "subject": {"id": "Patient 1"}, "biosamples": [sample]}
        for n in (1, 2)
    ]
    people, samples, told = _read(tmp_path, *packets)

    assert ["k1", "k2"] == [person["id"] for person in people]
    assert ["k1", "k2"] == [one["individualId"] for one in samples]
    assert ["Patient 1"] * 2 == [person["info"]["subjectId"] for person in people]
    assert 2 == told[SHARED]


def test_families_and_cohorts_hold_packets(tmp_path: Path) -> None:
    """Everybody within is an individual, the pedigree beside them."""
    family = {
        "id": "f",
        "proband": {"id": "a", "subject": {"id": "A"}},
        "relatives": [{"id": "b", "subject": {"id": "B"}}],
        "pedigree": {"persons": []},
    }
    people, _, _ = _read(tmp_path, family, {"members": [{"subject": {"id": "C"}}]})

    assert ["A", "B", "C"] == [person["id"] for person in people]
    assert {"persons": []} == people[1]["info"]["pedigree"]
    assert {"id": "f"} == people[1]["info"]["family"]


def test_a_place_within_a_family_is_told(tmp_path: Path) -> None:
    """By the member it is held in."""
    family = {
        "proband": {"subject": {"id": "a"}},
        "relatives": [{"subject": {"id": "b"}}],
    }
    reader = PacketReader([written(tmp_path, json.dumps(family), "p.json")])

    assert ["p.json:1/proband/sex", "p.json:1/relatives/0/sex"] == [
        found.place("/sex") for found in reader.individuals()
    ]


def test_names_of_protocol_buffers_are_read(tmp_path: Path) -> None:
    """A packet is the same in either spelling; what is kept as it is stays so."""
    snake = json.loads(
        re.sub(r"(?<=[a-z])([A-Z])(?=[a-zA-Z]*\":)", _lower, json.dumps(RICH))
    )
    snake["meta_data"] = {"created_by": "me"}

    assert "phenotypic_features" in snake
    people, samples, _ = _read(tmp_path, RICH | {"metaData": snake["meta_data"]})
    assert (people, samples) == _read(tmp_path, snake)[:2]


def _lower(found: re.Match[str]) -> str:
    return f"_{found[1].lower()}"


@pytest.mark.parametrize(
    ("word", "label"),
    [("female", "female"), (2, "male"), (None, "unknown"), ("OTHER_SEX", "other")],
)
def test_sex_is_read_in_either_form_of_the_enumeration(
    tmp_path: Path, word: object, label: str
) -> None:
    """By word, in any case, or by number."""
    [person], *_ = _read(tmp_path, {"subject": {"id": "a", "sex": word}})

    assert label == person["sex"]["label"]


def test_a_bare_age_stays_an_age(tmp_path: Path) -> None:
    """It is no moment; what it is, is put right later."""
    [person], *_ = _read(
        tmp_path,
        {"subject": {"id": "a"}, "diseases": [{"term": TERM, "onset": "P3Y"}]},
    )

    assert "P3Y" == person["diseases"][0]["ageOfOnset"]


def test_a_disease_is_excluded_where_it_says_so(tmp_path: Path) -> None:
    """In words, too; a text that says it is not does not exclude it."""
    diseases = [{"term": TERM, "excluded": said} for said in ("true", "false")]
    [person], *_ = _read(tmp_path, {"subject": {"id": "a"}, "diseases": diseases})

    assert [{"diseaseCode": TERM}] == person["diseases"]
    assert 1 == len(person["info"]["excludedDiseases"])


@pytest.mark.parametrize(
    ("packet", "sentence"),
    [
        ({"id": "x"}, "p.json:1/subject/id: is missing: whom is the packet about?"),
        ({"members": [1]}, "p.json:1/members/0: must be an object"),
        ({"subject": {"id": "a"}, "diseases": {}}, "p.json:1/diseases: must be a list"),
        (
            {"proband": {"subject": {"id": "a"}, "diseases": [1]}},
            "p.json:1/proband/diseases/0: must be an object",
        ),
        (
            {"subject": {"id": "a"}, "metaData": {"phenopacketSchemaVersion": "1.0"}},
            "p.json:1: is a phenopacket of version 1.0; version 2 is read",
        ),
        (
            {
                "subject": {"id": "a"},
                "meta_data": {"phenopacket_schema_version": "1.0"},
            },
            "p.json:1: is a phenopacket of version 1.0; version 2 is read",
        ),
        (
            {"subject": {"id": "a"}, "phenotypicFeatures": [{"negated": True}]},
            "p.json:1/phenotypicFeatures/0/negated: is a member of phenopackets of"
            " version 1; version 2 is read",
        ),
        (
            {"subject": {"id": "a", "sex": "F"}},
            "p.json:1/subject/sex: must be one of FEMALE, MALE, OTHER_SEX,"
            " UNKNOWN_SEX, is 'F'",
        ),
    ],
)
def test_what_is_no_packet_is_named(
    tmp_path: Path, packet: object, sentence: str
) -> None:
    """The sentence names the file, the line and the member."""
    with pytest.raises(ReadError) as caught:
        _read(tmp_path, packet)

    assert sentence == str(caught.value)


def test_the_published_packets_say_what_their_truth_says() -> None:
    """Sex, features seen and features excluded, and diseases are all there."""
    truth = json.loads(shared("phenopackets.truth.json").read_text())
    folder = shared("phenopackets")
    people = [f.document for f in PacketReader(sorted(folder.iterdir())).individuals()]
    features = [f for p in people for f in p.get("phenotypicFeatures", [])]
    seen = Counter(f["featureType"]["id"] for f in features if not f.get("excluded"))
    absent = Counter(f["featureType"]["id"] for f in features if f.get("excluded"))
    diseases = Counter(
        d["diseaseCode"]["id"] for p in people for d in p.get("diseases", [])
    )

    assert truth["n"] == len({person["id"] for person in people})
    assert truth["observed_phenotype"] == {
        k: seen[k] for k in truth["observed_phenotype"]
    }
    assert truth["excluded_phenotype"] == {
        k: absent[k] for k in truth["excluded_phenotype"]
    }
    assert truth["disease"] == {k: diseases[k] for k in truth["disease"]}
    assert [] == [c for person in people for c in complaints("individual", person)]
