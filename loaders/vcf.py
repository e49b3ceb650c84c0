"""One VCF data line → one checked ``Site``; a line that is not sound is named.

htslib stops at the first bad line; a cohort's file must not be lost for one, so
lines are read here.  What the alleles are after normalisation, and how they
are counted, is for ``alleles`` and ``counting``.
VCF 4.5, section 1.6.1.
"""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, cast

from beacon.model.assemblies import Assembly, find_contig
from beacon.model.dialects import info_fields, is_structural, turned, type_alone
from beacon.model.errors import ReadError
from loaders.blocks import Reach, reach_of
from loaders.bulk import BulkReader
from loaders.copynumber import CopyNumbers
from loaders.declared import Contradiction, NoNumber
from loaders.defects import (
    NO_COUNT,
    Filters,
    Noticing,
    count_defect,
    is_no_name,
    shown,
)
from loaders.genotypes import (
    BadGenotype,
    Calls,
    WrongColumns,
    read_calls,
    reorder_format,
)
from loaders.info import value_of
from loaders.leaving import NOBODY
from loaders.lines import LONGEST_LINE
from loaders.report import FileReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from beacon.model.genome import Contig
    from loaders.declared import DeclaredCounts, Row
    from loaders.header import Header
    from loaders.leaving import KeptColumns
    from loaders.reader import VcfLines

_FIXED = 8
_BASES = b"ACGTN"
_AC, _AN, _HOM = b";AC=", b";AN=", b";nhomalt="
_SVTYPE = b"SVTYPE="
_COPIES = b"CN"
_DIGITS = 18
_MOST_ALTERNATES = 65_534
"""BCF keeps the number of alleles in 16 bits."""
_SITE, _ALTERNATE, _CALL, _COPY = 1_000, 400, 24, 16
"""What a site, an ALT of it, a call and a polyploid call's copy weigh, in bytes."""
_MOST_CONTIGS, _LONGEST_CONTIG = 100_000, 1_000
"""How many names are remembered, and how long ones."""

_END = re.compile(rb"(?:^|;)END=(\d{1,18})(?:;|$)")
_SVLEN = re.compile(rb"(?:^|;)SVLEN=-?(\d{1,18})(?:[;,]|$)")


class InfoCounts(NamedTuple):
    """What INFO says beside genotypes: AC per ALT, and AN."""

    ac: tuple[int | None, ...]
    an: int | None


class Site(NamedTuple):
    """One data line.

    Attributes:
        start: 0-based; -1 for the telomere before the first base, where only
            structural alleles stand.
        end: what a symbolic ALT spans to (INFO END or SVLEN), 0-based, or ``None``.
        alternates: as written, bases in upper case; empty when there is no ALT.
        filters: FILTER words it failed; empty when it counts.
        calls: genotypes; ``None`` where the line has none.
        info: INFO's AC and AN, of a line in a file with samples.
        identifier: the ID column, as written.
        fields: the INFO column, as written.
        is_skipped: whether the record was bad: its place is not covered.
        told: the counts INFO declares in a file without samples, a row per ALT
            (one where there is no ALT); ``None`` where it declares none.
        reach: how far its calls hold for alleles it does not name.
    """

    file: int
    line: int
    contig: Contig
    start: int
    end: int | None
    reference: str
    alternates: tuple[str, ...]
    filters: tuple[str, ...]
    calls: Calls | None
    info: InfoCounts | None
    identifier: bytes = b"."
    fields: bytes = b""
    is_skipped: bool = False
    told: tuple[Row, ...] | None = None
    reach: Reach | None = None

    @property
    def order(self) -> tuple[int, int]:
        """Genome order."""
        return self.contig.rank, self.start

    @property
    def weight(self) -> int:
        """About how many bytes it takes while it waits."""
        calls = self.calls
        weight = _SITE + len(self.fields) + len(self.reference)
        for alternate in self.alternates:
            weight += _ALTERNATE + len(alternate)
        if calls is not None:
            weight += _CALL * len(calls.cells)
            if calls.polyploid:
                weight += _COPY * sum(len(call) for _, call in calls.polyploid)
        return weight


