"""The form of a TOML file: its keys and their types, or one sentence of what is wrong.

What the keys mean, and whether they may stand together, is of whoever reads the file.
"""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from beacon.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

Form = TypeVar("Form", bound=BaseModel)


def formed(
    data: bytes, where: str, whole: type[Form], tables: Mapping[str, type[BaseModel]]
) -> Form:
    """Return what the bytes of a file say, in its form.

    Args:
        data: of the file.
        where: it is, for sentences.
        whole: the form of all of it.
        tables: the form of each of its tables, by the name that leads to them.

    Raises:
        UsageError: one sentence naming the key, where it is not of this form.
    """
    try:
        return whole.model_validate(tomllib.loads(data.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        message = f"{where}: this is not TOML: {failure}"
        raise UsageError(message) from failure
    except ValidationError as failure:
        message = f"{where}: {_sentence(failure, whole, tables)}"
        raise UsageError(message) from None


def meant(key: str, table: type[BaseModel]) -> str:
    """Return what may have been meant by a key that a table does not know."""
    known = [field.alias or name for name, field in table.model_fields.items()]
    close = get_close_matches(key, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"


def _sentence(
    failure: ValidationError,
    whole: type[BaseModel],
    tables: Mapping[str, type[BaseModel]],
) -> str:
    """Say the first thing that is wrong with the form of a file."""
    problem = failure.errors(include_url=False, include_input=False)[0]
    path = tuple(str(part) for part in problem["loc"])
    key = ".".join(path)
    if problem["type"] == "extra_forbidden":
        table = next((tables[p] for p in reversed(path[:-1]) if p in tables), whole)
        return f"unknown key {key}{meant(path[-1], table)}"
    if problem["type"] == "missing":
        return f"{key} is missing"
    reason = problem["msg"][:1].lower() + problem["msg"][1:]
    return f"{key}: {reason}"
