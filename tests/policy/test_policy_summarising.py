"""What is said of a dataset as a whole tells no more than single questions would."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beacon.model.classes import CLASSES, LOWEST, NOT_TOLD, cell, read_cell
from beacon.model.counts import Layout
from beacon.model.dataset import Dataset, Release
from beacon.model.disclosure import Permit
from beacon.model.profile import LedgerTerms, Profile
from beacon.model.query import Granularity
from beacon.model.summarised import Detail
from beacon.model.summary import Summary
from beacon.policy.summarising import detail_of, summarised, without_few

NOW = datetime(2026, 11, 1, tzinfo=UTC)
RELEASE = Release(
    number=1,
    ordinal=1,
    dataset="x",
    assembly="GRCh37",
    fingerprint="",
    created=NOW,
    published=NOW,
    genotyped=True,
    layout=Layout(baseline=(6, 4), groups=(), kinds=(("F", None), ("M", "SE"))),
    contigs=frozenset({"21", "22"}),
    variants=0,
    sample_count=5,
    inputs=(),
    tool="test",
)
DATASET = Dataset(id="x", name="X", created=NOW, updated=NOW, release=RELEASE)
OPEN = Permit(dataset="x", granularity=Granularity.RECORD)
ALLELE = frozenset({"allele"})
THRESHOLD = Profile(name="threshold", min_count=10, min_population_rows=10)
CELLS = st.dictionaries(
    st.builds(cell, st.sampled_from(CLASSES), st.integers(0, len(LOWEST))),
    st.integers(1, 500),
    max_size=30,
)


def _summary(cells) -> Summary:
    return Summary(
        cells=cells,
        windows={(22, 17): sum(cells.values())},
        covered={(22, 17): 1000},
        people={("F", None): 3, ("M", "SE"): 2},
    )


def _said(granted, cells):
    return summarised(DATASET, DATASET, granted, _summary(cells))


@given(CELLS)
def test_classes_and_steps_add_up_to_all_alleles(cells):
    """Whatever is counted: each variant is in one class and in one step."""
    said = _said(OPEN, cells)
    whole = sum(cells.values())

    assert said.detail is Detail.EXACT
    assert said.alleles == whole
    assert sum(one.alleles for one in said.classes) == whole
    assert sum(step.alleles for step in said.steps) == whole
    assert sum(sum(one.alleles) for one in said.contigs) == whole


@given(CELLS)
@example({cell(CLASSES[0], len(LOWEST)): 3})
def test_rare_alleles_are_in_no_number_where_they_are_hidden(cells):
    """What is told is what is told of the alleles that would be shown, or less."""
    said = _said(replace(OPEN, profile=THRESHOLD, queries=ALLELE), cells)
    shown = {
        number: count
        for number, count in cells.items()
        for step in [read_cell(number)[1]]
        if step != NOT_TOLD and LOWEST[step - 1] >= THRESHOLD.min_count
    }
    classes = Counter()
    for number, count in shown.items():
        classes[read_cell(number)[0]] += count
    few = THRESHOLD.min_count

    assert said.detail is Detail.SHOWN
    assert all(step.lowest >= THRESHOLD.min_count for step in said.steps)
    assert {one: n for one, n in said.classes if n} == {
        one: n for one, n in classes.items() if n in {m for _, m in said.classes}
    } or any(n is None for _, n in said.classes)
    assert all(classes[one] == n for one, n in said.classes if n is not None)
    assert all(n is None or n >= few for _, n in said.classes)
    assert all(s.alleles in (None, 0) or s.alleles >= few for s in said.steps)
    assert said.alleles in (None, sum(shown.values()))
    assert said.alleles in (None, 0) or said.alleles >= few
    assert (said.contigs, said.people, said.copies) == ((), (), None)


@given(st.lists(st.integers(0, 60), max_size=12), st.integers(1, 20))
def test_what_is_left_out_does_not_follow_from_the_sum(counts, least):
    """What is told is true; what is not is nothing, everything, or enough."""
    told = without_few(counts, least)
    hidden = sum(c for c, t in zip(counts, told, strict=True) if t is None)

    assert all(t in (None, c) for c, t in zip(counts, told, strict=True))
    assert all(t is None or t == 0 or t >= least for t in told)
    assert hidden == 0 or hidden >= least or not any(told)


@pytest.mark.parametrize(
    "granted",
    [
        replace(OPEN, granularity=Granularity.BOOLEAN),
        replace(OPEN, frequency=False),
        *(
            replace(OPEN, profile=profile)
            for profile in (
                Profile(name="round", round_to=5),
                Profile(name="blurred", min_count=20, noise_sd=5.0, round_to=10),
                Profile(name="pool", cohort_named_from=5),
                Profile(name="ledger", ledger=LedgerTerms()),
            )
        ),
    ],
)
def test_where_a_number_is_changed_or_charged_there_is_none(granted):
    """Names and what the list of datasets tells, whatever is in it."""
    said = _said(granted, {cell(CLASSES[0], 5): 1000})

    assert detail_of(granted) is Detail.NAMES
    assert said == replace(said, dataset=DATASET, detail=Detail.NAMES)
    assert (said.alleles, said.classes, said.steps) == (None, (), ())
    assert (said.contigs, said.people, said.copies) == ((), (), None)


@pytest.mark.parametrize(
    ("granted", "has_places", "has_people"),
    [
        (OPEN, True, True),
        (replace(OPEN, granularity=Granularity.COUNT), True, False),
        (replace(OPEN, queries=ALLELE), False, True),
        (replace(OPEN, range_width=1000), False, True),
        (replace(OPEN, profile=Profile(name="exact")), True, True),
    ],
)
def test_places_and_people_are_told_where_questions_for_them_are_answered(
    granted, has_places, has_people
):
    """Ranges tell of places; records tell counts of groups."""
    said = _said(granted, {cell(CLASSES[0], 1): 3})

    assert said.detail is Detail.EXACT
    assert bool(said.contigs) is has_places
    assert bool(said.people) is has_people


def test_people_and_places_are_told_as_they_are():
    """By sex and population; on the contigs that are loaded, window by window."""
    said = _said(OPEN, {cell(CLASSES[0], 1): 3})
    sex, population = said.people
    (_, chr22) = said.contigs

    assert [tuple(count) for count in sex.counts] == [("F", 3), ("M", 2)]
    assert [tuple(count) for count in population.counts] == [("SE", 2), (None, 3)]
    assert (chr22.contig, chr22.alleles[17], chr22.covered[17]) == ("22", 3, 1000)
    assert len(chr22.alleles) == 49
    assert said.copies == 10


def test_a_release_without_a_summary_says_so():
    """It was loaded by an earlier version, or nothing is loaded."""
    said = summarised(DATASET, DATASET, OPEN, None)

    assert (said.detail, said.alleles) == (Detail.NONE, None)
