"""What is read off the wire here is answered as by the library, and counted with it."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession, web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beacon.api.connections import Watch
from beacon.api.front import Front
from beacon.api.keys import METER
from beacon.api.plain import plain_head
from beacon.api.sending import PAYS_FROM
from beacon.app import Post, Site
from beacon.settings import Settings
from tests.api.site import application
from tests.api.test_api_door import SlowBeacon, soon

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from beacon.api.front import Connection
    from beacon.api.keys import BeaconService
    from beacon.api.plain import Head
    from beacon.service import LocalBeacon

ASKED = "/api/g_variants"
BODY = {
    "query": {
        "requestParameters": {
            "assemblyId": "GRCh37",
            "referenceName": "22",
            "start": [100],
            "referenceBases": "T",
            "alternateBases": "C",
        },
        "requestedGranularity": "count",
    }
}
TEXT = "assemblyId=GRCh37&referenceName=22&start=100&referenceBases=T&alternateBases=C"


class Fronted:
    """A site whose connections begin at the front, and the same without it."""

    def __init__(self, app: web.Application, keep_alive: float) -> None:
        self.app = app
        self.keep_alive = keep_alive
        self.front: Front
        self.ports: tuple[int, int]

    def url(self, path: str, *, library: bool = False) -> str:
        """Return where a path is, by the front or by the library alone."""
        return f"http://127.0.0.1:{self.ports[library]}{path}"


@asynccontextmanager
async def fronted(
    beacon: BeaconService, *, keep_alive: float = 75.0, **limits: int
) -> AsyncIterator[Fronted]:
    """Give a site over a beacon."""
    site = Fronted(application(beacon, **limits), keep_alive)
    runner = web.AppRunner(site.app, access_log=None, handler_cancellation=True)
    await runner.setup()
    assert runner.server is not None
    site.front = Front(site.app, runner.server, keep_alive=keep_alive)
    loop = asyncio.get_running_loop()
    servers = [
        await loop.create_server(protocol, "127.0.0.1", 0)
        for protocol in (site.front, runner.server)
    ]
    first, second = (server.sockets[0].getsockname()[1] for server in servers)
    site.ports = first, second
    yield site
    for server in servers:
        server.close()
    await site.front.close(5)
    await runner.cleanup()


@pytest.fixture
async def site(beacon: LocalBeacon) -> AsyncIterator[Fronted]:
    """Give the site over two datasets."""
    async with fronted(beacon) as site:
        yield site


REQUESTS = [
    ("POST", ASKED, {"json": BODY}),
    ("POST", ASKED, {"json": BODY}),
    ("GET", f"{ASKED}?{TEXT}", {}),
    ("GET", f"{ASKED}?{TEXT}&requestedGranularity=record&limit=0", {}),
    ("GET", ASKED, {}),
    ("GET", f"{ASKED}?start=ten", {}),
    ("GET", f"{ASKED}?{TEXT.replace('start=100', 'start=999999999')}", {}),
    ("GET", f"{ASKED}/", {}),
    ("HEAD", f"{ASKED}?{TEXT}", {}),
    ("PUT", ASKED, {"json": BODY}),
    ("OPTIONS", ASKED, {"headers": {"Access-Control-Request-Method": "POST"}}),
    ("POST", ASKED, {"data": b"{"}),
    ("POST", ASKED, {"json": BODY, "compress": "deflate"}),
    ("POST", ASKED, {"json": BODY, "expect100": True}),
    ("POST", ASKED, {"json": BODY, "chunked": True}),
    ("POST", f"{ASKED}?limit=1", {"json": BODY}),
    ("GET", f"{ASKED}?{TEXT}&datasets=none", {"headers": {"Connection": "close"}}),
]
UNLIKE = {"Date", "Connection"}


@pytest.mark.parametrize(("method", "path", "more"), REQUESTS)
async def test_the_front_answers_as_the_library_does(
    site: Fronted, method: str, path: str, more: dict
) -> None:
    """Status, headers and body, asked twice each on one connection."""
    more = more | {"headers": {"Host": "a.example"} | more.get("headers", {})}
    async with ClientSession() as session:
        for _ in range(2):
            told = []
            for library in (False, True):
                url = site.url(path, library=library)
                async with session.request(method, url, **more) as answer:
                    headers = dict(answer.headers.items())
                    kept = {k: v for k, v in headers.items() if k not in UNLIKE}
                    told.append((answer.status, kept, await answer.read()))

            assert told[0] == told[1]


async def test_heads_are_known_again_whatever_their_request_ids(
    site: Fronted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network's questions have an id each: one head is read, and each has its id."""
    read: list[bytes] = []

    def reading(text: bytes) -> Head | None:
        read.append(text)
        return plain_head(text)

    monkeypatch.setattr("beacon.api.front.plain_head", reading)
    first, length = f"POST {ASKED} HTTP/1.1", "Content-Length: 2"
    told = []
    for number in range(600):
        field = ("X-Request-Id", "x-request-id")[number % 2]
        fields = [f"{field}: id-{number}"] if number % 3 else []
        head = site.front.head(sent(first, None, *fields, length))
        assert head is not None
        told.append(head.headers.get("X-Request-Id"))
        assert (head.host, head.length) == ("a.example", 2)

    assert told == [f"id-{n}" if n % 3 else None for n in range(600)]
    assert len(read) == 1


