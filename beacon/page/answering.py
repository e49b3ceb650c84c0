"""A question of a page, asked of all nodes: with its requester's permit and audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.network.here import Here
from beacon.page.behind import BEHIND

if TYPE_CHECKING:
    from aiohttp import web

    from beacon.model.nodes import NetworkAnswer
    from beacon.model.query import Query


async def answer_to(request: web.Request, query: Query) -> NetworkAnswer:
    """Return what all nodes say to a question; the audit is told of it.

    Raises:
        BeaconError: when it cannot be asked of anybody, or is one too many.
    """
    behind = request.app[BEHIND]
    federation = behind.network.federation
    here = Here(federation.directory.here, behind.beacon_of(request))
    asking = behind.asking(request, query)
    answer = await federation.answer(asking, here, waits_for_us=True)
    behind.note(request, answer.nodes)
    return answer
