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

ALGORITHMS: Final = frozenset({"RS256", "ES256"})
"""What GA4GH AAI 1.2 allows; a secret shared by both sides proves nothing."""


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
        addresses = {
            "iss": None if self.jwks_uri and self._knows_userinfo else self.iss,
            "jwks_uri": self.jwks_uri,
            "userinfo_uri": self.userinfo_uri,
            **{f"visa_issuers of {iss}": at for iss, at in self.visa_issuers.items()},
        }
        for what, address in addresses.items():
            if address is not None and not is_private(address):
                message = f"{what} is an https:// address, and not {address}"
                raise ValueError(message)

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
