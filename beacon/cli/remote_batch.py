"""Another beacon, asked for many alleles at once through its ``/api/batch``.

Alleles go there and nothing else.  Its lines are believed only where they repeat
what was asked, in order; a failure on the way, and whatever it says beside the
question, is an error in the answer's place and never a "no".
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

import aiohttp
import orjson
from pydantic import Field, ValidationError

from beacon.annotating.columns import Column, Consulted
from beacon.cli.foreign import REFUSALS, Read, ReadCounts, all_of, api_of
from beacon.model.disclosure import DatasetDisclosure, Disclosure
from beacon.model.errors import BeaconError, StoreUnavailable
from beacon.model.notation import vcf_style
from beacon.model.query import Granularity
from beacon.model.spelling import normal_allele
from beacon.model.status import Status
from beacon.model.wording import answered_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.model.variant import Reference
    from beacon.model.wording import Asked, Whole, Word, Wording

_IN_REQUEST = 1000
_AT_ONCE = 4
_SECONDS = 60.0
_LARGEST = 64 * 1024**2
_AWAY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT)


class _Loaded(Read):
    id: str
    name: str | None = None
    release: int | None = None
    assembly: str | None = None
    samples: int | None = Field(default=None, alias="sampleCount")


class _About(Read):
    datasets: tuple[_Loaded, ...]


class _Response(Read):
    id: str
    info: _About


class _Info(Read):
    response: _Response


class _Part(ReadCounts):
    id: str
    status: Status


class _Line(Read):
    variant: str
    datasets: tuple[_Part, ...]
    error: str | None = None


def shown(address: str) -> str:
    """Return an address without what it may hold of credentials."""
    return str(api_of(address).with_user(None).with_fragment(None))


class RemoteBatch:
    """Asks one beacon; a context that holds its connections.

    Args:
        address: of its site or its API.
        references: genomes to normalise questions with.
    """

    def __init__(self, address: str, references: Mapping[str, Reference]) -> None:
        self._api = api_of(address)
        self._shown = shown(address)
        self._references = references
        self._session: aiohttp.ClientSession
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._refused: tuple[str, ...] = ()

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=_SECONDS)
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    def expect(self, consulted: Consulted) -> None:
        """Take the datasets that a refusal is about."""
        self._refused = tuple(column.dataset for column in consulted.columns)

    async def consulted(self, assembly: str) -> Consulted:
        """Return who the beacon is, and its datasets of an assembly.

        Raises:
            StoreUnavailable: it cannot be reached, or does not say it.
        """
        url = self._api.with_path(f"{self._api.path}/info")
        try:
            async with self._session.get(url) as response:
                code, body = response.status, await _body(response)
            said = _Info.model_validate_json(body).response
        except (aiohttp.ClientError, TimeoutError, OSError) as failure:
            message = f"{self._shown} cannot be reached"
            raise StoreUnavailable(message) from failure
        except ValidationError as failure:
            message = f"{self._shown} does not say what it holds (HTTP {code})"
            raise StoreUnavailable(message) from failure
        columns = tuple(
            Column(
                dataset=each.id,
                label=each.id,
                name=each.name or each.id,
                release=each.release,
                sample_count=each.samples,
            )
            for each in said.info.datasets
            if each.assembly == assembly
        )
        return Consulted(beacon=said.id, columns=columns, address=self._shown)

    async def answer(self, query: Query, requester: Requester) -> Disclosure:
        """Return what the beacon says to one question.

        Raises:
            BeaconError: it gives no answer.
        """
        (said,) = await self.answer_many((query,), requester)
        if isinstance(said, BeaconError):
            raise said
        return said

    async def answer_many(
        self, queries: Sequence[Query], requester: Requester
    ) -> Sequence[Disclosure | BeaconError]:
        """Return the answer to each question, in order, or why it has none."""
        del requester  # who asks is whom the address lets in
        groups = [
            queries[first : first + _IN_REQUEST]
            for first in range(0, len(queries), _IN_REQUEST)
        ]
        answers = await asyncio.gather(*(self._ask(group) for group in groups))
        return [each for some in answers for each in some]

    async def answer_alleles(
        self,
        asked: Sequence[Asked],
        requester: Requester,
        wording: Wording[Word, Whole],
    ) -> Sequence[Whole | BeaconError]:
        """Return the same for the questions of plain outlines, in words."""
        return await answered_whole(self, asked, requester, wording)

    async def _ask(
        self, queries: Sequence[Query]
    ) -> Sequence[Disclosure | BeaconError]:
        sent = [self._question(query) for query in queries]
        url = self._api.with_path(f"{self._api.path}/batch")
        headers = {"Content-Type": "application/x-ndjson"}
        content = b"".join(orjson.dumps(line) + b"\n" for line in sent)
        try:
            async with (
                self._turns,
                self._session.post(url, data=content, headers=headers) as response,
            ):
                code, body = response.status, await _body(response)
        except (aiohttp.ClientError, TimeoutError, OSError):
            failed = StoreUnavailable(f"{self._shown} did not answer")
            return [failed] * len(sent)
        if code in REFUSALS:
            return [self._refusal()] * len(sent)
        if code >= HTTPStatus.INTERNAL_SERVER_ERROR or code in _AWAY:
            failed = StoreUnavailable(f"{self._shown} answered HTTP {code}")
            return [failed] * len(sent)
        if code != HTTPStatus.OK:
            return [BeaconError(f"{self._shown} answered HTTP {code}")] * len(sent)
        return list(self._believed(sent, body.splitlines()))

    def _question(self, query: Query) -> dict[str, object]:
        pattern = query.pattern
        if pattern is None:
            message = "a batch asks for alleles"
            raise ValueError(message)
        allele = normal_allele(pattern, self._references)
        asked: dict[str, object] = {
            "variant": vcf_style(allele),
            "assemblyId": pattern.assembly,
        }
        if query.datasets is not None:
            asked["datasets"] = list(query.datasets)
        return asked

    def _believed(
        self, sent: Sequence[Mapping[str, object]], lines: Sequence[bytes]
    ) -> Iterator[Disclosure | BeaconError]:
        """Yield the answer of each line that answers what was sent in its place."""
        for number, asked in enumerate(sent):
            try:
                line = _Line.model_validate_json(lines[number])
                yield self._said(line, asked)
            except (IndexError, ValueError):
                message = f"{self._shown} answered something else than was asked"
                yield BeaconError(message)

    def _said(
        self, line: _Line, asked: Mapping[str, object]
    ) -> Disclosure | BeaconError:
        if line.variant != asked["variant"]:
            message = "it is the answer to another question"
            raise ValueError(message)
        if line.error is not None and not line.datasets:
            return BeaconError(f"{self._shown}: {line.error}")
        if len({part.id for part in line.datasets}) < len(line.datasets):
            message = "a dataset answers twice"
            raise ValueError(message)
        return Disclosure(
            granularity=Granularity.COUNT,
            datasets=tuple(_dataset(part) for part in line.datasets),
        )

    def _refusal(self) -> Disclosure:
        return Disclosure(
            granularity=Granularity.BOOLEAN,
            datasets=tuple(
                _dataset(_Part(id=name, status=Status.REFUSED))
                for name in self._refused
            ),
        )


async def _body(response: aiohttp.ClientResponse) -> bytes:
    return await all_of(response.content.iter_any(), _LARGEST)


def _dataset(part: _Part) -> DatasetDisclosure:
    """Return what is said for a dataset.

    Raises:
        ValueError: its counts contradict each other, or its word.
    """
    counts = part.counts()
    if part.status is not Status.SEEN and part.alleles:
        message = f"{part.status} with {part.alleles} alleles"
        raise ValueError(message)
    return DatasetDisclosure(
        dataset=part.id,
        name=part.id,
        status=part.status,
        granularity=Granularity.COUNT,
        exists=part.status is Status.SEEN,
        counts=counts,
    )
