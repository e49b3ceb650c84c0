"""Peers made to harm: real sockets on loopback that answer as no beacon should."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import zlib
from asyncio import CancelledError
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_network
from typing import TYPE_CHECKING

from beacon.model.nodes import Node
from beacon.network.peers import Peer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CLOSED = JSON + b"Connection: close\r\n\r\n"


def peer_at(port: int, **more: object) -> Peer:
    """Return a peer on loopback that has long: who waits for its end says how long."""
    told = {
        "node": Node(id="xx.evil", names={"en": "Evil"}),
        "url": f"http://127.0.0.1:{port}",
        "private": LOOPBACK,
        "seconds": 20.0,
        "largest": 1_000_000,
        **more,
    }
    return Peer(**told)


def bomb(mebibytes: int) -> bytes:
    """Return a gzip stream of so many MiB of spaces, a thousandth as large."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    piece = packer.compress(b" " * 1_048_576) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + piece * mebibytes


Writer = asyncio.StreamWriter


async def _bomb(writer: Writer) -> None:
    writer.write(JSON + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n")
    writer.write(bomb(1024))


async def _endless(writer: Writer) -> None:
    writer.write(CLOSED)
    while True:
        writer.write(b" " * 65_536)
        await writer.drain()


async def _endless_error(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 500 Oh\r\nConnection: close\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def _drip(writer: Writer) -> None:
    writer.write(CLOSED)
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _drip_headers(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X: y\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _many_headers(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Y: zzzzzzzz\r\n" * 1000)
        await writer.drain()


async def _long_header(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        writer.write(b"y" * 65_536)
        await writer.drain()


async def _continues(writer: Writer) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)
        await writer.drain()


async def _silent(writer: Writer) -> None:
    await asyncio.sleep(3600)


async def _reset(writer: Writer) -> None:
    taken: socket.socket = writer.get_extra_info("socket")
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _reset_in_body(writer: Writer) -> None:
    writer.write(JSON + b"Content-Length: 100\r\n\r\n{")
    await writer.drain()
    await asyncio.sleep(0.02)
    await _reset(writer)


def _sends(data: bytes) -> Callable[[Writer], Awaitable[None]]:
    async def send(writer: Writer) -> None:
        writer.write(data)

    return send


def _chunked(*pieces: bytes) -> bytes:
    return JSON + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(pieces)


DEEP = b"[" * 200_000
SETS = b'{"response":{"resultSets":[' + b",".join([b"{}"] * 100_000) + b"]}}"

MANNERS: dict[str, Callable[[Writer], Awaitable[None]]] = {
    "bomb": _bomb,
    "endless": _endless,
    "endless_error": _endless_error,
    "drip": _drip,
    "drip_headers": _drip_headers,
    "many_headers": _many_headers,
    "long_header": _long_header,
    "continues": _continues,
    "silent": _silent,
    "reset": _reset,
    "reset_in_body": _reset_in_body,
    "closes": _sends(b""),
    "garbage": _sends(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 9),
    "no_http": _sends(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "http_0_9": _sends(b"<html>hello</html>"),
    "redirect": _sends(
        b"HTTP/1.1 307 Over There\r\nLocation: http://127.0.0.1:1/\r\n"
        b"Content-Length: 0\r\n\r\n"
    ),
    "redirect_page": _sends(
        b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 2\r\n\r\nhi"
    ),
    "half": _sends(JSON + b"Content-Length: 100\r\n\r\n{"),
    "two_lengths": _sends(JSON + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"),
    "negative_length": _sends(JSON + b"Content-Length: -1\r\n\r\n{}"),
    "huge_length": _sends(JSON + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n{}"),
    "bad_chunk": _sends(_chunked(b"zz\r\n{}\r\n0\r\n\r\n")),
    "huge_chunk": _sends(_chunked(b"f" * 16 + b"\r\n{}\r\n")),
    "no_gzip": _sends(JSON + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"),
    "half_gzip": _sends(
        JSON
        + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n"
        + gzip.compress(b"{}" * 9)[:-9]
    ),
    "html": _sends(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n"
        b"<html></html>"
    ),
    "deep": _sends(CLOSED + DEEP),
    "nan": _sends(CLOSED + b'{"exists": NaN}'),
    "huge_int": _sends(CLOSED + b'{"n": ' + b"9" * 5000 + b"}"),
    "bad_utf8": _sends(CLOSED + b'{"a": "\xff\xfe"}'),
    "many_sets": _sends(CLOSED + SETS),
    "empty": _sends(JSON + b"Content-Length: 0\r\n\r\n"),
    "busy": _sends(
        b"HTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"
    ),
    "cookie": _sends(JSON + b"Set-Cookie: a=b\r\nContent-Length: 2\r\n\r\n{}"),
}


_ENDS = (
    *(ConnectionError, asyncio.IncompleteReadError, CancelledError),
    RuntimeError,  # what uvloop says of a connection that was closed
)


class Evil:
    """A server that answers every request in one manner, and keeps what was asked."""

    def __init__(self, manner: Callable[[Writer], Awaitable[None]]) -> None:
        self.manner = manner
        self.asked: list[bytes] = []
        self.connections = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        """Answer one connection."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        with suppress(*_ENDS):
            self.asked.append(await _request(reader))
            await self.manner(writer)
            await writer.drain()
        self._tasks.discard(task)
        writer.close()

    async def stop(self) -> None:
        """End what is being answered."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [
        int(line.split(b":")[1])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    ]
    return head + await reader.readexactly(sum(lengths))


@asynccontextmanager
async def evil(
    manner: str | Callable[[Writer], Awaitable[None]],
) -> AsyncIterator[tuple[Evil, int]]:
    """Give an evil peer and its port."""
    served = Evil(MANNERS[manner] if isinstance(manner, str) else manner)
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    yield served, server.sockets[0].getsockname()[1]
    server.close()
    await served.stop()
