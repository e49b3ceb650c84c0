"""What issuers may say of where their things are, and what is kept of asking them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from beacon.auth.discovery import Places
from beacon.auth.fetching import Fetcher
from beacon.auth.issuers import Client, Issuer
from beacon.model.errors import IssuerUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CLIENT = Client(id="pages", title="Test")


class Told:
    """A fetcher that answers with one document; it counts."""

    def __init__(self, **told: object) -> None:
        self.told, self.asked = told, 0

    async def document(self, address: str, token: str | None = None) -> dict:
        """Return the document, after a moment."""
        del address, token
        self.asked += 1
        await asyncio.sleep(0)
        return self.told


def places(iss: str, **told: object) -> tuple[Places, Told]:
    """Return the places of an issuer that says this of itself."""
    issuer = Issuer(name="test", iss=iss, audiences=frozenset({"us"}))
    fetcher = Told(issuer=iss, **told)
    return Places(issuer, fetcher), fetcher


@pytest.mark.parametrize("place", ["http://127.0.0.1:27017/", "https://localhost/x"])
@pytest.mark.parametrize("name", ["token_endpoint", "jwks_uri", "userinfo_endpoint"])
async def test_an_issuer_elsewhere_has_us_ask_nothing_here(place, name) -> None:
    """What listens on this machine is not its business (forgery of our requests)."""
    far = "https://login.example"
    told = {
        "authorization_endpoint": f"{far}/authorize",
        "token_endpoint": f"{far}/token",
        "jwks_uri": f"{far}/jwks",
        "userinfo_endpoint": f"{far}/userinfo",
        name: place,
    }
    asked, fetcher = places(far, **told)
    asking = {
        "token_endpoint": lambda: asked.gate(CLIENT),
        "jwks_uri": asked.keys,
        "userinfo_endpoint": lambda: asked.userinfo("t"),
    }[name]
    with pytest.raises(IssuerUnavailable):
        await asking()

    assert 1 == fetcher.asked


async def test_many_who_wait_for_a_document_ask_for_it_once() -> None:
    """Whoever begins logins, an issuer is asked by one of them."""
    far = "https://login.example"
    told = {"authorization_endpoint": f"{far}/a", "token_endpoint": f"{far}/t"}
    asked, fetcher = places(far, **told)
    gates = await asyncio.gather(*(asked.gate(CLIENT) for _ in range(50)))

    assert (1, 1) == (fetcher.asked, len(set(gates)))


async def test_who_leaves_takes_no_answer_from_the_others() -> None:
    """Whoever waits first may go; the others are told, and a failure is forgotten."""
    asked, fetcher = places("https://login.example")
    fetcher.told["issuer"] = "https://other.example"
    first, second = (asyncio.create_task(asked.gate(CLIENT)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()

    with pytest.raises(IssuerUnavailable):
        await second
    with pytest.raises(IssuerUnavailable):
        await asked.gate(CLIENT)
    assert 2 == fetcher.asked


async def _json(_: web.Request) -> web.Response:
    return web.json_response({"issuer": "x"})


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[int]:
    """Give the port of an application on this machine."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def test_no_cookie_of_an_issuer_is_kept() -> None:
    """One user's exchange would take another one's session along."""
    fetcher, shown = Fetcher(), []

    @web.middleware
    async def baking(request: web.Request, handler):
        shown.append(request.headers.get("Cookie"))
        response = await handler(request)
        response.set_cookie("session", "of-the-first-user")
        return response

    app = web.Application(middlewares=[baking])
    app.router.add_route("*", "/{what}", _json)
    async with served(app) as port:
        for _ in range(2):
            await fetcher.document(f"http://localhost:{port}/jwks")
        await fetcher.exchanged(f"http://localhost:{port}/token", {"code": "x"}, None)
        await fetcher.close()

    assert [None] * 3 == shown
