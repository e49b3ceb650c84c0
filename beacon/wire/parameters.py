"""The types of everything a request may say, made once.

Each reads a value in any form clients send it (a number as text, a list with
commas, a single value for a list of one) and refuses the rest with a sentence.
Gathering them from GET and POST is done in ``requests``.
Beacon v2, genomicVariations/requestParameters.json, framework/json/requests.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, NoReturn, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from beacon.model.errors import InvalidRequest
from beacon.wire.reading import shown

_REFUSED: Final = "refused"
_LARGEST = 2**31 - 1
_LONGEST_TEXT = 1000
_BASES = re.compile(r"[ACGTUNRYSWKMBDHV.-]*\Z")
_FILTER = re.compile(r"(?P<id>[^<>=!]+?):?(?P<operator>[<>]=|[=<>!])(?P<value>.+)\Z")
_WHOLE = re.compile(r"[+-]?[0-9]{1,12}\Z")
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


def _refuse(sentence: str) -> NoReturn:
    raise PydanticCustomError(_REFUSED, "{sentence}", {"sentence": sentence})


def _whole(value: object) -> int:
    """Read a whole number, as JSON or as text."""
    number = _number(value)
    if number is None:
        _refuse(f"must be a whole number, not {shown(value)}")
    if not 0 <= number <= _LARGEST:
        _refuse(f"must lie between 0 and {_LARGEST}, not {shown(number)}")
    return number


def _share(value: object) -> float:
    """Read a number between 0 and 1, as JSON or as text."""
    try:
        share = None if isinstance(value, bool) else float(str(value))
    except ValueError:
        share = None
    if share is None or not 0 <= share <= 1:
        _refuse(f"must be a number between 0 and 1, not {shown(value)}")
    return share


def _number(value: object) -> int | None:
    match value:
        case bool():
            return None
        case int():
            return value
        case float() if value.is_integer():
            return int(value)
        case str() if _WHOLE.match(value.strip()):
            return int(value)
    return None


def _listed(value: object) -> list[object]:
    """Read a list: JSON's, one with commas, or a single value."""
    if isinstance(value, list):
        return [part for item in value for part in _split(item)]
    return _split(value)


def _split(value: object) -> list[object]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return [value]


def _coordinates(value: object) -> list[int]:
    numbers = [_whole(item) for item in _listed(value)]
    if len(numbers) not in (1, 2):
        _refuse(f"takes one or two numbers, not {len(numbers)}")
    if numbers != sorted(numbers):
        _refuse(f"must be in ascending order, not {shown(numbers)}")
    return numbers


def _ends(value: object) -> list[int]:
    numbers = _coordinates(value)
    if numbers[0] < 1:
        _refuse("must be at least 1: an end lies behind the last base")
    return numbers


