"""The ledger's naive twin: a list for each individual, and one rule.

Tests hold the real one to it, and simulate with it what takes the real one hours.
"""

from __future__ import annotations

from collections import defaultdict

EPSILON = 1e-9


class Twin:
    """What one requester learnt of the individuals of one dataset."""

    def __init__(self, most: float, *, first_always: bool = True) -> None:
        self._most = most
        self._first_always = first_always
        self._shown: dict[str, dict[str, float]] = defaultdict(dict)
        self._hidden: dict[str, set[str]] = defaultdict(set)

    def left_out(self, question: str, hits: dict[str, float]) -> frozenset[str]:
        """Charge for an answer; return who is left out of it."""
        return frozenset(
            who for who, n in hits.items() if self._is_out(question, who, n)
        )

    def _is_out(self, question: str, who: str, nats: float) -> bool:
        shown, hidden = self._shown[who], self._hidden[who]
        if question in shown or question in hidden:
            return question in hidden
        is_first = self._first_always and not shown
        if is_first or sum(shown.values()) + nats <= self._most + EPSILON:
            shown[question] = nats
            return False
        hidden.add(question)
        return True
