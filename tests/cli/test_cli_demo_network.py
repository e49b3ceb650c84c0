"""``beacon demo --network``: a network is up, asked, shown whole, and gone."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import Command

from beacon.cli.demo_network import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commands import Server

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a data directory."""
    return tmp_path_factory.mktemp("rehearsal")


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[Server]:
    """Run the demonstration until all tests are done."""
    command = Command(home=home)
    with command.serving("demo", "--network", "--port", "0", deadline=600) as server:
        assert server.url, "".join(server.lines)
        yield server


@pytest.fixture(scope="module")
def printed(served: Server) -> str:
    """Give what was printed before it served."""
    return "".join(served.lines)


@pytest.fixture(scope="module")
def sweden(home: Path, served: Server) -> Command:
    """Give the command with Sweden's settings, while the network is up."""
    assert served.url
    settings = str(home / "network" / "se.beacon.toml")
    return Command(home=home, variables={"BEACON_CONFIG": settings})


@pytest.fixture(scope="module")
def answers(printed: str) -> list[str]:
    """Give each answer as one line of text."""
    parts = re.split(r"^\$ beacon ask --network .*$", printed, flags=re.MULTILINE)
    return [" ".join(part.split()) for part in parts[1:]]


def test_every_node_has_its_word(answers: list[str]) -> None:
    """Whoever is slow, lies or is broken did not answer, and each for its reason."""
    assert len(answers) == len(QUESTIONS)
    for said in answers:
        assert "A slow peer: no_answer. It did not answer within 2 s." in said
        assert "A lying peer: no_answer. It does not repeat what was asked" in said
        assert "A broken peer: no_answer. It did not send plain JSON." in said
        assert "3 of 6 nodes answered. What the others did not say is no" in said


def test_each_nation_tells_by_its_own_policy(answers: list[str]) -> None:
    """Sweden and Europe count, Denmark rounds, and withholds what is rare."""
    rare, common, nobody = answers

    assert "Swedish patients (se-care): 3 of 24,198 alleles" in rare
    assert "(eu-reference): 41 of 180,044 alleles, 1 homozygous" in rare
    assert "withheld dk-care" in rare
    assert "seen dk-care: about 1,740 of 31,120 alleles" in common
    assert "withheld dk-care" in nobody


def test_silence_is_never_a_no(answers: list[str]) -> None:
    """Where all who answered say no, and others did not answer, the word is theirs."""
    assert answers[2].startswith("17-43045711-G-C (GRCh38): no_answer")
    assert "(eu-reference): 0 of 180,044 alleles" in answers[2]


def test_people_who_may_be_the_same_are_not_added_up(answers: list[str]) -> None:
    """Sweden's reference is within Europe's, and who is silent may have it, too."""
    for said in answers[:2]:
        assert re.search(r"Carriers in populations: at least [\d,]+\.", said)
        assert "Together in populations" not in said


def test_files_can_be_read_afterwards(home: Path, printed: str) -> None:
    """Each nation's settings and policy are left, and the key only its owner reads."""
    assert printed
    folder = home / "network"
    for key in ("se", "dk", "eu"):
        settings = tomllib.loads((folder / f"{key}.beacon.toml").read_text())
        assert settings["beacon"]["id"] == f"{key}.demo.beacon"
        assert (folder / key / "audit").is_dir()
    assert (folder / "dk.token").stat().st_mode & 0o777 == 0o600


def test_the_guide_shows_what_is_printed(printed: str) -> None:
    """The answer that docs/federation.md shows is one the demonstration prints."""
    guide = (ROOT / "docs" / "federation.md").read_text()
    (shown,) = re.findall(r"```text\n(.*?)```", guide, re.DOTALL)

    assert shown in printed


def test_it_is_not_with_a_login(home: Path) -> None:
    """``--with-login`` is for one beacon: together they are bad usage."""
    done = Command(home=home)("demo", "--network", "--with-login")

    assert done.returncode == 2
    assert "leave --network out" in done.stderr


def test_the_network_is_asked_from_the_command_line(sweden: Command) -> None:
    """``ask --network --json`` has every node; its code is that of the one word."""
    done = sweden("ask", "--network", "--json", "7-117559590-ATCT-A")
    document = json.loads(done.stdout)
    words = {node["id"]: node["status"] for node in document["nodes"]}

    assert done.returncode == 0, done.stderr
    assert words == {
        "se.demo.beacon": "seen",
        "dk.demo.beacon": "seen",
        "eu.demo.beacon": "seen",
        "slow.demo.beacon": "no_answer",
        "lying.demo.beacon": "no_answer",
        "broken.demo.beacon": "no_answer",
    }
    assert document["complete"] is False


def test_one_address_is_asked_with_and_without_a_key(
    sweden: Command, home: Path
) -> None:
    """Denmark answers who shows its key; who shows none is told of nothing."""
    peers = (home / "network" / "peers.toml").read_text()
    url = re.findall(r'url = "([^"]*)"', peers)[0]
    asked = ("ask", "7-117559590-ATCT-A", "--assembly", "GRCh38", "--url", url)
    token = str(home / "network" / "dk.token")
    known, unknown = sweden(*asked, "--token-file", token), sweden(*asked)

    assert known.returncode == 0, known.stdout
    assert "about 680 of 31,120 alleles" in known.stdout
    assert unknown.returncode in (4, 5)
    assert "seen" not in unknown.stdout


def test_a_file_is_annotated_by_the_network(sweden: Command, tmp_path: Path) -> None:
    """Each dataset has its column, and so has a peer that is not asked lists."""
    path = tmp_path / "in.vcf"
    path.write_text(
        "##fileformat=VCFv4.3\n##reference=GRCh38\n"
        "##contig=<ID=17,length=83257441,assembly=GRCh38>\n"
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        "17\t43124027\t.\tACT\tA\t.\tPASS\t.\n"
    )
    done = sweden("annotate", str(path), "-o", "-", "--network", "--jobs", "1")
    columns = re.findall(r"##beacon_dataset=<ID=([^,]*),", done.stdout)
    (record,) = [x for x in done.stdout.splitlines() if not x.startswith("#")]
    said = dict(each.split("=") for each in record.split("\t")[7].split(";"))

    assert done.returncode == 0, done.stderr
    assert dict(zip(columns, said["BEACON_STATUS"].split(","), strict=True)) == {
        "se-care": "seen",
        "se-reference": "seen",
        "dk-care": "withheld",
        "eu-reference": "seen",
        "slow.demo.beacon": "not_asked",
        "lying.demo.beacon": "not_asked",
        "broken.demo.beacon": "not_asked",
    }
    assert said["BEACON_AC"].split(",") == ["3", "1", ".", "41", ".", ".", "."]
