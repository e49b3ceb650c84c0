"""What the documents of a set say, and which postings answer a filter.  Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.facts import Lexicon, Said, Worded
from beacon.model.filters import Similarity
from beacon.model.ontology import normal, prefix_of
from beacon.store.postings import Region, number_of
from beacon.store.remembered import Remembered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from beacon.model.facts import Bounds, Criterion, Statement, Wanted
    from beacon.model.filters import TermFilter
    from beacon.model.ontology import Ontologies
    from beacon.store.postings import Contents, Entry

_ENTRY_BYTES = 600
_SIMILAR = 100_000
"""How many terms are remembered of all that were found similar to others."""


class Compared(NamedTuple):
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
    columns: tuple[Compared, ...]
    is_known: bool


class Vocabulary:
    """The vocabulary of one set."""

    def __init__(self, contents: Contents) -> None:
        self.contents = contents
        self._by_term: dict[str, list[int]] = {}
        self._by_field: dict[str, list[int]] = {}
        self._by_text: dict[tuple[str, str], list[int]] = {}
        for index, entry in enumerate(contents.entries):
            said = entry.statement
            self._by_field.setdefault(said.field, []).append(index)
            if isinstance(said, Said):
                self._by_term.setdefault(said.term, []).append(index)
            for text in _texts(said):
                self._by_text.setdefault((said.field, text), []).append(index)
        self._prefixes = frozenset(map(prefix_of, self._by_term))
        said_terms = (e.statement for e in contents.entries)
        self.places = frozenset(
            (s.field, s.term) for s in said_terms if isinstance(s, Said)
        )

    def __len__(self) -> int:
        return len(self.contents.entries)

    @property
    def weight(self) -> int:
        """About how many bytes it takes."""
        return _ENTRY_BYTES * (len(self.contents.entries) + 1)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All statements, by their index."""
        return self.contents.entries

    def choose(
        self, criterion: Criterion, meant: Iterable[str], denying: Iterable[str]
    ) -> Chosen:
        """Return what answers a filter.

        Args:
            criterion: the filter.
            meant: the terms it asks for, as far as they occur.
            denying: the terms that, said to be absent, speak against them.
        """
        agree = dict.fromkeys(self._agreeing(criterion, meant))
        speak = dict.fromkeys(self._speaking(criterion, denying))
        columns = tuple(self._columns(criterion))
        return Chosen(
            agree=tuple(agree),
            speak=tuple(speak) if criterion.is_negated else (),
            columns=columns,
            is_known=bool(agree or speak or columns) or self._is_spoken(criterion),
        )

    def _agreeing(self, criterion: Criterion, meant: Iterable[str]) -> Iterator[int]:
        """Yield the postings of statements that agree."""
        for term in meant:
            for place in self._by_term.get(term, ()):
                if not self._denies(place):
                    yield number_of(Region.STATEMENT, place)
        for name, places in self._by_field.items():
            if criterion.is_named(name):
                for place in self._candidates(name, places, criterion.text):
                    if criterion.agrees(self.entries[place].statement):
                        yield number_of(Region.STATEMENT, place)

    def _candidates(
        self, name: str, places: Sequence[int], text: Wanted | None
    ) -> Sequence[int]:
        """Return which statements of a field may read as a text that is wanted."""
        if text is None:
            return ()
        literal = text.literal
        return places if literal is None else self._by_text.get((name, literal), ())

    def _speaking(self, criterion: Criterion, denying: Iterable[str]) -> Iterator[int]:
        """Yield the postings of all that say something of the kind."""
        for term in denying:
            for place in self._by_term.get(term, ()):
                if self._denies(place):
                    yield number_of(Region.STATEMENT, place)
        for name, spoken in self.contents.fields.items():
            is_named = criterion.can_read and criterion.is_named(name)
            if spoken.terms is not None and (is_named or name in criterion.spoken):
                yield number_of(Region.FIELD, spoken.terms)
            if spoken.texts is not None and is_named:
                yield number_of(Region.FIELD, spoken.texts)

    def _columns(self, criterion: Criterion) -> Iterator[Compared]:
        for index, (name, kind, rows) in enumerate(self.contents.columns):
            bounds = criterion.bounds_of(name, kind)
            if bounds is not None:
                yield Compared(index, rows, bounds)

    def _is_spoken(self, criterion: Criterion) -> bool:
        """Whether records here use the ontology that a term is known from."""
        term = criterion.term
        if term is None or not prefix_of(term):
            return False
        return prefix_of(term) in self._prefixes and criterion.ontologies.knows(term)

    def _denies(self, index: int) -> bool:
        said = self.entries[index].statement
        return isinstance(said, Said) and said.is_denied


def _texts(said: Statement) -> set[str]:
    """Return all that a statement reads as, in no case."""
    if isinstance(said, Said):
        return {text.casefold() for text in (said.term, said.label) if text is not None}
    return {said.text.casefold()} if isinstance(said, Worded) else set()


class IndexedLexicon(Lexicon):
    """A lexicon that finds what is meant without looking at every term."""

    def __init__(
        self,
        ontologies: Ontologies,
        places: Mapping[str, Iterable[tuple[str, str]]],
    ) -> None:
        super().__init__(ontologies, places)
        self._same: dict[str, dict[str, list[str]]] = {}
        self._below: dict[str, dict[str, list[str]]] = {}
        self._similar: Remembered[object, frozenset[str]] = Remembered(_SIMILAR)
        for entry_type, terms in self.fields.items():
            same = self._same.setdefault(entry_type, {})
            below = self._below.setdefault(entry_type, {})
            for term in terms:
                same.setdefault(ontologies.same(term), []).append(term)
                for wider in ontologies.above(term):
                    below.setdefault(wider, []).append(term)

    def meant(self, entry_type: str, asked: TermFilter) -> frozenset[str]:
        """Return the terms that occur and are what a filter asks for."""
        if asked.similarity is not Similarity.EXACT:
            return self._alike(entry_type, asked)
        index = self._below if asked.descendants else self._same
        wanted = self.ontologies.same(normal(asked.id))
        return frozenset(index.get(entry_type, {}).get(wanted, ()))

    def _alike(self, entry_type: str, asked: TermFilter) -> frozenset[str]:
        """Return what is meant by a filter for similar terms, as it was last found."""
        key = (entry_type, replace(asked, negated=False, scope=None))
        known = self._similar.get(key)
        if known is None:
            known = super().meant(entry_type, asked)
            self._similar.keep(key, known, len(known) + len(asked.id))
        return known

    def within(self, entry_type: str, wider: str) -> Iterable[str]:
        """Return the terms that occur and are a normal term, or narrower than it."""
        below = self._below.get(entry_type, {})
        return below.get(self.ontologies.same(wider), ())

    def denying(self, entry_type: str, term: str) -> frozenset[str]:
        """Return the terms that occur and are a normal term, or wider than it."""
        same = self._same.get(entry_type, {})
        above = self.ontologies.above(term)
        return frozenset(t for wider in above for t in same.get(wider, ()))
