"""A question goes out in the fewest words a peer reads, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.annotation import AnnotationPattern
from beacon.model.filters import TermFilter
from beacon.model.nodes import NodeKind, Reason
from beacon.model.notation import parse
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Page
from beacon.model.questions import variant_pattern
from beacon.model.status import Status
from beacon.wire.peers.answers import again, read_answer
from beacon.wire.peers.questions import question
from beacon.wire.peers.speech import Form, Request, Unasked
from beacon.wire.requests import (
    Address,
    Understanding,
    gather_body,
    gather_parameters,
    understand,
)
from tests.wire.peers.speaking_peers import POS, SENT, START, peer, query, read, v2

FIRST = peer(NodeKind.V1)
KNOWN = Understanding(loaded=("GRCh38", "GRCh37"), references={})


def _asked(asked, whom=None, **options):
    return question(asked, whom or peer(), {}, **options)


def _parameters(asked, whom=None, **options):
    return json.loads(_asked(asked, whom, **options).body)["query"]["requestParameters"]


def _with(pattern, **members):
    return replace(query(), pattern=pattern, **members)


def test_the_body_is_the_smallest_a_strict_reader_takes():
    """Nothing stands in it that is not needed; all result sets are asked for."""
    request = _asked(query())

    assert ("POST", "g_variants") == (request.method, request.path)
    assert {
        "meta": {"apiVersion": "v2.0.0", "requestedSchemas": []},
        "query": {
            "requestParameters": SENT,
            "filters": [],
            "includeResultsetResponses": "ALL",
            "pagination": {"skip": 0, "limit": 10},
            "testMode": False,
            "requestedGranularity": "record",
        },
    } == json.loads(request.body)


def test_a_peer_of_get_is_asked_in_its_query_string():
    """The same question as parameters; lists are joined with commas."""
    request = _asked(query(), peer(by_get=True))

    assert ("GET", None) == (request.method, request.body)
    assert {
        "assemblyId": "GRCh38",
        "referenceName": "17",
        "start": str(START),
        "referenceBases": "T",
        "alternateBases": "C",
        "requestedGranularity": "record",
        "includeResultsetResponses": "ALL",
        "limit": "10",
    } == dict(request.parameters)
    assert "GET" == _asked(query(), by_get=True).method
    assert "POST" == _asked(query(), peer(by_get=True), by_get=False).method


def test_a_peer_that_counts_from_one_is_asked_so():
    """Starts move by one; ends, which lie behind, do not."""
    allele = _parameters(query(), peer(one_based=True))
    stretch = _parameters(query("17:1000-2000"), peer(one_based=True))
    first = json.loads(_asked(query(), peer(NodeKind.V1, one_based=True)).body)

    assert [POS] == allele["start"]
    assert ([1000], [2000]) == (stretch["start"], stretch["end"])
    assert POS == first["start"]


def test_beacon_v1_is_asked_for_an_allele():
    """One flat object; a start is a number there."""
    request = _asked(query(), FIRST)

    assert "query" == request.path
    assert {
        **SENT,
        "start": START,
        "includeDatasetResponses": "ALL",
    } == json.loads(request.body)
    assert "GET" == _asked(query(), peer(NodeKind.V1, by_get=True)).method


def test_beacon_v1_is_asked_for_an_event_within_brackets():
    """Its bounds are closed, ours half-open."""
    contig = query().pattern.contig
    pattern = VariantPattern(
        contig=contig,
        start=Bounds(low=10, high=20),
        end=Bounds(low=90, high=101),
        variant_type="DEL",
    )
    said = json.loads(_asked(_with(pattern), FIRST).body)

    assert (10, 19, 90, 100) == tuple(
        said[name] for name in ("startMin", "startMax", "endMin", "endMax")
    )
    assert ("N", "DEL") == (said["referenceBases"], said["variantType"])


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("17:1001-2000", {"start": [1000], "end": [2000]}),
        (
            "17-43045711-AA-A",
            {"start": [START], "referenceBases": "AA", "alternateBases": "A"},
        ),
        (
            "17:g.43045711_43045712insGG",
            {"start": [START + 1], "referenceBases": "", "alternateBases": "GG"},
        ),
        (
            "17-43045711-TA-T",
            {"start": [START], "referenceBases": "TA", "alternateBases": "T"},
        ),
    ],
)
def test_places_and_alleles_have_words(typed, expected):
    """A range and a deletion are asked in the words of the standard."""
    said = _parameters(query(typed))

    assert {"assemblyId": "GRCh38", "referenceName": "17"} | expected == said


def test_brackets_types_and_lengths_have_words():
    """What narrows a range goes with it."""
    pattern = VariantPattern(
        contig=query().pattern.contig,
        start=Bounds(low=10, high=20),
        end=Bounds(low=90, high=101),
        variant_type="DUP",
        min_length=70,
        max_length=90,
    )
    said = _parameters(_with(pattern))

    assert ([10, 20], [90, 101], "DUP", 70, 90) == tuple(
        said[name]
        for name in (
            *("start", "end", "variantType"),
            *("variantMinLength", "variantMaxLength"),
        )
    )


def test_a_gene_has_words():
    """A gene, and a change of its protein."""
    said = AnnotationPattern(genes=("BRCA1", "RNF53"), protein_change="C61G")
    pattern = VariantPattern(contig=None, genome="GRCh38", annotated=said)

    assert {
        "assemblyId": "GRCh38",
        "geneId": "BRCA1",
        "aminoacidChange": "C61G",
    } == _parameters(_with(pattern))


def test_a_deletion_by_its_id_is_a_bracket_of_one_event():
    """Whoever knows no ids of ours is asked for the place, exactly, and the type."""
    pattern = variant_pattern("GRCh38-22-16050654-16051000-DEL", {})
    said = _parameters(_with(pattern))

    assert ([16050653, 16050654], [16051000, 16051001], "DEL") == (
        said["start"],
        said["end"],
        said["variantType"],
    )


def test_an_insertion_by_its_id_is_asked_of_beacons_that_know_ids():
    """What is no span has no words but its id."""
    identity = "GRCh38-22-16050654-16050654-INS~280"
    request = _asked(_with(variant_pattern(identity, {})))

    assert "g_variants/GRCh38-22-16050654-16050654-INS~280" == request.path
    assert request.is_ours


def _name_pattern():
    asked = AnnotationPattern(identifier="rs28934576")
    return VariantPattern(contig=None, genome="GRCh38", annotated=asked)


def _unaskable():
    pattern = query().pattern
    whole = VariantPattern(contig=None, genome="GRCh38")
    insertion = variant_pattern("GRCh38-22-16050654-16050654-INS~280", {})
    similar = query("del 22:18912231-21465672").pattern
    gene = AnnotationPattern(genes=("X",), effects=(("SO:0001583",),))
    return [
        (_with(None), {}),
        (_with(whole), {}),
        (_with(_name_pattern()), {}),
        (_with(insertion), {}),
        (_with(similar), {}),
        (_with(replace(whole, annotated=gene)), {}),
        (_with(VariantPattern(contig=pattern.contig, start=Bounds(low=1, high=9))), {}),
        (_with(VariantPattern(contig=pattern.contig, reference="T",
                              start=Bounds(low=1, high=2))), {}),
        (_with(VariantPattern(contig=pattern.contig,
                              overlap=Bounds(low=5, high=5))), {}),
        (_with(pattern, excluded=("P0042",)), {"in_our_words": True}),
        (_with(pattern, by=("sex",)), {"in_our_words": True}),
        (_with(pattern, cohort="c"), {"in_our_words": True}),
        (_with(pattern, about="individual"), {"in_our_words": True}),
        (_with(pattern, unknown_filters=("x",)), {"in_our_words": True}),
    ]  # fmt: skip


@pytest.mark.parametrize(("asked", "options"), _unaskable())
def test_what_has_no_words_is_not_asked(asked, options):
    """Nothing is asked wider than it was meant, and nobody is named to others."""
    said = _asked(asked, **{"in_our_words": False, **options})

    assert isinstance(said, Unasked)
    assert Reason.KIND_OF_QUESTION is said.reason
    assert said.sentence.endswith(".")


@pytest.mark.parametrize("typed", ["17:1000-2000", "17-43045711-T-C"])
def test_beacon_v1_is_not_asked_for_a_range(typed):
    """A stretch has no words in v1; an allele has."""
    is_stretch = ":" in typed

    assert isinstance(_asked(query(typed), FIRST), Unasked if is_stretch else Request)


def test_an_assembly_that_a_peer_lacks_is_not_asked():
    """It would say no, and mean that it has nothing there."""
    said = _asked(query(), peer(assemblies=frozenset({"GRCh37"})))

    assert (Reason.ASSEMBLY, "It has only GRCh37.") == (said.reason, said.sentence)


def test_beacons_like_this_one_are_asked_more():
    """Names and similar events have words among ourselves."""
    named = _parameters(_with(_name_pattern()), in_our_words=True)
    similar = _parameters(query("del 22:18912231-21465672"), in_our_words=True)

    assert "rs28934576" == named["genomicAlleleShortForm"]
    assert ([18912230], [21465672], "DEL", 0.5, 100) == tuple(
        similar[name]
        for name in (
            *("start", "end", "variantType"),
            *("similarity", "breakpointDistance"),
        )
    )


def test_what_only_we_have_words_for_is_believed_of_us_alone():
    """Another beacon takes a name for a variant it does not have: no "no" of ours."""
    asked, whom = _with(_name_pattern()), peer()
    request = _asked(asked, whom, in_our_words=True)
    foreign = v2([], exists=False, echo=request.sent)
    ours = foreign | {"info": {"status": "not_seen"}}
    said = [
        read_answer(asked, whom, request, status=200, headers={},
                    body=json.dumps(document).encode())
        for document in (foreign, ours)
    ]  # fmt: skip

    assert [Status.NOT_ASKED, Status.NOT_SEEN] == [each.status for each in said]
    assert Reason.KIND_OF_QUESTION is said[0].reason


_UNKNOWN = "Unknown parameter genomicAlleleShortForm."


def _similar_pattern():
    return parse("del 17:43045000-43046000", assembly="GRCh38",
                 loaded=("GRCh38",), references={})  # fmt: skip


@pytest.mark.parametrize("code", [400, 404, 422])
@pytest.mark.parametrize(
    "body",
    [
        b"<html>nginx</html>",
        b"{}",
        b'{"error": {"errorCode": 400, "errorMessage": "database locked"}}',
        b'{"meta": {"receivedRequestSummary": {"requestParameters": {"similarity": 1,'
        b' "genomicAlleleShortForm": "x"}}}, "error": {"errorMessage": "locked"}}',
    ],
)
@pytest.mark.parametrize("pattern", ["name", "similar"])
def test_f3_a_failure_beside_our_own_words_is_a_failure(code, body, pattern):
    """Who does not name what it has no word for may have failed at anything."""
    asked = _with(_name_pattern() if pattern == "name" else _similar_pattern())
    request = _asked(asked, peer())
    said = read_answer(asked, peer(), request, status=code, headers={}, body=body)

    assert request.is_ours
    assert Status.NO_ANSWER is said.status


def test_a_refusal_of_a_filter_names_it():
    """A peer that knows no such term was not asked; one that failed was."""
    term = TermFilter(id="NCIT:C16576")
    asked, whom = query(filters=((term,),)), peer()
    request = _asked(asked, whom)
    said = [
        read_answer(asked, whom, request, status=400, headers={},
                    body=json.dumps({"error": {"errorMessage": told}}).encode())
        for told in ("Unknown filtering term NCIT:C16576.", "busy")
    ]  # fmt: skip

    assert [Status.NOT_ASKED, Status.NO_ANSWER] == [each.status for each in said]


@pytest.mark.parametrize("code", [400, 404, 422])
def test_who_has_no_words_for_our_questions_was_not_asked(code):
    """A refusal of our own words is no failure; our own refusal of them is one."""
    asked, whom = _with(_name_pattern()), peer()
    request = _asked(asked, whom)
    foreign = {"error": {"errorCode": code, "errorMessage": _UNKNOWN}}
    ours = foreign | {"info": {"status": "no_answer"}}
    said = [
        read_answer(asked, whom, request, status=code, headers={},
                    body=json.dumps(document).encode())
        for document in (foreign, ours)
    ]  # fmt: skip

    assert [Status.NOT_ASKED, Status.NO_ANSWER] == [each.status for each in said]


def test_pages_of_a_range_are_bounded():
    """A peer is never asked for more than a hundred records."""
    asked = replace(query("17:1-9000"), page=Page(limit=1000))
    said = json.loads(_asked(asked).body)["query"]["pagination"]

    assert {"skip": 0, "limit": 100} == said


def test_what_lies_behind_a_longer_page_is_asked_of_nobody():
    """Its second page begins where no page of a peer's begins: a sentence says so."""
    whom, one = query("17:1-9000"), query()
    longest = _asked(replace(whom, page=Page(skip=2, limit=100)))
    longer = _asked(replace(whom, page=Page(skip=2, limit=101)))
    allele = _asked(replace(one, page=Page(skip=2, limit=101)))

    assert {"skip": 2, "limit": 100} == json.loads(longest.body)["query"]["pagination"]
    assert isinstance(longer, Unasked)
    assert "pages of 100 records at most" in longer.sentence
    assert {"skip": 0, "limit": 10} == json.loads(allele.body)["query"]["pagination"]


