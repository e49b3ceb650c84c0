"""Makes the pictures of ``docs/guide.md`` from what ``beacon demo`` serves.

``.venv/bin/python docs/screenshots.py [NAME…]`` starts the demonstration, as a network
or alone, on a data directory of its own, looks at it in the chromium that is installed
(or that ``$BEACON_CHROMIUM`` names), writes ``docs/pictures/NAME.png``, and ends it.
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
        list: pasted and asked before.
        demo: which demonstration serves it; empty: of one beacon.
    """

    path: str
    width: int = 1200
    theme: str = "light"
    settled: str = "main h1"
    opened: str | None = None
    height: int | None = None
    list: str | None = None
    demo: str = "--network"


_WHOLE = "#verdicts:not([data-events])"
"""A page that is filled as nodes answer, once all have or their time is over."""
LIST = """17-43124027-ACT-A
17-43124027-A-G
chr17:43124096 T>C
22-16050408-T-C
17\t43124030\t.\tC\tT,G
BRCA1 c.68_69del"""
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
    "list": Picture(path="/batch", settled="#rows tr >> nth=6", list=LIST),
    "status": Picture(path="/status?lang=sv", theme="dark"),
    "login": Picture(path="/login?next=/about", height=800, demo="--with-login"),
    "narrow": Picture(path="/status?lang=da", width=320, height=900),
    "dataset": Picture(path="/d/demo-1kg", demo=""),
    "words": Picture(path="/about", height=900),
}


@contextmanager
def rehearsal(demo: str) -> Iterator[str]:
    """Serve a demonstration; give its address."""
    program = str(Path(sys.executable).with_name("beacon"))
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"BEACON_DATA_DIR": home, "NO_COLOR": "1"}
        process = subprocess.Popen(
            [program, "demo", *filter(None, [demo]), "--port", "0"],
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
    if picture.list is not None:
        page.fill("#variants", picture.list)
        page.click("#paste button[type=submit]")
        page.locator("#stop").wait_for(state="hidden")
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
    names = sys.argv[1:] or list(SHOWN)
    for demo in sorted({SHOWN[name].demo for name in names}):
        with rehearsal(demo) as site, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=program, args=ARGUMENTS)
            browser.new_page().goto(site + ASKED)
            for name in names:
                if SHOWN[name].demo == demo:
                    take(browser, site, name)
            browser.close()


if __name__ == "__main__":
    main()
