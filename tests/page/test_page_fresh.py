"""P10: what ``make demo`` starts is a page that can be used; nothing more is needed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import Command
from tests.page.browser import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.commands import Server

_SYSTEM = "/usr/bin:/bin"
_NODE = ("node", "nodejs", "npm", "npx", "yarn", "pnpm", "deno", "bun")
_REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give the demonstration, served, on a new data directory; no Node is in reach."""
    tools = tmp_path_factory.mktemp("tools")
    for folder in _SYSTEM.split(":"):
        for tool in Path(folder).iterdir():
            link = tools / tool.name
            if tool.name not in _NODE and not link.exists():
                link.symlink_to(tool)
    command = Command(
        home=tmp_path_factory.mktemp("demo"), variables={"PATH": str(tools)}
    )
    assert not any(shutil.which(name, path=str(tools)) for name in _NODE)
    with command.serving("demo", "--port", "0") as server:
        yield server


def test_p10_the_page_of_a_fresh_demo_is_usable(demo, browser):
    """All four datasets are there, the box takes a question, nothing is foreign."""
    with opened(browser, demo.url) as (page, heard):
        page.goto("/")
        names = page.locator("#datasets ~ table tbody th a").all_inner_texts()
        page.fill("#q", "22:50300000-50310000")
        page.check("input[value=GRCh37]")
        page.press("#q", "Enter")
        page.wait_for_url("**/region/GRCh37/**")
        told = page.inner_text("main")

    assert names == [
        "1000 Genomes chr22",
        *(f"Synthetic cohort {letter}" for letter in "ABC"),
    ]
    assert "31 variants" in told  # as the demonstration prints it
    assert (heard.foreign(demo.url), heard.complaints) == ([], [])


def test_p10_nothing_is_built():
    """Scripts and styles are served as they are written: no tool of Node has a file."""
    names = {"package.json", "package-lock.json", "node_modules", "tsconfig.json"}
    found = [each.name for each in _REPOSITORY.iterdir() if each.name in names]
    served = [*(_REPOSITORY / "beacon" / "page" / "static").iterdir()]

    assert found == []
    assert [each.name for each in served if ".min." in each.name] == []
