"""VariantStore: the truth about a question, from MongoDB.

One Motor client, one event loop.  Which release each dataset serves is read
again every second; rows of a release stay longer than a reader may hold such a
pointer.  Of a replica set any member is asked, and rows are never older than
the pointers they are read by (decision 13).  Whatever goes wrong is
``StoreUnavailable``, never an empty answer.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar, cast

from motor.motor_asyncio import AsyncIOMotorClient

from beacon.model.annotation import united
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.errors import StoreUnavailable
from beacon.model.findings import DatasetFindings, Findings
from beacon.model.genes import NO_GENES, GeneTable
from beacon.model.query import Granularity
from beacon.store.anchors import AnchorWriter
from beacon.store.annotated import Tables, ask
from beacon.store.annotation_documents import id_of
from beacon.store.annotations import AnnotationTable
from beacon.store.api_keys import ApiKeyReader
from beacon.store.carrier_documents import CarrierTable
from beacon.store.driver import (
    DATASETS,
    GENES,
    LONGEST_MS,
    RELEASES,
    SETTLE,
    Document,
    client_options,
    driver_errors,
    nearness,
)
from beacon.store.ending import Endings, UnderWay, watched
from beacon.store.filing import Filing
from beacon.store.finding import NOBODY_KNOWN, Narrowed, find_records
from beacon.store.individuals import Directory, Individuals, gone_from
from beacon.store.joint import Joint, is_scanned, of_variants, spelled_apart
from beacon.store.lookup import loaded_only, look_up, look_up_alike, ranges_declared
from beacon.store.many import (
    ASKED_AT_ONCE,
    TOLD_AT_ONCE,
    Places,
    Rounds,
    key_or_asked,
)
from beacon.store.meant import is_of_people, meant_by
from beacon.store.members import Members, Since, ask_through
from beacon.store.naming import NameTable
from beacon.store.passports import PassportShelf
from beacon.store.people import PeopleTable
from beacon.store.racks import Rack, Shelf
from beacon.store.reach_documents import ReachTable
from beacon.store.release_documents import (
    LISTED,
    is_on_its_way_out,
    read_dataset,
    read_release,
    read_rows,
)
from beacon.store.sayings import Sayings
from beacon.store.scanning import POINT_CLASS, Answer, Called, scan
from beacon.store.sessions import SessionShelf
from beacon.store.similar import find_similar
from beacon.store.summaries import find_summary
from beacon.store.tables import Table
from beacon.store.texts import read_texts, texts_version
from beacon.store.who_carries import asked_allele, carrying

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Collection,
        Iterable,
        Mapping,
        Sequence,
    )

    from bson.timestamp import Timestamp

    from beacon.model.annotation import Annotation
    from beacon.model.dataset import Dataset
    from beacon.model.findings import Carrying, FoundRecords
    from beacon.model.ontology import Ontologies
    from beacon.model.outline import Outline, Spelled
    from beacon.model.pattern import VariantPattern
    from beacon.model.query import Query
    from beacon.model.records import Under
    from beacon.model.summary import Summary
    from beacon.model.terms import FilteringTerm
    from beacon.model.variant import Allele
    from beacon.store.cabinets import Cabinet
    from beacon.store.connection import StoreAddress
    from beacon.store.individuals import Crowd
    from beacon.store.many import Sought, Teller
    from beacon.store.release_documents import ReleaseDocument, StoredRelease

_FRESH = 1.0
_OLDEST = SETTLE - 1.0
_REREAD_FOR = 0.4
_STAND_IN = 30.0
"""Seconds for which pointers stand in while they cannot be read again: members
tell the cluster's time with every answer, so that it shows when they may not."""
_DEADLINE = 4.5
_MOST_RACKS = 256
_RECORD = Granularity.RECORD

T = TypeVar("T")
J = TypeVar("J")


def _is_of_shared_reads(query: Query) -> bool:
    """Whether a question reads only what concurrent ones are read together with.

    One for an allele of everybody does; each of its reads has a deadline of its own.
    """
    pattern = query.pattern
    if pattern is None or pattern.annotated is not None:
        return False
    is_whole = not (query.excluded or query.by or is_of_people(query))
    return is_whole and pattern.is_single_allele


def _shelf(dataset: Dataset, stored: StoredRelease) -> Shelf:
    return Shelf(
        dataset=dataset,
        release=stored.release,
        rows=stored.rows,
        long_classes=stored.long_classes,
        longest_short=stored.longest_short,
        widest_margin=stored.widest_margin,
        annotated=stored.annotated,
        sayings=Sayings(dataset, stored.release, stored.rows),
    )


def _with_annotations(
    found: DatasetFindings, shelf: Shelf, said: Mapping[bytes, Annotation]
) -> DatasetFindings:
    numbers = shelf.rows.numbers

    def of(allele: Allele) -> Annotation | None:
        ids = (id_of(number, allele) for number in numbers)
        return united(said[name] for name in ids if name in said)

    told = tuple(replace(v, annotation=of(v.allele)) for v in found.variants)
    return replace(found, variants=told)


