"""Annotations live and go with their release, and every question finds an index."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from beacon.model.annotation import Annotation, AnnotationPattern, Unread
from beacon.model.findings import Silence
from beacon.model.pattern import Bounds, VariantPattern, identity_of
from beacon.model.query import Granularity, Page, Query
from beacon.model.status import Status
from beacon.model.variant import Allele
from beacon.store import keys
from beacon.store.annotation_documents import (
    annotation_id,
    read_annotation,
    release_ids,
)
from tests.store.store_samples import CHR22, LAYOUT, load, record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.collection import Collection

    from beacon.model.counts import VariantRecord
    from beacon.model.findings import DatasetFindings
    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue
    from beacon.store.variants import VariantStore

AT = 32_914_000
SAID = Annotation(
    genes=("BRCA2", "ZAR1L"),
    effects=("SO:0001583", "SO:0001589"),
    protein_changes=("V600E", "E221Nfs*5"),
    identifiers=("rs80359550",),
    transcript_hgvs=("NM_000059.3:c.5946del", "NM_000059.3:c.67+99A>G"),
    protein_hgvs=("NP_000050.2:p.Ser1982Argfs*22",),
    clinvar="9325",
    significance=("Pathogenic",),
    conditions=("Breast_cancer",),
    unread=(Unread.PROTEIN,),
)


def said(row: VariantRecord, annotation: Annotation = SAID) -> VariantRecord:
    """Return a record with an annotation."""
    return row._replace(annotation=annotation)


@contextmanager
def kept(address: StoreAddress) -> Iterator[Collection]:
    """Give the collection of annotations."""
    with MongoClient(address.uri) as client:
        yield client[address.database]["annotations_GRCh37"]


async def found(
    store: VariantStore,
    granularity: Granularity = Granularity.RECORD,
    *names: str,
    **asked: object,
) -> list[DatasetFindings]:
    """Return what datasets say to a question about annotations of the assembly."""
    pattern = VariantPattern(
        contig=None, genome="GRCh37", annotated=AnnotationPattern(**asked)
    )
    wanted = dict.fromkeys(names or ("d",), granularity)
    return list((await store.find(Query(pattern=pattern), wanted)).datasets)


async def test_a_record_shows_what_its_file_said(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """Every part comes back whole, at record granularity and at no other."""
    long = record(AT, "A" * 2000, "A")
    load(catalogue, "d", [said(record(AT, "A", "C")), record(AT, "A", "G"), said(long)])
    pattern = VariantPattern(contig=CHR22, overlap=Bounds(low=AT, high=AT + 1))
    query = Query(pattern=pattern)
    records = await variant_store.find(query, {"d": Granularity.RECORD})
    one = Query(pattern=VariantPattern(contig=CHR22, spellings=((AT, "A", "C"),)))
    counted = await variant_store.find(one, {"d": Granularity.COUNT})

    shown = records.datasets[0].variants
    assert [v.annotation for v in shown] == [SAID, None, SAID]
    assert counted.datasets[0].variants == ()
    assert counted.datasets[0].total == 1


@pytest.mark.parametrize(
    "asked",
    [
        {"genes": ("BRCA2",)},
        {"genes": ("FANCD1", "ZAR1L")},
        {"effects": (("SO:0001583",), ("SO:0001589", "SO:0001819"))},
        {"protein_change": "V600E"},
        {"protein_change": "E221fs"},
        {"identifier": "rs80359550"},
        {"hgvs": "NM_000059.3:c.5946del"},
        {"hgvs": "NP_000050.2:p.S1982Rfs*22"},
        {"genes": ("BRCA2",), "protein_change": "V600E"},
    ],
)
async def test_an_allele_is_found_by_what_is_said_of_it(
    catalogue: Catalogue, variant_store: VariantStore, asked: dict[str, object]
) -> None:
    """Whatever its key: written out, hashed, or of the long collection."""
    long = record(AT + 50, "A" * 2000, "A")
    rows = [record(AT, "A", "C"), record(AT, "ACGTACGTACGTACGT", "A"), long]
    load(catalogue, "d", [*map(said, rows), record(AT + 9, "G", "T")])
    told = (await found(variant_store, **asked))[0]

    assert (told.status, told.total) == (Status.SEEN, 3)
    assert [v.allele.reference[:2] for v in told.variants] == ["A", "AC", "AA"]


@pytest.mark.parametrize(
    ("low", "high", "total"),
    [
        (AT, AT + 1, 3),
        (AT + 1, AT + 11, 4),
        (AT + 2, AT + 10, 3),
        (AT + 3, AT + 3, 1),
        (AT + 500, AT + 600, 1),
        (AT + 3000, AT + 4000, 0),
    ],
)
async def test_a_range_is_counted_with_what_reaches_into_it(
    catalogue: Catalogue,
    variant_store: VariantStore,
    low: int,
    high: int,
    total: int,
) -> None:
    """Indexes count what begins inside; what begins before is looked at."""
    rows = [
        record(AT, "A", "C"),
        record(AT, "ACG", "A"),
        record(AT, "A" * 2000, "A"),
        record(AT + 2, "G", "T"),
        record(AT + 10, "G", "T"),
        record(AT + 10, "G", "A", filters=("q10",)),
    ]
    load(catalogue, "d", [*map(said, rows), record(AT + 2, "G", "C")])
    pattern = VariantPattern(
        contig=CHR22,
        overlap=Bounds(low=low, high=high),
        annotated=AnnotationPattern(genes=("BRCA2",)),
    )
    counted, listed = [
        (await variant_store.find(Query(pattern=pattern), {"d": how})).datasets[0]
        for how in (Granularity.COUNT, Granularity.RECORD)
    ]

    assert counted.total == listed.total == len(listed.variants) == total


async def test_colliding_keys_do_not_exchange_annotations(
    catalogue: Catalogue,
    variant_store: VariantStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The row is found behind its salt, and compared."""
    monkeypatch.setattr(keys, "_hash_of", lambda _ref, _alt, salt: salt)
    keys._allele_bits.cache_clear()  # noqa: SLF001 (it remembers the real hash)
    one, two = "ACGTACGTACGTA", "ACGTACGTACGTC"
    load(catalogue, "first", [record(AT, one, "A")])
    row = said(record(AT, two, "A"), Annotation(genes=("TWO",)))
    other = said(record(AT, one, "A"), Annotation(genes=("ONE",)))
    load(catalogue, "d", [row, other])
    told = (await found(variant_store, genes=("TWO",)))[0]
    keys._allele_bits.cache_clear()  # noqa: SLF001

    assert [v.allele.reference for v in told.variants] == [two]
    assert [v.annotation.genes for v in told.variants] == [("TWO",)]


