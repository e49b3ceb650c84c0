"""A question for another assembly: what it becomes there, or why it cannot be asked.

A lift is a claim about where a stretch of one genome lies in another.  It is made
only where exactly one stretch is meant, both ways; whatever else can be wrong with
it makes it uncertain, and of an uncertain lift nobody may take a "no".  Chains and
references are handed in; nothing here reads a file.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from beacon.model.assemblies import ASSEMBLIES, find_contig
from beacon.model.chains import Block, whole
from beacon.model.errors import InvalidRequest
from beacon.model.genome import Interval, pos_from_start
from beacon.model.pattern import Bounds, identity_of
from beacon.model.spelling import allele_pattern, check_place
from beacon.model.variant import (
    left_align,
    right_align,
    sequence_allele,
    strip,
    trim,
)
from beacon.model.vrs import PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.model.chains import Chains
    from beacon.model.genome import Contig
    from beacon.model.pattern import Spelling, VariantPattern
    from beacon.model.query import Query
    from beacon.model.similarity import Event, Mate, Similar
    from beacon.model.variant import Allele, Reference

_MOST_BLOCKS = 10_000
_LEAST_SHARED = 0.95
"""Of a range, how much of it, and of where it is asked, both assemblies must share."""
_MOST_COMPARED = 2_500_000
"""Bases of a place that are compared: the longest gene has as many."""
_PIECE = 1 << 16
"""Bases that are compared at once."""
_STRUCTURAL = 50
"""Bases lost or gained from which an allele is an event."""
_EVENTS = frozenset({"DUP", "INV", "CNV", "BND", "TRA"})
"""Types of variants that are events, however long they are."""
_COMPLEMENT = str.maketrans("ACGTNRYSWKMBDHV", "TGCANYRSWMKVHDB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifting:
    """What lifts are made with.

    Attributes:
        chains: by the assemblies they lead from and to.
        references: genomes that reference bases are compared with, by assembly.
    """

    chains: Mapping[tuple[str, str], Chains] = field(default_factory=dict)
    references: Mapping[str, Reference] = field(default_factory=dict)

    def reaches(self, source: str, target: str) -> bool:
        """Whether questions can be lifted from one assembly to another at all."""
        return (source, target) in self.chains


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """What is to be known of a lift before its answer is believed.

    Attributes:
        asked: what was asked for, as it was understood.
        lifted: what was asked instead.
        assembly: of that.
        doubts: why a "no" must not be taken from it; none: it is certain.
        notes: what else is to be known.
    """

    asked: str
    lifted: str
    assembly: str
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_certain(self) -> bool:
        """Whether not finding what was asked instead means that it is not there."""
        return not self.doubts


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifted:
    """A question as it is asked on another assembly, and how it came about."""

    query: Query
    lift: Lift


@dataclass(frozen=True, slots=True, kw_only=True)
class NotLifted:
    """A question that has no counterpart on another assembly, and why."""

    why: str


class _NoLift(Exception):
    """There is no counterpart; its text is the sentence that says why."""


class _Become(NamedTuple):
    """A pattern on the other assembly, with what is to be known of it."""

    pattern: VariantPattern
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class _Place(NamedTuple):
    """Where a stretch lies on the other assembly.

    Attributes:
        block: all of it (and of an edge the base on either side), where it is aligned
            base by base and with nothing else; whether bases are the same is not said.
        doubt: why there is no such block.
    """

    contig: Contig
    start: int
    end: int
    is_reversed: bool
    block: Block | None
    doubt: str | None = None


def reads_much(query: Query) -> bool:
    """Whether lifting a question compares so many bases that others would wait."""
    pattern = query.pattern
    if pattern is None or pattern.contig is None or pattern.spellings:
        return False
    return any(_width(place) > _PIECE for place in pattern.places)


def lifted(query: Query, to: str, known: Lifting) -> Lifted | NotLifted:
    """Return the question that is asked on another assembly instead, or why none is.

    Args:
        query: the question.
        to: canonical name of the assembly it is to be asked on.
        known: chains and references.
    """
    pattern = query.pattern
    if pattern is None:
        return NotLifted(why="A question for all variants is not lifted.")
    try:
        found = _lifted(pattern, to, known)
    except _NoLift as failure:
        return NotLifted(why=str(failure))
    except InvalidRequest as failure:
        return NotLifted(why=f"Lifted to {to} it cannot be asked: {failure}")
    lift = Lift(
        asked=_shown(pattern),
        lifted=_shown(found.pattern),
        assembly=to,
        doubts=found.doubts,
        notes=found.notes,
    )
    asked = replace(query, pattern=found.pattern, assembly=to)
    return Lifted(query=asked, lift=lift)


def _lifted(pattern: VariantPattern, to: str, known: Lifting) -> _Become:
    source = pattern.assembly
    if pattern.contig is None:
        return _anywhere(pattern, to)
    chains = known.chains.get((source, to))
    if chains is None:
        _refuse(f"No chain file leads from {source} to {to}.")
    lifter = _Lifter(chains, known)
    if pattern.spellings and pattern.identity is None:
        return lifter.allele(pattern)
    if pattern.identity is not None:
        _refuse(f"The id of a variant on {source} names none on {to}.")
    return lifter.places(pattern)


def _anywhere(pattern: VariantPattern, to: str) -> _Become:
    """Return a question that names no place: names and annotations stay the same."""
    if (pattern.name or "").startswith(PREFIX):
        _refuse(f"A VRS id of {pattern.assembly} names nothing on {to}.")
    return _Become(replace(pattern, genome=to))


def _refuse(sentence: str) -> NoReturn:
    raise _NoLift(sentence)


class _Lifter:
    """Lifts what lies on one sequence.

    Args:
        chains: from its assembly to the other.
        known: the references of both, and the chains that lead back.
    """

    def __init__(self, chains: Chains, known: Lifting) -> None:
        self._chains = chains
        self._back = known.chains.get((chains.target, chains.source))
        self._here = known.references.get(chains.source)
        self._there = known.references.get(chains.target)
        self._to = chains.target

    # --- alleles ---------------------------------------------------------------

    def allele(self, pattern: VariantPattern) -> _Become:
        """Return the question for the same allele."""
        contig = pattern.sequence
        start, ref, alt = _bare(pattern)
        check_place(contig, start, start + len(ref))
        mine = _known(self._here, contig, start, start + len(ref))
        if mine is not None and mine != ref:
            _refuse(
                f"{contig.assembly} has {mine[:40]} at {_position(contig, start)}, not"
                f" {ref[:40]}."
            )
        if ref and alt:
            became = self._replaced(contig, start, ref, alt)
        else:
            written = trim(*pattern.spellings[0])
            became = self._moved(contig, written, (start, ref, alt))
        allele, doubts, notes = became
        asked = allele_pattern(allele, self._there).narrowed_like(pattern)
        return _Become(asked, doubts, notes)

    def _replaced(
        self, contig: Contig, start: int, ref: str, alt: str
    ) -> tuple[Allele, tuple[str, ...], tuple[str, ...]]:
        """Lift bases that take the place of others."""
        block, there = self._block(contig, start, start + len(ref))
        low, high = block.image(start, start + len(ref))
        ref, alt = _turned(block, ref), _turned(block, alt)
        notes = _notes(block, self._to)
        has = self._bases(there, low, high)
        if has is None:
            return sequence_allele(there, low, ref, alt), (self._unchecked(),), notes
        if has == alt:
            _refuse(
                f"{self._to} has {has[:40]} as its reference at"
                f" {_position(there, low)}, which is the alternate asked for: there"
                " the same people are those without a variant."
            )
        if has == ref:
            return sequence_allele(there, low, ref, alt), (), notes
        if not len(ref) == len(alt) == 1:
            _refuse(
                f"{self._to} has {has[:40]} at {_position(there, low)}, not"
                f" {ref[:40]}: the allele is another one there."
            )
        allele = sequence_allele(there, low, has, alt)
        found = f"The reference of {self._to} has {has} at {_position(there, low)}"
        if _known(self._here, contig, start, start + 1) is None:
            doubt = f"{found}, not {ref}, and none tells what {contig.assembly} has."
            return allele, (doubt,), notes
        note = f"{found}, not {ref}; carriers of {alt} are the same people."
        return allele, (), (*notes, note)

    def _moved(
        self, contig: Contig, written: Spelling, bare: Spelling
    ) -> tuple[Allele, tuple[str, ...], tuple[str, ...]]:
        """Lift a pure insertion or deletion: it may lie anywhere along a repeat."""
        start, ref, alt = bare
        low, high = max(0, start - 1), min(contig.length, start + len(ref) + 1)
        block, there = self._block(contig, low, high)
        at = block.image(start, start + len(ref))[0]
        ref, alt = _turned(block, ref), _turned(block, alt)
        notes = _notes(block, self._to)
        allele = sequence_allele(there, at, ref, alt)
        has = self._bases(there, at, at + len(ref))
        if has is None:
            if block.is_reversed and self._there is None:
                _refuse(
                    f"It lies on the reverse strand of {self._to}, where only a"
                    " reference of that assembly tells how an insertion or deletion"
                    " is written; none is configured."
                )
            if not block.is_reversed and written[1] and written[2]:
                shift = block.at - block.start
                allele = sequence_allele(there, written[0] + shift, *written[1:])
            return allele, (self._unchecked(),), notes
        if has != ref:
            _refuse(
                f"{self._to} has other bases than those deleted at"
                f" {_position(there, at)}: the allele is another one there."
            )
        doubts = self._along(contig, block, allele)
        return left_align(allele, self._there) if self._there else allele, doubts, notes

    def _along(self, contig: Contig, block: Block, allele: Allele) -> tuple[str, ...]:
        """Return what is doubtful of an insertion or deletion that may be moved.

        All the places it may be written at must be the same bases in both
        assemblies: a repeat of another length makes it another allele.
        """
        reference = self._there
        if reference is None:
            return (self._unchecked(),)
        leftmost = left_align(allele, reference)
        start, ref, _ = right_align(allele, reference)
        low, high = leftmost.start, min(allele.contig.length, start + len(ref) + 1)
        block = self._holding_image(contig, block, low, high, allele)
        theirs = self._bases(allele.contig, low, high)
        first, last = block.origin(low, high)
        mine = _known(self._here, contig, first, last)
        if theirs is None:
            return (self._unchecked(),)
        if mine is None:
            return (
                f"No reference of {contig.assembly} is configured that tells whether"
                " the bases around it are the same.",
            )
        if _turned(block, mine) != theirs:
            _refuse(
                f"At {_position(allele.contig, allele.start)} of {self._to} the bases"
                " around it are others: the allele may be another one there."
            )
        return ()

    def _holding_image(
        self, contig: Contig, block: Block, low: int, high: int, allele: Allele
    ) -> Block:
        """Return the block with all of a stretch there: itself, or with neighbours."""
        if block.holds_image(low, high):
            return block
        first, last = block.origin(low, high)
        wider = whole(self._touching(contig, max(0, first), min(contig.length, last)))
        if wider is None or not wider.holds_image(low, high):
            _refuse(
                f"At {_position(allele.contig, allele.start)} of {self._to} it lies in"
                " a repeat that the assemblies do not have alike."
            )
        shared = self._shared(contig, wider.part(first, last))
        if shared is not None:
            _refuse(shared)
        return wider

    # --- places ----------------------------------------------------------------

    def places(self, pattern: VariantPattern) -> _Become:
        """Return the question for what lies at the same places."""
        own, *others = (self._place(each) for each in pattern.places)
        elsewhere = tuple(_interval(became.pattern) for became in others)
        doubts = [doubt for became in (own, *others) for doubt in became.doubts]
        notes = [note for became in (own, *others) for note in became.notes]
        return _Become(
            replace(own.pattern, elsewhere=elsewhere),
            tuple(dict.fromkeys(doubts)),
            tuple(dict.fromkeys(notes)),
        )

    def _place(self, pattern: VariantPattern) -> _Become:
        if pattern.similar is not None:
            return self._event(pattern, pattern.similar)
        if pattern.overlap is not None:
            return self._range(pattern, pattern.overlap)
        if pattern.start is not None:
            return self._bracket(pattern, pattern.start, pattern.end)
        _refuse("A question for a whole sequence is asked on its own assembly only.")

    def _range(self, pattern: VariantPattern, overlap: Bounds) -> _Become:
        place = self._stretch(pattern.sequence, overlap.low, overlap.high)
        asked = replace(
            pattern,
            contig=place.contig,
            overlap=Bounds(low=place.start, high=place.end),
        )
        return self._based(pattern, asked, place)

    def _bracket(
        self, pattern: VariantPattern, start: Bounds, end: Bounds | None
    ) -> _Become:
        """Lift bounds of starts, and of ends by the base before each."""
        contig = pattern.sequence
        first = self._stretch(contig, start.low, start.high)
        reach = start.low, max(start.high, start.low + len(pattern.reference or ""))
        ends = None
        if end is not None:
            last = self._stretch(contig, max(0, end.low - 1), max(1, end.high - 1))
            ends = Bounds(low=last.start + 1, high=last.end + 1)
            reach = min(start.low, end.low - 1), max(start.high, end.high - 1)
            self._check_ends(pattern, first, last)
        elif first.is_reversed and not _is_substitution(pattern):
            self._refuse_turning()
        asked = replace(
            pattern,
            contig=first.contig,
            start=Bounds(low=first.start, high=first.end),
            end=ends,
        )
        return self._based(pattern, asked, self._whole(contig, first, *reach))

    def _check_ends(self, pattern: VariantPattern, first: _Place, last: _Place) -> None:
        """Refuse ends that do not lie there as they lie here."""
        if (first.contig, first.is_reversed) != (last.contig, last.is_reversed):
            _refuse(f"Its ends lie on different sequences of {self._to}.")
        if first.is_reversed:
            if not _is_substitution(pattern):
                self._refuse_turning()
        elif last.start < first.start or last.end < first.end:
            _refuse(f"On {self._to} its end lies before its start.")

    def _refuse_turning(self) -> NoReturn:
        _refuse(
            f"It lies on the reverse strand of {self._to}, where its start and its"
            " end change places."
        )

    def _whole(self, contig: Contig, part: _Place, start: int, end: int) -> _Place:
        """Return where all lies that a part is of, in as far as it lies anywhere."""
        try:
            return self._stretch(contig, max(0, start), min(end, contig.length))
        except _NoLift as failure:
            return part._replace(block=None, doubt=str(failure))

    def _based(
        self, pattern: VariantPattern, asked: VariantPattern, place: _Place
    ) -> _Become:
        """Return a question at a lifted place with its bases and its mate.

        Args:
            pattern: as it was asked.
            asked: as it is to be asked.
            place: all that it is about.
        """
        doubts = [] if place.doubt is None else [place.doubt]
        if place.block is not None and not _is_structural(pattern):
            doubts += self._differing(pattern.sequence, place.contig, place.block)
        notes = _strand_note(self._to) if place.is_reversed else ()
        if place.is_reversed and pattern.asks_bases:
            if not _is_substitution(pattern):
                _refuse("Bases of unknown length are not turned to the other strand.")
            asked = replace(
                asked,
                reference=_complement(pattern.reference),
                alternate=_complement(pattern.alternate),
            )
        if pattern.mate is not None:
            mate = find_contig(ASSEMBLIES[self._to], pattern.mate.name)
            asked = replace(asked, mate=mate)
            doubts.append("Where the mates lie was not lifted, only their sequence.")
        if asked.asks_bases:
            doubts += self._bases_doubt(asked)
        return _Become(asked, tuple(dict.fromkeys(doubts)), notes)

    def _differing(self, contig: Contig, there: Contig, block: Block) -> list[str]:
        """Return why a stretch may be other bases there, where it may."""
        if block.end - block.start > _MOST_COMPARED:
            return [f"More than {_MOST_COMPARED:,} bases are not compared."]
        for assembly, reference in (
            (contig.assembly, self._here),
            (self._to, self._there),
        ):
            if reference is None:
                return [_unchecked(assembly)]
        for start in range(block.start, block.end, _PIECE):
            end = min(start + _PIECE, block.end)
            mine = _known(self._here, contig, start, end)
            theirs = self._bases(there, *block.image(start, end))
            if mine is None or theirs is None:
                return ["Not all bases of it are known, so they were not compared."]
            if _turned(block, mine) != theirs:
                return [f"{contig.assembly} and {self._to} have other bases within it."]
        return []

    def _bases_doubt(self, asked: VariantPattern) -> list[str]:
        """Return why bases that are asked for at a place may be others there."""
        bases = asked.reference
        if not asked.is_pinned or asked.start is None or bases is None:
            return ["Reference bases may be others on the other assembly."]
        at = asked.start.low
        has = self._bases(asked.sequence, at, at + len(bases))
        if has is None:
            return [self._unchecked()]
        if any(a not in ("N", b) for a, b in zip(bases, has, strict=False)):
            _refuse(
                f"{self._to} has {has[:40]} at {_position(asked.sequence, at)}, not"
                f" {bases[:40]}."
            )
        return []

    def _event(self, pattern: VariantPattern, similar: Similar) -> _Become:
        event = similar.event
        place = self._stretch(pattern.sequence, event.start, event.end)
        mate = self._mate(event.mate)
        if event.kind == "BND" and (place.is_reversed or (mate and mate.is_reversed)):
            _refuse("A breakend is not turned to the other strand.")
        moved = _moved_event(event, place, mate)
        asked = replace(
            pattern, contig=place.contig, similar=replace(similar, event=moved)
        )
        doubts = (each.doubt for each in (place, mate) if each is not None)
        return _Become(asked, tuple(dict.fromkeys(filter(None, doubts))))

    def _mate(self, mate: Mate | None) -> _Place | None:
        if mate is None:
            return None
        contig = find_contig(ASSEMBLIES[self._chains.source], mate.contig)
        if contig is None:
            _refuse(f"The mate lies on {mate.contig}, which is in no table.")
        return self._stretch(contig, mate.start, mate.start)

    # --- stretches -------------------------------------------------------------

    def _block(self, contig: Contig, start: int, end: int) -> tuple[Block, Contig]:
        """Return the block that holds a stretch, and the sequence it leads to.

        Blocks that adjoin in both assemblies are one.
        """
        block = whole(self._touching(contig, start, end))
        if block is None or block.start > start or block.end < end:
            _refuse(f"{_spanned(contig, start, end)} lies in several pieces there.")
        there = self._sequence(contig, block)
        shared = self._shared(contig, block.part(start, end))
        if shared is not None:
            _refuse(shared)
        return block, there

    def _stretch(self, contig: Contig, start: int, end: int) -> _Place:
        """Return where a stretch lies; an empty one is the edge between two bases."""
        check_place(contig, start, end)
        if start == end:
            return self._edge(contig, start)
        blocks = self._touching(contig, start, end)
        there = self._sequence(contig, blocks[0])
        first, last = blocks[0], blocks[-1]
        if first.start > start or last.end < end:
            _refuse(f"An end of {_spanned(contig, start, end)} is not in {self._to}.")
        if not _is_in_order(blocks):
            _refuse(f"{_spanned(contig, start, end)} lies in several places there.")
        edges = [
            at
            for block in (first, last)
            for at in block.image(max(start, block.start), min(end, block.end))
        ]
        low, high = min(edges), max(edges)
        shared = sum(min(end, b.end) - max(start, b.start) for b in blocks)
        if shared < _LEAST_SHARED * max(end - start, high - low):
            _refuse(f"Too much of {_spanned(contig, start, end)} is not in {self._to}.")
        block = whole(blocks)
        if block is None:
            doubt: str | None = (
                f"The assemblies differ within it: {self._to} has bases there that"
                f" {contig.assembly} lacks, or the other way round."
            )
        else:
            block = block.part(start, end)
            doubt = self._shared(contig, block)
            block = block if doubt is None else None
        return _Place(there, low, high, first.is_reversed, block, doubt)

    def _edge(self, contig: Contig, at: int) -> _Place:
        low, high = max(0, at - 1), min(contig.length, at + 1)
        block, there = self._block(contig, low, high)
        start, _ = block.image(at, at)
        return _Place(there, start, start, block.is_reversed, block.part(low, high))

    def _touching(self, contig: Contig, start: int, end: int) -> list[Block]:
        blocks = self._chains.touching(contig, start, end, _MOST_BLOCKS)
        if not blocks:
            _refuse(f"{_spanned(contig, start, end)} is not in {self._to}.")
        if len(blocks) == _MOST_BLOCKS:
            _refuse(f"{_spanned(contig, start, end)} is too wide to be lifted.")
        ends = [block.end for block in blocks]
        starts = [block.start for block in blocks]
        if any(low < high for high, low in zip(ends, starts[1:], strict=False)):
            _refuse(f"{_spanned(contig, start, end)} lies in several places there.")
        return blocks

    def _sequence(self, contig: Contig, block: Block) -> Contig:
        there = self._chains.contig_of(block)
        if there is None:
            _refuse(
                f"{_spanned(contig, block.start, block.end)} lies on a sequence of"
                f" {self._to} that is no chromosome."
            )
        return there

    def _shared(self, contig: Contig, block: Block) -> str | None:
        """Return that two places lead to any of a block, by either way's chains."""
        where = _spanned(contig, block.start, block.end)
        there = block.image(block.start, block.end)
        if self._chains.is_shared(block.onto, *there):
            return (
                f"{where} and another place of {contig.assembly} are the same place"
                f" on {self._to}."
            )
        back = self._back
        if back is not None and back.is_shared(contig.rank, block.start, block.end):
            return f"{where} is in several places of {self._to}."
        return None

    def _bases(self, contig: Contig, start: int, end: int) -> str | None:
        """Return the bases of the other assembly; ``None``: they are not known."""
        return _known(self._there, contig, start, end)

    def _unchecked(self) -> str:
        return _unchecked(self._to)


