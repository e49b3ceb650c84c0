"""The variant store beside its twin: failures, freshness, and what a no rests on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from beacon.model.counts import Tally
from beacon.model.errors import StoreUnavailable
from beacon.model.findings import Place
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Page, Query
from beacon.store import variants
from beacon.store.variants import VariantStore
from tests.store.store_samples import CARRIED, CHR22, NOT_CARRIED, SITE, load, record

if TYPE_CHECKING:
    from pathlib import Path

    from beacon.model.counts import VariantRecord
    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

FIRST = 16_050_000
PATTERNS = [
    VariantPattern(contig=CHR22, spellings=((FIRST, "A", "C"),)),
    VariantPattern(contig=CHR22, overlap=Bounds(low=FIRST, high=FIRST + 9)),
    None,
]


@pytest.mark.parametrize("pattern", PATTERNS)
async def test_an_absent_server_is_never_an_answer(
    store_address: StoreAddress, tmp_path: Path, pattern: VariantPattern | None
) -> None:
    """Where nobody listens, every question fails within its deadline."""
    nowhere = f"mongodb://{str(tmp_path / 'no.sock').replace('/', '%2F')}"
    store = await VariantStore.open(replace(store_address, uri=nowhere), deadline=0.3)
    asked = {"d": Granularity.COUNT}

    with pytest.raises(StoreUnavailable):
        await store.find(Query(pattern=pattern), asked)
    with pytest.raises(StoreUnavailable):
        await store.ping(0.3)
    await store.close()


async def test_it_answers_a_ping(variant_store: VariantStore) -> None:
    """A server that lives gives a sign of life."""
    await variant_store.ping(5)

    assert await variant_store.datasets() == ()


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ([], Place()),
        ([record(FIRST, "", "", SITE)], Place(an=140, has_record=True)),
        ([record(FIRST, "A", "C", NOT_CARRIED)], Place(an=158, has_record=True)),
        ([record(FIRST, "A", "T")], Place(an=158, has_record=True)),
        ([record(FIRST, "A", "C", filters=("q10",))], Place(filters=("q10",))),
        ([record(FIRST, "A", "T", Tally(None, None))], Place(has_record=True)),
        ([record(FIRST + 1, "A", "T")], Place()),
    ],
)
async def test_a_no_says_what_it_rests_on(
    catalogue: Catalogue,
    variant_store: VariantStore,
    rows: list[VariantRecord],
    place: Place,
) -> None:
    """A dataset without the allele says what its rows at that position say."""
    load(catalogue, "d", [*rows, record(17_000_000, "A", "C")])
    found = await variant_store.find(
        Query(pattern=PATTERNS[0]), {"d": Granularity.BOOLEAN}
    )

    assert [place] == [answer.place for answer in found.datasets]


SPELLED = VariantPattern(
    contig=CHR22, spellings=((FIRST, "CA", "C"), (FIRST + 1, "AA", "A"))
)


@pytest.mark.parametrize("is_swapped", [False, True])
@pytest.mark.parametrize(
    ("tally", "filters", "place"),
    [
        (CARRIED, ("q10",), Place(filters=("q10",))),
        (Tally((0, 0), ()), (), Place(an=158, has_record=True)),
    ],
)
async def test_one_spelling_never_overrules_a_failed_one(
    catalogue: Catalogue,
    variant_store: VariantStore,
    tally: Tally,
    filters: tuple[str, ...],
    place: Place,
    is_swapped: bool,
) -> None:
    """A carrier in a failed record of the allele may be one, however it is written."""
    states = [(NOT_CARRIED, ()), (tally, filters)]
    first, second = reversed(states) if is_swapped else states
    rows = [record(FIRST, "CA", "C", *first), record(FIRST + 1, "AA", "A", *second)]
    load(catalogue, "d", rows)
    found = await variant_store.find(Query(pattern=SPELLED), {"d": Granularity.COUNT})

    assert [place] == [answer.place for answer in found.datasets]


async def test_a_contig_that_is_not_loaded_is_said(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """A release without a record on the contig says nothing about it."""
    load(catalogue, "d", [record(FIRST, "A", "C", rank=21)])
    levels = dict.fromkeys(["d"], Granularity.COUNT)
    told = [
        (await variant_store.find(Query(pattern=pattern), levels)).datasets[0]
        for pattern in PATTERNS[:2]
    ]

    assert [(0, False)] * 2 == [(t.total, t.is_contig_loaded) for t in told]


async def test_a_new_release_is_served_within_two_seconds(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """A running server follows the pointer without being told."""
    load(catalogue, "d", [record(FIRST, "A", "C")])
    before = await variant_store.datasets()
    load(catalogue, "d", [record(FIRST, "A", "G")])
    await asyncio.sleep(1.1)
    after = await variant_store.datasets()
    ordinals = [d.release.ordinal for d in (*before, *after) if d.release]

    assert ordinals == [1, 2]


async def test_a_reading_that_finds_nothing_new_changes_nothing(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """Datasets are the very same objects until one serves something else."""
    load(catalogue, "d", [record(FIRST, "A", "C")])
    first, number = await variant_store.datasets(), variant_store.reading
    await asyncio.sleep(1.1)
    again, same = await variant_store.datasets(), variant_store.reading
    load(catalogue, "d", [record(FIRST, "A", "G")])
    await asyncio.sleep(1.1)
    other, next_ = await variant_store.datasets(), variant_store.reading

    assert again is first
    assert same == number
    assert other != first
    assert next_ > number


async def test_pointers_are_read_ahead(
    catalogue: Catalogue, variant_store: VariantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before they are too old they are read again, and nobody waits for it."""
    load(catalogue, "d", [record(FIRST, "A", "C")])
    before, number = await variant_store.datasets(), variant_store.reading
    load(catalogue, "d", [record(FIRST, "A", "G")])
    monkeypatch.setattr(variants, "_FRESH", 120.0)
    variant_store._read_at -= 61.0  # noqa: SLF001 (time that passed)
    meanwhile = await variant_store.datasets()
    reading = variant_store._reading  # noqa: SLF001 (nothing else says when)
    assert reading is not None
    await reading
    after = await variant_store.datasets()

    assert meanwhile is before
    assert variant_store.reading > number
    assert [1, 2] == [d.release.ordinal for d in (*before, *after) if d.release]


