"""R24 to R70 and R105 to R110: questions about records, and what answers look like."""

from __future__ import annotations

import json
from itertools import product

import pytest

from beacon.model.query import Granularity
from beacon.policy.policy import Policy
from schemas import validator
from tests.rules.asking import (
    COLLECTIONS,
    DATA,
    ONE_OF,
    PLACE,
    ROOTS,
    SEEN,
    Asker,
    found,
    kind_of,
    nulls,
    places,
    sets,
    warnings,
    whole,
)
from tests.rules.society import CLINIC, MANY, MEMBERS, OTHER, PEOPLE, REGISTER
from tests.served import served
from tests.speaking import violations

LEVELS = ("boolean", "count", "record")
INCLUDES = ("HIT", "MISS", "ALL", "NONE")
RANGE = {**PLACE, "start": [5000], "end": [6000]}
"""The place of the clinic's twenty-five variants."""


def below() -> list[tuple[str, str, str]]:
    """Return every path below a record: the type above, its path, the type it gives."""
    return [
        (above, f"{ROOTS[above]}/{ONE_OF[above]}/{ROOTS[given]}", given)
        for above in ROOTS
        for given in DATA
        if above != given
    ]


def everywhere() -> list[tuple[str, str]]:
    """Return every path that gives records, and the type it gives."""
    singles = [(f"{ROOTS[name]}/{ONE_OF[name]}", name) for name in ROOTS]
    return [
        *((path, name) for name, path in ROOTS.items()),
        *singles,
        *((path, given) for _, path, given in below()),
    ]


@pytest.mark.parametrize("path", [path for path, _ in everywhere()])
def test_r024_every_path_takes_get_and_post(site, path):
    """Both answer 200."""
    assert site.get(path)["meta"].keys() == site.post(path)["meta"].keys()


@pytest.mark.parametrize("path", [path for path, _ in everywhere()])
def test_r025_get_and_post_answer_alike(site, path):
    """The same parameters give the same summary and results."""
    got = site.get(path, requestedGranularity="record", includeResultsetResponses="ALL")
    sent = site.post(path, whole())

    assert got["responseSummary"] == sent["responseSummary"]
    assert got["response"] == sent["response"]


def answers(site, path: str) -> dict[str, dict]:
    """Return what a path answers at each granularity."""
    told = {"includeResultsetResponses": "ALL"}
    return {x: site.get(path, requestedGranularity=x, **told) for x in LEVELS}


@pytest.mark.parametrize(("path", "name"), everywhere())
def test_r026_an_answer_is_valid_for_its_granularity(site, path, name):
    """With the schema that ``returnedGranularity`` calls for.

    And with the one of result sets (or collections), which stand in every answer.
    """
    told = answers(site, path)
    said = {level: d["meta"]["returnedGranularity"] for level, d in told.items()}

    assert said == {level: level for level in LEVELS}
    assert validator("boolean").is_valid(told["boolean"])
    assert validator("count").is_valid(told["count"])
    assert [violations(d, kind_of(name)) for d in told.values()] == [[]] * 3


META = {
    *("beaconId", "apiVersion", "returnedSchemas", "returnedGranularity"),
    "receivedRequestSummary",
}


@pytest.mark.parametrize("path", ROOTS.values())
def test_r027_meta_is_whole(site, path):
    """It says who, in which version, what, how much and what was asked."""
    assert site.get(path)["meta"].keys() >= META


@pytest.mark.parametrize("path", ROOTS.values())
def test_r028_the_request_is_summed_up_with_defaults(site, path):
    """Also where the client gave nothing."""
    summary = site.get(path)["meta"]["receivedRequestSummary"]

    assert summary["pagination"] == {"skip": 0, "limit": 10}
    assert summary.keys() >= {
        *("apiVersion", "requestedSchemas", "requestedGranularity")
    }


def test_r029_filters_are_echoed_as_texts(site):
    """Whatever form they came in."""
    asked = [{"id": "NCIT:C16576"}, {"id": "libraryStrategy", "value": "WGS"}, "sex"]
    echoed = site.post("individuals", {"filters": asked})["meta"][
        "receivedRequestSummary"
    ]["filters"]

    assert [type(each) for each in echoed] == [str] * 3
    assert echoed[0] == "NCIT:C16576"


