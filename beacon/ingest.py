"""One load: files → records → batches → a new release, published at the end.

Nothing is visible before the last step here, and what is visible then is the
whole of the files.  Reading and counting are ``loaders``', keeping is
``store``'s; this room only carries from one to the other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import file_digest, sha256
from importlib.metadata import version
from itertools import islice
from typing import TYPE_CHECKING

from beacon.model.dataset import Input
from beacon.model.errors import ReadError
from loaders import Cohort, LoadOptions, open_cohort
from loaders.reader import shown_name
from loaders.reference import FastaReference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from beacon.model.counts import VariantRecord
    from beacon.model.dataset import Release
    from beacon.store.releases import Catalogue
    from beacon.store.writer import ReleaseWriter
    from loaders.report import LoadReport

_BATCH = 2_000
_MEANING = 2
"""Raised when the same files would mean other counts than before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOutcome:
    """What a load did.

    Attributes:
        release: the release served now; ``None`` after a dry run.
        is_new: whether this load published it (the same files change nothing).
        report: the account of every record; ``None`` when nothing was read.
    """

    dataset: str
    assembly: str
    release: Release | None
    is_new: bool
    report: LoadReport | None

    def as_dict(self) -> dict[str, object]:
        """Return the outcome as JSON values."""
        release = self.release
        told = release.report if release else {}
        return {
            "dataset": self.dataset,
            "assembly": self.assembly,
            "release": release.ordinal if release else None,
            "isNew": self.is_new,
            "sampleCount": release.sample_count if release else None,
            **(self.report.as_dict() if self.report else told),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRequest:
    """What is to be loaded, and how.

    Attributes:
        references: assembly → FASTA its alleles are normalised with.
        reference: FASTA to use instead, whatever the assembly.
    """

    dataset: str
    paths: tuple[Path, ...]
    options: LoadOptions
    references: Mapping[str, Path]
    reference: Path | None = None

    def reference_path(self, assembly: str) -> Path | None:
        """Return the FASTA for an assembly, if there is one."""
        return self.reference or self.references.get(assembly)


def load_variants(
    catalogue: Catalogue,
    request: LoadRequest,
    progress: Callable[[int], None] | None = None,
) -> LoadOutcome:
    """Load the files as a new release of the dataset and publish it.

    Args:
        catalogue: the store's.
        request: what to load, and how.
        progress: is told the bytes read so far, over all files.

    Raises:
        LoadRejected: the files must not be loaded; nothing was stored.
        UsageError: the request contradicts itself or another live load.
        StoreUnavailable: the database was lost; nothing was published.
    """
    cohort, inputs, told = _opened(request)
    fingerprint = _fingerprint(cohort.assembly.name, inputs, told)
    known = catalogue.unchanged(request.dataset, fingerprint)
    if known is not None:
        return _outcome(request, known, None)
    with catalogue.begin(
        request.dataset, assembly=cohort.assembly.name, layout=cohort.layout
    ) as writer:
        _write(writer, cohort, request, progress)
        release = writer.publish(
            fingerprint=fingerprint,
            genotyped=cohort.is_genotyped,
            contigs=cohort.contigs,
            variants=cohort.report.variants,
            sample_count=cohort.sample_count,
            inputs=inputs,
            tool=f"nordic-beacon {version('nordic-beacon')}",
            options=told,
            report=cohort.report.as_dict(),
        )
    return _outcome(request, release, cohort.report)


def try_variants(
    request: LoadRequest, progress: Callable[[int], None] | None = None
) -> LoadOutcome:
    """Read, check and count the files; store nothing (``--dry-run``).

    Raises:
        LoadRejected: as ``load_variants`` would.
        UsageError: as ``load_variants`` would.
    """
    cohort = open_cohort(request.paths, request.options)
    for _ in _records(cohort, request, progress):
        pass
    return LoadOutcome(
        dataset=request.dataset,
        assembly=cohort.assembly.name,
        release=None,
        is_new=False,
        report=cohort.report,
    )


def _opened(
    request: LoadRequest,
) -> tuple[Cohort, tuple[Input, ...], dict[str, object]]:
    cohort = open_cohort(request.paths, request.options)
    inputs = tuple(_input(path) for path in request.paths)
    options = request.options
    told: dict[str, object] = {
        "filters": "all" if options.keep_filtered else "pass",
        "maxBad": options.max_bad,
        "groupBy": list(options.group_by),
        "samples": _input(options.samples).sha256 if options.samples else None,
        "reference": _reference_name(request.reference_path(cohort.assembly.name)),
    }
    return cohort, inputs, {k: v for k, v in told.items() if v is not None}


def _outcome(
    request: LoadRequest, release: Release, report: LoadReport | None
) -> LoadOutcome:
    return LoadOutcome(
        dataset=request.dataset,
        assembly=release.assembly,
        release=release,
        is_new=report is not None,
        report=report,
    )


def _records(
    cohort: Cohort, request: LoadRequest, progress: Callable[[int], None] | None
) -> Iterator[VariantRecord]:
    assembly = cohort.assembly.name
    path = request.reference_path(assembly)
    reference = None if path is None else FastaReference(path, assembly)
    return cohort.records(reference, progress)


def _reference_name(path: Path | None) -> str | None:
    """Return what tells one reference file from another."""
    if path is None:
        return None
    size = path.stat().st_size if path.is_file() else 0
    return f"{path.name} ({size} bytes)"


def _write(
    writer: ReleaseWriter,
    cohort: Cohort,
    request: LoadRequest,
    progress: Callable[[int], None] | None,
) -> None:
    records = _records(cohort, request, progress)
    while batch := list(islice(records, _BATCH)):
        writer.put(batch)


def _input(path: Path) -> Input:
    try:
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        return Input(name=shown_name(path), sha256=digest, size=path.stat().st_size)
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
        raise ReadError(reason, path=str(path)) from error


def _fingerprint(
    assembly: str, inputs: Sequence[Input], told: Mapping[str, object]
) -> str:
    """Return a digest of all that decides a release's content.

    File names and their order do not; ``maxBad`` only decides whether it loads.
    """
    content = {k: v for k, v in told.items() if k != "maxBad"}
    files = sorted(i.sha256 for i in inputs)
    text = json.dumps([_MEANING, assembly, files, content], sort_keys=True)
    return sha256(text.encode()).hexdigest()
