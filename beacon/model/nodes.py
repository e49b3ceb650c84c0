"""What a network says: each node's answer beside the others', none of them lost.

A node that gave no answer keeps its place and its word; nothing here can turn
silence into a "no".  What a node sent is read into our own values first: no text
or member of a foreign document travels further than these fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from beacon.model.query import Granularity
from beacon.model.status import Status, overall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.model.counts import AlleleCounts
    from beacon.model.disclosure import DatasetDisclosure


FAILURES = frozenset({Status.NO_ANSWER, Status.REFUSED})
"""Words of nodes that were asked and did not answer."""
ANSWERS = frozenset({Status.SEEN, Status.NOT_SEEN, Status.NOT_COVERED, Status.WITHHELD})
"""Words of nodes that answered."""


class NodeKind(StrEnum):
    """What a node is, and so how it is asked and believed."""

    HERE = "here"
    BEACON = "beacon"
    NETWORK = "network"
    V1 = "v1"


class Reason(StrEnum):
    """Why a node did not answer, refused or was not asked."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    INSECURE = "insecure"
    """Its certificate is not the one we trust."""
    FORBIDDEN_ADDRESS = "forbidden_address"
    REDIRECT = "redirect"
    HTTP_ERROR = "http_error"
    BUSY = "busy"
    """It asked for patience (429, 503 with ``Retry-After``)."""
    NOT_JSON = "not_json"
    TOO_LARGE = "too_large"
    NOT_A_BEACON = "not_a_beacon"
    TOLD_AN_ERROR = "told_an_error"
    WRONG_BEACON = "wrong_beacon"
    NOT_UNDERSTOOD = "not_understood"
    CONTRADICTS = "contradicts"
    """Its numbers cannot all be true."""
    PAUSED = "paused"
    """It failed so often that it is left alone for a while."""
    REFUSED = "refused"
    NO_CREDENTIALS = "no_credentials"
    """Ours could not be had, so it was not asked."""
    LOG_IN = "log_in"
    """It is asked only for those who say who they are."""
    ASSEMBLY = "assembly"
    KIND_OF_QUESTION = "kind_of_question"
    DATASETS = "datasets"
    """It has none of those that were asked for."""
    LISTS = "lists"
    """It is asked single questions only."""
    LOOP = "loop"
    UNDER_WAY = "under_way"
    """It is asked the same already, by a network that may have sent us the question."""
    LOCAL = "local"
    """Our own store did not answer."""
    FAILED = "failed"
    """Something of ours failed while it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One beacon of a network, as its configuration presents it.

    Attributes:
        id: its beacon id.
        names: what it is called, by language; ``en`` is always there.
        country: two letters.
        kind: what it is.
    """

    id: str
    names: Mapping[str, str]
    country: str | None = None
    kind: NodeKind = NodeKind.BEACON


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDataset:
    """What a node says of one dataset.

    Attributes:
        beacon: id of the beacon whose dataset it is (a network's sets keep theirs).
        part: what is said, in our own terms; ``no_answer`` where the node names a
            dataset that failed.
        via: ids of the nodes it was told by, nearest first.
        same_as: ``beacon/dataset`` this is known to be, whoever tells it.
        overlap: its group; datasets of one group may hold the same people.
        assembly: what it was asked on (a lifted question has another than typed).
        warnings: what is to be known before its numbers are believed.
        contact: where its owner can be asked; an ``https:`` or ``mailto:`` address.
        kind: of people: ``patients`` or ``population``; ``None``: not said.
    """

    beacon: str
    part: DatasetDisclosure
    via: tuple[str, ...] = ()
    same_as: str | None = None
    overlap: str | None = None
    assembly: str | None = None
    warnings: tuple[str, ...] = ()
    contact: str | None = None
    kind: str | None = None

    @property
    def identity(self) -> str:
        """One dataset, whatever way its answer came."""
        return self.same_as or f"{self.beacon}/{self.part.dataset}"

    @property
    def counts(self) -> AlleleCounts | None:
        """Its numbers, as they are told; ``None``: it speaks in less than counts."""
        return None if self.part.granularity < Granularity.COUNT else self.part.counts


