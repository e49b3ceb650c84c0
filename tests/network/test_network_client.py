"""One exchange with a peer is bounded, whatever the peer does."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beacon.model.nodes import Reason
from beacon.network.client import Client
from beacon.network.exchanged import Heard, Silence
from beacon.network.peers import Terms
from tests.network.evil import CLOSED, JSON, MANNERS, evil, peer_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ENDS = {
    "bomb": "too_large",
    "endless": "too_large",
    "endless_error": 500,
    "drip": "timeout",
    "drip_headers": "timeout",
    "many_headers": "not_a_beacon",
    "long_header": "not_a_beacon",
    "continues": "not_a_beacon",
    "silent": "timeout",
    "reset": "unreachable",
    "reset_in_body": "unreachable",
    "closes": "unreachable",
    "garbage": "not_a_beacon",
    "no_http": "not_a_beacon",
    "http_0_9": "not_a_beacon",
    "redirect": "redirect",
    "redirect_page": "redirect",
    "half": "unreachable",
    "two_lengths": "not_a_beacon",
    "negative_length": "not_a_beacon",
    "huge_length": "not_a_beacon",
    "bad_chunk": "not_a_beacon",
    "huge_chunk": "unreachable",
    "no_gzip": "unreachable",
    "half_gzip": 200,
    "html": 200,
    "deep": 200,
    "nan": 200,
    "huge_int": 200,
    "bad_utf8": 200,
    "many_sets": 200,
    "empty": 200,
    "busy": 429,
    "cookie": 200,
}
"""How each evil peer is heard; what a body says is its reader's."""
SLACK = 0.5
"""Seconds that a busy machine may take beyond a deadline; 0.2 on one that is not."""
HUGE = 50
"""MiB that no peer may make us grow by."""


@pytest.fixture(scope="module")
def trial() -> dict[str, dict[str, object]]:
    """Ask every evil peer, in a process of its own."""
    program = Path(__file__).with_name("evil_trial.py")
    said = subprocess.run(
        [sys.executable, str(program)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ".", "PATH": ""},
        timeout=60,
    )
    return json.loads(said.stdout)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """Give a client of the usual terms."""
    asks = Client(Terms())
    yield asks
    await asks.close()


def test_every_evil_peer_has_its_word() -> None:
    """No manner is tried without saying how it must end."""
    assert set(MANNERS) == set(ENDS)


@pytest.mark.parametrize("manner", MANNERS)
def test_f02_an_evil_peer_costs_its_deadline_and_little_memory(
    trial: dict[str, dict[str, object]], manner: str
) -> None:
    """Its word is the one for what it did; it was asked once, and ended in time."""
    found = trial[manner]

    assert found["ended"] == ENDS[manner]
    assert found["asked"] == 1
    assert found["seconds"] <= 0.5 + SLACK
    assert found["grown"] < HUGE


async def test_f02_no_other_peer_is_affected(client: Client) -> None:
    """A good peer answers at its own speed beside all the evil ones."""
    async with asyncio.TaskGroup() as group:
        held = [evil(manner) for manner in MANNERS]
        opened = [await each.__aenter__() for each in held]
        ask = [
            group.create_task(
                client.post(
                    peer_at(port, node=_named(f"evil-{number}"), seconds=0.5),
                    "/g_variants",
                    b"{}",
                    deadline=8,
                )
            )
            for number, (_, port) in enumerate(opened)
        ]
        async with evil(_good) as (_, port):
            good = peer_at(port, node=_named("good"), seconds=5)
            came = [await client.post(good, "/x", b"{}", deadline=8) for _ in range(20)]
    said = [task.result() for task in ask]
    for each in held:
        await each.__aexit__(None, None, None)

    assert [each.body for each in came] == [b"{}"] * 20
    assert max(each.seconds for each in came) < 2
    assert all(
        _word(each) in {ENDS[manner], Reason.TIMEOUT}
        for manner, each in zip(MANNERS, said, strict=True)
    )


def _named(name: str):
    return peer_at(1).node.__class__(id=name, names={"en": name})


async def _good(writer: asyncio.StreamWriter) -> None:
    writer.write(JSON + b"Content-Length: 2\r\n\r\n{}")


def _word(came: Heard | Silence) -> object:
    return came.status if isinstance(came, Heard) else came.reason


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """Give a loop that examples share."""
    with asyncio.Runner() as shared:
        yield shared


_STARTS = st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", JSON, CLOSED])
_PARTS = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from(
            [
                *(b"\r\n", b"\r\n\r\n", b"Content-Length: ", b"5", b"0", b"\n"),
                *(b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n"),
                *(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 ", b"304", b"204"),
                *(b"Content-Encoding: deflate\r\n", b"\x1f\x8b\x08\0\0\0\0\0\0\xff"),
                *(b"Location: /x\r\n", b"Upgrade: h2c\r\n", b"{}", b"5\r\n{}{}{\r\n"),
                *(b"Content-Type: \xff\r\n", b"HTTP/2 200\r\n", b"ICY 200\r\n"),
            ]
        ),
    ),
    max_size=12,
)


