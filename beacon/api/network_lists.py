"""``/network/batch``: many variants in one request, asked of all nodes that take lists.

Our own part is asked as ``/api/batch`` asks it, in one go; peers with ``batch`` alone
are asked beside it, once the questions are counted.  What is asked of a page is asked
here, too: by one way, with the same policy, budgets and audit.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from beacon.api.auditing import beacon_of
from beacon.api.batch import answer_lines, place_for, understood
from beacon.api.exchange import requester_of, speaker, understanding
from beacon.api.keys import BEACON, IDENTITY, NETWORK
from beacon.api.network import asking_of, write_down
from beacon.model.errors import BeaconError, NetworkBusy
from beacon.model.query import Query
from beacon.network.here import Here
from beacon.wire import network_lists as wire
from beacon.wire.batch import read_line
from beacon.wire.writing import written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

    from beacon.model.nodes import NetworkAnswer
    from beacon.wire.batch import Line, Raw
    from beacon.wire.info import Document
    from beacon.wire.requests import Understanding

    Said = NetworkAnswer | BeaconError

_IN_A_GROUP: Final = 250
"""Questions that a peer is asked together: it has its usual time for all of them."""
_AT_A_STRETCH: Final = 10
"""Lines that are read, or written, before others get their turn."""
_PAUSES: Final = (0.5, 1.0, 2.0)
"""Seconds after which a group asks again that found no place in the network."""


async def batch(request: web.Request) -> web.StreamResponse:
    """Answer a batch: who is asked, then one line for each of its lines."""
    federation = request.app[NETWORK].federation
    federation.check_way(asking_of(request, Query()))
    async with place_for(request):
        known = await understanding(request)
        head = await head_of(request)
        scribe = _Scribe(request, known)
        return await answer_lines(request, scribe.answer, written(head) + b"\n")


async def answers_to(request: web.Request, queries: Sequence[Query]) -> list[Said]:
    """Return what all nodes say to a list of a page: ``ask_many``, in its turn."""
    async with place_for(request):
        return await ask_many(request, queries)


async def head_of(request: web.Request) -> Document:
    """Return who is asked, and what each is known to have."""
    network, beacon = request.app[NETWORK], request.app[BEACON]
    directory, here = network.federation.directory, speaker(request)
    datasets = await beacon.datasets(requester_of(request))
    columns = list(wire.columns_here(directory.here.id, datasets))
    for name, card in network.cards().items():
        columns += wire.columns_there(name, card)
    addresses = {peer.node.id: peer.url for peer in directory.peers}
    return wire.head_line(
        network.federation.nodes,
        version=request.app[IDENTITY].version,
        references=beacon.references,
        listless=_listless(request),
        addresses=addresses | {directory.here.id: here.site},
        columns=columns,
    )


def _listless(request: web.Request) -> frozenset[str]:
    """Return the ids of the nodes that are asked no lists."""
    peers = request.app[NETWORK].federation.directory.peers
    return frozenset(peer.node.id for peer in peers if not peer.batch)


async def ask_many(request: web.Request, queries: Sequence[Query]) -> list[Said]:
    """Return what all nodes say to each of many questions, or why nobody says it.

    Each is counted before any peer is asked; the audit is told of all of them.
    """
    said: list[Said] = []
    for first in range(0, len(queries), _IN_A_GROUP):
        said += await _ask_group(request, queries[first : first + _IN_A_GROUP])
    return said


async def _ask_group(request: web.Request, queries: Sequence[Query]) -> list[Said]:
    federation = request.app[NETWORK].federation
    beacon = beacon_of(request.app[BEACON], request)
    here = Here(federation.directory.here, beacon)
    askings = [asking_of(request, query) for query in queries]
    try:
        refused = {} if beacon.policy is None else await here.count_many(askings)
        left = [asking for n, asking in enumerate(askings) if n not in refused]
        for pause in (*_PAUSES, None):
            try:
                told = await federation.answer_many(left, here)
            except NetworkBusy:
                if pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                break
        await write_down(request, (node for answer in told for node in answer.nodes))
    except BeaconError as failure:
        return [failure] * len(queries)
    answers = iter(told)
    return [refused[n] if n in refused else next(answers) for n in range(len(askings))]


class _Scribe:
    """Answers groups of lines of one batch.

    Args:
        request: that asks.
        known: what lines are understood with.
    """

    def __init__(self, request: web.Request, known: Understanding) -> None:
        self._request = request
        self._known = known
        self._listless = _listless(request)

    async def answer(self, group: Sequence[Raw]) -> bytes:
        """Return the answers to a group, a line for each; a failure is its line's."""
        lines: list[Line] = []
        asked: list[Query | str] = []
        for number, raw in enumerate(group):
            lines.append(read_line(raw))
            asked.append(understood(lines[-1], self._known))
            if number % _AT_A_STRETCH == 0:
                await asyncio.sleep(0)
        queries = [one for one in asked if isinstance(one, Query)]
        said = iter(await ask_many(self._request, queries))
        text: list[bytes] = []
        for number, (line, one) in enumerate(zip(lines, asked, strict=True)):
            if isinstance(one, str):
                document = wire.unanswered_line(line, one)
            else:
                document = self._document(line, one, next(said))
            text.append(written(document) + b"\n")
            if number % _AT_A_STRETCH == 0:
                await asyncio.sleep(0)
        return b"".join(text)

    def _document(self, line: Line, query: Query, said: Said) -> Document:
        if isinstance(said, BeaconError):
            return wire.unanswered_line(line, str(said))
        references = self._request.app[BEACON].references
        return wire.answer_line(line, query, said, references, self._listless)
