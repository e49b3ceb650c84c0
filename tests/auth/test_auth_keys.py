"""API keys: made once, kept as a digest, and held to their terms."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from beacon.auth.keys import KeyTerms, make_key
from beacon.model.errors import NotIdentified, UsageError
from beacon.model.requester import Requester
from tests.auth.issuing import NOON, Clock, porter_for

if TYPE_CHECKING:
    from beacon.auth.porter import Porter
    from beacon.model.api_key import ApiKey

PEPPER = b"p" * 32
NOW = datetime.fromtimestamp(NOON, UTC)
TERMS = KeyTerms(
    name="pipeline",
    life=timedelta(days=30),
    scopes=frozenset({"batch"}),
    datasets=frozenset({"clinic"}),
    organisation="lab.example",
    roles=frozenset({"care"}),
    purpose="care",
)


@dataclass
class Kept:
    """Keys in memory."""

    keys: dict[str, ApiKey] = field(default_factory=dict)
    asked: int = 0

    async def api_key(self, key: str) -> ApiKey | None:
        """Return a key."""
        self.asked += 1
        return self.keys.get(key)

    async def api_key_used(self, key: str, moment: datetime) -> None:
        """Note when a key was used."""
        self.keys[key] = replace(self.keys[key], used=moment)


@pytest.fixture
def kept() -> Kept:
    """Give a place for keys."""
    return Kept()


@pytest.fixture
async def porter(kept: Kept, clock: Clock) -> Porter:
    """Give a porter that knows keys, and no issuers."""
    return porter_for(keys=kept, clock=clock)


def made(kept: Kept, terms: KeyTerms = TERMS) -> tuple[ApiKey, str]:
    """Make a key and keep it."""
    key, text = make_key(terms, PEPPER, NOW)
    kept.keys[key.id] = key
    return key, text


async def shown(porter: Porter, text: str, remote: str = "10.1.2.3") -> Requester:
    """Return who asks with a key."""
    return await porter.requester([f"Bearer {text}"], remote)


async def test_keys_say_who_asks(kept: Kept, porter: Porter) -> None:
    """A key has the terms it was made for, and a pseudonym of its own."""
    key, text = made(kept)
    found = await shown(porter, text)

    assert found == Requester(
        subject=found.subject,
        organisation="lab.example",
        roles=frozenset({"care"}),
        purpose="care",
        key=key.id,
        scopes=frozenset({"batch"}),
        only=frozenset({"clinic"}),
    )
    assert found.subject is not None
    assert found.subject != (await shown(porter, made(kept)[1])).subject


async def test_keys_are_not_kept(kept: Kept) -> None:
    """What is kept tells no key, and is worth nothing under another pepper."""
    key, text = made(kept)
    _, same = make_key(TERMS, b"q" * 32, NOW)

    assert text.startswith(f"gbk_{key.id}_")
    assert len(text) == 56
    assert text.split("_")[2] not in repr(key)
    assert text != same


async def test_wrong_keys_are_refused(kept: Kept, porter: Porter) -> None:
    """Another secret, another id, another length, another letter: none is a key."""
    key, text = made(kept)
    last = "a" if text[-1] != "a" else "b"
    wrong = [
        text[:-1] + last,
        text[:-1],
        text + "a",
        text.replace(key.id, "00000000"),
        text.upper(),
        f"gbk_{key.id}_",
        "gbk_",
        text[:-1] + "é",
        text[:-1] + "!",
    ]
    for each in wrong:
        with pytest.raises(NotIdentified):
            await shown(porter, each)
    assert (await shown(porter, text)).key == key.id


async def test_keys_end(kept: Kept, porter: Porter, clock: Clock) -> None:
    """A key is refused from the moment it ends, kept or not."""
    _, text = made(kept)
    clock.now = NOON + 30 * 86_400 - 1
    await shown(porter, text)
    clock.now += 1

    with pytest.raises(NotIdentified):
        await shown(porter, text)


async def test_revoked_keys_end_soon(kept: Kept, porter: Porter, clock: Clock) -> None:
    """A key that was revoked is refused ten seconds later at the latest."""
    key, text = made(kept)
    await shown(porter, text)
    kept.keys[key.id] = replace(key, revoked=NOW)
    clock.now = NOON + 10

    with pytest.raises(NotIdentified):
        await shown(porter, text)


async def test_keys_are_looked_up_seldom(
    kept: Kept, porter: Porter, clock: Clock
) -> None:
    """A key that is used all the time is looked up every ten seconds."""
    _, text = made(kept)
    for tenth in range(200):
        clock.now = NOON + tenth / 10
        await shown(porter, text)

    assert kept.asked == 2


async def test_keys_are_kept_to_networks(kept: Kept, porter: Porter) -> None:
    """A key for a network is worth nothing elsewhere, though it was just used."""
    terms = replace(TERMS, networks=("10.1.0.0/16", "2001:db8::/32"))
    _, text = made(kept, terms)

    for address in ("10.1.2.3", "2001:db8::1", "::ffff:10.1.2.3"):
        assert (await shown(porter, text, address)).key
    for address in ("10.2.2.3", "2001:db9::1", "127.0.0.1"):
        with pytest.raises(NotIdentified):
            await shown(porter, text, address)


async def test_use_is_noted_hourly(kept: Kept, porter: Porter, clock: Clock) -> None:
    """When a key was last used is noted, without anybody waiting for it."""
    key, text = made(kept)
    for minute in (0, 30, 59, 61):
        clock.now = NOON + 60 * minute
        await shown(porter, text)
    await porter.close()

    used = kept.keys[key.id].used
    assert used == NOW + timedelta(minutes=61)


@pytest.mark.parametrize(
    "more",
    [
        {"scopes": frozenset()},
        {"scopes": frozenset({"query", "load"})},
        {"life": timedelta(days=181)},
        {"life": timedelta()},
        {"networks": ("10.1.2.3/16",)},
        {"networks": ("everywhere",)},
    ],
)
def test_terms_no_key_may_have(more: dict) -> None:
    """Keys have scopes, an end within 180 days, and networks that are some."""
    with pytest.raises(UsageError, match="key"):
        make_key(replace(TERMS, **more), PEPPER, NOW)
