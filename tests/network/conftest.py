"""Three nations, each with a store of its own, loaded once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from beacon.api.auditing import Auditor
from beacon.audit.canonical import CASES, QUERIES, subkey
from beacon.audit.chain import segments_in
from beacon.audit.log import AuditLog
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore
from tests.api.site import fill, publish_alleles
from tests.network.nations import KEY, nation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from beacon.store.connection import StoreAddress
    from tests.network.nations import Nation


@pytest.fixture(scope="session")
def addresses(
    shared_address: Callable[[str], StoreAddress],
) -> dict[str, StoreAddress]:
    """Give three databases, which no test changes."""
    known = {name: shared_address(f"nation_{name}") for name in ("se", "dk", "eu")}
    with Catalogue(known["se"]) as catalogue:
        fill(catalogue)
    with Catalogue(known["dk"]) as catalogue:
        publish_alleles(catalogue, "wgs", an=20, women=3, men=1)
        catalogue.describe("wgs", kind="patients", country="DK")
    with Catalogue(known["eu"]) as catalogue:
        publish_alleles(catalogue, "goe", an=100, women=4, men=5)
        catalogue.describe("goe", kind="population")
    return known


@pytest.fixture
async def se(addresses: dict[str, StoreAddress]) -> AsyncIterator[Nation]:
    """Give Sweden: datasets ``clinic`` (patients) and ``twins``."""
    async with nation("se.example", addresses["se"]) as one:
        yield one


@pytest.fixture
async def dk(addresses: dict[str, StoreAddress]) -> AsyncIterator[Nation]:
    """Give Denmark: dataset ``wgs`` (patients)."""
    async with nation("dk.example", addresses["dk"]) as one:
        yield one


@pytest.fixture
async def eu(addresses: dict[str, StoreAddress]) -> AsyncIterator[Nation]:
    """Give Europe: dataset ``goe`` (population)."""
    async with nation("eu.example", addresses["eu"]) as one:
        yield one


@pytest.fixture
async def audited(addresses, tmp_path):
    """Give Sweden with an audit, and a function that reads its lines."""
    store = await VariantStore.open(addresses["se"])
    log = AuditLog(tmp_path / "audit", KEY, {"worker": "0"}, anchors=store.anchors())
    await log.open()
    auditor = Auditor(log, queries=subkey(KEY, QUERIES), cases=subkey(KEY, CASES))

    def lines() -> list[dict]:
        found = [
            orjson.loads(line)
            for each in segments_in(tmp_path / "audit").values()
            for _, path in each
            for line in path.read_bytes().splitlines()
        ]
        return [each for each in found if each["kind"] in ("request", "part")]

    async with nation("se.example", addresses["se"], auditor=auditor) as one:
        yield one, lines
    await store.close()
