"""The seven words for what is known, and their order.

One set of words everywhere: answers, batches, the command line, pages.
A failure has a word of its own, so that it can never read as "no".
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Status(StrEnum):
    """What may be said of a variant, strongest word first."""

    SEEN = "seen"
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    WITHHELD = "withheld"
    NOT_SEEN = "not_seen"
    NOT_COVERED = "not_covered"
    NOT_ASKED = "not_asked"


_BY_STRENGTH = tuple(Status)


def overall(statuses: Iterable[Status]) -> Status:
    """Return the one word for several datasets or nodes; none at all: not asked."""
    said = {*statuses}
    return next((word for word in _BY_STRENGTH if word in said), Status.NOT_ASKED)
