"""GET and POST, in every spelling clients use, are understood as one question."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.errors import InvalidRequest, UnknownContig
from beacon.model.query import Granularity, Include, Page
from beacon.model.records import Under
from beacon.wire.requests import (
    Address,
    Understanding,
    gather_body,
    gather_parameters,
    understand,
)

BELOW_A = Address(under=Under(entry_type="dataset", identity="a"))
KNOWN = Understanding(loaded={"GRCh37"}, references={})
ALLELE = {
    "referenceName": "22",
    "start": [16050407],
    "referenceBases": "T",
    "alternateBases": "C",
}


def get(*items, address=None):
    """Return the question of a query string."""
    return understand(gather_parameters(items), address or Address(), KNOWN)


def post(body, address=None):
    """Return the question of a body."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return understand(gather_body(sent), address or Address(), KNOWN)


def ask(address=None, **query):
    """Return the question of a usual body."""
    return post({"meta": {"apiVersion": "2.0"}, "query": query}, address)


def parameters(**g_variant):
    """Return the question of nested variant parameters."""
    return ask(requestParameters={"g_variant": g_variant})


# --- the same question -------------------------------------------------------

TOKENS = st.text("abcDEF09_.", min_size=1, max_size=8)
QUESTIONS = st.fixed_dictionaries(
    {
        "referenceName": st.sampled_from(
            ["22", "chrX", "NC_000022.10", "refseq:NC_000001.10"]
        )
    },
    optional={
        "assemblyId": st.sampled_from(["GRCh37", "hg19"]),
        "start": st.lists(st.integers(0, 40_000_000), min_size=1, max_size=1),
        "end": st.lists(st.integers(50_000_000, 51_000_000), min_size=1, max_size=1),
        "variantType": st.sampled_from(["DEL", "SNP", "EFO:0030067"]),
        "variantMinLength": st.integers(0, 10),
        "variantMaxLength": st.integers(10, 99),
    },
).filter(lambda each: ("start" in each) == ("end" in each))
ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        "requestedGranularity": st.sampled_from(["boolean", "count", "record"]),
        "includeResultsetResponses": st.sampled_from(["HIT", "MISS", "ALL", "NONE"]),
        "skip": st.integers(0, 1000),
        "limit": st.integers(0, 5000),
        "testMode": st.booleans(),
        "filters": st.lists(TOKENS, min_size=1, max_size=3),
        "datasets": st.lists(TOKENS, min_size=1, max_size=3),
    },
)


def _as_text(value):
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


@given(QUESTIONS, ENVELOPES)
def test_get_and_post_give_the_same_question(g_variant, envelope):
    """Whatever is asked, the way it is sent changes nothing."""
    pagination = {k: envelope[k] for k in ("skip", "limit") if k in envelope}
    query = {
        k: v for k, v in envelope.items() if k not in ("skip", "limit", "datasets")
    }
    request = {"g_variant": g_variant}
    if "datasets" in envelope:
        request["datasets"] = {"datasetIds": envelope["datasets"]}

    posted = ask(requestParameters=request, pagination=pagination, **query)
    got = get(
        *((name, _as_text(value)) for name, value in (g_variant | envelope).items()),
        ("apiVersion", "2.0"),
    )

    assert got == posted


SPELLINGS = [
    {"query": {"requestParameters": {"g_variant": ALLELE}}},
    {"query": {"requestParameters": ALLELE}},
    {"query": {"requestParameters": [{"g_variant": [ALLELE]}]}},
    {"query": {"requestParameters": {"g_variant": ALLELE | {"start": 16050407}}}},
    {"query": {"requestParameters": {"g_variant": ALLELE | {"start": "16050407"}}}},
    {"query": {"requestParameters": {"g_variant": ALLELE | {"start": ["16050407"]}}}},
    {"query": {"requestParameters": {"g_variant": ALLELE | {"end": None}}}},
    {"query": {"requestParameters": {"g_variant": ALLELE | {"end": []}}}},
    {
        "query": {
            "requestParameters": {"g_variant": ALLELE | {"referenceName": "chr22"}}
        }
    },
    {"query": {"requestParameters": {"g_variant": ALLELE | {"referenceName": 22}}}},
    {
        "query": {
            "requestParameters": {
                "g_variant": ALLELE | {"referenceName": "refseq:NC_000022.10"}
            }
        }
    },
    {"query": {"requestParameters": {"g_variant": ALLELE | {"assemblyId": "hg19"}}}},
    {"query": {"requestParameters": {"g_variant": ALLELE | {"referenceBases": "t"}}}},
    {"meta": None, "requestParameters": {"g_variant": ALLELE}},
]


