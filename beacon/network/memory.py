"""Answers that are remembered for a while: of questions nobody logged in for.

A failure is never remembered, nor an answer that holds one: who asks again may have
more luck.  What is remembered is little, whatever peers send.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from beacon.model.nodes import ANSWERS, FAILURES
from beacon.model.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from beacon.model.nodes import NodeAnswer
    from beacon.network.peers import Terms

_MOST: Final = 100_000
"""Values of all answers together: a dataset, a variant or a group of one each."""
_LARGEST: Final = 2_000
"""Values of one answer."""


class Memory:
    """The answers of a while.

    Args:
        now: gives seconds of a clock that only goes forward.

    Attributes:
        hits: how often one was found.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: OrderedDict[Hashable, tuple[float, int, NodeAnswer]] = OrderedDict()
        self._size = 0
        self.hits = 0

    def find(self, key: Hashable, terms: Terms) -> NodeAnswer | None:
        """Return what was answered a short while ago, with its age."""
        found = self._kept.get(key)
        if found is None:
            return None
        since, _, answer = found
        age = self._now() - since
        if age >= _lifetime(answer, terms):
            self._drop(key)
            return None
        self.hits += 1
        self._kept.move_to_end(key)
        return replace(answer, age=answer.age + age, seconds=0.0)

    def keep(self, key: Hashable, answer: NodeAnswer, terms: Terms) -> None:
        """Remember an answer, where it is one."""
        size = _size(answer)
        if _lifetime(answer, terms) <= 0 or size > _LARGEST:
            return
        self._drop(key)
        self._kept[key] = self._now(), size, answer
        self._size += size
        while self._size > _MOST:
            self._drop(next(iter(self._kept)))

    def clear(self) -> None:
        """Forget everything: peers may be others now."""
        self._kept.clear()
        self._size = 0

    def _drop(self, key: Hashable) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._size -= found[1]


def _lifetime(answer: NodeAnswer, terms: Terms) -> float:
    """Return for how many seconds an answer may be remembered."""
    has_failed = any(row.part.status in FAILURES for row in answer.datasets)
    is_whole = answer.answered and not (has_failed or answer.is_partial)
    if answer.status not in ANSWERS or not is_whole:
        return 0.0
    is_yes = answer.status is Status.SEEN
    return terms.remembered if is_yes else terms.remembered_no


def _size(answer: NodeAnswer) -> int:
    variants = [variant for row in answer.datasets for variant in row.part.variants]
    groups = sum(len(variant.groups) for variant in variants)
    return 1 + len(answer.datasets) + len(variants) + groups