def _known(
    reference: Reference | None, contig: Contig, start: int, end: int
) -> str | None:
    """Return bases of a reference, where it tells every one of them."""
    if reference is None:
        return None
    found = reference.bases(contig, start, end)
    if found is None or len(found) < end - start or found.strip("ACGT"):
        return None
    return found


def _unchecked(assembly: str) -> str:
    return (
        f"No reference of {assembly} is configured that tells whether its bases are"
        " the same."
    )


def _bare(pattern: VariantPattern) -> Spelling:
    """Return an allele without shared bases.

    Raises:
        _NoLift: when its reference bases are not known.
    """
    forms = {strip(*form) for form in pattern.spellings}
    start, ref, alt = strip(*pattern.spellings[0])
    is_known = not (ref + alt).strip("ACGT")
    is_one = not (ref and alt) or len({form for form in forms if form[1]}) == 1
    if not is_known or not is_one:
        _refuse("An allele is lifted only where all its bases are given.")
    return start, ref, alt


def _is_in_order(blocks: Sequence[Block]) -> bool:
    """Whether blocks follow each other on one strand of one sequence there."""
    first = blocks[0]
    if {(b.onto, b.is_reversed) for b in blocks} != {(first.onto, first.is_reversed)}:
        return False
    ordered = blocks[::-1] if first.is_reversed else blocks
    ends = [block.at + block.end - block.start for block in ordered]
    starts = [block.at for block in ordered]
    return all(low >= end for end, low in zip(ends, starts[1:], strict=False))


