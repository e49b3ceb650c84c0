"""A lane beside the router, for the path that most questions come to.

Finding the handler of a path, and walking through the application to it, takes the
library a fifth of what it takes for a request.  Here questions about variants are
told by their path as it is documented.  They pass through the same door, and
``handlers.variants`` answers them; what is unusual in any way is left to the
application before anything is read of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from beacon.api.exchange import sent_with
from beacon.api.handlers import variants
from beacon.api.keys import DOOR, LIMITS
from beacon.model.entry_types import ENTRY_TYPES, GENOMIC_VARIANT
from beacon.wire.requests import Address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.api.middleware import Kind

_PATH = f"/api/{ENTRY_TYPES[GENOMIC_VARIANT.id].path}"
_HERE = Address(about=GENOMIC_VARIANT.id)


class Lane:
    """Answers questions about variants for an application.

    Args:
        app: that has all of the API.
    """

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._door = app[DOOR]
        self._largest = app[LIMITS].body
        self._get = self._door.kind(_PATH, hdrs.METH_GET)
        self._post = self._door.kind(_PATH, hdrs.METH_POST)

    def lead_past(self, server: web.Server) -> None:
        """Answer what comes to a server, before it accepts connections."""
        others = server.request_handler

        async def handler(request: web.BaseRequest) -> web.StreamResponse:
            kind = self._kind(request)
            if kind is None:
                return await others(request)
            return await self._door.let_in(kind, request, self._answer)

        server.request_handler = handler

    def _kind(self, request: web.BaseRequest) -> Kind | None:
        """Return the kind of a question about variants; ``None``: of all else."""
        path, method = request.raw_path, request.method
        if method == hdrs.METH_POST and path == _PATH:
            kind = self._post
            if not request.content.is_eof():  # it has yet to come
                return None
        elif method == hdrs.METH_GET and path.partition("?")[0] == _PATH:
            kind = self._get
        else:
            return None
        return None if _is_unusual(request.headers) else kind

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        sent = await sent_with(request, self._largest)
        return await variants(self._app, request, sent, _HERE)


def _is_unusual(headers: Mapping[str, str]) -> bool:
    """Whether a client wants to be asked first, packs what it sends, or moves on."""
    return (
        hdrs.EXPECT in headers
        or hdrs.CONTENT_ENCODING in headers
        or hdrs.UPGRADE in headers
    )
