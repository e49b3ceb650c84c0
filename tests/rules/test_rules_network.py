"""R111 to R114 and M1 to M27: what networks of beacons need of a member."""

from __future__ import annotations

import re
import time
from datetime import datetime
from pathlib import Path

import pytest

from beacon.model.dataset import Dataset
from beacon.wire.info import BeaconIdentity, Speaker, configuration, endpoint_map, info
from tests.api.site import fill
from tests.rules.asking import (
    DATA,
    FRAMEWORK,
    ONE_OF,
    PLACE,
    ROOTS,
    SEEN,
    Asker,
    found,
    nulls,
    places,
    sets,
    warnings,
    whole,
)
from tests.rules.society import CLINIC, OTHER, REGISTER
from tests.served import served
from tests.speaking import violations

METADATA = ("info", "map", "entry_types", "configuration", "filtering_terms")
EVERYWHERE = [*(p for p in FRAMEWORK if p), *ROOTS.values(), *("nowhere", "info/x")]
LEVELS = ("boolean", "count", "record")
TAG = re.compile(r"(?:[A-Z]{2})(?:_[MF])?|[MF]")
"""A population as the portals read it: a country, a sex, or both."""


@pytest.mark.parametrize("path", METADATA)
def test_r111_informational_documents_are_valid_to_the_letter(site, path):
    """A network drops a beacon whose document is not."""
    assert violations(site.get(path), FRAMEWORK[path]) == []


def test_r112_a_sequence_question_is_answered_at_once(site):
    """A network drops an answer after five seconds; this takes less than one."""
    begun = time.monotonic()
    site.server.post("/api/g_variants", {"query": whole() | {"n": begun}})

    assert time.monotonic() - begun < 1


@pytest.mark.parametrize("path", ["", *EVERYWHERE])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_r113_browsers_may_ask_from_anywhere(site, path, method):
    """A preflight is answered, and every answer, also an error, may be read."""
    asked = {"Origin": "https://ui.example", "Access-Control-Request-Method": method}
    preflight = site.server.ask("OPTIONS", f"/api/{path}".rstrip("/"), b"", asked)
    answer = site.server.get(f"/api/{path}".rstrip("/"))

    assert preflight.status in (200, 204)
    assert method in preflight.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["", *EVERYWHERE])
def test_r114_every_answer_is_json(site, path):
    """Errors too."""
    answers = [
        site.server.get(f"/api/{path}".rstrip("/")),
        site.server.ask("DELETE", f"/api/{path}".rstrip("/")),
        site.server.ask("POST", f"/api/{path}".rstrip("/"), b"{"),
    ]
    kinds = {a.headers["content-type"].partition(";")[0] for a in answers}

    assert kinds == {"application/json"}


# --- what a member says about itself ------------------------------------------


@pytest.mark.parametrize("path", METADATA)
def test_m01_metadata_is_open_fast_and_valid(site, path):
    """200, JSON, without a token or a redirect, in less than two seconds."""
    begun = time.monotonic()
    answer = site.server.ask("GET", f"/api/{path}", headers={"User-Agent": "BN/2.0.0"})

    assert (answer.status, time.monotonic() - begun < 2) == (200, True)
    assert answer.headers["content-type"] == "application/json"
    assert violations(answer.document, FRAMEWORK[path]) == []


def test_m02_the_beacon_has_one_id_with_its_country(site):
    """In every answer, errors too; one of its parts is a country."""
    answers = [
        site.server.get(f"/api/{path}") for path in EVERYWHERE if path != "service-info"
    ]
    (identity,) = {a.document["meta"]["beaconId"] for a in answers}

    assert [part for part in identity.split(".") if len(part) == 2] == ["se"]


