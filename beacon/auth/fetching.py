"""What issuers say over HTTP: small JSON documents, from where we were told to look.

No redirect is followed and no address of a token is ever asked.  A document that
is too large, too slow or no JSON is none.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import orjson
from aiohttp import ClientError, ClientSession, ClientTimeout, hdrs

from beacon.auth.doubts import Doubt
from beacon.auth.issuers import is_private
from beacon.model.errors import IssuerUnavailable, NotIdentified

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST: Final = 512 * 1024
_SECONDS: Final = 3.0
_REFUSED: Final = frozenset({401, 403})
_AWAY: Final = "Who vouches for this token cannot be reached; ask again in a moment."


class Fetcher:
    """Asks issuers, with one session that is opened when it is first needed."""

    def __init__(self) -> None:
        self._session: ClientSession | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def document(
        self, address: str, token: str | None = None
    ) -> Mapping[str, object]:
        """Return the JSON object at an address.

        Args:
            address: that the operator, or an issuer's own discovery, named.
            token: that is shown there, to the issuer who gave it.

        Raises:
            NotIdentified: when the issuer does not know the token any more.
            IssuerUnavailable: when there is no such document.
        """
        if not is_private(address):
            raise IssuerUnavailable(_AWAY)
        headers: dict[str, str] = {hdrs.ACCEPT: "application/json"}
        if token is not None:
            headers[hdrs.AUTHORIZATION] = f"Bearer {token}"
        try:
            async with asyncio.timeout(_SECONDS):
                status, body = await self._fetched(address, headers)
            if token is not None and status in _REFUSED:
                raise NotIdentified(Doubt.REVOKED)
            found = orjson.loads(body) if status == 200 else None
        except (ClientError, OSError, TimeoutError, ValueError) as failure:
            raise IssuerUnavailable(_AWAY) from failure
        if not isinstance(found, dict):
            raise IssuerUnavailable(_AWAY)
        return found

    async def _fetched(
        self, address: str, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        if self._session is None:
            timeout = ClientTimeout(total=_SECONDS)
            self._session = ClientSession(timeout=timeout)
        async with self._session.get(
            address, headers=headers, allow_redirects=False
        ) as response:
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > _LARGEST:
                    raise IssuerUnavailable(_AWAY)
            return response.status, bytes(body)
