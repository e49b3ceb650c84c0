"""Ask steadily while a cohort is loaded and published beside it.

    python benchmarks/soak.py [--minutes 10] [--rate 50] [--load 5000000]

Over ten datasets of a million variants, at a steady rate whatever the answers take:
exact alleles (yes or no, counted, as records), ranges of 100 kb (counted, yes or
no), of 5 Mb, brackets, batches of 20, and what the beacon says of itself.  First
idle, for a tenth of the time; then while a callset of that many variants is loaded
into a dataset of its own and published, again and again.  A question's time runs
from when it was due.  Every answer is compared with what the files hold.

Ends with 1 when an answer is wrong or missing, or the p99 of either part is more
than five times the idle one.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import random
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from itertools import cycle
from typing import TYPE_CHECKING, cast

import aiohttp
import make_national
import make_ten
import numpy as np
import orjson
import served
from measure import WORK, keep, summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from served import Allele, Store

NAMES = frozenset(make_ten.NAMES)
BATCH = 20
MOST = 5.0
_WARM = 10.0
Json = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, and whether an answer is right."""

    kind: str
    path: str
    body: bytes | None
    is_right: Callable[[bytes], bool]


@dataclass(slots=True)
class Heard:
    """What came of a stretch of asking: milliseconds by kind, and what went wrong."""

    times: dict[str, list[float]] = field(default_factory=dict)
    errors: int = 0
    wrong: int = 0
    said: list[str] = field(default_factory=list)

    def all(self) -> list[float]:
        """Return the times of every kind."""
        return [each for times in self.times.values() for each in times]


class Places:
    """Where the alleles of every dataset stand: sorted starts, and their ends."""

    def __init__(self, store: Store) -> None:
        self._held = {}
        for name, file in zip(make_ten.NAMES, store.files, strict=True):
            self._held[name] = _spans(file)
        starts, ends = self._held["set0"]
        self.longest = int((ends - starts).max())

    def overlapping(self, low: int, high: int) -> dict[str, int]:
        """Return how many alleles of each dataset overlap a stretch."""
        found = {}
        for name, (starts, ends) in self._held.items():
            first = np.searchsorted(starts, low - 64)
            last = np.searchsorted(starts, high)
            found[name] = int((ends[first:last] > low).sum())
        return found

    def starting(self, low: int, high: int) -> dict[str, int]:
        """Return how many alleles of each dataset begin and end in a stretch."""
        found = {}
        for name, (starts, ends) in self._held.items():
            first, last = np.searchsorted(starts, (low, high))
            found[name] = int((ends[first:last] < high).sum())
        return found


