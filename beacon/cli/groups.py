"""People by columns of the samples table: a small table, and the same as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.wire.info import given
from beacon.wire.responses import count_members

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beacon.model.grouped import PeopleGroup

_HEAD = ("GROUP", "PEOPLE", "AC", "AN", "AF", "HET", "HOM", "HEMI")
_GAP = "  "
_LONGEST = 24
"""Letters of a group's name that are shown; the table fits 80 columns."""


def group_members(group: PeopleGroup) -> dict[str, object]:
    """Return one group as JSON values."""
    counts = group.counts
    members: dict[str, object] = {"group": group.label, "people": group.people}
    if counts is None:
        return members
    return members | count_members(counts) | given(alleleFrequency=counts.frequency)


def group_lines(groups: Sequence[PeopleGroup]) -> Iterator[str]:
    """Yield the lines of a table, its head first; none without groups."""
    if not groups:
        return
    rows = [_HEAD, *(_row(group) for group in groups)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        label, *numbers = row
        cells = (n.rjust(w) for n, w in zip(numbers, widths[1:], strict=True))
        yield _GAP.join((label.ljust(widths[0]), *cells))


def _row(group: PeopleGroup) -> tuple[str, ...]:
    label, counts = group.label, group.counts
    if len(label) > _LONGEST:
        label = f"{label[: _LONGEST - 1]}\u2026"
    people = f"{group.people:,}"
    if counts is None:
        return (label, people, *["?"] * (len(_HEAD) - 2))
    frequency = counts.frequency
    return (
        label,
        people,
        *(_number(n) for n in (counts.ac, counts.an)),
        "-" if frequency is None else f"{frequency:.3g}",
        *(_number(n) for n in (counts.het, counts.hom, counts.hemi)),
    )


def _number(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"
