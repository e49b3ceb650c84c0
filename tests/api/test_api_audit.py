"""Every request that asks something is written down before it is answered.

The real site over a real store, with a log on a real disk; what is written is read
again from the files.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from contextlib import suppress
from dataclasses import replace
from functools import partial
from uuid import UUID

import orjson
import pytest
from aiohttp import ClientSession, web
from yarl import URL

from beacon.api.auditing import Auditor, Noted, Sayings
from beacon.api.keys import DOOR, REQUESTER
from beacon.api.routes import create_api
from beacon.app import behind_of, known_as, tiers_of
from beacon.audit.canonical import CASES, QUERIES, code, subkey
from beacon.audit.chain import segments_in
from beacon.audit.log import AuditLog
from beacon.audit.verifying import verify
from beacon.model.disclosure import DatasetDisclosure, Disclosure
from beacon.model.errors import BudgetSpent, NotIdentified, NotPermitted
from beacon.model.query import Granularity
from beacon.model.requester import ANONYMOUS, Requester
from beacon.model.status import Status
from beacon.page.views import add_pages
from beacon.policy.policy import OPEN, is_anybodys
from beacon.policy_file import parsed
from beacon.service import LocalBeacon
from beacon.store.anchors import AnchorBook
from beacon.store.variants import VariantStore
from tests.api.fronted import fronted
from tests.api.site import IDENTITY
from tests.policy_example import example

KEY = b"k" * 32
ASKED = "/api/g_variants"
ALLELE = {
    "assemblyId": "GRCh37",
    "referenceName": "22",
    "start": "100",
    "referenceBases": "T",
    "alternateBases": "C",
}
ALLELE_CODE = code(subkey(KEY, QUERIES), "GRCh37 22 100 T C")
CLINICIAN = Requester(
    subject="p5eud0nym", issuer="hospital", organisation="example.org", acr="loa3"
)
VCF = (
    "##fileformat=VCFv4.2\n##contig=<ID=22,length=51304566,assembly=GRCh37>\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n22\t101\t.\tT\tC\t.\t.\t.\n"
)


class Audited:
    """A site with an audit, and what was written of it."""

    def __init__(self, client, log, folder) -> None:
        self.client = client
        self.log = log
        self.folder = folder

    def lines(self, *kinds):
        """Return the lines of some kinds that are on disk."""
        found = [
            orjson.loads(line)
            for each in segments_in(self.folder).values()
            for _, path in each
            for line in path.read_bytes().splitlines()
        ]
        return [line for line in found if line["kind"] in (kinds or ("request",))]

    def text(self):
        """Return all that is on disk, as it is."""
        return b"".join(path.read_bytes() for path in self.folder.iterdir())


@pytest.fixture
async def site(aiohttp_client, filled_address, tmp_path):
    """Give a function that makes a site whose requests come from somebody."""
    store = await VariantStore.open(filled_address)
    opened = []

    async def made(
        requester=None,
        failure=None,
        policy=OPEN,
        kind=LocalBeacon,
        cases=None,
        *,
        may_follow=False,
    ):
        folder = tmp_path / f"audit{len(opened)}"
        log = AuditLog(folder, KEY, {"worker": "0"}, anchors=store.anchors())
        await log.open()
        auditor = Auditor(
            log,
            queries=subkey(KEY, QUERIES),
            cases=cases or subkey(KEY, CASES),
            policy=known_as(policy),
            tiers=tiers_of(policy),
            anybodys=partial(is_anybodys, policy) if may_follow else lambda *_: False,
        )

        @web.middleware
        async def known(request, handler):
            if requester is not None:
                request[REQUESTER] = requester
            if failure is not None:
                raise failure
            return await handler(request)

        beacon = kind(store, policy, references={}, deadline=2)
        app = create_api(beacon, IDENTITY, auditor=auditor)
        add_pages(app, behind_of(app))
        app.middlewares.append(known)
        opened.append(log)
        return Audited(await aiohttp_client(app), log, folder)

    yield made
    await store.close()


async def test_a_question_is_written_down(site):
    """Who asked, what in code, what was said of which release, how long it took."""
    audited = await site(CLINICIAN)
    answer = await audited.client.get(ASKED, params=ALLELE)
    (line,) = audited.lines()
    took = line.pop("ms")
    time, seal, number = (line.pop(name) for name in ("time", "seal", "n"))
    told = line.pop("datasets")

    assert 0 < took < 60_000
    assert ("Z", 64, 2) == (time[-1], len(seal), number)
    assert {
        "kind": "request",
        "request": answer.headers["X-Request-Id"],
        "route": ASKED,
        "method": "GET",
        "status": 200,
        "decision": "answered",
        "subject": "p5eud0nym",
        "organisation": "example.org",
        "issuer": "hospital",
        "acr": "loa3",
        "queries": [ALLELE_CODE],
    } == line
    assert {"clinic": "seen", "twins": "seen"} == {t["id"]: t["said"] for t in told}
    assert {"boolean"} == {t["granularity"] for t in told}
    assert {1} == {t["release"] for t in told}


async def test_a_line_says_by_which_policy_and_in_what_tier(site):
    """Of each dataset that was seen; of one that was not, nothing."""
    policy = replace(example().policy, noise_key=b"n" * 32)
    steward = Requester(subject="p", roles=frozenset({"steward"}))
    audited = await site(steward, policy=policy)
    await audited.client.get(ASKED, params=ALLELE)
    (line,) = audited.lines()

    assert f"example-2026-11@{policy.digest[:16]}" == line["policy"]
    assert [("clinic", "steward", "seen")] == [
        (told["id"], told["tier"], told["said"]) for told in line["datasets"]
    ]


BODY = {
    "query": {
        "requestParameters": {**ALLELE, "start": [100]},
        "requestedGranularity": "count",
    }
}
WAYS = {
    "get": ("GET", ASKED, {"params": ALLELE}),
    "post": ("POST", ASKED, {"json": BODY}),
    "express": ("POST", ASKED, {"json": BODY}),
    "slashes": ("GET", f"{ASKED}//", {"params": ALLELE}),
    "batch": (
        "POST",
        "/api/batch",
        {"json": [{"variant": "22-101-T-C", "assemblyId": "GRCh37"}]},
    ),
    "annotate": ("POST", "/annotate", {"data": VCF.encode()}),
}


@pytest.mark.parametrize("way", WAYS)
async def test_one_allele_has_one_code_whatever_way_it_is_asked(site, way):
    """Single, express, in a batch, or to annotate a file."""
    audited = await site()
    method, path, more = WAYS[way]
    for _ in range(2 if way == "express" else 1):
        answer = await audited.client.request(method, path, **more)
        await answer.read()

    assert 200 == answer.status
    found = [
        line["queries"]
        for line in audited.lines("request", "part")
        if "queries" in line
    ]
    assert [[ALLELE_CODE]] == found[-1:]


async def test_the_front_is_audited_as_the_router_is(site):
    """Before the library, through the same door."""
    audited = await site()
    server = audited.client.server.runner.server
    front = fronted(audited.client.app, server)
    async with front as url, ClientSession(url) as session:
        answer = await session.post(ASKED, json=BODY)

    assert 200 == answer.status
    assert "X-Request-Id" in answer.headers
    assert [[ALLELE_CODE]] == [line["queries"] for line in audited.lines()]


REFUSALS = {
    401: NotIdentified("The token proves nothing."),
    403: NotPermitted("The policy says no."),
    429: BudgetSpent("Come again tomorrow.", limit=20, seconds=60),
}


@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.parametrize(
    "path", [ASKED, "/api/map", "/api/batch", "/openapi.json", "/x"]
)
async def test_what_is_refused_is_written_down(site, status, path):
    """Also where nothing that is kept was asked for."""
    audited = await site(failure=REFUSALS[status])
    answer = await audited.client.post(path, json={})
    if answer.status in (404, 405):  # what there is not comes before who asks
        assert [] == audited.lines()
        return

    (line,) = audited.lines()
    assert (status, status) == (answer.status, line["status"])
    assert {401: "not_identified", 403: "not_permitted", 429: "budget_spent"}[
        status
    ] == line["decision"]


async def test_what_asks_for_nothing_is_not_written_down(site):
    """Health, metrics, and what there is to be asked."""
    audited = await site()
    for path in (
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/map",
        "/api/",
        "/openapi.json",
    ):
        answer = await audited.client.get(path)

        assert 200 == answer.status
    assert [] == audited.lines()


PATHS = [
    f"{ASKED}?assemblyId=GRCh37&referenceName=22&start=100&end=200",
    f"{ASKED}/nothing-of-that-id",
    f"{ASKED}?assemblyId=GRCh37&start=1",
    "/api/datasets",
    "/api/individuals",
    "/api/individuals/P1/g_variants",
    "/api/datasets/clinic/g_variants?assemblyId=GRCh37",
    "/api/filtering_terms",
    "/api/cohorts",
    "/api/runs",
]


@pytest.mark.parametrize("path", PATHS)
async def test_every_question_has_a_line(site, path):
    """Whatever it asks for, and also one that is not understood."""
    audited = await site()
    answer = await audited.client.get(path)
    (line,) = audited.lines()

    assert answer.status == line["status"]
    assert ("answered" if answer.status == 200 else "not_understood") == line[
        "decision"
    ]
    assert answer.status == 400 or 1 == len(line["queries"])


@pytest.mark.parametrize("path", ["/api/datasets/clinic/summary", "/d/clinic"])
async def test_what_is_told_of_a_dataset_as_a_whole_is_written_down(site, path):
    """Which dataset, which release, and how much: here it has no summary."""
    audited = await site(CLINICIAN)
    answer = await audited.client.get(path)
    (line,) = audited.lines()

    assert (200, "answered") == (answer.status, line["decision"])
    (told,) = line["datasets"]
    assert ("clinic", 1, "none") == (told["id"], told["release"], told["said"])


async def test_no_line_tells_of_a_dataset_that_is_not_told_of(site):
    """A wrong name is somebody's text."""
    audited = await site(CLINICIAN)
    answer = await audited.client.get("/d/patient-of-mine")
    (line,) = audited.lines()

    assert (404, False) == (answer.status, "datasets" in line)
    assert b"patient-of-mine" not in audited.text()


