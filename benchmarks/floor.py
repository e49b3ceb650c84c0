"""Time the plainest look-ups of a store: the floors that our own stands on.

    python benchmarks/floor.py --data-dir STORE --alleles FILE.vcf.gz

Of a store of GRCh38 (``make_ten.py``), without HTTP: PyMongo's ``find_one`` by
``_id``, one after another; its ``find`` of 32 ids at once; and our store's answer to
the same exact alleles, yes or no for every dataset, 1 and 32 at once.  They take
turns; told are processor microseconds a look-up, of this process and of mongod.
``drivers.py`` compares the asynchronous drivers.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import services
import truth
import uvloop
from measure import WORK, keep, summary
from pymongo import MongoClient

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.query import Granularity, Query
from beacon.model.spelling import allele_pattern
from beacon.model.variant import Allele
from beacon.store.connection import connect
from beacon.store.driver import variants_collection
from beacon.store.embedded import open_home, server_pid, socket_path
from beacon.store.variants import VariantStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from pymongo.collection import Collection

CONTIG = ASSEMBLIES["GRCh38"].contigs[0]
TOGETHER = 32
Row = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """Microseconds a look-up: processor here and of mongod, and by the clock."""

    own: float
    mongod: float
    wall: float


async def took(work: Callable[[], Awaitable[None]], count: int, pid: int) -> Took:
    """Do ``count`` look-ups; return what each took."""
    mongod, own = services.processor(pid), time.process_time()
    begun = time.perf_counter()
    await work()
    wall = time.perf_counter() - begun
    each = 1e6 / count
    return Took(
        own=each * (time.process_time() - own),
        mongod=each * (services.processor(pid) - mongod),
        wall=each * wall,
    )


def question(allele: truth.Allele) -> Query:
    """Return the question for an allele."""
    start, reference, alternate = allele
    end = start + len(reference)
    asked = Allele(
        contig=CONTIG, start=start, end=end, reference=reference, alternate=alternate
    )
    return Query(pattern=allele_pattern(asked, None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The look-ups compared."""

    rows: Collection[Row]
    ids: Sequence[object]
    store: VariantStore
    queries: Sequence[Query]
    detail: Mapping[str, Granularity]

    async def singly(self) -> None:
        """Find each by its id."""
        for one in self.ids:
            if self.rows.find_one({"_id": one}) is None:
                message = "a row is gone"
                raise LookupError(message)

    async def together(self) -> None:
        """Find them 32 at once."""
        for at in range(0, len(self.ids), TOGETHER):
            some = self.ids[at : at + TOGETHER]
            found = len(list(self.rows.find({"_id": {"$in": some}})))
            if found != len(some):
                message = "a row is gone"
                raise LookupError(message)

    async def ours(self, at_once: int) -> None:
        """Ask our store; every allele is in a dataset."""
        left = iter(self.queries)

        async def some() -> None:
            for query in left:
                found = await self.store.find(query, self.detail)
                if not any(one.total for one in found.datasets):
                    message = "an allele that is there was not found"
                    raise LookupError(message)

        await asyncio.gather(*(some() for _ in range(at_once)))


async def compare(ways: Ways, pid: int, repeat: int) -> dict[str, list[Took]]:
    """Let the ways take turns; the first round only warms."""
    works = {
        "find_one by _id": ways.singly,
        "find of 32 ids": ways.together,
        "ours, 1 at once": lambda: ways.ours(1),
        "ours, 32 at once": lambda: ways.ours(TOGETHER),
    }
    found: dict[str, list[Took]] = {name: [] for name in works}
    for turn in range(repeat + 1):
        for name, work in works.items():
            one = await took(work, len(ways.ids), pid)
            if turn:
                found[name].append(one)
    return found


async def measured(given: argparse.Namespace) -> dict[str, list[Took]]:
    """Open the store and measure."""
    alleles = truth.read(given.alleles, given.most)
    step = max(1, len(alleles) // given.questions)
    queries = [question(one) for one in alleles[::step]][: given.questions]
    home = open_home(given.data_dir)
    with connect(None, given.data_dir) as address, MongoClient[Row](address.uri) as db:
        pid = server_pid(home, socket_path(home))
        if pid is None:
            message = "nobody listens on the store's socket"
            raise OSError(message)
        rows = db[address.database][variants_collection("GRCh38")]
        drawn = rows.aggregate([{"$sample": {"size": len(queries)}}])
        ids = list({row["_id"] for row in drawn})
        store = await VariantStore.open(address, deadline=60.0)
        try:
            names = [one.id for one in await store.datasets()]
            detail = dict.fromkeys(names, Granularity.BOOLEAN)
            ways = Ways(
                rows=rows, ids=ids, store=store, queries=queries[: len(ids)],
                detail=detail,
            )  # fmt: skip
            return await compare(ways, pid, given.repeat)
        finally:
            await store.close()


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=WORK / "ten1m-store")
    alleles = WORK / "ten1m" / "set0.vcf.gz"
    parser.add_argument("--alleles", type=Path, default=alleles)
    parser.add_argument("--most", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=5_000)
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args()
    found = uvloop.run(measured(given))
    keep(
        "floor",
        {
            "questions": given.questions,
            "microseconds": {
                name: {
                    "own processor": summary([one.own for one in rounds]),
                    "mongod's processor": summary([one.mongod for one in rounds]),
                    "clock": summary([one.wall for one in rounds]),
                }
                for name, rounds in found.items()
            },
        },
    )


if __name__ == "__main__":
    main()
