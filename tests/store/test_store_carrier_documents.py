"""Carriers in the store: what a load tells of people is found again, latest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import MongoClient
from store_samples import CHR21, CHR22, load, record

from beacon.model.counts import Tally, VariantRecord
from beacon.model.people import FULL, Share, Shares
from beacon.model.variant import Allele
from beacon.store.carrier_documents import CarrierTable, read_carriers
from beacon.store.carriers import identity_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

_HET = Share(1, 2, het=1)
_NOBODY = Tally((100, 60), ())
_NAMED = (22, 20_000, 25_000, "N", "<DEL>")


def _shared(
    start: int, alternate: str, people: Sequence[int], rank: int = 22
) -> VariantRecord:
    shares = Shares(FULL, ((_HET, tuple(people)),) if people else ())
    return record(start, "A", alternate, _NOBODY, rank=rank)._replace(shares=shares)


_RECORDS = [
    _shared(100, "C", [3], rank=21),
    *(_shared(at, "C", [at % 80]) for at in range(1000, 60_000, 1000)),
    _shared(4095, "C", range(40)),
    _shared(4096, "AGGTTAGGAAACCCTTT", [7]),
    _shared(1000, "C", [5, 6]),  # late, and it overrides
    VariantRecord(*_NAMED, _NOBODY, shares=Shares(FULL, ((_HET, (9,)),))),
]


def _allele(record: VariantRecord) -> Allele:
    rank, start, end, reference, alternate = record[:5]
    contig = CHR21 if rank == CHR21.rank else CHR22
    return Allele(
        contig=contig, start=start, end=end, reference=reference, alternate=alternate
    )


def test_carriers_are_read_in_order(
    catalogue: Catalogue, store_address: StoreAddress
) -> None:
    """Bins come in genome order, and the latest word on an allele counts."""
    number = load(catalogue, "x", _RECORDS).number
    with MongoClient(store_address.uri) as client:
        database = client[store_address.database]
        places, said = [], {}
        for stretch in read_carriers(database, "GRCh37", number):
            places.append((stretch.rank, stretch.first))
            for block, ordinals in stretch.latest():
                for ordinal in range(len(block)) if ordinals is None else ordinals:
                    key = (stretch.rank, block.identities[ordinal])
                    assert key not in said
                    said[key] = block.shares(ordinal)
        spans = [
            [s.first for s in read_carriers(database, "GRCh37", number, 22, 4097, end)]
            for end in (8192, 8193)
        ]

    assert places == sorted(set(places))
    assert {
        (r.rank, identity_of(*r[1:5])): (FULL, [(s, list(w)) for s, w in r.shares[1]])
        for r in _RECORDS
        if r.shares
    } == {k: (s.usual, [(t, list(w)) for t, w in s.others]) for k, s in said.items()}
    assert [[4096], [4096, 8192]] == spans


async def test_questions_find_shares(
    catalogue: Catalogue, store_address: StoreAddress
) -> None:
    """A question finds the people of the alleles it names, and of stretches."""
    number = load(catalogue, "x", _RECORDS).number
    client: AsyncIOMotorClient[dict[str, object]]
    client = AsyncIOMotorClient(store_address.uri)
    table = CarrierTable(client[store_address.database], "GRCh37", 5.0)
    asked = [_allele(r) for r in _RECORDS] + [_allele(record(1000, "A", "G"))]
    found = await table.shares(number, asked)
    nothing = await table.shares(number + 1, asked)
    firsts = [s.first async for s in table.stretches(number, 22, 0, 20_001)]
    await table.close()
    client.close()

    assert {_allele(r) for r in _RECORDS} == set(found)
    assert [5, 6] == [p for _, w in found[asked[1]].others for p in w]
    assert list(range(40)) == list(found[_allele(_RECORDS[-4])].others[0][1])
    assert {} == nothing
    assert [0, 4096, 8192, 12288, 16384] == firsts


@pytest.mark.usefixtures("hurried")
def test_carriers_go_with_their_release(
    catalogue: Catalogue, store_address: StoreAddress
) -> None:
    """A removed release leaves no people behind, and takes no others along."""
    load(catalogue, "x", _RECORDS)
    kept = load(catalogue, "y", _RECORDS).number
    catalogue.remove("x")
    with MongoClient(store_address.uri) as client:
        carriers = client[store_address.database]["carriers_GRCh37"]
        parts = {int.from_bytes(d["_id"][:4]) for d in carriers.find({}, {"_id": 1})}

    assert {kept} == parts
