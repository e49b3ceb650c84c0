"""``/api/batch``: thousands of alleles in one request, answered as a stream.

Lines are asked in groups, all lines of a group together, so that the store can
look many alleles up at once; they are written in the order they came.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from beacon.api.exchange import body_of, understanding
from beacon.api.keys import BEACON, LIMITS
from beacon.model.errors import BeaconError
from beacon.model.requester import ANONYMOUS
from beacon.wire.batch import Line, answered, question, read_lines, unanswered
from beacon.wire.writing import written

if TYPE_CHECKING:
    from beacon.api.keys import BeaconService
    from beacon.wire.info import Document
    from beacon.wire.requests import Understanding

_log = structlog.get_logger(__name__)


async def batch(request: web.Request) -> web.StreamResponse:
    """Answer a batch, one line for each of its lines."""
    limits, beacon = request.app[LIMITS], request.app[BEACON]
    body = await body_of(request, largest=limits.batch_body)
    # Twenty megabytes of JSON take seconds; other requests go on meanwhile.
    lines = await asyncio.to_thread(read_lines, body, most=limits.batch_lines)
    known = await understanding(request)
    headers = {"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"}
    stream = web.StreamResponse(headers=headers)
    await stream.prepare(request)
    for first in range(0, len(lines), limits.at_once):
        group = lines[first : first + limits.at_once]
        answers = await asyncio.gather(*(_answer(beacon, x, known) for x in group))
        await stream.write(b"".join(written(x) + b"\n" for x in answers))
    await stream.write_eof()
    return stream


async def _answer(beacon: BeaconService, line: Line, known: Understanding) -> Document:
    """Return the answer to one line; its failure is its own."""
    try:
        return answered(line, await beacon.answer(question(line, known), ANONYMOUS))
    except BeaconError as failure:
        return unanswered(line, str(failure))
    except Exception:  # noqa: BLE001 - a worker's last line: other lines go on
        _log.exception("batch.line_failed")
        return unanswered(line, "This beacon failed to answer.")
