"""What the gate lets through: exact numbers, and never more than was asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.assemblies import assembly, contig
from beacon.model.counts import (
    AlleleCounts,
    Carriers,
    Group,
    Layout,
    Tally,
)
from beacon.model.dataset import CoverageKind, Dataset, Release
from beacon.model.disclosure import DatasetDisclosure, Disclosure, Permit
from beacon.model.findings import (
    Coverage,
    DatasetFindings,
    Findings,
    FoundVariant,
    Place,
    Silence,
)
from beacon.model.grouped import PeopleGroup
from beacon.model.pattern import VariantPattern
from beacon.model.profile import Profile
from beacon.model.query import Granularity, Page, Query
from beacon.model.records import Record, Under
from beacon.model.requester import ANONYMOUS, OPERATOR
from beacon.model.status import Status
from beacon.model.variant import sequence_allele
from beacon.policy.policy import (
    OPEN,
    Gate,
    Policy,
    described_together,
    disclose,
    permit,
)
from beacon.policy.rules import RULES

GRCH37 = assembly("GRCh37")
CHR22 = contig(GRCH37, "22")
ALLELE = sequence_allele(CHR22, 16050407, "T", "C")
ONE_ALLELE = VariantPattern(contig=CHR22, spellings=((16050407, "T", "C"),))
A_RANGE = VariantPattern(contig=CHR22)
MOMENT = datetime(2026, 1, 2, tzinfo=UTC)
LAYOUT = Layout(
    baseline=(6, 4),
    groups=(
        Group(label="Total", columns=(0, 1)),
        Group(label="SE", columns=(0,)),
        Group(label="DK", columns=(1,)),
    ),
)


def dataset(name: str = "d1") -> Dataset:
    """Return a published dataset of five people in two groups."""
    release = Release(
        number=7,
        ordinal=2,
        dataset=name,
        assembly="GRCh37",
        fingerprint="f",
        created=MOMENT,
        published=MOMENT,
        genotyped=True,
        layout=LAYOUT,
        contigs=frozenset({"22"}),
        variants=1,
        sample_count=5,
        inputs=(),
        tool="test",
    )
    return Dataset(
        id=name, name=name.upper(), created=MOMENT, updated=MOMENT, release=release
    )


def seen(tally: Tally | None = None) -> DatasetFindings:
    """Return findings of a dataset that holds the allele."""
    if tally is None:
        tally = Tally(an=(6, 4), carriers=(Carriers(0, 3, 1, 1, 0),))
    variant = FoundVariant(allele=ALLELE, tally=tally)
    return DatasetFindings(dataset=dataset(), total=1, variants=(variant,))


def unseen(place: Place | None, *variants: FoundVariant) -> DatasetFindings:
    """Return findings of a dataset that does not hold the allele."""
    return DatasetFindings(dataset=dataset(), total=0, variants=variants, place=place)


def said(
    found: DatasetFindings,
    *,
    asked: Granularity = Granularity.RECORD,
    granted: Granularity = Granularity.RECORD,
    pattern: VariantPattern = ONE_ALLELE,
) -> DatasetDisclosure:
    """Return what is said of one dataset."""
    permits = {"d1": Permit(dataset="d1", granularity=granted)}
    query = Query(pattern=pattern, granularity=asked)
    return disclose(Findings(datasets=(found,)), permits, query).datasets[0]


@pytest.mark.parametrize(
    "profile", [Profile(name="hides", min_count=2), Profile(name="rounds", round_to=10)]
)
def test_records_of_what_is_not_exact_count_nobody(profile: Profile) -> None:
    """Numbers that were loaded with datasets and cohorts go; their names stay."""
    named = {"id": "c", "name": "women", "cohortType": "study-defined"}
    size = {"cohortSize": 17, "collectionEvents": [{"eventCases": {"availability": 3}}]}
    about = {"name": "d", "description": "text", "info": {"people": 17}}
    whole = replace(
        dataset(), record=about, cohorts=(Record(id="c", document=named | size),)
    )
    other = replace(whole, id="d2")
    granted = Permit(dataset="d1", granularity=Granularity.RECORD, profile=profile)
    exact = replace(granted, dataset="d2", profile=Profile(name="exact"))
    told, beside = described_together({"d1": granted, "d2": exact}, (whole, other))

    assert told.record == {"name": "d", "description": "text"}
    assert told.cohorts == beside.cohorts == (Record(id="c", document=named),)
    assert beside.record == about
    assert described_together({"d2": exact}, (other,)) == (other,)


def test_seen_allele_is_counted_over_everybody() -> None:
    """The counts of a seen allele are those of all people together."""
    expected = AlleleCounts(ac=3, an=10, hom=1, het=1, hemi=0)

    assert said(seen()).counts == expected


def test_record_has_total_first() -> None:
    """A record lists every group of the layout, all people first."""
    groups = said(seen()).variants[0].groups

    assert [g.label for g in groups] == ["Total", "SE", "DK"]
    assert [g.counts.ac for g in groups] == [3, 3, 0]
    assert [g.counts.an for g in groups] == [10, 6, 4]


def test_release_is_named_by_its_ordinal() -> None:
    """People see the dataset's own release number, never the store's."""
    part = said(seen())

    assert (part.release, part.released, part.sample_count) == (2, MOMENT, 5)


def test_no_with_a_record_at_the_place_rests_on_its_copies() -> None:
    """A "no" at a recorded place is AC 0 of that place's AN."""
    part = said(unseen(Place(an=8, has_record=True)))

    assert part.status is Status.NOT_SEEN
    assert part.counts == AlleleCounts(ac=0, an=8, hom=0, het=0, hemi=0)
    assert part.coverage is None


