"""One hardened exchange with a peer: bounded in time, bytes, calls and addresses.

The deadline is the wall's clock, the bytes are counted unpacked, no redirect is
followed, no cookie kept, no proxy used but one that is configured; the address is
judged when the socket is made.  What a body says is not read here, nothing is logged.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from http import HTTPStatus
from time import monotonic, time
from typing import TYPE_CHECKING, Final

import aiohttp
from yarl import URL

from beacon.model.nodes import Reason
from beacon.network.connections import Connector
from beacon.network.credentials import Purse
from beacon.network.exchanged import Heard, Silence
from beacon.network.failures import TooLarge, silence_of
from beacon.network.sockets import anywhere, check_literal, guard
from beacon.network.trust import Trusts

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Mapping
    from types import SimpleNamespace

    from beacon.network.exchanged import SubjectToken
    from beacon.network.peers import Peer, Terms

_PIECE: Final = 65_536
_LARGEST_ERROR: Final = 65_536
"""Bytes that are read of an error, which has a sentence to say."""
_KEPT: Final = frozenset({"content-type", "retry-after", "etag", "last-modified"})
_PASSED_ON: Final = {
    each.lower()
    for each in (
        *("Accept", "Accept-Language", "Content-Type", "If-None-Match"),
        *("If-Modified-Since", "X-Request-Id", "traceparent", "tracestate", "Via"),
    )
}
"""Headers that may be given for an exchange; so no requester's token is among them."""
_NAMES_KEPT: Final = 60
"""Seconds for which the address of a name is kept; it is judged again each time."""
_IDLE: Final = 15.0
"""Seconds for which a connection is kept; few servers keep theirs for less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """One request, as it is sent."""

    method: str
    url: URL
    body: bytes | None
    headers: Mapping[str, str]
    largest: int
    shows: bool = True


class _Line:
    """One peer's session, turns, trust and purse.

    Args:
        peer: whose they are.
        agent: the ``User-Agent`` we go by.
    """

    def __init__(self, peer: Peer, agent: str) -> None:
        self.peer = peer
        self.agent = agent
        self.turns = asyncio.Semaphore(peer.at_once)
        self.trusts = Trusts(peer.credentials)
        self._login = Trusts(peer.credentials, of_login=True)
        self._purse = Purse(peer.credentials, self._sent_form)
        self._session: aiohttp.ClientSession | None = None
        self._calls = 0
        self._is_retired = False

    def leads_to(self, peer: Peer) -> bool:
        """Whether it is good for a peer, which may have changed in other respects."""
        return self.peer is peer or way_to(self.peer) == way_to(peer)

    async def retire(self) -> None:
        """Close its connections, when the last answer that is awaited has come."""
        self._is_retired = True
        if self._calls == 0 and self._session is not None:
            await self._session.close()

    async def ask(
        self, call: _Call, subject: SubjectToken | None, left: float, total: _Turns
    ) -> Heard | Silence:
        """Return what came of a call within ``left`` seconds."""
        began, has_turn = monotonic(), False
        self._calls += 1
        try:
            async with asyncio.timeout(left), self.turns, total:
                began, has_turn = monotonic(), True
                came = await self._asked(call, subject)
        except TimeoutError:
            came = _late(left, has_turn=has_turn)
        finally:
            self._calls -= 1
            if self._is_retired:
                await self.retire()
        return replace(came, seconds=monotonic() - began)

    async def _asked(
        self, call: _Call, subject: SubjectToken | None
    ) -> Heard | Silence:
        """Return what came; a token that was kept, and is no good any more, is renewed.

        It may have been taken back before its time.
        """
        if not call.shows:
            return await self._sent(call, self.trusts)
        while True:
            shown = await self._purse.shown(subject)
            if isinstance(shown, Silence):
                return shown
            came = await self._sent(_with(call, shown.authorization), self.trusts)
            if isinstance(came, Silence) or came.status != HTTPStatus.UNAUTHORIZED:
                return came
            self._purse.forget(subject)
            if not shown.is_kept:
                return came

    async def _sent_form(
        self, address: str, body: bytes, headers: dict[str, str]
    ) -> Heard | Silence:
        """Send a form to the authorisation server of the peer."""
        call = _Call(
            method="POST",
            url=URL(address),
            body=body,
            headers=_common(self.agent) | headers,
            largest=_LARGEST_ERROR,
        )
        return await self._sent(call, self._login)

    async def _sent(self, call: _Call, trusts: Trusts) -> Heard | Silence:
        """Return what came of a request; one that never got through is sent again."""
        for is_last in (False, True):
            way = _Way()
            try:
                is_secure = call.url.scheme == "https"
                context = await trusts.now() if is_secure else None
                return await self._once(call, context, way)
            except Exception as failure:
                silence = silence_of(failure)
                if silence is None:
                    raise
                if is_last or not way.is_worth_again(failure):
                    return silence
        message = "a loop that returns has ended"
        raise AssertionError(message)

    async def _once(
        self, call: _Call, context: ssl.SSLContext | None, way: _Way
    ) -> Heard | Silence:
        if self._session is None:
            self._session = _session(self.peer)
        if self.peer.proxy is not None:
            check_literal(call.url.host, self.peer.private)
        async with self._session.request(
            call.method,
            call.url,
            data=call.body,
            headers=call.headers,
            allow_redirects=False,
            ssl=context or True,
            proxy=self.peer.proxy,
            trace_request_ctx=way,
        ) as response:
            status = response.status
            is_redirect = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
            if is_redirect and status != HTTPStatus.NOT_MODIFIED:
                return Silence(
                    reason=Reason.REDIRECT,
                    sentence="It sends us elsewhere, and no redirect is followed.",
                )
            return Heard(
                status=status,
                headers={
                    name.lower(): text
                    for name, text in response.headers.items()
                    if name.lower() in _KEPT
                },
                body=await _body(response, call.largest),
            )


class Client:
    """Asks peers, with one session for each; nothing of one is known to another.

    Args:
        terms: what holds for all of them.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._total = asyncio.Semaphore(terms.connections)
        self._lines: dict[str, _Line] = {}

    async def post(
        self,
        peer: Peer,
        path: str,
        body: bytes,
        *,
        deadline: float,
        headers: Mapping[str, str] | None = None,
        subject: SubjectToken | None = None,
    ) -> Heard | Silence:
        """Return what a peer answers to a question.

        Nothing is raised but by cancelling, which ends the exchange.

        Args:
            peer: that is asked.
            path: below its ``url``, as ``/g_variants``.
            body: JSON.
            deadline: seconds that are left; the peer's own are the most it has.
            headers: more of them: ``X-Request-Id``, ``traceparent``, ``Via``.
            subject: the requester's token, to be exchanged for one of the peer's.
        """
        call = _Call(
            method="POST",
            url=URL(f"{peer.url}{path}"),
            body=body,
            headers=self._headers(headers, {"Content-Type": "application/json"}),
            largest=peer.largest,
        )
        return await self._asked(peer, call, subject, deadline)

    async def get(
        self,
        peer: Peer,
        path: str,
        *,
        deadline: float,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        subject: SubjectToken | None = None,
        shows: bool = True,
    ) -> Heard | Silence:
        """Return what a peer answers to a GET; see ``post``.

        Args:
            peer: that is asked.
            path: below its ``url``.
            deadline: seconds that are left.
            query: of the address.
            headers: more of them.
            subject: the requester's token.
            shows: whether it is shown our credentials; what it says of itself is
                everybody's.
        """
        url = URL(f"{peer.url}{path}")
        call = _Call(
            method="GET",
            url=url.with_query(query) if query else url,
            body=None,
            headers=self._headers(headers, {}),
            largest=peer.largest,
            shows=shows,
        )
        return await self._asked(peer, call, subject, deadline)

    async def take(self, terms: Terms, peers: Iterable[Peer]) -> None:
        """Go by other terms, and leave whoever is no peer any more.

        What is asked goes on to its end.
        """
        if terms.connections != self._terms.connections:
            self._total = asyncio.Semaphore(terms.connections)
        self._terms = terms
        known = {peer.node.id: peer for peer in peers}
        for name, line in list(self._lines.items()):
            peer = known.get(name)
            if peer is None or not line.leads_to(peer) or line.agent != terms.agent:
                await self._lines.pop(name).retire()

    async def close(self) -> None:
        """Close all connections."""
        while self._lines:
            await self._lines.popitem()[1].retire()

    def days_left(self, peer: Peer) -> float | None:
        """Return how long the certificate of a peer holds, where one was seen."""
        line = self._lines.get(peer.node.id)
        return None if line is None else line.trusts.days_left(time)

    async def _asked(
        self,
        peer: Peer,
        call: _Call,
        subject: SubjectToken | None,
        deadline: float,
    ) -> Heard | Silence:
        left = min(peer.seconds, deadline)
        if left <= 0:
            return _late(left, has_turn=False)
        line = self._lines.get(peer.node.id)
        if line is None or not line.leads_to(peer):
            if line is not None:
                await line.retire()
            line = self._lines[peer.node.id] = _Line(peer, self._terms.agent)
        return await line.ask(call, subject, left, self._total)

    def _headers(
        self, given: Mapping[str, str] | None, own: Mapping[str, str]
    ) -> dict[str, str]:
        passed = {
            name: text
            for name, text in (given or {}).items()
            if name.lower() in _PASSED_ON and text.isascii() and text.isprintable()
        }
        return _common(self._terms.agent) | dict(own) | passed


