"""Concurrent questions, asked of the server together.

What waits goes out as one batch as soon as a slot is free, and nobody else came
while the event loop took a turn: whoever is there already is taken along, and a
question that is alone waits for nobody.  After a batch of several the next one waits
some turns for as many, as clients ask one question after another; and a few who come
while many are on their way wait a moment for more, as each batch has its price.
Measured: 32 at once cost the server a fifth each.  Whoever waits too long is told so
by one clock for all.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from beacon.model.errors import StoreUnavailable
from beacon.store.ending import watched
from beacon.store.members import asked_for_many, asked_until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence

    _Waiter = tuple[Sequence["K"], asyncio.Future[Mapping["K", "V"]], float]
    """Who waits: for what, to be told what is found for all who are asked together,
    and until when by the clock that does not jump."""
    _Batch = list[_Waiter["K", "V"]]

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")

_SLOTS = 2
_CAP = 1000
_DEADLINE = 4.5
_LOOK_AT_MOST_EVERY = 0.05
_TURNS = 30
"""Turns of an idle event loop, some 4 µs each, that a batch may wait for company."""
_MOMENT = 0.005
"""Seconds for which fewer than half as many as are on their way wait for company."""
_CLOSED = "the store was closed"


class Coalescer(Generic[K, V]):
    """Answers ``get`` by as few calls of ``fetch`` as there are free slots for.

    Args:
        fetch: returns what is found under some keys.
        slots: batches on their way at once.
        cap: keys after which a batch takes no further waiter.
        deadline: seconds anybody waits who was not told until when
            (``ask_through``).
    """

    def __init__(
        self,
        fetch: Callable[[list[K]], Awaitable[Mapping[K, V]]],
        *,
        slots: int = _SLOTS,
        cap: int = _CAP,
        deadline: float = _DEADLINE,
    ) -> None:
        self._fetch = fetch
        self._slots = slots
        self._cap = cap
        self._deadline = deadline
        self._waiting: deque[_Waiter[K, V]] = deque()
        self._batches: dict[asyncio.Task[None], _Batch[K, V]] = {}
        self._is_turning = False
        self._last = 0
        self._moment: asyncio.TimerHandle | None = None
        self._clock: asyncio.TimerHandle | None = None
        self._looks_at = float("inf")
        self._is_closed = False

    async def get(self, keys: Sequence[K]) -> dict[K, V]:
        """Return what is found, by key.

        Raises:
            StoreUnavailable: as ``fetch`` does, or when it takes too long.
        """
        found = await self._found(self._waits(keys, asked_until()))
        return {key: found[key] for key in keys if key in found}

    async def one(self, key: K, until: float) -> V | None:
        """Return what is found under one key.

        Args:
            key: what is wanted.
            until: when it is wanted (``time.monotonic``).

        Raises:
            StoreUnavailable: as ``get`` does.
        """
        return (await self._found(self._waits((key,), until))).get(key)

    async def _found(self, future: asyncio.Future[Mapping[K, V]]) -> Mapping[K, V]:
        try:
            return await future
        except asyncio.CancelledError:
            self._stop_what_nobody_wants()
            raise

    def _waits(
        self, keys: Sequence[K], until: float | None
    ) -> asyncio.Future[Mapping[K, V]]:
        """Return what will tell what is found for these keys, and for others."""
        if self._is_closed:
            raise StoreUnavailable(_CLOSED)
        future: asyncio.Future[Mapping[K, V]] = (
            asyncio.get_running_loop().create_future()
        )
        if until is None:
            until = time.monotonic() + self._deadline
        if until < self._looks_at:
            self._look_at(until)
        self._waiting.append((keys, future, until))
        self._soon()
        return future

    @property
    def _is_free(self) -> bool:
        """Whether a batch may go."""
        return len(self._batches) < self._slots

    def _soon(self) -> None:
        """Send what waits, once nobody comes any more, where it is worth a batch."""
        if self._is_turning or not self._waiting or not self._is_free:
            return
        loop = asyncio.get_running_loop()
        if 2 * len(self._waiting) >= sum(map(len, self._batches.values())):
            self._is_turning = True
            loop.call_soon(self._turn, 0, _TURNS)
        elif self._moment is None:
            self._moment = loop.call_later(_MOMENT, self._moment_is_over)

    def _moment_is_over(self) -> None:
        """Send what waits, however few they are."""
        self._moment = None
        if not self._is_turning:
            self._send()

    def _turn(self, before: int, left: int) -> None:
        """Wait for one more turn where somebody came, unless there are enough.

        Who was answered asks again at once, or never: for as many as were asked
        together last, some more turns are taken.
        """
        here = len(self._waiting)
        if before < here < self._cap:
            left = _TURNS + 1
        if left and (before < here or here < self._last) and here < self._cap:
            turn = asyncio.get_running_loop().call_soon
            turn(self._turn, here, left - 1)
            return
        self._is_turning = False
        self._send()

    def _send(self) -> None:
        while self._is_free and self._waiting:
            batch = self._next_batch()
            if batch:
                self._last = len(batch)
                task = asyncio.get_running_loop().create_task(self._ask(batch))
                self._batches[task] = batch
                task.add_done_callback(self._end)

    def _next_batch(self) -> _Batch[K, V]:
        """Take waiters until the cap; those who left meanwhile are passed over."""
        batch: _Batch[K, V] = []
        size = 0
        while self._waiting and size < self._cap:
            waiter = self._waiting.popleft()
            keys, future, _ = waiter
            if not future.done():
                batch.append(waiter)
                size += len(keys)
        return batch

    async def _ask(self, batch: _Batch[K, V]) -> None:
        try:
            wanted = list({key for keys, _, _ in batch for key in keys})
            with watched(None):
                found = await asked_for_many(lambda: self._fetch(wanted))
        except StoreUnavailable as error:
            for _, future, _ in batch:
                _fail(future, str(error), error)
        else:
            for _, future, _ in batch:
                if not future.done():
                    future.set_result(found)

    def _end(self, task: asyncio.Task[None]) -> None:
        """Forget a batch; an error nobody foresaw is its waiters' too.

        Its slot is free again, also where it was stopped before it began.
        """
        batch = self._batches.pop(task)
        self._soon()
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        for _, future, _ in batch:
            if not future.done():
                future.set_exception(error)

    def _look_at(self, moment: float) -> None:
        """Look at a moment whether anybody waits for too long."""
        if self._clock is not None:
            self._clock.cancel()
        loop = asyncio.get_running_loop()
        self._looks_at = moment
        self._clock = loop.call_later(moment - time.monotonic(), self._look)

    def _look(self) -> None:
        """Tell everybody whose time is over, and look again when the next one's is."""
        self._clock, self._looks_at = None, float("inf")
        now = time.monotonic()
        batches = self._batches.values()
        waiting = [*self._waiting, *(waiter for batch in batches for waiter in batch)]
        waiting = [waiter for waiter in waiting if not waiter[1].done()]
        late = f"the database did not answer within {self._deadline:g} s"
        for _, future, until in waiting:
            if until <= now:
                _fail(future, late, None)
        self._stop_what_nobody_wants()
        next_ = min((until for *_, until in waiting if until > now), default=None)
        if next_ is not None:
            self._look_at(max(next_, now + _LOOK_AT_MOST_EVERY))

    def _stop_what_nobody_wants(self) -> None:
        for task, batch in self._batches.items():
            if all(future.done() for _, future, _ in batch):
                task.cancel()

    async def close(self) -> None:
        """Stop; whoever still waits is told that the store cannot be asked."""
        self._is_closed = True
        for timer in (self._clock, self._moment):
            if timer is not None:
                timer.cancel()
        waiting = [*self._waiting]
        self._waiting.clear()
        for task, batch in self._batches.items():
            task.cancel()
            waiting += batch
        for _, future, _ in waiting:
            _fail(future, _CLOSED, None)
        await asyncio.gather(*self._batches, return_exceptions=True)


def _fail(
    future: asyncio.Future[Mapping[K, V]], message: str, cause: StoreUnavailable | None
) -> None:
    """Fail one waiter with an error of its own: tracebacks are not shared."""
    if not future.done():
        own = StoreUnavailable(message)
        own.__cause__ = cause
        future.set_exception(own)
