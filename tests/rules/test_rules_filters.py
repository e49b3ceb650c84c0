"""R71 to R81: filters, and what they mean of the society's people."""

from __future__ import annotations

import pytest

from beacon.model.entry_types import DOCUMENTED
from tests.rules.asking import BUILD, DATA, PLACE, ROOTS, found, sets, warnings, whole
from tests.rules.society import CLINIC, MANY, MEMBERS, PEOPLE, SEIZURE, TONIC

SICK = {"I1", "I2", "I3"}
DIABETES = "MONDO:0005148"
FEMALE = "NCIT:C16576"
VARIANT = "genomicVariant"


def clinic(site, *filters: object, path: str = "individuals") -> set[str]:
    """Return the ids of the clinic's records that filters leave."""
    document = site.records(path, *filters)
    return {each["id"] for each in sets(document)[CLINIC]["results"]}


def test_r071_filters_are_joined_by_and(site):
    """With each other, and with what is asked of variants."""
    women = clinic(site, FEMALE, DIABETES)
    query = whole((FEMALE,), limit=0) | {
        "requestParameters": {"g_variant": {**PLACE, "start": [100], "end": [101]}}
    }
    carriers = sets(site.post("individuals", query))[CLINIC]["results"]

    assert women == {"I1", "I3"}
    assert {each["id"] for each in carriers} == {"I1", "I3"}


def test_r072_a_term_stands_for_its_descendants(site):
    """Unless the filter says otherwise."""
    assert clinic(site, SEIZURE) == {"I1", "I3"}
    assert clinic(site, {"id": SEIZURE, "includeDescendantTerms": True}) == {
        *("I1", "I3")
    }
    assert clinic(site, "HP:0000118") == {"I1", "I3", "I5"}


def test_r073_without_descendants_only_the_term_itself_counts(site):
    """The narrower one does not match."""
    alone = {"id": SEIZURE, "includeDescendantTerms": False}

    assert clinic(site, alone) == {"I3"}


OLD = {"id": "diseases.ageOfOnset", "scope": "individuals"}
MASS = {"id": "LOINC:35925-4"}


@pytest.mark.parametrize(
    ("asked", "people"),
    [
        (MASS | {"operator": "=", "value": "22"}, {"I2"}),
        (MASS | {"operator": ">", "value": "22"}, {"I1"}),
        (MASS | {"operator": ">=", "value": "22"}, {"I1", "I2"}),
        (MASS | {"operator": "<", "value": "31.5"}, {"I2"}),
        (MASS | {"operator": "<=", "value": 31.5}, {"I1", "I2"}),
        (MASS | {"operator": "!", "value": "22"}, {"I1"}),
        ({"id": "sex", "operator": "=", "value": "female"}, set(MEMBERS)),
        ({"id": "sex", "operator": "!", "value": "female"}, set(PEOPLE) - set(MEMBERS)),
        ({"id": "ethnicity", "operator": "=", "value": "african%"}, {"I1"}),
        (
            {"id": "ethnicity", "operator": "=", "value": "%white%"},
            set(PEOPLE) - {"I1"},
        ),
        ({"id": "ethnicity", "operator": "=", "value": "afric.n%"}, set()),
    ],
)
def test_r074_operators_compare_numbers_and_texts(site, asked, people):
    """All six, with ``%`` for any characters and nothing else."""
    assert clinic(site, asked) == people


@pytest.mark.parametrize(
    ("operator", "value", "people"),
    [
        ("<", "P70Y", {"I1", "I3"}),
        ("<=", "P9Y", {"I1"}),
        (">", "P9Y", {"I2", "I3"}),
        (">=", "P40Y", {"I2", "I3"}),
        ("=", "P40Y", {"I3"}),
        ("<", "P8Y13M", {"I1"}),
        ("!", "P40Y", {"I1", "I2"}),
    ],
)
def test_r075_ages_compare_as_durations(site, operator, value, people):
    """Nine years are fewer than seventy."""
    # P9Y < P8Y13M, which is nine years and a month
    assert clinic(site, OLD | {"operator": operator, "value": value}) == people


def test_r076_age_is_understood(site):
    """As the documentation writes it, in a query string and in a body."""
    got = site.get(
        "individuals",
        filters="age:<=P65Y",
        requestedGranularity="record",
        includeResultsetResponses="ALL",
    )

    assert {each["id"] for each in sets(got)[CLINIC]["results"]} == {"I1", "I3"}
    assert clinic(site, {"id": "age", "operator": "<=", "value": "P65Y"}) == {
        *("I1", "I3")
    }


