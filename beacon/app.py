"""The roof: one process put together from its parts, and run until told to stop.

Settings become plain values here and are handed down; whatever is opened here
is closed here.  No decision about an answer is taken in this file.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, TextIO

import structlog
import uvloop
from aiohttp import web

from beacon.api.keys import Limits
from beacon.api.routes import create_api
from beacon.model.errors import UsageError
from beacon.page.views import add_page
from beacon.policy.policy import OPEN
from beacon.service import LocalBeacon
from beacon.store.variants import VariantStore
from beacon.wire.info import BeaconIdentity
from loaders.reference import FastaReference

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable

    from beacon.model.variant import Reference
    from beacon.policy.policy import Policy
    from beacon.settings import Settings
    from beacon.store.connection import StoreAddress

_DRAIN_SECONDS = 20.0
_LONGEST_LINE = 65_536
"""Bytes of a request line: a long allele asked for by GET must fit."""

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def identity_of(settings: Settings) -> BeaconIdentity:
    """Return who this beacon says it is."""
    me, organisation = settings.beacon, settings.beacon.organisation
    return BeaconIdentity(
        id=me.id,
        name=me.name,
        environment=me.environment,
        organisation_id=organisation.id,
        organisation_name=organisation.name,
        version=version("nordic-beacon"),
        description=me.description,
        public_url=me.public_url,
        welcome_url=organisation.welcome_url,
        contact_url=organisation.contact_url,
        logo_url=organisation.logo_url,
    )


def policy_of(settings: Settings) -> Policy:
    """Return what may be said to whom.

    Raises:
        UsageError: for a policy file, which this version cannot read: answering
            without it would say more than the operator allowed.
    """
    if settings.policy.file is not None:
        message = (
            "policy.file: this version reads no policy file, so nothing is served; "
            'only [policy] default = "open" is understood'
        )
        raise UsageError(message)
    return OPEN


def references_of(settings: Settings) -> dict[str, Reference]:
    """Return the genomes that questions are normalised with, by assembly.

    Raises:
        UsageError: when one cannot be opened.
    """
    return {
        name: FastaReference(path, name)
        for name, path in settings.references.paths().items()
    }


@asynccontextmanager
async def open_beacon(
    settings: Settings, address: StoreAddress
) -> AsyncIterator[LocalBeacon]:
    """Give this beacon's own answers, over an open store."""
    policy, references = policy_of(settings), references_of(settings)
    deadline = settings.server.deadline
    store = await VariantStore.open(address, deadline)
    try:
        yield LocalBeacon(store, policy, references=references, deadline=deadline)
    finally:
        await store.close()


def application(settings: Settings, beacon: LocalBeacon) -> web.Application:
    """Return the web application of one beacon."""
    limits = Limits(
        body=settings.server.body_limit,
        strict_filters=settings.server.strict_filters,
        annotate_body=settings.server.annotate_limit,
        annotate_records=settings.server.annotate_records,
    )
    identity = identity_of(settings)
    app = create_api(beacon, identity, limits=limits)
    add_page(app, catalogue=beacon, identity=identity)
    return app


async def serve_until(
    stop: asyncio.Event,
    settings: Settings,
    address: StoreAddress,
    listener: socket.socket,
    when_ready: Callable[[], None],
) -> None:
    """Answer on ``listener`` until ``stop``, then let running requests end."""
    async with open_beacon(settings, address) as beacon:
        runner = web.AppRunner(
            application(settings, beacon),
            access_log=None,
            logger=_silent_logger(),
            max_line_size=_LONGEST_LINE,
            shutdown_timeout=_DRAIN_SECONDS,
        )
        await runner.setup()
        try:
            await web.SockSite(runner, listener).start()
            when_ready()
            await stop.wait()
        finally:
            await runner.cleanup()


def _silent_logger() -> logging.Logger:
    """Return a logger that keeps nothing.

    What the HTTP library would log of a request it cannot parse is the request,
    question included; what fails behind it is logged by our own middleware.
    """
    logger = logging.getLogger("beacon.unparsed")
    logger.disabled = True
    return logger


def run_server(
    settings: Settings,
    address: StoreAddress,
    listener: socket.socket,
    when_ready: Callable[[asyncio.Event], None],
) -> None:
    """Run one serving process until SIGTERM or SIGINT.

    Args:
        settings: of the whole beacon.
        address: of the store.
        listener: bound and listening.
        when_ready: called in the event loop once connections are accepted, with
            the event that stops the server.
    """
    keep_log(sys.stderr)

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in _STOP_SIGNALS:
            loop.add_signal_handler(number, stop.set)
        await serve_until(stop, settings, address, listener, lambda: when_ready(stop))

    uvloop.run(main())


def keep_log(stream: TextIO) -> None:
    """Write events as JSON lines to ``stream``; libraries only their warnings."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
