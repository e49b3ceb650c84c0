"""Who carries the variants that were found: from alleles to people.

What a dataset says of an allele (``find``) names the parts that count; who of a
part carries it is in the carriers of the bin that it begins in.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING

from pyroaring import BitMap

from beacon.store.carrier_documents import bin_of
from beacon.store.carriers import identity_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from beacon.model.findings import FoundVariant
    from beacon.model.variant import Allele
    from beacon.store.carrier_documents import Bin, CarrierTable, Stretch
    from beacon.store.rows import Part

_AT_FIRST, _AT_ONCE = 16, 256
"""Bins whose carriers are read at once: a few, as those may name everybody."""


async def carriers_of(
    variants: Iterable[FoundVariant],
    parts: Iterable[Part],
    among: Mapping[int, BitMap],
    carriers: CarrierTable,
) -> dict[int, BitMap]:
    """Return who of some people carries any of some variants, by part.

    Args:
        variants: as a release holds them; those that do not exist carry nobody.
        parts: the release's.
        among: the people that are asked for, by part.
        carriers: of the assembly.
    """
    there = [variant for variant in variants if variant.exists]
    found = {}
    for part in parts:
        alleles = [v.allele for v in there if _counts_in(part, v)]
        found[part.number] = await _of_part(
            alleles, part.number, among.get(part.number, BitMap()), carriers
        )
    return found


def _counts_in(part: Part, variant: FoundVariant) -> bool:
    """Whether anybody of a part is counted as a carrier."""
    columns = range(part.first, part.first + len(part.baseline))
    return any(c.column in columns for c in variant.tally.carriers or ())


async def _of_part(
    alleles: Iterable[Allele], part: int, among: BitMap, carriers: CarrierTable
) -> BitMap:
    by_bin: dict[Bin, list[Allele]] = defaultdict(list)
    for allele in alleles:
        by_bin[bin_of(part, allele.contig.rank, allele.start)].append(allele)
    found, bins, size = BitMap(), sorted(by_bin), _AT_FIRST
    while bins and found != among:
        some, bins = bins[:size], bins[size:]
        stretches = await carriers.stretches_of(some)
        for one in some:
            if one in stretches and found != among:
                found |= _of_bin(stretches[one], by_bin[one], among - found)
                await asyncio.sleep(0)  # others have their turn
        size = min(4 * size, _AT_ONCE)
    return found


def _of_bin(stretch: Stretch, alleles: Iterable[Allele], among: BitMap) -> BitMap:
    """Return who carries any of some alleles; later blocks override."""
    found = BitMap()
    missing = [identity_of(a.start, a.end, a.reference, a.alternate) for a in alleles]
    for block in reversed(stretch.blocks):
        there = [(identity, block.find(identity)) for identity in missing]
        ordinals = [ordinal for _, ordinal in there if ordinal is not None]
        if ordinals:
            found |= block.carriers_of(ordinals, among)
        missing = [identity for identity, ordinal in there if ordinal is None]
    return found
