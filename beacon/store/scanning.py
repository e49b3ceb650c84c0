"""Every variant of a stretch, in genome order, judged by ``pattern.matches``.

The database only narrows: it gives rows that begin where a match may begin.
Short and long rows are merged by start, page by page, so that memory holds a
page and what was asked for, never a chromosome.
"""

from __future__ import annotations

import asyncio
import math
from bisect import bisect_left
from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING, cast

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.findings import Coverage, DatasetFindings, FoundVariant, Place
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity
from beacon.model.variant import Allele
from beacon.store.bins import whole_bins
from beacon.store.keys import decode, is_site
from beacon.store.tables import FIRST_PAGE, LARGEST_PAGE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Sequence

    from beacon.model.genome import Contig
    from beacon.model.query import Page
    from beacon.store.driver import Document
    from beacon.store.lookup import Shelf
    from beacon.store.rows import Counts, Rows
    from beacon.store.tables import Row, Table

_START = itemgetter(0)
_MOST_REMEMBERED = 4096
_WIDE, _FEW = 200_000, 4
"""From which width on rows are counted unread; for how many datasets by the server."""

POINT_CLASS = 0
"""The length class of breakends and insertions."""


class Answer:
    """What one dataset has said so far.

    Args:
        is_counted: whether the total is wanted; without it the scan may end as
            soon as the page is full.
    """

    def __init__(
        self, shelf: Shelf, granularity: Granularity, page: Page, *, is_counted: bool
    ) -> None:
        self.shelf = shelf
        self.rows = shelf.rows
        self.seen = 0
        self.granularity = granularity
        self._offset = page.offset
        self._limit = page.limit if granularity is Granularity.RECORD else 0
        self._is_counted = is_counted
        self._variants: list[FoundVariant] = []
        self._filters: set[str] = set()
        self._has_called = False
        self._has_uncalled = False
        self._uncalled: dict[object, bool] = {}

    @property
    def is_open(self) -> bool:
        """Whether its page is not full yet."""
        return len(self._variants) < self._limit

    @property
    def reads_all(self) -> bool:
        """Whether every row is wanted, to be counted."""
        return self._is_counted and self.granularity is not Granularity.BOOLEAN

    @property
    def wants_number(self) -> bool:
        """Whether it wants to know how many there are, and nothing else."""
        return self._is_counted and self.granularity is Granularity.COUNT

    def wants_alleles(self, rows: int) -> bool:
        """Whether its page may take any of the next ``rows`` rows."""
        return self.is_open and self.seen + rows > self._offset

    @property
    def is_done(self) -> bool:
        """Whether nothing further can change it."""
        if self.granularity is Granularity.BOOLEAN:
            return self.seen > 0
        return not self._is_counted and not self.is_open

    @property
    def has_more(self) -> bool:
        """Whether another contig may add to it."""
        return not self.is_done if self._is_counted else self.is_open

    def take(self, allele: Allele, counts: Counts) -> None:
        """Count one existing variant, and keep it if it is on the page."""
        self.seen += 1
        if self.seen > self._offset and self.is_open:
            found = found_variant(self.rows, allele, counts)
            if found is not None:
                self._variants.append(found)

    def heeds(self, counts: Counts, *, is_plain: bool) -> bool:
        """Whether what does not exist may change what a "no" rests on.

        That somebody was called elsewhere matters to a plain range alone: of a
        question narrowed further, each allele that matches may be the one meant.
        """
        if self.rows.is_filtered(counts):
            return True
        if not self.shelf.release.genotyped:
            return False
        if self._has_uncalled and (self._has_called or not is_plain):
            return False
        if self._calls_nobody(counts):
            return not self._has_uncalled
        return is_plain and not self._has_called

    def _calls_nobody(self, counts: Counts) -> bool:
        """Whether AN is 0; rows that nobody carries are often the same bytes."""
        key = self.rows.key(counts)
        known = self._uncalled.get(key)
        if known is None:
            read = self.rows.read(counts)
            an = None if read is None else read[0].an
            columns = self.shelf.release.layout.groups[0].columns
            known = an is not None and not any(an[c] for c in columns)
            if len(self._uncalled) >= _MOST_REMEMBERED:
                self._uncalled.clear()
            self._uncalled[key] = known
        return known

    def pass_over(self, counts: Counts) -> None:
        """Note what is declared and does not exist: only failed, or nobody called."""
        if self.seen:
            return
        if self.rows.is_filtered(counts):
            read = self.rows.read(counts)
            self._filters.update(() if read is None else read[1])
        elif self._calls_nobody(counts):
            self._has_uncalled = True
        else:
            self._has_called = True

    def _place(self) -> Place | None:
        """Return what a "no" rests on, as far as rows tell."""
        if self._filters:
            return Place(filters=tuple(sorted(self._filters)))
        if not self._has_uncalled:
            return None
        return Place(coverage=Coverage.PARTIAL) if self._has_called else Place(an=0)

    def findings(self, total: int | None = None) -> DatasetFindings:
        """Return what it found; ``total`` where that is known already."""
        total = self.seen if total is None else total
        if self.granularity is Granularity.BOOLEAN:
            total = min(total, 1)
        return DatasetFindings(
            dataset=self.shelf.dataset,
            total=total,
            variants=tuple(self._variants),
            place=None if total else self._place(),
        )


