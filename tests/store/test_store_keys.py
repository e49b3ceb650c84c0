"""Keys: order is genome order, and what is written can be read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beacon.store.keys import (
    Key,
    decode,
    encode,
    is_hashed,
    is_site,
    length_class,
    position_range,
    start_of,
)

RANKS = st.integers(1, 25)
STARTS = st.integers(0, (1 << 28) - 1)
SHORT = st.tuples(st.text("ACGT", max_size=5), st.text("ACGT", max_size=6))
ANY = st.tuples(st.text("ACGTN", max_size=30), st.text("ACGTN[]:2", max_size=30))


@given(RANKS, STARTS, SHORT)
def test_short_alleles_are_written_out(
    rank: int, start: int, alleles: tuple[str, str]
) -> None:
    """A key of at most eleven bases says all of the allele."""
    key = encode(rank, start, *alleles)

    assert Key(rank, start, *alleles) == decode(key)


@given(RANKS, STARTS, ANY)
def test_any_key_says_its_place(
    rank: int, start: int, alleles: tuple[str, str]
) -> None:
    """Every key says its place, and whether it holds the alleles."""
    key = encode(rank, start, *alleles)

    assert (rank, start) == decode(key)[:2]
    assert start == start_of(key)
    assert is_hashed(*alleles) == (decode(key).reference is None)
    assert -(1 << 63) <= key < 1 << 63


@given(st.tuples(RANKS, STARTS), st.tuples(RANKS, STARTS), ANY, ANY)
def test_order_is_genome_order(
    one: tuple[int, int],
    other: tuple[int, int],
    alleles: tuple[str, str],
    more: tuple[str, str],
) -> None:
    """Keys of different places are in the order of the places."""
    keys_in_order = encode(*one, *alleles) < encode(*other, *more)

    assert one == other or keys_in_order == (one < other)


@given(RANKS, STARTS, st.integers(0, 1000), ANY)
def test_a_range_holds_what_begins_in_it(
    rank: int, start: int, width: int, alleles: tuple[str, str]
) -> None:
    """A key is in the range of a stretch exactly when it begins there."""
    low, high = position_range(rank, start, start + width)
    key = encode(rank, start, *alleles)

    assert (low <= key < high) == (width > 0)


def test_a_site_has_no_allele() -> None:
    """A record without alleles has a key of its own, before every allele."""
    site = encode(22, 100, "", "")

    assert is_site(site)
    assert site < encode(22, 100, "A", "C")
    assert not is_site(encode(22, 100, "A", "C"))


def test_salt_moves_hashed_alleles_only() -> None:
    """Another salt is another key, but only where a hash could collide."""
    long = "ACGTACGTACGT"

    assert len({encode(22, 100, long, "A", salt) for salt in range(4)}) == 4
    assert encode(22, 100, "A", "C", 3) == encode(22, 100, "A", "C")


def test_length_class_bounds_the_length() -> None:
    """A span is at most two to the power of its class."""
    spans = [0, 1, 2, 3, 4, 5, 1024, 1025]

    assert [length_class(7, 7 + n) for n in spans] == [0, 0, 1, 2, 2, 3, 10, 11]
