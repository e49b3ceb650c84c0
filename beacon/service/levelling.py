"""Answers that leave on a grid of time, so that their time tells nothing.

Where an allele is hidden more is done than where there is none: a row is read, noise
is made.  No two ways of working are equal to the microsecond, and repeating a
question is free; so what differs ends at a multiple of a step, counted from its own
beginning, and all that follows is the same for both.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STEP: Final = 0.02
"""Seconds: several times what finding an allele and judging it takes a busy server;
only what takes longer than a step may leave at another one."""
LEDGER_STEP: Final = 0.1
"""The same, where charges are written to the store meanwhile."""


@asynccontextmanager
async def in_steps(step: float) -> AsyncIterator[None]:
    """Let what happens inside end at a multiple of a step, unless it fails."""
    clock = asyncio.get_running_loop().time
    began = clock()
    yield
    await asyncio.sleep(step - (clock() - began) % step)
