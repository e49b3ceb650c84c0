"""Many ask at once, each as somebody else, and nobody is taken for another (B5)."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from beacon.auth.keys import KeyTerms, make_key
from beacon.model.errors import NotIdentified
from beacon.model.requester import Requester
from tests.auth.forging import FORGED
from tests.auth.issuing import NOON, believed, porter_for

if TYPE_CHECKING:
    from beacon.auth.porter import Porter
    from beacon.model.api_key import ApiKey
    from tests.auth.issuing import Clock, Watched

USERS = 40
AT_ONCE = 1000
ROUNDS = 5


class Kept:
    """Keys in memory, which take a moment to be found."""

    def __init__(self) -> None:
        self.keys: dict[str, ApiKey] = {}

    def made(self, name: str) -> str:
        """Make a key of one organisation."""
        terms = KeyTerms(
            name=name,
            life=timedelta(days=1),
            scopes=frozenset({"query"}),
            organisation=f"organisation of {name}",
        )
        key, text = make_key(terms, b"p" * 32, datetime.fromtimestamp(NOON, UTC))
        self.keys[key.id] = key
        return text

    async def api_key(self, key: str) -> ApiKey | None:
        """Return a key, after others had their turn."""
        await asyncio.sleep(0)
        return self.keys.get(key)

    async def api_key_used(self, key: str, moment: datetime) -> None:
        """Note nothing."""


async def asked(porter: Porter, header: str | None, remote: str) -> object:
    """Return what is known of who asks; the network of nobody, a word for a forger."""
    try:
        found: Requester = await porter.requester(
            [] if header is None else [header], remote
        )
    except NotIdentified:
        return "refused"
    if header is None:
        return found
    return found.organisation, {visa.value for visa in found.visas}


async def test_nobody_is_taken_for_another(issuer: Watched, clock: Clock) -> None:
    """A thousand at once, users, keys, forgers and nobodies, again and again (B5)."""
    kept = Kept()
    porter = porter_for(believed(issuer), clock=clock, keys=kept)
    expected: dict[str, object] = {}
    for number in range(USERS):
        name, ward = f"user {number}", f"ward {number}"
        visa = issuer.visa(name, "ControlledAccessGrants", ward, "dac")
        issuer.visas[name] = [visa]
        token = issuer.token(name, organisation=ward)
        expected[f"Bearer {token}"] = (ward, {ward})
        expected[f"Bearer {kept.made(name)}"] = (f"organisation of {name}", set())
    for wrong in ("over", "another audience", "another key of the same name"):
        expected[f"Bearer {FORGED[wrong](issuer)}"] = "refused"
    chance = random.Random(7)  # noqa: S311 - drawn again
    headers = [*expected, None, None, None]
    for minute in range(ROUNDS):
        clock.now = NOON + 60 * minute
        drawn = [
            (chance.choice(headers), f"10.0.{chance.randrange(200)}.1")
            for _ in range(AT_ONCE)
        ]
        answers = await asyncio.gather(*(asked(porter, *each) for each in drawn))
        meant = [
            expected[header]
            if header is not None
            else Requester(network=remote.removesuffix("1") + "0/24")
            for header, remote in drawn
        ]

        assert meant == answers
    assert issuer.asked["/userinfo"] == USERS
    await porter.close()
