"""Write seeded sites-only callsets of one stretch of genome, for several datasets.

    python benchmarks/make_ten.py FOLDER --variants 1000000 --datasets 10

Every dataset has as many variants; over all of them they stand 80 to a kilobase
from the start of GRCh38's chromosome 1 on.  One in ten is in every dataset, two in
ten are in two or three, seven in ten in one alone: 2.2 datasets a variant.  One
allele in eight is an indel.  The same seed gives the same bytes.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

import make_national as national
import numpy as np
import pysam

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

PER_KILOBASE = 80
STRETCH = 1_000_000
"""Bases of a piece, which is made from a seed of its own."""
FIRST = 100_000
"""Where the first piece begins: positions have six digits or more."""

EVERYWHERE, SHARED = 0.1, 0.2
NAMES = tuple(f"set{number}" for number in range(10))


def stretches(variants: int, datasets: int) -> Iterator[tuple[int, int]]:
    """Yield contig rank and start of the pieces that hold the variants."""
    share = EVERYWHERE + SHARED * 2.5 / datasets + (1 - EVERYWHERE - SHARED) / datasets
    left = round(variants / share / (PER_KILOBASE * STRETCH / 1000))
    for contig in national.CONTIGS:
        for start in range(FIRST, contig.length - STRETCH, STRETCH):
            if left <= 0:
                return
            left -= 1
            yield contig.rank, start


def members(rng: np.random.Generator, size: int, datasets: int) -> NDArray[np.bool_]:
    """Return which datasets hold each variant, (variants, datasets)."""
    drawn = rng.random(size)
    order = rng.random((size, datasets)).argsort(axis=1)
    several = rng.integers(2, 4, size=size)
    count = np.where(drawn < EVERYWHERE + SHARED, several, 1)
    count = np.where(drawn < EVERYWHERE, datasets, count)
    return order < count[:, None]


def text(rank: int, start: int, datasets: int, seed: int) -> list[bytes]:
    """Return the lines of a piece, for each dataset."""
    rng = np.random.default_rng((seed, rank, start))
    size = PER_KILOBASE * STRETCH // 1000
    position = np.sort(rng.choice(STRETCH, size=size, replace=False)) + start
    reference, alternate = national.alleles(rng, size)
    held = members(rng, size, datasets)
    drawn, common = rng.random(size), held.all(axis=1)
    piece = national.Piece(
        rank=rank, number=start, start=start, end=start + STRETCH, records=size,
        dataset=0, seed=seed,
    )  # fmt: skip
    name = national.CONTIGS[rank - 1].name.encode()
    lines = []
    for dataset in range(datasets):
        own = np.random.default_rng((seed, rank, start, 1 + dataset))
        counted = national.counts(drawn, own, piece, common)
        here = held[:, dataset]
        ac, an, het, hom, hemi = (column[here] for column in counted)
        columns: tuple[bytes | national.Text, ...] = (
            b"chr%s\t" % name, *national.digits(position[here]), b"\t.\t",
            reference[here], b"\t", alternate[here], b"\t.\tPASS\tAC=",
            national.NUMBERS[ac], b";AN=", national.NUMBERS[an], b";AC_Het=",
            national.NUMBERS[het], b";AC_Hom=", national.NUMBERS[hom], b";AC_Hemi=",
            national.NUMBERS[hemi], b"\n",
        )  # fmt: skip
        lines.append(national.joined(columns, int(here.sum())))
    return lines


def write(
    folder: Path, variants: int, *, datasets: int = 10, seed: int = 1, jobs: int = 2
) -> list[Path]:
    """Write the callsets; return their files, which appear when all are whole."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"set{number}.vcf.gz" for number in range(datasets)]
    if all(path.exists() for path in paths):
        return paths
    places = list(stretches(variants, datasets))
    parts = [path.with_suffix(".part") for path in paths]
    files = [pysam.BGZFile(str(part), "wb", None) for part in parts]
    with ProcessPoolExecutor(jobs) as pool:
        ranks, starts = zip(*places, strict=True)
        made = pool.map(text, ranks, starts, repeat(datasets), repeat(seed))
        for file in files:
            file.write(national.header())
        for lines in made:
            for file, some in zip(files, lines, strict=True):
                file.write(some)
    for file, part, path in zip(files, parts, paths, strict=True):
        file.close()
        part.rename(path)
    return paths


def main() -> None:
    """Read the command line and write the callsets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--variants", type=int, default=1_000_000)
    parser.add_argument("--datasets", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    write(given.folder, given.variants, datasets=given.datasets, seed=given.seed)


if __name__ == "__main__":
    main()
