"""What a document says that a filter can ask for, and whether it meets one.

``facts_of`` reads a document into statements; a ``Criterion`` judges single statements;
``is_met`` is the meaning of a filter, and the store finds exactly what it accepts.

A record meets a filter when one of its statements agrees.  It meets a negated one
when it says something of the kind and nothing of it agrees: what is missing is never
a statement.  A feature that is said to be absent agrees with nothing, but is
something said against itself and all that is narrower.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.durations import Span, date_of, duration_of
from beacon.model.fields import (
    FIELDS,
    INFO,
    MEASURED,
    USUAL_LABELS,
    USUAL_TERMS,
    Kind,
    is_age_of_info,
    is_named,
)
from beacon.model.filters import Operator, Similarity, TermFilter
from beacon.model.ontology import NO_ONTOLOGIES, Ontologies, normal, prefix_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from beacon.model.fields import Field
    from beacon.model.filters import FieldFilter, Filter
    from beacon.model.records import Json

_DEEPEST = 4
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_JOINED = re.compile(r"[A-Za-z]\w*:[\w.-]+(?:, ?[A-Za-z]\w*:[\w.-]+)+", re.ASCII)
_ID = re.compile(r"(^|[_ .-])(?i:ids?)$|[a-z0-9]I[Dd]s?$")
_YEAR, _DAY = "P1Y", "P1D"
_BEFORE_BIRTH = 365
"""Days taken from a gestational age, so that it is before any age of the born."""
_WILD = "%"


class Said(NamedTuple):
    """A term stands in a field.

    Attributes:
        term: normal.
        label: as written.
        is_denied: whether it is said that this is absent.
    """

    field: str
    term: str
    label: str | None
    is_denied: bool = False


class Worded(NamedTuple):
    """A text stands in a field."""

    field: str
    text: str


class Amount(NamedTuple):
    """A number, a date or an age stands in a field.

    Attributes:
        kind: ``NUMBER``, ``DATE`` or ``AGE``.
        low: the least it may be; ages and dates in seconds.
        high: the most it may be.
    """

    field: str
    kind: Kind
    low: float
    high: float


Statement = Said | Worded | Amount
Facts = tuple[Statement, ...]


class _Place:
    """One place of a document, with the fields that stand there and below it."""

    def __init__(self) -> None:
        self.below: dict[str, _Place] = {}
        self.features: list[tuple[str, str]] = []
        self.measures: list[Field] = []
        self.readers: list[tuple[str, Callable[[str, object], Iterator[Statement]]]]
        self.readers = []


def facts_of(entry_type: str, document: Json) -> Facts:
    """Return what a document says, each statement once."""
    found: list[Statement] = []
    _read(_ROOTS[entry_type], document, found)
    info = document.get(INFO)
    if isinstance(info, dict):
        found.extend(_of_info(INFO, info, _DEEPEST))
    return tuple(dict.fromkeys(found))


def _read(place: _Place, value: object, found: list[Statement]) -> None:
    """Read what stands at a place and below; lists are looked through."""
    if isinstance(value, list):
        for each in value:
            _read(place, each, found)
        return
    for key, read in place.readers:
        found.extend(read(key, value))
    if isinstance(value, dict):
        _read_below(place, value, found)


def _read_below(place: _Place, value: Json, found: list[Statement]) -> None:
    """Read the members of an object; of a feature that is absent, that it is."""
    is_denied = value.get("excluded") is True
    for member, key in place.features:
        said = _term(key, value.get(member))
        found.extend(s._replace(is_denied=True) if is_denied else s for s in said)
    if is_denied:
        return
    for row in place.measures:
        found.extend(_measured(row, value))
    for member, below in place.below.items():
        inner = value.get(member)
        if inner is not None:
            _read(below, inner, found)


def _term(key: str, value: object) -> Iterator[Said]:
    """Yield a term; several, where the id joins them by commas as tables do."""
    if not isinstance(value, dict):
        return
    term, label = value.get("id"), value.get("label")
    if isinstance(term, str) and term:
        first, *others = term.split(",") if _JOINED.fullmatch(term) else [term]
        said = normal(first)
        is_labelled = isinstance(label, str) and label
        yield Said(key, said, label if is_labelled else USUAL_LABELS.get(said))
        yield from (Said(key, normal(other.strip()), None) for other in others)


def _text(key: str, value: object) -> Iterator[Statement]:
    if isinstance(value, str) and value:
        yield Worded(key, value)


def _number(key: str, value: object) -> Iterator[Statement]:
    number = _finite(value)
    if number is not None:
        yield Amount(key, Kind.NUMBER, number, number)


def _finite(value: object) -> float | None:
    """Return a number, be it written as a text; ``None``: it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _date(key: str, value: object) -> Iterator[Statement]:
    if isinstance(value, str) and value:
        span = date_of(value)
        if span is None:
            yield Worded(key, value)
        else:
            yield Amount(key, Kind.DATE, *span)


