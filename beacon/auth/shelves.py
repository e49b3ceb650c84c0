"""What serving processes share of visas, so that issuers are asked once for all.

Visas are shelved as they were signed, sealed under a key of this beacon: who reads
the database learns nothing, and each process verifies them for itself.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from beacon.model.passport import Shelved

if TYPE_CHECKING:
    from collections.abc import Sequence

_NONCE: Final = 12


class Shelf(Protocol):
    """Wherever it is shared; a store fulfils it.

    Every method raises ``StoreUnavailable``.
    """

    async def turn(self, user: str, now: float, until: float) -> Shelved | None:
        """Take the turn to ask for a user; ``None``: it is somebody else's."""

    async def look(self, user: str) -> Shelved | None:
        """Return what is kept of a user."""

    async def put(self, user: str, what: Shelved, now: float) -> None:
        """Keep what was found of a user, and end the turn."""


class OwnShelf:
    """A shelf of one process, shared with nobody."""

    def __init__(self) -> None:
        self._kept: dict[str, Shelved] = {}

    async def turn(self, user: str, now: float, until: float) -> Shelved | None:
        """Take the turn to ask for a user; ``None``: it is somebody else's."""
        before = self._kept.get(user, Shelved())
        if before.again > now:
            return None
        self._kept[user] = replace(before, again=until, is_asked=True)
        return before

    async def look(self, user: str) -> Shelved | None:
        """Return what is kept of a user."""
        return self._kept.get(user)

    async def put(self, user: str, what: Shelved, now: float) -> None:
        """Keep what was found of a user, and end the turn."""
        del now
        self._kept[user] = what


class Seal:
    """Seals visas for who has the key, and for one user.

    Args:
        key: of the purpose ``passports``.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def sealed(self, user: str, visas: Sequence[str]) -> bytes:
        """Return visas that nobody else can read, or give to another user."""
        nonce = secrets.token_bytes(_NONCE)
        told = orjson.dumps(list(visas))
        return nonce + self._cipher.encrypt(nonce, told, user.encode())

    def opened(self, user: str, sealed: bytes) -> list[str] | None:
        """Return the visas of a user; ``None``: they were sealed by somebody else."""
        nonce, told = sealed[:_NONCE], sealed[_NONCE:]
        try:
            found = orjson.loads(self._cipher.decrypt(nonce, told, user.encode()))
        except (InvalidTag, ValueError):
            return None
        return [text for text in found if isinstance(text, str)]
