"""A beacon at a typed address: whoever is there is met first, and then asked."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from beacon.cli import elsewhere
from beacon.cli.listed import Listed, _summed, met, unlisted
from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import DatasetDisclosure, Disclosure
from beacon.model.errors import BeaconError, UsageError
from beacon.model.genes import ASKED_ELSEWHERE
from beacon.model.nodes import Node, NodeAnswer, Reason
from beacon.model.notation import parse
from beacon.model.query import Granularity, Include, Query
from beacon.model.requester import ANONYMOUS
from beacon.model.status import Status
from beacon.network.peers import Peer
from beacon.wire.peers.cards import Card, Held

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

RECORDED = Path(__file__).resolve().parents[1] / "data" / "foreign"
SEEN, UNSEEN = "1-169549811-C-T", "1-169549811-C-G"
TOKEN = "of-a-test"  # noqa: S105 - of nobody
PEER = Peer(node=Node(id="x", names={"en": "X"}), url="https://x.example/api")


def document(name: str) -> web.Response:
    """Return what another implementation really answered."""
    body = (RECORDED / f"{name}.json").read_bytes()
    return web.Response(body=body, content_type="application/json")


@asynccontextmanager
async def serving(*routes: web.RouteDef) -> AsyncIterator[str]:
    """Serve some routes on loopback; give the address."""
    application = web.Application()
    application.add_routes(routes)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def asked(
    address: str, typed: str, assembly: str = "GRCh38", token: str | None = None
) -> Disclosure:
    """Return what the beacon at an address says."""
    pattern = parse(
        typed, assembly=assembly, loaded=(), references={}, genes=ASKED_ELSEWHERE
    )
    query = Query(pattern=pattern, granularity=Granularity.COUNT, include=Include.ALL)
    async with elsewhere.opened(address, token, 10.0) as there:
        return await there.ask(query, {})


async def test_a_first_version_is_met_and_asked() -> None:
    """What says that it is v1 is asked as v1, on assemblies that it has, and read."""

    async def query(request: web.Request) -> web.Response:
        alternate = (await request.json())["alternateBases"]
        return document(f"cgbeacon2-{'seen' if alternate == 'T' else 'not-seen'}")

    async def info(_: web.Request) -> web.Response:
        return document("cgbeacon2-info")

    routes = [web.get(path, info) for path in ("/apiv1.0/", "/apiv1.0/info")]
    async with serving(*routes, web.post("/apiv1.0/query", query)) as url:
        words = [
            (await asked(f"{url}/apiv1.0", typed, assembly)).status
            for typed, assembly in (
                (SEEN, "GRCh38"),
                (UNSEEN, "GRCh38"),
                (UNSEEN, "GRCh37"),
            )
        ]

    assert words == [Status.SEEN, Status.NOT_SEEN, Status.NOT_ASKED]


def partial_network(*datasets: str) -> list[web.RouteDef]:
    """Return the routes of a network that did not hear all of its beacons."""
    meta = {"beaconId": "a.network", "apiVersion": "v2.0.0", "isAggregated": True}

    async def info(_: web.Request) -> web.Response:
        return web.json_response({"meta": meta, "response": {"id": "a.network"}})

    async def listed(_: web.Request) -> web.Response:
        response = {"collections": [{"id": each} for each in datasets]}
        return web.json_response({"meta": meta, "response": response})

    no = {"exists": False, "resultsCount": 0, "results": []}
    told = {"id": "d", "beaconId": "a.beacon", "setType": "dataset"} | no

    async def question(request: web.Request) -> web.Response:
        sent = (await request.json())["query"]["requestParameters"]
        document = {
            "meta": meta | {"receivedRequestSummary": {"requestParameters": sent}},
            "responseSummary": {"exists": False},
            "response": {"resultSets": [told | {"info": {"status": "not_seen"}}]},
            "info": {"complete": False},
        }
        return web.json_response(document)

    return [
        web.get("/network/info", info),
        web.get("/network/datasets", listed),
        web.post("/network/g_variants", question),
    ]


async def test_a_no_of_a_part_of_a_network_is_no_answer() -> None:
    """What one dataset says stands beside the word of the network, which counts."""
    async with serving(*partial_network()) as url:
        said = await asked(f"{url}/network", UNSEEN)

    words = {part.dataset: part.status for part in said.datasets}
    assert words == {
        "a.beacon/d": Status.NOT_SEEN,
        f"{url}/network": Status.NO_ANSWER,
    }
    assert said.status is Status.NO_ANSWER
    assert "Not all beacons that it asked have answered." in said.warnings


@pytest.mark.parametrize("datasets", [(), ("d",)])
async def test_a_no_of_a_part_of_a_network_is_none_in_a_file(
    datasets: tuple[str, ...],
) -> None:
    """Neither in one column for all of it nor in those of its datasets."""
    pattern = parse(
        UNSEEN, assembly="GRCh38", loaded=(), references={}, genes=ASKED_ELSEWHERE
    )
    async with serving(*partial_network(*datasets)) as url:
        async with elsewhere.opened(f"{url}/network", None, 10.0) as there:
            found = await there.meet()
        assert isinstance(found, elsewhere.Met)
        card = replace(found.card, datasets={each: each for each in datasets})
        async with Listed(met(found.peer, card, "GRCh38", url), {}) as listed:
            (said,) = await listed.answer_many([Query(pattern=pattern)], ANONYMOUS)

    assert isinstance(said, BeaconError)
    assert "Not all beacons that it asked have answered." in str(said)


@pytest.mark.parametrize(
    ("code", "body", "word"),
    [
        (401, "{}", Status.REFUSED),
        (200, "<html>", Status.NO_ANSWER),
        (200, "{}", Status.NO_ANSWER),
        (500, "{}", Status.NO_ANSWER),
    ],
)
async def test_who_does_not_say_who_it_is_is_not_asked(
    code: int, body: str, word: Status
) -> None:
    """No question goes to whoever is no beacon, or lets us not in."""
    questions = []

    async def info(_: web.Request) -> web.Response:
        return web.Response(status=code, text=body, content_type="application/json")

    async def question(_: web.Request) -> web.Response:
        questions.append(1)
        return web.json_response({})

    routes = web.get("/api/info", info), web.post("/api/g_variants", question)
    async with serving(*routes) as url:
        said = await asked(url, SEEN)

    assert said.status is word
    assert questions == []
    assert said.warnings[0].startswith(f"{url}/api: ")


async def test_a_token_is_shown_and_follows_no_redirect() -> None:
    """The address that was typed is shown the token; the one it points at is not."""
    shown = []

    async def info(request: web.Request) -> web.Response:
        shown.append(request.headers.get("Authorization"))
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async def other(request: web.Request) -> web.Response:
        shown.append(request.headers.get("Authorization"))
        return document("bycon-info")

    routes = web.get("/api/info", info), web.get("/elsewhere", other)
    async with serving(*routes) as url:
        said = await asked(url, SEEN, token=TOKEN)

    assert said.status is Status.NO_ANSWER
    assert shown == [f"Bearer {TOKEN}"]


@pytest.mark.parametrize("address", ["ftp://x", "x.example", "http://", "http://[::"])
def test_what_is_no_address_is_a_sentence(address: str) -> None:
    """An address that nobody can be asked at is bad usage."""
    with pytest.raises(UsageError, match="--url"):
        elsewhere.api_of(address)


@pytest.mark.parametrize(
    ("address", "api"),
    [
        ("http://x.example", "http://x.example/api"),
        ("https://x.example/beacon/v2/", "https://x.example/beacon/v2"),
        ("https://x.example/network?x=1#y", "https://x.example/network"),
    ],
)
def test_an_address_without_a_path_is_that_of_a_site(address: str, api: str) -> None:
    """A site's API is below ``/api``; any other path is that of an API."""
    assert str(elsewhere.api_of(address)) == api