@pytest.mark.parametrize(
    ("path", "status", "decision", "asked"),
    [
        ("/region/GRCh37/22:100-200", 200, "answered", 2),
        ("/region/GRCh37/22:200-100", 400, "not_understood", 0),
        ("/v/GRCh37/22-101-T-C", 200, "answered", 1),
        ("/v/GRCh37/22-101-T-", 400, "not_understood", 0),
    ],
)
async def test_a_page_that_asks_has_a_line_as_well(site, path, status, decision, asked):
    """Whatever door a question comes through, what was said of it is on disk."""
    audited = await site(CLINICIAN)
    answer = await audited.client.get(path)
    (line,) = audited.lines()

    assert (answer.status, line["status"]) == (status, status)
    assert (line["decision"], len(line.get("queries", ()))) == (decision, asked)
    assert line["subject"] == "p5eud0nym"


async def test_a_batch_is_written_down_group_by_group(site):
    """A code for each of its lines, before any of them is sent."""
    audited = await site()
    asked = [
        {"variant": f"22-{1001 + n}-A-G", "assemblyId": "GRCh37"} for n in range(1200)
    ]
    answer = await audited.client.post("/api/batch", json=asked)
    said = (await answer.text()).splitlines()
    await audited.log.close()  # the last line comes after the last answer
    parts, (whole,) = audited.lines("part"), audited.lines()

    assert (1200, 1200) == (len(said), len({c for p in parts for c in p["queries"]}))
    assert [500, 500, 200] == sorted((len(p["queries"]) for p in parts), reverse=True)
    assert {whole["request"]} == {p["request"] for p in parts}
    assert {("clinic", "seen"): 25, ("twins", "not_seen"): 1200}.items() <= (
        _summed(one for part in parts for one in part["datasets"])
    ).items()