def rows_asked_for(
    rows: Sequence[NodeDataset], names: Sequence[str], *, is_network: bool
) -> tuple[NodeDataset, ...]:
    """Return what a node says of the datasets that are asked for by name.

    Where one of them is not there, whoever may have it and was not heard keeps its
    place: that is no word about other datasets.

    Args:
        rows: all that it says.
        names: ``dataset`` or ``beacon/dataset`` each.
        is_network: whether it speaks for other beacons.
    """
    called = [
        (row, {row.part.dataset, f"{row.beacon}/{row.part.dataset}"}) for row in rows
    ]
    missing = {*names}.difference(*(own for _, own in called))
    beacons = {name.partition("/")[0] for name in missing if "/" in name}
    is_anybodys = any("/" not in name for name in missing)

    def may_have(row: NodeDataset) -> bool:
        is_whole = is_network or row.part.dataset == row.beacon
        is_silent = row.part.status in FAILURES
        return is_whole and is_silent and (is_anybodys or row.beacon in beacons)

    return tuple(
        row for row, own in called if not own.isdisjoint(names) or may_have(row)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeAnswer:
    """What came of asking one node.

    Attributes:
        node: that was asked.
        status: the one word for it.
        datasets: what it says of each; empty where it did not answer.
        granularity: the detail it answered in.
        reason: why there is no answer; ``None`` where there is one.
        sentence: the same for people, plain text of at most 200 characters.
        seconds: that it took.
        age: seconds since it was answered, where it was remembered.
        request_id: under which it can be found in the node's log and ours.
        warnings: of the answer as a whole.
        is_partial: whether it says that somebody it asked has not answered, named
            or not; such an answer is not remembered.
        lacks: ids of beacons that somebody behind it did not ask, as the question
            had come by way of them; all others whom it asked have answered.
    """

    node: Node
    status: Status
    datasets: tuple[NodeDataset, ...] = ()
    granularity: Granularity | None = None
    reason: Reason | None = None
    sentence: str | None = None
    seconds: float = 0.0
    age: float = 0.0
    request_id: str | None = None
    warnings: tuple[str, ...] = ()
    is_partial: bool = False
    lacks: tuple[str, ...] = ()

    @property
    def answered(self) -> bool:
        """Whether it said anything about the question."""
        return self.reason is None


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """How many people carry an allele, over datasets that may share some.

    Attributes:
        at_least: the most of any one dataset, or the sum over those that share none.
        at_most: the sum; ``None`` where one that has it does not say of how many, or
            anybody who may have it was not heard.
    """

    at_least: int
    at_most: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """Counts of datasets that were declared to share nobody, added up.

    Attributes:
        datasets: which, by identity.
    """

    counts: AlleleCounts
    datasets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkAnswer:
    """All nodes' answers, merged: each dataset once, in the order of the nodes.

    Attributes:
        nodes: every node, in the order of the configuration.
        rows: each dataset once.
        people: who carry the allele, by kind of dataset (``patients``,
            ``population``; ``unstated``), where that can be told.
        pooled: counts added up, by kind of dataset, where they may be.
    """

    nodes: tuple[NodeAnswer, ...]
    rows: tuple[NodeDataset, ...] = ()
    people: Mapping[str, People] = field(default_factory=dict)
    pooled: Mapping[str, Pooled] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """The one word over all nodes."""
        return overall(node.status for node in self.nodes)

    @property
    def exists(self) -> bool:
        """Whether any node has seen it, whatever its datasets say."""
        return self.status is Status.SEEN or any(row.part.exists for row in self.rows)

    @property
    def is_complete(self) -> bool:
        """Whether every node that was asked has answered, and every one it asked.

        It is not where we asked nobody, as they are asked the same already, or by
        whom the question came: whether they answer it we do not know.
        """
        return self.is_heard and not self.skipped

    @property
    def skipped(self) -> tuple[str, ...]:
        """Beacons that were not asked, as the question had come by way of them."""
        found: dict[str, None] = {}
        for node in self.nodes:
            if node.reason is Reason.LOOP:
                found[node.node.id] = None
            found |= dict.fromkeys(node.lacks)
        return tuple(found)

    @property
    def is_heard(self) -> bool:
        """Whether all have answered but those by whom the question came."""
        return not any(
            node.status in FAILURES
            or node.is_partial
            or node.reason is Reason.UNDER_WAY
            or any(
                row.part.status in FAILURES and row.beacon != node.node.id
                for row in node.datasets
            )
            for node in self.nodes
        )

    @property
    def is_silent(self) -> bool:
        """Whether nobody answered, and somebody who was asked failed to."""
        return not self.is_heard and not any(
            node.status in ANSWERS for node in self.nodes
        )
