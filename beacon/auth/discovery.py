"""Where an issuer keeps its keys and tells of its users.

As the operator said, or as its discovery document does (OpenID Connect Discovery
1.0), which must be its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model.errors import IssuerUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.auth.fetching import Fetcher
    from beacon.auth.issuers import Issuer

_WELL_KNOWN = ".well-known/openid-configuration"


class Places:
    """The addresses of one issuer.

    Args:
        issuer: whose they are.
        fetcher: asks it.
    """

    def __init__(self, issuer: Issuer, fetcher: Fetcher) -> None:
        self._issuer = issuer
        self._fetcher = fetcher
        self._told: Mapping[str, object] | None = None

    async def keys(self) -> Mapping[str, object]:
        """Return the document that lists its keys.

        Raises:
            IssuerUnavailable: when it cannot be fetched.
        """
        try:
            place = self._issuer.jwks_uri or await self._named("jwks_uri")
            return await self._fetcher.document(place)
        except IssuerUnavailable:
            self._told = None  # it may have moved
            raise

    async def userinfo(self, token: str) -> Mapping[str, object]:
        """Return what it says of the user whom a token was given to.

        Raises:
            NotIdentified: when it does not know the token any more.
            IssuerUnavailable: when it does not answer.
        """
        place = self._issuer.userinfo_uri or await self._named("userinfo_endpoint")
        return await self._fetcher.document(place, token)

    async def _named(self, what: str) -> str:
        if self._told is None:
            iss = self._issuer.iss
            address = f"{iss.removesuffix('/')}/{_WELL_KNOWN}"
            told = await self._fetcher.document(address)
            if told.get("issuer") != iss:
                message = "The discovery document of an issuer is another one's."
                raise IssuerUnavailable(message)
            self._told = told
        place = self._told.get(what)
        if not isinstance(place, str):
            message = f"The discovery document of an issuer names no {what}."
            raise IssuerUnavailable(message)
        return place
