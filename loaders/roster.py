"""Who is in the files: people, their groups, and the columns counts are kept in.

A person is an ``individual`` of the samples table, else a sample name; the same
name in several files is one person.  People who share sex, population and every
asked-for group share a column; groups are sums of columns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from beacon.model.counts import ColumnKind, Layout
from beacon.model.errors import ReadError, UsageError
from beacon.model.grouping import grouped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

_ALIASES = {"gender": "sex", "pop": "population"}
_OWN = ("sample", "individual", "sex", "population")
_SEX = {"m": "M", "male": "M", "1": "M", "f": "F", "female": "F", "2": "F"}
_UNKNOWN = frozenset(("", ".", "na", "n/a", "unknown", "none"))
_LONGEST_ROW = 1 << 20
_MOST_ROWS = 2_000_001
_MOST_COLUMNS = 10_000
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One row of the samples table; absent values are ``None``."""

    name: str
    individual: str
    sex: str | None = None
    population: str | None = None
    values: tuple[str | None, ...] = ()


def read_samples(path: Path, group_by: Sequence[str]) -> dict[str, Sample]:
    """Return the samples table by sample name.

    Raises:
        ReadError: no readable table, no ``sample`` column, or a row without a name
            or named twice.
        UsageError: a ``--group-by`` column the table does not have.
    """
    rows = _rows(path)
    _, first = next(rows, (1, []))
    names = [_ALIASES.get(n, n) for n in (c.strip().lower() for c in first)]
    written = [c.strip() for c in first]
    if "sample" not in names:
        reason = "the samples table has no column named sample (tab separated)"
        raise ReadError(reason, path=str(path), line=1)
    missing = [c for c in group_by if c not in written and c.lower() not in names]
    if missing:
        found = ", ".join(filter(None, written))
        message = f"--group-by {missing[0]} is no column of {path} (it has {found})"
        raise UsageError(message)
    where = [written.index(c) if c in written else names.index(c) for c in group_by]
    table: dict[str, Sample] = {}
    for number, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        sample = _sample(dict(zip(names, row, strict=False)), row, where)
        if not sample.name or sample.name in table:
            what = "is named twice" if sample.name else "has no name"
            reason = f"sample {sample.name[:100]!r} {what}"
            raise ReadError(reason, path=str(path), line=number)
        table[sample.name] = sample
    return table


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines of the table, split, with their numbers.

    Raises:
        ReadError: no readable file, no UTF-8 text, or more than any table has.
    """
    number = 0
    try:
        if not path.is_file() and path.exists():
            reason = "the samples table is not a file"
            raise ReadError(reason, path=str(path))
        with path.open(encoding="utf-8-sig") as file:
            for number in range(1, _MOST_ROWS + 1):
                line = file.readline(_LONGEST_ROW)
                if not line:
                    return
                if len(line) == _LONGEST_ROW or "\0" in line:
                    what = "has a NUL byte" if "\0" in line else "is too long"
                    reason = f"the samples table's line {what}"
                    raise ReadError(reason, path=str(path), line=number)
                yield number, line.rstrip("\n").split("\t")
    except OSError as error:
        reason = f"the samples table cannot be read ({error.strerror})"
        raise ReadError(reason, path=str(path)) from error
    except UnicodeDecodeError as error:
        reason = "the samples table cannot be read as UTF-8 text"
        raise ReadError(reason, path=str(path)) from error
    reason = f"the samples table has more than {_MOST_ROWS:,} lines"
    raise ReadError(reason, path=str(path), line=number)


def _sample(row: Mapping[str, str], cells: Sequence[str], where: list[int]) -> Sample:
    name = row["sample"].strip()
    return Sample(
        name=name,
        individual=_known(row.get("individual")) or name,
        sex=_SEX.get((row.get("sex") or "").strip().lower()),
        population=_known(row.get("population")),
        values=tuple(_known(cells[i]) if i < len(cells) else None for i in where),
    )


def _known(value: str | None) -> str | None:
    text = (value or "").strip()
    return None if text.lower() in _UNKNOWN else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """The people of a dataset and where each file's columns put them.

    Attributes:
        layout: columns and groups of the counts.
        column_of: person → column, shape ``(people,)``.
        person_of: per file, sample column → person, shape ``(samples,)``.
        is_plain: per file, whether every person has one sample column there.
        sexes: ``M``, ``F`` or ``None`` (not known) of every column.
    """

    layout: Layout
    column_of: Ints
    person_of: tuple[Ints, ...]
    is_plain: tuple[bool, ...]
    notes: tuple[str, ...] = ()
    sexes: tuple[str | None, ...] = ()

    def sexes_of(self, file: int) -> list[str | None]:
        """Return the sexes of a file's sample columns; all unknown where not told."""
        if not self.sexes:
            return [None] * len(self.person_of[file])
        columns = self.column_of[self.person_of[file]].tolist()
        return [self.sexes[column] for column in columns]

    @property
    def people(self) -> int:
        """How many people there are."""
        return len(self.column_of)


