"""What comes by the lane is answered as by the router, and counted with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp.test_utils import TestClient, TestServer

from beacon.api.keys import METER
from beacon.api.lane import Lane
from beacon.api.sending import PAYS_FROM
from tests.api.site import application
from tests.api.test_api_door import SlowBeacon, soon

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from beacon.api.keys import BeaconService
    from beacon.service import LocalBeacon

ASKED = "/api/g_variants"
BODY = {
    "query": {
        "requestParameters": {
            "assemblyId": "GRCh37",
            "referenceName": "22",
            "start": [100],
            "referenceBases": "T",
            "alternateBases": "C",
        },
        "requestedGranularity": "count",
    }
}
TEXT = "assemblyId=GRCh37&referenceName=22&start=100&referenceBases=T&alternateBases=C"


async def opened(beacon: BeaconService, **limits: int) -> TestClient:
    """Return a client of a site that has the lane."""
    app = application(beacon, **limits)
    server = TestServer(app)
    await server.start_server()
    assert server.runner.server is not None
    Lane(app).lead_past(server.runner.server)
    client: TestClient = TestClient(server)
    await client.start_server()
    return client


@pytest.fixture
async def laned(beacon: LocalBeacon) -> AsyncIterator[TestClient]:
    """Give a client of the site over two datasets, by the lane."""
    client = await opened(beacon)
    yield client
    await client.close()


REQUESTS = [
    ("POST", ASKED, {"json": BODY}),
    ("POST", ASKED, {"json": BODY}),
    ("GET", f"{ASKED}?{TEXT}", {}),
    ("GET", f"{ASKED}?{TEXT}&requestedGranularity=record&limit=0", {}),
    ("GET", ASKED, {}),
    ("GET", f"{ASKED}?start=ten", {}),
    ("GET", f"{ASKED}?{TEXT.replace('start=100', 'start=999999999')}", {}),
    ("GET", f"{ASKED}/", {}),
    ("HEAD", f"{ASKED}?{TEXT}", {}),
    ("PUT", ASKED, {"json": BODY}),
    ("OPTIONS", ASKED, {"headers": {"Access-Control-Request-Method": "POST"}}),
    ("POST", ASKED, {"data": b"{"}),
    ("POST", ASKED, {"json": BODY, "compress": "deflate"}),
    ("POST", ASKED, {"json": BODY, "expect100": True}),
    ("POST", ASKED, {"json": BODY, "chunked": True}),
    ("POST", f"{ASKED}?limit=1", {"json": BODY}),
    ("GET", f"{ASKED}?{TEXT}&datasets=none", {"headers": {"Connection": "close"}}),
]
UNLIKE = {"Date", "Connection"}


@pytest.mark.parametrize(("method", "path", "more"), REQUESTS)
async def test_the_lane_answers_as_the_router_does(
    client: TestClient, laned: TestClient, method: str, path: str, more: dict
) -> None:
    """Status, headers and body, asked twice each."""
    more = more | {"headers": {"Host": "a.example"} | more.get("headers", {})}
    for _ in range(2):
        told = []
        for asked in (client, laned):
            async with asked.request(method, path, **more) as answer:
                headers = {k: v for k, v in answer.headers.items() if k not in UNLIKE}
                told.append((answer.status, headers, await answer.read()))

        assert told[0] == told[1]


async def test_long_answers_are_packed(laned: TestClient) -> None:
    """For clients that accept it."""
    path = f"{ASKED}?assemblyId=GRCh37&referenceName=22&start=0&end=5000"
    path += "&requestedGranularity=record&limit=100"
    async with laned.get(path, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert len(await answer.read()) > PAYS_FROM


async def test_it_is_counted_under_the_path(laned: TestClient) -> None:
    """Together with what the router let through."""
    await laned.get(f"{ASKED}?{TEXT}")
    await laned.get(f"{ASKED}/?{TEXT}")
    assert laned.app is not None
    rows = laned.app[METER].mine().rows

    assert sum(rows[ASKED, "GET", 200][1:]) == 2


async def test_a_large_body_is_refused(beacon: LocalBeacon) -> None:
    """By its size."""
    client = await opened(beacon, body=10)
    async with client.post(ASKED, json=BODY) as answer:
        assert answer.status == 413
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    await client.close()


async def test_who_finds_no_place_is_refused() -> None:
    """With 503, and when to come again."""
    beacon = SlowBeacon()
    client = await opened(beacon, in_work=1, waiting=0)  # type: ignore[arg-type]
    first = asyncio.ensure_future(client.get(ASKED))
    await soon(lambda: beacon.asked)
    async with client.get(ASKED) as answer:
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "1"
    beacon.go.set()
    (await first).close()
    await client.close()
