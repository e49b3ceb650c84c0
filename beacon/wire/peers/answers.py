"""What another beacon answered, read into our own words and values.

Rules in order: HTTP status, JSON, an error it tells, whose answer it is, what it
understood, each dataset's word, its numbers.  Every one that fails ends in
``no_answer`` or ``refused`` with its reason; what is left says yes or no.
"""

from __future__ import annotations

import json
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from beacon.model.errors import InvalidRequest
from beacon.model.nodes import (
    FAILURES,
    NodeAnswer,
    NodeKind,
    Reason,
    rows_asked_for,
)
from beacon.model.query import Granularity
from beacon.model.status import Status, overall
from beacon.wire.peers.echoes import Echo, check_echo
from beacon.wire.peers.failing import (
    TOO_MANY,
    TOO_MUCH,
    UNHEEDED,
    NotAnswered,
)
from beacon.wire.peers.first_version import read_first_version
from beacon.wire.peers.pages import of_page
from beacon.wire.peers.plain import (
    Members,
    TooMuch,
    items,
    members,
    name,
    one_sentence,
    parsed,
    tells_more,
    tells_some,
    text,
    truth,
    word,
)
from beacon.wire.peers.sets import (
    MOST_OF_ONE_ALLELE,
    Heard,
    Hearing,
    alone,
    check_error,
    is_of_ours,
    read_set,
    spoken_for,
    status_of,
)
from beacon.wire.peers.speech import Form

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from beacon.model.nodes import NodeDataset
    from beacon.model.query import Query
    from beacon.wire.peers.speech import Manner, Request

_REFUSALS = frozenset((HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN))
_NO_SUCH_WORDS = frozenset(
    (
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.NOT_IMPLEMENTED,
    )
)
_MOST_SETS = 1_000
_MOST_WARNINGS = 5
_NO = frozenset((Status.NOT_SEEN, Status.NOT_COVERED))
_LEVELS = {level.word: level for level in Granularity}
_UNPROVEN = "It does not repeat the question, so nothing proves that it was understood."
_INCOMPLETE = "Not all beacons that it asked have answered."
_NO_WORDS = "Only beacons like this one have words for this question."
_NOT_HERE = "It has none of the datasets asked for."
_NOTHING_LOADED = "It has nothing of this assembly."
_OUR_WORDS = ("genomicAlleleShortForm", "similarity", "breakpointDistance")


def read_answer(
    query: Query,
    peer: Manner,
    request: Request,
    *,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    names: Mapping[str, str] | None = None,
    kept: dict[Hashable, Heard] | None = None,
) -> NodeAnswer:
    """Return what a peer says; never raises, whatever came.

    Args:
        query: what was asked, as ``question`` was given it.
        peer: who was asked.
        request: as it was sent.
        status: HTTP status.
        headers: of the answer, names in any case.
        body: all of it, unpacked.
        names: of its datasets by id, where its metadata tells them.
        kept: what sets of the peer were read as before, as long as neither it nor
            these names change.
    """
    try:
        _check_words(query, request, status, body)
        check_status(status, headers, body)
        document = _document(body)
        check_error(document)
        return _believed(document, query, peer, request, names or {}, kept)
    except NotAnswered as failure:
        return silent(peer, failure)


def again(
    query: Query, peer: Manner, request: Request, said: NodeAnswer
) -> Form | None:
    """Return the form to ask a peer once more in, after what it said; mostly none.

    An insertion or deletion that was not found as VCF spells it may be kept without
    the base before it, where a peer's configuration says so.
    """
    allele = request.allele
    if not peer.trims or allele is None or request.form is not Form.ANCHORED:
        return None
    is_substitution = len(allele.reference) == len(allele.alternate)
    is_miss = said.reason is None and said.status in _NO
    del query
    return Form.TRIMMED if is_miss and not is_substitution else None


def silent(peer: Manner, failure: NotAnswered) -> NodeAnswer:
    """Return a failure as the answer of the peer that failed."""
    return NodeAnswer(
        node=peer.node,
        status=failure.status,
        reason=failure.reason,
        sentence=one_sentence((failure.sentence,)),
    )


# --- before anything is believed -----------------------------------------------------


