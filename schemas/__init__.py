"""The contract on the wire, as JSON Schema 2020-12, in our own words.

``framework/`` holds the envelopes, ``entities/`` the records.  All references
resolve among these files; nothing is ever fetched.  Responses are checked
against them in tests and by ``beacon check``, not while a request waits.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from jsonschema import (  # type: ignore[import-untyped] # it ships no types
    Draft202012Validator,
    FormatChecker,
)
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

    from referencing.jsonschema import Schema, SchemaRegistry

FOLDERS = ("framework", "entities")


class Violation(Protocol):
    """One way in which a document breaks its schema."""

    @property
    def message(self) -> str:
        """What is wrong."""

    @property
    def json_path(self) -> str:
        """Where it is, as a JSON path."""


class Validator(Protocol):
    """What checks documents of one kind."""

    def is_valid(self, instance: object) -> bool:
        """Whether a document keeps to the schema."""

    def iter_errors(self, instance: object) -> Iterator[Violation]:
        """Yield every way in which a document breaks the schema."""


@cache
def _schemas() -> dict[str, Schema]:
    """Return every schema by the name of its file."""
    return {
        path.name.removesuffix(".json"): json.loads(path.read_text(encoding="utf-8"))
        for folder in FOLDERS
        for path in _schema_files(files(__name__) / folder)
    }


def _schema_files(folder: Traversable) -> list[Traversable]:
    found = [path for path in folder.iterdir() if path.name.endswith(".json")]
    return sorted(found, key=lambda path: path.name)


@cache
def _registry() -> SchemaRegistry:
    resources = [
        Resource.from_contents(schema, default_specification=DRAFT202012)
        for schema in _schemas().values()
    ]
    registry: SchemaRegistry = Registry()
    return resources @ registry


def names() -> list[str]:
    """Return the names of all schemas."""
    return sorted(_schemas())


def documents() -> Mapping[str, Schema]:
    """Return every schema by its name, as its file holds it."""
    return MappingProxyType(_schemas())


@cache
def validator(name: str) -> Validator:
    """Return what checks documents of one kind.

    Args:
        name: a file's name without its ending, e.g. ``resultsets``, ``dataset``.

    Raises:
        KeyError: when there is no such schema.
    """
    made: Validator = Draft202012Validator(
        _schemas()[name], registry=_registry(), format_checker=FormatChecker()
    )
    return made
