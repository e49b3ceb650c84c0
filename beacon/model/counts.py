"""Counts of an allele: integers that cannot contradict themselves.

A dataset keeps its counts in *columns* (groups of people that do not overlap,
or the populations a sites-only file declares); what is shown are *groups*,
sums of columns.  Frequencies are computed at the edge, never stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from beacon.model.annotation import Annotation
    from beacon.model.people import Shares
    from beacon.model.structure import Structure


SKIPPED = "skipped"
"""Stands among the filters of a place that only bad records describe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlleleCounts:
    """Copies and people.  ``None`` means that the source does not say.

    Attributes:
        ac: called copies of the allele.
        an: called copies of any allele at the records declaring this one.
        hom: people who carry nothing else (ploidy above 1).
        het: people who carry it beside another called allele.
        hemi: people of ploidy 1 who carry it.

    Raises:
        ValueError: when AC exceeds AN, a number is negative, or the people
            carry more copies than there are.
    """

    ac: int | None
    an: int | None
    hom: int | None = None
    het: int | None = None
    hemi: int | None = None

    def __post_init__(self) -> None:
        ac, an = self.ac, self.an
        hom, het, hemi = self.hom or 0, self.het or 0, self.hemi or 0
        if (
            ac is not None
            and an is not None
            and 2 * hom + het + hemi <= ac <= an
            and hom >= 0 <= het
            and hemi >= 0
        ):
            return  # nothing is wrong, which is the rule
        if min(ac or 0, an or 0, hom, het, hemi) < 0:
            message = f"negative count in {self}"
            raise ValueError(message)
        if ac is None:
            return
        if an is not None and ac > an:
            message = f"AC {ac} exceeds AN {an}"
            raise ValueError(message)
        if 2 * hom + het + hemi > ac:
            message = f"people carry more than AC {ac} copies"
            raise ValueError(message)

    @property
    def frequency(self) -> float | None:
        """AC / AN, or ``None`` where either is unknown or AN is 0."""
        if self.ac is None or not self.an:
            return None
        return self.ac / self.an


class Carriers(NamedTuple):
    """The people of one column who carry an allele (AC above 0 only)."""

    column: int
    ac: int
    hom: int | None
    het: int | None
    hemi: int | None


class Tally(NamedTuple):
    """One allele's counts by column, as a loader makes and a store keeps them.

    Attributes:
        an: AN of every column, in column order; ``None``: AN is not known.
        carriers: the columns with AC above 0, ascending; ``None``: AC is not
            known, and the allele's presence is all that is said.
        untold: columns of which the source says nothing here, ascending; their
            AN stands as 0 and they have no carriers.
    """

    an: tuple[int, ...] | None
    carriers: tuple[Carriers, ...] | None
    untold: tuple[int, ...] = ()

    @property
    def exists(self) -> bool:
        """Whether somebody carries it, or the source lists it without counts."""
        return self.carriers is None or bool(self.carriers)


class VariantRecord(NamedTuple):
    """One ALT of a dataset, normalised and counted: from loaders to the store.

    A *site* record has empty ``reference`` and ``alternate``: it says how many
    copies were called at a position whose records left no allele there.

    Attributes:
        rank: the contig's rank in its assembly (1 … 25).
        start, end: 0-based interbase, as in ``Allele``.
        filters: FILTER words, where only records that failed them declare it.
        structure: details of a structural allele.
        annotation: what the file says of the allele.
        shares: what each person adds to the tally; ``None`` where no people are
            kept, or the tally is not of genotypes.
    """

    rank: int
    start: int
    end: int
    reference: str
    alternate: str
    tally: Tally
    filters: tuple[str, ...] = ()
    structure: Structure | None = None
    annotation: Annotation | None = None
    shares: Shares | None = None


class CoverageRun(NamedTuple):
    """A stretch in which a dataset looked, the same people throughout.

    Attributes:
        rank: the contig's rank in its assembly (1 … 25).
        start, end: 0-based interbase.
        an: called copies by column; ``None``: somebody looked, and how many copies
            is not known.
    """

    rank: int
    start: int
    end: int
    an: tuple[int, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A labelled sum of columns, such as ``Total``, ``SE`` or ``SE_F``."""

    label: str
    columns: tuple[int, ...]


ColumnKind = tuple[str | None, ...]
"""What the people of a column have in common: sex, population, then what else they
are grouped by; ``None``: not known of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a release's columns are kept and shown.

    Attributes:
        baseline: AN of every column when everybody is called diploid; the
            store keeps differences from it.
        groups: what is shown, ``Total`` first.
        kinds: what the people of each column have in common; none where counts
            are not of people.
    """

    baseline: tuple[int, ...]
    groups: tuple[Group, ...]
    kinds: tuple[ColumnKind, ...] = field(default=(), compare=False)


def _sum(values: list[int | None]) -> int | None:
    known = [v for v in values if v is not None]
    return sum(known) if len(known) == len(values) else None


def group_counts(tally: Tally, group: Group) -> AlleleCounts:
    """Return the counts of one group of a tally."""
    if tally.untold and not set(tally.untold).isdisjoint(group.columns):
        return AlleleCounts(ac=None, an=None)
    an = None if tally.an is None else sum([tally.an[c] for c in group.columns])
    if tally.carriers is None:
        return AlleleCounts(ac=None, an=an)
    mine = [c for c in tally.carriers if c.column in group.columns]
    if len(mine) == 1:
        _, ac, hom, het, hemi = mine[0]
        return AlleleCounts(ac=ac, an=an, hom=hom, het=het, hemi=hemi)
    return AlleleCounts(
        ac=sum(c.ac for c in mine),
        an=an,
        hom=_sum([c.hom for c in mine]),
        het=_sum([c.het for c in mine]),
        hemi=_sum([c.hemi for c in mine]),
    )
