"""The types of everything a request may say, made once.

Gathering them from GET and POST is done in ``requests``; single values are read
by ``values``, filters by ``filters``.
Beacon v2, genomicVariations/requestParameters.json, framework/json/requests.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, WithJsonSchema
from pydantic.alias_generators import to_camel

from beacon.wire.filters import FilterBody, read_filters
from beacon.wire.reading import shown
from beacon.wire.values import (
    WHOLE_SCHEMA,
    Names,
    Read,
    Share,
    Text,
    Truth,
    Whole,
    listed,
    refuse,
    whole,
)

_MOST_SCHEMAS = 100
_LETTERS = "[ACGTUNRYSWKMBDHV.-]*"
_BASES = re.compile(_LETTERS + r"\Z")


def _coordinates(value: object) -> list[int]:
    numbers = [whole(item) for item in listed(value)]
    if len(numbers) not in (1, 2):
        refuse(f"takes one or two numbers, not {len(numbers)}")
    if numbers != sorted(numbers):
        refuse(f"must be in ascending order, not {shown(numbers)}")
    return numbers


def _ends(value: object) -> list[int]:
    numbers = _coordinates(value)
    if numbers[0] < 1:
        refuse("must be at least 1: an end lies behind the last base")
    return numbers


def _bases(value: object) -> str:
    bases = value.strip().upper() if isinstance(value, str) else None
    if bases is None or not _BASES.match(bases):
        refuse(f"must be bases (A, C, G, T, N and so on), not {shown(value)}")
    return bases


def _schemas(value: object) -> list[object]:
    items = [item for item in listed(value) if item != ""]
    if len(items) > _MOST_SCHEMAS:
        refuse(f"holds more than {_MOST_SCHEMAS} schemas")
    for item in items:
        if not isinstance(item, str | dict):
            refuse(f"must hold names or objects, not {shown(item)}")
    return [{"schema": item} if isinstance(item, str) else item for item in items]


_PLACES = {"type": "array", "items": WHOLE_SCHEMA, "minItems": 1, "maxItems": 2}
_BASES_SCHEMA = {"type": "string", "pattern": f"^{_LETTERS}$"}

Places = Annotated[
    tuple[int, ...], BeforeValidator(_coordinates), WithJsonSchema(_PLACES)
]
Ends = Annotated[
    tuple[int, ...],
    BeforeValidator(_ends),
    WithJsonSchema(_PLACES | {"items": WHOLE_SCHEMA | {"minimum": 1}}),
]
Bases = Annotated[str, BeforeValidator(_bases), WithJsonSchema(_BASES_SCHEMA)]


class VariantBody(Read):
    """What is asked of variants: the parameters called ``g_variant``."""

    assembly_id: Text | None = None
    reference_name: Text | None = None
    start: Places | None = None
    end: Ends | None = None
    reference_bases: Bases | None = None
    alternate_bases: Bases | None = None
    variant_type: Text | None = None
    variant_min_length: Whole | None = None
    variant_max_length: Whole | None = None
    gene_id: Text | None = None
    aminoacid_change: Text | None = None
    genomic_allele_short_form: Text | None = None
    mate_name: Text | None = None
    mate_start: Whole | None = None
    variant_length: Whole | None = None
    similarity: Share | None = None
    breakpoint_distance: Whole | None = None


class SchemaBody(Read):
    """A schema asked for; any but the default one falls back to it."""

    entity_type: Text | None = None
    schema_: Text | None = None

    model_config = ConfigDict(
        alias_generator=lambda name: to_camel(name.rstrip("_")), extra="ignore"
    )


class CommonBody(Read):
    """What every question may say, whatever it asks for."""

    api_version: Text | None = None
    requested_schemas: Annotated[tuple[SchemaBody, ...], BeforeValidator(_schemas)] = ()
    requested_granularity: Literal["boolean", "count", "record"] | None = None
    include_resultset_responses: Literal["HIT", "MISS", "ALL", "NONE"] = "HIT"
    skip: Whole = 0
    limit: Whole = 10
    test_mode: Truth = False
    strict: Truth | None = None
    filters: Annotated[
        tuple[tuple[FilterBody, ...], ...], BeforeValidator(read_filters)
    ] = ()
    datasets: Names = ()
    cohorts: Names = ()
