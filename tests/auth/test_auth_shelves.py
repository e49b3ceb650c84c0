"""Visas that processes share: asked for once, verified by each, read by nobody else."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from beacon.auth.shelves import OwnShelf, Seal
from beacon.model.errors import IssuerUnavailable, NotIdentified
from beacon.store.variants import VariantStore
from tests.auth.issuing import NOON, Clock, believed, porter_for, watched, who

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from beacon.auth.porter import Porter
    from beacon.auth.shelves import Shelf
    from beacon.store.connection import StoreAddress
    from tests.auth.issuing import Watched

GRANT = ("ControlledAccessGrants", "https://a.example/datasets/1", "dac")


@pytest.fixture(params=["memory", "store"])
async def shelves(
    request: pytest.FixtureRequest, store_address: StoreAddress
) -> AsyncIterator[list[Shelf]]:
    """Give the shelves of three processes, which are one."""
    if request.param == "memory":
        yield [OwnShelf()] * 3
        return
    async with AsyncExitStack() as opened:
        stores = [await VariantStore.open(store_address) for _ in range(3)]
        for store in stores:
            opened.push_async_callback(store.close)
        yield [store.passports for store in stores]


@pytest.fixture
async def porters(
    issuer: Watched, clock: Clock, shelves: list[Shelf]
) -> AsyncIterator[list[Porter]]:
    """Give the porters of three processes."""
    made = [porter_for(believed(issuer), clock=clock, shelf=each) for each in shelves]
    yield made
    for porter in made:
        await porter.close()


async def test_processes_ask_once_together(
    issuer: Watched, porters: list[Porter], clock: Clock
) -> None:
    """However many processes and tokens there are, ``userinfo`` is asked hourly."""
    issuer.visas["a"] = [issuer.visa("a", *GRANT)]
    for minute in (0, 1, 59, 61, 119):
        clock.now = NOON + 60 * minute
        asked = [who(porter, issuer.token("a")) for porter in porters for _ in range(4)]
        found = await asyncio.gather(*asked)

        assert all(len(each.visas) == 1 for each in found)
    assert issuer.asked["/userinfo"] == 2


async def test_one_failure_is_everybodys(
    issuer: Watched, porters: list[Porter], clock: Clock
) -> None:
    """An issuer that did not answer one process is left alone by all of them."""
    for porter in porters:
        await who(porter, issuer.token("known", scope="openid"))
    asked = issuer.asked["/userinfo"]
    issuer.is_away = True
    for second in (0, 30, 59):
        clock.now = NOON + second
        for porter in porters:
            with pytest.raises(IssuerUnavailable):
                await who(porter, issuer.token("a"))
    issuer.is_away = False
    clock.now = NOON + 60

    assert issuer.asked["/userinfo"] - asked <= 1
    assert (await who(porters[1], issuer.token("a"))).issuer == "test"


async def test_turns_are_given_back(issuer: Watched, porters: list[Porter]) -> None:
    """A token that was taken back keeps no other token of its user out."""
    token = issuer.token("a")
    del issuer.subjects[token]
    with pytest.raises(NotIdentified):
        await who(porters[0], token)

    assert (await who(porters[1], issuer.token("a"))).issuer == "test"


async def test_processes_verify_for_themselves(
    issuer: Watched, porters: list[Porter], clock: Clock
) -> None:
    """What another process found is told until it ends or its key is gone."""
    issuer.visas["a"] = [issuer.visa("a", *GRANT)]
    await who(porters[0], issuer.token("a"))
    issuer.keys.pop(0)
    clock.now = NOON + 301

    assert not (await who(porters[1], issuer.token("a"))).visas


def test_sealed_visas_are_read_by_nobody_else() -> None:
    """Visas are opened by the key they were sealed with, and for one user."""
    seal = Seal(b"k" * 32)
    sealed = seal.sealed("a", ["eyJ.visa"])

    assert seal.opened("a", sealed) == ["eyJ.visa"]
    assert b"eyJ" not in sealed
    assert sealed != seal.sealed("a", ["eyJ.visa"])
    assert seal.opened("b", sealed) is None
    assert Seal(b"o" * 32).opened("a", sealed) is None
    assert seal.opened("a", sealed[:-1]) is None
    assert seal.opened("a", b"") is None


async def test_users_are_apart(clock: Clock) -> None:
    """Users of two issuers that share a name share nothing."""
    async with watched(clock) as one, watched(clock) as other:
        one.visas["a"] = [one.visa("a", *GRANT)]
        trust = [believed(one), believed(other, name="other")]
        porter = porter_for(*trust, clock=clock)
        first = await who(porter, one.token("a"))
        second = await who(porter, other.token("a"))
        await porter.close()

    assert first.subject != second.subject
    assert (len(first.visas), len(second.visas)) == (1, 0)
