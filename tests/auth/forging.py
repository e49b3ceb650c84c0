"""Tokens and visas that are not what they say: each is one way to be taken in.

Every one differs from a genuine one in just what its name says, and most carry a
signature that is genuine for what they are.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey

from beacon.cli.issuer import AUDIENCE, LIFE
from tests.auth.issuing import NOON, key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from beacon.cli.issuer import Issuer

    Forge = Callable[[Issuer], str]

OTHER = "https://evil.example"
ALIEN = key("ES256", "alien")


def encoded(part: bytes | Mapping[str, object]) -> str:
    """Return a part of a token, as it is written."""
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(signer: ECKey | RSAKey, header: bytes | dict, claims: bytes | dict) -> str:
    """Return anything at all, signed genuinely."""
    alg = "ES256" if isinstance(signer, ECKey) else "RS256"
    model = jws.JWSRegistry.algorithms[alg]
    told = f"{encoded(header)}.{encoded(claims)}"
    return f"{told}.{encoded(model.sign(told.encode(), signer))}"


def header(**more: object) -> dict[str, object]:
    """Return the header of a genuine token, changed."""
    said = {"typ": "at+jwt", "alg": "ES256", "kid": "first", **more}
    return {name: value for name, value in said.items() if value is not ...}


def claims(issuer: Issuer, **more: object) -> dict[str, object]:
    """Return the claims of a genuine token, changed; ``...`` leaves one out."""
    said: dict[str, object] = {
        "iss": issuer.iss,
        "sub": "researcher",
        "aud": AUDIENCE,
        "azp": "demo",
        "scope": "openid ga4gh_passport_v1",
        "iat": NOON,
        "exp": NOON + 600,
        **more,
    }
    return {name: value for name, value in said.items() if value is not ...}


def genuine(issuer: Issuer) -> str:
    """Return what all others are changed from."""
    return signed(issuer.keys[0], header(), claims(issuer))


def saying(**more: object) -> Forge:
    """Forge by other claims, signed genuinely."""
    return lambda issuer: signed(issuer.keys[0], header(), claims(issuer, **more))


def headed(**more: object) -> Forge:
    """Forge by another header, signed genuinely."""
    return lambda issuer: signed(issuer.keys[0], header(**more), claims(issuer))


def spelled(change: Callable[[bytes], bytes]) -> Forge:
    """Forge by another spelling of the claims, signed genuinely."""

    def forge(issuer: Issuer) -> str:
        told = change(json.dumps(claims(issuer)).encode())
        return signed(issuer.keys[0], json.dumps(header()).encode(), told)

    return forge


def by_secret(secret: Callable[[Issuer], bytes], alg: str = "HS256") -> Forge:
    """Forge by a shared secret that anybody can read."""

    def forge(issuer: Issuer) -> str:
        told = f"{encoded(header(alg=alg))}.{encoded(claims(issuer))}"
        mark = hmac.digest(secret(issuer), told.encode(), f"sha{alg[2:]}")
        return f"{told}.{encoded(mark)}"

    return forge


def by_alien(**more: object) -> Forge:
    """Forge by a key that is not the issuer's."""
    return lambda issuer: signed(ALIEN, header(**more), claims(issuer))


def edited(change: Callable[[list[str]], list[str]]) -> Forge:
    """Forge by changing the text of a genuine token."""
    return lambda issuer: ".".join(change(genuine(issuer).split(".")))


