"""The checker among strangers: there is a verdict or an error, whatever they say."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from beacon.cli.check import lines_of, plain_verdict
from beacon.conformance.exchange import Client
from beacon.conformance.judge import Manner, Unreachable, Verdict, judge
from beacon.conformance.reading import parsed, shown
from tests.conformance.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HASTY = Manner(deadline=0.5, largest=200_000)
TOKEN = "let-me-in"  # noqa: S105 - nobody's
DEEP = b"[" * 5_000 + b"]" * 5_000
WORDS = st.sampled_from(
    [None, True, 0, -1, 1.5, 10**400, "", "x", "\ud800", "\x1b[2J", [], {}, [[None]]]
)


async def verdict_of(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    manner: Manner = HASTY,
) -> Verdict:
    """Return what is said of a server that answers everything alike."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(app) as server:
        return await judge(URL(str(server.make_url("/api"))), manner)


def printed(verdict: Verdict) -> str:
    """Return a verdict in both of its forms."""
    return "\n".join([*lines_of(verdict), json.dumps(plain_verdict(verdict))])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>no</html>",
        b"null",
        b"[]",
        b"{}",
        b'{"meta": 1, "response": []}',
        b'{"response": {"resultSets": {"a": 1}}, "responseSummary": []}',
        b'{"a": NaN}',
        b"\xff\xfe",
        DEEP,
        b'{"a":' + b"9" * 5_000 + b"}",
        b'{"response": {"id": "\\u001b[2J\\ud800"}}',
    ],
    ids=lambda body: repr(body[:20]),
)
async def test_any_body_gives_violations(body: bytes) -> None:
    """A server that says one thing to everything is judged, and found wanting."""

    async def say(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    verdict = await verdict_of(say)

    assert len(verdict.violations) > 3
    assert printed(verdict).replace("\n", "").isprintable()


async def test_an_endless_body_is_cut() -> None:
    """A body without end is read to its limit, and is no document."""

    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" " * 65_536)

    verdict = await verdict_of(flood)

    assert "larger than is read" in verdict.violations[0].sentence


async def test_an_endless_map_is_not_walked() -> None:
    """A map of a thousand sets is walked as far as a beacon's can be long."""
    reference = Reference()

    async def sprawl(request: web.Request) -> web.Response:
        if not request.path.endswith("/map"):
            return await reference.answer(request)
        row = {"rootUrl": str(request.url.with_path("/api/nowhere"))}
        sets = {f"s{n}": {**row, "entryType": f"t{n}"} for n in range(1000)}
        document = {"response": {"$schema": "x", "endpointSets": sets}}
        return web.json_response(document)

    verdict = await verdict_of(sprawl)

    assert verdict.asked < 200
    assert len(verdict.violations) < 100


