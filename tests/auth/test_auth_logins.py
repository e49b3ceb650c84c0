"""Logging in at issuers: a whole login, and every way to spoil one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from aiohttp import ClientSession

from beacon.auth.doubts import Doubt
from beacon.cli.authorizing import CODE_LIFE
from beacon.cli.issuer import new_key
from beacon.model.errors import IssuerUnavailable, LoginEnded, NotIdentified
from tests.auth.issuing import Clock, desk_for, porter_for, watched, with_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from beacon.auth.logins import Arrived, Desk
    from tests.auth.issuing import Watched

SECRET = "with ümlauts, & a colon: 100 %"  # noqa: S105 - nobody's
Pairs = list[tuple[str, str]]


@pytest.fixture
async def issuer() -> AsyncIterator[Watched]:
    """Give an issuer at which people choose who they are."""
    async with watched(Clock()) as running:
        yield running


@pytest.fixture
async def other() -> AsyncIterator[Watched]:
    """Give another one."""
    async with watched(Clock()) as running:
        yield running


@pytest.fixture
async def make(issuer: Watched) -> AsyncIterator[Callable[..., Desk]]:
    """Give what makes a desk for issuers: the first, unless others are named."""
    made = []

    def desk(*trusted: object, **more: object) -> Desk:
        trusted = trusted or (with_client(issuer),)
        porter = porter_for(*trusted, clock=issuer.clock)
        made.append(porter)
        return desk_for(porter, issuer.clock, **more)

    yield desk
    for porter in made:
        await porter.close()


async def chosen(address: str, person: str = "clinician") -> Pairs:
    """Choose somebody at an issuer, and return what it sends the browser back with."""
    async with ClientSession() as browser:
        async with browser.get(address, allow_redirects=False) as page:
            text = await page.text()
            if page.status == 303:
                return parse_qsl(urlsplit(page.headers["Location"]).query)
        ask = text.partition("/choose?ask=")[2].partition("&")[0]
        choice = f"{address.partition('/authorize')[0]}/choose?ask={ask}"
        async with browser.get(
            f"{choice}&person={person}", allow_redirects=False
        ) as back:
            return parse_qsl(urlsplit(back.headers["Location"]).query)


async def begun(desk: Desk, issuer: str = "test") -> tuple[str, list[str]]:
    """Begin a login; return where the browser is sent, and its cookies."""
    address, cookie = await desk.begin(issuer, "/v/GRCh37/22-101-T-C")
    return address, [f"lang=sv; login={cookie}"]


async def logged_in(desk: Desk, person: str = "clinician") -> Arrived:
    """Log in."""
    address, cookies = await begun(desk)
    return await desk.finish(cookies, await chosen(address, person), None)


async def refused(desk: Desk, cookies: list[str], said: Pairs) -> str:
    """Return why a login is none."""
    with pytest.raises(NotIdentified) as failure:
        await desk.finish(cookies, said, None)
    return failure.value.why


def changed(said: Pairs, **more: str) -> Pairs:
    """Return what an issuer sent back, with something else in it."""
    return list({**dict(said), **more}.items())


async def test_somebody_logs_in(make, issuer: Watched) -> None:
    """Their token stays here, and they are who it says, until it ends."""
    desk = make(with_client(issuer, role_map={"clinical-geneticist": "clinician"}))
    arrived = await logged_in(desk)
    session = await desk.session([f"session={arrived.cookie}"])

    assert arrived.after == "/v/GRCh37/22-101-T-C"
    assert arrived.requester.issuer == "test"
    assert arrived.requester.roles == {"clinician"}
    assert arrived.requester.organisation == "hospital.example"
    assert session is not None
    assert (session.name, session.issuer) == ("Karin Holm", "test")
    assert session.ends == issuer.clock() + 3600
    assert session.token not in arrived.cookie


async def test_nobody_is_who_has_no_cookie(make) -> None:
    """That is no failure."""
    assert await make().session(["lang=sv"]) is None


async def test_what_is_asked_of_an_issuer(make, issuer: Watched) -> None:
    """A code, a proof that it is ours, and the visas."""
    scopes = ("openid", "profile", "ga4gh_passport_v1")
    desk = make(with_client(issuer, scopes=scopes))
    address, _ = await begun(desk)
    said = dict(parse_qsl(urlsplit(address).query))

    assert address.startswith(f"{issuer.iss}/authorize?")
    assert said["response_type"] == "code"
    assert said["code_challenge_method"] == "S256"
    assert said["redirect_uri"] == "http://127.0.0.1/login/back"
    assert said["scope"] == "openid profile ga4gh_passport_v1"
    assert len({said["state"], said["nonce"], said["code_challenge"]}) == 3


async def test_a_client_with_a_secret_proves_itself(make, issuer: Watched) -> None:
    """In the head, as RFC 6749 has it; a wrong one is told apart from a bad code."""
    issuer.counter.secret = SECRET
    issuer.counter.announce()
    right = make(secrets={"test": issuer.counter.secret})
    wrong = make(secrets={"test": "another"})
    address, cookies = await begun(wrong)

    assert (await logged_in(right)).requester.subject is not None
    assert Doubt.CLIENT == await refused(wrong, cookies, await chosen(address))


async def test_a_secret_goes_into_the_form_where_that_is_wanted(
    make, issuer: Watched
) -> None:
    """Of an issuer that takes it in no other way."""
    forms = []
    issuer.more["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    issuer.counter._is_client = lambda _, form: forms.append(form) or True  # noqa: SLF001
    await logged_in(make(secrets={"test": "said"}))

    assert [("beacon-pages", "said")] == [
        (form["client_id"], form["client_secret"]) for form in forms
    ]


async def test_another_browser_s_login_is_none(make) -> None:
    """A wrong state, none at all, or no cookie: nobody is logged in (login CSRF)."""
    desk = make()
    address, cookies = await begun(desk)
    said = await chosen(address)
    _, others = await begun(desk)
    without = [pair for pair in said if pair[0] != "state"]
    tries = {
        "wrong": await refused(desk, cookies, changed(said, state="x" * 43)),
        "none": await refused(desk, cookies, without),
        "another's": await refused(desk, others, said),
        "no cookie": await refused(desk, [], said),
        "forged": await refused(desk, ["login=" + "A" * 300], said),
    }

    assert set(tries.values()) == {Doubt.STATE}


async def test_what_comes_twice_is_refused(make) -> None:
    """No two readers of one address."""
    desk = make()
    address, cookies = await begun(desk)
    said = await chosen(address)

    assert Doubt.MALFORMED == await refused(desk, cookies, [*said, ("code", "x")])


async def test_a_code_is_good_once(make, issuer: Watched) -> None:
    """Whoever replays a login with all that a browser had logs nobody in.

    Here nor at another process; and the issuer is not asked a second time by us.
    """
    desk, other = make(), make()
    address, cookies = await begun(desk)
    said = await chosen(address)
    await desk.finish(cookies, said, None)
    again = await refused(desk, cookies, said)
    asked = issuer.asked["/token"]

    assert (Doubt.CODE, 1) == (again, asked)
    assert Doubt.CODE == await refused(other, cookies, said)


async def test_a_code_is_good_for_who_asked(make) -> None:
    """A code that was stolen is nothing to another login (PKCE)."""
    desk = make()
    address, _ = await begun(desk)
    stolen = dict(await chosen(address))["code"]
    mine, cookies = await begun(desk)
    said = changed(await chosen(mine), code=stolen)

    assert Doubt.CODE == await refused(desk, cookies, said)


async def test_a_code_is_good_for_a_minute(make, issuer: Watched) -> None:
    """Then it is none."""
    desk = make()
    address, cookies = await begun(desk)
    said = await chosen(address)
    issuer.clock.now += CODE_LIFE + 1

    assert Doubt.CODE == await refused(desk, cookies, said)


@pytest.mark.parametrize(
    ("claim", "value", "why"),
    [
        ("nonce", "another login's", Doubt.NONCE),
        ("nonce", None, Doubt.NONCE),
        ("aud", "another-client", Doubt.AUDIENCE),
        ("aud", ["beacon-pages", "another"], Doubt.AUDIENCE),
        ("iss", "https://evil.example", Doubt.ISSUER),
        ("exp", 1, Doubt.EXPIRED),
        ("sub", "somebody-else", Doubt.SUBJECT),
    ],
)
async def test_a_proof_of_another_login_is_none(
    make, issuer: Watched, claim: str, value: object, why: str
) -> None:
    """An ID token is for this login, for us, from whom we asked, of who came."""
    real = issuer.id_token
    issuer.id_token = lambda subject, **more: real(subject, **{**more, claim: value})
    desk = make()
    address, cookies = await begun(desk)

    assert why == await refused(desk, cookies, await chosen(address))


async def test_a_proof_that_nobody_signed_is_none(
    make, issuer: Watched, other: Watched
) -> None:
    """Nor one that was signed with another issuer's key of the same name."""
    other.keys = [new_key("ES256", "first")]
    other.iss = issuer.iss
    issuer.id_token = other.id_token
    desk = make()
    address, cookies = await begun(desk)

    assert Doubt.SIGNATURE == await refused(desk, cookies, await chosen(address))


