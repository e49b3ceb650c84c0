"""LocalBeacon on a real store: who is asked, and what nothing means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from beacon.ingest import LoadRequest, load_variants
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import AlleleCounts
from beacon.model.genes import Gene, GeneTable, place_texts
from beacon.model.genome import Interval
from beacon.model.notation import parse
from beacon.model.query import Granularity, Query
from beacon.model.requester import ANONYMOUS, OPERATOR
from beacon.model.status import Status
from beacon.policy.policy import OPEN, Policy
from beacon.service import LocalBeacon
from beacon.store.connection import StoreAddress
from beacon.store.variants import VariantStore
from loaders import LoadOptions

if TYPE_CHECKING:
    from pathlib import Path

    from beacon.model.disclosure import Disclosure
    from beacon.model.genome import Contig
    from beacon.store.releases import Catalogue

HEAD = (
    "##fileformat=VCFv4.3\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1\tP2\n"
)
LINES = {
    "one": ("GRCh37", "22\t20000000\t.\tA\tG\t50\tPASS\t.\tGT\t1/1\t0/1\n"),
    "two": ("GRCh37", "22\t20000000\t.\tA\tG\t50\tPASS\t.\tGT\t0/0\t0/0\n"),
    "three": ("GRCh38", "22\t20000000\t.\tA\tG\t50\tPASS\t.\tGT\t0/1\t./.\n"),
}


@pytest.fixture
def loaded(catalogue: Catalogue, tmp_path: Path) -> None:
    """Load two datasets on one assembly and one on another."""
    for name, (assembly, line) in LINES.items():
        path = tmp_path / f"{name}.vcf"
        path.write_text(HEAD + line)
        request = LoadRequest(
            dataset=name,
            paths=(path,),
            options=LoadOptions(assembly=assembly),
            references={},
        )
        load_variants(catalogue, request)


@pytest.fixture
def beacon(loaded: None, variant_store: VariantStore) -> LocalBeacon:
    """Give the beacon over those datasets, open to everybody."""
    return LocalBeacon(variant_store, OPEN, references={}, deadline=5)


def question(
    text: str = "22-20000000-A-G",
    assembly: str = "GRCh37",
    granularity: Granularity = Granularity.RECORD,
    **more: object,
) -> Query:
    """Return the question a text asks."""
    pattern = parse(text, assembly=assembly, loaded=(), references={})
    return Query(pattern=pattern, granularity=granularity, **more)  # type: ignore[arg-type]


def words(answer: Disclosure) -> dict[str, Status]:
    """Return the word each dataset said."""
    return {part.dataset: part.status for part in answer.datasets}


async def test_only_datasets_of_the_assembly_are_asked(beacon: LocalBeacon) -> None:
    """A question on one assembly is never answered with data of another."""
    answer = await beacon.answer(question(), ANONYMOUS)

    assert words(answer) == {"one": Status.SEEN, "two": Status.NOT_SEEN}
    assert answer.datasets[0].counts == AlleleCounts(ac=3, an=4, hom=1, het=1, hemi=0)
    assert answer.datasets[1].counts == AlleleCounts(ac=0, an=4, hom=0, het=0, hemi=0)


async def test_assembly_without_data_is_not_asked(beacon: LocalBeacon) -> None:
    """Where nothing is loaded for the assembly, the word is ``not_asked``."""
    answer = await beacon.answer(question(assembly="T2T-CHM13"), ANONYMOUS)

    assert (answer.status, answer.datasets) == (Status.NOT_ASKED, ())


async def test_contig_without_data_is_not_covered(beacon: LocalBeacon) -> None:
    """A contig nothing was loaded of is ``not_covered``, for one allele and a range."""
    allele = await beacon.answer(question("13-32914437-GT-G"), ANONYMOUS)
    region = await beacon.answer(question("13:32000000-33000000"), ANONYMOUS)

    assert set(words(allele).values()) == {Status.NOT_COVERED}
    assert set(words(region).values()) == {Status.NOT_COVERED}


async def test_filter_nobody_knows_matches_nothing(beacon: LocalBeacon) -> None:
    """A filter that nothing answers to gives nothing and says so; never more."""
    query = question(unknown_filters=("HP:1",), warnings=("HP:1 is not known",))
    answer = await beacon.answer(query, ANONYMOUS)

    assert (answer.exists, answer.status) == (False, Status.NOT_ASKED)
    assert answer.warnings == ("HP:1 is not known",)


async def test_only_chosen_datasets_answer(beacon: LocalBeacon) -> None:
    """Chosen datasets answer; an id nobody has is simply absent."""
    answer = await beacon.answer(question(datasets=("two", "nine")), ANONYMOUS)

    assert words(answer) == {"two": Status.NOT_SEEN}


async def test_question_without_pattern_is_about_everything(
    beacon: LocalBeacon,
) -> None:
    """Without variant parameters every dataset of every assembly is counted."""
    answer = await beacon.answer(Query(granularity=Granularity.COUNT), ANONYMOUS)

    assert {part.dataset: part.total for part in answer.datasets} == {
        "one": 1,
        "two": 0,
        "three": 1,
    }


async def test_policy_limits_others_and_not_the_operator(
    beacon: LocalBeacon, variant_store: VariantStore
) -> None:
    """What the policy withholds from others, the operator still learns."""
    policy = Policy(granularity=Granularity.BOOLEAN)
    strict = LocalBeacon(variant_store, policy, references={}, deadline=5)
    theirs = await strict.answer(question(), ANONYMOUS)
    ours = await strict.answer(question(), OPERATOR)

    assert [part.counts for part in theirs.datasets] == [None, None]
    assert theirs.status is ours.status is Status.SEEN
    assert ours.datasets[0].counts is not None


async def test_assemblies_loaded(beacon: LocalBeacon) -> None:
    """The assemblies of what is served are known."""
    assert await beacon.loaded(ANONYMOUS) == {"GRCh37", "GRCh38"}


async def test_ready_while_the_store_answers(beacon: LocalBeacon) -> None:
    """A store that answers makes the beacon ready."""
    assert await beacon.ready()


async def test_not_ready_without_a_store() -> None:
    """A store that cannot be reached makes the beacon not ready, and no "no"."""
    address = StoreAddress(
        uri="mongodb://127.0.0.1:1",
        database="nothing",
        is_embedded=False,
        description="nowhere",
    )
    store = await VariantStore.open(address, deadline=0.5)
    ready = await LocalBeacon(store, OPEN, references={}, deadline=0.5).ready()
    await store.close()

    assert not ready


PAR = {
    "on_x": "X\t600000\t.\tA\tG\t50\tPASS\t.\tGT\t0/1\t0/1\n",
    "on_y": "X\t50000000\t.\tA\tG\t50\tPASS\t.\tGT\t0/1\t0/1\n"
    "Y\t550000\t.\tA\tC\t50\tPASS\t.\tGT\t0/1\t0/1\n",
    "neither": "X\t50000000\t.\tA\tG\t50\tPASS\t.\tGT\t0/1\t0/1\n",
    "only_y": "Y\t20000000\t.\tA\tC\t50\tPASS\t.\tGT\t0/1\t0/1\n",
}


async def test_a_pseudo_autosomal_gene_is_asked_on_both(
    catalogue: Catalogue, variant_store: VariantStore, tmp_path: Path
) -> None:
    """Whichever of X and Y data keeps it on, and records are paged as one list."""
    for name, lines in PAR.items():
        path = tmp_path / f"{name}.vcf"
        path.write_text(HEAD + lines)
        request = LoadRequest(
            dataset=name,
            paths=(path,),
            options=LoadOptions(assembly="GRCh37"),
            references={},
        )
        load_variants(catalogue, request)
    on_x = Interval(contig=find("X"), start=585_078, end=620_146)
    genes = GeneTable(place_texts([Gene(symbol="SHOX", interval=on_x)]))
    pattern = genes.pattern("SHOX", "GRCh37")
    beacon = LocalBeacon(variant_store, OPEN, references={}, deadline=5)
    answer = await beacon.answer(
        Query(pattern=pattern, granularity=Granularity.RECORD), ANONYMOUS
    )
    shown = {
        part.dataset: [v.allele.contig.name for v in part.variants]
        for part in answer.datasets
    }

    assert words(answer) == {
        "on_x": Status.SEEN,
        "on_y": Status.SEEN,
        "neither": Status.NOT_SEEN,
        "only_y": Status.NOT_COVERED,
    }
    assert shown == {"on_x": ["X"], "on_y": ["Y"], "neither": [], "only_y": []}
    assert {p.dataset: p.total for p in answer.datasets}["on_y"] == 1


def find(name: str) -> Contig:
    """Return a sequence of GRCh37."""
    return next(c for c in ASSEMBLIES["GRCh37"].contigs if c.name == name)
