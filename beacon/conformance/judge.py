"""The judgement of one beacon: every check in turn, then the verdict.

A beacon that cannot be reached is not judged; that is an error, never a verdict
without violations.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from yarl import URL

from beacon.conformance.exchange import DEADLINE, LARGEST_BODY, Client, TurnedAway
from beacon.conformance.finding import Finding, Level, Notebook, Unchecked
from beacon.conformance.framework import declared_version
from beacon.conformance.manners import watch
from beacon.conformance.reading import shown, text_at
from beacon.conformance.rules import CHECKS, RULES
from beacon.conformance.walk import Walk
from beacon.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from beacon.conformance.exchange import Exchange

LONGEST = 3600.0
"""Seconds one walk may take."""
VERSIONS = ((2, 0), (2, 1), (2, 2))
"""Versions of the standard a beacon can be judged by."""
_HALTED = 5
"""So many requests in a row without any answer end the walk."""


class Unreachable(Exception):
    """The beacon does not answer, so nothing can be said about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a beacon is asked.

    Attributes:
        version: judged by; None takes the one the beacon declares.
        token: bearer token for what is protected.
        rate: requests per second at most; 0 for no bound.
        deadline: seconds one exchange may take.
        longest: seconds the whole walk may take.
        largest: bytes of an answer that are read.
        is_strict: whether advice counts as violation.
    """

    version: tuple[int, int] | None = None
    token: str | None = None
    rate: float = 0.0
    deadline: float = DEADLINE
    longest: float = LONGEST
    largest: int = LARGEST_BODY
    is_strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of it.

    Attributes:
        url: the address that was judged.
        beacon_id: what the beacon calls itself.
        version: of the standard it was judged by.
        violations: by rule.
        advice: by rule.
        unchecked: what could not be checked.
        asked: how many requests were made.
        is_whole: whether every check was made to its end.
    """

    url: str
    beacon_id: str | None
    version: tuple[int, int]
    violations: tuple[Finding, ...]
    advice: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...]
    asked: int
    is_whole: bool


def address_of(text: str) -> URL:
    """Return the address of a beacon as it was typed.

    Raises:
        UsageError: when it is no HTTP address.
    """
    try:
        url = URL(text)
    except ValueError as failure:
        message = f"{text} is not an address: {failure}"
        raise UsageError(message) from failure
    if url.scheme not in ("http", "https") or not url.host:
        message = f"{text} is not an http:// or https:// address"
        raise UsageError(message)
    if url.query_string or url.fragment:
        message = f"{text}: the address of a beacon has no ? and no #"
        raise UsageError(message)
    return url.with_path(url.path.rstrip("/"))


async def judge(url: URL, manner: Manner) -> Verdict:
    """Return what is wrong with the beacon at an address.

    Args:
        url: of its root; without a path ``/api`` is tried as well.
        manner: how it is asked.

    Raises:
        Unreachable: when it cannot be asked, or stops answering.
    """
    async with Client(
        url,
        token=manner.token,
        rate=manner.rate,
        deadline=manner.deadline,
        largest=manner.largest,
    ) as client:
        base, info = await _find(client, url)
        version = manner.version or _nearest(declared_version(info))
        walk = Walk(
            client=client,
            notes=Notebook(version),
            base=base,
            version=version,
            beacon_id=text_at(info.document, "response", "id"),
        )
        client.watch = _Watch(walk)
        cut = await _cut_short(walk, manner.longest)
    if cut is not None:
        walk.notes.leave("whatever else there is", cut)
    return _verdict(walk, manner, is_whole=cut is None)


async def _cut_short(walk: Walk, longest: float) -> str | None:
    """Make every check; return why not every one was made."""
    try:
        async with asyncio.timeout(longest):
            for check in CHECKS:
                await check(walk)
    except TimeoutError:
        return f"{longest:g} s were over after {walk.client.asked} requests"
    except TurnedAway as failure:
        return str(failure)
    return None


