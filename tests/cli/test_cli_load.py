"""``beacon load variants`` as a data steward meets it."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.cli.forking import PROGRAM

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


def test_blocks_and_regions_are_counted_and_asked(
    empty_beacon: Command, tmp_path: Path
) -> None:
    """What was looked at is in the account, and decides what a "no" says."""
    path, bed = tmp_path / "x.g.vcf", tmp_path / "panel.bed"
    block = "22\t1000\t.\tA\t<NON_REF>\t.\t.\tEND=2000\tGT\t0/0\t0/0\n"
    path.write_text(HEAD + block)
    bed.write_text("chr22\t1499\t1600\nHLA\t1\t2\n")
    code, out, _ = load(empty_beacon, str(path), "--callable", str(bed))
    told = " ".join(out.split())

    assert code == 0
    assert "stored: reference blocks 1" in told
    assert "stored: callable regions 1 stored: callable bases 101" in told
    assert "1 lines of the callable regions are on sequences that GRCh37 lacks" in told
    assert "coverage     blocks" in empty_beacon("datasets", "show", "d1").stdout


@pytest.mark.parametrize(
    ("question", "code", "words"),
    [
        ("22-1500-A-C", 3, "0 of 4 alleles"),
        ("22-1400-A-C", 4, "not_covered"),
        ("22-1600-AC-T", 3, "not all that it spans was looked at"),
        ("22:1590-1700", 3, "not all of it was looked at"),
        ("22:1700-1800", 4, "not_covered"),
    ],
)
def test_a_no_says_where_it_looked(
    empty_beacon: Command, tmp_path: Path, question: str, code: int, words: str
) -> None:
    """The terminal says what a "no" rests on, and how much of it."""
    path, bed = tmp_path / "x.g.vcf", tmp_path / "panel.bed"
    block = "22\t1000\t.\tA\t<NON_REF>\t.\t.\tEND=2000\tGT\t0/0\t0/0\n"
    path.write_text(HEAD + block)
    bed.write_text("chr22\t1499\t1600\n")
    load(empty_beacon, str(path), "--callable", str(bed))
    done = empty_beacon("ask", question)

    assert code == done.returncode
    assert words in " ".join(done.stdout.split())


def test_a_bad_region_stores_nothing(empty_beacon: Command, tmp_path: Path) -> None:
    """A bad line of the regions ends the load with its file and line."""
    path, bed = tmp_path / "x.vcf", tmp_path / "panel.bed"
    path.write_text(HEAD + "22\t1000\t.\tA\tC\t.\t.\t.\tGT\t0/1\t0/0\n")
    bed.write_text("22\t5\n")
    code, _, err = load(empty_beacon, str(path), "--callable", str(bed))

    assert code == 1
    assert "panel.bed:1: a region is a name and two whole numbers" in err


@pytest.mark.parametrize(
    ("lines", "code", "words"),
    [
        (["MT\t7\t.;\tA\tC\t.\tPASS\t."], 0, "noticed: ID is not a list of names"),
        (["MT\t7\t.\tA\tC\t.\tPASS\tAC=-1"], 0, "noticed: INFO count is not a whole"),
        (["MT\t9\t.\tA\tC\t.\t.\t.", "MT\t7\t.\tA\tC\t.\t.\t."], 0, "noticed: record"),
        (["M T\t7\t.\tA\tC\t.\tPASS\t."], 1, "CHROM is no sequence name"),
        (["MT\t99999999999\t.\tA\tC\t.\tPASS\t."], 1, "record is not inside"),
    ],
)
def test_defects_are_told_on_the_terminal(
    empty_beacon: Command, tmp_path: Path, lines: list[str], code: int, words: str
) -> None:
    """A defect of what is loaded is a row of the account, of what is not a sentence."""
    path = tmp_path / "x.vcf"
    path.write_text(HEAD + "".join(f"{line}\tGT\t0/1\t0/0\n" for line in lines))
    found, out, err = load(empty_beacon, str(path))

    assert (found, words in out + err) == (code, True)
    assert "Traceback" not in err


def test_a_pipe_is_refused_at_once(empty_beacon: Command, tmp_path: Path) -> None:
    """A pipe that nobody writes to is one sentence, not a wait."""
    path = tmp_path / "x.vcf"
    os.mkfifo(path)
    code, _, err = load(empty_beacon, str(path))

    assert (code, err.count("beacon: ")) == (1, 1)
    assert "is not a file" in err


def test_many_files_are_open_at_once(empty_beacon: Command, tmp_path: Path) -> None:
    """More files than a shell allows at first are read side by side."""
    files = [tmp_path / f"{number}.vcf" for number in range(80)]
    for file in files:
        head = HEAD.replace("P1\tP2", f"P{file.stem}")
        file.write_text(head + "MT\t7\t.\tA\tC\t50\tPASS\t.\tGT\t0/1\n")
    load = ["load", "variants", *map(str, files), "--dataset", "d", "--dry-run"]
    command = [str(PROGRAM), *load, "--assembly", "GRCh37"]
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -Sn 64; exec "$@"', "sh", *command],
        env=empty_beacon.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stderr
    assert "records loaded" in done.stdout
