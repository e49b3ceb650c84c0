"""Leaving people out of a part's rows, by the carriers that were kept of them.

Rows whose counts change get a blob under a new field; what is there already is
not touched, so that whoever reads it meanwhile reads what was true before.  Rows
in which everybody who leaves is one of the many need nothing: the part's AN is
kept as differences from its baseline, and that is lowered instead.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, product
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
from pymongo import UpdateOne

from beacon.model.counts import Carriers, Layout, Tally
from beacon.model.errors import StoreUnavailable
from beacon.model.people import Otherwise, Share, left_of
from beacon.model.summary import Change as SummaryChange
from beacon.store.bins import EXISTING_BITS
from beacon.store.carrier_documents import read_carriers, sample_carriers
from beacon.store.carriers import shortened
from beacon.store.driver import (
    JOURNALED,
    Document,
    coverage_collection,
    driver_errors,
    long_collection,
    variants_collection,
    while_away,
)
from beacon.store.keys import contig_range, is_site, position_range, start_of
from beacon.store.packing import EXISTS, pack, structure_of, unpack
from beacon.store.row_cells import row_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from numpy.typing import NDArray
    from pymongo.database import Database

    from beacon.store.carrier_documents import Stretch
    from beacon.store.carriers import Block
    from beacon.store.release_documents import PartDocument
    from beacon.store.rows import Part, Rows

_BATCH = 4000
_QUEUED = 4
_SENDERS = 2
"""Batches on their way at once: each waits for the journal of the server."""
_DIPLOID = 2


class Leaver(NamedTuple):
    """Somebody who leaves a part.

    Attributes:
        person: their number.
        column: in which they are counted.
        lowered: copies by which the baseline is lowered for them.
    """

    person: int
    column: int
    lowered: int = _DIPLOID


class Change(NamedTuple):
    """A row whose counts change.

    Attributes:
        key: of the row; a hashed one without its salt.
        spelled: reference and alternate (shortened), where the key does not say.
        rank, start: where its allele begins.
        shares: what each of those who leave adds to it, in their order.
        otherwise: what the allele is when nobody carries it any more.
    """

    key: int | bytes
    spelled: tuple[str, str] | None
    rank: int
    start: int
    shares: tuple[Share, ...]
    otherwise: Otherwise | None = None


@dataclass(slots=True, kw_only=True)
class Effect:
    """What an overlay does to one release.

    Attributes:
        lost: alleles that nobody carries any more.
        lost_by_bin: the short ones of them, by contig and 8,192 bases.
        change: of its summary.
    """

    lost: int = 0
    lost_by_bin: Counter[tuple[int, int]] = field(default_factory=Counter)
    change: SummaryChange = field(default_factory=SummaryChange)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """One part's new state: who leaves it, and the field of the rows that change.

    Attributes:
        part: as it was.
        number: the new field.
        leavers: who leaves.
        assembly: its.
        ranks: of the contigs where it may have rows.
    """

    part: Part
    number: int
    leavers: tuple[Leaver, ...]
    assembly: str
    ranks: tuple[int, ...]

    @property
    def baseline(self) -> tuple[int, ...]:
        """AN by column that rows are kept as differences from, from now on."""
        lowered = list(self.part.baseline)
        for leaver in self.leavers:
            lowered[leaver.column] -= leaver.lowered
        return tuple(lowered)

    @property
    def everybody(self) -> tuple[int, ...]:
        """AN by column of everybody who stays."""
        lowered = list(self.part.everybody)
        for leaver in self.leavers:
            lowered[leaver.column] -= _DIPLOID
        return tuple(lowered)

    @property
    def layout(self) -> Layout:
        """What rows are packed with from now on."""
        return Layout(baseline=self.baseline, groups=())

    def over(self, parts: Sequence[PartDocument]) -> list[PartDocument]:
        """Return the parts of a release with this one in its new state."""
        return [self._over(p) if p["number"] == self.part.number else p for p in parts]

    def _over(self, part: PartDocument) -> PartDocument:
        gone = {*part.get("gone", ()), *(leaver.person for leaver in self.leavers)}
        return {
            **part,
            "fields": [self.number, *part["fields"]],
            "baseline": list(self.baseline),
            "everybody": list(self.everybody),
            "gone": sorted(gone),
        }


def usual_copies(
    database: Database[Document],
    assembly: str,
    part: int,
    ranks: Sequence[int],
    people: Sequence[int],
) -> list[int]:
    """Return of each person how many copies are called in most rows: 0, 1 or 2.

    Judged by some rows of every contig; a wrong guess costs time only.
    """
    seen = [Counter[int]() for _ in people]
    for block in sample_carriers(database, assembly, part, ranks):
        copies = block.values[:, 1]
        for person, counts in zip(people, seen, strict=True):
            called, sizes = np.unique(
                copies[block.standing(person)], return_counts=True
            )
            counts.update(dict(zip(called.tolist(), sizes.tolist(), strict=True)))
    most = (counts.most_common(1) for counts in seen)
    return [min(m[0][0], _DIPLOID) if m else _DIPLOID for m in most]


def changes(stretch: Stretch, leavers: Sequence[Leaver]) -> Iterator[Change]:
    """Yield the rows of a bin that the baseline does not account for."""
    for block, ordinals in stretch.latest():
        standing = [block.standing(leaver.person) for leaver in leavers]
        changed = np.zeros(len(block), dtype=np.bool_)
        for leaver, shares in zip(leavers, standing, strict=True):
            ac, an = block.values[:, 0], block.values[:, 1]
            changed |= ((ac != 0) | (an != leaver.lowered))[shares]
        if ordinals is not None:
            latest = np.zeros(len(block), dtype=np.bool_)
            latest[list(ordinals)] = True
            changed &= latest
        yield from _changes(block, changed.nonzero()[0], standing)


def _changes(
    block: Block, ordinals: NDArray[np.intp], standing: Sequence[NDArray[np.int64]]
) -> Iterator[Change]:
    if not len(ordinals):
        return
    table, rank = block.table, block.rank
    shares = zip(*(s[ordinals].tolist() for s in standing), strict=True)
    keys, otherwise = block.keys[ordinals].tolist(), block.otherwise
    for ordinal, key, mine in zip(ordinals.tolist(), keys, shares, strict=True):
        spelled = block.texts[ordinal] if key & 1 else None
        row = block.long_rows.get(ordinal, key) if key & 1 else key
        told = tuple(table[s] for s in mine)
        if is_site(key):  # a site says who was called there, whatever they carry
            told = tuple(Share(0, share.an) for share in told)
        start = start_of(key)
        yield Change(row, spelled, rank, start, told, otherwise.get(ordinal))


def lessened(tally: Tally, leavers: Sequence[Leaver], shares: Sequence[Share]) -> Tally:
    """Return a tally without what some people add to it.

    Raises:
        ValueError: when they add more than it holds, or it is not of people.
    """
    if tally.an is None or tally.carriers is None:
        message = f"{tally} is not of people"
        raise ValueError(message)
    an = list(tally.an)
    held = {c.column: [n or 0 for n in c[1:]] for c in tally.carriers}
    for leaver, share in zip(leavers, shares, strict=True):
        an[leaver.column] -= share.an
        if share.ac:
            counts = held.setdefault(leaver.column, [0, 0, 0, 0])
            less = (share.ac, share.hom, share.het, share.hemi)
            counts[:] = (c - n for c, n in zip(counts, less, strict=True))
    if min(an) < 0 or any(min(counts) < 0 for counts in held.values()):
        message = f"{shares} are more than {tally} holds"
        raise ValueError(message)
    left = (Carriers(column, *counts) for column, counts in held.items() if counts[0])
    return Tally(tuple(an), tuple(left), tally.untold)


class OverlayWriter:
    """Writes one overlay, and accounts what it does to the releases of the part.

    Args:
        database: of the store.
        overlay: what is written.
        holders: how each release that holds the part reads rows before and after.
        alive: is called often: it renews a lease.
    """

    def __init__(
        self,
        database: Database[Document],
        overlay: Overlay,
        holders: Mapping[int, tuple[Rows, Rows]],
        alive: Callable[[], None],
    ) -> None:
        self._short = database.get_collection(
            variants_collection(overlay.assembly), write_concern=JOURNALED
        )
        self._long = database.get_collection(
            long_collection(overlay.assembly), write_concern=JOURNALED
        )
        self._database = database
        self._overlay = overlay
        self._field = f"d.{overlay.number}"
        self._holders = holders
        self._before, self._after = overlay.part.layout, overlay.layout
        self._alive = alive
        fields = {f for rows in holders.values() for r in rows for f in r.fields}
        self._wanted: Document = {
            f"d.{name}": 1 for name in fields | {*overlay.part.fields}
        }
        self.effects = {number: Effect() for number in holders}
        self.written = 0

    def write(self) -> None:
        """Write the rows that change.

        Raises:
            StoreUnavailable: when the database fails, or rows and carriers disagree.
        """
        stretches = read_carriers(
            self._database, self._overlay.assembly, self._overlay.part.number
        )
        found = (c for s in stretches for c in changes(s, self._overlay.leavers))
        with ThreadPoolExecutor(_SENDERS) as pool:
            waiting: list[Future[None]] = []
            while batch := list(islice(found, _BATCH)):
                updates = self._updates(batch)
                while len(waiting) >= _QUEUED:
                    waiting.pop(0).result()
                waiting.append(pool.submit(self._send, *updates))
                self._alive()
            for future in waiting:
                future.result()

    def _send(self, short: list[UpdateOne], long: list[UpdateOne]) -> None:
        for collection, updates in ((self._short, short), (self._long, long)):
            if updates:
                while_away(partial(collection.bulk_write, updates, ordered=False))

    def _updates(
        self, batch: Sequence[Change]
    ) -> tuple[list[UpdateOne], list[UpdateOne]]:
        """Return the updates of short and of long rows."""
        with driver_errors():
            held = self._held(batch)
        updates: tuple[list[UpdateOne], list[UpdateOne]] = ([], [])
        for change in batch:
            row = held.get((change.key, change.spelled))
            if row is None:
                raise StoreUnavailable(self._disagree(change))
            counts = cast("dict[str, bytes]", row["d"])
            blob = self._lessened(change, counts)
            self._account(change, row, blob)
            is_long = isinstance(change.key, bytes)
            update = UpdateOne({"_id": row["_id"]}, {"$set": {self._field: blob}})
            updates[is_long].append(update)
        self.written += len(batch)
        return updates

    def _held(
        self, batch: Sequence[Change]
    ) -> dict[tuple[int | bytes, tuple[str, str] | None], Document]:
        """Return the rows of changes, by what those name."""
        plain = [c.key for c in batch if c.spelled is None]
        hashed = [c for c in batch if c.spelled is not None and isinstance(c.key, int)]
        long = {c.key: c.spelled for c in batch if isinstance(c.key, bytes)}
        found: dict[tuple[int | bytes, tuple[str, str] | None], Document] = {}
        for row in self._short.find({"_id": {"$in": plain}}, self._wanted):
            found[cast("int", row["_id"]), None] = row
        spelled = {**self._wanted, "r": 1, "a": 1}
        for row in self._long.find({"_id": {"$in": [*long]}}, spelled):
            key = cast("bytes", row["_id"])
            found[key, long[key]] = row
        keys = [c.key for c in hashed]
        for row in self._short.find({"_id": {"$in": keys}}, spelled):
            found[cast("int", row["_id"]), _spelled(row)] = row
        for change in hashed:
            if (change.key, change.spelled) not in found:
                self._find_salted(change, spelled, found)
        return found

    def _find_salted(
        self,
        change: Change,
        wanted: Document,
        found: dict[tuple[int | bytes, tuple[str, str] | None], Document],
    ) -> None:
        """Find the row of an allele whose key another allele has."""
        low, high = position_range(change.rank, change.start, change.start + 1)
        where: Document = {"_id": {"$gte": low, "$lt": high}, "r": {"$exists": True}}
        for row in self._short.find(where, wanted):
            if _spelled(row) == change.spelled:
                found[change.key, change.spelled] = row

    def _lessened(self, change: Change, counts: Mapping[str, bytes]) -> bytes:
        """Return what a row says without those who leave."""
        overlay = self._overlay
        blob = overlay.part.blob(counts)
        if blob is None:
            raise StoreUnavailable(self._disagree(change))
        tally, filters = unpack(blob, self._before)
        if tally.carriers is None and change.otherwise is Otherwise.LISTED:
            return blob  # its last carrier left before
        try:
            tally = lessened(tally, overlay.leavers, change.shares)
            tally, filters = left_of(tally, filters, change.otherwise)
            return pack(tally, filters, self._after, structure_of(blob))
        except ValueError as error:
            raise StoreUnavailable(self._disagree(change)) from error

    def _account(self, change: Change, row: Document, blob: bytes) -> None:
        """Note in which releases an allele is counted otherwise, or exists no more."""
        counts = cast("dict[str, bytes]", row["d"])
        old = self._overlay.part.blob(counts) or blob
        if not old[0] & EXISTS:
            return
        after = {**counts, str(self._overlay.number): blob}
        for number, (rows_before, rows_after) in self._holders.items():
            former = row_cell(rows_before, row, counts)
            cell = row_cell(rows_after, row, after)
            effect = self.effects[number]
            effect.change.move(change.rank, change.start, former, cell)
            if former is not None and cell is None:
                effect.lost += 1
                if isinstance(change.key, int):
                    effect.lost_by_bin[change.rank, change.start >> EXISTING_BITS] += 1

    def _disagree(self, change: Change) -> str:
        return (
            f"what is kept of the people of part {self._overlay.part.number} does not"
            f" fit its counts at contig {change.rank}, base {change.start}; load the"
            " files again without them"
        )


def _spelled(row: Mapping[str, object]) -> tuple[str, str]:
    return shortened(str(row["r"])), shortened(str(row["a"]))


def fold(
    database: Database[Document],
    overlay: Overlaid,
    assembly: str,
    ranks: Iterable[int],
    alive: Callable[[], None],
) -> None:
    """Put what an overlay says in the place of what it overlays.

    May be stopped and begun again at any time, and done twice at once.
    """
    target, source = f"d.{overlay.part}", f"d.{overlay.number}"
    change: list[Document] = [{"$set": {target: f"${source}"}}, {"$unset": source}]
    has: Document = {source: {"$exists": True}}
    long = long_collection(assembly)
    names = (variants_collection(assembly), coverage_collection(assembly), long)
    for name, rank in product(names, ranks):
        rows = database.get_collection(name, write_concern=JOURNALED)
        low, high = contig_range(rank)
        where: Document = {"_id": {"$gte": low, "$lt": high}, **has}
        if name == long:
            where = {"c": rank, **has}
        with driver_errors():
            found = (d["_id"] for d in rows.find(where, {"_id": 1}).batch_size(_BATCH))
            while keys := list(islice(found, _BATCH)):
                rows.update_many({"_id": {"$in": keys}, **has}, change)
                alive()


class Overlaid(NamedTuple):
    """A part, and the number of what overlays it."""

    part: int
    number: int