async def test_two_issuers_are_never_mixed_up(
    make, issuer: Watched, other: Watched
) -> None:
    """An answer that names another issuer, or none where there are two, is refused.

    And its code is shown to nobody (RFC 9207, RFC 9700 section 4.4).
    """
    desk = make(with_client(issuer), with_client(other, name="other"))
    tries = []
    for spoilt in ({"iss": issuer.iss}, {"iss": ""}, {"iss": other.iss + "/"}, None):
        address, cookies = await begun(desk, "other")
        said = await chosen(address)
        kept = [pair for pair in said if pair[0] != "iss"]
        tries.append(
            await refused(
                desk, cookies, kept if spoilt is None else changed(said, **spoilt)
            )
        )
    asked = issuer.asked["/token"], other.asked["/token"]
    address, cookies = await begun(desk, "other")
    arrived = await desk.finish(cookies, await chosen(address), None)

    assert [Doubt.ISSUER] * 4 == tries
    assert (0, 0) == asked
    assert arrived.requester.issuer == "other"


async def test_an_issuer_that_says_it_names_itself_must(make, issuer: Watched) -> None:
    """Where it is the only one, too; one that does not say so need not."""
    said_so, silent = make(), make()
    address, cookies = await begun(said_so)
    without = [p for p in await chosen(address) if p[0] != "iss"]
    strict = await refused(said_so, cookies, without)
    del issuer.more["authorization_response_iss_parameter_supported"]
    address, cookies = await begun(silent)
    without = [p for p in await chosen(address) if p[0] != "iss"]
    lenient = await silent.finish(cookies, without, None)

    assert Doubt.ISSUER == strict
    assert lenient.requester.subject is not None


