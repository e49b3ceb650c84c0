"""JSON answers on their way out: written in one go, packed where that pays.

An answer's head is the same for all but its length and the second it is sent
in; it is put together once a second, not once an answer.  What an answer says
is never decided here.
"""

from __future__ import annotations

import asyncio
import zlib
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from time import time
from typing import TYPE_CHECKING, Final, cast

from aiohttp import HttpVersion11, hdrs, web
from multidict import CIMultiDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.abc import AbstractStreamWriter

ON_ALL: Final = {
    "X-Content-Type-Options": "nosniff",
    hdrs.SERVER: "nordic-beacon",
}
"""On everything that leaves."""
OPEN_TO_BROWSERS: Final = {hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*", **ON_ALL}
"""The same, where any origin may read what anybody may read."""

_HEADERS: Final = CIMultiDict(
    {
        hdrs.CONTENT_TYPE: "application/json",
        hdrs.CACHE_CONTROL: "no-store",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        **OPEN_TO_BROWSERS,
    }
)
PAYS_FROM: Final = 16 * 1024
"""Bytes from which an answer is packed: 0.1 ms for 17 kB saves 0.13 ms on a line of a
gigabit a second; below, the fixed cost eats what it saves."""
_APART_FROM: Final = 64 * 1024
"""Bytes from which it is packed outside the event loop."""
_LEVEL: Final = 1
"""JSON of result sets becomes a fifteenth with it; level 6 takes three times as long
and makes a nineteenth."""
_GZIP_WINDOW: Final = 31


class _Heads:
    """What stands before an answer's length, by status, for one second."""

    def __init__(self) -> None:
        self._second = 0
        self._date = ""
        self._heads: dict[int, bytes] = {}

    def before_length(self, status: int) -> bytes:
        """Return the head of a usual answer, up to the value of ``Content-Length``."""
        second = int(time())
        if second != self._second:
            self._second, self._date = second, formatdate(second, usegmt=True)
            self._heads = {}
        head = self._heads.get(status)
        if head is None:
            head = self._heads[status] = _head(status, _HEADERS, self._date)
        return head


_HEADS = _Heads()


def _head(status: int, headers: Mapping[str, str], date: str) -> bytes:
    """Return the head of an answer, up to the value of ``Content-Length``."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Date: {date}", "Content-Length: "]
    return "\r\n".join(lines).encode("ascii")


def usual(body: bytes, status: int = 200, more: bytes = b"") -> bytes:
    """Return head and body of a usual answer as they leave.

    Args:
        body: of the answer.
        status: of the answer.
        more: lines of its head beside the usual ones, each after a line's end.
    """
    head = _HEADS.before_length(status)
    return b"%b%d%b\r\n\r\n%b" % (head, len(body), more, body)


def as_bytes(response: web.Response, *, stays: bool) -> bytes:
    """Return any answer as it leaves to a client of HTTP/1.1.

    Args:
        response: whose body is whole.
        stays: whether the connection stays open after it.
    """
    if stays and isinstance(response, JsonAnswer) and response.is_usual:
        return response.whole()
    headers = {**response.headers, **OPEN_TO_BROWSERS}
    if not stays:
        headers[hdrs.CONNECTION] = "close"
    body = cast("bytes", response.body or b"")
    head = _head(response.status, headers, formatdate(usegmt=True))
    return b"%b%d\r\n\r\n%b" % (head, len(body), body)


class JsonAnswer(web.Response):
    """A JSON document, which nobody between may keep.

    A subclass of the library's response, because building and writing its headers
    one by one is a quarter of what the library takes for a request.  Only what is
    meant to be overridden is, and only for the usual answer (HTTP/1.1, a connection
    that stays open, a body, no header but ours): it is written as one piece of
    bytes.  Every other goes the library's way and leaves with the same headers.
    The library's ``on_response_prepare`` is not sent for the usual answer.
    """

    def __init__(self, body: bytes, *, status: int = 200) -> None:
        super().__init__(body=body, status=status, headers=_HEADERS)
        self._bytes = body
        self._more = b""
        self._marks = 0
        self._writer: AbstractStreamWriter | None = None

    @property
    def size(self) -> int:
        """Bytes of the document."""
        return len(self._bytes)

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection stays open after it."""
        return True if self._writer is not None else super().keep_alive

    def mark(self, name: str, value: str) -> None:
        """Add a header, once, which keeps the answer a usual one."""
        self.headers[name] = value
        self._more += f"\r\n{name}: {value}".encode("ascii")
        self._marks += 1

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Begin to answer a request."""
        if (
            not self.is_usual
            or not request.keep_alive
            or request.version != HttpVersion11
            or request.method == hdrs.METH_HEAD
        ):
            return await super().prepare(request)
        self._writer = request.writer
        return self._writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Write what there is to write."""
        if self._writer is None:
            await super().write_eof(data)
            return
        await self._writer.write_eof(self.whole())

    @property
    def is_usual(self) -> bool:
        """Whether it has no header but ours, and leaves the connection open."""
        is_ours = len(self.headers) == len(_HEADERS) + self._marks
        return is_ours and super().keep_alive is None

    def whole(self) -> bytes:
        """Return head and body of a usual answer as they leave."""
        return usual(self._bytes, self.status, self._more)

    async def packed(self, accepted: str) -> JsonAnswer:
        """Return the answer as a client that accepts such encodings gets it."""
        self.headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
        if not accepts_gzip(accepted):
            return self
        if self.size < _APART_FROM:
            body = _gzipped(self._bytes)
        else:
            body = await asyncio.to_thread(_gzipped, self._bytes)
        answer = JsonAnswer(body, status=self.status)
        answer.headers.update(self.headers)
        answer.headers[hdrs.CONTENT_ENCODING] = "gzip"
        return answer


def _gzipped(body: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    return packer.compress(body) + packer.flush()


@lru_cache(maxsize=64)
def accepts_gzip(accepted: str) -> bool:
    """Whether a client would rather have gzip than the plain answer.

    Args:
        accepted: the value of ``Accept-Encoding``, RFC 9110, section 12.5.3.
    """
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        coding, *parameters = (each.strip() for each in part.split(";"))
        weights[coding] = _weight(parameters)
    any_other = weights.get("*", 0.0)
    gzip = weights.get("gzip", weights.get("x-gzip", any_other))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _weight(parameters: list[str]) -> float:
    """Return the ``q`` of a coding; one that cannot be read accepts nothing."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
