"""Tables → records: CSV and TSV with a header, one record a row.

A column is a path into the record (``diseases|diseaseCode|id``, as in the EGA's
templates); in a cell, ``|`` stands between the values of several entries of an
array.  Which members are arrays, numbers or terms is the schema's to say.  Tables
of samples (a column ``sample``) are ``rosters``' to read.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NoReturn

from beacon.model.entry_types import COHORT
from beacon.model.errors import ReadError
from beacon.model.records import MEMBERS
from loaders.content import read_text, suffixes
from loaders.documents import Found, NotJson, parse_json
from loaders.reader import shown_name
from loaders.rosters import is_roster, read_roster
from loaders.shapes import ANYTHING, Shape, shape_of
from loaders.words import NO_SEX, is_sex, sex_term

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from beacon.model.records import Json

BAR = "|"
_INFO = "info"
_NOTE = "note"
_STRANGE = "columns with a part that is no member, kept as they are written"
_NOBODY = "is empty: name its people, or give no such column where all are meant"
_COMMA_FILES = (".csv",)
_TAB_FILES = (".tsv", ".tab")
_DELIMITERS = (",", "\t", ";")
_CURIE = re.compile(r"[A-Za-z][\w.\-]*:[^\s|]\S*\Z")
_CLAIMS = {"true": True, "false": False}
_LONGEST_CELL = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table.

    Attributes:
        line: where it begins, 1-based.
        read: characters of the table read so far.
    """

    cells: tuple[str, ...]
    line: int
    read: int


@dataclass(slots=True)
class _Column:
    """A member that columns are about, and the columns of what is below it.

    Attributes:
        place: number of the column that holds it as a whole, if there is one.
    """

    place: int | None = None
    below: dict[str, _Column] = field(default_factory=dict)


def is_table(path: Path) -> bool:
    """Whether a file's name says that it is a table."""
    return any(s in (*_COMMA_FILES, *_TAB_FILES, ".txt") for s in suffixes(path))


def read_table(path: Path, entry_type: str) -> Iterator[Found]:
    """Yield the records of a table, in its order.

    Args:
        path: CSV or TSV, plain or gzip.
        entry_type: whose schema its columns follow.

    Raises:
        ReadError: naming the file and the line.
    """
    header, rows = _opened(path)
    if is_roster(header.cells):
        yield from read_roster(shown_name(path), header, rows, entry_type)
        return
    reader = _Reader(shown_name(path), header, _shape_of(entry_type))
    is_empty = True
    for row in rows:
        is_empty = False
        yield reader.found(row)
    if is_empty:
        reason = "holds no record below its header"
        raise ReadError(reason, path=shown_name(path))


def _shape_of(entry_type: str) -> Shape:
    """Return the shape of a record, with what is ours alone."""
    shape = shape_of(entry_type)
    if entry_type != COHORT.id:
        return shape
    people = Shape(
        kinds=frozenset(("array",)), item=Shape(kinds=frozenset(("string",)))
    )
    return replace(shape, members={**shape.members, MEMBERS: people})


def _opened(path: Path) -> tuple[Row, Iterator[Row]]:
    """Return the header, and what reads the rows below it; blank ones are skipped."""
    text = read_text(path)
    rows = _rows(shown_name(path), text, _delimiter(path, text))
    header = next(rows, None)
    if header is None:
        reason = "holds no header line"
        raise ReadError(reason, path=shown_name(path))
    cells = list(header.cells)
    while cells and not cells[-1]:
        cells.pop()
    names = Counter(cell.lower() for cell in cells)
    twice = next((name for name, count in names.items() if name and count > 1), None)
    if twice is not None:
        reason = f"the column {twice!r} is there twice"
        raise ReadError(reason, path=shown_name(path), line=header.line)
    found = replace(header, cells=tuple(cells))
    return found, _fitting(shown_name(path), found, rows)


def _fitting(name: str, header: Row, rows: Iterator[Row]) -> Iterator[Row]:
    """Yield rows that have a cell for every column; none is ever filled up."""
    wanted = len(header.cells)
    for row in rows:
        if len(row.cells) < wanted or any(row.cells[wanted:]):
            reason = (
                f"{len(row.cells)} cells stand here, the header has {wanted} columns"
            )
            raise ReadError(reason, path=name, line=row.line)
        for number, written in enumerate(header.cells):
            if not written and row.cells[number]:
                reason = f"a cell stands in column {number + 1}, which has no name"
                raise ReadError(reason, path=name, line=row.line)
        yield replace(row, cells=row.cells[:wanted])


