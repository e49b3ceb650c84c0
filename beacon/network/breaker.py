"""A peer that fails again and again is left alone for a while, then tried once.

Pure: the time is an argument.  What counts as a failure is its keeper's to say; a
peer that asks for patience gets it, without having failed.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from beacon.model.health import BreakerState

IN_A_ROW: Final = 5
"""Failures one after another that open it."""
LOOKED_AT: Final = 20
"""Last exchanges, half of which failing opens it."""
SHORTEST: Final = 30.0
"""Seconds of the first pause; each that a failing try follows is twice as long."""
LONGEST: Final = 600.0


class Breaker:
    """Whether one peer may be asked.

    Args:
        patience: seconds after which a try that nobody told the end of is over.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._last: deque[bool] = deque(maxlen=LOOKED_AT)
        self._in_a_row = 0
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

    def note(self, now: float, *, is_good: bool) -> None:
        """Take down how an exchange ended."""
        if self._until is not None:
            self._end_try(now, is_good=is_good)
            return
        self._last.append(is_good)
        self._in_a_row = 0 if is_good else self._in_a_row + 1
        is_full = len(self._last) == LOOKED_AT
        is_half = is_full and self._last.count(False) * 2 >= LOOKED_AT
        if not is_good and (self._in_a_row >= IN_A_ROW or is_half):
            self._open(now, self._pause)

    def rest(self, now: float, seconds: float) -> None:
        """Leave the peer alone for the seconds it asked for, at most the longest."""
        until = now + min(max(seconds, 0.0), LONGEST)
        if self._until is None or until > self._until:
            self._until, self._trying_until = until, None

    def _end_try(self, now: float, *, is_good: bool) -> None:
        """Close after a try that went well; an answer to what was asked before is none.

        Those were under way when the pause began.
        """
        if self._trying_until is None:
            return
        if not is_good:
            self._pause = min(2 * self._pause, LONGEST)
            self._open(now, self._pause)
            return
        self._last.clear()
        self._in_a_row, self._pause = 0, SHORTEST
        self._until = self._trying_until = None

    def _open(self, now: float, seconds: float) -> None:
        self._until, self._trying_until = now + seconds, None
