"""A login that has begun and is not over: what must come back, sealed in a cookie.

It is the browser's alone and good for minutes, so that nobody can fill a database by
beginning logins, and nobody's code is taken from a browser that did not ask for it.
"""

from __future__ import annotations

import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Callable

LIFE: Final = 600
"""Seconds within which somebody logs in."""
HOME: Final = "/"
_NONCE: Final = 12
_BYTES: Final = 32
_LONGEST: Final = 2048
"""Letters of a path that is gone back to; with all else it fits into a cookie."""
_PATH: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*")
"""A path on this site: no other host, no backslash that browsers take for a slash, and
nothing but what an address holds."""
_OF_LOGIN: Final = re.compile(r"/log(in|out)([/?#]|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One login, as it was begun.

    Attributes:
        issuer: whom the user was sent to, by its name in the policy.
        state: what it sends back with the user.
        nonce: what it says in the ID token.
        verifier: what proves that a code is ours (RFC 7636).
        after: the path that is gone to then.
        began: when.
    """

    issuer: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    after: str
    began: int

    @property
    def challenge(self) -> str:
        """What is told of the verifier before it is used."""
        digest = sha256(self.verifier.encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


class Attempts:
    """Begins logins, and knows again which have begun.

    Args:
        key: of the purpose ``logins``.
        clock: says what time it is.
    """

    def __init__(self, key: bytes, clock: Callable[[], float]) -> None:
        self._cipher = AESGCM(key)
        self._clock = clock

    def new(self, issuer: str, after: str | None) -> Attempt:
        """Return a login that begins now."""
        state, nonce, verifier = (secrets.token_urlsafe(_BYTES) for _ in range(3))
        return Attempt(
            issuer=issuer,
            state=state,
            nonce=nonce,
            verifier=verifier,
            after=own_path(after),
            began=int(self._clock()),
        )

    def sealed(self, attempt: Attempt) -> str:
        """Return a login as its browser keeps it."""
        nonce = secrets.token_bytes(_NONCE)
        told = self._cipher.encrypt(nonce, orjson.dumps(asdict(attempt)), None)
        return urlsafe_b64encode(nonce + told).rstrip(b"=").decode()

    def opened(self, text: str) -> Attempt | None:
        """Return a login that has begun here, not long ago.

        One that another version of this software has begun has to begin anew.
        """
        try:
            kept = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            told = self._cipher.decrypt(kept[:_NONCE], kept[_NONCE:], None)
        except (InvalidTag, ValueError):
            return None
        attempt = _read(told)
        if attempt is None:
            return None
        age = self._clock() - attempt.began
        return attempt if -LIFE <= age < LIFE else None


def _read(told: bytes) -> Attempt | None:
    """Return a login; ``None``: another version of this software has begun it."""
    match orjson.loads(told):
        case {
            "issuer": str(issuer),
            "state": str(state),
            "nonce": str(nonce),
            "verifier": str(verifier),
            "after": str(after),
            "began": int(began),
            **more,
        } if not more:
            return Attempt(
                issuer=issuer,
                state=state,
                nonce=nonce,
                verifier=verifier,
                after=after,
                began=began,
            )
        case _:
            return None


def own_path(text: str | None) -> str:
    """Return a path of this site, with its query; ``/`` for whatever is none.

    Logging in and out are not gone back to.
    """
    if text is None or len(text) > _LONGEST or not _PATH.fullmatch(text):
        return HOME
    return HOME if _OF_LOGIN.match(text) else text.partition("#")[0]
