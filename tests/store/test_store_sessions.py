"""Sessions as serving processes share them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from beacon.store.variants import VariantStore

if TYPE_CHECKING:
    from beacon.store.connection import StoreAddress

SOON = datetime.now(UTC) + timedelta(hours=1)


async def test_what_one_keeps_another_finds(
    store_address: StoreAddress,
) -> None:
    """Until it is dropped, by either."""
    one, other = [await VariantStore.open(store_address) for _ in range(2)]
    await one.sessions.put("mark", b"sealed", SOON)
    found = await other.sessions.look("mark")
    await other.sessions.drop("mark")
    await other.sessions.drop("mark")
    gone = await one.sessions.look("mark")
    await one.close()
    await other.close()

    assert (b"sealed", None) == (found, gone)


async def test_what_is_over_goes_by_itself(store_address: StoreAddress) -> None:
    """The database clears it away at the moment it was kept until."""
    store = await VariantStore.open(store_address)
    await store.sessions.put("mark", b"sealed", SOON)
    kept = store.sessions._kept  # noqa: SLF001 - what the database was told
    indexes = await kept.index_information()
    await store.close()

    assert {"until_1": 0} == {
        name: index["expireAfterSeconds"]
        for name, index in indexes.items()
        if "expireAfterSeconds" in index
    }
