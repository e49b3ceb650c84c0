"""Filters judged on a few records in memory: datasets, cohorts, invented people.

What a filter means of one record is ``facts.is_met``; here it is asked of records
that stand beside each other, each at its place, one list for each entry type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model.facts import criterion_of, facts_of, is_known, lexicon_of, meets
from beacon.model.ontology import NO_ONTOLOGIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from beacon.model.facts import Criterion, Facts
    from beacon.model.filters import Clauses, Filter
    from beacon.model.ontology import Ontologies
    from beacon.model.records import Json


class Judge:
    """Says which places meet filters.

    Args:
        records: by entry type, one record for each place; records at one place
            belong together, so that a filter on any of them is met by all.
        ontologies: which terms are narrower than which.
    """

    def __init__(
        self,
        records: Mapping[str, Sequence[Json]],
        ontologies: Ontologies = NO_ONTOLOGIES,
    ) -> None:
        self._facts = {
            entry_type: [facts_of(entry_type, each) for each in documents]
            for entry_type, documents in records.items()
        }
        self._lexicon = lexicon_of(
            (
                (entry_type, facts)
                for entry_type, each in self._facts.items()
                for facts in each
            ),
            ontologies,
        )

    @property
    def places(self) -> frozenset[int]:
        """Every place that holds a record."""
        return frozenset(n for each in self._facts.values() for n in range(len(each)))

    def narrowed(self, clauses: Clauses) -> tuple[frozenset[int], tuple[str, ...]]:
        """Return the places that meet all clauses, and what nothing here answers to."""
        kept = self.places
        for clause in clauses:
            kept &= frozenset(n for each in clause for n in self.met_by(each))
        every = dict.fromkeys(each for clause in clauses for each in clause)
        return kept, tuple(each.text for each in every if not self.is_known(each))

    def met_by(self, asked: Filter) -> frozenset[int]:
        """Return the places at which a record of the filter's scope meets it."""
        return frozenset(
            place
            for criterion, records in self._in_scope(asked)
            for place, facts in enumerate(records)
            if meets(criterion, facts)
        )

    def is_known(self, asked: Filter) -> bool:
        """Whether any record says something of what a filter asks for."""
        return any(
            is_known(criterion, statement)
            for criterion, records in self._in_scope(asked)
            for facts in records
            for statement in facts
        )

    def _in_scope(self, asked: Filter) -> Iterator[tuple[Criterion, Sequence[Facts]]]:
        for entry_type, records in self._facts.items():
            if asked.scope in (None, entry_type):
                yield criterion_of(asked, entry_type, self._lexicon), records
