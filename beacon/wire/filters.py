"""Filters as requests write them, and what they ask for.

A request holds clauses, joined by AND; a clause is one filter, or a list of
alternatives.  Whether anything answers to a filter is asked later; here a filter
is only well formed or not.  Nothing is dropped silently: what cannot be asked of
variants is named as unknown, because leaving it out would widen the answer.
Beacon v2, framework/json/requests/filteringTerms.json; docs/filters.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import BeforeValidator, ConfigDict, model_validator

from beacon.model.effects import EFFECTS, narrower
from beacon.model.entry_types import COLLECTIONS, ENTRY_TYPES, GENOMIC_VARIANT
from beacon.model.errors import InvalidRequest
from beacon.model.filters import FieldFilter, Operator, Similarity, TermFilter
from beacon.model.ontology import normal
from beacon.wire.reading import read_json, shown
from beacon.wire.values import Read, Text, Truth, listed, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from beacon.model.filters import Clauses, Filter

_SPELLED = re.compile(
    r"(?P<id>!?[^<>=!]+?):?(?P<operator>[<>=!]+)(?P<value>.*)\Z", re.DOTALL
)
_OPERATORS = {"!=": "!", "==": "="}
_NEGATION = "!"
MOST_FILTERS: Final = 500
"""Filters of one request, alternatives counted one by one: each costs a search."""
_WORD = re.compile(r'\s*(\[?\s*"[^"]*"\s*\]?(?=\s*(?:,|\Z))|[^,]*)(?:,|\Z)')
_BETWEEN_WORDS = re.compile(r"[\s_-]+")


def _spellings() -> dict[str, str]:
    """Return every name of an entry type, plain and lower case, with its id."""
    names: dict[str, str] = {}
    for row in ENTRY_TYPES.values():
        for word in (row.id, row.path, row.name):
            plain = _plain(word)
            names |= dict.fromkeys(
                (plain, f"{plain}s", plain.removesuffix("s")), row.id
            )
    variant = ("genomicvariation", "genomicvariations", "variant", "variants")
    return names | dict.fromkeys(variant, GENOMIC_VARIANT.id)


def _plain(word: str) -> str:
    return _BETWEEN_WORDS.sub("", word).lower()


_ENTRY_TYPE_NAMES: Mapping[str, str] = _spellings()


def entry_type_named(word: str) -> str | None:
    """Return the id of an entry type under any of its names; ``None``: none."""
    return _ENTRY_TYPE_NAMES.get(_plain(word))


def _scopes(value: object) -> tuple[str, ...]:
    """Read the entry types a filter is about, under any of their names."""
    found: dict[str, None] = {}
    for word in listed(value):
        if word in (None, ""):
            continue
        known = entry_type_named(word) if isinstance(word, str) else None
        if known is None:
            names = ", ".join(ENTRY_TYPES)
            refuse(f"must be an entry type ({names}), not {shown(word)}")
        found[known] = None
    return tuple(found)


def _value(value: object) -> object:
    """Read a value: a truth is compared as the word it is written with."""
    return str(value).lower() if isinstance(value, bool) else value


class FilterBody(Read):
    """One filter, well formed.

    What a query string writes as ``!HP:0001250`` is a negated term; an object may
    say it in the same way.
    """

    model_config = ConfigDict(extra="allow")

    id: Text
    operator: Literal["=", "<", ">", "!", ">=", "<="] | None = None
    value: Annotated[Text | None, BeforeValidator(_value)] = None
    scope: Annotated[tuple[str, ...], BeforeValidator(_scopes)] = ()
    include_descendant_terms: Truth | None = None
    similarity: Literal["exact", "high", "medium", "low"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _named_alike(cls, held: object) -> object:
        """Read names in any case, and ``scopes``: one left out would widen it."""
        if not isinstance(held, dict):
            return held
        read: dict[object, object] = {}
        for name, value in held.items():
            known = _FILTER_NAMES.get(str(name).lower(), name)
            if known in read:
                refuse(f"has {shown(known)} twice")
            read[known] = value
        return read

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.operator is not None and self.value is None:
            refuse("needs a value beside its operator")
        if self.id.endswith(":") and self.value is None:
            refuse("needs a value behind its colon")
        if not self.id.removeprefix(_NEGATION).strip():
            refuse("names nothing")
        if self.id.startswith(_NEGATION) and self.value is not None:
            refuse("negates a field: say so with the operator !")
        return self

    @property
    def text(self) -> str:
        """The filter as one string, as a GET request writes it."""
        if self.value is None:
            return self.id
        return f"{self.id}:{self.operator or '='}{self.value}"

    @property
    def unread(self) -> tuple[str, ...]:
        """Names of what it holds beside, which means nothing here."""
        return tuple(self.model_extra or ())

    def about(self, scope: str | None) -> Filter:
        """Return what it asks of the records of one entry type, or of any."""
        name = self.id.removeprefix(_NEGATION).strip()
        if self.value is not None:
            operator = Operator(self.operator or "=")
            return FieldFilter(
                field=name, operator=operator, value=self.value, scope=scope
            )
        return TermFilter(
            id=name,
            descendants=self.include_descendant_terms is not False,
            similarity=Similarity(self.similarity or "exact"),
            negated=self.id.startswith(_NEGATION),
            scope=scope,
        )


_FILTER_NAMES: Mapping[str, str] = {
    **{
        field.alias.lower(): field.alias
        for field in FilterBody.model_fields.values()
        if field.alias
    },
    "scopes": "scope",
}


# --- reading -------------------------------------------------------------------


def read_filters(value: object) -> list[list[object]]:
    """Return the clauses of a request, each a list of alternatives."""
    if isinstance(value, str):
        value = split_filters(value)
    items = value if isinstance(value, list | tuple) else [value]
    clauses = [_clause(item) for item in items if item not in (None, "")]
    if sum(map(len, clauses)) > MOST_FILTERS:
        refuse(f"holds more than {MOST_FILTERS} filters")
    return clauses


def _clause(item: object) -> list[object]:
    if isinstance(item, str):
        (item,) = [item] if not _is_bracketed(item) else split_filters(item)
    if not isinstance(item, list | tuple):
        return [_filter(item)]
    if not item:
        refuse("holds an empty list of alternatives")
    return [_filter(each) for each in item]


def _is_bracketed(text: str) -> bool:
    return text.startswith("[") and text.endswith("]")


def _filter(item: object) -> object:
    if isinstance(item, dict | FilterBody):
        return item
    if not isinstance(item, str):
        refuse(f"must hold ids or objects, not {shown(item)}")
    found = _SPELLED.match(item)
    if found is None:
        return {"id": item}
    operator = _OPERATORS.get(found["operator"], found["operator"])
    return {"id": found["id"], "operator": operator} | (
        {"value": found["value"]} if found["value"].strip() else {}
    )


def split_filters(text: str) -> list[object]:
    """Return the filters of a query string: ids with commas, ``[A,B]`` alternatives.

    What stands within quotes (``"label:a, b"``) is one, whatever commas it holds.

    Raises:
        InvalidRequest: when a bracket is not closed.
    """
    plain = text.strip()
    if plain.startswith(("{", "[{")):
        held = read_json(plain)
        return held if isinstance(held, list) else [held]
    found: list[object] = []
    group: list[object] | None = None
    for word in (part.strip() for part in _WORD.findall(plain)):
        if group is None and word.startswith("["):
            group, word = [], word[1:].strip()
        is_last = group is not None and word.endswith("]")
        word = word[:-1].strip() if is_last else word
        if word:
            (found if group is None else group).append(_unquoted(word))
        if is_last:
            found.append(group)
            group = None
    if group is not None:
        message = "filters: a list of alternatives is not closed by ]."
        raise InvalidRequest(message, parameter="filters")
    return found


def _unquoted(word: str) -> str:
    is_quoted = len(word) > 1 and word[0] == word[-1] == '"'
    return word[1:-1].strip() if is_quoted else word


# --- understanding ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What the filters of one request ask for, told apart.

    Attributes:
        clauses: what is asked of documents.
        effects: molecular effects that variants are asked for: of each, any.
        impossible: texts of filters nothing can meet, so that nothing matches.
        doubtful: texts of alternatives nothing can meet, beside others.
    """

    clauses: Clauses = ()
    effects: tuple[tuple[str, ...], ...] = ()
    impossible: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()


