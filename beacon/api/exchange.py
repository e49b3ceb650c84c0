"""One request in, one JSON document out: what every handler shares."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import orjson
from aiohttp import hdrs, web

from beacon.api.keys import BEACON, IDENTITY, LIMITS
from beacon.model.errors import InvalidRequest, RequestTooLarge
from beacon.wire.info import Speaker
from beacon.wire.requests import (
    Asked,
    Understanding,
    gather_body,
    gather_parameters,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def written(document: Mapping[str, object]) -> bytes:
    """Return a document as bytes; records hold whatever JSON their file held."""
    try:
        return orjson.dumps(document)
    except TypeError:  # an integer beyond 64 bits, or half a surrogate pair
        return json.dumps(document).encode()


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


async def asked_of(request: web.Request) -> Asked:
    """Return what a request asks, in its query string and in its body."""
    if request.method != "POST":
        return gather_parameters(request.query.items())
    body = await body_of(request, largest=request.app[LIMITS].body)
    return gather_parameters(request.query.items(), gather_body(body))


async def understanding(request: web.Request) -> Understanding:
    """Return what questions are understood with."""
    beacon = request.app[BEACON]
    return Understanding(
        loaded=await beacon.loaded(),
        references=beacon.references,
        genes=await beacon.genes(),
        largest_page=request.app[LIMITS].page,
        is_strict=request.app[LIMITS].strict_filters,
    )
