"""How a door words what is said of an allele, dataset by dataset.

Thousands of alleles are said the same of, so a word is made once for a statement,
and joined once for an allele's datasets.  What is worded was disclosed before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from beacon.model.counts import AlleleCounts
from beacon.model.errors import BeaconError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from beacon.model.disclosure import Answers, DatasetDisclosure, Disclosure
    from beacon.model.outline import Outline, Spelled
    from beacon.model.query import Query
    from beacon.model.requester import Requester

Word = TypeVar("Word")
Whole = TypeVar("Whole", covariant=True)

Asked = tuple["Outline", "Spelled"]
"""The question of a plain outline for an allele."""


class Cells(NamedTuple):
    """What datasets count of many alleles that they hold, all as columns.

    Attributes:
        size: how many alleles there are.
        alleles: the number of the allele that a cell is of.
        datasets: the number of its dataset.
        ac, an, hom, het, hemi: counts of all people; -1 where they are not told.
    """

    size: int
    alleles: Sequence[int]
    datasets: Sequence[int]
    ac: Sequence[int]
    an: Sequence[int]
    hom: Sequence[int]
    het: Sequence[int]
    hemi: Sequence[int]

    def counts(self) -> Iterator[AlleleCounts]:
        """Yield the counts of each cell."""
        for ac, *others in zip(
            self.ac, self.an, self.hom, self.het, self.hemi, strict=True
        ):
            an, hom, het, hemi = [None if x < 0 else x for x in others]
            yield AlleleCounts(ac=ac, an=an, hom=hom, het=het, hemi=hemi)


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

    def laid(
        self, words: Sequence[Word], parts: Sequence[DatasetDisclosure]
    ) -> Callable[[Cells], Sequence[Whole]] | None:
        """Return what says all of many alleles at once; ``None``: word by word.

        An allele's whole is what ``joined`` gives of ``words`` and, where it has a
        cell, of what ``counting`` gives of the dataset's part and the cell's counts.

        Args:
            words: of an allele of which nobody counts anything, by dataset.
            parts: what each says of one that it counts; without counts, of any.
        """


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
