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

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.dataset import Input
from beacon.model.errors import ReadError, UsageError
from beacon.model.genes import name_texts, place_texts
from beacon.model.variant import Allele
from beacon.model.vrs import vrs_ids
from loaders import Cohort, LoadOptions, open_cohort
from loaders.genes import GeneFile, read_genes
from loaders.reader import shown_name
from loaders.reference import FastaReference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from beacon.model.counts import CoverageRun, VariantRecord
    from beacon.model.dataset import Release
    from beacon.store.releases import Catalogue
    from beacon.store.writer import ReleaseWriter
    from loaders.report import LoadReport

_BATCH = 2_000
_MEANING = 3
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
        keeps_vrs_ids: whether alleles are to be found by their VRS ids.
    """

    dataset: str
    paths: tuple[Path, ...]
    options: LoadOptions
    references: Mapping[str, Path]
    reference: Path | None = None
    keeps_vrs_ids: bool = False

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
        namer = None
        if request.keeps_vrs_ids:
            namer = _Namer(catalogue, writer, request, cohort.assembly.name)
        _write(writer, cohort, request, progress, namer)
        if cohort.people is not None:
            catalogue.keep_people(writer.number, cohort.people)
        release = writer.publish(
            fingerprint=fingerprint,
            genotyped=cohort.is_genotyped,
            contigs=cohort.contigs,
            coverage=cohort.coverage,
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


def load_genes(
    catalogue: Catalogue | None, paths: Sequence[Path], assembly: str | None
) -> GeneFile:
    """Load tables of genes and of their names, at once; without a catalogue, read them.

    Raises:
        LoadRejected: a table cannot be read; nothing was stored.
        StoreUnavailable: the database was lost; what was loaded before stays.
    """
    found = read_genes(paths, assembly)
    texts = place_texts(found.genes)
    if found.names:
        texts |= name_texts(found.names)
    if catalogue is not None:
        catalogue.keep_genes(texts)
    return found


def _opened(
    request: LoadRequest,
) -> tuple[Cohort, tuple[Input, ...], dict[str, object]]:
    cohort = open_cohort(request.paths, request.options)
    inputs = tuple(_input(path) for path in request.paths)
    options = request.options
    choice = None if cohort.is_genotyped else options.info_counts
    told: dict[str, object] = {
        "filters": "all" if options.keep_filtered else "pass",
        "maxBad": options.max_bad,
        "groupBy": list(options.group_by),
        "samples": _digest_of(options.samples),
        "infoCounts": choice.told() if choice else None,
        "reference": _reference_name(request.reference_path(cohort.assembly.name)),
        "callable": _digest_of(options.callable_regions),
        "vrsIds": request.keeps_vrs_ids or None,
        "countsOnly": (cohort.is_genotyped and not options.keeps_people) or None,
        "without": sorted(map(_digest_of_name, cohort.without)) or None,
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
    cohort: Cohort,
    request: LoadRequest,
    progress: Callable[[int], None] | None,
    covered: Callable[[CoverageRun], None] | None = None,
) -> Iterator[VariantRecord]:
    assembly = cohort.assembly.name
    path = request.reference_path(assembly)
    reference = None if path is None else FastaReference(path, assembly)
    return cohort.records(reference, progress, covered)


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
    namer: _Namer | None,
) -> None:
    records = _records(cohort, request, progress, writer.cover)
    while batch := list(islice(records, _BATCH)):
        writer.put(batch)
        if namer is not None:
            namer.put(batch)
    if namer is not None:
        namer.finish()


class _Namer:
    """Computes and keeps the VRS ids of a release's alleles.

    Raises:
        UsageError: without a reference, or where no digests are known.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        writer: ReleaseWriter,
        request: LoadRequest,
        assembly: str,
    ) -> None:
        path = request.reference_path(assembly)
        self._contigs = ASSEMBLIES[assembly].contigs
        if path is None:
            message = f"--vrs-ids needs the reference of {assembly} (--reference FASTA)"
            raise UsageError(message)
        if self._contigs[0].refget is None:
            message = f"--vrs-ids: the digests of {assembly} are not known here"
            raise UsageError(message)
        self._reference = FastaReference(path, assembly)
        self._kept = catalogue.identifiers(writer, assembly)
        self.finish = self._kept.finish

    def put(self, records: Sequence[VariantRecord]) -> None:
        for record in records:
            rank, start, end, reference, alternate = record[:5]
            if not alternate or alternate.startswith("<"):
                continue
            allele = Allele(
                contig=self._contigs[rank - 1],
                start=start,
                end=end,
                reference=reference,
                alternate=alternate,
            )
            ids = vrs_ids(allele, self._reference)
            if ids is not None:
                self._kept.put(allele, ids)


def _digest_of_name(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogateescape")).hexdigest()


def _digest_of(path: Path | None) -> str | None:
    return None if path is None else _input(path).sha256


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
