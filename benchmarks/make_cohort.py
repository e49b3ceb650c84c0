"""Write seeded synthetic cohorts as BGZF VCF: genotyped, or sites only.

    python benchmarks/make_cohort.py genotyped OUT.vcf.gz --records 20000 --samples 2504
    python benchmarks/make_cohort.py sites OUT.vcf.gz --records 1000000
    python benchmarks/make_cohort.py frequencies OUT.vcf.gz --records 1000000

The same seed gives the same bytes.  Allele frequencies follow 1/f between one
copy and one half, so most alleles are rare, as in a population.  Beside a
genotyped file stand OUT.samples.tsv (sex and population) and OUT.groups.txt
(the same groups, as bcftools +fill-tags -S reads them).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pysam

CONTIG, LENGTH = "22", 51_304_566
POPULATIONS = ("SE", "DK", "FI", "NO", "IS")
BASES = np.array(["A", "C", "G", "T"])
KEYS = 17
ANCESTRIES = ("afr", "amr", "eas", "nfe", "sas")


def header(samples: list[str]) -> str:
    """Return the VCF header."""
    counts = [
        f'##INFO=<ID={key}_{of},Number={number},Type=Integer,Description="{key}">'
        for of in ANCESTRIES
        for key, number in (("AC", "A"), ("AN", "1"), ("nhomalt", "A"))
    ]
    lines = [
        "##fileformat=VCFv4.3",
        f"##contig=<ID={CONTIG},length={LENGTH},assembly=GRCh37>",
        '##FILTER=<ID=PASS,Description="All filters passed">',
        '##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count">',
        '##INFO=<ID=AN,Number=1,Type=Integer,Description="Allele number">',
        '##INFO=<ID=nhomalt,Number=A,Type=Integer,Description="Homozygotes">',
        '##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">',
        '##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">',
        *counts,
        *(
            f'##INFO=<ID=K{i},Number=1,Type=Integer,Description="Filler">'
            for i in range(KEYS)
        ),
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    ]
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
    if samples:
        columns += ["FORMAT", *samples]
    return "\n".join([*lines, "\t".join(columns)]) + "\n"


def positions(rng: np.random.Generator, records: int) -> np.ndarray:
    """Return ascending positions, 83 in a thousand bases where there is room."""
    gap = max(1, min(12, (LENGTH - 1000) // records))
    return 1000 + np.cumsum(rng.integers(1, 2 * gap, size=records))


def alleles(rng: np.random.Generator) -> tuple[str, str]:
    """Return REF and ALT: nine in ten a single base, else a short indel."""
    ref, alt = rng.choice(4, size=2, replace=False)
    if rng.random() < 0.9:
        return str(BASES[ref]), str(BASES[alt])
    tail = "".join(BASES[rng.integers(0, 4, size=rng.integers(1, 8))])
    first = str(BASES[ref])
    return (first, first + tail) if rng.random() < 0.5 else (first + tail, first)


def genotyped(path: Path, records: int, samples: int, seed: int) -> None:
    """Write a genotyped file, GT only, with its samples and groups."""
    rng = np.random.default_rng(seed)
    names = [f"S{i:05d}" for i in range(samples)]
    pops = rng.integers(0, len(POPULATIONS), size=samples)
    sexes = rng.integers(0, 2, size=samples)
    people = [
        (n, POPULATIONS[p], "MF"[s]) for n, p, s in zip(names, pops, sexes, strict=True)
    ]
    table = "".join(f"{n}\t{p}\t{s}\n" for n, p, s in people)
    path.with_suffix(".samples.tsv").write_text("sample\tpopulation\tsex\n" + table)
    groups = "".join(f"{n}\t{p},{s},{p}_{s}\n" for n, p, s in people)
    path.with_suffix(".groups.txt").write_text(groups)
    lowest = 1 / (2 * samples)
    with pysam.BGZFile(str(path), "wb", None) as out:
        out.write(header(names).encode())
        for pos in positions(rng, records).tolist():
            ref, alt = alleles(rng)
            frequency = lowest * (0.5 / lowest) ** rng.random()
            calls = rng.random((samples, 2)) < frequency
            cells = np.full((samples, 4), ord("0"), dtype=np.uint8)
            cells[:, 0], cells[:, 2] = ord("\t"), ord("|")
            cells[:, 1] += calls[:, 0]
            cells[:, 3] += calls[:, 1]
            cells[rng.random(samples) < 0.002, 1::2] = ord(".")
            fixed = f"{CONTIG}\t{pos}\t.\t{ref}\t{alt}\t.\tPASS\t.\tGT"
            out.write(fixed.encode() + cells.tobytes() + b"\n")


def sites(path: Path, records: int, seed: int) -> None:
    """Write a sites-only file with AC, AN, nhomalt among twenty INFO keys."""
    rng = np.random.default_rng(seed)
    an = 2 * 10_786
    with pysam.BGZFile(str(path), "wb", None) as out:
        out.write(header([]).encode())
        for pos in positions(rng, records).tolist():
            ref, alt = alleles(rng)
            ac = int((an / 2) ** rng.random())
            hom = int(rng.integers(0, ac // 2 + 1)) if ac > 100 else 0
            filler = ";".join(f"K{i}={(pos * (i + 7)) % 9973}" for i in range(KEYS))
            info = f"AC={ac};AN={an - pos % 50};{filler};nhomalt={hom}"
            line = f"{CONTIG}\t{pos}\t.\t{ref}\t{alt}\t.\tPASS\t{info}\n"
            out.write(line.encode())


def frequencies(path: Path, records: int, seed: int) -> None:
    """Write a sites-only file as gnomAD does: 18 counts among twenty INFO keys."""
    rng = np.random.default_rng(seed)
    with pysam.BGZFile(str(path), "wb", None) as out:
        out.write(header([]).encode())
        for pos in positions(rng, records).tolist():
            ref, alt = alleles(rng)
            an = 2 * rng.integers(9_000, 10_000, size=len(ANCESTRIES))
            ac = rng.binomial(an, 0.5 * 2e-5 ** rng.random())
            hom = rng.binomial(ac // 2, 0.1)
            parts = zip(ANCESTRIES, ac.tolist(), an.tolist(), hom.tolist(), strict=True)
            groups = "".join(
                f";AC_{of}={c};AN_{of}={n};nhomalt_{of}={h}" for of, c, n, h in parts
            )
            total, called = int(ac.sum()), int(an.sum())
            info = f"AC={total};AN={called};AF={total / called:.6g}"
            rest = f"nhomalt={hom.sum()}{groups};DP={pos % 99_991}"
            line = f"{CONTIG}\t{pos}\t.\t{ref}\t{alt}\t.\tPASS\t{info};{rest}\n"
            out.write(line.encode())


def main() -> None:
    """Read the command line and write one cohort."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["genotyped", "sites", "frequencies"])
    parser.add_argument("path", type=Path)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--samples", type=int, default=2_504)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.kind == "genotyped":
        genotyped(given.path, given.records, given.samples, given.seed)
    elif given.kind == "frequencies":
        frequencies(given.path, given.records, given.seed)
    else:
        sites(given.path, given.records, given.seed)


if __name__ == "__main__":
    main()
