"""Who asks.  A frozen value handed down with the question."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """The party a question comes from.

    Attributes:
        subject: stable name of the party; ``None`` for an anonymous one.
        is_operator: asks on the local store, from the command line.
    """

    subject: str | None = None
    is_operator: bool = False


ANONYMOUS = Requester()
OPERATOR = Requester(subject="operator", is_operator=True)
