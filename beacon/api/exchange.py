"""One request in, one JSON document out: what every handler shares."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from beacon.api.keys import IDENTITY, KNOWN, LIMITS
from beacon.model.errors import InvalidRequest, RequestTooLarge
from beacon.wire.forms import Sent
from beacon.wire.info import Speaker
from beacon.wire.requests import Understanding
from beacon.wire.writing import written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.api.keys import BeaconService, Limits

_CHUNK = 64 * 1024
_SECONDS_TO_ARRIVE = 60.0


def speaker(request: web.Request) -> Speaker:
    """Return the beacon under the address this request came to."""
    identity = request.app[IDENTITY]
    site = identity.site(request.scheme, request.host)
    return Speaker(identity=identity, site=site)


def as_json(document: Mapping[str, object], *, status: int = 200) -> web.Response:
    """Return a document as a JSON response, which nobody between may keep."""
    return web.Response(
        body=written(document),
        status=status,
        content_type="application/json",
        headers={hdrs.CACHE_CONTROL: "no-store"},
    )


async def body_of(request: web.Request, *, largest: int) -> bytes:
    """Return the body of a request, read no further than it may be large.

    Raises:
        RequestTooLarge: when it is larger.
        InvalidRequest: when it cannot be unpacked, or does not arrive in time.
    """
    if (request.content_length or 0) > largest:
        raise _too_large(largest)
    body = bytearray()
    try:
        async with asyncio.timeout(_SECONDS_TO_ARRIVE):
            async for chunk in request.content.iter_chunked(_CHUNK):
                body += chunk
                if len(body) > largest:
                    raise _too_large(largest)
    except TimeoutError as failure:
        message = f"The request body did not arrive within {_SECONDS_TO_ARRIVE:g} s."
        raise InvalidRequest(message) from failure
    except web.RequestPayloadError as failure:
        message = "The request body cannot be unpacked."
        raise InvalidRequest(message) from failure
    return bytes(body)


def _too_large(largest: int) -> RequestTooLarge:
    return RequestTooLarge(f"The request body is larger than {largest} bytes.")


async def sent_with(request: web.Request) -> Sent:
    """Return a request as it came, with its body."""
    body = None
    if request.method == "POST":
        body = await body_of(request, largest=request.app[LIMITS].body)
    text = request.rel_url.raw_query_string
    return Sent(text=text, parameters=lambda: request.query.items(), body=body)


async def understanding(request: web.Request) -> Understanding:
    """Return what questions are understood with."""
    return await request.app[KNOWN].now()


class Known:
    """What questions are understood with, the same while nothing of it changes.

    Args:
        beacon: that is asked.
        limits: of requests.
    """

    def __init__(self, beacon: BeaconService, limits: Limits) -> None:
        self._beacon = beacon
        self._limits = limits
        self._last: Understanding | None = None

    async def now(self) -> Understanding:
        """Return what questions are understood with at this moment.

        Raises:
            StoreUnavailable: when the store cannot be reached.
        """
        loaded, genes = await self._beacon.loaded(), await self._beacon.genes()
        last = self._last
        if last is not None and last.loaded == loaded and last.genes is genes:
            return last
        self._last = Understanding(
            loaded=loaded,
            references=self._beacon.references,
            genes=genes,
            largest_page=self._limits.page,
            is_strict=self._limits.strict_filters,
        )
        return self._last
