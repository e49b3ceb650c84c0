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
    from beacon.model.structure import Structure

LONGEST_SHORT = 1_000
"""Bases that a short variant spans at most."""
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
            or the canonical text of a structural allele (see ``structure``).
        structure: how exactly a structural allele is known; not its identity.
    """

    contig: Contig
    start: int
    end: int
    reference: str
    alternate: str
    structure: Structure | None = None

    @property
    def is_symbolic(self) -> bool:
        """Whether the alternate is named, or a breakend, instead of spelled."""
        return is_symbolic(self.alternate)

    @property
    def is_anchored(self) -> bool:
        """Whether this is a complete VCF allele: neither side is empty."""
        return bool(self.reference) and bool(self.alternate)


def is_symbolic(alternate: str) -> bool:
    """Whether an alternate is named, or a breakend, instead of spelled."""
    return bool(alternate) and not alternate.isalpha()


def is_long(start: int, end: int, alternate: str) -> bool:
    """Whether an allele is structural, or spans more than a short one does."""
    return end - start > LONGEST_SHORT or is_symbolic(alternate)


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


def strip_prefix_first(
    start: int, reference: str, alternate: str
) -> tuple[int, str, str]:
    """Return the form without any shared base that lies furthest to the right.

    As HGVS wants a change written (the 3' rule), as far as its own bases show.
    """
    shorter = min(len(reference), len(alternate))
    cut = 0
    while cut < shorter and reference[cut] == alternate[cut]:
        cut += 1
    start, reference, alternate = start + cut, reference[cut:], alternate[cut:]
    return strip(start, reference, alternate)


def left_align(allele: Allele, reference: Reference) -> Allele:
    """Return the left-aligned, parsimonious form of a sequence allele.

    An allele with an empty side gains its anchor base.  Bases other than A, C,
    G, T in the reference stop the shift, and give way to a base the allele
    itself spells; where they are inserted or deleted, nothing is moved.  Where
    the reference does not hold the contig the allele is only trimmed.
    Haplotypes are preserved: applying the result to the reference gives the
    same sequence as applying ``allele``.
    """
    written = (allele.start, allele.reference, allele.alternate)
    if len(allele.reference) == len(allele.alternate):
        return _trimmed(allele)
    start, ref, alt = strip(*written)
    is_spelled_out = not (ref + alt).strip("ACGT")
    if (ref and alt) or (allele.is_anchored and not is_spelled_out):
        return _trimmed(allele)
    start, unit, before = _shift_left(allele.contig, start, ref or alt, reference)
    ref, alt = ref and unit, alt and unit
    if before:
        before = _known_base(allele, start - 1, before)
        return sequence_allele(allele.contig, start - 1, before + ref, before + alt)
    after = None if start else reference.bases(allele.contig, len(ref), len(ref) + 1)
    if after:
        after = _known_base(allele, len(ref), after)
        return sequence_allele(allele.contig, 0, ref + after, alt + after)
    return _trimmed(allele)


def _trimmed(allele: Allele) -> Allele:
    form = trim(allele.start, allele.reference, allele.alternate)
    if form[1:] == (allele.reference, allele.alternate):
        return allele
    return sequence_allele(allele.contig, *form)


def _known_base(allele: Allele, at: int, read: str) -> str:
    """Return the base at ``at``: as read, or as the allele spells it where unread."""
    offset = at - allele.start
    if read not in "ACGT" and 0 <= offset < len(allele.reference):
        return allele.reference[offset]
    return read


def _shift_left(
    contig: Contig, start: int, unit: str, reference: Reference
) -> tuple[int, str, str | None]:
    """Roll an inserted or deleted ``unit`` left while the base before equals its last.

    Reads the reference in windows; the shift itself is counted, and the unit is
    rotated once, so a long unit in a long repeat stays linear.

    Returns:
        Where it begins now, the unit as it reads there, and the base before it
        (``None`` at the contig's edge, or where the reference has no bases).
    """
    size, shifted, before = len(unit), 0, None
    is_spelled_out = not unit.strip("ACGT")
    while start > shifted:
        high = start - shifted
        low = max(0, high - _SHIFT_WINDOW)
        window = reference.bases(contig, low, high)
        if window is None or len(window) < high - low:
            break
        moved = _run_from_end(window, unit, shifted) if is_spelled_out else 0
        shifted += moved
        if moved < len(window):
            before = window[-1 - moved]
            break
    turn = shifted % size
    return start - shifted, unit[size - turn :] + unit[: size - turn], before


def _run_from_end(window: str, unit: str, shifted: int) -> int:
    """Count the bases at the end of ``window`` that continue the repeated ``unit``."""
    size, moved = len(unit), 0
    for base in reversed(window):
        if base != unit[size - 1 - (shifted + moved) % size]:
            break
        moved += 1
    return moved


def right_align(
    allele: Allele, reference: Reference, furthest: int | None = None
) -> tuple[int, str, str]:
    """Return the stripped form, moved as far right as it reads the same (HGVS 3' rule).

    HGVS nomenclature, https://hgvs-nomenclature.org, "3' rule".

    Args:
        allele: that is moved.
        reference: the bases it is moved over.
        furthest: bases after which it is left where it is, though it might go on.
    """
    start, ref, alt = strip(allele.start, allele.reference, allele.alternate)
    if ref and alt:
        return start, ref, alt
    unit = ref or alt
    if unit.strip("ACGT"):
        return start, ref, alt
    limit = allele.contig.length if furthest is None else furthest
    shifted = _shift_right(allele.contig, start + len(ref), unit, reference, limit)
    turn = shifted % len(unit)
    unit = unit[turn:] + unit[:turn]
    return start + shifted, ref and unit, alt and unit


def _shift_right(
    contig: Contig, end: int, unit: str, reference: Reference, limit: int
) -> int:
    shifted = 0
    while shifted < limit:
        low = end + shifted
        window = reference.bases(contig, low, low + _SHIFT_WINDOW) or ""
        for base in window:
            if base != unit[shifted % len(unit)]:
                return shifted
            shifted += 1
        if len(window) < _SHIFT_WINDOW:
            break
    return min(shifted, limit)
