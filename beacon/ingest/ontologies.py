"""Ontologies: files of terms → what the store keeps of which term is narrower.

The Human Phenotype Ontology is found where it is installed, and loaded when the
first documents need it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from beacon.model.ontology import Concept, normal_prefix, text_of
from loaders.ontologies import hpo_path, read_ontology

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from beacon.store.releases import Catalogue
    from loaders.ontologies import Ontology

HP = "HP"
"""The prefix of the Human Phenotype Ontology."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchies:
    """Which of the terms that documents use have narrower terms here.

    Attributes:
        loaded: the ontology that was loaded for them; ``None``: none was.
        without: prefixes of terms of which no ontology is loaded.
    """

    loaded: Ontology | None
    without: tuple[str, ...]


def load_ontologies(
    catalogue: Catalogue | None, paths: Sequence[Path]
) -> list[Ontology]:
    """Load ontologies, each in place of the last one of its prefix.

    Args:
        catalogue: the store's; ``None``: only read.
        paths: files in OBO or obographs JSON.

    Raises:
        ReadError: a file cannot be read; nothing was stored.
        StoreUnavailable: the database was lost.
    """
    found = [read_ontology(path) for path in paths]
    if catalogue is not None:
        for ontology in found:
            _keep(catalogue, ontology)
    return found


def with_hierarchies(catalogue: Catalogue, prefixes: Collection[str]) -> Hierarchies:
    """Load what is installed of the ontologies of some terms, and tell what lacks.

    Args:
        catalogue: the store's.
        prefixes: of the terms, in upper case.
    """
    known = catalogue.ontologies()
    path = hpo_path() if HP in prefixes and HP not in known else None
    loaded = None if path is None else read_ontology(path)
    if loaded is not None:
        _keep(catalogue, loaded)
    without = (
        set(map(normal_prefix, prefixes)) - set(known) - ({HP} if loaded else set())
    )
    return Hierarchies(loaded=loaded, without=tuple(sorted(without)))


def _keep(catalogue: Catalogue, ontology: Ontology) -> None:
    concepts = (
        Concept(
            id=term.id,
            label=term.label,
            parents=tuple(term.parents),
            alternatives=tuple(dict.fromkeys(term.alternatives)),
        )
        for term in ontology.terms
    )
    catalogue.keep_ontology(normal_prefix(ontology.prefix), text_of(concepts))
