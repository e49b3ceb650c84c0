"""What peers say of themselves is looked at, kept while good, and never followed."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from beacon.model.health import NodeState
from beacon.model.nodes import Node, NodeAnswer, NodeKind, Reason
from beacon.model.status import Status
from beacon.network import metadata
from beacon.network.exchange import Exchange
from beacon.network.exchanged import Heard, Silence
from beacon.network.metadata import Look
from beacon.network.peers import Credentials, Directory, Proof, Terms
from tests.network.evil import evil, peer_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HERE = "se.us"


class Beacon:
    """A peer's metadata on loopback, that counts what it is asked."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[tuple[str, int]] = []
        self.headers: list[dict[str, str]] = []
        self.status = 200
        self.meta = {"beaconId": "dk.them", "apiVersion": "v2.0.0"}
        self.info: dict[str, object] = {
            "id": "dk.them",
            "name": "Them",
            "apiVersion": "v2.1.0",
            "environment": "prod",
            "updateDateTime": "2026-01-02T03:04:05Z",
        }
        self.datasets: object = [
            {"id": "d1", "name": "First", "assemblyId": "hg38"},
            {"id": "d2", "assemblyId": "GRCh37"},
        ]
        self.root: object = None
        self.error: object = None
        self.wants: str | None = None
        self.looked_at_twice = asyncio.Event()

    def _says(self, path: str) -> object:
        root = self.root or f"{self.url}/v2/g_variants"
        sets = {"genomicVariant": {"entryType": "genomicVariant", "rootUrl": root}}
        says = {
            "/info": self.info,
            "/map": {"endpointSets": sets},
            "/datasets": {"collections": self.datasets},
        }
        if self.error is not None:
            return {"meta": self.meta, "error": self.error}
        return {"meta": self.meta, "response": says.get(path.removeprefix("/api"))}

    async def answer(self, request: web.Request) -> web.Response:
        """Answer with an ETag of what is said."""
        self.headers.append(dict(request.headers))
        if self.wants not in (None, request.headers.get("Authorization")):
            return web.Response(status=401)
        text = json.dumps(self._says(request.path))
        etag = f'"{hash(text)}"'
        status = self.status
        if status == 200 and request.headers.get("If-None-Match") == etag:
            status = 304
        self.asked.append((request.path, status))
        if len(self.asked) >= 6:
            self.looked_at_twice.set()
        return web.Response(
            text=text if status == 200 else None,
            status=status,
            content_type="application/json",
            headers={"ETag": etag},
        )


