"""``beacon ask`` about structural variants: has anything similar been seen?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from commands import Command

HEADER = (
    "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\n"
)
RECORDS = """\
22\t18912231\t.\tN\t<DEL>\t.\tPASS\tEND=21465672\tGT\t0/1
chrUn_gl000220\t100\t.\tN\t]chr22:9000000]N\t.\tPASS\tSVTYPE=BND\tGT\t0/1
22\t31000000\t.\tT\tT[chr8:107653411[\t.\tPASS\tSVTYPE=BND\tGT\t1/1
"""
LINE = "22 31000010 . N N[8:107653400[ . PASS SVTYPE=BND"


@pytest.fixture
def beacon(empty_beacon: Command, tmp_path: Path) -> Command:
    """Give the command on two structural variants."""
    path = tmp_path / "x.vcf"
    path.write_text(HEADER + RECORDS)
    load = ("load", "variants", str(path), "--dataset", "sv", "--assembly", "GRCh37")
    done = empty_beacon(*load)
    assert done.returncode == 0, done.stderr
    return empty_beacon


@pytest.mark.parametrize(
    ("question", "code", "printed"),
    [
        (
            "del 22:18912231-21465672",
            0,
            "22:18912232-21465672 DEL: overlap 100%, ends within 1 base, "
            "1 of 2 alleles",
        ),
        ("22:19912231-21465672 DEL", 0, "sv: 1 similar variant"),
        ("22:18912231-21465672 DUP", 3, "sv: no similar variants"),
        ("cnv 22:18912231-21465672", 0, "sv: 1 similar variant"),
        ("del 9:100-2000", 4, "nothing known here"),
        (LINE, 0, "22:31000000 BND to 8:107653411: 11 bases off, 2 of 2 alleles"),
        ("chrUn_gl000220 100 . N ]chr22:9000000]N . . .", 0, "sv: 1 similar variant"),
        ("22 18912231 . N <CPX> . . END=21465672", 0, "sv: 1 similar variant"),
        ("22-18912231-N-<DEL>", 2, ""),
    ],
)
def test_an_event_is_answered_with_what_is_similar(
    beacon: Command, question: str, code: int, printed: str
) -> None:
    """The exit code says the status, the lines below which variants and how alike."""
    done = beacon("ask", question)

    assert done.returncode == code, done.stderr
    assert printed in " ".join(done.stdout.split())
    assert max(map(len, done.stdout.splitlines()), default=0) <= 80


def test_programs_read_the_closest(beacon: Command) -> None:
    """JSON holds the number of similar variants and the closest ones."""
    said = json.loads(beacon("ask", "--json", "del 22:18912231-21465672").stdout)
    (part,) = said["datasets"]

    assert said["normalised"] == "similar to 22:18912231-21465672 DEL"
    assert (part["status"], part["variants"]) == ("seen", 1)
    assert part["closest"][0]["id"] == "GRCh37-22-18912231-21465672-DEL"
    assert part["closest"][0]["type"] == "DEL"


def test_another_beacon_is_asked_the_same(beacon: Command) -> None:
    """Over HTTP the event is compared there, with the same answer."""
    with beacon.serving("serve", "--port", "0") as server:
        asked = ("ask", "--assembly", "GRCh37", "--url", server.url)
        there = beacon(*asked, "del 22:18912231-21465672")
        joined = beacon(*asked, LINE)
        absent = beacon(*asked, "22:18912231-21465672 DUP")

    assert (there.returncode, joined.returncode, absent.returncode) == (0, 0, 3)
    assert "1 similar variant" in there.stdout
