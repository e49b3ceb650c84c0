"""How a beacon takes requests: mistakes, odd clients, browsers, careless addresses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from yarl import URL

from beacon.conformance.answers import judge_answer, judge_failure
from beacon.conformance.questions import answer_of
from beacon.conformance.reading import (
    dict_at,
    int_at,
    list_at,
    shown,
    text_at,
    texts_at,
)
from beacon.conformance.shapes import judge_document
from beacon.conformance.walk import VARIANT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.conformance.exchange import Exchange
    from beacon.conformance.reading import Json
    from beacon.conformance.walk import Sample, Walk

_ORIGIN = "https://checker.invalid"
_PREFLIGHT = "preflight"
_BY_GET, _OTHER = "requestedGranularity", "outside its words"
_SLOW = 5.0
_COMFORTABLE = 1.0
_SLOW_SHARE = 20
_TOO_MANY = 429


def watch(walk: Walk, exchange: Exchange) -> None:
    """Hold every exchange against what holds for all of them."""
    if exchange.status is None:
        return
    walk.times.append(exchange.seconds)
    kind = exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
    if exchange.document is not None and kind != "application/json":
        walk.notes.find(
            "R114",
            f"content type {kind}",
            exchange,
            f"every answer is application/json; {shown(kind or 'nothing')} came",
        )
    if 300 <= exchange.status < 400:
        walk.notes.find(
            "M14",
            "redirect",
            exchange,
            f"no address redirects; HTTP {exchange.status} came",
        )
    if exchange.status == _TOO_MANY:
        walk.notes.find(
            "M8", "429", exchange, "a polite client is not turned away; HTTP 429 came"
        )
    if exchange.seconds > _SLOW:
        walk.notes.find(
            "R112",
            "slow",
            exchange,
            f"networks drop an answer after {_SLOW:g} s; it took "
            f"{exchange.seconds:.1f} s",
        )
    _watch_id(walk, exchange)


def _watch_id(walk: Walk, exchange: Exchange) -> None:
    said = text_at(exchange.document, "meta", "beaconId")
    if said is None:
        return
    if walk.beacon_id is None:
        walk.beacon_id = said
    if said != walk.beacon_id:
        walk.notes.find(
            "R22",
            "beaconId",
            exchange,
            f"meta.beaconId is {shown(walk.beacon_id)} everywhere; {shown(said)} came",
        )


def _target(walk: Walk) -> Sample | None:
    """Return the root that is asked odd things: of variants where there is one."""
    found = walk.samples.get(VARIANT)
    return found or next(iter(walk.samples.values()), None)


async def check_errors(walk: Walk) -> None:
    """What cannot be meant is refused, in an error document."""
    sample = _target(walk)
    if sample is None:
        return
    root, version = sample.endpoint.root, walk.spoken
    for name, (rule, query, expected) in _MISTAKES.items():
        body: dict[str, Json] = {"meta": {"apiVersion": version}, "query": query}
        exchange = await walk.client.ask(root, method="POST", body=body)
        _judge_refusal(walk, exchange, rule, name, expected)
    exchange = await walk.client.ask(root, method="POST", raw=b'{"meta": {')
    _judge_refusal(walk, exchange, "R67", "broken JSON", "a body that is not JSON")
    if sample.endpoint.type not in walk.deaf and not walk.notes.has("R64", _BY_GET):
        exchange = await walk.client.ask(root.update_query({_BY_GET: "everything"}))
        _judge_refusal(walk, exchange, "R49", "granularity", f"{_BY_GET} {_OTHER}")
    exchange = await walk.client.ask(walk.path("no-such-path"))
    judge_failure(walk, exchange)
    if not exchange.tells_error:
        walk.notes.find(
            "R67",
            "unknown path",
            exchange,
            f"an unknown path gives an error document; {exchange.came} came",
            soft=True,
        )


_MISTAKES: Mapping[str, tuple[str, Json, str]] = {
    "granularity": (
        "R49",
        {_BY_GET: "everything"},
        f"{_BY_GET} {_OTHER}",
    ),
    "include": (
        "R51",
        {"includeResultsetResponses": "SOME"},
        f"includeResultsetResponses {_OTHER}",
    ),
    "negative skip": ("R54", {"pagination": {"skip": -1}}, "a negative skip"),
    "negative limit": ("R54", {"pagination": {"limit": -1}}, "a negative limit"),
}


def _judge_refusal(
    walk: Walk, exchange: Exchange, rule: str, cause: str, mistake: str
) -> None:
    """A mistake gives an error document, its code that of HTTP."""
    if exchange.status is None:
        walk.notes.find(
            "R67", "no answer", exchange, f"{mistake} is refused; {exchange.came}"
        )
        return
    if not exchange.is_error:
        judge_failure(walk, exchange)
        if not exchange.tells_error:
            walk.notes.find(
                rule, cause, exchange, f"{mistake} is refused; {exchange.came} came"
            )
            return
    if not isinstance(exchange.document, dict):
        walk.notes.find(
            "R67",
            "no document",
            exchange,
            f"an error comes as a JSON document; {exchange.came} came",
        )
        return
    judge_document(walk.notes, exchange, "error")
    code = int_at(exchange.document, "error", "errorCode")
    if exchange.is_error and code is not None and code != exchange.status:
        walk.notes.find(
            "R68",
            "errorCode",
            exchange,
            f"errorCode is the status of HTTP; {code} came with {exchange.status}",
        )


async def check_odd_requests(walk: Walk) -> None:
    """What real clients send is understood."""
    sample = _target(walk)
    if sample is None:
        return
    await _judge_upgrade(walk, sample)
    await _judge_get(walk, sample)
    question = sample.question
    full = question.body(walk.spoken)
    for name, (rule, body) in {
        "no meta": ("R61", {"query": full["query"]}),
        "apiVersion 2.0": ("M11", {**full, "meta": {"apiVersion": "2.0"}}),
        "empty list": (
            "M11",
            {**full, "query": {**dict_at(full["query"]), "requestParameters": []}},
        ),
    }.items():
        exchange = await walk.client.ask(sample.endpoint.root, method="POST", body=body)
        _judge_kindness(walk, sample, exchange, rule, name)
    await _judge_schemas(walk, sample)
    await _judge_unknown_key(walk, sample)


def _judge_kindness(
    walk: Walk, sample: Sample, exchange: Exchange, rule: str, name: str
) -> None:
    if not exchange.is_answer:
        walk.notes.find(
            rule,
            name,
            exchange,
            f"a request that real clients send ({name}) is answered; "
            f"{exchange.came} came",
        )
        return
    answer = answer_of(exchange.document)
    judge_answer(walk, exchange, sample.endpoint.type, sample.question, answer)


async def _judge_upgrade(walk: Walk, sample: Sample) -> None:
    """Clients over HTTP/2 offer to upgrade; the body must survive that."""
    exchange = await walk.client.ask(
        sample.endpoint.root,
        method="POST",
        body=sample.question.body(walk.spoken),
        headers={
            "Connection": "Upgrade, HTTP2-Settings",
            "Upgrade": "h2c",
            "HTTP2-Settings": "AAMAAABkAAQAAP__",
        },
    )
    _judge_kindness(walk, sample, exchange, "M10", "an offer to upgrade to HTTP/2")


async def _judge_get(walk: Walk, sample: Sample) -> None:
    exchange = await walk.client.ask(
        sample.endpoint.root.update_query(sample.question.query()),
        headers={"Content-Type": "application/json", "Content-Length": "0"},
    )
    if sample.endpoint.type in walk.deaf:
        return
    if not exchange.is_answer:
        _judge_kindness(walk, sample, exchange, "M9", "GET that names a content type")


async def _judge_schemas(walk: Walk, sample: Sample) -> None:
    body = sample.question.body(walk.spoken)
    body["meta"] = {
        "apiVersion": walk.spoken,
        "requestedSchemas": [
            {"entityType": sample.endpoint.type, "schema": "no-such-schema-v0"}
        ],
    }
    exchange = await walk.client.ask(sample.endpoint.root, method="POST", body=body)
    returned = list_at(exchange.document, "meta", "returnedSchemas")
    if not exchange.is_answer or "no-such-schema-v0" in {
        text_at(each, "schema") for each in returned
    }:
        walk.notes.find(
            "R69",
            "fallback",
            exchange,
            "an unknown requested schema falls back to the default one; "
            f"{exchange.came} came",
        )


async def _judge_unknown_key(walk: Walk, sample: Sample) -> None:
    query = {**sample.question.query(), "unheardOf": "1"}
    exchange = await walk.client.ask(sample.endpoint.root.update_query(query))
    if exchange.is_answer and not texts_at(exchange.document, "info", "warnings"):
        walk.notes.find(
            "R70",
            "unknown parameter",
            exchange,
            "an unknown parameter is reported in info.warnings; there is none",
        )
    elif not exchange.is_answer and not exchange.is_error:
        walk.notes.find(
            "R70",
            "unknown parameter",
            exchange,
            f"an unknown parameter is ignored; {exchange.came} came",
        )


async def check_addresses(walk: Walk) -> None:
    """Doubled and trailing slashes route as they are meant."""
    base = str(walk.base).rstrip("/")
    for name, address in {
        "doubled": f"{base}//info",
        "trailing": f"{base}/info/",
    }.items():
        exchange = await walk.client.ask(URL(address, encoded=True))
        if "info" in walk.documents and not exchange.is_answer:
            walk.notes.find(
                "M14",
                f"{name} slash",
                exchange,
                f"a {name} slash routes without a redirect; {exchange.came} came",
            )


async def check_browsers(walk: Walk) -> None:
    """Pages of other sites may ask."""
    sample = _target(walk)
    urls = [walk.path("info")] + ([sample.endpoint.root] if sample else [])
    for url in urls:
        preflight = await walk.client.ask(
            url,
            method="OPTIONS",
            headers={
                "Origin": _ORIGIN,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "content-type",
            },
        )
        _judge_cors(walk, preflight, _PREFLIGHT)
        _judge_cors(
            walk, await walk.client.ask(url, headers={"Origin": _ORIGIN}), "reply"
        )


def _judge_cors(walk: Walk, exchange: Exchange, what: str) -> None:
    if exchange.status is None:
        return
    allowed = exchange.headers.get("access-control-allow-origin")
    if allowed is None or (what == _PREFLIGHT and exchange.is_error):
        walk.notes.find(
            "R113",
            "origin",
            exchange,
            f"what is sent to a page of another site, here a {what}, has "
            "Access-Control-Allow-Origin and is no error; it is not so",
        )
    elif exchange.headers.get("access-control-allow-credentials") == "true":
        walk.notes.find(
            "M15",
            "credentials",
            exchange,
            "an unknown site is not allowed to send credentials; it is",
        )


async def check_speed(walk: Walk) -> None:
    """Most answers come within a second."""
    info = walk.documents.get("info")
    times = sorted(walk.times)
    if info is None or len(times) < _SLOW_SHARE:
        return
    slow = times[-(len(times) // _SLOW_SHARE)]
    if slow > _COMFORTABLE:
        walk.notes.find(
            "M23",
            "p95",
            info,
            f"19 of 20 answers come within {_COMFORTABLE:g} s; it took {slow:.1f} s",
        )


async def check_open(walk: Walk) -> None:
    """``requestedGranularity`` boolean is there for everybody."""
    sample = _target(walk)
    if sample is None:
        return
    question = replace(sample.question, granularity="boolean", include=None)
    exchange, answer = await walk.put(
        sample.endpoint.root, sample.endpoint.type, question, anonymous=True
    )
    if answer is None and exchange.is_refusal:
        walk.notes.find(
            "R60",
            "anonymous",
            exchange,
            f"yes and no are there for everybody; {exchange.came} came",
        )
