"""Cabinets: the documents of one dataset, as it serves them now, and who meets what.

Which records meet a filter is what ``facts.is_met`` says of each; a filter is judged
on records of its scope, and the result carried over to the type that is asked for.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
from pyroaring import BitMap

from beacon.model.entry_types import COHORT, DATASET, DOCUMENTED
from beacon.model.facts import Amount, criterion_of, facts_of, is_known, is_met
from beacon.model.filters import TermFilter
from beacon.store.linking import bitmap_of, places_of
from beacon.store.postings import key_of
from beacon.store.set_documents import read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from beacon.model.dataset import Dataset
    from beacon.model.facts import Bounds, Criterion, Facts, Lexicon, Statement
    from beacon.model.filters import Clauses, Filter
    from beacon.model.records import DocumentSet, Json, Record, Under
    from beacon.store.document_tables import DocumentTables
    from beacon.store.individuals import Crowd
    from beacon.store.linking import Linked
    from beacon.store.postings import Column, Places
    from beacon.store.set_documents import StoredSet

    Mask = NDArray[np.bool_]

_INDIVIDUAL, _BIOSAMPLE = DOCUMENTED[:2]
_FEW = 100
_MANY = 5_000
"""Statements from which on texts are compared in a thread."""
_LARGE = 20_000
"""Documents from which on links are followed in a thread."""


class Selection(NamedTuple):
    """Which documents of a dataset meet some filters.

    Attributes:
        ordinals: of the type asked for.
        unknown: texts of the filters that nothing here answers to.
        is_covered: whether the dataset has records of every filter's scope; where
            not, that nothing was selected is no "no".
    """

    ordinals: BitMap
    unknown: frozenset[str] = frozenset()
    is_covered: bool = True


class Meeting(NamedTuple):
    """Whether one dataset, or one cohort, meets some filters.

    Attributes:
        unknown, is_covered: as in ``Selection``.
    """

    is_met: bool
    unknown: frozenset[str] = frozenset()
    is_covered: bool = True


class _Judged(NamedTuple):
    """What a dataset says to one filter; ``found`` may be changed."""

    found: BitMap
    is_known: bool = False
    is_covered: bool = True


class _Matches(NamedTuple):
    """Records of one type that agree with a filter, and those that speak of it."""

    agree: BitMap
    speak: BitMap
    is_known: bool


class Cabinet:
    """The documents of one dataset.  Every method raises ``StoreUnavailable``.

    Args:
        dataset: as it is served.
        stored: its sets by entry type.
        lexicon: what is known in all datasets that are asked together, so that a
            filter means the same in each.
    """

    def __init__(
        self,
        dataset: Dataset,
        stored: Mapping[str, StoredSet],
        tables: DocumentTables,
        lexicon: Lexicon,
    ) -> None:
        self.dataset = dataset
        self._stored = stored
        self._tables = tables
        self._lexicon = lexicon

    @property
    def sets(self) -> Mapping[str, DocumentSet]:
        """The sets by entry type."""
        return self.dataset.documents

    def everything(self, entry_type: str) -> BitMap:
        """Return all documents of a type."""
        stored = self._stored.get(entry_type)
        return BitMap() if stored is None else BitMap(range(stored.set.count))

    async def select(self, clauses: Clauses, about: str) -> Selection:
        """Return the documents of a type that meet every clause."""
        found = self.everything(about)
        unknown: set[str] = set()
        is_covered = True
        for clause in clauses:
            any_of = BitMap()
            for asked in clause:
                await asyncio.sleep(0)  # of many filters others have their turn
                judged = await self._judge(asked, about)
                any_of |= judged.found
                is_covered &= judged.is_covered
                if not judged.is_known:
                    unknown.add(asked.text)
            found &= any_of
        return Selection(found, frozenset(unknown), is_covered)

    async def _judge(self, asked: Filter, about: str) -> _Judged:
        await asyncio.sleep(0)  # of hundreds of filters: others ask in between
        if asked.scope == DATASET.id:
            return self._judge_dataset(asked, about)
        if asked.scope == COHORT.id:
            return await self._judge_cohorts(asked, about)
        if asked.scope is not None:
            return await self._judge_scope(asked, asked.scope, about)
        return await self._judge_everywhere(asked, about)

    async def _judge_scope(self, asked: Filter, scope: str, about: str) -> _Judged:
        """Judge a filter on the records of one type."""
        if scope not in self._stored:
            return _Judged(BitMap(), is_covered=False)
        criterion = criterion_of(asked, scope, self._lexicon)
        matches = await self._matches(criterion)
        met = matches.agree
        if criterion.is_negated:
            met = matches.speak - matches.agree
        found = await self.project(met, scope, about)
        return _Judged(found, matches.is_known)

    async def _judge_everywhere(self, asked: Filter, about: str) -> _Judged:
        """Judge a filter on the records of every type that knows it.

        Of a negated one whoever agrees in any of them is out.  What no document
        speaks of, the dataset's own record may.
        """
        agree, speak, is_any_known = BitMap(), BitMap(), False
        is_negated = False
        for scope in self._stored:
            criterion = criterion_of(asked, scope, self._lexicon)
            is_negated = criterion.is_negated
            matches = await self._matches(criterion)
            agree |= await self.project(matches.agree, scope, about)
            speak |= await self.project(matches.speak, scope, about)
            is_any_known |= matches.is_known
        if not is_any_known and (judged := self._judge_dataset(asked, about)).is_known:
            return judged
        found = speak - agree if is_negated else agree
        return _Judged(found, is_any_known, bool(self._stored))

    async def _matches(self, criterion: Criterion) -> _Matches:
        stored = self._stored[criterion.entry_type]
        number = stored.set.number
        vocabulary = await self._tables.vocabulary(stored)
        terms = self._terms(criterion)
        text = criterion.text
        if text is not None and text.literal is None and len(vocabulary) > _MANY:
            chosen = await asyncio.to_thread(vocabulary.choose, criterion, *terms)
        else:
            chosen = vocabulary.choose(criterion, *terms)
        agree = await self._union(number, chosen.agree)
        speak = await self._union(number, chosen.speak)
        for wanted in chosen.columns:
            column = await self._tables.column(number, wanted.column, wanted.rows)
            agree |= bitmap_of(column.ordinals[_held(wanted.bounds, column)])
            if criterion.is_negated:
                speak |= bitmap_of(column.ordinals)
        return _Matches(agree, speak, chosen.is_known)

    def _terms(self, criterion: Criterion) -> tuple[frozenset[str], frozenset[str]]:
        """Return the terms that a filter asks for, and those that deny it."""
        asked = criterion.asked
        if not isinstance(asked, TermFilter) or criterion.term is None:
            return frozenset(), frozenset()
        return (
            self._lexicon.meant(criterion.entry_type, asked),
            self._lexicon.denying(criterion.entry_type, criterion.term),
        )

    async def _union(self, number: int, places: Sequence[int]) -> BitMap:
        bitmaps = await self._tables.bitmaps(number, places)
        return BitMap.union(*bitmaps) if bitmaps else BitMap()

    async def meets(self, clauses: Clauses, cohort: Record | None = None) -> Meeting:
        """Return whether the dataset, or one of its cohorts, meets every clause.

        It does by its own record, or by any of its individuals, biosamples, …
        """
        is_met, is_covered = True, True
        unknown: set[str] = set()
        for clause in clauses:
            is_any = False
            for asked in clause:
                await asyncio.sleep(0)
                met, is_known, covered = await self._meets(asked, cohort)
                is_any |= met
                is_covered &= covered
                if not is_known:
                    unknown.add(asked.text)
            is_met &= is_any
        return Meeting(is_met, frozenset(unknown), is_covered)

    async def _meets(
        self, asked: Filter, cohort: Record | None
    ) -> tuple[bool, bool, bool]:
        """Return whether a filter is met, known, and judged on any record.

        A negated one is settled by the record that is asked about, where it speaks
        of the field: others that agree would put back what it rules out.
        """
        mine = DATASET.id if cohort is None else COHORT.id
        is_met_here = is_known_here = is_judged = False
        if asked.scope in (None, mine):
            document = self.dataset.record if cohort is None else cohort.document
            if document is not None:
                facts = facts_of(mine, document)
                is_met_here = is_met(asked, mine, facts, self._lexicon)
                is_known_here = self._is_known(asked, mine, [facts])
                is_judged = True
        is_settled = (
            is_known_here and criterion_of(asked, mine, self._lexicon).is_negated
        )
        if asked.scope == mine or is_settled:
            return is_met_here, is_known_here, is_judged
        found, is_known_there, is_covered = await self._belonging(asked, cohort)
        return (
            is_met_here or bool(found),
            is_known_here or is_known_there,
            is_judged or is_covered,
        )

    async def _belonging(self, asked: Filter, cohort: Record | None) -> _Judged:
        """Judge a filter on what belongs to the dataset, or to the cohort."""
        if cohort is not None:
            judged = await self._judge(asked, _INDIVIDUAL)
            members = await self.members_of(cohort.id) or BitMap()
            return judged._replace(found=judged.found & members)
        if asked.scope is not None:
            return await self._judge(asked, asked.scope)
        judged = _Judged(BitMap(), is_covered=False)
        for about in self._stored:
            there = await self._judge_scope(asked, about, about)
            judged = _Judged(
                judged.found or there.found,
                judged.is_known or there.is_known,
                is_covered=True,
            )
        return judged

    def _judge_dataset(self, asked: Filter, about: str) -> _Judged:
        """Judge a filter on the dataset's own record."""
        facts = self.dataset_facts
        if facts is None:
            return _Judged(BitMap(), is_covered=False)
        is_it = is_met(asked, DATASET.id, facts, self._lexicon)
        found = self.everything(about) if is_it else BitMap()
        return _Judged(found, self._is_known(asked, DATASET.id, [facts]))

    async def _judge_cohorts(self, asked: Filter, about: str) -> _Judged:
        """Judge a filter on the dataset's cohorts: whoever is in one that meets it."""
        every = self.cohort_facts
        if not every:
            return _Judged(BitMap(), is_covered=False)
        met = [
            c for c, f in every.items() if is_met(asked, COHORT.id, f, self._lexicon)
        ]
        people = BitMap()
        for cohort in met:
            people |= await self.members_of(cohort) or BitMap()
        found = await self.project(people, _INDIVIDUAL, about)
        return _Judged(found, self._is_known(asked, COHORT.id, every.values()))

    def _is_known(self, asked: Filter, scope: str, records: Iterable[Facts]) -> bool:
        criterion = criterion_of(asked, scope, self._lexicon)
        return any(is_known(criterion, said) for facts in records for said in facts)

    @cached_property
    def dataset_facts(self) -> Facts | None:
        """What the dataset's record says; ``None``: it has none."""
        record = self.dataset.record
        return None if record is None else facts_of(DATASET.id, record)

    @cached_property
    def cohort_facts(self) -> dict[str, Facts]:
        """What the records of its cohorts say, by their ids."""
        return {c.id: facts_of(COHORT.id, c.document) for c in self.dataset.cohorts}

    async def members_of(self, cohort: str) -> BitMap | None:
        """Return the individuals of a cohort; ``None``: there is none of that id."""
        record = self.cohort(cohort)
        if record is None:
            return None
        stored = self._stored.get(_INDIVIDUAL)
        if record.members is None or stored is None:
            return self.everything(_INDIVIDUAL)
        key = (stored.set.number, cohort)
        known = self._tables.members.get(key)
        if known is None or known[0] is not record:
            known = record, await self.ordinals_of(_INDIVIDUAL, record.members)
            self._tables.members.keep(key, known, 4 * len(known[1]) + 1000)
        return known[1].copy()

    def cohort(self, identity: str) -> Record | None:
        """Return a cohort of the dataset; ``None``: there is none of that id."""
        return next((c for c in self.dataset.cohorts if c.id == identity), None)

    async def belonging_to(
        self, under: Under | None, cohort: str | None, goals: Collection[str]
    ) -> dict[str, BitMap] | None:
        """Return the documents of a record and of a cohort; ``None``: all.

        Args:
            under: the record.
            cohort: the cohort's id.
            goals: the types of the documents, by which they are returned.
        """
        found: dict[str, BitMap] | None = None
        if under is not None and under.entry_type in DOCUMENTED:
            above = await self.ordinals_of(under.entry_type, [under.identity])
            found = await self._with(above, under.entry_type, goals)
        record = None if cohort is None else self.cohort(cohort)
        if cohort is not None and (record is None or record.members is not None):
            members = await self.members_of(cohort) or BitMap()
            of_cohort = await self._with(members, _INDIVIDUAL, goals)
            found = of_cohort if found is None else _both(found, of_cohort)
        return found

    async def _with(
        self, ordinals: BitMap, start: str, goals: Collection[str]
    ) -> dict[str, BitMap]:
        """Return by type the documents that belong with some."""
        return {goal: await self.project(ordinals, start, goal) for goal in goals}

    async def said(
        self, entry_type: str, among: BitMap | None = None
    ) -> list[tuple[Statement, int]]:
        """Return what documents of a type say, and how many say it.

        Args:
            entry_type: one that the dataset has documents of.
            among: only these documents; ``None``: all.
        """
        stored = self._stored[entry_type]
        if among is not None and len(among) <= _FEW:
            counted: Counter[Statement] = Counter()
            for document in await self.read(entry_type, list(among)):
                counted.update(facts_of(entry_type, document))
            return list(counted.items())
        vocabulary = await self._tables.vocabulary(stored)
        said: list[tuple[Statement, int]] = list(vocabulary.entries)
        if among is not None:
            places = range(len(said))
            bitmaps = await self._tables.bitmaps(stored.set.number, places)
            sizes = [bitmap.intersection_cardinality(among) for bitmap in bitmaps]
            said = [(s, n) for (s, _), n in zip(said, sizes, strict=True) if n]
        for index, (name, kind, rows) in enumerate(vocabulary.contents.columns):
            if among is not None:
                column = await self._tables.column(stored.set.number, index, rows)
                if not bitmap_of(column.ordinals).intersect(among):
                    continue
            said.append((Amount(name, kind, 0, 0), rows))
        return said

    async def project(self, ordinals: BitMap, from_type: str, to_type: str) -> BitMap:
        """Return the documents of one type that belong with some of another."""
        if from_type == to_type or not ordinals:
            return ordinals.copy()
        linked = await self._linked()
        if sum(s.set.count for s in self._stored.values()) < _LARGE:
            return linked.project(ordinals, from_type, to_type)
        return await asyncio.to_thread(linked.project, ordinals, from_type, to_type)

    async def _linked(self) -> Linked:
        return await self._tables.linked(self._stored)

    async def ordinals_of(self, entry_type: str, ids: Collection[str]) -> BitMap:
        """Return the documents that have some ids; an id may be of nobody here."""
        if entry_type not in self._stored or not ids:
            return BitMap()
        wanted = tuple(ids)
        keys = np.fromiter(map(key_of, wanted), np.uint64, len(wanted))
        found = (await self._linked()).ordinals(entry_type, keys)
        ordinals = bitmap_of(found[found >= 0])
        if len(wanted) > _FEW:
            return ordinals
        held = await self.ids(entry_type, ordinals)
        return BitMap(o for o, i in zip(ordinals, held, strict=True) if i in wanted)

    async def keys(self, entry_type: str, ordinals: BitMap) -> Places:
        """Return digests of the ids of some documents, the same in every dataset."""
        linked = await self._linked()
        return linked.keys_of(entry_type)[places_of(ordinals)].view(np.int64)

    async def ids(self, entry_type: str, ordinals: BitMap) -> list[str]:
        """Return the ids of some documents, in their order."""
        if not ordinals:
            return []
        number = self._stored[entry_type].set.number
        rows = await self._tables.rows(number, list(ordinals), has_json=False)
        return [cast("str", row["i"]) for row in rows]

    async def read(self, entry_type: str, ordinals: Sequence[int]) -> list[Json]:
        """Return some documents as they were loaded, in the order asked for."""
        if not ordinals:
            return []
        number = self._stored[entry_type].set.number
        rows = await self._tables.rows(number, ordinals)
        return [read_json(cast("bytes", row["j"])) for row in rows]

    async def people_of(self, individuals: BitMap, crowd: Crowd, part: int) -> BitMap:
        """Return which people of a part some individuals are, by their numbers."""
        people, ordinals = await self._pairs(crowd, part)
        is_chosen = self._mask(individuals)
        return bitmap_of(people[is_chosen[ordinals]])

    async def individuals_of(self, people: BitMap, crowd: Crowd, part: int) -> BitMap:
        """Return which individuals some people of a part are."""
        numbers, ordinals = await self._pairs(crowd, part)
        is_chosen = np.isin(numbers, places_of(people))
        return bitmap_of(ordinals[is_chosen])

    async def samples_of(self, people: BitMap, crowd: Crowd, part: int) -> BitMap:
        """Return which biosamples are samples of some people of a part."""
        numbers, ordinals = await self._samples(crowd, part)
        return bitmap_of(ordinals[np.isin(numbers, places_of(people))])

    async def read_elsewhere(self, chosen: BitMap, crowd: Crowd, part: int) -> BitMap:
        """Return the people of a part whose samples are other biosamples than some."""
        numbers, ordinals = await self._samples(crowd, part)
        is_chosen = np.isin(ordinals, places_of(chosen))
        return bitmap_of(numbers) - bitmap_of(numbers[is_chosen])

    async def _samples(self, crowd: Crowd, part: int) -> tuple[Places, Places]:
        """Return people of a part and the biosamples they are, side by side."""
        stored = self._stored.get(_BIOSAMPLE)
        if stored is None:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        key = (-part, stored.set.number)
        known = self._tables.people.get(key)
        if known is None or known[0] is not crowd.people:
            linked = await self._linked()
            pairs = await asyncio.to_thread(_sampled, linked, crowd)
            known = crowd.people, pairs
            self._tables.people.keep(key, known, 16 * len(pairs[0]) + 1000)
        return known[1]

    def _mask(self, individuals: BitMap) -> Mask:
        stored = self._stored.get(_INDIVIDUAL)
        mask = np.zeros(0 if stored is None else stored.set.count, np.bool_)
        mask[places_of(individuals)] = True
        return mask

    async def _pairs(self, crowd: Crowd, part: int) -> tuple[Places, Places]:
        """Return people of a part and the individuals they are, side by side.

        Somebody is who has their name; or whose document, or biosample's document,
        has the name of one of their samples.
        """
        sets = (self._stored.get(name) for name in (_INDIVIDUAL, _BIOSAMPLE))
        key = (part, *(0 if s is None else s.set.number for s in sets))
        known = self._tables.people.get(key)
        if known is not None and known[0] is crowd.people:
            return known[1]
        linked = await self._linked()
        pairs = await asyncio.to_thread(_pairs, linked, crowd)
        weight = 16 * len(pairs[0]) + 1000
        self._tables.people.keep(key, (crowd.people, pairs), weight)
        return pairs


