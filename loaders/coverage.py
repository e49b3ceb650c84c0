"""Where the people of a load were looked at, as its records come by.

Blocks wait as alleles do, and are opened in the order of their starts, so that
whoever counts an allele can ask who else is covered there.  A block that comes
too late for that is only noted: its contig must be read again in order.
"""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter
from typing import TYPE_CHECKING

from loaders.blocks import blocks_of, is_block
from loaders.reaching import Reaching
from loaders.sweep import Covered, Sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from beacon.model.counts import CoverageRun
    from beacon.model.people import Reached
    from loaders.blocks import Block
    from loaders.roster import Roster
    from loaders.vcf import Site

_START = attrgetter("start")

PlaceOnContig = tuple[int, int]
"""``(rank, start)``."""


class Coverage:
    """Who is covered where, along a stream of sites.

    Args:
        roster: ``None`` where nobody has a genotype, and no block counts anybody.
        told: is given every run of the same coverage, contig by contig.
        reached: is given what blocks call of each person, if anybody asks.

    Attributes:
        is_declared: whether a record says how far it looked.
        disordered: ranks of contigs of which a block came too late.
        has_blocks: whether any block counted somebody.
    """

    def __init__(
        self,
        roster: Roster | None,
        told: Callable[[CoverageRun], None],
        reached: Callable[[Reached], None] | None = None,
    ) -> None:
        self._roster = roster
        self._told = told
        self._reaching = None if reached is None else Reaching(reached)
        self._sweep: Sweep | None = None
        self._waiting: list[Block] = []
        self._opened = 0
        self._weight = 0
        self.is_declared = False
        self.disordered: set[int] = set()
        self.has_blocks = False

    @property
    def waiting(self) -> int:
        """Blocks that are not opened yet."""
        return len(self._waiting)

    @property
    def weight(self) -> int:
        """What those weigh in memory, in calls."""
        return self._weight

    def enter(self, rank: int) -> None:
        """Go to another contig, after ``flush(None)``."""
        if self._roster is not None:
            self._sweep = Sweep(self._roster, rank, self._told)
        if self._reaching is not None:
            self._reaching.enter(rank)

    def take(self, site: Site, frontier: int | None) -> None:
        """Let the blocks of a site wait; ``frontier`` is ``None`` on a past contig."""
        if self._roster is None or not len(self._roster.person_of[site.file]):
            return
        self.is_declared = self.is_declared or is_block(site) or bool(site.alternates)
        blocks = list(blocks_of(site, self._roster))
        if blocks and (frontier is None or site.start < frontier):
            self.disordered.add(site.contig.rank)
        else:
            self._waiting += blocks
            self._weight += sum(block.weight for block in blocks)
            if self._reaching is not None:
                for block in blocks:
                    self._reaching.take(site.file, block)
        self.has_blocks = self.has_blocks or bool(blocks)

    def prepare(self) -> None:
        """Put what waits in order, before places are asked in their order."""
        self._waiting.sort(key=_START)
        self._opened = 0

    def at(self, start: int) -> Covered | None:
        """Return who is covered at ``start``, ``None`` for nobody."""
        sweep = self._sweep
        if sweep is None or not self.has_blocks:
            return None
        self._open(start + 1)
        if sweep.is_empty:
            return None
        sweep.go(start)
        return sweep.here

    def _open(self, limit: int | None) -> None:
        """Open every block that begins before ``limit``."""
        sweep, waiting = self._sweep, self._waiting
        if sweep is None:
            return
        while self._opened < len(waiting):
            block = waiting[self._opened]
            if limit is not None and block.start >= limit:
                return
            sweep.open(block)
            self._opened += 1

    def flush(self, limit: int | None) -> None:
        """Open what begins before ``limit``; without one, end the contig."""
        self._open(limit)
        self._weight -= sum(b.weight for b in self._waiting[: self._opened])
        del self._waiting[: self._opened]
        self._opened = 0
        if limit is not None:
            return
        if self._sweep is not None:
            self._sweep.finish()
        if self._reaching is not None:
            self._reaching.finish()

    def over(self, places: Sequence[PlaceOnContig]) -> CoverageOver | None:
        """Return what gathers who is covered at some places, where anybody is."""
        if self._roster is None or not self.has_blocks:
            return None
        return CoverageOver(self._roster, places)


class CoverageOver:
    """Who is covered at a few places, from sites in any order.

    Args:
        places: in order.
    """

    def __init__(self, roster: Roster, places: Sequence[PlaceOnContig]) -> None:
        self._roster = roster
        self._places = places
        self._blocks: dict[PlaceOnContig, list[Block]] = {p: [] for p in places}

    def take(self, site: Site) -> None:
        """Keep the blocks of a site over each place that they hold."""
        rank = site.contig.rank
        for block in blocks_of(site, self._roster):
            first = bisect_left(self._places, (rank, block.start))
            last = bisect_left(self._places, (rank, block.end))
            for place in self._places[first:last]:
                self._blocks[place].append(block)

    def at(self, place: PlaceOnContig) -> Covered:
        """Return who is covered there."""
        there = Covered(self._roster)
        for block in self._blocks[place]:
            there.open(block)
        return there