def test_no_without_a_record_says_that_coverage_is_undeclared() -> None:
    """A "no" where nothing was recorded has no AN and says on what it rests."""
    part = said(unseen(Place()))

    assert part.status is Status.NOT_SEEN
    assert part.counts == AlleleCounts(ac=0, an=None, hom=0, het=0, hemi=0)
    assert part.coverage == "undeclared"


@pytest.mark.parametrize(
    ("coverage", "word"),
    [
        (Coverage.WHOLE, None),
        (Coverage.PARTIAL, "partial"),
    ],
)
def test_no_in_declared_coverage_says_how_much_was_seen(
    coverage: Coverage, word: str | None
) -> None:
    """A "no" inside what was looked at needs no word, one across its edge does."""
    part = said(unseen(Place(an=8, coverage=coverage)))

    assert part.status is Status.NOT_SEEN
    assert part.counts == AlleleCounts(ac=0, an=8, hom=0, het=0, hemi=0)
    assert part.coverage == word


def test_a_place_outside_declared_coverage_is_not_covered() -> None:
    """Outside what was looked at there is no "no", and no number."""
    part = said(unseen(Place(coverage=Coverage.OUTSIDE)))

    assert part.status is Status.NOT_COVERED
    assert part.counts is None
    assert part.coverage is None


def test_a_question_without_a_place_is_partly_covered() -> None:
    """Where nothing says which bases are asked for, regions are not all of them."""
    found = unseen(None)
    release = replace(found.dataset.release, coverage=CoverageKind.REGIONS)
    declared = replace(found, dataset=replace(found.dataset, release=release))

    assert said(declared).coverage == "partial"


def test_declared_but_uncarried_allele_rests_on_its_own_copies() -> None:
    """An ALT nobody carries is ``not_seen`` in the copies of its record."""
    uncarried = FoundVariant(allele=ALLELE, tally=Tally(an=(6, 4), carriers=()))
    part = said(unseen(None, uncarried))

    assert part.status is Status.NOT_SEEN
    assert part.counts == AlleleCounts(ac=0, an=10, hom=0, het=0, hemi=0)
    assert part.coverage is None
    assert part.variants == ()


def test_filtered_place_is_not_covered_and_names_its_filters() -> None:
    """A place whose records all failed filters says so, with no counts."""
    part = said(unseen(Place(filters=("LowQual",))))

    assert part.status is Status.NOT_COVERED
    assert part.filters == ("LowQual",)
    assert part.counts is None


