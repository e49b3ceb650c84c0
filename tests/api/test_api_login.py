"""Logged in by a cookie: it counts as a token does, for our own pages and no others."""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit

import orjson
import pytest
from aiohttp import ClientSession, DummyCookieJar, hdrs
from aiohttp.test_utils import make_mocked_request

from beacon.api.auditing import Auditor
from beacon.api.keys import REQUESTER, SESSION
from beacon.api.network import asking_of
from beacon.api.routes import create_api
from beacon.app import behind_of
from beacon.audit.chain import segments_in
from beacon.audit.log import AuditLog
from beacon.auth.attempts import Attempts
from beacon.auth.sessions import OwnSessions, Sessions
from beacon.cli.issuer import PEOPLE
from beacon.model.errors import StoreUnavailable
from beacon.model.query import Query
from beacon.model.requester import Requester
from beacon.page.views import add_pages
from tests.api.fronted import fronted
from tests.api.site import IDENTITY
from tests.api.test_api_identity import ALLELE, Listening, paths
from tests.auth.issuing import (
    SEALED_WITH,
    Clock,
    desk_for,
    porter_for,
    watched,
    with_client,
)
from tests.auth.test_auth_logins import chosen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from aiohttp import ClientResponse
    from aiohttp.test_utils import TestClient

    from beacon.auth.logins import Desk
    from beacon.service import LocalBeacon
    from tests.auth.issuing import Watched

LINK = {
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
}
OURS = {"Sec-Fetch-Site": "same-origin"}
HTML = {hdrs.ACCEPT: "text/html"}
NEVER_ASKED = {"/healthz", "/readyz", "/metrics", "/static/{name}"}
LENIENT = {"/login", "/login/back", "/logout"}


@pytest.fixture
async def issuer() -> AsyncIterator[Watched]:
    """Give an issuer at which people choose who they are."""
    async with watched(Clock()) as running:
        yield running


class Visited:
    """A site as one browser sees it."""

    def __init__(
        self,
        client: TestClient,
        desk: Desk,
        beacon: Listening,
        store: OwnSessions | None = None,
    ) -> None:
        self.client = client
        self.store = store or OwnSessions()
        self.desk = desk
        self.beacon = beacon
        self.cookies: dict[str, str] = {}

    async def get(
        self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
    ) -> ClientResponse:
        """Ask with all cookies, and keep those that come."""
        said = dict(headers or {})
        if self.cookies:
            pairs = (f"{name}={value}" for name, value in self.cookies.items())
            said[hdrs.COOKIE] = "; ".join(pairs)
        answer = await self.client.request(
            method, path, headers=said, allow_redirects=False
        )
        for line in answer.headers.getall(hdrs.SET_COOKIE, ()):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
                if not morsel.value:
                    del self.cookies[name]
        return answer

    def asked(self) -> list[Requester]:
        """Return who asked, without the pages that look for examples."""
        return [each for each in self.beacon.asked if each.subject is not None]

    async def log_in(
        self, person: str = "clinician", after: str = "/status"
    ) -> ClientResponse:
        """Log in, as far as the page that one comes back to."""
        started = await self.get(f"/login?issuer=test&next={quote(after, safe='')}")
        said = dict(await chosen(started.headers[hdrs.LOCATION], person))
        query = "&".join(f"{name}={quote(each)}" for name, each in said.items())
        return await self.get(f"/login/back?{query}", LINK)


@pytest.fixture
async def visited(aiohttp_client, beacon: LocalBeacon, issuer: Watched):
    """Give a site where people can log in."""
    porter = porter_for(
        with_client(issuer, role_map={"clinical-geneticist": "clinician"}),
        clock=issuer.clock,
    )
    store = OwnSessions()
    desk = desk_for(porter, issuer.clock, store=store)
    listening = Listening(beacon)
    app = create_api(listening, IDENTITY, porter=porter, desk=desk)
    add_pages(app, behind_of(app))
    client = await aiohttp_client(app, cookie_jar=DummyCookieJar())
    yield Visited(client, desk, listening, store)
    await porter.close()