class Called(Answer):
    """What one dataset says of whether anybody was called at all.

    One that somebody was called in is done.
    """

    @property
    def is_done(self) -> bool:
        """Whether nothing further can change it."""
        return self._has_called or self.seen > 0

    def _place(self) -> Place | None:
        """Return what a "no" rests on: a call anywhere is enough."""
        return None if self._has_called else super()._place()


async def scan(
    contig: Contig,
    pattern: VariantPattern | None,
    answers: Sequence[Answer],
    table: Table,
) -> None:
    """Give every matching variant of a contig to the answers that want it.

    Of a wide plain range where only the number is wanted no row is read that begins
    inside: bins know how many there are, and the server counts what they do not.
    """
    overlap = None if pattern is None else pattern.overlap
    if pattern is not None and overlap is not None and _is_number(pattern, answers):
        apart = await _uncounted(overlap, answers, table) if table.is_of_all else None
        if apart is not None:
            await asyncio.gather(
                _read(contig, pattern, answers, table, apart=apart),
                _add_numbers(contig, overlap, apart, answers, table),
            )
            answers = [answer for answer in answers if not answer.seen]
    await _read(contig, pattern, answers, table)


def _is_number(pattern: VariantPattern, answers: Sequence[Answer]) -> bool:
    """Whether a wide plain range is asked, and by all for the number alone."""
    bounds = pattern.overlap
    if bounds is None or bounds.high - bounds.low < _WIDE:
        return False
    return pattern.is_plain and all(a.wants_number for a in answers)


async def _uncounted(
    overlap: Bounds, answers: Sequence[Answer], table: Table
) -> Bounds | None:
    """Return the starts whose rows need not be read; ``None``: all must be.

    The server counts a whole range, and the edges of one that bins know, for a few
    datasets; for many their edges are read once for all.
    """
    if len(answers) <= _FEW:
        return overlap
    known = [await table.existing.has(a.shelf.release.number, a.rows) for a in answers]
    return whole_bins(overlap) if all(known) else None


async def _add_numbers(
    contig: Contig,
    overlap: Bounds,
    apart: Bounds,
    answers: Sequence[Answer],
    table: Table,
) -> None:
    """Add what begins in the starts that are not read."""
    numbers = [_number(contig.rank, apart, answer, table) for answer in answers]
    for answer, number in zip(answers, await asyncio.gather(*numbers), strict=True):
        answer.seen += number


