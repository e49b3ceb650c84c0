"""Real beacons that ask one another over loopback, and peers that fail them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import asynccontextmanager
from time import monotonic
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientResponse, ClientSession, web
from jsonschema import Draft202012Validator

from beacon.auth.networks import networks
from beacon.auth.porter import Porter, Secrets
from beacon.model.chains import Block, Chains
from beacon.model.errors import BudgetSpent
from beacon.model.genes import ASKED_ELSEWHERE
from beacon.model.lifting import Lifting
from beacon.model.nodes import Node, NodeAnswer, NodeKind, Reason
from beacon.model.notation import parse
from beacon.model.query import Query
from beacon.model.requester import Requester
from beacon.model.status import Status
from beacon.network.asking import Asking
from beacon.network.federation import Federation
from beacon.network.here import Here
from beacon.network.peers import Directory
from beacon.policy.policy import OPEN
from beacon.service import LocalBeacon
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore
from beacon.wire.components import components
from tests.api.site import publish_many
from tests.network.nations import (
    SEEN,
    UNSEEN,
    ask,
    asked,
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

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from beacon.network.peers import Peer
    from tests.network.nations import Nation

HTTP_ERROR, PAUSED = Reason.HTTP_ERROR, Reason.PAUSED
SLACK = 1.5
"""Seconds that a busy machine may take for what takes none."""


async def test_one_question_is_answered_by_every_nation(se, dk, eu):
    """Each dataset in its own result set, under the beacon that has it."""
    await se.knows(dk.as_peer(), eu.as_peer())
    said = await ask(se, asked(SEEN))
    each = sets(said)

    assert said["status"] == 200
    assert set(words(said).values()) == {"seen"}
    assert list(words(said)) == ["se.example", "dk.example", "eu.example"]
    assert list(each) == [
        *("se.example/clinic", "se.example/twins"),
        *("dk.example/wgs", "eu.example/goe"),
    ]
    assert each["dk.example/wgs"]["info"]["alleleCount"] == 4
    assert said["meta"]["isAggregated"] is True
    assert said["info"]["complete"] is True
    assert (said["info"]["asked"], said["info"]["answered"]) == (3, 3)
    assert [len(s["results"]) for s in each.values()] == [1, 1, 1, 1]


async def test_a_no_of_all_rests_on_the_numbers_of_each(se, dk, eu):
    """Nobody carries it; each says among how many it looked."""
    await se.knows(dk.as_peer(), eu.as_peer())
    said = await ask(se, asked(UNSEEN))

    assert said["responseSummary"]["exists"] is False
    assert said["info"]["status"] == "not_seen"
    assert {n: s["info"]["status"] for n, s in sets(said).items()} == {
        "se.example/clinic": "not_seen",
        "se.example/twins": "not_seen",
        "dk.example/wgs": "not_seen",
        "eu.example/goe": "not_seen",
    }
    assert sets(said)["eu.example/goe"]["info"]["alleleNumber"] == 200


def alleles_of(said: dict) -> dict[str, list[int]]:
    """Return where the records of each set begin."""
    return {
        name: [
            each["variation"]["location"]["interval"]["start"]["value"]
            for each in one["results"]
        ]
        for name, one in sets(said).items()
    }


@pytest.mark.parametrize("limit", [100, 250, 0])
async def test_pages_of_all_nodes_go_on_from_one_another(shared_address, limit):
    """No record twice and none left out, and a page that is cut short is said to be."""
    address = shared_address("nation_of_many")
    with Catalogue(address) as catalogue:
        publish_many(catalogue, "many", 230)
    everywhere = {"assemblyId": "GRCh37", "referenceName": "22", "start": [0]}
    range_ = everywhere | {"end": [5000]}
    async with (
        nation("no.example", address) as no,
        nation("is.example", address) as is_,
    ):
        await is_.knows(no.as_peer())
        pages = [
            await ask(is_, asked(range_, pagination={"skip": skip, "limit": limit}))
            for skip in range(4)
        ]

    found: dict[str, list[int]] = {"no.example/many": [], "is.example/many": []}
    for page in map(alleles_of, pages):
        assert {len(each) for each in page.values()} in ({100}, {30}, {0})
        for name, starts in page.items():
            found[name] += starts
    assert [*found.values()] == [[*range(1000, 1230)]] * 2
    understood = [each["meta"]["receivedRequestSummary"] for each in pages]
    assert {each["pagination"]["limit"] for each in understood} == {100}
    told = [each["info"].get("warnings", []) for each in pages]
    assert all(any("cut to" in one for one in each) == (limit > 100) for each in told)


async def test_a_further_page_of_one_allele_has_no_records(se, dk):
    """Of ourselves and of a peer alike; what the word is rests on no page."""
    await se.knows(dk.as_peer())
    said = await ask(se, asked(SEEN, pagination={"skip": 1, "limit": 10}))

    assert set(words(said).values()) == {"seen"}
    assert [*alleles_of(said).values()] == [[], [], []]


async def test_a_get_asks_what_a_post_asks(se, dk):
    """By the same handler, with the same answer."""
    await se.knows(dk.as_peer())
    posted = await ask(se, asked(SEEN))
    parameters = {k: str(v).strip("[]") for k, v in SEEN.items()} | {
        "requestedGranularity": "record",
        "includeResultsetResponses": "ALL",
    }
    async with (
        ClientSession() as session,
        session.get(f"{se.address}/network/g_variants", params=parameters) as response,
    ):
        got = await response.json()

    assert sets(got) == sets(posted)


@pytest.mark.parametrize("is_posted", [True, False])
async def test_one_variant_is_asked_of_all_by_its_id(se, dk, is_posted):
    """As below ``/api``: the path names it, and each nation is asked in its words."""
    await se.knows(dk.as_peer())
    path = "/network/g_variants/GRCh37-22-101-T-C?requestedGranularity=record"
    address = se.address + path
    async with ClientSession() as session:
        body = {"query": {"requestedGranularity": "record"}}
        request = (
            session.post(address, json=body) if is_posted else session.get(address)
        )
        async with request as response:
            one = await response.json()
    all_ = await ask(se, asked(SEEN))

    assert response.status == 200
    assert {k: v["info"]["status"] for k, v in sets(one).items()} == {
        k: v["info"]["status"] for k, v in sets(all_).items() if v["exists"]
    }
    assert dk.calls


async def test_one_variant_of_a_name_that_is_none_is_refused(se):
    """With the sentence of ``/api``."""
    async with ClientSession() as session:
        said = []
        for root in ("network", "api"):
            address = f"{se.address}/{root}/g_variants/nothing-known"
            async with session.get(address) as response:
                said.append((response.status, (await response.json()).get("error")))

    assert said[0] == said[1]


class Counting:
    """Our own beacon, that refuses after a while what it has counted."""

    def __init__(self, seconds: float) -> None:
        self.node = Node(id="se.us", names={"en": "Us"}, kind=NodeKind.HERE)
        self._seconds = seconds

    async def count(self, asking: Asking) -> None:
        """Count a question."""

    async def ask(self, asking: Asking) -> NodeAnswer:
        """Refuse it: what it names is one allele too many."""
        await asyncio.sleep(self._seconds)
        message = "Nothing is left."
        raise BudgetSpent(message, limit=1, seconds=1)


class NobodyHeldOff:
    """Asks whoever it is told to, for anybody."""

    def held_off(self, peer: Peer, requester: Requester) -> None:
        """Hold nobody off."""


@pytest.mark.parametrize(
    ("typed", "is_asked"), [("rs123", False), ("22-101-T-C", True)]
)
async def test_a_name_is_ours_to_refuse_before_any_peer_is_asked(typed, is_asked):
    """What it costs is known when its alleles are, later than of an allele."""
    under = []

    class Peers(NobodyHeldOff):
        async def ask(self, peer, asking, seconds):
            under.append(peer.node.id)
            return NodeAnswer(node=peer.node, status=Status.NOT_SEEN)

    pattern = parse(
        typed, assembly="GRCh37", loaded=(), references={}, genes=ASKED_ELSEWHERE
    )
    ours = Counting(0.5)
    directory = Directory(here=ours.node, peers=(peer_at("a.x", 1),))
    federation = Federation(Peers(), lambda: directory)
    with pytest.raises(BudgetSpent):
        await federation.answer(
            Asking(query=Query(pattern=pattern)), ours, waits_for_us=True
        )

    assert bool(under) is is_asked


async def test_f01_peers_are_asked_before_we_work_on_an_answer_ourselves():
    """Their time and ours is the same time: what we compute keeps no question back."""
    began: list[str] = []

    class Peers(NobodyHeldOff):
        async def ask(self, peer, asking, seconds):
            await asyncio.sleep(0)  # as a request is written in a turn of its own
            began.append(peer.node.id)
            return NodeAnswer(node=peer.node, status=Status.NOT_SEEN)

    class Ours:
        node = Node(id="se.us", names={"en": "Us"}, kind=NodeKind.HERE)

        async def ask(self, asking):
            began.append(self.node.id)
            return NodeAnswer(node=self.node, status=Status.NOT_SEEN)

    peers = tuple(peer_at(name, 1) for name in ("a.x", "b.x"))
    directory = Directory(here=Ours.node, peers=peers)
    federation = Federation(Peers(), lambda: directory)
    said = await federation.answer(Asking(query=Query()), Ours())

    assert began == ["a.x", "b.x", "se.us"]
    assert [node.node.id for node in said.nodes] == ["se.us", "a.x", "b.x"]


async def test_a_network_without_peers_is_ourselves(se):
    """Nothing is asked of anybody."""
    said = await ask(se, asked(SEEN))

    assert words(said) == {"se.example": "seen"}
    assert said["info"]["complete"] is True


# --- failures -----------------------------------------------------------------


async def test_f10_one_requester_cannot_hammer_a_failing_peer(se):
    """Their questions make it fail five times; others, also of the same, ask it on."""
    came: Counter[str] = Counter()

    async def fail(request: web.Request) -> web.Response:
        if request.path.endswith("g_variants"):
            body = await request.json()
            came[str(body["query"]["requestParameters"]["start"])] += 1
            return web.Response(status=500)
        return web.json_response({"response": {"id": "xx.failing"}})

    async def question(place: int, who: str) -> NodeAnswer:
        pattern = parse(f"22-{place}-T-C", assembly="GRCh37", loaded=(), references={})
        query = Query(pattern=pattern)
        asks = Requester(subject=who, issuer="https://issuer.example")
        beacon = Here(federation.directory.here, se_beacon)
        said = await federation.answer(Asking(query=query, requester=asks), beacon)
        return said.nodes[1]

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", fail)
    federation = se.network.federation
    store = await VariantStore.open(se.store_address)
    se_beacon = LocalBeacon(store, OPEN, references={}, deadline=5)
    try:
        async with serving(app) as port:
            await se.knows(peer_at("xx.failing", port))
            said = [await question(place, "a") for place in range(101, 120)]
            before = came.total()
            others = [await question(119, who) for who in "bc"]
    finally:
        await store.close()

    assert before == 5
    assert came.total() == 7
    assert {each.status for each in (*said, *others)} == {Status.NO_ANSWER}
    assert [each.reason for each in said] == [*[HTTP_ERROR] * 5, *[PAUSED] * 14]
    assert [each.reason for each in others] == [HTTP_ERROR] * 2


async def test_f01_a_slow_peer_costs_only_itself(se, dk):
    """Others' rows come at their own speed; it has ``no_answer`` at its deadline."""
    async with silent_peer() as (port, _, _):
        await se.knows(peer_at("xx.slow", port, seconds=1.0), dk.as_peer())
        began = monotonic()
        came = {}
        async with (
            ClientSession() as session,
            session.post(
                f"{se.address}/network/g_variants",
                json=asked(SEEN),
                headers={"Accept": "application/x-ndjson"},
            ) as response,
        ):
            lines = []
            async for raw in response.content:
                line = json.loads(raw)
                lines.append(line)
                if "beacon" in line:
                    came[line["beacon"]["beaconId"]] = monotonic() - began
        spent = monotonic() - began

    assert [line["event"] for line in lines] == [
        *("asked", "answer", "answer", "failure", "done")
    ]
    assert came["dk.example"] < came["xx.slow"]
    assert lines[3]["beacon"]["reason"] == "timeout"
    assert lines[3]["beacon"]["status"] == "no_answer"
    assert 0.9 < spent < 1.0 + SLACK
    whole = lines[4]["document"]
    assert whole["info"]["complete"] is False
    assert [b["beaconId"] for b in whole["info"]["beacons"]] == [
        *("se.example", "xx.slow", "dk.example")
    ]


