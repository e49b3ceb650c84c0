"""Our own beacon as the first node of its network: asked in process, never by HTTP.

It answers whoever asks as it would alone, by the same policy and the same budgets;
what it answers becomes a node's answer beside the others.
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from beacon.model.disclosure import Answers
from beacon.model.errors import BeaconError, NotPermitted
from beacon.model.lifting import Lift
from beacon.model.nodes import Node, NodeAnswer, NodeDataset, Reason
from beacon.model.status import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.model.dataset import Dataset
    from beacon.model.disclosure import Disclosure
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.model.summarised import Summarised
    from beacon.network.asking import Asking

_OUR_FAULT = 500
_LONGEST = 200


class Local(Answers, Protocol):
    """A beacon that tells, beside answers, what its datasets are."""

    async def datasets(self, requester: Requester) -> tuple[Dataset, ...]:
        """Return every dataset that a requester sees."""

    async def summary(self, dataset: str, requester: Requester) -> Summarised:
        """Return what may be said of a dataset as a whole.

        Raises:
            NotFound: when there is none, or the requester does not see it.
        """

    async def count(self, query: Query, requester: Requester) -> None:
        """Count a question that others are asked, whatever our own part in it is.

        Raises:
            BeaconError: where it may not be asked any more, or cannot be counted.
        """

    async def count_many(
        self, queries: Sequence[Query], requester: Requester
    ) -> Mapping[int, BeaconError]:
        """Count many in one go; return why some may not be asked, by place.

        Raises:
            BeaconError: where they cannot be counted.
        """


class Here:
    """Our own beacon, as one request asks it.

    Args:
        node: how it is presented.
        beacon: that answers.
        is_told_at_once: whether its answer is sent before the others' are there; it is
            then asked as one of many are, whose answers are written down one by one.
    """

    def __init__(
        self, node: Node, beacon: Local, *, is_told_at_once: bool = False
    ) -> None:
        self.node = node
        self._beacon = beacon
        self._is_told_at_once = is_told_at_once

    async def count(self, asking: Asking) -> None:
        """Count a question before others are asked it.

        Raises:
            BeaconError: where it may not be asked any more, or cannot be counted.
        """
        await self._beacon.count(self._own(asking.query), asking.requester)

    async def count_many(self, askings: Sequence[Asking]) -> Mapping[int, BeaconError]:
        """Count questions of one requester before others are asked them.

        Returns:
            Why some may not be asked, by place.

        Raises:
            BeaconError: where they cannot be counted.
        """
        if not askings:
            return {}
        queries = [self._own(each.query) for each in askings]
        return await self._beacon.count_many(queries, askings[0].requester)

    async def ask(self, asking: Asking) -> NodeAnswer:
        """Return what we say.

        Raises:
            BeaconError: for a question nobody could answer, or one too many.
        """
        began = perf_counter()
        query = self._own(asking.query)
        try:
            said = await self._said(query, asking.requester)
        except NotPermitted as failure:
            told = NodeAnswer(
                node=self.node, status=Status.WITHHELD, sentence=_short(str(failure))
            )
        except BeaconError as failure:
            told = self._failed(failure)
        else:
            told = await self._told(query, said, asking.requester)
        spent = perf_counter() - began
        return replace(told, seconds=spent, request_id=asking.request_id)

    async def ask_many(self, askings: Sequence[Asking]) -> list[NodeAnswer]:
        """Return what we say to each of many questions of one requester."""
        if not askings:
            return []
        requester = askings[0].requester
        queries = [self._own(each.query) for each in askings]
        answers: list[NodeAnswer] = []
        said = await self._beacon.answer_many(queries, requester)
        for query, one in zip(queries, said, strict=True):
            if isinstance(one, BeaconError):
                answers.append(self._unanswered(one, Reason.NOT_UNDERSTOOD))
            else:
                answers.append(await self._told(query, one, requester))
        return answers

    def _own(self, query: Query) -> Query:
        """Return a question with our own datasets as we call them."""
        if query.datasets is None:
            return query
        mine = f"{self.node.id}/"
        names = tuple(name.removeprefix(mine) for name in query.datasets)
        return replace(query, datasets=names)

    async def _said(self, query: Query, requester: Requester) -> Disclosure:
        if not self._is_told_at_once:
            return await self._beacon.answer(query, requester)
        (said,) = await self._beacon.answer_many([query], requester)
        if isinstance(said, BeaconError):
            raise said
        return said

    def _failed(self, failure: BeaconError) -> NodeAnswer:
        if failure.status_hint < _OUR_FAULT:
            raise failure
        return self._unanswered(failure, Reason.LOCAL)

    def _unanswered(self, failure: BeaconError, reason: Reason) -> NodeAnswer:
        if failure.status_hint >= _OUR_FAULT:
            reason = Reason.LOCAL
        return NodeAnswer(
            node=self.node,
            status=Status.NO_ANSWER,
            reason=reason,
            sentence=_short(str(failure)),
        )

    async def _told(
        self, query: Query, said: Disclosure, requester: Requester
    ) -> NodeAnswer:
        known = {}
        if said.datasets:
            known = {d.id: d for d in await self._beacon.datasets(requester)}
        assembly = None if query.pattern is None else query.pattern.assembly
        rows = [
            NodeDataset(
                beacon=self.node.id,
                part=part,
                assembly=part.lifted.assembly
                if isinstance(part.lifted, Lift)
                else assembly,
                contact=found.contact if (found := known.get(part.dataset)) else None,
                kind=found.kind if found else None,
            )
            for part in said.datasets
        ]
        reason, sentence = _why(query, said)
        return NodeAnswer(
            node=self.node,
            status=said.status,
            datasets=tuple(rows),
            granularity=said.granularity,
            reason=reason,
            sentence=sentence,
            warnings=said.warnings,
        )


def _why(query: Query, said: Disclosure) -> tuple[Reason | None, str | None]:
    """Return why we say nothing; nothing where we do."""
    match said.status:
        case Status.NO_ANSWER:
            return Reason.NOT_UNDERSTOOD, _short(" ".join(said.warnings)) or None
        case Status.NOT_ASKED if query.datasets is not None:
            return Reason.DATASETS, "It has none of the datasets asked for."
        case Status.NOT_ASKED:
            return Reason.ASSEMBLY, "It has nothing of the assembly asked for."
    return None, None


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= _LONGEST else f"{sentence[: _LONGEST - 1]}…"