@pytest.fixture
async def them() -> AsyncIterator[Beacon]:
    """Give a beacon that says who it is."""
    beacon = Beacon()
    app = web.Application()
    app.router.add_get("/{tail:.*}", beacon.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    beacon.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api"
    yield beacon
    await runner.cleanup()


def peer_of(beacon: Beacon, name: str = "dk.them", **more: object):
    """Return the peer a beacon is listed as."""
    kind = more.pop("kind", NodeKind.BEACON)
    node = Node(id=name, names={"en": name}, kind=kind)
    return peer_at(1, url=beacon.url, node=node, **more)


def listing(*peers, **terms: object) -> Directory:
    """Return a directory of some peers."""
    here = Node(id=HERE, names={"en": "Us"}, kind=NodeKind.HERE)
    return Directory(here=here, peers=peers, terms=Terms(**terms))


@asynccontextmanager
async def exchange_with(*peers, folder: Path | None = None) -> AsyncIterator[Exchange]:
    """Give an exchange that looks at nobody by itself."""
    exchange = Exchange(listing(*peers), folder)
    yield exchange
    await exchange.close()


async def test_a_peer_is_known_by_what_it_says(them: Beacon) -> None:
    """Version, datasets, assemblies and where its variants are, and it is well."""
    peer = peer_of(them)
    async with exchange_with(peer) as exchange:
        await exchange.metadata.look(peer)
        (health,) = exchange.status()
        card = exchange.metadata.look_of(peer).card
        known = exchange.known(peer)

    assert card is not None
    assert (card.beacon, card.name, card.path) == ("dk.them", "Them", "/v2/g_variants")
    assert card.datasets == {"d1": "First", "d2": "d2"}
    assert (health.state, health.version) == (NodeState.OK, "v2.1.0")
    assert (health.environment, health.updated) == ("prod", "2026-01-02T03:04:05Z")
    assert health.assemblies == ("GRCh37", "GRCh38")
    assert health.datasets == ("d1", "d2")
    assert health.problems == ()
    assert known.assemblies == {"GRCh37", "GRCh38"}


async def test_what_the_file_says_of_assemblies_stands(them: Beacon) -> None:
    """A peer's own word adds nothing to the operator's."""
    peer = peer_of(them, assemblies=frozenset({"GRCh38"}))
    async with exchange_with(peer) as exchange:
        await exchange.metadata.look(peer)

        assert exchange.known(peer) is peer


async def test_what_is_said_to_everybody_bounds_nothing_of_who_is_known(
    them: Beacon, tmp_path: Path
) -> None:
    """A peer that sees who we are may have more than it says to all."""
    said = Credentials(proof=Proof.BEARER, token_file=tmp_path / "token")
    peer = peer_of(them, credentials=said)
    async with exchange_with(peer) as exchange:
        await exchange.metadata.look(peer)

        assert exchange.known(peer) is peer


async def test_assemblies_are_known_only_if_each_dataset_says_its_own(
    them: Beacon,
) -> None:
    """Of half of them nothing follows."""
    them.datasets = [{"id": "d1", "assemblyId": "hg38"}, {"id": "d2"}]
    peer = peer_of(them)
    async with exchange_with(peer) as exchange:
        await exchange.metadata.look(peer)

        assert exchange.known(peer).assemblies == frozenset()


async def test_what_did_not_change_is_not_sent_again(them: Beacon) -> None:
    """The second look is three 304s, and knows the same."""
    peer = peer_of(them)
    async with exchange_with(peer) as exchange:
        first = await exchange.metadata.look(peer)
        second = await exchange.metadata.look(peer)

    paths = ["/api/info", "/api/map", "/api/datasets"]
    assert them.asked == [(p, 200) for p in paths] + [(p, 304) for p in paths]
    assert second.card == first.card


async def test_f06_metadata_is_asked_without_credentials(
    them: Beacon, tmp_path: Path
) -> None:
    """What is public needs no token."""
    token = tmp_path / "token"
    token.write_text("secret", encoding="utf-8")
    said = Credentials(proof=Proof.BEARER, token_file=token)
    peer = peer_of(them, credentials=said)
    async with exchange_with(peer) as exchange:
        await exchange.metadata.look(peer)

    assert all("Authorization" not in each for each in them.headers)


@pytest.mark.parametrize(
    ("proof", "is_shown"), [(Proof.BEARER, True), (Proof.EXCHANGE, False)]
)
async def test_metadata_of_a_command_is_asked_with_our_own_token_alone(
    them: Beacon, tmp_path: Path, proof: Proof, is_shown: bool
) -> None:
    """What a peer tells our service, its operator sees; no requester's token goes."""
    token = tmp_path / "token"
    token.write_text("secret", encoding="utf-8")
    said = Credentials(proof=proof, token_file=token)
    peer = peer_of(them, credentials=said)
    exchange = Exchange(listing(peer), shows_token=True)
    await exchange.metadata.look(peer)
    await exchange.close()

    shown = {each.get("Authorization") for each in them.headers}
    assert shown == ({"Bearer secret"} if is_shown else {None})


async def test_f06_what_a_closed_peer_tells_our_service_is_told_to_nobody(
    them: Beacon, tmp_path: Path
) -> None:
    """It is shown our token once it refused without; what it has is not passed on."""
    token = tmp_path / "token"
    token.write_text("secret", encoding="utf-8")
    them.wants = "Bearer secret"
    said = Credentials(proof=Proof.BEARER, token_file=token)
    peer = peer_of(them, credentials=said)
    async with exchange_with(peer, folder=tmp_path / "copies") as exchange:
        look = await exchange.metadata.look(peer)
        told = exchange.status_of(peer)
    them.status = 503
    async with exchange_with(peer, folder=tmp_path / "copies") as again:
        await again.open()
        later = again.status_of(peer)

    shown = [each.get("Authorization") for each in them.headers[:2]]
    assert shown == [None, "Bearer secret"]
    assert look.card is not None
    assert set(look.card.datasets) == {"d1", "d2"}
    assert (told.version, told.datasets) == ("v2.1.0", ())
    assert (later.version, later.datasets) == ("v2.1.0", ())


async def test_a_closed_peer_that_knows_nobody_stays_closed(them: Beacon) -> None:
    """Without a token of our service it is asked once, and says nothing."""
    them.wants = "Bearer secret"
    peer = peer_of(them)
    async with exchange_with(peer) as exchange:
        look = await exchange.metadata.look(peer)

    assert look.card is None
    assert len(them.headers) == 1


@pytest.mark.parametrize(
    "root",
    [
        "http://elsewhere.example.org/api/g_variants",
        "https://127.0.0.1/api/g_variants",
        "{url}.evil.example.org/g_variants",
        "{url}@evil.example.org/g_variants",
        "{url}/../secret/g_variants",
        "{url}/%2e%2e/g_variants",
        "{url}/g_variants?x=http://evil",
        "{url}/g_variants#x",
        "{url}//evil.example.org/g_variants",
        "{url}/\\evil.example.org",
        "{url}/a b",
        "{url}/g_variants\r\nX: y",
        "/g_variants",
        "javascript:alert(1)",
        "",
    ],
)
async def test_f06_a_map_leads_nowhere_but_below_its_own_address(
    them: Beacon, root: str
) -> None:
    """An address elsewhere is a problem that is told, and is not used."""
    them.root = root.format(url=them.url) or "x"
    peer = peer_of(them)
    async with exchange_with(peer) as exchange:
        look = await exchange.metadata.look(peer)
        (health,) = exchange.status()

    assert look.card is not None
    assert look.card.path is None
    assert any("/map" in each for each in health.problems)


@pytest.mark.parametrize(
    ("says", "kind", "reason"),
    [
        ({"beaconId": HERE}, NodeKind.BEACON, Reason.LOOP),
        ({"beaconId": HERE}, NodeKind.NETWORK, Reason.LOOP),
        ({"beaconId": "fi.other"}, NodeKind.BEACON, Reason.WRONG_BEACON),
        ({"isAggregated": True}, NodeKind.BEACON, Reason.LOOP),
    ],
)
async def test_f07_who_is_not_what_it_is_listed_as_is_not_asked(
    them: Beacon, says: dict[str, object], kind: NodeKind, reason: Reason
) -> None:
    """Ourselves under another name, another beacon, a network that is no peer of it."""
    them.meta = {"beaconId": "dk.them"} | says
    peer = peer_of(them, kind=kind)
    async with exchange_with(peer) as exchange:
        before = exchange.may_ask(peer)
        await exchange.metadata.look(peer)
        after = exchange.may_ask(peer)
        (health,) = exchange.status()

    assert before is None
    assert after is not None
    assert (after.reason, after.is_ours) == (reason, True)
    assert (health.state, health.problems[0]) == (NodeState.DOWN, after.sentence)


async def test_a_network_may_be_a_network(them: Beacon) -> None:
    """Where the file says that it is one."""
    them.meta["isAggregated"] = True
    peer = peer_of(them, kind=NodeKind.NETWORK)
    async with exchange_with(peer) as exchange:
        await exchange.metadata.look(peer)

        assert exchange.may_ask(peer) is None


async def test_a_v1_beacon_says_it_all_at_its_root(them: Beacon) -> None:
    """Its datasets, too; it has no map."""
    them.info = {}

    async def root(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        says = {"id": "dk.them", "apiVersion": "v1.0.0", "datasets": them.datasets}
        body = json.dumps(says).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(root, "127.0.0.1", 0)
    them.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    peer = peer_of(them, kind=NodeKind.V1)
    async with exchange_with(peer) as exchange:
        look = await exchange.metadata.look(peer)
    server.close()

    assert look.card is not None
    assert (look.card.beacon, look.card.version) == ("dk.them", "v1.0.0")
    assert look.card.assemblies == {"GRCh37", "GRCh38"}
    assert look.problems == ()


async def test_the_last_good_copy_is_kept_and_read_by_the_next_process(
    them: Beacon, tmp_path: Path
) -> None:
    """A peer that is away is still known, and said to be away."""
    peer, folder = peer_of(them), tmp_path / "peers"
    async with exchange_with(peer, folder=folder) as exchange:
        await exchange.metadata.look(peer)
    them.status = 503
    async with exchange_with(peer, folder=folder) as exchange:
        await exchange.open()
        (before,) = exchange.status()
        await exchange.metadata.look(peer)
        (after,) = exchange.status()

    assert (before.version, before.state) == ("v2.1.0", NodeState.UNKNOWN)
    assert (after.version, after.state) == ("v2.1.0", NodeState.DOWN)
    assert after.problems == ("/info: It answers HTTP 503.",)
    assert [each.name for each in folder.iterdir()] == ["dk.them.json"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"url": 7}',
        '{"url": "URL", "documents": []}',
        '{"url": "URL", "documents": {"info": 7}, "seen": 1}',
        '{"url": "URL", "documents": {"info": {"body": "[", "etag": null}}}',
        '{"url": "http://other", "documents": {}, "seen": 1}',
        "[" * 100_000,
    ],
)
async def test_a_copy_that_is_none_is_not_believed(
    them: Beacon, tmp_path: Path, text: str
) -> None:
    """A file that was harmed, or is of another address, is as good as no file."""
    (tmp_path / "dk.them.json").write_text(text.replace("URL", them.url))
    async with exchange_with(peer_of(them), folder=tmp_path) as exchange:
        await exchange.open()
        (health,) = exchange.status()

    assert (health.state, health.version) == (NodeState.UNKNOWN, None)


