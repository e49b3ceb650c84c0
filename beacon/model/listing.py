"""Filtering terms: what the records of datasets say, listed once over all of them.

A term is listed where records say it is so; that it is absent lists nothing.  What
is listed can be asked for as it is, of each type in its scopes.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from beacon.model.entry_types import ENTRY_TYPES
from beacon.model.facts import Amount, Said, Worded
from beacon.model.fields import FIELDS, INFO, MEASURED, Kind
from beacon.model.filters import Operator
from beacon.model.ontology import prefix_of
from beacon.model.terms import FilteringTerm, TermType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from beacon.model.facts import Statement

_MOST_VALUES = 50
_LONGEST_VALUE = 100
_OPERATORS = frozenset("".join(Operator))
_ALIASES = {
    (entry_type, row.path): row.aliases
    for entry_type, rows in FIELDS.items()
    for row in rows
}
_CODES = {
    entry_type: frozenset(
        f"{row.path}.{row.code}" for row in rows if row.kind is Kind.MEASURE
    )
    for entry_type, rows in FIELDS.items()
}
_ORDER = {entry_type: place for place, entry_type in enumerate(ENTRY_TYPES)}
_TYPES = tuple(TermType)


class Listing:
    """Collects statements, type by type, and tells the terms among them."""

    def __init__(self) -> None:
        self._scopes: dict[tuple[TermType, str], set[str]] = {}
        self._labels: dict[tuple[TermType, str], Counter[str]] = {}
        self._values: dict[str, set[str]] = {}

    def add(self, entry_type: str, said: Iterable[tuple[Statement, int]]) -> None:
        """Take what records of a type say, and how many say it."""
        statements = list(said)
        for statement, size in statements:
            if isinstance(statement, Said):
                self._add_term(entry_type, statement, size)
            elif isinstance(statement, Worded):
                self._add_text(entry_type, statement)
        self._add_amounts(entry_type, [s for s, _ in statements])

    def _add_term(self, entry_type: str, said: Said, size: int) -> None:
        if said.is_denied or said.field.startswith(MEASURED):
            return
        kind = TermType.ONTOLOGY if prefix_of(said.term) else TermType.CUSTOM
        self._take(kind, said.term, entry_type, said.label, size)

    def _add_text(self, entry_type: str, said: Worded) -> None:
        if said.field.startswith(MEASURED):
            return
        self._take(TermType.ALPHANUMERIC, said.field, entry_type)
        if len(said.text) <= _LONGEST_VALUE:
            self._values.setdefault(said.field, set()).add(said.text)
        if _is_custom(said):
            self._take(TermType.CUSTOM, _custom(said), entry_type)

    def _add_amounts(self, entry_type: str, statements: list[Statement]) -> None:
        codes: dict[str, Said | None] = {}
        for said in statements:
            if isinstance(said, Said) and said.field in _CODES[entry_type]:
                if said.label is not None:
                    codes.setdefault(MEASURED + said.label.casefold(), None)
                codes[MEASURED + said.term.casefold()] = said
        for key in {s.field for s in statements if isinstance(s, Amount)}:
            if not key.startswith(MEASURED):
                for name in (key, *_ALIASES.get((entry_type, key), ())):
                    self._take(TermType.ALPHANUMERIC, name, entry_type)
            elif (code := codes.get(key)) is not None:
                label = code.label
                self._take(TermType.ALPHANUMERIC, code.term, entry_type, label)

    def _take(
        self,
        kind: TermType,
        identity: str,
        entry_type: str,
        label: str | None = None,
        size: int = 1,
    ) -> None:
        self._scopes.setdefault((kind, identity), set()).add(entry_type)
        if label is not None:
            labels = self._labels.setdefault((kind, identity), Counter())
            labels[label] += size

    def terms(self) -> tuple[FilteringTerm, ...]:
        """Return the terms: ontologies', fields, custom ones; by id within each."""
        listed = sorted(self._scopes, key=lambda key: (_TYPES.index(key[0]), key[1]))
        return tuple(
            self._term(kind, identity)
            for kind, identity in listed
            if not self._is_one_of_many(kind, identity)
        )

    def _term(self, kind: TermType, identity: str) -> FilteringTerm:
        labels = self._labels.get((kind, identity))
        values: set[str] = set()
        if kind is TermType.ALPHANUMERIC:
            values = self._values.get(identity, set())
        return FilteringTerm(
            type=kind,
            id=identity,
            label=_usual(labels),
            scopes=tuple(sorted(self._scopes[kind, identity], key=_ORDER.__getitem__)),
            values=tuple(sorted(values)) if len(values) <= _MOST_VALUES else (),
        )

    def _is_one_of_many(self, kind: TermType, identity: str) -> bool:
        """Whether a text is one of so many in its field that they are not listed."""
        if kind is not TermType.CUSTOM:
            return False
        field = f"{INFO}.{identity.partition(':')[0]}"
        return len(self._values.get(field, ())) > _MOST_VALUES


def _usual(labels: Counter[str] | None) -> str | None:
    """Return the label that most records write."""
    if labels is None:
        return None
    return min(labels, key=lambda text: (-labels[text], text))


def _is_custom(said: Worded) -> bool:
    """Whether a text of ``info`` can be asked for as a custom term.

    One that holds an operator would be read as a comparison.
    """
    is_short = len(said.text) <= _LONGEST_VALUE
    has_operator = bool(_OPERATORS & set(said.text + said.field))
    return said.field.startswith(f"{INFO}.") and is_short and not has_operator


def _custom(said: Worded) -> str:
    """Return how a text of ``info`` is asked for as a custom term."""
    return f"{said.field.removeprefix(f'{INFO}.')}:{said.text}"
