"""Three peers that behave badly, for ``beacon demo --network``: slow, lying, broken.

A process of its own, on loopback, for as long as its standard input is open.  Each
says who it is as a sound beacon does; what comes of a question is another matter.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_FOR_EVER = 3600.0
_EVERYTHING = 40_628_794
_PAGE = "<!doctype html><title>503</title><h1>Down for maintenance</h1>"


def names() -> tuple[str, ...]:
    """Return what they are called."""
    return tuple(_ANSWERS)


def _beacon_id(name: str) -> str:
    return f"{name}.demo.beacon"


def _meta(name: str) -> dict[str, object]:
    return {
        "beaconId": _beacon_id(name),
        "apiVersion": "v2.0.0",
        "returnedSchemas": [],
        "returnedGranularity": "record",
        "receivedRequestSummary": {
            "apiVersion": "v2.0.0",
            "requestedSchemas": [],
            "requestedGranularity": "record",
            "pagination": {"skip": 0, "limit": 10},
            "requestParameters": {},
        },
    }


async def _never(request: web.Request) -> web.StreamResponse:
    """Take a question and be silent."""
    await request.read()
    await asyncio.sleep(_FOR_EVER)
    return web.Response(status=504)


async def _lie(request: web.Request) -> web.StreamResponse:
    """Ignore what was asked and say how much there is of everything."""
    await request.read()
    found = {
        "id": "everything",
        "setType": "dataset",
        "exists": True,
        "resultsCount": _EVERYTHING,
        "results": [],
    }
    return web.json_response(
        {
            "meta": _meta("lying"),
            "responseSummary": {"exists": True, "numTotalResults": _EVERYTHING},
            "response": {"resultSets": [found]},
        }
    )


async def _break(request: web.Request) -> web.StreamResponse:
    """Answer with the page of some proxy, as if all were well."""
    await request.read()
    return web.Response(text=_PAGE, content_type="text/html")


_ANSWERS: Mapping[str, Handler] = {"slow": _never, "lying": _lie, "broken": _break}


def _application(name: str, answer: Handler) -> web.Application:
    async def info(_: web.Request) -> web.StreamResponse:
        response = {
            "id": _beacon_id(name),
            "name": f"A {name} peer",
            "apiVersion": "v2.0.0",
            "environment": "dev",
            "organization": {"id": "nobody", "name": "Nobody"},
        }
        return web.json_response({"meta": _meta(name), "response": response})

    application = web.Application()
    application.router.add_get("/api/info", info)
    application.router.add_post("/api/g_variants", answer)
    return application


async def _run() -> None:
    """Answer on free ports until standard input ends; print where."""
    addresses = {}
    for name, answer in _ANSWERS.items():
        runner = web.AppRunner(_application(name, answer), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        addresses[name] = f"http://127.0.0.1:{runner.addresses[0][1]}/api"
    sys.stdout.write(json.dumps(addresses) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)  # then what is still open is cut off


if __name__ == "__main__":
    asyncio.run(_run())
