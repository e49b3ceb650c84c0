"""``beacon datasets``: list, describe, go back, remove; on loads of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from commands import Command

HEAD = (
    "##fileformat=VCFv4.3\n"
    "##contig=<ID=22,length=51304566,assembly=GRCh37>\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1\tP2\n"
)
QUESTION = "22-20000000-A-G"


def write(path: Path, genotypes: str) -> str:
    """Write a file of one variant and two people; return its path."""
    line = f"22\t20000000\t.\tA\tG\t50\tPASS\t.\tGT\t{genotypes}\n"
    path.write_text(HEAD + line)
    return str(path)


@pytest.fixture
def two_releases(empty_beacon: Command, tmp_path: Path) -> Command:
    """Load a dataset twice: first two copies of the allele, then one."""
    for name, genotypes in (("first.vcf", "1/1\t0/0"), ("second.vcf", "0/1\t0/0")):
        path = write(tmp_path / name, genotypes)
        done = empty_beacon("load", "variants", path, "--dataset", "d1")
        assert done.returncode == 0, done.stderr

    return empty_beacon


def test_nothing_loaded_is_said(empty_beacon: Command) -> None:
    """An empty store is a sentence, not an empty table."""
    done = empty_beacon("datasets")

    assert (done.returncode, done.stdout) == (0, "Nothing is loaded yet.\n")


@pytest.mark.parametrize(
    "arguments",
    [("show", "d9"), ("releases", "d9"), ("rollback", "d9"), ("remove", "d9")],
)
def test_unknown_dataset_is_named(
    empty_beacon: Command, arguments: tuple[str, ...]
) -> None:
    """Asking for a dataset that is not there fails and names it."""
    done = empty_beacon("datasets", *arguments)

    assert done.returncode == 1
    assert "d9" in done.stderr


def test_life_of_a_dataset(two_releases: Command) -> None:
    """Rolling back changes the answer at once; removing takes it away."""
    beacon = two_releases
    newest = beacon("ask", QUESTION).stdout
    listed = beacon("datasets", "releases", "d1").stdout.splitlines()
    back = beacon("datasets", "rollback", "d1")
    older = beacon("ask", QUESTION).stdout
    forth = beacon("datasets", "rollback", "d1", "--to", "2")
    first = beacon("datasets", "remove", "d1", "--release", "1")
    whole = beacon("datasets", "remove", "d1")
    nothing = beacon("ask", QUESTION, "--assembly", "GRCh37")

    assert "1 of 4 alleles, 0 homozygous, 1 heterozygous" in newest
    assert [line[:3] for line in listed] == ["REL", "1  ", "2 *"]
    assert (back.returncode, back.stdout) == (0, "d1 serves release 1.\n")
    assert "2 of 4 alleles, 1 homozygous, 0 heterozygous" in older
    assert forth.stdout == "d1 serves release 2.\n"
    assert first.stdout == "d1, release 1: removed.\n"
    assert whole.stdout == "d1: removed.\n"
    assert nothing.returncode == 5


def test_description_is_set_and_taken_back(two_releases: Command) -> None:
    """``set`` changes what is said of a dataset; an empty value takes it back."""
    given = ("--name", "Cohort 1", "--kind", "patients", "--country", "se")
    done = two_releases("datasets", "set", "d1", *given)
    back = two_releases("datasets", "set", "d1", "--country", "")

    assert (done.returncode, back.returncode) == (0, 0)
    assert "name         Cohort 1\n" in done.stdout
    assert "country      SE\n" in done.stdout
    assert "country" not in back.stdout
    assert "Cohort 1" in two_releases("datasets").stdout


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--country", "Sweden"),
        ("--kind", "animals"),
        ("--contact", "ask Anna"),
        ("--contact", "https://"),
        ("--contact", "javascript:alert(1)"),
    ],
)
def test_description_that_means_nothing_is_bad_usage(
    empty_beacon: Command, options: tuple[str, ...]
) -> None:
    """``set`` without or with a wrong value is exit 2 and one sentence."""
    done = empty_beacon("datasets", "set", "d1", *options)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert all(o in done.stderr for o in options[:1])


@pytest.mark.parametrize(
    "contact", ["https://example.org/ask", "http://ask.local", "mailto:ask@example.org"]
)
def test_whom_to_ask_is_an_address(two_releases: Command, contact: str) -> None:
    """A page and a mail address are kept as the contact of a dataset."""
    done = two_releases("datasets", "set", "d1", "--contact", contact)

    assert (done.returncode, done.stderr) == (0, "")
    assert f"contact      {contact}\n" in done.stdout


def test_people_in_several_datasets_are_found(beacon: Command) -> None:
    """Those of the synthetic cohort, two and nobody else."""
    done = beacon("datasets", "duplicates", "--json")
    found = json.loads(done.stdout)["duplicates"]

    assert (done.returncode, done.stderr) == (0, "")
    assert [each["kind"] for each in found] == ["same", "same"]
    assert "SMP-0010 is in" in found[1]["sentence"]


def test_individuals_are_kept_or_not(empty_beacon: Command, tmp_path: Path) -> None:
    """What is kept of people is shown; counts alone when asked for."""
    path = write(tmp_path / "a.vcf", "1/1\t0/0")
    shown = []
    for options in ((), ("--counts-only",)):
        empty_beacon("load", "variants", path, "--dataset", "d1", *options)
        shown += empty_beacon("datasets", "show", "d1").stdout.splitlines()

    told = [line.split(maxsplit=1)[1] for line in shown if line.startswith("indiv")]
    assert told == ["kept", "not kept"]


def test_appended_files_are_told(two_releases: Command, tmp_path: Path) -> None:
    """An append adds to what is served, and every release tells its files."""
    more = tmp_path / "more.vcf"
    more.write_text(
        HEAD.replace("P1\tP2", "P3\tP4")
        + "22\t20000000\t.\tA\tG\t50\tPASS\t.\tGT\t0/1\t0/0\n"
    )
    done = two_releases("load", "variants", str(more), "--dataset", "d1", "--append")
    shown = json.loads(two_releases("datasets", "releases", "d1", "--json").stdout)

    assert (done.returncode, done.stderr.count("error")) == (0, 0)
    assert [1, 2, 3] == [one["release"] for one in shown]
    assert [False, False, True] == [one["served"] for one in shown]
    assert ["second.vcf", "more.vcf"] == [one["name"] for one in shown[2]["inputs"]]
    assert (4, 2) == (shown[2]["sampleCount"], shown[2]["loads"])
    assert all("path" not in one for one in shown[2]["inputs"])
    assert "2 of 8" in two_releases("ask", QUESTION).stdout
