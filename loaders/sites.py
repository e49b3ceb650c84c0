"""Site frequencies as VCF text: one record an allele, counts by population in INFO.

What is written was disclosed before; nothing is counted here.  The names are those
of gnomAD (``AC``, ``AN``, ``AF``, ``nhomalt``, with the population behind), and
structural alleles carry what SVDB reads (``SVTYPE``, ``END``, ``SVLEN``).
VCF 4.3, sections 1.4 and 3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from beacon.model.assemblies import ASSEMBLIES, find_contig
from beacon.model.genome import pos_from_start
from beacon.model.structure import ANCHOR, EXACT, Join, Named, described

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from beacon.model.counts import AlleleCounts
    from beacon.model.disclosure import VariantDisclosure
    from beacon.model.genome import Contig
    from beacon.model.variant import Allele, Reference

_TOTAL = "Total"
_FORBIDDEN = re.compile(r"[^0-9A-Za-z_.]")
_UNSAFE = re.compile(r'[\x00-\x1f"\\<>]')
_MITOCHONDRION = "MT"
_BASE = frozenset("ACGT")

_NUMBERS = (
    ("AC", "A", "Integer", "copies of the allele that were called"),
    ("AN", "1", "Integer", "copies of any allele that were called"),
    ("AF", "A", "Float", "AC / AN"),
    ("nhomalt", "A", "Integer", "people who carry nothing else"),
    ("nhet", "A", "Integer", "people who carry it beside another called allele"),
    ("nhemi", "A", "Integer", "people of ploidy 1 who carry it"),
)
_STRUCTURAL = (
    '##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Type of the variant">',
    '##INFO=<ID=END,Number=1,Type=Integer,Description="Last base of the variant">',
    '##INFO=<ID=SVLEN,Number=1,Type=Integer,Description="Bases gained; lost: less'
    ' than 0">',
    '##INFO=<ID=CIPOS,Number=2,Type=Integer,Description="Where POS may lie around it">',
    '##INFO=<ID=CIEND,Number=2,Type=Integer,Description="Where END may lie around it">',
    '##INFO=<ID=IMPRECISE,Number=0,Type=Flag,Description="Its ends are not known'
    ' exactly">',
    '##INFO=<ID=CHR2,Number=1,Type=String,Description="Sequence of the mate">',
    '##INFO=<ID=POS2,Number=1,Type=Integer,Description="Position of the mate">',
    '##ALT=<ID=DEL,Description="Deletion">',
    '##ALT=<ID=DUP,Description="Duplication">',
    '##ALT=<ID=INS,Description="Insertion">',
    '##ALT=<ID=INV,Description="Inversion">',
    '##ALT=<ID=CNV,Description="Copy number variant">',
    '##ALT=<ID=TRA,Description="Adjacency whose strands are not known">',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the counts come from: the head of a file says it.

    Attributes:
        facts: pairs that ``##beacon`` holds: beacon, dataset, release, and so on.
        program: name and version of this software.
        date: of the day, ``YYYYMMDD``.
    """

    facts: Mapping[str, str]
    program: str
    date: str


