"""A dataset as a whole, as JSON: ``/api/datasets/{id}/summary``.

An extension of ours: the standard has no such answer.  The page about a dataset is
made of the same value, so that its numbers are these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from beacon.model.classes import CLASSES
from beacon.model.dataset import CoverageKind
from beacon.model.summarised import Detail
from beacon.wire.catalogue import dataset_record
from beacon.wire.info import Document, framework_document, given

if TYPE_CHECKING:
    from beacon.model.summarised import ContigCounts, StepCount, Summarised
    from beacon.wire.info import Speaker

_COUNT: Final = {"type": "integer", "minimum": 0}
_TEXT: Final = {"type": "string"}
_FEW: Final = "Left out where they are too few to be told."


def _objects(required: list[str], **properties: object) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {
            "type": "object",
            "required": required,
            "additionalProperties": False,
            "properties": properties,
        },
    }


SCHEMA: Final[dict[str, Any]] = {
    "title": "What is said of a dataset as a whole",
    "type": "object",
    "required": ["meta", "response"],
    "properties": {
        "response": {
            "type": "object",
            "required": ["dataset", "detail"],
            "additionalProperties": False,
            "properties": {
                "dataset": {"$ref": "#/components/schemas/dataset"},
                "detail": {
                    "enum": [each.value for each in Detail],
                    "description": "exact: everything; shown: alleles that would be "
                    "shown alone; names: no more than the list of datasets; none: the "
                    "release has no summary, its files were loaded by an earlier "
                    "version.",
                },
                "coverage": {
                    "enum": [*(each.value for each in CoverageKind), "undeclared"],
                    "description": "What a “not_seen” rests on.",
                },
                "filters": {"enum": ["pass", "all"]},
                "leastAlleleCount": {
                    **_COUNT,
                    "description": "The numbers are of alleles counted so often.",
                },
                "alleles": {**_COUNT, "description": "Of which the numbers are."},
                "chromosomeCopies": {
                    **_COUNT,
                    "description": "Two for each person: what a frequency is of.",
                },
                "variantClasses": _objects(
                    ["class"],
                    **{"class": {"enum": [each.value for each in CLASSES]}},
                    alleles={**_COUNT, "description": _FEW},
                ),
                "alleleCounts": _objects(
                    [],
                    lowest={
                        **_COUNT,
                        "description": "Absent: alleles that nobody counted.",
                    },
                    highest={**_COUNT, "description": "Absent: there is no limit."},
                    alleles={**_COUNT, "description": _FEW},
                ),
                "windowBases": _COUNT,
                "contigs": _objects(
                    ["contig", "length", "alleles"],
                    contig=_TEXT,
                    length=_COUNT,
                    alleles={"type": "array", "items": _COUNT},
                    coveredBases={
                        "type": "array",
                        "items": _COUNT,
                        "description": "Where anybody was looked at, if declared.",
                    },
                ),
                "people": _objects(
                    ["column", "counts"],
                    column=_TEXT,
                    counts=_objects(
                        ["people"],
                        value={**_TEXT, "description": "Absent: it is not known."},
                        people=_COUNT,
                    ),
                ),
            },
        },
    },
}
"""Of the document."""


def summary(speaker: Speaker, said: Summarised) -> Document:
    """Return the document."""
    release, has_numbers = said.dataset.release, bool(said.window or said.classes)
    response = given(
        dataset=dataset_record(said.dataset),
        detail=said.detail.value,
        coverage=release and (release.coverage or "undeclared"),
        filters=release and filters_of(release.options),
        leastAlleleCount=said.least if has_numbers else None,
        alleles=said.alleles,
        chromosomeCopies=said.copies,
        variantClasses=[
            {"class": one.value, **given(alleles=alleles)}
            for one, alleles in said.classes
        ]
        or None,
        alleleCounts=[_step(step) for step in said.steps] or None,
        windowBases=said.window or None,
        contigs=[_contig(one) for one in said.contigs] or None,
        people=[
            {
                "column": by.column,
                "counts": [given(value=v, people=people) for v, people in by.counts],
            }
            for by in said.people
        ]
        or None,
    )
    return framework_document(speaker, "summary", response)


def filters_of(options: object) -> str:
    """Return whether a release counts what passed its filters, or all."""
    is_all = isinstance(options, dict) and options.get("filters") == "all"
    return "all" if is_all else "pass"


def _step(step: StepCount) -> Document:
    return given(lowest=step.lowest, highest=step.highest, alleles=step.alleles)


def _contig(one: ContigCounts) -> Document:
    return given(
        contig=one.contig,
        length=one.length,
        alleles=list(one.alleles),
        coveredBases=None if one.covered is None else list(one.covered),
    )
