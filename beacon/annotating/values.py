"""Answers → the INFO fields of a record, and how often each word was said.

Only what a disclosure says is written: a value for each ALT and dataset, ``.``
where no number is given.  Who was asked and did not answer says ``no_answer``.
What is said of many alleles is one text.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from beacon.annotating.columns import ADJUSTED, FIELDS
from beacon.annotating.laying import Table, frequencies, spelled
from beacon.annotating.questions import NO_ANSWER, NOT_ASKED
from beacon.model.errors import BeaconError, InvalidRequest
from beacon.model.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from beacon.annotating.columns import Consulted
    from beacon.annotating.questions import Asked, Run, Target
    from beacon.model.counts import AlleleCounts
    from beacon.model.disclosure import DatasetDisclosure
    from beacon.model.wording import Cells
    from loaders.indexing import Lines

_MOST_REMEMBERED = 50_000
_AC, _AN, _AF, _HOM, _STATUS = FIELDS
_INFO = 7
_DIGITS, _QUOTIENT = 16, 13
"""Bytes that a count takes at most, and a frequency."""
_UNUSUAL_ENDS = ("", ".", ";", "\r")

Numbers = tuple[str, str, str, str]
"""AC, AN, AF and HOM of one allele and dataset, as they are written."""
_NO_NUMBERS: Numbers = (".", ".", ".", ".")
Cell = tuple[str, int | None, str, str, str, str, str, str]
"""A dataset, the release it answers from, its numbers, what they are rounded to, and
its word."""
_EXACT = "."


class Told(NamedTuple):
    """What is written of one allele.

    Attributes:
        text: all fields.
        words: the words of the datasets, as they are written.
        changed: labels of those that serve another release than the header names.
        rounded: what the numbers of each dataset are rounded to; it stands in
            ``text``, too.  Empty where all are exact.
        is_failed: whether a dataset gave no answer.
    """

    text: str
    words: str
    changed: frozenset[str] = frozenset()
    rounded: str = ""
    is_failed: bool = False


Said = Told | BeaconError
"""What a beacon says to one question, or why it says nothing."""


class Columns:
    """Words what one beacon says, in the order of its columns.

    Args:
        consulted: the beacon.
    """

    def __init__(self, consulted: Consulted) -> None:
        self._columns = consulted.columns
        self._ids = tuple(c.dataset for c in consulted.columns)
        self._releases = tuple(c.release for c in consulted.columns)
        self._numbers: dict[tuple[int | None, int | None, int | None], Numbers] = {}

    def of(self, part: DatasetDisclosure, doubts: Sequence[str]) -> Cell:
        """Return the cell of what one dataset says."""
        del doubts
        counts = part.counts
        numbers = _NO_NUMBERS if counts is None else self._spelled(counts)
        return (part.dataset, part.release, *numbers, *_tail(part))

    def counting(
        self, part: DatasetDisclosure, doubts: Sequence[str]
    ) -> Callable[[AlleleCounts], Cell]:
        """Return what gives the cell of the same with other counts."""
        del doubts
        head, tail = (part.dataset, part.release), _tail(part)
        known, spelled = self._numbers, self._spelled

        def cell(counts: AlleleCounts) -> Cell:
            numbers = known.get((counts.ac, counts.an, counts.hom))
            return head + (numbers or spelled(counts)) + tail

        return cell

    def joined(self, words: Sequence[Cell]) -> Told:
        """Return what is written of an allele."""
        if len(words) != len(self._ids) or not words:
            return self._picked(words)
        names, releases, ac, an, af, hom, steps, status = zip(*words, strict=True)
        if names != self._ids:
            return self._picked(words)
        is_same = releases == self._releases
        changed = frozenset[str]() if is_same else self._changed(releases)
        said = ",".join(status)
        text = (
            f"{_AC}={','.join(ac)};{_AN}={','.join(an)};{_AF}={','.join(af)}"
            f";{_HOM}={','.join(hom)};{_STATUS}={said}"
        )
        rounded = "" if steps.count(_EXACT) == len(steps) else ",".join(steps)
        return Told(
            f"{text};{ADJUSTED}={rounded}" if rounded else text,
            said,
            changed,
            rounded,
            Status.NO_ANSWER.value in status,
        )

    def laid(
        self, words: Sequence[Cell], parts: Sequence[DatasetDisclosure]
    ) -> Callable[[Cells], Sequence[Told]] | None:
        """Return what writes many alleles at once; ``None``: each by itself.

        Each is written by itself where datasets are not those of the columns, serve
        another release, round or fail.
        """
        cells = [self.of(part, ()) for part in parts]
        if not words or not all(map(self._is_usual, (words, cells))):
            return None
        _, _, *usual, _, said = zip(*words, strict=True)
        status = np.array([cell[-1].encode() for cell in cells])
        is_told = np.array([part.counts is not None for part in parts])
        widths = (_DIGITS, _DIGITS, _QUOTIENT, _DIGITS, status.itemsize)
        table = Table(FIELDS, (*usual, said), widths)

        def told(cells: Cells) -> list[Told]:
            datasets = np.asarray(cells.datasets, np.int64)
            numbers = (
                *(spelled(cells.ac), spelled(cells.an)),
                *(frequencies(cells.ac, cells.an), spelled(cells.hom)),
            )
            shown = [np.where(is_told[datasets], one, b".") for one in numbers]
            lines = table.lines(cells, (*shown, status[datasets]))
            return [Told(line, line[line.rindex("=") + 1 :]) for line in lines]

        return told

    def _is_usual(self, cells: Sequence[Cell]) -> bool:
        """Whether cells are of the columns, exact, and of the releases of those."""
        names, releases = [c[0] for c in cells], [c[1] for c in cells]
        is_plain = all(
            step == _EXACT and word != Status.NO_ANSWER for *_, step, word in cells
        )
        return is_plain and tuple(names) == self._ids and not self._changed(releases)

    def silent(self, status: Status) -> Told:
        """Return what is written where no dataset gives any number."""
        none = (*_NO_NUMBERS, _EXACT, status.value)
        cells = [(name, None, *none) for name in self._ids]
        return self.joined(cells) if cells else _NOTHING

    def _picked(self, words: Sequence[Cell]) -> Told:
        """Return the same of datasets that came in another order, or not all."""
        if not self._ids:
            return _NOTHING
        by_id = {cell[0]: cell for cell in words}
        none = (None, *_NO_NUMBERS, _EXACT, Status.NO_ANSWER.value)
        return self.joined([by_id.get(name, (name, *none)) for name in self._ids])

    def _changed(self, releases: Sequence[int | None]) -> frozenset[str]:
        return frozenset(
            column.label
            for column, release in zip(self._columns, releases, strict=True)
            if None not in (release, column.release) and release != column.release
        )

    def _spelled(self, counts: AlleleCounts) -> Numbers:
        if len(self._numbers) >= _MOST_REMEMBERED:
            self._numbers.clear()
        frequency = counts.frequency
        numbers = (
            _number(counts.ac),
            _number(counts.an),
            "." if frequency is None else f"{frequency:.6g}",
            _number(counts.hom),
        )
        self._numbers[counts.ac, counts.an, counts.hom] = numbers
        return numbers


_NOTHING = Told("", "")
"""What is written for a beacon without columns."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was written, counted.

    Attributes:
        records, alleles: how many lines, and ALTs that are alleles.
        words: how often the words were said of an allele, as they are written.
        failed: alleles that a beacon gave no answer to, as it failed.
        partly: alleles that it answered, but not for each of its datasets.
        unread: alleles that could not be understood, so nobody was asked.
        changed: labels of datasets that served another release meanwhile.
    """

    records: int = 0
    alleles: int = 0
    words: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    partly: int = 0
    unread: int = 0
    changed: set[str] = field(default_factory=set)

    def add(self, other: Tally) -> None:
        """Add what was counted of another block."""
        self.records += other.records
        self.alleles += other.alleles
        self.words.update(other.words)
        self.failed += other.failed
        self.partly += other.partly
        self.unread += other.unread
        self.changed |= other.changed

    def by_column(self, columns: int) -> list[Counter[str]]:
        """Return how often each word was said by each dataset."""
        found: list[Counter[str]] = [Counter() for _ in range(columns)]
        for words, times in self.words.items():
            for counter, word in zip(found, words.split(","), strict=True):
                counter[word] += times
        return found


class Written(NamedTuple):
    """A block as it is written, what was counted, and its lines (see ``Asked``)."""

    text: bytes
    tally: Tally
    runs: list[Run]
    lines: Lines | None


class Values:
    """Writes the values of the datasets of some beacons."""

    def __init__(self, columns: Sequence[Columns]) -> None:
        self._columns = columns
        self._fixed = {
            number: _side_by_side([each.silent(status) for each in columns])
            for number, status in (
                (NO_ANSWER, Status.NO_ANSWER),
                (NOT_ASKED, Status.NOT_ASKED),
            )
        }

    def write(self, asked: Asked, said: Sequence[Sequence[Said]]) -> Written:
        """Return the lines of a block with the answers to its questions.

        Args:
            asked: the block.
            said: the answers of each beacon, in the order of the questions.
        """
        tally = Tally()
        told, fixed = self._told(said, tally), self._fixed
        lines, words = [], []
        for row, target in zip(asked.rows, asked.targets, strict=True):
            if isinstance(row, str):
                lines.append(row)
                continue
            tally.records += 1
            if isinstance(target, int):
                mine = told[target] if target >= 0 else fixed[target]
                words.append(mine.words)
                info = row[_INFO]
                if info[-1:] in _UNUSUAL_ENDS:
                    row[_INFO] = _joined(info, mine.text)
                else:
                    row[_INFO] = f"{info};{mine.text}"
            elif target is not None:
                each = [told[t] if t >= 0 else fixed[t] for t in target]
                words += [one.words for one in each]
                row[_INFO] = _joined(row[_INFO], _side_by_side(each).text)
            lines.append("\t".join(row))
        tally.alleles = len(words)
        tally.words.update(words)
        tally.unread += _count(asked.targets, NO_ANSWER)
        text = "\n".join(lines).encode("latin-1")
        return Written(text, tally, asked.runs, asked.lines)

    def _told(self, said: Sequence[Sequence[Said]], tally: Tally) -> list[Told]:
        """Return what is written of each question, of all datasets."""
        found = [
            [
                answer if isinstance(answer, Told) else _failed(answer, columns, tally)
                for answer in answers
            ]
            for columns, answers in zip(self._columns, said, strict=True)
        ]
        for answers in said:
            partly = (isinstance(one, Told) and one.is_failed for one in answers)
            tally.partly += sum(partly)
        # All questions of a block are asked at about one time: its ends tell.
        for answers in found:
            for one in (*answers[:1], *answers[-1:]):
                tally.changed |= one.changed
        if len(found) == 1:
            return found[0]
        return [_side_by_side(each) for each in zip(*found, strict=True)]


def _failed(failure: BeaconError, columns: Columns, tally: Tally) -> Told:
    """Count a failure; return what is written of it."""
    if isinstance(failure, InvalidRequest):
        tally.unread += 1
    else:
        tally.failed += 1
    return columns.silent(Status.NO_ANSWER)


def _side_by_side(each: Sequence[Told]) -> Told:
    """Return the values of several alleles, or of several beacons, as one list."""
    some = [told for told in each if told.words]
    if len(some) == 1:
        return some[0]
    fields = [
        [f.partition("=")[2] for f in told.text.split(";")[: len(FIELDS)]]
        for told in some
    ]
    pairs = zip(FIELDS, map(",".join, zip(*fields, strict=True)), strict=True)
    text = ";".join(f"{name}={values}" for name, values in pairs)
    rounded = ""
    if any(told.rounded for told in some):
        rounded = ",".join(told.rounded or _exact(told) for told in some)
        text = f"{text};{ADJUSTED}={rounded}"
    words = ",".join(told.words for told in some)
    return Told(text, words, rounded=rounded)


def _exact(told: Told) -> str:
    """Return that the numbers of all datasets are exact."""
    return ",".join(_EXACT for _ in told.words.split(","))


def _tail(part: DatasetDisclosure) -> tuple[str, str]:
    """Return what the numbers of a dataset are rounded to, and its word."""
    step = None if part.counts is None else part.adjusted_to
    return (_EXACT if step is None else str(step), part.status.value)


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