@given(start=_STARTS, parts=_PARTS)
@settings(max_examples=100)
def test_f02_whatever_bytes_come_they_are_heard_or_silence(
    runner: asyncio.Runner, start: bytes, parts: list[bytes]
) -> None:
    """No answer raises, outlives its deadline, or is asked for more than once."""
    data = start + b"".join(parts)

    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    async def ask() -> tuple[Heard | Silence, float, int]:
        client = Client(Terms())
        async with evil(send) as (served, port):
            began = monotonic()
            peer = peer_at(port, seconds=0.5)
            came = await client.post(peer, "/x", b"{}", deadline=8)
            seconds = monotonic() - began
            await client.close()
            return came, seconds, len(served.asked)

    came, seconds, asked = runner.run(ask())

    assert isinstance(came, Heard | Silence)
    assert seconds < 0.5 + 0.5
    assert asked == 1


async def test_what_is_sent_is_small_and_plain(client: Client) -> None:
    """The request has our headers, those of the trace, and no other."""
    async with evil("cookie") as (served, port):
        for _ in range(2):
            await client.post(
                peer_at(port),
                "/g_variants",
                b'{"a":1}',
                deadline=20,
                headers={"Via": "1.1 se.b", "X-Request-Id": "7"},
            )

    assert [each.split(b"\r\n", 1)[1].lower() for each in served.asked] == [
        f"host: 127.0.0.1:{port}\r\n"
        "accept: application/json\r\n"
        "accept-encoding: gzip, deflate\r\n"
        "user-agent: nordic-beacon\r\n"
        "content-type: application/json\r\n"
        "via: 1.1 se.b\r\n"
        "x-request-id: 7\r\n"
        'content-length: 7\r\n\r\n{"a":1}'.encode()
    ] * 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer secret"},
        {"authorization": "Bearer secret"},
        {"Cookie": "secret"},
        {"Proxy-Authorization": "secret"},
        {"X-Auth-Token": "secret"},
        {"Via": "1.1 a\r\nAuthorization: secret"},
        {"X-Request-Id": "secret\u00e9"},
    ],
)
async def test_f06_no_header_of_a_requester_gets_through(
    client: Client, headers: dict[str, str]
) -> None:
    """Only what belongs to a trace or the form of an answer is passed on."""
    async with evil("cookie") as (served, port):
        came = await client.post(
            peer_at(port), "/x", b"{}", deadline=20, headers=headers
        )
        await client.get(peer_at(port), "/x", deadline=20, headers=headers)

    assert isinstance(came, Heard)
    assert b"secret" not in b"".join(served.asked)


@pytest.mark.parametrize("manner", ["redirect", "redirect_page"])
async def test_f06_a_redirect_is_refused(client: Client, manner: str) -> None:
    """Where it leads is never asked, by POST or GET."""
    async with evil(manner) as (served, port):
        posted = await client.post(peer_at(port), "/x", b"{}", deadline=20)
        got = await client.get(peer_at(port), "/x", deadline=20, query={"a": "b"})

    assert [posted.reason, got.reason] == [Reason.REDIRECT] * 2
    assert len(served.asked) == 2


