"""What one question asks of individuals: some left out, or all by columns.

Rows are read as if they had been written without whoever is left out, so that
everything that follows from counts (existence, what a "no" rests on) follows for
the others alone.  Groups are told only where they add up to the counts.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, cast

from beacon.model.dataset import CoverageKind
from beacon.model.findings import DatasetFindings, Silence
from beacon.model.grouped import (
    PeopleGroup,
    called_only,
    counts_of,
    members,
    summed,
    tally_without,
)
from beacon.model.people import UNCALLED, Shares, left_of
from beacon.model.variant import Allele
from beacon.store.chosen import Roster
from beacon.store.groups import adding_up, basis_of, by_blocks, regional, totals
from beacon.store.keys import is_site
from beacon.store.packing import pack, structure_of, unpack
from beacon.store.reach import Leaving
from beacon.store.scanning import allele_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from beacon.model.findings import Place
    from beacon.model.genome import Contig
    from beacon.model.people import People
    from beacon.store.carrier_documents import CarrierTable
    from beacon.store.covering import Looked
    from beacon.store.driver import Document
    from beacon.store.lookup import Shelf
    from beacon.store.people import PeopleTable
    from beacon.store.reach_documents import ReachTable
    from beacon.store.rows import Part, Rows
    from beacon.store.tables import Row

_DIPLOID = 2


NOBODY: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Crowd:
    """The people of one part, and where each name stands.

    Attributes:
        people: without the names of those who left.
        kept: as they are kept.
        left: who is in no count any more, though not erased yet.
    """

    people: People
    numbers: Mapping[str, tuple[int, ...]]
    kept: People
    left: frozenset[int]

    @cached_property
    def roster(self) -> Roster:
        """Its people as arrays and bitmaps."""
        return Roster(self.people)

    def of(self, names: Iterable[str]) -> frozenset[int]:
        """Return the numbers of some individuals."""
        return frozenset(n for name in names for n in self.numbers.get(name, ()))


class Directory:
    """Knows the people of parts by their names."""

    def __init__(self, table: PeopleTable) -> None:
        self._table = table
        self._known: dict[int, Crowd] = {}

    async def crowds(self, parts: Mapping[int, frozenset[int]]) -> dict[int, Crowd]:
        """Return the people of parts, of those whose people are kept.

        Args:
            parts: their numbers, and who left each.

        Raises:
            StoreUnavailable: when they cannot be read.
        """
        every = await asyncio.gather(*(self._table.get(part) for part in parts))
        found: dict[int, Crowd] = {}
        for (part, left), kept in zip(parts.items(), every, strict=True):
            if kept is None:
                continue
            known = self._known.pop(part, None)
            if known is None or known.kept is not kept or known.left != left:
                people = without_names(kept, left)
                known = Crowd(people, _numbers(people), kept, left)
            self._known[part] = found[part] = known
        while len(self._known) > max(_REMEMBERED, len(found)):
            del self._known[next(iter(self._known))]
        return found


def gone_from(releases: Iterable[Rows]) -> dict[int, frozenset[int]]:
    """Return the parts of releases, and who left each, erased already or not."""
    return {part.number: part.gone for rows in releases for part in rows.parts}


def without_names(people: People, left: frozenset[int]) -> People:
    """Return people of whom some have left, as they will be kept."""
    if not left:
        return people
    names = tuple(None if n in left else name for n, name in enumerate(people.names))
    samples = tuple(() if n in left else s for n, s in enumerate(people.samples))
    return replace(people, names=names, samples=samples)


_REMEMBERED = 64
"""How many parts' names a process remembers."""


def _numbers(people: People) -> dict[str, tuple[int, ...]]:
    """Return the numbers of each individual; a sample's name means its individual."""
    found: dict[str, tuple[int, ...]] = {}
    for number, samples in enumerate(people.samples):
        for name in samples:
            found[name] = (*found.get(name, ()), number)
    named: dict[str, tuple[int, ...]] = {}
    for number, individual in enumerate(people.names):
        if individual is not None:
            named[individual] = (*named.get(individual, ()), number)
    return found | named


