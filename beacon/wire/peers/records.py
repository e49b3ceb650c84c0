"""One variant record of a peer: where it lies, and whether it is what was asked.

Bases and an HGVS name of a substitution decide, not a start alone: some peers
count from 1.  A record whose place cannot be read is unknown, never a match.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.assemblies import ASSEMBLIES, find_contig
from beacon.model.errors import InvalidRequest
from beacon.model.genome import start_from_pos
from beacon.model.questions import LONGEST_ALLELE, canonical_type
from beacon.model.structure import ANCHOR, Join, Named, described
from beacon.model.variant import BASES, Allele, sequence_allele, strip
from beacon.wire.peers.plain import Members, members, place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beacon.model.genome import Contig
    from beacon.model.pattern import Spelling, VariantPattern

_SUBSTITUTION = re.compile(r"([^:\s]{1,60}):[gm]\.([0-9]{1,10})([ACGT])>([ACGT])\Z")
_WORD = re.compile(r"[A-Z0-9]{1,20}(?::[A-Z0-9_.+*-]{1,20}){0,4}")
_LONGEST_SHIFT = 500
_LONGEST_NAME = 60


class Likeness(Enum):
    """What a record is to the allele that was asked for."""

    SAME = "same"
    SAME_ONE_BASED = "same, its start counted from 1"
    SPELLED_OTHERWISE = "the same, as far as can be told without a reference"
    BESIDE = "the same change one base further"
    OTHER = "another"
    UNKNOWN = "not to be read"


BELIEVED = frozenset(
    (Likeness.SAME, Likeness.SAME_ONE_BASED, Likeness.SPELLED_OTHERWISE)
)


class Place(NamedTuple):
    """What a record says of where it lies; ``None``: not said, or not understood.

    Attributes:
        substitution: what its HGVS name says, where that is a substitution.
        kind, name: type and canonical text of a structural one.
        is_elsewhere: whether it names a sequence of another assembly.
    """

    contig: Contig | None
    start: int | None
    end: int | None
    reference: str | None
    alternate: str | None
    substitution: Spelling | None
    kind: str | None
    name: str | None
    is_elsewhere: bool = False


def place_of(record: Members, assembly: str, *, one_based: bool) -> Place:
    """Return where a record says it lies.

    Args:
        record: a foreign genomicVariant.
        assembly: that was asked.
        one_based: whether its starts count from 1.
    """
    variation = members(record.get("variation"))
    location = members(variation.get("location"))
    interval = members(location.get("interval")) or location
    start = place(interval.get("start"))
    if start is not None and one_based:
        start = start_from_pos(start) if start else None
    hgvs_contig, substitution = _substitution(record, assembly)
    kind = variation.get("variantType")
    name = members(record.get("info")).get("name")
    return Place(
        contig=_contig(location, assembly) or hgvs_contig,
        start=start,
        end=place(interval.get("end")),
        reference=_bases(variation.get("referenceBases")),
        alternate=_alternate(variation),
        substitution=substitution,
        kind=kind if isinstance(kind, str) else None,
        name=name if isinstance(name, str) and len(name) < _LONGEST_NAME else None,
        is_elsewhere=_is_elsewhere(record, location, assembly),
    )


def _alternate(variation: Members) -> str | None:
    bases = _bases(variation.get("alternateBases"))
    if bases is not None:
        return bases
    return _bases(members(variation.get("state")).get("sequence"))


def _bases(value: object) -> str | None:
    if not isinstance(value, str) or len(value) > LONGEST_ALLELE:
        return None
    bases = value.upper()
    return bases if BASES.match(bases) else None


def _contig(location: Members, assembly: str) -> Contig | None:
    """Return the sequence of a location: ``refseq:NC_…``, ``chr17``, ``HGVSid:17:…``.

    The part between colons that is a name of one of the assembly's sequences.
    """
    found = (find_contig(ASSEMBLIES[assembly], part) for part in _sequences(location))
    return next((each for each in found if each is not None), None)


def _sequences(location: Members) -> Iterator[str]:
    names = ("sequence_id", "sequenceId", "sequenceReference", "chromosome")
    for said in (location.get(key) for key in names):
        if isinstance(said, str):
            yield from said[:200].split(":")


def _is_elsewhere(record: Members, location: Members, assembly: str) -> bool:
    """Whether any sequence a record names is one of another assembly alone."""
    hgvs = members(record.get("identifiers")).get("genomicHGVSId")
    named = [*_sequences(location)]
    if isinstance(hgvs, str):
        named.append(hgvs[:_LONGEST_NAME].partition(":")[0])
    return any(
        find_contig(ASSEMBLIES[assembly], each) is None
        and any(find_contig(other, each) is not None for other in ASSEMBLIES.values())
        for each in named
    )


def _substitution(
    record: Members, assembly: str
) -> tuple[Contig | None, Spelling | None]:
    said = members(record.get("identifiers")).get("genomicHGVSId")
    match = _SUBSTITUTION.match(said) if isinstance(said, str) else None
    if match is None:
        return None, None
    contig = find_contig(ASSEMBLIES[assembly], match[1])
    if contig is None:
        return None, None  # of another assembly, or a name nobody knows
    return contig, (start_from_pos(int(match[2])), match[3], match[4])


def likeness(found: Place, asked: VariantPattern) -> Likeness:
    """Return what a record is to the one allele that was asked for."""
    is_there = found.contig is None or found.contig == asked.contig
    if found.is_elsewhere or not is_there:
        return Likeness.OTHER
    forms = {strip(*spelling) for spelling in asked.spellings}
    if found.substitution is not None:
        return _by_name(found, forms)
    if found.start is None or found.alternate is None:
        return _as_far_as_told(found, forms | set(asked.spellings))
    if found.reference is None:
        return _by_state(found.start, found.end, found.alternate, forms)
    form = strip(found.start, found.reference, found.alternate)
    if form in forms:
        return Likeness.SAME
    if (form[0] - 1, *form[1:]) in forms and len(form[1]) == len(form[2]):
        return Likeness.BESIDE
    return _otherwise(form, forms) if asked.is_provisional else Likeness.OTHER


def _by_name(found: Place, forms: set[Spelling]) -> Likeness:
    """Compare an HGVS name, which always counts from 1, whatever the start does."""
    name = found.substitution
    if name is None or name not in forms:
        is_beside = found.start is not None and any(
            name == (start - 1, *bases) for start, *bases in forms
        )
        return Likeness.BESIDE if is_beside else Likeness.OTHER
    if found.reference and found.alternate:
        bases = strip(0, found.reference, found.alternate)[1:]
        if bases != name[1:]:
            return Likeness.OTHER
    if found.start is not None and found.start == name[0] + 1:
        return Likeness.SAME_ONE_BASED
    return Likeness.SAME


def _by_state(
    start: int, end: int | None, alternate: str, forms: set[Spelling]
) -> Likeness:
    """Compare a VRS allele, which names its reference by its length alone.

    Of an insertion or deletion VRS spells the whole stretch it may lie in.
    """
    for at, reference, bases in forms:
        size = len(reference) if end is None else end - start
        if (at, len(reference), bases) == (start, size, alternate):
            return Likeness.SAME if end is not None else Likeness.UNKNOWN
        is_longer = len(bases) - len(reference)
        is_near = abs(start - at) <= _LONGEST_SHIFT
        fits = end is None or len(alternate) - size == is_longer
        if is_longer and is_near and size >= 0 and fits:
            return Likeness.UNKNOWN
    return Likeness.OTHER


def _as_far_as_told(found: Place, spelled: set[Spelling]) -> Likeness:
    """Compare a record that lacks its place or its bases: what it has must agree."""
    is_beside = False
    for at, reference, alternate in spelled:
        is_substitution = len(reference) == len(alternate)
        if not _may_have_bases(found, reference, alternate):
            continue
        reach = 0 if is_substitution else _LONGEST_SHIFT
        if found.start is None or abs(found.start - at) <= reach:
            return Likeness.UNKNOWN
        is_beside = is_beside or found.start == at + 1
    return Likeness.BESIDE if is_beside else Likeness.OTHER


def _may_have_bases(found: Place, reference: str, alternate: str) -> bool:
    if found.reference is not None and found.alternate is not None:
        one = strip(0, found.reference, found.alternate)[1:]
        other = strip(0, reference, alternate)[1:]
        return one == other or _is_turned(one, other)
    if len(reference) != len(alternate):
        return True
    told = (found.reference, found.alternate)
    return all(
        one is None or one == other
        for one, other in zip(told, (reference, alternate), strict=True)
    )


def _otherwise(form: Spelling, forms: set[Spelling]) -> Likeness:
    """Compare an insertion or deletion that may lie elsewhere: its bases turned."""
    for start, *bases in forms:
        is_near = abs(start - form[0]) <= _LONGEST_SHIFT
        if is_near and _is_turned(form[1:], bases):
            return Likeness.SPELLED_OTHERWISE
    return Likeness.OTHER


def _is_turned(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two insertions, or two deletions, may be one, further along a repeat.

    Its bases then go round: what leaves at one end comes in at the other.
    """
    if tuple(map(len, one)) != tuple(map(len, other)) or all(one):
        return False
    mine, theirs = "".join(one), "".join(other)
    return theirs in mine + mine


