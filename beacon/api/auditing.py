"""What the audit is told of a request: who asked, what in code, how it went.

The door opens an account for each request and closes it when the answer is made;
what is asked of the beacon meanwhile goes by a witness, which notes each question
and each answer and changes neither.  Nothing here knows files.
"""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from os import urandom
from time import perf_counter
from typing import TYPE_CHECKING, Final, cast

import orjson

from beacon.api.exchange import requester_of
from beacon.api.keys import ACCOUNT
from beacon.api.overhearing import Overheard, told_of
from beacon.audit.canonical import allele_text, code, question_text
from beacon.audit.log import AuditUnavailable, Entry, moment
from beacon.model.errors import BeaconError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from aiohttp import web

    from beacon.api.keys import BeaconService
    from beacon.api.middleware import Kind
    from beacon.api.overhearing import Told
    from beacon.api.plain import Asking
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
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.model.terms import FilteringTerm
    from beacon.model.variant import Reference
    from beacon.model.wording import Asked, Whole, Word, Wording

    Fields = dict[str, object]

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
_FAILED: Final = ("", None, "no_answer", None)
_VARIANTS: Final = "89ab"
"""Of a UUID: RFC 9562, section 4.1."""
_PARTIES_KEPT: Final = 1024
_SAYINGS_KEPT: Final = 256


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
        self._tiers = tiers
        self._parties: dict[Requester, Party] = {}
        self._queries, self._cases = queries, cases
        self._policy = policy

    def open(self, request: Asking) -> Account:
        """Open the account of a request."""
        given = request.headers.get(REQUEST_ID)
        is_known = given is not None and _UUID.fullmatch(given) is not None
        account = Account(self, given.lower() if is_known and given else _fresh_id())
        request[ACCOUNT] = account
        return account

    def coded(self, query: Query) -> str:
        """Return the code of a question."""
        return code(self._queries, question_text(query))

    def coded_alike(self, outline: Outline, allele: Spelled) -> str:
        """Return the code of the question of a plain outline for an allele."""
        return code(self._queries, allele_text(outline.contig, allele.spellings))

    def case(self, request: Asking) -> str | None:
        """Return the code of the case that a request says it is about."""
        said = request.headers.get(CASE)
        return code(self._cases, said[:_LONGEST_CASE]) if said else None

    def party(self, asks: Requester) -> Party:
        """Return what lines say of a requester; it is kept for the next of them."""
        found = self._parties.get(asks)
        if found is None:
            while len(self._parties) >= _PARTIES_KEPT:
                del self._parties[next(iter(self._parties))]
            found = self._parties[asks] = Party(asks, self._policy, self._tiers)
        return found


class Party:
    """What lines say of one requester: who it is, and in what tier it is told what.

    Args:
        asks: the requester.
        policy: what the policy in force is known as.
        tiers: gives the tier that a requester has towards a dataset.
    """

    __slots__ = ("_asks", "_datasets", "_tiers", "fields")

    def __init__(
        self,
        asks: Requester,
        policy: str | None,
        tiers: Callable[[Requester, str], str | None],
    ) -> None:
        self._asks, self._tiers = asks, tiers
        self._datasets: dict[str, orjson.Fragment] = {}
        said: Fields = {
            "subject": asks.subject,
            "organisation": asks.organisation,
            "roles": sorted(asks.roles) or None,
            "issuer": asks.issuer,
            "acr": asks.acr,
            "purpose": asks.purpose,
            "key": asks.key,
            "network": asks.network,
            "policy": policy,
        }
        self.fields = {name: each for name, each in said.items() if each is not None}

    def datasets(self, told: Iterable[Told]) -> list[orjson.Fragment]:
        """Return what was said of each dataset, and how often where that is several."""
        times: dict[str, int] = {}
        sample: dict[str, Told] = {}
        for each in told:
            key = "%s|%s|%s|%s" % each  # noqa: UP031 - what is told often, told soon
            times[key] = times.get(key, 0) + 1
            sample[key] = each
        return [self._dataset(key, sample[key], n) for key, n in times.items()]

    def _dataset(self, key: str, told: Told, times: int) -> orjson.Fragment:
        found = self._datasets.get(key) if times == 1 else None
        if found is None:
            found = orjson.Fragment(orjson.dumps(self._said(told, times)))
            if times == 1 and len(self._datasets) < _SAYINGS_KEPT:
                self._datasets[key] = found
        return found

    def _said(self, told: Told, times: int) -> Fields:
        dataset, release, status, granularity = told
        fields: Fields = {
            "id": dataset or None,
            "release": release,
            "said": status,
            "tier": self._tiers(self._asks, dataset),
            "granularity": None if granularity is None else granularity.word,
            "times": times if times > 1 else None,
        }
        return {name: each for name, each in fields.items() if each is not None}


