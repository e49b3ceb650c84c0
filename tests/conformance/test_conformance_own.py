"""Our own beacon before the judge, full and empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp.test_utils import TestServer
from yarl import URL

from beacon.cli.check import lines_of
from beacon.conformance.judge import Manner, Verdict, judge
from beacon.store.variants import VariantStore
from tests.api.site import application, local_beacon
from tests.conformance.own import fill

if TYPE_CHECKING:
    from pathlib import Path

    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

STRICT = Manner(is_strict=True, version=(2, 0))


async def verdict_on(address: StoreAddress, manner: Manner) -> Verdict:
    """Return what the checker says of our beacon over a store."""
    store = await VariantStore.open(address)
    try:
        async with TestServer(application(local_beacon(store))) as server:
            return await judge(URL(str(server.make_url("/api"))), manner)
    finally:
        await store.close()


async def test_our_beacon_has_no_violation(
    catalogue: Catalogue, store_address: StoreAddress, tmp_path: Path
) -> None:
    """With people and all their documents nothing is found, advice or not.

    v2.0 demands most; our answers are the same for clients of every version.
    """
    fill(catalogue, tmp_path)
    verdict = await verdict_on(store_address, STRICT)

    assert () == verdict.violations, "\n".join(lines_of(verdict))
    assert [] == [each for each in verdict.unchecked if "rights" in each.why]


async def test_our_empty_beacon_has_no_violation(store_address: StoreAddress) -> None:
    """With nothing loaded no rule is broken, either."""
    verdict = await verdict_on(store_address, Manner())

    assert () == verdict.violations, "\n".join(lines_of(verdict))
