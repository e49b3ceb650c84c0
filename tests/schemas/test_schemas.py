"""Our schemas are sound and complete, and known by their names."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

import schemas
from beacon.model.entry_types import ENTRY_TYPES
from tests.speaking import SAMPLES, needs_official

KINDS = {
    "boolean": "boolean",
    "collections": "collections",
    "configuration": "configuration",
    "count": "count",
    "count-rounded-v2.2": "count",
    "entry_types": "entryTypes",
    "error": "error",
    "filtering_terms": "filteringTerms",
    "info": "info",
    "map": "map",
    "request-g_variants": "request",
    "resultsets": "resultsets",
    "resultsets-boolean-v2.2": "resultsets",
    "resultsets-count-v2.2": "resultsets",
    "resultsets-miss": "resultsets",
    "service-info": "service-info",
}
PARTS = ("common", "parts", "vrs")


def references(node):
    """Yield every reference of a schema."""
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from references(each)


@pytest.mark.parametrize("name", schemas.names())
def test_every_schema_is_a_schema(name):
    """It keeps to JSON Schema 2020-12."""
    checked = schemas.contents(name)

    Draft202012Validator.check_schema(checked)

    assert checked["title"]


@pytest.mark.parametrize("name", schemas.names())
def test_every_reference_stays_among_our_files(name):
    """Nothing is ever fetched."""
    found = references(schemas.contents(name))
    files = {f"{each}.json" for each in schemas.names()}

    assert [] == [
        each
        for each in found
        if (file := each.partition("#")[0].rpartition("/")[2]) and file not in files
    ]


def test_every_entry_type_has_a_schema_of_its_name():
    """A record is checked by the id of its type."""
    assert sorted(ENTRY_TYPES) == sorted(schemas.ENTITIES)


def test_the_files_are_the_envelopes_the_entities_and_their_parts():
    """No schema is forgotten in the lists."""
    whole = (*schemas.ENVELOPES, *schemas.REQUESTS, *schemas.ENTITIES)

    assert sorted((*whole, *PARTS)) == schemas.names()


def test_an_unknown_name_is_no_schema():
    """A misspelled name is an error, not a validator that accepts everything."""
    with pytest.raises(KeyError):
        schemas.validator("resultset")


@needs_official
@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_one_document_of_every_kind_is_accepted(name, kind):
    """As others write them."""
    document = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))

    assert [] == list(schemas.complaints(kind, document))
