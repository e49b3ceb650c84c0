"""A network's answer as Beacon JSON: valid for v2.0 to v2.2, and never a lie.

Datasets stand in result sets that name their beacon.  Who did not answer stands in
``info.beacons`` with its word and reason, not as ``exists: false`` among them, but
where a client asks for that form; ``info.complete`` says whether all have answered.
Only our own values are written: no text of a foreign document is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from beacon.model.disclosure import over_assemblies
from beacon.model.entry_types import DATASET, GENOMIC_VARIANT
from beacon.model.nodes import FAILURES
from beacon.model.query import Granularity
from beacon.wire.envelopes import (
    answer_document,
    failure_document,
    result_set_document,
)
from beacon.wire.info import (
    API_VERSION,
    configuration,
    endpoint_map,
    entry_types,
    given,
    info,
)
from beacon.wire.responses import count_members, information
from beacon.wire.variants import Source, genomic_variant
from beacon.wire.writing import ready

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from beacon.model.errors import BeaconError
    from beacon.model.health import NodeHealth
    from beacon.model.nodes import (
        NetworkAnswer,
        Node,
        NodeAnswer,
        NodeDataset,
        Reason,
    )
    from beacon.model.query import Query
    from beacon.model.status import Status
    from beacon.model.variant import Reference
    from beacon.wire.info import Document, Speaker

_FAILED: Final = 502
_MOST_KEPT: Final = 16
"""Ways to write one part that are kept with it."""
_HTTP: Final = {"refused": 403, "busy": 429, "timeout": 504}


@dataclass(frozen=True, slots=True)
class _Row:
    """One dataset's part in an answer, with the beacon it belongs to."""

    row: NodeDataset

    @property
    def dataset(self) -> str:
        """Its id."""
        return self.row.part.dataset

    @property
    def exists(self) -> bool:
        """Whether it holds a match."""
        return self.row.part.exists

    @property
    def status(self) -> Status:
        """The word for it."""
        return self.row.part.status

    @property
    def total(self) -> int | None:
        """How many match; ``None`` where it may not be said."""
        return self.row.part.total

    @property
    def granularity(self) -> Granularity:
        """The detail it is given in."""
        return self.row.part.granularity

    @property
    def adjusted_to(self) -> int | None:
        """What shown counts are multiples of."""
        return self.row.part.adjusted_to


class _Said:
    """A network's answer, as any answer is written."""

    def __init__(self, query: Query, answer: NetworkAnswer) -> None:
        self.status = answer.status
        self.warnings = answer.warnings
        self.exists = answer.exists
        self.datasets = [_Row(row) for row in answer.rows if not _is_silent(row)]
        self.total, self.is_bound = _total(self.datasets)
        levels = [each.granularity for each in self.datasets]
        self.granularity = max(levels, default=query.granularity)


def _total(datasets: Sequence[_Row]) -> tuple[int | None, bool]:
    """Return how many match over all, and whether it may be more.

    ``None`` where nobody gives a number.
    """
    if all(each.total is None for each in datasets):
        return None, False
    return over_assemblies(each.row.part for each in datasets)


def _is_silent(row: NodeDataset) -> bool:
    """Whether nothing is said of a dataset: ``exists: false`` would be a lie."""
    return row.part.status in FAILURES or row.part.status == "not_asked"


def network_answer(
    query: Query,
    answer: NetworkAnswer,
    speaker: Speaker,
    *,
    references: Mapping[str, Reference] | None = None,
    with_failures: bool = False,
) -> Document:
    """Return the answer of a network to a question about variants.

    Args:
        query: the question as understood.
        answer: of all nodes, merged.
        speaker: the beacon that asked them.
        references: genomes that HGVS names are moved 3' with, by assembly.
        with_failures: whether nodes that failed are also listed as result sets, as
            the network backend of ELIXIR lists them.
    """
    ages = {id(row): node.age for node in answer.nodes for row in node.datasets}

    def result_set(part: _Row, level: Granularity) -> object:
        age = ages.get(id(part.row), 0.0)
        return _result_set(part, level, age, query, speaker, references or {})

    said = _Said(query, answer)
    document = answer_document(query, said, speaker, GENOMIC_VARIANT, result_set)
    if with_failures:
        _add_failures(document, answer)
    information_ = document["info"]
    assert isinstance(information_, dict)  # noqa: S101 - as the envelope makes it
    document["info"] = information_ | _about(answer)
    summary = document["responseSummary"]
    assert isinstance(summary, dict)  # noqa: S101 - as the envelope makes it
    if "numTotalResults" in summary and not answer.is_complete:
        summary.pop("countAdjustedTo", None)
        summary["countPrecision"] = "imprecise"  # others may have more
    return as_aggregated(document)