class Fault(StrEnum):
    """Why a record is bad."""

    COLUMNS = "wrong number of columns"
    GENOTYPE = "impossible genotype"
    POS = "POS is not a whole number above 0"
    PLACE = "record is not inside its contig"
    REF = "REF is not of A, C, G, T, N"
    BLOCK = "reference block does not end inside its contig"
    SAME = "ALT equals REF"
    EMPTY = "an ALT is empty"
    COUNTS = "INFO counts contradict each other"
    NUMBER = "INFO count is not a whole number"
    LONG = "line is longer than any that is read"
    ALTERNATES = "more ALTs than a record can have"
    CHROM = "CHROM is no sequence name"
    TELOMERE = "POS is a telomere, outside the sequence"


_SIGNS_OF_A_CUT = (Fault.COLUMNS, Fault.GENOTYPE)
_SOUND = (Fault.TELOMERE,)
"""Why a record is left out that is not bad."""


class _BadLine(ValueError):
    """A record that cannot be used."""

    def __init__(self, reason: Fault, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


_UNWRITTEN = {"end": None, "calls": None, "info": None, **Site._field_defaults}
"""What a plain line of a file without samples does not have."""


class VcfSites:
    """The sites of one file.

    Args:
        declared: reads the counts of a file without samples.
        number: the file's place among the files of the load.
        left_out: contig names whose sequence is not the assembly's.
        keep_filtered: whether records that failed a FILTER count like others.
        copies: how copy numbers of the samples are read.
        kept: the sample columns that are read; ``None``: all.
    """

    def __init__(
        self,
        text: VcfLines,
        header: Header,
        assembly: Assembly,
        *,
        declared: DeclaredCounts | None,
        number: int,
        left_out: frozenset[str],
        keep_filtered: bool,
        copies: CopyNumbers | None = None,
        kept: KeptColumns | None = None,
    ) -> None:
        self._text = text
        self._copies = copies or _unsexed(header)
        self._kept = kept
        self._number = number
        self._is_last_bad = False
        self._last = 0
        self._samples = len(header.samples)
        self._columns = header.columns
        self._width = min(header.columns, 10)
        self._assembly = assembly
        self._left_out = left_out
        self._declared = declared
        self._is_gvcf = header.is_gvcf
        self._contigs: dict[bytes, Contig | None] = {}
        self._filters = Filters(keep_filtered=keep_filtered)
        self._noticing = Noticing(FileReport(name=""))
        self._bulk: BulkReader[Site] | None = None
        if declared is not None and declared.is_plain and header.columns == _FIXED:
            self._bulk = BulkReader(
                Site,
                {**_UNWRITTEN, "file": number},
                declared=declared,
                contig_of=self._contig,
                failed=self._filters,
                keeps_fields=not header.annotated.is_plain,
            )

    def sites(self, report: FileReport) -> Iterator[Site]:
        """Return the sites in file order; account for every line in ``report``."""
        self._noticing = Noticing(report)
        return chain.from_iterable(self._parts(report))

    def _parts(self, report: FileReport) -> Iterator[Iterable[Site]]:
        self._is_last_bad = False
        self._last = 0
        if self._bulk is None:
            for number, line in self._text.body():
                yield self._alone(line, number, report)
        else:
            for first, block in self._text.blocks():
                yield self._together(block, first, report, self._bulk)
        if self._is_last_bad and not self._text.ends_whole:
            reason = "the file ends in the middle of a line; it is truncated"
            raise self._cannot_go_on(self._last, reason)

    def _together(
        self, block: bytes, first: int, report: FileReport, bulk: BulkReader[Site]
    ) -> Iterable[Site]:
        """Return the sites of some lines: the plain ones are read all at once."""
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n")
        if not block.endswith(b"\n"):
            block += b"\n"
        read = bulk.read(block, first)
        span = read.span
        if span is None or not self._noticing.follows(*span):
            return self._mixed(block.split(b"\n"), first, read.sites, report)
        report.records += read.lines
        self._is_last_bad = False
        return cast("Iterable[Site]", read.sites)

    def _mixed(
        self,
        lines: Sequence[bytes],
        first: int,
        sites: Iterable[Site | None],
        report: FileReport,
    ) -> Iterator[Site]:
        """Yield the sites of lines, reading those alone that are not plain."""
        for number, (line, site) in enumerate(zip(lines, sites, strict=False), first):
            if site is not None:
                report.records += 1
                self._is_last_bad = False
                self._noticing.place(number, site.contig, site.start)
                yield site
            else:
                yield from self._alone(line.rstrip(b"\r"), number, report)

    def _alone(self, line: bytes, number: int, report: FileReport) -> tuple[Site, ...]:
        """Return the site of one line, or its place where it is bad."""
        if not line:
            return ()
        if line.startswith(b"#CHROM"):
            raise self._cannot_go_on(number, "a second header begins here")
        report.records += 1
        self._is_last_bad, self._last = False, number
        columns = line.split(b"\t", 9)
        try:
            contig = self._place(columns, report, number)
            if contig is None:
                return ()
            return (self._site(contig, columns, line, number),)
        except _BadLine as bad:
            self._is_last_bad = bad.reason in _SIGNS_OF_A_CUT
            skipped = self._rejected(bad, columns, number, report)
            return () if skipped is None else (skipped,)

    def _rejected(
        self, bad: _BadLine, columns: list[bytes], number: int, report: FileReport
    ) -> Site | None:
        """Account for a record that cannot be used; return its place."""
        if bad.reason in _SOUND:
            report.leave(number, bad.reason, bad.detail)
            return None
        report.reject(number, bad.reason, bad.detail)
        return self._skipped(columns, number)

    def _cannot_go_on(self, line: int, reason: str) -> ReadError:
        return ReadError(reason, path=str(self._text.path), line=line)

    def _place(
        self, columns: list[bytes], report: FileReport, line: int
    ) -> Contig | None:
        contig = self._contigs.get(columns[0])
        if contig is not None and len(columns) == self._width:
            return contig
        if line == self._text.long_line:
            raise _BadLine(Fault.LONG, f"more than {LONGEST_LINE:,} bytes")
        if len(columns) < _FIXED or len(columns) != self._width:
            is_short_but_whole = len(columns) == _FIXED and not self._samples
            if not is_short_but_whole:
                raise _wrong_columns(len(columns), self._columns)
        name = columns[0]
        contig = self._contig(name) or self._of_mate(columns)
        if contig is None:
            if is_no_name(name):
                raise _BadLine(Fault.CHROM, f"CHROM is {shown(name)}")
            shown_name = name[:40].decode("latin1")
            if name.decode("latin1") in self._left_out:
                reason = "contig is another sequence than the assembly's of that name"
                report.leave(line, reason, f"{shown_name} (hg19's chrM is not rCRS)")
            else:
                reason = f"contig is not of {self._assembly.name}"
                report.leave(line, reason, f"contig {shown_name}")
        return contig

    def _of_mate(self, columns: list[bytes]) -> Contig | None:
        """Return the contig of a breakend's mate, and make the columns the mate's.

        A breakend on a scaffold is found on the sequence it is joined to.
        """
        name, pos, alternate = (columns[i].decode("latin1") for i in (0, 1, 4))
        if name in self._left_out or not pos.isdecimal() or len(pos) > _DIGITS:
            return None
        info = columns[7].decode("latin1")
        found = turned(self._assembly, name, int(pos), alternate, info)
        if found is None:
            return None
        contig, place, told = found
        columns[1], columns[3], columns[4] = str(place).encode(), b"N", b"<BND>"
        columns[7] = told.encode("latin1")
        return contig

    def _contig(self, name: bytes) -> Contig | None:
        if name not in self._contigs:
            text = name.decode("latin1")
            is_other = text in self._left_out or is_no_name(name)
            known = None if is_other else find_contig(self._assembly, text)
            if len(self._contigs) >= _MOST_CONTIGS or len(name) > _LONGEST_CONTIG:
                return known
            self._contigs[name] = known
        return self._contigs[name]

    def _site(
        self, contig: Contig, columns: list[bytes], line: bytes, number: int
    ) -> Site:
        info = columns[7]
        start, reference = _position(contig, columns)
        alternates = _alternates(columns[4], reference, info)
        calls = reach = None
        is_symbolic = b"<" in columns[4]
        if self._samples:
            calls = self._kept_calls(columns, line, len(alternates) + 1)
            if alternates and alternates[0][0] == "<" and _COPIES in line:
                read = line if self._kept is None else self._kept.line(line)
                calls = self._copies.calls(read, calls, contig, alternates)
            if is_symbolic or not alternates or self._is_gvcf:
                reach = self._reach(contig, start, reference, alternates, columns)
        filters, is_odd = self._filters[columns[6]]
        self._noticing.look(number, contig, start, columns)
        if is_odd:
            self._noticing.filters(number, columns[6])
        return Site(
            self._number,
            number,
            contig,
            start,
            _symbolic_end(start, info) if is_symbolic else None,
            reference,
            alternates,
            filters,
            calls,
            self._info(info, len(alternates), number),
            columns[2],
            info,
            told=self._told(info, reference, alternates, number),
            reach=reach,
        )

    def _reach(
        self,
        contig: Contig,
        start: int,
        reference: str,
        alternates: tuple[str, ...],
        columns: list[bytes],
    ) -> Reach | None:
        """Return how far the calls hold.

        Without blocks in the file, a record holds for its own alleles, and one
        without any is a place.
        """
        reach = reach_of(start, reference, alternates, columns)
        if reach is not None and self._kept is not None:
            reach = self._kept.reach(reach)
        own = Reach(start + len(reference))
        if reach is None:
            is_sequence = columns[4].translate(None, b",*").isalpha()
            return own if self._is_gvcf and is_sequence else None
        if reach == own and not alternates and not self._is_gvcf:
            return None
        if not start < reach.end <= contig.length:
            detail = f"END {reach.end} of a block at POS {start + 1}"
            raise _BadLine(Fault.BLOCK, detail)
        if start + reach.last > contig.length:
            detail = f"LEN {reach.last} of a block at POS {start + 1}"
            raise _BadLine(Fault.BLOCK, detail)
        return reach

    def _info(self, info: bytes, alternates: int, number: int) -> InfoCounts | None:
        """Return INFO's counts, to be compared with the genotypes'.

        Where somebody is left out they are of others.
        """
        if not self._samples:
            return None
        fields = b";" + info
        ac, an = value_of(fields, _AC), value_of(fields, _AN)
        if ac is None and an is None:
            return None
        counts = InfoCounts(_per_alternate(ac, alternates), _whole(an))
        is_whole = counts.an is not None and None not in counts.ac
        if not is_whole or _HOM in fields or fields.count(_AC) + fields.count(_AN) > 2:
            self._check_counts(fields, alternates, number)
        return counts if self._kept is None else None

    def _check_counts(self, fields: bytes, alternates: int, number: int) -> None:
        """Note malformed counts; where they are all there is, the record is bad."""
        for key, wanted in ((_AC, alternates or None), (_AN, 1), (_HOM, None)):
            value = value_of(fields, key)
            defect = count_defect(fields, key, value, wanted)
            if defect is None:
                continue
            reason, detail = defect
            if reason == NO_COUNT and not self._samples:
                raise _BadLine(Fault.NUMBER, detail)
            self._noticing.count(number, reason, detail)

    def _told(
        self, info: bytes, reference: str, alternates: tuple[str, ...], number: int
    ) -> tuple[Row, ...] | None:
        """Return what INFO declares where nothing else counts; it must be sound."""
        if self._declared is None:
            return None
        self._check_counts(b";" + info, len(alternates), number)
        try:
            return self._declared.rows(info, reference, alternates)
        except NoNumber as error:
            raise _BadLine(Fault.NUMBER, str(error)) from error
        except Contradiction as error:
            raise _BadLine(Fault.COUNTS, str(error)) from error

    def _kept_calls(
        self, columns: list[bytes], line: bytes, alleles: int
    ) -> Calls | None:
        """Return the calls of the sample columns that are read."""
        kept = self._kept
        if kept is None:
            return self._calls(columns, line, self._samples, alleles)
        try:
            calls = self._calls(columns, line, self._samples, alleles)
        except _BadLine as bad:
            if bad.reason is not Fault.GENOTYPE:
                raise
            # What is left out must not make a record bad: look at the rest alone.
            if not kept.number:
                return NOBODY
            rest = kept.line(line)
            return self._calls(rest.split(b"\t", 9), rest, kept.number, alleles)
        if not kept.number:
            return NOBODY
        return None if calls is None else kept.calls(calls)

    def _calls(
        self, columns: list[bytes], line: bytes, samples: int, alleles: int
    ) -> Calls | None:
        form = columns[8]
        start = len(line) - len(columns[9]) - 1
        try:
            if form == b"GT" or form.startswith(b"GT:"):
                return read_calls(line, start, samples, alleles)
            fields = form.split(b":")
            if b"GT" not in fields:
                if line.count(b"\t", start) != samples:
                    raise _wrong_columns(9 + line.count(b"\t", start), self._columns)
                return None
            alone = reorder_format(line, fields.index(b"GT"))
            return read_calls(alone, 0, samples, alleles)
        except WrongColumns as error:
            raise _BadLine(Fault.COLUMNS, str(error)) from error
        except BadGenotype as error:
            raise _BadLine(Fault.GENOTYPE, str(error)) from error

    def _skipped(self, columns: list[bytes], number: int) -> Site | None:
        """Return the place of a bad record, where it still has one."""
        contig = self._contig(columns[0]) if len(columns) > 1 else None
        if contig is None:
            return None
        info = b""
        try:
            start, reference = _position(contig, columns)
            info = columns[7] if len(columns) > _FIXED - 1 else b""
            alternates = _alternates(columns[4], reference, info)
        except (_BadLine, IndexError):
            pos = _whole(columns[1])
            if pos is None or not 0 < pos <= contig.length:
                return None
            start, reference, alternates = pos - 1, "N", ()
        return Site(
            self._number, number, contig, start, None, reference, alternates,
            (), None, None, fields=info, is_skipped=True,
        )  # fmt: skip


def _unsexed(header: Header) -> CopyNumbers:
    samples = len(header.samples)
    return CopyNumbers([None] * samples, is_alone=samples == 1)


def _wrong_columns(found: int, expected: int) -> _BadLine:
    return _BadLine(Fault.COLUMNS, f"{found} columns instead of {expected}")


def _position(contig: Contig, columns: list[bytes]) -> tuple[int, str]:
    pos, reference = columns[1], columns[3].upper()
    if not pos.isdigit():
        raise _BadLine(Fault.POS, f"POS is {shown(pos[:20])}")
    start = int(pos) - 1 if len(pos) <= _DIGITS else contig.length + 1
    if not 0 <= start < contig.length or start + len(reference) > contig.length:
        _refuse_place(contig, start, columns)
    if not reference or reference.translate(None, _BASES):
        raise _BadLine(Fault.REF, f"REF is {shown(reference[:20])}")
    return start, reference.decode()


def _refuse_place(contig: Contig, start: int, columns: list[bytes]) -> None:
    """Refuse a place outside the contig, unless it is a telomere (VCF 4.5, 1.6.1).

    Those are written as 0 and as one beyond the last base.
    """
    is_telomere = start in (-1, contig.length) and len(columns[3]) == 1
    pos = columns[1][:20].decode()
    if is_telomere and all(map(is_structural, columns[4].decode("latin1").split(","))):
        return
    if is_telomere:
        raise _BadLine(Fault.TELOMERE, f"POS {pos}")
    raise _BadLine(Fault.PLACE, f"POS {pos} with {len(columns[3])} bases of REF")


def _alternates(field: bytes, reference: str, info: bytes) -> tuple[str, ...]:
    if field.isalpha():
        alternates: tuple[str, ...] = (field.upper().decode(),)
    elif field == b".":
        return _of_type(info)
    else:
        if field.count(b",") >= _MOST_ALTERNATES:
            detail = f"{field.count(b',') + 1:,} ALTs"
            raise _BadLine(Fault.ALTERNATES, detail)
        alternates = _several(field)
    if alternates == (reference,):
        told = _of_type(info)
        if told:
            return told
        raise _BadLine(Fault.SAME, f"both are {reference[:20]}")
    if not all(alternates):
        raise _BadLine(Fault.EMPTY)
    return alternates


def _of_type(info: bytes) -> tuple[str, ...]:
    """Return the ALT that only SVTYPE tells, in a record without one."""
    if _SVTYPE not in info:
        return ()
    told = type_alone(info_fields(info.decode("utf-8", "replace")))
    return () if told is None else (told,)


def _several(field: bytes) -> tuple[str, ...]:
    return tuple(
        alt.upper().decode() if alt.isalpha() else alt.decode("latin1")
        for alt in field.split(b",")
    )


def _symbolic_end(start: int, info: bytes) -> int | None:
    end = _END.search(info)
    if end is not None:
        return int(end[1])
    length = _SVLEN.search(info)
    return None if length is None else start + 1 + int(length[1])


def _whole(text: bytes | None) -> int | None:
    if text is None or not text.isdigit() or len(text) > _DIGITS:
        return None
    return int(text)


def _per_alternate(found: bytes | None, count: int) -> tuple[int | None, ...]:
    if count == 1:
        return (_whole(found),)
    if found is None:
        return (None,) * count
    values = found.split(b",")
    if len(values) != count:
        return (None,) * count
    return tuple(map(_whole, values))
