"""Thousands of alleles, every dataset: read together, told one by one.

Two halves.  ``Places`` reads every row that begins at any of many places, in as
few ranges as that takes, and decodes none.  ``Telling`` says of each allele what
``lookup`` says of it, and says it once for all alleles whose rows hold the same
bytes.  What is asked of more than one allele's rows is not told here:
``is_told_together``.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import chain, pairwise
from operator import is_
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar, cast

from beacon.model.counts import AlleleCounts
from beacon.model.findings import Place
from beacon.model.wording import Cells
from beacon.store.cells import Fields, cells_of
from beacon.store.covering import looked_at, spelled_stretch
from beacon.store.driver import (
    Document,
    driver_errors,
    is_long,
    long_collection,
    variants_collection,
)
from beacon.store.keys import SALTS, encode, is_hashed_key, place_key, spelled_bits
from beacon.store.lookup import declares_more, place_declared, starts_of
from beacon.store.messages import counts_of, find_raw, spelling_of
from beacon.store.packing import everybody, exists
from beacon.store.runs import bin_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from motor.motor_asyncio import AsyncIOMotorCollection, AsyncIOMotorDatabase

    from beacon.model.findings import DatasetFindings
    from beacon.model.genome import Contig
    from beacon.model.outline import Spelled
    from beacon.model.pattern import Spelling, VariantPattern
    from beacon.store.messages import Row
    from beacon.store.racks import Shelf
    from beacon.store.rows import Counts
    from beacon.store.tables import Table

A = TypeVar("A")
T = TypeVar("T")
J = TypeVar("J")
Joined = TypeVar("Joined", covariant=True)

_HIGHEST_START = (1 << 28) - 1
_OFFSET = 1 << 63
_ALLELE_BITS, _POSITION_BITS = 31, 28
_BRANCHES = 100
"""Ranges of one question to the server; of more, each costs it more."""
_BY_KEY = "_id_"
"""The index that is named to the server, which plans each range for itself else."""
_MESSAGE = 500
"""Long rows of one message: decoding them holds nobody up."""
_WORTH = 20.0
"""So many rows between two places are read rather than a range more begun."""
ASKED_AT_ONCE, TOLD_AT_ONCE = 500, 250
"""Alleles that are made ready, and told, before others get their turn."""
_REMEMBERED = 8192
"""Statements of one dataset that are kept, and as many of all together."""
_CALLED = Place(an=1, has_record=True)
_NO_ROW = b"", False
_NARROWEST, _WIDEST = 16.0, 4096.0
_USUAL = 200.0

Laid = Callable[[Cells], Sequence[J]]
Sought = tuple["Contig", "Spelled"]
"""An allele that is asked for."""


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

    places: tuple[int, ...]
    keys: tuple[tuple[int, Spelling | None], ...]
    is_elsewhere: bool = False
    is_long: bool = False


def key_or_asked(sought: Sought) -> int | Asked:
    """Return the key of an allele that has no other; of others all there is to ask."""
    contig, (spellings, _) = sought
    if len(spellings) == 1:
        start, reference, alternate = spellings[0]
        bits = spelled_bits(reference, alternate)
        if not bits & 1 and 0 <= start <= _HIGHEST_START:
            place = contig.rank << _POSITION_BITS | start
            return (place << _ALLELE_BITS | bits) - _OFFSET
    return asked_of(contig.rank, spellings)


def asked_of(rank: int, every: Sequence[Spelling]) -> Asked:
    """Return where and under which keys to look for an allele."""
    spellings = [s for s in every if 0 <= s[0] <= _HIGHEST_START]
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
    starts = starts_of(spellings)
    places = tuple([place_key(rank, start) for start in starts])
    is_elsewhere = any(start not in starts for start, _, _ in spellings)
    return Asked(places, tuple(keys), is_elsewhere, is_long=has_long)


class Rounds:
    """Does long work in stretches, one in each round of the event loop.

    However many pieces of work there are: what is asked for one answer waits for
    no more than a stretch.

    Args:
        is_shared: whether others may wait for a round; else work is done in one go.
    """

    def __init__(self, *, is_shared: bool = True) -> None:
        self._taken = asyncio.Lock()
        self._is_shared = is_shared

    async def each(
        self, do: Callable[[A], T], items: Sequence[A], stretch: int
    ) -> list[T]:
        """Return what is made of each item, so many of them in one go."""
        return await self.several(lambda some: map(do, some), items, stretch)

    async def several(
        self,
        do: Callable[[Sequence[A]], Iterable[T]],
        items: Sequence[A],
        stretch: int,
    ) -> list[T]:
        """Return the same of what is done with all items of a stretch together."""
        if not self._is_shared:
            return list(do(items))
        done: list[T] = []
        for first in range(0, len(items), stretch):
            async with self._taken:
                done += do(items[first : first + stretch])
                await asyncio.sleep(0)
        return done


class Read(NamedTuple):
    """The rows that many alleles may need.

    Attributes:
        there: by place, in order, as they came.
        long: long rows, by place.
        elsewhere: rows that begin at none of the places, by key.
        bins: what datasets declare, by key.
    """

    there: Mapping[int, Sequence[Row]]
    long: Mapping[int, Sequence[Document]]
    elsewhere: Mapping[int, bytes]
    bins: Mapping[int, Document]


class Places:
    """Reads the rows at thousands of places of one assembly.

    Where places stand close, what lies between is read, too: a range costs the
    server as much as ten rows, and us more than those.  How close is close follows
    from how many rows lay between places before.

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
        self,
        sought: Sequence[Sought],
        asked: Sequence[int | Asked],
        shelves: Sequence[Shelf],
        table: Table,
    ) -> Read:
        """Return every row that answers to any of the alleles.

        Raises:
            StoreUnavailable: when the database fails or is too slow.
        """
        others = [one for one in asked if not isinstance(one, int)]
        found = {one + _OFFSET >> _ALLELE_BITS for one in asked if isinstance(one, int)}
        found.update(place for one in others for place in one.places)
        places = sorted(found)
        there = await self._rows_at(places)
        classes = sorted({k for shelf in shelves for k in shelf.long_classes})
        long = await self._long_at(places, classes) if classes else {}
        far = [key for one in others if one.is_elsewhere for key, _ in one.keys]
        elsewhere = await self._rows_of(far) if far else {}
        bins: Mapping[int, Document] = {}
        if any(shelf.release.coverage is not None for shelf in shelves):
            stretches = ((one[0].rank, *_stretch(one)) for one in sought)
            keys = {key for one in stretches for key in bin_keys(*one)}
            bins = await table.bins.get(sorted(keys))
        return Read(there, long, elsewhere, bins)

    async def _rows_at(self, places: Sequence[int]) -> dict[int, list[Row]]:
        """Return the short rows that begin at some places, in order."""
        there: dict[int, list[Row]] = defaultdict(list)
        ranges = list(_ranges(places, self._gap))
        seen = 0
        for first in range(0, len(ranges), _BRANCHES):
            branches = [_between(*r) for r in ranges[first : first + _BRANCHES]]
            where: Document = {"$or": branches} if branches[1:] else branches[0]
            async for rows in find_raw(self._short, where, _BY_KEY, self._max_ms):
                seen += len(rows)
                for place, row in rows.at(places):
                    there[place].append(row)
        self._learn(ranges, seen)
        return there

    async def _rows_of(self, keys: Sequence[int]) -> dict[int, bytes]:
        """Return the short rows of some keys."""
        found: dict[int, bytes] = {}
        where: Document = {"_id": {"$in": list(keys)}}
        async for rows in find_raw(self._short, where, _BY_KEY, self._max_ms):
            found.update(rows.every())
        return found

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


