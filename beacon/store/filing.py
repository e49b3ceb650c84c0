"""What datasets serve beside variants, as it was read last: sets, cohorts, terms.

It is read together with the pointers of datasets; sets never change, so that what
is remembered of them is good as long as a dataset serves them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from beacon.model.entry_types import COHORT, DATASET
from beacon.model.errors import StoreUnavailable
from beacon.model.facts import Said, facts_of
from beacon.model.listing import Listing
from beacon.model.ontology import NO_ONTOLOGIES, Hierarchy, Ontologies
from beacon.store.cabinets import Cabinet
from beacon.store.document_tables import DocumentTables
from beacon.store.driver import COHORTS, LONGEST_MS, ONTOLOGIES, Document
from beacon.store.remembered import Remembered
from beacon.store.set_documents import cohort_pointer, read_cohorts, read_sets
from beacon.store.texts import read_texts, texts_version
from beacon.store.vocabulary import IndexedLexicon

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from motor.motor_asyncio import AsyncIOMotorDatabase

    from beacon.model.dataset import Dataset
    from beacon.model.facts import Facts, Lexicon
    from beacon.model.records import Record, Under
    from beacon.model.terms import FilteringTerm
    from beacon.store.set_documents import CohortPointer, StoredSet

_LEXICON_BYTES = 128 * 1024 * 1024
"""How much a process remembers of the terms of choices of datasets."""

_PLACE_BYTES = 600
"""What a term in a field takes, with its place under everything wider."""

_TERM_BYTES = 500
_TERMS_BYTES = 32 * 1024 * 1024

_Cohorts = dict[int, tuple["Record", ...]]


class Filing:
    """The documents of all datasets; every method raises ``StoreUnavailable``.

    Args:
        database: where documents are read.
        deadline: seconds a read may take.
    """

    def __init__(
        self, database: AsyncIOMotorDatabase[Document], deadline: float
    ) -> None:
        self.tables = DocumentTables(database, deadline)
        self._sets: dict[str, Mapping[str, StoredSet]] = {}
        self._cohorts: _Cohorts = {}
        self._ontologies = NO_ONTOLOGIES
        self._version = 0
        self._terms: Remembered[object, tuple[FilteringTerm, ...]] = Remembered(
            _TERMS_BYTES
        )
        self._lexicons: Remembered[object, Lexicon] = Remembered(_LEXICON_BYTES)

    @property
    def ontologies(self) -> Ontologies:
        """The hierarchies that were read last."""
        return self._ontologies

    async def read(
        self, pointers: AsyncIOMotorDatabase[Document], documents: Sequence[Document]
    ) -> None:
        """Read what datasets serve, where it is something else than before.

        Args:
            pointers: where it is read.
            documents: those of the datasets.
        """
        version = await texts_version(pointers, ONTOLOGIES)
        if version != self._version:
            version, texts = await read_texts(pointers, ONTOLOGIES)
            self._ontologies = await asyncio.to_thread(_ontologies, version, texts)
            self._version = version
        cohorts: _Cohorts = {}
        for pointer in filter(None, map(cohort_pointer, documents)):
            known = self._cohorts.get(pointer.number)
            cohorts[pointer.number] = known or await _read_cohorts(pointers, pointer)
        self._cohorts = cohorts
        self._sets = {cast("str", d["_id"]): read_sets(d) for d in documents}

    def cohorts_of(self, document: Document) -> tuple[Record, ...]:
        """Return the cohorts of a dataset that were read last."""
        pointer = cohort_pointer(document)
        return () if pointer is None else self._cohorts[pointer.number]

    async def cabinets(self, datasets: Sequence[Dataset]) -> list[Cabinet]:
        """Return the documents of some datasets, to be asked together."""
        sets = [self._sets.get(dataset.id, {}) for dataset in datasets]
        every = [stored for by_type in sets for stored in by_type.values()]
        lexicon = await self._lexicon(datasets, every)
        return [
            Cabinet(dataset, stored, self.tables, lexicon)
            for dataset, stored in zip(datasets, sets, strict=True)
        ]

    async def terms(
        self,
        datasets: Sequence[Dataset],
        entry_types: Collection[str] | None,
        under: Under | None,
        cohort: str | None,
    ) -> tuple[FilteringTerm, ...]:
        """Return what records of datasets can be filtered by (``listing``)."""
        asked = (entry_types and frozenset(entry_types), under, cohort)
        key = (*asked, *((dataset.id, dataset.updated) for dataset in datasets))

        async def read() -> tuple[FilteringTerm, ...]:
            listing = Listing()
            for cabinet in await self.cabinets(datasets):
                await _list(listing, cabinet, *asked)
            return await asyncio.to_thread(listing.terms)

        names = {c.id for dataset in datasets for c in dataset.cohorts}
        if under is not None or (cohort is not None and cohort not in names):
            return await read()
        return await self.tables.once(
            self._terms, key, read, lambda terms: _TERM_BYTES * (len(terms) + 1)
        )

    async def _lexicon(
        self, datasets: Sequence[Dataset], sets: Sequence[StoredSet]
    ) -> Lexicon:
        """Return what is known of the terms of some datasets together."""
        key = (
            self._version,
            *(stored.set.number for stored in sets),
            *((dataset.id, dataset.updated) for dataset in datasets),
        )
        return await self.tables.once(
            self._lexicons, key, lambda: self._read_lexicon(datasets, sets), _weight
        )

    async def _read_lexicon(
        self, datasets: Sequence[Dataset], sets: Sequence[StoredSet]
    ) -> Lexicon:
        places: dict[str, set[tuple[str, str]]] = {}
        for entry_type, facts in _facts(datasets):
            said = ((s.field, s.term) for s in facts if isinstance(s, Said))
            places.setdefault(entry_type, set()).update(said)
        read = await asyncio.gather(*map(self.tables.vocabulary, sets))
        for stored, vocabulary in zip(sets, read, strict=True):
            places.setdefault(stored.set.entry_type, set()).update(vocabulary.places)
        return await asyncio.to_thread(IndexedLexicon, self._ontologies, places)


async def _list(
    listing: Listing,
    cabinet: Cabinet,
    entry_types: Collection[str] | None,
    under: Under | None,
    cohort: str | None,
) -> None:
    """Add what the records of one dataset say to a listing."""
    among = await cabinet.belonging_to(under, cohort, tuple(cabinet.sets))
    for name in cabinet.sets:
        if entry_types is None or name in entry_types:
            chosen = None if among is None else among[name]
            said = await cabinet.said(name, chosen)
            await asyncio.to_thread(listing.add, name, said)
    if under is not None:
        return
    facts = [(DATASET.id, cabinet.dataset_facts)] if cohort is None else []
    facts += [
        (COHORT.id, said)
        for name, said in cabinet.cohort_facts.items()
        if cohort in (None, name)
    ]
    for name, every in facts:
        if every is not None and (entry_types is None or name in entry_types):
            listing.add(name, [(said, 1) for said in every])


def _weight(lexicon: Lexicon) -> int:
    """Return about how many bytes a lexicon takes."""
    places = sum(map(len, lexicon.fields.values()))
    return _PLACE_BYTES * (places + 1)


def _facts(datasets: Sequence[Dataset]) -> list[tuple[str, Facts]]:
    """Return what the records of datasets and of their cohorts say."""
    records = [(DATASET.id, d.record) for d in datasets if d.record is not None]
    records += [(COHORT.id, c.document) for d in datasets for c in d.cohorts]
    return [(name, facts_of(name, document)) for name, document in records]


def _ontologies(version: int, texts: Mapping[str, bytes]) -> Ontologies:
    read = {name: Hierarchy.from_text(text) for name, text in texts.items()}
    return Ontologies(by_prefix=read, version=version)


async def _read_cohorts(
    pointers: AsyncIOMotorDatabase[Document], pointer: CohortPointer
) -> tuple[Record, ...]:
    """Return the cohorts of a dataset.

    Raises:
        StoreUnavailable: when they were replaced meanwhile.
    """
    where: Document = {"_id": {"$in": pointer.ids}}
    cursor = pointers[COHORTS].find(where, max_time_ms=LONGEST_MS)
    kept = await cursor.to_list(None)
    if len(kept) != pointer.blobs:
        message = "cohorts were changed while they were being read"
        raise StoreUnavailable(message)
    blobs = {k["_id"]: cast("bytes", k["b"]) for k in kept}
    return read_cohorts([blobs[i] for i in pointer.ids])
