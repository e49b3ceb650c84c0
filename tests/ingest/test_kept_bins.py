"""The bins of a release are those of its rows, however it came about."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from beacon.ingest import (
    Journal,
    LoadRequest,
    append_variants,
    load_variants,
    withdraw,
)
from beacon.store import folding, sweeping
from beacon.store.bins import EXISTING_BITS, Begins, read_bins
from beacon.store.keys import decode
from beacon.store.release_documents import read_rows
from loaders import LoadOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

_HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
_FIRST = 40 << EXISTING_BITS


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing wait for readers."""
    monkeypatch.setattr(folding, "SETTLE", 0.0)
    monkeypatch.setattr(sweeping, "SETTLE", 0.0)


def write(path: Path, people: Sequence[str], seed: int) -> Path:
    """Write alleles carried or not, failed, long, and places without any."""
    chance = random.Random(seed)  # noqa: S311 - the same data every time
    lines = []
    for pos in sorted(chance.sample(range(_FIRST, _FIRST + 30_000), 60)):
        reference = chance.choice(["A", "A", "AC", "ACGTACGTACGTACGT", "A" * 1500])
        alternate = chance.choice(["C", "C,G", "<DEL>", ".", "CTTTTTTTTTTTTT"])
        word = chance.choice(["PASS", "PASS", "q10"])
        called = ["0/0", "0/0", "./.", "0/0" if alternate == "." else "0/1"]
        calls = [chance.choice(called) for _ in people]
        said = ("22", pos, ".", reference, alternate, ".", word, f"END={pos + 900}")
        lines.append("\t".join(map(str, (*said, "GT", *calls))))
    path.write_text(_HEAD + "\t".join(people) + "\n" + "\n".join(lines) + "\n")
    return path


def request(path: Path) -> LoadRequest:
    """Return the order to load a file as dataset x."""
    options = LoadOptions(assembly="GRCh37", keep_filtered=True)
    return LoadRequest(dataset="x", paths=(path,), options=options, references={})


def kept_and_counted(address: StoreAddress) -> tuple[Begins, Begins]:
    """Return the bins that are kept of what x serves, and those of its rows."""
    with MongoClient(address.uri) as client:
        database = client[address.database]
        served = database["datasets"].find_one({"_id": "x"})
        assert served is not None
        release = database["releases"].find_one({"_id": served["active"]})
        assert release is not None
        rows = read_rows(release["parts"])
        existing: Counter[tuple[int, int]] = Counter()
        absent: Counter[tuple[int, int]] = Counter()
        for document in database["variants_GRCh37"].find():
            key = decode(document["_id"])
            place = key.rank, key.start >> EXISTING_BITS
            existing[place] += rows.exists(document["d"])
            absent[place] += rows.is_absent(document["d"])
        kept = read_bins(database, "GRCh37", served["active"])
        assert kept is not None
        return kept, Begins(+existing, +absent)


@pytest.mark.parametrize("seed", range(3))
def test_bins_are_those_of_the_rows(
    catalogue: Catalogue, store_address: StoreAddress, tmp_path: Path, seed: int
) -> None:
    """After a load, an append and a withdrawal; of absent rows there may be fewer."""
    people, more = ["a", "b", "c"], ["d"]
    load_variants(catalogue, request(write(tmp_path / "a.vcf", people, seed)))
    kept, counted = kept_and_counted(store_address)
    assert kept == counted
    assert min(len(counted.existing), len(counted.absent or ())) > 1

    append_variants(catalogue, request(write(tmp_path / "d.vcf", more, seed + 9)))
    withdraw(catalogue, Journal(tmp_path), "x", ["b"])
    kept, counted = kept_and_counted(store_address)
    assert kept.existing == counted.existing
    assert kept.absent is not None
    assert not Counter(counted.absent) - Counter(kept.absent)
