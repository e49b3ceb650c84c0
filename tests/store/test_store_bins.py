"""Ranges counted by bins are counted right, and a "no" rests on what rows say."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Page, Query
from beacon.store import scanning
from beacon.store.bins import (
    EXISTING_BITS,
    Begins,
    Sums,
    bins_collection,
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
    SITE,
    UNCALLED,
    begins_of,
    load,
    record,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pytest

    from beacon.model.counts import VariantRecord
    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

SIZE = 1 << EXISTING_BITS
FORMER_BITS = 17
FIRST = 64 * SIZE
PLACES = st.integers(0, 9 * SIZE) | st.integers(0, 9).map(lambda n: n * SIZE)
TALLIES = st.sampled_from([CARRIED, CARRIED, CARRIED, NOT_CARRIED, UNCALLED])
RECORDS = st.lists(
    st.builds(
        record,
        PLACES.map(lambda place: FIRST + place),
        st.sampled_from(["T", "TTA", "T" * 20, "T" * 800]),
        st.sampled_from(["C", "TC", "CCCCCCCCCCCCC"]),
        TALLIES,
        st.sampled_from([(), (), (), ("q10",)]),
    )
    | st.builds(lambda at: record(FIRST + at, "A" * 2000, "A"), PLACES)
    | st.builds(lambda at: record(FIRST + at, "", "", SITE), PLACES)
    | st.builds(
        lambda at, to: record(FIRST + at, "N", f"N[22:{FIRST + to}["), *2 * [PLACES]
    )
    | st.builds(
        lambda at, tally: record(FIRST + at, "N", "<INS>", tally), PLACES, TALLIES
    ),
    max_size=30,
).map(lambda found: list({r[:5]: r for r in found}.values()))
"""Short and long alleles, breakends, carried or not, failed ones, bare places."""

KINDS = st.fixed_dictionaries(
    {
        "variant_type": st.sampled_from([None, None, "SNP", "DEL", "INDEL", "CNV"]),
        "min_length": st.sampled_from([None, None, 2, 60]),
        "max_length": st.sampled_from([None, None, 2, 100]),
    }
)
PAGES = st.sampled_from([Page(limit=2), Page(limit=0), Page(skip=1, limit=3)])


@given(counts=st.dictionaries(st.integers(0, 2000), st.integers(0, 1 << 40)))
def test_counts_are_packed_and_read(counts: dict[int, int]) -> None:
    """What is packed is read; nothing is kept of an empty bin."""
    places, numbers = unpack_counts(pack_counts(counts))

    assert {k: n for k, n in counts.items() if n} == dict(
        zip(places.tolist(), numbers.tolist(), strict=True)
    )


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


@given(
    counts=st.dictionaries(st.integers(0, 40), st.integers(1, 300)),
    low=st.integers(0, 45),
    width=st.integers(0, 45),
)
def test_sums_say_what_counts_do(counts: dict[int, int], low: int, width: int) -> None:
    """How many begin in some bins, and which bin is the next that is not empty."""
    sums = Sums(3, pack_counts(counts), pack_counts(counts))
    inside = [n for at, n in counts.items() if low <= at < low + width]
    following = min((at << 3 for at in counts if at >= low), default=None)

    assert sums.existing(Bounds(low=low << 3, high=low + width << 3)) == sum(inside)
    assert sums.next_existing(low << 3) == sums.next_absent((low << 3) + 7) == following
    assert Sums(3, b"", None).next_absent((low << 3) + 7) == low << 3


def questions(low: int, high: int, kinds: Mapping[str, object]) -> list[VariantPattern]:
    """Return a range, a bracket and another, each with a kind and without."""
    inside = Bounds(low=FIRST + low, high=FIRST + high)
    behind = Bounds(low=FIRST + high - 1000, high=FIRST + high + 1000)
    places = (
        {"overlap": inside},
        {"start": inside, "end": inside},
        {"start": inside, "end": behind},
    )
    return [
        VariantPattern(contig=CHR22, **place, **kind)  # type: ignore[arg-type]
        for place in places
        for kind in ({}, kinds)
    ]


async def told(store: VariantStore, query: Query, names: Sequence[str]) -> object:
    """Return what is found at each level, and by all at once."""
    levels = (Granularity.BOOLEAN, Granularity.COUNT, Granularity.RECORD)
    asked = [dict.fromkeys(names, level) for level in levels]
    asked.append({name: levels[n % 3] for n, name in enumerate(names)})
    return [(await store.find(query, one)).datasets for one in asked]


SLOW = settings(
    max_examples=8,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@SLOW
@given(
    kept=st.lists(RECORDS, min_size=1, max_size=3),
    more=RECORDS,
    is_wide=st.booleans(),
    asked=st.lists(st.tuples(PLACES, PLACES), min_size=3, max_size=3),
    kinds=KINDS,
    page=PAGES,
)
async def test_bins_say_what_rows_do(
    catalogue: Catalogue,
    store_address: StoreAddress,
    monkeypatch: pytest.MonkeyPatch,
    kept: list[list[VariantRecord]],
    more: list[VariantRecord],
    is_wide: bool,
    asked: list[tuple[int, int]],
    kinds: dict[str, object],
    page: Page,
) -> None:
    """Bins of today, of earlier versions or none: every answer is that of the rows."""
    names = [f"d{number}" for number in range(9 if is_wide else len(kept))]
    for number, name in enumerate(names):
        some = kept[number % len(kept)]
        begins: Begins | None = begins_of(some)
        if number % 4 == 2:
            begins = begins_of(some, FORMER_BITS)._replace(absent=None)
        load(catalogue, name, some, begins=None if number % 4 == 3 else begins)
    base = catalogue.dataset("d0").release
    load(catalogue, "d0", more, before=base, earlier=kept[0], begins=begins_of(more))
    store = await VariantStore.open(store_address, deadline=60.0)
    try:
        for one, other in asked:
            low, high = sorted((one, other))
            for pattern in questions(low, high + 1, kinds):
                query = Query(pattern=pattern, page=page)
                monkeypatch.setattr(scanning, "_WIDE", 1)
                monkeypatch.setattr(scanning, "_VERY_WIDE", SIZE)
                by_bins = await told(store, query, names)
                monkeypatch.setattr(scanning, "_WIDE", 1 << 40)

                assert by_bins == await told(store, query, names)
    finally:
        await store.close()


def test_what_vanishes_is_subtracted(
    catalogue: Catalogue, store_address: StoreAddress
) -> None:
    """A release made of another one less some alleles has its bins less those."""
    found = [record(SIZE + n, "T", "C") for n in range(3)] + [record(9, "T", "C")]
    release = load(catalogue, "d", found, begins=begins_of(found))
    with MongoClient(store_address.uri) as client:
        database = client[store_address.database]
        vanished = Counter({(22, 1): 2, (22, 0): 1})
        changed(database, "GRCh37", release.number, 77, vanished)
        changed(database, "GRCh37", 66, 78, vanished)

        before = read_bins(database, "GRCh37", release.number)
        assert Begins({(22, 1): 3, (22, 0): 1}, {}) == before
        after = read_bins(database, "GRCh37", 77)
        assert Begins({(22, 1): 1}, {(22, 1): 2, (22, 0): 1}) == after
        assert read_bins(database, "GRCh37", 78) is None


def test_bins_of_earlier_versions_are_read(
    catalogue: Catalogue, store_address: StoreAddress
) -> None:
    """Without a width they are of 131,072 bases, and absent rows are not known."""
    release = load(catalogue, "d", [record(9, "T", "C")])
    with MongoClient(store_address.uri) as client:
        database = client[store_address.database]
        kept, name = database[bins_collection("GRCh37")], release.number << 8
        kept.insert_one({"_id": name | 22, "b": pack_counts({3: 5})})
        kept.insert_one({"_id": name, "b": b""})
        found = read_bins(database, "GRCh37", release.number)

        assert found == Begins({(22, 3): 5}, None, FORMER_BITS)
        assert found is not None
        more = found.plus(Begins({(22, (3 << 4) + 7): 2}, {(22, 1): 1}))
        assert more == Begins({(22, 3): 7}, None, FORMER_BITS)