def _age(key: str, value: object) -> Iterator[Statement]:
    """Yield an age in any form a time element has, as far as it can be compared."""
    if isinstance(value, str):
        seconds = duration_of(value)
        if seconds is None:
            yield from _date(key, value)
        else:
            yield Amount(key, Kind.AGE, seconds, seconds)
    if not isinstance(value, dict):
        return
    if (inner := value.get("iso8601duration", value.get("age"))) is not None:
        yield from _age(key, inner)
    elif (weeks := _finite(value.get("weeks"))) is not None:
        unborn = 7 * weeks + (_finite(value.get("days")) or 0) - _BEFORE_BIRTH
        seconds = unborn * (duration_of(_DAY) or 0.0)
        yield Amount(key, Kind.AGE, seconds, seconds)
    elif "start" in value or "end" in value:
        yield from _range(key, value.get("start"), value.get("end"))
    else:
        yield from _term(key, value)


def _range(key: str, start: object, end: object) -> Iterator[Statement]:
    """Yield one amount from the least to the most of a range, if both are known."""
    low = [s for s in _age(key, start) if isinstance(s, Amount)]
    high = [s for s in _age(key, end) if isinstance(s, Amount)]
    if low and high and low[0].kind is high[0].kind and low[0].low <= high[0].high:
        yield Amount(key, low[0].kind, low[0].low, high[0].high)


def _measured(row: Field, measure: Json) -> Iterator[Statement]:
    """Yield the value of a measure under its term and under its label."""
    value = measure.get(row.value)
    for name in _names(measure.get(row.code)):
        yield from _value(name, value)
    if isinstance(value, dict):
        parts = value.get("typedQuantities")
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict):
                for name in _names(part.get("quantityType")):
                    yield from _value(name, part.get("quantity"))


def _names(code: object) -> list[str]:
    """Return the keys under which what has a code is asked for."""
    said = list(_term("", code))
    names = [text for s in said for text in (s.term, s.label) if text]
    return [MEASURED + name.casefold() for name in names]


def _value(key: str, value: object) -> Iterator[Statement]:
    if isinstance(value, dict):
        yield from _number(key, value.get("value"))
        yield from _term(key, value)
    else:
        yield from _number(key, value)


def _of_info(key: str, value: object, depth: int) -> Iterator[Statement]:
    if isinstance(value, dict):
        for name, inner in value.items() if depth else ():
            if not _is_id(name, value):
                yield from _of_info(f"{key}.{name}".casefold(), inner, depth - 1)
    elif isinstance(value, list):
        for each in value:
            if not isinstance(each, list):
                yield from _of_info(key, each, depth)
    else:
        yield from _scalar(key, value)


def _is_id(name: str, beside: Json) -> bool:
    """Whether a member tells which one it is, and not what: ids are no fields.

    A filter by one would name somebody, and a list of values everybody; the id of
    a term, which has a label, does not.
    """
    if name.casefold() == "id":
        return "label" not in beside
    return _ID.search(name) is not None


def _scalar(key: str, value: object) -> Iterator[Statement]:
    """Yield all that a scalar of unknown meaning may be compared as."""
    if isinstance(value, bool):
        yield Worded(key, str(value).lower())
        return
    number = _finite(value)
    if number is not None:
        yield Amount(key, Kind.NUMBER, number, number)
        if is_age_of_info(key) and number >= 0:
            years = number * (duration_of(_YEAR) or 0.0)
            yield Amount(key, Kind.AGE, years, years)
    if isinstance(value, str) and value:
        yield Worded(key, value)
        if number is None:
            yield from (s for s in _age(key, value) if isinstance(s, Amount))


