"""``/network`` at its door: audit, budgets, who is asked for whom, its documents."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from time import time

import pytest
from aiohttp import ClientSession, web
from jsonschema import Draft202012Validator

from beacon.api.network import wants_lines
from beacon.audit.canonical import QUERIES, code, subkey
from beacon.audit.log import AuditLog, AuditUnavailable
from beacon.auth.keys import KeyTerms, make_key
from beacon.auth.porter import Porter, Secrets
from beacon.model.nodes import NodeKind
from beacon.network.asking import Asking
from beacon.network.here import Here
from beacon.network.peers import Audience, Credentials, Proof
from beacon.policy.policy import OPEN
from beacon.service import LocalBeacon
from beacon.store.variants import VariantStore
from beacon.wire import network as network_wire
from beacon.wire.components import components
from beacon.wire.requests import Address, Understanding, gather_line, understand
from tests.auth.issuing import Clock, believed, porter_for, watched
from tests.network.nations import (
    KEY,
    SEEN,
    UNSEEN,
    ask,
    asked,
    line,
    listed,
    nation,
    peer_at,
    serving,
    sets,
    silent_peer,
    telling,
    told,
    words,
)
from tests.speaking import violations

CODE = code(subkey(KEY, QUERIES), "GRCh37 22 100 T C")


async def get(one, path: str, **headers: str) -> tuple[int, dict, dict]:
    """Return the status, the headers and the document of a path."""
    async with (
        ClientSession() as session,
        session.get(f"{one.address}{path}", headers=headers) as response,
    ):
        return response.status, dict(response.headers), await response.json()


async def lines_of(one, body: dict) -> list[dict]:
    """Return the lines of a stream."""
    async with (
        ClientSession() as session,
        session.post(
            f"{one.address}/network/g_variants",
            json=body,
            headers={"Accept": "application/x-ndjson"},
        ) as response,
    ):
        assert response.headers["Content-Type"] == "application/x-ndjson"
        return [json.loads(line) async for line in response.content]


# --- what is written down -------------------------------------------------------


async def test_a_question_to_the_network_is_written_down_with_all_answers(audited, dk):
    """In code, under one id, with what each beacon said; of no path a variant."""
    se, lines = audited
    async with silent_peer() as (port, _, _):
        await se.knows(dk.as_peer(), peer_at("xx.slow", port, seconds=0.2))
        said = await ask(se, asked(SEEN))
    (line,) = lines()

    assert line["route"] == "/network/g_variants"
    assert line["queries"] == [CODE]
    assert {each["id"]: each["said"] for each in line["datasets"]} == {
        "clinic": "seen",
        "twins": "seen",
        "dk.example/wgs": "seen",
        "xx.slow": "no_answer",
    }
    assert said["info"]["beacons"][1]["requestId"] == line["request"]
    assert dk.headers[0]["x-request-id"] == line["request"]


async def test_what_is_streamed_is_written_down_before_it_is_said(audited, dk):
    """Each node's part has a line of its own, before the line of the request."""
    se, lines = audited
    await se.knows(dk.as_peer())
    await lines_of(se, asked(SEEN))
    async with asyncio.timeout(5):
        while len(lines()) < 3:  # noqa: ASYNC110 - the last is written after the end
            await asyncio.sleep(0.01)
    parts = {
        frozenset(each["id"] for each in line["datasets"]): line
        for line in lines()
        if line["kind"] == "part"
    }
    ours, theirs = frozenset({"clinic", "twins"}), frozenset({"dk.example/wgs"})

    assert parts.keys() == {ours, theirs}
    assert parts[ours]["queries"] == [CODE]
    assert parts[theirs]["request"] == parts[ours]["request"]


async def test_who_leaves_with_a_part_of_a_stream_has_it_written_down(audited, dk):
    """A client that has heard one node, and does not wait for a slow one."""
    se, lines = audited
    async with silent_peer() as (port, _, ended), ClientSession() as session:
        await se.knows(dk.as_peer(), peer_at("xx.slow", port))
        async with session.post(
            f"{se.address}/network/g_variants",
            json=asked(SEEN),
            headers={"Accept": "application/x-ndjson"},
        ) as response:
            heard = set()
            while "dk.example" not in heard:
                line = json.loads(await response.content.readline())
                heard.add(line.get("beacon", {}).get("beaconId"))
            said = {d["id"] for line in lines() for d in line.get("datasets", ())}
        await ended.wait()

    assert "dk.example/wgs" in said


