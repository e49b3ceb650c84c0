"""Single records, and the records below them, at every address of the map."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from beacon.conformance.questions import GRANULARITIES, Question, id_of
from beacon.conformance.reading import list_at, shown, text_at
from beacon.conformance.shapes import judge_document
from beacon.conformance.walk import COLLECTIONS, VARIANT

if TYPE_CHECKING:
    from yarl import URL

    from beacon.conformance.exchange import Exchange
    from beacon.conformance.questions import Answer
    from beacon.conformance.reading import Json
    from beacon.conformance.walk import Related, Sample, Walk

_PLAIN = re.compile(r"[A-Za-z0-9._~-]+", re.ASCII)
_UNKNOWN = "no-such-record-7c1f"
_PAGE = 100
"""Records below one that are looked at."""
TERMS = "filteringTerm"

# member of a record: the type whose id it holds
_LINKS = {
    "individualId": "individual",
    "biosampleId": "biosample",
    "runId": "run",
    "analysisId": "analysis",
}


async def check_singles(walk: Walk) -> None:
    """A record is found by its id, alone; what does not exist is not found."""
    for sample in walk.samples.values():
        template = sample.endpoint.single
        if template is None:
            continue
        entry_id = first_id(sample)
        if entry_id is None:
            walk.notes.leave(f"one {sample.endpoint.type} by id", "no id is known")
            continue
        if not _PLAIN.fullmatch(entry_id):
            await _note_id(walk, sample, entry_id)
        url = walk.entry(template, entry_id)
        question = replace(sample.question, include=None)
        exchange, answer = await walk.put(url, sample.endpoint.type, question)
        _judge_single(walk, sample, entry_id, exchange, answer)
        if answer is not None:
            await _judge_levels(walk, url, sample.endpoint.type, question)
            await _judge_unknown(walk, sample, template)


def first_id(sample: Sample) -> str | None:
    """Return the id of the first record that has one."""
    return next(iter(sample.answer.ids), None)


async def _note_id(walk: Walk, sample: Sample, entry_id: str) -> None:
    exchange = await walk.send(sample.endpoint.root, sample.question)
    walk.notes.find(
        "M13",
        f"ids of {sample.endpoint.type}",
        exchange,
        "ids use letters, digits and ._~- only, so that every client can put them "
        f"into an address; {shown(entry_id)} does not",
    )


def _judge_single(
    walk: Walk,
    sample: Sample,
    entry_id: str,
    exchange: Exchange,
    answer: Answer | None,
) -> None:
    entry_type = sample.endpoint.type
    if exchange.is_refusal:
        walk.notes.leave(f"one {entry_type} by id", "it needs rights")
        return
    if answer is None:
        walk.notes.find(
            "R24",
            f"single {entry_type}",
            exchange,
            f"singleEntryUrl of {shown(entry_type)} is in the map and answers; "
            f"{exchange.came} came",
        )
        return
    is_other = bool(set(answer.ids) - {entry_id})
    if answer.exists is False or is_other:
        rule = "R98" if entry_type == VARIANT else "R16"
        walk.notes.find(
            rule,
            f"single {entry_type}",
            exchange,
            f"the {shown(entry_type)} {shown(entry_id)}, just listed, is found by its "
            f"id, alone; {answer.ids[:3] or 'nothing'} came",
        )
    elif entry_type in COLLECTIONS and answer.sets:
        walk.notes.find(
            "R41",
            entry_type,
            exchange,
            f"one {entry_type} comes as a collection with one item; result sets came",
        )


async def _judge_levels(
    walk: Walk, url: URL, entry_type: str, question: Question
) -> None:
    """Less detail may be asked for; every answer is judged as any."""
    for granularity in GRANULARITIES[:-1]:
        asked = replace(question, granularity=granularity)
        exchange, answer = await walk.put(url, entry_type, asked)
        if answer is None and not exchange.is_refusal:
            walk.notes.find(
                "R107",
                f"{granularity}",
                exchange,
                f"granularity {granularity} applies below the roots, too; "
                f"{exchange.came} came",
            )


async def _judge_unknown(walk: Walk, sample: Sample, template: str) -> None:
    url = walk.entry(template, _UNKNOWN)
    question = Question(include=None)
    exchange, answer = await walk.put(url, sample.endpoint.type, question)
    if answer is not None and answer.exists:
        walk.notes.find(
            "R35",
            "unknown id",
            exchange,
            f"exists is true exactly when a record matched; {_UNKNOWN} exists",
        )
    elif answer is None and not exchange.is_refusal:
        walk.notes.find(
            "R108",
            "unknown id",
            exchange,
            "an unknown id answers 200 with exists false, as one that may not be "
            f"seen; {exchange.came} came",
        )


async def check_related(walk: Walk) -> None:
    """What lies below a record is what is linked to it."""
    for sample in walk.samples.values():
        entry_id = first_id(sample)
        if entry_id is None:
            continue
        for related in sample.endpoint.related:
            if "filtering_terms" in related.template:
                await _judge_terms(walk, related, entry_id)
            else:
                await _judge_related(walk, sample, related, entry_id)


async def _judge_terms(walk: Walk, related: Related, entry_id: str) -> None:
    exchange = await walk.client.ask(walk.entry(related.template, entry_id))
    if exchange.is_answer:
        judge_document(walk.notes, exchange, "filteringTerms")
        return
    if not exchange.is_refusal:
        walk.notes.find(
            "R24",
            f"terms {related.template}",
            exchange,
            f"{shown(related.template)} is in the map and answers; "
            f"{exchange.came} came",
        )


async def _judge_related(
    walk: Walk, sample: Sample, related: Related, entry_id: str
) -> None:
    url = walk.entry(related.template, entry_id)
    question = replace(sample.question, page=(0, _PAGE))
    exchange, answer = await walk.put(url, related.type, question)
    place = f"{sample.endpoint.type} → {related.type}"
    if exchange.is_refusal:
        walk.notes.leave(shown(place), "it needs rights the asker does not have")
        return
    if answer is None:
        walk.notes.find(
            "R24",
            place,
            exchange,
            f"{shown(place)} is in the map and answers; {exchange.came} came",
        )
        return
    _judge_members(walk, sample, related, entry_id, exchange, answer)
    if sample.endpoint.type == "dataset" and not sample.question.test:
        _judge_dataset(walk, entry_id, exchange, answer)
    await _judge_levels(walk, url, related.type, replace(question, page=(0, 2)))


def _judge_members(
    walk: Walk,
    sample: Sample,
    related: Related,
    entry_id: str,
    exchange: Exchange,
    answer: Answer,
) -> None:
    """A record that names its owner names this one."""
    place = f"{sample.endpoint.type} → {related.type}"
    for record in answer.records:
        linked = _linked(record, sample.endpoint.type)
        if linked and entry_id not in linked:
            walk.notes.find(
                "R105",
                f"foreign {place}",
                exchange,
                f"below {shown(entry_id)} are records linked to it; "
                f"{shown(id_of(record))} names {shown(linked[0])}",
            )
            return
    _judge_owner(walk, sample, related, entry_id, exchange, answer)
    known = _known_links(walk, sample, related, entry_id)
    missing = known - set(answer.ids)
    came = len(answer.ids)
    is_whole = came < _PAGE if answer.total is None else answer.total <= came
    if missing and answer.granularity == "record" and is_whole:
        walk.notes.find(
            "R105",
            f"missing {place}",
            exchange,
            f"below {shown(entry_id)} is every record linked to it; "
            f"{shown(min(missing))} is not",
        )


def _judge_owner(
    walk: Walk,
    sample: Sample,
    related: Related,
    entry_id: str,
    exchange: Exchange,
    answer: Answer,
) -> None:
    """Below a record that names one of a type is that one.

    A variant need not name every carrier; a sample, run or analysis has one owner.
    """
    owner = next((r for r in sample.records if id_of(r) == entry_id), None)
    named = _linked(owner, related.type)
    others = set(answer.ids) - set(named)
    if named and others and sample.endpoint.type != VARIANT:
        walk.notes.find(
            "R105",
            f"foreign {sample.endpoint.type} → {related.type}",
            exchange,
            f"{shown(entry_id)} names {shown(named[0])}, so that is what is below it; "
            f"{shown(min(others))} came",
        )


def _linked(record: Json, entry_type: str) -> list[str]:
    """Return the ids of a type that a record names as its own."""
    if entry_type == VARIANT:
        return []
    member = next((m for m, owner in _LINKS.items() if owner == entry_type), "")
    direct = text_at(record, member)
    if direct is not None:
        return [direct]
    cases = list_at(record, "caseLevelData")
    return [found for case in cases if (found := text_at(case, member))]


def _known_links(
    walk: Walk, sample: Sample, related: Related, entry_id: str
) -> set[str]:
    """Return the ids of records, seen before, that name this one."""
    other = walk.samples.get(related.type)
    if other is None or other.question.test != sample.question.test:
        return set()
    return {
        found
        for record in other.records
        if entry_id in _linked(record, sample.endpoint.type)
        and (found := id_of(record))
    }


def _judge_dataset(
    walk: Walk, entry_id: str, exchange: Exchange, answer: Answer
) -> None:
    others = {each.id for each in answer.sets if each.id} - {entry_id}
    if others:
        walk.notes.find(
            "R109",
            "another set",
            exchange,
            f"below a dataset is its own result set; {shown(min(others))} came with it",
        )
