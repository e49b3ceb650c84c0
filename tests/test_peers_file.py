"""A peers file is read whole, or refused in one sentence."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from beacon import peers_file
from beacon.app import open_network
from beacon.model.errors import UsageError
from beacon.model.nodes import Node, NodeKind
from beacon.network.peers import (
    Audience,
    Credentials,
    Directory,
    Peer,
    Proof,
    Terms,
)
from beacon.peers_file import PeersWatch, keys_table, parsed, read
from beacon.settings import Settings

HERE = "se.example.beacon"
WHERE = Path("conf/peers.toml")
PEER = '[[federation.peer]]\nid = "dk.b"\nurl = "https://b.dk/api"\n'


def read_text(text: str) -> Directory:
    """Return what a text says."""
    return parsed(text.encode(), WHERE, here=HERE, name="Ours")


def documented() -> str:
    """Return the file that docs/peers.md shows."""
    page = Path("docs/peers.md").read_text(encoding="utf-8")
    return page.split("```toml\n")[1].split("```")[0]


def test_an_empty_federation_asks_nobody_by_the_usual_terms() -> None:
    """What is not said is as the table of keys says."""
    expected = Directory(here=Node(id=HERE, names={"en": "Ours"}, kind=NodeKind.HERE))

    assert read_text("[federation]\n") == expected


def test_every_key_has_its_place() -> None:
    """What a peer's table says is what its value says; paths lie beside the file."""
    directory = read_text(f"""
[federation]
deadline_s = 6
max_questions = 3
max_connections = 9
answer_cache_s = 1
no_cache_s = 2
metadata_refresh_s = 60
user_agent = "me (mailto:a@b.se)"
max_hops = 2
proxy = "http://proxy.se:3128"
[federation.here]
name = {{ sv = "Vi" }}
country = "SE"
overlap_group = "all"
overlap_groups = {{ a = "goe" }}
datasets_same_as = {{ a = "eu.b/A" }}
{PEER}
name = {{ en = "Them", da = "Dem" }}
country = "DK"
kind = "network"
timeout_s = 2.5
max_inflight = 2
max_bytes = 5000
auth = {{ type = "token-exchange", token_url = "https://login.dk/token", \
client_id = "us", client_secret_file = "/run/us", audience = "b", scope = "s", \
cert = "us.pem", key = "us.key" }}
ca_file = "ca.pem"
private_networks = ["10.1.0.0/16", "fd00::/8"]
proxy = "http://10.0.0.1:80"
coordinates = "1-based"
method = "GET"
trimmed_again = true
batch = true
assemblies = ["hg38", "GRCh37"]
overlap_group = "goe"
overlap_groups = {{ x = "else" }}
datasets_same_as = {{ y = "se.b/Y" }}
dataset_kinds = {{ x = "patients", "*" = "population" }}
""")

    assert directory.terms == Terms(
        deadline=6,
        questions=3,
        connections=9,
        remembered=1,
        remembered_no=2,
        refresh=60,
        agent="me (mailto:a@b.se)",
        most_hops=2,
    )
    assert directory.here == Node(
        id=HERE, names={"en": "Ours", "sv": "Vi"}, country="SE", kind=NodeKind.HERE
    )
    assert (directory.overlap_of("a"), directory.overlap_of("b")) == ("goe", "all")
    assert directory.here_same_as == {"a": "eu.b/A"}
    assert directory.peers == (
        Peer(
            node=Node(
                id="dk.b",
                names={"en": "Them", "da": "Dem"},
                country="DK",
                kind=NodeKind.NETWORK,
            ),
            url="https://b.dk/api",
            seconds=2.5,
            at_once=2,
            largest=5000,
            credentials=Credentials(
                proof=Proof.EXCHANGE,
                token_url="https://login.dk/token",  # noqa: S106 - an address
                client_id="us",
                client_secret_file=Path("/run/us"),
                audience="b",
                scope="s",
                certificate=Path("conf/us.pem"),
                key=Path("conf/us.key"),
                authorities=Path("conf/ca.pem"),
            ),
            audience=Audience.IDENTIFIED,
            private=(ip_network("10.1.0.0/16"), ip_network("fd00::/8")),
            proxy="http://10.0.0.1:80",
            one_based=True,
            by_get=True,
            trims=True,
            batch=True,
            assemblies=frozenset({"GRCh38", "GRCh37"}),
            overlap="goe",
            overlaps={"x": "else"},
            same_as={"y": "se.b/Y"},
            kinds={"x": "patients", "*": "population"},
        ),
    )
    (peer,) = directory.peers
    assert (peer.overlap_of("x"), peer.overlap_of("z")) == ("else", "goe")
    assert (peer.kind_of("x"), peer.kind_of("z")) == ("patients", "population")


