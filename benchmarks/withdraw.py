"""Time ``withdraw``: one person who stands in 5 % of many alleles.

    python benchmarks/withdraw.py [--alleles 1000000] [--people 20000]

Rows and carriers are written straight through the release writer (83 alleles per
1,000 bases of chromosome 1, one to three heterozygous carriers each; the person
withdrawn carries 4 % and is not called in 1 % of them), from a seed, into an
embedded MongoDB of its own.  Told are the seconds until the counts have changed,
and until everything is folded in and erased.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from measure import keep

from beacon.ingest.loading import without
from beacon.model.counts import Carriers, Group, Layout, Tally, VariantRecord
from beacon.model.people import FULL, UNCALLED, People, Share, Shares
from beacon.store.connection import connect
from beacon.store.releases import Catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

_COLUMNS = 10
_BATCH = 20_000
_STEP = 12
_HET = Share(1, 2, het=1)
_CARRIES, _UNCALLED = 0.04, 0.05
_BASES = ("AC", "AG", "AT", "CA", "CG", "GT", "TC")


def records(alleles: int, people: int) -> Iterator[VariantRecord]:
    """Yield the records; person 0 is the one who withdraws."""
    chance = random.Random(1)
    full = tuple(2 * len(range(c, people, _COLUMNS)) for c in range(_COLUMNS))
    for number in range(alleles):
        mine = chance.random()
        carriers = {chance.randrange(1, people) for _ in range(chance.randint(1, 3))}
        others: list[tuple[Share, tuple[int, ...]]] = []
        an = full
        if mine < _CARRIES:
            carriers.add(0)
        elif mine < _UNCALLED:
            others.append((UNCALLED, (0,)))
            an = (full[0] - 2, *full[1:])
        others.append((_HET, tuple(sorted(carriers))))
        counts = [0] * _COLUMNS
        for person in carriers:
            counts[person % _COLUMNS] += 1
        tally = Tally(
            an, tuple(Carriers(c, n, 0, n, 0) for c, n in enumerate(counts) if n)
        )
        reference, alternate = _BASES[number % len(_BASES)]
        start = 10_000 + number * _STEP
        yield VariantRecord(
            1, start, start + 1, reference, alternate, tally,
            shares=Shares(FULL, tuple(others)),
        )  # fmt: skip


def load(catalogue: Catalogue, alleles: int, people: int) -> None:
    """Load the records as a dataset."""
    full = tuple(2 * len(range(c, people, _COLUMNS)) for c in range(_COLUMNS))
    total = Group(label="Total", columns=tuple(range(_COLUMNS)))
    layout = Layout(baseline=full, groups=(total,))
    names = tuple(f"p{number}" for number in range(people))
    known = People(
        names=names,
        samples=tuple((name,) for name in names),
        column_of=tuple(number % _COLUMNS for number in range(people)),
    )
    with catalogue.begin("many", assembly="GRCh37", layout=layout) as writer:
        batch: list[VariantRecord] = []
        for record in records(alleles, people):
            batch.append(record)
            if len(batch) == _BATCH:
                writer.put(batch)
                batch = []
        writer.put(batch)
        catalogue.keep_people(writer.number, known)
        writer.publish(
            fingerprint="f",
            genotyped=True,
            contigs=frozenset(("1",)),
            variants=alleles,
            sample_count=people,
            inputs=(),
            tool="benchmark",
            options={},
            report={},
        )


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alleles", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=20_000)
    given = parser.parse_args()
    with (
        TemporaryDirectory() as home,
        connect(None, Path(home)) as address,
        Catalogue(address) as catalogue,
    ):
        began = time.perf_counter()
        load(catalogue, given.alleles, given.people)
        loaded = time.perf_counter()
        busy = time.process_time()
        done = catalogue.withdrawals.withdraw("many", ["p0"], without)
        changed = time.perf_counter()
        busy = time.process_time() - busy
        catalogue.withdrawals.finish("many", done)
        folded = time.perf_counter()
    if done is None:
        message = "nobody was withdrawn"
        raise RuntimeError(message)
    keep(
        "withdraw",
        {
            "alleles": given.alleles,
            "people": given.people,
            "rows rewritten": done.rows,
            "load s": round(loaded - began, 1),
            "counts changed s": round(changed - loaded, 1),
            "counts changed, CPU s": round(busy, 1),
            "folded and erased s": round(folded - changed, 1),
        },
    )


if __name__ == "__main__":
    main()
