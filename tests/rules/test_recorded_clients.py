"""What clients that are deployed really send, and what they read of the answer.

Where their bytes are known they are sent as they are; what each test asserts is
what that client's code looks at.
"""

from __future__ import annotations

import json

import pytest

from beacon.model.entry_types import ENTRY_TYPES
from schemas import validator
from tests.rules.asking import FRAMEWORK, ONE_OF, ROOTS, found, kind_of, sets
from tests.rules.society import CLINIC, MEMBERS, PEOPLE, REGISTER
from tests.speaking import violations

# --- the network backend of ELIXIR: Java, HTTP/2 offered on every request ------

OFFER = (
    "Connection: Upgrade, HTTP2-Settings\r\n"
    "Content-Length: {length}\r\n"
    "Host: {host}\r\n"
    "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
    "Upgrade: h2c\r\n"
    "Accept: application/json\r\n"
    "Content-Type: application/json\r\n"
    "User-Agent: BN/2.0.0\r\n"
)
FORWARDED = "Authorization: Bearer of-the-user-who-asks-the-network\r\n"
POLLED = {
    "info": "info",
    "map": "map",
    "entry_types": "entryTypes",
    "configuration": "configuration",
    "filtering_terms?limit=0": "filteringTerms",
}


def backend(site, method: str, path: str, body: bytes = b"", shown: str = ""):
    """Return the answer to what the backend sends, byte for byte.

    It shows the token of the user who asks the network, if there is one.
    """
    host = site.server.address.removeprefix("http://")
    head = f"{method} /api/{path} HTTP/1.1\r\n"
    offer = OFFER.format(length=len(body), host=host) + shown
    return site.server.send(f"{head}{offer}\r\n".encode() + body)


@pytest.mark.parametrize("path", ["info", "g_variants"])
def test_a_token_the_backend_forwards_must_be_one_of_ours(site, path):
    """What cannot be verified is refused, never answered as if it were not there."""
    answer = backend(site, "GET", path, shown=FORWARDED)

    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert violations(answer.document, "error") == []


@pytest.mark.parametrize(("path", "kind"), POLLED.items())
def test_the_backend_polls_documents_that_validate(site, path, kind):
    """One that does not is dropped, and with ``/info`` the whole beacon."""
    answer = backend(site, "GET", path)

    assert answer.status == 200
    assert violations(answer.document, kind) == []


def test_the_backend_finds_every_address_below_the_one_it_knows(site):
    """It resolves them against the host, and cannot do with a missing one."""
    mapped = backend(site, "GET", "map").document["response"]["endpointSets"]
    addresses = [
        address
        for each in mapped.values()
        for address in (
            each["rootUrl"],
            each["singleEntryUrl"],
            *(other["url"] for other in each["endpoints"].values()),
        )
    ]

    base = f"{site.server.address}/api/"
    assert [a for a in addresses if not a.startswith(base)] == []


@pytest.mark.parametrize("path", [*ROOTS.values(), "datasets/clinic/g_variants"])
def test_the_backend_reads_an_answer_to_a_get(site, path):
    """With a content type and an offer to upgrade, as it sends them."""
    answer = backend(site, "GET", path)
    lists = answer.document["response"].get("resultSets", [])

    assert answer.status == 200
    assert isinstance(answer.document["responseSummary"]["exists"], bool)
    assert [each for each in lists if not isinstance(each["exists"], bool)] == []


def test_the_backend_copies_the_body_of_a_post(site):
    """It arrives whole, and the answer has what the merging needs."""
    body = json.dumps(portal_question([100], "T", "C")).encode()
    answer = backend(site, "POST", "g_variants", body)
    each = sets(answer.document)

    assert each.keys() == {CLINIC, REGISTER}
    assert answer.document["responseSummary"]["numTotalResults"] == 2
    assert {s["resultsCount"] for s in each.values()} == {1}


