"""Around every handler: a turn, a deadline, a document for every failure.

A failure we can explain is one sentence; any other is bland outside and whole
in the log.  What was done is counted and noted by the pattern of its path; no
body, path or query string is ever logged.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from re import sub
from time import perf_counter, time
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, cast

import structlog
from aiohttp import hdrs, web

from beacon.api.access_log import Entry
from beacon.api.exchange import as_json
from beacon.api.metrics import Row, Sums, count
from beacon.api.sending import OPEN_TO_BROWSERS, PAYS_FROM, JsonAnswer
from beacon.api.turns import Deadlines, Overloaded, Turns
from beacon.model.errors import BeaconError
from beacon.model.status import Status
from beacon.wire.envelopes import error_document, failure_document

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from aiohttp.typedefs import Handler

    from beacon.api.access_log import AccessLog
    from beacon.api.keys import Limits
    from beacon.api.metrics import Meter
    from beacon.wire.info import Speaker

    Answering = Callable[["RequestT"], Awaitable[web.StreamResponse | bytes]]


class Asking(Protocol):
    """What the door reads of a request, whoever read it off the wire."""

    @property
    def method(self) -> str:
        """``GET``, ``POST`` or another."""

    @property
    def scheme(self) -> str:
        """Of the address it came to."""

    @property
    def host(self) -> str:
        """Of the address it came to, as the client names us."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Its fields."""

    @property
    def transport(self) -> asyncio.Transport | None:
        """What it came by, while that is open."""


RequestT = TypeVar("RequestT", bound=Asking)

_log = structlog.get_logger(__name__)

_PREFLIGHT = OPEN_TO_BROWSERS | {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type",
    "Access-Control-Max-Age": "86400",
}
_CLIENT_LEFT = 499
_SENTENCES = {
    404: "There is nothing at this path; /api/map lists what there is.",
}
_FULL = "This beacon has more questions than it can answer now; ask again in a moment."
_COME_AGAIN: Final = "1"
"""Seconds; a queue of a second's work is what a full one is."""
_EVERY: Final = 1.0
"""Seconds between two looks at deadlines, log and metrics."""
_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST"})
_UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Exceptions:
    """Paths that are let through in another way than all others.

    Attributes:
        always: answered however much is waiting.
        streaming: that may take as long as their client does.
    """

    always: frozenset[str] = frozenset()
    streaming: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Kind:
    """Requests of one method and one pattern of paths, and where they are counted."""

    route: str
    method: str
    always: bool = False
    streaming: bool = False
    rows: dict[int, Row] = field(default_factory=dict)


