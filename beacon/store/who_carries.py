"""Who carries one allele, individual by individual, where few do.

What is told adds up to the counts of the row, or nothing is: a ledger that charges
somebody else than was counted protects nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model.findings import Carried, Carrying
from beacon.model.variant import sequence_allele

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from beacon.model.counts import Carriers
    from beacon.model.findings import DatasetFindings, FoundVariant
    from beacon.model.pattern import VariantPattern
    from beacon.model.people import Shares
    from beacon.model.variant import Allele
    from beacon.store.carrier_documents import CarrierTable
    from beacon.store.individuals import Crowd
    from beacon.store.racks import Shelf
    from beacon.store.rows import Part

_COPIES = 2
"""Of an allele that nearly everybody has."""


def asked_allele(pattern: VariantPattern) -> Allele:
    """Return an allele that a question may mean: of an id, any where it begins."""
    contig = pattern.sequence
    if pattern.spellings:
        return sequence_allele(contig, *pattern.spellings[0])
    start = 0 if pattern.start is None else pattern.start.low
    return sequence_allele(contig, start, "A", "C")


async def carrying(
    shelf: Shelf,
    found: DatasetFindings,
    asked: Allele,
    crowds: Mapping[int, Crowd],
    carriers: CarrierTable,
    most: int,
) -> Carrying:
    """Return what a dataset says of an allele with who carries it.

    Args:
        shelf: the dataset.
        found: what it says, at record granularity.
        asked: the allele that is asked for: where it is not there its carriers are
            looked for all the same, so that this takes as long.
        crowds: the people of its parts, of those that keep them.
        carriers: of the assembly.
        most: people who are told one by one.
    """
    if any(part.number not in crowds for part in shelf.rows.parts):
        return Carrying(found, None)  # also of nobody: a "no" would tell the others
    variant = _there(found)
    if variant is None:
        for part in shelf.rows.parts:
            await carriers.shares(part.number, [asked])
        return Carrying(found, ())
    counted = variant.tally.carriers
    if counted is None:
        return Carrying(found, None)
    is_common = sum(one.ac for one in counted) > _COPIES * most
    told: list[Carried] = []
    for part in shelf.rows.parts:
        shares = await carriers.shares(part.number, [variant.allele])
        mine = shares.get(variant.allele)
        if mine is not None and not is_common:
            told += _of_part(part, mine, crowds[part.number])
    if is_common:
        return Carrying(found, (), is_common=True)
    return Carrying(found, tuple(told) if _adds_up(told, counted) else None)


def _there(found: DatasetFindings) -> FoundVariant | None:
    """Return the one allele that was found, if any is there."""
    return next((variant for variant in found.variants if variant.exists), None)


def _of_part(part: Part, shares: Shares, crowd: Crowd) -> Iterator[Carried]:
    """Yield who of a part carries an allele."""
    named = {n: share for share, people in shares.others for n in people}
    who: Sequence[int] = sorted(n for n, share in named.items() if share.ac)
    if shares.usual.ac:
        who = range(len(crowd.people.names))
    for number in who:
        share, name = named.get(number, shares.usual), crowd.people.names[number]
        if name is not None and share.ac:
            column = part.first + crowd.people.column_of[number]
            yield Carried(name, column, share)


def _adds_up(told: Sequence[Carried], counted: Sequence[Carriers]) -> bool:
    """Whether those who are told of are those who were counted."""
    sums: dict[int, list[int]] = {}
    for one in told:
        ac, _, hom, het, hemi = one.share
        held = sums.setdefault(one.column, [0, 0, 0, 0])
        for place, number in enumerate((ac, hom, het, hemi)):
            held[place] += number
    return sums == {one.column: [number or 0 for number in one[1:]] for one in counted}
