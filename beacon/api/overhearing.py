"""Words of a door that tell, too, what was said of which dataset.

Thousands of alleles are said the same of, so what an audit notes of an answer is made
once, with its words.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Generic, cast

from beacon.model.wording import Whole, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from beacon.model.counts import AlleleCounts
    from beacon.model.disclosure import DatasetDisclosure
    from beacon.model.query import Granularity
    from beacon.model.wording import Wording

    Told = tuple[str, int | None, str, Granularity | None]
    """What was said of a dataset: its id, its release, the word, in what detail."""

told_of = cast(
    "Callable[[DatasetDisclosure], Told]",
    attrgetter("dataset", "release", "status", "granularity"),
)


class Overheard(Generic[Word, Whole]):
    """Words as ``wording`` has them, each beside what was said.

    Args:
        wording: of the door.
    """

    def __init__(self, wording: Wording[Word, Whole]) -> None:
        self._wording = wording

    def of(self, part: DatasetDisclosure, doubts: Sequence[str]) -> tuple[Word, Told]:
        """Return the word for what one dataset says, and what that was."""
        return self._wording.of(part, doubts), told_of(part)

    def counting(
        self, part: DatasetDisclosure, doubts: Sequence[str]
    ) -> Callable[[AlleleCounts], tuple[Word, Told]]:
        """Return what words the same of other counts."""
        say, told = self._wording.counting(part, doubts), told_of(part)
        return lambda counts: (say(counts), told)

    def joined(
        self, words: Sequence[tuple[Word, Told]]
    ) -> tuple[Whole, tuple[Told, ...]]:
        """Return what is said of an allele, and of which datasets what."""
        whole = self._wording.joined([word for word, _ in words])
        return whole, tuple(told for _, told in words)

    def laid(
        self, words: Sequence[tuple[Word, Told]], parts: Sequence[DatasetDisclosure]
    ) -> None:
        """Say that words are overheard one by one."""
