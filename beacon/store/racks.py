"""Datasets that are asked together, and what is the same for every question to them.

Most datasets hold nothing of most rows, so an answer begins as what all say where
nothing stands, and only what a row holds is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, cast, overload

from beacon.model.findings import DatasetFindings, Place
from beacon.model.query import Granularity
from beacon.store.packing import EXISTS
from beacon.store.scanning import allele_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from beacon.model.annotation import Kind
    from beacon.model.dataset import Dataset, Release
    from beacon.model.genome import Contig
    from beacon.model.variant import Allele
    from beacon.store.driver import Document
    from beacon.store.rows import Counts, Rows
    from beacon.store.sayings import Sayings
    from beacon.store.tables import Row

_BOOLEAN, _COUNT = Granularity.BOOLEAN, Granularity.COUNT
_NOTHING = Place()
_FEW = 64
_MOST = 1024
"""Sets of datasets that hold an allele, of which what all say is kept."""


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
        seen: what each says of an allele that is there, and no more.
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
        self.seen = [shelf.sayings.seen for shelf in shelves]
        self.has_long = any(shelf.long_classes for _, shelf in loaded)
        self.declaring = [n for n, s in loaded if s.release.coverage is not None]
        self._all = frozenset(number for number, _ in loaded)
        self._by_field = {s.rows.only: n for n, s in loaded if s.rows.only is not None}
        self._told: dict[
            tuple[object, ...], tuple[tuple[DatasetFindings, ...], frozenset[int]]
        ] = {}
        self._others = [(n, s.rows) for n, s in loaded if s.rows.only is None]
        self._resting: dict[Collection[str], frozenset[int]] = {}
        self._nothing = {
            is_conclusive: [
                s.sayings.silent(_NOTHING, is_conclusive=is_conclusive)
                if contig.name in s.release.contigs
                else s.sayings.not_loaded
                for s in shelves
            ]
            for is_conclusive in (True, False)
        }

    def resting(self, silent: Collection[str]) -> frozenset[int]:
        """Return which of those that have anything of the contig say why they lack it.

        Args:
            silent: ids of datasets that never do.
        """
        if not silent:
            return self._all
        if not isinstance(silent, frozenset):
            return self._not_among(silent)
        known = self._resting.get(silent)
        if known is None:
            if len(self._resting) >= _FEW:
                self._resting.clear()
            known = self._resting[silent] = self._not_among(silent)
        return known

    def _not_among(self, silent: Collection[str]) -> frozenset[int]:
        shelves = self.shelves
        return frozenset(n for n in self._all if shelves[n].dataset.id not in silent)

    def nothing(self, *, is_conclusive: bool) -> list[DatasetFindings]:
        """Return what all say where nothing stands at a place."""
        return self._nothing[is_conclusive].copy()

    def of_key(
        self, key: int, there: Sequence[Document], *, is_conclusive: bool
    ) -> tuple[Sequence[DatasetFindings], frozenset[int]] | None:
        """Return what all say of the one allele of a key, at boolean granularity.

        ``Told`` in one go, where each dataset has one field and the rows of a place
        are few.  Of rows that the same datasets hold, and all of them as existing,
        it is the very same tuple.

        Returns:
            Their findings, and the numbers of those that hold a row of it; ``None``:
            ``Told`` must tell.
        """
        if self._others or len(there) > 1 or (there and there[0]["_id"] != key):
            return None
        counts = cast("Counts", there[0]["d"]) if there else {}
        held: tuple[object, ...] = (is_conclusive, *counts)
        known = self._told.get(held)
        for blob in counts.values():
            if not blob[0] & EXISTS:
                return self._of_counts(counts, is_conclusive=is_conclusive)
        if known is None:
            known = self._of_counts(counts, is_conclusive=is_conclusive)
            if len(self._told) >= _MOST:
                self._told.clear()
            self._told[held] = known
        return known

    def _of_counts(
        self, counts: Counts, *, is_conclusive: bool
    ) -> tuple[tuple[DatasetFindings, ...], frozenset[int]]:
        """Return what all say of an allele by its only row, and who holds it."""
        found, own = self._nothing[is_conclusive].copy(), set()
        for field, blob in counts.items():
            number = self._by_field.get(field)
            if number is None:
                continue
            own.add(number)
            if blob[0] & EXISTS:
                found[number] = self.seen[number]
            else:
                found[number] = self.shelves[number].sayings.not_carried((counts,))
        return tuple(found), frozenset(own)

    def counted_of_key(
        self,
        key: int,
        there: Sequence[Document],
        levels: Mapping[str, Granularity],
        *,
        is_conclusive: bool,
    ) -> tuple[list[DatasetFindings], set[int]] | None:
        """Return the same below record granularity, with counts where they are asked.

        Args:
            key: of the allele.
            there: the rows of its place.
            levels: as datasets are asked, by id.
            is_conclusive: whether a dataset without a row of it lacks it.
        """
        if self._others or len(there) > 1 or (there and there[0]["_id"] != key):
            return None
        found, own = self._nothing[is_conclusive].copy(), set()
        counts = cast("Counts", there[0]["d"]) if there else {}
        for field, blob in counts.items():
            number = self._by_field.get(field)
            if number is None:
                continue
            own.add(number)
            shelf = self.shelves[number]
            level = levels.get(shelf.dataset.id)
            if not blob[0] & EXISTS:
                found[number] = shelf.sayings.not_carried((counts,))
            elif level is _COUNT:
                found[number] = shelf.sayings.counted(counts)
            elif level is _BOOLEAN:
                found[number] = self.seen[number]
            else:
                return None
        return found, own

    def holders(self, counts: Counts) -> list[tuple[int, bool]]:
        """Return of which datasets a row holds anything, and where its allele exists.

        Returns:
            The number of the dataset, and whether the allele exists there (see
            ``Rows.exists``).
        """
        numbers = self._by_field
        found = [
            (numbers[field], blob[0] & EXISTS != 0)
            for field, blob in counts.items()
            if field in numbers
        ]
        if self._others:
            found += (
                (number, rows.exists(counts))
                for number, rows in self._others
                if rows.key(counts) is not None
            )
        return found


class Told:
    """What datasets say of one allele, by their rows.

    Args:
        standing: the datasets.
        held: the rows of the allele, the spelling asked for first.
        granularities: as they are asked, by id; at boolean no variant is shown, at
            count its counts are.
        is_conclusive: whether one that holds no row of the allele lacks it.

    Attributes:
        findings: by the number of the dataset.
        own: the numbers of datasets that hold rows of the allele.
    """

    def __init__(
        self,
        standing: Standing,
        held: Sequence[Held],
        granularities: Mapping[str, Granularity],
        *,
        is_conclusive: bool,
    ) -> None:
        self._standing = standing
        self._held = held
        self._is_conclusive = is_conclusive
        self.findings = standing.nothing(is_conclusive=is_conclusive)
        self.own: set[int] = set()
        if held:
            self._say_own(granularities)

    def _say_own(self, granularities: Mapping[str, Granularity]) -> None:
        """Put in what rows of the allele say.

        A release loaded without a reference may hold several spellings of one
        allele; the first that is carried answers.
        """
        shelves, seen = self._standing.shelves, self._standing.seen
        absent: dict[int, list[Counts]] = {}
        for row in self._held:
            for number, exists in self._standing.holders(row.counts):
                if number in self.own and number not in absent:
                    continue
                self.own.add(number)
                if not exists:
                    absent.setdefault(number, []).append(row.counts)
                    continue
                absent.pop(number, None)
                shelf, said = shelves[number], seen[number]
                level = granularities.get(shelf.dataset.id)
                if level is _COUNT:
                    said = shelf.sayings.counted(row.counts)
                elif level is not _BOOLEAN:
                    said = shelf.sayings.carried(row.allele, row.counts)
                self.findings[number] = said
        for number, rows in absent.items():
            self.findings[number] = shelves[number].sayings.not_carried(rows)

    def rest_on(self, there: Iterable[Row]) -> None:
        """Put in what rows say that begin where the allele may, for all others."""
        beside: dict[int, list[Counts]] = {}
        for _, row in there:
            counts = cast("Counts", row["d"])
            for number, _ in self._standing.holders(counts):
                if number not in self.own:
                    beside.setdefault(number, []).append(counts)
        for number, rows in beside.items():
            self.findings[number] = self._standing.shelves[number].sayings.without(
                rows, is_conclusive=self._is_conclusive
            )
