"""Thousands of alleles, every dataset: read together, told one by one.

Two halves.  ``Places`` reads every row that begins at any of many places, in as
few ranges as that takes.  ``Telling`` says of each allele what ``lookup`` says of
it, and says it once for all alleles whose rows say the same of a dataset.  What is
asked of more than one allele's rows is not told here: ``is_told_together``.
"""

from __future__ import annotations

import asyncio
import struct
from collections import defaultdict
from itertools import chain, pairwise
from operator import is_
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar, cast

import bson

from beacon.model.findings import DatasetFindings, Place
from beacon.store.covering import asked_stretch, looked_at
from beacon.store.driver import (
    Document,
    driver_errors,
    is_long,
    long_collection,
    variants_collection,
)
from beacon.store.keys import SALTS, encode, is_hashed_key, place_key
from beacon.store.lookup import declares_more, place_declared, starts_of
from beacon.store.packing import everybody, exists
from beacon.store.runs import bin_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from motor.motor_asyncio import AsyncIOMotorCollection, AsyncIOMotorDatabase

    from beacon.model.counts import AlleleCounts
    from beacon.model.pattern import Spelling, VariantPattern
    from beacon.store.racks import Shelf
    from beacon.store.rows import Counts
    from beacon.store.tables import Table

A = TypeVar("A")
T = TypeVar("T")
Said = TypeVar("Said", covariant=True)

_HIGHEST_START = (1 << 28) - 1
_OFFSET = 1 << 63
_ALLELE_BITS = 31
_HEAD = struct.Struct("<i5xq")
"""A row's size, the name of its first member, and its key where that has 64 bits."""
_INT64 = 0x12
_BRANCHES = 100
"""Ranges of one question to the server; of more, each costs it more."""
_BY_KEY = "_id_"
"""The index that is named to the server, which plans each range for itself else."""
_MESSAGE = 500
"""Rows of one message: decoding them holds nobody up."""
_WORTH = 8.0
"""So many rows between two places are read rather than a range more begun."""
ASKED_AT_ONCE, TOLD_AT_ONCE = 200, 30
"""Alleles that are made ready, and told, before others get their turn."""
_REMEMBERED = 4096
"""Statements of one dataset that are kept."""
_NARROWEST, _WIDEST = 16.0, 4096.0
_USUAL = 200.0


def is_told_together(pattern: VariantPattern) -> bool:
    """Whether nothing but one allele is asked for, by its spellings."""
    return (
        pattern.contig is not None
        and not pattern.elsewhere
        and pattern.asks_spelling_only
    )


class Asked(NamedTuple):
    """One allele: the places and the keys its rows may have.

    Attributes:
        places: ``place_key`` of where it may begin.
        keys: of its short spellings in their order, with what tells a hashed one.
        is_elsewhere: whether a spelling begins at none of the places.
        is_long: whether a spelling is kept among long variants.
    """

    pattern: VariantPattern
    places: tuple[int, ...]
    keys: tuple[tuple[int, Spelling | None], ...]
    is_elsewhere: bool = False
    is_long: bool = False


def asked_of(pattern: VariantPattern) -> Asked:
    """Return where and under which keys to look for an allele."""
    rank = pattern.sequence.rank
    if len(pattern.spellings) == 1:
        start, reference, alternate = pattern.spellings[0]
        key = encode(rank, start, reference, alternate) if start >= 0 else 1
        if not is_hashed_key(key) and start <= _HIGHEST_START:
            return Asked(pattern, (place_key(rank, start),), ((key, None),))
    spellings = [s for s in pattern.spellings if 0 <= s[0] <= _HIGHEST_START]
    keys: list[tuple[int, Spelling | None]] = []
    has_long = False
    for spelling in spellings:
        start, reference, alternate = spelling
        if is_long(start, start + len(reference), alternate):
            has_long = True
            continue
        key = encode(rank, start, reference, alternate)
        if is_hashed_key(key):
            salted = (encode(rank, *spelling, salt) for salt in range(1, SALTS))
            keys += ((one, spelling) for one in (key, *salted))
        else:
            keys.append((key, None))
    if len(spellings) == 1:
        place = place_key(rank, spellings[0][0])
        return Asked(pattern, (place,), tuple(keys), is_long=has_long)
    starts = starts_of(spellings)
    places = tuple([place_key(rank, start) for start in starts])
    is_elsewhere = any(start not in starts for start, _, _ in spellings)
    return Asked(pattern, places, tuple(keys), is_elsewhere, is_long=has_long)


