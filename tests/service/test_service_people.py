"""Somebody left out, and people by columns: as exact as a load of the others."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from beacon.ingest import Journal, LoadRequest, load_variants, withdraw
from beacon.model.errors import InvalidRequest
from beacon.model.notation import parse
from beacon.model.query import Granularity, Query
from beacon.model.requester import ANONYMOUS, OPERATOR
from beacon.model.status import Status
from beacon.policy.policy import OPEN, Policy
from beacon.service import LocalBeacon
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore
from loaders import LoadOptions
from tests.service.people_samples import HEAD, PEOPLE, Record, load

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from beacon.model.disclosure import DatasetDisclosure, Disclosure
    from beacon.model.grouped import PeopleGroup
    from beacon.store.connection import StoreAddress

DIPLOID = ("0/0", "0|1", "1/1", "1/2", "./.", "./1", "0/2")
ANY = (*DIPLOID, "0", "1", ".")


@st.composite
def records(draw: st.DrawFn) -> list[Record]:
    """Draw a small file: places on an autosome and on X, some filtered."""
    found = []
    for chromosome, genotypes in (("22", DIPLOID), ("X", ANY)):
        for step in range(draw(st.integers(1, 3))):
            each = st.sampled_from(genotypes)
            found.append(
                Record(
                    chromosome=chromosome,
                    pos=20_000_000 + 10 * step,
                    reference="A",
                    alternates="G,C",
                    genotypes=tuple(draw(each) for _ in PEOPLE),
                    filters=draw(st.sampled_from(("PASS", "PASS", "LowQual"))),
                )
            )
    return found


def question(text: str, **more: object) -> Query:
    """Return the question a text asks, with all its counts."""
    pattern = parse(text, assembly="GRCh37", loaded=(), references={})
    return Query(pattern=pattern, granularity=Granularity.RECORD, **more)  # type: ignore[arg-type]


def told(part: DatasetDisclosure) -> DatasetDisclosure:
    """Return what a dataset says, whichever it is, of groups that were called."""
    variants = tuple(
        replace(v, groups=tuple(g for g in v.groups if g.counts.an))
        for v in part.variants
    )
    return replace(
        part, dataset="", name="", release=None, released=None, variants=variants
    )


@settings(
    max_examples=10,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(lines=records(), gone=st.sets(st.sampled_from(("I1", "I3", "I4")), min_size=1))
async def test_leaving_out_is_loading_without(
    catalogue: Catalogue,
    store_address: StoreAddress,
    tmp_path: Path,
    lines: list[Record],
    gone: set[str],
) -> None:
    """Every answer without some people is that of a load of the others."""
    regions = tmp_path / "callable.bed"
    regions.write_text("22\t19999990\t20000015\nX\t19999990\t20000015\n")
    load(catalogue, tmp_path, "all", lines, callable_regions=regions)
    left = {"callable_regions": regions, "excluded": frozenset(gone)}
    load(catalogue, tmp_path, "some", lines, **left)
    asked = [text for line in lines for text in line.spelled]
    asked += ["22-20000003-T-G", "X-20000003-T-G", "22-20000017-T-G"]
    store = await VariantStore.open(store_address)
    try:
        beacon = LocalBeacon(store, OPEN, references={}, deadline=5)
        for text in asked:
            without = question(text, datasets=("all",), excluded=tuple(gone))
            (one,) = (await beacon.answer(without, OPERATOR)).datasets
            others = question(text, datasets=("some",))
            (other,) = (await beacon.answer(others, OPERATOR)).datasets

            assert told(other) == told(one), text
            assert one.sample_count == len(PEOPLE) - len(gone)

            grouped = replace(without, by=("city", "sex"))
            (part,) = (await beacon.answer(grouped, OPERATOR)).datasets

            assert replace(part, groups=()) == one
            assert adds_up(part), text
    finally:
        await store.close()


async def test_people_of_all_parts_are_left_out(
    catalogue: Catalogue, variant_store: VariantStore, tmp_path: Path
) -> None:
    """Of a release that was appended to, whoever is in either part."""
    chance = random.Random(5)  # noqa: S311 - genotypes, not keys
    gone = frozenset({"I1", "P6"})
    for name, excluded in (("all", frozenset()), ("some", gone)):
        chance.seed(5)
        for appends, people in ((False, PEOPLE), (True, ("P5", "P6", "P7"))):
            lines = [
                Record(
                    chromosome="22",
                    pos=20_000_000 + 10 * step + 5 * appends * (step == 0),
                    reference="A",
                    alternates="G,C",
                    genotypes=tuple(chance.choice(DIPLOID) for _ in people),
                )
                for step in range(6)
            ]
            load(
                catalogue,
                tmp_path,
                name,
                lines,
                people,
                appends=appends,
                excluded=excluded,
            )
    beacon = LocalBeacon(variant_store, OPEN, references={}, deadline=5)
    for text in [text for line in lines for text in line.spelled]:
        asked = question(text, datasets=("all",), excluded=tuple(gone))
        (one,) = (await beacon.answer(replace(asked, by=("sex",)), OPERATOR)).datasets
        (other,) = (
            await beacon.answer(question(text, datasets=("some",)), OPERATOR)
        ).datasets

        assert told(other) == told(replace(one, groups=())), text
        assert adds_up(one), text
        assert one.sample_count == 5


class Killed(Exception):
    """Ends a withdrawal as a kill would."""


def killed(_: object) -> None:
    """End a withdrawal when counts have changed, and nothing else has."""
    raise Killed


async def test_who_withdrew_is_gone_before_they_are_erased(
    catalogue: Catalogue, variant_store: VariantStore, tmp_path: Path
) -> None:
    """Nobody is taken away twice, and no group holds who is in no count."""
    load(catalogue, tmp_path, "people", LINES)
    with pytest.raises(Killed):
        withdraw(catalogue, Journal(tmp_path), "people", ["I1"], told=killed)
    beacon = LocalBeacon(variant_store, OPEN, references={}, deadline=5)
    by_sex = await beacon.answer(question(SEEN, by=("sex",)), OPERATOR)
    without = await beacon.answer(question(SEEN, excluded=("I2",)), OPERATOR)
    again = await beacon.answer(question(SEEN, excluded=("I1",)), OPERATOR)

    assert group_rows(by_sex.datasets[0].groups) == {
        "F": (2, 1, 2, 0, 1),
        "M": (1, 0, 2, 0, 0),
    }
    assert words(without) == {"people": "not_seen 0/2"}
    assert words(again) == {"people": "no_answer"}


def adds_up(part: DatasetDisclosure) -> bool:
    """Whether the groups of a dataset are its counts, wherever those are known."""
    counts = part.counts
    if counts is None or counts.an is None:
        return not part.groups
    sums = [
        sum(getattr(group.counts, name) for group in part.groups)
        for name in ("ac", "an", "hom", "het", "hemi")
    ]
    return sums == [counts.ac, counts.an, counts.hom, counts.het, counts.hemi]


LINES = [
    Record(
        chromosome="22",
        pos=20_000_000,
        reference="A",
        alternates="G",
        genotypes=("1/1", "0/1", "0/0", "./."),
        name="rs1",
    ),
    Record(
        chromosome="22",
        pos=20_000_010,
        reference="A",
        alternates="G",
        genotypes=("0/1", "./.", "./.", "./."),
    ),
]
SEEN, ALONE = "22-20000000-A-G", "22-20000010-A-G"


@pytest.fixture(scope="module")
def loaded(
    shared_address: Callable[[str], StoreAddress],
    tmp_path_factory: pytest.TempPathFactory,
) -> StoreAddress:
    """Load people, the same as counts alone, and other people."""
    address = shared_address("people")
    folder = tmp_path_factory.mktemp("people")
    with Catalogue(address) as catalogue:
        load(catalogue, folder, "people", LINES)
        load(catalogue, folder, "counts", LINES, keeps_people=False)
        load(catalogue, folder, "others", LINES[:1], ("Q1", "Q2", "Q3", "Q4"))
    return address


@pytest.fixture
async def store(loaded: StoreAddress) -> AsyncIterator[VariantStore]:
    """Give the store of those datasets, which no test changes."""
    opened = await VariantStore.open(loaded)
    yield opened
    await opened.close()


@pytest.fixture
def beacon(store: VariantStore) -> LocalBeacon:
    """Give the beacon over those datasets, open to everybody."""
    return LocalBeacon(store, OPEN, references={}, deadline=5)


def words(answer: Disclosure) -> dict[str, str]:
    """Return the word of each dataset, with its AC and AN."""
    return {
        part.dataset: str(part.status)
        if part.counts is None
        else f"{part.status} {part.counts.ac}/{part.counts.an}"
        for part in answer.datasets
    }


async def test_somebody_is_left_out_where_they_are(beacon: LocalBeacon) -> None:
    """Their dataset counts the others; one that knows nobody says so."""
    answer = await beacon.answer(question(SEEN, excluded=("I1",)), ANONYMOUS)

    assert words(answer) == {
        "counts": "seen 3/6",
        "others": "seen 3/6",
        "people": "seen 1/4",
    }
    assert answer.warnings == (
        "Of some datasets only counts are kept, and no individuals, so nobody is left"
        " out there: counts.",
    )


async def test_the_only_carrier_left_out_is_a_no(beacon: LocalBeacon) -> None:
    """Without the own case nobody carries it, and nobody else was called."""
    alone = question(ALONE, excluded=("I1",), datasets=("people",))
    name = question("rs1", excluded=("I1", "I2"), datasets=("people",))

    assert words(await beacon.answer(alone, ANONYMOUS)) == {"people": "not_covered"}
    assert words(await beacon.answer(name, ANONYMOUS)) == {"people": "not_seen 0/2"}


async def test_a_sample_means_its_individual(beacon: LocalBeacon) -> None:
    """The name of a sample leaves out whose it is."""
    asked = question(SEEN, excluded=("P1",), datasets=("people",))

    assert words(await beacon.answer(asked, ANONYMOUS)) == {"people": "seen 1/4"}


async def test_nobody_of_that_name_is_no_answer(beacon: LocalBeacon) -> None:
    """A count that may hold the own case is never given."""
    answer = await beacon.answer(question(SEEN, excluded=("I1", "I9")), ANONYMOUS)

    assert set(words(answer).values()) == {"no_answer"}
    assert answer.warnings == (
        "No dataset here holds an individual I9 to be left out.",
    )


async def test_who_may_not_name_individuals_learns_nothing(
    beacon: LocalBeacon, store: VariantStore
) -> None:
    """Whether somebody is there is not told; counts by columns neither."""
    policy = Policy(individuals=False)
    strict = LocalBeacon(store, policy, references={}, deadline=5)
    known = await strict.answer(question(SEEN, excluded=("I1",)), ANONYMOUS)
    unknown = await strict.answer(question(SEEN, excluded=("I9",)), ANONYMOUS)
    ours = await strict.answer(question(SEEN, excluded=("I1",)), OPERATOR)

    assert set(words(known).values()) == {"withheld"}
    assert known == unknown
    assert ours.status is Status.SEEN


@pytest.mark.parametrize("text", ["22:20000000-20000010", "22:1-2000 DEL"])
async def test_only_one_allele_is_asked_without_somebody(
    beacon: LocalBeacon, text: str
) -> None:
    """Over a range it is refused, never ignored."""
    with pytest.raises(InvalidRequest, match="where one allele is asked for"):
        await beacon.answer(question(text, excluded=("I1",)), OPERATOR)
    with pytest.raises(InvalidRequest, match="where one allele is asked for"):
        await beacon.answer(question(text, by=("sex",)), OPERATOR)


def group_rows(groups: tuple[PeopleGroup, ...]) -> dict[str, tuple[int | None, ...]]:
    """Return people, AC, AN, homozygotes and heterozygotes of groups."""
    return {
        g.label: (g.people, g.counts.ac, g.counts.an, g.counts.hom, g.counts.het)
        for g in groups
        if g.counts is not None
    }


async def test_people_are_counted_by_columns(beacon: LocalBeacon) -> None:
    """Columns are crossed; homozygotes among the affected are one of them."""
    asked = question(SEEN, by=("Status", "gender"), datasets=("people",))
    (part,) = (await beacon.answer(asked, OPERATOR)).datasets

    assert group_rows(part.groups) == {
        "affected_F": (1, 1, 2, 0, 1),
        "affected_M": (1, 2, 2, 1, 0),
        "unaffected_M": (1, 0, 2, 0, 0),
        "unknown_F": (1, 0, 0, 0, 0),
    }


async def test_a_dataset_of_counts_has_no_groups(beacon: LocalBeacon) -> None:
    """It answers as always, and the answer says that it has none."""
    answer = await beacon.answer(question(SEEN, by=("sex",)), OPERATOR)
    groups = {part.dataset: group_rows(part.groups) for part in answer.datasets}

    assert groups["counts"] == {}
    assert groups["others"] == {"unknown": (4, 3, 6, 1, 1)}
    assert "so there are no groups: counts." in answer.warnings[0]


async def test_a_column_nobody_has_is_an_error(beacon: LocalBeacon) -> None:
    """The sentence names the columns that there are."""
    with pytest.raises(InvalidRequest, match="town: there are city, population, sex"):
        await beacon.answer(question(SEEN, by=("town",)), OPERATOR)


GVCF = HEAD.replace(
    "##FORMAT=<ID=GT",
    '##INFO=<ID=END,Number=1,Type=Integer,Description="End">\n##FORMAT=<ID=GT',
)


@pytest.mark.parametrize(
    ("is_old", "expected"),
    [
        (False, ["not_seen 0/4", "not_covered"]),
        (True, ["not_seen 0/None", "no_answer"]),
    ],
)
async def test_blocks_are_asked_without_somebody(
    catalogue: Catalogue,
    variant_store: VariantStore,
    store_address: StoreAddress,
    tmp_path: Path,
    is_old: bool,
    expected: list[str],
) -> None:
    """The others' copies answer; where who is covered is not kept, no AN is said."""
    paths = []
    for name, end in (("P1", 300), ("P2", 200), ("P3", 200)):
        path = tmp_path / f"{name}.g.vcf"
        block = f"22\t20000101\t.\tA\t<NON_REF>\t.\t.\tEND=20000{end}\tGT\t0/0\n"
        path.write_text(f"{GVCF}{name}\n{block}")
        paths.append(path)
    request = LoadRequest(
        dataset="blocks",
        paths=tuple(paths),
        options=LoadOptions(assembly="GRCh37"),
        references={},
    )
    load_variants(catalogue, request)
    if is_old:
        with MongoClient(store_address.uri) as client:
            releases = client[store_address.database]["releases"]
            releases.update_many({}, {"$unset": {"parts.0.has_reach": ""}})
    beacon = LocalBeacon(variant_store, OPEN, references={}, deadline=5)
    places = ("22-20000150-A-G", "22-20000250-A-G")
    asked = [question(text, excluded=("P1",)) for text in places]
    answers = [await beacon.answer(query, OPERATOR) for query in asked]
    whole = [await beacon.answer(question(text), OPERATOR) for text in places]

    assert [words(answer)["blocks"] for answer in whole] == [
        "not_seen 0/6",
        "not_seen 0/2",
    ]
    assert [words(answer)["blocks"] for answer in answers] == expected


