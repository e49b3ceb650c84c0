"""Questions by name: rs numbers and VRS ids, asked of every dataset."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from beacon.ingest import LoadRequest, load_variants
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.errors import InvalidRequest, UsageError
from beacon.model.notation import parse
from beacon.model.profile import Profile
from beacon.model.query import Granularity, Page, Query
from beacon.model.requester import ANONYMOUS
from beacon.model.status import Status
from beacon.model.variant import sequence_allele
from beacon.model.vrs import vrs_ids
from beacon.policy.policy import OPEN
from beacon.service import LocalBeacon
from beacon.store.keys import encode, long_key
from loaders import LoadOptions
from loaders.reference import FastaReference
from tests.policy_samples import tiered
from tests.store.store_samples import load, record

if TYPE_CHECKING:
    from pathlib import Path

    from beacon.model.disclosure import Disclosure
    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue
    from beacon.store.variants import VariantStore

MT = ASSEMBLIES["GRCh37"].contigs[24]
START_OF_MT = "GCACACACATTTACGGATTACA"
HEAD = (
    "##fileformat=VCFv4.3\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1\tP2\n"
)
LINES = {
    "one": ["7\t.\tACA\tA", "11\t.\tT\tC,G", "15\t.\tG\tA"],
    "two": ["11\t.\tT\tC", "15\t.\tG\tT"],
}


@pytest.fixture
def genome(tmp_path: Path) -> Path:
    """A mitochondrion that begins with a repeat."""
    path = tmp_path / "mt.fa"
    path.write_text(f">MT\n{START_OF_MT}{'N' * (MT.length - len(START_OF_MT))}\n")
    return path


@pytest.fixture
def loaded(catalogue: Catalogue, tmp_path: Path, genome: Path) -> dict[str, int]:
    """Load two datasets with their VRS ids; give the numbers of their releases."""
    numbers = {}
    for name, lines in LINES.items():
        path = tmp_path / f"{name}.vcf"
        genotypes = [f"MT\t{x}\t.\t.\t.\tGT\t1\t{x.count(',') + 1}\n" for x in lines]
        path.write_text(HEAD + "".join(genotypes))
        request = LoadRequest(
            dataset=name,
            paths=(path,),
            options=LoadOptions(assembly="GRCh37"),
            references={"GRCh37": genome},
            keeps_vrs_ids=True,
        )
        release = load_variants(catalogue, request).release
        assert release is not None
        numbers[name] = release.number
    return numbers


@pytest.fixture
def beacon(
    loaded: dict[str, int], variant_store: VariantStore, genome: Path
) -> LocalBeacon:
    """Give the beacon over those datasets, open to everybody."""
    references = {"GRCh37": FastaReference(genome, "GRCh37")}
    return LocalBeacon(variant_store, OPEN, references=references, deadline=5)


@pytest.fixture
def annotated(loaded: dict[str, int], store_address: StoreAddress) -> None:
    """Say that dataset one calls its alleles rs1, rs2 and rs3."""
    alleles = [("rs1", 4, "A", "C"), ("rs2", 10, "T", "C"), ("rs2", 10, "T", "G")]
    documents = [
        {"v": loaded["one"], "c": 25, "k": encode(25, start, ref, alt), "s": start}
        | {"x": [name, f"{name}0"]}
        for name, start, ref, alt in (*alleles, ("rs3", 14, "G", "A"))
    ]
    with MongoClient(store_address.uri) as client:
        client[store_address.database]["annotations_GRCh37"].insert_many(documents)


def question(text: str, **more: object) -> Query:
    """Return the question a name asks."""
    pattern = parse(text, assembly="GRCh37", loaded=(), references={})
    return Query(pattern=pattern, granularity=Granularity.RECORD, **more)  # type: ignore[arg-type]


def words(answer: Disclosure) -> dict[str, Status]:
    """Return the word each dataset said."""
    return {part.dataset: part.status for part in answer.datasets}


def names(answer: Disclosure) -> list[tuple[int, str, str]]:
    """Return the alleles an answer is about."""
    return [
        (a.allele.start, a.allele.reference, a.allele.alternate) for a in answer.alleles
    ]


@pytest.mark.usefixtures("annotated")
async def test_one_allele_is_answered_with_its_counts(beacon: LocalBeacon) -> None:
    """A name of one allele is that allele, also to a dataset that lacks the name."""
    answer = await beacon.answer(question("rs3"), ANONYMOUS)
    one, two = answer.datasets

    assert names(answer) == [(14, "G", "A")]
    assert words(answer) == {"one": Status.SEEN, "two": Status.NOT_SEEN}
    assert one.counts is not None
    assert two.counts is not None
    assert (one.counts.ac, one.counts.an) == (2, 2)
    assert (two.counts.ac, two.counts.an) == (0, 2)


@pytest.mark.usefixtures("annotated")
async def test_every_allele_of_a_name_is_asked_of_every_dataset(
    beacon: LocalBeacon,
) -> None:
    """Several alleles have an answer each, and one word over them."""
    answer = await beacon.answer(question("RS2"), ANONYMOUS)
    parts = [words(named.disclosure) for named in answer.alleles]

    assert names(answer) == [(10, "T", "C"), (10, "T", "G")]
    assert words(answer) == {"one": Status.SEEN, "two": Status.SEEN}
    assert parts == [
        {"one": Status.SEEN, "two": Status.SEEN},
        {"one": Status.SEEN, "two": Status.NOT_SEEN},
    ]
    assert [part.counts for part in answer.datasets] == [None, None]
    assert [part.total for part in answer.datasets] == [2, 1]
    assert answer.warnings == ("rs2 names 2 alleles here.",)


@pytest.mark.parametrize(
    ("narrowing", "alleles"),
    [
        ({"variant_type": "SNP"}, [(10, "T", "C")]),
        ({"variant_type": "DEL"}, [(6, "ACA", "A")]),
        ({"min_length": 2}, [(6, "ACA", "A")]),
        ({"max_length": 1}, [(10, "T", "C")]),
    ],
)
async def test_type_and_length_narrow_the_alleles_of_a_name(
    beacon: LocalBeacon,
    loaded: dict[str, int],
    store_address: StoreAddress,
    narrowing: dict[str, object],
    alleles: list[tuple[int, str, str]],
) -> None:
    """Of the alleles of a name, those are asked that are what else is asked."""
    documents = [
        {"v": loaded["one"], "c": 25, "k": encode(25, *a), "s": a[0], "x": ["rs8"]}
        for a in ((6, "ACA", "A"), (10, "T", "C"))
    ]
    with MongoClient(store_address.uri) as client:
        client[store_address.database]["annotations_GRCh37"].insert_many(documents)
    asked = question("rs8")
    assert asked.pattern is not None
    answer = await beacon.answer(
        replace(asked, pattern=replace(asked.pattern, **narrowing)),  # type: ignore[arg-type]
        ANONYMOUS,
    )

    assert names(answer) == alleles
    assert answer.status is Status.SEEN
    assert "1 of the 2 alleles" in answer.warnings[-1]


@pytest.mark.parametrize("narrowing", [{"variant_type": "DEL"}, {"min_length": 50}])
@pytest.mark.usefixtures("annotated")
async def test_a_name_of_another_type_is_not_seen(
    beacon: LocalBeacon, narrowing: dict[str, object]
) -> None:
    """As for the allele itself: rs3 is a substitution, and no deletion."""
    asked = question("rs3")
    assert asked.pattern is not None
    answer = await beacon.answer(
        replace(asked, pattern=replace(asked.pattern, **narrowing)),  # type: ignore[arg-type]
        ANONYMOUS,
    )

    assert words(answer) == {"one": Status.NOT_SEEN, "two": Status.NOT_SEEN}
    assert answer.alleles == ()
    assert "0 of the 1 alleles" in answer.warnings[-1]


@pytest.mark.parametrize(
    ("alternate", "span"), [("A" * 12, 1), ("C", 1200)], ids=["hashed", "long"]
)
async def test_alleles_of_every_length_have_names(
    catalogue: Catalogue,
    variant_store: VariantStore,
    store_address: StoreAddress,
    alternate: str,
    span: int,
) -> None:
    """A hashed allele is told by its annotation, a long one by its row."""
    reference = "T" + "G" * (span - 1)
    release = load(catalogue, "d", [record(99, reference, alternate)])
    document = {"v": release.number, "c": 22, "s": 99, "x": ["rs7"]}
    if span == 1:
        key: object = encode(22, 99, reference, alternate, salt=3)
        document |= {"k": key, "r": reference, "a": alternate}
    else:
        document["k"] = long_key(22, 99, 99 + span, reference, alternate)
    with MongoClient(store_address.uri) as client:
        client[store_address.database]["annotations_GRCh37"].insert_one(document)
    found = await variant_store.alleles_named("rs7", "GRCh37", ["d"])

    assert [(a.start, a.reference, a.alternate) for a in found] == [
        (99, reference, alternate)
    ]


@pytest.mark.usefixtures("annotated")
async def test_a_page_is_taken_over_all_alleles(beacon: LocalBeacon) -> None:
    """Records of several alleles are paged as one list."""
    pages = [
        await beacon.answer(question("rs2", page=Page(skip=skip, limit=1)), ANONYMOUS)
        for skip in range(3)
    ]
    shown = [[v.allele.alternate for v in p.datasets[0].variants] for p in pages]

    assert shown == [["C"], ["G"], []]


@pytest.mark.usefixtures("annotated")
async def test_a_dataset_that_is_not_asked_may_know_the_name(
    beacon: LocalBeacon,
) -> None:
    """Only the dataset asked answers, by what another one calls the allele."""
    answer = await beacon.answer(question("rs2", datasets=("two",)), ANONYMOUS)

    assert words(answer) == {"two": Status.SEEN}
    assert names(answer) == [(10, "T", "C"), (10, "T", "G")]


@pytest.mark.parametrize("name", ["rs99", f"ga4gh:VA.{'A' * 32}"])
@pytest.mark.usefixtures("annotated")
async def test_a_name_nobody_knows_is_no_answer(beacon: LocalBeacon, name: str) -> None:
    """It never reads as "not seen", and a sentence says what to do."""
    answer = await beacon.answer(question(name), ANONYMOUS)

    assert set(words(answer).values()) == {Status.NO_ANSWER}
    assert answer.status is Status.NO_ANSWER
    assert "give position, REF and ALT" in answer.warnings[0]


async def test_nothing_loaded_for_the_assembly_is_not_asked(
    beacon: LocalBeacon,
) -> None:
    """A name on another assembly is asked of nobody."""
    pattern = parse("rs3", assembly="GRCh38", loaded=(), references={})
    answer = await beacon.answer(Query(pattern=pattern), ANONYMOUS)

    assert answer.status is Status.NOT_ASKED


@pytest.mark.parametrize(
    ("spelled", "kept"),
    [
        ((10, "T", "G"), (10, "T", "G")),
        ((3, "CAC", "C"), (0, "GCA", "G")),
        ((6, "ACA", "A"), (0, "GCA", "G")),
    ],
)
async def test_both_vrs_ids_of_any_spelling_find_the_allele(
    beacon: LocalBeacon, spelled: tuple[int, str, str], kept: tuple[int, str, str]
) -> None:
    """VRS 2 and VRS 1.3 ids name the allele as it is kept."""
    ids = vrs_ids(sequence_allele(MT, *spelled), beacon.references["GRCh37"])
    assert ids is not None
    answers = [
        await beacon.answer(question(f"ga4gh:VA.{digest}"), ANONYMOUS) for digest in ids
    ]

    assert ids.v1 != ids.v2
    assert [names(answer) for answer in answers] == [[kept], [kept]]
    assert {answer.status for answer in answers} == {Status.SEEN}


@pytest.mark.parametrize("spelled", [(10, "T", "G"), (0, "GCA", "G")])
async def test_a_vrs_id_with_another_end_is_no_answer(
    beacon: LocalBeacon, spelled: tuple[int, str, str]
) -> None:
    """All of it is compared, also letters that the store does not keep."""
    ids = vrs_ids(sequence_allele(MT, *spelled), beacon.references["GRCh37"])
    assert ids is not None
    last = "A" if ids.v2[-1] != "A" else "-"
    wrong = [ids.v2[:-1] + last, ids.v2[:12] + ids.v2[12:].swapcase()]
    answers = [
        await beacon.answer(question(f"ga4gh:VA.{digest}"), ANONYMOUS)
        for digest in wrong
    ]

    assert [answer.status for answer in answers] == [Status.NO_ANSWER] * 2
    assert "is not among the VRS ids" in answers[0].warnings[0]


async def test_without_a_reference_a_vrs_id_is_compared_as_far_as_can_be(
    beacon: LocalBeacon, variant_store: VariantStore
) -> None:
    """A substitution needs no reference; of a deletion the answer says the doubt."""
    bare = LocalBeacon(variant_store, OPEN, references={}, deadline=5)
    told = []
    for spelled in ((10, "T", "G"), (0, "GCA", "G")):
        ids = vrs_ids(sequence_allele(MT, *spelled), beacon.references["GRCh37"])
        assert ids is not None
        for digest in (ids.v2, ids.v2[:12] + ids.v2[12:].swapcase()):
            answer = await bare.answer(question(f"ga4gh:VA.{digest}"), ANONYMOUS)
            doubt = any("first letters" in said for said in answer.warnings)
            told.append((answer.status, doubt))

    assert told == [
        (Status.SEEN, False),
        (Status.NO_ANSWER, False),
        (Status.SEEN, True),
        (Status.SEEN, True),
    ]


async def test_ids_of_a_removed_release_are_forgotten(
    catalogue: Catalogue, beacon: LocalBeacon, store_address: StoreAddress
) -> None:
    """Removing a dataset removes what its ids named."""
    catalogue.remove("one")
    ids = vrs_ids(sequence_allele(MT, 10, "T", "G"), beacon.references["GRCh37"])
    assert ids is not None
    answer = await beacon.answer(question(f"ga4gh:VA.{ids.v2}"), ANONYMOUS)
    with MongoClient(store_address.uri) as client:
        kept = client[store_address.database]["vrs_GRCh37"].distinct("v")

    assert words(answer) == {"two": Status.NO_ANSWER}
    assert len(kept) == 1


async def test_a_name_of_too_many_alleles_is_refused(
    beacon: LocalBeacon, store_address: StoreAddress, loaded: dict[str, int]
) -> None:
    """Nobody can read hundreds of alleles, and no store is kept busy with them."""
    bases = [
        a + b + c + d for a in "ACGT" for b in "ACGT" for c in "ACGT" for d in "ACGT"
    ]
    keys = [encode(25, 2, "A", f"A{alt}") for alt in bases]
    with MongoClient(store_address.uri) as client:
        client[store_address.database]["annotations_GRCh37"].insert_many(
            [{"v": loaded["one"], "c": 25, "k": k, "s": 2, "x": ["rs5"]} for k in keys]
        )

    with pytest.raises(InvalidRequest, match="more than 100 alleles"):
        await beacon.answer(question("rs5"), ANONYMOUS)


@pytest.mark.usefixtures("annotated")
async def test_names_asked_together_are_answered_each(
    beacon: LocalBeacon, store_address: StoreAddress, loaded: dict[str, int]
) -> None:
    """One of too many alleles hides no other, and every name has its own answer."""
    bases = [
        a + b + c + d for a in "ACGT" for b in "ACGT" for c in "ACGT" for d in "ACGT"
    ]
    documents = [
        {"v": loaded["one"], "c": 25, "s": start, "x": ["rs10"]}
        | {"k": encode(25, start, "A", f"A{alt}")}
        for start in range(2, 10)
        for alt in bases
    ]
    with MongoClient(store_address.uri) as client:
        annotations = client[store_address.database]["annotations_GRCh37"]
        annotations.create_index([("v", 1), ("x", 1), ("c", 1), ("s", 1)])
        annotations.insert_many(documents)
    asked = ["rs10", "rs1", "rs10", "rs2", "rs99", "rs3", "rs30", "rs3"]
    answers = await asyncio.gather(
        *(beacon.answer(question(name), ANONYMOUS) for name in asked),
        return_exceptions=True,
    )
    told = [
        "refused" if isinstance(each, InvalidRequest) else names(each)  # type: ignore[arg-type]
        for each in answers
    ]
    third = [(14, "G", "A")]

    assert told == [
        "refused",
        [(4, "A", "C")],
        "refused",
        [(10, "T", "C"), (10, "T", "G")],
        [],
        third,
        third,
        third,
    ]


def test_vrs_ids_need_a_reference(catalogue: Catalogue, tmp_path: Path) -> None:
    """Where none is at hand the load is refused, and nothing is stored."""
    path = tmp_path / "x.vcf"
    path.write_text(HEAD + "MT\t11\t.\tT\tC\t.\t.\t.\tGT\t1\t1\n")
    request = LoadRequest(
        dataset="x",
        paths=(path,),
        options=LoadOptions(assembly="GRCh37"),
        references={},
        keeps_vrs_ids=True,
    )

    with pytest.raises(UsageError, match="needs the reference of GRCh37"):
        load_variants(catalogue, request)
    with pytest.raises(UsageError, match="T2T-CHM13 are not known"):
        load_variants(
            catalogue,
            replace(
                request,
                options=LoadOptions(assembly="T2T-CHM13"),
                reference=path,
            ),
        )
    assert catalogue.datasets() == ()


@pytest.mark.parametrize(
    ("least", "name", "expected"),
    [
        (2, "rs2", [(10, "T", "C")]),
        (2, "rs3", [(14, "G", "A")]),
        (3, "rs2", None),
        (3, "rs3", None),
        (3, "rs99", None),
    ],
)
async def test_what_is_hidden_is_not_named(
    variant_store: VariantStore,
    annotated: None,
    least: int,
    name: str,
    expected: list[tuple[int, str, str]] | None,
) -> None:
    """An allele that no dataset shows answers like a name that nobody carries."""
    del annotated
    profile = Profile(name="t", min_count=least)
    profiles = {"one": profile, "two": profile}
    policy = tiered(Granularity.COUNT, profiles, queries=frozenset({"allele"}))
    strict = LocalBeacon(variant_store, policy, references={}, deadline=5)
    answer = await strict.answer(question(name), ANONYMOUS)
    sentence = (
        f"{name} is not among the rsIDs of what is loaded; give position, REF and ALT."
    )

    if expected is None:
        assert answer.warnings == (sentence,)
        assert answer.alleles == ()
    else:
        assert expected == names(answer)
