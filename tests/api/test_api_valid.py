"""Every endpoint, at every granularity and with every include, speaks valid Beacon.

Each answer is held against our schema, and the official ones of v2.1.1 and v2.2.0
where they are at hand; each record in it against its entry type's.  The paths come
from the register of entry types, and must be those of the map.
"""

from __future__ import annotations

import json
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import pytest

import schemas
from beacon.model.entry_types import COLLECTIONS, ENTRY_TYPES, GENOMIC_VARIANT
from tests.schemas.judges import judge
from tests.speaking import OFFICIAL

if TYPE_CHECKING:
    from aiohttp.test_utils import TestClient

GRANULARITIES = ("boolean", "count", "record")
INCLUDES = ("HIT", "MISS", "ALL", "NONE")
VERSIONS = ("2.1.1", "2.2.0")
NOBODY = "nobody-has-this-id"
INVENTED = {"testMode": True}
LOADED: dict[str, object] = {}
SITES = pytest.mark.parametrize("site", [INVENTED, LOADED], ids=["invented", "loaded"])
FRAMEWORK = {
    "": "info",
    "/info": "info",
    "/service-info": "service-info",
    "/configuration": "configuration",
    "/entry_types": "entryTypes",
    "/map": "map",
    "/filtering_terms": "filteringTerms",
    **{
        f"/{row.path}/filtering_terms": "filteringTerms" for row in ENTRY_TYPES.values()
    },
}
FAILURES = {
    "/nothing/here": 404,
    "/g_variants?start=here": 400,
    "/individuals?requestedGranularity=much": 400,
    "/runs?limit=-1": 400,
    "/cohorts?skip=x": 400,
}


@cache
def _judges(kind: str) -> list[tuple[str, object]]:
    ours = [("ours", schemas.validator(kind))]
    versions = VERSIONS if OFFICIAL.exists() else ()
    return ours + [(each, judge(each).validator(kind)) for each in versions]


def faults(document: object, kind: str) -> list[str]:
    """Return how a document breaks its schemas."""
    return [
        f"{name}: {kind} {error.json_path} {error.message[:200]}"
        for name, one in _judges(kind)
        for error in one.iter_errors(document)
    ]


@cache
def _record_faults(text: str, entry_type: str) -> list[str]:
    return faults(json.loads(text), entry_type)


def answer_faults(document: dict, about: str) -> list[str]:
    """Return how an answer, or a record in it, breaks its schemas."""
    granularity = document["meta"]["returnedGranularity"]
    shape = "collections" if about in COLLECTIONS else "resultsets"
    kinds = {shape} if granularity == "record" else {granularity}
    kinds |= {shape} if "response" in document else set()
    found = [fault for kind in sorted(kinds) for fault in faults(document, kind)]
    for record in records(document):
        found += _record_faults(json.dumps(record), about)
    return found


def records(document: dict) -> list[dict]:
    """Return the records of an answer."""
    response = document.get("response", {})
    sets = [each.get("results", []) for each in response.get("resultSets", [])]
    return [each for part in sets for each in part] + response.get("collections", [])


def questions(site: dict[str, object]) -> list[dict[str, object]]:
    """Return the attributes of a question at every granularity and include."""
    return [
        {"requestedGranularity": level, "includeResultsetResponses": include, **site}
        for level, include in product(GRANULARITIES, INCLUDES)
    ]


async def asked(client: TestClient, path: str, question: dict[str, object]) -> dict:
    """Return the answer to a GET."""
    words = {
        key: str(value).lower() for key, value in question.items() if value is True
    }
    async with client.get(f"/api{path}", params={**question, **words}) as response:
        assert (response.status, path, question) == (200, path, question)
        return await response.json()


async def posted(client: TestClient, path: str, question: dict[str, object]) -> dict:
    """Return the answer to the same as a POST."""
    body = {"meta": {"apiVersion": "v2.2.0"}, "query": question}
    assert faults(body, "request") == []
    async with client.post(f"/api{path}", json=body) as response:
        assert (response.status, path, question) == (200, path, question)
        return await response.json()


async def one_of_each(client: TestClient, site: dict[str, object]) -> dict[str, str]:
    """Return, by entry type, the id of a record that is there, or of none."""
    ids = {}
    for row in ENTRY_TYPES.values():
        said = await asked(
            client, f"/{row.path}", {"requestedGranularity": "record", **site}
        )
        name = "variantInternalId" if row is GENOMIC_VARIANT else "id"
        ids[row.id] = next((each[name] for each in records(said)), NOBODY)
    return ids


