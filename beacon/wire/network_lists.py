"""Many questions to all nodes, as lines: who is asked, then a line for each of ours.

The head line names every node, what is known of its datasets, and why it is asked
no lists; a line says the word of every other node and dataset.  Nothing here asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from beacon.model.nodes import Reason
from beacon.model.notation import vcf_style
from beacon.model.spelling import normal_allele
from beacon.model.status import Status
from beacon.wire.batch import dataset_members
from beacon.wire.info import given
from beacon.wire.network import presented

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from beacon.model.dataset import Dataset
    from beacon.model.nodes import NetworkAnswer, Node, NodeAnswer, NodeDataset
    from beacon.model.pattern import VariantPattern
    from beacon.model.query import Query
    from beacon.model.variant import Reference
    from beacon.wire.batch import Line
    from beacon.wire.info import Document
    from beacon.wire.peers.cards import Card

SINGLE: Final = "It is asked single questions only, no lists."


def head_line(
    nodes: Sequence[Node],
    *,
    version: str,
    references: Iterable[str],
    listless: frozenset[str],
    addresses: Mapping[str, str],
    columns: Sequence[Document],
) -> Document:
    """Return the first line: who is asked, and what each is known to have.

    Args:
        nodes: in the order of the network.
        version: of this software.
        references: assemblies that alleles are left-aligned on.
        listless: ids of the nodes that are asked no lists.
        addresses: of the nodes, by id.
        columns: their datasets.
    """
    return {
        "event": "asked",
        "version": version,
        "aligned": sorted(references),
        "beacons": [
            presented(node)
            | given(address=addresses.get(node.id))
            | (_unlisted() if node.id in listless else {})
            for node in nodes
        ],
        "datasets": list(columns),
    }


def _unlisted() -> Document:
    return {
        "status": Status.NOT_ASKED.value,
        "reason": Reason.LISTS.value,
        "message": SINGLE,
    }


def columns_here(beacon: str, datasets: Iterable[Dataset]) -> Iterator[Document]:
    """Yield what our own datasets are that serve variants."""
    for dataset in datasets:
        release = dataset.release
        if release is not None:
            yield given(
                beaconId=beacon,
                id=dataset.id,
                name=dataset.name,
                kind=dataset.kind,
                assemblyId=release.assembly,
                release=release.ordinal,
                releaseDate=release.published.date().isoformat(),
                sampleCount=release.sample_count,
            )


def columns_there(beacon: str, card: Card) -> Iterator[Document]:
    """Yield what a peer says of its datasets."""
    for identity, name in card.datasets.items():
        held = card.held.get(identity)
        yield given(
            beaconId=beacon,
            id=identity,
            name=name,
            assemblyId=None if held is None else held.assembly,
            release=None if held is None else held.release,
            sampleCount=None if held is None else held.people,
        )


def answer_line(
    line: Line,
    query: Query,
    answer: NetworkAnswer,
    references: Mapping[str, Reference],
    listless: frozenset[str] = frozenset(),
) -> Document:
    """Return the line that answers a line; who is asked no lists is left out.

    Args:
        line: as it came.
        query: what it asks.
        answer: of all nodes.
        references: genomes that alleles are written in their normal form with.
        listless: ids of the nodes that are asked no lists.
    """
    told = [node for node in answer.nodes if node.node.id not in listless]
    return _head(line) | given(
        asked=None if query.pattern is None else asked_as(query.pattern, references),
        status=answer.status.value,
        complete=answer.is_complete,
        beacons=[_node(node) for node in told],
        datasets=[_dataset(row, node) for node in told for row in node.datasets],
        error=_error(answer),
    )


def unanswered_line(line: Line, sentence: str) -> Document:
    """Return the line that says why there is no answer."""
    return _head(line) | {
        "status": Status.NO_ANSWER.value,
        "complete": False,
        "beacons": [],
        "datasets": [],
        "error": sentence,
    }


def asked_as(
    pattern: VariantPattern, references: Mapping[str, Reference]
) -> Document | None:
    """Return a question for one variant as we write it; ``None``: only as it came."""
    text = pattern.name
    if text is None and pattern.spellings:
        allele = normal_allele(pattern, references)
        text = vcf_style(allele) if allele.is_anchored else None
    if text is None:
        return None
    return {"variant": text, "assemblyId": pattern.assembly}


def _head(line: Line) -> Document:
    if not line.is_sent:
        return {}
    sent = line.value.get("id") if isinstance(line.value, dict) else None
    return {"variant": line.echo} | given(id=sent)


def _node(answer: NodeAnswer) -> Document:
    return {"beaconId": answer.node.id, "status": answer.status.value} | given(
        reason=None if answer.reason is None else answer.reason.value,
        message=answer.sentence,
        warnings=list(answer.warnings) or None,
    )


def _dataset(row: NodeDataset, node: NodeAnswer) -> Document:
    said = dataset_members(row.part)
    return (
        {"beaconId": row.beacon}
        | said
        | given(
            name=row.part.name,
            via=node.node.id if row.beacon != node.node.id else None,
            assemblyId=row.assembly,
            kind=row.kind,
            sameAs=row.same_as,
            warnings=list(row.warnings) or None,
        )
    )


def _error(answer: NetworkAnswer) -> str | None:
    """Return why nobody could tell, where it is the question's fault."""
    if answer.status is not Status.NO_ANSWER:
        return None
    said = (
        node.sentence
        for node in answer.nodes
        if node.reason is Reason.NOT_UNDERSTOOD and node.node.kind == "here"
    )
    return next((sentence for sentence in said if sentence), None)
