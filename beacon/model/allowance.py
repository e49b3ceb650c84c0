"""What a requester may still ask, and what it may learn.

Frozen values; everything here may be shown to whoever it is about.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many more distinct variants may be asked about in a period.

    Attributes:
        tier: to whose answers it is kept.
        scope: who shares it: ``user``, ``client_net`` or ``organisation``.
        days: that the period has.
        limit: distinct variants in it.
        left: of them.
        seconds: until there is more room.
    """

    tier: str
    scope: str
    days: int
    limit: int
    left: int
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """How much a dataset with a ledger tells of one person.

    How much it has told is not said: an answer may have said less than was charged.

    Attributes:
        most: nats that may be learnt of one person.
    """

    dataset: str
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What is left for one requester.

    Attributes:
        tier: the highest that it has; ``None``: there are none here.
        rooms: none where nothing is limited.
        ledgers: of the datasets that it sees and that have one.
    """

    tier: str | None = None
    rooms: tuple[Room, ...] = ()
    ledgers: tuple[Learnt, ...] = ()


UNLIMITED = Allowance()
