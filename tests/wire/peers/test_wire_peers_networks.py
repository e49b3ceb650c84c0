"""What a network like ours tells of others, and what was lifted, comes through."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import DatasetDisclosure
from beacon.model.lifting import Lift, NotLifted
from beacon.model.nodes import (
    NetworkAnswer,
    Node,
    NodeAnswer,
    NodeDataset,
    NodeKind,
    Reason,
)
from beacon.model.query import Granularity, Include
from beacon.model.status import Status
from beacon.wire.info import BeaconIdentity, Speaker
from beacon.wire.network import network_answer
from beacon.wire.writing import written
from tests.wire.peers.speaking_peers import (
    ID,
    SENT,
    a_record,
    a_row,
    a_set,
    peer,
    query,
    read,
    v2,
)

NETWORK = peer(NodeKind.NETWORK)
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
LIFTED = {
    "asked": "GRCh38-17-43045711-T-C",
    "lifted": "GRCh37-17-41197728-T-C",
    "assemblyId": "GRCh37",
    "isCertain": True,
}


def _lifted_set(*records, exists=True, **info):
    told = {"status": "seen" if exists else "not_seen", "lifted": LIFTED | info}
    return a_set(*records, exists=exists, info=told)


def test_a_lifted_set_is_judged_where_it_was_asked():
    """Its records are of the other assembly, and it is said so."""
    record = a_record(41197727, sequence="refseq:NC_000017.10", rows=[a_row()])
    said = read(v2([_lifted_set(record)], exists=True))
    (dataset,) = said.datasets

    assert (Status.SEEN, "GRCh37") == (said.status, dataset.assembly)
    assert AlleleCounts(ac=41, an=180_044) == dataset.part.counts
    assert (
        Lift(asked=LIFTED["asked"], lifted=LIFTED["lifted"], assembly="GRCh37")
        == dataset.part.lifted
    )


def test_f4_a_lifted_set_with_other_records_was_not_understood():
    """A record of the assembly that was asked is not what was lifted."""
    said = read(v2([_lifted_set(a_record())], exists=True))

    assert Reason.NOT_UNDERSTOOD is said.reason


@pytest.mark.parametrize("doubt", [{"isCertain": False}, {"doubts": ["REF changed."]}])
def test_f3_a_no_of_an_uncertain_lift_is_none(doubt):
    """What may lie elsewhere was not looked at."""
    said = read(v2([_lifted_set(exists=False, **doubt)], exists=False))

    assert Status.NOT_COVERED is said.status
    assert said.datasets[0].part.lifted.doubts


def test_a_set_that_could_not_be_lifted_says_why():
    """``not_asked``, with the sentence."""
    info = {"status": "not_asked", "lifted": {"why": "No chain leads there."}}
    said = read(v2([a_set(exists=False, info=info)], exists=False))

    assert Status.NOT_ASKED is said.status
    assert NotLifted(why="No chain leads there.") == said.datasets[0].part.lifted


@pytest.mark.parametrize(
    ("contact", "kept"),
    [
        ("https://ngc.example.dk/contact?d=1", True),
        ("mailto:ops@ngc.example.dk", True),
        ("javascript:alert(1)", False),
        ("https://user:secret@ngc.example.dk/", False),
        ("http://ngc.example.dk/", False),
        ("https://ngc.example.dk/\u202e", False),
        (7, False),
    ],
)
def test_f2_only_a_plain_address_is_a_contact(contact, kept):
    """Nothing that runs, hides or carries a name is shown as an address."""
    said = read(v2([a_set(exists=False, info={"contact": contact})], exists=False))

    assert (contact if kept else None) == said.datasets[0].contact


def test_a_network_cannot_say_whose_data_is_whose():
    """What is one dataset, and which share people, is our operator's to say."""
    info = {"status": "seen", "sameAs": "se.x/y", "overlapGroup": "g", "kind": "spies"}
    found = a_set(a_record(), beaconId="fi.x", info=info)
    (dataset,) = read(v2([found], exists=True), NETWORK).datasets

    assert (None, None, None) == (dataset.same_as, dataset.overlap, dataset.kind)


@st.composite
def network_answers(draw):
    """Return what a network of several nodes may say."""
    nodes, rows = [], []
    for number in range(draw(st.integers(1, 4))):
        status = draw(st.sampled_from([s for s in Status if s is not Status.SEEN]))
        node = Node(id=f"n{number}.example", names={"en": "x"})
        if status in (Status.NO_ANSWER, Status.REFUSED, Status.NOT_ASKED):
            failed = NodeAnswer(
                node=node, status=status, reason=Reason.TIMEOUT, sentence="Too late."
            )
            nodes.append(failed)
            continue
        part = DatasetDisclosure(
            dataset="d",
            name="D",
            status=status,
            granularity=Granularity.RECORD,
            exists=False,
            total=0,
        )
        row = NodeDataset(beacon=node.id, part=part, assembly="GRCh38")
        rows.append(row)
        nodes.append(NodeAnswer(node=node, status=status, datasets=(row,)))
    return NetworkAnswer(nodes=tuple(nodes), rows=tuple(rows))