async def _number(rank: int, starts: Bounds, answer: Answer, table: Table) -> int:
    """Return how many short alleles that exist begin in a stretch."""
    whole, release = whole_bins(starts), answer.shelf.release.number
    inside = None
    if whole is not None:
        inside = await table.existing.count(release, answer.rows, rank, whole)
    if whole is None or inside is None:
        return await table.count(rank, starts, answer.rows)
    edges = list(_without(starts, whole))
    counted = [table.count(rank, e, answer.rows) for e in edges if e.low < e.high]
    return inside + sum(await asyncio.gather(*counted))


async def _read(
    contig: Contig,
    pattern: VariantPattern | None,
    answers: Sequence[Answer],
    table: Table,
    *,
    apart: Bounds | None = None,
) -> None:
    """Read the rows of a stretch, without the short ones that begin in ``apart``."""
    if not answers:
        return
    pages = _merged(_sources(contig, pattern, answers, table, apart))
    try:
        async for page in pages:
            rows = page
            waiting = [a for a in answers if not a.is_done]
            if not waiting:
                return
            wanted = any(a.wants_alleles(len(rows)) for a in waiting)
            is_plain = pattern is None or pattern.is_plain
            if is_plain and not wanted:
                rows = _count(rows, pattern, waiting)
            _collect(rows, contig, pattern, waiting)
            _note_absent(page, contig, pattern, waiting)
            if all(a.is_done for a in waiting):
                return
    finally:
        await pages.aclose()


def _count(
    rows: Sequence[Row], pattern: VariantPattern | None, answers: Sequence[Answer]
) -> list[Row]:
    """Count rows without building their alleles; return those with two sides.

    Their overlap is what ``pattern.matches`` says: an allele with bases begins
    inside, or before and ends inside.
    """
    overlap = None if pattern is None else pattern.overlap
    apart = [row for row in rows if "e" in row[1]]
    if apart:
        rows = [row for row in rows if "e" not in row[1]]
    if overlap is not None:
        low, high = overlap.low, overlap.high
        first = bisect_left(rows, low, key=_START)
        last = bisect_left(rows, high, key=_START)
        before = [row for row in rows[:first] if _short_end(*row) > low]
        rows = [*before, *rows[first:last]] if low < high else before
    held = [cast("Counts", document["d"]) for _, document in rows]
    held += [
        cast("Counts", document["d"])
        for start, document in apart
        if "mc" not in document
        and (overlap is None or _spans(start, document, overlap))
    ]
    for answer in answers:
        answer.seen += answer.rows.how_many_exist(held)
    return [row for row in apart if "mc" in row[1]]


def _spans(start: int, document: Document, bounds: Bounds) -> bool:
    """Whether a long row overlaps a stretch; one without bases is an edge."""
    end = cast("int", document["e"])
    if start == end:
        return bounds.low <= start <= bounds.high
    return start < bounds.high and end > bounds.low


def _short_end(start: int, document: Document) -> int:
    key = cast("int", document["_id"])
    if key & 1:
        return start + len(cast("str", document["r"]))
    return start + (key >> 27 & 15)


def _collect(
    rows: Sequence[Row],
    contig: Contig,
    pattern: VariantPattern | None,
    answers: Sequence[Answer],
) -> None:
    """Judge rows one by one, then hand them over in genome order."""
    asked = [answer.rows.exists for answer in answers]
    low = pattern.overlap.low if pattern is not None and pattern.overlap else -1
    kept: list[tuple[int, Allele, Counts]] = []
    for start, document in rows:
        counts = cast("Counts", document["d"])
        if not any(exists(counts) for exists in asked) or _ends_before(
            low, start, document
        ):
            continue
        allele = allele_of(contig, start, document)
        if pattern is None or _is_met(pattern, allele, document):
            kept.append((start, allele, counts))
    kept.sort(key=lambda found: (found[0], *genome_order(found[1])))
    for _, allele, counts in kept:
        for answer in answers:
            if answer.rows.exists(counts):
                answer.take(allele, counts)


def _is_met(pattern: VariantPattern, allele: Allele, document: Document) -> bool:
    """Whether a row is an answer; a breakend is one once, whichever side found it."""
    if not pattern.matches(allele):
        return False
    if "mc" not in document:
        return True
    return pattern.meets_own_side(allele) != ("is_mate" in document)


