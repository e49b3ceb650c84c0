"""One issuer on loopback, and a porter that believes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.auth.issuing import Clock, believed, porter_for, watched

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from beacon.auth.porter import Porter
    from tests.auth.issuing import Watched


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands at noon."""
    return Clock()


@pytest.fixture
async def issuer(clock: Clock) -> AsyncIterator[Watched]:
    """Give an issuer that answers."""
    async with watched(clock) as running:
        yield running


@pytest.fixture
async def porter(issuer: Watched, clock: Clock) -> AsyncIterator[Porter]:
    """Give a porter that believes the issuer."""
    made = porter_for(believed(issuer), clock=clock)
    yield made
    await made.close()
