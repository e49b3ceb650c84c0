"""What every way of reading a text shares: what it may rest on, and plain refusals.

A position is 1-based in a text and leaves as 0-based interbase; bases that a
notation leaves out come from a reference, or the text is refused in a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NoReturn

from beacon.model import assemblies
from beacon.model.errors import InvalidRequest, NotUnderstood
from beacon.model.genes import NO_GENES
from beacon.model.genome import pos_from_start
from beacon.model.spelling import (
    allele_pattern,
    check_place,
    reference_of,
    resolve_assembly,
    resolve_contig,
)
from beacon.model.variant import BASES, sequence_allele

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from beacon.model.genes import Genes
    from beacon.model.genome import Contig
    from beacon.model.pattern import VariantPattern
    from beacon.model.variant import Reference

LONGEST_QUOTED = 60
LONGEST_READ = 100_000
"""Bases; longer stretches are not read from a reference for one allele."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What reading a text may rest on.

    Attributes:
        assembly: any name of the assembly asked for; ``None``: not said.
        loaded: canonical names of the assemblies that have datasets.
        references: the references at hand, by canonical assembly name.
        genes: where genes lie.
    """

    assembly: str | None = None
    loaded: Collection[str] = ()
    references: Mapping[str, Reference] = field(default_factory=dict)
    genes: Genes = NO_GENES

    def contig(self, name: str) -> Contig:
        """Return the contig a text names."""
        return resolve_contig(name, assembly=self.assembly, loaded=self.loaded)

    def genome(self) -> str:
        """Return the assembly asked, of a text that names no sequence."""
        return resolve_assembly(self.assembly, self.loaded)

    def of_assembly(self, name: str) -> Context:
        """Return the same context for the assembly a text names itself.

        Raises:
            InvalidRequest: when another assembly was asked for.
        """
        said = assemblies.assembly(name).name
        if (
            self.assembly is not None
            and assemblies.assembly(self.assembly).name != said
        ):
            message = (
                f"The variant is given on {said}, but assemblyId is {self.assembly}."
            )
            raise InvalidRequest(message, parameter="assemblyId")
        return replace(self, assembly=said)


def refuse(sentence: str) -> NoReturn:
    """Say why a text cannot be read.

    Raises:
        NotUnderstood: always.
    """
    raise NotUnderstood(sentence, parameter="variant")


def read_pos(digits: str) -> int:
    """Return a 1-based position, thousands separators allowed."""
    pos = int(digits.replace(",", ""))
    if pos < 1:
        refuse("Positions begin at 1; 0 is none.")
    return pos


def read_bases(text: str) -> str:
    """Return bases in upper case, as DNA."""
    bases = text.upper()
    if BASES.match(bases) is None:
        shown = text[:LONGEST_QUOTED]
        refuse(f"{shown!r} is not a sequence of bases (A, C, G, T, N).")
    return bases.replace("U", "T")


EITHER = {
    "R": "AG",
    "Y": "CT",
    "S": "CG",
    "W": "AT",
    "K": "GT",
    "M": "AC",
    "B": "CGT",
    "D": "AGT",
    "H": "ACT",
    "V": "ACG",
}
"""Letters for several bases (IUPAC), and which."""


def read_new_bases(text: str) -> str:
    """Return the bases an allele brings.

    A letter for several bases, as base callers write heterozygotes, names no one
    allele: no dataset keeps such, and its "not seen" would be wrong.
    """
    bases = read_bases(text)
    for base in bases:
        if base in EITHER:
            refuse(
                f"{base} in ALT stands for {' or '.join(EITHER[base])} (IUPAC); ask "
                "for one of them at a time."
            )
    return bases


def ask_allele(
    contig: Contig, start: int, reference: str, alternate: str, context: Context
) -> VariantPattern:
    """Return the question for one allele, as it is written."""
    allele = sequence_allele(contig, start, reference, alternate)
    return allele_pattern(allele, reference_of(contig, context.references))


def reference_bases(contig: Contig, start: int, end: int, context: Context) -> str:
    """Return the reference's bases, which a notation leaves out.

    Raises:
        NotUnderstood: when there is no reference here, or it has no bases there.
    """
    if start == end:
        return ""
    check_place(contig, start, end)
    place = f"{contig.assembly} {contig.name}:{pos_from_start(start)}-{end}"
    if end - start > LONGEST_READ:
        refuse(f"{place} is too long for one allele; ask for the region.")
    reference = reference_of(contig, context.references)
    held = None if reference is None else reference.bases(contig, start, end)
    if held is None:
        refuse(
            f"This form needs the bases of {place}, and no reference sequence is "
            "configured here; write position, REF and ALT, as in a VCF."
        )
    if len(held) < end - start or held.strip("ACGT"):
        refuse(
            f"This form needs the bases of {place}, and the reference has no known "
            "bases there; write position, REF and ALT, as in a VCF."
        )
    return held
