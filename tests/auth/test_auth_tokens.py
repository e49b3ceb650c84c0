"""Tokens: what is genuine is believed, and nothing else (criterion B1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from beacon.auth.claims import check_header
from beacon.auth.doubts import Doubt
from beacon.model.errors import NotIdentified
from beacon.model.requester import Requester
from tests.auth.forging import FORGED, genuine, headed, saying
from tests.auth.issuing import NOON, believed, porter_for, who

if TYPE_CHECKING:
    from beacon.auth.porter import Porter
    from tests.auth.issuing import Clock, Watched

ADDRESS = "192.0.2.7"


def test_forgeries_are_many() -> None:
    """At least sixty ways to forge a token or a visa are tried (B1)."""
    assert len(FORGED) >= 60


@pytest.mark.parametrize("wrong", FORGED)
async def test_forged_tokens_prove_nothing(
    wrong: str, issuer: Watched, porter: Porter
) -> None:
    """A token that is not what it says is refused, and nobody is told why."""
    token = FORGED[wrong](issuer)

    with pytest.raises(NotIdentified) as refused:
        await who(porter, token)

    assert issuer.asked["/userinfo"] == 0
    assert str(refused.value) == "The token or the key of this request is not valid."


@pytest.mark.parametrize("crit", [["exp"], [], ["x"], "exp", None])
def test_critical_headers_are_ours_to_refuse(crit: object) -> None:
    """Whatever a library knows of them: none is known here."""
    with pytest.raises(NotIdentified) as refused:
        check_header({"alg": "ES256", "kid": "k", "crit": crit}, ["ES256"])

    assert refused.value.why == Doubt.CRITICAL


@pytest.mark.parametrize(
    "forge",
    [
        genuine,
        headed(typ=...),
        headed(typ="JWT"),
        headed(typ="application/AT+JWT"),
        headed(x5u="https://evil.example", jwk={"kty": "oct", "k": ""}),
        saying(aud=["portal", "beacon-demo"]),
        saying(exp=NOON - 59),
        saying(iat=NOON + 60),
        saying(nbf=NOON + 60),
        saying(iat=NOON - 3659, exp=NOON + 9000),
        saying(ga4gh_passport_v1=["…"]),
    ],
)
async def test_genuine_tokens_are_believed(
    forge, issuer: Watched, porter: Porter
) -> None:
    """A token that is for us, and holds now, says who asks, by a pseudonym."""
    token = forge(issuer)
    issuer.subjects[token] = "researcher"
    found = await who(porter, token)

    assert found.issuer == "test"
    assert found.subject is not None
    assert "researcher" not in repr(found)


async def test_both_signatures_are_believed(issuer: Watched, porter: Porter) -> None:
    """RS256 and ES256 are; whoever signs, the user is the same."""
    first = await who(porter, issuer.token("a"))
    issuer.keys.reverse()
    second = await who(porter, issuer.token("a"))

    assert first == second
    assert first != await who(porter, issuer.token("b"))


async def test_partner_clients_are_believed(issuer: Watched, clock: Clock) -> None:
    """Tokens for a portal are taken where the policy names it, and only then."""
    token = issuer.token("a", aud="portal", azp="gdi")
    porter = porter_for(
        believed(issuer, partner_clients=frozenset({"gdi"})), clock=clock
    )

    assert (await who(porter, token)).issuer == "test"
    await porter.close()


async def test_claims_are_told(issuer: Watched, clock: Clock) -> None:
    """Organisation, roles by the map, acr and purpose are taken over; no more."""
    trust = believed(
        issuer, role_map={"geneticist": "care"}, require_acr=frozenset({"loa3"})
    )
    porter = porter_for(trust, clock=clock)
    more = {"organisation": "ward.example", "purpose": "care", "acr": "loa3"}
    token = issuer.token("a", roles=["geneticist", "admin"], email="a@b.c", **more)
    found = await who(porter, token)

    assert found == Requester(
        subject=found.subject,
        issuer="test",
        organisation="ward.example",
        roles=frozenset({"care"}),
        acr="loa3",
        purpose="care",
    )
    with pytest.raises(NotIdentified):
        await who(porter, issuer.token("a", acr="loa2"))
    await porter.close()


@pytest.mark.parametrize(
    "headers",
    [
        ["Basic dXNlcjpwYXNz"],
        ["Bearer"],
        ["Bearer "],
        ["Bearer undefined"],
        ["bearer  "],
        ["Token abc"],
        [""],
        ["Bearer é.é.é"],
    ],
)
async def test_other_headers_are_refused(headers: list[str], porter: Porter) -> None:
    """Whatever else an ``Authorization`` says is refused, never taken for none."""
    with pytest.raises(NotIdentified):
        await porter.requester(headers, ADDRESS)


async def test_two_tokens_are_refused(issuer: Watched, porter: Porter) -> None:
    """Two headers are refused, though each alone would be believed."""
    header = f"Bearer {issuer.token('a')}"

    assert (await porter.requester([header], ADDRESS)).issuer == "test"
    with pytest.raises(NotIdentified):
        await porter.requester([header, header], ADDRESS)


async def test_no_header_is_anonymous(porter: Porter) -> None:
    """Who shows nothing is known by a network alone, of 24 or 48 bits."""
    four = await porter.requester([], "192.0.2.7")
    six = await porter.requester([], "2001:db8:1:2::3")

    assert Requester(network="192.0.2.0/24") == four
    assert Requester(network="2001:db8:1::/48") == six


async def test_tokens_end_while_they_are_kept(
    issuer: Watched, porter: Porter, clock: Clock
) -> None:
    """A token that was believed a moment ago is refused once it is over."""
    token = issuer.token("a", exp=NOON + 10)
    await who(porter, token)
    clock.now = NOON + 10 + 59
    await who(porter, token)
    clock.now = NOON + 10 + 60

    with pytest.raises(NotIdentified):
        await who(porter, token)


async def test_unverified_tokens_fetch_nothing(issuer: Watched, porter: Porter) -> None:
    """Nobody is asked anything because of a token that could not be for us."""
    for forge in (saying(iss="https://evil.example"), saying(aud="x"), headed(typ="x")):
        with pytest.raises(NotIdentified):
            await who(porter, forge(issuer))

    assert not issuer.asked
