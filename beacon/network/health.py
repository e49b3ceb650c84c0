"""How each peer has been: its answers, its pace, and whether it may be asked now.

Numbers and words of one process, since it began; no question and no requester is
among them.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from time import monotonic, time
from typing import TYPE_CHECKING, Final

import structlog

from beacon.model.health import BreakerState, NodeHealth, NodeState
from beacon.model.nodes import Reason
from beacon.model.status import Status
from beacon.network.breaker import Breaker
from beacon.network.exchanged import Silence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from beacon.model.nodes import NodeAnswer
    from beacon.network.exchanged import Heard
    from beacon.network.peers import Peer

_log = structlog.get_logger(__name__)

_HOUR: Final = 3600.0
_DAY: Final = 24
_TIMED: Final = 200
"""Last answers whose pace is told."""
_FEW: Final = 5
"""Answers before which no peer is called slow."""
_SLOW: Final = 0.5
"""Share of its time that a slow peer needs for one answer in twenty."""
_ASKERS: Final = 1_000
"""Requesters who may be held off one peer at once; the longest unheard is let go."""
_DIGITS: Final = re.compile(r"[0-9]{1,9}")
_PATIENCE: Final = frozenset(
    (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
)
_COUNT: Final = frozenset(
    {
        *(Reason.TIMEOUT, Reason.UNREACHABLE, Reason.INSECURE, Reason.REDIRECT),
        *(Reason.FORBIDDEN_ADDRESS, Reason.HTTP_ERROR, Reason.BUSY, Reason.NOT_JSON),
        *(Reason.NOT_A_BEACON, Reason.WRONG_BEACON),
    }
)
"""Why a peer is left alone.  What a question may have led to is not among it, or one
requester could have a peer paused for everybody."""


@dataclass(slots=True)
class _Chart:
    """What was taken down of one peer.

    Attributes:
        breaker: whether anybody may ask it.
        patience: seconds after which a try that nobody told the end of is over.
        held: the same for those alone whose own questions it failed on.
    """

    breaker: Breaker
    patience: float
    held: OrderedDict[str, Breaker] = field(default_factory=OrderedDict)
    asked: float | None = None
    word: Status | None = None
    reason: Reason | None = None
    answered: float | None = None
    is_down: bool = False
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=_TIMED))
    hours: deque[list[int]] = field(default_factory=lambda: deque(maxlen=_DAY))

    def count(self, now: float, *, is_good: bool) -> None:
        """Count a question in the hour that is."""
        hour = int(now // _HOUR)
        if not self.hours or self.hours[-1][0] != hour:
            self.hours.append([hour, 0, 0])
        self.hours[-1][1 if is_good else 2] += 1

    def note_end(self, now: float, *, is_good: bool, asker: str | None) -> None:
        """Take down how an exchange ended, and whose making that may be."""
        self.breaker.note(now, is_good=is_good, asker=asker)
        if asker is None:
            return
        own = self.held.get(asker)
        if own is None:
            if is_good:
                return
            own = self.held[asker] = Breaker(self.patience)
            while len(self.held) > _ASKERS:
                self.held.popitem(last=False)
        self.held.move_to_end(asker)
        own.note(now, is_good=is_good)

    def day(self, now: float) -> tuple[int, int]:
        """Return the questions of a day: those answered, those that failed."""
        first = int(now // _HOUR) - _DAY
        kept = [each for each in self.hours if each[0] > first]
        return sum(good for _, good, _ in kept), sum(bad for _, _, bad in kept)


class Health:
    """Keeps how every peer is.

    Args:
        clock: the time of day.
        ticks: seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time,
        ticks: Callable[[], float] = monotonic,
    ) -> None:
        self._clock = clock
        self._ticks = ticks
        self._charts: dict[str, _Chart] = {}

    def may_ask(self, peer: Peer) -> Silence | None:
        """Return why a peer is left alone now; ``None``: it may be asked.

        Who is told so asks it, and notes what came.
        """
        left = self._chart(peer).breaker.ask(self._ticks())
        if left is None:
            return None
        return Silence(
            reason=Reason.PAUSED,
            sentence=f"It is left alone for {max(left, 1):.0f} s: it failed, or asked"
            " for patience.",
            retry_after=left,
            is_ours=True,
        )

    def may_be_asked_by(self, peer: Peer, asker: str | None) -> Silence | None:
        """Return why one requester may not have a peer asked; ``None``: they may.

        A peer that again and again fails on somebody's own questions is left alone by
        them for a while, and by nobody else.
        """
        chart = self._charts.get(peer.node.id)
        own = None if chart is None or asker is None else chart.held.get(asker)
        left = None if own is None else own.ask(self._ticks())
        if left is None:
            return None
        return Silence(
            reason=Reason.PAUSED,
            sentence="It failed on your questions again and again, and is not asked for"
            f" you for {max(left, 1):.0f} s.",
            retry_after=left,
            is_ours=True,
        )

    def note(
        self,
        peer: Peer,
        came: Heard | Silence,
        answer: NodeAnswer,
        *,
        is_costly: bool = False,
        asker: str | None = None,
    ) -> None:
        """Take down what came of asking a peer, and what it was understood to say.

        Args:
            peer: that was asked.
            came: from it.
            answer: that this was understood as.
            is_costly: whether it was asked for what may take a good peer long.
            asker: who asked, if that is told apart from others; what a peer sends
                (a 5xx, say) may be of their question's making, silence is not.
        """
        if isinstance(came, Silence) and came.is_ours:
            return
        chart, now = self._chart(peer), self._clock()
        chart.asked, chart.word, chart.reason = now, answer.status, answer.reason
        # It was asked: what it says it has not, it answers.
        is_good = answer.answered or answer.status is Status.NOT_ASKED
        if is_good:
            chart.answered = now
            chart.seconds.append(came.seconds)
        if answer.status is not Status.REFUSED:
            chart.count(now, is_good=is_good)
        was = chart.breaker.state(self._ticks())
        is_late = is_costly and _is_late(came, answer)
        chart.is_down = not is_late and answer.reason in _COUNT
        if not is_late:
            chart.note_end(
                self._ticks(),
                is_good=not _is_failure(came, answer),
                asker=None if isinstance(came, Silence) else asker,
            )
        patience = patience_of(came, now)
        if patience is not None:
            chart.breaker.rest(self._ticks(), patience)
        left = chart.breaker.left(self._ticks())
        if left is not None and was is not BreakerState.OPEN:
            why, name = answer.reason or answer.status, peer.node.id
            _log.warning("peer.left_alone", peer=name, why=why.value, seconds=left)

    def of(self, peer: Peer) -> NodeHealth:
        """Return how a peer is."""
        chart, now = self._chart(peer), self._clock()
        good, bad = chart.day(now)
        breaker = chart.breaker.state(self._ticks())
        pace = sorted(chart.seconds)
        p95 = _share(pace, 0.95)
        return NodeHealth(
            node=peer.node,
            url=peer.url,
            state=_state(chart, breaker, p95, peer),
            asked=chart.asked,
            word=chart.word,
            reason=chart.reason,
            answered=chart.answered,
            p50=_share(pace, 0.5),
            p95=p95,
            success=good / (good + bad) if good + bad else None,
            questions=good + bad,
            breaker=breaker,
            again=chart.breaker.left(self._ticks()),
        )

    def keep(self, names: set[str]) -> None:
        """Forget whoever is no peer any more."""
        for name in set(self._charts) - names:
            del self._charts[name]

    def _chart(self, peer: Peer) -> _Chart:
        chart = self._charts.get(peer.node.id)
        if chart is None:
            patience = peer.seconds + 1
            chart = _Chart(breaker=Breaker(patience), patience=patience)
            self._charts[peer.node.id] = chart
        return chart


