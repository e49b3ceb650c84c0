"""The classes alleles are counted in: what they change, and how often they were found.

A summary of a release counts its alleles by both.  A *cell* is one class and one
step of the allele count, as one number; loaders count cells, and nothing else of a
release's shape.
"""

from __future__ import annotations

from bisect import bisect_right
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from beacon.model.structure import Named, described
from beacon.model.variant import is_symbolic, strip

if TYPE_CHECKING:
    from beacon.model.counts import Tally


class VariantClass(StrEnum):
    """What an allele is; in angle brackets what a file names and does not spell."""

    SNV = "SNV"
    MNV = "MNV"
    INSERTION = "insertion"
    DELETION = "deletion"
    DELINS = "delins"
    DEL = "<DEL>"
    DUP = "<DUP>"
    CNV = "<CNV>"
    INS = "<INS>"
    INV = "<INV>"
    BND = "BND"
    OTHER = "other"


CLASSES: Final = tuple(VariantClass)
"""In the order in which they are shown, and numbered: add new ones at the end."""
NOT_TOLD: Final = 0
"""The step of alleles that a source lists without counting them."""
LOWEST: Final = (
    *(1, 2, 3, 6, 11, 21, 51, 101, 201, 501, 1_001, 2_001, 5_001, 10_001, 20_001),
    *(50_001, 100_001, 200_001, 500_001, 1_000_001),
)
"""The lowest allele count of each step, from the first step on."""
WINDOW_BITS: Final = 20
"""A window along a chromosome is of so many bits of a start: 1,048,576 bases."""

_STEP_BITS = 5
_STEP_MASK = (1 << _STEP_BITS) - 1
_NUMBERS = {one: number for number, one in enumerate(CLASSES)}
_SNV_CELLS = tuple(bisect_right(LOWEST, ac) for ac in range(256))


def step_of(ac: int | None) -> int:
    """Return the step that an allele count is in."""
    return NOT_TOLD if ac is None else bisect_right(LOWEST, ac)


def bounds_of(step: int) -> tuple[int, int | None] | None:
    """Return the lowest and the highest allele count of a step.

    The highest of the last step is ``None``; so is all of the step ``NOT_TOLD``.
    """
    if step == NOT_TOLD:
        return None
    highest = LOWEST[step] - 1 if step < len(LOWEST) else None
    return LOWEST[step - 1], highest


def class_of(reference: str, alternate: str) -> VariantClass:
    """Return the class of an allele, spelled or named."""
    if is_symbolic(alternate):
        said = described(alternate)
        return _named(said.family) if isinstance(said, Named) else VariantClass.BND
    if len(reference) == 1 < len(alternate) and alternate[0] == reference:
        return VariantClass.INSERTION
    if len(alternate) == 1 < len(reference) and reference[0] == alternate:
        return VariantClass.DELETION
    _, before, after = strip(0, reference, alternate)
    if len(before) == len(after):
        return VariantClass.SNV if len(before) == 1 else VariantClass.MNV
    if not before:
        return VariantClass.INSERTION
    return VariantClass.DELINS if after else VariantClass.DELETION


def _named(family: str) -> VariantClass:
    word = f"<{family}>"
    return VariantClass(word) if word in CLASSES else VariantClass.OTHER


def cell_of(reference: str, alternate: str, tally: Tally) -> int:
    """Return the cell of an allele that exists."""
    carriers = tally.carriers
    if carriers is None:
        ac = None
    elif len(carriers) == 1:
        ac = carriers[0][1]
    else:
        ac = sum([one[1] for one in carriers])
    if len(reference) == 1 == len(alternate):
        # Nearly every allele is one of these, and SNV is the first class.
        if ac is not None and ac < len(_SNV_CELLS):
            return _SNV_CELLS[ac]
        return step_of(ac)
    return cell(class_of(reference, alternate), step_of(ac))


def cell(one: VariantClass, step: int) -> int:
    """Return the cell of a class and a step."""
    return _NUMBERS[one] << _STEP_BITS | step


def read_cell(number: int) -> tuple[VariantClass, int]:
    """Return the class and the step that a cell is of."""
    return CLASSES[number >> _STEP_BITS], number & _STEP_MASK
