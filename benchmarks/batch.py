"""Ask batches of 10,000 lines over HTTP, and single questions beside them.

    python benchmarks/batch.py STORE SITES [--port 5180] [--repeat 5]

STORE is a data directory made by ``beacon load``, SITES one of the files in it
(``make_ten.py`` makes them).  ``sorted`` asks for alleles that follow each other in
the file, as a caller's output does; ``mixed`` for alleles from all over it in any
order.  A tenth of the lines asks for an allele that is nowhere, a hundredth cannot
be read.  Every status is known.  Single questions are asked one after another, 50 a
second, alone and while batches run.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import itertools
import random
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import orjson
from measure import keep, summary
from served import family, processor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Allele = tuple[str, str, str, str]

BEACON = str(Path(sys.executable).with_name("beacon"))
LINES = 10_000
READ = 400_000
NOWHERE, UNREADABLE = 0.1, 0.01
RATE = 50.0
ALONE = 5.0
SEED = 6


def alleles(sites: Path) -> list[Allele]:
    """Return the first alleles of a file, in their order."""
    found: list[Allele] = []
    with gzip.open(sites, "rt") as file:
        records = (line.split("\t", 5) for line in file if line[0] != "#")
        for contig, pos, _, ref, alt, _ in itertools.islice(records, READ):
            found.append((contig, pos, ref, alt))
    return found


def line(allele: Allele, number: int, rng: random.Random) -> bytes:
    """Return one line; some ask for what is nowhere, or for nothing."""
    contig, pos, ref, alt = allele
    drawn = rng.random()
    if drawn < UNREADABLE:
        return b'{"variant": "oops"}'
    if drawn < UNREADABLE + NOWHERE:
        alt = ref + "GATTACA"
    asked = {"variant": f"{contig}-{pos}-{ref}-{alt}", "id": number}
    return orjson.dumps(asked | {"assemblyId": "GRCh38"})


def batches(known: Sequence[Allele]) -> dict[str, bytes]:
    """Return the bodies of both kinds of batch."""
    rng = random.Random(SEED)
    first = rng.randrange(len(known) - LINES)
    chosen = {
        "sorted": known[first : first + LINES],
        "mixed": rng.sample(known, LINES),
    }
    return {
        kind: b"\n".join(line(a, n, rng) for n, a in enumerate(some))
        for kind, some in chosen.items()
    }


@contextmanager
def served(store: Path, port: int) -> Iterator[int]:
    """Serve a store with one worker; give the process's id."""
    command = [BEACON, "--data-dir", str(store), "serve", "--port", str(port)]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        if server.stdout is not None:
            server.stdout.readline()
        yield server.pid
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def used(pid: int) -> float:
    """Return seconds of processor a process has used."""
    return processor(pid)


def highest(pid: int) -> float:
    """Return the most memory a process ever had, in MB."""
    return max(map(_most, family(pid)))


def _most(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


async def ask(session: aiohttp.ClientSession, body: bytes) -> Counter[str]:
    """Send a batch; return how often each status was said."""
    async with session.post("/api/batch", data=body) as response:
        words = [orjson.loads(each)["status"] async for each in response.content]
    return Counter(words)


async def singles(
    session: aiohttp.ClientSession, known: Sequence[Allele], seconds: list[float]
) -> None:
    """Ask for one allele after another until cancelled; note what each took."""
    for contig, pos, ref, alt in itertools.cycle(known):
        asked = {
            "assemblyId": "GRCh38",
            "referenceName": contig,
            "start": str(int(pos) - 1),
            "referenceBases": ref,
            "alternateBases": alt,
        }
        begun = time.perf_counter()
        async with session.get("/api/g_variants", params=asked) as response:
            await response.read()
        seconds.append(time.perf_counter() - begun)
        await asyncio.sleep(1 / RATE)


async def beside(
    session: aiohttp.ClientSession, known: Sequence[Allele], work: asyncio.Task[None]
) -> dict[str, float]:
    """Return how single questions fare while something else is done, in ms."""
    seconds: list[float] = []
    asking = asyncio.create_task(singles(session, known, seconds))
    await work
    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking
    ms = [1000 * s for s in seconds]
    if len(ms) < 2:
        return {}
    return {
        "questions": len(ms),
        "p50": round(statistics.median(ms), 2),
        "p99": round(statistics.quantiles(ms, n=100, method="inclusive")[98], 2),
    }


async def measured(arguments: argparse.Namespace, pid: int) -> dict[str, object]:
    """Return what batches of both kinds take."""
    known = alleles(arguments.sites)
    rng = random.Random(SEED)
    some = rng.sample(known, 500)
    result: dict[str, object] = {"lines": LINES, "repeat": arguments.repeat}
    url = f"http://127.0.0.1:{arguments.port}"
    async with session_of(url) as session:
        result["alone"] = await beside(session, some, _task(asyncio.sleep(ALONE)))
        for kind, body in batches(known).items():
            walls: list[float] = []
            cpus: list[float] = []
            said: Counter[str] = Counter()

            async def work(
                body: bytes = body,
                walls: list[float] = walls,
                cpus: list[float] = cpus,
                said: Counter[str] = said,
            ) -> None:
                await ask(session, body)
                for _ in range(arguments.repeat):
                    cpu, begun = used(pid), time.perf_counter()
                    said.clear()
                    said.update(await ask(session, body))
                    walls.append(time.perf_counter() - begun)
                    cpus.append(1e6 * (used(pid) - cpu) / LINES)

            fared = await beside(session, some, _task(work()))
            result[kind] = {
                "seconds": summary(walls),
                "lines_a_second": round(LINES / statistics.median(walls)),
                "cpu_us_a_line": summary(cpus),
                "said": dict(said),
                "single_questions_beside_ms": fared,
            }
    result["memory_mb"] = round(highest(pid), 1)
    return result


def session_of(url: str) -> aiohttp.ClientSession:
    """Return a session of one beacon that never gives up, and takes no failure."""
    return aiohttp.ClientSession(
        url, timeout=aiohttp.ClientTimeout(total=None), raise_for_status=True
    )


def _task(work: object) -> asyncio.Task[None]:
    return asyncio.ensure_future(work)  # type: ignore[call-overload, no-any-return]


def main() -> None:
    """Serve, ask, and keep what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("sites", type=Path)
    parser.add_argument("--port", type=int, default=5180)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    with served(arguments.store, arguments.port) as pid:
        keep("batch", asyncio.run(measured(arguments, pid)))


if __name__ == "__main__":
    main()
