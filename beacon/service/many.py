"""Many questions at once: as many answers as questions, in their order.

Each is what the question alone would get, or the error it alone would raise.
Questions for nothing but an allele are looked up together, a chunk at a time;
each chunk has a deadline of its own, and is alone in missing it.  Whatever else
is asked goes the way of a single question.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from beacon.model.entry_types import GENOMIC_VARIANT
from beacon.model.errors import BeaconError, StoreUnavailable
from beacon.model.query import Granularity
from beacon.policy.statements import Stating, joined
from beacon.policy.suppression import ploidy_of
from beacon.store.many import Teller, is_told_together

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from beacon.model.disclosure import Answers, Disclosure
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.policy.statements import Statement
    from beacon.policy.suppression import Ploidy
    from beacon.service.plans import Plans
    from beacon.store.variants import VariantStore

    Said = Disclosure | BeaconError

_ALONE = 50
"""So many questions of the general kind are on their way at once."""
_CHUNK = 1000
"""Alleles that are looked up together."""
_AT_ONCE = 2
"""Chunks on their way."""
_AT_A_STRETCH = 100
"""Answers that are made before others get their turn."""


class _Form(NamedTuple):
    """What questions must share to be asked together.

    Attributes:
        ploidy: which people there cannot be where they ask.
    """

    assembly: str
    granularity: Granularity
    datasets: tuple[str, ...] | None
    ploidy: Ploidy


def _form_of(query: Query) -> _Form | None:
    """Return what a question must share with others; ``None``: it is asked alone.

    Records name the allele and its annotations, which no two questions share.
    """
    pattern = query.pattern
    if pattern is None or query.granularity is Granularity.RECORD:
        return None
    if query.excluded or query.by or query.filters or query.unknown_filters:
        return None
    if query.identity is not None or query.under is not None:
        return None
    if query.cohort is not None or query.about != GENOMIC_VARIANT.id:
        return None
    if not is_told_together(pattern):
        return None
    ploidy = ploidy_of(pattern.sequence.name)
    return _Form(pattern.assembly, query.granularity, query.datasets, ploidy)


class _Chunk(NamedTuple):
    """Questions of one form, by their numbers, and who tells of them."""

    numbers: Sequence[int]
    teller: Teller[Statement]


class Together:
    """Answers questions of one requester together, each as it would be alone.

    Args:
        beacon: what answers one question.
        store: where ``beacon`` finds what it says.
        plans: how questions are asked.
        requester: who asks.
    """

    def __init__(
        self,
        beacon: Answers,
        store: VariantStore,
        plans: Plans,
        requester: Requester,
    ) -> None:
        self._beacon = beacon
        self._store = store
        self._plans = plans
        self._requester = requester

    async def answer(self, queries: Sequence[Query]) -> list[Said]:
        """Return the answer to each question, in order, or why it has none.

        What is no ``BeaconError`` is raised: it says nothing of the questions.
        """
        said: list[Said | None] = [None] * len(queries)
        forms: dict[_Form, list[int]] = {}
        turns = self._store.turns
        for n, form in enumerate(await turns.each(_form_of, queries, _AT_A_STRETCH)):
            if form is not None:
                forms.setdefault(form, []).append(n)
        await self._fill(said, queries, list(self._chunks(forms.values(), queries)))
        alone = [n for n, one in enumerate(said) if one is None]
        told = await self._each([queries[n] for n in alone])
        for n, one in zip(alone, told, strict=True):
            said[n] = one
        return cast("list[Said]", said)

    def _chunks(
        self, forms: Iterable[Sequence[int]], queries: Sequence[Query]
    ) -> Iterator[_Chunk]:
        for numbers in forms:
            teller = Teller(self._stating(replace(queries[numbers[0]], warnings=())))
            for first in range(0, len(numbers), _CHUNK):
                yield _Chunk(numbers[first : first + _CHUNK], teller)

    def _stating(self, query: Query) -> Stating:
        """Return what says of findings what may be said to questions like this."""
        return Stating(query, partial(self._plans.permit, self._requester))

    async def _fill(
        self,
        said: list[Said | None],
        queries: Sequence[Query],
        chunks: Sequence[_Chunk],
    ) -> None:
        """Answer chunks; while one is told, the database reads for the next."""
        running: deque[asyncio.Task[list[Said | None]]] = deque()
        try:
            for at, chunk in enumerate(chunks):
                for one in chunks[at + len(running) : at + _AT_ONCE]:
                    asked = [queries[n] for n in one.numbers]
                    task = asyncio.create_task(self._chunk(asked, one.teller))
                    running.append(task)
                told = await running[0]
                running.popleft()
                for n, answer in zip(chunk.numbers, told, strict=True):
                    said[n] = answer
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _chunk(
        self, queries: Sequence[Query], teller: Teller[Statement]
    ) -> list[Said | None]:
        """Return the answers to questions of one form; ``None``: ask it alone."""
        try:
            told = await self._stated(queries, teller)
        except StoreUnavailable as failure:
            return [_own(failure) for _ in queries]
        pairs = list(zip(told, queries, strict=True))
        return await self._store.turns.each(_joined, pairs, _AT_A_STRETCH)

    async def _stated(
        self, queries: Sequence[Query], teller: Teller[Statement]
    ) -> Sequence[Sequence[Statement] | None]:
        """Return what every dataset may say to questions of one form."""
        datasets = await self._store.datasets()
        plan = self._plans.of(queries[0], self._requester, datasets)
        if plan.unasked or plan.is_apart:
            return [None] * len(queries)
        if not plan.granularities:
            return [()] * len(queries)
        patterns = [q.pattern for q in queries if q.pattern is not None]
        return await self._store.find_many(patterns, tuple(plan.granularities), teller)

    async def _each(self, queries: Sequence[Query]) -> list[Said]:
        """Return the answers to questions of any kind, each asked for itself.

        Neighbours in the genome are asked one after another: what is kept of
        people is read stretch by stretch, and questions of a stretch share it.
        """
        said: list[Said | None] = [None] * len(queries)
        waiting = iter(sorted(range(len(queries)), key=lambda n: _place(queries[n])))

        async def ask() -> None:
            for n in waiting:
                said[n] = await self._one(queries[n])

        some = min(_ALONE, len(queries))
        asking = [asyncio.create_task(ask()) for _ in range(some)]
        try:
            await asyncio.gather(*asking)
        finally:
            for task in asking:
                task.cancel()
        return cast("list[Said]", said)

    async def _one(self, query: Query) -> Said:
        try:
            return await self._beacon.answer(query, self._requester)
        except BeaconError as failure:
            return failure


def _joined(told: tuple[Sequence[Statement] | None, Query]) -> Said | None:
    """Return the answer to a question, where datasets told what they say to it."""
    statements, query = told
    return None if statements is None else joined(statements, query)


def _place(query: Query) -> tuple[int, int]:
    """Return about where an allele lies that a question asks for."""
    pattern = query.pattern
    if pattern is None or pattern.contig is None or not pattern.spellings:
        return 0, 0
    return pattern.contig.rank, pattern.spellings[0][0]


def _own(failure: StoreUnavailable) -> StoreUnavailable:
    """Return a failure of a question's own: tracebacks are not shared."""
    own = StoreUnavailable(str(failure))
    own.__cause__ = failure
    return own
