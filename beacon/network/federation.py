"""One question, every node at once: who is asked, for whom, and how long.

Each node's answer is given as it comes, whatever becomes of the others; a slow one
costs itself its place and nobody a second.  How many questions are asked at once is
limited.  How a peer is asked and understood, and how often at once, is the ``Asker``'s.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, contextmanager
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import structlog

from beacon.model.errors import NetworkBusy, NetworkLoop
from beacon.model.nodes import (
    FAILURES,
    NodeAnswer,
    NodeKind,
    Reason,
    rows_asked_for,
)
from beacon.model.status import Status, overall
from beacon.network.flights import Flights
from beacon.network.memory import Memory
from beacon.network.merging import merged
from beacon.network.peers import Audience, Proof
from beacon.network.record import Record

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        Callable,
        Hashable,
        Iterable,
        Iterator,
        Sequence,
    )

    from beacon.model.nodes import NetworkAnswer, Node
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.network.asking import Asker, Asking
    from beacon.network.here import Here
    from beacon.network.peers import Directory, Peer

_log = structlog.get_logger(__name__)

_HEAD_START: Final = 0.3
"""Seconds in which our own beacon may refuse a question before any peer is asked."""
_OF_A_NAME: Final = 0.5
"""Share of its time that a name has for the same: what it costs in a budget is known
when the alleles it names are."""
_GRACE: Final = 0.1
"""Seconds for an asker to say itself why it is late."""
_UNHEARD: Final = "Whoever may have the datasets asked for has not answered it."
_ECHO: Final = "The same question is on its way already; no other beacon was asked."
_YOURS: Final = (
    "As many questions of yours as may be are on their way to the network already;"
    " others have the places that are left."
)
_MANY: Final = 500
"""Rows that are merged at once."""
_LISTS_AT_ONCE: Final = 2
"""Questions of one list that a peer is asked at the same time: others ask, too."""


KeyT = TypeVar("KeyT")


class _Passage(NamedTuple):
    """An exchange that somebody waits for, and what it is known by."""

    key: Hashable
    task: asyncio.Task[NodeAnswer]


class Federation:
    """Ourselves and our peers, asked as one.

    Args:
        asker: puts a question to a peer.
        directory: gives whom we ask, as it is configured now.
        now: gives seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        asker: Asker,
        directory: Callable[[], Directory],
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._asker = asker
        self._directory = directory
        self._known: Directory | None = None
        self._now = now
        self._flights: Flights[NodeAnswer] = Flights()
        self._memory = Memory(now)
        self._asked: dict[Hashable, int] = {}
        self._questions = 0
        self._held: dict[str | None, int] = {}
        self.record = Record()

    @property
    def directory(self) -> Directory:
        """Whom we ask, as it is configured now."""
        fresh = self._directory()
        if fresh is not self._known:
            self._known = fresh
            self._memory.clear()
        return fresh

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Everybody who is asked, ourselves first."""
        known = self.directory
        return (known.here, *(peer.node for peer in known.peers))

    def counted(self) -> dict[str, float]:
        """Return what was counted, by name."""
        return {
            "network_joined": float(self._flights.joined),
            "network_remembered": float(self._memory.hits),
            **self.record.counted(),
        }

    async def ask(
        self, asking: Asking, here: Here, *, waits_for_us: bool = False
    ) -> AsyncGenerator[NodeAnswer, None]:
        """Yield what each node says, as it comes; ourselves is one of them.

        Args:
            asking: the question.
            here: our own beacon, as the requester asks it.
            waits_for_us: whether the question is counted, and our own beacon may
                refuse it, before any peer is asked.

        Raises:
            NetworkBusy: when as many questions are on their way as may be.
            NetworkLoop: when it has passed us before, or too many.
            BeaconError: when it cannot be asked of anybody.
        """
        directory = self.directory
        self.check_way(asking)
        asking = replace(asking, via=(*asking.via, directory.here.id))
        key = _question_key(asking.query)
        is_echo = asking.comes_from_a_network and key in self._asked
        with self._place(key, directory, asking.requester):
            until = self._now() + min(directory.terms.deadline, asking.seconds)
            if is_echo:
                yield _in_an_echo(await self._within(here, asking, until))
                for peer in directory.peers:
                    yield _unasked(peer, Reason.UNDER_WAY, _ECHO)
                return
            ours = None
            if waits_for_us:
                ours = await self._head_start(here, asking, until)
            told, flights = self._begin_all(directory, asking, key, until)
            try:
                await asyncio.sleep(0)  # theirs take longer, and leave first
                if ours is None:
                    ours = asyncio.create_task(self._within(here, asking, until))
                for each in told:
                    yield each
                running = {ours, *flights}
                while running:
                    done, running = await asyncio.wait(
                        running, return_when=asyncio.FIRST_COMPLETED
                    )
                    for task in done:
                        answer, is_ours = task.result(), task is ours
                        yield answer if is_ours else _of_datasets(answer, asking.query)
            finally:
                self._leave(flights.values())
                await _ended(ours)

    async def answer(
        self, asking: Asking, here: Here, *, waits_for_us: bool = False
    ) -> NetworkAnswer:
        """Return what all nodes say, merged.

        Raises:
            BeaconError: as ``ask`` does.
        """
        coming = self.ask(asking, here, waits_for_us=waits_for_us)
        async with aclosing(coming) as answers:
            told = [answer async for answer in answers]
        return await self.merged_aside(told)

    async def merged_aside(self, answers: Sequence[NodeAnswer]) -> NetworkAnswer:
        """Return the same as ``merged``; of many rows it is made beside the loop."""
        rows = sum(len(answer.datasets) for answer in answers)
        if rows <= _MANY:
            return self.merged(answers)
        return await asyncio.to_thread(merged, self.directory, answers)

    def merged(self, answers: Sequence[NodeAnswer]) -> NetworkAnswer:
        """Return what nodes say as one answer."""
        return merged(self.directory, answers)

    async def answer_many(
        self, askings: Sequence[Asking], here: Here
    ) -> list[NetworkAnswer]:
        """Return the answers to many questions; peers are asked that take lists.

        Each question of a peer has the peer's own time; how long they take together
        is as long as it is.

        Raises:
            NetworkBusy: when as many questions are on their way as may be.
            NetworkLoop: when they have passed us before, or too many.
        """
        if not askings:
            return []
        directory = self.directory
        self.check_way(askings[0])
        passed = [replace(each, via=(*each.via, directory.here.id)) for each in askings]
        key = _question_key(askings[0].query)
        with self._place(key, directory, askings[0].requester):
            tasks = [asyncio.create_task(here.ask_many(passed))]
            tasks += [
                asyncio.create_task(self._ask_list(peer, passed))
                for peer in directory.peers
            ]
            try:
                said = await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        return [merged(directory, told) for told in zip(*said, strict=True)]

    # --- who may ask --------------------------------------------------------

    def check_way(self, asking: Asking) -> None:
        """Refuse what has gone in a circle, or too far.

        Raises:
            NetworkLoop: when it has.
        """
        directory = self.directory
        if directory.here.id in asking.via:
            message = "This question has already passed this beacon."
            raise NetworkLoop(message)
        if len(asking.via) >= directory.terms.most_hops:
            message = (
                f"This question has passed {len(asking.via)} networks; it goes no"
                " further."
            )
            raise NetworkLoop(message)

    @contextmanager
    def _place(
        self, key: Hashable, directory: Directory, requester: Requester
    ) -> Iterator[None]:
        """Have a place for a question, one of those that its requester may hold.

        Raises:
            NetworkBusy: when there is none.
        """
        terms, party = directory.terms, requester.party
        if self._questions >= terms.questions:
            message = "As many questions as may be are asked of the network already."
            raise NetworkBusy(message)
        if self._held.get(party, 0) >= terms.places(party):
            raise NetworkBusy(_YOURS)
        self._questions += 1
        try:
            with _counted(self._asked, key), _counted(self._held, party):
                yield
        finally:
            self._questions -= 1

    # --- one node -----------------------------------------------------------

    async def _head_start(
        self, here: Here, asking: Asking, until: float
    ) -> asyncio.Task[NodeAnswer]:
        """Count a question, ask our own beacon, and give it time to refuse.

        Raises:
            BeaconError: when it does: nobody is to be asked.
        """
        await here.count(asking)
        task = asyncio.create_task(self._within(here, asking, until))
        try:
            is_named = asking.query.pattern is not None and asking.query.pattern.name
            left = until - self._now()
            start = left * _OF_A_NAME if is_named else _HEAD_START
            await asyncio.wait([task], timeout=start)
            if task.done():
                task.result()
        except BaseException:
            task.cancel()
            raise
        return task

    async def _within(self, here: Here, asking: Asking, until: float) -> NodeAnswer:
        """Return our own answer, or that it did not come in time."""
        left = until - self._now()
        try:
            async with asyncio.timeout(left):
                return await here.ask(asking)
        except TimeoutError:
            return _late(here.node, left)

    def _begin_all(
        self, directory: Directory, asking: Asking, key: Hashable, until: float
    ) -> tuple[list[NodeAnswer], dict[asyncio.Task[NodeAnswer], _Passage]]:
        """Return what is known of peers at once, and the exchanges with the others."""
        told: list[NodeAnswer] = []
        flights: dict[asyncio.Task[NodeAnswer], _Passage] = {}
        whole = _whole(asking)
        for peer in directory.peers:
            found = self._begin(peer, asking, whole, key, until)
            if isinstance(found, NodeAnswer):
                told.append(found)
            else:
                flights[found.task] = found
        return told, flights

    def _leave(self, passages: Iterable[_Passage]) -> None:
        for key, task in passages:
            self._flights.leave(key, task)

    def _begin(
        self,
        peer: Peer,
        asking: Asking,
        whole: Asking,
        question: Hashable,
        until: float,
    ) -> NodeAnswer | _Passage:
        """Return what a peer said a while ago, or the exchange that asks it.

        Args:
            peer: that is asked.
            asking: the question.
            whole: the same of all datasets: others may share what comes.
            question: by which the same one is known (``_question_key``).
            until: when it must have answered.
        """
        unasked = _not_asked(peer, asking)
        if unasked is not None:
            return unasked
        terms, scope = self.directory.terms, _scope(peer, asking.requester)
        # The peer itself, not its id: read by other settings it may say other things.
        key = (id(peer), question, scope, asking.via[:-1])
        if scope is None:
            found = self._memory.find(key, terms)
            if found is not None:
                return _of_datasets(found, asking.query)
        held = self._asker.held_off(peer, asking.requester)
        if held is not None:
            return held
        seconds = min(peer.seconds, until - self._now())

        async def exchange() -> NodeAnswer:
            came = await self._exchange(peer, whole, seconds)
            is_as_it_was = any(each is peer for each in self.directory.peers)
            if scope is None and is_as_it_was:
                self._memory.keep(key, came, self.directory.terms)
            return came

        return _Passage(key, self._flights.board(key, exchange))

    async def _ask_peer(
        self, peer: Peer, asking: Asking, question: Hashable, until: float
    ) -> NodeAnswer:
        """Return what one peer says, from memory or in person; see ``_begin``."""
        found = self._begin(peer, asking, _whole(asking), question, until)
        if isinstance(found, NodeAnswer):
            return found
        try:
            return _of_datasets(await asyncio.shield(found.task), asking.query)
        finally:
            self._flights.leave(*found)

    async def _exchange(self, peer: Peer, asking: Asking, seconds: float) -> NodeAnswer:
        """Return what came of asking a peer in person."""
        began = self._now()
        answer = await self._answered(peer, asking, seconds)
        spent = self._now() - began
        self.record.note(peer.node.id, answer.status, spent)
        lacks = answer.lacks
        if lacks:  # ourselves we ask
            here = self.directory.here.id
            lacks = tuple(each for each in lacks if each != here)
        return replace(answer, seconds=spent, request_id=asking.request_id, lacks=lacks)

    async def _answered(self, peer: Peer, asking: Asking, seconds: float) -> NodeAnswer:
        try:
            async with asyncio.timeout(seconds + _GRACE):
                return await self._asker.ask(peer, asking, seconds)
        except TimeoutError:
            return _late(peer.node, seconds)
        except Exception as failure:  # noqa: BLE001 - other nodes are asked, too
            # Neither text nor trace: both may hold what was asked.
            why = type(failure).__name__
            _log.error("network.peer_failed", peer=peer.node.id, why=why)
            return _failed(peer)

    async def _ask_list(
        self, peer: Peer, askings: Sequence[Asking]
    ) -> list[NodeAnswer]:
        """Return what a peer says to each of many questions."""
        if not peer.batch:
            sentence = "It is asked single questions only, no lists."
            return [_unasked(peer, Reason.LISTS, sentence)] * len(askings)
        refused = _not_asked(peer, askings[0])
        if refused is not None and refused.reason is not Reason.DATASETS:
            return [refused] * len(askings)
        whole = await self._asked_whole(peer, askings)
        if whole is not None:
            return whole
        told: dict[int, NodeAnswer] = {}
        coming = iter(enumerate(askings))

        async def work() -> None:
            for number, asking in coming:
                until = self._now() + peer.seconds
                key = _question_key(asking.query)
                told[number] = await self._ask_peer(peer, asking, key, until)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(_LISTS_AT_ONCE, peer.at_once)):
                group.create_task(work())
        return [told[number] for number in range(len(askings))]

    async def _asked_whole(
        self, peer: Peer, askings: Sequence[Asking]
    ) -> list[NodeAnswer] | None:
        """Return what a peer says to a list as one; ``None``: it takes none."""
        try:
            told = await self._asker.ask_list(peer, askings, peer.seconds)
        except Exception as failure:  # noqa: BLE001 - other nodes are asked, too
            why = type(failure).__name__
            _log.error("network.peer_failed", peer=peer.node.id, why=why)
            return [_failed(peer)] * len(askings)
        if told is None:
            return None
        for answer in told:
            self.record.note(peer.node.id, answer.status, 0.0)
        return [
            _of_datasets(answer, asking.query)
            for answer, asking in zip(told, askings, strict=True)
        ]


@contextmanager
def _counted(counts: dict[KeyT, int], key: KeyT) -> Iterator[None]:
    """Count one more of a kind for a while."""
    counts[key] = counts.get(key, 0) + 1
    try:
        yield
    finally:
        counts[key] -= 1
        if not counts[key]:
            del counts[key]


# --- who is asked, and what is kept of it -------------------------------------


def _not_asked(peer: Peer, asking: Asking) -> NodeAnswer | None:
    """Return why a peer is not asked; ``None``: it is."""
    if peer.node.id in asking.via:
        sentence = "The question came by way of it."
        return _unasked(peer, Reason.LOOP, sentence)
    is_known = asking.requester.subject is not None
    if peer.audience is Audience.IDENTIFIED and not is_known:
        sentence = "It is asked only for those who log in."
        return _unasked(peer, Reason.LOG_IN, sentence)
    query = asking.query
    if query.datasets is not None and not _may_hold(peer, query.datasets):
        sentence = "It has none of the datasets asked for."
        return _unasked(peer, Reason.DATASETS, sentence)
    return None


def _may_hold(peer: Peer, datasets: Sequence[str]) -> bool:
    """Whether a peer may have one of some datasets, which may name their beacon."""
    if peer.node.kind is NodeKind.NETWORK:
        return True
    beacons = [beacon for beacon, slash, _ in map(_parted, datasets) if slash]
    return len(beacons) < len(datasets) or peer.node.id in beacons


def _parted(dataset: str) -> tuple[str, str, str]:
    return dataset.partition("/")


def _of_datasets(answer: NodeAnswer, query: Query) -> NodeAnswer:
    """Return what of an answer is about the datasets asked for."""
    is_told = answer.answered and answer.status is not Status.NOT_ASKED
    if query.datasets is None or not is_told:
        return answer
    is_network = answer.node.kind is NodeKind.NETWORK
    rows = rows_asked_for(answer.datasets, query.datasets, is_network=is_network)
    status = overall(row.part.status for row in rows)
    if answer.is_partial and status not in (Status.SEEN, *FAILURES):
        status = Status.NO_ANSWER
    if status in FAILURES:
        told = [each for row in rows for each in row.warnings] or [_UNHEARD]
        return replace(
            answer,
            datasets=rows,
            status=status,
            reason=Reason.TOLD_AN_ERROR,
            sentence=told[0],
        )
    if rows:
        return replace(answer, datasets=rows, status=status)
    return replace(
        answer,
        datasets=(),
        status=Status.NOT_ASKED,
        reason=Reason.DATASETS,
        sentence="It says nothing of the datasets asked for.",
    )


def _scope(peer: Peer, requester: Requester) -> Requester | None:
    """Return for whom an answer is; ``None``: for anybody, so it may be remembered.

    What we are shown who prove who we are is shared with nobody else.
    """
    proof = peer.credentials
    shows_nothing = proof.proof is Proof.NONE and proof.certificate is None
    return None if shows_nothing and requester.subject is None else requester


def _whole(asking: Asking) -> Asking:
    """Return a question of all datasets: others share what comes of it."""
    if asking.query.datasets is None:
        return asking
    return replace(asking, query=replace(asking.query, datasets=None))


def _question_key(query: Query) -> Hashable:
    """Return what two questions share that are the same one for a peer.

    Which datasets are asked for is not in it: of an answer about all of them what is
    asked for is taken by ``_of_datasets``, whoever it came for.
    """
    pattern = query.pattern
    if pattern is not None and len(pattern.spellings) > 1:
        pattern = replace(pattern, spellings=tuple(sorted(pattern.spellings)))
    return (
        *(pattern, query.assembly, query.granularity, query.page, query.identity),
        *(query.filters, query.cohort, query.excluded, query.by, query.test_mode),
    )


def _unasked(peer: Peer, reason: Reason, sentence: str) -> NodeAnswer:
    return NodeAnswer(
        node=peer.node, status=Status.NOT_ASKED, reason=reason, sentence=sentence
    )


def _failed(peer: Peer) -> NodeAnswer:
    return NodeAnswer(
        node=peer.node,
        status=Status.NO_ANSWER,
        reason=Reason.FAILED,
        sentence="Something failed here while it was asked.",
    )


def _late(node: Node, seconds: float) -> NodeAnswer:
    return NodeAnswer(
        node=node,
        status=Status.NO_ANSWER,
        reason=Reason.TIMEOUT,
        sentence=f"No answer within {seconds:.3g} s.",
    )


async def _ended(task: asyncio.Task[NodeAnswer] | None) -> None:
    """End a task that may have begun."""
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _in_an_echo(ours: NodeAnswer) -> NodeAnswer:
    """Return our own answer to a question that we are asking others ourselves."""
    return replace(ours, warnings=(*ours.warnings, _ECHO))