async def test_f01_the_deadline_of_all_ends_a_peer_that_has_more(se):
    """A question never runs longer than the network's own deadline."""
    async with silent_peer() as (port, _, _):
        await se.knows(peer_at("xx.slow", port, seconds=30.0), deadline=0.5)
        began = monotonic()
        said = await ask(se, asked(SEEN))

    assert words(said) == {"se.example": "seen", "xx.slow": "no_answer"}
    assert monotonic() - began < 0.5 + SLACK


@pytest.mark.parametrize("parameters", [SEEN, UNSEEN], ids=["hit", "miss"])
async def test_f09_answers_are_valid_and_say_whether_they_are_whole(
    se, dk, eu, parameters
):
    """By v2.1 and v2.2, at each granularity and for each choice of result sets.

    The schemas of v2.0.0 are not beside the project, nor do they follow from those
    of v2.1.1: what they require more, of every result set, is looked for by hand.
    """
    async with silent_peer() as (port, _, _):
        await se.knows(
            dk.as_peer(), eu.as_peer(), peer_at("xx.slow", port, seconds=0.3)
        )
        said = {
            (level, which, path): await ask(
                se,
                asked(
                    parameters,
                    requestedGranularity=level,
                    includeResultsetResponses=which,
                ),
                path,
            )
            for level in ("boolean", "count", "record")
            for which in ("HIT", "MISS", "ALL", "NONE")
            for path in ("", "?failures=resultsets")
        }
    documents, is_hit = list(said.values()), parameters is SEEN
    judge = Draft202012Validator(
        {"$ref": "#/components/schemas/networkAnswer", "components": _COMPONENTS}
    )

    assert [v for d in documents for v in violations(_without_status(d), *_KIND)] == []
    assert [e for d in documents for e in judge.iter_errors(_without_status(d))] == []
    assert {d["info"]["complete"] for d in documents} == {False}
    assert [
        s
        for d in documents
        for s in d["response"]["resultSets"]
        if not {"id", "setType", "exists", "resultsCount", "results"} <= s.keys()
    ] == []
    total = {"numTotalResults": 4 * is_hit, "countPrecision": "imprecise"}
    for (level, which, path), document in said.items():
        listed = sets(document)
        failed = listed.pop("xx.slow/xx.slow", None)
        wanted = {"ALL": 4, "NONE": 0, "HIT": 4 * is_hit, "MISS": 4 * (not is_hit)}
        counted = {} if level == "boolean" else total
        assert document["responseSummary"] == {"exists": is_hit, **counted}
        assert len(listed) == wanted[which]
        assert {each["exists"] for each in listed.values()} <= {is_hit}
        assert (failed is not None) == bool(path)
        # It is left alone, after some questions.
        assert not failed or failed["info"]["error"]["errorCode"] in (504, 502)


