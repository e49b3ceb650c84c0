"""The entry types this beacon serves: one row each.

Routes, the map, the configuration and the page follow from these rows, so a
path that does not answer cannot be announced.  Nothing here knows HTTP.
Beacon v2, framework/json/configuration/entryTypeDefinition.json.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MODEL = (
    "https://raw.githubusercontent.com/ga4gh-beacon/beacon-v2/main/"
    "models/json/beacon-v2-default-model"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OntologyTerm:
    """A term of an ontology; ``id`` is a CURIE."""

    id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryType:
    """One kind of record a beacon answers with.

    Attributes:
        id: the name used on the wire, e.g. ``genomicVariant``.
        path: the path element its records live under, e.g. ``g_variants``.
        term: what the type is, in an ontology.
        folder: the folder of its schema in the Beacon default model.
        collection_of: ids of the types it is a collection of.
        related: ids of the types served below one of its records.
        has_terms: whether filtering terms are served below one of its records.
    """

    id: str
    name: str
    description: str
    path: str
    term: OntologyTerm
    folder: str
    collection_of: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    has_terms: bool = False

    @property
    def schema(self) -> str:
        """The address of its schema in the Beacon default model."""
        return f"{_MODEL}/{self.folder}/defaultSchema.json"


GENOMIC_VARIANT = EntryType(
    id="genomicVariant",
    name="Genomic Variants",
    description="Alleles as the datasets declare them, one record per allele.",
    path="g_variants",
    term=OntologyTerm(id="SO:0001059", label="sequence_alteration"),
    folder="genomicVariations",
    related=("individual", "biosample", "run", "analysis"),
)
INDIVIDUAL = EntryType(
    id="individual",
    name="Individuals",
    description="People, as their dataset describes them.",
    path="individuals",
    term=OntologyTerm(id="NCIT:C25190", label="Person"),
    folder="individuals",
    related=("genomicVariant", "biosample", "run", "analysis"),
    has_terms=True,
)
BIOSAMPLE = EntryType(
    id="biosample",
    name="Biosamples",
    description="Samples taken from individuals.",
    path="biosamples",
    term=OntologyTerm(id="NCIT:C70699", label="Biospecimen"),
    folder="biosamples",
    related=("genomicVariant", "individual", "run", "analysis"),
    has_terms=True,
)
RUN = EntryType(
    id="run",
    name="Runs",
    description="Sequencing runs of biosamples.",
    path="runs",
    term=OntologyTerm(id="NCIT:C148088", label="Sequencing run"),
    folder="runs",
    related=("genomicVariant", "individual", "biosample", "analysis"),
    has_terms=True,
)
ANALYSIS = EntryType(
    id="analysis",
    name="Analyses",
    description="Analyses of runs, from which variants come.",
    path="analyses",
    term=OntologyTerm(id="EDAM:operation_2945", label="Analysis"),
    folder="analyses",
    related=("genomicVariant", "individual", "biosample", "run"),
    has_terms=True,
)
DATASET = EntryType(
    id="dataset",
    name="Datasets",
    description="What is loaded: groups of people, or sites with counts.",
    path="datasets",
    term=OntologyTerm(id="NCIT:C47824", label="Data Set"),
    folder="datasets",
    collection_of=("genomicVariant", "individual", "biosample", "run", "analysis"),
    related=("genomicVariant", "individual", "biosample", "run", "analysis"),
    has_terms=True,
)
COHORT = EntryType(
    id="cohort",
    name="Cohorts",
    description="Groups of individuals, over datasets.",
    path="cohorts",
    term=OntologyTerm(id="NCIT:C61512", label="Cohort"),
    folder="cohorts",
    collection_of=("individual",),
    related=("genomicVariant", "individual", "biosample", "run", "analysis"),
    has_terms=True,
)

ENTRY_TYPES: Mapping[str, EntryType] = MappingProxyType(
    {
        row.id: row
        for row in (
            GENOMIC_VARIANT,
            INDIVIDUAL,
            BIOSAMPLE,
            RUN,
            ANALYSIS,
            DATASET,
            COHORT,
        )
    }
)
"""Every entry type by its id."""

DOCUMENTED = (INDIVIDUAL.id, BIOSAMPLE.id, RUN.id, ANALYSIS.id)
"""The types whose records are documents of a dataset, linked to individuals."""
COLLECTIONS = (DATASET.id, COHORT.id)
"""The types that group other records."""
