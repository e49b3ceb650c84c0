"""Time what a question costs between its bytes and its answer's, stage by stage.

    python benchmarks/pipeline.py STORE [--questions 100] [--repeat 60] [--keep]

Of a store that is there, read only: alleles are taken from it, one in ten is made
to be nowhere, and each is asked for over all datasets.  Each stage is one call of
what the server calls, in this process, timed by the processor; the database's own
time is in none of them.  What the store gives again and again has been met before,
as in a server that runs; "all new" is a stage whose values have not.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measure import keep, summary

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Page, Query
from beacon.model.requester import ANONYMOUS
from beacon.policy.policy import OPEN, disclose
from beacon.service.local import LocalBeacon
from beacon.service.plans import Plans
from beacon.store.connection import connect
from beacon.store.variants import VariantStore
from beacon.wire.forms import Sent, understand_sent
from beacon.wire.info import BeaconIdentity, Speaker
from beacon.wire.requests import Address, Understanding, understand
from beacon.wire.responses import result_sets
from beacon.wire.writing import written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from beacon.model.disclosure import Disclosure
    from beacon.model.findings import Findings
    from beacon.model.variant import Allele
    from beacon.store.connection import StoreAddress

_SPEAKER = Speaker(
    identity=BeaconIdentity(
        id="org.example.beacon",
        name="Example",
        environment="test",
        organisation_id="example",
        organisation_name="Example",
        version="0",
    ),
    site="http://localhost",
)
_PLACES = 20
_ADDRESS = Address()


async def some_alleles(beacon: LocalBeacon, number: int) -> list[Allele]:
    """Return alleles of the store, from places all along what is loaded first."""
    datasets = await beacon.datasets(ANONYMOUS)
    assembly = next(d.release.assembly for d in datasets if d.release)
    contig = ASSEMBLIES[assembly].contigs[0]
    found: dict[Allele, None] = {}
    rng = random.Random(7)
    while len(found) < number:
        start = rng.randrange(100_000, 57_000_000)
        place = VariantPattern(
            contig=contig, overlap=Bounds(low=start, high=start + 20_000)
        )
        page = Page(limit=max(10, number // _PLACES))
        asked = Query(pattern=place, granularity=Granularity.RECORD, page=page)
        said = await beacon.answer(asked, ANONYMOUS)
        for part in said.datasets:
            found |= {variant.allele: None for variant in part.variants}
    chosen = list(found)
    rng.shuffle(chosen)
    return chosen[:number]


def bodies(alleles: Sequence[Allele], granularity: Granularity) -> list[bytes]:
    """Return a request for each allele; every tenth asks for one that is nowhere."""
    made = []
    for number, allele in enumerate(alleles):
        alternate = allele.alternate + "TTGA" * (number % 10 == 0)
        asked = {
            "assemblyId": allele.contig.assembly,
            "referenceName": allele.contig.name,
            "start": [allele.start],
            "referenceBases": allele.reference,
            "alternateBases": alternate,
        }
        query = {
            "requestParameters": asked,
            "requestedGranularity": granularity.word,
            "includeResultsetResponses": "ALL",
        }
        made.append(json.dumps({"meta": {"apiVersion": "v2.0"}, "query": query}))
    return [body.encode() for body in made]


@dataclass(frozen=True)
class Stage:
    """One call, what it is called with, and what of that is new each time."""

    call: Callable[..., object]
    every: Sequence[tuple[Any, ...]]
    renewed: Callable[..., tuple[Any, ...]] = lambda *given: given

    def microseconds(self, repeat: int) -> dict[str, float]:
        """Return µs of the processor for one call, over several rounds."""
        taken = []
        for _ in range(repeat + 1):
            every = [self.renewed(*given) for given in self.every]
            begun = time.process_time()
            for given in every:
                self.call(*given)
            taken.append((time.process_time() - begun) / len(every) * 1e6)
        return summary(taken[1:])


def met(found: Findings, *others: object) -> tuple[object, ...]:
    """Return findings as the store gives them: what is carried is new each time."""
    parts = (replace(f) if f.variants else f for f in found.datasets)
    return replace(found, datasets=tuple(parts)), *others


def new(found: Findings, *others: object) -> tuple[object, ...]:
    """Return findings of which nothing has been said yet."""
    return replace(found, datasets=tuple(map(replace, found.datasets))), *others


def said_of_met(query: Query, said: Disclosure) -> tuple[object, ...]:
    """Return what is said of findings as the store gives them."""
    parts = (replace(p) if p.exists and p.counts else p for p in said.datasets)
    return query, replace(said, datasets=tuple(parts))


def unwritten(query: Query, said: Disclosure) -> tuple[object, ...]:
    """Return a disclosure of which nothing has been written yet."""
    return query, replace(said, datasets=tuple(map(replace, said.datasets)))


def write(query: Query, said: Disclosure) -> bytes:
    """Return an answer as bytes."""
    return written(result_sets(query, said, _SPEAKER, references={}))


def long_way(sent: Sent, address: Address, known: Understanding) -> Query:
    """Return the question of a request, as if it were the first of its form."""
    return understand(sent.gathered(), address, known)


async def stages(
    store: VariantStore, granularity: Granularity, number: int, repeat: int
) -> dict[str, dict[str, float]]:
    """Return what each stage of a granularity takes, in µs a question."""
    beacon = LocalBeacon(store, OPEN, references={}, deadline=30)
    alleles = await some_alleles(beacon, number)
    known = Understanding(loaded=await beacon.loaded(ANONYMOUS), references={})
    sent = [Sent("", tuple, body) for body in bodies(alleles, granularity)]
    queries = [understand_sent(each, _ADDRESS, known) for each in sent]
    datasets, plans = await store.datasets(), Plans(OPEN)
    plan = plans.of(queries[0], ANONYMOUS, datasets)
    found = await asyncio.gather(*(store.find(q, plan.granularities) for q in queries))
    every = [(f, plan.permits, q) for f, q in zip(found, queries, strict=True)]
    answers = [(query, disclose(f, permits, query)) for f, permits, query in every]
    gc.collect()
    gc.freeze()  # what is measured is collected, the rest of this process is not
    asked = [(each, _ADDRESS, known) for each in sent]
    works = {
        "understand": Stage(understand_sent, asked),
        "plan": Stage(plans.of, [(q, ANONYMOUS, datasets) for q in queries]),
        "disclose": Stage(disclose, every, met),
        "write": Stage(write, answers, said_of_met),
        "understand, the long way": Stage(long_way, asked),
        "disclose, all new": Stage(disclose, every, new),
        "write, all new": Stage(write, answers, unwritten),
    }
    return {name: work.microseconds(repeat) for name, work in works.items()}


async def measured(
    address: StoreAddress, number: int, repeat: int
) -> dict[str, object]:
    """Return the figures of every granularity."""
    store = await VariantStore.open(address, 60)
    try:
        return {
            each.word: await stages(store, each, number, repeat) for each in Granularity
        }
    finally:
        await store.close()


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path, help="the data directory of a beacon")
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=60)
    parser.add_argument("--keep", action="store_true", help="append to the results")
    options = parser.parse_args()
    with connect(None, options.store) as address:
        took = asyncio.run(measured(address, options.questions, options.repeat))
    for word, stage in took.items():
        print(word)
        for name, figures in stage.items():
            print(f"  {name:32} {figures['min']:8.1f} {figures['median']:8.1f} µs")
    if options.keep:
        keep("pipeline", {"unit": "us of the processor a question", **took})


if __name__ == "__main__":
    main()
