"""Visas: each is verified by itself, and speaks of its bearer or of nobody (B1, B3)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from beacon.auth.visas import identities, organisation_of
from beacon.model.errors import IssuerUnavailable, NotIdentified
from beacon.model.requester import Visa
from tests.auth.forging import (
    FORGED,
    UNBELIEVED,
    stated,
    visa_claims,
    visa_header,
    vouched,
)
from tests.auth.issuing import NOON, believed, porter_for, watched, who

if TYPE_CHECKING:
    from beacon.auth.porter import Porter
    from tests.auth.issuing import Clock, Watched

GRANT = ("ControlledAccessGrants", "https://a.example/datasets/1")
BESIDE = ("ControlledAccessGrants", "https://a.example/datasets/2")
HOUR = 3600


def kinds(visas: frozenset[Visa]) -> set[tuple[str, str]]:
    """Return types and values of visas."""
    return {(visa.type, visa.value) for visa in visas}


@pytest.mark.parametrize("wrong", UNBELIEVED)
async def test_forged_visas_state_nothing(
    wrong: str, issuer: Watched, porter: Porter
) -> None:
    """A visa that is not what it says is left out; what is genuine beside it is not.

    That states something else, or one that was believed would not be seen.
    """
    genuine = vouched(ga4gh_visa_v1=stated(value=BESIDE[1]))(issuer)
    issuer.visas["researcher"] = [UNBELIEVED[wrong](issuer), genuine]
    found = await who(porter, issuer.token("researcher"))

    assert kinds(found.visas) == {BESIDE}
    assert len(found.visas) == 1


def test_forgeries_are_many() -> None:
    """Some hundred ways to be taken in are tried, of tokens and visas together."""
    assert len(FORGED) + len(UNBELIEVED) >= 100


async def test_genuine_visas_are_told_whole(issuer: Watched, porter: Porter) -> None:
    """Type, value, source, level and signer are told as they are stated."""
    issuer.visas["a"] = [issuer.visa("a", *GRANT, "https://a.example/dac")]
    found = await who(porter, issuer.token("a"))

    assert found.visas == {
        Visa(
            type=GRANT[0],
            value=GRANT[1],
            source="https://a.example/dac",
            by="dac",
            issuer=issuer.iss,
        )
    }


async def test_foreign_places_are_never_asked(
    issuer: Watched, porter: Porter, clock: Clock
) -> None:
    """No connection is opened to where a visa says its keys are (B3)."""
    async with watched(clock) as foreign:
        header = visa_header(issuer, jku=f"{foreign.iss}/jwks")
        own = foreign.signed(header, visa_claims(foreign))
        issuer.visas["researcher"] = [own, foreign.visa("researcher", *GRANT, "x")]
        found = await who(porter, issuer.token("researcher"))

        assert not foreign.asked
    assert not found.visas
    assert issuer.asked["/userinfo"] == 1


async def test_other_issuers_state_where_they_are_named(
    issuer: Watched, clock: Clock
) -> None:
    """A committee that signs by itself is believed at the address that is pinned."""
    async with watched(clock) as committee:
        pinned = {committee.iss: f"{committee.iss}/jwks"}
        porter = porter_for(believed(issuer, visa_issuers=pinned), clock=clock)
        issuer.visas["a"] = [committee.visa("a", *GRANT, "dac"), vouched()(issuer)]
        found = await who(porter, issuer.token("a"))
        await porter.close()

    assert [visa.issuer for visa in found.visas] == [committee.iss]


async def test_what_is_stated_of_others(issuer: Watched, porter: Porter) -> None:
    """What is stated of somebody else is left out, unless a link says who it is."""
    other = issuer.signed(visa_header(issuer), visa_claims(issuer, sub="b"))
    iss = issuer.iss.replace(":", "%3A").replace("/", "%2F")
    link = issuer.visa("c", "LinkedIdentities", f"x,y;b,{iss}", "https://a.example")
    issuer.visas |= {"a": [other], "c": [other, link]}

    assert not (await who(porter, issuer.token("a"))).visas
    assert GRANT in kinds((await who(porter, issuer.token("c"))).visas)


async def test_linked_identities_of_the_bearer(issuer: Watched, porter: Porter) -> None:
    """A link from the bearer carries over, and by way of others, too."""

    def link(one: str, other: str) -> str:
        value = f"{other},{issuer.iss}"
        return issuer.visa(one, "LinkedIdentities", value, "https://a.example")

    grant = issuer.signed(visa_header(issuer), visa_claims(issuer, sub="z"))
    issuer.visas["a"] = [grant, link("m", "z"), link("a", "m")]
    issuer.visas["b"] = [grant, link("m", "z"), link("z", "b")]

    assert GRANT in kinds((await who(porter, issuer.token("a"))).visas)
    assert GRANT not in kinds((await who(porter, issuer.token("b"))).visas)


def test_links_are_read_as_they_are_written() -> None:
    """Each pair is a subject and an issuer in URI code; what is none is nobody."""
    value = "a%2Cb,https%3A%2F%2Fx.example;alone;one,two,three;c,d"

    assert identities(value) == {("https://x.example", "a,b"), ("d", "c")}


async def test_at_most_twenty_visas(issuer: Watched, porter: Porter) -> None:
    """The twenty-first visa is not looked at."""
    issuer.visas["a"] = [
        issuer.visa("a", "ControlledAccessGrants", f"v{n}", "dac") for n in range(21)
    ]
    found = await who(porter, issuer.token("a"))

    assert len(found.visas) == 20


async def test_visas_need_the_scope(issuer: Watched, porter: Porter) -> None:
    """A token that was not given for visas shows none, and nobody is asked."""
    issuer.visas["a"] = [issuer.visa("a", *GRANT, "dac")]
    with_scope = await who(porter, issuer.token("a"))
    without = await who(porter, issuer.token("a", scope="openid"))

    assert (len(with_scope.visas), len(without.visas)) == (1, 0)
    assert issuer.asked["/userinfo"] == 1


async def test_userinfo_is_asked_hourly(
    issuer: Watched, porter: Porter, clock: Clock
) -> None:
    """However many tokens a user has, its issuer is asked once an hour (§2.1)."""
    for minute in range(0, 120, 4):
        clock.now = NOON + 60 * minute
        tokens = [issuer.token("a") for _ in range(5)]
        await asyncio.gather(*(who(porter, token) for token in tokens))

    assert issuer.asked["/userinfo"] == 2


async def test_visas_end_by_themselves(
    issuer: Watched, porter: Porter, clock: Clock
) -> None:
    """A visa is told until it ends, though its user may be asked for again later."""
    issuer.visas["a"] = [
        issuer.signed(visa_header(issuer), visa_claims(issuer, sub="a", exp=NOON + 100))
    ]
    token = issuer.token("a")
    before = await who(porter, token)
    clock.now = NOON + 100 + 59
    still = await who(porter, token)
    clock.now = NOON + 100 + 60
    after = await who(porter, token)

    assert [len(r.visas) for r in (before, still, after)] == [1, 1, 0]


async def test_visas_stay_while_their_issuer_is_away(
    issuer: Watched, porter: Porter, clock: Clock
) -> None:
    """Visas found before stay for a day; who has none yet is not taken for less."""
    day = {"exp": NOON + 48 * HOUR}
    issuer.visas["a"] = [
        issuer.signed(visa_header(issuer), visa_claims(issuer, sub="a", **day))
    ]
    await who(porter, issuer.token("a"))
    issuer.is_away = True
    clock.now = NOON + 2 * HOUR
    later = await who(porter, issuer.token("a"))

    assert kinds(later.visas) == {GRANT}
    with pytest.raises(IssuerUnavailable):
        await who(porter, issuer.token("b"))
    clock.now = NOON + 25 * HOUR
    with pytest.raises(IssuerUnavailable):
        await who(porter, issuer.token("a"))


async def test_failures_are_not_asked_again_at_once(
    issuer: Watched, porter: Porter, clock: Clock
) -> None:
    """An issuer that does not answer is left alone for a minute, and then longer."""
    await who(porter, issuer.token("other"))
    issuer.is_away = True
    for second in range(0, HOUR, 20):
        clock.now = NOON + second
        with pytest.raises(IssuerUnavailable):
            await who(porter, issuer.token("a", exp=NOON + 2 * HOUR))

    assert issuer.asked["/userinfo"] - 1 <= 7


async def test_another_user_is_not_taken(issuer: Watched, porter: Porter) -> None:
    """An issuer that tells of somebody else than the token does is not believed."""
    token = issuer.token("a")
    issuer.subjects[token] = "b"

    with pytest.raises(NotIdentified):
        await who(porter, token)


async def test_tokens_that_were_taken_back(
    issuer: Watched, porter: Porter, clock: Clock
) -> None:
    """A token its issuer does not know any more is refused, and not asked about."""
    token = issuer.token("a")
    del issuer.subjects[token]
    for second in range(5):
        clock.now = NOON + second
        with pytest.raises(NotIdentified):
            await who(porter, token)

    assert issuer.asked["/userinfo"] == 1
    assert (await who(porter, issuer.token("a"))).issuer == "test"


async def test_keys_of_visas_that_are_gone(
    issuer: Watched, porter: Porter, clock: Clock
) -> None:
    """A visa whose key is gone states nothing, six minutes later at the latest."""
    issuer.visas["a"] = [issuer.visa("a", *GRANT, "dac")]
    token = issuer.token("a")
    first = await who(porter, token)
    issuer.keys.pop(0)
    second = issuer.token("a")
    clock.now = NOON + 360
    after = await who(porter, second)

    assert (len(first.visas), len(after.visas)) == (1, 0)


def test_one_organisation_is_told() -> None:
    """Affiliations name an organisation where they agree on one."""

    def of(*values: str) -> str | None:
        return organisation_of(
            Visa(type="AffiliationAndRole", value=value, source="x") for value in values
        )

    assert of("doctor@a.example", "nurse@a.example") == "a.example"
    assert of("doctor@b@a.example") == "b@a.example"
    assert of("doctor@a.example", "doctor@b.example") is None
    assert of("doctor") is None
    assert of() is None

    own = Visa(type="AffiliationAndRole", value="doctor@a.example", source="x")
    assert organisation_of([replace(own, by="self")]) is None
    assert organisation_of([replace(own, by="so")]) == "a.example"