_KIND = ("resultsets", "genomicVariant")
_COMPONENTS = {"schemas": components()}


def _without_status(document: dict) -> dict:
    return {name: value for name, value in document.items() if name != "status"}


async def test_f09_nobody_who_answers_is_a_failure_of_all(dk, addresses, store_address):
    """502, with the reason of each; a beacon with nothing loaded has no say."""
    del addresses
    async with nation("no.example", store_address) as empty:
        async with silent_peer() as (port, _, _):
            await empty.knows(peer_at("xx.slow", port, seconds=0.3))
            said = await ask(empty, asked(SEEN))
        await empty.knows(dk.as_peer())
        better = await ask(empty, asked(SEEN))

    assert said["status"] == 502
    assert said["error"]["errorCode"] == 502
    assert said["info"]["status"] == "no_answer"
    assert words(said) == {"no.example": "not_asked", "xx.slow": "no_answer"}
    assert violations(_without_status(said), "error") == []
    assert better["status"] == 200
    assert words(better) == {"no.example": "not_asked", "dk.example": "seen"}
    assert better["info"]["complete"] is True


# --- loops --------------------------------------------------------------------


async def test_f07_mutual_peers_are_asked_once_each(se, dk):
    """A and B ask each other's ``/api``, which asks nobody."""
    await se.knows(dk.as_peer())
    await dk.knows(se.as_peer())
    said = await ask(se, asked(SEEN))

    assert words(said) == {"se.example": "seen", "dk.example": "seen"}
    assert dict(se.calls) == {"/network/g_variants": 1}
    assert dict(dk.calls) == {"/api/g_variants": 1}


