"""What nodes say of a region, as tracks: a row per dataset, a bar per variant.

Pure: from the network's answers to what is shown, in a fixed order.  Variants of 50
bases and more have bars; of smaller ones the number is told, and the first are
listed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from beacon.model.genome import pos_from_start
from beacon.model.grouping import TOTAL
from beacon.model.lifting import Lift
from beacon.model.notation import vcf_style
from beacon.model.pattern import affected_length, mate_side, type_of
from beacon.model.similarity import event_of, span_of
from beacon.model.status import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from beacon.model.counts import AlleleCounts
    from beacon.model.disclosure import VariantDisclosure
    from beacon.model.nodes import NetworkAnswer, NodeAnswer, NodeDataset
    from beacon.model.variant import Allele

LARGE: Final = 50
"""Bases from which a variant has a bar."""
MOST_LARGE: Final = 200
"""Of one dataset; so many are asked for."""
MOST_SMALL: Final = 50
_MOST_LANES: Final = 12
_MARGIN: Final = 0.05
_LEAST_WIDTH: Final = 0.012
"""Of the window; what is narrower is drawn so wide, that it can be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is drawn: the region that was asked for, and a little around it.

    Attributes:
        first, last: 1-based, both inside.
        start, end: 0-based interbase, of all that is drawn.
    """

    first: int
    last: int
    start: int
    end: int

    def share(self, place: int) -> float:
        """Return where a place is drawn, from 0 to 1; outside it is at the edge."""
        share = (place - self.start) / max(1, self.end - self.start)
        return min(1.0, max(0.0, share))


def window_of(low: int, high: int, length: int) -> Window:
    """Return the window of ``[low, high)`` on a sequence of a length."""
    around = max(1, round((high - low) * _MARGIN))
    return Window(
        first=pos_from_start(low),
        last=high,
        start=max(0, low - around),
        end=min(length, high + around),
    )


def total_of(variant: VariantDisclosure) -> AlleleCounts | None:
    """Return the counts of all people; ``None``: they are not told."""
    first = variant.groups[0] if variant.groups else None
    return first.counts if first is not None and first.label == TOTAL else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One variant in a region.

    Attributes:
        text: the variant as it is written.
        place: its position, or its first and last base, as people write them.
        kind: its type.
        start, end: 0-based interbase, of the bases it affects.
        length: bases affected; ``None`` where not told.
        mate: where its other side lies, of a breakend.
        counts: of all people together; ``None`` where not told.
        lane: the line of the track it is drawn in; ``None``: there is no room.
    """

    text: str
    place: str
    kind: str
    start: int
    end: int
    length: int | None
    mate: str | None
    counts: AlleleCounts | None
    lane: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """What one dataset, or a node without any, says of a region.

    Attributes:
        node: that says it.
        name: of the dataset; ``None``: the node as a whole speaks.
        status: its word for the region.
        total: variants of any size; ``None`` where it may not be said, or where a
            dataset that is silent or has not looked has none: that is no "none".
        large: how many of them have a bar, drawn or not.
        untold: how many of them are more than are asked for.
        bars: those that were told.
        small: the first small ones.
        adjusted_to: what its counts are multiples of; ``None``: they are exact.
        coverage: how much of the region was looked at, where that is not all of it.
        is_large_unknown: whether something lies here, and nobody told what of it is
            large: no bar means nothing then.
        notes: what is to be known of it, in English.
    """

    node: NodeAnswer
    name: str | None
    status: Status
    total: int | None = None
    large: int | None = None
    bars: tuple[Bar, ...] = ()
    untold: int = 0
    small: tuple[Bar, ...] = ()
    adjusted_to: int | None = None
    coverage: str | None = None
    is_large_unknown: bool = False
    notes: tuple[str, ...] = ()

    @property
    def lanes(self) -> int:
        """How many lines its bars take."""
        return max((b.lane + 1 for b in self.bars if b.lane is not None), default=0)

    @property
    def undrawn(self) -> int:
        """How many of its bars there was no room for, or that were not told."""
        drawn = sum(bar.lane is not None for bar in self.bars)
        return len(self.bars) - drawn + self.untold


def tracks(
    whole: NetworkAnswer, large: NetworkAnswer, window: Window
) -> tuple[Track, ...]:
    """Return the tracks of a region, in the order of the nodes.

    Args:
        whole: what nodes say to the question for all that lies there.
        large: the same for what is large.
        window: what is drawn.
    """
    bigger = {
        (node.node.id, row.identity): row
        for node in large.nodes
        for row in node.datasets
    }
    return tuple(
        track for node in whole.nodes for track in _of_node(node, bigger, window)
    )


