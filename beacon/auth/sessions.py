"""Who is logged in: a token that stays here, and a cookie that stands for it.

The store keeps each token sealed under a key that is made of the beacon's secret and
the cookie: who reads the database without the cookie, or has the cookie without the
database, has nothing.  A session that is ended is gone, whoever has a copy of its
cookie.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from beacon.auth.doubts import Doubt
from beacon.model.errors import LoginEnded

if TYPE_CHECKING:
    from collections.abc import Callable

_NONCE: Final = 12
_BYTES: Final = 32
_COOKIE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is logged in.

    Attributes:
        token: that their issuer gave us for them.
        issuer: its name in the policy.
        name: as the issuer calls them to people; it is shown to them and kept nowhere
            else.
        ends: moment from which the token says nothing any more.
    """

    token: str = field(repr=False)
    issuer: str
    name: str | None = field(repr=False)
    ends: int


class SessionStore(Protocol):
    """Wherever sessions are shared; a store fulfils it.

    Every method raises ``StoreUnavailable``.
    """

    async def put(self, mark: str, sealed: bytes, until: datetime) -> None:
        """Keep what is sealed until a moment."""

    async def look(self, mark: str) -> bytes | None:
        """Return what is kept."""

    async def drop(self, mark: str) -> None:
        """Keep it no longer."""


class OwnSessions:
    """Sessions of one process, shared with nobody."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def put(self, mark: str, sealed: bytes, until: datetime) -> None:
        """Keep what is sealed; of one process nothing is cleared away."""
        del until
        self.kept[mark] = sealed

    async def look(self, mark: str) -> bytes | None:
        """Return what is kept."""
        return self.kept.get(mark)

    async def drop(self, mark: str) -> None:
        """Keep it no longer."""
        self.kept.pop(mark, None)


class Sessions:
    """Begins sessions, finds and ends them.

    Args:
        store: keeps them.
        key: of the purpose ``sessions``.
        clock: says what time it is.
    """

    def __init__(
        self, store: SessionStore, key: bytes, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._key = key
        self._clock = clock

    async def begin(self, session: Session) -> str:
        """Keep a session under a new name, and return the cookie that stands for it.

        Raises:
            StoreUnavailable: when it cannot be kept.
        """
        cookie = secrets.token_urlsafe(_BYTES)
        mark, cipher = self._of(cookie)
        nonce = secrets.token_bytes(_NONCE)
        sealed = cipher.encrypt(nonce, orjson.dumps(asdict(session)), mark.encode())
        until = datetime.fromtimestamp(session.ends, UTC)
        await self._store.put(mark, nonce + sealed, until)
        return cookie

    async def find(self, cookie: str) -> Session:
        """Return the session that a cookie stands for.

        Raises:
            LoginEnded: when there is none, or none any more.
            StoreUnavailable: when that cannot be found out.
        """
        if not _COOKIE.fullmatch(cookie):
            raise LoginEnded(Doubt.COOKIE)
        mark, cipher = self._of(cookie)
        kept = await self._store.look(mark)
        if kept is None:
            raise LoginEnded(Doubt.ENDED)
        try:
            told = cipher.decrypt(kept[:_NONCE], kept[_NONCE:], mark.encode())
        except (InvalidTag, ValueError):
            raise LoginEnded(Doubt.COOKIE) from None
        session = _read(told)
        if session is None:
            raise LoginEnded(Doubt.VERSION)
        if self._clock() >= session.ends:
            raise LoginEnded(Doubt.EXPIRED)
        return session

    async def end(self, cookie: str) -> None:
        """End the session that a cookie stands for, if there is one.

        Raises:
            StoreUnavailable: when it may still be there.
        """
        if _COOKIE.fullmatch(cookie):
            await self._store.drop(self._of(cookie)[0])

    def _of(self, cookie: str) -> tuple[str, AESGCM]:
        """Return by what a session is found, and what opens it."""
        mark = hmac.digest(self._key, b"mark\x00" + cookie.encode(), "sha256")
        seal = hmac.digest(self._key, b"seal\x00" + cookie.encode(), "sha256")
        return mark.hex(), AESGCM(seal)


def _read(told: bytes) -> Session | None:
    """Return a session; ``None``: another version of this software has written it."""
    match orjson.loads(told):
        case {
            "token": str(token),
            "issuer": str(issuer),
            "name": (str() | None) as name,
            "ends": int(ends),
            **more,
        } if not more:
            return Session(token=token, issuer=issuer, name=name, ends=ends)
        case _:
            return None
