"""Carriers: a packed block says what it was given, and forgets whom it must."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from beacon.model.people import FULL, UNCALLED, Otherwise, Share, Shares, tally_of
from beacon.store.carriers import Block, Identity, identity_of, pack, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

_RANK, _FIRST, _PEOPLE = 22, 3 << 12, 300
_SHARES = [
    FULL,
    UNCALLED,
    Share(0, 1),
    Share(1, 1, hemi=1),
    Share(1, 1),
    Share(1, 2, het=1),
    Share(2, 2, hom=1),
    Share(3, 4, het=1),
]
_Alleles = list[tuple[Identity, Shares]]


@st.composite
def _identities(draw: st.DrawFn) -> Identity:
    start = _FIRST + draw(st.integers(0, 4095))
    kind = draw(st.sampled_from(["site", "short", "hashed", "digest", "long", "named"]))
    if kind == "site":
        return identity_of(start, start + 1, "", "")
    bases = st.text("ACGTN", min_size=1)
    reference, alternate = draw(bases), draw(bases)
    if kind in ("short", "hashed"):
        reference *= 1 if kind == "short" else 3
    elif kind == "digest":
        alternate = "ACGT" * draw(st.integers(17, 40))
    elif kind == "long":
        reference = "ACGTT" * draw(st.integers(201, 250))
    else:
        return identity_of(start, start + draw(st.integers(1, 9000)), "N", "<DEL>")
    return identity_of(start, start + len(reference), reference, alternate)


@st.composite
def _shares(draw: st.DrawFn) -> Shares:
    usual, *others = draw(st.permutations(_SHARES))
    few = draw(st.lists(st.integers(0, _PEOPLE - 1), unique=True, max_size=9))
    many = draw(st.sampled_from([range(0), range(40, 90), range(90, 299, 3)]))
    sets = [tuple(sorted(set(few) - set(many))), tuple(many)]
    otherwise = draw(st.sampled_from([None, *Otherwise]))
    told = tuple((s, w) for s, w in zip(others, sets) if w)  # noqa: B905
    return Shares(usual, told, otherwise)


_ALLELES = st.lists(
    st.tuples(_identities(), _shares()), max_size=9, unique_by=lambda a: a[0]
)


def _plain(shares: Shares) -> tuple[Share, dict[Share, tuple[int, ...]]]:
    return shares.usual, {share: tuple(who) for share, who in shares.others}


def _block(alleles: _Alleles) -> Block:
    # Digests cannot be named again: the test hands over what a block would name.
    return Block(pack(_RANK, _FIRST, alleles))


@given(_ALLELES)
@settings(max_examples=80, deadline=None)
def test_a_block_says_what_it_was_given(alleles: _Alleles) -> None:
    """Identities and shares come back, in their order."""
    block = _block(alleles)

    assert block.identities == [identity for identity, _ in alleles]
    assert [_plain(block.shares(o)) for o in range(len(block))] == [
        _plain(shares) for _, shares in alleles
    ]
    assert [block.shares(o).otherwise for o in range(len(block))] == [
        shares.otherwise for _, shares in alleles
    ]


@given(_ALLELES, st.integers(0, _PEOPLE - 1))
@settings(max_examples=60, deadline=None)
def test_a_person_stands_where_the_shares_say(alleles: _Alleles, person: int) -> None:
    """``standing`` is every allele's share of one person."""
    block = _block(alleles)

    assert [shares.of(person) for _, shares in alleles] == [
        block.table[s] for s in block.standing(person).tolist()
    ]
    assert [shares.of(person) for _, shares in alleles] == [
        block.shares(o, {person, 299}).of(person) for o in range(len(block))
    ]


@given(_ALLELES, st.lists(st.integers(-1, 2), min_size=_PEOPLE, max_size=_PEOPLE))
@settings(max_examples=40, deadline=None)
def test_sums_are_the_tallies(alleles: _Alleles, columns: Sequence[int]) -> None:
    """Summed by column, people make the tally that their shares make."""
    block = _block(alleles)
    sums = block.sums(np.array(columns), 3)
    kept = [n for n, column in enumerate(columns) if column >= 0]
    shifted = [max(column, 0) for column in columns] + [2]

    for (_, shares), found in zip(alleles, sums.tolist(), strict=True):
        tally = tally_of(shares, shifted, kept)
        assert tally.an == tuple(an for _, an, *_ in found)
        assert tally.carriers == tuple(
            (c, ac, hom, het, hemi)
            for c, (ac, _, hom, het, hemi) in enumerate(found)
            if ac
        )


@given(_ALLELES, st.sets(st.integers(0, _PEOPLE - 1), max_size=3))
@settings(max_examples=40, deadline=None)
def test_who_is_erased_stands_nowhere(alleles: _Alleles, gone: set[int]) -> None:
    """Erased people read as everybody else; nobody else changes."""
    before = _block(alleles)
    blob = before.without(gone)
    after = before if blob is None else Block(blob)

    assert all((after.standing(p) == after.usual).all() for p in gone)
    for person in {0, 41, 93, 299} - gone:
        assert (before.standing(person) == after.standing(person)).all()
    assert before.identities == after.identities
    assert before.otherwise == after.otherwise
    assert after.without(gone) is None


def test_many_bases_are_named_by_a_digest() -> None:
    """Two long alleles of the same length are two identities."""
    one, other = shortened("A" * 65), shortened("A" * 64 + "C")

    assert one != other
    assert len(one) < 64
    assert shortened("A" * 64) == "A" * 64
