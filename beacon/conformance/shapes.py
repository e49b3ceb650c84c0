"""Documents held against the schemas; every fault gets its rule.

A fault is named by where it is, indices and free keys left out, and by what is
wrong, the value left out: the same fault in thirty records is one cause.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from beacon.conformance.reading import nulls, shown
from schemas import ENTITIES, complaints

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beacon.conformance.exchange import Exchange
    from beacon.conformance.finding import Notebook
    from beacon.conformance.reading import Json

_MOST_FAULTS = 100
"""So many faults of one document are looked at."""
_LONGEST_REMEMBERED = 8192
"""Characters of a document whose faults are remembered."""
_INDEX = re.compile(r"/\d+(?=/|$)")
_FREE_KEY = re.compile(r"/(entryTypes|endpointSets|endpoints|requestParameters)/[^/]+")
_FORMAT = re.compile(r"must be (a day as|a moment as|an absolute address|an address,)")
_ALTERNATIVE = re.compile(r"has none of the forms|must have .* or |fits several forms")
_ADDRESS = "must be an absolute address"
_SINCE_2_1 = (2, 1)
"""Before, records had other alternatives, and answers a fourth granularity."""
_FOURTH = 'must be boolean, count or record, is "aggregated"'


class Fault(NamedTuple):
    """One way in which a document breaks its schema."""

    place: str
    wrong: str
    sentence: str
    is_null: bool

    @property
    def cause(self) -> str:
        """What tells it from other faults."""
        return f"{self.place}: {self.wrong}"


_META = "/meta"
_RECEIVED = "/meta/receivedRequestSummary"
_DATA_META = (
    (rf"{_RECEIVED}/filters.*", "R29"),
    (rf"{_RECEIVED}/requestParameters.*", "R30"),
    (rf"{_RECEIVED}.*", "R28"),
    (rf"{_META}.*", "R27"),
)
_RULES: dict[str, tuple[tuple[str, str], ...]] = {
    # patterns of the cause, the first that fits wins
    "info": (
        (r"/response/environment.*|/response: .*\benvironment\b.*", "R3"),
        (r"/response/organization.*|/response: .*\borganization\b.*", "R4"),
        (rf"{_META}.*", "R21"),
        (r".*", "R2"),
    ),
    "service-info": ((r".*", "R5"),),
    "configuration": (
        (r"/response/\$schema.*|/response: .*\$schema.*", "R8"),
        (r"/response/maturityAttributes/productionStatus.*", "R9"),
        (r"/response/securityAttributes.*", "R10"),
        (r"/response/entryTypes.*", "R11"),
        (rf"{_META}.*", "R21"),
        (r".*", "R7"),
    ),
    "entryTypes": (
        (r"/response/entryTypes.*", "R11"),
        (rf"{_META}.*", "R21"),
        (r".*", "R13"),
    ),
    "map": ((rf"{_META}.*", "R21"), (r".*", "R14")),
    "filteringTerms": ((rf"{_META}.*", "R21"), (r".*", "R18")),
    "error": (*_DATA_META, (r".*", "R67")),
    "data": (
        *_DATA_META,
        (r"/responseSummary/exists.*", "R33"),
        (r".*[hH]andovers.*", "R42"),
        (r"/response/resultSets/\*.*", "R36"),
        (r".*", "R26"),
    ),
    "record": (
        (r"/caseLevelData/\*: .*\bbiosampleId\b.*", "R104"),
        (r"/variation/location.*", "R100"),
        (r"/variation/(alternate|reference)Bases.*", "R101"),
        (r"/variation: .*\balternateBases\b.*", "R101"),
        (r"/frequencyInPopulations.*", "R102"),
        (r".*/id: must be a prefix.*", "R43"),
        (r".*", "R38"),
    ),
}
_DATA_META_RULE, _OTHER_META_RULE = "R27", "R21"
_DATA = ("boolean", "count", "resultsets", "collections")


def has_schema(entry_type: str) -> bool:
    """Whether records of a type can be validated."""
    return entry_type in ENTITIES


def judge_document(notes: Notebook, exchange: Exchange, kind: str) -> None:
    """Note every fault of a document of one kind.

    Args:
        notes: where they are noted.
        exchange: its answer.
        kind: the schema's name, e.g. ``info`` or ``resultsets``.
    """
    family = "data" if kind in _DATA else kind
    faults = _faults(exchange.document, kind)
    for fault in faults:
        if notes.version < _SINCE_2_1 and fault.sentence == _FOURTH:
            continue
        is_address = kind == "map" and fault.wrong == _ADDRESS
        rule = _rule(family, fault)
        if rule == _DATA_META_RULE and notes.has(_OTHER_META_RULE, fault.cause):
            rule = _OTHER_META_RULE  # one meta is wrong everywhere: one cause
        notes.find(
            rule,
            "relative" if is_address else fault.cause,
            exchange,
            f"{fault.place or 'the whole'} of the {kind} document {fault.sentence}",
            soft=bool(_FORMAT.match(fault.wrong)) and not is_address,
        )
    _judge_nulls(notes, exchange, faults)


def judge_record(
    notes: Notebook, exchange: Exchange, entry_type: str, record: Json
) -> None:
    """Note every fault of one record.

    Args:
        notes: where they are noted.
        exchange: the answer it is in.
        entry_type: what it is.
        record: itself.
    """
    is_old = notes.version < _SINCE_2_1
    for fault in _faults(record, entry_type):
        is_soft = _FORMAT.match(fault.wrong) or (
            is_old and _ALTERNATIVE.match(fault.wrong)
        )
        notes.find(
            _rule("record", fault),
            f"{entry_type} {fault.cause}",
            exchange,
            f"{fault.place or 'the whole'} of the {entry_type} record {fault.sentence}",
            soft=bool(is_soft),
        )


def _judge_nulls(notes: Notebook, exchange: Exchange, faults: Sequence[Fault]) -> None:
    known = {fault.place for fault in faults if fault.is_null}
    for place in sorted(set(nulls(exchange.document)) - known):
        if "/results/*" not in place and "/collections/*" not in place:
            sentence = f"{shown(place)}: an absent value is left out; null came"
            notes.find("M17", place, exchange, sentence)


def _rule(family: str, fault: Fault) -> str:
    found = next(
        rule
        for pattern, rule in _RULES[family]
        if re.match(pattern, fault.cause, re.DOTALL)
    )
    return "R39" if fault.is_null and found != "R33" else found


def _faults(document: Json, schema: str) -> tuple[Fault, ...]:
    """Return the faults of a document; the same one comes in many answers."""
    text = json.dumps(document, sort_keys=True)
    if len(text) > _LONGEST_REMEMBERED:
        return tuple(_found(schema, document))
    return _remembered(schema, text)


@lru_cache(maxsize=2048)
def _remembered(schema: str, text: str) -> tuple[Fault, ...]:
    return tuple(_found(schema, json.loads(text)))


def _found(schema: str, document: Json) -> Iterator[Fault]:
    for complaint in islice(complaints(schema, document), _MOST_FAULTS):
        place = _INDEX.sub("/*", complaint.pointer)
        place = _FREE_KEY.sub(r"/\1/*", place)
        sentence = shown(complaint.sentence, 300)
        yield Fault(
            place=shown(place, 200),
            wrong=sentence.partition(", is ")[0],
            sentence=sentence,
            is_null=sentence.endswith(", is null"),
        )
