"""Which pages of other origins may read what is answered (CORS), and how it is said.

Any page may, unless the operator names those that may: no answer says that it may be
read with cookies (``Access-Control-Allow-Credentials``), so that a page can read no
more than whoever runs it could ask for.  What is named is compared as a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import hdrs

from beacon.api.sending import ON_ALL, OPEN_TO_BROWSERS, JsonAnswer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp import web

    from beacon.api.plain import Asking

_ANY: Final = "*"
_METHODS: Final = {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type",
    "Access-Control-Max-Age": "86400",
}


class Browsers:
    """Says in every answer which pages may read it.

    Args:
        origins: whose may; ``*`` among them: everybody's.
    """

    def __init__(self, origins: Iterable[str] = (_ANY,)) -> None:
        self._origins = frozenset(origins)
        self.is_open = _ANY in self._origins

    def close(self, answer: JsonAnswer) -> None:
        """Have an answer leave the library's way, on which ``prepare`` is called."""
        del answer.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN]

    async def prepare(self, request: web.Request, response: web.StreamResponse) -> None:
        """Put on an answer what is on everything that leaves."""
        if self.is_open:
            response.headers.update(OPEN_TO_BROWSERS)
        else:
            response.headers.update(ON_ALL)
            response.headers.add(hdrs.VARY, hdrs.ORIGIN)
            origin = request.headers.get(hdrs.ORIGIN)
            if origin is None or origin not in self._origins:
                return
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
        if is_preflight(request):
            response.headers.update(_METHODS)


def is_preflight(request: Asking) -> bool:
    """Whether a browser asks what it may ask."""
    return (
        request.method == hdrs.METH_OPTIONS
        and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
    )
