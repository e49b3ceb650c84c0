"""AN of gVCFs together against ``bcftools merge -g``; opt-in."""

from __future__ import annotations

import os
import random
import shutil
import subprocess

import pytest

from loaders import LoadOptions, open_cohort

pytestmark = pytest.mark.skipif(
    "BEACON_VALIDATE" not in os.environ or shutil.which("bcftools") is None,
    reason="asked for with make validate, and needs bcftools",
)
HEAD = """\
##fileformat=VCFv4.2
##ALT=<ID=NON_REF,Description="Other">
##INFO=<ID=END,Number=1,Type=Integer,Description="End">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##contig=<ID=22>
"""
COLUMNS = "#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT"


def lines(moment: random.Random, other: str) -> list[str]:
    """Return one person's blocks, gaps and variants; ``other`` is the caller's ALT."""
    pos, found = 10, []
    while pos < 200:
        kind, end = moment.random(), pos
        if kind < 0.25:
            end = pos + moment.randint(0, 7)
        elif kind < 0.55:
            alternate = moment.choice("CG") + ("" if other == "." else f",{other}")
            call = moment.choice(["0/1", "1/1"])
            found.append(f"22 {pos} . A {alternate} 9 . . GT {call}")
        else:
            end = pos + moment.randint(0, 12)
            call = moment.choice(["0/0", "0/0", "./."])
            found.append(f"22 {pos} . A {other} . . END={end} GT {call}")
        pos = end + 1
    return found


def bcftools(*words: object) -> str:
    """Run bcftools; return what it printed."""
    command = ["bcftools", *map(str, words)]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def merged(paths) -> dict[tuple[int, str], int]:
    """Return AN by position and ALT, as bcftools merges the files."""
    for path in paths:
        bcftools("view", "-Oz", "-o", f"{path}.gz", path)
        bcftools("index", f"{path}.gz")
    found = {}
    for line in bcftools("merge", "-g", "-", *(f"{p}.gz" for p in paths)).splitlines():
        if not line.startswith("#"):
            columns = line.split("\t")
            calls = "".join(cell.split(":")[0] for cell in columns[9:])
            an = sum(c.isdigit() for c in calls)
            alternates = set(columns[4].split(",")) & {"C", "G"}
            found |= {(int(columns[1]), alternate): an for alternate in alternates}
    return found


@pytest.mark.parametrize("other", ["<NON_REF>", "."])
@pytest.mark.parametrize("seed", range(10))
def test_an_is_that_of_a_merge(tmp_path, seed, other):
    """Files of one person each have the AN of the file they merge to."""
    moment = random.Random(seed)  # noqa: S311 - the same files every time
    paths = []
    for number in range(4):
        path = tmp_path / f"{number}.vcf"
        body = [f"{COLUMNS} S{number}", *lines(moment, other)]
        path.write_text(HEAD + "".join("\t".join(r.split()) + "\n" for r in body))
        paths.append(path)
    cohort = open_cohort(paths, LoadOptions(assembly="GRCh37"))
    got = {
        (r.start + 1, r.alternate): sum(r.tally.an)
        for r in cohort.records()
        if r.alternate
    }

    assert merged(paths) == got
