"""How a door words what is said of an allele, dataset by dataset.

Thousands of alleles are said the same of, so a word is made once for a statement,
and joined once for an allele's datasets.  What is worded was disclosed before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from beacon.model.errors import BeaconError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from beacon.model.counts import AlleleCounts
    from beacon.model.disclosure import Answers, DatasetDisclosure, Disclosure
    from beacon.model.outline import Outline, Spelled
    from beacon.model.query import Query
    from beacon.model.requester import Requester

Word = TypeVar("Word")
Whole = TypeVar("Whole", covariant=True)

Asked = tuple["Outline", "Spelled"]
"""The question of a plain outline for an allele."""


class Wording(Protocol[Word, Whole]):
    """Words statements; it says the same of the same, whatever the allele is.

    What it said is kept as long as it is kept itself.
    """

    def of(self, part: DatasetDisclosure, doubts: Sequence[str]) -> Word:
        """Return the word for what one dataset says, and why it is no answer."""

    def counting(
        self, part: DatasetDisclosure, doubts: Sequence[str]
    ) -> Callable[[AlleleCounts], Word]:
        """Return what words the same of other counts; ``part`` has some."""

    def joined(self, words: Sequence[Word]) -> Whole:
        """Return what is said of an allele, by what each dataset says."""


def worded(said: Disclosure, wording: Wording[Word, Whole]) -> Whole:
    """Return an answer in words; its sentences stand with the first dataset."""
    doubts = [said.warnings, *([()] * len(said.datasets))]
    pairs = zip(said.datasets, doubts, strict=False)
    return wording.joined([wording.of(part, some) for part, some in pairs])


def question(asked: Asked) -> Query:
    """Return the whole question."""
    outline, allele = asked
    return outline.question(allele)


async def answered_whole(
    answers: Answers,
    asked: Sequence[Asked],
    requester: Requester,
    wording: Wording[Word, Whole],
) -> list[Whole | BeaconError]:
    """Return what ``Answers.answer_alleles`` gives, by ``answer_many``."""
    said = await answers.answer_many([question(one) for one in asked], requester)
    return [
        one if isinstance(one, BeaconError) else worded(one, wording) for one in said
    ]