def _summed(told):
    """Return what was said of datasets, and how often."""
    sums = {}
    for each in told:
        key = (each["id"], each["said"])
        sums[key] = sums.get(key, 0) + each.get("times", 1)
    return sums


async def test_only_a_uuid_is_taken_for_the_id_of_a_request(site):
    """Any other text might name a variant; the answer says what id it has."""
    audited = await site()
    mine = "0190B6A2-1111-4222-8333-ABCDEFABCDEF"
    given = await audited.client.get(
        ASKED, params=ALLELE, headers={"X-Request-Id": mine}
    )
    other = await audited.client.get(
        ASKED, params=ALLELE, headers={"X-Request-Id": "22-101-T-C"}
    )
    ids = [line["request"] for line in audited.lines()]

    assert [given.headers["X-Request-Id"], other.headers["X-Request-Id"]] == ids
    assert mine.lower() == ids[0]
    assert 4 == UUID(ids[1]).version


async def test_a_case_is_kept_as_a_code(site):
    """The hospital can find its own reference again, and nobody else can read it."""
    audited = await site()
    for _ in range(2):
        await audited.client.get(
            ASKED, params=ALLELE, headers={"X-Case-Reference": "case 17 of ward 3"}
        )
    cases = {line["case"] for line in audited.lines()}

    assert {code(subkey(KEY, CASES), "case 17 of ward 3")} == cases
    assert b"ward" not in audited.text()


