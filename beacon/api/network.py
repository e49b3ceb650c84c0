"""``/network``: one question, asked of every node; the answers as one, or as they come.

Our own part is asked as ``/api`` asks it: with the same policy, budgets and audit.
What the other nodes are is said by the network, never by a document of theirs.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import aclosing
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import structlog
from aiohttp import hdrs, web

from beacon.api.auditing import Noted, beacon_of
from beacon.api.exchange import (
    as_json,
    requester_of,
    sent_with,
    speaker,
)
from beacon.api.keys import ACCOUNT, BEACON, KNOWN_OF_ALL, LIMITS, NETWORK, SESSION
from beacon.api.sending import JsonAnswer
from beacon.model.errors import BeaconError, InvalidRequest
from beacon.model.nodes import NodeAnswer, NodeDataset
from beacon.model.status import Status
from beacon.network.asking import Asking
from beacon.network.exchanged import SubjectToken
from beacon.network.here import Here
from beacon.network.ways import passed
from beacon.wire import network as wire
from beacon.wire.forms import understand_sent
from beacon.wire.info import framework_document
from beacon.wire.node_health import network_status
from beacon.wire.requests import Address
from beacon.wire.synthetic import synthetic_answer
from beacon.wire.writing import written

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from aiohttp.typedefs import Handler

    from beacon.api.overhearing import Told
    from beacon.model.nodes import NetworkAnswer
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.wire.info import Document, Speaker

_log = structlog.get_logger(__name__)

_LINES: Final = "application/x-ndjson"
_FAILURES: Final = "failures"
"""The parameter that asks for failures as result sets."""
_SETS: Final = "resultsets"
_BEARER: Final = re.compile(r"[Bb]earer +([!-~]+)")
_NETWORKS: Final = re.compile(r"BN/")
"""What the agent of ELIXIR's network backend is called; it passes no ``Via`` on."""
_GATEWAY: Final = 502
_LAST: Final = 2.0
"""Seconds of a request that are left to say what came."""
_LEAST: Final = 1.0
_MANY: Final = 200
"""Rows and records of an answer that are written at once."""


async def variants(request: web.Request) -> web.StreamResponse:
    """Answer a question of all nodes: as one document, or in lines as they come."""
    query = await _query(request)
    here = speaker(request)
    if query.test_mode:
        return as_json(_invented(request, query, here))
    asking = asking_of(request, query)
    if wants_lines(request.headers.get(hdrs.ACCEPT, "")):
        return await _in_lines(request, asking, here)
    network = request.app[NETWORK]
    beacon = beacon_of(request.app[BEACON], request)
    answer = await network.federation.answer(
        asking,
        Here(network.federation.directory.here, beacon),
        waits_for_us=beacon.policy is not None,
    )
    note(request, answer.nodes)
    body, status = await _written(request, query, answer, here)
    return JsonAnswer(body, status=status)


def _invented(request: web.Request, query: Query, here: Speaker) -> Document:
    """Return the answer in test mode: of ourselves alone, and of nobody's data."""
    federation, said = request.app[NETWORK].federation, synthetic_answer(query)
    ours = federation.directory.here
    rows = tuple(NodeDataset(beacon=ours.id, part=part) for part in said.datasets)
    alone = NodeAnswer(
        node=ours, status=said.status, datasets=rows, granularity=said.granularity
    )
    return wire.network_answer(query, federation.merged([alone]), here)


async def _query(request: web.Request) -> Query:
    """Return what is asked.

    Raises:
        InvalidRequest: one sentence naming the parameter that is wrong.
    """
    sent = await sent_with(request, request.app[LIMITS].body)
    ours = sent._replace(
        parameters=lambda: [p for p in sent.parameters() if p[0] != _FAILURES]
    )
    said = request.query.get(_FAILURES)
    if said not in (None, _SETS):
        message = f"failures is {_SETS} or is not given."
        raise InvalidRequest(message, parameter=_FAILURES)
    address = Address(identity=request.match_info.get("id"))
    known = await request.app[KNOWN_OF_ALL].now(requester_of(request))
    return understand_sent(ours, address, known)


