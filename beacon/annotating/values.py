"""Answers → the INFO fields of a record, and how often each word was said.

Only what a disclosure says is written: a value for each ALT and dataset, ``.``
where no number is given.  Who was asked and did not answer says ``no_answer``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from beacon.annotating.columns import FIELDS
from beacon.annotating.questions import NO_ANSWER, NOT_ASKED
from beacon.model.disclosure import Disclosure
from beacon.model.errors import BeaconError, InvalidRequest
from beacon.model.status import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from beacon.annotating.columns import Consulted
    from beacon.annotating.questions import Asked, Run, Target
    from beacon.model.counts import AlleleCounts
    from beacon.model.disclosure import DatasetDisclosure

Said = Disclosure | BeaconError
"""What a beacon says to one question, or why it says nothing."""

_MOST_REMEMBERED = 200_000
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


class Values:
    """Writes the values of the datasets of some beacons."""

    def __init__(self, consulted: Sequence[Consulted]) -> None:
        self._consulted = consulted
        self._ids = [tuple(c.dataset for c in each.columns) for each in consulted]
        width = sum(map(len, self._ids))
        self._fixed = {number: [cell] * width for number, cell in _FIXED.items()}
        self._remembered: dict[tuple[object, ...], Cell] = {}

    def write(self, asked: Asked, said: Sequence[Sequence[Said]]) -> Written:
        """Return the lines of a block with the answers to its questions.

        Args:
            asked: the block.
            said: the answers of each beacon, in the order of the questions.
        """
        tally = Tally()
        cells = self._cells(said, tally)
        rows, words = asked.rows, []
        for row, target in zip(rows, asked.targets, strict=True):
            if isinstance(row, str):
                continue
            tally.records += 1
            if target is None:
                continue
            if isinstance(target, int):
                mine = cells[target] if target >= 0 else self._fixed[target]
                ac, an, af, hom, status = zip(*mine, strict=True)
                words.append(status)
            else:
                each = [cells[t] if t >= 0 else self._fixed[t] for t in target]
                ac, an, af, hom, status = zip(*chain.from_iterable(each), strict=True)
                words += [tuple(c.status for c in some) for some in each]
            row[_INFO] = _joined(
                row[_INFO],
                f"{_AC}={','.join(ac)};{_AN}={','.join(an)};{_AF}={','.join(af)}"
                f";{_HOM}={','.join(hom)};{_STATUS}={','.join(status)}",
            )
        tally.alleles = len(words)
        tally.words.update(words)
        tally.unread = _count(asked.targets, NO_ANSWER)
        tally.changed = self._changed(said)
        lines = [row if isinstance(row, str) else "\t".join(row) for row in rows]
        return Written("\n".join(lines).encode("latin-1"), tally, asked.runs)

    def _cells(self, said: Sequence[Sequence[Said]], tally: Tally) -> list[list[Cell]]:
        """Return the cells of each question, of all datasets."""
        found = [
            [self._of_beacon(answer, ids, tally) for answer in answers]
            for ids, answers in zip(self._ids, said, strict=True)
        ]
        if len(found) == 1:
            return found[0]
        return [list(chain.from_iterable(p)) for p in zip(*found, strict=True)]

    def _of_beacon(
        self, answer: Said, ids: tuple[str, ...], tally: Tally
    ) -> list[Cell]:
        if isinstance(answer, BeaconError):
            if isinstance(answer, InvalidRequest):
                tally.unread += 1
            else:
                tally.failed += 1
            return [_BARE[Status.NO_ANSWER]] * len(ids)
        parts = answer.datasets
        if len(parts) != len(ids):
            return self._picked(parts, ids)
        cells = []
        for part, name in zip(parts, ids, strict=True):
            if part.dataset != name:
                return self._picked(parts, ids)
            cells.append(self._cell(part.counts, part.status))
        return cells

    def _picked(
        self, parts: Sequence[DatasetDisclosure], ids: tuple[str, ...]
    ) -> list[Cell]:
        """Return the cells of datasets that came in another order, or not all."""
        by_id = {part.dataset: part for part in parts}
        return [
            self._cell(by_id[name].counts, by_id[name].status)
            if name in by_id
            else _BARE[Status.NO_ANSWER]
            for name in ids
        ]

    def _cell(self, counts: AlleleCounts | None, status: Status) -> Cell:
        if counts is None:
            return _BARE[status]
        key = (counts.ac, counts.an, counts.hom, status)
        found = self._remembered.get(key)
        if found is None:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            found = self._remembered[key] = _spelled(counts, status)
        return found

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


def _spelled(counts: AlleleCounts, status: Status) -> Cell:
    frequency = counts.frequency
    return Cell(
        _number(counts.ac),
        _number(counts.an),
        "." if frequency is None else f"{frequency:.6g}",
        _number(counts.hom),
        status.value,
    )


def _number(count: int | None) -> str:
    return "." if count is None else str(count)


def _joined(info: str, ours: str) -> str:
    """Return INFO with our fields at its end, before what ends the line."""
    if info.endswith("\r"):
        return f"{_joined(info[:-1], ours)}\r"
    if info in (".", ""):
        return ours
    return f"{info}{ours}" if info.endswith(";") else f"{info};{ours}"


def _count(targets: Iterable[Target], wanted: int) -> int:
    """Return how many ALTs have a number."""
    return sum(
        target.count(wanted) if isinstance(target, tuple) else target == wanted
        for target in targets
    )
