"""Questions about long rows read by index, and only what can be an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from beacon.model.counts import VariantRecord
from beacon.model.pattern import Bounds, VariantPattern, identity_of
from beacon.model.query import Granularity, Query
from beacon.model.similarity import Event, Mate, Similar
from beacon.model.structure import Structure
from beacon.model.variant import Allele
from beacon.store.variants import VariantStore
from tests.store.store_samples import CARRIED, CHR21, CHR22, load, record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

STEP = 10_000
FIRST, COUNT = 20_000_000, 1500
PLACE = FIRST + STEP * COUNT // 2
LENGTHS = (60, 900, 5_000, 40_000)
PROFILED = "system.profile"
NAMED = Allele(
    contig=CHR22, start=PLACE, end=PLACE + 61, reference="N", alternate="<DEL>"
)


def _records() -> Iterator[VariantRecord]:
    """Yield rows of every kind at every step of a contig."""
    for start in range(FIRST, FIRST + STEP * COUNT, STEP):
        yield record(start, "A", "G")
        yield record(start + 50, "A", "A" * 300)
        yield _named(start, start + 61, "<DEL>")
        yield _named(start + 1, start + 2, "<INS=300>")
        yield _named(start + 2, start + 3, f"N[21:{start}[")
        yield _named(start + 3, start + 4, f"N[1:{start}[")
        length = LENGTHS[start // STEP % len(LENGTHS)]
        yield _named(start + 4, start + length, "<DUP>", Structure((-30, 30)))


def _named(
    start: int, end: int, alternate: str, structure: Structure | None = None
) -> VariantRecord:
    return VariantRecord(22, start, end, "N", alternate, CARRIED, (), structure)


def _similar(event: Event) -> VariantPattern:
    contig = CHR21 if event.contig == "21" else CHR22
    return VariantPattern(contig=contig, similar=Similar(event=event))


QUESTIONS = {
    "one base": VariantPattern(contig=CHR22, overlap=Bounds(low=PLACE, high=PLACE + 1)),
    "one base of a type": VariantPattern(
        contig=CHR22, overlap=Bounds(low=PLACE, high=PLACE + 1), variant_type="DUP"
    ),
    "the mate's side": VariantPattern(
        contig=CHR21, overlap=Bounds(low=PLACE - 1, high=PLACE)
    ),
    "bracket": VariantPattern(
        contig=CHR22,
        start=Bounds(low=PLACE, high=PLACE + 9),
        end=Bounds(low=PLACE, high=PLACE + 50_000),
    ),
    "id": VariantPattern(
        contig=CHR22,
        start=Bounds(low=PLACE, high=PLACE + 1),
        identity=identity_of(NAMED),
    ),
    "DEL": _similar(Event("DEL", "22", PLACE, PLACE + 60, 60)),
    "DUP": _similar(Event("DUP", "22", PLACE, PLACE + 5000, 5000)),
    "INS": _similar(Event("INS", "22", PLACE, PLACE, 300)),
    "BND": _similar(Event("BND", "21", PLACE, PLACE, None, mate=Mate("22", PLACE))),
}
MOST = 60
"""Rows any of these may examine, of more than 10,000."""


@pytest.mark.parametrize("name", QUESTIONS)
async def test_only_what_can_be_an_answer_is_read(
    catalogue: Catalogue, store_address: StoreAddress, name: str
) -> None:
    """Every plan goes by an index, and examines few rows to find what is there."""
    load(catalogue, "a", [*_records()])
    store = await VariantStore.open(store_address)
    with MongoClient(store_address.uri) as client:
        database = client[store_address.database]
        database.command("profile", 2)
        try:
            query = Query(pattern=QUESTIONS[name], granularity=Granularity.COUNT)
            found = await store.find(query, {"a": Granularity.COUNT})
        finally:
            database.command("profile", 0)
            await store.close()
        plans = [
            done
            for done in database[PROFILED].find({"op": "query"})
            if done["ns"].endswith(("long_GRCh37", "variants_GRCh37"))
        ]

    assert found.datasets[0].total > 0
    assert plans
    assert not [done for done in plans if "COLLSCAN" in done["planSummary"]]
    assert sum(done["docsExamined"] for done in plans) <= MOST
