"""A question of a page, asked of all nodes: with its requester's permit and audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.network.here import Here
from beacon.page.behind import BEHIND

if TYPE_CHECKING:
    from aiohttp import web

    from beacon.model.nodes import NetworkAnswer
    from beacon.model.query import Query
    from beacon.network.asking import Asking


async def answer_to(request: web.Request, query: Query) -> NetworkAnswer:
    """Return what all nodes say to a question; the audit is told of it.

    Raises:
        BeaconError: when it cannot be asked of anybody, or is one too many.
    """
    return await answered(request, request.app[BEHIND].asking(request, query))


async def answered(request: web.Request, asking: Asking) -> NetworkAnswer:
    """Return the same to a question that is on its way already.

    Raises:
        BeaconError: as ``answer_to`` does.
    """
    behind = request.app[BEHIND]
    federation = behind.network.federation
    here = Here(federation.directory.here, behind.beacon_of(request))
    answer = await federation.answer(asking, here, waits_for_us=True)
    behind.note(request, answer.nodes)
    return answer
