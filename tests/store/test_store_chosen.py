"""What some people add to alleles: as their shares say, one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from beacon.model.people import People, Share, Shares
from beacon.store.carriers import Block, Identity, is_of_nobody, pack
from beacon.store.chosen import Added, Chosen, Roster
from tests.store import test_store_carriers as carriers

_RANK, _FIRST, _PEOPLE, _WIDTH = 22, 3 << 12, 300, 3
_LAWS = settings(max_examples=40, deadline=None)
_ALLELES = carriers._ALLELES  # noqa: SLF001 - the same blocks are drawn
_CHOSEN = st.sets(st.integers(0, _PEOPLE - 1), max_size=40)
_COLUMNS = tuple(person % _WIDTH for person in range(_PEOPLE))
_GONE = 7


def _chosen(people: set[int]) -> Chosen:
    names = tuple(None if n == _GONE else f"p{n}" for n in range(_PEOPLE))
    samples = ((),) * _PEOPLE
    everybody = People(names=names, samples=samples, column_of=_COLUMNS)
    return Chosen(BitMap(people), Roster(everybody), _WIDTH)


def _expected(shares: Shares, people: set[int]) -> list[list[int]]:
    """Sum shares up by column, person by person."""
    found = np.zeros((_WIDTH, len(Share._fields)), dtype=np.int64)
    for person in people - {_GONE}:
        found[_COLUMNS[person]] += shares.of(person)
    return found.tolist()


@given(_ALLELES, _ALLELES, _CHOSEN)
@_LAWS
def test_sums_of_some_people_are_their_shares(
    one: list[tuple[Identity, Shares]],
    other: list[tuple[Identity, Shares]],
    people: set[int],
) -> None:
    """One allele at a time, or all of several blocks in one go; the later overrides."""
    blocks = [Block(pack(_RANK, _FIRST, alleles)) for alleles in (one, other)]
    chosen = _chosen(people)
    said = dict(one) | dict(other)
    names = {
        identity: name
        for block in blocks
        for identity, (name, _) in zip(block.identities, _names_of(block), strict=True)
    }
    for is_for_many in (True, False):
        added = Added(blocks, chosen, is_for_many=is_for_many)
        for identity, shares in said.items():
            found, otherwise = added.of(names[identity], is_bare=False)

            assert found is not None
            assert _expected(shares, people) == found.tolist()
            assert shares.otherwise == otherwise


def _names_of(block: Block) -> list[tuple[object, int]]:
    """Return what names each row, in the order of alleles."""
    return sorted(block.place_of_row.items(), key=lambda item: item[1])


@given(_ALLELES, _CHOSEN)
@_LAWS
def test_who_carries_is_who_adds_a_copy(
    alleles: list[tuple[Identity, Shares]], people: set[int]
) -> None:
    """Carriers are those whose share has a copy, and nothing of theirs is missed."""
    blob = pack(_RANK, _FIRST, alleles)
    block, chosen = Block(blob), _chosen(people)
    here = people - {_GONE}
    expected = [{p for p in here if shares.of(p).ac} for _, shares in alleles]
    found = [set(block.carriers_at(o, chosen.people)) for o in range(len(block))]
    some = range(0, len(block), 2)
    union = set().union(*(expected[o] for o in some))

    assert union == set(block.carriers_of(some, chosen.people))
    carried = {ordinal for ordinal, who in enumerate(expected) if who}

    assert expected == found
    assert carried <= set(block.may_be_carried(chosen).tolist())
    assert not (carried and is_of_nobody(blob, chosen.mask))


def test_a_block_of_others_is_passed_over() -> None:
    """Nothing is unpacked of a block that names none of the people asked for."""
    shares = Shares(Share(0, 2), ((Share(1, 2, het=1), (3, 5)),))
    blob = pack(_RANK, _FIRST, [(Identity(_FIRST, _FIRST + 1, "A", "C"), shares)])

    assert is_of_nobody(blob, _chosen({1, 2}).mask)
    assert not is_of_nobody(blob, _chosen({2, 3}).mask)
