"""Time reading a sites-only file against ``bcftools query`` of the same fields.

    python benchmarks/sites.py [--repeat 7]

1,000,000 records of 20 INFO keys, 18 of them counts (Total and five groups, AC,
AN and homozygotes), one ALT each.  Ours is the reader a load uses, in this
process and in one thread: decompressing, checking every line, and giving each
as a ``Site`` with all 18 numbers; no alleles are merged and nothing is stored.
bcftools prints place, alleles, filter and the same 18 fields to /dev/null.

Data is made once, from a seed, in benchmarks/work.
"""

from __future__ import annotations

import argparse
import gc
from collections import deque

from make_cohort import ANCESTRIES, frequencies
from measure import WORK, figures, keep, ratio, run, side_by_side

from loaders import LoadOptions, open_cohort
from loaders.mapping import read_choice
from loaders.presets import PRESETS

FILE = WORK / "frequencies.vcf.gz"
RECORDS = 1_000_000
PLACE = "%CHROM\\t%POS\\t%REF\\t%ALT\\t%FILTER"


def query() -> list[str]:
    """Return bcftools' command."""
    names = ["", *(f"_{name}" for name in ANCESTRIES)]
    fields = [f"%INFO/{key}{name}" for name in names for key in ("AC", "AN", "nhomalt")]
    return ["bcftools", "query", "-f", "\\t".join([PLACE, *fields]) + "\\n", str(FILE)]


def read() -> None:
    """Read the file as a load does."""
    choice = read_choice("gnomad", PRESETS)
    cohort = open_cohort([FILE], LoadOptions(assembly="GRCh37", info_counts=choice))
    deque(cohort.sites(), maxlen=0)


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=7)
    repeat = parser.parse_args().repeat
    WORK.mkdir(exist_ok=True)
    if not FILE.exists():
        frequencies(FILE, RECORDS, seed=1)
    gc.set_threshold(200_000, 20, 100)  # as the load command does
    taken = side_by_side(repeat, {"bcftools query": run(query()), "reader": read})
    speed = ratio(taken["bcftools query"], taken["reader"])
    result = {"repeat": repeat, "records": RECORDS, **figures(taken)}
    keep("sites", {**result, "speed of bcftools query": speed})


if __name__ == "__main__":
    main()
