"""What may be asked: the kinds of a question, and whether a permit allows them.

What may be hidden can be hidden of one allele, or of each of a stretch.  Of chosen
people it cannot: who asks for them with somebody and without learns of that one.
Nor can documents be rounded: each would be one person's.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from beacon.model.entry_types import DOCUMENTED, GENOMIC_VARIANT
from beacon.model.query import Granularity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from beacon.model.disclosure import Permit
    from beacon.model.pattern import VariantPattern
    from beacon.model.query import Query

ALLELE, RANGE = "allele", "range"
FILTERS, DOCUMENTS, INDIVIDUALS = "filters", "documents", "individuals"
KINDS = (ALLELE, RANGE, FILTERS, DOCUMENTS, INDIVIDUALS)

WIDEST_JUDGED = 100_000
"""Bases of a range each of whose alleles is judged by itself."""
_JUDGED = frozenset({ALLELE, RANGE})
_ALONE = frozenset({ALLELE})


def kinds_of(query: Query) -> frozenset[str]:
    """Return what a question asks for, each a kind that a tier must have."""
    kinds = set()
    pattern = query.pattern
    if pattern is not None:
        is_one = pattern.is_single_allele or pattern.name is not None
        kinds.add(ALLELE if is_one else RANGE)
    elif query.about == GENOMIC_VARIANT.id:
        kinds.add(RANGE)
    if query.about in DOCUMENTED:
        kinds.add(DOCUMENTS)
    if chooses_people(query) or query.unknown_filters:
        kinds.add(FILTERS)
    if names_people(query) or query.by:
        kinds.add(INDIVIDUALS)
    return frozenset(kinds)


def names_people(query: Query) -> bool:
    """Whether a question may name an individual."""
    is_one = query.identity is not None or query.under is not None
    return is_one or bool(query.excluded)


def chooses_people(query: Query) -> bool:
    """Whether counts are of some people, whom the question chooses."""
    is_under = query.under is not None and query.under.entry_type in DOCUMENTED
    return bool(query.filters) or is_under or query.cohort is not None


def width_of(pattern: VariantPattern | None) -> float:
    """Return how many bases a question looks at; everything is infinitely wide."""
    if pattern is None or pattern.contig is None:
        return math.inf
    if pattern.similar is not None:
        event = pattern.similar.event
        return max(event.end - event.start, 1)
    reaches = [place.reach() for place in pattern.places]
    return sum(reach.high - reach.low for reach in reaches)


def is_permitted(granted: Permit, query: Query) -> bool:
    """Whether a question may be asked of a dataset."""
    if granted.queries is None:
        return granted.individuals or not names_people(query)
    kinds = kinds_of(query)
    if not kinds <= asked_of(granted):
        return False
    if has_ledger(granted) and not can_be_charged(query):
        return False
    return RANGE not in kinds or width_of(query.pattern) <= widest(granted)


def has_ledger(granted: Permit) -> bool:
    """Whether answers are charged for."""
    return granted.profile is not None and granted.profile.ledger is not None


def hides(granted: Permit) -> bool:
    """Whether an allele that is there may be left unsaid."""
    return granted.profile is not None and granted.profile.may_hide


def is_levelled(granted: Permit) -> bool:
    """Whether the time of an answer must tell as little as its words.

    So wherever anything may be hidden, but of a reference whose profile has nothing
    but thresholds: its frequencies are public, and its answers are to be fast.
    """
    profile = granted.profile
    return hides(granted) and (
        granted.is_care or (profile is not None and profile.needs_more)
    )


def is_pooled_with_others(granted: Permit) -> bool:
    """Whether what is said under a dataset's name follows from others' counts, too.

    Of one allele those are known; of a stretch they are not.
    """
    profile = granted.profile
    if profile is None or granted.country is None or granted.pools_alone:
        return False
    return profile.cohort_named_from > 1


def can_be_charged(query: Query) -> bool:
    """Whether it can be told whom an answer tells of, one by one.

    That is so of one allele, of all people alike.
    """
    pattern = query.pattern
    if pattern is None or query.about != GENOMIC_VARIANT.id:
        return False
    is_of_some = bool(query.excluded or query.by) or chooses_people(query)
    others = (pattern.annotated, pattern.similar, pattern.overlap, pattern.mate)
    is_whole = not is_of_some and not any(others) and not pattern.elsewhere
    return is_whole and pattern.is_single_allele


def tells_exactly(granted: Permit) -> bool:
    """Whether every allele of a dataset, and its exact counts, can be asked for."""
    if granted.granularity < Granularity.COUNT or not granted.frequency:
        return False
    profile = granted.profile
    if profile is not None and (profile.needs_more or profile.rows_from > 1):
        return False
    is_plain = profile is None or not (profile.may_hide or profile.is_adjusted)
    return is_plain and RANGE in asked_of(granted)


def asked_of(granted: Permit) -> frozenset[str]:
    """Return the kinds of questions that a dataset can be asked."""
    kinds = frozenset(KINDS) if granted.queries is None else granted.queries
    profile = granted.profile
    if has_ledger(granted) or is_pooled_with_others(granted):
        return kinds & _ALONE
    # Where groups are hidden, people who are chosen would be one of them.
    if profile is not None and (profile.rows_from > 1 or profile.is_adjusted):
        return kinds & _JUDGED
    return kinds


def widest(granted: Permit) -> float:
    """Return how wide a range may be."""
    width = math.inf if granted.range_width is None else granted.range_width
    profile = granted.profile
    if profile is not None and profile.may_hide:
        return min(width, WIDEST_JUDGED)
    return width


def may_filter(granted: Permit) -> bool:
    """Whether it may be told what a dataset's records can be filtered by."""
    return FILTERS in asked_of(granted)


def may_name(granted: Permit) -> bool:
    """Whether individuals of a dataset may be named, and told apart."""
    return granted.individuals and INDIVIDUALS in asked_of(granted)


def refusal(permits: Iterable[Permit]) -> str:
    """Return the sentence of a refused question: what may be asked instead."""
    given = list(permits)
    tiers = dict.fromkeys(p.tier for p in given if p.tier is not None)
    allowed = {kind for granted in given for kind in asked_of(granted)}
    wide = max((widest(p) for p in given if RANGE in asked_of(p)), default=0)
    words = [worded(kind, wide) for kind in KINDS if kind in allowed]
    who = " and ".join(tiers) or "this requester"
    may = f"may ask for {', '.join(words)}" if words else "may ask nothing"
    return f"This question is not permitted: here {who} {may}."


def worded(kind: str, wide: float) -> str:
    """Return a kind of question in words; ``wide``: how wide a range may be."""
    if kind != RANGE:
        return _WORDS[kind]
    return "ranges" if wide == math.inf else f"ranges of at most {wide:,.0f} bases"


_WORDS = {
    ALLELE: "single alleles",
    FILTERS: "what filters choose",
    DOCUMENTS: "documents",
    INDIVIDUALS: "individuals by name",
}
