"""What the tests of budgets and ledgers are opened with."""

from __future__ import annotations

from datetime import UTC, datetime

KEY = b"k" * 32
SLOW = 30.0
"""Seconds: on a busy machine a slow write is no failure."""


class Clock:
    """A time that a test moves."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        """Return the time it is."""
        return self.now
