"""What is true: exact numbers, before any policy.

Only ``store``, ``policy`` and ``service`` may import this module; an import
contract holds it.  What a door may show is made by ``policy`` (``disclosure``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.status import Status

if TYPE_CHECKING:
    from collections.abc import Hashable

    from beacon.model.annotation import Annotation
    from beacon.model.counts import AlleleCounts, Tally
    from beacon.model.dataset import Dataset
    from beacon.model.grouped import PeopleGroup
    from beacon.model.people import Share
    from beacon.model.records import Json
    from beacon.model.variant import Allele


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundVariant:
    """One allele a dataset declares, with its counts by column.

    Attributes:
        tally: counts; see ``Dataset.release.layout`` for their columns.
        filters: FILTER words, where only records that failed them declare it.
        annotation: what the dataset's files say of it (record granularity).
    """

    allele: Allele
    tally: Tally
    filters: tuple[str, ...] = ()
    annotation: Annotation | None = None

    @property
    def exists(self) -> bool:
        """Whether the dataset holds it: carried, or listed without counts."""
        return not self.filters and self.tally.exists


class Coverage(Enum):
    """How much of what is asked a dataset declares to have looked at."""

    WHOLE = auto()
    PARTIAL = auto()
    OUTSIDE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a dataset says of a place, where it does not hold the allele.

    Attributes:
        an: called copies there; ``None``: nothing stands there, or no AN is known.
            Of a range only 0: what is declared there and asked for calls nobody.
        has_record: whether a record that counts stands at that position.
        filters: FILTER words, where only records that failed them stand there.
        coverage: how much of what is asked was looked at: of one allele where it
            begins (and, ``PARTIAL``, not all that it spans), or of a range
            (``PARTIAL``, too, where records there call people and others nobody);
            ``None``: not declared, or a record answers.
    """

    an: int | None = None
    has_record: bool = False
    filters: tuple[str, ...] = ()
    coverage: Coverage | None = None


class Silence(StrEnum):
    """Why a dataset can say neither "yes" nor "no"."""

    NOT_ANNOTATED = "not annotated"
    """They do not speak of what is asked (genes, effects, protein changes)."""

    UNKNOWN_NAME = "unknown name"
    """They never name the gene, the rs number or the HGVS name; others do."""

    KNOWN_NOWHERE = "known nowhere"
    """No dataset names it."""

    ONLY_EXCLUDED = "only excluded"
    """Perhaps nobody was called there but who was to be left out."""

    UNREAD = "unread"
    """What could not be read of them may be what is asked."""

    NO_PEOPLE = "no people"
    """Of the people asked for it keeps no documents, or not what they carry."""

    NOBODY = "nobody"
    """Nobody whose variants it keeps is one of the people asked for."""


_SILENT = (
    Silence.NOT_ANNOTATED,
    Silence.UNKNOWN_NAME,
    Silence.NO_PEOPLE,
    Silence.NOBODY,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFindings:
    """What one dataset truly answers to one question.

    Attributes:
        total: existing variants that match, before paging; at boolean
            granularity 1 stands for "at least one".
        variants: the page of them, in genome order (record granularity), or
            the allele itself (single-allele question at record granularity, or
            where people are left out or counted apart).
        counts: of the allele itself, all people together, where that is all that is
            asked (single-allele question at count granularity); then there are no
            ``variants``.
        place: what a "no" rests on; of a range, only failed records, records
            that call nobody, and coverage.
        is_contig_loaded: whether the release has records on the contig asked.
        is_conclusive: whether not finding it means that it is not there (see
            ``VariantPattern.is_provisional``).
        silence: why it does not answer.
        is_other_version: whether an HGVS name was found in another version only.
        left_out: how many of its people the counts are without; ``None``: some
            were to be left out, and it does not know its people.
        groups: its people by the columns asked for; ``None``: likewise.
        may_hide: whether carriers may have been left out of it, so that not finding
            any is no "no".
        kept: what may be said of it, by what that depends on beside it (see
            ``policy``); it is gone when this value is.
    """

    dataset: Dataset
    total: int
    variants: tuple[FoundVariant, ...] = ()
    counts: AlleleCounts | None = None
    place: Place | None = None
    is_contig_loaded: bool = True
    is_conclusive: bool = True
    silence: Silence | None = None
    is_other_version: bool = False
    left_out: int | None = 0
    groups: tuple[PeopleGroup, ...] | None = ()
    may_hide: bool = False
    kept: dict[Hashable, object] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def status(self) -> Status:
        """Return the word for it (contract, "What a no rests on")."""
        if self.total:
            return Status.SEEN
        if not self.is_contig_loaded or self.silence in _SILENT:
            return Status.NOT_COVERED
        if self.silence is not None:
            return Status.NO_ANSWER
        if not self.is_conclusive:
            return Status.NO_ANSWER
        if self.place is not None and self._says_nothing(self.place):
            return Status.NOT_COVERED
        return Status.NOT_SEEN

    def _says_nothing(self, place: Place) -> bool:
        """Whether nobody's call at a place may be relied on.

        A sites-only source that lists the place with AN 0 has looked there.
        """
        release = self.dataset.release
        is_genotyped = release is not None and release.genotyped
        if place.filters or place.coverage is Coverage.OUTSIDE:
            return True
        return place.an == 0 and is_genotyped


class Carried(NamedTuple):
    """What one individual adds to the counts of an allele.

    Attributes:
        column: of the release, in which they are counted.
    """

    individual: str
    column: int
    share: Share


class Carrying(NamedTuple):
    """What a dataset says of one allele, and who carries it.

    Attributes:
        carried: of few carriers, what each adds, part by part; ``None``: it is not
            kept who they are.
        is_common: whether more carry it than were to be told one by one.
    """

    found: DatasetFindings
    carried: tuple[Carried, ...] | None
    is_common: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The truth about one question, dataset by dataset."""

    datasets: tuple[DatasetFindings, ...]
    unknown_filters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFindings:
    """What one dataset truly answers to a question about its documents.

    Attributes:
        status: ``SEEN`` where any matches; ``NOT_SEEN`` only where the dataset has
            such documents and, with a variant asked for, its people were looked at
            there; else the word for why nothing can be said.
        total: documents that match, before paging; at boolean granularity 1 stands
            for "at least one".
        records: the page of them, as they were loaded (record granularity).
    """

    dataset: Dataset
    status: Status
    total: int = 0
    records: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRecords:
    """The truth about a question for documents, dataset by dataset.

    Attributes:
        distinct: how many different ids match over all datasets: a person in two
            datasets is one; ``None`` below count granularity.
        unknown_filters: texts of filters nothing in the datasets answers to.
    """

    datasets: tuple[RecordFindings, ...]
    distinct: int | None = None
    unknown_filters: tuple[str, ...] = ()
