"""Serve one answer to whatever is posted: the floor of any aiohttp handler.

    python benchmarks/bare.py ANSWER.json

It parses the question and writes the answer, both with orjson, as a service must;
it asks nothing of anybody.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import orjson
import uvloop
from aiohttp import web

ROUTE = "/api/g_variants"


async def main(document: object) -> None:
    """Serve a document until killed."""

    async def handler(request: web.Request) -> web.Response:
        orjson.loads(await request.read())
        body = orjson.dumps(document)
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_post(ROUTE, handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"serves http://127.0.0.1:{runner.addresses[0][1]}/", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(orjson.loads(Path(sys.argv[1]).read_bytes())))
