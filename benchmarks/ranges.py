"""Time counts of wide ranges, with the bins that a load keeps and without them.

    python benchmarks/ranges.py [--questions 20]

One contig of a real store, ten datasets of 100,000 alleles each, drawn from
450,000 places and written by the release writer.  Asked is how many alleles lie in
5 Mb and in the whole contig, of one dataset and of all ten; then the bins are
dropped and the same is asked of the rows.  Every number is compared.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from measure import keep, summary
from pymongo import MongoClient

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import Carriers, Group, Layout, Tally, VariantRecord
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Query
from beacon.store.bins import EXISTING_BITS, bins_collection
from beacon.store.connection import connect
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore

if TYPE_CHECKING:
    from beacon.store.connection import StoreAddress

CONTIG = ASSEMBLIES["GRCh37"].contigs[19]
PLACES, ALLELES = 450_000, 100_000
DATASETS = [f"bench{number}" for number in range(10)]
WIDTH = 5_000_000
BATCH = 10_000
LAYOUT = Layout(baseline=(1000,), groups=(Group(label="Total", columns=(0,)),))
TALLY = Tally((1000,), (Carriers(0, 3, 1, 1, 0),))

Numbers = list[list[int]]


def load(catalogue: Catalogue, name: str, places: list[int]) -> None:
    """Publish a dataset with its bins."""
    with catalogue.begin(name, assembly="GRCh37", layout=LAYOUT) as writer:
        rows = (VariantRecord(20, at, at + 1, "A", "C", TALLY) for at in places)
        while batch := list(islice(rows, BATCH)):
            writer.put(batch)
        writer.publish(
            fingerprint=name,
            genotyped=True,
            contigs=frozenset((CONTIG.name,)),
            variants=len(places),
            sample_count=500,
            inputs=(),
            tool="benchmark",
            options={},
            report={},
            bins=Counter((20, at >> EXISTING_BITS) for at in places),
        )


async def ask(
    address: StoreAddress, starts: list[int], *, kind: str
) -> tuple[dict[str, list[float]], Numbers]:
    """Ask everything; return the milliseconds of each question, and the numbers."""
    store = await VariantStore.open(address, deadline=600.0)
    taken: dict[str, list[float]] = {}
    numbers: Numbers = []
    try:
        for turn, start in enumerate(starts):
            for width, low, high in (
                ("5 Mb", start, start + WIDTH),
                ("contig", 0, CONTIG.length),
            ):
                for datasets in (DATASETS[:1], DATASETS):
                    pattern = VariantPattern(
                        contig=CONTIG, overlap=Bounds(low=low, high=high)
                    )
                    asked = dict.fromkeys(datasets, Granularity.COUNT)
                    begun = time.perf_counter()
                    found = await store.find(Query(pattern=pattern), asked)
                    took = 1000 * (time.perf_counter() - begun)
                    numbers.append([one.total for one in found.datasets])
                    if turn:
                        name = f"{width}, {len(datasets)} datasets, {kind}"
                        taken.setdefault(name, []).append(took)
    finally:
        await store.close()
    return taken, numbers


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=20)
    questions = parser.parse_args().questions
    rng = random.Random(1)
    places = rng.sample(range(10_000, CONTIG.length), PLACES)
    starts = [rng.randrange(CONTIG.length - WIDTH) for _ in range(questions + 1)]
    with tempfile.TemporaryDirectory() as home, connect(None, Path(home)) as address:
        with Catalogue(address) as catalogue:
            for name in DATASETS:
                load(catalogue, name, sorted(rng.sample(places, ALLELES)))
        taken, binned = asyncio.run(ask(address, starts, kind="bins"))
        with MongoClient(address.uri) as client:
            client[address.database].drop_collection(bins_collection("GRCh37"))
        rows, counted = asyncio.run(ask(address, starts, kind="rows"))
    if binned != counted:
        message = "bins and rows count differently"
        raise AssertionError(message)
    keep(
        "ranges",
        {
            "questions": questions,
            "rows": ALLELES * len(DATASETS),
            "milliseconds": {n: summary(t) for n, t in (taken | rows).items()},
        },
    )


if __name__ == "__main__":
    main()
