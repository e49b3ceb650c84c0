"""The table of genes in a store: replaced at once, seen by whoever reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.errors import InvalidRequest
from beacon.model.genes import Gene, GeneName, name_texts, place_texts
from beacon.model.genome import Interval
from beacon.store import texts as kept

if TYPE_CHECKING:
    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue
    from beacon.store.variants import VariantStore


def _texts(symbol: str, start: int, genome: str = "GRCh38") -> dict[str, bytes]:
    place = Interval(contig=ASSEMBLIES[genome].contigs[0], start=start, end=start + 5)
    return place_texts([Gene(symbol=symbol, interval=place)])


async def test_without_a_table_nothing_is_known(variant_store: VariantStore) -> None:
    """A store without genes has an empty table."""
    genes = await variant_store.genes()

    assert genes.is_empty


async def test_a_new_table_is_seen(
    catalogue: Catalogue, variant_store: VariantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers follow a table that is loaded, and one that replaces it."""
    monkeypatch.setattr("beacon.store.variants._FRESH", 0)
    seen = []
    for start in (10, 20):
        catalogue.keep_genes(_texts("AAA1", start))
        pattern = (await variant_store.genes()).pattern("AAA1", "GRCh38")
        seen.append(pattern.overlap and pattern.overlap.low)

    assert seen == [10, 20]


async def test_what_a_load_does_not_hold_stays(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """Another assembly, and names, are loaded beside what is there."""
    catalogue.keep_genes(_texts("AAA1", 10))
    catalogue.keep_genes(_texts("AAA1", 30, "GRCh37"))
    catalogue.keep_genes(name_texts([GeneName("alpha", "alias", None, "AAA1")]))
    genes = await variant_store.genes()
    places = [genes.pattern("alpha", name).overlap for name in ("GRCh38", "GRCh37")]

    assert [bounds and bounds.low for bounds in places] == [10, 30]


async def test_a_table_is_replaced_whole(
    catalogue: Catalogue, variant_store: VariantStore, store_address: StoreAddress
) -> None:
    """Genes of the former table are gone, and nothing of it is left behind."""
    catalogue.keep_genes(_texts("AAA1", 10))
    catalogue.keep_genes(_texts("BBB1", 20))
    genes = await variant_store.genes()
    with MongoClient(store_address.uri) as client:
        left = client[store_address.database]["genes"].count_documents({})

    assert left == 3  # the pointer, rows and keys
    with pytest.raises(InvalidRequest, match="AAA1"):
        genes.pattern("AAA1", "GRCh38")


async def test_a_large_table_is_kept_in_parts(
    catalogue: Catalogue, variant_store: VariantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text larger than a document is cut, and read as one."""
    monkeypatch.setattr(kept, "_PART", 16)
    catalogue.keep_genes(_texts("AAA1", 10))
    pattern = (await variant_store.genes()).pattern("AAA1", "GRCh38")

    assert pattern.overlap is not None
    assert pattern.overlap.low == 10
