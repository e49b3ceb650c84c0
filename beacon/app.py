"""The roof: one process put together from its parts, and run until told to stop.

Settings become plain values here and are handed down; whatever is opened here
is closed here.  No decision about an answer is taken in this file.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, TextIO

import structlog
import uvloop
from aiohttp import web

from beacon.api.access_log import AccessLog
from beacon.api.front import Front
from beacon.api.keys import DOOR, Limits
from beacon.api.metrics import Meter
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
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from beacon.model.variant import Reference
    from beacon.policy.policy import Policy
    from beacon.settings import Settings
    from beacon.store.connection import StoreAddress

_DRAIN_SECONDS = 20.0
_BACKLOG = 128
_PATIENCE = 8.0
"""Seconds a connection has for its next request when its process is replaced."""
_LOOK_EVERY = 0.05
_COLLECTED_AFTER = (20_000, 20, 50)
"""Objects, and generations, after which the garbage collector looks."""
_SWITCHED_AFTER = 0.001
"""Seconds for which a thread that has an answer of the database waits for its turn."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Which of the processes of one server this is, and where it listens.

    Attributes:
        name: of the process; no two of one server ever had the same.
        workers: how many there are.
        folder: where they lay down what they have counted.
        sockets: of the server's port, all of them, listening.
        mine: those this process accepts from.
    """

    name: str
    workers: int
    folder: Path
    sockets: tuple[socket.socket, ...]
    mine: tuple[int, ...]


def application(settings: Settings, beacon: LocalBeacon, post: Post) -> web.Application:
    """Return the web application of one beacon.

    Raises:
        UsageError: when its log cannot be written.
    """
    server = settings.server
    limits = Limits(
        body=server.body_limit,
        strict_filters=server.strict_filters,
        annotate_body=server.annotate_limit,
        annotate_records=server.annotate_records,
        in_work=server.concurrency,
        waiting=server.queue,
        seconds=server.request_deadline,
    )
    identity = identity_of(settings)
    meter = Meter(identity.version, post.folder, post.name, post.workers)
    log = _access_log(server.access_log, post.name)
    app = create_api(beacon, identity, limits=limits, meter=meter, log=log)
    add_page(app, catalogue=beacon, identity=identity)
    return app


def _access_log(place: str, worker: str) -> AccessLog | None:
    if place == "off":
        return None
    try:
        return AccessLog(place, worker)
    except OSError as failure:
        message = f"server.access_log {place} cannot be written ({failure.strerror})"
        raise UsageError(message) from failure


class Site:
    """One process that answers, while it is open.

    Args:
        settings: of the whole beacon.
        beacon: that is asked.
        post: which process it is, and where it listens.
    """

    def __init__(self, settings: Settings, beacon: LocalBeacon, post: Post) -> None:
        self._post = post
        app = application(settings, beacon, post)
        self._door = app[DOOR]
        self._app = app
        self._keep_alive = settings.server.keep_alive
        self._front: Front | None = None
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=_silent_logger(),
            handler_cancellation=True,
            keepalive_timeout=self._keep_alive,
            max_line_size=_LONGEST_LINE,
            shutdown_timeout=_DRAIN_SECONDS,
        )
        self._accepting: dict[int, asyncio.Server] = {}

    async def open(self) -> None:
        """Accept connections from its own sockets."""
        await self._runner.setup()
        if self._runner.server is not None:
            self._front = Front(
                self._app, self._runner.server, keep_alive=self._keep_alive
            )
        for number in self._post.mine:
            await self.accept(number)

    async def accept(self, number: int) -> None:
        """Accept connections from a socket; from one of others while they cannot."""
        if number not in self._accepting and self._front is not None:
            # Closing a copy leaves what waits in the socket to the others.
            self._accepting[number] = await asyncio.get_running_loop().create_server(
                self._front, sock=self._post.sockets[number].dup(), backlog=_BACKLOG
            )

    async def leave_to_others(self, number: int) -> None:
        """Accept no more from a socket that has a process of its own again."""
        if number not in self._post.mine and number in self._accepting:
            self._accepting.pop(number).close()

    async def hand_over(self) -> None:
        """Accept nothing more, and let clients go to other processes.

        Each connection ends with its next answer; one that asks nothing for a while
        is closed.  So no request meets a closed connection.
        """
        self._door.is_closing = True
        while self._accepting:
            self._accepting.popitem()[1].close()
        deadline = asyncio.get_running_loop().time() + _PATIENCE
        server, front = self._runner.server, self._front
        while (server and server.connections) or (front and front.connections):
            if asyncio.get_running_loop().time() > deadline:
                return
            await asyncio.sleep(_LOOK_EVERY)

    async def close(self) -> None:
        """Let running requests end, and close every connection."""
        self._door.is_closing = True
        while self._accepting:
            self._accepting.popitem()[1].close()
        for each in self._post.sockets:
            each.close()
        if self._front is not None:
            await self._front.close(_DRAIN_SECONDS)
        await self._runner.cleanup()


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
    post: Post,
    until: Callable[[Site, asyncio.Event], Awaitable[None]],
) -> None:
    """Run one serving process until SIGTERM or SIGINT.

    Args:
        settings: of the whole beacon.
        address: of the store.
        post: which process it is, and where it listens.
        until: run in the event loop once connections are accepted, with the site and
            the event that stops the process; it ends when the process should.
    """
    keep_log(sys.stderr)

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in _STOP_SIGNALS:
            loop.add_signal_handler(number, stop.set)
        async with open_beacon(settings, address) as beacon:
            site = Site(settings, beacon, post)
            try:
                await site.open()
                _settle()
                await until(site, stop)
            finally:
                await site.close()

    uvloop.run(main())


def _settle() -> None:
    """Spare the collector what stays for good, so that it interrupts no answer."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTED_AFTER)
    sys.setswitchinterval(_SWITCHED_AFTER)


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
