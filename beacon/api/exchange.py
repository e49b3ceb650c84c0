"""One request in, one JSON document out: what every handler shares."""

from __future__ import annotations

import asyncio
import json
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from beacon.api.keys import BEACON, LIMITS, SPEAKERS
from beacon.api.sending import JsonAnswer
from beacon.model.errors import InvalidRequest, RequestTooLarge
from beacon.wire.info import Speaker
from beacon.wire.requests import (
    Asked,
    Understanding,
    gather_body,
    gather_parameters,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from beacon.wire.info import BeaconIdentity

_CHUNK = 64 * 1024
_SECONDS_FOR_LITTLE = 15.0
_SECONDS_FOR_MUCH = 60.0
_ADDRESSES_KEPT = 64


def speaker(request: web.Request) -> Speaker:
    """Return the beacon under the address this request came to."""
    return request.app[SPEAKERS](request.scheme, request.host)


def speakers_of(identity: BeaconIdentity) -> Callable[[str, str], Speaker]:
    """Return what gives the speaker at a scheme and host, and keeps some of them."""

    @lru_cache(maxsize=_ADDRESSES_KEPT)
    def speaker_at(scheme: str, host: str) -> Speaker:
        return Speaker(identity=identity, site=identity.site(scheme, host))

    return speaker_at


def as_json(document: Mapping[str, object], *, status: int = 200) -> JsonAnswer:
    """Return a document as a JSON response, which nobody between may keep."""
    return JsonAnswer(written(document), status=status)


def written(document: Mapping[str, object]) -> bytes:
    """Return a document as bytes; records hold whatever JSON their file held."""
    try:
        return orjson.dumps(document)
    except TypeError:  # an integer beyond 64 bits, or half a surrogate pair
        return json.dumps(document).encode()


async def body_of(
    request: web.Request, *, largest: int, seconds: float = _SECONDS_FOR_MUCH
) -> bytes:
    """Return the body of a request, read no further than it may be large.

    Args:
        request: whose body is read.
        largest: bytes it may have, unpacked.
        seconds: within which it must have arrived.

    Raises:
        RequestTooLarge: when it is larger.
        InvalidRequest: when it cannot be unpacked, or does not arrive in time.
    """
    if (request.content_length or 0) > largest:
        raise _too_large(largest)
    try:
        if request.content.is_eof():  # all of it is there, as small ones are
            body = request.content.read_nowait()
            if len(body) > largest:
                raise _too_large(largest)
            return body
        async with asyncio.timeout(seconds):
            return await _arriving(request, largest)
    except TimeoutError as failure:
        message = f"The request body did not arrive within {seconds:g} s."
        raise InvalidRequest(message) from failure
    except web.RequestPayloadError as failure:
        message = "The request body cannot be unpacked."
        raise InvalidRequest(message) from failure


async def _arriving(request: web.Request, largest: int) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > largest:
            raise _too_large(largest)
    return bytes(body)


def _too_large(largest: int) -> RequestTooLarge:
    return RequestTooLarge(f"The request body is larger than {largest} bytes.")


async def asked_of(request: web.Request) -> Asked:
    """Return what a request asks, in its query string and in its body."""
    said = request.query.items() if request.query_string else ()
    if request.method != "POST":
        return gather_parameters(said)
    largest = request.app[LIMITS].body
    body = await body_of(request, largest=largest, seconds=_SECONDS_FOR_LITTLE)
    asked = gather_body(body)
    return gather_parameters(said, asked) if said else asked


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