@pytest.mark.parametrize("is_fronted", [False, True])
async def test_a_case_of_any_bytes_is_kept_as_a_code(site, is_fronted):
    """Latin-1 as hospitals send it, and bytes that are no text at all: no failure."""
    audited = await site()
    server = audited.client.server
    front = fronted(audited.client.app, server.runner.server)
    async with front as url:
        port = URL(url).port if is_fronted else server.port
        told = [await _said_of_case(port, case) for case in ODD_CASES]

    assert [b"HTTP/1.1 200"] * len(ODD_CASES) == told
    assert len(ODD_CASES) == len({line["case"] for line in audited.lines()})


ODD_CASES = ("fall å 17".encode("latin-1"), b"\xff\xfe", "fall å 17".encode())


async def _said_of_case(port, case):
    """Return how the answer to a question about a case begins."""
    body = json.dumps(BODY).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"POST /api/g_variants HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nX-Case-Reference: %b\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (case, len(body), body)
    )
    answer = await reader.read()
    writer.close()
    return answer[:12]


async def test_no_line_holds_what_was_asked_or_proven(site):
    """No variant, no name, no token, no address, in whatever way they came (D8)."""
    audited = await site()
    secret = "eyJhbGciOiJub25lIn0.c2VjcmV0.AAAA"  # noqa: S105 - invented
    for number in range(40):
        variant = {
            **ALLELE,
            "start": str(50_311_000 + number),
            "alternateBases": "GATTACA",
        }
        headers = {
            "Authorization": f"Bearer {secret}",
            "X-Request-Id": "22-50311007-T-GATTACA",
        }
        await audited.client.get(ASKED, params=variant, headers=headers)
    body = {**BODY, "query": {**BODY["query"], "filters": [{"id": "GATTACA:50311007"}]}}
    await audited.client.post(ASKED, json=body)
    await audited.client.get(f"{ASKED}/22-50311007-T-GATTACA")
    await audited.client.get("/api/individuals/PATIENT-50311007/g_variants")
    written = audited.text()

    assert 43 == len(audited.lines())
    for trace in (b"503110", b"GATTACA", secret.encode(), b"PATIENT", b"127.0.0.1"):
        assert trace not in written


# --- when it cannot be written -------------------------------------------------


