"""ISO 8601 durations and dates as numbers that can be compared.

A duration is seconds: a year is 365.25 days and a month a twelfth of it, so that
``P1Y`` equals ``P12M`` and any two compare.  A date is the seconds it spans, UTC.
ISO 8601-1:2019, 5.5.2 and 5.2.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_DAY = 86_400
_MINUTE = 60
_TICK = 0.001
"""What the last moment of a day is before the first of the next, in seconds."""
_YEAR = 31_557_600
_SECONDS = {"Y": _YEAR, "M": _YEAR // 12, "W": 7 * _DAY, "D": _DAY}
_CLOCK_SECONDS = {"H": 3600, "M": 60, "S": 1}
_LONGEST = 60
_NUMBER = r"(\d+(?:[.,]\d+)?)"
_DURATION = re.compile(
    rf"P(?=[\dT])(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?"
    rf"(?:T(?=\d)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?",
    re.ASCII,
)
_UNITS = (*_SECONDS.values(), *_CLOCK_SECONDS.values())
_DATE = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)"
    r"(Z|z|[+-]\d{2}:?\d{2})?)?)?)?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DECEMBER = 12


class Span(NamedTuple):
    """What a value may be, both ends included; of one that is exact they are equal."""

    low: float
    high: float


def duration_of(text: str) -> float | None:
    """Return the seconds of a duration such as ``P1Y6M``; ``None``: it is none."""
    found = _DURATION.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    amounts = (0.0 if n is None else float(n.replace(",", ".")) for n in found.groups())
    return sum(n * unit for n, unit in zip(amounts, _UNITS, strict=True))


def date_of(text: str) -> Span | None:
    """Return the seconds of a year, month, day or moment; ``None``: it is none.

    Without an offset it is UTC; a moment spans the second, or the minute, it names.
    """
    found = _DATE.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    year, month, day, clock, offset = found.groups()
    try:
        if clock is not None:
            return _moment(f"{year}-{month}-{day}T{clock}", offset)
        first = datetime(int(year), int(month or 1), int(day or 1), tzinfo=UTC)
        return Span(_seconds(first), _end(first, month, day))
    except (ValueError, OverflowError):
        return None


def _moment(text: str, offset: str | None) -> Span:
    is_minute = text.count(":") == 1
    zone = "+00:00" if offset is None or offset in "Zz" else offset
    whole, _, fraction = text.partition(".")
    moment = datetime.fromisoformat(whole + zone)
    low = _seconds(moment)
    if fraction:
        exact = low + float(f"0.{fraction}")
        return Span(exact, exact)
    return Span(low, low + (_MINUTE if is_minute else 1) - _TICK)


def _end(first: datetime, month: str | None, day: str | None) -> float:
    """Return the last moment of a year, a month or a day."""
    if day is not None:
        return _seconds(first) + _DAY - _TICK
    if month is not None and first.month < _DECEMBER:
        return _seconds(first.replace(month=first.month + 1)) - _TICK
    last = datetime(first.year, _DECEMBER, 31, tzinfo=UTC)
    return _seconds(last) + _DAY - _TICK


def _seconds(moment: datetime) -> float:
    return (moment - _EPOCH) / timedelta(seconds=1)
