"""A plan that is kept is the one that would be made."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import Group, Layout
from beacon.model.dataset import Dataset, Release
from beacon.model.outline import Outline
from beacon.model.pattern import VariantPattern
from beacon.model.query import Granularity, Page, Query
from beacon.model.records import Record, Under
from beacon.model.requester import ANONYMOUS, OPERATOR, Requester
from beacon.policy.policy import Policy
from beacon.service.plans import Plans, planned, seen_by

MOMENT = datetime(2026, 1, 2, tzinfo=UTC)


def dataset(name: str, assembly: str | None, *cohorts: str) -> Dataset:
    """Return a dataset that serves an assembly, or nothing."""
    release = None if assembly is None else _release(name, assembly)
    held = tuple(Record(id=c, document={"id": c}) for c in cohorts)
    return Dataset(
        id=name,
        name=name,
        created=MOMENT,
        updated=MOMENT,
        release=release,
        cohorts=held,
    )


def _release(name: str, assembly: str) -> Release:
    return Release(
        number=1,
        ordinal=1,
        dataset=name,
        assembly=assembly,
        fingerprint="f",
        created=MOMENT,
        published=MOMENT,
        genotyped=True,
        layout=Layout(baseline=(2,), groups=(Group(label="Total", columns=(0,)),)),
        contigs=frozenset({"22"}),
        variants=1,
        sample_count=1,
        inputs=(),
        tool="test",
    )


DATASETS = (
    dataset("a", "GRCh37", "women"),
    dataset("b", "GRCh38"),
    dataset("c", None, "women"),
)
patterns = st.none() | st.sampled_from(
    [
        VariantPattern(contig=ASSEMBLIES[assembly].contigs[21], spellings=spellings)
        for assembly in ("GRCh37", "GRCh38")
        for spellings in ((), ((100, "A", "C"),))
    ]
)
queries = st.builds(
    Query,
    pattern=patterns,
    datasets=st.sampled_from([None, (), ("a",), ("a", "b", "x")]),
    assembly=st.sampled_from([None, "GRCh37", "GRCh38"]),
    granularity=st.sampled_from(Granularity),
    page=st.builds(Page, limit=st.integers(1, 3)),
    about=st.sampled_from(["genomicVariant", "individual"]),
    identity=st.sampled_from([None, "I1"]),
    under=st.sampled_from([None, Under(entry_type="dataset", identity="a")]),
    cohort=st.sampled_from([None, "women", "men"]),
    unknown_filters=st.sampled_from([(), ("x",)]),
    excluded=st.sampled_from([(), ("P1",)]),
)
requesters = st.sampled_from([ANONYMOUS, OPERATOR, Requester(subject="x")])
policies = st.builds(
    Policy, granularity=st.sampled_from(Granularity), individuals=st.booleans()
)


@given(policies, st.lists(st.tuples(queries, requesters), max_size=12))
def test_a_plan_is_what_would_be_planned_now(
    policy: Policy, asked: list[tuple[Query, Requester]]
) -> None:
    """Whatever was asked before, and by whom."""
    plans = Plans(policy)
    for query, requester in asked:
        expected = planned(query, seen_by(policy, requester, DATASETS))

        assert plans.of(query, requester, DATASETS) == expected


def test_a_plan_is_kept_while_the_datasets_stay() -> None:
    """Questions that differ in their allele alone share one plan."""
    plans = Plans(Policy())
    one, other = (
        Query(
            pattern=VariantPattern(
                contig=ASSEMBLIES["GRCh37"].contigs[21], spellings=((start, "A", "C"),)
            )
        )
        for start in (1, 2)
    )

    assert plans.of(one, ANONYMOUS, DATASETS) is plans.of(other, ANONYMOUS, DATASETS)


def test_a_plan_is_forgotten_when_a_dataset_changes() -> None:
    """A new release, on another assembly, is asked from its publication on."""
    plans, query = Plans(Policy()), Query(assembly="GRCh38")
    before = plans.of(query, ANONYMOUS, DATASETS)
    moved = replace(DATASETS[0], release=_release("a", "GRCh38"))
    changed = (moved, *DATASETS[1:])

    assert list(before.granularities) == ["b"]
    assert list(plans.of(query, ANONYMOUS, changed).granularities) == ["a", "b"]
    assert plans.sight(ANONYMOUS, changed).assemblies == {"GRCh38"}
    assert plans.sight(ANONYMOUS, DATASETS).assemblies == {"GRCh37", "GRCh38"}


def test_plans_are_few() -> None:
    """What strangers ask cannot fill the memory."""
    plans = Plans(Policy())
    made = [
        plans.of(Query(datasets=(f"d{n}",)), ANONYMOUS, DATASETS) for n in range(300)
    ]

    first = plans.of(Query(datasets=("d0",)), ANONYMOUS, DATASETS)
    last = plans.of(Query(datasets=("d299",)), ANONYMOUS, DATASETS)
    assert first == made[0]
    assert first is not made[0]
    assert last is made[299]


def test_plans_of_long_lists_are_not_kept() -> None:
    """A list of datasets may be as long as a body; a plan is made of it and left."""
    plans = Plans(Policy())
    query = Query(datasets=("a", *(f"d{n:0100}" for n in range(100))))
    first, second = (plans.of(query, ANONYMOUS, DATASETS) for _ in range(2))

    assert first == second
    assert first is not second


def test_a_way_is_that_of_the_datasets_there_are_now() -> None:
    """It is kept for an outline while they are the same, and made anew then."""
    pattern = VariantPattern(
        contig=ASSEMBLIES["GRCh37"].contigs[21], spellings=((100, "T", "C"),)
    )
    outline = Outline(Query(pattern=pattern), None)
    plans = Plans(Policy())
    first = plans.way_of(outline, ANONYMOUS, DATASETS)
    fewer = DATASETS[1:]
    second = plans.way_of(outline, ANONYMOUS, fewer)
    expected = planned(outline.query, seen_by(Policy(), ANONYMOUS, fewer))

    assert second.plan == expected != first.plan
    assert plans.way_of(outline, ANONYMOUS, fewer) is second
    assert plans.way_of(outline, OPERATOR, fewer) is not second
