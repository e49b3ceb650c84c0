"""Documents as bytes, and parts of them that are written once and used again.

A part that is written stands in a document as it will stand in the bytes; only
who reads the bytes sees into it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping


def written(document: object) -> bytes:
    """Return a document as bytes; records hold whatever JSON their file held."""
    try:
        return orjson.dumps(document)
    except TypeError:  # an integer beyond 64 bits, or half a surrogate pair
        return json.dumps(document, default=_read_again).encode()


def ready(part: Mapping[str, object]) -> object:
    """Return a part of documents that is written already, where it can be."""
    try:
        return orjson.Fragment(orjson.dumps(part))
    except TypeError:
        return part


def _read_again(part: object) -> object:
    """Return what a part is that was written, for a writer that cannot take it."""
    return orjson.loads(orjson.dumps(part))