async def test_f07_mutual_networks_are_asked_once_each(se, dk):
    """A's question does not come back to A by way of B."""
    await se.knows(dk.as_peer(kind=NodeKind.NETWORK))
    await dk.knows(se.as_peer(kind=NodeKind.NETWORK))
    said = await ask(se, asked(SEEN))

    assert dict(se.calls) == {"/network/g_variants": 1}
    assert dict(dk.calls) == {"/network/g_variants": 1}
    assert words(said) == {"se.example": "seen", "dk.example": "seen"}
    assert said["info"]["complete"] is True
    assert list(sets(said)) == [
        *("se.example/clinic", "se.example/twins", "dk.example/wgs")
    ]


async def test_a_question_that_comes_back_is_a_loop(se, dk):
    """508, before anybody is asked."""
    await se.knows(dk.as_peer())
    came_back = await ask(se, asked(SEEN), Via="beacon/2 xx.other, beacon/2 se.example")
    too_far = await ask(se, asked(SEEN), Via="beacon/2 a, beacon/2 b, beacon/2 c")

    assert (came_back["status"], too_far["status"]) == (508, 508)
    assert came_back["error"]["errorCode"] == 508
    assert dict(dk.calls) == {}


async def test_our_own_question_come_back_without_a_sign_is_answered_by_us(se, dk):
    """A network that passes no ``Via`` on is known by its name."""
    async with silent_peer() as (port, under_way, _):
        await se.knows(peer_at("xx.slow", port, seconds=2.0), dk.as_peer())
        first = asyncio.create_task(ask(se, asked(SEEN)))
        await _until(lambda: under_way)
        echo = await ask(se, asked(SEEN), User_Agent="BN/2.0.0")
        await first

    assert words(echo) == {
        "se.example": "seen",
        "xx.slow": "not_asked",
        "dk.example": "not_asked",
    }
    assert echo["info"]["complete"] is False
    assert {b.get("reason") for b in echo["info"]["beacons"][1:]} == {"under_way"}
    assert "on its way" in echo["info"]["beacons"][0]["warnings"][0]
    assert dk.calls["/api/g_variants"] == 1


async def test_a_proxy_before_us_is_no_network(se):
    """Two who come by one at once are both answered by all; nor are three too far."""
    async with serving(telling("xx.yes", told("b", exists=True), after=0.5)) as port:
        await se.knows(peer_at("xx.yes", port))
        said = await asyncio.gather(
            *(ask(se, asked(UNSEEN), Via="1.1 google") for _ in range(2))
        )
        far = await ask(se, asked(UNSEEN), Via="1.1 a, 1.1 b (x), HTTP/2.0 c")

    assert [words(s)["xx.yes"] for s in (*said, far)] == ["seen"] * 3
    assert {s["info"]["complete"] for s in said} == {True}


async def test_a_proxy_may_be_called_as_a_beacon_is(se, dk):
    """As ours, or a peer's: it is no loop, and the peer is asked."""
    await se.knows(dk.as_peer())
    said = await ask(se, asked(SEEN), Via="1.1 se.example, 2.0 dk.example (proxy)")

    assert said["status"] == 200
    assert words(said) == {"se.example": "seen", "dk.example": "seen"}
    assert said["info"]["complete"] is True


