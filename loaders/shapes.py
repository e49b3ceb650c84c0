"""What the schemas say of each member of a record: its kind, and what is below it.

Tables and files made from tables lose kinds: an array of one looks like its
element, a number like a text.  The schema knows; nothing here guesses.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, cast
from urllib.parse import urljoin

import schemas

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from beacon.model.records import Json

_BASE = "https://schemas.invalid/"
_CHOICES = ("allOf", "anyOf", "oneOf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A member as its schema describes it, all its alternatives together.

    Attributes:
        kinds: JSON Schema's names of the kinds it may have; empty: any.
        members: of an object, what is below it.
        item: of an array, what its elements are.
        is_object: whether it is an object and nothing else; so for the others.
        is_term: whether it may be a term of an ontology.
        is_time: whether it may be an age or another time of life.
    """

    kinds: frozenset[str] = frozenset()
    members: Mapping[str, Shape] = field(default_factory=dict)
    item: Shape | None = None
    is_array: bool = field(init=False)
    is_object: bool = field(init=False)
    is_number: bool = field(init=False)
    is_whole: bool = field(init=False)
    is_claim: bool = field(init=False)
    is_term: bool = field(init=False)
    is_time: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_number", _is_among(self, "number", "integer"))
        object.__setattr__(self, "is_whole", _is_among(self, "integer"))
        object.__setattr__(self, "is_claim", _is_among(self, "boolean"))
        is_object = _is_among(self, "object") or (not self.kinds and bool(self.members))
        object.__setattr__(self, "is_object", is_object)
        has_term = is_object and {"id", "label"} <= set(self.members)
        object.__setattr__(self, "is_term", has_term)
        is_time = is_object and "iso8601duration" in self.members
        object.__setattr__(self, "is_time", is_time)
        is_array = self.item is not None and "object" not in self.kinds
        object.__setattr__(self, "is_array", is_array)

    def below(self, name: str) -> Shape:
        """Return the shape of a member; one of any kind where none is known."""
        return self.members.get(name, ANYTHING)


def _is_among(shape: Shape, *kinds: str) -> bool:
    return bool(shape.kinds) and shape.kinds <= set(kinds)


ANYTHING = Shape()


@cache
def shape_of(entry_type: str) -> Shape:
    """Return the shape of an entry type's records.

    Args:
        entry_type: its id, as the schema's file is named.

    Raises:
        KeyError: there is no schema of that name.
    """
    address = f"{_BASE}entities/{entry_type}.json"
    if address not in _documents():
        raise KeyError(entry_type)
    return _shape(address, _documents()[address], ())


@cache
def _documents() -> dict[str, Json]:
    found: dict[str, Json] = {}
    for folder in schemas.FOLDERS:
        for path in (files(schemas) / folder).iterdir():
            if path.name.endswith(".json"):
                address = f"{_BASE}{folder}/{path.name}"
                found[address] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _shape(base: str, schema: object, above: tuple[str, ...]) -> Shape:
    """Return what a schema says, with all it refers to; a loop ends in anything."""
    kinds: set[str] = set()
    members: dict[str, list[Shape]] = {}
    items: list[Shape] = []
    for where, part, path in _parts(base, schema, above):
        kinds.update(_kinds(part))
        for name, below in _below(part, "properties").items():
            members.setdefault(name, []).append(_shape(where, below, path))
        if "items" in part:
            items.append(_shape(where, part["items"], path))
    return Shape(
        kinds=frozenset(kinds),
        members={name: _together(found) for name, found in members.items()},
        item=_together(items) if items else None,
    )


def _parts(
    base: str, schema: object, above: tuple[str, ...]
) -> Iterator[tuple[str, Json, tuple[str, ...]]]:
    """Yield a schema and its alternatives, each with the address it stands at."""
    if not isinstance(schema, dict):
        return
    yield base, schema, above
    if "$ref" in schema:
        address = urljoin(base, str(schema["$ref"]))
        if address not in above:
            yield from _parts(address, _at(address), (*above, address))
    for word in _CHOICES:
        for part in cast("list[object]", schema.get(word, [])):
            yield from _parts(base, part, above)


def _at(address: str) -> object:
    """Return what stands at an address: a file, or a place in one."""
    name, _, pointer = address.partition("#")
    found: object = _documents().get(name, {})
    for step in filter(None, pointer.split("/")):
        found = found.get(step, {}) if isinstance(found, dict) else {}
    return found


def _kinds(schema: Json) -> set[str]:
    told = schema.get("type")
    if told is None:
        values = [schema["const"]] if "const" in schema else schema.get("enum")
        is_text = isinstance(values, list) and all(isinstance(v, str) for v in values)
        return {"string"} if is_text else set()
    return {told} if isinstance(told, str) else set(cast("list[str]", told))


def _below(schema: Json, word: str) -> Json:
    found = schema.get(word)
    return found if isinstance(found, dict) else {}


def _together(shapes: list[Shape]) -> Shape:
    """Return one shape that stands for all of these."""
    if len(shapes) == 1:
        return shapes[0]
    members: dict[str, list[Shape]] = {}
    for shape in shapes:
        for name, below in shape.members.items():
            members.setdefault(name, []).append(below)
    items = [shape.item for shape in shapes if shape.item is not None]
    return Shape(
        kinds=frozenset().union(*(shape.kinds for shape in shapes)),
        members={name: _together(found) for name, found in members.items()},
        item=_together(items) if items else None,
    )
