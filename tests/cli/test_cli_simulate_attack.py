"""``beacon simulate-attack``: a policy file in, what it is worth out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from commands import Command

POLICY = """
[policy]
id = "small"

[tiers.registered]
granularity = "boolean"
visas = ["ResearcherStatus"]
distinct_variants = { per_day = 3 }

[disclosure.hidden]
min_count = 5

[datasets.clinic]
kind = "care"
access = { registered = "hidden" }
"""
FEW = ("--people", "100", "--victims", "20", "--calibrators", "20", "--questions", "4")


def test_a_policy_is_measured_beside_none(
    empty_beacon: Command, tmp_path: Path
) -> None:
    """Without it everybody is found, with it few, and every question was answered."""
    path = tmp_path / "policy.toml"
    path.write_text(POLICY)
    done = empty_beacon("simulate-attack", "--policy", str(path), *FEW, "--json")

    assert done.returncode == 0, done.stderr
    open_to_all, defended = json.loads(done.stdout)
    rarest = [c for c in open_to_all["conclusions"] if c["attack"] == "rarest first"]
    hidden = [c for c in defended["conclusions"] if c["attack"] == "rarest first"]
    assert (open_to_all["part"], defended["part"]) == (
        "no policy",
        "clinic, registered (hidden)",
    )
    assert open_to_all["heard"] == defended["heard"] == 1
    assert [c["questions"] for c in hidden] == [1, 3]
    assert max(c["power"][0]["power"][0] for c in hidden) <= 0.2
    assert min(c["power"][0]["power"][0] for c in rarest) >= 0.95


def test_a_policy_that_no_server_keeps_is_refused(
    empty_beacon: Command, tmp_path: Path
) -> None:
    """An unknown key is one sentence and exit 2, before anything is made."""
    path = tmp_path / "policy.toml"
    path.write_text(POLICY.replace("min_count", "min_cuont"))
    done = empty_beacon("simulate-attack", "--policy", str(path))

    assert done.returncode == 2
    assert "min_cuont" in done.stderr


def test_a_dataset_that_is_not_listed_is_named(empty_beacon: Command) -> None:
    """Whoever asks for one of its datasets is told which there are."""
    done = empty_beacon("simulate-attack", "--dataset", "nosuch")

    assert done.returncode == 2
    assert "reference, patients" in done.stderr