class Turns:
    """Does long work in stretches, one in each round of the event loop.

    However many pieces of work there are: what is asked for one answer waits for
    no more than a stretch.
    """

    def __init__(self) -> None:
        self._taken = asyncio.Lock()

    async def each(
        self, do: Callable[[A], T], items: Sequence[A], stretch: int
    ) -> list[T]:
        """Return what is made of each item, so many of them in one go."""
        done: list[T] = []
        for first in range(0, len(items), stretch):
            async with self._taken:
                done += map(do, items[first : first + stretch])
                await asyncio.sleep(0)
        return done


class Read(NamedTuple):
    """The rows that many alleles may need: by place, and by key, and bins by key."""

    there: Mapping[int, Sequence[Document]]
    elsewhere: Mapping[int, Document]
    bins: Mapping[int, Document]


class Places:
    """Reads the rows at thousands of places of one assembly.

    Where places stand close, what lies between is read, too: a range costs the
    server as much as eight rows.  How close is close follows from how many rows
    lay between places before.

    Args:
        deadline: seconds any single operation may take on the server.
    """

    def __init__(
        self, database: AsyncIOMotorDatabase[Document], assembly: str, deadline: float
    ) -> None:
        self._short: AsyncIOMotorCollection[Document]
        self._short = database[variants_collection(assembly)]
        self._long: AsyncIOMotorCollection[Document]
        self._long = database[long_collection(assembly)]
        self._max_ms = int(deadline * 1000)
        self._gap = _USUAL

    async def read(
        self, asked: Sequence[Asked], shelves: Sequence[Shelf], table: Table
    ) -> Read:
        """Return every row that answers to any of the alleles.

        Raises:
            StoreUnavailable: when the database fails or is too slow.
        """
        places = sorted({place for one in asked for place in one.places})
        there = await self._rows_at(places)
        classes = sorted({k for shelf in shelves for k in shelf.long_classes})
        if classes:
            for place, rows in (await self._long_at(places, classes)).items():
                there.setdefault(place, []).extend(rows)
        far = [key for one in asked if one.is_elsewhere for key, _ in one.keys]
        elsewhere = await table.rows.get(far) if far else {}
        bins: Mapping[int, Document] = {}
        if any(shelf.release.coverage is not None for shelf in shelves):
            stretches = ((a.pattern.sequence.rank, *_stretch(a)) for a in asked)
            keys = {key for one in stretches for key in bin_keys(*one)}
            bins = await table.bins.get(sorted(keys))
        return Read(there, elsewhere, bins)

    async def _rows_at(self, places: Sequence[int]) -> dict[int, list[Document]]:
        """Return the short rows that begin at some places, in order."""
        wanted = frozenset(places)
        there: dict[int, list[Document]] = defaultdict(list)
        ranges = list(_ranges(places, self._gap))
        seen = 0
        for first in range(0, len(ranges), _BRANCHES):
            branches = [_between(*r) for r in ranges[first : first + _BRANCHES]]
            where = branches[0] if len(branches) == 1 else {"$or": branches}
            with driver_errors():
                cursor = self._short.find_raw_batches(
                    where,
                    max_time_ms=self._max_ms,
                    batch_size=_MESSAGE,
                    hint=_BY_KEY,
                )
                async for message in cursor:
                    seen += _take(message, wanted, there)
        self._learn(ranges, seen)
        return there

    def _learn(self, ranges: Sequence[tuple[int, int]], seen: int) -> None:
        """Take note of how many rows stand between places."""
        bases = sum(last - first for first, last in ranges)
        if bases > _USUAL:
            self._gap = min(max(_WORTH * bases / (seen + 1), _NARROWEST), _WIDEST)

    async def _long_at(
        self, places: Sequence[int], classes: Sequence[int]
    ) -> dict[int, list[Document]]:
        """Return the long rows that begin at some places."""
        by_rank: dict[int, list[int]] = defaultdict(list)
        for place in places:
            by_rank[place >> 28].append(place & _HIGHEST_START)
        there: dict[int, list[Document]] = defaultdict(list)
        for rank, starts in by_rank.items():
            where: Document = {"c": rank, "k": {"$in": classes}, "s": {"$in": starts}}
            with driver_errors():
                cursor = self._long.find(where, max_time_ms=self._max_ms)
                found = await cursor.batch_size(_MESSAGE).to_list(None)
            for row in found:
                there[place_key(rank, cast("int", row["s"]))].append(row)
        return there


