"""Texts of a given form: days, moments, addresses.

JSON Schema leaves formats to the reader.  Here the standard library alone reads
them, so that a verdict never depends on what else is installed.  ``datetime``,
written in the standard's cohorts, is no format of JSON Schema and is not read.
"""

from __future__ import annotations

import re
from datetime import date, datetime

from jsonschema import (  # type: ignore[import-untyped] # it ships no types
    FormatChecker,
)

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`]+")
_TEMPLATE = re.compile(r"([^\s<>\"{}|\\^`]|\{[^\s{}]+\})*")


def is_day(text: object) -> bool:
    """Whether a text is a day, ``2021-04-23``; what is no text passes.

    Raises:
        ValueError: when there is no such day.
    """
    if not isinstance(text, str):
        return True
    return _DAY.fullmatch(text) is not None and bool(date.fromisoformat(text))


def is_moment(text: object) -> bool:
    """Whether a text is a moment with its offset (RFC 3339, section 5.6).

    Raises:
        ValueError: when there is no such moment.
    """
    if not isinstance(text, str):
        return True
    found = _MOMENT.fullmatch(text)
    if found is None:
        return False
    day, time, _, offset = found.groups()
    # A leap second is a moment, though the standard library knows none.
    time = f"{time[:6]}59" if time.endswith(":60") else time
    return bool(datetime.fromisoformat(f"{day}T{time}{offset.upper()}"))


def is_address(text: object) -> bool:
    """Whether a text is an absolute address (RFC 3986, section 4.3)."""
    return not isinstance(text, str) or _ADDRESS.fullmatch(text) is not None


def is_template(text: object) -> bool:
    """Whether a text is an address with places to fill in (RFC 6570)."""
    return not isinstance(text, str) or _TEMPLATE.fullmatch(text) is not None


def checker() -> FormatChecker:
    """Return what reads the formats of our schemas, and no other."""
    made = FormatChecker(formats=())
    made.checks("date", raises=ValueError)(is_day)
    made.checks("date-time", raises=ValueError)(is_moment)
    made.checks("uri")(is_address)
    made.checks("uri-template")(is_template)
    return made