def test_allele_without_counts_exists_without_numbers() -> None:
    """A source that only lists alleles is ``seen`` with no AC and no AN."""
    part = said(seen(Tally(an=None, carriers=None)))

    assert part.status is Status.SEEN
    assert part.counts == AlleleCounts(ac=None, an=None)


def test_range_has_a_total_and_no_allele_counts() -> None:
    """A question about many alleles is never answered with one allele's counts."""
    part = said(seen(), pattern=A_RANGE)

    assert part.total == 1
    assert part.counts is None
    assert part.coverage is None


def test_dataset_without_permit_is_withheld() -> None:
    """What nobody permitted is withheld, however much was found."""
    part = disclose(
        Findings(datasets=(seen(),)), {}, Query(pattern=ONE_ALLELE)
    ).datasets[0]

    assert part.status is Status.WITHHELD
    assert (part.exists, part.total, part.counts) == (False, None, None)
    assert part.sample_count is None


def test_answer_has_the_highest_granularity_of_its_parts() -> None:
    """Mixed permits: the answer is as fine as its finest part."""
    other = replace(seen(), dataset=dataset("d2"))
    permits = {
        "d1": Permit(dataset="d1", granularity=Granularity.BOOLEAN),
        "d2": Permit(dataset="d2", granularity=Granularity.COUNT),
    }
    query = Query(pattern=ONE_ALLELE, granularity=Granularity.RECORD)
    answer = disclose(Findings(datasets=(seen(), other)), permits, query)

    assert answer.granularity is Granularity.COUNT
    assert [p.granularity for p in answer.datasets] == [
        Granularity.BOOLEAN,
        Granularity.COUNT,
    ]
    assert answer.total == 1


def test_nothing_found_keeps_the_warnings() -> None:
    """An answer without datasets is ``not_asked`` and repeats the warnings."""
    query = Query(warnings=("no such filter",), granularity=Granularity.COUNT)
    answer = disclose(Findings(datasets=()), {}, query)

    assert answer.status is Status.NOT_ASKED
    assert answer.warnings == ("no such filter",)
    assert answer.granularity is Granularity.COUNT


def test_open_policy_permits_records() -> None:
    """Without restrictions everybody may learn records."""
    granted = permit(OPEN, ANONYMOUS, dataset())

    assert granted == Permit(
        dataset="d1", granularity=Granularity.RECORD, individuals=True
    )


def test_policy_binds_others_and_not_the_operator() -> None:
    """The operator asks the own store whole; everybody else gets the policy's."""
    policy = Policy(granularity=Granularity.BOOLEAN)

    assert permit(policy, ANONYMOUS, dataset()).granularity is Granularity.BOOLEAN
    assert permit(policy, OPERATOR, dataset()).granularity is Granularity.RECORD


granularities = st.sampled_from(Granularity)


@st.composite
def findings(draw: st.DrawFn) -> DatasetFindings:
    """Any findings of one dataset on one allele."""
    if not draw(st.booleans()):
        an = draw(st.none() | st.integers(0, 10))
        words = draw(st.sampled_from([(), ("q10",), ("q10", "s50")]))
        return unseen(Place(an=an, has_record=draw(st.booleans()), filters=words))
    hom = draw(st.integers(0, 2))
    het = draw(st.integers(0, 2))
    if not hom + het:
        return seen(Tally(an=(6, 4), carriers=None))
    column = draw(st.sampled_from([0, 1]))
    return seen(
        Tally(an=(8, 8), carriers=(Carriers(column, 2 * hom + het, hom, het, 0),))
    )


def numbers(part: DatasetDisclosure) -> set[tuple[str, object]]:
    """Return every number of a statement that depends on the question."""
    said: set[tuple[str, object]] = {
        (g.label, g.counts) for v in part.variants for g in v.groups
    }
    said.update({("total", part.total), ("counts", part.counts)})
    return said - {("total", None), ("counts", None)}


