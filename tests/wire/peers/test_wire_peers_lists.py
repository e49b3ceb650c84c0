"""A list is asked line by line, and each line is believed for itself alone."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beacon.model.annotation import AnnotationPattern
from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import DatasetDisclosure, Disclosure
from beacon.model.nodes import Reason
from beacon.model.pattern import VariantPattern
from beacon.model.query import Granularity
from beacon.model.status import Status
from beacon.wire.batch import Line as Asked
from beacon.wire.batch import answered
from beacon.wire.peers.lists import list_line, list_request, read_list
from beacon.wire.peers.speech import Unasked
from tests.wire.peers.speaking_peers import mutated, peer, query

TYPED = ("17-43045711-T-C", "22-16050408-T-C")
LINES = [list_line(query(typed), {}) for typed in TYPED]


def _answer(number=0, *datasets, **members):
    found = [{"id": "a", "status": "not_seen", "alleleNumber": 10}]
    return {
        "variant": TYPED[number],
        "status": "not_seen",
        "datasets": list(datasets) or found,
    } | members


def _read(*answers, status=200):
    body = b"\n".join(
        each if isinstance(each, bytes) else json.dumps(each).encode()
        for each in answers
    )
    return read_list(LINES, peer(), status=status, headers={}, body=body)


def test_a_list_is_one_line_for_each_allele():
    """Each line holds the allele and its assembly, and nothing else."""
    request = list_request(LINES)

    assert ("batch", "application/x-ndjson") == (request.path, request.content_type)
    assert [{"variant": typed, "assemblyId": "GRCh38"} for typed in TYPED] == [
        json.loads(line) for line in request.body.splitlines()
    ]


def test_names_and_chosen_datasets_go_with_a_line():
    """A line may hold a name, and say whom it asks."""
    asked = AnnotationPattern(identifier="rs28934576")
    pattern = VariantPattern(contig=None, genome="GRCh38", annotated=asked)
    line = list_line(replace(query(), pattern=pattern, datasets=("a",)), {})

    assert {
        "variant": "rs28934576",
        "assemblyId": "GRCh38",
        "datasets": ["a"],
    } == json.loads(line.text)


@pytest.mark.parametrize(
    "asked",
    [
        query("17:1000-2000"),
        query(excluded=("P0042",)),
        query(by=("sex",)),
        query(cohort="c"),
        query(unknown_filters=("x",)),
        replace(query(), pattern=None),
    ],
)
def test_what_a_line_cannot_hold_is_not_asked(asked):
    """Ranges, groups and persons do not go into lists."""
    said = list_line(asked, {})

    assert isinstance(said, Unasked)


def test_each_line_is_read_for_itself():
    """Counts and words of every dataset come through, in the order asked."""
    seen = {"id": "b", "status": "seen", "alleleCount": 3, "alleleNumber": 24_198,
            "homozygous": 0, "heterozygous": 3, "hemizygous": 0}  # fmt: skip
    first, second = _read(
        _answer(),
        _answer(1, seen, {"id": "c", "status": "withheld"}, status="seen"),
    )

    assert (Status.NOT_SEEN, Status.SEEN) == (first.status, second.status)
    assert AlleleCounts(ac=3, an=24_198, hom=0, het=3, hemi=0) == (
        second.datasets[0].part.counts
    )
    assert Status.WITHHELD is second.datasets[1].part.status


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (_answer(1), Status.NO_ANSWER, Reason.NOT_UNDERSTOOD),
        (b"<html>", Status.NO_ANSWER, Reason.NOT_JSON),
        (b"[]", Status.NO_ANSWER, Reason.NOT_UNDERSTOOD),
        (_answer(0, datasets=[]), Status.NO_ANSWER, Reason.NOT_A_BEACON),
        (
            _answer(0, datasets=[], status="no_answer", error="Wrong REF."),
            Status.NO_ANSWER,
            Reason.TOLD_AN_ERROR,
        ),
        (
            _answer(0, datasets=[], status="not_asked"),
            Status.NOT_ASKED,
            Reason.ASSEMBLY,
        ),
        (_answer(0, {"id": "a"}), Status.NO_ANSWER, Reason.NOT_UNDERSTOOD),
        (_answer(0, {"id": "a", "status": "?"}), Status.NO_ANSWER,
         Reason.NOT_UNDERSTOOD),
        (_answer(0, {"id": "a", "status": "no_answer"}), Status.NO_ANSWER,
         Reason.TOLD_AN_ERROR),
        (_answer(0, {"id": "a", "status": "not_seen", "alleleCount": 2}),
         Status.NO_ANSWER, Reason.CONTRADICTS),
        (_answer(error="The store does not answer."), Status.NO_ANSWER,
         Reason.TOLD_AN_ERROR),
        (_answer(status="no_answer"), Status.NO_ANSWER, Reason.TOLD_AN_ERROR),
        (_answer(status="refused"), Status.REFUSED, Reason.TOLD_AN_ERROR),
        (_answer(status="seen"), Status.NO_ANSWER, Reason.CONTRADICTS),
        (_answer(status="withheld"), Status.NO_ANSWER, Reason.CONTRADICTS),
        (_answer(status="ok"), Status.NO_ANSWER, Reason.NOT_UNDERSTOOD),
        (_answer(status=None), Status.NO_ANSWER, Reason.NOT_UNDERSTOOD),
    ],
)  # fmt: skip
def test_f3_a_line_that_fails_is_never_a_no(answer, status, reason):
    """Its neighbour stays what it is."""
    first, second = _read(answer, _answer(1))

    assert (status, reason) == (first.status, first.reason)
    assert Status.NOT_SEEN is second.status


def test_f3_a_line_that_could_not_tell_of_all_keeps_what_was_told():
    """One dataset's failure is the line's, and the other's word is not lost."""
    sets = [{"id": "a", "status": "not_seen"}, {"id": "b", "status": "no_answer"}]
    said, _ = _read(_answer(0, *sets, status="no_answer", error="No answer of b."))

    assert Status.NO_ANSWER is said.status
    assert ["not_seen", "no_answer"] == [d.part.status.value for d in said.datasets]