async def test_what_cannot_be_written_down_is_not_streamed(audited, dk, monkeypatch):
    """No node's answer is sent, and the stream ends with an error."""
    se, _ = audited
    await se.knows(dk.as_peer())

    async def refuse(*_: object, **__: object) -> None:
        raise AuditUnavailable

    monkeypatch.setattr(AuditLog, "admit", refuse)
    lines = await lines_of(se, asked(SEEN))

    told = [line for line in lines if line["event"] == "answer"]
    assert told == []
    assert [line["event"] for line in lines][-1] == "error"


EVENTS = "/v/GRCh37/22-101-T-C/events"


async def test_what_cannot_be_written_down_no_page_is_sent(audited, dk, monkeypatch):
    """No node's answer is: nothing leaves without its line, whatever the way."""
    se, _ = audited
    await se.knows(dk.as_peer())

    async def refuse(*_: object, **__: object) -> None:
        raise AuditUnavailable

    monkeypatch.setattr(AuditLog, "admit", refuse)
    async with ClientSession() as session:
        response = await session.get(f"{se.address}{EVENTS}")
        text = await response.text()

    assert "Seen" not in text
    assert "event: done" not in text


# --- budgets, and for whom ------------------------------------------------------


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
async def test_a_budget_that_is_spent_is_spent_for_the_network_too(
    budgeted, dk, accept
):
    """429, and no peer is asked on behalf of who may ask no more."""
    await budgeted.knows(dk.as_peer())
    for start in (100, 1001):
        if accept == "application/json":
            await ask(budgeted, asked(SEEN | {"start": [start]}))
        else:
            await lines_of(budgeted, asked(SEEN | {"start": [start]}))
    before = dk.calls["/api/g_variants"]
    refused = await ask(budgeted, asked(SEEN | {"start": [1002]}), Accept=accept)

    assert refused["status"] == 429
    assert refused["error"]["errorCode"] == 429
    assert (before, dk.calls["/api/g_variants"]) == (2, 2)


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
@pytest.mark.parametrize(
    ("of_variant", "of_query"),
    [({}, {"datasets": ["dk.example/wgs"]}), ({"assemblyId": "GRCh38"}, {})],
)
async def test_a_budget_holds_for_what_only_peers_have(
    budgeted, dk, accept, of_variant, of_query
):
    """Counted though our part is ``not_asked``: two a day, and then nobody is asked."""
    await budgeted.knows(dk.as_peer())
    bodies = [
        asked(SEEN | {"start": [start]} | of_variant, **of_query)
        for start in (1003, 1004, 1005)
    ]
    said = []
    for body in bodies:
        if accept == "application/json" or body is bodies[-1]:
            said.append(await ask(budgeted, body, Accept=accept))
        else:
            await lines_of(budgeted, body)
    asked_for = dk.calls["/api/g_variants"]
    again = await ask(budgeted, bodies[0])

    assert [s["status"] for s in said[:-1]] in ([200, 200], [])
    assert said[-1]["status"] == 429
    assert asked_for == 2
    assert again["status"] == 200  # repeating is free


async def test_a_question_is_counted_once_whoever_is_asked(budgeted, dk):
    """Of us, of a peer, of both: two different variants are two."""
    await budgeted.knows(dk.as_peer())
    said = [
        await ask(budgeted, asked(SEEN | {"start": [start]}, **more))
        for start in (100, 1001)
        for more in ({}, {"datasets": ["clinic"]}, {"datasets": ["dk.example/wgs"]})
    ]

    assert {s["status"] for s in said} == {200}


# --- lists ----------------------------------------------------------------------

LISTED = ("22-101-T-C", "22-201-G-A", "22-1002-A-G", "22-101-T-C")


async def test_each_line_of_a_list_counts_before_any_peer_is_asked(budgeted, dk):
    """Beyond the budget a line says so, is no "no", and no peer hears of it."""
    await budgeted.knows(dk.as_peer(batch=True))
    _, (_, *lines) = await listed(budgeted, map(line, LISTED))

    assert [each["status"] for each in lines] == [
        *("seen", "not_seen", "no_answer", "seen"),
    ]
    assert (bool(lines[2]["error"]), lines[2]["beacons"]) == (True, [])
    assert dk.calls["/api/g_variants"] == 2


