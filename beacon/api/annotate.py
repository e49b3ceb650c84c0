"""``POST /annotate``: a VCF in, the annotated VCF out, neither kept nor logged.

What goes out waits in memory for a while, so that a client that sends all before
it reads is served, and a fault in the file is told as an error.  From the first
byte sent on, every failure ends the connection: half a file cannot pass for one.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import hdrs, web

from beacon.annotating.transfer import Intake, Local, Transfer
from beacon.api.auditing import beacon_of
from beacon.api.exchange import requester_of
from beacon.api.keys import ANNOTATIONS, BEACON, IDENTITY, LIMITS
from beacon.model.assemblies import assembly as find_assembly
from beacon.model.errors import (
    BeaconError,
    BudgetSpent,
    InvalidRequest,
    RequestTooLarge,
    StoreUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from beacon.annotating.transfer import Lines

_log = structlog.get_logger(__name__)

_CHUNK: Final = 1 << 16
_HELD: Final = 16 * 1024**2
"""Bytes that wait to be sent while the file is still coming."""
_SECONDS: Final = 60.0
"""A client that neither sends nor reads for so long is given up."""
_PLAIN: Final = "text/vcf"
_PACKED: Final = "application/gzip"
_PLAIN_WORDS: Final = ("text/vcf", "text/plain", "text/x-vcf")
_FULL: Final = "As many files as may be are annotated already; send it again later."
_FAILED: Final = "The store failed while the file was annotated."


async def annotate(request: web.Request) -> web.StreamResponse:
    """Answer a VCF with itself, annotated."""
    turns = request.app[ANNOTATIONS]
    if turns.locked():
        raise StoreUnavailable(_FULL)
    async with turns:
        return await _Annotation(request).run()


class _Annotation:
    """One file on its way."""

    def __init__(self, request: web.Request) -> None:
        limits = request.app[LIMITS]
        self._request = request
        self._most = limits.annotate_body
        self._intake = Intake(
            most_bytes=limits.annotate_text, most_records=limits.annotate_records
        )
        self._stream: web.StreamResponse | None = None
        self._waiting: list[bytes] = []
        self._held = 0

    async def run(self) -> web.StreamResponse:
        """Return the answer, sent.

        Raises:
            BeaconError: something failed before anything was sent.
        """
        given = self._request.query.get("assemblyId") or None
        assembly = None if given is None else find_assembly(given).name
        try:
            return await self._sent(assembly)
        except (BeaconError, TimeoutError, web.RequestPayloadError) as failure:
            if self._stream is None:
                raise _explained(failure) from failure
            _log.warning("annotate.broken_off", why=type(failure).__name__)
            return self._broken_off(self._stream)
        except Exception:
            if self._stream is None:
                raise
            _log.exception("annotate.failed")
            return self._broken_off(self._stream)

    async def _sent(self, assembly: str | None) -> web.StreamResponse:
        transfer: Transfer | None = None
        async for block in self._blocks():
            if transfer is None:
                transfer = await self._begun(assembly)
            await self._pass(transfer, block)
        if transfer is None:  # a header and nothing else
            transfer = await self._begun(assembly)
        await self._put(transfer.tail())
        stream = await self._flushed()
        await stream.write_eof()
        return stream

    async def _blocks(self) -> AsyncIterator[Lines]:
        """Yield the blocks of the file as they come."""
        if (self._request.content_length or 0) > self._most:
            raise _too_large(self._most)
        content, taken = self._request.content, 0
        while True:
            async with asyncio.timeout(_SECONDS):
                data = await content.read(_CHUNK)
            if not data:
                break
            taken += len(data)
            if taken > self._most:
                raise _too_large(self._most)
            for block in await asyncio.to_thread(self._intake.feed, data):
                yield block
        for block in await asyncio.to_thread(self._intake.end):
            yield block

    async def _begun(self, assembly: str | None) -> Transfer:
        beacon, me = self._request.app[BEACON], self._request.app[IDENTITY]
        requester = requester_of(self._request)
        local = Local(
            answers=beacon_of(beacon, self._request),
            requester=requester,
            datasets=await beacon.datasets(requester),
            references=beacon.references,
            beacon=me.id,
            version=me.version,
        )
        transfer = Transfer(
            self._intake,
            local,
            assembly=assembly,
            moment=datetime.now(UTC),
            is_packed=not self._is_plain(),
        )
        await self._put(transfer.head())
        return transfer

    def _is_plain(self) -> bool:
        """Whether text goes out: text came in, and text is what is accepted."""
        if self._intake.is_packed:
            return False
        accepted = self._request.headers.get(hdrs.ACCEPT, "").lower()
        return any(word in accepted for word in _PLAIN_WORDS)

    async def _pass(self, transfer: Transfer, block: Lines) -> None:
        asked = await asyncio.to_thread(transfer.read, block)
        said = await transfer.ask(asked)
        for one in chain.from_iterable(said):
            if isinstance(one, BudgetSpent):
                raise one  # a file of which a part is missing helps nobody
        data, failed = await asyncio.to_thread(transfer.write, asked, said)
        if failed:
            raise StoreUnavailable(_FAILED)
        await self._put(data)

    async def _put(self, data: bytes) -> None:
        """Send some bytes, once as many wait as may."""
        self._waiting.append(data)
        self._held += len(data)
        if self._stream is not None or self._held > _HELD:
            await self._flushed()

    async def _flushed(self) -> web.StreamResponse:
        """Send what waits; the first time, begin the answer."""
        if self._stream is None:
            kind = _PLAIN if self._is_plain() else _PACKED
            headers = {hdrs.CONTENT_TYPE: kind, hdrs.CACHE_CONTROL: "no-store"}
            self._stream = web.StreamResponse(headers=headers)
            await self._stream.prepare(self._request)
        waiting, self._waiting, self._held = self._waiting, [], 0
        for data in waiting:
            async with asyncio.timeout(_SECONDS):
                await self._stream.write(data)
        return self._stream

    def _broken_off(self, stream: web.StreamResponse) -> web.StreamResponse:
        """End the connection within the answer, which nobody can take for whole."""
        if self._request.transport is not None:
            self._request.transport.abort()
        return stream


def _explained(failure: Exception) -> BeaconError:
    """Return what is answered where nothing was sent yet."""
    if isinstance(failure, BeaconError):
        return failure
    if isinstance(failure, TimeoutError):
        return InvalidRequest(f"The VCF did not go on arriving within {_SECONDS:g} s.")
    return InvalidRequest("The request body cannot be unpacked.")


def _too_large(most: int) -> RequestTooLarge:
    return RequestTooLarge(f"A VCF to annotate has at most {most:,} bytes.")
