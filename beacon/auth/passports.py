"""The visas of users, asked of their issuer's ``userinfo`` once an hour at most.

What was found stays with the user, not with one token, and all processes share it;
a visa is used until it ends or its key is gone.  Where an issuer does not answer,
what was found before stays for a day; where nothing was found before, nobody is
taken for less than they may be: that is a failure.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

import structlog

from beacon.auth.doubts import Doubt
from beacon.auth.tokens import verify
from beacon.auth.visas import MOST, own, place_of_keys, read_visa, stated
from beacon.model.errors import IssuerUnavailable, NotIdentified
from beacon.model.passport import Shelved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jwt import PyJWK

    from beacon.auth.claims import Standing
    from beacon.auth.discovery import Places
    from beacon.auth.issuers import Issuer
    from beacon.auth.keysets import Keyset
    from beacon.auth.shelves import Seal, Shelf
    from beacon.auth.visas import Stated

_log = structlog.get_logger(__name__)

PASSPORT: Final = "ga4gh_passport_v1"
"""The scope of tokens that may be shown visas, and the claim they are in."""
_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
_TURN: Final = 10.0
"""Seconds that a process has for asking."""
_MOMENT: Final = 2.0
_LOOKS, _BETWEEN_LOOKS = 35, 0.1
"""How long one waits for another: a little longer than an issuer may take."""
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


@dataclass(frozen=True, slots=True)
class Sharing:
    """How processes share what they find.

    Attributes:
        shelf: where.
        seal: under which visas lie there.
        name: gives the pseudonym of a user.
    """

    shelf: Shelf
    seal: Seal
    name: Callable[[str], str]


class Passports:
    """The visas of the users of one issuer.

    Args:
        issuer: whose users they are.
        places: of the issuer.
        keysets: of the issuers of visas, by their place.
        sharing: with other processes.
        clock: says what time it is.
    """

    def __init__(
        self,
        issuer: Issuer,
        places: Places,
        keysets: Mapping[str, Keyset],
        sharing: Sharing,
        clock: Callable[[], float],
    ) -> None:
        self._issuer = issuer
        self._places = places
        self._keysets = keysets
        self._sharing = sharing
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def visas(self, standing: Standing, token: str) -> list[Stated]:
        """Return the visas of whom a token was given to that hold now.

        Raises:
            NotIdentified: when the issuer does not know the token any more.
            IssuerUnavailable: when it, or an issuer of a visa, does not answer, and
                did not before.
            StoreUnavailable: when it is not known what others found.
        """
        if not self._issuer.passports or PASSPORT not in standing.scopes:
            return []
        subject = standing.subject
        async with self._asking.setdefault(subject, asyncio.Lock()):
            kept = self._kept.get(subject)
            if kept is None or self._clock() >= kept.again:
                kept = await self._found(subject, token)
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

    async def _found(self, subject: str, token: str) -> _Kept:
        """Ask for the visas of a user, or take what another process found."""
        shelf, user = self._sharing.shelf, self._sharing.name(subject)
        now = self._clock()
        before = await shelf.turn(user, now, now + _TURN)
        if before is None:
            return await self._theirs(user)
        try:
            after = await self._asked(subject, user, token, before)
        except BaseException:
            # Another token of this user may be good: the turn is given back.
            await shelf.put(user, replace(before, again=now, is_asked=False), now)
            raise
        await shelf.put(user, after, self._clock())
        return await self._read(user, after)

    async def _asked(
        self, subject: str, user: str, token: str, before: Shelved
    ) -> Shelved:
        """Return what is to be kept after asking the issuer.

        Raises:
            NotIdentified: when it does not know the token, or tells of another user.
        """
        try:
            told = await self._places.userinfo(token)
        except IssuerUnavailable as failure:
            name, why = self._issuer.name, str(failure)
            _log.warning("visas.not_fetched", issuer=name, why=why)
            again, pause = self._clock() + before.pause, min(2 * before.pause, _HOUR)
            return replace(before, again=again, pause=pause, is_asked=False)
        if told.get("sub") != subject:
            raise NotIdentified(Doubt.SUBJECT)
        said = told.get(PASSPORT)
        texts = (
            [text for text in said if isinstance(text, str)]
            if isinstance(said, list)
            else []
        )
        sealed = self._sharing.seal.sealed(user, texts[:MOST])
        now = self._clock()
        return Shelved(sealed=sealed, found=now, again=now + _HOUR)

    async def _theirs(self, user: str) -> _Kept:
        """Return what another process found, or finds in a moment."""
        for _ in range(_LOOKS):
            kept = await self._sharing.shelf.look(user)
            if kept is None:
                break
            if kept.found is not None or not kept.is_asked:
                return await self._read(user, kept)
            await asyncio.sleep(_BETWEEN_LOOKS)
        return _Kept((), None, self._clock())

    async def _read(self, user: str, shelved: Shelved) -> _Kept:
        """Verify what was shelved; while somebody asks, for a moment only."""
        again = shelved.again
        if shelved.is_asked:
            again = min(again, self._clock() + _MOMENT)
        if shelved.sealed is None:
            return _Kept((), None, again)
        texts = self._sharing.seal.opened(user, shelved.sealed)
        if texts is None:  # of another secret
            return _Kept((), None, self._clock())
        return _Kept(await self._verified(texts), shelved.found, again)

    async def _verified(self, texts: Sequence[str]) -> tuple[Verified, ...]:
        """Return the visas of a passport that are genuine; say why others are not."""
        found = []
        for text in texts:
            try:
                found.append(await self._verify(text))
            except NotIdentified as doubt:
                _log.warning("visa.left_out", issuer=self._issuer.name, why=doubt.why)
        return tuple(found)

    async def _verify(self, text: str) -> Verified:
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
