"""Coalescing: fewer questions, the same answers, and errors for everybody."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest
from pymongo import monitoring

from beacon.model.errors import StoreUnavailable
from beacon.model.pattern import VariantPattern
from beacon.model.query import Granularity, Query
from beacon.store.coalescing import Coalescer
from beacon.store.members import Members, ask_through
from beacon.store.variants import VariantStore
from tests.store.store_samples import CHR22, load, record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

FIRST = 16_050_000


class Finds(monitoring.CommandListener):
    """Counts the find commands that go to the rows."""

    def __init__(self) -> None:
        self.count = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Count a command."""
        target = str(event.command.get("find", ""))
        self.count += target.startswith("variants_")

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing to count."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing to count."""


@pytest.fixture
def finds() -> Iterator[Finds]:
    """Count finds of every client made during the test."""
    listener = Finds()
    monitoring.register(listener)
    yield listener
    listeners = monitoring._LISTENERS.command_listeners  # noqa: SLF001 (there is no unregister)
    listeners.remove(listener)


async def total(store: VariantStore, start: int) -> int:
    """Ask for one allele."""
    pattern = VariantPattern(contig=CHR22, spellings=((start, "T", "C"),))
    found = await store.find(Query(pattern=pattern), {"d": Granularity.COUNT})
    return found.datasets[0].total


async def test_concurrent_questions_share_commands(
    finds: Finds, catalogue: Catalogue, store_address: StoreAddress
) -> None:
    """A thousand questions at once take a few commands, and each its own answer."""
    load(catalogue, "d", [record(FIRST + 2 * n, "T", "C") for n in range(500)])
    store = await VariantStore.open(store_address)
    await store.datasets()
    finds.count = 0
    asked = [total(store, FIRST + n) for n in range(1000)]
    totals = await asyncio.gather(*asked)
    await store.close()

    assert totals == [1, 0] * 500
    assert finds.count < 20


async def test_an_error_reaches_every_waiter() -> None:
    """All who waited for a failed batch are told; later ones are asked anew."""
    batches: list[list[int]] = []

    async def fetch(keys: list[int]) -> dict[int, str]:
        batches.append(sorted(keys))
        await asyncio.sleep(0)
        if len(batches) < 2:
            message = "the database cannot be reached"
            raise StoreUnavailable(message)
        return dict.fromkeys(keys, "found")

    coalescer = Coalescer(fetch, slots=1)
    asked = [coalescer.get([n]) for n in range(5)]
    told = await asyncio.gather(*asked, return_exceptions=True)
    later = await coalescer.get([7])

    assert batches == [[0, 1, 2, 3, 4], [7]]
    assert [StoreUnavailable] * 5 == [type(error) for error in told]
    assert later == {7: "found"}


async def test_an_unforeseen_error_is_not_swallowed() -> None:
    """A fault of ours reaches who waits, too: nobody waits for the deadline."""

    async def fetch(_keys: list[int]) -> dict[int, int]:
        message = "a fault"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="a fault"):
        await Coalescer(fetch).get([1])


