"""Places, REF and ALT as VCF files and browsers write them; regions; SPDI.

Sequence alleles and places only: what is longer and named is in ``events``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from beacon.model.errors import NotUnderstood
from beacon.model.events import NO_ALLELES, names_structure, read_structure
from beacon.model.genome import interval_from_pos, start_from_pos
from beacon.model.reading import (
    LONGEST_QUOTED,
    ask_allele,
    read_bases,
    read_new_bases,
    read_pos,
    reference_bases,
    refuse,
)
from beacon.model.spelling import region_pattern

if TYPE_CHECKING:
    from beacon.model.pattern import VariantPattern
    from beacon.model.reading import Context

CONTIG = r"(?P<contig>N[CTW]_[0-9]+(?:\.[0-9]+)?|chr[A-Za-z0-9_.]+?|[A-Za-z0-9.]+)"
POS = r"(?P<pos>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})"
LAST = r"(?P<last>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})"
TO = r"\s?(?:-|\.\.|_|:|\s)\s?"
GAP = r"(?:\s?(?:->|[-:/|_>,;])\s?|\s)"


def read_vcf(match: re.Match[str], context: Context) -> VariantPattern:
    """Read contig, position, REF and ALT, whatever stands between them."""
    alternate = match["alt"]
    if names_structure(alternate) and _FURTHER.search(alternate) is None:
        return read_structure(match, context)
    _check_alternate(alternate)
    contig = context.contig(match["contig"])
    start = start_from_pos(read_pos(match["pos"]))
    reference, alternate = _gapless(match["ref"]), _gapless(alternate)
    if not reference:
        refuse("An insertion needs the base before it: write for example 22-100-A-AT.")
    written = (read_bases(reference), read_new_bases(alternate))
    return ask_allele(contig, start, *written, context)


def read_line(match: re.Match[str], context: Context) -> VariantPattern:
    """Read CHROM POS ID REF ALT, which five columns of a BED file look like."""
    if names_structure(match["alt"]):
        return read_structure(match, context)
    third, pos = match["id"], read_pos(match["pos"])
    if third.isdecimal() and int(third[:12]) == pos + len(match["ref"]):
        refuse(
            "This looks like a line with a 0-based start and an end; "
            "write position, REF and ALT, as 22-16050408-T-C."
        )
    return read_vcf(match, context)


def read_ranged(match: re.Match[str], context: Context) -> VariantPattern:
    """Read REF and ALT behind a range, as Ensembl and ANNOVAR write them."""
    first, last = read_pos(match["pos"]), read_pos(match["last"])
    length = len(_gapless(match["ref"]))
    if length and last - first + 1 != length:
        refuse(
            f"The range {first}-{last} holds {last - first + 1:,} bases, but REF "
            f"{match['ref'][:LONGEST_QUOTED]!r} has {length}; write position, REF and "
            "ALT, as 22-16050408-T-C."
        )
    return read_vcf(match, context)


def read_unfinished(match: re.Match[str], context: Context) -> VariantPattern:
    """Refuse one base behind a position: is it REF or ALT?"""
    context.contig(match["contig"])
    place, bases = match["contig"], match["ref"].upper()[:LONGEST_QUOTED]
    sentence = (
        f"One allele alone ({bases}) names no variant: REF and ALT are needed, as "
        f"{place}-{match['pos']}-{bases}-ALT, or the position alone, "
        f"{place}:{match['pos']}."
    )
    raise NotUnderstood(sentence, parameter="variant")


def _gapless(bases: str) -> str:
    return "" if bases in ("-", ".") else bases


# As programs write thousands of them; longer bases go the longer way.
PLAIN_VCF = re.compile(
    r"(?P<contig>(?:chr)?(?:[1-9]|1[0-9]|2[0-2]|X|Y))(?P<gap>[-:])(?P<pos>[1-9][0-9]{0,8})"
    r"(?P=gap)(?P<ref>[ACGT]{1,50})(?P=gap)(?P<alt>[ACGT]{1,50})"
)
"""Contig, what stands between, POS, REF and ALT; no other way of writing is like it."""


_FURTHER = re.compile(r"\A[A-Za-z]+(?:[-:/|;]|->)[A-Za-z0-9]")


def _check_alternate(alternate: str) -> None:
    """Refuse an ALT that is not one sequence of bases, saying which kind it is."""
    if "," in alternate:
        refuse(
            f"{alternate[:LONGEST_QUOTED]!r} are several alternate alleles; "
            "ask for one at a time."
        )
    if alternate[-1:].isalnum() and _FURTHER.search(alternate) is not None:
        refuse(
            f"More than one allele stands behind REF ({alternate[:LONGEST_QUOTED]!r}); "
            "ask for one variant at a time."
        )
    if alternate.upper() in NO_ALLELES:
        refuse(f"ALT {alternate!r} is not an allele that can be asked for.")


def read_region(match: re.Match[str], context: Context) -> VariantPattern:
    """Read a range: both ends are in it."""
    contig = context.contig(match["contig"])
    first, last = read_pos(match["pos"]), read_pos(match["last"])
    if last < first:
        refuse(f"The range {first}-{last} ends before it begins.")
    return region_pattern(interval_from_pos(contig, first, last))


def read_position(match: re.Match[str], context: Context) -> VariantPattern:
    """Read one position: what lies on it is asked for."""
    contig = context.contig(match["contig"])
    pos = read_pos(match["pos"])
    return region_pattern(interval_from_pos(contig, pos, pos))


def read_spdi(match: re.Match[str], context: Context) -> VariantPattern:
    """Read SPDI: a 0-based start, and a deletion in bases or as their number."""
    contig = context.contig(match["contig"])
    start, deleted = int(match["start"]), match["deleted"]
    if deleted.isdigit():
        deleted = reference_bases(contig, start, start + int(deleted), context)
    written = (read_bases(deleted), read_new_bases(match["inserted"]))
    return ask_allele(contig, start, *written, context)
