"""Every variant that is similar to an event, the closest first.

The database narrows by index: similar spans have about the same length, so only
a few length classes and a short stretch of starts can hold them; points lie
within a short stretch.  ``pattern.matches`` decides.
"""

from __future__ import annotations

import math
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from beacon.model.assemblies import ASSEMBLIES, find_contig
from beacon.model.findings import DatasetFindings
from beacon.model.pattern import Bounds
from beacon.model.query import Granularity
from beacon.model.similarity import span_of
from beacon.store.keys import is_site
from beacon.store.lookup import loaded_only, place_of_similar
from beacon.store.scanning import (
    POINT_CLASS,
    allele_of,
    found_variant,
    genome_order,
    with_structure,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Sequence

    from beacon.model.findings import Place
    from beacon.model.genome import Contig
    from beacon.model.pattern import VariantPattern
    from beacon.model.query import Page
    from beacon.model.similarity import Event, Similar
    from beacon.model.variant import Allele
    from beacon.store.lookup import Shelf
    from beacon.store.rows import Counts
    from beacon.store.tables import Row, Table

    Pages = AsyncGenerator[list[Row], None]

_ANCHOR = 2
"""Bases by which a stored form may differ from what it changes."""
_LONGEST_CLASS = 28
_SPELLED = ("DEL", "CNV", "CPX")
_COPIED = ("DUP", "CNV")
"""What may be written as an insertion at one of its edges."""


async def find_similar(
    pattern: VariantPattern,
    shelves: Sequence[Shelf],
    table: Table,
    granularities: Sequence[Granularity],
    page: Page,
) -> list[DatasetFindings]:
    """Return what every dataset holds that is similar to the event asked for.

    Granularities are those of the shelves' answers, in their order.
    """
    contig, similar = pattern.sequence, pattern.similar
    asked = [
        s
        for s in shelves
        if contig.name in s.release.contigs or POINT_CLASS in s.long_classes
    ]
    rows: list[Row] = []
    if asked and similar is not None:
        rows = await _gathered(_Reach(contig, similar, asked, table).pages())
    alleles = [
        (allele_of(contig, start, document), cast("Counts", document["d"]))
        for start, document in rows
        if "e" in document or not is_site(cast("int", document["_id"]))
    ]
    return [
        loaded_only(shelf, contig, _findings(pattern, shelf, alleles, level, page))
        for shelf, level in zip(shelves, granularities, strict=True)
    ]


async def _gathered(sources: Iterator[Pages]) -> list[Row]:
    """Return the rows of all sources, each once."""
    rows: dict[object, Row] = {}
    for source in sources:
        async with aclosing(source) as pages:
            async for found in pages:
                rows |= {row[1]["_id"]: row for row in found}
    return list(rows.values())


def _findings(
    pattern: VariantPattern,
    shelf: Shelf,
    alleles: Sequence[tuple[Allele, Counts]],
    level: Granularity,
    page: Page,
) -> DatasetFindings:
    """Return one dataset's similar variants: margins are those it tells itself."""
    rows = shelf.rows
    there = []
    for allele, counts in alleles:
        if rows.exists(counts):
            told = with_structure(rows, allele, counts)
            if pattern.matches(told):
                there.append((told, counts))
                if level is Granularity.BOOLEAN:
                    break
    there.sort(key=lambda found: similarity_order(pattern, found[0]))
    shown = there[page.offset : page.offset + page.limit]
    if level is not Granularity.RECORD:
        shown = []
    variants = (found_variant(rows, *one) for one in shown)
    return DatasetFindings(
        dataset=shelf.dataset,
        total=min(len(there), 1) if level is Granularity.BOOLEAN else len(there),
        variants=tuple(found for found in variants if found is not None),
        place=None if there else _place(pattern, shelf, alleles),
    )


def _place(
    pattern: VariantPattern, shelf: Shelf, alleles: Sequence[tuple[Allele, Counts]]
) -> Place | None:
    """Return what similar alleles say that nobody carries.

    As in a range, no "no" rests on what only failed or skipped records declare.
    """
    rows = shelf.rows
    similar = [
        counts
        for allele, counts in alleles
        if rows.is_absent(counts)
        and pattern.matches(with_structure(rows, allele, counts))
    ]
    return place_of_similar(shelf, similar) if similar else None


def similarity_order(
    pattern: VariantPattern, allele: Allele
) -> tuple[float, int, tuple[int, int, int, str, str]]:
    """Return what similar variants are sorted by: the closest first."""
    similar = pattern.similar
    close = None if similar is None else similar.closeness(allele)
    order = (math.inf, 0) if close is None else close.order
    return *order, genome_order(allele)


class _Reach:
    """Where similar variants can be: by what is asked, and by what is loaded."""

    def __init__(
        self, contig: Contig, similar: Similar, shelves: Sequence[Shelf], table: Table
    ) -> None:
        event = similar.event
        self._contig = contig
        self._event = event
        self._ratio = similar.overlap
        self._table = table
        self._classes = sorted({k for s in shelves for k in s.long_classes})
        self._longest_short = max(s.longest_short for s in shelves)
        own = similar.distance + event.structure.widest + _ANCHOR
        # What is spelled in bases has no margins.
        self._near = own
        self._far = own + max(s.widest_margin for s in shelves)

    def pages(self) -> Iterator[Pages]:
        """Yield every source of rows that may be similar."""
        event = self._event
        if event.kind == "BND":
            yield from self._breakends()
            made = span_of(event)
            if made is not None:
                yield from self._spans(made)
            return
        if event.is_span:
            yield from self._spans(event)
            yield from self._joined(event)
        else:
            yield from self._insertions()
        if event.kind in _COPIED:
            for edge in (event.start, event.end):
                yield self._short(edge, self._near)
                yield self._points(self._contig, edge)

    def _joined(self, event: Event) -> Iterator[Pages]:
        """Yield the breakends that may make a span: a mate lies near an end of it."""
        if POINT_CLASS not in self._classes:
            return
        shift = self._shift(event.end - event.start, 2 * self._far)
        for edge in (event.start, event.end):
            near = _around(edge, shift)
            yield self._table.mate_pages(self._contig.rank, near)

    def _breakends(self) -> Iterator[Pages]:
        event, contig = self._event, self._contig
        yield self._points(contig, event.start)
        yield self._table.mate_pages(contig.rank, _around(event.start, self._far))
        if event.mate is None:
            return
        other = find_contig(ASSEMBLIES[contig.assembly], event.mate.contig)
        if other is not None:  # a single breakend may stand at the mate's place
            yield self._points(other, event.mate.start)

    def _spans(self, event: Event) -> Iterator[Pages]:
        """Yield spans that begin near, end near, and are about as long.

        Where each covers ``ratio`` of the other, no end is further off than what
        the longer one may stand out.
        """
        length = event.end - event.start
        classes = self._classes_of(length, 2 * self._far)
        if classes:
            shift = self._shift(length, 2 * self._far)
            yield self._table.long_pages(
                self._contig.rank,
                _around(event.start, shift),
                None,
                classes,
                ends=_around(event.end, shift),
            )
        shortest = self._shortest(length, 2 * self._near)
        if event.kind in _SPELLED and shortest <= self._longest_short:
            yield self._short(event.start, self._shift(length, 2 * self._near))

    def _shift(self, length: int, slack: int) -> int:
        return math.ceil((1 - self._ratio) * (length + slack) / self._ratio) + slack

    def _shortest(self, length: int, slack: int) -> float:
        return self._ratio * (length - slack) - slack

    def _insertions(self) -> Iterator[Pages]:
        """Yield points near, and duplications of about the length that end near."""
        event = self._event
        yield self._short(event.start, self._near)
        classes = set(self._classes)
        if event.length is not None:
            spread = max(map(abs, event.structure.length_margin)) + 2 * self._far
            classes = {*self._classes_of(event.length, spread)}
        near = _around(event.start, self._far)
        classes = (classes | {POINT_CLASS}) & set(self._classes)
        if classes:
            yield self._table.long_pages(
                self._contig.rank,
                Bounds(low=0, high=near.high),
                near,
                sorted(classes),
            )

    def _classes_of(self, length: int, slack: int) -> list[int]:
        """Return the length classes that hold spans of about a length."""
        shortest = self._shortest(length, slack)
        longest = (length + slack) / self._ratio + slack
        return [
            k for k in self._classes if shortest <= 1 << k and (1 << k) >> 1 <= longest
        ]

    def _short(self, place: int, far: int) -> Pages:
        return self._table.short_pages(self._contig.rank, _around(place, far))

    def _points(self, contig: Contig, place: int) -> Pages:
        near = _around(place, self._far)
        return self._table.long_pages(contig.rank, near, None, [POINT_CLASS])


def _around(place: int, far: int) -> Bounds:
    low = max(0, place - far)
    return Bounds(low=low, high=max(low, place + far) + 1)