def _moved_event(event: Event, place: _Place, mate: _Place | None) -> Event:
    moved = event._replace(contig=place.contig.name, start=place.start, end=place.end)
    if event.is_span:
        moved = moved._replace(length=place.end - place.start)
    if event.mate is not None and mate is not None:
        there = event.mate._replace(contig=mate.contig.name, start=mate.start)
        moved = moved._replace(mate=there)
    return moved


def _is_substitution(pattern: VariantPattern) -> bool:
    """Whether one base for another is asked for, which reads the same turned round."""
    given = (pattern.reference, pattern.alternate)
    return pattern.asks_bases and all(b is not None and len(b) == 1 for b in given)


def _is_structural(pattern: VariantPattern) -> bool:
    """Whether events are asked for, which single other bases make no others."""
    kind = (pattern.variant_type or "").partition(":")[0]
    if pattern.asks_bases or pattern.annotated is not None:
        return False
    least = pattern.min_length or 0
    if kind == "DEL" and pattern.start is not None and pattern.end is not None:
        least = max(least, pattern.end.low - pattern.start.high)
    return kind in _EVENTS or (kind in ("DEL", "INS") and least >= _STRUCTURAL)


def _width(pattern: VariantPattern) -> int:
    """Return how many bases of a place may be compared."""
    reach = pattern.overlap or pattern.reach()
    high = reach.high if pattern.end is None else max(reach.high, pattern.end.high)
    return high - reach.low


