"""Releases: one pointer, nothing half-visible, nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from beacon.model.errors import LoadRejected, NotFound, UsageError
from beacon.model.pattern import VariantPattern
from beacon.model.query import Granularity, Query
from beacon.store import keys
from tests.store.store_samples import (
    CHR22,
    LAYOUT,
    NOT_CARRIED,
    load,
    record,
)

if TYPE_CHECKING:
    from beacon.model.counts import VariantRecord
    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue
    from beacon.store.variants import VariantStore

ROOT = Path(__file__).resolve().parents[2]
SNP = record(16_050_407, "T", "C")
LONG = record(16_050_500, "A" * 2000, "A")
KILLED_LOAD = """
import os, signal, sys
from beacon.store.connection import StoreAddress
from beacon.store.releases import Catalogue
from tests.store.store_samples import LAYOUT, record
address = StoreAddress(
    uri=sys.argv[1], database=sys.argv[2], is_embedded=False, description=""
)
writer = Catalogue(address).begin("d", assembly="GRCh37", layout=LAYOUT)
for batch in range(int(sys.argv[3])):
    start = 16_000_000 + 1000 * batch
    writer.put([record(start + n, "A", "C") for n in range(1000)])
    writer.put([record(start, "A" * 2000, "C"), record(start, "T", "C", rank=3)])
