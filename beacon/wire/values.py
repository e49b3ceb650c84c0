"""Single values of a request, in any form clients send them.

Each type reads a value (a number as text, a list with commas, a single value for
a list of one) and refuses the rest with a sentence; ``parameters`` and
``filters`` are made of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from beacon.model.errors import InvalidRequest
from beacon.wire.reading import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

_REFUSED: Final = "refused"
_LARGEST = 2**31 - 1
_LONGEST_TEXT = 1000
_WHOLE = re.compile(r"[+-]?[0-9]{1,12}\Z")
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


def refuse(sentence: str) -> NoReturn:
    """Say what is wrong with a value, in a sentence that its name begins."""
    raise PydanticCustomError(_REFUSED, "{sentence}", {"sentence": sentence})


def whole(value: object) -> int:
    """Read a whole number, as JSON or as text."""
    number = _number(value)
    if number is None:
        refuse(f"must be a whole number, not {shown(value)}")
    if not 0 <= number <= _LARGEST:
        refuse(f"must lie between 0 and {_LARGEST}, not {shown(number)}")
    return number


def _share(value: object) -> float:
    """Read a number between 0 and 1, as JSON or as text."""
    try:
        share = None if isinstance(value, bool) else float(str(value))
    except ValueError:
        share = None
    if share is None or not 0 <= share <= 1:
        refuse(f"must be a number between 0 and 1, not {shown(value)}")
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


def listed(value: object) -> list[object]:
    """Read a list: JSON's, one with commas, or a single value."""
    if isinstance(value, list):
        return [part for item in value for part in _split(item)]
    return _split(value)


def _split(value: object) -> list[object]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return [value]


def _text(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        refuse(f"must be text, not {shown(value)}")
    if len(value) > _LONGEST_TEXT:
        refuse(f"must not be longer than {_LONGEST_TEXT} characters")
    return value.strip()


def _names(value: object) -> list[str]:
    return list(dict.fromkeys(_text(item) for item in listed(value) if item != ""))


def _truth(value: object) -> bool:
    known = _TRUTHS.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(known, bool):
        refuse(f"must be true or false, not {shown(value)}")
    return known


WHOLE_SCHEMA: Final = {"type": "integer", "minimum": 0, "maximum": _LARGEST}
_SHARE_SCHEMA: Final = {"type": "number", "minimum": 0, "maximum": 1}
_TEXT_SCHEMA: Final = {"type": "string", "maxLength": _LONGEST_TEXT, "pattern": r"\S"}

Whole = Annotated[int, BeforeValidator(whole), WithJsonSchema(WHOLE_SCHEMA)]
Share = Annotated[float, BeforeValidator(_share), WithJsonSchema(_SHARE_SCHEMA)]
Text = Annotated[str, BeforeValidator(_text), WithJsonSchema(_TEXT_SCHEMA)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Truth = Annotated[bool, BeforeValidator(_truth)]


class Read(BaseModel):
    """What every part shares: names as on the wire, and no change afterwards."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True
    )


def invalid(failure: ValidationError) -> InvalidRequest:
    """Return the first thing that is wrong, as a sentence naming its parameter."""
    problem = failure.errors(include_url=False)[0]
    parameter = str(problem["loc"][0])
    path = ".".join(_shown_path(problem["loc"]))
    message = problem["msg"]
    if problem["type"] == _REFUSED:
        return InvalidRequest(f"{path} {message}.", parameter=parameter)
    reason = message[:1].lower() + message[1:]
    return InvalidRequest(
        f"{path}: {reason}, not {shown(problem['input'])}.", parameter=parameter
    )


def _shown_path(place: tuple[int | str, ...]) -> Iterator[str]:
    """Yield the steps to a value; a filter without alternatives is one step."""
    for number, step in enumerate(place):
        is_only = number == 2 and place[0] == "filters" and step == 0
        if step != "function-before" and not is_only:
            yield str(step)
