"""What a schema demands, apart from how it is written.

A shape is a schema with every reference filled in, prose left out and lists
without order sorted: two schemas of one shape judge every document alike.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin

from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROSE = {
    *("$schema", "$id", "$comment", "$comments", "$defs", "definitions"),
    *("title", "description", "default", "example", "examples"),
    *("deprecated", "discriminator", "maturity", "ordered", "version"),
}
_EMPTY = {
    "additionalProperties": True,
    "properties": {},
    "required": [],
    "minItems": 0,
    "minProperties": 0,
}
"""Keywords with values that demand nothing."""
EVERY = object()
"""Instead of a value: whatever a schema names."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shapes:
    """The shapes of schemas that refer to each other by their addresses."""

    documents: Mapping[str, object]

    def at(self, address: str, base: str = "") -> dict:
        """Return the shape of the schema at an address."""
        target = urljoin(base, address)
        return self.of(self.written(target), urldefrag(target)[0])

    def written(self, address: str) -> dict:
        """Return the schema at an address as it is."""
        home, fragment = urldefrag(address)
        node = self.documents[home]
        for step in fragment.split("/")[1:]:
            node = node[int(step) if isinstance(node, list) else step]
        return node

    def of(self, schema: dict, home: str = "") -> dict:
        """Return the shape of a schema that stands in a document."""
        own = {
            key: self._value(key, value, home)
            for key, value in schema.items()
            if key not in PROSE and key not in ("$ref", "allOf")
        }
        parts = [self.of(each, home) for each in schema.get("allOf", ())]
        if "$ref" in schema:
            parts.append(self.at(schema["$ref"], home))
        whole: dict = {}
        for part in (own, *parts):
            _join(whole, part)
        return _lean(whole)

    def _value(self, key: str, value: object, home: str) -> object:
        match key:
            case "properties":
                return {name: self.of(each, home) for name, each in value.items()}
            case "items" | "contains" | "additionalProperties" if value is not True:
                return value if value is False else self.of(value, home)
            case "oneOf" | "anyOf":
                return sorted((self.of(each, home) for each in value), key=_text)
            case "required" | "enum":
                return sorted(value)
            case _:
                return value


def members(shapes: Shapes, address: str, value: object = EVERY) -> set[str]:
    """Return where schemas name the members of a value, or every member they name.

    A piece that several schemas refer to is one place.
    """
    seen: set[str] = set()
    todo = [(f"{address}#", shapes.written(address), value)]
    while todo:
        place, schema, each = todo.pop()
        if each is not EVERY or place not in seen:
            seen.add(place)
            for steps in (_referred, _named, _contained, _chosen):
                todo += steps(shapes, place, schema, each)
    return {place for place in seen if place.split("/")[-2:-1] == ["properties"]}


_Steps = "Iterator[tuple[str, dict, object]]"


def _referred(shapes: Shapes, place: str, schema: dict, value: object) -> _Steps:
    if "$ref" in schema:
        target = urljoin(urldefrag(place)[0], schema["$ref"])
        yield target, shapes.written(target), value


def _named(shapes: Shapes, place: str, schema: dict, value: object) -> _Steps:
    for name, each in schema.get("properties", {}).items():
        if value is EVERY:
            yield f"{place}/properties/{name}", each, EVERY
        elif isinstance(value, dict) and name in value:
            yield f"{place}/properties/{name}", each, value[name]


def _contained(shapes: Shapes, place: str, schema: dict, value: object) -> _Steps:
    entries, others = schema.get("items"), schema.get("additionalProperties")
    if isinstance(entries, dict):
        below = value if isinstance(value, list) else []
        for each in [EVERY] if value is EVERY else below:
            yield f"{place}/items", entries, each
    if isinstance(others, dict):
        below = value if isinstance(value, dict) else {}
        unnamed = [v for k, v in below.items() if k not in schema.get("properties", ())]
        for each in [EVERY] if value is EVERY else unnamed:
            yield f"{place}/additionalProperties", others, each


def _chosen(shapes: Shapes, place: str, schema: dict, value: object) -> _Steps:
    for key in ("oneOf", "anyOf", "allOf"):
        for number, each in enumerate(schema.get(key, ())):
            form = f"{place}/{key}/{number}"
            if value is EVERY or _validator(shapes, form).is_valid(value):
                yield form, each, value


@cache
def _validator(shapes: Shapes, address: str) -> Draft202012Validator:
    return Draft202012Validator(shapes.at(address))


def _join(whole: dict, part: dict) -> None:
    for key, value in part.items():
        if key == "properties":
            whole[key] = {**whole.get(key, {}), **value}
        elif key == "required":
            whole[key] = sorted({*whole.get(key, ()), *value})
        else:
            assert whole.setdefault(key, value) == value, f"two demands on {key}"


def _lean(shape: dict) -> dict:
    """Leave out what demands nothing, and forms no value of its type can have."""
    kept = {key: v for key, v in shape.items() if (key, v) not in _EMPTY.items()}
    kind = kept.get("type")
    if "oneOf" in kept and kind is not None:
        kept["oneOf"] = [
            form for form in kept["oneOf"] if form.get("type", kind) == kind
        ]
    return kept


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def differences(ours: object, theirs: object, place: str = "") -> Iterator[str]:
    """Yield where two shapes part, as ``place: ours, theirs``."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs}):
            yield from differences(ours.get(key), theirs.get(key), f"{place}/{key}")
    elif ours != theirs:
        yield f"{place}: {_text(ours)}, {_text(theirs)}"
