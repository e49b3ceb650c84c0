"""Of a dataset that never says why it lacks an allele, no more is asked where it does.

What takes longer where nobody carries an allele than where somebody does tells the
two apart, however alike they are said.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from pymongo import monitoring

from beacon.model.counts import CoverageRun
from beacon.model.outline import Outline, Spelled
from beacon.model.query import Granularity, Query
from beacon.store.variants import VariantStore
from tests.store.store_samples import record
from tests.store.test_store_coverage import allele, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beacon.model.pattern import VariantPattern
    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

START = 16_050_100
THERE, LACKING = allele(START), allele(START + 50)


class Asked(monitoring.CommandListener):
    """Counts what is asked of the collections of variants."""

    def __init__(self) -> None:
        self.collections: Counter[str] = Counter()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Note the collection that is asked."""
        name = str(event.command.get("find", ""))
        if name and not name.startswith(("datasets", "releases")):
            self.collections[name] += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing to note."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing to note."""


@pytest.fixture
def asked() -> Iterator[Asked]:
    """Listen to every client made during the test."""
    listener = Asked()
    monitoring.register(listener)
    yield listener
    listeners = monitoring._LISTENERS.command_listeners  # noqa: SLF001 (there is no unregister)
    listeners.remove(listener)


async def questions(
    store: VariantStore,
    asked: Asked,
    pattern: VariantPattern,
    names: Sequence[str],
    silent: Sequence[str],
) -> tuple[Counter[str], Counter[str]]:
    """Return what is asked for one allele, whole and by its outline."""
    levels = dict.fromkeys(names, Granularity.COUNT)
    query = Query(pattern=pattern, granularity=Granularity.COUNT)
    told = []
    asked.collections.clear()
    await store.find(query, levels, silent)
    told.append(asked.collections.copy())
    asked.collections.clear()
    spelled = Spelled(pattern.spellings, pattern.is_provisional)
    await store.find_allele(Outline(query, None), spelled, levels, silent)
    told.append(asked.collections.copy())
    return told[0], told[1]


@pytest.mark.parametrize("names", ["a", "ab"])
async def test_as_much_is_asked_where_an_allele_is_and_where_it_is_not(
    catalogue: Catalogue, store_address: StoreAddress, asked: Asked, names: str
) -> None:
    """Of silent datasets; of others a "no" takes a look at where they looked."""
    for name in names:
        covered = [CoverageRun(22, START - 50, START + 20, None)]
        load(catalogue, name, covered, [record(START, "A", "T")])
    store = await VariantStore.open(store_address)
    try:
        await store.datasets()
        there = await questions(store, asked, THERE, names, names)
        lacking = await questions(store, asked, LACKING, names, names)
        told = await questions(store, asked, LACKING, names, ())
    finally:
        await store.close()

    assert there == lacking
    assert all(one.total() > 0 for one in there)
    assert all(a.total() < b.total() for a, b in zip(lacking, told, strict=True))
