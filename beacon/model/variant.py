"""Alleles and their normal forms: one allele, one spelling.

The spelling we keep is VCF's: parsimonious (trimmed, one base kept on either
side of a change of length) and, where a reference is known, left-aligned
(Tan, Abecasis and Kang, Bioinformatics 2015, doi:10.1093/bioinformatics/btv112).
Counting lives in ``counts``; files and databases are unknown here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from beacon.model.genome import Contig

BASES = re.compile(r"[ACGTUNRYSWKMBDHV]*\Z")
_SHIFT_WINDOW = 128


class Reference(Protocol):
    """A genome's bases, as normalisation needs them."""

    def bases(self, contig: Contig, start: int, end: int) -> str | None:
        """Return the upper-case bases of ``[start, end)``, clipped to the contig.

        ``None`` where this reference does not hold the contig at all.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Allele:
    """A change of a contig: ``reference`` at ``start`` becomes ``alternate``.

    Attributes:
        start: 0-based interbase.
        end: 0-based interbase; ``start + len(reference)`` for bases, INFO END
            or SVLEN for a symbolic allele.
        reference: upper-case bases; empty only in a question, for an insertion.
        alternate: upper-case bases (empty only in a question, for a deletion),
            or a symbolic allele such as ``<DEL>``.
    """

    contig: Contig
    start: int
    end: int
    reference: str
    alternate: str

    @property
    def is_symbolic(self) -> bool:
        """Whether the alternate is named instead of spelled."""
        return self.alternate.startswith("<")

    @property
    def is_anchored(self) -> bool:
        """Whether this is a complete VCF allele: neither side is empty."""
        return bool(self.reference) and bool(self.alternate)


def sequence_allele(
    contig: Contig, start: int, reference: str, alternate: str
) -> Allele:
    """Return the allele that replaces ``reference`` at ``start`` by ``alternate``."""
    return Allele(
        contig=contig,
        start=start,
        end=start + len(reference),
        reference=reference,
        alternate=alternate,
    )


def trim(start: int, reference: str, alternate: str) -> tuple[int, str, str]:
    """Return the parsimonious VCF form: shared suffix first, then shared prefix.

    One base is always kept on both sides, so no side becomes empty.
    """
    shorter = min(len(reference), len(alternate))
    if shorter <= 1:
        return start, reference, alternate
    cut = 0
    while cut < shorter - 1 and reference[-1 - cut] == alternate[-1 - cut]:
        cut += 1
    if cut:
        reference, alternate = reference[:-cut], alternate[:-cut]
        shorter -= cut
    cut = 0
    while cut < shorter - 1 and reference[cut] == alternate[cut]:
        cut += 1
    return start + cut, reference[cut:], alternate[cut:]


def strip(start: int, reference: str, alternate: str) -> tuple[int, str, str]:
    """Return the form without any shared base; a side may become empty."""
    start, reference, alternate = trim(start, reference, alternate)
    if reference and alternate and reference[-1] == alternate[-1]:
        reference, alternate = reference[:-1], alternate[:-1]
    if reference and alternate and reference[0] == alternate[0]:
        return start + 1, reference[1:], alternate[1:]
    return start, reference, alternate


def left_align(allele: Allele, reference: Reference) -> Allele:
    """Return the left-aligned, parsimonious form of a sequence allele.

    An allele with an empty side gains its anchor base.  Bases other than A, C,
    G, T in the reference stop the shift.  Where the reference does not hold the
    contig the allele is only trimmed.  Haplotypes are preserved: applying the
    result to the reference gives the same sequence as applying ``allele``.
    """
    contig = allele.contig
    start, ref, alt = strip(allele.start, allele.reference, allele.alternate)
    if (ref and alt) or not (ref or alt):
        start, ref, alt = trim(allele.start, allele.reference, allele.alternate)
        return sequence_allele(contig, start, ref, alt)
    start, unit = _shift_left(contig, start, ref or alt, reference)
    before = reference.bases(contig, start - 1, start) if start else None
    if before:
        start, ref, alt = start - 1, before + (ref and unit), before + (alt and unit)
        return sequence_allele(contig, start, ref, alt)
    after = reference.bases(contig, start + len(ref), start + len(ref) + 1)
    if start == 0 and after:
        return sequence_allele(
            contig, 0, (ref and unit) + after, (alt and unit) + after
        )
    start, ref, alt = trim(allele.start, allele.reference, allele.alternate)
    return sequence_allele(contig, start, ref, alt)


def _shift_left(
    contig: Contig, start: int, unit: str, reference: Reference
) -> tuple[int, str]:
    """Roll an inserted or deleted ``unit`` left while the base before equals its last.

    Reads the reference in windows; the shift itself is counted, and the unit is
    rotated once, so a long unit in a long repeat stays linear.
    """
    size, shifted = len(unit), 0
    while start - shifted > 0:
        high = start - shifted
        low = max(0, high - _SHIFT_WINDOW)
        window = reference.bases(contig, low, high)
        if not window:
            break
        moved = 0
        while moved < len(window):
            last = unit[size - 1 - (shifted + moved) % size]
            if window[-1 - moved] != last or last not in "ACGT":
                break
            moved += 1
        shifted += moved
        if moved < len(window):
            break
    turn = shifted % size
    return start - shifted, unit[size - turn :] + unit[: size - turn]
