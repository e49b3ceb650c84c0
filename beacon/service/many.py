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
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar, cast
from weakref import WeakKeyDictionary

from beacon.model.entry_types import GENOMIC_VARIANT
from beacon.model.errors import BeaconError, StoreUnavailable
from beacon.model.outline import Spelled
from beacon.model.query import Granularity
from beacon.model.wording import question, worded
from beacon.policy.statements import Plainly, Stating
from beacon.policy.suppression import ploidy_of
from beacon.service.levelling import STEP, in_steps
from beacon.store.many import Teller, is_told_together

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from beacon.model.disclosure import Disclosure
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.model.wording import Asked, Wording
    from beacon.policy.statements import Statement
    from beacon.policy.suppression import Ploidy
    from beacon.service.plans import Plans
    from beacon.store.many import Sought
    from beacon.store.variants import VariantStore

    Said = Disclosure | BeaconError

T = TypeVar("T")
J = TypeVar("J")

_ALONE = 50
"""So many questions of the general kind are on their way at once."""
_CHUNK = 1000
"""Alleles that are looked up together."""
_AT_ONCE = 2
"""Chunks on their way."""
_AT_A_STRETCH = 100
"""Questions that are looked at before others get their turn."""


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


class _Chunk(NamedTuple, Generic[T, J]):
    """Alleles asked for by questions of one form: their numbers, and who tells.

    Attributes:
        query: one of the questions, without warnings.
    """

    numbers: Sequence[int]
    sought: Sequence[Sought]
    query: Query
    teller: Teller[T, J]


class Tellers:
    """Who tells of alleles in the words of doors, as long as those are kept.

    Args:
        plans: what may be said to whom.
    """

    def __init__(self, plans: Plans) -> None:
        self._plans = plans
        self._known: WeakKeyDictionary[
            object, dict[tuple[_Form, Requester], Teller[object, object]]
        ] = WeakKeyDictionary()

    def of(
        self, query: Query, requester: Requester, wording: Wording[T, J]
    ) -> Teller[T, J]:
        """Return who tells of the alleles of questions like this."""
        key = cast("_Form", _form_of(query)), requester
        mine = self._known.setdefault(wording, {})
        teller = mine.get(key)
        if teller is None:
            may = partial(self._plans.permit, requester)
            stating = Stating(query, may, wording)
            teller = mine[key] = cast("Teller[object, object]", Teller(stating))
        return cast("Teller[T, J]", teller)


