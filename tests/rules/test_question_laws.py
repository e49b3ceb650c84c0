"""Laws that hold of any question about the society, whatever filters it has."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beacon.model.entry_types import DOCUMENTED
from tests.rules.asking import BUILD, ROOTS, SEEN, found, sets, whole
from tests.rules.society import CLINIC

FEMALE, MALE = "NCIT:C16576", "NCIT:C20197"
TERMS = (
    *(FEMALE, MALE, "HP:0001250", "HP:0000118", "HP:0001251", "MONDO:0005148"),
    *("UBERON:0000178", "EFO:0009654", "OBI:0002048", "NCIT:C41261", "NCIT:C999"),
)
FIELDS = (
    ("sex", "=", "female"),
    ("diseases.ageOfOnset", "<=", "P40Y"),
    ("LOINC:35925-4", ">", "25"),
    ("libraryStrategy", "=", "W%S"),
    ("libraryStrategy", "!", "WGS"),
    ("collectionDate", "<", "2021-01-05"),
    ("pipelineName", "=", "pipeline-1"),
    ("shoeSize", ">", "40"),
)
terms = st.sampled_from(TERMS)
filters = terms.map(lambda term: {"id": term}) | st.sampled_from(FIELDS).map(
    lambda told: dict(zip(("id", "operator", "value"), told, strict=True))
)
types = st.sampled_from(DOCUMENTED)
lawful = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def text_of(one: dict) -> str:
    """Return a filter as a query string writes it."""
    if "value" in one:
        return f"{one['id']}:{one['operator']}{one['value']}"
    return one["id"]


@lawful
@given(name=types, one=filters, other=filters)
def test_filters_are_joined_by_and_and_in_lists_by_or(site, name, one, other):
    """Records that meet two are those that meet each; in a list, either."""
    path = ROOTS[name]
    mine, yours = site.ids(path, one), site.ids(path, other)

    assert site.ids(path, one, other) == mine & yours
    assert site.ids(path, [one, other]) == mine | yours


@lawful
@given(name=types, one=filters)
def test_every_granularity_and_method_tells_the_same(site, name, one):
    """Records, their count, whether there are any; sent or in the address."""
    path = ROOTS[name]
    records = site.records(path, one)
    asked = {"filters": text_of(one), "includeResultsetResponses": "ALL"}
    told = site.get(path, **asked, requestedGranularity="record", limit=0)
    count = site.get(path, **asked, requestedGranularity="count")["responseSummary"]
    yes = site.get(path, **asked, requestedGranularity="boolean")["responseSummary"]

    assert told["response"] == records["response"]
    assert count == records["responseSummary"]
    assert count["numTotalResults"] == len(site.ids(path, one))
    assert yes == {"exists": bool(site.ids(path, one))}


@lawful
@given(name=types, term=terms)
def test_nobody_meets_a_term_and_its_negation(site, name, term):
    """Of the records the term is about; a missing value is no statement."""
    path = ROOTS[name]
    scope = {"scope": name}
    positive = site.ids(path, {"id": term} | scope)
    negative = site.ids(path, {"id": f"!{term}"} | scope)

    assert positive & negative == set()
    assert negative <= site.ids(path)


def carried(site, *asked: object) -> set[str]:
    """Return the ids of the variants that the clinic's people of a kind carry."""
    query = whole(asked, limit=0) | {"requestParameters": {"g_variant": BUILD}}
    document = site.post(f"datasets/{CLINIC}/g_variants", query)
    return {each["variantInternalId"] for each in found(document)}


@lawful
@given(one=filters, other=filters)
def test_either_group_carries_what_one_of_them_carries(site, one, other):
    """Variants of a union of people are the union of their variants."""
    assert carried(site, [one, other]) == carried(site, one) | carried(site, other)


@lawful
@given(one=filters)
def test_women_and_men_add_up(site, one):
    """The copies of both, of whatever people, are all copies there are."""
    names = ("alleleCount", "alleleNumber", "homozygous", "heterozygous", "hemizygous")
    all_people, women, men = (
        _counts(site, names, one, *sex) for sex in ((), (FEMALE,), (MALE,))
    )

    assert [f + m for f, m in zip(women, men, strict=True)] == all_people


def _counts(site, names: tuple[str, ...], *asked: object) -> list[int]:
    query = whole(asked) | {"requestParameters": {"g_variant": SEEN}}
    told = sets(site.post("g_variants", query))[CLINIC]["info"]
    return [told.get(name, 0) for name in names]
