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
import os
import shutil
import statistics
import sys
import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from make_cohort import genotyped, sites
from measure import WORK, figures, keep, run, side_by_side

from beacon.store.connection import connect

if TYPE_CHECKING:
    from collections.abc import Callable

BEACON = Path(sys.executable).with_name("beacon")
GENOTYPED = WORK / "genotyped.vcf.gz"
SITES = WORK / "sites.vcf.gz"
RECORDS, SAMPLES, SITE_RECORDS = 20_000, 2_504, 1_000_000
TAGS = "AN,AC,AC_Hom,AC_Het,AC_Hemi"
OURS, THEIRS = "genotyped: beacon load", "genotyped: bcftools +fill-tags"
SITES_ONLY = "sites only: beacon load"


def make_data() -> None:
    """Make the two files, unless they are there."""
    WORK.mkdir(exist_ok=True)
    if not GENOTYPED.exists():
        genotyped(GENOTYPED, RECORDS, SAMPLES, seed=1)
    if not SITES.exists():
        sites(SITES, SITE_RECORDS, seed=1)


def load(server: str, path: Path, *more: str) -> Callable[[], object]:
    """Return the work of loading a file into a new database each time."""
    numbers = count()

    def work() -> None:
        store = f"{server}/{path.name.partition('.')[0]}{next(numbers)}"
        options = ["--dataset", "bench", "--assembly", "GRCh37", "--store", store]
        run([str(BEACON), "load", "variants", str(path), *options, *more])()

    return work


def works(server: str) -> dict[str, Callable[[], object]]:
    """Return what is timed, by name."""
    samples = str(GENOTYPED.with_suffix(".samples.tsv"))
    groups = str(GENOTYPED.with_suffix(".groups.txt"))
    found = {OURS: load(server, GENOTYPED, "--samples", samples)}
    if bcftools := shutil.which("bcftools"):
        fill = [bcftools, "+fill-tags", str(GENOTYPED), "-Ob", "-o", os.devnull]
        found[THEIRS] = run([*fill, "--", "-S", groups, "-t", TAGS])
    return {**found, SITES_ONLY: load(server, SITES)}


def main() -> None:
    """Run both questions, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3)
    repeat = parser.parse_args().repeat
    make_data()
    with tempfile.TemporaryDirectory() as home, connect(None, Path(home)) as address:
        taken = side_by_side(repeat, works(address.uri))
    wall = {name: statistics.median(s.wall for s in t) for name, t in taken.items()}
    result = {"repeat": repeat, **figures(taken)}
    result["sites only: records/s"] = round(SITE_RECORDS / wall[SITES_ONLY])
    if THEIRS in wall:
        ratio = round(wall[THEIRS] / wall[OURS], 2)
        result["genotyped: times as fast as bcftools"] = ratio
    keep("load", result)


if __name__ == "__main__":
    main()
