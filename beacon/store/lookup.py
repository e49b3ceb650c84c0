"""One allele, every dataset: is it there, and if not, what stands in its place.

First its keys (one for each spelling), then, only for datasets that hold none
of them, the rows that begin at the same positions, then, where none of them
answers, what the dataset declares of where it looked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

from beacon.model.counts import SKIPPED
from beacon.model.dataset import CoverageKind
from beacon.model.findings import Coverage, DatasetFindings, Place
from beacon.store.covering import asked_stretch, look_along, look_at
from beacon.store.driver import is_long
from beacon.store.keys import SALTS, encode, is_hashed, is_site, long_key
from beacon.store.scanning import allele_of, found_variant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from beacon.model.annotation import Kind
    from beacon.model.dataset import Dataset, Release
    from beacon.model.genome import Contig
    from beacon.model.pattern import Spelling, VariantPattern
    from beacon.model.variant import Allele
    from beacon.store.covering import Looked
    from beacon.store.driver import Document
    from beacon.store.individuals import Individuals
    from beacon.store.joint import Joint
    from beacon.store.rows import Counts, Rows
    from beacon.store.tables import PlaceKey, Row, Table

_HIGHEST_START = (1 << 28) - 1
_PLACES = 3


class Shelf(NamedTuple):
    """A dataset, the release it serves, and how far that release's rows reach."""

    dataset: Dataset
    release: Release
    rows: Rows
    long_classes: tuple[int, ...]
    longest_short: int
    widest_margin: int
    annotated: frozenset[Kind] | None


async def look_up(
    pattern: VariantPattern,
    shelves: Sequence[Shelf],
    table: Table,
    individuals: Individuals | None = None,
    joint: Joint | None = None,
) -> list[DatasetFindings]:
    """Return what every dataset says of the one allele that is asked for.

    Of several datasets one usually lacks the allele, so its place is read at
    once: it holds the allele's rows, too.  An id that spells no bases names the
    place only.
    """
    loaded = [s for s in shelves if pattern.sequence.name in s.release.contigs]
    has_long = any(s.long_classes for s in loaded)
    asked = _Asked(pattern, table, individuals, has_long=has_long)
    there = None
    if not pattern.spellings or (len(loaded) > 1 and asked.stands_at_its_places):
        there = await asked.rows_there()
    alleles = asked.of_pattern(await asked.rows() if there is None else there)
    findings: dict[str, DatasetFindings] = {}
    places: dict[str, Place] = {}
    for shelf in loaded:
        told = from_rows(shelf, alleles)
        if told is None:
            there = await asked.rows_there() if there is None else there
            there_held = [cast("Counts", row["d"]) for _, row in there]
            places[shelf.dataset.id] = place_of(shelf, there_held)
        else:
            findings[shelf.dataset.id] = told
    missing = [s for s in loaded if s.dataset.id in places]
    if joint is None:
        places |= await _declared(pattern, missing, places, table, individuals)
    else:
        places |= await _declared_of_some(pattern, missing, places, table, joint)
    for shelf in missing:
        findings[shelf.dataset.id] = DatasetFindings(
            dataset=shelf.dataset,
            total=0,
            place=places[shelf.dataset.id],
            is_conclusive=not pattern.is_provisional,
        )
    found = [findings.get(s.dataset.id) or _not_loaded(s) for s in shelves]
    if individuals is None:
        return found
    return [await individuals.told(s, f) for s, f in zip(shelves, found, strict=True)]


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
    asked = [s for s in shelves if s.release.coverage is not None]
    if stretch[1] - stretch[0] == 1:
        asked = [s for s in asked if not places[s.dataset.id].has_record]
    return asked


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


def _not_loaded(shelf: Shelf) -> DatasetFindings:
    return DatasetFindings(dataset=shelf.dataset, total=0, is_contig_loaded=False)


def loaded_only(
    shelf: Shelf, contig: Contig, found: DatasetFindings
) -> DatasetFindings:
    """Return findings; nothing found on a contig that is not loaded says nothing."""
    if found.total or contig.name in shelf.release.contigs:
        return found
    return DatasetFindings(dataset=shelf.dataset, total=0, is_contig_loaded=False)


