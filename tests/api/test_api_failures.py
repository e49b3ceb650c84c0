"""Every failure is a valid error document, and browsers may read everything."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from typing import ClassVar

import pytest
import structlog
from aiohttp import web
from yarl import URL

from beacon.model.errors import StoreUnavailable
from tests.api.site import application
from tests.speaking import violations


class BrokenBeacon:
    """A beacon all of whose parts fail in the same way."""

    references: ClassVar = {}

    def __init__(self, failure: Exception) -> None:
        self.failure = failure

    async def loaded(self, _):
        """Fail."""
        raise self.failure

    datasets = answer = genes = loaded


REFUSED = [
    ("GET", "/api/g_variants?start=5", None, "referenceName"),
    ("GET", "/api/g_variants?requestedGranularity=all", None, "requestedGranularity"),
    ("GET", "/api/g_variants?referenceName=25&start=1&end=2", None, "referenceName"),
    ("GET", "/api/g_variants?assemblyId=hg99", None, "assemblyId"),
    ("GET", "/api/datasets?limit=-1", None, "limit"),
    ("GET", "/api/filtering_terms?skip=x", None, "skip"),
    ("POST", "/api/g_variants", b"[1]", None),
    ("POST", "/api/g_variants", b'{"a": 1, "a": 2}', None),
    ("POST", "/api/g_variants", b"[" * 100_000, None),
    ("POST", "/api/batch", b'[{"variant": "22-1-A-T"}', None),
]


@pytest.mark.parametrize(("method", "path", "sent", "parameter"), REFUSED)
async def test_a_question_not_understood_has_no_answer(
    client, method, path, sent, parameter
):
    """400, a sentence, the parameter, and never a "no"."""
    response = await client.request(method, path, data=sent)
    document = await response.json()

    assert (response.status, document["error"]["errorCode"]) == (400, 400)
    assert document["info"]["status"] == "no_answer"
    assert document["info"].get("parameter") == parameter
    assert violations(document, "error") == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("GET", "/nothing", 404),
        ("GET", "/api/g_variants/a/b/c", 404),
        ("PUT", "/api/g_variants", 405),
        ("DELETE", "/api/info", 405),
        ("GET", "/api/batch", 405),
    ],
)
async def test_a_wrong_path_or_method_is_an_error_document(
    client, method, path, status
):
    """With the HTTP status as its code."""
    response = await client.request(method, path)
    document = await response.json()

    assert (response.status, document["error"]["errorCode"]) == (status, status)
    assert (response.content_type, violations(document, "error")) == (
        "application/json",
        [],
    )


@pytest.mark.parametrize("path", ["g_variants/", "datasets/", "datasets//g_variants"])
@pytest.mark.parametrize("identity", ["%00%FF", "%ED%A0%80", "%2F", "%3Cscript%3E"])
async def test_a_strange_id_names_nothing(client, path, identity):
    """It is looked for and not found, whatever its bytes are."""
    head, _, tail = path.partition("/")
    address = client.make_url("/api/").join(
        URL(f"{head}/{identity}{tail}", encoded=True)
    )
    response = await client.session.get(address)
    document = await response.json()

    assert (response.status, document["responseSummary"]["exists"]) == (200, False)


async def test_a_wrong_method_is_told_the_right_ones(client):
    """As HTTP asks for, and in the sentence."""
    response = await client.put("/api/g_variants")
    other = await (await client.get("/api/batch")).json()

    assert response.headers["Allow"] == "GET,HEAD,POST"
    assert other["error"]["errorMessage"] == (
        "This path does not take that method; use POST."
    )


@pytest.fixture
async def port(beacon):
    """Give the port of the site, served as in production."""
    runner = web.AppRunner(application(beacon))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def leave_after(port, sent, *, read=0):
    """Send a part of a request, read a part of its answer, and go."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    await reader.read(read)
    await asyncio.sleep(0.05)
    writer.transport.abort()
    await asyncio.sleep(0.1)


