"""Ask a look-up in process for a while; standard library only.

Run by the environments of peers, too: it knows nothing of them or of us.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def say(taken: list[float], seconds: float, processor: float, wrong: int) -> None:
    """Print what ``asking.told`` reads.

    Args:
        taken: seconds of each question.
        seconds: of all together.
        processor: seconds that this process took for them.
        wrong: answers that were not the truth.
    """
    taken.sort()
    told = {
        "asked": len(taken),
        "seconds": seconds,
        "wrong": wrong,
        "failed": 0,
        "server": 1e6 * processor / len(taken),
        "p50 ms": 1000 * taken[len(taken) // 2],
        "p99 ms": 1000 * taken[min(len(taken) - 1, len(taken) * 99 // 100)],
    }
    print("told " + json.dumps(told))


def ask(
    look: Callable[[object], object],
    asked: Sequence[tuple[object, object]],
    *,
    seconds: float,
    threads: int,
) -> None:
    """Look up in turn, in so many threads; each answer is compared with its truth."""
    begun, spent = time.perf_counter(), time.process_time()

    def work(number: int) -> tuple[list[float], int]:
        taken: list[float] = []
        wrong, at = 0, number * 61
        while (before := time.perf_counter()) < begun + seconds:
            question, truth = asked[at % len(asked)]
            wrong += look(question) != truth
            taken.append(time.perf_counter() - before)
            at += 1
        return taken, wrong

    with ThreadPoolExecutor(threads) as pool:
        done = list(pool.map(work, range(threads)))
    took, spent = time.perf_counter() - begun, time.process_time() - spent
    every = [one for taken, _ in done for one in taken]
    say(every, took, spent, sum(wrong for _, wrong in done))
