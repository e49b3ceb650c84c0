"""One peer, one question: what becomes of a "no" that may be none."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from beacon.model.disclosure import DatasetDisclosure
from beacon.model.genes import ASKED_ELSEWHERE
from beacon.model.lifting import Lift
from beacon.model.nodes import Node, NodeAnswer, NodeDataset, NodeKind, Reason
from beacon.model.notation import parse
from beacon.model.query import Granularity, Page, Query
from beacon.model.status import Status
from beacon.network.asker import HttpAsker, _marked
from beacon.network.asking import Asking
from beacon.network.exchange import Exchange
from beacon.network.peers import Credentials, Directory, Proof
from beacon.wire.info import API_VERSION
from tests.network.nations import peer_at, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HERE = Node(id="se.us", names={"en": "Us"}, kind=NodeKind.HERE)


class First:
    """A beacon of v1 that has one dataset, and says "no" to whatever it is asked."""

    def __init__(
        self, says: dict[str, object] | None, *others: dict[str, object]
    ) -> None:
        self.says = says
        self.others = others
        self.asked: Counter[str] = Counter()

    async def root(self, _: web.Request) -> web.Response:
        """Say who it is, if it does."""
        self.asked["/"] += 1
        if self.says is None:
            return web.Response(status=503)
        held = [{"id": "d", **self.says}, *self.others]
        return web.json_response(
            {"id": "xx.v", "apiVersion": "v1.0.0", "datasets": held}
        )

    async def query(self, _: web.Request) -> web.Response:
        """Say "no"."""
        self.asked["/query"] += 1
        names = ["d", *(each["id"] for each in self.others)]
        told = [{"datasetId": each, "exists": False} for each in names]
        return web.json_response(
            {"beaconId": "xx.v", "exists": False, "datasetAlleleResponses": told}
        )


@asynccontextmanager
async def asker_of(
    first: First, credentials: Credentials, **more: object
) -> AsyncIterator[tuple[HttpAsker, object]]:
    """Give what asks it, which has not looked at it."""
    app = web.Application()
    app.router.add_get("/v1/", first.root)
    app.router.add_post("/v1/query", first.query)
    async with serving(app) as port:
        kind = NodeKind.V1
        peer = peer_at("xx.v", port, "v1", kind=kind, credentials=credentials, **more)
        exchange = Exchange(Directory(here=HERE, peers=(peer,)))
        try:
            yield HttpAsker(exchange, {}), peer
        finally:
            await exchange.close()


def asking(assembly: str) -> Asking:
    """Return a question on an assembly."""
    pattern = parse(
        "22-201-G-A",
        assembly=assembly,
        loaded=(),
        references={},
        genes=ASKED_ELSEWHERE,
    )
    return Asking(query=Query(pattern=pattern))


@pytest.mark.parametrize("proof", [Proof.NONE, Proof.BEARER])
async def test_a_first_version_is_looked_at_before_it_is_believed(
    proof: Proof, tmp_path: Path
) -> None:
    """Also with credentials: of an assembly it has not, its "no" is about nothing."""
    token = tmp_path / "token"
    token.write_text("of-a-test", encoding="utf-8")
    shown = Credentials(proof=proof, token_file=token)
    first = First({"assemblyId": "GRCh38"})
    async with asker_of(first, shown) as (asker, peer):
        other = await asker.ask(peer, asking("GRCh37"), 5.0)
        same = await asker.ask(peer, asking("GRCh38"), 5.0)

    assert (other.status, other.reason) == (Status.NOT_ASKED, Reason.ASSEMBLY)
    assert same.status is Status.NOT_SEEN
    assert first.asked == {"/": 1, "/query": 1}


@pytest.mark.parametrize("says", [None, {}, {"assemblyId": "of our own"}])
async def test_a_no_of_who_knows_which_assembly_is_no_answer(
    says: dict[str, object] | None,
) -> None:
    """And the sentence names the setting that would make it one."""
    first = First(says)
    async with asker_of(first, Credentials()) as (asker, peer):
        said = await asker.ask(peer, asking("GRCh37"), 5.0)

    assert (said.status, said.reason) == (Status.NO_ANSWER, Reason.ASSEMBLY)
    assert said.datasets == ()
    assert said.sentence is not None
    assert "`assemblies`" in said.sentence
    assert len(said.sentence) <= 200


async def test_what_the_file_says_of_a_first_version_is_believed() -> None:
    """It is asked at once, and nobody looks at it."""
    first = First(None)
    has = frozenset({"GRCh37"})
    async with asker_of(first, Credentials(), assemblies=has) as (asker, peer):
        said = await asker.ask(peer, asking("GRCh37"), 5.0)

    assert said.status is Status.NOT_SEEN
    assert first.asked == {"/query": 1}


async def test_a_first_version_with_two_assemblies_says_no_of_one() -> None:
    """A dataset on the other, which it lists beside, has said nothing."""
    other = {"id": "e", "assemblyId": "GRCh37"}
    first = First({"assemblyId": "GRCh38"}, other)
    async with asker_of(first, Credentials()) as (asker, peer):
        said = [await asker.ask(peer, asking(a), 5.0) for a in ("GRCh37", "GRCh38")]

    assert [(s.status, [r.part.dataset for r in s.datasets]) for s in said] == [
        (Status.NOT_SEEN, ["e"]),
        (Status.NOT_SEEN, ["d"]),
    ]


async def test_a_first_version_that_lists_nothing_of_an_assembly_has_not_answered() -> (
    None
):
    """Though the file says that it has it: its "no" is of datasets on another."""
    first = First({"assemblyId": "GRCh38"})
    both = frozenset({"GRCh37", "GRCh38"})
    async with asker_of(first, Credentials(), assemblies=both) as (asker, peer):
        await asker._exchange.metadata.look(peer)  # noqa: SLF001 - as hourly
        said = await asker.ask(peer, asking("GRCh37"), 5.0)

    assert (said.status, said.reason) == (Status.NOT_ASKED, Reason.ASSEMBLY)


class Lists:
    """A beacon of ours that takes lists and never answers one."""

    async def says(self, request: web.Request) -> web.Response:
        """Say who it is."""
        info = {"id": "xx.v", "name": "V", "apiVersion": API_VERSION}
        told = {"info": info, "map": {}, "datasets": {"collections": []}}
        name = request.path.rpartition("/")[2]
        return web.json_response({"meta": {"beaconId": "xx.v"}, "response": told[name]})

    async def list(self, _: web.Request) -> web.Response:
        """Take long."""
        await asyncio.sleep(30)
        return web.Response()


async def test_f10_lists_that_take_long_shut_no_peer_out() -> None:
    """A thousand questions may take a good one longer; single ones pause it."""
    app, lists = web.Application(), Lists()
    for name in ("info", "map", "datasets"):
        app.router.add_get(f"/api/{name}", lists.says)
    app.router.add_post("/api/batch", lists.list)
    app.router.add_post("/api/g_variants", lists.list)
    async with serving(app) as port:
        peer = peer_at("xx.v", port, batch=True, seconds=5.0)
        exchange = Exchange(Directory(here=HERE, peers=(peer,)))
        await exchange.metadata.look(peer)
        asker = HttpAsker(exchange, {})
        said = [await asker.ask_list(peer, [asking("GRCh37")], 0.05) for _ in range(6)]
        after_lists = exchange.health.may_ask(peer)
        for _ in range(6):
            await asker.ask(peer, asking("GRCh37"), 0.05)
        after_single_ones = exchange.health.may_ask(peer)
        await exchange.close()

    assert {one.reason for each in said for one in each or []} == {Reason.TIMEOUT}
    assert after_lists is None
    assert after_single_ones is not None


def _record(start: int, populations: int) -> dict[str, object]:
    """Return a variant with its counts in so many populations."""
    row = {"alleleFrequency": 0.01, "alleleCount": 2, "alleleNumber": 200}
    row |= {"alleleCountHomozygous": 0, "alleleCountHeterozygous": 2}
    rows = [{"population": f"P{n}", **row} for n in range(populations)]
    variation = {
        "location": {
            "type": "SequenceLocation",
            "sequence_id": "refseq:NC_000022.10",
            "interval": {
                "type": "SequenceInterval",
                "start": {"type": "Number", "value": start},
                "end": {"type": "Number", "value": start + 1},
            },
        },
        "referenceBases": "T",
        "alternateBases": "C",
    }
    told = [{"source": "x", "sourceReference": "x", "frequencies": rows}]
    return {
        "variantInternalId": "v",
        "variation": variation,
        "frequencyInPopulations": told,
    }


def wide(
    asked: list[dict], datasets: int = 5, populations: int = 70
) -> web.Application:
    """Return a beacon of large datasets, which keeps what it was asked."""

    async def answer(request: web.Request) -> web.Response:
        query = (await request.json())["query"]
        asked.append(query)
        limit, offset = query["pagination"]["limit"], 0
        offset = query["pagination"]["skip"] * limit
        found = []
        if query["requestedGranularity"] == "record":
            found = [_record(1000 + offset + n, populations) for n in range(limit)]
        sets = [
            {
                "id": f"d{n}",
                "setType": "dataset",
                "exists": True,
                "resultsCount": 900,
                "results": found,
            }
            for n in range(datasets)
        ]
        summary = {"requestParameters": query["requestParameters"]}
        return web.json_response(
            {
                "meta": {"beaconId": "xx.v", "receivedRequestSummary": summary},
                "responseSummary": {"exists": True, "numTotalResults": 900 * datasets},
                "response": {"resultSets": sets},
            }
        )

    app = web.Application()
    app.router.add_post("/api/g_variants", answer)
    return app


@pytest.mark.parametrize(
    ("page", "datasets", "largest", "pages", "shown"),
    [
        (Page(limit=100), 5, 50_000_000, [(0, 100), (0, 10)], 10),
        (Page(skip=2, limit=100), 5, 4_000_000, [(2, 100), (20, 10)], 10),
        (Page(limit=100), 60, 50_000_000, [(0, 100), (0, 10), (0, 100)], 0),
        (Page(limit=10), 5, 4_000_000, [(0, 10)], 10),
    ],
)
async def test_a_range_that_is_too_much_to_read_is_asked_for_less(
    page: Page, datasets: int, largest: int, pages: list, shown: int
) -> None:
    """For fewer records, then for counts; each time it is said what is not shown."""
    pattern = parse(
        "22:900-3100",
        assembly="GRCh37",
        loaded=(),
        references={},
        genes=ASKED_ELSEWHERE,
    )
    query = Query(pattern=pattern, granularity=Granularity.RECORD, page=page)
    asked: list[dict] = []
    async with serving(wide(asked, datasets)) as port:
        peer = peer_at("xx.v", port, seconds=30.0, largest=largest)
        exchange = Exchange(Directory(here=HERE, peers=(peer,)))
        said = await HttpAsker(exchange, {}).ask(peer, Asking(query=query), 30.0)
        await exchange.close()

    assert (said.status, said.reason) == (Status.SEEN, None)
    assert [(p["skip"], p["limit"]) for q in asked for p in (q["pagination"],)] == pages
    assert [len(row.part.variants) for row in said.datasets] == [shown] * datasets
    assert {row.part.total for row in said.datasets} == {900}
    is_less = len(pages) > 1
    assert any("more than we read" in each for each in said.warnings) is is_less


@pytest.mark.parametrize("doubts", [(), ("It may be another place.",)])
def test_a_lift_makes_no_answer_of_silence(doubts: tuple[str, ...]) -> None:
    """A network that did not hear all of its beacons said more than their words."""
    no = DatasetDisclosure(
        dataset="d",
        name="d",
        status=Status.NOT_SEEN,
        granularity=Granularity.BOOLEAN,
        exists=False,
    )
    node = Node(id="xx.n", names={"en": "N"}, kind=NodeKind.NETWORK)
    rows = (NodeDataset(beacon="a.b", part=no),)
    said = NodeAnswer(node=node, status=Status.NO_ANSWER, datasets=rows)
    lift = Lift(asked="x", lifted="y", assembly="GRCh37", doubts=doubts)

    assert _marked(said, lift).status is Status.NO_ANSWER
