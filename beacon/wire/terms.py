"""Filtering terms as Beacon JSON, and the ontologies their ids are of.

Beacon v2, framework/json/responses/sections/beaconFilteringTermsResults.json.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from beacon.model.effects import EFFECTS
from beacon.model.entry_types import ENTRY_TYPES, GENOMIC_VARIANT
from beacon.model.terms import FilteringTerm, TermType
from beacon.wire.info import framework_document, given

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from beacon.model.query import Page
    from beacon.wire.info import Document, Speaker


class Resource(NamedTuple):
    """An ontology or list of codes: its name, its home, and where its terms are."""

    name: str
    url: str
    iri: str | None = None


_OBO = "http://purl.obolibrary.org/obo/"
_HOME = "https://obofoundry.org/ontology/"


def _obo(prefix: str, name: str) -> Resource:
    return Resource(name, f"{_HOME}{prefix.lower()}", f"{_OBO}{prefix}_")


RESOURCES: Mapping[str, Resource] = {
    **{
        prefix.upper(): _obo(prefix, name)
        for prefix, name in {
            "CHEBI": "Chemical Entities of Biological Interest",
            "CL": "Cell Ontology",
            "DOID": "Human Disease Ontology",
            "DUO": "Data Use Ontology",
            "ECO": "Evidence and Conclusion Ontology",
            "GAZ": "Gazetteer",
            "GENEPIO": "Genomic Epidemiology Ontology",
            "GENO": "Genotype Ontology",
            "GSSO": "Gender, Sex, and Sexual Orientation Ontology",
            "HANCESTRO": "Human Ancestry Ontology",
            "HP": "Human Phenotype Ontology",
            "MAXO": "Medical Action Ontology",
            "MONDO": "Mondo Disease Ontology",
            "NCBITaxon": "NCBI organismal classification",
            "NCIT": "NCI Thesaurus",
            "OBI": "Ontology for Biomedical Investigations",
            "PATO": "Phenotype And Trait Ontology",
            "SO": "Sequence Ontology",
            "UBERON": "Uberon multi-species anatomy ontology",
            "UO": "Units of Measurement Ontology",
        }.items()
    },
    "EDAM": Resource(
        "EDAM ontology", "https://edamontology.org", "http://edamontology.org/"
    ),
    "EFO": Resource(
        "Experimental Factor Ontology",
        "https://www.ebi.ac.uk/efo/",
        "http://www.ebi.ac.uk/efo/EFO_",
    ),
    "ICD10": Resource(
        "International Classification of Diseases, 10th revision",
        "https://icd.who.int/browse10",
        "https://icd.who.int/browse10/2019/en#/",
    ),
    "ICD10CM": Resource(
        "ICD-10, clinical modification", "https://www.cdc.gov/nchs/icd/icd-10-cm/"
    ),
    "LOINC": Resource(
        "Logical Observation Identifiers Names and Codes",
        "https://loinc.org",
        "https://loinc.org/",
    ),
    "OMIM": Resource(
        "Online Mendelian Inheritance in Man",
        "https://www.omim.org",
        "https://www.omim.org/entry/",
    ),
    "OPCS4": Resource(
        "OPCS classification of interventions and procedures",
        "https://isd.digital.nhs.uk",
    ),
    "ORPHA": Resource(
        "Orphanet nomenclature of rare diseases",
        "https://www.orpha.net",
        "http://www.orpha.net/ORDO/Orphanet_",
    ),
    "RXNORM": Resource("RxNorm", "https://www.nlm.nih.gov/research/umls/rxnorm/"),
    "SNOMED": Resource("SNOMED CT", "https://www.snomed.org", "http://snomed.info/id/"),
}
"""What is known of the prefixes of ids, by the prefix in upper case."""

_SAME: Mapping[str, str] = {
    "ORPHANET": "ORPHA",
    "ORDO": "ORPHA",
    "MIM": "OMIM",
    "SNOMEDCT": "SNOMED",
    "ICD-10": "ICD10",
}

EFFECT_TERMS: tuple[FilteringTerm, ...] = tuple(
    FilteringTerm(
        type=TermType.ONTOLOGY,
        id=name,
        label=term.label,
        scopes=(GENOMIC_VARIANT.id,),
    )
    for name, term in EFFECTS.items()
)
"""The filters that variants answer to: molecular effects."""


def filtering_terms(
    speaker: Speaker, page: Page, terms: Sequence[FilteringTerm]
) -> Document:
    """Return one page of filtering terms; all ontologies of the list are described."""
    shown = terms[page.offset : page.offset + page.limit]
    response = {
        "resources": _resources(terms),
        "filteringTerms": [_term(term) for term in shown],
    }
    return framework_document(speaker, "filteringTerms", response)


def united(every: Iterable[FilteringTerm]) -> tuple[FilteringTerm, ...]:
    """Return each term once, with the scopes of all its mentions."""
    found: dict[tuple[TermType, str], FilteringTerm] = {}
    for term in every:
        key = (term.type, term.id)
        known = found.get(key)
        found[key] = term if known is None else _both(known, term)
    return tuple(found.values())


def _both(one: FilteringTerm, other: FilteringTerm) -> FilteringTerm:
    scopes = {*one.scopes, *other.scopes}
    return FilteringTerm(
        type=one.type,
        id=one.id,
        label=one.label or other.label,
        scopes=tuple(name for name in ENTRY_TYPES if name in scopes),
        values=tuple(dict.fromkeys((*one.values, *other.values))),
    )


def _term(term: FilteringTerm) -> Document:
    return given(
        type=term.type.value,
        id=term.id,
        label=term.label,
        scopes=list(term.scopes) or None,
        values=list(term.values) or None,
    )


def _resources(terms: Sequence[FilteringTerm]) -> list[Document]:
    """Return what is known of every prefix of an ontology term, sorted."""
    prefixes = {
        term.id.partition(":")[0]: None
        for term in terms
        if term.type is TermType.ONTOLOGY and ":" in term.id
    }
    return [_resource(prefix) for prefix in sorted(prefixes)]


def _resource(prefix: str) -> Document:
    plain = prefix.upper()
    known = RESOURCES.get(_SAME.get(plain, plain))
    return given(
        id=prefix.lower(),
        name=prefix if known is None else known.name,
        nameSpacePrefix=prefix,
        url=None if known is None else known.url,
        iriPrefix=None if known is None else known.iri,
    )
