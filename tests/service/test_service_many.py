"""Many questions at once: each is answered as it would be alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from beacon.ingest import LoadRequest, load_variants
from beacon.model.errors import StoreUnavailable
from beacon.model.notation import parse
from beacon.model.query import Granularity, Query
from beacon.model.requester import ANONYMOUS
from beacon.policy.policy import OPEN
from beacon.service import LocalBeacon
from loaders import LoadOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from beacon.model.disclosure import Disclosure
    from beacon.model.errors import BeaconError
    from beacon.store.releases import Catalogue
    from beacon.store.variants import VariantStore

HEAD = (
    "##fileformat=VCFv4.3\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1\tP2\n"
)
LINES = {
    "one": ("GRCh37", "22\t20000000\trs7\tA\tG\t50\tPASS\t.\tGT\t1/1\t0/1\n"),
    "two": ("GRCh37", "22\t20000000\t.\tA\tG\t50\tPASS\t.\tGT\t0/0\t0/0\n"),
    "three": ("GRCh38", "22\t20000000\t.\tA\tG\t50\tPASS\t.\tGT\t0/1\t./.\n"),
}


@pytest.fixture
def beacon(
    catalogue: Catalogue, variant_store: VariantStore, tmp_path: Path
) -> LocalBeacon:
    """Give a beacon of two datasets on one assembly and one on another."""
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
    return LocalBeacon(variant_store, OPEN, references={}, deadline=5)


def question(text: str, assembly: str = "GRCh37", **more: object) -> Query:
    """Return the question a text asks."""
    pattern = parse(text, assembly=assembly, loaded=(), references={})
    return Query(pattern=pattern, **{"granularity": Granularity.RECORD} | more)


def told(answer: Disclosure | BeaconError) -> object:
    """Return what can be compared of an answer, or of why there is none."""
    return (type(answer), str(answer)) if isinstance(answer, Exception) else answer


async def each(beacon: LocalBeacon, queries: Sequence[Query]) -> list[object]:
    """Return what each question gets alone."""
    said: list[object] = []
    for query in queries:
        try:
            said.append(told(await beacon.answer(query, ANONYMOUS)))
        except Exception as failure:  # noqa: BLE001 - compared by type and sentence
            said.append((type(failure), str(failure)))
    return said


MIXED = (
    question("22-20000000-A-G"),
    question("22-20000000-A-G", "GRCh38"),
    question("22-20000000-A-C"),
    question("21-20000000-A-C"),
    question("22-20000000-A-G", excluded=("P1",)),
    question("22-20000000-A-G", excluded=("Nobody",)),
    question("22-20000000-A-G", by=("nothing",)),
    question("rs7"),
    question("rs8"),
    question("22:19999990-20000010"),
    question("22-20000000-A-G", datasets=("two", "three")),
    Query(pattern=None, granularity=Granularity.COUNT),
)


async def test_many_are_answered_as_each_alone(beacon: LocalBeacon) -> None:
    """In their order, errors included."""
    said = await beacon.answer_many(MIXED, ANONYMOUS)

    assert [told(one) for one in said] == await each(beacon, MIXED)


async def test_no_questions_have_no_answers(beacon: LocalBeacon) -> None:
    """And nothing is asked."""
    assert list(await beacon.answer_many((), ANONYMOUS)) == []


async def test_a_store_that_is_gone_is_every_questions_error(
    beacon: LocalBeacon, variant_store: VariantStore
) -> None:
    """Never a "no"."""
    await variant_store.close()
    said = await beacon.answer_many(MIXED[:4], ANONYMOUS)

    assert [type(one) for one in said] == [StoreUnavailable] * 4
