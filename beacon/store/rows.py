"""A release's rows: the parts it is made of, read as one.  Pure.

A release is one part per load: what was loaded first, and what was appended.
Parts are of different people (or contigs), so the counts of an allele are the
parts' side by side: the columns of the first, then those of the second.  What a
part's rows say may be overlaid by newer fields, which leave somebody out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from beacon.model.counts import SKIPPED, Carriers, Layout, Tally
from beacon.model.structure import united
from beacon.store.packing import EXISTS, FILTERED, structure_of, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.model.structure import Structure


@dataclass(frozen=True, slots=True, kw_only=True)
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
    """

    number: int
    fields: tuple[str, ...]
    first: int
    baseline: tuple[int, ...]
    everybody: tuple[int, ...]
    gone: frozenset[int] = frozenset()

    @property
    def layout(self) -> Layout:
        """What its rows are packed with; it shows no groups."""
        return Layout(baseline=self.baseline, groups=())

    def blob(self, counts: Mapping[str, bytes]) -> bytes | None:
        """Return what a row holds of this part."""
        for field in self.fields:
            found = counts.get(field)
            if found is not None:
                return found
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Reads what rows hold of one release.

    Attributes:
        parts: at least one, in the order of their columns.
        width: how many columns the release has.
    """

    parts: tuple[Part, ...]
    width: int

    @property
    def fields(self) -> tuple[str, ...]:
        """Every name under which rows hold anything of the release."""
        return tuple(field for part in self.parts for field in part.fields)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the parts."""
        return tuple(part.number for part in self.parts)

    def blobs(self, counts: Mapping[str, bytes]) -> list[tuple[Part, bytes]]:
        """Return what each part that is in a row says there."""
        held = ((part, part.blob(counts)) for part in self.parts)
        return [(part, blob) for part, blob in held if blob is not None]

    def exists(self, counts: Mapping[str, bytes]) -> bool:
        """Whether a row makes its allele exist in the release."""
        return any(blob[0] & EXISTS for _, blob in self.blobs(counts))

    def read(
        self, counts: Mapping[str, bytes]
    ) -> tuple[Tally, tuple[str, ...], Structure | None] | None:
        """Return the counts, the filters and the structure a row holds.

        ``None`` where it holds nothing of the release.
        """
        said = [(part, blob) for part, blob in self.blobs(counts)]
        if not said:
            return None
        if len(self.parts) == 1:
            part, blob = said[0]
            return *unpack(blob, part.layout), structure_of(blob)
        return self._joined(said)

    def _joined(
        self, said: Sequence[tuple[Part, bytes]]
    ) -> tuple[Tally, tuple[str, ...], Structure | None]:
        """Return what several parts say together.

        What passed its filters counts, as within one load; of what was skipped
        nobody knows who carries it, so it only yields to a carrier.
        """
        passing = [(p, b) for p, b in said if not b[0] & FILTERED] or list(said)
        read = [(part, *unpack(blob, part.layout)) for part, blob in passing]
        tally = side_by_side([(part, t) for part, t, _ in read], self.width)
        words = {word for _, _, filters in read for word in filters}
        if not tally.exists:
            every = (unpack(blob, part.layout)[1] for part, blob in said)
            words.update(SKIPPED for filters in every if SKIPPED in filters)
        structure = None
        for _, blob in passing:
            structure = united(structure, structure_of(blob))
        return tally, tuple(sorted(words)), structure


def side_by_side(tallies: Sequence[tuple[Part, Tally]], width: int) -> Tally:
    """Return the tallies of parts as one over all columns of the release.

    A part that is not given called nobody there.
    """
    an: list[int] | None = [0] * width
    carriers: list[Carriers] | None = []
    untold: list[int] = []
    for part, tally in tallies:
        if tally.an is None:
            an = None
        elif an is not None:
            an[part.first : part.first + len(tally.an)] = tally.an
        if tally.carriers is None:
            carriers = None
        elif carriers is not None:
            carriers += (
                c._replace(column=c.column + part.first) for c in tally.carriers
            )
        untold += (column + part.first for column in tally.untold)
    return Tally(
        None if an is None else tuple(an),
        None if carriers is None else tuple(carriers),
        tuple(untold),
    )