def test_r030_request_parameters_are_echoed_as_objects(site):
    """Also those that were sent flat."""
    query = {"requestParameters": SEEN}
    echoed = site.post("g_variants", query)["meta"]["receivedRequestSummary"]

    assert echoed["requestParameters"]["g_variant"]["start"] == [100]
    assert {type(v) for v in echoed["requestParameters"].values()} == {dict}


def test_r031_the_summary_is_the_request_as_understood(site):
    """Granularity, include, page and test mode are those asked for."""
    asked = {
        "requestedGranularity": "count",
        "includeResultsetResponses": "MISS",
        "testMode": True,
    }
    query = asked | {"pagination": {"skip": 1, "limit": 3}}
    told = site.post("g_variants", query)["meta"]["receivedRequestSummary"]

    assert {name: told[name] for name in asked} == asked
    assert told["pagination"] == {"skip": 1, "limit": 3}


@pytest.mark.parametrize(("path", "name"), everywhere())
def test_r032_the_returned_schema_names_the_type(site, path, name):
    """Of what is returned, not of what it lies below."""
    (schema,) = site.get(path)["meta"]["returnedSchemas"]

    assert schema["entityType"] == name


@pytest.mark.parametrize("path", [path for path, _ in everywhere()])
def test_r033_exists_is_a_boolean(site, path):
    """At every granularity, never null."""
    told = answers(site, path).values()

    assert {type(d["responseSummary"]["exists"]) for d in told} == {bool}


def test_r034_the_total_counts_all_matches(site):
    """Not those of the page."""
    document = site.get("g_variants", **RANGE, requestedGranularity="record", limit=10)

    assert document["responseSummary"]["numTotalResults"] == MANY
    assert len(found(document)) == 10


def test_r035_exists_means_that_a_record_matches(site):
    """True where the allele is carried, false where it is not."""
    seen = site.get("g_variants", **SEEN)
    unseen = site.get("g_variants", **SEEN | {"alternateBases": "A"})

    assert seen["responseSummary"]["exists"] is True
    assert unseen["responseSummary"]["exists"] is False


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", DATA)
def test_r036_result_sets_have_all_their_members(site, name, level):
    """Also those that clients before v2.2 require."""
    document = site.get(
        ROOTS[name], requestedGranularity=level, includeResultsetResponses="ALL"
    )
    members = {"id", "setType", "exists", "resultsCount", "results"}

    assert [s for s in sets(document).values() if not members <= s.keys()] == []
    assert CLINIC in sets(document)


@pytest.mark.parametrize("name", DATA)
def test_r037_set_types_are_collections_of_the_configuration(site, name):
    """A dataset or a cohort."""
    types = site.get("configuration")["response"]["entryTypes"]
    document = site.get(ROOTS[name], includeResultsetResponses="ALL")
    kinds = {each["setType"] for each in sets(document).values()}

    assert kinds <= {"dataset", "cohort"} & types.keys()


@pytest.mark.parametrize("name", ROOTS)
def test_r038_records_are_valid(site, name):
    """With the default schema of their type."""
    document = site.records(ROOTS[name])

    assert len(found(document)) > 0
    assert violations(document, kind_of(name), name) == []


@pytest.mark.parametrize("path", [path for path, _ in everywhere()])
def test_r039_nothing_is_null(site, path):
    """What is not known is left out."""
    assert [nulls(document) for document in answers(site, path).values()] == [[]] * 3


@pytest.mark.parametrize("name", COLLECTIONS)
def test_r040_collections_are_answered_as_collections(site, name):
    """With valid items."""
    document = site.get(ROOTS[name], requestedGranularity="record")

    assert violations(document, "collections", name) == []
    assert ONE_OF[name] in {each["id"] for each in found(document)}


@pytest.mark.parametrize("name", COLLECTIONS)
def test_r041_one_collection_is_a_collection_of_one(site, name):
    """By its id."""
    document = site.get(f"{ROOTS[name]}/{ONE_OF[name]}", requestedGranularity="record")

    assert [each["id"] for each in found(document)] == [ONE_OF[name]]
    assert violations(document, "collections", name) == []


def test_r042_handovers_name_a_term_and_an_address(site):
    """Wherever an answer has one; the schemas judge those, as these answers show."""
    answers = [site.records(path) for path in ROOTS.values()]
    handovers = [
        each
        for document in answers
        for each in members(document)
        if "handoverType" in each
    ]

    assert [h for h in handovers if ":" not in h["handoverType"]["id"]] == []
    assert [h for h in handovers if "://" not in h["url"]] == []


