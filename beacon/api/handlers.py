"""The data and framework endpoints, one short handler each.

A handler gathers, understands, asks and writes; what any of that means is
decided below (``wire``, the service), never here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.api.exchange import as_json, asked_of, speaker, understanding
from beacon.api.keys import BEACON
from beacon.model.errors import InvalidRequest
from beacon.model.query import Granularity
from beacon.model.requester import ANONYMOUS
from beacon.model.status import Status
from beacon.wire import info, responses
from beacon.wire.annotations import FILTERING_TERMS
from beacon.wire.openapi import openapi
from beacon.wire.requests import Address, understand
from beacon.wire.synthetic import synthetic_answer, synthetic_dataset

if TYPE_CHECKING:
    from aiohttp import web

    from beacon.model.dataset import Dataset
    from beacon.model.disclosure import Disclosure
    from beacon.model.query import Query


def _refuse_no_answer(said: Disclosure) -> None:
    """Refuse to send what a client could read as a "no".

    Raises:
        InvalidRequest: when the question cannot be answered as it was asked.
    """
    if said.status is Status.NO_ANSWER:
        raise InvalidRequest(" ".join(said.warnings))


async def variants(request: web.Request) -> web.Response:
    """Answer a question about variants: all, one by id, or those of one dataset."""
    match = request.match_info
    address = Address(dataset=match.get("parent"), identity=match.get("id"))
    beacon = request.app[BEACON]
    query = understand(await asked_of(request), address, await understanding(request))
    if query.test_mode:
        said = synthetic_answer(query)
    else:
        said = await beacon.answer(query, ANONYMOUS)
        _refuse_no_answer(said)
    document = responses.result_sets(
        query, said, speaker(request), references=beacon.references
    )
    return as_json(document)


async def datasets(request: web.Request) -> web.Response:
    """Answer a question about datasets: all of them, or one by id."""
    address = Address(
        dataset=request.match_info.get("id"),
        is_list_of_datasets=True,
        granularity=Granularity.RECORD,
    )
    query = understand(await asked_of(request), address, await understanding(request))
    matching = [each for each in await _known(request, query) if _asks(query, each)]
    return as_json(responses.collections(query, matching, speaker(request)))


async def _known(request: web.Request, query: Query) -> tuple[Dataset, ...]:
    if query.test_mode:
        return (synthetic_dataset(),)
    return await request.app[BEACON].datasets()


def _asks(query: Query, dataset: Dataset) -> bool:
    if query.unknown_filters:
        return False
    return query.datasets is None or dataset.id in query.datasets


async def show_info(request: web.Request) -> web.Response:
    """Say who this beacon is and what is loaded."""
    loaded = await request.app[BEACON].datasets()
    return as_json(info.info(speaker(request), loaded))


async def show_service_info(request: web.Request) -> web.Response:
    """Say who this beacon is, as any GA4GH service does."""
    loaded = await request.app[BEACON].datasets()
    return as_json(info.service_info(speaker(request), loaded))


async def show_configuration(request: web.Request) -> web.Response:
    """Say how this beacon is set up."""
    return as_json(info.configuration(speaker(request)))


async def show_entry_types(request: web.Request) -> web.Response:
    """List the kinds of records."""
    return as_json(info.entry_types(speaker(request)))


async def show_map(request: web.Request) -> web.Response:
    """List the data paths."""
    return as_json(info.endpoint_map(speaker(request)))


async def show_filtering_terms(request: web.Request) -> web.Response:
    """List the terms that filters may use, page by page."""
    address = Address(is_list_of_datasets=True)
    query = understand(await asked_of(request), address, await understanding(request))
    document = info.filtering_terms(speaker(request), query.page, FILTERING_TERMS)
    return as_json(document)


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
