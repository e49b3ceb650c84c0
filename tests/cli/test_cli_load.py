"""``beacon load variants`` as a data steward meets it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from commands import Command

HEAD = (
    "##fileformat=VCFv4.3\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1\tP2\n"
)
MT_LENGTH = 16569
START_OF_MT = "GCACACACATTTACG"


@pytest.fixture
def deletion(tmp_path: Path) -> str:
    """A file with a deletion at the right end of a repeat, and a bad line."""
    path = tmp_path / "deletion.vcf"
    lines = [
        "MT\t7\t.\tACA\tA\t50\tPASS\t.\tGT\t0/1\t0/0",
        "MT\tx\t.\tA\tC\t.\t.\t.\tGT",
    ]
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines))
    return str(path)


@pytest.fixture
def genome(tmp_path: Path) -> str:
    """A mitochondrion that begins with a repeat."""
    path = tmp_path / "mt.fa"
    rest = "N" * (MT_LENGTH - len(START_OF_MT))
    path.write_text(f">MT\n{START_OF_MT}{rest}\n")
    return str(path)


def load(beacon: Command, path: str, *more: str) -> tuple[int, str, str]:
    """Load a file as dataset d1 on GRCh37, however many records are bad."""
    given = ("--dataset", "d1", "--assembly", "GRCh37", "--max-bad", "100%")
    done = beacon("load", "variants", path, *given, *more)
    return done.returncode, done.stdout, done.stderr


def test_the_account_names_every_record(
    empty_beacon: Command, deletion: str, tmp_path: Path
) -> None:
    """What was stored and what was skipped is printed, and written as JSON."""
    report = tmp_path / "report.json"
    code, out, _ = load(empty_beacon, deletion, "--report", str(report))
    written = json.loads(report.read_text())

    assert code == 0
    assert "d1: release 1 published, GRCh37, 2 people" in out
    assert "wrong number of columns" in out
    assert "deletion.vcf:4" in out
    assert (written["release"], written["files"][0]["records"]) == (1, 2)


def test_the_same_files_are_unchanged(empty_beacon: Command, deletion: str) -> None:
    """Loading the same file again says that nothing changed."""
    load(empty_beacon, deletion)
    code, out, _ = load(empty_beacon, deletion)

    assert code == 0
    assert out == "d1: unchanged, release 1 holds these files\n"


def test_a_dry_run_stores_nothing(empty_beacon: Command, deletion: str) -> None:
    """A dry run gives the account and leaves the store empty."""
    code, out, _ = load(empty_beacon, deletion, "--dry-run")

    assert code == 0
    assert "nothing stored" in out
    assert empty_beacon("datasets").stdout == "Nothing is loaded yet.\n"


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--max-bad", "many"), "--max-bad"),
        (("--dataset", "a b"), "--dataset"),
        (("--assembly", "hg99"), "hg99"),
        (("--group-by", "pop"), "--samples"),
        (("--reference", "/nowhere.fa"), "/nowhere.fa"),
        (("--report", "/nowhere/x.json"), "--report"),
        (("--data-dir", ""), "--data-dir"),
    ],
)
def test_what_cannot_mean_anything_is_exit_2(
    empty_beacon: Command, deletion: str, options: tuple[str, ...], word: str
) -> None:
    """An option that cannot be used is one sentence that names it."""
    code, out, err = load(empty_beacon, deletion, *options)

    assert (code, out) == (2, "")
    assert word in err
    assert "Traceback" not in err


def test_a_rejected_file_is_exit_1(empty_beacon: Command, deletion: str) -> None:
    """Too many bad records are one sentence with the first of them."""
    code, _, err = load(empty_beacon, deletion, "--max-bad", "1%")

    assert code == 1
    assert "1 of 2 records are bad" in err
    assert empty_beacon("datasets").stdout == "Nothing is loaded yet.\n"


@pytest.mark.parametrize("loaded_with", [True, False])
def test_any_spelling_finds_the_allele_with_a_reference(
    empty_beacon: Command, deletion: str, genome: str, *, loaded_with: bool
) -> None:
    """Asked with a reference, every spelling finds what was loaded with or without."""
    load(empty_beacon, deletion, *(("--reference", genome) if loaded_with else ()))
    variables = {**empty_beacon.variables, "BEACON_REFERENCES__GRCH37": genome}
    asking = replace(empty_beacon, variables=variables)
    words = ("MT-7-ACA-A", "MT-1-GCA-G", "MT-3-ACA-A", "MT-2-CAC-C")
    codes = [asking("ask", word, "--assembly", "GRCh37").returncode for word in words]

    assert codes == [0, 0, 0, 0]


def test_without_a_reference_a_shifted_spelling_is_no_answer(
    empty_beacon: Command, deletion: str, genome: str
) -> None:
    """Aligned data asked without its reference gives no answer, never a "no"."""
    load(empty_beacon, deletion, "--reference", genome)
    words = ("MT-7-ACA-A", "MT-1-GCA-G", "NC_012920.1:g.8_9delCA")
    asked = [empty_beacon("ask", w, "--assembly", "GRCh37") for w in words]

    assert [a.returncode for a in asked] == [5, 0, 5]
    assert "no_answer" in asked[0].stdout
