"""What a filter means of one record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.facts import (
    Amount,
    Said,
    Worded,
    facts_of,
    is_met,
    lexicon_of,
    pattern,
)
from beacon.model.fields import Kind
from beacon.model.filters import FieldFilter, Operator, Similarity, TermFilter
from beacon.model.ontology import Concept, Hierarchy, Ontologies

if TYPE_CHECKING:
    from beacon.model.filters import Filter

TERM = {"id": "T:2", "label": "two"}
DISEASE = {
    "diseaseCode": {"id": "MONDO:0004975", "label": "Alzheimer disease"},
    "ageOfOnset": {"iso8601duration": "P65Y"},
}
BMI = {
    "assayCode": {"id": "LOINC:35925-4", "label": "BMI"},
    "measurementValue": {"unit": {"id": "UNIT:1"}, "value": 26.5},
    "date": "2021-09-24",
}
PERSON = {
    "id": "p",
    "sex": {"id": "NCIT:C16576", "label": "female"},
    "ethnicity": {"id": "NCIT:C41260", "label": "Asian"},
    "karyotypicSex": "XX",
    "diseases": [DISEASE],
    "measures": [BMI],
    "phenotypicFeatures": [
        {"featureType": {"id": "T:3"}, "severity": {"id": "HP:0012828"}},
        {
            "featureType": {"id": "T:2"},
            "excluded": True,
            "severity": {"id": "HP:0012825"},
            "onset": {"iso8601duration": "P1Y"},
        },
    ],
    "pedigrees": [{"disease": {"diseaseCode": {"id": "PED:1"}}}],
    "info": {
        "Population": "GBR",
        "age": 44,
        "n": "7",
        "ok": True,
        "when": "2021-05-01",
    },
}
TREE = Hierarchy(
    [
        Concept(id="T:1"),
        Concept(id="T:2", parents=("T:1",)),
        Concept(id="T:3", parents=("T:1",)),
        Concept(id="T:4", parents=("T:2",)),
    ]
)
ONTOLOGIES = Ontologies(by_prefix={"T": TREE})


def meets(
    asked: Filter, document: dict = PERSON, others: tuple[dict, ...] = ()
) -> bool:
    """Whether an individual meets a filter, among others."""
    every = [("individual", facts_of("individual", d)) for d in (document, *others)]
    lexicon = lexicon_of(every, ONTOLOGIES)
    return is_met(asked, "individual", every[0][1], lexicon)


def term(identity: str, **more: object) -> TermFilter:
    """Return a filter for a term; ``!`` negates it."""
    negated = identity.startswith("!")
    return TermFilter(id=identity.removeprefix("!"), negated=negated, **more)


def value(text: str) -> FieldFilter:
    """Return a filter such as ``age <= P65Y``."""
    name, operator, wanted = text.split(" ", 2)
    return FieldFilter(field=name, operator=Operator(operator), value=wanted)


MET = (
    "NCIT:C16576",
    "ncit:C16576",
    "NCIT_C16576",
    "T:1",
    "T:3",
    "HP:0012828",
    "LOINC:35925-4",
    "demographic.ethnicity:asian",
    "sex:female",
    "sex:NCIT:C16576",
    "population:gbr",
    "info.population:GBR",
    "ok:true",
    "n:7",
    "karyotypicSex",
    "!NCIT:C20197",
    "!T:2",
    "!T:4",
    "!population:FIN",
)
NOT_MET = (
    "NCIT:C20197",
    "NCIT:c16576",
    "T:2",
    "T:4",
    "HP:0012825",
    "PED:1",
    "UNIT:1",
    "sex:fem",
    "sex:%",
    "!NCIT:C16576",
    "!T:1",
    "!T:3",
    "!HP:0000001",
    "!nothing:1",
    "aligner",
)


@pytest.mark.parametrize("asked", MET)
def test_terms_that_are_met(asked: str) -> None:
    """A term or what is narrower, anywhere it is said of the individual."""
    assert meets(term(asked))


@pytest.mark.parametrize("asked", NOT_MET)
def test_terms_that_are_not_met(asked: str) -> None:
    """Neither units, relatives nor absent features; nor what nobody says."""
    assert not meets(term(asked))


VALUES_MET = (
    "age <= P65Y",
    "age <= P780M",
    "ageOfOnset = P65Y",
    "diseases.ageOfOnset > P9Y",
    "info.age < P45Y",
    "info.age = 44",
    "LOINC:35925-4 > 26",
    "bmi = 26.50",
    "BMI ! 20",
    "sex = FEMALE",
    "sex = f%e",
    "sex ! male",
    "sex = NCIT:C16576",
    "karyotypicSex ! XY",
    "measures.date = 2021-09",
    "measures.date >= 2021-09-24",
    "measures.date < 2022",
    "when = 2021-05-01",
    "n >= 6.5",
)
VALUES_NOT_MET = (
    "age <= P9Y",
    "ageOfOnset <= 65",
    "age = young",
    "ageOfOnset ! P65Y",
    "ageOfOnset > P65Y",
    "onset < P2Y",
    "BMI > heavy",
    "BMI ! heavy",
    "BMI = 26%",
    "sex < male",
    "sex ! f%",
    "sex = .*",
    "ethnicity = %sian %",
    "measures.date > 2021-09",
    "nothing ! 1",
    "measures.measurementValue = 26.5",
)


@pytest.mark.parametrize("asked", VALUES_MET)
def test_values_that_are_met(asked: str) -> None:
    """Numbers, dates and ages by their size, texts in any case, % for anything."""
    assert meets(value(asked))


@pytest.mark.parametrize("asked", VALUES_NOT_MET)
def test_values_that_are_not_met(asked: str) -> None:
    """What cannot be compared is never met, negated or not."""
    assert not meets(value(asked))


@pytest.mark.parametrize("asked", ["!NCIT:C16576", "!sex:female", "!T:2"])
def test_what_is_missing_is_no_statement(asked: str) -> None:
    """Whoever says nothing of the kind does not meet a negated filter."""
    assert not meets(term(asked), {"id": "p"}, (PERSON,))


def test_a_negated_term_is_about_its_field() -> None:
    """Another field with terms of the same ontology says nothing of it."""
    other = {"id": "q", "ethnicity": {"id": "NCIT:C41260"}}

    assert not meets(term("!NCIT:C16576"), other, (PERSON,))


def test_who_has_a_related_feature_has_not_one_that_nobody_has() -> None:
    """A negated term that no record holds is about the field of its relatives."""
    other = {"id": "q", "phenotypicFeatures": [{"featureType": {"id": "T:2"}}]}

    assert meets(term("!T:4"), other)
    assert not meets(term("!T:4"), {"id": "r", "sex": {"id": "T:3"}})
    assert not meets(term("!T:9"), other)


def test_terms_joined_by_commas_are_several() -> None:
    """The label is that of the first; a comma between words joins nothing."""
    joined = {"sex": {"id": "DUO:0000019,duo:0000020", "label": "two"}}
    told = facts_of("individual", joined | {"ethnicity": {"id": "a, b:c"}})

    assert (
        Said("sex", "DUO:0000019", "two"),
        Said("sex", "DUO:0000020", None),
        Said("ethnicity", "a, b:c", None),
    ) == told


def test_an_absent_feature_speaks_for_narrower_ones() -> None:
    """Who does not have a feature has no narrower one; a wider one stays open."""
    absent = {"phenotypicFeatures": [{"featureType": {"id": "T:2"}, "excluded": True}]}
    told = [meets(term(asked), absent, (PERSON,)) for asked in ("!T:4", "!T:2", "!T:1")]

    assert [True, True, False] == told


def test_without_descendants() -> None:
    """Only the term itself, when narrower ones are not wanted."""
    assert not meets(term("T:1", descendants=False))
    assert meets(term("T:3", descendants=False))


@given(st.sampled_from(["T:1", "T:2", "T:3", "T:4"]), st.booleans())
def test_similarity_only_widens(asked: str, descendants: bool) -> None:
    """Whatever meets a term meets it at any similarity, and more so at lower ones."""
    told = [
        meets(term(asked, descendants=descendants, similarity=level))
        for level in Similarity
    ]

    assert sorted(told) == told


def test_a_range_of_ages_agrees_as_a_whole() -> None:
    """What is only partly below a limit is not said to be below it."""
    ages = {"start": {"iso8601duration": "P10Y"}, "end": {"iso8601duration": "P20Y"}}
    disease = {"diseaseCode": TERM, "ageOfOnset": ages}
    asked = ("age <= P20Y", "age < P20Y", "age >= P10Y", "age > P10Y", "age = P15Y")
    told = [meets(value(a), {"diseases": [disease]}) for a in asked]

    assert [True, False, True, False, False] == told


def test_sex_is_known_by_its_word_without_a_label() -> None:
    """Who is female by the term alone is so by the word, and not the contrary."""
    bare = {"sex": {"id": "NCIT:C16576"}}

    assert meets(term("sex:female"), bare)
    assert not meets(value("sex ! female"), bare)


def test_before_birth_is_before_any_age() -> None:
    """A gestational age is less than every age of the born, and no other."""
    unborn = {"diseaseCode": {"id": "T:2"}, "ageOfOnset": {"weeks": 41, "days": 6}}
    told = [
        meets(value(asked), {"diseases": [unborn]})
        for asked in ("ageOfOnset < P0D", "ageOfOnset <= P1Y", "ageOfOnset >= P0D")
    ]

    assert [True, True, False] == told


def test_each_statement_once() -> None:
    """A document is read into statements, each once, whatever its form."""
    document = {
        "diseases": [DISEASE, DISEASE, {"diseaseCode": None}, "odd"],
        "sex": "female",
        "measures": {"assayCode": 3},
        "info": {"a": {"b": [1, "x", {"c": None}]}},
    }

    assert (
        Said("diseases.diseaseCode", "MONDO:0004975", "Alzheimer disease"),
        Amount("diseases.ageOfOnset", Kind.AGE, 65 * 31557600.0, 65 * 31557600.0),
        Amount("info.a.b", Kind.NUMBER, 1.0, 1.0),
        Worded("info.a.b", "x"),
    ) == facts_of("individual", document)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "x", "P1Y", "2021", "T:1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "label", "value", "excluded", "age", "start", "end"])
            | st.sampled_from(["featureType", "diseaseCode", "iso8601duration"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["sex", "diseases", "phenotypicFeatures", "measures", "info"]),
        JSON,
    )
)
def test_any_document_can_be_read(document: dict) -> None:
    """Whatever stands in a document, reading it raises nothing."""
    assert isinstance(facts_of("individual", document), tuple)


@given(st.text("ab%", max_size=6), st.text("ab", max_size=6))
def test_a_pattern_is_what_a_naive_one_is(asked: str, text: str) -> None:
    """``%`` stands for any characters, also none, and everything else for itself."""

    def naive(rest: str, left: str) -> bool:
        if not rest:
            return not left
        if rest[0] == "%":
            return any(naive(rest[1:], left[n:]) for n in range(len(left) + 1))
        return left[:1] == rest[0] and naive(rest[1:], left[1:])

    assert naive(asked, text) == pattern(asked).is_in(text)


@pytest.mark.parametrize(
    "member", ["phenopacketId", "alternateIds", "hospital_id", "ID", "SAMPLE_IDS", "id"]
)
def test_an_id_is_no_field(member):
    """It would name somebody, and its values everybody, to whom nobody is named."""
    document = {"id": "I1", "info": {member: "X1", "deeper": {member: ["X1"]}}}

    assert facts_of("individual", document) == ()


@pytest.mark.parametrize("member", ["paid", "ward", "IDH1", "androids"])
def test_what_only_looks_like_an_id_is_a_field(member):
    """Words that end alike."""
    document = {"id": "I1", "info": {member: "x"}}

    assert facts_of("individual", document) == (Worded(f"info.{member.lower()}", "x"),)


def test_a_term_under_info_is_asked_for_by_its_id():
    """It says what, not who."""
    document = {"id": "I1", "info": {"blood": {"id": "HP:1", "label": "A"}}}

    assert Worded("info.blood.id", "HP:1") in facts_of("individual", document)