def narrowing(bodies: Sequence[Sequence[FilterBody]], about: str) -> Narrowing:
    """Return what filters ask for, in a question about one entry type.

    Raises:
        InvalidRequest: for alternatives that are asked in different ways.
    """
    clauses: list[tuple[Filter, ...]] = []
    effects: list[tuple[str, ...]] = []
    impossible: list[str] = []
    doubtful: list[str] = []
    for bodied in bodies:
        if about not in COLLECTIONS and any(_is_effect(each) for each in bodied):
            effects.append(_effects(bodied))
            continue
        said = (f for each in bodied for f in _filters(each, about))
        clause = tuple(dict.fromkeys(said))  # what is said twice is asked once
        lost = [each.text for each in bodied if not any(_filters(each, about))]
        (doubtful if clause else impossible).extend(lost)
        if clause:
            clauses.append(clause)
    return Narrowing(
        clauses=tuple(dict.fromkeys(clauses)),
        effects=tuple(effects),
        impossible=tuple(impossible),
        doubtful=tuple(doubtful),
    )


def _is_effect(body: FilterBody) -> bool:
    """Whether a filter is a molecular effect of a variant."""
    is_about_variants = set(body.scope) <= {GENOMIC_VARIANT.id}
    return body.value is None and normal(body.id) in EFFECTS and is_about_variants


def _effects(bodied: Sequence[FilterBody]) -> tuple[str, ...]:
    """Return the effects any of which is asked for, with their narrower ones."""
    if not all(_is_effect(each) for each in bodied):
        message = (
            "filters: a list of alternatives cannot hold molecular effects of variants"
            " beside other filters."
        )
        raise InvalidRequest(message, parameter="filters")
    found: dict[str, None] = {}
    for each in bodied:
        term = normal(each.id)
        is_whole = each.include_descendant_terms is not False
        found |= dict.fromkeys(narrower(term) if is_whole else (term,))
    return tuple(found)


def _filters(body: FilterBody, about: str) -> Iterator[Filter]:
    """Yield a filter for each scope; variants answer to their effects only."""
    if not body.scope:
        yield body.about(None)
    for scope in body.scope:
        if scope != GENOMIC_VARIANT.id or about in COLLECTIONS:
            yield body.about(scope)
