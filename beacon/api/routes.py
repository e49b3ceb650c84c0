"""The paths of the API, from the entry types.

Every path is also taken with doubled and trailing slashes, because clients join
addresses carelessly and a redirect would lose the body of a POST.  As it is
documented a path is found at once; only what is none of these is matched with
patterns.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from aiohttp import web

from beacon.api import handlers, network_lists
from beacon.api import network as networking
from beacon.api.annotate import annotate
from beacon.api.batch import batch
from beacon.api.browsers import Browsers
from beacon.api.exchange import Known, speakers_of
from beacon.api.keys import (
    ANNOTATIONS,
    BATCHES,
    BEACON,
    DESK,
    DOOR,
    IDENTITY,
    KNOWN,
    KNOWN_OF_ALL,
    LIMITS,
    METER,
    NETWORK,
    SPEAKERS,
    BeaconService,
    Limits,
)
from beacon.api.metrics import Meter, Sums
from beacon.api.middleware import Door, Exceptions
from beacon.auth.logins import BACK, GONE
from beacon.model.entry_types import COLLECTIONS, ENTRY_TYPES
from beacon.network.network import Alone, ourselves
from beacon.wire.peers.questions import MOST_ON_PAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aiohttp.typedefs import Handler

    from beacon.api.access_log import AccessLog
    from beacon.api.auditing import Auditor
    from beacon.auth.logins import Desk
    from beacon.auth.porter import Porter
    from beacon.model.entry_types import EntryType
    from beacon.network.network import NetworkService
    from beacon.wire.info import BeaconIdentity

ROOT = "/api"
NETWORK_ROOT = "/network"
PAGE_OF_LISTS = "/batch"
"""Of the pages, the one to which lists are posted."""

_FRAMEWORK: dict[str, Handler] = {
    "": handlers.show_info,
    "info": handlers.show_info,
    "service-info": handlers.show_service_info,
    "configuration": handlers.show_configuration,
    "entry_types": handlers.show_entry_types,
    "map": handlers.show_map,
    "budget": handlers.show_budget,
    "filtering_terms": handlers.filtering_terms(),
}
_TERMS = "filtering_terms"
_SUMMARY = "datasets/{id}/summary"
_EXCEPTIONS = Exceptions(
    always=frozenset({"/healthz", "/readyz", "/metrics"}),
    streaming=frozenset(
        {f"{ROOT}/batch", f"{NETWORK_ROOT}/batch", PAGE_OF_LISTS, "/annotate"}
    ),
    silent=frozenset(
        {f"{ROOT}/{path}" if path else ROOT for path in _FRAMEWORK}
        - {f"{ROOT}/{_TERMS}"}
    )
    | {f"{NETWORK_ROOT}/{path}" if path else NETWORK_ROOT for path in networking.PATHS}
    | {f"GET {PAGE_OF_LISTS}", f"HEAD {PAGE_OF_LISTS}"},
    unasked=frozenset({"/healthz", "/readyz"}),
    sessionless=frozenset({"/healthz", "/readyz", "/metrics", "/static/{name}"}),
    lenient=frozenset({"/login", BACK, GONE}),
    noted=frozenset({("GET", BACK), ("POST", GONE)}),
    scopes={
        f"{ROOT}/batch": "batch",
        f"{NETWORK_ROOT}/batch": "batch",
        f"POST {PAGE_OF_LISTS}": "batch",
        "/annotate": "annotate",
    },
)


def create_api(
    beacon: BeaconService,
    identity: BeaconIdentity,
    *,
    limits: Limits | None = None,
    meter: Meter | None = None,
    log: AccessLog | None = None,
    porter: Porter | None = None,
    auditor: Auditor | None = None,
    origins: Iterable[str] = ("*",),
    network: NetworkService | None = None,
    desk: Desk | None = None,
) -> web.Application:
    """Return an application that answers for ``beacon``.

    Args:
        beacon: that is asked.
        identity: who it says it is.
        limits: that hold; absent, the usual ones.
        meter: counts requests; absent, one for this process alone.
        log: of requests, if any.
        auditor: who is told of each, if anybody.
        origins: whose pages may read what is answered; ``*``: everybody's.
        porter: finds out who asks; absent, nobody can show who they are.
        network: asks other beacons, too; absent, this one is all there is.
        desk: where people log in; absent, nowhere.
    """
    app = web.Application()
    app[BEACON] = beacon
    app[IDENTITY] = identity
    app[LIMITS] = limits or Limits()
    app[METER] = meter or Meter(identity.version)
    app[NETWORK] = network or Alone(
        ourselves(identity.id, identity.name), identity.environment
    )
    if desk is not None:
        app[DESK] = desk
    add_routes(app, log, porter, auditor, Browsers(origins))
    return app


def add_routes(
    app: web.Application,
    log: AccessLog | None = None,
    porter: Porter | None = None,
    auditor: Auditor | None = None,
    browsers: Browsers | None = None,
) -> None:
    """Add the API, its health checks and its error documents to an application.

    The application holds ``BEACON`` and ``IDENTITY``, and ``LIMITS`` and ``METER``
    if any but the usual ones hold.
    """
    app.setdefault(LIMITS, Limits())
    app.setdefault(METER, Meter(app[IDENTITY].version))
    app[KNOWN] = Known(app[BEACON], app[LIMITS])
    pages = min(app[LIMITS].page, MOST_ON_PAGE)
    app[KNOWN_OF_ALL] = Known(app[BEACON], replace(app[LIMITS], page=pages))
    app[SPEAKERS] = speakers_of(app[IDENTITY])
    app[BATCHES] = asyncio.Semaphore(app[LIMITS].batches)
    app[ANNOTATIONS] = asyncio.Semaphore(app[LIMITS].annotations)
    limits, meter, speakers = app[LIMITS], app[METER], app[SPEAKERS]
    known = Browsers() if browsers is None else browsers
    door = app[DOOR] = Door(
        limits,
        _EXCEPTIONS,
        meter,
        speakers,
        log,
        porter,
        auditor,
        known,
        app.get(DESK),
    )
    app.middlewares.append(door.let_through)
    app.cleanup_ctx.append(door.keep_house)
    app.on_response_prepare.append(known.prepare)
    for named in (_plain, _any_slashes):
        for path, handler in _paths():
            pattern = ROOT + named(path)
            app.router.add_get(pattern, handler)
            app.router.add_post(pattern, handler)
        app.router.add_post(ROOT + named("batch"), batch)
        app.router.add_get(ROOT + named(_SUMMARY), handlers.show_summary)
    _add_network(app)
    for path in ("/annotate", "/annotate{_end:/+}"):
        app.router.add_post(path, annotate)
    app.router.add_get("/openapi.json", handlers.show_openapi)
    app.router.add_get("/healthz", handlers.alive)
    app.router.add_get("/readyz", handlers.ready)
    app.router.add_get("/metrics", handlers.show_metrics)


def _add_network(app: web.Application) -> None:
    """Add what is asked of the whole network."""
    app[METER].watch(lambda: Sums(counts=app[NETWORK].federation.counted()))
    for named in (_plain, _any_slashes):
        for path, handler in networking.PATHS.items():
            app.router.add_get(NETWORK_ROOT + named(path), handler)
        for add in (app.router.add_get, app.router.add_post):
            for path in (networking.ASKED, f"{networking.ASKED}/{{id}}"):
                add(NETWORK_ROOT + named(path), networking.variants)
        app.router.add_post(NETWORK_ROOT + named("batch"), network_lists.batch)


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


def _plain(path: str) -> str:
    return f"/{path}" if path else ""


def _any_slashes(path: str) -> str:
    """Return a path as a pattern in which every slash may be several."""
    parts = [part for part in path.split("/") if part]
    joined = "".join(f"{{_{number}:/+}}{part}" for number, part in enumerate(parts))
    return f"{joined}{{_end:/*}}"
