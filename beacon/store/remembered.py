"""What a process remembers of what it has read: the latest used, up to a size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """A mapping that forgets what was not used for the longest time.

    Args:
        most: how much all that is remembered may weigh together, in bytes.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._weight = 0
        self._known: dict[K, tuple[V, int]] = {}

    def get(self, key: K) -> V | None:
        """Return what is remembered under a key."""
        found = self._known.pop(key, None)
        if found is None:
            return None
        self._known[key] = found
        return found[0]

    def keep(self, key: K, value: V, weight: int) -> None:
        """Remember something; what is too large is not."""
        _, before = self._known.pop(key, (None, 0))
        self._weight -= before
        if weight > self._most:
            return
        self._known[key] = value, weight
        self._weight += weight
        while self._weight > self._most:
            _, gone = self._known.pop(next(iter(self._known)))
            self._weight -= gone
