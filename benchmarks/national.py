"""Load sites-only callsets of national size with the real command; watch it.

    python benchmarks/national.py [--variants 50000000] [--datasets 1] [--jobs 2]

Makes the callsets (once, from a seed, in benchmarks/work), loads each as a
dataset into an empty embedded store, and looks once a second at the rows the
server took and at the memory of all processes.  Printed and kept are

* rows a second over the whole load and in each tenth of it, and the rate of the
  last tenth by that of the first (the gate is 0.8);
* the most memory that the loader's processes took, each and together (1 GiB);
* bytes on disk of the variants and their index, after a checkpoint, a document
  and a row, that is a variant of a dataset (50 bytes).

The store is left in --data-dir with --keep.  Ends with 1 when a gate is missed.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import make_national
from measure import WORK, keep
from pymongo import MongoClient

from beacon.store.connection import connect
from beacon.store.driver import variants_collection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.database import Database

BEACON = Path(sys.executable).with_name("beacon")
COLLECTION = variants_collection("GRCh38")
TENTHS = 10
CACHED = "bytes currently in the cache"
FREE = "file bytes available for reuse"
STEADY, MEMORY, BYTES = 0.8, 1 << 30, 50.0


@dataclass(slots=True)
class Watched:
    """What was seen of one load.

    Attributes:
        rows: seconds since its start, and rows the server had taken since.
        each: the most memory of any of its processes, in bytes.
        together: the most of all of them.
        server: the most of mongod.
    """

    rows: list[tuple[float, int]] = field(default_factory=list)
    each: int = 0
    together: int = 0
    server: int = 0
    seconds: float = 0.0


def resident(process: int) -> int:
    """Return the memory of a process, in bytes; 0 when it is gone."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    for line in text.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) << 10
    return 0


