"""Real beacons that ask one another over loopback, and peers that fail them."""

from __future__ import annotations

import asyncio
import json
from time import monotonic

from aiohttp import ClientSession

from beacon.model.nodes import NodeKind
from tests.network.nations import (
    SEEN,
    UNSEEN,
    ask,
    asked,
    nation,
    peer_at,
    sets,
    silent_peer,
    words,
)


async def test_one_question_is_answered_by_every_nation(se, dk, eu):
    """Each dataset in its own result set, under the beacon that has it."""
    await se.knows(dk.as_peer(), eu.as_peer())
    said = await ask(se, asked(SEEN))
    each = sets(said)

    assert said["status"] == 200
    assert words(said) == {
        "se.example": "seen",
        "dk.example": "seen",
        "eu.example": "seen",
    }
    assert list(each) == [
        *("se.example/clinic", "se.example/twins"),
        *("dk.example/wgs", "eu.example/goe"),
    ]
    assert each["dk.example/wgs"]["info"]["alleleCount"] == 4
    assert said["meta"]["isAggregated"] is True
    assert said["info"]["complete"] is True
    assert (said["info"]["asked"], said["info"]["answered"]) == (3, 3)
    assert [len(s["results"]) for s in each.values()] == [1, 1, 1, 1]
