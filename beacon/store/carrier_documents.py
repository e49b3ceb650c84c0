"""Blocks of carriers ↔ documents of ``carriers_<assembly>``.

    {_id: part (4) | contig (4) | first base of the bin (4) | chunk (4) | counter (4),
     b: packed block}

All numbers of an ``_id`` are big-endian, so that its order is that of parts, of
the genome and of writing.  An allele that a later document of its bin holds again
is what the later one says.
"""

from __future__ import annotations

from itertools import groupby
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple, cast

from pymongo import ReplaceOne

from beacon.model.pattern import Bounds
from beacon.store.carriers import BIN_BITS, Block, Identity, Packer, identity_of
from beacon.store.coalescing import Coalescer
from beacon.store.driver import (
    JOURNALED,
    Document,
    carriers_collection,
    driver_errors,
    while_away,
)

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Callable,
        Collection,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )

    from motor.motor_asyncio import AsyncIOMotorCollection, AsyncIOMotorDatabase
    from pymongo.collection import Collection as Rows
    from pymongo.database import Database

    from beacon.model.counts import VariantRecord
    from beacon.model.people import Shares
    from beacon.model.variant import Allele

_ID = Struct(">IIIII")
_PREFIX = Struct(">III")
_BIN_ID = 12
_BIN = 1 << BIN_BITS
_OPEN = 8
_PAGE = 256
_FEW = 4
"""Bins that are read with other questions'."""
_NEAR = 4
"""Bins within which reading all is cheaper than leaving some out."""
_SAMPLED = (0, 1 << 22, 1 << 24, 1 << 25, 1 << 26, 1 << 27)
"""Where of each contig some blocks are looked at."""


class Bin(NamedTuple):
    """A stretch of 4,096 bases of one part."""

    part: int
    rank: int
    first: int

    @property
    def bounds(self) -> tuple[bytes, bytes]:
        """``(low, high)``: its documents have ``low <= _id < high``."""
        return bounds(self.part, self.rank, self.first, self.first + 1)


def bin_of(part: int, rank: int, start: int) -> Bin:
    """Return the bin of what begins at ``start``."""
    return Bin(part, rank, start >> BIN_BITS << BIN_BITS)


def bounds(
    part: int, rank: int | None = None, start: int = 0, end: int | None = None
) -> tuple[bytes, bytes]:
    """Return ``(low, high)``: ids of a part, or of bins of a contig that touch a span.

    They are as long as an id: a server orders bytes by their length first.
    """
    if rank is None:
        return _padded(part, 0, 0), _padded(part + 1, 0, 0)
    low = _padded(part, rank, start >> BIN_BITS << BIN_BITS)
    return low, _padded(part, rank + 1, 0) if end is None else _padded(part, rank, end)


def _padded(part: int, rank: int, first: int) -> bytes:
    return _ID.pack(part, rank, first, 0, 0)


class CarrierWriter:
    """Collects what records say of people, and writes it bin by bin.

    Its documents depend only on the records and their order: writing them again
    changes nothing.
    """

    def __init__(
        self, database: Database[Document], assembly: str, part: int, chunk: int = 0
    ) -> None:
        self._collection = database.get_collection(
            carriers_collection(assembly), write_concern=JOURNALED
        )
        self._part = part
        self._chunk = chunk
        self._counter = 0
        self._open: dict[Bin, Packer] = {}

    def enter(self, chunk: int) -> None:
        """Begin a chunk; what the last one collected was taken by ``close``."""
        self._chunk, self._counter = chunk, 0

    def collect(self, records: Iterable[VariantRecord]) -> list[Document]:
        """Take records, mostly in genome order; return documents that are whole."""
        whole: list[Document] = []
        for record in records:
            shares = record.shares
            if shares is None:
                continue
            rank, start, end, reference, alternate = record[:5]
            place = bin_of(self._part, rank, start)
            packer = self._open.get(place)
            if packer is None:
                packer = self._open[place] = Packer(rank, place.first)
            packer.add(start, end, reference, alternate, shares)
            if packer.is_full:
                whole.append(self._document(place))
            elif len(self._open) > _OPEN:
                whole.append(self._document(next(iter(self._open))))
        return whole

    def close(self) -> list[Document]:
        """Return the documents that are left."""
        return [self._document(place) for place in [*self._open]]

    def _document(self, place: Bin) -> Document:
        packer = self._open.pop(place)
        number = _ID.pack(*place, self._chunk, self._counter)
        self._counter += 1
        return {"_id": number, "b": packer.pack()}

    def write(self, documents: list[Document]) -> None:
        """Write documents, again while the server is away for a short time.

        Raises:
            StoreUnavailable: when it stays away.
        """
        if not documents:
            return
        changes = [ReplaceOne({"_id": d["_id"]}, d, upsert=True) for d in documents]
        while_away(lambda: self._collection.bulk_write(changes))


