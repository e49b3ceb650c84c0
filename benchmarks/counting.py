"""Time counting genotypes against ``bcftools +fill-tags -S`` with the same groups.

    python benchmarks/counting.py [--repeat 5]

Two files, GT only: 10,000 records x 2,504 samples and 1,000 x 50,000.  Counted
are AC, AN, homozygous, heterozygous and hemizygous for Total and 17 groups: five
populations, two sexes, both.  Ours, in this process and in one thread, goes from
the file to the counted record of every allele (decompressing, checking,
normalising and merging included), with what each person adds and without; nothing
is stored.  bcftools writes
uncompressed BCF to /dev/null; ``bcftools view -Ou`` only reads and writes.

Data is made once, from a seed, in benchmarks/work.
"""

from __future__ import annotations

import argparse
import gc
import os
from collections import deque
from typing import TYPE_CHECKING

from make_cohort import genotyped
from measure import WORK, figures, keep, ratio, run, side_by_side

from loaders import LoadOptions, open_cohort

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIZES = ((10_000, 2_504), (1_000, 50_000))
TAGS = "AN,AC,AC_Hom,AC_Het,AC_Hemi"


def count(path: Path, *, keeps_people: bool) -> Callable[[], object]:
    """Return the work of counting a file as a load does."""

    def work() -> None:
        options = LoadOptions(
            assembly="GRCh37",
            samples=path.with_suffix(".samples.tsv"),
            keeps_people=keeps_people,
        )
        deque(open_cohort([path], options).records(), maxlen=0)

    return work


def bcftools(path: Path) -> dict[str, Callable[[], object]]:
    """Return bcftools' works."""
    out = ["-Ou", "-o", os.devnull]
    groups = ["--", "-S", str(path.with_suffix(".groups.txt")), "-t", TAGS]
    return {
        "bcftools +fill-tags": run(
            ["bcftools", "+fill-tags", str(path), *out, *groups]
        ),
        "bcftools view": run(["bcftools", "view", str(path), *out]),
    }


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    WORK.mkdir(exist_ok=True)
    gc.set_threshold(200_000, 20, 100)  # as the load command does
    for records, samples in SIZES:
        path = WORK / f"genotyped.{records}x{samples}.vcf.gz"
        if not path.exists():
            genotyped(path, records, samples, seed=1)
        ours = {
            "counting": count(path, keeps_people=False),
            "with people": count(path, keeps_people=True),
        }
        taken = side_by_side(repeat, {**ours, **bcftools(path)})
        theirs, floor = taken["bcftools +fill-tags"], taken["bcftools view"]
        keep(
            "counting",
            {
                "repeat": repeat,
                "records": records,
                "samples": samples,
                **figures(taken),
                "times as fast as +fill-tags": ratio(theirs, taken["counting"]),
                "times as fast as view": ratio(floor, taken["counting"]),
                "people": ratio(taken["with people"], taken["counting"]),
            },
        )


if __name__ == "__main__":
    main()
