"""How the nodes of a network are, as JSON: ``/network/status`` and ``beacon peers``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from beacon.model.health import BreakerState, NodeState
from beacon.model.nodes import NodeKind, Reason
from beacon.model.status import Status
from beacon.wire.info import Document, given, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from beacon.model.health import NodeHealth

_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_MOMENT: Final = {"type": "string", "format": "date-time"}
_NUMBER: Final = {"type": "number", "minimum": 0}

SCHEMA: Final[dict[str, Any]] = {
    "title": "How one beacon of the network is",
    "type": "object",
    "required": ["beaconId", "name", "kind", "state", "breaker", "questions24h"],
    "additionalProperties": False,
    "properties": {
        "beaconId": _TEXT,
        "name": _TEXT,
        "country": _TEXT,
        "kind": {"enum": [each.value for each in NodeKind]},
        "url": _TEXT,
        "state": {"enum": [each.value for each in NodeState]},
        "lastAsked": _MOMENT,
        "lastStatus": {"enum": [each.value for each in Status]},
        "lastReason": {"enum": [each.value for each in Reason]},
        "lastAnswer": _MOMENT,
        "p50Ms": _NUMBER,
        "p95Ms": _NUMBER,
        "success24h": {"type": "number", "minimum": 0, "maximum": 1},
        "questions24h": {"type": "integer", "minimum": 0},
        "breaker": {"enum": [each.value for each in BreakerState]},
        "askedAgainIn": _NUMBER,
        "apiVersion": _TEXT,
        "environment": _TEXT,
        "updateDateTime": _TEXT,
        "assemblies": _TEXTS,
        "datasets": _TEXTS,
        "metadataSeen": _MOMENT,
        "problems": _TEXTS,
        "certificateDaysLeft": {"type": "number"},
    },
}
"""One node of it."""


def network_status(nodes: Iterable[NodeHealth]) -> Document:
    """Return how every node is, in their order."""
    return {"nodes": [node_status(each) for each in nodes]}


def node_status(health: NodeHealth) -> Document:
    """Return how one node is; what is not known is left out."""
    node = health.node
    days = health.certificate_days
    return given(
        beaconId=node.id,
        name=node.names["en"],
        country=node.country,
        kind=node.kind.value,
        url=health.url,
        state=health.state.value,
        lastAsked=_moment(health.asked),
        lastStatus=None if health.word is None else health.word.value,
        lastReason=None if health.reason is None else health.reason.value,
        lastAnswer=_moment(health.answered),
        p50Ms=_thousandths(health.p50),
        p95Ms=_thousandths(health.p95),
        success24h=None if health.success is None else round(health.success, 4),
        questions24h=health.questions,
        breaker=health.breaker.value,
        askedAgainIn=None if health.again is None else round(health.again, 1),
        apiVersion=health.version,
        environment=health.environment,
        updateDateTime=health.updated,
        assemblies=list(health.assemblies) or None,
        datasets=list(health.datasets) or None,
        metadataSeen=_moment(health.seen),
        problems=list(health.problems) or None,
        certificateDaysLeft=None if days is None else round(days, 1),
    )


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else timestamp(datetime.fromtimestamp(seconds, UTC))


def _thousandths(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