print("put", flush=True)
signal.pause()
"""


def documents_of_unpublished(address: StoreAddress) -> int:
    """Count documents that hold a release nobody published."""
    count = 0
    with MongoClient(address.uri) as client:
        database = client[address.database]
        ready = {str(r["_id"]) for r in database.releases.find({"state": "ready"})}
        for name in database.list_collection_names(filter={"name": {"$regex": "_"}}):
            held = database[name].find({}, {"d": 1})
            count += sum(1 for row in held if not row["d"] or row["d"].keys() - ready)
    return count


async def total(
    store: VariantStore, found: VariantRecord, dataset: str = "d"
) -> int | None:
    """Return how many variants a dataset says one allele is."""
    spelling = (found.start, found.reference, found.alternate)
    pattern = VariantPattern(contig=CHR22, spellings=(spelling,))
    findings = await store.find(Query(pattern=pattern), {dataset: Granularity.BOOLEAN})
    return findings.datasets[0].total if findings.datasets else None


def load_with_an_error(catalogue: Catalogue) -> None:
    """Begin a load that meets a bad line."""
    with catalogue.begin("d", assembly="GRCh37", layout=LAYOUT) as writer:
        writer.put([SNP, LONG])
        message = "bad line"
        raise LoadRejected(message)


def load_and_be_killed(
    catalogue: Catalogue, address: StoreAddress, batches: int
) -> None:
    """Load in another process, see that this one may not meanwhile, kill it."""
    command = [sys.executable, "-c", KILLED_LOAD, address.uri, address.database]
    with subprocess.Popen(
        [*command, str(batches)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    ) as loading:
        try:
            assert loading.stdout is not None
            assert loading.stdout.readline() == b"put\n"
            with pytest.raises(LoadRejected, match="is being loaded by process"):
                catalogue.begin("d", assembly="GRCh37", layout=LAYOUT)
        finally:
            loading.kill()


async def test_a_release_is_found_once_published(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """What was put is found after publish, and the catalogue says it."""
    release = load(catalogue, "d", [LONG, SNP])

    assert await total(variant_store, SNP) == 1
    assert await total(variant_store, LONG) == 1
    assert (release,) == catalogue.releases("d")
    assert release == catalogue.dataset("d").release
    assert release == catalogue.unchanged("d", "f")
    assert catalogue.unchanged("d", "other") is None
    assert catalogue.datasets() == await variant_store.datasets()


async def test_nothing_is_seen_before_publish(
    catalogue: Catalogue, variant_store: VariantStore, store_address: StoreAddress
) -> None:
    """A load that is left before publish was never there."""
    with catalogue.begin("d", assembly="GRCh37", layout=LAYOUT) as writer:
        writer.put([SNP])

        assert catalogue.datasets() == ()

    assert await total(variant_store, SNP) is None
    assert catalogue.datasets() == ()
    assert documents_of_unpublished(store_address) == 0


def test_an_error_discards_the_load(
    catalogue: Catalogue, store_address: StoreAddress
) -> None:
    """An error inside the load comes through, and leaves nothing behind."""
    with pytest.raises(LoadRejected, match="bad line"):
        load_with_an_error(catalogue)

    assert documents_of_unpublished(store_address) == 0
    assert catalogue.sweep() == 0


@pytest.mark.parametrize("batches", [1, 7])
async def test_a_killed_load_is_invisible_and_swept(
    catalogue: Catalogue,
    variant_store: VariantStore,
    store_address: StoreAddress,
    batches: int,
) -> None:
    """After SIGKILL the old release answers, and the next load cleans up."""
    load(catalogue, "d", [SNP])
    load_and_be_killed(catalogue, store_address, batches)

    assert await total(variant_store, SNP) == 1
    assert await total(variant_store, record(16_000_000, "A", "C")) == 0
    assert documents_of_unpublished(store_address) > 0

    load(catalogue, "d", [SNP])

    assert documents_of_unpublished(store_address) == 0
    assert [r.ordinal for r in catalogue.releases("d")] == [1, 2]


async def test_rollback_serves_the_release_before(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """Rolling back changes what is served at once, and can be undone."""
    other = record(16_050_410, "G", "A")
    load(catalogue, "d", [SNP])
    load(catalogue, "d", [other])
    back = catalogue.rollback("d")

    assert back.ordinal == 1
    assert (await total(variant_store, SNP), await total(variant_store, other)) == (
        1,
        0,
    )
    assert catalogue.rollback("d", 2).ordinal == 2
    with pytest.raises(NotFound, match="no release 7"):
        catalogue.rollback("d", 7)


@pytest.mark.usefixtures("hurried")
async def test_a_removed_release_leaves_no_row(
    catalogue: Catalogue, store_address: StoreAddress
) -> None:
    """The served release cannot be removed; another can, rows and all."""
    load(catalogue, "d", [SNP, LONG])
    load(catalogue, "d", [SNP])
    with pytest.raises(UsageError, match="use rollback first"):
        catalogue.remove("d", 2)
    catalogue.remove("d", 1)

    assert [r.ordinal for r in catalogue.releases("d")] == [2]
    assert documents_of_unpublished(store_address) == 0
    with pytest.raises(NotFound, match="no release 1"):
        catalogue.rollback("d", 1)


@pytest.mark.usefixtures("hurried")
async def test_a_removed_dataset_is_gone(
    catalogue: Catalogue, variant_store: VariantStore, store_address: StoreAddress
) -> None:
    """Removing a dataset removes its releases, and leaves the others alone."""
    load(catalogue, "d", [SNP, LONG])
    load(catalogue, "e", [SNP])
    catalogue.remove("d")

    assert [d.id for d in catalogue.datasets()] == ["e"]
    assert documents_of_unpublished(store_address) == 0
    assert await total(variant_store, SNP) is None
    assert await total(variant_store, SNP, "e") == 1
    with pytest.raises(NotFound, match="there is no dataset d"):
        catalogue.dataset("d")


async def test_assemblies_lie_side_by_side(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """A question about one assembly is not answered from another."""
    load(catalogue, "d", [SNP], assembly="GRCh38")
    load(catalogue, "e", [SNP])

    assert await total(variant_store, SNP) is None
    assert await total(variant_store, SNP, "e") == 1


def test_the_same_allele_again_replaces(
    catalogue: Catalogue, store_address: StoreAddress
) -> None:
    """Rows may come in any order, twice, in one batch or in several."""
    records = [SNP, LONG, record(16_050_300, "T", "C"), record(1, "A" * 20, "T")]
    with catalogue.begin("d", assembly="GRCh37", layout=LAYOUT) as writer:
        for batch in ([*records, SNP], records[::-1], records):
            writer.put(batch)
        writer.discard()
    load(catalogue, "d", records)
    load(catalogue, "e", records)
    with MongoClient(store_address.uri) as client:
        database = client[store_address.database]
        rows = [*database["variants_GRCh37"].find(), *database["long_GRCh37"].find()]

    assert [{"2", "3"}] * 4 == [set(row["d"]) for row in rows]


async def test_colliding_hashes_are_told_apart(
    catalogue: Catalogue, variant_store: VariantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two alleles with one hash are both stored and both found, and no third."""
    monkeypatch.setattr(keys, "_hash_of", lambda _ref, _alt, salt: salt)
    keys.encode.__globals__["_allele_bits"].cache_clear()
    one = record(16_050_407, "T" * 12, "C")
    other = record(16_050_407, "T" * 13, "C")
    third = record(16_050_407, "T" * 14, "C")
    load(catalogue, "d", [one, other])
    load(catalogue, "e", [other, third])
    found = [
        await total(variant_store, asked, dataset)
        for dataset in ("d", "e")
        for asked in (one, other, third)
    ]
    keys.encode.__globals__["_allele_bits"].cache_clear()

    assert found == [1, 1, 0, 0, 1, 1]


def test_a_dataset_can_be_described_first(catalogue: Catalogue) -> None:
    """A description makes a dataset, and a load keeps it."""
    catalogue.describe("d", name="Patients", kind="patients", country="SE")
    load(catalogue, "d", [SNP])
    dataset = catalogue.dataset("d")

    assert (
        dataset.name,
        dataset.kind,
        dataset.country,
    ) == ("Patients", "patients", "SE")
    with pytest.raises(UsageError, match="no colour"):
        catalogue.describe("d", colour="red")


def test_a_declared_allele_nobody_carries_is_kept(catalogue: Catalogue) -> None:
    """An AC of 0 is stored with its AN, but the release holds no variant."""
    release = load(catalogue, "d", [record(16_050_407, "T", "C", NOT_CARRIED)])

    assert release.variants == 0
