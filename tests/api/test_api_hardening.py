"""What is too much, too slow or from the wrong place is refused, and harms nobody."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo import monitoring

from beacon.api.connections import FOR_A_HEAD, FOR_NO_BYTE, Watch
from beacon.api.routes import create_api
from beacon.store.variants import VariantStore
from beacon.wire.requests import MOST_PARAMETERS, MOST_VALUES
from tests.api.site import IDENTITY, application, local_beacon
from tests.speaking import violations

ASKED = "/api/g_variants"
ALLELE = {
    "assemblyId": "GRCh37",
    "referenceName": "22",
    "start": [100],
    "referenceBases": "T",
    "alternateBases": "C",
}


def asking(**more):
    """Return the body of a question with something in it."""
    return {"query": {"requestParameters": ALLELE, **more}}


# --- limits ------------------------------------------------------------------

TOO_MUCH = {
    "values": json.dumps({"query": {"datasets": ["a"] * (MOST_VALUES + 1)}}),
    "keys": json.dumps({f"k{n}": 1 for n in range(MOST_VALUES + 1)}),
    "depth": '{"query":' + "[" * 40 + "]" * 40 + "}",
    "depth without end": "[" * 100_000,
    "filters": json.dumps(asking(filters=["HP:0000001"] * 501)),
    "schemas": json.dumps({"meta": {"requestedSchemas": ["a"] * 101}}),
    "bases": json.dumps(
        {"query": {"requestParameters": {**ALLELE, "referenceBases": "A" * 100_001}}}
    ),
    "digits": '{"query":{"pagination":{"skip":' + "9" * 5000 + "}}}",
    "text": json.dumps(asking(filters=["x" * 20_000])),
}


@pytest.mark.parametrize("what", TOO_MUCH)
async def test_too_much_of_anything_is_one_sentence(client, what):
    """A question with more than it may hold is refused (400), before it costs much."""
    answer = await client.post(ASKED, data=TOO_MUCH[what])
    document = await answer.json()

    assert (400, []) == (answer.status, violations(document, "error"))
    assert document["error"]["errorMessage"].endswith(".")
    assert len(document["error"]["errorMessage"]) < 300


async def test_too_many_parameters_are_refused(client):
    """Also where each of them would be ignored."""
    text = "&".join(f"a{n}=1" for n in range(MOST_PARAMETERS + 1))
    answer = await client.get(f"{ASKED}?{text}")

    assert 400 == answer.status
    assert "at most 500 parameters" in (await answer.json())["error"]["errorMessage"]


async def test_a_line_of_a_batch_is_bounded(client):
    """It fails alone; its neighbours are answered."""
    good = json.dumps({"variant": "22-101-T-C", "assemblyId": "GRCh37"})
    bad = json.dumps({"variant": f"22-101-{'T' * 300_000}-C", "assemblyId": "GRCh37"})
    lines = f"{good}\n{bad}\n{good}\n"
    answer = await client.post("/api/batch", data=lines.encode())
    said = [json.loads(line) for line in (await answer.text()).splitlines()]

    assert ["seen", "no_answer", "seen"] == [line["status"] for line in said]
    assert "at most 262,144 bytes" in said[1]["error"]
    assert len(json.dumps(said[1])) < 1000


async def test_batches_leave_room_for_questions(aiohttp_client, beacon):
    """So many are answered at once; another is told to come again, and is no "no"."""
    client = await aiohttp_client(application(beacon, batches=1))
    go, has_begun = asyncio.Event(), asyncio.Event()

    async def slowly():
        yield b'{"variant": "22-101-T-C", "assemblyId": "GRCh37"}\n'
        has_begun.set()
        await go.wait()

    first = asyncio.create_task(client.post("/api/batch", data=slowly()))
    async with asyncio.timeout(20):
        await has_begun.wait()
        answer = await client.post("/api/batch", json=[])
    single = await client.post(ASKED, json=asking())
    go.set()
    done = await first

    assert (503, 200, 200) == (answer.status, single.status, done.status)
    assert "no_answer" == (await answer.json())["info"]["status"]
    assert "seen" in await done.text()


# --- packed bodies -----------------------------------------------------------

BOMB = b" " * (40 * 1024**2)
PACKED = {
    "gzip": gzip.compress(BOMB, 9),
    "deflate": zlib.compress(BOMB, 9),
    "broken gzip": b"\x1f\x8b\x08\x00 no more than a head",
    "cut gzip": gzip.compress(json.dumps(asking()).encode())[:-40],
    "no gzip": b'{"query":{}}',
}


@pytest.mark.parametrize("what", PACKED)
@pytest.mark.parametrize("path", [ASKED, "/api/batch", "/api/individuals"])
async def test_a_packed_body_is_contained(client, what, path):
    """A bomb is too large (413), what is broken is a bad request (400): never 5xx."""
    coding = "deflate" if what == "deflate" else "gzip"
    answer = await client.post(
        path, data=PACKED[what], headers={"Content-Encoding": coding}
    )
    await answer.read()
    is_bomb = what in ("gzip", "deflate")
    if (path, what) == ("/api/batch", "cut gzip"):  # what came is a line, and no JSON
        lines = (await answer.text()).splitlines()

        assert ["no_answer"] == [json.loads(line)["status"] for line in lines]
        return

    assert (413 if is_bomb else 400) == answer.status


async def test_a_good_packed_body_is_read(client):
    """It is what it would be unpacked."""
    body = gzip.compress(json.dumps(asking()).encode())
    answer = await client.post(ASKED, data=body, headers={"Content-Encoding": "gzip"})

    assert (await answer.json())["responseSummary"] == {"exists": True}


# --- headers and browsers ------------------------------------------------------

PATHS = (ASKED, "/api/map", "/openapi.json", "/healthz", "/metrics", "/", "/nothing")


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_has_the_headers_that_protect(client, path):
    """No sniffing of types, no frames, nothing kept of what was asked."""
    answer = await client.get(path)
    headers = answer.headers

    assert "nosniff" == headers["X-Content-Type-Options"]
    assert "nordic-beacon" == headers["Server"]
    if answer.content_type in ("application/json", "text/html"):
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "no-referrer" == headers["Referrer-Policy"]
    if answer.content_type == "application/json":
        assert "no-store" == headers["Cache-Control"]
    assert "Set-Cookie" not in headers


@pytest.fixture
async def kept(aiohttp_client, beacon):
    """Give a client of a site that names whose pages may read it."""
    origins = ("https://portal.example",)
    return await aiohttp_client(create_api(beacon, IDENTITY, origins=origins))


@pytest.mark.parametrize("path", [ASKED, "/healthz", "/nothing"])
@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://portal.example", "https://portal.example"),
        ("https://portal.example.evil.example", None),
        ("http://portal.example", None),
        ("null", None),
        (None, None),
    ],
)
async def test_only_named_origins_may_read(kept, path, origin, allowed):
    """Compared as a whole; what is between may keep an answer for one origin only."""
    headers = {} if origin is None else {"Origin": origin}
    answer = await kept.get(path, headers=headers)

    assert allowed == answer.headers.get("Access-Control-Allow-Origin")
    assert "Origin" in ", ".join(answer.headers.getall("Vary"))
    assert "nosniff" == answer.headers["X-Content-Type-Options"]


@pytest.mark.parametrize(
    ("origin", "methods"),
    [("https://portal.example", "GET, POST, OPTIONS"), ("https://evil.example", None)],
)
async def test_a_browser_that_asks_first_is_told_whether_it_may(kept, origin, methods):
    """Others are told nothing it could go on with."""
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = await kept.options(ASKED, headers=asked)

    assert 204 == answer.status
    assert methods == answer.headers.get("Access-Control-Allow-Methods")
    assert "Access-Control-Allow-Credentials" not in answer.headers


# --- connections ---------------------------------------------------------------


class Line:
    """A connection, as the HTTP library has it."""

    def __init__(self, *, asked=0, unsent=0) -> None:
        self._request_count = asked
        self.unsent = unsent
        self.is_aborted = False
        self.transport = self

    def abort(self):
        """Be closed."""
        self.is_aborted = True

    def is_closing(self):
        """Whether it was."""
        return self.is_aborted

    def get_write_buffer_size(self):
        """Return how much is not taken yet."""
        return self.unsent


def test_a_connection_without_a_request_is_closed_in_time():
    """Ten seconds from its beginning, however many bytes of a head have come."""
    watch, silent, busy = Watch(), Line(), Line(asked=1)
    ended = [watch.look([silent, busy], 100.0 + n) for n in range(12)]

    assert (True, False) == (silent.is_aborted, busy.is_aborted)
    assert [0] * 11 + [1] == ended
    assert 10.0 == FOR_A_HEAD


def test_an_answer_that_is_not_taken_is_given_up():
    """Thirty seconds without a byte; one that is taken slowly may go on."""
    watch, stuck, slow = Watch(), Line(asked=1, unsent=900), Line(asked=1, unsent=900)
    for second in range(int(FOR_NO_BYTE) + 2):
        slow.unsent -= second % 7 == 0
        watch.look([stuck, slow], 100.0 + second)

    assert (True, False) == (stuck.is_aborted, slow.is_aborted)


@given(st.lists(st.booleans(), max_size=60))
def test_whoever_asks_and_reads_is_never_closed(moments):
    """Whatever happens when, of those that move none is closed."""
    watch, line = Watch(), Line(asked=1)
    for second, has_more in enumerate(moments):
        line.unsent = (line.unsent + 1) if has_more else 0
        watch.look([line], float(second))

    assert not line.is_aborted


# --- operators of the database ---------------------------------------------------

OPERATORS = (
    "$gt",
    "$ne",
    "$where",
    "$regex",
    "$expr",
    "$function",
    "$in",
    "a.b",
    "\x00",
)
EVIL = "sleep(1000)||'a'=='a"
HOSTILE_VALUES = [
    *({operator: EVIL} for operator in OPERATORS),
    {"$where": "function() { return true }"},
    [{"$gt": ""}],
    "{'$gt': ''}",
    "$where",
    "^(a+)+$",
    ".*",
    "'; db.dropDatabase(); //",
]
PLACES = {
    "dataset": lambda v: ("POST", ASKED, {"query": {"datasets": [v]}}),
    "dataset object": lambda v: ("POST", ASKED, {"query": {"datasets": v}}),
    "cohort": lambda v: ("POST", ASKED, {"query": {"cohorts": v}}),
    "filter id": lambda v: ("POST", "/api/individuals", {"query": {"filters": [v]}}),
    "filter value": lambda v: (
        "POST",
        "/api/individuals",
        {"query": {"filters": [{"id": "sex", "operator": "=", "value": v}]}},
    ),
    "parameter": lambda v: (
        "POST",
        ASKED,
        {"query": {"requestParameters": {**ALLELE, "geneId": v}}},
    ),
    "start": lambda v: (
        "POST",
        ASKED,
        {"query": {"requestParameters": {**ALLELE, "start": v}}},
    ),
    "exclude": lambda v: (
        "POST",
        ASKED,
        {"query": {"exclude": v, **asking()["query"]}},
    ),
    "batch": lambda v: ("POST", "/api/batch", [{"variant": v, "assemblyId": "GRCh37"}]),
    "path": lambda v: ("GET", f"/api/individuals/{_quoted(v)}", None),
    "query": lambda v: ("GET", f"/api/individuals?filters={_quoted(v)}", None),
}


def _quoted(value):
    return quote(value if isinstance(value, str) else json.dumps(value), safe="")


class Commands(monitoring.CommandListener):
    """What the database was told, as it was told."""

    def __init__(self) -> None:
        self.keys = set()
        self.told = 0

    def started(self, event) -> None:
        """Note every key of a command, at any depth."""
        self.told += 1
        self._note(event.command)

    def _note(self, value) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                self.keys.add(key)
                self._note(inner)
        elif isinstance(value, (list, tuple)):
            for inner in value:
                self._note(inner)

    def succeeded(self, event) -> None:
        """Nothing to note."""

    def failed(self, event) -> None:
        """Nothing to note."""


OURS = {
    *("$and", "$or", "$in", "$nin", "$gt", "$gte", "$lt", "$lte", "$ne", "$exists"),
    *("$match", "$project", "$db", "$readPreference", "$clusterTime", "$elemMatch"),
    *("$group", "$sort", "$limit", "$skip", "$sum", "$max", "$min", "$first", "$size"),
}
"""All operators that our own questions are made of; none of them runs code."""


async def test_no_operator_comes_from_outside(
    aiohttp_client, populated_address, monkeypatch
):
    """Whatever is sent where, the database is told our own keys, and 5xx is never said.

    A value that is an operator is refused, or matches nothing (D6).
    """
    commands, opened = Commands(), []
    real = VariantStore.open.__globals__["client_options"]

    def watched(uri, **given):
        options = real(uri, **given)
        options["event_listeners"] = [*options.get("event_listeners", ()), commands]
        return options

    monkeypatch.setitem(VariantStore.open.__globals__, "client_options", watched)
    store = await VariantStore.open(populated_address)
    opened.append(store)
    client = await aiohttp_client(application(local_beacon(store)))
    plain = await client.get("/api/individuals?requestedGranularity=count")
    everybody = (await plain.json())["responseSummary"]["numTotalResults"]
    said = {}
    for name, place in PLACES.items():
        for value in HOSTILE_VALUES:
            method, path, body = place(value)
            answer = await client.request(method, path, json=body)
            text = await answer.text()
            said[name, str(value)] = (answer.status, text)
    await store.close()
    statuses = {status for status, _ in said.values()}
    counted = [
        json.loads(text).get("responseSummary", {}).get("numTotalResults", 0)
        for (name, _), (status, text) in said.items()
        if status == 200 and name in ("filter id", "filter value", "path", "query")
    ]

    assert everybody > 0
    assert commands.told > 20
    assert statuses <= {200, 400, 404}
    assert everybody not in counted
    assert {key for key in commands.keys if key.startswith("$")} <= OURS
    assert not commands.keys & {EVIL, *OPERATORS} - OURS