async def test_a_list_is_written_down_with_all_answers(audited, dk):
    """Every part before it is said, ours in code; then the request itself."""
    se, lines = audited
    await se.knows(dk.as_peer(batch=True))
    await listed(se, map(line, LISTED))
    async with asyncio.timeout(5):
        while len(lines()) < 3:  # noqa: ASYNC110 - the last is written after the end
            await asyncio.sleep(0.01)
    part, theirs, whole, *_ = lines()

    assert (part["kind"], len(part["queries"]), part["queries"][0]) == (
        *("part", 4, CODE),
    )
    assert {each["id"] for each in part["datasets"]} == {"clinic", "twins"}
    assert theirs["kind"] == "part"
    assert {each["id"] for each in theirs["datasets"]} == {"dk.example/wgs"}
    assert whole["route"] == "/network/batch"


async def test_a_list_that_cannot_be_written_down_is_not_told(audited, dk, monkeypatch):
    """Of no line, neither ours nor theirs."""
    se, _ = audited
    await se.knows(dk.as_peer(batch=True))

    async def refuse(*_: object, **__: object) -> None:
        raise AuditUnavailable

    monkeypatch.setattr(AuditLog, "admit", refuse)
    _, (_, *told) = await listed(se, map(line, LISTED))

    assert len(told) == len(LISTED)
    assert all(each["error"] and not each["beacons"] for each in told)


async def test_a_peer_for_the_identified_is_not_asked_for_others(se, dk, tmp_path):
    """Nor is what it would be shown; ``not_asked`` says why."""
    (tmp_path / "token").write_text("secret-of-our-service")
    shown = Credentials(proof=Proof.BEARER, token_file=tmp_path / "token")
    await se.knows(dk.as_peer(credentials=shown, audience=Audience.IDENTIFIED))
    said = await ask(se, asked(SEEN))

    assert words(said)["dk.example"] == "not_asked"
    assert said["info"]["beacons"][1]["reason"] == "log_in"
    assert said["info"]["complete"] is True
    assert dk.calls == {}


