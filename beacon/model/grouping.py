"""Columns of people → the groups that are shown.  Pure.

The order is the same however the people were loaded: Total, populations, sexes,
both, then the asked-for groups, by sex too.  Who has no value of a kind counts in
Total only.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from beacon.model.counts import Group, Layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.model.counts import ColumnKind

TOTAL = "Total"


def joined(one: Layout, other: Layout, group_by: Sequence[str]) -> Layout | None:
    """Return the layout of the columns of two loads, the other's behind.

    ``None`` where it is not known of one of them what its columns have in common
    and they do not show the same groups.
    """
    baseline = one.baseline + other.baseline
    if one.kinds and other.kinds:
        kinds = one.kinds + other.kinds
        groups = grouped(kinds, group_by)
        return Layout(baseline=baseline, groups=groups, kinds=kinds)
    labels = [group.label for group in one.groups]
    if labels != [group.label for group in other.groups]:
        return None
    first = len(one.baseline)
    groups = tuple(
        Group(label=a.label, columns=(*a.columns, *(first + c for c in b.columns)))
        for a, b in zip(one.groups, other.groups, strict=True)
    )
    return Layout(baseline=baseline, groups=groups)


def grouped(kinds: Sequence[ColumnKind], group_by: Sequence[str]) -> tuple[Group, ...]:
    """Return the groups of columns, by what the people of each have in common."""
    sex = _members([k[0] for k in kinds])
    population = _members([k[1] for k in kinds])
    named = [
        ("population", population),
        ("sex", sex),
        ("population_sex", _crossed(population, sex)),
    ]
    for place, name in enumerate(group_by):
        asked = _members([k[2 + place] for k in kinds])
        named += [(name, asked), (f"{name}_sex", _crossed(asked, sex))]
    groups = {TOTAL: tuple(range(len(kinds)))}
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
