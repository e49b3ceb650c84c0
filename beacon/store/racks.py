"""Datasets that are asked together, and what is the same for every question to them.

Most datasets hold nothing of most rows, so an answer begins as what all say where
nothing stands, and only what a row holds is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, cast, overload

from beacon.model.findings import DatasetFindings, Place
from beacon.model.query import Granularity
from beacon.store.scanning import allele_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from beacon.model.annotation import Kind
    from beacon.model.dataset import Dataset, Release
    from beacon.model.genome import Contig
    from beacon.model.variant import Allele
    from beacon.store.driver import Document
    from beacon.store.rows import Counts, Rows
    from beacon.store.sayings import Sayings

_BOOLEAN = Granularity.BOOLEAN
_NOTHING = Place()


class Shelf(NamedTuple):
    """A dataset, the release it serves, and how far that release's rows reach."""

    dataset: Dataset
    release: Release
    rows: Rows
    long_classes: tuple[int, ...]
    longest_short: int
    widest_margin: int
    annotated: frozenset[Kind] | None
    sayings: Sayings


class Held:
    """A row of an allele that is asked for; the allele is made when it is wanted.

    Args:
        contig: what was asked for.
        start: where the row begins.
        document: the row.
        allele: as it is kept there, if it was made already.
    """

    __slots__ = ("_allele", "_contig", "counts", "document", "start")

    def __init__(
        self,
        contig: Contig,
        start: int,
        document: Document,
        allele: Allele | None = None,
    ) -> None:
        self._contig = contig
        self._allele = allele
        self.start = start
        self.document = document
        self.counts = cast("Counts", document["d"])

    @property
    def allele(self) -> Allele:
        """The allele as it is kept there."""
        if self._allele is None:
            self._allele = allele_of(self._contig, self.start, self.document)
        return self._allele


class Rack(Sequence[Shelf]):
    """Datasets that are asked together, in the order they are named."""

    def __init__(self, shelves: Sequence[Shelf]) -> None:
        self._shelves = tuple(shelves)
        self._standing: dict[str, Standing] = {}
        self.is_annotated = any(s.annotated is not None for s in shelves)

    @classmethod
    def of(cls, shelves: Sequence[Shelf]) -> Rack:
        """Return shelves as a rack, which they may be already."""
        return shelves if isinstance(shelves, Rack) else cls(shelves)

    def __len__(self) -> int:
        return len(self._shelves)

    def __iter__(self) -> Iterator[Shelf]:
        return iter(self._shelves)

    @overload
    def __getitem__(self, index: int) -> Shelf: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Shelf, ...]: ...
    def __getitem__(self, index: int | slice) -> Shelf | tuple[Shelf, ...]:
        return self._shelves[index]

    def standing(self, contig: Contig) -> Standing:
        """Return how they stand towards questions about a contig."""
        known = self._standing.get(contig.name)
        if known is None:
            known = self._standing[contig.name] = Standing(self._shelves, contig)
        return known


class Standing:
    """Some datasets, as they answer questions about one contig of their assembly.

    Attributes:
        count: how many have anything of the contig.
        has_long: whether one of those holds long variants.
        declaring: which of those, by number, declare where they looked.
    """

    def __init__(self, shelves: Sequence[Shelf], contig: Contig) -> None:
        self.shelves = shelves
        loaded = [
            (number, shelf)
            for number, shelf in enumerate(shelves)
            if contig.name in shelf.release.contigs
        ]
        self.count = len(loaded)
        self.has_long = any(shelf.long_classes for _, shelf in loaded)
        self.declaring = [n for n, s in loaded if s.release.coverage is not None]
        self._by_field = {s.rows.only: n for n, s in loaded if s.rows.only is not None}
        self._others = [(n, s.rows) for n, s in loaded if s.rows.only is None]
        self._nothing = {
            is_conclusive: [
                s.sayings.silent(_NOTHING, is_conclusive=is_conclusive)
                if contig.name in s.release.contigs
                else s.sayings.not_loaded
                for s in shelves
            ]
            for is_conclusive in (True, False)
        }

    def told(
        self,
        own: Mapping[int, Sequence[Held]],
        there: Iterable[Counts],
        granularities: Mapping[str, Granularity],
        *,
        is_conclusive: bool,
    ) -> list[DatasetFindings]:
        """Return what all datasets say by their rows.

        Args:
            own: the rows of the allele that each holds something of, by its number,
                the spelling asked for first.
            there: what rows hold that begin where the allele may begin.
            granularities: as they are asked, by id.
            is_conclusive: whether what holds no row of the allele lacks it.
        """
        found = self._nothing[is_conclusive].copy()
        beside: dict[int, list[Counts]] = {}
        for counts in there:
            for number in self._holders(counts):
                if number not in own:
                    beside.setdefault(number, []).append(counts)
        for number, rows in own.items():
            shelf = self.shelves[number]
            is_short = granularities.get(shelf.dataset.id) is _BOOLEAN
            found[number] = _of_own(shelf, rows, is_short=is_short)
        for number, counts_of in beside.items():
            sayings = self.shelves[number].sayings
            found[number] = sayings.without(counts_of, is_conclusive=is_conclusive)
        return found

    def own(self, held: Sequence[Held]) -> dict[int, list[Held]]:
        """Return the rows each dataset says something of, by its number."""
        own: dict[int, list[Held]] = {}
        for row in held:
            for number in self._holders(row.counts):
                own.setdefault(number, []).append(row)
        return own

    def _holders(self, counts: Counts) -> list[int]:
        """Return which datasets a row holds anything of."""
        by_field = self._by_field
        found = [by_field[field] for field in counts if field in by_field]
        if self._others:
            found += (n for n, rows in self._others if rows.key(counts) is not None)
        return found


def _of_own(shelf: Shelf, held: Sequence[Held], *, is_short: bool) -> DatasetFindings:
    """Return what a dataset's own rows of the allele say.

    A release loaded without a reference may hold several spellings of one
    allele; the first that is carried answers.
    """
    for row in held:
        if shelf.rows.exists(row.counts):
            if is_short:
                return shelf.sayings.seen
            return shelf.sayings.carried(row.allele, row.counts)
    return shelf.sayings.not_carried([row.counts for row in held])
