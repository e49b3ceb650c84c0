"""Answers → the INFO fields of a record, and how often each word was said.

Only what a disclosure says is written: a value for each ALT and dataset, ``.``
where no number is given.  Who was asked and did not answer says ``no_answer``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, cast

from beacon.annotating.columns import FIELDS
from beacon.annotating.questions import NO_ANSWER, NOT_ASKED
from beacon.model.disclosure import Disclosure
from beacon.model.errors import BeaconError, InvalidRequest
from beacon.model.status import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.annotating.columns import Consulted
    from beacon.annotating.questions import Asked, Run
    from beacon.model.counts import AlleleCounts
    from beacon.model.disclosure import DatasetDisclosure

Said = Disclosure | BeaconError
"""What a beacon says to one question, or why it says nothing."""

_MOST_KNOWN = 2_000
_MOST_SPELLED = 50_000
"""Statements, and combinations of counts, of one dataset whose cells are kept."""
_AC, _AN, _AF, _HOM, _STATUS = FIELDS
_INFO = 7


class Cell(NamedTuple):
    """The values of one allele and dataset, as they are written."""

    ac: str
    an: str
    af: str
    hom: str
    status: str


_BARE = {status: Cell(".", ".", ".", ".", status.value) for status in Status}
_FIXED = {NO_ANSWER: _BARE[Status.NO_ANSWER], NOT_ASKED: _BARE[Status.NOT_ASKED]}


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was written, counted.

    Attributes:
        records, alleles: how many lines, and ALTs that are alleles.
        words: how often the words were said of an allele, dataset by dataset.
        failed: alleles that a beacon gave no answer to, as it failed.
        unread: alleles that could not be understood, so nobody was asked.
        changed: labels of datasets that served another release meanwhile.
    """

    records: int = 0
    alleles: int = 0
    words: Counter[tuple[str, ...]] = field(default_factory=Counter)
    failed: int = 0
    unread: int = 0
    changed: set[str] = field(default_factory=set)

    def add(self, other: Tally) -> None:
        """Add what was counted of another block."""
        self.records += other.records
        self.alleles += other.alleles
        self.words.update(other.words)
        self.failed += other.failed
        self.unread += other.unread
        self.changed |= other.changed

    def by_column(self, columns: int) -> list[Counter[str]]:
        """Return how often each word was said by each dataset."""
        found: list[Counter[str]] = [Counter() for _ in range(columns)]
        for words, times in self.words.items():
            for counter, word in zip(found, words, strict=True):
                counter[word] += times
        return found


class Written(NamedTuple):
    """A block as it is written, what was counted, and how its lines follow."""

    text: bytes
    tally: Tally
    runs: list[Run]


class _Column:
    """The cells of one dataset, as often as it says the same.

    Attributes:
        known: gives the cell of a statement that was made once for many alleles
            (that it was not seen), by its identity.  The statement is held here,
            so that no other value takes that.
    """

    def __init__(self, dataset: str) -> None:
        self._dataset = dataset
        self._known: dict[int, Cell] = {}
        self.known = self._known.get
        self._held: list[DatasetDisclosure] = []
        self._spelled: dict[tuple[object, ...], Cell] = {}

    def cell(self, part: DatasetDisclosure) -> Cell | None:
        """Return the cell of a statement; ``None``: it is of another dataset."""
        if part.dataset != self._dataset:
            return None
        counts, status = part.counts, part.status
        if counts is not None and counts.ac:
            return self._counted(counts, status)
        if len(self._held) >= _MOST_KNOWN:
            self._known.clear()
            self._held.clear()
        cell = _BARE[status] if counts is None else self._counted(counts, status)
        self._known[id(part)] = cell
        self._held.append(part)
        return cell

    def _counted(self, counts: AlleleCounts, status: Status) -> Cell:
        key = (counts.ac, counts.an, counts.hom, status)
        found = self._spelled.get(key)
        if found is None:
            if len(self._spelled) >= _MOST_SPELLED:
                self._spelled.clear()
            found = self._spelled[key] = _spelled(counts, status)
        return found

    def named(self, parts: Mapping[str, DatasetDisclosure]) -> Cell:
        """Return the cell of the statement about it; without one, ``no_answer``."""
        part = parts.get(self._dataset)
        cell = None if part is None else self.cell(part)
        return _BARE[Status.NO_ANSWER] if cell is None else cell


