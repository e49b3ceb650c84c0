"""Laws of reading: no bytes raise, no failure is a "no", and our own words return."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import (
    DatasetDisclosure,
    Disclosure,
    GroupDisclosure,
    VariantDisclosure,
)
from beacon.model.errors import InvalidRequest
from beacon.model.nodes import NodeKind
from beacon.model.query import Granularity, Include
from beacon.model.status import Status
from beacon.model.variant import sequence_allele
from beacon.wire.info import BeaconIdentity, Speaker
from beacon.wire.peers.plain import parsed
from beacon.wire.reading import read_json
from beacon.wire.responses import result_sets
from beacon.wire.writing import written
from tests.wire.peers.speaking_peers import (
    ID,
    JSON,
    SENT,
    TYPED,
    a_record,
    a_row,
    a_set,
    mutated,
    peer,
    query,
    read,
    v1,
    v2,
)

PEERS = [peer(kind) for kind in (NodeKind.BEACON, NodeKind.NETWORK, NodeKind.V1)]
ERROR = {"errorCode": 503, "errorMessage": "broken"}
FAILED = {"beaconId": "fi.x", "exists": False, "info": {"error": ERROR}}
FAILURES = [
    (v2(exists=False) | {"error": ERROR}, 0, ("error",)),
    (v2([a_set(exists=False, info={"error": ERROR})], exists=False), 0,
     ("response", "resultSets", 0, "info", "error")),
    (v2([FAILED], exists=False), 1,
     ("response", "resultSets", 0, "info", "error")),
    (v2([{"beaconId": "fi.x", "exists": False}], exists=False), 1,
     ("response", "resultSets", 0, "exists")),
    (v2([{"beaconId": "fi.x", "exists": False, "info": {"status": "ok"}}],
        exists=False), 1, ("response", "resultSets", 0, "exists")),
    (v2([a_set(exists=False)], exists=False, echo={**SENT, "assemblyId": "hg19"}), 0,
     ("meta", "receivedRequestSummary", "requestParameters", "assemblyId")),
    (v1(None, error=ERROR), 2, ("error",)),
    (v1(False, {"datasetId": "a", "exists": False, "error": ERROR}), 2,
     ("datasetAlleleResponses", 0, "error")),
    (v2(exists=True, echo={}, summary={"numTotalResults": 40_628_794}), 0,
     ("responseSummary", "exists")),
]  # fmt: skip
ANSWERS = [
    *(document for document, _, _ in FAILURES),
    v2([a_set(a_record(rows=[a_row()]))], exists=True),
    v2([a_set(exists=False, info={"status": "withheld"})], exists=False),
    v1(True, {"datasetId": "a", "exists": True, "callCount": 3}),
]


@pytest.mark.parametrize(("document", "who", "kept"), FAILURES)
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_f3_no_mutation_of_a_failure_reads_as_a_no(data, document, who, kept):
    """While the failure itself stands, whatever else changes, it is no "no"."""
    changed = data.draw(mutated(document, kept))
    said = read(changed, PEERS[who])

    assert said.status not in (Status.NOT_SEEN, Status.NOT_COVERED)


@pytest.mark.parametrize("who", range(len(PEERS)))
@given(data=st.data(), code=st.sampled_from([200, 200, 200, 204, 401, 429, 500]))
@settings(max_examples=100, deadline=None)
def test_f2_whatever_json_comes_is_read_into_one_word(data, who, code):
    """No document raises; a failure has its reason, an answer has none."""
    document = data.draw(st.sampled_from(ANSWERS).flatmap(mutated) | JSON)
    said = read(document, PEERS[who], status=code)

    assert isinstance(said.status, Status)
    assert said.sentence is None or 0 < len(said.sentence) <= 200
    assert (said.reason is None) or said.status is not Status.SEEN
    if code != 200:
        assert said.status in (Status.NO_ANSWER, Status.REFUSED)


@given(body=st.binary(max_size=200), cut=st.integers(0, 400))
@settings(max_examples=100, deadline=None)
def test_f2_whatever_bytes_come_are_read_into_one_word(body, cut):
    """Garbage, and an answer cut anywhere, is ``no_answer``."""
    whole = json.dumps(ANSWERS[-2]).encode()

    assert Status.NO_ANSWER is read(body).status
    assert Status.NO_ANSWER is read(whole[: min(cut, len(whole) - 1)]).status


SPEAKER = Speaker(
    identity=BeaconIdentity(
        id=ID,
        name="x",
        environment="test",
        organisation_id="x",
        organisation_name="x",
        version="0.1.0",
    ),
    site="https://beacon.example.dk",
)
NUMBERS = st.integers(0, 50)


@st.composite
def counts(draw):
    """Return counts that can be true."""
    hom, het, hemi = draw(NUMBERS), draw(NUMBERS), draw(NUMBERS)
    ac = 2 * hom + het + hemi + draw(NUMBERS)
    return AlleleCounts(
        ac=ac, an=ac + draw(st.integers(1, 99)), hom=hom, het=het, hemi=hemi
    )


@st.composite
def parts(draw, number):
    """Return what a beacon of ours may say of one dataset."""
    status = draw(
        st.sampled_from(
            [Status.SEEN, Status.NOT_SEEN, Status.NOT_COVERED, Status.WITHHELD]
        )
    )
    counted = draw(counts()) if status is Status.SEEN else None
    if counted is not None and not counted.ac:
        counted = AlleleCounts(ac=1, an=2, hom=0, het=1, hemi=0)
    if status is Status.NOT_SEEN:
        counted = AlleleCounts(ac=0, an=draw(st.integers(1, 99)), hom=0, het=0, hemi=0)
    is_seen = status is Status.SEEN
    allele = sequence_allele(query().pattern.contig, 43045710, "T", "C")
    groups = (GroupDisclosure(label="Total", counts=counted),) if is_seen else ()
    variants = (VariantDisclosure(allele=allele, groups=groups),) if is_seen else ()
    return DatasetDisclosure(
        dataset=f"d{number}",
        name=f"d{number}",
        status=status,
        granularity=Granularity.RECORD,
        exists=is_seen,
        total=int(is_seen),
        variants=variants,
        counts=counted,
        coverage=draw(st.sampled_from([None, "partial"])),
        release=draw(st.none() | NUMBERS),
    )


@given(said=st.lists(st.integers(0, 0), min_size=1, max_size=3).flatmap(
    lambda each: st.tuples(*(parts(number) for number in range(len(each))))
))  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_what_our_own_writer_writes_is_read_back(said):
    """Every word, count and group of our own answers returns as it was."""
    disclosure = Disclosure(granularity=Granularity.RECORD, datasets=said)
    asked = query(TYPED, include=Include.ALL, requested={"requestParameters": SENT})
    answer = read(written(result_sets(asked, disclosure, SPEAKER)), asked=asked)

    assert disclosure.status is answer.status
    assert answer.reason is None
    assert [_essence(part) for part in said] == [
        _essence(dataset.part) for dataset in answer.datasets
    ]


def _essence(part):
    groups = [(g.label, g.counts) for v in part.variants for g in v.groups]
    return (
        *(part.dataset, part.status, part.exists, part.total, part.counts),
        *(part.coverage, part.release, groups),
    )


PIECES = ['{"a":1,"a":2}', "1e400", "NaN", "1E2", "1.0", "18446744073709551616", '"é"']
PIECES += [r'"\u00e9"', r'"\ud800"', "[" * 40 + "]" * 40, "{}", "-0", "-0.0", '"\x7f"']


@st.composite
def texts(draw):
    """Return texts that are JSON, or nearly, with and without blanks."""

    def joined(inner):
        lists = st.lists(inner, max_size=3).map(",".join)
        pairs = st.tuples(st.sampled_from("ab"), inner).map('"{0[0]}":{0[1]}'.format)
        objects = st.lists(pairs, max_size=3).map(",".join)
        return lists.map("[{}]".format) | objects.map("{{{}}}".format)

    plain = st.sampled_from(PIECES) | JSON.map(lambda each: written(each).decode())
    value = draw(st.recursive(plain, joined, max_leaves=4))
    return draw(st.sampled_from(["", " ", "\ufeff"])) + value


def outcome(reader, body):
    """Return what a reader makes of a body: its value with its types, or nothing."""
    try:
        return repr(reader(body))
    except InvalidRequest:
        return None


@given(body=texts().map(str.encode) | st.binary(max_size=40))
@example(body=b'{"a":1,"a":2}')
@example(body=b"[" * 33 + b"]" * 33)
@example(body=b"[" * 32 + b"]" * 32)
@settings(max_examples=300, deadline=None)
def test_f2_the_quick_way_reads_what_the_strict_one_reads(body):
    """Of the same bytes both make the same value, or both none."""
    assert outcome(parsed, body) == outcome(read_json, body)


KEPT: dict = {}


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_f3_what_was_read_before_changes_nothing(data):
    """Sets that are remembered read as they would the first time."""
    document = data.draw(st.sampled_from(ANSWERS).flatmap(mutated))
    body = written(document)

    assert read(body, PEERS[0]) == read(body, PEERS[0], kept=KEPT)
    assert read(body, PEERS[0]) == read(body, PEERS[0], kept=KEPT)


def test_a_dataset_that_says_the_same_is_read_once():
    """Of one peer, on one assembly; a yes with records is read each time."""
    kept: dict = {}
    sets = [a_set(exists=False, id="a"), a_set(a_record(), id="b")]
    first, again = (read(v2(sets, exists=True), kept=kept) for _ in range(2))

    assert first == again
    assert first.datasets[0] is again.datasets[0]
    assert first.datasets[1] is not again.datasets[1]
