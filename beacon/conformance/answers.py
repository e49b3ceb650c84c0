"""What must hold for every data answer, whatever was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.conformance.questions import DEFAULT_LIMIT, GRANULARITIES
from beacon.conformance.reading import (
    at,
    bool_at,
    dict_at,
    int_at,
    list_at,
    shown,
    text_at,
)
from beacon.conformance.shapes import has_schema, judge_document, judge_record

if TYPE_CHECKING:
    from beacon.conformance.exchange import Exchange
    from beacon.conformance.questions import Answer, Question, Set
    from beacon.conformance.reading import Json
    from beacon.conformance.walk import Walk

_COLLECTIONS = ("dataset", "cohort")
_SINCE_OPTIONAL = (2, 2)
"""From this version on a result set needs no records."""


def judge_answer(
    walk: Walk,
    exchange: Exchange,
    entry_type: str,
    question: Question,
    answer: Answer,
) -> None:
    """Note whatever an answer to a question breaks by itself."""
    _judge_shape(walk, exchange, entry_type, answer)
    _judge_meta(walk, exchange, entry_type)
    _judge_echo(walk, exchange, question)
    _judge_detail(walk, exchange, entry_type, question, answer)
    _judge_sets(walk, exchange, question, answer)
    _judge_totals(walk, exchange, question, answer)
    _judge_records(walk, exchange, entry_type, answer)


def judge_failure(walk: Walk, exchange: Exchange) -> None:
    """A failure says so in HTTP, too."""
    if exchange.tells_error and not exchange.is_error:
        walk.notes.find(
            "R67",
            "status 200",
            exchange,
            f"a failure is told by a status of 400 or more; {exchange.came} came",
        )


def _judge_shape(
    walk: Walk, exchange: Exchange, entry_type: str, answer: Answer
) -> None:
    """The schema follows from what is returned; a richer answer keeps to more."""
    response = dict_at(exchange.document, "response")
    if "collections" in response:
        kind = "collections"
    elif "resultSets" in response:
        kind = "resultsets"
    elif answer.granularity == "record":
        kind = "collections" if entry_type in _COLLECTIONS else "resultsets"
    else:
        kind = "count" if answer.granularity == "count" else "boolean"
    judge_document(walk.notes, exchange, kind)
    summary = dict_at(exchange.document, "responseSummary")
    is_bare = bool(summary) and "numTotalResults" not in summary
    if kind == "resultsets" and answer.granularity == "count" and is_bare:
        walk.notes.find(
            "R26",
            "count without numTotalResults",
            exchange,
            "an answer of granularity count has responseSummary.numTotalResults; "
            "there is none",
        )


def _judge_meta(walk: Walk, exchange: Exchange, entry_type: str) -> None:
    returned = list_at(exchange.document, "meta", "returnedSchemas")
    types = {text_at(each, "entityType") for each in returned}
    is_absent = at(exchange.document, "meta", "returnedSchemas") is None
    if is_absent or entry_type in types or entry_type not in walk.entry_types:
        return
    if not types - {None}:
        walk.notes.find(
            "R32",
            "no entityType",
            exchange,
            f"meta.returnedSchemas names {entry_type}; it names no entry type",
        )
        return
    said = ", ".join(sorted(shown(each) for each in types if each))
    walk.notes.find(
        "R32",
        f"names {said}",
        exchange,
        f"meta.returnedSchemas names {entry_type}; it names {said}",
    )


def _judge_echo(walk: Walk, exchange: Exchange, question: Question) -> None:
    """``receivedRequestSummary`` repeats what was asked, where it says anything.

    The specification has requestedGranularity and testMode in bodies alone.
    """
    received = dict_at(exchange.document, "meta", "receivedRequestSummary")
    page = dict_at(received, "pagination")
    is_body = exchange.request.body is not None
    asked = {
        "requestedGranularity": question.granularity if is_body else None,
        "includeResultsetResponses": question.include,
        "pagination.skip": question.page and question.page[0],
    }
    came = {
        "requestedGranularity": text_at(received, "requestedGranularity"),
        "includeResultsetResponses": text_at(received, "includeResultsetResponses"),
        "pagination.skip": int_at(page, "skip"),
    }
    if question.page and question.page[1] > 0:
        # A limit of 0 asks for the beacon's maximum, and that is what is echoed.
        asked["pagination.limit"] = question.page[1]
        came["pagination.limit"] = int_at(page, "limit")
    for name, value in asked.items():
        if None not in (value, came[name]) and value != came[name]:
            walk.notes.find(
                "R31",
                name,
                exchange,
                f"meta.receivedRequestSummary repeats {name} {shown(value)}; "
                f"it says {shown(came[name])}",
            )
    _judge_asked(walk, exchange, question, received)
    if is_body:
        _judge_test_flag(walk, exchange, question)


def _judge_asked(
    walk: Walk, exchange: Exchange, question: Question, received: Json
) -> None:
    """Filters and the place of a variant are repeated, and nobody else's are."""
    filters = at(received, "filters")
    if isinstance(filters, list) and bool(filters) != bool(question.filters):
        walk.notes.find(
            "R31",
            "filters",
            exchange,
            "meta.receivedRequestSummary repeats the filters "
            f"{shown(list(question.filters))}; it says {shown(filters)}",
        )
    echoed = dict_at(received, "requestParameters")
    start = at(echoed, "g_variant", "start") or at(echoed, "start")
    asked = question.parameters.get("start")
    if isinstance(asked, list) and start is not None and _numbers(start) != asked:
        walk.notes.find(
            "R31",
            "start",
            exchange,
            f"meta.receivedRequestSummary repeats start {shown(asked)}; it says "
            f"{shown(start)}",
        )


