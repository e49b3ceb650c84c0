"""Who is answered now, who waits, who is told to come again; and until when.

So many requests are in work at once, so many wait in the order they came, and
whoever comes then is refused at once: a server that accepts more than it can
answer answers nobody in time.  All of it is plain numbers until there is a queue.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Overloaded(Exception):
    """There is no room to wait in, either."""


class Turns:
    """Lets so many in at once, and so many wait.

    Whoever comes in calls ``come`` first, without waiting, and ``wait`` where it
    says so; and ``leave`` at the end.

    Args:
        at_once: how many may be in.
        waiting: how many may wait.
    """

    def __init__(self, at_once: int, waiting: int) -> None:
        self._free = at_once
        self._at_once = at_once
        self._room = waiting
        self._queue: deque[asyncio.Future[None]] = deque()
        self.refused = 0

    @property
    def working(self) -> int:
        """How many are in."""
        return self._at_once - self._free

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._queue)

    def come(self) -> bool:
        """Come in, if there is a place; say whether there was."""
        if self._free > 0:
            self._free -= 1
            return True
        return False

    async def wait(self) -> None:
        """Wait for a place, first come, first served, and come in.

        Raises:
            Overloaded: when too many wait already.
        """
        if len(self._queue) >= self._room:
            self.refused += 1
            raise Overloaded
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():
                self.leave()
            elif place in self._queue:
                self._queue.remove(place)
            raise

    def leave(self) -> None:
        """Give the place to who waits longest."""
        while self._queue:
            place = self._queue.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._free += 1


class Deadlines:
    """Ends what takes too long, by one look a second at all of it.

    A timer for each request would cost each request as much as all the rest of the
    door; so a deadline is kept to the second.

    Args:
        seconds: that a request may take.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.ended = 0
        self._since: dict[asyncio.Task[object], float] = {}
        self._late: set[asyncio.Task[object]] = set()

    def begin(self, task: asyncio.Task[object], now: float) -> None:
        """Watch a task from now on."""
        self._since[task] = now

    def end(self, task: asyncio.Task[object]) -> None:
        """Watch it no longer."""
        self._since.pop(task, None)
        self._late.discard(task)

    def look(self, now: float) -> None:
        """Cancel every task that has taken too long."""
        for task in list(self._overdue(now)):
            self.end(task)
            self._late.add(task)
            task.cancel()

    def _overdue(self, now: float) -> Iterator[asyncio.Task[object]]:
        for task, since in self._since.items():  # in the order they began
            if now - since < self.seconds:
                return
            yield task

    def was_late(self, task: asyncio.Task[object]) -> bool:
        """Whether a cancelled task was cancelled here; if so it goes on."""
        if task not in self._late:
            return False
        self.ended += 1
        return task.uncancel() == 0
