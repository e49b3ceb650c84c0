"""LiftingBeacon: a beacon that asks datasets of other assemblies, too, lifted.

It is a ``LocalBeacon`` where chain files are configured, and is not there where none
are.  Each lifted question is one of its own to the beacon below: permits, budgets
and ledgers hold for it as for any other, but an allele is counted once.  A "no" to a
lift that may be wrong is no "no": such a dataset says that it knows nothing of the
place.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.disclosure import DatasetDisclosure, Disclosure
from beacon.model.entry_types import GENOMIC_VARIANT
from beacon.model.errors import BeaconError, InvalidRequest, NotPermitted
from beacon.model.lifting import Lifted, Lifting, NotLifted, lifted, reads_much
from beacon.model.query import Granularity
from beacon.model.status import Status
from beacon.model.wording import answered_whole
from beacon.service.documents import is_asked
from beacon.service.local import LocalBeacon

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from beacon.model.dataset import Dataset
    from beacon.model.lifting import Lift
    from beacon.model.outline import Outline, Spelled
    from beacon.model.pattern import VariantPattern
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.model.variant import Reference
    from beacon.model.wording import Asked, Whole, Word, Wording
    from beacon.policy.policy import Policy
    from beacon.service.guard import Guard
    from beacon.service.plans import Sight
    from beacon.store.variants import VariantStore

    Said = Disclosure | BeaconError


_NO = frozenset({Status.NOT_SEEN, Status.NO_ANSWER})
_AT_A_STRETCH = 50
"""Questions that are lifted before others get their turn."""


class _Errand(NamedTuple):
    """A question as it is asked of the datasets of one assembly.

    Attributes:
        lift: how it came about; ``None``: it is as it was asked.
        datasets: that it is asked of.
    """

    query: Query
    lift: Lift | None = None
    datasets: tuple[Dataset, ...] = ()


class _Errands(NamedTuple):
    """All that is asked for one question.

    Attributes:
        unasked: what is said of datasets it has no form for, and why.
    """

    query: Query
    asked: tuple[_Errand, ...]
    unasked: tuple[DatasetDisclosure, ...] = ()
    reasons: tuple[str, ...] = ()


class LiftingBeacon(LocalBeacon):
    """Answers from the store, also from datasets of other assemblies.

    Args:
        store, policy, references, deadline, guard: as of ``LocalBeacon``.
        lifting: what questions are lifted with.
    """

    def __init__(
        self,
        store: VariantStore,
        policy: Policy,
        *,
        references: Mapping[str, Reference],
        deadline: float,
        lifting: Lifting,
        guard: Guard | None = None,
    ) -> None:
        super().__init__(
            store, policy, references=references, deadline=deadline, guard=guard
        )
        self.lifting = lifting

    async def answer(self, query: Query, requester: Requester) -> Disclosure:
        """Return what may be said to ``requester``, by every assembly's datasets.

        Raises:
            BeaconError: as ``LocalBeacon.answer`` does.
        """
        sight = await self._sight(requester)
        (errands,) = await self._all_errands([query], sight)
        said: list[Said] = []
        for errand in errands.asked:
            try:
                said.append(await super().answer(errand.query, requester))
            except BeaconError as failure:
                said.append(failure)
        told = _joined(errands, said)
        if isinstance(told, BeaconError):
            raise told
        return told

    async def answer_alike(
        self, outline: Outline, allele: Spelled, requester: Requester
    ) -> Disclosure:
        """Return what ``answer`` gives to the question of an outline for an allele.

        Raises:
            BeaconError: as ``LocalBeacon.answer_alike`` does.
        """
        sight = await self._sight(requester)
        if not _elsewhere(outline.query, sight, self.lifting):
            return await super().answer_alike(outline, allele, requester)
        return await self.answer(outline.question(allele), requester)

    async def answer_many(
        self, queries: Sequence[Query], requester: Requester
    ) -> Sequence[Said]:
        """Return the answer to each question, in order, or why it has none."""
        sight = await self._sight(requester)
        all_errands = await self._all_errands(queries, sight)
        asked = [errand.query for each in all_errands for errand in each.asked]
        said = iter(await super().answer_many(asked, requester))
        return [
            _joined(errands, [next(said) for _ in errands.asked])
            for errands in all_errands
        ]

    async def _all_errands(
        self, queries: Sequence[Query], sight: Sight
    ) -> list[_Errands]:
        """Return all that is asked for each question, without keeping others long."""
        find = partial(_errands, sight=sight, lifting=self.lifting)
        if len(queries) == 1 and not reads_much(queries[0]):
            return [find(queries[0])]
        found = await self._store.rounds.each(
            lambda query: None if reads_much(query) else find(query),
            queries,
            _AT_A_STRETCH,
        )
        return [
            await asyncio.to_thread(find, query) if one is None else one
            for one, query in zip(found, queries, strict=True)
        ]

    async def answer_alleles(
        self,
        asked: Sequence[Asked],
        requester: Requester,
        wording: Wording[Word, Whole],
    ) -> Sequence[Whole | BeaconError]:
        """Return the same for the questions of plain outlines, in words."""
        sight = await self._sight(requester)
        outlines = {id(outline): outline for outline, _ in asked}.values()
        if any(_elsewhere(each.query, sight, self.lifting) for each in outlines):
            return await answered_whole(self, asked, requester, wording)
        return await super().answer_alleles(asked, requester, wording)


def _elsewhere(
    query: Query, sight: Sight, lifting: Lifting
) -> dict[str, tuple[Dataset, ...]]:
    """Return the datasets that a question may be lifted to, by their assembly."""
    pattern = query.pattern
    if pattern is None or query.about != GENOMIC_VARIANT.id:
        return {}
    found: dict[str, tuple[Dataset, ...]] = {}
    for dataset in sight.described:
        release = dataset.release
        if release is None or not query.chooses(dataset):
            continue
        if lifting.reaches(pattern.assembly, release.assembly):
            found[release.assembly] = (*found.get(release.assembly, ()), dataset)
    return found


def _errands(query: Query, sight: Sight, lifting: Lifting) -> _Errands:
    """Return all that is asked for one question."""
    elsewhere = _elsewhere(query, sight, lifting)
    if not elsewhere:
        return _Errands(query, (_Errand(query),))
    asked: list[_Errand] = []
    if any(is_asked(dataset, query) for dataset in sight.datasets):
        asked.append(_Errand(query))
    unasked: list[DatasetDisclosure] = []
    reasons: list[str] = []
    for assembly, datasets in elsewhere.items():
        match lifted(query, assembly, lifting):
            case NotLifted() as why:
                unasked += [_wordless(each, Status.NOT_ASKED, why) for each in datasets]
                reasons.append(why.why)
            case Lifted(query=other, lift=lift):
                names = tuple(dataset.id for dataset in datasets)
                other = replace(
                    other, datasets=names, warnings=(), counted=_allele_of(query)
                )
                asked.append(_Errand(other, lift, datasets))
    return _Errands(query, tuple(asked), tuple(unasked), tuple(reasons))


def _allele_of(query: Query) -> VariantPattern | None:
    """Return the allele that a question asks for, if it asks for one and no more."""
    pattern = query.pattern
    return pattern if pattern is not None and pattern.asks_spelling_only else None


def _joined(errands: _Errands, said: Sequence[Said]) -> Said:
    """Return one answer of those on each assembly.

    What cannot be asked lifted, although something else was answered, keeps its
    word; it does not take the answer with it.
    """
    told = list(zip(errands.asked, said, strict=True))
    answers = [one for one in said if isinstance(one, Disclosure)]
    for errand, one in told:
        if isinstance(one, BeaconError) and not _is_bearable(errand, one, answers):
            return one
    if len(told) == 1 and told[0][0].lift is None and not errands.unasked:
        return answers[0]
    is_beside = any(
        errand.lift is None and isinstance(one, Disclosure) for errand, one in told
    )
    parts = [
        part
        for errand, one in told
        for part in _parts(errand, one, is_beside=is_beside)
    ]
    warnings = [*errands.query.warnings]
    warnings += [text for errand, one in told for text in _sentences(errand, one)]
    return Disclosure(
        granularity=max((a.granularity for a in answers), default=Granularity.BOOLEAN),
        datasets=(*parts, *errands.unasked),
        warnings=tuple(dict.fromkeys((*warnings, *errands.reasons))),
        alleles=tuple(named for answer in answers for named in answer.alleles),
    )


def _is_bearable(
    errand: _Errand, failure: BeaconError, answers: Sequence[Disclosure]
) -> bool:
    """Whether a failure is of a lifted question alone, beside others that are told."""
    is_refusal = isinstance(failure, (NotPermitted, InvalidRequest))
    return errand.lift is not None and is_refusal and bool(answers)


def _parts(
    errand: _Errand, said: Said, *, is_beside: bool
) -> Iterator[DatasetDisclosure]:
    """Yield what datasets say to a question, marked where it was lifted."""
    if isinstance(said, BeaconError):
        is_policy = isinstance(said, NotPermitted)
        word = Status.WITHHELD if is_policy else Status.NOT_ASKED
        for dataset in errand.datasets:
            yield _wordless(dataset, word, NotLifted(why=str(said)))
        return
    pattern = errand.query.pattern
    is_bearable = is_beside or (pattern is not None and pattern.is_provisional)
    for part in said.datasets:
        lift = errand.lift
        yield part if lift is None else _marked(part, lift, is_bearable=is_bearable)


def _marked(
    part: DatasetDisclosure, lift: Lift, *, is_bearable: bool
) -> DatasetDisclosure:
    """Return what a dataset says to a lifted question.

    The alleles called at a place tell nothing where it may be another place.  What
    it cannot tell (a name it does not know) does not make an error of the answer
    of the datasets beside it, which were asked on their own assembly; and that a
    lifted allele may be written elsewhere is no error of who asked.
    """
    is_doubtful = part.status is Status.NOT_SEEN and not lift.is_certain
    if is_doubtful or (part.status is Status.NO_ANSWER and is_bearable):
        word = Status.NOT_COVERED
        return replace(part, status=word, counts=None, coverage=None, lifted=lift)
    return replace(part, lifted=lift)


def _sentences(errand: _Errand, said: Said) -> Iterator[str]:
    """Yield what is to be known of an answer."""
    if isinstance(said, BeaconError):
        yield str(said)
        return
    yield from said.warnings
    lift = errand.lift
    if lift is None:
        return
    yield f"{lift.asked} was asked of datasets on {lift.assembly} as {lift.lifted}."
    yield from lift.notes
    if any(part.status in _NO for part in said.datasets):
        yield from lift.doubts


def _wordless(dataset: Dataset, status: Status, why: NotLifted) -> DatasetDisclosure:
    return DatasetDisclosure(
        dataset=dataset.id,
        name=dataset.name,
        status=status,
        granularity=Granularity.BOOLEAN,
        exists=False,
        lifted=why,
    )