class Stretch(NamedTuple):
    """The documents of one bin, oldest first."""

    rank: int
    first: int
    ids: tuple[bytes, ...]
    blocks: tuple[Block, ...]

    def latest(self) -> Iterator[tuple[Block, Sequence[int] | None]]:
        """Yield every block with the ordinals that no later place overrides.

        ``None`` stands for all of them, which is the rule.
        """
        if len(self.blocks) == 1 and self.blocks[0].is_plain:
            yield self.blocks[0], None
            return
        seen: set[Identity] = set()
        for block in reversed(self.blocks):
            mine = {i: o for i, o in block.ordinal_of.items() if i not in seen}
            seen |= mine.keys()
            yield block, sorted(mine.values())


def read_carriers(
    database: Database[Document],
    assembly: str,
    part: int,
    rank: int | None = None,
    start: int = 0,
    end: int | None = None,
) -> Iterator[Stretch]:
    """Yield the bins of a part, or of a stretch of one of its contigs, in order.

    Raises:
        StoreUnavailable: when the database cannot be read.
    """
    low, high = bounds(part, rank, start, end)
    collection = database[carriers_collection(assembly)]
    with driver_errors():
        found = collection.find({"_id": {"$gte": low, "$lt": high}})
        documents = found.sort("_id", 1).batch_size(_PAGE)
        for _, group in groupby(documents, lambda d: cast("bytes", d["_id"])[:_BIN_ID]):
            yield _stretch(list(group))


def sample_carriers(
    database: Database[Document], assembly: str, part: int, ranks: Iterable[int]
) -> Iterator[Block]:
    """Yield a few blocks of every contig.

    Raises:
        StoreUnavailable: when the database cannot be read.
    """
    collection = database[carriers_collection(assembly)]
    with driver_errors():
        for rank in ranks:
            for start in _SAMPLED:
                low, high = bounds(part, rank, start)
                where: Document = {"_id": {"$gte": low, "$lt": high}}
                for found in collection.find(where).sort("_id", 1).limit(1):
                    yield Block(cast("bytes", found["b"]))


def erase_carriers(
    database: Database[Document],
    assembly: str,
    part: int,
    people: Collection[int],
    alive: Callable[[], None],
) -> None:
    """Erase some people from the carriers of a part.

    May be stopped and begun again at any time, by one process at once.

    Raises:
        StoreUnavailable: when the database fails.
    """
    collection = database.get_collection(
        carriers_collection(assembly), write_concern=JOURNALED
    )
    changed: list[ReplaceOne[Document]] = []
    for stretch in read_carriers(database, assembly, part):
        for number, block in zip(stretch.ids, stretch.blocks, strict=True):
            blob = block.without(people)
            if blob is not None:
                document: Document = {"_id": number, "b": blob}
                changed.append(ReplaceOne({"_id": number}, document))
        if len(changed) >= _PAGE:
            _replace(collection, changed)
            changed = []
            alive()
    _replace(collection, changed)


