"""What the documents of a set say, and which postings answer a filter.  Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from beacon.model.facts import Said
from beacon.model.ontology import prefix_of
from beacon.store.postings import Region, number_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from beacon.model.facts import Bounds, Criterion
    from beacon.store.postings import Contents, Entry

_ENTRY_BYTES = 400


class Wanted(NamedTuple):
    """One column to be compared.

    Attributes:
        column: its index.
        rows: how many it has.
    """

    column: int
    rows: int
    bounds: Bounds


class Chosen(NamedTuple):
    """What answers a filter in one set.

    Attributes:
        agree: numbers of the postings of records that meet it, negation aside.
        speak: numbers of the postings of records that say something of the kind;
            only of a negated one.
        columns: to be compared, in addition.
        is_known: whether records here say anything of what is asked for.
    """

    agree: tuple[int, ...]
    speak: tuple[int, ...]
    columns: tuple[Wanted, ...]
    is_known: bool


class Vocabulary:
    """The vocabulary of one set."""

    def __init__(self, contents: Contents) -> None:
        self.contents = contents
        self._by_term: dict[str, list[int]] = {}
        self._by_field: dict[str, list[int]] = {}
        for index, entry in enumerate(contents.entries):
            said = entry.statement
            self._by_field.setdefault(said.field, []).append(index)
            if isinstance(said, Said):
                self._by_term.setdefault(said.term, []).append(index)
        self._prefixes = frozenset(map(prefix_of, self._by_term))
        said_terms = (e.statement for e in contents.entries)
        self.places = frozenset(
            (s.field, s.term) for s in said_terms if isinstance(s, Said)
        )

    @property
    def weight(self) -> int:
        """About how many bytes it takes."""
        return _ENTRY_BYTES * (len(self.contents.entries) + 1)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All statements, by their index."""
        return self.contents.entries

    def choose(self, criterion: Criterion) -> Chosen:
        """Return what answers a filter."""
        agree = dict.fromkeys(self._agreeing(criterion))
        speak = dict.fromkeys(self._speaking(criterion))
        columns = tuple(self._columns(criterion))
        return Chosen(
            agree=tuple(agree),
            speak=tuple(speak) if criterion.is_negated else (),
            columns=columns,
            is_known=bool(agree or speak or columns) or self._is_spoken(criterion),
        )

    def _agreeing(self, criterion: Criterion) -> Iterator[int]:
        """Yield the postings of statements that agree."""
        for term, places in self._by_term.items():
            if criterion.means(term):
                yield from self._statements(p for p in places if not self._denies(p))
        for name, places in self._by_field.items():
            if criterion.is_named(name):
                said = ((p, self.entries[p].statement) for p in places)
                yield from self._statements(p for p, s in said if criterion.agrees(s))

    def _speaking(self, criterion: Criterion) -> Iterator[int]:
        """Yield the postings of all that say something of the kind."""
        for term, places in self._by_term.items():
            denials = [p for p in places if self._denies(p)]
            if denials and criterion.is_denied_by(term):
                yield from self._statements(iter(denials))
        for name, spoken in self.contents.fields.items():
            is_named = criterion.can_read and criterion.is_named(name)
            if spoken.terms is not None and (is_named or name in criterion.spoken):
                yield number_of(Region.FIELD, spoken.terms)
            if spoken.texts is not None and is_named:
                yield number_of(Region.FIELD, spoken.texts)

    def _columns(self, criterion: Criterion) -> Iterator[Wanted]:
        for index, (name, kind, rows) in enumerate(self.contents.columns):
            bounds = criterion.bounds_of(name, kind)
            if bounds is not None:
                yield Wanted(index, rows, bounds)

    def _is_spoken(self, criterion: Criterion) -> bool:
        """Whether records here use the ontology that a term is known from."""
        term = criterion.term
        if term is None or not prefix_of(term):
            return False
        return prefix_of(term) in self._prefixes and criterion.ontologies.knows(term)

    def _denies(self, index: int) -> bool:
        said = self.entries[index].statement
        return isinstance(said, Said) and said.is_denied

    @staticmethod
    def _statements(places: Iterator[int]) -> Iterator[int]:
        return (number_of(Region.STATEMENT, place) for place in places)
