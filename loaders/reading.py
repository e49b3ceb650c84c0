"""One chunk of the files: its own lines, checked, and what is read ahead of it.

Whoever reads a chunk relies on the order in which the files were cut; here it is
seen, record by record, that they keep it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from loaders.reader import VcfLines, VcfPart, VcfText
from loaders.shards import READ_AHEAD, OutOfOrder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loaders.accounts import Account
    from loaders.header import Header
    from loaders.shards import Plan
    from loaders.vcf import Site


class Reading:
    """The reading of one chunk.

    Args:
        plan: of the load.
        chunk: its number.
        before: lines of each file before the chunk, where that is known.

    Attributes:
        ranks: of the contigs with records in it.
    """

    def __init__(
        self, plan: Plan, chunk: int, before: Sequence[int] | None = None
    ) -> None:
        self._plan = plan
        self._chunk = chunk
        self._before = before
        self.ranks: set[int] = set()

    def begin(self) -> None:
        """Forget what an earlier reading saw."""
        self.ranks.clear()

    def span(self, rank: int) -> tuple[int, int]:
        """Return the starts that belong to the chunk on a contig, half-open."""
        return self._plan.span(self._chunk, rank)

    def is_met(self, rank: int, start: int, read_at: int) -> bool:
        """Whether the owner of an allele that starts elsewhere meets a record."""
        owner = self._plan.owner(rank, start)
        if owner is None or owner > self._chunk:
            return False
        return self._plan.meets(owner, rank, read_at)

    def texts(self, headers: Sequence[Header]) -> Iterator[VcfLines]:
        """Yield the lines of the chunk in each file."""
        if not self._plan.cuts:
            yield from (VcfText(Path(header.path)) for header in headers)
            return
        for number, (begin, end) in enumerate(self._plan.places(self._chunk)):
            last = 0 if self._before is None else self._before[number]
            yield self._part(number, headers[number], (begin, end), last)

    def beyond(self, number: int, header: Header, text: VcfLines) -> VcfLines | None:
        """Return the lines behind the chunk in a file, once its own are read."""
        cut = self._plan.reads_ahead(self._chunk)
        if cut is None:
            return None
        return self._part(number, header, (cut.places[number], None), text.last)

    def _part(
        self, number: int, header: Header, places: tuple[int, int | None], last: int
    ) -> VcfLines:
        is_bgzf = self._plan.are_blocks[number]
        return VcfPart(header, *places, last=last, is_bgzf=is_bgzf)

    def in_order(self, own: Iterator[Site], ahead: Iterator[Site]) -> Iterator[Site]:
        """Return the sites of a file, and those that are read ahead.

        Raises:
            OutOfOrder: at one that is not where the cuts say.
        """
        return self._checked(own, ahead) if self._plan.cuts else own

    def _checked(self, own: Iterator[Site], ahead: Iterator[Site]) -> Iterator[Site]:
        rank = last = high = 0
        left: set[int] = set()
        for site in own:
            if site.contig.rank != rank:
                rank = site.contig.rank
                last, high = self._enter(rank, left)
            if not last <= site.start < high:
                message = f"records of contig {site.contig.name} are not in order"
                raise OutOfOrder(message)
            last = site.start
            yield site
        yield from self._near(ahead)

    def _enter(self, rank: int, left: set[int]) -> tuple[int, int]:
        """Return the starts that a contig's records may have."""
        low, high = self.span(rank)
        is_here = self._plan.owner(rank, low) in (None, self._chunk)
        if rank in left or not is_here:
            message = "records of a contig are not together"
            raise OutOfOrder(message)
        left.add(rank)
        self.ranks.add(rank)
        return low, high

    def _near(self, ahead: Iterator[Site]) -> Iterator[Site]:
        """Yield what stands so near behind the chunk that it may reach into it."""
        cut = self._plan.reads_ahead(self._chunk)
        if cut is None:
            return
        for site in ahead:
            is_near = cut.start <= site.start < cut.start + READ_AHEAD
            if site.contig.rank != cut.rank or not is_near:
                return
            yield site


def chunks_to_read(plan: Plan, accounts: Sequence[Account]) -> list[int]:
    """Return the chunks with any record of an allele that one could not know."""
    found: set[int] = set()
    for chunk, account in enumerate(accounts):
        for rank, key in account.foreign:
            owner = plan.owner(rank, key.start)
            if owner is None:
                continue
            found |= {chunk, owner}
            ahead = owner + 1
            while ahead < plan.chunks and _is_near(plan, owner, ahead):
                found.add(ahead)
                ahead += 1
    return sorted(found)


def _is_near(plan: Plan, owner: int, chunk: int) -> bool:
    """Whether one chunk reads ahead into another."""
    cut = plan.cuts[chunk - 1]
    return plan.meets(owner, cut.rank, cut.start)