def _fresh_id() -> str:
    """Return a random UUID (version 4) as it is written."""
    text = urandom(16).hex()
    variant = _VARIANTS[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


class Noted:
    """What was asked, in code, and what was said of datasets."""

    __slots__ = ("codes", "told")

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.told: list[Told] = []

    def said(self, parts: Iterable[DatasetDisclosure]) -> None:
        """Note what is said of datasets."""
        self.told += map(told_of, parts)

    def overheard(self, told: Iterable[Told]) -> None:
        """Note what was heard to be said of datasets."""
        self.told += told

    def said_of_records(self, parts: Iterable[RecordSetDisclosure]) -> None:
        """Note what is said of datasets' documents."""
        self.told += [(p.dataset, None, p.status, p.granularity) for p in parts]

    def failed(self) -> None:
        """Note a question of many that has no answer."""
        self.told.append(_FAILED)


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
        self, kind: Kind, request: Asking, answer: web.StreamResponse
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

    def leave(self, kind: Kind, request: Asking) -> None:
        """Have it written that a client left before its answer."""
        if kind.asks:
            line = self._line("request", kind, request, 499, self.noted)
            self.auditor.log.note(Entry(line))

    async def close_part(self, request: Asking, noted: Noted) -> None:
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
        request: Asking,
        status: int | None,
        noted: Noted,
    ) -> Fields:
        party = self.auditor.party(requester_of(request))
        fields: Fields = {
            "kind": word,
            "time": moment(datetime.now(UTC)),
            "request": self.request_id,
        }
        if kind is not None:
            fields["route"], fields["method"] = kind.route, kind.method
        if status is not None:
            fields["status"], fields["decision"] = status, _decision(status)
        fields["ms"] = round((perf_counter() - self._began) * 1000, 1)
        fields.update(party.fields)
        case = self.auditor.case(request)
        if case is not None:
            fields["case"] = case
        if noted.codes:
            fields["queries"] = noted.codes
        if noted.told:
            fields["datasets"] = party.datasets(noted.told)
        return fields


def _decision(status: int) -> str:
    return _DECISIONS.get(status, "answered" if status < 400 else "not_understood")


class Witness:
    """A beacon, as one request asks it: each question and answer is noted.

    Args:
        beacon: that answers.
        account: of the request.
        request: that asks.
    """

    def __init__(
        self, beacon: BeaconService, account: Account, request: Asking
    ) -> None:
        self._beacon = beacon
        self._account = account
        self._auditor, self._noted = account.auditor, account.noted
        self._request = request
        self._words: tuple[object, object] | None = None

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
        failure = await self._closed(noted)
        return answers if failure is None else [failure] * len(queries)

    async def answer_alleles(
        self,
        asked: Sequence[Asked],
        requester: Requester,
        wording: Wording[Word, Whole],
    ) -> Sequence[Whole | BeaconError]:
        """Return the same for the questions of plain outlines, in words."""
        noted = Noted()
        for number, (outline, allele) in enumerate(asked):
            noted.codes.append(self._auditor.coded_alike(outline, allele))
            if number % _AT_A_STRETCH == 0:
                await asyncio.sleep(0)
        overheard = self._overheard(wording)
        answers: list[Whole | BeaconError] = []
        for said in await self._beacon.answer_alleles(asked, requester, overheard):
            if isinstance(said, BeaconError):
                noted.failed()
                answers.append(said)
            else:
                noted.overheard(said[1])
                answers.append(said[0])
        failure = await self._closed(noted)
        return answers if failure is None else [failure] * len(asked)

    def _overheard(self, wording: Wording[Word, Whole]) -> Overheard[Word, Whole]:
        """Return a wording as it is overheard: one for one, as words are kept by it."""
        if self._words is None or self._words[0] is not wording:
            self._words = wording, Overheard(wording)
        return cast("Overheard[Word, Whole]", self._words[1])

    async def _closed(self, noted: Noted) -> StoreUnavailable | None:
        """Write down some questions of many; return why that cannot be done."""
        try:
            await self._account.close_part(self._request, noted)
        except StoreUnavailable as failure:
            return failure
        return None

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


def beacon_of(beacon: BeaconService, request: Asking) -> BeaconService:
    """Return a beacon as a request asks it."""
    account: Account | None = request.get(ACCOUNT)
    return beacon if account is None else Witness(beacon, account, request)
