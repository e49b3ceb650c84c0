"""What invented records can be filtered by: their statements as filtering terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model.facts import Said, Worded
from beacon.model.fields import MEASURED
from beacon.model.terms import FilteringTerm, TermType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from beacon.model.facts import Facts

_MOST_VALUES = 50


def terms_of(entry_type: str, records: Iterable[Facts]) -> tuple[FilteringTerm, ...]:
    """Return the terms and fields that records of one entry type speak of.

    What is said to be absent is no term of theirs.
    """
    labels: dict[str, str | None] = {}
    fields: dict[str, set[str]] = {}
    for statement in (each for facts in records for each in facts):
        if isinstance(statement, Said):
            if not statement.is_denied and ":" in statement.term:
                labels.setdefault(statement.term, statement.label)
        elif not statement.field.startswith(MEASURED):
            values = fields.setdefault(statement.field, set())
            if isinstance(statement, Worded):
                values.add(statement.text)
    ontology = (
        FilteringTerm(
            type=TermType.ONTOLOGY, id=term, label=labels[term], scopes=(entry_type,)
        )
        for term in sorted(labels)
    )
    alphanumeric = (
        FilteringTerm(
            type=TermType.ALPHANUMERIC,
            id=name,
            scopes=(entry_type,),
            values=_listed(fields[name]),
        )
        for name in sorted(fields)
    )
    return (*ontology, *alphanumeric)


def _listed(values: set[str]) -> tuple[str, ...]:
    """Return the values of a field where they are few enough to choose from."""
    return tuple(sorted(values)) if len(values) <= _MOST_VALUES else ()
