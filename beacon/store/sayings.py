"""What a release's rows say of an allele or of a place, each saying made once.  Pure.

Rows hold few different bytes, and findings are frozen: the same bytes give the
very same finding, until the dataset serves something else.  What is remembered is
bounded, and forgotten all at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

from beacon.model.findings import DatasetFindings, FoundVariant, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from beacon.model.counts import AlleleCounts, Tally
    from beacon.model.dataset import Dataset, Release
    from beacon.model.structure import Structure
    from beacon.model.variant import Allele
    from beacon.store.rows import Counts, Rows

_MOST = 2 * 1024 * 1024
"""Bytes that are remembered of one dataset."""
_PER_READING, _PER_NUMBER, _PER_CARRIERS, _PER_PLACE = 400, 8, 120, 500
_PER_COUNTED = 1200

_Read = tuple["Tally", tuple[str, ...], "Structure | None"]


class Sayings:
    """What one dataset says; nothing of it changes while it serves its release.

    Attributes:
        seen: that an allele is there, and no more.
        not_loaded: that it has nothing of a contig.
        plain: what its rows are packed with, where each holds one thing of it, and
            ``packing.everybody`` reads of that what ``everybody`` tells.
    """

    def __init__(self, dataset: Dataset, release: Release, rows: Rows) -> None:
        self._dataset = dataset
        self._rows = rows
        self._everybody = release.layout.groups[0]
        self._total = self._everybody.columns
        self._is_of_all = len(self._total) == rows.width
        is_plain = self._is_of_all and rows.only is not None
        self.plain = rows.parts[0].layout if is_plain else None
        self._weight = 0
        self._known: dict[object, _Read] = {}
        self._silent: dict[object, DatasetFindings] = {}
        self._counted: dict[object, DatasetFindings] = {}
        self.seen = DatasetFindings(dataset=dataset, total=1)
        self.not_loaded = DatasetFindings(
            dataset=dataset, total=0, is_contig_loaded=False
        )

    def carried(self, allele: Allele, counts: Counts) -> DatasetFindings:
        """Return that an allele is there, and its counts, by a row that says so."""
        tally, filters, structure = self._read(counts)
        if structure is not None:
            allele = replace(allele, structure=structure)
        variant = FoundVariant(allele=allele, tally=tally, filters=filters)
        return DatasetFindings(dataset=self._dataset, total=1, variants=(variant,))

    def counted(self, counts: Counts) -> DatasetFindings:
        """Return the same where no variant is shown: all people's counts together.

        Of alleles whose rows say the same, it is the very same value.
        """
        key = self._rows.key(counts)
        known = self._counted.get(key)
        if known is None:
            self._make_room(_PER_COUNTED)
            known = self._counted[key] = DatasetFindings(
                dataset=self._dataset, total=1, counts=self.everybody(counts)
            )
        return known

    def everybody(self, counts: Counts) -> AlleleCounts:
        """Return the counts of all people together, by a row that holds anything."""
        return cast("AlleleCounts", self._rows.total(counts, self._everybody))

    def silent(self, place: Place, *, is_conclusive: bool = True) -> DatasetFindings:
        """Return that an allele was not found, and what that rests on."""
        key = is_conclusive, place
        known = self._silent.get(key)
        if known is None:
            self._make_room(_PER_PLACE)
            known = self._silent[key] = DatasetFindings(
                dataset=self._dataset,
                total=0,
                place=place,
                is_conclusive=is_conclusive,
            )
        return known

    def not_carried(self, held: Sequence[Counts]) -> DatasetFindings:
        """Return what its rows of one allele say, of which none exists.

        People called in any spelling were called for the one allele they all are.
        """
        return self._of_rows(held, _own_place)

    def without(
        self, held: Sequence[Counts], *, is_conclusive: bool
    ) -> DatasetFindings:
        """Return what its rows at a place say of an allele they do not declare."""
        return self._of_rows(held, _place_beside, is_conclusive=is_conclusive)

    def beside(self, held: Iterable[Counts]) -> Place:
        """Return what rows at a place say of it, for what they do not declare."""
        mine = [counts for counts in held if self._rows.key(counts) is not None]
        return _place_beside(self.said(mine))

    def _of_rows(
        self,
        held: Sequence[Counts],
        place_in: Callable[[Said], Place],
        *,
        is_conclusive: bool = True,
    ) -> DatasetFindings:
        key = place_in, is_conclusive, *map(self._rows.key, held)
        known = self._silent.get(key)
        if known is None:
            place = place_in(self.said(held))
            known = self.silent(place, is_conclusive=is_conclusive)
            self._make_room(_PER_PLACE)
            self._silent[key] = known
        return known

    def _read(self, counts: Counts) -> _Read:
        """Return what ``Rows.read`` gives of a row that holds anything."""
        key = self._rows.key(counts)
        known = self._known.get(key)
        if known is None:
            known = cast("_Read", self._rows.read(counts))
            an, carriers, _ = known[0]
            self._make_room(
                _PER_READING
                + _PER_NUMBER * len(an or ())
                + _PER_CARRIERS * len(carriers or ())
            )
            self._known[key] = known
        return known

    def said(self, held: Iterable[Counts]) -> Said:
        """Return what rows that hold anything say together."""
        known: list[int] = []
        filters: set[str] = set()
        has_record = False
        for counts in held:
            called = self._rows.called(counts) if self._is_of_all else None
            if called is not None:
                has_record = True
                known += (an for an in called if an is not None)
                continue
            tally, words, _ = self._read(counts)
            if words:
                filters.update(words)
                continue
            has_record = True
            if tally.an is not None:
                known.append(sum(map(tally.an.__getitem__, self._total)))
        return Said(has_record, tuple(known), tuple(sorted(filters)))

    def _make_room(self, weight: int) -> None:
        """Forget everything where there is no room for more."""
        self._weight += weight
        if self._weight > _MOST:
            self._known.clear()
            self._silent.clear()
            self._counted.clear()
            self._weight = weight


class Said(NamedTuple):
    """What rows of a release say together: AN where told, and FILTER words."""

    has_record: bool
    known: tuple[int, ...]
    filters: tuple[str, ...]

    def place_as(self, choose: Callable[[Iterable[int]], int]) -> Place:
        """Return the place that rows of what is asked make, none of them carried.

        One that failed its filters may hide a carrier, whatever others call.
        """
        if self.filters or not self.has_record:
            return Place(filters=self.filters)
        an = choose(self.known) if self.known else None
        return Place(an=an, has_record=True)


def _own_place(said: Said) -> Place:
    return said.place_as(max)


def _place_beside(said: Said) -> Place:
    """Return what rows say of a place, for what they do not declare.

    A record that counts answers; the failed ones beside it are of other alleles.
    """
    return said._replace(filters=() if said.has_record else said.filters).place_as(max)
