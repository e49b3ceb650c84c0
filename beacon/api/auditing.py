"""What the audit is told of a request: who asked, what in code, how it went.

The door opens an account for each request and closes it when the answer is made;
what is asked of the beacon meanwhile goes by a witness, which notes each question
and each answer and changes neither.  Nothing here knows files.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from os import urandom
from time import perf_counter, time_ns
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from beacon.api.exchange import requester_of
from beacon.api.keys import ACCOUNT
from beacon.api.overhearing import Overheard, told_of
from beacon.audit.canonical import Coder, allele_text, code, question_text
from beacon.audit.chain import members
from beacon.audit.log import AuditUnavailable, Entry
from beacon.model.errors import BeaconError, StoreUnavailable
from beacon.model.requester import ANONYMOUS, Requester

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from aiohttp import web

    from beacon.api.keys import BeaconService
    from beacon.api.middleware import Kind
    from beacon.api.overhearing import Told
    from beacon.api.plain import Asking
    from beacon.api.sending import JsonAnswer
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
    from beacon.model.summarised import Summarised
    from beacon.model.terms import FilteringTerm
    from beacon.model.variant import Reference
    from beacon.model.wording import Asked, Whole, Word, Wording

    Fields = dict[str, object]

REQUEST_ID: Final = "X-Request-Id"
_HEAD_LINE: Final = f"\r\n{REQUEST_ID}: ".encode()
CASE: Final = "X-Case-Reference"
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""The only ids taken from outside: no other text can be told from a variant."""
_LONGEST_CASE: Final = 200
_AT_A_STRETCH: Final = 50
"""Questions that are coded before others get their turn."""
_OK: Final = 200
_REFUSALS: Final = frozenset({401, 403, 429, 503})
_DECISIONS: Final = {
    401: "not_identified",
    403: "not_permitted",
    429: "budget_spent",
    499: "left",
    503: "no_answer",
}
_SENT_ON: Final = 303
_LOGINS: Final[Mapping[tuple[str | None, str | None], str]] = {
    ("/login/back", "GET"): "logged_in",
    ("/logout", "POST"): "logged_out",
}
UNWRITTEN: Final = "The audit of this beacon cannot be written, so nothing is said."
_FAILED: Final = ("", None, "no_answer", None)
_REQUEST, _PART = "request", "part"
_VARIANTS: Final = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""Of a UUID, by the digit that is there: RFC 9562, section 4.1."""
_IDS_AT_ONCE: Final = 128
_PARTIES_KEPT: Final = 1024
_SAYINGS_KEPT: Final = 256
_MILLION: Final = 1_000_000


class Auditor:
    """Opens and closes the accounts of requests.

    Args:
        log: where lines go.
        queries: the key that questions are coded with.
        cases: the key that references to cases are coded with.
        policy: what the policy in force is known as.
        tiers: gives the tier that a requester has towards a dataset.
        anybodys: says whether what a dataset tells a requester is anybody's to know.
    """

    def __init__(
        self,
        log: AuditLog,
        *,
        queries: bytes,
        cases: bytes,
        policy: str | None = None,
        tiers: Callable[[Requester, str], str | None] = lambda *_: None,
        anybodys: Callable[[Requester, str], bool] = lambda *_: False,
    ) -> None:
        self.log = log
        self._tiers, self._anybodys = tiers, anybodys
        self._everybody = Sayings(ANONYMOUS, tiers, anybodys)
        self._parties: dict[int, Party] = {}
        self._queries, self._cases = Coder(queries), cases
        self._policy = policy
        self._ids = _fresh_ids()

    def open(self, request: Asking) -> Account:
        """Open the account of a request."""
        given = request.headers.get(REQUEST_ID)
        is_known = given is not None and _UUID.fullmatch(given) is not None
        name = given.lower() if is_known and given else next(self._ids)
        account = request[ACCOUNT] = Account(self, name)
        return account

    def coded(self, query: Query) -> str:
        """Return the code of a question."""
        return self._queries.code(question_text(query))

    def coded_alike(self, outline: Outline, allele: Spelled) -> str:
        """Return the code of the question of a plain outline for an allele."""
        return self._queries.code(allele_text(outline.contig, allele.spellings))

    def case(self, request: Asking) -> str | None:
        """Return the code of the case that a request says it is about."""
        said = request.headers.get(CASE)
        return code(self._cases, said[:_LONGEST_CASE]) if said else None

    def party(self, asks: Requester) -> Party:
        """Return what lines say of a requester; it is kept for the next of them.

        Known by being the very same, as those who come again are.
        """
        found = self._parties.get(id(asks))
        if found is None or found.asks is not asks:
            while len(self._parties) >= _PARTIES_KEPT:
                del self._parties[next(iter(self._parties))]
            is_known = replace(asks, network=None) != ANONYMOUS
            found = self._parties[id(asks)] = Party(
                asks,
                _who(asks, self._policy),
                Sayings(asks, self._tiers, self._anybodys)
                if is_known
                else self._everybody,
            )
        return found


class Sayings:
    """What lines say of datasets to one requester, or to all whom nobody knows.

    Args:
        asks: the requester.
        tiers: gives the tier that a requester has towards a dataset.
        anybodys: says whether what a dataset tells a requester is anybody's to know.
    """

    __slots__ = ("_anybodys", "_asks", "_guarded", "_is_known", "_tiers", "_words")

    def __init__(
        self,
        asks: Requester,
        tiers: Callable[[Requester, str], str | None],
        anybodys: Callable[[Requester, str], bool],
    ) -> None:
        self._asks, self._tiers, self._anybodys = asks, tiers, anybodys
        self._guarded: set[str] = set()
        self._is_known = asks != ANONYMOUS
        self._words: dict[Told, str] = {}

    def may_be_known(self, noted: Noted) -> bool:
        """Whether all that was said is one answer, and anybody's to know.

        Only of datasets that ``told`` was asked of before.
        """
        is_one = len(noted.answers) == 1 and not noted.told
        return is_one and self.may_be_late(noted)

    def may_be_late(self, noted: Noted) -> bool:
        """Whether what was said may leave before its line while writing fails.

        So it is of whatever is anybody's to know, and of what tells of no dataset.
        Only of datasets that ``told`` was asked of before.
        """
        guarded = self._guarded
        return not self._is_known and (
            not guarded or guarded.isdisjoint([told[0] for told in noted.each()])
        )

    def told(self, noted: Noted) -> str:
        """Return what was said of each dataset, as an array's text without brackets.

        And how often, where that is several times.
        """
        if len(noted.answers) == 1 and not noted.told:
            return self._whole(noted.answers[0].datasets)
        times: dict[Told, int] = {}
        for each in noted.each():
            times[each] = times.get(each, 0) + 1
        return ",".join([self._word(told, n) for told, n in times.items()])

    def _whole(self, said: Sequence[DatasetDisclosure]) -> str:
        """Return what one answer says; what is said to everybody is kept with it."""
        if self._is_known:
            return ",".join([self._word(told, 1) for told in map(told_of, said)])
        try:
            words = [part.kept[self] for part in said]
        except KeyError:
            for part in said:
                part.kept[self] = self._word(told_of(part), 1)
            words = [part.kept[self] for part in said]
        return ",".join(cast("list[str]", words))

    def _word(self, told: Told, times: int) -> str:
        found = self._words.get(told) if times == 1 else None
        if found is None:
            found = f"{{{members(self._said(told, times)).decode()}}}"
            if times == 1 and len(self._words) < _SAYINGS_KEPT:
                self._words[told] = found
        return found

    def _said(self, told: Told, times: int) -> Fields:
        dataset, release, status, granularity = told
        if dataset and not self._anybodys(self._asks, dataset):
            self._guarded.add(dataset)
        fields: Fields = {
            "id": dataset or None,
            "release": release,
            "said": status,
            "tier": self._tiers(self._asks, dataset),
            "granularity": None if granularity is None else granularity.word,
            "times": times if times > 1 else None,
        }
        return {name: each for name, each in fields.items() if each is not None}


class Party(NamedTuple):
    """What lines say of one requester.

    Attributes:
        asks: the requester.
        text: who it is, as members of a line.
        sayings: what it is told of datasets.
    """

    asks: Requester
    text: str
    sayings: Sayings


def _who(asks: Requester, policy: str | None) -> str:
    """Return who asks, by which policy in force, as further members of a line."""
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
    return _more({name: each for name, each in said.items() if each is not None})


class _Moments:
    """Moments as lines have them, each of which is written once."""

    def __init__(self) -> None:
        self._at, self._text = 0, ""

    def now(self) -> str:
        """Return this moment: UTC, to the millisecond."""
        at = time_ns() // _MILLION
        if at != self._at:
            second, rest = divmod(at, 1000)
            told = datetime.fromtimestamp(second, UTC)
            self._at, self._text = at, f"{told:%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"
        return self._text


_MOMENTS: Final = _Moments()


def _more(fields: Fields) -> str:
    """Return further members of a line."""
    return f",{members(fields).decode()}" if fields else ""


@lru_cache(maxsize=_PARTIES_KEPT)
def _outcome(route: str | None, method: str | None, status: int | None) -> str:
    """Return how a request went, as further members of its line."""
    fields: Fields = {} if route is None else {"route": route, "method": method}
    if status is not None:
        is_login = _LOGINS.get((route, method)) if status == _SENT_ON else None
        fields |= {"status": status, "decision": is_login or _decision(status)}
    return _more(fields)


def _fresh_ids() -> Iterator[str]:
    """Yield random UUIDs (version 4) as they are written, of which many are drawn."""
    while True:
        digits = urandom(16 * _IDS_AT_ONCE).hex()
        for at in range(0, len(digits), 32):
            text = digits[at : at + 32]
            variant = _VARIANTS[text[16]]
            yield (
                f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}"
                f"-{text[20:]}"
            )


class Noted:
    """What was asked, in code, and what was said of datasets.

    Attributes:
        codes: of the questions.
        answers: that were given whole.
        told: what else was said of datasets.
    """

    __slots__ = ("answers", "codes", "told")

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.answers: list[Disclosure] = []
        self.told: list[Told] = []

    def overheard(self, told: Iterable[Told]) -> None:
        """Note what was heard to be said of datasets."""
        self.told += told

    def said_of_records(self, parts: Iterable[RecordSetDisclosure]) -> None:
        """Note what is said of datasets' documents."""
        self.told += [(p.dataset, None, p.status, p.granularity) for p in parts]

    def said_of_whole(self, said: Summarised) -> None:
        """Note how much is said of a dataset as a whole."""
        release = said.dataset.release
        number = None if release is None else release.ordinal
        self.told.append((said.dataset.id, number, said.detail.value, None))

    def failed(self) -> None:
        """Note a question of many that has no answer."""
        self.told.append(_FAILED)

    def each(self) -> Iterator[Told]:
        """Yield all that was said of datasets."""
        for said in self.answers:
            yield from map(told_of, said.datasets)
        yield from self.told


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

    def asked_alike(self, outline: Outline, allele: Spelled) -> None:
        """Note the question of a plain outline for an allele."""
        self.noted.codes.append(self.auditor.coded_alike(outline, allele))

    def answered(self, said: Disclosure) -> None:
        """Note an answer that is given whole."""
        self.noted.answers.append(said)

    @property
    def head_line(self) -> bytes:
        """What the head of an answer says of it, after a line's end."""
        return _HEAD_LINE + self.request_id.encode()

    def close_behind(self, kind: Kind, request: Asking) -> bool:
        """Have the line of a usual answer written while that is sent, where it may be.

        Returns whether it is: where what was said is anybody's to know.
        """
        auditor, noted = self.auditor, self.noted
        party = auditor.party(requester_of(request))
        if not kind.asks or not party.sayings.may_be_known(noted):
            return False
        try:
            outcome = _outcome(kind.route, kind.method, _OK)
            line = self._line(_REQUEST, request, outcome, noted)
        except Exception:  # noqa: BLE001 - ``close`` fails at it, too, and is heard
            return False
        # Datasets that nobody was told of before were met while it was made.
        return party.sayings.may_be_known(noted) and auditor.log.take(Entry(line))

    async def close(
        self, kind: Kind, request: Asking, answer: web.StreamResponse | bytes
    ) -> None:
        """Write the line of a request; it is on disk when this returns.

        Raises:
            AuditUnavailable: when it is not, and the answer must not be sent.
        """
        status = _OK if isinstance(answer, bytes) else answer.status
        if not (kind.asks or kind.noted or status in _REFUSALS):
            return
        outcome = _outcome(kind.route, kind.method, status)
        entry = Entry(self._line(_REQUEST, request, outcome, self.noted))
        may_wait = self._may_be_late(request, self.noted)
        try:
            await self.auditor.log.admit(entry, may_wait=may_wait)
        except AuditUnavailable:
            if isinstance(answer, bytes) or not answer.prepared:
                outcome = _outcome(kind.route, kind.method, 503)
                entry.text = self._line(_REQUEST, request, outcome, self.noted)
            raise

    def leave(self, kind: Kind, request: Asking) -> None:
        """Have it written that a client left before its answer."""
        if kind.asks:
            outcome = _outcome(kind.route, kind.method, 499)
            line = self._line(_REQUEST, request, outcome, self.noted)
            self.auditor.log.note(Entry(line))

    async def close_part(self, request: Asking, noted: Noted) -> None:
        """Write a line of some questions of a request that goes on.

        Raises:
            StoreUnavailable: when it is not written: nothing of it may be said.
        """
        entry = Entry(self._line(_PART, request, "", noted))
        may_wait = self._may_be_late(request, noted)
        try:
            await self.auditor.log.admit(entry, may_wait=may_wait)
        except AuditUnavailable:
            entry.text += _more({"decision": _DECISIONS[503]}).encode()
            raise StoreUnavailable(UNWRITTEN) from None

    def _may_be_late(self, request: Asking, noted: Noted) -> bool:
        """Whether an answer whose line is made may leave while the disk fails."""
        party = self.auditor.party(requester_of(request))
        return party.sayings.may_be_late(noted)

    def _line(self, word: str, request: Asking, outcome: str, noted: Noted) -> bytes:
        """Return what a line says: what changes, between what was written before."""
        party = self.auditor.party(requester_of(request))
        ms = (perf_counter() - self._began) * 1000
        text = (
            f'"kind":"{word}","time":"{_MOMENTS.now()}","request":"{self.request_id}"'
            f'{outcome},"ms":{ms:.1f}{party.text}'
        )
        case = self.auditor.case(request)
        if case is not None:
            text += _more({"case": case})
        if noted.codes:
            codes = '","'.join(noted.codes)
            text += f',"queries":["{codes}"]'
        if noted.answers or noted.told:
            text += f',"datasets":[{party.sayings.told(noted)}]'
        return text.encode()


