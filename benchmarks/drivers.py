"""Ask alleles of a store by Motor and by PyMongo's own asynchronous client.

    python benchmarks/drivers.py --data-dir STORE --alleles FILE.vcf.gz

Every allele is a question for the rows at its place, as the service asks them:
``find`` by ranges of keys, each question for itself or coalesced as the service
does, at 1, 32 and 128 questions at once.  The ways take turns within one run, and
every figure is CPU of this process and of mongod, told apart.  What is said of a
driver is said of its latest release that the environment holds.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import itertools
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, cast

import measure
import uvloop
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient

from beacon.model.assemblies import ASSEMBLIES, find_contig
from beacon.store.coalescing import Coalescer
from beacon.store.connection import connect
from beacon.store.driver import client_options, variants_collection
from beacon.store.keys import position_range

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from beacon.store.connection import StoreAddress
    from beacon.store.driver import Document

_BY_KEY = "_id_"
_MOST = 8192
_MAX_MS = 4500

Place = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one way took, in one round.

    Attributes:
        own: CPU microseconds of this process, a question.
        server: the same of mongod.
        rate: questions a second.
        p50, p99: milliseconds a question took.
    """

    own: float
    server: float
    rate: float
    p50: float
    p99: float


def places(file: Path, assembly: str, most: int) -> list[Place]:
    """Return contig rank and start of records of a callset, evenly taken."""
    found: list[Place] = []
    with gzip.open(file, "rt") as lines:
        records = (line for line in lines if not line.startswith("#"))
        for line in itertools.islice(records, 0, None, 97):
            name, pos, _ = line.split("\t", 2)
            contig = find_contig(ASSEMBLIES[assembly], name)
            if contig is not None:
                found.append((contig.rank, int(pos) - 1))
            if len(found) == most:
                break
    return found


def where(asked: Sequence[Place]) -> Document:
    """Return the condition on rows that begin at one of some places."""
    ranges = (position_range(rank, start, start + 1) for rank, start in asked)
    return {"$or": [{"_id": {"$gte": low, "$lt": high}} for low, high in ranges]}


def server_cpu(pid: int) -> float:
    """Return the seconds of CPU a process has taken, by its threads."""
    told = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(t.read_text().split()[0]) for t in told) / 1e9


def coalesced(
    fetch: Callable[[Sequence[Place]], Awaitable[list[Document]]],
) -> Callable[[Place], Awaitable[object]]:
    """Return questions as the service asks them: whoever waits is asked together."""

    async def together(asked: list[Place]) -> Mapping[Place, Document]:
        await fetch(asked)
        return {}

    shared: Coalescer[Place, Document] = Coalescer(together)
    return lambda place: shared.get((place,))


def apart(
    fetch: Callable[[Sequence[Place]], Awaitable[list[Document]]],
) -> Callable[[Place], Awaitable[object]]:
    """Return questions that are each asked for themselves."""
    return lambda place: fetch((place,))


async def ask(
    way: Callable[[Place], Awaitable[object]],
    asked: Sequence[Place],
    at_once: int,
    pid: int,
) -> Round:
    """Ask all places, some at once; return what it took."""
    left, took = iter(asked), list[float]()

    async def one() -> None:
        for place in left:
            begun = time.perf_counter()
            await way(place)
            took.append(time.perf_counter() - begun)

    server, own, begun = server_cpu(pid), time.process_time(), time.perf_counter()
    await asyncio.gather(*(one() for _ in range(at_once)))
    own, wall = time.process_time() - own, time.perf_counter() - begun
    took.sort()
    return Round(
        own=own / len(asked) * 1e6,
        server=(server_cpu(pid) - server) / len(asked) * 1e6,
        rate=len(asked) / wall,
        p50=took[len(took) // 2] * 1e3,
        p99=took[len(took) * 99 // 100] * 1e3,
    )


async def compare(
    address: StoreAddress, assembly: str, asked: Sequence[Place], repeat: int
) -> dict[str, list[Round]]:
    """Ask by every way in turn; the first round only warms."""
    options = client_options(address.uri)
    name = variants_collection(assembly)
    motor: AsyncIOMotorClient[Document] = AsyncIOMotorClient(address.uri, **options)
    own: AsyncMongoClient[Document] = AsyncMongoClient(address.uri, **options)  # type: ignore[arg-type]
    rows, others = motor[address.database][name], own[address.database][name]

    async def by_motor(some: Sequence[Place]) -> list[Document]:
        cursor = rows.find(where(some), max_time_ms=_MAX_MS, hint=_BY_KEY)
        return await cursor.batch_size(_MOST).to_list(None)

    async def by_own(some: Sequence[Place]) -> list[Document]:
        cursor = others.find(where(some), max_time_ms=_MAX_MS, hint=_BY_KEY)
        return await cursor.batch_size(_MOST).to_list()

    status = await own.admin.command("serverStatus")
    ways = {
        "Motor": apart(by_motor),
        "AsyncMongoClient": apart(by_own),
        "Motor, coalesced": coalesced(by_motor),
        "AsyncMongoClient, coalesced": coalesced(by_own),
    }
    taken: dict[str, list[Round]] = {}
    for turn in range(repeat + 1):
        for at_once in (1, 32, 128):
            for way, question in ways.items():
                few = asked if "coalesced" in way else asked[: len(asked) // 4]
                few = few if at_once > 1 else asked[: len(asked) // 8]
                took = await ask(question, few, at_once, cast("int", status["pid"]))
                if turn:
                    taken.setdefault(f"{way}, {at_once} at once", []).append(took)
    motor.close()
    await own.close()
    return taken


def figures(rounds: Sequence[Round]) -> dict[str, object]:
    """Return minimum, median and maximum of what a way took."""
    names = ("own", "server", "rate", "p50", "p99")
    return {
        name: measure.summary([cast("float", getattr(r, name)) for r in rounds])
        for name in names
    }


def main() -> None:
    """Compare, and keep what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--alleles", type=Path, required=True)
    parser.add_argument("--assembly", default="GRCh38")
    parser.add_argument("--questions", type=int, default=8000)
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args()
    asked = places(given.alleles, given.assembly, given.questions)
    with connect(None, given.data_dir) as address:
        taken = uvloop.run(compare(address, given.assembly, asked, given.repeat))
    measure.keep(
        "drivers",
        {
            "questions": len(asked),
            "repeat": given.repeat,
            "motor": version("motor"),
            "pymongo": version("pymongo"),
            "ways": {way: figures(rounds) for way, rounds in taken.items()},
        },
    )


if __name__ == "__main__":
    main()
