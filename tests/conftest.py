"""One real mongod for all tests; a database of its own for each.

The embedded mongod on a temporary data directory, or the server that
``BEACON_TEST_STORE`` names.
"""

from __future__ import annotations

import os
import subprocess
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from pymongo import MongoClient

from beacon.model.errors import BeaconError
from beacon.store import document_sets, folding, sweeping
from beacon.store.connection import StoreAddress, connect
from beacon.store.embedded import find_mongod
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore
from tests.api.populated import fill_with_everything
from tests.service.ledgered_samples import load_clinic
from tests.store.joint_samples import load_cohort

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

_NAMED_STORE = os.environ.get("BEACON_TEST_STORE")

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many processes run tests: one more than there are processors.

    While one waits for a deadline, a server or a database, another has the processor.
    """
    return max(2, len(os.sched_getaffinity(0)) + 1)


def pytest_report_header() -> str:
    """Say which server the tests run on."""
    if _NAMED_STORE:
        with MongoClient(_NAMED_STORE) as client:
            return f"mongod: {client.server_info()['version']}, named"
    try:
        program = find_mongod()
    except BeaconError as error:
        return f"mongod: {error}"
    said = subprocess.run(
        [str(program), "--version"], capture_output=True, text=True, check=False
    )
    return f"mongod: {said.stdout.partition(chr(10))[0]}, embedded"


@pytest.fixture(scope="session")
def store_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreAddress]:
    """Give the server that all tests share."""
    with connect(_NAMED_STORE, tmp_path_factory.mktemp("store")) as address:
        yield address


@pytest.fixture(scope="session")
def shared_address(
    store_server: StoreAddress, worker_id: str
) -> Callable[[str], StoreAddress]:
    """Give a database that tests of one process share, by its name."""
    return lambda name: replace(store_server, database=f"test_{name}_{worker_id}")


@pytest.fixture(scope="session")
def populated_address(
    shared_address: Callable[[str], StoreAddress],
    tmp_path_factory: pytest.TempPathFactory,
) -> StoreAddress:
    """Give a database with everything in it (``populated``), which no test changes."""
    address = shared_address("populated")
    with Catalogue(address) as catalogue:
        fill_with_everything(catalogue, tmp_path_factory.mktemp("populated"))
    return address


@pytest.fixture(scope="session")
def cohort_address(shared_address: Callable[[str], StoreAddress]) -> StoreAddress:
    """Give a database of the invented cohort, which no test changes."""
    address = shared_address("cohort")
    with Catalogue(address) as catalogue:
        load_cohort(catalogue)
    return address


@pytest.fixture(scope="session")
def clinic_address(
    shared_address: Callable[[str], StoreAddress],
    tmp_path_factory: pytest.TempPathFactory,
) -> StoreAddress:
    """Give a database of a clinic and a public dataset, which no test changes."""
    address = shared_address("clinic")
    load_clinic(address, tmp_path_factory.mktemp("clinic"))
    return address


@pytest.fixture
async def clinic_store(clinic_address: StoreAddress) -> AsyncIterator[VariantStore]:
    """Give the store of both."""
    opened = await VariantStore.open(clinic_address)
    yield opened
    await opened.close()


@pytest.fixture
def store_address(store_server: StoreAddress) -> Iterator[StoreAddress]:
    """Give a fresh database, dropped afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield replace(store_server, database=name)
    with MongoClient(store_server.uri) as client:
        client.drop_database(name)


@pytest.fixture
def catalogue(store_address: StoreAddress) -> Iterator[Catalogue]:
    """Give the catalogue of a fresh database."""
    with Catalogue(store_address) as opened:
        yield opened


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no sweep wait for readers: only where no store holds pointers."""
    monkeypatch.setattr(document_sets, "SETTLE", 0.0)
    monkeypatch.setattr(folding, "SETTLE", 0.0)
    monkeypatch.setattr(sweeping, "SETTLE", 0.0)


@pytest.fixture
async def variant_store(store_address: StoreAddress) -> AsyncIterator[VariantStore]:
    """Give a variant store on the test's event loop."""
    store = await VariantStore.open(store_address)
    yield store
    await store.close()
