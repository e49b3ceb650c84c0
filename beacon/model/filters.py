"""Filters: which records a question is narrowed to, before anybody looks.

A question holds *clauses*; a record meets it when it meets every clause, and a
clause when it meets any of its filters.  What a filter means of one record is
``facts.is_met``; how records are found by it is the store's business.
Beacon v2, framework/json/requests/filteringTerms.json.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from beacon.model.errors import quoted


class Operator(StrEnum):
    """How a record's value must relate to the filter's."""

    EQUAL = "="
    NOT = "!"
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="


class Similarity(StrEnum):
    """How far from the term a record's term may be; anything but ``EXACT`` widens."""

    EXACT = "exact"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class TermFilter:
    """A term of an ontology, or a custom term of this beacon.

    Attributes:
        id: as asked for, e.g. ``HP:0001250`` or ``demographic.ethnicity:asian``.
        descendants: whether narrower terms meet it, too.
        negated: whether records are meant that say something of the kind, but not
            this (GET writes ``!HP:0001250``).
        scope: id of the entry type whose records it is about; ``None``: of every
            type that knows the term.
    """

    id: str
    descendants: bool = True
    similarity: Similarity = Similarity.EXACT
    negated: bool = False
    scope: str | None = None

    @property
    def text(self) -> str:
        """The filter as a GET request writes it, and whose records it is about."""
        return _scoped(f"!{self.id}" if self.negated else self.id, self.scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFilter:
    """A value of a field: a number, a text, a date, or an age (ISO 8601 duration).

    Attributes:
        field: name of the field (``ageOfOnset``), or a term that is measured
            (``LOINC:35925-4``).
        value: as given; ``%`` in a text stands for any characters.
    """

    field: str
    operator: Operator
    value: str
    scope: str | None = None

    @property
    def text(self) -> str:
        """The filter as a GET request writes it, and whose records it is about."""
        return _scoped(f"{self.field}:{self.operator}{self.value}", self.scope)


Filter = TermFilter | FieldFilter
Clauses = tuple[tuple[Filter, ...], ...]
"""All of these, each by any of its alternatives; empty: no filter at all."""


def _scoped(text: str, scope: str | None) -> str:
    return text if scope is None else f"{text} ({scope})"


def unknown_sentence(text: str) -> str:
    """Return the sentence about a filter that nothing here answers to."""
    return f"The filter {quoted(text)} is not known here and matches nothing."
