"""The books of a fresh database, and a clock that a test moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from beacon.store.accounts import Books
from tests.store.booked import KEY, SLOW, Clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from beacon.store.connection import StoreAddress


@pytest.fixture
def time() -> Clock:
    """Give a time that a test moves."""
    return Clock()


@pytest.fixture
async def books(store_address: StoreAddress, time: Clock) -> AsyncIterator[Books]:
    """Give the books of a fresh database."""
    opened = await Books.open(store_address, KEY, patience=SLOW, now=time)
    yield opened
    opened.close()