def _interval(pattern: VariantPattern) -> Interval:
    reach = pattern.overlap or pattern.reach()
    return Interval(contig=pattern.sequence, start=reach.low, end=reach.high)


def _complement(bases: str | None) -> str | None:
    return None if bases is None else bases.translate(_COMPLEMENT)[::-1]


def _turned(block: Block, bases: str) -> str:
    """Return bases as they read on the forward strand there."""
    return bases.translate(_COMPLEMENT)[::-1] if block.is_reversed else bases


def _notes(block: Block, to: str) -> tuple[str, ...]:
    return _strand_note(to) if block.is_reversed else ()


def _strand_note(to: str) -> tuple[str, ...]:
    return (f"It lies on the reverse strand of {to}; bases are those of its forward.",)


def _position(contig: Contig, start: int) -> str:
    return f"{contig.name}:{pos_from_start(start)}"


def _spanned(contig: Contig, start: int, end: int) -> str:
    first = pos_from_start(start)
    where = f"{contig.assembly} {contig.name}:{first}"
    return where if end - start <= 1 else f"{where}-{end}"


def _shown(pattern: VariantPattern) -> str:
    """Return a question as people write it, with its assembly."""
    if pattern.contig is None:
        return f"{pattern.assembly} {pattern.name or 'annotations'}"
    if pattern.spellings:
        form = trim(*pattern.spellings[0])
        return identity_of(sequence_allele(pattern.contig, *form))
    if pattern.similar is not None:
        event = pattern.similar.event
        return f"{_spanned(pattern.contig, event.start, event.end)} {event.kind}"
    reach = pattern.overlap or pattern.reach()
    return _spanned(pattern.contig, reach.low, reach.high)
