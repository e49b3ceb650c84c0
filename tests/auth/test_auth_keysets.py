"""Keys of issuers: fetched seldom, dropped when they are gone (criterion B2)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, OctKey, RSAKey
from jwt.algorithms import RSAAlgorithm

from beacon.auth.keysets import read_keys
from beacon.model.errors import IssuerUnavailable, NotIdentified
from tests.auth.forging import encoded, genuine, header, signed
from tests.auth.issuing import NOON, believed, key, porter_for, who

if TYPE_CHECKING:
    from beacon.auth.porter import Porter
    from tests.auth.issuing import Clock, Watched

HOUR = 3600


async def test_rotation_is_picked_up(
    issuer: Watched, porter: Porter, clock: Clock
) -> None:
    """A token of a new key is believed a minute after the key was published (B2)."""
    await who(porter, issuer.token("a"))
    issuer.keys.insert(0, key("ES256", "new"))
    token = issuer.token("a")
    clock.now = NOON + 60

    assert (await who(porter, token)).issuer == "test"
    assert issuer.asked["/jwks"] == 2


async def test_keys_that_do_not_exist(
    issuer: Watched, porter: Porter, clock: Clock
) -> None:
    """Ten thousand names of keys in a minute cost their issuer two fetches (B2)."""
    alien = key("ES256", "alien")
    told = {"iss": issuer.iss, "sub": "a", "aud": "beacon-demo", "scope": "openid"}
    claims = {**told, "iat": NOON, "exp": NOON + HOUR}
    mark = signed(alien, header(), claims).split(".")
    for second in range(60):
        clock.now = NOON + second
        heads = [encoded(header(kid=f"{second}-{n}")) for n in range(167)]
        tokens = [".".join([head, *mark[1:]]) for head in heads]
        found = await asyncio.gather(
            *(who(porter, token) for token in tokens), return_exceptions=True
        )

        assert all(isinstance(each, NotIdentified) for each in found)
    assert 60 * 167 > 10_000
    assert issuer.asked["/jwks"] <= 2
    assert (await who(porter, issuer.token("a"))).issuer == "test"


async def test_issuers_may_be_away(
    issuer: Watched, porter: Porter, clock: Clock
) -> None:
    """While an issuer is away for an hour, tokens of its keys stay believed (B2)."""
    await who(porter, issuer.token("a", scope="openid"))
    issuer.is_away = True
    for minute in range(0, 61, 5):
        clock.now = NOON + 60 * minute

        assert (await who(porter, issuer.token("a", scope="openid"))).issuer == "test"
    assert issuer.asked["/jwks"] <= 14


async def test_keys_that_are_gone(
    issuer: Watched, porter: Porter, clock: Clock
) -> None:
    """A token is refused six minutes after its key is gone, kept or not (B2).

    Also one that was first met just before the key was looked for anew.
    """
    kept, late, new = issuer.token("a"), issuer.token("b"), issuer.token("c")
    await who(porter, kept)
    issuer.keys.pop(0)
    clock.now = NOON + 299
    await who(porter, kept)
    await who(porter, late)
    clock.now = NOON + 360

    for token in (kept, late, new):
        with pytest.raises(NotIdentified):
            await who(porter, token)


async def test_keys_are_not_believed_for_ever(
    issuer: Watched, porter: Porter, clock: Clock
) -> None:
    """Keys that could not be fetched for a day prove nothing, and that is a failure."""
    await who(porter, issuer.token("a", scope="openid"))
    issuer.is_away = True
    clock.now = NOON + 24 * HOUR

    with pytest.raises(IssuerUnavailable):
        await who(porter, issuer.token("a", scope="openid"))


async def test_first_fetch_that_fails(
    issuer: Watched, porter: Porter, clock: Clock
) -> None:
    """Before any key is known a token is neither believed nor called false."""
    issuer.is_away = True
    with pytest.raises(IssuerUnavailable):
        await who(porter, issuer.token("a"))
    issuer.is_away = False
    clock.now = NOON + 5

    assert (await who(porter, issuer.token("a"))).issuer == "test"


async def test_many_wait_for_one_fetch(issuer: Watched, porter: Porter) -> None:
    """However many come at once, keys are fetched once."""
    tokens = [issuer.token(f"user {n}", scope="openid") for n in range(100)]
    found = await asyncio.gather(*(who(porter, token) for token in tokens))

    assert len({each.subject for each in found}) == 100
    assert issuer.asked["/jwks"] == 1


async def test_discovery_must_be_the_issuers(issuer: Watched, clock: Clock) -> None:
    """A discovery document that names another issuer is not believed."""
    token = issuer.token("a")
    trust = believed(issuer)
    issuer.iss = "https://another.example"
    porter = porter_for(trust, clock=clock)

    with pytest.raises(IssuerUnavailable):
        await who(porter, token)
    await porter.close()


async def test_pinned_places_need_no_discovery(issuer: Watched, clock: Clock) -> None:
    """Where the policy says where keys are, nothing else is asked."""
    trust = believed(issuer, jwks_uri=f"{issuer.iss}/jwks", passports=False)
    porter = porter_for(trust, clock=clock)
    await who(porter, issuer.token("a"))
    await porter.close()

    assert dict(issuer.asked) == {"/jwks": 1}


async def test_redirects_are_not_followed(issuer: Watched, clock: Clock) -> None:
    """Keys are fetched from where they are said to be, or not at all."""
    trust = believed(issuer, jwks_uri=f"{issuer.iss}/moved", passports=False)
    porter = porter_for(trust, clock=clock)

    with pytest.raises(IssuerUnavailable):
        await who(porter, genuine(issuer))
    await porter.close()
    assert issuer.asked["/jwks"] == 0


def public(one: ECKey | RSAKey | OctKey, **more: object) -> dict[str, object]:
    """Return a key as a set lists it, changed; ``...`` leaves a field out."""
    said = {**one.as_dict(private=False), **more}
    return {name: value for name, value in said.items() if value is not ...}


def short_key() -> dict[str, object]:
    """Return a key that is too short to be believed."""
    made = rsa.generate_private_key(65537, 1024)  # noqa: S505 - to be refused
    return RSAAlgorithm.to_jwk(made.public_key(), as_dict=True)


EC, RSA = key("ES256", "first"), key("RS256", "second")
UNFIT = {
    "a secret": lambda: OctKey.generate_key(256, {"kid": "x"}).as_dict(),
    "a private key": lambda: EC.as_dict(private=True),
    "1024 bits": lambda: {"kid": "x", **short_key()},
    "another curve": lambda: public(ECKey.generate_key("P-384", {"kid": "x"})),
    "no name": lambda: public(EC, kid=...),
    "for encryption": lambda: public(EC, use="enc"),
    "for another algorithm": lambda: public(RSA, alg="RS512"),
    "for signing alone": lambda: public(EC, key_ops=["sign"]),
    "a point off the curve": lambda: public(EC, x=EC.as_dict()["y"]),
    "no number": lambda: public(RSA, n="!"),
    "no exponent": lambda: public(RSA, e=...),
    "no object": lambda: "key",
    "nothing": lambda: None,
}


@pytest.mark.parametrize("wrong", UNFIT)
def test_unfit_keys_are_left_out(wrong: str) -> None:
    """A key that nothing may be verified with is left out of its set."""
    found = read_keys({"keys": [UNFIT[wrong](), public(RSA, kid="good")]})

    assert list(found) == [("good", "RS256")]


def test_two_keys_of_one_name_are_none() -> None:
    """Where two keys share a name and a kind, neither is taken."""
    other = public(key("ES256", "new"), kid="first")
    found = read_keys({"keys": [public(EC), other, public(RSA)]})

    assert list(found) == [("second", "RS256")]


@pytest.mark.parametrize(
    "document", [{}, {"keys": {}}, {"keys": [{}] * 65}, {"jwks": []}]
)
def test_what_is_no_set_is_a_failure(document: dict) -> None:
    """A document that is no set of keys empties nothing: it is a failure."""
    with pytest.raises(IssuerUnavailable):
        read_keys(document)
