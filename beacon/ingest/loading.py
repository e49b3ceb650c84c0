"""One load: files → chunks → records → a new release, published at the end.

Nothing is visible before the last step here, and what is visible then is the
whole of the files.  Reading and counting are ``loaders``', keeping is
``store``'s; this room only carries from one to the other.  A load of several
chunks that is cut short is gone on with by the next one like it.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field, replace
from hashlib import file_digest, sha256
from importlib.metadata import version
from typing import TYPE_CHECKING, cast

from beacon.ingest.batches import check_batch
from beacon.ingest.chunks import (
    LATE,
    ChunkReader,
    ChunkWriter,
    Work,
    refuse_ids_without,
)
from beacon.ingest.parallel import Crew
from beacon.model.dataset import Input
from beacon.model.errors import ReadError
from beacon.model.genes import name_texts, place_texts
from beacon.model.summary import Change, Summary, people_of, windows_of
from beacon.store.bins import Begins
from loaders import Cohort, LoadOptions, open_cohort
from loaders.accounts import FORM, Account, read_account
from loaders.genes import GeneFile, read_genes
from loaders.reader import shown_name
from loaders.report import BIN_BITS
from loaders.shards import OutOfOrder, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from beacon.model.dataset import Release
    from beacon.store.release_documents import Appended
    from beacon.store.releases import Catalogue
    from beacon.store.writer import ReleaseWriter
    from loaders.report import LoadReport

    Told = tuple[Callable[[int], None], Callable[[str], None]]
    """Is told the bytes read; is told what is to be said."""

    Publish = Callable[[ReleaseWriter, "Opened"], Release]

_MEANING = 4
"""Raised when the same files would mean other counts than before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOutcome:
    """What a load did.

    Attributes:
        release: the release served now; ``None`` after a dry run.
        is_new: whether this load published it (the same files change nothing).
        report: the account of every record; ``None`` when nothing was read.
        duplicates: sentences on who is in other datasets, too, or twice.
    """

    dataset: str
    assembly: str
    release: Release | None
    is_new: bool
    report: LoadReport | None
    duplicates: tuple[str, ...] = ()

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
            "duplicates": list(self.duplicates),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRequest:
    """What is to be loaded, and how.

    Attributes:
        references: assembly → FASTA its alleles are normalised with.
        reference: FASTA to use instead, whatever the assembly.
        keeps_vrs_ids: whether alleles are to be found by their VRS ids.
        jobs: how many processes read at most.
        told: options that are kept otherwise than they are given here.
        notes: what the report says of the load.
        min_new_people: a release may not differ from the one served in fewer;
            ``None``: in any number.
    """

    dataset: str
    paths: tuple[Path, ...]
    options: LoadOptions
    references: Mapping[str, Path]
    reference: Path | None = None
    keeps_vrs_ids: bool = False
    jobs: int = 1
    told: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    min_new_people: int | None = None

    def reference_path(self, assembly: str) -> Path | None:
        """Return the FASTA for an assembly, if there is one."""
        return self.reference or self.references.get(assembly)