async def test_a_copy_that_is_still_good_is_no_redirect(client: Client) -> None:
    """304 answers ``If-None-Match``."""

    async def unchanged(writer: asyncio.StreamWriter) -> None:
        writer.write(b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n')

    async with evil(unchanged) as (served, port):
        came = await client.get(
            peer_at(port), "/info", deadline=20, headers={"If-None-Match": '"a"'}
        )

    assert isinstance(came, Heard)
    assert (came.status, came.headers) == (304, {"etag": '"a"'})
    assert b'if-none-match: "a"' in served.asked[0].lower()


async def test_f06_a_private_address_is_not_asked_unless_listed(client: Client) -> None:
    """Not by number, not by name; and nothing reaches the server behind it."""
    async with evil("cookie") as (served, port):
        came = [
            await client.post(
                peer_at(port, private=(), url=f"http://{host}:{port}"),
                "/x",
                b"{}",
                deadline=20,
            )
            for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f000001")
        ]

    assert [each.reason for each in came[:3]] == [Reason.FORBIDDEN_ADDRESS] * 3
    assert came[3].reason in {Reason.FORBIDDEN_ADDRESS, Reason.UNREACHABLE}
    assert served.connections == 0


async def test_a_peer_that_is_away_is_unreachable(client: Client) -> None:
    """Nobody listens there, or there is no such name."""
    async with evil("cookie") as (_, port):
        pass
    here = await client.post(peer_at(port), "/x", b"{}", deadline=20)
    named = await client.post(
        peer_at(1, url="http://no.such.host.invalid"), "/x", b"{}", deadline=20
    )

    assert here.reason is Reason.UNREACHABLE
    assert named.reason in {Reason.UNREACHABLE, Reason.TIMEOUT}


async def test_f11_a_peer_has_no_more_questions_at_once_than_it_may(
    client: Client,
) -> None:
    """Fifty questions at the same time are asked by fours, and all are answered."""
    at_once, most = 0, 0

    async def counting(writer: asyncio.StreamWriter) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        at_once -= 1
        writer.write(JSON + b"Content-Length: 2\r\n\r\n{}")

    async with evil(counting) as (served, port):
        peer = peer_at(port, seconds=20)
        came = await asyncio.gather(
            *(client.post(peer, "/x", b"{}", deadline=20) for _ in range(50))
        )

    assert [each.body for each in came] == [b"{}"] * 50
    assert (len(served.asked), most) == (50, 4)


async def test_connections_are_bounded_over_all_peers() -> None:
    """Two peers with four turns each share the three connections there are."""
    at_once, most = 0, 0

    async def counting(writer: asyncio.StreamWriter) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        at_once -= 1
        writer.write(JSON + b"Content-Length: 2\r\n\r\n{}")

    client = Client(Terms(connections=3))
    async with evil(counting) as (_, one), evil(counting) as (_, two):
        peers = [
            peer_at(port, node=_named(str(port)), seconds=20) for port in (one, two)
        ]
        came = await asyncio.gather(
            *(client.post(p, "/x", b"{}", deadline=20) for p in peers for _ in range(9))
        )
        await client.close()

    assert [each.body for each in came] == [b"{}"] * 18
    assert most == 3


async def test_a_question_that_gets_no_turn_says_nothing_of_the_peer(
    client: Client,
) -> None:
    """Its silence is ours: the peer was never asked."""
    async with evil("silent") as (served, port):
        peer = peer_at(port, at_once=1, seconds=20)
        came = await asyncio.gather(
            *(client.post(peer, "/x", b"{}", deadline=each) for each in (1.5, 0.2))
        )

    assert [each.reason for each in came] == [Reason.TIMEOUT] * 2
    assert [each.is_ours for each in came] == [False, True]
    assert len(served.asked) == 1


async def test_f11_a_client_that_leaves_ends_the_exchange(client: Client) -> None:
    """Cancelling closes the connection, and gives the turn back."""
    came, gone = asyncio.Event(), asyncio.Event()

    async def waiting(writer: asyncio.StreamWriter) -> None:
        came.set()
        writer.write(CLOSED)
        while not writer.transport.is_closing():
            writer.write(b" ")
            await asyncio.sleep(0.01)
        gone.set()

    async with evil(waiting) as (_, port):
        peer = peer_at(port, at_once=1, seconds=20)
        for _ in range(2):
            task = asyncio.create_task(client.post(peer, "/x", b"{}", deadline=20))
            async with asyncio.timeout(10):
                await came.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with asyncio.timeout(5):  # one second, where nobody else is busy
                await gone.wait()
            came.clear()
            gone.clear()


async def test_no_time_left_is_no_question(client: Client) -> None:
    """A deadline that has passed asks nobody."""
    async with evil("cookie") as (served, port):
        came = await client.post(peer_at(port), "/x", b"{}", deadline=0)

    assert (came.reason, came.is_ours) == (Reason.TIMEOUT, True)
    assert served.asked == []


async def test_a_kept_connection_that_was_closed_is_no_silence(client: Client) -> None:
    """A peer that closes what we kept is asked again, once, over a new one."""
    async with evil("cookie") as (served, port):
        peer = peer_at(port)
        first = await client.post(peer, "/x", b"{}", deadline=20)
        again = [await client.post(peer, "/x", b"{}", deadline=20) for _ in range(3)]

    assert [each.body for each in (first, *again)] == [b"{}"] * 4
    assert len(served.asked) == 4


async def test_a_peer_that_is_no_more_is_left_when_its_answers_have_come(
    client: Client,
) -> None:
    """New terms interrupt nothing that is asked; what comes later has a new session."""

    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        writer.write(JSON + b"Content-Length: 2\r\n\r\n{}")

    async with evil(slow) as (served, port):
        peer = peer_at(port)
        task = asyncio.create_task(client.post(peer, "/x", b"{}", deadline=20))
        await asyncio.sleep(0.03)
        await client.take(Terms(agent="another"), [])
        came = await task
        later = await client.post(peer, "/x", b"{}", deadline=20)

    assert (came.body, later.body) == (b"{}", b"{}")
    assert b"user-agent: another" in served.asked[1].lower()
