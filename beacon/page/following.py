"""Answers that are shown as they come: server-sent events.

What a node says is sent as it is shown, ready to be put into its place; at the end,
what all say together.  What is refused before anything came is refused with its
status; a stream that breaks off has no end, and so never looks whole.
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import hdrs, web

from beacon.model.errors import BeaconError
from beacon.page.rendering import HEADERS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    from beacon.model.nodes import NodeAnswer

    Said = Mapping[str, object]

_log = structlog.get_logger(__name__)

_AT_FIRST: Final = 0.45
"""Seconds for a refusal, or the first answer, before anything is sent."""
_BEAT: Final = 1.0
"""Seconds of silence after which it is said that nodes are still asked."""


async def follow(
    request: web.Request,
    coming: AsyncGenerator[NodeAnswer, None],
    say: Callable[[NodeAnswer], Said],
    end: Callable[[], Awaitable[Said]],
) -> web.StreamResponse:
    """Send what each node says as it comes.

    Args:
        request: that is answered.
        coming: what nodes say.
        say: makes what is sent of what a node says.
        end: makes what is sent at last.

    Raises:
        BeaconError: when the question is refused before anything came.
    """
    headers = {
        **HEADERS,
        hdrs.CONTENT_TYPE: "text/event-stream; charset=utf-8",
        "X-Accel-Buffering": "no",
    }
    stream = web.StreamResponse(headers=headers)
    try:
        await _send(request, stream, coming, say, end)
    except ConnectionError:
        raise  # the reader left, which is no failure
    except Exception as failure:
        if not stream.prepared:
            raise
        if not isinstance(failure, BeaconError):
            # What is half answered must not look whole.
            _log.exception("page.failed")
            if request.transport is not None:
                request.transport.abort()
            return stream
        await stream.write(_event("refused"))
    await stream.write_eof()
    return stream


async def _send(
    request: web.Request,
    stream: web.StreamResponse,
    coming: AsyncGenerator[NodeAnswer, None],
    say: Callable[[NodeAnswer], Said],
    end: Callable[[], Awaitable[Said]],
) -> None:
    async with aclosing(coming) as answers, aclosing(_beating(answers)) as beats:
        async for said in beats:
            if not stream.prepared:  # what is refused by now has a status yet
                await stream.prepare(request)
                await stream.write(_event("begin"))
            event = _event("beat") if said is None else _event("node", say(said))
            await stream.write(event)
    await stream.write(_event("done", await end()))


async def _beating(
    answers: AsyncGenerator[NodeAnswer, None],
) -> AsyncGenerator[NodeAnswer | None, None]:
    """Yield what comes, and ``None`` for each while in which nothing did."""
    patience = _AT_FIRST
    while True:
        coming = asyncio.create_task(_next(answers))
        try:
            while not coming.done():
                await asyncio.wait({coming}, timeout=patience)
                patience = _BEAT
                if not coming.done():
                    yield None
            said = coming.result()
        finally:
            coming.cancel()  # what is asked for a reader who left
            await asyncio.wait({coming})
        if said is None:
            return
        yield said


async def _next(answers: AsyncGenerator[NodeAnswer, None]) -> NodeAnswer | None:
    return await anext(answers, None)


def _event(name: str, said: Said | None = None) -> bytes:
    """Return an event; JSON has no end of line in it."""
    return f"event: {name}\ndata: {json.dumps(said or {})}\n\n".encode()
