"""The visas of users, asked of their issuer's ``userinfo`` once an hour at most.

What was found stays with the user, not with one token; a visa is used until it
ends or its key is gone.  Where an issuer does not answer, what was found before
stays for a day; where nothing was found before, nobody is taken for less than
they may be: that is a failure.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

import structlog

from beacon.auth.doubts import Doubt
from beacon.auth.tokens import verify
from beacon.auth.visas import MOST, own, place_of_keys, read_visa, stated
from beacon.model.errors import IssuerUnavailable, NotIdentified

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jwt import PyJWK

    from beacon.auth.claims import Standing
    from beacon.auth.discovery import Places
    from beacon.auth.issuers import Issuer
    from beacon.auth.keysets import Keyset
    from beacon.auth.visas import Stated

_log = structlog.get_logger(__name__)

PASSPORT: Final = "ga4gh_passport_v1"
"""The scope of tokens that may be shown visas, and the claim they are in."""
_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
_PAUSE: Final = 60.0
"""Seconds after a failure; after each more, twice as long, up to an hour."""
_MOST_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Verified:
    """A visa, and the key it was verified with."""

    stated: Stated
    place: str
    kid: str
    alg: str
    key: PyJWK


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was found of a user and when, and when it may be asked for again."""

    visas: tuple[Verified, ...]
    found: float | None
    again: float
    pause: float = _PAUSE


class Passports:
    """The visas of the users of one issuer.

    Args:
        issuer: whose users they are.
        places: of the issuer.
        keysets: of the issuers of visas, by their place.
        clock: says what time it is.
    """

    def __init__(
        self,
        issuer: Issuer,
        places: Places,
        keysets: Mapping[str, Keyset],
        clock: Callable[[], float],
    ) -> None:
        self._issuer = issuer
        self._places = places
        self._keysets = keysets
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def visas(self, standing: Standing, token: str) -> list[Stated]:
        """Return the visas of whom a token was given to that hold now.

        Raises:
            NotIdentified: when the issuer does not know the token any more.
            IssuerUnavailable: when it, or an issuer of a visa, does not answer, and
                did not before.
        """
        if not self._issuer.passports or PASSPORT not in standing.scopes:
            return []
        subject = standing.subject
        async with self._asking.setdefault(subject, asyncio.Lock()):
            kept = self._kept.get(subject)
            if kept is None or self._clock() >= kept.again:
                kept = await self._asked(subject, token, kept)
                self._keep(subject, kept)
        if kept.found is None or self._clock() - kept.found >= _DAY:
            message = "The visas of this user cannot be fetched; ask again in a moment."
            raise IssuerUnavailable(message)
        live = [each.stated for each in kept.visas if await self._holds(each)]
        believed = [self._issuer.iss, *self._issuer.visa_issuers]
        return own(live, subject, believed)

    def _keep(self, subject: str, kept: _Kept) -> None:
        self._kept[subject] = kept
        self._kept.move_to_end(subject)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    async def _asked(self, subject: str, token: str, before: _Kept | None) -> _Kept:
        try:
            told = await self._places.userinfo(token)
            if told.get("sub") != subject:
                raise NotIdentified(Doubt.SUBJECT)
            visas = await self._verified(told.get(PASSPORT))
        except IssuerUnavailable as failure:
            _log.warning(
                "visas.not_fetched", issuer=self._issuer.name, why=str(failure)
            )
            now = self._clock()
            if before is None:
                return _Kept((), None, now + _PAUSE)
            pause = min(2 * before.pause, _HOUR)
            return _Kept(before.visas, before.found, now + before.pause, pause)
        now = self._clock()
        return _Kept(visas, now, now + _HOUR)

    async def _verified(self, told: object) -> tuple[Verified, ...]:
        """Return the visas of a passport that are genuine; say why others are not."""
        texts = told if isinstance(told, list) else []
        found = []
        for text in texts[:MOST]:
            try:
                found.append(await self._verify(text))
            except NotIdentified as doubt:
                _log.warning("visa.left_out", issuer=self._issuer.name, why=doubt.why)
        return tuple(found)

    async def _verify(self, text: object) -> Verified:
        if not isinstance(text, str):
            raise NotIdentified(Doubt.MALFORMED)
        said, kid, alg = read_visa(text)
        place = place_of_keys(said, self._issuer.visa_issuers)
        statement = stated(said, self._clock())
        key = verify(said, await self._keysets[place].find(kid, alg), alg)
        return Verified(statement, place, kid, alg, key)

    async def _holds(self, each: Verified) -> bool:
        """Whether a visa is not over, and its key is still believed."""
        if self._clock() >= each.stated.ends:
            return False
        return await self._keysets[each.place].find(each.kid, each.alg) is each.key