async def _find(client: Client, url: URL) -> tuple[URL, Exchange]:
    """Return where the beacon is, and what its /info answers."""
    bases = [url] if url.path.strip("/") else [url, url / "api"]
    found: list[tuple[URL, Exchange]] = []
    for base in bases:
        exchange = await client.ask(base / "info")
        if exchange.is_answer:
            return base, exchange
        found.append((base, exchange))
    base, exchange = found[0]
    if exchange.status is None:
        message = f"{url} cannot be reached: {exchange.problem}"
        raise Unreachable(message)
    if (other := _moved(exchange)) is not None:
        message = f"{url} is elsewhere: it redirects to {shown(str(other))}; give that"
        raise Unreachable(message)
    return base, exchange


def _moved(exchange: Exchange) -> URL | None:
    """Return the address of the beacon that /info redirects to, e.g. from http."""
    try:
        asked = URL(exchange.request.url)
        found = asked.join(URL(exchange.headers.get("location", "")))
    except ValueError:
        return None
    is_info = found.path.rstrip("/").endswith("/info")
    is_moved = (
        HTTPStatus.MULTIPLE_CHOICES <= (exchange.status or 0) < HTTPStatus.BAD_REQUEST
    )
    is_same = str(found).rstrip("/") == str(asked)
    return found.parent if is_info and is_moved and not is_same else None


def _nearest(declared: tuple[int, int] | None) -> tuple[int, int]:
    if declared in VERSIONS:
        return declared
    return VERSIONS[-1] if declared is None or declared > VERSIONS[-1] else VERSIONS[0]


class _Watch:
    """Sees every exchange; ends the walk when the beacon is gone."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._silent = 0

    def __call__(self, exchange: Exchange) -> None:
        """Judge one exchange by itself.

        Raises:
            Unreachable: after many without any answer.
        """
        self._silent = self._silent + 1 if exchange.status is None else 0
        if self._silent >= _HALTED:
            message = (
                f"{self._walk.base} stopped answering after {self._walk.client.asked} "
                f"requests: {exchange.problem}"
            )
            raise Unreachable(message)
        watch(self._walk, exchange)


_REDIRECT = "M14"
_FOLLOWS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("R1", "differs"): ("M7", "poll"),
    ("R31", "includeResultsetResponses"): ("R51", "include"),
    ("R31", "pagination.limit"): ("R53", "limit"),
    ("R31", "pagination.skip"): ("R53", "skip"),
    ("R31", "requestedGranularity"): ("R46", "returned"),
    ("R35", "exists"): ("R35", "set"),
    ("R35", "unknown id"): ("R35", "exists"),
    ("R46", "default"): ("R46", "returned"),
    ("R52", "summary"): ("R34", "numTotalResults"),
    ("R56", "disjoint"): ("R53", "skip"),
    ("R85", "length"): ("R83", "other allele"),
    ("R103", "AF"): ("R102", "range"),
}
"""What is found because of something else, which says it better."""


def _verdict(walk: Walk, manner: Manner, *, is_whole: bool) -> Verdict:
    found = sorted(
        _own_causes(walk.notes.findings),
        key=lambda each: (_number(each.rule), each.cause),
    )
    levels = [(_level(each, manner), each) for each in found]
    return Verdict(
        url=str(walk.base),
        beacon_id=walk.beacon_id,
        version=walk.version,
        violations=tuple(each for level, each in levels if level is Level.VIOLATION),
        advice=tuple(each for level, each in levels if level is Level.ADVICE),
        unchecked=tuple(walk.notes.unchecked),
        asked=walk.client.asked,
        is_whole=is_whole,
    )


def _own_causes(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Yield what is found for itself, not because of something else."""
    causes = {(each.rule, each.cause) for each in findings}
    asked = {each.request for each in findings if each.rule != _REDIRECT}
    for each in findings:
        is_said = each.rule == _REDIRECT and each.request in asked
        if not is_said and _FOLLOWS.get((each.rule, each.cause)) not in causes:
            yield each


def _level(finding: Finding, manner: Manner) -> Level:
    if manner.is_strict:
        return Level.VIOLATION
    return Level.ADVICE if finding.is_soft else RULES[finding.rule].level


def _number(rule: str) -> tuple[bool, int]:
    return rule.startswith("M"), int(rule[1:])