def test_a_missed_deletion_is_asked_again_where_it_helps():
    """Once, in the form without the base before it, of peers that want it."""
    asked, whom = query("17-43045711-TA-T"), peer(trims=True)
    request = _asked(asked, whom)
    echo = {**SENT, "referenceBases": "TA", "alternateBases": "T"}
    miss = read(v2(exists=False, echo=echo), whom, asked)
    form = again(asked, whom, request, miss)

    assert Form.TRIMMED is form
    trimmed = _asked(asked, whom, form=form)
    assert (START + 1, "A", "") == (
        trimmed.allele.start,
        trimmed.allele.reference,
        trimmed.allele.alternate,
    )
    assert again(asked, whom, trimmed, miss) is None
    assert again(asked, peer(), request, miss) is None
    assert again(query(), whom, _asked(query(), whom), miss) is None


BASES = st.text("ACGT", min_size=1, max_size=6)


@given(
    start=st.integers(1, 40_000_000),
    bases=st.tuples(BASES, BASES).filter(lambda pair: pair[0] != pair[1]),
    by_get=st.booleans(),
)
def test_our_own_reader_understands_what_we_ask(start, bases, by_get):
    """What we send is, read by a beacon like this, the same allele."""
    asked = query(f"22-{start}-{bases[0]}-{bases[1]}")
    request = _asked(asked, by_get=by_get)
    body = request.body
    if by_get:
        pairs = dict(request.parameters)
        named = {k: pairs[k] for k in SENT}
        body = json.dumps({"query": {"requestParameters": named}}).encode()
    heard = understand(gather_body(body), Address(), KNOWN)

    assert heard.pattern.contig == asked.pattern.contig
    assert set(heard.pattern.spellings) & set(asked.pattern.spellings)


