"""What asking any other beacon shares: its address, its refusals, its counts.

Members of an answer that are not ours are ignored, and no answer is read further
than it may be large.  What an answer means is its reader's: ``remote`` for one
question, ``remote_batch`` for many.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
from pydantic import BaseModel, ConfigDict, Field
from yarl import URL

from beacon.model.counts import AlleleCounts
from beacon.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class Read(BaseModel):
    """What every part shares: other members of a foreign answer are not ours."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class ReadCounts(Read):
    """A part that may tell the counts of one allele."""

    alleles: int | None = Field(default=None, alias="alleleCount", ge=0)
    called: int | None = Field(default=None, alias="alleleNumber", ge=0)
    homozygous: int | None = Field(default=None, ge=0)
    heterozygous: int | None = Field(default=None, ge=0)
    hemizygous: int | None = Field(default=None, ge=0)

    def counts(self) -> AlleleCounts | None:
        """Return the counts; ``None`` where neither alleles nor calls are told.

        Raises:
            ValueError: when they contradict each other.
        """
        counts = AlleleCounts(
            ac=self.alleles,
            an=self.called,
            hom=self.homozygous,
            het=self.heterozygous,
            hemi=self.hemizygous,
        )
        is_counted = self.alleles is not None or self.called is not None
        return counts if is_counted else None


def api_of(address: str) -> URL:
    """Return the address of a beacon's API: of its site, where that has no path.

    Raises:
        UsageError: it is no HTTP address.
    """
    try:
        site = URL(address)
    except ValueError as failure:
        message = f"--url {address} is not an address: {failure}"
        raise UsageError(message) from failure
    if site.scheme not in ("http", "https") or not site.host:
        message = f"--url {address} is not an http:// or https:// address"
        raise UsageError(message)
    base = site if site.path.strip("/") else site.with_path("/api")
    return base.with_path(base.path.rstrip("/")).with_query(None)


async def all_of(chunks: AsyncIterator[bytes], largest: int) -> bytes:
    """Return the body of an answer, read no further than it may be large.

    Raises:
        ClientPayloadError: when it is larger.
    """
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > largest:
            message = "the answer is too large"
            raise aiohttp.ClientPayloadError(message)
    return bytes(body)
