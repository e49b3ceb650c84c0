"""Concurrent questions, asked of the server together.

What waits goes out as one batch as soon as a slot is free.  A question that is
alone is never delayed.  Measured: 32 at once cost the server a fifth each.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from beacon.model.errors import StoreUnavailable
from beacon.store.members import asked_for_many

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")

_Batch = list[tuple["Sequence[K]", "asyncio.Future[dict[K, V]]"]]

_SLOTS = 1
_CAP = 1000
_CLOSED = "the store was closed"


class Coalescer(Generic[K, V]):
    """Answers ``get`` by as few calls of ``fetch`` as there are free slots for.

    Args:
        fetch: returns what is found under some keys; it has its own deadline.
        slots: batches on their way at once.
        cap: keys after which a batch takes no further waiter.
    """

    def __init__(
        self,
        fetch: Callable[[list[K]], Awaitable[Mapping[K, V]]],
        *,
        slots: int = _SLOTS,
        cap: int = _CAP,
    ) -> None:
        self._fetch = fetch
        self._free = slots
        self._cap = cap
        self._waiting: deque[tuple[Sequence[K], asyncio.Future[dict[K, V]]]]
        self._waiting = deque()
        self._batches: dict[asyncio.Task[None], _Batch[K, V]] = {}
        self._is_closed = False

    async def get(self, keys: Sequence[K]) -> dict[K, V]:
        """Return what is found, by key.

        Raises:
            StoreUnavailable: as ``fetch`` does.
        """
        if self._is_closed:
            raise StoreUnavailable(_CLOSED)
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((keys, future))
        self._send()
        found: dict[K, V] = await future
        return found

    def _send(self) -> None:
        while self._free and self._waiting:
            batch = self._next_batch()
            if batch:
                self._free -= 1
                task = asyncio.get_running_loop().create_task(self._ask(batch))
                self._batches[task] = batch
                task.add_done_callback(self._end)

    def _next_batch(self) -> _Batch[K, V]:
        """Take waiters until the cap; those who left meanwhile are passed over."""
        batch: _Batch[K, V] = []
        size = 0
        while self._waiting and size < self._cap:
            keys, future = self._waiting.popleft()
            if not future.done():
                batch.append((keys, future))
                size += len(keys)
        return batch

    async def _ask(self, batch: _Batch[K, V]) -> None:
        try:
            wanted = list({key for keys, _ in batch for key in keys})
            found = await asked_for_many(lambda: self._fetch(wanted))
        except StoreUnavailable as error:
            for _, future in batch:
                _fail(future, str(error), error)
        else:
            for keys, future in batch:
                if not future.done():
                    future.set_result({k: found[k] for k in keys if k in found})
        finally:
            self._free += 1
            self._send()

    def _end(self, task: asyncio.Task[None]) -> None:
        """Forget a batch; an error nobody foresaw is its waiters' too."""
        batch = self._batches.pop(task)
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        for _, future in batch:
            if not future.done():
                future.set_exception(error)

    async def close(self) -> None:
        """Stop; whoever still waits is told that the store cannot be asked."""
        self._is_closed = True
        waiting = [*self._waiting]
        self._waiting.clear()
        for task, batch in self._batches.items():
            task.cancel()
            waiting += batch
        for _, future in waiting:
            _fail(future, _CLOSED, None)
        await asyncio.gather(*self._batches, return_exceptions=True)


def _fail(
    future: asyncio.Future[dict[K, V]], message: str, cause: StoreUnavailable | None
) -> None:
    """Fail one waiter with an error of its own: tracebacks are not shared."""
    if not future.done():
        own = StoreUnavailable(message)
        own.__cause__ = cause
        future.set_exception(own)
