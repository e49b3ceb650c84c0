"""JSON as strangers send it: read once, whole, and only if it is plain JSON.

What a lenient reader would decide silently (a key given twice, NaN, a lone
surrogate, nesting without end) is refused here with a sentence, so that nothing
later can understand the same bytes differently.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

from beacon.model.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

_DEEPEST = 32
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_json(text: bytes | str) -> object:
    """Return the value of one JSON text.

    Raises:
        InvalidRequest: when it is not JSON, or JSON that can be read two ways.
    """
    try:
        decoded = text if isinstance(text, str) else text.decode("utf-8-sig")
        value: object = _DECODER.decode(decoded)
    except UnicodeDecodeError as failure:
        message = "The request body is not UTF-8 text."
        raise InvalidRequest(message) from failure
    except json.JSONDecodeError as failure:
        message = (
            f"The request is not valid JSON: {failure.msg} "
            f"(line {failure.lineno}, column {failure.colno})."
        )
        raise InvalidRequest(message) from failure
    except RecursionError as failure:
        raise _too_deep() from failure
    except ValueError as failure:  # an integer of thousands of digits
        message = "The request holds a number too large to be read."
        raise InvalidRequest(message) from failure
    if decoded.count("{") + decoded.count("[") > _DEEPEST:
        check_depth(value)
    if _ESCAPED_SURROGATE.search(decoded):
        _check_text(value)
    return value


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = f"The key {shown(_twice(pairs))} is given twice in one JSON object."
        raise InvalidRequest(message)
    return found


def _twice(pairs: list[tuple[str, object]]) -> str | None:
    """Return the first name that comes a second time, in one pass."""
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return name
        seen.add(name)
    return None


def _constant(name: str) -> object:
    message = f"{name} is not a JSON number."
    raise InvalidRequest(message)


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        message = f"{shown(digits)} is too large a number."
        raise InvalidRequest(message)
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_float=_number
)


def _too_deep() -> InvalidRequest:
    return InvalidRequest(f"The JSON is nested deeper than {_DEEPEST} levels.")


def check_depth(value: object) -> None:
    """Refuse nesting without end, level by level: millions of values are few steps.

    Raises:
        InvalidRequest: when it is nested deeper than is read.
    """
    level: list[Iterable[object]] = [_inner(value)]
    for _ in range(_DEEPEST):
        level = [
            each.values() if type(each) is dict else each
            for outer in level
            for each in outer
            if type(each) is dict or type(each) is list
        ]
        if not level:
            return
    raise _too_deep()


def _inner(value: object) -> Iterable[object]:
    match value:
        case list():
            return value
        case dict():
            return value.values()
    return ()


def _check_text(value: object) -> None:
    """Refuse text that no answer could repeat; only an escape can have made it."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as failure:
        message = "The JSON holds half of a Unicode surrogate pair."
        raise InvalidRequest(message) from failure


def shown(value: object) -> str:
    """Return a value as a sentence may quote it: short, and on one line."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = text.encode(errors="backslashreplace").decode()
    return text if len(text) <= 80 else f"{text[:77]}…"
