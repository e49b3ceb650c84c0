"""Every count of the real example file against bcftools; opt-in."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from beacon.cli.ask import ask_beacon
from beacon.model.classes import step_of
from beacon.model.requester import OPERATOR
from beacon.opening import open_beacon
from beacon.settings import read_settings
from beacon.store.connection import connect

if TYPE_CHECKING:
    from commands import Command

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "beacon" / "data" / "demo" / "1kg_p3.chr22.5samples.GRCh37.vcf.gz"
AT_ONCE = 500

pytestmark = pytest.mark.skipif(
    "BEACON_VALIDATE" not in os.environ or shutil.which("bcftools") is None,
    reason="asked for with make validate, and needs bcftools",
)


def bcftools() -> dict[str, tuple[int, int, int]]:
    """Return AC, AN and homozygotes of every plain allele, as bcftools reads them."""
    listed = subprocess.run(
        ["bcftools", "query", "-f", "%POS-%REF-%ALT[ %GT]\n", str(FILE)],  # noqa: S607
        capture_output=True,
        check=True,
        text=True,
    )
    rows = (line.split() for line in listed.stdout.splitlines())
    return {f"22-{name}": counted(people) for name, *people in rows if "<" not in name}


def counted(people: list[str]) -> tuple[int, int, int]:
    """Return AC, AN and homozygotes of phased diploid genotypes."""
    copies = "".join(people)
    return copies.count("1"), copies.count("0") + copies.count("1"), people.count("1|1")


def bcftools_classes() -> tuple[Counter[str], Counter[int]]:
    """Return the alleles that are carried, by class and by AC, as bcftools has them."""
    listed = subprocess.run(
        ["bcftools", "query", "-f", "%TYPE %REF %ALT[ %GT]\n", str(FILE)],  # noqa: S607
        capture_output=True,
        check=True,
        text=True,
    )
    classes: Counter[str] = Counter()
    counts: Counter[int] = Counter()
    for line in listed.stdout.splitlines():
        kind, reference, alternate, *people = line.split()
        ac = "".join(people).count("1")
        if not ac:
            continue
        counts[ac] += 1
        is_shorter = len(alternate) < len(reference)
        indel = "deletion" if is_shorter else "insertion"
        classes[{"SNP": "SNV", "INDEL": indel}.get(kind, kind)] += 1
    return classes, counts


async def test_a_summary_is_that_of_bcftools(beacon: Command) -> None:
    """Classes, and steps of the allele count, of every allele that is carried."""
    classes, counts = bcftools_classes()
    with connect(None, beacon.home) as address:
        async with open_beacon(read_settings(None), address) as local:
            said = await local.summary("demo-1kg", OPERATOR)
    by_step = {
        step.lowest: sum(n for ac, n in counts.items() if step_of(ac) == place)
        for place, step in enumerate(said.steps, 1)
    }

    assert classes.total() > 1_000
    assert {one.value: n for one, n in said.classes} == classes
    assert {step.lowest: step.alleles for step in said.steps} == by_step
    assert said.alleles == counts.total() == sum(by_step.values())


async def test_counts_are_those_of_bcftools(beacon: Command) -> None:
    """AC, AN and homozygotes of every allele are those bcftools counts."""
    expected = bcftools()
    found: dict[str, tuple[int | None, ...]] = {}
    with connect(None, beacon.home) as address:
        async with open_beacon(read_settings(None), address) as local:
            names = list(expected)
            for first in range(0, len(names), AT_ONCE):
                some = names[first : first + AT_ONCE]
                answers = await asyncio.gather(
                    *(ask_beacon(local, name, "GRCh37") for name in some)
                )
                for name, answer in zip(some, answers, strict=True):
                    counts = answer.disclosure.datasets[0].counts
                    assert counts is not None, name
                    found[name] = (counts.ac, counts.an, counts.hom)

    assert len(expected) > 10_000
    assert {n for n in expected if found[n] != expected[n]} == set()
