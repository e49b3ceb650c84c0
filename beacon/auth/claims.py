"""What a token must say to be one for us, by its issuer and the time of day.

Pure: the time is an argument.  Signatures are ``tokens``' business, visas their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeGuard

from beacon.auth.doubts import Doubt
from beacon.auth.issuers import is_private
from beacon.model.errors import NotIdentified

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from beacon.auth.issuers import Issuer

LEEWAY: Final = 60
"""Seconds that two clocks may differ by."""
_LATEST: Final = 2**40
_LONGEST_NAME: Final = 1024
_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
"""``typ`` of access tokens; visas, passports and proofs of possession have others."""
_NOT_OF_ACCESS: Final = frozenset({"ga4gh_visa_v1", "at_hash", "c_hash", "nonce"})
"""What a visa or an ID token holds: neither gives access to anything."""


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_address(value: object) -> bool:
    return isinstance(value, str) and is_private(value)


_FORMS: Final[Mapping[str, Callable[[object], bool]]] = {
    "cty": _is_text,
    "jku": _is_address,
    "jwk": _is_object,
    "typ": _is_text,
    "x5c": _is_texts,
    "x5t": _is_text,
    "x5t#S256": _is_text,
    "x5u": _is_address,
}
"""How what RFC 7515 registers is spelled, beside what is checked for itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a token says of whom it was given to.

    Attributes:
        subject: as the issuer calls it; never leaves this package.
        ends: moment from which it says nothing any more.
        scopes: that it was given for.
    """

    subject: str
    ends: int
    scopes: frozenset[str]
    organisation: str | None = None
    roles: frozenset[str] = frozenset()
    acr: str | None = None
    purpose: str | None = None


def check_header(header: Mapping[str, object], algs: Iterable[str]) -> tuple[str, str]:
    """Return the name of the key a token was signed with, and how.

    Keys and addresses that a token brings itself are never used; but it must spell
    them as RFC 7515 says, or it was not made by an issuer.

    Raises:
        NotIdentified: when it may not be verified so.
    """
    if not all(is_so(header[name]) for name, is_so in _FORMS.items() if name in header):
        raise NotIdentified(Doubt.MALFORMED)
    if "crit" in header or header.get("b64", True) is not True:
        raise NotIdentified(Doubt.CRITICAL)
    kid, alg = header.get("kid"), header.get("alg")
    if not isinstance(alg, str) or alg not in algs:
        raise NotIdentified(Doubt.ALGORITHM)
    if not isinstance(kid, str) or not 0 < len(kid) <= _LONGEST_NAME:
        raise NotIdentified(Doubt.NO_KEY_ID)
    return kid, alg


def check_type(header: Mapping[str, object]) -> None:
    """Refuse what is signed, but to be no access token.

    Raises:
        NotIdentified: for a visa, a passport, or any other kind that says so.
    """
    kind = header.get("typ", "jwt")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise NotIdentified(Doubt.TYPE)


def check_claims(claims: Mapping[str, object], issuer: Issuer, now: float) -> Standing:
    """Return whom a token was given to, if it is one for us, and now.

    Raises:
        NotIdentified: when it is not.
    """
    if claims.get("iss") != issuer.iss:
        raise NotIdentified(Doubt.ISSUER)
    if not _NOT_OF_ACCESS.isdisjoint(claims):
        raise NotIdentified(Doubt.NO_ACCESS_TOKEN)
    ends = min(lifetime(claims, now), _moment(claims, "iat") + issuer.max_age_s)
    if now >= ends + LEEWAY:
        raise NotIdentified(Doubt.TOO_OLD)
    _check_audience(claims, issuer)
    scope = claims.get("scope")
    if not isinstance(scope, str):
        raise NotIdentified(Doubt.SCOPE)
    acr = _text(claims, "acr")
    if issuer.require_acr and acr not in issuer.require_acr:
        raise NotIdentified(Doubt.ACR)
    return Standing(
        subject=name_in(claims, "sub"),
        ends=ends + LEEWAY,
        scopes=frozenset(scope.split(" ")),
        organisation=issuer.organisation or _text(claims, issuer.organisation_claim),
        roles=_roles(claims, issuer),
        acr=acr,
        purpose=_text(claims, issuer.purpose_claim),
    )


def lifetime(claims: Mapping[str, object], now: float) -> int:
    """Return the end of what is signed, which has begun and is not over.

    Raises:
        NotIdentified: when it is over, has not begun, or does not say.
    """
    ends = _moment(claims, "exp")
    if now >= ends + LEEWAY:
        raise NotIdentified(Doubt.EXPIRED)
    if _moment(claims, "iat") > now + LEEWAY:
        raise NotIdentified(Doubt.FUTURE)
    if "nbf" in claims and _moment(claims, "nbf") > now + LEEWAY:
        raise NotIdentified(Doubt.NOT_YET)
    return ends


def name_in(claims: Mapping[str, object], claim: str) -> str:
    """Return a name that must be there.

    Raises:
        NotIdentified: when it is not, or is no name.
    """
    name = claims.get(claim)
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        raise NotIdentified(Doubt.CLAIM)
    return name


def is_moment(said: object) -> TypeGuard[int]:
    """Whether that is a time in whole seconds; True is an int to Python alone."""
    return isinstance(said, int) and not isinstance(said, bool) and 0 <= said <= _LATEST


def _moment(claims: Mapping[str, object], claim: str) -> int:
    moment = claims.get(claim)
    if not is_moment(moment):
        raise NotIdentified(Doubt.CLAIM)
    return moment


def _check_audience(claims: Mapping[str, object], issuer: Issuer) -> None:
    told = claims.get("aud")
    audiences = [told] if isinstance(told, str) else told
    if audiences is None:
        audiences = []
    if not isinstance(audiences, list) or not _is_texts(audiences):
        raise NotIdentified(Doubt.AUDIENCE)
    if not issuer.audiences.isdisjoint(audiences):
        return
    client = claims.get("azp", claims.get("client_id"))
    if not isinstance(client, str) or client not in issuer.partner_clients:
        raise NotIdentified(Doubt.AUDIENCE)


def _roles(claims: Mapping[str, object], issuer: Issuer) -> frozenset[str]:
    """Return what the roles of a token are called in the policy."""
    told = claims.get(issuer.roles_claim)
    roles = told.split(" ") if isinstance(told, str) else told
    if not isinstance(roles, list):
        return frozenset()
    named = issuer.role_map
    return frozenset(named[r] for r in roles if isinstance(r, str) and r in named)


def _text(claims: Mapping[str, object], claim: str) -> str | None:
    """Return what may be said; what is no short text is not said."""
    said = claims.get(claim)
    return said if isinstance(said, str) and 0 < len(said) <= _LONGEST_NAME else None
