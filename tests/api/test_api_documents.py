"""Questions about documents over HTTP, on a beacon with everything in it."""

from __future__ import annotations

import pytest

from beacon.model.entry_types import ENTRY_TYPES
from tests.api.populated import CARRIED, UNCARRIED, WARD
from tests.speaking import violations


async def asked(client, path, method="GET", **query):
    """Return the document that answers a question at record granularity."""
    query = {"requestedGranularity": "record", **query}
    if method == "GET":
        response = await client.get(f"/api/{path}", params=query)
    else:
        response = await client.post(f"/api/{path}", json={"query": query})
    assert response.status == 200, await response.text()
    return await response.json()


def found(answer):
    """Return the ids of the records of each result set."""
    return {
        each["id"]: [record["id"] for record in each["results"]]
        for each in answer["response"]["resultSets"]
    }


def words(answer):
    """Return the status of each result set."""
    return {
        each["id"]: each["info"]["status"] for each in answer["response"]["resultSets"]
    }


IDS = {
    "genomicVariant": "GRCh37-22-16050408-T-C",
    "individual": "I1",
    "biosample": "P1",
    "run": "R1",
    "analysis": "A1",
    "dataset": "ward",
    "cohort": "epilepsy",
}
PATHS = [
    (path, returned)
    for row in ENTRY_TYPES.values()
    for path, returned in (
        (row.path, row.id),
        (f"{row.path}/{IDS[row.id]}", row.id),
        *(
            (f"{row.path}/{IDS[row.id]}/{ENTRY_TYPES[other].path}", other)
            for other in row.related
        ),
    )
]


@pytest.mark.parametrize(("path", "returned"), PATHS)
async def test_every_path_answers_alike_by_get_and_post(populated, path, returned):
    """One shape at every granularity, valid, with the records that belong there."""
    kind = "collections" if returned in ("dataset", "cohort") else "resultsets"
    for granularity in ("boolean", "count", "record"):
        got = await asked(populated, path, requestedGranularity=granularity)
        sent = await asked(populated, path, "POST", requestedGranularity=granularity)

        assert got == sent
        assert got["meta"]["returnedSchemas"][0]["entityType"] == returned
        assert got["meta"]["returnedGranularity"] == granularity
        assert got["responseSummary"]["exists"] is True
    assert violations(got, kind, returned) == []


RELATED = [
    ("individuals", {"ward": ["I1", "I2", "I3", "I4", "I5"], "register": ["I1", "I9"]}),
    ("individuals/I1", {"ward": ["I1"], "register": ["I1"]}),
    ("individuals/I1/biosamples", {"ward": ["P1"]}),
    ("individuals/I9/biosamples", {}),
    ("biosamples/P2/runs", {"ward": ["R2"]}),
    ("biosamples/P5/runs", {}),
    ("runs/R3/analyses", {"ward": ["A3"]}),
    ("analyses/A4/individuals", {"ward": ["I4"]}),
    ("datasets/register/individuals", {"register": ["I1", "I9"]}),
    ("datasets/nowhere/individuals", {}),
    ("cohorts/epilepsy/individuals", {"ward": ["I1", "I2"]}),
    ("cohorts/epilepsy/analyses", {"ward": ["A1", "A2"]}),
    ("cohorts/nobody/individuals", {}),
    (f"g_variants/{CARRIED}/individuals", {"ward": ["I1", "I2"]}),
    (f"g_variants/{CARRIED}/runs", {"ward": ["R1", "R2"]}),
    (f"g_variants/{UNCARRIED}/individuals", {}),
    ("g_variants/nothing/individuals", {}),
    ("g_variants/rs149201999/biosamples", {"ward": ["P1", "P2"]}),
    ("individuals/I1/g_variants", {"ward": [CARRIED]}),
    ("analyses/A4/g_variants", {"ward": ["GRCh37-22-16050678-C-T"]}),
    ("cohorts/epilepsy/g_variants", {"ward": [CARRIED]}),
]