def _both(one: dict[str, BitMap], other: dict[str, BitMap]) -> dict[str, BitMap]:
    return {name: bitmap & other[name] for name, bitmap in one.items()}


def _held(bounds: Bounds, column: Column) -> Mask:
    """Return which rows of a column agree: as one amount does, each of them."""
    hold = cast("Callable[[object, object], Mask]", bounds.hold)
    return hold(column.low, column.high)


def _sampled(linked: Linked, crowd: Crowd) -> tuple[Places, Places]:
    """Return people and the biosamples that are their samples, side by side."""
    sampled = [
        (n, key_of(sample))
        for n, samples in enumerate(crowd.people.samples)
        for sample in samples
    ]
    every = np.array(sampled, np.uint64).reshape(-1, 2)
    ordinals = linked.ordinals(_BIOSAMPLE, every[:, 1])
    is_found = ordinals >= 0
    return every[is_found, 0].astype(np.int64), ordinals[is_found]


def _pairs(linked: Linked, crowd: Crowd) -> tuple[Places, Places]:
    people = crowd.people
    named = [(n, key_of(name)) for n, name in enumerate(people.names) if name]
    sampled = [
        (n, key_of(sample))
        for n, samples in enumerate(people.samples)
        for sample in samples
    ]
    every = np.array(named + sampled, np.uint64).reshape(-1, 2)
    of_samples = np.array(sampled, np.uint64).reshape(-1, 2)
    direct = linked.ordinals(_INDIVIDUAL, every[:, 1])
    through = linked.individuals_of_biosamples(of_samples[:, 1])
    numbers = np.concatenate([every[:, 0], of_samples[:, 0]]).astype(np.int64)
    ordinals = np.concatenate([direct, through])
    is_found = ordinals >= 0
    return numbers[is_found], ordinals[is_found]