def _replace(collection: Rows[Document], changed: list[ReplaceOne[Document]]) -> None:
    if changed:
        while_away(lambda: collection.bulk_write(changed, ordered=False))


def _stretch(documents: Sequence[Mapping[str, object]]) -> Stretch:
    ids = tuple(cast("bytes", d["_id"]) for d in documents)
    _, rank, first = _PREFIX.unpack_from(ids[0])
    blocks = tuple(Block(cast("bytes", d["b"])) for d in documents)
    return Stretch(rank, first, ids, blocks)


def list_bins(database: Database[Document], assembly: str, part: int) -> Iterator[Bin]:
    """Yield the bins of a part in order, reading an index only.

    Raises:
        StoreUnavailable: when the database cannot be read.
    """
    low, high = bounds(part)
    collection = database[carriers_collection(assembly)]
    with driver_errors():
        where: Document = {"_id": {"$gte": low, "$lt": high}}
        found = collection.find(where, {"_id": 1}).sort("_id", 1)
        for prefix, _ in groupby(cast("bytes", d["_id"])[:_BIN_ID] for d in found):
            yield Bin(*_PREFIX.unpack(prefix))


def read_bins(
    database: Database[Document], assembly: str, bins: Sequence[Bin]
) -> list[Stretch]:
    """Return what there is of some bins.

    Raises:
        StoreUnavailable: when the database cannot be read.
    """
    spans = [place.bounds for place in bins]
    where = [{"_id": {"$gte": low, "$lt": high}} for low, high in spans]
    if not where:
        return []
    with driver_errors():
        found = database[carriers_collection(assembly)].find({"$or": where})
        documents = list(found.sort("_id", 1))
    return [_stretch(group) for group in _by_bin(documents)]


def forget_carriers(database: Database[Document], assembly: str, part: int) -> None:
    """Delete all carriers of a part."""
    low, high = bounds(part)
    collection = database[carriers_collection(assembly)]
    collection.delete_many({"_id": {"$gte": low, "$lt": high}})


