"""Charges carried through: whatever becomes of who asked, a page learns of an answer.

An individual is charged, then the requester's page of the dataset is told what the
answer shows.  Both are done by a task that nobody who leaves can stop, and that tries
again where it is not known what was written: a person who is charged for an answer
the page does not know would be told from one who does not carry it, again and again.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from beacon.model.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from beacon.store.ledger import Asking, Hit, Ledger, Overlap

_log = structlog.get_logger(__name__)

_PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 20.0)
"""Seconds before each further attempt."""
_MOST = 10_000
"""So many are carried through at once; further ones are not begun."""
_LANDING = 5.0
"""Seconds that a "no" waits for answers that may bear on it."""
_AT_LAST = 5.0
"""Seconds that may go by at the end until they are written."""
_UNSETTLED = "what was learnt is not written down yet, so nothing is said"


class Settlements:
    """The answers that are being charged.

    Args:
        ledger: where.
        overheard: is told of whom too much was learnt.
    """

    def __init__(
        self, ledger: Ledger, overheard: Callable[[Iterable[Overlap]], None]
    ) -> None:
        self._ledger = ledger
        self._overheard = overheard
        self._open: dict[tuple[str, str], set[asyncio.Task[None]]] = {}
        self._number = 0

    async def settle(
        self,
        asking: Asking,
        hits: Sequence[Hit],
        expected: Callable[[Collection[str]], float],
    ) -> frozenset[str]:
        """Charge for an answer and tell the page; return who is left out.

        Where nobody is charged as much is written as for somebody.

        Args:
            asking: what is asked.
            hits: whom the answer bears on.
            expected: gives how many were to be expected, by who is shown.

        Raises:
            StoreUnavailable: when it is not known to be written by now; what may have
                been written is carried through nonetheless.
        """
        if self._number >= _MOST:
            raise StoreUnavailable(_UNSETTLED)
        told: asyncio.Future[frozenset[str]]
        told = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._through(asking, hits, expected, told))
        key = asking.who, asking.dataset
        self._open.setdefault(key, set()).add(task)
        self._number += 1
        task.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(told)

    def _landed(self, key: tuple[str, str], task: asyncio.Task[None]) -> None:
        self._number -= 1
        others = self._open[key]
        others.discard(task)
        if not others:
            del self._open[key]

    async def _through(
        self,
        asking: Asking,
        hits: Sequence[Hit],
        expected: Callable[[Collection[str]], float],
        told: asyncio.Future[frozenset[str]],
    ) -> None:
        told.add_done_callback(_looked_at)
        try:
            told.set_result(await self._settled(asking, hits, expected))
        except Exception as failure:  # noqa: BLE001 - whoever waits is told
            told.set_exception(failure)
            if hits and isinstance(failure, StoreUnavailable):
                await self._again(asking, hits, expected)

    async def _again(
        self,
        asking: Asking,
        hits: Sequence[Hit],
        expected: Callable[[Collection[str]], float],
    ) -> None:
        """Carry through what may have been written; both may be written again."""
        for pause in _PAUSES:
            await asyncio.sleep(pause)
            with suppress(StoreUnavailable):
                await self._settled(asking, hits, expected)
                return
        _log.warning("ledger.page_not_kept", dataset=asking.dataset)

    async def _settled(
        self,
        asking: Asking,
        hits: Sequence[Hit],
        expected: Callable[[Collection[str]], float],
    ) -> frozenset[str]:
        out, overlaps = await self._ledger.charge(asking, hits)
        self._overheard(overlaps)
        shown = {hit.individual for hit in hits} - out
        if shown:
            await self._ledger.turn(asking, len(shown), expected(shown))
        return out

    async def landed(self, who: str, dataset: str) -> None:
        """Wait for the answers of a dataset to a requester that are under way by now.

        Raises:
            StoreUnavailable: when that is not known to be over in time.
        """
        others = self._open.get((who, dataset))
        if not others:
            return
        _, late = await asyncio.wait(set(others), timeout=_LANDING)
        if late:
            raise StoreUnavailable(_UNSETTLED)

    async def close(self) -> None:
        """Let what was begun be written, if that can be."""
        open_now = {task for some in self._open.values() for task in some}
        if open_now:
            _, late = await asyncio.wait(open_now, timeout=_AT_LAST)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


def _looked_at(future: asyncio.Future[frozenset[str]]) -> None:
    """Take the failure of what nobody may wait for any more."""
    if not future.cancelled():
        future.exception()
