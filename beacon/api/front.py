"""Where every connection begins: plain questions about variants, read off the wire.

What the library does for a request, from its parser to its writer, takes twice as
long as answering.  So a request whose head is plain in every byte (``plain``) passes
through the door here, as the library's do.  The first that is anything else is given
to the library unread, and the connection with it, for good: of HTTP nothing is
decided here that could be decided otherwise.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, cast

import structlog
from aiohttp import hdrs

from beacon.api.handlers import variants
from beacon.api.keys import ACCOUNT, DOOR, LIMITS
from beacon.api.plain import END, PATH, PlainRequest, nameless, plain_head
from beacon.api.sending import JsonAnswer, as_bytes, usual
from beacon.model.entry_types import GENOMIC_VARIANT
from beacon.wire.requests import Address

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from beacon.api.auditing import Account
    from beacon.api.middleware import Kind
    from beacon.api.plain import Head

_log = structlog.get_logger(__name__)

_HERE = Address(about=GENOMIC_VARIANT.id)
_LARGEST: Final = 16 * 1024
"""Bytes of a body that is read here."""
_AHEAD: Final = 64 * 1024
"""Bytes that are read while an answer is on its way."""
_PATIENCE: Final = 1.0
"""Seconds for the rest of a body; after that the library waits for it."""
_GRACE: Final = 0.5
"""Seconds for which a server that closes reads on: what was sent may not be here."""
_LOOK_EVERY: Final = 0.02
_HEADS: Final = 256
_SECRET: Final = (hdrs.AUTHORIZATION, hdrs.COOKIE)
"""Fields that may hold a secret: a head with one is not known again."""
_KEPT: Final = 1024
"""So many heads, of at most so many bytes, are known again, whatever their ids."""


class Front:
    """Gives every connection of a server its first protocol.

    Args:
        app: that has all of the API.
        library: gives a connection the library's protocol.
        keep_alive: seconds for which a connection may say nothing.
    """

    def __init__(
        self,
        app: web.Application,
        library: Callable[[], asyncio.Protocol],
        *,
        keep_alive: float,
    ) -> None:
        self.library = library
        self.door = app[DOOR]
        self.keep_alive = keep_alive
        self.connections: set[Connection] = set()
        self._app = app
        # What some pages may read and others not is said the library's way.
        self._is_open = self.door.is_open_to_all
        self._largest = min(_LARGEST, app[LIMITS].body)
        self._kinds = {m: self.door.kind(PATH, m) for m in ("GET", "POST")}
        self._heads: dict[bytes, Head] = {}

    def __call__(self) -> Connection:
        """Return the protocol of a new connection."""
        return Connection(self)

    def head(self, text: bytes) -> Head | None:
        """Return a head that is answered here; ``None``: it is not."""
        known = self._heads.get(text)
        if known is not None:
            return known
        key, identity = nameless(text) if len(text) <= _KEPT else (text, None)
        if identity is not None and (known := self._heads.get(key)) is not None:
            return known.named(identity)
        head = plain_head(text)
        if head is None or head.length > self._largest or not self._is_open:
            return None
        is_secret = any(name in head.headers for name in _SECRET)
        if head.method == "POST" and len(text) <= _KEPT and not is_secret:
            if len(self._heads) >= _HEADS:
                self._heads.clear()
            self._heads[key] = head if identity is None else head.named(None)
        return head

    def kind(self, head: Head) -> Kind:
        """Return where requests with such a head are counted."""
        return self._kinds[head.method]

    def answering(
        self, body: bytes
    ) -> Callable[[PlainRequest], Awaitable[JsonAnswer | bytes]]:
        """Return what answers a request with this body."""

        def answer(request: PlainRequest) -> Awaitable[JsonAnswer | bytes]:
            return variants(self._app, request, request.head.sent(body), _HERE)

        return answer

    async def close(self, seconds: float) -> None:
        """Close every connection, and let what is being answered end in its time.

        Each ends with its next answer.  A request that a client had sent before it
        could know may still be on its way, so that what is idle is closed a moment
        later.
        """
        loop = asyncio.get_running_loop()
        self.door.is_closing = True
        until = loop.time() + seconds
        idle_until = min(loop.time() + _GRACE, until)
        while self.connections and loop.time() < until:
            if loop.time() >= idle_until:
                for each in self.connections.copy():
                    each.end()
            await asyncio.sleep(_LOOK_EVERY)
        for each in self.connections.copy():
            each.abort()


class Connection(asyncio.Protocol):
    """A connection all of whose requests so far were plain.

    Args:
        front: it belongs to.

    Attributes:
        task: answers the request that was read last, one at a time.
        has_asked: whether a request has come.
    """

    _transport: asyncio.Transport

    def __init__(self, front: Front) -> None:
        self.task: asyncio.Task[None] | None = None
        self.has_asked = False
        self._front = front
        self._loop = asyncio.get_running_loop()
        self._read = b""
        self._since = self._loop.time()
        self._timer = self._loop.call_later(front.keep_alive, self._look)
        self._patience: asyncio.TimerHandle | None = None
        self._is_held = self._is_full = False

    @property
    def transport(self) -> asyncio.Transport:
        """What carries it."""
        return self._transport

    # --- what the event loop tells ---------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        address = transport.get_extra_info("peername")
        self._remote = address[0] if isinstance(address, tuple) else None
        self._front.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._read = self._read + data if self._read else data
        if self.task is None and not self._is_full:
            self._go_on()
        elif len(self._read) > _AHEAD and not self._is_held:
            self._is_held = True
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """Answer nothing further: the client does not read."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Go on: it does."""
        self._is_full = False
        if self.task is None:
            self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop: nobody waits for an answer."""
        del exc
        self._leave()
        if self.task is not None:
            self.task.cancel()

    # --- one request after the other -------------------------------------------

    def _go_on(self) -> None:
        """Begin to answer the next request, once it is there."""
        read = self._read
        if not read:
            self._listen()
            return
        end = read.find(END) + len(END)
        head = self._front.head(read[:end]) if end >= len(END) else None
        if head is None:
            self._hand_over()
            return
        whole = end + head.length
        if len(read) < whole:
            self._wait()
            return
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        self._read = read[whole:]
        self.has_asked = True
        self.task = self._loop.create_task(self._answer(head, read[end:whole]))

    def _wait(self) -> None:
        """Wait for the rest of a body."""
        self._listen()
        if self._patience is None:
            self._patience = self._loop.call_later(_PATIENCE, self._hand_over)

    def _listen(self) -> None:
        if self._is_held:
            self._is_held = False
            self._transport.resume_reading()

    async def _answer(self, head: Head, body: bytes) -> None:
        front = self._front
        try:
            request = PlainRequest(head, self._remote)
            response = await front.door.let_in(
                front.kind(head), request, front.answering(body)
            )
            stays = self._write(response, request.get(ACCOUNT))
        except Exception:  # noqa: BLE001 - the door explains whatever it can
            _log.exception("request.failed", path=PATH)
            stays = False
        self.task = None
        if not stays:
            self._transport.close()
            return
        self._since = self._loop.time()
        if self._read and not self._is_full:
            self._go_on()

    def _write(
        self, response: web.StreamResponse | bytes, account: Account | None
    ) -> bool:
        """Write any answer; return whether the connection stays open."""
        if isinstance(response, bytes):
            more = b"" if account is None else account.head_line
            self._transport.write(usual(response, more=more))
            return True
        stays = response.keep_alive is not False
        self._transport.write(as_bytes(cast("web.Response", response), stays=stays))
        return stays

    def _hand_over(self) -> None:
        """Give the connection to the library, with what it has not seen yet."""
        self._leave()
        self._listen()
        protocol, read = self._front.library(), self._read
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(read)

    # --- the end -----------------------------------------------------------------

    def _look(self) -> None:
        """Close a connection that has said nothing for a while."""
        idle = 0.0 if self.task is not None else self._loop.time() - self._since
        left = self._front.keep_alive - idle
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
        else:
            self._transport.close()

    def end(self) -> None:
        """Close it, where nothing is asked; else it ends with its answer."""
        if self.task is None and not self._read:
            self._transport.close()

    def abort(self) -> None:
        """Close it now, whether or not the client has taken what was sent."""
        if self.task is not None:
            self.task.cancel()
        self._transport.abort()

    def _leave(self) -> None:
        self._front.connections.discard(self)
        self._timer.cancel()
        if self._patience is not None:
            self._patience.cancel()
