"""What was found wrong, one finding for one cause, and what could not be checked.

A cause seen again adds to the finding it made; it never makes another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beacon.conformance.exchange import Exchange, Request


_MOST_CAUSES = 25
"""So many causes of one rule are told apart; a beacon may make up more."""


class Level(StrEnum):
    """How much a finding weighs."""

    VIOLATION = "violation"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One cause of non-conformance.

    Attributes:
        rule: its number in the register, e.g. ``R22``.
        cause: what tells it from others of the rule; stable between runs.
        request: one that shows it.
        sentence: what was expected and what came.
        more: in how many further answers it was seen.
        is_soft: whether it is advice whatever its rule weighs.
    """

    rule: str
    cause: str
    request: Request
    sentence: str
    more: int = 0
    is_soft: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchecked:
    """What could not be checked, and why."""

    what: str
    why: str


class Notebook:
    """Keeps what is found while a beacon is walked.

    Attributes:
        version: of the standard, by which it is judged.
    """

    def __init__(self, version: tuple[int, int] = (2, 2)) -> None:
        """Begin with nothing found."""
        self.version = version
        self._findings: dict[tuple[str, str], Finding] = {}
        self._unchecked: dict[tuple[str, str], Unchecked] = {}

    def find(
        self,
        rule: str,
        cause: str,
        exchange: Exchange,
        sentence: str,
        *,
        soft: bool = False,
    ) -> None:
        """Note that an answer breaks a rule."""
        causes = [known for broken, known in self._findings if broken == rule]
        if len(causes) >= _MOST_CAUSES and cause not in causes:
            cause = causes[-1]
        known = self._findings.get((rule, cause))
        if known is not None:
            self._findings[rule, cause] = replace(known, more=known.more + 1)
            return
        self._findings[rule, cause] = Finding(
            rule=rule,
            cause=cause,
            request=exchange.request,
            sentence=sentence,
            is_soft=soft,
        )

    def has(self, rule: str, cause: str) -> bool:
        """Whether a cause was noted before."""
        return (rule, cause) in self._findings

    def leave(self, what: str, why: str) -> None:
        """Note that something could not be checked."""
        self._unchecked.setdefault((what, why), Unchecked(what=what, why=why))

    @property
    def findings(self) -> list[Finding]:
        """What was found, in the order it was."""
        return list(self._findings.values())

    @property
    def unchecked(self) -> list[Unchecked]:
        """What could not be checked."""
        return list(self._unchecked.values())