class Together:
    """Answers questions of one requester together, each as it would be alone.

    Args:
        alone: answers one question.
        store: where it finds what it says.
        plans: who is asked, and in how much detail.
        tellers: who tells.
        requester: who asks.
    """

    def __init__(
        self,
        alone: Callable[[Query, Requester], Awaitable[Disclosure]],
        store: VariantStore,
        plans: Plans,
        tellers: Tellers,
        requester: Requester,
    ) -> None:
        self._alone = alone
        self._store = store
        self._plans = plans
        self._tellers = tellers
        self._requester = requester

    async def answer(self, queries: Sequence[Query]) -> list[Said]:
        """Return the answer to each question, in order, or why it has none.

        What is no ``BeaconError`` is raised: it says nothing of the questions.
        """
        forms: dict[_Form, list[int]] = {}
        rounds = self._store.rounds
        for n, form in enumerate(await rounds.each(_form_of, queries, _AT_A_STRETCH)):
            if form is not None:
                forms.setdefault(form, []).append(n)
        chunks: list[_Chunk[Statement, Disclosure]] = []
        for numbers in forms.values():
            query = replace(queries[numbers[0]], warnings=())
            sought = [_sought(queries[n]) for n in numbers]
            teller = self._tellers.of(query, self._requester, Plainly(query))
            chunks += _cut(numbers, sought, query, teller)
        together = await self._filled(len(queries), chunks)
        said = list(map(_warned, together, queries))
        alone = [n for n, one in enumerate(said) if one is None]
        told = await self._each([queries[n] for n in alone])
        for n, one in zip(alone, told, strict=True):
            said[n] = one
        return cast("list[Said]", said)

    async def answer_alleles(
        self, asked: Sequence[Asked], wording: Wording[T, J]
    ) -> list[J | BeaconError]:
        """Return the same of the questions of plain outlines, in words."""
        said = await self._filled(len(asked), list(self._chunks(asked, wording)))
        alone = [n for n, one in enumerate(said) if one is None]
        told = await self._each([question(asked[n]) for n in alone])
        for n, one in zip(alone, told, strict=True):
            said[n] = one if isinstance(one, BeaconError) else worded(one, wording)
        return cast("list[J | BeaconError]", said)

    def _chunks(
        self, asked: Sequence[Asked], wording: Wording[T, J]
    ) -> Iterator[_Chunk[T, J]]:
        """Yield the questions of plain outlines that are asked together."""
        forms: dict[_Form, list[int]] = {}
        outlines = {id(outline): outline for outline, _ in asked}
        form_of = {
            number: _form_of(outline.query) if outline.is_plain else None
            for number, outline in outlines.items()
        }
        for n, (outline, _) in enumerate(asked):
            form = form_of[id(outline)]
            if form is not None:
                forms.setdefault(form, []).append(n)
        for numbers in forms.values():
            query = replace(asked[numbers[0]][0].query, warnings=())
            teller = self._tellers.of(query, self._requester, wording)
            sought = [(asked[n][0].contig, asked[n][1]) for n in numbers]
            yield from _cut(numbers, sought, query, teller)

    async def _filled(
        self, count: int, chunks: Sequence[_Chunk[T, J]]
    ) -> list[J | BeaconError | None]:
        """Return so many answers, those of chunks in their places.

        While one is told, the database reads for the next.
        """
        said: list[J | BeaconError | None] = [None] * count
        running: deque[asyncio.Task[Sequence[J | BeaconError | None]]] = deque()
        try:
            for at, chunk in enumerate(chunks):
                for one in chunks[at + len(running) : at + _AT_ONCE]:
                    answers = self._chunk(one)
                    running.append(asyncio.create_task(answers))
                told = await running[0]
                running.popleft()
                for n, answer in zip(chunk.numbers, told, strict=True):
                    said[n] = answer
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        return said

    async def _chunk(self, chunk: _Chunk[T, J]) -> Sequence[J | BeaconError | None]:
        """Return what is said of alleles; ``None``: they are asked for alone."""
        try:
            datasets = await self._store.datasets()
            plan = self._plans.of(chunk.query, self._requester, datasets)
            if plan.unasked or plan.is_apart:
                return [None] * len(chunk.sought)
            asked = tuple(plan.granularities)
            finding = self._store.find_many(chunk.sought, asked, chunk.teller)
            if not plan.is_levelled:
                return await finding
            async with in_steps(STEP):
                return await finding
        except StoreUnavailable as failure:
            return [_own(failure) for _ in chunk.sought]

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
            return await self._alone(query, self._requester)
        except BeaconError as failure:
            return failure


def _cut(
    numbers: Sequence[int],
    sought: Sequence[Sought],
    query: Query,
    teller: Teller[T, J],
) -> Iterator[_Chunk[T, J]]:
    """Yield alleles a chunk at a time."""
    for first in range(0, len(numbers), _CHUNK):
        some = slice(first, first + _CHUNK)
        yield _Chunk(numbers[some], sought[some], query, teller)


def _sought(query: Query) -> Sought:
    pattern = query.pattern
    if pattern is None:
        message = "a question for an allele names it"
        raise ValueError(message)
    return pattern.sequence, Spelled(pattern.spellings, pattern.is_provisional)


def _warned(said: Said | None, query: Query) -> Said | None:
    """Return an answer with the sentences that its question must repeat."""
    if not query.warnings or said is None or isinstance(said, BeaconError):
        return said
    return replace(said, warnings=(*query.warnings, *said.warnings))


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