@pytest.mark.parametrize("body", SPELLINGS)
def test_every_spelling_of_an_allele_asks_for_it(body):
    """Nested or flat, scalar, text or list, any name of the sequence."""
    asked = post(body)

    assert asked.pattern == parameters(**ALLELE).pattern


@pytest.mark.parametrize(
    "items",
    [
        [("datasetIds", "a,b")],
        [("datasets", "a"), ("datasets", "b")],
        [("DATASETIDS", "a"), ("datasets", "b")],
    ],
)
def test_datasets_are_chosen_in_a_query_string(items):
    """Under either name, with commas or repeated."""
    asked = get(*items)

    assert asked.datasets == ("a", "b")


@pytest.mark.parametrize(
    "chosen",
    [
        {"datasets": {"datasetIds": ["a", "b"]}},
        {"datasets": ["a", "b"]},
        {"datasetIds": "a,b"},
        {"dataset": {"$schema": "x", "datasetIds": "a,b"}},
    ],
)
def test_datasets_are_chosen_in_a_body(chosen):
    """In every form clients use, wherever they put it: no schema defines one."""
    beside = ask(**chosen)
    asked = ask(requestParameters=chosen)

    assert (asked.datasets, beside.datasets) == (("a", "b"), ("a", "b"))


@pytest.mark.parametrize(
    ("name", "chosen", "meant"),
    [
        ("datasets", {"ids": ["a"]}, "datasetIds"),
        ("dataset", {"name": "a"}, "datasetIds"),
        ("cohorts", {"datasetIds": ["a"]}, "cohortIds"),
        ("datasets", [{"id": "a"}], None),
    ],
)
def test_a_choice_that_is_not_understood_is_refused(name, chosen, meant):
    """Ignored, it would ask datasets that nobody meant."""
    message = meant or "must be text"
    with pytest.raises(InvalidRequest, match=message):
        ask(requestParameters={name: chosen})


def test_a_cohort_that_is_chosen_is_echoed():
    """As datasets are, in the shape of ``requestParameters``."""
    asked = ask(requestParameters={"cohort": "women"})

    assert asked.requested["requestParameters"] == {"cohorts": {"cohortIds": ["women"]}}


def test_a_path_chooses_its_dataset():
    """The dataset in the path is the only one asked."""
    asked = ask(Address(about="dataset", identity="a"))

    assert asked.datasets == ("a",)


def test_a_path_and_a_choice_that_leaves_it_out_ask_nothing():
    """Nothing is asked beyond what both allow."""
    asked = ask(BELOW_A, requestParameters={"datasets": ["b"]})

    assert asked.datasets == ()


def test_no_choice_asks_every_dataset():
    """An empty list is no choice."""
    asked = ask(requestParameters={"datasets": []})

    assert asked.datasets is None


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("geneid", "geneId"),
        ("GENEID", "geneId"),
        ("allele", "genomicAlleleShortForm"),
        ("assembly", "assemblyId"),
        ("variantmaxlength", "variantMaxLength"),
    ],
)
def test_names_of_a_query_string_are_read_in_any_case(name, canonical):
    """Also the two names the published interface description spells differently."""
    asked = gather_parameters([(name, "x")])

    assert asked.variant == {canonical: "x"}


# --- defaults and pages --------------------------------------------------------