async def test_a_replaced_record_replaces_its_annotation(
    catalogue: Catalogue, store_address: StoreAddress
) -> None:
    """The last record of an allele is the one that is kept."""
    first, last = Annotation(genes=("FIRST",)), Annotation(genes=("LAST",))
    with catalogue.begin("d", assembly="GRCh37", layout=LAYOUT) as writer:
        writer.put([said(record(AT, "A", "C"), first)])
        writer.put([said(record(AT, "A", "C"), last)])
        publish(writer)
    with kept(store_address) as collection:
        documents = list(collection.find())

    assert [read_annotation(d) for d in documents] == [last]


def publish(writer: object) -> None:
    """Publish with as little as may be said."""
    writer.publish(
        fingerprint="f",
        genotyped=True,
        contigs=frozenset(("22",)),
        variants=1,
        sample_count=1,
        inputs=(),
        tool="test",
        options={},
        report={},
    )


@pytest.mark.usefixtures("hurried")
async def test_annotations_go_with_their_release(
    catalogue: Catalogue, store_address: StoreAddress
) -> None:
    """A removed release and a failed load leave nothing; others keep theirs."""
    rows = [said(record(AT, "A", "C"))]
    load(catalogue, "gone", rows)
    load(catalogue, "d", rows)
    catalogue.remove("gone")
    with catalogue.begin("failed", assembly="GRCh37", layout=LAYOUT) as writer:
        writer.put(rows)
    with kept(store_address) as collection:
        left = [d["v"] for d in collection.find()]

    assert left == [catalogue.dataset("d").release.number]


