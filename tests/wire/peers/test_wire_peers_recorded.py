"""What other implementations really answered (tests/data/foreign) is read rightly."""

from __future__ import annotations

from pathlib import Path

import pytest

from beacon.model.counts import AlleleCounts
from beacon.model.nodes import Node, NodeKind, Reason
from beacon.model.status import Status
from beacon.network.peers import Peer
from beacon.wire.peers.answers import read_answer
from beacon.wire.peers.questions import question
from tests.wire.peers.speaking_peers import query

RECORDED = Path(__file__).parents[2] / "data" / "foreign"
SNV, OTHER = "1-169549811-C-T", "1-169549811-C-G"
DELETION = "1-169550101-ATCT-A"
BYCON = Node(id="bycon.example", names={"en": "bycon"})
CGBEACON = Node(id="benchmark", names={"en": "cgbeacon2"}, kind=NodeKind.V1)


def _read(name, node, typed):
    asked = query(typed)
    whom = Peer(node=node, url="https://x.example/api", by_get="-get-" in name)
    request = question(asked, whom, {})
    body = (RECORDED / f"{name}.json").read_bytes()
    return read_answer(asked, whom, request, status=200, headers={}, body=body)


@pytest.mark.parametrize(
    ("name", "node", "typed", "status", "reason"),
    [
        ("bycon-get-seen", BYCON, SNV, Status.SEEN, None),
        ("bycon-post-seen", BYCON, SNV, Status.SEEN, None),
        ("bycon-get-seen", BYCON, OTHER, Status.NO_ANSWER, Reason.NOT_UNDERSTOOD),
        ("bycon-get-not-seen", BYCON, OTHER, Status.NOT_SEEN, None),
        ("bycon-post-not-seen", BYCON, OTHER, Status.NO_ANSWER, Reason.NOT_A_BEACON),
        ("cgbeacon2-seen", CGBEACON, SNV, Status.SEEN, None),
        ("cgbeacon2-deletion-seen", CGBEACON, DELETION, Status.SEEN, None),
        ("cgbeacon2-not-seen", CGBEACON, OTHER, Status.NOT_SEEN, None),
        ("cgbeacon2-seen", BYCON, SNV, Status.NO_ANSWER, Reason.WRONG_BEACON),
        ("bycon-get-seen", CGBEACON, SNV, Status.NO_ANSWER, Reason.WRONG_BEACON),
    ],
)
def test_recorded_answers_have_their_word(name, node, typed, status, reason):
    """Each recorded document is what its makers meant, and no more."""
    said = _read(name, node, typed)

    assert (status, reason) == (said.status, said.reason)


def test_a_recorded_count_of_v1_is_one_of_copies():
    """cgbeacon2 counts calls, of how many it does not say."""
    said = _read("cgbeacon2-seen", CGBEACON, SNV)

    assert AlleleCounts(ac=1, an=None) == said.datasets[0].part.counts
    assert "set0" == said.datasets[0].part.dataset


def test_a_recorded_answer_without_echo_is_warned_of():
    """Bycon repeats a template; its "no" proves nothing of what it understood."""
    said = _read("bycon-get-not-seen", BYCON, OTHER)

    assert any("does not repeat" in warning for warning in said.warnings)
