"""Structural variants and copy number variants in a text: what is similar to them?

A symbolic ALT, a breakend, or a type beside a range; each is read as an event
that others are compared with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model import assemblies
from beacon.model.dialects import (
    BAD,
    NOT_LOADED,
    Written,
    info_fields,
    is_structural,
    turned,
    understand,
)
from beacon.model.errors import UnknownContig
from beacon.model.genome import start_from_pos
from beacon.model.reading import LONGEST_QUOTED, read_pos, refuse
from beacon.model.similarity import Event, event_of
from beacon.model.spelling import check_place, similar_pattern
from beacon.model.structure import ANCHOR
from beacon.model.variant import Allele

if TYPE_CHECKING:
    import re

    from beacon.model.pattern import VariantPattern
    from beacon.model.reading import Context

NO_ALLELES = ("*", "<*>", "<NON_REF>", "<X>", ".")

KINDS = {
    **dict.fromkeys(("del", "loss", "deletion"), "DEL"),
    **dict.fromkeys(("dup", "gain", "duplication"), "DUP"),
    **dict.fromkeys(("ins", "insertion"), "INS"),
    **dict.fromkeys(("inv", "inversion"), "INV"),
    **dict.fromkeys(("bnd", "tra", "translocation"), "BND"),
    **dict.fromkeys(("cpx", "complex"), "CPX"),
    "cnv": "CNV",
}
CNV_WORD = rf"(?P<word>{'|'.join(sorted(KINDS, key=len, reverse=True))})"


def names_structure(alternate: str) -> bool:
    """Whether an ALT is one structural allele: named, or a breakend."""
    return (
        is_structural(alternate)
        and "," not in alternate
        and alternate.upper() not in NO_ALLELES
    )


def read_structure(match: re.Match[str], context: Context) -> VariantPattern:
    """Read a structural ALT: has anything similar been seen?

    Its ends are what the line says of them; without a line, what ALT says alone.
    """
    written = _written(match, context)
    contig, pos = written.contig, written.pos
    if not 0 <= pos <= contig.length + 1:
        check_place(contig, start_from_pos(pos), pos)
    found = understand(written)
    if isinstance(found, str):
        why = found.removeprefix(NOT_LOADED).removeprefix(BAD)
        refuse(
            f"{match['alt'][:LONGEST_QUOTED]!r} cannot be placed ({why}); write "
            "del 22:18912231-21465672, or paste the whole VCF line."
        )
    event = event_of(
        Allele(
            contig=contig,
            start=found.start,
            end=found.end,
            reference=ANCHOR,
            alternate=found.alternate,
            structure=found.structure,
        )
    )
    if event is None:
        shown = match["alt"][:LONGEST_QUOTED]
        refuse(f"{shown} is too complex to be compared; ask for its region.")
    return similar_pattern(event, contig)


def _written(match: re.Match[str], context: Context) -> Written:
    """Return a structural ALT where it stands.

    One on a scaffold stands where its mate does, as it is loaded.
    """
    name, pos = match["contig"], int(match["pos"].replace(",", ""))
    rest = match.groupdict().get("rest") or ""
    info = ";".join(part for part in rest.split() if "=" in part)
    try:
        contig = context.contig(name)
    except UnknownContig:
        genome = assemblies.assembly(context.genome())
        mate = turned(genome, name, pos, match["alt"], info)
        if mate is None:
            raise
        contig, pos, info = mate
        return Written(contig, pos, ANCHOR, "<BND>", info_fields(info))
    return Written(contig, pos, match["ref"], match["alt"], info_fields(info))


def read_event(match: re.Match[str], context: Context) -> VariantPattern:
    """Read ``del 22:18912231-21465672``: has anything similar been seen?"""
    kind = KINDS[match["word"].lower()]
    contig, first = context.contig(match["contig"]), read_pos(match["pos"])
    last = read_pos(match["last"]) if match["last"] else first
    if kind == "BND":
        refuse("A breakend is asked for as a VCF line, or as 11-94987872-T-T[8:100[.")
    if match["last"] is None and kind != "INS":
        refuse(f"A {kind} needs a range, as {match['word']} 22:18912231-21465672.")
    if last < first:
        refuse(f"The range {first}-{last} ends before it begins.")
    if kind == "INS":
        check_place(contig, start_from_pos(first), first)
        return similar_pattern(Event("INS", contig.name, first, first, None), contig)
    start = start_from_pos(first)
    check_place(contig, start, last)
    return similar_pattern(Event(kind, contig.name, start, last, last - start), contig)