def as_aggregated(document: Document) -> Document:
    """Return a document of a network: it says that it speaks for several beacons."""
    meta = document["meta"]
    assert isinstance(meta, dict)  # noqa: S101 - as the envelope makes it
    return {**document, "meta": meta | {"isAggregated": True}}


def network_failure(answer: NetworkAnswer, speaker: Speaker) -> Document:
    """Return that nobody who was asked has answered, and why each has not."""
    sentence = "None of the beacons that were asked has answered."
    told = {"status": answer.status.value} | _about(answer)
    return as_aggregated(failure_document(_FAILED, sentence, speaker, info=told))


def _about(answer: NetworkAnswer) -> Document:
    """Return what is said of a network's answer beside its datasets."""
    asked = [node for node in answer.nodes if node.status != "not_asked"]
    people = {
        kind: given(seenAtLeast=each.at_least, seenAtMost=each.at_most)
        for kind, each in answer.people.items()
    }
    pooled = {
        kind: {**count_members(each.counts), "datasets": list(each.datasets)}
        for kind, each in answer.pooled.items()
    }
    return given(
        complete=answer.is_complete,
        skipped=(list(answer.skipped) or None) if answer.is_heard else None,
        asked=len(asked),
        answered=sum(node.status not in FAILURES for node in asked),
        beacons=[node_document(node) for node in answer.nodes],
        unanswered=[_silent(row) for row in answer.rows if _is_silent(row)] or None,
        people=people or None,
        pooled=pooled or None,
    )


def _silent(row: NodeDataset) -> Document:
    """Return what is said of a dataset, or a beacon behind another, without answer."""
    return given(
        beaconId=row.beacon,
        id=row.part.dataset,
        status=row.part.status.value,
        via=list(row.via) or [row.beacon],
        warnings=list(row.warnings) or None,
    )


# --- nodes -------------------------------------------------------------------


def node_document(answer: NodeAnswer) -> Document:
    """Return what is said of one node: its word, and why it has no better one."""
    level = answer.granularity
    return presented(answer.node) | given(
        status=answer.status.value,
        reason=None if answer.reason is None else answer.reason.value,
        message=answer.sentence,
        afterMs=round(answer.seconds * 1000),
        ageSeconds=round(answer.age),
        granularity=None if level is None else level.word,
        requestId=answer.request_id,
        warnings=list(answer.warnings) or None,
    )


def presented(node: Node) -> Document:
    """Return how a node is presented."""
    return given(
        beaconId=node.id,
        name=node.names["en"],
        names=dict(node.names) if len(node.names) > 1 else None,
        country=node.country,
        kind=node.kind.value,
    )


def _add_failures(document: Document, answer: NetworkAnswer) -> None:
    """List the nodes that failed as result sets that name their error."""
    response = document["response"]
    assert isinstance(response, dict)  # noqa: S101 - as the envelope makes it
    response["resultSets"] += [
        {
            "beaconId": node.node.id,
            "id": node.node.id,
            "setType": DATASET.id,
            "exists": False,
            "resultsCount": 0,
            "results": [],
            "info": {
                "status": node.status.value,
                "error": {
                    "errorCode": _code(node.status, node.reason),
                    "errorMessage": node.sentence or node.status.value,
                },
            },
        }
        for node in answer.nodes
        if node.status in FAILURES
    ]


