"""``beacon peers`` shows whom we ask and how they are, and ends by it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from click.testing import CliRunner

from beacon.cli.main import command_line
from beacon.model.errors import UsageError
from beacon.model.health import BreakerState, NodeHealth, NodeState
from beacon.model.nodes import Node, Reason
from beacon.model.status import Status
from beacon.wire.node_health import network_status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from click.testing import Result

NOON = 1_795_780_800.0


async def run(*arguments: str, peers: Path | None, port: int = 1) -> Result:
    """Run the command in a thread, while peers are served by this one."""
    told = {} if peers is None else {"BEACON_NETWORK__PEERS": str(peers)}
    told["BEACON_SERVER__PORT"] = str(port)
    runner = CliRunner(env=told, catch_exceptions=True)
    given = ["peers", *arguments]
    return await asyncio.to_thread(runner.invoke, command_line(), given, obj={})


@pytest.fixture
async def served() -> AsyncIterator[int]:
    """Give the port of a beacon that says who it is, and how its peers answer."""
    app = web.Application()

    async def info(_: web.Request) -> web.Response:
        datasets = [{"id": "d", "assembly": "GRCh38"}]
        says = {"id": "dk.good", "apiVersion": "v2.1.0", "info": {"datasets": datasets}}
        return web.json_response({"meta": {"beaconId": "dk.good"}, "response": says})

    async def status(_: web.Request) -> web.Response:
        paused = NodeHealth(
            node=Node(id="dk.good", names={"en": "Good"}),
            state=NodeState.PAUSED,
            asked=NOON,
            word=Status.NO_ANSWER,
            reason=Reason.TIMEOUT,
            answered=NOON - 60,
            breaker=BreakerState.OPEN,
        )
        return web.json_response(network_status([paused]))

    app.router.add_get("/api/info", info)
    app.router.add_get("/network/status", status)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


def listed(folder: Path, port: int, *names: str, more: str = "") -> Path:
    """Write a peers file."""
    path = folder / "peers.toml"
    tables = [
        f'[[federation.peer]]\nid = "{name}"\nurl = "http://127.0.0.1:{port}/{where}"\n'
        f'private_networks = ["127.0.0.0/8"]\n{more}\n'
        for name, where in zip(names, ("api", "none", "more"), strict=False)
    ]
    path.write_text("[federation]\n" + "".join(tables), encoding="utf-8")
    return path


async def test_peers_that_are_well_are_shown_with_exit_0(
    served: int, tmp_path: Path
) -> None:
    """A row a peer, and what it has; no server is no failure."""
    ended = await run(peers=listed(tmp_path, served, "dk.good"))

    assert (ended.exit_code, ended.stderr) == (0, "")
    row = ended.stdout.splitlines()[1].split()
    assert row[:6] == ["ok", "dk.good", "beacon", "v2.1.0", "GRCh38", "1"]
    assert "No server runs with these settings" in ended.stdout


async def test_f12_the_last_answer_is_what_the_server_knows(
    served: int, tmp_path: Path
) -> None:
    """Its word and moment, and that the peer is left alone."""
    ended = await run(peers=listed(tmp_path, served, "dk.good"), port=served)

    assert ended.exit_code == 0
    row = ended.stdout.splitlines()[1]
    assert row.startswith("paused  dk.good")
    assert row.endswith("no_answer (timeout); answered 2026-11-27T11:59:00Z")


async def test_a_peer_that_is_not_well_is_exit_1(served: int, tmp_path: Path) -> None:
    """It is named with what is wrong; the others are shown all the same."""
    path = listed(tmp_path, served, "dk.good", "dk.away")
    ended = await run("--json", peers=path, port=served)
    told = json.loads(ended.stdout)

    assert ended.exit_code == 1
    assert told["isServed"] is True
    good, away = told["peers"]
    assert (good["isWell"], good["lastStatus"]) == (True, "no_answer")
    assert (away["isWell"], away["state"]) == (False, "down")
    assert away["problems"] == ["/info: It answers HTTP 404."]


async def test_an_impostor_is_not_well(served: int, tmp_path: Path) -> None:
    """A peer that says it is another one is not asked, and shown so."""
    ended = await run(peers=listed(tmp_path, served, "dk.other"))

    assert ended.exit_code == 1
    said = " ".join(ended.stdout.split())
    assert "dk.other: It says that it is another beacon than it is listed as." in said


@pytest.mark.parametrize(
    ("auth", "named"),
    [
        ('{ type = "bearer", token_file = "no.token" }', "no.token"),
        ('{ type = "mtls", cert = "no.pem", key = "no.key" }', "no.pem"),
    ],
)
async def test_a_secret_that_is_not_there_is_named(
    served: int, tmp_path: Path, auth: str, named: str
) -> None:
    """A peer that cannot be shown who we are is not well."""
    path = listed(tmp_path, served, "dk.good", more=f"auth = {auth}")
    text = path.read_text(encoding="utf-8")
    if "mtls" in auth:
        text = text.replace("http://", "https://")
    path.write_text(text, encoding="utf-8")
    ended = await run("--json", peers=path)
    (peer,) = json.loads(ended.stdout)["peers"]

    assert (ended.exit_code, peer["isWell"]) == (1, False)
    assert any(each.startswith(str(tmp_path / named)) for each in peer["problems"])


async def test_no_peers_is_said(tmp_path: Path) -> None:
    """Without a file, or with nobody in it, nobody is asked."""
    without = await run(peers=None)
    empty = await run("--json", peers=listed(tmp_path, 1))

    assert (without.exit_code, without.stdout) == (
        0,
        "We ask no other beacon: network.peers names none.\n",
    )
    assert (empty.exit_code, json.loads(empty.stdout)["peers"]) == (0, [])


async def test_a_file_that_is_wrong_is_one_sentence_and_asks_nobody(
    tmp_path: Path,
) -> None:
    """Nobody is asked by half a file; the program ends with exit 2."""
    ended = await run(peers=listed(tmp_path, 1, "dk.good", more="nope = 1"))

    assert isinstance(ended.exception, UsageError)
    assert "unknown key federation.peer.0.nope" in str(ended.exception)
    assert ended.stdout == ""
