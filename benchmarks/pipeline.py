"""Time what a question costs between its bytes and its answer's, stage by stage.

    python benchmarks/pipeline.py STORE [--questions 1000] [--repeat 7] [--keep]

Of a store that is there, read only: alleles are taken from it, one in ten is made
to be nowhere, and each is asked for over all datasets.  Each stage is one call of
what the server calls, in this process, timed by the processor; the database's own
time is in none of them.  "as new" is a stage whose values have not been met before.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from measure import keep, summary

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
    datasets = await beacon.datasets()
    assembly = next(d.release.assembly for d in datasets if d.release)
    known = Understanding(loaded={assembly}, references={})
    items = [("referenceName", "1"), ("start", "0"), ("assemblyId", assembly)]
    whole = understand(
        Sent("", lambda: [*items, ("end", "200000000")]).gathered(), _ADDRESS, known
    )
    pattern = whole.pattern
    assert pattern is not None
    found: dict[Allele, None] = {}
    rng = random.Random(7)
    while len(found) < number:
        start = rng.randrange(100_000, 57_000_000)
        place = VariantPattern(
            contig=pattern.contig, overlap=Bounds(low=start, high=start + 20_000)
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


def microseconds(
    repeat: int, number: int, work: Callable[[], object]
) -> dict[str, float]:
    """Return µs of the processor for one of ``number``, over several rounds."""
    taken = []
    for _ in range(repeat + 1):
        gc.collect()
        begun = time.process_time()
        work()
        taken.append((time.process_time() - begun) / number * 1e6)
    return summary(taken[1:])


async def stages(
    store: VariantStore, granularity: Granularity, number: int, repeat: int
) -> dict[str, object]:
    """Return what each stage of a granularity takes, in µs a question."""
    beacon = LocalBeacon(store, OPEN, references={}, deadline=30)
    alleles = await some_alleles(beacon, number)
    known = Understanding(loaded=await beacon.loaded(), references={})
    sent = [Sent("", tuple, body) for body in bodies(alleles, granularity)]
    queries = [understand_sent(each, _ADDRESS, known) for each in sent]
    datasets = await store.datasets()
    plans = Plans(OPEN)
    plan = plans.of(queries[0], ANONYMOUS, datasets)
    found = await asyncio.gather(*(store.find(q, plan.granularities) for q in queries))
    pairs = list(zip(found, queries, strict=True))
    said = [disclose(f, plan.permits, q) for f, q in pairs]
    answers = list(zip(queries, said, strict=True))

    def anew() -> None:
        for findings, query in pairs:
            fresh = tuple(map(replace, findings.datasets))
            disclose(replace(findings, datasets=fresh), plan.permits, query)

    def copied() -> None:
        for findings, _ in pairs:
            replace(findings, datasets=tuple(map(replace, findings.datasets)))

    def write_anew() -> None:
        for query, answer in answers:
            fresh = replace(answer, datasets=tuple(map(replace, answer.datasets)))
            written(result_sets(query, fresh, _SPEAKER, references={}))

    def copied_answers() -> None:
        for _, answer in answers:
            replace(answer, datasets=tuple(map(replace, answer.datasets)))

    works: dict[str, Callable[[], object]] = {
        "understand, the long way": lambda: [
            understand(s.gathered(), _ADDRESS, known) for s in sent
        ],
        "understand": lambda: [understand_sent(s, _ADDRESS, known) for s in sent],
        "plan": lambda: [plans.of(q, ANONYMOUS, datasets) for q in queries],
        "copies of findings": copied,
        "disclose as new, with copies": anew,
        "disclose": lambda: [disclose(f, plan.permits, q) for f, q in pairs],
        "copies of disclosures": copied_answers,
        "write as new, with copies": write_anew,
        "write": lambda: [
            written(result_sets(q, a, _SPEAKER, references={})) for q, a in answers
        ],
    }
    return {name: microseconds(repeat, number, work) for name, work in works.items()}


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
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=7)
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
