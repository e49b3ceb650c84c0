"""Each rule takes something away and adds nothing; what is hidden looks like zero."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.assemblies import contig
from beacon.model.counts import AlleleCounts, Carriers, Tally
from beacon.model.disclosure import DatasetDisclosure, Permit
from beacon.model.findings import (
    Coverage,
    DatasetFindings,
    Findings,
    FoundVariant,
    Place,
    Silence,
)
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.profile import Profile
from beacon.model.query import Granularity, Page, Query
from beacon.model.status import Status
from beacon.model.variant import sequence_allele
from beacon.policy.policy import counting, disclose
from beacon.policy.rounding import blurred, noise, rounded
from beacon.policy.rules import RULES
from tests.policy.test_policy_disclose import (
    ALLELE,
    CHR22,
    GRCH37,
    ONE_ALLELE,
    dataset,
)
from tests.policy_samples import KINDS, PROFILES

AN = (60, 40)
A_RANGE = VariantPattern(contig=CHR22, overlap=Bounds(low=16050000, high=16051000))
LEVELS = st.sampled_from(Granularity)
LISTED = st.sampled_from(PROFILES)
KEY = b"a key for tests"


def permit_of(
    profile: Profile | None,
    granularity: Granularity = Granularity.RECORD,
    **more: object,
) -> Permit:
    """Return a permit in a profile."""
    given: dict[str, object] = {"queries": KINDS, "noise_key": KEY, **more}
    return Permit(dataset="d1", granularity=granularity, profile=profile, **given)  # type: ignore[arg-type]


def carried(ac: int, start: int = 16050407) -> FoundVariant:
    """Return an allele that so many people carry, in one column."""
    carriers = (Carriers(0, ac, 0, ac, 0),) if ac else ()
    allele = sequence_allele(CHR22, start, "T", "C")
    return FoundVariant(allele=allele, tally=Tally(an=AN, carriers=carriers))


def found(*variants: FoundVariant, **more: object) -> DatasetFindings:
    """Return findings that hold some alleles."""
    total = sum(v.exists for v in variants)
    return DatasetFindings(dataset=dataset(), total=total, variants=variants, **more)  # type: ignore[arg-type]


def said(
    findings: DatasetFindings,
    granted: Permit,
    level: Granularity = Granularity.RECORD,
    **asked: object,
) -> DatasetDisclosure:
    """Return what is said of findings, made anew."""
    query = Query(**{"pattern": ONE_ALLELE, "granularity": level, **asked})  # type: ignore[arg-type]
    fresh = replace(findings)
    permits = {"d1": granted}
    return disclose(Findings(datasets=(fresh,)), permits, query).datasets[0]


FINDINGS = (
    st.integers(0, 30).map(lambda ac: found(carried(ac)))
    | st.builds(
        lambda an, words: found(place=Place(an=an, has_record=True, filters=words)),
        st.none() | st.integers(0, 100),
        st.sampled_from([(), ("q10",)]),
    )
    | st.sampled_from(
        [
            found(place=Place()),
            found(place=Place(coverage=Coverage.OUTSIDE)),
            found(is_conclusive=False),
            found(silence=Silence.UNREAD),
            found(is_contig_loaded=False),
        ]
    )
)


def counts_in(part: DatasetDisclosure) -> list[AlleleCounts]:
    """Return all counts of a statement."""
    rows = [group.counts for v in part.variants for group in v.groups]
    return rows if part.counts is None else [part.counts, *rows]


@given(FINDINGS, LISTED, LEVELS, LEVELS)
def test_a_profile_only_takes_away(
    findings: DatasetFindings, profile: Profile, asked: Granularity, most: Granularity
) -> None:
    """The word is the same or withheld; without rounding every number is true."""
    whole = said(findings, permit_of(None, queries=None, individuals=True), asked)
    part = said(findings, permit_of(profile, most), asked)

    assert part.status in (whole.status, Status.WITHHELD)
    assert part.exists <= whole.exists
    assert part.granularity <= min(asked, most)
    assert (part.total or 0) <= (whole.total or 0)
    assert {v.allele for v in part.variants} <= {v.allele for v in whole.variants}
    if not profile.is_adjusted:
        true = [(c.ac, c.an) for c in counts_in(whole)]
        assert all((c.ac, c.an) in true for c in counts_in(part))


@pytest.mark.parametrize(("few", "told"), [(1, None), (10, 10)])
def test_no_group_tells_of_few_by_zygosity(few: int, told: int | None) -> None:
    """Where one has few people with two copies no other says how many it has."""
    carriers = (Carriers(0, 2 * few + 10, few, 10, 0), Carriers(1, 30, 10, 10, 0))
    variant = replace(carried(20), tally=Tally(an=AN, carriers=carriers))
    profile = Profile(name="rows", min_count=10, min_population_rows=10)
    (shown,) = said(found(variant), permit_of(profile)).variants
    total, *groups = shown.groups

    assert total.counts.hom == few + 10
    assert [told] * 2 == [group.counts.hom for group in groups]


STATEMENTS = st.builds(
    said, FINDINGS, st.just(permit_of(None, queries=None, individuals=True)), LEVELS
)


@given(STATEMENTS, st.sampled_from(sorted(RULES)), LISTED, LEVELS, st.booleans())
def test_each_rule_alone_only_takes_away(
    whole: DatasetDisclosure,
    name: str,
    profile: Profile,
    most: Granularity,
    frequency: bool,
) -> None:
    """No word but withheld comes for another, and no number that was not there."""
    rule, granted = RULES[name], permit_of(profile, most, frequency=frequency)
    part = rule(whole, granted)

    assert part.status in (whole.status, Status.WITHHELD)
    assert part.exists <= whole.exists
    assert part.granularity <= whole.granularity
    assert len(counts_in(part)) <= len(counts_in(whole))
    if name != "rounded":
        true = {(c.ac, c.an) for c in counts_in(whole)}
        true |= {(ac, None) for ac, _ in true}
        assert {(c.ac, c.an) for c in counts_in(part)} <= true
    for field in ("total", "coverage", "filters", "release", "released"):
        assert getattr(part, field) in (getattr(whole, field), None, (), 1, 0)


@given(STATEMENTS, st.sampled_from(sorted(RULES)), LISTED, LEVELS)
def test_each_rule_takes_away_once(
    whole: DatasetDisclosure, name: str, profile: Profile, most: Granularity
) -> None:
    """Applied again it changes nothing."""
    rule, granted = RULES[name], permit_of(profile, most)
    once = rule(whole, granted)

    assert rule(once, granted) == once


THRESHOLD = Profile(name="t", min_count=10, min_population_rows=10, round_to=10)
HIDDEN = [
    found(carried(0)),
    *(found(carried(ac)) for ac in range(1, 10)),
    found(place=Place()),
    found(place=Place(an=0, has_record=True)),
    found(place=Place(an=100, has_record=True)),
    found(place=Place(filters=("LowQual",))),
    found(place=Place(coverage=Coverage.OUTSIDE)),
    found(is_conclusive=False),
    found(silence=Silence.UNREAD),
]


@pytest.mark.parametrize("level", Granularity)
@pytest.mark.parametrize("findings", HIDDEN)
def test_hidden_and_zero_are_one_statement(
    findings: DatasetFindings, level: Granularity
) -> None:
    """C7: filtered, uncalled, uncovered, doubtful, too few: every member is equal."""
    expected = said(found(carried(0)), permit_of(THRESHOLD), level)
    part = said(findings, permit_of(THRESHOLD), level)

    assert part == expected
    assert (part.status, part.exists, part.total) == (Status.WITHHELD, False, None)
    assert (part.counts, part.coverage, part.filters) == (None, None, ())


def test_no_word_explains_what_is_hidden() -> None:
    """The sentences of an answer are the same, too."""
    query = Query(pattern=ONE_ALLELE, granularity=Granularity.COUNT)
    permits = {"d1": permit_of(THRESHOLD)}
    told = {
        disclose(Findings(datasets=(replace(f),)), permits, query).warnings
        for f in HIDDEN
    }

    assert told == {()}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"is_conclusive": False},
        {"place": Place(filters=("LowQual",))},
        {"place": Place(coverage=Coverage.OUTSIDE)},
        {"place": Place(an=0, has_record=True)},
    ],
)
def test_where_a_ledger_hides_nobody_is_withheld_whatever_the_word(
    more: dict[str, object],
) -> None:
    """Without a threshold, too: who is left out is withheld wherever it is."""
    exact = Profile(name="exact")
    part = said(found(may_hide=True, **more), permit_of(exact))

    assert part == said(found(may_hide=True), permit_of(exact))
    assert part.status is Status.WITHHELD


def test_a_mate_on_a_contig_that_is_not_loaded_is_hidden_as_if_it_were_not() -> None:
    """A breakend of another contig may be found there, and be too rare to be said."""
    query = Query(
        pattern=replace(A_RANGE, contig=contig(GRCH37, "21")),
        granularity=Granularity.COUNT,
    )
    permits = {"d1": permit_of(THRESHOLD)}
    hidden, none = (
        disclose(Findings(datasets=(each,)), permits, query)
        for each in (found(carried(1)), found(is_contig_loaded=False))
    )

    assert hidden == none
    assert hidden.datasets[0].status is Status.NOT_COVERED


def test_a_contig_that_was_never_loaded_is_not_covered() -> None:
    """Nobody can be hidden there."""
    part = said(found(is_contig_loaded=False), permit_of(THRESHOLD))

    assert (part.status, part.exists, part.counts) == (Status.NOT_COVERED, False, None)


@pytest.mark.parametrize(
    ("ac", "shown"), [(9, None), (10, 10), (14, 10), (15, 20), (24, 20), (60, 60)]
)
@pytest.mark.parametrize("level", Granularity)
def test_every_granularity_has_one_threshold_and_one_number(
    ac: int, shown: int | None, level: Granularity
) -> None:
    """A yes comes and goes with the count that would be shown beside it."""
    part = said(found(carried(ac)), permit_of(THRESHOLD), level)
    numbers = {c.ac for c in counts_in(part)}

    assert part.exists == (shown is not None)
    assert numbers <= {shown}
    assert bool(numbers) == (shown is not None and level > Granularity.BOOLEAN)


def test_shown_frequencies_are_of_shown_numbers() -> None:
    """AC and AN are both rounded, and no people by zygosity stand beside them."""
    part = said(found(carried(23)), permit_of(THRESHOLD))

    assert part.counts == AlleleCounts(ac=20, an=100)
    assert part.variants[0].groups[0].counts == part.counts
    assert part.adjusted_to == 10


def test_a_dataset_without_frequency_tells_no_an() -> None:
    """Nothing can be divided by it."""
    part = said(found(carried(23)), permit_of(PROFILES[0], frequency=False))

    assert {c.an for c in counts_in(part)} == {None}
    assert part.counts is not None
    assert part.counts.frequency is None


def a_range(*acs: int) -> DatasetFindings:
    """Return alleles of a range that so many people carry."""
    return found(*(carried(ac, 16050407 + n) for n, ac in enumerate(acs)))


@given(st.lists(st.integers(0, 20), max_size=8), st.integers(0, 20), LEVELS)
def test_a_range_says_what_its_alleles_would_say(
    acs: list[int], other: int, level: Granularity
) -> None:
    """An allele that alone is withheld changes nothing, and no page shows it."""
    granted = permit_of(THRESHOLD)
    one = said(a_range(*acs), granted, level, pattern=A_RANGE)
    more = said(a_range(*acs, other), granted, level, pattern=A_RANGE)
    shown = sum(ac >= 10 for ac in acs)

    assert one.exists == (shown > 0)
    assert one.total in (None, shown)
    assert len(one.variants) in (0, shown)
    if other < 10:
        assert more == one


def test_pages_of_a_range_are_of_what_is_shown() -> None:
    """Hidden alleles take no place on a page."""
    pages = [
        said(
            a_range(10, 3, 20, 5, 30),
            permit_of(THRESHOLD),
            pattern=A_RANGE,
            page=Page(skip=skip, limit=2),
        )
        for skip in range(2)
    ]

    assert [[v.groups[0].counts.ac for v in p.variants] for p in pages] == [
        [10, 20],
        [30],
    ]
    assert [p.total for p in pages] == [3, 3]


NOISY = Profile(name="n", min_count=20, round_to=10, noise_sd=5.0)


def test_noise_is_the_same_whenever_it_is_asked_for() -> None:
    """By any granularity, by a range or alone, with what was said before or not."""
    findings = found(carried(40))
    told = {
        counts.ac
        for level in (Granularity.COUNT, Granularity.RECORD)
        for pattern in (ONE_ALLELE, A_RANGE)
        for counts in counts_in(
            said(findings, permit_of(NOISY), level, pattern=pattern)
        )
    }

    assert len(told) == 1


def test_noise_is_another_of_another_allele_release_or_key() -> None:
    """And it has the standard deviation that was asked for."""
    drawn = [noise(KEY, 5.0, "a", n) for n in range(2000)]
    mean = sum(drawn) / len(drawn)
    deviation = (sum((x - mean) ** 2 for x in drawn) / len(drawn)) ** 0.5

    assert abs(mean) < 0.5
    assert 4.7 < deviation < 5.3
    assert drawn != [noise(b"another key", 5.0, "a", n) for n in range(2000)]
    assert drawn == [noise(KEY, 5.0, "a", n) for n in range(2000)]


def test_noise_is_no_larger_than_three_deviations() -> None:
    """An allele of four people is never shown by a threshold of twenty."""
    drawn = [noise(KEY, 5.0, "a", n) for n in range(20_000)]

    assert (min(drawn), max(drawn)) == (-15, 15)


def test_what_nobody_carries_is_not_seen_by_noise() -> None:
    """However large it is."""
    loud = replace(NOISY, noise_sd=1000.0)
    words = {
        said(found(carried(0, start)), permit_of(loud)).status
        for start in range(16050407, 16050607)
    }

    assert words == {Status.WITHHELD}


def test_noise_adds_nobody_to_nobody() -> None:
    """Zero stays zero in the number itself, whoever judges it afterwards."""
    none = AlleleCounts(ac=0, an=100, hom=0, het=0, hemi=0)
    shown = {blurred(none, KEY, 1000.0, n) for n in range(200)}

    assert shown == {AlleleCounts(ac=0, an=100)}


def test_statements_of_findings_that_share_counts_share_no_noise() -> None:
    """What is kept with findings is not what depends on the allele."""
    query = Query(pattern=ONE_ALLELE, granularity=Granularity.COUNT)
    findings = found(carried(40))
    disclose(Findings(datasets=(findings,)), {"d1": permit_of(NOISY)}, query)

    assert findings.kept == {}


@given(st.integers(0, 10**6), st.integers(1, 1000))
def test_rounding_is_near_and_never_says_nobody(number: int, step: int) -> None:
    """A multiple, at most half a step away, but of what is there never zero."""
    found = rounded(number, step)

    assert found % step == 0
    assert (found == 0) == (number == 0)
    assert abs(found - number) <= step // 2 or found == step


@given(st.integers(0, 60), LISTED, LEVELS, LEVELS)
def test_counts_alone_are_judged_like_findings_that_have_them(
    ac: int, profile: Profile, asked: Granularity, most: Granularity
) -> None:
    """``counting`` says of them what ``disclose`` says, in any profile but noise."""
    if profile.noise_sd > 0 or not ac:
        return
    level = min(asked, Granularity.COUNT)
    counts = AlleleCounts(ac=ac, an=100, hom=0, het=ac, hemi=0)
    seen = DatasetFindings(dataset=dataset(), total=1)
    query = Query(pattern=ONE_ALLELE, granularity=level)
    granted = permit_of(profile, most)
    expected = said(replace(seen, counts=counts), granted, level)

    told = counting(seen, granted, query)
    if isinstance(told, DatasetDisclosure):
        told = told.counting(counts) if told.counts is not None else told
    else:
        told = told(counts)

    assert told == expected


def test_the_allele_of_these_tests_is_the_one_asked_for() -> None:
    """The samples fit together."""
    assert carried(1).allele == ALLELE
