"""VariantPattern: the one shape of every variant question.

``matches`` IS the meaning of a question; a database may find the same answer
faster, never another one.  All bounds are 0-based interbase.
Beacon v2, genomicVariations/requestParameters.json.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.annotation import AnnotationPattern
from beacon.model.assemblies import ASSEMBLIES, find_contig
from beacon.model.structure import Join, Named, described
from beacon.model.variant import strip

if TYPE_CHECKING:
    from collections.abc import Callable

    from beacon.model.annotation import Annotation
    from beacon.model.genome import Contig, Interval
    from beacon.model.similarity import Similar
    from beacon.model.variant import Allele

_LONGEST_SPELLED = 100
_STRUCTURAL = 50
"""Bases lost or gained from which a spelled allele is a structural variant, too."""
_LONGEST_CONTIG = 1 << 28
_UNSAFE = re.compile(r"[^A-Za-z0-9._~+-]")

Spelling = tuple[int, str, str]
"""``(start, reference, alternate)`` of one allele."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Half-open bounds of a coordinate: ``low <= x < high``."""

    low: int
    high: int

    def __contains__(self, value: int) -> bool:
        return self.low <= value < self.high


class Side(NamedTuple):
    """A place where an allele lies: its own, or that of a breakend's mate."""

    contig: Contig
    start: int
    end: int


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
        start: bounds of the variant's start; end: bounds of its end.  A breakend
            lies at its own place and at its mate's; either may meet all three.
        reference, alternate: bases, ``N`` standing for any one base; compared
            with the VCF form and with the form stripped of shared bases.
        variant_type: one of ``SNP MNP INS DEL INDEL DUP INV CNV BND TRA``, or a
            word VCF knows below them (``DUP:TANDEM``); see ``types_of``.
        min_length, max_length: bases affected, inclusive; an insertion of unknown
            length may have any.
        mate: the sequence the other side of a breakend must lie on.
        similar: the event the variant must be similar to.
        elsewhere: further places that may be met instead of ``overlap`` (a
            pseudo-autosomal gene lies on X and on Y); see ``places``.
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
    mate: Contig | None = None
    similar: Similar | None = None
    elsewhere: tuple[Interval, ...] = ()
    is_provisional: bool = False
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def is_plain(self) -> bool:
        """Whether nothing but an overlap is asked (or everything of a sequence)."""
        return self == VariantPattern(
            contig=self.contig, genome=self.genome, overlap=self.overlap
        )

    @property
    def is_pinned(self) -> bool:
        """Whether it asks for an allele of one base's, not all of it spelled.

        What is called of that base then tells of every such allele.
        """
        if self.start is None or self.start.high - self.start.low != 1:
            return False
        return self.asks_bases and self.overlap is None and self.end is None

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
    def places(self) -> tuple[VariantPattern, ...]:
        """The questions for each of its places; a variant may meet any of them."""
        own = replace(self, elsewhere=())
        others = (
            replace(own, contig=p.contig, overlap=Bounds(low=p.start, high=p.end))
            for p in self.elsewhere
        )
        return (own, *others)

    @property
    def asks_spelling_only(self) -> bool:
        """Whether nothing is asked of an allele but that it is one of the spellings."""
        asked = (
            self.identity,
            self.annotated,
            self.overlap,
            self.start,
            self.end,
            self.reference,
            self.alternate,
            self.variant_type,
            self.min_length,
            self.max_length,
            self.mate,
            self.similar,
        )
        return bool(self.spellings) and asked.count(None) == len(asked)

    @property
    def is_single_allele(self) -> bool:
        """Whether this asks for one allele, by its spellings or by its id."""
        return bool(self.spellings) or self.identity is not None

    def narrowed_like(self, other: VariantPattern) -> VariantPattern:
        """Return this question with the type and the lengths another one asks for."""
        return replace(
            self,
            variant_type=other.variant_type,
            min_length=other.min_length,
            max_length=other.max_length,
        )

    def reach(self) -> Bounds:
        """Return the widest stretch a matching variant must touch or begin in."""
        if self.spellings:
            starts = [s for s, _, _ in self.spellings]
            ends = [s + len(r) for s, r, _ in self.spellings]
            return Bounds(low=min(starts), high=max(*ends, max(starts) + 1))
        if self.overlap is not None:
            return self.overlap
        if self.similar is not None:
            event = self.similar.event
            return Bounds(low=event.start, high=max(event.start + 1, event.end))
        longest = _LONGEST_CONTIG if self.contig is None else self.contig.length
        low, high = 0, longest + 1
        if self.start is not None:
            low, high = max(0, self.start.low - 1), self.start.high
        return Bounds(low=low, high=max(low + 1, high))

    def matches(self, allele: Allele, annotation: Annotation | None = None) -> bool:
        """Whether ``allele``, as a dataset keeps it, is one this question asks for."""
        if self.elsewhere:
            return any(place.matches(allele, annotation) for place in self.places)
        return (
            self.place_of(allele) is not None
            and (self.annotated is None or self.annotated.matches(annotation))
            and (self.identity is None or self.identity == identity_of(allele))
            and self._spelled(allele)
            and self._based(allele)
            and self._kind(allele)
        )

    def place_of(self, allele: Allele) -> int | None:
        """Return where the question meets an allele: its own start, or its mate's.

        ``None`` where it does not lie where it is asked for.
        """
        if self.similar is not None:
            return None if self.similar.closeness(allele) is None else allele.start
        if self.meets_own_side(allele):
            return allele.start
        if self.annotated is not None:
            return None  # annotations speak of an allele's own place
        other = mate_side(allele) if allele.is_symbolic else None
        if other is None or not self._meets(other, allele, own_side):
            return None
        return other.start

    def meets_own_side(self, allele: Allele) -> bool:
        """Whether the question meets an allele where it lies, not by its mate."""
        opposite = mate_side if allele.is_symbolic else _no_side
        return self._meets(own_side(allele), allele, opposite)

    def _meets(
        self, side: Side, allele: Allele, opposite: Callable[[Allele], Side | None]
    ) -> bool:
        return (
            self._is_there(side)
            and self._placed(side)
            and self._joins(allele, opposite)
        )

    def _joins(self, allele: Allele, opposite: Callable[[Allele], Side | None]) -> bool:
        if self.mate is None:
            return True
        other = opposite(allele)
        return other is not None and other.contig == self.mate

    def _is_there(self, side: Side) -> bool:
        if self.contig is None:
            return side.contig.assembly == self.genome
        return side.contig == self.contig

    def _spelled(self, allele: Allele) -> bool:
        if not self.spellings:
            return True
        return (allele.start, allele.reference, allele.alternate) in self.spellings

    def _placed(self, side: Side) -> bool:
        if self.overlap is not None and not _overlaps(side, self.overlap):
            return False
        if self.end is not None and side.end not in self.end:
            return False
        # Where bases are asked too, the start is compared with them, form by form.
        return self.asks_bases or self.start is None or side.start in self.start

    @property
    def asks_bases(self) -> bool:
        """Whether bases are given, of either side."""
        return self.reference is not None or self.alternate is not None

    def _based(self, allele: Allele) -> bool:
        if not self.asks_bases:
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
        if length is None:
            return True
        if self.min_length is not None and length < self.min_length:
            return False
        return self.max_length is None or length <= self.max_length