@given(findings(), granularities, granularities)
def test_less_granted_never_says_more(
    found: DatasetFindings, asked: Granularity, granted: Granularity
) -> None:
    """Whatever is granted, nothing is said that full permission would not say."""
    full = said(found, asked=asked)
    part = said(found, asked=asked, granted=granted)

    assert numbers(part) <= numbers(full)
    assert part.granularity == min(asked, granted)
    assert (part.status, part.exists) == (full.status, full.exists)


@given(findings(), granularities)
def test_boolean_holds_no_number(found: DatasetFindings, granted: Granularity) -> None:
    """A boolean statement holds no number that depends on the question."""
    part = said(found, asked=Granularity.BOOLEAN, granted=granted)

    assert numbers(part) == set()


@given(findings(), granularities)
def test_count_holds_no_record(found: DatasetFindings, asked: Granularity) -> None:
    """Without permission for records none is said."""
    part = said(found, asked=asked, granted=Granularity.COUNT)

    assert part.variants == ()


@given(findings(), granularities, granularities)
def test_every_rule_only_removes(
    found: DatasetFindings, asked: Granularity, granted: Granularity
) -> None:
    """Each rule alone leaves a subset of what it was given."""
    whole = said(found, asked=asked)
    granting = Permit(dataset="d1", granularity=granted)

    assert all(
        numbers(rule(whole, granting)) <= numbers(whole) for rule in RULES.values()
    )
    assert all(rule(whole, granting).granularity <= asked for rule in RULES.values())


@given(findings(), granularities)
def test_rules_are_idempotent(found: DatasetFindings, granted: Granularity) -> None:
    """Applying a rule twice says what applying it once says."""
    granting = Permit(dataset="d1", granularity=granted)
    once = said(found, granted=granted)

    assert all(rule(once, granting) == once for rule in RULES.values())


def about_people(
    found: DatasetFindings,
    *,
    individuals: bool,
    granted: Granularity = Granularity.RECORD,
    **asked: tuple[str, ...],
) -> Disclosure:
    """Return what is said to a question about people."""
    granting = Permit(dataset="d1", granularity=granted, individuals=individuals)
    query = Query(pattern=ONE_ALLELE, granularity=Granularity.COUNT, **asked)  # type: ignore[arg-type]
    return disclose(Findings(datasets=(found,)), {"d1": granting}, query)


GROUPS = (PeopleGroup("F", 3, AlleleCounts(ac=3, an=6, hom=1, het=1, hemi=0)),)


def test_leaving_out_needs_a_permit() -> None:
    """Without one nothing is said; with one the others are counted."""
    found = replace(seen(), left_out=1)
    (ours,) = about_people(found, individuals=True, excluded=("I1",)).datasets
    (theirs,) = about_people(found, individuals=False, excluded=("I1",)).datasets

    assert (ours.status, ours.sample_count) == (Status.SEEN, 4)
    assert (theirs.status, theirs.counts, theirs.sample_count) == (
        Status.WITHHELD,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("individuals", "granted", "groups"),
    [
        (True, Granularity.COUNT, GROUPS),
        (False, Granularity.COUNT, ()),
        (True, Granularity.BOOLEAN, ()),
    ],
)
def test_groups_need_a_permit_and_counts(
    individuals: bool,
    granted: Granularity,
    groups: tuple[PeopleGroup, ...],
) -> None:
    """People by columns are shown to whom counts of individuals are permitted."""
    found = replace(seen(), groups=GROUPS)
    told = about_people(found, individuals=individuals, granted=granted, by=("sex",))

    assert told.datasets[0].groups == groups


def test_who_knows_nobody_says_so() -> None:
    """A dataset of counts is named, unless it is withheld anyway."""
    found = replace(seen(), left_out=None, groups=None)
    ours = about_people(found, individuals=True, excluded=("I1",), by=("sex",))
    theirs = about_people(found, individuals=False, excluded=("I1",), by=("sex",))

    assert [w.rpartition(", so ")[2] for w in ours.warnings] == [
        "nobody is left out there: d1.",
        "there are no groups: d1.",
    ]
    assert theirs.warnings == ()


