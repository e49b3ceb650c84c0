"""Every error this project raises, in one tree.

    BeaconError
    ├── InvalidRequest            400  a parameter is missing or malformed
    │   ├── NotUnderstood         400  a spelling of a variant that is none we know
    │   ├── UnknownContig         400  a sequence the assembly does not have
    │   └── UnknownFilters        400  filters nothing answers to, asked strictly
    ├── NotIdentified             401  a token, a visa or a key that proves nothing
    │   └── LoginEnded            401  somebody was logged in, and is no more
    ├── NotPermitted              403  policy says no
    ├── NotFound                  404  no such path or dataset
    ├── RequestTooLarge           413  more than we promise to answer at once
    ├── BudgetSpent               429  more than this requester may ask for now
    ├── NetworkSilent             502  of all beacons asked none has answered
    ├── IssuerUnavailable         503  who vouches for a token cannot be reached
    ├── NetworkBusy               503  as many questions are on their way as may be
    ├── StoreUnavailable          503  the database cannot be reached or was too slow
    ├── NetworkLoop               508  a question that came back, or went too far
    ├── LoadInterrupted           503  a load was cut short, and can go on (exit 1)
    ├── UsageError                400  a command line that cannot mean anything (exit 2)
    └── LoadRejected              422  a file that must not be loaded (exit 1)
        ├── BeingLoaded           422  a dataset that somebody else loads right now
        └── ReadError             422  the same, with its file and line

Each leaf carries the HTTP status a door should use; none of them knows HTTP.
The message of every error is one sentence a user may read.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 80


class BeaconError(Exception):
    """Any failure this project explains in one sentence."""

    status_hint = 500


class InvalidRequest(BeaconError):
    """A parameter is missing, malformed or contradicts another one.

    Args:
        message: one sentence.
        parameter: the name of the parameter.
        hint: what may have led to it, where that is likely.
    """

    status_hint = 400

    def __init__(
        self, message: str, *, parameter: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.parameter = parameter
        self.hint = hint


class NotUnderstood(InvalidRequest):
    """A spelling of a variant or region that is none of those we read."""


class UnknownContig(InvalidRequest):
    """A sequence name the assembly does not have."""


def quoted(text: str) -> str:
    """Return a text as a sentence may quote it: short, and on one line."""
    written = json.dumps(text, ensure_ascii=False)
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in written)
    return line if len(line) <= _LONGEST else f'{line[: _LONGEST - 2]}…"'


class UnknownFilters(InvalidRequest):
    """Filters that nothing here answers to, in a question asked strictly."""

    def __init__(self, texts: Iterable[str]) -> None:
        named = ", ".join(map(quoted, texts))
        super().__init__(
            f"Nothing here answers to the filter {named}, and strict was asked for.",
            parameter="filters",
        )


class NotIdentified(BeaconError):
    """A token or a key was given that proves nothing.

    Args:
        why: a word for the log; who sent it is not told which check failed.
    """

    status_hint = 401
    sentence = "The token or the key of this request is not valid."

    def __init__(self, why: str) -> None:
        super().__init__(self.sentence)
        self.why = why


class LoginEnded(NotIdentified):
    """Somebody was logged in and is no more: they are told, and never taken for none.

    Args:
        why: a word for the log.
    """

    sentence = "Your login has ended: log in again, or log out to go on without."


class IssuerUnavailable(BeaconError):
    """Whoever could say whether a token is genuine cannot be reached."""

    status_hint = 503


class NotPermitted(BeaconError):
    """The policy does not allow this question to this requester."""

    status_hint = 403


class NotFound(BeaconError):
    """There is no such path or dataset."""

    status_hint = 404


class RequestTooLarge(BeaconError):
    """More was asked at once than the contract promises to answer."""

    status_hint = 413


class BudgetSpent(BeaconError):
    """A requester has asked as much as it may for now.

    Args:
        message: one sentence.
        limit: questions it has, in the period that is over first.
        seconds: until it may ask again.
    """

    status_hint = 429

    def __init__(self, message: str, *, limit: int, seconds: int) -> None:
        super().__init__(message)
        self.limit = limit
        self.seconds = seconds


class NetworkSilent(BeaconError):
    """Of all the beacons that were asked none has answered."""

    status_hint = 502


class NetworkBusy(BeaconError):
    """As many questions are asked of the network as may be at a time."""

    status_hint = 503


class NetworkLoop(BeaconError):
    """A question has come back to a beacon that asked it, or has gone too far."""

    status_hint = 508


class StoreUnavailable(BeaconError):
    """The database cannot be reached, or did not answer within the deadline."""

    status_hint = 503


class LoadInterrupted(BeaconError):
    """A load that was cut short; nothing was published."""

    status_hint = 503


class UsageError(BeaconError):
    """A command line or setting that cannot mean anything; nothing was tried."""

    status_hint = 400


class LoadRejected(BeaconError):
    """A file that must not be loaded; nothing of it was stored."""

    status_hint = 422


class BeingLoaded(LoadRejected):
    """A dataset that another process loads, or removes, right now."""


class ReadError(LoadRejected):
    """A file that cannot be read on from a certain place."""

    def __init__(self, reason: str, *, path: str, line: int | None = None) -> None:
        path = path.encode("utf-8", "replace").decode()
        place = path if line is None else f"{path}:{line}"
        super().__init__(f"{place}: {reason}")
        self.reason = reason
        self.path = path
        self.line = line