def test_nothing_asked_means_the_defaults():
    """An empty request asks yes or no, of everything, on the first page of ten."""
    asked = post(b"")

    assert (asked.granularity, asked.include, asked.page, asked.pattern) == (
        Granularity.BOOLEAN,
        Include.HIT,
        Page(skip=0, limit=10),
        None,
    )


def test_members_of_query_are_taken_beside_it():
    """Many clients put granularity, page and include one level too high."""
    asked = post(
        {
            "meta": {},
            "query": {},
            "requestedGranularity": "record",
            "includeResultsetResponses": "ALL",
            "pagination": {"skip": 2, "limit": 8},
        }
    )

    assert (asked.granularity, asked.include, asked.page.offset) == (
        Granularity.RECORD,
        Include.ALL,
        16,
    )


@pytest.mark.parametrize(("limit", "holds"), [(0, 1000), (7, 7), (5000, 1000)])
def test_the_page_that_holds_is_echoed(limit, holds):
    """0 asks for the largest page, and no page is larger."""
    asked = ask(pagination={"limit": limit})

    assert (asked.page.limit, asked.requested["pagination"]["limit"]) == (holds, holds)


def test_a_page_that_was_cut_is_said():
    """A client that gets less than it asked for can read why."""
    asked = ask(pagination={"limit": 5000})

    assert asked.warnings == ("limit 5000 is cut to the largest page, 1000.",)


def test_the_request_is_echoed_as_understood():
    """Nested, with lists, with filters as text, and complete."""
    asked = get(
        ("referenceName", "22"),
        ("start", "16050407"),
        ("referenceBases", "t"),
        ("alternateBases", "C"),
        ("filters", "HP:0000118,age:<=P65Y"),
        ("datasets", "a"),
        ("requestedSchema", "beacon-genomicVariant-v2.0.0"),
    )

    assert asked.requested == {
        "apiVersion": "v2.2.0",
        "requestedSchemas": [{"schema": "beacon-genomicVariant-v2.0.0"}],
        "filters": ["HP:0000118", "age:<=P65Y"],
        "requestParameters": {
            "g_variant": {
                "referenceName": "22",
                "start": [16050407],
                "referenceBases": "T",
                "alternateBases": "C",
            },
            "datasets": {"datasetIds": ["a"]},
        },
        "includeResultsetResponses": "HIT",
        "pagination": {"skip": 0, "limit": 10},
        "requestedGranularity": "boolean",
        "testMode": False,
    }


