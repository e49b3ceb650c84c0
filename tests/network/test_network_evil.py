"""Evil peers, asked and understood as a whole: no failure of theirs is a "no"."""

from __future__ import annotations

import asyncio
import gzip
import json
from time import monotonic
from typing import TYPE_CHECKING
from zlib import decompressobj

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from beacon.model.nodes import FAILURES, Node, NodeAnswer, Reason
from beacon.model.status import Status
from beacon.network.asker import HttpAsker
from beacon.network.asking import Asking
from beacon.network.exchange import Exchange
from beacon.network.health import Health
from beacon.network.peers import Directory
from tests.network.evil import CLOSED, JSON, MANNERS, evil, peer_at
from tests.wire.peers.speaking_peers import a_record, a_set, query, v2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from beacon.network.peers import Peer

ID = "xx.evil"
NO = json.dumps(v2([a_set(exists=False)], exists=False, beacon=ID)).encode()
YES = json.dumps(v2([a_set(a_record())], exists=True, beacon=ID)).encode()


def exchange_of(*peers: Peer, health: Health | None = None) -> Exchange:
    """Return an exchange that looks at nobody by itself."""
    exchange = Exchange(Directory(here=Node(id="se.us", names={"en": "Us"})))
    exchange.health = health or exchange.health
    return exchange


async def understood(
    port: int, exchange: Exchange | None = None, **more: object
) -> NodeAnswer:
    """Return what is understood of the peer on a port."""
    asked = exchange or exchange_of()
    try:
        asker = HttpAsker(asked, {})
        return await asker.ask(peer_at(port, **more), Asking(query=query()), 8)
    finally:
        if exchange is None:
            await asked.close()


def document(body: bytes) -> bytes:
    """Return a whole answer with a body."""
    return JSON + b"Content-Length: %d\r\n\r\n" % len(body) + body


def sends(data: bytes):
    """Return a manner that sends bytes and ends."""

    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return send


@pytest.mark.parametrize("manner", MANNERS)
async def test_f02_every_evil_peer_is_no_answer(manner: str) -> None:
    """Whatever it does, it has said neither yes nor no, and the time is kept."""
    async with evil(manner) as (_, port):
        began = monotonic()
        said = await understood(port, seconds=0.5)
        seconds = monotonic() - began

    assert said.status in FAILURES
    assert said.reason is not None
    assert said.datasets == ()
    assert 0 < len(said.sentence or "") <= 200
    assert seconds < 0.5 + 1.0


EVIL_SET = a_set(
    exists=True,
    id="<script>alert(1)</script>",
    name="<img src=x onerror=alert(1)>\u202egnp.exe\u0000",
    resultsHandovers=[{"url": "javascript:alert(1)"}],
    info={"contact": "javascript:alert(1)"},
)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (v2(exists=True, beacon=ID) | {"error": {"errorCode": 500}}, "told_an_error"),
        (v2([a_set()], exists=True, beacon="fi.other"), "wrong_beacon"),
        (v2([a_set()], exists=True, beacon="se.us"), "wrong_beacon"),
        (v2([a_set()], exists=True, beacon=None), "wrong_beacon"),
        (v2(exists=False, beacon=ID, echo={}), "not_understood"),
        (v2([a_set()] * 100_000, exists=True, beacon=ID), "too_large"),
        ({"exists": False}, None),
        ([], None),
        ("no", None),
        (None, None),
        (7, None),
    ],
)
async def test_f02_what_no_beacon_says_is_no_answer(
    body: object, reason: str | None
) -> None:
    """An error in a 200, another's name, another question, or nothing like one."""
    async with evil(sends(document(json.dumps(body).encode()))) as (_, port):
        said = await understood(port)

    assert said.status is Status.NO_ANSWER
    assert said.datasets == ()
    assert reason is None or said.reason == reason


async def test_f02_no_member_of_a_foreign_document_travels_further() -> None:
    """What would be run on a page is not there, wherever it was put."""
    body = json.dumps(v2([EVIL_SET], exists=True, beacon=ID)).encode()
    async with evil(sends(document(body))) as (_, port):
        said = await understood(port)

    told = repr(said)
    assert "javascript:" not in told
    assert "\\u202e" not in ascii(told)
    assert "\\x00" not in told
    assert all(row.contact is None for row in said.datasets)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """Give a loop that examples share."""
    with asyncio.Runner() as shared:
        yield shared


def said_to(runner: asyncio.Runner, data: bytes) -> NodeAnswer:
    """Return what is understood of a peer that sends bytes and ends."""

    async def ask() -> NodeAnswer:
        async with evil(sends(data)) as (_, port):
            return await understood(port)

    return runner.run(ask())


@pytest.mark.parametrize("body", [NO, YES], ids=["no", "yes"])
def test_a_whole_answer_is_understood(runner: asyncio.Runner, body: bytes) -> None:
    """What the laws below take apart says something while it is whole."""
    said = said_to(runner, document(body))

    assert said.status is (Status.NOT_SEEN if body == NO else Status.SEEN)


