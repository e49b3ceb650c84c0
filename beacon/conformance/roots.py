"""The roots of the map: each answers, at every granularity and include, page by page.

What a root answers first is kept as the sample that later checks ask about.
A root that does not answer is found once and asked no more.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from beacon.conformance.questions import (
    DEFAULT_LIMIT,
    GRANULARITIES,
    INCLUDES,
    Question,
    id_of,
)
from beacon.conformance.reading import bool_at, shown
from beacon.conformance.walk import COLLECTIONS, Sample

if TYPE_CHECKING:
    from beacon.conformance.exchange import Exchange
    from beacon.conformance.questions import Answer
    from beacon.conformance.walk import Endpoint, Walk

_PAGE = 2
_NO_METHOD = (405, 501)
"""What a root says that takes no POST."""
_MOST_PAGES = 6
_MOST_KEPT = 67_108_864
"""Bytes of first pages that are kept, all roots together."""


async def check_roots(walk: Walk) -> None:
    """Every root answers; refused listings are asked for synthetic data."""
    room = _MOST_KEPT
    for endpoint in walk.endpoints:
        if endpoint.type in walk.samples:
            continue
        sample, size = await _learn(walk, endpoint)
        room -= size
        if sample is not None and room < 0:
            walk.notes.leave(walk.name(endpoint.root), "its records are too large")
        elif sample is not None:
            walk.samples[endpoint.type] = sample


async def _learn(walk: Walk, endpoint: Endpoint) -> tuple[Sample | None, int]:
    """Return what a root answers first, and the bytes of that."""
    question = Question(page=(0, _PAGE))
    exchange, answer = await walk.put(endpoint.root, endpoint.type, question)
    if answer is None and not _is_announced(walk, endpoint, exchange):
        return None, 0
    if answer is not None and answer.sets and endpoint.type in COLLECTIONS:
        walk.notes.find(
            "R40",
            endpoint.type,
            exchange,
            f"{walk.name(endpoint.root)} answers with collections; result sets came",
        )
    if answer is None or not answer.records:
        question, answer = await _synthetic(walk, endpoint, question, answer)
    if answer is None:
        return None, 0
    return Sample(endpoint=endpoint, answer=answer, question=question), exchange.size


def _is_announced(walk: Walk, endpoint: Endpoint, exchange: Exchange) -> bool:
    """Whether a root may refuse to list everything; what it may not is noted."""
    name = walk.name(endpoint.root)
    if exchange.is_refusal:
        walk.notes.leave(name, "it needs rights the asker does not have")
        return True
    is_no = exchange.is_error and exchange.status in (400, 422)
    allowed = bool_at(walk.entry_types.get(endpoint.type), "nonFilteredQueriesAllowed")
    if is_no and allowed is not True:
        walk.notes.leave(name, "it does not list everything")
        return True
    if is_no:
        walk.notes.find(
            "R59",
            f"refused {endpoint.type}",
            exchange,
            "nonFilteredQueriesAllowed is true, so a question without filters is "
            f"answered; {exchange.came} came",
        )
        return True
    is_deaf = exchange.status in _NO_METHOD
    walk.notes.find(
        "R24",
        f"POST {exchange.status}" if is_deaf else f"root of {endpoint.type}",
        exchange,
        f"{name} is in the map and answers a POST; {exchange.came} came",
    )
    walk.notes.leave(name, "it does not answer")
    return False


async def _synthetic(
    walk: Walk, endpoint: Endpoint, question: Question, answer: Answer | None
) -> tuple[Question, Answer | None]:
    """Return what is known of a root without real records."""
    tried = replace(question, test=True)
    exchange, found = await walk.put(endpoint.root, endpoint.type, tried)
    if found is not None and (found.records or answer is None):
        return tried, found
    if not (exchange.is_answer or answer is not None):
        walk.notes.leave(walk.name(endpoint.root), "no record of it could be learnt")
    return question, answer


async def check_test_mode(walk: Walk) -> None:
    """Synthetic data is given to anybody, on every root."""
    question = Question(page=(0, 1), test=True)
    for sample in walk.samples.values():
        endpoint = sample.endpoint
        exchange, answer = await walk.put(
            endpoint.root, endpoint.type, question, anonymous=True
        )
        if answer is None:
            walk.notes.find(
                "R57",
                "refused",
                exchange,
                "testMode is answered to anybody; "
                f"{exchange.came} came from {walk.name(endpoint.root)}",
            )
        elif answer.granularity == "record" and not answer.records:
            walk.notes.find(
                "M12",
                "no record",
                exchange,
                "testMode shows at least one synthetic record on every root; "
                f"{walk.name(endpoint.root)} shows none",
            )


async def check_matrix(walk: Walk) -> None:
    """Every granularity and include, and one summary whatever is included."""
    for sample in walk.samples.values():
        rows = [await _row(walk, sample, each) for each in GRANULARITIES]
        _judge_levels(walk, sample, [each for each in rows if each is not None])


def _judge_levels(
    walk: Walk, sample: Sample, rows: list[tuple[Exchange, Answer]]
) -> None:
    """More detail changes neither the yes nor the number."""
    name = walk.name(sample.endpoint.root)
    for exchange, answer in rows:
        if _differ(answer.exists, sample.answer.exists):
            walk.notes.find(
                "R35",
                "exists",
                exchange,
                f"exists of {name} is {shown(sample.answer.exists)}, whatever detail "
                f"is asked for; {shown(answer.exists)} came",
            )
        elif answer.is_exact and _differ(answer.total, sample.answer.amount):
            walk.notes.find(
                "R34",
                "numTotalResults",
                exchange,
                f"numTotalResults of {name} is {sample.answer.total}, whatever detail "
                f"is asked for; {answer.total} came",
            )


async def _row(
    walk: Walk, sample: Sample, granularity: str
) -> tuple[Exchange, Answer] | None:
    """Judge one granularity; return its answer with every result set."""
    endpoint, amounts = sample.endpoint, {}
    found: dict[str, tuple[Exchange, Answer]] = {}
    last = None
    for include in INCLUDES:
        question = replace(sample.question, granularity=granularity, include=include)
        exchange, answer = await walk.put(endpoint.root, endpoint.type, question)
        if answer is None:
            _not_answered(walk, exchange, granularity, include)
            continue
        last = exchange
        found[include] = exchange, answer
        amounts[include] = (answer.exists, answer.total)
    _judge_all(walk, found)
    known = {value for value in amounts.values() if value[0] is not None}
    exists = {value[0] for value in known}
    totals = {value[1] for value in known if value[1] is not None}
    if last is not None and (len(exists) > 1 or len(totals) > 1):
        walk.notes.find(
            "R52",
            "summary",
            last,
            "the summary is the same whichever result sets are included; "
            f"on {walk.name(endpoint.root)} it differs",
        )
    return found.get("ALL")


def _judge_all(walk: Walk, found: dict[str, tuple[Exchange, Answer]]) -> None:
    """ALL lists what HIT lists and what MISS lists."""
    listed = {
        include: {each.key for each in answer.sets}
        for include, (_, answer) in found.items()
    }
    if not {"ALL", "HIT", "MISS"} <= set(listed):
        return
    missing = (listed["HIT"] | listed["MISS"]) - listed["ALL"]
    if missing:
        walk.notes.find(
            "R51",
            "all",
            found["ALL"][0],
            "ALL lists the result sets of HIT and of MISS; "
            f"{shown(min(missing).strip())} is not among them",
        )


def _not_answered(
    walk: Walk, exchange: Exchange, granularity: str, include: str
) -> None:
    if exchange.is_refusal:
        walk.notes.leave(
            f"granularity {granularity}", "it needs rights the asker does not have"
        )
        return
    rule, cause = (
        ("R60", "boolean")
        if granularity == "boolean"
        else ("R26", f"{granularity} {include}")
    )
    walk.notes.find(
        rule,
        cause,
        exchange,
        f"granularity {granularity} with {include} is answered; {exchange.came} came",
    )


async def check_defaults(walk: Walk) -> None:
    """What is left out has its default: granularity, include, page."""
    for sample in walk.samples.values():
        endpoint = sample.endpoint
        await walk.put(
            endpoint.root, endpoint.type, replace(sample.question, granularity=None)
        )
        exchange, answer = await walk.put(
            endpoint.root,
            endpoint.type,
            replace(sample.question, include=None, page=None),
        )
        if answer is None:
            continue
        if any(s.exists is False for s in answer.sets) and not walk.notes.has(
            "R51", "include"
        ):
            walk.notes.find(
                "R50",
                "include",
                exchange,
                "without includeResultsetResponses only hits are listed; "
                "a result set with exists false came",
            )
        if _longest(answer) > DEFAULT_LIMIT and not walk.notes.has("R53", "limit"):
            walk.notes.find(
                "R54",
                "default",
                exchange,
                f"without a limit {DEFAULT_LIMIT} records are given; "
                f"{_longest(answer)} came",
            )


def _longest(answer: Answer) -> int:
    return max([len(s.records) for s in answer.sets] + [len(answer.collections)])


async def check_parity(walk: Walk) -> None:
    """GET and POST with the same parameters give the same."""
    for sample in walk.samples.values():
        endpoint, question = sample.endpoint, sample.question
        posted, by_post = await walk.put(endpoint.root, endpoint.type, question)
        got, by_get = await walk.put(
            endpoint.root, endpoint.type, question, method="GET"
        )
        if by_get is None:
            walk.deaf.add(endpoint.type)
            walk.notes.find(
                "R24",
                f"GET {got.status}",
                got,
                f"{walk.name(endpoint.root)} answers GET as POST; {got.came} came",
            )
            continue
        if by_post is None or question.test:
            continue  # the specification has testMode in bodies alone
        if by_get.granularity != by_post.granularity:
            walk.notes.find(
                "R64",
                "requestedGranularity",
                got,
                "GET takes requestedGranularity; it returned "
                f"{shown(by_get.granularity)}",
            )
            continue
        if _told(by_get) != _told(by_post):
            walk.notes.find(
                "R25",
                "parity",
                got,
                f"GET gives what POST gives; on {walk.name(endpoint.root)} "
                "the summary or the records differ",
            )
        del posted


def _told(answer: Answer) -> object:
    sets = sorted(
        (
            each.key,
            repr((each.exists, each.size)),
            [id_of(r) or "" for r in each.records],
        )
        for each in answer.sets
    )
    collections = [id_of(each) for each in answer.collections]
    return answer.exists, answer.total, sets, collections


async def check_pages(walk: Walk) -> None:
    """``skip`` counts pages; pages are full, disjoint and stable."""
    for sample in walk.samples.values():
        if sample.answer.granularity != "record" or not sample.records:
            walk.notes.leave(
                f"pages of {walk.name(sample.endpoint.root)}", "no records are shown"
            )
            continue
        await _judge_pages(walk, sample)
        await _judge_whole(walk, sample)


async def _page(
    walk: Walk, sample: Sample, number: int, size: int
) -> tuple[Exchange, Answer | None]:
    question = replace(sample.question, page=(number, size))
    return await walk.put(sample.endpoint.root, sample.endpoint.type, question)


async def _judge_pages(walk: Walk, sample: Sample) -> None:
    pages: list[dict[str, list[str]]] = []
    totals = set()
    for number in range(_MOST_PAGES):
        exchange, answer = await _page(walk, sample, number, _PAGE)
        if answer is None:
            _no_page(walk, exchange)
            return
        if _longest(answer) > _PAGE:
            walk.notes.find(
                "R53",
                "limit",
                exchange,
                f"limit {_PAGE} gives {_PAGE} records at most; {_longest(answer)} came",
            )
            return
        totals.add(answer.total)
        pages.append(_by_set(answer))
        if not any(pages[-1].values()):
            break
    _judge_walk(walk, sample, exchange, pages)
    _judge_shares(walk, sample, exchange, pages[0])
    if len(totals) > 1:
        _pages_disagree(walk, exchange)
    _, again = await _page(walk, sample, 0, _PAGE)
    if again is not None and _by_set(again) != pages[0]:
        walk.notes.find(
            "R56", "stable", exchange, "a page asked again is the same; it differs"
        )


def _no_page(walk: Walk, exchange: Exchange) -> None:
    walk.notes.find(
        "R44",
        "page",
        exchange,
        f"a page is a normal answer; {exchange.came} came",
    )


def _pages_disagree(walk: Walk, exchange: Exchange) -> None:
    walk.notes.find(
        "R34",
        "numTotalResults",
        exchange,
        "numTotalResults is the same on every page; it differs",
    )


def _by_set(answer: Answer) -> dict[str, list[str]]:
    sets: dict[str, list[str]] = {}
    for each in answer.sets:
        sets.setdefault(each.key, []).extend(id_of(r) or "" for r in each.records)
    if answer.collections:
        sets[""] = [id_of(record) or "" for record in answer.collections]
    return sets


def _judge_walk(
    walk: Walk, sample: Sample, exchange: Exchange, pages: list[dict[str, list[str]]]
) -> None:
    """Hold the pages of each set against each other and against its count."""
    often = Counter(each.key for each in sample.answer.sets)
    counts = {e.key: e.size for e in sample.answer.sets if often[e.key] == 1}
    if sample.answer.collections:
        counts[""] = sample.answer.amount
    if any("" in records for page in pages for records in page.values()):
        return
    is_whole = not any(pages[-1].values())
    for name in pages[0]:
        lists = [page.get(name, []) for page in pages]
        if any(_is_misplaced(one, two) for one, two in pairwise(lists)):
            walk.notes.find(
                "R53",
                "skip",
                exchange,
                "skip leaves out so many pages; it leaves out so many records, or none",
            )
            return
        seen = [each for page in lists for each in page]
        count = counts.get(name)
        is_short = is_whole and count is not None and count != len(seen)
        if len(set(seen)) != len(seen) or (is_short and not _is_miscounted(walk)):
            walk.notes.find(
                "R56",
                "disjoint",
                exchange,
                f"the pages of a result set hold its records, each once; {len(seen)} "
                f"came, {len(set(seen))} different, of {shown(count)}",
            )
            return


def _is_misplaced(one: list[str], two: list[str]) -> bool:
    """Whether a page begins with a record of the one before, or is the same."""
    return len(one) > 1 and two[:1] in (one[1:2], one[:1])


def _judge_shares(
    walk: Walk, sample: Sample, exchange: Exchange, page: dict[str, list[str]]
) -> None:
    """A page is of each result set, so that no dataset hides another."""
    for found in sample.answer.sets:
        if found.id and found.size and not page.get(found.key) and sample.records:
            walk.notes.find(
                "M18",
                "share",
                exchange,
                "a page has records of every result set with a match; "
                f"{shown(found.id)} has {found.size}, and none came",
            )


def _is_miscounted(walk: Walk) -> bool:
    """Whether counts are known to be wrong already."""
    return walk.notes.has("R34", "numTotalResults")


async def _judge_whole(walk: Walk, sample: Sample) -> None:
    """A limit of 0 gives everything or the most there may be; totals stay."""
    exchange, answer = await _page(walk, sample, 0, 0)
    if answer is None:
        walk.notes.find(
            "R55",
            "refused",
            exchange,
            f"limit 0 asks for all records or the most there may be; "
            f"{exchange.came} came",
        )
    elif _longest(answer) < _longest(sample.answer):
        walk.notes.find(
            "R55",
            "fewer",
            exchange,
            "limit 0 gives all records or the most there may be; "
            f"{_longest(answer)} came",
        )
    elif _differ(answer.total, sample.answer.total):
        _pages_disagree(walk, exchange)


def _differ(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one != other
