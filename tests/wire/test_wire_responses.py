"""An answer says what the disclosure says, in one shape, valid everywhere."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from beacon.model.assemblies import assembly, contig
from beacon.model.counts import AlleleCounts
from beacon.model.dataset import Dataset
from beacon.model.disclosure import (
    Collected,
    DatasetDisclosure,
    Disclosure,
    GroupDisclosure,
    VariantDisclosure,
)
from beacon.model.errors import (
    InvalidRequest,
    NotFound,
    NotPermitted,
    RequestTooLarge,
    StoreUnavailable,
)
from beacon.model.query import Granularity, Include, Page
from beacon.model.status import Status
from beacon.model.variant import sequence_allele
from beacon.wire.catalogue import collections, dataset_record
from beacon.wire.envelopes import error_document
from beacon.wire.requests import Address, Understanding, gather_parameters, understand
from beacon.wire.responses import result_sets
from beacon.wire.synthetic import synthetic_dataset
from beacon.wire.writing import written
from tests.speaking import SPEAKER, violations

ASKED = understand(
    gather_parameters([("referenceName", "22"), ("start", "100"), ("end", "200")]),
    Address(),
    Understanding(loaded={"GRCh37"}, references={}),
)
COUNTS = AlleleCounts(ac=3, an=20, hom=1, het=1, hemi=0)
ALLELE = sequence_allele(contig(assembly("GRCh37"), "22"), 100, "T", "C")
SEEN = DatasetDisclosure(
    dataset="clinic",
    name="The clinic",
    status=Status.SEEN,
    granularity=Granularity.RECORD,
    exists=True,
    total=1,
    variants=(
        VariantDisclosure(
            allele=ALLELE, groups=(GroupDisclosure(label="Total", counts=COUNTS),)
        ),
    ),
    counts=COUNTS,
    release=3,
    released=datetime(2026, 3, 1, 23, 59, tzinfo=UTC),
    sample_count=10,
)
NOT_SEEN = DatasetDisclosure(
    dataset="twins",
    name="The twins",
    status=Status.NOT_SEEN,
    granularity=Granularity.RECORD,
    exists=False,
    total=0,
    counts=AlleleCounts(ac=0, an=None),
    coverage="undeclared",
    release=1,
    sample_count=4,
)
WITHHELD = DatasetDisclosure(
    dataset="closed",
    name="Closed",
    status=Status.WITHHELD,
    granularity=Granularity.BOOLEAN,
    exists=False,
)


def answer(*parts, granularity=Granularity.RECORD, include=Include.ALL, warnings=()):
    """Return the document that says what some datasets say."""
    asked = replace(ASKED, granularity=granularity, include=include)
    said = Disclosure(granularity=granularity, datasets=parts, warnings=warnings)
    return read(result_sets(asked, said, SPEAKER))


def read(document):
    """Return a document as its reader has it: some parts of it are written already."""
    return json.loads(written(document))


def sets(document):
    """Return its result sets."""
    return document["response"]["resultSets"]


@pytest.mark.parametrize("granularity", Granularity)
@pytest.mark.parametrize("include", Include)
@pytest.mark.parametrize(
    "parts", [(), (SEEN,), (NOT_SEEN,), (SEEN, NOT_SEEN, WITHHELD), (WITHHELD,)]
)
def test_every_answer_is_valid(granularity, include, parts):
    """In our schemas and, where they are at hand, in both official versions."""
    document = answer(*parts, granularity=granularity, include=include)

    assert violations(document, "resultsets", "genomicVariant") == []


@pytest.mark.parametrize("granularity", Granularity)
def test_no_answer_holds_a_null(granularity):
    """An absent value is left out."""
    document = answer(SEEN, NOT_SEEN, WITHHELD, granularity=granularity)

    assert b"null" not in orjson.dumps(document)


@pytest.mark.parametrize(
    ("include", "listed"),
    [
        (Include.HIT, ["clinic"]),
        (Include.MISS, ["twins"]),
        (Include.ALL, ["clinic", "twins"]),
        (Include.NONE, []),
    ],
)
def test_include_chooses_the_result_sets_and_nothing_else(include, listed):
    """The summary is about every dataset asked, whichever are listed."""
    document = answer(SEEN, NOT_SEEN, include=include)

    assert ([each["id"] for each in sets(document)], document["responseSummary"]) == (
        listed,
        {"exists": True, "numTotalResults": 1},
    )


@pytest.mark.parametrize("word", [Status.NO_ANSWER, Status.REFUSED, Status.WITHHELD])
def test_who_says_nothing_has_not_missed(word):
    """It is shown among all, with its status, and never as a dataset that missed."""
    silent = replace(NOT_SEEN, dataset="silent", status=word, counts=None)
    missed = answer(SEEN, NOT_SEEN, silent, include=Include.MISS)
    shown = answer(SEEN, NOT_SEEN, silent, include=Include.ALL)

    assert [each["id"] for each in sets(missed)] == ["twins"]
    assert [(each["id"], each["info"]["status"]) for each in sets(shown)] == [
        ("clinic", "seen"),
        ("twins", "not_seen"),
        ("silent", word.value),
    ]


def test_without_result_sets_no_more_than_a_count_is_returned():
    """Records asked for with NONE are answered as a count."""
    document = answer(SEEN, include=Include.NONE)

    assert document["meta"]["returnedGranularity"] == "count"


def test_a_boolean_answer_holds_no_count_and_no_record():
    """Its result sets repeat ``exists`` where older versions require a number."""
    document = answer(replace(SEEN, total=7), NOT_SEEN, granularity=Granularity.BOOLEAN)

    assert (document["responseSummary"], sets(document)) == (
        {"exists": True},
        [
            {
                "id": "clinic",
                "setType": "dataset",
                "exists": True,
                "resultsCount": 1,
                "countPrecision": "imprecise",
                "results": [],
                "info": {
                    "status": "seen",
                    "release": 3,
                    "releaseDate": "2026-03-01",
                    "sampleCount": 10,
                },
            },
            {
                "id": "twins",
                "setType": "dataset",
                "exists": False,
                "resultsCount": 0,
                "countPrecision": "imprecise",
                "results": [],
                "info": {
                    "status": "not_seen",
                    "release": 1,
                    "sampleCount": 4,
                    "coverage": "undeclared",
                },
            },
        ],
    )


def test_a_count_answer_holds_no_record():
    """It holds how many there are, and the counts of the allele asked for."""
    document = answer(SEEN, granularity=Granularity.COUNT)

    assert sets(document) == [
        {
            "id": "clinic",
            "setType": "dataset",
            "exists": True,
            "resultsCount": 1,
            "results": [],
            "info": {
                "status": "seen",
                "release": 3,
                "releaseDate": "2026-03-01",
                "sampleCount": 10,
                "alleleCount": 3,
                "alleleNumber": 20,
                "homozygous": 1,
                "heterozygous": 1,
                "hemizygous": 0,
            },
        }
    ]


def test_a_no_carries_what_it_rests_on():
    """Unknown numbers are left out; undeclared coverage is said."""
    document = answer(NOT_SEEN, granularity=Granularity.COUNT)

    assert sets(document)[0]["info"] == {
        "status": "not_seen",
        "release": 1,
        "sampleCount": 4,
        "coverage": "undeclared",
        "alleleCount": 0,
    }


def test_filters_that_kept_an_allele_out_are_said():
    """The dataset has it, but only in records that failed their filters."""
    filtered = replace(NOT_SEEN, status=Status.NOT_COVERED, filters=("LowQual",))
    document = answer(filtered)

    assert sets(document)[0]["info"]["filters"] == ["LowQual"]


def test_a_dataset_that_may_say_less_says_less():
    """Each result set keeps to its own level; the sum is marked as incomplete."""
    document = answer(
        SEEN,
        replace(SEEN, dataset="closed", total=None, granularity=Granularity.BOOLEAN),
    )

    assert (document["responseSummary"], sets(document)[1]["results"]) == (
        {"exists": True, "numTotalResults": 1, "countPrecision": "imprecise"},
        [],
    )


def test_an_answer_without_any_countable_dataset_is_boolean():
    """There is no number to give, so none is given."""
    document = answer(WITHHELD, granularity=Granularity.COUNT)

    assert (document["meta"]["returnedGranularity"], document["responseSummary"]) == (
        "boolean",
        {"exists": False},
    )


@pytest.mark.parametrize(
    ("parts", "word"),
    [
        ((), "not_asked"),
        ((SEEN, WITHHELD), "seen"),
        ((WITHHELD, NOT_SEEN), "withheld"),
        ((NOT_SEEN,), "not_seen"),
    ],
)
def test_one_word_stands_for_all_datasets(parts, word):
    """The strongest word of any dataset; none asked has a word of its own."""
    document = answer(*parts)

    assert document["info"] == {"status": word}


def test_warnings_are_repeated_once():
    """Whoever noticed something, it is said once."""
    asked = replace(ASKED, warnings=("a", "b"))
    said = Disclosure(granularity=Granularity.BOOLEAN, datasets=(), warnings=("b", "c"))
    document = read(result_sets(asked, said, SPEAKER))

    assert document["info"]["warnings"] == ["a", "b", "c"]


def test_the_request_is_repeated():
    """The meta tells how the request was understood."""
    document = answer()

    assert document["meta"]["receivedRequestSummary"] == dict(ASKED.requested)


# --- collections -----------------------------------------------------------------

LISTED = [
    replace(
        synthetic_dataset(),
        id="a",
        kind="patients",
        country="SE",
        contact="mailto:x@y.se",
    ),
    Dataset(
        id="b",
        name="Described",
        created=datetime(2026, 1, 2, tzinfo=UTC),
        updated=datetime(2026, 1, 3, 4, 5, 6, 7, tzinfo=UTC),
    ),
]


def collected(datasets):
    """Return the records of datasets."""
    return Collected(records=tuple(map(dataset_record, datasets)))


@pytest.mark.parametrize("granularity", Granularity)
@pytest.mark.parametrize("listed", [[], LISTED])
def test_every_list_of_datasets_is_valid(granularity, listed):
    """At every granularity, loaded or not."""
    asked = replace(ASKED, about="dataset", granularity=granularity)
    document = collections(asked, collected(listed), SPEAKER)

    assert violations(document, "collections", "dataset") == []


def test_a_dataset_record_says_what_is_loaded():
    """Its version is the release people see."""
    asked = replace(ASKED, granularity=Granularity.RECORD)
    document = collections(asked, collected(LISTED), SPEAKER)

    assert document["response"]["collections"] == [
        {
            "id": "a",
            "name": "Synthetic example (invented, no person's data)",
            "createDateTime": "2026-01-01T00:00:00Z",
            "updateDateTime": "2026-01-01T00:00:00Z",
            "version": "1",
            "info": {
                "kind": "patients",
                "country": "SE",
                "contact": "mailto:x@y.se",
                "assembly": "GRCh38",
                "sampleCount": 10,
                "variantCount": 1,
                "releaseDate": "2026-01-01",
                "genotyped": True,
            },
        },
        {
            "id": "b",
            "name": "Described",
            "createDateTime": "2026-01-02T00:00:00Z",
            "updateDateTime": "2026-01-03T04:05:06Z",
            "info": {},
        },
    ]


def test_pages_are_taken_over_the_list():
    """The total is of the whole list."""
    asked = replace(ASKED, granularity=Granularity.RECORD, page=Page(skip=1, limit=1))
    document = collections(asked, collected(LISTED), SPEAKER)

    assert (
        [each["id"] for each in document["response"]["collections"]],
        document["responseSummary"]["numTotalResults"],
    ) == (["b"], 2)


# --- errors --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "info"),
    [
        (
            InvalidRequest("No.", parameter="start"),
            400,
            {"status": "no_answer", "parameter": "start"},
        ),
        (StoreUnavailable("No."), 503, {"status": "no_answer"}),
        (NotPermitted("No."), 403, {"status": "withheld"}),
        (NotFound("No."), 404, None),
        (RequestTooLarge("No."), 413, {"status": "no_answer"}),
    ],
)
def test_an_error_document_is_valid_and_says_what_happened(error, code, info):
    """The code is the HTTP status; a question without an answer has a status word."""
    document = error_document(error, SPEAKER)

    assert (document["error"], document.get("info"), violations(document, "error")) == (
        {"errorCode": code, "errorMessage": "No."},
        info,
        [],
    )


def test_a_hint_stands_among_the_warnings_of_an_error():
    """What may have led to the error is said beside it, not in its sentence."""
    error = InvalidRequest("No.", parameter="referenceBases", hint="Perhaps 1-based.")
    document = error_document(error, SPEAKER)

    assert violations(document, "error") == []
    assert document["info"] == {
        "status": "no_answer",
        "parameter": "referenceBases",
        "warnings": ["Perhaps 1-based."],
    }
