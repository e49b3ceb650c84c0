"""Where an issuer keeps its keys, tells of its users and has them log in.

As the operator said, or as its discovery document does (OpenID Connect Discovery
1.0), which must be its own.  What is elsewhere says nothing of this machine: no
issuer has us ask what listens on loopback.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from beacon.auth.issuers import is_private
from beacon.model.errors import IssuerUnavailable
from beacon.model.hosts import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.auth.fetching import Fetcher
    from beacon.auth.issuers import Client, Issuer

_WELL_KNOWN = ".well-known/openid-configuration"
_POSTED = "client_secret_post"
_BASIC = "client_secret_basic"
_HASHED = "S256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Where and how people log in at an issuer.

    Attributes:
        authorization: where they are sent.
        token: where a code becomes tokens.
        end_session: where they log out; ``None``: it does not say.
        names_itself: whether it says who it is when it sends them back (RFC 9207).
        takes_basic: whether a client proves itself by ``Authorization: Basic``; else
            its secret is in the form.
    """

    authorization: str
    token: str
    end_session: str | None = None
    names_itself: bool = False
    takes_basic: bool = True


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
        self._asking: asyncio.Task[Mapping[str, object]] | None = None

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

    async def gate(self, client: Client) -> Gate:
        """Return where people log in.

        Raises:
            IssuerUnavailable: when that cannot be found out, is not private, or the
                issuer says that it takes no proof that a code is ours (PKCE).
        """
        told = {} if client.is_pinned else await self._document()
        challenges = told.get("code_challenge_methods_supported")
        if isinstance(challenges, list) and _HASHED not in challenges:
            message = "An issuer takes no PKCE with S256, so nobody can log in there."
            raise IssuerUnavailable(message)
        proofs = told.get("token_endpoint_auth_methods_supported", [_BASIC])
        listed = proofs if isinstance(proofs, list) else [_BASIC]
        goodbye = client.end_session_uri or told.get("end_session_endpoint")
        return Gate(
            authorization=client.authorization_uri
            or await self._named("authorization_endpoint"),
            token=client.token_uri or await self._named("token_endpoint"),
            end_session=goodbye
            if isinstance(goodbye, str) and self._may_name(goodbye)
            else None,
            names_itself=told.get("authorization_response_iss_parameter_supported")
            is True,
            takes_basic=_BASIC in listed or _POSTED not in listed,
        )

    async def tokens(
        self, place: str, form: Mapping[str, str], basic: tuple[str, str] | None
    ) -> Mapping[str, object]:
        """Return what a code was exchanged for at the issuer.

        Args:
            place: of its token endpoint.
            form: that is sent there.
            basic: what we prove who we are with, in the head; ``None``: not there.

        Raises:
            NotIdentified: when it gives nothing for the code.
            IssuerUnavailable: when it does not answer.
        """
        try:
            return await self._fetcher.exchanged(place, form, basic)
        except IssuerUnavailable:
            self._told = None  # it may have moved
            raise

    async def _named(self, what: str) -> str:
        place = (await self._document()).get(what)
        if not isinstance(place, str) or not self._may_name(place):
            message = f"The discovery document of an issuer names no {what}."
            raise IssuerUnavailable(message)
        return place

    def _may_name(self, place: str) -> bool:
        """Whether an issuer may say that something of its own is at an address."""
        return is_private(place) and (_is_here(self._issuer.iss) or not _is_here(place))

    async def _document(self) -> Mapping[str, object]:
        """Return the discovery document, which is asked for once for all who wait."""
        if self._told is not None:
            return self._told
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._discovered())
            self._asking.add_done_callback(_looked_at)
        return await asyncio.shield(self._asking)

    async def _discovered(self) -> Mapping[str, object]:
        iss = self._issuer.iss
        address = f"{iss.removesuffix('/')}/{_WELL_KNOWN}"
        told = await self._fetcher.document(address)
        if told.get("issuer") != iss:
            message = "The discovery document of an issuer is another one's."
            raise IssuerUnavailable(message)
        self._told = told
        return told


def _is_here(address: str) -> bool:
    return is_loopback(urlsplit(address).hostname or "")


def _looked_at(task: asyncio.Task[Mapping[str, object]]) -> None:
    """Take note of a failure that nobody may wait for any more."""
    if not task.cancelled():
        task.exception()
