"""Time reading with two processes against one: ``beacon load variants --dry-run``.

    python benchmarks/jobs.py [--repeat 3] [--genotyped 400000] [--sites 3000000]

A genotyped file of 2,504 samples and a sites-only one, each read, checked, merged
and counted whole, by one and by two processes in turn; nothing is stored.  The
clock is that of the whole command, its start and the cutting into chunks included;
files are large enough to keep one process busy for half a minute.

Data is made once, from a seed, in benchmarks/work.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import make_national
from make_cohort import genotyped
from measure import WORK, figures, keep, run, side_by_side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measure import Spent

BEACON = Path(sys.executable).with_name("beacon")
SAMPLES = 2_504
ENOUGH = 1.7


def reading(path: Path, jobs: int) -> list[str]:
    """Return the command that reads a file."""
    command = [str(BEACON), "load", "variants", str(path), "--dataset", "bench"]
    samples = path.with_suffix(".samples.tsv")
    more = ["--samples", str(samples)] if samples.exists() else []
    return [*command, *more, "--dry-run", "--jobs", str(jobs)]


def gain(one: Sequence[Spent], two: Sequence[Spent]) -> float:
    """Return how many times as fast two are: the median of turns, by the clock."""
    pairs = zip(one, two, strict=True)
    return round(statistics.median(a.wall / b.wall for a, b in pairs), 3)


def compared(name: str, path: Path, repeat: int) -> float:
    """Read a file by one and by two, print and keep; return the gain."""
    works = {f"jobs {jobs}": run(reading(path, jobs)) for jobs in (1, 2)}
    taken = side_by_side(repeat, works)
    found = gain(taken["jobs 1"], taken["jobs 2"])
    result = {"file": name, "repeat": repeat, **figures(taken)}
    keep("jobs", {**result, "times as fast": found})
    return found


def main() -> None:
    """Measure both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--genotyped", type=int, default=400_000, metavar="RECORDS")
    parser.add_argument("--sites", type=int, default=3_000_000, metavar="RECORDS")
    given = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    people = WORK / f"genotyped.{given.genotyped}x{SAMPLES}.vcf.gz"
    if not people.exists():
        genotyped(people, given.genotyped, SAMPLES, seed=1)
    sites = WORK / f"national.{given.sites}.0.vcf.gz"
    if not sites.exists():
        make_national.write(sites, given.sites)
    gains = [
        compared(
            f"{given.genotyped} records of {SAMPLES} samples", people, given.repeat
        ),
        compared(f"{given.sites} sites", sites, given.repeat),
    ]
    if min(gains) < ENOUGH:
        sys.exit(f"missed: two read {min(gains)} times as fast, not {ENOUGH}")


if __name__ == "__main__":
    main()
