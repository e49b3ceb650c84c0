"""JSON files → records as they stand there, each with the place it was found at.

A file holds an array of objects, one object, objects one after the other, or one
a line (JSON Lines).  Nothing is mended or judged here, but what no JSON of ours
can hold is refused: NaN, a key that stands twice, text that is no text.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, NoReturn

import orjson

from beacon.model.errors import ReadError
from loaders.content import read_text, suffixes, text_lines
from loaders.reader import shown_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from beacon.model.records import Json

_LINES = (".jsonl", ".ndjson")
_SPACE = re.compile(r"[ \t\r\n]*")
_DEEPEST = 100
_SHOWN = 80
_CUT_OFF = "the file ends within a record or an array; it was cut off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One record as a file holds it.

    Attributes:
        document: the object, as it stands there.
        file: the file's name, as it is shown.
        line: where the record begins, 1-based.
        index: its place in the array, 0-based, where several begin on its line.
        within: what holds the record, as a pointer: a family, of its packets.
        read: characters of the file read so far.
        notes: what was made of its text already, a line of the report each.
        faults: what is wrong with it already: where, and a sentence each.
    """

    document: Json
    file: str
    line: int
    index: int | None = None
    within: str = ""
    read: int = 0
    notes: tuple[str, ...] = ()
    faults: tuple[tuple[str, str], ...] = ()

    def place(self, pointer: str = "") -> str:
        """Return where a member stands: ``file:line/diseases/0/diseaseCode``."""
        index = "" if self.index is None else f"/{self.index}"
        return f"{self.file}:{self.line}{index}{self.within}{pointer}"


