"""``/openapi.json`` over HTTP: what is announced is served, and the reverse."""

from __future__ import annotations

import re

from beacon.api.routes import create_api
from beacon.wire.endpoints import endpoints
from tests.api.site import IDENTITY


def served(app) -> set[tuple[str, str]]:
    """Return every method and path that an application answers, as OpenAPI writes."""
    return {
        (route.method.lower(), _plain(route.resource.canonical))
        for route in app.router.routes()
        if route.method != "HEAD"
    }


def _plain(pattern: str) -> str:
    return (
        re.sub(r"\{_\d+\}", "/", pattern)
        .replace("{_end}", "")
        .replace("{parent}", "{id}")
    )


async def test_every_route_is_announced_and_every_announced_path_is_served(beacon):
    """Nothing is hidden, nothing is promised."""
    announced = {(m, each.path) for each in endpoints() for m in each.methods}

    assert announced == served(create_api(beacon, IDENTITY))


async def test_the_document_names_the_address_it_was_asked_at(client):
    """And every endpoint set of the map points at it."""
    document = await (await client.get("/openapi.json")).json()
    mapped = await (await client.get("/api/map")).json()
    sets = mapped["response"]["endpointSets"].values()
    (site,) = {each["openAPIEndpointsDefinition"] for each in sets}

    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": site.removesuffix("/openapi.json")}]