@pytest.mark.parametrize(
    ("field", "is_kept"),
    [
        ("Accept: application/json", True),
        ("Authorization: Bearer s3cr3t", False),
        ("authorization: Bearer s3cr3t", False),
        ("Cookie: session=s3cr3t", False),
    ],
)
async def test_no_head_with_a_secret_is_kept(
    site: Fronted, field: str, is_kept: bool
) -> None:
    """A token or a cookie stays in memory no longer than its request."""
    head = sent(f"POST {ASKED} HTTP/1.1", None, field, "Content-Length: 2")
    first, second = site.front.head(head), site.front.head(head)

    assert first is not None
    assert is_kept == (first is second)


@pytest.mark.parametrize(
    "fields",
    [
        ("X-Request-Id: a", "X-Request-Id: b"),
        ("X-Request-Id: a", "x-request-id: a"),
        ("X-Request-Id:  a",),
        ("X-Request-Id:",),
    ],
)
async def test_odd_request_ids_are_the_librarys(
    site: Fronted, fields: tuple[str, ...]
) -> None:
    """Also where the same head with one plain id is known."""
    first, length = f"POST {ASKED} HTTP/1.1", "Content-Length: 2"
    for known in ((), ("X-Request-Id: a",), ("X-Request-Id: b",)):
        head = sent(first, None, *known, length)
        assert site.front.head(head) is not None

    assert site.front.head(sent(first, None, *fields, length)) is None


def sent(first: str, body: bytes | None = None, *fields: str) -> bytes:
    """Return a request as bytes."""
    lines = [first, "Host: a.example", *fields]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def posted(start: int, granularity: str = "count") -> bytes:
    """Return the question for a SNP, as bytes."""
    text = json.dumps(BODY).replace("[100]", f"[{start}]")
    body = text.replace("count", granularity).encode()
    return sent(f"POST {ASKED} HTTP/1.1", body)


SAID = [
    *(posted(start) for start in (99, 100, 101, 1000)),
    posted(100, "boolean"),
    posted(100, "record"),
    sent(f"GET {ASKED}?{TEXT} HTTP/1.1"),
    sent(f"GET {ASKED}?{TEXT}&limit=x HTTP/1.1"),
    sent(f"POST {ASKED} HTTP/1.1", b"{"),
    sent(f"POST {ASKED} HTTP/1.1", b""),
    sent("GET /api/info HTTP/1.1"),
    sent(f"GET {ASKED}/ HTTP/1.1"),
    sent(f"GET {ASKED} HTTP/1.1", None, "Connection: keep-alive"),
    sent(f"POST {ASKED} HTTP/1.1", None, "Transfer-Encoding: chunked") + b"0\r\n\r\n",
]
LAST = sent("GET /healthz HTTP/1.1", None, "Connection: close")