def _code(status: Status, reason: Reason | None) -> int:
    return _HTTP.get(status, _HTTP.get(reason or "", _FAILED))


# --- datasets ----------------------------------------------------------------


def _result_set(
    each: _Row,
    level: Granularity,
    age: float,
    query: Query,
    speaker: Speaker,
    references: Mapping[str, Reference],
) -> object:
    """Return one result set; what says nothing of records is written once.

    It is kept with the part, which many answers share: a dataset that has not an
    allele says so of the next one in the same words.
    """
    row, part = each.row, each.row.part
    if level is Granularity.RECORD and part.variants:
        records = _records(row, query, speaker, references)
        return _set_document(each, level, age, records)
    if age:
        return _set_document(each, level, age, [])
    # All that is written beside the part; of what is mutable nothing.
    key = (
        *(level, row.beacon, row.via, row.assembly, row.kind, row.overlap),
        *(row.same_as, row.contact, row.warnings),
    )
    kept = part.kept.get(key)
    if kept is None:
        kept = ready(_set_document(each, level, age, []))
        if len(part.kept) < _MOST_KEPT:
            part.kept[key] = kept
    return kept


def _records(
    row: NodeDataset,
    query: Query,
    speaker: Speaker,
    references: Mapping[str, Reference],
) -> list[Document]:
    part = row.part
    source = Source(
        name=part.name, address=_address(row, speaker), release=part.release
    )
    similar = None if query.pattern is None else query.pattern.similar
    return [
        genomic_variant(variant, source, references, similar)
        for variant in part.variants
    ]


def _set_document(
    each: _Row, level: Granularity, age: float, records: Sequence[Document]
) -> Document:
    row, part = each.row, each.row.part
    about = information(part, level) | given(
        name=part.name,
        via=list(row.via) or [row.beacon],
        ageSeconds=round(age),
        assemblyId=row.assembly,
        kind=row.kind,
        overlapGroup=row.overlap,
        sameAs=row.same_as,
        contact=row.contact,
        warnings=list(row.warnings) or None,
    )
    return {"beaconId": row.beacon} | result_set_document(each, level, records, about)


def _address(row: NodeDataset, speaker: Speaker) -> str:
    """Return where more can be learnt of a dataset."""
    if row.beacon == speaker.identity.id:
        return f"{speaker.api}/{DATASET.path}/{quote(row.part.dataset, safe='')}"
    contact = row.contact or ""
    return contact if contact.startswith("https:") else f"{_root(speaker)}/status"


# --- as it comes -------------------------------------------------------------


def asked_line(nodes: Iterable[Node]) -> Document:
    """Return the first line of a stream: who is asked."""
    return {"event": "asked", "beacons": [presented(node) for node in nodes]}


def answer_line(
    query: Query,
    answer: NodeAnswer,
    alone: NetworkAnswer,
    speaker: Speaker,
    references: Mapping[str, Reference],
) -> Document:
    """Return a line of a stream: what one node says, or that it does not.

    Args:
        query: the question as understood.
        answer: of the node.
        alone: the same as the answer of a network of this one node.
        speaker: the beacon that asked it.
        references: genomes that HGVS names are moved 3' with, by assembly.
    """
    has_failed = answer.status in FAILURES
    line: Document = {
        "event": "failure" if has_failed else "answer",
        "beacon": node_document(answer),
    }
    if not has_failed:
        level = query.granularity
        line["resultSets"] = [
            _result_set(
                _Row(row),
                min(level, row.part.granularity),
                answer.age,
                query,
                speaker,
                references,
            )
            for row in alone.rows
            if not _is_silent(row)
        ]
    return line


def done_text(document: bytes) -> bytes:
    """Return the last line of a stream: the whole document, as it is written."""
    return b'{"event":"done","document":%b}' % document


def error_line(failure: BeaconError) -> Document:
    """Return the last line of a stream that ended before all was said."""
    code = failure.status_hint
    return {
        "event": "error",
        "error": {"errorCode": code, "errorMessage": str(failure)},
    }


# --- what there is to ask ----------------------------------------------------


