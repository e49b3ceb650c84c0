"""What a dataset's annotations say of an allele, and what may be asked of them.

An annotation is a claim of the file's maker (VEP, SnpEff, ClinVar), kept beside
the allele it is about; counts and places are unknown here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """Everything one dataset says of one allele; empty where it says nothing.

    Attributes:
        genes: approved symbols, as written in the file.
        effects: Sequence Ontology ids (``SO:0001583``), without repeats.
        protein_changes: one-letter, without ``p.`` (``V600E``).
        identifiers: ``rs…`` numbers in lower case.
        transcript_hgvs, protein_hgvs: as written in the file.
        clinvar: ClinVar variation id.
        significance: ClinVar's words, as ``Likely_benign``.
        conditions: ClinVar's condition names.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationPattern:
    """What is asked of annotations.  Every given part must hold.

    Attributes:
        genes: symbols of ONE gene (approved, previous, alias); any of them.
        effect: a Sequence Ontology id.
        protein_change: one-letter, without ``p.``.
        identifier: ``rs…`` in lower case, or a VRS id ``ga4gh:VA.…``.
    """

    genes: tuple[str, ...] = ()
    effect: str | None = None
    protein_change: str | None = None
    identifier: str | None = None

    def matches(self, annotation: Annotation | None) -> bool:
        """Whether an annotation says what is asked; without one it does not."""
        if annotation is None:
            return False
        return (
            (not self.genes or not set(self.genes).isdisjoint(annotation.genes))
            and self.effect in (None, *annotation.effects)
            and self.protein_change in (None, *annotation.protein_changes)
            and self.identifier in (None, *annotation.identifiers)
        )
