"""Who is in the files: people, their groups, and the columns counts are kept in.

A person is an ``individual`` of the samples table, else a sample name; the same
name in several files is one person.  People who share sex, population and every
asked-for group share a column; groups are sums of columns.  Whoever withdrew is in
nothing here: the files are read as if their sample columns were cut out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain, product
from typing import TYPE_CHECKING

import numpy as np

from beacon.model.counts import Group, Layout
from beacon.model.errors import LoadRejected, ReadError, UsageError
from beacon.model.people import People

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

_ALIASES = {"gender": "sex", "pop": "population"}
_NAMES = frozenset(("", "sample", "individual"))
_ALWAYS = ("sex", "population", "status")
_SEX = {"m": "M", "male": "M", "1": "M", "f": "F", "female": "F", "2": "F"}
_STATUS = {
    **dict.fromkeys(("affected", "case", "2"), "affected"),
    **dict.fromkeys(("unaffected", "control", "1"), "unaffected"),
}
"""Words of samples tables and numbers of pedigree files."""
_UNKNOWN = frozenset(("", ".", "na", "n/a", "unknown", "none"))
_TOTAL = "Total"
_LONGEST_ROW = 1 << 20
_MOST_ROWS = 2_000_001
_MOST_COLUMNS = 10_000
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One row of the samples table; absent values are ``None``.

    Attributes:
        kind: sex, population and the asked-for groups.
        columns: the table's columns that describe people, the same of every row.
        values: what the row says in them.
    """

    name: str
    individual: str
    kind: tuple[str | None, ...]
    columns: tuple[str, ...] = ()
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
    read = _Reader(names, where)
    table: dict[str, Sample] = {}
    for number, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        sample = read.sample(row)
        if not sample.name or sample.name in table:
            what = "is named twice" if sample.name else "has no name"
            reason = f"sample {sample.name[:100]!r} {what}"
            raise ReadError(reason, path=str(path), line=number)
        table[sample.name] = sample
    return table


class _Reader:
    """Reads rows under one header; of two columns of one name the last counts.

    Args:
        names: of all columns, in lower case.
        where: the asked-for groups' columns.
    """

    def __init__(self, names: Sequence[str], where: Sequence[int]) -> None:
        self._places = {name: place for place, name in enumerate(names)}
        self._columns = tuple(n for n in self._places if n not in _NAMES)
        self._grouped = [(names[place], place) for place in where]

    def sample(self, row: Sequence[str]) -> Sample:
        """Return what a row says."""
        name = _cell(row, self._places["sample"]).strip()
        told = {c: _value(c, _cell(row, self._places[c])) for c in self._columns}
        groups = (_value(c, _cell(row, at)) for c, at in self._grouped)
        individual = self._places.get("individual")
        known = None if individual is None else _known(_cell(row, individual))
        return Sample(
            name=name,
            individual=known or name,
            kind=(told.get("sex"), told.get("population"), *groups),
            columns=self._columns,
            values=tuple(told.values()),
        )


def _cell(row: Sequence[str], place: int) -> str:
    return row[place] if place < len(row) else ""


def _value(column: str, cell: str) -> str | None:
    """Return a cell's value, in the words that are used here where there are some."""
    words = {"sex": _SEX, "status": _STATUS}.get(column)
    return _known(cell) if words is None else words.get(cell.strip().lower())


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


