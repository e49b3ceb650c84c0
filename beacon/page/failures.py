"""What went wrong, as a page, where a browser asked for one.

The door explains every failure as a document; of those that come from the site's own
pages the same sentence is shown as HTML, with the same status.  What machines ask
(``/api``, ``/network``, …) keeps its documents, whoever asks.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import hdrs, web

from beacon.page.rendering import render
from beacon.page.words import N_

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.typedefs import Handler

_log = structlog.get_logger(__name__)

_MACHINES: Final = (
    "/api",
    "/network",
    "/annotate",
    "/openapi.json",
    "/healthz",
    "/readyz",
    "/metrics",
    "/static",
)
_FAILED: Final = 400
_KEPT: Final = (
    hdrs.ALLOW,
    hdrs.RETRY_AFTER,
    hdrs.WWW_AUTHENTICATE,
    "X-Request-Id",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
)
"""Headers of the document that the page has, too."""
_TITLES: Final[Mapping[int, str]] = {
    400: N_("This question was not understood"),
    401: N_("You have to show who you are"),
    403: N_("You may not ask this"),
    404: N_("There is no such page"),
    405: N_("This page does not take that method"),
    413: N_("That is too large"),
    429: N_("That was too much for now"),
    503: N_("There is no answer just now"),
}
_OTHER: Final = N_("Something failed")
_OWN_WORDS: Final[Mapping[int, str]] = {
    404: N_("The address may be mistyped, or the page is gone."),
    500: N_("This beacon failed to answer; its operator can find out why."),
    503: N_("This beacon could not answer now; ask again in a moment."),
}
"""Sentences that are told in the reader's language instead of the door's."""


@web.middleware
async def show_failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer with a page where a browser asked for one and there is a failure."""
    response = await handler(request)
    if response.status < _FAILED or not _is_for_people(request, response):
        return response
    try:
        page = failure_page(request, response.status, _sentence(response))
    except Exception:  # noqa: BLE001 - the document says it as well
        _log.exception("page.failed", status=response.status)
        return response
    for name in _KEPT:
        if name in response.headers:
            page.headers[name] = response.headers[name]
    return page


def failure_page(
    request: web.Request, status: int, sentence: str | None = None
) -> web.Response:
    """Return the page of a failure.

    Args:
        request: that failed.
        status: of the answer.
        sentence: that explains it, in English; some statuses have their own.
    """
    return render(
        request,
        "failure.html",
        status=status,
        number_of=status,
        heading=_TITLES.get(status, _OTHER),
        own=_OWN_WORDS.get(status),
        sentence=sentence,
    )


def _is_for_people(request: web.Request, response: web.StreamResponse) -> bool:
    return (
        not response.prepared
        and response.content_type == "application/json"
        and not request.path.startswith(_MACHINES)
        and "text/html" in request.headers.get(hdrs.ACCEPT, "").lower()
    )


def _sentence(response: web.StreamResponse) -> str | None:
    """Return what a document says went wrong."""
    body = response.body if isinstance(response, web.Response) else None
    if not isinstance(body, bytes):
        return None
    try:
        said = json.loads(body)["error"]["errorMessage"]
    except (ValueError, KeyError, TypeError):
        return None
    return said if isinstance(said, str) else None
