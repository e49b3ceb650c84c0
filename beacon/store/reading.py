"""Threads that read with Motor's client, one hop there and one back.

Motor hops to a thread and back for every message of a cursor, by futures of two
kinds chained to each other; a batch of look-ups costs as much in that as in the
driver.  Here whoever reads waits for one plain future, and the thread that has read
tells the event loop once.
"""

from __future__ import annotations

import asyncio
from contextvars import Context, copy_context
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    Job = tuple[asyncio.Future[object], Context, Callable[[], object]]

T = TypeVar("T")


class Readers:
    """Threads of one event loop that read.

    Args:
        most: threads there may be.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads = 0
        self._busy = 0

    async def read(self, work: Callable[[], T]) -> T:
        """Return what some work gives that is done in a thread, in this context.

        Work that nobody waits for any more is not begun.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        self._busy += 1
        if self._threads < min(self._busy, self._most):
            self._threads += 1
            args = loop, self._jobs, self._ended
            Thread(target=_serve, args=args, name="reads", daemon=True).start()
        self._jobs.put((future, copy_context(), work))
        return cast("T", await future)

    def _ended(self) -> None:
        """Count a thread free, which it is with its job, whoever waits for that."""
        self._busy -= 1

    def close(self) -> None:
        """End every thread, once it has read what it reads."""
        for _ in range(self._threads):
            self._jobs.put(None)


def _serve(
    loop: asyncio.AbstractEventLoop,
    jobs: SimpleQueue[Job | None],
    ended: Callable[[], None],
) -> None:
    """Do one job after the other, and tell the loop what came of it."""
    while (job := jobs.get()) is not None:
        future, context, work = job
        result, failure = None, None
        if not future.cancelled():
            try:
                result = context.run(work)
            except BaseException as error:  # noqa: BLE001 - it is of whoever waits
                failure = error
        if loop.is_closed():
            return
        loop.call_soon_threadsafe(_tell, ended, future, result, failure)
        del job, future, context, work, result, failure


def _tell(
    ended: Callable[[], None],
    future: asyncio.Future[object],
    result: object,
    failure: BaseException | None,
) -> None:
    ended()
    if future.done():
        return
    if failure is None:
        future.set_result(result)
    else:
        future.set_exception(failure)
