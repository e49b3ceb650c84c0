"""Where the files of a load are cut, so that several processes can read them.

A cut is a place of the genome, and in each file the line where that begins;
all records of a position lie on one side.  Cuts are found by looking into the
files; no index is trusted, and whoever reads a chunk sees for himself that the
files keep the order that the cuts rely on.  The same files are always cut alike.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.assemblies import find_contig
from beacon.model.errors import LoadRejected
from loaders.bgzf import PLACE_BITS
from loaders.defects import is_no_name
from loaders.header import left_out
from loaders.probing import PROBE, Probe, open_probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from beacon.model.assemblies import Assembly
    from loaders.header import Header

READ_AHEAD = 1_000
"""Bases behind a chunk's end whose records are read for alleles that begin in it."""

_CHUNKS = 96
_LEAST, _MOST = 1 << 20, 64 << 20
"""Compressed bytes of a chunk."""
_MOST_CUTS = 4_000
"""Cuts times files: each takes some looks into its file."""
_DIGITS = 18
_BEGINNING = -1
"""Where a contig begins: a telomere stands before the first base."""
_ENDLESS = 1 << 62


class OutOfOrder(LoadRejected):
    """The files do not keep the order in which they were cut."""


class Spot(NamedTuple):
    """Where a line's record is."""

    rank: int
    start: int


class Cut(NamedTuple):
    """Where a chunk begins: in the genome, and in each file."""

    rank: int
    start: int
    places: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """The chunks of a load.

    Attributes:
        begins: where the data lines of each file begin; empty when it is not cut.
        lines: header lines of each file.
        sizes: of the files, in bytes.
        are_blocks: whether files are BGZF, else plain text.
        cuts: between the chunks, in the order of the files.
        by_contig: whether all cuts are where a contig begins.
    """

    begins: tuple[int, ...] = ()
    lines: tuple[int, ...] = ()
    sizes: tuple[int, ...] = ()
    are_blocks: tuple[bool, ...] = ()
    cuts: tuple[Cut, ...] = ()
    by_contig: bool = False

    @property
    def chunks(self) -> int:
        """How many there are."""
        return len(self.cuts) + 1

    def places(self, chunk: int) -> tuple[tuple[int, int | None], ...]:
        """Return where a chunk begins and ends in each file."""
        first = self.cuts[chunk - 1].places if chunk else self.begins
        if chunk == len(self.cuts):
            return tuple((place, None) for place in first)
        return tuple(zip(first, self.cuts[chunk].places, strict=True))

    def weight(self, chunk: int) -> int:
        """Return how many bytes of the files a chunk takes."""
        shifts = [PLACE_BITS if is_bgzf else 0 for is_bgzf in self.are_blocks]
        ends = zip(self.places(chunk), self.sizes, shifts, strict=False)
        return sum(
            (size if end is None else end >> shift) - (begin >> shift)
            for (begin, end), size, shift in ends
        )

    @cached_property
    def _cuts_on(self) -> dict[int, tuple[list[int], list[int]]]:
        """Starts of the cuts on each contig, and the chunks that begin there."""
        found: dict[int, tuple[list[int], list[int]]] = {}
        for chunk, cut in enumerate(self.cuts, 1):
            starts, chunks = found.setdefault(cut.rank, ([], []))
            starts.append(cut.start)
            chunks.append(chunk)
        return found

    def owner(self, rank: int, start: int) -> int | None:
        """Return the chunk that a place of the genome belongs to.

        ``None`` on a contig without a cut: it lies in one chunk as a whole.
        """
        if rank not in self._cuts_on:
            return None
        starts, chunks = self._cuts_on[rank]
        at = bisect_right(starts, start)
        return chunks[at - 1] if at else chunks[0] - 1

    def is_cut(self, rank: int) -> bool:
        """Whether there is a cut on a contig."""
        return rank in self._cuts_on

    def span(self, chunk: int, rank: int) -> tuple[int, int]:
        """Return the starts that a chunk owns on one of its contigs, half-open."""
        low, high = _BEGINNING, _ENDLESS
        if chunk and self.cuts[chunk - 1].rank == rank:
            low = self.cuts[chunk - 1].start
        if chunk < len(self.cuts) and self.cuts[chunk].rank == rank:
            high = self.cuts[chunk].start
        return low, high

    def reads_ahead(self, chunk: int) -> Cut | None:
        """Return the cut beyond which a chunk reads on; ``None``: it need not."""
        if chunk == len(self.cuts) or self.cuts[chunk].start == _BEGINNING:
            return None
        return self.cuts[chunk]

    def meets(self, chunk: int, rank: int, start: int) -> bool:
        """Whether a chunk reads ahead as far as a record that is not its own."""
        cut = self.reads_ahead(chunk)
        return cut is not None and cut.rank == rank and start < cut.start + READ_AHEAD

    def told(self) -> list[object]:
        """Return the plan as JSON values: the same for the same chunks only."""
        return [self.begins, self.cuts, READ_AHEAD]