async def test_blocks_over_some_of_a_column_are_no_groups(
    catalogue: Catalogue, variant_store: VariantStore, tmp_path: Path
) -> None:
    """Whom they cover is not guessed from how many they are."""
    paths = []
    for name, end in (("P1", 300), ("P2", 200)):
        path = tmp_path / f"{name}.g.vcf"
        block = f"22\t20000101\t.\tA\t<NON_REF>\t.\t.\tEND=20000{end}\tGT\t0/0\n"
        path.write_text(f"{GVCF}{name}\n{block}")
        paths.append(path)
    table = tmp_path / "samples.tsv"
    table.write_text("sample\tstatus\nP1\taffected\nP2\tunaffected\n")
    request = LoadRequest(
        dataset="blocks",
        paths=tuple(paths),
        options=LoadOptions(assembly="GRCh37", samples=table),
        references={},
    )
    load_variants(catalogue, request)
    beacon = LocalBeacon(variant_store, OPEN, references={}, deadline=5)
    both, one = [
        await beacon.answer(question(text, by=("status",)), OPERATOR)
        for text in ("22-20000150-A-G", "22-20000250-A-G")
    ]
    called = [
        [group.counts and group.counts.an for group in answer.datasets[0].groups]
        for answer in (both, one)
    ]

    assert called == [[2, 2], [None, None]]
