"""Makes the pictures of ``docs/guide.md`` from what ``beacon demo --network`` serves.

``.venv/bin/python docs/screenshots.py [NAME…]`` starts the rehearsal on a data
directory of its own, looks at it in the chromium that is installed (or that
``$BEACON_CHROMIUM`` names), writes ``docs/pictures/NAME.png``, and ends it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

PICTURES = Path(__file__).with_name("pictures")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
ASKED = (
    "/network/g_variants?assemblyId=GRCh38&referenceName=17&start=43124026"
    "&referenceBases=ACT&alternateBases=A"
)
"""Asked once before, so that nodes have a last question; BRCA1 c.68_69del."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What is looked at, and how.

    Attributes:
        path: of the page; ``lang`` is in it where it is not English.
        settled: what must be on the page before the picture is taken.
        opened: what is clicked before.
        height: of the window; ``None``: as high as the page.
    """

    path: str
    width: int = 1200
    theme: str = "light"
    settled: str = "main h1"
    opened: str | None = None
    height: int | None = None


_WHOLE = "#verdicts:not([data-events])"
"""A page that is filled as nodes answer, once all have or their time is over."""
SHOWN = {
    "home": Picture(path="/", height=900),
    "variant": Picture(path="/v/GRCh38/17-43124027-ACT-A", settled=_WHOLE),
    "coming": Picture(
        path="/v/GRCh38/6-26092913-G-A", settled="#node-1 .status", height=900
    ),
    "report": Picture(
        path="/v/GRCh38/17-43124027-ACT-A?lang=sv",
        settled=_WHOLE,
        opened="details.report > summary",
        height=900,
    ),
    "status": Picture(path="/status?lang=sv", theme="dark"),
    "narrow": Picture(path="/status?lang=da", width=320, height=900),
    "words": Picture(path="/about", height=900),
}


@contextmanager
def rehearsal() -> Iterator[str]:
    """Serve the rehearsal; give its address."""
    program = str(Path(sys.executable).with_name("beacon"))
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"BEACON_DATA_DIR": home, "NO_COLOR": "1"}
        process = subprocess.Popen(
            [program, "demo", "--network", "--port", "0"],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            lines = iter(process.stdout or ())
            found = (re.search(r" serves (http://\S+)/$", line) for line in lines)
            yield next(each[1] for each in found if each is not None)
        finally:
            process.terminate()
            process.communicate()


def take(browser: Browser, site: str, name: str) -> None:
    """Take one picture."""
    picture = SHOWN[name]
    page = browser.new_page(
        base_url=site,
        viewport={"width": picture.width, "height": picture.height or 800},
        color_scheme=picture.theme,  # type: ignore[arg-type]
        locale="en-GB",
    )
    answer = page.goto(picture.path)
    if answer is None or not answer.ok:
        sys.exit(f"{name}: {picture.path} is not there")
    page.locator(picture.settled).first.wait_for()
    if picture.opened is not None:
        page.locator(picture.opened).click()
        page.locator("#report").scroll_into_view_if_needed()
    page.screenshot(path=PICTURES / f"{name}.png", full_page=picture.height is None)
    page.close()
    sys.stdout.write(f"{name}: {picture.path}\n")


def main() -> None:
    """Take the pictures that are named, or all."""
    PICTURES.mkdir(exist_ok=True)
    program = os.environ.get("BEACON_CHROMIUM") or shutil.which("chromium")
    with rehearsal() as site, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=ARGUMENTS)
        browser.new_page().goto(site + ASKED)
        for name in sys.argv[1:] or SHOWN:
            take(browser, site, name)
        browser.close()


if __name__ == "__main__":
    main()
