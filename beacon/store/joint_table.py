"""A table of rows as it would be, had only some people been loaded.

It is read like any other table (by key, by place, by stretch), so every kind of
question means of these people what it means of all.  What they add is read from
the carriers of the bins that rows begin in, a page of rows at a time.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import aclosing
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from beacon.model.pattern import Bounds
from beacon.store.carrier_documents import bin_of
from beacon.store.carriers import BIN_BITS, Block, is_of_nobody, row_name
from beacon.store.chosen import Added, Lessener
from beacon.store.keys import (
    is_hashed_key,
    is_site,
    place_key,
    place_of_key,
    rank_and_start,
    start_of,
)
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

    from beacon.store.carrier_documents import Bin, CarrierTable
    from beacon.store.chosen import Chosen
    from beacon.store.driver import Document
    from beacon.store.rows import Part
    from beacon.store.tables import LookUp, PlaceKey, Row

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")

_FIRST_BLOCKS, _MOST_BLOCKS = 64, 2048
_AT_ONCE = 256
"""Bins whose carriers are read at once."""
_MOST_SUMS = 1 << 18
"""Alleles by columns that are summed at once: some 10 MB."""
_MANY = 16
"""From how many rows on all alleles of their blocks are summed together."""


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

    async def carried(
        self, rank: int, starts: Bounds, size: int
    ) -> tuple[list[int], list[int], int]:
        """Return what chosen people may carry of the first part of a stretch.

        Returns:
            Keys of short rows; starts at which hashed ones begin; up to which start
            that is all.
        """
        keys: dict[int, None] = {}
        places: dict[int, None] = {}
        end, wanted = starts.high, size
        for part in self._parts:
            within = Bounds(low=starts.low, high=end)
            blobs, end = await self._carriers.page(part.number, rank, within, wanted)
            chosen = self._chosen[part.number]
            for blob in blobs:
                if is_of_nobody(blob, chosen.mask):
                    continue
                block = Block(blob)
                ordinals = block.may_be_carried(chosen)
                for key in block.keys[ordinals].tolist() if len(ordinals) else ():
                    if is_hashed_key(key):
                        places[start_of(key)] = None
                    else:
                        keys[key] = None
        return list(keys), list(places), end

    async def documents(self, documents: Sequence[Document]) -> list[Document]:
        """Return documents of rows with counts of the chosen people only."""
        held: list[dict[str, bytes]]
        held = [dict(document["d"]) for document in documents]  # type: ignore[call-overload]
        places = [*map(_place_of, documents)]
        for part in self._parts:
            wanted: dict[int, list[int]] = defaultdict(list)
            for number, place in enumerate(places):
                if part.blob(held[number]) is not None:
                    wanted[place].append(number)
            await self._narrow_part(part, documents, held, wanted)
        return [
            {**document, "d": counts}
            for document, counts in zip(documents, held, strict=True)
        ]

    async def _narrow_part(
        self,
        part: Part,
        documents: Sequence[Document],
        held: Sequence[dict[str, bytes]],
        wanted: Mapping[int, Sequence[int]],
    ) -> None:
        """Rewrite the rows of one part, by the places of their bins."""
        places = sorted(wanted)
        for first in range(0, len(places), _AT_ONCE):
            some = places[first : first + _AT_ONCE]
            bins = [_bin_at(part.number, place) for place in some]
            found = await self._carriers.stretches_of(bins)
            blocks: list[Block] = []
            rows: list[tuple[Document, dict[str, bytes]]] = []
            for place, one in zip(some, bins, strict=True):
                blocks += found[one].blocks if one in found else ()
                rows += [(documents[n], held[n]) for n in wanted[place]]
                if sum(map(len, blocks)) * len(part.baseline) >= _MOST_SUMS:
                    self._narrow(part, blocks, rows)
                    blocks, rows = [], []
                    await asyncio.sleep(0)  # others have their turn
            self._narrow(part, blocks, rows)
            await asyncio.sleep(0)

    def _narrow(
        self,
        part: Part,
        blocks: Sequence[Block],
        rows: Sequence[tuple[Document, dict[str, bytes]]],
    ) -> None:
        """Rewrite rows by the blocks of their bins; later ones override."""
        chosen, lessener = self._chosen[part.number], self._lesseners[part.number]
        added = Added(blocks, chosen, is_for_many=len(rows) >= _MANY)
        field, blob_of = part.fields[0], part.blob
        for document, counts in rows:
            blob = blob_of(counts) or b""
            found = added.of(row_name(document), is_bare=_is_bare(document))
            counts[field] = lessener.blob(blob, *found)


def _is_bare(document: Document) -> bool:
    """Whether a row is of a place, and of no allele."""
    return "e" not in document and is_site(document["_id"])  # type: ignore[arg-type]


def _place_of(document: Document) -> int:
    """Return the place of a row's bin: contig and start without its last bits."""
    if "e" in document:
        rank, start = cast("int", document["c"]), cast("int", document["s"])
        return place_key(rank, start) >> BIN_BITS
    return place_of_key(document["_id"]) >> BIN_BITS  # type: ignore[arg-type]


def _bin_at(part: int, place: int) -> Bin:
    rank, start = rank_and_start(place << BIN_BITS)
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

    async def one(self, key: K, until: float) -> V | None:
        """Return what is found under one key, wanted until then."""
        del until  # what narrows it has deadlines of its own
        return (await self.get((key,))).get(key)


class JointTable(Table):
    """The rows of an assembly as some people alone would have made them.

    Args:
        table: of all people.
        narrowing: says who is meant.
        is_led: whether pages hold no short rows but those of alleles they carry.
    """

    def __init__(
        self, table: Table, narrowing: Narrowing, *, is_led: bool = False
    ) -> None:
        self._is_led = is_led
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
        self,
        rank: int,
        starts: Bounds,
        *,
        size: int = FIRST_PAGE,
        is_longer: bool = False,
    ) -> AsyncGenerator[list[Row], None]:
        """Yield the short rows that begin in ``starts``, in order, page by page."""
        if self._is_led:
            pages = self._led_pages(rank, starts)
        else:
            pages = self._table.short_pages(
                rank, starts, size=size, is_longer=is_longer
            )
        async with aclosing(self._narrowed(pages)) as narrowed:
            async for page in narrowed:
                yield page

    async def _led_pages(
        self, rank: int, starts: Bounds
    ) -> AsyncGenerator[list[Row], None]:
        """Yield the rows of what chosen people may carry, in order."""
        size, low = _FIRST_BLOCKS, starts.low
        while low < starts.high:
            rest = Bounds(low=low, high=starts.high)
            keys, places, low = await self._narrowing.carried(rank, rest, size)
            rows = await self._table.rows.get(keys) if keys else {}
            if places:
                there = [(rank, start) for start in places]
                found = await self._table.places.get(there)
                rows |= {
                    cast("int", document["_id"]): document
                    for documents in found.values()
                    for document in documents
                }
            # Of a part whose page reached further, the rest comes again.
            here = Bounds(low=rest.low, high=low)
            page = ((start_of(key), rows[key]) for key in sorted(rows))
            yield [row for row in page if row[0] in here]
            size = min(4 * size, _MOST_BLOCKS)

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
