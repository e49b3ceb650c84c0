"""Known slips of documents: put right, counted, and nothing else touched."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders import mending
from loaders.documents import read_documents
from loaders.mending import mended
from schemas import complaints
from tests.loaders.document_samples import COHORT, NAMES, shared

P7Y = {"iso8601duration": "P7Y"}
RANGE = {"start": P7Y, "end": P7Y}


@pytest.mark.parametrize(
    ("written", "meant", "what"),
    [
        ({"age": P7Y}, P7Y, mending.WRAPPED),
        ({"ageRange": RANGE}, RANGE, mending.WRAPPED),
        ({"ageGroup": {"id": "A:1"}}, {"id": "A:1"}, mending.WRAPPED),
        ({"age": "P7Y"}, P7Y, mending.WRAPPED),
        ({"age": {"age": P7Y}}, P7Y, mending.WRAPPED),
        ("P7Y", P7Y, mending.BARE),
        ({"weeks": 7.0}, {"weeks": 7}, mending.FRACTIONS),
        ({"weeks": " 7 "}, {"weeks": 7}, mending.TEXTS),
    ],
)
def test_a_time_is_written_as_the_schema_wants(
    written: object, meant: object, what: str
) -> None:
    """Wrappers of official examples, texts and fractions are put right, and counted."""
    told: Counter[str] = Counter()
    document = {"id": "a", "diseases": [{"ageOfOnset": written}]}
    found = mended(document, "individual", told)

    assert {"id": "a", "diseases": [{"ageOfOnset": meant}]} == found
    assert what in told


@pytest.mark.parametrize(
    ("entry_type", "written", "meant"),
    [
        ("individual", {"_id": "x", "datasetId": "d", "id": "a"}, {"id": "a"}),
        ("individual", {"measurements": []}, {"measures": []}),
        ("individual", {"karyotypicSex": "X0"}, {"karyotypicSex": "XO"}),
        ("individual", {"ethnicity": None}, {}),
        (
            "individual",
            {"diseases": {"familyHistory": "TRUE"}},
            {"diseases": [{"familyHistory": True}]},
        ),
        (
            "individual",
            {"measures": [{"measurementValue": {"units": {}, "value": "1.5"}}]},
            {"measures": [{"measurementValue": {"unit": {}, "value": 1.5}}]},
        ),
        ("cohort", {"cohortSize": "20000"}, {"cohortSize": 20000}),
        (
            "cohort",
            {"collectionEvents": [{"eventCases": 101.0}]},
            {"collectionEvents": [{"eventCases": 101}]},
        ),
        ("biosample", {"measurements": []}, {"measurements": []}),
    ],
)
def test_a_slip_is_put_right(entry_type: str, written: dict, meant: dict) -> None:
    """What is meant is plain in each of these."""
    assert meant == mended(written, entry_type, Counter())


@pytest.mark.parametrize(
    "document",
    [
        {"id": 7, "info": {"age": {"age": P7Y}, "n": "1", "x": None, "_id": 1}},
        {"id": "a", "diseases": [{"ageOfOnset": {"age": 7}, "notes": "1"}]},
        {"diseases": [{"ageOfOnset": "old", "familyHistory": "perhaps"}]},
        {"measures": [{"measurementValue": {"value": "1,5"}, "date": "25/9/24"}]},
        {"unknown": {"weeks": "7", "none": None}},
    ],
)
def test_what_is_not_plain_stays(document: dict) -> None:
    """Nothing is guessed, and what the schema does not know is left alone."""
    told: Counter[str] = Counter()

    assert document == mended(document, "individual", told)
    assert not told


@pytest.mark.parametrize("kind", ["individuals", "biosamples", "cohorts", "datasets"])
def test_a_cohort_as_people_write_it_is_valid(kind: str) -> None:
    """Mended, every record of the synthetic cohort keeps to its schema."""
    path = shared(f"{kind}.json", under=COHORT)
    records = [
        mended(found.document, NAMES[kind], Counter()) for found in read_documents(path)
    ]

    assert [] == [c for one in records for c in complaints(NAMES[kind], one)]


SLIPS = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.text("P7Y1.e", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["diseases", "ageOfOnset", "age", "ageRange", "weeks", "id", "measures"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(["diseases", "measures", "sex"]), SLIPS))
def test_mending_twice_is_mending_once(document: dict) -> None:
    """What is right stays as it is."""
    once = mended(document, "individual", Counter())
    told: Counter[str] = Counter()

    assert once == mended(once, "individual", told)
    assert not told


def test_a_number_beyond_doubt_alone_is_made_whole() -> None:
    """A fraction so large may stand for another number than was written."""
    told: Counter[str] = Counter()
    cohort = {"id": "c", "cohortSize": 1e20}

    assert cohort == mended(cohort, "cohort", told)
    assert not told