_READERS: Mapping[Kind, Callable[[str, object], Iterator[Statement]]] = {
    Kind.TERM: _term,
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.AGE: _age,
}


def _root(rows: Iterable[Field]) -> _Place:
    """Return the root of the documents that have some fields."""
    root = _Place()
    for row in rows:
        *path, last = row.path.split(".")
        place = root
        for member in path:
            place = place.below.setdefault(member, _Place())
        if row.kind is Kind.FEATURE:
            place.features.append((last, row.path))
            continue
        place = place.below.setdefault(last, _Place())
        if row.kind is Kind.MEASURE:
            place.measures.append(row)
        else:
            place.readers.append((row.path, _READERS[row.kind]))
    return root


_ROOTS = {entry_type: _root(rows) for entry_type, rows in FIELDS.items()}


class Lexicon:
    """What is known beyond a single record: hierarchies, and where terms occur.

    Args:
        ontologies: the hierarchies.
        places: by entry type, each field with a term that occurs in it.
    """

    def __init__(
        self,
        ontologies: Ontologies = NO_ONTOLOGIES,
        places: Mapping[str, Iterable[tuple[str, str]]] | None = None,
    ) -> None:
        self.ontologies = ontologies
        self.fields: dict[str, dict[str, set[str]]] = {}
        for entry_type, pairs in (places or {}).items():
            terms = self.fields.setdefault(entry_type, {})
            for name, term in pairs:
                terms.setdefault(term, set()).add(name)

    def meant(self, entry_type: str, asked: TermFilter) -> frozenset[str]:
        """Return the terms that occur and are what a filter asks for."""
        wanted = normal(asked.id)
        return frozenset(
            term
            for term in self.fields.get(entry_type, {})
            if is_meant(self.ontologies, asked, wanted, term)
        )

    def denying(self, entry_type: str, term: str) -> frozenset[str]:
        """Return the terms that occur and are a normal term, or wider than it."""
        return frozenset(
            wider
            for wider in self.fields.get(entry_type, {})
            if self.ontologies.is_within(term, wider)
        )

    def within(self, entry_type: str, wider: str) -> Iterable[str]:
        """Return the terms that occur and are a normal term, or narrower than it."""
        terms = self.fields.get(entry_type, {})
        return [term for term in terms if self.ontologies.is_within(term, wider)]

    def kindred(self, entry_type: str, term: str) -> frozenset[str]:
        """Return the fields in which the nearest relatives of a normal term occur.

        The root of an ontology makes no relatives.
        """
        above = self.ontologies.above
        by_depth: dict[int, list[str]] = {}
        for wider in above(term):
            by_depth.setdefault(len(above(wider)), []).append(wider)
        terms = self.fields.get(entry_type, {})
        for depth in sorted(by_depth.keys() - {1}, reverse=True):
            related = (t for w in by_depth[depth] for t in self.within(entry_type, w))
            found = frozenset(name for t in related for name in terms[t])
            if found:
                return found
        return frozenset()

    def spoken(self, entry_type: str, asked: TermFilter) -> frozenset[str]:
        """Return the fields in which what a filter asks for occurs."""
        terms = self.fields.get(entry_type, {})
        found = (terms[term] for term in self.meant(entry_type, asked))
        return frozenset(name for names in found for name in names)


def lexicon_of(
    records: Iterable[tuple[str, Facts]], ontologies: Ontologies = NO_ONTOLOGIES
) -> Lexicon:
    """Return what is known of some records, each with its entry type."""
    found: dict[str, set[tuple[str, str]]] = {}
    for entry_type, facts in records:
        places = found.setdefault(entry_type, set())
        places.update((s.field, s.term) for s in facts if isinstance(s, Said))
    return Lexicon(ontologies, found)


class Bounds(NamedTuple):
    """What the amounts of one kind are compared with.

    A value that may be several is compared as a whole: it agrees when all that it
    may be does.
    """

    operator: Operator
    span: Span

    def hold(self, low: float, high: float) -> bool:
        """Whether an amount agrees; of arrays, each."""
        first, last = self.span
        return _HOLD[self.operator](low, high, first, last)


