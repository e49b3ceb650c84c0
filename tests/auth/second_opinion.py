"""Tokens drawn at random, judged by us and by joserfc: the two must agree.

Each token of a number is always the same.  Where we refuse what joserfc would
believe, the reason must be in ``STRICTER``; the other way round there is none.
"""

from __future__ import annotations

import json
import random
from base64 import urlsafe_b64decode
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from beacon.auth.claims import check_claims, check_header, check_type
from beacon.auth.compact import read_compact
from beacon.auth.doubts import Doubt
from beacon.auth.issuers import ALGORITHMS
from beacon.auth.keysets import read_keys
from beacon.auth.tokens import verify
from beacon.cli.issuer import AUDIENCE, Issuer
from beacon.model.errors import NotIdentified
from tests.auth.forging import FORGED, claims, header, signed
from tests.auth.issuing import NOON, believed, key

if TYPE_CHECKING:
    from collections.abc import Callable

STRICTER: Final = {
    Doubt.TOO_LONG: "we read 16 KiB of a token; joserfc more",
    Doubt.MALFORMED: "names that come twice, NaN, half letters, stray bits, plain http",
    Doubt.CRITICAL: "no critical header is known to us",
    Doubt.TYPE: "an access token says so, or says nothing",
    Doubt.NO_ACCESS_TOKEN: "neither a visa nor an ID token gives access",
    Doubt.CLAIM: "moments are whole seconds, names are not empty, and both are bounded",
    Doubt.TOO_OLD: "a token ages, whatever it says of its end",
    Doubt.SCOPE: "an access token has a scope (GA4GH AAI 1.2), as text",
}
"""Why we may refuse what joserfc believes; it believes nothing that we refuse else."""

ISSUER: Final = Issuer("https://idp.example/", [], lambda: NOON)
ISSUER.keys = [key("ES256", "first"), key("RS256", "second")]
_TRUST: Final = believed(ISSUER, passports=False, visa_issuers={})
_KEYS: Final = read_keys({"keys": [k.as_dict(private=False) for k in ISSUER.keys]})
_THEIR_KEYS: Final = KeySet(ISSUER.keys)
_REGISTRY: Final = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
_REGISTRY.max_header_length = 20_000
_CLAIMS: Final = jwt.JWTClaimsRegistry(
    now=NOON,
    leeway=60,
    iss={"essential": True, "value": ISSUER.iss},
    sub={"essential": True},
    aud={"essential": True, "value": AUDIENCE},
    exp={"essential": True},
    iat={"essential": True},
)
_ODD: Final = (
    None, True, False, 0, 1, -1, 1.5, 2**40, 2**53, 10**40, "", "x", "é", "\x00", [],
    {}, [[]], ["x"], {"$gt": ""}, "none", "None", str(NOON),
)  # fmt: skip
_LIKELY: Final = {
    "iss": (ISSUER.iss, "https://idp.example", "https://idp.example//", [ISSUER.iss]),
    "sub": ("a", "b"),
    "aud": (AUDIENCE, [AUDIENCE], ["x", AUDIENCE], "x", [AUDIENCE, 1], f"{AUDIENCE}/"),
    "exp": (NOON, NOON + 1, NOON - 59, NOON - 60, NOON - 61, NOON + 0.5, 2**41),
    "iat": (
        NOON,
        NOON - 3600,
        NOON - 3660,
        NOON - 3661,
        NOON + 60,
        NOON + 61,
        NOON + 0.5,
    ),
    "nbf": (NOON, NOON + 60, NOON + 61, NOON - 1, NOON - 0.5),
    "scope": ("openid", "", ["openid"]),
    "azp": ("demo", "portal"),
    "at_hash": ("x",),
    "nonce": ("x",),
    "ga4gh_visa_v1": ({}, {"type": "x"}),
    "ga4gh_passport_v1": ([], ["x"]),
}
_HEADS: Final = {
    "alg": ("ES256", "RS256", "HS256", "none", "ES384", "PS256", "EdDSA", "es256"),
    "kid": ("first", "second", "third", "FIRST"),
    "typ": ("JWT", "jwt", "at+jwt", "vnd.ga4gh.visa+jwt", "dpop+jwt"),
    "crit": (["exp"], [], ["b64"], ["x"]),
    "b64": (True, False),
    "jku": ("https://evil.example/jwks", "http://evil.example/jwks"),
    "jwk": (key("ES256", "alien").as_dict(private=False),),
    "x5c": (["MIIB"],),
    "x": ("x" * 400,),
}
_LETTERS: Final = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n"
)


