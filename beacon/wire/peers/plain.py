"""Single values of a foreign document: what they are taken for, or nothing.

Text becomes plain (no control or formatting characters, one line, short), a number
is a whole one that JSON holds exactly, a truth is ``true`` or ``false``; whatever
is anything else is absent; only what is no JSON raises.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import orjson

from beacon.model.errors import InvalidRequest
from beacon.wire.reading import check_depth, read_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Members = dict[str, object]


class TooMuch(InvalidRequest):
    """An answer of more values than are read: that may be of the question's asking."""


LONGEST_SENTENCE = 200
LONGEST_NAME = 100
MOST_VALUES = 200_000
"""Of one answer, with all objects and lists; a set of sixty populations has 500."""
_LARGEST = 2**53 - 1
_SIGNS = (b",", b"{", b"[")
_NUMBER = re.compile(r"0*([0-9]+)(?:\.[0-9]*)?", re.ASCII)
_MOST_DIGITS = 16
_DIGITS = re.compile(r"[0-9]{1,16}\Z")


def members(value: object) -> Members:
    """Return a JSON object; empty where it is none."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """Return a JSON list; empty where it is none."""
    return value if isinstance(value, list) else []


def text(value: object, longest: int = LONGEST_SENTENCE) -> str | None:
    """Return a text as it may be shown; ``None`` where nothing of it may.

    Control, formatting and private characters go: they can turn what stands
    beside them.
    """
    if not isinstance(value, str):
        return None
    line = value[: 20 * longest]
    if not (line.isascii() and line.isprintable()):
        line = "".join(_visible(line))
    line = " ".join(line.split())
    if len(line) > longest:
        line = f"{line[: longest - 1]}…"
    return line or None


def _visible(value: str) -> Iterator[str]:
    for sign in value:
        category = unicodedata.category(sign)
        if category[0] == "Z" or sign in "\t\n\r":
            yield " "
        elif category[0] != "C":
            yield sign


def parsed(body: bytes) -> object:
    """Return the JSON value of an answer.

    Raises:
        TooMuch: it holds so many values that everybody would wait for their reading.
        InvalidRequest: it is none, or can be read in two ways.
    """
    if sum(body.count(sign) for sign in _SIGNS) > MOST_VALUES:
        message = f"The answer holds more than {MOST_VALUES:,} values."
        raise TooMuch(message)
    value = _repeated(body)
    if value is None:
        return read_json(body)
    check_depth(value)
    return value


def _repeated(body: bytes) -> object:
    """Return the value of JSON that is written anew as the very same bytes; or none.

    What comes back whole holds no key twice, no NaN, no number that is not what it
    was and nothing that two readers read in two ways.  Beacons like this one, and
    all who write without blanks, send such JSON; whatever else is JSON is read the
    slower way, which says what is wrong with it.
    """
    try:
        value: object = orjson.loads(body)
        return value if orjson.dumps(value) == body else None
    except (ValueError, TypeError):
        return None


def name(value: object) -> str | None:
    """Return an id or a name."""
    return text(value, LONGEST_NAME)


def whole(value: object) -> int | None:
    """Return a number from 0 on; a truth is none, nor is a text or a fraction."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= _LARGEST else None


def tells_some(value: object) -> bool:
    """Whether a number of results, however it is written, is another than none.

    ``"3"``, 3.0 and ``"<5"`` are no numbers that are counted with, and no zero.
    """
    if isinstance(value, str):
        return any(sign.isdigit() and sign != "0" for sign in value)
    return bool(value)


def tells_more(value: object, than: int) -> bool:
    """Whether a number of results, however it is written, is larger than another."""
    if isinstance(value, str):
        found = _NUMBER.fullmatch(value.strip())
        if found is None:
            return False
        return len(found[1]) > _MOST_DIGITS or int(found[1]) > than
    return isinstance(value, (int, float)) and value > than


def place(value: object) -> int | None:
    """Return a coordinate: a number, one in digits, or VRS's ``{"value": …}``."""
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, str) and _DIGITS.match(value.strip()):
        value = int(value)
    return whole(value)


def truth(value: object) -> bool | None:
    """Return ``true`` or ``false``; ``None``, 0 and texts are neither."""
    return value if isinstance(value, bool) else None


def word(value: object) -> str:
    """Return a text in lower case without blanks around it; empty: none."""
    return value.strip().lower() if isinstance(value, str) else ""


def one_sentence(parts: Iterable[str | None]) -> str:
    """Return what is said of a failure: ours first, then what the peer says."""
    said = ": ".join(part for part in parts if part)
    return text(said) or "It gave no answer."