def _stretch(asked: Asked) -> tuple[int, int]:
    return asked_stretch(asked.pattern)


def _ranges(places: Sequence[int], gap: float) -> Iterator[tuple[int, int]]:
    """Yield the first and the last place of each range, from places in order."""
    if not places:
        return
    first = places[0]
    for one, other in pairwise(places):
        if other - one > gap:
            yield first, one
            first = other
    yield first, places[-1]


def _between(first: int, last: int) -> Document:
    """Return the condition on rows that begin from one place to another."""
    low, high = (p << _ALLELE_BITS for p in (first, last + 1))
    return {"_id": {"$gte": low - _OFFSET, "$lt": high - _OFFSET}}


def _take(
    message: bytes, wanted: frozenset[int], there: dict[int, list[Document]]
) -> int:
    """Keep the rows of a message that begin at wanted places; return how many came.

    Rows between are told by their key alone and are not decoded.
    """
    at = count = 0
    kept: list[bytes] = []
    places: list[int] = []
    size_and_key, end = _HEAD.unpack_from, len(message)
    while at < end:
        size, key = size_and_key(message, at)
        if message[at + 4] != _INT64:  # a small number is kept in 32 bits
            key = cast("int", bson.decode(message[at : at + size])["_id"])
        place = key + _OFFSET >> _ALLELE_BITS
        if place in wanted:
            kept.append(message[at : at + size])
            places.append(place)
        at += size
        count += 1
    for place, row in zip(places, bson.decode_all(b"".join(kept)), strict=True):
        there[place].append(row)
    return count


class _Blank(NamedTuple, Generic[T]):
    """What is told of an allele of a contig that no row tells of.

    Attributes:
        told: by dataset, in their order.
        loaded: which of them have the contig.
        by_field: which of them a row's field speaks for, where one field does.
        several: those that several fields speak for.
        declaring: those that declare where they looked.
        is_simple: whether there are neither of both.
        has_long: whether any that has the contig has long variants.
    """

    told: tuple[T, ...]
    loaded: tuple[int, ...]
    by_field: Mapping[str, int]
    several: tuple[int, ...]
    declaring: tuple[int, ...]
    is_simple: bool
    has_long: bool


class Sayer(Protocol[Said]):
    """Makes of findings what is said of them."""

    def state(self, found: DatasetFindings) -> Said:
        """Return what is said of one dataset's findings."""

    def counting(self, seen: DatasetFindings) -> Callable[[AlleleCounts], Said]:
        """Return what says of counts what ``state`` says of findings with them."""


class Teller(Generic[T]):
    """Tells of alleles, and remembers what it said as long as nothing changes.

    Args:
        sayer: makes of a dataset's findings what is said of them; the same, whatever
            the allele is, where rows hold the same bytes.
    """

    def __init__(self, sayer: Sayer[T]) -> None:
        self._sayer = sayer
        self._telling = Telling[T]((), sayer)

    def of(self, shelves: Sequence[Shelf]) -> Telling[T]:
        """Return what tells of the datasets as they are served now."""
        if not self._telling.is_of(shelves):
            self._telling = Telling(shelves, self._sayer)
        return self._telling