async def test_pages_of_a_large_release_are_in_order(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """Pages of everything, put together, are everything in genome order."""
    starts = [*range(FIRST, FIRST + 3000), *range(FIRST + 9000, FIRST + 9500)]
    shuffled = starts[::2] + starts[1::2]
    load(catalogue, "d", [record(start, "A", "C") for start in shuffled])
    seen = []
    for skip in range(5):
        page = Page(skip=skip, limit=800)
        found = await variant_store.find(Query(page=page), {"d": Granularity.RECORD})
        seen += [v.allele.start for v in found.datasets[0].variants]

    assert starts == seen


@pytest.mark.parametrize(
    ("tally", "filters", "place"),
    [
        (CARRIED, ("q10",), Place(filters=("q10",))),
        (Tally((0, 0), ()), (), Place(an=0)),
        (Tally((4, 4), ()), (), None),
    ],
)
async def test_no_variant_at_all_rests_on_what_is_declared(
    catalogue: Catalogue,
    variant_store: VariantStore,
    tally: Tally,
    filters: tuple[str, ...],
    place: Place | None,
) -> None:
    """A dataset of which nothing exists says why, as a range over it does."""
    load(catalogue, "d", [record(FIRST, "A", "C", tally, filters)])
    found = await variant_store.find(Query(), {"d": Granularity.BOOLEAN})

    assert (0, place) == (found.datasets[0].total, found.datasets[0].place)
