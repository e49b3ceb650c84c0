"""The door: who asks is found out before anything is answered, on every path."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import structlog
from aiohttp import ClientSession, hdrs

from beacon.api.routes import create_api
from beacon.app import behind_of
from beacon.auth.keys import KeyTerms, make_key
from beacon.model.requester import ANONYMOUS, Requester
from beacon.page.views import add_pages
from tests.api.fronted import fronted
from tests.api.site import IDENTITY
from tests.auth.forging import FORGED
from tests.auth.issuing import NOON, Clock, believed, porter_for, watched

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import web
    from aiohttp.test_utils import TestClient
    from pytest_aiohttp import AiohttpClient

    from beacon.auth.porter import Porter
    from beacon.model.api_key import ApiKey
    from beacon.service import LocalBeacon
    from tests.auth.issuing import Watched

NOT_TOKENS = {
    "no token": "Bearer nonsense",
    "no key": "Bearer gbk_00000000_" + "0" * 43,
    "a password": "Basic dXNlcjpwYXNz",
    "nothing": "",
}
NOW = datetime.fromtimestamp(NOON, UTC)
UNASKED = {"/healthz", "/readyz"}


def site(beacon: LocalBeacon, porter: Porter | None = None) -> web.Application:
    """Return the whole site over a beacon, with a porter or none."""
    app = create_api(beacon, IDENTITY, porter=porter)
    add_pages(app, behind_of(app))
    return app


def paths(app: web.Application) -> list[tuple[str, str]]:
    """Return a method and a path of everything that answers, and one that does not."""
    found = {
        (route.method, route.resource.canonical.replace("{_end}", ""))
        for route in app.router.routes()
        if route.resource is not None and "{_0}" not in route.resource.canonical
    }
    named = {(m, p.replace("{id}", "x").replace("{parent}", "x")) for m, p in found}
    return sorted(named | {("GET", "/nowhere"), ("DELETE", "/api/info")})


@pytest.fixture
async def issuer() -> AsyncIterator[Watched]:
    """Give an issuer that answers."""
    async with watched(Clock()) as running:
        yield running


@pytest.fixture
async def porter(issuer: Watched) -> AsyncIterator[Porter]:
    """Give a porter that believes it."""
    made = porter_for(believed(issuer), clock=issuer.clock)
    yield made
    await made.close()


@pytest.fixture
async def client(
    aiohttp_client: AiohttpClient, beacon: LocalBeacon, porter: Porter
) -> TestClient:
    """Give a client of a site that believes one issuer."""
    return await aiohttp_client(site(beacon, porter))


async def check_refused(client: TestClient, authorization: str) -> None:
    """Ask everything, and be refused everywhere."""
    headers = {hdrs.AUTHORIZATION: authorization}
    asked = [each for each in paths(client.app) if each[1] not in UNASKED]

    assert len(asked) > 100
    for method, path in asked:
        answer = await client.request(method, path, headers=headers)
        body = await answer.text()

        assert answer.status == 401, (method, path)
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
        if method != "HEAD":
            assert set(json.loads(body)) <= {"meta", "error", "info"}
            assert "clinic" not in body


@pytest.mark.parametrize("wrong", NOT_TOKENS)
async def test_what_is_no_token_is_refused_everywhere(
    client: TestClient, wrong: str
) -> None:
    """Whoever shows what proves nothing gets no public data, on any path (B3)."""
    await check_refused(client, NOT_TOKENS[wrong])


async def test_forged_tokens_are_refused_everywhere(
    client: TestClient, issuer: Watched
) -> None:
    """A forged token gets no public data, on any path (B3)."""
    await check_refused(
        client, f"Bearer {FORGED['another key of the same name'](issuer)}"
    )


async def test_expired_tokens_are_refused_everywhere(
    client: TestClient, issuer: Watched
) -> None:
    """A token that is over gets no public data, on any path (B3)."""
    await check_refused(client, f"Bearer {FORGED['over'](issuer)}")


async def test_tokens_are_refused_where_nobody_is_believed(
    aiohttp_client: AiohttpClient, beacon: LocalBeacon, issuer: Watched
) -> None:
    """An open beacon believes no token, and takes none for nothing (B3)."""
    client = await aiohttp_client(site(beacon))

    assert (await client.get("/api/datasets")).status == 200
    await check_refused(client, f"Bearer {issuer.token('a')}")


@pytest.mark.parametrize("path", sorted(UNASKED))
async def test_health_is_everybodys(client: TestClient, path: str) -> None:
    """Who looks after the process is asked for nothing."""
    answer = await client.get(path, headers={hdrs.AUTHORIZATION: "Bearer nonsense"})

    assert answer.status == 200


async def test_genuine_tokens_are_answered(client: TestClient, issuer: Watched) -> None:
    """A token that is believed is answered, and so is who shows none."""
    headers = {hdrs.AUTHORIZATION: f"Bearer {issuer.token('a')}"}
    for more in (headers, {}):
        answer = await client.get("/api/datasets", headers=more)

        assert answer.status == 200


async def test_two_tokens_are_refused(client: TestClient, issuer: Watched) -> None:
    """Two tokens are refused, though each alone is believed."""
    token = f"Bearer {issuer.token('a')}"
    headers = [(hdrs.AUTHORIZATION, token), (hdrs.AUTHORIZATION, token)]

    assert (await client.get("/api/info", headers=headers[:1])).status == 200
    assert (await client.get("/api/info", headers=headers)).status == 401


async def test_tokens_in_addresses_are_none(
    client: TestClient, issuer: Watched
) -> None:
    """A token in a query string or a cookie is nobody's (RFC 6750, section 2.3)."""
    token = issuer.token("a")
    await client.get(f"/api/info?access_token={token}", cookies={"token": token})

    assert not issuer.asked


