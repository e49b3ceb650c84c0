"""Around every handler: a turn, a deadline, who asks, a document for every failure.

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
from typing import TYPE_CHECKING, Final, TypeVar, cast

import structlog
from aiohttp import hdrs, web

from beacon.api.access_log import Entry
from beacon.api.auditing import REQUEST_ID, UNWRITTEN, mark
from beacon.api.browsers import Browsers, is_preflight
from beacon.api.exchange import SECONDS_FOR_LITTLE, as_json, body_of
from beacon.api.keys import BODY, LOGIN_ENDED, REQUESTER, SESSION
from beacon.api.metrics import Row, Sums, count
from beacon.api.plain import PlainRequest
from beacon.api.sending import PAYS_FROM, JsonAnswer
from beacon.api.turns import Deadlines, Overloaded, Turns
from beacon.audit.log import AuditUnavailable
from beacon.auth.cookies import is_asked_here
from beacon.auth.doubts import Doubt
from beacon.model.errors import (
    BeaconError,
    BudgetSpent,
    IssuerUnavailable,
    LoginEnded,
    NetworkBusy,
    NotIdentified,
    NotPermitted,
)
from beacon.model.status import Status
from beacon.wire.envelopes import error_document, failure_document

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from aiohttp.typedefs import Handler

    from beacon.api.access_log import AccessLog
    from beacon.api.auditing import Account, Auditor
    from beacon.api.keys import Limits
    from beacon.api.metrics import Meter
    from beacon.api.plain import Asking
    from beacon.auth.logins import Desk
    from beacon.auth.porter import Porter
    from beacon.model.requester import Requester
    from beacon.wire.info import Speaker

    Answering = Callable[["RequestT"], Awaitable[web.StreamResponse | bytes]]

RequestT = TypeVar("RequestT", bound="Asking")

_log = structlog.get_logger(__name__)

_CLIENT_LEFT = 499
_SENTENCES = {
    404: "There is nothing at this path; /api/map lists what there is.",
}
_CHALLENGE: Final = 'Bearer error="invalid_token"'
_FULL = "This beacon has more questions than it can answer now; ask again in a moment."
_COME_AGAIN: Final = "1"
"""Seconds; a queue of a second's work is what a full one is."""
_EVERY: Final = 1.0
"""Seconds between two looks at deadlines, log and metrics."""
_QUERY: Final = "query"
"""What a key is for, where nothing else is said."""
_FORWARDED: Final = "X-Forwarded-For"
_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST"})
_UNKNOWN: Final = "unknown"
_MACHINES: Final = ("/api", "/network", "/annotate", "/openapi", "/metrics")
"""Paths below which machines ask, and our own pages by scripts."""
_FORGED: Final = (
    "Another site's page made this browser ask; somebody who is logged in asks from"
    " this beacon's own pages."
)
_ASKING: Final = ("/api", "/network", "/annotate", "/batch", "/d/", "/region/", "/v/")
"""Paths below which something is asked."""


@dataclass(frozen=True, slots=True)
class Exceptions:
    """Paths that are let through in another way than all others.

    Attributes:
        always: answered however much is waiting.
        streaming: that may take as long as their client does.
        silent: that ask for nothing that is kept; ``METHOD path``: so asked.
        unasked: where nobody is asked who they are.
        sessionless: where it does not matter whether somebody is logged in.
        lenient: where somebody may come whose login has ended.
        noted: methods and paths that are written down though they ask for nothing.
        scopes: what a key must be for, where that is not ``query``; likewise.
    """

    always: frozenset[str] = frozenset()
    streaming: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    unasked: frozenset[str] = frozenset()
    sessionless: frozenset[str] = frozenset()
    lenient: frozenset[str] = frozenset()
    noted: frozenset[tuple[str, str]] = frozenset()
    scopes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """Requests of one method and one pattern of paths, and where they are counted.

    Attributes:
        asks: whether they ask for something that is kept, not what there is to ask.
        unasked: whether nobody is asked who they are.
        sessionless: whether nobody is asked for a cookie.
        lenient: whether somebody may come whose login has ended.
        noted: whether they are written down though they ask for nothing.
        is_page: whether people read what is answered, and links may lead there.
    """

    route: str
    method: str
    always: bool = False
    streaming: bool = False
    asks: bool = False
    unasked: bool = False
    sessionless: bool = False
    lenient: bool = False
    noted: bool = False
    is_page: bool = False
    scope: str = _QUERY
    rows: dict[int, Row] = field(default_factory=dict)