# --- what is refused ----------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        (
            {"requestedGranularity": "aggregated"},
            "requestedGranularity: input should be 'boolean', 'count' or 'record', "
            'not "aggregated".',
        ),
        (
            {"includeResultsetResponses": "SOME"},
            "includeResultsetResponses: input should be 'HIT', 'MISS', 'ALL' or "
            "'NONE', not \"SOME\".",
        ),
        (
            {"pagination": {"skip": -1}},
            "skip must lie between 0 and 2147483647, not -1.",
        ),
        ({"pagination": {"limit": "ten"}}, 'limit must be a whole number, not "ten".'),
        ({"pagination": {"limit": True}}, "limit must be a whole number, not true."),
        ({"pagination": 5}, "pagination must be a JSON object, not 5."),
        ({"testMode": "perhaps"}, 'testMode must be true or false, not "perhaps".'),
        ({"filters": [5]}, "filters must hold ids or objects, not 5."),
        ({"filters": [{"id": ""}]}, 'filters.0.id must be text, not "".'),
        (
            {"filters": [{"id": "age", "operator": ">"}]},
            "filters.0 needs a value beside its operator.",
        ),
        (
            {"filters": [{"id": "age", "operator": "~", "value": "1"}]},
            "filters.0.operator: input should be '=', '<', '>', '!', '>=' or '<=', "
            'not "~".',
        ),
        (
            {"requestParameters": {"g_variant": {"alternatBases": "T"}}},
            '"alternatBases" is not a parameter of g_variant.',
        ),
        (
            {"requestParameters": {"alternatBases": "T"}},
            '"alternatBases" is not a parameter of g_variant.',
        ),
        (
            {"requestParameters": {"patient": {"sex": "F"}}},
            '"patient" is not a parameter of g_variant.',
        ),
        (
            {"requestParameters": {"start": 1, "g_variant": {"start": 2}}},
            "start is given twice, with different values.",
        ),
        (
            {"requestParameters": {"g_variant": ALLELE | {"start": [1, 2, 3]}}},
            "start takes one or two numbers, not 3.",
        ),
        (
            {"requestParameters": {"g_variant": ALLELE | {"start": [2, 1]}}},
            "start must be in ascending order, not [2, 1].",
        ),
        (
            {"requestParameters": {"g_variant": ALLELE | {"start": 1.5}}},
            "start must be a whole number, not 1.5.",
        ),
        (
            {"requestParameters": {"g_variant": ALLELE | {"end": 0}}},
            "end must be at least 1: an end lies behind the last base.",
        ),
        (
            {"requestParameters": {"g_variant": ALLELE | {"alternateBases": "<DEL>"}}},
            'alternateBases must be bases (A, C, G, T, N and so on), not "<DEL>".',
        ),
        (
            {"requestParameters": {"g_variant": ALLELE | {"variantMinLength": "x"}}},
            'variantMinLength must be a whole number, not "x".',
        ),
        (
            {"requestParameters": {"g_variant": {"referenceName": "22", "start": [5]}}},
            "start without end needs alternateBases.",
        ),
    ],
)
def test_a_malformed_request_is_refused_naming_its_parameter(query, sentence):
    """The sentence says which parameter is wrong, and how."""
    with pytest.raises(InvalidRequest) as refusal:
        ask(**query)

    assert str(refusal.value) == sentence


@pytest.mark.parametrize("body", [b"[]", b"5", b'"x"', b"null", b"[{}]"])
def test_a_body_that_is_no_object_is_refused(body):
    """Only an object can be a request."""
    with pytest.raises(InvalidRequest, match=r"^The request body must be an object"):
        post(body)


@pytest.mark.parametrize("nothing", ["", [], None])
def test_bases_beside_an_empty_start_are_refused(nothing):
    """Without a place they would ask for every such variant of the sequence."""
    with pytest.raises(InvalidRequest, match="start is empty") as refusal:
        parameters(**ALLELE | {"start": nothing})

    assert refusal.value.parameter == "start"


def test_an_empty_start_in_a_query_string_is_refused_beside_bases():
    """As a form sends it whose field was left empty."""
    with pytest.raises(InvalidRequest, match="start is empty"):
        get(("referenceName", "22"), ("start", ""), ("alternateBases", "C"))


def test_an_empty_start_alone_is_not_given():
    """Forms send every field they have."""
    query = parameters(referenceName="22", start="", end="", alternateBases=None)

    assert query.pattern.start is None


def test_digits_of_other_scripts_are_no_number():
    """They are not what the standard calls one."""
    with pytest.raises(InvalidRequest, match="start must be a whole number"):
        parameters(**ALLELE | {"start": "\uff11\uff12"})


def test_a_query_string_that_contradicts_itself_is_refused():
    """One of two values would have to be dropped."""
    with pytest.raises(InvalidRequest, match=r"^referenceName is given twice"):
        get(("referenceName", "1"), ("referencename", "2"))


def test_a_contig_the_assembly_lacks_is_refused():
    """It is an error of the question, never a "no"."""
    with pytest.raises(UnknownContig):
        parameters(**ALLELE | {"referenceName": "25"})


# --- what is ignored, and said --------------------------------------------------


