"""One exchange for all who ask the same at the same time.

Whoever comes while an answer is on its way waits for that one.  The exchange goes on
while anybody waits, and is given up with the last of them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable

AnswerT = TypeVar("AnswerT")


class _Flight(Generic[AnswerT]):
    """One exchange under way, and how many wait for it."""

    __slots__ = ("task", "waiting")

    def __init__(self, task: asyncio.Task[AnswerT]) -> None:
        self.task = task
        self.waiting = 0


class Flights(Generic[AnswerT]):
    """The exchanges that are under way.

    Attributes:
        joined: how often somebody shared one that was under way.
    """

    def __init__(self) -> None:
        self._flying: dict[Hashable, _Flight[AnswerT]] = {}
        self.joined = 0

    def __contains__(self, key: Hashable) -> bool:
        return key in self._flying

    async def join(
        self, key: Hashable, start: Callable[[], Coroutine[None, None, AnswerT]]
    ) -> AnswerT:
        """Return what the exchange of a key gives; it is begun where none is."""
        task = self.board(key, start)
        try:
            return await asyncio.shield(task)
        finally:
            self.leave(key, task)

    def board(
        self, key: Hashable, start: Callable[[], Coroutine[None, None, AnswerT]]
    ) -> asyncio.Task[AnswerT]:
        """Return the exchange of a key; it is begun where none is.

        Whoever gets it waits for it, never ends it, and leaves it once.
        """
        flight = self._flying.get(key)
        if flight is None:
            begun = _Flight(asyncio.create_task(start()))
            begun.task.add_done_callback(lambda _: self._land(key, begun))
            flight = self._flying[key] = begun
        else:
            self.joined += 1
        flight.waiting += 1
        return flight.task

    def leave(self, key: Hashable, task: asyncio.Task[AnswerT]) -> None:
        """Wait for an exchange no more; the last who does ends what is not done."""
        flight = self._flying.get(key)
        if flight is None or flight.task is not task:
            return  # it has landed
        flight.waiting -= 1
        if not flight.waiting and not task.done():
            self._land(key, flight)
            task.cancel()

    def _land(self, key: Hashable, flight: _Flight[AnswerT]) -> None:
        if self._flying.get(key) is flight:
            del self._flying[key]