@asynccontextmanager
async def connected(
    port: int,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Give a connection; whoever closes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(20):
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def conversation(port: int, pieces: Sequence[bytes]) -> bytes:
    """Return all that is answered to pieces of bytes, but for moments."""
    async with connected(port) as (reader, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.001)
        told = await reader.read()
    return re.sub(rb"Date: [^\r]*\r\n", b"", told)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    said=st.lists(st.sampled_from(SAID), max_size=8),
    cuts=st.lists(st.integers(0, 3000), max_size=6),
)
async def test_a_conversation_is_answered_however_it_is_cut(
    site: Fronted, said: list[bytes], cuts: list[int]
) -> None:
    """Byte for byte as the library does, one request after the other."""
    text = b"".join([*said, LAST])
    ends = sorted({cut for cut in cuts if cut < len(text)})
    pairs = zip([0, *ends], [*ends, len(text)], strict=True)
    pieces = [text[start:end] for start, end in pairs]
    whole = await conversation(site.ports[True], [text])

    assert await conversation(site.ports[False], pieces) == whole


HEAD = f"POST {ASKED} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"


def test_a_plain_head_is_told_by_its_fields() -> None:
    """With the length of its body, and what the client names us."""
    head = plain_head(f"{HEAD}Accept: */*\r\n\r\n".encode())
    assert head is not None
    assert (head.method, head.host, head.length) == ("POST", "a", 2)
    assert head.headers["ACCEPT"] == "*/*"


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}Content-Length: 2\r\n\r\n",
        f"{HEAD}content-length: 3\r\n\r\n",
        f"{HEAD}Transfer-Encoding: chunked\r\n\r\n",
        f"{HEAD}Host: b\r\n\r\n",
        f"{HEAD}Expect: 100-continue\r\n\r\n",
        f"{HEAD}Connection: close\r\n\r\n",
        f"{HEAD}Upgrade: websocket\r\n\r\n",
        f"{HEAD}X: a\r\n b\r\n\r\n",
        f"{HEAD}X : a\r\n\r\n",
        f"{HEAD}X: a\tb\r\n\r\n",
        f"{HEAD}X: a\nTransfer-Encoding: chunked\r\n\r\n",
        f"{HEAD}X: é\r\n\r\n",
        HEAD.replace(": 2", ": +2") + "\r\n",
        HEAD.replace(": 2", ": 02") + "\r\n",
        HEAD.replace("1.1", "1.0") + "\r\n",
        HEAD.replace("Host: a\r\n", "") + "\r\n",
        HEAD.replace("Content-Length: 2\r\n", "") + "\r\n",
        HEAD.replace("POST", "GET") + "\r\n",
        HEAD.replace("POST", "PUT") + "\r\n",
        HEAD.replace(ASKED, f"{ASKED}#a") + "\r\n",
        HEAD.replace(ASKED, f"http://a{ASKED}") + "\r\n",
    ],
)
def test_what_is_not_plain_is_left(text: str) -> None:
    """Whatever says more of a body, says it twice, or in another spelling."""
    assert plain_head(text.encode()) is None


async def test_long_answers_are_packed(site: Fronted) -> None:
    """For clients that accept it."""
    path = f"{ASKED}?assemblyId=GRCh37&referenceName=22&start=0&end=5000"
    path += "&requestedGranularity=record&limit=100"
    async with (
        ClientSession(headers={"Accept-Encoding": "gzip"}) as session,
        session.get(site.url(path)) as answer,
    ):
        assert answer.headers["Content-Encoding"] == "gzip"
        assert len(await answer.read()) > PAYS_FROM


async def test_it_is_counted_under_the_path(site: Fronted) -> None:
    """Together with what the library let through."""
    async with ClientSession() as session:
        await session.get(site.url(f"{ASKED}?{TEXT}"))
        await session.get(site.url(f"{ASKED}/?{TEXT}"))
    rows = site.app[METER].mine().rows

    assert sum(rows[ASKED, "GET", 200][1:]) == 2


async def test_a_large_body_is_refused(beacon: LocalBeacon) -> None:
    """By its size."""
    async with (
        fronted(beacon, body=10) as site,
        ClientSession() as session,
        session.post(site.url(ASKED), json=BODY) as answer,
    ):
        assert answer.status == 413
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_who_finds_no_place_is_refused() -> None:
    """With 503, and when to come again."""
    beacon = SlowBeacon()
    async with (
        fronted(beacon, in_work=1, waiting=0) as site,  # type: ignore[arg-type]
        ClientSession() as session,
    ):
        first = asyncio.ensure_future(session.get(site.url(ASKED)))
        await soon(lambda: beacon.asked)
        async with session.get(site.url(ASKED)) as answer:
            assert answer.status == 503
            assert answer.headers["Retry-After"] == "1"
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
        beacon.go.set()
        (await first).close()


