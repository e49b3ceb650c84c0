"""Nations: real beacons over real stores, each on a port, who ask one another.

Beside them peers that misbehave, as servers of their own.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from typing import TYPE_CHECKING

from aiohttp import ClientSession, web

from beacon.api.keys import Limits
from beacon.api.routes import create_api
from beacon.app import behind_of
from beacon.model.lifting import Lifting
from beacon.model.nodes import Node, NodeKind
from beacon.network.network import Network
from beacon.network.peers import Directory, Peer, Terms
from beacon.page.views import add_pages
from beacon.policy.policy import OPEN
from beacon.service import LocalBeacon
from beacon.store.variants import VariantStore
from beacon.wire.info import BeaconIdentity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from beacon.api.auditing import Auditor
    from beacon.auth.porter import Porter
    from beacon.policy.policy import Policy
    from beacon.service.guard import Guard
    from beacon.store.connection import StoreAddress

HERE = (ip_network("127.0.0.0/8"),)
SEEN = {
    "assemblyId": "GRCh37",
    "referenceName": "22",
    "start": [100],
    "referenceBases": "T",
    "alternateBases": "C",
}
"""An allele that all nations have seen."""
UNSEEN = SEEN | {"start": [200], "referenceBases": "G", "alternateBases": "A"}


KEY = b"k" * 32
"""What audits and books of these tests are sealed with."""


def asked(parameters: Mapping[str, object], **query: object) -> dict:
    """Return the body of a question at record granularity."""
    return {
        "query": {
            "requestParameters": {"g_variant": dict(parameters)},
            "requestedGranularity": "record",
            "includeResultsetResponses": "ALL",
            **query,
        }
    }


@dataclass
class Nation:
    """One beacon that is served, and the questions that came to it."""

    id: str
    network: Network
    store_address: StoreAddress
    calls: Counter[str] = field(default_factory=Counter)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def as_peer(self, *, kind: NodeKind = NodeKind.BEACON, **more: object) -> Peer:
        """Return it as others are configured to ask it."""
        path = "network" if kind is NodeKind.NETWORK else "api"
        return peer_at(self.id, self.port, path, kind=kind, **more)

    async def knows(self, *peers: Peer, **terms: object) -> None:
        """Have it ask these."""
        known = self.network.directory
        await self.network.take(
            replace(known, peers=peers, terms=Terms(**terms))  # type: ignore[arg-type]
        )


def peer_at(
    name: str,
    port: int,
    path: str = "api",
    *,
    kind: NodeKind = NodeKind.BEACON,
    **more: object,
) -> Peer:
    """Return a peer on this machine."""
    return Peer(
        node=Node(id=name, names={"en": name.upper()}, kind=kind),
        url=f"http://127.0.0.1:{port}/{path}",
        private=HERE,
        **{"seconds": 5.0, **more},  # type: ignore[arg-type]
    )


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[int]:
    """Serve an application on a port of this machine."""
    runner = web.AppRunner(
        app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2
    )
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def nation(
    name: str,
    address: StoreAddress,
    policy: Policy = OPEN,
    *,
    porter: Porter | None = None,
    auditor: Auditor | None = None,
    lifting: Lifting | None = None,
    guard: Guard | None = None,
) -> AsyncIterator[Nation]:
    """Serve a beacon that asks nobody yet."""
    store = await VariantStore.open(address)
    beacon = LocalBeacon(store, policy, references={}, deadline=5, guard=guard)
    identity = BeaconIdentity(
        id=name,
        name=f"Beacon of {name}",
        environment="test",
        organisation_id=name,
        organisation_name=name,
        version="0.1.0",
    )
    here = Node(id=name, names={"en": identity.name}, kind=NodeKind.HERE)
    network = Network(
        Directory(here=here), {}, environment="test", lifting=lifting or Lifting()
    )
    one = Nation(name, network, address)
    app = create_api(
        beacon,
        identity,
        limits=Limits(),
        network=network,
        porter=porter,
        auditor=auditor,
    )
    add_pages(app, behind_of(app))
    app.middlewares.insert(0, _counting(one))
    async with serving(app) as port:
        one.port = port
        yield one
    await network.close()
    await store.close()


def _counting(one: Nation) -> Callable:
    @web.middleware
    async def count(request: web.Request, handler: Callable) -> web.StreamResponse:
        if request.path.endswith(("g_variants", "batch")):
            one.calls[request.path] += 1
            one.headers.append({k.lower(): v for k, v in request.headers.items()})
        return await handler(request)

    return count


def telling(
    name: str, *sets: Mapping[str, object], after: float = 0.0
) -> web.Application:
    """Return a peer that repeats any question and always says the same of it."""

    async def answer(request: web.Request) -> web.Response:
        if request.method != "POST":
            document: dict = {"meta": {"beaconId": name}, "response": {"id": name}}
            return web.json_response(document)
        body = await request.json()
        await asyncio.sleep(after)
        summary = {"requestParameters": body["query"]["requestParameters"]}
        return web.json_response(
            {
                "meta": {"beaconId": name, "receivedRequestSummary": summary},
                "responseSummary": {"exists": any(s["exists"] for s in sets)},
                "response": {"resultSets": list(sets)},
            }
        )

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    return app


def told(name: str, *, exists: bool, **more: object) -> dict[str, object]:
    """Return a result set as such a peer tells it."""
    return {"id": name, "setType": "dataset", "exists": exists, **more}


async def ask(one: Nation, body: dict, path: str = "", **headers: str) -> dict:
    """Return the network's answer of a nation."""
    async with (
        ClientSession() as session,
        session.post(
            f"{one.address}/network/g_variants{path}",
            json=body,
            headers={k.replace("_", "-"): v for k, v in headers.items()},
        ) as response,
    ):
        return {"status": response.status, **await response.json()}


def line(variant: str, **more: object) -> dict:
    """Return a line of a list that asks for a variant."""
    return {"variant": variant, "assemblyId": "GRCh37", **more}


async def listed(
    one: Nation, lines: Iterable[object], **headers: str
) -> tuple[int, list[dict]]:
    """Ask a list of a network; return the status and the lines that come."""
    body = "\n".join(json.dumps(each) for each in lines)
    address = f"{one.address}/network/batch"
    async with (
        ClientSession() as session,
        session.post(address, data=body, headers=headers) as answer,
    ):
        text = await answer.text()
        return answer.status, [json.loads(each) for each in text.splitlines()]


def sets(document: dict) -> dict[str, dict]:
    """Return the result sets by beacon and dataset."""
    listed = document["response"]["resultSets"]
    return {f"{each['beaconId']}/{each['id']}": each for each in listed}


def words(document: dict) -> dict[str, str]:
    """Return the word for each node."""
    return {each["beaconId"]: each["status"] for each in document["info"]["beacons"]}


@asynccontextmanager
async def silent_peer() -> AsyncIterator[tuple[int, list[str], asyncio.Event]]:
    """Serve a peer that never answers; gives what is under way, and when it ended."""
    under_way: list[str] = []
    ended = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        under_way.append(request.path)
        try:
            await asyncio.sleep(60)
        finally:
            under_way.remove(request.path)
            if not under_way:
                ended.set()
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", hang)
    async with serving(app) as port:
        yield port, under_way, ended
