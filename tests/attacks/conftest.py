"""One cohort for all attacks, and an open server that speaks of it exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attacked import load, small

from tests.served import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from beacon.attacking.cohort import Cohort
    from beacon.store.connection import StoreAddress
    from tests.served import Served


@pytest.fixture(scope="session")
def cohort() -> Cohort:
    """Give the people who are attacked."""
    return small()


@pytest.fixture(scope="session")
def attacked_address(
    cohort: Cohort,
    shared_address: Callable[[str], StoreAddress],
    tmp_path_factory: pytest.TempPathFactory,
) -> StoreAddress:
    """Give a database of the people who are attacked, which no test changes."""
    address = shared_address("attacked")
    load(cohort, address, tmp_path_factory.mktemp("attacked"))
    return address


@pytest.fixture(scope="session")
def undefended(attacked_address: StoreAddress) -> Iterator[Served]:
    """Serve them without a policy."""
    with served(attacked_address) as site:
        yield site