def paths_about(about: str, ids: dict[str, str]) -> list[str]:
    """Return every path that answers with records of an entry type."""
    row = ENTRY_TYPES[about]
    below = [
        f"/{parent.path}/{ids[parent.id]}/{row.path}"
        for parent in ENTRY_TYPES.values()
        if about in parent.related
    ]
    return [
        f"/{row.path}",
        f"/{row.path}/{ids[about]}",
        f"/{row.path}/{NOBODY}",
        *below,
    ]


@SITES
@pytest.mark.parametrize("about", ENTRY_TYPES)
async def test_every_answer_is_valid(populated, about, site):
    """By GET and by POST, which say the same."""
    ids = await one_of_each(populated, site)
    found, unlike = [], []
    for path, question in product(paths_about(about, ids), questions(site)):
        said = await asked(populated, path, question)
        again = await posted(populated, path, question)
        found += [(path, question, fault) for fault in answer_faults(said, about)]
        unlike += [(path, question)] if said != again else []

    assert found[:5] == []
    assert unlike == []


@SITES
async def test_every_entry_type_has_a_record_to_show(populated, site):
    """So that no test above passes because nothing was there to judge."""
    ids = await one_of_each(populated, site)

    assert [] == [about for about, found in ids.items() if found == NOBODY]


@pytest.mark.parametrize(("path", "kind"), FRAMEWORK.items())
async def test_every_framework_document_is_valid(populated, path, kind):
    """Asked by GET, and by POST as some clients do."""
    body = {"meta": {"apiVersion": "2.0"}}
    async with populated.get(f"/api{path}") as response:
        said = await response.json()
    async with populated.post(f"/api{path}", json=body) as response:
        again = await response.json()

    assert faults(said, kind) == []
    assert said == again


@pytest.mark.parametrize(
    "question",
    [
        {"assemblyId": "GRCh37", "referenceName": "22", "start": "16050407",
         "referenceBases": "T", "alternateBases": "C"},
        {"assemblyId": "GRCh37", "referenceName": "chr22", "start": "16050000",
         "end": "16060000"},
        {"assemblyId": "GRCh37", "referenceName": "22", "start": "100,200",
         "end": "300,400", "variantType": "DEL"},
        {"assemblyId": "GRCh37", "referenceName": "22", "start": "100",
         "end": "1000000", "variantMinLength": "1", "variantMaxLength": "50"},
    ],
    ids=["allele", "range", "bracket", "lengths"],
)  # fmt: skip
async def test_the_variants_asked_for_are_repeated_validly(populated, question):
    """Whatever form they were sent in: numbers as numbers, places as lists."""
    said = await asked(populated, "/g_variants", question)
    summary = said["meta"]["receivedRequestSummary"]
    repeated = summary["requestParameters"]["g_variant"]

    assert answer_faults(said, GENOMIC_VARIANT.id) == []
    assert faults(repeated, "variantParameters") == []
    assert sorted(question) == sorted(repeated)


@SITES
async def test_the_terms_below_a_record_are_valid(populated, site):
    """Whether the record is there or not."""
    ids = await one_of_each(populated, site)
    paths = [
        f"/{row.path}/{identity}/filtering_terms"
        for row in ENTRY_TYPES.values()
        if row.has_terms
        for identity in (ids[row.id], NOBODY)
    ]
    said = [await asked(populated, path, site) for path in paths]

    assert [] == [fault for each in said for fault in faults(each, "filteringTerms")]


@pytest.mark.parametrize(("path", "status"), FAILURES.items())
async def test_every_failure_is_valid(populated, path, status):
    """It says why, and all that a data answer says of itself."""
    async with populated.get(f"/api{path}") as response:
        said = await response.json()

    assert status == response.status == said["error"]["errorCode"]
    assert faults(said, "error") == []


async def test_the_map_has_the_paths_of_the_register(populated):
    """What is announced is what is tested here, and nothing is left out."""
    async with populated.get("/api/map") as response:
        sets = (await response.json())["response"]["endpointSets"]
    urls = {each["rootUrl"] for each in sets.values()}
    urls |= {each["singleEntryUrl"] for each in sets.values()}
    urls |= {one["url"] for each in sets.values() for one in each["endpoints"].values()}
    paths = {url.partition("/api")[2] for url in urls}
    tested = {
        path
        for about in ENTRY_TYPES
        for path in paths_about(about, dict.fromkeys(ENTRY_TYPES, "{id}"))
        if NOBODY not in path
    }

    assert {path for path in paths if "filtering_terms" not in path} == tested
