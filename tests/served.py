"""The real site in a thread of its own, asked over loopback.

Tests ask it without an event loop, byte for byte where that matters; the same
question is asked once and its answer kept.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPConnection
from time import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import web

from beacon.network.network import Network, ourselves
from beacon.network.peers import Directory
from beacon.policy.policy import OPEN
from beacon.service import LocalBeacon
from beacon.store.variants import VariantStore
from tests.api.site import IDENTITY, application
from tests.auth.issuing import desk_for, porter_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from beacon.network.peers import Peer
    from beacon.policy.policy import Policy
    from beacon.store.connection import StoreAddress

LONGEST_LINE = 65_536
SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def document(self) -> dict:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Served:
    """A site that is being served."""

    port: int
    _kept: dict[object, Answer] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **parameters: object) -> Answer:
        """Ask with a query string; a list is written with commas."""
        said = {
            name: ",".join(map(str, value)) if isinstance(value, list) else value
            for name, value in parameters.items()
        }
        whole = f"{path}?{urlencode(said)}" if said else path
        return self.ask("GET", whole)

    def post(self, path: str, body: object) -> Answer:
        """Ask with a JSON body."""
        headers = {"Content-Type": "application/json"}
        return self.ask("POST", path, json.dumps(body).encode(), headers)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask anything; the same question is asked once."""
        headers = dict(headers or {})
        key = (method, path, body, tuple(sorted(headers.items())))
        if key not in self._kept:
            self._kept[key] = self._asked(method, path, body, headers)
        return self._kept[key]

    def _asked(self, method: str, path: str, body: bytes, headers: dict) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.request(method, path, body or None, headers)
            got = connection.getresponse()
            lowered = {name.lower(): value for name, value in got.getheaders()}
            return Answer(got.status, lowered, got.read())
        finally:
            connection.close()

    def send(self, request: bytes) -> Answer:
        """Send bytes as they are and read the one answer to them."""
        with socket.create_connection(("127.0.0.1", self.port), SECONDS) as line:
            line.sendall(request)
            raw = line.makefile("rb")
            status = int(raw.readline().split()[1])
            headers = {}
            while (each := raw.readline().strip()) != b"":
                name, _, value = each.decode().partition(":")
                headers[name.strip().lower()] = value.strip()
            return Answer(status, headers, raw.read(int(headers["content-length"])))


@contextmanager
def served(address: StoreAddress, policy: Policy = OPEN, **more: object) -> Iterator:
    """Serve what a store holds, until the end of the block.

    It asks ``peers``; ``issuers`` are where people could log in.
    """
    ready: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = threading.Thread(
        target=lambda: asyncio.run(_serve(address, policy, more, ready)), daemon=True
    )
    thread.start()
    port, loop, stop = ready.result(SECONDS)
    yield Served(port)
    loop.call_soon_threadsafe(stop.set)
    thread.join(SECONDS)


def _silent() -> logging.Logger:
    """Return a logger that keeps nothing of what is no HTTP."""
    logger = logging.getLogger("tests.unparsed")
    logger.disabled = True
    return logger


async def _serve(
    address: StoreAddress, policy: Policy, more: dict, ready: Future
) -> None:
    stop = asyncio.Event()
    network = _network(more.pop("peers", ()))
    issuers = more.pop("issuers", ())
    porter = porter_for(*issuers, clock=time) if issuers else None
    desk = None if porter is None else desk_for(porter, time)
    try:
        store = await VariantStore.open(address)
        references = more.pop("references", {})
        beacon = LocalBeacon(store, policy, references=references, deadline=5)
        runner = web.AppRunner(
            application(beacon, network, porter, desk, **more),
            access_log=None,
            logger=_silent(),
            max_line_size=LONGEST_LINE,
            shutdown_timeout=0,
        )
        if network is not None:
            await network.open()
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
    except BaseException as failure:  # noqa: BLE001 - told to whoever waits
        ready.set_exception(failure)
        return
    ready.set_result((runner.addresses[0][1], asyncio.get_running_loop(), stop))
    await stop.wait()
    await runner.cleanup()
    if network is not None:
        await network.close()
    if porter is not None:
        await porter.close()
    await store.close()


def _network(peers: Sequence[Peer]) -> Network | None:
    """Return a network of ourselves and these."""
    if not peers:
        return None
    here = ourselves(IDENTITY.id, IDENTITY.name)
    return Network(Directory(here=here, peers=tuple(peers)), {}, environment="test")