def test_m03_info_has_everything_clients_show(site):
    """Organisation, addresses and dates; no markup in the description.

    That addresses are ``https`` is up to whoever sets them: a public address is
    used as it is, and here, without one, the address of the request.
    """
    told = site.get("info")["response"]
    organisation = told["organization"]
    addresses = [
        *(told[name] for name in ("alternativeUrl", "welcomeUrl")),
        *(organisation[name] for name in ("logoUrl", "welcomeUrl", "contactUrl")),
    ]

    assert {"id", "name", "apiVersion", "environment", "description"} <= told.keys()
    assert [a for a in addresses if "://" not in a] == []
    assert "<" not in told["description"]
    assert datetime.fromisoformat(told["createDateTime"]) <= (
        datetime.fromisoformat(told["updateDateTime"])
    )


PUBLIC = BeaconIdentity(
    id="se.example.beacon",
    name="Example",
    environment="prod",
    organisation_id="se.example",
    organisation_name="Example",
    version="1",
    public_url="https://beacon.example.se/",
)


def test_m04_the_map_lies_below_the_public_address(site):
    """Which comes from the settings, not from the request; schemas are named."""
    speaker = Speaker(identity=PUBLIC, site=PUBLIC.site("http", "elsewhere.example"))
    mapped = endpoint_map(speaker)["response"]
    addresses = [
        address
        for each in mapped["endpointSets"].values()
        for address in (
            each["rootUrl"],
            each["singleEntryUrl"],
            *(e["url"] for e in each["endpoints"].values()),
        )
    ]

    assert [
        a for a in addresses if not a.startswith("https://beacon.example.se/api/")
    ] == []
    assert mapped["$schema"]
    assert configuration(speaker)["response"]["$schema"]
    assert site.get("map")["response"]["endpointSets"].keys() == ROOTS.keys()


def test_m05_every_address_of_the_map_answers_with_an_id_of_its_list(site):
    """A template is filled with an id that the list itself gives."""
    asked = []
    for each in site.get("map")["response"]["endpointSets"].values():
        root = each["rootUrl"].partition("/api/")[2]
        first = found(site.get(root, requestedGranularity="record"))[0]
        identity = first.get("variantInternalId", first.get("id"))
        templates = [
            each["singleEntryUrl"],
            *(e["url"] for e in each["endpoints"].values()),
        ]
        asked += [t.partition("/api/")[2].replace("{id}", identity) for t in templates]

    assert [p for p in asked if site.server.get(f"/api/{p}").status != 200] == []
    assert len(asked) > len(ROOTS)


def test_m06_a_limit_of_zero_gives_all_terms(site):
    """Three clients rely on it; scopes are ids of entry types."""
    every = site.get("filtering_terms", limit=0)["response"]["filteringTerms"]
    first = site.get("filtering_terms")["response"]["filteringTerms"]

    assert len(every) > len(first) == 10
    assert {scope for term in every for scope in term["scopes"]} <= ROOTS.keys()


def test_m07_info_changes_with_what_is_loaded_and_only_then(
    catalogue, store_address, hurried, monkeypatch
):
    """Two polls without a load are the same bytes; a load, and a removal, show."""
    del hurried
    monkeypatch.setattr("beacon.store.variants._FRESH", 0)  # look every time
    told = []
    with served(store_address) as server:
        told += [_poll(server), _poll(server)]
        fill(catalogue)
        told += [_poll(server), _poll(server)]
        catalogue.remove("twins")
        told.append(_poll(server))

    assert told[0] == told[1]
    assert told[2] == told[3]
    assert b'"twins"' in told[2]
    assert b'"twins"' not in told[4]


def _poll(server) -> bytes:
    connection = f"GET /api/info HTTP/1.1\r\nHost: {server.address[7:]}\r\n\r\n"
    return server.send(connection.encode()).body


def test_m08_polling_is_never_limited(site):
    """Five documents in a second, several times over."""
    answers = [
        site.server.ask("GET", f"/api/{path}", headers={"X-Turn": str(turn)})
        for turn in range(4)
        for path in METADATA
    ]

    assert {a.status for a in answers} == {200}


# --- what a member is asked ---------------------------------------------------


