"""Releases that share parts: what one needs is never taken away by another."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, cast

import pytest
from pymongo import MongoClient

from beacon.model.annotation import Annotation
from beacon.model.counts import (
    SKIPPED,
    Carriers,
    CoverageRun,
    Group,
    Layout,
    Tally,
    VariantRecord,
)
from beacon.model.dataset import CoverageKind
from beacon.model.errors import LoadRejected
from beacon.model.findings import Coverage, Place
from beacon.model.grouping import grouped, joined
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.people import People
from beacon.model.query import Granularity, Query
from beacon.store import sweeping
from beacon.store.bins import Begins
from beacon.store.release_documents import Appended
from beacon.store.rows import Part, Rows, side_by_side
from tests.store.store_samples import CHR22, LAYOUT, load, record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.model.dataset import Release
    from beacon.store.connection import StoreAddress
    from beacon.store.release_documents import ReleaseDocument
    from beacon.store.releases import Catalogue
    from beacon.store.variants import VariantStore

START = 16_050_000
Contents = dict[str, list[dict[str, object]]]


def kept(catalogue: Catalogue, name: str, first: int, base: Release | None) -> Release:
    """Load rows of every kind, as a release or as a part more of one."""
    said = Annotation(identifiers=(f"rs{first}",))
    rows = [
        record(START + first, "T", "C")._replace(annotation=said),
        record(START, "T", "C")._replace(annotation=said),
        record(START + 500, "A" * 2000, "A"),
        record(START + first, "G", "C", rank=21),
    ]
    appended = None
    if base is not None:
        whole = joined(base.layout, LAYOUT, ())
        assert whole is not None
        appended = Appended(base.number, whole)
    with catalogue.begin(
        name, assembly="GRCh37", layout=LAYOUT, appended_to=appended
    ) as writer:
        writer.put(rows)
        writer.cover(CoverageRun(22, START - 10, START + 900, LAYOUT.baseline))
        people = People(names=(f"p{first}",), samples=((f"s{first}",),), column_of=(0,))
        catalogue.keep_people(writer.number, people)
        return writer.publish(
            fingerprint=f"{name}{first}",
            genotyped=True,
            contigs=frozenset(("21", "22")),
            variants=0,
            sample_count=80,
            inputs=(),
            tool="test",
            options={},
            report={},
            coverage=CoverageKind.REGIONS,
            begins=Begins({(22, 122): first}),
        )


def contents(address: StoreAddress) -> Contents:
    """Return every document of rows, annotations, people and bins."""
    with MongoClient(address.uri) as client:
        database = client[address.database]
        names = database.list_collection_names(filter={"name": {"$regex": "_|people"}})
        return {
            name: sorted(database[name].find(), key=lambda d: repr(d["_id"]))
            for name in names
            if not name.startswith("system")
        }


def parts_of(address: StoreAddress, releases: Sequence[int]) -> set[int]:
    """Return the numbers of the parts that some releases hold."""
    with MongoClient(address.uri) as client:
        found = client[address.database].releases.find({"_id": {"$in": releases}})
        return {part["number"] for one in found for part in one["parts"]}


def of_parts(
    everything: Contents, parts: set[int], releases: Sequence[int]
) -> Contents:
    """Return what is left of everything for some parts of some releases."""
    left: Contents = {}
    for name, documents in everything.items():
        if name.startswith("annotations"):
            left[name] = [d for d in documents if d["v"] in parts]
        elif name == "people":
            left[name] = [d for d in documents if cast("int", d["_id"]) >> 32 in parts]
        elif name.startswith("bins"):
            left[name] = [
                d for d in documents if cast("int", d["_id"]) >> 8 in releases
            ]
        else:
            left[name] = [row for row in map(_only(parts), documents) if row["d"]]
    return left


def _only(parts: set[int]):
    def row(document: Mapping[str, object]) -> dict[str, object]:
        counts = cast("dict[str, bytes]", document["d"])
        mine = {field: blob for field, blob in counts.items() if int(field) in parts}
        return {**document, "d": mine}

    return row


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_removing_takes_only_what_nobody_else_holds(
    catalogue: Catalogue,
    store_address: StoreAddress,
    order: tuple[int, ...],
) -> None:
    """Releases of shared parts go in any order; what the others need is all there."""
    releases = [kept(catalogue, "d", 1, None)]
    releases.append(kept(catalogue, "d", 2, releases[0]))
    releases.append(kept(catalogue, "d", 3, releases[1]))
    other = kept(catalogue, "d", 4, None)
    kept(catalogue, "e", 5, None)
    everything = contents(store_address)
    left = [r.number for r in releases] + [other.number, other.number + 1]
    for place in order:
        catalogue.remove("d", releases[place].ordinal)
        left.remove(releases[place].number)
        parts = parts_of(store_address, left)

        assert of_parts(everything, parts, left) == contents(store_address)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize(
    "step", ["Sweeper._remove_field", "Sweeper._remove_part", "forget_bins"]
)
def test_a_killed_removal_goes_on(
    catalogue: Catalogue,
    store_address: StoreAddress,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    is_done: bool,
) -> None:
    """Wherever a removal stops, the next sweep ends it and takes nothing else."""
    first = kept(catalogue, "d", 1, None)
    second = kept(catalogue, "d", 2, first)
    everything = contents(store_address)
    catalogue.rollback("d")
    before = attrgetter(step)(sweeping)

    def killed(*about: object) -> None:
        if is_done:
            before(*about)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(f"beacon.store.sweeping.{step}", killed)
        with pytest.raises(KeyboardInterrupt):
            catalogue.remove("d", second.ordinal)
    catalogue.sweep()
    numbers = [first.number]

    assert of_parts(everything, {first.number}, numbers) == contents(store_address)


def test_sweeps_at_once_leave_nothing(
    catalogue: Catalogue,
    store_address: StoreAddress,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of two that let go of a part at the same time, the last takes it away."""
    monkeypatch.setattr(sweeping, "SETTLE", 0.0)
    first = kept(catalogue, "d", 1, None)
    second = kept(catalogue, "d", 2, first)
    other = kept(catalogue, "d", 3, None)
    everything = contents(store_address)
    forget_bins = sweeping.forget_bins
    with MongoClient(store_address.uri) as client:
        database = client[store_address.database]
        sweeper = sweeping.Sweeper(database)
        old, new = (
            cast("ReleaseDocument", database.releases.find_one({"_id": r.number}))
            for r in (first, second)
        )

        def meanwhile(*about: object) -> None:
            monkeypatch.setattr(sweeping, "forget_bins", forget_bins)
            sweeper.remove_rows(old)
            forget_bins(*about)

        monkeypatch.setattr(sweeping, "forget_bins", meanwhile)
        sweeper.remove_rows(new)
    number = other.number

    assert of_parts(everything, {number}, [number]) == contents(store_address)