def _stretch(sought: Sought) -> tuple[int, int]:
    contig, allele = sought
    return spelled_stretch(allele.spellings, contig.length)


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


class _Blank(Generic[T, J]):
    """What is told of alleles of a contig.

    Attributes:
        told: of one that no row tells of, by dataset, in their order.
        joined: all of that.
        known: what is told by the only row at a place, by what it holds, where it is
            of the allele itself, and where it is of another.
        known_by_several: what is told by several rows.
        lacking: by dataset, what tells of no copies among those that were called.
        is_provisional: whether their spellings may not be all.
        laid: says all of many alleles at once, by what the only row at each's place
            counts, where it is of the allele itself, and where it is of another.
        by_field: which datasets a row's field speaks for, where one field does.
        fields: the same, as rows are read by them all at once.
        several: those that several fields speak for.
        declaring: those that declare where they looked.
        has_long: whether any that has the contig has long variants.
    """

    __slots__ = (
        "by_field",
        "declaring",
        "fields",
        "has_long",
        "is_provisional",
        "joined",
        "known",
        "known_by_several",
        "lacking",
        "laid",
        "several",
        "told",
    )

    def __init__(
        self,
        shelves: Sequence[Shelf],
        contig: str,
        told: Sequence[T],
        joined: J,
        laid: tuple[Laid[J], Laid[J]],
        *,
        is_provisional: bool,
    ) -> None:
        loaded = [n for n, s in enumerate(shelves) if contig in s.release.contigs]
        fields = {n: shelves[n].rows.only for n in loaded}
        self.told = told
        self.joined = joined
        self.laid = laid
        self.is_provisional = is_provisional
        self.known: tuple[dict[object, J], dict[object, J]] = {}, {}
        self.known_by_several: dict[object, J] = {}
        self.lacking: dict[int, Callable[[AlleleCounts], T]] = {}
        self.by_field = {only: n for n, only in fields.items() if only is not None}
        self.several = [n for n in loaded if fields[n] is None]
        self.declaring = [n for n in loaded if shelves[n].release.coverage is not None]
        self.has_long = any(shelves[n].long_classes for n in loaded)
        self.fields = Fields.of(self.by_field, [s.sayings.plain for s in shelves])


