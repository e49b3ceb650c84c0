"""The command ``beacon`` as people run it, on data they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from commands import Command

from beacon.store.connection import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from beacon.store.connection import StoreAddress


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a data directory whose embedded store stays up for the session."""
    home = tmp_path_factory.mktemp("home")
    with connect(None, home / "demo"):
        yield home


@pytest.fixture(scope="session")
def demo_output(demo_home: Path) -> str:
    """Run the demonstration once and return what it printed."""
    done = Command(home=demo_home)("demo", "--once")

    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def beacon(demo_home: Path, demo_output: str) -> Command:
    """Give the command on the demonstration's data."""
    del demo_output  # asked for so that the data is there
    return Command(home=demo_home / "demo")


@pytest.fixture
def empty_beacon(store_address: StoreAddress, tmp_path: Path) -> Command:
    """Give the command on a fresh database of the store all tests share."""
    uri = f"{store_address.uri}/{store_address.database}"
    return Command(home=tmp_path, variables={"BEACON_STORE": uri})


@pytest.fixture(scope="session")
def demo_server(beacon: Command) -> Iterator[str]:
    """Serve the demonstration's data; give the address."""
    with beacon.serving("serve", "--port", "0", deadline=600) as server:
        yield server.url