def test_a_dead_append_leaves_the_release(
    catalogue: Catalogue, store_address: StoreAddress
) -> None:
    """An append that fails is gone, and what it was appended to is untouched."""
    first = kept(catalogue, "d", 1, None)
    before = contents(store_address)
    with pytest.raises(ValueError, match="AC exceeds AN"):
        kept_badly(catalogue, first)

    assert before == contents(store_address)
    assert first == catalogue.dataset("d").release


def kept_badly(catalogue: Catalogue, base: Release) -> None:
    """Append rows, the last of which contradicts itself."""
    whole = joined(base.layout, LAYOUT, ())
    assert whole is not None
    with catalogue.begin(
        "d",
        assembly="GRCh37",
        layout=LAYOUT,
        appended_to=Appended(base.number, whole),
    ) as writer:
        writer.put([record(START, "T", "C"), record(START + 9, "T", "C")])
        bad = Tally((1, 1), (Carriers(0, 2, 1, 0, 0),))
        writer.put([record(START, "T", "G", bad)])


def test_nothing_is_appended_to_what_is_not_served(
    catalogue: Catalogue,
) -> None:
    """Whoever changes what is served while files are appended wins; it is said."""
    first = load(catalogue, "d", [record(START, "T", "C")])
    second = load(catalogue, "d", [record(START, "T", "G")])
    whole = joined(first.layout, LAYOUT, ())
    assert whole is not None
    onto = Appended(first.number, whole)
    with pytest.raises(LoadRejected, match="changed by somebody else"):
        catalogue.begin("d", assembly="GRCh37", layout=LAYOUT, appended_to=onto)
    onto = Appended(second.number, whole)
    with catalogue.begin(
        "d", assembly="GRCh37", layout=LAYOUT, appended_to=onto
    ) as writer:
        catalogue.rollback("d")
        with pytest.raises(LoadRejected, match="was changed while files were being"):
            writer.publish(
                fingerprint="x",
                genotyped=True,
                contigs=frozenset(("22",)),
                variants=1,
                sample_count=1,
                inputs=(),
                tool="test",
                options={},
                report={},
            )

    assert first == catalogue.dataset("d").release


