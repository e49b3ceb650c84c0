"""Documents made from our schemas, and spoiled, are judged as others judge them."""

from __future__ import annotations

import copy
import json
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import schemas
from tests.schemas.judges import KINDS, judge, our_shape
from tests.schemas.mutations import DELETED, VALUES, at, places

CASES = [
    (kind, name)
    for kind in KINDS
    for name in ("2.2.0", "packages")
    # Variations are of VRS 1.2 in the packages, of 1.3 here.
    if (kind, name) != ("genomicVariant", "packages")
]
MOST_EXTRAS = 3
"""Members that need not be there, of one object."""
_TEXTS = st.sampled_from(["", "x", "P32Y", "HP:0001250", "2021-04-23", "é/~"])
_MATCHING = {
    r"^\w[^:]+:.+$": ["HP:0001250", "ab:c", "é1:x:y"],
    r"^\w[^:]*:.+$": ["a:b", "refseq:NC_000017.11"],
    r"^(clinvar:)?\d+$": ["9325", "clinvar:1"],
    r"^([ACGTUNRYSWKMBDHV\-\.]*)$": ["", "ACGT", "-"],
    r"^[A-Z*\-]*$": ["", "ACGT*"],
    r"^cen|[pq](ter|([1-9][0-9]*(\.[1-9][0-9]*)?))$": ["cen", "qter", "p12.3"],
}
"""Texts that keep to the patterns of our schemas."""


@cache
def kept(text: str) -> st.SearchStrategy:
    """Return documents that keep to a shape, given as JSON."""
    shape = json.loads(text)
    for key in ("oneOf", "anyOf"):
        if key in shape:
            return st.one_of([_of(form) for form in shape[key]])
    if "const" in shape:
        return st.just(shape["const"])
    if "enum" in shape:
        return st.sampled_from(shape["enum"])
    if "properties" in shape or shape.get("type") == "object":
        return _objects(shape)
    return _values(shape)


def _of(shape: dict) -> st.SearchStrategy:
    return kept(json.dumps(shape, sort_keys=True))


def _values(shape: dict) -> st.SearchStrategy:
    kinds = shape.get("type", "string")
    match kinds[0] if isinstance(kinds, list) else kinds:
        case "array":
            least = shape.get("minItems", 0)
            entries = _of(shape.get("items", {"type": "string"}))
            return st.lists(entries, min_size=least, max_size=least + 1)
        case "integer":
            return st.integers(shape.get("minimum", -1), 300)
        case "number":
            return st.integers(-1, 9) | st.just(0.5)
        case "boolean":
            return st.booleans()
        case _:
            return (
                st.sampled_from(_MATCHING[p]) if (p := shape.get("pattern")) else _TEXTS
            )


@st.composite
def _objects(draw: st.DrawFn, shape: dict) -> dict:
    known = shape.get("properties", {})
    needed = shape.get("required", [])
    others = sorted(set(known) - set(needed))
    chosen = draw(
        st.lists(st.sampled_from(others), max_size=MOST_EXTRAS, unique=True)
        if others
        else st.just([])
    )
    made = {name: draw(_of(known[name])) for name in (*needed, *chosen)}
    free = shape.get("additionalProperties")
    least = shape.get("minProperties", 0)
    if isinstance(free, dict) or least > len(made):
        made["any"] = draw(_of(free or {"type": "string"}))
    return made


@st.composite
def spoiled(draw: st.DrawFn, shape: dict) -> object:
    """Draw a document of a shape, with nothing, one or two members changed."""
    document = copy.deepcopy(draw(_of(shape)))
    for _ in range(draw(st.integers(0, 2))):
        path = draw(st.sampled_from(list(places(document))))
        if not path:
            continue
        node, key = at(document, path[:-1]), path[-1]
        value = draw(_replacements(document))
        if value is DELETED:
            del node[key]
        else:
            node[key] = copy.deepcopy(value)
    return document


def _replacements(document: object) -> st.SearchStrategy:
    """Return what may be put anywhere: nonsense, or what stands elsewhere."""
    elsewhere = [at(document, path) for path in places(document)]
    return st.sampled_from([DELETED, *VALUES]) | st.sampled_from(elsewhere)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_documents_of_our_shape_are_judged_alike(kind, name):
    """Whole, or with members changed, taken from elsewhere or away."""
    ours, theirs = schemas.validator(kind, formats=False), judge(name).validator(kind)

    @settings(
        max_examples=50,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(spoiled(our_shape(kind)))
    def check(document):
        if kind == "entryTypes" and not _has_object(document):
            return  # what the official schema of /entry_types forgets to ask for

        assert ours.is_valid(document) == theirs.is_valid(document)

    check()


def _has_object(document: dict) -> bool:
    response = document.get("response")
    types = response.get("entryTypes", {}) if isinstance(response, dict) else {}
    return isinstance(types, dict)
