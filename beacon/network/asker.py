"""One peer asked one question: its words, the exchange, what it says, how it is.

Puts together what knows nothing of each other: the wire, which says and reads, the
client, which moves bytes, and the chart of each peer, which says whether it is left
alone.  Every end of it is a node's answer.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING, Final, NamedTuple

from beacon.model.entry_types import GENOMIC_VARIANT
from beacon.model.lifting import Lifted, Lifting, lifted, reads_much
from beacon.model.nodes import NodeAnswer, NodeKind, Reason
from beacon.model.query import Granularity
from beacon.model.status import Status, overall
from beacon.network.exchanged import Silence
from beacon.network.ways import told_way
from beacon.wire.info import API_VERSION
from beacon.wire.peers.answers import again, read_answer
from beacon.wire.peers.lists import (
    MOST_IN_LIST,
    Line,
    list_line,
    list_request,
    read_list,
)
from beacon.wire.peers.questions import MOST_ON_PAGE, question
from beacon.wire.peers.speech import Form, Unasked

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from beacon.model.lifting import Lift
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.model.variant import Reference
    from beacon.network.asking import Asking
    from beacon.network.exchange import Exchange
    from beacon.network.exchanged import Heard as Answered
    from beacon.network.peers import Peer
    from beacon.wire.peers.sets import Heard
    from beacon.wire.peers.speech import Request

NO_LIFTING: Final = Lifting()
"""No chain file is configured."""
_NO_NAMES: Final[Mapping[str, str]] = {}
_SMALL: Final = 65_536
"""Bytes of an answer that is read at once."""
_NO_OF_NOTHING: Final = (
    'It says "no", but not which assemblies it has: `assemblies` of the peers file'
    " can say it."
)
_A_TENTH: Final = 10
_FEWER: Final = (
    "The records of a whole page are more than we read: at most {} of each dataset"
    " are shown."
)
_COUNTED: Final = "Its records are more than we read: it was asked for counts."
_NOT_ASKED: Final = frozenset({Reason.NO_CREDENTIALS, Reason.LOG_IN, Reason.LOOP})
"""Why a peer was not asked at all, for want of something of ours."""


class _Reading(NamedTuple):
    """What the answers of one peer are read with.

    Attributes:
        peer: whose they are.
        names: of its datasets, as its metadata tells them.
        kept: what its result sets were read as.
    """

    peer: Peer
    names: Mapping[str, str]
    kept: dict[Hashable, Heard]


class HttpAsker:
    """Asks peers over HTTP.

    Args:
        exchange: moves bytes, and keeps how each peer is and what it says it is.
        references: genomes that alleles are normalised with, by assembly.
        lifting: what questions are asked with on an assembly that a peer has.
    """

    def __init__(
        self,
        exchange: Exchange,
        references: Mapping[str, Reference],
        lifting: Lifting = NO_LIFTING,
    ) -> None:
        self._exchange = exchange
        self._references = references
        self._lifting = lifting
        self._readings: dict[str, _Reading] = {}
        self._worded: tuple[Query | None, dict[Hashable, Request | Unasked]] = None, {}

    def held_off(self, peer: Peer, requester: Requester) -> NodeAnswer | None:
        """Return why a peer is left alone by one requester; ``None``: it is not."""
        held = self._exchange.health.may_be_asked_by(peer, requester.party)
        return None if held is None else _silent(peer, held)

    async def ask(self, peer: Peer, asking: Asking, seconds: float) -> NodeAnswer:
        """Return what came of asking a peer; every failure is an answer, too."""
        until = monotonic() + seconds
        if peer.node.kind is NodeKind.V1:
            await self._exchange.meet(peer, seconds / 2)
        peer, query = self._exchange.known(peer), asking.query
        request = self._request(query, peer)
        lift: Lift | None = None
        if isinstance(request, Unasked) and request.reason is Reason.ASSEMBLY:
            if reads_much(query):
                query, request, lift = await asyncio.to_thread(
                    self._lifted, query, peer, request
                )
            else:
                query, request, lift = self._lifted(query, peer, request)
        if isinstance(request, Unasked):
            return _unanswered(peer, Status.NOT_ASKED, request.reason, request.sentence)
        paused = self._exchange.may_ask(peer)
        if paused is not None:
            return _silent(peer, paused)
        answer = await self._answered(peer, asking, query, request, until)
        if answer.reason is Reason.TOO_LARGE:
            answer = await self._asked_for_less(peer, asking, query, answer, until)
        if peer.node.kind is NodeKind.V1:
            answer = self._believed(answer, peer, query)
        return answer if lift is None else _marked(answer, lift)

    async def _answered(
        self,
        peer: Peer,
        asking: Asking,
        query: Query,
        request: Request,
        until: float,
    ) -> NodeAnswer:
        """Return what a peer says, asked again in another form where that is due."""
        came, answer = await self._asked(peer, asking, query, request, until)
        form = None
        if not isinstance(came, Silence):
            form = again(query, peer, request, answer)
        if form is None:
            return answer
        second = self._request(query, peer, form=form)
        if isinstance(second, Unasked):
            return answer
        _, other = await self._asked(peer, asking, query, second, until)
        return other if other.status is Status.SEEN or not other.answered else answer

    async def _asked_for_less(
        self,
        peer: Peer,
        asking: Asking,
        query: Query,
        answer: NodeAnswer,
        until: float,
    ) -> NodeAnswer:
        """Return what a peer says whose records are more than we read.

        A hundred variants in the sixty populations of five datasets are more; it is
        asked for fewer of them, then for counts, within the same time.
        """
        for less, sentence in _lesser(query):
            request = self._request(less, peer)
            paused = self._exchange.may_ask(peer)
            if isinstance(request, Unasked) or paused is not None:
                break
            _, other = await self._asked(peer, asking, less, request, until)
            if other.answered:
                return replace(other, warnings=(*other.warnings, sentence))
            if other.reason is not Reason.TOO_LARGE:
                break
        return answer

    async def ask_list(
        self, peer: Peer, askings: Sequence[Asking], seconds: float
    ) -> list[NodeAnswer] | None:
        """Return what a peer says to each of many questions, asked in one request.

        ``None``: it is not known to take lists, and is asked one by one.

        Args:
            peer: that is asked.
            askings: of one requester, none on an assembly the peer has not.
            seconds: within which it must answer each thousand.
        """
        peer = self._exchange.known(peer)
        card = self._exchange.metadata.look_of(peer).card
        is_ours = card is not None and card.version == API_VERSION
        if not is_ours or card is None or peer.node.kind is not NodeKind.BEACON:
            return None
        lines = [list_line(each.query, self._references) for each in askings]
        sent = [line for line in lines if isinstance(line, Line)]
        if any(not _is_had(line.query, peer) for line in sent):
            return None
        told: list[NodeAnswer] = []
        for first in range(0, len(sent), MOST_IN_LIST):
            some = sent[first : first + MOST_IN_LIST]
            told += await self._told(peer, askings[0], some, seconds, card.datasets)
        answers = iter(told)
        return [
            next(answers)
            if isinstance(line, Line)
            else _unanswered(peer, Status.NOT_ASKED, line.reason, line.sentence)
            for line in lines
        ]

    async def _told(
        self,
        peer: Peer,
        asking: Asking,
        lines: Sequence[Line],
        seconds: float,
        names: Mapping[str, str],
    ) -> list[NodeAnswer]:
        """Return what a peer says to one request's lines."""
        held = self.held_off(peer, asking.requester)
        if held is not None:
            return [held] * len(lines)
        paused = self._exchange.may_ask(peer)
        if paused is not None:
            return [_silent(peer, paused)] * len(lines)
        request = list_request(lines)
        came = await self._sent(peer, asking, request, monotonic() + seconds)
        if isinstance(came, Silence):
            answers = [_silent(peer, came)] * len(lines)
        else:
            answers = read_list(
                lines,
                peer,
                status=came.status,
                headers=came.headers,
                body=came.body,
                names=names,
            )
        # A thousand questions may take a good peer longer than it has.
        self._exchange.health.note(
            peer,
            came,
            answers[0],
            is_costly=True,
            asker=self._doubted(peer, asking),
        )
        return answers

    def _request(
        self,
        query: Query,
        peer: Peer,
        *,
        form: Form = Form.ANCHORED,
        by_get: bool | None = None,
    ) -> Request | Unasked:
        """Return how a peer is asked; peers that are asked alike share it."""
        card = self._exchange.metadata.look_of(peer).card
        in_our_words = card is None or card.version == API_VERSION
        dialect = (
            *(form, by_get, in_our_words, peer.node.kind is NodeKind.V1),
            *(peer.one_based, peer.by_get, peer.assemblies),
        )
        asked, requests = self._worded
        if asked is not query:
            asked, requests = self._worded = query, {}
        request = requests.get(dialect)
        if request is None:
            request = requests[dialect] = question(
                query,
                peer,
                self._references,
                form=form,
                by_get=by_get,
                in_our_words=in_our_words,
            )
        return request

    def _lifted(
        self, query: Query, peer: Peer, unasked: Unasked
    ) -> tuple[Query, Request | Unasked, Lift | None]:
        """Return the question on an assembly that a peer has, where that can be."""
        here, why = _assembly_of(query), unasked
        for assembly in sorted(peer.assemblies):
            if not self._lifting.reaches(here, assembly):
                continue
            found = lifted(query, assembly, self._lifting)
            if isinstance(found, Lifted):
                return found.query, self._request(found.query, peer), found.lift
            why = Unasked(reason=Reason.ASSEMBLY, sentence=found.why)
        return query, why, None

    async def _asked(
        self,
        peer: Peer,
        asking: Asking,
        query: Query,
        request: Request,
        until: float,
    ) -> tuple[Answered | Silence, NodeAnswer]:
        """Return what came of one request, and what it says."""
        came = await self._sent(peer, asking, request, until)
        if not isinstance(came, Silence) and _refuses_the_way(came):
            other = self._request(
                query, peer, form=request.form, by_get=request.method == "POST"
            )
            if not isinstance(other, Unasked):
                request = other
                came = await self._sent(peer, asking, request, until)
        reading = self._reading_of(peer)
        if isinstance(came, Silence) or len(came.body) <= _SMALL:
            answer = _understood(query, peer, request, came, reading)
        else:  # megabytes of JSON take long to read: others wait for their answers
            answer = await asyncio.to_thread(
                _understood, query, peer, request, came, reading
            )
        self._exchange.health.note(
            peer,
            came,
            answer,
            is_costly=_is_costly(query),
            asker=self._doubted(peer, asking),
        )
        return came, answer

    def _doubted(self, peer: Peer, asking: Asking) -> str | None:
        """Return who may have made a peer fail by what they ask; ``None``: nobody.

        What says nothing of itself, either, fails by itself.
        """
        is_silent = self._exchange.metadata.look_of(peer).silence is not None
        return None if is_silent else asking.requester.party

    def _believed(self, answer: NodeAnswer, peer: Peer, query: Query) -> NodeAnswer:
        """Return what a v1 peer says of the assembly that was asked; the rest is none.

        It says "no" of a dataset on another assembly, too, and of one that it has
        nothing of.
        """
        card, here = self._exchange.metadata.look_of(peer).card, _assembly_of(query)
        held = {} if card is None else card.held
        rows = tuple(
            row
            for row in answer.datasets
            if (known := held.get(row.part.dataset)) is None
            or known.assembly in (None, here)
            or row.part.exists
        )
        if answer.status is Status.NOT_SEEN and len(rows) < len(answer.datasets):
            if not rows:
                sentence = f"It has no dataset on {here}."
                return _unanswered(peer, Status.NOT_ASKED, Reason.ASSEMBLY, sentence)
            answer = replace(answer, datasets=rows)
        if answer.status is not Status.NOT_SEEN or peer.assemblies:
            return answer
        return _unanswered(peer, Status.NO_ANSWER, Reason.ASSEMBLY, _NO_OF_NOTHING)

    def _reading_of(self, peer: Peer) -> _Reading:
        """Return what a peer's answers are read with, the same while it stays so."""
        card = self._exchange.metadata.look_of(peer).card
        names = _NO_NAMES if card is None else card.datasets
        found = self._readings.get(peer.node.id)
        if found is None or found.peer is not peer or found.names is not names:
            found = self._readings[peer.node.id] = _Reading(peer, names, {})
        return found

    async def _sent(
        self, peer: Peer, asking: Asking, request: Request, until: float
    ) -> Answered | Silence:
        headers = {"Via": told_way(asking.via)}
        if asking.request_id is not None:
            headers["X-Request-Id"] = asking.request_id
        left = until - monotonic()
        path = f"/{request.path}"
        card = self._exchange.metadata.look_of(peer).card
        if request.path == GENOMIC_VARIANT.path and card is not None and card.path:
            path = card.path
        if request.method == "GET":
            return await self._exchange.client.get(
                peer,
                path,
                deadline=left,
                query=dict(request.parameters),
                headers=headers,
                subject=asking.subject,
            )
        return await self._exchange.client.post(
            peer,
            path,
            request.body or b"",
            deadline=left,
            headers=headers | {"Content-Type": request.content_type},
            subject=asking.subject,
        )


