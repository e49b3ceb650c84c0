"""What is written before something is said: how, by whose client, and how long.

Ledger and budgets are written by a majority and to its journals before an answer
leaves, by a client of their own that gives up soon: without a primary that answers
who waits is told within a third of a second that there is no answer.  A primary that
is slow is waited for.  What waits is written together.
Nothing here holds a name, a question or an individual, but keyed digests of them.
"""

from __future__ import annotations

import asyncio
import hmac
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ReadPreference, WriteConcern
from pymongo.errors import BulkWriteError
from pymongo.read_concern import ReadConcern

from beacon.model.errors import StoreUnavailable
from beacon.store.driver import Document, client_options, driver_errors, duplicates

if TYPE_CHECKING:
    from collections.abc import (
        Awaitable,
        Callable,
        Hashable,
        Iterable,
        Mapping,
        Sequence,
    )

    from motor.motor_asyncio import AsyncIOMotorCollection
    from pymongo import UpdateOne

    from beacon.store.connection import StoreAddress

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")

PATIENCE = 0.28
"""Seconds without a sign of a primary after which there is no answer."""
_SELECTED = 0.7
"""Of that, how much may go by until there is a primary to write to."""
_SILENT = 1 / 3
"""Of it, how much goes by until a sign is asked for."""
_GLANCE = 0.005
_EARS = 2
_SOCKET_MS = 2000
_SLOWEST = 5.0
"""Seconds that a write may take at a primary that goes on answering."""
_AT_FIRST = 5.0
"""Seconds that making an index may take before anybody waits for it."""
_MOST_TOGETHER = 500
_ATTEMPTS = 4
_SIZE = 16
_NUMBER = 8
_UNWRITTEN = "what is learnt cannot be written down now, so nothing is said"


