"""The files of one load, taken together: one assembly, one roster, one stream.

Everything that can refuse a load before a record is read is refused in
``open_cohort``; everything about single records is in the report.
"""

from __future__ import annotations

import heapq
import os
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from beacon.model.dataset import CoverageKind
from beacon.model.errors import LoadRejected, ReadError, UsageError
from loaders.accounts import Account, lines_before
from loaders.annotations import FileAnnotations
from loaders.copynumber import CopyNumbers
from loaders.counting import GenotypeCounting, InfoCounting
from loaders.coverage import Coverage
from loaders.declared import DeclaredFiles, untold
from loaders.header import Header, choose_assembly, left_out, read_header
from loaders.leaving import KeptColumns
from loaders.mapping import fit, shown, uncounted
from loaders.merging import Merger
from loaders.reader import CHANGED, VcfText, shown_name
from loaders.reading import Reading, chunks_to_read
from loaders.regions import Regions, read_regions
from loaders.report import FileReport, LoadReport
from loaders.roster import Roster, Sample, make_roster, read_samples
from loaders.shards import OutOfOrder, Plan, make_plan
from loaders.vcf import Site, VcfSites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from beacon.model.assemblies import Assembly
    from beacon.model.counts import CoverageRun, Layout, VariantRecord
    from beacon.model.people import People, Reached
    from beacon.model.variant import Reference
    from loaders.mapping import Choice
    from loaders.merging import Late, Window
    from loaders.reader import Stamp, VcfLines

