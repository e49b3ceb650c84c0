"""One allele, every dataset: is it there, and if not, what stands in its place.

First its keys (one for each spelling), then, only for datasets that hold none
of them, the rows that begin at the same positions, then, where none of them
answers, what the dataset declares of where it looked.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from beacon.model.counts import SKIPPED
from beacon.model.dataset import CoverageKind
from beacon.model.findings import Coverage, Place
from beacon.model.query import Granularity
from beacon.store.covering import asked_stretch, look_along, look_at
from beacon.store.driver import is_long
from beacon.store.keys import (
    SALTS,
    encode,
    is_hashed,
    is_hashed_key,
    is_site,
    long_key,
)
from beacon.store.racks import Held, Rack, Told
from beacon.store.racks import Shelf as Shelf  # what questions are asked of, too

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from beacon.model.dataset import Release
    from beacon.model.findings import DatasetFindings
    from beacon.model.genome import Contig
    from beacon.model.outline import Outline, Spelled
    from beacon.model.pattern import Spelling, VariantPattern
    from beacon.model.variant import Allele
    from beacon.store.covering import Looked
    from beacon.store.driver import Document
    from beacon.store.individuals import Individuals
    from beacon.store.joint import Joint
    from beacon.store.racks import Standing
    from beacon.store.rows import Counts
    from beacon.store.tables import PlaceKey, Row, Table

_HIGHEST_START = (1 << 28) - 1
_PLACES = 3
_SEVERAL = 2


async def look_up(
    pattern: VariantPattern,
    shelves: Sequence[Shelf],
    table: Table,
    individuals: Individuals | None = None,
    joint: Joint | None = None,
    granularities: Mapping[str, Granularity] = MappingProxyType({}),
    silent: Collection[str] = (),
) -> list[DatasetFindings]:
    """Return what every dataset says of the one allele that is asked for.

    Of several datasets one usually lacks the allele, so its place is read at
    once: it holds the allele's rows, too.  An id that spells no bases names the
    place only.

    Args:
        pattern: asks for one allele.
        shelves: the datasets.
        table: where their rows are.
        individuals: whom counts leave out or set apart.
        joint: whom counts are of.
        granularities: by id; below record one shows no variant.
        silent: ids of datasets that never say why they lack it, so that nothing more
            is asked for them, and no time is spent, than where they have it.
    """
    standing = Rack.of(shelves).standing(pattern.sequence)
    asked = Asked(pattern, table, individuals, has_long=standing.has_long)
    there: list[Row] | None = None
    if asked.is_of_a_place or (standing.count > 1 and asked.stands_at_its_places):
        there = await asked.rows_there()
    held = asked.of_pattern(await asked.rows() if there is None else there)
    levels = granularities if individuals is None else {}
    told = Told(standing, held, levels, is_conclusive=not pattern.is_provisional)
    if not told.own.issuperset(standing.resting(silent)):
        told.rest_on(await asked.rows_there() if there is None else there)
    found = told.findings
    open_ = _open(standing, told.own, silent)
    if open_:
        await _declare(pattern, standing, open_, found, table, individuals, joint)
    if individuals is None:
        return found
    pairs = zip(standing.shelves, found, strict=True)
    return [await individuals.told(shelf, one) for shelf, one in pairs]


async def look_up_alike(
    outline: Outline,
    allele: Spelled,
    shelves: Rack,
    table: Table,
    granularities: Mapping[str, Granularity],
    until: float,
    silent: Collection[str] = (),
) -> Sequence[DatasetFindings]:
    """Return what ``look_up`` gives for the question of a plain outline.

    A spelling whose key is written out has that key, which no other allele has, and
    is never kept as a long row: where it is the only one, no pattern need be made to
    find it at its place.

    It is wanted ``until`` then (``time.monotonic``).
    """
    standing = shelves.standing(outline.contig)
    start, ref, alt = allele.spellings[0]
    rank, is_only = outline.contig.rank, len(allele.spellings) == 1
    key = encode(rank, start, ref, alt) if is_only and start >= 0 else None
    if key is None or is_hashed_key(key) or standing.count < _SEVERAL:
        asked = outline.pattern(allele)
        return await look_up(asked, shelves, table, None, None, granularities, silent)
    is_conclusive = not allele.is_provisional
    there: Sequence[Document] = await table.places.one((rank, start), until) or ()
    told: tuple[Sequence[DatasetFindings], Collection[int]] | None = None
    level = outline.query.granularity
    if level is not Granularity.RECORD and not standing.has_long:
        if level is Granularity.BOOLEAN:
            told = standing.of_key(key, there, is_conclusive=is_conclusive)
        else:
            told = standing.counted_of_key(
                key, there, granularities, is_conclusive=is_conclusive
            )
    if told is None:
        held = [Held(outline.contig, start, r) for r in there if r["_id"] == key]
        told = await _told_there(
            Told(standing, held, granularities, is_conclusive=is_conclusive),
            [(start, row) for row in there],
            (rank, start),
            standing,
            table,
            silent,
        )
    said, own = told
    open_ = _open(standing, own, silent)
    if not open_:
        return said
    found = [*said]
    asked = outline.pattern(allele)
    await _declare(asked, standing, open_, found, table, None, None)
    return found


def _open(
    standing: Standing, own: Collection[int], silent: Collection[str]
) -> list[int]:
    """Return which datasets declare why they have no row of an allele."""
    declaring = standing.declaring
    if declaring and silent:
        resting = standing.resting(silent)
        declaring = [n for n in declaring if n in resting]
    return [n for n in declaring if n not in own]


async def _told_there(
    told: Told,
    there: list[Row],
    place: PlaceKey,
    standing: Standing,
    table: Table,
    silent: Collection[str],
) -> tuple[list[DatasetFindings], set[int]]:
    """Return what datasets say of one allele by the rows that begin where it does.

    And the numbers of those that hold a row of it.
    """
    if not told.own.issuperset(standing.resting(silent)):
        if standing.has_long:
            there += _flat(await table.long_places.get((place,)))
        told.rest_on(there)
    return told.findings, told.own


async def _declare(
    pattern: VariantPattern,
    standing: Standing,
    numbers: Sequence[int],
    found: list[DatasetFindings],
    table: Table,
    individuals: Individuals | None,
    joint: Joint | None,
) -> None:
    """Put into findings what datasets declare of where they looked.

    Args:
        pattern: what is asked for.
        standing: the datasets.
        numbers: which of them have no row of it, and may declare something.
        found: what all of them say by their rows.
        table: where their rows are.
        individuals: whom counts leave out or set apart.
        joint: whom counts are of.
    """
    missing = {standing.shelves[n].dataset.id: n for n in numbers}
    shelves = [standing.shelves[n] for n in numbers]
    places = {name: found[n].place or Place() for name, n in missing.items()}
    if joint is None:
        told = await _declared(pattern, shelves, places, table, individuals)
    else:
        told = await _declared_of_some(pattern, shelves, places, table, joint)
    for name, place in told.items():
        number = missing[name]
        found[number] = standing.shelves[number].sayings.silent(
            place, is_conclusive=not pattern.is_provisional
        )


async def _declared(
    pattern: VariantPattern,
    shelves: Sequence[Shelf],
    places: Mapping[str, Place],
    table: Table,
    individuals: Individuals | None,
) -> dict[str, Place]:
    """Return the places of which datasets declare more than their rows say."""
    stretch = asked_stretch(pattern)
    asked = declares_more(shelves, places, stretch)
    if not asked:
        return {}
    rank = pattern.sequence.rank
    leaving = {} if individuals is None else await individuals.leaving(asked, stretch)
    looked = await look_at(asked, rank, stretch, table, leaving)
    told = {}
    for shelf in asked:
        seen, name = looked[shelf.release.number], shelf.dataset.id
        place = place_declared(places[name], shelf.release, seen)
        told[name] = (
            place if individuals is None else individuals.declared(shelf, place, seen)
        )
    return told


def declares_more(
    shelves: Sequence[Shelf], places: Mapping[str, Place], stretch: tuple[int, int]
) -> list[Shelf]:
    """Return the datasets whose coverage tells more than their rows do."""
    if stretch[1] - stretch[0] > 1:
        return list(shelves)
    return [s for s in shelves if not places[s.dataset.id].has_record]


async def _declared_of_some(
    pattern: VariantPattern,
    shelves: Sequence[Shelf],
    places: Mapping[str, Place],
    table: Table,
    joint: Joint,
) -> dict[str, Place]:
    """Return the places of which datasets declare more of chosen people."""
    rank, stretch = pattern.sequence.rank, asked_stretch(pattern)
    asked = declares_more(shelves, places, stretch)
    if not asked:
        return {}
    leaving = await joint.leaving(asked, pattern.sequence, stretch)
    looked = await look_at(asked, rank, stretch, table, leaving)
    return {
        s.dataset.id: place_declared(
            places[s.dataset.id], s.release, looked[s.release.number]
        )
        for s in asked
    }


def place_declared(place: Place, release: Release, looked: Looked) -> Place:
    """Return what rows and declared coverage say of a place together.

    A record there answers for where it stands, a bad one for nobody.  One that
    failed a filter says nothing of people whom blocks cover.
    """
    if place.has_record:
        is_whole = looked.coverage() is Coverage.WHOLE
        return place if is_whole else replace(place, coverage=Coverage.PARTIAL)
    by_blocks = release.coverage is CoverageKind.BLOCKS
    if place.filters and (SKIPPED in place.filters or not by_blocks):
        return place
    declared = looked.place()
    is_outside = declared.coverage is Coverage.OUTSIDE
    return replace(declared, filters=place.filters) if is_outside else declared


async def ranges_declared(
    pattern: VariantPattern,
    found: Sequence[DatasetFindings],
    shelves: Sequence[Shelf],
    table: Table,
    joint: Joint | None = None,
) -> list[DatasetFindings]:
    """Return findings of a scan; a "no" says how much of what was asked it saw."""
    contig = pattern.contig
    doubtful = {f.dataset.id for f in found if _is_open_to_doubt(f)}
    asked = {s.dataset.id: s for s in shelves if s.dataset.id in doubtful}
    if contig is None or not asked:
        return list(found)
    stretch = asked_stretch(pattern)
    able = list(asked.values())
    leaving = {} if joint is None else await joint.leaving(able, contig, stretch)
    looked = await look_along(able, contig.rank, stretch, table, leaving)
    told = []
    for one in found:
        shelf = asked.get(one.dataset.id)
        if shelf is None:
            told.append(one)
            continue
        seen, place = looked[shelf.release.number], one.place or Place()
        if pattern.is_single_allele:
            place = place_declared(place, shelf.release, seen)
        else:
            place = replace(place, coverage=_narrower(place, seen.coverage()))
        told.append(replace(one, place=place))
    return told


def _narrower(place: Place, declared: Coverage) -> Coverage:
    """Return how much of a range was looked at: records may tell of less."""
    is_whole = declared is Coverage.WHOLE
    return place.coverage if is_whole and place.coverage is not None else declared


def _is_open_to_doubt(found: DatasetFindings) -> bool:
    release = found.dataset.release
    if release is None or release.coverage is None or found.silence is not None:
        return False
    return not found.total and found.is_contig_loaded


def loaded_only(
    shelf: Shelf, contig: Contig, found: DatasetFindings
) -> DatasetFindings:
    """Return findings; nothing found on a contig that is not loaded says nothing."""
    if found.total or contig.name in shelf.release.contigs:
        return found
    return shelf.sayings.not_loaded


class Asked:
    """The rows that one question may need, and what they say."""

    def __init__(
        self,
        pattern: VariantPattern,
        table: Table,
        individuals: Individuals | None,
        *,
        has_long: bool,
    ) -> None:
        self._pattern = pattern
        self._individuals = individuals
        self._rank = pattern.sequence.rank
        self._table = table
        self._has_long = has_long
        self._spellings = [s for s in pattern.spellings if 0 <= s[0] <= _HIGHEST_START]
        self._is_bare = pattern.asks_spelling_only
        self._starts = starts_of(self._spellings)
        if not pattern.spellings and pattern.start is not None:
            self._starts = (pattern.start.low,)

    @property
    def is_of_a_place(self) -> bool:
        """Whether it spells no bases, so that it has no key."""
        return not self._pattern.spellings

    @property
    def stands_at_its_places(self) -> bool:
        """Whether every spelling begins where the place is read anyway."""
        return all(start in self._starts for start, _, _ in self._spellings)

    @property
    def places(self) -> list[PlaceKey]:
        """Where the allele may begin."""
        return [(self._rank, start) for start in self._starts]

    async def rows(self) -> list[Row]:
        """Return the rows of the spellings themselves."""
        short: dict[int, int] = {}
        long: list[bytes] = []
        for start, reference, alternate in self._spellings:
            end = start + len(reference)
            if is_long(start, end, alternate):
                long.append(long_key(self._rank, start, end, reference, alternate))
            else:
                for salt in range(SALTS if is_hashed(reference, alternate) else 1):
                    short[encode(self._rank, start, reference, alternate, salt)] = start
        rows: list[Row] = []
        if short:
            found = await self._table.rows.get(tuple(short))
            rows += [(short[key], row) for key, row in found.items()]
        if long and self._has_long:
            long_rows = (await self._table.long_rows.get(long)).values()
            rows += [(0, row) for row in long_rows]
        return await self._without(rows)

    async def rows_there(self) -> list[Row]:
        """Return every row that begins where the allele may begin."""
        places = self.places
        rows = _flat(await self._table.places.get(places))
        if self._has_long:
            rows += _flat(await self._table.long_places.get(places))
        return rows if self._individuals is None else await self._without(rows)

    async def _without(self, rows: list[Row]) -> list[Row]:
        """Return rows as they are without the individuals that are left out."""
        if self._individuals is None:
            return rows
        return await self._individuals.rows(rows)

    def of_pattern(self, rows: Iterable[Row]) -> list[Held]:
        """Return the rows of the allele asked for, in the order of its spellings.

        A hash may have named another allele; it is left out.  A key that is written
        out is its spelling, and nothing else need be looked at.
        """
        contig, keys = self._pattern.sequence, self._written_keys()
        held: list[Held] = []
        for start, row in rows:
            if "e" not in row:
                key = cast("int", row["_id"])
                if keys is not None and not is_hashed_key(key):
                    if key in keys:
                        held.append(Held(contig, start, row))
                    continue
                if is_site(key):
                    continue
            one = Held(contig, start, row)
            if self._pattern.matches(one.allele):
                held.append(one)
        if len(held) > 1:
            rank = {spelling: i for i, spelling in enumerate(self._pattern.spellings)}
            held.sort(key=lambda one: rank.get(_spelling_of(one.allele), 0))
        return held

    def _written_keys(self) -> set[int] | None:
        """Return the keys of the spellings; ``None``: more than those is asked."""
        if not self._is_bare:
            return None
        return {encode(self._rank, *spelling) for spelling in self._spellings}


def _spelling_of(allele: Allele) -> Spelling:
    return allele.start, allele.reference, allele.alternate


def _flat(found: Mapping[PlaceKey, list[Document]]) -> list[Row]:
    return [(start, row) for (_, start), rows in found.items() for row in rows]


def starts_of(spellings: Sequence[Spelling]) -> tuple[int, ...]:
    """Return where the allele may begin: as asked for, trimmed, aligned."""
    if len(spellings) == 1:
        return (spellings[0][0],)
    anchored = [
        start for start, reference, alternate in spellings if reference and alternate
    ]
    starts = dict.fromkeys(anchored or [start for start, _, _ in spellings])
    return tuple(starts)[:_PLACES]


def place_of_similar(shelf: Shelf, rows: Iterable[Counts]) -> Place:
    """Return what is said by rows of similar events, none of them carried.

    Each may be the event that is meant, so a "no" needs calls for every one: what
    one record called tells nothing of another, and the least AN counts.
    """
    return shelf.sayings.said(rows).place_as(min)
