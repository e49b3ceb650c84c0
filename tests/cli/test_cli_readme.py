"""The README shows what the program really prints."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_readme_shows_the_demonstration(demo_output: str) -> None:
    """The answers on the first screen are those ``make demo ONCE=1`` prints."""
    shown = re.search(r"```text\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    printed = demo_output.partition("\nTo ask more")[0]

    assert shown is not None
    assert shown[1] == printed


def test_tour_shows_lines_of_the_demonstration(demo_output: str) -> None:
    """Every line of an answer the tour shows is one the demonstration prints."""
    tour = (ROOT / "docs" / "tour.md").read_text()
    blocks = re.findall(r"```text\n(.*?)```", tour, re.DOTALL)
    shown = [line for block in blocks for line in block.splitlines()]

    assert len(shown) > 3
    assert [line for line in shown if line not in demo_output.splitlines()] == []