def own_side(allele: Allele) -> Side:
    """Return where an allele itself lies."""
    return Side(allele.contig, allele.start, allele.end)


def mate_side(allele: Allele) -> Side | None:
    """Return where a breakend's mate lies; ``None`` where there is none we know."""
    return side_of_mate(allele.alternate, allele.contig.assembly)


def side_of_mate(alternate: str, assembly: str) -> Side | None:
    """Return where the mate of a structural alternate lies, if it is a breakend."""
    said = described(alternate)
    if not isinstance(said, Join) or said.mate is None or said.pos is None:
        return None
    contig = find_contig(ASSEMBLIES[assembly], said.mate)
    if contig is None:
        return None
    start, end = max(0, said.pos - 1), min(said.pos, contig.length)
    return Side(contig, min(start, contig.length), end)


def _no_side(_: Allele) -> None:
    return None


def _overlaps(side: Side, bounds: Bounds) -> bool:
    if side.start == side.end:
        return bounds.low <= side.start <= bounds.high
    return side.start < bounds.high and side.end > bounds.low


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
    ``GRCh37-22-16050654-16051000-DEL`` for a symbolic allele,
    ``GRCh37-22-16050654-16050654-INS~280`` with the length of an insertion,
    ``GRCh37-11-94987872-94987872-BND.8.107653411.pm`` for a breakend; bases beyond
    100 are shown as a digest: ``GRCh37-22-16050654-ref.<digest>-alt.<digest>``.
    """
    where = f"{allele.contig.assembly}-{allele.contig.name}-{allele.start + 1}"
    if allele.is_symbolic:
        return f"{where}-{allele.end}-{_word(allele.alternate)}"
    reference, alternate = allele.reference, allele.alternate
    if len(reference) + len(alternate) > _LONGEST_SPELLED:
        reference, alternate = f"ref.{_digest(reference)}", f"alt.{_digest(alternate)}"
    return f"{where}-{reference}-{alternate}"


def _word(alternate: str) -> str:
    """Return what tells structural alleles of one place apart, safe in a URL."""
    said = described(alternate)
    if isinstance(said, Named):
        word = said.word.replace(":", ".")
        word = word if said.length is None else f"{word}~{said.length}"
    else:
        word = said.word
    safe = _UNSAFE.sub("_", word)
    return safe if safe == word else f"{safe}~{_digest(word)}"


def _digest(bases: str) -> str:
    return sha256(bases.encode()).hexdigest()[:24]


def type_of(allele: Allele) -> str:
    """Return the one type an allele is shown with (ambiguities A23)."""
    if allele.is_symbolic:
        said = described(allele.alternate)
        return said.family if isinstance(said, Named) else "BND"
    _, reference, alternate = strip(allele.start, allele.reference, allele.alternate)
    if len(reference) == len(alternate):
        return "SNP" if len(reference) == 1 else "MNP"
    if not reference:
        return "INS"
    return "INDEL" if alternate else "DEL"


def types_of(allele: Allele) -> frozenset[str]:
    """Return every type under which a question finds the allele.

    How a caller writes an event does not decide who finds it: bases that are
    lost or gained in number are what ``<DEL>`` and ``<INS>`` name.
    """
    if not allele.is_symbolic:
        return frozenset((type_of(allele), *_changes(allele)))
    said = described(allele.alternate)
    if isinstance(said, Named):
        return said.types
    is_within = said.mate == allele.contig.name
    return frozenset(("BND",) if is_within else ("BND", "TRA"))


def _changes(allele: Allele) -> tuple[str, ...]:
    """Return the types of structural variants that a spelled allele is."""
    gained = len(allele.alternate) - len(allele.reference)
    if abs(gained) < _STRUCTURAL:
        return ()
    return ("INS",) if gained > 0 else ("DEL", "CNV")


def affected_length(allele: Allele) -> int | None:
    """Return the bases affected: the longer side without shared bases, or the span.

    Of a named insertion its length, ``None`` where not told; of a breakend 0.
    """
    if allele.is_symbolic:
        said = described(allele.alternate)
        if isinstance(said, Join):
            return 0
        if said.family == "INS":
            return said.length
        return max(0, allele.end - allele.start - len(allele.reference))
    _, reference, alternate = strip(allele.start, allele.reference, allele.alternate)
    return max(len(reference), len(alternate))
