"""A load waits for questions, never they for it."""

from __future__ import annotations

import os
from contextlib import suppress

_BEHIND_QUESTIONS = 10


def give_way() -> None:
    """Let this process, and those it starts from now on, run behind all others.

    Called once the store is there: the database it may have started answers
    questions of servers, too.
    """
    with suppress(OSError, AttributeError):  # not on every system
        if os.getpriority(os.PRIO_PROCESS, 0) < _BEHIND_QUESTIONS:
            os.setpriority(os.PRIO_PROCESS, 0, _BEHIND_QUESTIONS)
