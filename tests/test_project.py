"""The project as a newcomer finds it: two commands, and pages that are true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement

from beacon.cli.main import COMMANDS, command_line
from beacon.settings import rows, settings_table

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#]+)")


def requirements() -> list[Requirement]:
    """Return everything the project depends on, tools included."""
    project = PROJECT["project"]
    lists = [
        project["dependencies"],
        *project["optional-dependencies"].values(),
        *PROJECT["dependency-groups"].values(),
    ]
    return [Requirement(line) for each in lists for line in each]


def pinned() -> dict[str, str]:
    """Return the exact versions, by lower-case name."""
    lines = (ROOT / "constraints.txt").read_text().split()
    return dict(line.lower().split("==") for line in lines)


def planned(target: str, *words: str) -> str:
    """Return what make would run for a target, whether or not make runs the tests."""
    outer = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "ONCE")
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", target, *words],  # noqa: S607
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k not in outer},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_make_test_runs_every_gate() -> None:
    """``make test`` runs lint, formatting, types, contracts and tests."""
    plan = planned("test")
    tools = ("ruff check", "ruff format --check", "mypy", "lint-imports", "pytest")

    assert [tool for tool in tools if tool not in plan] == []


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), ".venv/bin/beacon demo "),
        (("ONCE=1",), ".venv/bin/beacon demo --once"),
        (("ONCE=0",), ".venv/bin/beacon demo "),
    ],
)
def test_make_demo_runs_the_demonstration(words: tuple[str, ...], line: str) -> None:
    """``make demo`` runs ``beacon demo``, and only ``ONCE=1`` stops it early."""
    assert planned("demo", *words).rstrip("\n").endswith(line)


def test_an_old_python_is_refused_with_a_sentence() -> None:
    """Without a suitable Python, make says which one is needed."""
    done = subprocess.run(
        ["make", "PYTHON=", "--always-make", ".venv/bin/python"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stderr


def test_ci_runs_make_test() -> None:
    """``.ci/run`` can be executed and runs ``make test``, nothing else."""
    script = ROOT / ".ci" / "run"
    lines = script.read_text().splitlines()

    assert os.access(script, os.X_OK)
    assert lines[0] == "#!/usr/bin/env bash"
    assert len(lines) == 2
    assert re.fullmatch(r"exec make .*\btest", lines[1])


def test_every_dependency_is_pinned_within_its_range() -> None:
    """Each dependency has one exact version, and that version is allowed."""
    exact = pinned()
    wrong = [
        str(need)
        for need in requirements()
        if not need.specifier.contains(exact.get(need.name.lower(), "none"))
    ]

    assert wrong == []


def test_settings_page_is_the_generated_table() -> None:
    """The table of settings in the documentation is the one made from the code."""
    page = (ROOT / "docs" / "settings.md").read_text()

    assert page.endswith("\n\n" + settings_table())


def test_every_setting_is_described() -> None:
    """Every setting says what it means, and has a variable of its own."""
    known = list(rows())

    assert [row.key for row in known if not row.meaning] == []
    assert len({row.variable for row in known}) == len(known)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """Every relative link of the documentation leads to a file or a folder."""
    targets = LINK.findall(page.read_text())

    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_every_command_has_help() -> None:
    """Every command, at any depth, says in a sentence what it does; lists say it."""
    tree = command_line()
    context = click.Context(tree)
    found = {name: tree.get_command(context, name) for name in COMMANDS}
    assert {name: one.summary for name, one in COMMANDS.items()} == {
        name: one and one.get_short_help_str(100) for name, one in found.items()
    }

    commands = [tree, *tree.commands.values()]
    for command in commands:
        commands.extend(getattr(command, "commands", {}).values())

    assert [c.name for c in commands if not c.get_short_help_str()] == []


def test_help_imports_nothing_of_weight() -> None:
    """The list of commands needs no database, no HTTP and no reader of files."""
    heavy = "motor", "pymongo", "aiohttp", "pydantic", "numpy", "pysam"
    code = (
        "import sys; from click.testing import CliRunner;"
        "from beacon.cli.main import command_line;"
        "print(CliRunner().invoke(command_line(), ['--help']).exit_code,"
        f" sorted(sys.modules.keys() & {set(heavy)!r}))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert said.stdout.strip() == "0 []"


def test_version_is_one() -> None:
    """The installed version is the one the project declares."""
    assert version("nordic-beacon") == PROJECT["project"]["version"]
