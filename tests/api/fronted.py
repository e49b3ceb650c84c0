"""An application whose connections begin at a front, on a port of loopback."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from beacon.api.front import Front

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import web


@asynccontextmanager
async def fronted(app: web.Application, library: web.Server) -> AsyncIterator[str]:
    """Give the address of a front before the server of an application."""
    front = Front(app, library, keep_alive=15.0)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(front, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await front.close(1.0)