async def test_a_whole_login(visited: Visited) -> None:
    """From our page to the issuer and back, to where one was; then out again."""
    before = await (await visited.get("/about")).text()
    back = await visited.log_in(after="/status?lang=sv")
    during = await (await visited.get("/about")).text()
    out = await visited.get("/logout?next=/about", OURS, "POST")
    after = await (await visited.get("/about")).text()

    assert back.status == 303
    assert back.headers[hdrs.LOCATION] == "http://127.0.0.1/status?lang=sv"
    assert "/login?next=%2Fabout" in before
    assert "Karin Holm" not in before
    assert "Karin Holm" in during
    assert "clinician, hospital.example" in during
    assert out.headers[hdrs.LOCATION] == (
        "http://127.0.0.1/logout?issuer=test&next=%2Fabout"
    )
    assert "Karin Holm" not in after
    assert visited.cookies == {}


async def test_cookies_are_kept_from_scripts(visited: Visited) -> None:
    """Both are HttpOnly and Lax; a session lasts no longer than the browser."""
    started = await visited.get("/login?issuer=test")
    (begun,) = started.headers.getall(hdrs.SET_COOKIE)
    back = await visited.log_in()
    kept, gone = back.headers.getall(hdrs.SET_COOKIE)

    assert begun.endswith("HttpOnly; Max-Age=600; Path=/; SameSite=Lax")
    assert kept.endswith("; HttpOnly; Path=/; SameSite=Lax")
    assert kept.startswith("session=")
    assert gone.startswith('login=""; ')


async def test_a_cookie_is_taken_as_a_token_is(visited: Visited) -> None:
    """For pages and for what pages fetch, before the library and behind it."""
    await visited.log_in()
    await visited.get(ALLELE, OURS)
    await visited.get("/v/GRCh37/22-101-T-C", LINK)
    server = visited.client.server.runner.server
    async with (
        fronted(visited.client.app, server) as url,
        ClientSession(url, cookies=visited.cookies) as session,
        session.get(ALLELE, headers=OURS) as answer,
    ):
        status = answer.status
    token = next(iter((await _session(visited)).values()))
    headers = {hdrs.AUTHORIZATION: f"Bearer {token}"}
    await visited.client.get(ALLELE, headers=headers)
    asked = visited.asked()

    assert status == 200
    assert len(asked) >= 4  # a page may ask for what lies beside, too
    assert asked[0].issuer == "test"
    assert asked[0].roles == {"clinician"}
    assert {asked[0]} == set(asked)


async def _session(visited: Visited) -> dict[str, str]:
    found = await visited.desk.session([f"session={visited.cookies['session']}"])
    return {} if found is None else {found.issuer: found.token}


async def test_a_session_s_token_may_be_exchanged_for_a_peer_s(
    visited: Visited,
) -> None:
    """What a peer asks for in the requester's name is had by the token they have."""
    await visited.log_in()
    request = make_mocked_request("GET", "/", app=visited.client.app)
    request[SESSION] = await visited.desk.session(
        [f"session={visited.cookies['session']}"]
    )
    request[REQUESTER] = Requester(subject="a", issuer="test")
    asking = asking_of(request, Query())

    assert asking.subject is not None
    assert asking.subject.text == request[SESSION].token


async def test_no_token_comes_to_the_browser(visited: Visited) -> None:
    """In no page, no head and no cookie."""
    back = await visited.log_in()
    page = await visited.get("/")
    (token,) = (await _session(visited)).values()
    seen = repr([back.headers, page.headers, visited.cookies]) + await page.text()

    assert all(part not in seen for part in token.split("."))


async def test_a_token_that_is_shown_counts_before_a_cookie(
    visited: Visited, issuer: Watched
) -> None:
    """Whoever shows one asks as its owner, and one that proves nothing is refused."""
    await visited.log_in()
    wrong = await visited.get(ALLELE, {hdrs.AUTHORIZATION: "Bearer nonsense"})
    right = {hdrs.AUTHORIZATION: f"Bearer {issuer.token('visitor')}"}
    await visited.get(ALLELE, right)

    assert wrong.status == 401
    assert [frozenset()] == [each.roles for each in visited.asked()]


