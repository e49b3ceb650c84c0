"""Who is in several datasets, or twice in one, and who was swapped between two.

What is found is said, and nothing is merged: only an operator knows which file is
right.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from beacon.store.concordance import (
    FEWEST,
    Pair,
    Person,
    judged,
    likely,
    named_alike,
    of_pairs,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from beacon.store.concordance import Likeness
    from beacon.store.markers import MarkerReader, Source

_MARKERS = 4_000
"""So many alleles a pair is judged by ..."""

_SCREENED = 1_500
"""... and by so many of them pairs are found."""

Couple = tuple["Source", "Source | None"]
"""Two datasets, or one whose people are compared with each other."""


def couples(sources: Sequence[Source]) -> Iterator[Couple]:
    """Yield what there is to compare among some datasets."""
    for source in sources:
        yield source, None
    for one, other in combinations(sources, 2):
        if one.assembly == other.assembly:
            yield one, other


def couples_with(new: Source, sources: Sequence[Source]) -> Iterator[Couple]:
    """Yield what one dataset is compared with, itself first."""
    yield new, None
    for other in sources:
        if other.assembly == new.assembly and other.dataset != new.dataset:
            yield new, other


def compare(
    reader: MarkerReader,
    todo: Iterator[Couple],
    *,
    goes_on: Callable[[], bool] = lambda: True,
) -> tuple[list[Likeness], list[str]]:
    """Return what there is to say of people, and which datasets nobody looked at.

    Args:
        reader: of the store.
        todo: what to compare.
        goes_on: whether there is time for more.

    Raises:
        StoreUnavailable: when the database cannot be read.
    """
    found: list[Likeness] = []
    left: dict[str, None] = {}
    for one, other in todo:
        if goes_on():
            found += _compared(reader, one, other)
        else:
            left[(other or one).dataset] = None
    return found, list(left)


def _compared(
    reader: MarkerReader, one: Source, other: Source | None
) -> list[Likeness]:
    markers = reader.markers(one, other, _MARKERS)
    mine, theirs = one.crowd, (one if other is None else other).crowd
    step = max(1, -(-markers.one.shape[1] // _SCREENED))
    screen = [copies[:, ::step] for copies in markers]
    pairs = likely(screen[0], None if other is None else screen[1], FEWEST)
    if other is not None:
        pairs = list(dict.fromkeys([*pairs, *named_alike(mine, theirs)]))
    figures = of_pairs(markers.one, markers.other, pairs)
    known = [
        Pair(
            Person(mine.dataset, mine.names[a]),
            Person(theirs.dataset, theirs.names[b]),
            *figure,
        )
        for (a, b), figure in zip(pairs, figures, strict=True)
    ]
    sizes = len(mine.names), len(theirs.names)
    among = sizes[0] * sizes[1] if other else sizes[0] * (sizes[0] - 1) // 2
    return judged(known, among)
