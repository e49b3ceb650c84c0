"""Every fault of a document is told once, where it is, in words that help."""

from __future__ import annotations

import pytest

import schemas
from schemas import Complaint
from schemas.complaints import pointer
from tests.schemas.judges import samples
from tests.schemas.mutations import spoiled

PERSON = {"id": "P1", "sex": {"id": "NCIT:C16576"}}
ASSAY = {"id": "LOINC:39156-5"}
ILLNESS = {"id": "MONDO:0009061"}


def told(kind, document):
    """Return the faults of a document as pairs."""
    return [
        (each.pointer, each.sentence) for each in schemas.complaints(kind, document)
    ]


def test_a_valid_document_has_no_complaints():
    """Nothing is invented."""
    assert [] == told("individual", PERSON)


@pytest.mark.parametrize(
    ("member", "value", "place", "sentence"),
    [
        ("id", 7, "/id", "must be text, is 7"),
        ("sex", {}, "/sex", "id is missing"),
        (
            "sex",
            {"id": "male"},
            "/sex/id",
            'must be a prefix of two or more characters, a colon and a name, is "male"',
        ),
        ("diseases", {"x": 1}, "/diseases", "must be a list, is an object"),
        ("diseases", ["x"], "/diseases/0", 'must be an object, is "x"'),
        (
            "diseases",
            [{"diseaseCode": ILLNESS, "familyHistory": "yes"}],
            "/diseases/0/familyHistory",
            'must be true or false, is "yes"',
        ),
        (
            "exposures",
            [{"exposureCode": ILLNESS}],
            "/exposures/0",
            "ageAtExposure, unit and duration are missing",
        ),
        (
            "pedigrees",
            [{"id": "f", "disease": {"diseaseCode": ILLNESS}, "members": []}],
            "/pedigrees/0/members",
            "must have 1 or more entries",
        ),
        (
            "interventionsOrProcedures",
            [{"procedureCode": ILLNESS, "dateOfProcedure": "2021-02-30"}],
            "/interventionsOrProcedures/0/dateOfProcedure",
            'must be a day as 2021-04-23, is "2021-02-30"',
        ),
    ],
)
def test_a_fault_is_told_at_its_place(member, value, place, sentence):
    """As a JSON Pointer, and what is asked for there."""
    assert [(place, sentence)] == told("individual", {**PERSON, member: value})


@pytest.mark.parametrize(
    ("onset", "place", "sentence"),
    [
        (
            {"age": {"iso8601duration": "P1Y"}},
            "",
            "must have iso8601duration, start and end, weeks or id",
        ),
        ({"iso8601duration": 32}, "/iso8601duration", "must be text, is 32"),
        (
            {"start": {"iso8601duration": "P1Y"}, "end": {}},
            "/end",
            "iso8601duration is missing",
        ),
        (
            {"iso8601duration": "P1Y", "id": "HP:0003577"},
            "",
            "fits several forms at once: keep to one of them",
        ),
        (
            {"start": "31/1", "end": "31/1"},
            "/start",
            'must be a moment as 2021-04-23T10:00:00Z, is "31/1"',
        ),
        ("P1Y", "", 'must be an object, is "P1Y"'),
    ],
)
def test_of_several_forms_the_one_that_was_meant_is_told(onset, place, sentence):
    """An age that is no age is not told as no gestational age."""
    disease = {"diseaseCode": ILLNESS, "ageOfOnset": onset}

    assert (f"/diseases/0/ageOfOnset{place}", sentence) in told(
        "individual", {**PERSON, "diseases": [disease]}
    )


def test_a_number_that_is_text_is_told_through_two_choices():
    """A measured value is one of two forms of one of two forms."""
    value = {"value": "26.5", "unit": {"id": "NCIT:C49671"}}
    measure = {"assayCode": ASSAY, "measurementValue": value}

    assert [
        ("/measures/0/measurementValue/value", 'must be a number, is "26.5"')
    ] == told("individual", {**PERSON, "measures": [measure]})


def test_a_variation_is_told_by_the_type_it_names():
    """Not by the other forms it might have had."""
    state = {"type": "LiteralSequenceExpression", "sequence": "a"}
    variation = {"type": "Allele", "location": "ga4gh:VSL.x", "state": state}

    assert [("/variation/state/sequence", 'must match ^[A-Z*\\-]*$, is "a"')] == told(
        "genomicVariant", {"variantInternalId": "v", "variation": variation}
    )


def test_what_is_the_document_itself_has_the_empty_pointer():
    """RFC 6901, section 5."""
    assert [("", "must be an object, is []")] == told("run", [])


def test_a_pointer_escapes_what_it_is_made_of():
    """RFC 6901, section 3."""
    assert "/a~1b/0/c~0d" == pointer(["a/b", 0, "c~d"])


def test_long_values_are_cut():
    """A sentence stays a sentence."""
    found = told("individual", {**PERSON, "sex": "x" * 1000})

    assert [("/sex", f'must be an object, is "{"x" * 39}…')] == found


@pytest.mark.parametrize("kind", ["individual", "cohort", "request"])
def test_every_fault_has_a_complaint(kind):
    """A document is valid exactly when there is nothing to complain of."""
    ours, seen = schemas.validator(kind), set()
    wrong = [
        (path, value)
        for document in samples(kind)
        for path, value in spoiled(document, seen)
        if ours.is_valid(document) != (not told(kind, document))
    ]

    assert wrong == []


def test_complaints_are_values():
    """They can be compared, and kept in sets."""
    first, second = (Complaint(pointer="/a", sentence="is wrong") for _ in range(2))

    assert {first} == {second}
