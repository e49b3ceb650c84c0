"""The register of rules, its page, and the command that prints a verdict."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp.test_utils import TestServer, unused_port
from click.testing import CliRunner

from beacon.cli.main import command_line
from beacon.conformance.rules import CHECKS, RULES, rules_table
from beacon.model.errors import UsageError
from tests.conformance.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from click.testing import Result

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "beacon" / "conformance").glob("*.py"))
NUMBER = re.compile(r'"([RM]\d+)"')


def mentioned() -> set[str]:
    """Return every number of a rule that the checks name."""
    checks = [path for path in SOURCES if path.name != "rules.py"]
    return {each for path in checks for each in NUMBER.findall(path.read_text())}


async def run(*arguments: str, faults: Iterable[str] = ()) -> Result:
    """Run ``beacon check`` on the reference beacon."""
    async with TestServer(Reference(faults).application()) as server:
        url = str(server.make_url("/api"))
        words = ["check", url, "--rate", "0", *arguments]
        return await asyncio.to_thread(CliRunner().invoke, command_line(), words)


def test_every_rule_is_enforced_and_registered() -> None:
    """The checks name the rules of the register, all of them and no other."""
    assert mentioned() == set(RULES)


def test_every_rule_has_a_check_that_is_made() -> None:
    """What enforces a rule is among the checks that are made."""
    assert [n for n, rule in RULES.items() if rule.check not in CHECKS] == []


def test_the_page_has_the_table() -> None:
    """The table of rules in the documentation is the one made from the register."""
    page = (ROOT / "docs" / "conformance.md").read_text()

    assert page.endswith("\n\n" + rules_table())


async def test_a_sound_beacon_exits_with_0() -> None:
    """No violation is exit code 0, and is said."""
    done = await run()

    assert 0 == done.exit_code
    assert "\n0 violations\n" in done.stdout


async def test_violations_are_numbered() -> None:
    """Each violation has a number, its rule, a sentence and the request."""
    done = await run(faults=["environment", "testMode refused"])

    assert 1 == done.exit_code
    assert "2 violations:\n  1. R3: /response/environment" in done.stdout
    assert "\n     GET http://" in done.stdout
    assert re.search(r"\n  2\. R57: .* \(and 3 more like it\)\n", done.stdout)


async def test_json_is_for_programs() -> None:
    """``--json`` prints rule, cause, sentence and request of each finding."""
    done = await run("--json", faults=["environment"])
    (finding,) = json.loads(done.stdout)["violations"]

    assert ["R3", 0] == [finding["rule"], finding["more"]]
    assert finding["request"]["url"].endswith("/api/info")


async def test_strict_counts_advice() -> None:
    """Advice alone is exit code 0, and 1 with ``--strict``."""
    lenient = await run(faults=["no CORS"])
    strict = await run("--strict", faults=["no CORS"])

    assert [0, 1] == [lenient.exit_code, strict.exit_code]


def test_nobody_there_exits_with_5() -> None:
    """A beacon that cannot be reached is exit code 5, without a verdict."""
    url = f"http://127.0.0.1:{unused_port()}"
    done = CliRunner().invoke(command_line(), ["check", url])

    assert 5 == done.exit_code
    assert "" == done.stdout
    assert "cannot be reached" in done.stderr
    assert "nothing is said about it" in done.stderr


@pytest.mark.parametrize(
    "url", ["ftp://x", "x", "http://", "http://x/?a=b", "http://["]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """A URL that cannot be a beacon's is refused in one sentence."""
    done = CliRunner().invoke(command_line(), ["check", url])

    assert isinstance(done.exception, UsageError)


def test_a_token_is_one_line(tmp_path: Path) -> None:
    """A file that holds no token is refused before anything is asked."""
    path = tmp_path / "token"
    path.write_text("one\ntwo")
    words = ["check", "http://127.0.0.1:9", "--token-file", str(path)]
    done = CliRunner().invoke(command_line(), words)

    assert isinstance(done.exception, UsageError)
