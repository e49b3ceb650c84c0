"""Which member of a replica set answers a read, and when another is asked.

A read may go to any member, under two laws.  Rows are never older than the
pointers they are read by (``Since``).  And a member that is silent for longer
than ``PATIENCE`` is not waited for: the same read goes to another one, whoever
answers first is heard, and the silent one is passed over for a while.

With a single server nothing of this happens, but for the moments it tells.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Generic, TypeVar

from pymongo.errors import (
    AutoReconnect,
    OperationFailure,
    ServerSelectionTimeoutError,
)
from pymongo.monitoring import CommandListener
from pymongo.read_concern import ReadConcern

from beacon.model.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from bson.timestamp import Timestamp
    from pymongo.monitoring import (
        CommandFailedEvent,
        CommandStartedEvent,
        CommandSucceededEvent,
    )
    from pymongo.server_description import ServerDescription

T = TypeVar("T")
Address = tuple[str, int | None]

PATIENCE = 0.8
"""Seconds after which a silent member is not waited for any more."""

_ATTEMPTS = 3
_SEVERAL = 2
_PRIMARY = "RSPrimary"
_MOST_GIVEN_UP = 16
_PASSED_OVER = 5.0
_LOST_CURSOR = frozenset((43, 91, 175, 237, 11600, 11602))
"""The server's codes for a cursor or a member that ended under a read."""


class Since(ReadConcern):
    """Reads what a majority has, and nothing older than a moment of the cluster.

    A member that has not come so far waits until it has; it never answers with
    less.  The moment moves: every command takes it as it is then.
    """

    def __init__(self) -> None:
        super().__init__("majority")
        self._moment: Timestamp | None = None

    def reach(self, moment: Timestamp | None) -> None:
        """Read nothing older than this from now on; ``None`` changes nothing."""
        if moment is not None and (self._moment is None or moment > self._moment):
            self._moment = moment

    @property
    def document(self) -> dict[str, object]:
        """What a command carries."""
        if self._moment is None:
            return {"level": "majority"}
        return {"level": "majority", "afterClusterTime": self._moment}


class _Attempt:
    """One attempt at a read: at which member it waits now, and since when."""

    __slots__ = (
        "avoided",
        "is_given_up",
        "is_over",
        "last",
        "only",
        "since",
        "wants",
        "where",
    )

    def __init__(
        self,
        avoided: frozenset[Address],
        wants: str | None,
        only: Address | None = None,
    ) -> None:
        self.avoided = avoided
        self.wants = wants
        self.only = only
        self.where: Address | None = None
        self.last: Address | None = None
        self.since = 0.0
        self.is_given_up = False
        self.is_over = False


_CURRENT: ContextVar[_Attempt | None] = ContextVar("attempt", default=None)
"""The attempt a command belongs to; the driver's threads see it, too."""


