"""A cohort as the files that any loader reads: genotypes, people, where it looked.

Only sites that somebody carries have a record, as in files of real callers.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from beacon.attacking.cohort import ASSEMBLY, CONTIG, LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

    from beacon.attacking.cohort import Cohort

REFERENCE_COPIES = 10_000_000
"""Called in the reference that frequencies are known from."""
_HEAD = (
    "##fileformat=VCFv4.3",
    f"##contig=<ID={CONTIG},length={LENGTH},assembly={ASSEMBLY}>",
    '##FILTER=<ID=PASS,Description="All filters passed">',
)
_COUNTS = (
    '##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count">',
    '##INFO=<ID=AN,Number=1,Type=Integer,Description="Allele number">',
)
_COUNTRIES = ("SE", "DK")
_COLUMNS = (
    "#CHROM",
    "POS",
    "ID",
    "REF",
    "ALT",
    "QUAL",
    "FILTER",
    "INFO",
    "FORMAT",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files of one release."""

    variants: Path
    samples: Path
    regions: Path


def person(number: int) -> str:
    """Return what one of the people is called."""
    return f"P{number:06d}"


def write(cohort: Cohort, folder: Path, people: int) -> Written:
    """Write the first people of a cohort; return where."""
    stem = f"cohort-{people}"
    written = Written(
        variants=folder / f"{stem}.vcf.gz",
        samples=folder / f"{stem}.samples.tsv",
        regions=folder / f"{stem}.callable.bed",
    )
    rows = "".join(
        f"{person(i)}\t{'FM'[i % 2]}\t{_COUNTRIES[i // 2 % 2]}\n" for i in range(people)
    )
    written.samples.write_text("sample\tsex\tpopulation\n" + rows)
    written.regions.write_text(f"{CONTIG}\t0\t{LENGTH}\n")
    with gzip.open(written.variants, "wb", compresslevel=1) as out:
        out.write(_header(people).encode())
        for line in _lines(cohort, people):
            out.write(line)
    return written


def write_reference(cohort: Cohort, folder: Path) -> Path:
    """Write the frequencies of all sites as a reference tells them; return where."""
    path = folder / "reference.vcf"
    counts = np.round(cohort.frequency * REFERENCE_COPIES).astype(int)
    with path.open("w", encoding="ascii") as out:
        out.write("\n".join((*_HEAD, *_COUNTS, "\t".join(_COLUMNS[:8]))) + "\n")
        for site in np.argsort(cohort.position):
            # One copy more: what reads it does not take a single one for a frequency.
            info = f"AC={counts[site] + 1};AN={REFERENCE_COPIES}"
            place = cohort.position[site]
            out.write(f"{CONTIG}\t{place}\t.\tA\tG\t.\tPASS\t{info}\n")
    return path


def _header(people: int) -> str:
    lines = (
        *_HEAD,
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        "\t".join([*_COLUMNS, *map(person, range(people))]),
    )
    return "\n".join(lines) + "\n"


def _lines(cohort: Cohort, people: int) -> Iterator[bytes]:
    """Yield the records that somebody is called in, in the order of places."""
    site, copy = _of_first(cohort.site, cohort.copy, people)
    without, missed = _of_first(*cohort.uncalled, people)
    plain = np.tile(np.frombuffer(b"\t0/0", dtype=np.uint8), people).reshape(people, 4)
    for number in np.argsort(cohort.position):
        carriers = copy[_span(site, number)]
        if not len(carriers):
            continue
        cells = plain.copy()
        cells[carriers // 2, 1 + 2 * (carriers % 2)] = ord("1")
        cells[missed[_span(without, number)] // 2, 1::2] = ord(".")
        fixed = f"{CONTIG}\t{cohort.position[number]}\t.\tA\tG\t.\tPASS\t.\tGT"
        yield fixed.encode() + cells.tobytes() + b"\n"


def _of_first(
    site: npt.NDArray[np.int64], copy: npt.NDArray[np.int64], people: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    is_first = copy < 2 * people
    return site[is_first], copy[is_first]


def _span(site: npt.NDArray[np.int64], number: int) -> slice:
    """Return where one site stands among ascending ones."""
    first = int(np.searchsorted(site, number))
    return slice(first, int(np.searchsorted(site, number, side="right")))