def _check_words(query: Query, request: Request, code: int, body: bytes) -> None:
    """Raise where another beacon refuses words that only ours have.

    It must name one of them: a proxy's page, or a store that fails, does not.
    """
    if not request.is_ours or code not in _NO_SUCH_WORDS:
        return
    document = _members_of(body)
    if is_of_ours(members(document.get("info"))):
        return
    told = json.dumps([document.get("error"), document.get("detail")]).casefold()
    words = [each for each in _OUR_WORDS if each in request.sent]
    if query.filters:
        words += ["filter", *(clause[0].text for clause in query.filters)]
    if query.pattern is not None and query.pattern.identity and not request.sent:
        words.append(query.pattern.identity)
    if any(each.casefold() in told for each in words):
        raise NotAnswered(Reason.KIND_OF_QUESTION, _NO_WORDS, Status.NOT_ASKED)


def check_status(code: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raise unless an answer is a 200.

    Raises:
        NotAnswered: with the word for its status, and what its document says.
    """
    if code == HTTPStatus.OK:
        return
    told = _told(body)
    sentence = one_sentence((f"HTTP {code}", told))
    if code in _REFUSALS:
        raise NotAnswered(Reason.REFUSED, sentence, Status.REFUSED)
    is_patient = any(key.lower() == "retry-after" for key in headers)
    is_busy = code == HTTPStatus.SERVICE_UNAVAILABLE and is_patient
    if code == HTTPStatus.TOO_MANY_REQUESTS or is_busy:
        raise NotAnswered(Reason.BUSY, sentence)
    if HTTPStatus.MULTIPLE_CHOICES <= code < HTTPStatus.BAD_REQUEST:
        raise NotAnswered(Reason.REDIRECT, sentence)
    reason = Reason.HTTP_ERROR if told is None else Reason.TOLD_AN_ERROR
    raise NotAnswered(reason, sentence)


def _told(body: bytes) -> str | None:
    """Return the sentence of an error document; ``None``: it is none."""
    error = _members_of(body).get("error")
    return text(members(error).get("errorMessage")) or text(error)


def _members_of(body: bytes) -> Members:
    """Return the JSON object of a body; empty where it is none."""
    try:
        return members(parsed(body))
    except InvalidRequest:
        return {}


def _document(body: bytes) -> Members:
    """Return the JSON object of a body.

    Raises:
        NotAnswered: it is none, or can be read in two ways.
    """
    try:
        document = parsed(body)
    except TooMuch as failure:
        raise NotAnswered(Reason.TOO_LARGE, TOO_MUCH) from failure
    except InvalidRequest as failure:
        raise NotAnswered(Reason.NOT_JSON, "It did not send plain JSON.") from failure
    if not isinstance(document, dict) or not document:
        raise NotAnswered(Reason.NOT_A_BEACON, "It is no answer of a beacon.")
    return document


def _check_sender(said: object, peer: Manner) -> None:
    """Raise unless an answer is of the beacon that was asked."""
    if said == peer.node.id:
        return
    told = name(said)
    if told is None:
        raise NotAnswered(Reason.WRONG_BEACON, "It does not say which beacon it is.")
    sentence = f"It calls itself {told}, not {peer.node.id}."
    raise NotAnswered(Reason.WRONG_BEACON, sentence)


# --- what it says --------------------------------------------------------------------


def _believed(
    document: Members,
    query: Query,
    peer: Manner,
    request: Request,
    names: Mapping[str, str],
    kept: dict[Hashable, Heard] | None,
) -> NodeAnswer:
    pattern = query.pattern
    if pattern is None:
        raise NotAnswered(Reason.NOT_UNDERSTOOD, "It was asked nothing.")
    hearing = Hearing(
        query=query,
        pattern=pattern,
        peer=peer,
        request=request,
        level=_level(members(document.get("meta"))),
        names=names,
        precision=_precision(members(document.get("responseSummary"))),
        kept=kept,
    )
    if peer.node.kind is NodeKind.V1:
        _check_sender(document.get("beaconId"), peer)
        parts, echo = read_first_version(document, hearing)
        return of_page(concluded(parts, echo, {}, hearing), query, {})
    meta = members(document.get("meta"))
    _check_sender(meta.get("beaconId"), peer)
    info = members(document.get("info"))
    if request.is_ours and not is_of_ours(info):
        raise NotAnswered(Reason.KIND_OF_QUESTION, _NO_WORDS, Status.NOT_ASKED)
    received = meta.get("receivedRequestSummary")
    echo = check_echo(received, request.sent)
    parts = _parts(document, info, echo, hearing)
    answer = concluded(parts, echo, info, hearing)
    return of_page(answer, query, members(received), is_ours=is_of_ours(info))


def _precision(summary: Members) -> Members:
    """Return how all counts are to be taken, where no set says it of its own."""
    keys = ("countPrecision", "countAdjustedTo")
    return {key: summary[key] for key in keys if summary.get(key) is not None}


def _level(meta: Members) -> Granularity | None:
    return _LEVELS.get(word(meta.get("returnedGranularity")))


def _parts(
    document: Members, info: Members, echo: Echo, hearing: Hearing
) -> list[Heard]:
    """Return what each dataset of a v2 answer says.

    Raises:
        NotAnswered: the answer as a whole is none.
    """
    summary = members(document.get("responseSummary"))
    exists = truth(summary.get("exists"))
    response = members(document.get("response"))
    sets = items(response.get("resultSets"))
    if exists is None:
        raise NotAnswered(Reason.NOT_A_BEACON, "It says neither yes nor no.")
    if len(sets) > _MOST_SETS:
        raise NotAnswered(Reason.TOO_LARGE, f"It lists more than {_MOST_SETS:,} sets.")
    if not sets:
        return _without_sets(document, info, echo, hearing, exists=exists)
    _check_total(summary, hearing, is_alone=not hearing.is_network)
    parts = [read_set(found, hearing) for found in sets]
    if hearing.is_network:
        parts += _silent_beacons(info, parts, hearing)
    said = {heard.dataset.part.status for heard in parts}
    if exists and not said - _NO:
        raise NotAnswered(Reason.CONTRADICTS, "It says yes, and every dataset says no.")
    if tells_some(summary.get("numTotalResults")) and not said - _NO:
        raise NotAnswered(Reason.CONTRADICTS, "It says no and has results.")
    return parts


def _check_total(summary: Members, hearing: Hearing, *, is_alone: bool) -> None:
    """Raise where one allele is counted more often than it can be."""
    is_too_many = tells_more(summary.get("numTotalResults"), MOST_OF_ONE_ALLELE)
    if is_alone and hearing.pattern.is_single_allele and is_too_many:
        raise NotAnswered(Reason.NOT_UNDERSTOOD, TOO_MANY)


def _without_sets(
    document: Members, info: Members, echo: Echo, hearing: Hearing, *, exists: bool
) -> list[Heard]:
    """Return the one part of an answer that lists no result sets.

    Raises:
        NotAnswered: it may not have looked at all.
    """
    _check_total(members(document.get("responseSummary")), hearing, is_alone=True)
    status = status_of(info, exists=exists)
    if status is Status.NOT_ASKED:
        raise NotAnswered(Reason.ASSEMBLY, _NOTHING_LOADED, Status.NOT_ASKED)
    told = hearing.is_network and _silent_beacons(info, [], hearing)
    if told:
        own = [alone(document, hearing, exists=True)] if exists else []
        return [*own, *told]
    is_listed = isinstance(members(document.get("response")).get("resultSets"), list)
    if not exists and not is_of_ours(info):
        # All sets were asked for: who lists none, and does not say what was
        # understood, may not have looked.
        if hearing.is_network:
            raise NotAnswered(
                Reason.NOT_UNDERSTOOD, "It names no beacon that answered."
            )
        if is_listed and echo is Echo.SILENT:
            raise NotAnswered(Reason.NOT_UNDERSTOOD, UNHEEDED)
    return [alone(document, hearing, exists=exists)]


def _silent_beacons(info: Members, parts: list[Heard], hearing: Hearing) -> list[Heard]:
    """Return the beacons that a network of our kind names as not answering."""
    answered = {heard.dataset.beacon for heard in parts}
    found = []
    for each in items(info.get("beacons"))[:_MOST_SETS]:
        told = members(each)
        beacon, status = name(told.get("beaconId")), _word_for(told)
        if beacon is None or beacon in answered or status is None:
            continue
        sentence = one_sentence(
            (text(told.get("message")) or text(told.get("reason")),)
        )
        failure = NotAnswered(Reason.TOLD_AN_ERROR, sentence, status)
        found.append(spoken_for(beacon, hearing, failure))
    return found


def _word_for(told: Members) -> Status | None:
    said = word(told.get("status")) or word(told.get("verdict"))
    failures = {each.value: each for each in (*FAILURES, Status.NOT_ASKED)}
    return failures.get(said)


# --- the conclusion ------------------------------------------------------------------


def concluded(
    parts: list[Heard], echo: Echo, info: Members, hearing: Hearing
) -> NodeAnswer:
    """Return the answer that parts are together.

    Raises:
        NotAnswered: they are none.
    """
    parts = _narrowed(_united(parts), hearing)
    datasets = tuple(heard.dataset for heard in parts)
    status = overall(each.part.status for each in datasets)
    failure = next((heard.failure for heard in parts if heard.failure), None)
    is_failed = status in FAILURES and all(h.failure is not None for h in parts)
    if is_failed and failure is not None and not hearing.is_network:
        raise failure
    warnings = _warnings(info)
    if echo is Echo.SILENT and hearing.request.sent and not is_of_ours(info):
        warnings = (*warnings, _UNPROVEN)
    lacks = _skipped(info, hearing)
    is_partial = info.get("complete") is False and not lacks
    if is_partial and status not in (Status.SEEN, *FAILURES):
        status = Status.NO_ANSWER
    if is_partial:
        warnings = (*warnings, _INCOMPLETE)
    levels = [each.part.granularity for each in datasets]
    answer = NodeAnswer(
        node=hearing.peer.node,
        status=status,
        datasets=datasets,
        warnings=warnings,
        is_partial=is_partial,
        lacks=lacks,
    )
    if is_failed and failure is not None:
        return replace(answer, reason=failure.reason, sentence=failure.sentence)
    if status is Status.NOT_ASKED:
        return replace(answer, reason=Reason.ASSEMBLY, sentence=_NOTHING_LOADED)
    return replace(answer, granularity=hearing.level or max(levels))


def _skipped(info: Members, hearing: Hearing) -> tuple[str, ...]:
    """Return the beacons that a network did not ask, where nobody else is silent."""
    if not hearing.is_network or info.get("complete") is not False:
        return ()
    told = [name(each) for each in items(info.get("skipped"))[:_MOST_SETS]]
    return tuple(dict.fromkeys(each for each in told if each is not None))


def _warnings(info: Members) -> tuple[str, ...]:
    said = (text(each) for each in items(info.get("warnings"))[:_MOST_WARNINGS])
    return tuple(dict.fromkeys(each for each in said if each is not None))


def _united(parts: list[Heard]) -> list[Heard]:
    """Return each dataset once; one that speaks twice has no numbers we could show."""
    found: dict[str, Heard] = {}
    for heard in parts:
        key = f"{heard.dataset.beacon}/{heard.dataset.part.dataset}"
        found[key] = _both(found[key], heard) if key in found else heard
    return list(found.values())


def _both(one: Heard, other: Heard) -> Heard:
    words = [one.dataset.part.status, other.dataset.part.status]
    status = overall(words)
    stronger = one if words[0] is status else other
    part = replace(
        stronger.dataset.part,
        total=None,
        variants=(),
        counts=None,
        coverage=None,
        granularity=Granularity.BOOLEAN,
    )
    warnings = (*stronger.dataset.warnings, "It answers more than once.")
    dataset: NodeDataset = replace(
        stronger.dataset, part=part, warnings=tuple(dict.fromkeys(warnings))
    )
    return Heard(dataset, stronger.failure)


def _narrowed(parts: list[Heard], hearing: Hearing) -> list[Heard]:
    """Return the parts of the datasets that were asked for, where only some were.

    Raises:
        NotAnswered: there is none among them.
    """
    asked = hearing.query.datasets
    if asked is None:
        return parts
    rows = [heard.dataset for heard in parts]
    wanted = rows_asked_for(rows, asked, is_network=hearing.is_network)
    ids = {id(row) for row in wanted}
    kept = [heard for heard in parts if id(heard.dataset) in ids]
    if not kept:
        raise NotAnswered(Reason.KIND_OF_QUESTION, _NOT_HERE, Status.NOT_ASKED)
    return kept