class NotJson(ValueError):
    """A text that is no JSON of ours, in a sentence; ``position`` is where."""

    def __init__(self, reason: str, position: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


def read_documents(path: Path) -> Iterator[Found]:
    """Yield the records of a JSON file, in its order.

    Raises:
        ReadError: naming the file and the line.
    """
    if any(suffix in _LINES for suffix in suffixes(path)):
        yield from _of_lines(path)
    else:
        yield from _Text(path).records()


def parse_json(text: str) -> object:
    """Return what a text holds.

    Raises:
        NotJson: it is no JSON of ours.
    """
    value, end = _value(text, _after_space(text, 0))
    if _after_space(text, end) != len(text):
        reason = "something follows the value"
        raise NotJson(reason, end)
    return value


def _of_lines(path: Path) -> Iterator[Found]:
    """Yield the objects of JSON Lines: only one is held at a time."""
    name, read, is_empty = shown_name(path), 0, True
    for number, line in text_lines(path):
        read += len(line)
        if not line.strip():
            continue
        is_empty = False
        try:
            value = parse_json(line)
        except NotJson as error:
            raise ReadError(error.reason, path=name, line=number) from error
        yield Found(
            document=_object(value, name, number), file=name, line=number, read=read
        )
    if is_empty:
        reason = "holds no record"
        raise ReadError(reason, path=name)


class _Text:
    """A file that is read as a whole, and understood record by record."""

    def __init__(self, path: Path) -> None:
        self._name = shown_name(path)
        self._text = read_text(path)
        self._counted = 0
        self._line = 1

    def records(self) -> Iterator[Found]:
        """Yield the objects of an array, or those that stand one after the other."""
        at = self._skip(0)
        if at == len(self._text):
            reason = "holds no record"
            raise ReadError(reason, path=self._name)
        listed = self._text[at] == "["
        yield from self._array(at + 1) if listed else self._sequence(at)

    def _array(self, at: int) -> Iterator[Found]:
        at = self._skip(at)
        if self._text[at : at + 1] == "]":
            reason = "holds no record: the array is empty"
            raise ReadError(reason, path=self._name)
        is_counted = None
        for index in count():
            found, at = self._record(at)
            if is_counted is None:
                is_counted = self._is_on(found.line, at)
            yield replace(found, index=index) if is_counted else found
            at = self._skip(at)
            after = self._text[at : at + 1]
            if after == "]":
                break
            if after != ",":
                self._refuse(at, f"expected ',' or ']' after a record, not {after!r}")
            at = self._skip(at + 1)
        end = self._skip(at + 1)
        if end != len(self._text):
            self._refuse(end, "something follows the array")

    def _is_on(self, line: int, at: int) -> bool:
        """Whether another record begins on this line, too, after a place."""
        comma = self._skip(at)
        following = self._skip(comma + 1)
        is_there = self._text[comma : comma + 1] == ","
        return is_there and line == self._line + self._text.count(
            "\n", self._counted, following
        )

    def _sequence(self, at: int) -> Iterator[Found]:
        while at < len(self._text):
            found, at = self._record(at)
            yield found
            at = self._skip(at)

    def _record(self, at: int) -> tuple[Found, int]:
        try:
            value, end = _value(self._text, at)
        except NotJson as error:
            place = at if error.position is None else error.position
            self._refuse(place, error.reason)
        line = self._line_of(at)
        document = _object(value, self._name, line)
        return Found(document=document, file=self._name, line=line, read=end), end

    def _skip(self, at: int) -> int:
        return _after_space(self._text, at)

    def _line_of(self, at: int) -> int:
        """Return the line of a place; places come in order."""
        self._line += self._text.count("\n", self._counted, at)
        self._counted = max(self._counted, at)
        return self._line

    def _refuse(self, at: int, reason: str) -> NoReturn:
        if not self._text[at:].strip():
            reason = _CUT_OFF
        raise ReadError(reason, path=self._name, line=self._line_of(at))


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def _value(text: str, at: int) -> tuple[object, int]:
    """Return the value that begins at a place, and where it ends.

    Raises:
        NotJson: there is none we can keep.
    """
    try:
        value, end = _DECODER.raw_decode(text, at)
        deepest = _depth(text, at, end)
        if deepest > _DEEPEST:
            reason = f"is nested deeper than {_DEEPEST} levels"
            raise NotJson(reason)
        orjson.dumps(value)
    except json.JSONDecodeError as error:
        if error.msg.startswith("Unterminated"):
            raise NotJson(_CUT_OFF) from error
        wrong = error.msg[:1].lower() + error.msg[1:].removesuffix(" at")
        reason = f"this is no JSON: {wrong}"
        raise NotJson(reason, error.pos) from error
    except RecursionError as error:
        reason = f"is nested deeper than {_DEEPEST} levels"
        raise NotJson(reason) from error
    except orjson.JSONEncodeError as error:
        reason = "holds text with half a character (a lone surrogate)"
        raise NotJson(reason) from error
    return value, end


def _depth(text: str, at: int, end: int) -> int:
    """Return how many brackets are open at most; those in texts may count, too."""
    if text.count("{", at, end) + text.count("[", at, end) <= _DEEPEST:
        return 0
    deepest = depth = 0
    for found in _STRUCTURE.finditer(text, at, end):
        if found[0] in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif found[0] in "}]":
            depth -= 1
    return deepest


_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)


def _pairs(pairs: list[tuple[str, object]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        reason = f"the key {twice[:_SHOWN]!r} stands twice in one object"
        raise NotJson(reason)
    return found


def _whole(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= int(text) < 2**64:
        reason = f"the number {text[:_SHOWN]} is too large to be kept"
        raise NotJson(reason)
    return int(text)


def _fraction(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        reason = f"the number {text[:_SHOWN]} is too large to be kept"
        raise NotJson(reason)
    return number


def _constant(text: str) -> NoReturn:
    reason = f"{text} is no number; leave the member out where there is no value"
    raise NotJson(reason)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_int=_whole,
    parse_float=_fraction,
    parse_constant=_constant,
)


def _object(value: object, name: str, line: int) -> Json:
    if not isinstance(value, dict):
        kinds = {list: "an array", str: "a text", bool: "a truth value"}
        kind = "nothing (null)" if value is None else kinds.get(type(value), "a number")
        reason = f"a record is an object, this is {kind}"
        raise ReadError(reason, path=name, line=line)
    return value
