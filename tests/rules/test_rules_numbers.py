"""Every rule has its test, found by its number."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = "".join(p.read_text() for p in Path(__file__).parent.glob("test_rules_*.py"))


def test_every_rule_has_a_test():
    """R1 to R114 and M1 to M27."""
    rules = {int(number) for number in re.findall(r"def test_r(\d{3})_", TESTS)}
    practice = {int(number) for number in re.findall(r"def test_m(\d{2})_", TESTS)}

    assert rules == set(range(1, 115))
    assert practice == set(range(1, 28))


def test_no_rule_is_skipped():
    """One that cannot hold has a decision, not a mark."""
    marks = [f"mark.{word}" for word in ("skip", "xfail")]

    assert [mark for mark in marks if mark in TESTS] == []
