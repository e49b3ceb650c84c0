"""A network's answer on a terminal: every node has its place and its word.

Whoever did not answer stands where its answer would, with the reason; that no sum is
shown which could count somebody twice is the business of the network itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from beacon.cli.answers import coloured, exit_code, filled, part_lines, plain_part
from beacon.model.nodes import ANSWERS
from beacon.model.status import Status
from beacon.wire.info import given
from beacon.wire.responses import count_members

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beacon.model.nodes import NetworkAnswer, Node, NodeAnswer, NodeDataset, People
    from beacon.model.pattern import VariantPattern

_REMEMBERED = 1.0
"""Seconds from which it is said how old an answer is."""
_MINUTE = 60
_CALLED = {
    "patients": "among patients",
    "population": "in populations",
    "unstated": "where nobody says of whom",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkReply:
    """What is shown of one question to a network.

    Attributes:
        typed: the question as it was typed.
        pattern: the question as it was understood.
        shown: the variant or region as we write it.
        answer: of all nodes.
    """

    typed: str
    pattern: VariantPattern
    shown: str
    answer: NetworkAnswer

    @property
    def exit_code(self) -> int:
        """The exit code that says the same as the status word."""
        return exit_code(self.answer.status)


def print_network(reply: NetworkReply) -> None:
    """Print the word over all, each node's own, and what they say together."""
    for line in network_lines(reply):
        click.echo(line)


def network_lines(reply: NetworkReply) -> Iterator[str]:
    """Yield the lines of an answer."""
    answer = reply.answer
    yield f"{reply.shown} ({reply.pattern.assembly}): {coloured(answer.status)}"
    for node in answer.nodes:
        yield from _node_lines(node, reply)
    for kind, people in sorted(answer.people.items()):
        yield filled(f"Carriers {_called(kind)}: {_bounds(people)}.", indent="  ")
    for kind, pooled in sorted(answer.pooled.items()):
        counts = pooled.counts
        yield filled(
            f"Together {_called(kind)}, who share nobody: {counts.ac:,} of "
            f"{counts.an:,} alleles.",
            indent="  ",
        )
    yield filled(_how_whole(answer), indent="  ")
    for warning in answer.warnings:
        yield filled(warning, indent="  ")


def _called(kind: str) -> str:
    return _CALLED.get(kind, f"among {kind}")


def _node_lines(node: NodeAnswer, reply: NetworkReply) -> Iterator[str]:
    name = _name(node.node)
    rows = _own_rows(node, reply.answer)
    age = f", answered {_ago(node.age)} ago" if node.age >= _REMEMBERED else ""
    if rows:
        yield f"  {name}{age}"
        parts = [row.part for row in rows]
        yield from part_lines(parts, reply.pattern, deeper=2)
        for row in rows:
            for warning in row.warnings:
                yield filled(f"{row.part.dataset}: {warning}", indent="    ")
    else:
        why = f". {node.sentence}" if node.sentence else ""
        yield filled(f"{name}{age}: {node.status}{why}", indent="  ").replace(
            node.status, coloured(node.status), 1
        )
    for warning in node.warnings:
        yield filled(warning, indent="    ")


def _own_rows(node: NodeAnswer, answer: NetworkAnswer) -> list[NodeDataset]:
    """Return the datasets that are shown as a node's: each stands at one node."""
    shown = {id(row) for row in answer.rows}
    return [row for row in node.datasets if id(row) in shown]


def _name(node: Node) -> str:
    name = node.names["en"]
    return name if node.country is None else f"{name} ({node.country})"


def _ago(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min"


def _bounds(people: People) -> str:
    if people.at_most is None:
        return f"at least {people.at_least:,}"
    if people.at_least == people.at_most:
        return f"{people.at_least:,}"
    return f"{people.at_least:,} to {people.at_most:,}"


def _how_whole(answer: NetworkAnswer) -> str:
    asked = [node for node in answer.nodes if node.status is not Status.NOT_ASKED]
    answered = sum(node.status in ANSWERS for node in asked)
    unasked = len(answer.nodes) - len(asked)
    said = f"{answered} of {len(asked)} nodes answered."
    if answered < len(asked):
        said = f'{said} What the others did not say is no "no".'
    if unasked:
        said = f"{said} {unasked} {'was' if unasked == 1 else 'were'} not asked."
    return said


def plain_network(reply: NetworkReply) -> dict[str, object]:
    """Return an answer as JSON values, under the names of the API."""
    answer = reply.answer
    return {
        "variant": reply.typed,
        "normalised": reply.shown,
        "assemblyId": reply.pattern.assembly,
        "status": answer.status.value,
        "complete": answer.is_complete,
        "nodes": [_plain_node(node, reply) for node in answer.nodes],
        "people": {
            kind: given(seenAtLeast=each.at_least, seenAtMost=each.at_most)
            for kind, each in answer.people.items()
        },
        "pooled": {
            kind: {**count_members(each.counts), "datasets": list(each.datasets)}
            for kind, each in answer.pooled.items()
        },
    } | given(warnings=list(answer.warnings) or None)


def _plain_node(node: NodeAnswer, reply: NetworkReply) -> dict[str, object]:
    rows = _own_rows(node, reply.answer)
    return given(
        id=node.node.id,
        name=node.node.names["en"],
        country=node.node.country,
        status=node.status.value,
        reason=None if node.reason is None else node.reason.value,
        message=node.sentence,
        seconds=round(node.seconds, 3),
        ageSeconds=round(node.age) if node.age >= _REMEMBERED else None,
        requestId=node.request_id,
        datasets=[_plain_row(row, reply.pattern) for row in rows],
        warnings=_listed(node.warnings),
    )


def _plain_row(row: NodeDataset, pattern: VariantPattern) -> dict[str, object]:
    return plain_part(row.part, pattern) | given(
        name=row.part.name,
        beaconId=row.beacon,
        kind=row.kind,
        via=_listed(row.via),
        overlapGroup=row.overlap,
        countAdjustedTo=row.part.adjusted_to,
        warnings=_listed(row.warnings),
    )


def _listed(words: Sequence[str]) -> list[str] | None:
    return list(words) or None
