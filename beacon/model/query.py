"""A question, whole: what is asked, of which datasets, in how much detail."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from beacon.model.entry_types import GENOMIC_VARIANT
from beacon.model.errors import UnknownFilters

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from beacon.model.dataset import Dataset
    from beacon.model.filters import Clauses
    from beacon.model.pattern import VariantPattern
    from beacon.model.records import Under


class Granularity(IntEnum):
    """How much is said; a smaller number says less."""

    BOOLEAN = 1
    COUNT = 2
    RECORD = 3

    @property
    def word(self) -> str:
        """The word used on the wire."""
        return self.name.lower()


class Include(StrEnum):
    """Which result sets an answer lists (``includeResultsetResponses``)."""

    HIT = "HIT"
    MISS = "MISS"
    ALL = "ALL"
    NONE = "NONE"


_LONG = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of records: ``skip`` counts pages, not records."""

    skip: int = 0
    limit: int = 10

    @property
    def offset(self) -> int:
        """Records before this page."""
        return self.skip * self.limit

    @property
    def is_long(self) -> bool:
        """Whether its records take so long that other questions would wait."""
        return self.limit > _LONG


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question.

    Attributes:
        pattern: which variants; ``None``: all of them (no variant parameters).
        datasets: ids asked for; ``None``: every dataset.
        assembly: canonical name the question is limited to.
        about: id of the entry type whose records are asked for.
        identity: the id of the one document asked for (of variants: ``pattern``).
        under: the record below which records are asked for.
        cohort: the only cohort whose individuals are asked.
        filters: what narrows the answer, beside ``pattern``; those about variants
            themselves (molecular effects) are part of the pattern.
        is_strict: whether a filter nothing here answers to is an error.
        unknown_filters: well-formed filter ids nothing here answers to; they
            match nothing and are named in ``warnings``.
        warnings: sentences the answer must repeat.
        excluded: individuals left out of every count, of one allele only.
        by: columns of the samples tables to count one allele's people by.
        counted: the allele it is counted as in budgets, where it asks for the same
            one on another assembly.
        requested: the request as understood, for ``receivedRequestSummary``.
    """

    pattern: VariantPattern | None = None
    datasets: tuple[str, ...] | None = None
    assembly: str | None = None
    granularity: Granularity = Granularity.BOOLEAN
    include: Include = Include.HIT
    page: Page = field(default_factory=Page)
    about: str = GENOMIC_VARIANT.id
    identity: str | None = None
    under: Under | None = None
    cohort: str | None = None
    filters: Clauses = ()
    is_strict: bool = False
    unknown_filters: tuple[str, ...] = ()
    test_mode: bool = False
    warnings: tuple[str, ...] = ()
    requested: Mapping[str, object] = field(default_factory=dict)
    excluded: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    counted: VariantPattern | None = None

    def chooses(self, dataset: Dataset) -> bool:
        """Whether a dataset is one of those asked, whatever is asked of it.

        A filter that nothing here answers to matches nothing; ignoring it would
        answer a wider question than was asked.
        """
        if self.unknown_filters:
            return False
        if self.datasets is not None and dataset.id not in self.datasets:
            return False
        cohorts = {cohort.id for cohort in dataset.cohorts}
        return self.cohort is None or self.cohort in cohorts

    def unanswered(self, unknown: Collection[frozenset[str]]) -> tuple[str, ...]:
        """Return the texts of filters that nobody answers to, in the order asked.

        Args:
            unknown: of each dataset that judged them, those it does not know.
        """
        texts = dict.fromkeys(f.text for clause in self.filters for f in clause)
        return tuple(t for t in texts if all(t in said for said in unknown))

    def check_known(self, unknown: Iterable[str]) -> None:
        """Refuse filters that nothing answers to, where that was asked for.

        Raises:
            UnknownFilters: naming them.
        """
        texts = tuple(unknown)
        if self.is_strict and texts:
            raise UnknownFilters(texts)
