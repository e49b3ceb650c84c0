"""The public keys of issuers (JWKS, RFC 7517), fetched seldom and kept.

A set is asked for again after five minutes, and when a key is named that it lacks,
but not twice in half a minute.  A key that is gone from it is believed no more; a
set that cannot be fetched again stays for a day.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from beacon.model.errors import BeaconError, IssuerUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Keys = Mapping[tuple[str, str], PyJWK]

_log = structlog.get_logger(__name__)

_FRESH: Final = 300.0
"""Seconds after which a set is not used before it was fetched again."""
_PAUSE: Final = 30.0
"""Seconds between two attempts; while there is no set at all, fewer."""
_SHORT_PAUSE: Final = 5.0
_LAST_GOOD: Final = 24 * 3600.0
_MOST_KEYS: Final = 64
_BITS: Final = range(2048, 8193)
_KINDS: Final = {"RSA": "RS256", "EC": "ES256"}


class Keyset:
    """The keys at one place.

    Args:
        name: of whose they are, for the log.
        fetch: gives the document that lists them.
        clock: says what time it is.
    """

    def __init__(
        self,
        name: str,
        fetch: Callable[[], Awaitable[Mapping[str, object]]],
        clock: Callable[[], float],
    ) -> None:
        self._name = name
        self._fetch = fetch
        self._clock = clock
        self._keys: Keys = {}
        self._since: float | None = None
        self._tried: float | None = None
        self._has_failed = False
        self._fetching: asyncio.Task[None] | None = None

    def holds(self, key: PyJWK) -> bool:
        """Whether a key is believed, and that was looked at lately."""
        if self._since is None or self._clock() - self._since >= _FRESH:
            return False
        return any(key is each for each in self._keys.values())

    async def find(self, kid: str, alg: str) -> PyJWK | None:
        """Return the key of a name for a kind of signature, if there is one.

        Raises:
            IssuerUnavailable: when no set could be fetched for a day.
        """
        age = self._age()
        if age is None or age >= _LAST_GOOD:
            await self._renew()
            age = self._age()
            if age is None or age >= _LAST_GOOD:
                message = "The keys of who vouches for this token cannot be fetched."
                raise IssuerUnavailable(message)
        elif age >= _FRESH:
            task = self._begin()
            if task is not None and not self._has_failed:
                await asyncio.shield(task)
        if (kid, alg) not in self._keys:
            await self._renew()
        return self._keys.get((kid, alg))

    async def close(self) -> None:
        """Stop fetching."""
        if self._fetching is not None:
            self._fetching.cancel()
            with suppress(asyncio.CancelledError):
                await self._fetching

    def _age(self) -> float | None:
        return None if self._since is None else self._clock() - self._since

    async def _renew(self) -> None:
        """Wait for a fetch, where one is due or under way."""
        task = self._begin()
        if task is not None:
            await asyncio.shield(task)

    def _begin(self) -> asyncio.Task[None] | None:
        """Return the fetch that is under way; begin it where one is due."""
        if self._fetching is not None and not self._fetching.done():
            return self._fetching
        now = self._clock()
        pause = _SHORT_PAUSE if self._since is None else _PAUSE
        if self._tried is not None and now - self._tried < pause:
            return None
        self._tried = now
        self._fetching = asyncio.create_task(self._fetched())
        return self._fetching

    async def _fetched(self) -> None:
        try:
            found = read_keys(await self._fetch())
        except BeaconError as failure:
            self._has_failed = True
            _log.warning("keys.not_fetched", issuer=self._name, why=str(failure))
            return
        self._has_failed = False
        self._since = self._clock()
        # The same keys stay the same objects: what was verified with them holds.
        self._keys = {
            named: old if (old := self._keys.get(named)) and _is_same(old, key) else key
            for named, key in found.items()
        }


def read_keys(document: Mapping[str, object]) -> Keys:
    """Return the keys of a set that signatures may be verified with.

    Others of the set are left out: secrets, private or short keys, those for
    encryption, and those that two share a name.

    Raises:
        IssuerUnavailable: when it is no set of keys.
    """
    listed = document.get("keys")
    if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
        message = "The keys of who vouches for this token cannot be read."
        raise IssuerUnavailable(message)
    found: dict[tuple[str, str], PyJWK] = {}
    twice: set[tuple[str, str]] = set()
    for each in listed:
        key = _key(each)
        if key is None:
            continue
        named = (str(key.key_id), key.algorithm_name)
        if named in found:
            twice.add(named)
        found[named] = key
    return {named: key for named, key in found.items() if named not in twice}


def _key(said: object) -> PyJWK | None:
    if not isinstance(said, dict) or not isinstance(said.get("kid"), str):
        return None
    alg = _KINDS.get(str(said.get("kty")))
    uses = said.get("key_ops", ["verify"])
    if (
        alg is None
        or "d" in said
        or said.get("alg", alg) != alg
        or said.get("use", "sig") != "sig"
        or not isinstance(uses, list)
        or "verify" not in uses
    ):
        return None
    try:
        key = PyJWK(said, alg)
    except (PyJWTError, ValueError, TypeError):
        return None
    return key if _is_strong(key.key) else None


def _is_strong(key: object) -> bool:
    match key:
        case RSAPublicKey():
            return key.key_size in _BITS
        case EllipticCurvePublicKey():
            return key.curve.name == "secp256r1"
    return False


def _is_same(one: PyJWK, other: PyJWK) -> bool:
    return bool(one.key == other.key)
