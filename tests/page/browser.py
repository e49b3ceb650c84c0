"""A real browser on the real site: what it shows, asks for, and complains about.

Chromium is the one that is installed, or ``$BEACON_CHROMIUM``; where there is none,
tests that need it are skipped and say so.  The browser runs within a module and no
longer: its loop and those of asynchronous tests would not bear each other, so that a
file with browser tests has no others.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Browser, BrowserContext, Page

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SHOWN: dict[str, str] = {
    "home": "/",
    "status": "/status",
    "about": "/about",
    "failure": "/no/such/page",
    "puzzle": "/?q=22-16050408-T-C%2CG&assembly=GRCh37",
    "variant": "/v/GRCh37/22-16050408-T-C",
    "login": "/login?next=/v/GRCh37/22-16050408-T-C",
    "logged out": "/logout?issuer=hospital&next=/about",
    "dataset": "/d/ward",
    "list": "/batch",
    "event": "/v/GRCh37/22:16050000-16060000%20DEL",
    "region": "/region/GRCh37/22:16050000-16060000",
}
"""Every page, by name, as the populated site shows it: each is held to the laws of all
pages (P5, P6), in every theme, width and language."""
COLOURS = ["cat.color"]
"""Rules whose outcome a theme can change: it changes colours and nothing else."""
WIDTHS = (1200, 320)
LANGUAGES = ("en", "sv", "da")
PATIENCE = 10_000
"""Milliseconds for anything to appear."""


def chromium() -> str | None:
    """Return the path of a chromium; ``None``: there is none."""
    named = os.environ.get("BEACON_CHROMIUM")
    found = (named, shutil.which("chromium"), shutil.which("chromium-browser"))
    return next((each for each in found if each and Path(each).exists()), None)


@contextmanager
def browsing() -> Iterator[Browser]:
    """Have a browser until the end of the block; skip the test where there is none."""
    program = chromium()
    if program is None:
        pytest.skip("no chromium is installed, and BEACON_CHROMIUM names none")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Heard:
    """What a page did beside being shown.

    Attributes:
        requests: every address it asked for, its own among them.
        complaints: what its console said, policy violations among it.
    """

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def foreign(self, site: str) -> list[str]:
        """Return what was asked for elsewhere."""
        ours = (site, "data:", "blob:", "about:")
        return [each for each in self.requests if not each.startswith(ours)]


@contextmanager
def opened(
    browser: Browser,
    site: str,
    *,
    width: int = 1200,
    theme: str = "light",
    javascript: bool = True,
    language: str = "en",
    forced: bool = False,
    **more: Any,
) -> Iterator[tuple[Page, Heard]]:
    """Open a tab on a site, of a width, theme and language; nothing is loaded yet."""
    context = browser.new_context(
        base_url=site,
        viewport={"width": width, "height": 900},
        color_scheme=theme,
        forced_colors="active" if forced else None,
        java_script_enabled=javascript,
        locale={"en": "en-GB", "sv": "sv-SE", "da": "da-DK"}[language],
        **more,
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    yield page, listening(context, page)
    context.close()


def listening(context: BrowserContext, page: Page) -> Heard:
    """Note from now on what a page asks for and complains about."""
    heard = Heard()
    context.on("request", lambda request: heard.requests.append(request.url))
    page.on(
        "console", lambda said: heard.complaints.append(f"{said.type}: {said.text}")
    )
    page.on("pageerror", lambda failure: heard.complaints.append(str(failure)))
    return heard


@cache
def _axe() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


def violations(page: Page, tags: Sequence[str] = TAGS) -> list[str]:
    """Return what axe-core finds wrong with a page by some rules, a line each."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(_axe())
    found = page.evaluate(
        """tags => axe.run(document, {
            runOnly: {type: 'tag', values: tags},
            resultTypes: ['violations'],
            preload: false,
            iframes: false,
        })""",
        tags,
    )
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:160]} | "
        f"{' '.join(node['failureSummary'].split())[:300]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def settled(page: Page) -> None:
    """Wait until a page that is filled as nodes answer has all that will come."""
    page.locator("main").wait_for()
    page.locator("#verdicts[data-events]").wait_for(state="detached")


def overflow(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
