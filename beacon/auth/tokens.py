"""Access tokens of one issuer: read, verified, and checked to be for us, now.

PyJWT verifies signatures and nothing else; every other check is in ``compact`` and
``claims``, so that no default of a library decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jwt import PyJWS
from jwt.exceptions import PyJWTError

from beacon.auth.claims import Standing, check_claims, check_header, check_type
from beacon.auth.doubts import Doubt
from beacon.model.errors import NotIdentified

if TYPE_CHECKING:
    from jwt import PyJWK

    from beacon.auth.compact import Compact
    from beacon.auth.issuers import Issuer
    from beacon.auth.keysets import Keyset

_SIGNATURES = PyJWS()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A token that was verified, and with which key."""

    standing: Standing
    key: PyJWK


def verify(said: Compact, key: PyJWK | None, alg: str) -> PyJWK:
    """Return the key that a token was signed with.

    Raises:
        NotIdentified: when it was signed with another one.
    """
    if key is None:
        raise NotIdentified(Doubt.UNKNOWN_KEY)
    try:
        _SIGNATURES.decode_complete(said.text, key, [alg])
    except (PyJWTError, ValueError, TypeError):
        raise NotIdentified(Doubt.SIGNATURE) from None
    return key


async def prove(said: Compact, issuer: Issuer, keys: Keyset, now: float) -> Proven:
    """Return what a token of an issuer proves.

    What costs nothing is checked first, so that nothing is fetched for a token
    that could not be ours.

    Raises:
        NotIdentified: when it proves nothing.
        IssuerUnavailable: when that cannot be found out.
    """
    kid, alg = check_header(said.header, issuer.algs)
    check_type(said.header)
    standing = check_claims(said.claims, issuer, now)
    key = verify(said, await keys.find(kid, alg), alg)
    return Proven(standing=standing, key=key)
