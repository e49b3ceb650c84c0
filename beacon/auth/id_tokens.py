"""ID tokens (OpenID Connect Core 1.0, section 3.1.3.7): who has just logged in.

They say it once, to us, for one login that we began; they never give access.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from beacon.auth.claims import check_header, lifetime, name_in
from beacon.auth.compact import read_compact
from beacon.auth.doubts import Doubt
from beacon.auth.tokens import verify
from beacon.model.errors import NotIdentified

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.auth.issuers import Issuer
    from beacon.auth.keysets import Keyset

_LONGEST_NAME: Final = 80
_NAMES: Final = ("name", "preferred_username", "email")


async def read_id_token(
    text: str, issuer: Issuer, keys: Keyset, nonce: str, now: float
) -> tuple[str, str | None]:
    """Return who logged in, as their issuer calls them to itself and to people.

    Args:
        text: the token, as it came from the issuer itself.
        issuer: that was asked.
        keys: of it.
        nonce: of the login that was begun.
        now: the time.

    Raises:
        NotIdentified: when it does not speak of this login.
        IssuerUnavailable: when that cannot be found out.
    """
    said = read_compact(text)
    kid, alg = check_header(said.header, issuer.algs)
    if said.claims.get("iss") != issuer.iss:
        raise NotIdentified(Doubt.ISSUER)
    _check_audience(said.claims, issuer)
    lifetime(said.claims, now)
    told = said.claims.get("nonce")
    if not isinstance(told, str) or not hmac.compare_digest(
        told.encode(), nonce.encode()
    ):
        raise NotIdentified(Doubt.NONCE)
    verify(said, await keys.find(kid, alg), alg)
    return name_in(said.claims, "sub"), _called(said.claims)


def _check_audience(claims: Mapping[str, object], issuer: Issuer) -> None:
    told, client = claims.get("aud"), issuer.client
    audiences = told if isinstance(told, list) else [told]
    if client is None or client.id not in audiences:
        raise NotIdentified(Doubt.AUDIENCE)
    if len(audiences) > 1 and claims.get("azp") != client.id:
        raise NotIdentified(Doubt.AUDIENCE)


def _called(claims: Mapping[str, object]) -> str | None:
    """Return what to call somebody, short and on one line."""
    for each in _NAMES:
        told = claims.get(each)
        if isinstance(told, str) and told.strip():
            line = "".join(c if c.isprintable() else " " for c in told)
            return " ".join(line.split())[:_LONGEST_NAME]
    return None