async def test_whose_login_has_ended_is_never_taken_for_nobody(
    visited: Visited, issuer: Watched
) -> None:
    """On every path that tells anything: 401, and it is said."""
    await visited.log_in()
    kept = dict(visited.cookies)
    issuer.clock.now += 3700
    asked = [
        each
        for each in paths(visited.client.app)
        if each[1] not in NEVER_ASKED | LENIENT and each[0] in {"GET", "POST"}
    ]
    found = {}
    for method, path in asked:
        answer = await visited.get(path, OURS, method)
        found[method, path] = (
            answer.status,
            "Your login has ended" in (await answer.text()),
        )

    assert len(asked) > 100
    assert {(401, True)} == set(found.values())
    assert kept == visited.cookies


async def test_whose_login_has_ended_can_go_on(
    visited: Visited, issuer: Watched
) -> None:
    """A page says it, with two ways on: to log in again, or as nobody."""
    await visited.log_in()
    issuer.clock.now += 3700
    page = await visited.get("/v/GRCh37/22-101-T-C", {**LINK, **HTML})
    text = await page.text()
    login = await (await visited.get("/login", HTML)).text()
    static = await visited.get("/healthz")
    out = await visited.get("/logout?next=/about", OURS, "POST")
    after = await visited.get("/about")

    assert (page.status, static.status) == (401, 200)
    assert "<h1>Your login has ended</h1>" in text
    assert "/login?next=%2Fv%2FGRCh37%2F22-101-T-C" in text
    assert "/logout?next=%2Fv%2FGRCh37%2F22-101-T-C" in text
    assert "Your login has ended" in login
    assert out.headers[hdrs.LOCATION] == "http://127.0.0.1/about"
    assert after.status == 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfAnotherVersion:
    """What another version of this software may have sealed: less, and more."""

    state: str = "s"
    ends: int = 2**33
    scopes: tuple[str, ...] = ()


async def test_what_another_version_sealed_has_ended(
    visited: Visited, issuer: Watched
) -> None:
    """Whoever was logged in, or about to be, is told to begin again; nothing fails."""
    sessions = Sessions(visited.store, SEALED_WITH, issuer.clock)
    cookie = await sessions.begin(_OfAnotherVersion())  # type: ignore[arg-type]
    visited.cookies = {"session": cookie}
    page = await visited.get("/v/GRCh37/22-101-T-C", {**LINK, **HTML})
    api = await visited.get("/api/info", OURS)
    attempts = Attempts(SEALED_WITH, issuer.clock)
    begun = attempts.sealed(_OfAnotherVersion())  # type: ignore[arg-type]
    visited.cookies = {"login": begun}
    back = await visited.get("/login/back?state=s&code=c", {**LINK, **HTML})

    assert (page.status, api.status, back.status) == (401, 401, 401)
    assert "<h1>Your login has ended</h1>" in await page.text()
    assert "Your login has ended" in await api.text()
    assert "Begin again." in await back.text()


@pytest.mark.parametrize("forged", ["A" * 43, "x", "../../etc", '"', "é"])
async def test_forged_cookies_are_refused(visited: Visited, forged: str) -> None:
    """Nobody guesses, and nobody is let through as nobody."""
    answer = await visited.client.get(
        "/api/info", headers={hdrs.COOKIE: f"session={forged}"}
    )

    assert answer.status == 401
    assert (await answer.json())["error"]["errorMessage"].startswith("Your login")


async def test_two_cookies_are_none(visited: Visited) -> None:
    """A neighbour that sets one beside ours gets nobody in."""
    await visited.log_in()
    mine = visited.cookies["session"]
    headers = {hdrs.COOKIE: f"session={mine}; session={'B' * 43}"}

    assert (await visited.client.get("/api/info", headers=headers)).status == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/g_variants"),
        ("POST", "/api/batch"),
        ("POST", "/annotate"),
        ("GET", "/api/g_variants"),
        ("GET", "/network/g_variants"),
        ("POST", "/logout"),
        ("POST", "/v/GRCh37/22-101-T-C"),
    ],
)
@pytest.mark.parametrize(
    "headers",
    [
        LINK,
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
        {hdrs.ORIGIN: "https://evil.example"},
        {hdrs.ORIGIN: "null"},
    ],
)
async def test_other_sites_ask_nothing_with_our_cookie(
    visited: Visited, method: str, path: str, headers: dict[str, str]
) -> None:
    """Neither a question, nor a file, nor that somebody be logged out."""
    await visited.log_in()
    answer = await visited.get(path, headers, method)
    still = await visited.get("/about", LINK)

    assert answer.status == 403
    assert "Another site" in await answer.text()
    assert visited.asked() == []
    assert "Karin Holm" in await still.text()


