"""One answer out of the answers to several alleles of one name, or places.  Pure.

Made of what may be said already, so that nothing more is said; a dataset that
could not answer for one of the alleles has not said "no".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from beacon.model.disclosure import DatasetDisclosure, Disclosure, NamedAllele
from beacon.model.status import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from beacon.model.query import Query

_ORDER = (
    *(Status.SEEN, Status.NO_ANSWER, Status.REFUSED, Status.WITHHELD),
    *(Status.NOT_COVERED, Status.NOT_SEEN, Status.NOT_ASKED),
)
"""Over alleles of one dataset ``not_covered`` is stronger than over datasets: one
allele it knows nothing of keeps it from a "no" to the name."""


def strongest(words: Iterable[Status]) -> Status:
    """Return what one dataset says of several parts of a question together."""
    return min(words, key=_ORDER.index)


def said_at_places(words: Sequence[Status]) -> list[Status]:
    """Return what is said at the first place, and what is known at the others."""
    first, *others = words
    return [first, *(word for word in others if word is not Status.NOT_COVERED)]


def joined(name: str, answers: Sequence[NamedAllele], query: Query) -> Disclosure:
    """Return the answer to a name from those to each of its alleles.

    Counts are given where there is one allele; of several, each has its own.
    """
    first, *others = (answer.disclosure for answer in answers)
    if not others:
        return replace(first, alleles=tuple(answers))
    by_id: dict[str, list[DatasetDisclosure]] = {}
    for part in (part for a in answers for part in a.disclosure.datasets):
        by_id.setdefault(part.dataset, []).append(part)
    datasets = tuple(
        _joined(parts, query, len(answers), [part.status for part in parts])
        for parts in by_id.values()
    )
    warnings = dict.fromkeys(w for a in answers for w in a.disclosure.warnings)
    said = f"{name} names {len(answers)} alleles here."
    return Disclosure(
        granularity=first.granularity,
        datasets=datasets,
        warnings=(*warnings, said),
        alleles=tuple(answers),
    )


def joined_places(answers: Sequence[Disclosure], query: Query) -> Disclosure:
    """Return the answer to a question from those at each of its places.

    The first place is the one where data is expected: a dataset that looked there
    and nowhere else says what it says there.
    """
    by_id: dict[str, list[DatasetDisclosure]] = {}
    for part in (part for answer in answers for part in answer.datasets):
        by_id.setdefault(part.dataset, []).append(part)
    datasets = tuple(
        _joined(parts, query, len(answers), said_at_places([p.status for p in parts]))
        for parts in by_id.values()
    )
    warnings = dict.fromkeys(w for answer in answers for w in answer.warnings)
    return Disclosure(
        granularity=max(answer.granularity for answer in answers),
        datasets=datasets,
        warnings=tuple(warnings),
    )


def _joined(
    parts: Sequence[DatasetDisclosure],
    query: Query,
    asked: int,
    words: Sequence[Status],
) -> DatasetDisclosure:
    """Return what one dataset says of all parts of a question together.

    One that came or went between two of the questions was not asked for all.
    """
    if not parts[0].pool:  # a pool comes and goes with what is in it
        words = [*words, *[Status.NO_ANSWER] * (asked - len(parts))]
    totals = [part.total for part in parts]
    known = [total for total in totals if total is not None]
    variants = tuple(variant for part in parts for variant in part.variants)
    page = query.page
    return replace(
        parts[0],
        status=strongest(words),
        exists=any(part.exists for part in parts),
        total=sum(known) if len(known) == len(totals) else None,
        variants=variants[page.offset : page.offset + page.limit],
        counts=None,
        pool=tuple(dict.fromkeys(name for part in parts for name in part.pool)),
        groups=(),
        coverage=next((p.coverage for p in parts if p.coverage is not None), None),
        filters=tuple(dict.fromkeys(word for part in parts for word in part.filters)),
    )
