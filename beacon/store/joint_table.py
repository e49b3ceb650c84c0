"""A table of rows as it would be, had only some people been loaded.

It is read like any other table (by key, by place, by stretch), so every kind of
question means of these people what it means of all.  What they add is read from
the carriers of the bins that rows begin in, a page of rows at a time.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import aclosing
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from beacon.store.carrier_documents import bin_of
from beacon.store.carriers import row_name
from beacon.store.chosen import Lessener
from beacon.store.keys import decode, is_site
from beacon.store.tables import FIRST_PAGE, LARGEST_PAGE, Table

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        Awaitable,
        Callable,
        Hashable,
        Iterable,
        Mapping,
        Sequence,
    )

    from beacon.model.pattern import Bounds
    from beacon.store.carrier_documents import Bin, CarrierTable, Stretch
    from beacon.store.chosen import Chosen
    from beacon.store.driver import Document
    from beacon.store.rows import Counts, Part
    from beacon.store.tables import LookUp, PlaceKey, Row

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")

_AT_ONCE = 256
"""Bins whose carriers are read at once."""
_ALL_OF_A_BLOCK = 24
"""From how many alleles of a block on all are summed together."""


class Narrowing:
    """Rewrites rows to what chosen people add to them.

    Args:
        chosen: by part; rows of other parts are left as they are.
        parts: those parts.
        carriers: of the assembly.
    """

    def __init__(
        self,
        chosen: Mapping[int, Chosen],
        parts: Iterable[Part],
        carriers: CarrierTable,
    ) -> None:
        self._chosen = chosen
        self._parts = [part for part in parts if part.number in chosen]
        self._lesseners = {part.number: Lessener(part) for part in self._parts}
        self._carriers = carriers

    async def documents(self, documents: Sequence[Document]) -> list[Document]:
        """Return documents of rows with counts of the chosen people only."""
        held = [dict(cast("Counts", d["d"])) for d in documents]
        for part in self._parts:
            wanted: dict[Bin, list[int]] = defaultdict(list)
            for place, document in enumerate(documents):
                if part.blob(held[place]) is not None:
                    wanted[_bin_of(part.number, document)].append(place)
            bins = sorted(wanted)
            for first in range(0, len(bins), _AT_ONCE):
                some = bins[first : first + _AT_ONCE]
                found = await self._carriers.stretches_of(some)
                for one in some:
                    rows = [(documents[n], held[n]) for n in wanted[one]]
                    self._narrow(part, found.get(one), rows)
        return [
            cast("Document", {**document, "d": counts})
            for document, counts in zip(documents, held, strict=True)
        ]

    def _narrow(
        self,
        part: Part,
        stretch: Stretch | None,
        rows: Sequence[tuple[Document, dict[str, bytes]]],
    ) -> None:
        """Rewrite the rows of one bin."""
        chosen, lessener = self._chosen[part.number], self._lesseners[part.number]
        blocks = () if stretch is None else stretch.blocks
        summed = {}
        if len(rows) >= _ALL_OF_A_BLOCK:
            summed = {
                n: block.sums(chosen.column_of, chosen.width)
                for n, block in enumerate(blocks)
            }
        for document, counts in rows:
            name = row_name(document)
            added, otherwise = None, None
            for number in range(len(blocks) - 1, -1, -1):
                block = blocks[number]
                ordinal = block.place_of_row.get(name)
                if ordinal is None:
                    continue
                if number in summed:
                    added = summed[number][ordinal]
                else:
                    added = block.sums_at(ordinal, chosen)
                otherwise = block.otherwise.get(ordinal)
                break
            if added is not None and _is_bare(document):
                added[:, [0, 2, 3, 4]] = 0  # nobody carries what is no allele
            blob = part.blob(counts) or b""
            counts[part.fields[0]] = lessener.blob(blob, added, otherwise)


def _is_bare(document: Document) -> bool:
    """Whether a row is of a place, and of no allele."""
    return "e" not in document and is_site(cast("int", document["_id"]))


def _bin_of(part: int, document: Document) -> Bin:
    if "e" in document:
        return bin_of(part, cast("int", document["c"]), cast("int", document["s"]))
    key = cast("int", document["_id"])
    rank, start, _, _ = decode(key)
    return bin_of(part, rank, start)


class _Narrowed(Generic[K, V]):
    """Look-ups whose rows are narrowed."""

    def __init__(
        self,
        looked: LookUp[K, V],
        narrow: Callable[[dict[K, V]], Awaitable[dict[K, V]]],
    ) -> None:
        self._looked = looked
        self._narrow = narrow

    async def get(self, keys: Sequence[K]) -> dict[K, V]:
        """Return what is found, by key."""
        return await self._narrow(await self._looked.get(keys))


class JointTable(Table):
    """The rows of an assembly as some people alone would have made them.

    Args:
        table: of all people.
        narrowing: says who is meant.
    """

    def __init__(self, table: Table, narrowing: Narrowing) -> None:  # one of its own
        self._table = table
        self._narrowing = narrowing
        self.rows = _Narrowed(table.rows, self._each)
        self.long_rows = _Narrowed(table.long_rows, self._each)
        self.places = _Narrowed(table.places, self._of_places)
        self.long_places = _Narrowed(table.long_places, self._of_places)
        self.bins = table.bins
        self.existing = table.existing

    @property
    def is_of_all(self) -> bool:
        """Whether rows are of everybody, so that the server can count them."""
        return False

    async def close(self) -> None:
        """Leave the table open: it is everybody's."""

    async def _each(self, found: dict[K, Document]) -> dict[K, Document]:
        narrowed = await self._narrowing.documents([*found.values()])
        return dict(zip(found, narrowed, strict=True))

    async def _of_places(
        self, found: dict[PlaceKey, list[Document]]
    ) -> dict[PlaceKey, list[Document]]:
        flat = [document for documents in found.values() for document in documents]
        narrowed = iter(await self._narrowing.documents(flat))
        return {
            place: [next(narrowed) for _ in documents]
            for place, documents in found.items()
        }

    async def short_pages(
        self, rank: int, starts: Bounds, *, size: int = FIRST_PAGE
    ) -> AsyncGenerator[list[Row], None]:
        """Yield the short rows that begin in ``starts``, in order, page by page."""
        pages = self._table.short_pages(rank, starts, size=size)
        async with aclosing(self._narrowed(pages)) as narrowed:
            async for page in narrowed:
                yield page

    async def bin_pages(
        self, first: int, last: int, fields: Sequence[str]
    ) -> AsyncGenerator[list[Document], None]:
        """Yield the bins from key ``first`` to ``last``; they are of everybody."""
        async with aclosing(self._table.bin_pages(first, last, fields)) as pages:
            async for page in pages:
                yield page

    async def long_pages(
        self,
        rank: int,
        starts: Bounds,
        reach: Bounds | None,
        classes: Sequence[int],
        *,
        ends: Bounds | None = None,
        size: int = LARGEST_PAGE,
    ) -> AsyncGenerator[list[Row], None]:
        """Yield the long rows that begin in ``starts``, or reach into ``reach``."""
        pages = self._table.long_pages(
            rank, starts, reach, classes, ends=ends, size=size
        )
        async with aclosing(self._narrowed(pages)) as narrowed:
            async for page in narrowed:
                yield page

    async def mate_pages(
        self, rank: int, starts: Bounds
    ) -> AsyncGenerator[list[Row], None]:
        """Yield the breakends whose mate begins in ``starts``, by where it does."""
        pages = self._table.mate_pages(rank, starts)
        async with aclosing(self._narrowed(pages)) as narrowed:
            async for page in narrowed:
                yield page

    async def _narrowed(
        self, pages: AsyncGenerator[list[Row], None]
    ) -> AsyncGenerator[list[Row], None]:
        async with aclosing(pages):
            async for page in pages:
                documents = [document for _, document in page]
                narrowed = await self._narrowing.documents(documents)
                starts = (start for start, _ in page)
                yield list(zip(starts, narrowed, strict=True))
