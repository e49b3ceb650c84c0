"""The API over the real service, the real policy and a real store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore
from tests.api.site import application, fill, local_beacon

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aiohttp.test_utils import TestClient
    from pytest_aiohttp import AiohttpClient

    from beacon.service import LocalBeacon
    from beacon.store.connection import StoreAddress


@pytest.fixture(scope="session")
def filled_address(shared_address: Callable[[str], StoreAddress]) -> StoreAddress:
    """Give a database of two datasets, which no test changes."""
    address = shared_address("api")
    with Catalogue(address) as catalogue:
        fill(catalogue)
    return address


@pytest.fixture
async def populated(
    aiohttp_client: AiohttpClient, populated_address: StoreAddress
) -> AsyncIterator[TestClient]:
    """Give a client of a site with everything in it."""
    store = await VariantStore.open(populated_address)
    yield await aiohttp_client(application(local_beacon(store)))
    await store.close()


@pytest.fixture
async def beacon(filled_address: StoreAddress) -> AsyncIterator[LocalBeacon]:
    """Give a beacon of two datasets."""
    store = await VariantStore.open(filled_address)
    yield local_beacon(store)
    await store.close()


@pytest.fixture
async def empty_beacon(variant_store: VariantStore) -> LocalBeacon:
    """Give a beacon with nothing loaded."""
    return local_beacon(variant_store)


@pytest.fixture
async def client(aiohttp_client: AiohttpClient, beacon: LocalBeacon) -> TestClient:
    """Give a client of the site over two datasets."""
    return await aiohttp_client(application(beacon))


@pytest.fixture
async def empty_client(
    aiohttp_client: AiohttpClient, empty_beacon: LocalBeacon
) -> TestClient:
    """Give a client of a site with nothing loaded."""
    return await aiohttp_client(application(empty_beacon))