def drawn(number: int) -> str:
    """Return the token of a number."""
    chance = random.Random(number)  # noqa: S311 - what is drawn must be drawn again
    if chance.random() < 0.05:
        return FORGED[chance.choice(sorted(FORGED))](ISSUER)
    head = _changed(header(), _HEADS, chance, chance.choice((0, 0, 0, 1, 1, 2)))
    said = _changed(claims(ISSUER), _LIKELY, chance, chance.choice((0, 1, 1, 2, 3)))
    signers = {"ES256": ISSUER.keys[0], "RS256": ISSUER.keys[1]}
    signer = signers.get(str(head.get("alg")), ISSUER.keys[0])
    if chance.random() < 0.05:
        signer = key("ES256", "alien")
    elif head.get("alg") == "RS256" and chance.random() < 0.8:
        head["kid"] = "second"
    text = json.dumps(said)
    if chance.random() < 0.1:
        text = _spelled(text, chance)
    token = signed(signer, json.dumps(head).encode(), text.encode())
    return _scratched(token, chance) if chance.random() < 0.2 else token


def _changed(
    said: dict[str, object],
    likely: dict[str, tuple[object, ...]],
    chance: random.Random,
    times: int,
) -> dict[str, object]:
    for _ in range(times):
        name = chance.choice(sorted(likely))
        if chance.random() < 0.15:
            said.pop(name, None)
        else:
            said[name] = chance.choice(likely[name] if chance.random() < 0.7 else _ODD)
    return said


def _spelled(text: str, chance: random.Random) -> str:
    """Return JSON in another spelling, or what is none any more."""
    changes: tuple[Callable[[str], str], ...] = (
        lambda t: t[:-1] + ', "sub": "mallory"}',
        lambda t: t.replace(str(NOON), "NaN", 1),
        lambda t: t.replace(str(NOON), f"{NOON}.0", 1),
        lambda t: t.replace(str(NOON), f"{NOON}e0", 1),
        lambda t: t.replace('"researcher"', '"\\ud800"'),
        lambda t: f"  {t}\n",
        lambda t: t[:-1],
        lambda t: t + "x",
        lambda t: f"[{t}]",
        lambda t: t[:-1] + ', "x": ' + "[" * 200 + "]" * 200 + "}",
    )
    return chance.choice(changes)(text)


def _scratched(token: str, chance: random.Random) -> str:
    """Return a token with a few letters changed, added or lost."""
    letters = list(token)
    for _ in range(chance.choice((1, 1, 2, 5))):
        place = chance.randrange(len(letters))
        if chance.random() < 0.3:
            place = len(letters) - 1
        match chance.randrange(3):
            case 0:
                letters[place] = chance.choice(_LETTERS)
            case 1:
                letters.insert(place, chance.choice(_LETTERS))
            case _:
                del letters[place]
    return "".join(letters)


def ours(token: str) -> str | None:
    """Return why we refuse a token; ``None``: we believe it."""
    try:
        said = read_compact(token)
        kid, alg = check_header(said.header, _TRUST.algs)
        check_type(said.header)
        check_claims(said.claims, _TRUST, NOON)
        verify(said, _KEYS.get((kid, alg)), alg)
    except NotIdentified as refused:
        return refused.why
    return None


def theirs(token: str) -> bool:
    """Whether joserfc believes a token."""
    try:
        read = jwt.decode(token, _THEIR_KEYS, list(ALGORITHMS), _REGISTRY)
        _CLAIMS.validate(read.claims)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False
    return True


@dataclass
class Verdicts:
    """What came of a number of tokens.

    Attributes:
        believed: by both.
        refused: by both.
        stricter: by us alone, by reason.
        wrong: numbers of tokens on which we differ, and should not.
    """

    believed: int = 0
    refused: int = 0
    stricter: Counter[str] = field(default_factory=Counter)
    wrong: list[int] = field(default_factory=list)


def judge(numbers: range) -> Verdicts:
    """Return what both say of the tokens of some numbers."""
    found = Verdicts()
    for number in numbers:
        token = drawn(number)
        why, is_believed = ours(token), theirs(token)
        if why is None and is_believed:
            found.believed += 1
        elif why is not None and not is_believed:
            found.refused += 1
        elif why in STRICTER and is_believed:
            found.stricter[str(why)] += 1
        else:
            found.wrong.append(number)
    return found


def shown(number: int) -> str:
    """Return the token of a number, and what both say of it, to look at."""
    token = drawn(number)
    parts = token.split(".")
    told = [urlsafe_b64decode(p + "===") for p in parts[:2]]
    return f"{token}\n{told}\nours: {ours(token)}, theirs: {theirs(token)}"
