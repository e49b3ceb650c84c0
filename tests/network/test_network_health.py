"""How a peer is said to be is how it was."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from structlog.testing import capture_logs

from beacon.model.health import BreakerState, NodeState
from beacon.model.nodes import NodeAnswer, Reason
from beacon.model.status import Status
from beacon.network.exchanged import Heard, Silence
from beacon.network.health import Health, patience_of
from tests.network.evil import peer_at

PEER = peer_at(1, seconds=4.0)
NOON = 1_795_780_800.0


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def answer(status: Status, reason: Reason | None = None) -> NodeAnswer:
    """Return what a peer was understood to say."""
    return NodeAnswer(node=PEER.node, status=status, reason=reason)


def note(health: Health, came: Heard | Silence, reason: Reason | None = None) -> None:
    """Take down an exchange: an answer where there is no reason."""
    word = Status.SEEN if reason is None else Status.NO_ANSWER
    health.note(PEER, came, answer(word, reason))


def fail(health: Health, reason: Reason, times: int = 1) -> None:
    """Let a peer be silent for a reason."""
    for _ in range(times):
        note(health, Silence(reason=reason, sentence="x"), reason)


@pytest.fixture
def clock() -> Clock:
    """Give a clock."""
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    """Give the health of nobody yet."""
    return Health(clock, clock)


def test_nobody_knows_a_peer_that_was_not_asked(health: Health) -> None:
    """It has no pace and no success, and may be asked."""
    said = health.of(PEER)

    assert said.state is NodeState.UNKNOWN
    assert (said.asked, said.p50, said.success, said.questions) == (None, None, None, 0)
    assert health.may_ask(PEER) is None


def test_f12_a_good_peer_is_ok_with_its_pace(health: Health, clock: Clock) -> None:
    """The middle and the 95th of a hundred answers are told, and the last moment."""
    for number in range(100):
        note(health, Heard(status=200, seconds=number / 100))
    clock.now += 5
    said = health.of(PEER)

    assert said.state is NodeState.OK
    assert (said.p50, said.p95, said.success) == (0.5, 0.95, 1.0)
    assert (said.asked, said.answered) == (NOON, NOON)
    assert (said.word, said.reason) == (Status.SEEN, None)


def test_f12_a_peer_that_needs_half_its_time_is_slow(health: Health) -> None:
    """One of five answers took three of its four seconds."""
    for seconds in (0.1, 0.1, 0.1, 0.1, 3.0):
        note(health, Heard(status=200, seconds=seconds))

    assert health.of(PEER).state is NodeState.SLOW


def test_f12_a_peer_that_fails_is_down_then_paused(health: Health) -> None:
    """Each with the reason of the last failure and the share that was answered."""
    note(health, Heard(status=200, seconds=0.1))
    fail(health, Reason.TIMEOUT)
    down = health.of(PEER)
    fail(health, Reason.UNREACHABLE, 4)
    paused = health.of(PEER)
    silence = health.may_ask(PEER)

    assert (down.state, down.reason) == (NodeState.DOWN, Reason.TIMEOUT)
    assert (down.success, down.answered) == (0.5, NOON)
    assert (paused.state, paused.breaker) == (NodeState.PAUSED, BreakerState.OPEN)
    assert (paused.reason, paused.again) == (Reason.UNREACHABLE, 30)
    assert paused.success == pytest.approx(1 / 6)
    assert silence is not None
    assert (silence.reason, silence.is_ours) == (Reason.PAUSED, True)
    assert "30 s" in silence.sentence


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_f10_a_4xx_pauses_nobody(health: Health, status: int) -> None:
    """It is about the question, not the peer."""
    for _ in range(30):
        note(health, Heard(status=status), Reason.HTTP_ERROR)

    assert health.may_ask(PEER) is None


@pytest.mark.parametrize(
    "reason",
    [Reason.TOO_LARGE, Reason.NOT_UNDERSTOOD, Reason.TOLD_AN_ERROR, Reason.CONTRADICTS],
)
def test_f10_no_question_can_have_a_peer_paused(health: Health, reason: Reason) -> None:
    """What a requester may provoke by asking oddly closes it for nobody else."""
    for _ in range(30):
        note(health, Heard(status=200), reason)

    assert health.may_ask(PEER) is None
    assert health.of(PEER).success == 0


def test_f10_who_is_late_with_much_is_not_failing(health: Health) -> None:
    """Nor does it end what was counted; other failures of such questions count."""
    late = Silence(reason=Reason.TIMEOUT, sentence="x")
    said = answer(Status.NO_ANSWER, Reason.TIMEOUT)
    gateway = Heard(status=504)
    fail(health, Reason.TIMEOUT, 4)
    for _ in range(10):
        health.note(PEER, late, said, is_costly=True)
        health.note(PEER, gateway, said, is_costly=True)
    open_yet, state = health.may_ask(PEER), health.of(PEER).state
    health.note(PEER, Heard(status=500), said, is_costly=True)

    assert open_yet is None
    assert state is not NodeState.DOWN
    assert health.may_ask(PEER) is not None


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (500, Reason.TOLD_AN_ERROR),
        (503, Reason.HTTP_ERROR),
        (429, Reason.BUSY),
        (200, Reason.NOT_JSON),
        (200, Reason.WRONG_BEACON),
        (200, Reason.NOT_A_BEACON),
    ],
)
def test_f10_what_only_a_broken_peer_does_pauses_it(
    health: Health, status: int, reason: Reason
) -> None:
    """Five of them in a row."""
    for _ in range(5):
        note(health, Heard(status=status), reason)

    assert health.may_ask(PEER) is not None


@pytest.mark.parametrize("status", [500, 502, 504])
def test_f10_one_clients_questions_pause_a_peer_for_nobody(
    health: Health, clock: Clock, status: int
) -> None:
    """However many fail, also between good ones; others' failures do."""
    said = answer(Status.NO_ANSWER, Reason.HTTP_ERROR)

    def fails(asker: str) -> None:
        health.note(PEER, Heard(status=status), said, asker=asker)

    for number in range(60):
        fails("network:a")
        if number % 3 == 2:
            note(health, Heard(status=200))
    for _ in range(20):
        fails("network:a")
    open_yet = health.may_ask(PEER)
    for asker in ("network:b", "network:a", "network:b", "network:c"):
        fails(asker)

    assert open_yet is None
    assert health.may_ask(PEER) is not None