def _spans(file: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    starts, ends = [], []
    with gzip.open(file) as lines:
        for line in lines:
            if not line.startswith(b"#"):
                _, pos, _, reference, _ = line.split(b"\t", 4)
                starts.append(int(pos) - 1)
                ends.append(int(pos) - 1 + len(reference))
    return np.array(starts), np.array(ends)


def _sets(answer: bytes) -> dict[str, Json]:
    """Return the result sets of the ten datasets, by id."""
    response = cast("Json", orjson.loads(answer)["response"])
    found = cast("list[Json]", response["resultSets"])
    return {str(s["id"]): s for s in found if s["id"] in NAMES}


def _status(found: Json) -> object:
    return cast("Json", found["info"])["status"]


def exact(allele: Allele, granularity: str) -> Question:
    """Return a question for one allele."""

    def is_right(answer: bytes) -> bool:
        found = _sets(answer)
        expected = {n: allele.word(n) for n in NAMES}
        return expected == {name: _status(each) for name, each in found.items()}

    body = served.question(allele, granularity)
    return Question(
        kind=f"allele {granularity}", path="/api/g_variants", body=body,
        is_right=is_right,
    )  # fmt: skip


def batch(alleles: Sequence[Allele]) -> Question:
    """Return some alleles as one batch."""

    def is_right(answer: bytes) -> bool:
        lines = [orjson.loads(line) for line in answer.splitlines()]
        told = [
            {d["id"]: d["status"] for d in line["datasets"] if d["id"] in NAMES}
            for line in lines
        ]
        return told == [{n: a.word(n) for n in NAMES} for a in alleles]

    spelled = [
        {
            "variant": f"1-{a.pos}-{a.reference}-{a.alternate}",
            "assemblyId": served.ASSEMBLY,
        }
        for a in alleles
    ]
    body = b"\n".join(map(orjson.dumps, spelled))
    return Question(kind="batch", path="/api/batch", body=body, is_right=is_right)


def stretch(
    kind: str,
    place: tuple[int, int],
    truth: Callable[[int, int], dict[str, int]],
    *,
    is_bracket: bool = False,
    granularity: str = "count",
) -> Question:
    """Return a question for what lies in a stretch."""
    low, high = place
    expected = truth(low, high)
    if granularity == "boolean":
        expected = {name: int(count > 0) for name, count in expected.items()}

    def is_right(answer: bytes) -> bool:
        counted = {n: each["resultsCount"] for n, each in _sets(answer).items()}
        return counted == expected

    start = f"{low},{high}" if is_bracket else f"{low}"
    end = f"{low},{high}" if is_bracket else f"{high}"
    path = (
        f"/api/g_variants?assemblyId={served.ASSEMBLY}&referenceName={served.CONTIG}"
        f"&start={start}&end={end}&requestedGranularity={granularity}"
        "&includeResultsetResponses=ALL"
    )
    return Question(kind=kind, path=path, body=None, is_right=is_right)


def itself() -> Question:
    """Return the question for what the beacon says of itself."""

    def is_right(answer: bytes) -> bool:
        said = orjson.loads(answer)["response"]["info"]["datasets"]
        return {d["id"] for d in said} >= NAMES

    return Question(kind="info", path="/api/info", body=None, is_right=is_right)


def questions(store: Store, *, seed: int = 5) -> list[Question]:
    """Return what is asked, in the order it is asked."""
    rng = random.Random(seed)
    alleles = iter(cycle(served.alleles_of(store, 4000)))
    places = Places(store)
    asked: list[Question] = [itself()]
    for _ in range(120):
        low = rng.randrange(make_ten.FIRST, 50_000_000)
        asked += [exact(next(alleles), g) for g in ("boolean", "count", "record") * 3]
        asked += [
            batch([next(alleles) for _ in range(BATCH)]),
            stretch("100 kb", (low, low + 100_000), places.overlapping),
            stretch(
                "100 kb boolean", (low, low + 100_000), places.overlapping,
                granularity="boolean",
            ),
            stretch(
                "bracket", (low, low + 20_000), places.starting, is_bracket=True
            ),
        ]  # fmt: skip
    for _ in range(30):
        low = rng.randrange(make_ten.FIRST, 50_000_000)
        asked.append(stretch("5 Mb", (low, low + 5_000_000), places.overlapping))
    rng.shuffle(asked)
    return asked


async def ask(
    session: aiohttp.ClientSession, question: Question, due: float, heard: Heard
) -> None:
    """Ask one question and note what came of it."""
    method = "GET" if question.body is None else "POST"
    try:
        async with session.request(
            method, question.path, data=question.body,
            headers={"Content-Type": "application/json"},
        ) as response:  # fmt: skip
            answer = await response.read()
            status = response.status
    except (aiohttp.ClientError, TimeoutError) as failure:
        heard.errors += 1
        heard.said.append(f"{question.kind}: {failure!r}")
        return
    taken = 1000 * (time.perf_counter() - due)
    heard.times.setdefault(question.kind, []).append(taken)
    if status != 200:
        heard.errors += 1
        heard.said.append(f"{question.kind}: {status} {answer[:300]!r}")
    elif not question.is_right(answer):
        heard.wrong += 1
        heard.said.append(f"{question.kind} {question.path}: wrong")


async def steadily(
    url: str, asked: Iterator[Question], rate: float, until: Callable[[], bool]
) -> Heard:
    """Ask at a steady rate until told that it is enough."""
    heard = Heard()
    limit = aiohttp.TCPConnector(limit=0)
    patience = aiohttp.ClientTimeout(total=30)
    async with (
        aiohttp.ClientSession(url, connector=limit, timeout=patience) as session,
        asyncio.TaskGroup() as group,
    ):
        due = time.perf_counter()
        while not until():
            group.create_task(ask(session, next(asked), due, heard))
            due += 1 / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
    return heard


class Loads:
    """Loads of callsets into a dataset of its own, one release after the other."""

    def __init__(self, store: Store, files: Sequence[Path], seconds: float) -> None:
        self._command = [
            str(served.BEACON), "--data-dir", str(store.home), "load", "variants",
            "--dataset", "soak", "--jobs", "2",
        ]  # fmt: skip
        self._files = cycle(files)
        self._end = time.monotonic() + seconds
        self._running: subprocess.Popen[bytes] | None = None
        self.published = 0
        self.failed = 0

    def are_over(self) -> bool:
        """Whether time is up; starts the next load where none runs."""
        if self._running is None or self._running.poll() is not None:
            self._note()
            if time.monotonic() >= self._end and self.published:
                return True
            self._running = subprocess.Popen(
                [*self._command, str(next(self._files))],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        return False

    def _note(self) -> None:
        if self._running is not None:
            self.published += self._running.returncode == 0
            self.failed += self._running.returncode != 0


def figures(heard: Heard) -> Json:
    """Return what a stretch of asking gave."""
    return {
        "asked": len(heard.all()),
        "errors": heard.errors,
        "wrong": heard.wrong,
        "said": heard.said[:5],
        "p99": _p99(heard.all()),
        "milliseconds": {
            kind: {**summary(times), "p99": _p99(times)}
            for kind, times in sorted(heard.times.items())
        },
    }


def _p99(times: Sequence[float]) -> float:
    return round(float(np.quantile(times, 0.99)), 3)


def copied(store: Store) -> Store:
    """Return a store of the same data that may be changed."""
    home = WORK / "soak-store"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(store.home, home, ignore=shutil.ignore_patterns("*.sock", "run"))
    return served.Store(home=home, files=store.files)


def soaked(given: argparse.Namespace) -> Json:
    """Return what asking gave, idle and beside loads."""
    files = [WORK / f"soak-{given.load}-{number}.vcf.gz" for number in range(2)]
    for number, file in enumerate(files):
        if not file.exists():
            make_national.write(file, given.load, dataset=number)
    store = copied(served.store_of(1_000_000))
    asked = cycle(questions(store))
    seconds = given.minutes * 60
    with served.serving(served.beacon(store, *given.options)) as (url, _):
        until = time.monotonic() + _WARM
        asyncio.run(steadily(url, asked, given.rate, lambda: time.monotonic() > until))
        ends = time.monotonic() + max(20.0, seconds / 10)
        idle = asyncio.run(
            steadily(url, asked, given.rate, lambda: time.monotonic() > ends)
        )
        loads = Loads(store, files, seconds)
        busy = asyncio.run(steadily(url, asked, given.rate, loads.are_over))
    return {
        "rate": given.rate,
        "minutes": given.minutes,
        "loaded": given.load,
        "published": loads.published,
        "loads failed": loads.failed,
        "idle": figures(idle),
        "busy": figures(busy),
        "p99 busy by idle": round(_p99(busy.all()) / _p99(idle.all()), 2),
    }


def is_met(result: Json) -> bool:
    """Whether nothing was wrong or missing, and nothing took too long."""
    parts = [cast("Json", result[name]) for name in ("idle", "busy")]
    is_right = all(part["errors"] == part["wrong"] == 0 for part in parts)
    is_steady = cast("float", result["p99 busy by idle"]) <= MOST
    return is_right and is_steady and bool(result["published"])


def main() -> None:
    """Read the command line, ask, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--load", type=int, default=5_000_000)
    parser.add_argument("--options", nargs="*", default=[])
    result = soaked(parser.parse_args())
    keep("soak", result)
    sys.exit(0 if is_met(result) else 1)


if __name__ == "__main__":
    main()
