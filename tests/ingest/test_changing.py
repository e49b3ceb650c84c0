"""A server that remembers what it read: no answer of what is not so any more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from beacon.ingest import (
    Journal,
    LoadRequest,
    append_variants,
    load_variants,
    reapply,
    withdraw,
)
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import group_counts
from beacon.model.errors import StoreUnavailable, UsageError
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Query
from beacon.store import folding, sweeping, variants
from beacon.store.bins import EXISTING_BITS
from beacon.store.lookup import look_up
from loaders import LoadOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from beacon.store.releases import Catalogue
    from beacon.store.variants import VariantStore

_CONTIG = ASSEMBLIES["GRCh37"].contigs[21]
_HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
_FIRST = 40 << EXISTING_BITS
_ALLELE = VariantPattern(contig=_CONTIG, spellings=((_FIRST + 9, "A", "C"),))
_WIDE = VariantPattern(
    contig=_CONTIG, overlap=Bounds(low=_FIRST, high=_FIRST + (8 << EXISTING_BITS))
)
_LEVELS = {"x": Granularity.COUNT}


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing wait for readers, and readers look at pointers every time."""
    monkeypatch.setattr(folding, "SETTLE", 0.0)
    monkeypatch.setattr(sweeping, "SETTLE", 0.0)
    monkeypatch.setattr(variants, "_FRESH", -1.0)


@pytest.fixture
def leave(catalogue: Catalogue, tmp_path: Path) -> Callable[[str], object]:
    """Give a way to withdraw somebody."""
    journal = Journal(tmp_path)
    return lambda name: withdraw(catalogue, journal, "x", [name])


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Write a file of three people, of whom only ``b`` has the rare allele."""
    rows = (("10", "0/1", "0/1", "0/0"), ("20", "0/0", "1/1", "0/0"))
    lines = (
        "\t".join(
            (
                "22",
                str(_FIRST + int(pos)),
                ".",
                "A",
                "C",
                ".",
                "PASS",
                ".",
                "GT",
                *calls,
            )
        )
        for pos, *calls in rows
    )
    one, other = tmp_path / "one.vcf", tmp_path / "other.vcf"
    one.write_text(_HEAD + "a\tb\tc\n" + "\n".join(lines) + "\n")
    more = f"22\t{_FIRST + 30}\t.\tA\tC\t.\tPASS\t.\tGT\t0/1\n"
    other.write_text(_HEAD + "d\n" + more)
    return [one, other]


def request(*paths: Path) -> LoadRequest:
    """Return the order to load files as dataset x."""
    options = LoadOptions(assembly="GRCh37")
    return LoadRequest(dataset="x", paths=paths, options=options, references={})


async def said(store: VariantStore) -> tuple[object, ...]:
    """Return AC and AN of the common allele, and how many exist."""
    return await counts(store, _ALLELE), await counts(store, _WIDE)


async def counts(
    store: VariantStore, pattern: VariantPattern, *excluded: str
) -> tuple[int, ...]:
    """Return AC and AN of an allele, or how many alleles are in a range."""
    query = Query(pattern=pattern, granularity=Granularity.COUNT, excluded=excluded)
    (found,) = (await store.find(query, _LEVELS)).datasets
    if found.counts is not None:
        return found.counts.ac, found.counts.an
    if found.variants:
        groups = found.dataset.release.layout.groups
        total = group_counts(found.variants[0].tally, groups[0])
        return total.ac, total.an
    return (found.total,)


async def test_a_release_that_changed_while_it_was_not_served(
    catalogue: Catalogue,
    variant_store: VariantStore,
    files: list[Path],
    leave: Callable[[str], object],
) -> None:
    """It is served as it is now, bins and all, though it was read before."""
    load_variants(catalogue, request(files[0]))
    before = await said(variant_store)
    append_variants(catalogue, request(files[1]))
    leave("b")
    catalogue.rollback("x")

    assert before == ((2, 6), (2,))
    assert await said(variant_store) == ((1, 4), (1,))


@pytest.mark.parametrize("is_served_again", [False, True])
async def test_folded_while_a_question_was_answered(
    catalogue: Catalogue,
    variant_store: VariantStore,
    files: list[Path],
    leave: Callable[[str], object],
    monkeypatch: pytest.MonkeyPatch,
    is_served_again: bool,
) -> None:
    """One that takes longer than readers may is refused, and never mixed."""
    load_variants(catalogue, request(files[0]))
    assert await counts(variant_store, _ALLELE) == (2, 6)

    def change() -> None:
        if is_served_again:
            append_variants(catalogue, request(files[1]))
        leave("b")
        if is_served_again:
            catalogue.rollback("x")

    async def slowly(*asked: object) -> object:
        await asyncio.to_thread(change)
        return await look_up(*asked)

    with monkeypatch.context() as slow:
        slow.setattr(variants, "_OLDEST", -1.0)
        slow.setattr(variants, "look_up", slowly)
        with pytest.raises(StoreUnavailable, match="changed while the question"):
            await counts(variant_store, _ALLELE)
    assert await counts(variant_store, _ALLELE) == (1, 4)


async def test_nobody_is_left_out_twice(
    catalogue: Catalogue,
    variant_store: VariantStore,
    files: list[Path],
    leave: Callable[[str], object],
) -> None:
    """Who has withdrawn is nobody to be excluded, from the flip on."""
    load_variants(catalogue, request(files[0]))
    excluding = await counts(variant_store, _ALLELE, "b")
    leave("b")

    assert excluding == (1, 4)
    assert await counts(variant_store, _ALLELE, "b") == (1, 4)
    assert await variant_store.individuals(("a", "b"), ("x",)) == {"a"}


def test_a_server_that_only_reads_may_begin(
    catalogue: Catalogue,
    files: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where everybody who withdrew has left, or is being left out, nothing is done."""

    def sweep(_: object) -> int:
        raise AssertionError

    load_variants(catalogue, request(files[0]))
    again: list[int] = []

    def told(_: object) -> None:
        with monkeypatch.context() as reading:
            reading.setattr(sweeping.Sweeper, "sweep", sweep)
            again.append(reapply(catalogue, Journal(tmp_path)))

    withdraw(catalogue, Journal(tmp_path), "x", ["b"], told=told)
    told(None)

    assert again == [0, 0]
    assert catalogue.dataset("x").release.sample_count == 2


def test_an_order_that_waits_for_a_load_stops_nobody(
    catalogue: Catalogue, files: list[Path], tmp_path: Path
) -> None:
    """Servers begin, and other datasets are loaded; the load's end carries it out."""
    layout = load_variants(catalogue, request(files[0])).release.layout
    journal = Journal(tmp_path)
    waiting: list[str] = []
    with catalogue.begin("x", assembly="GRCh37", layout=layout):
        with pytest.raises(UsageError, match="the order is kept"):
            withdraw(catalogue, journal, "x", ["b"])
        left = reapply(catalogue, journal, lambda dataset, _: waiting.append(dataset))

    assert (left, waiting) == (0, ["x"])
    assert reapply(catalogue, journal) == 1