def test_the_documented_file_can_be_read() -> None:
    """What docs/peers.md shows is a peers file."""
    directory = read_text(documented())

    assert [each.node.id for each in directory.peers] == [
        "dk.example.beacon",
        "eu.example.network",
    ]
    assert directory.peers[0].credentials.token_file == Path("conf/dk.token")


def test_the_documented_keys_are_those_there_are() -> None:
    """The table of docs/peers.md is the one of the types."""
    page = Path("docs/peers.md").read_text(encoding="utf-8")

    assert page.endswith(keys_table())


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ('ask_for = "anyone"\nauth = { type = "bearer", token_file = "t" }', "anyone"),
        ('auth = { type = "bearer", token_file = "t" }', "identified"),
        ('auth = { type = "mtls", cert = "c", key = "k" }', "identified"),
        ('auth = { type = "none", cert = "c", key = "k" }', "identified"),
        (
            'ask_for = "anyone"\nauth = { type = "none", cert = "c", key = "k" }',
            "anyone",
        ),
        ("", "anyone"),
    ],
)
def test_who_a_peer_is_asked_for(more: str, expected: str) -> None:
    """Where something of ours is shown, a peer is asked for the identified alone."""
    (peer,) = read_text(f"[federation]\n{PEER}{more}").peers

    assert peer.audience == expected


@pytest.mark.parametrize(
    ("more", "expected"), [("", "http://p:1"), ('proxy = "none"', None)]
)
def test_a_peer_has_the_proxy_of_all_unless_it_has_none(
    more: str, expected: str | None
) -> None:
    """What a peer's own table says goes before."""
    (peer,) = read_text(f'[federation]\nproxy = "http://p:1"\n{PEER}{more}').peers

    assert peer.proxy == expected


HTTP = PEER.replace("https", "http")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("federation", "this is not TOML"),
        ("[federation]\nnope = 1", "unknown key federation.nope; known are"),
        ("[federation]\ndeadline = 1", "did you mean deadline_s?"),
        ("[network]", "federation is missing"),
        ("[federation]\ndeadline_s = true", "federation.deadline_s: "),
        ("[federation]\nmax_questions = 0", "federation.max_questions: "),
        ('[federation]\nuser_agent = "a\\nb"', "federation.user_agent: "),
        ('[[federation.peer]]\nid = "x"', "federation.peer.0.url is missing"),
        (PEER + "tiemout_s = 1", "did you mean timeout_s?"),
        (PEER + 'auth = { typ = "none" }', "did you mean type?"),
        (PEER + PEER, "federation.peer dk.b: there are two peers of this id"),
        (PEER + PEER.replace("dk.b", "dk.c"), "federation.peer dk.c: dk.b has the"),
        (PEER.replace("dk.b", HERE), "this is our own beacon.id"),
        (PEER.replace("https://b.dk/api", "b.dk"), "url: b.dk is not an https://"),
        (PEER.replace("b.dk", "a:b@b.dk"), "does not belong into an address"),
        (PEER.replace("/api", "/api?x=1"), "without ? and #"),
        (PEER.replace("b.dk", "["), "url: "),
        (HTTP, "a plain http:// address is asked in private_networks only"),
        (
            HTTP + 'private_networks = ["10.0.0.0/8"]\n'
            'auth = { type = "bearer", token_file = "t" }',
            "credentials need an https:// address",
        ),
        (HTTP + 'ca_file = "c"', "certificates need an https:// address"),
        (PEER + 'private_networks = ["10.0.0.1/8"]', "private_networks: "),
        (PEER + 'assemblies = ["hg99"]', "assemblies: hg99 is none we know"),
        (PEER + 'kind = "v1"\nbatch = true', "batch: lists are not asked"),
        (PEER + 'auth = { type = "bearer" }', "auth: bearer needs token_file"),
        (PEER + 'auth = { token_file = "t" }', "auth: token_file is not of none"),
        (PEER + 'auth = { type = "mtls", cert = "c" }', "auth: mtls needs key"),
        (PEER + 'auth = { cert = "c" }', "auth: cert and key come together"),
        (
            PEER + 'auth = { type = "token-exchange", token_url = "http://a.dk/t" }',
            "auth: token_url is an https:// address",
        ),
        (
            PEER + 'auth = { type = "token-exchange", token_url = "https://a.dk/t", '
            'client_secret_file = "s" }',
            "auth: client_secret_file needs client_id",
        ),
        (PEER + 'proxy = "https://p:1"', "proxy: https://p:1 is not http://HOST:PORT"),
        (PEER + 'proxy = "http://a:b@p:1"', "does not belong into an address"),
        ('[federation]\nproxy = "p"', "federation.proxy: p is not"),
        (PEER + 'country = "Denmark"', "federation.peer.0.country: "),
        (PEER + 'datasets_same_as = { x = "y" }', "datasets_same_as.x: "),
        (PEER + 'dataset_kinds = { x = "both" }', "dataset_kinds.x: "),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(text: str, expected: str) -> None:
    """A file that is wrong is refused, naming what is."""
    with pytest.raises(UsageError) as caught:
        read_text(text)

    sentence = str(caught.value)
    assert sentence.startswith(f"{WHERE}: ")
    assert expected in sentence
    assert "\n" not in sentence


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """What cannot be read is one sentence, too."""
    with pytest.raises(UsageError, match=r"network\.peers: .* cannot be read"):
        read(tmp_path / "none.toml", here=HERE, name="Ours")


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    """A peers file is small."""
    path = tmp_path / "peers.toml"
    path.write_bytes(b"#" * 1_048_577)

    with pytest.raises(UsageError, match="at most 1,048,576 bytes"):
        read(path, here=HERE, name="Ours")


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    """What is wrong meanwhile changes nothing, and is said once."""
    path, taken = tmp_path / "peers.toml", []

    def look() -> None:
        found = watch.look()
        taken.append(found and [peer.node.id for peer in found.peers])

    path.write_text("[federation]", encoding="utf-8")
    watch = PeersWatch(path, here=HERE, name="Ours")
    with capture_logs() as said:
        first = watch.first()
        look()
        path.write_text(PEER, encoding="utf-8")
        look()
        path.write_text(PEER + "nope = 1", encoding="utf-8")
        look()
        look()
        path.unlink()
        look()
        look()
        path.write_text(PEER.replace("dk.b", "dk.c"), encoding="utf-8")
        look()

    assert first.peers == ()
    assert taken == [None, ["dk.b"], None, None, None, None, ["dk.c"]]
    assert [each["event"] for each in said] == ["peers.not_taken"] * 2
    assert "unknown key" in said[0]["why"]
    assert "cannot be read" in said[1]["why"]