async def test_calls_of_all_parts_count_where_they_looked(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """The AN of a place is the sum over the parts; who did not look adds none."""
    first = kept(catalogue, "d", 1, None)
    kept(catalogue, "d", 2, first)
    inside = VariantPattern(contig=CHR22, spellings=((START + 100, "A", "G"),))
    wide = VariantPattern(
        contig=CHR22, overlap=Bounds(low=START - 20_000, high=START - 5)
    )
    told = [
        (await variant_store.find(Query(pattern=p), {"d": Granularity.COUNT})).datasets
        for p in (inside, wide)
    ]

    assert Place(an=2 * 160, coverage=Coverage.WHOLE) == told[0][0].place
    assert Place(coverage=Coverage.PARTIAL) == told[1][0].place


async def test_names_and_annotations_of_all_parts_are_found(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """An rs number means what any part says; of one allele all parts speak."""
    first = kept(catalogue, "d", 1, None)
    kept(catalogue, "d", 2, first)
    named = [
        await variant_store.alleles_named(name, "GRCh37", ["d"])
        for name in ("rs1", "rs2")
    ]
    pattern = VariantPattern(contig=CHR22, spellings=((START, "T", "C"),))
    query = Query(pattern=pattern)
    found = await variant_store.find(query, {"d": Granularity.RECORD})
    said = found.datasets[0].variants[0].annotation

    assert [[START, START + 1], [START, START + 2]] == [
        [allele.start for allele in alleles] for alleles in named
    ]
    assert Annotation(identifiers=("rs1", "rs2")) == said


def part(number: int, first: int, *fields: str) -> Part:
    """Return a part of one column of ten people."""
    return Part(
        number=number,
        fields=fields or (str(number),),
        first=first,
        baseline=(20,),
        everybody=(20,),
    )


def test_the_newest_field_of_a_part_speaks() -> None:
    """An overlay's counts are read where there are some, else what lies below."""
    rows = Rows(parts=(part(1, 0, "9", "1"),), width=1)
    carried, gone = b"\x05\x01\x00\x02", b"\x04\x00"

    assert rows.exists({"1": carried})
    assert not rows.exists({"1": carried, "9": gone})
    assert rows.is_absent({"1": carried, "9": gone})
    assert not rows.is_absent({"2": carried})


def test_counted_carriers_win_over_a_listed_allele() -> None:
    """Of parts that list an allele the carriers of another are all that counts."""
    one, other = part(1, 0), part(2, 1)
    listed, carried = Tally(None, None), Tally((20,), (Carriers(0, 1, 0, 1, 0),))
    nobody = Tally((20,), ())

    assert Tally((0, 20), (Carriers(1, 1, 0, 1, 0),)) == side_by_side(
        [(one, listed), (other, carried)], 2
    )
    assert listed == side_by_side([(one, listed), (other, nobody)], 2)
    assert Tally((20, 20), ()) == side_by_side([(one, nobody), (other, nobody)], 2)


async def test_a_skipped_record_keeps_a_no_open(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """Where one part skipped a record and nobody carries the allele, it is said."""
    nobody = Tally((100, 60), ())
    rows: list[VariantRecord] = [record(START, "T", "C", nobody)]
    skipped = [record(START, "T", "C", Tally((0, 0), ()), (SKIPPED,))]
    first = load(catalogue, "d", rows)
    load(catalogue, "d", skipped, before=first, earlier=rows)
    pattern = VariantPattern(contig=CHR22, spellings=((START, "T", "C"),))
    found = await variant_store.find(Query(pattern=pattern), {"d": Granularity.COUNT})

    assert Place(filters=(SKIPPED,)) == found.datasets[0].place


def test_groups_join_as_one_load_shows_them() -> None:
    """The order of groups does not tell in how many loads their people came."""
    kinds = [("F", "SE", "x"), ("M", "DK", None), (None, None, "y")]
    one, other = kinds[:1], kinds[1:]
    layouts = [
        Layout(
            baseline=(2,) * len(some),
            groups=grouped(some, ["a"]),
            kinds=tuple(some),
        )
        for some in (one, other, kinds)
    ]

    assert layouts[2] == joined(layouts[0], layouts[1], ["a"])
    bare = Layout(baseline=(2,), groups=(Group(label="Total", columns=(0,)),))
    assert joined(layouts[0], bare, ["a"]) is None
