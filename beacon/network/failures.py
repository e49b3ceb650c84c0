"""What a failed exchange is called, for people: our own words, never the peer's."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import aiohttp

from beacon.model.errors import UsageError
from beacon.model.nodes import Reason
from beacon.network.exchanged import Silence
from beacon.network.sockets import ForbiddenAddress

if TYPE_CHECKING:
    from collections.abc import Iterator


class TooLarge(Exception):
    """An answer that has more bytes than are read."""


def silence_of(failure: BaseException) -> Silence | None:
    """Return what a failed exchange is called; ``None``: it is none of those."""
    if isinstance(failure, TooLarge):
        return _said(Reason.TOO_LARGE, "Its answer is larger than we read.")
    if isinstance(failure, UsageError):
        sentence = "What it is to be trusted by cannot be read here."
        return Silence(reason=Reason.INSECURE, sentence=sentence, is_ours=True)
    if any(isinstance(each, ssl.SSLError) for each in _chain(failure)):
        sentence = "No secure connection: its certificate, or ours, is not accepted."
        return _said(Reason.INSECURE, sentence)
    return _of_connection(failure)


def _of_connection(failure: BaseException) -> Silence | None:
    match failure:
        case (
            ForbiddenAddress()
            | aiohttp.ClientConnectorError(os_error=ForbiddenAddress())
        ):
            return _said(Reason.FORBIDDEN_ADDRESS, "It lives where we do not ask.")
        case aiohttp.ClientHttpProxyError() | aiohttp.ClientProxyConnectionError():
            return _said(Reason.UNREACHABLE, "Our proxy does not lead to it.")
        case aiohttp.ClientConnectorError():
            return _said(Reason.UNREACHABLE, "It cannot be reached.")
        case aiohttp.ClientPayloadError():
            return _said(Reason.UNREACHABLE, "Its answer broke off.")
        case aiohttp.ClientConnectionError() | OSError():
            return _said(Reason.UNREACHABLE, "The connection broke off.")
        case aiohttp.ClientError() | ValueError():
            return _said(Reason.NOT_A_BEACON, "What came is not HTTP as we know it.")
    return None


def _said(reason: Reason, sentence: str) -> Silence:
    return Silence(reason=reason, sentence=sentence)


def _chain(failure: BaseException) -> Iterator[BaseException]:
    """Yield a failure and what led to it."""
    each: BaseException | None = failure
    for _ in range(8):
        if each is None:
            return
        yield each
        each = each.__cause__ or each.__context__
