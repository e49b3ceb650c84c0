"""The data and framework endpoints, one short handler each.

A handler gathers, understands, asks and writes; what any of that means is
decided below (``wire``, the service), never here.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from beacon.api.auditing import answer_alike, beacon_of
from beacon.api.exchange import (
    as_json,
    requester_of,
    sent_with,
    speaker,
    understanding,
)
from beacon.api.keys import BEACON, KNOWN, LIMITS, METER, SPEAKERS
from beacon.api.metrics import CONTENT_TYPE
from beacon.api.sending import JsonAnswer
from beacon.model.entry_types import COHORT, COLLECTIONS, DATASET, GENOMIC_VARIANT
from beacon.model.errors import InvalidRequest
from beacon.model.records import Under
from beacon.model.status import Status
from beacon.wire import catalogue, info, responses, terms
from beacon.wire.budget import budget
from beacon.wire.forms import Alike, recognise, understand_sent
from beacon.wire.openapi import openapi
from beacon.wire.requests import Address
from beacon.wire.summary import summary
from beacon.wire.synthetic import (
    synthetic_answer,
    synthetic_collection,
    synthetic_records,
    synthetic_terms,
)
from beacon.wire.terms import EFFECT_TERMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.typedefs import Handler

    from beacon.api.keys import BeaconService
    from beacon.api.plain import Asking
    from beacon.model.disclosure import Disclosure, RecordsDisclosure
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.wire.forms import Sent
    from beacon.wire.info import Document, Speaker

_NO_ANSWER = "This question cannot be answered as it was asked."
_EVERY = 2**31 - 1
"""Three networks read all filtering terms at once, so a page may hold them all."""


def _refuse_no_answer(said: Disclosure | RecordsDisclosure) -> None:
    """Refuse to send what a client could read as a "no".

    Raises:
        InvalidRequest: when the question cannot be answered as it was asked.
    """
    if said.status is Status.NO_ANSWER:
        raise InvalidRequest(" ".join(said.warnings) or _NO_ANSWER)


def entries(about: str, parent: str | None = None) -> Handler:
    """Return the handler of questions for records of one entry type.

    Args:
        about: id of the entry type.
        parent: id of the entry type below one of whose records they are asked for.
    """
    answers = {DATASET.id: _groups, COHORT.id: _groups}
    answer = answers.get(about, _documents)

    async def handler(request: web.Request) -> web.Response:
        address = _address(request.match_info, about, parent)
        sent = await sent_with(request, request.app[LIMITS].body)
        if about == GENOMIC_VARIANT.id:
            said = await variants(request.app, request, sent, address)
            return JsonAnswer(said) if isinstance(said, bytes) else said
        query = understand_sent(sent, address, await understanding(request))
        return as_json(await answer(request, query))

    return handler


def _address(match: Mapping[str, str], about: str, parent: str | None) -> Address:
    return Address(
        about=about,
        identity=match.get("id"),
        under=Under(entry_type=parent, identity=match["parent"]) if parent else None,
    )


async def variants(
    app: web.Application, request: Asking, sent: Sent, address: Address
) -> JsonAnswer | bytes:
    """Answer a question about variants: all, one by id, or those of a record.

    A plain one that is of a known form goes a shorter way to the same answer, which
    is its document alone.

    Args:
        app: that answers.
        request: where it came to.
        sent: what it says.
        address: of its path.
    """
    requester = requester_of(request)
    told = recognise(sent, address, await app[KNOWN].now(requester))
    here = app[SPEAKERS](request.scheme, request.host)
    if not isinstance(told, Alike):
        beacon = beacon_of(app[BEACON], request)
        return as_json(await _variants(beacon, told, here, requester))
    outline = told.form.outline
    if not outline.is_plain:
        beacon = beacon_of(app[BEACON], request)
        return as_json(await _variants(beacon, told.question(), here, requester))
    said = await answer_alike(app[BEACON], request, outline, told.allele(), requester)
    text = told.written(said, here)
    if text is not None:
        return text
    _refuse_no_answer(said)
    return as_json(responses.result_sets(told.question(), said, here))


async def _variants(
    beacon: BeaconService, query: Query, here: Speaker, requester: Requester
) -> Document:
    """Answer a question that was understood."""
    if query.test_mode:
        said = synthetic_answer(query)
    else:
        said = await beacon.answer(query, requester)
        _refuse_no_answer(said)
    tell = partial(
        responses.result_sets, query, said, here, references=beacon.references
    )
    return await asyncio.to_thread(tell) if query.page.is_long else tell()


async def _documents(request: web.Request, query: Query) -> Document:
    """Answer a question about documents: all, one by id, or those of a record."""
    if query.test_mode:
        said = synthetic_records(query)
    else:
        requester = requester_of(request)
        beacon = beacon_of(request.app[BEACON], request)
        said = await beacon.answer_records(query, requester)
        _refuse_no_answer(said)
    return responses.record_sets(query, said, speaker(request))


async def _groups(request: web.Request, query: Query) -> Document:
    """Answer a question about datasets or cohorts: all of them, or one by id."""
    if query.test_mode:
        said = synthetic_collection(query)
    else:
        beacon = beacon_of(request.app[BEACON], request)
        said = await beacon.collect(query, requester_of(request))
    return catalogue.collections(query, said, speaker(request))


async def show_info(request: web.Request) -> web.Response:
    """Say who this beacon is and what is loaded."""
    beacon = request.app[BEACON]
    loaded = await beacon.datasets(requester_of(request))
    ontologies = await beacon.ontologies()
    said = info.info(speaker(request), loaded, ontologies, beacon.policy)
    return as_json(said)


async def show_service_info(request: web.Request) -> web.Response:
    """Say who this beacon is, as any GA4GH service does."""
    loaded = await request.app[BEACON].datasets(requester_of(request))
    return as_json(info.service_info(speaker(request), loaded))


async def show_configuration(request: web.Request) -> web.Response:
    """Say how this beacon is set up."""
    return as_json(info.configuration(speaker(request)))


async def show_entry_types(request: web.Request) -> web.Response:
    """List the kinds of records."""
    return as_json(info.entry_types(speaker(request)))


async def show_budget(request: web.Request) -> web.Response:
    """Tell whoever asks what is left for it."""
    left = await request.app[BEACON].allowance(requester_of(request))
    return as_json(budget(speaker(request), left))


async def show_summary(request: web.Request) -> web.Response:
    """Tell what a dataset holds, as far as that may be told."""
    beacon = beacon_of(request.app[BEACON], request)
    said = await beacon.summary(request.match_info["id"], requester_of(request))
    return as_json(summary(speaker(request), said))


async def show_map(request: web.Request) -> web.Response:
    """List the data paths."""
    return as_json(info.endpoint_map(speaker(request)))


def filtering_terms(about: str | None = None) -> Handler:
    """Return the handler that lists the terms filters may use, page by page.

    Args:
        about: id of the entry type they are for, or of the record that the path
            names; ``None``: of every one.
    """

    async def handler(request: web.Request) -> web.Response:
        known = replace(await understanding(request), largest_page=_EVERY)
        identity = request.match_info.get("id")
        address = Address(about=about or DATASET.id, identity=identity)
        query = understand_sent(
            await sent_with(request, request.app[LIMITS].body), address, known
        )
        if query.test_mode:
            found = list(synthetic_terms(query))
        else:
            requester = requester_of(request)
            beacon = beacon_of(request.app[BEACON], request)
            found = list(await beacon.filtering_terms(query, requester))
        if identity is None or await _holds_variants(request, query):
            found += EFFECT_TERMS
        if identity is None and about is not None:
            found = [term for term in found if about in term.scopes]
        every = terms.united(found)
        return as_json(terms.filtering_terms(speaker(request), query.page, every))

    return handler


async def _holds_variants(request: web.Request, query: Query) -> bool:
    """Whether a dataset, or a cohort, that is asked for has variants."""
    if query.about not in COLLECTIONS:
        return False
    if query.test_mode:
        return bool(synthetic_collection(query).records)
    return any(
        dataset.release is not None and query.chooses(dataset)
        for dataset in await request.app[BEACON].datasets(requester_of(request))
    )


async def show_openapi(request: web.Request) -> web.Response:
    """Describe everything that answers, for programs."""
    return as_json(openapi(speaker(request)))


async def alive(_: web.Request) -> web.Response:
    """Say that the process runs."""
    return as_json({"status": "alive"})


async def ready(request: web.Request) -> web.Response:
    """Say whether questions can be answered."""
    is_ready = await request.app[BEACON].ready()
    word = "ready" if is_ready else "unavailable"
    return as_json({"status": word}, status=200 if is_ready else 503)


async def show_metrics(request: web.Request) -> web.Response:
    """Tell the numbers of all processes, for Prometheus."""
    body = await request.app[METER].told()
    headers = {hdrs.CONTENT_TYPE: CONTENT_TYPE, hdrs.CACHE_CONTROL: "no-store"}
    return web.Response(body=body, headers=headers)
