"""Every claim of ``THREAT_MODEL.md`` names tests, and the tests are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "THREAT_MODEL.md").read_text()
THREATS = dict(re.findall(r"^## (T\d+) .*\n((?:(?!^## ).*\n)*)", TEXT, re.MULTILINE))
NAMED = sorted(set(re.findall(r"`(tests/[^`]+)`", TEXT)))


@cache
def written_in(path: str) -> frozenset[str]:
    """Return the tests of a file, as they are written."""
    tree = ast.parse((ROOT / path).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def test_every_threat_is_there() -> None:
    """T1 to T21, in order."""
    assert [f"T{number}" for number in range(1, 22)] == list(THREATS)


@pytest.mark.parametrize("named", NAMED)
def test_a_named_test_is_there(named: str) -> None:
    """A file of tests, and a test in it."""
    path, _, test = named.partition("::")

    assert test.startswith("test_")
    assert test in written_in(path)


@pytest.mark.parametrize("threat", THREATS)
def test_every_claim_names_a_test(threat: str) -> None:
    """Each line of a threat that claims something says which test tries it."""
    claims = re.findall(r"^\* .*$", THREATS[threat], re.MULTILINE)

    assert len(claims) >= 1
    assert [] == [claim for claim in claims if "`tests/" not in claim]
