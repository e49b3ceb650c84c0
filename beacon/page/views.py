"""The pages people read: which there are, and how they are added to an application.

A page is a handler in a file of its own; here it gets its path, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from beacon.page.about import show_about
from beacon.page.behind import BEHIND, Behind
from beacon.page.dataset import show_dataset
from beacon.page.examples import EXAMPLES
from beacon.page.failures import show_failures
from beacon.page.home import show_home
from beacon.page.lists import answer_list, show_list
from beacon.page.login import log_out, show_logged_out, show_login, show_return
from beacon.page.region import show_region
from beacon.page.rendering import RENDERER, Renderer
from beacon.page.statics import STATICS
from beacon.page.status import show_status
from beacon.page.variant import (
    show_csv,
    show_events,
    show_report,
    show_tsv,
    show_variant,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web
    from aiohttp.typedefs import Handler

PAGES: Final[Mapping[str, Handler]] = {
    "/": show_home,
    "/about": show_about,
    "/batch": show_list,
    "/d/{dataset}": show_dataset,
    "/login": show_login,
    "/login/back": show_return,
    "/logout": show_logged_out,
    "/region/{assembly}/{region:.+}": show_region,
    "/status": show_status,
    "/v/{assembly}/{variant:.+}/events": show_events,
    "/v/{assembly}/{variant:.+}/report.txt": show_report,
    "/v/{assembly}/{variant:.+}/table.csv": show_csv,
    "/v/{assembly}/{variant:.+}/table.tsv": show_tsv,
    "/v/{assembly}/{variant:.+}": show_variant,
    "/static/{name}": STATICS.show,
}
"""Paths that are got, with their handlers."""
FORMS: Final[Mapping[str, Handler]] = {"/batch": answer_list, "/logout": log_out}
"""Paths that forms are sent to, with their handlers."""


def add_pages(app: web.Application, behind: Behind) -> None:
    """Add the pages, and pages of failures, to an application."""
    app[BEHIND] = behind
    app[RENDERER] = Renderer(PAGES)
    app[EXAMPLES] = {}
    # Around the door: what it refuses is shown, too.
    app.middlewares.insert(0, show_failures)
    for path, handler in PAGES.items():
        app.router.add_get(path, handler)
    for path, handler in FORMS.items():
        app.router.add_post(path, handler)