def test_m09_a_get_may_name_a_content_type(site):
    """And a length of nothing."""
    headers = {"Content-Type": "application/json", "Content-Length": "0"}

    assert site.server.ask("GET", "/api/g_variants", b"", headers).status == 200


def test_m10_an_offer_to_upgrade_keeps_the_body(site):
    """The bytes that Java's client sends over plain HTTP."""
    body = b'{"query": {"requestedGranularity": "count"}}'
    head = (
        "POST /api/g_variants HTTP/1.1\r\n"
        "Connection: Upgrade, HTTP2-Settings\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"Host: {site.server.address[7:]}\r\n"
        "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
        "Upgrade: h2c\r\n"
        "User-Agent: BN/2.0.0\r\n"
        "Content-Type: application/json\r\n\r\n"
    )
    answer = site.server.send(head.encode() + body)

    assert answer.status == 200
    assert answer.document["meta"]["returnedGranularity"] == "count"


@pytest.mark.parametrize("start", [100, "100", [100], ["100"], "100,"])
@pytest.mark.parametrize("name", ["22", "chr22", "NC_000022.10", "refseq:NC_000022.10"])
def test_m11_values_come_in_every_form(site, start, name):
    """Numbers as texts, single values for lists, sequences under any name."""
    if start == "100,":
        start = "100"
    asked = SEEN | {"start": start, "referenceName": name}

    assert places(site.variants(**asked)) == {(100, "T", "C")}


@pytest.mark.parametrize(
    "parameters", [{}, [], {"g_variant": {}}, [{"g_variant": SEEN}]]
)
@pytest.mark.parametrize("version", ["2.0", "v2.0.0", "2.0.0", None])
def test_m11_bodies_come_in_every_form(site, parameters, version):
    """Empty, as a list, nested, in a list of one; with any version or none."""
    meta = {"meta": {"apiVersion": version}} if version else {"meta": None}
    body = meta | {"query": {"requestParameters": parameters}}
    answer = site.server.post("/api/g_variants", body)

    assert answer.status == 200
    assert answer.document["responseSummary"]["exists"] is True


def test_m11_unknown_keys_are_warned_of(site):
    """Never refused, but inside ``g_variant``."""
    document = site.post("individuals", {"colour": "red"}, shade="dark")

    assert [w for w in warnings(document) if "colour" in w or "shade" in w] != []


@pytest.mark.parametrize("name", ROOTS)
def test_m12_test_mode_gives_a_record_whose_id_resolves(site, name):
    """By POST, at every root, without parameters, with a limit of one."""
    query = {
        "requestedGranularity": "record",
        "pagination": {"limit": 1, "skip": 0},
        "testMode": True,
    }
    document = site.post(ROOTS[name], query)
    (record,) = found(document)
    identity = record.get("variantInternalId", record.get("id"))
    again = site.post(f"{ROOTS[name]}/{identity}", query)

    assert found(again) == [record]
    assert (
        violations(
            document,
            "collections" if name in ("dataset", "cohort") else "resultsets",
            name,
        )
        == []
    )


@pytest.mark.parametrize("name", DATA)
def test_m12_unfiltered_lists_have_a_result_set(site, name):
    """With an id."""
    assert [each for each in sets(site.get(ROOTS[name])) if each.strip()] != []


def test_m13_ids_of_variants_can_stand_in_a_path(site):
    """They have letters, digits and four marks, nothing to be escaped."""
    ids = [each["variantInternalId"] for each in found(site.records("g_variants"))]
    safe = re.compile(r"[A-Za-z0-9._~-]+")

    assert len(ids) > 25
    assert [each for each in ids if not safe.fullmatch(each)] == []


@pytest.mark.parametrize(
    "path", ["//api//info", "/api/info/", "/api/individuals//I1//biosamples/", "/api//"]
)
def test_m14_slashes_do_not_matter(site, path):
    """Doubled or at the end, without a redirect."""
    if path.startswith("//"):
        path = path.removeprefix("/")
    for method in ("GET", "POST"):
        assert site.server.ask(method, path).status == 200


