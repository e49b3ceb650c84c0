"""Another beacon, asked over HTTP: the same question, its answer as it gave it.

Whatever goes wrong on the way is ``no_answer`` or ``refused``; no failure can
read as "no".  Only the status words and numbers it sent are shown.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
from pydantic import Field, ValidationError

from beacon.cli.foreign import REFUSALS, Read, ReadCounts, all_of, api_of
from beacon.model.disclosure import DatasetDisclosure, Disclosure
from beacon.model.query import Granularity
from beacon.model.spelling import normal_allele
from beacon.model.status import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.model.pattern import VariantPattern
    from beacon.model.similarity import Similar
    from beacon.model.variant import Reference

_CHUNK = 65_536
_LARGEST_ANSWER = 16_777_216


class _SetInfo(ReadCounts):
    status: Status | None = None
    coverage: str | None = None
    filters: tuple[str, ...] = ()


class _ResultSet(Read):
    id: str
    exists: bool
    total: int | None = Field(default=None, alias="resultsCount", ge=0)
    info: _SetInfo = _SetInfo()


class _Response(Read):
    sets: tuple[_ResultSet, ...] = Field(default=(), alias="resultSets")


class _Summary(Read):
    exists: bool


class _Info(Read):
    status: Status | None = None
    warnings: tuple[str, ...] = ()


class _Error(Read):
    message: str | None = Field(default=None, alias="errorMessage")


class _Document(Read):
    summary: _Summary | None = Field(default=None, alias="responseSummary")
    response: _Response = _Response()
    error: _Error | None = None
    info: _Info = _Info()


async def ask_remote(
    address: str,
    pattern: VariantPattern,
    references: Mapping[str, Reference],
    deadline: float,
) -> Disclosure:
    """Return what another beacon answers.

    Args:
        address: of its site, or of its API where that has a path.
        pattern: the question.
        references: genomes to normalise the question with.
        deadline: seconds after which it is given up.

    Raises:
        UsageError: when ``address`` is no HTTP address.
    """
    api = api_of(address)
    url = api.with_path(f"{api.path}/g_variants")
    url = url.with_query(_parameters(pattern, references))
    timeout = aiohttp.ClientTimeout(total=deadline)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, allow_redirects=True) as response,
        ):
            chunks = response.content.iter_chunked(_CHUNK)
            body, code = await all_of(chunks, _LARGEST_ANSWER), response.status
    except TimeoutError:
        reason = f"no answer within {deadline:g} seconds"
        return _failed(address, Status.NO_ANSWER, reason)
    except aiohttp.ClientConnectorError:
        return _failed(address, Status.NO_ANSWER, "it cannot be reached")
    except (aiohttp.ClientError, OSError) as failure:
        return _failed(address, Status.NO_ANSWER, str(failure))
    return _read(address, code, body)


def _parameters(
    pattern: VariantPattern, references: Mapping[str, Reference]
) -> dict[str, str]:
    asked = {
        "assemblyId": pattern.assembly,
        "requestedGranularity": Granularity.RECORD.word,
        "includeResultsetResponses": "ALL",
        "limit": "1",
    }
    if pattern.name is not None:
        return asked | {"genomicAlleleShortForm": pattern.name}
    if pattern.annotated is not None:
        return asked | {"geneId": pattern.annotated.genes[0]}
    asked["referenceName"] = pattern.sequence.name
    if pattern.is_single_allele:
        allele = normal_allele(pattern, references)
        return asked | {
            "start": str(allele.start),
            "referenceBases": allele.reference,
            "alternateBases": allele.alternate,
        }
    if pattern.similar is not None:
        return asked | _similar(pattern.similar)
    reach = pattern.overlap or pattern.reach()
    asked |= {"start": str(reach.low), "end": str(reach.high)}
    if pattern.mate is not None:
        asked["mateName"] = pattern.mate.name
    return asked | (
        {"variantType": pattern.variant_type} if pattern.variant_type else {}
    )


def _similar(similar: Similar) -> dict[str, str]:
    """Return the question for what is similar to an event; margins stay here."""
    event = similar.event
    asked = {
        "start": str(event.start),
        "variantType": event.kind,
        "similarity": str(similar.overlap),
        "breakpointDistance": str(similar.distance),
    }
    if event.is_span:
        asked["end"] = str(event.end)
    elif event.length is not None:
        asked["variantLength"] = str(event.length)
    if event.mate is not None:
        asked |= {
            "mateName": event.mate.contig,
            "mateStart": str(event.mate.start),
        }
    return asked


def _read(address: str, code: int, body: bytes) -> Disclosure:
    try:
        document = _Document.model_validate_json(body)
    except ValidationError:
        return _failed(address, Status.NO_ANSWER, f"HTTP {code}, not a Beacon answer")
    if code in REFUSALS:
        return _failed(address, Status.REFUSED, _sentence(document, code))
    if code != HTTPStatus.OK or document.error or document.summary is None:
        return _failed(address, Status.NO_ANSWER, _sentence(document, code))
    try:
        parts = tuple(_part(found) for found in document.response.sets)
    except ValueError as failure:
        return _failed(address, Status.NO_ANSWER, f"its counts contradict: {failure}")
    if not parts and document.info.status is not Status.NOT_ASKED:
        parts = (_empty(address, _status(document.info.status, document.summary)),)
    return Disclosure(
        granularity=Granularity.RECORD,
        datasets=parts,
        warnings=document.info.warnings,
    )


def _sentence(document: _Document, code: int) -> str:
    said = document.error.message if document.error else None
    return f"HTTP {code}" if said is None else f"HTTP {code}: {said}"


def _failed(address: str, status: Status, reason: str) -> Disclosure:
    return Disclosure(
        granularity=Granularity.BOOLEAN,
        datasets=(_empty(address, status),),
        warnings=(f"{address}: {reason}",),
    )


def _status(said: Status | None, found: _Summary | _ResultSet) -> Status:
    """Return the word that was sent; without one there is only yes and no."""
    return said or (Status.SEEN if found.exists else Status.NOT_SEEN)


def _empty(address: str, status: Status) -> DatasetDisclosure:
    return DatasetDisclosure(
        dataset=address,
        name=address,
        status=status,
        granularity=Granularity.BOOLEAN,
        exists=status is Status.SEEN,
    )


def _part(found: _ResultSet) -> DatasetDisclosure:
    info = found.info
    return DatasetDisclosure(
        dataset=found.id,
        name=found.id,
        status=_status(info.status, found),
        granularity=Granularity.RECORD,
        exists=found.exists,
        total=found.total,
        counts=info.counts(),
        coverage=info.coverage,
        filters=info.filters,
    )