def _numbers(value: Json) -> list[int]:
    """Return whole numbers, however they are written."""
    each = value if isinstance(value, list) else str(value).split(",")
    return [int(n) for n in map(str, each) if n.lstrip("-").isdecimal()]


def _judge_test_flag(walk: Walk, exchange: Exchange, question: Question) -> None:
    flags = {
        bool_at(exchange.document, "meta", "testMode"),
        bool_at(exchange.document, "meta", "receivedRequestSummary", "testMode"),
    }
    if question.test and True not in flags:
        walk.notes.find(
            "R57",
            "not flagged",
            exchange,
            "an answer under testMode says testMode true in meta or in "
            "receivedRequestSummary; neither does",
        )


def _judge_detail(
    walk: Walk,
    exchange: Exchange,
    entry_type: str,
    question: Question,
    answer: Answer,
) -> None:
    """Never more detail than was asked, nor than is said to be returned.

    Collections are described to anybody who asks for nothing less: a list of
    datasets that says "true" serves nobody, and no beacon gives one.
    """
    said = answer.granularity
    if said not in GRANULARITIES:
        return
    default = "record" if entry_type in _COLLECTIONS else walk.default_granularity
    asked = question.granularity or default
    if asked in GRANULARITIES and _rank(said) > _rank(asked):
        cause = "default" if question.granularity is None else "returned"
        walk.notes.find(
            "R46",
            cause,
            exchange,
            f"no more detail than {asked} is returned; "
            f"meta.returnedGranularity is {said}",
        )
    for cause, sentence in _leaks(said, answer):
        walk.notes.find("R48", f"{said}: {cause}", exchange, sentence)


def _rank(granularity: str) -> int:
    return GRANULARITIES.index(granularity)


def _leaks(said: str, answer: Answer) -> list[tuple[str, str]]:
    found = []
    if said == "boolean" and (
        answer.total is not None or any(_is_counted(each) for each in answer.sets)
    ):
        found.append(("count", "a boolean answer holds no count; it holds one"))
    if said != "record" and answer.records:
        found.append(
            ("records", f"a {said} answer holds no record; it holds some"),
        )
    return found


def _is_counted(found: Set) -> bool:
    """Whether a set says more than yes or no; 1 and 0 say just that."""
    told = found.told
    if told is None or found.exists is None:
        return told is not None and told > 1
    return told != int(found.exists)