def test_m15_preflights_are_answered_without_credentials(site):
    """Any page may ask, none with a user's cookies."""
    asked = {
        "Origin": "https://ui.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = site.server.ask("OPTIONS", "/api/g_variants", b"", asked)

    assert "authorization" in answer.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in answer.headers


# --- what a member answers ----------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", ROOTS)
def test_m16_one_shape_at_every_granularity(site, name, level):
    """``meta``, the summary, and result sets (or collections) with their members."""
    document = site.get(
        ROOTS[name], requestedGranularity=level, includeResultsetResponses="ALL"
    )
    (lists,) = (v for k, v in document["response"].items() if k != "$schema")

    assert {"meta", "responseSummary", "response"} <= document.keys()
    assert isinstance(lists, list)
    if name in DATA:
        assert {
            frozenset({"id", "setType", "exists", "results"}) <= x.keys() for x in lists
        } == {True}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", DATA)
def test_m17_nothing_known_is_null(site, name, level):
    """``exists`` is a boolean, counts are no negative numbers, ids are not blank."""
    document = site.get(
        ROOTS[name], requestedGranularity=level, includeResultsetResponses="ALL"
    )
    each = sets(document)

    assert nulls(document) == []
    assert {type(s["exists"]) for s in each.values()} == {bool}
    assert {s["setType"] for s in each.values()} == {"dataset"}
    assert [s for s in each.values() if s["resultsCount"] < 0 or not s["id"]] == []


def test_m18_a_limit_is_of_each_result_set(site):
    """So ``limit: 1`` still shows every dataset, with all populations of an allele."""
    query = whole(limit=1) | {"requestParameters": {"g_variant": SEEN}}
    each = sets(site.post("g_variants", query))
    (population,) = each[CLINIC]["results"][0]["frequencyInPopulations"]

    assert {n: len(s["results"]) for n, s in each.items()} == {CLINIC: 1, REGISTER: 1}
    assert {f["population"] for f in population["frequencies"]} >= {
        *("Total", "F", "M", "SE", "NO", "SE_F", "SE_M")
    }


def test_m19_frequencies_have_their_counts_and_a_total(site):
    """Under the names that the portals read."""
    (record,) = sets(site.variants(**SEEN))[CLINIC]["results"]
    (population,) = record["frequencyInPopulations"]
    total, *others = population["frequencies"]

    assert total["population"] == "Total"
    assert [
        f
        for f in others
        if not re.fullmatch(r"(?:[A-Z]{2})(?:_[MF])?|[MF]", f["population"])
    ] == []
    assert total.keys() >= {
        *("alleleCount", "alleleNumber", "alleleFrequency", "alleleCountHomozygous"),
        *("alleleCountHeterozygous", "alleleCountHemizygous"),
    }


def test_m20_variations_are_in_the_legacy_form(site):
    """0-based, with the bases."""
    (record,) = sets(site.variants(**SEEN))[CLINIC]["results"]
    variation = record["variation"]

    assert variation["location"]["interval"]["start"]["value"] == 100
    assert (variation["referenceBases"], variation["alternateBases"]) == ("T", "C")


def test_m21_errors_are_errors(site):
    """A status of 400 or more, who says so, the code, a sentence; never with 200."""
    answers = [
        site.server.get("/api/g_variants", start="x"),
        site.server.get("/api/nowhere"),
        site.server.ask("PUT", "/api/g_variants"),
        site.server.ask("POST", "/api/g_variants", b"[1"),
    ]

    assert [a.document["error"]["errorCode"] for a in answers] == [400, 404, 405, 400]
    assert [a.status for a in answers] == [400, 404, 405, 400]
    assert [a for a in answers if not a.document["error"]["errorMessage"]] == []
    assert [a for a in answers if not a.document["meta"]["beaconId"]] == []
    fine = [site.get(path) for path in ROOTS.values()]
    assert [d for d in fine if "error" in d] == []


def test_m22_the_answer_says_what_was_asked_and_given(site):
    """Granularity, schemas, and the parameters as understood."""
    query = {"requestParameters": {"g_variant": SEEN}, "requestedGranularity": "count"}
    meta = site.post("g_variants", query)["meta"]
    echoed = meta["receivedRequestSummary"]["requestParameters"]["g_variant"]

    assert meta["returnedGranularity"] == "count"
    assert len(meta["returnedSchemas"]) == 1
    assert echoed == SEEN


def test_m23_answers_come_in_time(site):
    """Half of twenty in less than a second, all in less than five."""
    spent = []
    for number in range(20):
        begun = time.monotonic()
        site.server.get("/api/g_variants", **PLACE, start=4000 + number, end=9000)
        spent.append(time.monotonic() - begun)

    assert sorted(spent)[18] < 1
    assert max(spent) < 5


def test_m24_the_api_asks_nobody(site):
    """No module of the API, or of what it stands on, knows an HTTP client."""
    del site
    root = Path(__file__).resolve().parents[2] / "beacon"
    client = re.compile("ClientSession|urlopen|HTTPConnection|TCPConnector")
    asking = [
        path.name
        for folder in ("api", "wire", "model", "policy", "service", "store")
        for path in (root / folder).rglob("*.py")
        if client.search(path.read_text())
    ]

    assert asking == []


@pytest.mark.parametrize(
    ("include", "listed"),
    [
        ("ALL", {CLINIC, REGISTER}),
        ("HIT", {CLINIC, REGISTER}),
        ("MISS", set()),
        ("NONE", set()),
        (None, {CLINIC, REGISTER}),
    ],
)
def test_m25_one_result_set_for_each_dataset(site, include, listed):
    """As asked for; hits where nothing is said."""
    query = {"requestParameters": {"g_variant": SEEN}}
    if include:
        query["includeResultsetResponses"] = include
    listed_here = sets(site.post("g_variants", query))

    assert listed_here.keys() == listed
    assert OTHER not in listed_here


class Genome:
    """A reference whose chromosome 22 is ``A`` but for a ``T`` at position 101."""

    def bases(self, contig, start: int, end: int) -> str | None:
        """Return the bases of a place."""
        del contig
        return "".join("T" if at == 100 else "A" for at in range(start, end))


@pytest.fixture(scope="module")
def referenced(society):
    """Give the site with a reference configured."""
    with served(society, references={"GRCh37": Genome()}) as server:
        yield Asker(server)


def test_m26_a_position_off_by_one_is_warned_of(referenced):
    """Where REF does not stand at ``start``, but does just before it.

    Such a question is refused, so that it cannot be read as a "no"; the warning
    says what may have led to it.
    """
    asked = {"requestParameters": {"g_variant": SEEN | {"start": [101]}}}
    off = referenced.refused("g_variants", asked)
    elsewhere = {"requestParameters": {"g_variant": SEEN | {"start": [120]}}}
    wrong = referenced.refused("g_variants", elsewhere)

    assert [w for w in warnings(off) if "1-based" in w] != []
    assert warnings(wrong) == []
    assert warnings(referenced.variants(**SEEN)) == []


def test_m27_a_token_that_proves_nothing_is_refused(site):
    """Networks expect it to be ignored; here nobody is taken for somebody else."""
    headers = {"Authorization": "Bearer not-one-of-ours"}
    asked = site.server.ask("GET", "/api/individuals", b"", headers)

    assert asked.status == 401
    assert asked.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_m03_dates_follow_from_what_is_loaded():
    """Without a clock: nothing loaded, no dates."""
    speaker = Speaker(identity=PUBLIC, site="https://beacon.example.se")
    moment = datetime.fromisoformat("2026-01-01T00:00:00Z")
    dataset = Dataset(id="a", name="A", created=moment, updated=moment)

    assert "updateDateTime" not in info(speaker, [])["response"]
    assert info(speaker, [dataset])["response"]["updateDateTime"] == (
        "2026-01-01T00:00:00Z"
    )
    assert ONE_OF["dataset"] == CLINIC
