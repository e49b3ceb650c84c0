"""A set that a peer asked on another assembly: what it says of that, and its records.

Only beacons like this one say it.  Their records are then judged against what was
asked there, and a "no" of a lift that is not certain is none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from beacon.model.assemblies import find_assembly
from beacon.model.lifting import Lift, NotLifted
from beacon.model.pattern import VariantPattern
from beacon.model.questions import variant_pattern
from beacon.model.variant import sequence_allele
from beacon.wire.peers.plain import Members, items, members, name, text, truth

if TYPE_CHECKING:
    from beacon.wire.peers.sets import Hearing

_MOST_SENTENCES = 5
_UNCERTAIN = "Its lift to another assembly is not certain."


def read_lift(info: Members, asked: VariantPattern) -> Lift | NotLifted | None:
    """Return how a set came to be asked on another assembly; ``None``: it was not."""
    said = members(info.get("lifted"))
    why = text(said.get("why"))
    if why is not None:
        return NotLifted(why=why)
    assembly = find_assembly(name(said.get("assemblyId")) or "")
    lifted = name(said.get("lifted"))
    if assembly is None or lifted is None or assembly.name == asked.assembly:
        return None
    doubts = _sentences(said.get("doubts"))
    if truth(said.get("isCertain")) is not True and not doubts:
        doubts = (_UNCERTAIN,)
    return Lift(
        asked=name(said.get("asked")) or lifted,
        lifted=lifted,
        assembly=assembly.name,
        doubts=doubts,
        notes=_sentences(said.get("notes")),
    )


def _sentences(value: object) -> tuple[str, ...]:
    found = (text(each) for each in items(value)[:_MOST_SENTENCES])
    return tuple(each for each in found if each is not None)


def asked_there(lift: Lift, hearing: Hearing) -> Hearing:
    """Return what the records of a lifted set are read against."""
    pattern = None
    if hearing.pattern.spellings:
        pattern = variant_pattern(lift.lifted, {})
    is_allele = pattern is not None and pattern.assembly == lift.assembly
    if pattern is None or not is_allele or not pattern.spellings:
        anywhere = VariantPattern(contig=None, genome=lift.assembly)
        return replace(hearing, pattern=anywhere)
    allele = sequence_allele(pattern.sequence, *pattern.spellings[0])
    request = replace(hearing.request, allele=allele)
    return replace(hearing, pattern=pattern, request=request)
