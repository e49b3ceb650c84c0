"""How a node of a network is: words and numbers without any question in them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beacon.model.nodes import Node, Reason
    from beacon.model.status import Status


class NodeState(StrEnum):
    """One word for how a node is."""

    OK = "ok"
    SLOW = "slow"
    PAUSED = "paused"
    """It is left alone for a while."""
    DOWN = "down"
    UNKNOWN = "unknown"
    """It was not asked yet."""


class BreakerState(StrEnum):
    """Whether a node is left alone; one that is open lets nothing through."""

    CLOSED = "closed"
    HALF_OPEN = "half-open"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeHealth:
    """How a node is, and has been for a day.

    Moments are seconds since 1970.

    Attributes:
        node: which.
        url: of its API.
        state: the word for it.
        asked: moment of the last question that ended.
        word, reason: that it ended with.
        answered: moment of the last answer.
        p50, p95: seconds that half, and 19 of 20, of the last answers took.
        success: share of questions that were answered, of those that were or failed.
        questions: that are counted in it.
        breaker: whether it is left alone.
        again: seconds until it is asked again, where it is left alone.
        version: of Beacon that it says it speaks.
        environment: that it says it is.
        updated: when it last changed, as it says (RFC 3339).
        assemblies, datasets: that it says it has.
        seen: moment it last said any of this.
        problems: what is wrong with what it says of itself, in sentences.
        certificate_days: for which its certificate holds, where one was seen.
    """

    node: Node
    url: str | None = None
    state: NodeState = NodeState.UNKNOWN
    asked: float | None = None
    word: Status | None = None
    reason: Reason | None = None
    answered: float | None = None
    p50: float | None = None
    p95: float | None = None
    success: float | None = None
    questions: int = 0
    breaker: BreakerState = BreakerState.CLOSED
    again: float | None = None
    version: str | None = None
    environment: str | None = None
    updated: str | None = None
    assemblies: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    seen: float | None = None
    problems: tuple[str, ...] = ()
    certificate_days: float | None = None
