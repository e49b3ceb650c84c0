"""What is said of a dataset as a whole: the only form of a summary a door ever holds.

Made by ``policy`` out of a summary; every number here may be shown, and none of
them is more exact than what single questions would be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from beacon.model.classes import VariantClass
    from beacon.model.dataset import Dataset


class Detail(StrEnum):
    """How much is said.

    ``EXACT``: everything.  ``SHOWN``: alleles by class and by count, as far as each
    of them would be shown alone.  ``NAMES``: what the dataset is, and its size as the
    list of datasets tells it.  ``NONE``: the release has no summary.
    """

    EXACT = "exact"
    SHOWN = "shown"
    NAMES = "names"
    NONE = "none"


class ClassCount(NamedTuple):
    """Alleles of one class; ``None``: too few to be told."""

    variant_class: VariantClass
    alleles: int | None


class StepCount(NamedTuple):
    """Alleles whose allele count is within a step.

    Attributes:
        lowest: ``None``: alleles that are listed without being counted.
        highest: ``None``: there is no limit.
        alleles: ``None``: too few to be told, or not shown.
    """

    lowest: int | None
    highest: int | None
    alleles: int | None


class ContigCounts(NamedTuple):
    """What lies along one contig, window by window.

    Attributes:
        contig: its plain name.
        length: bases.
        alleles: that begin in each window.
        covered: bases of each window at which anybody was looked at; ``None``: that
            is not declared.
    """

    contig: str
    length: int
    alleles: tuple[int, ...]
    covered: tuple[int, ...] | None


class PeopleCount(NamedTuple):
    """People of whom the same is told; ``None``: of whom it is not known."""

    value: str | None
    people: int


class PeopleBy(NamedTuple):
    """All people, by one thing that is told of them."""

    column: str
    counts: tuple[PeopleCount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summarised:
    """What is said of one dataset.

    Attributes:
        dataset: as it may be described.
        detail: how much is said.
        least: the smallest allele count of what the numbers are of.
        window: bases of a window.
        copies: copies of the genome that its people have; what a frequency is of.
        alleles: of which the numbers are; ``None``: it is not said.
    """

    dataset: Dataset
    detail: Detail
    least: int = 1
    window: int = 0
    copies: int | None = None
    alleles: int | None = None
    classes: tuple[ClassCount, ...] = ()
    steps: tuple[StepCount, ...] = ()
    contigs: tuple[ContigCounts, ...] = ()
    people: tuple[PeopleBy, ...] = ()