async def test_who_leaves_is_not_answered() -> None:
    """What was asked for them ends, and they are counted."""
    beacon = SlowBeacon()
    async with fronted(beacon) as site:  # type: ignore[arg-type]
        async with connected(site.ports[0]) as (_, writer):
            writer.write(posted(100))
            await soon(lambda: beacon.asked)
            writer.transport.abort()
            await soon(lambda: beacon.cancelled)
        await soon(lambda: not site.front.connections)

        assert site.app[METER].mine().counts["left"] == 1


async def test_what_is_on_its_way_is_answered_before_the_end() -> None:
    """And the connection ends with it; one that is idle ends before."""
    beacon = SlowBeacon()
    async with (
        fronted(beacon) as site,  # type: ignore[arg-type]
        connected(site.ports[0]) as (idle, _),
        connected(site.ports[0]) as (reader, writer),
    ):
        writer.write(sent(f"POST {ASKED} HTTP/1.1", b"{"))
        await soon(lambda: beacon.asked)
        ending = asyncio.ensure_future(site.front.close(20))
        assert await idle.read() == b""
        beacon.go.set()
        told = await reader.read()
        await ending

        assert told.startswith(b"HTTP/1.1 400 ")
        assert b"Connection: close" in told


@pytest.mark.parametrize("cut", [0, -20])
async def test_what_was_sent_before_the_end_is_answered(
    site: Fronted, cut: int
) -> None:
    """What still lies unread, or has half come, on a connection that is kept."""
    text = posted(100)
    async with connected(site.ports[0]) as (reader, writer):
        writer.write(text)
        await reader.readuntil(b"\r\n\r\n")
        await soon(lambda: all(each.task is None for each in site.front.connections))
        if cut < 0:  # a head and half a body: that is never cut off
            writer.write(text[:cut])
            await asyncio.sleep(0.05)
        ending = asyncio.ensure_future(site.front.close(20))
        await asyncio.sleep(0.6 if cut < 0 else 0.1)
        writer.write(text[cut:])
        told = await reader.read()
        await ending

    assert told.count(b"HTTP/1.1 200") == 1
    assert b"Connection: close" in told


async def test_a_failure_that_reads_as_a_client_that_left_is_explained() -> None:
    """Who asks at the front is there: it is told that this beacon failed."""

    class Broken(SlowBeacon):
        async def loaded(self, _: object = None) -> frozenset[str]:
            raise ConnectionResetError

        datasets = genes = loaded

    async with (
        fronted(Broken()) as site,  # type: ignore[arg-type]
        ClientSession() as session,
        asyncio.timeout(10),
        session.post(site.url(ASKED), json=BODY) as answer,
    ):
        assert answer.status == 500
        assert (await answer.json())["info"]["status"] == "no_answer"


@pytest.mark.parametrize("status", [499, 200])
async def test_an_answer_that_cannot_be_written_ends_the_connection(
    site: Fronted, status: int
) -> None:
    """A status without a phrase, or no answer at all, hangs nobody."""

    async def odd(*_: object) -> object:
        return web.Response(status=499) if status == 499 else None

    site.front.door.let_in = odd  # type: ignore[method-assign, assignment]
    async with connected(site.ports[0]) as (reader, writer):
        writer.write(posted(100))

        assert await asyncio.wait_for(reader.read(), 10) == b""
    await soon(lambda: not site.front.connections)


async def stuck(site: Fronted) -> tuple[socket.socket, Connection]:
    """Return a client that asks for much and takes nothing, and its connection."""
    loop = asyncio.get_running_loop()
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.setblocking(False)
    await loop.sock_connect(line, ("127.0.0.1", site.ports[0]))
    sending = asyncio.ensure_future(loop.sock_sendall(line, posted(100) * 20_000))
    await soon(lambda: site.front.connections)
    (connection,) = site.front.connections
    before = 0
    while not before or before != connection.transport.get_write_buffer_size():
        before = connection.transport.get_write_buffer_size()
        await asyncio.sleep(0.2)
    sending.cancel()
    return line, connection


