"""``/api/batch``: thousands of alleles in one request, answered as a stream.

Lines are asked in groups, so that the store can look many alleles up at once, and
are written in the order they came.  Two groups are under way at a time, and the
next begins when the client has taken one: a slow reader slows us, and what a batch
needs of memory does not grow with it.

A body whose length is told is counted before anything is answered, so that one
that is too long is refused as a whole.  One that comes as a stream is answered as
it comes; where it turns out too long, a last line says so.
"""

from __future__ import annotations

import asyncio
from asyncio import to_thread
from collections import deque
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from beacon.api.auditing import beacon_of
from beacon.api.exchange import body_of, requester_of, understanding
from beacon.api.keys import BATCHES, BEACON, LIMITS
from beacon.model.disclosure import Disclosure
from beacon.model.errors import (
    BeaconError,
    InvalidRequest,
    RequestTooLarge,
    StoreUnavailable,
)
from beacon.model.wording import question as question_of
from beacon.model.wording import worded
from beacon.wire.batch import (
    Arriving,
    Line,
    Members,
    Pen,
    Plainly,
    question,
    read_line,
    split,
)

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Callable,
        Coroutine,
        Sequence,
    )

    from beacon.api.keys import BeaconService, Limits
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.wire.batch import Plain, Raw
    from beacon.wire.requests import Understanding

    Said = Disclosure | BeaconError
    Groups = AsyncGenerator[Sequence[Raw], None]

_log = structlog.get_logger(__name__)

_AT_ONCE = 2
"""Groups under way."""
_AT_A_STRETCH = 10
"""Lines that are read, or written, before others get their turn."""
_PLAIN_AT_A_STRETCH = 100
"""The same of plain lines."""
_SECONDS_BETWEEN = 60.0
"""A stream that says, or takes, nothing for so long has ended badly."""
_HEADERS = {
    "Content-Type": "application/x-ndjson",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}
_FAILED = "This beacon failed to answer."
_FULL = "As many batches as may be are answered already; send it again later."


async def batch(request: web.Request) -> web.StreamResponse:
    """Answer a batch, one line for each of its lines."""
    async with place_for(request):
        known = await understanding(request)
        beacon = beacon_of(request.app[BEACON], request)
        scribe = _Scribe(beacon, requester_of(request), known)
        return await answer_lines(request, scribe.answer)


@asynccontextmanager
async def place_for(request: web.Request) -> AsyncIterator[None]:
    """Have one of the places there are for batches.

    Raises:
        StoreUnavailable: when there is none.
    """
    turns = request.app[BATCHES]
    if turns.locked():
        raise StoreUnavailable(_FULL)
    async with turns:
        yield


async def answer_lines(
    request: web.Request,
    answer: Callable[[Sequence[Raw]], Coroutine[None, None, bytes]],
    head: bytes = b"",
) -> web.StreamResponse:
    """Answer a request's lines as a stream, group by group.

    Args:
        request: that asks.
        answer: gives the answers to a group.
        head: a line that is sent before all others.
    """
    async with aclosing(await _groups_of(request, request.app[LIMITS])) as groups:
        first = await anext(groups, None)  # what is wrong by now has a status yet
        stream = web.StreamResponse(headers=_HEADERS)
        await stream.prepare(request)
        try:
            await stream.write(head)
            async with aclosing(_answered(first, groups, answer)) as answers:
                async for text in answers:
                    async with asyncio.timeout(_SECONDS_BETWEEN):
                        await stream.write(text)
        except ConnectionError:
            raise  # the client left, which is no failure
        except Exception:  # noqa: BLE001 - what is half answered must not look whole
            _log.exception("batch.failed")
            if request.transport is not None:
                request.transport.abort()
            return stream
    await stream.write_eof()
    return stream


async def _groups_of(request: web.Request, limits: Limits) -> Groups:
    """Return the lines of a request in groups that are asked together.

    Raises:
        RequestTooLarge: when its body, or the number of its lines, is too large.
        InvalidRequest: when a body that is no lines cannot be read.
    """
    if request.content_length is None:
        return _arriving(request, limits)
    body = await body_of(request, largest=limits.batch_body)
    # Twenty megabytes take long; other requests go on meanwhile.
    lines = await to_thread(split, body, most=limits.batch_lines)
    return _at_hand(lines, limits.at_once)


async def _at_hand(lines: Sequence[Raw], size: int) -> Groups:
    for first in range(0, len(lines), size):
        yield lines[first : first + size]


async def _arriving(request: web.Request, limits: Limits) -> Groups:
    """Yield groups of the lines that have come, whenever some have.

    What is wrong with the whole is an error before the first group, and a line of
    its own behind the others.
    """
    lines = Arriving(most=limits.batch_lines, largest=limits.batch_body)
    has_begun = False
    try:
        while not lines.is_over:
            more = await _next(request)
            # An array is read at its end, whole, which may take long.
            found = lines.take(more) if more else await to_thread(lines.take, more)
            for group in _cut(found, limits.at_once):
                yield group
                has_begun = True
    except (InvalidRequest, RequestTooLarge) as failure:
        if not has_begun:
            raise
        yield [Line(value=None, error=str(failure), is_sent=False)]


def understood(line: Line, known: Understanding) -> Query | str:
    """Return what a line asks, or the sentence why it asks nothing."""
    try:
        return question(line, known)
    except BeaconError as failure:
        return str(failure)
    except Exception:  # noqa: BLE001 - a worker's last line: other lines go on
        _log.exception("batch.line_failed")
        return _FAILED