def family(process: int) -> list[int]:
    """Return a process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(words[1]), []).append(int(entry.name))
    found = [process]
    for one in found:
        found += children.get(one, [])
    return found


class Server:
    """What mongod says of itself."""

    def __init__(self, database: Database[dict[str, object]]) -> None:
        self._database = database
        status = database.client.admin.command("serverStatus")
        self.process = int(status["pid"])
        self.version = str(status["version"])

    def rows(self) -> int:
        """Return how many documents were inserted or changed since it started."""
        status = self._database.client.admin.command("serverStatus")
        counted = status["metrics"]["document"]
        return int(counted["inserted"] + counted["updated"])

    def disk(self) -> dict[str, int]:
        """Return bytes on disk after a checkpoint, and documents."""
        self._database.client.admin.command("fsync")
        found = self._database.command("collStats", COLLECTION, indexDetails=True)
        whole = self._database.command("dbStats")
        index = found["indexDetails"]["_id_"]
        return {
            "documents": int(found["count"]),
            "bytes of a document": int(found["avgObjSize"]),
            "data": int(found["storageSize"]),
            "data, free to be used again": int(found["freeStorageSize"]),
            "data in the cache": int(found["wiredTiger"]["cache"][CACHED]),
            "index": int(found["totalIndexSize"]),
            "index, free to be used again": int(index["block-manager"][FREE]),
            "index in the cache": int(index["cache"][CACHED]),
            "everything": int(whole["storageSize"] + whole["indexSize"]),
        }


def watch(command: Sequence[str], server: Server) -> Watched:
    """Run a load to its end; look once a second."""
    seen = Watched()
    before, begun = server.rows(), time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as load:
        while load.poll() is None:
            seen.rows.append((time.perf_counter() - begun, server.rows() - before))
            sizes = [resident(p) for p in family(load.pid)]
            seen.each = max(seen.each, *sizes)
            seen.together = max(seen.together, sum(sizes))
            seen.server = max(seen.server, resident(server.process))
            try:
                load.wait(1)
            except subprocess.TimeoutExpired:
                continue
        seen.seconds = time.perf_counter() - begun
    if load.returncode:
        sys.exit(f"{' '.join(command)} ended with {load.returncode}")
    return seen


def rates(rows: Sequence[tuple[float, int]]) -> list[int]:
    """Return rows a second in each tenth of the rows, first to last.

    The clock runs from the last look without a row to the first with all.
    """
    total = rows[-1][1]
    marks = [total * n // TENTHS for n in range(TENTHS + 1)]
    times = [_reached(rows, mark) for mark in marks]
    return [round((total / TENTHS) / (b - a)) for a, b in pairwise(times)]


def _reached(rows: Sequence[tuple[float, int]], mark: int) -> float:
    """Return when so many rows were there, between two looks by proportion."""
    if not mark:
        return max(at for at, count in rows if not count)
    for (a, low), (b, high) in pairwise(rows):
        if low < mark <= high:
            return a + (b - a) * (mark - low) / (high - low)
    return rows[-1][0]


def one_load(path: Path, dataset: str, given: argparse.Namespace) -> list[str]:
    """Return the command that loads one callset."""
    options = ["--dataset", dataset, "--data-dir", str(given.data_dir)]
    if given.jobs > 1:
        options += ["--jobs", str(given.jobs)]
    return [str(BEACON), "load", "variants", str(path), *options]


def made(variants: int, dataset: int) -> tuple[Path, float]:
    """Return a callset, and how long it took to make."""
    WORK.mkdir(exist_ok=True)
    path = WORK / f"national.{variants}.{dataset}.vcf.gz"
    begun = time.perf_counter()
    if not path.exists():
        make_national.write(path, variants, dataset=dataset)
    return path, time.perf_counter() - begun


def told(
    seen: Watched, disk: dict[str, int], rows: int, loaded: int
) -> dict[str, object]:
    """Return the figures of one load; ``rows`` is what the store holds by now."""
    tenths = rates(seen.rows)
    both = disk["data"] + disk["index"]
    return {
        "seconds": round(seen.seconds, 1),
        "rows/s": round(loaded / seen.seconds),
        "rows/s by tenth": tenths,
        "last tenth by first": round(tenths[-1] / tenths[0], 3),
        "MiB of a loader process": seen.each >> 20,
        "MiB of all loader processes": seen.together >> 20,
        "MiB of mongod": seen.server >> 20,
        "rows": rows,
        **disk,
        "bytes on disk a document": round(both / disk["documents"], 2),
        "bytes on disk a row": round(both / rows, 2),
        "index bytes on disk a document": round(disk["index"] / disk["documents"], 2),
    }


def missed(seen: Watched, figures: dict[str, object]) -> list[str]:
    """Return the gates that a load missed."""
    gates = {
        "the rate falls": float(str(figures["last tenth by first"])) >= STEADY,
        "the loader is too large": seen.together <= MEMORY,
        "the disk is too full": float(str(figures["bytes on disk a row"])) <= BYTES,
    }
    return [name for name, is_kept in gates.items() if not is_kept]


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", type=int, default=50_000_000)
    datasets = range(1, make_national.DATASETS + 1)
    parser.add_argument("--datasets", type=int, default=1, choices=datasets)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--data-dir", type=Path, default=WORK / "national")
    parser.add_argument("--keep", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Make, load, watch, print and keep."""
    given = arguments()
    shutil.rmtree(given.data_dir, ignore_errors=True)
    failed: list[str] = []
    with connect(None, given.data_dir) as address:
        client: MongoClient[dict[str, object]] = MongoClient(address.uri)
        server = Server(client[address.database])
        for number in range(given.datasets):
            path, making = made(given.variants, number)
            seen = watch(one_load(path, f"national-{number}", given), server)
            rows = given.variants * (number + 1)
            figures = told(seen, server.disk(), rows, given.variants)
            failed += missed(seen, figures)
            question = {
                "variants": given.variants,
                "dataset": number + 1,
                "jobs": given.jobs,
                "mongod": server.version,
                "seconds of making": round(making, 1),
            }
            keep("national", {**question, **figures})
        client.close()
    if not given.keep:
        shutil.rmtree(given.data_dir, ignore_errors=True)
    if failed:
        sys.exit("missed: " + ", ".join(failed))


if __name__ == "__main__":
    main()
