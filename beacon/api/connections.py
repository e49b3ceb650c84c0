"""Connections that ask nothing, or read nothing, are closed.

What a request may take is bounded by its deadline; here is what happens around it: a
first request whose head does not come to its end, and an answer that is not taken.
All connections are looked at once a second, so that no request pays for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

FOR_A_HEAD: Final = 10.0
"""Seconds from the connection to the end of the head of its first request."""
FOR_NO_BYTE: Final = 30.0
"""Seconds for which a client may take nothing of what is sent to it."""


class Connection(Protocol):
    """One connection, as the front or the HTTP library has it."""

    @property
    def transport(self) -> asyncio.Transport | None:
        """What carries it."""


class Watch:
    """Knows since when each connection has not moved."""

    def __init__(self) -> None:
        self._born: dict[Connection, float] = {}
        self._stuck: dict[Connection, tuple[int, float]] = {}

    def look(self, connections: Iterable[Connection], now: float) -> int:
        """Close what has not moved for too long; return how many that were."""
        there = list(connections)
        self._born = {one: self._born.get(one, now) for one in there}
        self._stuck = {
            one: self._since(one, size, now)
            for one in there
            if (size := _unsent(one)) > 0
        }
        late = [one for one in there if self._is_late(one, now)]
        for one in late:
            if one.transport is not None:
                one.transport.abort()
        return len(late)

    def _since(self, one: Connection, size: int, now: float) -> tuple[int, float]:
        """Return how much is unsent, and since when it is just as much."""
        before = self._stuck.get(one)
        return (size, now) if before is None or before[0] != size else before

    def _is_late(self, one: Connection, now: float) -> bool:
        if not _has_asked(one) and now - self._born[one] > FOR_A_HEAD:
            return True
        _, since = self._stuck.get(one, (0, now))
        return now - since > FOR_NO_BYTE


def _has_asked(one: Connection) -> bool:
    # The front says so.  The library counts requests for itself; where it ceases to,
    # none is closed for it, and a test fails.
    said: bool | None = getattr(one, "has_asked", None)
    if said is not None:
        return said
    return getattr(one, "_request_count", 1) > 0


def _unsent(one: Connection) -> int:
    # One that is closing waits until all is taken, so it is looked at, too.
    transport = one.transport
    return 0 if transport is None else transport.get_write_buffer_size()
