"""Time questions for what overlaps a range against an exact look-up.

    python benchmarks/overlap.py [--questions 300]

One contig of a real store: 1,000,000 short alleles and 50,000 deletions of 50
bases to 10 Mb, log-uniform, written by the release writer.  The same places are
asked in turn: one allele; what overlaps 1 base, 10 kb and 1 Mb, as a yes or no
and as a count.  A question is a whole ``VariantStore.find``, one at a time; its
time is a clock's, most of it spent in the server.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from measure import keep, summary

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import Carriers, Group, Layout, Tally, VariantRecord
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Query
from beacon.store.connection import connect
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from beacon.store.connection import StoreAddress

CONTIG = ASSEMBLIES["GRCh37"].contigs[0]
SHORT, LONG = 1_000_000, 50_000
SHORTEST, LONGEST = 50, 10_000_000
BATCH = 10_000
PEOPLE = 5_000
LAYOUT = Layout(
    baseline=(2 * PEOPLE,), groups=(Group(label="Total", columns=(0,)),)
)  # fmt: skip
TALLY = Tally((2 * PEOPLE,), (Carriers(0, 3, 1, 1, 0),))
RANGES = {"1 base": 1, "10 kb": 10_000, "1 Mb": 1_000_000}

Alleles = list[tuple[int, str, str]]


def short_alleles(rng: random.Random) -> Alleles:
    """Return single bases, ascending."""
    places = sorted(rng.sample(range(10_000, CONTIG.length - LONGEST), SHORT))
    return [(place, *rng.sample("ACGT", 2)) for place in places]


def records(short: Alleles, rng: random.Random) -> Iterator[VariantRecord]:
    """Yield all records: short ones, then deletions anywhere."""
    for start, reference, alternate in short:
        yield VariantRecord(CONTIG.rank, start, start + 1, reference, alternate, TALLY)
    for _ in range(LONG):
        start = rng.randrange(10_000, CONTIG.length - LONGEST)
        length = int(SHORTEST * (LONGEST / SHORTEST) ** rng.random())
        yield VariantRecord(CONTIG.rank, start, start + length, "N", "<DEL>", TALLY)


def load(address: StoreAddress, short: Alleles, rng: random.Random) -> None:
    """Publish everything as one release."""
    with (
        Catalogue(address) as catalogue,
        catalogue.begin("bench", assembly="GRCh37", layout=LAYOUT) as writer,
    ):
        found = records(short, rng)
        while batch := list(islice(found, BATCH)):
            writer.put(batch)
        writer.publish(
            fingerprint="bench",
            genotyped=True,
            contigs=frozenset((CONTIG.name,)),
            variants=SHORT + LONG,
            sample_count=PEOPLE,
            inputs=(),
            tool="benchmark",
            options={},
            report={},
        )


def allele(place: tuple[int, str, str]) -> VariantPattern:
    """Return the question for one allele."""
    return VariantPattern(contig=CONTIG, spellings=(place,))


def overlapping(width: int) -> Callable[[tuple[int, str, str]], VariantPattern]:
    """Return how what overlaps a range that begins at a place is asked for."""

    def pattern(place: tuple[int, str, str]) -> VariantPattern:
        low = place[0]
        return VariantPattern(contig=CONTIG, overlap=Bounds(low=low, high=low + width))

    return pattern


async def ask(address: StoreAddress, places: Alleles) -> dict[str, list[float]]:
    """Ask everything, in turn; return the seconds of each question."""
    kinds = {"exact": (allele, Granularity.BOOLEAN)} | {
        f"overlap {name}, {granularity.word}": (overlapping(width), granularity)
        for name, width in RANGES.items()
        for granularity in (Granularity.BOOLEAN, Granularity.COUNT)
    }
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    store = await VariantStore.open(address)
    warm = len(places) // 10
    for number, place in enumerate(places):
        for name, (pattern, granularity) in kinds.items():
            query = Query(pattern=pattern(place), granularity=granularity)
            begun = time.perf_counter()
            found = await store.find(query, {"bench": granularity})
            took = time.perf_counter() - begun
            if not found.datasets[0].total:
                message = f"{name} at {place} found nothing"
                raise AssertionError(message)
            if number >= warm:
                taken[name].append(took)
    await store.close()
    return taken


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=300)
    questions = parser.parse_args().questions
    rng = random.Random(1)
    short = short_alleles(rng)
    with tempfile.TemporaryDirectory() as home, connect(None, Path(home)) as address:
        begun = time.perf_counter()
        load(address, short, rng)
        loaded = time.perf_counter() - begun
        taken = asyncio.run(ask(address, rng.sample(short, questions)))
    times = {n: summary([1000 * s for s in seconds]) for n, seconds in taken.items()}
    exact = times["exact"]["median"]
    keep(
        "overlap",
        {
            "questions": questions,
            "short": SHORT,
            "long": LONG,
            "records written/s": round((SHORT + LONG) / loaded),
            "milliseconds": times,
            "times an exact look-up": {
                name: round(one["median"] / exact, 2) for name, one in times.items()
            },
        },
    )


if __name__ == "__main__":
    main()
