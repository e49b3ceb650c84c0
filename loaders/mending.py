"""Known slips of documents, put right before they are judged; each is counted.

Official examples wrap ages (``{"age": {…}}``), files made from tables write numbers
as texts and whole numbers with a fraction, exports carry keys of a database.  What
is meant is plain in all of these.  Nothing is guessed: whatever is left over is
for the schema to judge.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from beacon.model.entry_types import INDIVIDUAL
from loaders.shapes import ANYTHING, Shape, shape_of

if TYPE_CHECKING:
    from collections import Counter

    from beacon.model.records import Json

_OWN_KEYS = ("datasetId", "datasetIds", "cohortIds")
_WRAPPERS = (
    *("age", "ageRange", "ageGroup", "ageOfOnset", "gestationalAge"),
    *("ontologyClass", "ontologyTerm", "interval", "timeInterval"),
)
_DURATION = re.compile(
    r"P(?=[\dT])(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?\Z"
)
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?([eE][+-]?\d{1,2})?\Z", re.ASCII)
_CLAIMS = {"true": True, "false": False}

WRAPPED = "ages unwrapped"
BARE = "ages written as text, made objects"
TEXTS = "numbers written as text"
FRACTIONS = "whole numbers written with a fraction"
CLAIMS = "true and false written as text"
NOTHING = "members without a value (null) left out"
ALONE = "single entries where a list is meant"
UNITS = "units renamed unit"
MEASURES = "measurements of individuals renamed measures"
KARYOTYPE = "karyotypicSex X0 (nought) written XO"
OWN = "keys of a database left out (_id, datasetId)"


def mended(document: Json, entry_type: str, told: Counter[str]) -> Json:
    """Return a document with known slips put right.

    Args:
        document: as it was read; it stays as it is.
        entry_type: whose schema says what is meant.
        told: counts what was done.
    """
    found = {}
    for name, value in document.items():
        if name.startswith("_") or name in _OWN_KEYS:
            told[OWN] += 1
        else:
            found[name] = value
    if entry_type == INDIVIDUAL.id:
        _rename(found, told)
    return _Mender(told).members(found, shape_of(entry_type))


def _rename(individual: Json, told: Counter[str]) -> None:
    """Give an individual's members the names they have in the standard."""
    if "measurements" in individual and "measures" not in individual:
        individual["measures"] = individual.pop("measurements")
        told[MEASURES] += 1
    if individual.get("karyotypicSex") == "X0":
        individual["karyotypicSex"] = "XO"
        told[KARYOTYPE] += 1


def _is_whole(number: float) -> bool:
    """Whether a number is whole, and certainly the one that was written."""
    return number.is_integer() and abs(number) < 2**53


class _Mender:
    """Goes through a document beside its shape."""

    def __init__(self, told: Counter[str]) -> None:
        self._told = told

    def members(self, value: Json, shape: Shape) -> Json:
        """Return an object, its members mended."""
        if "units" in value and "unit" in shape.members and "unit" not in value:
            self._told[UNITS] += 1
            value = {"unit" if k == "units" else k: v for k, v in value.items()}
        found: Json = {}
        for name, member in value.items():
            below = shape.below(name)
            if member is None and name in shape.members:
                self._told[NOTHING] += 1
                continue
            found[name] = self._value(member, below)
        return found

    def _value(self, value: object, shape: Shape) -> object:
        if shape is ANYTHING:
            return value
        match value:
            case dict():
                return self._object(value, shape)
            case list():
                item = shape.item or ANYTHING
                return [self._value(entry, item) for entry in value]
            case str():
                return self._text(value, shape)
            case float() if shape.is_whole and _is_whole(value):
                self._told[FRACTIONS] += 1
                return int(value)
        return value

    def _object(self, value: Json, shape: Shape) -> object:
        if shape.is_array:
            self._told[ALONE] += 1
            return [self.members(value, shape.item or ANYTHING)]
        inner = self._unwrapped(value, shape) if shape.is_time else None
        return self.members(value if inner is None else inner, shape)

    def _unwrapped(self, value: Json, shape: Shape) -> Json | None:
        """Return the time within a wrapper; ``None``: there is none."""
        if len(value) != 1:
            return None
        name, inner = next(iter(value.items()))
        if name not in _WRAPPERS or name in shape.members:
            return None
        if isinstance(inner, str) and _DURATION.match(inner):
            inner = {"iso8601duration": inner}
        if not isinstance(inner, dict):
            return None
        self._told[WRAPPED] += 1
        return self._unwrapped(inner, shape) or inner

    def _text(self, value: str, shape: Shape) -> object:
        plain = value.strip()
        if shape.is_number and _NUMBER.match(plain):
            self._told[TEXTS] += 1
            number = float(plain)
            return int(number) if number.is_integer() and shape.is_whole else number
        if shape.is_claim and plain.lower() in _CLAIMS:
            self._told[CLAIMS] += 1
            return _CLAIMS[plain.lower()]
        if shape.is_time and _DURATION.match(plain):
            self._told[BARE] += 1
            return {"iso8601duration": plain}
        return value