def test_the_backend_reads_an_error(site):
    """A status from 300 on, and a code that is a number."""
    answer = backend(site, "POST", "g_variants", b'{"query": ')

    assert answer.status == 400
    assert answer.document["error"]["errorCode"] == 400
    assert answer.document["error"]["errorMessage"]


# --- the validator that lets a beacon into the network --------------------------


@pytest.mark.parametrize("name", ROOTS)
def test_the_validator_asks_every_root_in_test_mode(site, name):
    """Its dummy query is answered with a record, valid, and found again by its id."""
    dummy = {
        "meta": {"apiVersion": "2.0"},
        "query": {
            "includeResultsetResponses": "HIT",
            "pagination": {"skip": 0, "limit": 1},
            "requestedGranularity": "record",
            "testMode": True,
        },
    }
    answer = site.server.post(f"/api/{ROOTS[name]}", dummy)
    (record,) = found(answer.document)
    identity = record.get("variantInternalId", record.get("id"))
    again = site.server.post(f"/api/{ROOTS[name]}/{identity}", dummy)

    assert violations(answer.document, kind_of(name), name) == []
    assert (again.status, found(again.document)) == (200, [record])


# --- the portal of the Genomic Data Infrastructure ------------------------------


def portal_question(start: object, reference: str, alternate: str, **more: object):
    """Return the body its discovery service sends for one allele."""
    return {
        "meta": {"apiVersion": "2.0"},
        "query": {
            "requestParameters": {
                "assemblyId": "GRCh37",
                "referenceName": "22",
                "start": start,
                "referenceBases": reference,
                "alternateBases": alternate,
            }
            | more,
            "filters": [],
            "includeResultsetResponses": "HIT",
            "pagination": {"skip": 0, "limit": 1},
            "testMode": False,
            "requestedGranularity": "record",
        },
    }


SEVEN = (
    "population",
    "alleleFrequency",
    "alleleCount",
    "alleleNumber",
    "alleleCountHomozygous",
    "alleleCountHeterozygous",
    "alleleCountHemizygous",
)


def mapped(result_set: dict) -> dict[str, tuple]:
    """Return what the portal makes of a result set: a row for each population."""
    return {
        each["population"]: tuple(each[name] for name in SEVEN[1:])
        for record in result_set["results"]
        for population in record["frequencyInPopulations"]
        for each in population["frequencies"]
    }


@pytest.mark.parametrize("start", [[100], 100, "100", ["100"]])
def test_the_portal_reads_its_seven_numbers(site, start):
    """Present, and those of the genotypes: AF, AC, AN, and copies by zygosity."""
    answer = site.server.post("/api/g_variants", portal_question(start, "T", "C"))
    rows = mapped(sets(answer.document)[CLINIC])

    assert rows == {
        "Total": (4 / 14, 4, 14, 2, 2, 0),
        "F": (2 / 8, 2, 8, 0, 2, 0),
        "M": (2 / 6, 2, 6, 2, 0, 0),
        "SE": (4 / 8, 4, 8, 2, 2, 0),
        "SE_F": (2 / 4, 2, 4, 0, 2, 0),
        "SE_M": (2 / 4, 2, 4, 2, 0, 0),
        "NO": (0, 0, 6, 0, 0, 0),
        "NO_F": (0, 0, 4, 0, 0, 0),
        "NO_M": (0, 0, 2, 0, 0, 0),
    }


def test_the_portal_reads_hemizygous_copies(site):
    """A man's one X counts one copy, a woman's two."""
    question = portal_question([30_000_000], "A", "G", referenceName="X")
    rows = mapped(sets(site.server.post("/api/g_variants", question).document)[CLINIC])

    assert rows["Total"] == (2 / 12, 2, 12, 0, 1, 1)
    assert rows["F"] == (1 / 8, 1, 8, 0, 1, 0)
    assert rows["SE_M"] == (1 / 2, 1, 2, 0, 0, 1)


