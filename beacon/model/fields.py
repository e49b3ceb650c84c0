"""Which places of a document can be asked for: the register of fields.

A filter sees what stands here and nothing else: units, pedigrees, evidence and
criteria of exclusion are no statements about the record.  Lists are looked through.
Beacon v2 default model; ``info`` is open, so its scalars are fields as they come.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from beacon.model.entry_types import ENTRY_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(StrEnum):
    """What stands in a field."""

    TERM = "term"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    AGE = "age"
    """An age or another time: a duration, a range of them, a date or a term."""

    FEATURE = "feature"
    """Phenotypic features and diseases, which may be said to be absent."""

    MEASURE = "measure"
    """Measured values, asked for by the term (or label) of what was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One place of a document.

    Attributes:
        path: dotted, from the document's root.
        aliases: further names it answers to.
        value: of measures, where in each the value stands.
        code: of measures, where in each the term stands.
    """

    path: str
    kind: Kind
    aliases: tuple[str, ...] = ()
    code: str = ""
    value: str = ""


INFO = "info"
"""The member whose scalars are fields."""
MEASURED = "#"
"""What the key of a measured term or label begins with."""


def _terms(*paths: str) -> tuple[Field, ...]:
    return tuple(Field(path=path, kind=Kind.TERM) for path in paths)


def _texts(*paths: str) -> tuple[Field, ...]:
    return tuple(Field(path=path, kind=Kind.TEXT) for path in paths)


def _dates(*paths: str) -> tuple[Field, ...]:
    return tuple(Field(path=path, kind=Kind.DATE) for path in paths)


def _ages(*paths: str, aliases: tuple[str, ...] = ()) -> tuple[Field, ...]:
    return tuple(Field(path=path, kind=Kind.AGE, aliases=aliases) for path in paths)


def _procedure(path: str) -> tuple[Field, ...]:
    return (
        *_terms(f"{path}.procedureCode", f"{path}.bodySite"),
        *_ages(f"{path}.ageAtProcedure"),
        *_dates(f"{path}.dateOfProcedure"),
    )


def _measures(path: str) -> tuple[Field, ...]:
    return (
        *_terms(f"{path}.assayCode", f"{path}.measurementValue"),
        Field(path=path, kind=Kind.MEASURE, code="assayCode", value="measurementValue"),
        *_ages(f"{path}.observationMoment"),
        *_dates(f"{path}.date"),
        *_procedure(f"{path}.procedure"),
    )


def _diseases(path: str) -> tuple[Field, ...]:
    return (
        Field(path=f"{path}.diseaseCode", kind=Kind.FEATURE),
        *_terms(f"{path}.stage", f"{path}.severity"),
        *_ages(f"{path}.ageOfOnset", aliases=("age",)),
    )


def _features(path: str) -> tuple[Field, ...]:
    return (
        Field(path=f"{path}.featureType", kind=Kind.FEATURE),
        *_terms(f"{path}.severity", f"{path}.modifiers"),
        *_ages(f"{path}.onset", aliases=("age",)),
        *_ages(f"{path}.resolution"),
    )


_INDIVIDUAL = (
    *_terms("sex", "ethnicity", "geographicOrigin"),
    *_texts("karyotypicSex"),
    *_diseases("diseases"),
    *_features("phenotypicFeatures"),
    *_procedure("interventionsOrProcedures"),
    *_terms("treatments.treatmentCode", "treatments.routeOfAdministration"),
    *_ages("treatments.ageAtOnset"),
    *_terms("exposures.exposureCode"),
    Field(path="exposures", kind=Kind.MEASURE, code="exposureCode", value="value"),
    *_ages("exposures.ageAtExposure", "exposures.duration"),
    *_dates("exposures.date"),
    *_measures("measures"),
    *_measures("measurements"),
)
_BIOSAMPLE = (
    *_terms(
        "biosampleStatus",
        "sampleOriginType",
        "sampleOriginDetail",
        "histologicalDiagnosis",
        "tumorProgression",
        "tumorGrade",
        "pathologicalStage",
        "pathologicalTnmFinding",
        "diagnosticMarkers",
        "sampleProcessing",
        "sampleStorage",
    ),
    *_procedure("obtentionProcedure"),
    *_features("phenotypicFeatures"),
    *_measures("measurements"),
    *_dates("collectionDate"),
    *_ages("collectionMoment", aliases=("age",)),
)
_RUN = (
    *_terms("librarySource", "platformModel"),
    *_texts("libraryStrategy", "librarySelection", "libraryLayout", "platform"),
    *_dates("runDate"),
)
_ANALYSIS = (
    *_texts("pipelineName", "pipelineRef", "aligner", "variantCaller"),
    *_dates("analysisDate"),
)
_DATASET = (
    *_terms("dataUseConditions.duoDataUse", "dataUseConditions.duoDataUse.modifiers"),
    *_texts("name", "version"),
    *_dates("createDateTime", "updateDateTime"),
)
_INCLUSION = "inclusionCriteria"
_COHORT = (
    *_texts("name", "cohortType"),
    *_terms("cohortDesign", "cohortDataTypes"),
    Field(path="cohortSize", kind=Kind.NUMBER),
    *_terms(
        f"{_INCLUSION}.genders", f"{_INCLUSION}.ethnicities", f"{_INCLUSION}.locations"
    ),
    *_diseases(f"{_INCLUSION}.diseaseConditions"),
    *_features(f"{_INCLUSION}.phenotypicConditions"),
    *_ages(f"{_INCLUSION}.ageRange"),
)

FIELDS: Mapping[str, tuple[Field, ...]] = MappingProxyType(
    {
        "individual": _INDIVIDUAL,
        "biosample": _BIOSAMPLE,
        "run": _RUN,
        "analysis": _ANALYSIS,
        "dataset": _DATASET,
        "cohort": _COHORT,
    }
)
"""Of each entry type whose records can be filtered: its fields."""

_SEXES = ("NCIT:C16576", "NCIT:C20197", "NCIT:C1799", "NCIT:C46113")
USUAL_TERMS: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"individual": MappingProxyType({"sex": _SEXES})}
)
"""By entry type and field: terms that belong there, also where nobody has them."""

USUAL_LABELS: Mapping[str, str] = MappingProxyType(
    {"NCIT:C16576": "female", "NCIT:C20197": "male"}
)
"""Labels of terms that records often leave out, so that all are found by one word."""

_NAMES = 16_384
"""How many questions for the name of a field are remembered."""
_LONGEST_NAME = 200
_AGE_INFO = "info.age"
_DEMOGRAPHIC = ("demographic.", "demographics.")


def is_named(entry_type: str, key: str, name: str) -> bool:
    """Whether a field answers to a name: its path, the end of it, or an alias.

    Args:
        entry_type: whose field it is.
        key: of the field: its path, of ``info`` in lower case; or of a measured term.
        name: as asked for; a leading word for the entry type, or ``demographic``,
            says nothing more.
    """
    return len(name) <= _LONGEST_NAME and _is_named(entry_type, key, name)


@lru_cache(maxsize=_NAMES)
def _is_named(entry_type: str, key: str, name: str) -> bool:
    wanted = name.casefold()
    if key.startswith(MEASURED):
        return key == MEASURED + wanted
    row = ENTRY_TYPES[entry_type]
    for prefix in (f"{row.id.lower()}.", f"{row.path.lower()}.", *_DEMOGRAPHIC):
        wanted = wanted.removeprefix(prefix)
    path = key.casefold()
    if path == wanted or path.endswith(f".{wanted}"):
        return True
    return wanted in _ALIASES.get((entry_type, key), ())


_ALIASES: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        (entry_type, row.path): row.aliases
        for entry_type, rows in FIELDS.items()
        for row in rows
        if row.aliases
    }
)


def is_age_of_info(key: str) -> bool:
    """Whether a plain number there is an age in years."""
    return key == _AGE_INFO
