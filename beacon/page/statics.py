"""The files beside the templates: style, scripts, logo; read once, all our own.

A template asks for an address that changes with the file's bytes, so that a browser
may keep what it has.  A script that another script imports is asked for by its plain
name, and compared each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs, web

if TYPE_CHECKING:
    from collections.abc import Mapping

_KINDS: Final = {
    "css": "text/css",
    "js": "text/javascript",
    "png": "image/png",
    "svg": "image/svg+xml",
}
_DIGITS: Final = 12
_KEPT: Final = "public, max-age=31536000, immutable"
_COMPARED: Final = "no-cache"
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class _File:
    """One file: what it is, and by what it is known."""

    body: bytes
    kind: str
    digest: str


class Statics:
    """All files, read when the first is asked for."""

    @cached_property
    def _files(self) -> Mapping[str, _File]:
        found = {}
        for path in (files("beacon.page") / "static").iterdir():
            kind = _KINDS.get(path.name.rpartition(".")[2])
            if kind is not None:
                body = path.read_bytes()
                found[path.name] = _File(body, kind, sha256(body).hexdigest()[:_DIGITS])
        return found

    def address(self, name: str) -> str:
        """Return the address of a file, below the root of the site."""
        return f"/static/{name}?v={self._files[name].digest}"

    async def show(self, request: web.Request) -> web.Response:
        """Send a file.

        Raises:
            HTTPNotFound: where there is none of this name.
        """
        found = self._files.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        is_exact = request.query.get("v") == found.digest
        headers = {
            **_HEADERS,
            hdrs.CACHE_CONTROL: _KEPT if is_exact else _COMPARED,
            hdrs.ETAG: f'"{found.digest}"',
        }
        if headers[hdrs.ETAG] in request.headers.get(hdrs.IF_NONE_MATCH, ""):
            return web.Response(status=304, headers=headers)
        is_text = not found.kind.startswith("image/png")
        return web.Response(
            body=found.body,
            content_type=found.kind,
            charset="utf-8" if is_text else None,
            headers=headers,
        )


STATICS: Final = Statics()