def test_the_portal_reads_the_place_and_the_bases(site):
    """Of the first record of each result set, whichever dataset it is of."""
    answer = site.server.post("/api/g_variants", portal_question([100], "T", "C"))
    told = [
        (
            record["variation"]["location"]["interval"]["start"]["value"],
            record["variation"]["referenceBases"],
            record["variation"]["alternateBases"],
        )
        for record in found(answer.document)
    ]

    assert told == [(100, "T", "C")] * 2


def test_the_portal_asks_for_ranges_of_a_thousand(site):
    """All records of the place come on one page."""
    question = portal_question([5000], "", "")
    parameters = question["query"]["requestParameters"]
    del parameters["referenceBases"], parameters["alternateBases"]
    parameters["end"] = [6000]
    question["query"]["pagination"]["limit"] = 1000
    answer = site.server.post("/api/g_variants", question)

    assert len(found(answer.document)) == 25


@pytest.mark.parametrize("parameters", [[], {}, {"g_variant": {}}])
def test_the_portal_counts_people_by_dataset(site, parameters):
    """Result sets of a dataset, with an id and more than nobody."""
    question = {
        "meta": {"apiVersion": "v2.0.0"},
        "query": {
            "requestParameters": parameters,
            "filters": [{"id": "NCIT:C16576", "scope": "individual"}],
            "includeResultsetResponses": "HIT",
            "pagination": {"skip": 0, "limit": 1},
            "testMode": False,
            "requestedGranularity": "record",
        },
    }
    answer = site.server.post("/api/individuals", question)
    counts = {
        each["id"]: each["resultsCount"]
        for each in answer.document["response"]["resultSets"]
        if each["setType"] == "dataset"
        and each["id"].strip()
        and each["resultsCount"] > 0
    }

    assert counts == {CLINIC: len(MEMBERS), REGISTER: 3}


# --- the facade of the EGA, and its template page --------------------------------


@pytest.mark.parametrize("path", [*ROOTS.values(), "g_variants?start=x"])
def test_the_facade_reads_meta_of_answers_and_of_errors(site, path):
    """It asks for ``ALL`` and looks at no status."""
    mark = "&" if "?" in path else "?"
    answer = site.server.ask("GET", f"/api/{path}{mark}includeResultsetResponses=ALL")
    summary = answer.document.get("responseSummary", {})

    assert answer.document["meta"]["beaconId"] == "se.example.beacon"
    assert summary.get("numTotalResults", 0) is not None


def test_the_facade_reads_the_addresses_of_info(site):
    """Without one of them its list of members fails."""
    told = site.get("info")["response"]

    assert told["alternativeUrl"]
    assert told["organization"]["logoUrl"]


@pytest.mark.parametrize("path", ["info", "map", "configuration", "entry_types"])
def test_the_template_page_reads_what_there_is(site, path):
    """As it does at its start; it sends an origin."""
    headers = {"Origin": "https://beacon-ui.example", "Accept": "application/json"}
    answer = site.server.ask("GET", f"/api/{path}", b"", headers)

    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert violations(answer.document, FRAMEWORK[path]) == []


def test_the_template_page_lists_all_terms(site):
    """With a label, a type and scopes to group them by."""
    terms = site.get("filtering_terms", limit=0)["response"]["filteringTerms"]

    assert {"NCIT:C16576", "HP:0001250", "MONDO:0005148"} <= {t["id"] for t in terms}
    assert [t for t in terms if not t["scopes"]] == []


TEMPLATE = {
    "meta": {"apiVersion": "2.0"},
    "query": {
        "filters": [{"id": "NCIT:C16576", "scope": "individual"}],
        "requestParameters": {},
        "includeResultsetResponses": "HIT",
        "pagination": {"skip": 0, "limit": 10},
        "testMode": False,
        "requestedGranularity": "record",
    },
}


def test_the_template_page_asks_with_filters(site):
    """Its scope is the singular of the type."""
    answer = site.server.post("/api/individuals", TEMPLATE)
    clinic = sets(answer.document)[CLINIC]

    assert {each["id"] for each in clinic["results"]} == set(MEMBERS)
    assert answer.document["responseSummary"]["numTotalResults"] == 6