@dataclass(frozen=True)
class _File:
    """A file that can be entered anywhere, and what its lines stand for."""

    probe: Probe
    spot: Callable[[bytes], Spot | None]

    def spots(self, offset: int, end: int) -> Iterator[tuple[int, Spot]]:
        """Yield places and spots of the lines behind one offset and before another.

        Lines of unknown sequences may go on for long: they are looked at once.
        """
        for place, line in self.probe.lines(offset):
            if self.probe.offset(place) >= end:
                return
            spot = self.spot(line)
            if spot is not None:
                yield place, spot

    def first(self, offset: int, end: int) -> Spot | None:
        """Return the first spot behind one offset whose line is before another."""
        for _, spot in self.spots(offset, end):
            return spot
        return None


def make_plan(
    headers: Sequence[Header], assembly: Assembly, *, is_cut: bool = True
) -> Plan:
    """Return the chunks of some files; one alone where they cannot be cut.

    Args:
        headers: of the files.
        assembly: theirs.
        is_cut: whether to cut at all.
    """
    total = sum(header.stamp.size for header in headers)
    size = min(_MOST, max(_LEAST, total // _CHUNKS))
    wanted = min(total // size, max(1, _MOST_CUTS // len(headers)))
    if not is_cut or wanted < 2:
        return Plan()
    probes = [open_probe(header) for header in headers]
    files = [
        _File(probe, _spotting(header, assembly))
        for header, probe in zip(headers, probes, strict=True)
        if probe is not None
    ]
    if len(files) < len(headers):
        return Plan()
    largest = max(range(len(files)), key=lambda n: files[n].probe.size)
    by_contig = any(header.is_gvcf for header in headers)
    found = list((_contig_cuts if by_contig else _cuts)(files[largest], wanted))
    cuts = _everywhere(files, largest, found)
    if not cuts:
        return Plan()
    return Plan(
        begins=tuple(file.probe.begin for file in files),
        lines=tuple(file.probe.header_lines for file in files),
        sizes=tuple(file.probe.size for file in files),
        are_blocks=tuple(file.probe.is_bgzf for file in files),
        cuts=cuts,
        by_contig=by_contig,
    )


def _spotting(header: Header, assembly: Assembly) -> Callable[[bytes], Spot | None]:
    """Return what reads where the record of a line is, of its first bytes."""
    others = left_out(header, assembly)
    ranks: dict[bytes, int | None] = {}

    def rank_of(name: bytes) -> int | None:
        text = name.decode("latin1")
        if text in others or is_no_name(name):
            return None
        contig = find_contig(assembly, text)
        return None if contig is None else contig.rank

    def spot(line: bytes) -> Spot | None:
        columns = line.split(b"\t", 2)
        if len(columns) < 3 or not columns[1].isdigit() or len(columns[1]) > _DIGITS:
            return None
        name = columns[0]
        if name not in ranks:
            ranks[name] = rank_of(name)
        rank = ranks[name]
        return None if rank is None else Spot(rank, int(columns[1]) - 1)

    return spot


def _targets(file: _File, wanted: int) -> list[int]:
    """Return offsets that part a file evenly, and its end."""
    first = file.probe.offset(file.probe.begin)
    length = file.probe.size - first
    return [first + length * n // wanted for n in range(1, wanted + 1)]


def _cuts(file: _File, wanted: int) -> Iterator[tuple[int, Spot]]:
    """Yield cuts of a file: lines where the position changes."""
    for target, end in pairwise(_targets(file, wanted)):
        before: Spot | None = None
        for place, spot in file.spots(target, end):
            if before is not None and spot != before:
                is_new = spot.rank != before.rank
                yield place, Spot(spot.rank, _BEGINNING) if is_new else spot
                break
            before = spot


def _contig_cuts(file: _File, wanted: int) -> Iterator[tuple[int, Spot]]:
    """Yield cuts of a file: lines where a contig begins."""
    rank, begin = _first_rank(file), file.probe.begin
    low = file.probe.offset(begin)
    for target in _targets(file, wanted):
        there = file.first(target, file.probe.size)
        while there is not None and rank is not None and there.rank != rank:
            change = _change(file, rank, begin, (low, target))
            if change is None:
                break
            begin, rank = change
            yield begin, Spot(rank, _BEGINNING)
            low = file.probe.offset(begin)
        if there is not None and there.rank == rank:
            low = max(low, target)


def _first_rank(file: _File) -> int | None:
    for _, line in file.probe.lines_from(file.probe.begin):
        spot = file.spot(line)
        if spot is not None:
            return spot.rank
    return None


def _change(
    file: _File, rank: int, begin: int, bounds: tuple[int, int]
) -> tuple[int, int] | None:
    """Return where another contig begins than the one at a place, and its rank.

    Args:
        file: in which it is looked for.
        rank: of the contig.
        begin: the place where its lines begin.
        bounds: offsets: it goes on at the first, and not at the second.
    """
    low, high = bounds
    while high - low > PROBE:
        middle = (low + high) // 2
        spot = file.first(middle, high)
        if spot is not None and spot.rank == rank:
            low = middle
        else:
            high = middle
    for place, spot in file.spots(low, file.probe.size):
        if place > begin and spot.rank != rank:
            return place, spot.rank
    return None


def _everywhere(
    files: Sequence[_File], largest: int, found: Sequence[tuple[int, Spot]]
) -> tuple[Cut, ...]:
    """Return the cuts of one file as cuts of all of them."""
    if len(files) == 1:
        return tuple(Cut(*spot, (place,)) for place, spot in found)
    spots = [spot for _, spot in found]
    if any(one >= other for one, other in pairwise(spots)):
        return ()  # files are read side by side in the order of the assembly
    columns = [
        [place for place, _ in found]
        if number == largest
        else list(_places(file, spots))
        for number, file in enumerate(files)
    ]
    places = zip(*columns, strict=True)
    return tuple(Cut(*spot, at) for spot, at in zip(spots, places, strict=True))


def _places(file: _File, spots: Sequence[Spot]) -> Iterator[int]:
    """Yield where in a file the genome behind each of some spots begins."""
    place = file.probe.begin
    for spot in spots:
        place = max(place, _place(file, spot, place))
        yield place


def _place(file: _File, wanted: Spot, begin: int) -> int:
    """Return the first line at or behind a spot, from a line on; or the end."""
    first = low = file.probe.offset(begin)
    high = file.probe.size
    while high - low > PROBE:
        middle = (low + high) // 2
        spot = file.first(middle, high)
        if spot is not None and spot < wanted:
            low = middle
        else:
            high = middle
    lines = file.probe.lines_from(begin) if low == first else file.probe.lines(low)
    for place, line in lines:
        spot = file.spot(line)
        if spot is not None and spot >= wanted:
            return place
    return file.probe.end
