"""``beacon ask``: the exit code, the words and the numbers of an answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from beacon.cli.groups import group_lines, group_members
from beacon.model.counts import AlleleCounts
from beacon.model.grouped import PeopleGroup

if TYPE_CHECKING:
    from commands import Command

SEEN = "22-50454000-G-A"
UNSEEN = "22-50300086-C-T"
UNCOVERED = "13-32914437-GT-G"
REGION = "22:50300000-50310000"


@pytest.mark.parametrize(
    ("question", "code", "first_line"),
    [
        (SEEN, 0, "22-50454000-G-A (GRCh37): seen"),
        ("chr22:g.50454000G>A", 0, "22-50454000-G-A (GRCh37): seen"),
        ("NC_000022.10:50453999:G:A", 0, "22-50454000-G-A (GRCh37): seen"),
        (UNSEEN, 3, "22-50300086-C-T (GRCh37): not_seen"),
        (UNCOVERED, 4, "13-32914437-GT-G (GRCh37): not_covered"),
        (REGION, 0, "22:50300000-50310000 (GRCh37): seen"),
        ("NC_000022.11:g.50454000G>A", 5, "22-50454000-G-A (GRCh38): not_asked"),
    ],
)
def test_exit_code_says_the_status(
    beacon: Command, question: str, code: int, first_line: str
) -> None:
    """The exit code and the first line say the same word over all datasets."""
    done = beacon("ask", question)

    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.splitlines()[0] == first_line


def test_seen_is_printed_with_its_counts(beacon: Command) -> None:
    """A seen allele is printed with alleles and people of each dataset."""
    printed = " ".join(beacon("ask", SEEN).stdout.split())

    assert (
        "seen 1000 Genomes chr22 (demo-1kg): "
        "3 of 10 alleles, 1 homozygous, 1 heterozygous"
    ) in printed


def test_no_is_printed_with_what_it_rests_on(beacon: Command) -> None:
    """A "no" is printed with the alleles that were called there."""
    printed = beacon("ask", UNSEEN).stdout

    assert "not_seen     1000 Genomes chr22 (demo-1kg): 0 of 10 alleles" in printed


def test_answers_fit_eighty_columns(demo_output: str) -> None:
    """No printed answer is wider than 80 columns."""
    answers = demo_output.partition("\nTo ask more")[0]

    assert max(len(line) for line in answers.splitlines()) <= 80


def test_json_has_the_names_of_the_api(beacon: Command) -> None:
    """``--json`` prints the same answer under the names the API uses."""
    answer = json.loads(beacon("ask", SEEN, "--json").stdout)

    assert (answer["variant"], answer["status"]) == (SEEN, "seen")
    assert answer["datasets"][0] == {
        "id": "demo-1kg",
        "status": "seen",
        "alleleCount": 3,
        "alleleNumber": 10,
        "homozygous": 1,
        "heterozygous": 1,
        "hemizygous": 0,
    }


@pytest.mark.parametrize("question", ["nonsense", "22-50454000-G-G", "22-0-A-T"])
def test_nonsense_is_a_sentence_and_never_a_no(beacon: Command, question: str) -> None:
    """What is not understood is one sentence on stderr and exit 2."""
    done = beacon("ask", question)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("beacon: ")
    assert "Traceback" not in done.stderr


def test_p1_what_may_have_been_meant_is_a_line_each(beacon: Command) -> None:
    """Below the sentence, with what it rests on; nothing is asked for it."""
    done = beacon("ask", "22-50454000-G-A,T", "--assembly", "GRCh37")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[1:] == [
        "  perhaps: 22-50454000-G-A --assembly GRCh37 (one of them)",
        "  perhaps: 22-50454000-G-T --assembly GRCh37 (one of them)",
    ]


def test_debug_shows_the_traceback(beacon: Command) -> None:
    """``--debug`` adds the traceback to the sentence."""
    done = beacon("ask", "nonsense", "--debug")

    assert done.returncode == 2
    assert "Traceback" in done.stderr


def test_common_options_stand_before_or_after(beacon: Command) -> None:
    """An option all commands share means the same before and after the command."""
    unreachable = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100"
    before = beacon("--store", unreachable, "ask", SEEN)
    after = beacon("ask", SEEN, "--store", unreachable)

    assert (before.returncode, after.returncode) == (5, 5)
    assert before.stderr == after.stderr


def test_other_beacon_is_asked_over_http(beacon: Command, demo_server: str) -> None:
    """``--url`` gives the words and numbers of the beacon there, as it gives them."""
    there = beacon("ask", SEEN, "--assembly", "GRCh37", "--url", demo_server)
    itself = beacon("ask", SEEN, "--assembly", "GRCh37")

    assert there.returncode == 0
    assert "(demo-1kg): 3 of 10 alleles, 1 homozygous," in there.stdout
    assert there.stdout == itself.stdout


@pytest.mark.parametrize(
    ("question", "assembly", "code"),
    [
        (UNSEEN, "GRCh37", 3),
        (UNCOVERED, "GRCh37", 4),
        (REGION, "GRCh37", 0),
        (SEEN, "GRCh38", 5),
    ],
)
def test_other_beacon_is_believed_word_for_word(
    beacon: Command, demo_server: str, question: str, assembly: str, code: int
) -> None:
    """The status word of another beacon is the exit code here."""
    done = beacon("ask", question, "--assembly", assembly, "--url", demo_server)

    assert done.returncode == code


@pytest.mark.parametrize("path", ["/nothing-here", ":1"])
def test_silence_is_no_answer(beacon: Command, demo_server: str, path: str) -> None:
    """A beacon that fails in any way is ``no_answer``, never a "no"."""
    address = "http://127.0.0.1:1" if path == ":1" else demo_server + path
    done = beacon("ask", UNSEEN, "--assembly", "GRCh37", "--url", address)

    assert done.returncode == 5
    assert "no_answer" in done.stdout
    assert "not_seen" not in done.stdout


def test_address_that_is_none_is_bad_usage(beacon: Command) -> None:
    """An address nobody can be asked at is exit 2."""
    done = beacon("ask", SEEN, "--assembly", "GRCh37", "--url", "ftp://example.org")

    assert done.returncode == 2


INSERTED = ("1-704060-T-TCTTCGAGGTTCCTCTT", "--assembly", "GRCh37")


def test_people_are_left_out_and_grouped(beacon: Command) -> None:
    """The answer is without an individual, and a table follows each dataset."""
    done = beacon(
        "ask", *INSERTED, "--exclude-individual", "SMP-0000", "--by", "status"
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    said = " ".join(done.stdout.split())

    assert done.returncode == 0, done.stderr
    assert ["GROUP", "PEOPLE", "AC", "AN", "AF", "HET", "HOM", "HEMI"] in lines
    assert ["unknown", "19", "11", "38", "0.289", "9", "1", "0"] in lines
    assert "11 of 38 alleles, 1 homozygous, 9 heterozygous" in said


def test_groups_are_json_too() -> None:
    """Each group says its people, their counts and the frequency."""
    counts = AlleleCounts(ac=11, an=38, hom=1, het=9, hemi=0)

    assert group_members(PeopleGroup("F", 19, counts)) == {
        "group": "F",
        "people": 19,
        "alleleCount": 11,
        "alleleNumber": 38,
        "homozygous": 1,
        "heterozygous": 9,
        "hemizygous": 0,
        "alleleFrequency": 11 / 38,
    }
    assert group_members(PeopleGroup("F", 19, None)) == {"group": "F", "people": 19}


def test_a_table_of_groups_says_what_is_not_known() -> None:
    """A group without counts has question marks; long names are cut."""
    counts = AlleleCounts(ac=0, an=0, hom=0, het=0, hemi=0)
    lines = group_lines(
        [PeopleGroup("a" * 30, 1_000, None), PeopleGroup("F", 1, counts)]
    )

    assert [line.split() for line in lines][1:] == [
        ["a" * 23 + "\u2026", "1,000", *"??????"],
        ["F", "1", "0", "0", "-", "0", "0", "0"],
    ]


def test_another_beacon_is_not_asked_for_groups(beacon: Command) -> None:
    """Exit code 2, and a sentence."""
    done = beacon("ask", *INSERTED, "--url", "http://127.0.0.1:9", "--by", "sex")

    assert (done.returncode, done.stderr) == (
        2,
        "beacon: --by is for the local store only: a Beacon request has no word for"
        " it\n",
    )