def asking_of(request: web.Request, query: Query) -> Asking:
    """Return a question with what has to be known of its way."""
    account, requester = request.get(ACCOUNT), requester_of(request)
    agent = request.headers.get(hdrs.USER_AGENT, "")
    via: tuple[str, ...] = ()
    if hdrs.VIA in request.headers:
        via = passed(request.headers.getall(hdrs.VIA))
    return Asking(
        query=query,
        requester=requester,
        request_id=str(uuid4()) if account is None else account.request_id,
        via=via,
        comes_from_a_network=bool(via) or _NETWORKS.match(agent) is not None,
        subject=_subject(request, requester),
        seconds=max(_LEAST, request.app[LIMITS].seconds - _LAST),
    )


def _subject(request: web.Request, requester: Requester) -> SubjectToken | None:
    """Return the token of an issuer that a requester was identified by, if any.

    An API key is ours alone, and what proved nothing here is nobody's to exchange.
    """
    if requester.issuer is None or requester.key is not None:
        return None
    session = request.get(SESSION)
    if session is not None:
        return SubjectToken(session.token)
    bearer = _BEARER.fullmatch(request.headers.get(hdrs.AUTHORIZATION, ""))
    return None if bearer is None else SubjectToken(bearer[1])


def wants_lines(accept: str) -> bool:
    """Whether a client asks for lines, by what it accepts."""
    kinds = [each.partition(";")[0].strip().lower() for each in accept.split(",")]
    return _LINES in kinds


async def _written(
    request: web.Request, query: Query, answer: NetworkAnswer, here: Speaker
) -> tuple[bytes, int]:
    """Return the whole answer as text, and its HTTP status.

    What is long is written beside the loop: others wait for their answers.
    """

    def write() -> tuple[bytes, int]:
        document, status = _document(request, query, answer, here)
        return written(document), status

    return await asyncio.to_thread(write) if _is_long(answer) else write()


def _is_long(answer: NetworkAnswer) -> bool:
    """Whether an answer takes long to write."""
    return sum(len(row.part.variants) + 1 for row in answer.rows) > _MANY


def _document(
    request: web.Request, query: Query, answer: NetworkAnswer, here: Speaker
) -> tuple[Document, int]:
    """Return the whole answer, and its HTTP status."""
    if answer.is_silent:
        return wire.network_failure(answer, here), _GATEWAY
    document = wire.network_answer(
        query,
        answer,
        here,
        references=request.app[BEACON].references,
        with_failures=request.query.get(_FAILURES) == _SETS,
    )
    return document, 200


def note(request: web.Request, nodes: Iterable[NodeAnswer]) -> None:
    """Have the audit told what other nodes said; what we said it knows."""
    account = request.get(ACCOUNT)
    if account is not None:
        account.noted.overheard(_said_elsewhere(request, nodes))


def _said_elsewhere(request: web.Request, nodes: Iterable[NodeAnswer]) -> list[Told]:
    """Return what nodes other than ourselves said."""
    ours = request.app[NETWORK].federation.directory.here.id
    found: list[Told] = []
    for node in nodes:
        if node.node.id == ours or node.status is Status.NOT_ASKED:
            continue
        told: list[Told] = [
            (f"{r.beacon}/{r.part.dataset}", None, r.part.status, r.part.granularity)
            for r in node.datasets
        ]
        whole: Told = (node.node.id, None, node.status, node.granularity)
        found += told or [whole]
    return found


async def write_down(request: web.Request, nodes: Iterable[NodeAnswer]) -> None:
    """Have it written what nodes say, before it is said.

    Whoever leaves with it, before the rest is there, has it all the same.

    Raises:
        StoreUnavailable: when it is not written: it must not be said.
    """
    account, noted = request.get(ACCOUNT), Noted()
    noted.overheard(_said_elsewhere(request, nodes))
    if account is not None and noted.told:
        await account.close_part(request, noted)


# --- as it comes -------------------------------------------------------------