@pytest.mark.parametrize("count", [0, 10])
def test_rounded_counts_of_a_line_stay_rounded(count):
    """What we round ourselves is read as rounded, a yes that became 0, too."""
    part = DatasetDisclosure(
        dataset="a",
        name="a",
        status=Status.SEEN,
        granularity=Granularity.COUNT,
        exists=True,
        counts=AlleleCounts(ac=count, an=1000),
        adjusted_to=5,
    )
    disclosure = Disclosure(granularity=Granularity.COUNT, datasets=(part,))
    line = answered(Asked(value={"variant": TYPED[0]}), disclosure)
    said, _ = _read(line | {"variant": TYPED[0]})

    assert (Status.SEEN, None) == (said.status, said.reason)
    assert (5, count) == (
        said.datasets[0].part.adjusted_to,
        said.datasets[0].part.counts.ac,
    )


SET = {"id": "a", "status": "not_seen", "alleleNumber": 10}
FAILED = [
    (_answer(status="no_answer"), ("status",)),
    (_answer(status="refused"), ("status",)),
    (_answer(error="The store does not answer."), ("error",)),
    (_answer(0, SET, {"id": "b", "status": "no_answer"}, status="no_answer"),
     ("datasets", 1, "status")),
    (_answer(status="no_answer", datasets=[], error="Wrong REF."), ("error",)),
]  # fmt: skip


@pytest.mark.parametrize(("line", "kept"), FAILED)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_f3_no_mutation_of_a_failed_line_reads_as_a_no(data, line, kept):
    """While the failure itself stands, whatever else changes, it is no "no"."""
    said, _ = _read(data.draw(mutated(line, kept)))

    assert said.status not in (Status.NOT_SEEN, Status.NOT_COVERED)


@pytest.mark.parametrize(
    ("code", "status"),
    [(403, Status.REFUSED), (429, Status.NO_ANSWER), (500, Status.NO_ANSWER)],
)
def test_a_failure_of_the_whole_is_each_lines(code, status):
    """Two lines asked are two answers, whatever came."""
    said = _read(_answer(), _answer(1), status=code)

    assert [status, status] == [each.status for each in said]


def test_lines_that_are_missing_are_no_answers():
    """An answer that was cut short says nothing of the rest."""
    said = _read(_answer())

    assert [Status.NOT_SEEN, Status.NO_ANSWER] == [each.status for each in said]


@given(body=st.binary(max_size=300) | st.lists(st.sampled_from(
    [json.dumps(_answer(n)).encode() for n in (0, 1)] + [b"{}", b"null", b"7"]
)).map(b"\n".join))  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_f2_whatever_lines_come_each_question_has_one_answer(body):
    """Nothing raises, and a "no" stands only where its own line said it."""
    said = read_list(LINES, peer(), status=200, headers={}, body=body)
    lines = [*body.splitlines(), b"", b""]
    wanted = [json.dumps(_answer(number)).encode() for number in (0, 1)]

    assert [line == want for line, want in zip(lines, wanted, strict=False)] == [
        each.status is Status.NOT_SEEN for each in said
    ]
