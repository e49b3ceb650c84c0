"""Conditions of a visa (GA4GH Passport 1.2): other visas that must stand beside it.

Alternatives, each of clauses that must all be met, each by one visa that is verified,
of the same user, and has no conditions itself.  What is not written as the standard
has it makes the visa worth nothing; a way of matching that is not known is not met.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from beacon.auth.doubts import Doubt
from beacon.model.errors import NotIdentified

if TYPE_CHECKING:
    from collections.abc import Collection

    from beacon.model.requester import Visa

_TYPE: Final = "type"
_FIELDS: Final = frozenset({"value", "source", "by"})
"""Fields of a visa that are texts; a condition may be on no others."""
_MOST: Final = 20
"""Alternatives of a visa, and clauses of each."""
_LONGEST: Final = 1024
_ANY, _ONE, _SEPARATOR = "*", "?", ";"


class Clause(NamedTuple):
    """What one visa must be: of a type, and in some fields as said.

    Attributes:
        fields: by name, how it is matched, and what with.
    """

    type: str
    fields: tuple[tuple[str, str, str], ...]


Conditions = tuple[tuple[Clause, ...], ...]
"""Alternatives of clauses."""


def read_conditions(said: object) -> Conditions:
    """Return the conditions of a visa.

    Raises:
        NotIdentified: when they are not written as the standard has it.
    """
    return tuple(tuple(map(_clause, _listed(each))) for each in _listed(said))


def _listed(said: object) -> list[object]:
    if not isinstance(said, list) or not 0 < len(said) <= _MOST:
        raise NotIdentified(Doubt.CONDITIONS)
    return said


def _clause(said: object) -> Clause:
    if not isinstance(said, dict):
        raise NotIdentified(Doubt.CONDITIONS)
    names = said.keys() - {_TYPE}
    is_sound = _TYPE in said and names and names <= _FIELDS
    if not is_sound or not all(map(_is_text, said.values())):
        raise NotIdentified(Doubt.CONDITIONS)
    fields = []
    for name in sorted(names):
        how, colon, text = said[name].partition(":")
        if not colon:
            raise NotIdentified(Doubt.CONDITIONS)
        fields.append((name, how, text))
    return Clause(said[_TYPE], tuple(fields))


def _is_text(said: object) -> bool:
    return isinstance(said, str) and 0 < len(said) <= _LONGEST


def are_met(conditions: Conditions, visas: Collection[Visa]) -> bool:
    """Whether visas meet the conditions of another.

    Args:
        conditions: of it.
        visas: of the same user, verified, that have no conditions.
    """
    return any(
        all(any(_is_met(clause, visa) for visa in visas) for clause in clauses)
        for clauses in conditions
    )


def _is_met(clause: Clause, visa: Visa) -> bool:
    """Whether one visa is all that a clause says; a field it lacks is nothing."""
    told = {"value": visa.value, "source": visa.source, "by": visa.by}
    return visa.type == clause.type and all(
        (field := told[name]) is not None and _matches(how, text, field)
        for name, how, text in clause.fields
    )


def _matches(how: str, text: str, field: str) -> bool:
    match how:
        case "const":
            return field == text
        case "pattern":
            return is_like(field, text)
        case "split_pattern":
            return any(is_like(part, text) for part in field.split(_SEPARATOR))
    return False


def is_like(text: str, pattern: str) -> bool:
    """Whether all of a text is as a pattern has it: ``?`` one character, ``*`` any.

    Between two ``*`` the first place that fits will do, so that nothing is tried
    again: whoever signs conditions keeps nobody waiting by them.
    """
    first, *others = pattern.split(_ANY)
    if not others:
        return len(text) == len(first) and _fits(text, first, 0)
    *between, last = others
    at, end = len(first), len(text) - len(last)
    if at > end or not (_fits(text, first, 0) and _fits(text, last, end)):
        return False
    for part in between:
        at = _after(text, part, at, end)
        if at < 0:
            return False
    return True


def _fits(text: str, part: str, at: int) -> bool:
    """Whether a part of a pattern without ``*`` is at a place."""
    there = text[at : at + len(part)]
    return all(sign in (_ONE, letter) for sign, letter in zip(part, there, strict=True))


def _after(text: str, part: str, at: int, end: int) -> int:
    """Return where a part of a pattern ends that comes first; -1: it does not come."""
    if _ONE in part:
        found = _signs(part).search(text, at, end)
        return -1 if found is None else found.end()
    place = text.find(part, at, end)
    return -1 if place < 0 else place + len(part)


@lru_cache(maxsize=256)
def _signs(part: str) -> re.Pattern[str]:
    """Return what finds a part of a pattern; it repeats nothing."""
    return re.compile(re.escape(part).replace(re.escape(_ONE), "."), re.DOTALL)