async def _in_lines(
    request: web.Request, asking: Asking, here: Speaker
) -> web.StreamResponse:
    """Answer in lines: who is asked, each answer as it comes, and the whole."""
    federation = request.app[NETWORK].federation
    beacon = beacon_of(request.app[BEACON], request)
    ours = Here(federation.directory.here, beacon, is_told_at_once=True)
    coming = federation.ask(asking, ours, waits_for_us=beacon.policy is not None)
    async with aclosing(coming) as answers:
        first = await anext(answers)  # what is wrong by now has a status yet
        headers = {
            hdrs.CONTENT_TYPE: _LINES,
            hdrs.CACHE_CONTROL: "no-store",
            "X-Accel-Buffering": "no",
        }
        stream = web.StreamResponse(headers=headers)
        await stream.prepare(request)
        try:
            await _tell(request, stream, first, answers, asking, here)
        except BeaconError as failure:
            await stream.write(_line(wire.error_line(failure)))
        except ConnectionError:
            raise  # the client left, which is no failure
        except Exception:  # noqa: BLE001 - what is half answered must not look whole
            _log.exception("network.failed")
            if request.transport is not None:
                request.transport.abort()
            return stream
    await stream.write_eof()
    return stream


async def _tell(
    request: web.Request,
    stream: web.StreamResponse,
    first: NodeAnswer,
    others: AsyncIterator[NodeAnswer],
    asking: Asking,
    here: Speaker,
) -> None:
    """Write the lines of a stream, each as soon as it can be."""
    federation, query = request.app[NETWORK].federation, asking.query
    references = request.app[BEACON].references
    told: list[NodeAnswer] = []

    async def tell(answer: NodeAnswer) -> None:
        told.append(answer)
        await write_down(request, (answer,))
        alone = await federation.merged_aside([answer])

        def write() -> bytes:
            return _line(wire.answer_line(query, answer, alone, here, references))

        is_long = _is_long(alone)
        await stream.write(await asyncio.to_thread(write) if is_long else write())

    await stream.write(_line(wire.asked_line(federation.nodes)))
    await tell(first)
    async for answer in others:
        await tell(answer)
    whole = await federation.merged_aside(told)
    body, _ = await _written(request, query, whole, here)
    await stream.write(wire.done_text(body) + b"\n")


def _line(document: Document) -> bytes:
    return written(document) + b"\n"


# --- what there is to ask ----------------------------------------------------


def framework(write: Callable[[Speaker], Document]) -> Handler:
    """Return the handler of a document that follows from who we are alone."""

    async def handler(request: web.Request) -> web.Response:
        return as_json(write(speaker(request)))

    return handler


async def show_info(request: web.Request) -> web.Response:
    """Say who the network is, and who its nodes are."""
    members = request.app[NETWORK].health()
    return as_json(wire.network_info(speaker(request), members))


async def show_terms(request: web.Request) -> web.Response:
    """List the terms that filters of the network may use: it takes none."""
    said = framework_document(
        speaker(request), "filteringTerms", {"filteringTerms": []}
    )
    return as_json(wire.as_aggregated(said))


async def show_services(request: web.Request) -> web.Response:
    """List the nodes as GA4GH services."""
    members = request.app[NETWORK].health()
    return JsonAnswer(written(wire.network_services(speaker(request), members)))


async def show_registries(request: web.Request) -> web.Response:
    """List the nodes as the page of an atlas of beacons reads them."""
    members = request.app[NETWORK].health()
    return as_json(wire.network_registries(speaker(request), members))


async def show_status(request: web.Request) -> web.Response:
    """Say how each node is."""
    return as_json(network_status(request.app[NETWORK].health()))


PATHS: Final[dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]]] = {
    "": show_info,
    "info": show_info,
    "map": framework(wire.network_map),
    "configuration": framework(wire.network_configuration),
    "entry_types": framework(wire.network_entry_types),
    "filtering_terms": show_terms,
    "services": show_services,
    "registries": show_registries,
    "status": show_status,
}
"""What there is to know of the network, below its root."""
ASKED: Final = "g_variants"
"""What there is to ask of it."""
