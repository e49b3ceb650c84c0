"""Serve a handler that parses a question and answers a fixed document: the ceiling.

python bare.py PORT ANSWER.json
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import orjson
import uvloop
from aiohttp import web

ANSWER = orjson.loads(Path(sys.argv[2]).read_bytes())


async def answer(request: web.Request) -> web.Response:
    """Parse what is asked, write the answer."""
    orjson.loads(await request.read())
    body = orjson.dumps(ANSWER)
    return web.Response(body=body, content_type="application/json")


async def main() -> None:
    """Serve until the signal."""
    app = web.Application()
    app.router.add_post("/api/g_variants", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(sys.argv[1])).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