@given(answer=network_answers(), with_failures=st.booleans())
@settings(max_examples=100, deadline=None)
def test_f3_no_word_of_a_network_is_lost(answer, with_failures):
    """Each node's word is read back, whichever way its failures are written."""
    asked = query(include=Include.ALL, requested={"requestParameters": SENT})
    document = network_answer(asked, answer, SPEAKER, with_failures=with_failures)
    said = read(written(document), NETWORK, asked)
    words = {row.beacon: row.part.status for row in said.datasets}

    assert {node.node.id: node.status for node in answer.nodes} == words or (
        not said.datasets and answer.status is said.status
    )
    assert answer.status is said.status


def test_f3_a_network_with_a_silent_member_is_not_complete():
    """A yes of one member does not hide that another did not answer."""
    failed = {"beaconId": "fi.x", "exists": False, "info": {"error": {"a": 1}}}
    sets = [a_set(a_record(), beaconId="es.y"), failed]
    said = read(v2(sets, exists=True), NETWORK)
    alone = replace(said, datasets=said.datasets[:1])

    assert Status.SEEN is said.status
    assert NetworkAnswer(nodes=(said,)).is_complete is False
    assert NetworkAnswer(nodes=(alone,)).is_complete is True


def test_f3_a_yes_of_a_network_that_is_not_complete_is_not_the_whole():
    """Who names nobody, but says that some are missing, is believed in that."""
    found = a_set(a_record(), beaconId="es.y")
    said = read(v2([found], exists=True, info={"complete": False}), NETWORK)
    whole = read(v2([found], exists=True, info={"complete": True}), NETWORK)

    assert (Status.SEEN, True) == (said.status, said.is_partial)
    assert any("Not all beacons" in each for each in said.warnings)
    assert NetworkAnswer(nodes=(said,)).is_complete is False
    assert NetworkAnswer(nodes=(whole,)).is_complete is True


def test_f3_a_word_that_is_none_of_ours_does_not_make_a_bare_no_one():
    """``info.status: ok`` of anybody's software proves nothing."""
    bare = {"beaconId": "fi.x", "exists": False, "info": {"status": "ok"}}
    said = read(v2([bare], exists=False), NETWORK)

    assert (Status.NO_ANSWER, Reason.NOT_UNDERSTOOD) == (said.status, said.reason)


def _network_of(*rows):
    node = Node(id="n.example", names={"en": "x"})
    answer = NodeAnswer(node=node, status=Status.SEEN, datasets=rows)
    return NetworkAnswer(nodes=(answer,), rows=rows)


def test_f7_rounded_counts_survive_a_network_that_counts_no_results():
    """Nobody told how many records match; the counts keep what they are rounded to."""
    part = DatasetDisclosure(
        dataset="d",
        name="D",
        status=Status.SEEN,
        granularity=Granularity.COUNT,
        exists=True,
        counts=AlleleCounts(ac=10, an=1000),
        adjusted_to=5,
    )
    other = replace(part, dataset="e", counts=None, adjusted_to=None, total=1)
    rows = [
        NodeDataset(beacon="n.example", part=each, assembly="GRCh38")
        for each in (part, other)
    ]
    asked = query(
        include=Include.ALL,
        granularity=Granularity.COUNT,
        requested={"requestParameters": SENT},
    )
    document = written(network_answer(asked, _network_of(*rows), SPEAKER))
    said = read(document, NETWORK, asked).datasets[0].part

    assert (AlleleCounts(ac=10, an=1000), 5, None) == (
        *(said.counts, said.adjusted_to),
        said.total,
    )


def test_who_is_not_ours_says_nothing_by_a_step_beside_imprecise_counts():
    """Only beacons like this one mean their counts by it."""
    info = {"alleleCount": 10, "alleleNumber": 1000}
    vague = a_set(info=info, countPrecision="imprecise", countAdjustedTo=[5])
    (dataset,) = read(v2([vague], exists=True)).datasets

    assert (None, None) == (dataset.part.counts, dataset.part.adjusted_to)


def test_what_says_nothing_of_records_is_written_once():
    """The same part is the same bytes, and another place of it is not."""
    part = DatasetDisclosure(
        dataset="d",
        name="D",
        status=Status.NOT_SEEN,
        granularity=Granularity.RECORD,
        exists=False,
        total=0,
    )
    row = NodeDataset(beacon="n.example", part=part, assembly="GRCh38")
    asked = query(include=Include.ALL)
    sets = [
        network_answer(asked, _network_of(each), SPEAKER)["response"]["resultSets"][0]
        for each in (row, row, replace(row, kind="patients"))
    ]

    assert sets[0] is sets[1]
    assert b"patients" not in written(sets[0])
    assert b"patients" in written(sets[2])
