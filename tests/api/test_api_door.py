"""What every request passes through: turns, deadlines, numbers, the log, packing."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import ClassVar

import orjson
import pytest
import structlog
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from beacon.api.access_log import AccessLog
from beacon.api.exchange import as_json
from beacon.api.keys import DOOR, Limits
from beacon.api.metrics import BOUNDS, Meter, Sums, count, fold, read_sums
from beacon.api.middleware import pattern_of
from beacon.api.routes import create_api
from beacon.api.sending import PAYS_FROM, accepts_gzip
from beacon.api.turns import Deadlines, Overloaded, Turns
from tests.api.site import IDENTITY
from tests.speaking import violations

ASKED = "/api/g_variants"


class SlowBeacon:
    """A beacon that answers when it is let."""

    references: ClassVar = {}

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked = 0
        self.cancelled = 0

    async def loaded(self, _=None):
        """Wait, and know of nothing."""
        self.asked += 1
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return frozenset()

    datasets = genes = loaded

    async def ready(self):
        """Be ready."""
        return True


async def soon(is_so):
    """Wait until something is so."""
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - nobody sets an event for it
            await asyncio.sleep(0.01)


def numbers(text):
    """Return metrics by name and labels."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


# --- turns -------------------------------------------------------------------


async def test_what_cannot_wait_is_refused_and_is_no_no(aiohttp_client):
    """With a time to come again; health and metrics are told all the same."""
    beacon = SlowBeacon()
    limits = Limits(in_work=1, waiting=1)
    client = await aiohttp_client(create_api(beacon, IDENTITY, limits=limits))
    first = asyncio.create_task(client.get(ASKED))
    await soon(lambda: beacon.asked == 1)
    second = asyncio.create_task(client.get(ASKED))
    told = {}
    async with asyncio.timeout(20):
        while told.get(("beacon_requests_waiting",)) != 1:
            told = numbers(await (await client.get("/metrics")).text())
    refused = await client.get(ASKED)
    document = await refused.json()
    health = [(await client.get(p)).status for p in ("/healthz", "/readyz")]
    beacon.go.set()

    assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
    assert (document["info"], violations(document, "error")) == (
        {"status": "no_answer"},
        [],
    )
    assert "responseSummary" not in document
    assert health == [200, 200]
    assert [(await each).status for each in (first, second)] != [503, 503]


async def test_turns_are_taken_in_order_and_given_back():
    """Who leaves the queue takes no place with him."""
    turns, order = Turns(1, 3), []

    async def work(name):
        await turns.wait()
        order.append(name)

    assert (turns.come(), turns.come()) == (True, False)
    tasks = [asyncio.create_task(work(name)) for name in "abc"]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await turns.wait()
    tasks[0].cancel()
    await asyncio.sleep(0)
    turns.leave()
    await asyncio.sleep(0)
    turns.leave()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert (order, turns.working, turns.waiting) == (["b", "c"], 1, 0)
    turns.leave()
    assert (turns.working, turns.refused, turns.come()) == (0, 1, True)


async def test_a_place_given_to_who_just_left_goes_on():
    """A cancellation between the gift and its taking loses nothing."""
    turns = Turns(1, 2)
    turns.come()
    first, second = (asyncio.create_task(turns.wait()) for _ in range(2))
    await asyncio.sleep(0)
    turns.leave()
    first.cancel()
    await asyncio.wait({first, second})

    assert (first.cancelled(), second.exception(), turns.working) == (True, None, 1)


# --- deadlines ---------------------------------------------------------------


async def test_a_request_is_given_up_at_its_deadline(aiohttp_client):
    """It is no answer, its work is cancelled, and the connection lives on."""
    beacon = SlowBeacon()
    limits = Limits(seconds=0.05)
    client = await aiohttp_client(create_api(beacon, IDENTITY, limits=limits))
    late = await client.get(ASKED)
    document = await late.json()
    told = numbers(await (await client.get("/metrics")).text())

    assert (late.status, document["info"]) == (503, {"status": "no_answer"})
    assert document["error"]["errorMessage"] == "No answer was found within 0.05 s."
    assert (beacon.cancelled, told[("beacon_late_total",)]) == (1, 1)
    assert told[("beacon_requests_in_work",)] == 0


async def test_a_cancellation_within_is_a_failure_of_ours(aiohttp_client):
    """The client, who is still there, is told so."""

    class Cancelled(SlowBeacon):
        async def loaded(self, _=None):
            raise asyncio.CancelledError

    client = await aiohttp_client(create_api(Cancelled(), IDENTITY))
    with structlog.testing.capture_logs() as logged:
        response = await client.get(ASKED)
    document = await response.json()

    assert (response.status, document["info"]) == (500, {"status": "no_answer"})
    assert [each["event"] for each in logged] == ["request.failed"]


