"""One request in, one JSON document out: what every handler shares."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from beacon.api.keys import BODY, KNOWN, REQUESTER, SPEAKERS
from beacon.api.sending import JsonAnswer
from beacon.model.errors import InvalidRequest, RequestTooLarge
from beacon.model.requester import ANONYMOUS, Requester
from beacon.wire.forms import Sent
from beacon.wire.info import Speaker
from beacon.wire.requests import Understanding
from beacon.wire.writing import written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from beacon.api.keys import BeaconService, Limits
    from beacon.api.plain import Asking
    from beacon.wire.info import BeaconIdentity

_CHUNK = 64 * 1024
SECONDS_FOR_LITTLE = 10.0
_SECONDS_FOR_MUCH = 60.0
_NOT_UNPACKED = "The request body cannot be unpacked."
_ADDRESSES_KEPT = 64
_UNDERSTANDINGS_KEPT = 8
"""There are three assemblies, and so many sets of them."""


def speaker(request: web.Request) -> Speaker:
    """Return the beacon under the address this request came to."""
    return request.app[SPEAKERS](request.scheme, request.host)


def requester_of(request: Asking) -> Requester:
    """Return who asks, as the door found out."""
    found: Requester = request.get(REQUESTER, ANONYMOUS)
    return found


def speakers_of(identity: BeaconIdentity) -> Callable[[str, str], Speaker]:
    """Return what gives the speaker at a scheme and host, and keeps some of them."""

    @lru_cache(maxsize=_ADDRESSES_KEPT)
    def speaker_at(scheme: str, host: str) -> Speaker:
        return Speaker(identity=identity, site=identity.site(scheme, host))

    return speaker_at


def as_json(document: Mapping[str, object], *, status: int = 200) -> JsonAnswer:
    """Return a document as a JSON response, which nobody between may keep."""
    return JsonAnswer(written(document), status=status)


async def body_of(
    request: web.BaseRequest, *, largest: int, seconds: float = _SECONDS_FOR_MUCH
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
    body = await _body_of(request, largest, seconds)
    if not body and request.content_length and hdrs.CONTENT_ENCODING in request.headers:
        raise InvalidRequest(_NOT_UNPACKED)  # cut short, it must not ask for all
    return body


async def _body_of(request: web.BaseRequest, largest: int, seconds: float) -> bytes:
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
        raise InvalidRequest(_NOT_UNPACKED) from failure


async def _arriving(request: web.BaseRequest, largest: int) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > largest:
            raise _too_large(largest)
    return bytes(body)


def _too_large(largest: int) -> RequestTooLarge:
    return RequestTooLarge(f"The request body is larger than {largest} bytes.")


async def sent_with(request: web.BaseRequest, largest: int) -> Sent:
    """Return a request as it came, with its body, which is so many bytes at most."""
    body = None
    if request.method == "POST":
        body = request.get(BODY)
        if body is None:
            body = await body_of(request, largest=largest, seconds=SECONDS_FOR_LITTLE)
    text = request.rel_url.raw_query_string
    return Sent(text=text, parameters=lambda: request.query.items(), body=body)


async def understanding(request: web.Request) -> Understanding:
    """Return what questions are understood with."""
    return await request.app[KNOWN].now(requester_of(request))


class Known:
    """What questions are understood with, the same while nothing of it changes.

    Requesters who see the same assemblies share it.

    Args:
        beacon: that is asked.
        limits: of requests.
    """

    def __init__(self, beacon: BeaconService, limits: Limits) -> None:
        self._beacon = beacon
        self._limits = limits
        self._kept: dict[frozenset[str], Understanding] = {}

    async def now(self, requester: Requester) -> Understanding:
        """Return what questions of a requester are understood with at this moment.

        Raises:
            StoreUnavailable: when the store cannot be reached.
        """
        loaded = await self._beacon.loaded(requester)
        genes = await self._beacon.genes()
        last = self._kept.get(loaded)
        if last is not None and last.genes is genes:
            return last
        if last is not None or len(self._kept) >= _UNDERSTANDINGS_KEPT:
            self._kept.clear()
        found = self._kept[loaded] = Understanding(
            loaded=loaded,
            references=self._beacon.references,
            genes=genes,
            largest_page=self._limits.page,
            is_strict=self._limits.strict_filters,
        )
        return found
