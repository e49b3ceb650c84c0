"""What the audit is told of a request: who asked, what in code, how it went.

The door opens an account for each request and closes it when the answer is made;
what is asked of the beacon meanwhile goes by a witness, which notes each question
and each answer and changes neither.  Nothing here knows files.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from datetime import UTC, datetime
from operator import attrgetter
from time import perf_counter
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from beacon.api.exchange import requester_of
from beacon.api.keys import ACCOUNT
from beacon.audit.canonical import allele_text, code, question_text
from beacon.audit.log import AuditUnavailable, Entry, moment
from beacon.model.errors import BeaconError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from aiohttp import web

    from beacon.api.keys import BeaconService
    from beacon.api.middleware import Kind
    from beacon.audit.log import AuditLog
    from beacon.model.allowance import Allowance
    from beacon.model.dataset import Dataset
    from beacon.model.disclosure import (
        Collected,
        DatasetDisclosure,
        Disclosure,
        RecordsDisclosure,
        RecordSetDisclosure,
    )
    from beacon.model.genes import Genes
    from beacon.model.ontology import Ontologies
    from beacon.model.outline import Outline, Spelled
    from beacon.model.profile import PolicyName
    from beacon.model.query import Granularity, Query
    from beacon.model.requester import Requester
    from beacon.model.terms import FilteringTerm
    from beacon.model.variant import Reference

    Fields = dict[str, object]
    Told = tuple[str, int | None, str, Granularity | None]
    """What was said of a dataset: its id, its release, the word, in what detail."""

REQUEST_ID: Final = "X-Request-Id"
CASE: Final = "X-Case-Reference"
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""The only ids taken from outside: no other text can be told from a variant."""
_LONGEST_CASE: Final = 200
_AT_A_STRETCH: Final = 50
"""Questions that are coded before others get their turn."""
_REFUSALS: Final = frozenset({401, 403, 429, 503})
_DECISIONS: Final = {
    401: "not_identified",
    403: "not_permitted",
    429: "budget_spent",
    499: "left",
    503: "no_answer",
}
UNWRITTEN: Final = "The audit of this beacon cannot be written, so nothing is said."
_told_of = attrgetter("dataset", "release", "status", "granularity")
_FAILED: Final = ("", None, "no_answer", None)
_NOTHING: Final[tuple[object, ...]] = (None, "", [])


class Auditor:
    """Opens and closes the accounts of requests.

    Args:
        log: where lines go.
        queries: the key that questions are coded with.
        cases: the key that references to cases are coded with.
        policy: what the policy in force is known as.
        tiers: gives the tier that a requester has towards a dataset.
    """

    def __init__(
        self,
        log: AuditLog,
        *,
        queries: bytes,
        cases: bytes,
        policy: str | None = None,
        tiers: Callable[[Requester, str], str | None] = lambda *_: None,
    ) -> None:
        self.log = log
        self.tiers = tiers
        self._queries, self._cases = queries, cases
        self._policy = policy

    def open(self, request: web.BaseRequest) -> Account:
        """Open the account of a request."""
        given = request.headers.get(REQUEST_ID, "")
        known = given.lower() if _UUID.fullmatch(given) else str(uuid4())
        account = Account(self, known)
        request[ACCOUNT] = account
        return account

    def coded(self, query: Query) -> str:
        """Return the code of a question."""
        return code(self._queries, question_text(query))

    def coded_alike(self, outline: Outline, allele: Spelled) -> str:
        """Return the code of the question of a plain outline for an allele."""
        return code(self._queries, allele_text(outline.contig, allele.spellings))

    def about(self, request: web.BaseRequest) -> Fields:
        """Return what a line says of who asks."""
        asks = requester_of(request)
        case = request.headers.get(CASE, "")[:_LONGEST_CASE]
        return {
            "subject": asks.subject,
            "organisation": asks.organisation,
            "roles": sorted(asks.roles),
            "issuer": asks.issuer,
            "acr": asks.acr,
            "purpose": asks.purpose,
            "key": asks.key,
            "network": asks.network,
            "case": code(self._cases, case) if case else None,
            "policy": self._policy,
        }