async def test_a_cancelled_waiter_disturbs_nobody() -> None:
    """Who leaves is not asked for any more, and the others are answered."""
    batches: list[list[int]] = []

    async def fetch(keys: list[int]) -> dict[int, int]:
        batches.append(sorted(keys))
        await asyncio.sleep(0.01)
        return {key: 10 * key for key in keys}

    coalescer = Coalescer(fetch, slots=1)
    first = asyncio.create_task(coalescer.get([9]))
    await asyncio.sleep(0.005)
    tasks = [asyncio.create_task(coalescer.get([n])) for n in range(4)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[2].cancel()
    told = await asyncio.gather(first, *tasks, return_exceptions=True)

    assert batches == [[9], [1, 3]]
    assert [told[0], told[2], told[4]] == [{9: 90}, {1: 10}, {3: 30}]


async def test_a_batch_that_nobody_waits_for_is_stopped() -> None:
    """Once everybody left it, its slot is free; one who stays is answered."""
    stopped: list[list[int]] = []

    async def fetch(keys: list[int]) -> dict[int, int]:
        try:
            await asyncio.sleep(60 if max(keys) < 10 else 0.01)
        except asyncio.CancelledError:
            stopped.append(sorted(keys))
            raise
        return {key: 10 * key for key in keys}

    coalescer = Coalescer(fetch, slots=1)
    tasks = [asyncio.create_task(coalescer.get([n])) for n in (1, 2)]
    await asyncio.sleep(0.005)
    later = asyncio.create_task(coalescer.get([10]))
    tasks[0].cancel()
    await asyncio.sleep(0.005)
    before = [*stopped]
    tasks[1].cancel()

    assert await later == {10: 100}
    assert ([], [[1, 2]]) == (before, stopped)


async def test_nobody_waits_beyond_the_deadline() -> None:
    """A server that says nothing holds up nobody for longer, and no later batch."""
    asked: list[list[int]] = []

    async def fetch(keys: list[int]) -> dict[int, int]:
        asked.append(sorted(keys))
        await asyncio.sleep(60 if max(keys) < 10 else 0)
        return {key: 10 * key for key in keys}

    coalescer = Coalescer(fetch, slots=1, deadline=0.05)
    tasks = [asyncio.create_task(coalescer.get([1]))]
    await asyncio.sleep(0.005)
    tasks.append(asyncio.create_task(coalescer.get([2])))
    async with asyncio.timeout(5):
        told = await asyncio.gather(*tasks, return_exceptions=True)
        later = await coalescer.get([10])

    assert [StoreUnavailable] * 2 == [type(error) for error in told]
    assert told[0] is not told[1]
    assert later == {10: 100}
    assert asked[0] == [1]


async def test_a_question_brings_its_own_deadline() -> None:
    """What is left of a question's time counts, not that of one look-up."""

    async def fetch(_keys: list[int]) -> dict[int, int]:
        await asyncio.sleep(60)
        return {}

    coalescer = Coalescer(fetch, slots=1, deadline=60)
    patient = asyncio.create_task(coalescer.get([1]))
    await asyncio.sleep(0.005)

    async def hurried() -> None:
        ask_through(Members(15.0), time.monotonic() + 0.02)
        await coalescer.get([2])

    with pytest.raises(StoreUnavailable, match="did not answer"):
        await asyncio.wait_for(asyncio.create_task(hurried()), 5)
    assert not patient.done()
    await coalescer.close()
    await asyncio.gather(patient, return_exceptions=True)


async def test_closing_tells_who_waits() -> None:
    """Nobody waits for ever on a closed store, on its way or in the queue."""

    async def fetch(_keys: list[int]) -> dict[int, int]:
        await asyncio.sleep(60)
        return {}

    coalescer = Coalescer(fetch, slots=1)
    tasks = [asyncio.create_task(coalescer.get([n])) for n in range(2)]
    await asyncio.sleep(0)
    await coalescer.close()
    told = await asyncio.gather(*tasks, return_exceptions=True)

    assert [StoreUnavailable] * 2 == [type(error) for error in told]


async def test_a_batch_is_capped() -> None:
    """A batch takes no further waiter once it has enough keys."""
    sizes: list[int] = []

    async def fetch(keys: list[int]) -> dict[int, int]:
        sizes.append(len(keys))
        await asyncio.sleep(0)
        return {}

    coalescer = Coalescer(fetch, slots=1, cap=4)
    await asyncio.gather(*(coalescer.get([2 * n, 2 * n + 1]) for n in range(5)))

    assert sizes == [4, 4, 2]


async def test_who_comes_while_the_loop_turns_is_taken_along() -> None:
    """Those who come one by one, each a turn after the other, make one batch."""
    batches: list[list[int]] = []

    async def fetch(keys: list[int]) -> dict[int, int]:
        batches.append(sorted(keys))
        return {}

    coalescer = Coalescer(fetch, slots=1)
    tasks = []
    for n in range(5):
        tasks.append(asyncio.create_task(coalescer.get([n])))
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    await coalescer.get([7])

    assert batches == [[0, 1, 2, 3, 4], [7]]


async def test_the_next_batch_waits_for_as_many_as_came_last() -> None:
    """For some turns of the loop, and not for good."""
    sizes: list[int] = []

    async def fetch(keys: list[int]) -> dict[int, int]:
        sizes.append(len(keys))
        return {}

    asked = Coalescer(fetch, slots=1)

    async def later(number: int) -> None:
        for _ in range(5 * number):
            await asyncio.sleep(0)
        await asked.get([number])

    await asyncio.gather(*(asked.get([number]) for number in range(4)))
    await asyncio.gather(*map(later, range(4)))
    await asked.get([1])

    assert sizes == [4, 4, 1]


async def test_a_few_wait_for_many_that_are_on_their_way() -> None:
    """While a slot is free: who is alone beside them goes with those who come next."""
    batches: list[list[int]] = []
    gates = [asyncio.Event(), asyncio.Event()]

    async def fetch(keys: list[int]) -> dict[int, int]:
        batches.append(sorted(keys))
        await gates[len(batches) - 1].wait()
        return {}

    coalescer = Coalescer(fetch, slots=2)
    many = [asyncio.create_task(coalescer.get([n])) for n in range(8)]
    for _ in range(40):  # more turns than a batch takes to go
        await asyncio.sleep(0)
    few = [asyncio.create_task(coalescer.get([n])) for n in (10, 11)]
    for _ in range(40):
        await asyncio.sleep(0)
    few += [asyncio.create_task(coalescer.get([n])) for n in (12, 13)]
    for gate in gates:
        gate.set()
    await asyncio.gather(*many, *few)

    assert batches == [[0, 1, 2, 3, 4, 5, 6, 7], [10, 11, 12, 13]]


class Beside(NamedTuple):
    """A coalescer of two slots, and the eight who hold one of them for good."""

    coalescer: Coalescer[int, int]
    many: list[asyncio.Task[dict[int, int]]]
    batches: list[list[int]]


@pytest.fixture
async def beside() -> AsyncIterator[Beside]:
    """Give one that never answers keys below ten; all end with the test."""
    batches: list[list[int]] = []

    async def fetch(keys: list[int]) -> dict[int, int]:
        batches.append(sorted(keys))
        if min(keys) < 10:
            await asyncio.sleep(60)
        return {key: 10 * key for key in keys}

    coalescer = Coalescer(fetch, slots=2, deadline=60)
    many = [asyncio.create_task(coalescer.get([n])) for n in range(8)]
    await asyncio.sleep(0.01)
    yield Beside(coalescer, many, batches)
    await coalescer.close()
    await asyncio.gather(*many, return_exceptions=True)


async def test_a_batch_that_hangs_holds_up_nobody(beside: Beside) -> None:
    """Those who wait for company beside it go alone after a moment."""
    async with asyncio.timeout(5):
        found = await beside.coalescer.get([10])

    assert found == {10: 100}


async def test_who_is_stopped_before_it_began_gives_its_slot_back(
    beside: Beside,
) -> None:
    """A loop that stood still finds the moment and the deadline over at once."""
    for _ in range(3):  # more than there are slots
        late = asyncio.create_task(beside.coalescer.one(11, time.monotonic() + 0.006))
        await asyncio.sleep(0)
        time.sleep(0.05)  # noqa: ASYNC251 - nothing else runs meanwhile, on purpose
        with pytest.raises(StoreUnavailable, match="did not answer"):
            await late
    async with asyncio.timeout(5):
        found = await beside.coalescer.get([12])

    assert found == {12: 120}


async def test_who_leaves_while_held_back_holds_up_nobody(beside: Beside) -> None:
    """Those who stay go after their moment, and who left is not asked for."""
    coalescer, _, batches = beside
    few = [asyncio.create_task(coalescer.get([n])) for n in (10, 11)]
    await asyncio.sleep(0)
    few[0].cancel()
    async with asyncio.timeout(5):
        found = await few[1]
        alone = asyncio.create_task(coalescer.get([12]))
        await asyncio.sleep(0)
        alone.cancel()
        later = await coalescer.get([13])
    await asyncio.gather(*few, alone, return_exceptions=True)

    assert (found, later) == ({11: 110}, {13: 130})
    assert batches[1:] == [[11], [13]]


async def test_closing_tells_who_is_held_back(beside: Beside) -> None:
    """And asks for nothing any more when the moment is over."""
    few = asyncio.create_task(beside.coalescer.get([10]))
    await asyncio.sleep(0)
    await beside.coalescer.close()
    told = await asyncio.gather(few, *beside.many, return_exceptions=True)
    await asyncio.sleep(0.02)  # the moment it would have had

    assert {StoreUnavailable} == {type(error) for error in told}
    assert beside.batches == [[*range(8)]]