@pytest.mark.parametrize(("path", "records"), RELATED)
async def test_a_path_leads_to_the_records_that_belong_there(populated, path, records):
    """Through the nearest links; what is unknown is found nowhere, with 200."""
    answer = await asked(populated, path)

    assert found(answer) == records
    assert answer["responseSummary"]["exists"] is bool(records)


FILTERED = [
    (
        "individuals",
        "HP:0001250",
        {"ward": ["I1", "I2", "I5"], "register": ["I1", "I9"]},
    ),
    ("individuals", "!HP:0001250", {"ward": ["I3"]}),
    ("individuals", "sex:female", {"ward": ["I2", "I4", "I5"], "register": ["I9"]}),
    ("individuals", "HP:0001250,NCIT:C41260", {"register": ["I9"]}),
    (
        "individuals",
        "[HP:0000365,NCIT:C41260]",
        {"ward": ["I1", "I3"], "register": ["I1", "I9"]},
    ),
    ("individuals", "ageOfOnset:<P70Y", {"ward": ["I1", "I5"], "register": ["I1"]}),
    ("individuals", "LOINC:35925-4:>30", {"ward": ["I2"]}),
    ("individuals", "libraryStrategy=WES", {"ward": ["I3", "I4"]}),
    ("biosamples", "HP:0000365", {"ward": ["P1"]}),
    ("biosamples", "EFO:0009656", {"ward": ["P2"]}),
    ("analyses", "variantCaller:DeepV%,NCIT:C16576", {}),
    ("analyses", "variantCaller:=DeepV%,NCIT:C16576", {"ward": ["A2", "A4"]}),
    ("g_variants", "HP:0000365", {"ward": [CARRIED]}),
]


@pytest.mark.parametrize(("path", "filters", "records"), FILTERED)
async def test_filters_narrow_every_type_of_record(populated, path, filters, records):
    """Judged where it is said, and carried over the links."""
    answer = await asked(populated, path, filters=filters)

    assert found(answer) == records


async def test_variant_parameters_ask_for_carriers(populated):
    """And filters narrow them further."""
    where = {"referenceName": "22", "start": "16050000", "end": "16051000"}
    carriers = await asked(populated, "individuals", **where)
    women = await asked(populated, "individuals", filters="NCIT:C16576", **where)

    assert found(carriers) == {"ward": ["I1", "I2", "I3", "I4"]}
    assert found(women) == {"ward": ["I2", "I4"]}


async def test_somebody_in_two_datasets_is_one(populated):
    """The total counts different ids, each result set its own."""
    answer = await asked(populated, "individuals", requestedGranularity="count")
    sets = answer["response"]["resultSets"]

    assert answer["responseSummary"]["numTotalResults"] == 6
    assert [each["resultsCount"] for each in sets] == [2, 5]


@pytest.mark.parametrize(
    ("include", "listed"),
    [
        ("HIT", {"register": "seen", "ward": "seen"}),
        ("MISS", {"sites": "not_covered"}),
        ("ALL", {"register": "seen", "sites": "not_covered", "ward": "seen"}),
        ("NONE", {}),
    ],
)
async def test_include_chooses_the_sets_and_nothing_else(populated, include, listed):
    """A dataset without such documents has not said "no"."""
    answer = await asked(populated, "individuals", includeResultsetResponses=include)

    assert words(answer) == listed
    assert answer["responseSummary"] == {"exists": True, "numTotalResults": 6}


async def test_pages_are_taken_of_each_dataset(populated):
    """``skip`` counts pages."""
    pages = [
        found(await asked(populated, "individuals", limit="2", skip=str(page)))
        for page in range(3)
    ]

    assert [each["ward"] for each in pages] == [["I1", "I2"], ["I3", "I4"], ["I5"]]


@pytest.mark.parametrize("path", ["individuals", "g_variants", "datasets", "cohorts"])
async def test_an_unknown_filter_matches_nothing_and_is_said(populated, path):
    """Strictly, it is refused by its name."""
    answer = await asked(populated, path, filters="HP:9999999")
    strict = await populated.get(
        f"/api/{path}", params={"filters": "HP:9999999", "strict": "true"}
    )
    refused = await strict.json()

    assert answer["responseSummary"]["exists"] is False
    said = answer["info"]["warnings"]
    assert 'The filter "HP:9999999" is not known here and matches nothing.' in said
    assert strict.status == 400
    assert "HP:9999999" in refused["error"]["errorMessage"]
    assert refused["info"]["parameter"] == "filters"


