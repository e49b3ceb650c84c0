"""Three nations, each with a store of its own, loaded once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from beacon.api.auditing import Auditor
from beacon.audit.canonical import CASES, QUERIES, subkey
from beacon.audit.chain import segments_in
from beacon.audit.log import AuditLog
from beacon.auth.porter import Porter, Secrets
from beacon.policy_file import parsed
from beacon.service.guard import Guard
from beacon.store.accounts import Books
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore
from tests.api.site import fill, publish_alleles
from tests.network.nations import KEY, nation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from beacon.store.connection import StoreAddress
    from tests.network.nations import Nation

_POLICY = b"""
[policy]
id = "budgets"
[tiers.public]
granularity = "aggregate_record"
queries = ["allele", "range"]
range_width = 10_000
distinct_variants = { per_day = 2, scope = "client_net" }
[disclosure.exact]
[datasets.clinic]
kind = "reference"
access = { public = "exact" }
"""
BUDGETS = parsed(_POLICY, "policy.toml").policy


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


@pytest.fixture
async def budgeted(
    addresses: dict[str, StoreAddress], store_address: StoreAddress
) -> AsyncIterator[Nation]:
    """Give Sweden with a budget of two different variants a day."""
    store = await VariantStore.open(addresses["se"])
    books = await Books.open(store_address, KEY, patience=30.0)
    guard = Guard(BUDGETS, books, store)
    secrets = Secrets(subjects=b"s" * 32, pepper=b"p" * 32, passports=b"v" * 32)
    porter = Porter((), secrets)
    async with nation(
        "se.example", addresses["se"], BUDGETS, porter=porter, guard=guard
    ) as one:
        yield one
    await guard.close()
    books.close()
    await porter.close()
    await store.close()
