"""One exchange for many who wait, and what is remembered of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from beacon.model.disclosure import DatasetDisclosure
from beacon.model.nodes import Node, NodeAnswer, NodeDataset, Reason
from beacon.model.query import Granularity
from beacon.model.status import Status
from beacon.network.flights import Flights
from beacon.network.memory import Memory
from beacon.network.peers import Terms

DK = Node(id="dk", names={"en": "Denmark"})
TERMS = Terms(remembered=600.0, remembered_no=120.0)


def row(status: Status = Status.SEEN, name: str = "a") -> NodeDataset:
    """Return what is said of one dataset."""
    part = DatasetDisclosure(
        dataset=name,
        name=name,
        status=status,
        granularity=Granularity.COUNT,
        exists=status is Status.SEEN,
    )
    return NodeDataset(beacon="dk", part=part)


SEEN = NodeAnswer(node=DK, status=Status.SEEN, datasets=(row(),), seconds=0.5)


class Exchange:
    """An exchange that lasts until it is let go, and how it ended."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended = 0
        self.go = asyncio.Event()

    async def __call__(self) -> str:
        """Wait to be let go."""
        self.begun += 1
        try:
            await self.go.wait()
        finally:
            self.ended += 1
        return "answer"


async def test_who_leaves_takes_nothing_from_who_stays() -> None:
    """The exchange goes on for the other, who gets its answer."""
    flights: Flights[str] = Flights()
    exchange = Exchange()
    first = asyncio.create_task(flights.join("q", exchange))
    second = asyncio.create_task(flights.join("q", exchange))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    exchange.go.set()

    assert await second == "answer"
    assert (exchange.begun, exchange.ended, flights.joined) == (1, 1, 1)


async def test_an_exchange_ends_with_the_last_who_waits() -> None:
    """And the next who asks begins another."""
    flights: Flights[str] = Flights()
    exchange = Exchange()
    both = [asyncio.create_task(flights.join("q", exchange)) for _ in range(2)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for each in both:
        each.cancel()
    await asyncio.gather(*both, return_exceptions=True)
    await asyncio.sleep(0)
    ended = exchange.ended
    exchange.go.set()

    assert ended == 1
    assert "q" not in flights
    assert await flights.join("q", exchange) == "answer"
    assert exchange.begun == 2


async def test_a_failed_exchange_fails_for_all_and_is_forgotten() -> None:
    """Whoever waits is told the same."""
    flights: Flights[str] = Flights()

    async def fail() -> str:
        await asyncio.sleep(0)
        message = "no"
        raise OSError(message)

    said = await asyncio.gather(
        *(flights.join("q", fail) for _ in range(3)), return_exceptions=True
    )

    assert [type(each) for each in said] == [OSError] * 3
    assert "q" not in flights


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (SEEN, 600.0),
        (replace(SEEN, status=Status.NOT_SEEN), 120.0),
        (replace(SEEN, status=Status.WITHHELD), 120.0),
        (replace(SEEN, status=Status.NO_ANSWER, reason=Reason.TIMEOUT), 0.0),
        (replace(SEEN, status=Status.REFUSED, reason=Reason.REFUSED), 0.0),
        (replace(SEEN, status=Status.NOT_ASKED, reason=Reason.ASSEMBLY), 0.0),
        (replace(SEEN, datasets=(row(), row(Status.NO_ANSWER, "b"))), 0.0),
        (replace(SEEN, is_partial=True), 0.0),
    ],
)
def test_f10_an_answer_is_remembered_for_its_time(
    answer: NodeAnswer, seconds: float
) -> None:
    """A yes for longer than a no; a failure, or an answer that holds one, never."""
    clock = Clock()
    memory = Memory(clock)
    memory.keep("q", answer, TERMS)
    clock.now = max(0.0, seconds - 1)
    before = memory.find("q", TERMS)
    clock.now = seconds
    after = memory.find("q", TERMS)

    assert (before is not None) == (seconds > 0)
    assert before is None or (before.age, before.seconds) == (seconds - 1, 0.0)
    assert after is None


def test_what_is_remembered_is_bounded() -> None:
    """A huge answer is not kept; many push the oldest out."""
    memory = Memory(Clock())
    huge = replace(SEEN, datasets=tuple(row(name=str(n)) for n in range(3000)))
    big = replace(SEEN, datasets=tuple(row(name=str(n)) for n in range(1900)))
    memory.keep("huge", huge, TERMS)
    for number in range(60):
        memory.keep(number, big, TERMS)

    assert memory.find("huge", TERMS) is None
    assert memory.find(0, TERMS) is None
    assert memory.find(59, TERMS) is not None