def _text(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        _refuse(f"must be text, not {shown(value)}")
    if len(value) > _LONGEST_TEXT:
        _refuse(f"must not be longer than {_LONGEST_TEXT} characters")
    return value.strip()


def _bases(value: object) -> str:
    bases = value.strip().upper() if isinstance(value, str) else None
    if bases is None or not _BASES.match(bases):
        _refuse(f"must be bases (A, C, G, T, N and so on), not {shown(value)}")
    return bases


def _names(value: object) -> list[str]:
    return list(dict.fromkeys(_text(item) for item in _listed(value) if item != ""))


def _truth(value: object) -> bool:
    known = _TRUTHS.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(known, bool):
        _refuse(f"must be true or false, not {shown(value)}")
    return known


def _filters(value: object) -> list[object]:
    """Read filters: objects, ids, ids with commas, and lists of them."""
    read: list[object] = []
    for item in _listed(value):
        if isinstance(item, list):
            read.extend(_filters(item))
        elif item not in (None, ""):
            read.append(_filter(item))
    return read


def _filter(item: object) -> object:
    if isinstance(item, dict):
        return item
    if not isinstance(item, str):
        _refuse(f"must hold ids or objects, not {shown(item)}")
    found = _FILTER.match(item)
    return {"id": item} if found is None else found.groupdict()


def _schemas(value: object) -> list[object]:
    items = [item for item in _listed(value) if item != ""]
    for item in items:
        if not isinstance(item, str | dict):
            _refuse(f"must hold names or objects, not {shown(item)}")
    return [{"schema": item} if isinstance(item, str) else item for item in items]


_WHOLE_SCHEMA = {"type": "integer", "minimum": 0, "maximum": _LARGEST}
_PLACES = {"type": "array", "items": _WHOLE_SCHEMA, "minItems": 1, "maxItems": 2}
_ENDS = _PLACES | {"items": _WHOLE_SCHEMA | {"minimum": 1}}
_LETTERS = {"type": "string", "pattern": _BASES.pattern.replace(r"\Z", "$")}
_WORDS = {"type": "string", "minLength": 1, "maxLength": _LONGEST_TEXT}

Whole = Annotated[int, BeforeValidator(_whole), WithJsonSchema(_WHOLE_SCHEMA)]
Share = Annotated[
    float,
    BeforeValidator(_share),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1}),
]
Text = Annotated[
    str, BeforeValidator(_text), WithJsonSchema(_WORDS | {"pattern": r"\S"})
]
Bases = Annotated[
    str,
    BeforeValidator(_bases),
    WithJsonSchema(_LETTERS | {"pattern": f"^{_LETTERS['pattern']}"}),
]
Places = Annotated[
    tuple[int, ...], BeforeValidator(_coordinates), WithJsonSchema(_PLACES)
]
Ends = Annotated[tuple[int, ...], BeforeValidator(_ends), WithJsonSchema(_ENDS)]
Truth = Annotated[bool, BeforeValidator(_truth)]


class _Read(BaseModel):
    """What every part shares: names as on the wire, and no change afterwards."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True
    )


class VariantBody(_Read):
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


class FilterBody(_Read):
    """One filter, well formed; whether anything answers to it is asked later."""

    id: Text
    operator: Literal["=", "<", ">", "!", ">=", "<="] | None = None
    value: Text | None = None
    scope: Text | list[Text] | None = None
    include_descendant_terms: Truth | None = None
    similarity: Literal["exact", "high", "medium", "low"] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.operator is not None and self.value is None:
            _refuse("needs a value beside its operator")
        return self

    @property
    def text(self) -> str:
        """The filter as one string, as a GET request writes it."""
        if self.value is None:
            return self.id
        return f"{self.id}:{self.operator or '='}{self.value}"


class SchemaBody(_Read):
    """A schema asked for; any but the default one falls back to it."""

    entity_type: Text | None = None
    schema_: Text | None = None

    model_config = ConfigDict(
        alias_generator=lambda name: to_camel(name.rstrip("_")), extra="ignore"
    )


class CommonBody(_Read):
    """What every question may say, whatever it asks for."""

    api_version: Text | None = None
    requested_schemas: Annotated[tuple[SchemaBody, ...], BeforeValidator(_schemas)] = ()
    requested_granularity: Literal["boolean", "count", "record"] | None = None
    include_resultset_responses: Literal["HIT", "MISS", "ALL", "NONE"] = "HIT"
    skip: Whole = 0
    limit: Whole = 10
    test_mode: Truth = False
    filters: Annotated[tuple[FilterBody, ...], BeforeValidator(_filters)] = ()
    datasets: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()


def invalid(failure: ValidationError) -> InvalidRequest:
    """Return the first thing that is wrong, as a sentence naming its parameter."""
    problem = failure.errors(include_url=False)[0]
    parameter = str(problem["loc"][0])
    path = ".".join(str(part) for part in problem["loc"] if part != "function-before")
    message = problem["msg"]
    if problem["type"] == _REFUSED:
        return InvalidRequest(f"{path} {message}.", parameter=parameter)
    reason = message[:1].lower() + message[1:]
    return InvalidRequest(
        f"{path}: {reason}, not {shown(problem['input'])}.", parameter=parameter
    )
