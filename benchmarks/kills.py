"""Kill one load again and again until it is published; compare it with a fresh one.

    python benchmarks/kills.py [--kills 50] [--jobs 2] [--records 1000000]

Each run is the same load in a process of its own.  It is killed (SIGKILL) at a
random moment: the parent, or all processes, or one that reads.  Work repeated is
what was read when the kill came, less what the next run did not have to read
again.  A load that publishes before the last kill is removed, and begins anew.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from make_cohort import sites
from measure import WORK, keep
from pymongo import MongoClient

from beacon.ingest import LoadRequest, load_variants
from beacon.model.errors import LoadInterrupted
from beacon.store.carrier_documents import bounds
from beacon.store.connection import StoreAddress, connect
from beacon.store.people import read_people
from beacon.store.releases import Catalogue
from loaders import LoadOptions, open_cohort

if TYPE_CHECKING:
    from pymongo.database import Database

    from loaders.shards import Plan

OPTIONS = LoadOptions(assembly="GRCh37")
PART = 4
"""Bytes of the number of the part, at the beginning of a carrier document's id."""
LONGEST = 8.0
"""Seconds a run lives at most after it has begun."""


def load(address: StoreAddress, path: Path, dataset: str, jobs: int, log: Path) -> None:
    """Load, and write down how many bytes are read, and that it is done."""
    with log.open("w") as file:
        file.write("0\n")
        file.flush()

        def told(read: int) -> None:
            file.seek(0)
            file.write(f"{read:015d}\n")
            file.flush()

        request = LoadRequest(
            dataset=dataset, paths=(path,), options=OPTIONS, references={}, jobs=jobs
        )
        with Catalogue(address) as catalogue, suppress(LoadInterrupted):
            load_variants(catalogue, request, told)


def run_and_kill(command: list[str], log: Path, moment: random.Random) -> int:
    """Run a load, kill it somehow after a while; return the bytes it had read."""
    log.unlink(missing_ok=True)
    with subprocess.Popen(command, start_new_session=True) as loading:
        while not log.exists() and loading.poll() is None:
            time.sleep(0.01)
        with suppress(subprocess.TimeoutExpired):
            loading.wait(moment.uniform(0, LONGEST))
        _kill(loading.pid, moment.choice(("parent", "all", "reader")))
    return int(log.read_text().split()[0])


def _kill(parent: int, what: str) -> None:
    with suppress(ProcessLookupError):
        if what == "all":
            os.killpg(parent, signal.SIGKILL)
        elif what == "parent":
            os.kill(parent, signal.SIGKILL)
        else:
            readers = subprocess.run(
                ["pgrep", "-P", str(parent)],
                capture_output=True,
                text=True,
                check=False,
            ).stdout.split()
            os.kill(int(readers[0]) if readers else parent, signal.SIGKILL)


def done_bytes(database: Database[dict[str, object]], plan: Plan) -> int:
    """Return how many bytes of the file need not be read again."""
    return sum(
        plan.weight(int(str(found["_id"])) & 0xFFFFFFFF)
        for found in database["chunks"].find({}, {"_id": 1})
    )


def digest(database: Database[dict[str, object]], number: int) -> tuple[int, str]:
    """Return how many rows a release has, and a digest of them in order.

    Carriers are in it, chunk by chunk, and the people behind them.
    """
    count, total = 0, sha256()
    for name in ("variants_GRCh37", "long_GRCh37"):
        field = f"d.{number}"
        found = database[name].find({field: {"$exists": True}}, {field: 1})
        for row in found.sort("_id", 1):
            counts = row["d"]
            count += 1
            total.update(f"{row['_id']}".encode())
            total.update(bytes(counts[str(number)]))  # type: ignore[index]
    low, high = bounds(number)
    carriers = database["carriers_GRCh37"].find({"_id": {"$gte": low, "$lt": high}})
    for block in carriers.sort("_id", 1):
        total.update(bytes(block["_id"])[PART:])  # type: ignore[call-overload]
        total.update(bytes(block["b"]))  # type: ignore[call-overload]
    total.update(repr(read_people(database, number)).encode())
    return count, total.hexdigest()


def killed(address: StoreAddress, args: argparse.Namespace) -> dict[str, object]:
    """Kill loads; return the figures, and what they left published."""
    plan = open_cohort([args.file], OPTIONS).plan()
    log = Path(tempfile.mkdtemp()) / "read"
    moment = random.Random(args.seed)
    size = args.file.stat().st_size
    shares: list[float] = []
    published = 0
    command = [sys.executable, __file__, "--child", address.uri, str(args.file)]
    command += [address.database, str(args.jobs), str(log)]
    with MongoClient(address.uri) as client, Catalogue(address) as catalogue:
        database = client[address.database]
        while len(shares) < args.kills:
            read = run_and_kill(command, log, moment)
            if any(d.id == "killed" for d in catalogue.datasets()):
                published += 1
                catalogue.remove("killed")
                continue
            shares.append(max(0, read - done_bytes(database, plan)) / size)
    ordered = sorted(shares)
    return {
        "kills": len(shares),
        "chunks": plan.chunks,
        "published on the way": published,
        "repeated per kill": {
            "median": round(ordered[len(ordered) // 2], 4),
            "max": round(ordered[-1], 4),
        },
    }


def main() -> None:
    """Kill, publish, compare, print and keep."""
    if sys.argv[1:2] == ["--child"]:
        uri, path, database, jobs, log = sys.argv[2:]
        address = StoreAddress(
            uri=uri, database=database, is_embedded=False, description=""
        )
        load(address, Path(path), "killed", int(jobs), Path(log))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--file", type=Path)
    args = parser.parse_args()
    if args.file is None:
        WORK.mkdir(exist_ok=True)
        args.file = WORK / f"kills.{args.records}.vcf.gz"
        if not args.file.exists():
            sites(args.file, args.records, seed=1)
    with tempfile.TemporaryDirectory() as home, connect(None, Path(home)) as address:
        figures = killed(address, args)
        log = Path(home) / "read"
        load(address, args.file, "killed", args.jobs, log)
        load(address, args.file, "fresh", 1, log)
        with Catalogue(address) as catalogue, MongoClient(address.uri) as client:
            numbers = [catalogue.releases(d)[0].number for d in ("killed", "fresh")]
            found = [digest(client[address.database], n) for n in numbers]
    figures["rows"] = found[0][0]
    figures["the same as a fresh load"] = found[0] == found[1]
    keep("kills", figures)


if __name__ == "__main__":
    main()