class VariantStore:
    """Reads variants.  Made by ``open``; closed with ``close``."""

    def __init__(
        self,
        client: AsyncIOMotorClient[Document],
        database: str,
        deadline: float,
        members: Members,
        endings: Endings,
    ) -> None:
        self._client = client
        self._members = members
        self._endings = endings
        self._pointers_since, self._rows_since = Since(), Since()
        self._pointers = client.get_database(
            database, read_concern=self._pointers_since
        )
        self._database = client.get_database(database, read_concern=self._rows_since)
        self._deadline = deadline
        self._tables: dict[str, Table] = {}
        self._annotation_tables: dict[str, AnnotationTable] = {}
        self._name_tables: dict[str, NameTable] = {}
        self._places: dict[str, Places] = {}
        self.rounds = Rounds()
        self._releases: dict[int, StoredRelease] = {}
        self._datasets: dict[str, Dataset] = {}
        self._shelves: dict[str, Shelf] = {}
        self._racks: dict[tuple[str | None, ...], Rack] = {}
        self._carriers: dict[str, CarrierTable] = {}
        self._directory = Directory(PeopleTable(self._database))
        self._filing = Filing(self._database, deadline)
        self.api_keys = ApiKeyReader(client.get_database(database))
        self.passports = PassportShelf(client.get_database(database))
        self.sessions = SessionShelf(client.get_database(database))
        self._genes = NO_GENES
        self._genes_version = 0
        self._changes = 0
        self._listed: list[Document] = []
        self._served: tuple[Dataset, ...] = ()
        self._read_at = float("-inf")
        self._valid_at: Timestamp | None = None
        self._reading: asyncio.Task[None] | None = None
        self._reading_since = 0.0

    @classmethod
    async def open(
        cls,
        address: StoreAddress,
        deadline: float = _DEADLINE,
        *,
        is_shared: bool = True,
    ) -> Self:
        """Return a store on the running event loop; nothing is asked of it yet.

        Args:
            address: where it is.
            deadline: seconds a question may take.
            is_shared: whether others may ask while many questions are answered.

        Raises:
            StoreUnavailable: when the address cannot be used at all.
        """
        with driver_errors():
            members, endings = Members(nearness(address.uri)), Endings()
        options = client_options(
            address.uri,
            serverSelectionTimeoutMS=int(deadline * 1000),
            socketTimeoutMS=int(deadline * 1000) + 1000,
            connectTimeoutMS=2000,
            heartbeatFrequencyMS=1000,
            readPreference="nearest",
            server_selector=members.choose,
            event_listeners=[members, endings],
        )
        loop = asyncio.get_running_loop()
        with driver_errors():
            client: AsyncIOMotorClient[Document]
            client = AsyncIOMotorClient(address.uri, io_loop=loop, **options)  # type: ignore[arg-type]
        store = cls(client, address.database, deadline, members, endings)
        store.rounds = Rounds(is_shared=is_shared)
        return store

    async def close(self) -> None:
        """Stop every question and close the connections."""
        for table in self._tables.values():
            await table.close()
        for said in self._annotation_tables.values():
            await said.close()
        for names in self._name_tables.values():
            await names.close()
        for carriers in self._carriers.values():
            await carriers.close()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self._endings.close()
        self._client.close()

    @asynccontextmanager
    async def _bounded(self, began: float | None = None) -> AsyncIterator[None]:
        """Bound what happens inside; once nobody waits for it, the server stops, too.

        Args:
            began: since when, where that is before now (``time.monotonic``).

        Raises:
            StoreUnavailable: when it takes longer than a question may.
        """
        asking = UnderWay()
        try:
            with watched(asking):
                async with _within(self._deadline, began):
                    yield
        except (asyncio.CancelledError, StoreUnavailable):
            self._endings.end(asking, self._client.get_database("admin"))
            raise

    async def ping(self, deadline: float) -> None:
        """Ask the server for a sign of life.

        Raises:
            StoreUnavailable: when there is none within ``deadline`` seconds.
        """
        async with _within(deadline):
            with driver_errors():
                reads = self._database.read_preference
                await self._database.command(
                    "ping", read_preference=reads, maxTimeMS=int(deadline * 1000)
                )

    def anchors(self) -> AnchorWriter:
        """Return what keeps heads of audit chains in this store."""
        return AnchorWriter(self._database)

    @property
    def reading(self) -> int:
        """How often what datasets serve was found to be other than before.

        While it stays, ``datasets`` returns the very same objects.
        """
        return self._changes

    async def datasets(self) -> tuple[Dataset, ...]:
        """Return every dataset with the release it serves, by id.

        Raises:
            StoreUnavailable: when they cannot be read.
        """
        if not self._is_fresh(time.monotonic()):
            await self._look_again()
        return self._served

    async def summary(self, release: int) -> Summary | None:
        """Return the summary of a release; ``None`` where it has none.

        Raises:
            StoreUnavailable: when it cannot be read.
        """
        async with self._bounded():
            return await find_summary(self._database, release)

    async def genes(self) -> GeneTable:
        """Return the table of genes.

        Raises:
            StoreUnavailable: when it cannot be read.
        """
        if not self._is_fresh(time.monotonic()):
            await self._look_again()
        return self._genes

    async def ontologies(self) -> Ontologies:
        """Return the hierarchies of terms.

        Raises:
            StoreUnavailable: when they cannot be read.
        """
        await self._look_again()
        return self._filing.ontologies

    async def find(
        self,
        query: Query,
        granularities: Mapping[str, Granularity],
        silent: Collection[str] = (),
    ) -> Findings:
        """Return what the named datasets truly say, in the order they are named.

        Left out are datasets that serve nothing, serve another assembly than is
        asked for, or are gone.

        Args:
            query: the question.
            granularities: the detail in which datasets are asked, by id.
            silent: ids of those that never say why they lack an allele.

        Raises:
            StoreUnavailable: when the database fails or is too slow.
        """
        began = await self._look_again()
        ask_through(self._members, began + self._deadline)
        read_at, valid_at = self._read_at, self._valid_at
        shelves = self._asked(query, granularities)
        if shelves and _is_of_shared_reads(query):
            pattern = cast("VariantPattern", query.pattern)
            table = self._table(pattern.assembly)
            found: Sequence[DatasetFindings]
            found = await look_up(
                pattern, shelves, table, None, None, granularities, silent
            )
            if shelves.is_annotated:
                found = await self._annotated(found, shelves, granularities)
            unknown: tuple[str, ...] = ()
        else:
            async with self._bounded(began):
                found, unknown = await self._find_apart(query, shelves, granularities)
        if self._may_be_gone(shelves, read_at, valid_at):
            async with self._bounded(began):
                await self._check_still_kept(shelves)
        return Findings(datasets=tuple(found), unknown_filters=unknown)

    async def find_allele(
        self,
        outline: Outline,
        allele: Spelled,
        granularities: Mapping[str, Granularity],
        silent: Collection[str] = (),
    ) -> Sequence[DatasetFindings]:
        """Return what ``find`` finds for the question of a plain outline.

        Raises:
            StoreUnavailable: when the database fails or is too slow.
        """
        began = time.monotonic()
        if not self._is_fresh(began):
            await self._look_again()
        until = began + self._deadline
        ask_through(self._members, until)
        read_at, valid_at = self._read_at, self._valid_at
        assembly = outline.contig.assembly
        shelves = self._serving(assembly, granularities)
        if not shelves:
            return ()
        table = self._table(assembly)
        found = await look_up_alike(
            outline, allele, shelves, table, granularities, until, silent
        )
        if self._may_be_gone(shelves, read_at, valid_at):
            async with self._bounded(began):
                await self._check_still_kept(shelves)
        return found

    async def find_carriers(
        self, query: Query, datasets: Sequence[str], most: int
    ) -> list[Carrying]:
        """Return what datasets say of one allele, of everybody, and who carries it.

        Left out are datasets that ``find`` leaves out.

        Args:
            query: for one allele; nobody is left out or counted apart.
            datasets: their ids.
            most: people who are told one by one.

        Raises:
            StoreUnavailable: when the database fails or is too slow.
        """
        pattern = cast("VariantPattern", query.pattern)
        began = await self._look_again()
        read_at, valid_at = self._read_at, self._valid_at
        async with self._bounded(began):
            ask_through(self._members, began + self._deadline)
            shelves = self._serving(pattern.assembly, datasets)
            levels = dict.fromkeys([s.dataset.id for s in shelves], _RECORD)
            found = await self._find(query, shelves, levels)
            crowds = await self._directory.crowds(gone_from(s.rows for s in shelves))
            carriers = self._carriers_of(pattern.assembly)
            asked = asked_allele(pattern)
            told = [
                await carrying(shelf, one, asked, crowds, carriers, most)
                for shelf, one in zip(shelves, found, strict=True)
            ]
            if self._may_be_gone(shelves, read_at, valid_at):
                await self._check_still_kept(shelves)
        return told

    async def _find_apart(
        self, query: Query, shelves: Rack, granularities: Mapping[str, Granularity]
    ) -> tuple[Sequence[DatasetFindings], tuple[str, ...]]:
        """Return what datasets say by reads of this question alone.

        And the filters that nothing answers to.
        """
        joint = None
        if is_of_people(query) and shelves:
            cabinets = await self._filing.cabinets([s.dataset for s in shelves])
            joint = await self._joint(query, shelves, cabinets)

        async def read() -> list[DatasetFindings]:
            found = await self._find_of_people(query, shelves, granularities, joint)
            return await self._annotated(found, shelves, granularities)

        unknown = () if joint is None else joint.unknown_filters(query)
        pattern = query.pattern
        if pattern is not None and pattern.is_single_allele and not pattern.annotated:
            return await read(), unknown
        return await self._members.ask(read), unknown

    async def find_many(
        self,
        sought: Sequence[Sought],
        datasets: Sequence[str],
        teller: Teller[T, J],
    ) -> list[J | None]:
        """Return what is said of alleles of one assembly, by the datasets named.

        What an allele's datasets find is what ``find`` finds; ``None`` stands for
        an allele that must be asked for alone.

        Args:
            sought: the alleles, as ``many.is_told_together`` wants them.
            datasets: their ids; left out are those that ``find`` leaves out.
            teller: says what it is made to say of a dataset's findings.

        Raises:
            StoreUnavailable: when the database fails or is too slow.
        """
        if not sought:
            return []
        assembly = sought[0][0].assembly
        async with _within(self._deadline):
            asked = await self.rounds.each(key_or_asked, sought, ASKED_AT_ONCE)
            await self._refresh(_FRESH)
            read_at, valid_at = self._read_at, self._valid_at
            shelves = self._serving(assembly, datasets)
            ask_through(self._members)
            places, table = self._places_of(assembly), self._table(assembly)
            read = await self._members.ask(
                lambda: places.read(sought, asked, shelves, table)
            )
            tell = partial(teller.of(shelves).told, read=read)
            pairs = list(zip(sought, asked, strict=True))
            told = await self.rounds.several(tell, pairs, TOLD_AT_ONCE)
            if self._may_be_gone(shelves, read_at, valid_at):
                await self._check_still_kept(shelves)
        return told

    def _places_of(self, assembly: str) -> Places:
        places = self._places.get(assembly)
        if places is None:
            places = Places(self._database, assembly, self._deadline)
            self._places[assembly] = places
        return places

    async def find_records(
        self, query: Query, granularities: Mapping[str, Granularity]
    ) -> FoundRecords:
        """Return what the named datasets say to a question for records of a type.

        With a variant pattern: of the individuals who carry one that matches.  Left
        out are datasets that are gone.

        Raises:
            StoreUnavailable: when the database fails or is too slow.
        """
        async with self._bounded():
            await self._refresh(_FRESH)
            ask_through(self._members)
            read_at, valid_at = self._read_at, self._valid_at
            # Both are what one reading of the pointers told: nothing is awaited.
            shelves = [] if query.pattern is None else self._asked(query, granularities)
            cabinets = await self._cabinets(granularities)
            if query.pattern is None:
                return await find_records(query, granularities, cabinets)
            carrying = await self._members.ask(
                lambda: self._carrying(query, shelves, cabinets)
            )
            if self._may_be_gone(shelves, read_at, valid_at):
                await self._check_still_kept(shelves)

            async def narrow(cabinet: Cabinet) -> Narrowed:
                return carrying.get(cabinet.dataset.id, NOBODY_KNOWN)

            return await find_records(query, granularities, cabinets, narrow)

    async def _carrying(
        self, query: Query, shelves: Sequence[Shelf], cabinets: Sequence[Cabinet]
    ) -> dict[str, Narrowed]:
        """Return who of datasets carries what is asked for, as individuals."""
        if not shelves:
            return {}
        asked = of_variants(query)
        by_id = {cabinet.dataset.id: cabinet for cabinet in cabinets}
        mine = [by_id[shelf.dataset.id] for shelf in shelves]
        joint = await self._joint(asked, shelves, mine)
        levels = dict.fromkeys([s.dataset.id for s in shelves], _RECORD)
        found = await self._find_of_people(asked, shelves, levels, joint)
        more = [
            await self._find_of_people(one, shelves, levels, joint)
            for one in spelled_apart(asked, found)
        ]
        carriers = self._carriers_of(shelves[0].release.assembly)
        carrying = {}
        for place, (shelf, cabinet) in enumerate(zip(shelves, mine, strict=True)):
            said = [found[place], *(again[place] for again in more)]
            narrowed = await joint.carrying(shelf, said, cabinet, carriers, query.about)
            carrying[shelf.dataset.id] = narrowed
        return carrying

    async def filtering_terms(
        self,
        datasets: Sequence[str],
        *,
        entry_types: Collection[str] | None = None,
        under: Under | None = None,
        cohort: str | None = None,
    ) -> tuple[FilteringTerm, ...]:
        """Return what the records of datasets can be filtered by.

        Args:
            datasets: their ids.
            entry_types: only what records of these types say.
            under: only what is said of this record, and what belongs with it.
            cohort: only what is said of a cohort and its individuals.

        Raises:
            StoreUnavailable: when the database fails or is too slow.
        """
        async with self._bounded():
            await self._refresh(_FRESH)
            ask_through(self._members)
            asked = [self._datasets[d] for d in datasets if d in self._datasets]
            return await self._filing.terms(asked, entry_types, under, cohort)

    async def cabinets(self, datasets: Sequence[str]) -> list[Cabinet]:
        """Return the documents of some datasets, as they are served now.

        Raises:
            StoreUnavailable: when the database fails.
        """
        await self._refresh(_FRESH)
        ask_through(self._members)
        return await self._cabinets(datasets)

    async def _cabinets(self, datasets: Iterable[str]) -> list[Cabinet]:
        """Return the documents of datasets, as they were served when last read."""
        known = [self._datasets[d] for d in datasets if d in self._datasets]
        return await self._filing.cabinets(known)

    async def individuals(
        self, names: Sequence[str], datasets: Sequence[str]
    ) -> frozenset[str]:
        """Return which of some individuals are in any of the datasets.

        Raises:
            StoreUnavailable: when the database fails or is too slow.
        """
        async with self._bounded():
            crowds = await self._crowds_of(datasets)
        known = (crowd.numbers for crowd in crowds.values())
        return frozenset(n for numbers in known for n in names if n in numbers)

    async def columns(self, datasets: Sequence[str]) -> tuple[str, ...]:
        """Return the columns that the samples tables of datasets have, sorted.

        Raises:
            StoreUnavailable: when the database fails or is too slow.
        """
        async with self._bounded():
            crowds = await self._crowds_of(datasets)
        found = {c for crowd in crowds.values() for c in crowd.people.table}
        return tuple(sorted(found))

    async def _crowds_of(self, datasets: Sequence[str]) -> dict[int, Crowd]:
        await self._refresh(_FRESH)
        served = [self._shelves[d] for d in datasets if d in self._shelves]
        ask_through(self._members)
        return await self._directory.crowds(gone_from(s.rows for s in served))

    async def _asked_people(
        self, query: Query, shelves: Sequence[Shelf], joint: Joint | None
    ) -> Individuals | None:
        """Return the people a question leaves out or counts apart, if any."""
        if query.pattern is None or not (query.excluded or query.by):
            return None
        return Individuals(
            query.pattern.sequence,
            shelves,
            await self._directory.crowds(gone_from(s.rows for s in shelves)),
            self._carriers_of(query.pattern.assembly),
            ReachTable(self._database, query.pattern.assembly, self._deadline),
            excluded=query.excluded,
            by=query.by,
            gone=None if joint is None else joint.others(),
        )

    def _carriers_of(self, assembly: str) -> CarrierTable:
        carriers = self._carriers.get(assembly)
        if carriers is None:
            carriers = CarrierTable(self._database, assembly, self._deadline)
            self._carriers[assembly] = carriers
        return carriers

    async def alleles_named(
        self, name: str, assembly: str, datasets: Sequence[str]
    ) -> list[Allele]:
        """Return the alleles that datasets carry under an rs number or a VRS id.

        Raises:
            InvalidRequest: when there are more than anybody can read.
            StoreUnavailable: when the database fails or is too slow.
        """
        async with self._bounded():
            await self._refresh(_FRESH)
            served = [self._shelves[d] for d in datasets if d in self._shelves]
            numbers = [
                number
                for shelf in served
                if shelf.release.assembly == assembly
                for number in shelf.rows.numbers
            ]
            names = self._names(assembly)
            ask_through(self._members)
            return await self._members.ask(lambda: names.alleles_named(name, numbers))

    def _asked(self, query: Query, granularities: Mapping[str, Granularity]) -> Rack:
        """Return the datasets to be read, with the release each serves now.

        Questions to the same datasets are given the very same ones.
        """
        assembly = query.assembly
        if query.pattern is not None:
            assembly = query.pattern.assembly
        return self._serving(assembly, granularities)

    def _serving(self, assembly: str | None, datasets: Iterable[str]) -> Rack:
        """Return the datasets of an assembly (of any), with what they serve now."""
        key = assembly, *datasets
        rack = self._racks.get(key)
        if rack is None:
            shelves = (self._shelves.get(name) for name in key[1:] if name is not None)
            rack = Rack(
                [
                    shelf
                    for shelf in shelves
                    if shelf is not None and assembly in (None, shelf.release.assembly)
                ]
            )
            if len(self._racks) >= _MOST_RACKS:
                self._racks.clear()
            self._racks[key] = rack
        return rack

    async def _find_of_people(
        self,
        query: Query,
        shelves: Sequence[Shelf],
        granularities: Mapping[str, Granularity],
        joint: Joint | None,
    ) -> Sequence[DatasetFindings]:
        """Return what datasets say, of the people asked for alone where any are."""
        if joint is None:
            return await self._find(query, shelves, granularities)
        found = await self._find_of_some(query, granularities, joint)
        told = {f.dataset.id: f for f in found}
        return [
            joint.told(s, told[s.dataset.id])
            if s.dataset.id in told
            else joint.silences(s)
            for s in shelves
        ]

    async def _find_of_some(
        self, query: Query, granularities: Mapping[str, Granularity], joint: Joint
    ) -> Sequence[DatasetFindings]:
        """Return what datasets say of some people.

        A few lead to the rows of what they carry; where that is nothing, all rows
        say what the "no" rests on.
        """
        shelves = joint.shelves
        if not joint.is_of_few or not is_scanned(query.pattern):
            return await self._find(query, shelves, granularities, joint)
        found = await self._find(query, shelves, granularities, joint.leading())
        nothing = [s for s, f in zip(shelves, found, strict=True) if not f.total]
        if not nothing:
            return found
        again: Sequence[DatasetFindings]
        if query.pattern is None:
            again = await self._walk(query, nothing, granularities, joint, Called)
        else:
            again = await self._find(query, nothing, granularities, joint)
        told = {f.dataset.id: f for f in (*found, *again)}
        return [told[shelf.dataset.id] for shelf in shelves]

    async def _joint(
        self, query: Query, shelves: Sequence[Shelf], cabinets: Sequence[Cabinet]
    ) -> Joint:
        """Return the people a question is of, each dataset's by its documents."""
        crowds = await self._directory.crowds(gone_from(s.rows for s in shelves))
        pairs = zip(shelves, cabinets, strict=True)
        meant = [await meant_by(query, s, cabinet, crowds) for s, cabinet in pairs]
        reach = ReachTable(self._database, shelves[0].release.assembly, self._deadline)
        return Joint(shelves, crowds, meant, reach)

    async def _find(
        self,
        query: Query,
        shelves: Sequence[Shelf],
        granularities: Mapping[str, Granularity],
        joint: Joint | None = None,
    ) -> Sequence[DatasetFindings]:
        pattern = query.pattern
        if not shelves:
            return ()
        if pattern is None:
            return await self._walk(query, shelves, granularities, joint)
        table = self._table_of(pattern.assembly, joint)
        if pattern.annotated is not None:
            tables = Tables(table, self._annotations(pattern.assembly))
            level = granularities.__getitem__
            found = await ask(pattern, shelves, level, query.page, tables)
            return await ranges_declared(pattern, found, shelves, table, joint)
        if pattern.is_single_allele:
            individuals = await self._asked_people(query, shelves, joint)
            if individuals is not None:
                table, joint = self._table(pattern.assembly), None
            return await look_up(
                pattern, shelves, table, individuals, joint, granularities
            )
        if pattern.similar is not None:
            levels = [granularities[s.dataset.id] for s in shelves]
            found = await find_similar(pattern, shelves, table, levels, query.page)
            return await ranges_declared(pattern, found, shelves, table, joint)
        return await self._scan(query, shelves, granularities, joint)

    async def _scan(
        self,
        query: Query,
        shelves: Sequence[Shelf],
        granularities: Mapping[str, Granularity],
        joint: Joint | None,
    ) -> list[DatasetFindings]:
        """Read a stretch once for all datasets that have its contig.

        A breakend of another contig may have its mate there.
        """
        pattern = cast("VariantPattern", query.pattern)
        contig = pattern.sequence
        table = self._table_of(contig.assembly, joint)
        answers = {
            s.dataset.id: Answer(
                s, granularities[s.dataset.id], query.page, is_counted=True
            )
            for s in shelves
            if contig.name in s.release.contigs or POINT_CLASS in s.long_classes
        }
        if answers:
            await scan(contig, pattern, tuple(answers.values()), table)
        found = [
            loaded_only(s, contig, answers[s.dataset.id].findings())
            if s.dataset.id in answers
            else DatasetFindings(dataset=s.dataset, total=0, is_contig_loaded=False)
            for s in shelves
        ]
        return await ranges_declared(pattern, found, shelves, table, joint)

    async def _walk(
        self,
        query: Query,
        shelves: Sequence[Shelf],
        granularities: Mapping[str, Granularity],
        joint: Joint | None,
        kind: type[Answer] = Answer,
    ) -> list[DatasetFindings]:
        """Answer "everything": totals are known, only pages are read.

        What some people carry must be counted; where nothing is carried, rows tell
        what that rests on.
        """
        answers = [
            (kind if joint or s.release.variants else Called)(
                s,
                granularities[s.dataset.id],
                query.page,
                is_counted=joint is not None or not s.release.variants,
            )
            for s in shelves
        ]
        for name in {s.release.assembly: None for s in shelves}:
            mine = [a for a in answers if a.shelf.release.assembly == name]
            for contig in ASSEMBLIES[name].contigs:
                here = [
                    a
                    for a in mine
                    if a.has_more and contig.name in a.shelf.release.contigs
                ]
                if here:
                    await scan(contig, None, here, self._table_of(name, joint))
        return [
            a.findings(None if joint else a.shelf.release.variants) for a in answers
        ]

    async def _annotated(
        self,
        found: Sequence[DatasetFindings],
        shelves: Sequence[Shelf],
        granularities: Mapping[str, Granularity],
    ) -> list[DatasetFindings]:
        """Add what annotations say of the variants that are shown as records."""
        annotated = {
            s.dataset.id: s
            for s in shelves
            if s.annotated is not None and granularities[s.dataset.id] is _RECORD
        }
        wanted: dict[str, dict[bytes, None]] = {}
        for one in found:
            shelf = annotated.get(one.dataset.id)
            if shelf is not None:
                ids = wanted.setdefault(shelf.release.assembly, {})
                for number in shelf.rows.numbers:
                    ids.update((id_of(number, v.allele), None) for v in one.variants)
        said: dict[bytes, Annotation] = {}
        for assembly, ids in wanted.items():
            if ids:
                said |= await self._annotations(assembly).by_id.get(tuple(ids))
        told = ((one, annotated.get(one.dataset.id)) for one in found)
        return [
            one if shelf is None else _with_annotations(one, shelf, said)
            for one, shelf in told
        ]

    def _annotations(self, assembly: str) -> AnnotationTable:
        table = self._annotation_tables.get(assembly)
        if table is None:
            table = AnnotationTable(self._database, assembly, self._deadline)
            self._annotation_tables[assembly] = table
        return table

    def _names(self, assembly: str) -> NameTable:
        names = self._name_tables.get(assembly)
        if names is None:
            names = NameTable(
                self._database, self._table(assembly), assembly, self._deadline
            )
            self._name_tables[assembly] = names
        return names

    def _table_of(self, assembly: str, joint: Joint | None) -> Table:
        """Return the rows of an assembly; of the people asked for alone, if any are."""
        table = self._table(assembly)
        if joint is None:
            return table
        return joint.table(table, self._carriers_of(assembly))

    def _table(self, assembly: str) -> Table:
        table = self._tables.get(assembly)
        if table is None:
            table = Table(self._database, assembly, self._deadline)
            self._tables[assembly] = table
        return table

    def _may_be_gone(
        self, shelves: Sequence[Shelf], read_at: float, valid_at: Timestamp | None
    ) -> bool:
        """Whether rows may have been read after they were removed.

        A member's answer is of the moment it tells, whatever our clock says.  What
        is served still, by pointers read meanwhile, was not changed before them.
        """
        latest = self._members.latest
        if latest is None or valid_at is None:
            return time.monotonic() - read_at > _OLDEST
        if self._valid_at is not None and self._serves_still(shelves):
            valid_at = max(valid_at, self._valid_at)
        return latest.time - valid_at.time >= _OLDEST

    def _serves_still(self, shelves: Sequence[Shelf]) -> bool:
        """Whether nothing is known to have changed since releases were read."""
        served = (self._releases.get(shelf.release.number) for shelf in shelves)
        now = (None if stored is None else stored.release for stored in served)
        return all(r is s.release for r, s in zip(now, shelves, strict=True))

    async def _check_still_kept(self, shelves: Sequence[Shelf]) -> None:
        """Refuse an answer whose rows may have changed while it was made.

        They were removed, or somebody left the part and what is told of the others
        was put in its place.
        """
        self._pointers_since.reach(self._members.latest)
        where: Document = {"_id": {"$in": [s.release.number for s in shelves]}}
        wanted = {"state": 1, "parts": 1}

        async def read() -> list[Document]:
            with driver_errors():
                found = self._pointers[RELEASES].find(
                    where, wanted, max_time_ms=LONGEST_MS
                )
                return await found.to_list(None)

        found = await self._members.ask(read, primary_first=True)
        kept = {
            cast("int", document["_id"]): read_rows(
                cast("ReleaseDocument", document)["parts"]
            )
            for document in found
            if not is_on_its_way_out(document)
        }
        for shelf in shelves:
            rows = kept.get(shelf.release.number)
            if rows is None or not rows.say_the_same_as(shelf.rows):
                message = "the data was changed while the question was being answered"
                raise StoreUnavailable(message)

    def _is_fresh(self, now: float) -> bool:
        """Whether what datasets serve was read so lately that nobody need look.

        While it is, a reading that is due begins, and nobody waits for it.
        """
        age = now - self._read_at
        if age > _FRESH:
            return False
        if age > _FRESH / 2 and self._reading is None:
            self._start_reading(now)
        return True

    async def _look_again(self) -> float:
        """See to it that what datasets serve was read within a second.

        Under load it is read again before that, so that nobody waits for it.

        Returns:
            When this began, by the clock that does not jump.

        Raises:
            StoreUnavailable: when that takes too long.
        """
        now = time.monotonic()
        if not self._is_fresh(now):
            async with self._bounded(now):
                await self._refresh(_FRESH)
        return now

    async def _refresh(self, age: float) -> None:
        """Read what datasets serve, unless that was done within ``age`` seconds.

        Concurrent questions share one reading; who leaves does not stop it.  While
        a replica set is without a primary, what was read before stands in for it.
        """
        now = time.monotonic()
        if now - self._read_at <= age:
            return
        reading = asyncio.shield(self._reading or self._start_reading(now))
        if self._valid_at is None or now - self._read_at > _STAND_IN:
            await reading
            return
        left = max(0.0, self._reading_since + _REREAD_FOR - now)
        with suppress(TimeoutError, StoreUnavailable):
            await asyncio.wait_for(reading, left)

    def _start_reading(self, now: float) -> asyncio.Task[None]:
        self._reading = asyncio.create_task(self._read_shelves())
        self._reading.add_done_callback(self._end_reading)
        self._reading_since = now
        return self._reading

    def _end_reading(self, task: asyncio.Task[None]) -> None:
        self._reading = None
        if not task.cancelled():
            task.exception()  # taken, even when nobody waits for it any more

    async def _read_shelves(self) -> None:
        with watched(None):
            await self._members.ask(self._read_pointers, primary_first=True)

    async def _read_pointers(self) -> None:
        """Read what datasets serve, as it is after the moment told meanwhile."""
        began = time.monotonic()
        with driver_errors():
            await self._read_genes()
            valid_at = self._members.latest
            self._pointers_since.reach(valid_at)
            cursor = self._pointers[DATASETS].find(LISTED, max_time_ms=LONGEST_MS)
            documents = await cursor.sort("_id", 1).to_list(None)
            wanted = {cast("int", d["active"]) for d in documents if d.get("active")}
            known = self._known_releases(documents)
            read = await self._read_releases(wanted - known.keys())
            await self._filing.read(self._pointers, documents)
        self._releases = known | read
        if read or documents != self._listed:
            self._rows_since.reach(self._members.latest)
            self._shelve(documents)
        self._read_at, self._valid_at = began, valid_at

    def _shelve(self, documents: list[Document]) -> None:
        """Take what documents of datasets say as what is served from now on."""
        datasets, shelves = {}, {}
        for document in documents:
            stored = self._releases.get(cast("int", document.get("active")))
            release = stored.release if stored else None
            cohorts = self._filing.cohorts_of(document)
            dataset = read_dataset(document, release, cohorts)
            datasets[dataset.id] = dataset
            if stored is not None:
                shelves[dataset.id] = _shelf(dataset, stored)
        self._datasets, self._shelves, self._listed = datasets, shelves, documents
        self._racks = {}
        self._served = tuple(datasets.values())
        self._changes += 1

    async def _read_genes(self) -> None:
        """Read the table of genes where it is another one than before."""
        if await texts_version(self._pointers, GENES) != self._genes_version:
            version, texts = await read_texts(self._pointers, GENES)
            self._genes = await asyncio.to_thread(GeneTable, texts)
            self._genes_version = version

    def _known_releases(
        self, documents: Sequence[Document]
    ) -> dict[int, StoredRelease]:
        """Return the releases that need not be read again.

        A release changes while its dataset serves another one, or is changed itself.
        """
        before = {document["_id"]: document for document in self._listed}
        same = (d for d in documents if d == before.get(d["_id"]))
        numbers = (cast("int", document.get("active")) for document in same)
        return {n: self._releases[n] for n in numbers if n in self._releases}

    async def _read_releases(self, numbers: set[int]) -> dict[int, StoredRelease]:
        """Return releases by number.

        Raises:
            StoreUnavailable: when one of them is gone by now.
        """
        if not numbers:
            return {}
        where: Document = {"_id": {"$in": sorted(numbers)}}
        cursor = self._pointers[RELEASES].find(where, max_time_ms=LONGEST_MS)
        found = await cursor.to_list(None)
        read = {cast("int", d["_id"]): read_release(d) for d in found}
        if read.keys() != numbers:
            message = "what datasets serve was changed while it was being read"
            raise StoreUnavailable(message)
        return read


@asynccontextmanager
async def _within(seconds: float, began: float | None = None) -> AsyncIterator[None]:
    """Bound what happens inside by a deadline.

    Args:
        seconds: how long it may take.
        began: since when, where that is before now (``time.monotonic``).

    Raises:
        StoreUnavailable: when it passes.
    """
    spent = 0.0 if began is None else time.monotonic() - began
    try:
        async with asyncio.timeout(seconds - spent):
            yield
    except TimeoutError as error:
        message = f"the database did not answer within {seconds:g} s"
        raise StoreUnavailable(message) from error