def members(document: object) -> list[dict]:
    """Return every object of a document."""
    if isinstance(document, list):
        return [each for item in document for each in members(item)]
    if isinstance(document, dict):
        inner = [each for item in document.values() for each in members(item)]
        return [document, *inner]
    return []


def test_r043_ontology_terms_are_curies(site):
    """Every object with an id and a label, in every record."""
    documents = [site.records(path) for path in ("individuals", "biosamples", "runs")]
    terms = [
        each
        for document in documents
        for each in members(document)
        if each.keys() == {"id", "label"}
    ]

    assert len(terms) > 20
    assert [t for t in terms if len(t["id"].partition(":")[0]) < 2] == []


@pytest.mark.parametrize("name", DATA)
def test_r044_nothing_found_is_a_normal_answer(site, name):
    """With 200, ``exists: false`` and no result set."""
    document = site.get(
        ROOTS[name], filters="NCIT:C00000", requestedGranularity="record"
    )

    assert document["responseSummary"]["exists"] is False
    assert document["response"]["resultSets"] == []


def test_r045_what_is_ours_stands_in_info(site):
    """Envelopes and result sets have no member that the standard does not name."""
    document = site.variants(**SEEN)
    one = sets(document)[CLINIC]

    assert document.keys() <= {"meta", "responseSummary", "response", "info"}
    assert one.keys() <= {
        *("id", "setType", "exists", "resultsCount", "countPrecision", "results"),
        *("resultsHandovers", "info"),
    }


def test_r046_without_a_granularity_the_default_holds(site):
    """The one of the configuration; and never is more said than was asked."""
    attributes = site.get("configuration")["response"]["securityAttributes"]
    said = [site.get(ROOTS[name])["meta"]["returnedGranularity"] for name in DATA]

    assert set(said) == {attributes["defaultGranularity"]}
    asked = site.get("individuals", requestedGranularity="count")
    assert asked["meta"]["returnedGranularity"] == "count"


@pytest.fixture(scope="module")
def guarded(society):
    """Give the site where nobody may learn more than yes or no."""
    with served(society, Policy(granularity=Granularity.BOOLEAN)) as server:
        yield Asker(server)


@pytest.mark.parametrize("name", DATA)
def test_r047_never_more_than_is_permitted(guarded, name):
    """And the answer tells how much that was."""
    document = guarded.post(ROOTS[name], whole())

    assert document["meta"]["returnedGranularity"] == "boolean"
    assert document["responseSummary"].keys() == {"exists"}
    assert found(document) == []


@pytest.mark.parametrize("name", DATA)
def test_r048_a_yes_tells_no_count_and_a_count_no_record(site, name):
    """Not in the summary and not in a result set."""
    asked = {"includeResultsetResponses": "ALL"}
    yes = site.get(ROOTS[name], requestedGranularity="boolean", **asked)
    count = site.get(ROOTS[name], requestedGranularity="count", **asked)
    imprecise = [s for s in sets(yes).values() if s["resultsCount"] != int(s["exists"])]

    assert "numTotalResults" not in yes["responseSummary"]
    assert imprecise == []
    assert found(yes) == found(count) == []
    assert count["responseSummary"]["numTotalResults"] > 1


@pytest.mark.parametrize("path", ROOTS.values())
@pytest.mark.parametrize("word", ["aggregated", "RECORDS", "3", ""])
def test_r049_an_unknown_granularity_is_refused(site, path, word):
    """With 400, naming it; an empty one is none at all."""
    if not word:
        assert site.get(path, requestedGranularity=word)
        return
    error = site.refused(path, requestedGranularity=word)["error"]

    assert "requestedGranularity" in error["errorMessage"]


@pytest.mark.parametrize("name", DATA)
def test_r050_without_a_word_hits_are_listed(site, name):
    """As with ``HIT``."""
    usual = site.get(ROOTS[name], requestedGranularity="count")
    hits = site.get(
        ROOTS[name], requestedGranularity="count", includeResultsetResponses="HIT"
    )

    assert usual["response"] == hits["response"]


HERE = {"HIT": {True}, "MISS": {False}, "ALL": {True, False}, "NONE": set()}
QUESTIONS = {
    "genomicVariant": {"filters": [], "requestParameters": {"g_variant": RANGE}},
    "individual": {"filters": ["HP:0001251"]},
}
"""Questions that one dataset has an answer to and another has not."""


