"""Variants of some people alone, and people by their variants: as if loaded alone."""

from __future__ import annotations

import asyncio
import json
import os
import random
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from beacon.ingest import Journal, LoadRequest, load_variants, withdraw
from beacon.model.annotation import AnnotationPattern
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import group_counts
from beacon.model.entry_types import BIOSAMPLE, GENOMIC_VARIANT, INDIVIDUAL, RUN
from beacon.model.errors import StoreUnavailable
from beacon.model.findings import Silence
from beacon.model.notation import parse
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Page, Query
from beacon.model.records import Record, Under
from beacon.model.status import Status
from beacon.store import chosen as chosen_people
from beacon.store import joint_table
from beacon.store.variants import VariantStore
from loaders import LoadOptions
from tests.ingest import test_reach, test_withdraw
from tests.service.people_samples import PEOPLE
from tests.service.people_samples import Record as Line
from tests.service.people_samples import load as load_lines
from tests.service.test_service_people import DIPLOID
from tests.store.joint_samples import (
    CHOSEN,
    COHORT,
    OTHER,
    file,
    individual,
    plain_alleles,
    terms,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

    from beacon.model.findings import DatasetFindings, RecordFindings
    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

CONTIGS = {contig.name: contig for contig in ASSEMBLIES["GRCh37"].contigs}
EVERYBODY = ("p0", "p1", "p2", "p3", "p4")
_names = count()
_LAWS = settings(
    max_examples=int(os.environ.get("JOINT_EXAMPLES", "4")),
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def told(found: DatasetFindings) -> object:
    """Return what a dataset says, whichever it is, of groups that were called."""
    release = found.dataset.release
    assert release is not None
    variants = []
    for variant in found.variants:
        groups = (
            (g.label, group_counts(variant.tally, g)) for g in release.layout.groups
        )
        called = tuple((label, counts) for label, counts in groups if counts.an)
        variants.append((variant.allele, variant.filters, called))
    people = None
    if release.sample_count is not None:
        people = release.sample_count - (found.left_out or 0)
    is_loaded = found.is_contig_loaded
    return found.total, found.status, found.place, variants, is_loaded, people


def questions() -> Iterator[VariantPattern | None]:
    """Yield questions of every kind that rows alone answer."""
    spelled = (("A", "C"), ("A", "T"), ("A" + "CGT" * 400, "A"), ("AC", "A"))
    for name in ("21", "X"):
        contig = CONTIGS[name]
        for low, high in ((0, 100), (4000, 9100), (90, 91)):
            overlap = Bounds(low=low, high=high)
            yield VariantPattern(contig=contig, overlap=overlap)
        whole = Bounds(low=0, high=16000)
        yield VariantPattern(contig=contig, overlap=whole, variant_type="DEL")
        yield VariantPattern(contig=contig, start=whole, alternate="C")
        for place in (4, 89, 4095, 8999):
            for bases in spelled:
                yield VariantPattern(contig=contig, spellings=((place, *bases),))
    deletion = "del 21:4097-9500"
    yield parse(deletion, assembly="GRCh37", loaded=(), references={})
    yield None


async def answers(
    store: VariantStore, dataset: str, asked: Sequence[Query]
) -> list[DatasetFindings]:
    """Return what one dataset says to questions that are asked together."""
    found = await asyncio.gather(
        *(store.find(query, {dataset: query.granularity}) for query in asked)
    )
    return [one.datasets[0] for one in found]


@_LAWS
@given(
    records=test_withdraw._records(5),  # noqa: SLF001 - the same files are drawn
    more=test_withdraw._records(1),  # noqa: SLF001
    chosen=st.sets(st.sampled_from(EVERYBODY), min_size=1),
    has_regions=st.booleans(),
    is_led=st.booleans(),
)
async def test_some_people_are_a_load_of_them_alone(
    catalogue: Catalogue,
    store_address: StoreAddress,
    tmp_path: Path,
    records: list[str],
    more: list[str],
    monkeypatch: pytest.MonkeyPatch,
    chosen: set[str],
    has_regions: bool,
    is_led: bool,
) -> None:
    """Whatever is asked under a filter is answered as by a load of who meets it."""
    monkeypatch.setattr(chosen_people, "_FEW_OF", 0 if is_led else 10)
    monkeypatch.setattr(joint_table, "_FIRST_BLOCKS", 1)
    monkeypatch.setattr(joint_table, "_MANY", 2)
    number = next(_names)
    # What is listed of nobody is not theirs: a test of its own.
    records = [r for r in records if "\tDP\t" not in r and "no call" not in r]
    files = test_withdraw._files(tmp_path / f"{number}", records, more)  # noqa: SLF001
    options: dict[str, object] = {}
    if has_regions:
        looked = tmp_path / f"{number}" / "looked.bed"
        looked.write_text("21\t0\t100\n21\t4000\t5000\nX\t0\t100\nX\t4000\t5000\n")
        options["callable_regions"] = looked
    every, some = f"every{number}", f"some{number}"
    test_withdraw._load(catalogue, every, files, **options)  # noqa: SLF001
    others = frozenset(EVERYBODY) - chosen
    test_withdraw._load(catalogue, some, files, excluded=others, **options)  # noqa: SLF001
    people = [individual(p, CHOSEN if p in chosen else OTHER) for p in EVERYBODY]
    file(catalogue, every, INDIVIDUAL.id, people)
    asked = [
        Query(pattern=pattern, granularity=level, page=Page(skip=0, limit=3))
        for pattern in questions()
        for level in Granularity
    ]
    store = await VariantStore.open(store_address)
    try:
        under = [replace(query, filters=terms(CHOSEN)) for query in asked]
        said = await answers(store, every, under)
        expected = await answers(store, some, asked)
    finally:
        await store.close()
    for query, one, other in zip(asked, said, expected, strict=True):
        if query.pattern is None:
            assert other.total == one.total
            assert told(other)[3] == told(one)[3]
        else:
            assert told(other) == told(one), query


@pytest.mark.parametrize("is_led", [True, False])
async def test_people_of_all_parts_are_meant(
    catalogue: Catalogue,
    variant_store: VariantStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_led: bool,
) -> None:
    """Of a release that was appended to, whoever is in either part."""
    monkeypatch.setattr(chosen_people, "_FEW_OF", 0 if is_led else 10)
    monkeypatch.setattr(joint_table, "_FIRST_BLOCKS", 2)
    monkeypatch.setattr(joint_table, "_MOST_BLOCKS", 2)
    meant, more = {"I1", "P6"}, ("P5", "P6", "P7")
    others = frozenset({"I2", "I3", "I4", "P5", "P7"})
    for name, excluded in (("every", frozenset()), ("some", others)):
        chance = random.Random(5)  # noqa: S311 - the same files for both
        for appends, people in ((False, PEOPLE), (True, more)):
            lines = [
                Line(
                    chromosome="22",
                    pos=20_000_000 + 5000 * step + 5 * appends * (step == 0),
                    reference="A",
                    alternates="G,C",
                    genotypes=tuple(chance.choice(DIPLOID) for _ in people),
                )
                for step in (range(6) if appends else (0, 3, 4))
            ]
            load_lines(
                catalogue, tmp_path, name, lines, people,
                appends=appends, excluded=excluded,
            )  # fmt: skip
    people = [f"I{n}" for n in range(1, 5)] + list(more)
    file(
        catalogue, "every", INDIVIDUAL.id,
        [individual(p, CHOSEN if p in meant else OTHER) for p in people],
    )  # fmt: skip
    spelled = [(20_000_000 + at, "A", "C") for at in (-1, 4, 4999, 9999)]
    patterns = [VariantPattern(contig=CONTIGS["22"], spellings=(s,)) for s in spelled]
    asked = [
        Query(pattern=pattern, granularity=Granularity.RECORD)
        for pattern in (*patterns, RANGE, VariantPattern(contig=CONTIGS["22"]))
    ]
    under = [replace(query, filters=terms(CHOSEN)) for query in asked]
    said = await answers(variant_store, "every", under)
    expected = await answers(variant_store, "some", asked)

    assert [*map(told, expected)] == [*map(told, said)]


@_LAWS
@given(
    bodies=test_reach._bodies(),  # noqa: SLF001 - the same files are drawn
    chosen=st.sets(st.sampled_from("PQRST"), min_size=1, max_size=4),
    has_regions=st.booleans(),
)
async def test_blocks_cover_some_people_as_in_a_load_of_them_alone(
    catalogue: Catalogue,
    store_address: StoreAddress,
    tmp_path: Path,
    bodies: list[tuple[str, str]],
    chosen: set[str],
    has_regions: bool,
) -> None:
    """What a "no" rests on is whom reference blocks cover of those who are meant."""
    number = next(_names)
    there = {name for names, _ in bodies for name in names.split("\t")}
    if there.isdisjoint(chosen):
        return
    paths = test_reach._write(tmp_path / f"{number}", bodies)  # noqa: SLF001
    options: dict[str, object] = {"samples": tmp_path / f"{number}" / "samples.tsv"}
    if has_regions:
        looked = tmp_path / f"{number}" / "looked.bed"
        looked.write_text("21\t5\t40\nX\t20\t70\n")
        options["callable_regions"] = looked
    every, some = f"every{number}", f"some{number}"
    test_reach._load(catalogue, every, paths, **options)  # noqa: SLF001
    others = frozenset(there - chosen)
    test_reach._load(catalogue, some, paths, excluded=others, **options)  # noqa: SLF001
    people = [individual(p, CHOSEN if p in chosen else OTHER) for p in "PQRST"]
    file(catalogue, every, INDIVIDUAL.id, people)
    asked = [
        Query(pattern=pattern, granularity=Granularity.RECORD)
        for rank in (21, 23)
        for pattern in test_reach._patterns("GRCh37", rank, range(0, 60, 3))  # noqa: SLF001
    ]
    store = await VariantStore.open(store_address)
    try:
        under = [replace(query, filters=terms(CHOSEN)) for query in asked]
        said = await answers(store, every, under)
        expected = await answers(store, some, asked)
    finally:
        await store.close()
    for query, one, other in zip(asked, said, expected, strict=True):
        assert told(other) == told(one), query


@_LAWS
@given(records=test_withdraw._records(5), more=test_withdraw._records(1))  # noqa: SLF001
async def test_carriers_are_whose_variants_are_seen(
    catalogue: Catalogue,
    store_address: StoreAddress,
    tmp_path: Path,
    records: list[str],
    more: list[str],
) -> None:
    """Somebody carries what is asked for if and only if it is seen of them alone."""
    number = next(_names)
    files = test_withdraw._files(tmp_path / f"{number}", records, more)  # noqa: SLF001
    name = f"carried{number}"
    test_withdraw._load(catalogue, name, files)  # noqa: SLF001
    file(catalogue, name, INDIVIDUAL.id, [individual(p) for p in EVERYBODY])
    store = await VariantStore.open(store_address)
    try:
        for pattern in [*questions()][::3]:
            asked = [
                Query(
                    pattern=pattern,
                    under=Under(entry_type=INDIVIDUAL.id, identity=person),
                )
                for person in EVERYBODY
            ]
            said = await answers(store, name, asked)
            seen = {
                person
                for person, one in zip(EVERYBODY, said, strict=True)
                if one.status is Status.SEEN
            }
            if pattern is not None:
                assert seen == await carriers(store, name, pattern), pattern
    finally:
        await store.close()


async def records_of(store: VariantStore, dataset: str, query: Query) -> RecordFindings:
    """Return what one dataset says to a question for documents."""
    found = await store.find_records(query, {dataset: query.granularity})
    return found.datasets[0]


async def carriers(
    store: VariantStore, dataset: str, pattern: VariantPattern, **more: object
) -> set[str]:
    """Return the ids of the documents of who carries what is asked for."""
    query = Query(
        pattern=pattern, about=INDIVIDUAL.id, granularity=Granularity.RECORD,
        page=Page(limit=100),
    )  # fmt: skip
    found = await records_of(store, dataset, replace(query, **more))
    return {str(document["id"]) for document in found.records}


# --- the invented cohort --------------------------------------------------------------


@pytest.fixture
async def cohort(cohort_address: StoreAddress) -> AsyncIterator[VariantStore]:
    """Give a store of the invented people, which no test changes."""
    store = await VariantStore.open(cohort_address)
    yield store
    await store.close()


async def test_the_invented_cohort_counts_as_it_was_made(
    cohort: VariantStore,
) -> None:
    """By sex, disease, feature and dataset, and who of them carries what."""
    truth = json.loads((COHORT / "truth.json").read_text())
    levels = dict.fromkeys(truth["people"]["by_dataset"], Granularity.COUNT)
    asked = Query(about=INDIVIDUAL.id, granularity=Granularity.COUNT)

    async def number(query: Query) -> int | None:
        return (await cohort.find_records(query, levels)).distinct

    async def by(query: Query, kinds: dict[str, int]) -> dict[str, int | None]:
        found = (number(replace(query, filters=terms(kind))) for kind in kinds)
        return dict(zip(kinds, await asyncio.gather(*found), strict=True))

    people = truth["people"]
    every = await cohort.find_records(asked, levels)

    assert people["total"] == every.distinct
    assert people["by_dataset"] == {f.dataset.id: f.total for f in every.datasets}
    for kind in ("disease", "hpo", "ethnicity"):
        assert people[kind] == await by(asked, people[kind])
    both = replace(asked, filters=terms("NCIT:C16576", "MONDO:0005148"))
    assert people["female_and_T2D"] == await number(both)

    for allele in plain_alleles(truth):
        spelled = (allele["start0"], allele["ref"], allele["alt"])
        pattern = VariantPattern(contig=CONTIGS[allele["chrom"]], spellings=(spelled,))
        query = replace(asked, pattern=pattern)
        found = await cohort.find_records(query, levels)

        assert allele["n_individuals"] == found.distinct
        assert allele["by_dataset"] == {f.dataset.id: f.total for f in found.datasets}
        sexes = {"NCIT:C16576": "female", "NCIT:C20197": "male"}
        assert {k: allele[f"individuals_{n}"] for k, n in sexes.items()} == await by(
            query, sexes
        )
        assert allele["by_disease"] == await by(query, allele["by_disease"])
        assert allele["by_hpo"] == await by(query, allele["by_hpo"])


async def test_variants_of_one_sample_are_those_of_its_individual(
    cohort: VariantStore,
) -> None:
    """By individual and by biosample the same alleles are found, page by page."""
    name = "ds-controlled"
    query = Query(granularity=Granularity.RECORD, page=Page(limit=1000))
    person = Under(entry_type=INDIVIDUAL.id, identity="IND0034")
    sample = Under(entry_type=BIOSAMPLE.id, identity="SMP-0034")
    stranger = Under(entry_type=BIOSAMPLE.id, identity="SMP-0000")
    whole, of_sample, nobody = await answers(
        cohort,
        name,
        [replace(query, under=u) for u in (person, sample, stranger)],
    )
    pages = [Page(skip=skip, limit=7) for skip in range(3)]
    paged = await answers(
        cohort, name, [replace(query, under=person, page=page) for page in pages]
    )
    first = await answers(
        cohort, name,
        [replace(query, under=person, granularity=Granularity.BOOLEAN)],
    )  # fmt: skip

    assert whole.total == len(whole.variants) > 21
    assert told(whole) == told(of_sample)
    assert whole.variants[:21] == tuple(v for one in paged for v in one.variants)
    assert [whole.total] * 3 == [one.total for one in paged]
    assert 1 == first[0].total
    assert Silence.NOBODY is nobody.silence
    assert all(sum(c.ac for c in v.tally.carriers or ()) <= 2 for v in whole.variants)


# --- what is not known ----------------------------------------------------------------

SEEN = "22-20000001-A-G"
LINES = [
    Line(
        chromosome="22", pos=20_000_001, reference="A", alternates="G",
        genotypes=("0/1", "0/0", "1/1", "./."),
    ),
    Line(
        chromosome="22", pos=20_000_011, reference="A", alternates="C",
        genotypes=("0/0", "0/0", "0/0", "0/1"),
    ),
]  # fmt: skip
ALLELE = VariantPattern(contig=CONTIGS["22"], spellings=((20_000_000, "A", "G"),))
RANGE = VariantPattern(
    contig=CONTIGS["22"], overlap=Bounds(low=20_000_000, high=20_001_000)
)


@pytest.mark.parametrize("pattern", [ALLELE, RANGE, None])
async def test_who_cannot_know_says_nothing(
    catalogue: Catalogue,
    variant_store: VariantStore,
    tmp_path: Path,
    pattern: VariantPattern | None,
) -> None:
    """Counts alone, no documents, or nobody who is meant: never a "no"."""
    people = [individual(p, OTHER) for p in PEOPLE]
    load_lines(catalogue, tmp_path, "counts", LINES, keeps_people=False)
    file(catalogue, "counts", INDIVIDUAL.id, people)
    load_lines(catalogue, tmp_path, "bare", LINES)
    load_lines(catalogue, tmp_path, "nobody", LINES)
    file(catalogue, "nobody", INDIVIDUAL.id, people)
    query = Query(pattern=pattern, filters=terms(CHOSEN))
    found = await variant_store.find(
        query, dict.fromkeys(("counts", "bare", "nobody"), Granularity.COUNT)
    )

    assert [Status.NOT_COVERED] * 3 == [one.status for one in found.datasets]
    assert [
        Silence.NO_PEOPLE,
        Silence.NO_PEOPLE,
        Silence.NOBODY,
    ] == [one.silence for one in found.datasets]


async def test_what_is_listed_of_nobody_is_not_theirs(
    catalogue: Catalogue, variant_store: VariantStore, tmp_path: Path
) -> None:
    """A record without genotypes tells of nobody whether they carry its allele."""
    files = test_withdraw._files(  # noqa: SLF001
        tmp_path / "files",
        ["21\t5\t.\tA\tC\t.\tPASS\t.\tDP\t7\t7\t7\t7\t7",
         "21\t90\t.\tA\tC\t.\tPASS\t.\tGT\t0/1\t0/0\t0/0\t0/0\t0/0"],
        ["22\t5\t.\tA\tC\t.\tPASS\t.\tGT\t0/0"],
    )  # fmt: skip
    test_withdraw._load(catalogue, "listed", files)  # noqa: SLF001
    file(
        catalogue, "listed", INDIVIDUAL.id, [individual("p0", CHOSEN), individual("p1")]
    )
    overlap = Bounds(low=0, high=100)
    patterns = [
        VariantPattern(contig=CONTIGS["21"], overlap=overlap),
        VariantPattern(contig=CONTIGS["21"], spellings=((4, "A", "C"),)),
    ]
    asked = [
        Query(pattern=p, granularity=Granularity.COUNT, filters=f)
        for f in ((), terms(CHOSEN))
        for p in patterns
    ]
    said = await answers(variant_store, "listed", asked)

    assert [2, 1, 1, 0] == [one.total for one in said]
    assert Status.NOT_COVERED is said[-1].status


_ANNOTATED = (
    '##fileformat=VCFv4.2\n##INFO=<ID=ANN,Number=.,Type=String,Description="Functional'
    " annotations: 'Allele | Annotation | Annotation_Impact | Gene_Name | Gene_ID'\">\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tp0\tp1\n"
)


async def test_what_annotations_say_is_asked_of_people_too(
    catalogue: Catalogue, variant_store: VariantStore, tmp_path: Path
) -> None:
    """A gene's variants under a filter, and who carries any of them."""
    lines = [
        f"21\t{pos}\t.\tA\tC\t.\tPASS\tANN=C|missense_variant|MODERATE|{gene}|{gene}\t"
        f"GT\t{calls}\n"
        for pos, gene, calls in (
            (10, "G1", "0/1\t0/0"),
            (20, "G1", "0/0\t1/1"),
            (30, "G2", "1/1\t0/0"),
        )
    ]
    path = tmp_path / "annotated.vcf"
    path.write_text(_ANNOTATED + "".join(lines))
    options = LoadOptions(assembly="GRCh37")
    load_variants(
        catalogue,
        LoadRequest(dataset="said", paths=(path,), options=options, references={}),
    )
    both = [individual("p0", CHOSEN), individual("p1")]
    file(catalogue, "said", INDIVIDUAL.id, both)
    gene = VariantPattern(
        contig=None, genome="GRCh37", annotated=AnnotationPattern(genes=("G1",))
    )
    query = Query(pattern=gene, granularity=Granularity.RECORD)
    every, some = await answers(
        variant_store, "said", [query, replace(query, filters=terms(CHOSEN))]
    )

    assert [9, 19] == [v.allele.start for v in every.variants]
    assert (1, [9]) == (some.total, [v.allele.start for v in some.variants])
    assert {"p0", "p1"} == await carriers(variant_store, "said", gene)
    assert {"p0"} == await carriers(variant_store, "said", gene, filters=terms(CHOSEN))


# --- documents under variants ---------------------------------------------------------


@pytest.fixture
def people(catalogue: Catalogue, tmp_path: Path) -> str:
    """Load four people with several biosamples and runs; give the dataset."""
    load_lines(catalogue, tmp_path, "people", LINES)
    features = {"I1": ("HP:0001250",), "I2": ("HP:0001250",), "I3": (), "I4": ()}
    file(
        catalogue, "people", INDIVIDUAL.id,
        [individual(i, CHOSEN, *f) for i, f in features.items()],
    )  # fmt: skip
    samples = [("P1", "I1"), ("extra1", "I1"), ("other3", "I3"), ("more3", "I3")]
    file(
        catalogue, "people", BIOSAMPLE.id,
        [{"id": s, "individualId": i} for s, i in samples],
    )  # fmt: skip
    runs = [("r1", "P1", "I1"), ("rx", "extra1", "I1"), ("r3", "other3", "I3")]
    file(
        catalogue, "people", RUN.id,
        [{"id": r, "biosampleId": b, "individualId": i} for r, b, i in runs],
    )  # fmt: skip
    return "people"


async def test_documents_of_carriers_are_narrowed_further(
    people: str, variant_store: VariantStore
) -> None:
    """Individuals who carry it, and of those who meet the filters."""
    every = await carriers(variant_store, people, ALLELE)
    filtered = await carriers(
        variant_store, people, ALLELE, filters=terms("HP:0001250")
    )
    over_range = await carriers(variant_store, people, RANGE)

    assert {"I1", "I3"} == every
    assert {"I1"} == filtered
    assert {"I1", "I3", "I4"} == over_range


async def test_a_question_has_the_documents_of_one_load(
    people: str,
    catalogue: Catalogue,
    variant_store: VariantStore,
    hurried: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One of two carriers is meant by either load; none, or both, by a mixture."""
    monkeypatch.setattr("beacon.store.variants._FRESH", 0)
    asked = {"about": INDIVIDUAL.id, "filters": terms(CHOSEN, "NCIT:C16576")}
    query = Query(pattern=ALLELE, granularity=Granularity.RECORD, **asked)

    def replace_once(chosen: str) -> None:
        persons = ((i, CHOSEN if i == chosen else OTHER) for i in ("I1", "I3"))
        documents = [individual(*person) for person in persons]
        file(catalogue, people, INDIVIDUAL.id, documents)

    def replace_often() -> None:
        for chosen in ("I3", "I1") * 3:
            replace_once(chosen)

    totals = set()

    async def ask_often(loading: asyncio.Task[None]) -> None:
        while not loading.done():
            with suppress(StoreUnavailable):  # it was replaced under the question
                totals.add((await records_of(variant_store, people, query)).total)

    replace_once("I1")
    loading = asyncio.create_task(asyncio.to_thread(replace_often))
    await asyncio.gather(*(ask_often(loading) for _ in range(4)))
    await loading
    totals.add((await records_of(variant_store, people, query)).total)

    assert {1} == totals


async def test_the_sample_that_was_read_stands_for_a_carrier(
    people: str, variant_store: VariantStore
) -> None:
    """Of several biosamples the one in the file; all where none of them is."""
    samples = await carriers(variant_store, people, ALLELE, about=BIOSAMPLE.id)
    runs = await carriers(variant_store, people, ALLELE, about=RUN.id)

    assert {"P1", "other3", "more3"} == samples
    assert {"r1", "r3"} == runs


@pytest.mark.parametrize(
    ("under", "starts"),
    [
        (Under(entry_type=BIOSAMPLE.id, identity="P1"), [20_000_000]),
        (Under(entry_type=RUN.id, identity="r1"), [20_000_000]),
        (Under(entry_type=BIOSAMPLE.id, identity="extra1"), []),
        (Under(entry_type=RUN.id, identity="rx"), []),
        (Under(entry_type=BIOSAMPLE.id, identity="more3"), [20_000_000]),
    ],
)
async def test_below_a_sample_is_what_was_read_of_it(
    people: str, variant_store: VariantStore, under: Under, starts: list[int]
) -> None:
    """Below a biosample, or its run, nothing is said of another one's variants."""
    query = Query(under=under, granularity=Granularity.RECORD)
    (found,) = await answers(variant_store, people, [query])

    assert starts == [v.allele.start for v in found.variants]
    assert (None if starts else Silence.NOBODY) is found.silence


async def test_a_variant_above_is_a_variant_asked_for(
    people: str, variant_store: VariantStore
) -> None:
    """The documents below a variant are those of who carries it, counted and paged."""
    under = Under(entry_type=GENOMIC_VARIANT.id, identity="GRCh37-22-20000001-A-G")
    query = Query(
        pattern=ALLELE, under=under, about=INDIVIDUAL.id,
        granularity=Granularity.RECORD, page=Page(skip=1, limit=1),
    )  # fmt: skip
    found = await records_of(variant_store, people, query)

    assert (2, Status.SEEN) == (found.total, found.status)
    assert ["I3"] == [document["id"] for document in found.records]


async def test_a_no_of_documents_rests_on_the_variant(
    people: str, catalogue: Catalogue, variant_store: VariantStore, tmp_path: Path
) -> None:
    """Who was looked at and does not carry it is a "no"; nobody's call is none."""
    load_lines(catalogue, tmp_path, "bare", LINES)
    file(catalogue, "papers", INDIVIDUAL.id, [individual("I1")])
    asked = {
        "nobody called": (ALLELE, "I4"),
        "called": (ALLELE, "I2"),
        "carries": (ALLELE, "I1"),
        "nowhere": (
            VariantPattern(contig=CONTIGS["21"], spellings=((4, "A", "C"),)),
            "I1",
        ),
    }
    said = {}
    for name, (pattern, person) in asked.items():
        query = Query(
            pattern=pattern,
            about=BIOSAMPLE.id if name == "carries" else INDIVIDUAL.id,
            under=Under(entry_type=INDIVIDUAL.id, identity=person),
        )
        said[name] = (await records_of(variant_store, people, query)).status
    query = Query(pattern=ALLELE, about=INDIVIDUAL.id)
    names = dict.fromkeys(("bare", "papers"), Granularity.COUNT)
    found = await variant_store.find_records(query, names)

    assert {
        "nobody called": Status.NOT_COVERED,
        "called": Status.NOT_SEEN,
        "carries": Status.SEEN,
        "nowhere": Status.NOT_COVERED,
    } == said
    assert {Status.NOT_COVERED} == {one.status for one in found.datasets}


async def test_a_cohort_is_its_members(
    people: str, catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """Variants of a cohort are its members'; one that lists nobody has all."""
    cohorts = [
        Record(id="some", document={"id": "some"}, members=("I2", "I3")),
        Record(id="all", document={"id": "all"}),
    ]
    catalogue.keep_cohorts(people, cohorts)
    query = Query(pattern=ALLELE, granularity=Granularity.COUNT)
    asked = [replace(query, cohort=name) for name in ("some", "all", "none")]
    said = await answers(variant_store, people, [*asked, query])
    counts = [s.counts and s.counts.ac for s in said]

    assert [2, 3, None, 3] == counts
    assert told(said[1])[:5] == told(said[3])[:5]
    assert Silence.NO_PEOPLE is said[2].silence


async def test_somebody_is_left_out_of_those_who_are_meant(
    people: str, variant_store: VariantStore
) -> None:
    """Filters choose, exclusions take away, and groups are of who is left."""
    query = Query(
        pattern=ALLELE, granularity=Granularity.COUNT, filters=terms("HP:0001250")
    )
    plain, without, grouped = await answers(
        variant_store, people,
        [query, replace(query, excluded=("I1",)), replace(query, by=("sex",))],
    )  # fmt: skip

    assert 1 == plain.total
    assert (0, Status.NOT_SEEN) == (without.total, without.status)
    assert {"M": (1, 1, 2), "F": (1, 0, 2)} == {
        g.label: (g.people, g.counts.ac, g.counts.an) for g in grouped.groups or ()
    }


class Killed(Exception):
    """Ends a withdrawal as a kill would."""


def killed(_: object) -> None:
    """End a withdrawal when counts have changed, and nothing else has."""
    raise Killed


async def test_who_withdrew_is_never_meant(
    people: str,
    catalogue: Catalogue,
    variant_store: VariantStore,
    tmp_path: Path,
    hurried: None,
) -> None:
    """Not erased yet, and documented anew: not counted, and no carrier."""
    query = Query(pattern=ALLELE, granularity=Granularity.COUNT, filters=terms(CHOSEN))
    with pytest.raises(Killed):
        withdraw(catalogue, Journal(tmp_path), people, ["I1"], told=killed)
    file(
        catalogue, people, INDIVIDUAL.id, [individual(i, CHOSEN) for i in ("I1", "I3")]
    )
    (counted,) = await answers(variant_store, people, [query])

    assert {"I3"} == await carriers(variant_store, people, ALLELE)
    assert counted.counts is not None
    assert counted.counts.ac == 2