async def test_without_its_line_no_answer_leaves(site, monkeypatch):
    """Whoever was identified is told 503 and nothing else; its line comes later."""
    audited = await site(CLINICIAN)
    monkeypatch.setattr("beacon.audit.log.os.fdatasync", _full)
    answer = await audited.client.get(ASKED, params=ALLELE)
    document = await answer.json()
    batch = await audited.client.post("/api/batch", json=["22-101-T-C"])
    lines = [json.loads(line) for line in (await batch.text()).splitlines()]
    monkeypatch.undo()
    await audited.log.close()

    assert (503, {"status": "no_answer"}) == (answer.status, document["info"])
    assert "responseSummary" not in document
    assert "1" == answer.headers["Retry-After"]
    assert ["no_answer"] == [line["status"] for line in lines]
    assert [503, 200] == [line["status"] for line in audited.lines()]
    assert "no_answer" == audited.lines()[0]["decision"]


class Scattered(LocalBeacon):
    """A beacon that fails, unexpectedly, whenever several lines are asked at once."""

    async def answer_many(self, queries, requester):
        """Fail, but for one."""
        if len(queries) > 1:
            raise KeyError
        return await super().answer_many(queries, requester)

    async def answer_alleles(self, asked, requester, wording):
        """Fail."""
        raise KeyError


@pytest.mark.parametrize("more", [{}, {"datasets": ["clinic"]}])
async def test_lines_that_are_asked_again_are_written_down_as_well(site, more):
    """A group that failed as a whole is answered line by line, each with its part."""
    audited = await site(kind=Scattered)
    asked = [
        {"variant": f"22-{1001 + n}-A-G", "assemblyId": "GRCh37", **more}
        for n in range(3)
    ]
    sent = "\n".join(map(json.dumps, asked))
    answer = await audited.client.post("/api/batch", data=sent)
    lines = [json.loads(line) for line in (await answer.text()).splitlines()]
    await audited.log.close()
    codes = [c for part in audited.lines("part") for c in part["queries"]]

    assert ["seen"] * 3 == [line["status"] for line in lines]
    assert 3 == len(set(codes))


CASE_OF_BYTES = b"X-Case-Reference: \xff\r\n"