async def test_a_bad_document_does_not_take_the_place_of_a_good_one(
    them: Beacon,
) -> None:
    """What is no JSON object, or tells an error, leaves what was known."""
    peer = peer_of(them)
    async with exchange_with(peer) as exchange:
        good = await exchange.metadata.look(peer)
        them.error = {"errorCode": 500}
        bad = await exchange.metadata.look(peer)

    assert bad.card == good.card
    assert bad.silence is not None
    assert bad.problems == ("/info: It is no JSON object, or tells an error.",)


@pytest.mark.parametrize(
    "manner",
    [
        *("bomb", "endless", "drip", "silent", "redirect", "html", "deep", "nan"),
        *("huge_int", "bad_utf8", "many_sets", "reset", "continues", "half_gzip"),
    ],
)
async def test_f02_a_look_at_an_evil_peer_ends(manner: str) -> None:
    """It finds nothing to believe, in time, and says why."""
    async with evil(manner) as (_, port):
        peer = peer_at(port, seconds=0.2)
        async with exchange_with(peer) as exchange:
            look = await asyncio.wait_for(exchange.metadata.look(peer), 3)
            (health,) = exchange.status()

    assert look.card is None or look.card.beacon is None
    assert health.problems
    assert all(len(each) <= 200 for each in health.problems)


