"""When two structural variants may be one event: same kind, much the same place.

Sources rarely agree on a breakpoint, so an exact look-up of a copy number variant
mostly finds nothing.  Two spans are similar when each covers enough of the other
(reciprocal overlap), or when both ends lie close and the lengths agree; two
points when they lie close and their lengths agree.  Margins move ends towards
each other first.  The relation is symmetric, knows no order of loading, and
compares alleles spelled in bases with named ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.assemblies import ASSEMBLIES, find_contig
from beacon.model.structure import Join, Margin, Structure, described
from beacon.model.variant import strip

if TYPE_CHECKING:
    from beacon.model.variant import Allele

DEFAULT_OVERLAP = 0.5
DEFAULT_DISTANCE = 100
LEAST_OVERLAP = 0.1
LARGEST_DISTANCE = 10_000

SPANS = ("DEL", "DUP", "INV", "CNV", "CPX")
POINTS = ("INS", "BND")
_ALIKE = frozenset(
    (
        *((kind, kind) for kind in (*SPANS, "INS")),
        *(pair for kind in SPANS for pair in (("CPX", kind), (kind, "CPX"))),
        *(("CNV", "DEL"), ("DEL", "CNV"), ("CNV", "DUP"), ("DUP", "CNV")),
        *(("INS", "DUP"), ("DUP", "INS"), ("INS", "CNV"), ("CNV", "INS")),
    )
)
_EXACTLY = Structure()
_MADE = {"+-": "DEL", "-+": "DUP", "++": "INV", "--": "INV"}
"""What a breakend whose mate lies further on makes of the bases between."""
_PREVAILS = 2
"""A change is a deletion or insertion where one side is so many times longer."""


class Mate(NamedTuple):
    """The other side of a breakend; ``start`` is 0-based."""

    contig: str
    start: int


class Event(NamedTuple):
    """What happened, without the bases around it.

    Attributes:
        kind: one of ``SPANS`` or ``POINTS``.
        start, end: the bases affected, 0-based interbase; of a point, the place.
        length: bases affected; ``None`` where not told.
        mate: of a breakend; ``None``: not known.
        strands: of a breakend, see ``structure.Join``.
    """

    kind: str
    contig: str
    start: int
    end: int
    length: int | None
    structure: Structure = _EXACTLY
    mate: Mate | None = None
    strands: str = "?"

    @property
    def is_span(self) -> bool:
        """Whether it affects a stretch of the reference."""
        return self.kind in SPANS


class Closeness(NamedTuple):
    """How close two similar events are.

    Attributes:
        distance: bases between their ends, the further one; within margins 0.
        overlap: reciprocal overlap of two spans; ``None`` for points.
    """

    distance: int
    overlap: float | None = None

    @property
    def order(self) -> tuple[float, int]:
        """What the closest comes first by."""
        return -(self.overlap or 0.0), self.distance


@dataclass(frozen=True, slots=True, kw_only=True)
class Similar:
    """The question whether an event has been seen.

    Attributes:
        event: what is asked for.
        overlap: least reciprocal overlap, above 0 and at most 1; also how far two
            lengths must agree (the shorter over the longer).
        distance: bases by which breakpoints may differ where overlap does not tell.
    """

    event: Event
    overlap: float = DEFAULT_OVERLAP
    distance: int = DEFAULT_DISTANCE

    def closeness(self, allele: Allele) -> Closeness | None:
        """Return how close an allele is; ``None`` where it is not similar."""
        event = event_of(allele)
        return None if event is None else self.compare(event)

    def compare(self, other: Event) -> Closeness | None:
        """Return how close an event is; ``None`` where it is not similar.

        Breakends are compared as such with each other, and by the span they make
        with spans.
        """
        mine = self.event
        if mine.kind == other.kind == "BND":
            return _joined(mine, other, self.distance)
        if mine.kind == "BND" and other.is_span:
            made = span_of(mine)
            return None if made is None else self._alike(made, other)
        if other.kind == "BND" and mine.is_span:
            made = span_of(other)
            return None if made is None else self._alike(mine, made)
        return self._alike(mine, other)

    def _alike(self, mine: Event, other: Event) -> Closeness | None:
        if (mine.kind, other.kind) not in _ALIKE:
            return None
        if mine.contig != other.contig:
            return None
        if mine.is_span and other.is_span:
            return self._spans(mine, other)
        return self._points(mine, other)

    def _spans(self, mine: Event, other: Event) -> Closeness | None:
        starts = _apart(
            mine.start, other.start, mine.structure.start_margin,
            other.structure.start_margin,
        )  # fmt: skip
        ends = _apart(
            mine.end, other.end, mine.structure.end_margin, other.structure.end_margin
        )
        overlap = max(
            _reciprocal(mine.start, mine.end, mine.start + starts, mine.end + ends),
            _reciprocal(other.start, other.end, other.start - starts, other.end - ends),
        )
        distance = max(abs(starts), abs(ends))
        is_close = distance <= self.distance and _agree(
            mine, other, self.overlap, abs(starts) + abs(ends)
        )
        return Closeness(distance, overlap) if (
            overlap >= self.overlap or is_close
        ) else None  # fmt: skip

    def _points(self, mine: Event, other: Event) -> Closeness | None:
        """Compare an insertion with an insertion, or with a copy number's edges.

        A tandem copy spelled in bases stands at one edge of what it copies.
        """
        if not _agree(mine, other, self.overlap):
            return None
        distance = min(
            abs(_apart(one, two, one_margin, two_margin))
            for one, one_margin in _edges(mine)
            for two, two_margin in _edges(other)
        )
        return Closeness(distance) if distance <= self.distance else None


def span_of(event: Event) -> Event | None:
    """Return the deletion, duplication or inversion that a breakend may make.

    Of one within a contig, by its strands; callers that write breakends alone
    write every event so.  VCF 4.5, section 5.4.
    """
    if event.mate is None or event.mate.contig != event.contig:
        return None
    if event.mate.start < event.start:
        turned = _turned(event)
        return None if turned is None else span_of(turned)
    kind = _MADE.get(event.strands)
    # "+" keeps its base, so what changes begins, or ends, behind it.
    first = event.start + event.strands.startswith("+")
    last = event.mate.start + event.strands.endswith("+")
    if kind is None or last <= first:
        return None
    return event._replace(
        kind=kind, start=first, end=last, length=last - first, mate=None, strands="?"
    )


def _edges(event: Event) -> tuple[tuple[int, Margin], ...]:
    start = (event.start, event.structure.start_margin)
    if not event.is_span:
        return (start,)
    return start, (event.end, event.structure.end_margin)


def _apart(one: int, other: int, margin: Margin, other_margin: Margin) -> int:
    """Return ``other - one`` after each has moved towards the other in its margin."""
    apart = other - one
    if apart > 0:
        return max(0, apart - margin[1] + other_margin[0])
    return min(0, apart - margin[0] + other_margin[1])


def _reciprocal(start: int, end: int, other_start: int, other_end: int) -> float:
    shared = min(end, other_end) - max(start, other_start)
    longest = max(end - start, other_end - other_start)
    return shared / longest if shared > 0 and longest > 0 else 0.0


def _agree(
    one: Event, other: Event, ratio: float, most_apart: int | None = None
) -> bool:
    """Whether two lengths agree; one that is not told agrees with any.

    Two spans that differ only within their margins have the same length.
    """
    if most_apart == 0 or one.length is None or other.length is None:
        return True
    low, high = sorted((one, other), key=lambda event: event.length or 0)
    shorter = (low.length or 0) + low.structure.length_margin[1]
    longer = (high.length or 0) + high.structure.length_margin[0]
    return shorter >= ratio * longer


def _joined(one: Event, other: Event, distance: int) -> Closeness | None:
    """Compare two breakends, either way round; an unknown mate agrees with any."""
    ways: list[tuple[Event | None, Event | None]] = [
        (one, other),
        (one, _turned(other)),
    ]
    if other.mate is None:
        ways.append((_turned(one), other))
    found = [
        apart
        for mine, theirs in ways
        if mine is not None and theirs is not None
        and (apart := _sides_apart(mine, theirs)) is not None
    ]  # fmt: skip
    nearest = min(found, default=None)
    return None if nearest is None or nearest > distance else Closeness(nearest)


def _turned(event: Event) -> Event | None:
    """Return the same adjacency as its mate tells it; ``None`` without a mate."""
    if event.mate is None:
        return None
    structure = event.structure._replace(
        start_margin=event.structure.end_margin, end_margin=event.structure.start_margin
    )
    start = event.mate.start
    return event._replace(
        contig=event.mate.contig,
        start=start,
        end=start,
        structure=structure,
        mate=Mate(event.contig, event.start),
        strands=event.strands[::-1],
    )


def _sides_apart(one: Event, other: Event) -> int | None:
    """Return how far two breakends lie apart; ``None``: they are not of one event."""
    if one.contig != other.contig or not _strands_fit(one.strands, other.strands):
        return None
    apart = abs(
        _apart(
            one.start, other.start, one.structure.start_margin,
            other.structure.start_margin,
        )
    )  # fmt: skip
    if one.mate is None or other.mate is None:
        return apart
    if one.mate.contig != other.mate.contig:
        return None
    mates = _apart(
        one.mate.start, other.mate.start, one.structure.end_margin,
        other.structure.end_margin,
    )  # fmt: skip
    return max(apart, abs(mates))


def _strands_fit(one: str, other: str) -> bool:
    return "?" in (one, other) or one.startswith(other) or other.startswith(one)


# --- alleles as events ---------------------------------------------------------------


def event_of(allele: Allele) -> Event | None:
    """Return what an allele does; ``None`` where it is nothing to be compared."""
    if allele.is_symbolic:
        return _named_event(allele)
    start, reference, alternate = strip(
        allele.start, allele.reference, allele.alternate
    )
    lost, gained = len(reference), len(alternate)
    contig = allele.contig.name
    if lost > _PREVAILS * gained:
        return Event("DEL", contig, start, start + lost, lost)
    if gained > _PREVAILS * lost:
        return Event("INS", contig, start, start, gained)
    return None


def _named_event(allele: Allele) -> Event | None:
    said, structure = described(allele.alternate), allele.structure or _EXACTLY
    if isinstance(said, Join):
        return _breakend_event(allele, said, structure)
    if said.family == "INS":
        place = min(allele.end, allele.start + 1)
        return Event("INS", allele.contig.name, place, place, said.length, structure)
    kind = said.direction or said.family
    if kind not in SPANS:
        return None
    start = min(allele.start + 1, max(allele.start, allele.end - 1))
    return Event(
        kind, allele.contig.name, start, allele.end, allele.end - start, structure
    )


def _breakend_event(allele: Allele, said: Join, structure: Structure) -> Event:
    mate = None
    if said.mate is not None and said.pos is not None:
        known = find_contig(ASSEMBLIES[allele.contig.assembly], said.mate)
        mate = Mate(said.mate, _mate_start(said.pos, known.length if known else None))
    start = allele.start
    return Event(
        "BND", allele.contig.name, start, start, None, structure, mate, said.strands
    )


def _mate_start(pos: int, length: int | None) -> int:
    start = max(0, pos - 1)
    return start if length is None else min(start, length)
