"""What holds of every load, whatever the bytes: the laws that fuzzing tries to break.

Only a ``BeaconError`` leaves; the account adds up; every record's counts are sound;
reading twice gives the same.
"""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pysam

from beacon.model.counts import group_counts
from beacon.model.errors import BeaconError
from beacon.store.packing import pack, unpack
from loaders import Cohort, LoadOptions, open_cohort

if TYPE_CHECKING:
    from beacon.model.counts import VariantRecord

ASSEMBLY = "GRCh37"


HEAD = b"##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
PEOPLE = b"\tFORMAT\tP1\tP2\tP3"


def file_of(data: bytes) -> bytes:
    """Return the file that some bytes stand for.

    A first letter says what to make of the rest: records of three people (``R``) or
    of sites (``S``), a gzip (``G``) or BGZF (``B``) file; else they are a file.
    """
    kind, rest = data[:1], data[1:]
    if kind == b"R":
        return HEAD + PEOPLE + b"\n" + rest
    if kind == b"S":
        return HEAD + b"\n" + rest
    if kind == b"G":
        return gzip.compress(rest, 1)
    if kind == b"B":
        with tempfile.NamedTemporaryFile() as file:
            with pysam.BGZFile(file.name, "wb") as sink:
                sink.write(rest)
            return Path(file.name).read_bytes()
    return data


def check_bytes(data: bytes) -> None:
    """Load what the bytes stand for, and hold the laws against what comes out."""
    with tempfile.NamedTemporaryFile(suffix=".vcf") as file:
        file.write(file_of(data))
        file.flush()
        check_file(Path(file.name))


def check_file(path: Path, assembly: str = ASSEMBLY, *, is_lenient: bool = True) -> str:
    """Load a file twice; return what was said of it.

    Raises:
        AssertionError: a law is broken.
    """
    once, again = (read(path, assembly, is_lenient=is_lenient) for _ in range(2))

    assert once == again
    return once[0]


def read(
    path: Path, assembly: str, *, is_lenient: bool
) -> tuple[str, list[VariantRecord], dict[str, object]]:
    """Return the refusal, the records and the account of one load."""
    options = LoadOptions(
        assembly=assembly, max_bad=1.0 if is_lenient else 0.01, keep_filtered=False
    )
    records: list[VariantRecord] = []
    try:
        cohort = open_cohort([path], options)
        for record in cohort.records():
            check_record(record, cohort)
            records.append(record)
    except BeaconError as error:
        said = str(error)
        assert "\n" not in said
        return said, records, {}
    check_account(cohort)
    check_stored(records, cohort)
    return "", records, cohort.report.as_dict()


def check_record(record: VariantRecord, cohort: Cohort) -> None:
    """A record is inside its contig, its counts are sound and survive the store."""
    contig = cohort.assembly.contigs[record.rank - 1]
    packed = pack(record.tally, record.filters, cohort.layout)

    assert 0 <= record.start <= record.end <= contig.length
    assert (record.tally, record.filters) == unpack(packed, cohort.layout)[:2]
    for group in cohort.layout.groups:
        group_counts(record.tally, group)


def check_account(cohort: Cohort) -> None:
    """Every record and every ALT is loaded, or named with its reason."""
    report = cohort.report
    alternates = report.alternates
    named = sum(n for what, n in alternates.items() if what != "read")

    for file in report.files:
        assert file.records == file.loaded + file.bad_records + file.not_loaded.total()
    assert alternates["read"] == report.stored["alleles"] + named


def check_stored(records: list[VariantRecord], cohort: Cohort) -> None:
    """What is said to be stored is what came, the last of each allele.

    One that a record which cannot be used may declare, too, may have come of that
    record alone: it cannot be told from one that a good record declares for nobody.
    """
    last = {(r.rank, r.start, r.end, r.reference, r.alternate): r for r in records}
    alleles = [r for r in last.values() if r.reference]
    doubted = [r for r in alleles if r.filters == ("skipped",)]
    existing = [r for r in alleles if r.tally.exists and not r.filters]
    stored = cohort.report.stored["alleles"]

    assert len(alleles) - len(doubted) <= stored <= len(alleles)
    assert len(existing) == cohort.report.variants
