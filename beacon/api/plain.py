"""Requests whose head is of the plainest kind, told by their bytes.  Pure.

Plain is less than what HTTP allows: a POST or GET to the one path that most
questions come to, every field named once, nothing about how the body is sent but
its length.  Such a head has one meaning, whoever reads it; what any other one means
is the library's to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from beacon.model.entry_types import ENTRY_TYPES, GENOMIC_VARIANT
from beacon.wire.forms import Sent

if TYPE_CHECKING:
    from collections.abc import Iterable

PATH: Final = f"/api/{ENTRY_TYPES[GENOMIC_VARIANT.id].path}"
END: Final = b"\r\n\r\n"
_FIRST = re.compile(
    rf"(GET|POST) {re.escape(PATH)}(?:\?([A-Za-z0-9%&=._~:,;*+!$'()/\[\]-]*))?"
    r" HTTP/1\.1"
)
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ ]?([!-~](?:[ -~]*[!-~])?)")
_REQUEST_ID = "X-Request-Id"
_NAMED = re.compile(
    rb"\r\nX-Request-Id:[ ]?([!-~](?:[ -~]*[!-~])?)(?=\r\n)", re.IGNORECASE
)
"""A field as above, which is another in each of a client's requests."""
_LENGTH = re.compile(r"0|[1-9][0-9]{0,6}")
_LONGEST = 8000
_HOW_IT_IS_SENT = (
    *("transfer-encoding", "content-encoding", "expect", "upgrade", "trailer"),
    *("te", "http2-settings"),
)
"""Fields with which a request says more of its body, or of the connection."""


@dataclass(frozen=True, slots=True)
class Head:
    """A plain head.

    Attributes:
        method: ``GET`` or ``POST``.
        host: as the client names us.
        headers: its fields.
        text: the query string, as it was sent.
        length: bytes of the body.
    """

    method: str
    host: str
    headers: CIMultiDict[str]
    text: str
    length: int

    def sent(self, body: bytes) -> Sent:
        """Return the request with its body."""
        return Sent(
            text=self.text,
            parameters=self.parameters,
            body=body if self.method == "POST" else None,
        )

    def named(self, identity: str | None) -> Head:
        """Return the same head with another request id, or with none."""
        headers = self.headers.copy()
        headers.popall(_REQUEST_ID, None)
        if identity is not None:
            headers[_REQUEST_ID] = identity
        return replace(self, headers=headers)

    def parameters(self) -> Iterable[tuple[str, str]]:
        """Return what the query string says."""
        return URL.build(path=PATH, query_string=self.text, encoded=True).query.items()


class PlainRequest(dict[object, Any]):
    """One request with a plain head; in it stands what is found out of it.

    Args:
        head: of the request.
        remote: where it came from, as far as that is known.

    Attributes:
        scheme: of the address it came to.
        transport: none that a handler may look at.
    """

    __slots__ = ("head", "headers", "host", "method", "remote")

    scheme: Final = "http"
    transport: Final = None

    def __init__(self, head: Head, remote: str | None) -> None:
        super().__init__()
        self.head, self.remote = head, remote
        self.method, self.host, self.headers = head.method, head.host, head.headers


Asking: TypeAlias = web.BaseRequest | PlainRequest
"""A request, whoever read it off the wire."""


def nameless(head: bytes) -> tuple[bytes, str | None]:
    """Return a head without its first plain request id, and that id."""
    found = _NAMED.search(head)
    if found is None:
        return head, None
    return head[: found.start()] + head[found.end() :], found[1].decode("ascii")


def plain_head(head: bytes) -> Head | None:
    """Return a head, from its first byte to its empty line; ``None``: it is not plain.

    Args:
        head: all of it.
    """
    if len(head) > _LONGEST or not head.isascii():
        return None
    first, *lines = head.decode("ascii").removesuffix("\r\n\r\n").split("\r\n")
    asked, fields = _FIRST.fullmatch(first), [_FIELD.fullmatch(line) for line in lines]
    if asked is None or None in fields:
        return None
    pairs = [(field[1], field[2]) for field in fields if field is not None]
    named = {name.lower(): value for name, value in pairs}
    is_odd = len(named) < len(pairs) or any(name in named for name in _HOW_IT_IS_SENT)
    if is_odd or named.get("connection", "keep-alive").lower() != "keep-alive":
        return None
    method, host = asked[1], named.get("host")
    length = named.get("content-length", "0" if method == "GET" else "")
    if host is None or not _LENGTH.fullmatch(length):
        return None
    if method == "GET" and "content-length" in named:
        return None
    return Head(method, host, CIMultiDict(pairs), asked[2] or "", int(length))
