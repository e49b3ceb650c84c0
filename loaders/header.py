"""What a VCF header says: samples, and which assembly the file is on.

Header lengths, accessions and names may contradict what the user says; they
are refused here, in one sentence, before a single record is read.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from beacon.model.assemblies import ASSEMBLIES, Assembly, find_contig
from beacon.model.errors import ReadError, UsageError
from loaders.annotation_layouts import Annotated, read_annotated
from loaders.blocks import tells_reach
from loaders.defects import header_notes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from loaders.reader import Stamp, VcfText

_FIXED = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
_NAMING = re.compile(r"##(?:reference|assembly|contig)\b", re.IGNORECASE)
_INFO = re.compile(r"##INFO=<ID=([^,>]+)")
_NCBI36 = re.compile(r"NCBI36|hg18|NCBI_?build_?36|[_.]b36[_.]|\bb36\b", re.IGNORECASE)
_WORDS = {
    "T2T-CHM13": re.compile(r"CHM13|\bhs1\b", re.IGNORECASE),
    "GRCh38": re.compile(r"GRCh38|hg38|\bb38\b|assembly38|hs38", re.IGNORECASE),
    "GRCh37": re.compile(
        r"GRCh37|hg19|\bb37\b|hs37|g1k_v37|assembly19|build37", re.IGNORECASE
    ),
}
_MITOCHONDRION = "MT"
_SAMPLES_FROM = 9
_MOST_SAMPLES = 2_000_000
_DIGITS = 18
_FIRST_LINES, _FIRST_BYTES = 200, 1_000_000
_MORE_LINES, _MORE_BYTES = 50_000, 64_000_000
"""How far a file is looked into: by itself, and where it declares END or LEN."""

_REACH = re.compile(r"##(?:INFO=<ID=END|FORMAT=<ID=LEN|ALT=<ID=(?:NON_REF|\*)),?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """One file's header.

    Attributes:
        columns: how many columns a data line must have.
        samples: sample names, in column order; empty for a sites-only file.
        lengths: contig name → declared length (missing and 0 left out).
        naming: header lines in which an assembly may be named.
        info: INFO fields it declares, in its order.
        annotated: which annotations the records hold, and how.
        stamp: what the file was when the header was read.
        notes: sentences on what the header says wrongly.
        is_gvcf: whether its first records say how far they looked.
    """

    path: str
    columns: int
    samples: tuple[str, ...]
    lengths: dict[str, int]
    contig_names: tuple[str, ...]
    naming: tuple[str, ...]
    info: tuple[str, ...] = ()
    annotated: Annotated = field(default_factory=Annotated)
    stamp: Stamp
    notes: tuple[str, ...] = ()
    is_gvcf: bool = False

    @property
    def is_sites_only(self) -> bool:
        """Whether the file has no samples."""
        return not self.samples


def read_header(text: VcfText) -> Header:
    """Return the header of an opened file; some of its body is read, too.

    Raises:
        ReadError: column names are not VCF's, a sample is named twice or not at
            all, there are more samples than any file has, or a contig has two
            lengths.
    """
    declared = header_of(text.header, str(text.path), text.stamp)
    is_gvcf = not declared.is_sites_only and any(map(tells_reach, _first(text)))
    return replace(declared, is_gvcf=is_gvcf)


def header_of(lines: Sequence[str], path: str, stamp: Stamp) -> Header:
    """Return what header lines say, the last of which names the columns.

    Raises:
        ReadError: as ``read_header`` does.
    """
    columns = _columns(lines, path)
    contigs = [h for h in lines if h.startswith("##contig=")]
    found = [(_field(h, "ID"), _field(h, "length")) for h in contigs]
    return Header(
        path=path,
        columns=len(columns),
        samples=tuple(columns[_SAMPLES_FROM:]),
        lengths=_lengths(found, path),
        contig_names=tuple(name for name, _ in found if name),
        naming=tuple(h for h in lines if _NAMING.match(h)),
        info=tuple(m[1] for h in lines if (m := _INFO.match(h))),
        annotated=read_annotated(lines),
        stamp=stamp,
        notes=tuple(dict.fromkeys(header_notes(lines, columns))),
    )


def _first(text: VcfText) -> Iterator[bytes]:
    """Yield the first data lines, as far as a look at a file may cost."""
    lines, size = _FIRST_LINES, _FIRST_BYTES
    if any(map(_REACH.match, text.header)):
        lines, size = _MORE_LINES, _MORE_BYTES
    read = 0
    for _, line in islice(text.body(), lines):
        yield line
        read += len(line)
        if read > size:
            return


def _columns(lines: Sequence[str], path: str) -> list[str]:
    """Return the names of the #CHROM line, found sound."""
    chrom = lines[-1]
    columns = chrom.split("\t", _SAMPLES_FROM)
    reason = None
    if columns[:8] != _FIXED:
        reason = "the #CHROM line does not name VCF's eight columns, tab separated"
    elif len(columns) > 8 and columns[8] != "FORMAT":
        reason = f"the ninth column is {columns[8][:40]!r}, not FORMAT"
    elif chrom.count("\t") > _MOST_SAMPLES + 8:
        reason = f"there are more than {_MOST_SAMPLES:,} samples"
    if reason is None:
        columns = chrom.split("\t")
        reason = _bad_sample(columns[_SAMPLES_FROM:])
    if reason is not None:
        raise ReadError(reason, path=path, line=len(lines))
    return columns