async def test_peers_are_looked_at_by_themselves_and_again(them: Beacon) -> None:
    """Soon after the start, then when the time has come, until they are none."""
    peer = peer_of(them)
    exchange = Exchange(listing(peer, refresh=0.05))
    await exchange.open()
    async with asyncio.timeout(8):
        await them.looked_at_twice.wait()
    await exchange.take(listing())
    asked = len(them.asked)
    await asyncio.sleep(0.2)
    status = exchange.status()
    await exchange.close()

    assert len(them.asked) == asked
    assert status == []


async def test_f12_health_is_of_questions_and_looks_together(them: Beacon) -> None:
    """A peer that says who it is and answers nothing is down, with its version."""
    peer = peer_of(them)
    async with exchange_with(peer) as exchange:
        await exchange.metadata.look(peer)
        came = await exchange.client.get(peer, "/info", deadline=1)
        assert isinstance(came, Heard)
        silence = Silence(reason=Reason.TIMEOUT, sentence="x")
        answer = NodeAnswer(
            node=peer.node, status=Status.NO_ANSWER, reason=Reason.TIMEOUT
        )
        exchange.health.note(peer, silence, answer)
        (health,) = exchange.status()

    assert (health.state, health.version) == (NodeState.DOWN, "v2.1.0")
    assert health.reason is Reason.TIMEOUT


