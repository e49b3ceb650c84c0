"""What questions have in common that differ in their allele alone.

A client asks for one allele after another; all that follows from the rest of its
question can be worked out once.  An outline is compared by what it is, not by what
it holds, so that such work is kept by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from beacon.model.entry_types import GENOMIC_VARIANT
from beacon.model.mould import Mould
from beacon.model.query import Granularity
from beacon.model.spelling import allele_spellings, check_reference
from beacon.model.variant import sequence_allele

if TYPE_CHECKING:
    from beacon.model.genome import Contig
    from beacon.model.pattern import Spelling, VariantPattern
    from beacon.model.query import Query
    from beacon.model.variant import Reference

_ONE_BASE = frozenset("ACGT")
_MOST_KNOWN, _SHORT = 5_000, 50
"""Pairs of REF and ALT whose spellings are kept, and their bases together."""


class Spelled(NamedTuple):
    """One allele, by its spellings; they may not be all there are."""

    spellings: tuple[Spelling, ...]
    is_provisional: bool


class Outline:
    """Questions for sequence alleles of one contig that are the same otherwise.

    Args:
        query: one of them.
        reference: the genome their alleles are normalised with.

    Attributes:
        is_plain: whether they ask for an allele, of all people alike, and for no
            records: nothing but the allele decides what is found.
    """

    __slots__ = (
        "_known",
        "_patterns",
        "_queries",
        "contig",
        "is_plain",
        "query",
        "reference",
    )

    def __init__(self, query: Query, reference: Reference | None) -> None:
        pattern = cast("VariantPattern", query.pattern)
        self.query = query
        self.reference = reference
        self.contig: Contig = pattern.sequence
        self._patterns = Mould(pattern, "spellings", "is_provisional")
        self._queries = Mould(query, "pattern")
        # Without a reference the bases of an allele alone decide how it is spelled,
        # as long as a base stands before it and before that: few are worked out.
        self._known: dict[tuple[str, str], Spelled] = {}
        self.is_plain = _is_plain(query, pattern)

    def spelled(self, start: int, ref: str, alt: str) -> Spelled:
        """Return an allele by its spellings.

        Args:
            start: 0-based.
            ref: its bases, in capital letters.
            alt: likewise.

        Raises:
            InvalidRequest: as ``spelling.allele_pattern`` does.
        """
        contig = self.contig
        is_one = ref in _ONE_BASE and alt in _ONE_BASE and ref != alt
        if is_one and 0 <= start < contig.length:
            # One base in the place of one has one spelling, and lies where it lies.
            if self.reference is not None:
                check_reference(contig, start, ref, self.reference)
            return Spelled(((start, ref, alt),), is_provisional=False)
        is_free = self.reference is None and start > 1
        if not is_free or start + len(ref) > contig.length:
            return self._spelled(start, ref, alt)
        known = self._known.get((ref, alt))
        if known is None:
            forms, is_provisional = self._spelled(start, ref, alt)
            shifted = tuple([(at - start, r, a) for at, r, a in forms])
            known = Spelled(shifted, is_provisional)
            if len(ref) + len(alt) <= _SHORT:
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                self._known[ref, alt] = known
        forms, is_provisional = known
        moved = tuple([(start + by, r, a) for by, r, a in forms])
        return Spelled(moved, is_provisional)

    def _spelled(self, start: int, ref: str, alt: str) -> Spelled:
        allele = sequence_allele(self.contig, start, ref, alt)
        return Spelled(*allele_spellings(allele, self.reference))

    def pattern(self, allele: Spelled) -> VariantPattern:
        """Return the pattern of the question for an allele."""
        return self._patterns.cast(*allele)

    def question(self, allele: Spelled) -> Query:
        """Return the question for an allele."""
        return self._queries.cast(self.pattern(allele))


def _is_plain(query: Query, pattern: VariantPattern) -> bool:
    about_people = (
        *(query.filters, query.unknown_filters, query.excluded, query.by),
        *(query.identity, query.under, query.cohort),
    )
    return (
        not any(about_people)
        and query.about == GENOMIC_VARIANT.id
        and query.granularity < Granularity.RECORD
        and not query.test_mode
        and pattern.asks_spelling_only
        and not pattern.elsewhere
    )
