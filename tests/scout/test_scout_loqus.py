"""Scout's questions are understood, and nothing unknown is ever a 0."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beacon.model.status import Status
from beacon.scout.loqus import (
    Place,
    allele_observed,
    allele_question,
    event_observed,
    event_question,
    place_of,
)

PLACE = Place(dataset="d", assembly="GRCh37", people=10)


def answer(status: str, results: list | None = None, **told: int | str) -> dict:
    """Return what the API says of one dataset."""
    said = {"info": {"status": status, **told}, "results": results or []}
    return {"response": {"resultSets": [said]}}


def test_an_allele_is_asked_with_a_0_based_start() -> None:
    """Scout's ids are VCF's."""
    question = allele_question("22_16050408_T_C", "GRCh37")

    assert question is not None
    assert (question["referenceName"], question["start"]) == ("22", "16050407")
    assert (question["referenceBases"], question["alternateBases"]) == ("T", "C")


@pytest.mark.parametrize(
    "identity",
    [
        "22_16050408_T",
        "99_1_A_C",
        "22_0_A_C",
        "22_1_A_<DEL>",
        "22_x_A_C",
        "",
        "22_1_A_",
    ],
)
def test_what_is_no_allele_is_not_asked(identity: str) -> None:
    """Such an id has no question."""
    assert allele_question(identity, "GRCh37") is None


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ({"sv_type": "DEL"}, {"start": "100", "end": "900"}),
        ({"sv_type": "dup"}, {"start": "100", "end": "900", "variantType": "DUP"}),
        ({"sv_type": "INS", "end": "100"}, {"start": "100", "variantType": "INS"}),
        (
            {"sv_type": "BND", "end_chrom": "5"},
            {"start": "99", "mateName": "5", "mateStart": "899"},
        ),
    ],
)
def test_an_event_is_asked_by_its_place(told: dict, asked: dict) -> None:
    """Spans begin behind POS; breakends have a mate."""
    given_ = {"chrom": "1", "end_chrom": "1", "pos": "100", "end": "900", **told}
    question = event_question(given_, "GRCh37")

    assert question is not None
    assert asked == {name: question[name] for name in asked}


@pytest.mark.parametrize(
    "change",
    [
        {"sv_type": "STR"},
        {"pos": "-1"},
        {"end": "50"},
        {"chrom": "99"},
        {"end_chrom": "2"},
        {"pos": ""},
    ],
)
def test_what_is_no_event_is_not_asked(change: dict) -> None:
    """Such parameters have no question."""
    told = {"chrom": "1", "end_chrom": "1", "pos": "100", "end": "900"}

    assert event_question({**told, "sv_type": "DEL", **change}, "GRCh37") is None


def test_people_are_counted_not_alleles() -> None:
    """One homozygous and two heterozygous people are three observations."""
    said = answer("seen", alleleCount=4, homozygous=1, heterozygous=2, hemizygous=0)
    members = allele_observed(said, PLACE).members

    assert members["observations"] == 3
    assert (members["homozygote"], members["hemizygote"]) == (1, 0)
    assert (members["total"], members["families"]) == (10, [])


def test_half_called_people_are_observed_too() -> None:
    """Whoever carries it beside a copy that is not called is an observation."""
    said = answer("seen", alleleCount=2, homozygous=0, heterozygous=1, hemizygous=0)

    assert allele_observed(said, PLACE).people == 2


def test_a_no_is_0_of_so_many() -> None:
    """``not_seen`` alone is 0."""
    members = allele_observed(answer("not_seen", alleleNumber=20), PLACE).members

    assert (members["observations"], members["total"]) == (0, 10)


def test_a_no_of_nobody_knows_how_many() -> None:
    """Where it is not known who could have shown it, the total is not that of all."""
    members = allele_observed(answer("not_seen"), PLACE).members

    assert (members["observations"], members["total"]) == (0, -1)


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.NOT_SEEN])
def test_no_other_word_is_0(status: Status) -> None:
    """Hidden, not covered, not told, refused: none is 0."""
    for observed in (allele_observed, event_observed):
        members = observed(answer(status.value), PLACE).members

        assert members["observations"] == -1
        assert members["status"] == status.value
        assert members["message"]


def test_similar_events_add_up() -> None:
    """Each similar variant adds its carriers."""
    people = {
        "genotypeHomozygous": 1,
        "genotypeHeterozygous": 2,
        "genotypeHemizygous": 0,
    }
    one = {
        "frequencyInPopulations": [{"frequencies": [{"population": "Total", **people}]}]
    }
    members = event_observed(answer("seen", [one, one]), PLACE).members

    assert (members["observations"], members["homozygote"]) == (6, 2)


@pytest.mark.parametrize("coverage", ["partial", "undeclared"])
def test_an_event_that_not_all_could_show_is_not_0_of_all(coverage: str) -> None:
    """Nobody says among how many people it was looked for."""
    partly = event_observed(answer("not_seen", coverage=coverage), PLACE).members
    whole = event_observed(answer("not_seen"), PLACE).members

    assert [m["observations"] for m in (partly, whole)] == [0, 0]
    assert [m["total"] for m in (partly, whole)] == [-1, 10]


def test_the_dataset_says_its_assembly() -> None:
    """What has no assembly serves nothing."""
    record = {"id": "d", "info": {"assembly": "GRCh37", "sampleCount": 10}}

    assert place_of({"response": {"collections": [record]}}) == PLACE
    assert place_of({"response": {"collections": [{"id": "d"}]}}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
NAMES = ["response", "resultSets", "info", "status", "results", "collections"]
LIKELY = st.recursive(
    JSON | st.sampled_from([*Status]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=6,
)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(NAMES), LIKELY))
def test_only_not_seen_is_0(document: dict) -> None:
    """Whatever the API sends, 0 is said only where it says ``not_seen``."""
    place_of(document)
    for observed in (allele_observed, event_observed):
        members = observed(document, PLACE).members

        assert members["observations"] != 0 or members["status"] == "not_seen"