async def test_who_is_asked_changes_while_questions_are_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A running network goes by the file as it is now."""
    monkeypatch.setattr(peers_file, "_LOOK_EVERY", 0.01)
    path = tmp_path / "peers.toml"
    path.write_text("[federation]", encoding="utf-8")
    settings = Settings.model_validate(
        {"data_dir": tmp_path, "network": {"peers": path}}
    )
    async with open_network(settings) as network:
        assert network is not None
        before = network.directory.peers
        path.write_text(HTTP + 'private_networks = ["127.0.0.0/8"]', encoding="utf-8")
        async with asyncio.timeout(5):
            while not network.directory.peers:  # noqa: ASYNC110 - it is what is tested
                await asyncio.sleep(0.01)
        after = [each.node.id for each in network.health()]

    assert before == ()
    assert after == [settings.beacon.id, "dk.b"]


async def test_a_change_that_fails_here_is_not_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one is taken."""
    monkeypatch.setattr(peers_file, "_LOOK_EVERY", 0.01)
    path = tmp_path / "peers.toml"
    path.write_text("[federation]", encoding="utf-8")
    watch = PeersWatch(path, here=HERE, name="Ours")
    watch.first()
    taken: list[str] = []
    came = asyncio.Event()

    async def take(directory: Directory) -> None:
        taken.append(directory.peers[0].node.id)
        came.set()
        if len(taken) == 1:
            raise RuntimeError

    with capture_logs() as said:
        running = asyncio.create_task(watch.run(take))
        for name in ("dk.b", "dk.second"):
            came.clear()
            path.write_text(PEER.replace("dk.b", name), encoding="utf-8")
            async with asyncio.timeout(5):
                await came.wait()
        running.cancel()

    assert taken == ["dk.b", "dk.second"]
    assert [each["event"] for each in said] == ["peers.not_taken"]


async def test_a_file_that_is_being_written_is_read_when_it_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of it has fewer peers, and nobody would be told that they were not asked."""
    path = tmp_path / "peers.toml"
    path.write_text("[federation]", encoding="utf-8")
    watch = PeersWatch(path, here=HERE, name="Ours")
    watch.first()
    parts = iter([PEER, PEER + PEER.replace("b", "c"), None, None])
    taken: list[list[str]] = []
    running: asyncio.Task[None]
    rest = asyncio.sleep

    async def write_more(_: float) -> None:
        await rest(0)
        part = next(parts, "")
        if part == "":
            running.cancel()
        elif part is not None:
            path.write_text(part, encoding="utf-8")

    async def take(directory: Directory) -> None:
        taken.append([peer.node.id for peer in directory.peers])

    monkeypatch.setattr(asyncio, "sleep", write_more)
    running = asyncio.create_task(watch.run(take))
    await asyncio.wait([running])

    assert len(taken) == 1
    assert len(taken[0]) == 2
