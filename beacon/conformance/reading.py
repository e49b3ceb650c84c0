"""What a foreign document says, read without trusting any of it.

Every function takes whatever JSON came and gives a value of the kind asked for,
or nothing: a wrong type is never an exception here.  That it is wrong is for
the schemas to say.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

Json: TypeAlias = object
Step: TypeAlias = str | int

DEEPEST = 64
"""Levels of nesting; no Beacon document comes near, and readers recurse."""

MOST_VALUES = 3_000_000
"""Values of a document, a little more than less; each takes memory."""

_MARKS = (b",", b"[", b"{")
_LONGEST_SHOWN = 120
_VERSION = re.compile(r"v?(\d{1,3})\.(\d{1,3})(?:\.\d{1,6})?(?:[-+].*)?", re.ASCII)


def parsed(body: bytes) -> tuple[Json, str | None]:
    """Return the document in a body, and why there is none."""
    if sum(map(body.count, _MARKS)) > MOST_VALUES:
        return None, "it has more values than are read"
    try:
        document = json.loads(body, parse_constant=_refused)
    except RecursionError:
        return None, "it is nested too deeply"
    except ValueError as failure:
        return None, f"it is not JSON ({shown(str(failure), 80)})"
    if b"\\ud" in body.lower() and not _is_whole(document):
        return None, "it holds half a character (a lone surrogate)"
    if _is_deep(document):
        return None, "it is nested too deeply"
    return document, None


def _refused(word: str) -> Json:
    message = f"{word} is no JSON number"
    raise ValueError(message)


def _is_whole(document: Json) -> bool:
    """Whether every character of every text can be written."""
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_deep(document: Json) -> bool:
    level = [document]
    for _ in range(DEEPEST):
        level = [child for value in level for child in children(value)]
        if not level:
            return False
    return True


def children(value: Json) -> list[Json]:
    """Return what a value holds."""
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def at(document: Json, *steps: Step) -> Json:
    """Return what stands at a place, or None."""
    for step in steps:
        if isinstance(step, str):
            document = document.get(step) if isinstance(document, dict) else None
        elif isinstance(document, list) and step < len(document):
            document = document[step]
        else:
            return None
    return document


def text_at(document: Json, *steps: Step) -> str | None:
    """Return the text at a place."""
    found = at(document, *steps)
    return found if isinstance(found, str) else None


def int_at(document: Json, *steps: Step) -> int | None:
    """Return the whole number at a place; true and false are none."""
    found = at(document, *steps)
    if isinstance(found, bool):
        return None
    if isinstance(found, float) and found.is_integer():
        return int(found)
    return found if isinstance(found, int) else None


def number_at(document: Json, *steps: Step) -> float | None:
    """Return the number at a place."""
    found = at(document, *steps)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return None
    return float(found) if abs(found) < 1e300 else None


def bool_at(document: Json, *steps: Step) -> bool | None:
    """Return the truth value at a place."""
    found = at(document, *steps)
    return found if isinstance(found, bool) else None


def list_at(document: Json, *steps: Step) -> list[Json]:
    """Return the list at a place, empty where there is none."""
    found = at(document, *steps)
    return found if isinstance(found, list) else []


def dict_at(document: Json, *steps: Step) -> dict[str, Json]:
    """Return the object at a place, empty where there is none."""
    found = at(document, *steps)
    return found if isinstance(found, dict) else {}


def texts_at(document: Json, *steps: Step) -> list[str]:
    """Return the texts in the list at a place."""
    return [each for each in list_at(document, *steps) if isinstance(each, str)]


def nulls(document: Json, place: str = "") -> Iterator[str]:
    """Yield where a null stands, indices left out; ``info`` is free."""
    if isinstance(document, dict):
        for name, value in document.items():
            if name == "info":
                continue
            if value is None:
                yield f"{place}/{name}"
            yield from nulls(value, f"{place}/{name}")
    elif isinstance(document, list):
        for value in document:
            yield from nulls(value, f"{place}/*")


def shown(value: Json, longest: int = _LONGEST_SHOWN) -> str:
    """Return a foreign value as it may be printed: one line, short, harmless."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    text = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def version_of(text: str | None) -> tuple[int, int] | None:
    """Return major and minor of a version, e.g. of ``v2.1.1``."""
    found = _VERSION.fullmatch(text or "")
    return (int(found[1]), int(found[2])) if found else None
