"""Nodes' answers, made for tests of what is shown of them."""

from __future__ import annotations

from datetime import UTC, datetime

from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import (
    DatasetDisclosure,
    GroupDisclosure,
    VariantDisclosure,
)
from beacon.model.nodes import Node, NodeAnswer, NodeDataset, NodeKind, Reason
from beacon.model.notation import read_text
from beacon.model.query import Granularity
from beacon.model.reading import Context
from beacon.model.spelling import normal_allele
from beacon.model.status import Status
from beacon.network.merging import merged
from beacon.network.peers import Directory, Peer

TEXT = "17-43045711-T-C"
PATTERN = read_text(TEXT, Context(assembly="GRCh38"))
ALLELE = normal_allele(PATTERN, {})
RELEASED = datetime(2026, 11, 14, tzinfo=UTC)


def node(name: str, country: str | None = None) -> Node:
    """Return a node."""
    titles = {"en": f"{name.title()} node", "sv": f"{name.title()} nod"}
    return Node(id=f"{name}.beacon", names=titles, country=country)


def counts(ac: int | None, an: int | None, *people: int | None) -> AlleleCounts:
    """Return counts: het, hom and hemi people after AC and AN."""
    het, hom, hemi = people or (None, None, None)
    return AlleleCounts(ac=ac, an=an, het=het, hom=hom, hemi=hemi)


def dataset(
    name: str,
    status: Status = Status.SEEN,
    told: AlleleCounts | None = None,
    groups: dict[str, AlleleCounts] | None = None,
    **more: object,
) -> NodeDataset:
    """Return what a node says of a dataset of its own."""
    about = {
        key: more.pop(key) for key in ("kind", "contact", "overlap") if key in more
    }
    variants = ()
    if groups is not None:
        shown = [GroupDisclosure(label=k, counts=v) for k, v in groups.items()]
        variants = (VariantDisclosure(allele=ALLELE, groups=tuple(shown)),)
    part = DatasetDisclosure(
        dataset=name,
        name=f"{name} data",
        status=status,
        granularity=Granularity.COUNT if groups is None else Granularity.RECORD,
        exists=status is Status.SEEN,
        counts=told,
        variants=variants,
        released=RELEASED,
        release=2,
        **more,  # type: ignore[arg-type]
    )
    return NodeDataset(beacon="", part=part, **about)  # type: ignore[arg-type]


def said(of: Node, *datasets: NodeDataset, **more: object) -> NodeAnswer:
    """Return what a node says of its datasets."""
    own = [
        NodeDataset(
            beacon=of.id,
            part=each.part,
            kind=each.kind,
            contact=each.contact,
            overlap=each.overlap,
        )
        for each in datasets
    ]
    words = [each.part.status for each in own]
    status = next((word for word in Status if word in words), Status.NOT_ASKED)
    return NodeAnswer(node=of, status=status, datasets=tuple(own), **more)  # type: ignore[arg-type]


def silent(of: Node, reason: Reason = Reason.TIMEOUT) -> NodeAnswer:
    """Return that a node did not answer, refused, or was not asked."""
    status = {
        Reason.REFUSED: Status.REFUSED,
        Reason.LOG_IN: Status.NOT_ASKED,
        Reason.ASSEMBLY: Status.NOT_ASKED,
    }.get(reason, Status.NO_ANSWER)
    return NodeAnswer(node=of, status=status, reason=reason)


def together(*answers: NodeAnswer):
    """Return the answers as one, the first that of our own beacon."""
    here, *others = [each.node for each in answers]
    peers = [Peer(node=each, url=f"https://{each.id}/api") for each in others]
    ours = Node(id=here.id, names=here.names, kind=NodeKind.HERE)
    return merged(Directory(here=ours, peers=tuple(peers)), answers)