@pytest.mark.parametrize("include", INCLUDES)
@pytest.mark.parametrize("name", QUESTIONS)
def test_r051_result_sets_are_listed_as_asked(site, name, include):
    """Those with a hit, without, all, none."""
    query = whole() | QUESTIONS[name] | {"includeResultsetResponses": include}
    document = site.post(ROOTS[name], query)

    assert {each["exists"] for each in sets(document).values()} == HERE[include]


@pytest.mark.parametrize("name", QUESTIONS)
def test_r052_the_summary_does_not_depend_on_what_is_listed(site, name):
    """HIT, MISS, ALL and NONE sum up the same."""
    query = whole() | QUESTIONS[name]
    told = [
        site.post(ROOTS[name], query | {"includeResultsetResponses": include})
        for include in INCLUDES
    ]

    assert [d["responseSummary"] for d in told] == [told[0]["responseSummary"]] * 4


def test_r053_skip_counts_pages(site):
    """``skip=2 limit=8`` gives records 17 to 24."""
    every = found(site.variants(**RANGE))
    query = whole() | {
        "requestParameters": {"g_variant": RANGE},
        "pagination": {"skip": 2, "limit": 8},
    }

    assert found(site.post("g_variants", query)) == every[16:24]


@pytest.mark.parametrize("name", ["genomicVariant", "individual"])
def test_r054_pages_have_ten_records_and_no_negative_number(site, name):
    """``skip`` is 0 and ``limit`` 10 where nothing is said."""
    page = site.get(ROOTS[name])["meta"]["receivedRequestSummary"]["pagination"]

    assert page == {"skip": 0, "limit": 10}
    assert site.refused(ROOTS[name], skip=-1)
    assert site.refused(ROOTS[name], limit=-1)


def test_r055_a_limit_of_zero_is_the_largest_page(site):
    """Everything, where that is no more."""
    assert len(found(site.variants(**RANGE))) == MANY
    assert len(sets(site.records("individuals"))[CLINIC]["results"]) == len(PEOPLE)


@pytest.mark.parametrize(
    ("path", "query", "total"),
    [
        ("g_variants", {"requestParameters": {"g_variant": RANGE}}, MANY),
        ("biosamples", {}, len(PEOPLE)),
    ],
)
def test_r056_pages_are_stable_and_disjoint(site, path, query, total):
    """Walking them all gives every record once."""
    pages = [
        found(
            site.post(path, whole() | query | {"pagination": {"skip": n, "limit": 4}})
        )
        for n in range(total // 4 + 2)
    ]
    ids = [each.get("variantInternalId", each.get("id")) for p in pages for each in p]

    assert len(ids) == len(set(ids)) == total
    assert pages[-1] == []


@pytest.mark.parametrize("path", ROOTS.values())
def test_r057_test_mode_is_answered_and_flagged(site, path):
    """For everybody."""
    document = site.get(path, testMode="true", requestedGranularity="record")

    assert document["meta"]["testMode"] is True
    assert document["responseSummary"]["exists"] is True


@pytest.mark.parametrize("path", ROOTS.values())
def test_r058_test_mode_shows_invented_records_only(site, path):
    """Nothing that is loaded appears."""
    document = site.get(path, testMode="true", requestedGranularity="record", limit=0)
    text = json.dumps(document["response"])

    assert [name for name in (CLINIC, REGISTER, OTHER) if f'"{name}"' in text] == []
    assert len(found(document)) > 0


@pytest.mark.parametrize("name", ROOTS)
def test_r059_questions_without_filters_are_as_announced(site, name):
    """Answered where the configuration allows them, refused elsewhere."""
    defined = site.get("configuration")["response"]["entryTypes"][name]
    answer = site.server.get(f"/api/{ROOTS[name]}")
    allowed = defined.get("nonFilteredQueriesAllowed", True)

    assert (answer.status == 200) is allowed


@pytest.mark.parametrize("path", ROOTS.values())
def test_r060_everybody_may_ask_yes_or_no(site, guarded, path):
    """Boolean is there as a fallback."""
    for each in (site, guarded):
        document = each.get(path, requestedGranularity="boolean")

        assert document["meta"]["returnedGranularity"] in ("boolean", "record")


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"query": {}}', b'{"meta": null}', b'{"meta": {}}']
)
def test_r061_a_body_without_a_version_is_answered(site, body):
    """As if it spoke ours."""
    answer = site.server.ask("POST", "/api/g_variants", body)
    summary = answer.document["meta"]["receivedRequestSummary"]

    assert answer.status == 200
    assert summary["apiVersion"] == site.get("info")["meta"]["apiVersion"]


