"""VariantPattern: the one shape of every variant question.

``matches`` IS the meaning of a question; a database may find the same answer
faster, never another one.  All bounds are 0-based interbase.
Beacon v2, genomicVariations/requestParameters.json.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from beacon.model.annotation import AnnotationPattern
from beacon.model.variant import strip

if TYPE_CHECKING:
    from beacon.model.annotation import Annotation
    from beacon.model.genome import Contig
    from beacon.model.variant import Allele

_LONGEST_SPELLED = 100
_LONGEST_CONTIG = 1 << 28

Spelling = tuple[int, str, str]
"""``(start, reference, alternate)`` of one allele."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Half-open bounds of a coordinate: ``low <= x < high``."""

    low: int
    high: int

    def __contains__(self, value: int) -> bool:
        return self.low <= value < self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantPattern:
    """What is asked of variants.  Every given part must hold; ``None`` asks nothing.

    Attributes:
        contig: the sequence (it names its assembly); ``None``: any of ``genome``.
        genome: canonical name of the assembly, where no sequence is given.
        annotated: what the variant's annotations must say.
        identity: the variant's id (see ``identity_of``); given with ``start``.
        spellings: the equivalent spellings of ONE allele (as typed, trimmed,
            left-aligned, anchored); any of them is the allele.
        overlap: the variant must share a base with ``[low, high)``; one of zero
            length, an edge.
        start: bounds of the variant's start; end: bounds of its end.
        reference, alternate: bases, ``N`` standing for any one base; compared
            with the VCF form and with the form stripped of shared bases.
        variant_type: one of ``SNP MNP INS DEL INDEL DUP INV CNV BND``; ``CNV``
            finds DEL and DUP too where they are symbolic.
        min_length, max_length: bases affected, inclusive.
        is_provisional: its spellings may not be all there are (an insertion or
            deletion that may lie further left, where no reference tells; bases
            that are not known): not finding it says nothing.
        notes: sentences the answer must repeat (which gene an alias was taken
            for); they ask nothing.
    """

    contig: Contig | None
    genome: str | None = None
    annotated: AnnotationPattern | None = None
    identity: str | None = None
    spellings: tuple[Spelling, ...] = ()
    overlap: Bounds | None = None
    start: Bounds | None = None
    end: Bounds | None = None
    reference: str | None = None
    alternate: str | None = None
    variant_type: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    is_provisional: bool = False
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def assembly(self) -> str:
        """The canonical name of the assembly asked."""
        if self.contig is not None:
            return self.contig.assembly
        if self.genome is None:
            message = "a pattern names a sequence or an assembly"
            raise ValueError(message)
        return self.genome

    @property
    def sequence(self) -> Contig:
        """The contig, of a pattern that names one.

        Raises:
            ValueError: when it names an assembly only.
        """
        if self.contig is None:
            message = "the pattern names no sequence"
            raise ValueError(message)
        return self.contig

    @property
    def name(self) -> str | None:
        """The rs number or VRS id, where nothing else is asked for."""
        asked = self.annotated
        if asked is None or self.contig is not None:
            return None
        if asked != AnnotationPattern(identifier=asked.identifier):
            return None
        return asked.identifier

    @property
    def is_single_allele(self) -> bool:
        """Whether this asks for one allele, by its spellings or by its id."""
        return bool(self.spellings) or self.identity is not None

    def reach(self) -> Bounds:
        """Return the widest stretch a matching variant must touch or begin in."""
        if self.spellings:
            starts = [s for s, _, _ in self.spellings]
            ends = [s + len(r) for s, r, _ in self.spellings]
            return Bounds(low=min(starts), high=max(*ends, max(starts) + 1))
        if self.overlap is not None:
            return self.overlap
        longest = _LONGEST_CONTIG if self.contig is None else self.contig.length
        low, high = 0, longest + 1
        if self.start is not None:
            low, high = max(0, self.start.low - 1), self.start.high
        return Bounds(low=low, high=max(low + 1, high))

    def matches(self, allele: Allele, annotation: Annotation | None = None) -> bool:
        """Whether ``allele``, as a dataset keeps it, is one this question asks for."""
        return (
            self._is_there(allele)
            and (self.annotated is None or self.annotated.matches(annotation))
            and (self.identity is None or self.identity == identity_of(allele))
            and self._spelled(allele)
            and self._placed(allele)
            and self._based(allele)
            and self._kind(allele)
        )

    def _is_there(self, allele: Allele) -> bool:
        if self.contig is None:
            return allele.contig.assembly == self.genome
        return allele.contig == self.contig

    def _spelled(self, allele: Allele) -> bool:
        if not self.spellings:
            return True
        return (allele.start, allele.reference, allele.alternate) in self.spellings

    def _placed(self, allele: Allele) -> bool:
        if self.overlap is not None and not _overlaps(allele, self.overlap):
            return False
        if self.end is not None and allele.end not in self.end:
            return False
        # Where bases are asked too, the start is compared with them, form by form.
        return self._asks_bases or self.start is None or allele.start in self.start

    @property
    def _asks_bases(self) -> bool:
        return self.reference is not None or self.alternate is not None

    def _based(self, allele: Allele) -> bool:
        if not self._asks_bases:
            return True
        if allele.is_symbolic:
            return False
        written = (allele.start, allele.reference, allele.alternate)
        return any(self._based_as(*form) for form in (written, strip(*written)))

    def _based_as(self, start: int, reference: str, alternate: str) -> bool:
        if self.start is not None and start not in self.start:
            return False
        return _like(self.reference, reference) and _like(self.alternate, alternate)

    def _kind(self, allele: Allele) -> bool:
        if self.variant_type is not None and self.variant_type not in types_of(allele):
            return False
        length = affected_length(allele)
        if self.min_length is not None and length < self.min_length:
            return False
        return self.max_length is None or length <= self.max_length


