"""Write seeded sites-only callsets of national size as BGZF VCF, GRCh38.

    python benchmarks/make_national.py OUT.vcf.gz --variants 50000000 --dataset 0

What a national project publishes: one ALT a record, counts as bcftools
+fill-tags writes them, the whole genome in order, one allele in eight an indel.
Three in ten alleles are common to all datasets, the others are in one alone and
mostly seen once or twice.  The same seed gives the same bytes, whatever the
number of processes: pieces are made apart, each from a seed of its own.
"""

from __future__ import annotations

import argparse
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pysam

from beacon.model.assemblies import ASSEMBLIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Text = NDArray[np.bytes_]

CONTIGS = ASSEMBLIES["GRCh38"].contigs[:24]
PIECE = 250_000
PEOPLE = 100_000
DATASETS = 3
COMMON, INDELS, TRANSITIONS, FULL = 0.3, 0.12, 0.67, 0.6
LONGEST = 24
TELOMERE = 10_000
BASES = np.frombuffer(b"ACGT", dtype=np.uint8)
NUMBERS = np.array([b"%d" % n for n in range(250_000)])
THOUSANDTHS = np.array([b"%03d" % n for n in range(1000)])
END_MARKER = 28
"""Bytes of the empty block that ends a BGZF file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of one contig, and what to put there."""

    rank: int
    number: int
    start: int
    end: int
    records: int
    dataset: int
    seed: int


def header() -> bytes:
    """Return the VCF header."""
    contigs = [
        f"##contig=<ID=chr{c.name},length={c.length},assembly=GRCh38>" for c in CONTIGS
    ]
    fields = [
        f'##INFO=<ID={key},Number={number},Type=Integer,Description="{about}">'
        for key, number, about in (
            ("AC", "A", "Allele count in genotypes"),
            ("AN", "1", "Total number of alleles in called genotypes"),
            ("AC_Het", "A", "Allele counts in heterozygous genotypes"),
            ("AC_Hom", "A", "Allele counts in homozygous genotypes"),
            ("AC_Hemi", "A", "Allele counts in hemizygous genotypes"),
        )
    ]
    lines = [
        "##fileformat=VCFv4.2",
        '##FILTER=<ID=PASS,Description="All filters passed">',
        *contigs,
        *fields,
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
    ]
    return ("\n".join(lines) + "\n").encode()


