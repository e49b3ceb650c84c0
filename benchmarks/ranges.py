"""Time ranges, brackets, kinds and pages over ten datasets, by store and by HTTP.

    python benchmarks/ranges.py [--store FOLDER] [--variants 1000000]

The data are those of ``make_ten``, loaded by ``beacon load variants`` where the
folder is not there yet.  Every kind of question is asked by one client at starts
that change, in five rounds whose first asks warm; the median of a round counts, and
figures are those of the rounds.  What HTTP says is compared with what the store does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import make_ten
from measure import WORK, keep, summary

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Page, Query
from beacon.store.connection import connect
from beacon.store.variants import VariantStore

if TYPE_CHECKING:
    from collections.abc import Iterator

BEACON = Path(sys.executable).with_name("beacon")
CONTIG = ASSEMBLIES["GRCh38"].contigs[0]
NAMES = [f"set{number}" for number in range(10)]
FIRST, KB, MB = 2_000_000, 1000, 1_000_000
ROUNDS, ASKED, LIMIT = 5, 10, 100
BOOLEAN, COUNT, RECORD = Granularity.BOOLEAN, Granularity.COUNT, Granularity.RECORD


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of question: a width, how it is asked, how much is told, of how many."""

    width: int
    granularity: Granularity = COUNT
    by: str = "overlap"
    variant_type: str | None = None
    datasets: int = 10

    def pattern(self, low: int) -> VariantPattern:
        """Return what is asked, from a start on."""
        bounds = Bounds(low=low, high=low + self.width)
        names = ("overlap",) if self.by == "overlap" else ("start", "end")
        places = dict.fromkeys(names, bounds)
        return VariantPattern(contig=CONTIG, variant_type=self.variant_type, **places)

    def body(self, low: int) -> bytes:
        """Return the same as the body of a request."""
        high = low + self.width
        asked: dict[str, object] = {"assemblyId": "GRCh38", "referenceName": "1"}
        if self.by == "overlap":
            asked |= {"start": [low], "end": [high]}
        else:
            asked |= {"start": [low, high], "end": [low, high]}
        if self.variant_type is not None:
            asked["variantType"] = self.variant_type
        asked["datasets"] = {"datasetIds": NAMES[: self.datasets]}
        query = {
            "requestParameters": asked,
            "requestedGranularity": self.granularity.name.lower(),
            "includeResultsetResponses": "ALL",
            "pagination": {"limit": LIMIT},
        }
        return json.dumps({"meta": {"apiVersion": "v2.0"}, "query": query}).encode()


KINDS = {
    "100 kb count": Kind(100 * KB),
    "100 kb boolean": Kind(100 * KB, BOOLEAN),
    "100 kb count, one dataset": Kind(100 * KB, datasets=1),
    "gene of 1 Mb count": Kind(MB),
    "5 Mb count": Kind(5 * MB),
    "5 Mb boolean": Kind(5 * MB, BOOLEAN),
    "5 Mb page of 100": Kind(5 * MB, RECORD),
    "bracket of 1 Mb count": Kind(MB, by="bracket"),
    "100 kb deletions count": Kind(100 * KB, variant_type="DEL"),
}


def load(home: Path, variants: int) -> None:
    """Load the callsets, if nothing is there."""
    if home.exists():
        return
    for path in make_ten.write(WORK / f"ten{variants}", variants):
        name = path.name.split(".")[0]
        command = [BEACON, "--data-dir", home, "load", "variants", path]
        subprocess.run([*command, "--dataset", name], check=True)


async def by_store(
    home: Path, starts: list[int]
) -> tuple[dict[str, list[float]], dict[str, list[int]]]:
    """Ask the store; return a round's median by kind, and the last numbers."""
    taken: dict[str, list[float]] = {}
    numbers: dict[str, list[int]] = {}
    with connect(None, home) as address:
        store = await VariantStore.open(address, deadline=600.0)
        for turn in range(ROUNDS + 1):
            for name, kind in KINDS.items():
                took = []
                for low in starts:
                    query = Query(pattern=kind.pattern(low), page=Page(limit=LIMIT))
                    asked = dict.fromkeys(NAMES[: kind.datasets], kind.granularity)
                    begun = time.perf_counter()
                    found = await store.find(query, asked)
                    took.append(1000 * (time.perf_counter() - begun))
                    numbers[name] = [one.total for one in found.datasets]
                if turn:
                    taken.setdefault(name, []).append(statistics.median(took))
        await store.close()
    return taken, numbers


@contextmanager
def served(home: Path) -> Iterator[HTTPConnection]:
    """Serve the store; give a connection that is kept alive."""
    command = [BEACON, "--data-dir", home, "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            said = "" if server.stdout is None else server.stdout.readline()
            (url,) = (word for word in said.split() if word.startswith("http"))
            yield HTTPConnection(urlsplit(url).netloc, timeout=60)
        finally:
            server.send_signal(signal.SIGTERM)


def post(site: HTTPConnection, body: bytes) -> dict[str, object]:
    """Ask one question over HTTP."""
    headers = {"Content-Type": "application/json"}
    site.request("POST", "/api/g_variants", body, headers)
    said = site.getresponse()
    text = said.read()
    if said.status != 200:
        message = text.decode()
        raise AssertionError(message)
    answer: dict[str, object] = json.loads(text)
    return answer


def check(kind: Kind, answer: dict[str, object], numbers: list[int]) -> None:
    """Refuse an answer that says another number than the store.

    Raises:
        AssertionError: naming both.
    """
    said = {one["id"]: one for one in answer["response"]["resultSets"]}  # type: ignore[index]
    exact = [said[name].get("resultsCount") for name in NAMES[: kind.datasets]]
    if kind.granularity is BOOLEAN:
        exact = [int(said[name]["exists"]) for name in NAMES[: kind.datasets]]
    if exact != numbers:
        message = f"{kind}: HTTP says {exact}, the store {numbers}"
        raise AssertionError(message)


def by_http(
    home: Path, starts: list[int], numbers: dict[str, list[int]]
) -> dict[str, list[float]]:
    """Ask a served store; return the rounds' medians by kind."""
    taken: dict[str, list[float]] = {}
    with served(home) as site:
        for turn in range(ROUNDS + 1):
            for name, kind in KINDS.items():
                took = []
                for low in starts:
                    body = kind.body(low)
                    begun = time.perf_counter()
                    answer = post(site, body)
                    took.append(1000 * (time.perf_counter() - begun))
                check(kind, answer, numbers[name])
                if turn:
                    taken.setdefault(name, []).append(statistics.median(took))
    return taken


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, default=WORK / "ranges-store")
    parser.add_argument("--variants", type=int, default=1_000_000)
    given = parser.parse_args()
    load(given.store, given.variants)
    last = FIRST + max(0, int(given.variants * 57) - 9 * MB)
    starts = list(range(FIRST, last, max(1, (last - FIRST) // ASKED)))[:ASKED]
    stored, numbers = asyncio.run(by_store(given.store, starts))
    asked = by_http(given.store, starts, numbers)
    pairs = zip(asked["5 Mb count"], asked["100 kb count"], strict=True)
    keep(
        "ranges",
        {
            "variants": given.variants,
            "questions": ROUNDS * len(starts),
            "store, ms": {name: summary(took) for name, took in stored.items()},
            "http, ms": {name: summary(took) for name, took in asked.items()},
            "5 Mb by 100 kb": round(statistics.median(a / b for a, b in pairs), 3),
        },
    )


if __name__ == "__main__":
    main()
