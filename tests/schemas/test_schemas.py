"""Our schemas are sound, complete, and judge as the official ones do."""

from __future__ import annotations

import copy
import json

import pytest
from jsonschema import Draft202012Validator

import schemas
from tests.speaking import SAMPLES, needs_official, official

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
    "resultsets": "resultsets",
    "resultsets-boolean-v2.2": "resultsets",
    "resultsets-count-v2.2": "resultsets",
    "resultsets-miss": "resultsets",
    "service-info": "service-info",
}
ENTITIES = [("resultsets", "genomicVariant"), ("collections", "dataset")]
_DELETED = object()
_MUTATIONS = (_DELETED, None, "x", -1, [1], {"a": 1})

# The official schema of entry types refers to itself in a way that accepts
# anything; ours asks for the object its prose describes.
_STRICTER = {("entry_types", ("response", "entryTypes"))}


def sample(name):
    """Return one valid document."""
    return json.loads((SAMPLES / f"{name}.json").read_text())


def _places(node, path=()):
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from _places(value, (*path, key))


def _mutated(document, path, value):
    changed = copy.deepcopy(document)
    node = changed
    for key in path[:-1]:
        node = node[key]
    if value is _DELETED:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return changed


def _judged_differently(name, document, ours, theirs):
    plain = ours.evolve(format_checker=None)
    return [
        (path, value)
        for path in _places(document)
        if (name, path) not in _STRICTER
        for value in _MUTATIONS
        if plain.is_valid(changed := _mutated(document, path, value))
        != theirs.is_valid(changed)
    ]


@pytest.mark.parametrize("name", schemas.names())
def test_every_schema_is_a_schema(name):
    """It keeps to JSON Schema 2020-12."""
    checked = schemas.validator(name).schema

    Draft202012Validator.check_schema(checked)

    assert checked["title"]


@pytest.mark.parametrize("name", schemas.names())
def test_every_reference_resolves_among_our_files(name):
    """Nothing is ever fetched."""
    found = schemas.validator(name).is_valid({})

    assert found in (True, False)


def test_an_unknown_name_is_no_schema():
    """A misspelled name is an error, not a validator that accepts everything."""
    with pytest.raises(KeyError):
        schemas.validator("resultset")


@needs_official
@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_every_sample_is_accepted(name, kind):
    """Formats included."""
    found = [
        error.message for error in schemas.validator(kind).iter_errors(sample(name))
    ]

    assert found == []


@needs_official
@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_envelopes_are_judged_as_the_official_schemas_judge(name, kind):
    """Every member of every sample, deleted or changed, is judged alike."""
    module = official()
    theirs = module.validator(module.TYPES[kind], module.registry("2.2.0"))
    found = _judged_differently(name, sample(name), schemas.validator(kind), theirs)

    assert found == []


@needs_official
@pytest.mark.parametrize(("name", "entity"), ENTITIES)
def test_records_are_judged_as_the_official_schemas_judge(name, entity):
    """Every member of every record of the samples, deleted or changed."""
    module = official()
    path = f"{module.MODEL}{module.ENTRY_TYPES[entity]}/defaultSchema.json"
    theirs = module.validator(path, module.registry("2.2.0"))
    ours = schemas.validator(entity)
    found = [
        judged
        for _, record in module.records(sample(name))
        for judged in _judged_differently(name, record, ours, theirs)
    ]

    assert found == []