def _judge_sets(
    walk: Walk, exchange: Exchange, question: Question, answer: Answer
) -> None:
    include = question.include or "HIT"
    wrong = {
        "HIT": any(each.exists is False for each in answer.sets),
        "MISS": any(each.exists is True for each in answer.sets),
        "NONE": bool(answer.sets),
    }.get(include, False)
    if wrong and question.include is not None:
        walk.notes.find(
            "R51",
            "include",
            exchange,
            f"{include} lists {_LISTED[include]}; others are listed",
        )
    collections = {name for name in walk.entry_types if name in _COLLECTIONS} | {
        name for name in walk.entry_types if walk.declared(name, "aCollectionOf")
    }
    for each in answer.sets:
        if each.kind is not None and collections and each.kind not in collections:
            walk.notes.find(
                "R37",
                "setType",
                exchange,
                "setType is a collection type of the configuration "
                f"({', '.join(map(shown, sorted(collections)))}); "
                f"{shown(each.kind)} came",
            )
        if not each.has_results and walk.version < _SINCE_OPTIONAL:
            walk.notes.find(
                "R36",
                "before 2.2",
                exchange,
                "before v2.2 a result set has resultsCount and results; one has not",
            )


_LISTED = {
    "HIT": "only result sets with exists true",
    "MISS": "only result sets with exists false",
    "NONE": "no result set",
}


def _judge_totals(
    walk: Walk, exchange: Exchange, question: Question, answer: Answer
) -> None:
    """``exists`` and ``numTotalResults`` agree with the sets they sum up."""
    is_first = question.page is None or question.page[0] == 0
    if is_first:
        _judge_each(walk, exchange, answer)
    if question.include != "ALL" or answer.exists is None:
        return
    said = {each.exists for each in answer.sets}
    if said and None not in said and answer.exists != (True in said):
        walk.notes.find(
            "R35",
            "exists",
            exchange,
            "responseSummary.exists is true exactly when a result set has a match; "
            f"it is {shown(answer.exists)}",
        )
    if answer.total is not None and is_first and (answer.total > 0) != answer.exists:
        walk.notes.find(
            "R35",
            "exists",
            exchange,
            "exists is true exactly when numTotalResults is above 0; "
            f"{shown(answer.exists)} came with {answer.total}",
        )
    counts = [each.size for each in answer.sets if each.size is not None]
    whole = len(counts) == len(answer.sets) > 0 and answer.is_exact
    if answer.total is not None and whole and not _adds_up(answer.total, counts):
        walk.notes.find(
            "R34",
            "numTotalResults",
            exchange,
            "numTotalResults counts all matches of the query; it says "
            f"{answer.total} where the result sets count {counts[:5]}",
        )


def _judge_each(walk: Walk, exchange: Exchange, answer: Answer) -> None:
    """A result set, and a whole answer, holds no more than it says."""
    for each in answer.sets:
        held = max(each.size or 0, len(each.records))
        if (each.exists is False and held) or (each.exists and each.size == 0):
            walk.notes.find(
                "R35",
                "set",
                exchange,
                "exists of a result set is true exactly when it has a match; "
                f"{shown(each.exists)} came with {held} of them",
            )
    shown_at_least = max([len(each.records) for each in answer.sets], default=0)
    least = max(shown_at_least, len(answer.collections))
    if answer.is_exact and answer.total is not None and answer.total < least:
        walk.notes.find(
            "R34",
            "numTotalResults",
            exchange,
            f"numTotalResults counts all matches of the query; it says {answer.total} "
            f"where {least} records came",
        )


def _adds_up(total: int, counts: list[int]) -> bool:
    """A record in two datasets may be counted once or twice."""
    return max(counts) <= total <= sum(counts)


def _judge_records(
    walk: Walk, exchange: Exchange, entry_type: str, answer: Answer
) -> None:
    if not has_schema(entry_type):
        if answer.records:
            walk.notes.leave(f"{shown(entry_type)} records", "no schema is known")
        return
    if answer.granularity in GRANULARITIES[:-1]:
        return
    for record in answer.records[: DEFAULT_LIMIT * 2]:
        judge_record(walk.notes, exchange, entry_type, record)
