"""Every variant of a stretch, in genome order, judged by ``pattern.matches``.

The database only narrows: it gives rows that begin where a match may begin.
Short and long rows are merged by start, page by page, so that memory holds a
page and what was asked for, never a chromosome.  Of a range the bins know what
begins inside: its edges are read, and a page, or where a "no" may rest on rows.
"""

from __future__ import annotations

import asyncio
import math
from bisect import bisect_left
from contextlib import aclosing
from dataclasses import replace
from itertools import chain
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, cast

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.findings import Coverage, DatasetFindings, FoundVariant, Place
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Page
from beacon.model.variant import Allele
from beacon.store.bins import EXISTING_BITS, whole_bins
from beacon.store.keys import is_site
from beacon.store.stretches import (
    Judge,
    narrow,
    runs,
    short_allele,
    short_end,
    starts_of,
    without,
)
from beacon.store.tables import FIRST_PAGE, LARGEST_PAGE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence

    from beacon.model.genome import Contig
    from beacon.store.bins import Sums
    from beacon.store.driver import Document
    from beacon.store.lookup import Shelf
    from beacon.store.rows import Counts, Rows
    from beacon.store.stretches import Starts
    from beacon.store.tables import Row, Table

_START, _LOW = itemgetter(0), attrgetter("low")
_MOST_REMEMBERED = 4096
_WIDE = 4 << EXISTING_BITS
"""From which width on bins are asked."""
_VERY_WIDE, _FEW = 200_000, 4
"""From which width on, and for how many datasets, the server counts rows unread."""

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
        self.total: int | None = None
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
    def is_no(self) -> bool:
        """Whether nothing is known to be there."""
        return not (self.seen or self.total)

    def wants_alleles(self, rows: int) -> bool:
        """Whether its page may take any of the next ``rows`` rows."""
        return self.is_open and self.seen + rows > self._offset

    @property
    def is_done(self) -> bool:
        """Whether nothing further can change it."""
        if self.granularity is Granularity.BOOLEAN:
            return self.seen > 0
        if self.total is not None:
            return not self.is_open or self.seen >= self.total
        return not self._is_counted and not self.is_open

    @property
    def has_more(self) -> bool:
        """Whether another contig may add to it."""
        return not self.is_done if self._is_counted else self.is_open

    def counter(self) -> Answer:
        """Return who counts for it: itself, or another where it shows a page."""
        if not self.is_open:
            return self
        return Answer(self.shelf, Granularity.COUNT, Page(), is_counted=True)

    def learn(self, counter: Answer) -> None:
        """Take what its counter found: how many, or what a "no" rests on."""
        self.total = counter.seen
        self._filters = counter._filters
        self._has_called = counter._has_called
        self._has_uncalled = counter._has_uncalled

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
        known = self.seen if self.total is None else self.total
        total = known if total is None else total
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

    Of a range that bins know rows are read where it begins and ends, and inside
    for pages, and for what a "no" may rest on.
    """
    longest = max(a.shelf.longest_short for a in answers)
    starts = starts_of(contig, pattern, longest)
    asked = _Asked(contig, pattern, table)
    width = starts.concerned.high - starts.concerned.low
    if pattern is None or not table.is_of_all or width < _WIDE:
        await asked.read(answers, [starts.concerned])
        return
    groups: dict[int | None, list[tuple[Answer, Sums | None]]] = {}
    releases = [(a.shelf.release.number, a.rows) for a in answers]
    known = await table.existing.of(contig.rank, releases)
    for answer, sums in zip(answers, known, strict=True):
        bits = None if sums is None else sums.bits
        groups.setdefault(bits, []).append((answer, sums))
    some = (_Wide(asked, starts, group, bits) for bits, group in groups.items())
    await asyncio.gather(*(wide.answer() for wide in some))


class _Wide:
    """A wide question to datasets whose bins are of one width, or that have none."""

    def __init__(
        self,
        asked: _Asked,
        starts: Starts,
        group: Sequence[tuple[Answer, Sums | None]],
        bits: int | None,
    ) -> None:
        self._asked = asked
        self._starts = starts
        self._group = group
        self._bits = EXISTING_BITS if bits is None else bits
        self._whole: Bounds | None = None
        judge, is_read = asked.judge, any(not a.reads_all for a, _ in group)
        self._kinds = judge if judge is not None and judge.asks_kind else None
        if self._kinds is not None and (is_read or not self._kinds.takes_every_snp):
            return
        if bits is not None and starts.sure is not None:
            self._whole = whole_bins(starts.sure, bits)

    async def answer(self) -> None:
        """Count, see what a "no" rests on, and read pages of what is there."""
        apart = self._apart()
        counters = [
            answer if apart is None else answer.counter() for answer, _ in self._group
        ]
        await self._count(counters, apart)
        await self._doubt(counters, apart)
        for (answer, _), counter in zip(self._group, counters, strict=True):
            if counter is not answer:
                answer.learn(counter)
        await self._show(counters)

    def _apart(self) -> Bounds | None:
        """Return the starts of rows that are counted unread.

        The server counts what bins do not know, for a few datasets; for many it is
        read once for all.
        """
        sure, whole = self._starts.sure, self._whole
        if self._kinds is not None or sure is None or len(self._group) > _FEW:
            return whole
        if not all(a.reads_all for a, _ in self._group):
            return whole
        inside = 0 if whole is None else whole.high - whole.low
        return sure if sure.high - sure.low - inside > _VERY_WIDE else whole

    async def _count(self, counters: Sequence[Answer], apart: Bounds | None) -> None:
        """Count alleles: unread ones by bins, or by the server, the others read."""
        if apart is not None:
            pairs = zip(counters, self._group, strict=True)
            numbers = (self._number(apart, c, sums) for c, (_, sums) in pairs)
            found = await asyncio.gather(*numbers)
            for counter, number in zip(counters, found, strict=True):
                counter.seen += number
            if self._kinds is not None:
                await self._asked.take_off(counters, apart)
        await self._asked.read(
            counters, without(self._starts.possible, apart), is_longer=self._is_longer
        )

    @property
    def _is_longer(self) -> bool:
        """Whether rows of one base in the place of one are left out of what is read."""
        return self._kinds is not None and self._kinds.takes_no_snp

    async def _number(self, apart: Bounds, answer: Answer, sums: Sums | None) -> int:
        """Return how many alleles exist that begin in starts that are not read."""
        table, rank = self._asked.table, self._asked.contig.rank
        whole, inside = self._whole, 0
        if whole is not None and sums is not None:
            inside = sums.existing(whole)
        edges = [apart] if whole is None else without(apart, whole)
        counts = (table.count(rank, edge, answer.rows) for edge in edges)
        return inside + sum(await asyncio.gather(*counts))

    async def _doubt(self, counters: Sequence[Answer], apart: Bounds | None) -> None:
        """Read what was not, of datasets that have nothing: rows may say why."""
        pairs = zip(counters, self._group, strict=True)
        noes = [(c, sums) for c, (_, sums) in pairs if c.is_no]
        if not noes:
            return
        possible = self._starts.possible
        left = [self._starts.concerned]
        if not self._is_longer:
            left = without(self._starts.concerned, possible)
        left += [] if apart is None else [apart]

        def following(at: int) -> int | None:
            return _least(at if s is None else s.next_absent(at) for _, s in noes)

        places = (runs(one, self._bits, following) for one in sorted(left, key=_LOW))
        rest = [counter for counter, _ in noes]
        await self._asked.read_short(rest, chain.from_iterable(places))

    async def _show(self, counters: Sequence[Answer]) -> None:
        """Read pages; where they are known to lie, no rows besides."""
        shown = [
            (answer, sums)
            for (answer, sums), counter in zip(self._group, counters, strict=True)
            if counter is not answer and not answer.is_done
        ]
        whole, possible = self._whole, self._starts.possible
        if not shown:
            return

        def following(at: int) -> int | None:
            waiting = (s for a, s in shown if not a.is_done)
            return _least(at if s is None else s.next_existing(at) for s in waiting)

        answers = [answer for answer, _ in shown]
        if whole is None:
            await self._asked.read(answers, [possible])
            return
        before = Bounds(low=possible.low, high=whole.low)
        behind = Bounds(low=whole.high, high=max(whole.high, possible.high))
        inside = runs(whole, self._bits, following)
        await self._asked.read(answers, [chain((before,), inside, (behind,))])


def _least(places: Iterable[int | None]) -> int | None:
    return min((place for place in places if place is not None), default=None)


class _Asked:
    """One question, and how its rows are read."""

    def __init__(
        self,
        contig: Contig,
        pattern: VariantPattern | None,
        table: Table,
    ) -> None:
        self.contig = contig
        self.table = table
        self._pattern = pattern
        self.judge = Judge.of(pattern)

    async def read(
        self,
        answers: Sequence[Answer],
        short: Sequence[Bounds | Iterable[Bounds]],
        *,
        is_longer: bool = False,
    ) -> None:
        """Read the long rows, and the short ones that begin in some starts.

        Args:
            answers: that rows are given to.
            short: where short rows begin.
            is_longer: whether those of one base in the place of one are left out.
        """
        if not all(a.is_done for a in answers):
            sources = self._short(answers, short, is_longer=is_longer)
            await self._give(answers, [*sources, *self._long(answers)])

    async def read_short(
        self, answers: Sequence[Answer], starts: Iterable[Bounds]
    ) -> None:
        """Read the short rows alone that begin in some starts."""
        await self._give(answers, self._short(answers, [starts]))

    async def take_off(self, answers: Sequence[Answer], starts: Bounds) -> None:
        """Take off what begins in some starts and is of another kind.

        Every SNP is of the kind that is asked for, so no row of one is read.
        """
        judge, pages = (
            self.judge,
            self.table.short_pages(
                self.contig.rank, starts, size=LARGEST_PAGE, is_longer=True
            ),
        )
        async with aclosing(pages):
            async for page in pages:
                others = [] if judge is None else judge.others(page)
                held = [cast("Counts", document["d"]) for _, document in others]
                for answer in answers:
                    answer.seen -= answer.rows.how_many_exist(held)

    async def _give(self, answers: Sequence[Answer], sources: list[_Source]) -> None:
        """Give rows to the answers, page by page, until none wants more."""
        contig, pattern = self.contig, self._pattern
        async with aclosing(_merged(sources)) as pages:
            async for page in pages:
                rows: Sequence[Row] = page
                waiting = [a for a in answers if not a.is_done]
                wanted = any(a.wants_alleles(len(rows)) for a in waiting)
                if not wanted and (pattern is None or self.judge is not None):
                    rows = _count(rows, pattern, self.judge, waiting)
                _collect(rows, contig, pattern, waiting)
                _note_absent(page, contig, pattern, waiting)
                if all(a.is_done for a in waiting):
                    return

    def _short(
        self,
        answers: Sequence[Answer],
        starts: Sequence[Bounds | Iterable[Bounds]],
        *,
        is_longer: bool = False,
    ) -> list[_Source]:
        size = LARGEST_PAGE if any(a.reads_all for a in answers) else FIRST_PAGE
        rank, table = self.contig.rank, self.table
        return [
            _Source(
                table.short_pages(rank, some, size=size, is_longer=is_longer)
                if isinstance(some, Bounds)
                else _chained(table, rank, some, size)
            )
            for some in starts
        ]

    def _long(self, answers: Sequence[Answer]) -> list[_Source]:
        """Return where long rows that can match come from."""
        classes = sorted({k for a in answers for k in a.shelf.long_classes})
        if not classes:
            return []
        starts, reach = narrow(self.contig, self._pattern)
        size = LARGEST_PAGE if any(a.reads_all for a in answers) else FIRST_PAGE
        rank, table = self.contig.rank, self.table
        long = table.long_pages(rank, starts, reach, classes, size=size)
        sources = [_Source(long)]
        if POINT_CLASS in classes and self._pattern is not None:
            mates = table.mate_pages(rank, _of_mates(starts, reach))
            sources.append(_Source(mates))
        return sources


async def _chained(
    table: Table, rank: int, stretches: Iterable[Bounds], size: int
) -> AsyncGenerator[list[Row], None]:
    """Yield the short rows of stretches that follow each other."""
    for starts in stretches:
        async with aclosing(table.short_pages(rank, starts, size=size)) as pages:
            async for page in pages:
                yield page


def _count(
    rows: Sequence[Row],
    pattern: VariantPattern | None,
    judge: Judge | None,
    answers: Sequence[Answer],
) -> Sequence[Row]:
    """Count rows without building their alleles; return those that need theirs."""
    apart = [row for row in rows if "e" in row[1]]
    if apart:
        rows = [row for row in rows if "e" not in row[1]]
    if judge is not None:
        rows = judge.matching(rows)
    held = [cast("Counts", document["d"]) for _, document in rows]
    if pattern is None or pattern.is_plain:
        overlap = None if pattern is None else pattern.overlap
        held += [
            cast("Counts", document["d"])
            for start, document in apart
            if "mc" not in document
            and (overlap is None or _spans(start, document, overlap))
        ]
        apart = [row for row in apart if "mc" in row[1]]
    for answer in answers:
        answer.seen += answer.rows.how_many_exist(held)
    return apart


def _spans(start: int, document: Document, bounds: Bounds) -> bool:
    """Whether a long row overlaps a stretch; one without bases is an edge."""
    end = cast("int", document["e"])
    if start == end:
        return bounds.low <= start <= bounds.high
    return start < bounds.high and end > bounds.low


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
        for start, document in rows if answer.is_no else ():
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
    return "e" not in document and short_end(start, document) < low


def genome_order(allele: Allele) -> tuple[int, int, int, str, str]:
    """Return what alleles are sorted by, where a question meets them at one place."""
    place = (allele.contig.rank, allele.start, allele.end)
    return *place, allele.reference, allele.alternate


def allele_of(contig: Contig, start: int, document: Document) -> Allele:
    """Return the allele of a row; a long one says its place itself."""
    if "e" not in document:
        return short_allele(contig, start, document)
    if document["c"] != contig.rank:
        rank = cast("int", document["c"])
        contig = ASSEMBLIES[contig.assembly].contigs[rank - 1]
    return Allele(
        contig=contig,
        start=cast("int", document["s"]),
        end=cast("int", document["e"]),
        reference=cast("str", document["r"]),
        alternate=cast("str", document["a"]),
    )


def _of_mates(starts: Bounds, reach: Bounds | None) -> Bounds:
    """Return where mates may begin: they span one base at most."""
    if reach is None:
        return starts
    low = max(starts.low, reach.low - 1)
    return Bounds(low=low, high=max(low, starts.high))


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