class Sayer(Protocol[T, Joined]):
    """Makes of findings what is said of them."""

    def state(self, found: DatasetFindings) -> T:
        """Return what is said of one dataset's findings."""

    def counting(self, found: DatasetFindings) -> Callable[[AlleleCounts], T]:
        """Return what says of counts what ``state`` says of findings with them."""

    def joined(self, words: Sequence[T]) -> Joined:
        """Return what is said of an allele, by what each dataset says."""

    def laid(
        self, words: Sequence[T], seen: Sequence[DatasetFindings]
    ) -> Callable[[Cells], Sequence[Joined]]:
        """Return what says all of many alleles at once; see ``Stating.laid``."""


class Teller(Generic[T, J]):
    """Tells of alleles, and remembers what it said as long as nothing changes.

    Args:
        sayer: makes of a dataset's findings what is said of them; the same, whatever
            the allele is, where rows hold the same bytes.
    """

    def __init__(self, sayer: Sayer[T, J]) -> None:
        self._sayer = sayer
        self._telling = Telling[T, J]((), sayer)

    def of(self, shelves: Sequence[Shelf]) -> Telling[T, J]:
        """Return what tells of the datasets as they are served now."""
        if not self._telling.is_of(shelves):
            self._telling = Telling(shelves, self._sayer)
        return self._telling


