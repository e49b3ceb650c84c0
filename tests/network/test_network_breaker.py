"""A peer that fails is left alone, tried once, and asked again when it is well."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.health import BreakerState
from beacon.network.breaker import IN_A_ROW, LONGEST, SHORTEST, Breaker


def opened(now: float = 0.0) -> Breaker:
    """Return a breaker that has just opened."""
    breaker = Breaker(5)
    for _ in range(IN_A_ROW):
        assert breaker.ask(now) is None
        breaker.note(now, is_good=False)
    return breaker


def test_f10_five_failures_in_a_row_open_it() -> None:
    """Four do not, and a good answer between begins again."""
    breaker = Breaker(5)
    for is_good in (*(False,) * 4, True, *(False,) * 4):
        breaker.note(0, is_good=is_good)
    before = breaker.state(0)
    breaker.note(0, is_good=False)

    assert before is BreakerState.CLOSED
    assert breaker.state(0) is BreakerState.OPEN
    assert breaker.ask(0) == SHORTEST
    assert breaker.left(0) == SHORTEST


def test_f10_half_of_the_last_twenty_open_it() -> None:
    """Though there are never five in a row."""
    breaker = Breaker(5)
    for number in range(19):
        breaker.note(0, is_good=number % 2 == 1)
    before = breaker.state(0)
    breaker.note(0, is_good=True)
    between = breaker.state(0)
    breaker.note(0, is_good=False)

    assert (before, between) == (BreakerState.CLOSED, BreakerState.CLOSED)
    assert breaker.state(0) is BreakerState.OPEN


def test_f10_half_of_the_last_twenty_is_not_one_askers_half() -> None:
    """Whose failures stand between others' good answers is one of twenty."""
    breaker = Breaker(5)
    for number in range(200):
        asker = None if number % 2 else "a"
        breaker.note(0, is_good=asker is None, asker=asker)

    assert breaker.state(0) is BreakerState.CLOSED


def test_f10_one_askers_failing_tries_make_no_pause_longer() -> None:
    """The first does, as of anybody; another's does again."""
    breaker, now, pauses = opened(), 0.0, []
    for asker in ("a", "a", "a", "b"):
        now += breaker.left(now) or 0
        assert breaker.ask(now) is None
        breaker.note(now, is_good=False, asker=asker)
        pauses.append(breaker.left(now))

    assert pauses == [2 * SHORTEST] * 3 + [4 * SHORTEST]


def test_f10_after_the_pause_one_try_is_let_through() -> None:
    """The next one waits for its end, and a good end closes it."""
    breaker = opened()

    assert breaker.state(SHORTEST) is BreakerState.HALF_OPEN
    assert breaker.ask(SHORTEST - 0.1) == pytest.approx(0.1)
    assert breaker.ask(SHORTEST) is None
    assert breaker.ask(SHORTEST + 1) == pytest.approx(4)
    breaker.note(SHORTEST + 1, is_good=True)
    assert breaker.state(SHORTEST + 1) is BreakerState.CLOSED
    assert breaker.ask(SHORTEST + 1) is None


def test_f10_a_failing_try_doubles_the_pause_to_ten_minutes() -> None:
    """30, 60, 120, 240, 480, 600, 600 seconds; a good one begins with 30 again."""
    breaker, now, pauses = opened(), 0.0, []
    for _ in range(7):
        pause = breaker.ask(now)
        assert pause is not None
        pauses.append(pause)
        now += pause
        assert breaker.ask(now) is None
        breaker.note(now, is_good=False)
    now += LONGEST
    assert breaker.ask(now) is None
    breaker.note(now, is_good=True)
    for _ in range(IN_A_ROW):
        breaker.note(now, is_good=False)

    assert pauses == [30, 60, 120, 240, 480, 600, 600]
    assert breaker.ask(now) == SHORTEST


def test_a_try_that_nobody_ends_is_over_after_a_while() -> None:
    """Who asked may have left; another may try then."""
    breaker = opened()

    assert breaker.ask(SHORTEST) is None
    assert breaker.ask(SHORTEST + 4.9) is not None
    assert breaker.ask(SHORTEST + 5) is None


def test_what_was_asked_before_the_pause_does_not_end_it() -> None:
    """Late answers are of a time before, good or bad."""
    breaker = opened()
    breaker.note(1, is_good=True)
    breaker.note(1, is_good=False)

    assert breaker.left(1) == SHORTEST - 1


def test_f10_a_peer_that_asks_for_patience_gets_it() -> None:
    """As many seconds as it says, and no more than the longest pause."""
    breaker = Breaker(5)
    breaker.rest(0, 7)
    left = breaker.ask(0)
    breaker.rest(0, 3)

    assert left == 7
    assert breaker.ask(1) == 6
    assert breaker.ask(7) is None
    breaker.rest(7, 1e9)
    assert breaker.ask(7) == LONGEST


ROUNDING = 1e-6
"""Seconds that sums of seconds may be off by."""
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "good", "bad", "rest"]),
        st.floats(0, 700, allow_nan=False),
    ),
    max_size=60,
)


@given(STEPS)
def test_f10_no_history_shuts_a_peer_out_for_good(steps: list) -> None:
    """Whatever happened, it may be asked within the longest pause and a try."""
    breaker, now = Breaker(5), 0.0
    for what, seconds in steps:
        match what:
            case "ask":
                now += seconds
                breaker.ask(now)
            case "rest":
                breaker.rest(now, seconds)
            case _:
                breaker.note(now, is_good=what == "good")

    waits = breaker.ask(now)
    assert waits is None or 0 < waits <= LONGEST + ROUNDING
    then = now + (waits or 0) + ROUNDING
    assert waits is None or breaker.ask(then) is None
    breaker.note(then, is_good=True)
    assert waits is None or breaker.state(then) is BreakerState.CLOSED
