"""Streams of answers: how they end says whether all was said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientPayloadError, web

from beacon.model.errors import NotPermitted
from beacon.page.following import follow
from tests.page.answers_samples import dataset, node, said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from beacon.model.nodes import NodeAnswer

ANSWERED = said(node("se", "SE"), dataset("gms"))


def _serving(failure: Exception | None) -> web.Application:
    """Return a site whose stream has one answer, and then fails or is over."""

    async def coming() -> AsyncIterator[NodeAnswer]:
        yield ANSWERED
        if failure is not None:
            raise failure

    async def end() -> dict[str, object]:
        return {"tail": "all"}

    async def stream(request: web.Request) -> web.StreamResponse:
        return await follow(request, coming(), _named, end)

    app = web.Application()
    app.router.add_get("/", stream)
    return app


def _named(answer: NodeAnswer) -> dict[str, object]:
    return {"nodes": [answer.node.id]}


async def _events(client) -> list[str]:
    response = await client.get("/")
    assert response.status == 200
    text = await response.text()
    return [line.removeprefix("event: ") for line in text.split("\n")[::3] if line]


async def test_a_stream_that_is_over_says_so_last(aiohttp_client) -> None:
    """Begun, each node, done."""
    client = await aiohttp_client(_serving(None))

    assert await _events(client) == ["begin", "node", "done"]


async def test_p03_what_is_refused_midway_is_never_done(aiohttp_client) -> None:
    """What came is not all that would have: its end is another than that of all."""
    client = await aiohttp_client(_serving(NotPermitted("Not any more.")))

    assert await _events(client) == ["begin", "node", "refused"]


async def test_p03_what_breaks_midway_has_no_end(aiohttp_client) -> None:
    """The line is cut, so that it looks whole to nobody."""
    client = await aiohttp_client(_serving(RuntimeError("broken")))
    response = await client.get("/")
    with pytest.raises(ClientPayloadError):
        await response.text()