class Telling(Generic[T, J]):
    """Says of alleles what every dataset tells of them.

    Args:
        shelves: the datasets, all of one assembly.
        sayer: see ``Teller``.
    """

    def __init__(self, shelves: Sequence[Shelf], sayer: Sayer[T, J]) -> None:
        self._shelves = shelves
        self._sayer = sayer
        self._say = sayer.state
        self._join = sayer.joined
        self._plain = [shelf.sayings.plain for shelf in shelves]
        self._count = [sayer.counting(shelf.sayings.seen) for shelf in shelves]
        self._blanks: dict[tuple[str, bool], _Blank[T, J]] = {}
        self._found: list[dict[object, T]] = [{} for _ in shelves]
        self._placed: list[dict[object, T]] = [{} for _ in shelves]

    def is_of(self, shelves: Sequence[Shelf]) -> bool:
        """Whether it tells of these datasets, and of nothing that they were before."""
        return len(shelves) == len(self._shelves) and all(
            all(map(is_, one, other))
            for one, other in zip(self._shelves, shelves, strict=True)
        )

    def told(
        self, pairs: Sequence[tuple[Sought, int | Asked]], read: Read
    ) -> list[J | None]:
        """Return what is told of alleles by each dataset; ``None``: not here."""
        said: list[J | None] = [None] * len(pairs)
        new: dict[tuple[_Blank[T, J], bool], dict[bytes, list[int]]] = {}
        for number, (sought, asked) in enumerate(pairs):
            contig, (_, is_provisional) = sought
            blank = self._blanks.get((contig.name, is_provisional))
            if blank is None:
                blank = self._new_blank(contig.name, is_provisional=is_provisional)
            only = _only_row(asked, blank, read)
            if only is None:
                said[number] = self._told(sought, asked, blank, read)
                continue
            row, is_beside = only
            words = blank.known[is_beside].get(row) if row else blank.joined
            if words is None:
                rows = new.setdefault((blank, is_beside), {})
                rows.setdefault(row, []).append(number)
            said[number] = words
        for (blank, is_beside), rows in new.items():
            told = self._told_anew(blank, list(rows), is_beside=is_beside)
            for numbers, words in zip(rows.values(), told, strict=True):
                for number in numbers:
                    said[number] = words
        return said

    def _told_anew(
        self, blank: _Blank[T, J], rows: Sequence[bytes], *, is_beside: bool
    ) -> Sequence[J]:
        """Return what is told of alleles by the only row at each's place, and keep it.

        Args:
            blank: what is told of the contig.
            rows: different ones.
            is_beside: whether they are of other alleles than those that are asked for.
        """
        alone, laid = set(range(len(rows))), iter(cast("Sequence[J]", ()))
        if not blank.several:
            cells, left = cells_of(rows, blank.fields, is_beside=is_beside)
            alone, laid = set(left), iter(blank.laid[is_beside](cells))
        said: list[J] = []
        for number, row in enumerate(rows):
            if number in alone:
                held = [counts_of(row)]
                own = () if is_beside else held
                words = self._join(self._told_by_rows(blank, own, held))
            else:
                words = next(laid)
            _remember(blank.known[is_beside], row, words)
            said.append(words)
        return said

    def _told(
        self,
        sought: Sought,
        asked: int | Asked,
        blank: _Blank[T, J],
        read: Read,
    ) -> J | None:
        """Return the same of any allele."""
        if isinstance(asked, int):
            asked = Asked((asked + _OFFSET >> _ALLELE_BITS,), ((asked, None),))
        if asked.is_long and blank.has_long:
            return None
        rows = [row for place in asked.places for row in read.there.get(place, ())]
        own = _own(asked, rows, read.elsewhere)
        long = [d for place in asked.places for d in read.long.get(place, ())]
        if blank.declaring or long:
            mine = list(map(counts_of, own))
            held = [counts_of(row) for _, row in rows]
            held += [cast("Counts", document["d"]) for document in long]
            told = self._told_by_rows(blank, mine, held)
            for n in blank.declaring:
                if self._key(n, mine) is None:
                    told[n] = self._declared(n, sought, blank, held, read)
            return self._join(told)
        if not rows and not own:
            return blank.joined
        name = (*own, None, *[row for _, row in rows])
        said = blank.known_by_several.get(name)
        if said is None:
            mine = list(map(counts_of, own))
            held = [counts_of(row) for _, row in rows]
            said = self._join(self._told_by_rows(blank, mine, held))
            _remember(blank.known_by_several, name, said)
        return said

    def _told_by_rows(
        self, blank: _Blank[T, J], own: Sequence[Counts], held: Sequence[Counts]
    ) -> list[T]:
        """Return what each dataset tells by rows, whatever it declares.

        Args:
            blank: what they tell of the contig.
            own: the rows of the allele, in the order of its spellings.
            held: the rows that begin where it may begin.
        """
        told = list(blank.told)
        if blank.several or len(own) > 1:
            for n in _spoken_for(blank, held, own):
                key = self._key(n, own)
                told[n] = (
                    self._at_place(n, blank, held)
                    if key is None
                    else self._of_rows(n, key, own)
                )
            return told
        numbers = blank.by_field
        mine: Counts = own[0] if own else {}
        for field, blob in mine.items():
            number = numbers.get(field)
            if number is not None:
                said = self._found[number].get(blob)
                told[number] = (
                    self._of_blob(number, blob, mine) if said is None else said
                )
        if len(held) != len(own) or len(held) > 1:
            for n, rows in _beside(numbers, held, mine).items():
                told[n] = self._at_place(n, blank, rows)
        return told

    def _new_blank(self, contig: str, *, is_provisional: bool) -> _Blank[T, J]:
        told = [
            self._say(
                shelf.sayings.silent(Place(), is_conclusive=not is_provisional)
                if contig in shelf.release.contigs
                else shelf.sayings.not_loaded
            )
            for shelf in self._shelves
        ]
        seen = [shelf.sayings.seen for shelf in self._shelves]
        lacking = [
            shelf.sayings.silent(_CALLED, is_conclusive=not is_provisional)
            for shelf in self._shelves
        ]
        blank = _Blank(
            self._shelves,
            contig,
            told,
            self._join(told),
            (self._sayer.laid(told, seen), self._sayer.laid(told, lacking)),
            is_provisional=is_provisional,
        )
        self._blanks[contig, is_provisional] = blank
        return blank

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

    def _at_place(self, n: int, blank: _Blank[T, J], held: Sequence[Counts]) -> T:
        """Return what is told where a dataset lacks the allele, by its place."""
        shelf = self._shelves[n]
        keys = frozenset(filter(None, map(shelf.rows.key, held)))
        if not keys:
            return blank.told[n]
        name = keys, blank.is_provisional
        said = self._placed[n].get(name)
        if said is None:
            said = self._missing(n, blank, shelf.sayings.beside(held))
            _remember(self._placed[n], name, said)
        return said

    def _missing(self, n: int, blank: _Blank[T, J], place: Place) -> T:
        """Return what is told where a dataset lacks an allele, by what it says."""
        name = place, blank.is_provisional
        said = self._placed[n].get(name)
        if said is None:
            said = self._silent(n, blank, place)
            _remember(self._placed[n], name, said)
        return said

    def _silent(self, n: int, blank: _Blank[T, J], place: Place) -> T:
        """Return the same, worked out: of a place where copies were called by them."""
        sayings, is_conclusive = self._shelves[n].sayings, not blank.is_provisional
        if place != Place(an=place.an, has_record=True) or not place.an:
            return self._say(sayings.silent(place, is_conclusive=is_conclusive))
        lacking = blank.lacking.get(n)
        if lacking is None:
            called = sayings.silent(_CALLED, is_conclusive=is_conclusive)
            lacking = blank.lacking[n] = self._sayer.counting(called)
        return lacking(AlleleCounts(ac=0, an=place.an, hom=0, het=0, hemi=0))

    def _declared(
        self,
        n: int,
        sought: Sought,
        blank: _Blank[T, J],
        held: Sequence[Counts],
        read: Read,
    ) -> T:
        """Return what is told of a place where a dataset declares what it saw."""
        shelf, rank = self._shelves[n], sought[0].rank
        place, stretch = shelf.sayings.beside(held), _stretch(sought)
        if declares_more([shelf], {shelf.dataset.id: place}, stretch):
            looked = looked_at([shelf], rank, stretch, read.bins)
            seen = looked[shelf.release.number]
            place = place_declared(place, shelf.release, seen)
        return self._missing(n, blank, place)