async def test_issuers_that_are_away_are_a_failure(
    client: TestClient, issuer: Watched
) -> None:
    """Where nobody can say whether a token is genuine, that is no answer."""
    issuer.is_away = True
    headers = {hdrs.AUTHORIZATION: f"Bearer {issuer.token('a')}"}
    answer = await client.get("/api/g_variants", headers=headers)
    said = await answer.json()

    assert answer.status == 503
    assert said["info"]["status"] == "no_answer"


async def test_logs_hold_no_token(client: TestClient, issuer: Watched) -> None:
    """The log says why a token was refused, and nothing of the token."""
    token = FORGED["another audience"](issuer)
    headers = {hdrs.AUTHORIZATION: f"Bearer {token}"}
    with structlog.testing.capture_logs() as events:
        await client.get("/api/info", headers=headers)

    assert [event["why"] for event in events] == ["audience"]
    assert all(part not in repr(events) for part in token.split("."))
    assert "researcher" not in repr(events)


class Kept:
    """The keys of one pipeline."""

    def __init__(self, *scopes: str) -> None:
        terms = KeyTerms(name="x", life=timedelta(days=1), scopes=frozenset(scopes))
        self.key, self.text = make_key(
            terms, b"p" * 32, datetime.fromtimestamp(NOON, UTC)
        )

    async def api_key(self, key: str) -> ApiKey | None:
        """Return the key."""
        return self.key if key == self.key.id else None

    async def api_key_used(self, key: str, moment: datetime) -> None:
        """Note nothing."""


@pytest.mark.parametrize(
    ("scope", "statuses"),
    [
        ("query", {"/api/datasets": 400, "/api/batch": 403, "/annotate": 403}),
        ("batch", {"/api/datasets": 403, "/api/batch": 200, "/annotate": 403}),
        ("annotate", {"/api/datasets": 403, "/api/batch": 403, "/annotate": 400}),
    ],
)
async def test_keys_are_for_what_they_say(
    aiohttp_client: AiohttpClient,
    beacon: LocalBeacon,
    scope: str,
    statuses: dict[str, int],
) -> None:
    """A key opens the paths of its scopes; elsewhere it is known, and not enough."""
    kept = Kept(scope)
    client = await aiohttp_client(site(beacon, porter_for(keys=kept, clock=Clock())))
    headers = {hdrs.AUTHORIZATION: f"Bearer {kept.text}"}
    found = {}
    for path in statuses:
        answer = await client.post(path, headers=headers, data=b"[]")
        found[path] = answer.status

    assert statuses == found


class Listening:
    """A beacon that notes who asks."""

    def __init__(self, beacon: LocalBeacon) -> None:
        self._beacon = beacon
        self.asked: list[Requester] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._beacon, name)

    async def answer(self, query, requester):
        """Note who asks, on the longer way."""
        self.asked.append(requester)
        return await self._beacon.answer(query, requester)

    async def answer_alike(self, outline, allele, requester):
        """Note who asks for an allele, on the shorter way."""
        self.asked.append(requester)
        return await self._beacon.answer_alike(outline, allele, requester)

    async def answer_many(self, queries, requester):
        """Note who asks for many."""
        self.asked.append(requester)
        return await self._beacon.answer_many(queries, requester)


ALLELE = (
    "/api/g_variants?assemblyId=GRCh37&referenceName=22&start=100"
    "&referenceBases=T&alternateBases=C"
)


WRONG = {"Authorization": "Bearer nonsense"}


async def test_the_front_knows_who_asks(
    aiohttp_server, beacon: LocalBeacon, porter: Porter, issuer: Watched
) -> None:
    """Before the library, too, everybody is who they are, and forgers are refused."""
    listening = Listening(beacon)
    app = site(listening, porter)
    server = await aiohttp_server(app)
    front = fronted(app, server.runner.server)
    async with front as url, ClientSession(url) as session:
        shown = [f"Bearer {issuer.token(name)}" for name in "ab"]
        statuses = []
        for headers in (*({"Authorization": each} for each in shown), {}, WRONG):
            async with session.get(ALLELE, headers=headers) as answer:
                statuses.append(answer.status)
    first, second, third = listening.asked

    assert statuses == [200, 200, 200, 401]
    assert first.subject != second.subject
    assert (first.issuer, second.issuer, third.issuer) == ("test", "test", None)
    assert third == Requester(network="127.0.0.0/24")


async def test_open_beacons_take_everybody_for_one(
    aiohttp_client: AiohttpClient, beacon: LocalBeacon
) -> None:
    """Where there is no policy nobody is told apart, not even by a network."""
    listening = Listening(beacon)
    client = await aiohttp_client(site(listening))
    await client.get(ALLELE)

    assert listening.asked == [ANONYMOUS]