class Door:
    """What every request of one process passes through.

    Args:
        limits: how many requests are let in, and for how long.
        exceptions: paths that some of it does not hold for.
        meter: counts them.
        speakers: gives the beacon under the address a request came to.
        log: notes them, where it is asked for.
    """

    def __init__(
        self,
        limits: Limits,
        exceptions: Exceptions,
        meter: Meter,
        speakers: Callable[[str, str], Speaker],
        log: AccessLog | None = None,
    ) -> None:
        self._exceptions = exceptions
        self._speakers = speakers
        self._meter = meter
        self._log = log
        self._turns = Turns(limits.in_work, limits.waiting)
        self._deadlines = Deadlines(limits.seconds)
        self._kinds: dict[object, Kind] = {}
        self._left = 0
        self.is_closing = False
        """Whether every connection is to end with its next answer."""
        meter.watch(self._counted)

    @web.middleware
    async def let_through(
        self, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        """Answer a request, in its turn; count it and note it."""
        kind = self._kinds.get(request.match_info.route) or self._kind(request)
        response = await self.let_in(kind, request, handler)
        return JsonAnswer(response) if isinstance(response, bytes) else response

    def kind(self, route: str, method: str) -> Kind:
        """Return the kind of the requests of a method and a pattern of paths."""
        return Kind(
            route,
            method,
            always=route in self._exceptions.always,
            streaming=route in self._exceptions.streaming,
        )

    async def let_in(
        self, kind: Kind, request: RequestT, handler: Answering[RequestT]
    ) -> web.StreamResponse | bytes:
        """Answer a request whose kind is known, in its turn; count it and note it.

        Of a usual answer that leaves as it is, its document is enough.
        """
        began = perf_counter()
        try:
            response = await self._in_turn(kind, request, handler, began)
        except asyncio.CancelledError:
            self._left += 1
            self._note(kind, _CLIENT_LEFT, 0, began)
            raise
        if isinstance(response, bytes):
            if len(response) < PAYS_FROM and not self.is_closing:
                self._note(kind, 200, len(response), began)
                return response
            response = JsonAnswer(response)
        if isinstance(response, JsonAnswer):
            if response.size >= PAYS_FROM:
                accepted = request.headers.get(hdrs.ACCEPT_ENCODING, "")
                response = await response.packed(accepted)
            size = response.size
        else:
            size = response.body_length or response.content_length or 0
        if self.is_closing and not response.prepared:
            response.force_close()
        self._note(kind, response.status, size, began)
        return response

    async def _in_turn(
        self,
        kind: Kind,
        request: RequestT,
        handler: Answering[RequestT],
        began: float,
    ) -> web.StreamResponse | bytes:
        """Answer a request once there is a place; give up at its deadline."""
        if kind.always:
            return await self._explained(kind, request, handler)
        task = cast("asyncio.Task[object]", asyncio.current_task())
        if not kind.streaming:
            self._deadlines.begin(task, began)
        try:
            if not self._turns.come():
                await self._turns.wait()
            try:
                return await self._explained(kind, request, handler)
            finally:
                self._turns.leave()
        except Overloaded:
            return _without_answer(self._speaker(request), _FULL)
        except asyncio.CancelledError:
            if self._deadlines.was_late(task):
                sentence = f"No answer was found within {self._deadlines.seconds:g} s."
                return _without_answer(self._speaker(request), sentence)
            if task.cancelling():
                raise
            # Something within was cancelled, not the request: a failure of ours.
            _log.exception("request.failed", path=kind.route)
            return _unexplained(self._speaker(request))
        finally:
            self._deadlines.end(task)

    async def _explained(
        self, kind: Kind, request: RequestT, handler: Answering[RequestT]
    ) -> web.StreamResponse | bytes:
        """Answer every failure with an error document."""
        try:
            return await handler(request)
        except BeaconError as failure:
            if failure.status_hint >= 500:
                _log.warning("request.unanswered", path=kind.route, why=str(failure))
            document = error_document(failure, self._speaker(request))
            return as_json(document, status=failure.status_hint)
        except web.HTTPException as failure:
            if _is_preflight(request):
                return web.Response(status=204)
            return _http_failure(self._speaker(request), failure)
        except Exception as failure:  # noqa: BLE001 - nothing leaves without a document
            if isinstance(failure, ConnectionError) and _has_left(request):
                return web.Response(status=_CLIENT_LEFT)  # nobody reads it
            _log.exception("request.failed", path=kind.route, method=request.method)
            return _unexplained(self._speaker(request))

    def _speaker(self, request: Asking) -> Speaker:
        return self._speakers(request.scheme, request.host)

    def _kind(self, request: web.Request) -> Kind:
        """Return what kind of request this is, met for the first time."""
        method = request.method if request.method in _METHODS else "other"
        route = request.match_info.route
        # A wrong path or method has a route of its own, made for it alone.
        known: object = route if route.resource is not None else method
        if known not in self._kinds:
            self._kinds[known] = self.kind(_route(request), method)
        return self._kinds[known]

    def _note(self, kind: Kind, status: int, size: int, began: float) -> None:
        seconds = perf_counter() - began
        row = kind.rows.get(status)
        if row is None:
            row = self._meter.row(kind.route, kind.method, status)
            kind.rows[status] = row
        count(row, seconds)
        if self._log is not None:
            entry = Entry(time(), kind.method, kind.route, status, seconds, size)
            self._log.note(entry)

    def _counted(self) -> Sums:
        turns = self._turns
        return Sums(
            counts={
                "refused": turns.refused,
                "late": self._deadlines.ended,
                "left": self._left,
            },
            moment={"working": turns.working, "waiting": turns.waiting},
        )

    async def keep_house(self, _: web.Application) -> AsyncIterator[None]:
        """Do once a second, while the application runs, what no request waits for."""
        keeping = asyncio.create_task(self._keep_house())
        yield
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        with suppress(OSError):  # whoever would read it may be gone
            await self._meter.lay_down()
        if self._log is not None:
            await self._log.close()

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(_EVERY)
            self._deadlines.look(perf_counter())
            if self._log is not None:
                self._log.write_soon()
            try:
                await self._meter.lay_down()
            except OSError as failure:
                _log.warning("metrics.not_laid_down", why=failure.strerror)


def _has_left(request: Asking) -> bool:
    return request.transport is None or request.transport.is_closing()


def _is_preflight(request: Asking) -> bool:
    return (
        request.method == hdrs.METH_OPTIONS
        and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
    )


def _route(request: web.Request) -> str:
    """Return the path's pattern: a path itself may name a variant."""
    resource = request.match_info.route.resource
    return _UNKNOWN if resource is None else pattern_of(resource.canonical)


def pattern_of(canonical: str) -> str:
    """Return the pattern of a path as it is documented, with one slash for several."""
    return sub(r"\{_\d+\}", "/", canonical).removesuffix("{_end}") or "/"


def _http_failure(speaker: Speaker, failure: web.HTTPException) -> web.StreamResponse:
    if failure.status < 400:
        raise failure
    sentence = _SENTENCES.get(failure.status, f"{failure.reason}.")
    if isinstance(failure, web.HTTPMethodNotAllowed):
        taken = sorted(failure.allowed_methods - {hdrs.METH_HEAD})
        sentence = f"This path does not take that method; use {' or '.join(taken)}."
    document = failure_document(failure.status, sentence, speaker)
    response = as_json(document, status=failure.status)
    if hdrs.ALLOW in failure.headers:
        response.headers[hdrs.ALLOW] = failure.headers[hdrs.ALLOW]
    return response


def _unexplained(speaker: Speaker) -> web.Response:
    sentence = "This beacon failed to answer; its operator can find out why."
    return _failed(speaker, 500, sentence)


def _without_answer(speaker: Speaker, sentence: str) -> web.Response:
    """Return a refusal that never reads as a "no", and says when to come again."""
    response = _failed(speaker, 503, sentence)
    response.headers[hdrs.RETRY_AFTER] = _COME_AGAIN
    return response


def _failed(speaker: Speaker, status: int, sentence: str) -> web.Response:
    info = {"status": Status.NO_ANSWER.value}
    document = failure_document(status, sentence, speaker, info=info)
    return as_json(document, status=status)


async def open_to_browsers(request: web.Request, response: web.StreamResponse) -> None:
    """Let pages of any origin read what anybody may read; there are no cookies."""
    response.headers.update(_PREFLIGHT if _is_preflight(request) else OPEN_TO_BROWSERS)