async def test_a_peer_at_a_new_address_is_not_known_any_more(them: Beacon) -> None:
    """What was said at the old one was another's."""
    peer = peer_of(them)
    async with exchange_with(peer) as exchange:
        await exchange.open()
        await exchange.metadata.look(peer)
        moved = peer_at(1, node=peer.node, url=f"{them.url}/new")
        await exchange.take(listing(moved))

        assert exchange.metadata.look_of(moved).card is None


async def test_where_nothing_can_be_kept_peers_are_looked_at_all_the_same(
    them: Beacon, tmp_path: Path
) -> None:
    """Again and again, and what is asked of whom can be changed."""
    place = tmp_path / "file"
    place.write_text("", encoding="utf-8")
    peer = peer_of(them)
    exchange = Exchange(listing(peer, refresh=0.05), place / "peers")
    await exchange.open()
    async with asyncio.timeout(10):
        await them.looked_at_twice.wait()
    await exchange.take(listing(peer_of(them, seconds=3.0)))
    (health,) = exchange.status()
    await exchange.close()

    assert health.state is NodeState.OK


async def test_a_look_that_fails_here_is_not_the_last(
    them: Beacon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it was, the peer is looked at again."""
    peer = peer_of(them)
    exchange = Exchange(listing(peer))
    looks: list[str] = []

    async def look(asked) -> Look:
        looks.append(asked.node.id)
        if len(looks) == 1:
            raise RuntimeError
        return Look()

    monkeypatch.setattr(exchange.metadata, "look", look)
    for name in ("_AT_ONCE", "_SOONEST"):
        monkeypatch.setattr(metadata, name, 0.01)
    await exchange.open()
    async with asyncio.timeout(5):
        while len(looks) < 2:  # noqa: ASYNC110 - it is what is tested
            await asyncio.sleep(0.01)
    await exchange.close()


async def test_a_peer_that_is_reached_otherwise_begins_anew(them: Beacon) -> None:
    """A pause for a wrong address is over when the address is mended."""
    wrong = peer_at(1, node=peer_of(them).node, url="http://127.0.0.1:1/api")
    fast = peer_of(them, seconds=3.0)
    async with exchange_with(wrong) as exchange:
        failed = NodeAnswer(
            node=wrong.node, status=Status.NO_ANSWER, reason=Reason.UNREACHABLE
        )
        gone = Silence(reason=Reason.UNREACHABLE, sentence="")
        for _ in range(5):
            exchange.health.note(wrong, gone, failed)
        paused = exchange.may_ask(wrong)
        await exchange.take(listing(peer_of(them)))
        mended = exchange.may_ask(peer_of(them))
        for _ in range(5):
            exchange.health.note(peer_of(them), gone, failed)
        await exchange.take(listing(fast))
        still = exchange.may_ask(fast)

    assert [paused is None, mended, still is None] == [False, None, False]