@pytest.mark.parametrize(
    ("path", "filters", "ids"),
    [
        ("datasets", "", ["register", "sites", "ward"]),
        ("datasets", "DUO:0000004", ["ward"]),
        ("datasets", "HP:0000365", ["register", "ward"]),
        ("datasets", "MONDO:0005027,ageOfOnset:>P60Y", ["ward"]),
        ("datasets/ward", "", ["ward"]),
        ("datasets/nowhere", "", []),
        ("cohorts", "", ["epilepsy"]),
        ("cohorts", "cohortType=study-defined", ["epilepsy"]),
        ("cohorts", "cohortType=user-defined", []),
        ("cohorts", "name=Epilepsy cohort", ["epilepsy"]),
        ("cohorts", "name!Epilepsy cohort", []),
        ("cohorts/nobody", "", []),
    ],
)
async def test_datasets_and_cohorts_are_collections(populated, path, filters, ids):
    """Narrowed by what their record says, or a document in them."""
    answer = await asked(populated, path, filters=filters)
    records = answer["response"]["collections"]

    assert [record["id"] for record in records] == ids
    assert answer["responseSummary"]["numTotalResults"] == len(ids)


async def test_a_record_that_was_loaded_for_a_dataset_is_kept(populated):
    """Its id and what this beacon knows are its own."""
    answer = await asked(populated, "datasets/ward")
    (record,) = answer["response"]["collections"]

    assert {name: record[name] for name in WARD if name != "info"} == {
        name: value for name, value in WARD.items() if name != "info"
    }
    assert record["info"]["floor"] == "3"
    assert record["info"]["documents"]["individual"] == 5
    assert record["info"]["assembly"] == "GRCh37"


# --- filtering terms ----------------------------------------------------------------


async def listed(client, path):
    """Return the filtering terms at a path, by id."""
    response = await client.get(f"/api/{path}", params={"limit": "0"})
    document = await response.json()

    assert (response.status, violations(document, "filteringTerms")) == (200, [])
    return {term["id"]: term for term in document["response"]["filteringTerms"]}


@pytest.mark.parametrize(
    ("path", "has", "lacks"),
    [
        ("filtering_terms", ["HP:0001250", "SO:0001583", "cohortType"], []),
        ("individuals/filtering_terms", ["HP:0001250"], ["SO:0001583", "EFO:0009656"]),
        ("biosamples/filtering_terms", ["EFO:0009656"], ["HP:0001250"]),
        ("g_variants/filtering_terms", ["SO:0001583"], ["HP:0001250"]),
        ("datasets/filtering_terms", ["DUO:0000004"], ["HP:0001250"]),
        ("datasets/ward/filtering_terms", ["HP:0001250", "DUO:0000004"], []),
        ("datasets/sites/filtering_terms", ["SO:0001583"], ["HP:0001250"]),
        ("datasets/nowhere/filtering_terms", [], ["SO:0001583"]),
        (
            "datasets/register/filtering_terms",
            ["HP:0001250"],
            ["DUO:0000004", "SO:0001583"],
        ),
        ("cohorts/epilepsy/filtering_terms", ["HP:0000365"], ["NCIT:C41260"]),
        ("individuals/I1/filtering_terms", ["HP:0000365"], ["HP:0001250"]),
        ("individuals/nobody/filtering_terms", [], ["HP:0001250"]),
    ],
)
async def test_terms_are_those_of_the_place(populated, path, has, lacks):
    """Of everything, of an entry type, of a dataset, a cohort, or somebody."""
    terms = await listed(populated, path)

    assert [name for name in has if name not in terms] == []
    assert [name for name in lacks if name in terms] == []