class Door:
    """What every request of one process passes through.

    Args:
        limits: how many requests are let in, and for how long.
        exceptions: paths that some of it does not hold for.
        meter: counts them.
        speakers: gives the beacon under the address a request came to.
        log: notes them, where it is asked for.
        auditor: has a line written before an answer is sent, where there is an audit.
        browsers: which pages of others may read it; absent, all.
        desk: knows who is logged in, where people can.
        porter: finds out who asks; ``None``: whoever shows anything is refused.
    """

    def __init__(
        self,
        limits: Limits,
        exceptions: Exceptions,
        meter: Meter,
        speakers: Callable[[str, str], Speaker],
        log: AccessLog | None = None,
        porter: Porter | None = None,
        auditor: Auditor | None = None,
        browsers: Browsers | None = None,
        desk: Desk | None = None,
    ) -> None:
        self._desk = desk
        self._browsers = Browsers() if browsers is None else browsers
        self._porter = porter
        self._auditor = auditor
        self._exceptions = exceptions
        self._speakers = speakers
        self._meter = meter
        self._log = log
        self._turns = Turns(limits.in_work, limits.waiting)
        self._deadlines = Deadlines(limits.seconds)
        self._coming_in, self._most_coming_in = 0, limits.waiting
        self._largest = limits.body
        self._kinds: dict[object, Kind] = {}
        self._left = 0
        self.chores: list[Callable[[float], object]] = []
        """What else is done once a second, with the time it is."""
        self.is_closing = False
        """Whether every connection is to end with its next answer."""
        meter.watch(self._counted)

    @property
    def is_busy(self) -> bool:
        """Whether a body is coming, or somebody has a place or waits for one."""
        turns = self._turns
        return turns.working + turns.waiting + self._coming_in > 0

    @property
    def is_open_to_all(self) -> bool:
        """Whether pages of any origin may read what is answered."""
        return self._browsers.is_open

    @web.middleware
    async def let_through(
        self, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        """Answer a request, in its turn; count it and note it."""
        kind = self._kinds.get(request.match_info.route) or self._kind(request)
        is_coming = kind.asks and not kind.streaming and not request.content.is_eof()
        response = await self.let_in(kind, request, handler, is_coming=is_coming)
        if isinstance(response, bytes):
            return mark(JsonAnswer(response), request)
        return response

    def kind(self, route: str, method: str) -> Kind:
        """Return the kind of the requests of a method and a pattern of paths."""
        exact, scopes = f"{method} {route}", self._exceptions.scopes
        return Kind(
            route,
            method,
            always=route in self._exceptions.always,
            streaming=route in self._exceptions.streaming,
            asks=route.startswith(_ASKING)
            and self._exceptions.silent.isdisjoint((route, exact)),
            unasked=route in self._exceptions.unasked,
            sessionless=route in self._exceptions.sessionless,
            lenient=route in self._exceptions.lenient,
            noted=(method, route) in self._exceptions.noted,
            is_page=not route.startswith(_MACHINES),
            scope=scopes.get(exact) or scopes.get(route, _QUERY),
        )

    async def let_in(
        self,
        kind: Kind,
        request: RequestT,
        handler: Answering[RequestT],
        *,
        is_coming: bool = False,
    ) -> web.StreamResponse | bytes:
        """Answer a request whose kind is known, in its turn; count it and note it.

        Of a usual answer that leaves as it is, its document is enough; whoever sends
        it says which line of the audit tells of it (``auditing.mark``).

        Args:
            kind: of the request.
            request: that is answered.
            handler: answers it.
            is_coming: whether its body has yet to come.
        """
        began = perf_counter()
        account = None if self._auditor is None else self._auditor.open(request)
        try:
            answer = self._once_whole if is_coming else self._in_turn
            response = await answer(kind, request, handler, began)
            if account is not None:
                is_usual = isinstance(response, bytes)
                if not (is_usual and account.close_behind(kind, request)):
                    response = await self._accounted(account, kind, request, response)
        except asyncio.CancelledError:
            self._left += 1
            self._note(kind, _CLIENT_LEFT, 0, began)
            if account is not None:
                _leave(account, kind, request)
            raise
        if isinstance(response, bytes):
            if len(response) < PAYS_FROM and not self.is_closing:
                self._note(kind, 200, len(response), began)
                return response
            response = mark(JsonAnswer(response), request)
        response, size = await self._finished(request, response)
        self._note(kind, response.status, size, began)
        return response

    async def _finished(
        self, request: Asking, response: web.StreamResponse
    ) -> tuple[web.StreamResponse, int]:
        """Return an answer as it leaves, packed where that pays, and its size."""
        if isinstance(response, JsonAnswer):
            if response.size >= PAYS_FROM:
                accepted = request.headers.get(hdrs.ACCEPT_ENCODING, "")
                response = await response.packed(accepted)
            size = response.size
            if not self._browsers.is_open:
                self._browsers.close(response)
        else:
            size = response.body_length or response.content_length or 0
        if self.is_closing and not response.prepared:
            response.force_close()
        return response, size

    async def _accounted(
        self,
        account: Account,
        kind: Kind,
        request: Asking,
        said: web.StreamResponse | bytes,
    ) -> web.StreamResponse | bytes:
        """Return an answer that is written down; what cannot be is not said."""
        response, is_begun = said, not isinstance(said, bytes) and said.prepared
        try:
            await account.close(kind, request, said)
        except AuditUnavailable:
            if not is_begun:  # else what it said was written down part by part
                response = _without_answer(self._speaker(request), UNWRITTEN)
        except Exception as failure:  # noqa: BLE001 - whatever it is, no line is there
            # Neither its text nor its trace: both may hold what was sent.
            _log.error("audit.no_line", path=kind.route, why=type(failure).__name__)
            if not is_begun:
                response = _without_answer(self._speaker(request), UNWRITTEN)
            elif request.transport is not None:
                request.transport.abort()
        if isinstance(response, JsonAnswer):
            response.mark(REQUEST_ID, account.request_id)
        elif not isinstance(response, bytes) and not is_begun:
            response.headers[REQUEST_ID] = account.request_id
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

    async def _once_whole(
        self,
        kind: Kind,
        request: RequestT,
        handler: Answering[RequestT],
        began: float,
    ) -> web.StreamResponse | bytes:
        """Wait for a body that has yet to come, then for a place.

        However slowly bodies come, they keep nobody waiting.
        """
        if self._coming_in >= self._most_coming_in:
            return _without_answer(self._speaker(request), _FULL)
        self._coming_in += 1
        try:
            request[BODY] = await body_of(
                cast("web.BaseRequest", request),
                largest=self._largest,
                seconds=SECONDS_FOR_LITTLE,
            )
        except BeaconError as failure:
            return _refused(kind, self._speaker(request), failure)
        except ConnectionError:
            return web.Response(status=_CLIENT_LEFT)  # nobody reads it
        finally:
            self._coming_in -= 1
        return await self._in_turn(kind, request, handler, began)

    async def _explained(
        self, kind: Kind, request: RequestT, handler: Answering[RequestT]
    ) -> web.StreamResponse | bytes:
        """Answer every failure with an error document."""
        try:
            shown = request.headers
            if hdrs.AUTHORIZATION in shown or (self._desk and hdrs.COOKIE in shown):
                await self._identify(kind, request)
            elif self._porter is not None and not kind.unasked:
                request[REQUESTER] = self._porter.anonymous(
                    request.remote, request.headers.getall(_FORWARDED, ())
                )
            return await handler(request)
        except BeaconError as failure:
            return _refused(kind, self._speaker(request), failure)
        except web.HTTPException as failure:
            if is_preflight(request):
                return web.Response(status=204)
            return _http_failure(self._speaker(request), failure)
        except Exception as failure:  # noqa: BLE001 - nothing leaves without a document
            if isinstance(failure, ConnectionError) and _has_left(request):
                return web.Response(status=_CLIENT_LEFT)  # nobody reads it
            _log.exception("request.failed", path=kind.route, method=request.method)
            return _unexplained(self._speaker(request))

    async def _identify(self, kind: Kind, request: Asking) -> None:
        """Find out who asks, before anything is answered.

        Raises:
            NotIdentified: when they show what proves nothing, or nothing any more.
            NotPermitted: when they show a key that is for something else.
            IssuerUnavailable: when it cannot be found out.
        """
        if kind.unasked:
            return
        if self._porter is None:
            raise NotIdentified(Doubt.NO_ISSUERS)
        if hdrs.AUTHORIZATION not in request.headers:
            await self._recognise(kind, request, self._porter)
            return
        requester = await self._porter.requester(
            request.headers.getall(hdrs.AUTHORIZATION, ()),
            request.remote,
            request.headers.getall(_FORWARDED, ()),
        )
        _check_scope(requester, kind.scope)
        request[REQUESTER] = requester

    async def _recognise(self, kind: Kind, request: Asking, porter: Porter) -> None:
        """Find out whether a browser's cookies say that somebody is logged in.

        Raises:
            LoginEnded: when somebody was, and is no more.
            NotPermitted: when a page of somebody else made their browser ask.
            BeaconError: when it cannot be found out.
        """
        request[REQUESTER] = porter.anonymous(
            request.remote, request.headers.getall(_FORWARDED, ())
        )
        desk = self._desk
        if kind.sessionless or desk is None:
            return
        try:
            session = await desk.session(request.headers.getall(hdrs.COOKIE))
            if session is None:
                return
            if not is_asked_here(
                request.method,
                request.headers,
                desk.site.origin,
                is_page=kind.is_page,
            ):
                raise NotPermitted(_FORGED)
            # Who they are need not be known to log out.
            with suppress(*(IssuerUnavailable,) if kind.lenient else ()):
                request[REQUESTER] = await porter.requester(
                    [f"Bearer {session.token}"], request.remote
                )
        except NotIdentified as failure:
            request[LOGIN_ENDED] = True
            if not kind.lenient:
                raise LoginEnded(failure.why) from failure
        else:
            request[SESSION] = session

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
        if self._auditor is not None:
            await self._auditor.log.close()
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
            for chore in self.chores:
                chore(perf_counter())
            if self._log is not None:
                self._log.write_soon()
            if self._auditor is not None:
                self._auditor.log.look()
            try:
                await self._meter.lay_down()
            except OSError as failure:
                _log.warning("metrics.not_laid_down", why=failure.strerror)


def _check_scope(requester: Requester, scope: str) -> None:
    if requester.scopes is not None and scope not in requester.scopes:
        message = f"This key is not for this path; its scopes lack {scope}."
        raise NotPermitted(message)


def _has_left(request: Asking) -> bool:
    if isinstance(request, PlainRequest):
        return False  # whoever leaves the front has their request cancelled
    return request.transport is None or request.transport.is_closing()


def _leave(account: Account, kind: Kind, request: Asking) -> None:
    """Have it written that a client left; a failure of that ends nothing else."""
    try:
        account.leave(kind, request)
    except Exception as failure:  # noqa: BLE001 - the cancellation must go on
        _log.error("audit.no_line", path=kind.route, why=type(failure).__name__)


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


def _refused(kind: Kind, speaker: Speaker, failure: BeaconError) -> web.Response:
    """Return what is said of a failure that we can explain.

    Of one to say who asks (RFC 6750), the log alone says why.
    """
    response = as_json(error_document(failure, speaker), status=failure.status_hint)
    if isinstance(failure, NotIdentified):
        _log.warning("request.not_identified", path=kind.route, why=failure.why)
        response.headers[hdrs.WWW_AUTHENTICATE] = _CHALLENGE
    elif isinstance(failure, NetworkBusy):
        response.headers[hdrs.RETRY_AFTER] = _COME_AGAIN
    elif failure.status_hint >= 500:
        _log.warning("request.unanswered", path=kind.route, why=str(failure))
    elif isinstance(failure, BudgetSpent):
        response.headers.update(_until_there_is_room(failure))
    return response


def _unexplained(speaker: Speaker) -> web.Response:
    sentence = "This beacon failed to answer; its operator can find out why."
    return _failed(speaker, 500, sentence)


def _without_answer(speaker: Speaker, sentence: str) -> web.Response:
    """Return a refusal that never reads as a "no", and says when to come again."""
    response = _failed(speaker, 503, sentence)
    response.headers[hdrs.RETRY_AFTER] = _COME_AGAIN
    return response


def _until_there_is_room(failure: BudgetSpent) -> dict[str, str]:
    """Return when whoever asked too much may ask again.

    The names are those of the IETF's draft on rate limits that clients know best
    (draft-ietf-httpapi-ratelimit-headers-06).
    """
    return {
        hdrs.RETRY_AFTER: str(failure.seconds),
        "RateLimit-Limit": str(failure.limit),
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": str(failure.seconds),
    }


def _failed(speaker: Speaker, status: int, sentence: str) -> web.Response:
    info = {"status": Status.NO_ANSWER.value}
    document = failure_document(status, sentence, speaker, info=info)
    return as_json(document, status=status)