def load_variants(
    catalogue: Catalogue,
    request: LoadRequest,
    progress: Callable[[int], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> LoadOutcome:
    """Load the files as a new release of the dataset and publish it.

    Args:
        catalogue: the store's.
        request: what to load, and how.
        progress: is told the bytes read so far, over all files.
        say: is told what a person waiting should know.

    Raises:
        LoadRejected: the files must not be loaded; nothing was stored.
        LoadInterrupted: a process of the load was killed; nothing was published.
        UsageError: the request contradicts itself or another live load.
        StoreUnavailable: the database was lost; nothing was published.
    """
    request = without_withdrawn(catalogue, request)
    opened = open_files(request)
    known = catalogue.unchanged(request.dataset, opened.fingerprint)
    if known is not None:
        return _outcome(request, known, None)
    told = progress or _nobody_asks, say or _nobody_listens
    return store_files(catalogue, request, opened, _publish, told)


def store_files(
    catalogue: Catalogue,
    request: LoadRequest,
    opened: Opened,
    publish: Publish,
    told: Told | None = None,
    onto: Appended | None = None,
) -> LoadOutcome:
    """Write the files of a request, in chunks or from beginning to end.

    Args:
        catalogue: the store's.
        request: what is loaded.
        opened: its files.
        publish: is given the writer when everything is written.
        told: the progress, and what is said.
        onto: what the release is appended to.
    """
    told = told or (_nobody_asks, _nobody_listens)
    cohort, is_added = opened.work.cohort, onto is not None
    check_batch(catalogue, request, cohort, is_added=is_added)
    try:
        release = _load(catalogue, request, opened, publish, told, onto)
    except OutOfOrder:
        opened = _in_one_piece(request, opened)
        release = _load(catalogue, request, opened, publish, told, onto)
    return _outcome(request, release, opened.work.cohort.report)


def _load(
    catalogue: Catalogue,
    request: LoadRequest,
    opened: Opened,
    publish: Publish,
    told: Told,
    onto: Appended | None,
) -> Release:
    """Begin a release or go on with one, write it chunk by chunk, publish it."""
    cohort, plan = opened.work.cohort, opened.work.plan
    progress, say = told
    cohort.report.notes.extend(request.notes)
    with catalogue.begin(
        request.dataset,
        assembly=cohort.assembly.name,
        layout=cohort.layout,
        appended_to=onto,
        resume=opened.resume,
    ) as writer:
        writing = ChunkWriter(opened.work, catalogue, writer)
        done = writer.done
        if done:
            say(f"Resuming: {len(done)} of {plan.chunks} chunks are done.")
        crew = Crew(opened.work, progress, catalogue.address, writer.ticket)
        texts = crew.read(writing.read, request.jobs, done)
        if plan.cuts:
            writer.enter(LATE)
            texts = writer.accounts()
        writing.conclude(_accounts(cohort, texts))
        if cohort.people is not None:
            catalogue.keep_people(writer.number, cohort.people)
        return publish(writer, opened)


def _publish(writer: ReleaseWriter, opened: Opened) -> Release:
    """Publish what was written as a release of these files alone."""
    cohort = opened.work.cohort
    return writer.publish(
        fingerprint=opened.fingerprint,
        genotyped=cohort.is_genotyped,
        contigs=cohort.contigs,
        coverage=cohort.coverage,
        variants=cohort.report.variants,
        sample_count=cohort.sample_count,
        inputs=opened.inputs,
        tool=tool(),
        options=opened.told,
        report=cohort.report.as_dict(),
        begins=Begins(cohort.report.bins, cohort.report.absent),
        summary=_summary(cohort),
        depth=cohort.depth,
    )


def _summary(cohort: Cohort) -> Summary:
    """Return the shape of a release of these files alone."""
    change, report = Change(), cohort.report
    for (_, number), count in report.cells.items():
        change.cells[number] += count
    for bins in (report.bins, report.wide):
        change.windows.update(windows_of(bins, BIN_BITS))
    people = people_of(cohort.layout) if cohort.is_genotyped else None
    return Summary(cells={}, windows={}, people=people).changed(change)


def tool() -> str:
    """Return what made a release."""
    return f"nordic-beacon {version('nordic-beacon')}"


def try_variants(
    request: LoadRequest, progress: Callable[[int], None] | None = None
) -> LoadOutcome:
    """Read, check and count the files; store nothing (``--dry-run``).

    Raises:
        LoadRejected: as ``load_variants`` would.
        LoadInterrupted: as ``load_variants`` would.
        UsageError: as ``load_variants`` would.
    """
    cohort = open_cohort(request.paths, request.options)
    work = _work(request, cohort, cohort.plan())
    try:
        _try(work, request.jobs, progress or _nobody_asks)
    except OutOfOrder:
        cohort = _noted(cohort.opened_again())
        _try(_work(request, cohort, Plan()), 1, progress or _nobody_asks)
    return LoadOutcome(
        dataset=request.dataset,
        assembly=cohort.assembly.name,
        release=None,
        is_new=False,
        report=cohort.report,
    )


def _try(work: Work, jobs: int, progress: Callable[[int], None]) -> None:
    crew = Crew(work, progress)
    texts = crew.read(ChunkReader(work).read, jobs)
    accounts = _accounts(work.cohort, texts)
    concluded = work.cohort.concluded(work.plan, accounts, work.opened_reference())
    deque(concluded, maxlen=0)


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


def without_withdrawn(catalogue: Catalogue, request: LoadRequest) -> LoadRequest:
    """Return a request that leaves out who asked for it."""
    orders = catalogue.withdrawals.orders(request.dataset)
    gone = request.options.excluded.union(order.individual for order in orders)
    return replace(request, options=replace(request.options, excluded=gone))


def without(
    release: Release, individuals: Collection[str]
) -> tuple[Mapping[str, object], str]:
    """Return the options and the fingerprint of a release that people left.

    They are those of a load of the same files that leaves the same people out.
    """
    told = dict(release.options)
    digests = {_digest_of_name(name) for name in individuals}
    told["without"] = sorted(digests.union(cast("list[str]", told.get("without", []))))
    return told, _fingerprint(release.assembly, release.inputs, told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A load that is about to begin.

    Attributes:
        inputs: the files.
        told: the options, as a release tells them.
        fingerprint: a digest of all that decides the release's content.
    """

    work: Work
    inputs: tuple[Input, ...]
    told: Mapping[str, object]
    fingerprint: str

    @property
    def resume(self) -> str | None:
        """A digest of all that decides the chunks, too; ``None`` where there is one."""
        if not self.work.plan.cuts:
            return None
        files = [i.sha256 for i in self.inputs]
        text = json.dumps([self.fingerprint, files, self.work.plan.told(), FORM])
        return sha256(text.encode()).hexdigest()


def open_files(request: LoadRequest) -> Opened:
    """Return the files of a load, opened, cut, and told apart from others.

    Raises:
        ReadError: a file that cannot be loaded at all.
        UsageError: options or files that contradict each other.
    """
    cohort = open_cohort(request.paths, request.options)
    inputs = tuple(read_input(path) for path in request.paths)
    options = request.options
    choice = None if cohort.is_genotyped else options.info_counts
    told: dict[str, object] = {
        "filters": "all" if options.keep_filtered else "pass",
        "maxBad": options.max_bad,
        "groupBy": list(options.group_by),
        "samples": digest_of(options.samples),
        "infoCounts": choice.told() if choice else None,
        "reference": _reference_name(request.reference_path(cohort.assembly.name)),
        "callable": digest_of(options.callable_regions),
        "vrsIds": request.keeps_vrs_ids or None,
        "countsOnly": (cohort.is_genotyped and not options.keeps_people) or None,
        "without": sorted(map(_digest_of_name, cohort.without)) or None,
        **request.told,
    }
    told = {k: v for k, v in told.items() if v is not None}
    work = _work(request, cohort, cohort.plan())
    if request.keeps_vrs_ids:
        refuse_ids_without(work.reference, cohort.assembly)
    return Opened(
        work=work,
        inputs=inputs,
        told=told,
        fingerprint=_fingerprint(cohort.assembly.name, inputs, told),
    )


def _work(request: LoadRequest, cohort: Cohort, plan: Plan) -> Work:
    return Work(
        cohort=cohort,
        plan=plan,
        reference=request.reference_path(cohort.assembly.name),
        keeps_vrs_ids=request.keeps_vrs_ids,
    )


def _in_one_piece(request: LoadRequest, opened: Opened) -> Opened:
    """Return the same load to be read from beginning to end."""
    cohort = _noted(opened.work.cohort.opened_again())
    return replace(opened, work=_work(request, cohort, Plan()))


def _noted(cohort: Cohort) -> Cohort:
    cohort.report.notes.append(
        "the files could not be read in parts (records out of order, or reference"
        " blocks in a file that does not begin with any): one process read them"
    )
    return cohort


def _accounts(cohort: Cohort, texts: Sequence[str]) -> list[Account]:
    names = [file.name for file in cohort.report.files]
    return [read_account(text, names) for text in texts]


def _nobody_asks(read: int) -> None:
    """Take the bytes read, and tell nobody."""


def _nobody_listens(sentence: str) -> None:
    """Take a sentence, and tell nobody."""


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


def _reference_name(path: Path | None) -> str | None:
    """Return what tells one reference file from another."""
    if path is None:
        return None
    size = path.stat().st_size if path.is_file() else 0
    return f"{path.name} ({size} bytes)"


def _digest_of_name(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogateescape")).hexdigest()


def digest_of(path: Path | None) -> str | None:
    """Return what tells a file's content from another's."""
    return None if path is None else read_input(path).sha256


def read_input(path: Path) -> Input:
    """Return what is kept of a file.

    Raises:
        ReadError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        return Input(
            name=shown_name(path),
            sha256=digest,
            size=path.stat().st_size,
            path=str(path.absolute()),
        )
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
