"""Many questions asked of one beacon, and asked again where it failed.

A failure stays a failure: what got no answer after all is an error in its place.
A beacon that keeps failing is left alone for a while, so that a long file ends.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from beacon.annotating.values import Columns
from beacon.model.errors import BeaconError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.annotating.columns import Consulted
    from beacon.annotating.values import Said
    from beacon.model.disclosure import Answers
    from beacon.model.requester import Requester
    from beacon.model.wording import Asked

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
        consulted: what its answers are written of.
        pauses: seconds to wait before each further attempt.

    Attributes:
        columns: the words of its answers.
    """

    def __init__(
        self,
        answers: Answers,
        requester: Requester,
        consulted: Consulted,
        *,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._answers = answers
        self._requester = requester
        self.columns = Columns(consulted)
        self._pauses = pauses
        self._rests_until = 0.0
        self._failure: BeaconError = StoreUnavailable("The beacon did not answer.")

    async def ask(self, asked: Sequence[Asked]) -> Sequence[Said]:
        """Return the answer to each question, in order, or why it has none."""
        if not asked:
            return ()
        if asyncio.get_running_loop().time() < self._rests_until:
            return [self._failure] * len(asked)
        said = list(await self._once(asked))
        for pause in self._pauses:
            open_ones = [n for n, each in enumerate(said) if _may_pass(each)]
            if not open_ones:
                return said
            await asyncio.sleep(pause)
            again = await self._once([asked[n] for n in open_ones])
            for n, each in zip(open_ones, again, strict=True):
                said[n] = each
        if all(map(_may_pass, said)):
            self._rests_until = asyncio.get_running_loop().time() + _REST
        return said

    async def _once(self, asked: Sequence[Asked]) -> Sequence[Said]:
        try:
            said = await self._answers.answer_alleles(
                asked, self._requester, self.columns
            )
        except BeaconError as failure:
            return [failure] * len(asked)
        if len(said) != len(asked):
            return [BeaconError(_SHORT)] * len(asked)
        return said


def _may_pass(said: Said) -> bool:
    """Whether it is a failure that another attempt may mend."""
    return isinstance(said, StoreUnavailable)
