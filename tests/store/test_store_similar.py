"""Similarity in the store: the same as judging every row, whatever is near."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from beacon.model.counts import Tally, VariantRecord
from beacon.model.pattern import VariantPattern
from beacon.model.query import Granularity, Page, Query
from beacon.model.similarity import Similar, event_of
from beacon.model.structure import Structure
from beacon.model.variant import Allele
from beacon.store.variants import VariantStore
from tests import oracle
from tests.store.store_samples import CARRIED, CHR22, NOT_CARRIED, SITE, load

if TYPE_CHECKING:
    from collections.abc import Callable

    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

    Draw = Callable[[st.SearchStrategy], object]

BASE = 16_050_000
SHIFTS = [0, 1, 99, 101, 240, 400]
LENGTHS = [60, 400, 800, 1500, 9000]
MARGINS = st.tuples(st.sampled_from([0, -90]), st.sampled_from([0, 250]))
STRUCTURES = st.none() | st.builds(Structure, MARGINS, MARGINS, MARGINS)


@st.composite
def alleles(draw: Draw) -> Allele:
    """Draw an event near every other one, written in any of its ways."""
    start = BASE + draw(st.sampled_from(SHIFTS))
    length = draw(st.sampled_from(LENGTHS))
    far = start + length
    kind = draw(st.sampled_from(["span", "span", "joined", "joined", "lost", "gained"]))
    reference, structure = "N", draw(STRUCTURES)
    if kind == "span":
        words = ["<DEL>", "<DUP>", "<INV>", "<CNV>", "<CN0>", "<CPX>"]
        alternate, end = draw(st.sampled_from(words)), far + 1
    elif kind == "joined":
        end = start + 1
        texts = [f"N[22:{far + 2}[", f"]22:{far + 1}]N", f"N]22:{far + 1}]", "N."]
        turned = [f"N[22:{start + 1}[", f"]22:{start}]N", f"[22:{start}[N"]
        alternate = draw(st.sampled_from([*texts, *turned]))
        if alternate in turned:
            start, end = far, far + 1
    else:
        long, structure = "A" * (length + 1), None
        reference, alternate = (long, "A") if kind == "lost" else ("A", long)
        if kind == "gained" and draw(st.booleans()):
            reference, alternate = "N", f"<INS={length}>"
        end = start + len(reference)
    return Allele(
        contig=CHR22,
        start=start,
        end=end,
        reference=reference,
        alternate=alternate,
        structure=structure,
    )


UNCALLED = Tally((0, 0), ())
STATES = [
    *[(CARRIED, ())] * 3,
    (CARRIED, ("q10",)),
    (NOT_CARRIED, ()),
    (SITE, ()),
    (UNCALLED, ()),
]


def _record(allele: Allele, tally: Tally, filters: tuple[str, ...]) -> VariantRecord:
    return VariantRecord(
        22,
        allele.start,
        allele.end,
        allele.reference,
        allele.alternate,
        tally,
        filters,
        allele.structure,
    )


@settings(
    max_examples=60,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    kept=st.lists(st.tuples(alleles(), st.sampled_from(STATES)), min_size=1),
    asked=st.lists(alleles(), min_size=8, max_size=8),
    is_exact=st.booleans(),
    data=st.data(),
)
async def test_what_is_similar_is_found(
    catalogue: Catalogue,
    store_address: StoreAddress,
    kept: list[tuple[Allele, tuple[Tally, tuple[str, ...]]]],
    asked: list[Allele],
    is_exact: bool,
    data: st.DataObject,
) -> None:
    """However an event is written, all that are similar come back, closest first.

    Where none is carried, all of them say together what a "no" rests on.
    """
    records = [_record(allele, *state) for allele, state in kept]
    if is_exact:
        records = [record._replace(structure=None) for record in records]
        asked = [replace(allele, structure=None) for allele in asked]
    release = load(catalogue, "a", records)
    dataset = catalogue.dataset("a")
    loaded = oracle.Loaded(dataset=dataset, release=release, records=records)
    store = await VariantStore.open(store_address)
    try:
        for allele in asked:
            similar = Similar(
                event=event_of(allele),
                overlap=data.draw(st.sampled_from([0.1, 0.5, 0.9])),
                distance=data.draw(st.sampled_from([0, 100])),
            )
            pattern = VariantPattern(contig=CHR22, similar=similar)
            query = Query(pattern=pattern, page=Page(limit=5))
            levels = {"a": data.draw(st.sampled_from(Granularity))}
            found = await store.find(query, levels)

            assert oracle.find(query, levels, [loaded]) == found
    finally:
        await store.close()