def make_roster(
    files: Sequence[Sequence[str]],
    table: Mapping[str, Sample],
    group_by: Sequence[str] = (),
) -> Roster:
    """Return the roster of the samples of ``files`` (sample names per file)."""
    nobody = tuple(None for _ in group_by)
    samples = {
        name: table.get(name, Sample(name=name, individual=name, values=nobody))
        for file in files
        for name in file
    }
    people, contradictions = _people(samples, table, group_by)
    number = {name: i for i, name in enumerate(people)}
    kinds = dict.fromkeys(_kind(p) for p in people.values())
    columns = {kind: i for i, kind in enumerate(kinds)}
    columns = columns or {ColumnKind(None, None, nobody): 0}
    if len(columns) > _MOST_COLUMNS:
        message = f"the groups divide people into more than {_MOST_COLUMNS:,} kinds"
        raise UsageError(message)
    column_of = [columns[_kind(p)] for p in people.values()]
    person_of = tuple(
        np.array([number[samples[name].individual] for name in file], dtype=np.int64)
        for file in files
    )
    sizes = np.bincount(np.array(column_of, dtype=np.int64), minlength=len(columns))
    return Roster(
        layout=Layout(
            baseline=tuple(2 * n for n in sizes.tolist()),
            groups=grouped(list(columns), group_by),
            kinds=tuple(columns),
        ),
        column_of=np.array(column_of, dtype=np.int64),
        person_of=person_of,
        is_plain=tuple(len(set(p.tolist())) == len(p) for p in person_of),
        notes=(*_notes(samples, table), *contradictions),
        sexes=tuple(sex for sex, _, _ in columns),
    )


def _kind(person: Sample) -> ColumnKind:
    return ColumnKind(person.sex, person.population, person.values)


def _people(
    samples: Mapping[str, Sample],
    table: Mapping[str, Sample],
    group_by: Sequence[str],
) -> tuple[dict[str, Sample], list[str]]:
    """Return each individual of the files as all its rows together describe it.

    What rows contradict each other in is not known of the individual, and said.
    """
    rows: dict[str, list[Sample]] = {s.individual: [] for s in samples.values()}
    for sample in {**table, **samples}.values():
        if sample.individual in rows:
            rows[sample.individual].append(sample)
    people: dict[str, Sample] = {}
    at_odds: dict[str, list[str]] = {}
    for individual, mine in rows.items():
        people[individual] = mine[0]
        if len(mine) > 1:
            told = zip(*((s.sex, s.population, *s.values) for s in mine), strict=True)
            said = [sorted({value for value in values if value}) for values in told]
            sex, population, *values = (v[0] if len(v) == 1 else None for v in said)
            people[individual] = replace(
                mine[0], sex=sex, population=population, values=tuple(values)
            )
            for what, found in zip(("sex", "population", *group_by), said, strict=True):
                if len(found) > 1:
                    at_odds.setdefault(what, []).append(individual)
    return people, [
        f"{len(names)} individuals have rows that contradict each other in {what}"
        f" ({', '.join(names[:_SHOWN])[:200]}); it counts as unknown of them"
        for what, names in at_odds.items()
    ]


def _notes(
    samples: Mapping[str, Sample], table: Mapping[str, Sample]
) -> tuple[str, ...]:
    if not table:
        return ()
    absent = sum(name not in samples for name in table)
    unlisted = sum(name not in table for name in samples)
    notes = []
    if absent:
        notes.append(f"{absent} samples of the table are in no file; they add nothing")
    if unlisted:
        notes.append(
            f"{unlisted} samples are not in the table; they count in Total only"
        )
    return tuple(notes)