class Telling(Generic[T]):
    """Says of alleles what every dataset tells of them.

    Args:
        shelves: the datasets, all of one assembly.
        sayer: see ``Teller``.
    """

    def __init__(self, shelves: Sequence[Shelf], sayer: Sayer[T]) -> None:
        self._shelves = shelves
        self._say = sayer.state
        self._plain = [shelf.sayings.plain for shelf in shelves]
        self._count = [sayer.counting(shelf.sayings.seen) for shelf in shelves]
        self._blanks: dict[tuple[str, bool], _Blank[T]] = {}
        self._found: list[dict[object, T]] = [{} for _ in shelves]
        self._placed: list[dict[object, T]] = [{} for _ in shelves]

    def is_of(self, shelves: Sequence[Shelf]) -> bool:
        """Whether it tells of these datasets, and of nothing that they were before."""
        return len(shelves) == len(self._shelves) and all(
            all(map(is_, one, other))
            for one, other in zip(self._shelves, shelves, strict=True)
        )

    def told(self, asked: Asked, read: Read) -> Sequence[T] | None:
        """Return what is told of an allele by each dataset; ``None``: not here."""
        pattern = asked.pattern
        blank = self._blank(pattern)
        if asked.is_long and blank.has_long:
            return None
        there = read.there
        if len(asked.places) == 1:
            here = there.get(asked.places[0], ())
        else:
            here = [row for place in asked.places for row in there.get(place, ())]
        own = _own(asked, here, read.elsewhere)
        if blank.is_simple and len(own) <= 1:
            return self._told_simply(pattern, blank, own, here)
        told = list(blank.told)
        held = [cast("Counts", row["d"]) for row in here]
        counts = [cast("Counts", row["d"]) for row in own]
        silent = set(blank.declaring)
        for n in _spoken_for(blank, held, counts):
            key = self._key(n, counts)
            if key is None:
                told[n] = self._at_place(n, pattern, held)
            else:
                silent.discard(n)
                told[n] = self._of_rows(n, key, counts)
        for n in silent:
            told[n] = self._declared(n, asked, held, read)
        return told

    def _told_simply(
        self,
        pattern: VariantPattern,
        blank: _Blank[T],
        own: Sequence[Document],
        here: Sequence[Document],
    ) -> Sequence[T]:
        """Return what is told where an allele has one row at most, and rows are all."""
        if not here and not own:
            return blank.told
        told, numbers = list(blank.told), blank.by_field
        mine: Counts = own[0]["d"] if own else {}  # type: ignore[assignment]
        for field, blob in mine.items():
            n = numbers.get(field)
            if n is not None:
                told[n] = self._found[n].get(blob) or self._of_blob(n, blob, mine)
        if len(here) != len(own) or len(here) > 1:
            for n, rows in _beside(numbers, here, mine).items():
                told[n] = self._at_place(n, pattern, rows)
        return told

    def _blank(self, pattern: VariantPattern) -> _Blank[T]:
        name = pattern.sequence.name, pattern.is_provisional
        blank = self._blanks.get(name)
        if blank is None:
            blank = self._blanks[name] = self._new_blank(*name)
        return blank

    def _new_blank(self, contig: str, is_provisional: bool) -> _Blank[T]:  # noqa: FBT001 - a part of the key
        shelves = self._shelves
        loaded = [n for n, s in enumerate(shelves) if contig in s.release.contigs]
        several = tuple(n for n in loaded if shelves[n].rows.only is None)
        declaring = tuple(n for n in loaded if shelves[n].release.coverage is not None)
        return _Blank(
            tuple(
                self._say(
                    DatasetFindings(
                        dataset=shelf.dataset,
                        total=0,
                        place=Place(),
                        is_conclusive=not is_provisional,
                    )
                    if n in loaded
                    else DatasetFindings(
                        dataset=shelf.dataset, total=0, is_contig_loaded=False
                    )
                )
                for n, shelf in enumerate(shelves)
            ),
            tuple(loaded),
            {only: n for n in loaded if (only := shelves[n].rows.only) is not None},
            several,
            declaring,
            not several and not declaring,
            any(shelves[n].long_classes for n in loaded),
        )

    def _key(self, n: int, own: Sequence[Counts]) -> object:
        """Return what tells apart what rows of an allele say of a dataset."""
        rows = self._shelves[n].rows
        if len(own) == 1:
            return rows.key(own[0])
        keys = tuple(map(rows.key, own))
        return None if keys.count(None) == len(keys) else keys

    def _of_rows(self, n: int, key: object, own: Sequence[Counts]) -> T:
        """Return what is told where a dataset has rows of the allele."""
        known = self._found[n]
        said = known.get(key)
        if said is None:
            said = self._read(n, own)
            _remember(known, key, said)
        return said

    def _of_blob(self, n: int, blob: bytes, own: Counts) -> T:
        """Return the same where an allele has one row, which holds this of it."""
        layout = self._plain[n]
        if layout is None or not exists(blob):
            return self._of_rows(n, blob, (own,))
        said = self._count[n](everybody(blob, layout))
        _remember(self._found[n], blob, said)
        return said

    def _read(self, n: int, own: Sequence[Counts]) -> T:
        """Return what is told by the rows of an allele that a dataset holds.

        The first that is carried answers; see ``racks``.
        """
        shelf = self._shelves[n]
        for counts in own:
            if shelf.rows.exists(counts):
                return self._count[n](shelf.sayings.everybody(counts))
        held = [counts for counts in own if shelf.rows.key(counts) is not None]
        return self._say(shelf.sayings.not_carried(held))

    def _at_place(self, n: int, pattern: VariantPattern, held: Sequence[Counts]) -> T:
        """Return what is told where a dataset lacks the allele, by its place."""
        shelf = self._shelves[n]
        keys = frozenset(filter(None, map(shelf.rows.key, held)))
        if not keys:
            return self._blank(pattern).told[n]
        name = keys, pattern.is_provisional
        said = self._placed[n].get(name)
        if said is None:
            said = self._missing(n, pattern, shelf.sayings.beside(held))
            _remember(self._placed[n], name, said)
        return said

    def _missing(self, n: int, pattern: VariantPattern, place: Place) -> T:
        """Return what is told where a dataset lacks an allele, by what it says."""
        name = place, pattern.is_provisional
        said = self._placed[n].get(name)
        if said is None:
            is_conclusive = not pattern.is_provisional
            sayings = self._shelves[n].sayings
            said = self._say(sayings.silent(place, is_conclusive=is_conclusive))
            _remember(self._placed[n], name, said)
        return said

    def _declared(self, n: int, asked: Asked, held: Sequence[Counts], read: Read) -> T:
        """Return what is told of a place where a dataset declares what it saw."""
        shelf, pattern = self._shelves[n], asked.pattern
        place, stretch = shelf.sayings.beside(held), _stretch(asked)
        if declares_more([shelf], {shelf.dataset.id: place}, stretch):
            rank = pattern.sequence.rank
            looked = looked_at([shelf], rank, stretch, read.bins)
            seen = looked[shelf.release.number]
            place = place_declared(place, shelf.release, seen)
        return self._missing(n, pattern, place)


