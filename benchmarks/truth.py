"""A callset held in memory, the questions drawn from it, and their true answers.

Alleles are asked in the spelling of the file.  Ranges begin and end where no allele
lies near, so that every convention (inclusive or not, overlapping or starting
within, anchored or trimmed) counts the same.
"""

from __future__ import annotations

import gzip
import random
from bisect import bisect_left
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Allele = tuple[int, str, str]
"""``(start, reference, alternate)``, 0-based, on chromosome 1 of GRCh38."""

ABSENT = 10
"""One allele asked in so many is in nobody."""
CLEAR = 40
"""Bases around the ends of a range in which no allele lies."""
SITES = """##fileformat=VCFv4.2
##INFO=<ID=AC,Number=A,Type=Integer,Description="Alleles">
##INFO=<ID=AN,Number=1,Type=Integer,Description="Called alleles">
##contig=<ID=1,length=248956422,assembly=GRCh38>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
"""
SAMPLE = """##fileformat=VCFv4.2
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality">
##contig=<ID=1,length=248956422,assembly=GRCh38>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tsample
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Half-open bounds, and how many alleles lie between them."""

    low: int
    high: int
    count: int


def read(path: Path, most: int) -> list[Allele]:
    """Return the first alleles of a callset, in genome order."""
    return list(islice(_lines(path), most))


def _lines(path: Path) -> Iterator[Allele]:
    with gzip.open(path, "rt") as lines:
        for line in lines:
            if line.startswith("chr1\t"):
                _, position, _, reference, alternate, _ = line.split("\t", 5)
                yield int(position) - 1, reference, alternate


def write(path: Path, alleles: Sequence[Allele], *, sample: bool) -> Path:
    """Write the alleles as one person's VCF, or as sites of 1,000 people."""
    end = ".\tGT:GQ\t0/1:99\n" if sample else "AC=1;AN=2000\n"
    with path.open("w") as file:
        file.write(SAMPLE if sample else SITES)
        for start, reference, alternate in alleles:
            file.write(f"1\t{start + 1}\t.\t{reference}\t{alternate}\t99\tPASS\t{end}")
    return path


def drawn(
    alleles: Sequence[Allele], count: int, *, seed: int = 1
) -> list[tuple[Allele, bool]]:
    """Return alleles to ask for and whether they are there: nine in ten are."""
    rng = random.Random(seed)
    known = frozenset(alleles)
    questions = []
    for number, (start, reference, alternate) in enumerate(rng.sample(alleles, count)):
        allele = start, reference, alternate
        if number % ABSENT == 0:
            allele = next(
                other
                for base in "ACGT"
                if (other := (start, reference, alternate[:-1] + base)) not in known
                and base != reference[-1]
            )
        questions.append((allele, allele in known))
    rng.shuffle(questions)
    return questions


def ranges(
    alleles: Sequence[Allele], count: int, *, width: int, seed: int = 1
) -> list[Range]:
    """Return ranges of about ``width`` bases whose ends nothing lies near."""
    rng = random.Random(seed)
    starts = [start for start, _, _ in alleles]

    def clear(place: int) -> int:
        while bisect_left(starts, place - CLEAR) != bisect_left(starts, place + CLEAR):
            place += 7
        return place

    found = []
    for _ in range(count):
        low = clear(rng.randrange(starts[0], max(starts[0] + 1, starts[-1] - width)))
        high = clear(low + width)
        between = bisect_left(starts, high) - bisect_left(starts, low)
        found.append(Range(low=low, high=high, count=between))
    return found
