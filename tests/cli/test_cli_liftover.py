"""Liftover from the command line: a chain file configured, and one that is wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from commands import Command

from beacon.model.assemblies import ASSEMBLIES

if TYPE_CHECKING:
    from pathlib import Path

HERE, THERE = (ASSEMBLIES[name].contigs[21] for name in ("GRCh38", "GRCh37"))
CHAIN = (
    f"chain 1 chr22 {HERE.length} + 49000000 50000000 "
    f"chr22 {THERE.length} + 50000000 51000000 1\n1000000\n\n"
)


@pytest.fixture
def lifting(beacon: Command, tmp_path: Path) -> Command:
    """Give the command on the demonstration's data, with a chain file."""
    (tmp_path / "a.chain").write_text(CHAIN)
    config = tmp_path / "beacon.toml"
    config.write_text("[liftover]\nGRCh38_to_GRCh37 = 'a.chain'\n")
    return Command(home=beacon.home, variables={"BEACON_CONFIG": str(config)})


def test_answer_shows_both_forms(lifting: Command) -> None:
    """What was asked heads the answer, what was asked instead stands with a dataset."""
    done = lifting("ask", "22-49454000-G-A", "--assembly", "GRCh38")

    assert done.returncode == 0, done.stderr
    assert "22-49454000-G-A (GRCh38): seen" in done.stdout
    assert "asked as GRCh37-22-50454000-G-A" in done.stdout


def test_no_of_a_lift_that_nobody_checked_is_no_no(lifting: Command) -> None:
    """Without references a "no" is ``not_covered``, with its own exit code."""
    done = lifting("ask", "22-49300086-C-T", "--assembly", "GRCh38", "--json")
    said = json.loads(done.stdout)
    (first, *_) = said["datasets"]

    assert done.returncode == 4, done.stdout
    assert any("No reference of GRCh37" in each for each in said["warnings"])
    assert first["lifted"]["asked"] == "GRCh38-22-49300086-C-T"
    assert first["lifted"]["lifted"] == "GRCh37-22-50300086-C-T"
    assert first["lifted"]["isCertain"] is False


def test_chain_file_of_the_other_direction_is_refused(
    lifting: Command, tmp_path: Path
) -> None:
    """A file that leads the other way is named, before anything is answered."""
    text = CHAIN.replace(str(HERE.length), str(THERE.length), 1)
    (tmp_path / "a.chain").write_text(text)
    done = lifting("ask", "22-49454000-G-A", "--assembly", "GRCh38")

    assert done.returncode == 2
    assert done.stdout == ""
    assert "is it a file of other genomes, or of the other direction?" in done.stderr