def _cut(lines: Sequence[Raw], size: int) -> list[Sequence[Raw]]:
    return [lines[first : first + size] for first in range(0, len(lines), size)]


async def _next(request: web.Request) -> bytes:
    """Return what has come of a body since; nothing: it is over.

    Raises:
        InvalidRequest: when it cannot be unpacked, or stops in the middle.
    """
    try:
        async with asyncio.timeout(_SECONDS_BETWEEN):
            return await request.content.readany()
    except TimeoutError as failure:
        message = f"Nothing came of the request body for {_SECONDS_BETWEEN:g} s."
        raise InvalidRequest(message) from failure
    except web.RequestPayloadError as failure:
        message = "The request body cannot be unpacked."
        raise InvalidRequest(message) from failure


async def _answered(
    first: Sequence[Raw] | None,
    groups: Groups,
    answer: Callable[[Sequence[Raw]], Coroutine[None, None, bytes]],
) -> AsyncGenerator[bytes, None]:
    """Yield the answers to groups, in order, as soon as each is there."""
    if first is None:
        return
    running = deque([asyncio.create_task(answer(first))])
    coming = [asyncio.create_task(_following(groups))]
    try:
        while running or coming:
            able = coming if len(running) < _AT_ONCE else []
            waiting = [*list(running)[:1], *able]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if running and running[0].done():
                yield running.popleft().result()
                continue
            group = coming.pop().result()
            if group is not None:
                running.append(asyncio.create_task(answer(group)))
                coming.append(asyncio.create_task(_following(groups)))
    finally:
        left = [*running, *coming]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def _following(groups: Groups) -> Sequence[Raw] | None:
    return await anext(groups, None)


class _Scribe:
    """Answers groups of lines of one batch.

    Args:
        beacon: that is asked.
        requester: who asks.
        known: what lines are understood with.
    """

    def __init__(
        self, beacon: BeaconService, requester: Requester, known: Understanding
    ) -> None:
        self._beacon = beacon
        self._requester = requester
        self._known = known
        self._plainly = Plainly(known)
        self._members = Members()
        self._pen = Pen()

    async def answer(self, group: Sequence[Raw]) -> bytes:
        """Return the answers to a group, a line for each; a failure is its line's."""
        plain: dict[int, Plain] = {}
        others: list[int] = []
        for number, raw in enumerate(group):
            line = self._plainly.read(raw)
            if line is None:
                others.append(number)
            else:
                plain[number] = line
            if number % _PLAIN_AT_A_STRETCH == 0:
                await asyncio.sleep(0)
        written = [b""] * len(group)
        for number, text in zip(
            others, await self._answers([group[n] for n in others]), strict=True
        ):
            written[number] = text
        said = await self._told(list(plain.values()))
        for at, ((number, line), one) in enumerate(
            zip(plain.items(), said, strict=True)
        ):
            written[number] = (
                line.answered(one)
                if isinstance(one, bytes)
                else self._pen.unanswered(read_line(group[number]), one)
            )
            if at % _PLAIN_AT_A_STRETCH == 0:
                await asyncio.sleep(0)
        return b"".join(written)

    async def _told(self, lines: Sequence[Plain]) -> Sequence[bytes | str]:
        """Return what is said to plain lines, or why nothing is."""
        if not lines:
            return ()
        asked = [(line.outline, line.allele) for line in lines]
        try:
            said = await self._beacon.answer_alleles(
                asked, self._requester, self._members
            )
        except Exception:  # noqa: BLE001 - a worker's last line: other lines go on
            _log.exception("batch.group_failed")
        else:
            return [one if isinstance(one, bytes) else str(one) for one in said]
        alone = await asyncio.gather(*(self._alone(question_of(one)) for one in asked))
        return [
            worded(one, self._members) if isinstance(one, Disclosure) else str(one)
            for one in alone
        ]

    async def _answers(self, group: Sequence[Raw]) -> Sequence[bytes]:
        """Return the answers to lines of any kind."""
        lines: list[Line] = []
        asked: list[Query | str] = []
        for number, raw in enumerate(group):
            lines.append(read_line(raw))
            asked.append(understood(lines[-1], self._known))
            if number % _AT_A_STRETCH == 0:
                await asyncio.sleep(0)
        queries = [one for one in asked if not isinstance(one, str)]
        said = iter(await self._said(queries))
        written: list[bytes] = []
        for number, (line, one) in enumerate(zip(lines, asked, strict=True)):
            written.append(
                self._write(line, one if isinstance(one, str) else next(said))
            )
            if number % _AT_A_STRETCH == 0:
                await asyncio.sleep(0)
        return written

    def _write(self, line: Line, said: Said | str) -> bytes:
        if isinstance(said, (str, BeaconError)):
            return self._pen.unanswered(line, str(said))
        return self._pen.answered(line, said)

    async def _said(self, queries: Sequence[Query]) -> Sequence[Said | str]:
        """Return the answers; where asking together fails, each is asked alone."""
        if not queries:
            return ()  # nor is it written down
        try:
            return await self._beacon.answer_many(queries, self._requester)
        except Exception:  # noqa: BLE001 - a worker's last line: other lines go on
            _log.exception("batch.group_failed")
        return await asyncio.gather(*map(self._alone, queries))

    async def _alone(self, query: Query) -> Said | str:
        """Return the answer to one line, as a group of its own: it is written down."""
        try:
            (said,) = await self._beacon.answer_many([query], self._requester)
        except BeaconError as failure:
            return failure
        except Exception:  # noqa: BLE001 - a worker's last line: other lines go on
            _log.exception("batch.line_failed")
            return _FAILED
        return said
