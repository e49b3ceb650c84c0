"""What a dataset's annotations say of an allele, and what may be asked of them.

An annotation is a claim of the file's maker (VEP, SnpEff, ClinVar), kept beside
the allele it is about; counts and places are unknown here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from beacon.model.protein import (
    is_replacement,
    is_same_change,
    may_be_same_change,
    places,
    protein_change,
    short_form,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")


class Kind(StrEnum):
    """What an annotation can speak of; the letters it is kept under."""

    GENE = "g"
    EFFECT = "e"
    PROTEIN = "p"
    IDENTIFIER = "x"
    HGVS = "h"


class Unread(StrEnum):
    """What of an annotation could not be understood: a "no" must not rest on it."""

    WHOLE = "whole"
    MISSING = "missing"
    GENE = "gene"
    EFFECT = "effect"
    PROTEIN = "protein"
    LENGTH = "length"


_OF_ANYTHING = (Unread.WHOLE, Unread.MISSING)
"""``MISSING``: nothing annotates the allele, but others of its dataset are."""


class Annotation(NamedTuple):
    """Everything one dataset says of one allele; empty where it says nothing.

    A tuple, because loaders make millions of them.

    Attributes:
        genes: symbols and then gene ids, as written in the file.
        effects: Sequence Ontology ids (``SO:0001583``), without repeats.
        protein_changes: one-letter, without ``p.`` (``V600E``).
        identifiers: ``rs…`` numbers in lower case.
        transcript_hgvs, protein_hgvs: as written in the file.
        clinvar: ClinVar variation id.
        significance: ClinVar's words, as ``Likely_benign``.
        conditions: ClinVar's condition names.
        unread: what more the file says that could not be understood.
    """

    genes: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    protein_changes: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    transcript_hgvs: tuple[str, ...] = ()
    protein_hgvs: tuple[str, ...] = ()
    clinvar: str | None = None
    significance: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()

    @property
    def hgvs(self) -> tuple[str, ...]:
        """Every HGVS name of it, of transcripts and proteins."""
        return (*self.transcript_hgvs, *self.protein_hgvs)


MOST_GENES, MOST_EFFECTS, MOST_CHANGES = 100, 100, 200
MOST_IDENTIFIERS, MOST_HGVS, MOST_CONDITIONS = 50, 200, 50
"""What is kept of one allele; more than that is counted and marked as unread."""

_GENE_ID = re.compile(r"ENS[A-Z]{0,6}G[0-9]+(?:\.[0-9]+)?\Z|[0-9]+\Z")


def symbols_first(genes: list[str]) -> list[str]:
    """Return genes, those named by an id last."""
    if len(genes) < 2:
        return genes
    return sorted(genes, key=lambda gene: _GENE_ID.match(gene) is not None)


def united(annotations: Iterable[Annotation]) -> Annotation | None:
    """Return what several records, spellings or parts say of one allele together.

    Nothing annotates it only where none of them does.
    """
    found = list(dict.fromkeys(annotations))
    if len(found) < 2:
        return found[0] if found else None
    unread = [why for one in found for why in one.unread]
    if not all(Unread.MISSING in one.unread for one in found):
        unread = [why for why in unread if why is not Unread.MISSING]
    genes = _once(symbols_first([gene for one in found for gene in one.genes]))
    effects = _once(term for one in found for term in one.effects)
    changes = _once(change for one in found for change in one.protein_changes)
    names = _once(name for one in found for name in one.identifiers)
    bounded = [
        (genes, MOST_GENES),
        (effects, MOST_EFFECTS),
        (changes, MOST_CHANGES),
        (names, MOST_IDENTIFIERS),
    ]
    unread += (Unread.WHOLE for values, most in bounded if len(values) > most)
    transcripts = _once(name for one in found for name in one.transcript_hgvs)
    proteins = _once(name for one in found for name in one.protein_hgvs)
    significance = _once(word for one in found for word in one.significance)
    conditions = _once(name for one in found for name in one.conditions)
    return Annotation(
        genes=genes[:MOST_GENES],
        effects=effects[:MOST_EFFECTS],
        protein_changes=changes[:MOST_CHANGES],
        identifiers=names[:MOST_IDENTIFIERS],
        transcript_hgvs=transcripts[:MOST_HGVS],
        protein_hgvs=proteins[:MOST_HGVS],
        clinvar=next((one.clinvar for one in found if one.clinvar), None),
        significance=significance[:MOST_CONDITIONS],
        conditions=conditions[:MOST_CONDITIONS],
        unread=_once(unread),
    )


def _once(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationPattern:
    """What is asked of annotations.  Every given part must hold.

    Attributes:
        genes: symbols of ONE gene (approved, previous, alias); any of them.
        effects: for each effect asked, the Sequence Ontology ids that are it.
        protein_change: one-letter, without ``p.``.
        identifier: ``rs…`` in lower case, or a VRS id ``ga4gh:VA.…``.
        hgvs: a transcript or protein HGVS name; its version is not compared.
    """

    genes: tuple[str, ...] = ()
    effects: tuple[tuple[str, ...], ...] = ()
    protein_change: str | None = None
    identifier: str | None = None
    hgvs: str | None = None

    @property
    def kinds(self) -> frozenset[Kind]:
        """What an annotation must speak of to answer this."""
        asked = {
            Kind.GENE: bool(self.genes),
            Kind.EFFECT: bool(self.effects),
            Kind.PROTEIN: self.protein_change is not None,
            Kind.IDENTIFIER: self.identifier is not None,
            Kind.HGVS: self.hgvs is not None,
        }
        return frozenset(kind for kind, is_asked in asked.items() if is_asked)

    def matches(self, annotation: Annotation | None) -> bool:
        """Whether an annotation says what is asked; without one it does not."""
        if annotation is None:
            return False
        return (
            self._names_gene(annotation)
            and self._has_effects(annotation)
            and self._changes_protein(annotation)
            and self.identifier in (None, *annotation.identifiers)
            and self._has_hgvs(annotation)
        )

    def has_version(self, annotation: Annotation) -> bool:
        """Whether an annotation holds the HGVS name in the version asked for."""
        if self.hgvs is None or unversioned(self.hgvs) == _plain(self.hgvs):
            return True
        return _plain(self.hgvs) in map(_plain, annotation.hgvs)

    def may_match(self, annotation: Annotation) -> bool:
        """Whether what could not be read of an annotation may be what is asked."""
        unread = annotation.unread
        if not set(_OF_ANYTHING).isdisjoint(unread):
            return True
        return (
            (Unread.GENE in unread or self._names_gene(annotation))
            and (Unread.EFFECT in unread or self._has_effects(annotation))
            and self._may_change(annotation)
            and self.identifier in (None, *annotation.identifiers)
            and self._has_hgvs(annotation)
            and not self.matches(annotation)
        )

    def _may_change(self, annotation: Annotation) -> bool:
        """Whether a change of the protein, read or not, may be the one asked.

        One that adds or removes amino acids does not replace one by another.
        """
        asked, unread = self.protein_change, annotation.unread
        if asked is None or Unread.PROTEIN in unread:
            return True
        if Unread.LENGTH in unread and not is_replacement(asked):
            return True
        changes = annotation.protein_changes
        return any(may_be_same_change(asked, said) for said in changes)

    def _has_effects(self, annotation: Annotation) -> bool:
        return all(not set(ids).isdisjoint(annotation.effects) for ids in self.effects)

    def _names_gene(self, annotation: Annotation) -> bool:
        return not self.genes or not set(self.genes).isdisjoint(annotation.genes)

    def _has_hgvs(self, annotation: Annotation) -> bool:
        if self.hgvs is None:
            return True
        return unversioned(self.hgvs) in map(unversioned, annotation.hgvs)

    def _changes_protein(self, annotation: Annotation) -> bool:
        asked = self.protein_change
        return asked is None or any(
            is_same_change(asked, said) for said in annotation.protein_changes
        )


def indexed_changes(changes: tuple[str, ...]) -> list[str]:
    """Return what protein changes are found under.

    Themselves, short forms, and the places of those that replace several amino
    acids (``~800``).
    """
    found = dict.fromkeys(changes)
    for change in changes:
        short = short_form(change)
        if short is not None:
            found[short] = None
        if "_" in change:
            found |= dict.fromkeys(f"~{place}" for place in places(change))
    return list(found)


def sought_changes(asked: str) -> list[str]:
    """Return what a change that is asked for is indexed under."""
    short = short_form(asked)
    return [asked] if short in (None, asked) else [asked, str(short)]


def doubted_changes(asked: str) -> list[str]:
    """Return what changes are indexed under that may be the one asked for."""
    short = short_form(asked)
    found = [f"~{place}" for place in places(asked)]
    return found if short is None else [*found, short]


def unversioned(hgvs: str) -> str:
    """Return an HGVS name without its accession's version, a protein's one-letter."""
    accession, _, change = _plain(hgvs).partition(":")
    return f"{accession.partition('.')[0]}:{change}"


def _plain(hgvs: str) -> str:
    """Return an HGVS name with a protein's change in its one spelling."""
    accession, _, change = hgvs.partition(":")
    if change.startswith("p."):
        change = "p." + (protein_change(change) or change[2:])
    return f"{accession}:{change}"
