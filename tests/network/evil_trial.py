"""Asks every evil peer in a process of its own: how it ended, how long, how much.

Prints one JSON object by manner; the process has nothing else to grow by.  It runs on
the loop that servers have, which reads more at once than the standard library's.
"""

from __future__ import annotations

import json
import resource
from time import monotonic

import uvloop

from beacon.network.client import Client
from beacon.network.exchanged import Silence
from beacon.network.peers import Terms
from tests.network.evil import MANNERS, bomb, evil, peer_at


def peak() -> int:
    """Return the most memory this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


async def trial() -> dict[str, object]:
    """Ask them all, one after another."""
    bomb(1024)  # so that making it is not what grows
    found = {}
    for manner in MANNERS:
        client, before = Client(Terms()), peak()
        async with evil(manner) as (served, port):
            began = monotonic()
            peer = peer_at(port, seconds=0.5)
            came = await client.post(peer, "/g_variants", b"{}", deadline=8)
            seconds = monotonic() - began
        await client.close()
        ended = came.reason if isinstance(came, Silence) else came.status
        found[manner] = {
            "ended": ended,
            "seconds": seconds,
            "grown": peak() - before,
            "asked": len(served.asked),
        }
    return found


print(json.dumps(uvloop.run(trial())))  # noqa: T201 - what it is run for