async def test_only_what_is_overdue_is_cancelled():
    """Whoever ended, or was cancelled by somebody else, is not taken for late."""
    deadlines = Deadlines(10)
    waits = [asyncio.create_task(asyncio.sleep(60)) for _ in range(3)]
    for began, task in enumerate(waits):
        deadlines.begin(task, began)
    deadlines.end(waits[0])
    deadlines.look(11)
    await asyncio.wait({waits[1]})

    assert [task.cancelled() for task in waits] == [False, True, False]
    assert [deadlines.was_late(task) for task in waits] == [False, True, False]
    for task in waits:
        task.cancel()


async def test_a_client_that_leaves_is_not_worked_for():
    """What it asked is cancelled, and counted."""
    beacon = SlowBeacon()
    meter = Meter("0")
    runner = web.AppRunner(
        create_api(beacon, IDENTITY, meter=meter), handler_cancellation=True
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    _, writer = await asyncio.open_connection(*runner.addresses[0])
    writer.write(f"GET {ASKED} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await soon(lambda: beacon.asked == 1)
    writer.transport.abort()
    await soon(lambda: beacon.cancelled == 1)
    await asyncio.sleep(0)
    mine = meter.mine()
    await runner.cleanup()

    assert (mine.counts["left"], mine.moment["working"]) == (1, 0)
    assert (ASKED, "GET", 499) in mine.rows


# --- what is sent ------------------------------------------------------------


@pytest.fixture
async def echo(aiohttp_client, beacon):
    """Give a client of a site with a path that answers as long as it is told."""
    app = create_api(beacon, IDENTITY)

    async def say(request):
        return as_json({"said": "x" * int(request.query["size"])})

    app.router.add_get("/echo", say)
    return await aiohttp_client(app, auto_decompress=False)


@pytest.mark.parametrize("size", [PAYS_FROM, 100_000])
async def test_a_long_answer_is_packed_for_whom_it_pays(echo, size):
    """The same document, with what caches and clients need to know."""
    said = {}
    for accepted in ("gzip", "identity"):
        response = await echo.get(
            "/echo", params={"size": size}, headers={"Accept-Encoding": accepted}
        )
        said[accepted] = (response.headers, await response.read())
    headers, packed = said["gzip"]
    plain_headers, plain = said["identity"]

    assert (headers["Content-Encoding"], headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert ("Content-Encoding" in plain_headers, plain_headers["Vary"]) == (
        False,
        "Accept-Encoding",
    )
    assert (gzip.decompress(packed), len(packed) < len(plain)) == (plain, True)
    assert headers["Access-Control-Allow-Origin"] == "*"


async def test_a_short_answer_is_never_packed(echo):
    """Nor varies."""
    response = await echo.get(
        "/echo", params={"size": 1000}, headers={"Accept-Encoding": "gzip"}
    )

    assert {"Content-Encoding", "Vary"} & {*response.headers} == set()


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("gzip", True),
        ("GZip, deflate, br", True),
        ("x-gzip", True),
        ("*", True),
        ("gzip;q=0.5, identity;q=0.5", True),
        ("gzip;q=0.5, identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*;q=0", False),
        ("gzip;q=much", False),
        ("deflate, br", False),
        ("", False),
    ],
)
def test_accepted_encodings_are_weighed(accepted, expected):
    """As RFC 9110 says."""
    assert accepts_gzip(accepted) is expected


@given(st.text(max_size=60))
def test_any_accept_encoding_can_be_read(accepted):
    """It never fails a request."""
    assert accepts_gzip(accepted) in {True, False}


async def raw(client, head):
    """Send a head of a request and return all that comes until the line is closed."""
    port = client.server.port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode())
    said = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return said.partition(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("head", "first", "has_body"),
    [
        ("GET {} HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK", True),
        (
            "GET {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            b"HTTP/1.1 200 OK",
            True,
        ),
        (
            "HEAD {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            b"HTTP/1.1 200 OK",
            False,
        ),
    ],
)
async def test_unusual_answers_say_the_same(client, head, first, has_body):
    """However a client asks, the same headers and the same document leave."""
    usual = await client.get("/api/map")
    body = await usual.read()
    lines, _, said = await raw(client, head.format("/api/map"))
    status, *rest = lines.split(b"\r\n")
    names = {line.partition(b":")[0].lower() for line in rest} - {b"connection"}

    assert status == first
    assert names == {name.lower().encode() for name in usual.headers}
    assert bool(said) is has_body
    assert not has_body or {*orjson.loads(said)} == {*orjson.loads(body)}


