"""A release's rows: the parts it is made of, read as one.  Pure.

A release is one part per load: what was loaded first, and what was appended.
Parts are of different people (or contigs), so the counts of an allele are the
parts' side by side: the columns of the first, then those of the second.  What a
part's rows say may be overlaid by newer fields, which leave somebody out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import methodcaller
from typing import TYPE_CHECKING

from beacon.model.counts import SKIPPED, Carriers, Layout, Tally, group_counts
from beacon.model.structure import united
from beacon.store.packing import (
    EXISTS,
    FILTERED,
    called,
    everybody,
    structure_of,
    unpack,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from beacon.model.counts import AlleleCounts, Group
    from beacon.model.structure import Structure

Counts = Mapping[str, bytes]
"""What a row holds, by field."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One load's rows in a release.

    Attributes:
        number: names its people, carriers, annotations and identifiers.
        fields: under which names rows hold its counts; the first that a row has
            counts (newest first).
        first: its first column among the release's.
        baseline: AN by column that its rows are kept as differences from.
        everybody: the same for where it looked (``coverage``).
        gone: the numbers of its people who were withdrawn; what is kept of them
            reads as if they were like everybody else.
        has_reach: whether it is kept whom reference blocks cover, person by person.
    """

    number: int
    fields: tuple[str, ...]
    first: int
    baseline: tuple[int, ...]
    everybody: tuple[int, ...]
    gone: frozenset[int] = frozenset()
    has_reach: bool = False

    @cached_property
    def layout(self) -> Layout:
        """What its rows are packed with; it shows no groups."""
        return Layout(baseline=self.baseline, groups=())

    def blob(self, counts: Counts) -> bytes | None:
        """Return what a row holds of this part."""
        for field in self.fields:
            found = counts.get(field)
            if found is not None:
                return found
        return None


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Reads what rows hold of one release.

    Attributes:
        parts: at least one, in the order of their columns.
        width: how many columns the release has.
    """

    parts: tuple[Part, ...]
    width: int

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Every name under which rows hold anything of the release."""
        return tuple(field for part in self.parts for field in part.fields)

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the parts."""
        return tuple(part.number for part in self.parts)

    @cached_property
    def only(self) -> str | None:
        """The one name there is, as for most releases."""
        return self.fields[0] if len(self.fields) == 1 else None

    def say_the_same_as(self, other: Rows) -> bool:
        """Whether both read the same of whatever rows held for either.

        Fields come and go; who is counted changes with the baseline and who is gone.
        """
        return [(p.number, p.baseline, p.gone) for p in self.parts] == [
            (p.number, p.baseline, p.gone) for p in other.parts
        ]

    @cached_property
    def _is_single(self) -> bool:
        return len(self.parts) == 1

    @cached_property
    def _first_layout(self) -> Layout:
        return self.parts[0].layout

    def blobs(self, counts: Counts) -> list[tuple[Part, bytes]]:
        """Return what each part that is in a row says there."""
        held = ((part, part.blob(counts)) for part in self.parts)
        return [(part, blob) for part, blob in held if blob is not None]

    def key(self, counts: Counts) -> object:
        """Return what tells rows apart that say different things of the release.

        ``None`` where a row holds nothing of it.
        """
        if self.only is not None:
            return counts.get(self.only)
        held = tuple(part.blob(counts) for part in self.parts)
        return None if held.count(None) == len(held) else held

    def exists(self, counts: Counts) -> bool:
        """Whether a row makes its allele exist in the release."""
        if self.only is not None:
            blob = counts.get(self.only)
            return blob is not None and bool(blob[0] & EXISTS)
        return any(blob[0] & EXISTS for _, blob in self.blobs(counts))

    def how_many_exist(self, held: Iterable[Counts]) -> int:
        """Return in how many rows an allele of the release exists."""
        if self.only is None:
            return sum(map(self.exists, held))
        blobs = map(methodcaller("get", self.only), held)
        return sum(1 for blob in blobs if blob and blob[0] & EXISTS)

    def is_absent(self, counts: Counts) -> bool:
        """Whether a row says of its allele that it does not exist in the release."""
        if self.only is not None:
            blob = counts.get(self.only)
            return blob is not None and not blob[0] & EXISTS
        return self.key(counts) is not None and not self.exists(counts)

    def is_filtered(self, counts: Counts) -> bool:
        """Whether nothing in a row counts: it failed a filter, or was skipped."""
        if self.only is not None:
            blob = counts.get(self.only)
            return blob is not None and bool(blob[0] & FILTERED)
        if len(self.parts) > 1:
            read = self.read(counts)
            return read is not None and bool(read[1])
        return any(blob[0] & FILTERED for _, blob in self.blobs(counts))

    def read(
        self, counts: Counts
    ) -> tuple[Tally, tuple[str, ...], Structure | None] | None:
        """Return the counts, the filters and the structure a row holds.

        ``None`` where it holds nothing of the release.
        """
        if not self._is_single:
            said = self.blobs(counts)
            return self._joined(said) if said else None
        only = self.only
        blob = self.parts[0].blob(counts) if only is None else counts.get(only)
        if blob is None:
            return None
        tally, filters = unpack(blob, self._first_layout)
        return tally, filters, structure_of(blob)

    def total(self, counts: Counts, group: Group) -> AlleleCounts | None:
        """Return the counts of a group; ``None`` where a row holds nothing."""
        only = self.only
        if only is None or len(group.columns) != self.width:
            read = self.read(counts)
            return None if read is None else group_counts(read[0], group)
        blob = counts.get(only)
        return None if blob is None else everybody(blob, self._first_layout)

    def called(self, counts: Counts) -> tuple[int | None] | None:
        """Return AN of all columns together, of a row that passed its filters.

        ``None`` where it is no such row, or the row must be read as a whole.
        """
        blob = None if self.only is None else counts.get(self.only)
        if blob is None or blob[0] & FILTERED:
            return None
        return (called(blob, self._first_layout),)

    def structure(self, counts: Counts) -> Structure | None:
        """Return the structure a row holds of the release."""
        if self.only is not None:
            blob = counts.get(self.only)
            return None if blob is None else structure_of(blob)
        found = None
        for _, blob in _passing(self.blobs(counts)):
            found = united(found, structure_of(blob))
        return found

    def _joined(
        self, said: Sequence[tuple[Part, bytes]]
    ) -> tuple[Tally, tuple[str, ...], Structure | None]:
        """Return what several parts say together.

        What passed its filters counts, as within one load; of what was skipped
        nobody knows who carries it, so it only yields to a carrier.
        """
        read = {part.number: unpack(blob, part.layout) for part, blob in said}
        passing = _passing(said)
        told = [(part, *read[part.number]) for part, _ in passing]
        tally = side_by_side([(part, t) for part, t, _ in told], self.width)
        words = {word for _, _, filters in told for word in filters}
        if not tally.exists and any(SKIPPED in words for _, words in read.values()):
            words = {SKIPPED}
        structure = None
        for _, blob in passing:
            structure = united(structure, structure_of(blob))
        return tally, tuple(sorted(words)), structure


