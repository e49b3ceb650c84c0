"""Our schemas demand what the official ones demand, member by member."""

from __future__ import annotations

import pytest

import schemas
from tests.schemas.judges import KINDS, judge, our_shape, our_shapes, samples
from tests.schemas.shapes import Shapes, differences, members

# The official schema of /entry_types forgets to ask for an object; its prose does.
_OBJECT = {
    "entryTypes": ['/properties/response/properties/entryTypes/type: "object", null']
}
_SET = "/properties/response/properties/resultSets/items"
_COUNTED = (
    'countAdjustedTo: {"items": {"type": ["string", "integer"]}, "type": "array"}, '
    "null",
    'countPrecision: {"enum": ["exact", "imprecise", "rounded"], "type": "string"}, '
    "null",
)
# What v2.2.0 added to v2.1.1, and what it no longer demands.
_SINCE_2_1_1 = {
    **_OBJECT,
    "count": [f"/properties/responseSummary/properties/{line}" for line in _COUNTED],
    "resultsets": [
        *(f"{_SET}/properties/{line}" for line in _COUNTED),
        f'{_SET}/required: ["exists", "id", "setType"], '
        '["exists", "id", "results", "resultsCount", "setType"]',
    ],
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_schema_demands_what_version_2_2_0_demands(kind):
    """The same members, types, required ones, enums and patterns, at every depth."""
    found = list(differences(our_shape(kind), judge("2.2.0").shape(kind)))

    assert _OBJECT.get(kind, []) == found


@pytest.mark.parametrize("kind", KINDS)
def test_the_differences_to_version_2_1_1_are_those_of_version_2_2_0(kind):
    """How counts are taken, and that sets need neither a count nor records."""
    found = list(differences(our_shape(kind), judge("2.1.1").shape(kind)))

    assert _SINCE_2_1_1.get(kind, []) == found


@pytest.mark.parametrize("kind", KINDS)
def test_every_schema_demands_what_the_published_packages_demand(kind):
    """Amended by name; the variation itself is of VRS 1.2 there, of 1.3 here."""
    ours, theirs = our_shape(kind), judge("packages").shape(kind)
    if kind == "genomicVariant":
        ours, theirs = (_without_variation(shape) for shape in (ours, theirs))

    assert _OBJECT.get(kind, []) == list(differences(ours, theirs))


def _without_variation(shape):
    kept = {k: v for k, v in shape["properties"].items() if k != "variation"}
    return {**shape, "properties": kept}


def test_the_samples_have_every_member_that_a_schema_names():
    """So that a test which changes each member of them changes all there are."""
    addresses = {kind: schemas.contents(kind)["$id"] for kind in KINDS}
    named = [members(our_shapes(), address) for address in addresses.values()]
    found = [
        members(our_shapes(), address, each)
        for kind, address in addresses.items()
        for each in samples(kind)
    ]

    assert set().union(*named) - set().union(*found) == set()


def test_shapes_tell_a_changed_demand_apart():
    """A comparison that found nothing would prove nothing."""
    ours = Shapes(documents={}).of({"required": ["a"], "properties": {"a": {}}})
    theirs = Shapes(documents={}).of({"properties": {"a": {"type": "string"}}})

    assert ['/properties/a/type: null, "string"', '/required: ["a"], null'] == list(
        differences(ours, theirs)
    )
