"""Whom we believe: issuers of tokens and of visas, as the policy file names them.

Frozen values, whole when they are made; nothing is fetched or verified here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from beacon.model import hosts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ALGORITHMS: Final = frozenset({"RS256", "ES256"})
"""What GA4GH AAI 1.2 allows; a secret shared by both sides proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What this beacon is at an issuer, so that people can log in there.

    Attributes:
        id: as the issuer calls it.
        title: what people call the issuer.
        secret_file: holds what it is proven by; ``None``: it is a public client.
        scopes: that are asked for.
        authorization_uri: where people log in; ``None``: where the issuer's discovery
            document says, as the next two.
        token_uri: where codes become tokens.
        end_session_uri: where people log out.
    """

    id: str
    title: str
    secret_file: Path | None = None
    scopes: tuple[str, ...] = ("openid", "profile")
    authorization_uri: str | None = None
    token_uri: str | None = None
    end_session_uri: str | None = None

    @property
    def is_pinned(self) -> bool:
        """Whether nothing has to be discovered before somebody can log in."""
        return None not in (self.authorization_uri, self.token_uri)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """One issuer of access tokens, and what is believed of what it says.

    Attributes:
        name: its name in the policy, by which others refer to it.
        iss: exactly as its tokens say it, with or without the last slash.
        algs: signatures it is believed with.
        audiences: names of this beacon, one of which its tokens are for.
        partner_clients: clients whose tokens are taken though they are for others.
        max_age_s: seconds after which a token is too old, whatever it says.
        jwks_uri: where its keys are; ``None``: where its discovery document says.
        passports: whether its userinfo is asked for visas.
        userinfo_uri: where; ``None``: where its discovery document says.
        visa_issuers: whose visas are believed of its users: by their ``iss`` the
            address of their keys (``jku``).  They call its users what it calls them.
        require_acr: how users must have been authenticated, any of it; empty: anyhow.
        role_map: what its roles are called in the policy; others are not believed.
        roles_claim: where its tokens say roles.
        organisation: all its users belong to; ``None``: what its tokens say.
        organisation_claim: where they say it.
        purpose_claim: where they say what is asked for.
        client: what we are there; ``None``: nobody logs in there from our pages.
    """

    name: str
    iss: str
    algs: frozenset[str] = ALGORITHMS
    audiences: frozenset[str] = frozenset()
    partner_clients: frozenset[str] = frozenset()
    max_age_s: int = 3600
    jwks_uri: str | None = None
    passports: bool = True
    userinfo_uri: str | None = None
    visa_issuers: Mapping[str, str] = field(default_factory=dict)
    require_acr: frozenset[str] = frozenset()
    role_map: Mapping[str, str] = field(default_factory=dict)
    roles_claim: str = "roles"
    organisation: str | None = None
    organisation_claim: str = "organisation"
    purpose_claim: str = "purpose"
    client: Client | None = None

    def __post_init__(self) -> None:
        """Refuse what could never be verified, or would be asked for in the open.

        Raises:
            ValueError: one sentence that names the field.
        """
        if not self.algs or not self.algs <= ALGORITHMS:
            message = f"algs are of {', '.join(sorted(ALGORITHMS))}, and at least one"
            raise ValueError(message)
        if not self.audiences and not self.partner_clients:
            message = "audiences (or partner_clients) say whose tokens are for us"
            raise ValueError(message)
        if self.max_age_s <= 0:
            message = "max_age_s is more than 0"
            raise ValueError(message)
        if self.client is not None and "openid" not in self.client.scopes:
            message = "scopes hold openid, so that a login says whose it is"
            raise ValueError(message)
        addresses = {
            "iss": None if self.jwks_uri and self._knows_userinfo else self.iss,
            "jwks_uri": self.jwks_uri,
            "userinfo_uri": self.userinfo_uri,
            **{f"visa_issuers of {iss}": at for iss, at in self.visa_issuers.items()},
            **self._addresses_of_client,
        }
        for what, address in addresses.items():
            if address is not None and not is_private(address):
                message = f"{what} is an https:// address, and not {address}"
                raise ValueError(message)

    @property
    def _addresses_of_client(self) -> dict[str, str | None]:
        client = self.client
        if client is None:
            return {}
        discovered = {} if client.is_pinned else {"iss": self.iss}
        return {
            **discovered,
            "authorization_uri": client.authorization_uri,
            "token_uri": client.token_uri,
            "end_session_uri": client.end_session_uri,
        }

    @property
    def _knows_userinfo(self) -> bool:
        return not self.passports or self.userinfo_uri is not None


def is_private(address: str) -> bool:
    """Whether nobody between can read or change what is fetched from an address.

    What is no address, or says more than where something is, is not.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.username is not None or parts.fragment:
        return False
    return hosts.is_private(parts.scheme, host)
