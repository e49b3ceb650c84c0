"""LocalBeacon: from a question to what may be said.

Four steps and nothing else: which datasets are asked, what each may say
(``policy.permit``), what is true (``store.find``), what is said
(``policy.disclose``).  No HTTP, no JSON and no database query lives here.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from itertools import compress
from typing import TYPE_CHECKING, cast

from beacon.model.allowance import UNLIMITED
from beacon.model.disclosure import DatasetDisclosure, Disclosure, NamedAllele
from beacon.model.errors import (
    InvalidRequest,
    NotFound,
    NotPermitted,
    StoreUnavailable,
)
from beacon.model.findings import Findings
from beacon.model.grouped import column_name
from beacon.model.joining import joined, joined_places
from beacon.model.pattern import VariantPattern
from beacon.model.query import Granularity, Page, Query
from beacon.model.records import Under
from beacon.model.requester import ANONYMOUS
from beacon.model.spelling import allele_pattern
from beacon.model.status import Status
from beacon.model.summarised import Detail
from beacon.model.vrs import PREFIX, vrs_ids
from beacon.policy.asking import has_ledger, hides, may_filter, may_name, refusal
from beacon.policy.policy import disclose, may_ask
from beacon.policy.pooling import is_pooled
from beacon.policy.summarising import detail_of, summarised
from beacon.service.catalogue import collected
from beacon.service.documents import Documents, check_asking, is_asked
from beacon.service.ledgered import LEFT_OUT
from beacon.service.levelling import STEP, in_steps
from beacon.service.many import Tellers, Together
from beacon.service.plans import Plans

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from beacon.model.allowance import Allowance
    from beacon.model.dataset import Dataset
    from beacon.model.disclosure import Collected, Permit, RecordsDisclosure
    from beacon.model.errors import BeaconError
    from beacon.model.findings import DatasetFindings
    from beacon.model.genes import Genes
    from beacon.model.genome import Contig
    from beacon.model.ontology import Ontologies
    from beacon.model.outline import Outline, Spelled
    from beacon.model.requester import Requester
    from beacon.model.summarised import Summarised
    from beacon.model.terms import FilteringTerm
    from beacon.model.variant import Allele, Reference
    from beacon.model.vrs import VrsIds
    from beacon.model.wording import Asked, Whole, Word, Wording
    from beacon.policy.policy import Policy
    from beacon.service.guard import Guard
    from beacon.service.plans import Plan, Sight, Way
    from beacon.store.variants import VariantStore

_VRS_KNOWN = "VRS ids of what is loaded (beacon load variants --vrs-ids keeps them)"
_COMPARED_IN_PART = (
    "Of this VRS id only the first letters were compared, as no reference of the"
    " assembly is configured (or it lacks these bases); check the allele named."
)


_ONE_ALLELE = (
    "People can be left out, or counted by columns, where one allele is asked for (or"
    " an rsID); not over a range, a gene or what is similar."
)
_EVERY_RECORD = 1_000_000
_ANY_ALLELE = ((0, "A", "C"),)
_NO_TABLES = "no individuals are kept of any dataset."
_NOTHING = Findings(datasets=())
_POPULATION = "population"
_NO_DATASET = "There is no such dataset here."
_NO_LEDGER = "nothing is open to write down what is learnt, so nothing is said"


class _NoBases:
    """The reference of an assembly that none is configured for."""

    def bases(self, contig: Contig, start: int, end: int) -> str | None:
        """Return that no base is known."""
        del contig, start, end
        return None


_NO_BASES = _NoBases()


class LocalBeacon:
    """Answers from the store of this beacon; shared by all requests.

    Args:
        store: the open store; who opened it closes it.
        policy: what may be said to whom.
        references: genomes that questions are normalised with, by assembly.
        deadline: seconds within which a ready store gives a sign of life.
        guard: counts questions and charges for answers, where the policy wants it.
    """

    def __init__(
        self,
        store: VariantStore,
        policy: Policy,
        *,
        references: Mapping[str, Reference],
        deadline: float,
        guard: Guard | None = None,
    ) -> None:
        self._store = store
        self._guard = guard
        self._deadline = deadline
        self.references = references
        self.policy = policy.name
        self._plans = Plans(policy)
        self._tellers = Tellers(self._plans)

    async def answer(self, query: Query, requester: Requester) -> Disclosure:
        """Return what may be said to ``requester``.

        Raises:
            InvalidRequest: for a name of more alleles than can be answered.
            NotPermitted: where no dataset may be asked.
            StoreUnavailable: when the store fails or misses the deadline.
        """
        pattern = query.pattern
        if query.excluded or query.by:
            query = await self._about_people(query, requester)
            missing = await self._strangers(query, requester)
            if missing:
                return await self._unknown_people(missing, query, requester)
        if pattern is not None and pattern.name is not None:
            return await self._answer_name(pattern.name, pattern, query, requester)
        if pattern is not None and pattern.elsewhere:
            return await self._answer_places(pattern, query, requester)
        return await self._answer(query, requester)

    async def answer_alike(
        self, outline: Outline, allele: Spelled, requester: Requester
    ) -> Disclosure:
        """Return what ``answer`` gives to the question of an outline for an allele.

        Args:
            outline: a plain one.
            allele: what is asked for, as it spells it.
            requester: who asks.

        Raises:
            StoreUnavailable: when the store fails or misses the deadline.
        """
        way = self._plans.way_of(outline, requester, await self._store.datasets())
        plan = way.plan
        plan.check()
        if plan.is_apart:
            asked = replace(outline.query, pattern=outline.pattern(allele))
            return await self._answer(asked, requester)
        if self._guard is not None:
            await self._guard.admit_alike(outline, allele, requester, plan.tiers)
        if plan.is_levelled:
            async with in_steps(STEP):
                return await self._said_alike(way, allele)
        return await self._said_alike(way, allele)

    async def _said_alike(self, way: Way, allele: Spelled) -> Disclosure:
        """Find and say, once that may be done."""
        plan, found = way.plan, cast("Sequence[DatasetFindings]", ())
        if plan.granularities:
            levels, silent = plan.granularities, plan.silent
            found = await self._store.find_allele(way.outline, allele, levels, silent)
        return way.gate.disclose(found)

    async def answer_many(
        self, queries: Sequence[Query], requester: Requester
    ) -> Sequence[Disclosure | BeaconError]:
        """Return the answer to each question, in order, or why it has none."""
        together = self._together(requester)
        if self._guard is None:
            return await together.answer(queries)
        datasets = await self._store.datasets()
        plans = [self._plans.of(query, requester, datasets) for query in queries]
        wanted = [(q, plan.tiers) for q, plan in zip(queries, plans, strict=True)]
        refused = await self._guard.admit_many(wanted, requester)
        left = [n for n in range(len(queries)) if n not in refused]
        told = await together.answer([queries[n] for n in left])
        said = dict(zip(left, told, strict=True)) | refused
        return [said[n] for n in range(len(queries))]

    async def answer_alleles(
        self,
        asked: Sequence[Asked],
        requester: Requester,
        wording: Wording[Word, Whole],
    ) -> Sequence[Whole | BeaconError]:
        """Return the same for the questions of plain outlines, in words."""
        together = self._together(requester)
        if self._guard is None:
            return await together.answer_alleles(asked, wording)
        datasets = await self._store.datasets()
        wanted = [
            (each, self._plans.way_of(each[0], requester, datasets).plan.tiers)
            for each in asked
        ]
        refused = await self._guard.admit_alleles(wanted, requester)
        left = [n for n in range(len(asked)) if n not in refused]
        told = await together.answer_alleles([asked[n] for n in left], wording)
        said = dict(zip(left, told, strict=True)) | refused
        return [said[n] for n in range(len(asked))]

    def _together(self, requester: Requester) -> Together:
        # What is asked alone is asked as it is: who derives from this, and asks more
        # for a question, has done so for the list.
        alone = partial(LocalBeacon.answer, self)
        return Together(alone, self._store, self._plans, self._tellers, requester)

    async def _about_people(self, query: Query, requester: Requester) -> Query:
        """Return a question with the columns as they are kept.

        Raises:
            InvalidRequest: for more than one allele, or columns nobody has.
        """
        pattern = query.pattern
        if pattern is None or not (pattern.is_single_allele or pattern.name):
            raise InvalidRequest(_ONE_ALLELE, parameter="exclude")
        if not query.by:
            return query
        known = await self._store.columns(await self._telling(query, requester))
        meant = {column: column_name(column, known) for column in query.by}
        for column, name in meant.items():
            if name is None:
                message = f"No samples table here has a column {column}: "
                message += f"there are {', '.join(known)}." if known else _NO_TABLES
                raise InvalidRequest(message, parameter="by")
        return replace(query, by=tuple(filter(None, meant.values())))

    async def _telling(self, query: Query, requester: Requester) -> list[str]:
        """Return the datasets of whose people the requester may ask."""
        whole = replace(query, datasets=None)
        sight = await self._sight(requester)
        return [
            d.id
            for d in sight.datasets
            if is_asked(d, whole) and may_name(sight.permits[d.id])
        ]

    async def _strangers(self, query: Query, requester: Requester) -> tuple[str, ...]:
        """Return the individuals to be left out whom no dataset knows."""
        if not query.excluded:
            return ()
        anywhere = replace(query, pattern=None, assembly=None)
        telling = await self._telling(anywhere, requester)
        known = await self._store.individuals(query.excluded, telling)
        return tuple(name for name in query.excluded if name not in known)

    async def _unknown_people(
        self, names: Sequence[str], query: Query, requester: Requester
    ) -> Disclosure:
        """Return that counts may hold somebody who was to be left out.

        Where the requester may not name individuals, nothing is said at all.
        """
        sight = await self._sight(requester)
        asked = [d for d in sight.datasets if is_asked(d, query)]
        telling = await self._telling(query, requester)
        shown = " or ".join(names)
        sentence = f"No dataset here holds an individual {shown} to be left out."
        return Disclosure(
            granularity=Granularity.BOOLEAN,
            datasets=tuple(
                _wordless(d, Status.NO_ANSWER if d.id in telling else Status.WITHHELD)
                for d in asked
            ),
            warnings=(*query.warnings, sentence) if telling else query.warnings,
        )

    async def _answer_places(
        self, pattern: VariantPattern, query: Query, requester: Requester
    ) -> Disclosure:
        """Answer for several places at once, as one list of variants."""
        answers = [
            await self._answer(each, requester) for each in _by_place(query, pattern)
        ]
        return joined_places(answers, query)

    async def _answer_name(
        self, name: str, pattern: VariantPattern, query: Query, requester: Requester
    ) -> Disclosure:
        """Answer for every allele the data carries under a name.

        Every dataset is asked for each of them, also one that does not know the
        name; what nobody knows under it is no answer, never a "no".
        """
        sight = await self._sight(requester)
        asked = [d for d in sight.datasets if is_asked(d, query)]
        if not asked:
            return await self._answer(query, requester)
        check_asking(_as_allele(query), asked, sight.permits)
        carried = await self._named(name, pattern.assembly, query, requester)
        checked, doubt = self._checked(name, carried)
        named = self._distinct(checked)
        if not named:
            if self._guard is not None:
                tiers = _tiers(asked, sight)
                await self._guard.admit(query, requester, tiers)
            return _unknown(name, query, asked)
        query = replace(query, warnings=query.warnings + doubt)
        narrowed = [(a, p.narrowed_like(pattern)) for a, p in named]
        fitting = [(a, p) for a, p in narrowed if p.matches(a)]
        said = await self._answer_each(name, fitting or narrowed, query, requester)
        if len(fitting) == len(named):
            return said
        # What was left out is not labelled: it was not asked for as it is.
        note = (
            f"{len(fitting)} of the {len(named)} alleles that {name} names here"
            " are of the type and length asked for; the answer is about those."
        )
        return replace(
            said,
            alleles=said.alleles if fitting else (),
            warnings=(*said.warnings, note),
        )

    async def _answer_each(
        self,
        name: str,
        patterns: Sequence[tuple[Allele, VariantPattern]],
        query: Query,
        requester: Requester,
    ) -> Disclosure:
        # A page is taken over all alleles together, when all are there.
        page = query.page if len(patterns) == 1 else Page(limit=1)
        # Together, so that the store can look them up at once.
        said = await asyncio.gather(
            *(
                self._answer(replace(query, pattern=pattern, page=page), requester)
                for _, pattern in patterns
            )
        )
        answers = [
            NamedAllele(allele=allele, disclosure=disclosure)
            for (allele, _), disclosure in zip(patterns, said, strict=True)
        ]
        return joined(name, answers, query)

    async def _named(
        self, name: str, assembly: str, query: Query, requester: Requester
    ) -> list[Allele]:
        """Return the alleles of a name, in any dataset that may say it knows it.

        Those that only datasets know which may hide them are named where they are
        shown: elsewhere the name alone would tell that somebody carries it.
        """
        # Any dataset of the assembly may know the name, also one not asked for.
        known = replace(query, datasets=None)
        sight = await self._sight(requester)
        # That somebody carries a name is not charged for, so it is not told.
        telling = [
            d.id
            for d in sight.datasets
            if is_asked(d, known) and not has_ledger(sight.permits[d.id])
        ]
        hiding = {name for name in telling if hides(sight.permits[name])}
        plain = [name for name in telling if name not in hiding]
        found = await self._store.alleles_named(name, assembly, plain)
        if not hiding:
            return found
        async with in_steps(STEP):  # nor does the time tell that somebody carries it
            others = await self._store.alleles_named(name, assembly, sorted(hiding))
            asked = [allele for allele in others if allele not in found]
            shown = await asyncio.gather(*(self._is_shown(a, requester) for a in asked))
            return [*found, *compress(asked, shown)]

    async def _is_shown(self, allele: Allele, requester: Requester) -> bool:
        """Whether any dataset says to a requester, free of charge, that it has it."""
        query = Query(pattern=self._pattern(allele), granularity=Granularity.BOOLEAN)
        plan = self._plans.of(query, requester, await self._store.datasets())
        levels = {n: g for n, g in plan.granularities.items() if n not in plan.charged}
        found = await self._free(query, levels, plan)
        said = disclose(found, plan.permits, query, beside=plan.beside)
        # What a pool leaves named cannot be told without all that are in it.
        partly = {p.country for p in plan.charged.values() if is_pooled(p)}
        doubtful = {
            name
            for name, p in plan.permits.items()
            if is_pooled(p) and p.country in partly
        }
        return any(
            part.exists and not part.pool and part.dataset not in doubtful
            for part in said.datasets
        )

    def _checked(
        self, name: str, found: Sequence[Allele]
    ) -> tuple[list[Allele], tuple[str, ...]]:
        """Return the alleles that have a VRS id in full, and what cannot be told.

        The store compares the first bytes of a digest only.
        """
        if not name.startswith(PREFIX):
            return list(found), ()
        digest = name.removeprefix(PREFIX)
        ids = {allele: self._ids(allele) for allele in found}
        kept = [a for a in found if ids[a] is None or digest in (ids[a] or ())]
        doubtful = any(ids[allele] is None for allele in kept)
        return kept, (_COMPARED_IN_PART,) if doubtful else ()

    def _ids(self, allele: Allele) -> VrsIds | None:
        """Return the VRS ids of an allele; ``None`` where only bases could tell."""
        reference = self.references.get(allele.contig.assembly, _NO_BASES)
        return vrs_ids(allele, reference)

    def _distinct(self, named: Sequence[Allele]) -> list[tuple[Allele, VariantPattern]]:
        """Return each allele once, whatever spellings data keeps it in."""
        found: list[tuple[Allele, VariantPattern]] = []
        for allele in named:
            if not any(pattern.matches(allele) for _, pattern in found):
                found.append((allele, self._pattern(allele)))
        return found

    def _pattern(self, allele: Allele) -> VariantPattern:
        """Return the question for an allele as data keeps it, even with a wrong REF."""
        try:
            return allele_pattern(allele, self.references.get(allele.contig.assembly))
        except InvalidRequest:
            form = (allele.start, allele.reference, allele.alternate)
            return VariantPattern(contig=allele.contig, spellings=(form,))

    async def _answer(self, query: Query, requester: Requester) -> Disclosure:
        plan = self._plans.of(query, requester, await self._store.datasets())
        plan.check()
        if self._guard is not None:
            await self._guard.admit(query, requester, plan.tiers)
        if plan.is_levelled:
            async with in_steps(STEP):
                return await self._said(query, requester, plan)
        return await self._said(query, requester, plan)

    async def _said(self, query: Query, requester: Requester, plan: Plan) -> Disclosure:
        """Find and say, once that may be done."""
        found = _NOTHING
        if plan.charged:
            query = replace(query, warnings=(*query.warnings, LEFT_OUT))
        if plan.granularities:
            found = await self._found(query, requester, plan)
        query.check_known(found.unknown_filters)
        if query.page.is_long:
            return await asyncio.to_thread(
                disclose, found, plan.permits, query, plan.unasked, plan.beside
            )
        return disclose(found, plan.permits, query, plan.unasked, plan.beside)

    async def _found(self, query: Query, requester: Requester, plan: Plan) -> Findings:
        """Return what is true, of some datasets without whom their ledgers leave out.

        Raises:
            StoreUnavailable: when what is learnt cannot be written down.
        """
        levels = plan.granularities
        if not plan.charged:
            return await self._free(query, levels, plan)
        if self._guard is None:
            raise StoreUnavailable(_NO_LEDGER)
        free = {name: g for name, g in levels.items() if name not in plan.charged}
        public = [
            dataset.id
            for dataset in (await self._sight(ANONYMOUS)).datasets
            if dataset.kind == _POPULATION and dataset.id not in plan.charged
        ]
        charged, found = await asyncio.gather(
            self._guard.find(query, requester, plan.charged, public),
            self._free(query, free, plan),
        )
        by_id = {one.dataset.id: one for one in (*charged, *found.datasets)}
        return Findings(
            datasets=tuple(by_id[name] for name in levels if name in by_id),
            unknown_filters=found.unknown_filters,
        )

    async def _free(
        self,
        query: Query,
        levels: Mapping[str, Granularity],
        plan: Plan,
    ) -> Findings:
        """Return what is true; of some datasets all alleles, as each is judged.

        Those are asked apart: what they know must not decide a word about others.
        """
        if not levels:
            return _NOTHING
        judged_here = plan.judged.intersection(levels)
        if not judged_here:
            return await self._store.find(query, levels, plan.silent)
        whole = replace(
            query, granularity=Granularity.RECORD, page=Page(limit=_EVERY_RECORD)
        )
        apart = {name: level for name, level in levels.items() if name in judged_here}
        others = {name: level for name, level in levels.items() if name not in apart}
        judged = await self._store.find(whole, apart, plan.silent)
        plain = _NOTHING
        if others:
            plain = await self._store.find(query, others, plan.silent)
        by_id = {f.dataset.id: f for f in (*judged.datasets, *plain.datasets)}
        return Findings(
            datasets=tuple(by_id[name] for name in levels if name in by_id),
            unknown_filters=plain.unknown_filters,
        )

    async def answer_records(
        self, query: Query, requester: Requester
    ) -> RecordsDisclosure:
        """Return what may be said of documents.

        Raises:
            InvalidRequest: for a name of more alleles than can be answered, and for
                filters nothing answers to, where that was asked for.
            StoreUnavailable: when the store fails or misses the deadline.
        """
        sight = await self._sight(requester)
        asked = [d for d in sight.datasets if is_asked(d, query)]
        documents = Documents(self._store, sight.permits)
        pattern = query.pattern
        if pattern is None or not asked:
            return await documents.answer(query, asked)
        patterns: Sequence[VariantPattern] = pattern.places
        counted = patterns
        for each in patterns:
            check_asking(replace(query, pattern=each), asked, sight.permits)
        if pattern.name is not None:
            # Before it is looked up: that nobody carries it is an answer, too.
            await self._admit(query, requester, [pattern], _tiers(asked, sight))
            patterns, doubt = await self._named_patterns(pattern, query, requester)
            query = replace(query, warnings=query.warnings + doubt)
            counted = patterns[1:]
        await self._admit(query, requester, counted, _tiers(asked, sight))
        said = await documents.answer_any(query, asked, patterns)
        return await self._explained(said, query, requester)

    async def _admit(
        self,
        query: Query,
        requester: Requester,
        patterns: Sequence[VariantPattern],
        tiers: frozenset[str],
    ) -> None:
        """Count a question for each of some patterns, where that is done."""
        if self._guard is not None:
            for each in patterns:
                narrowed = replace(query, pattern=each)
                await self._guard.admit(narrowed, requester, tiers)

    async def _named_patterns(
        self, pattern: VariantPattern, query: Query, requester: Requester
    ) -> tuple[list[VariantPattern], tuple[str, ...]]:
        """Return a question for each allele of a name, and what cannot be told.

        Raises:
            InvalidRequest: for a name that nothing here carries.
        """
        name = pattern.name or ""
        carried = await self._named(name, pattern.assembly, query, requester)
        checked, doubt = self._checked(name, carried)
        named = [p.narrowed_like(pattern) for _, p in self._distinct(checked)]
        if not named:
            raise InvalidRequest(_not_among(name))
        return named, doubt

    async def _explained(
        self, said: RecordsDisclosure, query: Query, requester: Requester
    ) -> RecordsDisclosure:
        """Return an answer with the reason where a variant leaves it without one."""
        if said.status is not Status.NO_ANSWER or query.pattern is None:
            return said
        about = Query(pattern=query.pattern, datasets=query.datasets)
        variants = await self.answer(about, requester)
        return replace(said, warnings=(*said.warnings, *variants.warnings))

    async def collect(self, query: Query, requester: Requester) -> Collected:
        """Return the datasets, or the cohorts, that a question is met by.

        Raises:
            StoreUnavailable: when the store fails or misses the deadline.
        """
        sight = await self._sight(requester)
        chosen = [d for d in sight.datasets if query.chooses(d)]
        described = [d for d in sight.described if query.chooses(d)]
        if not query.filters or not chosen:
            return collected(query, described, None)
        asked = [d for d in chosen if may_filter(sight.permits[d.id])]
        if not asked:
            raise NotPermitted(refusal(sight.permits[d.id] for d in chosen))
        whole = replace(query, identity=None, page=Page(limit=_EVERY_RECORD))
        found = await self._store.find_records(
            whole, {dataset.id: Granularity.RECORD for dataset in asked}
        )
        query.check_known(found.unknown_filters)
        return collected(query, described, found)

    async def filtering_terms(
        self, query: Query, requester: Requester
    ) -> tuple[FilteringTerm, ...]:
        """Return what the records that a question chooses can be filtered by.

        What is said of one individual is said only to whom may name individuals.

        Raises:
            StoreUnavailable: when the store fails or misses the deadline.
        """
        sight = await self._sight(requester)
        asked = [d for d in sight.datasets if query.chooses(d)]
        under = None
        if query.identity is not None:
            under = Under(entry_type=query.about, identity=query.identity)
        return await self._store.filtering_terms(
            [d.id for d in asked if _tells_terms(sight.permits[d.id], query)],
            under=under,
            cohort=query.cohort,
        )

    async def _sight(self, requester: Requester) -> Sight:
        """Return which datasets there are for a requester."""
        return self._plans.sight(requester, await self._store.datasets())

    async def datasets(self, requester: Requester) -> tuple[Dataset, ...]:
        """Return every dataset that a requester sees, with a release or without."""
        return (await self._sight(requester)).described

    async def summary(self, dataset: str, requester: Requester) -> Summarised:
        """Return what may be said of a dataset as a whole.

        Raises:
            NotFound: when there is none, or the requester does not see it.
            StoreUnavailable: when its summary cannot be read.
        """
        sight = await self._sight(requester)
        together = zip(sight.datasets, sight.described, strict=True)
        for one, described in together:
            if one.id == dataset:
                return await self._summarised(one, described, sight.permits[one.id])
        raise NotFound(_NO_DATASET)

    async def _summarised(
        self, dataset: Dataset, described: Dataset, granted: Permit
    ) -> Summarised:
        summary, release = None, dataset.release
        if release is not None and detail_of(granted) is not Detail.NAMES:
            summary = await self._store.summary(release.number)
        return summarised(dataset, described, granted, summary)

    async def loaded(self, requester: Requester) -> frozenset[str]:
        """Return the assemblies that at least one dataset it sees serves.

        Raises:
            StoreUnavailable: when they cannot be read, or nothing that the requester
                may ask could be written down.
        """
        if self._guard is not None:
            await self._guard.alive(requester)
        return (await self._sight(requester)).assemblies

    async def count(self, query: Query, requester: Requester) -> None:
        """Count a question that others are asked, whatever our own part in it is.

        It is counted as ``answer`` counts it, and so once with it; where none of our
        datasets is asked, by every tier that the requester is answered by here.  A
        name is counted by ``answer``, as the alleles it names here.

        Raises:
            BudgetSpent: where there is no room for it.
            StoreUnavailable: when it cannot be written down.
        """
        refused = await self.count_many([query], requester)
        if refused:
            raise refused[0]

    async def count_many(
        self, queries: Sequence[Query], requester: Requester
    ) -> Mapping[int, BeaconError]:
        """Count questions that others are asked, each as ``count`` does, in one go.

        Returns:
            Why there is no room for some, by place.

        Raises:
            StoreUnavailable: when they cannot be written down.
        """
        if self._guard is None:
            return {}
        sight = await self._sight(requester)
        datasets = await self._store.datasets()
        wanted: list[tuple[Query, frozenset[str]]] = []
        places: list[int] = []
        for n, query in enumerate(queries):
            plan = self._plans.of(query, requester, datasets)
            pattern, tiers = query.pattern, plan.tiers
            if not tiers:
                seen = (sight.permits[dataset.id] for dataset in sight.datasets)
                tiers = self._guard.tiers(requester, seen)
            elif pattern is not None and pattern.name is not None:
                continue
            has_places = pattern is not None and pattern.elsewhere
            each = _by_place(query, pattern) if pattern and has_places else [query]
            wanted += [(question, tiers) for question in each]
            places += [n] * len(each)
        refused = await self._guard.admit_many(wanted, requester)
        return {places[k]: why for k, why in refused.items()}

    async def allowance(self, requester: Requester) -> Allowance:
        """Return what a requester has left.

        Raises:
            StoreUnavailable: when it cannot be read.
        """
        if self._guard is None:
            return UNLIMITED
        sight = await self._sight(requester)
        seen = [(each, sight.permits[each.id]) for each in sight.datasets]
        return await self._guard.allowance(requester, seen)

    def counted(self) -> dict[str, float]:
        """Return what this process counted of budgets and ledgers, by name."""
        return {} if self._guard is None else self._guard.counted()

    async def genes(self) -> Genes:
        """Return the table of genes that is loaded."""
        return await self._store.genes()

    async def ontologies(self) -> Ontologies:
        """Return the hierarchies of terms that are loaded."""
        return await self._store.ontologies()

    async def ready(self) -> bool:
        """Whether the store answers."""
        try:
            await self._store.ping(self._deadline)
        except StoreUnavailable:
            return False
        return True


def _as_allele(query: Query) -> Query:
    """Return the question for a name as one for an allele, whichever that is."""
    if query.pattern is None:
        return query
    pattern = replace(query.pattern, annotated=None, spellings=_ANY_ALLELE)
    return replace(query, pattern=pattern)


def _by_place(query: Query, pattern: VariantPattern) -> list[Query]:
    """Return a question about several places as one of each."""
    # A page is taken over all places together.
    page = Page(limit=query.page.offset + query.page.limit)
    return [replace(query, pattern=place, page=page) for place in pattern.places]


def _tiers(asked: Iterable[Dataset], sight: Sight) -> frozenset[str]:
    """Return the tiers by which datasets speak."""
    tiers = (sight.permits[dataset.id].tier for dataset in asked)
    return frozenset(tier for tier in tiers if tier is not None)


def _tells_terms(granted: Permit, query: Query) -> bool:
    """Whether it may be told what a dataset's records, or one's, can be filtered by."""
    return may_filter(granted) and may_ask(granted, query)


def _unknown(name: str, query: Query, asked: Sequence[Dataset]) -> Disclosure:
    """Return that a name says nothing here."""
    sentence = _not_among(name)
    return Disclosure(
        granularity=Granularity.BOOLEAN,
        datasets=tuple(_wordless(dataset, Status.NO_ANSWER) for dataset in asked),
        warnings=(*query.warnings, sentence),
    )


def _not_among(name: str) -> str:
    """Return the sentence about a name that nothing here carries."""
    kind = "rsIDs of what is loaded" if name.startswith("rs") else _VRS_KNOWN
    return f"{name} is not among the {kind}; give position, REF and ALT."


def _wordless(dataset: Dataset, status: Status) -> DatasetDisclosure:
    """Return a status and nothing else."""
    return DatasetDisclosure(
        dataset=dataset.id,
        name=dataset.name,
        status=status,
        granularity=Granularity.BOOLEAN,
        exists=False,
    )
