"""API keys in a store: what was kept is what is read, by either driver."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from beacon.model.api_key import ApiKey
from beacon.model.errors import NotFound
from beacon.store.api_keys import ApiKeys

if TYPE_CHECKING:
    from beacon.store.connection import StoreAddress
    from beacon.store.variants import VariantStore

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
BARE = ApiKey(
    id="aaaaaaaa",
    digest=bytes(range(32)),
    name="bare",
    scopes=frozenset({"query"}),
    created=NOW,
    expires=NOW + timedelta(days=1),
)
WHOLE = ApiKey(
    id="bbbbbbbb",
    digest=bytes(32),
    name="whole",
    scopes=frozenset({"query", "batch"}),
    created=NOW + timedelta(hours=1),
    expires=NOW + timedelta(days=180),
    datasets=frozenset({"clinic", "reference"}),
    networks=("10.0.0.0/8", "2001:db8::/32"),
    organisation="lab.example",
    roles=frozenset({"care"}),
    purpose="care",
)


@pytest.mark.parametrize("key", [BARE, WHOLE])
async def test_keys_are_read_as_they_were_kept(
    key: ApiKey, store_address: StoreAddress, variant_store: VariantStore
) -> None:
    """Both drivers read what was kept; a key nobody made is none."""
    with ApiKeys(store_address) as kept:
        kept.add(key)

        assert kept.all() == (key,)
    assert await variant_store.api_keys.api_key(key.id) == key
    assert await variant_store.api_keys.api_key("cccccccc") is None


async def test_revoking_and_using(
    store_address: StoreAddress, variant_store: VariantStore
) -> None:
    """A key is revoked once; the last use stays the last; the newest comes first."""
    later = NOW + timedelta(hours=2)
    with ApiKeys(store_address) as kept:
        kept.add(BARE)
        kept.add(WHOLE)
        await variant_store.api_keys.api_key_used(BARE.id, later)
        await variant_store.api_keys.api_key_used(BARE.id, NOW)
        first = kept.revoke(BARE.id, NOW)
        again = kept.revoke(BARE.id, later)

        assert first == again
        assert (first.revoked, first.used) == (NOW, later)
        assert [key.id for key in kept.all()] == [WHOLE.id, BARE.id]
        with pytest.raises(NotFound):
            kept.revoke("cccccccc", NOW)
