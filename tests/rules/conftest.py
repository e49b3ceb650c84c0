"""One society, loaded once; one site over it, asked by every rule."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from beacon.store.releases import Catalogue
from tests.rules.asking import Asker
from tests.rules.society import settle
from tests.served import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from beacon.store.connection import StoreAddress


@pytest.fixture(scope="session")
def society(store_server, tmp_path_factory) -> StoreAddress:
    """Give a database of people, variants and documents, which no test changes."""
    address = replace(store_server, database="test_rules")
    with Catalogue(address) as catalogue:
        settle(catalogue, tmp_path_factory.mktemp("society"))
    return address


@pytest.fixture(scope="session")
def site(society: StoreAddress) -> Iterator[Asker]:
    """Give the site over the society."""
    with served(society) as server:
        yield Asker(server)