def _remember(known: dict[object, T], key: object, said: T) -> None:
    """Keep what was said; all is forgotten when it becomes too much."""
    if len(known) >= _REMEMBERED:
        known.clear()
    known[key] = said


def _own(
    asked: Asked, here: Sequence[Document], elsewhere: Mapping[int, Document]
) -> list[Document]:
    """Return the rows of an allele, in the order of its spellings.

    A hash may have named another allele; it is left out.
    """
    if not here and not asked.is_elsewhere:
        return []
    if len(asked.keys) == 1 and not asked.is_elsewhere:
        key, hashed = asked.keys[0]
        if hashed is None:
            return [row for row in here if row["_id"] == key]
    by_key = {row["_id"]: row for row in here}
    own: list[Document] = []
    for key, hashed in asked.keys:
        row = by_key.get(key)
        if row is None and asked.is_elsewhere:
            row = elsewhere.get(key)
        if row is None:
            continue
        if hashed is None or (row.get("r"), row.get("a")) == hashed[1:]:
            own.append(row)
    return own


def _beside(
    numbers: Mapping[str, int], here: Iterable[Document], mine: Counts
) -> dict[int, list[Counts]]:
    """Return the rows that speak of datasets which an allele's own row does not."""
    found: dict[int, list[Counts]] = {}
    for row in here:
        counts: Counts = row["d"]  # type: ignore[assignment]
        for field in counts:
            n = numbers.get(field)
            if n is not None and field not in mine:
                found.setdefault(n, []).append(counts)
    return found


def _spoken_for(
    blank: _Blank[T], held: Iterable[Counts], own: Iterable[Counts]
) -> set[int]:
    """Return the datasets that rows may speak of."""
    by_field = blank.by_field
    named = {by_field.get(field) for field in chain(*held, *own)}
    return {n for n in named if n is not None}.union(blank.several)
