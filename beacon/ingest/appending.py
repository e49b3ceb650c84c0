"""Appending: the release a dataset serves, plus files.

The files of that release are not read again where their counts suffice: its rows
are shared, and the new files become a part more.  Where they do not (a person in
old and new files on one contig, reference blocks, other options) all files are read
as one load; then the old ones must still be what they were.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

from beacon.ingest.loading import (
    LoadOutcome,
    digest_of,
    load_variants,
    open_files,
    read_input,
    store_files,
    tool,
    without_withdrawn,
)
from beacon.model.dataset import CoverageKind
from beacon.model.errors import LoadRejected, ReadError, UsageError
from beacon.model.grouping import joined
from beacon.store.release_documents import Appended
from loaders import Cohort, LoadOptions, open_cohort
from loaders.mapping import Choice, CountMapping
from loaders.roster import read_samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from beacon.ingest.loading import LoadRequest, Opened, Told
    from beacon.model.counts import Layout
    from beacon.model.dataset import Input, Release
    from beacon.model.people import People
    from beacon.model.summary import Summary
    from beacon.store.releases import Catalogue
    from beacon.store.writer import ReleaseWriter

_SHAPING = ("filters", "groupBy", "infoCounts", "reference", "callable", "vrsIds")
"""Options that must be the same of files that are not read together."""

_MOST_COLUMNS = 10_000


class _ReadAgain(Exception):
    """The old files have to be read again; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The release that is appended to.

    Attributes:
        people: those of each of its parts; ``None``: of some they are not kept.
        depth: what its files' annotations tell of.
    """

    release: Release
    people: tuple[People, ...] | None
    depth: str | None

    @property
    def names(self) -> frozenset[str]:
        """Its people."""
        return frozenset(
            name for one in self.people or () for name in one.names if name is not None
        )


def append_variants(
    catalogue: Catalogue,
    request: LoadRequest,
    progress: Callable[[int], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> LoadOutcome:
    """Load files beside those the dataset serves already; publish all of them.

    Without a release it is a load like any other.

    Raises:
        LoadRejected: the files must not be loaded; nothing was stored.
        UsageError: the request contradicts the release or another live load.
        StoreUnavailable: the database was lost; nothing was published.
    """
    base = _base(catalogue, request.dataset)
    if base is None:
        return load_variants(catalogue, request, progress, say)
    request = without_withdrawn(catalogue, request)
    request = _inherited(request, base.release)
    request, known = _without_known(request, base.release)
    if not request.paths:
        return LoadOutcome(
            dataset=request.dataset,
            assembly=base.release.assembly,
            release=base.release,
            is_new=False,
            report=None,
        )
    told = progress or _nobody_asks, say or _nobody_listens
    with TemporaryDirectory() as home:
        table = Path(home) / "samples.tsv"
        try:
            new = _with_samples(request, base, table)
            return _appended(catalogue, new, base, told)
        except _ReadAgain as reason:
            whole = _all_again(request, base, str(reason), table, known)
        return load_variants(catalogue, whole, *told)


def _with_samples(request: LoadRequest, base: Base, table: Path) -> LoadRequest:
    """Return the request for the new files; people known already are who they were."""
    options = request.options
    cohort = open_cohort(request.paths, replace(options, samples=None, group_by=()))
    _refuse_other_kind(cohort, base.release)
    samples = set(cohort.samples)
    rows = {n: row for n, row in _rows_of(base.people or ()) if n in samples}
    table_ = _table(rows, options, table)
    return replace(request, options=replace(options, samples=table_))


def _base(catalogue: Catalogue, dataset: str) -> Base | None:
    stored = catalogue.served(dataset)
    if stored is None:
        return None
    found = [catalogue.people_of(number) for number in stored.rows.numbers]
    known = [people for people in found if people is not None]
    return Base(
        release=stored.release,
        people=tuple(known) if len(known) == len(found) else None,
        depth=stored.depth,
    )


# --- what is asked ------------------------------------------------------------------


def _inherited(request: LoadRequest, release: Release) -> LoadRequest:
    """Return the request; options that are not given are the release's.

    Raises:
        UsageError: an option is needed again that the release does not hold.
    """
    told, options = release.options, request.options
    if "callable" in told and options.callable_regions is None:
        message = (
            f"release {release.ordinal} declares where it looked; give the same BED"
            " file with --callable"
        )
        raise UsageError(message)
    counts = options.info_counts
    if counts is None and "infoCounts" in told:
        counts = _choice(cast("Mapping[str, object]", told["infoCounts"]))
    options = replace(
        options,
        assembly=options.assembly or release.assembly,
        group_by=options.group_by or tuple(_groups(told)),
        keep_filtered=options.keep_filtered or told.get("filters") == "all",
        info_counts=counts,
        keeps_people=options.keeps_people and not told.get("countsOnly"),
    )
    given: dict[str, object] = {
        **request.told,
        "samples": digest_of(options.samples),
        "appendedTo": release.ordinal,
    }
    return replace(
        request,
        options=options,
        keeps_vrs_ids=request.keeps_vrs_ids or bool(told.get("vrsIds")),
        told=given,
    )


def _groups(told: Mapping[str, object]) -> Sequence[str]:
    """Return the columns of the samples table that people are grouped by."""
    return cast("list[str]", told.get("groupBy", []))


def _choice(told: Mapping[str, object]) -> Choice:
    preset = cast("str | None", told["preset"])
    forms = cast("list[object]", told["forms"])
    return Choice(
        name=preset or "in the last release",
        forms=tuple(CountMapping.model_validate(form) for form in forms),
        is_preset=preset is not None,
    )


def _without_known(
    request: LoadRequest, release: Release
) -> tuple[LoadRequest, dict[str, Path]]:
    """Return a request for the files that are new; a note names the others.

    And where those others are now, by sha256.
    """
    known = {one.sha256 for one in release.inputs}
    there = [read_input(path) for path in request.paths]
    paths = tuple(
        path
        for path, one in zip(request.paths, there, strict=True)
        if one.sha256 not in known
    )
    left_out = [one.name for one in there if one.sha256 in known]
    notes = request.notes
    if left_out:
        named = ", ".join(left_out[:5])
        note = (
            f"{len(left_out)} files are in release {release.ordinal} already and were"
            f" left out ({named})"
        )
        notes = (*notes, note)
    digests = zip(there, request.paths, strict=True)
    where = {one.sha256: path for one, path in digests if one.sha256 in known}
    return replace(request, paths=paths, notes=notes), where


def _refuse_other_kind(cohort: Cohort, release: Release) -> None:
    assembly = cohort.assembly.name
    if assembly != release.assembly:
        message = (
            f"dataset {release.dataset} is {release.assembly}; these files are"
            f" {assembly}"
        )
        raise UsageError(message)
    if cohort.is_genotyped != release.genotyped:
        has, have = ("has", "have none") if release.genotyped else ("has no", "do")
        message = f"dataset {release.dataset} {has} genotypes, but these files {have}"
        raise UsageError(message)


# --- as a part more -----------------------------------------------------------------


def _appended(
    catalogue: Catalogue,
    request: LoadRequest,
    base: Base,
    told: Told,
) -> LoadOutcome:
    """Write the new files as a part more.

    Raises:
        _ReadAgain: the counts of the old files do not suffice.
    """
    opened = open_files(request)
    layout = _layout(base, opened)
    is_apart = _shares_people(base, opened.work.cohort)
    if is_apart:
        _refuse_contigs(base.release, opened.work.cohort, _contigs_of_cuts(opened))

    def publish(writer: ReleaseWriter, opened: Opened) -> Release:
        try:
            _check_end(base.release, opened.work.cohort, is_apart=is_apart)
        except _ReadAgain:
            writer.discard()
            raise
        return _publish(writer, base, opened)

    onto = Appended(base.release.number, layout)
    return store_files(catalogue, request, opened, publish, told, onto)


def _layout(base: Base, opened: Opened) -> Layout:
    """Return the columns of old and new files side by side.

    Raises:
        _ReadAgain: they cannot stand side by side.
    """
    release, cohort = base.release, opened.work.cohort
    for name in _SHAPING:
        if release.options.get(name) != opened.told.get(name):
            reason = f"they were loaded with other options ({name})"
            raise _ReadAgain(reason)
    if base.depth != cohort.depth:
        reason = "other annotations stand in their headers"
        raise _ReadAgain(reason)
    if release.coverage is CoverageKind.BLOCKS:
        reason = "they have reference blocks"
        raise _ReadAgain(reason)
    layout = joined(release.layout, cohort.layout, _groups(opened.told))
    if layout is None or len(layout.baseline) > _MOST_COLUMNS:
        reason = "their groups differ from those of the new files"
        raise _ReadAgain(reason)
    return layout


def _shares_people(base: Base, cohort: Cohort) -> bool:
    """Whether somebody may be in old and in new files.

    Raises:
        _ReadAgain: it is not known who is in the old ones.
    """
    if not cohort.is_genotyped:
        return True
    if base.people is None:
        reason = "the individuals behind their counts are not kept"
        raise _ReadAgain(reason)
    return not base.names.isdisjoint(cohort.everybody)


def _check_end(release: Release, cohort: Cohort, *, is_apart: bool) -> None:
    """Check what only reading the files tells.

    Args:
        release: what is appended to.
        cohort: the new files, read.
        is_apart: whether the files must have other contigs than the release.

    Raises:
        _ReadAgain: the old files have to be read, too.
    """
    if cohort.coverage is not release.coverage:
        reason = "the new files have reference blocks"
        raise _ReadAgain(reason)
    if is_apart:
        _refuse_contigs(release, cohort, cohort.contigs)


def _contigs_of_cuts(opened: Opened) -> frozenset[str]:
    """Return contigs that the new files have, known before they are read.

    What goes wrong with large files shows at once then, and a load of all files that
    was killed is found again.
    """
    ranks = {cut.rank for cut in opened.work.plan.cuts}
    return frozenset(
        contig.name
        for contig in opened.work.cohort.assembly.contigs
        if contig.rank in ranks
    )


def _refuse_contigs(release: Release, cohort: Cohort, contigs: frozenset[str]) -> None:
    if contigs.isdisjoint(release.contigs):
        return
    reason = "new and old files hold the same people on the same contigs"
    if not cohort.is_genotyped:
        reason = "new and old files hold the same contigs, and counts do not add up"
    raise _ReadAgain(reason)


def _publish(writer: ReleaseWriter, base: Base, opened: Opened) -> Release:
    release, cohort = base.release, opened.work.cohort
    added, begins = writer.added(), writer.begins_before()
    summary = writer.summary_before()
    if begins is not None:
        begins = begins.plus(added.begins)
    count = None
    if cohort.is_genotyped:
        count = len(base.names | set(cohort.everybody))
    return writer.publish(
        fingerprint=_fingerprint(release, opened),
        genotyped=cohort.is_genotyped,
        contigs=release.contigs | cohort.contigs,
        coverage=release.coverage,
        variants=release.variants + added.alleles,
        sample_count=count,
        inputs=(*release.inputs, *opened.inputs),
        tool=tool(),
        options=opened.told,
        report=cohort.report.as_dict(),
        begins=begins,
        summary=summary and _summary(summary.changed(added.change), base, cohort),
        depth=base.depth,
    )


def _summary(summary: Summary, base: Base, cohort: Cohort) -> Summary:
    """Return a summary with who came with the new files, whoever is in both once."""
    if summary.people is None or cohort.people is None:
        return summary
    people = Counter(summary.people)
    known = base.names
    for name, column in zip(cohort.people.names, cohort.people.column_of, strict=True):
        if name not in known:
            people[cohort.layout.kinds[column]] += 1
    return replace(summary, people=people)


def _fingerprint(release: Release, opened: Opened) -> str:
    files = sorted(one.sha256 for one in opened.inputs)
    text = json.dumps([release.fingerprint, files, opened.told], sort_keys=True)
    return sha256(text.encode()).hexdigest()


# --- all files again ----------------------------------------------------------------


def _all_again(
    request: LoadRequest,
    base: Base,
    reason: str,
    table: Path,
    known: Mapping[str, Path],
) -> LoadRequest:
    """Return the request that reads the old files with the new ones, as one load.

    Args:
        request: for the new ones.
        base: what is appended to.
        reason: why.
        table: where a table of all samples may be written.
        known: where old files are that were given again, by sha256.

    Raises:
        LoadRejected: an old file is not what it was, or cannot be found.
        UsageError: the samples of the old files are needed, and not kept.
    """
    release, options = base.release, request.options
    old = tuple(known.get(one.sha256) or _kept(one, reason) for one in release.inputs)
    samples = options.samples
    if base.people is not None:
        samples = _table(dict(_rows_of(base.people)), options, table)
    elif release.options.get("samples") and samples is None:
        message = (
            f"the old files have to be read again ({reason}); give the table of all"
            " their samples with --samples"
        )
        raise UsageError(message)
    return replace(
        request,
        paths=old + request.paths,
        options=replace(options, samples=samples),
        notes=(
            *request.notes,
            f"the files of release {release.ordinal} were read again: {reason}",
        ),
    )


def _kept(one: Input, reason: str) -> Path:
    """Return where an old file is.

    Raises:
        LoadRejected: it is not there any more, or was changed.
    """
    what = "is not known where it was" if one.path is None else "cannot be read"
    if one.path is not None:
        try:
            if read_input(Path(one.path)).sha256 == one.sha256:
                return Path(one.path)
            what = "was changed"
        except ReadError:
            what = "cannot be found"
    message = (
        f"{one.name} has to be read again ({reason}), but it {what}; give that"
        " file, too, from where it is now, or load all files without --append"
    )
    raise LoadRejected(message)


_Row = dict[str, str | None]
"""What is told of a sample, by column."""


def _table(rows: dict[str, _Row], options: LoadOptions, path: Path) -> Path | None:
    """Write known samples and those of the table that is given as one table.

    The columns to group by are there even where nothing is known.
    """
    rows = dict(rows)
    if options.samples is not None:
        for sample in read_samples(options.samples, ()).values():
            told = dict(zip(sample.columns, sample.values, strict=True))
            rows[sample.name] = {"individual": sample.individual, **told}
    if not rows and not options.group_by:
        return options.samples
    named = (name for row in rows.values() for name in row)
    groups = (name.lower() for name in options.group_by)
    columns = list(dict.fromkeys((*named, *groups)))
    lines = ["\t".join(("sample", *columns))]
    for name, row in rows.items():
        lines.append("\t".join((name, *(row.get(c) or "" for c in columns))))
    path.write_text("\n".join(lines) + "\n", "utf-8", "surrogateescape")
    return path


def _rows_of(people: Sequence[People]) -> Iterator[tuple[str, _Row]]:
    """Yield what is known of each sample."""
    for part in people:
        for number, individual in enumerate(part.names):
            told = {column: values[number] for column, values in part.table.items()}
            for sample in part.samples[number]:
                yield sample, {"individual": individual, **told}


def _nobody_asks(read: int) -> None:
    """Take the bytes read, and tell nobody."""


def _nobody_listens(sentence: str) -> None:
    """Take a sentence, and tell nobody."""