async def test_nothing_is_visible_before_publication(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """A release that is being written answers no question."""
    load(catalogue, "d", [said(record(AT, "A", "C"))])
    with catalogue.begin("d", assembly="GRCh37", layout=LAYOUT) as writer:
        writer.put([said(record(AT, "A", "G"))])
        told = (await found(variant_store, genes=("BRCA2",)))[0]

    assert told.total == 1


async def test_silence_is_told_from_no(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """Who is not annotated, or never names the gene, does not say "no"."""
    named = Annotation(genes=("BRAF",), effects=("SO:0001583",))
    other = Annotation(genes=("ATM",), effects=("SO:0001819",))
    load(catalogue, "d", [said(record(AT, "A", "C"), named)])
    load(catalogue, "other", [said(record(AT, "A", "C"), other)])
    load(catalogue, "bare", [record(AT, "A", "C")])
    names = ("d", "other", "bare")
    effect = await found(
        variant_store,
        Granularity.COUNT,
        *names,
        genes=("BRAF",),
        effects=(("SO:0001819",),),
    )
    nowhere = await found(variant_store, Granularity.COUNT, *names, genes=("NO",))
    change = await found(variant_store, Granularity.COUNT, protein_change="V600E")

    assert [f.status for f in effect] == [
        Status.NOT_SEEN,
        Status.NOT_COVERED,
        Status.NOT_COVERED,
    ]
    assert {f.silence for f in nowhere} == {Silence.KNOWN_NOWHERE}
    assert {f.status for f in nowhere} == {Status.NO_ANSWER}
    assert [f.silence for f in change] == [Silence.NOT_ANNOTATED]


async def test_what_only_failed_records_declare_is_no_no(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """The allele's filters are told, and the dataset does not cover it."""
    load(catalogue, "d", [said(record(AT, "A", "C", filters=("q10",)))])
    told = (await found(variant_store, Granularity.COUNT, genes=("BRCA2",)))[0]

    assert (told.status, told.place.filters) == (Status.NOT_COVERED, ("q10",))


async def test_another_version_is_told(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """A transcript's name is found in any version; a deep intron's, not at all."""
    load(catalogue, "d", [said(record(AT, "A", "C"))])
    same, other, deep = [
        (await found(variant_store, hgvs=name))[0]
        for name in (
            "NM_000059.3:c.5946del",
            "NM_000059.4:c.5946del",
            "NM_000059.3:c.67+99A>G",
        )
    ]

    assert (same.total, same.is_other_version) == (1, False)
    assert (other.total, other.is_other_version) == (1, True)
    assert deep.status is Status.NO_ANSWER


async def test_pages_of_a_gene_follow_the_genome(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """Thousands of alleles are counted, and a page holds its own."""
    rows = [said(record(AT + n, "A", "C")) for n in range(2500)]
    load(catalogue, "d", [*reversed(rows), said(record(AT, "A", "C", rank=21))])
    pattern = VariantPattern(
        contig=None, genome="GRCh37", annotated=AnnotationPattern(genes=("BRCA2",))
    )
    query = Query(pattern=pattern, page=Page(skip=2, limit=1000))
    told = (await variant_store.find(query, {"d": Granularity.RECORD})).datasets[0]

    assert told.total == 2501
    assert [v.allele.start for v in told.variants] == list(range(AT + 1999, AT + 2500))


@pytest.mark.parametrize(
    "where",
    [
        {"v": {"$in": [1, 2]}, "g": {"$in": ["BRCA2"]}},
        {"v": {"$in": [1]}, "e": {"$in": ["SO:0001583"]}, "c": 22, "s": {"$lt": AT}},
        {"v": {"$in": [1]}, "p": {"$in": ["V600E"]}},
        {"v": {"$in": [1]}, "x": "rs80359550"},
        {"v": {"$in": [1]}, "h": "NM_000059:c.5946del"},
        {"v": 1, "w": {"$in": ["whole", "protein"]}},
        {"_id": {"$gte": release_ids(1)[0], "$lt": release_ids(1)[1]}},
    ],
)
def test_every_question_has_an_index(
    catalogue: Catalogue, store_address: StoreAddress, where: dict[str, object]
) -> None:
    """No collection is walked, and what an index finds need not be sorted."""
    load(catalogue, "d", [said(record(AT, "A", "C"))])
    with kept(store_address) as collection:
        plan = collection.find(where).sort([("c", 1), ("s", 1)]).explain()

    stages = str(plan["queryPlanner"]["winningPlan"])
    assert "COLLSCAN" not in stages
    assert "IXSCAN" in stages


def test_ids_are_in_genome_order_within_a_release() -> None:
    """Release first, then contig, start, and a digest of the rest."""
    low, high = release_ids(7)
    ids = [
        annotation_id(7, 1, 5, 6, "A", "C"),
        annotation_id(7, 1, 300_000_000 - 1, 300_000_000, "A", "C"),
        annotation_id(7, 2, 0, 1, "A", "C"),
    ]

    assert ids == sorted(ids)
    assert all(low <= one < high for one in ids)
    assert annotation_id(7, 1, 5, 6, "A", "G") != ids[0]


async def test_an_id_shows_the_annotation(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """Asked for by its own id, a record is whole."""
    load(catalogue, "d", [said(record(AT, "A", "C"))])
    allele = Allele(contig=CHR22, start=AT, end=AT + 1, reference="A", alternate="C")
    pattern = VariantPattern(
        contig=CHR22,
        identity=identity_of(allele),
        start=Bounds(low=AT, high=AT + 1),
    )
    told = await variant_store.find(Query(pattern=pattern), {"d": Granularity.RECORD})

    assert told.datasets[0].variants[0].annotation == SAID
