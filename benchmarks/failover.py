"""Ask a replica set over HTTP while its primary is killed, then frozen.

    python benchmarks/failover.py [--seconds 30] [--rate 50]

Three mongods on loopback with MongoDB's own timing (an election after ten
seconds), ``beacon serve`` before them, a load of another dataset going on behind
it.  Questions are for one allele (four of five) and for a range; every answer is
known.  The law: none wrong; none failed after the kill, and at most one in a
hundred after the freeze; none over 2.5 seconds; the load loses nothing.  The exit
code is 1 where it is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import aiohttp
from measure import keep
from pymongo import MongoClient
from replica_set import replica_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from replica_set import ReplicaSet

BEACON = str(Path(sys.executable).with_name("beacon"))
FIRST = 20_000_000
ALLELES = 20_000
LOADED = 60_000
RANGE = 100
HEALED = 8
SLOWEST = 2.5
HEADER = (
    "##fileformat=VCFv4.2\n##contig=<ID=chr22>\n"
    '##INFO=<ID=AC,Number=A,Type=Integer,Description="carriers">\n'
    '##INFO=<ID=AN,Number=1,Type=Integer,Description="called">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
)


class Answered(NamedTuple):
    """How one question went: ``None`` is right, else what was wrong."""

    at: float
    seconds: float
    fault: str | None


def write_sites(path: Path, number: int, step: int) -> None:
    """Write alleles T>C, ``step`` bases apart."""
    with path.open("w") as file:
        file.write(HEADER)
        for n in range(number):
            pos = FIRST + step * n + 1
            file.write(f"chr22\t{pos}\t.\tT\tC\t.\tPASS\tAC=3;AN=200\n")


def load_command(file: Path, dataset: str, uri: str) -> list[str]:
    """Return the command that loads a file."""
    options = ["--dataset", dataset, "--assembly", "GRCh38", "--store", uri]
    return [BEACON, "load", "variants", str(file), *options]


@contextmanager
def serving(uri: str) -> Iterator[str]:
    """Serve the store; give the address."""
    command = [BEACON, "serve", "--port", "0", "--store", uri]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        yield next(w for w in line.split() if w.startswith("http")).rstrip("/")
    finally:
        process.terminate()
        process.wait()


def question(number: int) -> tuple[dict[str, str], int]:
    """Return a question and how many alleles answer it."""
    start = FIRST + number % (2 * ALLELES)
    asked = {"assemblyId": "GRCh38", "referenceName": "22", "start": str(start)}
    asked |= {"requestedGranularity": "count", "datasets": "d"}
    if number % 5:
        return {**asked, "referenceBases": "T", "alternateBases": "C"}, 1 - start % 2
    start = FIRST + number % (2 * ALLELES - RANGE) // 2 * 2
    return {**asked, "start": str(start), "end": str(start + RANGE)}, RANGE // 2


async def answer(session: aiohttp.ClientSession, url: str, number: int) -> Answered:
    """Ask one question, and judge the answer."""
    parameters, expected = question(number)
    began = time.monotonic()
    fault = None
    try:
        async with session.get(f"{url}/api/g_variants", params=parameters) as reply:
            said = await reply.json()
        if reply.status != 200:
            fault = f"failed: {reply.status}"
        elif said["responseSummary"].get("numTotalResults", 0) != expected:
            fault = f"wrong: {parameters} {said['responseSummary']}"
    except (aiohttp.ClientError, TimeoutError) as error:
        fault = f"failed: {error!r}"
    return Answered(began, time.monotonic() - began, fault)


async def ask(
    url: str,
    rate: int,
    seconds: float,
    hurt: Callable[[], None],
    heal: Callable[[], None],
) -> list[Answered]:
    """Ask at a rate; hurt the set after two seconds, heal it a while before the end."""
    healed_at = max(3, int(seconds) - HEALED)
    asking = []
    async with aiohttp.ClientSession() as session:
        began = time.monotonic()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            if number == 2 * rate:
                hurt()
            if number == healed_at * rate:
                heal()
            asking.append(asyncio.create_task(answer(session, url, number)))
        return await asyncio.gather(*asking)


def summary(answers: list[Answered]) -> dict[str, object]:
    """Return what is judged."""
    seconds = sorted(a.seconds for a in answers)
    faults = [a.fault for a in answers if a.fault]
    return {
        "questions": len(answers),
        "wrong": sum(fault.startswith("wrong") for fault in faults),
        "failed": sum(fault.startswith("failed") for fault in faults),
        "median ms": round(1000 * statistics.median(seconds), 1),
        "slowest ms": round(1000 * seconds[-1]),
        "over 100 ms": sum(s > 0.1 for s in seconds),
        "over 1 s, begun at": sorted(
            {round(a.at - answers[0].at) for a in answers if a.seconds > 1}
        ),
        "faults": sorted(set(faults))[:3],
    }


def is_lawful(result: dict[str, object], failures: float) -> bool:
    """Whether a phase keeps the law."""
    return (
        not result["wrong"]
        and float(str(result["failed"])) <= failures * float(str(result["questions"]))
        and float(str(result["slowest ms"])) <= 1000 * SLOWEST
        and result["load"] == 0
        and result["rows loaded"] == LOADED
    )


def phase(
    members: ReplicaSet, uri: str, big: Path, arguments: argparse.Namespace, fault: str
) -> dict[str, object]:
    """Ask through one fault, a load going on; return what came of it."""
    primary = members.primary()
    process = subprocess.Popen(
        load_command(big, fault, uri),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    hurt, heal = {
        "none": (lambda: None, lambda: None),
        "kill": (lambda: members.kill(primary), lambda: members.start(primary)),
        "freeze": (
            lambda: members.send(primary, signal.SIGSTOP),
            lambda: members.send(primary, signal.SIGCONT),
        ),
    }[fault]
    with serving(uri) as url:
        asking = ask(url, arguments.rate, arguments.seconds, hurt, heal)
        answers = asyncio.run(asking)
    code = process.wait()
    members.settle()
    with MongoClient(uri) as client:
        rows = client.get_default_database()["variants_GRCh38"]
        number = client.get_default_database()["datasets"].find_one({"_id": fault})
        field = f"d.{(number or {}).get('active')}"
        held = rows.count_documents({field: {"$exists": True}})
    return {**summary(answers), "load": code, "rows loaded": held}


def main() -> None:
    """Run both phases, print and keep; fail where the law is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=int, default=50)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        small, big = Path(folder) / "small.vcf", Path(folder) / "big.vcf"
        write_sites(small, ALLELES, 2)
        write_sites(big, LOADED, 1)
        with replica_set(Path(folder)) as members:
            uri = members.uri("failover")
            command = load_command(small, "d", uri)
            subprocess.run(command, check=True, capture_output=True)
            results = {
                fault: phase(members, uri, big, arguments, fault)
                for fault in ("none", "kill", "freeze")
            }
    lawful = {
        "none": is_lawful(results["none"], 0),
        "kill": is_lawful(results["kill"], 0),
        "freeze": is_lawful(results["freeze"], 0.01),
    }
    keep("failover", {**vars(arguments), **results, "lawful": lawful})
    if not all(lawful.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
