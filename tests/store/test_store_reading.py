"""Reads that are done in threads, and told once."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import pytest

from beacon.store.reading import Readers

SAID: ContextVar[str] = ContextVar("said")


async def test_what_is_read_is_told_to_who_asked():
    """Each its own, in a thread that sees who asked."""
    readers = Readers(2)
    SAID.set("this")

    def work(number):
        return number, SAID.get(), threading.current_thread().name

    told = await asyncio.gather(
        *(readers.read(lambda n=number: work(n)) for number in range(20))
    )

    assert told == [(number, "this", "reads") for number in range(20)]
    readers.close()


async def test_a_failure_is_of_who_asked():
    """And the thread goes on."""
    readers = Readers(1)
    with pytest.raises(ZeroDivisionError):
        await readers.read(lambda: 1 // 0)

    assert await readers.read(lambda: 1) == 1
    readers.close()


async def test_what_nobody_waits_for_is_not_begun():
    """What was begun is read to its end, and told nobody."""
    readers, go, done = Readers(1), threading.Event(), []
    first = asyncio.ensure_future(readers.read(lambda: done.append(go.wait(20))))
    second = asyncio.ensure_future(readers.read(lambda: done.append("second")))
    await asyncio.sleep(0.05)
    first.cancel()
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    go.set()

    assert await readers.read(lambda: [*done]) == [True]
    readers.close()


async def test_a_thread_that_still_reads_is_not_counted_free():
    """Whoever comes after one that left is not kept waiting by what it left behind."""
    readers, go = Readers(2), threading.Event()
    left = asyncio.ensure_future(readers.read(lambda: go.wait(20)))
    await asyncio.sleep(0.05)
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    try:
        async with asyncio.timeout(5):
            assert await readers.read(lambda: 7) == 7
    finally:
        go.set()
        readers.close()


async def test_there_are_so_many_threads_and_no_more():
    """As many as reads are on their way, up to the most."""
    readers, go = Readers(3), threading.Event()
    barrier = threading.Barrier(3)
    waiting = [
        asyncio.ensure_future(readers.read(lambda: barrier.wait(20) + go.wait(20)))
        for _ in range(6)
    ]
    await asyncio.sleep(0.05)
    go.set()

    assert sorted(await asyncio.gather(*waiting)) == [1, 1, 2, 2, 3, 3]
    readers.close()
