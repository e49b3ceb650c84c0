"""Datasets and their releases: what is loaded, and what a "no" may rest on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from beacon.model.counts import Layout
    from beacon.model.records import DocumentSet, Json, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One file a release was made from.

    Attributes:
        path: where it was, to be read again; never shown to anybody who asks.
    """

    name: str
    sha256: str
    size: int
    path: str | None = None


class CoverageKind(StrEnum):
    """How a release declares where it looked, and who was called there.

    ``REGIONS``: everybody inside the regions of a BED file; ``BLOCKS``: whom the
    reference blocks of gVCF files cover (inside such regions, where both are).
    """

    BLOCKS = "blocks"
    REGIONS = "regions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One published load of a dataset; immutable, kept until removed.

    Attributes:
        number: unique over the whole store; the name under which rows hold
            this release's counts.
        ordinal: 1, 2, 3 … within the dataset; what people see.
        fingerprint: digest of inputs and options; equal means same content.
        genotyped: whether counts come from genotypes.
        contigs: plain names of the contigs with at least one usable record, or a
            region in which it declares to have looked.
        variants: how many alleles exist (see contract, "Meaning of the data").
        sample_count: people, or ``None`` for a sites-only source.
        coverage: how it declares where it looked; ``None``: it does not.
        loads: in how many loads its files came: one, and those appended to it.
        keeps_people: whether the individuals behind all its counts are kept.
        keeps_reach: whether it is kept, too, whom reference blocks cover.
        options: the load's options that shape its content, as given.
        report: the load report, as written by ``--report``.
    """

    number: int
    ordinal: int
    dataset: str
    assembly: str
    fingerprint: str
    created: datetime
    published: datetime
    genotyped: bool
    layout: Layout
    contigs: frozenset[str]
    variants: int
    sample_count: int | None
    inputs: tuple[Input, ...]
    tool: str
    options: Mapping[str, object] = field(default_factory=dict)
    report: Mapping[str, object] = field(default_factory=dict)
    coverage: CoverageKind | None = None
    loads: int = 1
    keeps_people: bool = False
    keeps_reach: bool = False

    @property
    def can_be_lessened(self) -> bool:
        """Whether an individual can be taken out of all that it says."""
        has_blocks = self.coverage is CoverageKind.BLOCKS
        return self.keeps_people and (self.keeps_reach or not has_blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A named collection of people or sites, and the release it serves.

    Attributes:
        kind: ``patients`` or ``population``.
        country: ISO 3166 alpha-2 code.
        release: the published release, ``None`` while nothing is published.
        created: when it was first loaded or described.
        updated: when what it serves or says last changed.
        record: the dataset record that was loaded for it, as it is.
        documents: by entry type, the documents it serves.
        cohorts: the cohort records that were loaded for it.
    """

    id: str
    name: str
    created: datetime
    updated: datetime
    description: str | None = None
    kind: str | None = None
    country: str | None = None
    contact: str | None = None
    release: Release | None = None
    record: Json | None = None
    documents: Mapping[str, DocumentSet] = field(default_factory=dict)
    cohorts: tuple[Record, ...] = ()
