"""Every data endpoint, at every granularity, with every include, by GET and POST."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from tests.speaking import violations

TODAY = datetime.now(tz=UTC).date().isoformat()
WORDS = ("boolean", "count", "record")
INCLUDES = ("HIT", "MISS", "ALL", "NONE")
ALLELE = {
    "assemblyId": "GRCh37",
    "referenceName": "22",
    "start": [100],
    "referenceBases": "T",
    "alternateBases": "C",
}
ABSENT = ALLELE | {"start": [200], "referenceBases": "G", "alternateBases": "A"}
REGION = {"assemblyId": "GRCh37", "referenceName": "22", "start": [0], "end": [5000]}
VARIANT_PATHS = {
    "/api/g_variants": ALLELE,
    "/api/datasets/clinic/g_variants": REGION,
    "/api/datasets/nowhere/g_variants": REGION,
    "/api/g_variants/GRCh37-22-101-T-C": {},
    "/api/g_variants/nothing": {},
}
DATASET_PATHS = ("/api/datasets", "/api/datasets/clinic", "/api/datasets/nowhere")


def body(g_variant=None, **query):
    """Return a POST body."""
    parameters = {"g_variant": g_variant} if g_variant else {}
    return {
        "meta": {"apiVersion": "v2.2.0"},
        "query": {"requestParameters": parameters} | query,
    }


def flat(g_variant, **query):
    """Return the same question as a query string."""
    return {
        name: ",".join(map(str, value)) if isinstance(value, list) else value
        for name, value in (g_variant | query | {"apiVersion": "v2.2.0"}).items()
    }


async def got(client, path, **parameters):
    """Return the document a GET is answered with."""
    response = await client.get(path, params=parameters)
    assert (response.status, response.content_type) == (200, "application/json")
    return await response.json()


async def posted(client, path, sent):
    """Return the document a POST is answered with."""
    response = await client.post(path, json=sent)
    assert (response.status, response.content_type) == (200, "application/json")
    return await response.json()


@pytest.mark.parametrize("include", INCLUDES)
@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(("path", "asked"), VARIANT_PATHS.items())
async def test_variants_are_answered_alike_and_validly(
    client, path, asked, word, include
):
    """GET and POST give the same document, valid in every version."""
    query = {"requestedGranularity": word, "includeResultsetResponses": include}
    answer = await got(client, path, **flat(asked, **query))

    assert answer == await posted(client, path, body(asked, **query))
    assert violations(answer, "resultsets", "genomicVariant") == []


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("path", DATASET_PATHS)
async def test_datasets_are_answered_alike_and_validly(client, path, word):
    """GET and POST give the same document, valid in every version."""
    answer = await got(client, path, apiVersion="v2.2.0", requestedGranularity=word)

    assert answer == await posted(client, path, body(requestedGranularity=word))
    assert violations(answer, "collections", "dataset") == []


@pytest.mark.parametrize("path", ["/api/g_variants", "/api/datasets"])
@pytest.mark.parametrize("sent", [b"", b"{}", b'{"meta": null, "query": null}'])
async def test_a_post_without_a_question_is_answered(client, path, sent):
    """Some verifiers send a bare POST."""
    response = await client.post(path, data=sent)

    assert response.status == 200


async def test_an_allele_is_found_with_its_counts(client):
    """Per dataset, copies and people."""
    answer = await posted(
        client, "/api/g_variants", body(ALLELE, requestedGranularity="count")
    )
    sets = {each["id"]: each["info"] for each in answer["response"]["resultSets"]}

    assert (answer["info"]["status"], sets["clinic"]) == (
        "seen",
        {
            "status": "seen",
            "release": 1,
            "releaseDate": TODAY,
            "sampleCount": 10,
            "alleleCount": 3,
            "alleleNumber": 20,
            "homozygous": 0,
            "heterozygous": 3,
            "hemizygous": 0,
        },
    )


async def test_a_declared_allele_nobody_carries_is_not_seen(client):
    """It is a "no" that says how many copies could have shown it."""
    answer = await posted(
        client,
        "/api/datasets/clinic/g_variants",
        body(ABSENT, requestedGranularity="count", includeResultsetResponses="MISS"),
    )
    (found,) = answer["response"]["resultSets"]

    assert (answer["responseSummary"]["exists"], found["info"]["status"]) == (
        False,
        "not_seen",
    )
    assert found["info"]["alleleNumber"] > 0


async def test_an_id_finds_the_record_that_bears_it(client):
    """What a list gives out, the single path takes."""
    listed = await posted(
        client, "/api/g_variants", body(REGION, requestedGranularity="record")
    )
    record = listed["response"]["resultSets"][0]["results"][0]
    path = f"/api/g_variants/{record['variantInternalId']}"
    found = await got(client, path, requestedGranularity="record")

    assert found["response"]["resultSets"][0]["results"] == [record]


async def test_walking_all_pages_gives_every_record_once(client):
    """As many as the total says, per result set."""
    pages = [
        await posted(
            client,
            "/api/datasets/clinic/g_variants",
            body(
                REGION,
                requestedGranularity="record",
                pagination={"skip": n, "limit": 8},
            ),
        )
        for n in range(4)
    ]
    ids = [
        record["variantInternalId"]
        for page in pages
        for each in page["response"]["resultSets"]
        for record in each["results"]
    ]
    totals = {page["responseSummary"]["numTotalResults"] for page in pages}

    assert (len(ids), len(set(ids)), totals) == (26, 26, {26})


async def test_one_allele_fills_one_page(client):
    """The page behind a single allele is empty; its counts are still said."""
    asked = {"requestedGranularity": "record", "pagination": {"skip": 1, "limit": 10}}
    document = await posted(client, "/api/g_variants", body(ALLELE, **asked))
    (only, *_) = document["response"]["resultSets"]

    assert document["responseSummary"]["numTotalResults"] >= 1
    assert only["results"] == []
    assert only["info"]["status"] == "seen"
    assert only["info"]["alleleCount"] > 0


async def test_a_limit_holds_for_each_result_set(client):
    """A page of one shows every dataset."""
    answer = await posted(
        client,
        "/api/g_variants",
        body(ALLELE, requestedGranularity="record", pagination={"limit": 1}),
    )

    assert [len(each["results"]) for each in answer["response"]["resultSets"]] == [1, 1]


async def test_datasets_are_listed_without_being_asked_for_records(client):
    """A browser that follows a link sees them."""
    answer = await got(client, "/api/datasets")

    assert [each["id"] for each in answer["response"]["collections"]] == [
        "clinic",
        "twins",
    ]


async def test_an_assembly_nothing_is_loaded_for_is_not_asked(client):
    """Nothing was looked at, which is no "no"."""
    answer = await got(
        client,
        "/api/g_variants",
        **flat(ALLELE | {"assemblyId": "GRCh38"}, includeResultsetResponses="ALL"),
    )

    assert (
        answer["responseSummary"],
        answer["info"]["status"],
        answer["response"]["resultSets"],
    ) == ({"exists": False}, "not_asked", [])


@pytest.mark.parametrize("path", ["/api/g_variants", "/api/datasets"])
async def test_an_unknown_filter_matches_nothing(client, path):
    """And the answer says that it was not known."""
    answer = await got(client, path, filters="HP:0000118")

    assert (answer["responseSummary"]["exists"], answer["info"]["warnings"][0]) == (
        False,
        'The filter "HP:0000118" is not known here and matches nothing.',
    )


# --- test mode -----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/g_variants", "/api/datasets"])
async def test_test_mode_answers_with_an_invented_record(client, empty_client, path):
    """The same one, whatever is loaded."""
    asked = body(testMode=True, requestedGranularity="record", pagination={"limit": 1})
    loaded = await posted(client, path, asked)
    empty = await posted(empty_client, path, asked)

    assert (loaded["meta"]["testMode"], loaded["responseSummary"]["exists"]) == (
        True,
        True,
    )
    assert loaded["responseSummary"] == empty["responseSummary"]
    assert "clinic" not in str(loaded)


async def test_the_invented_record_can_be_asked_for_by_its_id(client):
    """A verifier follows the id it was given."""
    asked = body(testMode=True, requestedGranularity="record")
    listed = await posted(client, "/api/g_variants", asked)
    identity = listed["response"]["resultSets"][0]["results"][0]["variantInternalId"]
    found = await posted(client, f"/api/g_variants/{identity}", asked)

    assert found["responseSummary"] == {"exists": True, "numTotalResults": 1}
    assert violations(found, "resultsets", "genomicVariant") == []


# --- many at once ---------------------------------------------------------------------


async def test_a_thousand_interleaved_questions_never_mix(client):
    """Each answer repeats its own question and finds its own variant."""
    starts = [1000 + number % 25 for number in range(1000)]

    async def ask(start):
        asked = {"start": [start], "referenceBases": "A", "alternateBases": "G"}
        answer = await posted(
            client,
            "/api/datasets/clinic/g_variants",
            body(ALLELE | asked, requestedGranularity="record"),
        )
        echoed = answer["meta"]["receivedRequestSummary"]["requestParameters"]
        (found,) = answer["response"]["resultSets"][0]["results"]
        place = found["variation"]["location"]["interval"]["start"]["value"]
        return echoed["g_variant"]["start"], place

    answers = await asyncio.gather(*(ask(start) for start in starts))

    assert answers == [([start], start) for start in starts]
