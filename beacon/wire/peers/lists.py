"""Many alleles in one request to a beacon like this one, and its lines read back.

Alleles and names go there and nothing else.  A line is believed only where it
repeats, in its place, what was asked; what it says is judged as an answer of its
own, and a failure of the whole is each line's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from beacon.model.errors import InvalidRequest
from beacon.model.nodes import FAILURES, NodeAnswer, Reason
from beacon.model.notation import vcf_style
from beacon.model.status import Status, overall
from beacon.wire.peers.answers import check_status, concluded, silent
from beacon.wire.peers.echoes import Echo
from beacon.wire.peers.failing import TOO_MUCH, NotAnswered
from beacon.wire.peers.plain import (
    Members,
    TooMuch,
    items,
    members,
    one_sentence,
    parsed,
    text,
)
from beacon.wire.peers.questions import asked_allele
from beacon.wire.peers.sets import Heard, Hearing, read_set
from beacon.wire.peers.speech import Form, Request, Unasked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from beacon.model.query import Query
    from beacon.model.variant import Reference
    from beacon.wire.peers.speech import Manner

MOST_IN_LIST = 1_000
"""Lines of one request; a beacon takes ten times as many."""
_PATH = "batch"
_ANOTHER = "Its line does not answer what was asked in its place."
_SEEN = Status.SEEN.value
_PRECISION = ("countPrecision", "countAdjustedTo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One question of a list, as it is sent.

    Attributes:
        variant: as it must be repeated.
        text: the line, without its end.
    """

    query: Query
    variant: str
    text: bytes


def list_line(query: Query, references: Mapping[str, Reference]) -> Line | Unasked:
    """Return the line that asks one question of a list, or why there is none."""
    pattern = query.pattern
    is_bare = not (query.excluded or query.by or query.filters or query.cohort)
    spelled = None
    if pattern is not None and is_bare and not query.unknown_filters:
        allele = asked_allele(pattern, references, Form.ANCHORED)
        spelled = pattern.name if allele is None else vcf_style(allele)
    if pattern is None or spelled is None:
        sentence = "Lists hold alleles and names of variants only."
        return Unasked(reason=Reason.KIND_OF_QUESTION, sentence=sentence)
    said: Members = {"variant": spelled, "assemblyId": pattern.assembly}
    if query.datasets is not None:
        said["datasets"] = list(query.datasets)
    line = json.dumps(said, separators=(",", ":")).encode()
    return Line(query=query, variant=spelled, text=line)


def list_request(lines: Sequence[Line]) -> Request:
    """Return the request that asks a list."""
    return Request(
        method="POST",
        path=_PATH,
        body=b"".join(line.text + b"\n" for line in lines),
        content_type="application/x-ndjson",
        sent={},
    )


def read_list(
    lines: Sequence[Line],
    peer: Manner,
    *,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    names: Mapping[str, str] | None = None,
) -> list[NodeAnswer]:
    """Return what a peer says to each line, in their order; never raises.

    Args:
        lines: as they were sent.
        peer: who was asked.
        status: HTTP status.
        headers: of the answer, names in any case.
        body: all of it, unpacked.
        names: of its datasets by id, where its metadata tells them.
    """
    try:
        check_status(status, headers, body)
    except NotAnswered as failure:
        return [silent(peer, failure)] * len(lines)
    return list(_read(lines, peer, body.splitlines(), names or {}))


def _read(
    lines: Sequence[Line],
    peer: Manner,
    answers: Sequence[bytes],
    names: Mapping[str, str],
) -> Iterator[NodeAnswer]:
    for line, answer in zip_longest(lines, answers[: len(lines)]):
        try:
            yield _line(line, peer, answer, names)
        except NotAnswered as failure:
            yield silent(peer, failure)


def _line(
    line: Line, peer: Manner, answer: bytes | None, names: Mapping[str, str]
) -> NodeAnswer:
    """Return what one line says.

    Raises:
        NotAnswered: nothing, or something about another question.
    """
    if answer is None:
        raise NotAnswered(Reason.NOT_A_BEACON, "It did not answer every line.")
    said = _members_of(answer)
    if said.get("variant") != line.variant or line.query.pattern is None:
        raise NotAnswered(Reason.NOT_UNDERSTOOD, _ANOTHER)
    found, error = items(said.get("datasets")), said.get("error")
    if error is not None and not found:
        raise NotAnswered(Reason.TOLD_AN_ERROR, one_sentence((text(error),)))
    hearing = Hearing(
        query=line.query,
        pattern=line.query.pattern,
        peer=peer,
        request=Request(method="POST", path=_PATH, sent={}),
        names=names,
    )
    if not found:
        _check_empty(said)
    parts = [_part(each, hearing) for each in found]
    whole = concluded(parts, Echo.UNDERSTOOD, {}, hearing)
    if whole.status not in FAILURES:
        _check_word(said, found)
    return whole


def _check_word(said: Members, found: Sequence[object]) -> None:
    """Raise where a line's own word or error is not what its datasets are together."""
    told, error = _word_of(said), said.get("error")
    if error is not None or told in FAILURES:
        word = told if told in FAILURES else Status.NO_ANSWER
        sentence = one_sentence((text(error) or "It could not tell.",))
        raise NotAnswered(Reason.TOLD_AN_ERROR, sentence, word)
    if told is not overall(_word_of(members(each)) for each in found):
        raise NotAnswered(Reason.CONTRADICTS, "Its word and its datasets' differ.")


def _word_of(said: Members) -> Status:
    """Return the word of a line, or of a dataset in it.

    Raises:
        NotAnswered: it has none that we know.
    """
    found = next((each for each in Status if each.value == said.get("status")), None)
    if found is None:
        raise NotAnswered(Reason.NOT_UNDERSTOOD, "It has a word of its own for it.")
    return found


def _check_empty(said: Members) -> None:
    """Raise what a line without datasets means: it was asked of nothing."""
    if said.get("status") == Status.NOT_ASKED.value:
        sentence = "It has nothing of this assembly."
        raise NotAnswered(Reason.ASSEMBLY, sentence, Status.NOT_ASKED)
    raise NotAnswered(Reason.NOT_A_BEACON, "Its line names no dataset.")


def _part(found: object, hearing: Hearing) -> Heard:
    """Return what a line says of one dataset, judged as a result set is."""
    info = members(found)
    told = {"id": info.get("id"), "exists": info.get("status") == _SEEN, "results": []}
    told |= {key: info[key] for key in _PRECISION if key in info}
    return read_set(told | {"info": {"status": "?"} | info}, hearing)


def _members_of(answer: bytes) -> Members:
    try:
        said = members(parsed(answer))
    except TooMuch as failure:
        raise NotAnswered(Reason.TOO_LARGE, TOO_MUCH) from failure
    except InvalidRequest as failure:
        raise NotAnswered(Reason.NOT_JSON, "It did not send plain JSON.") from failure
    return said