def _passing(said: Sequence[tuple[Part, bytes]]) -> Sequence[tuple[Part, bytes]]:
    """Return what passed its filters; all, where nothing did."""
    return [(part, blob) for part, blob in said if not blob[0] & FILTERED] or said


_LISTED = Tally(None, None)


def side_by_side(tallies: Sequence[tuple[Part, Tally]], width: int) -> Tally:
    """Return the tallies of parts as one over all columns of the release.

    A part that is not given called nobody there.  One that only lists the allele
    yields to counted carriers, as a record does within one load.
    """
    counted = [(part, tally) for part, tally in tallies if tally.carriers is not None]
    if len(counted) < len(tallies) and not any(t.carriers for _, t in counted):
        if len(tallies) > 1:
            return _LISTED
        counted = list(tallies)
    an: list[int] | None = [0] * width
    carriers: list[Carriers] = []
    untold: list[int] = []
    for part, tally in counted:
        if tally.an is None:
            an = None
        elif an is not None:
            an[part.first : part.first + len(tally.an)] = tally.an
        moved = tally.carriers or ()
        carriers += (c._replace(column=c.column + part.first) for c in moved)
        untold += (column + part.first for column in tally.untold)
    return Tally(
        None if an is None else tuple(an),
        None if counted[0][1].carriers is None else tuple(carriers),
        tuple(untold),
    )
