"""Time ``beacon annotate`` of a callset drawn from ten loaded datasets.

    python benchmarks/annotate.py STORE SETS [--variants 1000000] [--repeat 5] [--spy]

STORE is a data directory that holds what ``make_ten.py`` wrote to SETS, loaded.
The callset is made once, from a seed, in benchmarks/work: the distinct variants of
all ten sets, so many of them, sorted; of one in ten the bases are changed so that
no set has it.  The command runs as people run it, with two processes and an index
at the end; the processor's time is that of every process of ours and of mongod,
read from /proc twenty times a second, memory is the most of all ours together
(proportional set size), without mongod.  With ``--spy`` it runs once more, and
where a process spends its time is written to ``benchmarks/profiles/annotate.txt``.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from heapq import merge
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import pysam
from measure import WORK, keep, machine, summary
from spy import PROFILES, stacks, table

from beacon.store.connection import connect
from loaders.packed import BGZF_END, packed

if TYPE_CHECKING:
    from collections.abc import Iterator

Variant = tuple[int, str, str]

_TICK = os.sysconf("SC_CLK_TCK")
_LOOK_EVERY = 0.05
_SETTLED = 10.0
"""Seconds after which all processes are at work."""
_PASSING = {"A": "C", "C": "G", "G": "T", "T": "A"}


def variants(path: Path) -> Iterator[Variant]:
    """Yield position, REF and ALT of a set."""
    with pysam.BGZFile(str(path), "rb", None) as file:
        for line in file:
            if not line.startswith(b"#"):
                _, pos, _, ref, alt = line.split(b"\t", 5)[:5]
                yield int(pos), ref.decode(), alt.decode()


def union(folder: Path) -> Iterator[Variant]:
    """Yield the distinct variants of all sets, in order."""
    sets = [variants(path) for path in sorted(folder.glob("set*.vcf.gz"))]
    for _, same in groupby(merge(*sets)):
        yield next(iter(same))


def callset(folder: Path, out: Path, size: int, seed: int) -> None:
    """Write a callset of one person's sites; the same seed gives the same bytes."""
    rng = random.Random(seed)
    every = list(union(folder))
    chosen = sorted(rng.sample(range(len(every)), min(size, len(every))))
    lines = ["##fileformat=VCFv4.2", "##contig=<ID=chr1,length=248956422>"]
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tNA1")
    for at in chosen:
        pos, ref, alt = every[at]
        if rng.random() < 0.1:
            alt = f"{alt}{_PASSING[alt[-1]]}GATTACA"
        called = rng.choice(("0/1", "1/1"))
        lines.append(
            f"chr1\t{pos}\t.\t{ref}\t{alt}\t50\tPASS\tDP=30\tGT:DP\t{called}:30"
        )
    part = out.with_suffix(".part")
    part.write_bytes(packed("\n".join(lines).encode() + b"\n") + BGZF_END)
    part.rename(out)


def family(root: int) -> list[int]:
    """Return a process and all below it."""
    found, left = [], [root]
    while left:
        pid = left.pop()
        found.append(pid)
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                left += map(int, task.read_text().split())
            except OSError:
                continue
    return found


def cpu_of(pid: int) -> float:
    """Return the processor's seconds of a process; 0 of one that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICK


def memory_of(pid: int) -> int:
    """Return the bytes a process holds, shared ones in part."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next(
        (int(x.split()[1]) * 1024 for x in text.splitlines() if x.startswith("Pss:")), 0
    )


def mongod_of(store: Path) -> int:
    """Return the process of the embedded mongod of a data directory."""
    wanted = str(store.resolve()).encode()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        if b"mongod" in words.split(b"\0")[0] and wanted in words:
            return int(path.parent.name)
    message = f"no mongod serves {store}"
    raise SystemExit(message)


def command_of(store: Path, source: Path, out: Path, jobs: int) -> list[str]:
    """Return the command, as people run it."""
    return [
        str(Path(sys.executable).with_name("beacon")), "annotate", str(source),
        "-o", str(out), "--jobs", str(jobs), "--data-dir", str(store),
    ]  # fmt: skip


def profiled(store: Path, source: Path, jobs: int) -> str:
    """Return where the busiest of those that ask spends its time, some seconds on."""
    out = WORK / "annotated.vcf.gz"
    command = command_of(store, source, out, jobs)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    time.sleep(_SETTLED)
    seen = stacks(max(family(process.pid)[1:], key=cpu_of))
    if process.wait():
        raise SystemExit(process.returncode)
    out.unlink()
    said = ", ".join(f"{key} {value}" for key, value in machine().items())
    head = f"Annotating from ten datasets, one of {jobs} processes."
    return f"{head}\n{said}\n\n{table(seen)}"


def run(store: Path, source: Path, jobs: int) -> dict[str, float]:
    """Annotate once; return seconds and bytes."""
    out = WORK / "annotated.vcf.gz"
    command = command_of(store, source, out, jobs)
    mongod = mongod_of(store)
    began, before = time.perf_counter(), cpu_of(mongod)
    spent: dict[int, float] = {}
    most = 0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        mine = family(process.pid)
        spent |= {pid: cpu_of(pid) or spent.get(pid, 0) for pid in mine}
        most = max(most, sum(map(memory_of, mine)))
        time.sleep(_LOOK_EVERY)
    wall = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(process.returncode)
    ours, theirs = sum(spent.values()), cpu_of(mongod) - before
    out.unlink()
    return {"wall": wall, "cpu": ours, "mongod": theirs, "memory": most}


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--variants", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--spy", action="store_true")
    given = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    source = WORK / f"callset{given.variants}.vcf.gz"
    if not source.exists():
        callset(given.sets, source, given.variants, seed=1)
    with connect(None, given.store):
        runs = [run(given.store, source, given.jobs) for _ in range(given.repeat)]
        if given.spy:
            text = profiled(given.store, source, given.jobs)
            (PROFILES / "annotate.txt").write_text(text)
    count = given.variants
    result = {
        "variants": count,
        "jobs": given.jobs,
        "repeat": given.repeat,
        "variants/s": summary([count / r["wall"] for r in runs]),
        "cpu us/variant": summary([r["cpu"] / count * 1e6 for r in runs]),
        "mongod cpu us/variant": summary([r["mongod"] / count * 1e6 for r in runs]),
        "MB": summary([r["memory"] / 1e6 for r in runs]),
    }
    keep("annotate", result)


if __name__ == "__main__":
    main()
