"""Peers that are asked by a proxy: one that is configured, and by TLS through it."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import trustme

from beacon.model.nodes import Reason
from beacon.network.client import Client
from beacon.network.exchanged import Heard, SubjectToken
from beacon.network.peers import Credentials, Proof, Terms
from tests.network.evil import JSON, evil, peer_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import pytest

    from beacon.network.peers import Peer

GOOD = JSON + b"Content-Length: 2\r\n\r\n{}"


class Proxy:
    """A proxy on loopback that keeps what it is asked for."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.refuses = False

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Lead one connection to where it wants to go."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            if self.refuses:
                writer.write(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
            elif head.startswith(b"CONNECT "):
                await self._lead(head, reader, writer)
            else:
                writer.write(GOOD)
            await writer.drain()
        writer.close()

    async def _lead(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        host, port = head.split()[1].decode().rsplit(":", 1)
        there, thither = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(_pass(reader, thither), _pass(there, writer))


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def proxied() -> AsyncIterator[tuple[Proxy, str]]:
    """Give a proxy and its address."""
    proxy = Proxy()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    yield proxy, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def asked(peer: Peer, subject: SubjectToken | None = None):
    """Return what came of asking a peer."""
    client = Client(Terms())
    try:
        return await client.post(peer, "/x", b"{}", deadline=2, subject=subject)
    finally:
        await client.close()


async def test_f06_a_proxy_sees_where_to_and_no_more(tmp_path: Path) -> None:
    """Through it goes TLS with the peer itself; a token is not the proxy's to see."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    (tmp_path / "token").write_text("secret", encoding="utf-8")
    seen = []

    async def good(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(GOOD)
        await writer.drain()

    server = await asyncio.start_server(good, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    said = Credentials(
        proof=Proof.BEARER,
        token_file=tmp_path / "token",
        authorities=tmp_path / "ca.pem",
    )
    async with proxied() as (proxy, address):
        url = f"https://127.0.0.1:{port}"
        came = await asked(peer_at(port, url=url, proxy=address, credentials=said))
    server.close()

    assert isinstance(came, Heard)
    assert len(proxy.heads) == 1
    assert proxy.heads[0].startswith(b"CONNECT 127.0.0.1:%d " % port)
    assert b"secret" not in proxy.heads[0]
    assert b"authorization: bearer secret" in seen[0].lower()


async def test_f06_an_address_inside_is_not_asked_by_a_proxy() -> None:
    """Spelled as a number it is judged as ever; the proxy is not even asked."""
    async with proxied() as (proxy, address):
        inside = peer_at(1, url="http://127.0.0.1:1", private=(), proxy=address)
        listed = peer_at(1, url="http://127.0.0.1:1", proxy=address)
        refused, came = await asked(inside), await asked(listed)

    assert refused.reason is Reason.FORBIDDEN_ADDRESS
    assert isinstance(came, Heard)
    assert len(proxy.heads) == 1


async def test_a_proxy_that_refuses_or_is_away_is_no_answer() -> None:
    """The peer is unreachable then, whatever it is."""
    async with proxied() as (proxy, address):
        proxy.refuses = True
        peer = peer_at(1, url="https://beacon.example.org", proxy=address)
        refused = await asked(peer)
    away = await asked(peer)

    assert [refused.reason, away.reason] == [Reason.UNREACHABLE] * 2
    assert refused.sentence == away.sentence == "Our proxy does not lead to it."


async def test_f06_no_proxy_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever sets a variable does not see what is asked."""
    async with proxied() as (proxy, address), evil("cookie") as (served, port):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, address)
        came = await asked(peer_at(port))

    assert isinstance(came, Heard)
    assert (len(served.asked), proxy.heads) == (1, [])
