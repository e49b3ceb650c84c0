"""Other beacons asked for the alleles of a file, each as far as it takes lists.

One that has the list of this software is sent a thousand alleles at a time; another
is asked one by one, where the peers file lets it be asked so many; the rest, and who
did not say who it is, have their word in the file from the first record on.
Alleles go there and nothing else.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from beacon.annotating.columns import Column, Consulted
from beacon.model.disclosure import DatasetDisclosure, Disclosure
from beacon.model.errors import BeaconError, StoreUnavailable
from beacon.model.nodes import Node, NodeAnswer, NodeKind, Reason
from beacon.model.query import Granularity
from beacon.model.status import Status
from beacon.model.wording import answered_whole
from beacon.network.asker import HttpAsker
from beacon.network.asking import Asking
from beacon.network.exchange import Exchange
from beacon.network.peers import Directory, Peer
from beacon.wire.peers.cards import Held
from beacon.wire.peers.lists import MOST_IN_LIST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.model.variant import Reference
    from beacon.model.wording import Asked, Whole, Word, Wording
    from beacon.wire.peers.cards import Card

_LONGEST_LIST: Final = 60.0
"""Seconds in which a thousand alleles must be answered."""
_NOBODY: Final = Node(id="-", names={"en": "-"}, kind=NodeKind.HERE)
_NOTHING: Final = "It has nothing of this assembly."
_SILENT: Final = "It did not answer."
_SINGLE: Final = "It is asked single questions only, no lists."
_MAY_PASS: Final = frozenset(
    {Reason.TIMEOUT, Reason.UNREACHABLE, Reason.BUSY, Reason.HTTP_ERROR, Reason.PAUSED}
)
"""Why a beacon did not answer that may be otherwise in a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A beacon, and what is expected of it.

    Attributes:
        consulted: its columns.
        unmet: what it said of every allele before it was asked any.
        is_whole: whether its one column stands for whatever it holds.
    """

    peer: Peer
    consulted: Consulted
    unmet: NodeAnswer | None = None
    is_whole: bool = False


def met(peer: Peer, card: Card, assembly: str, address: str) -> Target:
    """Return how a beacon is asked that said who it is and what it holds."""
    held = [
        Column(
            dataset=each,
            label=each,
            name=name,
            release=told.release,
            sample_count=told.people,
        )
        for each, name in card.datasets.items()
        if (told := card.held.get(each, Held())).assembly in (None, assembly)
    ]
    if card.datasets and not held:
        return unmet(peer, _unasked(peer, Reason.ASSEMBLY, _NOTHING))
    columns = tuple(held) or (_whole(peer),)
    return Target(
        peer=peer,
        consulted=Consulted(beacon=peer.node.id, columns=columns, address=address),
        is_whole=not held,
    )


def unmet(peer: Peer, answer: NodeAnswer) -> Target:
    """Return the place of a beacon that is not asked for any allele."""
    return Target(
        peer=peer,
        consulted=Consulted(
            beacon=peer.node.id, columns=(_whole(peer),), address=peer.url
        ),
        unmet=answer,
        is_whole=True,
    )


def unlisted(peer: Peer) -> Target:
    """Return the place of a peer that the peers file lets nobody ask lists of."""
    return unmet(peer, _unasked(peer, Reason.LISTS, _SINGLE))


def _unasked(peer: Peer, reason: Reason, sentence: str) -> NodeAnswer:
    return NodeAnswer(
        node=peer.node, status=Status.NOT_ASKED, reason=reason, sentence=sentence
    )


def _whole(peer: Peer) -> Column:
    name = peer.node.names["en"]
    return Column(dataset=peer.node.id, label=peer.node.id, name=name)


class Listed:
    """Asks one beacon; a context that holds its connections.

    Args:
        target: that beacon, and how.
        references: genomes to normalise questions with.
        jobs: processes that ask it at the same time.
    """

    def __init__(
        self, target: Target, references: Mapping[str, Reference], jobs: int = 1
    ) -> None:
        self._target = target
        self._peer = replace(
            target.peer, at_once=max(1, target.peer.at_once // max(1, jobs))
        )
        self._patient = replace(
            self._peer, seconds=max(self._peer.seconds, _LONGEST_LIST)
        )
        self._references = references
        self._columns = tuple(c.dataset for c in target.consulted.columns)
        self._opened = AsyncExitStack()
        self._asker: HttpAsker

    async def __aenter__(self) -> Self:
        exchange = Exchange(
            Directory(here=_NOBODY, peers=(self._peer,)), shows_token=True
        )
        self._opened.push_async_callback(exchange.close)
        if self._target.unmet is None:
            await exchange.metadata.look(self._peer)
        self._asker = HttpAsker(exchange, self._references)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._opened.aclose()

    async def answer(self, query: Query, requester: Requester) -> Disclosure:
        """Return what the beacon says to one question.

        Raises:
            BeaconError: it gives no answer.
        """
        (said,) = await self.answer_many((query,), requester)
        if isinstance(said, BeaconError):
            raise said
        return said

    async def answer_many(
        self, queries: Sequence[Query], requester: Requester
    ) -> Sequence[Disclosure | BeaconError]:
        """Return the answer to each question, in order, or why it has none."""
        del requester  # who asks is whom the beacon lets in
        return [self._disclosed(each) for each in await self._answers(queries)]

    async def answer_alleles(
        self,
        asked: Sequence[Asked],
        requester: Requester,
        wording: Wording[Word, Whole],
    ) -> Sequence[Whole | BeaconError]:
        """Return the same for the questions of plain outlines, in words."""
        return await answered_whole(self, asked, requester, wording)

    async def _answers(self, queries: Sequence[Query]) -> Sequence[NodeAnswer]:
        if self._target.unmet is not None:
            return [self._target.unmet] * len(queries)
        groups = [
            queries[first : first + MOST_IN_LIST]
            for first in range(0, len(queries), MOST_IN_LIST)
        ]
        answers = await asyncio.gather(*(self._group(group) for group in groups))
        return [each for some in answers for each in some]

    async def _group(self, queries: Sequence[Query]) -> Sequence[NodeAnswer]:
        """Return what the beacon says to so many as go into one request."""
        askings = [Asking(query=query) for query in queries]
        said = await self._asker.ask_list(self._patient, askings, _LONGEST_LIST)
        return await self._one_by_one(askings) if said is None else said

    async def _one_by_one(self, askings: Sequence[Asking]) -> list[NodeAnswer]:
        told: dict[int, NodeAnswer] = {}
        coming = iter(enumerate(askings))

        async def work() -> None:
            for number, asking in coming:
                told[number] = await self._asker.ask(
                    self._peer, asking, self._peer.seconds
                )

        async with asyncio.TaskGroup() as group:
            for _ in range(self._peer.at_once):
                group.create_task(work())
        return [told[number] for number in range(len(askings))]

    def _is_silent(self, answer: NodeAnswer) -> bool:
        """Whether a beacon gave no answer that its columns could tell.

        A network that did not hear all of its beacons says "no" of none.
        """
        if answer.status is not Status.NO_ANSWER:
            return False
        told = {row.part.status for row in answer.datasets}
        return self._target.is_whole or Status.NO_ANSWER not in told

    def _disclosed(self, answer: NodeAnswer) -> Disclosure | BeaconError:
        """Return an answer in the beacon's columns, or that there is none."""
        if self._is_silent(answer):
            why = answer.sentence or next(iter(answer.warnings), _SILENT)
            sentence = f"{answer.node.id}: {why}"
            may_pass = answer.reason in _MAY_PASS and self._target.unmet is None
            return (StoreUnavailable if may_pass else BeaconError)(sentence)
        parts = tuple(row.part for row in answer.datasets)
        if self._target.is_whole:
            parts = (_summed(self._columns[0], answer, parts),)
        elif not parts:
            parts = tuple(_worded(name, answer.status) for name in self._columns)
        return Disclosure(granularity=Granularity.COUNT, datasets=parts)


def _summed(
    name: str, answer: NodeAnswer, parts: Sequence[DatasetDisclosure]
) -> DatasetDisclosure:
    """Return what stands for a whole beacon: its word, and counts where one has any."""
    counted = [part for part in parts if part.counts is not None]
    said = _worded(name, answer.status)
    if not len(parts) == len(counted) == 1:
        return said
    (part,) = counted
    return replace(said, counts=part.counts, adjusted_to=part.adjusted_to)


def _worded(name: str, status: Status) -> DatasetDisclosure:
    return DatasetDisclosure(
        dataset=name,
        name=name,
        status=status,
        granularity=Granularity.COUNT,
        exists=status is Status.SEEN,
    )
