"""Many questions at once: as many answers as questions, in their order.

Each is what the question alone would get, or the error it alone would raise.
What a group of them costs one question asked meanwhile is bounded: groups are
answered one after another, and nothing runs long without giving way.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from beacon.model.errors import BeaconError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.model.disclosure import Answers, Disclosure
    from beacon.model.query import Query
    from beacon.model.requester import Requester

_TOGETHER = 500
"""So many questions of the general kind are on their way at once."""


async def answer_each(
    beacon: Answers, queries: Sequence[Query], requester: Requester
) -> list[Disclosure | BeaconError]:
    """Return the answer to each question, as ``beacon`` alone gives it, or its error.

    What is no ``BeaconError`` is raised: it says nothing of the questions.
    """
    said: list[Disclosure | BeaconError] = []
    for first in range(0, len(queries), _TOGETHER):
        group = queries[first : first + _TOGETHER]
        said += await asyncio.gather(*(_one(beacon, q, requester) for q in group))
    return said


async def _one(
    beacon: Answers, query: Query, requester: Requester
) -> Disclosure | BeaconError:
    try:
        return await beacon.answer(query, requester)
    except BeaconError as failure:
        return failure