def test_r062_parameters_mean_the_same_nested_and_flat(site):
    """In ``g_variant`` or beside it."""
    nested = site.post(
        "g_variants", whole() | {"requestParameters": {"g_variant": SEEN}}
    )
    flat = site.post("g_variants", whole() | {"requestParameters": SEEN})

    assert nested == flat
    assert nested["responseSummary"]["exists"] is True


def test_r063_lists_have_commas_or_are_repeated(site):
    """``start=1,2`` and ``start=1&start=2``."""
    head = "/api/g_variants?assemblyId=GRCh37&referenceName=22"
    commas = site.server.ask("GET", f"{head}&start=100,200&end=101,201")
    repeated = site.server.ask("GET", f"{head}&start=100&start=200&end=101&end=201")

    assert commas.status == repeated.status == 200
    assert commas.document == repeated.document


@pytest.mark.parametrize(
    "parameters",
    [
        {"geneId": "GENEA"},
        {"geneid": "GENEA"},
        {"genomicAlleleShortForm": "NC_000022.10:g.101T>C"},
        {"allele": "NC_000022.10:g.101T>C"},
        {**SEEN, "variantType": "SNP"},
    ],
)
def test_r064_every_spelling_of_a_parameter_is_taken(site, parameters):
    """Those of the documentation and those of the endpoint files."""
    document = site.get("g_variants", **{"assemblyId": "GRCh37"} | parameters)

    assert document["responseSummary"]["exists"] is True
    assert [w for w in warnings(document) if "not known" in w] == []


@pytest.mark.parametrize("start", [100, "100", [100], ["100"]])
def test_r065_one_position_may_be_a_number_a_text_or_a_list(site, start):
    """All mean the same."""
    assert places(site.variants(**SEEN | {"start": start})) == {(100, "T", "C")}


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": [-1]},
        {"start": [1, 2, 3]},
        {"alternateBases": "Z"},
        {"referenceBases": 7},
        {"variantMinLength": "long"},
        {"variantMaxLength": -5},
        {"start": 1.5},
        {"end": [0]},
    ],
)
def test_r066_wrong_values_are_refused(site, wrong):
    """With a sentence that names the parameter."""
    (name,) = wrong
    query = {"requestParameters": {"g_variant": SEEN | wrong}}
    error = site.refused("g_variants", query)["error"]

    assert name in error["errorMessage"]


def test_r067_an_error_is_a_valid_error_document(site):
    """With an integer code and the whole ``meta``."""
    answers = [
        site.server.get("/api/g_variants", start="x"),
        site.server.get("/api/nowhere"),
        site.server.ask("DELETE", "/api/info"),
        site.server.ask("POST", "/api/individuals", b"{"),
    ]

    assert [a.status for a in answers] == [400, 404, 405, 400]
    assert [violations(a.document, "error") for a in answers] == [[]] * 4
    assert [META - a.document["meta"].keys() for a in answers] == [set()] * 4


def test_r068_the_status_is_the_code(site):
    """HTTP says what the document says."""
    answers = [
        site.server.get("/api/g_variants", start="x"),
        site.server.get("/api/nowhere"),
        site.server.ask("DELETE", "/api/info"),
    ]

    assert [a.document["error"]["errorCode"] for a in answers] == [
        a.status for a in answers
    ]


@pytest.mark.parametrize("name", DATA)
def test_r069_an_unknown_schema_falls_back_to_the_default(site, name):
    """And the answer says so."""
    unknown = [{"entityType": name, "schema": "something-else-v9"}]
    (said,) = site.post(ROOTS[name], requestedSchemas=unknown)["meta"][
        "returnedSchemas"
    ]
    (usual,) = site.get(ROOTS[name])["meta"]["returnedSchemas"]

    assert said == usual


def test_r070_unknown_keys_are_told_or_refused(site):
    """Ignored with a warning; inside ``g_variant``, where they narrow, refused."""
    assert any("colour" in w for w in warnings(site.get("individuals", colour="red")))
    query = {"requestParameters": {"g_variant": SEEN | {"colour": "red"}}}
    error = site.refused("g_variants", query)["error"]

    assert "colour" in error["errorMessage"]


# --- one entity below another -------------------------------------------------

