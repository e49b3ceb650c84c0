"""Asking the society's site, and reading what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.speaking import violations

if TYPE_CHECKING:
    from tests.served import Answer, Served

ROOTS = {
    "genomicVariant": "g_variants",
    "individual": "individuals",
    "biosample": "biosamples",
    "run": "runs",
    "analysis": "analyses",
    "dataset": "datasets",
    "cohort": "cohorts",
}
DATA = tuple(name for name in ROOTS if name not in ("dataset", "cohort"))
COLLECTIONS = ("dataset", "cohort")
FRAMEWORK = {
    "": "info",
    "info": "info",
    "service-info": "service-info",
    "configuration": "configuration",
    "entry_types": "entryTypes",
    "map": "map",
    "filtering_terms": "filteringTerms",
}
BUILD = {"assemblyId": "GRCh37"}
PLACE = {**BUILD, "referenceName": "22"}
SEEN = {**PLACE, "start": [100], "referenceBases": "T", "alternateBases": "C"}
"""The allele that four copies of the clinic's people carry, and two of Danes."""
ONE_OF = {
    "genomicVariant": "GRCh37-22-101-T-C",
    "individual": "I1",
    "biosample": "B1",
    "run": "R1",
    "analysis": "A1",
    "dataset": "clinic",
    "cohort": "women",
}
"""Of each entry type, the id of a record that there is."""


@dataclass(frozen=True)
class Asker:
    """The site, and the ways the rules ask it."""

    server: Served

    def get(self, path: str, **parameters: object) -> dict:
        """Return the document that a path below ``/api`` answers with 200."""
        return self._fine(self.server.get(f"/api/{path}".rstrip("/"), **parameters))

    def post(self, path: str, query: object = None, **meta: object) -> dict:
        """Return what a POST of a query is answered with 200."""
        body = {"meta": {"apiVersion": "v2.0.0"} | meta, "query": query or {}}
        return self._fine(self.server.post(f"/api/{path}", body))

    def refused(self, path: str, query: object = None, **parameters: object) -> dict:
        """Return the error document that a question is refused with, with 400."""
        if query is None:
            answer = self.server.get(f"/api/{path}", **parameters)
        else:
            answer = self.server.post(f"/api/{path}", {"query": query})
        assert (answer.status, answer.document) == (400, answer.document)
        assert violations(answer.document, "error") == []
        return answer.document

    @staticmethod
    def _fine(answer: Answer) -> dict:
        assert (answer.status, answer.document) == (200, answer.document)
        return answer.document

    def variants(
        self, path: str = "g_variants", *filters: object, **parameters: object
    ) -> dict:
        """Return every record of a question about variants, dataset by dataset."""
        query = whole(filters, limit=0)
        return self.post(path, query | {"requestParameters": {"g_variant": parameters}})

    def records(self, path: str, *filters: object, **more: object) -> dict:
        """Return every record of a question about documents."""
        return self.post(path, whole(filters, limit=0) | more)

    def ids(self, path: str, *filters: object, **more: object) -> set[str]:
        """Return the ids of the records that filters leave."""
        return {each["id"] for each in found(self.records(path, *filters, **more))}


def kind_of(name: str) -> str:
    """Return the envelope that records of a type come in."""
    return "collections" if name in COLLECTIONS else "resultsets"


def whole(filters: object = (), *, limit: int = 10) -> dict:
    """Return a query for every record of every dataset."""
    return {
        "requestedGranularity": "record",
        "includeResultsetResponses": "ALL",
        "pagination": {"skip": 0, "limit": limit},
        "filters": list(filters),
    }


def sets(document: dict) -> dict[str, dict]:
    """Return the result sets by the id of their dataset."""
    return {each["id"]: each for each in document["response"]["resultSets"]}


def found(document: dict) -> list[dict]:
    """Return every record of an answer."""
    response = document["response"]
    if "collections" in response:
        return response["collections"]
    return [record for each in response["resultSets"] for record in each["results"]]


def places(document: dict) -> set[tuple[int, str, str]]:
    """Return start, REF and ALT (or the type) of the variants of an answer."""
    return {
        (
            each["variation"]["location"]["interval"]["start"]["value"],
            each["variation"].get("referenceBases", each["variation"]["variantType"]),
            each["variation"]["alternateBases"],
        )
        for each in found(document)
    }


def warnings(document: dict) -> list[str]:
    """Return what an answer warns of."""
    return document.get("info", {}).get("warnings", [])


def nulls(document: object, path: str = "$") -> list[str]:
    """Return where a document holds null."""
    if document is None:
        return [path]
    if isinstance(document, dict):
        return [p for k, v in document.items() for p in nulls(v, f"{path}.{k}")]
    if isinstance(document, list):
        return [p for i, v in enumerate(document) for p in nulls(v, f"{path}[{i}]")]
    return []