@pytest.mark.parametrize("path", ["/api/g_variants", "/api/batch"])
async def test_a_client_that_leaves_before_asking_is_no_failure(port, caplog, path):
    """Nothing is logged of it."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{{"
    with structlog.testing.capture_logs() as logged:
        await leave_after(port, head.encode())

    assert (logged, [r for r in caplog.records if r.levelno > logging.INFO]) == ([], [])


async def test_a_client_that_leaves_its_batch_is_no_failure(port, caplog):
    """Nothing is logged of it, however much was left to say."""
    body = b"22-16050408-T-C\n" * 9000
    head = f"POST /api/batch HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    with structlog.testing.capture_logs() as logged:
        await leave_after(port, head.encode() + body, read=1)
        await asyncio.sleep(0.5)

    assert (logged, [r for r in caplog.records if r.levelno > logging.INFO]) == ([], [])


@pytest.mark.parametrize("path", ["/api/g_variants", "/api/datasets", "/api/batch"])
@pytest.mark.parametrize("is_announced", [True, False])
async def test_too_large_a_body_is_refused(aiohttp_client, beacon, path, is_announced):
    """Whether or not its length is announced."""
    client = await aiohttp_client(application(beacon, body=1000, batch_body=1000))
    sent = b" " * 5000

    async def pieces():
        yield sent

    response = await client.post(path, data=sent if is_announced else pieces())
    document = await response.json()

    assert (response.status, document["error"]["errorMessage"]) == (
        413,
        "The request body is larger than 1000 bytes.",
    )


async def test_a_packed_body_is_measured_unpacked(aiohttp_client, beacon):
    """A few bytes may unpack to very many."""
    client = await aiohttp_client(application(beacon, body=100_000))
    response = await client.post(
        "/api/g_variants",
        data=gzip.compress(b" " * 10_000_000),
        headers={"Content-Encoding": "gzip"},
    )

    assert response.status == 413


async def test_a_packed_body_is_read(client):
    """As HTTP allows."""
    response = await client.post(
        "/api/g_variants",
        data=gzip.compress(json.dumps({"requestedGranularity": "count"}).encode()),
        headers={"Content-Encoding": "gzip"},
    )
    document = await response.json()

    assert document["meta"]["returnedGranularity"] == "count"


async def test_a_body_that_cannot_be_unpacked_is_refused(client):
    """With a sentence, not with a broken connection."""
    response = await client.post(
        "/api/g_variants", data=b"no gzip", headers={"Content-Encoding": "gzip"}
    )

    assert response.status == 400


@pytest.mark.parametrize("path", ["/api/g_variants", "/api/info", "/api/datasets"])
async def test_an_unreachable_store_is_no_answer(aiohttp_client, path):
    """503, in a sentence."""
    broken = BrokenBeacon(StoreUnavailable("The store cannot be reached."))
    client = await aiohttp_client(application(broken))
    response = await client.get(path)
    document = await response.json()

    assert (response.status, document["error"], document["info"]) == (
        503,
        {"errorCode": 503, "errorMessage": "The store cannot be reached."},
        {"status": "no_answer"},
    )


async def test_an_unexpected_failure_is_bland_outside_and_whole_inside(aiohttp_client):
    """The log names the failure and the path's pattern, never the question."""
    client = await aiohttp_client(application(BrokenBeacon(KeyError("secret"))))
    with structlog.testing.capture_logs() as logged:
        response = await client.get("/api/g_variants/GRCh37-22-101-T-C")
    body = await response.text()

    assert (response.status, "secret" in body) == (500, False)
    assert [(each["event"], each["exc_info"]) for each in logged] == [
        ("request.failed", True)
    ]
    assert "101-T-C" not in str(logged)
    assert violations(json.loads(body), "error") == []


@pytest.mark.parametrize(
    "path", ["/api/info", "/api/g_variants", "/api/nothing", "/healthz", "/api/batch"]
)
async def test_pages_of_any_origin_may_read_every_answer(client, path):
    """There is nothing an origin could be trusted with more."""
    response = await client.get(path, headers={"Origin": "https://example.org"})

    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("path", ["/api/g_variants", "/api/batch", "/api/nothing"])
async def test_a_browser_may_ask_beforehand(client, path):
    """A preflight is answered on every path."""
    response = await client.options(
        path,
        headers={
            "Origin": "https://example.org",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )

    assert (response.status, response.headers["Access-Control-Allow-Methods"]) == (
        204,
        "GET, POST, OPTIONS",
    )