_Turns = asyncio.Semaphore


class _Way:
    """What is known of a request on its way: whether it may be sent again."""

    def __init__(self) -> None:
        self._is_reused = False

    def note_reuse(self) -> None:
        """Take down that it goes over a connection that was kept."""
        self._is_reused = True

    def is_worth_again(self, failure: Exception) -> bool:
        """Whether it never reached the peer: no connection, or one that was closed."""
        if isinstance(
            failure, aiohttp.ClientSSLError | aiohttp.ClientConnectorDNSError
        ):
            return False
        if isinstance(failure, aiohttp.ClientConnectorError):
            return isinstance(failure.os_error, ConnectionError)
        is_closed = aiohttp.ServerDisconnectedError | aiohttp.ClientOSError
        return self._is_reused and isinstance(failure, is_closed)


def way_to(peer: Peer) -> tuple[object, ...]:
    """Return what a connection to a peer is made by."""
    return peer.url, peer.at_once, peer.credentials, peer.private, peer.proxy


async def _note_reuse(
    _: aiohttp.ClientSession, context: SimpleNamespace, __: object
) -> None:
    context.trace_request_ctx.note_reuse()


def _session(peer: Peer) -> aiohttp.ClientSession:
    watch = aiohttp.TraceConfig()
    watch.on_connection_reuseconn.append(_note_reuse)
    return aiohttp.ClientSession(
        connector=Connector(
            limit=0,  # there are turns
            socket_factory=guard(peer.private) if peer.proxy is None else anywhere,
            ttl_dns_cache=_NAMES_KEPT,
            keepalive_timeout=_IDLE,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        trust_env=False,
        read_bufsize=_PIECE,
        trace_configs=[watch],
    )


async def _body(response: aiohttp.ClientResponse, largest: int) -> bytes:
    """Return a body; of an error its beginning.

    Raises:
        TooLarge: when it has more bytes than are read.
    """
    is_error = response.status >= HTTPStatus.BAD_REQUEST
    most = min(largest, _LARGEST_ERROR) if is_error else largest
    body = bytearray()
    async for chunk in response.content.iter_chunked(_PIECE):
        body += chunk
        if len(body) > most:
            response.close()
            if is_error:
                return bytes(body[:most])
            raise TooLarge
    return bytes(body)


def _common(agent: str) -> dict[str, str]:
    return {
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "User-Agent": agent,
    }


def _with(call: _Call, authorization: str | None) -> _Call:
    if authorization is None:
        return call
    return replace(call, headers={**call.headers, "Authorization": authorization})


def _late(left: float, *, has_turn: bool) -> Silence:
    if has_turn:
        sentence = f"It did not answer within {left:.3g} s."
        return Silence(reason=Reason.TIMEOUT, sentence=sentence)
    return Silence(
        reason=Reason.TIMEOUT,
        sentence="So much was asked of it by us that no turn came in time.",
        is_ours=True,
    )