def test_f10_who_alone_sees_a_peer_fail_is_held_off_alone(
    health: Health, clock: Clock
) -> None:
    """Five failures of their own pause it for them, and a good try ends that."""
    said = answer(Status.NO_ANSWER, Reason.HTTP_ERROR)
    for _ in range(5):
        health.note(PEER, Heard(status=500), said, asker="subject:a")
    held, other = (health.may_be_asked_by(PEER, f"subject:{n}") for n in "ab")
    clock.now += 30
    tried, second = (health.may_be_asked_by(PEER, "subject:a") for _ in range(2))
    good = Heard(status=200, seconds=0.1)
    health.note(PEER, good, answer(Status.SEEN), asker="subject:a")

    assert held is not None
    assert (held.reason, held.is_ours) == (Reason.PAUSED, True)
    assert "30 s" in held.sentence
    assert (other, health.may_be_asked_by(PEER, None)) == (None, None)
    assert health.may_ask(PEER) is None
    assert tried is None
    assert second is not None
    assert health.may_be_asked_by(PEER, "subject:a") is None


def test_f10_whoever_is_held_off_is_forgotten_in_turn(health: Health) -> None:
    """A thousand are known of a peer, so that no crowd fills the memory."""
    said = answer(Status.NO_ANSWER, Reason.HTTP_ERROR)
    for number in (*[0] * 5, *range(1, 1000)):
        health.note(PEER, Heard(status=500), said, asker=f"subject:{number}")
        health.note(PEER, Heard(status=200), answer(Status.SEEN))
    before = health.may_be_asked_by(PEER, "subject:0")
    health.note(PEER, Heard(status=500), said, asker="subject:1000")

    assert before is not None
    assert health.may_be_asked_by(PEER, "subject:0") is None