@given(data=st.data(), packed=st.booleans(), body=st.sampled_from([NO, YES]))
@settings(max_examples=40)
def test_f03_an_answer_that_is_cut_short_is_none(
    runner: asyncio.Runner, data: st.DataObject, packed: bool, body: bytes
) -> None:
    """Wherever it breaks off, packed or plain, announced in length or not."""
    sent = gzip.compress(body) if packed else body
    # Without the last eight bytes of gzip, its checksum, the content is whole.
    cut = data.draw(st.integers(0, len(sent) - (9 if packed else 1)))
    head = b"Content-Encoding: gzip\r\n" if packed else b""
    if data.draw(st.booleans()):
        length = b"Content-Length: %d\r\n\r\n" % len(sent)
        whole = JSON + head + length
    else:
        whole = CLOSED.removesuffix(b"\r\n") + head + b"\r\n"
    if packed:  # its last bits may be no more than its end
        assume(decompressobj(31).decompress(sent[:cut]) != body)
    said = said_to(runner, whole + sent[:cut])

    assert said.status is Status.NO_ANSWER


@given(data=st.data(), status=st.integers(300, 599))
@settings(max_examples=25)
def test_f03_no_status_but_success_is_a_yes_or_no(
    runner: asyncio.Runner, data: st.DataObject, status: int
) -> None:
    """A proxy's error page that looks like an answer is none."""
    body = data.draw(st.sampled_from([NO, YES]))
    head = b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\n" % status
    sent = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    said = said_to(runner, sent)

    assert said.status in FAILURES
    assert said.datasets == ()


@given(data=st.data())
@settings(max_examples=50)
def test_f03_a_harmed_failure_is_never_a_no(
    runner: asyncio.Runner, data: st.DataObject
) -> None:
    """Bytes changed in a failing answer never make it say that nobody has it."""
    failing = v2([a_set(exists=False)], exists=False, beacon=ID)
    failing["error"] = {"errorCode": 503, "errorMessage": "broken"}
    body = bytearray(json.dumps(failing).encode())
    start = body.index(b'"error"')
    for _ in range(data.draw(st.integers(1, 4))):
        # Anywhere but in the word that says it is one.
        place = data.draw(st.integers(0, start - 1))
        body[place] = data.draw(st.integers(0, 255))
    said = said_to(runner, document(bytes(body)))

    assert said.status in FAILURES


class Ticks:
    """A clock that stands until it is set."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


async def test_f10_a_failing_peer_is_left_alone_and_comes_back() -> None:
    """Five failures, then nobody asks for 30 s; one good try, and all ask again."""
    ticks = Ticks()
    exchange = exchange_of(health=Health(ticks, ticks))
    async with evil("closes") as (served, port):
        failed = [await understood(port, exchange) for _ in range(7)]
        asked = len(served.asked)
        served.manner = sends(document(NO))
        ticks.now += 29
        before = await understood(port, exchange)
        ticks.now += 1
        after = [await understood(port, exchange) for _ in range(2)]
        total = len(served.asked)
    await exchange.close()

    assert [each.reason for each in failed] == [
        *[Reason.UNREACHABLE] * 5,
        *[Reason.PAUSED] * 2,
    ]
    assert {each.status for each in (*failed, before)} == {Status.NO_ANSWER}
    assert before.reason is Reason.PAUSED
    assert [each.status for each in after] == [Status.NOT_SEEN] * 2
    assert (asked, total) == (5, 7)


async def test_f10_retry_after_keeps_questions_away() -> None:
    """A peer that says 429 once is not asked before its time, by anybody."""
    ticks = Ticks()
    exchange = exchange_of(health=Health(ticks, ticks))
    async with evil("busy") as (served, port):
        first = await understood(port, exchange)
        second = await understood(port, exchange)
        served.manner = sends(document(YES))
        ticks.now += 7
        third = await understood(port, exchange)
        asked = len(served.asked)
    await exchange.close()

    assert (first.reason, second.reason) == (Reason.BUSY, Reason.PAUSED)
    assert third.status is Status.SEEN
    assert asked == 2


async def test_f10_one_try_is_let_through_at_a_time() -> None:
    """Of ten questions after the pause, one asks the peer while it is slow."""
    ticks = Ticks()
    exchange = exchange_of(health=Health(ticks, ticks))
    async with evil("closes") as (served, port):
        for _ in range(5):
            await understood(port, exchange)
        served.manner = MANNERS["silent"]
        ticks.now += 30
        said = await asyncio.gather(
            *(understood(port, exchange, seconds=0.5) for _ in range(10))
        )
        asked = len(served.asked)
    await exchange.close()

    assert sorted(each.reason for each in said) == [
        *[Reason.PAUSED] * 9,
        Reason.TIMEOUT,
    ]
    assert asked == 6
