"""A quick verdict on documents: the same as the validator's, without its reasons.

Millions of documents are right; only of those that are not must be said what is
wrong.  A schema is turned into functions once.  One that uses a word that is not
understood here is left to the validator, so that no verdict can differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import cast

from schemas import filled, validator
from schemas.formats import is_address, is_day, is_moment, is_template

Test = Callable[[object], bool]
_Rule = Mapping[str, object]
Json = dict[str, object]

_PROSE = {
    *("$schema", "$id", "$defs", "$comment", "title", "description", "default"),
    "examples",
}
_FORMATS: Mapping[str, Test] = {
    "date": is_day,
    "date-time": is_moment,
    "uri": is_address,
    "uri-template": is_template,
}
_KINDS: Mapping[str, Test] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool)
    ),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool))
        or (isinstance(value, float) and value.is_integer())
    ),
}


class _Unread(Exception):
    """A schema uses a word that is not understood here."""


def is_right(name: str, document: object) -> bool:
    """Whether a document keeps to a schema, formats included.

    Args:
        name: of the schema, e.g. ``individual``.
        document: parsed JSON.

    Raises:
        KeyError: when there is no such schema.
    """
    return _test(name)(document)


@cache
def _test(name: str) -> Test:
    try:
        return _made(filled(name))
    except _Unread:
        return validator(name).is_valid


def _made(schema: object) -> Test:
    """Return the test that a schema is."""
    if isinstance(schema, bool):
        return lambda _: schema
    rule = cast("_Rule", schema)
    tests = [test for word in rule for test in _of(word, rule)]
    if len(tests) == 1:
        return tests[0]
    first = tuple(tests)

    def every(value: object) -> bool:
        for test in first:  # noqa: SIM110 - all() makes a generator for each value
            if not test(value):
                return False
        return True

    return every


def _of(word: str, rule: _Rule) -> Iterator[Test]:
    """Yield what one word of a schema demands."""
    if word in _PROSE:
        return
    if word == "additionalProperties":
        yield _others(rule[word], rule.get("properties"))
        return
    make = _MAKERS.get(word)
    if make is None:
        raise _Unread(word)
    yield make(rule[word])


def _others(wanted: object, properties: object) -> Test:
    """Return what is demanded of members that the schema does not name."""
    other = _made(wanted)
    named = frozenset(cast("Mapping[str, object]", properties or {}))

    def test(value: object) -> bool:
        if not isinstance(value, dict):
            return True
        return all(other(value[name]) for name in value.keys() - named)

    return test


def _type(wanted: object) -> Test:
    if isinstance(wanted, str):
        return _KINDS[wanted]
    kinds = [_KINDS[kind] for kind in cast("list[str]", wanted)]
    return lambda value: any(kind(value) for kind in kinds)


def _properties(wanted: object) -> Test:
    members = {k: _made(v) for k, v in cast("Mapping[str, object]", wanted).items()}

    def test(value: object) -> bool:
        if not isinstance(value, dict):
            return True
        for name, member in value.items():
            below = members.get(name)
            if below is not None and not below(member):
                return False
        return True

    return test


def _required(wanted: object) -> Test:
    names = frozenset(cast("list[str]", wanted))
    return lambda value: not isinstance(value, dict) or names <= value.keys()


def _items(wanted: object) -> Test:
    item = _made(wanted)
    return lambda value: not isinstance(value, list) or all(map(item, value))


def _enum(wanted: object) -> Test:
    words = cast("list[object]", wanted)
    if not all(isinstance(word, str) for word in words):
        raise _Unread(str(words))
    known = frozenset(words)
    return lambda value: isinstance(value, str) and value in known


def _pattern(wanted: object) -> Test:
    search = re.compile(str(wanted)).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _format(wanted: object) -> Test:
    test = _FORMATS.get(str(wanted))
    if test is None:
        return lambda _: True

    def judged(value: object) -> bool:
        try:
            return test(value)
        except ValueError:
            return False

    return judged


def _minimum(wanted: object) -> Test:
    is_number, least = _KINDS["number"], cast("float", wanted)
    return lambda value: not is_number(value) or cast("float", value) >= least


def _least(kind: type[list[object]] | type[Json]) -> Callable[[object], Test]:
    def make(wanted: object) -> Test:
        least = cast("int", wanted)
        return lambda value: not isinstance(value, kind) or len(value) >= least

    return make


def _all_of(wanted: object) -> Test:
    tests = [_made(schema) for schema in cast("list[object]", wanted)]
    return lambda value: all(test(value) for test in tests)


def _any_of(wanted: object) -> Test:
    tests = [_made(schema) for schema in cast("list[object]", wanted)]
    return lambda value: any(test(value) for test in tests)


def _one_of(wanted: object) -> Test:
    tests = [_made(schema) for schema in cast("list[object]", wanted)]
    return lambda value: sum(test(value) for test in tests) == 1


_MAKERS: Mapping[str, Callable[[object], Test]] = {
    "type": _type,
    "properties": _properties,
    "required": _required,
    "items": _items,
    "enum": _enum,
    "pattern": _pattern,
    "format": _format,
    "minimum": _minimum,
    "minItems": _least(list),
    "minProperties": _least(dict),
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
}
