"""How often each peer gave which word, and how long it took: plain numbers.

No question and no requester is among them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beacon.model.status import Status


class Record:
    """What was counted of each peer since this process began."""

    def __init__(self) -> None:
        self._words: Counter[tuple[str, str]] = Counter()
        self._seconds: dict[str, float] = {}

    def note(self, peer: str, status: Status, seconds: float) -> None:
        """Count one exchange."""
        self._words[peer, status.value] += 1
        self._seconds[peer] = self._seconds.get(peer, 0.0) + seconds

    def counted(self) -> dict[str, float]:
        """Return it by name: ``peer|ID|WORD``, and ``peer_seconds|ID``."""
        words = {f"peer|{p}|{word}": float(n) for (p, word), n in self._words.items()}
        spent = {f"peer_seconds|{p}": s for p, s in self._seconds.items()}
        return words | spent
