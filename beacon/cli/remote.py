"""Another beacon, asked over HTTP: the same question, its answer as it gave it.

Whatever goes wrong on the way is ``no_answer`` or ``refused``; no failure can
read as "no".  Only the status words and numbers it sent are shown.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from yarl import URL

from beacon.cli.answers import normal_allele
from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import DatasetDisclosure, Disclosure
from beacon.model.errors import UsageError
from beacon.model.query import Granularity
from beacon.model.status import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.model.pattern import VariantPattern
    from beacon.model.similarity import Similar
    from beacon.model.variant import Reference

_CHUNK = 65_536
_LARGEST_ANSWER = 16_777_216
_REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class _Read(BaseModel):
    """What every part shares: other members of a foreign answer are not ours."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _SetInfo(_Read):
    status: Status | None = None
    coverage: str | None = None
    filters: tuple[str, ...] = ()
    alleles: int | None = Field(default=None, alias="alleleCount", ge=0)
    called: int | None = Field(default=None, alias="alleleNumber", ge=0)
    homozygous: int | None = Field(default=None, ge=0)
    heterozygous: int | None = Field(default=None, ge=0)
    hemizygous: int | None = Field(default=None, ge=0)


class _ResultSet(_Read):
    id: str
    exists: bool
    total: int | None = Field(default=None, alias="resultsCount", ge=0)
    info: _SetInfo = _SetInfo()


class _Response(_Read):
    sets: tuple[_ResultSet, ...] = Field(default=(), alias="resultSets")


class _Summary(_Read):
    exists: bool


class _Info(_Read):
    status: Status | None = None
    warnings: tuple[str, ...] = ()


class _Error(_Read):
    message: str | None = Field(default=None, alias="errorMessage")


class _Document(_Read):
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
    url = _endpoint(address).with_query(_parameters(pattern, references))
    timeout = aiohttp.ClientTimeout(total=deadline)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, allow_redirects=True) as response,
        ):
            body, code = await _body(response), response.status
    except TimeoutError:
        reason = f"no answer within {deadline:g} seconds"
        return _failed(address, Status.NO_ANSWER, reason)
    except aiohttp.ClientConnectorError:
        return _failed(address, Status.NO_ANSWER, "it cannot be reached")
    except (aiohttp.ClientError, OSError) as failure:
        return _failed(address, Status.NO_ANSWER, str(failure))
    return _read(address, code, body)


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body.extend(chunk)
        if len(body) > _LARGEST_ANSWER:
            message = "the answer is too large"
            raise aiohttp.ClientPayloadError(message)
    return bytes(body)


def _endpoint(address: str) -> URL:
    try:
        site = URL(address)
    except ValueError as failure:
        message = f"--url {address} is not an address: {failure}"
        raise UsageError(message) from failure
    if site.scheme not in ("http", "https") or not site.host:
        message = f"--url {address} is not an http:// or https:// address"
        raise UsageError(message)
    base = site if site.path.strip("/") else site.with_path("/api")
    return base.with_path(base.path.rstrip("/") + "/g_variants")


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
    if code in _REFUSALS:
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
    counts = AlleleCounts(
        ac=info.alleles,
        an=info.called,
        hom=info.homozygous,
        het=info.heterozygous,
        hemi=info.hemizygous,
    )
    is_counted = info.alleles is not None or info.called is not None
    return DatasetDisclosure(
        dataset=found.id,
        name=found.id,
        status=_status(info.status, found),
        granularity=Granularity.RECORD,
        exists=found.exists,
        total=found.total,
        counts=counts if is_counted else None,
        coverage=info.coverage,
        filters=info.filters,
    )
