"""What may be said of a dataset as a whole.  Pure.

No number is told here that questions for single alleles, or for ranges, would not
be told: where anything is rounded, made with noise, pooled or charged there is none.
Where rare alleles are hidden, those that are not are counted by class and by count,
and what few of them are in is hidden, too, so that it cannot be worked out.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.classes import (
    CLASSES,
    LOWEST,
    NOT_TOLD,
    WINDOW_BITS,
    bounds_of,
    read_cell,
)
from beacon.model.query import Granularity
from beacon.model.summarised import (
    ClassCount,
    ContigCounts,
    Detail,
    PeopleBy,
    PeopleCount,
    StepCount,
    Summarised,
)
from beacon.policy.asking import RANGE, asked_of, widest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.model.classes import VariantClass
    from beacon.model.dataset import Dataset, Release
    from beacon.model.disclosure import Permit
    from beacon.model.summary import Summary

WINDOW: Final = 1 << WINDOW_BITS
_COPIES: Final = 2
_COLUMNS: Final = ("sex", "population")


def detail_of(granted: Permit) -> Detail:
    """Return how much may be said of a dataset as a whole, where it has a summary."""
    profile = granted.profile
    if granted.granularity < Granularity.COUNT or not granted.frequency:
        return Detail.NAMES
    if profile is None:
        return Detail.EXACT
    if profile.needs_more or profile.is_adjusted:
        return Detail.NAMES
    is_plain = not profile.may_hide and profile.rows_from <= 1
    return Detail.EXACT if is_plain else Detail.SHOWN


def summarised(
    dataset: Dataset, described: Dataset, granted: Permit, summary: Summary | None
) -> Summarised:
    """Return what may be said of a dataset as a whole.

    Args:
        dataset: as it is.
        described: as it may be described.
        granted: what may be learnt of it.
        summary: of the release it serves; ``None``: there is none, or it need not be
            read.
    """
    detail, release = detail_of(granted), dataset.release
    if detail is Detail.NAMES:
        return Summarised(dataset=described, detail=Detail.NAMES)
    if summary is None or release is None:
        return Summarised(dataset=described, detail=Detail.NONE)
    if detail is Detail.SHOWN:
        return _shown(described, granted, summary)
    return _exact(described, release, granted, summary)


def _exact(
    described: Dataset, release: Release, granted: Permit, summary: Summary
) -> Summarised:
    """Return everything, but what the kinds of questions that are granted hide."""
    classes, steps = _tables(summary.cells)
    has_places = RANGE in asked_of(granted) and widest(granted) >= WINDOW
    has_people = granted.granularity is Granularity.RECORD
    return Summarised(
        dataset=described,
        detail=Detail.EXACT,
        window=WINDOW,
        copies=_COPIES * sum(summary.people.values()) if summary.people else None,
        alleles=summary.alleles,
        classes=tuple(ClassCount(one, classes[one]) for one in CLASSES if classes[one]),
        steps=_steps(steps, steps),
        contigs=_contigs(release, summary) if has_places else (),
        people=_people(release, summary) if has_people else (),
    )


def _shown(described: Dataset, granted: Permit, summary: Summary) -> Summarised:
    """Return what is told of alleles that would be shown alone."""
    profile = granted.profile
    least = 1 if profile is None else profile.named_from
    few = 1 if profile is None else max(least, profile.rows_from)
    first = next(step for step, low in enumerate((*LOWEST, None), 1) if _is(low, least))
    shown = {
        cell: count
        for cell, count in summary.cells.items()
        if read_cell(cell)[1] >= first
    }
    classes, steps = _tables(shown)
    told = without_few([classes[one] for one in CLASSES], few)
    by_step = without_few([steps[step] for step in range(first, len(LOWEST) + 1)], few)
    whole = sum(shown.values())
    return Summarised(
        dataset=described,
        detail=Detail.SHOWN,
        least=LOWEST[first - 1] if first <= len(LOWEST) else least,
        alleles=whole if whole >= few or not whole else None,
        classes=tuple(
            ClassCount(one, count)
            for one, count in zip(CLASSES, told, strict=True)
            if count != 0
        ),
        steps=_steps(steps, dict(enumerate(by_step, first)), first),
    )


def _is(low: int | None, least: int) -> bool:
    return low is None or low >= least


def without_few(counts: Sequence[int], least: int) -> list[int | None]:
    """Return counts, without those that are too small, or that follow from others.

    Whoever knows the sum of all knows the sum of those that are left out: it is of
    as many as a single one must be.
    """
    told: list[int | None] = [None if 0 < count < least else count for count in counts]
    while True:
        hidden = sum(c for c, t in zip(counts, told, strict=True) if t is None)
        others = [place for place, count in enumerate(told) if count]
        if not 0 < hidden < least or not others:
            return told
        told[min(others, key=lambda place: counts[place])] = None


def _tables(
    cells: Mapping[int, int],
) -> tuple[Counter[VariantClass], Counter[int]]:
    """Return alleles by class, and by step."""
    classes: Counter[VariantClass] = Counter()
    steps: Counter[int] = Counter()
    for number, count in cells.items():
        one, step = read_cell(number)
        classes[one] += count
        steps[step] += count
    return classes, steps


def _steps(
    known: Mapping[int, int], told: Mapping[int, int | None], first: int = 1
) -> tuple[StepCount, ...]:
    """Return the steps from the first that is told to the last that has anything."""
    last = max((step for step, count in known.items() if count), default=0)
    found = []
    if known.get(NOT_TOLD):
        found.append(StepCount(None, None, told.get(NOT_TOLD)))
    for step in range(first, last + 1):
        bounds = bounds_of(step)
        if bounds is not None:
            found.append(StepCount(*bounds, told.get(step, 0)))
    return tuple(found)


def _contigs(release: Release, summary: Summary) -> tuple[ContigCounts, ...]:
    """Return what lies along each contig that is loaded."""
    told = []
    covered = summary.covered
    for contig in ASSEMBLIES[release.assembly].contigs:
        if contig.name not in release.contigs:
            continue
        places = range(-(-contig.length // WINDOW))
        alleles = tuple(summary.windows.get((contig.rank, p), 0) for p in places)
        bases = None
        if covered is not None:
            bases = tuple(covered.get((contig.rank, p), 0) for p in places)
        told.append(ContigCounts(contig.name, contig.length, alleles, bases))
    return tuple(told)


def _people(release: Release, summary: Summary) -> tuple[PeopleBy, ...]:
    """Return people by each thing that is told of them."""
    if not summary.people:
        return ()
    asked = release.options.get("groupBy")
    columns = (*_COLUMNS, *(asked if isinstance(asked, list) else ()))
    told = []
    for place, column in enumerate(columns):
        counts: Counter[str | None] = Counter()
        for kind, people in summary.people.items():
            counts[kind[place] if place < len(kind) else None] += people
        if set(counts) != {None}:
            order = sorted(counts, key=lambda value: (value is None, value or ""))
            rows = (PeopleCount(value, counts[value]) for value in order)
            told.append(PeopleBy(column, tuple(rows)))
    return tuple(told)
