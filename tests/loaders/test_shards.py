"""Chunks say what the whole says: every record, every line, every count.

The law: a load in chunks, however small, and its report are those of a load in
one, or the files are found out of order.
"""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pysam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beacon.model.errors import BeaconError
from loaders import LoadOptions, open_cohort, shards
from loaders.accounts import Account, read_account
from loaders.reference import FastaReference
from loaders.shards import OutOfOrder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loaders.cohort import Cohort

SHARED = Path(os.environ.get("BEACON_TEST_DATA", "tests/data/shared"))
HEAD = (
    "##fileformat=VCFv4.2\n##contig=<ID=21>\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
)


@pytest.fixture
def tiny(monkeypatch):
    """Chunks of a few lines."""
    monkeypatch.setattr(shards, "_LEAST", 1)


def whole(cohort: Cohort, reference=None):
    """Return the last record of each allele, the runs, and the report."""
    runs: list[object] = []
    records = {r[:5]: r for r in cohort.records(reference, covered=runs.append)}
    return records, runs, told(cohort)


def told(cohort: Cohort):
    """Return all that is said of a load."""
    report = cohort.report
    return (
        report.as_dict(),
        {name: n for name, n in report.bins.items() if n},
        sorted(cohort.contigs),
        cohort.coverage,
    )


def in_chunks(cohort: Cohort, reference=None):
    """Return the same, read chunk by chunk, from the last to the first."""
    plan = cohort.plan()
    runs: dict[int, list[object]] = {}
    records = {}
    texts = {}
    for number in reversed(range(plan.chunks)):
        account = Account()
        mine = runs.setdefault(number, [])
        found = cohort.chunk(
            plan, number, account, reference, covered=mine.append
        )
        for record in found:
            records[record[:5]] = record
        texts[number] = account.as_text()
    names = [file.name for file in cohort.report.files]
    accounts = [read_account(texts[n], names) for n in range(plan.chunks)]
    last: list[object] = []
    for record in cohort.concluded(plan, accounts, reference, last.append):
        records[record[:5]] = record
    ordered = [run for n in range(plan.chunks) for run in runs[n]]
    return (records, ordered + last, told(cohort)), plan


def compare(paths: Sequence[Path], reference=None, **options):
    """Assert the law for some files; return the plan, ``None``: they are unsorted."""
    chosen = LoadOptions(**options)
    try:
        expected = whole(open_cohort(paths, chosen), reference)
    except BeaconError as error:
        expected = error
    try:
        found, plan = in_chunks(open_cohort(paths, chosen), reference)
    except OutOfOrder:
        return None
    except BeaconError as error:
        assert type(expected) is type(error)
        return None
    assert expected[2] == found[2]
    assert expected[1] == found[1]
    assert expected[0] == found[0]
    return plan
