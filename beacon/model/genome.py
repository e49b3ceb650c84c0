"""Contigs and intervals: the coordinates every other value is made of.

``start`` and ``end`` are 0-based interbase and half-open, always.
A 1-based number is named ``pos``; it is turned here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Contig:
    """One assembled sequence of one assembly.

    Attributes:
        assembly: canonical assembly name, e.g. ``GRCh38``.
        name: plain name without ``chr``: ``1`` … ``22``, ``X``, ``Y``, ``MT``.
        rank: 1 … 25, the genome order of the names above.
        length: bases.
        refseq: RefSeq accession with version, e.g. ``NC_000022.10``.
        genbank: GenBank accession with version, e.g. ``CM000684.1``.
        refget: the digest of its bases, without ``SQ.``; ``None``: not known here.
    """

    assembly: str
    name: str
    rank: int
    length: int
    refseq: str
    genbank: str
    refget: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A stretch of one contig, 0-based interbase, ``0 <= start <= end``."""

    contig: Contig
    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            message = f"interval {self.start}-{self.end} is not 0 <= start <= end"
            raise ValueError(message)

    def __len__(self) -> int:
        return self.end - self.start


def interval_from_pos(contig: Contig, first_pos: int, last_pos: int) -> Interval:
    """Return the interval of the 1-based, closed range ``first_pos``-``last_pos``."""
    return Interval(contig=contig, start=first_pos - 1, end=last_pos)


def start_from_pos(pos: int) -> int:
    """Return the 0-based start of the base at 1-based ``pos``."""
    return pos - 1


def pos_from_start(start: int) -> int:
    """Return the 1-based position of the base that begins at ``start``."""
    return start + 1
