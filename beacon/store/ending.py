"""Ends on the server what nobody waits for any more.

Motor's threads cannot be stopped: a question that is left, or takes too long, would
keep the server busy until the server's own limit.  So the commands that a question
has under way are known by the connection they are on, and their operations are
killed by number.  What questions share is never touched, and an operation is killed
only where the command is still under way after the server named it: a connection
carries one at a time, and is not used again before the driver tells that it ended.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, cast

from pymongo.monitoring import CommandListener

from beacon.model.errors import StoreUnavailable
from beacon.store.driver import LONGEST_MS, Document, driver_errors
from beacon.store.members import at_member

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from motor.motor_asyncio import AsyncIOMotorDatabase
    from pymongo.monitoring import (
        CommandFailedEvent,
        CommandStartedEvent,
        CommandSucceededEvent,
    )

    from beacon.store.members import Address

_MOST = 256
"""Questions that wait for their operations to be ended; the server's own limit ends
those of others."""

Request = int
Connection = tuple["Address", int]
"""A member, and the number it gave to a connection."""


class UnderWay:
    """The commands of one question that the server has not answered yet."""

    __slots__ = ("by_request",)

    def __init__(self) -> None:
        self.by_request: dict[Request, Connection] = {}


_ASKING: ContextVar[UnderWay | None] = ContextVar("under way", default=None)
"""Of the question that is asked from here; the driver's threads see it, too."""


@contextmanager
def watched(asking: UnderWay | None) -> Iterator[None]:
    """Note which commands of what is asked inside are under way.

    ``None``: they are nobody's alone.
    """
    token = _ASKING.set(asking)
    try:
        yield
    finally:
        _ASKING.reset(token)


class Endings(CommandListener):
    """Kills operations; the driver tells it of every command.

    One after another, so that a member that is silent holds up one thread.
    """

    def __init__(self) -> None:
        self._left: list[UnderWay] = []
        self._ending: asyncio.Task[None] | None = None

    def started(self, event: CommandStartedEvent) -> None:
        """Note that a command is under way."""
        asking, connection = _ASKING.get(), event.server_connection_id
        if asking is not None and connection is not None:
            asking.by_request[event.request_id] = event.connection_id, connection

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Note that a command was answered."""
        self._forget(event)

    def failed(self, event: CommandFailedEvent) -> None:
        """Note that a command ended."""
        self._forget(event)

    def _forget(self, event: CommandSucceededEvent | CommandFailedEvent) -> None:
        asking = _ASKING.get()
        if asking is not None:
            asking.by_request.pop(event.request_id, None)

    def end(self, asking: UnderWay, database: AsyncIOMotorDatabase[Document]) -> None:
        """End what a question has under way, beside everything else.

        Args:
            asking: the question.
            database: ``admin``, at any member.
        """
        if not asking.by_request or len(self._left) >= _MOST:
            return
        self._left.append(asking)
        if self._ending is None or self._ending.done():
            self._ending = asyncio.create_task(self._end_all(database))

    async def _end_all(self, database: AsyncIOMotorDatabase[Document]) -> None:
        """End what is under way of all questions that were left, member by member."""
        while self._left:
            left, self._left = self._left, []
            members = {a for one in left for a, _ in one.by_request.copy().values()}
            for address in members:
                with suppress(StoreUnavailable), watched(None), at_member(address):
                    await _kill(left, address, database)

    async def close(self) -> None:
        """Stop looking."""
        if self._ending is not None:
            self._ending.cancel()
            await asyncio.gather(self._ending, return_exceptions=True)


async def _kill(
    left: Sequence[UnderWay],
    address: Address,
    database: AsyncIOMotorDatabase[Document],
) -> None:
    """Kill at one member what questions have under way there.

    Raises:
        StoreUnavailable: when it fails.
    """
    asked = {
        connection: (one, request)
        for one in left
        for request, (where, connection) in one.by_request.copy().items()
        if where == address
    }
    stages: list[Document] = [
        {"$currentOp": {}},
        {"$match": {"connectionId": {"$in": [*asked]}, "active": True}},
        {"$project": {"opid": 1, "connectionId": 1}},
    ]
    with driver_errors():
        found = await database.aggregate(stages, maxTimeMS=LONGEST_MS).to_list(None)
        for operation in found:
            one, request = asked[cast("int", operation["connectionId"])]
            if request in one.by_request:
                await database.command(
                    "killOp",
                    op=operation["opid"],
                    maxTimeMS=LONGEST_MS,
                    read_preference=database.read_preference,
                )
