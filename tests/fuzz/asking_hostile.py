"""Sends hostile requests over many connections, and judges every answer.

Whatever was asked, an answer is JSON in a shape that is announced: a good one
keeps to its schema, an error is one sentence with the code of its status, and
none is a 5xx.  Bytes that are no HTTP at all are refused by the HTTP library.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import jsonschema_rs
import orjson

from beacon.wire.components import components
from tests.fuzz.hostile_requests import hostile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fuzz.hostile_requests import Hostile

SECONDS = 30
PATIENCE = 2
"""Seconds in which something is said to what is no HTTP, or the line is closed."""
MOST_SHOWN = 20
_SHOWN = b"\r\nAuthorization:"
"""What proves nothing is refused wherever it is shown, and only there."""
_SILENT = 502
"""A network says so where nobody answers: a name that nobody knows is no "no"."""
FINE = {200, 204, 400, 404, 405, 413}
_ENTITIES = ("genomicVariant", "individual", "biosample", "run", "analysis")


@dataclass
class Tally:
    """What came back, and what is wrong with it."""

    statuses: Counter[int] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    unparsed: int = 0


@cache
def _judge(name: str) -> Callable[[object], Iterator[object]]:
    """Return what finds faults in an answer of one kind."""
    kinds = (*_ENTITIES, "dataset", "cohort")
    target = f"{name}Answer" if name in kinds else name
    schemas = json.loads(json.dumps(dict(components())))
    whole = {
        "$ref": f"#/components/schemas/{target}",
        "components": {"schemas": schemas},
    }
    return jsonschema_rs.Draft202012Validator(whole).iter_errors


_LISTED = ("batchAnswer", "networkBatchAnswer")
"""Answers of a line each."""


def faults(status: int, kind: str, body: bytes, asked: Hostile) -> list[str]:
    """Return what is wrong with one answer."""
    if status not in FINE and not _is_announced(status, asked):
        return [f"status {status}"]
    if status == 204:
        return []
    if asked.answer in _LISTED and status == 200:
        lines = [json.loads(line) for line in body.splitlines()]
        return [f"{e.message}" for x in lines for e in _judge(asked.answer)(x)]
    if asked.answer == "metrics" and (status, kind) == (200, "text/plain"):
        return []
    if kind != "application/json":
        return [f"content type {kind}"]
    document = orjson.loads(body)
    if status == 200:
        found = [] if asked.answer is None else _judge(asked.answer)(document)
        return [f"{error.message[:200]} at {error.instance_path}" for error in found]
    return _faults_of_error(status, document)


def _is_announced(status: int, asked: Hostile) -> bool:
    """Whether a status is one that only some requests may have."""
    if asked.answer == "networkAnswer" and status == _SILENT:
        return True
    return status == 401 and _SHOWN in asked.raw


def _faults_of_error(status: int, document: dict) -> list[str]:
    error, meta = document.get("error", {}), document.get("meta", {})
    sentence = error.get("errorMessage")
    holds = {
        "code": error.get("errorCode") == status,
        "sentence": isinstance(sentence, str) and len(sentence.splitlines()) == 1,
        "beacon": bool(meta.get("beaconId")),
        "request": "receivedRequestSummary" in meta,
        "no answer": "responseSummary" not in document,
    }
    return [
        f"error without {name}" for name, holds_here in holds.items() if not holds_here
    ]


class _Line:
    """One connection, made anew when it was closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, raw: bytes) -> tuple[int, str, bytes]:
        """Send a request and return status, content type and body.

        A connection that was kept may have been closed meanwhile; on a new one
        there must be an answer.
        """
        if self._writer is not None:
            try:
                return await self._asked(raw)
            except (OSError, asyncio.IncompleteReadError) as failure:
                self.close()
                if getattr(failure, "partial", b""):
                    raise
        return await self._asked(raw)

    async def _asked(self, raw: bytes) -> tuple[int, str, bytes]:
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(
                "127.0.0.1", self._port, limit=1 << 20
            )
        self._writer.write(raw)
        status, headers = 100, {}
        while status < 200:
            status, headers = await self._head()
        body = await self._body(headers, status)
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return status, headers.get("content-type", "").partition(";")[0], body

    async def _head(self) -> tuple[int, dict[str, str]]:
        first, *lines = (await self._reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        pairs = (line.decode("latin-1").partition(":") for line in lines if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        return int(first.split()[1]), headers

    async def _body(self, headers: dict[str, str], status: int) -> bytes:
        if status == 204:
            return b""
        if headers.get("transfer-encoding") != "chunked":
            return await self._reader.readexactly(int(headers.get("content-length", 0)))
        body = b""
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            body += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readexactly(2)
        return body

    def close(self) -> None:
        """Close it; the next request makes another."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None


async def ask_many(
    port: int,
    numbers: range,
    seed: int,
    *,
    connections: int = 16,
    said: Callable[[int], None] = lambda _: None,
) -> Tally:
    """Send the requests of some numbers, and return what came of it."""
    tally, waiting = Tally(), iter(numbers)
    host = f"127.0.0.1:{port}"

    async def work() -> None:
        line = _Line(port)
        for number in waiting:
            await _one(line, tally, hostile(seed, number, host), number)
            said(number)
        line.close()

    await asyncio.gather(*(work() for _ in range(connections)))
    return tally


async def _one(line: _Line, tally: Tally, asked: Hostile, number: int) -> None:
    try:
        async with asyncio.timeout(SECONDS if asked.is_http else PATIENCE):
            status, kind, body = await line.ask(asked.raw)
    except (TimeoutError, OSError, EOFError, ValueError) as failure:
        line.close()
        if not asked.is_http:
            tally.unparsed += 1
            return
        tally.faults.append(f"{number}: {type(failure).__name__} {asked.raw[:300]!r}")
        return
    tally.statuses[status] += 1
    if not asked.is_http and status < 500:
        tally.unparsed += 1  # refused by the HTTP library, before the site
        line.close()
        return
    tally.answers[f"{asked.answer} {status}"] += 1
    wrong = faults(status, kind, body, asked)
    if wrong and len(tally.faults) < MOST_SHOWN:
        tally.faults.append(f"{number}: {wrong[:3]} {asked.raw[:600]!r}")