async def test_who_takes_nothing_is_given_up_at_the_end(site: Fronted) -> None:
    """What is not taken in the time there is keeps no connection."""
    line, connection = await stuck(site)
    await site.front.close(0.7)
    await soon(lambda: not site.front.connections)

    assert connection.transport.is_closing()
    line.close()


@pytest.mark.parametrize("is_closing", [False, True])
async def test_a_served_client_that_takes_nothing_is_given_up(
    site: Fronted, is_closing: bool
) -> None:
    """Also one whose connection is closed already, as far as what is sent allows."""
    line, connection = await stuck(site)
    if is_closing:
        connection.transport.close()
    watch = Watch()
    ended = [watch.look([*site.front.connections], 100.0 + n) for n in range(33)]

    assert sum(ended[:30]) == 0
    assert sum(ended) > 0
    await soon(lambda: not site.front.connections)
    line.close()


async def test_a_silent_client_has_as_long_as_at_the_library(site: Fronted) -> None:
    """For its first request; once it has asked, as long as connections are kept."""
    async with connected(site.ports[0]) as (idle, _):
        await soon(lambda: site.front.connections)
        (silent,) = site.front.connections
        async with connected(site.ports[0]) as (reader, writer):
            writer.write(posted(100))
            await reader.readuntil(b"\r\n\r\n")
            watch = Watch()
            ended = [watch.look([*site.front.connections], 9.0 * n) for n in range(3)]

            assert (ended, silent.has_asked) == ([0, 0, 1], False)
            with suppress(ConnectionError):
                assert await idle.read() == b""
            assert silent not in site.front.connections
            assert len(site.front.connections) == 1


def post_at(listening: socket.socket, folder: Path) -> Post:
    """Return the post of a process that is alone."""
    return Post(name="0", workers=1, folder=folder, sockets=(listening,), mine=(0,))


async def test_a_process_looks_at_the_connections_of_its_front(
    beacon: LocalBeacon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A served site closes one that asks nothing, once its time is over."""
    monkeypatch.setattr("beacon.api.connections.FOR_A_HEAD", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        process = Site(Settings(), beacon, post_at(listening, tmp_path))
        await process.open()
        async with connected(port) as (reader, _):
            with suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), 15) == b""
        await process.close()


async def test_a_process_ends_with_what_the_library_was_still_sent(
    beacon: LocalBeacon, tmp_path: Path
) -> None:
    """Half a body that has come is read on, and answered; all within one time."""
    text = posted(100).replace(b"Host:", b"Accept-Charset: \t\r\nHost:")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        process = Site(Settings(), beacon, post_at(listening, tmp_path))
        await process.open()
        async with connected(port) as (reader, writer):
            writer.write(text[:-20])
            await asyncio.sleep(0.2)
            ending = asyncio.ensure_future(process.close())
            await asyncio.sleep(1)
            writer.write(text[-20:])
            told = await reader.read()
            await ending

    assert told.startswith(b"HTTP/1.1 200")


async def test_a_server_that_closes_says_so(site: Fronted) -> None:
    """With the next answer of each connection."""
    site.front.door.is_closing = True
    async with connected(site.ports[0]) as (reader, writer):
        writer.write(posted(100))

        assert b"Connection: close" in await reader.read()


async def test_a_silent_connection_is_closed(beacon: LocalBeacon) -> None:
    """After as long as it may say nothing, counted from its last answer."""
    async with (
        fronted(beacon, keep_alive=0.3) as site,
        connected(site.ports[0]) as (reader, writer),
    ):
        writer.write(posted(100))

        assert (await reader.read()).startswith(b"HTTP/1.1 200")


async def test_a_client_that_does_not_read_is_not_read(site: Fronted) -> None:
    """Its questions wait until it does; then all of them are answered."""
    many = 4000
    async with connected(site.ports[0]) as (reader, writer):
        writer.write(posted(100) * many + LAST)
        await asyncio.sleep(0.2)
        told = await reader.read()

    assert told.count(b"HTTP/1.1 200") == many + 1
