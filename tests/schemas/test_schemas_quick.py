"""The quick verdict is the validator's, of whatever document."""

from __future__ import annotations

import copy

import pytest

import schemas
from schemas.quick import is_right
from tests.schemas.judges import samples
from tests.schemas.mutations import spoiled

KINDS = tuple(kind for kind in schemas.ENTITIES if kind != "genomicVariant")
"""Those of documents; variants are not judged when they are loaded."""
DATES = ("2021-02-30", "2021-04-23", "25/9/24", "2021-04-23T10:00:00Z", "", 1.0, 2.5)


@pytest.mark.parametrize("kind", KINDS)
def test_samples_are_right(kind: str) -> None:
    """What the validator accepts is accepted."""
    assert [True] * len(samples(kind)) == [is_right(kind, one) for one in samples(kind)]


@pytest.mark.parametrize("kind", KINDS)
def test_spoiled_samples_are_judged_alike(kind: str) -> None:
    """Whatever member is taken away, changed or added."""
    judge, seen = schemas.validator(kind), set()
    differing = [
        (path, what)
        for sample in copy.deepcopy(samples(kind))
        for path, what in spoiled(sample, seen)
        if judge.is_valid(sample) != is_right(kind, sample)
    ]

    assert [] == differing


@pytest.mark.parametrize("value", DATES)
def test_forms_of_texts_and_numbers_are_judged_alike(value: object) -> None:
    """Days and moments are read; a whole number may be written with a fraction."""
    range_ = {"start": value, "end": value}
    documents = [
        {"id": "a", "sex": {"id": "NCIT:C1"}, "diseases": [disease]}
        for disease in (
            {"diseaseCode": {"id": "MONDO:1"}, "ageOfOnset": range_},
            {"diseaseCode": {"id": "MONDO:1"}, "ageOfOnset": {"weeks": value}},
        )
    ]
    documents += [
        {
            "id": "a",
            "sex": {"id": "NCIT:C1"},
            "interventionsOrProcedures": [
                {"procedureCode": {"id": "OBI:1"}, "dateOfProcedure": value}
            ],
        }
    ]
    judge = schemas.validator("individual")

    assert [judge.is_valid(one) for one in documents] == [
        is_right("individual", one) for one in documents
    ]
