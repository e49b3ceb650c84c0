"""What annotations say of a variant, as members of its genomicVariant record.

The claims are the files' own: genes, effects and protein changes as
``molecularAttributes``, names as ``identifiers``, and ClinVar's classification
as ``clinicalInterpretations``, one for each condition.
Beacon v2, genomicVariations/defaultSchema.json.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model.effects import EFFECTS
from beacon.wire.info import given

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.model.annotation import Annotation
    from beacon.wire.info import Document

_MOST_INTERPRETATIONS = 50
_CLASSES: Mapping[str, tuple[str, str]] = {
    "pathogenic": ("LOINC:LA6668-3", "pathogenic"),
    "likely_pathogenic": ("LOINC:LA26332-9", "likely pathogenic"),
    "uncertain_significance": ("LOINC:LA26333-7", "uncertain significance"),
    "likely_benign": ("LOINC:LA26334-5", "likely benign"),
    "benign": ("LOINC:LA6675-8", "benign"),
}
"""ClinVar's five classes: their terms in LOINC, and Beacon's words."""

_BETWEEN = {
    "pathogenic/likely_pathogenic": "likely_pathogenic",
    "benign/likely_benign": "likely_benign",
}
"""Two classes in one word are at least the weaker one."""


def molecular_attributes(said: Annotation | None) -> Document | None:
    """Return genes, protein changes and effects; ``None`` where none is known."""
    if said is None:
        return None
    effects = [
        {"id": term, "label": EFFECTS[term].label}
        for term in said.effects
        if term in EFFECTS
    ]
    return (
        given(
            geneIds=list(said.genes) or None,
            aminoacidChanges=list(said.protein_changes) or None,
            molecularEffects=effects or None,
        )
        or None
    )


def identifiers(said: Annotation | None) -> Document:
    """Return the names of a variant that annotations give."""
    if said is None:
        return {}
    return given(
        clinvarVariantId=None if said.clinvar is None else f"clinvar:{said.clinvar}",
        transcriptHGVSIds=list(said.transcript_hgvs) or None,
        proteinHGVSIds=list(said.protein_hgvs) or None,
    )


def alternative_ids(said: Annotation | None) -> list[Document]:
    """Return the rs numbers of a variant."""
    names = () if said is None else said.identifiers
    return [
        {
            "id": f"dbSNP:{name}",
            "reference": f"https://identifiers.org/dbsnp:{name}",
            "notes": "dbSNP",
        }
        for name in names
    ]


def variant_level_data(said: Annotation | None) -> Document | None:
    """Return ClinVar's classification, for each condition it names."""
    if said is None or not said.significance:
        return None
    conditions = said.conditions or ("not_provided",)
    found = [
        _interpretation(condition, word)
        for word in said.significance
        for condition in conditions
    ]
    return {"clinicalInterpretations": found[:_MOST_INTERPRETATIONS]}


def _interpretation(condition: str, word: str) -> Document:
    plain = word.lower()
    term, relevance = _CLASSES.get(_BETWEEN.get(plain, plain), (None, None))
    if plain in _BETWEEN or term is None:
        term = f"ClinVar:{word}"
    return given(
        conditionId=condition.replace("_", " "),
        effect={"id": term, "label": word.replace("_", " ")},
        clinicalRelevance=relevance,
    )