def allele_of(found: Place, asked: VariantPattern) -> Allele | None:
    """Return a record of a range or an event as an allele; ``None``: not readable."""
    contig = found.contig or asked.contig
    if contig is None or found.start is None or found.start > contig.length:
        return None
    if found.reference and found.alternate:
        end = found.start + len(found.reference)
        if end > contig.length:
            return None
        return sequence_allele(contig, found.start, found.reference, found.alternate)
    if found.reference is None and found.substitution is not None:
        return sequence_allele(contig, *found.substitution)
    return _structural(found, contig, found.start)


def _structural(found: Place, contig: Contig, start: int) -> Allele | None:
    if found.end is None or not start <= found.end <= contig.length:
        return None
    alternate = _named(found, contig)
    if alternate is None:
        return None
    return Allele(
        contig=contig,
        start=start,
        end=found.end,
        reference=ANCHOR,
        alternate=alternate,
    )


def _named(found: Place, contig: Contig) -> str | None:
    """Return the canonical text of a structural record, written anew by us."""
    try:
        if found.name is None:
            said: Named | Join = Named(canonical_type(found.kind or ""))
        else:
            said = described(found.name)
    except (ValueError, InvalidRequest):
        return None
    if isinstance(said, Named):
        return said.text if _WORD.fullmatch(said.word) and said.word != "BND" else None
    if said.mate is None:
        return said.text
    mate = find_contig(ASSEMBLIES[contig.assembly], said.mate)
    return None if mate is None else said._replace(mate=mate.name).text
