"""Lines of a VCF → questions, one for each ALT that is an exact allele.

An ALT is asked about exactly as ``beacon ask`` asks about it, in the same words
of the model; questions of a contig share an outline.  What cannot be asked has its
status word already: ``not_asked`` where it is no exact allele, ``no_answer`` where
it cannot be understood.
Lines are split, never parsed further: they are written again as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from beacon.annotating.columns import ADJUSTED, FIELDS
from beacon.model.assemblies import find_contig
from beacon.model.dialects import is_structural
from beacon.model.errors import InvalidRequest, ReadError
from beacon.model.outline import Outline
from beacon.model.pattern import VariantPattern
from beacon.model.query import Granularity, Include, Query
from beacon.model.variant import BASES
from loaders.indexing import Lines, is_indexable

if TYPE_CHECKING:
    from collections.abc import Collection

    from beacon.model.assemblies import Assembly
    from beacon.model.genome import Contig
    from beacon.model.pattern import Spelling
    from beacon.model.variant import Reference
    from beacon.model.wording import Asked as Question
    from loaders.stream import Block

NO_ANSWER, NOT_ASKED = -1, -2
"""Stand where a question's number would."""

Target = int | tuple[int, ...] | None
"""The number of a line's question; of one with several ALTs, each one's number;
``None`` where nothing is written into the line."""

_COLUMNS, _INFO = 8, 7
_NO_ALLELES = frozenset(("*", "<*>", "<NON_REF>", "<X>", "."))
_LONGEST_POS = 12
_LONGEST_ALLELE = 1_000_000
"""Bases; a load takes no longer ones, either."""
_OURS = frozenset((*FIELDS, ADJUSTED))


class Run(NamedTuple):
    """Neighbouring lines on one contig: first and last POS, and whether they rise."""

    contig: str
    first: int
    last: int
    rises: bool


class Asked(NamedTuple):
    """A block of lines, and what is asked of it.

    Attributes:
        rows: columns CHROM to INFO and the rest of each line, or a line that stays
            as it is.
        targets: one for each row.
        questions: in order.
        runs: how the lines follow each other.
        lines: where the records lie; ``None``: some reach further than their REF.
    """

    rows: list[list[str] | str]
    targets: list[Target]
    questions: list[Question]
    runs: list[Run]
    lines: Lines | None