def _remember(known: dict[object, A], key: object, said: A) -> None:
    """Keep what was said; all is forgotten when it becomes too much."""
    if len(known) >= _REMEMBERED:
        known.clear()
    known[key] = said


def _only_row(
    asked: int | Asked, blank: _Blank[T, J], read: Read
) -> tuple[bytes, bool] | None:
    """Return the only row where an allele may be, and whether it is of another one.

    No bytes: there is no row.  ``None`` where more decides: several rows, coverage,
    long variants, or a hash, by which a row may be of the allele, or not.
    """
    if isinstance(asked, int):
        place = asked + _OFFSET >> _ALLELE_BITS
        here = read.there.get(place, ())
        has_long = place in read.long
    elif asked.is_elsewhere or asked.is_long:
        return None
    else:
        here = [row for place in asked.places for row in read.there.get(place, ())]
        has_long = any(place in read.long for place in asked.places)
    if blank.declaring or len(here) > 1 or has_long:
        return None
    if not here:
        return _NO_ROW
    key, row = here[0]
    if isinstance(asked, int):
        return row, key != asked
    for one, hashed in asked.keys:
        if key == one:
            return None if hashed else (row, False)
    return row, True


def _own(
    asked: Asked, here: Sequence[Row], elsewhere: Mapping[int, bytes]
) -> list[bytes]:
    """Return the rows of an allele, in the order of its spellings.

    A hash may have named another allele; it is left out.
    """
    if not here and not asked.is_elsewhere:
        return []
    by_key = dict(here)
    own: list[bytes] = []
    for key, hashed in asked.keys:
        row = by_key.get(key)
        if row is None and asked.is_elsewhere:
            row = elsewhere.get(key)
        if row is None:
            continue
        if hashed is None or spelling_of(row) == hashed[1:]:
            own.append(row)
    return own


def _beside(
    numbers: Mapping[str, int], held: Iterable[Counts], mine: Counts
) -> dict[int, list[Counts]]:
    """Return the rows that speak of datasets which an allele's own row does not."""
    found: dict[int, list[Counts]] = {}
    for counts in held:
        for field in counts:
            n = numbers.get(field)
            if n is not None and field not in mine:
                found.setdefault(n, []).append(counts)
    return found


def _spoken_for(
    blank: _Blank[T, J], held: Iterable[Counts], own: Iterable[Counts]
) -> set[int]:
    """Return the datasets that rows may speak of."""
    by_field = blank.by_field
    named = {by_field.get(field) for field in chain(*held, *own)}
    return {n for n in named if n is not None}.union(blank.several)
