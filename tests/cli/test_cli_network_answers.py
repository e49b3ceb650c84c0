"""How a network's answer stands on a terminal, and in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.cli.network_answers import NetworkReply, network_lines, plain_network
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import DatasetDisclosure
from beacon.model.nodes import (
    Node,
    NodeAnswer,
    NodeDataset,
    NodeKind,
    Reason,
)
from beacon.model.query import Granularity
from beacon.model.spelling import allele_pattern
from beacon.model.status import Status
from beacon.model.variant import Allele
from beacon.network.merging import merged
from beacon.network.peers import Directory, Peer

if TYPE_CHECKING:
    import pytest

ALLELE = Allele(
    contig=next(c for c in ASSEMBLIES["GRCh38"].contigs if c.name == "6"),
    start=26092912,
    end=26092913,
    reference="G",
    alternate="A",
)
HERE = Node(
    id="se.x", names={"en": "Sweden", "sv": "Sverige"}, country="SE", kind=NodeKind.HERE
)
NAMES = ("dk", "eu", "slow", "old", "shy")


def row(
    beacon: str, dataset: str, ac: int, an: int, *, overlap: str | None = None
) -> NodeDataset:
    """Return what a beacon says of a dataset."""
    part = DatasetDisclosure(
        dataset=dataset,
        name=dataset,
        status=Status.SEEN if ac else Status.NOT_SEEN,
        granularity=Granularity.COUNT,
        exists=ac > 0,
        counts=AlleleCounts(ac=ac, an=an, hom=0, het=ac, hemi=0),
    )
    return NodeDataset(
        beacon=beacon, part=part, via=(beacon,), overlap=overlap, kind="population"
    )


def reply() -> NetworkReply:
    """Return an answer in which every kind of node has its place."""
    peers = tuple(
        Peer(node=Node(id=f"{n}.x", names={"en": n}), url="https://x.example")
        for n in NAMES
    )
    told = {
        "dk.x": (Status.NOT_SEEN, (row("dk.x", "d", 0, 100, overlap="d"),), None),
        "eu.x": (Status.SEEN, (row("eu.x", "e", 7, 900, overlap="e"),), None),
        "slow.x": (Status.NO_ANSWER, (), Reason.TIMEOUT),
        "old.x": (Status.NOT_ASKED, (), Reason.ASSEMBLY),
        "shy.x": (Status.REFUSED, (), Reason.REFUSED),
    }
    answers = [
        NodeAnswer(
            node=peer.node,
            status=told[peer.node.id][0],
            datasets=told[peer.node.id][1],
            reason=told[peer.node.id][2],
            sentence=f"Why {peer.node.id}." if told[peer.node.id][2] else None,
            age=240.0 if peer.node.id == "eu.x" else 0.0,
        )
        for peer in peers
    ]
    ours = NodeAnswer(
        node=HERE,
        status=Status.SEEN,
        datasets=(row("se.x", "s", 3, 24198, overlap="s"),),
    )
    directory = Directory(here=HERE, peers=peers, here_overlaps={"s": "s"})
    return NetworkReply(
        typed="6-26092913-G-A",
        pattern=allele_pattern(ALLELE, None),
        shown="6-26092913-G-A",
        answer=merged(directory, [*answers, ours]),
    )


def test_every_node_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes stand in their order, each with its word, also those that were silent."""
    monkeypatch.setenv("NO_COLOR", "1")
    lines = list(network_lines(reply()))

    assert lines == [
        "6-26092913-G-A (GRCh38): seen",
        "  Sweden (SE)",
        "    seen         s: 3 of 24,198 alleles, 0 homozygous, 3 heterozygous",
        "  dk",
        "    not_seen     d: 0 of 100 alleles",
        "  eu, answered 4 min ago",
        "    seen         e: 7 of 900 alleles, 0 homozygous, 7 heterozygous",
        "  slow: no_answer. Why slow.x.",
        "  old: not_asked. Why old.x.",
        "  shy: refused. Why shy.x.",
        "  Carriers in populations: at least 10.",
        "  Together in populations, who share nobody: 10 of 25,198 alleles.",
        '  3 of 5 nodes answered. What the others did not say is no "no". 1 was not'
        "\n  asked.",
    ]


def test_json_says_the_same() -> None:
    """JSON has every node, its word and reason, and that the answer is not whole."""
    document = plain_network(reply())

    assert document["status"] == "seen"
    assert document["complete"] is False
    assert [(n["id"], n["status"], n.get("reason")) for n in document["nodes"]] == [
        ("se.x", "seen", None),
        ("dk.x", "not_seen", None),
        ("eu.x", "seen", None),
        ("slow.x", "no_answer", "timeout"),
        ("old.x", "not_asked", "assembly"),
        ("shy.x", "refused", "refused"),
    ]
    assert document["nodes"][0]["datasets"][0]["alleleCount"] == 3
    assert document["people"] == {"population": {"seenAtLeast": 10}}
    assert document["pooled"]["population"]["datasets"] == [
        "se.x/s",
        "dk.x/d",
        "eu.x/e",
    ]


def test_exit_code_is_that_of_the_word() -> None:
    """A network that has seen it exits as a beacon that has."""
    assert reply().exit_code == 0