class Seal:
    """Names things by keyed digests, which tell nothing without the key.

    Args:
        key: of the purpose ``ledger``.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, *parts: str) -> bytes:
        """Return what stands for some texts, in this order."""
        told = b"".join(
            len(text).to_bytes(4, "big") + text
            for text in (part.encode("utf-8", "surrogatepass") for part in parts)
        )
        return hmac.digest(self._key, told, "sha256")[:_SIZE]

    def number(self, *parts: str) -> int:
        """Return the same as a number of 64 bits, with its sign."""
        return int.from_bytes(self.of(*parts)[:_NUMBER], "big", signed=True)


def clock() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Books:
    """The collections of ledger and budgets; made by ``open``, closed with ``close``.

    Args:
        client: their own.
        database: its name.
        seal: names what they are about.
        patience: seconds that a primary may be silent.
        now: tells the time.
    """

    def __init__(
        self,
        client: AsyncIOMotorClient[Document],
        database: str,
        seal: Seal,
        patience: float,
        now: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._database = client.get_database(
            database,
            read_preference=ReadPreference.PRIMARY,
            read_concern=ReadConcern("majority"),
            write_concern=WriteConcern(
                w="majority", j=True, wtimeout=int(patience * 1000)
            ),
        )
        self._indexed: set[str] = set()
        self._sign = float("-inf")
        # Threads of its own: a sign of life must not wait for those that write.
        self._ears = ThreadPoolExecutor(_EARS, "books")
        self.seal = seal
        self.patience = patience
        self.now = now

    @classmethod
    async def open(
        cls,
        address: StoreAddress,
        key: bytes,
        *,
        patience: float = PATIENCE,
        now: Callable[[], datetime] = clock,
    ) -> Self:
        """Return them on the running event loop; nothing is asked of them yet.

        Raises:
            StoreUnavailable: when the address cannot be used at all.
        """
        selected = int(1000 * patience * _SELECTED)
        options = client_options(
            address.uri,
            serverSelectionTimeoutMS=selected,
            connectTimeoutMS=selected,
            socketTimeoutMS=max(_SOCKET_MS, int(1000 * patience)),
            waitQueueTimeoutMS=selected,
            heartbeatFrequencyMS=1000,
        )
        loop = asyncio.get_running_loop()
        with driver_errors():
            client: AsyncIOMotorClient[Document]
            client = AsyncIOMotorClient(address.uri, io_loop=loop, **options)  # type: ignore[arg-type]
        return cls(client, address.database, Seal(key), patience, now)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._ears.shutdown(wait=False, cancel_futures=True)

    async def prepare(self, names: Iterable[str]) -> None:
        """Make the indexes of collections, if there is somewhere to write to by now.

        Otherwise the first who writes makes them.
        """
        for name in names:
            with suppress(StoreUnavailable):
                await within(_AT_FIRST, self.collection(name))

    async def collection(self, name: str) -> AsyncIOMotorCollection[Document]:
        """Return a collection whose documents go at the time their ``x`` tells.

        Raises:
            StoreUnavailable: when that cannot be seen to.
        """
        found: AsyncIOMotorCollection[Document] = self._database[name]
        if name not in self._indexed:
            with driver_errors():
                await found.create_index("x", expireAfterSeconds=0)
            self._indexed.add(name)
        return found

    async def write(self, name: str, changes: list[UpdateOne]) -> None:
        """Make changes, each of which may be done again; again where two met.

        Raises:
            StoreUnavailable: when it is not known that all were made.
        """
        collection = await self.collection(name)
        for _ in range(_ATTEMPTS):
            with driver_errors():
                try:
                    await collection.bulk_write(changes, ordered=False)
                except BulkWriteError as error:
                    changes = [changes[n] for n in duplicates(error)]
                else:
                    return
        message = "what is learnt is being written by too many at once"
        raise StoreUnavailable(message)

    async def patiently(self, doing: Awaitable[V]) -> V:
        """Return what comes of reading or writing, however slow, while it may come.

        Raises:
            StoreUnavailable: when it fails, or the primary gives no sign of life.
        """
        task = asyncio.ensure_future(doing)
        clock = asyncio.get_running_loop().time
        until = clock() + max(_SLOWEST, self.patience)
        silence = self.patience * _SILENT
        try:
            while not await _is_done(task, silence):
                if clock() > until:
                    raise StoreUnavailable(_UNWRITTEN)
                if clock() - self._sign > silence:
                    left = self.patience - silence - 3 * _GLANCE
                    await self._listen(task, max(left, _GLANCE))
            self._sign = clock()
            return task.result()
        finally:
            task.cancel()

    async def _listen(self, task: asyncio.Future[V], seconds: float) -> None:
        """Ask for a sign of life, unless something is done before there is one.

        Raises:
            StoreUnavailable: when there is none in time.
        """
        asked = asyncio.ensure_future(self._hello())
        try:
            if not await _is_done(asked, seconds, task):
                raise StoreUnavailable(_UNWRITTEN)
            if asked.done():
                asked.result()
                self._sign = asyncio.get_running_loop().time()
        finally:
            asked.cancel()

    async def alive(self) -> None:
        """See that there is a primary to write to.

        Raises:
            StoreUnavailable: when there is none now.
        """
        await within(self.patience, self._hello())

    async def _hello(self) -> None:
        loop, ask = asyncio.get_running_loop(), self._client.delegate.admin.command
        with driver_errors():
            said = await loop.run_in_executor(self._ears, ask, "hello")
        if not said.get("isWritablePrimary"):
            raise StoreUnavailable(_UNWRITTEN)


async def _is_done(
    future: asyncio.Future[V], seconds: float, *others: asyncio.Future[K]
) -> bool:
    """Wait for one of some futures; whether any is done in time.

    A loop that was busy may have yet to see what came long ago.
    """
    every: set[asyncio.Future[V] | asyncio.Future[K]] = {future, *others}
    for wait in (seconds, _GLANCE):
        done, _ = await asyncio.wait(
            every, timeout=wait, return_when=asyncio.FIRST_COMPLETED
        )
        if done:
            return True
    return False


async def within(seconds: float, doing: Awaitable[V]) -> V:
    """Return what comes of something in time.

    Raises:
        StoreUnavailable: when it fails or takes longer.
    """
    try:
        async with asyncio.timeout(seconds):
            return await doing
    except TimeoutError as error:
        raise StoreUnavailable(_UNWRITTEN) from error


class Together(Generic[K, V]):
    """Writes what waits in one go, as soon as the write before is done.

    Who leaves does not stop what others wait for; what is equal is written once.
    Waiting for a turn is no failure, and has no end but the asker's own; a failure
    is everybody's who waits by then, as all wait for the same primary.

    Args:
        commit: writes some things, and returns what came of each.
        books: who knows how long that may take.
    """

    def __init__(
        self,
        commit: Callable[[list[K]], Awaitable[Mapping[K, V]]],
        books: Books,
    ) -> None:
        self._commit = commit
        self._books = books
        self._waiting: dict[K, asyncio.Future[V]] = {}
        self._working: asyncio.Task[None] | None = None

    async def put(self, things: Sequence[K]) -> list[V]:
        """Return what came of writing some things, in their order.

        Raises:
            StoreUnavailable: when it is not known that all were written.
        """
        if not things:
            return []
        futures = [self._future(thing) for thing in things]
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        try:
            return await asyncio.gather(*map(asyncio.shield, futures))
        except StoreUnavailable as error:
            raise StoreUnavailable(_UNWRITTEN) from error

    def _future(self, thing: K) -> asyncio.Future[V]:
        future = self._waiting.get(thing)
        if future is None:
            future = asyncio.get_running_loop().create_future()
            future.add_done_callback(_looked_at)
            self._waiting[thing] = future
        return future

    async def _work(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)  # whoever is there already is taken along
            mine = dict(list(self._waiting.items())[:_MOST_TOGETHER])
            for thing in mine:
                del self._waiting[thing]
            try:
                told = await self._books.patiently(self._commit(list(mine)))
            except Exception as error:  # noqa: BLE001 - whoever waits is told
                late, self._waiting = self._waiting, {}
                for future in (*mine.values(), *late.values()):
                    future.set_exception(_own(error))
                continue
            for thing, future in mine.items():
                future.set_result(told[thing])

    async def close(self) -> None:
        """Let what is being written end."""
        if self._working is not None:
            with suppress(Exception):
                await self._working


def _own(error: Exception) -> Exception:
    """Return a failure for one of many: tracebacks are not shared."""
    if not isinstance(error, StoreUnavailable):
        return error
    own = StoreUnavailable(str(error))
    own.__cause__ = error
    return own


def _looked_at(future: asyncio.Future[V]) -> None:
    """Take the failure of what nobody may wait for any more."""
    if not future.cancelled():
        future.exception()
