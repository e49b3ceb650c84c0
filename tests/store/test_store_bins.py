"""Wide ranges counted by bins are counted right."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Query
from beacon.store.bins import (
    EXISTING_BITS,
    changed,
    pack_counts,
    read_bins,
    unpack_counts,
    whole_bins,
)
from beacon.store.variants import VariantStore
from tests.store.store_samples import (
    CARRIED,
    CHR22,
    NOT_CARRIED,
    load,
    record,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.model.counts import VariantRecord
    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

SIZE = 1 << EXISTING_BITS
PLACES = st.integers(0, 6 * SIZE) | st.integers(0, 6).map(lambda n: n * SIZE)
RECORDS = st.lists(
    st.builds(
        record,
        PLACES.map(lambda place: 16 * SIZE + place),
        st.sampled_from(["T", "TTA", "T" * 20]),
        st.sampled_from(["C", "CCCCCCCCCCCCC"]),
        st.sampled_from([CARRIED, CARRIED, NOT_CARRIED]),
        st.sampled_from([(), (), ("q10",)]),
    )
    | st.builds(lambda at: record(16 * SIZE + at, "A" * 2000, "A"), PLACES),
    max_size=30,
).map(lambda found: list({r[:5]: r for r in found}.values()))


def bins_of(records: Sequence[VariantRecord]) -> Counter[tuple[int, int]]:
    """Return where short alleles that exist begin."""
    return Counter(
        (r.rank, r.start >> EXISTING_BITS)
        for r in records
        if r.tally.exists and not r.filters and r.end - r.start < 1000
    )


@given(counts=st.dictionaries(st.integers(0, 2000), st.integers(0, 1 << 40)))
def test_counts_are_packed_and_read(counts: dict[int, int]) -> None:
    """What is packed is read; nothing is kept of an empty bin."""
    assert {k: n for k, n in counts.items() if n} == unpack_counts(pack_counts(counts))


@given(low=st.integers(0, 5 * SIZE), width=st.integers(0, 5 * SIZE))
def test_whole_bins_lie_inside(low: int, width: int) -> None:
    """They begin and end at bins, inside the stretch, less than a bin from its ends."""
    whole = whole_bins(Bounds(low=low, high=low + width))
    if whole is None:
        assert width < 2 * SIZE
        return

    assert 0 == whole.low % SIZE == whole.high % SIZE
    assert low <= whole.low < min(whole.high, low + SIZE)
    assert low + width - SIZE < whole.high <= low + width


@settings(
    max_examples=8,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    kept=st.lists(RECORDS, min_size=1, max_size=3),
    more=RECORDS,
    is_wide=st.booleans(),
    asked=st.lists(st.tuples(PLACES, PLACES), min_size=6, max_size=6),
)
async def test_ranges_are_counted_as_rows_are(
    catalogue: Catalogue,
    store_address: StoreAddress,
    kept: list[list[VariantRecord]],
    more: list[VariantRecord],
    is_wide: bool,
    asked: list[tuple[int, int]],
) -> None:
    """For one dataset or many, parts or not: the number is that of the records."""
    names = [f"d{number}" for number in range(6 if is_wide else len(kept))]
    for number, name in enumerate(names):
        some = kept[number % len(kept)]
        load(catalogue, name, some, bins=bins_of(some))
    base = catalogue.dataset("d0").release
    load(catalogue, "d0", more, before=base, earlier=kept[0], bins={})
    store = await VariantStore.open(store_address, deadline=60.0)
    try:
        for one, other in asked:
            low, high = sorted((one, other))
            stretch = Bounds(low=16 * SIZE + low, high=16 * SIZE + high + 1)
            query = Query(pattern=VariantPattern(contig=CHR22, overlap=stretch))
            counted, listed = [
                await store.find(query, dict.fromkeys(names, level))
                for level in (Granularity.COUNT, Granularity.RECORD)
            ]

            assert [one.total for one in listed.datasets] == [
                one.total for one in counted.datasets
            ]
    finally:
        await store.close()


def test_what_vanishes_is_subtracted(
    catalogue: Catalogue, store_address: StoreAddress
) -> None:
    """A release made of another one less some alleles has its bins less those."""
    found = [record(SIZE + n, "T", "C") for n in range(3)] + [record(9, "T", "C")]
    release = load(catalogue, "d", found, bins=bins_of(found))
    with MongoClient(store_address.uri) as client:
        database = client[store_address.database]
        vanished = Counter({(22, 1): 2, (22, 0): 1})
        changed(database, "GRCh37", release.number, 77, vanished)
        changed(database, "GRCh37", 66, 78, vanished)

        assert {(22, 1): 3, (22, 0): 1} == read_bins(database, "GRCh37", release.number)
        assert {(22, 1): 1} == read_bins(database, "GRCh37", 77)
        assert read_bins(database, "GRCh37", 78) is None
