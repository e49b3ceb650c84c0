"""A small issuer of tokens and visas, for demonstrations and tests on one machine.

It signs with joserfc, so that the beacon verifies what another library made; it asks
nobody for a password and must never be believed outside a demonstration.  Where people
choose whom they log in as is in ``authorizing``.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs, web
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from beacon.policy.tiers import REGISTERED_ACCESS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from joserfc.jwk import KeyParameters

    Key = ECKey | RSAKey
    Claims = dict[str, object]

AUDIENCE: Final = "beacon-demo"
GRANT: Final = "https://demo.example/datasets/clinic"
COMMITTEE: Final = "https://demo.example/dac"
STANDARD_LOGIN: Final = "loa3"
LIFE: Final = 12 * 3600
"""Seconds that what it signs holds."""
_BITS: Final = 2048
_SCOPES: Final = "openid profile ga4gh_passport_v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can log in.

    Attributes:
        subject: as the issuer calls them.
        name: as people do.
        says: what they are, in a sentence.
        tier: what the demo's policy makes of them.
        claims: of their tokens, beside the usual ones.
    """

    subject: str
    name: str
    says: str
    tier: str
    claims: Mapping[str, object] = field(default_factory=dict)


PEOPLE: Final = (
    Person(
        subject="visitor",
        name="Astrid Berg",
        says="A visitor. Logs in, and is shown what everybody is.",
        tier="public-registered",
    ),
    Person(
        subject="researcher",
        name="Jonas Lund",
        says="A researcher with registered access: rounded counts of one cohort more.",
        tier="registered",
    ),
    Person(
        subject="clinician",
        name="Karin Holm",
        says="A clinical geneticist at hospital.example: exact counts of all cohorts.",
        tier="clinician",
        claims={
            "roles": ["clinical-geneticist"],
            "organisation": "hospital.example",
            "acr": STANDARD_LOGIN,
            "purpose": "care",
        },
    ),
)
"""The people of the demonstration, all of them invented."""


def new_key(kind: str, kid: str) -> Key:
    """Return a new key for ``RS256`` or ``ES256``."""
    told: KeyParameters = {"kid": kid, "use": "sig", "alg": kind}
    if kind == "RS256":
        return RSAKey.generate_key(_BITS, told)
    return ECKey.generate_key("P-256", told)


class Issuer:
    """Signs, and says what it signed with.

    Args:
        iss: its address, without a slash at the end.
        keys: it has; the first signs.
        clock: says what time it is.
    """

    def __init__(
        self, iss: str, keys: Sequence[Key], clock: Callable[[], float] = time.time
    ) -> None:
        self.iss = iss
        self.keys = list(keys)
        self.clock = clock
        self.visas: dict[str, list[str]] = {}
        self.subjects: dict[str, str] = {}
        self.more: dict[str, object] = {}

    def token(self, subject: str, **more: object) -> str:
        """Return an access token of a user, with more claims or other ones."""
        claims = self._claims(
            subject, {"aud": AUDIENCE, "scope": _SCOPES, "azp": "demo", **more}
        )
        text = self.signed({"typ": "at+jwt"}, claims)
        self.subjects[text] = subject
        return text

    def id_token(self, subject: str, **more: object) -> str:
        """Return what says that a user has logged in."""
        return self.signed({"typ": "JWT"}, self._claims(subject, more))

    def visa(
        self, subject: str, kind: str, value: str, source: str, **more: object
    ) -> str:
        """Return a visa of a user, with more fields or other ones."""
        stated = {
            "type": kind,
            "value": value,
            "source": source,
            "by": "dac",
            "asserted": int(self.clock()),
            **more,
        }
        claims = self._claims(subject, {"ga4gh_visa_v1": stated})
        header = {"typ": "vnd.ga4gh.visa+jwt", "jku": f"{self.iss}/jwks"}
        return self.signed(header, claims)

    def signed(self, header: Mapping[str, object], claims: Mapping[str, object]) -> str:
        """Return claims, signed with the first key."""
        key = self.keys[0]
        said = {"alg": str(key.get("alg")), "kid": str(key.get("kid")), **header}
        return jwt.encode(said, dict(claims), key)

    def _claims(self, subject: str, more: Mapping[str, object]) -> Claims:
        now = int(self.clock())
        said = {"iss": self.iss, "sub": subject, "iat": now, "exp": now + LIFE}
        return {**said, "jti": secrets.token_hex(8), **more}

    def application(self) -> web.Application:
        """Return what answers at its address."""
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/jwks", self._jwks)
        app.router.add_get("/userinfo", self._userinfo)
        return app

    async def _discovery(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.iss,
                "jwks_uri": f"{self.iss}/jwks",
                "userinfo_endpoint": f"{self.iss}/userinfo",
                **self.more,
            }
        )

    async def _jwks(self, _: web.Request) -> web.Response:
        public = [key.as_dict(private=False) for key in self.keys]
        return web.json_response({"keys": public})

    async def _userinfo(self, request: web.Request) -> web.Response:
        header = request.headers.get(hdrs.AUTHORIZATION, "")
        subject = self.subjects.get(header.removeprefix("Bearer "))
        if subject is None:
            return web.json_response({"error": "invalid_token"}, status=401)
        told = {"sub": subject, "ga4gh_passport_v1": self.visas.get(subject, [])}
        return web.json_response(told)


def demo_tokens(issuer: Issuer) -> dict[str, str]:
    """Return the tokens of three users: by what the demo's policy makes of them."""
    agreed = [
        ("ResearcherStatus", REGISTERED_ACCESS),
        ("AcceptedTermsAndPolicies", REGISTERED_ACCESS),
    ]
    issuer.visas["researcher"] = [
        issuer.visa("researcher", kind, value, "https://university.example", by="so")
        for kind, value in agreed
    ]
    issuer.visas["clinician"] = [
        issuer.visa("clinician", "ControlledAccessGrants", GRANT, COMMITTEE)
    ]
    return {each.tier: issuer.token(each.subject, **each.claims) for each in PEOPLE}
