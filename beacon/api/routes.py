"""The paths of the API, from the entry types.

Every path is also taken with doubled and trailing slashes, because clients join
addresses carelessly and a redirect would lose the body of a POST.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from beacon.api import handlers
from beacon.api.annotate import annotate
from beacon.api.batch import batch
from beacon.api.keys import (
    ANNOTATIONS,
    BEACON,
    IDENTITY,
    LIMITS,
    BeaconService,
    Limits,
)
from beacon.api.middleware import explain_failures, open_to_browsers
from beacon.model.entry_types import COLLECTIONS, ENTRY_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp.typedefs import Handler

    from beacon.model.entry_types import EntryType
    from beacon.wire.info import BeaconIdentity

ROOT = "/api"

_FRAMEWORK: dict[str, Handler] = {
    "": handlers.show_info,
    "info": handlers.show_info,
    "service-info": handlers.show_service_info,
    "configuration": handlers.show_configuration,
    "entry_types": handlers.show_entry_types,
    "map": handlers.show_map,
    "filtering_terms": handlers.filtering_terms(),
}
_TERMS = "filtering_terms"


def create_api(
    beacon: BeaconService, identity: BeaconIdentity, *, limits: Limits | None = None
) -> web.Application:
    """Return an application that answers for ``beacon``."""
    app = web.Application()
    app[BEACON] = beacon
    app[IDENTITY] = identity
    app[LIMITS] = limits or Limits()
    add_routes(app)
    return app


def add_routes(app: web.Application) -> None:
    """Add the API, its health checks and its error documents to an application.

    The application holds ``BEACON`` and ``IDENTITY``, and ``LIMITS`` if any but
    the usual ones hold.
    """
    if LIMITS not in app:
        app[LIMITS] = Limits()
    app[ANNOTATIONS] = asyncio.Semaphore(app[LIMITS].annotations)
    app.middlewares.append(explain_failures)
    app.on_response_prepare.append(open_to_browsers)
    for path, handler in _paths():
        pattern = ROOT + _any_slashes(path)
        app.router.add_get(pattern, handler)
        app.router.add_post(pattern, handler)
    app.router.add_post(ROOT + _any_slashes("batch"), batch)
    app.router.add_post("/annotate{_end:/*}", annotate)
    app.router.add_get("/openapi.json", handlers.show_openapi)
    app.router.add_get("/healthz", handlers.alive)
    app.router.add_get("/readyz", handlers.ready)


def _paths() -> Iterator[tuple[str, Handler]]:
    """Yield every path that takes GET and POST, below the root, with its handler."""
    yield from _FRAMEWORK.items()
    for row in ENTRY_TYPES.values():
        one = f"{row.path}/{{id}}"
        yield row.path, handlers.entries(row.id)
        # Before the record of that id: nothing may be called so.
        yield f"{row.path}/{_TERMS}", handlers.filtering_terms(row.id)
        yield one, handlers.entries(row.id)
        if row.has_terms:
            yield f"{one}/{_TERMS}", handlers.filtering_terms(row.id)
        for other in row.related:
            path = f"{row.path}/{{parent}}/{ENTRY_TYPES[other].path}"
            yield path, handlers.entries(other, row.id)


def endpoints_table() -> str:
    """Return the data paths as a Markdown table, as ``docs/queries.md`` shows it."""
    head = "| Path | Answers with | Also below `/{id}` |\n|---|---|---|\n"
    return head + "".join(_endpoints_row(row) for row in ENTRY_TYPES.values())


def _endpoints_row(row: EntryType) -> str:
    shape = "collections" if row.id in COLLECTIONS else "result sets"
    below = [f"`/{ENTRY_TYPES[other].path}`" for other in row.related]
    below += [f"`/{_TERMS}`"] if row.has_terms else []
    paths = f"`/{row.path}`, `/{row.path}/{{id}}`, `/{row.path}/{_TERMS}`"
    return f"| {paths} | {row.id}, in {shape} | {', '.join(below)} |\n"


def _any_slashes(path: str) -> str:
    """Return a path as a pattern in which every slash may be several."""
    parts = [part for part in path.split("/") if part]
    joined = "".join(f"{{_{number}:/+}}{part}" for number, part in enumerate(parts))
    return f"{joined}{{_end:/*}}"