class Values:
    """Writes the values of the datasets of some beacons."""

    def __init__(self, consulted: Sequence[Consulted]) -> None:
        self._consulted = consulted
        self._columns = [
            tuple([_Column(column.dataset) for column in each.columns])
            for each in consulted
        ]
        width = sum(map(len, self._columns))
        self._fixed = {number: [cell] * width for number, cell in _FIXED.items()}

    def write(self, asked: Asked, said: Sequence[Sequence[Said]]) -> Written:
        """Return the lines of a block with the answers to its questions.

        Args:
            asked: the block.
            said: the answers of each beacon, in the order of the questions.
        """
        tally = Tally()
        cells, fixed = self._cells(said, tally), self._fixed
        lines: list[str] = []
        words: list[tuple[str, ...]] = []
        for row, target in zip(asked.rows, asked.targets, strict=True):
            if isinstance(row, str):
                lines.append(row)
                continue
            tally.records += 1
            if isinstance(target, int):
                mine = cells[target] if target >= 0 else fixed[target]
                tally.unread += target == NO_ANSWER
                ours, status = _fields(mine)
                words.append(status)
                row[_INFO] = _joined(row[_INFO], ours)
            elif target is not None:
                each = [cells[t] if t >= 0 else fixed[t] for t in target]
                tally.unread += target.count(NO_ANSWER)
                words += [tuple([c.status for c in some]) for some in each]
                ours, _ = _fields(list(chain.from_iterable(each)))
                row[_INFO] = _joined(row[_INFO], ours)
            lines.append("\t".join(row))
        tally.alleles = len(words)
        tally.words.update(words)
        tally.changed = self._changed(said)
        return Written("\n".join(lines).encode("latin-1"), tally, asked.runs)

    def _cells(self, said: Sequence[Sequence[Said]], tally: Tally) -> list[list[Cell]]:
        """Return the cells of each question, of all datasets."""
        found = [
            [_of_beacon(answer, columns, tally) for answer in answers]
            for columns, answers in zip(self._columns, said, strict=True)
        ]
        if len(found) == 1:
            return found[0]
        return [list(chain.from_iterable(p)) for p in zip(*found, strict=True)]

    def _changed(self, said: Sequence[Sequence[Said]]) -> set[str]:
        """Return which datasets no longer serve the release the header names.

        All questions of a block are asked at about one time: its ends tell.
        """
        return {
            column.label
            for each, answers in zip(self._consulted, said, strict=True)
            for answer in (*answers[:1], *answers[-1:])
            if isinstance(answer, Disclosure)
            for column in each.columns
            for part in answer.datasets
            if part.dataset == column.dataset
            and None not in (part.release, column.release)
            and part.release != column.release
        }


def _of_beacon(answer: Said, columns: tuple[_Column, ...], tally: Tally) -> list[Cell]:
    """Return what a beacon says to one question, dataset by dataset."""
    if isinstance(answer, BeaconError):
        if isinstance(answer, InvalidRequest):
            tally.unread += 1
        else:
            tally.failed += 1
        return [_BARE[Status.NO_ANSWER]] * len(columns)
    parts = answer.datasets
    if len(parts) == len(columns):
        pairs = zip(columns, parts, strict=True)
        cells = [column.known(id(part)) for column, part in pairs]
        for n, cell in enumerate(cells):
            if cell is None:
                cells[n] = columns[n].cell(parts[n])
        if None not in cells:
            return cast("list[Cell]", cells)
    # They came in another order, or not all.
    named = {part.dataset: part for part in parts}
    return [column.named(named) for column in columns]


def _fields(cells: list[Cell]) -> tuple[str, tuple[str, ...]]:
    """Return cells as the text of our fields, and their words."""
    ac, an, af, hom, status = zip(*cells, strict=True)
    text = (
        f"{_AC}={','.join(ac)};{_AN}={','.join(an)};{_AF}={','.join(af)}"
        f";{_HOM}={','.join(hom)};{_STATUS}={','.join(status)}"
    )
    return text, status


def _spelled(counts: AlleleCounts, status: Status) -> Cell:
    ac, an, hom = counts.ac, counts.an, counts.hom
    frequency = counts.frequency
    return Cell(
        "." if ac is None else str(ac),
        "." if an is None else str(an),
        "." if frequency is None else f"{frequency:.6g}",
        "." if hom is None else str(hom),
        _BARE[status].status,
    )


def _joined(info: str, ours: str) -> str:
    """Return INFO with our fields at its end, before what ends the line."""
    if info.endswith("\r"):
        return f"{_joined(info[:-1], ours)}\r"
    if info in (".", ""):
        return ours
    return f"{info}{ours}" if info.endswith(";") else f"{info};{ours}"