class CarrierTable:
    """The carriers of one assembly, for questions; look-ups are coalesced.

    Args:
        database: Motor's.
        assembly: its name.
        deadline: seconds any single operation may take on the server.
    """

    def __init__(
        self, database: AsyncIOMotorDatabase[Document], assembly: str, deadline: float
    ) -> None:
        self._collection: AsyncIOMotorCollection[Document]
        self._collection = database[carriers_collection(assembly)]
        self._max_ms = int(deadline * 1000)
        self._bins: Coalescer[Bin, Stretch] = Coalescer(self._fetch)

    async def close(self) -> None:
        """Stop every look-up."""
        await self._bins.close()

    async def shares(
        self, part: int, alleles: Sequence[Allele], of: Collection[int] | None = None
    ) -> dict[Allele, Shares]:
        """Return what the people of a part add to alleles, of those it holds.

        Args:
            part: its number.
            alleles: what is asked for.
            of: people whose shares are needed, others are left unnamed; ``None``: all.
        """
        place_of = {a: bin_of(part, a.contig.rank, a.start) for a in alleles}
        found = await self._bins.get(tuple(dict.fromkeys(place_of.values())))
        said: dict[Allele, Shares] = {}
        for allele, place in place_of.items():
            if place not in found:
                continue
            spelled = (allele.start, allele.end, allele.reference, allele.alternate)
            shares = _shares_of(found[place], identity_of(*spelled), of)
            if shares is not None:
                said[allele] = shares
        return said

    async def stretches_of(self, bins: Sequence[Bin]) -> Mapping[Bin, Stretch]:
        """Return what there is of some bins of one part, in order.

        A few are read with those of other questions; of many, neighbours together.
        """
        if len(bins) <= _FEW:
            return await self._bins.get(bins)
        runs: list[tuple[Bin, Bin]] = []
        for place in bins:
            last = runs[-1][1] if runs else None
            if last is not None and _is_near(last, place):
                runs[-1] = runs[-1][0], place
            else:
                runs.append((place, place))
        spans = [(low.bounds[0], high.bounds[1]) for low, high in runs]
        found = await self._read(spans)
        wanted = set(bins)
        return {
            place: _stretch(group)
            for group in _by_bin(found)
            if (place := _bin(group)) in wanted
        }

    async def page(
        self, part: int, rank: int, starts: Bounds, size: int | None
    ) -> tuple[list[bytes], int]:
        """Return the packed blocks of a stretch, and up to which base they are all.

        Args:
            part: its number.
            rank: the contig's.
            starts: the stretch; what begins in its bins is in the blocks.
            size: documents to read; ``None``: all of them.
        """
        low, high = bounds(part, rank, starts.low, starts.high)
        where: Document = {"_id": {"$gte": low, "$lt": high}}
        with driver_errors():
            cursor = self._collection.find(where, max_time_ms=self._max_ms)
            found = await cursor.sort("_id", 1).limit(size or 0).to_list(size)
        end = starts.high
        if size is not None and len(found) == size:
            # The last bin may go on; its alleles are read with the next page.
            end = _bin(found[-1:]).first
            kept = [d for d in found if _bin([d]).first < end]
            if not kept:
                return await self.page(part, rank, _bin_at(end, starts), None)
            found = kept
        return [cast("bytes", d["b"]) for d in found], end

    async def stretches(
        self, part: int, rank: int, start: int, end: int
    ) -> AsyncIterator[Stretch]:
        """Yield the bins of a part that touch a span of a contig, in order."""
        low, high = bounds(part, rank, start, end)
        where: Document = {"_id": {"$gte": low, "$lt": high}}
        held: list[Document] = []
        while True:
            with driver_errors():
                cursor = self._collection.find(where, max_time_ms=self._max_ms)
                cursor.sort("_id", 1).limit(_PAGE).batch_size(_PAGE)
                page = await cursor.to_list(None)
            held += page
            groups = _by_bin(held)
            if len(page) == _PAGE:
                held = groups.pop()
            for group in groups:
                yield _stretch(group)
            if len(page) < _PAGE:
                return
            where = {"_id": {"$gt": page[-1]["_id"], "$lt": high}}

    async def _fetch(self, bins: list[Bin]) -> Mapping[Bin, Stretch]:
        groups = _by_bin(await self._read([place.bounds for place in bins]))
        return {_bin(group): _stretch(group) for group in groups}

    async def _read(self, spans: Sequence[tuple[bytes, bytes]]) -> list[Document]:
        where = [{"_id": {"$gte": low, "$lt": high}} for low, high in spans]
        with driver_errors():
            cursor = self._collection.find({"$or": where}, max_time_ms=self._max_ms)
            return await cursor.sort("_id", 1).to_list(None)


def _bin_at(first: int, starts: Bounds) -> Bounds:
    """Return what of a stretch lies in the bin that begins at ``first``."""
    return Bounds(low=max(first, starts.low), high=min(first + _BIN, starts.high))


def _is_near(one: Bin, other: Bin) -> bool:
    """Whether a bin follows another one closely, on the same contig."""
    if one[:2] != other[:2]:
        return False
    return other.first - one.first <= _NEAR << BIN_BITS


def _by_bin(documents: Sequence[Document]) -> list[list[Document]]:
    by_bin = groupby(documents, lambda d: cast("bytes", d["_id"])[:_BIN_ID])
    return [list(group) for _, group in by_bin]


def _bin(documents: Sequence[Document]) -> Bin:
    return Bin(*_PREFIX.unpack_from(cast("bytes", documents[0]["_id"])))


def _shares_of(
    stretch: Stretch, identity: Identity, of: Collection[int] | None
) -> Shares | None:
    for block in reversed(stretch.blocks):
        ordinal = block.find(identity)
        if ordinal is not None:
            return block.shares(ordinal, of)
    return None