def pieces(variants: int, dataset: int, seed: int) -> Iterator[Piece]:
    """Yield the pieces of a callset, in genome order; all datasets have the same."""
    genome = sum(c.length for c in CONTIGS)
    done = passed = 0
    for contig in CONTIGS:
        passed += contig.length
        records = variants * passed // genome - done
        done += records
        count = max(1, -(-records // PIECE))
        width = (contig.length - 2 * TELOMERE) // count
        for number in range(count):
            start = TELOMERE + number * width
            yield Piece(
                rank=contig.rank,
                number=number,
                start=start,
                end=start + width,
                records=records * (number + 1) // count - records * number // count,
                dataset=dataset,
                seed=seed,
            )


def text(piece: Piece) -> bytes:
    """Return the lines of a piece: columns side by side, padded with NULs."""
    place = (piece.seed, piece.rank, piece.number)
    shared = np.random.default_rng((*place, 0))
    own = np.random.default_rng((*place, 1 + piece.dataset))
    size = piece.records
    is_common = shared.random(size) < COMMON
    position = positions(shared, piece)
    position += np.where(is_common, 0, 1 + piece.dataset)
    theirs, ours = alleles(shared, size), alleles(own, size)
    reference, alternate = (
        np.where(is_common, a, b) for a, b in zip(theirs, ours, strict=True)
    )
    ac, an, het, hom, hemi = counts(shared.random(size), own, piece, is_common)
    contig = CONTIGS[piece.rank - 1].name
    columns: tuple[bytes | Text, ...] = (
        b"chr%s\t" % contig.encode(), *digits(position), b"\t.\t", reference,
        b"\t", alternate, b"\t.\tPASS\tAC=", NUMBERS[ac], b";AN=", NUMBERS[an],
        b";AC_Het=", NUMBERS[het], b";AC_Hom=", NUMBERS[hom],
        b";AC_Hemi=", NUMBERS[hemi], b"\n",
    )  # fmt: skip
    return joined(columns, size)


def joined(columns: Sequence[bytes | Text], size: int) -> bytes:
    """Return columns side by side as lines; the NULs that pad them are left out."""
    rows = np.concatenate([_cells(column, size) for column in columns], axis=1)
    return rows[rows != 0].tobytes()


def _cells(column: bytes | Text, size: int) -> NDArray[np.uint8]:
    if isinstance(column, bytes):
        word = np.frombuffer(column, dtype=np.uint8)
        return np.broadcast_to(word, (size, len(word)))
    return np.ascontiguousarray(column).view(np.uint8).reshape(size, -1)


def positions(rng: np.random.Generator, piece: Piece) -> Ints:
    """Return positions (1-based) with room for every dataset's own behind each."""
    room = DATASETS + 1
    free = piece.end - piece.start - room * (piece.records + 1)
    gaps = rng.standard_exponential(piece.records + 1).cumsum()
    steps = (gaps[:-1] * (free / gaps[-1])).astype(np.int64)
    return piece.start + steps + room * np.arange(piece.records)


def digits(numbers: Ints) -> tuple[Text, Text]:
    """Return numbers from 10,000 as two columns of text."""
    return NUMBERS[numbers // 1000], THOUSANDTHS[numbers % 1000]


def alleles(rng: np.random.Generator, size: int) -> tuple[Text, Text]:
    """Return REF and ALT: seven in eight a single base, else a short indel."""
    first = rng.integers(0, 4, size=size)
    other = np.where(rng.random(size) < TRANSITIONS, 2, 1 + 2 * (first & 1 ^ 1))
    letters = BASES.view("S1")
    wide = np.dtype(f"S{LONGEST}")
    reference = letters[first].astype(wide)
    alternate = letters[first ^ other].astype(wide)
    which = (rng.random(size) < INDELS).nonzero()[0]
    length = np.minimum(1 + rng.geometric(0.35, size=len(which)), LONGEST)
    bases = BASES[rng.integers(0, 4, size=(len(which), LONGEST))]
    bases[np.arange(LONGEST) >= length[:, None]] = 0
    long = np.ascontiguousarray(bases).view(wide).ravel()
    short = np.ascontiguousarray(bases[:, :1]).view("S1").ravel().astype(wide)
    is_inserted = rng.random(len(which)) < 0.5
    reference[which] = np.where(is_inserted, short, long)
    alternate[which] = np.where(is_inserted, long, short)
    return reference, alternate


def counts(
    drawn: NDArray[np.float64],
    own: np.random.Generator,
    piece: Piece,
    is_common: NDArray[np.bool_],
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Return AC, AN, and the copies in heterozygotes, homozygotes, hemizygotes."""
    size, name = piece.records, CONTIGS[piece.rank - 1].name
    everybody = {"X": 3 * PEOPLE // 2, "Y": PEOPLE // 2}.get(name, 2 * PEOPLE)
    missing = np.where(own.random(size) < FULL, 0, 0.02 * own.random(size) ** 4)
    an = everybody - 2 * (missing * everybody / 2).astype(np.int64)
    common = (5 / everybody) ** drawn * 0.999  # log-uniform: 5 copies to nearly all
    spread = np.sqrt(common * (1 - common) / an) * own.standard_normal(size)
    private = np.minimum((1 - own.random(size)) ** -1.3, everybody / 1000)
    copies = np.where(is_common, (common + spread) * an, private)
    ac = np.clip(copies.astype(np.int64), 1, an)
    share = {"X": 1 / 3, "Y": 1.0}.get(name, 0.0)
    hemi = np.rint(ac * share).astype(np.int64)
    rest = ac - hemi
    usual = rest * (rest / np.maximum(an * (1 - share), 1)) / 2
    hom = 2 * np.minimum(own.poisson(usual), rest // 2)
    return ac, an, rest - hom, hom, hemi


def write(
    path: Path, variants: int, *, dataset: int = 0, seed: int = 1, jobs: int = 2
) -> None:
    """Write one callset; the file appears when it is whole."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        whole = Path(folder) / "whole"
        block = _compressed(header(), Path(folder) / "header").read_bytes()
        with whole.open("wb") as out, ProcessPoolExecutor(jobs) as pool:
            out.write(block[:-END_MARKER])
            work = pieces(variants, dataset, seed)
            for part in pool.map(_made, work, repeat(folder)):
                out.write(part.read_bytes()[:-END_MARKER])
                part.unlink()
            out.write(block[-END_MARKER:])
        whole.rename(path)


def _made(piece: Piece, folder: str) -> Path:
    return _compressed(text(piece), Path(folder) / f"{piece.rank}.{piece.number}")


def _compressed(lines: bytes, path: Path) -> Path:
    with pysam.BGZFile(str(path), "wb", None) as out:
        out.write(lines)
    return path


def main() -> None:
    """Read the command line and write one callset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--variants", type=int, default=50_000_000)
    parser.add_argument("--dataset", type=int, default=0, choices=range(DATASETS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    write(
        given.path,
        given.variants,
        dataset=given.dataset,
        seed=given.seed,
        jobs=given.jobs,
    )


if __name__ == "__main__":
    main()