async def test_what_credentials_got_is_shared_with_nobody(se, tmp_path):
    """A peer that is shown our token is asked again for each who asks (no cache)."""
    seen: list[str | None] = []

    async def refuse(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.json_response({"error": {"errorCode": 403}}, status=403)

    app = web.Application()
    app.router.add_post("/api/g_variants", refuse)
    (tmp_path / "token").write_text("secret-of-our-service")
    shown = Credentials(proof=Proof.BEARER, token_file=tmp_path / "token")
    async with serving(app) as port:
        await se.knows(peer_at("a.x", port, credentials=shown))
        said = [await ask(se, asked(SEEN)) for _ in range(2)]

    assert seen == ["Bearer secret-of-our-service"] * 2
    assert {words(s)["a.x"] for s in said} == {"refused"}
    assert "secret" not in json.dumps(said)


@pytest.mark.parametrize("proof", [Proof.NONE, Proof.EXCHANGE])
async def test_f06_a_requesters_own_token_reaches_no_peer(addresses, dk, proof):
    """It is good here, and stays here; only the peer's own server may exchange it."""
    clock, forms = Clock(time()), []
    async with (
        watched(clock) as issuer,
        serving(_exchanging(forms)) as door,
        _believing(addresses, porter_for(believed(issuer), clock=clock)) as se,
    ):
        shown = Credentials(proof=proof, token_url=f"http://127.0.0.1:{door}/token")
        token = issuer.token("alice")
        await se.knows(dk.as_peer(credentials=shown))
        said = await ask(se, asked(SEEN), Authorization=f"Bearer {token}")
        forged = await ask(se, asked(SEEN), Authorization="Bearer not-one")

    is_exchanged = proof is Proof.EXCHANGE
    assert (said["status"], forged["status"]) == (200, 401)
    assert len(dk.headers) == 1
    assert token not in str(dk.headers)
    assert [f["subject_token"] == token for f in forms] == [True] * is_exchanged
    shown_ = [h["authorization"] for h in dk.headers if "authorization" in h]
    assert shown_ == ["Bearer for-the-peer"] * is_exchanged


async def test_f06_an_api_key_is_nobodys_to_exchange(addresses, dk):
    """It is ours alone: a peer that wants a token of its own is not asked."""
    forms: list[dict] = []
    terms = KeyTerms(name="k", life=timedelta(days=10), scopes=frozenset({"query"}))
    key, text = make_key(terms, b"p" * 32, datetime.now(UTC))
    secrets = Secrets(subjects=b"s" * 32, pepper=b"p" * 32, passports=b"v" * 32)
    porter = Porter((), secrets, keys=_Shelf({key.id: key}))
    async with (
        serving(_exchanging(forms)) as door,
        _believing(addresses, porter) as se,
    ):
        shown = Credentials(
            proof=Proof.EXCHANGE, token_url=f"http://127.0.0.1:{door}/token"
        )
        await se.knows(dk.as_peer(credentials=shown, audience=Audience.IDENTIFIED))
        said = await ask(se, asked(SEEN), Authorization=f"Bearer {text}")

    assert (said["status"], words(said)["dk.example"]) == (200, "not_asked")
    assert said["info"]["beacons"][1]["reason"] == "no_credentials"
    assert (forms, dk.headers) == ([], [])


class _Shelf:
    """Keys in memory, as the store has them."""

    def __init__(self, keys: dict) -> None:
        self._keys = keys

    async def api_key(self, public: str):
        """Return a key by its public id."""
        return self._keys.get(public)

    async def api_key_used(self, public: str, moment: datetime) -> None:
        """Take note of when it was used."""


def _exchanging(forms: list[dict]) -> web.Application:
    """Return a peer's authorisation server, and take down what it is sent."""

    async def exchange(request: web.Request) -> web.Response:
        forms.append(dict(await request.post()))
        return web.json_response(
            {"access_token": "for-the-peer", "token_type": "Bearer", "expires_in": 60}
        )

    app = web.Application()
    app.router.add_post("/token", exchange)
    return app


@asynccontextmanager
async def _believing(addresses, porter):
    """Give Sweden, which believes a porter."""
    try:
        async with nation("se.example", addresses["se"], porter=porter) as se:
            yield se
    finally:
        await porter.close()


# --- what is asked of whom ------------------------------------------------------


async def test_datasets_choose_whom_to_ask(se, dk, eu):
    """By the id of a dataset, or of a beacon and its dataset."""
    await se.knows(dk.as_peer(), eu.as_peer())
    one = await ask(se, asked(SEEN, datasets=["dk.example/wgs"]))
    ours = await ask(se, asked(SEEN, datasets=["clinic"]))

    assert list(sets(one)) == ["dk.example/wgs"]
    assert words(one) == {
        "se.example": "not_asked",
        "dk.example": "seen",
        "eu.example": "not_asked",
    }
    assert list(sets(ours)) == ["se.example/clinic"]
    assert words(ours)["eu.example"] == "not_asked"
    assert eu.calls["/api/g_variants"] == 1


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_list_is_asked_of_peers_that_take_lists(se, dk, eu, is_known):
    """One known to be like us in one request; the others are ``not_asked``."""
    await se.knows(dk.as_peer(batch=True), eu.as_peer())
    if is_known:
        await se.network.exchange.metadata.look(se.network.directory.peers[0])
    known = Understanding(loaded={"GRCh37"}, references={})
    queries = [
        understand(gather_line(SEEN | {"start": [100 + n]}), Address(), known)
        for n in range(12)
    ]
    store = await VariantStore.open(dk.store_address)
    beacon = LocalBeacon(store, OPEN, references={}, deadline=5)
    here = Here(se.network.directory.here, beacon)
    told = await se.network.federation.answer_many(
        [Asking(query=query) for query in queries], here
    )
    await store.close()

    assert [[n.status.value for n in one.nodes] for one in told] == [
        ["seen", "seen", "not_asked"],
        *[["not_seen", "not_seen", "not_asked"]] * 11,
    ]
    assert told[0].rows[1].part.counts.ac == 4
    assert told[0].rows[1].assembly == "GRCh37"
    assert told[0].nodes[2].reason == "lists"
    assert dict(dk.calls) == (
        {"/api/batch": 1} if is_known else {"/api/g_variants": 12}
    )


async def test_what_is_wrong_with_a_question_is_wrong_for_all(se, dk):
    """400, one sentence, and nobody is asked."""
    await se.knows(dk.as_peer())
    wrong = await ask(se, asked({"assemblyId": "GRCh37", "start": ["x"]}))
    odd = await ask(se, asked(SEEN), "?failures=yes")

    assert (wrong["status"], odd["status"]) == (400, 400)
    assert odd["info"]["parameter"] == "failures"
    assert dk.calls == {}


async def test_test_mode_asks_nobody(se, dk):
    """An invented record, by ourselves."""
    await se.knows(dk.as_peer())
    said = await ask(
        se, {"query": {"testMode": True, "requestedGranularity": "record"}}
    )

    assert said["meta"]["testMode"] is True
    assert len(said["response"]["resultSets"]) == 1
    assert said["info"]["complete"] is True
    assert words(said) == {"se.example": "seen"}
    assert dk.calls == {}


def test_lines_are_asked_for_by_name():
    """``*/*`` is no wish for lines."""
    assert wants_lines("application/json, application/x-ndjson;q=0.5")
    assert not wants_lines("*/*")
    assert not wants_lines("")


# --- what there is to know ------------------------------------------------------


async def test_documents_of_the_network_are_valid(se, dk):
    """Each says that it speaks for several; of a peer never heard only the id."""
    await se.knows(dk.as_peer(), peer_at("xx.gone", 1))
    await se.network.exchange.metadata.look(se.network.directory.peers[0])
    found = {
        path: (await get(se, f"/network/{path}"))[2]
        for path in ("info", "map", "configuration", "entry_types", "filtering_terms")
    }
    kinds = {"entry_types": "entryTypes", "filtering_terms": "filteringTerms"}

    assert [v for p, d in found.items() for v in violations(d, kinds.get(p, p))] == []
    assert {d["meta"]["isAggregated"] for d in found.values()} == {True}
    infos = {each["meta"]["beaconId"]: each for each in found["info"]["responses"]}
    assert list(infos) == ["se.example", "dk.example"]
    assert [v for each in infos.values() for v in violations(each, "info")] == []
    assert found["info"]["info"]["unreached"] == ["xx.gone"]
    (one,) = found["map"]["response"]["endpointSets"].values()
    assert one["rootUrl"] == f"{se.address}/network/g_variants"


async def test_services_and_registries_list_every_node(se, dk):
    """For the pages that read them; ours are valid by our own schemas."""
    await se.knows(dk.as_peer())
    services = (await get(se, "/network/services"))[2]
    registries = (await get(se, "/network/registries"))[2]
    schemas = {"schemas": components()}

    assert [each["id"] for each in services] == ["se.example", "dk.example"]
    listed = registries["response"]["registries"]
    assert [each["beaconId"] for each in listed] == ["se.example", "dk.example"]
    for name, document in (
        ("networkServices", services),
        ("networkRegistries", registries),
    ):
        judge = Draft202012Validator(
            {"$ref": f"#/components/schemas/{name}", "components": schemas}
        )
        assert list(judge.iter_errors(document)) == []


async def test_f12_the_status_agrees_with_what_happened(se, dk, eu):
    """One well, one silent, one broken, one that is another than it is listed as."""

    async def broken(_: web.Request) -> web.Response:
        return web.Response(status=500, text="no")

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", broken)
    async with silent_peer() as (slow, _, _), serving(app) as port:
        await se.knows(
            dk.as_peer(),
            peer_at("xx.slow", slow, seconds=0.2),
            peer_at("xx.broken", port),
            peer_at("xx.liar", eu.port),
            remembered=0.0,
        )
        for _ in range(6):
            said = await ask(se, asked(SEEN))
        status = (await get(se, "/network/status"))[2]
    judge = Draft202012Validator(
        {
            "$ref": "#/components/schemas/networkStatus",
            "components": {"schemas": components()},
        }
    )
    nodes = {each["beaconId"]: each for each in status["nodes"]}
    states = {name: each["state"] for name, each in nodes.items()}
    liar = states.pop("xx.liar")

    assert list(judge.iter_errors(status)) == []
    assert list(nodes) == [
        *("se.example", "dk.example", "xx.slow", "xx.broken", "xx.liar")
    ]
    assert states == {
        "se.example": "ok",
        "dk.example": "ok",
        "xx.slow": "paused",
        "xx.broken": "paused",
    }
    assert liar in ("paused", "down")  # as it says, or as it answers
    assert nodes["xx.slow"]["breaker"] == "open"
    assert nodes["dk.example"]["success24h"] == 1
    assert nodes["xx.liar"]["lastReason"] == "wrong_beacon"
    assert words(said) == {
        "se.example": "seen",
        "dk.example": "seen",
        "xx.slow": "no_answer",
        "xx.broken": "no_answer",
        "xx.liar": "no_answer",
    }
    assert said["info"]["beacons"][2]["reason"] == "paused"


async def test_metrics_tell_of_peers_and_of_no_question(se, dk):
    """How often each gave which word."""
    await se.knows(dk.as_peer())
    await ask(se, asked(SEEN))
    async with (
        ClientSession() as session,
        session.get(f"{se.address}/metrics") as response,
    ):
        text = await response.text()

    assert 'beacon_peer_answers_total{peer="dk.example",status="seen"} 1.0\n' in text
    assert 'beacon_peer_seconds_total{peer="dk.example"}' in text


async def test_a_network_in_a_network_keeps_its_beacons(se, dk, eu):
    """What Europe tells of Denmark is Denmark's, by way of Europe."""
    await eu.knows(dk.as_peer())
    await se.knows(eu.as_peer(kind=NodeKind.NETWORK))
    said = await ask(se, asked(SEEN))
    each = sets(said)

    assert list(words(said)) == ["se.example", "eu.example"]
    assert each["dk.example/wgs"]["info"]["via"][0] == "eu.example"
    assert each["eu.example/goe"]["info"]["alleleCount"] == 9


@pytest.mark.parametrize(
    "parameters",
    [
        {"assemblyId": "GRCh37", "referenceName": "22", "start": [50], "end": [300]},
        {"assemblyId": "GRCh37", "referenceName": "22", "start": [0, 200]}
        | {"end": [101, 400]},
        {"assemblyId": "GRCh37", "referenceName": "22", "start": [90], "end": [500]}
        | {"variantType": "DEL", "similarity": 0.5},
        {"assemblyId": "GRCh37", "genomicAlleleShortForm": "rs123"},
        {"assemblyId": "GRCh37", "aminoacidChange": "V600E", "geneId": "BRAF"},
    ],
)
async def test_every_kind_of_question_has_a_word_of_each_node(se, dk, parameters):
    """Whatever a peer has no words for is ``not_asked``, never an error of ours."""
    await se.knows(dk.as_peer())
    said = await ask(se, asked(parameters, filters=[]))

    assert said["status"] in (200, 400, 502)
    if said["status"] != 400:
        assert "failed" not in [b.get("reason") for b in said["info"]["beacons"]]
        assert words(said)["dk.example"] in (
            *("seen", "not_seen", "not_covered", "not_asked", "no_answer"),
        )


async def test_a_total_counts_every_yes_and_says_when_there_may_be_more(se):
    """A yes without a number is one at least; who is silent may have more."""
    async with (
        serving(telling("xx.yes", told("b", exists=True))) as yes,
        silent_peer() as (slow, _, _),
    ):
        await se.knows(peer_at("xx.yes", yes))
        counted = await ask(se, asked(UNSEEN, requestedGranularity="count"))
        await se.knows(peer_at("xx.slow", slow, seconds=0.2))
        partial = await ask(se, asked(UNSEEN, requestedGranularity="count"))
    await se.knows()
    whole = await ask(se, asked(UNSEEN, requestedGranularity="count"))

    assert counted["responseSummary"] == {
        "exists": True,
        "numTotalResults": 1,
        "countPrecision": "imprecise",
    }
    assert partial["responseSummary"] == {
        "exists": False,
        "numTotalResults": 0,
        "countPrecision": "imprecise",
    }
    assert whole["responseSummary"] == {"exists": False, "numTotalResults": 0}


async def test_a_long_answer_is_written_beside_the_loop(se, monkeypatch):
    """Others are answered meanwhile; a short one is written at once."""
    many = [told(f"d{n}", exists=False) for n in range(600)]
    threads, write = [], network_wire.network_answer

    def watched_(*args, **more):
        threads.append(threading.current_thread() is threading.main_thread())
        return write(*args, **more)

    monkeypatch.setattr(network_wire, "network_answer", watched_)
    async with serving(telling("xx.many", *many)) as port:
        short = await ask(se, asked(SEEN))
        await se.knows(peer_at("xx.many", port))
        long = await ask(se, asked(UNSEEN))
        lines = await lines_of(se, asked(UNSEEN))

    assert threads == [True, False, False]
    assert len(sets(short)) == 2
    assert len(sets(long)) == 602
    assert sets(lines[-1]["document"]) == sets(long)
    assert len(lines[-2]["resultSets"]) in (2, 600)
