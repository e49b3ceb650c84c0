"""Questions put to a beacon, and what an answer says, read tolerantly."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from beacon.conformance.reading import (
    at,
    bool_at,
    dict_at,
    int_at,
    list_at,
    text_at,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.conformance.reading import Json

GRANULARITIES = ("boolean", "count", "record")
"""From the least to the most detail."""
INCLUDES = ("HIT", "MISS", "ALL", "NONE")
DEFAULT_LIMIT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One Beacon request.

    Attributes:
        granularity: asked for; None leaves it out.
        include: which result sets; None leaves it out.
        page: pages to skip and records on one; None leaves both out.
        test: whether synthetic data is asked for.
        filters: as the body carries them.
        parameters: of a variant, as ``g_variant`` carries them.
    """

    granularity: str | None = "record"
    include: str | None = "ALL"
    page: tuple[int, int] | None = (0, 2)
    test: bool = False
    filters: Sequence[Mapping[str, Json]] = ()
    parameters: Mapping[str, Json] = field(default_factory=dict)

    def body(self, version: str) -> dict[str, Json]:
        """Return it as a POST body."""
        query: dict[str, Json] = {}
        if self.granularity is not None:
            query["requestedGranularity"] = self.granularity
        if self.include is not None:
            query["includeResultsetResponses"] = self.include
        if self.page is not None:
            query["pagination"] = {"skip": self.page[0], "limit": self.page[1]}
        if self.test:
            query["testMode"] = True
        if self.filters:
            query["filters"] = [dict(each) for each in self.filters]
        if self.parameters:
            query["requestParameters"] = {"g_variant": dict(self.parameters)}
        return {"meta": {"apiVersion": version}, "query": query}

    def query(self) -> dict[str, str]:
        """Return it as the query of a GET request; filters are left out."""
        query: dict[str, str] = {}
        if self.granularity is not None:
            query["requestedGranularity"] = self.granularity
        if self.include is not None:
            query["includeResultsetResponses"] = self.include
        if self.page is not None:
            query |= {"skip": str(self.page[0]), "limit": str(self.page[1])}
        if self.test:
            query["testMode"] = "true"
        return query | {name: _word(value) for name, value in self.parameters.items()}


def _word(value: Json) -> str:
    if isinstance(value, list):
        return ",".join(str(each) for each in value)
    return str(value)


class Set(NamedTuple):
    """One result set, as it came; ``size`` is its count where that is exact.

    Sets of a network have one id where members call their datasets alike; ``key``
    is theirs alone.
    """

    id: str
    key: str
    kind: str | None
    exists: bool | None
    size: int | None
    told: int | None
    has_results: bool
    records: list[dict[str, Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a data answer says."""

    granularity: str | None
    exists: bool | None
    total: int | None
    is_exact: bool
    sets: tuple[Set, ...]
    collections: tuple[dict[str, Json], ...]

    @property
    def records(self) -> list[dict[str, Json]]:
        """Every record, whatever it stands in."""
        inside = [record for each in self.sets for record in each.records]
        return [*inside, *self.collections]

    @property
    def ids(self) -> list[str]:
        """The id of every record that has one."""
        return [found for each in self.records if (found := id_of(each))]

    @property
    def amount(self) -> int | None:
        """How many matches it finds, where that is said exactly; a "no" is none."""
        if self.total is not None and self.is_exact:
            return self.total
        return 0 if self.exists is False else None


def id_of(record: Json) -> str | None:
    """Return the id of a record of any type."""
    return text_at(record, "variantInternalId") or text_at(record, "id")


def same(one: Json, other: Json) -> bool:
    """Whether two documents are the same, whatever the order of members."""
    return _canonical(one) == _canonical(other)


def _canonical(document: Json) -> str:
    return json.dumps(document, sort_keys=True)


def answer_of(document: Json) -> Answer:
    """Read a data answer."""
    summary = dict_at(document, "responseSummary")
    precision = text_at(summary, "countPrecision")
    response = at(document, "response")
    return Answer(
        granularity=text_at(document, "meta", "returnedGranularity"),
        exists=bool_at(summary, "exists"),
        total=int_at(summary, "numTotalResults"),
        is_exact=precision in (None, "exact"),
        sets=tuple(
            _set(each)
            for each in list_at(response, "resultSets")
            if isinstance(each, dict)
        ),
        collections=tuple(
            each for each in list_at(response, "collections") if isinstance(each, dict)
        ),
    )


def _set(found: dict[str, Json]) -> Set:
    precision = text_at(found, "countPrecision")
    name = text_at(found, "id") or ""
    return Set(
        id=name,
        key=f"{text_at(found, 'beaconId') or ''} {name}",
        kind=text_at(found, "setType"),
        exists=bool_at(found, "exists"),
        size=int_at(found, "resultsCount") if precision in (None, "exact") else None,
        told=int_at(found, "resultsCount"),
        has_results="results" in found and "resultsCount" in found,
        records=[each for each in list_at(found, "results") if isinstance(each, dict)],
    )
