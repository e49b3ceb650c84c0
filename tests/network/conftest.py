"""Three nations, each with a store of its own, loaded once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from beacon.store.releases import Catalogue
from tests.api.site import fill, publish_alleles
from tests.network.nations import nation

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