def mark(response: JsonAnswer, request: Asking) -> JsonAnswer:
    """Return an answer that says which line tells of it, where any does."""
    account: Account | None = request.get(ACCOUNT)
    if account is not None:
        response.mark(REQUEST_ID, account.request_id)
    return response


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
        self._noted.answers.append(said)
        return said

    async def answer_alike(
        self, outline: Outline, allele: Spelled, requester: Requester
    ) -> Disclosure:
        """Return what the beacon answers."""
        return await answer_alike(
            self._beacon, self._request, outline, allele, requester
        )

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
                noted.answers.append(said)
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

    async def count(self, query: Query, requester: Requester) -> None:
        """Count a question that others are asked, too."""
        await self._beacon.count(query, requester)

    async def count_many(
        self, queries: Sequence[Query], requester: Requester
    ) -> Mapping[int, BeaconError]:
        """Count many questions that others are asked, too."""
        return await self._beacon.count_many(queries, requester)

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

    async def summary(self, dataset: str, requester: Requester) -> Summarised:
        """Return what may be said of a dataset as a whole."""
        said = await self._beacon.summary(dataset, requester)
        self._noted.said_of_whole(said)
        return said

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


async def answer_alike(
    beacon: BeaconService,
    request: Asking,
    outline: Outline,
    allele: Spelled,
    requester: Requester,
) -> Disclosure:
    """Return what a beacon answers to a plain question, as a request asks it.

    What ``beacon_of`` gives would note the same; so it is noted without it.
    """
    account: Account | None = request.get(ACCOUNT)
    if account is None:
        return await beacon.answer_alike(outline, allele, requester)
    account.asked_alike(outline, allele)
    said = await beacon.answer_alike(outline, allele, requester)
    account.answered(said)
    return said
