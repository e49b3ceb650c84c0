"""LocalBeacon: this beacon's own answers, from question to what may be said.

Four steps and nothing else: which datasets are asked, what each may say
(``policy.permit``), what is true (``store.find``), what is said
(``policy.disclose``).  No HTTP, no JSON and no database query lives here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from beacon.model.disclosure import DatasetDisclosure, Disclosure, NamedAllele
from beacon.model.errors import InvalidRequest, StoreUnavailable
from beacon.model.findings import Findings
from beacon.model.joining import joined
from beacon.model.pattern import VariantPattern
from beacon.model.query import Granularity, Page
from beacon.model.spelling import allele_pattern
from beacon.model.status import Status
from beacon.policy.policy import disclose, permit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.model.dataset import Dataset
    from beacon.model.genes import Genes
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.model.variant import Allele, Reference
    from beacon.policy.policy import Policy
    from beacon.store.variants import VariantStore

_VRS_KNOWN = "VRS ids of what is loaded (beacon load variants --vrs-ids keeps them)"


class LocalBeacon:
    """Answers from the store of this beacon; shared by all requests.

    Args:
        store: the open store; who opened it closes it.
        policy: what may be said to whom.
        references: genomes that questions are normalised with, by assembly.
        deadline: seconds within which a ready store gives a sign of life.
    """

    def __init__(
        self,
        store: VariantStore,
        policy: Policy,
        *,
        references: Mapping[str, Reference],
        deadline: float,
    ) -> None:
        self._store = store
        self._policy = policy
        self._deadline = deadline
        self.references = references

    async def answer(self, query: Query, requester: Requester) -> Disclosure:
        """Return what may be said to ``requester``.

        Raises:
            InvalidRequest: for a name of more alleles than can be answered.
            StoreUnavailable: when the store fails or misses the deadline.
        """
        pattern = query.pattern
        if pattern is not None and pattern.name is not None:
            return await self._answer_name(pattern.name, query, requester)
        return await self._answer(query, requester)

    async def _answer_name(
        self, name: str, query: Query, requester: Requester
    ) -> Disclosure:
        """Answer for every allele the data carries under a name.

        Every dataset is asked for each of them, also one that does not know the
        name; what nobody knows under it is no answer, never a "no".
        """
        asked = [d for d in await self.datasets() if _is_asked(d, query)]
        if not asked or query.pattern is None:
            return await self._answer(query, requester)
        named = self._distinct(await self._named(name, query, requester))
        if not named:
            return _unknown(name, query, asked)
        narrowed = [(a, p.narrowed_like(query.pattern)) for a, p in named]
        fitting = [(a, p) for a, p in narrowed if p.matches(a)]
        patterns = fitting or narrowed
        # A page is taken over all alleles together, when all are there.
        page = query.page if len(patterns) == 1 else Page(limit=1)
        answers = [
            NamedAllele(
                allele=allele,
                disclosure=await self._answer(
                    replace(query, pattern=pattern, page=page), requester
                ),
            )
            for allele, pattern in patterns
        ]
        said = joined(name, answers, query)
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

    async def _named(
        self, name: str, query: Query, requester: Requester
    ) -> list[Allele]:
        """Return the alleles of a name, in any dataset that may say it knows it."""
        if query.pattern is None:
            return []
        # Any dataset of the assembly may know the name, also one not asked for.
        known = replace(query, datasets=None)
        return await self._store.alleles_named(
            name,
            query.pattern.assembly,
            [
                d.id
                for d in await self.datasets()
                if _is_asked(d, known)
                and permit(self._policy, requester, d).granularity
                >= Granularity.BOOLEAN
            ],
        )

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
        asked = [d for d in await self.datasets() if _is_asked(d, query)]
        permits = {d.id: permit(self._policy, requester, d) for d in asked}
        granularities = {
            name: min(query.granularity, granted.granularity)
            for name, granted in permits.items()
        }
        found = Findings(datasets=())
        if granularities:
            found = await self._store.find(query, granularities)
        return disclose(found, permits, query)

    async def datasets(self) -> tuple[Dataset, ...]:
        """Return every dataset, whether or not it serves a release yet."""
        return await self._store.datasets()

    async def loaded(self) -> frozenset[str]:
        """Return the assemblies that at least one dataset serves."""
        return frozenset(
            d.release.assembly for d in await self.datasets() if d.release is not None
        )

    async def genes(self) -> Genes:
        """Return the table of genes that is loaded."""
        return await self._store.genes()

    async def ready(self) -> bool:
        """Whether the store answers."""
        try:
            await self._store.ping(self._deadline)
        except StoreUnavailable:
            return False
        return True


def _unknown(name: str, query: Query, asked: Sequence[Dataset]) -> Disclosure:
    """Return that a name says nothing here."""
    kind = "rsIDs of what is loaded" if name.startswith("rs") else _VRS_KNOWN
    sentence = f"{name} is not among the {kind}; give position, REF and ALT."
    return Disclosure(
        granularity=Granularity.BOOLEAN,
        datasets=tuple(
            DatasetDisclosure(
                dataset=dataset.id,
                name=dataset.name,
                status=Status.NO_ANSWER,
                granularity=Granularity.BOOLEAN,
                exists=False,
            )
            for dataset in asked
        ),
        warnings=(*query.warnings, sentence),
    )


def _is_asked(dataset: Dataset, query: Query) -> bool:
    """Whether a question concerns a dataset: one with another genome is not asked.

    A filter that nothing here answers to matches nothing; ignoring it would
    answer a wider question than was asked.
    """
    release = dataset.release
    if release is None or query.unknown_filters:
        return False
    if query.datasets is not None and dataset.id not in query.datasets:
        return False
    if query.pattern is not None and query.pattern.assembly != release.assembly:
        return False
    return query.assembly is None or query.assembly == release.assembly