def _kinds_of_questions():
    contig = query().pattern.contig
    bracket = VariantPattern(
        contig=contig, start=Bounds(low=10, high=20), end=Bounds(low=90, high=101)
    )
    return [
        query("17:1001-2000").pattern,
        query("17:1001-2000 DUP").pattern,
        replace(query("17:1001-2000").pattern, variant_type="DEL", min_length=50),
        replace(bracket, variant_type="DEL"),
        query("del 22:18912231-21465672").pattern,
        _name_pattern(),
        VariantPattern(contig=contig, start=Bounds(low=9, high=10), alternate="N"),
        VariantPattern(
            contig=None,
            genome="GRCh38",
            annotated=AnnotationPattern(genes=("BRCA1",), protein_change="C61G"),
        ),
    ]


@pytest.mark.parametrize("pattern", _kinds_of_questions())
@pytest.mark.parametrize("by_get", [False, True])
def test_every_kind_of_question_arrives_as_it_was_asked(pattern, by_get):
    """A beacon like this one understands the very pattern that was sent."""
    request = _asked(_with(pattern), by_get=by_get)
    gathered = gather_parameters(request.parameters)
    heard = understand(
        gathered if by_get else gather_body(request.body), Address(), KNOWN
    )

    assert pattern == heard.pattern
    assert () == heard.warnings


def test_the_granularity_of_one_allele_is_always_record():
    """Records prove that the allele was understood, whatever was wanted."""
    allele = json.loads(_asked(query(granularity=Granularity.BOOLEAN)).body)
    stretch = json.loads(_asked(query("17:1-9", granularity=Granularity.COUNT)).body)

    assert ("record", "count") == (
        allele["query"]["requestedGranularity"],
        stretch["query"]["requestedGranularity"],
    )