class SiteWriter:
    """Writes the alleles of one dataset.

    Args:
        assembly: canonical name of the assembly it is on.
        labels: of the groups that are written, ``Total`` among them or not.
        prefix: before the names of sequences: ``chr``, or nothing.
        reference: the genome, where the base before a structural allele is read.
    """

    def __init__(
        self,
        assembly: str,
        labels: Sequence[str],
        *,
        prefix: str = "",
        reference: Reference | None = None,
    ) -> None:
        self._assembly = ASSEMBLIES[assembly]
        self._prefix = prefix
        self._reference = reference
        self._suffixes = _suffixes(labels)

    def head(self, origin: Origin) -> bytes:
        """Return the lines before the first record."""
        lines = [
            "##fileformat=VCFv4.3",
            f"##fileDate={origin.date}",
            f"##source={origin.program}",
            f"##reference={self._assembly.name}",
            f"##beacon=<{','.join(_facts(origin.facts))}>",
            '##FILTER=<ID=PASS,Description="All filters passed">',
            *self._contigs(),
            *self._numbers(),
            *_STRUCTURAL,
            "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
        ]
        return "".join(f"{line}\n" for line in lines).encode()

    def _contigs(self) -> Iterator[str]:
        for contig in self._assembly.contigs:
            name = self._named(contig)
            yield (
                f"##contig=<ID={name},length={contig.length},"
                f"assembly={self._assembly.name}>"
            )

    def _numbers(self) -> Iterator[str]:
        for label, suffix in self._suffixes.items():
            of = "" if label == _TOTAL else f", of {_quoted(label)}"
            for name, number, kind, said in _NUMBERS:
                yield (
                    f"##INFO=<ID={name}{suffix},Number={number},Type={kind},"
                    f'Description="{said[:1].upper()}{said[1:]}{of}">'
                )

    def line(self, variant: VariantDisclosure) -> bytes:
        """Return the record of an allele."""
        allele = variant.allele
        ref, alt = allele.reference, allele.alternate
        told: list[str] = []
        if allele.is_symbolic:
            ref = self._base(allele)
            alt, told = self._structural(allele, ref)
        for group in variant.groups:
            suffix = self._suffixes.get(group.label)
            if suffix is not None:
                told += _counted(group.counts, suffix)
        name, pos = self._named(allele.contig), pos_from_start(allele.start)
        info = ";".join(told) or "."
        return f"{name}\t{pos}\t.\t{ref}\t{alt}\t.\tPASS\t{info}\n".encode()

    def _named(self, contig: Contig) -> str:
        if not self._prefix:
            return contig.name
        return f"{self._prefix}{'M' if contig.name == _MITOCHONDRION else contig.name}"

    def _base(self, allele: Allele) -> str:
        """Return the base before a structural allele, ``N`` where it is not known."""
        if self._reference is None:
            return ANCHOR
        found = self._reference.bases(allele.contig, allele.start, allele.start + 1)
        return found if found in _BASE else ANCHOR

    def _structural(self, allele: Allele, ref: str) -> tuple[str, list[str]]:
        """Return ALT and what tells of a structural allele."""
        said = described(allele.alternate)
        if isinstance(said, Named):
            alt, told = f"<{said.word}>", self._span(allele, said)
        else:
            alt, told = self._adjacency(allele, said, ref)
        structure = allele.structure
        if structure is None:
            return alt, told
        if structure.is_imprecise:
            told.append("IMPRECISE")
        if structure.start_margin != EXACT:
            told.append("CIPOS={},{}".format(*structure.start_margin))
        if structure.end_margin != EXACT:
            told.append("CIEND={},{}".format(*structure.end_margin))
        return alt, told

    def _span(self, allele: Allele, said: Named) -> list[str]:
        told = [f"SVTYPE={said.family}", f"END={max(allele.end, allele.start + 1)}"]
        if said.family == "INS":
            return told if said.length is None else [*told, f"SVLEN={said.length}"]
        length = max(0, allele.end - allele.start - 1)
        sign = "-" if said.direction == "DEL" else ""
        return [*told, f"SVLEN={sign}{length}"]

    def _adjacency(self, allele: Allele, said: Join, ref: str) -> tuple[str, list[str]]:
        if said.mate is None or said.pos is None:
            return allele.alternate.replace(ANCHOR, ref, 1), ["SVTYPE=BND"]
        known = find_contig(self._assembly, said.mate)
        mate = said.mate if known is None else self._named(known)
        if "?" in said.strands:
            return "<TRA>", ["SVTYPE=TRA", f"CHR2={mate}", f"POS2={said.pos}"]
        place = f"{said.mate}:{said.pos}"
        before, _, after = allele.alternate.partition(place)
        before, after = (
            side.replace(ANCHOR, ref) if ANCHOR in side else side
            for side in (before, after)
        )
        return f"{before}{mate}:{said.pos}{after}", ["SVTYPE=BND"]


def _counted(counts: AlleleCounts, suffix: str) -> list[str]:
    """Return the counts that are known, in the order of the head."""
    frequency = counts.frequency
    numbers: tuple[int | str | None, ...] = (
        counts.ac,
        counts.an,
        None if frequency is None else f"{frequency:.6g}",
        counts.hom,
        counts.het,
        counts.hemi,
    )
    return [
        f"{name}{suffix}={number}"
        for (name, *_), number in zip(_NUMBERS, numbers, strict=True)
        if number is not None
    ]


def _suffixes(labels: Sequence[str]) -> dict[str, str]:
    """Return what stands behind the names of each group's numbers, none twice."""
    found: dict[str, str] = {}
    for label in labels:
        suffix = "" if label == _TOTAL else f"_{_FORBIDDEN.sub('_', label)}"
        while suffix in found.values():
            suffix += "_"
        found[label] = suffix
    return found


def _facts(facts: Mapping[str, str]) -> Iterator[str]:
    for number, (name, value) in enumerate(facts.items()):
        yield f"{name}={value}" if number == 0 else f'{name}="{_quoted(value)}"'


def _quoted(text: str) -> str:
    return _UNSAFE.sub(" ", text)
