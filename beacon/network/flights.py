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
        flight = self._flying.get(key)
        if flight is None:
            flight = self._flying[key] = _Flight(asyncio.create_task(start()))
            flight.task.add_done_callback(lambda _: self._land(key, flight))
        else:
            self.joined += 1
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._land(key, flight)
                flight.task.cancel()

    def _land(self, key: Hashable, flight: _Flight[AnswerT]) -> None:
        if self._flying.get(key) is flight:
            del self._flying[key]