async def test_f07_who_is_skipped_for_a_loop_has_not_answered(se, dk):
    """A question says that it came by a peer; whether that asks it nobody knows."""
    await se.knows(dk.as_peer())
    said = await ask(se, asked(UNSEEN), Via="beacon/2 dk.example")

    assert said["status"] == 200
    assert words(said) == {"se.example": "not_seen", "dk.example": "not_asked"}
    assert said["info"]["beacons"][1]["reason"] == "loop"
    assert said["info"]["complete"] is False
    assert said["info"]["skipped"] == ["dk.example"]
    assert dk.calls == {}


async def test_f07_a_ring_of_networks_is_whole_for_who_asks_it(se, dk, eu):
    """Who is skipped at its end is asked at its beginning, and nobody else is."""
    network = {"kind": NodeKind.NETWORK}
    far = {"most_hops": 6}
    await se.knows(dk.as_peer(**network), **far)
    await dk.knows(eu.as_peer(**network), **far)
    await eu.knows(se.as_peer(**network), dk.as_peer(**network), **far)
    whole = await ask(se, asked(SEEN))
    forged = await ask(se, asked(SEEN), Via="beacon/2 xx.other")
    other = peer_at("xx.other", 9, "network", **network)
    await eu.knows(se.as_peer(**network), other, **far)
    lacking = await ask(se, asked(UNSEEN), Via="beacon/2 xx.other")

    assert {each.partition("/")[0] for each in sets(whole)} == {
        *("se.example", "dk.example", "eu.example")
    }
    assert (whole["info"]["complete"], forged["info"]["complete"]) == (True, True)
    assert lacking["info"]["complete"] is False
    assert lacking["info"]["skipped"] == ["xx.other"]


@pytest.mark.parametrize("at_once", [True, False])
async def test_who_asks_for_one_dataset_narrows_nobody_elses_answer(se, at_once):
    """Neither what is remembered nor what is shared is less than all of it."""
    sets_ = told("A", exists=False), told("B", exists=True)
    async with serving(telling("xx.two", *sets_, after=0.5 * at_once)) as port:
        await se.knows(peer_at("xx.two", port))
        narrow = asyncio.create_task(ask(se, asked(UNSEEN, datasets=["xx.two/A"])))
        if not at_once:
            await narrow
        else:
            await _until(lambda: se.calls["/network/g_variants"])
        whole = await ask(se, asked(UNSEEN))
        one = await narrow

    assert words(one)["xx.two"] == "not_seen"
    assert [name for name in sets(one) if name[:2] == "xx"] == ["xx.two/A"]
    assert words(whole)["xx.two"] == "seen"
    assert whole["responseSummary"]["exists"] is True
    counted = se.network.federation.counted()
    assert counted["network_joined"] + counted["network_remembered"] == 1


@pytest.mark.parametrize("word", ["not_seen", "withheld", "not_covered"])
async def test_f08_a_yes_is_not_hidden_by_who_is_asked_first(se, word):
    """One dataset, told by two: it is seen, and that they differ is said."""
    no = told("GDID-1", exists=False, info={"status": word})
    yes = told("GDID-1", exists=True)
    async with (
        serving(telling("xx.no", no)) as first,
        serving(telling("xx.yes", yes)) as second,
    ):
        await se.knows(peer_at("xx.no", first), peer_at("xx.yes", second))
        said = await ask(se, asked(UNSEEN))

    assert said["info"]["status"] == "seen"
    assert said["responseSummary"]["exists"] is True
    assert sets(said)["xx.yes/GDID-1"]["exists"] is True
    assert len(sets(said)) == 3
    assert word in said["info"]["warnings"][0]


async def test_f10_slow_ranges_pause_nobody(se):
    """What may take a good peer long is no sign that it fails."""
    quick = telling("xx.slow", told("d", exists=False))

    @web.middleware
    async def slow(request: web.Request, handler) -> web.StreamResponse:
        if b'"end"' in await request.read():
            await asyncio.sleep(20)
        return await handler(request)

    quick.middlewares.append(slow)
    ranges = [
        {"assemblyId": "GRCh37", "referenceName": "22", "start": [1], "end": [9 + n]}
        for n in range(6)
    ]
    async with serving(quick) as port:
        await se.knows(peer_at("xx.slow", port, seconds=0.3, at_once=6))
        late = [words(await ask(se, asked(each)))["xx.slow"] for each in ranges]
        await se.knows(peer_at("xx.slow", port, seconds=5.0, at_once=6))
        said = await ask(se, asked(UNSEEN))

    assert late == ["no_answer"] * 6
    assert words(said)["xx.slow"] == "not_seen"


async def test_peers_are_told_the_way_and_the_id_and_nothing_of_who_asks(se, dk):
    """``Via`` and ``X-Request-Id``; neither a token nor a cookie (F6)."""
    await se.knows(dk.as_peer())
    said = await ask(se, asked(SEEN), Cookie="a=b", X_Case_Reference="C1")
    (headers,) = dk.headers

    assert headers["via"] == "beacon/2 se.example"
    assert headers["x-request-id"] == said["info"]["beacons"][1]["requestId"]
    assert {"authorization", "cookie", "x-case-reference"}.isdisjoint(headers)