def _overlaps(allele: Allele, bounds: Bounds) -> bool:
    if allele.start == allele.end:
        return bounds.low <= allele.start <= bounds.high
    return allele.start < bounds.high and allele.end > bounds.low


def _like(asked: str | None, bases: str) -> bool:
    """Compare bases; ``N`` in the question stands for any one base (R85)."""
    if asked is None or asked == bases:
        return True
    return len(asked) == len(bases) and all(
        a in ("N", b) for a, b in zip(asked, bases, strict=True)
    )


def identity_of(allele: Allele) -> str:
    """Return a URL-safe id of the allele, the same in every release and store.

    ``GRCh37-22-16050408-T-C`` (1-based position, as people write it);
    ``GRCh37-22-16050654-16051000-DEL`` for a symbolic allele; bases beyond 100
    are shown as a digest: ``GRCh37-22-16050654-ref.<digest>-alt.<digest>``.
    """
    where = f"{allele.contig.assembly}-{allele.contig.name}-{allele.start + 1}"
    if allele.is_symbolic:
        word = allele.alternate.strip("<>").replace(":", ".")
        return f"{where}-{allele.end}-{word}"
    reference, alternate = allele.reference, allele.alternate
    if len(reference) + len(alternate) > _LONGEST_SPELLED:
        reference, alternate = f"ref.{_digest(reference)}", f"alt.{_digest(alternate)}"
    return f"{where}-{reference}-{alternate}"


def _digest(bases: str) -> str:
    return sha256(bases.encode()).hexdigest()[:24]


def type_of(allele: Allele) -> str:
    """Return the one type an allele is shown with (ambiguities A23)."""
    if allele.is_symbolic:
        word = allele.alternate.strip("<>").split(":")[0]
        return "CNV" if word.startswith("CN") else word
    _, reference, alternate = strip(allele.start, allele.reference, allele.alternate)
    if len(reference) == len(alternate):
        return "SNP" if len(reference) == 1 else "MNP"
    if not reference:
        return "INS"
    return "INDEL" if alternate else "DEL"


def types_of(allele: Allele) -> frozenset[str]:
    """Return every type under which a question finds the allele."""
    shown = type_of(allele)
    if allele.is_symbolic and shown in ("DEL", "DUP"):
        return frozenset((shown, "CNV"))
    return frozenset((shown,))


def affected_length(allele: Allele) -> int:
    """Return the bases affected: the longer side without shared bases, or the span."""
    if allele.is_symbolic:
        return max(0, allele.end - allele.start - len(allele.reference))
    _, reference, alternate = strip(allele.start, allele.reference, allele.alternate)
    return max(len(reference), len(alternate))
