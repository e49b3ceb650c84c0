"""Long work in stretches: the event loop gets its turn between any two."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from beacon.store.many import Rounds

if TYPE_CHECKING:
    from collections.abc import Sequence


async def test_one_stretch_is_done_in_each_round() -> None:
    """However many pieces of work there are, and each keeps its order."""
    work, rounds = Rounds(), 0
    done: list[tuple[int, int]] = []
    ended = asyncio.Event()

    async def count() -> None:
        nonlocal rounds
        while not ended.is_set():
            rounds += 1
            await asyncio.sleep(0)

    def note(item: int) -> int:
        done.append((rounds, item))
        return -item

    counting = asyncio.create_task(count())
    pieces = [range(first, first + 6) for first in (0, 100, 200)]
    made = await asyncio.gather(*(work.each(note, piece, 2) for piece in pieces))
    ended.set()
    await counting
    times = [sum(1 for when, _ in done if when == one) for one in {w for w, _ in done}]

    assert made == [[-item for item in piece] for piece in pieces]
    assert max(times) == 2


async def test_work_that_is_cancelled_leaves_its_round_to_others() -> None:
    """Whoever stops in the middle holds nobody up."""
    work = Rounds()
    endless = asyncio.create_task(work.each(abs, range(10_000), 1))
    await asyncio.sleep(0)
    endless.cancel()

    assert await work.each(abs, range(-3, 0), 1) == [3, 2, 1]


async def test_where_nobody_waits_all_is_done_at_once() -> None:
    """In one go, whatever the stretch is, and given in the same order."""
    taken: list[int] = []

    def twice(some: Sequence[int]) -> list[int]:
        taken.append(len(some))
        return [2 * one for one in some]

    for is_shared, expected in ((True, [2, 2, 1]), (False, [5])):
        taken.clear()
        work = Rounds(is_shared=is_shared)

        assert await work.several(twice, range(5), 2) == [0, 2, 4, 6, 8]
        assert taken == expected
