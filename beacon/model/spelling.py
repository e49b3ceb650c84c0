"""From one place or one allele to the pattern that asks for it.

What every way of asking shares (parameters, notations, ids): which contig a name
means, whether a place lies on it, whether REF is what the reference has, and
every spelling under which a dataset may keep an allele.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model import assemblies
from beacon.model.errors import InvalidRequest
from beacon.model.genome import pos_from_start
from beacon.model.pattern import Bounds, VariantPattern, identity_of
from beacon.model.similarity import (
    DEFAULT_DISTANCE,
    DEFAULT_OVERLAP,
    LARGEST_DISTANCE,
    LEAST_OVERLAP,
    Similar,
)
from beacon.model.variant import left_align, right_align, sequence_allele, strip, trim

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from beacon.model.genome import Contig, Interval
    from beacon.model.pattern import Spelling
    from beacon.model.similarity import Event
    from beacon.model.variant import Allele, Reference

_ANY_BASE = "N"
_FURTHEST_ROLL = 500
"""Bases; places further right than this are not tried."""

_BASES_IT_MAY_BE = "ACGTN"


def resolve_contig(
    name: str, *, assembly: str | None, loaded: Collection[str]
) -> Contig:
    """Return the contig meant by a name, an assembly if given, and what is loaded.

    Args:
        name: any name of a sequence; an accession decides the assembly.
        assembly: any name of an assembly.
        loaded: canonical names of the assemblies that have datasets.

    Raises:
        InvalidRequest: when the assembly is unknown, or needed and not given.
        UnknownContig: when the assembly has no such sequence.
    """
    if assembly is not None:
        return assemblies.contig(assemblies.assembly(assembly), name)
    owners = assemblies.contigs_by_accession(name)
    if len(owners) == 1:
        return owners[0]
    sole = _sole_assembly(loaded, [c.assembly for c in owners])
    return assemblies.contig(sole, name)


def resolve_assembly(assembly: str | None, loaded: Collection[str]) -> str:
    """Return the canonical name of the assembly asked, given or the only one loaded.

    Raises:
        InvalidRequest: when it is unknown, or needed and not given.
    """
    if assembly is not None:
        return assemblies.assembly(assembly).name
    return _sole_assembly(loaded, ()).name


def _sole_assembly(
    loaded: Collection[str], owners: Collection[str]
) -> assemblies.Assembly:
    held = [
        a for a in assemblies.ASSEMBLIES if a in loaded and (not owners or a in owners)
    ]
    if len(held) == 1:
        return assemblies.assembly(held[0])
    holds = f"this beacon holds {' and '.join(held)}" if held else "nothing decides it"
    message = f"The assembly is needed (assemblyId): {holds}."
    raise InvalidRequest(message, parameter="assemblyId")


def check_place(contig: Contig, start: int, end: int) -> None:
    """Refuse a place that does not lie within its sequence.

    Raises:
        InvalidRequest: naming the sequence and its length.
    """
    if 0 <= start <= end <= contig.length:
        return
    beyond = end if start < contig.length else pos_from_start(start)
    message = (
        f"{contig.assembly} {contig.name} has {contig.length} bases; "
        f"position {beyond} is not within it."
    )
    raise InvalidRequest(message, parameter="start")


_ONE_BASED = (
    "These reference bases stand one base earlier: your client may send 1-based"
    " positions, and start counts from 0."
)


def check_reference(
    contig: Contig, start: int, bases: str, reference: Reference | None
) -> None:
    """Refuse reference bases that are not what the reference has there.

    Bases other than A, C, G, T on either side are unknown and contradict nothing.

    Raises:
        InvalidRequest: naming the first base that differs.
    """
    if reference is None or not bases:
        return
    offset = _first_difference(contig, start, bases, reference)
    if offset is None:
        return
    has = (reference.bases(contig, start, start + len(bases)) or "")[offset]
    pos = pos_from_start(start + offset)
    message = (
        f"The reference has {has} at {contig.assembly} "
        f"{contig.name}:{pos}, not {bases[offset]}."
    )
    is_shifted = start > 0 and (
        _first_difference(contig, start - 1, bases, reference) is None
    )
    raise InvalidRequest(
        message, parameter="referenceBases", hint=_ONE_BASED if is_shifted else None
    )


def _first_difference(
    contig: Contig, start: int, bases: str, reference: Reference
) -> int | None:
    """Return where bases first contradict the reference; ``None``: nowhere."""
    held = reference.bases(contig, start, start + len(bases)) or ""
    for offset, (has, asked) in enumerate(zip(held, bases, strict=False)):
        if has != asked and has in "ACGT" and asked in "ACGT":
            return offset
    return None


def spellings(allele: Allele, reference: Reference | None) -> tuple[Spelling, ...]:
    """Return every form in which a dataset may keep a sequence allele.

    As given, trimmed and left-aligned, in this order; with a reference, then every
    place between there and the rightmost, for data that was never aligned;
    without one, as far left as the bases given reach.  Where a side is empty the
    form gains the base before it (at the first base the one after); where that is
    not known, any it may be.
    """
    written = (allele.start, allele.reference, allele.alternate)
    if len(allele.reference) == len(allele.alternate) == 1:
        return tuple(_choices(*written))
    held = reference
    if held is None or held.bases(allele.contig, allele.start, allele.end) is None:
        held = _OwnBases(allele)
    if allele.is_anchored:
        forms = [written, trim(*written)]
    else:
        forms = [_anchored(allele, held)]
    aligned = _aligned_alone(allele) if held is not reference else None
    aligned = aligned or left_align(allele, held)
    if aligned.is_anchored:
        forms.append((aligned.start, aligned.reference, aligned.alternate))
    found = [form for each in dict.fromkeys(forms) for form in _choices(*each)]
    if held is not reference and not allele.is_anchored:
        found += _anchored_behind(allele)
    if held is reference and reference is not None:
        found += _rolled(aligned, reference)
    return tuple(dict.fromkeys(found))


def _aligned_alone(allele: Allele) -> Allele | None:
    """Return the left-aligned form of an allele whose own bases stop it from moving.

    ``None`` where they do not: what comes before it may be the same again.  Where
    they do, this is what ``left_align`` gives by any reference that agrees.
    """
    start, ref, alt = strip(allele.start, allele.reference, allele.alternate)
    before = allele.reference[start - allele.start - 1 : start - allele.start]
    if (ref and alt) or not before or not _is_spelled_out(before + ref + alt):
        return None
    if before == (ref or alt)[-1]:
        return None
    if (start - 1, before + ref) == (allele.start, allele.reference):
        return allele
    return sequence_allele(allele.contig, start - 1, before + ref, before + alt)


def _rolled(aligned: Allele, reference: Reference) -> Iterator[Spelling]:
    """Yield a left-aligned insertion or deletion at every place it reads the same."""
    if aligned.reference[:1] != aligned.alternate[:1]:
        return
    start, ref, alt = aligned.start + 1, aligned.reference[1:], aligned.alternate[1:]
    if bool(ref) == bool(alt):
        return
    last, _, _ = right_align(aligned, reference, _FURTHEST_ROLL)
    around = reference.bases(aligned.contig, start - 1, last + len(ref)) or ""
    unit = ref or alt
    for shift in range(1, last - start + 1):
        anchor = around[shift : shift + 1]
        turn = shift % len(unit)
        moved = unit[turn:] + unit[:turn]
        yield start - 1 + shift, anchor + (ref and moved), anchor + (alt and moved)


def _anchored_behind(allele: Allele) -> Iterator[Spelling]:
    """Yield an empty-sided allele with every base that may follow it.

    Data that was loaded without a reference may keep it so.
    """
    start, ref, alt = strip(allele.start, allele.reference, allele.alternate)
    if start + len(ref) < allele.contig.length:
        for base in _BASES_IT_MAY_BE:
            yield start, ref + base, alt + base


class _OwnBases:
    """The reference as far as an allele itself spells it; ``N`` elsewhere."""

    def __init__(self, allele: Allele) -> None:
        self._start = allele.start
        self._spelled = allele.reference

    def bases(self, contig: Contig, start: int, end: int) -> str:
        """Return the bases of ``[start, end)``, clipped to the contig."""
        start, end = max(0, start), min(end, contig.length)
        first = max(start, self._start)
        known = self._spelled[first - self._start : max(0, end - self._start)]
        before = _ANY_BASE * (min(end, first) - start)
        return (before + known).ljust(end - start, _ANY_BASE)


def _anchored(allele: Allele, reference: Reference) -> Spelling:
    """Return an empty-sided allele with its anchor base, ``N`` where unknown."""
    start, ref, alt = strip(allele.start, allele.reference, allele.alternate)
    at = start - 1 if start else len(ref)
    base = reference.bases(allele.contig, at, at + 1) or _ANY_BASE
    if start:
        return start - 1, base + ref, base + alt
    return 0, ref + base, alt + base


def _choices(start: int, reference: str, alternate: str) -> Iterator[Spelling]:
    """Yield the form once for every base an unknown REF or anchor base may be.

    One base of the reference is the right one, so these are still one allele.
    """
    is_shared = reference[0] == alternate[0] == _ANY_BASE
    ends_shared = reference[-1] == alternate[-1] == _ANY_BASE
    if start == 0 and ends_shared and not is_shared:
        for base in _BASES_IT_MAY_BE:
            yield start, reference[:-1] + base, alternate[:-1] + base
    elif reference.startswith(_ANY_BASE):
        for base in _BASES_IT_MAY_BE:
            tail = base + alternate[1:] if is_shared else alternate
            yield start, base + reference[1:], tail
    else:
        yield start, reference, alternate


def allele_pattern(allele: Allele, reference: Reference | None) -> VariantPattern:
    """Return the pattern that asks for one allele, in any spelling.

    Raises:
        InvalidRequest: when ALT equals REF, the allele lies outside its contig,
            or REF is not what the reference has.
    """
    if allele.is_symbolic:
        start = Bounds(low=allele.start, high=allele.start + 1)
        return VariantPattern(
            contig=allele.contig, start=start, identity=identity_of(allele)
        )
    forms, is_provisional = allele_spellings(allele, reference)
    return VariantPattern(
        contig=allele.contig, spellings=forms, is_provisional=is_provisional
    )


def allele_spellings(
    allele: Allele, reference: Reference | None
) -> tuple[tuple[Spelling, ...], bool]:
    """Return how one sequence allele may be spelled, and whether those may not be all.

    Raises:
        InvalidRequest: as ``allele_pattern`` does.
    """
    check_place(allele.contig, allele.start, allele.end)
    if allele.reference == allele.alternate:
        message = "The alternate bases are the reference bases: this is not a variant."
        raise InvalidRequest(message, parameter="alternateBases")
    check_reference(allele.contig, allele.start, allele.reference, reference)
    forms = spellings(allele, reference)
    is_provisional = _may_lie_elsewhere(allele, reference) or not any(
        _is_spelled_out(ref + alt) for _, ref, alt in forms
    )
    return forms, is_provisional


def _may_lie_elsewhere(allele: Allele, reference: Reference | None) -> bool:
    """Whether data may keep an insertion or deletion where it is not asked for.

    It cannot where the base before it is known and stops it from moving left.
    """
    if len(allele.reference) == len(allele.alternate):
        return False
    _, ref, alt = strip(allele.start, allele.reference, allele.alternate)
    if ref and alt:
        return False
    if reference is not None and _is_held(allele, reference):
        last, _, _ = right_align(allele, reference, _FURTHEST_ROLL + 1)
        return last - left_align(allele, reference).start > _FURTHEST_ROLL
    leftmost = _aligned_alone(allele) or left_align(allele, _OwnBases(allele))
    return not leftmost.is_anchored or leftmost.reference[0] == _ANY_BASE


def _is_held(allele: Allele, reference: Reference) -> bool:
    """Whether a reference has the bases around an allele."""
    held = reference.bases(allele.contig, max(0, allele.start - 1), allele.end + 1)
    return bool(held) and _is_spelled_out(held or "")


def _is_spelled_out(bases: str) -> bool:
    """Whether every base is known: A, C, G or T."""
    return not bases.strip("ACGT")


def normal_allele(
    pattern: VariantPattern, references: Mapping[str, Reference]
) -> Allele:
    """Return the one allele a pattern asks for, in its normal form.

    Where the base before it is not known it is left out, and a side is empty; a
    REF that is not known stays ``N``.
    """
    reference = references.get(pattern.assembly)
    written = [sequence_allele(pattern.sequence, *form) for form in pattern.spellings]
    normal = {_normal(allele, reference) for allele in written}
    if len(normal) == 1:
        return normal.pop()
    open_forms = [form for form in pattern.spellings if "N" in form[1]]
    form = next(iter(open_forms), pattern.spellings[0])
    return sequence_allele(pattern.sequence, *strip(*form))


def _normal(allele: Allele, reference: Reference | None) -> Allele:
    if reference is not None:
        return left_align(allele, reference)
    return sequence_allele(
        allele.contig, *trim(allele.start, allele.reference, allele.alternate)
    )


def reference_of(
    contig: Contig, references: Mapping[str, Reference]
) -> Reference | None:
    """Return the reference of a contig's assembly, if there is one."""
    return references.get(contig.assembly)


