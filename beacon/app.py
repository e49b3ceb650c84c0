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
from functools import lru_cache, partial
from importlib.metadata import version
from socket import gethostname
from time import time
from typing import TYPE_CHECKING, TextIO, cast

import structlog
import uvloop
from aiohttp import web

from beacon import peers_file
from beacon.api.access_log import AccessLog
from beacon.api.auditing import Auditor, beacon_of
from beacon.api.connections import Watch
from beacon.api.exchange import requester_of, understanding
from beacon.api.front import Front
from beacon.api.keys import (
    ACCOUNT,
    BEACON,
    DESK,
    DOOR,
    IDENTITY,
    LOGIN_ENDED,
    NETWORK,
    REQUESTER,
    SESSION,
    Limits,
)
from beacon.api.metrics import Meter, Sums
from beacon.api.network import asking_of, note, write_down
from beacon.api.network_lists import answers_to
from beacon.api.routes import create_api
from beacon.audit.canonical import CASES, CHAINS, QUERIES, subkey
from beacon.audit.log import AuditLog
from beacon.auth.attempts import Attempts
from beacon.auth.cookies import Site as LoginSite
from beacon.auth.issuers import is_private
from beacon.auth.logins import Desk
from beacon.auth.networks import networks
from beacon.auth.porter import Porter, Secrets
from beacon.auth.secrets import Purpose, derive, read_client_secret, read_secret
from beacon.auth.sessions import Sessions
from beacon.model.errors import UsageError
from beacon.model.lifting import Lifting
from beacon.network.network import Network
from beacon.opening import (
    beacon_over,
    lifting_of,
    open_guard,
    open_store,
    rules_of,
)
from beacon.page.behind import Behind, Reception
from beacon.page.views import add_pages
from beacon.peers_file import PeersWatch
from beacon.policy.policy import is_anybodys, tier_of
from beacon.service.lifting import LiftingBeacon
from beacon.wire.info import BeaconIdentity

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
    from pathlib import Path

    from beacon.api.connections import Connection
    from beacon.auth.issuers import Issuer
    from beacon.model.requester import Requester
    from beacon.network.peers import Directory
    from beacon.policy.policy import Policy
    from beacon.service import LocalBeacon
    from beacon.settings import Settings
    from beacon.store.connection import StoreAddress
    from beacon.store.variants import VariantStore

_DRAIN_SECONDS = 15.0
"""Seconds for all that is being answered when a process ends, whoever answers it; the
rest of what the parent grants is the audit's."""
_GRACE = 0.5
"""Seconds for a request that was sent before its client could know of the end."""
_LAST_SECONDS = 1.0
"""Seconds for what is given up to end."""
_BACKLOG = 128
_PATIENCE = 8.0
"""Seconds a connection has for its next request when its process is replaced."""
_LINGERING = 2.0
"""Seconds for which a body that nobody wants is read, after its answer is sent."""
_LOOK_EVERY = 0.05
_COLLECTED_AFTER = (20_000, 20, 50)
"""Objects, and generations, after which the garbage collector looks."""
_SWITCHED_AFTER = 0.001
"""Seconds for which a thread that has an answer of the database waits for its turn."""
_LONGEST_LINE = 65_536
"""Bytes of a request line: a long allele asked for by GET must fit."""
_LONGEST_FIELD = 16_384 + 1024
"""Bytes of a header: a token of the longest that is read must fit."""

_DIGITS = 16
"""Of a digest: so many tell any two policies apart that anybody wrote."""
_TIERS_KEPT = 4096

_log = structlog.get_logger(__name__)

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


def directory_of(settings: Settings) -> Directory | None:
    """Return whom we ask beside ourselves; ``None``: nobody.

    Raises:
        UsageError: for a peers file that cannot be acted on.
    """
    path, me = settings.network.peers, settings.beacon
    return None if path is None else peers_file.read(path, here=me.id, name=me.name)


@asynccontextmanager
async def open_network(
    settings: Settings, lifting: Lifting | None = None
) -> AsyncIterator[Network | None]:
    """Give the network of other beacons; ``None``: there is none.

    Args:
        settings: of the whole beacon.
        lifting: references and chains that are open; ``None``: they are opened.

    Raises:
        UsageError: for a peers file that cannot be acted on.
    """
    path, me = settings.network.peers, settings.beacon
    if path is None:
        yield None
        return
    lifting = lifting or lifting_of(settings)
    watch = PeersWatch(path, here=me.id, name=me.name)
    network = Network(
        watch.first(),
        lifting.references,
        lifting=lifting,
        environment=me.environment,
        folder=settings.data_dir / "peers",
    )
    await network.open()
    looking = asyncio.create_task(watch.run(network.take))
    try:
        yield network
    finally:
        looking.cancel()
        await network.close()