def _is_failure(came: Heard | Silence, answer: NodeAnswer) -> bool:
    """Whether a peer is to be left alone for it; a 4xx is about the question."""
    if isinstance(came, Silence):
        return answer.reason in _COUNT
    if came.status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    if HTTPStatus.BAD_REQUEST <= came.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return False
    return came.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.reason in _COUNT


def _is_late(came: Heard | Silence, answer: NodeAnswer) -> bool:
    """Whether a peer, or what stands before it, ran out of time."""
    if isinstance(came, Silence):
        return answer.reason is Reason.TIMEOUT
    return came.status == HTTPStatus.GATEWAY_TIMEOUT


def patience_of(came: Heard | Silence, now: float) -> float | None:
    """Return the seconds a peer asks for (RFC 9110, section 10.2.3), if it does."""
    if isinstance(came, Silence):
        return came.retry_after
    said = came.headers.get("retry-after", "").strip()
    if came.status not in _PATIENCE or not said:
        return None
    if _DIGITS.fullmatch(said):
        return float(said)
    try:
        moment = parsedate_to_datetime(said)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(moment.timestamp() - now, 0.0)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _share(pace: Sequence[float], share: float) -> float | None:
    """Return the number that a share of the sorted ones does not exceed."""
    return pace[min(int(share * len(pace)), len(pace) - 1)] if pace else None


def _state(
    chart: _Chart, breaker: BreakerState, p95: float | None, peer: Peer
) -> NodeState:
    if breaker is BreakerState.OPEN:
        return NodeState.PAUSED
    if chart.asked is None:
        return NodeState.UNKNOWN
    if chart.is_down:
        return NodeState.DOWN
    is_timed = p95 is not None and len(chart.seconds) >= _FEW
    if is_timed and p95 is not None and p95 > _SLOW * peer.seconds:
        return NodeState.SLOW
    return NodeState.OK