def _bad_sample(names: Sequence[str]) -> str | None:
    if len(set(names)) < len(names):
        twice = next(n for n, count in Counter(names).items() if count > 1)
        return f"sample {twice[:100]!r} is named more than once"
    blank = next((i for i, n in enumerate(names, 10) if not n.strip("\0 ")), None)
    return None if blank is None else f"the sample of column {blank} has no name"


def _lengths(
    found: Iterable[tuple[str | None, str | None]], path: str
) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for name, text in found:
        if not (name and text and text.isascii() and text.isdigit()):
            continue
        length = int(text[:_DIGITS])
        if length and lengths.setdefault(name, length) != length:
            reason = f"the header gives {name[:40]} two lengths"
            raise ReadError(reason, path=path)
    return lengths


def _field(line: str, key: str) -> str | None:
    match = re.search(rf"[<,]\s*{key}=\"?([^,>\"]+)", line)
    return match[1] if match else None


def choose_assembly(headers: Sequence[Header], given: str | None) -> Assembly:
    """Return the assembly all files are on.

    Raises:
        ReadError: a header contradicts ``given``, or the files each other.
        UsageError: neither the user nor the headers decide.
    """
    if given is not None:
        if given not in ASSEMBLIES:
            message = f"--assembly {given} is none of {', '.join(ASSEMBLIES)}"
            raise UsageError(message)
        chosen = {given}
    else:
        chosen = {name for h in headers if (name := _told(h)) is not None}
    if len(chosen) != 1:
        found = " and ".join(sorted(chosen)) or "no assembly"
        message = f"the headers name {found}: say which with --assembly"
        raise UsageError(message)
    assembly = ASSEMBLIES[chosen.pop()]
    for header in headers:
        _refuse_contradiction(header, assembly)
    return assembly


def _told(header: Header) -> str | None:
    """Return what a header says: lengths first, then accessions, then words."""
    votes = Counter(
        name
        for name, assembly in ASSEMBLIES.items()
        for contig, length in header.lengths.items()
        if (known := find_contig(assembly, contig)) is not None
        and known.name != _MITOCHONDRION
        and known.length == length
    )
    if votes:
        return votes.most_common(1)[0][0]
    for name, assembly in ASSEMBLIES.items():
        found = (find_contig(assembly, c) for c in header.contig_names if "." in c)
        if any(c is not None and c.name != _MITOCHONDRION for c in found):
            return name
    told = {n for n, w in _WORDS.items() if any(w.search(h) for h in header.naming)}
    return told.pop() if len(told) == 1 else None


def _refuse_contradiction(header: Header, assembly: Assembly) -> None:
    old = next((h for h in header.naming if _NCBI36.search(h)), None)
    if old is not None:
        reason = f"the header names NCBI36, not {assembly.name}: {old[:80]}"
        raise ReadError(reason, path=header.path)
    for name, length in header.lengths.items():
        contig = find_contig(assembly, name)
        if contig is None or contig.name == _MITOCHONDRION or contig.length == length:
            continue
        reason = (
            f"the header gives {name} {length} bases, {assembly.name} has"
            f" {contig.length}; this file is on another assembly"
        )
        raise ReadError(reason, path=header.path)


def left_out(header: Header, assembly: Assembly) -> frozenset[str]:
    """Return contig names whose declared sequence is not the assembly's.

    Only a mitochondrion comes this far: hg19's chrM (16,571 bases) is another
    sequence than rCRS, so its positions mean something else.
    """
    return frozenset(
        name
        for name, length in header.lengths.items()
        if (contig := find_contig(assembly, name)) is not None
        and contig.length != length
    )
