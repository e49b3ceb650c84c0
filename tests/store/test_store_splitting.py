"""Cuts between shards: equal parts, and never through a position."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.assemblies import ASSEMBLIES
from beacon.store.keys import decode, encode, position_range
from beacon.store.splitting import (
    commands,
    points_between,
    points_by_length,
    read_sample,
    shares,
)
from tests.store.store_samples import load, record

if TYPE_CHECKING:
    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

ALTERNATES = ("A", "C", "G", "AT", "AC")


def keys_at(places: list[tuple[int, int]], alleles: int = 1) -> list[int]:
    """Return the keys of some alleles at each place, in order."""
    return sorted(
        encode(rank, start, "T", alternate)
        for rank, start in places
        for alternate in ALTERNATES[:alleles]
    )


def skewed(number: int) -> list[tuple[int, int]]:
    """Return places of which most lie in a small stretch of one contig."""
    chance = random.Random(1)  # noqa: S311 (no secret)
    places = {(6, chance.randrange(29_000_000, 29_300_000)) for _ in range(number)}
    places |= {
        (chance.randrange(1, 25), chance.randrange(50_000_000))
        for _ in range(number // 10)
    }
    return sorted(places)


@pytest.mark.parametrize("shards", [2, 3, 8, 50])
def test_shards_hold_equally_many(shards: int) -> None:
    """However the rows are spread, parts differ by a position's alleles at most."""
    keys = keys_at(skewed(5000), alleles=3)
    points = points_between(keys, shards)
    held = shares(keys, points)

    assert shards == len(held)
    assert max(held) - min(held) <= 2 * len(ALTERNATES)


@given(
    st.lists(st.tuples(st.integers(1, 25), st.integers(0, 300)), max_size=60),
    st.integers(1, 5),
    st.integers(2, 12),
)
def test_a_cut_goes_through_no_position(
    places: list[tuple[int, int]], alleles: int, shards: int
) -> None:
    """Cuts rise, lie on positions, and no shard is left without rows."""
    keys = keys_at(sorted(set(places)), alleles)
    points = points_between(keys, shards)

    assert all(low < high for low, high in pairwise(points))
    assert [0] * len(points) == [point % (1 << 31) for point in points]
    assert len(points) < min(shards, max(1, len(set(places))))
    assert all(shares(keys, points)) or not keys


def test_fewer_positions_than_shards() -> None:
    """Every position is a shard of its own then, and there are no others."""
    keys = keys_at([(1, 10), (1, 11), (2, 5)], alleles=2)

    assert [2, 2, 2] == shares(keys, points_between(keys, 3))
    assert 2 >= len(points_between(keys, 10))
    assert () == points_between(keys[:2], 4)
    assert () == points_between([], 4)


def test_nothing_loaded_is_cut_by_length() -> None:
    """Shards cover as many bases each, to one base."""
    contigs = ASSEMBLIES["GRCh38"].contigs
    before = {c.rank: sum(o.length for o in contigs[: c.rank - 1]) for c in contigs}
    total = sum(contig.length for contig in contigs)
    cuts = [decode(point) for point in points_by_length("GRCh38", 4)]
    bases = [0, *(before[cut.rank] + cut.start for cut in cuts), total]

    assert {total // 4, total // 4 + 1} >= {b - a for a, b in pairwise(bases)}
    assert all(cut.start < contigs[cut.rank - 1].length for cut in cuts)


def test_a_store_is_cut_where_its_rows_are(
    catalogue: Catalogue, store_address: StoreAddress
) -> None:
    """Counted by the server, the shards of a real store are equal."""
    chance = random.Random(2)  # noqa: S311 (no secret)
    places = [(20 + n % 3, chance.randrange(40_000_000)) for n in range(3000)]
    places += [(22, 20_000_000 + 3 * n) for n in range(3000)]
    records = [record(start, "T", a, rank=rank) for rank, start in places for a in "AC"]
    load(catalogue, "d", records)
    sample = read_sample(store_address, "GRCh37")
    points = points_between(sample.keys, 4)
    rows = catalogue._database["variants_GRCh37"]  # noqa: SLF001 (counts of the server's own)
    low, high = position_range(1, 0, 1)[0], position_range(25, 1 << 28, 1)[1]
    held = [
        rows.count_documents({"_id": {"$gte": a, "$lt": b}})
        for a, b in pairwise([low, *points, high])
    ]

    assert sample.rows == sum(held)
    assert max(held) <= 1.02 * min(held)


def test_the_commands_of_mongosh() -> None:
    """Both collections are sharded by ``_id``, cut, and put in their places."""
    said = list(commands("b", "GRCh38", (-(1 << 62), 1 << 61)))
    rows = [line for line in said if '"b.variants_GRCh38"' in line]
    space = '"b.variants_GRCh38"'

    assert len(rows) == len([line for line in said if '"b.coverage_GRCh38"' in line])
    assert rows[:3] == [
        f"sh.shardCollection({space}, {{_id: 1}})",
        f'sh.splitAt({space}, {{_id: NumberLong("-4611686018427387904")}})',
        f'sh.splitAt({space}, {{_id: NumberLong("2305843009213693952")}})',
    ]
    assert rows[3] == f"sh.moveChunk({space}, {{_id: MinKey()}}, shards[0])"
    assert rows[-1] == (
        f'sh.updateZoneKeyRange({space}, {{_id: NumberLong("2305843009213693952")}}, '
        '{_id: MaxKey()}, "GRCh38-2")'
    )