def _delimiter(path: Path, text: str) -> str:
    """Return what stands between cells: by the name, unless the header knows better."""
    first = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
    counts = {one: first.count(one) for one in _DELIMITERS}
    usual = "\t" if any(s in _TAB_FILES for s in suffixes(path)) else ","
    return usual if counts[usual] else max(_DELIMITERS, key=counts.__getitem__)


def _rows(name: str, text: str, delimiter: str) -> Iterator[Row]:
    """Yield the rows that say something; a quoted cell may go over several lines."""
    csv.field_size_limit(_LONGEST_CELL)
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            reason = f"this is no row of a table: {error}"
            raise ReadError(reason, path=name, line=line) from error
        if cells is None:
            return
        plain = tuple(cell.strip() for cell in cells)
        if any(plain):
            yield Row(cells=plain, line=line, read=lines.tell())
        line = reader.line_num + 1


class _Reader:
    """Makes records of rows under one header."""

    def __init__(self, name: str, header: Row, shape: Shape) -> None:
        self._name = name
        self._shape = shape
        self._header = header
        self._tree = _Column()
        self._kept: list[tuple[str, int]] = []
        self._strange: list[int] = []
        for place, written in enumerate(header.cells):
            if written:
                self._add(written, place)

    def _add(self, written: str, place: int) -> None:
        """Take a column; what the schema does not know goes to ``info``."""
        path, is_known = _path(written, self._shape)
        if not all(path):
            self._refuse(f"the column {written!r} has an empty part")
        if path[0] not in self._shape.members:
            if len(path) > 1:
                self._refuse(f"the column {written!r} begins with no member of these")
            self._kept.append((written, place))
            return
        if not is_known:
            self._strange.append(place)
        column = self._tree
        for step in path:
            column = column.below.setdefault(step, _Column())
        column.place = place

    def _refuse(self, reason: str) -> NoReturn:
        raise ReadError(reason, path=self._name, line=self._header.line)

    def found(self, row: Row) -> Found:
        """Return the record of a row."""
        maker = _Maker(row)
        document = maker.members(self._tree, self._shape, ())
        if MEMBERS in self._tree.below and MEMBERS not in document:
            maker.faults.append((f"/{MEMBERS}", _NOBODY))
        kept = {name: row.cells[at] for name, at in self._kept if row.cells[at]}
        info = document.get(_INFO, {})
        if kept and isinstance(info, dict):
            document[_INFO] = kept | info
            maker.notes.append("columns that are no members, kept under info")
        if any(row.cells[at] for at in self._strange):
            maker.notes.append(_STRANGE)
        return Found(
            document=document,
            file=self._name,
            line=row.line,
            read=row.read,
            notes=tuple(maker.notes),
            faults=tuple(maker.faults),
        )


