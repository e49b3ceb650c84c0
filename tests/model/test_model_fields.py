"""Fields answer to their names, and to no others."""

from __future__ import annotations

import pytest

from beacon.model.entry_types import ENTRY_TYPES, GENOMIC_VARIANT
from beacon.model.fields import FIELDS, USUAL_TERMS, is_named

NAMED = (
    ("individual", "diseases.ageOfOnset", "ageOfOnset"),
    ("individual", "diseases.ageOfOnset", "DISEASES.AGEOFONSET"),
    ("individual", "diseases.ageOfOnset", "age"),
    ("individual", "ethnicity", "demographic.ethnicity"),
    ("individual", "ethnicity", "individual.ethnicity"),
    ("individual", "ethnicity", "individuals.ethnicity"),
    ("individual", "info.population", "Population"),
    ("individual", "info.population", "info.population"),
    ("individual", "#loinc:35925-4", "LOINC:35925-4"),
    ("biosample", "collectionMoment", "age"),
)
NOT_NAMED = (
    ("individual", "diseases.ageOfOnset", "Onset"),
    ("individual", "diseases.ageOfOnset", ""),
    ("individual", "ethnicity", "biosample.ethnicity"),
    ("individual", "phenotypicFeatures.resolution", "age"),
    ("individual", "#loinc:35925-4", "35925-4"),
)


@pytest.mark.parametrize(("entry_type", "key", "name"), NAMED)
def test_a_field_answers(entry_type: str, key: str, name: str) -> None:
    """To its path, to the end of it, to an alias; in any case."""
    assert is_named(entry_type, key, name)


@pytest.mark.parametrize(("entry_type", "key", "name"), NOT_NAMED)
def test_a_field_does_not_answer(entry_type: str, key: str, name: str) -> None:
    """To a part of a word, to another type's field, or to nothing."""
    assert not is_named(entry_type, key, name)


def test_every_type_with_documents_has_fields() -> None:
    """All entry types but variants are in the register, and their paths stand once."""
    assert ENTRY_TYPES.keys() - {GENOMIC_VARIANT.id} == FIELDS.keys()
    for rows in FIELDS.values():
        places = [(row.path, row.kind) for row in rows]
        assert len(places) == len(set(places))


def test_usual_terms_stand_in_fields() -> None:
    """A field that is known by its terms is one of the register."""
    known = {(t, row.path) for t, rows in FIELDS.items() for row in rows}

    assert {(t, name) for t, names in USUAL_TERMS.items() for name in names} <= known
