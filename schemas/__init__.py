"""The contract on the wire, as JSON Schema 2020-12, in our own words.

``framework/`` holds the envelopes, ``entities/`` the records.  All references
resolve among these files; nothing is ever fetched.  Documents are checked against
them when they are loaded, responses in tests and by ``beacon check``; never while
a request waits.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import urljoin

from jsonschema import (  # type: ignore[import-untyped] # it ships no types
    Draft202012Validator,
)

from schemas.complaints import Complaint, Fault, told
from schemas.formats import checker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

    Schema = dict[str, object]

__all__ = [
    "ENTITIES",
    "ENVELOPES",
    "REQUESTS",
    "Complaint",
    "complaints",
    "contents",
    "names",
    "validator",
]

FOLDERS = ("framework", "entities")
_ASIDE = ("$schema", "$id", "$defs", "$ref", "title", "description")
"""Keywords that demand nothing."""
ENVELOPES = (
    "boolean",
    "collections",
    "configuration",
    "count",
    "entryTypes",
    "error",
    "filteringTerms",
    "info",
    "map",
    "resultsets",
    "service-info",
)
"""The schemas of whole answers."""
REQUESTS = ("request", "variantParameters")
"""The schemas of a question's body, and of its parameters about variants."""
ENTITIES = (
    "analysis",
    "biosample",
    "cohort",
    "dataset",
    "genomicVariant",
    "individual",
    "run",
)
"""The schemas of records, named as their entry types."""


class Validator(Protocol):
    """What checks documents of one kind."""

    def is_valid(self, instance: object) -> bool:
        """Whether a document keeps to the schema."""

    def iter_errors(self, instance: object) -> Iterator[Fault]:
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
def _whole(address: str) -> object:
    """Return the schema at an address with every reference filled in.

    Looking references up again in every record takes two thirds of the time.
    No piece contains itself, so that this ends.
    """
    home, _, pointer = address.partition("#")
    node: object = _by_address()[home]
    for step in pointer.split("/")[1:]:
        node = cast("Schema", node)[step]
    return _filled(node, home)


def _filled(node: object, home: str) -> object:
    if isinstance(node, list):
        return [_filled(each, home) for each in node]
    if not isinstance(node, dict):
        return node
    own: Schema = {}
    for key, value in node.items():
        if key == "properties":
            own[key] = {name: _filled(each, home) for name, each in value.items()}
        elif key not in _ASIDE:
            own[key] = _filled(value, home)
    if "$ref" in node:
        return cast("Schema", _whole(urljoin(home, node["$ref"]))) | own
    return own


@cache
def _by_address() -> dict[str, Schema]:
    return {str(schema["$id"]): schema for schema in _schemas().values()}


def names() -> list[str]:
    """Return the names of all schemas."""
    return sorted(_schemas())


def contents(name: str) -> Schema:
    """Return a schema as it is written; it is not to be changed.

    Raises:
        KeyError: when there is no such schema.
    """
    return _schemas()[name]


@cache
def validator(name: str, *, formats: bool = True) -> Validator:
    """Return what checks documents of one kind.

    Args:
        name: a file's name without its ending, e.g. ``resultsets``, ``individual``.
        formats: whether days, moments and addresses are read, too; JSON Schema
            leaves it to the reader, and the verifiers in use do not.

    Raises:
        KeyError: when there is no such schema.
    """
    made: Validator = Draft202012Validator(
        _whole(str(_schemas()[name]["$id"])),
        format_checker=checker() if formats else None,
    )
    return made


def complaints(
    name: str, document: object, *, formats: bool = True
) -> Iterator[Complaint]:
    """Yield every fault of a document, in a sentence each; none when it is valid.

    Args:
        name: as of ``validator``.
        document: parsed JSON.
        formats: as of ``validator``.

    Raises:
        KeyError: when there is no such schema.
    """
    return told(validator(name, formats=formats).iter_errors(document))