OF_I1 = {
    "biosample": {"B1"},
    "run": {"R1"},
    "analysis": {"A1"},
    "individual": {"I1"},
}
"""Everything of the first person has one number."""


@pytest.mark.parametrize(
    ("above", "given"),
    [
        (a, g)
        for a, g in product(("individual", "biosample", "run", "analysis"), OF_I1)
        if a != g
    ],
)
def test_r105_records_below_a_record_are_those_linked_to_it(site, above, given):
    """Exactly those, in the envelope of their type."""
    path = f"{ROOTS[above]}/{ONE_OF[above]}/{ROOTS[given]}"
    document = site.records(path)

    assert {each["id"] for each in found(document)} == OF_I1[given]
    assert document.keys() == site.records(ROOTS[given]).keys()


@pytest.mark.parametrize("above", ["individual", "biosample", "run", "analysis"])
def test_r105_variants_below_a_record_are_those_its_person_carries(site, above):
    """The first person carries one allele of three, the many, and one on X."""
    document = site.records(f"{ROOTS[above]}/{ONE_OF[above]}/g_variants")
    clinic = sets(document)[CLINIC]

    assert clinic["resultsCount"] == MANY + 2


@pytest.mark.parametrize("given", OF_I1)
def test_r105_records_below_a_variant_are_of_its_carriers(site, given):
    """Three people of the clinic, and their samples, runs and analyses."""
    document = site.records(f"g_variants/{ONE_OF['genomicVariant']}/{ROOTS[given]}")
    letter = {"individual": "I", "biosample": "B", "run": "R", "analysis": "A"}[given]
    clinic = sets(document)[CLINIC]

    assert {each["id"] for each in clinic["results"]} == {
        f"{letter}{n}" for n in (1, 2, 3)
    }


def test_r105_people_of_a_cohort_are_its_members(site):
    """Exactly those it lists."""
    document = site.records("cohorts/women/individuals")

    assert {each["id"] for each in found(document)} == set(MEMBERS)


@pytest.mark.parametrize(("above", "path", "given"), below())
def test_r106_below_a_record_the_schema_is_that_of_what_is_given(
    site, above, path, given
):
    """And every record there keeps to it."""
    del above
    document = site.records(path)
    (schema,) = document["meta"]["returnedSchemas"]

    assert schema["entityType"] == given
    assert violations(document, "resultsets", given) == []


def test_r107_below_a_record_questions_narrow_as_elsewhere(site):
    """Filters, parameters, granularity and pages."""
    women = site.ids("datasets/clinic/individuals", "NCIT:C16576")
    page = whole(limit=3) | {"requestParameters": {"g_variant": RANGE}}
    variants = site.post("individuals/I1/g_variants", page)
    count = site.get("cohorts/women/biosamples", requestedGranularity="count")

    assert women == set(MEMBERS)
    assert len(found(variants)) == 3
    assert variants["responseSummary"]["numTotalResults"] == MANY
    assert count["responseSummary"] == {"exists": True, "numTotalResults": 4}


@pytest.mark.parametrize("name", ROOTS)
def test_r108_an_unknown_id_is_no_failure(site, name):
    """200 with ``exists: false``, as for one that may not be seen."""
    document = site.get(f"{ROOTS[name]}/nobody", requestedGranularity="record")

    assert document["responseSummary"]["exists"] is False
    assert found(document) == []


@pytest.mark.parametrize(("above", "path", "given"), below())
def test_r108_below_an_unknown_id_is_nothing(site, above, path, given):
    """Whatever is asked for."""
    del given
    lost = path.replace(f"/{ONE_OF[above]}/", "/nobody/")

    assert site.get(lost)["responseSummary"]["exists"] is False


@pytest.mark.parametrize("given", DATA)
def test_r109_below_a_dataset_there_is_its_result_set_only(site, given):
    """One, and it is that dataset's."""
    document = site.records(f"datasets/{CLINIC}/{ROOTS[given]}")

    assert list(sets(document)) == [CLINIC]


@pytest.mark.parametrize("name", ROOTS)
def test_r110_filtering_terms_are_no_record(site, name):
    """``/individuals/filtering_terms`` are terms, whatever ids there are."""
    document = site.get(f"{ROOTS[name]}/filtering_terms", limit=0)
    terms = document["response"]["filteringTerms"]

    assert violations(document, "filteringTerms") == []
    assert [t for t in terms if name not in t["scopes"]] == []
