"""What issuers say over HTTP: small JSON documents, from where we were told to look.

No redirect is followed, no cookie kept and no address of a token ever asked.  A
document that is too large, too slow or no JSON is none.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus

import orjson
from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, hdrs

from beacon.auth.doubts import Doubt
from beacon.auth.issuers import is_private
from beacon.model.errors import IssuerUnavailable, NotIdentified

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST: Final = 512 * 1024
_SECONDS: Final = 3.0
_REFUSED: Final = frozenset({401, 403})
_GIVEN: Final = 200
_ANSWERED: Final = frozenset({_GIVEN, 400, 401, 403})
_OUR_FAULTS: Final = frozenset(
    {"invalid_client", "unauthorized_client", "unsupported_grant_type"}
)
"""Errors of RFC 6749, section 5.2, that whoever logs in can do nothing about."""
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
                status, body = await self._asked("GET", address, headers=headers)
            if token is not None and status in _REFUSED:
                raise NotIdentified(Doubt.REVOKED)
            found = orjson.loads(body) if status == 200 else None
        except (ClientError, OSError, TimeoutError, ValueError) as failure:
            raise IssuerUnavailable(_AWAY) from failure
        if not isinstance(found, dict):
            raise IssuerUnavailable(_AWAY)
        return found

    async def exchanged(
        self, address: str, form: Mapping[str, str], basic: tuple[str, str] | None
    ) -> Mapping[str, object]:
        """Return the JSON object that an issuer gives for a form.

        Args:
            address: that the operator, or an issuer's own discovery, named.
            form: that is sent there.
            basic: name and secret that we prove who we are with (RFC 6749, 2.3.1).

        Raises:
            NotIdentified: when it gives nothing for it.
            IssuerUnavailable: when it does not answer.
        """
        if not is_private(address):
            raise IssuerUnavailable(_AWAY)
        headers = {hdrs.ACCEPT: "application/json"}
        if basic is not None:
            name, secret = map(quote_plus, basic)
            headers[hdrs.AUTHORIZATION] = _basic(name, secret)
        try:
            async with asyncio.timeout(_SECONDS):
                status, body = await self._asked(
                    "POST", address, headers=headers, data=dict(form)
                )
            found = orjson.loads(body)
        except (ClientError, OSError, TimeoutError, ValueError) as failure:
            raise IssuerUnavailable(_AWAY) from failure
        if not isinstance(found, dict) or status not in _ANSWERED:
            raise IssuerUnavailable(_AWAY)
        if status != _GIVEN:
            is_ours = found.get("error") in _OUR_FAULTS
            raise NotIdentified(Doubt.CLIENT if is_ours else Doubt.CODE)
        return found

    async def _asked(self, method: str, address: str, **more: Any) -> tuple[int, bytes]:
        if self._session is None:
            timeout = ClientTimeout(total=_SECONDS)
            # One user's request takes nothing of another's along.
            self._session = ClientSession(timeout=timeout, cookie_jar=DummyCookieJar())
        async with self._session.request(
            method, address, allow_redirects=False, **more
        ) as response:
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > _LARGEST:
                    raise IssuerUnavailable(_AWAY)
            return response.status, bytes(body)


def _basic(name: str, secret: str) -> str:
    return f"Basic {b64encode(f'{name}:{secret}'.encode()).decode()}"
