"""The OpenAPI document: valid, whole, and made of our own schemas."""

from __future__ import annotations

import json
import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from beacon.model.entry_types import DOCUMENTED, ENTRY_TYPES
from beacon.wire.components import components
from beacon.wire.endpoints import RECORDS, VARIANTS, endpoints
from beacon.wire.filters import MOST_FILTERS
from beacon.wire.openapi import openapi
from beacon.wire.parameters import CommonBody, VariantBody
from schemas import names
from tests.speaking import SPEAKER


def test_it_is_valid_openapi():
    """As a validator of the specification judges."""
    document = json.loads(json.dumps(openapi(SPEAKER)))

    assert [str(e) for e in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_reference_leads_to_a_component():
    """None leads to a file, or nowhere."""
    document = json.loads(json.dumps(openapi(SPEAKER)))
    led = set(re.findall(r'"\$ref": "#/components/([^"]+)"', json.dumps(document)))
    found = {path for path in led if _at(document["components"], path) is not None}

    assert found == led


def _at(node: dict, path: str) -> object:
    for part in path.split("/"):
        node = node.get(part, {})
    return node or None


def test_who_asks_is_asked_everywhere_but_for_health():
    """A token is taken on every path, and may be refused there; nobody needs one."""
    document = openapi(SPEAKER)
    asked = {
        path
        for path, operations in document["paths"].items()
        for each in operations.values()
        if isinstance(each, dict) and "401" in each["responses"]
    }

    assert document["security"] == [{}, {"bearer": []}]
    assert document["paths"].keys() - asked == {"/healthz", "/readyz"}
    assert document["paths"]["/healthz"]["get"]["security"] == []


def test_every_schema_of_ours_is_embedded():
    """With no address that a reader would have to fetch."""
    assert set(names()) <= components().keys()
    assert "nordic-beacon.invalid" not in json.dumps(openapi(SPEAKER))


@pytest.mark.parametrize("body", [CommonBody, VariantBody])
def test_every_parameter_a_request_may_name_is_described(body):
    """With its meaning, its type and an example."""
    told = openapi(SPEAKER)["components"]["parameters"]
    named = [field.alias for field in body.model_fields.values()]

    assert [name for name in named if not told[name]["description"]] == []
    assert [name for name in named if "example" not in told[name]] == []


def test_examples_are_valid_values():
    """A reader may try them as they stand."""
    told = openapi(SPEAKER)["components"]["parameters"]
    common, variant = CommonBody.model_fields, VariantBody.model_fields
    said = {name: told[name]["example"] for name in VARIANTS}

    assert CommonBody.model_validate({f.alias: said[f.alias] for f in common.values()})
    assert VariantBody.model_validate(
        {f.alias: said[f.alias] for f in variant.values()}
    )


def test_operations_have_names_of_their_own():
    """Generated clients are named after them."""
    operations = [
        each["operationId"]
        for path in openapi(SPEAKER)["paths"].values()
        for name, each in path.items()
        if name != "parameters"
    ]

    assert len(set(operations)) == len(operations)


def test_every_entry_type_is_answered_by_its_own_schema():
    """Records are described, not only envelopes."""
    answers = {each.answer for each in endpoints()}

    assert ENTRY_TYPES.keys() <= answers
    assert ENTRY_TYPES.keys() <= components().keys()


def test_nothing_is_announced_that_is_refused_beside_an_id():
    """Of variants, an id says all but the assembly."""
    beside = {
        name
        for each in endpoints()
        if each.path.startswith("/api/g_variants/{id}")
        for name in set(each.asks) - set(RECORDS)
    }

    assert beside == {"assemblyId"}


def test_fields_of_documents_may_be_asked_for_in_a_body():
    """By the id of their entry type, as filters of the field."""
    asked = components()["question"]["properties"]["query"]["properties"]
    parameters = asked["requestParameters"]["properties"]

    assert {*DOCUMENTED} <= parameters.keys()
    assert asked["filters"]["maxItems"] == MOST_FILTERS
