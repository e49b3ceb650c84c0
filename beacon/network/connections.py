"""Connections to peers that bear few interim answers.

``100 Continue`` may come any number of times before an answer (RFC 9110, section
15.2), and the library reads whatever comes at once: seconds of every other question,
if a peer sends nothing else.  Here a connection ends that brings more than a few.
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

if TYPE_CHECKING:
    import asyncio

_MOST: Final = 16
"""Answers to one request, of which all but the last are interim."""
_SLICE: Final = 8192
"""Bytes that are read at once until the answer itself has come."""


class _Connection(ResponseHandler):
    """A connection that counts what it is answered."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._answers = 0
        self._has_final = False

    def set_response_params(self, *args: Any, **more: Any) -> None:
        self._answers, self._has_final = 0, False
        super().set_response_params(*args, **more)

    def feed_data(self, data: Any, size: int = 0) -> None:
        self._answers += 1
        self._has_final = self._has_final or data[0].code >= HTTPStatus.OK
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        if len(data) <= _SLICE or self._has_final:
            super().data_received(data)
            self._end_if_flooded()
            return
        for start in range(0, len(data), _SLICE):
            super().data_received(data[start : start + _SLICE])
            if self._end_if_flooded():
                return

    def _end_if_flooded(self) -> bool:
        if self._answers <= _MOST:
            return False
        if self.transport is not None:
            self.transport.abort()
        self.set_exception(HttpProcessingError(message="too many interim answers"))
        return True


class Connector(aiohttp.TCPConnector):
    """Makes such connections."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        made = partial(_Connection, loop=self._loop)
        self._factory = cast("partial[ResponseHandler]", made)