def _twisted(parts: list[str]) -> list[str]:
    """Change the last letter of a signature in the bits that decode to nothing."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = letters[letters.index(parts[2][-1]) ^ 1]
    return [*parts[:2], parts[2][:-1] + last]


def _with_passport(issuer: Issuer) -> str:
    """Return a visa where an access token should stand."""
    return issuer.visa("researcher", "ResearcherStatus", "x", "https://a.example")


def _swapped(issuer: Issuer) -> str:
    """Return the signature of one token under the claims of another."""
    mine = signed(issuer.keys[0], header(), claims(issuer, sub="mallory"))
    return ".".join([*genuine(issuer).split(".")[:2], mine.split(".")[2]])


def _rs_with_es_name(issuer: Issuer) -> str:
    return signed(issuer.keys[1], header(kid="first", alg="RS256"), claims(issuer))


def _rsa_pss(issuer: Issuer) -> str:
    told = {"alg": "PS256", "kid": "second", "typ": "at+jwt"}
    signer = RSAKey.import_key(
        issuer.keys[1].as_pem(private=True)
    )  # of no kind it must be of
    return jwt.encode(told, claims(issuer), signer, algorithms=["PS256"])


FORGED: dict[str, Forge] = {
    "no signature (none)": lambda i: (
        f"{encoded(header(alg='none'))}.{encoded(claims(i))}."
    ),
    "none, spelled otherwise": headed(alg="nOnE"),
    "none over a signature": headed(alg="none"),
    "no alg": headed(alg=...),
    "alg that is a list": headed(alg=["ES256"]),
    "alg in lower case": headed(alg="es256"),
    "alg of another key": headed(alg="RS256"),
    "alg ES384": headed(alg="ES384"),
    "alg EdDSA": headed(alg="EdDSA"),
    "RSA-PSS": _rsa_pss,
    "RSA under an EC name": _rs_with_es_name,
    "secret: the public key as PEM": by_secret(
        lambda i: i.keys[1].as_pem(private=False)
    ),
    "secret: the public key as JWK": by_secret(
        lambda i: json.dumps(i.keys[0].as_dict(private=False)).encode()
    ),
    "secret: nothing": by_secret(lambda _: b""),
    "secret of 512 bits": by_secret(
        lambda i: i.keys[1].as_pem(private=False), alg="HS512"
    ),
    "another key of the same name": by_alien(),
    "another key, brought along": by_alien(jwk=ALIEN.as_dict(private=False)),
    "another key, at an address": by_alien(jku=f"{OTHER}/jwks"),
    "another key, as a certificate's address": by_alien(x5u=f"{OTHER}/cert"),
    "another key, as a certificate": by_alien(x5c=["MIIB"]),
    "a key nobody has": headed(kid="third"),
    "no kid": headed(kid=...),
    "an empty kid": headed(kid=""),
    "a kid that is a number": headed(kid=1),
    "a kid that is a path": headed(kid="../../../dev/null"),
    "a kid that is an operator": headed(kid={"$gt": ""}),
    "a critical header": headed(crit=["exp"]),
    "an unknown critical header": headed(crit=["x"], x=1),
    "an empty critical header": headed(crit=[]),
    "an unencoded payload": headed(b64=False, crit=["b64"]),
    "typ of a visa": headed(typ="vnd.ga4gh.visa+jwt"),
    "typ of a passport": headed(typ="vnd.ga4gh.passport+jwt"),
    "typ of a proof": headed(typ="dpop+jwt"),
    "typ of a logout": headed(typ="logout+jwt"),
    "typ that is a number": headed(typ=1),
    "a visa as a token": _with_passport,
    "an ID token": saying(at_hash="x"),
    "an ID token with a nonce": saying(nonce="x"),
    "a visa's claim": saying(ga4gh_visa_v1={"type": "ResearcherStatus"}),
    "another issuer": saying(iss=OTHER),
    "an issuer with a slash more": lambda i: signed(
        i.keys[0], header(), claims(i, iss=f"{i.iss}/")
    ),
    "an issuer in upper case": lambda i: signed(
        i.keys[0], header(), claims(i, iss=i.iss.upper())
    ),
    "a list of issuers": lambda i: signed(i.keys[0], header(), claims(i, iss=[i.iss])),
    "no issuer": saying(iss=...),
    "another audience": saying(aud="another"),
    "no audience": saying(aud=...),
    "no audience in a list": saying(aud=[]),
    "an audience that begins so": saying(aud=f"{AUDIENCE}.evil.example"),
    "an audience that is an object": saying(aud={AUDIENCE: 1}),
    "audiences of which one is no text": saying(aud=[AUDIENCE, 1]),
    "a client that is no partner": saying(aud="portal", azp="another"),
    "no subject": saying(sub=...),
    "an empty subject": saying(sub=""),
    "a subject that is a number": saying(sub=1),
    "a subject that is an operator": saying(sub={"$ne": None}),
    "a subject that is half a letter": spelled(
        lambda b: b.replace(b'"researcher"', b'"\\ud800"')
    ),
    "over": saying(exp=NOON - 61),
    "over this second": saying(exp=NOON - 60),
    "no end": saying(exp=...),
    "an end that is text": saying(exp=str(NOON + 600)),
    "an end that is true": saying(exp=True),
    "an end that is a fraction": saying(exp=NOON + 600.5),
    "an end that is infinite": spelled(
        lambda b: b.replace(str(NOON + 600).encode(), b"Infinity")
    ),
    "an end beyond floats": spelled(
        lambda b: b.replace(str(NOON + 600).encode(), b"1e999")
    ),
    "an end after the sun": saying(exp=10**30),
    "an end below zero": saying(exp=-1),
    "from the future": saying(iat=NOON + 61),
    "no beginning": saying(iat=...),
    "a beginning that is text": saying(iat=str(NOON)),
    "too old": saying(iat=NOON - 3661),
    "not yet": saying(nbf=NOON + 61),
    "not yet, as text": saying(nbf="now"),
    "no scope": saying(scope=...),
    "a scope that is a list": saying(scope=["openid"]),
    "an issuer twice": spelled(
        lambda b: b.replace(b'{"iss"', b'{"iss": "https://evil.example", "iss"', 1)
    ),
    "a subject twice": spelled(lambda b: b[:-1] + b', "sub": "mallory"}'),
    "claims that are a list": spelled(lambda b: b"[" + b + b"]"),
    "claims that are no JSON": spelled(lambda b: b[:-1]),
    "claims and more": spelled(lambda b: b + b"{}"),
    "claims with a mark before": spelled(lambda b: b"\xef\xbb\xbf" + b),
    "claims in another encoding": spelled(lambda b: b.decode().encode("utf-16")),
    "claims that are deep": spelled(
        lambda b: b[:-1] + b', "x": ' + b"[" * 4000 + b"]" * 4000 + b"}"
    ),
    "far too long": saying(x="x" * 16_384),
    "claims changed afterwards": lambda i: ".".join(
        [
            genuine(i).split(".")[0],
            encoded(claims(i, sub="mallory")),
            genuine(i).split(".")[2],
        ]
    ),
    "a signature of another token": _swapped,
    "no signature at all": edited(lambda p: [*p[:2], ""]),
    "half a signature": edited(lambda p: [*p[:2], p[2][:43]]),
    "a signature of noughts": edited(lambda p: [*p[:2], encoded(bytes(64))]),
    "a signature in another spelling": edited(_twisted),
    "padding": edited(lambda p: [*p[:2], p[2] + "=="]),
    "two parts": edited(lambda p: p[:2]),
    "four parts": edited(lambda p: [*p, ""]),
    "five parts (encrypted)": edited(lambda p: [*p, p[0], p[1]]),
    "a line break within": edited(lambda p: [p[0], p[1] + "\n", p[2]]),
    "letters of the other base64": edited(lambda p: [p[0], p[1][:-1] + "+", p[2]]),
    "a stranger's token as a whole": lambda i: jwt.encode(
        {"alg": "ES256", "kid": "alien"}, claims(i, iss=OTHER), ALIEN
    ),
}
"""By what is wrong with it, a token that proves nothing."""


def visa_claims(issuer: Issuer, **more: object) -> dict[str, object]:
    """Return the claims of a genuine visa, changed."""
    said: dict[str, object] = {
        "iss": issuer.iss,
        "sub": "researcher",
        "iat": NOON,
        "exp": NOON + LIFE,
        "ga4gh_visa_v1": stated(),
        **more,
    }
    return {name: value for name, value in said.items() if value is not ...}


def vouched(**more: object) -> Forge:
    """Forge a visa by other claims, signed genuinely."""
    return lambda issuer: signed(
        issuer.keys[0], visa_header(issuer), visa_claims(issuer, **more)
    )


def stated(**more: object) -> dict[str, object]:
    """Return what a genuine visa states, changed."""
    said: dict[str, object] = {
        "type": "ControlledAccessGrants",
        "value": "https://a.example/datasets/1",
        "source": "https://a.example/dac",
        "by": "dac",
        "asserted": NOON,
        **more,
    }
    return {name: value for name, value in said.items() if value is not ...}


def visa_header(issuer: Issuer, **more: object) -> dict[str, object]:
    """Return the header of a genuine visa, changed."""
    return header(typ="vnd.ga4gh.visa+jwt", jku=f"{issuer.iss}/jwks") | more


def shown(signer: ECKey | RSAKey | None = None, **more: object) -> Forge:
    """Forge a visa by another header, or another key."""
    return lambda issuer: signed(
        signer or issuer.keys[0], visa_header(issuer, **more), visa_claims(issuer)
    )


UNBELIEVED: dict[str, Forge] = {
    "signed by another": shown(ALIEN),
    "keys elsewhere": shown(jku=f"{OTHER}/jwks"),
    "keys elsewhere, signed so": shown(ALIEN, jku=f"{OTHER}/jwks", kid="alien"),
    "keys at a longer address": shown(jku="https://a.example/jwks/../evil"),
    "keys at a number": shown(jku=1),
    "no signature": lambda i: ".".join([*vouched()(i).split(".")[:2], ""]),
    "alg none": shown(alg="none"),
    "no kid": shown(kid=None),
    "critical header": shown(crit=["x"], x=1),
    "another issuer": vouched(iss=OTHER),
    "no issuer": vouched(iss=...),
    "somebody else": vouched(sub="mallory"),
    "nobody": vouched(sub=...),
    "over": vouched(exp=NOON - 60),
    "no end": vouched(exp=...),
    "from the future": vouched(iat=NOON + 61),
    "states nothing": vouched(ga4gh_visa_v1=...),
    "states a list": vouched(ga4gh_visa_v1=[stated()]),
    "has conditions": vouched(
        ga4gh_visa_v1=stated(conditions=[[{"type": "AffiliationAndRole"}]])
    ),
    "has no condition in a list": vouched(ga4gh_visa_v1=stated(conditions=[])),
    "no value": vouched(ga4gh_visa_v1=stated(value=...)),
    "an empty value": vouched(ga4gh_visa_v1=stated(value="")),
    "a value that is a list": vouched(ga4gh_visa_v1=stated(value=["x"])),
    "no source": vouched(ga4gh_visa_v1=stated(source=...)),
    "no type": vouched(ga4gh_visa_v1=stated(type=...)),
    "asserted never": vouched(ga4gh_visa_v1=stated(asserted=...)),
    "asserted as true": vouched(ga4gh_visa_v1=stated(asserted=True)),
    "asserted tomorrow": vouched(ga4gh_visa_v1=stated(asserted=NOON + 86_400)),
    "no token": lambda _: "gbk_00000000_" + "0" * 43,
    "a link to the user by a stranger": vouched(
        sub="mallory",
        ga4gh_visa_v1=stated(type="LinkedIdentities", value=f"researcher,{OTHER}"),
    ),
}
"""By what is wrong with it, a visa that states nothing of its bearer."""