def _lesser(query: Query) -> Iterator[tuple[Query, str]]:
    """Yield questions whose answers are shorter, and what is not shown of each."""
    pattern, page = query.pattern, query.page
    is_one = pattern is None or pattern.is_single_allele
    if is_one or query.granularity is not Granularity.RECORD:
        return
    limit = min(page.limit, MOST_ON_PAGE) // _A_TENTH
    if limit and not page.offset % limit:
        fewer = replace(page, skip=page.offset // limit, limit=limit)
        yield replace(query, page=fewer), _FEWER.format(limit)
    yield replace(query, granularity=Granularity.COUNT), _COUNTED


def _is_costly(query: Query) -> bool:
    """Whether a question may take a good peer long: of anything but one allele."""
    pattern = query.pattern
    is_one = pattern is not None and pattern.is_single_allele
    return not is_one or bool(query.filters)


def _refuses_the_way(came: Answered) -> bool:
    return came.status == HTTPStatus.METHOD_NOT_ALLOWED


def _understood(
    query: Query,
    peer: Peer,
    request: Request,
    came: Answered | Silence,
    reading: _Reading,
) -> NodeAnswer:
    """Return what a peer says by what it sent."""
    if isinstance(came, Silence):
        return _silent(peer, came)
    return read_answer(
        query,
        peer,
        request,
        status=came.status,
        headers=came.headers,
        body=came.body,
        names=reading.names,
        kept=reading.kept,
    )


def _assembly_of(query: Query) -> str:
    return "" if query.pattern is None else query.pattern.assembly


def _is_had(query: Query, peer: Peer) -> bool:
    """Whether a peer has the assembly of a question, as far as is known."""
    pattern = query.pattern
    return not peer.assemblies or pattern is None or pattern.assembly in peer.assemblies


def _marked(answer: NodeAnswer, lift: Lift) -> NodeAnswer:
    """Return what a peer says to a lifted question, marked as such.

    Of an uncertain lift nobody may take a "no": it may be another place.
    """
    rows = []
    for row in answer.datasets:
        part = replace(row.part, lifted=lift)
        if part.status is Status.NOT_SEEN and not lift.is_certain:
            part = replace(part, status=Status.NOT_COVERED, counts=None, coverage=None)
        rows.append(replace(row, part=part, assembly=lift.assembly))
    status = answer.status
    said = overall(row.part.status for row in answer.datasets)
    if rows and answer.answered and status is said:  # else it has a word of its own
        status = overall(row.part.status for row in rows)
    elif status is Status.NOT_SEEN and not lift.is_certain:
        status = Status.NOT_COVERED
    told = f"{lift.asked} was asked on {lift.assembly} as {lift.lifted}."
    return replace(
        answer,
        datasets=tuple(rows),
        status=status,
        warnings=(*answer.warnings, told, *lift.notes, *lift.doubts),
    )


def _silent(peer: Peer, silence: Silence) -> NodeAnswer:
    is_unasked = silence.reason in _NOT_ASKED
    status = Status.NOT_ASKED if is_unasked else Status.NO_ANSWER
    return _unanswered(peer, status, silence.reason, silence.sentence)


def _unanswered(
    peer: Peer, status: Status, reason: Reason, sentence: str
) -> NodeAnswer:
    return NodeAnswer(node=peer.node, status=status, reason=reason, sentence=sentence)