class Individuals:
    """The people one question about one allele is about.

    Args:
        contig: where the allele is.
        shelves: the datasets that are asked.
        crowds: their people, by part, of the parts that keep them.
        carriers: of the assembly.
        reach: of the assembly.
        excluded: who is left out.
        by: columns to count people by.
        gone: who is left out by number, part by part; ``None``: by name alone.
    """

    def __init__(
        self,
        contig: Contig,
        shelves: Sequence[Shelf],
        crowds: Mapping[int, Crowd],
        carriers: CarrierTable,
        reach: ReachTable,
        *,
        excluded: Collection[str],
        by: Sequence[str],
        gone: Mapping[int, frozenset[int]] | None = None,
    ) -> None:
        self._contig = contig
        self._crowds = crowds
        self._carriers = carriers
        self._reach = reach
        self._excluded = excluded
        self._by = by
        self._gone = {part: crowd.of(excluded) for part, crowd in crowds.items()}
        if gone is not None:
            self._gone |= gone
        self._leaving = [
            part
            for shelf in shelves
            for part in shelf.rows.parts
            if self._gone.get(part.number)
        ]
        self._doubtful: set[int] = set()
        self._seen: list[tuple[Allele, Mapping[str, bytes]]] = []
        self._called: dict[str, Looked] = {}

    async def rows(self, rows: Sequence[Row]) -> list[Row]:
        """Return rows as they would be without whoever is left out."""
        alleles = [self._allele(*row) for row in rows]
        held = [dict(cast("Mapping[str, bytes]", row["d"])) for _, row in rows]
        for part in self._leaving:
            mine = [n for n, counts in enumerate(held) if part.blob(counts) is not None]
            if not mine:
                continue
            asked = [alleles[n] for n in mine]
            gone = self._gone[part.number]
            shares = await self._carriers.shares(part.number, asked, gone)
            for n in mine:
                blob = part.blob(held[n]) or b""
                said = shares.get(alleles[n])
                held[n][part.fields[0]] = self._without(part, blob, alleles[n], said)
        self._seen += zip(alleles, held, strict=True)
        return [
            (start, cast("Document", {**row, "d": counts}))
            for (start, row), counts in zip(rows, held, strict=True)
        ]

    def _allele(self, start: int, row: Document) -> Allele:
        """Return what a row is about; a site has no bases."""
        if "e" in row or not is_site(cast("int", row["_id"])):
            return allele_of(self._contig, start, row)
        return Allele(
            contig=self._contig, start=start, end=start, reference="", alternate=""
        )

    def _without(
        self, part: Part, blob: bytes, allele: Allele, shares: Shares | None
    ) -> bytes:
        tally, filters = unpack(blob, part.layout)
        if shares is None:
            if tally.carriers or any(tally.an or ()):
                self._doubtful.add(part.number)
            return blob
        if not allele.alternate:
            shares = called_only(shares)
        columns = self._crowds[part.number].people.column_of
        if tally.carriers is None:
            return blob
        left = tally_without(tally, shares, columns, self._gone[part.number])
        left, filters = left_of(left, filters, shares.otherwise)
        return pack(left, filters, part.layout, structure_of(blob))

    async def leaving(
        self, shelves: Sequence[Shelf], stretch: tuple[int, int]
    ) -> dict[int, Leaving]:
        """Return whom to leave out of the blocks of parts, where that is kept."""
        found: dict[int, Leaving] = {}
        for shelf in shelves:
            for part in shelf.rows.parts:
                gone = sorted(self._gone.get(part.number, NOBODY))
                if _is_left(shelf, part) and gone:
                    rank = self._contig.rank
                    runs = await self._reach.get(part.number, rank, stretch, gone)
                    column_of = self._crowds[part.number].people.column_of
                    columns = [column_of[person] for person in gone]
                    found[part.number] = Leaving(columns, runs)
        return found

    def declared(self, shelf: Shelf, place: Place, looked: Looked) -> Place:
        """Return a place as its coverage would say it without whoever is left out.

        Blocks were read without them already, where whom those cover is kept.
        """
        self._called[shelf.dataset.id] = looked
        gone = {
            part.number: self._gone[part.number]
            for part, _ in looked.called()
            if self._gone.get(part.number) and not _is_left(shelf, part)
        }
        if not gone or place.has_record or not place.an:
            return place
        if shelf.release.coverage is CoverageKind.BLOCKS:
            if place.an <= _DIPLOID * sum(map(len, gone.values())):
                self._doubtful |= gone.keys()
            return replace(place, an=None)
        taken = 0
        for part, an in looked.called():
            if part.number not in gone:
                continue
            shares = regional(an, self._crowds[part.number].people)
            if shares is None:
                self._doubtful.add(part.number)
            else:
                taken += sum(shares.of(person).an for person in gone[part.number])
        return replace(place, an=place.an - taken)

    async def told(self, shelf: Shelf, found: DatasetFindings) -> DatasetFindings:
        """Return what a dataset says with what it says of its people."""
        parts = [part.number for part in shelf.rows.parts]
        names = {
            self._crowds[part].people.names[person]
            for part in parts
            for person in self._gone.get(part, NOBODY)
        }
        is_known = all(part in self._crowds for part in parts)
        if not is_known and not names:
            return replace(
                found,
                left_out=None if self._excluded else 0,
                groups=None if self._by else (),
            )
        is_unsure = not is_known and len(names) < len(self._excluded)
        if is_unsure or not self._doubtful.isdisjoint(parts):
            return DatasetFindings(
                dataset=found.dataset,
                total=0,
                silence=Silence.ONLY_EXCLUDED,
                left_out=len(names),
            )
        groups: tuple[PeopleGroup, ...] | None = (
            () if is_known or not self._by else None
        )
        if self._by and is_known:
            groups = await self._groups(shelf, found)
        return replace(found, left_out=len(names), groups=groups)

    async def _groups(
        self, shelf: Shelf, found: DatasetFindings
    ) -> tuple[PeopleGroup, ...]:
        """Return the people by columns; counts only where they add up."""
        basis = basis_of(shelf, found, self._seen)
        an = None if found.place is None else found.place.an
        if basis is not None:
            is_it = bool(found.variants)
            shares = await self._shares(shelf, *basis, is_it=is_it)
            carried, called = totals(shelf, basis[1])
            expected = (carried if is_it else 0, called)
        elif an is not None and shelf.dataset.id in self._called:
            shares = self._regional(shelf, self._called[shelf.dataset.id])
            expected = (0, an)
        else:
            return ()
        groups: list[PeopleGroup] = []
        for part in shelf.rows.parts:
            crowd, gone = self._crowds[part.number], self._gone[part.number]
            for label, everybody in members(crowd.people, self._by).items():
                people, told = everybody - gone, shares.get(part.number)
                counts = None if told is None else counts_of(told, people)
                if people:
                    groups.append(PeopleGroup(label, len(people), counts))
        return adding_up(summed(groups), expected)

    async def _shares(
        self, shelf: Shelf, allele: Allele, counts: Mapping[str, bytes], *, is_it: bool
    ) -> dict[int, Shares | None]:
        """Return the shares of every part; one without the row called nobody.

        Of a row that is not the allele asked for only who was called there counts.
        """
        found: dict[int, Shares | None] = {}
        for part in shelf.rows.parts:
            if part.blob(counts) is None:
                found[part.number] = Shares(UNCALLED)
                continue
            read = await self._carriers.shares(part.number, [allele])
            shares = read.get(allele)
            if shares is not None and not is_it:
                shares = called_only(shares)
            found[part.number] = shares
        return found

    def _regional(self, shelf: Shelf, looked: Looked) -> dict[int, Shares | None]:
        """Return the shares that coverage gives the people of parts."""
        found: dict[int, Shares | None] = {p: Shares(UNCALLED) for p in self._crowds}
        for part, an in looked.called():
            people = self._crowds[part.number].people
            if shelf.release.coverage is CoverageKind.BLOCKS:
                gone = self._gone[part.number] if part.has_reach else NOBODY
                found[part.number] = by_blocks(an, people, gone)
            else:
                found[part.number] = regional(an, people)
        return found


def _is_left(shelf: Shelf, part: Part) -> bool:
    """Whether the blocks of a part are read without whoever is left out."""
    return shelf.release.coverage is CoverageKind.BLOCKS and part.has_reach