def with_structure(rows: Rows, allele: Allele, counts: Counts) -> Allele:
    """Return an allele as one release describes it."""
    structure = rows.structure(counts)
    return allele if structure is None else replace(allele, structure=structure)


def found_variant(rows: Rows, allele: Allele, counts: Counts) -> FoundVariant | None:
    """Return what one release says of an allele; ``None`` where it says nothing."""
    read = rows.read(counts)
    if read is None:
        return None
    tally, filters, structure = read
    if structure is not None:
        allele = replace(allele, structure=structure)
    return FoundVariant(allele=allele, tally=tally, filters=filters)


def _note_absent(
    rows: Sequence[Row],
    contig: Contig,
    pattern: VariantPattern | None,
    answers: Sequence[Answer],
) -> None:
    """Note what is declared and does not exist, for answers that are still "no"."""
    pattern = VariantPattern(contig=contig) if pattern is None else pattern
    is_plain = pattern.is_plain or pattern.is_pinned
    for answer in answers:
        for start, document in rows if not answer.seen else ():
            counts = cast("Counts", document["d"])
            if not answer.rows.is_absent(counts):
                continue
            if not answer.heeds(counts, is_plain=is_plain):
                continue
            is_filtered = answer.rows.is_filtered(counts)
            row = start, document
            if _is_asked_for(contig, pattern, row, is_filtered=is_filtered):
                answer.pass_over(counts)


def _is_asked_for(
    contig: Contig, pattern: VariantPattern, row: Row, *, is_filtered: bool
) -> bool:
    """Whether a row concerns a question; a bare place, where it may begin.

    Whatever stands at the one base a question is pinned to concerns it.

    One without any call tells of bases, not of the alleles that a question
    narrowed further asks for; one that failed a filter may hide them.
    """
    start, document = row
    if pattern.is_pinned and pattern.start is not None and start in pattern.start:
        return True
    if "e" in document or not is_site(cast("int", document["_id"])):
        return pattern.matches(allele_of(contig, start, document))
    if not is_filtered and not pattern.is_plain:
        return False
    if pattern.start is None and pattern.end is not None:
        return False  # asked by its end alone, which a place does not have
    bounds = [b for b in (pattern.overlap, pattern.start) if b is not None]
    return bool(bounds) and all(start in b for b in bounds)


def _ends_before(low: int, start: int, document: Document) -> bool:
    """Whether a short row ends before a stretch begins."""
    return "e" not in document and _short_end(start, document) < low


def genome_order(allele: Allele) -> tuple[int, int, int, str, str]:
    """Return what alleles are sorted by, where a question meets them at one place."""
    place = (allele.contig.rank, allele.start, allele.end)
    return *place, allele.reference, allele.alternate


def allele_of(contig: Contig, start: int, document: Document) -> Allele:
    """Return the allele of a row; a long one says its place itself."""
    if "e" in document:
        if document["c"] != contig.rank:
            rank = cast("int", document["c"])
            contig = ASSEMBLIES[contig.assembly].contigs[rank - 1]
        start, end = cast("int", document["s"]), cast("int", document["e"])
        reference, alternate = document["r"], document["a"]
    else:
        key = decode(cast("int", document["_id"]))
        reference = document["r"] if key.reference is None else key.reference
        alternate = document["a"] if key.alternate is None else key.alternate
        end = start + len(cast("str", reference))
    return Allele(
        contig=contig,
        start=start,
        end=end,
        reference=cast("str", reference),
        alternate=cast("str", alternate),
    )


