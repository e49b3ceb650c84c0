"""The naive twin of the documents in a store: lists, and ``is_met`` of each record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from beacon.model.entry_types import DOCUMENTED
from beacon.model.facts import criterion_of, facts_of, is_known, is_met, lexicon_of
from beacon.model.filters import FieldFilter, Operator, TermFilter
from beacon.model.records import LINKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beacon.model.facts import Facts, Lexicon
    from beacon.model.filters import Clauses, Filter
    from beacon.model.ontology import Ontologies
    from beacon.model.records import Json, Record

INDIVIDUAL = DOCUMENTED[0]
UNNAMED, MISSING = object(), object()


@dataclass
class NaiveDataset:
    """What one dataset holds."""

    sets: dict[str, list[Record]]
    record: Json | None = None
    cohorts: tuple[Record, ...] = ()
    facts: dict[str, dict[str, Facts]] = field(init=False)

    def __post_init__(self) -> None:
        """Read every record once."""
        self.facts = {
            name: {r.id: facts_of(name, r.document) for r in records}
            for name, records in self.sets.items()
        }

    def all_facts(self) -> Iterator[tuple[str, Facts]]:
        """Yield what every record says."""
        for name, facts in self.facts.items():
            yield from ((name, f) for f in facts.values())
        if self.record is not None:
            yield "dataset", facts_of("dataset", self.record)
        for cohort in self.cohorts:
            yield "cohort", facts_of("cohort", cohort.document)

    def one(self, entry_type: str, identity: str) -> Record | None:
        """Return a record by its id."""
        records = self.sets.get(entry_type, [])
        return next((r for r in records if r.id == identity), None)

    def above(self, entry_type: str, record: Record, goal: str) -> object:
        """Return the id of what a record belongs to, or why there is none."""
        link = next(n for n, t in LINKS[entry_type].items() if t == goal)
        named = record.links.get(link)
        if named is not None:
            return MISSING if self.one(goal, named) is None else named
        between = DOCUMENTED[DOCUMENTED.index(goal) + 1 : DOCUMENTED.index(entry_type)]
        for nearer in between:
            through = self.above(entry_type, record, nearer)
            if through is MISSING:
                return MISSING
            if through is not UNNAMED:
                beyond = self.above(nearer, self.one(nearer, through), goal)
                if beyond is not UNNAMED:
                    return beyond
        return UNNAMED

    def person(self, entry_type: str, record: Record) -> str | None:
        """Return the id of a record's individual."""
        if entry_type == INDIVIDUAL:
            return record.id
        named = record.links.get("individualId")
        if named is not None:
            return named
        for nearer in DOCUMENTED[1 : DOCUMENTED.index(entry_type)]:
            through = self.above(entry_type, record, nearer)
            if through is not MISSING and through is not UNNAMED:
                person = self.person(nearer, self.one(nearer, through))
                if person is not None:
                    return person
        return None

    def belong(self, first: str, one: Record, second: str, other: Record) -> bool:
        """Whether two records belong together."""
        if first == second:
            return one.id == other.id
        if DOCUMENTED.index(first) > DOCUMENTED.index(second):
            return self.belong(second, other, first, one)
        above = self.above(second, other, first)
        if above is not UNNAMED or first == INDIVIDUAL:
            return above == one.id
        person = self.person(second, other)
        return person is not None and person == self.person(first, one)

    def project(self, ids: set[str], start: str, goal: str) -> set[str]:
        """Return the records of one type that belong with some of another."""
        return {
            other.id
            for other in self.sets.get(goal, [])
            for one in self.sets.get(start, [])
            if one.id in ids and self.belong(start, one, goal, other)
        }

    def members(self, cohort: Record) -> set[str]:
        """Return the individuals of a cohort."""
        people = {r.id for r in self.sets.get(INDIVIDUAL, [])}
        return people if cohort.members is None else people & set(cohort.members)


@dataclass
class Naive:
    """Some datasets that are asked together."""

    datasets: Sequence[NaiveDataset]
    ontologies: Ontologies

    @property
    def lexicon(self) -> Lexicon:
        """What is known of all of them."""
        every = (said for dataset in self.datasets for said in dataset.all_facts())
        return lexicon_of(every, self.ontologies)

    def select(self, clauses: Clauses, about: str) -> list[set[str]]:
        """Return the ids of the records that meet every clause."""
        lexicon = self.lexicon
        return [
            {r.id for r in dataset.sets.get(about, [])}.intersection(
                *(
                    set().union(*(_met(dataset, f, about, lexicon) for f in clause))
                    for clause in clauses
                )
            )
            for dataset in self.datasets
        ]

    def unknown(self, clauses: Clauses, about: str) -> set[str]:
        """Return the filters that nothing here answers to."""
        lexicon = self.lexicon
        judged = [d for d in self.datasets if about in d.sets]
        every = [f for clause in clauses for f in clause]
        return {
            asked.text
            for asked in every
            if all(
                any(not _is_known(d, f, lexicon) for f in every if f.text == asked.text)
                for d in judged
            )
        }


def _is_known(
    dataset: NaiveDataset,
    asked: Filter,
    lexicon: Lexicon,
    unscoped: Sequence[str] = (*DOCUMENTED, "dataset"),
) -> bool:
    scopes = unscoped if asked.scope is None else (asked.scope,)
    return any(
        is_known(criterion_of(asked, name, lexicon), statement)
        for name, facts in dataset.all_facts()
        if name in scopes
        for statement in facts
    )


def _met(
    dataset: NaiveDataset, asked: Filter, about: str, lexicon: Lexicon
) -> set[str]:
    """Return the ids of the records that meet one filter."""
    everything = {r.id for r in dataset.sets.get(about, [])}
    is_of_documents = _is_known(dataset, asked, lexicon, DOCUMENTED)
    if asked.scope == "dataset" or (asked.scope is None and not is_of_documents):
        has = dataset.record is not None and is_met(
            asked, "dataset", facts_of("dataset", dataset.record), lexicon
        )
        return everything if has else set()
    if asked.scope == "cohort":
        people: set[str] = set()
        for cohort in dataset.cohorts:
            if is_met(asked, "cohort", facts_of("cohort", cohort.document), lexicon):
                people |= dataset.members(cohort)
        return dataset.project(people, INDIVIDUAL, about)
    if asked.scope is not None:
        return dataset.project(
            _of(dataset, asked, asked.scope, lexicon), asked.scope, about
        )
    found = set()
    out: set[str] = set()
    for name in dataset.sets:
        found |= dataset.project(_of(dataset, asked, name, lexicon), name, about)
        plain = _unnegated(asked)
        if plain is not None:
            out |= dataset.project(_of(dataset, plain, name, lexicon), name, about)
    return found - out


def _of(dataset: NaiveDataset, asked: Filter, name: str, lexicon: Lexicon) -> set[str]:
    facts = dataset.facts.get(name, {})
    return {i for i, said in facts.items() if is_met(asked, name, said, lexicon)}


def _unnegated(asked: Filter) -> Filter | None:
    """Return a filter without its negation; ``None``: it has none."""
    if isinstance(asked, TermFilter):
        if not asked.negated:
            return None
        return TermFilter(
            id=asked.id, descendants=asked.descendants, similarity=asked.similarity
        )
    if asked.operator is not Operator.NOT:
        return None
    return FieldFilter(field=asked.field, operator=Operator.EQUAL, value=asked.value)