class Noted:
    """What was asked, in code, and what was said of datasets."""

    __slots__ = ("codes", "told")

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.told: Counter[Told] = Counter()

    def said(self, parts: Iterable[DatasetDisclosure]) -> None:
        """Note what is said of datasets."""
        self.told.update(map(_told_of, parts))

    def said_of_records(self, parts: Iterable[RecordSetDisclosure]) -> None:
        """Note what is said of datasets' documents."""
        for part in parts:
            self.told[part.dataset, None, part.status, part.granularity] += 1

    def failed(self) -> None:
        """Note a question of many that has no answer."""
        self.told[_FAILED] += 1


class Account:
    """What is known of one request.

    Args:
        auditor: that opened it.
        request_id: what it is called, in our lines and in its answer.
    """

    __slots__ = ("_began", "auditor", "noted", "request_id")

    def __init__(self, auditor: Auditor, request_id: str) -> None:
        self.auditor = auditor
        self.request_id = request_id
        self.noted = Noted()
        self._began = perf_counter()

    async def close(
        self, kind: Kind, request: web.BaseRequest, answer: web.StreamResponse
    ) -> None:
        """Write the line of a request; it is on disk when this returns.

        Raises:
            AuditUnavailable: when it is not, and the answer must not be sent.
        """
        status = answer.status
        if not (kind.asks or status in _REFUSALS):
            return
        entry = Entry(self._line("request", kind, request, status, self.noted))
        may_wait = requester_of(request).subject is None
        try:
            await self.auditor.log.admit(entry, may_wait=may_wait)
        except AuditUnavailable:
            if not answer.prepared:
                entry.fields["status"], entry.fields["decision"] = 503, _DECISIONS[503]
            raise

    def leave(self, kind: Kind, request: web.BaseRequest) -> None:
        """Have it written that a client left before its answer."""
        if kind.asks:
            line = self._line("request", kind, request, 499, self.noted)
            self.auditor.log.note(Entry(line))

    async def close_part(self, request: web.BaseRequest, noted: Noted) -> None:
        """Write a line of some questions of a request that goes on.

        Raises:
            StoreUnavailable: when it is not written: nothing of it may be said.
        """
        entry = Entry(self._line("part", None, request, None, noted))
        may_wait = requester_of(request).subject is None
        try:
            await self.auditor.log.admit(entry, may_wait=may_wait)
        except AuditUnavailable:
            entry.fields["decision"] = _DECISIONS[503]
            raise StoreUnavailable(UNWRITTEN) from None

    def _line(
        self,
        word: str,
        kind: Kind | None,
        request: web.BaseRequest,
        status: int | None,
        noted: Noted,
    ) -> Fields:
        asks, tiers = requester_of(request), self.auditor.tiers
        milliseconds = (perf_counter() - self._began) * 1000
        fields: Fields = {
            "kind": word,
            "time": moment(datetime.now(UTC)),
            "request": self.request_id,
            "route": None if kind is None else kind.route,
            "method": None if kind is None else kind.method,
            "status": status,
            "decision": None if status is None else _decision(status),
            "ms": round(milliseconds, 1),
            **self.auditor.about(request),
            "queries": noted.codes,
            "datasets": [
                _dataset(told, n, tiers(asks, told[0]))
                for told, n in noted.told.items()
            ],
        }
        return {name: value for name, value in fields.items() if value not in _NOTHING}


def _decision(status: int) -> str:
    return _DECISIONS.get(status, "answered" if status < 400 else "not_understood")


def _dataset(told: Told, times: int, tier: str | None) -> Fields:
    """Return what was said of one dataset, and how often where that is several."""
    dataset, release, status, granularity = told
    fields: Fields = {
        "id": dataset,
        "release": release,
        "said": status,
        "tier": tier,
        "granularity": None if granularity is None else granularity.word,
        "times": times if times > 1 else None,
    }
    return {name: value for name, value in fields.items() if value not in _NOTHING}