def _known(value: str) -> str | None:
    text = value.strip()
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
        described: the people, by number, as the whole samples table tells of them.
        kept: per file, the sample columns that are read, ascending; ``None``: all.
            The others are left out, and sample columns are counted without them.
        without: the individuals of the files that are left out, sorted.
    """

    layout: Layout
    column_of: Ints
    person_of: tuple[Ints, ...]
    is_plain: tuple[bool, ...]
    described: People
    kept: tuple[Ints | None, ...]
    notes: tuple[str, ...] = ()
    sexes: tuple[str | None, ...] = ()
    without: tuple[str, ...] = ()

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
    excluded: Collection[str] = frozenset(),
) -> Roster:
    """Return the roster of the samples of ``files`` (sample names per file).

    Args:
        files: names per file, as its header writes them.
        table: the samples table, by sample name.
        group_by: the columns that ``table`` was read with.
        excluded: individuals, or names of their samples, that are left out.

    Raises:
        LoadRejected: everybody is.
    """
    nobody = (None,) * (2 + len(group_by))
    everybody = {
        name: table.get(name, Sample(name=name, individual=name, kind=nobody))
        for name in chain.from_iterable(files)
    }
    without = _without(everybody, table, excluded)
    samples = _others(everybody, without)
    kept = tuple(_kept(file, samples) for file in files)
    if without:
        files = [[name for name in file if name in samples] for file in files]
        table = _others(table, without)
    people, contradictions = _people(samples, table, group_by)
    number = {name: i for i, name in enumerate(people)}
    kinds = dict.fromkeys(p.kind for p in people.values())
    columns = {kind: i for i, kind in enumerate(kinds)} or {nobody: 0}
    if len(columns) > _MOST_COLUMNS:
        message = f"the groups divide people into more than {_MOST_COLUMNS:,} kinds"
        raise UsageError(message)
    column_of = np.array([columns[p.kind] for p in people.values()], dtype=np.int64)
    person_of = tuple(
        np.array([number[samples[name].individual] for name in file], dtype=np.int64)
        for file in files
    )
    sizes = np.bincount(column_of, minlength=len(columns))
    return Roster(
        layout=Layout(
            baseline=tuple(2 * n for n in sizes.tolist()),
            groups=_groups(list(columns), group_by),
        ),
        column_of=column_of,
        person_of=person_of,
        is_plain=tuple(len(set(p.tolist())) == len(p) for p in person_of),
        described=_described(people, samples, column_of.tolist()),
        kept=kept,
        notes=(*_notes(samples, table), *contradictions, *_note_without(without)),
        sexes=tuple(kind[0] for kind in columns),
        without=without,
    )


def _without(
    samples: Mapping[str, Sample],
    table: Mapping[str, Sample],
    excluded: Collection[str],
) -> tuple[str, ...]:
    """Return the individuals of the files who are left out.

    Somebody is if any sample of theirs is, in the files or in the table.

    Raises:
        LoadRejected: they are all there are.
    """
    if not excluded:
        return ()
    there = {s.individual for s in samples.values()}
    named = {
        s.individual
        for s in chain(samples.values(), table.values())
        if s.individual in excluded or s.name in excluded
    }
    if there <= named:
        message = "everybody in these files was withdrawn; there is nobody to count"
        raise LoadRejected(message)
    return tuple(sorted(named & there))


def _others(
    samples: Mapping[str, Sample], without: Collection[str]
) -> dict[str, Sample]:
    return {n: s for n, s in samples.items() if s.individual not in without}


def _kept(file: Sequence[str], samples: Mapping[str, Sample]) -> Ints | None:
    kept = [column for column, name in enumerate(file) if name in samples]
    return None if len(kept) == len(file) else np.array(kept, dtype=np.int64)


def _note_without(without: Sequence[str]) -> Iterator[str]:
    """Say that somebody is left out, and not who."""
    if len(without) == 1:
        yield "1 person of these files was withdrawn and is left out"
    elif without:
        yield f"{len(without):,} people of these files were withdrawn and are left out"


def _people(
    samples: Mapping[str, Sample],
    table: Mapping[str, Sample],
    group_by: Sequence[str],
) -> tuple[dict[str, Sample], list[str]]:
    """Return each individual of the files as all its rows together describe it.

    What rows contradict each other in is not known of the individual; of what
    people are counted by, that is said.
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
            said = _said([s.kind for s in mine])
            columns = next((s.columns for s in mine if s.columns), ())
            values = _said([s.values for s in mine if s.columns])
            people[individual] = replace(
                mine[0], kind=_agreed(said), columns=columns, values=_agreed(values)
            )
            for what, found in zip(("sex", "population", *group_by), said, strict=True):
                if len(found) > 1:
                    at_odds.setdefault(what, []).append(individual)
    return people, [
        f"{len(names)} individuals have rows that contradict each other in {what}"
        f" ({', '.join(names[:_SHOWN])[:200]}); it counts as unknown of them"
        for what, names in at_odds.items()
    ]


def _said(rows: Sequence[Sequence[str | None]]) -> list[list[str]]:
    """Return what rows say in each column, each word once."""
    return [sorted({v for v in values if v}) for values in zip(*rows, strict=True)]


def _agreed(said: Sequence[Sequence[str]]) -> tuple[str | None, ...]:
    return tuple(v[0] if len(v) == 1 else None for v in said)


def _described(
    people: Mapping[str, Sample],
    samples: Mapping[str, Sample],
    column_of: Sequence[int],
) -> People:
    """Return the people with all that the samples table says of them."""
    named: dict[str, list[str]] = {individual: [] for individual in people}
    for name, sample in samples.items():
        named[sample.individual].append(name)
    columns = next((p.columns for p in people.values() if p.columns), ())
    nothing = (None,) * len(columns)
    rows = zip(*(p.values or nothing for p in people.values()), strict=True)
    unknown = dict.fromkeys(_ALWAYS, (None,) * len(people))
    return People(
        names=tuple(people),
        samples=tuple(map(tuple, named.values())),
        column_of=tuple(column_of),
        table=unknown | dict(zip(columns, rows, strict=True)),
    )


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


def _groups(
    kinds: Sequence[tuple[str | None, ...]],
    group_by: Sequence[str],
) -> tuple[Group, ...]:
    """Return Total, populations, sexes, both, then the asked-for groups, by sex too."""
    sex = _members([k[0] for k in kinds])
    population = _members([k[1] for k in kinds])
    named = [
        ("population", population),
        ("sex", sex),
        ("population_sex", _crossed(population, sex)),
    ]
    for place, name in enumerate(group_by, 2):
        asked = _members([k[place] for k in kinds])
        named += [(name, asked), (f"{name}_sex", _crossed(asked, sex))]
    groups = {_TOTAL: tuple(range(len(kinds)))}
    for name, members in named:
        for label, columns in members.items():
            groups[f"{name}={label}" if label in groups else label] = columns
    return tuple(Group(label=label, columns=cols) for label, cols in groups.items())


def _members(values: Sequence[str | None]) -> dict[str, tuple[int, ...]]:
    """Return each value with the columns that have it."""
    members: dict[str, list[int]] = {v: [] for v in sorted({v for v in values if v})}
    for column, value in enumerate(values):
        if value:
            members[value].append(column)
    return {value: tuple(columns) for value, columns in members.items()}


def _crossed(
    one: Mapping[str, tuple[int, ...]], other: Mapping[str, tuple[int, ...]]
) -> dict[str, tuple[int, ...]]:
    sets = {label: frozenset(columns) for label, columns in other.items()}
    crossed = {
        f"{a}_{b}": tuple(i for i in mine if i in theirs)
        for (a, mine), (b, theirs) in product(one.items(), sets.items())
    }
    return {label: columns for label, columns in crossed.items() if columns}
