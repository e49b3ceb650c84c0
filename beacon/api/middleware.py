"""Around every handler: failures become Beacon error documents, browsers may ask.

A failure we can explain is one sentence; any other is bland outside and whole
in the log.  No body and no query string is ever logged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from aiohttp import hdrs, web

from beacon.api.exchange import as_json, speaker
from beacon.model.errors import BeaconError
from beacon.model.status import Status
from beacon.wire.envelopes import error_document, failure_document

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

_log = structlog.get_logger(__name__)

_ORIGIN = {"Access-Control-Allow-Origin": "*"}
_PREFLIGHT = _ORIGIN | {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type",
    "Access-Control-Max-Age": "86400",
}
_CLIENT_LEFT = 499
_SENTENCES = {
    404: "There is nothing at this path; /api/map lists what there is.",
}


@web.middleware
async def explain_failures(
    request: web.Request, handler: Handler
) -> web.StreamResponse:
    """Answer every failure with an error document."""
    if _is_preflight(request):
        return web.Response(status=204)
    try:
        return await handler(request)
    except BeaconError as failure:
        if failure.status_hint >= 500:
            _log.warning("request.unanswered", path=_route(request), why=str(failure))
        document = error_document(failure, speaker(request))
        return as_json(document, status=failure.status_hint)
    except web.HTTPException as failure:
        return _http_failure(request, failure)
    except Exception as failure:  # noqa: BLE001 - nothing leaves without a document
        if isinstance(failure, ConnectionError) and _has_left(request):
            return web.Response(status=_CLIENT_LEFT)  # nobody reads it
        _log.exception("request.failed", path=_route(request), method=request.method)
        return _unexplained(request)


def _has_left(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _is_preflight(request: web.Request) -> bool:
    return (
        request.method == hdrs.METH_OPTIONS
        and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
    )


def _route(request: web.Request) -> str:
    """Return the path's pattern: a path itself may name a variant."""
    resource = request.match_info.route.resource
    return "unknown" if resource is None else resource.canonical


def _http_failure(
    request: web.Request, failure: web.HTTPException
) -> web.StreamResponse:
    if failure.status < 400:
        raise failure
    sentence = _SENTENCES.get(failure.status, f"{failure.reason}.")
    if isinstance(failure, web.HTTPMethodNotAllowed):
        taken = sorted(failure.allowed_methods - {hdrs.METH_HEAD})
        sentence = f"This path does not take that method; use {' or '.join(taken)}."
    document = failure_document(failure.status, sentence, speaker(request))
    response = as_json(document, status=failure.status)
    if hdrs.ALLOW in failure.headers:
        response.headers[hdrs.ALLOW] = failure.headers[hdrs.ALLOW]
    return response


def _unexplained(request: web.Request) -> web.Response:
    sentence = "This beacon failed to answer; its operator can find out why."
    document = failure_document(
        500, sentence, speaker(request), info={"status": Status.NO_ANSWER.value}
    )
    return as_json(document, status=500)


async def open_to_browsers(request: web.Request, response: web.StreamResponse) -> None:
    """Let pages of any origin read what anybody may read; there are no cookies."""
    response.headers.update(_PREFLIGHT if _is_preflight(request) else _ORIGIN)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers[hdrs.SERVER] = "nordic-beacon"
