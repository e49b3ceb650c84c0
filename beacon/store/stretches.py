"""Where what a question asks for begins, told without building alleles.  Pure.

``pattern.matches`` says what is asked for.  Of a question for places and kinds its
word on a short allele follows from where the allele begins and ends and from the
bits that spell it, so that rows by the thousand need not be taken apart.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from itertools import permutations
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, cast

from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.variant import Allele
from beacon.store.keys import allele_bits, decode, is_hashed_key, is_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from beacon.model.genome import Contig
    from beacon.store.driver import Document
    from beacon.store.tables import Row

_START = itemgetter(0)


class Starts(NamedTuple):
    """Where short rows begin that a question is about.

    Attributes:
        concerned: all of them, whether their alleles exist or not.
        possible: those of alleles that can match.
        sure: where every allele that exists matches that is of the kind asked for, if
            there is such a stretch.
    """

    concerned: Bounds
    possible: Bounds
    sure: Bounds | None


def narrow(
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


def starts_of(contig: Contig, pattern: VariantPattern | None, longest: int) -> Starts:
    """Return where short rows begin that a question is about.

    Args:
        contig: that is asked.
        pattern: what is asked; ``None``: everything.
        longest: bases of the longest short allele.
    """
    concerned, reach = narrow(contig, pattern)
    if reach is not None:
        concerned = _between(max(concerned.low, reach.low - longest), concerned.high)
    possible = concerned
    if pattern is not None and pattern.end is not None:
        low = max(possible.low, pattern.end.low - longest)
        possible = _between(low, min(possible.high, pattern.end.high))
    sure = None
    if pattern is not None and _asks_places_and_kinds(pattern):
        sure = _sure(concerned, pattern, longest)
    return Starts(concerned, possible, sure)


def _sure(concerned: Bounds, pattern: VariantPattern, longest: int) -> Bounds | None:
    low, high = concerned.low, concerned.high
    for bounds in (pattern.overlap, pattern.start):
        if bounds is not None:
            low, high = max(low, bounds.low), min(high, bounds.high)
    if pattern.end is not None:
        low, high = max(low, pattern.end.low), min(high, pattern.end.high - longest)
    return Bounds(low=low, high=high) if low < high else None


def _between(low: int, high: int) -> Bounds:
    return Bounds(low=low, high=max(low, high))


def _asks_places_and_kinds(pattern: VariantPattern) -> bool:
    """Whether nothing but places of one sequence, types and lengths are asked."""
    return pattern.contig is not None and pattern == VariantPattern(
        contig=pattern.contig,
        overlap=pattern.overlap,
        start=pattern.start,
        end=pattern.end,
    ).narrowed_like(pattern)


def short_end(start: int, document: Document) -> int:
    """Return where the allele of a short row ends."""
    key = cast("int", document["_id"])
    if key & 1:
        return start + len(cast("str", document["r"]))
    return start + (key >> 27 & 15)


class Judge:
    """Tells which short rows match a question for places and kinds.

    Args:
        pattern: of which ``of`` gave a judge.
    """

    def __init__(self, pattern: VariantPattern) -> None:
        self._pattern = pattern
        self._kind = replace(pattern, overlap=None, start=None, end=None)
        self.asks_kind = not self._kind.is_plain
        self._known: dict[int, bool] = {}
        snps = {self._takes(*bases) for bases in permutations("ACGT", 2)}
        self.takes_every_snp, self.takes_no_snp = snps == {True}, snps == {False}

    def _takes(self, reference: str, alternate: str) -> bool:
        """Whether an SNP is of the kind that is asked for."""
        allele = Allele(
            contig=self._pattern.sequence,
            start=0,
            end=1,
            reference=reference,
            alternate=alternate,
        )
        return not self.asks_kind or self._kind.matches(allele)

    @classmethod
    def of(cls, pattern: VariantPattern | None) -> Judge | None:
        """Return a judge, if a question asks for places and kinds alone."""
        is_one = pattern is not None and _asks_places_and_kinds(pattern)
        return cls(pattern) if pattern is not None and is_one else None

    def matching(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return which of some rows match, in the order of their starts.

        An allele has bases: it overlaps a stretch that it begins in, or ends in.
        """
        pattern = self._pattern
        if pattern.start is not None:
            rows = _begin_in(rows, pattern.start)
        if pattern.overlap is not None:
            low, inside = pattern.overlap.low, _begin_in(rows, pattern.overlap)
            before = rows[: bisect_left(rows, low, key=_START)]
            there = [row for row in before if short_end(*row) > low]
            rows = [*there, *inside] if low < pattern.overlap.high else there
        if pattern.end is not None:
            rows = [row for row in rows if short_end(*row) in pattern.end]
        if self.asks_kind:
            rows = [row for row in rows if self._is_of_kind(row)]
        return rows

    def others(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return which of some rows are of another kind."""
        return [row for row in rows if not self._is_of_kind(row)]

    def _is_of_kind(self, row: Row) -> bool:
        key = cast("int", row[1]["_id"])
        if is_hashed_key(key):
            return self._kind.matches(self._allele(row))
        bits = allele_bits(key)
        known = self._known.get(bits)
        if known is None:
            known = not is_site(key) and self._kind.matches(self._allele(row))
            self._known[bits] = known
        return known

    def _allele(self, row: Row) -> Allele:
        return short_allele(self._pattern.sequence, *row)


def short_allele(contig: Contig, start: int, document: Document) -> Allele:
    """Return the allele of a short row."""
    key = decode(cast("int", document["_id"]))
    reference = document["r"] if key.reference is None else key.reference
    alternate = document["a"] if key.alternate is None else key.alternate
    return Allele(
        contig=contig,
        start=start,
        end=start + len(cast("str", reference)),
        reference=cast("str", reference),
        alternate=cast("str", alternate),
    )


def _begin_in(rows: Sequence[Row], bounds: Bounds) -> Sequence[Row]:
    """Return the rows, in order, that begin in bounds."""
    first = bisect_left(rows, bounds.low, key=_START)
    return rows[first : bisect_left(rows, bounds.high, lo=first, key=_START)]


def without(bounds: Bounds, apart: Bounds | None) -> list[Bounds]:
    """Return what is left of a stretch without the middle of it."""
    if apart is None:
        return [bounds]
    left = (
        Bounds(low=bounds.low, high=min(bounds.high, apart.low)),
        Bounds(low=max(bounds.low, apart.high), high=bounds.high),
    )
    return [some for some in left if some.low < some.high]


def runs(
    stretch: Bounds, bits: int, following: Callable[[int], int | None]
) -> Iterator[Bounds]:
    """Yield the bins of a stretch worth reading, more at once where they adjoin.

    Args:
        stretch: to be read.
        bits: how wide a bin is.
        following: gives the first start, from one on, of a bin worth reading.
    """
    at, many = stretch.low, 1
    while at < stretch.high:
        first = following(at)
        if first is None or first >= stretch.high:
            return
        many = 2 * many if first <= at else 1
        first = max(first, at)
        high = min(stretch.high, ((first >> bits) + many) << bits)
        yield Bounds(low=first, high=high)
        at = high