async def test_a_closing_server_says_so_in_its_answer(client):
    """So that clients go elsewhere before the connection is closed."""
    client.app[DOOR].is_closing = True
    response = await client.get("/api/map")

    assert response.headers["Connection"] == "close"


# --- numbers -----------------------------------------------------------------


async def test_requests_are_counted_by_their_patterns(client):
    """Never by what was asked; a path that is none has no label of its own."""
    for path in ("/api/g_variants/x7y", "/api//g_variants/x7y/", "/secret", "/api/map"):
        await client.get(path)
    await client.request("PROPFIND", "/api/map")
    response = await client.get("/metrics")
    text = await response.text()
    told = numbers(text)
    requests = {
        (dict(labels)["route"], dict(labels)["method"], dict(labels)["status"]): value
        for (name, *labels), value in told.items()
        if name == "beacon_requests_total"
    }

    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert requests == {
        ("/api/g_variants/{id}", "GET", "200"): 2,
        ("/api/map", "GET", "200"): 1,
        ("unknown", "GET", "404"): 1,
        ("unknown", "other", "405"): 1,
    }
    assert "x7y" not in text
    assert "secret" not in text


def test_a_pattern_is_what_is_documented():
    """Whichever of its spellings a path was found by."""
    assert pattern_of("/api{_0}g_variants{_1}{id}{_end}") == "/api/g_variants/{id}"
    assert pattern_of("/api{_end}") == "/api"


@given(st.lists(st.floats(min_value=0, max_value=100), max_size=50))
def test_a_histogram_has_every_request_once(seconds):
    """In the first bucket whose bound it does not exceed."""
    row = Meter("0").row("/", "GET", 200)
    for each in seconds:
        count(row, each)

    assert sum(row[1:]) == len(seconds)
    assert row[0] == pytest.approx(sum(seconds))
    assert [sum(row[1 : place + 2]) for place in range(len(BOUNDS))] == [
        sum(each <= bound for each in seconds) for bound in BOUNDS
    ]


async def test_each_process_is_counted_once_whatever_ended(tmp_path):
    """Before, while and after its numbers are folded into those of the ended."""
    meters = [Meter("0", tmp_path, str(name), 3) for name in range(3)]
    for number, meter in enumerate(meters):
        count(meter.row("/api/map", "GET", 200), 10.0**number)
        await meter.lay_down()
    kept = (tmp_path / "worker-2.json").read_bytes()
    before = numbers((await meters[0].told()).decode())
    fold(tmp_path, ["2"])
    after = numbers((await meters[0].told()).decode())
    (tmp_path / "worker-2.json").write_bytes(kept)  # as if it were not yet cleared
    between = numbers((await meters[0].told()).decode())

    assert before == after == between
    assert before[("beacon_request_seconds_sum", ("route", "/api/map"))] == 111
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "gone.json",
        "worker-0.json",
        "worker-1.json",
        "worker-2.json",
    ]


def test_sums_are_read_as_they_were_written():
    """With every row and number."""
    sums = Sums(
        rows={("/", "GET", 200): [1.5, 2.0]}, counts={"late": 3}, moment={"working": 4}
    )

    assert read_sums(sums.written()) == sums


# --- the log -----------------------------------------------------------------


async def test_the_log_is_written_at_the_end_at_the_latest(
    aiohttp_client, beacon, tmp_path
):
    """A line a request, a failed one included, in their order."""
    path = tmp_path / "access.log"
    app = create_api(beacon, IDENTITY, log=AccessLog(str(path), "7"))
    client = await aiohttp_client(app)
    for asked in ("/api/map?secret=1", "/secret", "/api/g_variants?start=x"):
        await client.get(asked)
    await client.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]

    assert [(x["route"], x["status"], x["worker"]) for x in lines] == [
        ("/api/map", 200, "7"),
        ("unknown", 404, "7"),
        ("/api/g_variants", 400, "7"),
    ]
    assert all(line["bytes"] > 100 for line in lines)
    assert "secret" not in path.read_text()


async def test_many_lines_do_not_wait_for_the_second(aiohttp_client, beacon, tmp_path):
    """They are written as soon as they are 64 kB."""
    path = tmp_path / "access.log"
    app = create_api(beacon, IDENTITY, log=AccessLog(str(path)))
    client = await aiohttp_client(app)
    for _ in range(450):
        await client.get("/healthz")
    await client.close()

    assert len(path.read_text().splitlines()) == 450
