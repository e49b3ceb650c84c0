"""References the model's tests read: a short text, and the shared FASTA slices."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pysam
import pytest
from hypothesis import strategies as st

from beacon.model.assemblies import ASSEMBLIES, find_contig
from beacon.model.genome import Contig
from beacon.model.variant import sequence_allele

if TYPE_CHECKING:
    from beacon.model.variant import Allele

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


@dataclass
class TextReference:
    """A reference of one sequence, spelled; it counts how often it is read."""

    text: str
    name: str = "22"
    reads: list[tuple[int, int]] = field(default_factory=list)

    def bases(self, contig: Contig, start: int, end: int) -> str | None:
        """Return the bases of the text, or None for another sequence."""
        self.reads.append((start, end))
        return self.text[max(0, start) : end] if contig.name == self.name else None


class SliceReference:
    """The shared slices of an assembly; a sequence may be shorter than its contig."""

    def __init__(self, assembly: str) -> None:
        self._fasta = pysam.FastaFile(
            str(SHARED / "data" / "reference" / f"{assembly}.slices.fa.gz")
        )
        found = {
            n: find_contig(ASSEMBLIES[assembly], n) for n in self._fasta.references
        }
        self._names = {c.name: n for n, c in found.items() if c is not None}

    def bases(self, contig: Contig, start: int, end: int) -> str | None:
        """Return the bases of the file, or None for a sequence it has not."""
        if contig.name not in self._names:
            return None
        return self._fasta.fetch(self._names[contig.name], max(0, start), end).upper()


def shared_file(*parts: str) -> Path:
    """Return a shared file, or skip the test that needs it."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path.name} is not here")
    return path


def short_contig(length: int) -> Contig:
    """Return a contig of a few bases, as normalisation sees one."""
    return Contig(
        assembly="GRCh37", name="22", rank=22, length=length, refseq="r", genbank="g"
    )


@st.composite
def changes(draw: st.DrawFn, alphabet: str = "ACGT") -> tuple[TextReference, Allele]:
    """A short reference and a change of it; either side may be empty."""
    letters = draw(st.sampled_from(sorted({alphabet, "AC", "A"}, key=len)))
    text = draw(st.text(alphabet=letters, min_size=1, max_size=24))
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, len(text)))
    inserted = draw(
        st.text(alphabet=letters, max_size=8).filter(lambda b: b != text[start:end])
    )
    allele = sequence_allele(short_contig(len(text)), start, text[start:end], inserted)
    return TextReference(text), allele


def haplotype(reference: TextReference, allele: Allele) -> str:
    """Return the sequence of somebody who carries the allele."""
    text = reference.text
    return text[: allele.start] + allele.alternate + text[allele.end :]
