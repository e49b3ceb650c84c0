"""Block after block of a VCF: read, asked, written.

Reading and writing take the processor, asking takes time; who must not be held
up runs the first and the last elsewhere, in threads.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from beacon.annotating.values import Values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.annotating.asking import Persistent
    from beacon.annotating.questions import Asked, Understanding
    from beacon.annotating.values import Said, Written
    from loaders.stream import Block


class Annotator:
    """Annotates the blocks of one file.

    Args:
        understanding: reads its lines.
        beacons: each beacon, in the order of the columns.
    """

    def __init__(
        self,
        understanding: Understanding,
        beacons: Sequence[Persistent],
    ) -> None:
        self._understanding = understanding
        self._beacons = beacons
        self._values = Values([beacon.columns for beacon in beacons])

    def read(self, block: Block) -> Asked:
        """Return the questions of a block.

        Raises:
            ReadError: a line is no record.
        """
        return self._understanding.questions(block)

    async def ask(self, asked: Asked) -> Sequence[Sequence[Said]]:
        """Return what each beacon says, question by question."""
        return await asyncio.gather(*(b.ask(asked.questions) for b in self._beacons))

    def write(self, asked: Asked, said: Sequence[Sequence[Said]]) -> Written:
        """Return the block with the answers."""
        return self._values.write(asked, said)

    async def annotate(self, block: Block) -> Written:
        """Return a block annotated."""
        asked = self.read(block)
        return self.write(asked, await self.ask(asked))