# --- one dataset, one row -----------------------------------------------------


async def test_f08_a_dataset_told_on_two_ways_is_one_row(se, dk, eu):
    """What Denmark says itself is shown, not what Europe says for it."""
    await eu.knows(dk.as_peer())
    await se.knows(eu.as_peer(kind=NodeKind.NETWORK), dk.as_peer())
    said = await ask(se, asked(SEEN))
    await se.knows(eu.as_peer(kind=NodeKind.NETWORK))
    around = await ask(se, asked(SEEN))

    assert list(sets(said)).count("dk.example/wgs") == 1
    assert sets(said)["dk.example/wgs"]["info"]["via"] == ["dk.example"]
    assert {s["exists"] for s in sets(said).values()} == {True}
    assert said["responseSummary"]["exists"] is True
    assert said["info"]["status"] == "seen"
    assert "warnings" not in said["info"]
    assert len(sets(said)) == len(said["response"]["resultSets"]) == 4
    assert "eu.example" in sets(around)["dk.example/wgs"]["info"]["via"]
    assert sets(around)["dk.example/wgs"]["info"]["alleleCount"] == 4


async def test_f08_people_are_told_between_bounds_and_by_kind(se, dk, eu):
    """Patients and population apart; only what is declared disjoint is added up."""
    await se.knows(dk.as_peer(kinds={"*": "patients"}), eu.as_peer())
    undeclared = (await ask(se, asked(SEEN)))["info"]
    await se.knows(
        dk.as_peer(kinds={"*": "patients"}, overlap="danes"),
        eu.as_peer(kinds={"*": "population"}),
    )
    said = (await ask(se, asked(SEEN)))["info"]

    # Sweden's clinic has 3 carriers and Denmark 4; twins say no kind.
    assert undeclared["people"]["patients"] == {"seenAtLeast": 4, "seenAtMost": 7}
    assert said["people"]["population"] == {"seenAtLeast": 9, "seenAtMost": 9}
    assert said["people"]["unstated"] == {"seenAtLeast": 2, "seenAtMost": 2}
    assert "pooled" not in undeclared


async def test_f08_a_dataset_of_a_silent_beacon_is_no_answer(se):
    """Nor is it where a network says that somebody, unnamed, was not heard."""
    late = {"error": {"errorCode": 504, "errorMessage": "late"}}
    heard = telling(
        "net.example",
        told("a", exists=True, beaconId="a.example", resultsCount=1, results=[]),
        told("b", exists=False, beaconId="b.example", resultsCount=0, info=late),
    )
    by_datasets = {}
    async with serving(heard) as port:
        await se.knows(peer_at("net.example", port, kind=NodeKind.NETWORK))
        for names in (["b.example/b1"], ["b1"], ["a.example/a"], ["c.example/c"]):
            body = asked(UNSEEN, datasets=names)
            by_datasets[names[0]] = (await ask(se, body))["info"]

    silent, anybodys, seen, nowhere = by_datasets.values()
    assert [each["status"] for each in by_datasets.values()] == [
        *("no_answer", "no_answer", "seen", "not_asked")
    ]
    assert [silent["complete"], anybodys["complete"]] == [False, False]
    assert [seen["complete"], nowhere["complete"]] == [True, True]


# --- limits -------------------------------------------------------------------


async def test_f11_a_peer_is_asked_so_many_questions_at_once(se):
    """Fifty at once, each peer no more than its own limit, and none is lost."""
    most: dict[str, int] = {}
    running: dict[str, int] = {}

    def app(name: str) -> web.Application:
        async def answer(request: web.Request) -> web.Response:
            running[name] = running.get(name, 0) + 1
            most[name] = max(most.get(name, 0), running[name])
            body = await request.json()
            await asyncio.sleep(0.02)
            running[name] -= 1
            return web.json_response(_boolean_no(name, body))

        made = web.Application()
        made.router.add_post("/api/g_variants", answer)
        return made

    limits = {"a.x": 1, "b.x": 2, "c.x": 3, "d.x": 4}
    async with (
        serving(app("a.x")) as a,
        serving(app("b.x")) as b,
        serving(app("c.x")) as c,
        serving(app("d.x")) as d,
    ):
        peers = [
            peer_at(name, port, at_once=limit)
            for (name, limit), port in zip(limits.items(), (a, b, c, d), strict=True)
        ]
        await se.knows(*peers, questions=70, remembered=0.0, remembered_no=0.0)
        said = await asyncio.gather(
            *(ask(se, asked(SEEN | {"start": [1000 + n]})) for n in range(50))
        )

    assert {s["status"] for s in said} == {200}
    assert {w for s in said for n, w in words(s).items() if n in limits} == {"not_seen"}
    assert all(most[name] <= limit for name, limit in limits.items())


def _boolean_no(name: str, body: dict) -> dict:
    asked_ = body["query"]["requestParameters"]
    return {
        "meta": {
            "beaconId": name,
            "apiVersion": "v2.0.0",
            "returnedGranularity": "boolean",
            "returnedSchemas": [],
            "receivedRequestSummary": {"requestParameters": asked_},
        },
        "responseSummary": {"exists": False},
    }