async def test_a_form_that_says_nothing_is_not_believed(visited: Visited) -> None:
    """An old browser names at least where a form comes from."""
    await visited.log_in()
    silent = await visited.get("/logout", {}, "POST")
    ours = await visited.get("/logout", {hdrs.ORIGIN: "http://127.0.0.1"}, "POST")

    assert (silent.status, ours.status) == (403, 303)
    assert "session" not in visited.cookies


async def test_nobody_is_logged_in_by_somebody_else_s_page(visited: Visited) -> None:
    """Such a page leads to ours, where one can choose; it begins nothing."""
    led = await visited.get("/login?issuer=test&next=/about", LINK)

    assert led.status == 200
    assert hdrs.SET_COOKIE not in led.headers
    assert "Log in with Test" in await led.text()


async def test_a_session_is_never_one_that_was_there(visited: Visited) -> None:
    """Whoever plants a cookie before a login has nothing after it (fixation)."""
    await visited.log_in("visitor")
    planted = visited.cookies["session"]
    await visited.log_in("clinician")
    headers = {hdrs.COOKIE: f"session={planted}"}
    old = await visited.client.get("/api/info", headers=headers)

    assert planted != visited.cookies["session"]
    assert old.status == 401


async def test_a_login_without_its_browser_is_none(visited: Visited) -> None:
    """A link with a code and a state of somebody else's logs nobody in (login CSRF)."""
    started = await visited.get("/login?issuer=test")
    said = dict(await chosen(started.headers[hdrs.LOCATION], "visitor"))
    query = "&".join(f"{name}={quote(each)}" for name, each in said.items())
    visited.cookies.clear()
    answer = await visited.get(f"/login/back?{query}", {**LINK, **HTML})

    assert answer.status == 401
    assert "begun in another browser" in await answer.text()
    assert visited.cookies == {}


@pytest.mark.parametrize(
    "after",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "\t//evil.example",
        "/\r\nSet-Cookie: a=b",
        "@evil.example",
        "/login?next=//evil.example",
    ],
)
async def test_nobody_is_led_away(visited: Visited, after: str) -> None:
    """After logging in and out one is on this site, whatever was asked for."""
    back = await visited.log_in(after=after)
    out = await visited.get(f"/logout?next={quote(after, safe='')}", OURS, "POST")
    page = await (await visited.get(out.headers[hdrs.LOCATION][16:])).text()

    assert back.headers[hdrs.LOCATION] == "http://127.0.0.1/"
    assert urlsplit(out.headers[hdrs.LOCATION]).netloc == "127.0.0.1"
    assert "evil" not in page


async def test_pages_of_the_logged_in_are_kept_by_nobody(visited: Visited) -> None:
    """Neither by a proxy nor by a browser; and a cookie makes another page."""
    await visited.log_in()
    answers = [
        await visited.get(path, {**LINK, **HTML})
        for path in ("/", "/about", "/status", "/login", "/no/such", "/logout")
    ]

    assert {"no-store"} == {each.headers[hdrs.CACHE_CONTROL] for each in answers}
    assert all("Cookie" in each.headers[hdrs.VARY] for each in answers)
    assert (
        "no-store" == (await visited.get("/api/info", OURS)).headers[hdrs.CACHE_CONTROL]
    )


async def test_names_are_shown_as_text(visited: Visited, issuer: Watched) -> None:
    """Whatever an issuer calls people, and however long."""
    person = PEOPLE[2]
    real = issuer.id_token
    issuer.id_token = lambda subject, **more: real(
        subject, **{**more, "name": "<script>alert(1)</script>\u202e\n" + "n" * 500}
    )
    await visited.log_in(person.subject)
    text = await (await visited.get("/about")).text()

    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; nnn" in text
    assert "\u202e" not in text
    assert "n" * 81 not in text


async def test_a_store_that_is_away_is_no_answer(visited: Visited, monkeypatch) -> None:
    """Who is logged in cannot be found out, so nobody is told less than they may."""
    await visited.log_in()

    async def away(*_):
        message = "The database cannot be reached."
        raise StoreUnavailable(message)

    monkeypatch.setattr(visited.desk, "session", away)
    answer = await visited.get(ALLELE, OURS)

    assert answer.status == 503
    assert (await answer.json())["info"]["status"] == "no_answer"
    assert visited.asked() == []


