"""Where releases looked: kept, read, and said as a list of bases would say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import SKIPPED, CoverageRun, Tally, VariantRecord
from beacon.model.dataset import CoverageKind
from beacon.model.findings import Coverage, DatasetFindings, Place
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Query
from beacon.model.status import Status
from beacon.store.runs import BIN, Run, is_whole, pack_runs, unpack_runs
from beacon.store.variants import VariantStore
from tests.store.store_samples import CHR22, LAYOUT, NOT_CARRIED, SITE, record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.model.dataset import Release
    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

NAMES = [c.name for c in ASSEMBLIES["GRCh37"].contigs]
BASE = 16_050_000
"""A bin ends 5,424 bases behind it; the drawn worlds lie across that edge."""
EDGE = (BASE // BIN + 1) * BIN


@st.composite
def runs(draw: st.DrawFn, columns: int) -> list[Run]:
    """Draw the runs of one bin, in order."""
    cuts = draw(st.lists(st.integers(0, BIN), unique=True, max_size=12))
    cuts = sorted(cuts)[: len(cuts) // 2 * 2]
    an = st.none() | st.tuples(*[st.integers(0, 400)] * columns)
    pairs = zip(cuts[::2], cuts[1::2], strict=True)
    return [Run(start, end, draw(an)) for start, end in pairs]


@settings(max_examples=300)
@given(st.data(), st.integers(1, 5))
def test_what_was_packed_is_unpacked(data: st.DataObject, columns: int) -> None:
    """Any runs of any columns come back as they were."""
    baseline = tuple(data.draw(st.lists(st.integers(0, 400), min_size=columns)))
    baseline = (*baseline, 0, 0, 0, 0, 0)[:columns]
    written = data.draw(runs(columns))

    blob = pack_runs(written, baseline)

    assert written == list(unpack_runs(blob, baseline))
    assert is_whole(blob) == (sum(r.end - r.start for r in written) == BIN)


def test_a_full_bin_is_six_bytes() -> None:
    """The usual bin, one run of everybody, costs next to nothing."""
    blob = pack_runs([Run(0, BIN, (100, 60))], (100, 60))

    assert 6 == len(blob)


@pytest.mark.parametrize(
    "wrong",
    [
        [Run(5, 9, None), Run(8, 12, None)],
        [Run(5, 5, None)],
        [Run(0, BIN + 1, None)],
        [Run(0, 1, (1,))],
        [Run(0, 1, (1, -1))],
    ],
)
def test_runs_that_cannot_be_are_refused(wrong: list[Run]) -> None:
    """Runs out of order, empty, or of other columns are a mistake of ours."""
    with pytest.raises(ValueError, match=r"does not f"):
        pack_runs(wrong, (100, 60))


def load(
    catalogue: Catalogue,
    dataset: str,
    covered: Sequence[CoverageRun],
    records: Sequence[VariantRecord] = (),
    kind: CoverageKind | None = CoverageKind.BLOCKS,
    fingerprint: str = "f",
) -> Release:
    """Load and publish runs and records as one release."""
    ranks = {r.rank for r in covered} | {r.rank for r in records} | {22}
    with catalogue.begin(dataset, assembly="GRCh37", layout=LAYOUT) as writer:
        writer.put(records)
        for run in covered:
            writer.cover(run)
        return writer.publish(
            fingerprint=fingerprint,
            genotyped=True,
            contigs=frozenset(NAMES[rank - 1] for rank in ranks),
            variants=0,
            sample_count=80,
            inputs=(),
            tool="test",
            options={},
            report={},
            coverage=kind,
        )


async def ask(
    address: StoreAddress, pattern: VariantPattern, *names: str
) -> Sequence[DatasetFindings]:
    """Return what the datasets say."""
    store = await VariantStore.open(address)
    try:
        asked = dict.fromkeys(names, Granularity.RECORD)
        return (await store.find(Query(pattern=pattern), asked)).datasets
    finally:
        await store.close()


def allele(start: int, reference: str = "A", alternate: str = "T") -> VariantPattern:
    """Return the question for one allele."""
    return VariantPattern(contig=CHR22, spellings=((start, reference, alternate),))


def stretch(low: int, high: int) -> VariantPattern:
    """Return the question for a range."""
    return VariantPattern(contig=CHR22, overlap=Bounds(low=low, high=high))


@settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
async def test_the_store_is_a_list_of_bases(
    catalogue: Catalogue, store_address: StoreAddress, data: st.DataObject
) -> None:
    """AN, whole, partial and outside are what a list of covered bases says."""
    worlds: dict[str, dict[int, int | None]] = {}
    for name in "ab":
        cuts = data.draw(st.lists(st.integers(EDGE - 20, EDGE + 20), unique=True))
        cuts = sorted(cuts)[: len(cuts) // 2 * 2]
        an = st.none() | st.tuples(st.integers(1, 100), st.integers(0, 60))
        pairs = zip(cuts[::2], cuts[1::2], strict=True)
        told = [CoverageRun(22, low, high, data.draw(an)) for low, high in pairs]
        load(catalogue, name, told)
        worlds[name] = {
            base: None if run.an is None else sum(run.an)
            for run in told
            for base in range(run.start, run.end)
        }
    store = await VariantStore.open(store_address)
    try:
        for _ in range(12):
            low = data.draw(st.integers(EDGE - 25, EDGE + 24))
            size = data.draw(st.integers(1, 12))
            is_one = data.draw(st.booleans())
            pattern = stretch(low, low + size)
            if is_one:
                pattern = allele(low, "A" * size, "C" * size)
            query = Query(pattern=pattern)
            asked = dict.fromkeys("ba", Granularity.COUNT)
            found = await store.find(query, asked)
            wanted = [_naive(worlds[n], low, low + size, is_one=is_one) for n in "ba"]

            assert wanted == [one.place for one in found.datasets]
    finally:
        await store.close()


def _naive(world: dict[int, int | None], low: int, high: int, *, is_one: bool) -> Place:
    looked = [base in world for base in range(low, high)]
    how_much = Coverage.PARTIAL
    if all(looked):
        how_much = Coverage.WHOLE
    if not any(looked) or (is_one and not looked[0]):
        how_much = Coverage.OUTSIDE
    an = world.get(low) if is_one else None
    return Place(an=an, coverage=how_much)


async def test_a_record_answers_before_blocks(catalogue, store_address) -> None:
    """At a record its own AN is said; the rest of a longer allele may be unseen."""
    covered = [CoverageRun(22, BASE, BASE + 5, (10, 10))]
    load(catalogue, "a", covered, [record(BASE + 2, "A", "G", NOT_CARRIED)])
    one = await ask(store_address, allele(BASE + 2), "a")
    long = await ask(store_address, allele(BASE + 2, "ACGTA", "A"), "a")

    assert Place(an=158, has_record=True) == one[0].place
    assert Place(an=158, has_record=True, coverage=Coverage.PARTIAL) == long[0].place


@pytest.mark.parametrize(
    ("filters", "kind", "status"),
    [
        (("LowGQ",), CoverageKind.BLOCKS, Status.NOT_SEEN),
        (("LowGQ",), CoverageKind.REGIONS, Status.NOT_COVERED),
        ((SKIPPED,), CoverageKind.BLOCKS, Status.NOT_COVERED),
        ((SKIPPED,), CoverageKind.REGIONS, Status.NOT_COVERED),
    ],
)
async def test_a_failed_record_speaks_for_its_own_people(
    catalogue, store_address, filters, kind, status
) -> None:
    """Where blocks cover others, a failed record hides nothing; a bad one all."""
    covered = [CoverageRun(22, BASE, BASE + 5, (10, 10))]
    failed = VariantRecord(22, BASE, BASE + 1, "A", "G", SITE, filters)
    load(catalogue, "a", covered, [failed], kind)
    other = await ask(store_address, allele(BASE), "a")
    itself = await ask(store_address, allele(BASE, "A", "G"), "a")

    assert status == other[0].status
    assert Status.NOT_COVERED == itself[0].status


async def test_without_declared_coverage_nothing_changes(
    catalogue, store_address
) -> None:
    """A release that declares nothing is asked for rows alone."""
    load(catalogue, "a", [], [record(BASE, "A", "G", NOT_CARRIED)], None)
    here = await ask(store_address, allele(BASE + 1), "a")
    there = await ask(store_address, stretch(BASE + 5, BASE + 9), "a")

    assert Place() == here[0].place
    assert there[0].place is None
    assert [Status.NOT_SEEN] * 2 == [here[0].status, there[0].status]


async def test_sites_without_an_were_looked_at(catalogue, store_address) -> None:
    """A region whose AN is not known is still no place outside."""
    tally = Tally(None, None)
    site = VariantRecord(22, BASE, BASE + 1, "A", "G", tally)
    run = CoverageRun(22, BASE, BASE + 50, None)
    load(catalogue, "a", [run], [site], CoverageKind.REGIONS)
    inside = await ask(store_address, allele(BASE + 9), "a")
    outside = await ask(store_address, allele(BASE + 50), "a")

    assert Place(coverage=Coverage.WHOLE) == inside[0].place
    assert Status.NOT_SEEN == inside[0].status
    assert Status.NOT_COVERED == outside[0].status


async def test_a_whole_contig_is_read_no_further_than_it_takes(
    catalogue, store_address
) -> None:
    """A gap and a covered base decide; a contig without a gap is read to its end."""
    load(catalogue, "a", [CoverageRun(22, 0, CHR22.length, (100, 60))])
    load(catalogue, "b", [CoverageRun(22, 1, CHR22.length, (100, 60))])
    load(catalogue, "c", [CoverageRun(22, 0, CHR22.length - 1, (100, 60))])
    found = await ask(store_address, stretch(0, CHR22.length), "a", "b", "c")

    middle = CHR22.length // 2
    halves = [(0, middle), (middle + 1, CHR22.length)]
    load(catalogue, "d", [CoverageRun(22, *half, (100, 60)) for half in halves])
    found = [*found, *await ask(store_address, stretch(9, CHR22.length - 9), "d")]

    assert [Coverage.WHOLE, *[Coverage.PARTIAL] * 3] == [
        one.place.coverage for one in found
    ]


async def test_a_contig_told_again_replaces_the_first(catalogue, store_address) -> None:
    """What a second reading says of a contig is all that is kept of it."""
    first = [CoverageRun(22, BASE, BASE + 9, (10, 10))]
    other = [CoverageRun(21, BASE, BASE + 9, (4, 0))]
    again = [
        CoverageRun(22, BASE - 5, BASE, (6, 6)),
        CoverageRun(22, BASE, BASE + 9, (20, 20)),
    ]
    load(catalogue, "a", [*first, *again])
    load(catalogue, "b", [*first, *other, *again])
    here = await ask(store_address, allele(BASE), "a", "b")
    before = await ask(store_address, allele(BASE - 1), "a", "b")

    assert [40, 40] == [one.place.an for one in here]
    assert [12, 12] == [one.place.an for one in before]


def bins(address: StoreAddress) -> list[set[str]]:
    """Return, for every kept bin, the releases it holds."""
    with MongoClient(address.uri) as client:
        found = client[address.database]["coverage_GRCh37"].find({})
        return [set(document["d"]) for document in found]


@pytest.mark.usefixtures("hurried")
async def test_a_release_takes_its_coverage_along(catalogue, store_address) -> None:
    """Discarded, replaced and removed releases leave no bin and change no other."""
    run = [CoverageRun(22, BASE, BASE + 9, (10, 10))]
    with catalogue.begin("a", assembly="GRCh37", layout=LAYOUT) as writer:
        writer.cover(run[0])
        writer.cover(run[0]._replace(rank=21))
    assert [] == bins(store_address)
    first = load(catalogue, "a", run)
    second = load(catalogue, "a", [run[0]._replace(an=(8, 8))], fingerprint="g")
    catalogue.remove("a", first.ordinal)

    assert [{str(second.number)}] == bins(store_address)
    assert 16 == (await ask(store_address, allele(BASE), "a"))[0].place.an
    catalogue.remove("a")
    assert [] == bins(store_address)


async def test_a_load_is_invisible_before_it_is_published(
    catalogue, store_address
) -> None:
    """While a release is written the one before answers, coverage and all."""
    load(catalogue, "a", [CoverageRun(22, BASE, BASE + 9, (10, 10))])
    with catalogue.begin("a", assembly="GRCh37", layout=LAYOUT) as writer:
        for number in range(1200):
            start = BASE + number * BIN
            writer.cover(CoverageRun(22, start, start + 9, (2, 2)))
        found = await ask(store_address, allele(BASE), "a")
        further = await ask(store_address, allele(BASE + BIN), "a")

        assert 20 == found[0].place.an
        assert Status.NOT_COVERED == further[0].status
    assert 20 == (await ask(store_address, allele(BASE), "a"))[0].place.an