def test_perhaps_only_the_own_case_was_called() -> None:
    """That is no answer, and the answer says why."""
    found = replace(unseen(None), silence=Silence.ONLY_EXCLUDED)
    told = about_people(found, individuals=True, excluded=("I1",))

    assert told.status is Status.NO_ANSWER
    assert "perhaps only who was to be left out" in told.warnings[0]


def test_how_many_people_are_meant_needs_a_permit_for_counts() -> None:
    """Their number depends on the question: a boolean answer does not hold it."""
    found = replace(seen(), left_out=3)
    query = Query(pattern=ONE_ALLELE, cohort="c", granularity=Granularity.RECORD)
    shown = {}
    for granted in Granularity:
        permits = {"d1": Permit(dataset="d1", granularity=granted, individuals=True)}
        answer = disclose(Findings(datasets=(found,)), permits, query)
        shown[granted.word] = answer.datasets[0].sample_count

    assert shown == {"boolean": None, "count": 2, "record": 2}
    assert said(seen(), granted=Granularity.BOOLEAN).sample_count == 5


permits_given = st.builds(
    Permit,
    dataset=st.just("d1"),
    granularity=granularities,
    individuals=st.booleans(),
)
questions = st.builds(
    Query,
    pattern=st.sampled_from([None, ONE_ALLELE, A_RANGE]),
    granularity=granularities,
    page=st.builds(Page, skip=st.integers(0, 1), limit=st.integers(1, 2)),
    cohort=st.sampled_from([None, "women"]),
    excluded=st.sampled_from([(), ("P1",)]),
    under=st.sampled_from([None, Under(entry_type="individual", identity="P1")]),
)
silences = st.builds(
    DatasetFindings,
    dataset=st.builds(dataset),
    total=st.integers(0, 1),
    is_contig_loaded=st.booleans(),
    is_conclusive=st.booleans(),
    silence=st.sampled_from([None, *Silence]),
    is_other_version=st.booleans(),
    left_out=st.sampled_from([None, 0, 1]),
    groups=st.sampled_from([None, ()]),
)


@given(
    findings() | silences,
    st.lists(st.tuples(st.none() | permits_given, questions), min_size=1, max_size=6),
)
def test_what_was_said_before_changes_nothing(
    found: DatasetFindings, asked: list[tuple[Permit | None, Query]]
) -> None:
    """Whoever asked before, and whatever, of the very same findings."""
    for granted, query in asked:
        permits = {} if granted is None else {"d1": granted}
        new = Findings(datasets=(replace(found),))
        expected = disclose(new, permits, query)

        assert disclose(Findings(datasets=(found,)), permits, query) == expected


def test_what_is_said_of_one_value_is_made_once() -> None:
    """Another value, even an equal one, is judged for itself."""
    found = unseen(Place(an=8, has_record=True))
    first, again, equal = said(found), said(found), said(replace(found))

    assert first is again
    assert first == equal
    assert first is not equal


def test_without_numbers_other_counts_are_the_very_same_words() -> None:
    """However large a count is that is shown, however small one that is not."""
    granted = Permit(
        dataset="d1",
        granularity=Granularity.RECORD,
        tier="all",
        profile=Profile(name="threshold", min_count=10),
        queries=frozenset({"allele"}),
    )
    query = Query(pattern=ONE_ALLELE, granularity=Granularity.BOOLEAN)
    gate = Gate({"d1": granted}, query, ())

    def told(copies: int) -> Disclosure:
        counts = AlleleCounts(ac=copies, an=200)
        found = DatasetFindings(dataset=dataset(), total=1, counts=counts)
        new = disclose(Findings(datasets=(replace(found),)), {"d1": granted}, query)
        assert gate.disclose([found]) == new
        return gate.disclose([found])

    assert told(10) is told(99)
    assert told(9) is told(1)
    assert (told(10).exists, told(9).exists) == (True, False)