async def test_whoever_breaks_off_is_nobody(make) -> None:
    """The issuer says so, and no code is looked for."""
    desk = make()
    address, cookies = await begun(desk)

    assert Doubt.DENIED == await refused(desk, cookies, await chosen(address, "nobody"))


@pytest.mark.parametrize("missing", ["code_challenge", "code_challenge_method"])
async def test_without_pkce_the_test_issuer_gives_no_code(make, missing: str) -> None:
    """It is as strict as those it stands for."""
    address, _ = await begun(make())
    said = dict(parse_qsl(urlsplit(address).query))
    del said[missing]
    answer = dict(await chosen(f"{address.partition('?')[0]}?{urlencode(said)}"))

    assert answer["error"] == "invalid_request"
    assert "code" not in answer


async def test_an_issuer_without_pkce_is_not_logged_in_at(
    make, issuer: Watched
) -> None:
    """Where it says which challenges it takes, S256 is among them."""
    issuer.more["code_challenge_methods_supported"] = ["plain"]
    with pytest.raises(IssuerUnavailable, match="PKCE"):
        await begun(make())


async def test_tokens_that_are_not_for_us_log_nobody_in(make, issuer: Watched) -> None:
    """What comes back is judged as every token is."""
    real = issuer.token
    issuer.token = lambda subject, **more: real(
        subject, **{**more, "aud": "another", "azp": "another"}
    )
    desk = make()
    address, cookies = await begun(desk)

    assert Doubt.AUDIENCE == await refused(desk, cookies, await chosen(address))