def audit_key(settings: Settings) -> bytes:
    """Return the key of all that is audited.

    Raises:
        UsageError: when the secret it is derived from cannot be read.
    """
    return derive(read_secret(settings.secret_path), Purpose.AUDIT)


async def open_auditor(
    settings: Settings, policy: Policy, store: VariantStore, post: Post
) -> Auditor | None:
    """Return who is told of every request, where there is an audit.

    Raises:
        UsageError: when its folder cannot be written.
        StoreUnavailable: when the store takes no heads of its chains.
    """
    folder = settings.audit_folder
    if folder is None:
        return None
    key = audit_key(settings)
    about = {"beacon": settings.beacon.id, "worker": post.name, "host": gethostname()}
    try:
        log = AuditLog(
            folder,
            subkey(key, CHAINS),
            about,
            anchors=store.anchors(),
            when_failing=lambda why: _log.error("audit.failing", why=why),
        )
        await log.open()
    except OSError as failure:
        message = f"audit.folder {folder} cannot be written ({failure.strerror})"
        raise UsageError(message) from failure
    return Auditor(
        log,
        queries=subkey(key, QUERIES),
        cases=subkey(key, CASES),
        policy=known_as(policy),
        tiers=tiers_of(policy),
        anybodys=partial(is_anybodys, policy),
    )


def known_as(policy: Policy) -> str | None:
    """Return what a policy is called in the audit: its id, and of its digest enough."""
    if policy.digest is None:
        return None
    return f"{policy.id}@{policy.digest[:_DIGITS]}"


def tiers_of(policy: Policy) -> Callable[[Requester, str], str | None]:
    """Return what gives the tier of a requester towards a dataset, and keeps some."""

    @lru_cache(maxsize=_TIERS_KEPT)
    def tier(requester: Requester, dataset: str) -> str | None:
        found = tier_of(policy, requester, dataset)
        return None if found is None else found.name

    return tier


def porter_of(
    settings: Settings, issuers: tuple[Issuer, ...], store: VariantStore
) -> Porter | None:
    """Return who finds out who asks; ``None``: everybody is told all there is.

    Raises:
        UsageError: when the secret cannot be read.
    """
    if settings.policy.file is None:
        return None
    secret = read_secret(settings.secret_path)
    return Porter(
        issuers,
        Secrets(
            subjects=derive(secret, Purpose.SUBJECTS),
            pepper=derive(secret, Purpose.API_KEYS),
            passports=derive(secret, Purpose.PASSPORTS),
        ),
        keys=store.api_keys,
        shelf=store.passports,
        proxies=networks(settings.server.proxies),
    )


def desk_of(
    settings: Settings, porter: Porter | None, store: VariantStore
) -> Desk | None:
    """Return where people log in; ``None``: no issuer of the policy has a client.

    Raises:
        UsageError: when a secret cannot be read, or nobody says where browsers come
            back to.
    """
    if porter is None:
        return None
    issuers = tuple(each.issuer for each in porter.trusted)
    if all(each.client is None for each in issuers):
        return None
    address, secrets = logins_of(settings, issuers)
    secret = read_secret(settings.secret_path)
    return Desk(
        porter,
        secrets,
        Sessions(store.sessions, derive(secret, Purpose.SESSIONS), time),
        Attempts(derive(secret, Purpose.LOGINS), time),
        LoginSite(address),
        time,
    )


def logins_of(
    settings: Settings, issuers: Iterable[Issuer]
) -> tuple[str, dict[str, str]]:
    """Return where people come back to who log in, and the secrets of our clients.

    Raises:
        UsageError: when people can log in and it is not said where they come back to,
            or a secret cannot be read.
    """
    clients = {e.name: e.client for e in issuers if e.client is not None}
    address = settings.beacon.public_url or ""
    if clients and not is_private(address):
        message = (
            f"issuers.{min(clients)} has a client_id: beacon.public_url, an https://"
            " address, says where people come back to"
        )
        raise UsageError(message)
    return address.rstrip("/"), {
        name: read_client_secret(client.secret_file)
        for name, client in clients.items()
        if client.secret_file is not None
    }


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


