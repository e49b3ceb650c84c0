"""Budgets and ledgers over HTTP: who is told what is left, and what is refused."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from beacon.api.routes import create_api
from beacon.app import behind_of
from beacon.auth.keys import KeyTerms, make_key
from beacon.auth.porter import Porter, Secrets
from beacon.page.views import add_pages
from beacon.policy_file import parsed
from beacon.service import LocalBeacon
from beacon.service.guard import Guard
from beacon.store.accounts import Books
from beacon.store.api_keys import ApiKeys
from beacon.wire.components import components
from tests.api.site import IDENTITY
from tests.service.ledgered_samples import FIRST, PEOPLE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import web
    from aiohttp.test_utils import TestClient
    from pytest_aiohttp import AiohttpClient

    from beacon.store.connection import StoreAddress
    from beacon.store.variants import VariantStore

SLOW = 30.0
A_BUSY_MACHINE = 1.0
"""Seconds that a machine with much other work may add."""
LEVELS = {"requestedGranularity": "count", "includeResultsetResponses": "ALL"}
PEPPER = b"p" * 32
POLICY = b"""
[policy]
id = "budgets"
[tiers.public]
granularity = "aggregate_record"
queries = ["allele", "range"]
range_width = 10_000
distinct_variants = { per_day = 3, scope = "client_net" }
[tiers.care]
granularity = "count"
require = { roles = ["care"] }
distinct_variants = { per_day = 5, per_30d = 8, org_per_day = 7 }
[disclosure.exact]
[disclosure.ledgered]
ledger = { population = 6_000_000 }
[datasets.clinic]
kind = "care"
legal_basis = "Example act, section 1"
access = { care = "ledgered" }
[datasets.public]
kind = "reference"
access = { public = "exact", care = "exact" }
"""


RULES = parsed(POLICY, "policy.toml").policy


@pytest.fixture(scope="module")
def keys(clinic_address: StoreAddress) -> dict[str, dict[str, str]]:
    """Give the headers of two clinicians of one ward."""
    found = {}
    with ApiKeys(clinic_address) as kept:
        for name in ("ann", "bob"):
            terms = KeyTerms(
                name=name,
                life=timedelta(days=1),
                scopes=frozenset({"query", "annotate"}),
                organisation="ward 3",
                roles=frozenset({"care"}),
            )
            key, text = make_key(terms, PEPPER, datetime.now(UTC))
            kept.add(key)
            found[name] = {"Authorization": f"Bearer {text}"}
    return found


@pytest.fixture
async def guard(
    clinic_store: VariantStore, store_address: StoreAddress
) -> AsyncIterator[Guard]:
    """Give a guard whose books are fresh."""
    books = await Books.open(store_address, b"k" * 32, patience=SLOW)
    made = Guard(RULES, books, clinic_store)
    yield made
    await made.close()
    books.close()


@asynccontextmanager
async def site(
    clinic_store: VariantStore, guard: Guard
) -> AsyncIterator[web.Application]:
    """Give the whole site behind a guard."""
    beacon = LocalBeacon(clinic_store, RULES, references={}, deadline=5, guard=guard)
    secrets = Secrets(subjects=b"s" * 32, pepper=PEPPER, passports=b"v" * 32)
    porter = Porter((), secrets, keys=clinic_store.api_keys)
    app = create_api(beacon, IDENTITY, porter=porter)
    add_pages(app, behind_of(app))
    yield app
    await porter.close()


@pytest.fixture
async def client(
    aiohttp_client: AiohttpClient, clinic_store: VariantStore, guard: Guard
) -> AsyncIterator[TestClient]:
    """Give a client of that site."""
    async with site(clinic_store, guard) as app:
        yield await aiohttp_client(app)


def about(place: int, **more: object) -> dict[str, object]:
    """Return the parameters of the question for A>G at a place."""
    start = FIRST + place - 1
    named = {"assemblyId": "GRCh37", "referenceName": "22", "start": start}
    bases = {"referenceBases": "A", "alternateBases": "G"}
    return {**named, **bases, **LEVELS, **more}


async def ask(client: TestClient, place: int, headers: dict[str, str] | None = None):
    """Ask for A>G at a place; return the status, the headers and the document."""
    parameters = {name: str(value) for name, value in about(place).items()}
    response = await client.get("/api/g_variants", params=parameters, headers=headers)
    return response.status, response.headers, await response.json()


async def left(client: TestClient, headers: dict[str, str] | None = None):
    """Return what is left for whoever asks."""
    response = await client.get("/api/budget", headers=headers)
    assert response.status == 200
    return (await response.json())["response"]


def words(document: dict) -> dict[str, str]:
    """Return the word of each dataset that is listed."""
    sets = document["response"]["resultSets"]
    return {each["id"]: each["info"]["status"] for each in sets}


async def test_who_asked_too_much_is_told_when_to_come_again(
    client: TestClient,
) -> None:
    """429 with the headers clients wait by; what was asked before is answered still."""
    for place in (100, 200, 300, 100):
        assert (await ask(client, place))[0] == 200
    status, headers, document = await ask(client, 400)

    assert status == 429
    assert headers["RateLimit-Limit"] == "3"
    assert headers["RateLimit-Remaining"] == "0"
    assert headers["RateLimit-Reset"] == headers["Retry-After"]
    assert 0 < int(headers["Retry-After"]) <= 86_401
    assert document["error"]["errorCode"] == 429
    assert document["info"]["status"] == "no_answer"
    assert (await ask(client, 200))[0] == 200
    (room,) = (await left(client))["limits"]
    assert (room["scope"], room["limit"], room["left"]) == ("client_net", 3, 0)


async def test_the_short_way_is_counted_too(client: TestClient) -> None:
    """Bodies of one form, one allele after another."""
    statuses = []
    for place in (100, 200, 200, 300, 400, 500, 300):
        parameters = about(place)
        query = {name: parameters.pop(name) for name in LEVELS}
        body = {"query": {"requestParameters": parameters, **query}}
        async with client.post("/api/g_variants", json=body) as response:
            statuses.append(response.status)

    assert statuses == [200, 200, 200, 200, 429, 429, 200]


async def test_a_page_is_counted_too(client: TestClient) -> None:
    """By the same budget as the API; beyond it a page says nothing of a variant."""
    statuses, page = [], ""
    for place in (100, 200, 200, 300, 400):
        path = f"/v/GRCh37/22-{FIRST + place}-A-G"
        async with client.get(path, headers={"Accept": "text/html"}) as response:
            statuses.append(response.status)
            page = await response.text()
    region = await client.get(f"/region/GRCh37/22:{FIRST + 500}-{FIRST + 600}")

    assert statuses == [200, 200, 200, 200, 429]
    assert "data-status" not in page
    assert region.status == 429
    assert (await ask(client, 500))[0] == 429


async def test_each_line_of_a_batch_counts(client: TestClient) -> None:
    """A line there is no room for says so, and no line says "no" instead."""
    places = (100, 200, 100, 300, 400, 500)
    lines = "\n".join(
        json.dumps({"variant": f"22-{FIRST + place}-A-G", "assemblyId": "GRCh37"})
        for place in places
    )
    async with client.post("/api/batch", data=lines) as response:
        told = [json.loads(line) for line in (await response.text()).splitlines()]

    said = ["different variants" in line.get("error", "") for line in told]
    assert said == [False, False, False, False, True, True]
    assert [line["status"] for line in told[4:]] == ["no_answer", "no_answer"]


async def test_each_allele_of_an_annotation_counts(client: TestClient) -> None:
    """A file with more than there is room for is refused as a whole."""
    head = "##fileformat=VCFv4.3\n##contig=<ID=22,length=51304566>\n"
    head += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    statuses = []
    for places in ((100, 200, 100), (100, 200, 300), (100, 400), (300, 200)):
        lines = [f"22\t{FIRST + p}\t.\tA\tG\t.\t.\t.\n" for p in sorted(places)]
        async with client.post(
            "/annotate",
            params={"assemblyId": "GRCh37"},
            data=(head + "".join(lines)).encode(),
            headers={"Accept": "text/vcf", "Content-Type": "text/vcf"},
        ) as response:
            statuses.append(response.status)
            text = await response.text()

    assert statuses == [200, 200, 429, 200]
    assert text.count("BEACON_STATUS=") == 2


async def test_a_clinician_sees_what_is_left(
    client: TestClient, keys: dict[str, dict[str, str]]
) -> None:
    """Of a budget of their own, one they share, and what ledgers told."""
    status, _, document = await ask(client, 100, keys["ann"])
    mine, colleague = await left(client, keys["ann"]), await left(client, keys["bob"])

    assert (status, words(document)["clinic"]) == (200, "seen")
    assert any("keep a ledger" in each for each in document["info"]["warnings"])
    assert mine["tier"] == "care"
    assert [(r["scope"], r["days"], r["left"]) for r in mine["limits"]] == [
        ("user", 1, 4),
        ("user", 30, 7),
        ("organisation", 1, 6),
    ]
    assert mine["ledgers"] == [
        {"datasetId": "clinic", "nats": pytest.approx(8.11, abs=0.01)}
    ]
    assert [r["left"] for r in colleague["limits"]] == [5, 8, 6]
    assert colleague["ledgers"] == mine["ledgers"]  # nothing of who was shown


async def test_hidden_and_zero_are_the_same_bytes(
    client: TestClient, keys: dict[str, dict[str, str]]
) -> None:
    """But for the allele that is repeated (C7, for the ledger)."""
    await ask(client, 100, keys["ann"])
    bodies = []
    for place in (200, 500):
        parameters = {name: str(value) for name, value in about(place).items()}
        parameters["datasets"] = "clinic"
        async with client.get(
            "/api/g_variants", params=parameters, headers=keys["ann"]
        ) as response:
            bodies.append((await response.text()).replace(str(FIRST + place - 1), "?"))

    assert bodies[0] == bodies[1]
    assert '"withheld"' in bodies[0]


async def test_nobody_is_named(
    client: TestClient,
    keys: dict[str, dict[str, str]],
    guard: Guard,
    capsys: pytest.CaptureFixture,
) -> None:
    """No individual, requester or variant stands in what is logged of an alarm."""
    await ask(client, 100, keys["ann"])
    await ask(client, 200, keys["bob"])
    await guard.close()
    logged = capsys.readouterr().out

    assert "ledger.alarm" in logged
    for word in (*PEOPLE[:2], "ward 3", str(FIRST + 200), "gbk_"):
        assert word not in logged
    metrics = await (await client.get("/metrics")).text()
    assert "beacon_ledger_alarms" not in metrics or "alarms_total 0" in metrics


async def test_the_budget_is_as_announced(
    client: TestClient, keys: dict[str, dict[str, str]]
) -> None:
    """Against its schema, by GET and by POST, and 401 for whoever shows nonsense."""
    async with client.post("/api/budget", headers=keys["ann"]) as response:
        document = await response.json()

    assert response.status == 200
    Draft202012Validator(components()["budget"]).validate(document)
    wrong = {"Authorization": "Bearer gbk_nonsense"}
    assert (await client.get("/api/budget", headers=wrong)).status == 401


async def test_without_books_there_is_no_answer_and_soon(
    aiohttp_client: AiohttpClient,
    clinic_store: VariantStore,
    store_address: StoreAddress,
    keys: dict[str, dict[str, str]],
) -> None:
    """Nothing is said that cannot be written down: 503 within 300 ms (C8, D3)."""
    gone = replace(store_address, uri="mongodb://127.0.0.1:9/", is_embedded=False)
    books = await Books.open(gone, b"k" * 32)
    async with site(clinic_store, Guard(RULES, books, clinic_store)) as app:
        client = await aiohttp_client(app)
        await clinic_store.datasets()
        for who in (keys["ann"], None):
            began = monotonic()
            status, _, document = await ask(client, 100, who)

            assert monotonic() - began < 0.3 + A_BUSY_MACHINE
            assert status == 503
            assert document["info"]["status"] == "no_answer"
            assert "response" not in document
    books.close()
