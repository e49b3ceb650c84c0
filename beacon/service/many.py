"""Many questions at once: as many answers as questions, in their order.

Each is what the question alone would get, or the error it alone would raise.
Questions for nothing but an allele are looked up together, a chunk at a time;
each chunk has a deadline of its own, and is alone in missing it.  Whatever else
is asked goes the way of a single question.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

from beacon.model.entry_types import GENOMIC_VARIANT
from beacon.model.errors import BeaconError, StoreUnavailable
from beacon.model.query import Granularity
from beacon.policy.policy import permit
from beacon.policy.statements import joined, state
from beacon.service.documents import asking, is_asked
from beacon.store.many import is_told_together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.model.disclosure import Answers, Disclosure
    from beacon.model.findings import DatasetFindings
    from beacon.model.pattern import VariantPattern
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.policy.policy import Policy
    from beacon.policy.statements import Statement
    from beacon.store.variants import VariantStore

    Said = Disclosure | BeaconError

_ALONE = 100
"""So many questions of the general kind are on their way at once."""
_CHUNK = 1000
"""Alleles that are looked up together."""
_AT_A_STRETCH = 200
"""Answers that are made before others get their turn."""


class _Form(NamedTuple):
    """What questions must share to be asked together."""

    assembly: str
    granularity: Granularity
    datasets: tuple[str, ...] | None


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
    return _Form(pattern.assembly, query.granularity, query.datasets)


class Together:
    """Answers questions together where that gives the answer each has alone.

    Args:
        beacon: what answers one question.
        store: where ``beacon`` finds what it says.
        policy: what may be said to whom.
    """

    def __init__(self, beacon: Answers, store: VariantStore, policy: Policy) -> None:
        self._beacon = beacon
        self._store = store
        self._policy = policy

    async def answer(
        self, queries: Sequence[Query], requester: Requester
    ) -> list[Said]:
        """Return the answer to each question, in order, or why it has none.

        What is no ``BeaconError`` is raised: it says nothing of the questions.
        """
        said: list[Said | None] = [None] * len(queries)
        forms: dict[_Form | None, list[int]] = {}
        for n, query in enumerate(queries):
            forms.setdefault(_form_of(query), []).append(n)
        forms.pop(None, None)
        chunks = [
            some[first : first + _CHUNK]
            for some in forms.values()
            for first in range(0, len(some), _CHUNK)
        ]
        await self._fill(said, chunks, queries, requester)
        alone = [n for n, one in enumerate(said) if one is None]
        told = await self._each([queries[n] for n in alone], requester)
        for n, one in zip(alone, told, strict=True):
            said[n] = one
        return cast("list[Said]", said)

    async def _fill(
        self,
        said: list[Said | None],
        chunks: Sequence[Sequence[int]],
        queries: Sequence[Query],
        requester: Requester,
    ) -> None:
        """Answer chunks; while one is told, the database reads for the next."""
        ahead: asyncio.Task[list[Said | None]] | None = None
        waiting = iter(chunks)

        def begin() -> asyncio.Task[list[Said | None]] | None:
            chunk = next(waiting, None)
            if chunk is None:
                return None
            asked = [queries[n] for n in chunk]
            return asyncio.create_task(self._chunk(asked, requester))

        try:
            task = begin()
            for chunk in chunks:
                ahead = begin()
                told = await cast("asyncio.Task[list[Said | None]]", task)
                for n, one in zip(chunk, told, strict=True):
                    said[n] = one
                task = ahead
        finally:
            if ahead is not None and not ahead.done():
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)

    async def _chunk(
        self, queries: Sequence[Query], requester: Requester
    ) -> list[Said | None]:
        """Return the answers to questions of one form; ``None``: ask it alone."""
        try:
            told = await self._stated(queries, requester)
        except StoreUnavailable as failure:
            return [_own(failure) for _ in queries]
        said: list[Said | None] = []
        for n, (query, one) in enumerate(zip(queries, told, strict=True)):
            said.append(None if one is None else joined(one, query))
            if n % _AT_A_STRETCH == 0:
                await asyncio.sleep(0)
        return said

    async def _stated(
        self, queries: Sequence[Query], requester: Requester
    ) -> Sequence[Sequence[Statement] | None]:
        """Return what every dataset may say to questions of one form."""
        query = replace(queries[0], warnings=())
        asked = [d for d in await self._store.datasets() if is_asked(d, query)]
        permits = {d.id: permit(self._policy, requester, d) for d in asked}
        granularities, unasked = asking(query, asked, permits)
        if unasked:
            return [None] * len(queries)
        if not granularities:
            return [()] * len(queries)

        def say(found: DatasetFindings) -> Statement:
            return state(found, permits[found.dataset.id], query)

        patterns = [cast("VariantPattern", q.pattern) for q in queries]
        return await self._store.find_many(patterns, tuple(granularities), say)

    async def _each(self, queries: Sequence[Query], requester: Requester) -> list[Said]:
        """Return the answers to questions of any kind, each asked for itself."""
        said: list[Said] = []
        for first in range(0, len(queries), _ALONE):
            some = queries[first : first + _ALONE]
            said += await asyncio.gather(*(self._one(q, requester) for q in some))
        return said

    async def _one(self, query: Query, requester: Requester) -> Said:
        try:
            return await self._beacon.answer(query, requester)
        except BeaconError as failure:
            return failure


def _own(failure: StoreUnavailable) -> StoreUnavailable:
    """Return a failure of a question's own: tracebacks are not shared."""
    own = StoreUnavailable(str(failure))
    own.__cause__ = failure
    return own