@pytest.mark.parametrize(
    ("body", "warning"),
    [
        ({"colour": 1}, 'The key "colour" in the request is not known and ignored.'),
        (
            {"meta": {"colour": 1}},
            'The key "colour" in meta is not known and ignored.',
        ),
        (
            {"query": {"colour": 1}},
            'The key "colour" in query is not known and ignored.',
        ),
        (
            {"query": {"pagination": {"nextPage": "x"}}},
            'The key "nextPage" in pagination is not known and ignored.',
        ),
        (
            {"query": {"requestParameters": {"individual": {}}}},
            'The key "individual" in requestParameters is not known and ignored.',
        ),
    ],
)
def test_an_unknown_key_that_cannot_narrow_is_ignored_and_said(body, warning):
    """Elsewhere than among the variant parameters, that is."""
    asked = post(body)

    assert asked.warnings == (warning,)


def test_an_unknown_key_that_says_nothing_is_not_worth_a_warning():
    """Clients write null for what they leave out."""
    query = ask(pagination={"limit": 3, "currentPage": None})

    assert query.warnings == ()


def test_of_very_many_warnings_the_first_are_said():
    """An answer is not larger than its question."""
    query = post({f"key{number}": 1 for number in range(1000)})

    assert len(query.warnings) == 21
    assert query.warnings[-1] == "980 more warnings are left out."


def test_an_unknown_name_in_a_query_string_is_ignored_and_said():
    """Links collect such names on their way."""
    asked = get(("utm_source", "x"))

    assert asked.warnings == (
        'The key "utm_source" in the query string is not known and ignored.',
    )


def test_a_filter_on_variants_that_is_no_effect_is_kept_and_said():
    """It matches nothing; dropping it would answer a wider question."""
    asked = ask(filters=[{"id": "HP:0000118", "scope": "g_variants"}])

    assert (asked.unknown_filters, asked.warnings) == (
        ("HP:0000118",),
        ('The filter "HP:0000118" is not known here and matches nothing.',),
    )


def test_an_id_we_never_gave_out_names_no_variant():
    """It is answered with nothing found, not refused."""
    asked = ask(Address(identity="x123"))

    assert (asked.datasets, asked.warnings) == (
        (),
        ('"x123" is not the id of a variant here.',),
    )


@pytest.mark.parametrize("name", ["rs123", "ga4gh:VA.j_6mIYta6uPDasV1uqfrcg5JUPfiiiSt"])
def test_a_name_may_stand_for_an_id(name):
    """An rsID and a VRS id are asked for in the path, or as a short form."""
    asked = [
        ask(Address(identity=name)),
        get(("assemblyId", "hg19"), address=Address(identity=name)),
        parameters(genomicAlleleShortForm=name),
    ]

    assert [each.pattern.name for each in asked] == [name] * 3
    assert [each.assembly for each in asked] == ["GRCh37"] * 3


def test_an_id_of_another_assembly_is_refused():
    """The assembly beside an id must be the id's."""
    with pytest.raises(InvalidRequest, match="on GRCh37, not on GRCh38"):
        get(
            ("assemblyId", "GRCh38"),
            address=Address(identity="GRCh37-22-16050408-T-C"),
        )


def test_an_id_asks_for_its_variant():
    """An id is another spelling of the allele."""
    asked = ask(Address(identity="GRCh37-22-16050408-T-C"))

    assert asked.pattern.spellings == parameters(**ALLELE).pattern.spellings


def test_an_id_is_not_combined_with_parameters():
    """Ignoring either would answer another question."""
    with pytest.raises(InvalidRequest, match="beside the id of a variant"):
        ask(Address(identity="GRCh37-22-16050408-T-C"), requestParameters=ALLELE)


def test_an_assembly_alone_limits_the_question():
    """Everything of one assembly may be asked for."""
    asked = get(("assemblyId", "hg38"))

    assert (asked.pattern, asked.assembly) == (None, "GRCh38")


def test_variant_parameters_do_not_narrow_a_list_of_datasets():
    """They are ignored there, and that is said."""
    asked = ask(Address(about="dataset"), requestParameters=ALLELE)

    assert asked.warnings == (
        "Variant parameters do not narrow a list of datasets; ignored.",
    )


