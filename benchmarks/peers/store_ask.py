"""Ask our own store without HTTP, to stand beside an adapter that has none.

python store_ask.py DATA_DIR QUESTIONS.json exact|range TASKS SECONDS
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop
from clock import say

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Query
from beacon.model.spelling import allele_pattern
from beacon.model.variant import Allele
from beacon.store.connection import connect
from beacon.store.variants import VariantStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONTIG = ASSEMBLIES["GRCh38"].contigs[0]
Asked = tuple[Query, int]


def questions(path: Path, kind: str) -> list[Asked]:
    """Return the questions and how many alleles answer each."""
    asked = json.loads(path.read_text())[kind]
    if kind == "exact":
        return [
            (
                Query(
                    pattern=allele_pattern(
                        Allele(
                            contig=CONTIG,
                            start=start,
                            end=start + len(ref),
                            reference=ref,
                            alternate=alt,
                        ),
                        None,
                    )
                ),
                int(truth),
            )
            for (start, ref, alt), truth in asked
        ]
    return [
        (Query(pattern=VariantPattern(contig=CONTIG, overlap=Bounds(low=a, high=b))), n)
        for (a, b), n in asked
    ]


async def ask(
    store: VariantStore,
    asked: Sequence[Asked],
    detail: Mapping[str, Granularity],
    *,
    tasks: int,
    seconds: float,
) -> None:
    """Ask in so many tasks at once; compare each answer."""
    taken: list[float] = []
    wrong = 0
    begun, spent = time.perf_counter(), time.process_time()

    async def work(at: int) -> None:
        nonlocal wrong
        while (before := time.perf_counter()) < begun + seconds:
            query, truth = asked[at % len(asked)]
            found = await store.find(query, detail)
            wrong += found.datasets[0].total != truth
            taken.append(time.perf_counter() - before)
            at += 1

    await asyncio.gather(*(work(number * 61) for number in range(tasks)))
    took, spent = time.perf_counter() - begun, time.process_time() - spent
    say(taken, took, spent, wrong)


async def main() -> None:
    """Open the store and ask."""
    data_dir, path, kind, tasks, seconds = sys.argv[1:]
    detail = Granularity.BOOLEAN if kind == "exact" else Granularity.COUNT
    asked = questions(Path(path), kind)
    with connect(None, Path(data_dir)) as address:
        store = await VariantStore.open(address, deadline=60.0)
        try:
            await ask(
                store, asked, {"set0": detail}, tasks=int(tasks), seconds=float(seconds)
            )
        finally:
            await store.close()


if __name__ == "__main__":
    uvloop.run(main())