@pytest.mark.parametrize("place", ["authorization_endpoint", "token_endpoint"])
async def test_places_in_the_open_are_never_asked(
    make, issuer: Watched, place: str
) -> None:
    """An issuer that leads elsewhere without TLS is one that is away."""
    issuer.more[place] = "http://evil.example/x"
    with pytest.raises(IssuerUnavailable):
        await begun(make())


async def test_an_issuer_that_is_away_is_said_to_be(make, issuer: Watched) -> None:
    """Nobody is logged in, and nobody is refused."""
    desk = make()
    address, cookies = await begun(desk)
    said = await chosen(address)
    issuer.is_away = True
    with pytest.raises(IssuerUnavailable):
        await desk.finish(cookies, said, None)


async def test_an_issuer_that_is_away_is_left_alone(make, issuer: Watched) -> None:
    """For some seconds, however many begin to log in."""
    desk = make()
    issuer.is_away = True
    for _ in range(5):
        with pytest.raises(IssuerUnavailable):
            await begun(desk)
    asked = issuer.asked["/.well-known/openid-configuration"]
    issuer.is_away = False
    issuer.clock.now += 5
    await logged_in(desk)

    assert 1 == asked


async def test_nobody_logs_in_where_there_is_no_client(make) -> None:
    """Nor at an issuer that the policy does not know."""
    with pytest.raises(NotIdentified):
        await begun(make(), "somebody-else")


async def test_a_new_login_ends_the_one_before(make) -> None:
    """A cookie that was there before stands for nobody afterwards."""
    desk = make()
    old = (await logged_in(desk)).cookie
    address, cookies = await begun(desk)
    cookies = [f"{cookies[0]}; session={old}"]
    new = (await desk.finish(cookies, await chosen(address, "visitor"), None)).cookie
    session = await desk.session([f"session={new}"])
    with pytest.raises(LoginEnded):
        await desk.session([f"session={old}"])

    assert session is not None
    assert session.name == "Astrid Berg"
    assert old != new


async def test_logging_out_ends_every_copy(make) -> None:
    """The cookie is good for nothing, whoever kept it; the issuer is told of."""
    desk = make()
    cookie = (await logged_in(desk)).cookie
    await desk.end([f"session={cookie}"])
    with pytest.raises(LoginEnded):
        await desk.session([f"session={cookie}"])
    goodbye = await desk.goodbye("test")

    assert goodbye is not None
    assert dict(parse_qsl(urlsplit(goodbye).query)) == {
        "client_id": "beacon-pages",
        "post_logout_redirect_uri": "http://127.0.0.1/logout",
    }
    assert await desk.goodbye("nobody") is None


async def test_an_issuer_need_not_log_anybody_out(make, issuer: Watched) -> None:
    """Where it does not say where, or leads into the open, nobody is sent there."""
    silent, open_one = make(), make()
    issuer.more["end_session_endpoint"] = "http://evil.example/out"
    led = await open_one.goodbye("test")
    del issuer.more["end_session_endpoint"]

    assert await silent.goodbye("test") is None
    assert led is None


async def test_places_may_be_pinned(make, issuer: Watched) -> None:
    """Then its discovery document is not asked for where people log in."""
    told = with_client(
        issuer,
        authorization_uri=f"{issuer.iss}/authorize",
        token_uri=f"{issuer.iss}/token",
        passports=False,
    )
    desk = make(replace(told, jwks_uri=f"{issuer.iss}/jwks"))
    await logged_in(desk)

    assert issuer.asked["/.well-known/openid-configuration"] == 0