def network_info(speaker: Speaker, members: Sequence[NodeHealth]) -> Document:
    """Return the ``/info`` of the network; ``responses`` has each beacon's own.

    Of a beacon that never told what it is only ``info.unreached`` has the id.
    """
    document = as_aggregated(info(speaker, ()))
    known = [each for each in members if each.environment is not None]
    document["responses"] = [_member_info(each, speaker) for each in known]
    unreached = [each.node.id for each in members if each.environment is None]
    if unreached:
        document["info"] = {"unreached": unreached}
    return document


def _name(member: NodeHealth) -> str:
    return member.node.names["en"]


def _member_info(member: NodeHealth, speaker: Speaker) -> Document:
    version = member.version or API_VERSION
    url = member.url or speaker.api
    return {
        "meta": {
            "beaconId": member.node.id,
            "apiVersion": version,
            "returnedSchemas": [
                {"entityType": "info", "schema": f"beacon-info-{API_VERSION}"}
            ],
        },
        "response": given(
            id=member.node.id,
            name=_name(member),
            apiVersion=version,
            environment=member.environment,
            organization={
                "id": member.node.id,
                "name": _name(member),
                "welcomeUrl": url,
                "contactUrl": url,
                "logoUrl": f"{speaker.site}/static/logo.svg",
            },
            description=f"{_name(member)}, as the network knows it.",
            welcomeUrl=url,
            alternativeUrl=url,
            updateDateTime=member.updated,
            info=given(country=member.node.country, kind=member.node.kind.value),
        ),
    }


def network_map(speaker: Speaker) -> Document:
    """Return the ``/map`` of the network: the one path that is asked of all."""
    document = endpoint_map(speaker)
    response = document["response"]
    assert isinstance(response, dict)  # noqa: S101 - as the envelope makes it
    path = f"{_root(speaker)}/{GENOMIC_VARIANT.path}"
    one = {
        "entryType": GENOMIC_VARIANT.id,
        "rootUrl": path,
        "openAPIEndpointsDefinition": f"{speaker.site}/openapi.json",
    }
    sets = {"endpointSets": {GENOMIC_VARIANT.id: one}}
    return as_aggregated({**document, "response": response | sets})


def network_configuration(speaker: Speaker) -> Document:
    """Return the ``/configuration`` of the network."""
    return as_aggregated(_only_variants(configuration(speaker), "entryTypes"))


def network_entry_types(speaker: Speaker) -> Document:
    """Return the ``/entry_types`` of the network."""
    return as_aggregated(_only_variants(entry_types(speaker), "entryTypes"))


def _only_variants(document: Document, name: str) -> Document:
    response = document["response"]
    assert isinstance(response, dict)  # noqa: S101 - as the envelope makes it
    kept = {GENOMIC_VARIANT.id: response[name][GENOMIC_VARIANT.id]}
    return {**document, "response": response | {name: kept}}


def network_services(speaker: Speaker, members: Sequence[NodeHealth]) -> list[Document]:
    """Return every node as a GA4GH service, which a registry lists."""
    return [
        given(
            id=member.node.id,
            name=_name(member),
            type={
                "group": "org.ga4gh",
                "artifact": "beacon",
                "version": (member.version or API_VERSION).removeprefix("v"),
            },
            organization={
                "name": _name(member),
                "url": member.url or f"{speaker.site}/",
            },
            version=member.version or API_VERSION,
            url=member.url or speaker.api,
            environment=member.environment,
            country=member.node.country,
        )
        for member in members
    ]


def network_registries(speaker: Speaker, members: Sequence[NodeHealth]) -> Document:
    """Return every node as the page of the Global Beacon Atlas reads them."""
    listed = [
        given(
            beaconId=member.node.id,
            beaconName=_name(member),
            beaconMaturity=member.environment,
            beaconURL=member.url or speaker.api,
            beaconLogo=f"{speaker.site}/static/logo.svg",
        )
        for member in members
    ]
    meta = network_configuration(speaker)["meta"]
    return {"meta": meta, "response": {"registries": listed}}


def _root(speaker: Speaker) -> str:
    return f"{speaker.site}/network"