_HOLD: Mapping[Operator, Callable[[float, float, float, float], bool]] = {
    Operator.EQUAL: lambda low, high, first, last: (low >= first) & (high <= last),
    Operator.NOT: lambda low, high, first, last: (low >= first) & (high <= last),
    Operator.LESS: lambda _low, high, first, _last: high < first,
    Operator.LESS_OR_EQUAL: lambda _low, high, _first, last: high <= last,
    Operator.GREATER: lambda low, _high, _first, last: low > last,
    Operator.GREATER_OR_EQUAL: lambda low, _high, first, _last: low >= first,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A filter, as what it asks of single statements of records of one type.

    Attributes:
        is_negated: whether statements that agree must be missing.
        term: the normal term asked for; ``None``: no term.
        spoken: fields in which the term, or what is meant with it, occurs; of a
            negated one that nobody has, those in which its relatives do.
        name: of the field asked for.
        text: what texts are compared with; ``None``: any text agrees.
        bounds: what amounts of each kind are compared with; empty: with nothing.
    """

    asked: Filter
    entry_type: str
    ontologies: Ontologies
    is_negated: bool
    term: str | None = None
    spoken: frozenset[str] = frozenset()
    name: str | None = None
    text: Wanted | None = None
    bounds: Mapping[Kind, Bounds] = field(default_factory=dict)

    def agrees(self, statement: Said | Worded) -> bool:
        """Whether a term or a text makes its record meet the filter."""
        if isinstance(statement, Worded):
            return self.is_named(statement.field) and self._reads(statement.text)
        if statement.is_denied:
            return False
        if self.term is not None and self.means(statement.term):
            return True
        return self.is_named(statement.field) and (
            self._reads(statement.term)
            or (statement.label is not None and self._reads(statement.label))
        )

    def speaks(self, statement: Said | Worded) -> bool:
        """Whether a term or a text says something of the kind asked for."""
        if isinstance(statement, Worded):
            return self.can_read and self.is_named(statement.field)
        if statement.is_denied:
            return self.term is not None and self.is_denied_by(statement.term)
        if statement.field in self.spoken:
            return True
        return self.can_read and self.is_named(statement.field)

    def is_named(self, key: str) -> bool:
        """Whether a field is the one asked for by name."""
        return self.name is not None and any(
            is_named(self.entry_type, key, name)
            for name in (self.name, normal(self.name))
        )

    def bounds_of(self, key: str, kind: Kind) -> Bounds | None:
        """Return what a field's amounts are compared with; ``None``: with nothing."""
        bounds = self.bounds.get(kind)
        return bounds if bounds is not None and self.is_named(key) else None

    @property
    def can_read(self) -> bool:
        """Whether texts can be compared with what is asked at all."""
        return self.text is not None

    def _reads(self, text: str) -> bool:
        return self.text is not None and self.text.is_in(text)

    def means(self, term: str) -> bool:
        """Whether a normal term is what is asked for."""
        asked = self.asked
        if self.term is None or not isinstance(asked, TermFilter):
            return False
        return is_meant(self.ontologies, asked, self.term, term)

    def is_denied_by(self, term: str) -> bool:
        """Whether "no ``term``" says something against what is asked for."""
        return self.term is not None and self.ontologies.is_within(self.term, term)


def is_meant(ontologies: Ontologies, asked: TermFilter, wanted: str, term: str) -> bool:
    """Whether a term is what a filter for ``wanted`` asks for."""
    if ontologies.is_same(term, wanted):
        return True
    if asked.descendants and ontologies.is_within(term, wanted):
        return True
    if asked.similarity is Similarity.EXACT:
        return False
    return ontologies.is_alike(wanted, term, asked.similarity)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A text to be found, in any case; ``None`` in ``parts`` stands for anything.

    Attributes:
        parts: what must stand one after the other, apart by any characters.
    """

    parts: tuple[str, ...] | None

    @property
    def literal(self) -> str | None:
        """The one text it finds, in no case; ``None``: it finds several."""
        parts = self.parts
        return parts[0] if parts is not None and len(parts) == 1 else None

    def is_in(self, text: str) -> bool:
        """Whether a text is what is wanted, from its beginning to its end."""
        if self.parts is None:
            return True
        folded = text.casefold()
        first, *others = self.parts
        if not others:
            return folded == first
        *middle, last = others
        at, end = len(first), len(folded) - len(last)
        if at > end or not (folded.startswith(first) and folded.endswith(last)):
            return False
        for part in middle:
            found = folded.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True


def literal(text: str) -> Wanted:
    """Return what finds a text as it is."""
    return Wanted((text.casefold(),))


def pattern(text: str) -> Wanted:
    """Return what finds a text in which ``%`` stands for any characters."""
    return Wanted(tuple(text.casefold().split(_WILD)))


ANYTHING = Wanted(None)


def criterion_of(asked: Filter, entry_type: str, lexicon: Lexicon) -> Criterion:
    """Return what a filter asks of the statements of one entry type's records."""
    if isinstance(asked, TermFilter):
        return _of_term(asked, entry_type, lexicon)
    return _of_field(asked, entry_type, lexicon)


def _of_term(asked: TermFilter, entry_type: str, lexicon: Lexicon) -> Criterion:
    term = normal(asked.id)
    spoken = lexicon.spoken(entry_type, asked)
    usual = USUAL_TERMS.get(entry_type, {})
    spoken |= {name for name, terms in usual.items() if term in terms}
    if asked.negated and not spoken:
        spoken = lexicon.kindred(entry_type, term)
    name, colon, value = asked.id.partition(":")
    return Criterion(
        asked=asked,
        entry_type=entry_type,
        ontologies=lexicon.ontologies,
        is_negated=asked.negated,
        term=term,
        spoken=spoken,
        name=name,
        text=literal(value) if colon else ANYTHING,
        bounds=_bounds(Operator.EQUAL, value) if colon else _anything(),
    )


def _anything() -> dict[Kind, Bounds]:
    every = Bounds(Operator.EQUAL, Span(-math.inf, math.inf))
    return {Kind.NUMBER: every, Kind.DATE: every, Kind.AGE: every}


def _of_field(asked: FieldFilter, entry_type: str, lexicon: Lexicon) -> Criterion:
    is_text = asked.operator in (Operator.EQUAL, Operator.NOT)
    return Criterion(
        asked=asked,
        entry_type=entry_type,
        ontologies=lexicon.ontologies,
        is_negated=asked.operator is Operator.NOT,
        name=asked.field,
        text=pattern(asked.value) if is_text else None,
        bounds=_bounds(asked.operator, asked.value),
    )


def _bounds(operator: Operator, value: str) -> dict[Kind, Bounds]:
    """Return a value as a number, a date and an age, where it is one."""
    seconds, number = duration_of(value), _finite(value)
    spans = {
        Kind.NUMBER: None if number is None else Span(number, number),
        Kind.DATE: date_of(value),
        Kind.AGE: None if seconds is None else Span(seconds, seconds),
    }
    return {kind: Bounds(operator, s) for kind, s in spans.items() if s is not None}


def is_met(asked: Filter, entry_type: str, facts: Facts, lexicon: Lexicon) -> bool:
    """Whether a record meets a filter: the meaning of filters."""
    return meets(criterion_of(asked, entry_type, lexicon), facts)


def meets(criterion: Criterion, facts: Facts) -> bool:
    """Whether a record meets what is asked of records of its type."""
    agrees = any(_agrees(criterion, statement) for statement in facts)
    if not criterion.is_negated:
        return agrees
    return not agrees and any(_speaks(criterion, statement) for statement in facts)


def _agrees(criterion: Criterion, statement: Statement) -> bool:
    if not isinstance(statement, Amount):
        return criterion.agrees(statement)
    bounds = criterion.bounds_of(statement.field, statement.kind)
    return bounds is not None and bounds.hold(statement.low, statement.high)


def _speaks(criterion: Criterion, statement: Statement) -> bool:
    if not isinstance(statement, Amount):
        return criterion.speaks(statement)
    return criterion.bounds_of(statement.field, statement.kind) is not None


def is_known(criterion: Criterion, statement: Statement) -> bool:
    """Whether a statement shows that a filter asks for what records here say."""
    if _speaks(criterion, statement):
        return True
    if criterion.term is None or not isinstance(statement, Said):
        return False
    speaks_it = prefix_of(statement.term) == prefix_of(criterion.term) != ""
    return speaks_it and criterion.ontologies.knows(criterion.term)
