"""A peer that fails again and again is left alone for a while, then tried once.

Pure: the time is an argument.  What counts as a failure is its keeper's to say; a
peer that asks for patience gets it, without having failed.  A failure that may be of
one asker's making counts once, until somebody else sees one, too.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from beacon.model.health import BreakerState

if TYPE_CHECKING:
    from collections.abc import Hashable

IN_A_ROW: Final = 5
"""Failures one after another that open it."""
LOOKED_AT: Final = 20
"""Last exchanges, half of which failing opens it."""
SHORTEST: Final = 30.0
"""Seconds of the first pause; each that a failing try follows is twice as long."""
LONGEST: Final = 600.0


class _End(NamedTuple):
    """How an exchange ended.

    Attributes:
        asker: whose making a failure may be; ``None``: nobody's.
    """

    is_good: bool
    asker: Hashable | None = None


class Breaker:
    """Whether one peer may be asked.

    Args:
        patience: seconds after which a try that nobody told the end of is over.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._last: deque[_End] = deque(maxlen=LOOKED_AT)
        self._in_a_row = 0
        self._tried: _End | None = None
        self._until: float | None = None
        self._trying_until: float | None = None
        self._pause = SHORTEST

    def state(self, now: float) -> BreakerState:
        """Return what it is."""
        if self._until is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self._until else BreakerState.HALF_OPEN

    def left(self, now: float) -> float | None:
        """Return the seconds until it may be tried; ``None``: it is not open."""
        is_open = self._until is not None and now < self._until
        return self._until - now if is_open and self._until is not None else None

    def ask(self, now: float) -> float | None:
        """Return the seconds until the peer may be asked; ``None``: it may be now.

        After a pause that is one try, of which ``note`` is to be told.
        """
        if self._until is None:
            return None
        left = max(self._until, self._trying_until or self._until) - now
        if left > 0:
            return left
        self._trying_until = now + self._patience
        return None

    def note(self, now: float, *, is_good: bool, asker: Hashable | None = None) -> None:
        """Take down how an exchange ended.

        Args:
            now: the time.
            is_good: whether it ended well.
            asker: who may have made it fail, by what was asked; ``None``: nobody.
        """
        end = _End(is_good, None if is_good else asker)
        if self._until is not None:
            self._end_try(now, end)
            return
        self._in_a_row = self._row_with(end)
        if end.asker is not None and end in self._last:
            self._last.remove(end)
        self._last.append(end)
        is_full = len(self._last) == LOOKED_AT
        failed = sum(not each.is_good for each in self._last)
        is_half = is_full and failed * 2 >= LOOKED_AT
        if not is_good and (self._in_a_row >= IN_A_ROW or is_half):
            self._open(now, self._pause)

    def _row_with(self, end: _End) -> int:
        """Return how many failed in a row; of one asker's, one after another, one."""
        if end.is_good:
            return 0
        is_again = end.asker is not None and bool(self._last) and self._last[-1] == end
        return self._in_a_row + (not is_again)

    def rest(self, now: float, seconds: float) -> None:
        """Leave the peer alone for the seconds it asked for, at most the longest."""
        until = now + min(max(seconds, 0.0), LONGEST)
        if self._until is None or until > self._until:
            self._until, self._trying_until = until, None

    def _end_try(self, now: float, end: _End) -> None:
        """Close after a try that went well; an answer to what was asked before is none.

        Those were under way when the pause began.  Tries that one asker alone may
        have made fail make no pause longer.
        """
        if self._trying_until is None:
            return
        if not end.is_good:
            is_again = end.asker is not None and end == self._tried
            self._pause = self._pause if is_again else min(2 * self._pause, LONGEST)
            self._tried = end
            self._open(now, self._pause)
            return
        self._last.clear()
        self._in_a_row, self._pause, self._tried = 0, SHORTEST, None
        self._until = self._trying_until = None

    def _open(self, now: float, seconds: float) -> None:
        self._until, self._trying_until = now + seconds, None