async def test_a_silent_server_is_no_sound_beacon() -> None:
    """A server that never answers is unreachable: there is no verdict on it."""

    async def sleep(_: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    with pytest.raises(Unreachable, match="no whole answer came within"):
        await verdict_of(sleep)


async def test_nobody_is_no_sound_beacon() -> None:
    """Where nobody listens there is no verdict."""
    with pytest.raises(Unreachable, match="cannot be reached"):
        await judge(URL(f"http://127.0.0.1:{unused_port()}/api"), HASTY)


async def test_a_beacon_that_goes_away_is_not_judged() -> None:
    """A beacon that stops answering half-way is an error, not a verdict."""
    reference = Reference()
    asked = 0

    async def tire(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        if asked > 40:
            request.transport.abort()
        return await reference.answer(request)

    with pytest.raises(Unreachable, match="stopped answering after"):
        await verdict_of(tire)


async def test_redirects_are_not_followed() -> None:
    """A redirect is noted, and nobody else is asked."""
    seen = []

    async def elsewhere(request: web.Request) -> web.Response:
        seen.append(request.path)
        trap = "/trap"
        raise web.HTTPTemporaryRedirect(trap)

    verdict = await verdict_of(elsewhere)

    assert "/trap" not in seen
    assert "HTTP 307" in verdict.violations[0].sentence


async def test_who_is_asked_to_wait_waits() -> None:
    """A request that came too soon is made once more, and that is advice."""
    reference, seen = Reference(), []

    async def turn_away(request: web.Request) -> web.Response:
        seen.append(request.path)
        if len(seen) % 40 == 0:
            headers = {"Retry-After": "0", "Access-Control-Allow-Origin": "*"}
            return web.json_response({}, status=429, headers=headers)
        return await reference.answer(request)

    verdict = await verdict_of(turn_away)

    assert () == verdict.violations
    assert ["M8"] == [each.rule for each in verdict.advice]


async def test_a_beacon_that_had_enough_is_left_alone() -> None:
    """Where 429 does not end the walk does, and that is no sound beacon."""
    reference, seen = Reference(), []

    async def turn_away(request: web.Request) -> web.Response:
        seen.append(request.path)
        if len(seen) > 40:
            return web.json_response({}, status=429, headers={"Retry-After": "0"})
        return await reference.answer(request)

    verdict = await verdict_of(turn_away)

    assert not verdict.is_whole
    assert 44 == len(seen)
    assert "cut short" in printed(verdict)


async def test_a_walk_has_an_end() -> None:
    """However slow a beacon is, a walk ends in time, and says what was not done."""
    reference = Reference()

    async def dawdle(request: web.Request) -> web.Response:
        await asyncio.sleep(0.05)
        return await reference.answer(request)

    verdict = await verdict_of(dawdle, replace(HASTY, longest=0.3))

    assert not verdict.is_whole
    assert verdict.asked < 20


@pytest.mark.parametrize("count", [1, 3_000_001])
async def test_many_values_are_not_read(count: int) -> None:
    """A small body of many values would be a large document."""
    document, problem = parsed(b"[" + b"0," * (count - 1) + b"0]")

    assert (count == 1) == (document == [0])
    assert (count == 1) == (problem is None)


async def test_a_beacon_that_moved_is_named() -> None:
    """Who asks http where https is meant is told so, and no verdict is given."""

    async def move(request: web.Request) -> web.Response:
        there = f"https://beacon.invalid{request.path}"
        raise web.HTTPMovedPermanently(there)

    with pytest.raises(Unreachable, match=r"redirects to https://beacon.invalid/api"):
        await verdict_of(move)


async def test_a_token_stays_with_its_beacon() -> None:
    """Nothing is sent to another host, whatever an address says."""
    seen = []

    async def listen(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", listen)
    async with (
        TestServer(app) as server,
        Client(URL("http://beacon.invalid/api"), token=TOKEN) as client,
    ):
        exchange = await client.ask(URL(str(server.make_url("/info"))))

    assert [] == seen
    assert "it lies outside this beacon" == exchange.problem


def paths(document: Any, path: tuple = ()) -> list[tuple]:
    """Return the place of everything in a document."""
    found = [path]
    pairs = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    for key, value in pairs:
        found += paths(value, (*path, key))
    return found


def changed(document: Any, path: tuple, value: object) -> Any:
    """Return a document with another value at a place."""
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = changed(copy[path[0]], path[1:], value)
    return copy


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_member_may_be_anything(data: st.DataObject) -> None:
    """A beacon with values of wrong types anywhere is judged without a crash."""
    reference = Reference()
    value = data.draw(WORDS)
    place = data.draw(st.integers(0, 10_000))

    async def twist(request: web.Request) -> web.Response:
        answer = await reference.answer(request)
        if answer.body is None:
            return answer
        document = json.loads(answer.body)
        places = paths(document)
        odd = changed(document, places[place % len(places)], value)
        return web.Response(
            status=answer.status,
            text=json.dumps(odd),
            content_type="application/json",
        )

    verdict = asyncio.run(verdict_of(twist))

    assert printed(verdict).replace("\n", "").isprintable()


@given(st.binary(max_size=200) | st.text(st.characters(codec="utf-8")).map(str.encode))
def test_any_bytes_are_read(body: bytes) -> None:
    """Bytes are a document or a reason why not."""
    document, problem = parsed(body)

    assert document is None or problem is None


@given(st.text())
def test_what_is_shown_is_harmless(text: str) -> None:
    """A foreign text is shown on one line, without control characters."""
    assert shown(text).isprintable()
