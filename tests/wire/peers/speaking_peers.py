"""Peers, a question, and what the beacons that are deployed answer to it.

Written by hand in the shapes that their code sends; nothing is copied.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from beacon.model.nodes import Node, NodeKind
from beacon.model.notation import parse
from beacon.model.query import Granularity, Query
from beacon.model.status import Status
from beacon.network.peers import Peer
from beacon.wire.peers.answers import read_answer
from beacon.wire.peers.questions import question

if TYPE_CHECKING:
    from beacon.model.nodes import NodeAnswer
    from beacon.wire.peers.speech import Request

ID = "dk.example.beacon"
TYPED = "17-43045711-T-C"
START, POS = 43045710, 43045711
SENT = {
    "assemblyId": "GRCh38",
    "referenceName": "17",
    "start": [START],
    "referenceBases": "T",
    "alternateBases": "C",
}
Json = dict[str, object]


def query(typed: str = TYPED, **members: object) -> Query:
    """Return the question for a variant as it is typed."""
    pattern = parse(typed, assembly="GRCh38", loaded=("GRCh38",), references={})
    members = {"granularity": Granularity.RECORD, **members}
    return Query(pattern=pattern, assembly=pattern.assembly, **members)


def peer(kind: NodeKind = NodeKind.BEACON, **members: object) -> Peer:
    """Return a peer of a kind."""
    node = Node(id=ID, names={"en": "Danish beacon"}, country="DK", kind=kind)
    return Peer(node=node, url="https://beacon.example.dk/api", **members)


def request_of(asked: Query, whom: Peer, **options: object) -> Request:
    """Return the request that is sent."""
    return question(asked, whom, {}, **options)


def read(
    document: object,
    whom: Peer | None = None,
    asked: Query | None = None,
    *,
    status: int = 200,
    headers: Json | None = None,
    names: Json | None = None,
    kept: dict | None = None,
) -> NodeAnswer:
    """Return what is read out of a document, or out of bytes."""
    whom, asked = whom or peer(), asked or query()
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_answer(
        asked,
        whom,
        request_of(asked, whom),
        status=status,
        headers=headers or {"Content-Type": "application/json"},
        body=body,
        names=names,
        kept=kept,
    )


def v2(
    sets: list[Json] | None = None,
    *,
    exists: bool,
    beacon: object = ID,
    echo: object = SENT,
    level: str = "record",
    summary: Json | None = None,
    info: Json | None = None,
) -> Json:
    """Return an answer of Beacon v2; without sets it has no ``response`` at all."""
    received: Json = {
        "apiVersion": "v2.0.0",
        "requestedSchemas": [],
        "pagination": {"skip": 0, "limit": 10},
        "requestedGranularity": "record",
    }
    if echo is not None:
        received["requestParameters"] = echo
    document: Json = {
        "meta": {
            "beaconId": beacon,
            "apiVersion": "v2.0.0",
            "returnedSchemas": [{"entityType": "genomicVariant", "schema": "x"}],
            "returnedGranularity": level,
            "receivedRequestSummary": received,
        },
        "responseSummary": {"exists": exists} | (summary or {}),
    }
    if sets is not None:
        document["response"] = {"resultSets": sets}
    return document if info is None else document | {"info": info}


def a_set(*records: Json, exists: bool = True, **members: object) -> Json:
    """Return one result set."""
    return {
        "id": "ngc-wgs",
        "setType": "dataset",
        "exists": exists,
        "resultsCount": len(records),
        "results": list(records),
    } | members


def a_record(
    start: int = START,
    reference: str = "T",
    alternate: str = "C",
    *,
    hgvs: str | None = None,
    rows: list[Json] | None = None,
    naming: str = "frequencies",
    sequence: str = "refseq:NC_000017.11",
) -> Json:
    """Return a genomicVariant in the legacy form."""
    record: Json = {
        "variantInternalId": "v",
        "variation": {
            "location": {
                "type": "SequenceLocation",
                "sequence_id": sequence,
                "interval": {
                    "type": "SequenceInterval",
                    "start": {"type": "Number", "value": start},
                    "end": {"type": "Number", "value": start + len(reference)},
                },
            },
            "referenceBases": reference,
            "alternateBases": alternate,
            "variantType": "SNP",
        },
    }
    if hgvs is not None:
        record["identifiers"] = {"genomicHGVSId": hgvs}
    if rows is not None:
        source = {"source": "Somewhere", "sourceReference": "x", naming: rows}
        record["frequencyInPopulations"] = [source]
    return record


def a_row(
    population: str = "Total",
    ac: object = 41,
    an: object = 180_044,
    **members: object,
) -> Json:
    """Return the counts of one population."""
    return {
        "population": population,
        "alleleFrequency": 0.00023,
        "alleleCount": ac,
        "alleleNumber": an,
    } | members


def v1(
    exists: object, *responses: Json, error: object = None, echo: object = None
) -> Json:
    """Return an answer of Beacon v1 (cgbeacon2 echoes as ``allelRequest``)."""
    asked = {**SENT, "start": str(START), "includeDatasetResponses": "ALL"}
    return {
        "beaconId": ID,
        "apiVersion": "1.0.0",
        "exists": exists,
        "error": error,
        "datasetAlleleResponses": list(responses),
        "allelRequest": asked if echo is None else echo,
    }


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from([*Status, "error", "no_answer", ID, "T", "C"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["exists", "info", "error", "id", "results", "status", "start"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


def _places(value, path=()):
    """Yield the path of every member of a document."""
    inner = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    for key, each in inner:
        yield (*path, key)
        yield from _places(each, (*path, key))


@st.composite
def mutated(draw, document, kept=()):
    """Return a document with some members replaced or gone, but not the kept one."""
    changed = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 4))):
        paths = [p for p in _places(changed) if p != kept[: len(p)]]
        if not paths:
            break
        path = draw(st.sampled_from(paths))
        holder = changed
        for key in path[:-1]:
            holder = holder[key]
        if draw(st.booleans()):
            holder[path[-1]] = draw(JSON)
        elif isinstance(holder, dict):
            del holder[path[-1]]
    return changed