def test_a_scalar_and_a_list_of_one_are_the_same_question():
    """Also where the request is echoed."""
    scalar = parameters(**ALLELE | {"start": "16050407"})

    assert replace(scalar) == parameters(**ALLELE)


# --- whatever is sent ---------------------------------------------------------------

NAMES = st.sampled_from(
    [
        *("meta", "query", "requestParameters", "g_variant", "pagination", "filters"),
        *("datasets", "datasetIds", "start", "end", "referenceName", "assemblyId"),
        *("referenceBases", "alternateBases", "variantType", "variantMinLength"),
        *("skip", "limit", "testMode", "requestedGranularity", "requestedSchemas"),
        *("includeResultsetResponses", "apiVersion", "id", "operator", "value", "x"),
        *("scope", "entityType", "schema", "geneId", "genomicAlleleShortForm"),
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "22", "1,2", "GRCh37", "ACGT", "N", "-", "<DEL>", "true"])
    | st.text("\x00ACGT:>1é€😀", max_size=6)
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4)
    ),
    max_leaves=12,
)


def _understood_or_refused(asked):
    """Return whether a request is a question that can be echoed, or is refused."""
    try:
        json.dumps(understand(asked(), Address(), KNOWN).requested)
    except InvalidRequest as refusal:
        return str(refusal).endswith(".")
    return True


@given(st.dictionaries(NAMES, ANYTHING, max_size=5))
def test_any_body_is_understood_or_refused_with_a_sentence(document):
    """Nothing a client sends makes reading it fail in another way."""
    body = json.dumps(document).encode()

    assert _understood_or_refused(lambda: gather_body(body))


@given(st.lists(st.tuples(NAMES, SCALARS.map(str)), max_size=6))
def test_any_query_string_is_understood_or_refused_with_a_sentence(items):
    """Nothing a client sends makes reading it fail in another way."""
    assert _understood_or_refused(lambda: gather_parameters(items))


@given(st.dictionaries(NAMES, ANYTHING, min_size=1, max_size=4))
def test_any_variant_parameters_are_understood_or_refused(g_variant):
    """Nothing a client sends makes reading it fail in another way."""
    body = json.dumps({"query": {"requestParameters": g_variant}}).encode()

    assert _understood_or_refused(lambda: gather_body(body))


def test_test_mode_is_understood_alike_whatever_is_loaded():
    """The invented variant is on one assembly, which need not be named."""
    items = {"testMode": "true", "referenceName": "22", "start": "1000", "end": "1001"}
    several = Understanding(loaded={"GRCh37", "T2T-CHM13"}, references={})
    asked = understand(gather_parameters(items.items()), Address(), several)

    assert asked.assembly == "GRCh38"


@pytest.mark.parametrize(
    ("body", "named", "usual"),
    [
        ({"query": {"request_parameters": {}}}, "request_parameters", None),
        ({"request_parameters": {}}, "request_parameters", "requestParameters"),
        ({"query": {"requested_granularity": "record"}}, None, "requestedGranularity"),
        ({"query": {"Test_Mode": True}}, "Test_Mode", "testMode"),
        ({"query": {"data_sets": ["a"]}}, "data_sets", "datasets"),
        ({"query": {"start_": [1]}}, "start_", "start"),
    ],
)
def test_a_known_key_with_underscores_is_refused(body, named, usual):
    """What it restricts must not be left out; the sentence says how it is spelled."""
    with pytest.raises(InvalidRequest) as refused:
        post(body)

    assert (named or "requested_granularity") in str(refused.value)
    assert (usual or "requestParameters") in str(refused.value)


def test_a_known_parameter_with_underscores_is_refused_in_a_query_string():
    """Also there; what is known to nobody is ignored, and said."""
    with pytest.raises(InvalidRequest, match="alternateBases"):
        get(("start", "1"), ("alternate_bases", "C"))

    assert "my_own" in str(get(("my_own", "x")).warnings)