class Members(CommandListener):
    """The members a client reads from; the driver tells it of every command.

    Args:
        near: milliseconds by which a member may be slower to reach than the
            nearest one, to be asked in turn with it.
    """

    def __init__(self, near: float) -> None:
        self._near = near / 1000
        self._lock = threading.Lock()
        self._busy: dict[Address, int] = {}
        self._heard: dict[Address, float] = {}
        self._passed_over: dict[Address, float] = {}
        self._turns = itertools.count()
        self._given_up = 0
        self.is_alone = True
        """Whether there is nobody else to ask."""
        self.latest: Timestamp | None = None
        """The latest moment any member told; ``None``: it is no replica set."""

    def choose(self, servers: Sequence[ServerDescription]) -> list[ServerDescription]:
        """Return the member to be asked: near, not silent, and the least busy."""
        self.is_alone = len(servers) < _SEVERAL
        attempt = _CURRENT.get()
        if attempt is not None and attempt.only is not None:
            return [s for s in servers if s.address == attempt.only]
        if attempt is None or not servers:
            return list(servers)
        chosen = self._chosen(servers, attempt)
        self.turn(attempt, chosen.address)
        return [chosen]

    def _chosen(
        self, servers: Sequence[ServerDescription], attempt: _Attempt
    ) -> ServerDescription:
        now = time.monotonic()
        silent = {m for m, until in self._passed_over.copy().items() if until > now}
        good = [s for s in servers if s.address not in attempt.avoided] or servers
        good = [s for s in good if s.address not in silent] or good
        good = [s for s in good if s.server_type_name == attempt.wants] or good
        away = [s.round_trip_time or 0.0 for s in good]
        limit = min(away) + self._near
        near = [s for s, trip in zip(good, away, strict=True) if trip <= limit]
        first = next(self._turns) % len(near)
        in_turn = near[first:] + near[:first]
        return min(in_turn, key=lambda s: self._busy.get(s.address, 0))

    def started(self, event: CommandStartedEvent) -> None:
        """Note that a command is on its way."""
        attempt = _CURRENT.get()
        if attempt is not None:
            self.turn(attempt, event.connection_id)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Note that a member answered, and the moment it told."""
        self._keep_moment(event.reply.get("operationTime"))
        attempt = _CURRENT.get()
        if attempt is not None:
            where = event.connection_id
            self.turn(attempt, None)
            self._heard[where] = time.monotonic()
            self._passed_over.pop(where, None)

    def failed(self, event: CommandFailedEvent) -> None:
        """Note that a command ended."""
        attempt = _CURRENT.get()
        if attempt is not None:
            self.turn(attempt, None)
        self._keep_moment(event.failure.get("operationTime"))

    def _keep_moment(self, told: Timestamp | None) -> None:
        with self._lock:
            if told is not None and (self.latest is None or told > self.latest):
                self.latest = told

    def turn(self, attempt: _Attempt, where: Address | None) -> None:
        """Note at which member an attempt waits from now on, if at any.

        The driver may go on with one that is over; nobody waits for that.
        """
        with self._lock:
            if attempt.where is not None:
                self._busy[attempt.where] -= 1
            where = None if attempt.is_over else where
            if where is not None:
                self._busy[where] = self._busy.get(where, 0) + 1
                attempt.last = where
            attempt.where, attempt.since = where, time.monotonic()

    def is_silent(self, attempt: _Attempt) -> bool:
        """Whether a member said nothing at all while an attempt waited for it.

        One that answers others is not silent: what it was asked takes its time.
        """
        where, since = attempt.where, attempt.since
        if where is None or time.monotonic() < since + PATIENCE:
            return False
        return self._heard.get(where, 0.0) < since

    def give_up(self, attempt: _Attempt) -> bool:
        """Do not count on an attempt any more; ``False``: that was too often."""
        if self._given_up >= _MOST_GIVEN_UP or attempt.where is None:
            return False
        self._given_up += 1
        self._passed_over[attempt.where] = time.monotonic() + _PASSED_OVER
        attempt.is_given_up = True
        return True

    def end(self, attempt: _Attempt) -> None:
        """Forget an attempt that ended or is not wanted any more."""
        attempt.is_over = True
        self.turn(attempt, None)
        self._given_up -= attempt.is_given_up

    async def ask(
        self, read: Callable[[], Awaitable[T]], *, primary_first: bool = False
    ) -> T:
        """Return what a read gives, done again elsewhere where a member is silent.

        Args:
            read: may be done several times, and beside itself.
            primary_first: ask the primary where there is one that answers.

        Raises:
            StoreUnavailable: as ``read`` does.
        """
        if self.is_alone and not primary_first:
            return await read()
        asked = _Read(self, read, _PRIMARY if primary_first else None)
        try:
            return await asked.answer()
        finally:
            asked.leave()


@contextmanager
def at_member(address: Address) -> Iterator[None]:
    """Let commands inside go to this member, or fail."""
    token = _CURRENT.set(_Attempt(frozenset(), None, only=address))
    try:
        yield
    finally:
        _CURRENT.reset(token)


_ASKED: ContextVar[tuple[Members, float | None] | None]
_ASKED = ContextVar("members", default=None)


def ask_through(members: Members, until: float | None = None) -> None:
    """Let reads that questions share, asked from this context, go to these members.

    Args:
        members: who is asked.
        until: when what is asked from here must be answered (``time.monotonic``).
    """
    _ASKED.set((members, until))


def asked_until() -> float | None:
    """Return until when what is asked from this context must be answered."""
    asked = _ASKED.get()
    return None if asked is None else asked[1]


async def asked_for_many(read: Callable[[], Awaitable[T]]) -> T:
    """Return what a read gives that serves several questions together."""
    asked = _ASKED.get()
    if asked is None or asked[0].is_alone:
        return await read()
    return await asked[0].ask(read)


class _Read(Generic[T]):
    """One read and its attempts, which run beside each other."""

    def __init__(
        self, members: Members, read: Callable[[], Awaitable[T]], wants: str | None
    ) -> None:
        self._members = members
        self._read = read
        self._wants = wants
        self._avoided: set[Address] = set()
        self._running: dict[asyncio.Task[T], _Attempt] = {}
        self._left = _ATTEMPTS

    async def answer(self) -> T:
        """Return the first answer; fail with the last failure."""
        while True:
            if self._left:
                self._start()
            for task in await self._ended_or_silent():
                attempt = self._running.pop(task)
                self._members.end(attempt)
                failure = task.exception()
                if failure is None or not _is_away(failure):
                    return task.result()
                self._avoid(attempt)
                if not self._left and not self._running:
                    raise failure

    def _start(self) -> None:
        self._left -= 1
        attempt = _Attempt(frozenset(self._avoided), self._wants)
        task = asyncio.create_task(_within(attempt, self._read))
        self._running[task] = attempt

    def _avoid(self, attempt: _Attempt) -> None:
        if attempt.last is not None:
            self._avoided.add(attempt.last)

    async def _ended_or_silent(self) -> set[asyncio.Task[T]]:
        """Wait until an attempt ends; return nothing once its member is silent."""
        while True:
            ended, _ = await asyncio.wait(
                self._running,
                timeout=self._patience() if self._left else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if ended or self._gave_up():
                return ended

    def _patience(self) -> float:
        """Return how long no attempt can turn out to wait for a silent member."""
        now = time.monotonic()
        waits = (
            a.since + PATIENCE - now
            for a in self._running.values()
            if a.where is not None and not a.is_given_up
        )
        return min((w for w in waits if w > 0), default=PATIENCE)

    def _gave_up(self) -> bool:
        """Give up attempts whose member is silent, if there is another to ask."""
        silent = [
            a
            for a in self._running.values()
            if not a.is_given_up and self._members.is_silent(a)
        ]
        if self._members.is_alone:
            return False
        gave_up = [a for a in silent if self._members.give_up(a)]
        for attempt in gave_up:
            self._avoid(attempt)
        return bool(gave_up)

    def leave(self) -> None:
        """Stop what still runs."""
        for task, attempt in self._running.items():
            task.add_done_callback(_take_error)
            task.cancel()
            self._members.end(attempt)


async def _within(attempt: _Attempt, read: Callable[[], Awaitable[T]]) -> T:
    _CURRENT.set(attempt)
    return await read()


def _take_error(task: asyncio.Task[T]) -> None:
    """Take the error of an attempt that nobody waits for."""
    if not task.cancelled():
        task.exception()


def _is_away(failure: BaseException) -> bool:
    """Whether a read failed with its member, and another one may answer it."""
    if not isinstance(failure, StoreUnavailable):
        return False
    cause = failure.__cause__
    if isinstance(cause, OperationFailure) and not isinstance(cause, AutoReconnect):
        return cause.code in _LOST_CURSOR
    is_away = isinstance(cause, AutoReconnect)
    return is_away and not isinstance(cause, ServerSelectionTimeoutError)
