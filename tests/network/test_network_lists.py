"""``/network/batch`` over HTTP: lines in, lines out, of all nodes that take lists."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from beacon.wire.components import components
from tests.network.nations import line, listed, peer_at, silent_peer

SEEN, UNSEEN = "22-101-T-C", "22-201-G-A"


async def test_each_line_is_answered_by_all_that_take_lists(se, dk, eu):
    """Those that take none stand in the head with the reason; order is kept."""
    await se.knows(dk.as_peer(batch=True), eu.as_peer())
    await se.network.exchange.metadata.look(se.network.directory.peers[0])
    status, (head, *lines) = await listed(
        se, [line(SEEN, id=1), line(UNSEEN, id=2), line("nonsense", id=3)]
    )
    beacons = {each["beaconId"]: each for each in head["beacons"]}
    seen, unseen, odd = lines
    said = {(e["beaconId"], e["id"]): e["status"] for e in seen["datasets"]}

    assert (status, head["event"]) == (200, "asked")
    assert beacons["eu.example"]["reason"] == "lists"
    assert [each["id"] for each in lines] == [1, 2, 3]
    assert (seen["status"], unseen["status"]) == ("seen", "not_seen")
    assert seen["asked"] == {"variant": SEEN, "assemblyId": "GRCh37"}
    assert said["se.example", "clinic"] == "seen"
    assert said["dk.example", next(d for b, d in said if b == "dk.example")] == "seen"
    assert {each["beaconId"] for each in seen["beacons"]} == {
        *("se.example", "dk.example"),
    }
    assert (odd["status"], odd["datasets"], bool(odd["error"])) == (
        *("no_answer", [], True),
    )
    assert dk.calls["/api/batch"] == 1
    assert eu.calls == {}


async def test_the_head_says_what_each_node_is_known_to_have(se, dk):
    """Our own datasets with their releases, a peer's as it tells them."""
    await se.knows(dk.as_peer(batch=True))
    await se.network.exchange.metadata.look(se.network.directory.peers[0])
    _, (head, *_) = await listed(se, [line(SEEN)])
    ours = [e for e in head["datasets"] if e["beaconId"] == "se.example"]
    theirs = [e for e in head["datasets"] if e["beaconId"] == "dk.example"]

    assert [(e["id"], e["assemblyId"], e["release"]) for e in ours] == [
        ("clinic", "GRCh37", 1),
        ("twins", "GRCh37", 1),
    ]
    assert [each["assemblyId"] for each in theirs] == ["GRCh37"] * len(theirs)
    assert theirs


async def test_lines_are_as_they_are_announced(se, dk, eu):
    """Head and lines alike."""
    await se.knows(dk.as_peer(batch=True), eu.as_peer())
    _, lines = await listed(se, [line(SEEN), line("1-1-A-C"), "22-201-G-A", 7])
    schema = {
        "$ref": "#/components/schemas/networkBatchAnswer",
        "components": {"schemas": components()},
    }
    judge = Draft202012Validator(json.loads(json.dumps(schema)))

    assert [e.message for each in lines for e in judge.iter_errors(each)] == []
    assert len(lines) == 5


async def test_a_peer_that_hangs_says_no_answer_in_every_line(se):
    """Never a no; the others' words stand."""
    async with silent_peer() as (port, _, _):
        await se.knows(peer_at("hangs.example", port, seconds=0.3, batch=True))
        _, (_, *lines) = await listed(se, [line(SEEN), line(UNSEEN)])

    assert [each["status"] for each in lines] == ["seen", "no_answer"]
    assert [each["complete"] for each in lines] == [False, False]
    assert {n["status"] for e in lines for n in e["beacons"][1:]} == {"no_answer"}


async def test_a_list_that_comes_back_is_a_loop(se, dk):
    """508, one sentence, and nobody is asked."""
    await se.knows(dk.as_peer(batch=True))
    status, (said,) = await listed(se, [line(SEEN)], Via="beacon/2 se.example")

    assert (status, said["error"]["errorCode"]) == (508, 508)
    assert dk.calls == {}