def spelled(term):
    """Return a term as filters of a query string; of a field, any of these."""
    if term["type"] != "alphanumeric":
        return term["id"]
    values = term.get("values", ["1", "P1Y", "2021-01-01"])
    return "[{}]".format(",".join(f"{term['id']}:={value}" for value in values))


async def test_every_term_works_as_a_filter_where_it_is_listed(populated):
    """On each entry type in its scopes; a field is known, whatever its value."""
    unmet, unknown = [], []
    for term in (await listed(populated, "filtering_terms")).values():
        paths = [ENTRY_TYPES[s].path for s in term["scopes"] if s != "genomicVariant"]
        for path in paths:
            answer = await asked(populated, path, filters=spelled(term))
            is_met = answer["responseSummary"]["exists"]
            said = answer.get("info", {}).get("warnings", [])
            if not is_met and (term["type"] != "alphanumeric" or "values" in term):
                unmet.append((term["id"], path))
            if len(said) > 2:
                unknown.append((term["id"], path))

    assert (unmet, unknown) == ([], [])


# --- test mode ------------------------------------------------------------------------


@pytest.mark.parametrize("row", ENTRY_TYPES.values(), ids=lambda row: row.id)
async def test_in_test_mode_every_path_of_the_map_answers(empty_client, row):
    """A validator asks each list for one record, and follows it everywhere."""
    body = {
        "query": {
            "testMode": True,
            "requestedGranularity": "record",
            "pagination": {"limit": 1},
        }
    }

    async def records(path):
        response = await empty_client.post(f"/api/{path}", json=body)
        document = await response.json()
        assert (response.status, document["meta"]["testMode"]) == (200, True)
        inner = document["response"]
        sets = inner.get("resultSets", [])
        return inner.get("collections") or [r for s in sets for r in s["results"]]

    (first,) = await records(row.path)
    one = f"{row.path}/{first['id']}"
    counts = [len(await records(f"{one}/{ENTRY_TYPES[n].path}")) for n in row.related]

    assert [each["id"] for each in await records(one)] == [first["id"]]
    assert counts == [1] * len(row.related)


async def test_test_mode_never_touches_what_is_loaded(populated):
    """Everything it tells of is invented."""
    answer = await asked(populated, "individuals", testMode="true", limit="100")

    assert list(found(answer)) == ["synthetic"]
    assert not {"I1", "I2"} & set(found(answer)["synthetic"])


async def test_filtering_terms_of_test_mode_are_of_what_is_invented(populated):
    """Nothing of what is loaded is listed."""
    response = await populated.get("/api/individuals/filtering_terms?testMode=true")
    listed_there = (await response.json())["response"]["filteringTerms"]

    assert "synthetic" not in str(listed_there)
    assert "LOINC:35925-4" not in {term["id"] for term in listed_there}


# --- schemas and meta ------------------------------------------------------------


@pytest.mark.parametrize("path", ["individuals", "runs", "g_variants", "cohorts"])
async def test_an_unknown_schema_falls_back_to_the_default_one(populated, path):
    """And the answer says which one it keeps to."""
    schemas = [{"entityType": "individual", "schema": "phenopacket-v2"}]
    response = await populated.post(
        f"/api/{path}",
        json={"meta": {"apiVersion": "v2.0", "requestedSchemas": schemas}},
    )
    meta = (await response.json())["meta"]
    row = next(row for row in ENTRY_TYPES.values() if row.path == path)

    assert meta["returnedSchemas"] == [{"entityType": row.id, "schema": row.schema}]
    assert meta["receivedRequestSummary"]["requestedSchemas"] == schemas
    assert meta["receivedRequestSummary"]["apiVersion"] == "v2.0"


async def test_the_request_is_echoed_as_understood(populated):
    """Filters as strings, alternatives in brackets."""
    query = {
        "filters": [["HP:0001250", {"id": "age", "operator": "<=", "value": "P9Y"}]],
        "testMode": False,
    }
    response = await populated.post("/api/individuals", json={"query": query})
    summary = (await response.json())["meta"]["receivedRequestSummary"]

    assert summary["filters"] == ["[HP:0001250,age:<=P9Y]"]
    assert summary["pagination"] == {"skip": 0, "limit": 10}