def _sources(
    contig: Contig,
    pattern: VariantPattern | None,
    answers: Sequence[Answer],
    table: Table,
    apart: Bounds | None,
) -> list[_Source]:
    """Return where rows that can match come from."""
    starts, reach = _narrow(contig, pattern)
    short = [starts]
    if reach is not None:
        longest = max(a.shelf.longest_short for a in answers)
        low = max(starts.low, reach.low - longest)
        high = starts.high if apart is None else reach.high
        short = list(_without(Bounds(low=low, high=max(low, high)), apart))
    size = LARGEST_PAGE if any(a.reads_all for a in answers) else FIRST_PAGE
    sources = [
        _Source(table.short_pages(contig.rank, some, size=size)) for some in short
    ]
    classes = sorted({k for a in answers for k in a.shelf.long_classes})
    if classes:
        long = table.long_pages(contig.rank, starts, reach, classes, size=size)
        sources.append(_Source(long))
    if POINT_CLASS in classes and pattern is not None:
        sources.append(_Source(table.mate_pages(contig.rank, _of_mates(starts, reach))))
    return sources


def _without(starts: Bounds, apart: Bounds | None) -> Iterator[Bounds]:
    """Yield what is left of a stretch without the middle of it."""
    if apart is None:
        yield starts
        return
    yield Bounds(low=starts.low, high=max(starts.low, min(starts.high, apart.low)))
    yield Bounds(low=max(starts.low, apart.high), high=max(starts.high, apart.high))


def _of_mates(starts: Bounds, reach: Bounds | None) -> Bounds:
    """Return where mates may begin: they span one base at most."""
    if reach is None:
        return starts
    low = max(starts.low, reach.low - 1)
    return Bounds(low=low, high=max(low, starts.high))


def _narrow(
    contig: Contig, pattern: VariantPattern | None
) -> tuple[Bounds, Bounds | None]:
    """Return where a match may begin, and the stretch it must reach, if any.

    Wider than the truth is allowed (``pattern.matches`` decides), narrower not:
    a stripped spelling begins at most one base behind the stored one.
    """
    low, high = 0, contig.length + 1
    if pattern is None:
        return Bounds(low=low, high=high), None
    if pattern.overlap is not None:
        high = min(high, pattern.overlap.high + 1)
    if pattern.start is not None:
        low = max(low, pattern.start.low - 1)
        high = min(high, pattern.start.high)
    elif pattern.end is not None:
        high = min(high, pattern.end.high)
    if pattern.spellings:
        low = max(low, min(start for start, _, _ in pattern.spellings))
        high = min(high, max(start for start, _, _ in pattern.spellings) + 1)
    reach = pattern.overlap
    if reach is None and pattern.end is not None and pattern.start is None:
        reach = pattern.end
    return Bounds(low=low, high=max(low, high)), reach


class _Source:
    """Rows in order of start, and up to where they are complete."""

    def __init__(self, pages: AsyncGenerator[list[Row], None]) -> None:
        self._pages = pages
        self._rows: list[Row] = []
        self._is_exhausted = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left, here or on the server."""
        return self._is_exhausted and not self._rows

    @property
    def horizon(self) -> float:
        """The start before which every row is at hand."""
        if self._is_exhausted:
            return math.inf
        return self._rows[-1][0] if self._rows else -1

    async def fill(self) -> None:
        """Read a page more."""
        page = await anext(self._pages, None)
        if page is None:
            self._is_exhausted = True
        else:
            self._rows += page

    def take_before(self, start: float) -> list[Row]:
        """Take the rows that begin before ``start``."""
        if start == math.inf:
            rows, self._rows = self._rows, []
            return rows
        cut = bisect_left(self._rows, start, key=_START)
        rows, self._rows = self._rows[:cut], self._rows[cut:]
        return rows

    async def close(self) -> None:
        """Leave the rest on the server."""
        await self._pages.aclose()


async def _merged(sources: list[_Source]) -> AsyncGenerator[list[Row], None]:
    """Yield the rows of all sources; rows of one start always come together."""
    try:
        while not all(s.is_empty for s in sources):
            nearest = min(sources, key=lambda s: s.horizon)
            if nearest.horizon < math.inf:
                await nearest.fill()
            limit = min(s.horizon for s in sources)
            rows = [row for s in sources for row in s.take_before(limit)]
            if rows:
                yield rows
    finally:
        for source in sources:
            await source.close()
