"""Every path of the site, once: what it answers, and what it may be asked.

``openapi`` announces these; ``api.routes`` serves the same, which a test compares.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from beacon.model.entry_types import (
    COLLECTIONS,
    DATASET,
    ENTRY_TYPES,
    GENOMIC_VARIANT,
)
from beacon.wire.parameters import CommonBody, VariantBody

if TYPE_CHECKING:
    from collections.abc import Iterator

    from beacon.model.entry_types import EntryType
    from beacon.wire.values import Read

_TERMS: Final = "filtering_terms"


def _names(body: type[Read]) -> tuple[str, ...]:
    return tuple(each.alias or name for name, each in body.model_fields.items())


PAGE: Final = ("skip", "limit")
"""Which page of a list is asked for."""
TERMS: Final = (*PAGE, "testMode", "datasets", "cohorts")
"""What a request for filtering terms may say."""
RECORDS: Final = _names(CommonBody)
"""What a request for records may say."""
VARIANTS: Final = RECORDS + _names(VariantBody)
"""What a request for variants may say."""
NETWORK: Final = ("failures",)
"""What a request to the network may say beside."""
_ASSEMBLY: Final = ("assemblyId",)
"""What it may say of variants beside the id of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One path, and what it takes and gives.

    Attributes:
        path: of the site, with its parameters in braces.
        summary: what it answers, in a few words.
        answer: name of the schema of its answer; of records, their entry type.
        asks: names of the parameters a query string may hold.
        body: name of the schema of what is posted.
        group: what it is listed under.
        methods: that it takes, in lower case.
    """

    path: str
    summary: str
    answer: str
    asks: tuple[str, ...] = ()
    body: str | None = None
    group: str = "Framework"
    methods: tuple[str, ...] = ("get", "post")


_FRAMEWORK: Final = {
    "": ("info", "Who this beacon is"),
    "/info": ("info", "Who this beacon is"),
    "/service-info": ("service-info", "Who this beacon is, as a GA4GH service"),
    "/configuration": ("configuration", "How this beacon is set up"),
    "/entry_types": ("entryTypes", "The kinds of records"),
    "/map": ("map", "The paths of the records"),
    "/budget": ("budget", "What whoever asks has left"),
}
_NETWORK: Final = {
    "": ("networkInfo", "Who asks all these beacons, and who they are"),
    "/info": ("networkInfo", "Who asks all these beacons, and who they are"),
    "/map": ("map", "The path that asks all of them"),
    "/configuration": ("configuration", "How the network is set up"),
    "/entry_types": ("entryTypes", "The kinds of records it is asked for"),
    "/filtering_terms": ("filteringTerms", "The terms that filters may use: none"),
    "/services": ("networkServices", "Its beacons, each as a GA4GH service"),
    "/registries": ("networkRegistries", "Its beacons, as an atlas lists them"),
    "/status": ("networkStatus", "How each of its beacons is"),
}
_HEALTH: Final = {
    "/openapi.json": ("openapi", "This document"),
    "/healthz": ("health", "Whether the process lives"),
    "/readyz": ("health", "Whether questions can be answered"),
    "/metrics": ("metrics", "What the server does, in numbers for Prometheus"),
}


_ANNOTATE: Final = Endpoint(
    path="/annotate",
    summary="A VCF, with what this beacon says of its alleles in INFO",
    answer="annotatedVcf",
    asks=_ASSEMBLY,
    body="vcf",
    group="Annotation",
    methods=("post",),
)


_SUMMARY: Final = Endpoint(
    path="/api/datasets/{id}/summary",
    summary="A dataset as a whole: what it holds, as far as that may be told",
    answer="datasetSummary",
    group=ENTRY_TYPES[DATASET.id].name,
    methods=("get",),
)


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """Return every path that answers, in the order they are listed."""
    framework = [
        Endpoint(path=f"/api{path}", answer=answer, summary=summary)
        for path, (answer, summary) in _FRAMEWORK.items()
    ]
    health = [
        Endpoint(
            path=path, answer=answer, summary=summary, group="Health", methods=("get",)
        )
        for path, (answer, summary) in _HEALTH.items()
    ]
    entries = [each for row in ENTRY_TYPES.values() for each in _entries(row)]
    return (
        *framework,
        _terms("/api", "Framework"),
        *entries,
        _SUMMARY,
        _batch(),
        _ANNOTATE,
        *_network(),
        *health,
    )


def _entries(row: EntryType) -> Iterator[Endpoint]:
    """Yield the paths of one entry type: all, terms, one, and what belongs to one."""
    root = f"/api/{row.path}"
    yield _records(root, f"{row.name}: all that match", row.name, row)
    yield _terms(root, row.name)
    yield _records(f"{root}/{{id}}", f"{row.name}: one, by its id", row.name, row)
    if row.has_terms:
        yield _terms(f"{root}/{{id}}", row.name)
    for other in row.related:
        below = ENTRY_TYPES[other]
        path = f"{root}/{{id}}/{below.path}"
        yield _records(path, f"{below.name} below one of {row.name}", row.name, below)


def _records(path: str, summary: str, group: str, gives: EntryType) -> Endpoint:
    asks = RECORDS if gives.id in COLLECTIONS else VARIANTS
    if path.startswith(f"/api/{GENOMIC_VARIANT.path}/"):
        asks = RECORDS + _ASSEMBLY
    return Endpoint(
        path=path,
        summary=summary,
        answer=gives.id,
        asks=asks,
        body="question",
        group=group,
    )


def _terms(root: str, group: str) -> Endpoint:
    return Endpoint(
        path=f"{root}/{_TERMS}",
        summary="The terms that filters may use",
        answer="filteringTerms",
        asks=TERMS,
        body="question",
        group=group,
    )


def _network() -> Iterator[Endpoint]:
    """Yield the paths of the network."""
    for path, (answer, summary) in _NETWORK.items():
        yield Endpoint(
            path=f"/network{path}",
            answer=answer,
            summary=summary,
            group="Network",
            methods=("get",),
        )
    yield Endpoint(
        path="/network/g_variants",
        summary="One question, asked of every beacon of the network",
        answer="networkAnswer",
        asks=VARIANTS + NETWORK,
        body="question",
        group="Network",
    )
    yield Endpoint(
        path="/network/g_variants/{id}",
        summary="One variant, by its id, asked of every beacon of the network",
        answer="networkAnswer",
        asks=RECORDS + _ASSEMBLY + NETWORK,
        body="question",
        group="Network",
    )
    yield Endpoint(
        path="/network/batch",
        summary="Thousands of alleles in one request, asked of all that take lists",
        answer="networkBatchAnswer",
        body="batchQuestion",
        group="Network",
        methods=("post",),
    )


def _batch() -> Endpoint:
    return Endpoint(
        path="/api/batch",
        summary="Thousands of alleles in one request, a line of answer for each",
        answer="batchAnswer",
        body="batchQuestion",
        group="Batch",
        methods=("post",),
    )
