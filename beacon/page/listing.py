"""A list of variants: what its lines ask, and what is shown of the answers.  Pure.

Of a line of a VCF, or of a table, nothing is read but place and bases.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from beacon.model.errors import BeaconError
from beacon.model.status import Status
from beacon.page.verdict import each_once

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from beacon.model.counts import AlleleCounts
    from beacon.model.nodes import NetworkAnswer, NodeAnswer, NodeDataset, Reason
    from beacon.page.asked import Asked
    from beacon.page.delimited import Cell

ORDER: Final = (
    *(Status.SEEN, Status.NO_ANSWER, Status.REFUSED, Status.WITHHELD),
    *(Status.NOT_SEEN, Status.NOT_COVERED, Status.NOT_ASKED),
)
"""Of the words in a row: the weightiest first, as several are made one."""
COLUMNS: Final = (
    *("line", "input", "variant", "assembly", "answer", "node", "dataset", "status"),
    *("alleleCount", "alleleNumber", "alleleFrequency"),
    *("homozygous", "heterozygous", "hemizygous", "multiplesOf", "reason"),
)
_LINES: Final = re.compile(r"\r\n|\r|\n")
_POS: Final = re.compile(r"[0-9]+")
_BARE: Final = re.compile(r"[ACGTUN]+", re.IGNORECASE)
_ALLELE: Final = r"(?:[ACGTUN]+|\*|\.|<[^<>,\s]+>)"
_SEVERAL: Final = re.compile(rf"{_ALLELE}(?:,{_ALLELE})*", re.IGNORECASE)
_NO_ALLELES: Final = frozenset(("*", "<*>", "<NON_REF>", "<X>", "."))
_CELLS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One question of a list: the number of its line, and what it asks."""

    line: int
    text: str


def entries(text: str) -> list[Entry]:
    """Return the questions of a pasted list, as ``entriesOf`` of vcf.js does.

    A line is one; of a VCF's line, or a table's, each ALT is one.  Blank lines and
    headers ask nothing.
    """
    found: list[Entry] = []
    for number, raw in enumerate(_LINES.split(text), 1):
        line = " ".join(raw.split())
        if line and not line.startswith("#"):
            found += [Entry(line=number, text=one) for one in _asked_by(raw, line)]
    return found


def _asked_by(raw: str, line: str) -> list[str]:
    is_table = "\t" in raw
    cells = [c.strip() for c in raw.split("\t")] if is_table else line.split(" ")
    if len(cells) < _CELLS or _POS.fullmatch(cells[1]) is None:
        return [line]
    contig, pos, third, fourth, fifth = cells[:_CELLS]
    if _BARE.fullmatch(third):
        is_row = is_table and _SEVERAL.fullmatch(fourth) is not None
        return _alleles(contig, pos, third, fourth) if is_row else [line]
    is_record = _BARE.fullmatch(fourth) and _SEVERAL.fullmatch(fifth)
    return _alleles(contig, pos, fourth, fifth) if is_table or is_record else [line]


def _alleles(contig: str, pos: str, ref: str, alternates: str) -> list[str]:
    every = [alt for alt in alternates.split(",") if alt not in _NO_ALLELES]
    return [f"{contig}-{pos}-{ref}-{alt}" for alt in every or [alternates]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one dataset, or a node without any, says of a variant.

    Attributes:
        node: that says it; ``None``: nobody was asked.
        dataset: of which it is said; ``None``: the node as a whole speaks.
        status: the word.
        reason: why there is no better one.
    """

    node: NodeAnswer | None
    dataset: NodeDataset | None
    status: Status
    reason: Reason | str | None

    @property
    def counts(self) -> AlleleCounts | None:
        """Its numbers, where it speaks in numbers."""
        return None if self.dataset is None else self.dataset.counts

    @property
    def step(self) -> int | None:
        """What its numbers are multiples of; ``None``: they are exact."""
        if self.dataset is None or self.counts is None:
            return None
        return self.dataset.part.adjusted_to


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One question of a list with its answer.

    Attributes:
        entry: the question.
        asked: as it was understood; ``None``: it was not.
        status: the word over all nodes.
        error: why there is none, in English.
        parts: what each says.
    """

    entry: Entry
    asked: Asked | None
    status: Status
    error: str | None
    parts: tuple[Part, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What nodes warn of, each once."""
        nodes = [part.node for part in self.parts if part.node is not None]
        return tuple(dict.fromkeys(note for node in nodes for note in node.warnings))

    def groups(self) -> Iterator[tuple[Status, list[Part]]]:
        """Yield each word with those who say it."""
        for word in ORDER:
            some = [p for p in self.parts if p.status is word and p.node is not None]
            if some:
                yield word, some


def row_of(
    entry: Entry, asked: Asked | None, said: NetworkAnswer | BeaconError | str
) -> Row:
    """Return what is shown of a question."""
    if isinstance(said, (str, BeaconError)):
        part = Part(node=None, dataset=None, status=Status.NO_ANSWER, reason=str(said))
        return Row(
            entry=entry,
            asked=asked,
            status=Status.NO_ANSWER,
            error=str(said),
            parts=(part,),
        )
    return Row(
        entry=entry,
        asked=asked,
        status=said.status,
        error=None,
        parts=tuple(
            part for node, own in each_once(said) for part in _parts(node, own)
        ),
    )


def _parts(node: NodeAnswer, own: Sequence[NodeDataset]) -> Iterator[Part]:
    if not own:
        yield Part(node=node, dataset=None, status=node.status, reason=node.reason)
    for each in own:
        said = each.part
        yield Part(
            node=node, dataset=each, status=said.status, reason=said.coverage or None
        )


def exported(rows: Iterable[Row]) -> Iterator[Sequence[Cell]]:
    """Yield a table of rows for spreadsheets: a line for each dataset of each."""
    yield COLUMNS
    for row in rows:
        for part in row.parts:
            yield _exported(row, part)


def _exported(row: Row, part: Part) -> Sequence[Cell]:
    counts, node, asked = part.counts, part.node, row.asked
    numbers: tuple[Cell, ...] = (None,) * 6
    if counts is not None:
        share = counts.frequency
        numbers = (
            *(counts.ac, counts.an, None if share is None else f"{share:.6g}"),
            *(counts.hom, counts.het, counts.hemi),
        )
    return (
        row.entry.line,
        row.entry.text,
        None if asked is None else asked.shown,
        None if asked is None else asked.pattern.assembly,
        row.status.value,
        None if node is None else node.node.names["en"],
        None if part.dataset is None else part.dataset.part.dataset,
        part.status.value,
        *numbers,
        part.step,
        None if part.reason is None else str(part.reason),
    )
