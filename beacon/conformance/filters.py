"""Filters: what is listed works, and no filter ever widens an answer."""

from __future__ import annotations

import itertools
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from beacon.conformance.questions import id_of
from beacon.conformance.reading import (
    bool_at,
    dict_at,
    list_at,
    shown,
    text_at,
    texts_at,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.conformance.exchange import Exchange
    from beacon.conformance.questions import Answer
    from beacon.conformance.reading import Json
    from beacon.conformance.walk import Sample, Walk

_UNKNOWN: Mapping[str, Json] = {"id": "NOSUCH:0000000"}
_AND = "several filters are ANDed"
_PER_TYPE = 2
"""So many terms of each kind are tried on each entry type."""
_PER_ROOT = 8
_INDIVIDUAL = "individual"


async def check_filters(walk: Walk) -> None:
    """Try filters on every root that lists real records."""
    for sample in walk.samples.values():
        if sample.question.test:
            walk.notes.leave(
                f"filters of {walk.name(sample.endpoint.root)}",
                "only synthetic records are shown",
            )
            continue
        await _judge_root(walk, sample)


async def _judge_root(walk: Walk, sample: Sample) -> None:
    _, plain = await _filtered(walk, sample)
    whole = None if plain is None else plain.amount
    await _judge_unknown(walk, sample, whole)
    found = {}
    for term in _terms(walk, sample.endpoint.type):
        amount = await _judge_term(walk, sample, term, whole)
        if amount is not None:
            found[str(term["id"])] = (term, amount)
    await _judge_and(walk, sample, list(found.values()))
    for term, amount in found.values():
        if "operator" in term:
            await _judge_operators(walk, sample, term, (amount, whole))
    ontology = [row for row in found.values() if "operator" not in row[0]]
    for term, amount in ontology[:1]:
        await _judge_options(walk, sample, term, amount)


async def _filtered(
    walk: Walk, sample: Sample, *filters: Mapping[str, Json]
) -> tuple[Exchange, Answer | None]:
    question = replace(sample.question, granularity="count", filters=filters)
    return await walk.put(sample.endpoint.root, sample.endpoint.type, question)


def _terms(walk: Walk, entry_type: str) -> list[Mapping[str, Json]]:
    """Return filters made of listed terms, some of each kind."""
    chosen: dict[str, list[Mapping[str, Json]]] = {}
    for term in walk.terms:
        kind, name = text_at(term, "type") or "", text_at(term, "id")
        scopes = texts_at(term, "scopes")
        if name is None or (scopes and entry_type not in scopes):
            continue
        made = _filter(kind, name, texts_at(term, "values"))
        if made is None:
            walk.notes.leave("alphanumeric terms without values", "no value is known")
        elif len(chosen.setdefault(kind, [])) < _PER_TYPE:
            chosen[kind].append(made)
    return [each for kind in chosen.values() for each in kind][:_PER_ROOT]


def _filter(kind: str, name: str, values: Sequence[str]) -> Mapping[str, Json] | None:
    if kind != "alphanumeric":
        return {"id": name}
    return {"id": name, "operator": "=", "value": values[0]} if values else None


async def _judge_unknown(walk: Walk, sample: Sample, whole: int | None) -> None:
    exchange, answer = await _filtered(walk, sample, _UNKNOWN)
    if answer is not None:
        _note_ignored(walk, exchange, answer, whole)
    elif (exchange.status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        walk.notes.find(
            "R81",
            "failed",
            exchange,
            "an unknown filter gives no match or an error that blames it; "
            f"{exchange.came} came",
        )


def _note_ignored(
    walk: Walk, exchange: Exchange, answer: Answer, whole: int | None
) -> None:
    """A term nobody knows matches nothing; to leave it out widens the answer."""
    if not answer.exists or whole == 0:
        return
    is_said = texts_at(exchange.document, "info", "warnings") or list_at(
        exchange.document, "meta", "warnings"
    )
    walk.notes.find(
        "R81" if is_said else "R71",
        "unknown filter",
        exchange,
        "filters are ANDed, so one on an unknown term gives no match or an error; "
        f"{shown(answer.amount)} came, {shown(whole)} without it",
    )


async def _judge_term(
    walk: Walk, sample: Sample, term: Mapping[str, Json], whole: int | None
) -> int | None:
    exchange, answer = await _filtered(walk, sample, term)
    if exchange.is_refusal:
        walk.notes.leave("filters", "they need rights the asker does not have")
        return None
    if answer is None:
        walk.notes.find(
            "R79",
            "listed term",
            exchange,
            f"a term that /filtering_terms lists for {sample.endpoint.type} works as "
            f"a filter there; {exchange.came} came for {shown(term['id'])}",
        )
        return None
    if answer.amount is None:
        walk.notes.leave(
            f"counts under filters of {walk.name(sample.endpoint.root)}",
            "no exact counts are given",
        )
    _note_wider(walk, exchange, answer.amount, whole, "a filter narrows an answer")
    return answer.amount


def _note_wider(
    walk: Walk, exchange: Exchange, amount: int | None, bound: int | None, law: str
) -> None:
    if amount is not None and bound is not None and amount > bound:
        walk.notes.find(
            "R71", law, exchange, f"{law}; {amount} came, where {bound} is the most"
        )


async def _judge_and(
    walk: Walk, sample: Sample, found: list[tuple[Mapping[str, Json], int]]
) -> None:
    for (one, few), (two, many) in itertools.pairwise(found):
        exchange, answer = await _filtered(walk, sample, one, two)
        if answer is not None:
            _note_wider(walk, exchange, answer.amount, min(few, many), _AND)
        elif not exchange.is_refusal:
            sentence = f"{_AND}, and each of these works alone; {exchange.came} came"
            walk.notes.find("R71", "several", exchange, sentence)
    known = ("unknown filter", _AND)
    for term, amount in found[:1]:
        exchange, answer = await _filtered(walk, sample, term, _UNKNOWN)
        if answer is not None and not any(walk.notes.has("R71", c) for c in known):
            _note_ignored(walk, exchange, answer, amount)


async def _judge_operators(
    walk: Walk,
    sample: Sample,
    term: Mapping[str, Json],
    amounts: tuple[int, int | None],
) -> None:
    """What is not a value and what is are apart; a wildcard finds the value, too."""
    amount, whole = amounts
    exchange, others = await _filtered(walk, sample, {**term, "operator": "!"})
    if others is None and not exchange.is_refusal:
        sentence = f"! negates whatever may be asked with =; {exchange.came} came"
        walk.notes.find("R74", "no negation", exchange, sentence)
    rest = None if others is None else others.amount
    is_counted = others is not None and others.total is not None
    if is_counted and rest is not None and whole is not None and rest + amount > whole:
        walk.notes.find(
            "R74",
            "negation",
            exchange,
            f"! negates, so at most {whole - amount} of {whole} match; {rest} came",
        )
    part = f"{str(term['value'])[:1]}%"
    exchange, wider = await _filtered(walk, sample, {**term, "value": part})
    if wider is not None and wider.amount is not None and wider.amount < amount:
        walk.notes.find(
            "R74",
            "wildcard",
            exchange,
            f"% stands for any text, so {shown(part)} finds {amount} or more; "
            f"{wider.amount} came",
        )


async def _judge_options(
    walk: Walk, sample: Sample, term: Mapping[str, Json], amount: int
) -> None:
    """Fewer without descendants, no fewer with similarity, as many in its scope."""
    exchange, answer = await _filtered(
        walk, sample, {**term, "includeDescendantTerms": False}
    )
    if answer is not None and (answer.amount or 0) > amount:
        walk.notes.find(
            "R73",
            "descendants",
            exchange,
            "includeDescendantTerms false matches the term alone; "
            f"{answer.amount} came, {amount} with descendants",
        )
    exchange, answer = await _filtered(walk, sample, {**term, "similarity": "high"})
    if answer is not None and answer.amount is not None and answer.amount < amount:
        walk.notes.find(
            "R77",
            "similarity",
            exchange,
            f"similarity never narrows; {answer.amount} came, {amount} without it",
        )
    exchange, answer = await _filtered(
        walk, sample, {**term, "scope": sample.endpoint.type}
    )
    if answer is None or (answer.amount or 0) > amount:
        walk.notes.find(
            "R78",
            "scope",
            exchange,
            f"scope names an entry type and narrows; {exchange.came} came, with "
            f"{answer.amount if answer else 'no answer'}",
        )


async def check_filter_by_get(walk: Walk) -> None:
    """A filter in a GET request means what it means in a POST."""
    for sample in walk.samples.values():
        listed = _terms(walk, sample.endpoint.type)
        terms = [t for t in listed if len(t) == 1 and "," not in str(t["id"])]
        broken = walk.notes.has("R25", "parity") or sample.question.test
        if not terms or broken:
            continue
        _, by_post = await _filtered(walk, sample, terms[0])
        question = replace(sample.question, granularity="count", filters=terms[:1])
        url = sample.endpoint.root.update_query(filters=str(terms[0]["id"]))
        exchange, by_get = await walk.put(
            url, sample.endpoint.type, question, method="GET"
        )
        if by_post is None or by_get is None or by_get.granularity != "count":
            continue
        if by_get.amount != by_post.amount:
            walk.notes.find(
                "R25",
                "filters",
                exchange,
                f"GET gives what POST gives; with filters={shown(terms[0]['id'])} "
                f"{shown(by_get.amount)} came, {shown(by_post.amount)} by POST",
            )


async def check_scopes(walk: Walk) -> None:
    """A filter on people keeps to them when records of other types are asked for."""
    people = walk.samples.get(_INDIVIDUAL)
    if people is None or people.question.test:
        return
    terms = [t for t in _terms(walk, _INDIVIDUAL) if "operator" not in t]
    for term in terms[:1]:
        scoped = {**term, "scope": _INDIVIDUAL}
        _, owners = await _every(walk, people, scoped)
        if owners is None:
            return
        for sample in walk.samples.values():
            if sample is not people and not sample.question.test:
                await _judge_owners(walk, sample, scoped, owners)


async def _judge_owners(
    walk: Walk, sample: Sample, scoped: Mapping[str, Json], owners: Answer
) -> None:
    exchange, answer = await _every(walk, sample, scoped)
    records = [] if answer is None else answer.records
    linked = {text_at(each, "individualId") for each in records}
    others = {each for each in linked if each} - set(owners.ids)
    if others:
        walk.notes.find(
            "R71",
            "other scope",
            exchange,
            f"a filter on individuals keeps to them; a {sample.endpoint.type} of "
            f"{shown(min(others))} came, who does not meet {shown(scoped['id'])}",
        )


async def _every(
    walk: Walk, sample: Sample, scoped: Mapping[str, Json]
) -> tuple[Exchange, Answer | None]:
    """Return what matches, when every record of it came."""
    question = replace(sample.question, page=(0, 0), filters=(scoped,))
    exchange, answer = await walk.put(
        sample.endpoint.root, sample.endpoint.type, question
    )
    is_whole = answer is not None and answer.amount == len(answer.ids)
    return exchange, answer if is_whole else None


async def check_ages(walk: Walk) -> None:
    """More people are at most 70 than are at most 9, whatever the spelling."""
    sample = walk.samples.get(_INDIVIDUAL)
    names = [text_at(term, "id") or "" for term in walk.terms]
    if sample is None or sample.question.test or not any(map(_is_age, names)):
        return
    amounts = []
    for age in ("P9Y", "P70Y"):
        asked = {"id": "age", "operator": "<=", "value": age}
        exchange, answer = await _filtered(walk, sample, asked)
        if answer is not None and answer.amount is None:
            return
        if answer is None or answer.amount is None:
            walk.notes.find(
                "R76",
                "age",
                exchange,
                f"age:<={age} is understood; {exchange.came} came",
            )
            return
        amounts.append(answer.amount)
    if amounts[0] > amounts[1]:
        walk.notes.find(
            "R75",
            "text",
            exchange,
            f"P9Y is less than P70Y; {amounts[0]} are P9Y at most, {amounts[1]} P70Y",
        )


def _is_age(name: str) -> bool:
    return name.casefold() == "age" or "ageof" in name.casefold()


async def check_excluded(walk: Walk) -> None:
    """A phenotype that was looked for and not found is no match for its term."""
    sample = walk.samples.get(_INDIVIDUAL)
    if sample is None or sample.question.test:
        return
    for record in sample.records:
        features = [dict_at(f) for f in list_at(record, "phenotypicFeatures")]
        absent = {_term(f) for f in features if bool_at(f, "excluded")}
        present = {_term(f) for f in features if not bool_at(f, "excluded")}
        for term in sorted(each for each in absent - present if each)[:1]:
            await _judge_excluded(walk, sample, term, id_of(record))


def _term(feature: Json) -> str:
    return text_at(feature, "featureType", "id") or ""


async def _judge_excluded(
    walk: Walk, sample: Sample, term: str, person: str | None
) -> None:
    question = replace(
        sample.question,
        page=(0, 0),
        filters=({"id": term, "includeDescendantTerms": False},),
    )
    exchange, answer = await walk.put(
        sample.endpoint.root, sample.endpoint.type, question
    )
    if answer is not None and person in answer.ids:
        walk.notes.find(
            "R80",
            "excluded",
            exchange,
            f"an excluded phenotype is no match for {shown(term)}; "
            f"{shown(person)}, who has it excluded, came",
        )
