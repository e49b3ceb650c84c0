"""How long it takes to find the people of one dataset in another.

    python benchmarks/duplicates.py [people] [alleles]

Both datasets hold the same people in another order; seed 0.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np

from beacon.store.concordance import FEWEST, likely


def main(people: int = 10_000, alleles: int = 1_500) -> None:
    """Print how many pairs were found, in what time and memory."""
    chance = np.random.default_rng(0)
    one = np.zeros((people, alleles), dtype=np.int8)
    for _ in range(2):
        one += chance.random((people, alleles), dtype=np.float32) < 0.3
    other = chance.permutation(one)
    began = time.perf_counter()
    found = likely(one, other, FEWEST)
    took = time.perf_counter() - began
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{people:,} x {people:,} people, {alleles:,} alleles:"
        f" {len(found):,} pairs found in {took:.1f} s, {most:,.0f} MiB"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