async def test_where_nobody_logs_in_there_is_no_login(client: TestClient) -> None:
    """No page, no link, and cookies of that name mean nothing."""
    headers = {hdrs.COOKIE: "session=" + "A" * 43}
    home = await client.get("/", headers=headers)

    assert (await client.get("/login")).status == 404
    assert home.status == 200
    assert "/login" not in await home.text()


async def test_an_issuer_that_is_away_is_said_to_be(
    visited: Visited, issuer: Watched
) -> None:
    """On the page to log in, with its status."""
    issuer.is_away = True
    answer = await visited.get("/login?issuer=test", HTML)

    assert answer.status == 503
    assert "cannot be reached" in await answer.text()


async def test_whoever_wants_out_gets_out_though_their_issuer_is_away(
    aiohttp_client, beacon: LocalBeacon, issuer: Watched
) -> None:
    """After a restart nobody can be known; a session can be ended all the same."""
    store = OwnSessions()

    async def started() -> Visited:
        porter = porter_for(with_client(issuer), clock=issuer.clock)
        desk = desk_for(porter, issuer.clock, store=store)
        app = create_api(beacon, IDENTITY, porter=porter, desk=desk)
        add_pages(app, behind_of(app))

        async def close(_: object) -> None:
            await porter.close()

        app.on_cleanup.append(close)
        client = await aiohttp_client(app, cookie_jar=DummyCookieJar())
        return Visited(client, desk, Listening(beacon))

    visited = await started()
    await visited.log_in()
    issuer.is_away = True
    later = await started()
    later.cookies = dict(visited.cookies)
    page = await later.get("/about", OURS)
    out = await later.get("/logout?next=/about", OURS, "POST")

    assert (page.status, out.status) == (503, 303)
    assert store.kept == {}
    assert later.cookies == {}


async def test_this_machine_has_one_name(visited: Visited) -> None:
    """Whoever came by another is sent to the one that cookies are kept for."""
    answer = await visited.get("/login?issuer=test", {hdrs.HOST: "localhost:5050"})

    assert answer.status == 303
    assert answer.headers[hdrs.LOCATION] == "http://127.0.0.1/login?issuer=test"


async def test_logins_are_written_down(
    aiohttp_client, beacon: LocalBeacon, variant_store, issuer: Watched, tmp_path
) -> None:
    """Who logged in and out, who did not, and no token, code, name or state."""
    anchors = variant_store.anchors()
    log = AuditLog(tmp_path / "audit", b"k" * 32, {"worker": "0"}, anchors=anchors)
    await log.open()
    porter = porter_for(with_client(issuer), clock=issuer.clock)
    desk = desk_for(porter, issuer.clock)
    auditor = Auditor(log, queries=b"q" * 32, cases=b"c" * 32)
    app = create_api(beacon, IDENTITY, porter=porter, desk=desk, auditor=auditor)
    add_pages(app, behind_of(app))
    client = await aiohttp_client(app, cookie_jar=DummyCookieJar())
    visited = Visited(client, desk, Listening(beacon))
    back = await visited.log_in()
    (token,) = (await _session(visited)).values()
    await visited.get("/logout", OURS, "POST")
    again = await visited.get("/login/back?code=stolen&state=guessed", LINK)
    files = [p for each in segments_in(tmp_path / "audit").values() for _, p in each]
    text = b"".join(path.read_bytes() for path in files)
    lines = [orjson.loads(line) for line in text.splitlines()]
    told = [each for each in lines if each["kind"] == "request"]
    await porter.close()

    assert (back.status, again.status) == (303, 401)
    assert ["logged_in", "logged_out", "not_identified"] == [
        each["decision"] for each in told
    ]
    assert told[0]["subject"] == told[1]["subject"]
    assert told[0]["issuer"] == "test"
    assert "subject" not in told[2]
    assert all(
        each not in text
        for each in (b"Karin", b"stolen", b"guessed", token.split(".")[1].encode())
    )
    assert dict(parse_qsl(urlsplit(str(back.url)).query))["code"].encode() not in text
