"""Ontologies: which term is narrower than which, and how alike two are.

A term is a CURIE; its prefix is compared without regard to case, the rest exactly.
``EFO_0005056`` is ``EFO:0005056``, and so is an IRI that ends in it.  What is not
loaded has no narrower terms.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from beacon.model.filters import Similarity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_CURIE = re.compile(r"([A-Za-z][A-Za-z0-9._-]*):(\S.*)", re.DOTALL)
_UNDERSCORED = re.compile(r"([A-Za-z][A-Za-z0-9]*)_(\S+)", re.ASCII)
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_IRI = re.compile(r"https?://\S*[/#]([A-Za-z][A-Za-z0-9]*)[_:](\S+)", re.IGNORECASE)
_SAME: Mapping[str, str] = MappingProxyType(
    {"ORPHANET": "ORPHA", "MIM": "OMIM", "SNOMEDCT": "SNOMED"}
)
"""Prefixes of one list of terms that are written in several ways."""
ALIKE: Mapping[Similarity, float] = MappingProxyType(
    {Similarity.HIGH: 0.75, Similarity.MEDIUM: 0.5, Similarity.LOW: 0.25}
)
"""The share of ancestors that two terms must have in common to be that alike."""


def normal(term: str) -> str:
    """Return the one spelling of a term that is compared."""
    term = term.strip()
    if _ADDRESS.match(term):
        found = _IRI.fullmatch(term)
    else:
        found = _CURIE.fullmatch(term) or _UNDERSCORED.fullmatch(term)
    if found is None:
        return term
    prefix = found[1].upper()
    return f"{_SAME.get(prefix, prefix)}:{found[2]}"


def prefix_of(term: str) -> str:
    """Return the prefix of a normal term; empty where it has none."""
    if ":" not in term or _ADDRESS.match(term):
        return ""
    return term.partition(":")[0]


def normal_prefix(prefix: str) -> str:
    """Return the one spelling of a prefix that is compared."""
    return prefix_of(normal(f"{prefix}:0"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """One term of an ontology.

    Attributes:
        parents: terms it is directly narrower than.
        alternatives: other ids of the same term.
    """

    id: str
    label: str | None = None
    parents: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()


class Hierarchy:
    """The terms of one ontology.

    ``text`` is how one is kept: a line a term, four columns, tab separated (id,
    label, parents, alternative ids), several ids of a column apart by blanks.
    """

    def __init__(self, concepts: Iterable[Concept]) -> None:
        self._parents: dict[str, tuple[str, ...]] = {}
        self._labels: dict[str, str] = {}
        self._same: dict[str, str] = {}
        self._above: dict[str, frozenset[str]] = {}
        for concept in concepts:
            term = normal(concept.id)
            self._parents[term] = tuple(map(normal, concept.parents))
            if concept.label is not None:
                self._labels[term] = concept.label
            for other in concept.alternatives:
                self._same[normal(other)] = term
        for term in self._parents:
            self._same.pop(term, None)

    def __contains__(self, term: str) -> bool:
        return term in self._parents or term in self._same

    def __iter__(self) -> Iterator[str]:
        return iter(self._parents)

    def __len__(self) -> int:
        return len(self._parents)

    @classmethod
    def from_text(cls, text: bytes) -> Hierarchy:
        """Return the hierarchy that a text keeps."""
        return cls(map(_concept, text.decode().split("\n")[:-1]))

    def same(self, term: str) -> str:
        """Return the id that stands for a term and its alternative ids."""
        return self._same.get(term, term)

    def label(self, term: str) -> str | None:
        """Return the label of a term; ``None``: it has none here."""
        return self._labels.get(self.same(term))

    def above(self, term: str) -> frozenset[str]:
        """Return a term and everything it is narrower than."""
        first = self.same(term)
        known = self._above.get(first)
        if known is None:
            found, left = {first}, [first]
            while left:
                parents = map(self.same, self._parents.get(left.pop(), ()))
                new = [p for p in parents if p not in found]
                found.update(new)
                left.extend(new)
            known = self._above[first] = frozenset(found)
        return known

    def descendants(self, term: str) -> frozenset[str]:
        """Return a term and everything narrower than it."""
        wanted = self.same(term)
        return frozenset(
            {wanted, *(t for t in self._parents if wanted in self.above(t))}
        )

    def likeness(self, one: str, other: str) -> float:
        """Return the share of their ancestors, and themselves, two terms share."""
        mine, theirs = self.above(one), self.above(other)
        return len(mine & theirs) / len(mine | theirs)


def text_of(concepts: Iterable[Concept]) -> bytes:
    """Return how the terms of an ontology are kept."""
    return "".join(map(_line, concepts)).encode()


def _line(concept: Concept) -> str:
    columns = (
        concept.id,
        " ".join((concept.label or "").split()),
        " ".join(concept.parents),
        " ".join(concept.alternatives),
    )
    return "\t".join(columns) + "\n"


def _concept(line: str) -> Concept:
    term, label, parents, alternatives = line.split("\t")
    return Concept(
        id=term,
        label=label or None,
        parents=tuple(parents.split()),
        alternatives=tuple(alternatives.split()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ontologies:
    """All hierarchies that are loaded.

    Attributes:
        by_prefix: each by the prefix of its terms, in upper case.
        version: another one whenever any of them was loaded.
    """

    by_prefix: Mapping[str, Hierarchy] = field(default_factory=dict)
    version: int = 0
    _foreign: dict[str, list[Hierarchy]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Note the terms that stand in an ontology of another prefix."""
        for prefix, hierarchy in self.by_prefix.items():
            for term in hierarchy:
                if prefix_of(term) != prefix:
                    self._foreign.setdefault(term, []).append(hierarchy)

    def knows(self, term: str) -> bool:
        """Whether a normal term is one of a loaded hierarchy."""
        hierarchy = self.by_prefix.get(prefix_of(term))
        return hierarchy is not None and term in hierarchy

    def label(self, term: str) -> str | None:
        """Return the label of a normal term; ``None``: none is loaded."""
        hierarchy = self.by_prefix.get(prefix_of(term))
        return None if hierarchy is None else hierarchy.label(term)

    def is_same(self, one: str, other: str) -> bool:
        """Whether two normal terms are one, be it by an alternative id."""
        return one == other or self.same(one) == self.same(other)

    def is_within(self, term: str, wider: str) -> bool:
        """Whether a normal term is another one, or narrower than it."""
        return term == wider or self.same(wider) in self.above(term)

    def above(self, term: str) -> frozenset[str]:
        """Return a normal term and everything it is narrower than.

        Also what another ontology says of it: EFO has terms of MONDO below its own.
        """
        found = self._own(term)
        left = [t for t in found if t in self._foreign]
        while left:
            here = left.pop()
            wider = (w for h in self._foreign[here] for w in h.above(here))
            new = frozenset().union(*map(self._own, wider)) - found
            found |= new
            left.extend(t for t in new if t in self._foreign)
        return found

    def _own(self, term: str) -> frozenset[str]:
        hierarchy = self.by_prefix.get(prefix_of(term))
        return frozenset((term,)) if hierarchy is None else hierarchy.above(term)

    def is_alike(self, one: str, other: str, similarity: Similarity) -> bool:
        """Whether two terms of one hierarchy are at least that alike."""
        least = ALIKE.get(similarity)
        hierarchy = self.by_prefix.get(prefix_of(one))
        if least is None or hierarchy is None:
            return False
        if one not in hierarchy or other not in hierarchy:
            return False
        return hierarchy.likeness(one, other) >= least

    def same(self, term: str) -> str:
        """Return the id that stands for a normal term and its alternative ids."""
        hierarchy = self.by_prefix.get(prefix_of(term))
        return term if hierarchy is None else hierarchy.same(term)


NO_ONTOLOGIES = Ontologies()
