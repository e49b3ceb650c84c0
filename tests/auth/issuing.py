"""Issuers on loopback that count what they are asked, and a clock that is set."""

from __future__ import annotations

from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from aiohttp import web

from beacon.auth.attempts import Attempts
from beacon.auth.cookies import Site
from beacon.auth.issuers import Client, Issuer
from beacon.auth.logins import Desk
from beacon.auth.porter import Porter, Secrets
from beacon.auth.sessions import OwnSessions, Sessions
from beacon.cli import issuer as issuing
from beacon.cli.authorizing import CLIENT, Authorizing
from beacon.cli.issuer import AUDIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from joserfc.jwk import ECKey, RSAKey

    from beacon.model.requester import Requester

NOON = 1_795_780_800
"""A moment that tests begin at."""
KINDS = ("RS256", "ES256")
SEALED_WITH = b"k" * 32
"""The key of sessions and logins."""


@dataclass
class Clock:
    """A clock that stands until it is set."""

    now: float = NOON

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@lru_cache
def key(kind: str, kid: str) -> ECKey | RSAKey:
    """Return a key, the same for the same name: making one takes long."""
    return issuing.new_key(kind, kid)


class Watched(issuing.Issuer):
    """An issuer that counts what it is asked, and can be away."""

    def __init__(self, clock: Clock) -> None:
        super().__init__("", [key("ES256", "first"), key("RS256", "second")], clock)
        self.counter = Authorizing(self)
        self.asked: Counter[str] = Counter()
        self.is_away = False

    def application(self) -> web.Application:
        """Return what answers, counting."""
        app = super().application()
        self.counter.add_to(app)
        app.middlewares.append(self._watch)
        return app

    @web.middleware
    async def _watch(self, request: web.Request, handler):
        self.asked[request.path] += 1
        if self.is_away:
            raise web.HTTPServiceUnavailable
        return await handler(request)


@asynccontextmanager
async def watched(clock: Clock) -> AsyncIterator[Watched]:
    """Give an issuer that answers on loopback."""
    issuer = Watched(clock)
    runner = web.AppRunner(issuer.application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    issuer.iss = f"http://127.0.0.1:{runner.addresses[0][1]}"
    issuer.counter.announce()
    yield issuer
    await runner.cleanup()


def believed(issuer: issuing.Issuer, **more: object) -> Issuer:
    """Return what a policy says of an issuer: its visas are believed, too."""
    told = {
        "name": "test",
        "iss": issuer.iss,
        "audiences": frozenset({AUDIENCE}),
        "visa_issuers": {issuer.iss: f"{issuer.iss}/jwks"},
        **more,
    }
    return Issuer(**told)


def porter_for(*issuers: Issuer, clock: Clock, **more: object) -> Porter:
    """Return a porter that believes some issuers."""
    keys = Secrets(subjects=b"s" * 32, pepper=b"p" * 32, passports=b"v" * 32)
    return Porter(issuers, keys, clock=clock, **more)


def with_client(issuer: issuing.Issuer, **more: object) -> Issuer:
    """Return what a policy says of an issuer at which people log in."""
    own = {"name", "audiences", "partner_clients", "passports", "role_map"}
    told = {name: more.pop(name) for name in own & set(more)}
    return believed(issuer, client=Client(id=CLIENT, title="Test", **more), **told)


def desk_for(
    porter: Porter,
    clock: Clock,
    address: str = "http://127.0.0.1",
    key: bytes = SEALED_WITH,
    **more: object,
) -> Desk:
    """Return where people log in at the issuers of a porter."""
    sessions = Sessions(more.pop("store", None) or OwnSessions(), key, clock)
    secrets = more.pop("secrets", {})
    return Desk(porter, secrets, sessions, Attempts(key, clock), Site(address), clock)


async def who(porter: Porter, token: str) -> Requester:
    """Return who asks with a token."""
    return await porter.requester([f"Bearer {token}"], "192.0.2.7")