class _Asked:
    """The rows that one question may need."""

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
        self._starts = starts_of(self._spellings)
        if not pattern.spellings and pattern.start is not None:
            self._starts = (pattern.start.low,)

    @property
    def stands_at_its_places(self) -> bool:
        """Whether every spelling begins where the place is read anyway."""
        return {s for s, _, _ in self._spellings} <= {*self._starts}

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
        places = [(self._rank, start) for start in self._starts]
        rows = _flat(await self._table.places.get(places))
        if self._has_long:
            rows += _flat(await self._table.long_places.get(places))
        return await self._without(rows)

    async def _without(self, rows: list[Row]) -> list[Row]:
        """Return rows as they are without the individuals that are left out."""
        if self._individuals is None:
            return rows
        return await self._individuals.rows(rows)

    def of_pattern(self, rows: Iterable[Row]) -> list[tuple[Allele, Counts]]:
        """Return the alleles asked for, in the order of their spellings.

        A hash may have named another allele; it is left out.
        """
        alleles = []
        for start, row in rows:
            if "e" not in row and is_site(cast("int", row["_id"])):
                continue
            allele = allele_of(self._pattern.sequence, start, row)
            if self._pattern.matches(allele):
                alleles.append((allele, cast("Counts", row["d"])))
        rank = {spelling: i for i, spelling in enumerate(self._pattern.spellings)}
        return sorted(alleles, key=lambda found: rank.get(_spelling_of(found[0]), 0))


def _spelling_of(allele: Allele) -> Spelling:
    return allele.start, allele.reference, allele.alternate


def _flat(found: Mapping[PlaceKey, list[Document]]) -> list[Row]:
    return [(start, row) for (_, start), rows in found.items() for row in rows]


def from_rows(
    shelf: Shelf, alleles: Sequence[tuple[Allele, Counts]]
) -> DatasetFindings | None:
    """Return what a dataset's own rows of the allele say, ``None`` without any.

    A release loaded without a reference may hold several spellings of one
    allele; the first that is carried answers, and the spelling asked for is first.
    """
    found = (found_variant(shelf.rows, *one) for one in alleles)
    declared = [one for one in found if one is not None]
    there = [found for found in declared if found.exists]
    if there:
        return DatasetFindings(dataset=shelf.dataset, total=1, variants=(there[0],))
    if not declared:
        return None
    # People called in any spelling were called for the one allele they all are.
    said = _said(shelf, [counts for _, counts in alleles])
    return DatasetFindings(dataset=shelf.dataset, total=0, place=said.place_as(max))


def starts_of(spellings: Sequence[Spelling]) -> tuple[int, ...]:
    """Return where the allele may begin: as asked for, trimmed, aligned."""
    anchored = [
        start for start, reference, alternate in spellings if reference and alternate
    ]
    starts = dict.fromkeys(anchored or [start for start, _, _ in spellings])
    return tuple(starts)[:_PLACES]


class _Said(NamedTuple):
    """What rows of a release say together: AN where told, and FILTER words."""

    has_record: bool
    known: tuple[int, ...]
    filters: tuple[str, ...]

    def place_as(self, choose: Callable[[Iterable[int]], int]) -> Place:
        """Return the place that rows of what is asked make, none of them carried.

        One that failed its filters may hide a carrier, whatever others call.
        """
        if self.filters or not self.has_record:
            return Place(filters=self.filters)
        an = choose(self.known) if self.known else None
        return Place(an=an, has_record=True)


def place_of(shelf: Shelf, rows: Iterable[Counts]) -> Place:
    """Return what a release's rows say of a place, for what they do not declare.

    A record that counts answers; the failed ones beside it are of other alleles.
    """
    said = _said(shelf, rows)
    return said._replace(filters=() if said.has_record else said.filters).place_as(max)


def place_of_similar(shelf: Shelf, rows: Iterable[Counts]) -> Place:
    """Return what is said by rows of similar events, none of them carried.

    Each may be the event that is meant, so a "no" needs calls for every one: what
    one record called tells nothing of another, and the least AN counts.
    """
    return _said(shelf, rows).place_as(min)


def _said(shelf: Shelf, rows: Iterable[Counts]) -> _Said:
    total = shelf.release.layout.groups[0]
    known: list[int] = []
    filters: set[str] = set()
    has_record = False
    for counts in rows:
        read = shelf.rows.read(counts)
        if read is None:
            continue
        tally, words, _ = read
        if words:
            filters.update(words)
            continue
        has_record = True
        if tally.an is not None:
            known.append(sum(map(tally.an.__getitem__, total.columns)))
    return _Said(has_record, tuple(known), tuple(sorted(filters)))
