"""Time loading side by side with bcftools, in one run; append to results/load.jsonl.

    python benchmarks/load.py [--repeat 3]

Two questions, each a whole command from start to end, the store's server
already running and each load going into an empty database of its own:

* a genotyped file (20,000 records x 2,504 samples): ``beacon load`` with sex and
  population groups, published in MongoDB, against ``bcftools +fill-tags -S`` with
  the same groups, which only counts;
* a sites-only file (1,000,000 records of 20 INFO keys): records a second.

Data is made once, from a seed, in benchmarks/work.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from beacon.store.connection import connect

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent
WORK = HERE / "work"
BEACON = Path(sys.executable).with_name("beacon")
GENOTYPED = WORK / "genotyped.vcf.gz"
SITES = WORK / "sites.vcf.gz"
SITE_RECORDS = 1_000_000
TAGS = "AN,AC,AC_Hom,AC_Het,AC_Hemi"


def make_data() -> None:
    """Make the two files, unless they are there."""
    WORK.mkdir(exist_ok=True)
    for kind, path, more in (
        ("genotyped", GENOTYPED, []),
        ("sites", SITES, ["--records", str(SITE_RECORDS)]),
    ):
        if not path.exists():
            script = [sys.executable, str(HERE / "make_cohort.py"), kind, str(path)]
            subprocess.run([*script, *more], check=True)


def seconds(command: list[str]) -> float:
    """Run a command; return its wall time."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


def load_command(store: str, path: Path, *more: str) -> list[str]:
    """Return the command that loads a file into an empty database."""
    options = ["--dataset", "bench", "--assembly", "GRCh37", "--store", store]
    return [str(BEACON), "load", "variants", str(path), *options, *more]


def measure(
    repeat: int, runs: dict[str, Callable[[int], list[str]]]
) -> dict[str, list[float]]:
    """Time the commands in turn, ``repeat`` times; the first round only warms."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(repeat + 1):
        for name, command in runs.items():
            spent = seconds(command(turn))
            if turn:
                times[name].append(spent)
    return times


def summary(times: list[float]) -> dict[str, float]:
    """Return minimum, median and maximum."""
    return {
        "min": round(min(times), 3),
        "median": round(statistics.median(times), 3),
        "max": round(max(times), 3),
    }


def machine() -> dict[str, object]:
    """Return what the figures depend on."""
    git = ["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"]
    sha = subprocess.run(git, capture_output=True, text=True, check=False).stdout
    return {
        "git": sha.strip(),
        "cores": os.cpu_count(),
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "nordic-beacon": version("nordic-beacon"),
    }


def main() -> None:
    """Run both questions, print a table, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3)
    repeat = parser.parse_args().repeat
    make_data()
    bcftools = shutil.which("bcftools")
    with tempfile.TemporaryDirectory() as home, connect(None, Path(home)) as address:
        samples = str(GENOTYPED.with_suffix(".samples.tsv"))
        groups = str(GENOTYPED.with_suffix(".groups.txt"))
        runs: dict[str, Callable[[int], list[str]]] = {
            "genotyped: beacon load": lambda turn: load_command(
                f"{address.uri}/g{turn}", GENOTYPED, "--samples", samples
            )
        }
        if bcftools:
            fill = [bcftools, "+fill-tags", str(GENOTYPED), "-Ob", "-o", os.devnull]
            options = ["--", "-S", groups, "-t", TAGS]
            runs["genotyped: bcftools +fill-tags"] = lambda _: [*fill, *options]
        runs["sites only: beacon load"] = lambda turn: load_command(
            f"{address.uri}/s{turn}", SITES
        )
        times = measure(repeat, runs)
    figures: dict[str, object] = {name: summary(t) for name, t in times.items()}
    for name, figure in figures.items():
        print(f"{name:<34} {figure}")
    sites = SITE_RECORDS / statistics.median(times["sites only: beacon load"])
    figures["sites only: records/s"] = round(sites)
    print(f"sites only: {sites:,.0f} records/s")
    if bcftools:
        ours, theirs = list(times.values())[:2]
        ratio = statistics.median(theirs) / statistics.median(ours)
        figures["genotyped: times as fast as bcftools"] = round(ratio, 2)
        print(f"genotyped: {ratio:.2f} times as fast as bcftools +fill-tags")
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    with (results / "load.jsonl").open("a") as file:
        file.write(json.dumps({**machine(), "repeat": repeat, **figures}) + "\n")


if __name__ == "__main__":
    main()