class Witness:
    """A beacon, as one request asks it: each question and answer is noted.

    Args:
        beacon: that answers.
        account: of the request.
        request: that asks.
    """

    def __init__(
        self, beacon: BeaconService, account: Account, request: web.BaseRequest
    ) -> None:
        self._beacon = beacon
        self._account = account
        self._auditor, self._noted = account.auditor, account.noted
        self._request = request

    @property
    def references(self) -> Mapping[str, Reference]:
        """Genomes that questions are normalised with, by assembly."""
        return self._beacon.references

    @property
    def policy(self) -> PolicyName | None:
        """By what the policy in force is known."""
        return self._beacon.policy

    async def answer(self, query: Query, requester: Requester) -> Disclosure:
        """Return what the beacon answers."""
        self._noted.codes.append(self._auditor.coded(query))
        said = await self._beacon.answer(query, requester)
        self._noted.said(said.datasets)
        return said

    async def answer_alike(
        self, outline: Outline, allele: Spelled, requester: Requester
    ) -> Disclosure:
        """Return what the beacon answers."""
        self._noted.codes.append(self._auditor.coded_alike(outline, allele))
        said = await self._beacon.answer_alike(outline, allele, requester)
        self._noted.said(said.datasets)
        return said

    async def answer_many(
        self, queries: Sequence[Query], requester: Requester
    ) -> Sequence[Disclosure | BeaconError]:
        """Return what the beacon answers, once it is written down that it was asked."""
        noted = Noted()  # several of these may be on their way
        for number, query in enumerate(queries):
            noted.codes.append(self._auditor.coded(query))
            if number % _AT_A_STRETCH == 0:
                await asyncio.sleep(0)
        answers = await self._beacon.answer_many(queries, requester)
        for said in answers:
            if isinstance(said, BeaconError):
                noted.failed()
            else:
                noted.said(said.datasets)
        try:
            await self._account.close_part(self._request, noted)
        except StoreUnavailable as failure:
            return [failure] * len(queries)
        return answers

    async def answer_records(
        self, query: Query, requester: Requester
    ) -> RecordsDisclosure:
        """Return what the beacon answers."""
        self._noted.codes.append(self._auditor.coded(query))
        said = await self._beacon.answer_records(query, requester)
        self._noted.said_of_records(said.datasets)
        return said

    async def filtering_terms(
        self, query: Query, requester: Requester
    ) -> Sequence[FilteringTerm]:
        """Return what the beacon answers."""
        self._noted.codes.append(self._auditor.coded(query))
        return await self._beacon.filtering_terms(query, requester)

    async def collect(self, query: Query, requester: Requester) -> Collected:
        """Return what the beacon answers."""
        self._noted.codes.append(self._auditor.coded(query))
        return await self._beacon.collect(query, requester)

    async def datasets(self, requester: Requester) -> tuple[Dataset, ...]:
        """Return every dataset that a requester sees."""
        return await self._beacon.datasets(requester)

    async def loaded(self, requester: Requester) -> frozenset[str]:
        """Return the assemblies that at least one dataset it sees serves."""
        return await self._beacon.loaded(requester)

    async def allowance(self, requester: Requester) -> Allowance:
        """Return what a requester has left."""
        return await self._beacon.allowance(requester)

    async def ontologies(self) -> Ontologies:
        """Return the hierarchies of terms that are loaded."""
        return await self._beacon.ontologies()

    async def genes(self) -> Genes:
        """Return where genes lie."""
        return await self._beacon.genes()

    async def ready(self) -> bool:
        """Whether questions can be answered."""
        return await self._beacon.ready()


def beacon_of(beacon: BeaconService, request: web.BaseRequest) -> BeaconService:
    """Return a beacon as a request asks it."""
    account: Account | None = request.get(ACCOUNT)
    return beacon if account is None else Witness(beacon, account, request)
