"""Which stretches of one assembly are which stretches of another: chains as values.

A chain is a row of blocks without gaps; what lies in no block is in one assembly
only.  Files are read by ``loaders.chains``; what a question becomes is decided by
``lifting``.  Coordinates are 0-based interbase, on the forward strand of both.
UCSC, "Chain Format": https://genome.ucsc.edu/goldenPath/help/chain.html
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.assemblies import ASSEMBLIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from beacon.model.genome import Contig

ELSEWHERE = 0
"""Rank of whatever sequence is not in the table of its assembly."""


class Block(NamedTuple):
    """A stretch that both assemblies have, base by base.

    Attributes:
        rank: of its contig; start, end: there.
        onto: rank of the other assembly's contig, or ``ELSEWHERE``.
        at: where it begins there, on the forward strand.
        is_reversed: whether it lies there on the reverse strand.
        chain: number of the chain it is of.
    """

    rank: int
    start: int
    end: int
    onto: int
    at: int
    is_reversed: bool = False
    chain: int = 0

    def image(self, start: int, end: int) -> tuple[int, int]:
        """Return where ``[start, end)``, which lies within it, lies there."""
        if self.is_reversed:
            return self.at + self.end - end, self.at + self.end - start
        shift = self.at - self.start
        return start + shift, end + shift

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return what lies at ``[start, end)`` there, within it."""
        if self.is_reversed:
            return self.end - (end - self.at), self.end - (start - self.at)
        shift = self.start - self.at
        return start + shift, end + shift

    def part(self, start: int, end: int) -> Block:
        """Return ``[start, end)`` of it, which lies within it."""
        return self._replace(start=start, end=end, at=self.image(start, end)[0])

    def holds_image(self, start: int, end: int) -> bool:
        """Whether ``[start, end)`` there is all of this block."""
        return self.at <= start and end <= self.at + self.end - self.start


def whole(blocks: Sequence[Block]) -> Block | None:
    """Return blocks as one, where each adjoins the one before in both assemblies."""
    found = blocks[0]
    for block in blocks[1:]:
        one, other = (block, found) if found.is_reversed else (found, block)
        adjoins = found.end == block.start and one.at + one.end - one.start == other.at
        if (
            not adjoins
            or found.onto != block.onto
            or one.is_reversed != other.is_reversed
        ):
            return None
        found = found._replace(end=block.end, at=one.at)
    return found


class _Stretches:
    """Intervals of one contig, of which some may overlap, found by bisection."""

    def __init__(self, found: Sequence[tuple[int, int, int]]) -> None:
        ordered = sorted(found)
        self._starts = array("q", [start for start, _, _ in ordered])
        self._ends = array("q", [end for _, end, _ in ordered])
        self._numbers = array("q", [number for _, _, number in ordered])
        self._reach = array("q", accumulate(self._ends, max))

    def touching(self, start: int, end: int, most: int) -> list[int]:
        """Return the numbers of those that share a base, at most so many."""
        first = bisect_right(self._reach, start)
        last = min(bisect_left(self._starts, end), first + most)
        ends, numbers = self._ends, self._numbers
        return [numbers[n] for n in range(first, last) if ends[n] > start]

    def overlap(self, start: int, end: int) -> bool:
        """Whether two of them share a base of ``[start, end)``."""
        first = bisect_right(self._reach, start)
        reached = start
        for n in range(first, bisect_left(self._starts, end)):
            if self._ends[n] <= start:
                continue
            if max(start, self._starts[n]) < reached:
                return True
            reached = self._ends[n]
        return False


class Chains:
    """The blocks that lead from one assembly to another.

    Args:
        source: canonical name of the assembly they start from.
        target: of the one they lead to.
        blocks: all of them, in any order.
    """

    def __init__(self, source: str, target: str, blocks: Iterable[Block]) -> None:
        self.source = source
        self.target = target
        # A hundred thousand blocks cost their numbers and no objects.
        self._columns = tuple(array("q") for _ in Block._fields)
        here: dict[int, list[tuple[int, int, int]]] = {}
        there: dict[int, list[tuple[int, int, int]]] = {}
        for number, block in enumerate(blocks):
            for column, value in zip(self._columns, block, strict=True):
                column.append(value)
            here.setdefault(block.rank, []).append((block.start, block.end, number))
            image = (block.at, block.at + block.end - block.start, number)
            there.setdefault(block.onto, []).append(image)
        self._here = {rank: _Stretches(found) for rank, found in here.items()}
        self._there = {rank: _Stretches(found) for rank, found in there.items()}

    def __len__(self) -> int:
        return len(self._columns[0])

    def block(self, number: int) -> Block:
        """Return one block by its number."""
        rank, start, end, onto, at, turned, chain = (c[number] for c in self._columns)
        return Block(rank, start, end, onto, at, bool(turned), chain)

    def touching(self, contig: Contig, start: int, end: int, most: int) -> list[Block]:
        """Return the blocks that share a base with a stretch, in its order.

        There are at most ``most``; who is given so many asked for too much.
        """
        stretches = self._here.get(contig.rank)
        if stretches is None:
            return []
        return [self.block(n) for n in stretches.touching(start, end, most)]

    def is_shared(self, rank: int, start: int, end: int) -> bool:
        """Whether two blocks lead to any one base of a stretch of the target."""
        stretches = self._there.get(rank)
        return stretches is not None and stretches.overlap(start, end)

    def contig_of(self, block: Block) -> Contig | None:
        """Return the sequence a block leads to; ``None``: it is in no table."""
        if block.onto == ELSEWHERE:
            return None
        return ASSEMBLIES[self.target].contigs[block.onto - 1]
