"""Statements of one dataset: what the gate says of all, said one by one."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from beacon.model.counts import AlleleCounts, Carriers, Tally, group_counts
from beacon.model.disclosure import DatasetDisclosure, Permit
from beacon.model.findings import DatasetFindings, Findings, Place
from beacon.model.grouped import PeopleGroup
from beacon.model.query import Granularity, Query
from beacon.model.status import Status
from beacon.policy.policy import disclose
from beacon.policy.rules import RULES
from beacon.policy.statements import Plainly, Stating, joined, state
from tests.policy.test_policy_disclose import (
    LAYOUT,
    ONE_ALLELE,
    dataset,
    findings,
    permits_given,
    questions,
    seen,
    silences,
)

ASKED = questions.map(lambda query: replace(query, pattern=ONE_ALLELE))
GROUP = PeopleGroup("affected", 3, None)
COUNTS = st.builds(
    AlleleCounts,
    ac=st.none() | st.integers(2, 10),
    an=st.none() | st.integers(10, 10_000),
    hom=st.none() | st.integers(0, 1),
)
TALLIES = st.builds(
    lambda hom, het: Tally(
        an=(8, 8),
        carriers=(Carriers(1, 2 * hom + het, hom, het, 0),) if hom + het else None,
    ),
    st.integers(0, 2),
    st.integers(0, 2),
)


@given(ASKED, permits_given, st.booleans(), COUNTS)
def test_counts_are_stated_as_findings_that_have_them(
    query: Query, granted: Permit, is_published: bool, counts: AlleleCounts
) -> None:
    """What is stated once for all counts is what the gate says of each."""
    source = dataset() if is_published else replace(dataset(), release=None)
    there = DatasetFindings(dataset=source, total=1)
    stating = Stating(query, lambda _: granted, Plainly(query))
    expected = state(replace(there, counts=counts), granted, query)

    assert expected == stating.counting(there)(counts)


@given(ASKED, permits_given, st.booleans(), st.integers(1, 10_000))
def test_places_are_stated_as_findings_that_rest_on_them(
    query: Query, granted: Permit, is_conclusive: bool, an: int
) -> None:
    """What is stated once of copies that were called is what the gate says of each."""

    def lacking(called: int) -> DatasetFindings:
        return DatasetFindings(
            dataset=dataset(),
            total=0,
            place=Place(an=called, has_record=True),
            is_conclusive=is_conclusive,
        )

    stating = Stating(query, lambda _: granted, Plainly(query))
    counts = AlleleCounts(ac=0, an=an, hom=0, het=0, hemi=0)

    assert stating.counting(lacking(1))(counts) == state(lacking(an), granted, query)


SAID = st.builds(
    DatasetDisclosure,
    dataset=st.just("d"),
    name=st.just("D"),
    status=st.sampled_from(Status),
    granularity=st.sampled_from(Granularity),
    exists=st.booleans(),
    total=st.none() | st.integers(0, 9),
    sample_count=st.none() | st.integers(0, 9),
    groups=st.sampled_from([(), (GROUP,)]),
)


@given(SAID, permits_given, COUNTS, COUNTS)
def test_no_rule_looks_at_a_number(
    said: DatasetDisclosure, granted: Permit, one: AlleleCounts, other: AlleleCounts
) -> None:
    """Without a profile counts stay as they are or go, whatever they are."""
    for rule in RULES.values():
        left = rule(said.counting(one), granted)
        right = rule(said.counting(other), granted)

        assert left.counts in (one, None)
        assert (left.counts is None) == (right.counts is None)
        assert left.counting(other) == right.counting(other)


@given(TALLIES, ASKED, permits_given)
def test_below_records_counts_say_what_the_allele_says(
    tally: Tally, query: Query, granted: Permit
) -> None:
    """Findings that show no variant lose nothing that is said."""
    level = min(query.granularity, granted.granularity, Granularity.COUNT)
    asked = replace(query, granularity=level)
    counted = group_counts(tally, LAYOUT.groups[0])
    shown = DatasetFindings(dataset=dataset(), total=1, counts=counted)

    assert state(seen(tally), granted, asked) == state(shown, granted, asked)


@given(st.lists(findings() | silences, max_size=3), ASKED, st.booleans())
def test_statements_joined_are_the_answer(
    found: list[DatasetFindings], query: Query, is_warned: bool
) -> None:
    """Where nobody is left out, that of one disclosure, sentences and all."""
    named = [
        replace(f, dataset=dataset(f"d{n}"), left_out=f.left_out or 0, groups=())
        for n, f in enumerate(found)
    ]
    asked = replace(query, warnings=("Mind this.",) if is_warned else ())
    granted = {
        f.dataset.id: Permit(dataset=f.dataset.id, granularity=level, individuals=True)
        for f, level in zip(named, Granularity, strict=False)
    }
    bare = replace(asked, warnings=())
    said = [state(f, granted[f.dataset.id], bare) for f in named]
    expected = disclose(Findings(datasets=tuple(named)), granted, asked)

    assert expected == joined(said, asked)
