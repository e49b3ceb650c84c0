"""The framework endpoints, the health checks and the page, with and without data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from beacon.api.routes import endpoints_table
from beacon.model.entry_types import ENTRY_TYPES
from beacon.model.ontology import Concept, text_of
from beacon.store.variants import VariantStore
from tests.api.populated import INDIVIDUALS
from tests.api.site import application, local_beacon
from tests.speaking import violations
from tests.store.joint_samples import file

FRAMEWORK = {
    "/api": "info",
    "/api/": "info",
    "/api/info": "info",
    "/api/service-info": "service-info",
    "/api/configuration": "configuration",
    "/api/entry_types": "entryTypes",
    "/api/map": "map",
    "/api/filtering_terms": "filteringTerms",
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("path", "kind"), FRAMEWORK.items())
async def test_every_document_is_served_and_valid(
    client, empty_client, method, path, kind
):
    """Loaded or empty, by GET and by POST."""
    for each in (client, empty_client):
        response = await each.request(method, path)

        assert (response.status, response.content_type) == (200, "application/json")
        assert violations(await response.json(), kind) == []


async def test_info_is_byte_identical_between_two_polls(client):
    """Networks compare it."""
    first = await (await client.get("/api/info")).read()
    second = await (await client.get("/api/info")).read()

    assert first == second


@pytest.mark.parametrize(
    "path", ["/api//info", "/api/info/", "/api//g_variants//", "/api/datasets//clinic"]
)
async def test_doubled_and_trailing_slashes_lead_to_the_same_place(client, path):
    """Without a redirect, which would lose the body of a POST."""
    response = await client.post(path, allow_redirects=False)

    assert response.status == 200


async def test_the_map_announces_what_answers_and_nothing_else(client):
    """Every list, record and related path, with an id of its own list put in."""
    document = await (await client.get("/api/map")).json()
    sets = document["response"]["endpointSets"]
    ids = dict.fromkeys(ENTRY_TYPES, "unknown") | {
        "genomicVariant": "GRCh37-22-101-T-C",
        "dataset": "clinic",
    }
    addresses = [
        address.replace("{id}", ids[name])
        for name, each in sets.items()
        for address in (
            each["rootUrl"],
            each["singleEntryUrl"],
            *(related["url"] for related in each["endpoints"].values()),
        )
    ]
    answers = [await client.session.get(address) for address in addresses]

    assert list(sets) == list(ENTRY_TYPES)
    assert [answer.status for answer in answers] == [200] * 44
    assert {r["url"] for each in sets.values() for r in each["endpoints"].values()} == {
        f"{sets[row.id]['singleEntryUrl']}/{ENTRY_TYPES[other].path}"
        for row in ENTRY_TYPES.values()
        for other in row.related
    }


async def test_info_changes_when_documents_are_loaded(
    aiohttp_client, catalogue, store_address
):
    """Networks read the other documents again only then; of an ontology, too."""
    told = set()
    for load in (
        lambda: None,
        lambda: file(catalogue, "d", "individual", INDIVIDUALS[:1]),
        lambda: file(catalogue, "d", "individual", INDIVIDUALS[1:2]),
        lambda: catalogue.keep_ontology("HP", text_of([Concept(id="HP:1")])),
        lambda: catalogue.keep_ontology("HP", text_of([Concept(id="HP:2")])),
    ):
        load()
        store = await VariantStore.open(store_address)
        client = await aiohttp_client(application(local_beacon(store)))
        document = await (await client.get("/api/info")).json()
        told.add(str(document["response"]["info"]))
        await store.close()

    assert len(told) == 5


@pytest.mark.parametrize("limit", ["0", "5", "100000"])
async def test_filtering_terms_take_a_page(client, limit):
    """Any page size, 0 for all."""
    response = await client.get("/api/filtering_terms", params={"limit": limit})

    assert response.status == 200


async def test_liveness_needs_no_store(aiohttp_client, store_server):
    """A process that lives says so; one that cannot answer is not ready."""
    nowhere = replace(store_server, uri="mongodb://127.0.0.1:9")
    store = await VariantStore.open(nowhere, deadline=0.5)
    client = await aiohttp_client(application(local_beacon(store)))
    alive = await client.get("/healthz")
    ready = await client.get("/readyz")
    await store.close()

    assert (alive.status, ready.status) == (200, 503)


async def test_a_beacon_with_a_store_is_ready(client):
    """Questions can be answered."""
    response = await client.get("/readyz")

    assert (response.status, await response.json()) == (200, {"status": "ready"})


async def test_a_get_with_a_content_type_and_no_body_is_answered(client):
    """Networks send both headers with every GET."""
    response = await client.get(
        "/api/info", headers={"Content-Type": "application/json", "Content-Length": "0"}
    )

    assert response.status == 200


async def test_a_post_that_offers_to_upgrade_keeps_its_body(client):
    """Java's client offers HTTP/2 with every request over plain HTTP."""
    response = await client.post(
        "/api/g_variants",
        json={"query": {"requestedGranularity": "count"}},
        headers={
            "Connection": "Upgrade, HTTP2-Settings",
            "Upgrade": "h2c",
            "HTTP2-Settings": "AAEAAEAAAAIAAAAB",
        },
    )
    document = await response.json()

    assert document["meta"]["returnedGranularity"] == "count"


def test_the_documentation_lists_every_path():
    """Its table is the register's."""
    page = (Path(__file__).parents[2] / "docs" / "queries.md").read_text()

    assert endpoints_table() in page