_STEP = 4096
_MOST_NOTES = 20
_PEEKED = 1000
_GENOTYPES_COUNT = (
    "--info-counts is not used: these files have genotypes, and genotypes count"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """How files are read.

    Attributes:
        assembly: canonical name; ``None``: the headers decide.
        samples: the samples table.
        group_by: columns of it to count by, besides sex and population.
        keep_filtered: count records that failed a FILTER (``--filters all``).
        max_bad: the share of bad records above which a file is rejected.
        info_counts: where sites-only files keep their counts; ``None``: in AC, AN
            and nhomalt.
        callable_regions: BED file that says where the dataset looked.
        callable_by_all: whether everybody was looked at in all of it; else a "no" there
            has no AN.
        keeps_people: keep what each person adds to the counts, not the counts alone.
        excluded: individuals, or names of their samples, who are left out.
    """

    assembly: str | None = None
    samples: Path | None = None
    group_by: tuple[str, ...] = ()
    keep_filtered: bool = False
    max_bad: float = 0.01
    info_counts: Choice | None = None
    callable_regions: Path | None = None
    callable_by_all: bool = True
    keeps_people: bool = True
    excluded: frozenset[str] = frozenset()


class Cohort:
    """The opened files of one load.

    Attributes:
        report: filled while the records are taken.
        contigs: plain names of those with a record or a region; known at the end.
        coverage: how the files declare where they looked; known at the end.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        headers: Sequence[Header],
        assembly: Assembly,
        people: Roster | DeclaredFiles,
        regions: Regions | None,
        options: LoadOptions,
    ) -> None:
        self._paths = paths
        self._headers = headers
        self._people = people
        self._roster = people if isinstance(people, Roster) else None
        self._regions = regions
        self._options = options
        self.assembly = assembly
        self.report = LoadReport(files=[FileReport(name=shown_name(p)) for p in paths])
        self.report.notes.extend(people.notes)
        unreadable = sorted({a for h in headers for a in h.annotated.unreadable})
        if unreadable:
            named = ", ".join(unreadable)
            self.report.notes.append(
                f"not loaded: annotations whose header names no fields (INFO {named})"
            )
        self.report.notes.extend(_header_notes(headers))
        self.contigs: frozenset[str] = frozenset()
        self.coverage: CoverageKind | None = None

    @property
    def is_genotyped(self) -> bool:
        """Whether counts come from genotypes."""
        return isinstance(self._people, Roster)

    @property
    def sample_count(self) -> int | None:
        """How many people the files hold; ``None`` for sites only."""
        return self._people.people if isinstance(self._people, Roster) else None

    @property
    def people(self) -> People | None:
        """Who is behind the counts; ``None`` where they are not kept."""
        if self._roster is None or not self._options.keeps_people:
            return None
        return self._roster.described

    @property
    def everybody(self) -> frozenset[str]:
        """The individuals of the files, kept or not."""
        roster = self._roster
        names = () if roster is None else roster.described.names
        return frozenset(name for name in names if name is not None)

    @property
    def samples(self) -> frozenset[str]:
        """The sample names that the files' headers hold."""
        return frozenset(name for header in self._headers for name in header.samples)

    @property
    def stamps(self) -> tuple[Stamp, ...]:
        """What the files were when they were opened."""
        return tuple(header.stamp for header in self._headers)

    def opened_again(self) -> Cohort:
        """Return the same files, none of their records read.

        Raises:
            ReadError: one was changed or replaced.
        """
        again = open_cohort(self._paths, self._options)
        for path, now, then in zip(self._paths, again.stamps, self.stamps, strict=True):
            if now != then:
                raise ReadError(CHANGED, path=str(path))
        return again

    @property
    def depth(self) -> str | None:
        """What the headers say that annotations tell of: of all records the same.

        Files of another depth are understood otherwise beside these.
        """
        annotated = [header.annotated for header in self._headers]
        depth = max(one.depth for one in annotated)
        if not depth:
            return None
        changes = any(one.tells_changes for one in annotated)
        return f"{depth}, {'with' if changes else 'without'} changes of proteins"

    @property
    def without(self) -> tuple[str, ...]:
        """The individuals of the files who are left out, sorted."""
        return () if self._roster is None else self._roster.without

    @property
    def layout(self) -> Layout:
        """The columns and groups of the counts."""
        return self._people.layout

    def records(
        self,
        reference: Reference | None = None,
        progress: Callable[[int], None] | None = None,
        covered: Callable[[CoverageRun], None] | None = None,
    ) -> Iterator[VariantRecord]:
        """Yield every allele's record; one yielded again replaces the earlier.

        Args:
            reference: the genome REF is checked against and alleles are
                left-aligned with.
            progress: is told the bytes read so far, over all files.
            covered: is given the stretches in which the files looked, by contig;
                a contig given again replaces the earlier.

        Raises:
            LoadRejected: too many bad records, or none usable; at the end.
            ReadError: a file that is truncated or corrupt.
        """
        account = Account()
        yield from self.chunk(Plan(), 0, account, reference, progress, covered)
        yield from self.concluded(Plan(), [account], reference, covered)

    def plan(self) -> Plan:
        """Return the chunks the files can be read in, side by side."""
        return make_plan(self._headers, self.assembly)

    def chunk(
        self,
        plan: Plan,
        number: int,
        account: Account,
        reference: Reference | None = None,
        progress: Callable[[int], None] | None = None,
        covered: Callable[[CoverageRun], None] | None = None,
        reached: Callable[[Reached], None] | None = None,
    ) -> Iterator[VariantRecord]:
        """Yield the records of the alleles that begin in one chunk.

        Args:
            plan: that of the load.
            number: of the chunk.
            account: is filled while the records are taken, and whole at the end.
            reference: as for ``records``, and so are the others.
            progress: is told the bytes of this chunk.
            covered: as for ``records``.
            reached: is given what blocks call of each person.

        Raises:
            OutOfOrder: the files are not in the order in which they were cut.
            ReadError: a file that is truncated or corrupt.
        """
        account.report = self._unread()
        reading = Reading(plan, number)
        inside = self._inside(covered or _nobody_listens)
        coverage = Coverage(self._roster, inside, reached)
        merger = self._merger(reference, coverage, account.report, reading)
        sites = self._chunk_sites(reading, account.report, progress, account.lines)
        again = partial(self._chunk_sites, reading, self._unread(), None, [])
        usual = _UsualAn(account.usual)
        records = merger.records(sites, again)
        if self._regions is not None and self._roster is None:
            records = usual.watched(records)
        yield from records
        if (
            plan.cuts
            and not plan.by_contig
            and coverage.is_declared | coverage.has_blocks
        ):
            message = "reference blocks stand where none were expected"
            raise OutOfOrder(message)
        account.ranks, account.contigs = reading.ranks, merger.contigs
        account.foreign = merger.foreign
        account.is_declared = coverage.is_declared
        account.has_blocks = coverage.has_blocks

    def concluded(
        self,
        plan: Plan,
        accounts: Sequence[Account],
        reference: Reference | None = None,
        covered: Callable[[CoverageRun], None] | None = None,
    ) -> Iterator[VariantRecord]:
        """Yield what no chunk could know alone, and complete the report.

        Args:
            plan: that of the load.
            accounts: of all chunks, in order.
            reference: as for ``records``.
            covered: as for ``records``.

        Raises:
            OutOfOrder: the files are not in the order in which they were cut.
            LoadRejected: too many bad records, or none usable.
        """
        _refuse_scattered(plan, accounts)
        before = lines_before(accounts, plan.lines or [0] * len(self._paths))
        for account, lines in zip(accounts, before, strict=True):
            self.report.add(account.report, lines if plan.cuts else [0] * len(lines))
        late = _late(accounts, before)
        if late:
            coverage = Coverage(self._roster, _nobody_listens)
            coverage.has_blocks = any(account.has_blocks for account in accounts)
            merger = self._merger(reference, coverage, self.report, None)
            chunks = chunks_to_read(plan, accounts)
            yield from merger.replaced(
                late, partial(self._sites_again, plan, chunks, before)
            )
        self.contigs = frozenset(name for one in accounts for name in one.contigs)
        self._judge_all()
        if any(account.is_declared for account in accounts):
            self.coverage = CoverageKind.BLOCKS
        if self._regions is not None:
            usual = {an for account in accounts for an in account.usual}
            an = usual.pop() if len(usual) == 1 else None
            self._add_regions(self._regions, an, covered or _nobody_listens)

    def _merger(
        self,
        reference: Reference | None,
        coverage: Coverage,
        report: LoadReport,
        window: Window | None,
    ) -> Merger:
        counting: GenotypeCounting | InfoCounting
        if isinstance(self._people, Roster):
            counting = GenotypeCounting(
                self._people, keeps_people=self._options.keeps_people
            )
        else:
            counting = InfoCounting(self._people.shape)
        annotated = [h.annotated for h in self._headers]
        annotations = [FileAnnotations(one, annotated) for one in annotated]
        return Merger(counting, reference, coverage, report, annotations, window)

    def _judge_all(self) -> None:
        """Reject what must not be loaded, now that every record is accounted for."""
        report = self.report
        if report.disordered:
            report.notes.append(
                f"reference blocks of {report.disordered} contigs are not in order;"
                " their files were read again (sorted files load faster)"
            )
        for file in report.files:
            self._judge(file)
        if self._roster is None:
            self._judge_counts()

    def _inside(
        self, told: Callable[[CoverageRun], None]
    ) -> Callable[[CoverageRun], None]:
        """Return what passes runs on, as far as they lie inside the regions."""
        regions = self._regions
        if regions is None:
            return told

        def told_inside(run: CoverageRun) -> None:
            for part in regions.within(run):
                told(part)

        return told_inside

    def _add_regions(
        self,
        regions: Regions,
        an: tuple[int, ...] | None,
        told: Callable[[CoverageRun], None],
    ) -> None:
        """Account for the regions; where no block says it, everybody was looked at."""
        self.contigs |= regions.contigs
        stored = self.report.stored
        stored["callable regions"] = regions.number
        stored["callable bases"] = regions.bases
        if regions.left_out:
            name = next(iter(regions.left_out))
            self.report.notes.append(
                f"{sum(regions.left_out.values())} lines of the callable regions are on"
                f" sequences that {self.assembly.name} lacks, such as {name}"
            )
        if self.coverage is None:
            self.coverage = CoverageKind.REGIONS
            for run in regions.runs(self._roster, an):
                told(run if self._options.callable_by_all else run._replace(an=None))

    def sites(self) -> Iterable[Site]:
        """Return every record as it is read, before alleles are merged and counted."""
        return self._sites(self._unread(), None)

    def _unread(self) -> LoadReport:
        return LoadReport(files=[FileReport(name=shown_name(p)) for p in self._paths])

    def _sites(
        self, report: LoadReport, progress: Callable[[int], None] | None
    ) -> Iterator[Site]:
        return self._chunk_sites(Reading(Plan(), 0), report, progress, [])

    def _chunk_sites(
        self,
        reading: Reading,
        report: LoadReport,
        progress: Callable[[int], None] | None,
        lines: list[int],
    ) -> Iterator[Site]:
        """Yield the sites of a chunk, and what it reads ahead; note its lines."""
        reading.begin()
        with ExitStack() as opened:
            texts = [
                opened.enter_context(closing(text))
                for text in reading.texts(self._headers)
            ]
            for text, header in zip(texts, self._headers, strict=True):
                text.refuse_change(header.stamp)
            first = [text.last for text in texts]
            ahead = self._unread()
            streams = [
                reading.in_order(
                    self._reader(text, number).sites(report.files[number]),
                    self._ahead(reading, text, number, ahead, opened),
                )
                for number, text in enumerate(texts)
            ]
            yield from _together(streams, texts, progress)
            lines[:] = [t.last - begun for t, begun in zip(texts, first, strict=True)]

    def _ahead(
        self,
        reading: Reading,
        text: VcfLines,
        number: int,
        report: LoadReport,
        opened: ExitStack,
    ) -> Iterator[Site]:
        """Yield what a file says behind a chunk, when that is read."""
        header = self._headers[number]
        beyond = reading.beyond(number, header, text)
        if beyond is not None:
            opened.enter_context(closing(beyond))
            yield from self._reader(beyond, number).sites(report.files[number])

    def _sites_again(
        self, plan: Plan, chunks: Sequence[int], before: Sequence[Sequence[int]]
    ) -> Iterator[Site]:
        """Yield every site of some chunks, once."""
        for chunk in chunks:
            reading = Reading(plan, chunk, before[chunk])
            with ExitStack() as opened:
                texts = [
                    opened.enter_context(closing(text))
                    for text in reading.texts(self._headers)
                ]
                report = self._unread()
                streams = [
                    self._reader(text, number).sites(report.files[number])
                    for number, text in enumerate(texts)
                ]
                yield from _together(streams, texts, None)

    def _reader(self, text: VcfLines, number: int) -> VcfSites:
        header, people = self._headers[number], self._people
        return VcfSites(
            text,
            header,
            self.assembly,
            declared=None if isinstance(people, Roster) else people.readers[number],
            number=number,
            left_out=left_out(header, self.assembly),
            keep_filtered=self._options.keep_filtered,
            copies=CopyNumbers(
                self._roster.sexes_of(number) if self._roster else (),
                is_alone=len(header.samples) == 1,
            ),
            kept=self._kept(number),
        )

    def _kept(self, number: int) -> KeptColumns | None:
        """Return which sample columns of a file are read, where not all are."""
        kept = None if self._roster is None else self._roster.kept[number]
        if kept is None:
            return None
        return KeptColumns(kept, len(self._headers[number].samples))

    def _judge(self, file: FileReport) -> None:
        """Reject a file with too many bad records, or without a usable one."""
        if not file.records:
            return
        if not file.usable:
            reasons = [*file.bad, *file.not_loaded]
            message = (
                f"{file.name}: none of its {file.records} records can be used"
                f" ({reasons[0]})"
            )
            raise LoadRejected(message)
        if file.bad_records > self._options.max_bad * file.records:
            first = next(iter(file.examples[next(iter(file.bad))]))
            message = (
                f"{file.name}: {file.bad_records} of {file.records} records are bad,"
                f" more than --max-bad {self._options.max_bad:.2%} allows; the first:"
                f" {first}"
            )
            raise LoadRejected(message)

    def _judge_counts(self) -> None:
        """Reject files that never tell what they were said to tell."""
        choice, told = self._options.info_counts, self.report.told
        if choice is None or not told[False]:
            return
        if not told[True]:
            found = tuple(dict.fromkeys(f for h in self._headers for f in h.info))
            message = (
                f"--info-counts {choice.name} does not fit: no record tells the AC of"
                f" Total; INFO fields found: {shown(found)}"
            )
            raise LoadRejected(message)
        self.report.notes.append(
            f"{told[False]} alleles are listed without the AC of Total: their"
            " presence is all that is said"
        )


def _together(
    streams: Sequence[Iterator[Site]],
    texts: Sequence[VcfLines],
    progress: Callable[[int], None] | None,
) -> Iterable[Site]:
    """Return the sites of all files, in order as far as the files are."""
    merged: Iterable[Site] = (
        streams[0]
        if len(streams) == 1
        else heapq.merge(*streams, key=attrgetter("order"))
    )
    return merged if progress is None else _watched(merged, texts, progress)


def _refuse_scattered(plan: Plan, accounts: Sequence[Account]) -> None:
    """Refuse a contig without a cut that has records in several chunks."""
    seen = Counter(rank for account in accounts for rank in account.ranks)
    if any(n > 1 and not plan.is_cut(rank) for rank, n in seen.items()):
        message = "records of a contig are not together"
        raise OutOfOrder(message)


def _late(accounts: Sequence[Account], before: Sequence[Sequence[int]]) -> Late:
    """Return the alleles that no chunk knows wholly, with the lines of the files."""
    late: Late = {}
    for account, lines in zip(accounts, before, strict=True):
        for key, where in account.foreign.items():
            found = late.setdefault(key, [])
            found += [(file, line + lines[file]) for file, line in where]
    return late


def _watched(
    sites: Iterable[Site], texts: Sequence[VcfLines], progress: Callable[[int], None]
) -> Iterator[Site]:
    """Yield the sites, and tell now and then how many bytes are read."""
    for count, site in enumerate(sites):
        if not count % _STEP:
            progress(sum(text.bytes_read for text in texts))
        yield site


def _header(path: Path) -> Header:
    text = VcfText(path)
    try:
        return read_header(text)
    finally:
        text.close()


def _header_notes(headers: Sequence[Header]) -> Iterator[str]:
    """Yield what the headers say wrongly, each sentence once."""
    files: dict[str, list[str]] = {}
    for header in headers:
        for note in header.notes[:_MOST_NOTES]:
            files.setdefault(note, []).append(header.path)
    for note, paths in islice(files.items(), _MOST_NOTES):
        name = shown_name(Path(paths[0]))
        more = f" and {len(paths) - 1} more files" if len(paths) > 1 else ""
        yield f"{name}{more}: {note}"


def _nobody_listens(run: CoverageRun) -> None:
    """Take a run, and do nothing with it."""


class _UsualAn:
    """The AN of a source that has the same one everywhere.

    Args:
        found: is filled with what records have, of two different ones at most.
    """

    def __init__(self, found: set[tuple[int, ...] | None]) -> None:
        self._found = found

    def watched(self, records: Iterable[VariantRecord]) -> Iterator[VariantRecord]:
        """Yield the records, and note the AN of those that count."""
        for record in records:
            if not record.filters and len(self._found) < 2:
                self._found.add(record.tally.an)
            yield record


def open_cohort(paths: Sequence[Path], options: LoadOptions) -> Cohort:
    """Return the files, opened and found to fit together.

    Raises:
        ReadError: a file that cannot be loaded at all.
        UsageError: options or files that contradict each other.
    """
    if len({os.path.realpath(p) for p in paths}) != len(paths):
        message = "the same file is given twice"
        raise UsageError(message)
    table: Mapping[str, Sample] = {}
    if options.samples is not None:
        table = read_samples(options.samples, options.group_by)
    elif options.group_by:
        message = "--group-by needs --samples"
        raise UsageError(message)
    headers = [_header(path) for path in paths]
    assembly = choose_assembly(headers, options.assembly)
    sites_only = [h for h in headers if h.is_sites_only]
    if sites_only and len(sites_only) != len(headers):
        message = f"{sites_only[0].path} has no samples but other files do"
        raise UsageError(message)
    people: Roster | DeclaredFiles
    if not sites_only:
        people = _genotyped(headers, table, options)
    elif table:
        message = "--samples is given but the files have no samples"
        raise UsageError(message)
    else:
        people = _declared(paths, headers, options.info_counts)
    regions = None
    if options.callable_regions is not None:
        others = {name for h in headers for name in left_out(h, assembly)}
        regions = read_regions(options.callable_regions, assembly, others)
    return Cohort(paths, headers, assembly, people, regions, options)


def _genotyped(
    headers: Sequence[Header], table: Mapping[str, Sample], options: LoadOptions
) -> Roster:
    files = [h.samples for h in headers]
    roster = make_roster(files, table, options.group_by, options.excluded)
    if options.info_counts is None:
        return roster
    return replace(roster, notes=(*roster.notes, _GENOTYPES_COUNT))


def _declared(
    paths: Sequence[Path], headers: Sequence[Header], choice: Choice | None
) -> DeclaredFiles:
    """Return where sites-only files keep their counts.

    Raises:
        UsageError: the choice does not fit one of them.
    """
    notes = []
    if choice is None:
        files = [untold(h.info) for h in headers]
    else:
        found = zip(paths, headers, strict=True)
        files = [fit(choice, _fields(p, h), shown_name(p)) for p, h in found]
        total = files[0].mapping.total
        notes.append(f"counts are INFO's, as {choice.name}")
        notes += [f"Total is {total}"] if total else []
    frequencies = dict.fromkeys(f for h in headers for f in uncounted(h.info))
    if frequencies:
        named = shown(tuple(frequencies))
        notes.append(f"not counted: frequencies without a count (INFO {named})")
    return DeclaredFiles(files=tuple(files), notes=tuple(notes))


def _fields(path: Path, header: Header) -> tuple[str, ...]:
    """Return the INFO fields a file declares, then those its first records have."""
    fields = dict.fromkeys(header.info)
    with closing(VcfText(path)) as text:
        for _, line in islice(text.body(), _PEEKED):
            for column in line.split(b"\t", 8)[7:8]:
                keys = (field.partition(b"=")[0] for field in column.split(b";"))
                fields |= dict.fromkeys(key.decode("latin1") for key in keys)
    return tuple(field for field in fields if field not in ("", "."))