@pytest.mark.parametrize(
    ("field", "operator", "value", "people"),
    [
        ("LOINC:35925-4", ">", "25", {"I1"}),
        ("ethnicity", "=", "White", set(PEOPLE) - {"I1"}),
    ],
)
def test_the_template_page_asks_with_values(site, field, operator, value, people):
    """Field, operator and value, all as texts."""
    asked = {"id": field, "operator": operator, "value": value, "scope": "individual"}
    query = TEMPLATE["query"] | {"filters": [asked]}
    answer = site.server.post("/api/individuals", TEMPLATE | {"query": query})

    assert {each["id"] for each in sets(answer.document)[CLINIC]["results"]} == people


def test_the_template_page_asks_for_an_allele_and_people_at_once(site):
    """Parameters of a variant beside filters of individuals."""
    parameters = portal_question("100", "T", "C")["query"]["requestParameters"]
    query = TEMPLATE["query"] | {"requestParameters": parameters}
    answer = site.server.post("/api/g_variants", TEMPLATE | {"query": query})
    rows = mapped(sets(answer.document)[CLINIC])

    assert rows["Total"] == (2 / 8, 2, 8, 0, 2, 0)


# --- the browser of allele frequencies --------------------------------------------


def test_the_frequency_browser_shows_the_allele_it_asked_for(site):
    """It shows rows whose start is the number it sent."""
    body = {
        "meta": {"apiVersion": "2.0"},
        "query": {
            "requestParameters": {
                "alternateBases": "C",
                "referenceBases": "T",
                "start": [100],
                "end": [101],
                "referenceName": "22",
                "assemblyId": "GRCh37",
            },
            "filters": [],
            "includeResultsetResponses": "HIT",
            "pagination": {"skip": 0, "limit": 10},
            "testMode": False,
            "requestedGranularity": "record",
        },
    }
    answer = site.server.post("/api/g_variants", body)
    shown = [
        record
        for record in found(answer.document)
        if record["variation"]["location"]["interval"]["start"]["value"] == 100
    ]

    assert len(shown) == 2
    assert {"Total"} <= mapped(sets(answer.document)[REGISTER]).keys()


# --- two verifiers, and a client in Python ------------------------------------------


@pytest.mark.parametrize("is_test", [True, False])
@pytest.mark.parametrize("level", ["boolean", "count", "record"])
@pytest.mark.parametrize("name", ROOTS)
def test_the_second_verifier_finds_what_it_dispatches_on(site, name, level, is_test):
    """Granularity and include in ``meta``, and an answer that validates."""
    include = "ALL" if level == "record" else "NONE"
    body = {
        "meta": {"apiVersion": "2.2"},
        "query": {
            "includeResultsetResponses": include,
            "pagination": {"skip": 0, "limit": 10},
            "testMode": is_test,
            "requestedGranularity": level,
        },
    }
    document = site.server.post(f"/api/{ROOTS[name]}", body).document
    meta = document["meta"]
    kind = kind_of(name) if level == "record" else level

    assert meta["returnedGranularity"] == level
    assert meta["receivedRequestSummary"]["includeResultsetResponses"] == include
    assert validator(kind).is_valid(document)
    assert violations(document, kind_of(name)) == []


def test_the_first_verifier_walks_the_map_of_the_model(site):
    """All pairs, whether a beacon announces them or not."""
    pairs = [
        f"{ROOTS[row.id]}/{ONE_OF[row.id]}/{ROOTS[other]}"
        for row in ENTRY_TYPES.values()
        for other in row.related
    ]

    assert len(pairs) == 30
    assert {site.server.get(f"/api/{path}").status for path in pairs} == {200}


def test_a_body_without_meta_is_answered(site):
    """As a client in Python sends it."""
    answer = site.server.post(
        "/api/individuals", {"query": {"requestedGranularity": "boolean"}}
    )

    assert answer.status == 200