def application(
    settings: Settings,
    beacon: LocalBeacon,
    post: Post,
    porter: Porter | None = None,
    auditor: Auditor | None = None,
    network: Network | None = None,
    desk: Desk | None = None,
) -> web.Application:
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
    meter.watch(lambda: Sums(counts=beacon.counted()))
    app = create_api(
        beacon,
        identity,
        limits=limits,
        meter=meter,
        log=log,
        porter=porter,
        auditor=auditor,
        origins=server.cors,
        network=network,
        desk=desk,
    )
    add_pages(app, behind_of(app))
    return app


def behind_of(app: web.Application) -> Behind:
    """Return what stands behind the pages of an application that has its API."""
    beacon = app[BEACON]
    return Behind(
        identity=app[IDENTITY],
        network=app[NETWORK],
        beacon_of=lambda request: beacon_of(app[BEACON], request),
        requester_of=requester_of,
        understanding=understanding,
        asking=asking_of,
        note=note,
        write_down=write_down,
        lifting=beacon.lifting if isinstance(beacon, LiftingBeacon) else Lifting(),
        is_open=lambda request: (
            app[BEACON].policy is None and request.get(ACCOUNT) is None
        ),
        has_policy=lambda: app[BEACON].policy is not None,
        answers=answers_to,
        reception=_reception_of(app),
    )


def _reception_of(app: web.Application) -> Reception | None:
    """Return what pages know of those who log in; ``None``: nobody does."""
    desk = app.get(DESK)
    if desk is None:
        return None

    def arrived(request: web.Request, requester: Requester) -> None:
        request[REQUESTER] = requester

    return Reception(
        desk=desk,
        session_of=lambda request: request.get(SESSION),
        has_ended=lambda request: request.get(LOGIN_ENDED, False),
        arrived=arrived,
    )


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
        porter: finds out who asks.
        auditor: who is told of each request, if anybody.
        network: asks other beacons, where there are any.
        desk: where people log in, if anywhere.
    """

    def __init__(
        self,
        settings: Settings,
        beacon: LocalBeacon,
        post: Post,
        porter: Porter | None = None,
        auditor: Auditor | None = None,
        network: Network | None = None,
        desk: Desk | None = None,
    ) -> None:
        self._post = post
        self._porter = porter
        app = application(settings, beacon, post, porter, auditor, network, desk)
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
            max_field_size=_LONGEST_FIELD,
            lingering_time=_LINGERING,
            shutdown_timeout=_LAST_SECONDS,
        )
        self._accepting: dict[int, asyncio.Server] = {}

    async def open(self) -> None:
        """Accept connections from its own sockets."""
        await self._runner.setup()
        server = self._runner.server
        if server is not None:
            self._front = Front(self._app, server, keep_alive=self._keep_alive)
            self._door.chores.append(partial(self._look, Watch(), server, self._front))
        for number in self._post.mine:
            await self.accept(number)

    @staticmethod
    def _look(watch: Watch, server: web.Server, front: Front, now: float) -> None:
        """Close connections that do not move, whoever reads them."""
        library = cast("list[Connection]", server.connections)
        watch.look([*library, *front.connections], now)

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
        await self._drain()
        await self._runner.cleanup()
        if self._porter is not None:
            await self._porter.close()

    async def _drain(self) -> None:
        """Let what is asked be answered, at the front and by the library at once.

        The library reads no further once it is told to end, not even a body, so it is
        told when nobody asks it anything.
        """
        loop, server = asyncio.get_running_loop(), self._runner.server
        if server is None:
            return
        began, quiet = loop.time(), 0
        until = began + _DRAIN_SECONDS
        if self._front is not None:
            await self._front.close(_DRAIN_SECONDS)
        while server.connections and loop.time() < until:
            is_early = loop.time() < began + _GRACE
            quiet = 0 if is_early or self._door.is_busy else quiet + 1
            if quiet > 1:  # a connection may just have been handed over
                break
            await asyncio.sleep(_LOOK_EVERY)
        await server.shutdown(max(_LAST_SECONDS, until - loop.time()))


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
        rules, lifting = rules_of(settings), lifting_of(settings)  # told before else
        async with (
            open_store(settings, address) as store,
            open_guard(settings, rules.policy, address, store) as guard,
            open_network(settings, lifting) as network,
        ):
            porter = porter_of(settings, rules.issuers, store)
            auditor = await open_auditor(settings, rules.policy, store, post)
            beacon = beacon_over(settings, rules.policy, store, guard, lifting)
            desk = desk_of(settings, porter, store)
            site = Site(settings, beacon, post, porter, auditor, network, desk)
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