def columns(card: Card, assembly: str = "GRCh38") -> list[str]:
    """Return the columns of a beacon, by what it says of itself."""
    return [c.dataset for c in met(PEER, card, assembly, "x").consulted.columns]


def test_columns_are_the_datasets_of_an_assembly() -> None:
    """A dataset has a column where it is on the assembly, or nobody says on which."""
    held = {"a": Held(assembly="GRCh38", release=3), "b": Held(assembly="GRCh37")}
    card = Card(datasets={"a": "A", "b": "B", "c": "C"}, held=held)

    assert columns(card) == ["a", "c"]
    assert columns(Card()) == ["x"]


def test_a_beacon_of_another_assembly_is_not_asked() -> None:
    """A beacon that has datasets, and none on an assembly, says ``not_asked``."""
    card = Card(datasets={"b": "B"}, held={"b": Held(assembly="GRCh37")})
    answer = met(PEER, card, "GRCh38", "x").unmet

    assert answer is not None
    assert (answer.status, answer.reason) == (Status.NOT_ASKED, Reason.ASSEMBLY)


def test_a_peer_without_lists_is_not_asked() -> None:
    """A peer that may be asked no lists has a column that says so."""
    target = unlisted(PEER)

    assert [c.label for c in target.consulted.columns] == ["x"]
    assert target.unmet is not None
    assert target.unmet.status is Status.NOT_ASKED


def test_a_column_of_a_whole_beacon_keeps_what_counts_are_rounded_to() -> None:
    """They are no more exact there than in a column of their dataset."""
    part = DatasetDisclosure(
        dataset="a",
        name="A",
        status=Status.SEEN,
        granularity=Granularity.COUNT,
        exists=True,
        counts=AlleleCounts(ac=10, an=1000),
        adjusted_to=5,
    )
    said = _summed("x", NodeAnswer(node=PEER.node, status=Status.SEEN), (part,))

    assert (said.counts, said.adjusted_to) == (part.counts, 5)