async def spoken(port, first, case, body=b""):
    """Return all that is said to a request with a field, and whether it was whole."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"{first} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    if body:
        head += f"Content-Length: {len(body)}\r\n"
    writer.write(head.encode() + case + b"\r\n" + body)
    try:
        async with asyncio.timeout(20):
            said = await reader.read()
    except ConnectionResetError:
        return b"", False
    finally:
        writer.close()
    return said, b"chunked" not in said or said.endswith(b"0\r\n\r\n")


ONE = "GET " + ASKED + "?" + "&".join(f"{k}={v}" for k, v in ALLELE.items())
MANY = b'["22-101-T-C","22-1001-A-G"]'


@pytest.mark.parametrize("case", [CASE_OF_BYTES, b"X-Case-Reference: 17\r\n"])
@pytest.mark.parametrize("has_key", [True, False])
async def test_one_answer_without_a_line_is_none(site, case, has_key, capsys):
    """Whatever the line fails at, also what nobody thought of."""
    audited = await site(**({} if has_key else {"cases": "no bytes"}))
    said, _ = await spoken(audited.client.server.port, ONE, case)
    status, lines = int(said.split()[1]), audited.lines()

    assert (200, 1) == (status, len(lines)) or (503, 0) == (status, len(lines))
    assert has_key or status == 503
    assert (b'"no_answer"' in said) is (status == 503)
    assert (b"responseSummary" in said) is (status == 200)
    assert "Traceback" not in "".join(capsys.readouterr())


async def test_the_front_says_nothing_without_a_line_either(site):
    """The same, of what is read there."""
    audited = await site(cases="no bytes")
    server = audited.client.server.runner.server
    async with fronted(audited.client.app, server) as url, ClientSession() as session:
        headers = {"X-Case-Reference": "17"}
        async with session.get(f"{url}{ASKED}", params=ALLELE, headers=headers) as one:
            assert 503 == one.status
    assert [] == audited.lines()


@pytest.mark.parametrize("case", [CASE_OF_BYTES, b"X-Case-Reference: 17\r\n"])
@pytest.mark.parametrize("has_key", [True, False])
async def test_a_batch_without_lines_tells_nothing(site, case, has_key):
    """None of its lines has an answer, whether or not the end of it still leaves."""
    audited = await site(**({} if has_key else {"cases": "no bytes"}))
    port = audited.client.server.port
    said, is_whole = await spoken(port, "POST /api/batch", case, MANY)
    await audited.log.close()
    parts, lines = audited.lines("part"), audited.lines()

    if b'"seen"' in said:
        assert (2, 1) == (sum(len(p["queries"]) for p in parts), len(lines))
        assert is_whole
    else:
        assert ([], []) == (parts, lines)
    assert has_key or b'"seen"' not in said


async def test_a_stream_without_its_line_loses_its_connection(site):
    """Which would be kept else."""
    audited = await site(cases="no bytes")
    port = audited.client.server.port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /api/batch HTTP/1.1\r\nHost: x\r\nContent-Length: {len(MANY)}\r\n"
    writer.write(head.encode() + b"X-Case-Reference: 17\r\n\r\n" + MANY)
    with suppress(ConnectionResetError):
        async with asyncio.timeout(60):
            assert b'"seen"' not in await reader.read()
    writer.close()


async def test_what_anybody_may_know_is_answered_meanwhile(site, monkeypatch):
    """Its lines wait, and are written in the end."""
    audited = await site(may_follow=True)
    monkeypatch.setattr("beacon.audit.log.os.fdatasync", _full)
    answers = [await audited.client.get(ASKED, params=ALLELE) for _ in range(3)]
    monkeypatch.undo()
    await audited.log.close()

    assert [200] * 3 == [answer.status for answer in answers]
    assert [200] * 3 == [line["status"] for line in audited.lines()]


async def test_what_not_everybody_is_told_waits_for_a_disk_that_fails(
    site, monkeypatch
):
    """Nobody known is told of blurred counts without their line; a refusal leaves."""
    _, policy = WHO_WAITS["blurred"]
    audited = await site(policy=policy, may_follow=True)
    monkeypatch.setattr("beacon.audit.log.os.fdatasync", _full)
    answer = await audited.client.post(ASKED, json=BODY)
    batch = await audited.client.post("/api/batch", json=["22-101-T-C"])
    lines = [json.loads(line) for line in (await batch.text()).splitlines()]
    refused = await audited.client.get(ASKED, params={"filters": "HP:0000001"})
    monkeypatch.undo()
    await audited.log.close()

    assert [503, 403] == [answer.status, refused.status]
    assert ["no_answer"] == [line["status"] for line in lines]
    assert [503, 200, 403] == [line["status"] for line in audited.lines()]


def test_what_is_kept_with_an_answer_is_kept_for_each_audit():
    """Two audits of one process judge what one answer says each for itself."""
    part = DatasetDisclosure(
        dataset="d",
        name="d",
        status=Status.SEEN,
        granularity=Granularity.COUNT,
        exists=True,
    )
    noted = Noted()
    noted.answers.append(Disclosure(granularity=Granularity.COUNT, datasets=(part,)))
    tiers = {"a": True, "b": False, "c": True}
    each = [
        Sayings(ANONYMOUS, lambda *_, t=t: t, lambda *_, is_anybodys=i: is_anybodys)
        for t, i in tiers.items()
        for _ in range(2)
    ]
    told = [(json.loads(said.told(noted))["tier"], said) for said in each * 2]
    told = [(tier, said.may_be_known(noted)) for tier, said in told]

    assert [(tier, may) for tier, may in tiers.items() for _ in range(2)] * 2 == told
    assert len(each) == len(part.kept)


class Stuck:
    """A disk that synchronises nothing before it is let go."""

    def __init__(self, monkeypatch) -> None:
        self.goes = threading.Event()
        self._sync = os.fdatasync
        monkeypatch.setattr("beacon.audit.log.os.fdatasync", self.sync)

    def sync(self, file) -> None:
        """Synchronise, once that goes."""
        self.goes.wait(20)
        self._sync(file)


async def test_what_anybody_may_know_is_sent_while_its_line_is_written(
    site, monkeypatch
):
    """A plain answer of open data to nobody known; its line is there soon after."""
    audited = await site(may_follow=True)
    await audited.client.post(ASKED, json=BODY)  # datasets are met
    disk = Stuck(monkeypatch)
    answer = await audited.client.post(ASKED, json=BODY)
    waiting = audited.log.waiting
    disk.goes.set()
    await audited.log.close()

    assert (200, True) == (answer.status, waiting > 0)
    assert answer.headers["X-Request-Id"] == audited.lines()[-1]["request"]
    assert [[ALLELE_CODE]] * 2 == [line["queries"] for line in audited.lines()]
    assert [] == verify([audited.folder], KEY, [], whole=True).faults


BLURRED = """
[policy]
id = "blurred"
[tiers.public]
granularity = "count"
queries = ["allele"]
[disclosure.blurred]
min_count = 20
noise_sd = 5.0
round_to = 10
[datasets.clinic]
kind = "reference"
access = { public = "blurred" }
"""
WHO_WAITS = {
    "known": (CLINICIAN, OPEN),
    "blurred": (
        None,
        replace(parsed(BLURRED.encode(), "b").policy, noise_key=b"n" * 32),
    ),
}


@pytest.mark.parametrize("who", WHO_WAITS)
async def test_nobody_else_is_answered_before_their_line_is_written(
    site, monkeypatch, who
):
    """Whoever is known, and whatever is blurred, waits for the disk."""
    requester, policy = WHO_WAITS[who]
    audited = await site(requester, policy=policy, may_follow=True)
    await audited.client.post(ASKED, json=BODY)
    disk = Stuck(monkeypatch)
    asked = asyncio.create_task(audited.client.post(ASKED, json=BODY))
    async with asyncio.timeout(20):
        while not audited.log.waiting:  # noqa: ASYNC110 - nobody sets an event
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    was_done = asked.done()
    disk.goes.set()
    answer = await asked
    await audited.log.close()

    assert (False, 200) == (was_done, answer.status)
    assert 2 == len(audited.lines())


def _full(_):
    raise OSError(28, "No space left on device")


async def test_an_answer_waits_for_its_line(site, monkeypatch):
    """The disk says that it has it, then the client has its answer."""
    audited = await site()
    order = []
    put = AuditLog.admit

    async def admit(self, entry, **more):
        order.append("line")
        await put(self, entry, **more)
        (line,) = audited.lines()
        assert entry.text.startswith(b'"kind":"request","time":')
        assert line["request"].encode() in entry.text
        order.append("on disk")

    monkeypatch.setattr(AuditLog, "admit", admit)
    answer = await audited.client.get(ASKED, params=ALLELE)
    order.append("answer")

    assert 200 == answer.status
    assert ["line", "on disk", "answer"] == order


async def test_many_at_once_share_the_disk_and_lose_nothing(site):
    """Three hundred concurrent questions, each with its line, in one whole chain."""
    audited = await site()

    async def ask(number):
        params = {**ALLELE, "start": str(1000 + number)}
        async with audited.client.get(ASKED, params=params) as answer:
            return answer.headers["X-Request-Id"]

    asked = await asyncio.gather(*map(ask, range(300)))
    await audited.log.close()

    assert sorted(asked) == sorted(line["request"] for line in audited.lines())
    assert [] == verify([audited.folder], KEY, [], whole=True).faults


async def test_the_store_keeps_the_heads(site, filled_address):
    """Of the beginning and of the end, and never twice."""
    audited = await site()
    await audited.client.get(ASKED, params=ALLELE)
    await audited.log.close()
    with AnchorBook(filled_address) as book:
        heads = [
            h
            for h in book.all()
            if (audited.folder / f"{h.chain}.000000.jsonl").exists()
        ]
    verdict = verify([audited.folder], KEY, heads, whole=True)

    assert [(1, False), (3, True)] == [(head.number, head.is_last) for head in heads]
    assert ([], []) == (verdict.faults, verdict.notes)


async def test_without_an_audit_nothing_is_added(client):
    """No header, no account."""
    answer = await client.get(ASKED, params=ALLELE)

    assert 200 == answer.status
    assert "X-Request-Id" not in answer.headers
    assert client.app[DOOR]._auditor is None  # noqa: SLF001