class _Maker:
    """Makes the record of one row."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self.notes: list[str] = []
        self.faults: list[tuple[str, str]] = []

    def members(
        self,
        column: _Column,
        shape: Shape,
        path: tuple[str, ...],
        at: int | None = None,
    ) -> Json:
        """Return an object: the members that have a value here.

        Args:
            column: of the object.
            shape: the object's.
            path: where it stands.
            at: which of the values in each cell is meant; all, outside arrays.
        """
        found: Json = {}
        for name, below in column.below.items():
            value = self._member(below, shape.below(name), (*path, name), at)
            if value is not None:
                found[name] = value
        return found

    def _member(
        self, column: _Column, shape: Shape, path: tuple[str, ...], at: int | None
    ) -> object:
        """Return a member's value; ``None``: the row has none."""
        whole = self._whole(column, shape, path, at)
        if not column.below:
            return whole
        if shape.is_array:
            parts: object = self._array(column, shape.item or ANYTHING, path, at)
        else:
            parts = self.members(column, shape, path, at)
        if parts and whole is not None:
            reason = f"is given as a whole ({whole!r:.80}) and in parts: leave one out"
            self._refuse(path, reason)
        return parts or whole

    def _whole(
        self, column: _Column, shape: Shape, path: tuple[str, ...], at: int | None
    ) -> object:
        """Return what a member's own column holds."""
        text = self._cell(column, at)
        if not text:
            return None
        if not shape.is_array:
            return self._value(text, shape, path)
        value = self._json(text, path) if text.startswith(("[", "{")) else None
        if value is not None:
            return value if isinstance(value, list) else [value]
        item = shape.item or ANYTHING
        texts = filter(None, (part.strip() for part in text.split(BAR)))
        return [self._value(part, item, path) for part in texts]

    def _array(
        self, column: _Column, item: Shape, path: tuple[str, ...], at: int | None
    ) -> list[Json]:
        """Return the entries that the values of the cells below stand for.

        An entry has the first, second … value of each cell.  Values of an array
        within an entry are the inner array's where there is one entry only.
        """
        if at is not None:
            return [entry] if (entry := self.members(column, item, path, at)) else []
        own = list(self._own(column, item))
        number = max(map(self._count, own), default=1)
        if number == 1:
            entry = self.members(column, item, path)
            return [entry] if entry else []
        for inner in self._all(column):
            if self._count(inner) > number:
                self._refuse(path, f"has {number} entries, but a cell has more values")
                return []
        entries = [self.members(column, item, path, place) for place in range(number)]
        return [entry for entry in entries if entry]

    def _own(self, column: _Column, shape: Shape) -> Iterator[_Column]:
        """Yield the columns of an entry that no array within it claims."""
        for name, below in column.below.items():
            inner = shape.below(name)
            if below.place is not None and not inner.is_array:
                yield below
            if not inner.is_array:
                yield from self._own(below, inner)

    def _all(self, column: _Column) -> Iterator[_Column]:
        for below in column.below.values():
            yield below
            yield from self._all(below)

    def _count(self, column: _Column) -> int:
        """Return how many values a cell holds; JSON is one."""
        return len(_values(self._cell(column, None)))

    def _cell(self, column: _Column, at: int | None) -> str:
        text = "" if column.place is None else self._row.cells[column.place]
        if at is None:
            return text
        values = _values(text)
        return values[at].strip() if at < len(values) else ""

    def _value(self, text: str, shape: Shape, path: tuple[str, ...]) -> object:
        """Return a text as its schema wants it; as it is, where it does not fit."""
        if path == (_INFO,):
            return self._information(text, path)
        if shape.is_claim:
            return _CLAIMS.get(text.lower(), text)
        if shape.is_number:
            return _number(text)
        if not shape.is_object:
            return text
        if text.startswith(("{", "[")):
            return self._json(text, path)
        return self._term(text, path) if shape.is_term and not shape.is_time else text

    def _term(self, text: str, path: tuple[str, ...]) -> Json:
        """Return the term a plain word stands for."""
        if path == ("sex",):
            self.notes += [] if is_sex(text) else [NO_SEX]
            return sex_term(text)
        if _CURIE.match(text):
            return {"id": text}
        self.notes.append("words that are no terms, kept as text:…")
        return {"id": f"text:{text}", "label": text}

    def _information(self, text: str, path: tuple[str, ...]) -> object:
        if text.startswith("{"):
            return self._json(text, path)
        self.notes.append(f"info that is no object, kept as info/{_NOTE}")
        return {_NOTE: text}

    def _json(self, text: str, path: tuple[str, ...]) -> object:
        try:
            return parse_json(text.replace("\u00a0", " "))
        except NotJson as error:
            self._refuse(path, error.reason)
            return None

    def _refuse(self, path: Sequence[str], reason: str) -> None:
        self.faults.append(("".join(f"/{step}" for step in path), reason))


def _values(text: str) -> list[str]:
    """Return the values of a cell."""
    return [text] if text.startswith(("{", "[")) else text.split(BAR)


def _number(text: str) -> int | float | str:
    """Return a number; a text that is none stays, and is told later."""
    try:
        number = float(text) if re.search(r"[.eE]", text) else int(text)
    except ValueError:
        return text
    is_plain = re.fullmatch(r"[+-]?[0-9.]+([eE][+-]?[0-9]+)?", text) is not None
    return number if is_plain and abs(number) < float(2**63) else text


def _path(written: str, shape: Shape) -> tuple[list[str], bool]:
    """Return a column's steps, and whether the schema knows every one of them."""
    path, is_known = [], True
    for step in written.split(BAR):
        if shape.is_array:
            shape = shape.item or ANYTHING
        path.append(_spelled(step.strip(), shape))
        is_known &= not shape.members or path[-1] in shape.members
        shape = shape.below(path[-1])
    return path, is_known


def _spelled(step: str, shape: Shape) -> str:
    """Return a column's name as the schema writes it, whatever its case."""
    same = {name.lower(): name for name in shape.members}
    return same.get(step.lower(), step)