class Understanding:
    """Reads the lines of one file.

    Args:
        name: what sentences call the file.
        assembly: that its coordinates are on.
        reference: the genome that alleles are checked and left-aligned with.
        columns: how many columns its header names.
        other_sequences: contig names that mean another sequence than the assembly's.
        datasets: ids asked; ``None``: all.
    """

    def __init__(
        self,
        name: str,
        assembly: Assembly,
        reference: Reference | None,
        *,
        columns: int,
        other_sequences: Collection[str] = (),
        datasets: tuple[str, ...] | None = None,
    ) -> None:
        self._name = name
        self._assembly = assembly
        self._reference = reference
        self._columns = columns
        self._datasets = datasets
        self._outlines: dict[str, Outline | None] = dict.fromkeys(other_sequences)

    def questions(self, block: Block) -> Asked:
        """Return the questions of a block.

        Raises:
            ReadError: a line is cut off, or no record.
        """
        # Latin-1 gives every byte back as it was.
        lines = block.text.decode("latin-1").split("\n")
        if lines[-1]:
            self._refuse_cut(lines[-1], block.line + len(lines) - 1)
        contigs: list[tuple[str, int]] = []
        begins: list[int] = []
        lengths: list[int] = []
        records = Lines(contigs, begins, lengths)
        asked = Asked([], [], [], [], records if is_indexable(block.text) else None)
        order = _Order(asked.runs, contigs)
        rows, targets, questions = asked.rows, asked.targets, asked.questions
        for number, line in enumerate(lines):
            fields = line.split("\t", _COLUMNS)
            if len(fields) < _COLUMNS:
                self._refuse_short(line, block.line + number)
                rows.append(line)
                targets.append(None)
                continue
            name, pos, _, ref, alternates = fields[:5]
            place = int(pos) if pos.isdecimal() and len(pos) <= _LONGEST_POS else -1
            if name == order.contig and place >= order.last:
                order.last = place
            else:
                order.note(name, place, len(begins))
            begins.append(place - 1)
            lengths.append(len(ref))
            if "," in alternates:
                targets.append(self._several(name, place, ref, alternates, questions))
            elif alternates in _NO_ALLELES:
                targets.append(None)
            else:
                targets.append(self._ask(name, place, ref, alternates, questions))
            if "BEACON_" in fields[_INFO]:
                fields[_INFO] = _without_ours(fields[_INFO])
            rows.append(fields)
        order.end()
        return asked

    def _several(
        self, name: str, place: int, ref: str, alternates: str, into: list[Question]
    ) -> Target:
        every = alternates.split(",")
        found = tuple([self._ask(name, place, ref, alt, into) for alt in every])
        return found if _has_allele(every) else None

    def _ask(
        self, name: str, place: int, ref: str, alt: str, into: list[Question]
    ) -> int:
        """Add the question about an ALT; return its number, or why there is none.

        Args:
            name: of the contig.
            place: POS; -1 where it is none.
            ref: as it is written.
            alt: as it is written.
            into: the questions so far.
        """
        try:
            outline = self._outlines[name]
        except KeyError:
            outline = self._new_outline(name)
        if outline is None:
            return _unasked(alt)
        if ref not in _ONE_BASE or alt not in _ONE_BASE:
            if not alt.isalpha():
                return _unasked(alt)
            ref, alt = _bases(ref), _bases(alt)
        if not ref or not alt or place < 1:
            return NO_ANSWER
        try:
            into.append((outline, outline.spelled(place - 1, ref, alt)))
        except InvalidRequest:
            return NO_ANSWER
        return len(into) - 1

    def _new_outline(self, name: str) -> Outline | None:
        """Return what questions of a contig have in common, and keep it."""
        contig = find_contig(self._assembly, name)
        outline = None if contig is None else self._outline(contig)
        if len(self._outlines) < _MOST_NAMES:
            self._outlines[name] = outline
        return outline

    def _outline(self, contig: Contig) -> Outline:
        query = Query(
            pattern=VariantPattern(contig=contig, spellings=_ANY),
            datasets=self._datasets,
            assembly=contig.assembly,
            granularity=Granularity.COUNT,
            include=Include.ALL,
        )
        return Outline(query, self._reference)

    def _refuse_short(self, line: str, number: int) -> None:
        if line not in ("", "\r"):
            reason = "the record has fewer than eight columns"
            raise ReadError(reason, path=self._name, line=number)

    def _refuse_cut(self, line: str, number: int) -> None:
        """Refuse a last line that is neither ended nor whole."""
        if line.count("\t") + 1 != self._columns:
            reason = "the last record is cut off; the file may be truncated"
            raise ReadError(reason, path=self._name, line=number)


_MOST_NAMES = 100_000
_ONE_BASE = frozenset("ACGT")
_ANY: tuple[Spelling, ...] = ((0, "A", "C"),)
"""Stands where an allele's spellings would."""
_SHORT = 50


def _bases(text: str) -> str:
    """Return bases as a question spells them; nothing where they are none."""
    if len(text) <= _SHORT and not text.strip("ACGT"):
        return text
    bases = text.upper()
    if len(bases) > _LONGEST_ALLELE or BASES.match(bases) is None:
        return ""
    return bases.replace("U", "T")


def _unasked(alternate: str) -> int:
    if alternate in _NO_ALLELES or is_structural(alternate):
        return NOT_ASKED
    return NO_ANSWER


def _has_allele(alternates: list[str]) -> bool:
    return not _NO_ALLELES.issuperset(alternates)


def _without_ours(info: str) -> str:
    """Return INFO without the fields of an earlier annotation."""
    end = "\r" if info.endswith("\r") else ""
    parts = info.removesuffix("\r").split(";")
    kept = ";".join(p for p in parts if p.partition("=")[0] not in _OURS)
    return (kept or ".") + end


class _Order:
    """Notes how lines follow each other.

    Attributes:
        contig: of the last line.
        last: its place.
    """

    def __init__(self, runs: list[Run], contigs: list[tuple[str, int]]) -> None:
        self._runs = runs
        self._contigs = contigs
        self.contig: str | None = None
        self.last = 0
        self._first = 0
        self._rises = True

    def note(self, contig: str, place: int, number: int) -> None:
        """Take the place of the next line; what is no place stands before all."""
        if contig != self.contig:
            self._contigs.append((contig, number))
            self.end()
            self.contig, self._first, self._rises = contig, place, place >= 0
        elif place < self.last:
            self._rises = False
        self.last = place

    def end(self) -> None:
        """Close the run of the last lines."""
        if self.contig is not None:
            run = Run(self.contig, self._first, self.last, self._rises)
            self._runs.append(run)
            self.contig = None