def overlap_bounds(interval: Interval) -> Bounds:
    """Return an interval as bounds, clipped to its contig.

    Raises:
        InvalidRequest: when it begins beyond the end of the contig.
    """
    length = interval.contig.length
    if interval.start > length or interval.start == length < interval.end:
        message = (
            f"{interval.contig.assembly} {interval.contig.name} has {length} bases; "
            f"the range begins at position {pos_from_start(interval.start)}."
        )
        raise InvalidRequest(message, parameter="start")
    return Bounds(low=interval.start, high=min(interval.end, length))


def region_pattern(interval: Interval) -> VariantPattern:
    """Return the pattern that asks for every variant overlapping an interval.

    Raises:
        InvalidRequest: when it begins beyond the end of its contig.
    """
    return VariantPattern(contig=interval.contig, overlap=overlap_bounds(interval))


def similar_pattern(
    event: Event,
    contig: Contig,
    *,
    overlap: float | None = None,
    distance: int | None = None,
) -> VariantPattern:
    """Return the pattern that asks for everything similar to an event.

    Args:
        event: what is asked for.
        contig: where it lies.
        overlap: least reciprocal overlap; ``None``: the usual one.
        distance: bases breakpoints may differ by; ``None``: the usual one.

    Raises:
        InvalidRequest: when one of both cannot be.
    """
    overlap = DEFAULT_OVERLAP if overlap is None else overlap
    distance = DEFAULT_DISTANCE if distance is None else distance
    if not LEAST_OVERLAP <= overlap <= 1:
        message = f"similarity lies between {LEAST_OVERLAP} and 1, not {overlap:g}."
        raise InvalidRequest(message, parameter="similarity")
    if not 0 <= distance <= LARGEST_DISTANCE:
        message = f"breakpointDistance lies between 0 and {LARGEST_DISTANCE:,} bases."
        raise InvalidRequest(message, parameter="breakpointDistance")
    return VariantPattern(
        contig=contig,
        similar=Similar(event=event, overlap=overlap, distance=distance),
    )
