"""Measure what a variant takes on disk and in the cache, by how many datasets hold it.

    python benchmarks/documents.py [--documents 200000]

Documents as loads leave them, packed from the counts of a seeded national callset
(``make_national``), all of them held by 1, 2, 3, 5 or 10 datasets, and by one
alone with the spectrum of private alleles.  They are written in genome order into
an empty embedded store; bytes on disk are a document's, after a checkpoint, less
what the files keep free; those in memory are taken after the server was started
again and has read everything.  Nothing here depends on how busy the machine is.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import make_national
import numpy as np
from measure import keep
from pymongo import MongoClient

from beacon.model.counts import Carriers, Layout, Tally
from beacon.store.connection import connect
from beacon.store.keys import encode
from beacon.store.packing import pack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database

LAYOUT = Layout(baseline=(0,), groups=())
BATCH = 5_000
KINDS = {"private": (1, False)} | {f"held by {n}": (n, True) for n in (1, 2, 3, 5, 10)}
DENSITY = 50_000_000 / 3_088_000_000


def blobs(piece: make_national.Piece, dataset: int, *, is_common: bool) -> list[bytes]:
    """Return what the rows of one dataset hold."""
    drawn = np.random.default_rng((piece.seed, 0)).random(piece.records)
    own = np.random.default_rng((piece.seed, 1 + dataset))
    every = np.full(piece.records, is_common)
    numbers = make_national.counts(drawn, own, piece, every)
    rows = zip(*(column.tolist() for column in numbers), strict=True)
    return [
        pack(Tally((an,), (Carriers(0, ac, hom // 2, het, hemi),)), (), LAYOUT)
        for ac, an, het, hom, hemi in rows
    ]


def documents(
    size: int, held_by: int, *, is_common: bool
) -> Iterator[dict[str, object]]:
    """Yield documents in genome order, at the density of 50 million variants."""
    piece = make_national.Piece(
        rank=1,
        number=0,
        start=make_national.TELOMERE,
        end=make_national.TELOMERE + int(size / DENSITY),
        records=size,
        dataset=0,
        seed=1,
    )
    rng = np.random.default_rng(piece.seed)
    starts = make_national.positions(rng, piece).tolist()
    pairs = zip(*(c.tolist() for c in make_national.alleles(rng, size)), strict=True)
    rows = [blobs(piece, n, is_common=is_common) for n in range(held_by)]
    for start, (ref, alt), *held in zip(starts, pairs, *rows, strict=True):
        reference, alternate = ref.decode(), alt.decode()
        key = encode(1, start, reference, alternate)
        spelled = {"r": reference, "a": alternate} if key & 1 else {}
        counts = {str(n): blob for n, blob in enumerate(held, 1)}
        yield {"_id": key, **spelled, "d": counts}


def on_disk(database: Database[dict[str, object]], name: str) -> dict[str, float]:
    """Return bytes a document, less what is free to be used again."""
    found = database.command("collStats", name, indexDetails=True)
    index = found["indexDetails"]["_id_"]["block-manager"]
    sizes = {
        "bson": found["size"],
        "data": found["storageSize"] - found["freeStorageSize"],
        "index": found["totalIndexSize"] - index["file bytes available for reuse"],
    }
    return {what: round(size / found["count"], 1) for what, size in sizes.items()}


def in_memory(database: Database[dict[str, object]], name: str) -> dict[str, float]:
    """Return bytes a document of a server that has read all of them."""
    for fields in ({"_id": 1}, {"d": 1}):
        for _ in database[name].find({}, fields, hint="_id_", batch_size=50_000):
            pass
    found = database.command("collStats", name, indexDetails=True)
    sizes = {
        "data in the cache": found["wiredTiger"],
        "index in the cache": found["indexDetails"]["_id_"],
    }
    cached = "bytes currently in the cache"
    return {
        what: round(stats["cache"][cached] / found["count"], 1)
        for what, stats in sizes.items()
    }


@contextmanager
def server(home: Path) -> Iterator[Database[dict[str, object]]]:
    """Give the database of an embedded server, started if it must be."""
    with connect(None, home) as address:
        client: MongoClient[dict[str, object]] = MongoClient(address.uri)
        yield client[address.database]
        client.close()


def write(database: Database[dict[str, object]], size: int) -> None:
    """Write the documents, and a checkpoint."""
    for name, (held_by, is_common) in KINDS.items():
        made = list(documents(size, held_by, is_common=is_common))
        for first in range(0, size, BATCH):
            database[name].insert_many(made[first : first + BATCH], ordered=False)
    database.client.admin.command("fsync")


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=200_000)
    size = parser.parse_args().documents
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with server(home) as database:
            write(database, size)
            disk = {name: on_disk(database, name) for name in KINDS}
        while (home / "mongo" / "mongod.lock").read_text():
            time.sleep(0.5)
        with server(home) as database:
            memory = {name: in_memory(database, name) for name in KINDS}
    keep("documents", {"documents": size, **{n: disk[n] | memory[n] for n in KINDS}})


if __name__ == "__main__":
    main()