def _of_node(
    node: NodeAnswer, bigger: dict[tuple[str, str], NodeDataset], window: Window
) -> Iterator[Track]:
    if not node.datasets:
        yield Track(node=node, name=None, status=node.status, notes=node.warnings)
    for place, row in enumerate(node.datasets):
        part = row.part
        own = bigger.get((node.node.id, row.identity))
        told = () if own is None else tuple(_bars(own))
        # A breakend has no length of its own, and is not found by one.
        more = tuple(b for b in _bars(row) if _is_large(b) and b not in told)
        yield Track(
            node=node,
            name=part.name,
            status=part.status,
            total=_said(row),
            large=None if own is None else _said(own),
            untold=max(0, _total(own) - len(told)),
            bars=laid_out((*told, *more), window),
            small=tuple(bar for bar in _bars(row) if not _is_large(bar)),
            adjusted_to=part.adjusted_to,
            coverage=part.coverage,
            is_large_unknown=part.exists and not _tells(own),
            notes=(*_lift_notes(row), *row.warnings, *(() if place else node.warnings)),
        )


def _tells(row: NodeDataset | None) -> bool:
    """Whether a dataset said what of its variants is large."""
    return row is not None and row.part.status in (Status.SEEN, Status.NOT_SEEN)


def _said(row: NodeDataset) -> int | None:
    """Return how many variants a dataset says there are."""
    part = row.part
    return part.total if _tells(row) or part.total else None


def _lift_notes(row: NodeDataset) -> tuple[str, ...]:
    lifted = row.part.lifted
    if lifted is None:
        return ()
    if not isinstance(lifted, Lift):
        return (lifted.why,)
    asked = f"Asked as {lifted.lifted} on {lifted.assembly}."
    return (asked, *lifted.doubts, *lifted.notes)


def _total(row: NodeDataset | None) -> int:
    return 0 if row is None or row.part.total is None else row.part.total


def _is_large(bar: Bar) -> bool:
    return bar.kind == "BND" or bar.length is None or bar.length >= LARGE


def _bars(row: NodeDataset) -> Iterator[Bar]:
    for variant in row.part.variants:
        counts = total_of(variant)
        yield bar_of(variant.allele, counts)


def bar_of(allele: Allele, counts: AlleleCounts | None) -> Bar:
    """Return a variant as it is drawn and listed."""
    kind, start, end = type_of(allele), allele.start, allele.end
    length = affected_length(allele)
    event = event_of(allele)
    if event is not None:
        event = span_of(event) or event
        start, end = event.start, max(event.end, event.start + 1)
        if kind in ("BND", event.kind):  # what a breakend makes, where that is told
            kind, length = event.kind, event.length
    contig = allele.contig.name
    first = pos_from_start(start)
    mate = mate_side(allele) if kind == "BND" else None
    return Bar(
        text=_text(allele, kind, first, end),
        place=f"{contig}:{first}" + (f"-{end}" if end > first else ""),
        kind=kind,
        start=start,
        end=end,
        length=length,
        mate=None if mate is None else f"{mate.contig.name}:{mate.start + 1}",
        counts=counts,
    )


def _text(allele: Allele, kind: str, first: int, end: int) -> str:
    """Return a variant in a notation that is read back."""
    if not allele.is_symbolic or kind == "BND":
        return vcf_style(allele)
    if kind == "INS":
        return f"ins {allele.contig.name}:{first}"
    return f"{allele.contig.name}:{first}-{end} {kind}"


def laid_out(bars: Sequence[Bar], window: Window) -> tuple[Bar, ...]:
    """Return bars with their lanes: none covers another; the longest come first."""
    least = round((window.end - window.start) * _LEAST_WIDTH)
    ends: list[list[tuple[int, int]]] = [[] for _ in range(_MOST_LANES)]
    lanes: dict[int, int] = {}
    order = sorted(range(len(bars)), key=lambda at: _size(bars[at]), reverse=True)
    for at in order:
        low = max(bars[at].start, window.start)
        high = max(min(bars[at].end, window.end), low + least)
        for lane, taken in enumerate(ends):
            if all(high + least <= start or end + least <= low for start, end in taken):
                taken.append((low, high))
                lanes[at] = lane
                break
    return tuple(replace(bar, lane=lanes.get(at)) for at, bar in enumerate(bars))


def _size(bar: Bar) -> int:
    return bar.end - bar.start


def kinds_of(shown: Iterable[Track]) -> tuple[str, ...]:
    """Return which types have bars, for the legend."""
    there = {bar.kind for track in shown for bar in track.bars}
    return tuple(kind for kind in KINDS if kind in there)


KINDS: Final = ("DEL", "DUP", "CNV", "INV", "INS", "BND", "INDEL", "MNP")
"""Types that are drawn, in the order of the legend."""
