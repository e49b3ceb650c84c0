"""Filtering terms: what a beacon's records can be filtered by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TermType(StrEnum):
    """How a term is asked for; the words of the wire."""

    ONTOLOGY = "ontology"
    ALPHANUMERIC = "alphanumeric"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteringTerm:
    """Something that filters may ask for, because records say it.

    Attributes:
        id: the term; or the name of a field, or what was measured, to be asked with
            an operator and a value; or ``field:value``.
        scopes: ids of the entry types whose records say it, in the register's order.
        values: texts that stand in the field, sorted; empty where they are many, or
            none.
    """

    type: TermType
    id: str
    label: str | None = None
    scopes: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
