"""What may be said of documents: never more than is true, or than is granted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.dataset import Dataset
from beacon.model.disclosure import Permit, RecordSetDisclosure
from beacon.model.findings import FoundRecords, RecordFindings
from beacon.model.profile import Profile
from beacon.model.query import Granularity, Query
from beacon.model.records import Under
from beacon.model.status import Status
from beacon.policy.asking import KINDS, may_filter
from beacon.policy.policy import disclose_records

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RECORD, COUNT, BOOLEAN = Granularity.RECORD, Granularity.COUNT, Granularity.BOOLEAN
ASKED = Query(about="individual", granularity=RECORD)


def seen(name: str = "a", total: int = 2) -> RecordFindings:
    """Return that a dataset holds some documents."""
    return RecordFindings(
        dataset=Dataset(id=name, name=name, created=NOW, updated=NOW),
        status=Status.SEEN,
        total=total,
        records=tuple({"id": f"{name}{number}"} for number in range(total)),
    )


def granted(
    name: str = "a", granularity: Granularity = RECORD, *, individuals: bool = True
) -> Permit:
    """Return a permit."""
    return Permit(dataset=name, granularity=granularity, individuals=individuals)


def said(
    permit: Permit, query: Query = ASKED, found: RecordFindings | None = None
) -> RecordSetDisclosure:
    """Return what is said of one dataset."""
    each = found or seen()
    answer = disclose_records(
        FoundRecords(datasets=(each,), distinct=each.total), {"a": permit}, query
    )
    return answer.datasets[0]


def test_full_permission_shows_the_documents() -> None:
    """As they are."""
    part = said(granted())

    assert (part.status, part.total, part.records) == (
        Status.SEEN,
        2,
        ({"id": "a0"}, {"id": "a1"}),
    )


def test_without_leave_to_name_individuals_documents_are_counted() -> None:
    """A document tells of one individual; how many there are does not."""
    part = said(granted(individuals=False))

    assert (part.granularity, part.total, part.records) == (COUNT, 2, ())


NAMING = [
    Query(about="individual", identity="a0", granularity=RECORD),
    Query(
        about="run",
        under=Under(entry_type="individual", identity="a0"),
        granularity=RECORD,
    ),
]


@pytest.mark.parametrize("query", NAMING)
def test_a_question_that_names_somebody_is_withheld_without_leave(query: Query) -> None:
    """Whether or not there is such an individual."""
    part = said(granted(individuals=False), query)
    other = said(granted(individuals=False), query, seen(total=0))

    assert part == other
    assert (part.status, part.exists, part.total) == (Status.WITHHELD, False, None)


def test_documents_cannot_be_rounded_and_are_withheld() -> None:
    """Each is one individual's, and how many there are would be exact."""
    profile = Profile(name="rounded", round_to=10)
    permit = replace(granted(), profile=profile, queries=frozenset(KINDS))

    assert said(permit).status is Status.WITHHELD
    assert not may_filter(permit)
    assert said(replace(permit, profile=Profile(name="exact"))).total == 2


def test_what_has_no_permit_is_withheld() -> None:
    """Nothing is said of a dataset by accident."""
    answer = disclose_records(FoundRecords(datasets=(seen(),), distinct=2), {}, ASKED)

    assert (answer.status, answer.exists, answer.total) == (
        Status.WITHHELD,
        False,
        None,
    )


def test_the_total_counts_different_documents() -> None:
    """Somebody in two datasets is one."""
    found = FoundRecords(datasets=(seen("a"), seen("b")), distinct=3)
    permits = {name: granted(name) for name in "ab"}

    assert disclose_records(found, permits, ASKED).total == 3


def test_beside_a_dataset_that_may_not_be_counted_the_total_is_the_largest() -> None:
    """The true one would tell of that dataset, too."""
    found = FoundRecords(datasets=(seen("a"), seen("b", 4), seen("c", 9)), distinct=12)
    permits = {name: granted(name) for name in "ab"} | {"c": granted("c", BOOLEAN)}
    answer = disclose_records(found, permits, ASKED)

    assert [part.total for part in answer.datasets] == [2, 4, None]
    assert answer.total == 4


def test_nothing_asked_counts_nothing() -> None:
    """No dataset, no document; and no number where none was asked for."""
    nothing = FoundRecords(datasets=())
    answer = disclose_records(nothing, {}, ASKED)
    silent = disclose_records(nothing, {}, Query(about="individual"))

    assert (answer.total, answer.status) == (0, Status.NOT_ASKED)
    assert silent.total is None


def test_filters_nothing_answers_to_are_named() -> None:
    """After what the question says of itself."""
    query = Query(about="individual", warnings=("first",))
    answer = disclose_records(
        FoundRecords(datasets=(), unknown_filters=("HP:1",)), {}, query
    )

    assert answer.warnings == (
        "first",
        'The filter "HP:1" is not known here and matches nothing.',
    )


@given(
    st.integers(0, 3),
    st.sampled_from(Granularity),
    st.sampled_from(Granularity),
    st.booleans(),
)
def test_less_granted_never_says_more(
    total: int, asked: Granularity, most: Granularity, individuals: bool
) -> None:
    """Every statement is one that full permission makes, too, or is left out."""
    query = Query(about="individual", granularity=asked)
    status = Status.SEEN if total else Status.NOT_SEEN
    found = RecordFindings(
        dataset=seen().dataset, status=status, total=total, records=seen().records
    )
    full = said(granted(), query, found)
    part = said(granted(granularity=most, individuals=individuals), query, found)

    assert part.granularity <= min(asked, most)
    assert part.total in (None, full.total)
    assert part.records in ((), full.records)
    assert (part.status, part.exists) == (full.status, full.exists)
