"""Who stands at the door: an ``Authorization`` header becomes a ``Requester``.

None is anonymous; one that proves nothing is refused, never taken for none.  What
was verified is kept, by the digest of its text, for minutes: no token is stored.
"""

from __future__ import annotations

import asyncio
import hmac
from base64 import b32encode
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from time import time
from typing import TYPE_CHECKING, Final

import structlog

from beacon.auth.compact import LONGEST, read_compact
from beacon.auth.discovery import Places
from beacon.auth.doubts import Doubt
from beacon.auth.fetching import Fetcher
from beacon.auth.keys import PREFIX, check_key, public_id
from beacon.auth.keysets import Keyset
from beacon.auth.networks import client_of, network_of
from beacon.auth.passports import Passports, Sharing
from beacon.auth.shelves import OwnShelf, Seal
from beacon.auth.tokens import prove
from beacon.auth.visas import organisation_of
from beacon.model.errors import BeaconError, NotIdentified
from beacon.model.requester import Requester

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from jwt import PyJWK

    from beacon.auth.issuers import Issuer
    from beacon.auth.keys import KeyStore
    from beacon.auth.networks import Network
    from beacon.auth.shelves import Shelf
    from beacon.model.api_key import ApiKey

_log = structlog.get_logger(__name__)

_SCHEME: Final = "bearer "
_KEPT_FOR: Final = 300.0
"""Seconds after which a token is verified again, with what is known of it then."""
_KEY_KEPT_FOR: Final = 10.0
"""Seconds for which a key that was revoked may still be used."""
_MOST_KEPT: Final = 10_000
_NETWORKS_KEPT: Final = 4096
_USED_EVERY: Final = 3600.0
_LETTERS: Final = 26
_SEPARATOR: Final = b"\x00"


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a header was found to prove; ``refused`` where its issuer said no."""

    requester: Requester | None
    ends: float
    keyset: Keyset | None = None
    key: PyJWK | None = None
    api_key: ApiKey | None = None


@dataclass(frozen=True, slots=True)
class Trusted:
    """One issuer with what asks it."""

    issuer: Issuer
    places: Places
    keys: Keyset
    passports: Passports


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """The keys that a porter needs, each of a purpose of its own.

    Attributes:
        subjects: pseudonyms are made with it.
        pepper: API keys are kept under it.
        passports: visas are shelved under it.
    """

    subjects: bytes = field(repr=False)
    pepper: bytes = field(repr=False)
    passports: bytes = field(repr=False)


class Porter:
    """Finds out who asks.

    Args:
        issuers: whose tokens are believed.
        secrets: the keys of this beacon.
        keys: where API keys are kept; ``None``: there are none.
        shelf: where visas are shared; ``None``: with nobody.
        proxies: that tell the addresses of clients.
        clock: says what time it is.
    """

    def __init__(
        self,
        issuers: Iterable[Issuer],
        secrets: Secrets,
        *,
        keys: KeyStore | None = None,
        shelf: Shelf | None = None,
        proxies: Sequence[Network] = (),
        clock: Callable[[], float] = time,
    ) -> None:
        self._clock = clock
        self._secrets = secrets
        self._shelf = shelf or OwnShelf()
        self._key_store = keys
        self._proxies = tuple(proxies)
        self._fetcher = Fetcher()
        issuers = tuple(issuers)
        places = {at for issuer in issuers for at in issuer.visa_issuers.values()}
        self._visa_keys = {at: self._keyset_at(at) for at in places}
        self._trusted = {issuer.iss: self._trust(issuer) for issuer in issuers}
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._used: dict[str, float] = {}
        self._noting: set[asyncio.Task[None]] = set()

    def _keyset_at(self, place: str) -> Keyset:
        return Keyset(place, lambda: self._fetcher.document(place), self._clock)

    def _trust(self, issuer: Issuer) -> Trusted:
        places = Places(issuer, self._fetcher)
        sharing = Sharing(
            self._shelf,
            Seal(self._secrets.passports),
            lambda subject: self._pseudonym(issuer.iss, subject),
        )
        return Trusted(
            issuer,
            places,
            Keyset(issuer.name, places.keys, self._clock),
            Passports(issuer, places, self._visa_keys, sharing, self._clock),
        )

    @property
    def trusted(self) -> tuple[Trusted, ...]:
        """Every issuer whose tokens are believed."""
        return tuple(self._trusted.values())

    async def close(self) -> None:
        """Stop asking anybody."""
        trusted = [each.keys for each in self._trusted.values()]
        for keyset in [*trusted, *self._visa_keys.values()]:
            await keyset.close()
        await asyncio.gather(*self._noting, return_exceptions=True)
        await self._fetcher.close()

    async def requester(
        self, headers: Sequence[str], remote: str | None, forwarded: Sequence[str] = ()
    ) -> Requester:
        """Return who asks.

        Args:
            headers: every ``Authorization`` that came with the request.
            remote: the other end of its connection.
            forwarded: every ``X-Forwarded-For``.

        Raises:
            NotIdentified: when what came proves nothing.
            IssuerUnavailable: when that cannot be found out.
        """
        if not headers:
            return self.anonymous(remote, forwarded)
        text = _credentials(headers)
        mark = sha256(text.encode()).digest()
        kept = self._kept.get(mark)
        is_known = kept is not None and self._holds(kept)
        if kept is None or not is_known:
            kept = await self._proven(text, mark)
        if kept.requester is None:
            raise NotIdentified(Doubt.REVOKED)
        if kept.api_key is not None:
            client = client_of(remote, forwarded, self._proxies)
            check_key(kept.api_key, text, self._secrets.pepper, self._clock(), client)
            self._note_use(kept.api_key)
        if not is_known:
            self._keep(mark, kept)
        return kept.requester

    def anonymous(self, remote: str | None, forwarded: Sequence[str] = ()) -> Requester:
        """Return somebody of whom no more is known than where they ask from."""
        if not self._proxies:
            return _at(remote)
        return _somebody(network_of(client_of(remote, forwarded, self._proxies)))

    def _holds(self, kept: _Kept) -> bool:
        if self._clock() >= kept.ends:
            return False
        if kept.keyset is None or kept.key is None:
            return True
        return kept.keyset.holds(kept.key)

    def _keep(self, mark: bytes, kept: _Kept) -> None:
        self._kept[mark] = kept
        self._kept.move_to_end(mark)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    async def _proven(self, text: str, mark: bytes) -> _Kept:
        if text.startswith(PREFIX):
            return await self._by_key(text)
        said = read_compact(text)
        iss = said.claims.get("iss")
        trusted = self._trusted.get(iss) if isinstance(iss, str) else None
        if trusted is None:
            none = Doubt.ISSUER if self._trusted else Doubt.NO_ISSUERS
            raise NotIdentified(none)
        now = self._clock()
        proven = await prove(said, trusted.issuer, trusted.keys, now)
        try:
            visas = await trusted.passports.visas(proven.standing, text)
        except NotIdentified:  # genuine, but taken back: its issuer is not asked again
            self._keep(mark, _Kept(None, proven.standing.ends))
            raise
        told, stated = proven.standing, frozenset(each.visa for each in visas)
        requester = Requester(
            subject=self._pseudonym(trusted.issuer.iss, told.subject),
            issuer=trusted.issuer.name,
            organisation=told.organisation or organisation_of(stated),
            roles=told.roles,
            visas=stated,
            acr=told.acr,
            purpose=told.purpose,
        )
        ends = [told.ends, now + _KEPT_FOR, *(each.ends for each in visas)]
        return _Kept(requester, min(ends), trusted.keys, proven.key)

    async def _by_key(self, text: str) -> _Kept:
        public = public_id(text)
        if self._key_store is None:
            raise NotIdentified(Doubt.UNKNOWN_KEY)
        found = await self._key_store.api_key(public)
        if found is None:
            raise NotIdentified(Doubt.UNKNOWN_KEY)
        requester = Requester(
            subject=self._pseudonym("key", public),
            organisation=found.organisation,
            roles=found.roles,
            purpose=found.purpose,
            key=public,
            scopes=found.scopes,
            only=found.datasets,
        )
        ends = self._clock() + _KEY_KEPT_FOR
        return _Kept(requester, ends, api_key=found)

    def _pseudonym(self, issuer: str, subject: str) -> str:
        """Return what a party is called here: always the same, and by nobody else."""
        named = issuer.encode() + _SEPARATOR + subject.encode()
        mark = hmac.digest(self._secrets.subjects, named, "sha256")
        return b32encode(mark).decode().lower()[:_LETTERS]

    def _note_use(self, key: ApiKey) -> None:
        """Note once an hour that a key is used; no answer waits for it."""
        now = self._clock()
        if self._key_store is None or now - self._used.get(key.id, 0.0) < _USED_EVERY:
            return
        self._used[key.id] = now
        noting = asyncio.create_task(self._noted(self._key_store, key.id, now))
        self._noting.add(noting)
        noting.add_done_callback(self._noting.discard)

    async def _noted(self, store: KeyStore, key: str, now: float) -> None:
        try:
            await store.api_key_used(key, datetime.fromtimestamp(now, UTC))
        except BeaconError as failure:
            _log.warning("key.use_not_noted", key=key, why=str(failure))


def _credentials(headers: Sequence[str]) -> str:
    """Return what stands behind ``Bearer``.

    Raises:
        NotIdentified: when it comes twice, in another scheme, or is far too long.
    """
    if len(headers) != 1 or headers[0][: len(_SCHEME)].lower() != _SCHEME:
        raise NotIdentified(Doubt.SCHEME)
    text = headers[0][len(_SCHEME) :].strip(" ")
    if len(text) > LONGEST:
        raise NotIdentified(Doubt.TOO_LONG)
    if not text.isascii():
        raise NotIdentified(Doubt.MALFORMED)
    return text


@lru_cache(maxsize=_NETWORKS_KEPT)
def _at(remote: str | None) -> Requester:
    """Return somebody at the other end of a connection."""
    return _somebody(network_of(client_of(remote, (), ())))


@lru_cache(maxsize=_NETWORKS_KEPT)
def _somebody(network: str | None) -> Requester:
    return Requester(network=network)