def test_f10_silence_counts_whoever_asks(health: Health) -> None:
    """Nobody's question makes a peer refuse a connection."""
    for _ in range(5):
        health.note(
            PEER,
            Silence(reason=Reason.UNREACHABLE, sentence="x"),
            answer(Status.NO_ANSWER, Reason.UNREACHABLE),
            asker="network:a",
        )

    assert health.may_ask(PEER) is not None


def test_f10_retry_after_is_respected(health: Health, clock: Clock) -> None:
    """One 429 with it leaves the peer alone for so long, and then it is tried."""
    came = Heard(status=429, headers={"retry-after": "17"})
    note(health, came, Reason.BUSY)
    first = health.may_ask(PEER)
    clock.now += 17

    assert first is not None
    assert first.retry_after == 17
    assert health.may_ask(PEER) is None
    note(health, Heard(status=200))
    assert health.of(PEER).breaker is BreakerState.CLOSED


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (429, "7", 7.0),
        (503, " 7 ", 7.0),
        (429, formatdate(NOON + 60, usegmt=True), 60.0),
        (429, formatdate(NOON - 60, usegmt=True), 0.0),
        (200, "7", None),
        (500, "7", None),
        (429, "", None),
        (429, "-7", None),
        (429, "soon", None),
        (429, "9" * 40, None),
        (429, "Thu, 99 Foo 20260 99:99:99 GMT", None),
        (429, "1e400", None),
    ],
)
def test_what_asks_for_patience(status: int, said: str, expected: float | None) -> None:
    """Seconds or a date, with 429 or 503; nonsense is nothing."""
    came = Heard(status=status, headers={"retry-after": said})

    assert patience_of(came, NOON) == expected


def test_what_was_ours_says_nothing_of_a_peer(health: Health) -> None:
    """No turn, no token: not its failure."""
    for _ in range(30):
        silence = Silence(reason=Reason.TIMEOUT, sentence="x", is_ours=True)
        note(health, silence, Reason.TIMEOUT)

    assert health.of(PEER).state is NodeState.UNKNOWN
    assert health.may_ask(PEER) is None


def test_a_refusal_is_neither_success_nor_failure(health: Health) -> None:
    """The peer is well, and has answered nobody."""
    health.note(PEER, Heard(status=403), answer(Status.REFUSED, Reason.REFUSED))
    said = health.of(PEER)

    assert (said.state, said.success, said.word) == (
        NodeState.OK,
        None,
        Status.REFUSED,
    )


def test_a_peer_that_has_nothing_of_an_assembly_answers(health: Health) -> None:
    """It was asked, and it is well."""
    health.note(PEER, Heard(status=200), answer(Status.NOT_ASKED, Reason.ASSEMBLY))
    said = health.of(PEER)

    assert (said.state, said.success, said.answered) == (NodeState.OK, 1.0, NOON)


def test_success_is_of_a_day(health: Health, clock: Clock) -> None:
    """What failed the day before yesterday is forgotten."""
    fail(health, Reason.TIMEOUT)
    clock.now += 23 * 3600
    note(health, Heard(status=200))
    within = health.of(PEER).success
    clock.now += 2 * 3600

    assert within == 0.5
    assert (health.of(PEER).success, health.of(PEER).questions) == (1.0, 1)


def test_a_pause_is_logged_once_without_a_question(
    health: Health, clock: Clock
) -> None:
    """By peer, reason and seconds; again when a try fails."""
    with capture_logs() as said:
        fail(health, Reason.TIMEOUT, 8)
        clock.now += 30
        assert health.may_ask(PEER) is None
        fail(health, Reason.TIMEOUT)

    expected = {
        "event": "peer.left_alone",
        "log_level": "warning",
        "peer": PEER.node.id,
        "why": "timeout",
    }
    assert said == [{**expected, "seconds": 30.0}, {**expected, "seconds": 60.0}]


def test_who_is_no_peer_any_more_is_forgotten(health: Health) -> None:
    """It begins anew, should it come back."""
    fail(health, Reason.TIMEOUT, 5)
    health.keep(set())

    assert health.may_ask(PEER) is None