@asynccontextmanager
async def behind_a_proxy(address) -> AsyncIterator[Nation]:
    """Give Sweden, to which a proxy on this machine tells who its clients are."""
    secrets = Secrets(subjects=b"s" * 32, pepper=b"p" * 32, passports=b"v" * 32)
    porter = Porter((), secrets, proxies=networks(["127.0.0.0/8"]))
    async with nation("se.example", address, porter=porter) as one:
        yield one


def client(number: int) -> dict[str, str]:
    """Return what a proxy says of one of many clients, each in another network."""
    return {"X-Forwarded-For": f"203.0.{number}.7"}


async def refusal(one: Nation, **headers: str) -> tuple[int, str | None, dict]:
    """Return what a question that finds no place is told."""
    path = f"{one.address}/network/g_variants"
    async with (
        ClientSession(headers=headers) as session,
        session.post(path, json=asked(SEEN)) as response,
    ):
        return (
            response.status,
            response.headers.get("Retry-After"),
            await response.json(),
        )


async def test_f11_the_seventeenth_question_at_once_is_told_to_come_again(addresses):
    """503 with ``Retry-After``, where sixteen are on their way."""
    async with (
        behind_a_proxy(addresses["se"]) as se,
        silent_peer() as (port, under_way, _),
    ):
        await se.knows(peer_at("xx.slow", port, seconds=6.0, at_once=64), questions=16)
        sixteen = [
            asyncio.create_task(
                ask(se, asked(SEEN | {"start": [1000 + n]}), **client(n // 4))
            )
            for n in range(16)
        ]
        await _until(lambda: len(under_way) == 16)
        status, again, document = await refusal(se, **client(9))
        for each in sixteen:
            each.cancel()
        await asyncio.gather(*sixteen, return_exceptions=True)

    assert (status, again) == (503, "1")
    assert document["info"]["status"] == "no_answer"


async def test_f11_nobody_holds_the_places_of_all(addresses):
    """Half are one client's, streams and pages among them; others are answered."""
    page = "/v/GRCh37/22-101-T-C/events"
    async with (
        behind_a_proxy(addresses["se"]) as se,
        silent_peer() as (port, under_way, _),
        ClientSession(headers=client(1)) as slow,
    ):
        await se.knows(peer_at("xx.slow", port, seconds=2.0, at_once=64), questions=8)
        path, lines = f"{se.address}/network/g_variants", "application/x-ndjson"
        held = [
            asyncio.create_task(_read(slow.post(path, json=body, headers=headers)))
            for body, headers in (
                (asked(SEEN | {"start": [1001]}), {}),
                (asked(SEEN | {"start": [1002]}), {"Accept": lines}),
                (asked(SEEN | {"start": [1003]}), {"Accept": lines}),
            )
        ]
        held.append(asyncio.create_task(_read(slow.get(f"{se.address}{page}"))))
        await _until(lambda: len(under_way) == 4)
        status, again, document = await refusal(se, **client(1))
        async with slow.get(f"{se.address}{page}") as stream:
            refused = stream.status, stream.headers.get("Retry-After")
        others = await asyncio.gather(
            *(ask(se, asked(SEEN), **client(n)) for n in range(2, 5))
        )
        ended = await asyncio.gather(*held)
        later = await ask(se, asked(UNSEEN), **client(1))

    assert (status, again) == (503, "1")
    assert "of yours" in document["error"]["errorMessage"]
    assert refused == (503, "1")
    assert {each["status"] for each in others} == {200}
    assert ended == [200] * 4
    assert later["status"] == 200


async def _read(request) -> int:
    """Return the status of an answer that was read to its end."""
    async with request as response:
        await response.read()
        return response.status


async def test_f11_who_cannot_be_told_apart_have_all_places_together(addresses):
    """As on this machine, or behind a proxy nobody told us of."""
    async with (
        behind_a_proxy(addresses["se"]) as se,
        silent_peer() as (port, under_way, _),
    ):
        await se.knows(peer_at("xx.slow", port, seconds=2.0, at_once=64), questions=8)
        eight = [
            asyncio.create_task(ask(se, asked(SEEN | {"start": [1000 + n]})))
            for n in range(8)
        ]
        await _until(lambda: len(under_way) == 8)
        ninth = await ask(se, asked(SEEN))
        await asyncio.gather(*eight)

    assert ninth["status"] == 503


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
async def test_f11_a_client_that_leaves_ends_the_calls_to_peers(se, accept):
    """Within a second."""
    async with silent_peer() as (port, under_way, ended):
        await se.knows(peer_at("xx.slow", port, seconds=20.0), deadline=20.0)
        async with ClientSession() as session:
            asking = asyncio.create_task(
                session.post(
                    f"{se.address}/network/g_variants",
                    json=asked(SEEN),
                    headers={"Accept": accept},
                )
            )
            await _until(lambda: under_way)
            asking.cancel()
            (begun,) = await asyncio.gather(asking, return_exceptions=True)
            if isinstance(begun, ClientResponse):
                begun.close()
        async with asyncio.timeout(1.0 + SLACK):
            await ended.wait()

    assert under_way == []


async def test_the_same_question_at_once_is_one_exchange(se):
    """Single flight: five who ask the same share what comes (F10)."""
    calls = []

    async def answer(request: web.Request) -> web.Response:
        calls.append(1)
        body = await request.json()
        await asyncio.sleep(0.3)
        return web.json_response(_boolean_no("a.x", body))

    app = web.Application()
    app.router.add_post("/api/g_variants", answer)
    async with serving(app) as port:
        await se.knows(peer_at("a.x", port), remembered_no=0.0)
        said = await asyncio.gather(*(ask(se, asked(SEEN)) for _ in range(5)))

    assert len(calls) == 1
    assert {words(s)["a.x"] for s in said} == {"not_seen"}
    assert se.network.federation.counted()["network_joined"] == 4


async def test_an_answer_read_by_other_settings_is_not_remembered(se):
    """Whoever asks after a peer is configured anew is answered by what it is now."""
    app = telling("fi.example", told("f", exists=False), after=0.5)
    calls, came = [], asyncio.Event()

    @web.middleware
    async def counting(request, handler):
        calls.append(request.method)
        if request.method == "POST":
            came.set()
        return await handler(request)

    app.middlewares.append(counting)
    async with serving(app) as port:
        await se.knows(peer_at("fi.example", port))
        under_way = asyncio.create_task(ask(se, asked(UNSEEN)))
        await came.wait()
        await se.knows(peer_at("fi.example", port, kinds={"*": "patients"}))
        meanwhile, _ = await asyncio.gather(ask(se, asked(UNSEEN)), under_way)
        after = await ask(se, asked(UNSEEN))

    assert calls.count("POST") == 2
    for said in (meanwhile, after):
        assert sets(said)["fi.example/f"]["info"]["kind"] == "patients"


async def test_an_answer_is_remembered_with_its_age_and_a_failure_is_not(se, dk):
    """Cache: a yes for a while; what failed is asked again (F10)."""
    await se.knows(dk.as_peer())
    await ask(se, asked(SEEN))
    await ask(se, asked(SEEN))
    remembered = dk.calls["/api/g_variants"]
    async with silent_peer() as (port, _, _):
        await se.knows(peer_at("xx.slow", port, seconds=0.2))
        before = se.network.federation.counted()["network_remembered"]
        await ask(se, asked(SEEN))
        await ask(se, asked(SEEN))

    assert remembered == 1
    assert se.network.federation.counted()["network_remembered"] == before == 1
    assert se.network.federation.counted()["peer|xx.slow|no_answer"] == 2


async def _until(holds) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - what it waits for is foreign
            await asyncio.sleep(0.01)


# --- another assembly -----------------------------------------------------------


async def test_a_peer_without_the_assembly_is_asked_lifted_or_not(se, dk, addresses):
    """With a chain file it is asked on its own; a "no" of a doubtful lift is none."""
    block = Block(22, 30_000_000, 30_005_000, 22, 0)
    chains = {("GRCh38", "GRCh37"): Chains("GRCh38", "GRCh37", [block])}
    there = SEEN | {"assemblyId": "GRCh38", "start": [30_000_100]}
    nobody = there | {"start": [30_000_200], "referenceBases": "G"}
    nobody |= {"alternateBases": "A"}
    here = dk.as_peer(assemblies=frozenset({"GRCh37"}))
    async with nation(
        "no.example", addresses["se"], lifting=Lifting(chains=chains)
    ) as other:
        await other.knows(here)
        told = [await ask(other, asked(each)) for each in (there, nobody)]
    await se.knows(here)
    unlifted = await ask(se, asked(there))
    (row,) = sets(told[0]).values()

    assert words(unlifted) == {"se.example": "not_asked", "dk.example": "not_asked"}
    assert words(told[0]) == {"no.example": "not_asked", "dk.example": "seen"}
    assert row["info"]["assemblyId"] == "GRCh37"
    assert row["info"]["lifted"]["lifted"] == "GRCh37-22-101-T-C"
    assert "was asked on GRCh37" in told[0]["info"]["beacons"][1]["warnings"][0]
    assert words(told[1])["dk.example"] == "not_covered"


async def test_a_beacon_that_fails_behind_another_network_is_no_no(se, dk, eu):
    """It stands in ``unanswered``, by way of whom, and the whole is not complete."""
    async with silent_peer() as (port, _, _):
        await eu.knows(dk.as_peer(), peer_at("xx.slow", port, seconds=0.3))
        await se.knows(eu.as_peer(kind=NodeKind.NETWORK))
        said = await ask(se, asked(UNSEEN))

    assert words(said) == {"se.example": "not_seen", "eu.example": "no_answer"}
    assert said["info"]["complete"] is False
    assert "xx.slow" not in str(said["response"])
    (silent,) = said["info"]["unanswered"]
    assert (silent["beaconId"], silent["status"]) == ("xx.slow", "no_answer")
    assert silent["via"][0] == "eu.example"
    assert violations(_without_status(said), *_KIND) == []
