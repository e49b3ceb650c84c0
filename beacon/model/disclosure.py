"""What is said: the only form of an answer a door ever holds.

Made by ``policy`` out of findings; every number here may be shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from beacon.model.lifting import Lift
from beacon.model.status import Status, overall

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence
    from datetime import datetime

    from beacon.model.annotation import Annotation
    from beacon.model.counts import AlleleCounts
    from beacon.model.errors import BeaconError
    from beacon.model.grouped import PeopleGroup
    from beacon.model.lifting import NotLifted
    from beacon.model.profile import Profile
    from beacon.model.query import Granularity, Query
    from beacon.model.records import Json
    from beacon.model.requester import Requester
    from beacon.model.variant import Allele
    from beacon.model.wording import Asked, Whole, Word, Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """What one requester may learn from one dataset.

    Attributes:
        individuals: whether questions may name individuals, and count people by
            what is told of them.
        tier: the standing it is given for; ``None``: there is no policy of tiers.
        profile: how exactly the dataset speaks; ``None``: as it is.
        queries: kinds of questions that may be asked (``policy.asking``); ``None``:
            all.
        range_width: widest range that may be asked for, in bases; ``None``: any.
        frequency: whether its AN may be told, and divided by.
        country: where its counts are pooled to.
        pools_alone: whether a pool of its country may hold this dataset alone.
        noise_key: what noise on its counts is made with.
        is_care: whether its people are patients, not a reference.
    """

    dataset: str
    granularity: Granularity
    individuals: bool = False
    tier: str | None = None
    profile: Profile | None = None
    queries: frozenset[str] | None = None
    range_width: int | None = None
    frequency: bool = True
    country: str | None = None
    pools_alone: bool = False
    noise_key: bytes = field(default=b"", repr=False)
    is_care: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDisclosure:
    """Counts of one group of people that may be shown."""

    label: str
    counts: AlleleCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantDisclosure:
    """One variant record that may be shown; ``groups`` has ``Total`` first."""

    allele: Allele
    groups: tuple[GroupDisclosure, ...]
    annotation: Annotation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetDisclosure:
    """What is said for one dataset.

    Attributes:
        granularity: the detail this dataset's part is given in.
        total: matching variants; ``None`` where it may not be said.
        counts: of a single-allele question, all people together; for a
            ``not_seen`` AC is 0 and AN what the "no" rests on (or ``None``).
        coverage: ``undeclared`` where a "no" rests on no declared coverage,
            ``partial`` where not all that is asked lies inside it.
        filters: FILTER words that kept the allele from counting.
        groups: its people by the columns asked for.
        adjusted_to: shown counts are multiples of it; ``None``: they are exact.
        pool: datasets it speaks for together, where it speaks for several.
        lifted: where it was asked on its own assembly instead, or was not and why.
        kept: how it is written, by all that this depends on beside it; it is gone
            when this value is.
    """

    dataset: str
    name: str
    status: Status
    granularity: Granularity
    exists: bool
    total: int | None = None
    variants: tuple[VariantDisclosure, ...] = ()
    counts: AlleleCounts | None = None
    coverage: str | None = None
    filters: tuple[str, ...] = ()
    release: int | None = None
    released: datetime | None = None
    sample_count: int | None = None
    groups: tuple[PeopleGroup, ...] = ()
    adjusted_to: int | None = None
    pool: tuple[str, ...] = ()
    lifted: Lift | NotLifted | None = None
    kept: dict[Hashable, object] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def counting(self, counts: AlleleCounts) -> DatasetDisclosure:
        """Return the same of other counts."""
        return DatasetDisclosure(
            dataset=self.dataset,
            name=self.name,
            status=self.status,
            granularity=self.granularity,
            exists=self.exists,
            total=self.total,
            variants=self.variants,
            counts=counts,
            coverage=self.coverage,
            filters=self.filters,
            release=self.release,
            released=self.released,
            sample_count=self.sample_count,
            groups=self.groups,
            adjusted_to=self.adjusted_to,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """The answer to one question.

    Attributes:
        alleles: of a question by name, the alleles it names, each with its answer.
    """

    granularity: Granularity
    datasets: tuple[DatasetDisclosure, ...]
    warnings: tuple[str, ...] = ()
    alleles: tuple[NamedAllele, ...] = ()

    @property
    def status(self) -> Status:
        """The one word over all datasets; nothing asked: ``not_asked``."""
        return overall([d.status for d in self.datasets])

    @property
    def exists(self) -> bool:
        """Whether any dataset holds a match."""
        return True in [d.exists for d in self.datasets]

    @property
    def total(self) -> int | None:
        """Matches over all datasets; ``None`` when none may be counted.

        See ``over_assemblies``.
        """
        known = [d.total for d in self.datasets if d.total is not None]
        if not known and self.datasets:
            return None
        return over_assemblies(self.datasets)[0] if self._is_lifted else sum(known)

    @property
    def is_bound(self) -> bool:
        """Whether more than ``total`` may match: that is of one assembly."""
        return self._is_lifted and over_assemblies(self.datasets)[1]

    @property
    def _is_lifted(self) -> bool:
        return any(d.lifted is not None for d in self.datasets)


def over_assemblies(parts: Iterable[DatasetDisclosure]) -> tuple[int, bool]:
    """Return how many match at least, and whether it may be more.

    One dataset may be there on two assemblies, so that what was asked lifted is
    never added to what was not: it is the most that any one assembly has.  A yes
    without a number is one at least.
    """
    sums: dict[str, int] = {}
    for part in parts:
        lift = part.lifted
        assembly = lift.assembly if isinstance(lift, Lift) else ""
        told = int(part.exists) if part.total is None else part.total
        sums[assembly] = sums.get(assembly, 0) + told
    return max(sums.values(), default=0), sum(map(bool, sums.values())) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedAllele:
    """One allele of a name, and the answer to it alone."""

    allele: Allele
    disclosure: Disclosure


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSetDisclosure:
    """What is said of one dataset's documents.

    Attributes:
        granularity: the detail this dataset's part is given in.
        total: matching documents; ``None`` where it may not be said.
        records: the page of them.
        adjusted_to: see ``DatasetDisclosure``.
    """

    dataset: str
    name: str
    status: Status
    granularity: Granularity
    exists: bool
    total: int | None = None
    records: tuple[Json, ...] = ()
    adjusted_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsDisclosure:
    """The answer to one question about documents.

    Attributes:
        total: different ids that match over all datasets; ``None`` where it may
            not be said.
        is_bound: whether more may match.
    """

    granularity: Granularity
    datasets: tuple[RecordSetDisclosure, ...]
    total: int | None = None
    warnings: tuple[str, ...] = ()
    is_bound: bool = False

    @property
    def status(self) -> Status:
        """The one word over all datasets; nothing asked: ``not_asked``."""
        return overall(d.status for d in self.datasets)

    @property
    def exists(self) -> bool:
        """Whether any dataset holds a match."""
        return any(d.exists for d in self.datasets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """The datasets, or the cohorts, that a question is met by.

    Attributes:
        records: all of them, before paging, as they may be shown.
    """

    records: tuple[Json, ...]
    warnings: tuple[str, ...] = ()


class Answers(Protocol):
    """Whatever answers a question: this beacon, a peer, or a network of both."""

    async def answer(self, query: Query, requester: Requester) -> Disclosure:
        """Return what may be said.

        Raises:
            BeaconError: as drawn in ``model.errors``.
        """

    async def answer_many(
        self, queries: Sequence[Query], requester: Requester
    ) -> Sequence[Disclosure | BeaconError]:
        """Return as many answers as questions, in their order.

        Each is what ``answer`` gives, or the error it raises.
        """

    async def answer_alleles(
        self,
        asked: Sequence[Asked],
        requester: Requester,
        wording: Wording[Word, Whole],
    ) -> Sequence[Whole | BeaconError]:
        """Return the same for the questions of plain outlines, in words."""
