"""What nobody waits for ends on the server, and nothing is asked without a limit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient, monitoring

from beacon.model.annotation import AnnotationPattern
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.errors import StoreUnavailable
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Query
from beacon.store import tables
from beacon.store.variants import VariantStore
from tests.store.store_samples import CHR22, load, record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue
    from beacon.store.rows import Rows

FIRST = 16_050_000
SUM = {
    "$reduce": {
        "input": {"$range": [0, 200_000]},
        "initialValue": 0,
        "in": {"$add": ["$$value", {"$mod": ["$_id", 7]}]},
    }
}
SLOW = {"$ne": [SUM, "never"]}
_WITHOUT_LIMIT = {"getMore", "killCursors", "endSessions", "hello", "killOp"}
"""A cursor's limit counts all that is asked of it; the others are the driver's."""


class Unlimited(monitoring.CommandListener):
    """Notes commands that the server may go on with for ever."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.unlimited: list[tuple[str, object]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Note a command."""
        name = event.command_name
        self.names.append(name)
        if "maxTimeMS" not in event.command and name not in _WITHOUT_LIMIT:
            self.unlimited.append((name, event.command.get(name)))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing to note."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing to note."""


@pytest.fixture
def unlimited() -> Iterator[Unlimited]:
    """Listen to every client made during the test."""
    listener = Unlimited()
    monitoring.register(listener)
    yield listener
    listeners = monitoring._LISTENERS.command_listeners  # noqa: SLF001 (there is no unregister)
    listeners.remove(listener)


def _questions() -> Iterator[Query]:
    """Yield questions of every kind, of the contig that everything is on."""
    for assembly in ("GRCh37", "GRCh38"):
        for contig in ASSEMBLIES[assembly].contigs[20:22]:
            patterns = (
                VariantPattern(contig=contig, spellings=((FIRST, "A", "C"),)),
                VariantPattern(
                    contig=contig, overlap=Bounds(low=FIRST, high=FIRST + 5_000_000)
                ),
                VariantPattern(
                    contig=contig, start=Bounds(low=FIRST, high=FIRST + 100)
                ),
                VariantPattern(
                    contig=contig, annotated=AnnotationPattern(genes=("ATM",))
                ),
            )
            for pattern in patterns:
                for level in Granularity:
                    yield Query(pattern=pattern, granularity=level)
    yield Query(pattern=None, granularity=Granularity.COUNT)


async def test_every_command_has_a_limit(
    populated_address: StoreAddress, unlimited: Unlimited
) -> None:
    """Whatever is asked, the server gives it up after some seconds."""
    store = await VariantStore.open(populated_address)
    names = [d.id for d in await store.datasets()]
    for query in _questions():
        await store.find(query, dict.fromkeys(names, query.granularity))
    for about in ("individuals", "biosamples"):
        query = Query(pattern=None, about=about, granularity=Granularity.RECORD)
        await store.find_records(query, dict.fromkeys(names, query.granularity))
    await store.filtering_terms(names)
    await store.columns(names)
    await store.individuals(["nobody"], names)
    await store.alleles_named("rs1", "GRCh37", names)
    await store.ping(5)
    await store.close()

    assert {"find", "ping"} <= {*unlimited.names}
    assert unlimited.unlimited == []


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server add up long sums for every row it counts."""

    def existing(_rows: Rows) -> dict[str, object]:
        return {"$expr": SLOW}

    monkeypatch.setattr(tables, "existing", existing)


@pytest.fixture
def counting(store_address: StoreAddress) -> Iterator[Callable[[], int]]:
    """Give how many operations on rows of this database the server has."""
    with MongoClient[dict[str, object]](store_address.uri) as client:
        mine = {"ns": {"$regex": f"^{store_address.database}\\.variants_"}}
        stages = [{"$currentOp": {}}, {"$match": mine}]
        yield lambda: len([*client.admin.aggregate(stages)])


async def _until(what: Callable[[], bool]) -> bool:
    """Wait for something, two seconds at most."""
    for _ in range(100):
        if await asyncio.to_thread(what):
            return True
        await asyncio.sleep(0.02)
    return False


WIDE = VariantPattern(
    contig=CHR22, overlap=Bounds(low=FIRST - 1000, high=FIRST + 300_000)
)


@pytest.mark.usefixtures("slow")
async def test_a_count_ends_when_its_asker_leaves(
    catalogue: Catalogue, store_address: StoreAddress, counting: Callable[[], int]
) -> None:
    """A long operation is gone soon after nobody waits for it; others go on."""
    load(catalogue, "d", [record(FIRST + 2 * n, "T", "C") for n in range(300)])
    store = await VariantStore.open(store_address, deadline=60)
    query = Query(pattern=WIDE, granularity=Granularity.COUNT)
    asked = [
        asyncio.create_task(store.find(query, {"d": Granularity.COUNT}))
        for _ in range(2)
    ]
    both = await _until(lambda: counting() >= 2)
    asked[0].cancel()
    one = await _until(lambda: counting() == 1)
    still = not asked[1].done()
    asked[1].cancel()
    none = await _until(lambda: counting() == 0)
    allele = VariantPattern(contig=CHR22, spellings=((FIRST, "T", "C"),))
    found = await store.find(Query(pattern=allele), {"d": Granularity.COUNT})
    await store.close()

    assert (both, one, still, none) == (True, True, True, True)
    assert found.datasets[0].total == 1


@pytest.mark.usefixtures("slow")
async def test_a_count_that_takes_too_long_ends(
    catalogue: Catalogue, store_address: StoreAddress, counting: Callable[[], int]
) -> None:
    """After the deadline there is no answer, and nothing goes on."""
    load(catalogue, "d", [record(FIRST + 2 * n, "T", "C") for n in range(300)])
    store = await VariantStore.open(store_address, deadline=1.0)
    query = Query(pattern=WIDE, granularity=Granularity.COUNT)
    asked = asyncio.create_task(store.find(query, {"d": Granularity.COUNT}))
    began = await _until(lambda: counting() == 1)
    with pytest.raises(StoreUnavailable, match=r"too slow|did not answer"):
        await asked
    none = await _until(lambda: counting() == 0)
    await store.close()

    assert (began, none) == (True, True)
