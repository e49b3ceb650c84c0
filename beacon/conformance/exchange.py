"""One request and what came of it: slow, endless or broken answers included.

Every request has a deadline and every body a limit; no redirect is followed,
because a redirect could carry a token elsewhere.  Requests go to one origin,
one at a time, and no faster than asked.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING, Self

import aiohttp

from beacon.conformance.reading import at, parsed, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from yarl import URL

    from beacon.conformance.reading import Json

DEADLINE = 30.0
"""Seconds one exchange may take."""
LARGEST_BODY = 16_777_216
"""Bytes of an answer that are read; a larger one is not judged."""
USER_AGENT = "nordic-beacon-check"

_CHUNK = 65_536
_PAUSES = (0.2, 2.0, 10.0)
"""Seconds to wait, unless told, before a request that came too soon is repeated."""
_LONGEST_PAUSE = 60.0


class TurnedAway(Exception):
    """The beacon wants no more questions, however slowly they come."""

    def __init__(self, asked: int) -> None:
        """Say it of the request with a number."""
        super().__init__(f"request {asked} was turned away again (HTTP 429)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was sent; the token is no part of it."""

    method: str
    url: str
    body: str | None = None

    def __str__(self) -> str:
        sent = f"{self.method} {shown(self.url, 400)}"
        return sent if self.body is None else f"{sent} {shown(self.body, 600)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and its answer.

    Attributes:
        status: of HTTP; None when nothing came.
        headers: by lower-case name.
        document: the JSON that came, None when there is none.
        problem: why there is no document, in words that follow a subject.
        seconds: from sending to the last byte.
        size: bytes of the document.
    """

    request: Request
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    document: Json = None
    problem: str | None = None
    seconds: float = 0.0
    size: int = 0

    @property
    def is_answer(self) -> bool:
        """Whether it is 200 with a JSON object that is no error."""
        is_object = isinstance(self.document, dict)
        return self.status == HTTPStatus.OK and is_object and not self.tells_error

    @property
    def tells_error(self) -> bool:
        """Whether the document, whatever HTTP says, is an error."""
        return at(self.document, "error") is not None

    @property
    def is_refusal(self) -> bool:
        """Whether the asker is told to come with rights."""
        return self.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)

    @property
    def is_error(self) -> bool:
        """Whether HTTP says that it failed."""
        return self.status is not None and self.status >= HTTPStatus.BAD_REQUEST

    @property
    def came(self) -> str:
        """What came, in a few words."""
        if self.status is None:
            return self.problem or "nothing"
        said = f"HTTP {self.status}"
        if "location" in self.headers:
            said += f" to {shown(self.headers['location'])}"
        if self.tells_error:
            said += " with an error document"
        if self.problem is not None and not self.is_error:
            return f"{said}, and {self.problem}"
        return said if isinstance(self.document, dict) else f"{said}, no JSON object"


class Client:
    """Asks one beacon, politely."""

    def __init__(
        self,
        base: URL,
        *,
        token: str | None = None,
        rate: float = 0,
        deadline: float = DEADLINE,
        largest: int = LARGEST_BODY,
    ) -> None:
        """Keep how to ask.

        Args:
            base: address of the beacon; nothing outside its origin is asked.
            token: bearer token, sent where it is not left out.
            rate: requests per second at most; 0 for no bound.
            deadline: seconds for one exchange.
            largest: bytes of an answer that are read.
        """
        self._base = base
        self._token = token
        self._pause = 1 / rate if rate > 0 else 0.0
        self._deadline = deadline
        self._largest = largest
        self._next = 0.0
        self.asked = 0
        self.watch: Callable[[Exchange], None] = _ignore

    async def __aenter__(self) -> Self:
        """Open the connection pool."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=1),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            trust_env=False,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
            auto_decompress=True,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self._session.close()

    async def ask(
        self,
        url: URL,
        *,
        method: str = "GET",
        body: Json = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        anonymous: bool = False,
    ) -> Exchange:
        """Send one request and read what comes.

        Args:
            url: where to; of the beacon's own origin.
            method: of HTTP.
            body: JSON to send.
            raw: bytes to send instead of ``body``.
            headers: more of them.
            anonymous: whether the token is left out.

        Raises:
            TurnedAway: when it goes on answering 429.
        """
        sent = raw if raw is not None else _encoded(body)
        request = Request(
            method=method,
            url=str(url),
            body=None if sent is None else sent.decode("utf-8", "replace"),
        )
        every = self._headers(sent, headers, anonymous=anonymous)
        for pause in (*_PAUSES, None):
            await self._wait()
            self.asked += 1
            exchange = await self._exchange(request, url, sent, every)
            self.watch(exchange)
            if exchange.status != HTTPStatus.TOO_MANY_REQUESTS:
                return exchange
            if pause is not None:
                await asyncio.sleep(_patience(exchange, pause))
        raise TurnedAway(self.asked)

    async def _wait(self) -> None:
        now = monotonic()
        if now < self._next:
            await asyncio.sleep(self._next - now)
        self._next = max(now, self._next) + self._pause

    def _headers(
        self, sent: bytes | None, more: Mapping[str, str] | None, *, anonymous: bool
    ) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity"}
        if sent is not None:
            headers["Content-Type"] = "application/json"
        if self._token is not None and not anonymous:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers | dict(more or {})

    async def _exchange(
        self,
        request: Request,
        url: URL,
        sent: bytes | None,
        headers: Mapping[str, str],
    ) -> Exchange:
        if url.origin() != self._base.origin():
            return Exchange(request=request, problem="it lies outside this beacon")
        started = monotonic()
        try:
            async with (
                asyncio.timeout(self._deadline),
                self._session.request(
                    request.method,
                    url,
                    data=sent,
                    headers=headers,
                    allow_redirects=False,
                ) as response,
            ):
                body = await self._body(response)
                return _read(request, response, body, monotonic() - started)
        except TimeoutError:
            problem = f"no whole answer came within {self._deadline:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as failure:
            words = shown(str(failure)) or type(failure).__name__
            problem = f"no answer came ({words})"
        return Exchange(request=request, problem=problem, seconds=monotonic() - started)

    async def _body(self, response: aiohttp.ClientResponse) -> bytes | None:
        """Return the body, or None when it is larger than is read."""
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            body.extend(chunk)
            if len(body) > self._largest:
                response.close()
                return None
        return bytes(body)


def _patience(exchange: Exchange, pause: float) -> float:
    """Return the seconds until a beacon that was asked too often is asked again."""
    told = exchange.headers.get("retry-after", "")
    is_told = told.isascii() and told.isdecimal() and len(told) <= len("86400")
    return min(float(told), _LONGEST_PAUSE) if is_told else pause


def _ignore(exchange: Exchange) -> None:
    del exchange


def _encoded(body: Json) -> bytes | None:
    return None if body is None else json.dumps(body, separators=(",", ":")).encode()


def _read(
    request: Request,
    response: aiohttp.ClientResponse,
    body: bytes | None,
    seconds: float,
) -> Exchange:
    document, problem = (
        (None, "its body is larger than is read") if body is None else parsed(body)
    )
    return Exchange(
        request=request,
        status=response.status,
        headers={name.lower(): value for name, value in response.headers.items()},
        document=document,
        problem=problem,
        seconds=seconds,
        size=len(body or b""),
    )
