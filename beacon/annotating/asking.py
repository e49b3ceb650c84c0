"""Many questions asked of one beacon, and asked again where it failed.

A failure stays a failure: what got no answer after all is an error in its place.
A beacon that keeps failing is left alone for a while, so that a long file ends.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from beacon.model.errors import BeaconError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.annotating.values import Said
    from beacon.model.disclosure import Answers
    from beacon.model.query import Query
    from beacon.model.requester import Requester

PAUSES = (0.2, 1.0, 3.0)
"""Seconds before a question is asked a second time, a third, a fourth."""
_REST = 20.0
"""Seconds for which a beacon that failed every time is not asked."""
_SHORT = "The beacon gave another number of answers than it was asked questions."


class Persistent:
    """Asks a beacon as one requester, and again what it failed to answer.

    Args:
        answers: the beacon.
        requester: who asks.
        pauses: seconds to wait before each further attempt.
    """

    def __init__(
        self,
        answers: Answers,
        requester: Requester,
        *,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._answers = answers
        self._requester = requester
        self._pauses = pauses
        self._rests_until = 0.0
        self._failure: BeaconError = StoreUnavailable("The beacon did not answer.")

    async def ask(self, queries: Sequence[Query]) -> Sequence[Said]:
        """Return the answer to each question, in order, or why it has none."""
        if not queries:
            return ()
        if asyncio.get_running_loop().time() < self._rests_until:
            return [self._failure] * len(queries)
        said = list(await self._once(queries))
        for pause in self._pauses:
            open_ones = [n for n, each in enumerate(said) if _may_pass(each)]
            if not open_ones:
                return said
            await asyncio.sleep(pause)
            again = await self._once([queries[n] for n in open_ones])
            for n, each in zip(open_ones, again, strict=True):
                said[n] = each
        if all(map(_may_pass, said)):
            self._rests_until = asyncio.get_running_loop().time() + _REST
        return said

    async def _once(self, queries: Sequence[Query]) -> Sequence[Said]:
        try:
            said = await self._answers.answer_many(queries, self._requester)
        except BeaconError as failure:
            return [failure] * len(queries)
        if len(said) != len(queries):
            return [BeaconError(_SHORT)] * len(queries)
        return said


def _may_pass(said: Said) -> bool:
    """Whether it is a failure that another attempt may mend."""
    return isinstance(said, StoreUnavailable)
