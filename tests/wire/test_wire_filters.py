"""Filters in every spelling, and what each asks for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.effects import narrower
from beacon.model.entry_types import ENTRY_TYPES
from beacon.model.errors import InvalidRequest, UnknownFilters
from beacon.model.filters import FieldFilter, Operator, Similarity, TermFilter
from beacon.model.records import Under
from beacon.wire.filters import entry_type_named, split_filters
from beacon.wire.requests import (
    Address,
    Understanding,
    gather_body,
    gather_parameters,
    understand,
)

INDIVIDUALS = Address(about="individual")
KNOWN = Understanding(loaded={"GRCh37"}, references={})
SEIZURE = TermFilter(id="HP:0001250")
YOUNG = FieldFilter(field="age", operator=Operator.LESS_OR_EQUAL, value="P65Y")


def got(*filters, address=INDIVIDUALS, **more):
    """Return the question of a query string."""
    items = [("filters", each) for each in filters] + list(more.items())
    return understand(gather_parameters(items), address, KNOWN)


def sent(*filters, address=INDIVIDUALS, **query):
    """Return the question of a body."""
    body = {"query": {"filters": list(filters), **query}}
    return understand(gather_body(json.dumps(body).encode()), address, KNOWN)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("HP:0001250", SEIZURE),
        ("!HP:0001250", TermFilter(id="HP:0001250", negated=True)),
        ("demographic.ethnicity:asian", TermFilter(id="demographic.ethnicity:asian")),
        ("age:<=P65Y", YOUNG),
        ("age<=P65Y", YOUNG),
        (
            "EFO_0005056:<=P1Y6M",
            FieldFilter(
                field="EFO_0005056", operator=Operator.LESS_OR_EQUAL, value="P1Y6M"
            ),
        ),
        (
            "LOINC:35925-4:>30",
            FieldFilter(field="LOINC:35925-4", operator=Operator.GREATER, value="30"),
        ),
        (
            "HP:0001250:>=P10Y",
            FieldFilter(
                field="HP:0001250", operator=Operator.GREATER_OR_EQUAL, value="P10Y"
            ),
        ),
        (
            "libraryStrategy=W%",
            FieldFilter(field="libraryStrategy", operator=Operator.EQUAL, value="W%"),
        ),
        ("sex:!male", FieldFilter(field="sex", operator=Operator.NOT, value="male")),
        ("sex!=male", FieldFilter(field="sex", operator=Operator.NOT, value="male")),
        ("sex==male", FieldFilter(field="sex", operator=Operator.EQUAL, value="male")),
    ],
)
def test_a_filter_of_a_query_string_means_what_its_text_says(text, meant):
    """Terms, negated ones, fields with an operator, with or without the colon."""
    assert got(text).filters == ((meant,),)
    assert sent(text).filters == ((meant,),)


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        ({"id": "HP:0001250"}, SEIZURE),
        (
            {"id": "HP:0001250", "includeDescendantTerms": False},
            TermFilter(id="HP:0001250", descendants=False),
        ),
        (
            {"id": "HP:0001250", "similarity": "high"},
            TermFilter(id="HP:0001250", similarity=Similarity.HIGH),
        ),
        ({"id": "age", "operator": "<=", "value": "P65Y"}, YOUNG),
        (
            {"id": "age", "value": 65},
            FieldFilter(field="age", operator=Operator.EQUAL, value="65"),
        ),
        (
            {"id": "familyHistory", "operator": "=", "value": True},
            FieldFilter(field="familyHistory", operator=Operator.EQUAL, value="true"),
        ),
    ],
)
def test_a_filter_of_a_body_means_what_its_members_say(body, meant):
    """The operator is ``=`` where only a value is given."""
    assert sent(body).filters == ((meant,),)


@pytest.mark.parametrize(
    "asked",
    [
        got("HP:0001250,age:<=P65Y"),
        got("HP:0001250", "age:<=P65Y"),
        got("HP:0001250,,age:<=P65Y,"),
        got('[{"id":"HP:0001250"},{"id":"age","operator":"<=","value":"P65Y"}]'),
        sent("HP:0001250", "age:<=P65Y"),
        sent({"id": "HP:0001250"}, {"id": "age", "operator": "<=", "value": "P65Y"}),
        sent(["HP:0001250"], ["age:<=P65Y"]),
    ],
)
def test_several_filters_must_all_be_met(asked):
    """With commas, repeated, as objects or ids."""
    assert asked.filters == ((SEIZURE,), (YOUNG,))


@pytest.mark.parametrize(
    "asked",
    [
        got("[HP:0001250,age:<=P65Y]"),
        got("[ HP:0001250 , age<=P65Y ]"),
        sent(["HP:0001250", "age:<=P65Y"]),
        sent([{"id": "HP:0001250"}, "age:<=P65Y"]),
        sent("[HP:0001250,age:<=P65Y]"),
    ],
)
def test_a_list_within_the_list_holds_alternatives(asked):
    """Any of them may be met, and the echo says so."""
    assert asked.filters == ((SEIZURE, YOUNG),)
    assert asked.requested["filters"] == ["[HP:0001250,age:<=P65Y]"]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('"disease:early, late"', [["disease:early, late"]]),
        ('HP:1,"a, b" , c', [["HP:1"], ["a, b"], ["c"]]),
        ('["a, b",c]', [["a, b", "c"]]),
        ('[c, "a, b" ]', [["c", "a, b"]]),
        ('5",6"', [['5"'], ['6"']]),
    ],
)
def test_quotes_keep_commas(text, meant):
    """What a query string writes within quotes is one filter."""
    terms = [[each.id for each in clause] for clause in got(text).filters]

    assert meant == terms


SCOPES = {
    "individual": ("individual", "individuals", "Individual", "INDIVIDUALS"),
    "biosample": ("biosample", "biosamples"),
    "run": ("run", "runs"),
    "analysis": ("analysis", "analyses", "Analyses"),
    "dataset": ("dataset", "datasets"),
    "cohort": ("cohort", "cohorts"),
    "genomicVariant": (
        "genomicVariant",
        "g_variant",
        "g_variants",
        "genomicVariations",
        "genomicvariation",
        "Genomic Variants",
    ),
}


@pytest.mark.parametrize(
    ("word", "meant"), [(w, name) for name, words in SCOPES.items() for w in words]
)
def test_an_entry_type_is_known_under_all_its_names(word, meant):
    """Its id, its path, in the singular and the plural, in any case."""
    assert entry_type_named(word) == meant


def test_every_entry_type_is_a_scope():
    """The names follow from the register."""
    assert list(SCOPES) == sorted(ENTRY_TYPES, key=list(SCOPES).index)


def test_several_scopes_are_alternatives():
    """A record of any of them may meet the filter."""
    asked = sent({"id": "HP:0001250", "scope": ["individuals", "biosample"]})

    assert [each.scope for each in asked.filters[0]] == ["individual", "biosample"]


def test_descendants_similarity_and_scope_survive_beside_each_other():
    """Nothing of a filter is lost."""
    asked = sent(
        {
            "id": "!HP:0001250",
            "includeDescendantTerms": False,
            "similarity": "low",
            "scope": "individuals",
        }
    )

    assert asked.filters == (
        (
            TermFilter(
                id="HP:0001250",
                descendants=False,
                similarity=Similarity.LOW,
                negated=True,
                scope="individual",
            ),
        ),
    )


@pytest.mark.parametrize(
    ("held", "sentence"),
    [
        ([{"id": "age", "operator": ">"}], "needs a value beside its operator"),
        (["age:>"], "needs a value beside its operator"),
        ([{"id": "HP:1", "scope": "patient"}], "scope must be an entry type"),
        ([{"id": "HP:1", "scope": 5}], "scope must be an entry type"),
        ([[]], "empty list of alternatives"),
        ([[["HP:1"]]], "must hold ids or objects"),
        (["!"], "names nothing"),
        (["sex:"], "needs a value behind its colon"),
        (["age=>P5Y"], "operator: input should be"),
        ([{"id": "!sex", "value": "male"}], "say so with the operator !"),
        ([{"id": "!sex", "operator": "=", "value": "female"}], "the operator !"),
        (["!sex=female"], "the operator !"),
        ([{"id": "HP:1", "scope": "run", "scopes": []}], 'has "scope" twice'),
        ([["HP:1"] * 300, ["HP:2"] * 201], "holds more than 500 filters"),
        ([["HP:1"] * 501], "holds more than 500 filters"),
        (["[HP:1"], None),
        ([["SO:0001583", "HP:1"]], "beside other filters"),
    ],
)
def test_a_malformed_filter_is_refused(held, sentence):
    """With a sentence; nothing is guessed."""
    if sentence is None:
        with pytest.raises(InvalidRequest, match="not closed"):
            got(*held)
        return
    with pytest.raises(InvalidRequest, match=sentence):
        sent(*held)


@pytest.mark.parametrize(
    "body",
    [
        {"ID": "HP:0001250", "Scope": "run"},
        {"id": "HP:0001250", "scopes": ["runs"]},
        {"id": "HP:0001250", "SCOPES": "run"},
    ],
)
def test_members_of_a_filter_are_known_in_any_case(body):
    """And ``scopes``, as some write: ignored, it would widen the answer."""
    assert sent(body).filters == ((TermFilter(id="HP:0001250", scope="run"),),)


def test_what_a_filter_holds_beside_is_said():
    """A key that means nothing is ignored, and the answer tells."""
    asked = sent({"id": "HP:0001250", "includeDescendants": False})

    assert asked.warnings == (
        'The key "includeDescendants" in filters is not known and ignored.',
    )


def test_effects_of_variants_are_asked_of_variants():
    """Also where individuals are asked for: those who carry such a variant."""
    asked = got("SO:0001583,HP:0001250", assemblyId="GRCh37")

    assert asked.filters == ((SEIZURE,),)
    assert asked.pattern.annotated.effects == (narrower("SO:0001583"),)


def test_alternative_effects_are_one_question():
    """A variant may have any of them."""
    asked = got("[SO:0001583,SO:0001587]", assemblyId="GRCh37")

    meant = (*narrower("SO:0001583"), *narrower("SO:0001587"))
    assert asked.pattern.annotated.effects == (meant,)


@pytest.mark.parametrize("text", ["so:0001583", "SO_0001583"])
def test_effects_are_known_in_every_spelling(text):
    """As every other term is."""
    variants = Address(about="genomicVariant")
    asked = got(text, address=variants, assemblyId="GRCh37", geneId="BRAF")

    assert () == asked.filters


@pytest.mark.parametrize("about", ["dataset", "cohort"])
def test_effects_do_not_narrow_datasets(about):
    """There they are filters as any, which no record meets."""
    asked = got("SO:0001583", address=Address(about=about))

    assert (asked.pattern, asked.filters) == (
        None,
        ((TermFilter(id="SO:0001583"),),),
    )


@pytest.mark.parametrize(
    "held",
    [
        {"id": "!SO:0001583", "scope": "g_variants"},
        {"id": "age", "operator": ">", "value": "1", "scope": "genomicVariant"},
    ],
)
def test_what_variants_do_not_answer_to_is_refused_where_that_is_asked(held):
    """Strictly it is an error that names the filter; else it matches nothing."""
    lenient = sent(held)

    assert (len(lenient.unknown_filters), len(lenient.warnings)) == (1, 1)
    with pytest.raises(UnknownFilters, match=lenient.unknown_filters[0]):
        sent(held, strict=True)


def test_an_alternative_nothing_answers_to_leaves_the_others():
    """It is said, and the question is asked without it."""
    asked = sent([{"id": "HP:1", "scope": "g_variants"}, "HP:0001250"])

    assert (asked.filters, asked.unknown_filters) == (((SEIZURE,),), ())
    assert asked.warnings == (
        'The filter "HP:1" is not known here and matches nothing.',
    )


@pytest.mark.parametrize(
    ("given_word", "usual", "strict"),
    [(None, False, False), (None, True, True), ("true", False, True)],
)
def test_the_request_decides_whether_it_is_strict(given_word, usual, strict):
    """Where it does not say, the setting holds."""
    known = Understanding(loaded=(), references={}, is_strict=usual)
    items = [] if given_word is None else [("strict", given_word)]
    asked = understand(gather_parameters(items), INDIVIDUALS, known)

    assert asked.is_strict is strict


def test_parameters_of_documents_narrow_as_filters_of_their_fields():
    """Of the entry type they are given for; a list holds alternatives."""
    parameters = {
        "individual": {"sex": "female", "ethnicity": ["a", "b"]},
        "runs": {"platform": "Illumina"},
    }
    asked = sent("HP:0001250", requestParameters=parameters)

    def equal(name, value, scope):
        return FieldFilter(
            field=name, operator=Operator.EQUAL, value=value, scope=scope
        )

    assert asked.filters == (
        (SEIZURE,),
        (equal("sex", "female", "individual"),),
        (
            equal("ethnicity", "a", "individual"),
            equal("ethnicity", "b", "individual"),
        ),
        (equal("platform", "Illumina", "run"),),
    )


# --- where records are asked for ---------------------------------------------------


def test_a_record_is_asked_for_by_its_id():
    """Of documents, the id stays what it is."""
    asked = sent(address=Address(about="biosample", identity="b:1"))

    assert (asked.about, asked.identity, asked.under) == ("biosample", "b:1", None)


def test_records_are_asked_for_below_another():
    """Everything else of the question applies as it does to the list."""
    under = Under(entry_type="individual", identity="i1")
    asked = sent("HP:0001250", address=Address(about="run", under=under))

    assert (asked.about, asked.under, asked.filters) == ("run", under, ((SEIZURE,),))


def test_carriers_are_asked_for_by_the_variant():
    """Its id is read as a pattern, and a document endpoint asks who carries it."""
    under = Under(entry_type="genomicVariant", identity="GRCh37-22-101-T-C")
    asked = sent(address=Address(about="individual", under=under))

    assert asked.under is None
    assert asked.pattern.spellings == ((100, "T", "C"),)


@pytest.mark.parametrize("about", ["genomicVariant", "individual", "analysis"])
def test_a_cohort_is_asked_for_by_its_path(about):
    """Its individuals only, whatever of them is asked for."""
    under = Under(entry_type="cohort", identity="c1")
    asked = sent(address=Address(about=about, under=under))

    assert (asked.cohort, asked.datasets, asked.under) == ("c1", None, None)


def test_a_cohort_and_another_one_ask_nothing():
    """Nothing is asked beyond what both allow."""
    under = Under(entry_type="cohort", identity="c1")
    asked = sent(
        address=Address(about="individual", under=under),
        requestParameters={"cohorts": {"cohortIds": ["c2"]}},
    )

    assert asked.datasets == ()


def test_several_cohorts_are_refused():
    """Each is a question of its own."""
    with pytest.raises(InvalidRequest, match="one cohort"):
        got(cohortIds="a,b")


def test_variant_parameters_on_documents_ask_for_carriers():
    """As they are read on variants."""
    asked = got(referenceName="22", start="100", end="200")

    assert (asked.pattern.overlap.low, asked.assembly) == (100, "GRCh37")


WORDS = st.text("ab:!<>=[],%P0", max_size=12)


@given(st.lists(WORDS, max_size=3))
def test_whatever_is_sent_is_a_question_or_a_sentence(texts):
    """No spelling of a filter breaks anything, and none widens the answer."""
    text = ",".join(texts)
    try:
        asked = got(text)
    except InvalidRequest:
        return

    held = any(each not in ("", "[]") for each in split_filters(text))
    assert held == bool(asked.filters or asked.unknown_filters)


def test_what_is_said_twice_is_asked_once():
    """Each filter costs a search of every dataset; what is received is repeated."""
    query = sent(["HP:0001250"] * 200, "age:<=P65Y", "age:<=P65Y")

    assert ((SEIZURE,), (YOUNG,)) == query.filters
    assert len(query.requested["filters"]) == 3