@pytest.mark.parametrize("term", [SEIZURE, TONIC, "HP:0001251", FEMALE])
@pytest.mark.parametrize("word", ["high", "medium", "low"])
def test_r077_similarity_never_narrows(site, term, word):
    """Whoever has the term is found, however similar is meant."""
    exact = clinic(site, {"id": term})

    assert exact <= clinic(site, {"id": term, "similarity": word})


@pytest.mark.parametrize("scope", ["individual", "individuals", "Individual"])
def test_r078_scope_names_the_type_in_any_spelling(site, scope):
    """Singular, plural, as in a path."""
    assert clinic(site, {"id": FEMALE, "scope": scope}) == set(MEMBERS)
    samples = clinic(site, {"id": FEMALE, "scope": scope}, path="biosamples")
    assert samples == {"B1", "B3", "B5", "B7"}


def test_r078_scope_restricts_to_its_type(site):
    """A term of individuals means nothing of biosamples; no type at all is refused."""
    document = site.records("individuals", {"id": FEMALE, "scope": "biosamples"})

    assert found(document) == []
    assert any(FEMALE in sentence for sentence in warnings(document))
    assert site.refused("individuals", {"filters": [{"id": FEMALE, "scope": "moon"}]})


def listed(site, name: str) -> list[str]:
    """Return the ids of the terms that are listed for a type."""
    document = site.get(f"{ROOTS[name]}/filtering_terms", limit=0)
    return [
        term["id"]
        for term in document["response"]["filteringTerms"]
        if term["type"] in ("ontology", "custom")
    ]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_r079_every_listed_term_works_as_a_filter(site, name):
    """On each type in its scopes, and finds something."""
    terms = listed(site, name)
    asked = {t: site.records(ROOTS[name], {"id": t, "scope": name}) for t in terms}

    assert [t for t, d in asked.items() if not d["responseSummary"]["exists"]] == []
    assert [t for t, d in asked.items() if warnings(d)] == []


def test_r079_every_listed_effect_works_as_a_filter(site):
    """Each is known; what no annotation can decide is no answer, never a "no"."""
    query = {"requestParameters": {"g_variant": BUILD}}
    asked = {
        term: site.server.post(
            "/api/g_variants", {"query": query | {"filters": [term]}}
        )
        for term in listed(site, VARIANT)
    }
    seen = {t for t, a in asked.items() if a.status == 200}
    silent = [a for a in asked.values() if a.status == 400]

    assert {"SO:0001583", "SO:0001819"} <= seen
    assert {a.document["info"]["status"] for a in silent} <= {"no_answer"}
    assert [t for t, a in asked.items() for w in warnings(a.document) if t in w] == []


def test_r080_excluded_phenotypes_do_not_match(site):
    """The second person was looked at and has no seizures."""
    assert "I2" not in clinic(site, SEIZURE)
    assert "I2" not in clinic(site, {"id": SEIZURE, "similarity": "low"})


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize(
    "unknown",
    [
        "NCIT:C99999999",
        {"id": "shoeSize", "operator": ">", "value": "40"},
        {"id": "nothing.of:the kind"},
    ],
)
def test_r081_an_unknown_filter_never_widens(site, name, unknown):
    """No match, and a warning that names it."""
    document = site.records(ROOTS[name], unknown)
    identity = unknown if isinstance(unknown, str) else unknown["id"]

    assert document["responseSummary"]["exists"] is False
    assert document["responseSummary"].get("numTotalResults", 0) == 0
    assert any(identity in sentence for sentence in warnings(document))


def test_r081_beside_a_known_filter_it_still_matches_nothing(site):
    """It is joined by AND; within a nested list, by OR."""
    assert site.ids("individuals", FEMALE, "NCIT:C99999999") == set()
    assert clinic(site, [FEMALE, "NCIT:C99999999"]) == set(MEMBERS)


def test_r081_variants_of_nobody_are_none(site):
    """A filter on people narrows variants, too."""
    many = {**PLACE, "start": [5000], "end": [6000]}
    asked = {"requestParameters": {"g_variant": many}}
    mine = site.post("g_variants", whole((TONIC,), limit=0) | asked)
    others = site.post("g_variants", whole(("HP:0001251",), limit=0) | asked)

    assert sets(mine)[CLINIC]["resultsCount"] == MANY
    assert sets(others)[CLINIC]["exists"] is False
